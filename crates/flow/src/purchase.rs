//! Which order ends an enrolment: another one than the one that triggered it.
//!
//! Decided by order id. Times only say which orders came before: shops send the same order with
//! slightly different times through several doors, and clocks run ahead of ours. Of two orders placed
//! at the same instant the one with the greater id came later, so that of any two exactly one ends
//! what the other began, whichever was told first.

use aftercart_model::OrderId;
use jiff::Timestamp;

/// The order an enrolment stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriggerOrder<'a> {
    pub id: &'a OrderId,
    pub placed_at: Timestamp,
}

/// The first of a customer's `orders` that counts as a purchase after `trigger`: not the same id,
/// and placed later, or at the same instant under a greater id. Cancelled orders are the caller's to
/// leave out.
///
/// The answer depends on the set of orders alone, not on the order in which they come.
pub fn first_purchase<'a>(
    trigger: TriggerOrder<'_>,
    orders: impl IntoIterator<Item = (Timestamp, &'a OrderId)>,
) -> Option<(Timestamp, &'a OrderId)> {
    let others = orders.into_iter().filter(|(_, id)| *id != trigger.id);
    others.filter(|it| *it > (trigger.placed_at, trigger.id)).min()
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
        assert_eq!(purchase(&[(100, "T"), (100, "A")]), None, "the same instant, a lesser id");
        assert_eq!(purchase(&[(100, "T"), (100, "U")]).as_deref(), Some("U"), "a greater id");
        assert_eq!(purchase(&[(100, "T"), (99, "A")]), None, "another one, from before");
        assert_eq!(purchase(&[(100, "T"), (101, "A")]).as_deref(), Some("A"), "another one, after");
        assert_eq!(purchase(&[(300, "B"), (101, "A")]).as_deref(), Some("A"), "the first of two");
    }

    proptest! {
        #[test]
        fn of_two_orders_exactly_one_ends_what_the_other_began(
            one in (90_i64..110, "[A-C]{1,2}"), other in (90_i64..110, "[A-C]{1,2}"),
        ) {
            prop_assume!(one.1 != other.1);
            let (one, other) = [one, other].map(|(second, id)| {
                (Timestamp::from_second(second).unwrap(), order(&id))
            }).into();
            let is_ended = |trigger: &(Timestamp, OrderId), by: &(Timestamp, OrderId)| {
                let trigger = TriggerOrder { id: &trigger.1, placed_at: trigger.0 };
                first_purchase(trigger, [(by.0, &by.1)]).is_some()
            };
            prop_assert_ne!(is_ended(&one, &other), is_ended(&other, &one));
        }

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
