//! The first reading: where each invoice ends, which file it is taken from, what products are called.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use csv::ByteRecord;
use jiff::civil::DateTime;

use super::{
    CURRENCY_DIGITS, PROGRESS_ROWS, Progress, ReadStage,
    columns::{Columns, InvoiceKind, Row},
    services::service,
};
use crate::{
    ProductRef,
    source::{Source, text_of},
};

/// What the second reading must know before its first row.
pub struct Survey {
    /// In the order of their first rows' times, whatever order they were given in.
    pub files: Vec<SurveyedFile>,
    pub invoices: HashMap<Box<[u8]>, InvoicePlace>,
    /// By code, in capitals; numbered from 0.
    pub products: HashMap<Box<str>, (usize, Arc<ProductRef>)>,
    pub lines_total: u64,
    pub bytes_total: u64,
}

pub struct SurveyedFile {
    pub path: PathBuf,
    pub lines: u64,
    first_at: Option<DateTime>,
    bytes: u64,
}

/// The file an invoice is taken from, and the row of that file (from 0) that ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvoicePlace {
    pub file: usize,
    pub last: u64,
    lines: u32,
}

/// What was seen of a product so far.
#[derive(Default)]
struct Sightings {
    /// How often each description was used for what somebody got.
    names: HashMap<Box<[u8]>, u32>,
    price_minor: Option<i64>,
    is_price_of_customer: bool,
}

impl Survey {
    pub fn of(paths: &[PathBuf], on_progress: &mut dyn FnMut(Progress)) -> Result<Self> {
        let mut files = paths.iter().map(|path| first_look(path)).collect::<Result<Vec<_>>>()?;
        files.sort_by(|a, b| (a.first_at, &a.path).cmp(&(b.first_at, &b.path)));
        let mut survey = Self {
            // Both readings are in the total, so that an estimate made in the first holds.
            bytes_total: files.iter().map(|it| it.bytes).sum::<u64>() * 2,
            files,
            invoices: HashMap::new(),
            products: HashMap::new(),
            lines_total: 0,
        };
        let mut sightings: HashMap<Box<str>, Sightings> = HashMap::new();
        let mut bytes_before = 0;
        for file in 0..survey.files.len() {
            survey.read_file(file, bytes_before, &mut sightings, on_progress)?;
            bytes_before += survey.files[file].bytes;
        }
        survey.products = products(sightings);
        Ok(survey)
    }

    /// Bytes of the second reading that lie before `file`.
    pub fn bytes_before(&self, file: usize) -> u64 {
        self.bytes_total / 2 + self.files[..file].iter().map(|it| it.bytes).sum::<u64>()
    }

    fn read_file(
        &mut self,
        file: usize,
        bytes_before: u64,
        sightings: &mut HashMap<Box<str>, Sightings>,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<()> {
        let (mut source, columns) = open(&self.files[file].path)?;
        let (mut record, mut code, mut line) = (ByteRecord::new(), String::new(), 0_u64);
        let mut places: HashMap<Box<[u8]>, InvoicePlace> = HashMap::new();
        while source.read(&mut record)? {
            let invoice = columns.invoice(&record);
            match places.get_mut(invoice) {
                Some(place) => (place.last, place.lines) = (line, place.lines + 1),
                None => {
                    places.insert(invoice.into(), InvoicePlace { file, last: line, lines: 1 });
                }
            }
            if let Ok(row) = columns.row(&record) {
                see(&row, &mut code, sightings);
            }
            line += 1;
            if line.is_multiple_of(PROGRESS_ROWS) {
                on_progress(Progress {
                    stage: ReadStage::Survey,
                    lines_done: self.lines_total + line,
                    lines_total: None,
                    bytes_done: bytes_before + source.bytes_done(),
                    bytes_total: self.bytes_total,
                });
            }
        }
        self.files[file].lines = line;
        self.lines_total += line;
        for (invoice, place) in places {
            let is_better = self.invoices.get(&invoice).is_none_or(|it| it.lines < place.lines);
            if is_better {
                self.invoices.insert(invoice, place);
            }
        }
        Ok(())
    }
}

/// Opens `path` behind its header.
pub fn open(path: &Path) -> Result<(Source, Columns)> {
    let mut source = Source::open(path)?;
    let header = source.header()?;
    let columns =
        Columns::of(&header).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok((source, columns))
}

fn first_look(path: &Path) -> Result<SurveyedFile> {
    let (mut source, columns) = open(path)?;
    let mut record = ByteRecord::new();
    let mut first_at = None;
    while first_at.is_none() && source.read(&mut record)? {
        first_at = columns.row(&record).ok().map(|row| row.at);
    }
    let bytes = fs::metadata(path)?.len();
    Ok(SurveyedFile { path: path.to_owned(), lines: 0, first_at, bytes })
}

/// Only what somebody got names a product, and only what was paid for prices it: corrections call it
/// `damaged` or `?`.
fn see(row: &Row<'_>, code: &mut String, sightings: &mut HashMap<Box<str>, Sightings>) {
    let is_of_customer = row.customer.is_some();
    let is_paid = !row.price.is_zero() && !row.price.is_negative();
    let is_given = row.kind() == InvoiceKind::Order
        && row.quantity > 0
        && (is_paid || row.price.is_zero() && is_of_customer);
    row.code_into(code);
    if !sightings.contains_key(code.as_str()) {
        if service(code).is_some() {
            return;
        }
        sightings.insert(code.as_str().into(), Sightings::default());
    }
    let seen = sightings.get_mut(code.as_str()).expect("just put there");
    if !is_given {
        return;
    }
    // Guests pay prices of a counter elsewhere; what customers pay says more about the shop's own.
    if is_paid && (is_of_customer || !seen.is_price_of_customer) {
        seen.price_minor = row.price.times(1, CURRENCY_DIGITS);
        seen.is_price_of_customer = is_of_customer;
    }
    if row.description.is_empty() {
        return;
    }
    match seen.names.get_mut(row.description) {
        Some(count) => *count += 1,
        None => {
            seen.names.insert(row.description.into(), 1);
        }
    }
}

fn products(
    sightings: HashMap<Box<str>, Sightings>,
) -> HashMap<Box<str>, (usize, Arc<ProductRef>)> {
    let product = |(index, (code, seen)): (usize, (Box<str>, Sightings))| {
        let product = ProductRef {
            name: most_used(seen.names),
            price_minor: seen.price_minor,
            ..ProductRef::of_code(code.as_ref())
        };
        (code, (index, Arc::new(product)))
    };
    sightings.into_iter().enumerate().map(product).collect()
}

/// The description used most often, cleaned; of several the first in the alphabet.
fn most_used(names: HashMap<Box<[u8]>, u32>) -> Option<String> {
    let mut cleaned: HashMap<String, u32> = HashMap::new();
    for (name, count) in names {
        *cleaned.entry(clean(&text_of(&name))).or_default() += count;
    }
    let best = cleaned.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)));
    best.map(|it| it.0)
}

/// One blank between words, and no comma or stop left hanging at the end.
fn clean(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().filter(|it| *it != ",").collect();
    let name = words.join(" ").replace(" ,", ",");
    name.trim_end_matches([',', '.', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_typing_left_in_them() {
        assert_eq!(clean(" WHITE CHERRY  LIGHTS "), "WHITE CHERRY LIGHTS");
        assert_eq!(clean("CHARLOTTE BAG , SUKI DESIGN"), "CHARLOTTE BAG SUKI DESIGN");
        assert_eq!(
            clean("ASSORTED COLOUR LIZARD SUCTION HOOK."),
            "ASSORTED COLOUR LIZARD SUCTION HOOK"
        );
    }

    #[test]
    fn the_name_used_most_wins_however_it_was_typed() {
        let names = [(&b" RED MUG"[..], 2), (b"RED MUG ", 2), (b"RED CUP", 3)];
        let names = names.into_iter().map(|(name, count)| (name.into(), count)).collect();
        assert_eq!(most_used(names), Some("RED MUG".to_owned()));
    }
}
