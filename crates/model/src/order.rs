//! An order and its lines.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CustomerId, OrderId, ProductId};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    pub product: ProductId,
    pub quantity: u32,
    /// What was paid for the whole line.
    pub amount_minor: i64,
}

/// An order as the shop's platform means it, with what became of it since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub id: OrderId,
    /// `None` for a guest nobody can name.
    pub customer: Option<CustomerId>,
    pub placed_at: Timestamp,
    pub lines: Vec<OrderLine>,
    /// What the customer paid, discounts taken off.
    pub total_minor: i64,
    /// The coupon code used, if any.
    pub coupon: Option<String>,
    /// What was paid back since.
    pub refunded_minor: i64,
    pub cancelled_at: Option<Timestamp>,
}

impl Order {
    /// Whether it counts as a purchase: an order cancelled since does not.
    pub fn is_purchase(&self) -> bool {
        self.cancelled_at.is_none()
    }

    pub fn net_minor(&self) -> i64 {
        if self.is_purchase() { self.total_minor - self.refunded_minor } else { 0 }
    }
}
