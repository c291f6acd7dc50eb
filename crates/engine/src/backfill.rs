//! A shop's past from its platform: it teaches and counts, and triggers nothing.
//!
//! How far it has come is stored in the transaction that stores the batch, so that a backfill that is
//! killed goes on after what it stored, with the figures it had. One that came to its end begins anew
//! when it is run again, and finds everything known by its key.

use std::collections::BTreeMap;

use aftercart_ingest::{
    Incoming, Taken,
    backfill::{Batch, Item, Platform},
};
use aftercart_model::Timestamp;
use aftercart_store::Tx;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::{
    Engine,
    erase_customer::{ADDRESS_ERASED, names_erased},
    record_events::{Occasion, Recorded, Seen},
};

/// The most reasons that are counted apart; the rest are counted together.
const REASONS_MAX: usize = 100;

/// The most backfills of which the progress is kept; the oldest go.
const KEPT_MAX: usize = 50;

/// Name of the setting with the progress of all backfills.
const PROGRESS: &str = "backfills";

/// How far a backfill has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackfillProgress {
    /// Of what: `orders`.
    pub list: &'static str,
    pub done: u64,
    pub total: Option<u64>,
}

/// Something of the platform's that was refused, as it is written down.
pub struct RefusedItem<'a> {
    /// Where it is at the platform: `order 4101`.
    pub place: &'a str,
    pub reason: &'a str,
}

/// What came of a backfill, from its beginning, whatever runs it took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Backfilled {
    /// Things of each list that were read: products, customers, orders.
    pub read: BTreeMap<String, u64>,
    /// Of these, the ones that told something new.
    pub taken: u64,
    /// The ones of which everything was known.
    pub known: u64,
    /// The ones that tell nothing that is kept, such as unpaid orders.
    pub ignored: u64,
    pub refused: u64,
    /// Why they were refused, and how many for each reason.
    pub reasons: BTreeMap<String, u64>,
    /// Events that are new to the store.
    pub events: u64,
    /// Whether an earlier run had begun it.
    pub is_resumed: bool,
}

/// A backfill that has not come to its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    cursor: String,
    so_far: Backfilled,
    at: Timestamp,
}

/// What became of one thing.
enum Outcome {
    Taken { events: u64 },
    Known,
    Ignored,
    Refused(String),
}

impl Engine {
    /// Whether a run before this one had begun on what `platform` gives and did not come to its end.
    pub fn is_backfill_begun(&self, platform: &dyn Platform) -> Result<bool> {
        Ok(self.store().read(kept)?.contains_key(&platform.name()))
    }

    /// Takes all that `platform` gives. What is refused is handed to `on_refused` before the batch is
    /// stored, whose error ends the backfill; what was stored before stays.
    pub fn backfill(
        &self,
        platform: &mut dyn Platform,
        now: Timestamp,
        on_progress: &mut dyn FnMut(&BackfillProgress),
        on_refused: &mut dyn FnMut(&RefusedItem<'_>) -> Result<()>,
    ) -> Result<Backfilled> {
        let name = platform.name();
        let kept = self.store().read(kept)?.remove(&name);
        let (mut cursor, mut sum) = match kept {
            Some(kept) => (Some(kept.cursor), Backfilled { is_resumed: true, ..kept.so_far }),
            None => (None, Backfilled::default()),
        };
        while let Some(batch) = platform.next(cursor.as_deref())? {
            sum = self.take_batch(&name, &batch, sum, now, on_refused)?;
            on_progress(&BackfillProgress {
                list: batch.list,
                done: batch.done,
                total: batch.total,
            });
            cursor = Some(batch.cursor);
        }
        self.store().write(|tx| keep(tx, &name, None))?;
        self.forget_known();
        Ok(sum)
    }

    fn take_batch(
        &self,
        name: &str,
        batch: &Batch,
        before: Backfilled,
        now: Timestamp,
        on_refused: &mut dyn FnMut(&RefusedItem<'_>) -> Result<()>,
    ) -> Result<Backfilled> {
        let refusals: Vec<Option<String>> = self.store().read(|tx| {
            let refusal = |item: &Item| match &item.outcome {
                Ok(Taken::Events(events)) => {
                    Ok(names_erased(tx, events)?.then(|| ADDRESS_ERASED.to_owned()))
                }
                Ok(Taken::Ignored(_)) => Ok(None),
                Err(reason) => Ok(Some(reason.to_string())),
            };
            batch.items.iter().map(refusal).collect()
        })?;
        for (item, reason) in batch.items.iter().zip(&refusals) {
            if let Some(reason) = reason {
                on_refused(&RefusedItem { place: &item.place, reason })?;
            }
        }
        self.store().write(|tx| {
            let mut seen = Seen::default();
            let mut sum = before;
            for item in &batch.items {
                let outcome = match &item.outcome {
                    Ok(Taken::Events(events)) if names_erased(tx, events)? => {
                        Outcome::Refused(ADDRESS_ERASED.to_owned())
                    }
                    Ok(Taken::Events(events)) => self.record_past(tx, &mut seen, events, now)?,
                    Ok(Taken::Ignored(_)) => Outcome::Ignored,
                    Err(reason) => Outcome::Refused(reason.to_string()),
                };
                sum.count(batch.list, outcome);
            }
            let kept = Kept { cursor: batch.cursor.clone(), so_far: sum.clone(), at: now };
            keep(tx, name, Some(kept))?;
            Ok(sum)
        })
    }

    /// The events of one thing, as the past that they are.
    fn record_past(
        &self,
        tx: &mut Tx<'_>,
        seen: &mut Seen,
        events: &[Incoming],
        now: Timestamp,
    ) -> Result<Outcome> {
        let mut new = 0;
        for event in events {
            let recorded = self.record(tx, seen, event, Occasion::History, now)?;
            new += u64::from(matches!(recorded, Recorded::New { .. }));
        }
        Ok(if new > 0 { Outcome::Taken { events: new } } else { Outcome::Known })
    }
}

impl Backfilled {
    fn count(&mut self, list: &str, outcome: Outcome) {
        *self.read.entry(list.to_owned()).or_default() += 1;
        match outcome {
            Outcome::Taken { events } => {
                self.taken += 1;
                self.events += events;
            }
            Outcome::Known => self.known += 1,
            Outcome::Ignored => self.ignored += 1,
            Outcome::Refused(reason) => {
                self.refused += 1;
                let is_known = self.reasons.contains_key(&reason);
                let reason = if is_known || self.reasons.len() < REASONS_MAX {
                    reason
                } else {
                    "other reasons; they stand beside each in the file of the refused".to_owned()
                };
                *self.reasons.entry(reason).or_default() += 1;
            }
        }
    }
}

fn kept(tx: &mut Tx<'_>) -> Result<BTreeMap<String, Kept>> {
    match tx.setting(PROGRESS)? {
        Some(text) => serde_json::from_str(&text).context("the progress of backfills"),
        None => Ok(BTreeMap::new()),
    }
}

/// Keeps how far the backfill `name` has come, or forgets it.
fn keep(tx: &mut Tx<'_>, name: &str, progress: Option<Kept>) -> Result<()> {
    let mut all = kept(tx)?;
    match progress {
        Some(progress) => all.insert(name.to_owned(), progress),
        None => all.remove(name),
    };
    while KEPT_MAX < all.len() {
        let oldest = all.iter().min_by_key(|(_, it)| it.at).map(|(name, _)| name.clone());
        all.remove(&oldest.expect("more than none"));
    }
    tx.set_setting(PROGRESS, &serde_json::to_string(&all)?)
}

#[cfg(test)]
mod tests;
