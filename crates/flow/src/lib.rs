//! Flow definitions, their checks, and the pure state machine that moves an enrolment.
//!
//! A flow is data: [`Flow::parse`] reads and checks its file, [`lint`] says what is unwise about
//! it, [`entry`] decides whether a trigger enrols, [`advance`] where an enrolment stands next and
//! what is to be done, [`follow`] which enrolments there are to be after all that was told of a
//! customer, [`replay`] what a flow would have done to the shop's past orders. Nothing here
//! reads a clock or a store.
//!
//! Steps form a line: a branch goes on, jumps forward or leaves. That is less than a graph, and it
//! is why every enrolment ends, whatever the flow's author wrote.

mod advance;
mod definition;
mod entry;
mod fold;
mod follow;
mod form;
mod lint;
mod purchase;
mod replay;
mod rows;
mod wait;

pub use advance::{Effect, Facts, LATENESS_HOURS_MAX, Move, advance};
pub use definition::{
    Branch, CouponTerms, DUE_DAYS_BEFORE_MAX, DueAgain, ExitCriterion, ExitWhen, Flow, FlowDraft,
    FlowError, FlowProblem, ProductChoice, Question, ReEntry, Send, Split, Step, StepAction,
    Trigger, TriggerEvent, TriggerKey, Wait,
};
pub use entry::{Entry, EntryFacts, Refusal, entry, is_held_out};
pub use fold::{Fold, Told, customer_words, enrolment_words, order_words};
pub use follow::{Begun, Change, Ending, Known, ORDER_AGE_MAX, Passage, began_at, ending, follow};
pub use lint::{Finding, Level, lint};
pub use purchase::{TriggerOrder, first_purchase};
pub use replay::{Replay, ReplayCustomer, ReplayOptions, StepCount, Trace, TraceLine, replay};
pub use rows::{Row, RowKind};
pub use wait::is_over_at;

/// The four emails after an order, as shipped.
pub const UPSELL_CROSS_SELL: &str = include_str!("../flows/upsell-cross-sell.yaml");

/// The request for a review after a purchase, as shipped.
pub const FEEDBACK: &str = include_str!("../flows/feedback.yaml");

/// The flows every shop starts with, as files.
pub fn shipped() -> [&'static str; 2] {
    [UPSELL_CROSS_SELL, FEEDBACK]
}
