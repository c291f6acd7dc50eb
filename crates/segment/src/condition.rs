//! The tree of a condition. What each part means stands in `evaluate`, how it is written in `print`.

use std::num::NonZeroU32;

use aftercart_model::{Currency, Topic};
use serde::{Deserialize, Serialize};

use crate::facts::fold;

/// What is kept of a customer for live questions; a longer span would quietly undercount.
pub const SPAN_DAYS_MAX: u32 = 730;

const HOURS_PER_DAY: u32 = 24;

/// An amount beyond this is a slip of the keyboard.
const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000;

/// A yes-or-no question about one customer at one moment.
///
/// Serialised as its written form, so that files, the database and the API hold what people read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Condition {
    /// Every part holds; of no parts, true of everyone.
    All(Vec<Condition>),
    /// At least one part holds; of no parts, true of nobody.
    Any(Vec<Condition>),
    /// No part holds.
    NoneOf(Vec<Condition>),
    Not(Box<Condition>),
    /// Did something so many times within a window.
    Did {
        deed: Deed,
        count: Count,
        window: Window,
    },
    /// Paid so much, refunds taken off, for the orders within a window.
    Spent {
        bound: AmountBound,
        window: Window,
    },
    /// An order, or their average, is worth so much. False of a customer without orders.
    Worth {
        of: WorthOf,
        bound: AmountBound,
    },
    /// How long ago an order was. False of a customer without orders.
    Ordered {
        pick: OrderPick,
        age: OrderAge,
    },
    CountryIs(Words),
    AgreedTo(Topic),
    IsSuppressed,
    HasEmail,
}

/// What a customer did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Orders cancelled since do not count.
    Ordered,
    StartedCheckout,
    WasSentEmail,
    /// Opened by a human; machine opens do not count.
    OpenedEmail,
    /// Clicked by a human; scanner clicks do not count.
    ClickedEmail,
    /// Counts orders with such a product.
    Bought(ProductTest),
    Viewed(ProductTest),
    /// Followed a link in an email to such a product.
    Clicked(ProductTest),
    AddedToCart(ProductTest),
    Reviewed(ProductTest),
}

/// Which products a deed is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProductTest {
    Any,
    /// Goes with a product of the customer's last order.
    Related,
    /// Is a better version of a product of the customer's last order.
    Better,
    InCategory(Words),
    OfKind(Words),
    Tagged(Words),
    Named(Words),
    /// One of the words is part of its name.
    NameHas(Words),
    Coded(Words),
    Priced(AmountBound),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// At least 0 would be true of every customer.
    AtLeast(NonZeroU32),
    AtMost(u32),
    Exactly(u32),
}

impl Count {
    /// # Panics
    /// If `count` is 0.
    pub fn at_least(count: u32) -> Self {
        Self::AtLeast(NonZeroU32::new(count).expect("at least 1"))
    }
}

/// The stretch of time a deed is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    Ever,
    /// Half-open: what is exactly as old as the span has left it.
    Last(Span),
    /// What came after the customer's last order. False of a customer without orders, whatever the
    /// count: there is no such time.
    SinceLastOrder,
}

/// Of which orders the worth is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorthOf {
    Order(OrderPick),
    Average,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderPick {
    First,
    Last,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderAge {
    AtLeast(Span),
    LessThan(Span),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountBound {
    AtLeast(Amount),
    AtMost(Amount),
}

impl AmountBound {
    pub fn amount(self) -> Amount {
        match self {
            Self::AtLeast(amount) | Self::AtMost(amount) => amount,
        }
    }

    pub(crate) fn is_met(self, minor: i64) -> bool {
        match self {
            Self::AtLeast(amount) => minor >= amount.minor,
            Self::AtMost(amount) => minor <= amount.minor,
        }
    }
}

/// A span of whole days or hours, from 1 hour to [`SPAN_DAYS_MAX`] days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// An amount of money with its currency, never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    minor: i64,
    currency: Currency,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an amount of {0} minor units is out of reach; choose 0 to {AMOUNT_MINOR_MAX}")]
pub struct AmountError(pub i64);

impl Amount {
    pub fn new(minor: i64, currency: Currency) -> Result<Self, AmountError> {
        match minor {
            0..=AMOUNT_MINOR_MAX => Ok(Self { minor, currency }),
            _ => Err(AmountError(minor)),
        }
    }

    pub fn minor(self) -> i64 {
        self.minor
    }

    pub fn currency(self) -> Currency {
        self.currency
    }
}

/// One or more names, any of which will do. Case and blanks around do not matter in comparisons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    text: String,
    folded: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    #[error("there is no name; give at least one")]
    None,
    #[error("a name is empty; write it or leave it out")]
    Empty,
}

impl Words {
    pub fn new<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Result<Self, WordsError> {
        let word = |text: T| {
            let text: String = text.into();
            let folded = fold(&text);
            if folded.is_empty() { Err(WordsError::Empty) } else { Ok(Word { text, folded }) }
        };
        let words: Vec<Word> = texts.into_iter().map(word).collect::<Result<_, _>>()?;
        if words.is_empty() { Err(WordsError::None) } else { Ok(Self { words }) }
    }

    /// The names as they were written.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.words.iter().map(|it| it.text.as_str())
    }

    pub(crate) fn any_folded(&self, is_it: impl FnMut(&str) -> bool) -> bool {
        self.words.iter().map(|it| it.folded.as_str()).any(is_it)
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.words.iter().map(|it| (it.text.as_str(), it.folded.as_str()))
    }
}

impl TryFrom<String> for Condition {
    type Error = crate::ParseConditionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        crate::parse(&text)
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> String {
        condition.to_string()
    }
}

impl std::str::FromStr for Condition {
    type Err = crate::ParseConditionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        crate::parse(text)
    }
}
