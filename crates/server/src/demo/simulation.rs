//! Living through the sample shop's days: the engine at work, its customers answering.
//!
//! Time goes in moments of ten minutes, and moments in which nothing happens are passed over. What
//! customers do goes in by the doors that shops use: events with keys, signed links for opens and
//! clicks. Everything that comes of a message is drawn by [`Behaviour`], which also knows what would
//! have happened without it, so that the report can be held against the truth.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use aftercart_deliver::{Letter, Look, Outcome, Transport};
use aftercart_engine::{Clock, Engine, StandingClock, Token};
use aftercart_ingest::{Incoming, IncomingBody, IncomingLine, OWN_IDS, ProductRef, TimeSource};
use aftercart_model::{
    Agent, BounceClass, CouponOffer, CustomerId, EmailAddress, EnrolmentId, EventKey, Identifier,
    Message, MessageId, OrderId, Timestamp, Topic,
};
use anyhow::{Context, Result};
use jiff::SignedDuration;

use super::{
    Behaviour, CausedOrder, GivenReview, MessageFacts, SampleBody, SampleCustomer, SampleEvent,
    SampleLine, Truth,
};

/// One moment of the simulation.
const MOMENT: SignedDuration = SignedDuration::from_mins(10);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The source of the sample shop's events.
pub const SOURCE: &str = "sample-shop";

/// The simulated days, being lived through.
pub struct Simulation<'a> {
    engine: Arc<Engine>,
    clock: Arc<StandingClock>,
    behaviour: &'a Behaviour,
    customers: &'a [SampleCustomer],
    /// By our number: the place in `customers`.
    places: BTreeMap<CustomerId, usize>,
    /// What will happen, by time and then in the order it was decided.
    coming: BTreeMap<(Timestamp, u64), Happening>,
    decided: u64,
    held: BTreeMap<usize, HeldCoupon>,
    caused: Vec<(usize, EnrolmentId, CausedOrder)>,
    given_away: Vec<(EnrolmentId, Timestamp, i64)>,
    sent: Arc<Mutex<Vec<MessageId>>>,
}

/// What the customers will do.
enum Happening {
    Event(SampleEvent),
    Open { message: MessageId, agent: Agent },
    Click { message: MessageId, code: Option<&'static str>, agent: Agent },
    View { customer: usize, code: &'static str },
    Unsubscribe { message: MessageId },
    Complain { message: MessageId },
    Order { customer: usize, enrolment: EnrolmentId, order: CausedOrder, coupon: Option<String> },
    Review { customer: usize, message: MessageId, review: GivenReview },
}

/// A code that a customer was mailed and has not used.
struct HeldCoupon {
    code: String,
    offer: CouponOffer,
    order_minor_min: i64,
    expires_at: Timestamp,
    enrolment: EnrolmentId,
}

/// What the days came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lived {
    pub events: u64,
    pub sent: u64,
    pub bounced: u64,
    pub deferred: u64,
    pub dropped: u64,
}

impl<'a> Simulation<'a> {
    pub fn new(
        engine: &Arc<Engine>,
        clock: &Arc<StandingClock>,
        behaviour: &'a Behaviour,
        customers: &'a [SampleCustomer],
    ) -> Self {
        let mut simulation = Self {
            engine: Arc::clone(engine),
            clock: Arc::clone(clock),
            behaviour,
            customers,
            places: BTreeMap::new(),
            coming: BTreeMap::new(),
            decided: 0,
            held: BTreeMap::new(),
            caused: Vec::new(),
            given_away: Vec::new(),
            sent: Arc::default(),
        };
        for event in behaviour.baseline() {
            simulation.decide(event.at, Happening::Event(event.clone()));
        }
        simulation
    }

    /// Lives until `end`, telling `on_day` of each day that is over.
    pub fn live(
        &mut self,
        start: Timestamp,
        end: Timestamp,
        on_day: &mut dyn FnMut(u64),
    ) -> Result<Lived> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let clock: Arc<dyn Clock> = Arc::<StandingClock>::clone(&self.clock);
        let inbox = self.engine.catching_inbox(&clock);
        let bouncing = self.customers.iter().filter(|it| it.is_bouncing);
        let bouncing = bouncing.map(|it| it.email.clone()).collect();
        let mut transport = Mailboxes { inbox, bouncing, sent: Arc::clone(&self.sent) };
        let mut lived = Lived::default();
        let mut now = start;
        let engine = Arc::clone(&self.engine);
        while now < end {
            // One commit a day: the simulated world learns nothing before it is durable, and a run
            // that is killed begins again.
            let evening = (now + DAY).min(end);
            engine.store().in_one_commit(|| {
                while now < evening {
                    now = self.next_moment(now)?.min(evening);
                    lived.events += self.happen_until(now)?;
                    self.clock.set(now);
                    let done = runtime.block_on(engine.work(&mut transport, &*self.clock))?;
                    lived.sent += done.delivery.sent;
                    lived.bounced += done.delivery.bounced;
                    lived.deferred += done.delivery.deferred;
                    lived.dropped += done.delivery.dropped;
                    self.answer_new(now, end)?;
                }
                Ok(())
            })?;
            on_day(u64::try_from(now.duration_since(start).as_hours() / 24).unwrap_or(0));
        }
        Ok(lived)
    }

    /// The end of the moment in which something happens next: an event, or work that comes due.
    fn next_moment(&self, now: Timestamp) -> Result<Timestamp> {
        let event = self.coming.keys().next().map(|(at, _)| *at);
        let work = self.engine.store().read(|tx| tx.next_wake())?;
        let next = [event, work].into_iter().flatten().min().unwrap_or(Timestamp::MAX);
        // The segments are followed once a day whether or not anything else happens.
        let next = next.min(now + SignedDuration::from_hours(24)).max(now);
        let moment = MOMENT.as_secs();
        let ceiling = (next.as_second() / moment + 1) * moment;
        Timestamp::from_second(ceiling).context("the simulation runs out of the calendar")
    }

    /// Lets everything happen that comes before `now`, in its order.
    fn happen_until(&mut self, now: Timestamp) -> Result<u64> {
        let later = self.coming.split_off(&(now, 0));
        let happening = std::mem::replace(&mut self.coming, later);
        let count = happening.len() as u64;
        let mut events = Vec::new();
        for ((at, _), happening) in happening {
            if let Some(event) = self.event_of(at, &happening)? {
                events.push((event, at));
                if let Happening::Event(SampleEvent {
                    customer: Some(place),
                    body: SampleBody::Joined,
                    ..
                }) = happening
                {
                    let said = consents(&self.customers[place]);
                    events.extend(said.into_iter().map(|it| (it, at)));
                }
                continue;
            }
            // What came by events before it must be known first.
            self.flush(&mut events)?;
            self.act(at, happening)?;
        }
        self.flush(&mut events)?;
        Ok(count)
    }

    fn flush(&self, events: &mut Vec<(Incoming, Timestamp)>) -> Result<()> {
        if !events.is_empty() {
            self.engine.record_events_at(events)?;
            events.clear();
        }
        Ok(())
    }

    /// What happened as an event from the shop, if it is one.
    fn event_of(&mut self, at: Timestamp, happening: &Happening) -> Result<Option<Incoming>> {
        Ok(match happening {
            Happening::Event(event) => {
                let mut incoming = incoming(self.customers, event)?;
                self.pay_with_coupon(event, &mut incoming);
                Some(incoming)
            }
            Happening::View { customer, code } => {
                let body = SampleBody::Viewed { code };
                let event = SampleEvent { customer: Some(*customer), at, body };
                Some(incoming(self.customers, &event)?)
            }
            Happening::Order { customer, enrolment, order, coupon } => {
                let event = SampleEvent {
                    customer: Some(*customer),
                    at,
                    body: SampleBody::Ordered {
                        order: order.order.clone(),
                        lines: order.lines.clone(),
                        total_minor: order.total_minor,
                    },
                };
                let mut incoming = incoming(self.customers, &event)?;
                if let IncomingBody::OrderPlaced { coupon: used, .. } = &mut incoming.body {
                    used.clone_from(coupon);
                }
                if coupon.is_some() {
                    self.held.remove(customer);
                }
                self.caused.push((*customer, *enrolment, order.clone()));
                Some(incoming)
            }
            _ => None,
        })
    }

    /// An order that would have come anyway is sometimes paid with a code that was mailed.
    fn pay_with_coupon(&mut self, event: &SampleEvent, incoming: &mut Incoming) {
        let Some(customer) = event.customer else { return };
        let IncomingBody::OrderPlaced { total_minor, coupon, .. } = &mut incoming.body else {
            return;
        };
        let Some(held) = self.held.get(&customer) else { return };
        let can_be_used = event.at < held.expires_at && held.order_minor_min <= *total_minor;
        if can_be_used && self.behaviour.uses_coupon(customer, event.at) {
            let paid = held.offer.price_after(*total_minor);
            self.given_away.push((held.enrolment, event.at, *total_minor - paid));
            *total_minor = paid;
            *coupon = Some(held.code.clone());
            self.held.remove(&customer);
        }
    }

    /// What a customer does with a message, by its signed links.
    fn act(&mut self, at: Timestamp, happening: Happening) -> Result<()> {
        let engine = Arc::clone(&self.engine);
        match happening {
            Happening::Open { message, agent } => {
                let token = engine.keys().sign(&Token::Open { message });
                engine.record_open(&token, agent, at)?;
            }
            Happening::Click { message, code, agent } => {
                let known = engine.known()?;
                let product = code.and_then(|code| known.by_code(code));
                let url = product.map_or(engine.shop().url.clone(), |it| it.url.clone());
                let token = Token::Click { message, product: product.map(|it| it.id), url };
                engine.record_click(&engine.keys().sign(&token), agent, at)?;
            }
            Happening::Unsubscribe { message } => {
                let Some((message, customer)) = self.message(message)? else { return Ok(()) };
                let token = Token::Unsubscribe {
                    customer,
                    topic: message.topic,
                    message: Some(message.id),
                };
                engine.unsubscribe(&engine.keys().sign(&token), at)?;
            }
            Happening::Complain { message } => engine.record_complaint(message, at)?,
            Happening::Review { customer, message, review } => {
                let Some((_, id)) = self.message(message)? else { return Ok(()) };
                let known = engine.known()?;
                if let Some(product) = known.by_code(review.code) {
                    debug_assert_eq!(self.places.get(&id), Some(&customer));
                    engine.record_review(id, product.id, review.rating, review.text, at)?;
                }
            }
            Happening::Event(_) | Happening::View { .. } | Happening::Order { .. } => {}
        }
        Ok(())
    }

    /// Lets customers answer the messages that have just reached them.
    fn answer_new(&mut self, now: Timestamp, end: Timestamp) -> Result<()> {
        let sent = std::mem::take(&mut *self.sent.lock().expect("nobody panics holding it"));
        let known = self.engine.known()?;
        for id in sent {
            let Some((message, customer)) = self.message(id)? else { continue };
            let place = self.place(customer)?;
            let coupon = match &message.coupon {
                Some(code) => self.engine.store().read(|tx| tx.coupon(code))?,
                None => None,
            };
            let products: Vec<&str> = match message.topic {
                Topic::Marketing => message
                    .products
                    .iter()
                    .filter_map(|it| known.product(*it))
                    .map(|it| it.code.as_str())
                    .collect(),
                Topic::Feedback => self.bought(&message, &known)?,
            };
            let coupon_percent = coupon.as_ref().and_then(|it| match it.offer {
                CouponOffer::Percent(percent) => Some(percent),
                CouponOffer::AmountMinor(_) => None,
            });
            let facts =
                MessageFacts { step: message.step.as_str(), products: &products, coupon_percent };
            let answer = self.behaviour.answer(place, &facts, now);
            let enrolment = message.enrolment;
            if let Some(coupon) = coupon
                && let Some(expires_at) = coupon.expires_at
            {
                let (code, offer) = (coupon.code, coupon.offer);
                let order_minor_min = coupon.order_minor_min;
                let held = HeldCoupon { code, offer, order_minor_min, expires_at, enrolment };
                self.held.insert(place, held);
            }
            let human = Agent::Human;
            let machine = Agent::Machine;
            let code_ends = self.held.get(&place).map(|it| it.expires_at);
            let mut decide = |at: Timestamp, happening| {
                if at < end {
                    self.decide(at, happening);
                }
            };
            if let Some(at) = answer.machine_open_at {
                decide(at, Happening::Open { message: id, agent: machine });
            }
            if let Some(at) = answer.machine_click_at {
                decide(at, Happening::Click { message: id, code: None, agent: machine });
            }
            if let Some(at) = answer.open_at {
                decide(at, Happening::Open { message: id, agent: human });
            }
            if let Some((at, code)) = answer.click {
                decide(at, Happening::Click { message: id, code: Some(code), agent: human });
            }
            for (at, code) in answer.views {
                decide(at, Happening::View { customer: place, code });
            }
            if let Some(at) = answer.unsubscribe_at {
                decide(at, Happening::Unsubscribe { message: id });
            }
            if let Some(at) = answer.complaint_at {
                decide(at, Happening::Complain { message: id });
            }
            if let Some(mut order) = answer.order {
                if let Some(ends) = code_ends.filter(|_| order.uses_coupon) {
                    // Whoever uses the code does so while it lives.
                    let last = ends - SignedDuration::from_mins(1);
                    order.at = order.at.min(last.max(now));
                }
                let coupon = message.coupon.clone().filter(|_| order.uses_coupon);
                let customer = place;
                decide(order.at, Happening::Order { customer, enrolment, order, coupon });
            }
            if let Some(review) = answer.review {
                let (customer, message) = (place, id);
                decide(review.at, Happening::Review { customer, message, review });
            }
        }
        Ok(())
    }

    /// The codes of the order a message follows up.
    fn bought<'k>(
        &self,
        message: &Message,
        known: &'k aftercart_engine::Known,
    ) -> Result<Vec<&'k str>> {
        let order = self.engine.store().read(|tx| {
            let enrolment = tx.enrolment(message.enrolment)?;
            match enrolment.and_then(|it| it.trigger_order) {
                Some(id) => tx.order(&id),
                None => Ok(None),
            }
        })?;
        let lines = order.map(|it| it.lines).unwrap_or_default();
        Ok(lines
            .iter()
            .filter_map(|it| known.product(it.product))
            .map(|it| it.code.as_str())
            .collect())
    }

    fn message(&self, id: MessageId) -> Result<Option<(Message, CustomerId)>> {
        let message = self.engine.store().read(|tx| tx.message(id))?;
        Ok(message.map(|it| {
            let customer = it.customer;
            (it, customer)
        }))
    }

    fn place(&mut self, customer: CustomerId) -> Result<usize> {
        if let Some(place) = self.places.get(&customer) {
            return Ok(*place);
        }
        let id = self.engine.shop_ids(&[customer])?.remove(0);
        let place = self.customers.iter().position(|it| it.external_id == id);
        let place = place.with_context(|| format!("no sample customer `{id}`"))?;
        self.places.insert(customer, place);
        Ok(place)
    }

    fn decide(&mut self, at: Timestamp, happening: Happening) {
        self.decided += 1;
        self.coming.insert((at, self.decided), happening);
    }

    /// What the emails truly did, counted as the report counts: each customer's first entry, those
    /// whose `horizon` is over at `end`.
    pub fn truth(&mut self, horizon: SignedDuration, end: Timestamp) -> Result<Truth> {
        let mut firsts: BTreeMap<CustomerId, (Timestamp, EnrolmentId, bool)> = BTreeMap::new();
        let flow = aftercart_model::FlowId::new("upsell-cross-sell")?;
        self.engine.store().read(|tx| {
            tx.scan_enrolments(Some(&flow), &mut |it| {
                let entry = (it.entered_at, it.id, it.is_held_out);
                let first = firsts.entry(it.customer).or_insert(entry);
                *first = (*first).min(entry);
                Ok(())
            })
        })?;
        let mut truth = Truth::new(horizon);
        let past = firsts.into_iter().filter(|(_, (at, _, held))| !held && *at + horizon <= end);
        let mut counted = BTreeMap::new();
        for (customer, (entered_at, _, _)) in past {
            truth.mail();
            counted.insert(self.place(customer)?, entered_at);
        }
        for (customer, _, order) in &self.caused {
            if let Some(entered_at) = counted.get(customer) {
                truth.cause(self.behaviour, *customer, *entered_at, order);
            }
        }
        for (enrolment, at, worth_minor) in std::mem::take(&mut self.given_away) {
            let known = self.engine.store().read(|tx| tx.enrolment(enrolment))?;
            let Some(known) = known else { continue };
            let place = self.place(known.customer)?;
            if let Some(entered_at) = counted.get(&place) {
                truth.give_away(*entered_at, at, worth_minor);
            }
        }
        Ok(truth)
    }
}

/// An event of the sample shop as its platform would send it.
pub fn incoming(customers: &[SampleCustomer], event: &SampleEvent) -> Result<Incoming> {
    let customer = event.customer.map(|place| &customers[place]);
    let who = customer.map_or("guest", |it| it.external_id.as_str());
    let line = |line: &SampleLine| IncomingLine {
        product: Arc::new(ProductRef::of_code(line.code)),
        quantity: line.quantity,
        amount_minor: line.amount_minor,
    };
    let lines = |given: &[SampleLine]| given.iter().map(line).collect::<Vec<_>>();
    let (key, body) = match &event.body {
        SampleBody::Joined => {
            let customer = customer.context("a guest does not join")?;
            let body = IncomingBody::Identified {
                name: customer.name.clone(),
                time_zone: customer.time_zone.clone(),
                country: Some(customer.country.clone()),
                locale: Some(customer.locale.clone()),
                attributes: BTreeMap::new(),
            };
            (format!("joined:{who}"), body)
        }
        SampleBody::Viewed { code } => {
            let product = Arc::new(ProductRef::of_code(*code));
            let key = format!("viewed:{who}:{code}:{}", event.at.as_millisecond());
            (key, IncomingBody::ProductViewed { product })
        }
        SampleBody::Ordered { order, lines: given, total_minor } => {
            let body = IncomingBody::OrderPlaced {
                order: order.clone(),
                lines: lines(given),
                total_minor: *total_minor,
                coupon: None,
            };
            (format!("order:{order}"), body)
        }
        SampleBody::Cancelled { order } => {
            let body = IncomingBody::OrderCancelled { order: order.clone() };
            (format!("cancelled:{order}"), body)
        }
        SampleBody::Refunded { order, lines: given, amount_minor } => {
            let body = IncomingBody::OrderRefunded {
                order: Some(OrderId::clone(order)),
                amount_minor: *amount_minor,
                lines: lines(given),
            };
            (format!("refunded:{order}:{}", event.at.as_millisecond()), body)
        }
    };
    let identifiers = customer.map_or_else(Vec::new, |it| {
        vec![
            Identifier::external(OWN_IDS, it.external_id.clone()),
            Identifier::Email(it.email.clone()),
        ]
    });
    let key = EventKey { source: SOURCE.to_owned(), key };
    Ok(Incoming { key, identifiers, at: event.at, time_source: TimeSource::Given, body })
}

/// What a new customer said at the checkout, topic by topic.
pub fn consents(customer: &SampleCustomer) -> Vec<Incoming> {
    let identifiers = vec![Identifier::external(OWN_IDS, customer.external_id.clone())];
    let consent = |consent: &aftercart_model::Consent| Incoming {
        key: EventKey {
            source: SOURCE.to_owned(),
            key: format!("consent:{}:{:?}", customer.external_id, consent.topic),
        },
        identifiers: identifiers.clone(),
        at: consent.at,
        time_source: TimeSource::Given,
        body: IncomingBody::ConsentGiven { consent: consent.clone() },
    };
    customer.consents.iter().map(consent).collect()
}

/// The customers' mailboxes: the built-in inbox, and some that do not exist.
struct Mailboxes<T> {
    inbox: T,
    bouncing: std::collections::BTreeSet<EmailAddress>,
    sent: Arc<Mutex<Vec<MessageId>>>,
}

impl<T: Transport> Transport for Mailboxes<T> {
    async fn hand_over<F, L>(&mut self, letter: &Letter, last_look: F) -> Outcome
    where
        F: FnOnce() -> L + Send,
        L: Future<Output = Look> + Send,
    {
        if self.bouncing.contains(&letter.to) {
            let reply = "550 5.1.1 no such mailbox".to_owned();
            return Outcome::Bounced { class: BounceClass::Hard, reply };
        }
        let outcome = self.inbox.hand_over(letter, last_look).await;
        if let (Outcome::Sent { .. }, Some(message)) = (&outcome, letter.message) {
            self.sent.lock().expect("nobody panics holding it").push(message);
        }
        outcome
    }
}
