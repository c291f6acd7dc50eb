//! Past orders from files: they teach the recommendations and count in reports, and trigger nothing.
//!
//! Events go in by the same door as live ones, in transactions of a few thousand, so that an import
//! that is killed half-way leaves a good store and, run again, goes on where it was: what is known
//! is passed over by its key.

use std::path::PathBuf;

use aftercart_ingest::{Incoming, online_retail};
use aftercart_model::{Currency, Product, ProductId, Shop, Timestamp};
use aftercart_store::Tx;
use anyhow::{Result, bail};
use serde::Serialize;

use crate::{
    Engine,
    record_events::{Occasion, Recorded, Seen},
    setting,
};

/// Events in one transaction of an import: a commit costs as much as inserting hundreds of rows.
const BATCH: usize = 5_000;

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
    /// Customers with orders that the recommendations learned from.
    pub learned_from_customers: u32,
}

impl Engine {
    /// Imports order lines of the Online Retail data sets.
    pub fn import_online_retail(
        &self,
        files: &[PathBuf],
        now: Timestamp,
        on_progress: &mut dyn FnMut(ImportProgress),
    ) -> Result<Imported> {
        let is_set_up = self.store().read(|tx| tx.setting(setting::SHOP))?.is_some();
        let currency = self.shop().currency;
        if is_set_up && currency != Currency::GBP {
            bail!("these files are in GBP and the shop sells in {currency}; import them elsewhere");
        }
        let mut importer = Importer { engine: self, now, batch: Vec::new(), new: 0, known: 0 };
        let read =
            online_retail::read(files, &mut |at| on_progress(progress(at)), &mut |incoming| {
                importer.take(incoming)
            })?;
        importer.flush()?;
        let (new, known) = (importer.new, importer.known);
        self.name_nameless_shop(Currency::GBP, online_retail::ZONE)?;
        on_progress(ImportProgress::Training);
        let learned_from_customers = self.train_recommendations(now)?;
        Ok(Imported { read, new, known, learned_from_customers })
    }

    /// Takes events that happened in the past, with no effect but on what is known.
    pub fn record_history(&self, events: Vec<Incoming>, now: Timestamp) -> Result<(u64, u64)> {
        let mut importer = Importer { engine: self, now, batch: Vec::new(), new: 0, known: 0 };
        for event in events {
            importer.take(event)?;
        }
        importer.flush()?;
        self.forget_known();
        Ok((importer.new, importer.known))
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
    now: Timestamp,
    batch: Vec<Incoming>,
    new: u64,
    known: u64,
}

impl Importer<'_> {
    fn take(&mut self, incoming: Incoming) -> Result<()> {
        self.batch.push(incoming);
        if self.batch.len() < BATCH { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let (new, known) = self.engine.store().write(|tx| self.record(tx, &batch))?;
        self.new += new;
        self.known += known;
        Ok(())
    }

    fn record(&self, tx: &mut Tx<'_>, batch: &[Incoming]) -> Result<(u64, u64)> {
        let (mut new, mut known) = (0, 0);
        let mut seen = Seen::default();
        for event in batch {
            match self.engine.record(tx, &mut seen, event, Occasion::History, self.now)? {
                Recorded::New { .. } => new += 1,
                Recorded::Duplicate { .. } | Recorded::Conflict { .. } => known += 1,
            }
        }
        Ok((new, known))
    }
}

fn progress(at: online_retail::Progress) -> ImportProgress {
    match (at.stage, at.lines_total) {
        (online_retail::ReadStage::Orders, Some(lines_total)) => {
            ImportProgress::Lines { lines_done: at.lines_done, lines_total }
        }
        _ => ImportProgress::Survey { bytes_done: at.bytes_done, bytes_total: at.bytes_total },
    }
}
