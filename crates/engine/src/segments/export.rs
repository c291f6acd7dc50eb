//! Handing a segment's members over to a file: CSV, NDJSON or Parquet.
//!
//! A spreadsheet runs a cell that begins like a formula, and what a customer calls themselves stands in
//! a cell. OWASP's rule ("CSV Injection") is kept: such a cell begins with an apostrophe, and every
//! cell is quoted.

mod parquet;

use std::io::Write;

use aftercart_model::{ConsentState, Currency, CustomerId, Timestamp, Topic};
use aftercart_segment::Condition;
use aftercart_store::Tx;
use anyhow::{Context, Result};
use serde::Serialize;

use self::parquet::ParquetFile;
use crate::{Engine, merge_customers::bar_of};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    Csv,
    Ndjson,
    Parquet,
}

/// How many members one reading of the store looks at: a long reading holds up nobody, and yet its
/// rows are of one moment each.
const BATCH: usize = 1_000;

const UNWRITTEN: &str = "the export cannot be written";

const HEADS: [&str; 13] = [
    "id",
    "email",
    "given_name",
    "family_name",
    "country",
    "time_zone",
    "agreed_to_marketing",
    "suppressed",
    "orders",
    "spent",
    "last_order",
    "last_order_at",
    "currency",
];

/// What is told of each member.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExportedMember {
    /// The shop's own id, else our number.
    pub id: String,
    pub email: Option<String>,
    pub given_name: String,
    pub family_name: String,
    pub country: Option<String>,
    pub time_zone: Option<String>,
    pub agreed_to_marketing: bool,
    pub suppressed: bool,
    /// Orders that were not cancelled.
    pub orders: u64,
    /// What was paid for them, refunds taken off, such as `42.50`.
    pub spent: String,
    #[serde(skip)]
    pub spent_minor: i64,
    pub last_order: Option<String>,
    pub last_order_at: Option<Timestamp>,
    pub currency: String,
}

impl Engine {
    /// Writes everybody who meets a condition, by our number. Says how many they are.
    pub fn export_segment(
        &self,
        condition: &Condition,
        format: ExportFormat,
        now: Timestamp,
        out: &mut (dyn Write + Send),
    ) -> Result<u64> {
        self.refuse_currency(condition)?;
        let members = self.members_of(condition, now)?;
        let mut file = File::begin(format, self.shop().currency, out).context(UNWRITTEN)?;
        let mut count = 0;
        for batch in members.chunks(BATCH) {
            let rows = self.store().read(|tx| {
                let rows = batch.iter().map(|it| self.exported(tx, *it, now));
                rows.filter_map(Result::transpose).collect::<Result<Vec<_>>>()
            })?;
            count += rows.len() as u64;
            file.write(rows).context(UNWRITTEN)?;
        }
        file.end().context(UNWRITTEN)?;
        Ok(count)
    }

    fn exported(
        &self,
        tx: &mut Tx<'_>,
        id: CustomerId,
        now: Timestamp,
    ) -> Result<Option<ExportedMember>> {
        // Erased while the file was written.
        let Some(customer) = tx.customer(id)? else { return Ok(None) };
        let orders = tx.orders_of(id)?;
        let bought: Vec<_> =
            orders.iter().filter(|it| it.is_purchase() && it.placed_at <= now).collect();
        let consents = tx.consents_of(id)?;
        let last = bought.last();
        let currency = self.shop().currency;
        let spent_minor = bought.iter().map(|it| it.net_minor()).sum();
        Ok(Some(ExportedMember {
            id: tx.external_id_of(id)?.unwrap_or_else(|| id.to_string()),
            suppressed: bar_of(tx, &customer)?.is_some(),
            email: customer.email.map(String::from),
            given_name: customer.name.given,
            family_name: customer.name.family,
            country: customer.country,
            time_zone: customer.time_zone,
            agreed_to_marketing: consents
                .iter()
                .any(|it| it.topic == Topic::Marketing && it.state == ConsentState::Agreed),
            orders: bought.len() as u64,
            spent: currency.decimal(spent_minor),
            spent_minor,
            last_order: last.map(|it| it.id.to_string()),
            last_order_at: last.map(|it| it.placed_at),
            currency: currency.code().to_owned(),
        }))
    }
}

/// A file in the making.
enum File<'w> {
    Text { format: ExportFormat, out: &'w mut (dyn Write + Send) },
    Parquet(Box<ParquetFile<'w>>),
}

impl<'w> File<'w> {
    fn begin(
        format: ExportFormat,
        currency: Currency,
        out: &'w mut (dyn Write + Send),
    ) -> Result<Self> {
        if format == ExportFormat::Parquet {
            return Ok(Self::Parquet(Box::new(ParquetFile::begin(currency, out)?)));
        }
        if format == ExportFormat::Csv {
            out.write_all(csv_row(HEADS).as_bytes())?;
        }
        Ok(Self::Text { format, out })
    }

    fn write(&mut self, rows: Vec<ExportedMember>) -> Result<()> {
        match self {
            Self::Parquet(file) => return file.write(rows),
            Self::Text { format: ExportFormat::Csv, out } => {
                let rows: String = rows.iter().map(ExportedMember::as_csv).collect();
                out.write_all(rows.as_bytes())?;
            }
            Self::Text { out, .. } => {
                for row in rows {
                    out.write_all((serde_json::to_string(&row)? + "\n").as_bytes())?;
                }
            }
        }
        Ok(())
    }

    fn end(self) -> Result<()> {
        match self {
            Self::Parquet(file) => file.end(),
            Self::Text { out, .. } => Ok(out.flush()?),
        }
    }
}

impl ExportedMember {
    fn as_csv(&self) -> String {
        let yes_or_no = |it: bool| if it { "yes" } else { "no" }.to_owned();
        let or_empty = |it: &Option<String>| it.clone().unwrap_or_default();
        csv_row([
            self.id.clone(),
            or_empty(&self.email),
            self.given_name.clone(),
            self.family_name.clone(),
            or_empty(&self.country),
            or_empty(&self.time_zone),
            yes_or_no(self.agreed_to_marketing),
            yes_or_no(self.suppressed),
            self.orders.to_string(),
            self.spent.clone(),
            or_empty(&self.last_order),
            self.last_order_at.map(|it| it.to_string()).unwrap_or_default(),
            self.currency.clone(),
        ])
    }
}

/// A row as RFC 4180 has it, each cell quoted.
fn csv_row<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|it| csv_cell(it.as_ref())).collect();
    cells.join(",") + "\r\n"
}

fn csv_cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let apostrophe = if is_formula { "'" } else { "" };
    format!("\"{apostrophe}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe() {
        assert_eq!(csv_cell("Ana"), "\"Ana\"");
        assert_eq!(csv_cell("=1+1"), "\"'=1+1\"");
        assert_eq!(csv_cell("+351 900"), "\"'+351 900\"");
        assert_eq!(csv_cell("-2"), "\"'-2\"");
        assert_eq!(csv_cell("@SUM(A1)"), "\"'@SUM(A1)\"");
        assert_eq!(csv_cell("\t=1"), "\"'\t=1\"");
        assert_eq!(csv_cell("\r=1"), "\"'\r=1\"");
        assert_eq!(csv_cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(csv_row(["a", "=b"]), "\"a\",\"'=b\"\r\n");
    }

    proptest! {
        #[test]
        fn no_cell_begins_like_a_formula_and_none_ends_early(text in ".{0,12}") {
            let cell = csv_cell(&text);
            let inside = &cell[1..cell.len() - 1];
            prop_assert!(!inside.starts_with(['=', '+', '-', '@', '\t', '\r']));
            prop_assert!(!inside.replace("\"\"", "").contains('"'));
            let back = inside.replace("\"\"", "\"");
            prop_assert!(back == text || back.strip_prefix('\'') == Some(&text));
        }
    }
}
