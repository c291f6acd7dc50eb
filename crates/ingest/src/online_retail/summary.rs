//! What an import took, what it skipped and why: every line that was read is in one of the counts.

use std::{collections::BTreeMap, fmt};

use aftercart_model::{Currency, Timestamp};
use serde::Serialize;

/// How many rows that cannot be read are shown in full.
const UNREADABLE_SHOWN_MAX: usize = 10;

/// What was found in the files and handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub files: Vec<FileSummary>,
    pub lines_read: u64,
    pub taken: BTreeMap<LineUse, Tally>,
    pub skipped: BTreeMap<SkipReason, Tally>,
    pub orders: u64,
    /// Of `orders`, those nobody is named in.
    pub orders_of_guests: u64,
    pub order_total_minor: i64,
    pub refunds: u64,
    pub refund_total_minor: i64,
    pub customers: u64,
    pub products: u64,
    /// Of what was handed over.
    pub first_at: Option<Timestamp>,
    pub last_at: Option<Timestamp>,
    /// Rows that are not UTF-8 and were read as Windows-1252, whatever became of them.
    pub decoded: u64,
    /// The first few rows that could not be read, each with its place and how to mend it.
    pub unreadable: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileSummary {
    pub path: String,
    pub lines: u64,
}

/// How many lines, and what they come to: price times quantity, before any sign is turned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    pub lines: u64,
    pub amount_minor: i64,
}

/// What a line became part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineUse {
    OrderProduct,
    /// A product that came with an order for nothing.
    OrderGift,
    /// Postage, discount and the like: in the total, without a line of its own.
    OrderService,
    RefundProduct,
    RefundService,
}

/// Why a line was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    Duplicate,
    StockCorrection,
    WithoutProduct,
    NothingPaid,
    RefundOfNobody,
    BooksEntry,
    BadDebt,
    TestProduct,
    WrongSign,
    Unreadable,
}

impl LineUse {
    pub fn text(self) -> &'static str {
        match self {
            Self::OrderProduct => "products in orders",
            Self::OrderGift => "products given with orders",
            Self::OrderService => "postage, discounts and the like in orders",
            Self::RefundProduct => "products in refunds",
            Self::RefundService => "postage, discounts and the like in refunds",
        }
    }
}

impl SkipReason {
    pub fn text(self) -> &'static str {
        match self {
            Self::Duplicate => "invoice stands in another file as well",
            Self::StockCorrection => "stock correction, nobody's and without a price",
            Self::WithoutProduct => "order of services alone, no product in it",
            Self::NothingPaid => "nothing was paid, or paid back, in all",
            Self::RefundOfNobody => "refund without a customer",
            Self::BooksEntry => "entry of the books: fees, adjustments, samples",
            Self::BadDebt => "bad debt",
            Self::TestProduct => "test product",
            Self::WrongSign => "a return within an order, or a sale within a refund",
            Self::Unreadable => "row cannot be read",
        }
    }
}

impl Summary {
    pub fn lines_taken(&self) -> u64 {
        self.taken.values().map(|it| it.lines).sum()
    }

    pub fn lines_skipped(&self) -> u64 {
        self.skipped.values().map(|it| it.lines).sum()
    }

    /// Whether every line that was read is in exactly one of the counts.
    pub fn adds_up(&self) -> bool {
        self.lines_read == self.lines_taken() + self.lines_skipped()
            && self.lines_read == self.files.iter().map(|it| it.lines).sum::<u64>()
    }

    pub(super) fn take(&mut self, line_use: LineUse, amount_minor: i64) {
        self.taken.entry(line_use).or_default().add(amount_minor);
    }

    pub(super) fn skip(&mut self, reason: SkipReason, amount_minor: i64) {
        self.skipped.entry(reason).or_default().add(amount_minor);
    }

    pub(super) fn show_unreadable(&mut self, text: impl FnOnce() -> String) {
        if self.unreadable.len() < UNREADABLE_SHOWN_MAX {
            self.unreadable.push(text());
        }
    }

    pub(super) fn span(&mut self, at: Timestamp) {
        self.first_at = Some(self.first_at.map_or(at, |it| it.min(at)));
        self.last_at = Some(self.last_at.map_or(at, |it| it.max(at)));
    }
}

impl Tally {
    fn add(&mut self, amount_minor: i64) {
        self.lines += 1;
        self.amount_minor = self.amount_minor.saturating_add(amount_minor);
    }
}

/// A table for the terminal.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pounds = |minor: i64| Currency::GBP.format(minor);
        for file in &self.files {
            row(f, &file.path, file.lines, "")?;
        }
        row(f, "lines read", self.lines_read, "")?;
        writeln!(f, "\ntaken")?;
        for (line_use, tally) in &self.taken {
            row(f, &format!("  {}", line_use.text()), tally.lines, &pounds(tally.amount_minor))?;
        }
        row(f, "  in all", self.lines_taken(), "")?;
        writeln!(f, "\nskipped")?;
        for (reason, tally) in &self.skipped {
            row(f, &format!("  {}", reason.text()), tally.lines, &pounds(tally.amount_minor))?;
        }
        row(f, "  in all", self.lines_skipped(), "")?;
        writeln!(f, "\nfound")?;
        row(f, "  orders", self.orders, &pounds(self.order_total_minor))?;
        row(f, "    of guests", self.orders_of_guests, "")?;
        row(f, "  refunds", self.refunds, &pounds(self.refund_total_minor))?;
        row(f, "  customers", self.customers, "")?;
        row(f, "  products", self.products, "")?;
        if let (Some(first), Some(last)) = (self.first_at, self.last_at) {
            writeln!(f, "  from {first} to {last}")?;
        }
        if self.decoded > 0 {
            let (count, rows) = match self.decoded {
                1 => ("1".to_owned(), "row is"),
                count => (grouped(count), "rows are"),
            };
            writeln!(
                f,
                "{count} {rows} not UTF-8 and read as Windows-1252; if names look wrong, save the \
                 file in UTF-8 and import it into a new store"
            )?;
        }
        for line in &self.unreadable {
            writeln!(f, "cannot read {line}")?;
        }
        let unreadable = self.skipped.get(&SkipReason::Unreadable).map_or(0, |it| it.lines);
        let shown = self.unreadable.len() as u64;
        if shown < unreadable {
            writeln!(f, "and {} more that cannot be read", grouped(unreadable - shown))?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, count: u64, amount: &str) -> fmt::Result {
    let text = format!("{name:<54} {:>10} {amount:>16}", grouped(count));
    writeln!(f, "{}", text.trim_end())
}

/// `1234567` as `1,234,567`.
fn grouped(count: u64) -> String {
    let count = Currency::GBP.format_whole(i64::try_from(count).unwrap_or(i64::MAX / 100) * 100);
    count.trim_start_matches('£').to_owned()
}
