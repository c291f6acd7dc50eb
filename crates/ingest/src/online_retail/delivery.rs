//! The second reading: rows become lines, lines become orders and refunds, and those are handed over
//! as soon as their last line has gone by.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    path::Path,
    sync::Arc,
};

use aftercart_model::{EventKey, Identifier, OrderId, Timestamp};
use anyhow::{Context, Result};
use csv::ByteRecord;
use jiff::{civil::DateTime, tz::TimeZone};

use super::{
    FileSummary, LineUse, PROGRESS_ROWS, Progress, ReadStage, SOURCE, SkipReason, Summary,
    columns::{InvoiceKind, Row},
    services::{Service, service},
    survey::{Survey, open},
};
use crate::{
    Incoming, IncomingBody, IncomingLine, OWN_IDS, ProductRef, TimeSource,
    source::{Next, text_of},
};

pub struct Delivery<'a> {
    survey: &'a Survey,
    zone: TimeZone,
    on_item: &'a mut dyn FnMut(Incoming) -> Result<()>,
    /// Invoices of which more lines are to come.
    open: HashMap<Box<[u8]>, Invoice>,
    customers: HashSet<String>,
    is_product_seen: Vec<bool>,
    summary: Summary,
}

/// An invoice while its lines come in.
struct Invoice {
    kind: InvoiceKind,
    at: DateTime,
    customer: Option<String>,
    lines: Vec<Line>,
}

struct Line {
    verdict: Verdict,
    /// `None` for a service.
    product: Option<(usize, Arc<ProductRef>)>,
    quantity: i64,
    /// Price times quantity, negative in a refund.
    amount_minor: i64,
}

/// What becomes of a line, if its invoice is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Take(LineUse),
    Skip(SkipReason),
}

impl<'a> Delivery<'a> {
    pub fn new(
        survey: &'a Survey,
        zone: TimeZone,
        on_item: &'a mut dyn FnMut(Incoming) -> Result<()>,
    ) -> Self {
        Self {
            survey,
            zone,
            on_item,
            open: HashMap::new(),
            customers: HashSet::new(),
            is_product_seen: vec![false; survey.products.len()],
            summary: Summary::default(),
        }
    }

    pub fn read_file(&mut self, file: usize, on_progress: &mut dyn FnMut(Progress)) -> Result<()> {
        let survey = self.survey;
        let path = &survey.files[file].path;
        let (mut source, columns) = open(path)?;
        let (mut record, mut code, mut line) = (ByteRecord::new(), String::new(), 0_u64);
        loop {
            match source.read(&mut record)? {
                Next::End => break,
                Next::Rejected(fault) => self.reject(path, source.line(), &fault),
                Next::Row { is_decoded } => {
                    self.summary.decoded += u64::from(is_decoded);
                    let place = survey.invoices.get(columns.invoice(&record));
                    let place =
                        place.context("the file was changed while it was read; import it again")?;
                    match columns.row(&record) {
                        row if place.file != file => {
                            let amount = row.ok().and_then(|it| it.amount_minor()).unwrap_or(0);
                            self.summary.skip(SkipReason::Duplicate, amount);
                        }
                        Ok(row) => self.add(&row, &mut code, path, source.line()),
                        Err(error) => self.reject(path, source.line(), &error),
                    }
                    if place.file == file && place.last == line {
                        self.close(columns.invoice(&record))?;
                    }
                }
            }
            line += 1;
            self.summary.lines_read += 1;
            if line.is_multiple_of(PROGRESS_ROWS) {
                on_progress(self.progress(survey.bytes_before(file) + source.bytes_done()));
            }
        }
        let path = path.display().to_string();
        self.summary.files.push(FileSummary { path, lines: line });
        on_progress(self.progress(survey.bytes_before(file) + source.bytes_done()));
        Ok(())
    }

    pub fn finish(mut self) -> Summary {
        self.summary.customers = self.customers.len() as u64;
        self.summary.products = self.is_product_seen.iter().filter(|it| **it).count() as u64;
        self.summary
    }

    fn progress(&self, bytes_done: u64) -> Progress {
        Progress {
            stage: ReadStage::Orders,
            lines_done: self.summary.lines_read,
            lines_total: Some(self.survey.lines_total),
            bytes_done,
            bytes_total: self.survey.bytes_total,
        }
    }

    fn reject(&mut self, path: &Path, line: u64, why: &dyn fmt::Display) {
        self.summary.skip(SkipReason::Unreadable, 0);
        self.summary.show_unreadable(|| format!("`{}` line {line}: {why}", path.display()));
    }

    fn add(&mut self, row: &Row<'_>, code: &mut String, path: &Path, line: u64) {
        row.code_into(code);
        let Some(amount_minor) = row.amount_minor() else {
            return self.reject(
                path,
                line,
                &"`Price` times `Quantity` is beyond any amount; write what was paid",
            );
        };
        let service = service(code);
        let product = match service {
            Some(_) => None,
            None => self.survey.products.get(code.as_str()).cloned(),
        };
        let verdict = judge(row, service);
        let line = Line { verdict, product, quantity: row.quantity, amount_minor };
        match self.open.get_mut(row.invoice) {
            Some(invoice) => {
                invoice.at = invoice.at.min(row.at);
                invoice.lines.push(line);
            }
            None => {
                let invoice = Invoice {
                    kind: row.kind(),
                    at: row.at,
                    customer: row.customer.map(text_of),
                    lines: vec![line],
                };
                self.open.insert(row.invoice.into(), invoice);
            }
        }
    }

    /// The last line of `number` has gone by: hands the invoice over, or says why not.
    fn close(&mut self, number: &[u8]) -> Result<()> {
        let Some(invoice) = self.open.remove(number) else { return Ok(()) };
        let refused = refusal(&invoice);
        for line in &invoice.lines {
            match (line.verdict, refused) {
                (Verdict::Skip(reason), _) => self.summary.skip(reason, line.amount_minor),
                (Verdict::Take(_), Some(reason)) => self.summary.skip(reason, line.amount_minor),
                (Verdict::Take(line_use), None) => {
                    self.summary.take(line_use, line.amount_minor);
                    if let Some((index, _)) = line.product {
                        self.is_product_seen[index] = true;
                    }
                }
            }
        }
        if refused.is_some() {
            return Ok(());
        }
        let number = text_of(number);
        let at = self.zone.to_ambiguous_timestamp(invoice.at).compatible();
        let at =
            at.with_context(|| format!("invoice `{number}`: no such time in {}", super::ZONE))?;
        self.summary.span(at);
        if let Some(customer) = &invoice.customer
            && !self.customers.contains(customer)
        {
            self.customers.insert(customer.clone());
        }
        self.hand_over(invoice, &number, at)
    }

    fn hand_over(&mut self, invoice: Invoice, number: &str, at: Timestamp) -> Result<()> {
        let amount_minor = amount(&invoice);
        let lines = invoice.lines.into_iter().filter_map(incoming_line).collect();
        let (kind, body) = if invoice.kind == InvoiceKind::Order {
            self.summary.orders += 1;
            self.summary.orders_of_guests += u64::from(invoice.customer.is_none());
            self.summary.order_total_minor += amount_minor;
            let order = OrderId::new(number)?;
            let total_minor = amount_minor;
            ("order", IncomingBody::OrderPlaced { order, lines, total_minor, coupon: None })
        } else {
            self.summary.refunds += 1;
            self.summary.refund_total_minor += amount_minor;
            ("refund", IncomingBody::OrderRefunded { order: None, amount_minor, lines })
        };
        (self.on_item)(Incoming {
            key: key(kind, number),
            identifiers: invoice
                .customer
                .map(|it| Identifier::external(OWN_IDS, it))
                .into_iter()
                .collect(),
            at,
            time_source: TimeSource::Given,
            body,
        })
    }
}

fn key(kind: &str, number: &str) -> EventKey {
    EventKey { source: SOURCE.to_owned(), key: format!("{kind}:{number}") }
}

/// What becomes of a line by itself, before its invoice is known whole.
fn judge(row: &Row<'_>, service: Option<Service>) -> Verdict {
    use SkipReason::{
        BadDebt, BooksEntry, RefundOfNobody, StockCorrection, TestProduct, WrongSign,
    };
    use Verdict::{Skip, Take};

    let is_order = match row.kind() {
        InvoiceKind::BadDebt => return Skip(BadDebt),
        InvoiceKind::Refund if row.customer.is_none() => return Skip(RefundOfNobody),
        kind => kind == InvoiceKind::Order,
    };
    let is_free = row.price.is_zero() || row.quantity == 0;
    match service {
        Some(Service::Test) => Skip(TestProduct),
        Some(Service::OfBooks) => Skip(BooksEntry),
        _ if is_order && is_free && (row.customer.is_none() || row.quantity <= 0) => {
            Skip(StockCorrection)
        }
        Some(Service::OfCustomer) if is_order => Take(LineUse::OrderService),
        Some(Service::OfCustomer) => Take(LineUse::RefundService),
        None if row.price.is_negative() || is_order != (row.quantity > 0) => Skip(WrongSign),
        None if is_order && is_free => Take(LineUse::OrderGift),
        None if is_order => Take(LineUse::OrderProduct),
        None => Take(LineUse::RefundProduct),
    }
}

/// Why an invoice is not taken although some of its lines would be.
fn refusal(invoice: &Invoice) -> Option<SkipReason> {
    let is_bought = |it: &Line| it.verdict == Verdict::Take(LineUse::OrderProduct);
    if amount(invoice) <= 0 {
        Some(SkipReason::NothingPaid)
    } else if invoice.kind == InvoiceKind::Order && !invoice.lines.iter().any(is_bought) {
        Some(SkipReason::WithoutProduct)
    } else {
        None
    }
}

/// What was paid, or paid back: positive either way.
fn amount(invoice: &Invoice) -> i64 {
    let taken = invoice.lines.iter().filter(|it| matches!(it.verdict, Verdict::Take(_)));
    let sum: i64 = taken.map(|it| it.amount_minor).sum();
    if invoice.kind == InvoiceKind::Refund { -sum } else { sum }
}

/// `None` for services, which are in the total alone.
fn incoming_line(line: Line) -> Option<IncomingLine> {
    if let Verdict::Skip(_) = line.verdict {
        return None;
    }
    let (_, product) = line.product?;
    let quantity = u32::try_from(line.quantity.unsigned_abs()).expect("bounded in each row");
    Some(IncomingLine { product, quantity, amount_minor: line.amount_minor.abs() })
}
