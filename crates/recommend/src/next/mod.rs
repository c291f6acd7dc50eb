//! What a customer adds next: every product they do not have, ranked for one customer and one moment.
//!
//! Four tables of links between products are learned from whole histories, from baskets, from the
//! last weeks and from names; with what the last days say of each product and what is known of the
//! customer they make the terms of [`terms`]. How much each term is worth is learned, by boosted
//! trees, from the shop's own past: from what customers really added after orders of earlier months,
//! with nothing known but what was known then.
//!
//! The tables and the trees are learned on schedule ([`Next::train`]); what the last days say, every
//! night ([`Next::refresh`]).

mod choose;
mod fresh;
mod links;
mod names;
mod sales;
mod spread;
mod sweep;
mod terms;
mod trees;

use std::collections::{BTreeMap, HashSet};

use aftercart_model::{Product, ProductId, Timestamp};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use self::choose::{BesideBefore, Chosen, ModelCheck};
use self::{
    choose::{InUse, choose},
    fresh::Fresh,
    links::Links,
    sales::{Bought, Sales, day_of, fade},
    spread::spread,
    terms::{Asked, Shop, Terms},
    trees::Trees,
};
use crate::{Basket, Taste, model::Catalogue};

/// Of the products that sell, so many take part in the dense tables: their cost is cubic.
const PRODUCTS_MAX: usize = 10_000;
/// In what is learned of earlier months fewer do, as it is done for each of them.
const EARLIER_PRODUCTS_MAX: usize = 2_000;

/// A product not sold for longer is in no table.
const ACTIVE_DAYS: i32 = 400;

/// After so many days a purchase teaches half as much.
const HALF_LIFE_DAYS: f32 = 180.0;
const CUSTOMERS_RIDGE: f32 = 100.0;
const BASKETS_RIDGE: f32 = 20.0;
/// What stands in one basket goes out of fashion more slowly than what one person wants.
const BASKETS_HALF_LIFE_DAYS: f32 = 365.0;
/// A basket of more teaches nothing: of a guest it is a till's total, of a customer a wholesaler's.
const BASKET_PRODUCTS_MAX: usize = 100;
const CUSTOMER_PRODUCTS_MAX: usize = 400;

/// The trees learn from the orders of so many stretches of so many days, the last of which ends now.
const STRETCHES: i32 = 4;
const STRETCH_DAYS: i32 = 45;
/// What was added counts if the next order came within so many days.
const NEXT_ORDER_DAYS: i32 = 60;
/// Orders looked at in a stretch, and products passed over that each is held against.
const CASES_MAX: usize = 1_000;
const PASSED_OVER_MAX: usize = 60;
/// Before a stretch so many days must have taught the tables.
const DAYS_BEFORE_MIN: i32 = 60;
/// How often the links of the last weeks are learned anew within a stretch.
const RECENT_EVERY_DAYS: i32 = 7;

/// Of a customer's own habits, which fade so fast, and what their history says for other products.
const HABIT_HALF_LIFE_DAYS: f32 = 120.0;
const HISTORY_SHARE: f32 = 2.0;
const RECENT_SHARE: f32 = 0.5;

/// What whole histories and baskets teach.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Learned {
    customers: Links,
    baskets: Links,
    /// Per product, what speaks for it in any basket.
    in_any_basket: Vec<f32>,
}

impl Learned {
    fn new(sales: &Sales, day: i32, products_max: usize) -> Self {
        let among = sales.active(day, ACTIVE_DAYS, products_max);
        let whole = i32::MAX / 2;
        let rows = sales.customer_rows(day, HALF_LIFE_DAYS, whole, CUSTOMER_PRODUCTS_MAX);
        let customers = Links::ease(&rows, &among, sales.size, CUSTOMERS_RIDGE);
        let rows = sales.basket_rows(day, BASKETS_HALF_LIFE_DAYS);
        let (baskets, in_any_basket) =
            Links::ease_with_constants(rows, &among, sales.size, BASKETS_RIDGE);
        Self { customers, baskets, in_any_basket }
    }
}

/// Ranks what customers do not have by how likely they add it with their next order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Next {
    log_prices: Vec<f32>,
    kinds: Vec<Option<u32>>,
    alike: Links,
    learned: Learned,
    recent: Links,
    fresh: Fresh,
    /// `None` of a shop that has too few orders to learn from, or where they make it worse.
    trees: Option<Trees>,
    /// The day on which the trees were learned.
    trees_day: i32,
    check: Option<ModelCheck>,
}

impl Next {
    /// Learns from all that was sold before the day of `now`. Trees of `before` stay in use if those
    /// learned now are worse.
    pub(crate) fn train(
        orders: &[Basket],
        products: &[Product],
        catalogue: &Catalogue,
        now: Timestamp,
        before: Option<&Self>,
    ) -> Self {
        let day = day_of(now);
        let sales = Sales::new(orders, catalogue, day, BASKET_PRODUCTS_MAX);
        let mut next = Self {
            log_prices: catalogue.log_prices(),
            kinds: catalogue.kinds.clone(),
            alike: names::alike(products, catalogue.size()),
            learned: Learned::default(),
            recent: Links::default(),
            fresh: Fresh::default(),
            trees: None,
            trees_day: day,
            check: None,
        };
        let in_use =
            before.and_then(|it| Some(InUse { trees: it.trees.as_ref()?, day: it.trees_day }));
        let examples = next.examples(&sales, day);
        // Neither keeps all cores busy by itself.
        ((next.trees, next.check), next.learned) = rayon::join(
            || choose(examples, in_use.as_ref()),
            || Learned::new(&sales, day, PRODUCTS_MAX),
        );
        if let (Some(InUse { day, .. }), Some(ModelCheck { chosen: Chosen::Before, .. })) =
            (in_use, next.check)
        {
            next.trees_day = day;
        }
        next.refresh_from(&sales, day);
        next
    }

    /// Learns the tables anew, the trees as they are: with the same cases of what customers added,
    /// trees of a fortnight later are the same.
    pub(crate) fn retrain_tables(
        &mut self,
        orders: &[Basket],
        catalogue: &Catalogue,
        now: Timestamp,
    ) {
        let sales = Sales::new(orders, catalogue, day_of(now), BASKET_PRODUCTS_MAX);
        self.learned = Learned::new(&sales, day_of(now), PRODUCTS_MAX);
        self.refresh_from(&sales, day_of(now));
    }

    /// Learns what the last days say.
    pub(crate) fn refresh(&mut self, orders: &[Basket], catalogue: &Catalogue, now: Timestamp) {
        let sales = Sales::new(orders, catalogue, day_of(now), BASKET_PRODUCTS_MAX);
        self.refresh_from(&sales, day_of(now));
    }

    fn refresh_from(&mut self, sales: &Sales, day: i32) {
        self.recent = fresh::recent_links(sales, day, CUSTOMER_PRODUCTS_MAX);
        self.fresh = Fresh::new(sales, day);
    }

    /// Of trees, else what the history and the last order say.
    fn score(&self, asked: &Asked<'_>, product: u32) -> f32 {
        match &self.trees {
            Some(trees) => trees.score(&asked.terms(product)),
            None => asked.history_says(product) + asked.anchors_say(product),
        }
    }

    /// What `taste` says of every product at `now`.
    fn ask<T>(&self, taste: &Taste, now: Timestamp, answer: impl FnOnce(&Asked<'_>) -> T) -> T {
        let size = self.fresh.products.len();
        let is_known = |it: &ProductId| it.index() < size;
        let bought = taste.bought.iter().filter(|it| is_known(&it.0) && it.1 <= now);
        let mut own: Vec<Bought> =
            bought.map(|(it, at)| Bought { day: day_of(*at), product: it.0 }).collect();
        own.sort_unstable();
        own.dedup();
        let mut anchors: Vec<u32> =
            taste.anchors.iter().filter(|it| is_known(it)).map(|it| it.0).collect();
        anchors.sort_unstable();
        anchors.dedup();
        let shop = Shop { log_prices: &self.log_prices, kinds: &self.kinds, alike: &self.alike };
        let tables = (&self.learned, &self.recent, &self.fresh);
        answer(&Asked::new(tables, &shop, &own, &anchors, day_of(now)))
    }

    /// What a customer adds next: products on sale that they do not have and that `can_be_shown`, the
    /// most likely first, the first ten of them spread over what they go with.
    pub fn rank(
        &self,
        taste: &Taste,
        now: Timestamp,
        can_be_shown: &dyn Fn(ProductId) -> bool,
    ) -> Vec<ProductId> {
        let score = |asked: &Asked<'_>| {
            let candidates = asked.candidates(&|it| can_be_shown(ProductId(it)));
            let score = |it: u32| (ProductId(it), self.score(asked, it));
            candidates.into_iter().map(score).collect()
        };
        let ranked = best_first(self.ask(taste, now, score));
        match self.trees {
            Some(_) => spread(&ranked, &self.learned.baskets, &self.alike),
            // Without trees scores are no log-odds, from which a link could be taken.
            None => ranked.into_iter().map(|it| it.0).collect(),
        }
    }

    /// Better versions of what was just bought, each of `steps`: those on sale that they do not have,
    /// the most likely first, with scores that order them and mean nothing else.
    pub fn rank_steps(
        &self,
        taste: &Taste,
        now: Timestamp,
        steps: &[ProductId],
    ) -> Vec<(ProductId, f32)> {
        let score = |asked: &Asked<'_>| {
            let offered =
                |it: &&ProductId| it.index() < self.fresh.products.len() && !asked.has(it.0);
            let steps = steps.iter().filter(offered);
            steps.map(|it| (*it, self.score(asked, it.0))).collect()
        };
        best_first(self.ask(taste, now, score))
    }

    /// How likely the customer adds each of `products`, as shares of one held against one another.
    /// `None` where the shop has too few orders to tell.
    pub(crate) fn chances(
        &self,
        taste: &Taste,
        now: Timestamp,
        products: &[ProductId],
    ) -> Option<Vec<f64>> {
        let trees = self.trees.as_ref()?;
        let size = self.fresh.products.len();
        let chance = |asked: &Asked<'_>, it: &ProductId| {
            // One that came into the catalogue since was never sold: last, and not left out.
            let score = if it.index() < size { trees.score(&asked.terms(it.0)) } else { -20.0 };
            1.0 / (1.0 + f64::from(-score).exp())
        };
        Some(self.ask(taste, now, |asked| products.iter().map(|it| chance(asked, it)).collect()))
    }

    /// What the next order holds, whether they had it before or not.
    pub fn rank_next_order(&self, taste: &Taste, now: Timestamp) -> Vec<(ProductId, f32)> {
        let score = |asked: &Asked<'_>| {
            let mut habits: BTreeMap<u32, f32> = BTreeMap::new();
            for it in asked.own() {
                let age = asked.day() - it.day;
                *habits.entry(it.product).or_insert(0.0) += fade(age, HABIT_HALF_LIFE_DAYS);
            }
            let products = 0..u32::try_from(self.fresh.products.len()).expect("32 bits");
            let known = products.filter(|it| self.fresh.products[*it as usize].is_on_sale);
            let score = |it: u32| {
                let habit = habits.get(&it).copied().unwrap_or(0.0);
                habit
                    + HISTORY_SHARE * asked.history_says(it)
                    + RECENT_SHARE * asked.recent_says(it)
            };
            known.map(|it| (ProductId(it), score(it))).collect()
        };
        best_first(self.ask(taste, now, score))
    }

    /// What most people bought for the first time of late, without what these have.
    pub fn rank_popular(&self, taste: &Taste) -> Vec<ProductId> {
        let has: HashSet<ProductId> = taste.bought.iter().map(|it| it.0).collect();
        let rising = self.fresh.rising.iter().map(|it| ProductId(*it));
        rising.filter(|it| !has.contains(it)).collect()
    }

    /// What is missing from a basket, the most likely first.
    pub fn complete(&self, basket: &[ProductId]) -> Vec<(ProductId, f32)> {
        let mut voices = self.learned.in_any_basket.clone();
        for product in basket {
            for (other, link) in self.learned.baskets.of(product.index()) {
                voices[other] += link;
            }
        }
        let others = (0..).map(ProductId).zip(voices);
        best_first(others.filter(|it| it.1 > 0.0 && !basket.contains(&it.0)).collect())
    }

    /// How the trees did before they were used; `None` where orders were too few to tell.
    pub fn check(&self) -> Option<&ModelCheck> {
        self.check.as_ref()
    }

    /// What customers added in earlier months, held against what they passed over; the newest first.
    fn examples(&self, sales: &Sales, day: i32) -> Vec<Examples> {
        let first = sales.first_day().unwrap_or(day);
        let starts = (1..=STRETCHES).map(|it| day - it * STRETCH_DAYS);
        let starts: Vec<i32> = starts.filter(|it| it - first >= DAYS_BEFORE_MIN).collect();
        starts.into_par_iter().map(|start| self.stretch(sales, start, day)).collect()
    }

    /// The examples of orders from `start` on, whose next orders came before `end`.
    fn stretch(&self, sales: &Sales, start: i32, end: i32) -> Examples {
        let learned = Learned::new(sales, start, EARLIER_PRODUCTS_MAX);
        let mut cases: BTreeMap<i32, Vec<Case<'_>>> = BTreeMap::new();
        for case in cases_between(sales, start, (start + STRETCH_DAYS).min(end), end) {
            cases.entry(case.day).or_default().push(case);
        }
        let mut recent = (i32::MIN, Links::default());
        let mut examples = Examples::default();
        let shop = Shop { log_prices: &self.log_prices, kinds: &self.kinds, alike: &self.alike };
        for (day, cases) in cases {
            if day >= recent.0.saturating_add(RECENT_EVERY_DAYS) || recent.0 == i32::MIN {
                recent = (day, fresh::recent_links(sales, day, CUSTOMER_PRODUCTS_MAX));
            }
            let fresh = Fresh::new(sales, day);
            for case in cases {
                let anchors: Vec<u32> = case.anchors.iter().map(|it| it.product).collect();
                let tables = (&learned, &recent.1, &fresh);
                let asked = Asked::new(tables, &shop, case.own, &anchors, day);
                examples.add(&asked, &case);
            }
        }
        examples
    }
}

/// Of equal scores the lower id first.
fn best_first(mut scored: Vec<(ProductId, f32)>) -> Vec<(ProductId, f32)> {
    scored.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scored
}

/// A customer right after an order, and what they added with the next.
struct Case<'a> {
    day: i32,
    own: &'a [Bought],
    anchors: &'a [Bought],
    added: Vec<u32>,
    /// The day of that next order.
    next: i32,
    lot: u64,
}

/// The cases of orders from `start` to before `end`, whose next order came before `known_until`; of
/// too many those whose lot falls so.
fn cases_between(sales: &Sales, start: i32, end: i32, known_until: i32) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for (customer, bought) in (0_u64..).zip(&sales.customers) {
        let mut anchors_start = 0;
        while anchors_start < bought.len() {
            let day = bought[anchors_start].day;
            let anchors_end =
                anchors_start + bought[anchors_start..].partition_point(|it| it.day == day);
            let own = &bought[..anchors_end];
            let rest = &bought[anchors_end..];
            let next = rest.first().map(|it| it.day).filter(|it| *it < known_until);
            if let Some(next) = next
                && (start..end).contains(&day)
                && next - day <= NEXT_ORDER_DAYS
            {
                let later = rest.iter().take_while(|it| it.day == next).map(|it| it.product);
                let is_new = |it: &u32| own.iter().all(|own| own.product != *it);
                let added: Vec<u32> = later.filter(is_new).collect();
                if !added.is_empty() {
                    let anchors = &bought[anchors_start..anchors_end];
                    let lot = mix(customer << 20 ^ u64::from(day.unsigned_abs()));
                    cases.push(Case { day, own, anchors, added, next, lot });
                }
            }
            anchors_start = anchors_end;
        }
    }
    cases.sort_unstable_by_key(|it| (it.lot, it.day));
    cases.truncate(CASES_MAX);
    cases
}

/// A number that looks drawn by lot and is always the same (splitmix64).
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One case among the rows of all.
#[derive(Clone, Copy, Debug)]
struct CaseRows {
    rows_end: usize,
    next: i32,
}

#[derive(Clone, Debug, Default)]
struct Examples {
    cases: Vec<CaseRows>,
    terms: Vec<Terms>,
    is_taken: Vec<bool>,
    weights: Vec<f32>,
}

impl Examples {
    fn add(&mut self, asked: &Asked<'_>, case: &Case<'_>) {
        let candidates = asked.candidates(&|_| true);
        let (taken, mut passed): (Vec<u32>, Vec<u32>) =
            candidates.into_iter().partition(|it| case.added.contains(it));
        if taken.is_empty() {
            return;
        }
        passed.sort_unstable_by_key(|it| mix(case.lot ^ u64::from(*it)));
        passed.truncate(PASSED_OVER_MAX);
        // Every order counts, not every product: the square root lies between.
        let weight = (taken.len() as f32).sqrt().recip();
        for (products, is_taken) in [(taken, true), (passed, false)] {
            for product in products {
                self.terms.push(asked.terms(product));
                self.is_taken.push(is_taken);
                self.weights.push(weight);
            }
        }
        self.cases.push(CaseRows { rows_end: self.terms.len(), next: case.next });
    }

    fn and(mut self, other: Self) -> Self {
        let rows = self.terms.len();
        let moved = |it: CaseRows| CaseRows { rows_end: it.rows_end + rows, ..it };
        self.cases.extend(other.cases.into_iter().map(moved));
        self.terms.extend(other.terms);
        self.is_taken.extend(other.is_taken);
        self.weights.extend(other.weights);
        self
    }
}

#[cfg(test)]
mod tests {
    use aftercart_model::CustomerId;

    use super::*;

    const PRODUCTS: u32 = 60;
    const NOW: Timestamp = Timestamp::constant(1_300_000_000, 0);

    /// A shop of six kinds of people, each of whom buys among ten products of their own, two at a time
    /// about every three weeks. `other` may put another product in a line's place.
    fn orders(other: impl Fn(u64, u32) -> u32) -> Vec<Basket> {
        let mut orders = Vec::new();
        for customer in 0..600_u64 {
            let mut left: Vec<u32> = (0..10).map(|it| it * 6 + (customer % 6) as u32).collect();
            left.sort_unstable_by_key(|it| mix(customer << 8 ^ u64::from(*it)));
            for (order, pair) in (0_u64..).zip(left.chunks(2)) {
                let lot = mix(customer << 16 ^ order);
                let days_ago = 10 + (4 - order) * 21 + lot % 15 + mix(customer) % 60;
                let at = NOW - jiff::SignedDuration::from_hours(24 * days_ago as i64);
                let products = pair.iter().map(|it| ProductId(other(lot, *it))).collect();
                let customer = Some(CustomerId(customer as i64 + 1));
                orders.push(Basket { customer, at, products });
            }
        }
        orders
    }

    fn check(orders: &[Basket]) -> ModelCheck {
        let product = |it| Product::bare(ProductId(it), "", &format!("Thing {it}"), 1_000);
        let products: Vec<Product> = (0..PRODUCTS).map(product).collect();
        let next = Next::train(orders, &products, &Catalogue::new(&products), NOW, None);
        *next.check().expect("enough orders")
    }

    #[test]
    fn what_people_of_one_kind_buy_is_learned() {
        let found = check(&orders(|_, it| it));
        assert!(found.learned > 0.8 && found.chosen == Chosen::Learned, "{found:?}");
    }

    #[test]
    fn a_shuffled_past_teaches_nothing() {
        let found =
            check(&orders(|lot, it| (mix(lot ^ u64::from(it)) % u64::from(PRODUCTS)) as u32));
        assert!((0.42..0.58).contains(&found.learned), "{found:?}");
    }
}
