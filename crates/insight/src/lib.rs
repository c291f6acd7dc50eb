//! What the mail did: who gets the credit, what the figures are, and whether it earned more than
//! doing nothing.
//!
//! Two questions are kept apart. *Credit* says which message an order followed; it adds up to a sum
//! that is always too large, since many would have ordered anyway. *Lift* says how much more
//! those the flow was offered to spent than those held out by lot, mailed or not; it carries an
//! interval and says so when it cannot tell.
//!
//! Beside the mail, a [`ShopModel`] says what a customer's own orders promise, and [`RepeatWaits`]
//! after how long something is bought again.
//!
//! Everything here is a function from rows to figures: the caller reads the rows.

mod attribution;
mod curve;
mod leak;
mod lifetime;
mod lift;
mod repeats;
mod report;
mod rows;
mod statistics;

#[cfg(test)]
mod samples;

pub use attribution::{Credit, Window, attribute};
pub use curve::{Curves, curves};
pub use leak::{Leak, LeakKind, leaks, lost_customers};
pub use lifetime::{
    BgNbd, FIT_CUSTOMERS_MAX, GammaGamma, OrderSummary, PaidOrder, REPEAT_CUSTOMERS_MIN,
    RFM_CUSTOMERS_MIN, Rfm, RfmModel, ShopModel, ShopModelFit,
};
pub use lift::{Answer, Lift, LiftOptions, Side, lift};
pub use repeats::{REPEAT_DAYS_MAX, RepeatCurve, RepeatWaits, due_again_ms, interval_days};
pub use report::{Base, Figures, Report, StepFigures, report};
pub use rows::{EnrolmentRow, MessageRow, OrderRow};
pub use statistics::{
    Interval, Proportion, Sample, newcombe_interval, normal_quantile, student_quantile,
    welch_interval,
};
