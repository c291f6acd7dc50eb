//! How good the recommendations are, on the shop's own past: what was recommended on a day with what
//! was known by that morning, against what customers then bought.
//!
//! An order is all that a customer buys on one day. A case is a customer right after an order; what
//! counts are the products of the next order, within [`HORIZON_DAYS`], that they had never bought.
//! Every case counts, one without an answer as a miss.

use std::collections::{BTreeMap, HashMap, HashSet};

use aftercart_model::{CustomerId, Product, ProductId, Timestamp};
use jiff::{SignedDuration, tz::TimeZone};
use serde::Serialize;

use crate::{Basket, Model, Taste, TrainOptions};

/// The next order counts if it comes within so many days.
pub const HORIZON_DAYS: i64 = 60;

/// Products of a list that are looked at.
pub const LIST_LENGTH: usize = 10;

/// How often tables are learned anew while days go by.
const TABLES_EVERY_DAYS: i64 = 7;

/// Draws of customers behind an interval.
const DRAWS: usize = 400;

/// A customer right after an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub customer: CustomerId,
    /// The last line of that day.
    pub as_of: Timestamp,
    /// What the next order held that they had never bought, ascending.
    pub added: Vec<ProductId>,
}

/// The cases whose order is from `start` on and whose next order is before `end`, by time.
pub fn cases(orders: &[Basket], start: Timestamp, end: Timestamp) -> Vec<Case> {
    let mut own: BTreeMap<CustomerId, Vec<&Basket>> = BTreeMap::new();
    for basket in orders {
        if let Some(customer) = basket.customer {
            own.entry(customer).or_default().push(basket);
        }
    }
    let mut cases = Vec::new();
    for (customer, mut baskets) in own {
        baskets.sort_by_key(|it| it.at);
        let days: Vec<&[&Basket]> =
            baskets.chunk_by(|a, b| midnight(a.at) == midnight(b.at)).collect();
        let mut has: HashSet<ProductId> = HashSet::new();
        for pair in days.windows(2) {
            let (today, next) = (pair[0], pair[1]);
            has.extend(today.iter().flat_map(|it| &it.products));
            let gap = midnight(next[0].at).duration_since(midnight(today[0].at));
            let as_of = today.last().map_or(start, |it| it.at);
            let is_in_window = as_of >= start && next[0].at < end;
            if !is_in_window || gap > SignedDuration::from_hours(24 * HORIZON_DAYS) {
                continue;
            }
            let bought = next.iter().flat_map(|it| &it.products);
            let mut added: Vec<ProductId> =
                bought.copied().filter(|it| !has.contains(it)).collect();
            added.sort_unstable();
            added.dedup();
            if !added.is_empty() {
                cases.push(Case { customer, as_of, added });
            }
        }
    }
    cases.sort_by_key(|it| (it.as_of, it.customer));
    cases
}

fn midnight(at: Timestamp) -> Timestamp {
    let day = at.to_zoned(TimeZone::UTC).start_of_day();
    day.map_or(at, |it| it.timestamp())
}

/// The model as it was known on each morning of a stretch of days.
pub struct Nightly<'a> {
    orders: &'a [Basket],
    products: &'a [Product],
    own: HashMap<CustomerId, Vec<(ProductId, Timestamp)>>,
    first_sold: HashMap<ProductId, Timestamp>,
    model: Model,
    morning: Timestamp,
    tables_at: Timestamp,
}

impl<'a> Nightly<'a> {
    /// Trained on what was sold before the morning of `start`.
    pub fn new(orders: &'a [Basket], products: &'a [Product], start: Timestamp) -> Self {
        let morning = midnight(start);
        let mut own: HashMap<CustomerId, Vec<(ProductId, Timestamp)>> = HashMap::new();
        for basket in orders {
            if let Some(customer) = basket.customer {
                let lines = basket.products.iter().map(|it| (*it, basket.at));
                own.entry(customer).or_default().extend(lines);
            }
        }
        let mut first_sold: HashMap<ProductId, Timestamp> = HashMap::new();
        for basket in orders {
            for product in &basket.products {
                let first = first_sold.entry(*product).or_insert(basket.at);
                *first = basket.at.min(*first);
            }
        }
        let known: Vec<Basket> = orders.iter().filter(|it| it.at < morning).cloned().collect();
        let model = Model::train(known, products, morning, &TrainOptions::default());
        Self { orders, products, own, first_sold, model, morning, tables_at: morning }
    }

    /// The model of the morning of the day of `at`, which is not to lie before those asked for so far.
    pub fn model_on(&mut self, at: Timestamp) -> &Model {
        let morning = midnight(at);
        if morning > self.morning {
            self.morning = morning;
            let days = SignedDuration::from_hours(24 * TABLES_EVERY_DAYS);
            if morning.duration_since(self.tables_at) >= days {
                self.tables_at = morning;
                self.model.retrain_tables(self.orders, self.products, morning);
            } else {
                self.model.refresh(self.orders, self.products, morning);
            }
        }
        &self.model
    }

    /// What a customer had bought by `at`; the products of that day are what is spoken about.
    pub fn taste(&self, customer: CustomerId, at: Timestamp) -> Taste {
        let all = self.own.get(&customer).map_or(&[][..], Vec::as_slice);
        let bought: Vec<_> = all.iter().copied().filter(|it| it.1 <= at).collect();
        let today = midnight(at);
        let anchors = bought.iter().filter(|it| midnight(it.1) == today).map(|it| it.0);
        let mut anchors: Vec<ProductId> = anchors.collect();
        anchors.sort_unstable();
        anchors.dedup();
        Taste { bought, anchors }
    }

    /// The first [`LIST_LENGTH`] of what the customer of a case is most likely to add.
    pub fn answer(&mut self, customer: CustomerId, at: Timestamp) -> Vec<ProductId> {
        let taste = self.taste(customer, at);
        let mut ranked = self.model_on(at).next().rank(&taste, at, &|_| true);
        ranked.truncate(LIST_LENGTH);
        ranked
    }

    /// Better versions of what the customer of a case just bought, the likeliest first; of what was
    /// sold by that morning, since what came later nobody could have shown.
    pub fn answer_upsell(&mut self, customer: CustomerId, at: Timestamp) -> Vec<ProductId> {
        let taste = self.taste(customer, at);
        let mut steps = self.model_on(at).all_steps_up(&taste.anchors);
        steps.retain(|it| self.first_sold.get(it).is_some_and(|first| *first < midnight(at)));
        let ranked = self.model.next().rank_steps(&taste, at, &steps);
        ranked.into_iter().take(LIST_LENGTH).map(|it| it.0).collect()
    }

    /// What the customer of a case orders next, what they had before among it.
    pub fn answer_next_order(&mut self, customer: CustomerId, at: Timestamp) -> Vec<ProductId> {
        let taste = self.taste(customer, at);
        let ranked = self.model_on(at).next().rank_next_order(&taste, at);
        ranked.into_iter().take(LIST_LENGTH).map(|it| it.0).collect()
    }

    /// The best sellers that the customer of a case does not have.
    pub fn answer_popular(&mut self, customer: CustomerId, at: Timestamp) -> Vec<ProductId> {
        let taste = self.taste(customer, at);
        let next = self.model_on(at).next();
        next.rank_popular(&taste).into_iter().take(LIST_LENGTH).collect()
    }
}

/// A mean over cases with the interval in which it lies in 95 of 100 draws of customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Measured {
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

/// How often lists held what customers then bought.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OfflineScore {
    pub cases: usize,
    /// The share of what they added that the first four, and ten, of the list held.
    pub recall_at_4: Measured,
    pub recall_at_10: Measured,
    /// The same, a place further down counting less; binary gain.
    pub ndcg_at_10: Measured,
    /// The share of cases with anything right among ten.
    pub hit_at_10: Measured,
    /// The share of the products known before that stands in any list.
    pub coverage_at_10: f64,
}

/// Scores `lists`, one for each of `cases`; `catalogue` is the number of products that could be listed.
pub fn score(cases: &[Case], lists: &[Vec<ProductId>], catalogue: usize) -> OfflineScore {
    let each: Vec<[f64; 4]> =
        cases.iter().zip(lists).map(|(case, list)| score_one(&case.added, list)).collect();
    let mut by_customer: BTreeMap<CustomerId, ([f64; 4], f64)> = BTreeMap::new();
    for (case, own) in cases.iter().zip(&each) {
        let (sums, count) = by_customer.entry(case.customer).or_default();
        (0..4).for_each(|it| sums[it] += own[it]);
        *count += 1.0;
    }
    let customers: Vec<_> = by_customer.into_values().collect();
    let shown: HashSet<ProductId> =
        lists.iter().flat_map(|it| it.iter().take(LIST_LENGTH)).copied().collect();
    let measured = measure(&customers);
    OfflineScore {
        cases: cases.len(),
        recall_at_4: measured[0],
        recall_at_10: measured[1],
        ndcg_at_10: measured[2],
        hit_at_10: measured[3],
        coverage_at_10: shown.len() as f64 / catalogue.max(1) as f64,
    }
}

/// Recall at 4 and at 10, NDCG at 10, whether anything is right.
fn score_one(added: &[ProductId], list: &[ProductId]) -> [f64; 4] {
    let discount = |place: usize| 1.0 / (place as f64 + 2.0).log2();
    let is_right = |it: &ProductId| added.binary_search(it).is_ok();
    let right: Vec<usize> = (0..)
        .zip(list.iter().take(LIST_LENGTH))
        .filter(|it| is_right(it.1))
        .map(|it| it.0)
        .collect();
    let among = added.len().max(1) as f64;
    let of_4 = right.iter().filter(|it| **it < 4).count() as f64;
    let gain: f64 = right.iter().map(|it| discount(*it)).sum();
    let ideal: f64 = (0..added.len().min(LIST_LENGTH)).map(discount).sum();
    let hit = if right.is_empty() { 0.0 } else { 1.0 };
    [of_4 / among, right.len() as f64 / among, gain / ideal.max(f64::MIN_POSITIVE), hit]
}

/// Means over cases, with the bootstrap over customers: who orders often is not many people.
fn measure(customers: &[([f64; 4], f64)]) -> [Measured; 4] {
    let mean = |picked: &mut dyn Iterator<Item = usize>| {
        let (mut sums, mut count) = ([0.0; 4], 0.0);
        for index in picked {
            (0..4).for_each(|it| sums[it] += customers[index].0[it]);
            count += customers[index].1;
        }
        sums.map(|it| it / f64::max(count, 1.0))
    };
    let means = mean(&mut (0..customers.len()));
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut lot = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % customers.len().max(1)
    };
    let mut draws: Vec<[f64; 4]> = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        draws.push(mean(&mut (0..customers.len()).map(|_| lot())));
    }
    [0, 1, 2, 3].map(|at| {
        let mut drawn: Vec<f64> = draws.iter().map(|it| it[at]).collect();
        drawn.sort_unstable_by(f64::total_cmp);
        Measured { mean: means[at], low: drawn[DRAWS / 40], high: drawn[DRAWS - 1 - DRAWS / 40] }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u32, hour: u32) -> Timestamp {
        format!("2026-01-{day:02}T{hour:02}:00:00Z").parse().unwrap()
    }

    fn basket(customer: i64, at: Timestamp, products: &[u32]) -> Basket {
        let products = products.iter().map(|it| ProductId(*it)).collect();
        Basket { customer: Some(CustomerId(customer)), at, products }
    }

    fn ids(ids: &[u32]) -> Vec<ProductId> {
        ids.iter().map(|it| ProductId(*it)).collect()
    }

    #[test]
    fn a_case_is_a_day_and_what_the_next_order_added() {
        let orders = [
            basket(1, at(2, 9), &[1]),
            basket(1, at(2, 17), &[2]),
            basket(1, at(5, 9), &[2, 3, 4]),
            basket(1, at(9, 9), &[1, 3]),
            basket(2, at(3, 9), &[1]),
        ];
        let found = cases(&orders, at(1, 0), at(31, 0));
        let expected = Case { customer: CustomerId(1), as_of: at(2, 17), added: ids(&[3, 4]) };
        assert_eq!(found, [expected], "on the 9th they added nothing, customer 2 never came back");
        assert!(cases(&orders, at(3, 0), at(31, 0)).is_empty());
        assert!(cases(&orders, at(1, 0), at(5, 0)).is_empty(), "the next order lies beyond");
    }

    #[test]
    fn scores_are_those_of_the_yardstick() {
        // By hand: hits at places 1 and 6 of ten, four products added.
        let [recall_4, recall_10, ndcg, hit] =
            score_one(&ids(&[1, 2, 3, 4]), &ids(&[1, 9, 8, 7, 6, 2, 10, 11, 12, 13, 3]));
        assert_eq!((recall_4, recall_10, hit), (0.25, 0.5, 1.0));
        let gain = 1.0 + 1.0 / 7.0_f64.log2();
        let ideal = 1.0 + 1.0 / 3.0_f64.log2() + 0.5 + 1.0 / 5.0_f64.log2();
        assert!((ndcg - gain / ideal).abs() < 1e-12);
        assert_eq!(score_one(&ids(&[1]), &[]), [0.0; 4]);
    }

    #[test]
    fn an_interval_holds_its_mean_and_is_none_where_all_are_alike() {
        let case =
            |customer| Case { customer: CustomerId(customer), as_of: at(1, 0), added: ids(&[1]) };
        let cases: Vec<Case> = (0..40).map(case).collect();
        let lists: Vec<_> = (0..40).map(|it| ids(&[1 + it % 2])).collect();
        let it = score(&cases, &lists, 10);
        assert_eq!((it.cases, it.hit_at_10.mean, it.coverage_at_10), (40, 0.5, 0.2));
        assert!(it.hit_at_10.low < 0.5 && it.hit_at_10.high > 0.5);
        let same = score(&cases, &vec![ids(&[1]); 40], 10).hit_at_10;
        assert_eq!((same.low, same.mean, same.high), (1.0, 1.0, 1.0));
        assert_eq!(score(&[], &[], 0), OfflineScore::default());
    }
}
