//! What is bought again, and after how long: learned from the days on which customers bought a
//! product, and what is known of its kind or stated by the shop where they say too little.
//!
//! A product is bought again if enough customers did so, if they are enough of its buyers, and if
//! they are more than would be by chance: whoever orders often meets the same thing twice. Chance is
//! that each later line of theirs is this product as often as it is anybody's new one; up to the
//! first repeat that makes as many repeats as there were by chance, whoever it was that ordered.
//!
//! Guests cannot come back under their name, so they are neither buyers nor repeats here. How many
//! pieces were bought is not looked at: who buys two bags is told as soon as who buys one, unless
//! they have an interval of their own.

use aftercart_insight::{RepeatCurve, RepeatWaits, due_again_ms, interval_days};
use aftercart_model::{CustomerId, Product, ProductId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Basket, Evidence, model::Catalogue};

/// So many customers must have bought a product again, or of its kind one of the products: fewer do
/// not show how wide their intervals are spread.
const CUSTOMERS_MIN: u32 = 10;
/// And such a share of its buyers within a year: of 200 buyers, 3 repeats are accidents.
const SHARE_MIN: f64 = 0.1;
/// And so many times more than chance.
const TIMES_CHANCE_MIN: f64 = 1.5;
/// And so many more that chance does it once in a hundred products (chi-squared, one degree).
const SURPRISE_MIN: f64 = 6.63;
/// Of what makes up more than this share of a shop's new lines chance says nothing: there is too
/// little else to buy.
const CHANCE_SHARE_MAX: f64 = 0.5;
/// What comes back sooner was forgotten in the order, not used up.
const DAYS_MIN: u32 = 5;
/// Three quarters of those who come back have done so within so many times the days in which a quarter
/// has. Of people who come by as it happens, one day as likely as another, it is 4.8 times: a day on
/// which it is due would say nothing.
const SPREAD_MAX: u32 = 3;
/// Of one customer's intervals so many teach, the newest, so that none speaks for all.
const INTERVALS_MAX: usize = 5;
/// The interval of its kind weighs as much as so many customers of the product itself.
const KIND_WEIGHT: f64 = 10.0;
/// A product that would have come back so often if it were like its kind, and did less than half as
/// often, is not like it.
const UNLIKE_EXPECTED_MIN: f64 = 5.0;
/// What the shop says lasts so many days is due after this share of them, so that the email comes
/// before the cupboard is bare.
const STATED_SHARE: f64 = 0.75;

const DAY_MS: i64 = 86_400_000;

/// Where it is known from that a product is bought again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepeatSource {
    /// Its own orders.
    Orders,
    /// Those of its kind, as its own are too few.
    Kind,
    /// The shop says how long it lasts, and orders say too little.
    Stated,
}

/// A product that is bought again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replenishment {
    /// After so many days half of those have bought it again who do so within a year.
    pub days: u32,
    /// After so many a quarter, and three quarters.
    pub days_quarter: u32,
    pub days_three_quarters: u32,
    /// How many customers bought it again on another day, of how many who bought it; of a kind, with
    /// each product counted. 0 of what is stated.
    pub customers: u32,
    pub buyers: u32,
    /// The share of buyers who come back for it within a year, those counted who may yet, in
    /// thousandths.
    pub share_thousandths: u32,
    pub source: RepeatSource,
}

impl Replenishment {
    pub fn evidence(&self) -> Evidence {
        let Self { customers, days, source, .. } = *self;
        Evidence::BoughtAgain { customers, days, source }
    }
}

/// What a shop's products are bought again after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replenishments {
    learned_at: Timestamp,
    /// By product.
    products: Vec<Option<Replenishment>>,
}

impl Replenishments {
    /// Learns from all that was bought up to `now`. The order of `orders` does not matter.
    pub fn learn(orders: &[Basket], products: &[Product], now: Timestamp) -> Self {
        Self::learn_in(&Catalogue::new(products), orders, products, now)
    }

    pub(crate) fn learn_in(
        catalogue: &Catalogue,
        orders: &[Basket],
        products: &[Product],
        now: Timestamp,
    ) -> Self {
        let by_product = Repeats::of_products(orders, catalogue, now);
        let mut by_kind: Vec<Repeats> = Vec::new();
        for (repeats, kind) in by_product.iter().zip(&catalogue.kinds) {
            let Some(kind) = kind.map(|it| it as usize) else { continue };
            if by_kind.len() <= kind {
                by_kind.resize_with(kind + 1, Repeats::default);
            }
            by_kind[kind].add(repeats);
        }
        let kinds: Vec<Option<Learned>> = by_kind.iter().map(Repeats::learned).collect();
        let mut found = vec![None; catalogue.size()];
        for product in products {
            let index = product.id.index();
            let kind = catalogue.kinds[index].and_then(|it| kinds[it as usize].as_ref());
            found[index] = replenishment(&by_product[index], kind, product.lasts_days);
        }
        Self { learned_at: now, products: found }
    }

    /// Up to when orders taught it.
    pub fn learned_at(&self) -> Timestamp {
        self.learned_at
    }

    pub fn get(&self, product: ProductId) -> Option<&Replenishment> {
        self.products.get(product.index())?.as_ref()
    }

    /// Every product that is bought again.
    pub fn iter(&self) -> impl Iterator<Item = (ProductId, &Replenishment)> {
        let all = (0..).map(ProductId).zip(&self.products);
        all.filter_map(|(id, it)| Some((id, it.as_ref()?)))
    }

    /// The days after which each product is bought again, by product.
    pub fn days_by_product(&self) -> Vec<Option<u32>> {
        self.products.iter().map(|it| it.map(|it| it.days)).collect()
    }

    /// When a customer is due to buy a product again, by when they bought it, in any order; `None` if
    /// they never did or it is not bought again. See [`due_again_ms`] for how their own interval counts.
    pub fn due_again(&self, product: ProductId, purchases: &[Timestamp]) -> Option<Timestamp> {
        let usual_days = self.get(product)?.days;
        let due_ms = due_again_ms(usual_days, &ascending_ms(purchases))?;
        Some(Timestamp::from_millisecond(due_ms).unwrap_or(Timestamp::MAX))
    }

    /// The days between their last purchase and [`Replenishments::due_again`].
    pub fn interval_days(&self, product: ProductId, purchases: &[Timestamp]) -> Option<u32> {
        Some(interval_days(self.get(product)?.days, &ascending_ms(purchases)))
    }
}

fn ascending_ms(purchases: &[Timestamp]) -> Vec<i64> {
    let mut ms: Vec<i64> = purchases.iter().map(|it| it.as_millisecond()).collect();
    ms.sort_unstable();
    ms
}

/// What its own orders, its kind and the shop say of one product: what its own say weighs most, then
/// what the shop says.
fn replenishment(
    repeats: &Repeats,
    kind: Option<&Learned>,
    lasts_days: Option<u32>,
) -> Option<Replenishment> {
    if let Some(own) = repeats.learned() {
        return Some(own.shrunk_to(kind).replenishment);
    }
    if let Some(days) = lasts_days {
        let days = ((f64::from(days) * STATED_SHARE).round() as u32).max(1);
        return Some(Replenishment {
            days,
            days_quarter: days,
            days_three_quarters: days,
            customers: 0,
            buyers: repeats.buyers,
            share_thousandths: 0,
            source: RepeatSource::Stated,
        });
    }
    let kind = kind.filter(|it| repeats.buyers > 0 && repeats.is_like(&it.curve))?;
    Some(Replenishment { source: RepeatSource::Kind, ..kind.replenishment })
}

/// What is counted of one product, or of all products of a kind.
#[derive(Clone, Debug, Default)]
struct Repeats {
    buyers: u32,
    /// Of those, who bought it again.
    customers: u32,
    /// How many of them by chance, and whether chance can be told.
    by_chance: f64,
    is_most_of_shop: bool,
    waits: RepeatWaits,
}

/// Repeats that passed every test.
struct Learned {
    replenishment: Replenishment,
    curve: RepeatCurve,
}

/// One product that one customer bought on one day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    customer: CustomerId,
    day: i64,
    product: u32,
}

impl Repeats {
    fn of_products(orders: &[Basket], catalogue: &Catalogue, now: Timestamp) -> Vec<Self> {
        let lines = lines(orders, catalogue, now);
        let today = day_of(now);
        let mut all = vec![Self::default(); catalogue.size()];
        // Of each customer: by product, then day, with how many lines they had before it.
        let mut own: Vec<(u32, i64, u32)> = Vec::new();
        let mut trials = vec![0_u64; catalogue.size()];
        for of_customer in lines.chunk_by(|a, b| a.customer == b.customer) {
            own.clear();
            let mut before = 0;
            for of_day in of_customer.chunk_by(|a, b| a.day == b.day) {
                own.extend(of_day.iter().map(|it| (it.product, it.day, before)));
                before += of_day.len() as u32;
            }
            own.sort_unstable();
            for of_product in own.chunk_by(|a, b| a.0 == b.0) {
                let product = of_product[0].0 as usize;
                all[product].count(of_product, today);
                trials[product] += lines_until_repeat(of_product, of_customer);
            }
        }
        let firsts: u64 = all.iter().map(|it| u64::from(it.buyers)).sum();
        for (repeats, trials) in all.iter_mut().zip(trials) {
            let share = f64::from(repeats.buyers) / firsts.max(1) as f64;
            repeats.by_chance = share * trials as f64;
            repeats.is_most_of_shop = CHANCE_SHARE_MAX < share;
        }
        all
    }

    /// Counts one customer's purchases of the product.
    fn count(&mut self, purchases: &[(u32, i64, u32)], today: i64) {
        self.buyers += 1;
        self.customers += u32::from(purchases.len() > 1);
        let days = |from: i64, to: i64| u32::try_from(to - from).unwrap_or(u32::MAX);
        for pair in purchases.windows(2).rev().take(INTERVALS_MAX) {
            self.waits.add_repeat(days(pair[0].1, pair[1].1));
        }
        let last = purchases[purchases.len() - 1].1;
        self.waits.add_waiting(days(last, today));
    }

    fn add(&mut self, other: &Self) {
        self.buyers += other.buyers;
        self.customers += other.customers;
        self.by_chance += other.by_chance;
        self.is_most_of_shop |= other.is_most_of_shop;
        self.waits.add(&other.waits);
    }

    fn is_more_than_chance(&self) -> bool {
        let (seen, expected) = (f64::from(self.customers), self.by_chance);
        if self.is_most_of_shop || expected <= 0.0 {
            return true;
        }
        // The log-likelihood ratio of a Poisson count.
        let surprise = 2.0 * (seen * (seen / expected).ln() - (seen - expected));
        TIMES_CHANCE_MIN <= seen / expected && SURPRISE_MIN <= surprise
    }

    fn learned(&self) -> Option<Learned> {
        if self.customers < CUSTOMERS_MIN || !self.is_more_than_chance() {
            return None;
        }
        let curve = self.waits.curve();
        let [days_quarter, days, days_three_quarters] =
            [curve.days_until(0.25)?, curve.days_until(0.5)?, curve.days_until(0.75)?];
        let has_interval = DAYS_MIN <= days && days_three_quarters <= SPREAD_MAX * days_quarter;
        if curve.share() < SHARE_MIN || !has_interval {
            return None;
        }
        let replenishment = Replenishment {
            days,
            days_quarter,
            days_three_quarters,
            customers: self.customers,
            buyers: self.buyers,
            share_thousandths: (curve.share() * 1_000.0).round() as u32,
            source: RepeatSource::Orders,
        };
        Some(Learned { replenishment, curve })
    }

    /// Whether nothing says that it comes back less than `curve` has it.
    fn is_like(&self, curve: &RepeatCurve) -> bool {
        let expected = self.waits.expected_repeats(curve);
        expected < UNLIKE_EXPECTED_MIN || expected / 2.0 <= f64::from(self.waits.repeats())
    }
}

impl Learned {
    /// The days moved towards those of the kind, the less the more customers speak for its own: by
    /// factors, as intervals are spread by factors.
    fn shrunk_to(self, kind: Option<&Self>) -> Self {
        let Some(kind) = kind else { return self };
        let own = self.replenishment;
        let weight = f64::from(own.customers) / (f64::from(own.customers) + KIND_WEIGHT);
        let between = |own: u32, kind: u32| {
            let (own, kind) = (f64::from(own.max(1)).ln(), f64::from(kind.max(1)).ln());
            (weight * own + (1.0 - weight) * kind).exp().round() as u32
        };
        let of_kind = kind.replenishment;
        let replenishment = Replenishment {
            days: between(own.days, of_kind.days),
            days_quarter: between(own.days_quarter, of_kind.days_quarter),
            days_three_quarters: between(own.days_three_quarters, of_kind.days_three_quarters),
            ..own
        };
        Self { replenishment, ..self }
    }
}

/// Everybody's lines, by customer, day and product, each once.
fn lines(orders: &[Basket], catalogue: &Catalogue, now: Timestamp) -> Vec<Line> {
    let mut lines = Vec::new();
    for basket in orders.iter().filter(|it| it.at <= now) {
        let Some(customer) = basket.customer else { continue };
        let day = day_of(basket.at);
        let known = basket.products.iter().filter(|it| catalogue.knows(**it));
        lines.extend(known.map(|it| Line { customer, day, product: it.0 }));
    }
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// How many lines a customer bought after the day of the first purchase of a product: as far as the
/// one that repeats it, or all.
fn lines_until_repeat(of_product: &[(u32, i64, u32)], all: &[Line]) -> u64 {
    let (product, day, _) = of_product[0];
    let until_first = all.partition_point(|it| it.day <= day);
    let end = match of_product.get(1) {
        // The lines before that day, and those of the day as far as itself.
        Some(&(_, repeated, before)) => {
            let of_day = all[before as usize..].iter().take_while(|it| it.day == repeated);
            before as usize + of_day.take_while(|it| it.product <= product).count()
        }
        None => all.len(),
    };
    (end - until_first) as u64
}

/// In days since 1970-01-01 in UTC.
fn day_of(at: Timestamp) -> i64 {
    at.as_millisecond().div_euclid(DAY_MS)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

    const COFFEE: ProductId = ProductId(0);
    const KETTLE: ProductId = ProductId(1);
    const MUG: ProductId = ProductId(2);
    const PAN: ProductId = ProductId(3);
    const DECAF: ProductId = ProductId(4);

    fn days_ago(days: i64) -> Timestamp {
        NOW - SignedDuration::from_hours(24 * days)
    }

    fn products() -> Vec<Product> {
        let of = |(id, kind): (u32, &str)| Product {
            kind: kind.to_owned(),
            ..Product::bare(ProductId(id), &id.to_string(), kind, 1_000)
        };
        (0..).zip(["coffee", "kettle", "mug", "pan", "coffee"]).map(of).collect()
    }

    fn basket(customer: i64, days: i64, products: &[ProductId]) -> Basket {
        let customer = (customer > 0).then_some(CustomerId(customer));
        Basket { customer, at: days_ago(days), products: products.to_vec() }
    }

    fn learn(baskets: &[Basket], products: &[Product]) -> Replenishments {
        Replenishments::learn(baskets, products, NOW)
    }

    /// Of 40 buyers of coffee 20 buy it again, half after 30 and half after 50 days, and everybody
    /// has other things on the way.
    fn coffee_drinkers() -> Vec<Basket> {
        let mut baskets = Vec::new();
        for customer in 1..=40 {
            let first = 200 + customer % 7;
            baskets.push(basket(customer, first, &[COFFEE, KETTLE]));
            baskets.push(basket(customer, first - 10, &[MUG]));
            if customer <= 20 {
                let after = if customer % 2 == 0 { 30 } else { 50 };
                baskets.push(basket(customer, first - after, &[COFFEE]));
            }
        }
        baskets.extend((301..=500).map(|it| basket(it, 100, &[PAN])));
        baskets
    }

    #[test]
    fn a_product_is_bought_again_after_the_days_its_customers_took() {
        let learned = learn(&coffee_drinkers(), &products());
        let all: Vec<ProductId> = learned.iter().map(|it| it.0).collect();
        assert_eq!(all, [COFFEE], "nobody buys a second kettle, and nobody bought decaf");
        let coffee = learned.get(COFFEE).unwrap();
        assert_eq!((coffee.days_quarter, coffee.days, coffee.days_three_quarters), (30, 30, 50));
        assert_eq!((coffee.customers, coffee.buyers), (20, 40));
        assert_eq!(coffee.source, RepeatSource::Orders);
        assert_eq!(
            coffee.evidence().to_string(),
            "bought again by 20 customers, after about 4 weeks"
        );
    }

    #[test]
    fn a_few_repeats_among_many_buyers_are_accidents() {
        let mut baskets: Vec<Basket> = (1..=200).map(|it| basket(it, 300, &[KETTLE])).collect();
        baskets.extend((1..=3).map(|it| basket(it, 250, &[KETTLE])));
        assert_eq!(learn(&baskets, &products()).get(KETTLE), None, "3 of 200");
        baskets.extend((4..=15).map(|it| basket(it, 250, &[KETTLE])));
        assert_eq!(learn(&baskets, &products()).get(KETTLE), None, "15 of 200");
        baskets.extend((16..=30).map(|it| basket(it, 250, &[KETTLE])));
        assert_eq!(learn(&baskets, &products()).get(KETTLE).map(|it| it.days), Some(50));
        let nine: Vec<Basket> =
            (1..=9).flat_map(|it| [300, 250].map(|ago| basket(it, ago, &[KETTLE]))).collect();
        assert_eq!(learn(&nine, &products()).get(KETTLE), None, "9 of 9 are too few to tell");
    }

    #[test]
    fn who_buys_everything_again_and_again_needs_nothing_in_particular() {
        // Each of 30 orders one of 5 things every 20 days, whichever comes.
        let mut baskets = Vec::new();
        for customer in 1..=30_i64 {
            for round in 0..12_i64 {
                let lot =
                    (customer * 12 + round).unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let thing = ProductId(u32::try_from((lot >> 40) % 5).unwrap());
                baskets.push(basket(customer, 250 - 20 * round, &[thing]));
            }
        }
        let learned = learn(&baskets, &products());
        assert_eq!(learned.iter().count(), 0, "{learned:?}");
    }

    #[test]
    fn who_comes_by_as_it_happens_has_no_interval() {
        // The same buyers and repeats, but for when: as of radioactive decay.
        let after = |it: i64| (100.0 * -(1.0 - (it as f64 - 0.5) / 20.0).ln()).round() as i64;
        let mut baskets = coffee_drinkers();
        baskets.retain(|it| it.products != [COFFEE]);
        let mut regular = baskets.clone();
        for customer in 1..=20 {
            let first = 350 + customer % 7;
            for (of, after) in [(&mut baskets, after(customer)), (&mut regular, 50 + customer)] {
                of.push(basket(customer, first, &[COFFEE]));
                of.push(basket(customer, first - after, &[COFFEE]));
                of.retain(|it| it.products != [COFFEE, KETTLE]);
            }
        }
        assert_eq!(learn(&baskets, &products()).get(COFFEE), None);
        assert_eq!(learn(&regular, &products()).get(COFFEE).map(|it| it.days), Some(60));
    }

    #[test]
    fn a_shop_of_one_thing_is_not_asked_about_chance() {
        let twice = |it| [200, 160].map(|ago| basket(it, ago, &[COFFEE]));
        let baskets: Vec<Basket> = (1..=20).flat_map(twice).collect();
        assert_eq!(learn(&baskets, &products()).get(COFFEE).map(|it| it.days), Some(40));
    }

    #[test]
    fn a_product_with_few_repeats_is_taken_for_one_of_its_kind() {
        let mut baskets = coffee_drinkers();
        baskets.extend((101..=110).map(|it| basket(it, 60, &[DECAF])));
        let decaf = *learn(&baskets, &products()).get(DECAF).unwrap();
        assert_eq!((decaf.days, decaf.source), (30, RepeatSource::Kind));
        baskets.extend((111..=160).map(|it| basket(it, 360, &[DECAF])));
        assert_eq!(learn(&baskets, &products()).get(DECAF), None, "60 buyers, and nobody again");
        let mut few = coffee_drinkers();
        for customer in 101..=112 {
            few.push(basket(customer, 200, &[DECAF]));
            few.push(basket(customer, 140, &[DECAF]));
        }
        let decaf = *learn(&few, &products()).get(DECAF).unwrap();
        assert_eq!(decaf.source, RepeatSource::Orders);
        assert!((31..60).contains(&decaf.days), "{} lies between 30 and 60", decaf.days);
    }

    #[test]
    fn what_the_shop_says_holds_where_orders_say_too_little() {
        let mut products = products();
        products[KETTLE.index()].lasts_days = Some(40);
        products[COFFEE.index()].lasts_days = Some(400);
        let learned = learn(&coffee_drinkers(), &products);
        let kettle = learned.get(KETTLE).unwrap();
        assert_eq!((kettle.days, kettle.source), (30, RepeatSource::Stated), "three quarters");
        assert_eq!(learned.get(COFFEE).unwrap().days, 30, "as orders have it");
        assert_eq!(kettle.evidence().to_string(), "used up after about 4 weeks, as the shop says");
    }

    #[test]
    fn guests_and_what_lies_ahead_teach_nothing() {
        let expected = learn(&coffee_drinkers(), &products());
        let mut baskets = coffee_drinkers();
        baskets.extend((0..50).map(|it| basket(0, it, &[KETTLE])));
        baskets.extend((1..=40).map(|it| basket(it, -30, &[KETTLE])));
        assert_eq!(learn(&baskets, &products()), expected);
    }

    #[test]
    fn it_is_due_after_the_usual_days_or_their_own() {
        let learned = learn(&coffee_drinkers(), &products());
        let due = |days: &[i64]| {
            let bought: Vec<Timestamp> = days.iter().map(|it| days_ago(*it)).collect();
            learned.due_again(COFFEE, &bought).map(|it| it.duration_since(NOW).as_hours() / 24)
        };
        assert_eq!(due(&[10]), Some(20), "30 days after it was bought 10 days ago");
        assert_eq!(due(&[100]), Some(-70));
        assert_eq!(due(&[20, 10, 30]), Some(4), "they take 10 days, and people 30: 14");
        assert_eq!(due(&[]), None);
        assert_eq!(learned.due_again(KETTLE, &[NOW]), None);
    }

    proptest! {
        #[test]
        fn the_order_of_orders_is_of_no_consequence(
            rows in vec((0_i64..12, 0_i64..400, vec(0_u32..5, 0..3)), 0..120), turn in 0_usize..120,
        ) {
            let of = |(customer, days, ids): &(i64, i64, Vec<u32>)| {
                let ids: Vec<ProductId> = ids.iter().map(|it| ProductId(*it)).collect();
                basket(*customer, *days, &ids)
            };
            let mut baskets: Vec<Basket> = rows.iter().map(of).collect();
            let expected = learn(&baskets, &products());
            let turn = turn.min(baskets.len());
            baskets.rotate_left(turn);
            baskets.reverse();
            let learned = learn(&baskets, &products());
            prop_assert_eq!(&learned, &expected);
            for (_, it) in learned.iter() {
                prop_assert!(it.days_quarter <= it.days && it.days <= it.days_three_quarters);
                prop_assert!(it.customers <= it.buyers && CUSTOMERS_MIN <= it.customers);
            }
        }

        #[test]
        fn buying_again_puts_off_when_it_is_due(mut days in vec(1_i64..400, 1..8)) {
            let learned = learn(&coffee_drinkers(), &products());
            days.sort_unstable();
            let mut bought: Vec<Timestamp> = days.iter().map(|it| days_ago(*it)).collect();
            bought.push(NOW);
            prop_assert!(learned.due_again(COFFEE, &bought).unwrap() > NOW);
        }
    }
}
