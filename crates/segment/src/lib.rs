//! The condition language: parse, print, check, evaluate, explain.
//!
//! A segment, a trigger filter, a split and exit criteria are all one [`Condition`]. It has one
//! meaning, [`evaluate`] over one customer's borrowed [`History`], and one written form, controlled
//! English that [`parse`] reads and `Display` prints; programs have the same tree as JSON. There is no lowering to SQL or to a data
//! frame: that would be a second meaning, and the two would come to differ.
//!
//! Days of a span are 24 hours, those of the calendar are civil days in the customer's zone, and
//! windows are half-open: an event exactly as old as the window has left it.

mod catalogue;
mod check;
mod columns;
mod condition;
mod deed;
mod evaluate;
mod explain;
mod facts;
mod history;
mod index;
mod json;
mod kind_set;
mod names;
mod parse;
mod print;
mod reference;
mod segments;
mod together;
mod until;
mod value;
mod window;

#[cfg(any(test, feature = "samples"))]
pub mod samples;

pub use catalogue::{Catalogue, Relations};
pub use check::{Finding, Known, KnownFacts, check};
pub use columns::{Columns, Renaming};
pub use condition::{BarReason, Condition, Count, Fact, Said, Score, WorthOf};
pub use deed::{Act, Deed, Emails, Filter, Owned, ProductTest, Reading, Statistic, ValueTest};
pub use evaluate::{BoundCondition, Evaluator, evaluate};
pub use explain::{Explanation, Found, Witness, explain};
pub use facts::{Consents, CustomerFacts, Shop, Subject};
pub use history::{
    COUPON, History, HistoryBuffer, HistoryKind, HistoryRow, NO_ORDER, NO_PRODUCT, PROPERTIES_MAX,
    order_number, rows_of,
};
pub use index::{ConditionIndex, FactChange};
pub use json::{JsonConditionError, schema};
pub use kind_set::KindSet;
pub use names::{EmailId, NAME_BYTES_MAX, NO_NAME, NameId, Names, PropertyValue};
pub use parse::{CONDITIONS_MAX, DEPTH_MAX, ParseConditionError, TEXT_BYTES_MAX, parse, parse_in};
pub use reference::reference;
pub use segments::{SEGMENTS_DEEP_MAX, SegmentFault, Segments};
pub use together::{Asked, Asking, BoundSet, CUSTOMERS_MAX, Met};
pub use until::holds_until;
pub use value::{
    Amount, AmountBound, AmountError, Limit, Name, Number, NumberError, Words, WordsError,
};
pub use window::{
    Age, Anchor, Calendar, CalendarUnit, DateRange, DateRangeError, Pick, SPAN_DAYS_MAX, Span,
    SpanError, SpanRange, SpanRangeError, Window,
};

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
    use aftercart_model::Agent;
    use insta::assert_snapshot;

    use super::*;
    use crate::samples::{APRON, DRIPPER, GOOSENECK, KETTLE, NOW, Sample};

    fn is_in(sample: &Sample) -> bool {
        sample.is(UPSELL_SEGMENT)
    }

    fn bought(age_hours: i64) -> Sample {
        Sample::new().ordered(age_hours, "1", &[(DRIPPER, 4_250)])
    }

    #[test]
    fn the_upsell_segment_is_printed_as_it_ships() {
        let segment = parse(UPSELL_SEGMENT).unwrap();
        assert_eq!(format!("{segment:#}"), UPSELL_SEGMENT);
        assert_snapshot!(segment, @"ordered at least 1 time in the last 30 days and any of (viewed a product related to their last order since their last order, clicked a link to a product related to their last order since their last order, viewed a product better than their last order since their last order, clicked a link to a product better than their last order since their last order) and ordered 0 times since their last order");
    }

    #[test]
    fn the_upsell_segment_asks_for_an_order_in_the_last_30_days() {
        assert!(is_in(&bought(30 * 24 - 1).viewed(200, KETTLE)), "just inside");
        assert!(!is_in(&bought(30 * 24).viewed(200, KETTLE)), "exactly 30 days old");
        assert!(!is_in(&bought(-1).viewed(-2, KETTLE)), "still to come");
        assert!(!is_in(&Sample::new().viewed(200, KETTLE)), "never bought");
        assert!(!is_in(&bought(300).viewed(200, KETTLE).cancelled(50, "1")), "cancelled since");
    }

    #[test]
    fn the_upsell_segment_asks_for_a_look_at_what_goes_with_the_order() {
        assert!(is_in(&bought(300).viewed(200, KETTLE)), "viewed a related product");
        assert!(is_in(&bought(300).viewed(200, GOOSENECK)), "viewed a better one");
        assert!(is_in(&bought(300).clicked(200, Agent::Human, KETTLE)), "clicked a related one");
        assert!(is_in(&bought(300).clicked(200, Agent::Human, GOOSENECK)), "clicked a better one");
        assert!(!is_in(&bought(300)), "did not look again");
        assert!(!is_in(&bought(300).viewed(200, APRON)), "looked at something else");
        assert!(!is_in(&bought(300).clicked(200, Agent::Machine, KETTLE)), "a scanner clicked");
        assert!(!is_in(&bought(300).viewed(301, KETTLE)), "looked before the order");
        assert!(!is_in(&bought(300).viewed(-1, KETTLE)), "the look is still to come");
    }

    #[test]
    fn the_upsell_segment_lets_go_of_those_who_bought_again() {
        let again = || bought(300).viewed(200, KETTLE).ordered(100, "2", &[(KETTLE, 3_900)]);
        assert!(!is_in(&again()), "has not looked since the new order");
        assert!(is_in(&again().cancelled(50, "2")), "the new order was cancelled");
        assert!(is_in(&again().viewed(50, GOOSENECK)), "looks again, now for the new order");
        assert!(!is_in(&again().viewed(50, APRON)), "at what neither order has to do with");
    }

    #[test]
    fn one_customer_is_asked_many_questions_at_once() {
        let segment = parse(UPSELL_SEGMENT).unwrap();
        let other = parse("opened an email").unwrap();
        bought(300).viewed(200, KETTLE).ask(|subject| {
            let evaluator = Evaluator::new(subject, NOW);
            assert_eq!([evaluator.is_met(&segment), evaluator.is_met(&other)], [true, false]);
        });
    }
}
