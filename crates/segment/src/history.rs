//! One customer's events as columns, ordered by time and then by their place in the log.
//!
//! The view borrows its columns, so that a customer's rows from the store and a block of the
//! archive are read alike. Only events that conditions ask about have rows. An order gives one
//! `Order` row followed by one `OrderLine` row for each of its lines; the two never part, because a
//! later event of the same instant goes behind them.
//!
//! One column serves two meanings: the subject of a row is its product, or for rows about an order
//! the order's number. No row needs both, and a column of 4 bytes over 20 million events is 80 MB.

use aftercart_model::{Agent, Event, EventBody, OrderId, ProductId};
use jiff::Timestamp;

/// Stands in the subject column of a row about no known product.
pub const NO_PRODUCT: u32 = u32::MAX;

/// Stands in the subject column of a refund that names no order.
pub const NO_ORDER: u32 = u32::MAX;

/// What a row is about. The numbers are stored in archive files: add, never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum HistoryKind {
    /// An order; amount is its total.
    Order = 10,
    OrderCancelled = 11,
    /// Money paid back; amount is how much.
    OrderRefunded = 12,
    /// A line of the order above it; amount is what was paid for the line.
    OrderLine = 13,
    ProductViewed = 20,
    /// Amount is the quantity.
    CartAdded = 21,
    /// Amount is the worth of the cart.
    CheckoutStarted = 22,
    /// Amount is the rating.
    ProductReviewed = 30,
    MessageSent = 40,
    MessageDelivered = 41,
    MessageBounced = 42,
    MessageComplained = 43,
    /// By a human.
    MessageOpened = 44,
    /// By a human.
    MessageClicked = 45,
    MachineOpened = 64,
    MachineClicked = 65,
}

impl HistoryKind {
    /// The kind stored as `number`; `None` for one that a later version has added.
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            10 => Self::Order,
            11 => Self::OrderCancelled,
            12 => Self::OrderRefunded,
            13 => Self::OrderLine,
            20 => Self::ProductViewed,
            21 => Self::CartAdded,
            22 => Self::CheckoutStarted,
            30 => Self::ProductReviewed,
            40 => Self::MessageSent,
            41 => Self::MessageDelivered,
            42 => Self::MessageBounced,
            43 => Self::MessageComplained,
            44 => Self::MessageOpened,
            45 => Self::MessageClicked,
            64 => Self::MachineOpened,
            65 => Self::MachineClicked,
            _ => return None,
        })
    }

    pub fn number(self) -> u8 {
        self as u8
    }

    fn is_about_order(self) -> bool {
        matches!(self, Self::Order | Self::OrderCancelled | Self::OrderRefunded)
    }
}

/// One row of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    pub at_ms: i64,
    pub kind: HistoryKind,
    /// A product's id or an order's number, by kind; [`NO_PRODUCT`] or [`NO_ORDER`] if none.
    pub subject: u32,
    pub amount: i64,
}

impl HistoryRow {
    pub fn at(&self) -> Timestamp {
        timestamp(self.at_ms)
    }

    pub fn product(&self) -> Option<ProductId> {
        (!self.kind.is_about_order() && self.subject != NO_PRODUCT)
            .then_some(ProductId(self.subject))
    }

    /// The [`order_number`] of the order the row is about.
    pub fn order(&self) -> Option<u32> {
        (self.kind.is_about_order() && self.subject != NO_ORDER).then_some(self.subject)
    }
}

/// A number for an order, to match a cancellation with its order within one customer's history.
///
/// It is a hash, so that no table of order ids is needed beside the columns. Two of one customer's
/// orders share a number with a chance of one in four billion.
pub fn order_number(order: &OrderId) -> u32 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in order.as_str().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    let number = (hash >> 32) as u32;
    if number == NO_ORDER { 0 } else { number }
}

/// Hands the rows of an event to `put`, in their order; none for an event no condition asks about.
pub fn rows_of(event: &Event, mut put: impl FnMut(HistoryRow)) {
    let at_ms = event.at.as_millisecond();
    let mut row = |kind, subject, amount| put(HistoryRow { at_ms, kind, subject, amount });
    match &event.body {
        EventBody::OrderPlaced { order, lines, total_minor, .. } => {
            row(HistoryKind::Order, order_number(order), *total_minor);
            for line in lines {
                row(HistoryKind::OrderLine, line.product.0, line.amount_minor);
            }
        }
        EventBody::OrderCancelled { order } => {
            row(HistoryKind::OrderCancelled, order_number(order), 0);
        }
        EventBody::OrderRefunded { order, amount_minor, .. } => {
            let number = order.as_ref().map_or(NO_ORDER, order_number);
            row(HistoryKind::OrderRefunded, number, *amount_minor);
        }
        EventBody::ProductViewed { product } => row(HistoryKind::ProductViewed, product.0, 0),
        EventBody::CartAdded { product, quantity } => {
            row(HistoryKind::CartAdded, product.0, i64::from(*quantity));
        }
        EventBody::CheckoutStarted { total_minor, .. } => {
            row(HistoryKind::CheckoutStarted, NO_PRODUCT, *total_minor);
        }
        EventBody::ProductReviewed { product, rating, .. } => {
            row(HistoryKind::ProductReviewed, product.0, i64::from(*rating));
        }
        EventBody::MessageSent { .. } => row(HistoryKind::MessageSent, NO_PRODUCT, 0),
        EventBody::MessageDelivered { .. } => row(HistoryKind::MessageDelivered, NO_PRODUCT, 0),
        EventBody::MessageBounced { .. } => row(HistoryKind::MessageBounced, NO_PRODUCT, 0),
        EventBody::MessageComplained { .. } => row(HistoryKind::MessageComplained, NO_PRODUCT, 0),
        EventBody::MessageOpened { agent, .. } => {
            let kind = match agent {
                Agent::Human => HistoryKind::MessageOpened,
                Agent::Machine => HistoryKind::MachineOpened,
            };
            row(kind, NO_PRODUCT, 0);
        }
        EventBody::MessageClicked { agent, product, .. } => {
            let kind = match agent {
                Agent::Human => HistoryKind::MessageClicked,
                Agent::Machine => HistoryKind::MachineClicked,
            };
            row(kind, product.map_or(NO_PRODUCT, |it| it.0), 0);
        }
        EventBody::Identified { .. }
        | EventBody::ConsentGiven { .. }
        | EventBody::Merged { .. }
        | EventBody::ErasureAsked
        | EventBody::ExportAsked
        | EventBody::Erased
        | EventBody::OrderRevised { .. }
        | EventBody::OrderFulfilled { .. }
        | EventBody::CartRemoved { .. }
        | EventBody::CouponApplied { .. }
        | EventBody::ProductSaved { .. }
        | EventBody::ProductRemoved { .. }
        | EventBody::StockCounted { .. }
        | EventBody::MessageDeferred { .. }
        | EventBody::MessageDropped { .. }
        | EventBody::Enrolled { .. }
        | EventBody::EnrolmentEnded { .. }
        | EventBody::SegmentEntered { .. }
        | EventBody::SegmentLeft { .. }
        | EventBody::Custom { .. } => {}
    }
}

/// The columns a [`History`] borrows, all of one length.
#[derive(Clone, Copy, Debug, Default)]
pub struct Columns<'a> {
    /// Milliseconds since the epoch, never falling.
    pub times_ms: &'a [i64],
    /// [`HistoryKind::number`]s.
    pub kinds: &'a [u8],
    /// Product ids and order numbers, see [`HistoryRow::subject`].
    pub subjects: &'a [u32],
    pub amounts: &'a [i64],
}

/// One customer's events, borrowed.
#[derive(Clone, Copy, Debug, Default)]
pub struct History<'a> {
    columns: Columns<'a>,
}

impl<'a> History<'a> {
    /// Rows must stand by time and, within an instant, in the order of the log.
    ///
    /// # Panics
    /// If the columns differ in length.
    pub fn from_columns(columns: Columns<'a>) -> Self {
        let len = columns.times_ms.len();
        let is_even = columns.kinds.len() == len
            && columns.subjects.len() == len
            && columns.amounts.len() == len;
        assert!(is_even, "columns of one length");
        debug_assert!(columns.times_ms.is_sorted(), "rows by time");
        Self { columns }
    }

    pub fn len(&self) -> usize {
        self.columns.times_ms.len()
    }

    pub fn is_empty(&self) -> bool {
        self.columns.times_ms.is_empty()
    }

    /// The rows, oldest first. A row whose kind a later version has added is passed over.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = HistoryRow> + 'a {
        (0..self.len()).filter_map(move |index| self.row(index))
    }

    /// When row `row` happened, in milliseconds since the epoch.
    pub fn time_ms(&self, row: usize) -> i64 {
        self.columns.times_ms[row]
    }

    /// `None` for a kind that a later version has added.
    pub fn kind(&self, row: usize) -> Option<HistoryKind> {
        HistoryKind::from_number(self.columns.kinds[row])
    }

    /// [`HistoryKind::number`]s of all rows, for quick looks.
    pub fn kinds(&self) -> &'a [u8] {
        self.columns.kinds
    }

    /// A product's id or an order's number, by kind; [`NO_PRODUCT`] or [`NO_ORDER`] if none.
    pub fn subject(&self, row: usize) -> u32 {
        self.columns.subjects[row]
    }

    /// What the row's kind says its amount is; 0 where it has none.
    pub fn amount(&self, row: usize) -> i64 {
        self.columns.amounts[row]
    }

    /// The first row later than `at_ms`.
    pub fn place_at(&self, at_ms: i64) -> usize {
        self.columns.times_ms.partition_point(|&it| it <= at_ms)
    }

    /// The first row not before `at_ms`.
    pub fn place_from(&self, at_ms: i64) -> usize {
        self.columns.times_ms.partition_point(|&it| it < at_ms)
    }

    /// The rows at or after `at`.
    pub fn since(self, at: Timestamp) -> Self {
        self.part(self.place_from(at.as_millisecond()), self.len())
    }

    /// The rows at or before `at`.
    pub fn until(self, at: Timestamp) -> Self {
        self.part(0, self.place_at(at.as_millisecond()))
    }

    fn part(self, start: usize, end: usize) -> Self {
        let columns = Columns {
            times_ms: &self.columns.times_ms[start..end],
            kinds: &self.columns.kinds[start..end],
            subjects: &self.columns.subjects[start..end],
            amounts: &self.columns.amounts[start..end],
        };
        Self { columns }
    }

    pub(crate) fn row(self, row: usize) -> Option<HistoryRow> {
        Some(HistoryRow {
            at_ms: self.time_ms(row),
            kind: self.kind(row)?,
            subject: self.subject(row),
            amount: self.amount(row),
        })
    }
}

/// Owns the columns of one customer's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryBuffer {
    times_ms: Vec<i64>,
    kinds: Vec<u8>,
    subjects: Vec<u32>,
    amounts: Vec<i64>,
}

impl HistoryBuffer {
    pub fn new() -> Self {
        Self::default()
    }

    /// A history of these events of one customer, given in the order of the log.
    pub fn of<'e>(events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut buffer = Self::new();
        for event in events {
            buffer.push(event);
        }
        buffer
    }

    /// Puts an event in its place by time. Push events in the order of the log: of two at one
    /// instant, the one pushed later counts as later.
    pub fn push(&mut self, event: &Event) {
        let mut place = self.times_ms.partition_point(|&it| it <= event.at.as_millisecond());
        rows_of(event, |row| {
            self.times_ms.insert(place, row.at_ms);
            self.kinds.insert(place, row.kind.number());
            self.subjects.insert(place, row.subject);
            self.amounts.insert(place, row.amount);
            place += 1;
        });
    }

    pub fn clear(&mut self) {
        self.times_ms.clear();
        self.kinds.clear();
        self.subjects.clear();
        self.amounts.clear();
    }

    pub fn as_history(&self) -> History<'_> {
        History::from_columns(Columns {
            times_ms: &self.times_ms,
            kinds: &self.kinds,
            subjects: &self.subjects,
            amounts: &self.amounts,
        })
    }
}

/// The instant, or the nearest one that can be written.
pub(crate) fn timestamp(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or(if at_ms < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{DRIPPER, KETTLE, NOW, Sample, any_sample};

    fn kinds(history: History<'_>) -> Vec<HistoryKind> {
        history.iter().map(|it| it.kind).collect()
    }

    #[test]
    fn an_order_is_a_row_and_a_row_for_each_line() {
        let sample =
            Sample::new().ordered(2, "#1", &[(DRIPPER, 10), (KETTLE, 20)]).viewed(2, KETTLE);
        let buffer = HistoryBuffer::of(&sample.events);
        use HistoryKind::{Order, OrderLine, ProductViewed};
        assert_eq!(kinds(buffer.as_history()), [Order, OrderLine, OrderLine, ProductViewed]);
        let rows: Vec<HistoryRow> = buffer.as_history().iter().collect();
        let number = order_number(&OrderId::new("#1").unwrap());
        assert_eq!((rows[0].order(), rows[0].product(), rows[0].amount), (Some(number), None, 30));
        assert_eq!((rows[2].order(), rows[2].product(), rows[2].amount), (None, Some(KETTLE), 20));
        assert_eq!(rows[0].at(), NOW - SignedDuration::from_hours(2));
    }

    #[test]
    fn parts_of_a_history_are_cut_by_time() {
        let sample = Sample::new().viewed(3, KETTLE).viewed(2, KETTLE).viewed(1, KETTLE);
        let buffer = HistoryBuffer::of(&sample.events);
        let history = buffer.as_history();
        let two_hours_ago = NOW - SignedDuration::from_hours(2);
        assert_eq!(history.since(two_hours_ago).len(), 2, "its start is in");
        assert_eq!(history.until(two_hours_ago).len(), 2, "its end is in");
        let newest = history.iter().next_back().map(|it| it.at());
        assert_eq!(newest, Some(NOW - SignedDuration::from_hours(1)), "read from its end");
        assert!(History::default().is_empty());
    }

    #[test]
    fn rows_of_a_later_version_are_passed_over() {
        let columns = Columns {
            times_ms: &[1, 2],
            kinds: &[250, HistoryKind::ProductViewed.number()],
            subjects: &[0, 1],
            amounts: &[0, 0],
        };
        assert_eq!(kinds(History::from_columns(columns)), [HistoryKind::ProductViewed]);
    }

    #[test]
    fn every_stored_number_leads_back_to_its_kind() {
        let known = (0..=u8::MAX).filter_map(HistoryKind::from_number);
        let numbers: Vec<u8> = known.map(HistoryKind::number).collect();
        assert_eq!(numbers, [10, 11, 12, 13, 20, 21, 22, 30, 40, 41, 42, 43, 44, 45, 64, 65]);
    }

    proptest! {
        #[test]
        fn rows_stand_by_time_and_lines_behind_their_order(sample in any_sample()) {
            let buffer = HistoryBuffer::of(&sample.events);
            let rows: Vec<HistoryRow> = buffer.as_history().iter().collect();
            prop_assert!(rows.is_sorted_by_key(|it| it.at_ms));
            for pair in rows.windows(2) {
                let is_line = pair[1].kind == HistoryKind::OrderLine;
                let follows = matches!(pair[0].kind, HistoryKind::Order | HistoryKind::OrderLine);
                prop_assert!(!is_line || follows && pair[0].at_ms == pair[1].at_ms);
            }
        }
    }
}
