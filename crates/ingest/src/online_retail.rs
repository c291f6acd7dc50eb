//! Order lines of the Online Retail and Online Retail II data sets: one CSV row for each line of an
//! invoice, with no line that says where an invoice ends.
//!
//! The files are read twice. The first reading, a [`Survey`], finds where each invoice ends, which
//! file holds it, and what the rows say of products and customers ([`Facts`]); the second hands the
//! orders over as their last lines go by. So lines of one invoice may stand apart, files may come in any order and overlap, and what
//! is held in memory grows with the number of invoices and products, never with the lines.
//!
//! An invoice that stands in two files is one order: it is taken from the file that has more of its
//! lines (the earlier file, if they have equally many) and its lines in the other are counted as
//! duplicates. No date decides this, so files cut anywhere may be laid over one another.
//!
//! Names, prices and countries are no events: the data does not say when they changed, only what they
//! were on a day. They are told as facts, each with the day it is of, so that files read one after
//! another come to the same as files read together.
//!
//! What a row means:
//! - an invoice of digits is an order, one with `C` before them a refund, one with `A` a bad-debt
//!   entry of the books;
//! - a code of [`services`] is no product. What the customer pays or is given for it (postage, a
//!   discount) counts in the order's total; the books' own entries (bank charges, fees) do not;
//! - a line without a price is a gift if the order is a customer's, a stock correction if nobody's;
//! - an order without a product, or for which nothing was paid, is no purchase.
//!
//! Whatever is not taken is counted in the [`Summary`] under its reason, with its amount.

use std::path::PathBuf;

use anyhow::{Context, Result};
use jiff::tz::TimeZone;

use crate::Incoming;

mod columns;
pub mod countries;
mod delivery;
mod facts;
pub mod services;
mod summary;
mod survey;
#[cfg(test)]
mod tests;

use delivery::Delivery;
pub use facts::{Facts, ProductFacts, Word};
pub use summary::{FileSummary, LineUse, SkipReason, Summary, Tally};
pub use survey::Survey;

/// Source of the events' keys, so that an import run again adds nothing.
pub const SOURCE: &str = "import:online-retail";

/// Where the shop's clock stands; the files give its local time without a zone.
pub const ZONE: &str = "Europe/London";

/// Digits after the point of the shop's currency, pounds sterling.
const CURRENCY_DIGITS: u32 = 2;

/// How often the progress is told, in rows.
const PROGRESS_ROWS: u64 = 4_096;

/// How far a reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub stage: ReadStage,
    pub lines_done: u64,
    /// Known once the survey is over.
    pub lines_total: Option<u64>,
    /// Of the files as they lie on the disk.
    pub bytes_done: u64,
    pub bytes_total: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadStage {
    /// The first reading: nothing is handed over yet.
    Survey,
    /// The second: orders are handed over.
    Orders,
}

/// Looks `paths` (CSV, plain or compressed with zstd) through, and refuses what cannot be read.
pub fn survey(paths: &[PathBuf], on_progress: &mut dyn FnMut(Progress)) -> Result<Survey> {
    Survey::of(paths, on_progress)
}

/// Hands every order and refund of the files to `on_item`, in the order of the files' times.
///
/// The result does not depend on the order in which the files were given. An error of `on_item` ends
/// the reading.
pub fn read(
    survey: &Survey,
    on_progress: &mut dyn FnMut(Progress),
    on_item: &mut dyn FnMut(Incoming) -> Result<()>,
) -> Result<Summary> {
    let zone = TimeZone::get(ZONE).with_context(|| {
        format!(
            "time zone `{ZONE}` is unknown on this machine; install its time zone data (tzdata)"
        )
    })?;
    let mut delivery = Delivery::new(survey, zone, on_item);
    for file in 0..survey.files.len() {
        delivery.read_file(file, on_progress)?;
    }
    Ok(delivery.finish())
}
