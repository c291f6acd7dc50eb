//! Which column holds what, and one row as values.

use std::fmt;

use anyhow::{Result, bail};
use csv::ByteRecord;
use jiff::civil::DateTime;

use crate::{decimal::Decimal, source::text_of};

/// More units of one product than any shop sells in a line; beyond it a column is mistaken.
const QUANTITY_MAX: i64 = 1_000_000_000;

/// The longest an invoice, code or customer id may be.
const NAME_BYTES_MAX: usize = 200;

/// Where each value stands in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    invoice: usize,
    code: usize,
    description: usize,
    quantity: usize,
    date: usize,
    price: usize,
    customer: usize,
    country: usize,
}

/// What an invoice's number says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceKind {
    Order,
    Refund,
    BadDebt,
}

/// One row, its numbers read and its texts trimmed.
pub struct Row<'a> {
    pub invoice: &'a [u8],
    pub code: &'a [u8],
    pub description: &'a [u8],
    /// Negative on cancellations and stock corrections.
    pub quantity: i64,
    pub at: DateTime,
    pub price: Decimal,
    /// `None` for a guest.
    pub customer: Option<&'a [u8]>,
    pub country: &'a [u8],
}

/// Why a row cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub struct RowError {
    column: &'static str,
    text: String,
    remedy: &'static str,
}

impl Columns {
    /// Finds the columns by the names of either file, whatever their case and blanks.
    pub fn of(header: &ByteRecord) -> Result<Self> {
        let plain = |name: &[u8]| -> String {
            let name = text_of(name);
            let name = name.trim_start_matches('\u{feff}').to_ascii_lowercase();
            name.chars().filter(|it| it.is_ascii_alphanumeric()).collect()
        };
        let names: Vec<String> = header.iter().map(plain).collect();
        let find = |shown: &str, known: &[&str]| match names
            .iter()
            .position(|name| known.contains(&name.as_str()))
        {
            Some(at) => Ok(at),
            None => bail!("no column `{shown}`; the first row must name it"),
        };
        Ok(Self {
            invoice: find("Invoice", &["invoice", "invoiceno"])?,
            code: find("StockCode", &["stockcode"])?,
            description: find("Description", &["description"])?,
            quantity: find("Quantity", &["quantity"])?,
            date: find("InvoiceDate", &["invoicedate"])?,
            price: find("Price", &["price", "unitprice"])?,
            customer: find("Customer ID", &["customerid"])?,
            country: find("Country", &["country"])?,
        })
    }

    /// The invoice number alone, empty if the row has none.
    pub fn invoice<'a>(&self, record: &'a ByteRecord) -> &'a [u8] {
        record.get(self.invoice).unwrap_or_default().trim_ascii()
    }

    pub fn row<'a>(&self, record: &'a ByteRecord) -> Result<Row<'a>, RowError> {
        let field = |column: &'static str, at: usize| match record.get(at) {
            Some(bytes) => Ok(bytes.trim_ascii()),
            None => Err(RowError::new(column, b"", "the row has too few columns")),
        };
        let name = |column, at, remedy| match field(column, at)? {
            name if name.is_empty() || NAME_BYTES_MAX < name.len() => {
                Err(RowError::new(column, name, remedy))
            }
            name => Ok(name),
        };
        let invoice = name("Invoice", self.invoice, "give the invoice's number")?;
        if kind_of(invoice).is_none() {
            let remedy = "write digits, with `C` before them for a cancellation";
            return Err(RowError::new("Invoice", invoice, remedy));
        }
        let quantity = field("Quantity", self.quantity)?;
        let date = field("InvoiceDate", self.date)?;
        let price = field("Price", self.price)?;
        let customer = field("Customer ID", self.customer)?;
        Ok(Row {
            invoice,
            code: name("StockCode", self.code, "give the product's code")?,
            description: field("Description", self.description)?,
            quantity: Decimal::parse(quantity)
                .and_then(Decimal::whole)
                .filter(|it| it.abs() <= QUANTITY_MAX)
                .ok_or_else(|| RowError::new("Quantity", quantity, "write a whole number"))?,
            at: date_time(date).ok_or_else(|| {
                RowError::new("InvoiceDate", date, "write it as `2010-12-01 08:26:00`")
            })?,
            price: Decimal::parse(price).ok_or_else(|| {
                RowError::new("Price", price, "write pounds with a point, such as `2.55`")
            })?,
            // Some tools write whole numbers as floats.
            customer: Some(customer.strip_suffix(b".0").unwrap_or(customer))
                .filter(|it| !it.is_empty() && it.len() <= NAME_BYTES_MAX),
            country: field("Country", self.country)?,
        })
    }
}

impl Row<'_> {
    pub fn kind(&self) -> InvoiceKind {
        kind_of(self.invoice).expect("checked when the row was read")
    }

    /// Into `code`: the stock code in capitals, for both cases are used for one product.
    pub fn code_into(&self, code: &mut String) {
        code.clear();
        match std::str::from_utf8(self.code) {
            Ok(text) => code.push_str(text),
            Err(_) => code.push_str(&text_of(self.code)),
        }
        code.make_ascii_uppercase();
    }

    /// What the line comes to, in pence.
    pub fn amount_minor(&self) -> Option<i64> {
        self.price.times(self.quantity, super::CURRENCY_DIGITS)
    }
}

impl RowError {
    fn new(column: &'static str, text: &[u8], remedy: &'static str) -> Self {
        Self { column, text: text_of(text).chars().take(40).collect(), remedy }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is `{}`; {}", self.column, self.text, self.remedy)
    }
}

fn kind_of(invoice: &[u8]) -> Option<InvoiceKind> {
    match invoice {
        [b'0'..=b'9', ..] => Some(InvoiceKind::Order),
        [b'C' | b'c', ..] => Some(InvoiceKind::Refund),
        [b'A' | b'a', ..] => Some(InvoiceKind::BadDebt),
        _ => None,
    }
}

/// `2010-12-01 08:26:00`, the seconds may be missing.
fn date_time(text: &[u8]) -> Option<DateTime> {
    let number = |from: usize, to: usize| -> Option<i16> {
        text.get(from..to)?.iter().try_fold(0_i16, |sum, byte| match byte {
            b'0'..=b'9' => Some(sum * 10 + i16::from(byte - b'0')),
            _ => None,
        })
    };
    let separators = [(4, b'-'), (7, b'-'), (13, b':')];
    let is_in_place = |(at, byte): (usize, u8)| text.get(at) == Some(&byte);
    if !separators.into_iter().all(is_in_place) || !matches!(text.get(10), Some(b' ' | b'T')) {
        return None;
    }
    let second = match text.len() {
        16 => 0,
        19 if text[16] == b':' => number(17, 19)?,
        _ => return None,
    };
    let part = |from, to| number(from, to).and_then(|it| i8::try_from(it).ok());
    DateTime::new(
        number(0, 4)?,
        part(5, 7)?,
        part(8, 10)?,
        part(11, 13)?,
        part(14, 16)?,
        i8::try_from(second).ok()?,
        0,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    const HEADER: [&str; 8] = [
        "Invoice",
        "StockCode",
        "Description",
        "Quantity",
        "InvoiceDate",
        "Price",
        "Customer ID",
        "Country",
    ];

    /// The error of a good row with the `at`-th column replaced.
    fn refused(at: usize, text: &str) -> String {
        let mut row = ["1", "A", "B", "2", "2010-12-01 08:26:00", "2.55", "5", "France"];
        row[at] = text;
        let columns = Columns::of(&ByteRecord::from(&HEADER[..])).unwrap();
        columns.row(&ByteRecord::from(&row[..])).err().expect("a bad row").to_string()
    }

    #[test]
    fn the_header_of_either_file_is_understood() {
        let other = [
            "\u{feff}InvoiceNo",
            "stock_code",
            "Description",
            "Quantity",
            "InvoiceDate",
            "UnitPrice",
            "CustomerID",
            "Country",
        ];
        let columns = |names: &[&str]| Columns::of(&ByteRecord::from(names));
        assert_eq!(columns(&HEADER).unwrap(), columns(&other).unwrap());
        let error = columns(&HEADER[..5]).unwrap_err();
        assert_snapshot!(error, @"no column `Price`; the first row must name it");
    }

    #[test]
    fn errors_say_how_to_mend_the_row() {
        assert_snapshot!(refused(0, "X12"), @"`Invoice` is `X12`; write digits, with `C` before them for a cancellation");
        assert_snapshot!(refused(1, " "), @"`StockCode` is ``; give the product's code");
        assert_snapshot!(refused(3, "1.5"), @"`Quantity` is `1.5`; write a whole number");
        assert_snapshot!(refused(4, "1/12/2010"), @"`InvoiceDate` is `1/12/2010`; write it as `2010-12-01 08:26:00`");
        assert_snapshot!(refused(4, "2010-02-30 08:26"), @"`InvoiceDate` is `2010-02-30 08:26`; write it as `2010-12-01 08:26:00`");
        assert_snapshot!(refused(5, "2,55"), @"`Price` is `2,55`; write pounds with a point, such as `2.55`");
        let columns = Columns::of(&ByteRecord::from(&HEADER[..])).unwrap();
        let short = columns.row(&ByteRecord::from(&["1", "A"][..])).err().unwrap();
        assert_snapshot!(short, @"`Quantity` is ``; the row has too few columns");
    }
}
