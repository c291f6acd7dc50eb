//! Stretches of time: spans, ages, and the windows deeds are counted in.
//!
//! Days of a span are 24 hours. Calendar windows are civil, in the customer's zone, and weeks begin
//! on Monday (ISO 8601). Every window is half-open: it holds its beginning and not its end.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Deed;

/// The longest span that is written; what is older is asked for by a date.
pub const SPAN_DAYS_MAX: u32 = 730;

const HOURS_PER_DAY: u32 = 24;

/// The stretch of time a deed is counted in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Whenever.
    #[default]
    Ever,
    /// What is exactly as old as the span has left it.
    Last(Span),
    /// At least as old as the nearer span, and not as old as the farther one.
    Ago(SpanRange),
    /// A civil day, week, month, quarter or year in the customer's zone.
    Calendar(Calendar),
    /// A civil day in the customer's zone.
    On(#[schemars(with = "DateSchema")] Date),
    /// From the first instant of a civil day on.
    Since(#[schemars(with = "DateSchema")] Date),
    /// Before the first instant of a civil day.
    Before(#[schemars(with = "DateSchema")] Date),
    /// From the first instant of one civil day to that of another.
    Between(DateRange),
    /// After a deed of the customer's. False of whoever has not done it, whatever the count: there
    /// is no such time.
    After(Anchor),
    /// Before a deed of the customer's. False likewise.
    Until(Anchor),
    /// Since the customer entered the flow that asks. False where no flow asks.
    SinceEntry,
}

impl Window {
    /// After the customer's last order that stands.
    pub fn since_last_order() -> Self {
        Self::After(Anchor::last_order())
    }
}

/// The customer's first or last deed of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Anchor {
    pub pick: Pick,
    pub deed: Box<Deed>,
}

impl Anchor {
    pub fn last_order() -> Self {
        Self { pick: Pick::Last, deed: Box::new(Deed::ordered()) }
    }
}

/// Which of the deeds of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    First,
    Last,
}

/// How long ago something was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Age {
    AtLeast(Span),
    LessThan(Span),
}

impl Age {
    pub fn span(self) -> Span {
        match self {
            Self::AtLeast(span) | Self::LessThan(span) => span,
        }
    }

    pub(crate) fn holds(self, age_ms: i64) -> bool {
        match self {
            Self::AtLeast(span) => age_ms >= span.as_ms(),
            Self::LessThan(span) => age_ms < span.as_ms(),
        }
    }
}

/// A span of whole days or hours, from 1 hour to [`SPAN_DAYS_MAX`] days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SpanForm", into = "SpanForm")]
pub struct Span {
    count: u32,
    is_days: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    #[error("{0} days is out of reach; choose 1 to {SPAN_DAYS_MAX}")]
    Days(u32),
    #[error("{0} hours is out of reach; choose 1 to {max}", max = SPAN_DAYS_MAX * HOURS_PER_DAY)]
    Hours(u32),
}

impl Span {
    pub fn days(count: u32) -> Result<Self, SpanError> {
        match count {
            1..=SPAN_DAYS_MAX => Ok(Self { count, is_days: true }),
            _ => Err(SpanError::Days(count)),
        }
    }

    pub fn hours(count: u32) -> Result<Self, SpanError> {
        match count {
            0 => Err(SpanError::Hours(count)),
            _ if count > SPAN_DAYS_MAX * HOURS_PER_DAY => Err(SpanError::Hours(count)),
            _ => Ok(Self { count, is_days: false }),
        }
    }

    pub fn count(self) -> u32 {
        self.count
    }

    pub fn is_days(self) -> bool {
        self.is_days
    }

    pub(crate) fn as_ms(self) -> i64 {
        let hours = self.count * if self.is_days { HOURS_PER_DAY } else { 1 };
        i64::from(hours) * 3_600_000
    }

    pub(crate) fn as_days(self) -> f64 {
        f64::from(self.count) / if self.is_days { 1.0 } else { f64::from(HOURS_PER_DAY) }
    }
}

/// A span in JSON: `{"days": 30}` or `{"hours": 12}`.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Span")]
enum SpanForm {
    /// Days of 24 hours, 1 to 730.
    Days(u32),
    /// 1 to 17,520.
    Hours(u32),
}

impl TryFrom<SpanForm> for Span {
    type Error = SpanError;

    fn try_from(form: SpanForm) -> Result<Self, SpanError> {
        match form {
            SpanForm::Days(count) => Self::days(count),
            SpanForm::Hours(count) => Self::hours(count),
        }
    }
}

impl From<Span> for SpanForm {
    fn from(span: Span) -> Self {
        if span.is_days { Self::Days(span.count) } else { Self::Hours(span.count) }
    }
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        SpanForm::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        SpanForm::json_schema(generator)
    }
}

/// Two spans, the first the shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "SpanRangeForm")]
pub struct SpanRange {
    near: Span,
    far: Span,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "SpanRange")]
struct SpanRangeForm {
    near: Span,
    far: Span,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("between {near} and {far} ago is no time at all; write the shorter span first")]
pub struct SpanRangeError {
    pub near: String,
    pub far: String,
}

impl SpanRange {
    pub fn new(near: Span, far: Span) -> Result<Self, SpanRangeError> {
        match near.as_ms() < far.as_ms() {
            true => Ok(Self { near, far }),
            false => Err(SpanRangeError { near: near.to_string(), far: far.to_string() }),
        }
    }

    pub fn near(self) -> Span {
        self.near
    }

    pub fn far(self) -> Span {
        self.far
    }
}

impl TryFrom<SpanRangeForm> for SpanRange {
    type Error = SpanRangeError;

    fn try_from(form: SpanRangeForm) -> Result<Self, SpanRangeError> {
        Self::new(form.near, form.far)
    }
}

/// A civil stretch of time that moves with now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Calendar {
    pub unit: CalendarUnit,
    /// The one before the one that is now: yesterday, last week.
    pub is_last: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CalendarUnit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl CalendarUnit {
    pub const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// The first day of the unit that `date` is in.
    pub(crate) fn first_day(self, date: Date) -> Date {
        let in_week = jiff::Span::new().days(date.weekday().to_monday_zero_offset());
        match self {
            Self::Day => date,
            Self::Week => date.saturating_sub(in_week),
            Self::Month => date.first_of_month(),
            Self::Quarter => {
                let month = (date.month() - 1) / 3 * 3 + 1;
                Date::new(date.year(), month, 1).unwrap_or(date)
            }
            Self::Year => date.first_of_year(),
        }
    }

    /// The first day of the unit `count` units after the one that begins on `first`.
    pub(crate) fn step(self, first: Date, count: i32) -> Date {
        let span = match self {
            Self::Day => jiff::Span::new().days(count),
            Self::Week => jiff::Span::new().weeks(count),
            Self::Month => jiff::Span::new().months(count),
            Self::Quarter => jiff::Span::new().months(3 * count),
            Self::Year => jiff::Span::new().years(count),
        };
        first.saturating_add(span)
    }
}

/// Two civil days, the first the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "DateRangeForm")]
pub struct DateRange {
    #[schemars(with = "DateSchema")]
    from: Date,
    #[schemars(with = "DateSchema")]
    to: Date,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "DateRange")]
struct DateRangeForm {
    #[schemars(with = "DateSchema")]
    from: Date,
    #[schemars(with = "DateSchema")]
    to: Date,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("between {from} and {to} is no time at all; write the earlier day first")]
pub struct DateRangeError {
    pub from: Date,
    pub to: Date,
}

impl DateRange {
    /// From the first instant of `from` to the first instant of `to`.
    pub fn new(from: Date, to: Date) -> Result<Self, DateRangeError> {
        if from < to { Ok(Self { from, to }) } else { Err(DateRangeError { from, to }) }
    }

    pub fn from(self) -> Date {
        self.from
    }

    pub fn to(self) -> Date {
        self.to
    }
}

impl TryFrom<DateRangeForm> for DateRange {
    type Error = DateRangeError;

    fn try_from(form: DateRangeForm) -> Result<Self, DateRangeError> {
        Self::new(form.from, form.to)
    }
}

/// How a civil day is written in the JSON form.
struct DateSchema;

impl JsonSchema for DateSchema {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Date".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A civil day, such as `2026-11-27`.",
            "type": "string",
            "format": "date",
        })
    }
}
