//! The CSV files that Shopify's admin exports: products, customers, orders.
//!
//! The caller cuts the file into rows; here rows become events. Columns are found by their names in
//! any order, unknown ones are passed over. A product and an order go over several rows, each row a
//! variant, a picture or a line, and what is of the whole stands in the first alone: such rows are
//! gathered as long as they follow one another, and refused together.
//!
//! No export says when it was written, so a row's key has no instant in it: the same file twice is
//! told once. See <https://help.shopify.com/en/manual/products/import-export/using-csv>,
//! <https://help.shopify.com/en/manual/customers/import-export-customers> and
//! <https://help.shopify.com/en/manual/fulfillment/managing-orders/exporting-orders>.

use std::collections::{BTreeMap, HashMap};

use aftercart_model::{
    Consent, ConsentState, Currency, CustomerName, EmailAddress, Identifier, ProductFacts,
    Timestamp, Topic,
};
use serde_json::{Value, json};

use super::{
    Arrival, RejectReason, RowRead,
    customers::CustomerSnapshot,
    fields::{shortened, whole_id},
    orders::{OrderSnapshot, codes, line_of},
    products::{ProductSnapshot, VariantStock, Variants, with_handle},
    summary::summary,
    told,
};
use crate::{Incoming, IncomingBody, IncomingLine, ProductRef, decimal::Decimal};

/// The most rows of one product or order. Shopify allows 2,048 variants and 250 pictures.
pub const ROWS_TOGETHER_MAX: usize = 5_000;

/// How Shopify's admin writes instants: `2026-03-01 12:00:00 +0100`.
const TIME_FORMAT: &str = "%Y-%m-%d %H:%M:%S %z";

/// The files that the admin exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    Products,
    Customers,
    Orders,
}

impl Export {
    pub const ALL: [Self; 3] = [Self::Products, Self::Customers, Self::Orders];

    /// Which of the exports has this header, if one has.
    pub fn of_header(header: &[String]) -> Option<Self> {
        let columns = Columns::new(header);
        Self::ALL.into_iter().find(|export| columns.lacking(export.needed()).is_none())
    }

    /// The columns without which a file is not this export, each by its names.
    fn needed(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Products => &[HANDLE, &["Title"], PRICE],
            Self::Customers => &[&["First Name"], &["Last Name"], EMAIL, ACCEPTS],
            Self::Orders => &[
                &["Id"],
                &["Name"],
                &["Created at"],
                &["Total"],
                LINE_QUANTITY,
                &["Lineitem name"],
                &["Lineitem price"],
            ],
        }
    }
}

// Columns with several names: Shopify renamed those of products in 2025 and those of customers in 2023.
const HANDLE: &[&str] = &["Handle", "URL handle"];
const PRICE: &[&str] = &["Variant Price", "Price"];
const STOCK_CODE: &[&str] = &["Variant SKU", "SKU"];
const EMAIL: &[&str] = &["Email"];
const ACCEPTS: &[&str] = &["Accepts Email Marketing", "Accepts Marketing"];
const LINE_QUANTITY: &[&str] = &["Lineitem quantity"];

/// Reads one export, row by row.
pub struct ExportReader<'a> {
    export: Export,
    columns: Columns,
    arrival: Arrival<'a>,
    /// The rows of a product or order that is not whole yet.
    open: Vec<Cells>,
    /// There were more rows than may be held; the first of them are in `open`.
    has_overflown: bool,
    line_last: u64,
}

struct Cells {
    line: u64,
    cells: Vec<String>,
}

impl<'a> ExportReader<'a> {
    /// # Errors
    ///
    /// A needed column is not in the header.
    pub fn new(
        export: Export,
        header: &[String],
        received_at: Timestamp,
        currency: Currency,
    ) -> Result<Self, RejectReason> {
        let columns = Columns::new(header);
        if let Some(names) = columns.lacking(export.needed()) {
            return Err(RejectReason::unusable(
                "the header",
                &format!("it has no column `{}`; export the file from Shopify anew", names[0]),
            ));
        }
        let arrival = Arrival { received_at, currency, domain: None };
        let (open, has_overflown, line_last) = (Vec::new(), false, 0);
        Ok(Self { export, columns, arrival, open, has_overflown, line_last })
    }

    /// As [`ExportReader::new`] knows it, with the shop's domain, such as `sunny-mug.example`: products
    /// then come with the addresses of their pages.
    pub fn with_domain(mut self, domain: &'a str) -> Self {
        self.arrival.domain = Some(domain);
        self
    }

    /// The next row, which began in `line`. Gives back what has become whole by it.
    pub fn row(&mut self, line: u64, cells: Vec<String>) -> Option<RowRead> {
        let cells = Cells { line, cells };
        let whole = if self.belongs(&cells) { None } else { self.finish() };
        self.line_last = line;
        if self.open.len() < ROWS_TOGETHER_MAX {
            self.open.push(cells);
        } else {
            self.has_overflown = true;
        }
        whole
    }

    /// What is left when there are no more rows.
    pub fn finish(&mut self) -> Option<RowRead> {
        let rows = std::mem::take(&mut self.open);
        let has_overflown = std::mem::take(&mut self.has_overflown);
        let line = rows.first()?.line;
        let rows: Vec<Row<'_>> =
            rows.iter().map(|cells| Row { columns: &self.columns, cells }).collect();
        let outcome = if has_overflown {
            Err(RejectReason::unusable(
                "the row",
                &format!("more than {ROWS_TOGETHER_MAX} rows are of one; send it in parts"),
            ))
        } else {
            match self.export {
                Export::Products => product(&rows, self.arrival),
                Export::Customers => customer(&rows[0], self.arrival),
                Export::Orders => order(&rows, self.arrival),
            }
        };
        Some(RowRead { line, line_last: self.line_last, outcome })
    }

    /// Whether a row goes on with what is open.
    fn belongs(&self, next: &Cells) -> bool {
        let Some(first) = self.open.first() else { return true };
        let names: &[&str] = match self.export {
            Export::Products => HANDLE,
            Export::Customers => return false,
            Export::Orders => &["Name"],
        };
        let name = |cells| Row { columns: &self.columns, cells }.text(names).unwrap_or_default();
        name(first) == name(next) || (self.export == Export::Orders && name(next).is_empty())
    }
}

/// All rows of one export, as an iterator over what they come to.
///
/// # Errors
///
/// A needed column is not in the header.
pub fn read_export(
    export: Export,
    header: &[String],
    rows: impl IntoIterator<Item = (u64, Vec<String>)>,
    received_at: Timestamp,
    currency: Currency,
) -> Result<impl Iterator<Item = RowRead>, RejectReason> {
    let mut reader = ExportReader::new(export, header, received_at, currency)?;
    let mut rows = rows.into_iter();
    Ok(std::iter::from_fn(move || {
        for (line, cells) in rows.by_ref() {
            if let Some(whole) = reader.row(line, cells) {
                return Some(whole);
            }
        }
        reader.finish()
    }))
}

/// Where each column stands, by its name in lower case.
struct Columns(HashMap<String, usize>);

impl Columns {
    fn new(header: &[String]) -> Self {
        let plain = |name: &String| name.trim_start_matches('\u{feff}').trim().to_lowercase();
        let mut places = HashMap::new();
        for (place, name) in header.iter().enumerate() {
            // Of two columns with one name the first is Shopify's own.
            places.entry(plain(name)).or_insert(place);
        }
        Self(places)
    }

    fn place(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.0.get(&name.to_lowercase()).copied())
    }

    /// The first of `needed` that is not there.
    fn lacking(
        &self,
        needed: &'static [&'static [&'static str]],
    ) -> Option<&'static [&'static str]> {
        needed.iter().copied().find(|names| self.place(names).is_none())
    }
}

/// A row under its header.
#[derive(Clone, Copy)]
struct Row<'a> {
    columns: &'a Columns,
    cells: &'a Cells,
}

impl<'a> Row<'a> {
    fn has(&self, names: &[&str]) -> bool {
        self.columns.place(names).is_some()
    }

    /// What stands in the first of `names` that is a column; none where it is empty.
    fn text(&self, names: &[&str]) -> Option<&'a str> {
        let cell = self.cells.cells.get(self.columns.place(names)?)?.trim();
        // An apostrophe keeps spreadsheets from reading an id as a number.
        let cell = cell.strip_prefix('\'').unwrap_or(cell);
        (!cell.is_empty()).then_some(cell)
    }

    fn name(&self, names: &[&str]) -> Option<String> {
        self.text(names).map(shortened)
    }

    /// How a refusal names the cell.
    fn field(&self, names: &[&str]) -> String {
        format!("{}` in line `{}", names[0], self.cells.line)
    }

    fn missing(&self, names: &[&str]) -> RejectReason {
        RejectReason::Missing { field: self.field(names) }
    }

    fn refuse(&self, names: &[&str], text: &str, remedy: &str) -> RejectReason {
        RejectReason::invalid(&self.field(names), text, remedy)
    }

    fn decimal(&self, names: &[&str]) -> Result<Option<Decimal>, RejectReason> {
        let Some(text) = self.text(names) else { return Ok(None) };
        let decimal = Decimal::parse(text.as_bytes());
        decimal.map(Some).ok_or_else(|| self.refuse(names, text, "write it as `19.99`"))
    }

    /// `times` an amount of 0 or more.
    fn money(
        &self,
        names: &[&str],
        times: u32,
        currency: Currency,
    ) -> Result<Option<i64>, RejectReason> {
        let Some(decimal) = self.decimal(names)? else { return Ok(None) };
        let minor = decimal.times(i64::from(times), currency.digits()).filter(|it| 0 <= *it);
        let text = self.text(names).unwrap_or_default();
        minor.map(Some).ok_or_else(|| self.refuse(names, text, "write an amount of 0 or more"))
    }

    fn whole(&self, names: &[&str]) -> Result<Option<i64>, RejectReason> {
        let Some(text) = self.text(names) else { return Ok(None) };
        let whole = Decimal::parse(text.as_bytes()).and_then(Decimal::whole);
        whole.map(Some).ok_or_else(|| self.refuse(names, text, "write a whole number"))
    }

    fn time(&self, names: &[&str]) -> Result<Option<Timestamp>, RejectReason> {
        let Some(text) = self.text(names) else { return Ok(None) };
        match Timestamp::strptime(TIME_FORMAT, text).or_else(|_| text.parse()) {
            Ok(at) => Ok(Some(at)),
            Err(_) => Err(self.refuse(names, text, "write it as `2026-03-01 12:00:00 +0100`")),
        }
    }

    /// `yes`, `true` or neither.
    fn is_yes(&self, names: &[&str]) -> bool {
        self.text(names).is_some_and(|it| ["yes", "true"].contains(&&*it.to_lowercase()))
    }

    fn email(&self) -> Result<Option<Identifier>, RejectReason> {
        let Some(text) = self.text(EMAIL) else { return Ok(None) };
        match EmailAddress::new(text) {
            Ok(email) => Ok(Some(Identifier::Email(email))),
            Err(_) => Err(RejectReason::unusable(
                &self.field(EMAIL),
                "write it as `name@domain`, or empty it",
            )),
        }
    }

    fn tags(&self) -> Option<Vec<String>> {
        if !self.has(&["Tags"]) {
            return None;
        }
        let tags = self.text(&["Tags"]).unwrap_or_default().split(',').map(str::trim);
        Some(tags.filter(|it| !it.is_empty()).map(shortened).collect())
    }
}

/// A product: one row for each variant and each further picture.
fn product(rows: &[Row<'_>], arrival: Arrival<'_>) -> Result<Vec<Incoming>, RejectReason> {
    let first = rows[0];
    let handle = first.name(HANDLE).ok_or_else(|| first.missing(HANDLE))?;
    let name = rows.iter().find_map(|row| row.name(&["Title"]));
    let name = name.ok_or_else(|| first.missing(&["Title"]))?;
    let (mut variants, mut is_whole) = (Variants::default(), true);
    for row in rows {
        let price = row.money(PRICE, 1, arrival.currency)?;
        let is_variant = price.is_some()
            || row.text(STOCK_CODE).is_some()
            || row.text(&["Option1 Value"]).is_some();
        if !is_variant {
            continue;
        }
        let cost = row.money(&["Cost per item"], 1, arrival.currency)?;
        variants.cost_minor = variants.cost_minor.or(cost);
        let stock = variant_stock(row)?;
        is_whole &= stock != VariantStock::Untold;
        variants.add([row.name(STOCK_CODE), None, None], price, stock);
    }
    let kind = first.name(&["Type"]);
    // Shopify writes the whole path: `Home & Garden > Kitchen > Coffee Makers`.
    let path = first.text(&["Product Category"]);
    let leaf = path.and_then(|it| it.rsplit('>').next()).map(|it| shortened(it.trim()));
    let picture = rows.iter().find(|row| row.text(PICTURE).is_some());
    let is_active = first.text(&["Status"]).is_none_or(|it| it.eq_ignore_ascii_case("active"));
    let published = &["Published", "Published on online store"];
    let is_published = !first.has(published) || first.is_yes(published);
    let description = first.text(&["Body (HTML)", "Description"]);
    let facts = ProductFacts {
        name: Some(name),
        category: leaf.or(kind.clone()),
        kind,
        brand: first.name(&["Vendor"]),
        tags: first.tags(),
        summary: description.and_then(summary),
        price_minor: variants.price_minor,
        cost_minor: variants.cost_minor,
        url: super::products::page(arrival.domain, Some(&handle)),
        picture: picture.and_then(|it| it.text(PICTURE)).map(str::to_owned),
        picture_text: picture.and_then(|it| it.name(&["Image Alt Text"])),
        stock: variants.stock(is_whole && !variants.is_empty()),
        is_active: Some(is_active && is_published),
    };
    let mut codes = with_handle(Vec::new(), Some(&handle));
    let code = codes.remove(0);
    let snapshot = ProductSnapshot { code, codes_also: variants.codes, facts };
    Ok(vec![snapshot.tell(None, arrival)])
}

const PICTURE: &[&str] = &["Image Src", "Product image URL"];

/// A variant is counted if something counts it: `shopify`, or the name of a service.
fn variant_stock(row: &Row<'_>) -> Result<VariantStock, RejectReason> {
    let tracker = &["Variant Inventory Tracker", "Inventory tracker"];
    let is_oversold = match row.text(&["Variant Inventory Policy"]) {
        Some(policy) => policy.eq_ignore_ascii_case("continue"),
        None => row.is_yes(&["Continue selling when out of stock"]),
    };
    if is_oversold || (row.has(tracker) && row.text(tracker).is_none()) {
        return Ok(VariantStock::Uncounted);
    }
    let units = row.whole(&["Variant Inventory Qty", "Inventory quantity"])?;
    Ok(units.map_or(VariantStock::Untold, VariantStock::Units))
}

/// A customer, one row each.
fn customer(row: &Row<'_>, arrival: Arrival<'_>) -> Result<Vec<Incoming>, RejectReason> {
    let id = match row.text(&["Customer ID"]) {
        Some(text) => Some(
            whole_id(text)
                .map(str::to_owned)
                .ok_or_else(|| row.refuse(&["Customer ID"], text, "write the digits alone"))?,
        ),
        None => None,
    };
    let email = row.email()?;
    if id.is_none() && email.is_none() {
        return Err(row.missing(EMAIL));
    }
    let mut attributes: BTreeMap<String, Value> = BTreeMap::new();
    let texts: [(&str, &[&str]); 5] = [
        ("phone", &["Phone", "Default Address Phone"]),
        ("note", &["Note"]),
        ("city", &["Default Address City", "City"]),
        ("province", &["Province", "Default Address Province Code", "Province Code"]),
        ("zip", &["Default Address Zip", "Zip"]),
    ];
    for (name, columns) in texts {
        attributes.extend(row.text(columns).map(|it| (name.to_owned(), json!(it))));
    }
    attributes.extend(row.tags().map(|it| ("tags".to_owned(), json!(it))));
    if row.text(&["Tax Exempt"]).is_some() {
        attributes.insert("tax_exempt".to_owned(), json!(row.is_yes(&["Tax Exempt"])));
    }
    if let Some(orders) = row.whole(&["Total Orders"])? {
        attributes.insert("total_orders".to_owned(), json!(orders));
    }
    // As text: what is money is no float.
    if row.decimal(&["Total Spent"])?.is_some() {
        let spent = row.text(&["Total Spent"]).unwrap_or_default();
        attributes.insert("total_spent".to_owned(), json!(spent));
    }
    let country = &["Default Address Country Code", "Country Code", "Country"];
    let snapshot = CustomerSnapshot {
        id,
        email,
        name: CustomerName {
            given: row.name(&["First Name"]).unwrap_or_default(),
            family: row.name(&["Last Name"]).unwrap_or_default(),
        },
        country: row.name(country),
        locale: row.name(&["Language"]),
        attributes,
    };
    let (who, identifiers) = (snapshot.key(), snapshot.identifiers());
    let mut events = vec![snapshot.tell(None, arrival)];
    if row.is_yes(ACCEPTS) {
        // The file does not say since when. A yes without its time is older than any no.
        let at = Timestamp::UNIX_EPOCH;
        let consent = Consent::new(Topic::Marketing, ConsentState::Agreed, at, "shopify export");
        let key = format!("consent:{who}/marketing@{}", at.as_millisecond());
        events.push(told(key, &identifiers, at, IncomingBody::ConsentGiven { consent }));
    }
    Ok(events)
}

/// An order: one row for each line.
///
/// The export adds up what was refunded and names no refund. Telling the sum as a refund would count
/// it again beside the refunds that webhooks and backfills name, so it is taken off the total
/// instead: what the customer paid in the end. A revision told later by either puts both right.
fn order(rows: &[Row<'_>], arrival: Arrival<'_>) -> Result<Vec<Incoming>, RejectReason> {
    let (first, currency) = (rows[0], arrival.currency);
    let id = first.text(&["Id"]).ok_or_else(|| first.missing(&["Id"]))?;
    let id = whole_id(id).ok_or_else(|| first.refuse(&["Id"], id, "write the digits alone"))?;
    if let Some(given) = first.text(&["Currency"])
        && given != currency.code()
    {
        let remedy = format!("the shop here counts in {currency}, give it Shopify's currency");
        return Err(first.refuse(&["Currency"], given, &remedy));
    }
    let created = &["Created at"];
    let created_at = first.time(created)?.ok_or_else(|| first.missing(created))?;
    let total = first.money(&["Total"], 1, currency)?.ok_or_else(|| first.missing(&["Total"]))?;
    let refunded = first.money(&["Refunded Amount"], 1, currency)?.unwrap_or(0);
    let fulfilled_at = match first.text(&["Fulfillment Status"]) {
        Some("fulfilled") => first.time(&["Fulfilled at"])?.or(Some(created_at)),
        _ => None,
    };
    let mut lines = Vec::new();
    for row in rows {
        lines.extend(order_line(row, currency)?);
    }
    let snapshot = OrderSnapshot {
        id: id.to_owned(),
        created_at,
        updated_at: None,
        identifiers: first.email()?.into_iter().collect(),
        lines,
        total_minor: (total - refunded).max(0),
        coupon: first.name(&["Discount Code"]),
        fulfilled_at,
        cancelled_at: first.time(&["Cancelled at"])?,
        refunds: Vec::new(),
        accepts_marketing: first.is_yes(&["Accepts Marketing"]),
        ip: None,
    };
    snapshot.tell(false)
}

fn order_line(row: &Row<'_>, currency: Currency) -> Result<Option<IncomingLine>, RejectReason> {
    let Some(units) = row.whole(LINE_QUANTITY)? else { return Ok(None) };
    let Ok(units) = u32::try_from(units) else {
        let text = row.text(LINE_QUANTITY).unwrap_or_default();
        return Err(row.refuse(LINE_QUANTITY, text, "write a whole number of 0 or more"));
    };
    let price = &["Lineitem price"];
    let discount = row.money(&["Lineitem discount"], 1, currency)?.unwrap_or(0);
    let amount = row.money(price, units, currency)?.unwrap_or(0) - discount;
    let name = row.name(&["Lineitem name"]);
    let Some((code, code_also)) = codes(None, row.name(&["Lineitem sku"]), None, name.as_deref())
    else {
        return Ok(None);
    };
    let price_minor = row.money(price, 1, currency)?;
    let product = ProductRef { code, code_also, name, price_minor, ..ProductRef::default() };
    Ok(line_of(product.into(), units, units, amount))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::super::tests::{assert_told, data, here, lines_of};
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

    fn cells(text: &str) -> Vec<(u64, Vec<String>)> {
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.has_headers(false).flexible(true).from_reader(text.as_bytes());
        let row = |it: csv::Result<csv::StringRecord>| {
            let it = it.unwrap();
            (it.position().unwrap().line(), it.iter().map(str::to_owned).collect())
        };
        reader.records().map(row).collect()
    }

    fn read(export: Export, text: &str) -> Vec<RowRead> {
        let mut rows = cells(text);
        let (_, header) = rows.remove(0);
        assert_eq!(Export::of_header(&header), Some(export));
        read_export(export, &header, rows, NOW, Currency::USD).unwrap().collect()
    }

    fn told_text(rows: &[RowRead]) -> String {
        let row = |it: &RowRead| match &it.outcome {
            Ok(events) => format!("{}-{}\n{}", it.line, it.line_last, lines_of(events)),
            Err(reason) => format!("{}-{} {reason}", it.line, it.line_last),
        };
        rows.iter().map(row).collect::<Vec<_>>().join("\n\n")
    }

    fn example(name: &str) -> String {
        std::fs::read_to_string(here(&format!("testdata/shopify/{name}.csv"))).unwrap()
    }

    #[test]
    fn exports_become_the_events_that_webhooks_tell() {
        assert_told("products-csv", &told_text(&read(Export::Products, &example("products"))));
        assert_told("customers-csv", &told_text(&read(Export::Customers, &example("customers"))));
        assert_told("orders-csv", &told_text(&read(Export::Orders, &example("orders"))));
    }

    #[test]
    fn columns_may_stand_anywhere_and_have_their_newer_names() {
        let new = "\u{feff}Price,Notes,title,URL handle,SKU,Status\n9.50,x,Mug,mug,M-1,Active\n";
        let old = "Handle,Title,Variant SKU,Variant Price,Status\nmug,Mug,M-1,9.50,active\n";
        let told = |text: &str| read(Export::Products, text)[0].outcome.clone().unwrap();
        assert_eq!(told(new), told(old));
    }

    #[test]
    fn a_file_that_lacks_a_column_is_refused_by_its_name() {
        let header = ["Name", "Email", "Created at", "Total"].map(str::to_owned);
        assert_eq!(Export::of_header(&header), None);
        let refused = ExportReader::new(Export::Orders, &header, NOW, Currency::EUR).err().unwrap();
        assert_snapshot!(refused, @"`the header` cannot be used; it has no column `Id`; export the file from Shopify anew");
    }

    #[test]
    fn a_bad_row_is_refused_with_its_line_and_the_rest_is_taken() {
        let header = "Id,Name,Created at,Currency,Total,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Email";
        let good = "7,#7,2026-02-01 10:00:00 +0100,USD,10.00,1,Mug,10.00,M-1,ana@mail.example";
        let refused = |row: &str| {
            let rows = read(Export::Orders, &format!("{header}\n{row}\n{good}\n"));
            assert!(rows[1].outcome.is_ok(), "the next order is taken");
            rows[0].outcome.as_ref().unwrap_err().to_string()
        };
        assert_snapshot!(refused(",#1,2026-02-01 10:00:00 +0100,USD,10.00,1,Mug,10.00,,"), @"`Id` in line `2` is missing; give it");
        assert_snapshot!(refused("1001.5,#1,2026-02-01 10:00:00 +0100,USD,10.00,1,Mug,10.00,,"), @"`Id` in line `2` is `1001.5`; write the digits alone");
        assert_snapshot!(refused("1,#1,2026-02-01 10:00,USD,10.00,1,Mug,10.00,,"), @"`Created at` in line `2` is `2026-02-01 10:00`; write it as `2026-03-01 12:00:00 +0100`");
        assert_snapshot!(refused("1,#1,2026-02-01 10:00:00 +0100,EUR,10.00,1,Mug,10.00,,"), @"`Currency` in line `2` is `EUR`; the shop here counts in USD, give it Shopify's currency");
        assert_snapshot!(refused("1,#1,2026-02-01 10:00:00 +0100,USD,ten,1,Mug,10.00,,"), @"`Total` in line `2` is `ten`; write it as `19.99`");
        assert_snapshot!(refused("1,#1,2026-02-01 10:00:00 +0100,USD,10.00,1,Mug,10.00,,ana@nowhere"), @"`Email` in line `2` cannot be used; write it as `name@domain`, or empty it");
        assert_snapshot!(refused("1,#1,2026-02-01 10:00:00 +0100,USD,10.00,1,Mug,10.00,,\n,#1,,,,-1,Cup,1.00,,"), @"`Lineitem quantity` in line `3` is `-1`; write a whole number of 0 or more");
    }

    #[test]
    fn an_endless_product_is_refused_and_not_held() {
        let header = ["Handle", "Title", "Variant Price"].map(str::to_owned);
        let rows = (0..ROWS_TOGETHER_MAX as u64 + 10)
            .map(|it| (it + 2, ["mug", "Mug", "1.00"].map(str::to_owned).to_vec()));
        let after = (9_999, ["cup", "Cup", "1.00"].map(str::to_owned).to_vec());
        let rows = rows.chain([after]);
        let read: Vec<RowRead> =
            read_export(Export::Products, &header, rows, NOW, Currency::EUR).unwrap().collect();
        assert_eq!((read[0].line, read[0].line_last), (2, ROWS_TOGETHER_MAX as u64 + 11));
        assert!(read[0].outcome.is_err() && read[1].outcome.is_ok(), "{read:?}");
    }

    #[test]
    fn a_real_file_of_products_is_read() {
        let Some(folder) = data("a_real_file_of_products_is_read", "shopify-fixtures") else {
            return;
        };
        let text = std::fs::read_to_string(folder.join("product-csv/Product-data.csv")).unwrap();
        let rows = read(Export::Products, &text);
        let facts = |row: &RowRead| match &row.outcome.as_ref().unwrap()[0].body {
            IncomingBody::ProductSaved { code, facts, .. } => {
                (code.clone(), facts.price_minor, facts.stock, facts.summary.clone())
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(rows.len(), 20, "21 rows, two of which are one product's");
        let (code, price, stock, summary) = facts(&rows[0]);
        assert_eq!((code.as_str(), price), ("handle:floor-lamp", Some(6_999)));
        assert_eq!((stock, summary.as_deref()), (Some(None), Some("Black floor lamp")));
        let counted = rows.iter().map(facts).find(|it| it.0 == "handle:grey-wheelbarrow").unwrap();
        assert_eq!(counted.2, Some(Some(8)));
        let two = rows.iter().map(facts).find(|it| it.0 == "handle:gardening-gloves").unwrap();
        assert_eq!(two.1, Some(999), "the cheaper of two variants");
    }

    proptest! {
        /// No cell breaks the reading, and every row is in what is read or in what is refused.
        #[test]
        fn every_row_is_accounted_for(
            rows in prop::collection::vec(prop::array::uniform4("[a-c]{0,1}|[0-9.]{0,4}"), 0..20),
        ) {
            let header = ["Handle", "Title", "Variant Price", "Variant SKU"].map(str::to_owned);
            let count = rows.len() as u64;
            let rows = rows.into_iter().enumerate().map(|(at, row)| (at as u64 + 2, row.to_vec()));
            let read = read_export(Export::Products, &header, rows, NOW, Currency::EUR).unwrap();
            let mut next = 2;
            for row in read {
                prop_assert_eq!(row.line, next);
                next = row.line_last + 1;
            }
            prop_assert_eq!(next, count + 2);
        }
    }
}
