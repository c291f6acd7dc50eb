//! Values as both databases know them: what goes into a statement and what comes out of a row.
//!
//! Four kinds are enough: instants are milliseconds, money is minor units, ids are numbers or text,
//! closed sets are words. The words stored for a closed set stand in [`words`] and are for ever.

use aftercart_model::{
    ConsentBasis, ConsentState, CouponState, CustomerId, EmailAddress, EnrolmentId, ExitReason,
    FlowId, ListId, MessageClass, MessageId, MessageState, OrderId, PoolId, ProductId, ReviewState,
    SegmentId, StepId, SuppressionReason, TemplateId, Timestamp, Topic,
};
use anyhow::{Context as _, bail};

use crate::{ArrivalOutcome, FlowState, RequestKind, Result};

/// A value of a statement's place or of a row's column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

/// The values of a statement's places, each turned into a [`Value`].
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::value::Value::from($value)),*] };
}
pub(crate) use values;

/// What can be read from a row's column.
pub(crate) trait FromValue: Sized {
    fn from_value(value: Value<'_>) -> Result<Self>;
}

/// A row of either database. It lives for as long as the cursor stands on it.
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r ::postgres::Row),
}

impl Row<'_> {
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T> {
        let value = match self {
            Self::Sqlite(row) => crate::sqlite::value_of(row, index),
            Self::Postgres(row) => crate::postgres::value_of(row, index),
        };
        value.and_then(T::from_value).with_context(|| format!("column {} of a row", index + 1))
    }

    /// A text as it stands in the row.
    pub fn text(&self, index: usize) -> Result<&str> {
        let value = match self {
            Self::Sqlite(row) => crate::sqlite::value_of(row, index),
            Self::Postgres(row) => crate::postgres::value_of(row, index),
        };
        value.and_then(text).with_context(|| format!("column {} of a row", index + 1))
    }

    /// Reads the columns one after another.
    pub fn cells(&self) -> Cells<'_> {
        Cells { row: self, next: 0 }
    }
}

pub(crate) struct Cells<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl Cells<'_> {
    pub fn take<T: FromValue>(&mut self) -> Result<T> {
        self.next += 1;
        self.row.get(self.next - 1)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u8> for Value<'_> {
    fn from(number: u8) -> Self {
        Self::Int(number.into())
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        // A place in the log beyond i64 cannot exist; what a caller asks "after" may.
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value<'_> {
    fn from(answer: bool) -> Self {
        Self::Int(answer.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Blob(bytes)
    }
}

impl<'a> From<&'a EmailAddress> for Value<'a> {
    fn from(address: &'a EmailAddress) -> Self {
        Self::Text(address.as_str())
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(at: Timestamp) -> Self {
        Self::Int(at.as_millisecond())
    }
}

impl From<ProductId> for Value<'_> {
    fn from(id: ProductId) -> Self {
        Self::Int(id.0.into())
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl FromValue for i64 {
    fn from_value(value: Value<'_>) -> Result<Self> {
        match value {
            Value::Int(number) => Ok(number),
            other => bail!("the store holds {} where a number belongs", kind_of(other)),
        }
    }
}

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Result<Self> {
        text(value).map(str::to_owned)
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value<'_>) -> Result<Self> {
        match value {
            Value::Blob(bytes) => Ok(bytes.to_vec()),
            other => bail!("the store holds {} where bytes belong", kind_of(other)),
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Result<Self> {
        Ok(i64::from_value(value)? != 0)
    }
}

impl FromValue for Timestamp {
    fn from_value(value: Value<'_>) -> Result<Self> {
        let milliseconds = i64::from_value(value)?;
        Self::from_millisecond(milliseconds).context("the store holds an impossible instant")
    }
}

impl FromValue for EmailAddress {
    fn from_value(value: Value<'_>) -> Result<Self> {
        Self::new(text(value)?).context("the store holds an impossible address")
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'_>) -> Result<Self> {
        match value {
            Value::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }
}

macro_rules! unsigned {
    ($($type:ty),*) => {$(
        impl FromValue for $type {
            fn from_value(value: Value<'_>) -> Result<Self> {
                let number = i64::from_value(value)?;
                Self::try_from(number).context("the store holds a number out of range")
            }
        }
    )*};
}
unsigned!(u8, u32, u64);

impl FromValue for ProductId {
    fn from_value(value: Value<'_>) -> Result<Self> {
        u32::from_value(value).map(Self)
    }
}

macro_rules! number_ids {
    ($($type:ident),*) => {$(
        impl From<$type> for Value<'_> {
            fn from(id: $type) -> Self {
                Self::Int(id.0)
            }
        }

        impl FromValue for $type {
            fn from_value(value: Value<'_>) -> Result<Self> {
                i64::from_value(value).map(Self)
            }
        }
    )*};
}
number_ids!(CustomerId, EnrolmentId, MessageId);

macro_rules! text_ids {
    ($($type:ident),*) => {$(
        impl<'a> From<&'a $type> for Value<'a> {
            fn from(id: &'a $type) -> Self {
                Self::Text(id.as_str())
            }
        }

        impl FromValue for $type {
            fn from_value(value: Value<'_>) -> Result<Self> {
                Ok(Self::new(text(value)?)?)
            }
        }
    )*};
}
text_ids!(FlowId, ListId, OrderId, PoolId, SegmentId, StepId, TemplateId);

/// The words under which the members of a closed set are stored.
macro_rules! words {
    ($($type:ident { $($variant:ident = $word:literal),* $(,)? })*) => {$(
        impl From<$type> for Value<'_> {
            fn from(member: $type) -> Self {
                Self::Text(match member { $($type::$variant => $word),* })
            }
        }

        impl FromValue for $type {
            fn from_value(value: Value<'_>) -> Result<Self> {
                match text(value)? {
                    $($word => Ok(Self::$variant),)*
                    other => bail!(
                        "the store holds `{other}`, which is no {}; was it written by a newer \
                         program?",
                        stringify!($type),
                    ),
                }
            }
        }
    )*};
}

words! {
    MessageState {
        Planned = "planned",
        Ready = "ready",
        Claimed = "claimed",
        Deferred = "deferred",
        Sent = "sent",
        Bounced = "bounced",
        Cancelled = "cancelled",
        Expired = "expired",
        InDoubt = "in_doubt",
    }
    MessageClass { Marketing = "marketing", Transactional = "transactional" }
    Topic { Marketing = "marketing", Feedback = "feedback" }
    ConsentState { Agreed = "agreed", Withdrawn = "withdrawn" }
    ConsentBasis {
        Unstated = "unstated",
        OptIn = "opt_in",
        DoubleOptIn = "double_opt_in",
        SoftOptIn = "soft_opt_in",
    }
    SuppressionReason {
        Bounce = "bounce",
        Complaint = "complaint",
        Unsubscribe = "unsubscribe",
        ByHand = "by_hand",
        Erased = "erased",
    }
    ExitReason {
        Completed = "completed",
        Purchase = "purchase",
        HeldOut = "held_out",
        Unsubscribed = "unsubscribed",
        Suppressed = "suppressed",
        Converted = "converted",
        Audience = "audience",
        FlowStopped = "flow_stopped",
        Erased = "erased",
    }
    FlowState { Draft = "draft", Live = "live", Paused = "paused", Stopped = "stopped" }
    CouponState {
        Free = "free",
        Reserved = "reserved",
        Redeemed = "redeemed",
        Expired = "expired",
    }
    ArrivalOutcome { Duplicate = "duplicate", Rejected = "rejected", Ignored = "ignored" }
    RequestKind { Export = "export", EraseShop = "erase_shop" }
    ReviewState { Pending = "pending", Approved = "approved", Declined = "declined" }
}

fn text(value: Value<'_>) -> Result<&str> {
    match value {
        Value::Text(text) => Ok(text),
        other => bail!("the store holds {} where a text belongs", kind_of(other)),
    }
}

/// What a value is, without showing it: rows hold people.
fn kind_of(value: Value<'_>) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Int(_) => "a number",
        Value::Text(_) => "a text",
        Value::Blob(_) => "bytes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back_to_their_members() {
        for state in MessageState::ALL {
            assert_eq!(MessageState::from_value(Value::from(state)).unwrap(), state);
            let serialised = serde_json::to_value(state).unwrap();
            assert_eq!(Value::from(state), Value::from(serialised.as_str().unwrap()), "one word");
        }
    }

    #[test]
    fn errors_name_the_kind_and_never_the_content() {
        let refused = |value| i64::from_value(value).unwrap_err().to_string();
        insta::assert_snapshot!(
            refused(Value::Text("ana@mail.example")),
            @"the store holds a text where a number belongs"
        );
        insta::assert_snapshot!(
            MessageState::from_value(Value::Text("lost")).unwrap_err(),
            @"the store holds `lost`, which is no MessageState; was it written by a newer program?"
        );
        assert!(u8::from_value(Value::Int(256)).is_err(), "out of range is an error, not a wrap");
        assert_eq!(<Option<i64>>::from_value(Value::Null).unwrap(), None);
    }
}
