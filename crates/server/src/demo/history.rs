//! What happened: two years of orders, views, refunds and reviews, and the days after the start as
//! they would go without any email.
//!
//! Each customer lives day by day. Whether they order today depends on how eager they are, on the
//! season, on how long ago they last ordered and on what ran out; what they buy depends on what
//! they own: what goes with it, a better version of it, what it uses up.

use std::collections::BTreeMap;

use aftercart_model::{OrderId, ReviewState, Timestamp};
use jiff::{SignedDuration, tz::TimeZone};

use super::{
    SampleBody, SampleEvent, SampleLine, SampleReview, catalogue,
    chance::{Chance, Purpose, Stream},
    people::{self, FAMILIARS, Purse, SampleCustomer, Style},
    reviews,
};

/// The first order's number; those before it were the trial runs of a young shop.
const FIRST_ORDER_NUMBER: usize = 1_001;

/// Orders a day of a customer of eagerness 1 in an ordinary week.
const ORDERS_A_DAY: f64 = 0.0068;
/// What a thing that ran out adds to that, for somebody who buys all of it here.
const REFILLS_A_DAY: f64 = 0.0075;
const LOOKS_A_DAY: f64 = 0.009;

/// Guests' orders a day; nobody can name who they were.
const GUESTS_A_DAY: f64 = 0.8;

/// Orders in a month against an ordinary one.
const SEASON: [f64; 12] = [0.92, 0.92, 1.0, 0.96, 0.98, 0.92, 0.82, 0.78, 0.98, 1.08, 1.35, 1.66];

/// On which day each customer joins, counted from the start of the simulation, ascending.
///
/// The shop grows: at the end twice as many join a day as at the beginning, before the season.
pub(super) fn joined_days(count: usize, days: i64) -> Vec<i64> {
    let first = -super::HISTORY_DAYS;
    let span = days - first;
    // Seasons are left out here: with them the fewest days would have none at all.
    let weight = |day: i64| 1.0 + (day - first) as f64 / span as f64;
    let sum: f64 = (first..days).map(weight).sum();
    let mut joined = Vec::with_capacity(count);
    let mut passed = 0.0;
    for day in first..days {
        passed += weight(day);
        let until = (passed / sum * count as f64 + 0.5) as usize;
        joined.resize(until.min(count), day);
    }
    joined.resize(count, days - 1);
    joined
}

/// An event before orders have their numbers.
struct Draft {
    customer: Option<usize>,
    at: Timestamp,
    body: DraftBody,
}

enum DraftBody {
    Joined,
    Viewed(usize),
    /// The place of the basket among all baskets.
    Ordered(usize),
    Cancelled(usize),
    Refunded {
        basket: usize,
        line: usize,
    },
}

/// Everything that happens from two years before `start` to `days` after it, by time.
pub(super) fn live(
    chance: Chance,
    customers: &[SampleCustomer],
    start: Timestamp,
    days: i64,
) -> Vec<SampleEvent> {
    let map = Map::new();
    let mut diary = Diary::default();
    for (index, customer) in customers.iter().enumerate() {
        Life::new(chance, &map, index, customer, start, days).live(&mut diary);
    }
    guests(chance, &map, start, days, &mut diary);
    diary.into_events(start + SignedDuration::from_hours(24 * days))
}

#[derive(Default)]
struct Diary {
    drafts: Vec<Draft>,
    baskets: Vec<Vec<SampleLine>>,
}

impl Diary {
    fn write(&mut self, customer: Option<usize>, at: Timestamp, body: DraftBody) {
        self.drafts.push(Draft { customer, at, body });
    }

    /// The events before `end` by time, orders numbered in that order.
    fn into_events(mut self, end: Timestamp) -> Vec<SampleEvent> {
        self.drafts.retain(|it| it.at < end);
        self.drafts.sort_by_key(|it| (it.at, it.customer));
        let mut number = FIRST_ORDER_NUMBER;
        let mut numbers = BTreeMap::new();
        for draft in &self.drafts {
            if let DraftBody::Ordered(basket) = draft.body {
                numbers.insert(basket, OrderId::new(number.to_string()).expect("digits"));
                number += 1;
            }
        }
        let event = |it: &Draft| SampleEvent {
            customer: it.customer,
            at: it.at,
            body: match it.body {
                DraftBody::Joined => SampleBody::Joined,
                DraftBody::Viewed(product) => {
                    SampleBody::Viewed { code: catalogue::code_at(product) }
                }
                DraftBody::Ordered(basket) => {
                    let lines = self.baskets[basket].clone();
                    let total_minor = lines.iter().map(|it| it.amount_minor).sum();
                    SampleBody::Ordered { order: numbers[&basket].clone(), lines, total_minor }
                }
                DraftBody::Cancelled(basket) => {
                    SampleBody::Cancelled { order: numbers[&basket].clone() }
                }
                DraftBody::Refunded { basket, line } => {
                    let line = self.baskets[basket][line];
                    let order = numbers[&basket].clone();
                    SampleBody::Refunded {
                        order,
                        amount_minor: line.amount_minor,
                        lines: vec![line],
                    }
                }
            },
        };
        self.drafts.iter().map(event).collect()
    }
}

/// The catalogue's tables by number instead of code.
#[derive(Clone, Debug)]
pub(super) struct Map {
    complements: Vec<Vec<(usize, u32)>>,
    upgrades: Vec<Vec<usize>>,
}

impl Map {
    pub(super) fn new() -> Self {
        let count = catalogue::product_count();
        let at = |code: &str| catalogue::index_of(code).expect("tables name products");
        let mut complements = vec![Vec::new(); count];
        for (anchor, others) in catalogue::GOES_WITH {
            complements[at(anchor)] = others.iter().map(|it| (at(it.0), it.1)).collect();
        }
        let is_better = |of: usize, than: usize| {
            let (price, base) = (catalogue::price_at(of), catalogue::price_at(than));
            catalogue::kind_at(of) == catalogue::kind_at(than)
                && (base * 11 / 10..=base * 25 / 10).contains(&price)
        };
        let upgrades =
            (0..count).map(|than| (0..count).filter(|&of| is_better(of, than)).collect()).collect();
        Self { complements, upgrades }
    }

    pub(super) fn complements(&self, product: usize) -> &[(usize, u32)] {
        &self.complements[product]
    }
}

/// Kinds of which people gladly have several.
fn is_collected(product: usize) -> bool {
    matches!(catalogue::kind_at(product), "mug" | "cups" | "glasses" | "towels" | "board" | "apron")
}

fn is_used_up(product: usize) -> bool {
    catalogue::lasts_days_at(product).is_some()
}

/// One customer, day by day.
struct Life<'a> {
    chance: Chance,
    map: &'a Map,
    index: usize,
    customer: &'a SampleCustomer,
    start: Timestamp,
    days: i64,
    owned: Vec<bool>,
    /// What is used up, and on which day.
    runs_out: BTreeMap<usize, i64>,
    last_order_day: i64,
    is_familiar: bool,
}

impl<'a> Life<'a> {
    fn new(
        chance: Chance,
        map: &'a Map,
        index: usize,
        customer: &'a SampleCustomer,
        start: Timestamp,
        days: i64,
    ) -> Self {
        let is_familiar = FAMILIARS.iter().any(|it| familiar_matches(it, customer));
        Self {
            chance,
            map,
            index,
            customer,
            start,
            days,
            owned: vec![false; catalogue::product_count()],
            runs_out: BTreeMap::new(),
            last_order_day: customer.joined_day,
            is_familiar,
        }
    }

    fn live(mut self, diary: &mut Diary) {
        let first_at = self.customer.created_at + SignedDuration::from_mins(15);
        diary.write(Some(self.index), self.customer.created_at, DraftBody::Joined);
        self.first_order(first_at, diary);
        let mut stream = self.chance.stream(Purpose::Day, self.index, 0);
        for day in -super::HISTORY_DAYS..self.days {
            // Drawn also before the customer joins, so that a day's numbers have a fixed place.
            let (order, look) = (stream.share(), stream.share());
            // Whom the pictures show is left alone: what they do, they do for an email.
            if day <= self.customer.joined_day || self.is_familiar {
                continue;
            }
            if order < self.order_hazard(day) {
                self.order(day, diary);
            } else if look < LOOKS_A_DAY * self.customer.taste.eagerness {
                self.look(day, diary);
            }
        }
    }

    fn order_hazard(&self, day: i64) -> f64 {
        let date = TimeZone::UTC.to_datetime(self.start).date();
        let date = date.saturating_add(jiff::Span::new().days(day));
        let season = SEASON[usize::from(date.month().unsigned_abs()) - 1];
        let week = match date.weekday() {
            jiff::civil::Weekday::Sunday => 1.25,
            jiff::civil::Weekday::Saturday => 0.9,
            jiff::civil::Weekday::Monday => 1.1,
            _ => 0.95,
        };
        let recency = match day - self.last_order_day {
            ..=2 => 0.3,
            3..=21 => 0.6,
            22..=120 => 1.45,
            121..=365 => 1.1,
            _ => 0.6,
        };
        let ran_out = |&&until: &&i64| (until - 4..until + 45).contains(&day);
        let refills = self.runs_out.values().filter(ran_out).count().min(2) as f64;
        let taste = &self.customer.taste;
        (ORDERS_A_DAY * taste.eagerness + REFILLS_A_DAY * taste.loyalty * refills)
            * recency
            * season
            * week
    }

    fn first_order(&mut self, at: Timestamp, diary: &mut Diary) {
        let day = self.customer.joined_day;
        let familiar = FAMILIARS.iter().find(|it| familiar_matches(it, self.customer));
        if let Some(familiar) = familiar {
            let at_code = |code: &&str| catalogue::index_of(code).expect("a product");
            let products: Vec<usize> = familiar.codes.iter().map(at_code).collect();
            self.place(day, at, products.iter().map(|&it| (it, 1)).collect(), diary);
            return;
        }
        let mut stream = self.chance.stream(Purpose::Order, self.index, day);
        let taste = &self.customer.taste;
        let main = starter(&mut stream, taste.style, taste.purse);
        let mut basket = vec![main];
        self.add_complements(&mut stream, main, 0.42, 0.16, &mut basket);
        let lines = quantities(&mut stream, &basket);
        self.looks_before(&mut stream, at, &basket, diary);
        self.place(day, at, lines, diary);
        self.after(&mut stream, day, at, main, diary);
    }

    fn order(&mut self, day: i64, diary: &mut Diary) {
        let mut stream = self.chance.stream(Purpose::Order, self.index, day);
        let clock = people::waking_clock(&mut stream);
        let at = people::at_clock(self.start, day, clock, &self.customer.zone)
            + SignedDuration::from_secs(stream.between(0, 59));
        let mut basket: Vec<usize> = Vec::new();
        for (&product, &until) in &self.runs_out {
            if until - 6 <= day && stream.is(0.25 + 0.6 * self.customer.taste.loyalty) {
                basket.push(product);
            }
        }
        let is_refill = !basket.is_empty();
        if !is_refill || stream.is(0.6) {
            let main = self.next_main(&mut stream);
            if !basket.contains(&main) {
                basket.push(main);
            }
            self.add_complements(&mut stream, main, 0.3, 0.13, &mut basket);
        }
        let lines = quantities(&mut stream, &basket);
        self.looks_before(&mut stream, at, &basket, diary);
        self.place(day, at, lines, diary);
        self.after(&mut stream, day, at, basket[basket.len() - 1], diary);
    }

    /// What draws somebody back: what goes with something they own, a better version of it, their
    /// coffee, or something new.
    fn next_main(&self, stream: &mut Stream) -> usize {
        let taste = &self.customer.taste;
        let owned = || (0..self.owned.len()).filter(|&it| self.owned[it]);
        let share = stream.share();
        if share < 0.56 {
            let wanted: Vec<(usize, u32)> = owned()
                .flat_map(|it| self.map.complements(it).iter().copied())
                .filter(|it| self.is_wanted(it.0))
                .map(|it| (it.0, it.1 * self.pull_of_price(it.0)))
                .collect();
            if let Some(product) = stream.weighted(&wanted) {
                return product;
            }
        } else if share < 0.70 {
            let better: Vec<usize> = owned()
                .filter(|&it| !is_used_up(it))
                .flat_map(|it| self.map.upgrades[it].iter().copied())
                .filter(|&it| !self.owned[it])
                .collect();
            if !better.is_empty() {
                return stream.pick(&better);
            }
        } else if share < 0.88 && taste.style != Style::Kitchen {
            return coffee(stream, taste.style);
        }
        let fresh = starter(stream, taste.style, taste.purse);
        if self.is_wanted(fresh) { fresh } else { coffee(stream, taste.style) }
    }

    /// How readily this purse opens for what `product` costs.
    fn pull_of_price(&self, product: usize) -> u32 {
        let is_dear = catalogue::price_at(product) > 8_000;
        match self.customer.taste.purse {
            Purse::Careful => {
                if is_dear {
                    1
                } else {
                    2
                }
            }
            Purse::Middling => {
                if is_dear {
                    3
                } else {
                    2
                }
            }
            Purse::Generous => {
                if is_dear {
                    5
                } else {
                    2
                }
            }
        }
    }

    /// Nobody buys a second dripper to go with the kettle; a better one they choose on purpose.
    fn is_wanted(&self, product: usize) -> bool {
        let kind = catalogue::kind_at(product);
        let has_kind = |it: usize| self.owned[it] && catalogue::kind_at(it) == kind;
        is_used_up(product)
            || (is_collected(product) && !self.owned[product])
            || !(0..self.owned.len()).any(has_kind)
    }

    fn add_complements(
        &self,
        stream: &mut Stream,
        main: usize,
        used_up: f64,
        lasting: f64,
        basket: &mut Vec<usize>,
    ) {
        for &(product, weight) in self.map.complements(main) {
            let pull = if is_used_up(product) { used_up } else { lasting };
            let is_taken = stream.is(f64::from(weight) / 50.0 * pull);
            let kind = catalogue::kind_at(product);
            let is_new = basket.iter().all(|&it| catalogue::kind_at(it) != kind);
            if is_taken && is_new && basket.len() < 5 && self.is_wanted(product) {
                basket.push(product);
            }
        }
    }

    /// The looks around that end in the order.
    fn looks_before(
        &self,
        stream: &mut Stream,
        at: Timestamp,
        basket: &[usize],
        diary: &mut Diary,
    ) {
        let mut minutes = stream.between(2, 9);
        for &product in basket.iter().take(3) {
            if stream.is(0.8) {
                self.view(at - SignedDuration::from_mins(minutes), product, diary);
            }
            minutes += stream.between(1, 7);
        }
        if stream.is(0.35) {
            let earlier = at - SignedDuration::from_mins(stream.between(20, 60) * 60);
            self.view(earlier, basket[0], diary);
        }
    }

    /// What comes after: a change of mind, a return, and looks at what would go with it.
    fn after(
        &mut self,
        stream: &mut Stream,
        day: i64,
        at: Timestamp,
        main: usize,
        diary: &mut Diary,
    ) {
        let basket = diary.baskets.len() - 1;
        let share = stream.share();
        if share < 0.015 {
            let later = at + SignedDuration::from_mins(stream.between(20, 900));
            diary.write(Some(self.index), later, DraftBody::Cancelled(basket));
        } else if share < 0.038 {
            let later = at + SignedDuration::from_hours(24 * stream.between(4, 19) + 3);
            let lines = diary.baskets[basket].len() as i64;
            let line = usize::try_from(stream.between(0, lines - 1)).expect("not negative");
            diary.write(Some(self.index), later, DraftBody::Refunded { basket, line });
        }
        if stream.is(0.42) {
            let day = day + stream.between(1, 9);
            let clock = people::waking_clock(stream);
            let mut at = people::at_clock(self.start, day, clock, &self.customer.zone);
            for _ in 0..stream.between(1, 3) {
                let related = stream.weighted(self.map.complements(main));
                let better = self.map.upgrades[main].first().copied();
                let product = if stream.is(0.3) { better.or(related) } else { related };
                if let Some(product) = product {
                    self.view(at, product, diary);
                }
                at += SignedDuration::from_secs(stream.between(20, 240));
            }
        }
    }

    /// A look around that ends in nothing.
    fn look(&self, day: i64, diary: &mut Diary) {
        let mut stream = self.chance.stream(Purpose::Visit, self.index, day);
        let clock = people::waking_clock(&mut stream);
        let mut at = people::at_clock(self.start, day, clock, &self.customer.zone);
        for _ in 0..stream.between(1, 3) {
            let product = self.next_main(&mut stream);
            self.view(at, product, diary);
            at += SignedDuration::from_secs(stream.between(15, 200));
        }
    }

    fn view(&self, at: Timestamp, product: usize, diary: &mut Diary) {
        diary.write(Some(self.index), at, DraftBody::Viewed(product));
    }

    fn place(&mut self, day: i64, at: Timestamp, lines: Vec<(usize, u32)>, diary: &mut Diary) {
        for &(product, quantity) in &lines {
            self.owned[product] = true;
            if let Some(days) = catalogue::lasts_days_at(product) {
                self.runs_out.insert(product, day + i64::from(days * quantity));
            }
        }
        self.last_order_day = day;
        diary.baskets.push(lines.iter().map(|&(product, n)| line(product, n)).collect());
        diary.write(Some(self.index), at, DraftBody::Ordered(diary.baskets.len() - 1));
    }
}

fn familiar_matches(familiar: &people::Familiar, customer: &SampleCustomer) -> bool {
    familiar.given == customer.name.given && familiar.family == customer.name.family
}

fn line(product: usize, quantity: u32) -> SampleLine {
    let amount_minor = catalogue::price_at(product) * i64::from(quantity);
    SampleLine { code: catalogue::code_at(product), quantity, amount_minor }
}

fn quantities(stream: &mut Stream, basket: &[usize]) -> Vec<(usize, u32)> {
    let quantity = |stream: &mut Stream, product: usize| match catalogue::kind_at(product) {
        "coffee" => stream.weighted(&[(1, 68), (2, 24), (3, 8)]),
        "mug" => stream.weighted(&[(1, 46), (2, 38), (4, 16)]),
        "filters" | "towels" => stream.weighted(&[(1, 84), (2, 16)]),
        _ => Some(1),
    };
    let one = |&it: &usize| (it, quantity(stream, it).expect("some quantity has weight"));
    basket.iter().map(one).collect()
}

/// What somebody of this style and purse comes for.
#[rustfmt::skip] // A table.
fn starter(stream: &mut Stream, style: Style, purse: Purse) -> usize {
    use Purse::{Careful, Generous, Middling};
    let table: &[(&str, u32)] = match (style, purse) {
        (Style::PourOver, Careful) => &[("CM-01", 34), ("CM-02", 40), ("CM-05", 5), ("CF-01", 10), ("GR-01", 6), ("KT-01", 3), ("CM-06", 4)],
        (Style::PourOver, Middling) => &[("CM-02", 46), ("KT-02", 14), ("CM-03", 9), ("CM-06", 11), ("GR-02", 8), ("CF-03", 6), ("CF-01", 6), ("ST-02", 4)],
        (Style::PourOver, Generous) => &[("CM-04", 15), ("CM-03", 14), ("CM-02", 16), ("KT-02", 12), ("KT-04", 6), ("CM-06", 12), ("GR-03", 4), ("CF-03", 8), ("CF-08", 4)],
        (Style::Espresso, Careful) => &[("CF-02", 36), ("CM-10", 16), ("CG-03", 16), ("ST-08", 10), ("ST-06", 8), ("FC-05", 6), ("GR-02", 4)],
        (Style::Espresso, Middling) => &[("CM-13", 15), ("CF-02", 20), ("ST-06", 14), ("CG-03", 14), ("GR-04", 5), ("ST-08", 12), ("CF-07", 10)],
        (Style::Espresso, Generous) => &[("CM-14", 5), ("CM-13", 18), ("GR-05", 5), ("ST-07", 12), ("CG-04", 14), ("CF-07", 16), ("ST-03", 10)],
        (Style::Press, Careful) => &[("CM-07", 40), ("CF-01", 25), ("CG-01", 15), ("CM-08", 15)],
        (Style::Press, Middling) => &[("CM-08", 50), ("CF-01", 16), ("CF-06", 8), ("GR-02", 6), ("CG-01", 10)],
        (Style::Press, Generous) => &[("CM-09", 34), ("CM-08", 22), ("CF-06", 12), ("GR-04", 5)],
        (Style::Moka, Careful) => &[("CM-10", 50), ("CF-02", 24), ("CG-03", 10)],
        (Style::Moka, Middling) => &[("CM-11", 40), ("CM-10", 20), ("CF-02", 16)],
        (Style::Moka, Generous) => &[("CM-11", 36), ("CF-07", 16), ("CG-04", 14)],
        (Style::Cold, _) => &[("CM-12", 60), ("CG-06", 20), ("CF-01", 10)],
        (Style::Kitchen, Careful) => &[("KI-01", 18), ("KI-08", 16), ("KI-10", 14), ("ST-01", 10), ("KI-11", 5), ("CG-01", 10), ("KI-06", 8)],
        (Style::Kitchen, Middling) => &[("KI-02", 30), ("KI-08", 16), ("KI-06", 14), ("KI-12", 9), ("KI-05", 8), ("KI-10", 6)],
        (Style::Kitchen, Generous) => &[("KI-04", 11), ("KI-03", 14), ("KI-09", 12), ("KI-12", 14), ("KI-07", 8), ("KI-02", 16)],
    };
    let code = stream.weighted(table).expect("starters have weights");
    catalogue::index_of(code).expect("starters are products")
}

#[rustfmt::skip] // A table.
fn coffee(stream: &mut Stream, style: Style) -> usize {
    let table: &[(&str, u32)] = match style {
        Style::PourOver => &[("CF-01", 30), ("CF-03", 26), ("CF-04", 24), ("CF-06", 8), ("CF-08", 5), ("CF-05", 6)],
        Style::Espresso | Style::Moka => &[("CF-02", 50), ("CF-07", 18), ("CF-04", 10), ("CF-05", 8)],
        Style::Press | Style::Cold => &[("CF-01", 46), ("CF-06", 20), ("CF-04", 16), ("CF-05", 6)],
        Style::Kitchen => &[("CF-01", 30), ("CF-05", 8), ("KI-10", 12), ("KI-11", 10), ("CG-01", 10)],
    };
    let code = stream.weighted(table).expect("coffees have weights");
    catalogue::index_of(code).expect("coffees are products")
}

/// Orders of people who gave no address; now and then an office buys for everybody.
fn guests(chance: Chance, map: &Map, start: Timestamp, days: i64, diary: &mut Diary) {
    for day in -super::HISTORY_DAYS..days {
        let mut stream = chance.stream(Purpose::Guest, 0, day);
        let mut left = GUESTS_A_DAY;
        while left > 0.0 && stream.is(left.min(0.8)) {
            left -= 0.4;
            let clock = people::waking_clock(&mut stream);
            let at = people::at_clock(start, day, clock, &TimeZone::UTC)
                + SignedDuration::from_secs(stream.between(0, 59));
            let style =
                stream.pick(&[Style::PourOver, Style::PourOver, Style::Press, Style::Kitchen]);
            let purse = stream.pick(&[Purse::Careful, Purse::Middling, Purse::Middling]);
            let mut basket = vec![starter(&mut stream, style, purse)];
            for &(product, weight) in map.complements(basket[0]) {
                if stream.is(f64::from(weight) / 200.0) {
                    basket.push(product);
                }
            }
            if stream.is(0.01) {
                basket = (0..catalogue::product_count()).filter(|it| it % 3 == 0).collect();
            }
            let lines = quantities(&mut stream, &basket);
            diary.baskets.push(lines.iter().map(|&(product, n)| line(product, n)).collect());
            diary.write(None, at, DraftBody::Ordered(diary.baskets.len() - 1));
        }
    }
}

/// Somebody bought `code` at an instant.
struct Bought {
    customer: usize,
    at: Timestamp,
}

/// What people wrote before `start`, by time. The authors of the pictured reviews get their names.
pub(super) fn review(
    chance: Chance,
    customers: &mut [SampleCustomer],
    events: &[SampleEvent],
    start: Timestamp,
) -> Vec<SampleReview> {
    let mut bought: BTreeMap<&'static str, Vec<Bought>> = BTreeMap::new();
    // Long enough before the start that the parcel came and was used.
    let until = start - SignedDuration::from_hours(24 * 12);
    for event in events.iter().take_while(|it| it.at < until) {
        if let (Some(customer), SampleBody::Ordered { lines, .. }) = (event.customer, &event.body) {
            for line in lines {
                bought.entry(line.code).or_default().push(Bought { customer, at: event.at });
            }
        }
    }
    let mut written = famous(chance, customers, &bought, start);
    for (code, buyers) in &bought {
        if *code != reviews::FAMOUS_CODE {
            written.extend(ordinary(chance, customers, code, buyers, start));
        }
    }
    written.sort_by(|a, b| (a.at, a.code, a.customer).cmp(&(b.at, b.code, b.customer)));
    leave_waiting(&mut written, start);
    written
}

/// The reviews of one product by some of its buyers, the texts first.
fn ordinary(
    chance: Chance,
    customers: &[SampleCustomer],
    code: &'static str,
    buyers: &[Bought],
    start: Timestamp,
) -> Vec<SampleReview> {
    let product = catalogue::index_of(code).expect("bought products exist");
    let mut texts = reviews::TEXTS.iter().filter(|it| it.0 == code);
    let mut written: Vec<SampleReview> = Vec::new();
    for (number, buyer) in buyers.iter().enumerate() {
        let key = i64::try_from(product * 1_000_000 + number).expect("a few thousand buyers");
        let mut stream = chance.stream(Purpose::Review, buyer.customer, key);
        let is_again = written.iter().any(|it| it.customer == Some(buyer.customer));
        // One in twenty writes; of a thing few have bought, every third.
        let share = if buyers.len() < 90 { 0.34 } else { 0.055 };
        if !stream.is(share) || is_again {
            continue;
        }
        // Even among the kind there are better and worse products.
        let weights = match product % 4 {
            0 => [1, 2, 6, 21, 70],
            1 => [2, 3, 8, 27, 60],
            2 => [1, 3, 7, 24, 65],
            _ => [4, 6, 14, 30, 46],
        };
        let stars: Vec<(u8, u32)> = (1..=5).zip(weights).collect();
        let rating = stream.weighted(&stars).expect("stars have weights");
        let (rating, text) = match texts.next() {
            Some((_, rating, text)) => (*rating, (*text).to_owned()),
            None => (rating, String::new()),
        };
        let at = write_at(&mut stream, buyer.at, start);
        written.push(SampleReview {
            code,
            customer: Some(buyer.customer),
            rating,
            text,
            author: author(&customers[buyer.customer]),
            bought_at: buyer.at,
            at,
            state: ReviewState::Approved,
        });
    }
    written
}

/// Between nine days and five weeks after buying, and before `start`.
fn write_at(stream: &mut Stream, bought_at: Timestamp, start: Timestamp) -> Timestamp {
    let at = bought_at + SignedDuration::from_mins(stream.between(9 * 1_440, 35 * 1_440));
    at.min(start - SignedDuration::from_mins(stream.between(4_400, 8_000)))
}

/// `Tomás R.`; who gave no name is a customer.
fn author(customer: &SampleCustomer) -> String {
    let given = &customer.name.given;
    match customer.name.family.chars().next() {
        Some(initial) => format!("{given} {initial}."),
        None => "A customer".to_owned(),
    }
}

/// The reviews of the kettle: as many of each mark as the pictures count.
fn famous(
    chance: Chance,
    customers: &mut [SampleCustomer],
    bought: &BTreeMap<&'static str, Vec<Bought>>,
    start: Timestamp,
) -> Vec<SampleReview> {
    let code = reviews::FAMOUS_CODE;
    let none = Vec::new();
    let of = |code: &str| bought.get(code).unwrap_or(&none);
    let mut buyers: Vec<&Bought> = Vec::new();
    for buyer in of(code) {
        if buyers.iter().all(|it| it.customer != buyer.customer) {
            buyers.push(buyer);
        }
    }
    let mut written = Vec::new();
    let mut room = reviews::FAMOUS_COUNTS;
    for famous in reviews::FAMOUS {
        let place = buyers.iter().position(|it| {
            let month = TimeZone::UTC.to_datetime(it.at).month();
            let is_before =
                |other: &str| of(other).iter().any(|b| b.customer == it.customer && b.at < it.at);
            famous.bought_month.is_none_or(|wanted| month == wanted)
                && famous.bought_before.is_none_or(is_before)
        });
        let Some(buyer) = place.map(|it| buyers.remove(it)) else { continue };
        people::rename(customers, buyer.customer, famous.given, famous.family);
        room[usize::from(famous.rating) - 1] -= 1;
        written.push(kettle_review(chance, customers, buyer, famous.rating, famous.text, start));
    }
    // The rest evenly over the two years.
    let wanted: usize = room.iter().map(|&it| it as usize).sum();
    let mut texts: Vec<_> = reviews::TEXTS.iter().filter(|it| it.0 == code).collect();
    let marks: Vec<u8> = (1..=5_u8)
        .flat_map(|stars| std::iter::repeat_n(stars, room[usize::from(stars) - 1] as usize))
        .collect();
    for (number, &rating) in marks.iter().enumerate().take(buyers.len().min(wanted)) {
        // A stride that shares no factor with the count mixes marks over the years.
        let place = (number * 29 % wanted) * buyers.len() / wanted;
        let text = texts.iter().position(|it| it.1 == rating).map(|it| texts.remove(it).2);
        let buyer = buyers[place];
        written.push(kettle_review(chance, customers, buyer, rating, text.unwrap_or(""), start));
    }
    written
}

fn kettle_review(
    chance: Chance,
    customers: &[SampleCustomer],
    buyer: &Bought,
    rating: u8,
    text: &str,
    start: Timestamp,
) -> SampleReview {
    let mut stream = chance.stream(Purpose::Review, buyer.customer, -1);
    SampleReview {
        code: reviews::FAMOUS_CODE,
        customer: Some(buyer.customer),
        rating,
        text: text.to_owned(),
        author: author(&customers[buyer.customer]),
        bought_at: buyer.at,
        at: write_at(&mut stream, buyer.at, start),
        state: ReviewState::Approved,
    }
}

/// Three of the newest wait for an operator: two full of praise, one not.
fn leave_waiting(written: &mut [SampleReview], start: Timestamp) {
    for (wanted, hours) in [(5, 61), (5, 40), (2, 19)] {
        let is_open = |it: &&mut SampleReview| {
            it.state == ReviewState::Approved
                && it.rating == wanted
                && !it.text.is_empty()
                && it.code != reviews::FAMOUS_CODE
        };
        if let Some(review) = written.iter_mut().rev().find(is_open) {
            review.state = ReviewState::Pending;
            review.at = start - SignedDuration::from_hours(hours);
        }
    }
    written.sort_by_key(|it| it.at);
}
