//! What a customer is due to buy again, by their own orders and the intervals that the shop's orders
//! taught.

use aftercart_insight::interval_days;
use aftercart_model::ProductId;

use super::{BoundProducts, Evaluator};

const DAY_MS: i64 = 24 * 3_600_000;

/// When a customer is due to buy a product again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub product: ProductId,
    pub at_ms: i64,
    /// From then on they are taken to have gone elsewhere: it is as long past due as it was to last.
    pub until_ms: i64,
}

impl Due {
    pub fn holds(&self, within_ms: i64, now_ms: i64) -> bool {
        self.at_ms.saturating_sub(within_ms) <= now_ms && now_ms < self.until_ms
    }
}

impl Evaluator<'_> {
    /// Every product of theirs that meets the tests and that people buy again, by id.
    pub(crate) fn dues(&self, products: &BoundProducts<'_>) -> Vec<Due> {
        let relations = self.subject.shop.relations;
        if !relations.has_intervals() {
            return Vec::new();
        }
        let mut bought: Vec<(ProductId, i64)> = Vec::new();
        for order in self.orders(0..self.history.len()) {
            for line in self.lines_of(order).filter(|it| self.is_product(*it, products)) {
                let product = ProductId(self.history.subject(line));
                if relations.interval_days(product).is_some() {
                    bought.push((product, self.history.time_ms(order)));
                }
            }
        }
        bought.sort_unstable();
        let of_product = |own: &[(ProductId, i64)]| {
            let (product, last_ms) = *own.last()?;
            let times_ms: Vec<i64> = own.iter().map(|it| it.1).collect();
            let days = interval_days(relations.interval_days(product)?, &times_ms);
            let after =
                |intervals: i64| last_ms.saturating_add(intervals * i64::from(days) * DAY_MS);
            Some(Due { product, at_ms: after(1), until_ms: after(2) })
        };
        bought.chunk_by(|a, b| a.0 == b.0).filter_map(of_product).collect()
    }

    pub(super) fn is_due_again(&self, products: &BoundProducts<'_>, within_ms: i64) -> bool {
        self.dues(products).iter().any(|it| it.holds(within_ms, self.now_ms))
    }
}
