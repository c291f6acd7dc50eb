//! The log again, columnar and clustered by customer, for questions about everybody.
//!
//! It holds what conditions ask about and no more, can be thrown away and rebuilt from the log, and
//! gives the same borrowed [`History`] that a customer's rows from the store give, so a bulk
//! question is the one evaluator run over many customers, never a second meaning.
//!
//! Most rows are *sealed*: four long columns in which each customer's rows lie side by side. What
//! came since the last seal is the *tail*: whole histories of the customers it touches, sealed rows
//! copied in, so that any history is one unbroken slice whatever was sealed when.
//!
//! Customers found to be one have one history, under the smallest of their ids, which is the root in
//! the store too; what the log still tells of a member goes there.

mod rows;
mod scan;
mod sealed;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use aftercart_model::{CustomerId, Event, EventBody};
use aftercart_segment::{History, rows_of};

use rows::Rows;
pub use scan::Candidate;
use sealed::{BulkRow, Sealed};

/// The tail is sealed when it has this many rows, those copied in counted...
const TAIL_ROWS_MIN: usize = 65_536;

/// ...and at least one for so many sealed rows: sealing copies them all, so the growth of the tail
/// must pay for it.
const SEALED_ROWS_PER_TAIL_ROW: usize = 2;

/// Rebuilding sorts so many rows at once, 128 MB of them, and merges them into the sealed ones.
const BULK_ROWS_MAX: usize = 1 << 22;

/// All customers' histories, in memory.
#[derive(Debug, Default)]
pub struct Archive {
    sealed: Sealed,
    /// Whole histories of the customers with news since the last seal, and empty ones of those
    /// forgotten. They stand before the sealed ones.
    tail: HashMap<CustomerId, Rows>,
    tail_rows: usize,
    /// Of members that are no roots, the root.
    roots: HashMap<CustomerId, CustomerId>,
    sealed_through: u64,
    through: u64,
}

impl Archive {
    pub fn new() -> Self {
        Self::default()
    }

    /// The archive of these events, given in the order of the log, all sealed. Much quicker than to
    /// append them.
    pub fn rebuild(events: impl IntoIterator<Item = Event>) -> Self {
        Self::rebuild_by(events, BULK_ROWS_MAX)
    }

    fn rebuild_by(events: impl IntoIterator<Item = Event>, rows_max: usize) -> Self {
        let mut archive = Self::new();
        let mut news: Vec<BulkRow> = Vec::new();
        for event in events {
            if event.seq <= archive.through {
                continue;
            }
            archive.through = event.seq;
            if let Some(customer) = event.customer {
                let root = archive.root_of(customer);
                if let EventBody::Merged { other } = event.body {
                    // What is sealed or waits to be is moved at the end, all at once.
                    archive.lead(root, archive.root_of(other));
                }
                rows_of(&event, |row| news.push((root, row)));
            }
            if news.len() >= rows_max {
                archive.sealed = archive.sealed.with_rows(&mut news);
                news.clear();
            }
        }
        archive.sealed = archive.sealed.with_rows(&mut news);
        let mut merged: Vec<_> = archive.roots.iter().map(|(from, to)| (*from, *to)).collect();
        merged.sort_unstable();
        for (from, to) in merged {
            archive.move_history(from, to);
        }
        archive.seal();
        archive
    }

    fn root_of(&self, customer: CustomerId) -> CustomerId {
        *self.roots.get(&customer).unwrap_or(&customer)
    }

    /// Lets two roots be one from now on; returns the one that is none any more and the one that is.
    fn lead(&mut self, one: CustomerId, other: CustomerId) -> Option<(CustomerId, CustomerId)> {
        let (to, from) = (one.min(other), one.max(other));
        if to == from {
            return None;
        }
        for root in self.roots.values_mut().filter(|it| **it == from) {
            *root = to;
        }
        self.roots.insert(from, to);
        Some((from, to))
    }

    fn move_history(&mut self, from: CustomerId, to: CustomerId) {
        let moved = std::mem::take(self.open(from));
        self.tail_rows -= moved.len();
        let kept = self.open(to);
        let mut merged = Rows::with_room(kept.len() + moved.len());
        merged.extend_merged(kept, 0..kept.len(), moved.all().iter());
        *kept = merged;
        self.tail_rows += moved.len();
    }

    /// Takes events in the order of the log. One it has already, by its place in the log, is passed
    /// over, so that a reader may begin again where it is not sure.
    pub fn append(&mut self, events: &[Event]) {
        for event in events {
            if event.seq <= self.through {
                continue;
            }
            self.through = event.seq;
            if let Some(customer) = event.customer {
                if event.body == EventBody::Erased {
                    // Most often what they did is gone from the log, and was never here.
                    if self.history_of(customer).is_some() {
                        self.forget(&[customer]);
                    }
                    continue;
                }
                let root = self.root_of(customer);
                if let EventBody::Merged { other } = event.body
                    && let Some((from, to)) = self.lead(root, self.root_of(other))
                {
                    self.move_history(from, to);
                }
                self.push(self.root_of(root), event);
            }
            if self.tail_is_long() {
                self.seal();
            }
        }
    }

    fn push(&mut self, customer: CustomerId, event: &Event) {
        let pushed = self.open(customer).push(event);
        self.tail_rows += pushed;
    }

    /// A customer's history in the tail, taken there if it is not.
    fn open(&mut self, customer: CustomerId) -> &mut Rows {
        self.tail.entry(customer).or_insert_with(|| {
            let copy = self.sealed.copy_of(customer);
            self.tail_rows += copy.len();
            copy
        })
    }

    fn tail_is_long(&self) -> bool {
        let sealed_share = self.sealed.rows() / SEALED_ROWS_PER_TAIL_ROW;
        self.tail_rows >= TAIL_ROWS_MIN.max(sealed_share)
    }

    /// Moves the tail into the sealed columns.
    pub fn seal(&mut self) {
        if !self.tail.is_empty() {
            self.sealed = self.sealed.with(std::mem::take(&mut self.tail));
            self.tail_rows = 0;
        }
        self.sealed_through = self.through;
    }

    /// The place in the log of the last event taken.
    pub fn through(&self) -> u64 {
        self.through
    }

    /// The place in the log up to which everything is sealed.
    pub fn sealed_through(&self) -> u64 {
        self.sealed_through
    }

    /// `None` for a customer to whom nothing has happened that conditions ask about.
    pub fn history_of(&self, customer: CustomerId) -> Option<History<'_>> {
        let customer = self.root_of(customer);
        let history = match self.tail.get(&customer) {
            Some(rows) => rows.all(),
            None => self.sealed.get(customer)?,
        };
        (!history.is_empty()).then_some(history)
    }

    /// Erases customers: nothing of them is left in memory when this returns.
    pub fn forget(&mut self, customers: &[CustomerId]) {
        for customer in customers {
            let root = self.root_of(*customer);
            if let Some(held) = self.tail.insert(root, Rows::default()) {
                self.tail_rows -= held.len();
            }
        }
        self.seal();
    }

    /// Rows held, of the tail and sealed; what the tail stands before is counted once.
    pub fn rows(&self) -> usize {
        let hidden: usize =
            self.tail.keys().filter_map(|it| self.sealed.get(*it)).map(|it| it.len()).sum();
        self.sealed.rows() - hidden + self.tail_rows
    }

    /// Bytes of the sealed columns.
    pub fn sealed_bytes(&self) -> usize {
        self.sealed.bytes()
    }
}
