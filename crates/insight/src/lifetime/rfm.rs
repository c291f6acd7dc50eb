//! Recency, frequency, monetary: how a customer stands among the shop's customers, in fifths.

use serde::{Deserialize, Serialize};

use super::PaidOrder;

/// What a customer is compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rfm {
    /// Since the last order.
    pub age_ms: i64,
    /// Every order by itself, also two on one day.
    pub orders: u32,
    /// What was paid for all of them, refunds taken off.
    pub minor: i64,
}

impl Rfm {
    /// Of orders that stand in the order of their instants; those later than `now_ms` are not
    /// looked at. `None` of a customer without orders.
    pub fn of(orders: impl IntoIterator<Item = PaidOrder>, now_ms: i64) -> Option<Self> {
        let mut found: Option<Self> = None;
        for order in orders.into_iter().take_while(|it| it.at_ms <= now_ms) {
            let so_far = found.get_or_insert(Self { age_ms: 0, orders: 0, minor: 0 });
            so_far.age_ms = now_ms - order.at_ms;
            so_far.orders += 1;
            so_far.minor += order.minor;
        }
        found
    }
}

/// The borders between the fifths of a shop's customers with orders.
///
/// A score runs from 1 to 5, and 5 is best: the latest, the most frequent, the highest spending
/// fifth. Customers with equal figures get equal scores, the lowest that any of them would get: of
/// a shop where two thirds ordered once, these all have frequency 1 and nobody has 2 or 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RfmModel {
    /// Scores 2, 3, 4, 5 are of those whose last order is younger than this, in milliseconds;
    /// falling.
    pub age_ms_below: [i64; 4],
    /// Scores 2, 3, 4, 5 are of those with more orders than this; rising.
    pub orders_above: [u32; 4],
    /// Scores 2, 3, 4, 5 are of those who spent more than this, in minor units; rising.
    pub minor_above: [i64; 4],
}

impl RfmModel {
    /// `None` of nobody.
    pub fn fit(customers: &[Rfm]) -> Option<Self> {
        // The younger the better, so ages are compared turned round.
        let ages = borders(customers.iter().map(|it| -it.age_ms))?;
        Some(Self {
            age_ms_below: ages.map(|it| -it),
            orders_above: borders(customers.iter().map(|it| it.orders))?,
            minor_above: borders(customers.iter().map(|it| it.minor))?,
        })
    }

    pub fn recency_score(&self, age_ms: i64) -> u8 {
        score(&self.age_ms_below, |border| age_ms < border)
    }

    pub fn frequency_score(&self, orders: u32) -> u8 {
        score(&self.orders_above, |border| orders > border)
    }

    pub fn monetary_score(&self, minor: i64) -> u8 {
        score(&self.minor_above, |border| minor > border)
    }
}

/// The greatest value of the lowest one, two, three and four fifths.
fn borders<T: Copy + Ord>(values: impl Iterator<Item = T>) -> Option<[T; 4]> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    let count = values.len();
    (count > 0).then(|| [1, 2, 3, 4].map(|fifths| values[(count * fifths).div_ceil(5) - 1]))
}

fn score<T: Copy>(borders: &[T; 4], is_beyond: impl Fn(T) -> bool) -> u8 {
    1 + borders.iter().filter(|it| is_beyond(**it)).count() as u8
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn customers(orders: &[u32]) -> Vec<Rfm> {
        let customer = |orders: &u32| Rfm {
            age_ms: i64::from(*orders) * 1_000,
            orders: *orders,
            minor: i64::from(*orders) * 100,
        };
        orders.iter().map(customer).collect()
    }

    #[test]
    fn fifths_of_different_customers_are_fifths() {
        let model = RfmModel::fit(&customers(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).unwrap();
        let frequency: Vec<u8> = (1..=10).map(|it| model.frequency_score(it)).collect();
        assert_eq!(frequency, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
        let monetary: Vec<u8> = (1..=10).map(|it| model.monetary_score(it * 100)).collect();
        assert_eq!(monetary, frequency);
        let recency: Vec<u8> = (1..=10).map(|it| model.recency_score(it * 1_000)).collect();
        assert_eq!(recency, [5, 5, 4, 4, 3, 3, 2, 2, 1, 1], "the younger the better");
    }

    #[test]
    fn equal_customers_get_the_lowest_score_of_theirs() {
        let model = RfmModel::fit(&customers(&[1, 1, 1, 1, 1, 1, 1, 2, 2, 5])).unwrap();
        assert_eq!([1, 2, 5].map(|it| model.frequency_score(it)), [1, 4, 5]);
        assert_eq!(model.frequency_score(3), 5, "beyond all borders, though nobody was there");
    }

    #[test]
    fn a_customer_is_summed_up_as_of_now() {
        let order = |at_ms, minor| PaidOrder { at_ms, minor };
        let orders = [order(1_000, 500), order(2_000, 700), order(9_000, 100)];
        assert_eq!(Rfm::of(orders, 5_000), Some(Rfm { age_ms: 3_000, orders: 2, minor: 1_200 }));
        assert_eq!(Rfm::of(orders, 999), None, "no orders yet");
    }

    proptest! {
        #[test]
        fn at_most_a_fifth_has_the_best_score(orders in vec(1_u32..12, 1..200)) {
            let model = RfmModel::fit(&customers(&orders)).unwrap();
            let best = orders.iter().filter(|it| model.frequency_score(**it) == 5).count();
            prop_assert!(best * 5 <= orders.len());
            prop_assert_eq!(model.frequency_score(*orders.iter().min().unwrap()), 1);
        }
    }
}
