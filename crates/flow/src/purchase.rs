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

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn order(id: &str) -> OrderId {
        OrderId::new(id).unwrap()
    }

    /// The id of the purchase after order `T` placed at second 100, among (second, id) pairs.
    fn purchase(orders: &[(i64, &str)]) -> Option<String> {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let orders: Vec<_> = orders.iter().map(|(it, id)| (at(*it), order(id))).collect();
        let trigger = TriggerOrder { id: &order("T"), placed_at: at(100) };
        first_purchase(trigger, orders.iter().map(|(at, id)| (*at, id))).map(|it| it.1.to_string())
    }

    #[test]
    fn the_order_that_triggered_is_known_by_its_id() {
        assert_eq!(purchase(&[(100, "T")]), None, "itself");
        assert_eq!(purchase(&[(99, "T"), (100, "T"), (500, "T")]), None, "itself, at any time");
        assert_eq!(purchase(&[(100, "T"), (100, "A")]).as_deref(), Some("A"), "the same instant");
        assert_eq!(purchase(&[(100, "T"), (99, "A")]), None, "another one, from before");
        assert_eq!(purchase(&[(100, "T"), (101, "A")]).as_deref(), Some("A"), "another one, after");
        assert_eq!(purchase(&[(300, "B"), (101, "A")]).as_deref(), Some("A"), "the first of two");
    }

    proptest! {
        #[test]
        fn the_order_in_which_orders_arrive_is_of_no_consequence(
            orders in vec((50_i64..150, "[A-DT]"), 0..8),
        ) {
            let pairs: Vec<(i64, &str)> = orders.iter().map(|(at, id)| (*at, id.as_str())).collect();
            let mut reversed = pairs.clone();
            reversed.reverse();
            let found = purchase(&pairs);
            prop_assert_ne!(found.as_deref(), Some("T"));
            prop_assert_eq!(found, purchase(&reversed));
        }
    }
}
