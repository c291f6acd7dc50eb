//! The CSV file of products that WooCommerce exports (Products → Export).
//!
//! Rows are given and answered one by one; the caller reads the file. The file says nothing of when
//! it was written, so a product's key has no instant in it and the same row twice is one event.
//!
//! Columns as WooCommerce names them in English:
//! <https://github.com/woocommerce/woocommerce/wiki/Product-CSV-Import-Schema>.

use std::collections::HashMap;

use aftercart_model::{Currency, ProductFacts, Timestamp};
use jiff::{civil::Date, tz::TimeZone};

use super::{content_hash, key, products::stock_of, text};
use crate::{
    Incoming, IncomingBody, Taken, TimeSource, decimal::Decimal, segment_api::RejectReason,
};

/// The columns without which this is another file.
const COLUMNS_NEEDED: [&str; 5] = ["ID", "Type", "SKU", "Name", "Published"];

/// The header of such a file, by which its rows are read.
#[derive(Clone, Debug)]
pub struct ProductCsv {
    columns: HashMap<String, usize>,
}

/// A row under its header.
struct Row<'a> {
    columns: &'a HashMap<String, usize>,
    cells: &'a [&'a str],
}

impl ProductCsv {
    /// The reader of files with this header; `None` if it is not WooCommerce's, in English.
    pub fn of_header(header: &[&str]) -> Option<Self> {
        let plain = |name: &&str| name.trim_start_matches('\u{feff}').trim().to_owned();
        let columns: HashMap<String, usize> =
            header.iter().map(plain).enumerate().map(|(place, name)| (name, place)).collect();
        COLUMNS_NEEDED.iter().all(|it| columns.contains_key(*it)).then_some(Self { columns })
    }

    /// A row, as it stands at `at`: the moment the file is read, or was written if that is known.
    ///
    /// # Errors
    ///
    /// No id and no SKU, a variation of nothing, a price or a stock that is no number; the column is
    /// named.
    pub fn read(
        &self,
        cells: &[&str],
        at: Timestamp,
        currency: Currency,
    ) -> Result<Taken, RejectReason> {
        let row = Row { columns: &self.columns, cells };
        let kinds: Vec<&str> = row.list("Type");
        let (id, sku) = (row.get("ID"), row.get("SKU"));
        let named = id.or(sku).ok_or_else(|| RejectReason::missing("ID` or `SKU"))?;
        let mut codes_also: Vec<String> = Vec::new();
        let (code, facts) = if kinds.contains(&"variation") {
            let parent = row.get("Parent").ok_or_else(|| RejectReason::missing("Parent"))?;
            codes_also.extend(id.map(|it| format!("variant:{it}")));
            (parent.strip_prefix("id:").unwrap_or(parent), ProductFacts::default())
        } else {
            (named, row.facts(&kinds, at, currency)?)
        };
        codes_also.extend(sku.filter(|it| *it != code).map(str::to_owned));
        let (code, facts) = (code.to_owned(), Box::new(facts));
        let body = IncomingBody::ProductSaved { code, codes_also, facts };
        let named: String = named.chars().take(150).collect();
        let key = key(format!("product:{named}#{}", content_hash(&body)));
        let (identifiers, time_source) = (Vec::new(), TimeSource::Received);
        Ok(Taken::Events(vec![Incoming { key, identifiers, at, time_source, body }]))
    }
}

impl<'a> Row<'a> {
    /// A cell that is not empty.
    fn get(&self, column: &str) -> Option<&'a str> {
        let place = *self.columns.get(column)?;
        self.cells.get(place).map(|it| it.trim()).filter(|it| !it.is_empty())
    }

    /// The parts of a cell, set apart by commas.
    fn list(&self, column: &str) -> Vec<&'a str> {
        let parts = self.get(column).unwrap_or_default().split(',').map(str::trim);
        parts.filter(|it| !it.is_empty()).collect()
    }

    fn facts(
        &self,
        kinds: &[&str],
        at: Timestamp,
        currency: Currency,
    ) -> Result<ProductFacts, RejectReason> {
        let plain = |column| self.get(column).map(text::plain).filter(|it| !it.is_empty());
        let has = |column: &str| self.columns.contains_key(column);
        // `Clothing > Hoodies` is a category within another; the product lies in the inner one.
        let category = self
            .list("Categories")
            .first()
            .map(|path| text::plain(path.rsplit_once(" > ").map_or(*path, |(_, inner)| inner)));
        let category = category.filter(|it| !it.eq_ignore_ascii_case("uncategorized"));
        let is_shown = self.get("Visibility in catalog").is_none_or(|it| it != "hidden");
        let is_sold_here = !kinds.iter().any(|it| ["grouped", "external"].contains(it));
        let described = self.get("Short description").or(self.get("Description"));
        Ok(ProductFacts {
            name: plain("Name"),
            category,
            kind: None,
            brand: self.list("Brands").first().map(|it| text::plain(it)),
            tags: has("Tags").then(|| self.list("Tags").into_iter().map(text::plain).collect()),
            summary: described.map(text::summary).filter(|it| !it.is_empty()),
            price_minor: self.price(at, currency)?,
            cost_minor: None,
            url: None,
            picture: self.list("Images").first().map(|it| (*it).to_owned()),
            picture_text: None,
            stock: self.stock()?,
            is_active: Some(self.get("Published") == Some("1") && is_shown && is_sold_here),
        })
    }

    /// The price to pay at `at`: the sale's while there is one.
    fn price(&self, at: Timestamp, currency: Currency) -> Result<Option<i64>, RejectReason> {
        let today = at.to_zoned(TimeZone::UTC).date();
        let day = |column| -> Option<Date> { self.get(column)?.get(..10)?.parse().ok() };
        let has_begun = day("Date sale price starts").is_none_or(|it| it <= today);
        let has_ended = day("Date sale price ends").is_some_and(|it| it < today);
        let is_sale = has_begun && !has_ended;
        let column = if is_sale && self.get("Sale price").is_some() {
            "Sale price"
        } else {
            "Regular price"
        };
        let Some(text) = self.get(column) else { return Ok(None) };
        let minor = Decimal::parse(text.as_bytes())
            .and_then(|it| it.times(1, currency.digits()))
            .filter(|it| *it >= 0);
        let remedy = "write a price of 0 or more, such as `19.99`";
        minor.map(Some).ok_or_else(|| RejectReason::invalid(column, text, remedy))
    }

    fn stock(&self) -> Result<Option<Option<i64>>, RejectReason> {
        let status = match self.get("In stock?") {
            Some("0") => Some("outofstock"),
            Some("1") => Some("instock"),
            Some("backorder") => Some("onbackorder"),
            Some(other) => {
                let remedy = "write `1`, `0` or `backorder`";
                return Err(RejectReason::invalid("In stock?", other, remedy));
            }
            None => None,
        };
        let counted = match self.get("Stock") {
            None | Some("parent") => None,
            Some(text) => {
                let units = Decimal::parse(text.as_bytes()).and_then(|it| it.times(1, 0));
                let remedy = "write a number of units, or leave it empty";
                Some(units.ok_or_else(|| RejectReason::invalid("Stock", text, remedy))?)
            }
        };
        Ok(stock_of(status, counted))
    }
}
