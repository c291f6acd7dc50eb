//! One customer's events as columns, ordered by time and then by their place in the log.
//!
//! The view borrows its columns, so that a customer's rows from the store and a block of the
//! archive are read alike. Only events that conditions ask about have rows. An order gives one
//! `Order` row followed by one `OrderLine` row for each of its lines; the two never part, because a
//! later event of the same instant goes behind them.
//!
//! One column serves many meanings: the subject of a row is its product, for rows about an order the
//! order's number, for rows about a message its email, for the shop's own events the event's name.
//! No row needs two, and a column of 4 bytes over 20 million events is 80 MB.

use std::{ops::Range, sync::LazyLock};

use aftercart_model::{Agent, EmailName, Event, EventBody, OrderId, ProductId};
use jiff::Timestamp;

use crate::{Columns, EmailId, KindSet, NO_NAME, NameId, Names, PropertyValue};

/// Stands in the subject column of a row about no known product.
pub const NO_PRODUCT: u32 = u32::MAX;

/// Stands in the subject column of a refund that names no order.
pub const NO_ORDER: u32 = u32::MAX;

/// So many properties of an event are kept, the first by name.
pub const PROPERTIES_MAX: usize = 32;

/// The name of the property in which an order tells its coupon.
pub const COUPON: &str = "coupon";

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
    /// An event with a name of the shop's own; what it tells beside are properties.
    Custom = 90,
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
            90 => Self::Custom,
            _ => return None,
        })
    }

    pub fn number(self) -> u8 {
        self as u8
    }

    pub fn is_about_order(self) -> bool {
        matches!(self, Self::Order | Self::OrderCancelled | Self::OrderRefunded)
    }

    pub fn is_about_product(self) -> bool {
        matches!(
            self,
            Self::OrderLine
                | Self::ProductViewed
                | Self::CartAdded
                | Self::ProductReviewed
                | Self::MessageClicked
                | Self::MachineClicked
        )
    }

    pub(crate) fn has_email_as_subject(self) -> bool {
        matches!(
            self,
            Self::MessageSent
                | Self::MessageDelivered
                | Self::MessageBounced
                | Self::MessageComplained
                | Self::MessageOpened
                | Self::MachineOpened
        )
    }

    /// A click is about a product, so which email it was in stands elsewhere.
    pub(crate) fn has_email_as_detail(self) -> bool {
        matches!(self, Self::MessageClicked | Self::MachineClicked)
    }

    /// The detail of a row that says nothing else, which columns do not hold.
    fn usual_detail(self) -> u32 {
        match self {
            Self::OrderLine => 1,
            Self::MessageClicked | Self::MachineClicked => NO_NAME,
            _ => 0,
        }
    }
}

/// One row of a history, without its properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    pub at_ms: i64,
    pub kind: HistoryKind,
    /// By kind a product's id, an order's number, an [`EmailId`] or the [`NameId`] of an event;
    /// [`NO_PRODUCT`], [`NO_ORDER`] or [`NO_NAME`] if none.
    pub subject: u32,
    pub amount: i64,
    /// The quantity of an order's line; the [`EmailId`] of a click. 0 for every other kind.
    pub detail: u32,
}

impl HistoryRow {
    /// A row whose detail is the usual one: a quantity of 1, or no email.
    pub fn new(at_ms: i64, kind: HistoryKind, subject: u32, amount: i64) -> Self {
        Self { at_ms, kind, subject, amount, detail: kind.usual_detail() }
    }

    pub fn at(&self) -> Timestamp {
        timestamp(self.at_ms)
    }

    pub fn product(&self) -> Option<ProductId> {
        (self.kind.is_about_product() && self.subject != NO_PRODUCT)
            .then_some(ProductId(self.subject))
    }

    /// The [`order_number`] of the order the row is about.
    pub fn order(&self) -> Option<u32> {
        (self.kind.is_about_order() && self.subject != NO_ORDER).then_some(self.subject)
    }

    /// Which email the row is about, if it is about a message of a known one.
    pub fn email(&self) -> Option<EmailId> {
        let number = if self.kind.has_email_as_subject() {
            self.subject
        } else if self.kind.has_email_as_detail() {
            self.detail
        } else {
            return None;
        };
        (number != NO_NAME).then_some(EmailId(number))
    }

    pub(crate) fn stored_detail(&self) -> Option<i64> {
        (self.detail != self.kind.usual_detail()).then_some(i64::from(self.detail))
    }

    /// With a detail of 0 where its kind has none.
    #[cfg(test)]
    pub(crate) fn tidy(self) -> Self {
        let has_detail = self.kind.usual_detail() != 0;
        Self { detail: if has_detail { self.detail } else { 0 }, ..self }
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

/// Hands the rows of an event to `put`, in their order, each with its properties; none for an event
/// no condition asks about. Texts get their numbers in `names`.
pub fn rows_of(
    at: Timestamp,
    body: &EventBody,
    names: &mut Names,
    mut put: impl FnMut(HistoryRow, &[(NameId, PropertyValue)]),
) {
    let at_ms = at.as_millisecond();
    let row = |kind, subject, amount| HistoryRow::new(at_ms, kind, subject, amount);
    let mut email = |it: &Option<EmailName>| {
        it.as_ref().map_or(NO_NAME, |it| names.intern_email(&it.flow, &it.step).0)
    };
    let one = match body {
        EventBody::OrderPlaced { order, lines, total_minor, coupon } => {
            let order = row(HistoryKind::Order, order_number(order), *total_minor);
            match coupon {
                Some(code) => {
                    let property = (names.intern(COUPON), PropertyValue::Text(names.intern(code)));
                    put(order, &[property]);
                }
                None => put(order, &[]),
            }
            for line in lines {
                let row = row(HistoryKind::OrderLine, line.product.0, line.amount_minor);
                put(HistoryRow { detail: line.quantity, ..row }, &[]);
            }
            return;
        }
        EventBody::Custom { name, properties } => {
            let row = row(HistoryKind::Custom, names.intern(name).0, 0);
            let properties: Vec<_> = properties
                .iter()
                .filter_map(|(name, value)| property_of(name, value, names))
                .take(PROPERTIES_MAX)
                .collect();
            put(row, &properties);
            return;
        }
        EventBody::OrderCancelled { order } => {
            row(HistoryKind::OrderCancelled, order_number(order), 0)
        }
        EventBody::OrderRefunded { order, amount_minor, .. } => {
            let number = order.as_ref().map_or(NO_ORDER, order_number);
            row(HistoryKind::OrderRefunded, number, *amount_minor)
        }
        EventBody::ProductViewed { product } => row(HistoryKind::ProductViewed, product.0, 0),
        EventBody::CartAdded { product, quantity } => {
            row(HistoryKind::CartAdded, product.0, i64::from(*quantity))
        }
        EventBody::CheckoutStarted { total_minor, .. } => {
            row(HistoryKind::CheckoutStarted, NO_PRODUCT, *total_minor)
        }
        EventBody::ProductReviewed { product, rating, .. } => {
            row(HistoryKind::ProductReviewed, product.0, i64::from(*rating))
        }
        EventBody::MessageSent { flow, step, .. } => {
            row(HistoryKind::MessageSent, names.intern_email(flow, step).0, 0)
        }
        EventBody::MessageDelivered { email: it, .. } => {
            row(HistoryKind::MessageDelivered, email(it), 0)
        }
        EventBody::MessageBounced { email: it, .. } => {
            row(HistoryKind::MessageBounced, email(it), 0)
        }
        EventBody::MessageComplained { email: it, .. } => {
            row(HistoryKind::MessageComplained, email(it), 0)
        }
        EventBody::MessageOpened { agent, email: it, .. } => {
            let kind = match agent {
                Agent::Human => HistoryKind::MessageOpened,
                Agent::Machine => HistoryKind::MachineOpened,
            };
            row(kind, email(it), 0)
        }
        EventBody::MessageClicked { agent, product, email: it, .. } => {
            let kind = match agent {
                Agent::Human => HistoryKind::MessageClicked,
                Agent::Machine => HistoryKind::MachineClicked,
            };
            let product = product.map_or(NO_PRODUCT, |it| it.0);
            HistoryRow { detail: email(it), ..row(kind, product, 0) }
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
        | EventBody::SegmentLeft { .. } => return,
    };
    put(one, &[]);
}

/// A property as conditions ask for it; `None` for nothing, lists and objects.
fn property_of(
    name: &str,
    value: &serde_json::Value,
    names: &mut Names,
) -> Option<(NameId, PropertyValue)> {
    let value = match value {
        serde_json::Value::String(text) => PropertyValue::Text(names.intern(text)),
        serde_json::Value::Number(number) => PropertyValue::Number(number.as_f64()?),
        serde_json::Value::Bool(is) => PropertyValue::Truth(*is),
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
            return None;
        }
    };
    Some((names.intern(name), value))
}

/// One customer's events, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    columns: &'a Columns,
    names: &'a Names,
    start: usize,
    end: usize,
    /// No row is of another kind.
    kinds: KindSet,
    /// No row is later.
    newest_ms: i64,
}

impl Default for History<'_> {
    fn default() -> Self {
        static NONE: (Columns, LazyLock<Names>) = (Columns::new(), LazyLock::new(Names::new));
        Self::new(&NONE.0, &NONE.1, 0..0)
    }
}

impl<'a> History<'a> {
    /// The rows of one customer among those of many. They must stand by time and, within an
    /// instant, in the order of the log.
    ///
    /// # Panics
    /// If there are fewer rows.
    pub fn new(columns: &'a Columns, names: &'a Names, rows: Range<usize>) -> Self {
        let (start, end) = (rows.start, rows.end);
        assert!(start <= end && end <= columns.len(), "rows that are there");
        debug_assert!(rows.map(|it| columns.time_ms(it)).is_sorted(), "rows by time");
        Self { columns, names, start, end, kinds: KindSet::ANY, newest_ms: i64::MAX }
    }

    /// The same rows, of which it is known that none is of a kind that is not in `kinds` or later than
    /// `newest_ms`: then they need not be looked through for such.
    pub fn knowing(self, kinds: KindSet, newest_ms: i64) -> Self {
        debug_assert!((0..self.len()).all(|it| self.time_ms(it) <= newest_ms), "none is later");
        debug_assert!(self.iter().all(|it| kinds.may_have(it.kind)), "none is of another kind");
        Self { kinds, newest_ms, ..self }
    }

    pub fn len(&self) -> usize {
        self.end - self.start
    }

    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// What the numbers of names, emails and texts stand for.
    pub fn names(&self) -> &'a Names {
        self.names
    }

    /// The rows, oldest first. A row whose kind a later version has added is passed over.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = HistoryRow> + 'a {
        (0..self.len()).filter_map(move |index| self.row(index))
    }

    /// When row `row` happened, in milliseconds since the epoch.
    #[inline]
    pub fn time_ms(&self, row: usize) -> i64 {
        self.columns.time_ms(self.start + row)
    }

    /// `None` for a kind that a later version has added.
    pub fn kind(&self, row: usize) -> Option<HistoryKind> {
        HistoryKind::from_number(self.kinds()[row])
    }

    /// [`HistoryKind::number`]s of all rows, for quick looks.
    #[inline]
    pub fn kinds(&self) -> &'a [u8] {
        &self.columns.kinds()[self.start..self.end]
    }

    /// The rows in `range` that are of a kind.
    #[inline]
    pub(crate) fn of_kind(
        &self,
        kind: HistoryKind,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = usize> + Clone + use<'a> {
        let start = range.start;
        let kinds = match self.kinds.may_have(kind) {
            true => &self.kinds()[range],
            false => &[],
        };
        memchr::memchr_iter(kind.number(), kinds).map(move |it| start + it)
    }

    /// See [`HistoryRow::subject`].
    #[inline]
    pub fn subject(&self, row: usize) -> u32 {
        self.subjects()[row]
    }

    #[inline]
    pub(crate) fn subjects(&self) -> &'a [u32] {
        &self.columns.subjects()[self.start..self.end]
    }

    /// What the row's kind says its amount is; 0 where it has none.
    #[inline]
    pub fn amount(&self, row: usize) -> i64 {
        self.columns.amount(self.start + row)
    }

    /// How many pieces: of an order's line, or put into the cart. `None` for rows of other kinds.
    pub fn quantity(&self, row: usize) -> Option<i64> {
        match self.kind(row)? {
            HistoryKind::OrderLine => Some(self.columns.detail(self.start + row).unwrap_or(1)),
            HistoryKind::CartAdded => Some(self.amount(row)),
            _ => None,
        }
    }

    /// Which email a row about a message is of. `None` if it was not told, as in logs of versions
    /// that did not tell it, and for rows about anything else.
    pub fn email(&self, row: usize) -> Option<EmailId> {
        self.row(row)?.email()
    }

    /// The name of an event of the shop's own.
    pub fn event_name(&self, row: usize) -> Option<NameId> {
        (self.kind(row)? == HistoryKind::Custom).then(|| NameId(self.subject(row)))
    }

    /// What the row says of a property. An order tells its coupon as the text [`COUPON`].
    pub fn property(&self, row: usize, name: NameId) -> Option<PropertyValue> {
        self.columns.property(self.start + row, name)
    }

    pub fn properties(
        &self,
        row: usize,
    ) -> impl Iterator<Item = (NameId, PropertyValue)> + use<'a> {
        self.columns.properties(self.start + row)
    }

    /// The first row later than `at_ms`.
    #[inline]
    pub fn place_at(&self, at_ms: i64) -> usize {
        self.columns.place_at(self.start..self.end, at_ms) - self.start
    }

    /// The first row not before `at_ms`.
    #[inline]
    pub fn place_from(&self, at_ms: i64) -> usize {
        at_ms.checked_sub(1).map_or(0, |it| self.place_at(it))
    }

    /// The rows at or after `at`.
    pub fn since(self, at: Timestamp) -> Self {
        Self { start: self.start + self.place_from(at.as_millisecond()), ..self }
    }

    /// The rows at or before `at`.
    pub fn until(self, at: Timestamp) -> Self {
        if self.newest_ms <= at.as_millisecond() {
            return self;
        }
        Self { end: self.start + self.place_at(at.as_millisecond()), ..self }
    }

    pub(crate) fn row(self, row: usize) -> Option<HistoryRow> {
        let kind = self.kind(row)?;
        let detail = self.columns.detail(self.start + row).and_then(|it| u32::try_from(it).ok());
        Some(HistoryRow {
            at_ms: self.time_ms(row),
            kind,
            subject: self.subject(row),
            amount: self.amount(row),
            detail: detail.unwrap_or_else(|| kind.usual_detail()),
        })
    }
}

/// Owns the rows of one customer's history and their names.
#[derive(Clone, Debug, Default)]
pub struct HistoryBuffer {
    columns: Columns,
    names: Names,
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
        self.columns.insert(event, &mut self.names);
    }

    pub fn clear(&mut self) {
        *self = Self::new();
    }

    pub fn as_history(&self) -> History<'_> {
        History::new(&self.columns, &self.names, 0..self.columns.len())
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
        let mut columns = Columns::new();
        columns.push_stored(1, 250, 0, 0, None, &[]);
        columns.push(&HistoryRow::new(2, HistoryKind::ProductViewed, 1, 0), &[]);
        let names = Names::new();
        let history = History::new(&columns, &names, 0..2);
        assert_eq!(kinds(history), [HistoryKind::ProductViewed]);
    }

    #[test]
    fn every_stored_number_leads_back_to_its_kind() {
        let known = (0..=u8::MAX).filter_map(HistoryKind::from_number);
        let numbers: Vec<u8> = known.map(HistoryKind::number).collect();
        assert_eq!(numbers, [10, 11, 12, 13, 20, 21, 22, 30, 40, 41, 42, 43, 44, 45, 64, 65, 90]);
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
