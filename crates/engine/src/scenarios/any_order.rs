//! Final state is a function of what was told, not of the order in which it was: every order of
//! arrival of seven things, for fifty histories, on the pure fold of the deciding functions, and a
//! share of them on each store, which must end where the fold does.
//!
//! All of a history is told at one moment. The first hand-picked histories are those in which
//! something can go wrong; the others are drawn from the same things by a seed.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
};

use aftercart_flow::{Fold, Told, customer_words, enrolment_words, order_words};
use aftercart_model::{EventBody, OrderLine, Suppression, SuppressionReason};

use aftercart_testing::postgres;

use super::*;

/// 50 histories of 7 things: 5,040 orders of arrival each.
const HISTORIES: usize = 50;
const THINGS: usize = 7;
/// On a store, 100 orders of arrival of each history are tried.
const ORDERS_ON_A_STORE: usize = 100;
/// How many customers are told of in one commit.
const TOGETHER: usize = 500;

/// Stands for the customer's name.
const NAME: &str = "zz";

/// What happened, with how many minutes ago.
type Thing = (i64, What);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Somebody, in a time zone or none, with a fact.
    Identify(Who, Option<&'static str>, &'static str),
    /// An order of so many minor units, told by a source.
    Order(&'static str, Who, i64),
    /// The same order told by another source, with another total.
    OrderAlso(&'static str, Who, i64),
    Revise(&'static str, i64),
    Cancel(&'static str),
    Refund(&'static str, i64),
    Say(Who, Topic, ConsentState),
    /// A checkout names these together.
    Checkout(Who),
    /// The source says that the two are one.
    Alias(Who, Who),
    /// Mail to the address is barred.
    Bar(Who, SuppressionReason),
    View(Who),
}

/// Whom a thing names, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Nobody,
    Ana,
    /// The address of a guest, which may turn out to be Ana's.
    Guest,
    /// By the shop's own id and her address.
    Account,
    /// By the id alone.
    Id,
    /// By the platform's id and her address.
    Platform,
    GuestCart,
    AnaCart,
    CartAlone,
    AnaBrowser,
    Browser,
}

use ConsentState::{Agreed, Withdrawn};
use Topic::{Feedback, Marketing};
use What::{Alias, Bar, Cancel, Checkout, Identify, Order, OrderAlso, Refund, Revise, Say, View};
use Who::{
    Account, Ana, AnaBrowser, AnaCart, Browser, CartAlone, Guest, GuestCart, Id, Nobody, Platform,
};

const DAY: i64 = 24 * 60;

/// Histories in which something can go wrong, with the enrolments they lead to.
const PICKED: [([Thing; THINGS], &str); 16] = [
    // Two orders and what became of them, in every way.
    (
        [
            (300, Identify(Account, Some("Asia/Tokyo"), "gold")),
            (240, Say(Ana, Marketing, Agreed)),
            (180, Order("1", Ana, 2_400)),
            (120, Order("2", Account, 8_900)),
            (60, Cancel("1")),
            (50, Refund("1", 2_400)),
            (40, Refund("2", 100)),
        ],
        "feedback 2 waits; upsell 1 Purchase",
    ),
    // The second is cancelled, and the first turns out to have another total.
    (
        [
            (180, Order("1", Ana, 2_400)),
            (170, Revise("1", 2_000)),
            (160, Revise("1", 3_000)),
            (120, Order("2", Ana, 8_900)),
            (110, Cancel("2")),
            (100, Cancel("2")),
            (90, Refund("2", 8_900)),
        ],
        "feedback 2 waits; upsell 1 Purchase; upsell 2 waits",
    ),
    // A guest's order by the checkout that Ana began.
    (
        [
            (300, View(Browser)),
            (240, Identify(AnaBrowser, None, "silver")),
            (180, Order("1", GuestCart, 2_400)),
            (120, Order("2", Ana, 8_900)),
            (60, Checkout(AnaCart)),
            (50, Say(Guest, Marketing, Agreed)),
            (40, Say(Ana, Marketing, Agreed)),
        ],
        "feedback 2 waits; upsell 1 Purchase",
    ),
    // No under one address, yes under the other, before and after the two are tied.
    (
        [
            (300, Say(Ana, Marketing, Withdrawn)),
            (240, Say(Guest, Marketing, Agreed)),
            (180, Order("1", Guest, 2_400)),
            (120, Alias(Ana, Guest)),
            (60, Order("2", Ana, 8_900)),
            (50, Say(Guest, Marketing, Agreed)),
            (40, Say(Guest, Feedback, Withdrawn)),
        ],
        "feedback 2 Unsubscribed; upsell 1 Purchase",
    ),
    // They order, refuse, and agree again.
    (
        [
            (300, Say(Ana, Marketing, Agreed)),
            (240, Order("1", Ana, 2_400)),
            (180, Say(Ana, Marketing, Withdrawn)),
            (120, Say(Ana, Marketing, Agreed)),
            (60, Order("2", Ana, 8_900)),
            (50, Identify(Ana, None, "gold")),
            (40, Refund("1", 100)),
        ],
        "upsell 1 Unsubscribed; upsell 2 waits",
    ),
    // They refused long ago, order, and agree.
    (
        [
            (10 * DAY, Say(Ana, Marketing, Withdrawn)),
            (240, Order("1", Ana, 2_400)),
            (180, Say(Ana, Marketing, Agreed)),
            (120, Order("2", Ana, 8_900)),
            (60, Order("3", Ana, 1_200)),
            (50, Identify(Id, None, "gold")),
            (40, Identify(Account, Some("Asia/Seoul"), "silver")),
        ],
        "feedback 2 waits; upsell 1 Purchase",
    ),
    // One order told by two sources, with other details, and by whom in two ways.
    (
        [
            (180, Order("1", AnaCart, 2_400)),
            (181, OrderAlso("1", Account, 2_450)),
            (120, Order("2", Ana, 8_900)),
            (125, OrderAlso("2", Platform, 8_900)),
            (60, Cancel("1")),
            (50, Say(Ana, Marketing, Agreed)),
            (40, Identify(Platform, None, "gold")),
        ],
        "feedback 2 waits; upsell 1 Purchase",
    ),
    // The other source's clock has the two orders the other way round.
    (
        [
            (180, Order("1", Ana, 2_400)),
            (120, Order("2", Ana, 8_900)),
            (200, OrderAlso("2", Ana, 8_900)),
            (60, Say(Ana, Feedback, Agreed)),
            (50, Order("3", Ana, 1_200)),
            (40, Revise("3", 1_300)),
            (30, Cancel("3")),
        ],
        "feedback 1 waits; feedback 3 waits; upsell 1 Purchase; upsell 2 Purchase; upsell 3 waits",
    ),
    // Everything at one instant.
    (
        [
            (60, Order("1", Ana, 2_400)),
            (60, Order("2", Ana, 8_900)),
            (60, Order("3", Guest, 1_200)),
            (60, Checkout(AnaCart)),
            (60, Checkout(GuestCart)),
            (60, Identify(Ana, Some("Asia/Tokyo"), "gold")),
            (60, Identify(Account, Some("Asia/Seoul"), "silver")),
        ],
        "feedback 2 waits; upsell 1 Purchase",
    ),
    // Yes and no at one instant, at which they order, too.
    (
        [
            (120, Order("1", Ana, 2_400)),
            (60, Say(Ana, Marketing, Agreed)),
            (60, Say(Ana, Marketing, Withdrawn)),
            (60, Order("2", Ana, 8_900)),
            (60, Say(Guest, Feedback, Agreed)),
            (60, Alias(Ana, Guest)),
            (50, Refund("2", 100)),
        ],
        "feedback 2 waits; upsell 1 Purchase",
    ),
    // Orders from before the launch, one too old to enrol.
    (
        [
            (6 * DAY, Order("1", Ana, 2_400)),
            (4 * DAY, Order("2", Ana, 8_900)),
            (3 * DAY, Order("3", Guest, 1_200)),
            (120, Checkout(AnaCart)),
            (60, Checkout(GuestCart)),
            (50, Cancel("3")),
            (40, Say(Id, Marketing, Agreed)),
        ],
        "feedback 3 waits; upsell 2 Purchase; upsell 3 waits",
    ),
    // A complaint at an address that turns out to be hers.
    (
        [
            (300, Order("1", Ana, 2_400)),
            (240, Bar(Guest, SuppressionReason::Complaint)),
            (180, Order("2", Ana, 8_900)),
            (120, Checkout(GuestCart)),
            (100, Checkout(AnaCart)),
            (50, Say(Ana, Marketing, Agreed)),
            (40, Order("3", Guest, 1_200)),
        ],
        "upsell 1 Suppressed",
    ),
    // A bounce of the address that mail goes to, until another is tied.
    (
        [
            (300, Identify(Account, None, "gold")),
            (240, Bar(Ana, SuppressionReason::Bounce)),
            (180, Order("1", Id, 2_400)),
            (120, Alias(Id, Guest)),
            (100, Order("2", Guest, 8_900)),
            (50, Say(Guest, Marketing, Agreed)),
            (40, Cancel("1")),
        ],
        "feedback 2 waits; upsell 1 Purchase",
    ),
    // A guest's order that is named later, and one of a guest who never is.
    (
        [
            (300, Order("1", Nobody, 2_400)),
            (300, OrderAlso("1", Ana, 2_400)),
            (240, Order("2", Nobody, 100)),
            (180, Order("3", Ana, 8_900)),
            (120, Cancel("1")),
            (100, Refund("2", 50)),
            (50, Say(Ana, Marketing, Agreed)),
        ],
        "feedback 3 waits; upsell 1 Purchase; upsell 3 waits",
    ),
    // They unsubscribe between two orders that two people seem to have placed.
    (
        [
            (300, Order("1", AnaCart, 2_400)),
            (240, Say(Guest, Marketing, Withdrawn)),
            (180, Order("2", Guest, 8_900)),
            (120, Checkout(GuestCart)),
            (100, Order("3", Account, 1_200)),
            (50, View(CartAlone)),
            (40, Say(Ana, Marketing, Agreed)),
        ],
        "upsell 1 Unsubscribed",
    ),
    // Three customers, tied at last.
    (
        [
            (300, Order("1", Platform, 2_400)),
            (240, Order("2", Guest, 8_900)),
            (180, Order("3", Id, 1_200)),
            (120, Alias(Id, Guest)),
            (100, Checkout(GuestCart)),
            (90, Checkout(AnaCart)),
            (40, Identify(Account, None, "gold")),
        ],
        "feedback 2 waits; upsell 1 Purchase",
    ),
];

/// A sequence of numbers that are the same in every run.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, end: usize) -> usize {
        // Knuth's multiplier; the high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        ((self.0 >> 33) as usize) % end
    }

    fn of<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())]
    }

    fn shuffle<T>(&mut self, things: &mut [T]) {
        for end in (1..things.len()).rev() {
            things.swap(end, self.below(end + 1));
        }
    }
}

/// A history drawn from everything that can be told of one person.
fn drawn(seed: u64) -> [Thing; THINGS] {
    let mut draw = Drawn(seed);
    let mut told: Vec<(&'static str, Who)> = Vec::new();
    std::array::from_fn(|_| {
        let people = [Ana, Guest, Account, Id, Platform, GuestCart, AnaCart];
        let order = draw.of(&["1", "2", "3"]);
        let what = match draw.below(12) {
            0 => Identify(
                draw.of(&[Ana, Account, AnaBrowser, Platform]),
                draw.of(&[None, Some("Asia/Tokyo"), Some("Asia/Seoul")]),
                draw.of(&["gold", "silver"]),
            ),
            1..=4 => {
                let before = told.iter().find(|it| it.0 == order).map(|it| it.1);
                let who = before.unwrap_or_else(|| draw.of(&people));
                told.push((order, who));
                let total_minor = draw.of(&[2_400, 2_500]);
                if before.is_some() {
                    OrderAlso(order, who, total_minor)
                } else {
                    Order(order, who, total_minor)
                }
            }
            5 => draw.of(&[Cancel(order), Refund(order, 100), Revise(order, 3_000)]),
            6 | 7 => Say(
                draw.of(&[Ana, Guest, Id]),
                draw.of(&[Marketing, Marketing, Feedback]),
                draw.of(&[Agreed, Withdrawn]),
            ),
            8 | 9 => Checkout(draw.of(&[AnaCart, GuestCart])),
            10 => draw.of(&[Alias(Ana, Guest), Alias(Id, Ana), Alias(Id, Guest)]),
            _ => draw.of(&[
                Bar(Guest, SuppressionReason::Complaint),
                Bar(Ana, SuppressionReason::Bounce),
                View(Browser),
                View(CartAlone),
            ]),
        };
        // Often at one instant with another.
        (30 * (1 + draw.below(6) as i64), what)
    })
}

fn histories() -> Vec<[Thing; THINGS]> {
    let picked = PICKED.iter().map(|it| it.0);
    let drawn = (PICKED.len()..HISTORIES).map(|it| drawn(it as u64));
    picked.chain(drawn).collect()
}

fn named(who: Who, name: &str) -> Vec<Identifier> {
    let ana = || Identifier::Email(address(name));
    let guest = || Identifier::Email(address(&format!("{name}guest")));
    let cart = || Identifier::Cart(format!("{name}cart"));
    let browser = || Identifier::Visitor(format!("{name}browser"));
    let id = || Identifier::external("shop", format!("{name}7"));
    match who {
        Nobody => vec![],
        Ana => vec![ana()],
        Guest => vec![guest()],
        Account => vec![id(), ana()],
        Id => vec![id()],
        Platform => vec![Identifier::external("shopify", format!("{name}9")), ana()],
        GuestCart => vec![guest(), cart()],
        AnaCart => vec![ana(), cart()],
        CartAlone => vec![cart()],
        AnaBrowser => vec![ana(), browser()],
        Browser => vec![browser()],
    }
}

/// A thing as it is told of the customer `name`; `place` tells it from the others of its history.
fn incoming(thing: &Thing, name: &str, place: usize) -> Option<Incoming> {
    let (minutes_ago, what) = thing;
    let at = NOW - SignedDuration::from_mins(*minutes_ago);
    let order = |id: &str| order_id(&format!("{name}{id}"));
    let lines = |amount_minor| {
        let product = Arc::new(ProductRef::of_code("mug"));
        vec![IncomingLine { product, quantity: 1, amount_minor }]
    };
    let (who, body) = match *what {
        Identify(who, zone, tier) => {
            let tier = [("tier".to_owned(), tier.into())];
            let body = IncomingBody::Identified {
                name: CustomerName { given: format!("{name}{zone:?}"), family: String::new() },
                time_zone: zone.map(str::to_owned),
                country: None,
                locale: None,
                attributes: tier.into_iter().collect(),
            };
            (who, body)
        }
        Order(id, who, total_minor) | OrderAlso(id, who, total_minor) => {
            let (order, lines) = (order(id), lines(total_minor));
            (who, IncomingBody::OrderPlaced { order, lines, total_minor, coupon: None })
        }
        Revise(id, total_minor) => {
            let (order, lines, placed_at) = (order(id), lines(total_minor), None);
            let coupon = None;
            let body = IncomingBody::OrderRevised { order, placed_at, lines, total_minor, coupon };
            (Nobody, body)
        }
        Cancel(id) => (Nobody, IncomingBody::OrderCancelled { order: order(id) }),
        Refund(id, amount_minor) => {
            let (order, lines) = (Some(order(id)), Vec::new());
            (Nobody, IncomingBody::OrderRefunded { order, amount_minor, lines })
        }
        Say(who, topic, state) => {
            let consent = Consent::new(topic, state, at, "checkout");
            (who, IncomingBody::ConsentGiven { consent })
        }
        Checkout(who) => (who, IncomingBody::CheckoutStarted { lines: Vec::new(), total_minor: 0 }),
        Alias(who, other) => (who, IncomingBody::SamePerson { others: named(other, name) }),
        View(who) => {
            let product = Arc::new(ProductRef::of_code("kettle"));
            (who, IncomingBody::ProductViewed { product })
        }
        Bar(..) => return None,
    };
    Some(Incoming {
        key: EventKey { source: "shop".to_owned(), key: format!("{name}{place}") },
        identifiers: named(who, name),
        at,
        time_source: TimeSource::Given,
        body,
    })
}

fn bar(thing: &Thing, name: &str) -> Option<Suppression> {
    let (minutes_ago, Bar(who, reason)) = *thing else { return None };
    let at = NOW - SignedDuration::from_mins(minutes_ago);
    let Some(Identifier::Email(address)) = named(who, name).pop() else { return None };
    Some(Suppression { address, reason, at })
}

/// The same as the fold hears it. Products are of no consequence to it.
fn told(thing: &Thing, name: &str) -> Told {
    if let Some(bar) = bar(thing, name) {
        return Told::Barred(bar);
    }
    let event = incoming(thing, name, 0).expect("anything but a bar is an event");
    let line = |it: &IncomingLine| OrderLine {
        product: ProductId(0),
        quantity: it.quantity,
        amount_minor: it.amount_minor,
    };
    let lines = |lines: &[IncomingLine]| lines.iter().map(line).collect();
    let mut same_person = Vec::new();
    let body = match event.body {
        IncomingBody::Identified { name, time_zone, country, locale, attributes } => {
            EventBody::Identified { name, time_zone, country, locale, attributes }
        }
        IncomingBody::OrderPlaced { order, lines: of, total_minor, coupon } => {
            EventBody::OrderPlaced { order, lines: lines(&of), total_minor, coupon }
        }
        IncomingBody::OrderRevised { order, placed_at, lines: of, total_minor, coupon } => {
            let lines = lines(&of);
            EventBody::OrderRevised { order, placed_at, lines, total_minor, coupon }
        }
        IncomingBody::OrderCancelled { order } => EventBody::OrderCancelled { order },
        IncomingBody::OrderRefunded { order, amount_minor, .. } => {
            EventBody::OrderRefunded { order, amount_minor, lines: Vec::new() }
        }
        IncomingBody::ConsentGiven { consent } => EventBody::ConsentGiven { consent },
        IncomingBody::SamePerson { others } => {
            same_person = others;
            EventBody::CheckoutStarted { lines: Vec::new(), total_minor: 0 }
        }
        _ => EventBody::CheckoutStarted { lines: Vec::new(), total_minor: 0 },
    };
    Told::Event { named: event.identifiers, same_person, at: event.at, body }
}

/// The shipped flows with nobody held out, and how often somebody may come in again.
fn flows(serial: usize) -> [Flow; 2] {
    let re_entry = ["after 30 days", "always", "never"][serial % 3];
    [upsell(re_entry), FEEDBACK.to_owned()].map(|it| Flow::parse(&it).unwrap())
}

fn upsell(re_entry: &str) -> String {
    let upsell = Shop::default().upsell;
    upsell.replace("re_entry: after 30 days", &format!("re_entry: {re_entry}"))
}

/// Where `history` ends, told in the order in which it happened.
fn expected(flows: &[Flow; 2], history: &[Thing; THINGS]) -> String {
    let mut in_order: Vec<&Thing> = history.iter().collect();
    in_order.sort_by_key(|it| std::cmp::Reverse(it.0));
    let mut fold = Fold::new(flows.iter().collect(), NOW);
    in_order.into_iter().for_each(|it| fold.hear(&told(it, NAME)));
    fold.in_words()
}

/// The enrolments alone, in one line.
fn paths(end: &str) -> String {
    let path = |line: &str| {
        let (flow, place) = line.split_once(": ")?;
        let flow = flow.replace("upsell-cross-sell", "upsell").replace(NAME, "");
        let is_path = ["upsell ", "feedback "].iter().any(|it| flow.starts_with(it));
        let place = place.strip_prefix("left, ").unwrap_or("waits");
        is_path.then(|| format!("{flow} {place}"))
    };
    let mut paths: Vec<String> = end.lines().filter_map(path).collect();
    paths.sort();
    paths.join("; ")
}

/// Tells what is left of a history in every order, and compares where it ends. The beginnings that
/// orders have in common are told once.
fn tell_the_rest(
    fold: &Fold<'_>,
    left: &[(usize, Told)],
    arrival: &mut Vec<usize>,
    end: &str,
) -> u64 {
    if left.is_empty() {
        assert_eq!(fold.in_words(), end, "told in the order {arrival:?}");
        return 1;
    }
    let mut count = 0;
    for next in 0..left.len() {
        let mut fold = fold.clone();
        fold.hear(&left[next].1);
        let mut rest = left.to_vec();
        arrival.push(rest.remove(next).0);
        count += tell_the_rest(&fold, &rest, arrival, end);
        arrival.pop();
    }
    count
}

#[test]
fn all_orders_of_arrival_fold_to_the_same_state() {
    let mut count = 0;
    for (serial, history) in histories().iter().enumerate() {
        let flows = flows(serial);
        let end = expected(&flows, history);
        let left: Vec<(usize, Told)> =
            history.iter().map(|it| told(it, NAME)).enumerate().collect();
        let fold = Fold::new(flows.iter().collect(), NOW);
        if let Some((_, paths)) = PICKED.get(serial) {
            assert_eq!(self::paths(&end), *paths, "history {serial}");
        }
        count += tell_the_rest(&fold, &left, &mut Vec::new(), &end);
    }
    assert_eq!(count, 252_000);
}

/// One history told of one customer in one order of arrival.
struct Case {
    serial: usize,
    name: String,
    arrival: Vec<usize>,
}

/// Orders of arrival drawn for each history whose flow lets in again as `flows` of the remainder do.
fn cases(remainder: usize) -> Vec<Case> {
    let mut draw = Drawn(7);
    let mut cases = Vec::new();
    for serial in (0..HISTORIES).filter(|it| it % 3 == remainder) {
        for number in 0..ORDERS_ON_A_STORE {
            let mut arrival: Vec<usize> = (0..THINGS).collect();
            draw.shuffle(&mut arrival);
            cases.push(Case { serial, name: format!("c{serial}-{number}-"), arrival });
        }
    }
    cases
}

/// Tells one thing of each case in one commit, then the next.
fn tell_together(scene: &Scene, histories: &[[Thing; THINGS]], cases: &[Case]) {
    for place in 0..THINGS {
        let thing = |it: &Case| histories[it.serial][it.arrival[place]];
        let event = |it: &Case| incoming(&thing(it), &it.name, it.arrival[place]);
        let events: Vec<Incoming> = cases.iter().filter_map(event).collect();
        for recorded in scene.engine.record_events(&events, scene.now()).unwrap() {
            assert!(!matches!(recorded, Recorded::Conflict { .. }));
        }
        let bars: Vec<Suppression> =
            cases.iter().filter_map(|it| bar(&thing(it), &it.name)).collect();
        let bar_all = |tx: &mut aftercart_store::Tx<'_>| {
            bars.iter().try_for_each(|it| scene.engine.bar(tx, it, scene.now()))
        };
        scene.engine.store().write(bar_all).unwrap();
    }
}

/// The customers that a case tells of, in no order that matters.
fn customers(tx: &mut aftercart_store::Tx<'_>, name: &str) -> BTreeSet<CustomerId> {
    let all = [Account, GuestCart, Platform, Browser];
    let identifiers = all.into_iter().flat_map(|it| named(it, name));
    identifiers.filter_map(|it| tx.customer_by_identifier(&it).unwrap()).collect()
}

/// What the store knows, in the words of the fold.
fn known(scene: &Scene, name: &str) -> String {
    let read = |tx: &mut aftercart_store::Tx<'_>| {
        let mut told = Vec::new();
        for id in customers(tx, name) {
            let customer = tx.customer(id)?.unwrap();
            let leads: Vec<_> =
                tx.identifiers_of(id)?.into_iter().map(|(it, known)| (it, known.tied_at)).collect();
            let mut words = customer_words(&customer, &leads, tx.consents_of(id)?.iter());
            let mut orders = tx.orders_of(id)?;
            orders.sort_by(|one, other| one.id.cmp(&other.id));
            for it in orders {
                let (lines, total_minor) = (it.lines.len(), it.total_minor);
                let (refunded_minor, cancelled_at) = (it.refunded_minor, it.cancelled_at);
                let placed_at = it.placed_at;
                let line = order_words(
                    &it.id,
                    placed_at,
                    lines,
                    total_minor,
                    refunded_minor,
                    cancelled_at,
                );
                words.push_str(&line);
            }
            let barred = crate::merge_customers::bar_of(tx, &customer)?.is_some();
            let _ = writeln!(words, "barred: {barred}");
            let enrolments = tx.enrolments_of(id)?;
            let path =
                |it: &Enrolment| enrolment_words(&it.flow, it.trigger_order.as_ref(), &it.position);
            let mut paths: Vec<String> = enrolments.iter().map(path).collect();
            paths.sort();
            told.push((words + &paths.concat()).replace(name, NAME));
        }
        told.sort();
        Ok(told.join("\n"))
    };
    scene.engine.store().read(read).unwrap()
}

/// What else follows: the segments each customer is in, and the messages planned.
fn followed(scene: &Scene, name: &str) -> String {
    let segments = [
        "ordered at least 2 times in the last 30 days",
        "viewed a product and has consent for marketing",
        "is suppressed or started a checkout",
    ];
    let read = |tx: &mut aftercart_store::Tx<'_>| {
        let mut told = Vec::new();
        for id in customers(tx, name) {
            let customer = tx.customer(id)?.unwrap();
            let mut words = String::new();
            for segment in segments {
                let condition = aftercart_segment::parse(segment).unwrap();
                let is_in = scene.engine.is_met(tx, &condition, &customer, None, scene.now())?;
                let _ = writeln!(words, "{segment}: {is_in}");
            }
            for it in tx.messages_of(id)? {
                let reason = it.reason.unwrap_or_default();
                let _ = writeln!(words, "{} {:?} due {} {reason}", it.step, it.state, it.due_at);
            }
            told.push(words);
        }
        told.sort();
        Ok(told.join("\n"))
    };
    scene.engine.store().read(read).unwrap()
}

/// Orders of arrival told to a store end where the fold ends, and so does what follows from there.
fn hold_a_store_to_the_fold(open: &dyn Fn(&Shop) -> Scene) -> usize {
    let histories = histories();
    let mut count = 0;
    for remainder in 0..3 {
        let flows = flows(remainder);
        let re_entry = ["after 30 days", "always", "never"][remainder];
        let scene = open(&Shop { upsell: upsell(re_entry), ..Shop::default() });
        let cases = cases(remainder);
        let mut ends: HashMap<usize, String> = HashMap::new();
        for batch in cases.chunks(TOGETHER) {
            tell_together(&scene, &histories, batch);
            for Case { serial, name, arrival } in batch {
                let end =
                    ends.entry(*serial).or_insert_with(|| expected(&flows, &histories[*serial]));
                assert_eq!(known(&scene, name), *end, "history {serial}, told as {arrival:?}");
                count += 1;
            }
        }
        scene.skip(days(2));
        scene.engine.advance_due(scene.now()).unwrap();
        let mut ends: HashMap<usize, String> = HashMap::new();
        for Case { serial, name, arrival } in &cases {
            let told = followed(&scene, name);
            let end = ends.entry(*serial).or_insert_with(|| told.clone());
            assert_eq!(told, *end, "history {serial}, told as {arrival:?}");
        }
    }
    count
}

#[test]
fn five_thousand_orders_of_arrival_lead_to_the_same_on_sqlite() {
    let count = hold_a_store_to_the_fold(&|shop| Scene::of(shop, NOW));
    assert_eq!(count, 5_000);
}

#[test]
fn five_thousand_orders_of_arrival_lead_to_the_same_on_postgresql() {
    let databases: std::cell::RefCell<Vec<postgres::Database>> = Default::default();
    if let Err(reason) = postgres::database() {
        println!("SKIPPED orders of arrival on PostgreSQL: {reason}");
        return;
    }
    let count = hold_a_store_to_the_fold(&|shop| {
        let database = postgres::database().unwrap();
        let scene = Scene::at(&database.url(), TempDir::new().unwrap(), shop, NOW);
        databases.borrow_mut().push(database);
        scene
    });
    assert_eq!(count, 5_000);
}
