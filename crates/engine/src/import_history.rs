//! Past orders from files: they teach the recommendations and count in reports, and trigger nothing.
//!
//! Events go in by the same door as live ones, in transactions of a few thousand, so that an import
//! that is killed half-way leaves a good store and, run again, goes on where it was: what is known
//! is passed over by its key.
//!
//! What a store holds after imports is a function of the rows that were read, not of how many imports
//! read them in which order. Orders have keys; names, prices and countries are facts with the day they
//! are of, kept whole from import to import, and the newest holds. They fill gaps and replace what an
//! earlier import said, never what the shop itself says of its products and customers.

use std::{collections::HashSet, path::PathBuf};

use aftercart_ingest::{
    Incoming, OWN_IDS,
    online_retail::{self, Facts, Survey},
};
use aftercart_model::{
    Currency, Customer, CustomerId, Identifier, Product, ProductId, Shop, Timestamp,
};
use aftercart_store::Tx;
use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::{
    Engine,
    record_events::{Occasion, Recorded, Seen},
    setting,
};

/// Events in one transaction of an import: a commit costs as much as inserting hundreds of rows.
const BATCH: usize = 5_000;

/// What imports said so far of products and customers.
const FACTS_BLOB: &str = "online-retail-facts";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportProgress {
    /// Looking the files through before anything is stored.
    Survey { bytes_done: u64, bytes_total: u64 },
    /// Storing; `lines_done` of the lines read.
    Lines { lines_done: u64, lines_total: u64 },
    /// Learning what goes with what.
    Training,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Imported {
    pub read: online_retail::Summary,
    /// Events that are new to the store.
    pub new: u64,
    /// Events that were known already: this import, or a part of it, ran before.
    pub known: u64,
    /// Events that another import told otherwise, such as an invoice of which it had fewer lines. The
    /// log never changes, so the first one stays.
    pub told_otherwise: u64,
    /// Customers with orders that the recommendations learned from.
    pub learned_from_customers: u32,
}

/// Looks files of the Online Retail data sets through; no store is needed to find that one cannot be
/// read.
pub fn survey_online_retail(
    files: &[PathBuf],
    on_progress: &mut dyn FnMut(ImportProgress),
) -> Result<Survey> {
    online_retail::survey(files, &mut |at| on_progress(progress(at)))
}

impl Engine {
    /// Imports order lines of the Online Retail data sets.
    pub fn import_online_retail(
        &self,
        mut survey: Survey,
        now: Timestamp,
        on_progress: &mut dyn FnMut(ImportProgress),
    ) -> Result<Imported> {
        let is_set_up = self.store().read(|tx| tx.setting(setting::SHOP))?.is_some();
        let currency = self.shop().currency;
        if is_set_up && currency != Currency::GBP {
            bail!("these files are in GBP and the shop sells in {currency}; import them elsewhere");
        }
        let facts = self.store().write(|tx| take_over_facts(tx, survey.facts(), now))?;
        survey.know_products_by(&facts);
        let mut importer = Importer::new(self, &facts, now);
        let read =
            online_retail::read(&survey, &mut |at| on_progress(progress(at)), &mut |incoming| {
                importer.take(incoming)
            })?;
        importer.flush()?;
        let (new, known, told_otherwise) = (importer.new, importer.known, importer.told_otherwise);
        self.name_nameless_shop(Currency::GBP, online_retail::ZONE)?;
        on_progress(ImportProgress::Training);
        let learned_from_customers = self.train_recommendations(now)?;
        Ok(Imported { read, new, known, told_otherwise, learned_from_customers })
    }

    /// Takes events that happened in the past, with no effect but on what is known.
    pub fn record_history(&self, events: Vec<Incoming>, now: Timestamp) -> Result<(u64, u64)> {
        let facts = Facts::default();
        let mut importer = Importer::new(self, &facts, now);
        for event in events {
            importer.take(event)?;
        }
        importer.flush()?;
        self.forget_known();
        Ok((importer.new, importer.known + importer.told_otherwise))
    }

    /// Stores the catalogue, by code; what is known of a product is replaced.
    pub fn save_products(&self, products: &[Product]) -> Result<Vec<ProductId>> {
        let ids = self
            .store()
            .write(|tx| products.iter().map(|it| tx.save_product(it)).collect::<Result<_>>())?;
        self.forget_known();
        Ok(ids)
    }

    /// A shop that nobody has set up takes currency and zone from the data it was filled with.
    fn name_nameless_shop(&self, currency: Currency, zone: &str) -> Result<()> {
        self.store().write(|tx| {
            if tx.setting(setting::SHOP)?.is_some() {
                return Ok(());
            }
            let shop = Shop { currency, time_zone: zone.to_owned(), ..self.shop().clone() };
            tx.set_setting(setting::SHOP, &serde_json::to_string(&shop)?)
        })
    }
}

struct Importer<'a> {
    engine: &'a Engine,
    /// What is known of customers beside their orders.
    facts: &'a Facts,
    now: Timestamp,
    batch: Vec<Incoming>,
    /// Who was met in this import.
    met: HashSet<CustomerId>,
    new: u64,
    known: u64,
    told_otherwise: u64,
}

impl<'a> Importer<'a> {
    fn new(engine: &'a Engine, facts: &'a Facts, now: Timestamp) -> Self {
        Self {
            engine,
            facts,
            now,
            batch: Vec::new(),
            met: HashSet::new(),
            new: 0,
            known: 0,
            told_otherwise: 0,
        }
    }

    fn take(&mut self, incoming: Incoming) -> Result<()> {
        self.batch.push(incoming);
        if self.batch.len() < BATCH { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let engine = self.engine;
        engine.store().write(|tx| self.record(tx, &batch))
    }

    fn record(&mut self, tx: &mut Tx<'_>, batch: &[Incoming]) -> Result<()> {
        let mut seen = Seen::default();
        for event in batch {
            match self.engine.record(tx, &mut seen, event, Occasion::History, self.now)? {
                Recorded::New { customer, .. } => {
                    self.new += 1;
                    if let Some(customer) = customer {
                        self.meet(tx, customer, event)?;
                    }
                }
                Recorded::Duplicate { .. } => self.known += 1,
                Recorded::Conflict { .. } => self.told_otherwise += 1,
            }
        }
        Ok(())
    }

    /// Keeps what the facts say of a customer who is new.
    fn meet(&mut self, tx: &mut Tx<'_>, id: CustomerId, event: &Incoming) -> Result<()> {
        let [Identifier::External(external)] = event.identifiers.as_slice() else { return Ok(()) };
        if !self.met.insert(id) {
            return Ok(());
        }
        let Some(mut customer) = tx.customer(id)? else { return Ok(()) };
        let before = customer.clone();
        settle(&mut customer, &external.id, &Facts::default(), self.facts);
        if customer != before {
            tx.save_customer(&customer)?;
        }
        Ok(())
    }
}

/// Puts what an import says to what earlier ones said, and brings up to date what the store knows
/// already; all that imports say together.
///
/// It is one transaction, and before the first order: an import that is killed leaves names that the
/// next one knows for an import's.
fn take_over_facts(tx: &mut Tx<'_>, told: &Facts, now: Timestamp) -> Result<Facts> {
    let before: Facts = match tx.blob(FACTS_BLOB)? {
        Some((_, _, bytes)) => postcard::from_bytes(&bytes)
            .context("what earlier imports said of products; import all files into a new store")?,
        None => Facts::default(),
    };
    let mut facts = before.clone();
    facts.merge(told);
    for code in told.products.keys() {
        let Some(mut product) = tx.product_by_code(code)? else { continue };
        let (was, is) = (before.product(code), facts.product(code));
        let known = (product.name.clone(), product.price_minor);
        if product.name == *code || was.name.as_ref() == Some(&product.name) {
            product.name = is.name.unwrap_or(product.name);
        }
        if product.price_minor == 0 || was.price_minor == Some(product.price_minor) {
            product.price_minor = is.price_minor.unwrap_or(product.price_minor);
        }
        if known != (product.name.clone(), product.price_minor) {
            tx.save_product(&product)?;
        }
    }
    for external in told.customers.keys() {
        let named = Identifier::external(OWN_IDS, external.clone());
        let Some(id) = tx.customer_by_identifier(&named)? else { continue };
        let Some(mut customer) = tx.customer(id)? else { continue };
        if settle(&mut customer, external, &before, &facts) {
            tx.save_customer(&customer)?;
        }
    }
    if facts != before {
        tx.save_blob(FACTS_BLOB, &postcard::to_allocvec(&facts)?, now)?;
    }
    Ok(facts)
}

/// Takes over where a customer lives, unless it is known from elsewhere than an import; whether
/// anything is new.
fn settle(customer: &mut Customer, external: &str, before: &Facts, facts: &Facts) -> bool {
    let (was, is) = (before.home(external), facts.home(external));
    let take = |known: &mut Option<String>, was: Option<&str>, is: Option<&str>| {
        let is_ours = known.is_none() || known.as_deref() == was;
        let is_new = is_ours && known.as_deref() != is;
        if is_new {
            *known = is.map(str::to_owned);
        }
        is_new
    };
    let is_moved = take(&mut customer.country, was.0, is.0);
    take(&mut customer.time_zone, was.1, is.1) || is_moved
}

fn progress(at: online_retail::Progress) -> ImportProgress {
    match (at.stage, at.lines_total) {
        (online_retail::ReadStage::Orders, Some(lines_total)) => {
            ImportProgress::Lines { lines_done: at.lines_done, lines_total }
        }
        _ => ImportProgress::Survey { bytes_done: at.bytes_done, bytes_total: at.bytes_total },
    }
}
