//! The log again, columnar and clustered by customer, for questions about everybody.
//!
//! It holds what conditions ask about and no more, can be thrown away and rebuilt from the log, and
//! gives the same borrowed [`History`] that a customer's rows from the store give, so a bulk
//! question is the one evaluator run over many customers, never a second meaning.
//!
//! Most rows are *sealed*: in blocks of columns in which each customer's rows lie side by side. What
//! came since the last seal is the *tail*: whole histories of the customers it touches, sealed rows
//! copied in, so that any history is one unbroken slice whatever was sealed when.
//!
//! Customers found to be one have one history, under the smallest of their ids, which is the root in
//! the store too; what the log still tells of a member goes there.

mod block;
mod bulk;
mod cores;
mod files;
mod parquet_file;
mod scan;
mod sealed;

#[cfg(test)]
mod law;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use aftercart_model::{CustomerId, Event, EventBody, Timestamp};
use aftercart_segment::{Columns, History, Names};

pub use block::BlockRows;
pub use bulk::BulkRows;
pub use files::{Snapshot, discard};
pub use scan::Candidate;
use sealed::Sealed;

/// The tail is sealed when it has this many rows, those copied in counted...
const TAIL_ROWS_MIN: usize = 65_536;

/// ...and at least one for so many sealed rows: sealing copies them all, so the growth of the tail
/// must pay for it. A row in the tail takes many times the memory of a sealed one.
const SEALED_ROWS_PER_TAIL_ROW: usize = 16;

/// Rebuilding sorts so many rows at once, and merges them into the sealed ones.
const BULK_ROWS_MAX: usize = 1 << 22;

/// All customers' histories, in memory.
#[derive(Debug, Default)]
pub struct Archive {
    sealed: Sealed,
    /// Whole histories of the customers with news since the last seal, and empty ones of those
    /// forgotten. They stand before the sealed ones.
    tail: HashMap<CustomerId, Columns>,
    tail_rows: usize,
    /// Texts and emails that sealed rows and those of the tail speak of.
    names: Names,
    /// Of members that are no roots, the root.
    roots: HashMap<CustomerId, CustomerId>,
    sealed_through: u64,
    through: u64,
    has_forgotten: bool,
}

/// An archive in the making, of a log read from its beginning.
#[derive(Debug, Default)]
pub struct Rebuild {
    archive: Archive,
    waiting: BulkRows,
    rows_max: usize,
}

impl Rebuild {
    pub fn new() -> Self {
        Self::by(BULK_ROWS_MAX)
    }

    fn by(rows_max: usize) -> Self {
        Self { rows_max, ..Self::default() }
    }

    /// Takes the next event of the log; one it has already is passed over.
    pub fn push(&mut self, event: &Event) {
        if event.seq > self.waiting.through() {
            self.waiting.push(event);
            self.add_many();
        }
    }

    /// Takes the rows of the next stretch of the log.
    pub fn add(&mut self, rows: BulkRows) {
        self.waiting.append(rows);
        self.add_many();
    }

    fn add_many(&mut self) {
        if self.waiting.len() >= self.rows_max {
            self.add_waiting();
        }
    }

    fn add_waiting(&mut self) {
        let archive = &mut self.archive;
        let next = BulkRows::after(self.waiting.through());
        let mut rows = std::mem::replace(&mut self.waiting, next);
        archive.through = rows.through();
        rows.rename(&mut archive.names);
        // Rows of a merged customer are led to the root at once or moved at the end, all alike.
        for (one, other) in rows.merges() {
            archive.lead(archive.root_of(*one), archive.root_of(*other));
        }
        if !archive.roots.is_empty() {
            rows.customers_mut().iter_mut().for_each(|it| *it = archive.root_of(*it));
        }
        if !rows.is_empty() {
            archive.sealed = archive.sealed.with_rows(&rows);
        }
    }

    /// The archive, all sealed.
    pub fn finish(mut self) -> Archive {
        self.add_waiting();
        let mut archive = self.archive;
        let mut merged: Vec<_> = archive.roots.iter().map(|(from, to)| (*from, *to)).collect();
        merged.sort_unstable();
        for (from, to) in merged {
            archive.move_history(from, to);
        }
        archive.seal();
        archive
    }
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
        let mut rebuild = Rebuild::by(rows_max);
        events.into_iter().for_each(|it| rebuild.push(&it));
        rebuild.finish()
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
        let moved = std::mem::take(self.tail_of(from));
        self.tail_rows -= moved.len();
        let kept = self.tail_of(to);
        let mut merged = Columns::with_room(kept.len() + moved.len());
        merged.extend_merged(kept, 0..kept.len(), &moved, 0..moved.len());
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
        let Self { sealed, tail, tail_rows, names, .. } = self;
        *tail_rows += tail_of(sealed, tail, tail_rows, customer).insert(event, names);
    }

    /// A customer's history in the tail, taken there if it is not.
    fn tail_of(&mut self, customer: CustomerId) -> &mut Columns {
        tail_of(&self.sealed, &mut self.tail, &mut self.tail_rows, customer)
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

    /// When the newest event was of those that conditions ask about.
    pub fn newest_at(&self) -> Option<Timestamp> {
        let sealed = self.sealed.blocks().iter().map(|it| it.newest_ms());
        let of_tail = |it: &Columns| it.len().checked_sub(1).map(|last| it.time_ms(last));
        let newest = sealed.chain(self.tail.values().filter_map(of_tail)).max()?;
        Timestamp::from_millisecond(newest).ok()
    }

    /// `None` for a customer to whom nothing has happened that conditions ask about.
    pub fn history_of(&self, customer: CustomerId) -> Option<History<'_>> {
        let customer = self.root_of(customer);
        let history = match self.tail.get(&customer) {
            Some(columns) => History::new(columns, &self.names, 0..columns.len()),
            None => self.sealed.get(&self.names, customer)?,
        };
        (!history.is_empty()).then_some(history)
    }

    /// Erases customers: nothing of them is left in memory when this returns.
    pub fn forget(&mut self, customers: &[CustomerId]) {
        for customer in customers {
            let root = self.root_of(*customer);
            if let Some(held) = self.tail.insert(root, Columns::new()) {
                self.tail_rows -= held.len();
            }
        }
        self.seal();
        let mut spoken = HashSet::new();
        self.sealed.see_names(|it| {
            spoken.insert(it);
        });
        self.names.retain(|it| spoken.contains(&it));
        self.has_forgotten = true;
    }

    /// Whether somebody was forgotten since the last [`Archive::snapshot`], so that files written
    /// then may still tell of them.
    pub fn has_forgotten(&self) -> bool {
        self.has_forgotten
    }

    /// What the numbers of names, emails and texts in all histories stand for.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The sealed rows as they lie in memory, for code that knows columns.
    pub fn blocks(&self) -> impl Iterator<Item = BlockRows<'_>> {
        self.sealed.blocks().iter().map(|it| it.as_rows())
    }

    /// Rows held, of the tail and sealed; what the tail stands before is counted once.
    pub fn rows(&self) -> usize {
        let hidden: usize = self.tail.keys().map(|it| self.sealed.rows_of(*it)).sum();
        self.sealed.rows() - hidden + self.tail_rows
    }

    /// Bytes of the sealed rows and of the names.
    pub fn sealed_bytes(&self) -> usize {
        self.sealed.bytes() + self.names.bytes()
    }
}

fn tail_of<'a>(
    sealed: &Sealed,
    tail: &'a mut HashMap<CustomerId, Columns>,
    tail_rows: &mut usize,
    customer: CustomerId,
) -> &'a mut Columns {
    tail.entry(customer).or_insert_with(|| {
        let copy = sealed.copy_of(customer);
        *tail_rows += copy.len();
        copy
    })
}
