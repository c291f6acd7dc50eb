//! Which order ends an enrolment: another one than the one that triggered it.
//!
//! Decided by order id. Times only say which orders came before: shops send the same order with
//! slightly different times through several doors, and clocks run ahead of ours.

use aftercart_model::OrderId;
use jiff::Timestamp;

/// The order an enrolment stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriggerOrder<'a> {
    pub id: &'a OrderId,
    pub placed_at: Timestamp,
}

/// The first of a customer's `orders` that counts as a purchase after `trigger`: not the same id,
/// and placed at the same instant or later. Cancelled orders are the caller's to leave out.
///
/// The answer depends on the set of orders alone, not on the order in which they come.
pub fn first_purchase<'a>(
    trigger: TriggerOrder<'_>,
    orders: impl IntoIterator<Item = (Timestamp, &'a OrderId)>,
) -> Option<(Timestamp, &'a OrderId)> {
    let others = orders.into_iter().filter(|(_, id)| *id != trigger.id);
    others.filter(|(at, _)| *at >= trigger.placed_at).min()
}
