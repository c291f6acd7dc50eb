//! The tree of a condition. What each part means stands in `evaluate`, how it is written in `print`.

use std::num::NonZeroU32;

use aftercart_model::Topic;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Age, AmountBound, Deed, Limit, Name, Number, Pick, ProductTest, Reading, Span, Statistic,
    ValueTest, Window, Words,
};

/// A yes-or-no question about one customer at one moment.
///
/// Serialised as its written form, so that files, the database and the API hold what people read;
/// [`Condition::to_json`] gives the tree.
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
    /// The first or last time they did something was so long ago. False of whoever never did.
    Recency {
        pick: Pick,
        deed: Deed,
        age: Age,
    },
    /// Did one thing within a window, and then within a span another, or not. The span is counted
    /// from the first deed and half-open; where nothing may follow it must be over.
    Sequence {
        first: Deed,
        window: Window,
        within: Span,
        is_followed: bool,
        then: Deed,
    },
    /// A figure over the deeds of a window.
    Figure {
        statistic: Statistic,
        of: Reading,
        deed: Deed,
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
    /// A place, zone or language of the customer's is one of these. False where it is not known.
    Fact {
        fact: Fact,
        is: Words,
    },
    /// The postal code begins with one of these, blanks passed over.
    PostalCode(Words),
    /// What the shop keeps of the customer under a name of its own.
    Attribute {
        name: Name,
        is: ValueTest,
    },
    Consent {
        topic: Topic,
        said: Said,
    },
    /// Their address is barred; of no reasons, for any.
    IsSuppressed(Vec<BarReason>),
    HasEmail,
    IsOnList(Words),
    /// Meets the condition of one of these segments.
    IsInSegment(Words),
    /// Their place among the shop's customers with orders, in fifths: 5 is the best fifth.
    Score {
        of: Score,
        limit: Limit<Number>,
    },
    /// So many orders are expected within a span from now.
    ExpectedOrders {
        limit: Limit<Number>,
        within: Span,
    },
    /// So much is expected to be paid within a span from now.
    ExpectedSpend {
        bound: AmountBound,
        within: Span,
    },
    /// Their next order is expected within a span from now.
    NextOrder {
        within: Span,
    },
    /// They bought a product that people buy again, and it is time to, or will be within a span from
    /// now. All tests must hold of one product; of no tests, any.
    DueAgain {
        products: Vec<ProductTest>,
        within: Option<Span>,
    },
    /// The chance that they will never order again, in per cent.
    ChanceGone(Limit<Number>),
}

/// How often something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
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

    pub(crate) fn holds(self, found: u32) -> bool {
        match self {
            Self::AtLeast(least) => found >= least.get(),
            Self::AtMost(most) => found <= most,
            Self::Exactly(exactly) => found == exactly,
        }
    }
}

/// Of which orders the worth is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorthOf {
    First,
    Last,
    Average,
}

/// What is known of where a customer is and how they speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// As the platform gave it.
    Country,
    Region,
    City,
    /// An IANA name; the shop's where the customer's is not known.
    TimeZone,
    /// A BCP 47 tag.
    Locale,
    /// The first part of the locale.
    Language,
}

impl Fact {
    pub const ALL: [Self; 6] =
        [Self::Country, Self::Region, Self::City, Self::TimeZone, Self::Locale, Self::Language];
}

/// What a customer said about a topic, as far as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    Yes,
    /// Ticked the box or signed up.
    YesByOptIn,
    /// And confirmed it by a link sent to their address.
    YesByDoubleOptIn,
    /// Bought, could object then, and did not.
    YesBySoftOptIn,
    /// Agreed once, or never, and said no since.
    No,
    /// Neither.
    Nothing,
}

/// Why an address is barred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BarReason {
    Bounce,
    Complaint,
    Unsubscribe,
    ByHand,
    Erased,
}

/// A place among the shop's customers with orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// By how long ago the last order was.
    Recency,
    /// By the number of orders.
    Frequency,
    /// By what was paid.
    Monetary,
}

impl Condition {
    /// The parts of a group; none for a clause.
    pub fn parts(&self) -> &[Condition] {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::NoneOf(parts) => parts,
            Self::Not(part) => std::slice::from_ref(part),
            _ => &[],
        }
    }

    /// Whether it names segments, so that their conditions are needed to answer it.
    pub fn asks_of_segments(&self) -> bool {
        matches!(self, Self::IsInSegment(_)) || self.parts().iter().any(Self::asks_of_segments)
    }

    /// Whether it asks for membership of a segment of one of these names.
    pub fn names_segment(&self, names: &[&str]) -> bool {
        self.names(names, &|it| match it {
            Self::IsInSegment(words) => Some(words),
            _ => None,
        })
    }

    /// Whether it asks for membership of a list of one of these names.
    pub fn names_list(&self, names: &[&str]) -> bool {
        self.names(names, &|it| match it {
            Self::IsOnList(words) => Some(words),
            _ => None,
        })
    }

    fn names(&self, names: &[&str], words: &impl Fn(&Self) -> Option<&Words>) -> bool {
        let is_one = |it: &str| names.iter().any(|name| crate::facts::is_alike(name, it));
        words(self).is_some_and(|it| it.any_folded(is_one))
            || self.parts().iter().any(|it| it.names(names, words))
    }

    pub(crate) fn is_group(&self) -> bool {
        matches!(self, Self::All(_) | Self::Any(_) | Self::NoneOf(_) | Self::Not(_))
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
