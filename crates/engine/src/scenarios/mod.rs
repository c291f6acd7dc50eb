//! The engine at work on a real store: a small shop, a clock that stands, a transport in memory.
//!
//! Every test is a story told to a [`Scene`] in a few lines. When a scene ends, every promise is
//! asked of its store, and that no letter went out twice.

mod any_order;
mod archiving;
mod arrival;
mod chaos;
mod coupons;
mod doubt;
mod due_again;
mod erasing;
mod identity;
mod intake;
mod lists;
mod pausing;
mod platform;
mod promises;
mod segments;
mod sequence;
mod shop_rules;
mod stopping;
mod timing;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use aftercart_deliver::{Letter, Look, Outcome, Transport};
use aftercart_flow::{FEEDBACK, Flow, UPSELL_CROSS_SELL};
use aftercart_ingest::{Incoming, IncomingBody, IncomingLine, ProductRef, TimeSource};
use aftercart_model::{
    Consent, ConsentState, CouponOffer, CustomerId, CustomerName, EmailAddress, Enrolment,
    EventKey, FlowId, Identifier, Message, MessageId, OrderId, PoolId, Position, Product,
    ProductId, Timestamp, Topic,
};
use aftercart_store::Store;
use aftercart_testing::{
    memory::{Crash, Fate, MemoryTransport, Outbox},
    shop::ShopInABox,
};
use jiff::{SignedDuration, tz::TimeZone};
use tempfile::TempDir;

use crate::{Clock, Engine, Recorded, StandingClock, WorkDone, setting};

/// Sunday, 2026-03-01, noon in Lisbon, where the shop is.
pub(crate) use aftercart_testing::clock::NOW;

pub(crate) const UPSELL: &str = "upsell-cross-sell";
const POOL: &str = "next10";
/// What the shop sells: code, category, kind, price.
const PRODUCTS: [(&str, &str, &str, i64); 8] = [
    ("dripper", "Drippers", "dripper", 2_400),
    ("filters", "Filters", "filters", 650),
    ("kettle", "Kettles", "kettle", 8_900),
    ("scale", "Scales", "scale", 4_900),
    ("grinder", "Grinders", "grinder", 12_900),
    ("server", "Servers", "server", 3_100),
    ("beans", "Coffee", "beans", 1_450),
    ("mug", "Cups", "mug", 1_200),
];

/// How a shop differs from the usual one.
pub(crate) struct Shop {
    pub upsell: String,
    pub coupons: u64,
}

impl Default for Shop {
    /// The shipped flow, with nobody held out, and codes enough.
    fn default() -> Self {
        let upsell = UPSELL_CROSS_SELL.replace("holdout_percent: 10", "holdout_percent: 0");
        Self { upsell, coupons: 20 }
    }
}

pub(crate) struct Scene {
    pub engine: Arc<Engine>,
    pub clock: Arc<StandingClock>,
    transport: MemoryTransport,
    outbox: Outbox,
    events: u32,
    /// A test that plants something broken says so.
    pub is_to_hold: bool,
    _folder: TempDir,
}

pub(crate) fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

pub(crate) fn days(days: i64) -> SignedDuration {
    hours(24 * days)
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn order_id(id: &str) -> OrderId {
    OrderId::new(id).unwrap()
}

pub(crate) fn flow_id(id: &str) -> FlowId {
    FlowId::new(id).unwrap()
}

fn address(name: &str) -> EmailAddress {
    EmailAddress::new(&format!("{name}@mail.example")).unwrap()
}

fn catalogue() -> Vec<Product> {
    let product = |(code, category, kind, price): (&str, &str, &str, i64)| Product {
        category: category.to_owned(),
        kind: kind.to_owned(),
        summary: format!("A good {kind}"),
        benefits: vec!["Lasts".to_owned()],
        url: format!("https://box.example/{code}"),
        ..Product::bare(ProductId(0), code, code, price)
    };
    PRODUCTS.into_iter().map(product).collect()
}

impl Scene {
    pub fn new() -> Self {
        Self::of(&Shop::default(), NOW)
    }

    pub fn starting(now: &str) -> Self {
        Self::of(&Shop::default(), at(now))
    }

    /// A shop whose flows went live two days before `now`.
    pub fn of(shop: &Shop, now: Timestamp) -> Self {
        let folder = TempDir::new().unwrap();
        let place = folder.path().join("store");
        Self::at(place.to_str().unwrap(), folder, shop, now)
    }

    /// The same on the store at `url`.
    pub fn at(url: &str, folder: TempDir, shop: &Shop, now: Timestamp) -> Self {
        let store = Store::open_with_bucket_key(url, [7; 16]).unwrap();
        // What is drawn from the secret comes out the same in every run.
        store.write(|tx| tx.set_setting(setting::SECRET, "a shop in a box")).unwrap();
        let engine = Arc::new(Engine::open(store, Some(ShopInABox::new().shop)).unwrap());
        let transport = MemoryTransport::new();
        let mut scene = Self {
            engine,
            clock: Arc::new(StandingClock::at(now)),
            outbox: transport.outbox(),
            transport,
            events: 0,
            is_to_hold: true,
            _folder: folder,
        };
        scene.engine.save_products(&catalogue()).unwrap();
        scene.learn_from_the_past(now);
        scene.launch(shop, now - days(2));
        scene
    }

    /// Twenty customers of last month: those who bought a dripper bought a kettle too.
    fn learn_from_the_past(&mut self, now: Timestamp) {
        let mut past = Vec::new();
        for buyer in 0..20 {
            let first = if buyer % 2 == 0 { ["dripper", "kettle"] } else { ["beans", "mug"] };
            let more = ["filters", "scale", "grinder", "server"];
            let codes = [first[0], first[1], more[buyer % 4], more[(buyer / 2 + 1) % 4]];
            let name = format!("past{buyer}");
            let order = format!("past-{buyer}");
            past.push(self.order_event(&name, &order, &codes, now - days(20)));
        }
        self.engine.record_history(past, now).unwrap();
        self.engine.train_recommendations(now).unwrap();
    }

    fn launch(&self, shop: &Shop, at: Timestamp) {
        let (engine, id) = (&self.engine, flow_id(UPSELL));
        for document in [&*shop.upsell, FEEDBACK] {
            let flow = Flow::parse(document).unwrap();
            engine.store().write(|tx| tx.save_flow(flow.id(), document, at)).unwrap();
        }
        let pool = PoolId::new(POOL).unwrap();
        engine.fill_pool(&pool, CouponOffer::Percent(10), 2_500, 1 + shop.coupons).unwrap();
        engine.launch_campaign(&id, at).unwrap();
        // One was there so that launching makes no thousands of them.
        self.spend_coupons(1);
    }

    /// Takes codes out of the pool, as if other customers had them.
    pub fn spend_coupons(&self, count: u64) {
        let other = self.customer("past0");
        let pool = PoolId::new(POOL).unwrap();
        for _ in 0..count {
            let taken = self.engine.store().write(|tx| tx.reserve_coupon(&pool, other, self.now()));
            taken.unwrap().expect("the pool has one");
        }
    }

    pub fn free_coupons(&self) -> u64 {
        let pool = PoolId::new(POOL).unwrap();
        self.engine.store().read(|tx| tx.free_coupons(&pool)).unwrap()
    }

    // What happens in the shop.

    /// An event as the shop sends it, happening now under a key of its own.
    pub fn event(&mut self, name: &str, body: IncomingBody) -> Incoming {
        self.events += 1;
        Incoming {
            key: EventKey { source: "shop".to_owned(), key: format!("event-{}", self.events) },
            identifiers: vec![Identifier::Email(address(name))],
            at: self.now(),
            time_source: TimeSource::Given,
            body,
        }
    }

    pub fn order_event(
        &mut self,
        name: &str,
        order: &str,
        codes: &[&str],
        at: Timestamp,
    ) -> Incoming {
        let lines = codes.iter().map(|code| IncomingLine {
            product: Arc::new(ProductRef::of_code(*code)),
            quantity: 1,
            amount_minor: PRODUCTS.iter().find(|it| it.0 == *code).unwrap().3,
        });
        let lines: Vec<IncomingLine> = lines.collect();
        let total_minor = lines.iter().map(|it| it.amount_minor).sum();
        let order = order_id(order);
        let body = IncomingBody::OrderPlaced { order, lines, total_minor, coupon: None };
        Incoming { at, ..self.event(name, body) }
    }

    pub fn consent_event(&mut self, name: &str, topic: Topic, state: ConsentState) -> Incoming {
        let at = self.now();
        let consent = Consent::new(topic, state, at, "checkout");
        self.event(name, IncomingBody::ConsentGiven { consent })
    }

    pub fn identify_event(&mut self, name: &str, zone: Option<&str>) -> Incoming {
        let body = IncomingBody::Identified {
            name: CustomerName { given: name.to_owned(), family: String::new() },
            time_zone: zone.map(str::to_owned),
            country: None,
            locale: None,
            attributes: BTreeMap::new(),
        };
        self.event(name, body)
    }

    /// Sends one event in.
    pub fn record(&self, event: &Incoming) -> Recorded {
        let recorded = self.engine.record_events(std::slice::from_ref(event), self.now()).unwrap();
        // As the server does within a second.
        self.engine.follow_log(self.now()).unwrap();
        recorded[0]
    }

    /// Somebody who agreed to offers and to requests for a review.
    pub fn join(&mut self, name: &str) -> CustomerId {
        self.join_in(name, None)
    }

    pub fn join_in(&mut self, name: &str, zone: Option<&str>) -> CustomerId {
        let id = self.join_silently(name, zone);
        for topic in [Topic::Marketing, Topic::Feedback] {
            let consent = self.consent_event(name, topic, ConsentState::Agreed);
            self.record(&consent);
        }
        id
    }

    /// Somebody who agreed to nothing.
    pub fn join_silently(&mut self, name: &str, zone: Option<&str>) -> CustomerId {
        let identify = self.identify_event(name, zone);
        self.record(&identify);
        self.customer(name)
    }

    /// An order of one of each of `codes`, placed and told now.
    pub fn order(&mut self, name: &str, order: &str, codes: &[&str]) -> Recorded {
        let now = self.now();
        let event = self.order_event(name, order, codes, now);
        self.record(&event)
    }

    pub fn view(&mut self, name: &str, code: &str) {
        let product = Arc::new(ProductRef::of_code(code));
        let event = self.event(name, IncomingBody::ProductViewed { product });
        self.record(&event);
    }

    pub fn cancel(&mut self, name: &str, order: &str) {
        let body = IncomingBody::OrderCancelled { order: order_id(order) };
        let event = self.event(name, body);
        self.record(&event);
    }

    pub fn sell_out(&self, code: &str) {
        let mut product = self.product(code);
        product.stock = Some(0);
        self.engine.save_products(&[product]).unwrap();
    }

    // Time and work.

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock, and lets nothing happen.
    pub fn skip(&self, by: SignedDuration) {
        self.clock.set(self.now() + by);
    }

    /// Does what is due now.
    pub fn work(&mut self) -> WorkDone {
        let (engine, clock) = (Arc::clone(&self.engine), Arc::clone(&self.clock));
        block_on(engine.work(&mut self.transport, &*clock)).unwrap()
    }

    /// Lives through `span`: everything is done at the moment it is due.
    pub fn live(&mut self, span: SignedDuration) {
        let end = self.now() + span;
        self.work();
        loop {
            let next = self.engine.store().read(|tx| tx.next_wake()).unwrap();
            // A chore of the day comes due even where no customer does.
            let next = next.map_or(end, |it| it.max(self.now() + SignedDuration::from_secs(1)));
            let next = next.min(self.now() + hours(24)).min(end);
            self.clock.set(next);
            self.work();
            if next == end {
                return;
            }
        }
    }

    /// What becomes of the letters from now on; of those after them: they are taken.
    pub fn meet(&mut self, fates: impl IntoIterator<Item = Fate>) {
        self.transport.meet(fates);
    }

    /// Tries the messages that are due, with `meddling` happening when everything of the first
    /// letter but the dot is written.
    pub fn deliver_while(&mut self, meddling: impl FnOnce() + Send) -> crate::DeliverySummary {
        self.deliver_meddled(Some(meddling), None)
    }

    /// The same, with `meddling` happening between the last look and the answer.
    pub fn deliver_and_then(&mut self, meddling: impl FnOnce() + Send) -> crate::DeliverySummary {
        self.deliver_meddled(None, Some(meddling))
    }

    fn deliver_meddled<F: FnOnce() + Send>(
        &mut self,
        before: Option<F>,
        after: Option<F>,
    ) -> crate::DeliverySummary {
        let mut transport = Meddled { inner: &mut self.transport, before, after };
        block_on(self.engine.deliver_due(&mut transport, &*self.clock, 100)).unwrap()
    }

    /// Works on until the process dies, as one of the fates says.
    pub fn work_until_it_dies(&mut self) {
        let died = catch_unwind(AssertUnwindSafe(|| self.work())).expect_err("a crash");
        assert!(died.is::<Crash>(), "no other panic");
    }

    /// Starts anew on the store as it was left.
    pub fn restart(&mut self) -> u64 {
        self.engine = Arc::new(Engine::open(self.engine.store().clone(), None).unwrap());
        self.transport = MemoryTransport::into_outbox(&self.outbox);
        self.engine.recover(self.now()).unwrap()
    }

    /// Makes a flow live beside the shipped one.
    pub fn launch_also(&self, document: &str) {
        let flow = Flow::parse(document).unwrap();
        let (store, now) = (self.engine.store(), self.now());
        store.write(|tx| tx.save_flow(flow.id(), document, now)).unwrap();
        self.engine.launch_flow(flow.id(), now).unwrap();
    }

    // What became of it.

    pub fn customer(&self, name: &str) -> CustomerId {
        self.engine.find_customer(address(name).as_str()).unwrap()
    }

    pub fn product(&self, code: &str) -> Product {
        self.engine.known().unwrap().by_code(code).unwrap().clone()
    }

    pub fn zone(&self, name: &str) -> TimeZone {
        let id = self.customer(name);
        let customer = self.engine.store().read(|tx| tx.customer(id)).unwrap().unwrap();
        self.engine.zone_of(&customer)
    }

    pub fn enrolments(&self, name: &str) -> Vec<Enrolment> {
        let id = self.customer(name);
        self.engine.store().read(|tx| tx.enrolments_of(id)).unwrap()
    }

    pub fn messages(&self, name: &str) -> Vec<Message> {
        let id = self.customer(name);
        self.engine.store().read(|tx| tx.messages_of(id)).unwrap()
    }

    pub fn message(&self, name: &str, step: &str) -> Message {
        let mut messages = self.messages(name).into_iter();
        messages.find(|it| it.step.as_str() == step).expect("a message of that step")
    }

    /// A customer's enrolments in words, one a line.
    pub fn path(&self, name: &str) -> String {
        let zone = self.zone(name);
        let told = |it: &Enrolment| {
            let place = match &it.position {
                Position::Ready { step } => format!("ready for {step}"),
                Position::Waiting { step, until } => {
                    format!("{step} until {}", told(*until, &zone))
                }
                Position::Exited { reason, .. } => format!("left, {reason:?}"),
            };
            format!("{} {}: {place}", it.flow, it.trigger_key)
        };
        self.enrolments(name).iter().map(told).collect::<Vec<_>>().join("\n")
    }

    /// A customer's messages in words, one a line.
    pub fn mail(&self, name: &str) -> String {
        let zone = self.zone(name);
        let line = |it: &Message| {
            let mut line = format!("{} {:?}", it.step, it.state);
            if let Some(sent_at) = it.sent_at {
                line.push_str(&format!(" {}", told(sent_at, &zone)));
            }
            if let Some(reason) = &it.reason {
                line.push_str(&format!(", {reason}"));
            }
            line
        };
        self.messages(name).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Letters that may be in somebody's mailbox.
    pub fn letters(&self) -> Vec<Letter> {
        self.outbox.letters()
    }

    fn holds(&self) {
        assert_eq!(self.engine.check_promises().unwrap(), vec![]);
        let mut dots: BTreeMap<MessageId, u32> = BTreeMap::new();
        for letter in self.letters() {
            *dots.entry(letter.message.expect("our own letters")).or_default() += 1;
        }
        let twice: Vec<_> = dots.into_iter().filter(|(_, count)| *count > 1).collect();
        assert_eq!(twice, vec![], "letters that may have arrived twice");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if self.is_to_hold && !std::thread::panicking() {
            self.holds();
        }
    }
}

/// `Tue 3 Mar 12:00`, where the customer is.
pub(crate) fn told(at: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(at).strftime("%a %-d %b %H:%M").to_string()
}

/// Lets something happen before the last look at the first letter, or after it.
struct Meddled<'a, F> {
    inner: &'a mut MemoryTransport,
    before: Option<F>,
    after: Option<F>,
}

impl<F: FnOnce() + Send> Transport for Meddled<'_, F> {
    async fn hand_over<A, L>(&mut self, letter: &Letter, last_look: A) -> Outcome
    where
        A: FnOnce() -> L + Send,
        L: Future<Output = Look> + Send,
    {
        let (before, after) = (self.before.take(), self.after.take());
        let look = || async {
            if let Some(meddling) = before {
                meddling();
            }
            let look = last_look().await;
            if let Some(meddling) = after {
                meddling();
            }
            look
        };
        self.inner.hand_over(letter, look).await
    }
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}
