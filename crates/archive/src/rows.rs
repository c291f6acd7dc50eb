//! Columns of history rows, owned: of everybody when sealed, of one customer in the tail.

use std::ops::Range;

use aftercart_model::Event;
use aftercart_segment::{Columns, History, HistoryRow, rows_of};

/// The columns are of one length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    times_ms: Vec<i64>,
    kinds: Vec<u8>,
    subjects: Vec<u32>,
    amounts: Vec<i64>,
}

impl Rows {
    pub(crate) fn with_room(rows: usize) -> Self {
        Self {
            times_ms: Vec::with_capacity(rows),
            kinds: Vec::with_capacity(rows),
            subjects: Vec::with_capacity(rows),
            amounts: Vec::with_capacity(rows),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.times_ms.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.times_ms.as_slice())
            + size_of_val(self.kinds.as_slice())
            + size_of_val(self.subjects.as_slice())
            + size_of_val(self.amounts.as_slice())
    }

    /// Puts an event of the one customer these rows are of in its place by time; of two events at
    /// one instant the one pushed later counts as later. Returns how many rows it gave.
    pub(crate) fn push(&mut self, event: &Event) -> usize {
        let first = self.times_ms.partition_point(|&it| it <= event.at.as_millisecond());
        let mut place = first;
        rows_of(event, |row| {
            self.times_ms.insert(place, row.at_ms);
            self.kinds.insert(place, row.kind.number());
            self.subjects.insert(place, row.subject);
            self.amounts.insert(place, row.amount);
            place += 1;
        });
        place - first
    }

    pub(crate) fn extend_from(&mut self, other: &Self, range: Range<usize>) {
        self.times_ms.extend_from_slice(&other.times_ms[range.clone()]);
        self.kinds.extend_from_slice(&other.kinds[range.clone()]);
        self.subjects.extend_from_slice(&other.subjects[range.clone()]);
        self.amounts.extend_from_slice(&other.amounts[range]);
    }

    /// Adds the rows of `other` in `range` and `news`, both by time; of one instant the former first.
    pub(crate) fn extend_merged(
        &mut self,
        other: &Self,
        range: Range<usize>,
        news: impl Iterator<Item = HistoryRow>,
    ) {
        let mut start = range.start;
        for row in news {
            let times_ms = &other.times_ms[start..range.end];
            let end = start + times_ms.partition_point(|&it| it <= row.at_ms);
            self.extend_from(other, start..end);
            start = end;
            self.times_ms.push(row.at_ms);
            self.kinds.push(row.kind.number());
            self.subjects.push(row.subject);
            self.amounts.push(row.amount);
        }
        self.extend_from(other, start..range.end);
    }

    pub(crate) fn part(&self, range: Range<usize>) -> History<'_> {
        History::from_columns(Columns {
            times_ms: &self.times_ms[range.clone()],
            kinds: &self.kinds[range.clone()],
            subjects: &self.subjects[range.clone()],
            amounts: &self.amounts[range],
        })
    }

    pub(crate) fn all(&self) -> History<'_> {
        self.part(0..self.len())
    }
}
