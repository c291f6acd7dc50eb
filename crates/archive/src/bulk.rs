//! Rows on their way into blocks, in the order of the log, with whose they are and names of their own,
//! so that parts of the log can be read side by side.

use aftercart_model::{CustomerId, Event, EventBody, Timestamp};
use aftercart_segment::{Columns, NameId, Names, Renaming, rows_of};

/// Rows of a stretch of the log.
#[derive(Debug, Default)]
pub struct BulkRows {
    customers: Vec<CustomerId>,
    columns: Columns,
    names: Names,
    /// Who was found to be who, in the order of the log.
    merges: Vec<(CustomerId, CustomerId)>,
    through: u64,
}

impl BulkRows {
    pub fn new() -> Self {
        Self::default()
    }

    /// No rows yet, of a log read up to `through`.
    pub(crate) fn after(through: u64) -> Self {
        Self { through, ..Self::default() }
    }

    /// Adds the rows of the stretch of the log behind.
    pub(crate) fn append(&mut self, mut next: Self) {
        if self.is_empty() && self.merges.is_empty() && self.names.texts_end() == 0 {
            let through = self.through.max(next.through);
            *self = Self { through, ..next };
            return;
        }
        next.rename(&mut self.names);
        self.columns.extend_from(&next.columns, 0..next.columns.len());
        self.customers.append(&mut next.customers);
        self.merges.append(&mut next.merges);
        self.through = self.through.max(next.through);
    }

    /// Takes an event; events come in the order of the log.
    pub fn push(&mut self, event: &Event) {
        self.push_body(event.seq, event.customer, event.at, &event.body);
    }

    /// As [`BulkRows::push`], with what of an event matters here.
    pub fn push_body(
        &mut self,
        seq: u64,
        customer: Option<CustomerId>,
        at: Timestamp,
        body: &EventBody,
    ) {
        self.through = seq;
        let Some(customer) = customer else { return };
        if let EventBody::Merged { other } = *body {
            self.merges.push((customer, other));
        }
        rows_of(at, body, &mut self.names, |row, properties| {
            self.customers.push(customer);
            self.columns.push(&row, properties);
        });
    }

    /// Passes over an event that gives no row.
    pub fn pass(&mut self, seq: u64) {
        self.through = seq;
    }

    /// The place in the log of the last event taken.
    pub fn through(&self) -> u64 {
        self.through
    }

    pub fn len(&self) -> usize {
        self.customers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.customers.is_empty()
    }

    pub(crate) fn merges(&self) -> &[(CustomerId, CustomerId)] {
        &self.merges
    }

    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }

    #[inline]
    pub(crate) fn customer(&self, row: u32) -> CustomerId {
        self.customers[row as usize]
    }

    /// Whose each row is, to be led to their roots.
    pub(crate) fn customers_mut(&mut self) -> &mut [CustomerId] {
        &mut self.customers
    }

    /// Calls names what they are called in `names`.
    pub(crate) fn rename(&mut self, names: &mut Names) {
        let texts = (0..self.names.texts_end()).map(|it| self.names.text(NameId(it)));
        let texts: Vec<NameId> = texts.map(|it| names.intern(it)).collect();
        let emails = self.names.emails();
        let emails: Vec<u32> =
            emails.map(|(_, it)| names.intern_email(&it.flow, &it.step).0).collect();
        self.columns.rename(&Renaming {
            texts: &|it| texts[it.0 as usize],
            emails: &|it| emails[it as usize],
        });
        self.names = Names::new();
    }

    /// The rows by customer and time; of one instant in the order of the log, so that an order's
    /// lines stay behind it.
    pub(crate) fn order(&self) -> Vec<u32> {
        let rows = u32::try_from(self.len()).expect("fewer than 4 billion rows at once");
        let mut order: Vec<(CustomerId, i64, u32)> = (0..rows)
            .map(|it| (self.customer(it), self.columns.time_ms(it as usize), it))
            .collect();
        order.sort_unstable();
        order.into_iter().map(|it| it.2).collect()
    }
}
