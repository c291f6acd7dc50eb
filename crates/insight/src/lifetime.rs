//! What a customer's orders say about the orders to come: how likely they are gone, how often they
//! will order and for how much, and how they stand among the others.
//!
//! Three models are fitted on the shop's own orders. BG/NBD (Fader, Hardie and Lee, Marketing
//! Science 24(2), 2005) tells how often customers order and when they stop; Gamma-Gamma (Fader and
//! Hardie, 2013) what an order of theirs is worth; quintiles (RFM) compare customers with one
//! another and predict nothing.
//!
//! Each is a plain function from a customer's purchases, so that an answer can be explained and the
//! archive can ask a million of them. Where a shop has too few customers who came back, there is no
//! model and no prediction: a guess would look like knowledge.

mod bg_nbd;
mod gamma_gamma;
mod minimise;
mod rfm;
mod special;
#[cfg(test)]
mod tests;

use aftercart_model::Timestamp;
use serde::{Deserialize, Serialize};

pub use bg_nbd::BgNbd;
pub use gamma_gamma::GammaGamma;
pub use rfm::{Rfm, RfmModel};

/// With fewer customers who ordered again than this, no prediction is made.
///
/// The models have four and three parameters that are told from these customers alone. Over shops
/// drawn from the model itself the orders predicted for the next half year are then off by less
/// than a tenth on average, beside what chance does; with a quarter as many by more, and one shop in
/// ten gets no estimate at all. A test measures it.
pub const REPEAT_CUSTOMERS_MIN: u64 = 100;

/// How many customers an estimate is made of at most, so that it takes a moment however many there
/// are: of so many it is as sure as it needs to be, a third of a per cent.
pub const FIT_CUSTOMERS_MAX: usize = 100_000;

/// With fewer customers who ever ordered than this, quintiles are not told: a fifth is then twenty
/// customers.
pub const RFM_CUSTOMERS_MIN: u64 = 100;

pub(crate) const DAY_MS: f64 = 86_400_000.0;

/// Orders placed within so long of the first of them are one purchase: what was forgotten and
/// ordered after it says nothing about coming back. The published examples do the same by counting
/// days; 24 hours need no time zone.
const PURCHASE_MS: i64 = 24 * 3_600_000;

/// An order that was not cancelled since: when, and what was paid for it, refunds taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaidOrder {
    pub at_ms: i64,
    pub minor: i64,
}

/// All that the models ask about a customer's orders. The statistics are sufficient: two customers
/// with the same are told the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrderSummary {
    /// Purchases after the first; see [`OrderSummary::of`].
    pub repeats: u32,
    /// From the first purchase to the last, in days; 0 without repeats.
    pub last_days: f64,
    /// From the first purchase to now, in days.
    pub age_days: f64,
    /// The mean worth of the repeats, in minor units; 0 without any. The first purchase is left
    /// out as in the published analysis: it is what made the person a customer.
    pub mean_value: f64,
}

impl OrderSummary {
    /// Sums up orders, which stand in the order of their instants; those later than `now_ms` are
    /// not looked at. Orders within 24 hours of the first of them are one purchase. `None` of a
    /// customer without orders.
    pub fn of(orders: impl IntoIterator<Item = PaidOrder>, now_ms: i64) -> Option<Self> {
        let mut orders = orders.into_iter().take_while(|it| it.at_ms <= now_ms);
        let first = orders.next()?;
        let (mut purchase_at, mut repeats, mut value) = (first.at_ms, 0_u32, 0_i64);
        for order in orders {
            if order.at_ms - purchase_at >= PURCHASE_MS {
                repeats += 1;
                purchase_at = order.at_ms;
            }
            if repeats > 0 {
                value += order.minor;
            }
        }
        let days = |ms: i64| (ms - first.at_ms) as f64 / DAY_MS;
        let mean_value = if repeats > 0 { value as f64 / f64::from(repeats) } else { 0.0 };
        Some(Self { repeats, last_days: days(purchase_at), age_days: days(now_ms), mean_value })
    }
}

/// At most [`FIT_CUSTOMERS_MAX`] of them, at even distances.
fn evenly_picked<T>(all: &[T]) -> Vec<&T> {
    let count = all.len().min(FIT_CUSTOMERS_MAX);
    (0..count).map(|it| &all[it * all.len() / count]).collect()
}

/// What a shop's orders taught, with when and of how many. Kept as a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShopModel {
    /// `None` with fewer than [`REPEAT_CUSTOMERS_MIN`], or where the orders do not settle on an
    /// estimate.
    pub bg_nbd: Option<BgNbd>,
    /// As above.
    pub gamma_gamma: Option<GammaGamma>,
    /// `None` with fewer than [`RFM_CUSTOMERS_MIN`].
    pub rfm: Option<RfmModel>,
    pub fitted_at: Timestamp,
    /// Who had ordered by then.
    pub customers: u64,
    /// Of them, those who had ordered again.
    pub repeat_customers: u64,
}

impl ShopModel {
    /// The chance that the customer will never order again, from 0 to 1. See [`BgNbd::chance_gone`]
    /// for what it can not say.
    pub fn chance_gone(&self, summary: &OrderSummary) -> Option<f64> {
        Some(self.bg_nbd?.chance_gone(summary))
    }

    /// How many purchases are expected within the next `days`.
    pub fn expected_orders(&self, summary: &OrderSummary, days: f64) -> Option<f64> {
        Some(self.bg_nbd?.expected_orders(summary, days))
    }

    /// What they are expected to be worth together, in minor units.
    pub fn expected_value(&self, summary: &OrderSummary, days: f64) -> Option<f64> {
        Some(self.expected_orders(summary, days)? * self.gamma_gamma?.mean_value(summary))
    }

    /// In how many days the next order is expected: see [`BgNbd::next_order_days`].
    pub fn next_order_days(&self, summary: &OrderSummary) -> Option<f64> {
        self.bg_nbd?.next_order_days(summary)
    }
}

/// Gathers a shop's customers one by one, then fits everything.
#[derive(Clone, Debug)]
pub struct ShopModelFit {
    now: Timestamp,
    summaries: Vec<OrderSummary>,
    standings: Vec<Rfm>,
}

impl ShopModelFit {
    pub fn new(now: Timestamp) -> Self {
        Self { now, summaries: Vec::new(), standings: Vec::new() }
    }

    /// Takes in a customer's orders, which stand in the order of their instants. A customer without
    /// any by then is nobody to learn from.
    pub fn add(&mut self, orders: &[PaidOrder]) {
        let now_ms = self.now.as_millisecond();
        self.summaries.extend(OrderSummary::of(orders.iter().copied(), now_ms));
        self.standings.extend(Rfm::of(orders.iter().copied(), now_ms));
    }

    pub fn fit(self) -> ShopModel {
        let Self { now, summaries, standings } = self;
        let customers = summaries.len() as u64;
        let repeat_customers = summaries.iter().filter(|it| it.repeats > 0).count() as u64;
        let is_enough = repeat_customers >= REPEAT_CUSTOMERS_MIN;
        ShopModel {
            bg_nbd: if is_enough { BgNbd::fit(&summaries) } else { None },
            gamma_gamma: if is_enough { GammaGamma::fit(&summaries) } else { None },
            rfm: if customers >= RFM_CUSTOMERS_MIN { RfmModel::fit(&standings) } else { None },
            fitted_at: now,
            customers,
            repeat_customers,
        }
    }
}
