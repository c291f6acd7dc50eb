//! How the sample customers behave: the baseline day by day, and what an email adds to it.
//!
//! The baseline is drawn beforehand and no email changes it. Who is about to order anyway opens and
//! clicks more readily than others, so the orders *credited* to emails are more than the orders
//! *caused* by them, as in life. Caused orders are drawn apart, only after a click by somebody who
//! was not about to order, and come back as [`CausedOrder`]; what they sum to is [`Truth`].
//!
//! An answer depends on seed, customer, message and instant alone, not on what was asked before.

use aftercart_model::{OrderId, Timestamp};
use jiff::{SignedDuration, tz::TimeZone};

use super::{
    SampleBody, SampleCustomer, SampleEvent, SampleLine, Taste, catalogue,
    chance::{Chance, Purpose, Stream},
    history::Map,
    reviews,
};

/// Who orders within this long of a message was about to order anyway.
const ABOUT_TO_ORDER: SignedDuration = SignedDuration::from_hours(5 * 24);

/// What a customer can know of a message.
#[derive(Clone, Copy, Debug)]
pub struct MessageFacts<'a> {
    /// The step's name, such as `discount`.
    pub step: &'a str,
    /// The codes of the products shown, the main one first.
    pub products: &'a [&'a str],
    /// What the coupon in it takes off, if it names one.
    pub coupon_percent: Option<u8>,
}

/// What comes of a message. Everything happens after it was sent; a caller drops what lies behind
/// the end of its run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The mailbox does not exist: nothing else is set.
    pub is_hard_bounce: bool,
    pub machine_open_at: Option<Timestamp>,
    /// A link scanner follows the links.
    pub machine_click_at: Option<Timestamp>,
    pub open_at: Option<Timestamp>,
    /// When, and on which product.
    pub click: Option<(Timestamp, &'static str)>,
    /// What the customer then looks at in the shop; the first is what they clicked.
    pub views: Vec<(Timestamp, &'static str)>,
    pub unsubscribe_at: Option<Timestamp>,
    pub complaint_at: Option<Timestamp>,
    /// The order that would not have been without this message.
    pub order: Option<CausedOrder>,
    /// Only to a message that asks for one.
    pub review: Option<GivenReview>,
}

/// An order that an email caused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CausedOrder {
    pub at: Timestamp,
    /// Unlike any order of the baseline.
    pub order: OrderId,
    pub lines: Vec<SampleLine>,
    /// After the coupon, if it is used.
    pub total_minor: i64,
    pub uses_coupon: bool,
    /// The step whose message caused it.
    pub caused_by: String,
}

/// A review given when a message asks for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenReview {
    pub at: Timestamp,
    pub code: &'static str,
    pub rating: u8,
    /// Empty where only stars are given.
    pub text: &'static str,
    pub author: String,
}

/// The rates of one email among those it reaches.
struct Rates {
    step: &'static str,
    open: f64,
    click: f64,
    unsubscribe: f64,
    /// Of those who click and were not about to order, how many order because of it.
    order: f64,
}

/// Near what the pictures of the report show.
const RATES: &[Rates] = &[
    Rates { step: "offer", open: 0.46, click: 0.098, unsubscribe: 0.0039, order: 0.105 },
    Rates { step: "discount", open: 0.41, click: 0.110, unsubscribe: 0.0050, order: 0.160 },
    Rates { step: "social-proof", open: 0.37, click: 0.068, unsubscribe: 0.0041, order: 0.100 },
    Rates { step: "nudge", open: 0.34, click: 0.052, unsubscribe: 0.0074, order: 0.135 },
];

/// Any other message: a question for a review, a note.
const OTHER_RATES: Rates =
    Rates { step: "", open: 0.42, click: 0.07, unsubscribe: 0.0020, order: 0.0 };

/// Who is about to order opens and clicks like this, whatever the email.
const OPEN_WHEN_ORDERING: f64 = 0.72;
const CLICK_WHEN_ORDERING: f64 = 0.40;
/// The share of those reached who are about to order; what they click is taken off the others.
const ABOUT_TO_ORDER_SHARE: f64 = 0.028;

/// How many of those who open a request for a review give one.
const REVIEWS_OF_OPENED: f64 = 0.26;

const COMPLAINTS_OF_OPENED: f64 = 0.0004;
const SCANNED: f64 = 0.019;

/// What is added to an order on the side costs no more.
const SMALL_MINOR_MAX: i64 = 4_000;

/// Hours from sending to the first human open: nine equal parts of those who open.
const HOURS_TO_OPEN: &[f64] = &[0.03, 0.15, 0.5, 1.1, 2.0, 3.6, 6.5, 11.0, 20.0, 44.0];
/// Hours from the click to the order: half within an hour, nearly all within three days.
const HOURS_TO_ORDER: &[f64] = &[0.08, 0.2, 0.4, 0.8, 2.0, 8.0, 22.0, 50.0, 90.0];

/// The customers' behaviour from the start of the simulation on.
#[derive(Clone, Debug)]
pub struct Behaviour {
    chance: Chance,
    map: Map,
    starts_at: Timestamp,
    minds: Vec<Mind>,
    /// The baseline by time.
    events: Vec<SampleEvent>,
    /// Where each simulated day begins in `events`; one more at the end.
    days: Vec<usize>,
    /// When each customer orders in the baseline.
    orders: Vec<Vec<Timestamp>>,
}

/// What is needed of a customer to answer for them.
#[derive(Clone, Debug)]
struct Mind {
    taste: Taste,
    zone: TimeZone,
    is_bouncing: bool,
    author: String,
}

impl Behaviour {
    pub(super) fn new(
        chance: Chance,
        customers: &[SampleCustomer],
        events: Vec<SampleEvent>,
        starts_at: Timestamp,
        days: u32,
    ) -> Self {
        let begins = |day: u32| {
            let at = starts_at + SignedDuration::from_hours(24 * i64::from(day));
            events.partition_point(|it| it.at < at)
        };
        let days = (0..=days).map(begins).collect();
        let mut orders = vec![Vec::new(); customers.len()];
        for event in &events {
            if let (Some(customer), SampleBody::Ordered { .. }) = (event.customer, &event.body) {
                orders[customer].push(event.at);
            }
        }
        let minds = customers.iter().map(Mind::of).collect();
        Self { chance, map: Map::new(), starts_at, minds, events, days, orders }
    }

    /// How many days there are.
    pub fn day_count(&self) -> usize {
        self.days.len() - 1
    }

    /// What happens on simulated day `day` (from 0) whatever is mailed, by time.
    pub fn day(&self, day: usize) -> &[SampleEvent] {
        &self.events[self.days[day]..self.days[day + 1]]
    }

    /// Everything that happens whatever is mailed, by time.
    pub fn baseline(&self) -> &[SampleEvent] {
        &self.events
    }

    /// Whether the customer orders in `from..until` whatever is mailed.
    pub fn orders_anyway(&self, customer: usize, from: Timestamp, until: Timestamp) -> bool {
        self.orders[customer].iter().any(|&at| from <= at && at < until)
    }

    /// Whether an order of the baseline at `at` is paid with a coupon the customer was mailed and
    /// has not used. It costs the shop its worth and brings no order.
    pub fn uses_coupon(&self, customer: usize, at: Timestamp) -> bool {
        let mut stream = self.chance.stream(Purpose::Coupon, customer, at.as_millisecond());
        stream.is(0.45)
    }

    /// What comes of a message handed over at `sent_at`.
    pub fn answer(&self, customer: usize, facts: &MessageFacts<'_>, sent_at: Timestamp) -> Answer {
        let mind = &self.minds[customer];
        let mut answer = Answer::default();
        if mind.is_bouncing {
            answer.is_hard_bounce = true;
            return answer;
        }
        // One customer gets one message at an instant, so the instant tells messages apart.
        let mut stream = self.chance.stream(Purpose::Answer, customer, sent_at.as_millisecond());
        let [machine, scan, open, click, leave, complain, order] =
            std::array::from_fn(|_| stream.share());
        if mind.taste.is_opened_by_machine {
            answer.machine_open_at = Some(sent_at + seconds(&mut stream, 2, 300));
        }
        // Some proxies fetch now and then only.
        if machine < 0.01 && answer.machine_open_at.is_none() {
            answer.machine_open_at = Some(sent_at + seconds(&mut stream, 2, 300));
        }
        if scan < SCANNED {
            answer.machine_click_at = Some(sent_at + seconds(&mut stream, 1, 9));
        }

        let rates = RATES.iter().find(|it| it.step == facts.step).unwrap_or(&OTHER_RATES);
        let is_ordering = self.orders_anyway(customer, sent_at, sent_at + ABOUT_TO_ORDER);
        let (opens, clicks) = chances(rates, is_ordering, mind.taste.engagement);
        if open >= opens {
            return answer;
        }
        let open_at = mind.awake(&mut stream, sent_at, HOURS_TO_OPEN);
        answer.open_at = Some(open_at);
        if leave < rates.unsubscribe / rates.open {
            answer.unsubscribe_at = Some(open_at + seconds(&mut stream, 8, 90));
        } else if complain < COMPLAINTS_OF_OPENED {
            answer.complaint_at = Some(open_at + seconds(&mut stream, 5, 60));
        }
        if answer.unsubscribe_at.is_some() || answer.complaint_at.is_some() {
            return answer;
        }
        if rates.step.is_empty() {
            answer.review = self.review(mind, &mut stream, facts, open_at);
        }
        if click < clicks / opens {
            self.click(&mut answer, mind, &mut stream, customer, facts, open_at);
            let is_caused = !is_ordering && order < rates.order * ease(&answer);
            if is_caused {
                answer.order = self.caused(&answer, &mut stream, customer, facts, sent_at);
            }
        }
        answer
    }

    fn click(
        &self,
        answer: &mut Answer,
        mind: &Mind,
        stream: &mut Stream,
        customer: usize,
        facts: &MessageFacts<'_>,
        open_at: Timestamp,
    ) {
        let known = |code: &&str| catalogue::index_of(code).map(catalogue::code_at);
        let products: Vec<&'static str> = facts.products.iter().filter_map(known).collect();
        let Some(&main) = products.first() else { return };
        // The main product stands first and largest.
        let clicked = if stream.is(0.62) { main } else { stream.pick(&products) };
        let mut at = open_at + seconds(stream, 6, 150);
        answer.click = Some((at, clicked));
        answer.views.push((at + seconds(stream, 1, 4), clicked));
        // Some look again, or further.
        let further = (mind.taste.engagement * 1.4 * stream.share()) as usize;
        let start = customer % products.len();
        for step in 0..further.min(2) {
            at += seconds(stream, 25, 260);
            let code =
                if stream.is(0.5) { clicked } else { products[(start + step) % products.len()] };
            answer.views.push((at, code));
        }
    }

    fn review(
        &self,
        mind: &Mind,
        stream: &mut Stream,
        facts: &MessageFacts<'_>,
        open_at: Timestamp,
    ) -> Option<GivenReview> {
        let code = catalogue::code_at(catalogue::index_of(facts.products.first()?)?);
        if !stream.is(REVIEWS_OF_OPENED) {
            return None;
        }
        let rating = stream.weighted(&[(5, 60), (4, 25), (3, 9), (2, 4), (1, 2)])?;
        let texts: Vec<&'static str> =
            reviews::FEEDBACK_TEXTS.iter().filter(|it| it.0 == rating).map(|it| it.1).collect();
        let text = if stream.is(0.6) { stream.pick(&texts) } else { "" };
        let at = open_at + seconds(stream, 40, 900);
        Some(GivenReview { at, code, rating, text, author: mind.author.clone() })
    }

    /// The order that follows from a click: what was clicked, at times with something small.
    fn caused(
        &self,
        answer: &Answer,
        stream: &mut Stream,
        customer: usize,
        facts: &MessageFacts<'_>,
        sent_at: Timestamp,
    ) -> Option<CausedOrder> {
        let (clicked_at, clicked) = answer.click?;
        let at = self.minds[customer].awake(stream, clicked_at, HOURS_TO_ORDER);
        let product = catalogue::index_of(clicked)?;
        let mut basket = vec![product];
        if stream.is(0.24)
            && let Some(other) = stream.weighted(self.map.complements(product))
            && catalogue::price_at(other) <= SMALL_MINOR_MAX
        {
            basket.push(other);
        }
        let uses_coupon = stream.is(0.85) && facts.coupon_percent.is_some();
        let percent = if uses_coupon { i64::from(facts.coupon_percent?) } else { 0 };
        let line = |&it: &usize| SampleLine {
            code: catalogue::code_at(it),
            quantity: 1,
            amount_minor: catalogue::price_at(it) * (100 - percent) / 100,
        };
        let lines: Vec<SampleLine> = basket.iter().map(line).collect();
        let total_minor = lines.iter().map(|it| it.amount_minor).sum();
        let order = self.order_number(customer, sent_at);
        let caused_by = facts.step.to_owned();
        Some(CausedOrder { at, order, lines, total_minor, uses_coupon, caused_by })
    }

    /// A customer gets at most one sales email in 24 hours, so customer and day of sending make the
    /// number single; it lies far above the baseline's.
    fn order_number(&self, customer: usize, sent_at: Timestamp) -> OrderId {
        let day = sent_at.duration_since(self.starts_at).as_hours() / 24;
        let number = 1_000_000 + i64::try_from(customer).expect("few customers") * 1_000 + day;
        OrderId::new(number.to_string()).expect("digits")
    }
}

impl Mind {
    fn of(customer: &SampleCustomer) -> Self {
        let initial = customer.name.family.chars().next();
        let author = match initial {
            Some(initial) => format!("{} {initial}.", customer.name.given),
            None => "A customer".to_owned(),
        };
        Self {
            taste: customer.taste.clone(),
            zone: customer.zone.clone(),
            is_bouncing: customer.is_bouncing,
            author,
        }
    }

    /// Some hours after `at`, put off to the next morning if that is at night here.
    fn awake(&self, stream: &mut Stream, at: Timestamp, hours: &[f64]) -> Timestamp {
        let minutes = (stream.quantile(hours) * 60.0) as i64;
        let at = at + SignedDuration::from_mins(minutes) + seconds(stream, 3, 59);
        let hour = self.zone.to_datetime(at).hour();
        let hours_asleep = match hour {
            23 => 8,
            0..=6 => 7 - i64::from(hour),
            _ => 0,
        };
        if hours_asleep == 0 {
            return at;
        }
        at + SignedDuration::from_hours(hours_asleep)
            + SignedDuration::from_mins(stream.between(0, 59))
    }
}

fn seconds(stream: &mut Stream, low: i64, high: i64) -> SignedDuration {
    SignedDuration::from_secs(stream.between(low, high))
}

/// How likely this customer opens and clicks. What those about to order do more, the others do
/// less, so that all together keep the rates.
fn chances(rates: &Rates, is_ordering: bool, engagement: f64) -> (f64, f64) {
    if is_ordering {
        return (OPEN_WHEN_ORDERING, CLICK_WHEN_ORDERING);
    }
    let others = 1.0 - ABOUT_TO_ORDER_SHARE;
    let open = (rates.open - ABOUT_TO_ORDER_SHARE * OPEN_WHEN_ORDERING) / others;
    let click = (rates.click - ABOUT_TO_ORDER_SHARE * CLICK_WHEN_ORDERING) / others;
    let open = (open * engagement).min(0.95);
    (open, (click * engagement).min(open))
}

/// Cheap things are ordered more lightly than dear ones.
fn ease(answer: &Answer) -> f64 {
    let code = answer.click.map_or("", |it| it.1);
    match catalogue::index_of(code).map_or(0, catalogue::price_at) {
        ..=0 => 0.0,
        1..=3_000 => 1.3,
        3_001..=6_500 => 1.15,
        6_501..=12_500 => 1.0,
        12_501..=22_000 => 0.75,
        _ => 0.4,
    }
}

/// What the emails truly did, summed beside the simulation, to hold the report's lift against.
///
/// The unit is the report's: one enrolment that was not held out, and the orders within `horizon`
/// of its entry, as `insight` counts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    horizon: SignedDuration,
    mailed: u64,
    orders: u64,
    orders_of_new_buyers: u64,
    spend_minor: i64,
    coupons_minor: i64,
}

impl Truth {
    pub fn new(horizon: SignedDuration) -> Self {
        let (mailed, orders, orders_of_new_buyers, spend_minor, coupons_minor) = (0, 0, 0, 0, 0);
        Self { horizon, mailed, orders, orders_of_new_buyers, spend_minor, coupons_minor }
    }

    /// An enrolment entered that is not held out.
    pub fn mail(&mut self) {
        self.mailed += 1;
    }

    /// `order` took place and was accepted; its message belongs to the enrolment of `entered_at`.
    pub fn cause(
        &mut self,
        behaviour: &Behaviour,
        customer: usize,
        entered_at: Timestamp,
        order: &CausedOrder,
    ) {
        if order.at.duration_since(entered_at) >= self.horizon {
            return;
        }
        self.orders += 1;
        self.spend_minor += order.total_minor;
        // The order that entered them does not count as ordering again.
        let after_entry = entered_at + SignedDuration::from_secs(1);
        if !behaviour.orders_anyway(customer, after_entry, entered_at + self.horizon) {
            self.orders_of_new_buyers += 1;
        }
    }

    /// An order of the baseline at `at` was paid with a coupon worth `worth_minor`.
    pub fn give_away(&mut self, entered_at: Timestamp, at: Timestamp, worth_minor: i64) {
        if at.duration_since(entered_at) < self.horizon {
            self.coupons_minor += worth_minor;
        }
    }

    pub fn mailed(&self) -> u64 {
        self.mailed
    }

    pub fn extra_orders(&self) -> u64 {
        self.orders
    }

    /// What was spent beyond the baseline, less the coupons given to those who ordered anyway.
    pub fn extra_spend_minor(&self) -> i64 {
        self.spend_minor - self.coupons_minor
    }

    /// For each mailed one, in minor units.
    pub fn extra_spend_each_minor(&self) -> f64 {
        self.extra_spend_minor() as f64 / self.mailed.max(1) as f64
    }

    /// By how much the share who ordered again was raised.
    pub fn extra_share(&self) -> f64 {
        self.orders_of_new_buyers as f64 / self.mailed.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{
        super::tests::{START, sample},
        *,
    };

    const WEEKS: SignedDuration = SignedDuration::from_hours(21 * 24);
    /// Days from the order to each email, as the shipped flow has them.
    const STEPS: [(&str, i64); 4] =
        [("offer", 2), ("discount", 5), ("social-proof", 8), ("nudge", 10)];

    /// What a plain run of the four emails over every order of the baseline comes to.
    #[derive(Debug, Default)]
    struct Run {
        entered: f64,
        again_anyway: f64,
        again: f64,
        sent: [f64; 4],
        opened: [f64; 4],
        clicked: [f64; 4],
        machine: f64,
        left: [f64; 4],
        bounced: f64,
        bought_after_click: [f64; 4],
        caused: f64,
        extra_minor: f64,
        anyway_minor: f64,
    }

    /// Everybody who orders gets the four emails until they order again, in `seeds` shops.
    fn run(seeds: std::ops::Range<u64>) -> Run {
        let mut run = Run::default();
        for seed in seeds {
            let behaviour = sample(seed).behaviour();
            let mut truth = Truth::new(WEEKS);
            let mut orders: BTreeMap<usize, Vec<(Timestamp, i64)>> = BTreeMap::new();
            for event in behaviour.baseline() {
                if let (Some(customer), SampleBody::Ordered { total_minor, .. }) =
                    (event.customer, &event.body)
                {
                    orders.entry(customer).or_default().push((event.at, *total_minor));
                }
            }
            // Later ones do not have their 21 days.
            let until = START + SignedDuration::from_hours(39 * 24);
            for (customer, orders) in &orders {
                for (at, _) in orders.iter().filter(|it| it.0 < until) {
                    enter(&behaviour, *customer, orders, *at, &mut run, &mut truth);
                }
            }
            run.extra_minor += truth.extra_spend_minor() as f64;
            run.caused += truth.extra_orders() as f64;
        }
        run
    }

    fn enter(
        behaviour: &Behaviour,
        customer: usize,
        orders: &[(Timestamp, i64)],
        entered_at: Timestamp,
        run: &mut Run,
        truth: &mut Truth,
    ) {
        truth.mail();
        run.entered += 1.0;
        let after = entered_at + SignedDuration::from_secs(1);
        let is_anyway = behaviour.orders_anyway(customer, after, entered_at + WEEKS);
        run.again_anyway += f64::from(u8::from(is_anyway));
        let is_counted = |it: &&(Timestamp, i64)| (after..entered_at + WEEKS).contains(&it.0);
        run.anyway_minor += orders.iter().filter(is_counted).map(|it| it.1 as f64).sum::<f64>();
        let mut bought: Option<Timestamp> = None;
        for (place, (step, days)) in STEPS.into_iter().enumerate() {
            let sent_at = entered_at + SignedDuration::from_hours(24 * days);
            let is_out = bought.is_some_and(|at| at < sent_at);
            if is_out || behaviour.orders_anyway(customer, after, sent_at) {
                break;
            }
            run.sent[place] += 1.0;
            let facts = MessageFacts {
                step,
                products: &["ST-02", "CG-01", "GR-02"],
                coupon_percent: (place > 0).then_some(10),
            };
            let answer = behaviour.answer(customer, &facts, sent_at);
            assert_eq!(answer, behaviour.answer(customer, &facts, sent_at), "asked again");
            if answer.is_hard_bounce {
                run.bounced += 1.0;
                break;
            }
            run.machine += f64::from(u8::from(answer.machine_open_at.is_some()));
            run.opened[place] += f64::from(u8::from(answer.open_at.is_some()));
            run.left[place] += f64::from(u8::from(answer.unsubscribe_at.is_some()));
            if let Some((at, _)) = answer.click {
                run.clicked[place] += 1.0;
                let until = at + ABOUT_TO_ORDER;
                let is_buyer = answer.order.as_ref().is_some_and(|it| it.at < until)
                    || behaviour.orders_anyway(customer, at, until);
                run.bought_after_click[place] += f64::from(u8::from(is_buyer));
            }
            if let Some(order) = &answer.order {
                truth.cause(behaviour, customer, entered_at, order);
                bought = Some(order.at);
            }
            if answer.unsubscribe_at.is_some() || answer.complaint_at.is_some() {
                break;
            }
        }
        let is_again = is_anyway || bought.is_some_and(|at| at < entered_at + WEEKS);
        run.again += f64::from(u8::from(is_again));
    }

    #[test]
    fn rates_are_near_the_pictures() {
        let run = run(1..6);
        let print = format!("{run:#?}");
        let near = |is: f64, wanted: f64, by: f64| {
            assert!((is - wanted).abs() <= by, "{is} is not within {by} of {wanted}: {print}");
        };
        for (place, (open, click)) in
            [(0.46, 0.098), (0.41, 0.11), (0.37, 0.068), (0.34, 0.052)].into_iter().enumerate()
        {
            near(run.opened[place] / run.sent[place], open, 0.02);
            near(run.clicked[place] / run.sent[place], click, 0.014);
            near(run.left[place] / run.sent[place], 0.005, 0.0045);
            let bought = run.bought_after_click[place] / run.clicked[place];
            assert!((0.12..0.45).contains(&bought), "of those who click some buy: {print}");
        }
        let sent: f64 = run.sent.iter().sum();
        near(run.machine / sent, 0.22, 0.03);
        near(run.bounced / sent, 0.003, 0.002);
        near(run.again_anyway / run.entered, 0.113, 0.015);
        near((run.again - run.again_anyway) / run.entered, 0.033, 0.009);
        near(run.extra_minor / run.entered / 100.0, 2.23, 0.9);
        near(run.anyway_minor / run.entered / 100.0, 7.0, 1.5);
    }

    #[test]
    fn everything_in_an_answer_comes_after_the_message() {
        let shop = sample(3);
        let behaviour = shop.behaviour();
        let facts = MessageFacts {
            step: "discount",
            products: &["GR-02", "KT-02", "ST-02"],
            coupon_percent: Some(10),
        };
        let mut ordered = 0;
        for customer in 0..shop.customers.len() {
            let sent_at = START + SignedDuration::from_hours(10 * 24 + 10);
            let answer = behaviour.answer(customer, &facts, sent_at);
            let Some(open_at) = answer.open_at else {
                assert!(answer.click.is_none() && answer.unsubscribe_at.is_none());
                continue;
            };
            let hour = shop.customers[customer].zone.to_datetime(open_at).hour();
            assert!(sent_at < open_at && (7..23).contains(&hour), "opened at {hour} o'clock");
            assert!(answer.unsubscribe_at.is_none_or(|at| open_at < at));
            let Some((clicked_at, code)) = answer.click else { continue };
            assert!(open_at < clicked_at && facts.products.contains(&code));
            assert!(answer.views.iter().all(|it| clicked_at < it.0), "seen after the click");
            let Some(order) = answer.order else { continue };
            ordered += 1;
            assert!(clicked_at < order.at && order.lines[0].code == code);
            assert_eq!(
                order.lines.iter().map(|it| it.amount_minor).sum::<i64>(),
                order.total_minor
            );
            assert_eq!(order.caused_by, "discount");
            let is_ordering = behaviour.orders_anyway(customer, sent_at, sent_at + ABOUT_TO_ORDER);
            assert!(!is_ordering, "who orders anyway was not caused to");
        }
        assert!(ordered > 20, "some order because of it");
    }

    #[test]
    fn a_bouncing_mailbox_answers_nothing_else() {
        let shop = sample(3);
        let behaviour = shop.behaviour();
        let gone = shop.customers.iter().position(|it| it.is_bouncing).expect("some bounce");
        let facts = MessageFacts { step: "offer", products: &["KT-02"], coupon_percent: None };
        let answer = behaviour.answer(gone, &facts, START);
        assert_eq!(answer, Answer { is_hard_bounce: true, ..Answer::default() });
    }

    #[test]
    fn days_cut_the_baseline_without_loss() {
        let behaviour = sample(4).behaviour();
        assert_eq!(behaviour.day_count(), 60);
        let days: Vec<SampleEvent> = (0..60).flat_map(|it| behaviour.day(it).to_vec()).collect();
        assert!(days == behaviour.baseline());
        for (day, from) in (0..60).zip(0_i64..) {
            let from = START + SignedDuration::from_hours(24 * from);
            let until = from + SignedDuration::from_hours(24);
            assert!(behaviour.day(day).iter().all(|it| (from..until).contains(&it.at)), "{day}");
        }
    }

    #[test]
    fn feedback_brings_reviews_and_no_orders() {
        let shop = sample(5);
        let behaviour = shop.behaviour();
        let facts = MessageFacts { step: "feedback", products: &["CM-02"], coupon_percent: None };
        let answers: Vec<Answer> =
            (0..2_000).map(|it| behaviour.answer(it, &facts, START)).collect();
        assert!(answers.iter().all(|it| it.order.is_none()), "it sells nothing");
        let given: Vec<_> = answers.iter().filter_map(|it| it.review.as_ref()).collect();
        assert!((120..320).contains(&given.len()), "about one in nine: {}", given.len());
        assert!(given.iter().all(|it| it.code == "CM-02" && (1..=5).contains(&it.rating)));
        assert!(given.iter().any(|it| it.rating <= 2), "not everybody is pleased");
    }

    #[test]
    fn the_truth_counts_within_its_horizon() {
        let shop = sample(6);
        let behaviour = shop.behaviour();
        let order = |days: i64| CausedOrder {
            at: START + SignedDuration::from_hours(24 * days),
            order: OrderId::new("1000001").unwrap(),
            lines: Vec::new(),
            total_minor: 8_010,
            uses_coupon: true,
            caused_by: "discount".to_owned(),
        };
        let mut truth = Truth::new(WEEKS);
        assert_eq!(truth.extra_spend_each_minor(), 0.0, "nobody mailed, nothing earned");
        (0..4).for_each(|_| truth.mail());
        truth.cause(&behaviour, 0, START, &order(20));
        truth.cause(&behaviour, 0, START, &order(21));
        truth.give_away(START, START + SignedDuration::from_hours(3), 410);
        truth.give_away(START, START + WEEKS, 9_999);
        assert_eq!((truth.mailed(), truth.extra_orders()), (4, 1), "the second is too late");
        assert_eq!(truth.extra_spend_minor(), 7_600);
        assert_eq!(truth.extra_spend_each_minor(), 1_900.0);
    }
}
