//! Columns of history rows, small: about 11 bytes for a view, 15 for a row with an amount.
//!
//! Most rows are views and messages, which have no amount, quantity or properties. So those stand
//! in columns that only rows with them pay for: a bit for each row says whether it has a value, and
//! the values of those that do stand side by side. Where a row's value lies is the number of bits
//! before it, which is kept for every 64th row and counted from there.
//!
//! Times are exact to the millisecond: 40 bits after a base, which is 34 years. Columns with times
//! further apart hold them whole.

use std::ops::Range;

use aftercart_model::Event;

use crate::{HistoryRow, NO_NAME, NameId, Names, PropertyValue, rows_of};

/// A base is a multiple of it, so that columns of one shop mostly have the same.
const BASE_STEP_BITS: u32 = 38;

/// Milliseconds after the base that a narrow time can tell.
const NARROW_END_MS: i64 = 1 << 40;

/// Rows of one or many customers.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    times: Times,
    kinds: Vec<u8>,
    subjects: Vec<u32>,
    amounts: Sparse,
    details: Sparse,
    properties: Properties,
}

/// Milliseconds since the epoch.
#[derive(Clone, Debug)]
enum Times {
    /// `base_ms` and 256 times the high part and the low part, together.
    Narrow {
        base_ms: i64,
        highs: Vec<u32>,
        lows: Vec<u8>,
    },
    Wide(Vec<i64>),
}

/// Values of some rows.
#[derive(Clone, Debug, Default)]
struct Sparse {
    set: BitSet,
    /// [`i32::MIN`] for one that stands among `wide`.
    values: Vec<i32>,
    /// Values that need more room, by their place among `values`, ascending.
    wide: Vec<(u32, i64)>,
}

/// Properties of some rows.
#[derive(Clone, Debug, Default)]
struct Properties {
    set: BitSet,
    /// Where the properties of each row that has some end.
    ends: Vec<u32>,
    /// The name's number, above it in two bits what the value is.
    keys: Vec<u32>,
    values: Vec<u32>,
    numbers: Vec<f64>,
}

/// Which rows have a value. It ends with the last row that has one.
#[derive(Clone, Debug, Default)]
struct BitSet {
    words: Vec<u64>,
    /// How many bits are set before each word.
    before: Vec<u32>,
}

const KEY_BITS: u32 = 30;
const TEXT: u32 = 0;
const TRUTH: u32 = 1;
/// A whole number that fits 32 bits stands in the value itself.
const WHOLE: u32 = 2;
const NUMBER: u32 = 3;

/// What a name is called after names were renumbered.
pub struct Renaming<'a> {
    pub texts: &'a dyn Fn(NameId) -> NameId,
    pub emails: &'a dyn Fn(u32) -> u32,
}

impl Columns {
    pub const fn new() -> Self {
        Self {
            times: Times::Narrow { base_ms: 0, highs: Vec::new(), lows: Vec::new() },
            kinds: Vec::new(),
            subjects: Vec::new(),
            amounts: Sparse::new(),
            details: Sparse::new(),
            properties: Properties::new(),
        }
    }

    pub fn with_room(rows: usize) -> Self {
        let highs = Vec::with_capacity(rows);
        let lows = Vec::with_capacity(rows);
        Self {
            times: Times::Narrow { base_ms: 0, highs, lows },
            kinds: Vec::with_capacity(rows),
            subjects: Vec::with_capacity(rows),
            ..Self::new()
        }
    }

    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Bytes of memory that the rows take.
    pub fn bytes(&self) -> usize {
        let times = match &self.times {
            Times::Narrow { highs, lows, .. } => highs.len() * 4 + lows.len(),
            Times::Wide(times_ms) => times_ms.len() * 8,
        };
        let properties = &self.properties;
        times
            + self.kinds.len()
            + self.subjects.len() * 4
            + self.amounts.bytes()
            + self.details.bytes()
            + properties.set.bytes()
            + (properties.ends.len() + properties.keys.len() * 2) * 4
            + properties.numbers.len() * 8
    }

    /// Gives back room that no row takes.
    pub fn shrink(&mut self) {
        match &mut self.times {
            Times::Narrow { highs, lows, .. } => {
                highs.shrink_to_fit();
                lows.shrink_to_fit();
            }
            Times::Wide(times_ms) => times_ms.shrink_to_fit(),
        }
        self.kinds.shrink_to_fit();
        self.subjects.shrink_to_fit();
        for sparse in [&mut self.amounts, &mut self.details] {
            sparse.set.shrink();
            sparse.values.shrink_to_fit();
            sparse.wide.shrink_to_fit();
        }
        let properties = &mut self.properties;
        properties.set.shrink();
        properties.ends.shrink_to_fit();
        properties.keys.shrink_to_fit();
        properties.values.shrink_to_fit();
        properties.numbers.shrink_to_fit();
    }

    pub fn time_ms(&self, row: usize) -> i64 {
        self.times.get(row)
    }

    /// The base in milliseconds since the epoch, and of each row how many times 256 ms and how many
    /// milliseconds more it is later. `None` where times are too far apart for it.
    pub fn narrow_times(&self) -> Option<(i64, &[u32], &[u8])> {
        match &self.times {
            Times::Narrow { base_ms, highs, lows } => Some((*base_ms, highs, lows)),
            Times::Wide(_) => None,
        }
    }

    /// [`HistoryKind::number`](crate::HistoryKind::number)s.
    pub fn kinds(&self) -> &[u8] {
        &self.kinds
    }

    pub fn subjects(&self) -> &[u32] {
        &self.subjects
    }

    pub fn amount(&self, row: usize) -> i64 {
        self.amounts.get(row).unwrap_or(0)
    }

    /// See [`HistoryRow::detail`].
    pub fn detail(&self, row: usize) -> Option<i64> {
        self.details.get(row)
    }

    pub fn property(&self, row: usize, name: NameId) -> Option<PropertyValue> {
        let properties = &self.properties;
        let place = properties.range(row).find(|it| properties.name(*it) == name)?;
        Some(properties.value(place))
    }

    pub fn properties(&self, row: usize) -> impl Iterator<Item = (NameId, PropertyValue)> + '_ {
        let properties = &self.properties;
        properties.range(row).map(|it| (properties.name(it), properties.value(it)))
    }

    /// Of the rows in `range`, which stand by time, the first later than `at_ms`.
    pub(crate) fn place_at(&self, range: Range<usize>, at_ms: i64) -> usize {
        self.times.partition_point(range, at_ms)
    }

    pub fn push(&mut self, row: &HistoryRow, properties: &[(NameId, PropertyValue)]) {
        let HistoryRow { at_ms, kind, subject, amount, .. } = *row;
        self.push_stored(at_ms, kind.number(), subject, amount, row.stored_detail(), properties);
    }

    /// Adds a row as a file holds it, perhaps of a kind that a later version has added.
    pub fn push_stored(
        &mut self,
        at_ms: i64,
        kind: u8,
        subject: u32,
        amount: i64,
        detail: Option<i64>,
        properties: &[(NameId, PropertyValue)],
    ) {
        let index = self.len();
        self.times.push(at_ms);
        self.kinds.push(kind);
        self.subjects.push(subject);
        if amount != 0 {
            self.amounts.push(index, amount);
        }
        if let Some(detail) = detail {
            self.details.push(index, detail);
        }
        if !properties.is_empty() {
            self.properties.push(index, properties.iter().copied());
        }
    }

    /// Puts the rows of an event in their place by time, among rows of one customer; of two events
    /// at one instant the one put in later counts as later. Returns how many rows it gave.
    pub fn insert(&mut self, event: &Event, names: &mut Names) -> usize {
        let before = self.len();
        let place = self.place_at(0..before, event.at.as_millisecond());
        if place == before {
            rows_of(event.at, &event.body, names, |row, properties| self.push(&row, properties));
            return self.len() - before;
        }
        let mut moved = Self::with_room(before + 1);
        moved.extend_from(self, 0..place);
        rows_of(event.at, &event.body, names, |row, properties| moved.push(&row, properties));
        moved.extend_from(self, place..before);
        *self = moved;
        self.len() - before
    }

    /// Adds a row of other columns.
    pub fn push_from(&mut self, other: &Self, row: usize) {
        let index = self.len();
        self.times.push(other.times.get(row));
        self.kinds.push(other.kinds[row]);
        self.subjects.push(other.subjects[row]);
        if let Some(amount) = other.amounts.get(row) {
            self.amounts.push(index, amount);
        }
        if let Some(detail) = other.details.get(row) {
            self.details.push(index, detail);
        }
        if other.properties.set.has(row) {
            self.properties.push(index, other.properties(row));
        }
    }

    /// Adds rows of other columns.
    pub fn extend_from(&mut self, other: &Self, range: Range<usize>) {
        let index = self.len();
        self.times.extend_from(&other.times, range.clone());
        self.kinds.extend_from_slice(&other.kinds[range.clone()]);
        self.subjects.extend_from_slice(&other.subjects[range.clone()]);
        self.amounts.extend_from(index, &other.amounts, range.clone());
        self.details.extend_from(index, &other.details, range.clone());
        for row in other.properties.set.iter(range.clone()) {
            self.properties.push(index + row - range.start, other.properties(row));
        }
    }

    /// Adds the rows of `kept` in `range` and those of `news` at `order`, both by time; of one
    /// instant the former first.
    pub fn extend_merged(
        &mut self,
        kept: &Self,
        range: Range<usize>,
        news: &Self,
        order: impl IntoIterator<Item = usize>,
    ) {
        let mut start = range.start;
        for row in order {
            let end = kept.place_at(start..range.end, news.time_ms(row));
            if start < end {
                self.extend_from(kept, start..end);
                start = end;
            }
            self.push_from(news, row);
        }
        self.extend_from(kept, start..range.end);
    }

    /// Calls names what they are called now.
    pub fn rename(&mut self, renaming: &Renaming<'_>) {
        use crate::HistoryKind;

        let known = |number: u32, rename: &dyn Fn(u32) -> u32| match number {
            NO_NAME => NO_NAME,
            number => rename(number),
        };
        for row in 0..self.len() {
            match HistoryKind::from_number(self.kinds[row]) {
                Some(HistoryKind::Custom) => {
                    let text = |it| (renaming.texts)(NameId(it)).0;
                    self.subjects[row] = known(self.subjects[row], &text);
                }
                Some(kind) if kind.has_email_as_subject() => {
                    self.subjects[row] = known(self.subjects[row], renaming.emails);
                }
                Some(kind) if kind.has_email_as_detail() => {
                    self.details.change(row, |it| {
                        let email = u32::try_from(it).unwrap_or(NO_NAME);
                        i64::from(known(email, renaming.emails))
                    });
                }
                _ => {}
            }
        }
        let properties = &mut self.properties;
        for (key, value) in properties.keys.iter_mut().zip(&mut properties.values) {
            let (tag, name) = (*key >> KEY_BITS, *key & ((1 << KEY_BITS) - 1));
            *key = tag << KEY_BITS | (renaming.texts)(NameId(name)).0;
            if tag == TEXT {
                *value = (renaming.texts)(NameId(*value)).0;
            }
        }
    }

    /// Hands every text that rows speak of to `see`; of one text perhaps many times.
    pub fn see_names(&self, mut see: impl FnMut(NameId)) {
        const CUSTOM: u8 = crate::HistoryKind::Custom as u8;
        for (kind, subject) in self.kinds.iter().zip(&self.subjects) {
            if *kind == CUSTOM {
                see(NameId(*subject));
            }
        }
        let properties = &self.properties;
        for place in 0..properties.keys.len() {
            see(properties.name(place));
            if let PropertyValue::Text(text) = properties.value(place) {
                see(text);
            }
        }
    }
}

/// Equal if they hold the same rows, however they hold them.
impl PartialEq for Columns {
    fn eq(&self, other: &Self) -> bool {
        let is_same = |row| {
            self.time_ms(row) == other.time_ms(row)
                && self.amount(row) == other.amount(row)
                && self.detail(row) == other.detail(row)
                && self.properties(row).eq(other.properties(row))
        };
        self.kinds == other.kinds && self.subjects == other.subjects && (0..self.len()).all(is_same)
    }
}

impl Default for Times {
    fn default() -> Self {
        Self::Narrow { base_ms: 0, highs: Vec::new(), lows: Vec::new() }
    }
}

impl Times {
    #[inline]
    fn get(&self, row: usize) -> i64 {
        match self {
            Self::Narrow { base_ms, highs, lows } => {
                base_ms + (i64::from(highs[row]) << 8 | i64::from(lows[row]))
            }
            Self::Wide(times_ms) => times_ms[row],
        }
    }

    fn push(&mut self, at_ms: i64) {
        if let Self::Narrow { base_ms, highs, lows } = self {
            if highs.is_empty() {
                *base_ms = base_of(at_ms);
            }
            if let Some((high, low)) = narrow(at_ms, *base_ms) {
                highs.push(high);
                lows.push(low);
                return;
            }
        }
        self.widen().push(at_ms);
    }

    fn extend_from(&mut self, other: &Self, range: Range<usize>) {
        if let (
            Self::Narrow { base_ms, highs, lows },
            Self::Narrow { base_ms: other_ms, highs: other_highs, lows: other_lows },
        ) = (&mut *self, other)
        {
            if highs.is_empty() {
                *base_ms = *other_ms;
            }
            if base_ms == other_ms {
                highs.extend_from_slice(&other_highs[range.clone()]);
                lows.extend_from_slice(&other_lows[range]);
                return;
            }
        }
        range.for_each(|row| self.push(other.get(row)));
    }

    fn widen(&mut self) -> &mut Vec<i64> {
        if let Self::Narrow { highs, .. } = self {
            let times_ms = (0..highs.len()).map(|row| self.get(row)).collect();
            *self = Self::Wide(times_ms);
        }
        match self {
            Self::Wide(times_ms) => times_ms,
            Self::Narrow { .. } => unreachable!("made wide above"),
        }
    }

    #[inline]
    fn partition_point(&self, range: Range<usize>, at_ms: i64) -> usize {
        match self {
            Self::Narrow { base_ms, highs, lows } => {
                let Some((high, low)) = narrow(at_ms, *base_ms) else {
                    return if at_ms < *base_ms { range.start } else { range.end };
                };
                // Most often everything has happened by then.
                match highs[range.clone()].last() {
                    Some(last) if *last >= high => {}
                    _ => return range.end,
                }
                let place = range.start + highs[range.clone()].partition_point(|&it| it < high);
                let same =
                    (place..range.end).take_while(|&it| highs[it] == high && lows[it] <= low);
                place + same.count()
            }
            Self::Wide(times_ms) => {
                range.start + times_ms[range].partition_point(|&it| it <= at_ms)
            }
        }
    }
}

fn base_of(at_ms: i64) -> i64 {
    ((at_ms >> BASE_STEP_BITS) - 2).saturating_mul(1 << BASE_STEP_BITS)
}

#[inline]
fn narrow(at_ms: i64, base_ms: i64) -> Option<(u32, u8)> {
    let after_ms = at_ms.checked_sub(base_ms).filter(|it| (0..NARROW_END_MS).contains(it))?;
    Some(((after_ms >> 8) as u32, (after_ms & 0xff) as u8))
}

impl Sparse {
    const fn new() -> Self {
        Self { set: BitSet::new(), values: Vec::new(), wide: Vec::new() }
    }

    fn bytes(&self) -> usize {
        self.set.bytes() + self.values.len() * 4 + size_of_val(self.wide.as_slice())
    }

    #[inline]
    fn get(&self, row: usize) -> Option<i64> {
        Some(self.value(self.set.rank(row)?))
    }

    fn value(&self, place: usize) -> i64 {
        match self.values[place] {
            i32::MIN => {
                let found = self.wide.binary_search_by_key(&place, |it| it.0 as usize);
                self.wide[found.expect("a wide value for each mark of one")].1
            }
            value => i64::from(value),
        }
    }

    /// Rows come in ascending order.
    fn push(&mut self, row: usize, value: i64) {
        self.set.push(row);
        match i32::try_from(value) {
            Ok(value) if value != i32::MIN => self.values.push(value),
            _ => {
                self.wide.push((index(self.values.len()), value));
                self.values.push(i32::MIN);
            }
        }
    }

    fn extend_from(&mut self, first: usize, other: &Self, range: Range<usize>) {
        let mut rows = other.set.iter(range.clone()).peekable();
        let Some(start) = rows.peek().and_then(|it| other.set.rank(*it)) else { return };
        for (place, row) in (start..).zip(rows) {
            self.push(first + row - range.start, other.value(place));
        }
    }

    fn change(&mut self, row: usize, change: impl Fn(i64) -> i64) {
        let Some(place) = self.set.rank(row) else { return };
        if let Ok(value) = i32::try_from(change(self.value(place)))
            && self.values[place] != i32::MIN
        {
            self.values[place] = value;
        }
    }
}

impl Properties {
    const fn new() -> Self {
        Self {
            set: BitSet::new(),
            ends: Vec::new(),
            keys: Vec::new(),
            values: Vec::new(),
            numbers: Vec::new(),
        }
    }

    fn range(&self, row: usize) -> Range<usize> {
        let Some(place) = self.set.rank(row) else { return 0..0 };
        let start = place.checked_sub(1).map_or(0, |it| self.ends[it]);
        start as usize..self.ends[place] as usize
    }

    fn name(&self, place: usize) -> NameId {
        NameId(self.keys[place] & ((1 << KEY_BITS) - 1))
    }

    fn value(&self, place: usize) -> PropertyValue {
        let value = self.values[place];
        match self.keys[place] >> KEY_BITS {
            TEXT => PropertyValue::Text(NameId(value)),
            TRUTH => PropertyValue::Truth(value != 0),
            WHOLE => PropertyValue::Number(f64::from(value.cast_signed())),
            _ => PropertyValue::Number(self.numbers[value as usize]),
        }
    }

    fn push(&mut self, row: usize, properties: impl Iterator<Item = (NameId, PropertyValue)>) {
        self.set.push(row);
        for (name, value) in properties {
            let (tag, value) = match value {
                PropertyValue::Text(text) => (TEXT, text.0),
                PropertyValue::Truth(is) => (TRUTH, u32::from(is)),
                PropertyValue::Number(number) => {
                    let whole = number as i32;
                    if f64::from(whole).to_bits() == number.to_bits() {
                        (WHOLE, whole.cast_unsigned())
                    } else {
                        self.numbers.push(number);
                        (NUMBER, index(self.numbers.len() - 1))
                    }
                }
            };
            self.keys.push(tag << KEY_BITS | name.0);
            self.values.push(value);
        }
        self.ends.push(index(self.keys.len()));
    }
}

impl BitSet {
    const fn new() -> Self {
        Self { words: Vec::new(), before: Vec::new() }
    }

    fn bytes(&self) -> usize {
        self.words.len() * 12
    }

    fn shrink(&mut self) {
        self.words.shrink_to_fit();
        self.before.shrink_to_fit();
    }

    #[inline]
    fn has(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|it| it >> (row % 64) & 1 == 1)
    }

    /// How many rows before it have a value, if the row has one.
    #[inline]
    fn rank(&self, row: usize) -> Option<usize> {
        let word = *self.words.get(row / 64)?;
        let bit = 1_u64 << (row % 64);
        (word & bit != 0)
            .then(|| self.before[row / 64] as usize + (word & (bit - 1)).count_ones() as usize)
    }

    /// Rows come in ascending order.
    fn push(&mut self, row: usize) {
        while self.words.len() <= row / 64 {
            let last = self.words.last().map_or(0, |it| it.count_ones());
            self.before.push(self.before.last().map_or(0, |it| it + last));
            self.words.push(0);
        }
        self.words[row / 64] |= 1 << (row % 64);
    }

    /// The rows in `range` that have a value.
    fn iter(&self, range: Range<usize>) -> impl Iterator<Item = usize> + '_ {
        let end = range.end.min(self.words.len() * 64);
        let mut at = range.start;
        std::iter::from_fn(move || {
            while at < end {
                let rest = self.words[at / 64] >> (at % 64);
                if rest == 0 {
                    at = (at / 64 + 1) * 64;
                    continue;
                }
                let row = at + rest.trailing_zeros() as usize;
                at = row + 1;
                return (row < end).then_some(row);
            }
            None
        })
    }
}

fn index(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 4 billion rows together")
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::HistoryKind;

    type Put = (HistoryRow, Vec<(NameId, PropertyValue)>);

    fn any_rows() -> impl Strategy<Value = Vec<Put>> {
        let at_ms = prop_oneof![
            8 => 1_700_000_000_000_i64..1_700_000_001_000,
            1 => -10_i64..10,
            1 => any::<i32>().prop_map(|it| i64::from(it) << 16),
        ];
        let kind = prop_oneof![
            Just(HistoryKind::Order),
            Just(HistoryKind::OrderLine),
            Just(HistoryKind::MessageClicked),
            Just(HistoryKind::ProductViewed),
            Just(HistoryKind::Custom),
        ];
        let amount = prop_oneof![Just(0), -5_i64..5, any::<i64>(), Just(i64::from(i32::MIN))];
        let value = prop_oneof![
            (0_u32..9).prop_map(|it| PropertyValue::Text(NameId(it))),
            any::<bool>().prop_map(PropertyValue::Truth),
            (-3_i32..3).prop_map(|it| PropertyValue::Number(f64::from(it))),
            any::<f64>().prop_map(PropertyValue::Number),
            Just(PropertyValue::Number(-0.0)),
        ];
        let properties = prop_oneof![
            3 => Just(Vec::new()),
            1 => vec((0_u32..9, value), 1..4),
        ];
        let row = (at_ms, kind, any::<u32>(), amount, any::<u32>(), properties).prop_map(
            |(at_ms, kind, subject, amount, detail, properties)| {
                let properties = properties.into_iter().map(|(id, it)| (NameId(id), it)).collect();
                (HistoryRow { at_ms, kind, subject, amount, detail }.tidy(), properties)
            },
        );
        vec(row, 0..200)
    }

    fn columns(rows: &[Put]) -> Columns {
        let mut columns = Columns::new();
        rows.iter().for_each(|(row, properties)| columns.push(row, properties));
        columns
    }

    fn assert_holds(columns: &Columns, rows: &[Put]) {
        assert_eq!(columns.len(), rows.len());
        for (index, (row, properties)) in rows.iter().enumerate() {
            assert_eq!(columns.time_ms(index), row.at_ms);
            assert_eq!(columns.kinds()[index], row.kind.number());
            assert_eq!(columns.subjects()[index], row.subject);
            assert_eq!(columns.amount(index), row.amount);
            assert_eq!(columns.detail(index), row.stored_detail());
            let found: Vec<_> = columns.properties(index).collect();
            assert_eq!(format!("{found:?}"), format!("{properties:?}"));
            for (name, _) in properties {
                let first = properties.iter().find(|it| it.0 == *name).map(|it| it.1);
                let found = columns.property(index, *name);
                assert_eq!(format!("{found:?}"), format!("{first:?}"));
            }
        }
    }

    proptest! {
        #[test]
        fn columns_give_back_what_was_put_in(rows in any_rows()) {
            assert_holds(&columns(&rows), &rows);
        }

        #[test]
        fn rows_are_copied_whole(
            rows in any_rows(), head in any_rows(), from in 0_usize..200, to in 0_usize..200,
        ) {
            let all = columns(&rows);
            let range = from.min(to).min(rows.len())..from.max(to).min(rows.len());
            let mut copy = columns(&head);
            copy.extend_from(&all, range.clone());
            copy.extend_from(&all, range.clone());
            let expected = [&head, &rows[range.clone()], &rows[range]].concat();
            assert_holds(&copy, &expected);
            copy.shrink();
            assert_holds(&copy, &expected);
        }

        #[test]
        fn merging_keeps_time_and_the_former_first(kept in any_rows(), news in any_rows()) {
            let [mut kept, mut news] = [kept, news];
            for rows in [&mut kept, &mut news] {
                rows.sort_by_key(|it| it.0.at_ms);
            }
            let mut merged = Columns::new();
            merged.extend_merged(&columns(&kept), 0..kept.len(), &columns(&news), 0..news.len());
            let mut expected = [kept, news].concat();
            expected.sort_by_key(|it| it.0.at_ms);
            assert_holds(&merged, &expected);
        }

        #[test]
        fn a_place_is_found_by_time(rows in any_rows(), at in any::<prop::sample::Index>(), off in -1_i64..2) {
            let mut rows = rows;
            rows.sort_by_key(|it| it.0.at_ms);
            prop_assume!(!rows.is_empty());
            let at_ms = rows[at.index(rows.len())].0.at_ms + off;
            let expected = rows.partition_point(|it| it.0.at_ms <= at_ms);
            prop_assert_eq!(columns(&rows).place_at(0..rows.len(), at_ms), expected);
        }

        #[test]
        fn names_are_seen_and_renamed(rows in any_rows()) {
            let mut rows = rows;
            for (row, _) in &mut rows {
                row.subject %= 9;
                row.detail %= 9;
                *row = row.tidy();
            }
            let mut all = columns(&rows);
            let mut seen = std::collections::BTreeSet::new();
            all.see_names(|it| { seen.insert(it.0); });
            prop_assert!(seen.iter().all(|it| *it < 9));
            let (texts, emails) = (|it: NameId| NameId(it.0 + 100), |it: u32| it + 200);
            all.rename(&Renaming { texts: &texts, emails: &emails });
            for (row, properties) in &mut rows {
                match row.kind {
                    HistoryKind::Custom => row.subject += 100,
                    HistoryKind::MessageClicked => row.detail += 200,
                    _ => {}
                }
                for (name, value) in properties {
                    name.0 += 100;
                    if let PropertyValue::Text(text) = value {
                        text.0 += 100;
                    }
                }
            }
            assert_holds(&all, &rows);
        }
    }

    #[test]
    fn a_view_takes_10_bytes_and_times_far_apart_take_3_more() {
        let view = |at_ms| HistoryRow::new(at_ms, HistoryKind::ProductViewed, 7, 0);
        let mut all = Columns::new();
        (0..1_000).for_each(|it| all.push(&view(1_700_000_000_000 + it), &[]));
        assert_eq!(all.bytes(), 10_000);
        all.push(&view(0), &[]);
        assert_eq!(all.bytes(), 13 * 1_001);
        assert_eq!(all.time_ms(999), 1_700_000_000_999);
    }
}
