//! The sealed columns: everybody's rows, clustered by customer, then by time.

use std::{collections::HashMap, ops::Range};

use aftercart_model::CustomerId;
use aftercart_segment::{History, HistoryRow};

use crate::rows::Rows;

/// A row not yet in its place, with whose it is.
pub(crate) type BulkRow = (CustomerId, HistoryRow);

/// Invariants: `customers` ascend; `starts` has one more, and the rows of the customer at `i` are
/// those from `starts[i]` to `starts[i + 1]`, never none.
#[derive(Debug)]
pub(crate) struct Sealed {
    customers: Vec<CustomerId>,
    starts: Vec<usize>,
    rows: Rows,
}

impl Default for Sealed {
    fn default() -> Self {
        Self::with_room(0, 0)
    }
}

impl Sealed {
    fn with_room(customers: usize, rows: usize) -> Self {
        let mut starts = Vec::with_capacity(customers + 1);
        starts.push(0);
        Self { customers: Vec::with_capacity(customers), starts, rows: Rows::with_room(rows) }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.customers.as_slice())
            + size_of_val(self.starts.as_slice())
            + self.rows.bytes()
    }

    pub(crate) fn get(&self, customer: CustomerId) -> Option<History<'_>> {
        self.place(customer).map(|it| self.rows.part(self.range(it)))
    }

    /// As [`Sealed::get`], quick where customers are asked for in ascending order: `next` is the
    /// place after the last answer.
    pub(crate) fn get_next(&self, customer: CustomerId, next: &mut usize) -> Option<History<'_>> {
        let place = match self.customers.get(*next) {
            Some(it) if *it == customer => *next,
            _ => self.place(customer)?,
        };
        *next = place + 1;
        Some(self.rows.part(self.range(place)))
    }

    /// The customer's rows, copied out.
    pub(crate) fn copy_of(&self, customer: CustomerId) -> Rows {
        let mut copy = Rows::default();
        if let Some(place) = self.place(customer) {
            copy.extend_from(&self.rows, self.range(place));
        }
        copy
    }

    fn place(&self, customer: CustomerId) -> Option<usize> {
        self.customers.binary_search(&customer).ok()
    }

    fn range(&self, place: usize) -> Range<usize> {
        self.starts[place]..self.starts[place + 1]
    }

    /// These columns with the histories of `tail` in the place of their customers' own; a customer
    /// whose history there is empty is gone.
    pub(crate) fn with(&self, tail: HashMap<CustomerId, Rows>) -> Self {
        let mut news: Vec<(CustomerId, Rows)> = tail.into_iter().collect();
        news.sort_unstable_by_key(|(customer, _)| *customer);
        let news_rows: usize = news.iter().map(|(_, it)| it.len()).sum();
        let mut merged =
            Self::with_room(self.customers.len() + news.len(), self.rows() + news_rows);
        let mut kept = (0..self.customers.len()).peekable();
        for (customer, rows) in news {
            while let Some(place) = kept.next_if(|place| self.customers[*place] < customer) {
                merged.push(self.customers[place], &self.rows, self.range(place));
            }
            kept.next_if(|place| self.customers[*place] == customer);
            merged.push(customer, &rows, 0..rows.len());
        }
        for place in kept {
            merged.push(self.customers[place], &self.rows, self.range(place));
        }
        merged
    }

    /// These columns with `news` in their places; `news` stand in the order of the log and come
    /// after all that is sealed. Sorts them.
    pub(crate) fn with_rows(&self, news: &mut [BulkRow]) -> Self {
        // Stable, so rows of one instant stay in the order of the log and an order with its lines.
        news.sort_by_key(|(customer, row)| (*customer, row.at_ms));
        let mut merged = Self::with_room(self.customers.len(), self.rows() + news.len());
        let mut kept = (0..self.customers.len()).peekable();
        for own in news.chunk_by(|(a, _), (b, _)| a == b) {
            let customer = own[0].0;
            while let Some(place) = kept.next_if(|place| self.customers[*place] < customer) {
                merged.push(self.customers[place], &self.rows, self.range(place));
            }
            let sealed = kept.next_if(|place| self.customers[*place] == customer);
            let range = sealed.map_or(0..0, |place| self.range(place));
            merged.rows.extend_merged(&self.rows, range, own.iter().map(|(_, row)| *row));
            merged.customers.push(customer);
            merged.starts.push(merged.rows.len());
        }
        for place in kept {
            merged.push(self.customers[place], &self.rows, self.range(place));
        }
        merged
    }

    fn push(&mut self, customer: CustomerId, rows: &Rows, range: Range<usize>) {
        if !range.is_empty() {
            self.rows.extend_from(rows, range);
            self.customers.push(customer);
            self.starts.push(self.rows.len());
        }
    }
}
