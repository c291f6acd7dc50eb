//! Plain files: customers, products, orders, events and reviews as CSV, or as one JSON object to a
//! line, plain or packed with gzip or zstd.
//!
//! A file is looked at first ([`look`]): what stands between its values, its header, a few rows. From
//! the header follows a [`Mapping`] of columns to fields, which people can correct. Then it is read
//! ([`FileReader`]) row by row, whatever its length; each [`Unit`] is a row, or the rows of one order,
//! and is either a few [`Incoming`] or a refusal that says what is wrong and how to mend it. Nothing
//! that stands in a file ends the reading but the end of the file, a bound, or a disk that fails.
//!
//! What the rows say has keys of its own (`order:1001`, `customer:7#…`), so that the same row is the
//! same event whenever and in whatever file it comes again.

use std::{
    collections::{HashSet, VecDeque},
    path::Path,
};

use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::{
    Incoming, Taken, csv_text,
    shopify::{Export, ExportReader, RejectReason, RowRead},
    woocommerce::ProductCsv,
};

mod customers;
mod events;
mod fields;
mod formats;
mod mapping;
mod orders;
mod products;
mod reviews;
mod row;
mod rows;
#[cfg(test)]
mod tests;
mod text;
mod values;

pub use fields::{Field, Kind};
pub use formats::Format;
pub use mapping::{Column, Mapping, MappingError, Target};
pub use orders::{ORDER_LINES_MAX, ORDERS_OPEN_MAX};
pub use reviews::{HANDLE_PREFIX, NAME_PREFIX, handle_of};
pub use row::{Reading, Refusal, SOURCE, hash};
pub use rows::{COLUMNS_MAX, Delimiter, Fault, ROW_LINES_MAX};
pub use text::Bounds;
pub use values::{DateOrder, InstantError, instant};

use mapping::Places;
use orders::OpenOrders;
use row::Row;
use rows::{Next, Record, Rows};
use text::Text;

/// Rows that are looked at before a file is read.
const LOOK_ROWS: usize = 200;

/// Bytes of a file that tell it from others.
const LOOK_BYTES: usize = 1 << 16;

/// How text stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Csv(Delimiter),
    /// One JSON object to a line.
    Json,
}

/// What a first look at a file shows.
#[derive(Clone, Debug)]
pub struct Look {
    pub form: Form,
    /// The names of the columns; of objects, every name that the first rows have.
    pub header: Vec<String>,
    /// The first rows, each as long as the header.
    pub samples: Vec<Vec<String>>,
    /// Of its beginning and its length.
    pub fingerprint: u64,
    /// Its size on the disk.
    pub bytes: u64,
    /// It holds what an import refused: its values may have an apostrophe before them that keeps
    /// spreadsheets from taking them for formulas.
    pub is_refused_rows: bool,
}

/// A row as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// Where it begins, from 1.
    pub line: u64,
    /// Its text, which need not be UTF-8.
    pub text: Vec<u8>,
}

/// Rows that are taken together or not at all.
#[derive(Clone, Debug)]
pub struct Unit {
    pub rows: Vec<SourceRow>,
    /// At least one event, or why there is none.
    pub outcome: Result<Vec<Incoming>, Refused>,
}

/// The row that is wrong, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub line: u64,
    pub refusal: Refusal,
}

/// A file that is being read by a mapping.
pub struct FileReader<'a> {
    rows: Rows,
    form: Form,
    header: Vec<String>,
    mapping: Mapping,
    places: Places,
    reading: Reading,
    bounds: Bounds,
    is_refused_rows: bool,
    own: Option<OwnReader<'a>>,
    /// Rows of which what they come to is still open.
    waiting: VecDeque<SourceRow>,
    record: Record,
    open: OpenOrders,
    is_over: bool,
    rows_read: u64,
    rows_decoded: u64,
    /// Of every row read so far, in their order.
    trail: u64,
}

impl Unit {
    fn refused(row: SourceRow, refusal: Refusal) -> Self {
        let refused = Refused { line: row.line, refusal };
        Self { rows: vec![row], outcome: Err(refused) }
    }
}

/// Looks at the beginning of a file.
pub fn look(path: &Path, bounds: Bounds) -> Result<Look> {
    let shown = path.display();
    let bytes = std::fs::metadata(path).map_or(0, |it| it.len());
    let mut text = Text::open(path, bounds)?;
    let cannot_read = || format!("cannot read `{shown}`");
    let beginning = text.peek().with_context(cannot_read)?;
    let beginning = beginning[..beginning.len().min(LOOK_BYTES)].to_vec();
    let fingerprint = hash(&[beginning.as_slice(), &bytes.to_le_bytes()].concat());
    let first = beginning.trim_ascii_start().first().copied();
    let form = match first {
        None => bail!("`{shown}` is empty; its first row must name the columns"),
        Some(b'{') => Form::Json,
        Some(b'[') => bail!("`{shown}` is one JSON list; write one object to a line (NDJSON)"),
        Some(_) => {
            let line = beginning.split(|it| *it == b'\n').find(|it| !it.trim_ascii().is_empty());
            Form::Csv(Delimiter::of_header(line.unwrap_or_default()))
        }
    };
    let delimiter = match form {
        Form::Csv(delimiter) => delimiter,
        Form::Json => Delimiter::Comma,
    };
    let mut rows = Rows::new(text, delimiter, bounds.line_bytes_max);
    let (header, samples) = match form {
        Form::Csv(_) => look_at_csv(&mut rows).with_context(cannot_read)?,
        Form::Json => look_at_json(&mut rows).with_context(cannot_read)?,
    };
    let is_refused_rows = header.starts_with(&["line".to_owned(), "reason".to_owned()]);
    Ok(Look { form, header, samples, fingerprint, bytes, is_refused_rows })
}

fn look_at_csv(rows: &mut Rows) -> Result<(Vec<String>, Vec<Vec<String>>)> {
    let mut record = Record::default();
    let header = header_of(rows, &mut record)?;
    let mut samples = Vec::new();
    while samples.len() < LOOK_ROWS {
        match rows.next(&mut record)? {
            Next::Row { .. } => {
                samples.push((0..header.len()).map(|it| record.get(it).to_owned()).collect());
            }
            Next::Refused(_) => {}
            Next::End => break,
        }
    }
    Ok((header, samples))
}

fn header_of(rows: &mut Rows, record: &mut Record) -> Result<Vec<String>> {
    match rows.next(record)? {
        Next::Row { .. } => {}
        Next::Refused(fault) => bail!("line {}: {fault}", rows.line()),
        Next::End => bail!("it is empty; its first row must name the columns"),
    }
    if record.len() == COLUMNS_MAX {
        bail!("it has more than {COLUMNS_MAX} columns; its first row must name them");
    }
    let header: Vec<String> = record.values().map(str::to_owned).collect();
    rows.set_width(header.len());
    Ok(header)
}

fn look_at_json(rows: &mut Rows) -> Result<(Vec<String>, Vec<Vec<String>>)> {
    let (mut header, mut objects): (Vec<String>, Vec<Vec<(String, String)>>) = Default::default();
    let mut seen = HashSet::new();
    while objects.len() < LOOK_ROWS {
        match rows.next_line_raw()? {
            Next::Row { .. } => {
                let Ok(Value::Object(object)) = events::json(rows.row()) else { continue };
                let mut values = Vec::new();
                flatten("", &object, &mut values);
                for (name, _) in &values {
                    if header.len() < COLUMNS_MAX && seen.insert(name.clone()) {
                        header.push(name.clone());
                    }
                }
                objects.push(values);
            }
            Next::Refused(_) => {}
            Next::End => break,
        }
    }
    let value = |object: &[(String, String)], name: &String| {
        object.iter().find(|it| it.0 == *name).map(|it| it.1.clone()).unwrap_or_default()
    };
    let sample = |object: &Vec<(String, String)>| {
        header.iter().map(|name| value(object, name)).collect::<Vec<_>>()
    };
    let samples = objects.iter().map(sample).collect();
    Ok((header, samples))
}

/// The values of an object with their paths: `address.country`. Lists of plain values are joined.
fn flatten(
    path: &str,
    object: &serde_json::Map<String, Value>,
    values: &mut Vec<(String, String)>,
) {
    for (name, value) in object {
        let name = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match value {
            Value::Null => values.push((name, String::new())),
            Value::Bool(flag) => values.push((name, flag.to_string())),
            Value::Number(number) => values.push((name, number.to_string())),
            Value::String(text) => values.push((name, text.clone())),
            Value::Object(inner) => flatten(&name, inner, values),
            Value::Array(items) => {
                let texts = items.iter().map(|it| match it {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                });
                values.push((name, texts.collect::<Vec<_>>().join(", ")));
            }
        }
    }
}

impl<'a> FileReader<'a> {
    /// Opens a file that was looked at. What the mapping lacks, and days that could be two, are
    /// refused before a row is read.
    pub fn open(
        path: &Path,
        look: &Look,
        mapping: &Mapping,
        reading: &'a Reading,
        bounds: Bounds,
    ) -> Result<Self> {
        let (places, own_reading) = prepare(look, mapping, reading)?;
        let text = Text::open(path, bounds)?;
        let delimiter = match look.form {
            Form::Csv(delimiter) => delimiter,
            Form::Json => Delimiter::Comma,
        };
        let mut rows = Rows::new(text, delimiter, bounds.line_bytes_max);
        let mut record = Record::default();
        if look.form != Form::Json {
            let cannot_read = || format!("cannot read `{}`", path.display());
            header_of(&mut rows, &mut record).with_context(cannot_read)?;
        }
        Ok(Self {
            rows,
            form: look.form,
            header: look.header.clone(),
            mapping: mapping.clone(),
            places,
            reading: own_reading,
            bounds,
            is_refused_rows: look.is_refused_rows,
            own: OwnReader::of(look, mapping, reading)?,
            waiting: VecDeque::new(),
            record,
            open: OpenOrders::default(),
            is_over: false,
            rows_read: 0,
            rows_decoded: 0,
            trail: 0,
        })
    }

    /// The next unit; `None` at the end.
    pub fn next_unit(&mut self) -> Result<Option<Unit>> {
        loop {
            if self.is_over {
                let left = match &mut self.own {
                    Some(OwnReader::Shopify(reader)) => reader.finish(),
                    _ => None,
                };
                return Ok(match left {
                    Some(read) => Some(self.whole(read)),
                    None => self.open.close_first(),
                });
            }
            let next = match self.form {
                Form::Csv(_) => self.rows.next(&mut self.record)?,
                Form::Json => self.rows.next_line_raw()?,
            };
            if next == Next::End {
                self.is_over = true;
                continue;
            }
            self.rows_read += 1;
            if self.bounds.rows_max < self.rows_read {
                bail!(
                    "it has more than {} rows; import it in parts, or raise --rows-max",
                    self.bounds.rows_max
                );
            }
            let source = SourceRow { line: self.rows.line(), text: self.rows.row().to_vec() };
            let trail = [self.trail.to_le_bytes(), hash(&source.text).to_le_bytes()];
            self.trail = hash(trail.as_flattened());
            let unit = match next {
                Next::Refused(fault) => {
                    Some(Unit::refused(source, Refusal::new(fault.to_string())))
                }
                _ => {
                    self.rows_decoded += u64::from(next == Next::Row { is_decoded: true });
                    self.read_row(source)
                }
            };
            if unit.is_some() {
                return Ok(unit);
            }
        }
    }

    /// Rows read so far, refused ones included.
    pub fn rows_read(&self) -> u64 {
        self.rows_read
    }

    /// Rows that were not UTF-8 and were read as Windows-1252.
    pub fn rows_decoded(&self) -> u64 {
        self.rows_decoded
    }

    /// How much of the file on the disk has been read.
    pub fn bytes_done(&self) -> u64 {
        self.rows.bytes_done()
    }

    /// What was read so far: the same only after the same rows in the same order.
    pub fn trail(&self) -> u64 {
        self.trail
    }

    fn read_row(&mut self, source: SourceRow) -> Option<Unit> {
        let kind = self.mapping.kind;
        if kind == Kind::Events && self.form == Form::Json {
            let Reading { now, currency, .. } = self.reading;
            return Some(unit(events::read_line(&source.text, now, currency), source));
        }
        if self.form == Form::Json
            && let Err(why) = self.take_object(&source.text)
        {
            return Some(Unit::refused(source, why));
        }
        if self.record.len() != self.header.len() {
            let reason = format!(
                "the row has {} columns and the header {}; put values with a delimiter in them \
                 into quotes",
                if self.record.len() < self.header.len() { "fewer" } else { "more" },
                self.header.len()
            );
            return Some(Unit::refused(source, Refusal::new(reason)));
        }
        if self.is_refused_rows {
            take_off_apostrophes(&mut self.record);
        }
        let Reading { now, currency, .. } = self.reading;
        match &mut self.own {
            Some(OwnReader::Woocommerce(columns)) => {
                let cells: Vec<&str> = self.record.values().collect();
                return Some(unit(taken(columns.read(&cells, now, currency)), source));
            }
            Some(OwnReader::Shopify(reader)) => {
                let cells = self.record.values().map(str::to_owned).collect();
                let read = reader.row(source.line, cells);
                let whole = read.map(|it| self.whole(it));
                self.waiting.push_back(source);
                return whole;
            }
            None => {}
        }
        let row = Row { record: &self.record, places: &self.places, reading: &self.reading };
        match kind {
            Kind::Customers => Some(unit(customers::read(&row), source)),
            Kind::Products => Some(unit(products::read(&row), source)),
            Kind::Events => Some(unit(events::read_row(&row), source)),
            Kind::Reviews => Some(unit(reviews::read(&row, self.mapping.format), source)),
            Kind::Orders => self.open.take(&row, source),
        }
    }

    /// What rows that waited come to.
    fn whole(&mut self, read: RowRead) -> Unit {
        let mut rows = Vec::new();
        while self.waiting.front().is_some_and(|it| it.line <= read.line_last) {
            rows.extend(self.waiting.pop_front());
        }
        let line = read.line;
        let outcome =
            taken(read.outcome.map(Taken::Events)).map_err(|refusal| Refused { line, refusal });
        Unit { rows, outcome }
    }

    /// The values of an object as a row under the header.
    fn take_object(&mut self, line: &[u8]) -> Result<(), Refusal> {
        let Value::Object(object) = events::json(line)? else {
            return Err(Refusal::new("it is no JSON object; write one to a line"));
        };
        let mut values = Vec::with_capacity(self.header.len());
        flatten("", &object, &mut values);
        self.record.clear();
        for name in &self.header {
            let value = values.iter().find(|it| it.0 == *name);
            self.record.push(value.map_or("", |it| &it.1));
        }
        Ok(())
    }
}

fn unit(outcome: Result<Vec<Incoming>, Refusal>, row: SourceRow) -> Unit {
    match outcome {
        Ok(events) => Unit { rows: vec![row], outcome: Ok(events) },
        Err(refusal) => Unit::refused(row, refusal),
    }
}

/// A format that reads its rows itself.
enum OwnReader<'a> {
    Shopify(Box<ExportReader<'a>>),
    Woocommerce(ProductCsv),
}

impl<'a> OwnReader<'a> {
    fn of(look: &Look, mapping: &Mapping, reading: &'a Reading) -> Result<Option<Self>> {
        let not_its = || format!("the header is not that of an export of {}", mapping.kind);
        Ok(match mapping.format {
            Some(Format::Shopify) => {
                let export = match mapping.kind {
                    Kind::Customers => Export::Customers,
                    Kind::Products => Export::Products,
                    _ => Export::Orders,
                };
                let Reading { now, currency, shop_domain, .. } = reading;
                let reader = ExportReader::new(export, &look.header, *now, *currency);
                let reader = reader.with_context(not_its)?.with_domain(shop_domain);
                Some(Self::Shopify(Box::new(reader)))
            }
            Some(Format::Woocommerce) => {
                let names: Vec<&str> = look.header.iter().map(String::as_str).collect();
                Some(Self::Woocommerce(ProductCsv::of_header(&names).with_context(not_its)?))
            }
            _ => None,
        })
    }
}

/// What a format's own reader made of a row. Where the line stands in the reason it is taken out: it
/// stands beside it, and one reason would be as many as there are rows.
fn taken(outcome: Result<Taken, RejectReason>) -> Result<Vec<Incoming>, Refusal> {
    match outcome {
        Ok(Taken::Events(events)) if !events.is_empty() => Ok(events),
        Ok(Taken::Events(_)) => Err(Refusal::new("there is nothing in it that is kept")),
        Ok(Taken::Ignored(why)) => Err(Refusal::new(why)),
        Err(why) => Err(Refusal::new(without_line(&why.to_string()))),
    }
}

fn without_line(reason: &str) -> String {
    const MARK: &str = " in line `";
    let Some(begin) = reason.find(MARK) else { return reason.to_owned() };
    let rest = &reason[begin + MARK.len()..];
    match rest.split_once('`') {
        Some((line, after)) if line.bytes().all(|it| it.is_ascii_digit()) => {
            format!("{}{after}", &reason[..begin])
        }
        _ => reason.to_owned(),
    }
}

/// What a mapping comes to for a file: where each field stands, and how days are written.
fn prepare(look: &Look, mapping: &Mapping, reading: &Reading) -> Result<(Places, Reading)> {
    let mut reading = reading.clone();
    let is_segment = mapping.kind == Kind::Events && look.form == Form::Json;
    let mapping = if is_segment {
        // Events in Segment's form have a form of their own.
        let (kind, format) = (Kind::Events, None);
        let column = |(name, target): (&str, &str)| Column {
            name: name.to_owned(),
            target: Some(target.to_owned()),
        };
        let columns = [("event", "event"), ("timestamp", "at"), ("userId", "customer_id")];
        &Mapping { kind, format, columns: columns.into_iter().map(column).collect() }
    } else {
        mapping
    };
    if mapping.format.is_some_and(Format::reads_itself) {
        return Ok((mapping.places()?, reading));
    }
    let places = mapping.resolve()?;
    if reading.date_order.is_none() {
        reading.date_order = mapping.format.and_then(Format::date_order);
    }
    if is_segment || reading.date_order.is_some() {
        return Ok((places, reading));
    }
    for field in Field::ALL.iter().filter(|it| is_instant(**it)) {
        let Some(at) = places.of(*field) else { continue };
        let is_ambiguous =
            |text: &&String| instant(text, &TimeZone::UTC, None) == Err(InstantError::Ambiguous);
        let column = look.samples.iter().filter_map(|it| it.get(at));
        if let Some(text) = column.clone().find(is_ambiguous) {
            bail!(
                "`{}` has days such as `{text}`, in which day and month could be either way \
                 round; say --date-order dmy or --date-order mdy",
                places.column(*field)
            );
        }
    }
    Ok((places, reading))
}

fn is_instant(field: Field) -> bool {
    matches!(
        field,
        Field::MarketingAt
            | Field::SubscribedAt
            | Field::ConfirmedAt
            | Field::UnsubscribedAt
            | Field::CreatedAt
            | Field::UpdatedAt
            | Field::PlacedAt
            | Field::FulfilledAt
            | Field::CancelledAt
            | Field::At
            | Field::WrittenAt
    )
}

/// Characters at the beginning of a value that make spreadsheets take it for a formula
/// (OWASP, "CSV Injection").
const FORMULA_MARKS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A value that no spreadsheet takes for a formula.
pub fn escape_formula(value: &str) -> String {
    match value.starts_with(FORMULA_MARKS) {
        true => format!("'{value}"),
        false => value.to_owned(),
    }
}

fn take_off_apostrophes(record: &mut Record) {
    let values: Vec<String> = record
        .values()
        .map(|value| {
            let escaped = value.strip_prefix('\'').filter(|it| it.starts_with(FORMULA_MARKS));
            escaped.unwrap_or(value).to_owned()
        })
        .collect();
    record.clear();
    values.iter().for_each(|it| record.push(it));
}

/// The values of a row as it stands in its file, or all of it as one where it cannot be cut.
pub fn cut(form: Form, row: &SourceRow, width: usize) -> Vec<String> {
    let mut text = row.text.clone();
    csv_text::decode(&mut text);
    let whole = || vec![String::from_utf8_lossy(&text).into_owned()];
    let Form::Csv(delimiter) = form else { return whole() };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.byte())
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_slice());
    match reader.byte_records().next() {
        Some(Ok(record)) if record.len() == width => {
            record.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect()
        }
        _ => whole(),
    }
}
