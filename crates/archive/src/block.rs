//! A block: the rows of neighbouring customers, clustered by customer, then by time. Never changed;
//! news make a new one in its place.

use std::{
    ops::Range,
    sync::{Mutex, OnceLock},
};

use aftercart_model::CustomerId;
use aftercart_segment::{Columns, History, KindSet, Names};

use crate::files::Entry;

/// Invariants: `customers` ascend; `starts` has one more, and the rows of the customer at `i` are
/// those from `starts[i]` to `starts[i + 1]`, never none.
#[derive(Debug)]
pub(crate) struct Block {
    customers: Vec<CustomerId>,
    starts: Vec<u32>,
    columns: Columns,
    /// Of each customer, which kinds of rows there are.
    kinds: Vec<KindSet>,
    /// When the newest row is of, in milliseconds since the epoch, once it was asked for.
    newest_ms: OnceLock<i64>,
    /// The file it stands in, once it does.
    saved: Mutex<Option<Entry>>,
}

/// Rows of neighbouring customers, as they lie in memory.
#[derive(Clone, Copy, Debug)]
pub struct BlockRows<'a> {
    /// In ascending order.
    pub customers: &'a [CustomerId],
    /// The rows of the customer at `i` are those from `starts[i]` to `starts[i + 1]`, by time.
    pub starts: &'a [u32],
    pub columns: &'a Columns,
}

impl Block {
    pub(crate) fn as_rows(&self) -> BlockRows<'_> {
        BlockRows { customers: &self.customers, starts: &self.starts, columns: &self.columns }
    }

    pub(crate) fn with_room(rows: usize) -> Self {
        let columns = Columns::with_room(rows);
        let (newest_ms, saved) = (OnceLock::new(), Mutex::default());
        let (customers, kinds) = (Vec::new(), Vec::new());
        Self { customers, starts: vec![0], columns, kinds, newest_ms, saved }
    }

    pub(crate) fn customers(&self) -> &[CustomerId] {
        &self.customers
    }

    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.customers.is_empty()
    }

    pub(crate) fn rows(&self) -> usize {
        self.columns.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.customers.as_slice())
            + size_of_val(self.starts.as_slice())
            + size_of_val(self.kinds.as_slice())
            + self.columns.bytes()
    }

    /// When the newest row is of; for a block that is finished.
    pub(crate) fn newest_ms(&self) -> i64 {
        let last = |end: &u32| self.columns.time_ms(*end as usize - 1);
        let find = || self.starts[1..].iter().map(last).max().unwrap_or(i64::MIN);
        *self.newest_ms.get_or_init(find)
    }

    pub(crate) fn place(&self, customer: CustomerId) -> Option<usize> {
        self.customers.binary_search(&customer).ok()
    }

    pub(crate) fn range(&self, place: usize) -> Range<usize> {
        self.starts[place] as usize..self.starts[place + 1] as usize
    }

    pub(crate) fn history<'a>(&'a self, names: &'a Names, place: usize) -> History<'a> {
        let history = History::new(&self.columns, names, self.range(place));
        history.knowing(self.kinds[place], self.newest_ms())
    }

    /// The columns, to put rows of `customer` behind all others; then [`Block::close`] them.
    pub(crate) fn columns_mut(&mut self) -> &mut Columns {
        &mut self.columns
    }

    /// Ends the rows of a customer who comes after all others; one without rows is not held.
    pub(crate) fn close(&mut self, customer: CustomerId) {
        debug_assert!(self.customers.last() < Some(&customer), "customers in ascending order");
        let end = u32::try_from(self.columns.len()).expect("fewer than 4 billion rows in a block");
        let start = self.starts.last().copied().unwrap_or(0);
        if start != end {
            self.customers.push(customer);
            self.starts.push(end);
            self.kinds.push(KindSet::of(&self.columns.kinds()[start as usize..]));
        }
    }

    pub(crate) fn push(&mut self, customer: CustomerId, columns: &Columns, rows: Range<usize>) {
        self.columns.extend_from(columns, rows);
        self.close(customer);
    }

    pub(crate) fn saved(&self) -> Option<Entry> {
        self.saved.lock().expect("no panic while held").clone()
    }

    pub(crate) fn set_saved(&self, entry: Entry) {
        *self.saved.lock().expect("no panic while held") = Some(entry);
    }

    pub(crate) fn shrink(&mut self) {
        self.customers.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.kinds.shrink_to_fit();
        self.columns.shrink();
    }
}
