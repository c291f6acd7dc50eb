//! The first reading: where each invoice ends, which file it is taken from, what the rows say of
//! products and customers.

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
    facts::{Facts, ProductFacts, Word},
    services::service,
};
use crate::{
    ProductRef,
    source::{Next, Source, text_of},
};

/// The name of the data for a buyer whose country is not known.
const COUNTRY_UNKNOWN: &[u8] = b"Unspecified";

/// Files that were looked through and can be read: what the second reading must know before its
/// first row.
pub struct Survey {
    /// In the order of their first rows' times, whatever order they were given in.
    pub(super) files: Vec<SurveyedFile>,
    pub(super) invoices: HashMap<Box<[u8]>, InvoicePlace>,
    /// By code, in capitals; numbered from 0.
    pub(super) products: HashMap<Box<str>, (usize, Arc<ProductRef>)>,
    facts: Facts,
    pub(super) lines_total: u64,
    pub(super) bytes_total: u64,
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

/// What was seen so far.
#[derive(Default)]
struct Sightings {
    products: HashMap<Box<str>, ProductSightings>,
    countries: HashMap<Box<[u8]>, Sighting>,
}

#[derive(Default)]
struct ProductSightings {
    name: Option<Sighting>,
    price_minor: Option<Word<i64>>,
}

/// The best word so far, and how it was typed: the same typing is cleaned once.
struct Sighting {
    word: Word<String>,
    typed: Box<[u8]>,
}

impl Survey {
    /// What the rows say of products and customers.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Hands products over as `facts` know them, which may be of more rows than these.
    pub fn know_products_by(&mut self, facts: &Facts) {
        for (code, (_, product)) in &mut self.products {
            *product = Arc::new(facts.product(code));
        }
    }

    pub(super) fn of(paths: &[PathBuf], on_progress: &mut dyn FnMut(Progress)) -> Result<Self> {
        let mut files = paths.iter().map(|path| first_look(path)).collect::<Result<Vec<_>>>()?;
        files.sort_by(|a, b| (a.first_at, &a.path).cmp(&(b.first_at, &b.path)));
        let mut survey = Self {
            // Both readings are in the total, so that an estimate made in the first holds.
            bytes_total: files.iter().map(|it| it.bytes).sum::<u64>() * 2,
            files,
            invoices: HashMap::new(),
            products: HashMap::new(),
            facts: Facts::default(),
            lines_total: 0,
        };
        let mut sightings = Sightings::default();
        let mut bytes_before = 0;
        for file in 0..survey.files.len() {
            survey.read_file(file, bytes_before, &mut sightings, on_progress)?;
            bytes_before += survey.files[file].bytes;
        }
        survey.facts = sightings.facts();
        let codes = survey.facts.products.keys().enumerate();
        survey.products = codes
            .map(|(index, code)| {
                (code.as_str().into(), (index, Arc::new(survey.facts.product(code))))
            })
            .collect();
        Ok(survey)
    }

    /// Bytes of the second reading that lie before `file`.
    pub(super) fn bytes_before(&self, file: usize) -> u64 {
        self.bytes_total / 2 + self.files[..file].iter().map(|it| it.bytes).sum::<u64>()
    }

    fn read_file(
        &mut self,
        file: usize,
        bytes_before: u64,
        sightings: &mut Sightings,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<()> {
        let (mut source, columns) = open(&self.files[file].path)?;
        let (mut record, mut code, mut line) = (ByteRecord::new(), String::new(), 0_u64);
        let mut places: HashMap<Box<[u8]>, InvoicePlace> = HashMap::new();
        loop {
            match source.read(&mut record)? {
                Next::End => break,
                Next::Rejected(_) => {}
                Next::Row { .. } => {
                    let invoice = columns.invoice(&record);
                    match places.get_mut(invoice) {
                        Some(place) => (place.last, place.lines) = (line, place.lines + 1),
                        None => {
                            let place = InvoicePlace { file, last: line, lines: 1 };
                            places.insert(invoice.into(), place);
                        }
                    }
                    if let Ok(row) = columns.row(&record) {
                        sightings.see(&row, &mut code);
                    }
                }
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
    while first_at.is_none() {
        first_at = match source.read(&mut record)? {
            Next::Row { .. } => columns.row(&record).ok().map(|row| row.at),
            Next::Rejected(_) => None,
            Next::End => break,
        };
    }
    let bytes = fs::metadata(path)?.len();
    Ok(SurveyedFile { path: path.to_owned(), lines: 0, first_at, bytes })
}

impl Sightings {
    /// Only what somebody got names a product, and only what was paid for prices it: corrections call
    /// it `damaged` or `?`.
    fn see(&mut self, row: &Row<'_>, code: &mut String) {
        if let Some(customer) = row.customer
            && !row.country.is_empty()
            && row.country != COUNTRY_UNKNOWN
        {
            match self.countries.get_mut(customer) {
                Some(seen) => seen.see(true, row.at, row.country, text_of),
                None => {
                    let seen = Sighting::new(true, row.at, row.country, text_of);
                    self.countries.insert(customer.into(), seen);
                }
            }
        }
        row.code_into(code);
        if !self.products.contains_key(code.as_str()) {
            if service(code).is_some() {
                return;
            }
            self.products.insert(code.as_str().into(), ProductSightings::default());
        }
        let seen = self.products.get_mut(code.as_str()).expect("just put there");
        let is_of_customer = row.customer.is_some();
        let is_paid = !row.price.is_zero() && !row.price.is_negative();
        let is_given = row.kind() == InvoiceKind::Order
            && row.quantity > 0
            && (is_paid || row.price.is_zero() && is_of_customer);
        if !is_given {
            return;
        }
        if is_paid && let Some(value) = row.price.times(1, CURRENCY_DIGITS) {
            seen.price_minor =
                seen.price_minor.max(Some(Word { is_of_customer, at: row.at, value }));
        }
        if row.description.is_empty() {
            return;
        }
        let cleaned = |typed: &[u8]| clean(&text_of(typed));
        match &mut seen.name {
            Some(name) => name.see(is_of_customer, row.at, row.description, cleaned),
            None => {
                seen.name = Some(Sighting::new(is_of_customer, row.at, row.description, cleaned));
            }
        }
    }

    fn facts(self) -> Facts {
        let product = |(code, seen): (Box<str>, ProductSightings)| {
            let name = seen.name.map(|it| it.word);
            (code.into_string(), ProductFacts { name, price_minor: seen.price_minor })
        };
        let customer = |(id, seen): (Box<[u8]>, Sighting)| (text_of(&id), seen.word);
        Facts {
            products: self.products.into_iter().map(product).collect(),
            customers: self.countries.into_iter().map(customer).collect(),
        }
    }
}

impl Sighting {
    fn new(
        is_of_customer: bool,
        at: DateTime,
        typed: &[u8],
        clean: impl Fn(&[u8]) -> String,
    ) -> Self {
        Self { word: Word { is_of_customer, at, value: clean(typed) }, typed: typed.into() }
    }

    fn see(
        &mut self,
        is_of_customer: bool,
        at: DateTime,
        typed: &[u8],
        clean: impl Fn(&[u8]) -> String,
    ) {
        let known = (self.word.is_of_customer, self.word.at);
        if (is_of_customer, at) < known {
            return;
        }
        if *self.typed == *typed {
            (self.word.is_of_customer, self.word.at) = (is_of_customer, at);
            return;
        }
        let other = Self::new(is_of_customer, at, typed, clean);
        if self.word < other.word {
            *self = other;
        }
    }
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
    fn the_newest_name_holds_however_it_was_typed() {
        let seen = |names: &[(i8, &str)]| {
            let at = |day| jiff::civil::date(2010, 6, day).at(9, 0, 0, 0);
            let cleaned = |typed: &[u8]| clean(&text_of(typed));
            let mut seen = Sighting::new(true, at(names[0].0), names[0].1.as_bytes(), cleaned);
            for (day, name) in &names[1..] {
                seen.see(true, at(*day), name.as_bytes(), cleaned);
            }
            seen.word.value
        };
        assert_eq!(seen(&[(1, " RED MUG"), (3, "RED CUP "), (2, "RED MUG")]), "RED CUP");
        assert_eq!(seen(&[(1, "RED CUP"), (1, "RED MUG ")]), "RED MUG", "at one time the later in");
        assert_eq!(seen(&[(1, "RED MUG "), (1, "RED CUP")]), "RED MUG", "the alphabet, always");
    }
}
