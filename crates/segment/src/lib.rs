//! The condition language: parse, print, check, evaluate, explain.
//!
//! A segment, a trigger filter, a split and exit criteria are all one [`Condition`]. It has one
//! meaning, [`evaluate`] over one customer's borrowed [`History`], and one written form, controlled
//! English that [`parse`] reads and `Display` prints. There is no lowering to SQL or to a data
//! frame: that would be a second meaning, and the two would come to differ.
//!
//! Days are 24 hours here, not calendar days, and windows are half-open: an event exactly as old as
//! the window has left it.

mod check;
mod condition;
mod evaluate;
mod explain;
mod facts;
mod history;
mod parse;
mod print;

#[cfg(test)]
mod samples;

pub use check::{Finding, check};
pub use condition::{
    Amount, AmountBound, AmountError, Condition, Count, Deed, OrderAge, OrderPick, ProductTest,
    SPAN_DAYS_MAX, Span, SpanError, Window, Words, WordsError, WorthOf,
};
pub use evaluate::{Evaluator, evaluate};
pub use explain::{Explanation, Found, Witness, explain};
pub use facts::{Catalogue, CustomerFacts, Relations, Subject};
pub use history::{
    Columns, History, HistoryBuffer, HistoryKind, HistoryRow, NO_ORDER, NO_PRODUCT, order_number,
    rows_of,
};
pub use parse::{CONDITIONS_MAX, DEPTH_MAX, ParseConditionError, TEXT_BYTES_MAX, parse};

/// The shipped segment: bought lately, looked again at what goes with it or betters it, and has not
/// bought since.
///
/// "Their last order" is the newest one not cancelled, so the last clause is true of every customer
/// with an order; it stands there because a shopkeeper looks for it.
pub const UPSELL_SEGMENT: &str = "\
customers who
  ordered at least 1 time in the last 30 days
  and any of
    viewed a product related to their last order since their last order
    clicked a link to a product related to their last order since their last order
    viewed a product better than their last order since their last order
    clicked a link to a product better than their last order since their last order
  and ordered 0 times since their last order
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{APRON, DRIPPER, GOOSENECK, KETTLE, NOW, Sample};

    fn is_in(sample: &Sample) -> bool {
        let segment = parse(UPSELL_SEGMENT).unwrap();
        sample.ask(|it| evaluate(&segment, it, NOW))
    }

    fn bought(age_hours: i64) -> Sample {
        Sample::new().ordered(age_hours, "1", &[(DRIPPER, 4_250)])
    }

    #[test]
    fn the_upsell_segment_picks_buyers_who_look_again() {
        assert!(is_in(&bought(300).viewed(200, KETTLE)), "looked at what goes with it");
        assert!(is_in(&bought(300).viewed(200, GOOSENECK)), "looked at a better one");
        assert!(!is_in(&bought(300)), "did not look again");
        assert!(!is_in(&bought(300).viewed(200, APRON)), "looked at something else");
        assert!(!is_in(&bought(300).viewed(301, KETTLE)), "looked before the order");
        assert!(!is_in(&bought(30 * 24).viewed(200, KETTLE)), "the order is exactly 30 days old");
        assert!(is_in(&bought(30 * 24 - 1).viewed(200, KETTLE)), "the order is just inside");
    }

    #[test]
    fn a_cancelled_order_is_no_order() {
        let customer = bought(300).viewed(200, KETTLE).ordered(100, "2", &[(APRON, 5_500)]);
        assert!(!is_in(&customer), "bought again and has not looked since");
        assert!(is_in(&customer.cancelled(50, "2")), "the second order was cancelled");
        assert!(!is_in(&bought(300).viewed(200, KETTLE).cancelled(50, "1")), "no order is left");
    }
}
