//! What a customer did, and which of such deeds count.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Amount, AmountBound, Limit, Name, Number, Words};

/// What a customer did: an act, and what else must be true of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deed {
    pub act: Act,
    /// All of them must hold.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Filter>,
}

impl Deed {
    /// Ordered, whatever it was.
    pub fn ordered() -> Self {
        Act::Ordered.into()
    }
}

impl From<Act> for Deed {
    fn from(act: Act) -> Self {
        Self { act, filters: Vec::new() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Orders cancelled since do not count.
    Ordered,
    CancelledOrder,
    GotRefund,
    StartedCheckout,
    WasSentEmail(Emails),
    /// The receiving server took it.
    ReceivedEmail(Emails),
    /// The receiving server refused it.
    FailedToReceiveEmail(Emails),
    ComplainedAboutEmail(Emails),
    /// By a human; machine opens do not count.
    OpenedEmail(Emails),
    /// By a human; scanner clicks do not count.
    ClickedEmail(Emails),
    /// Counts orders with such a product. All tests must hold of one product; of no tests, any.
    Bought(Vec<ProductTest>),
    Viewed(Vec<ProductTest>),
    /// Followed a link in an email to such a product.
    Clicked(Vec<ProductTest>),
    AddedToCart(Vec<ProductTest>),
    Reviewed(Vec<ProductTest>),
    /// An event that the shop sends under a name of its own.
    Custom(Words),
}

/// Which emails an act is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Emails {
    /// Steps of flows; `None` for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Words>,
    /// `None` for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Words>,
}

/// Which products an act is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductTest {
    /// Goes with a product of theirs.
    Related(Owned),
    /// Is a better version of a product of theirs.
    Better(Owned),
    InCategory(Words),
    OfKind(Words),
    OfBrand(Words),
    Tagged(Words),
    Named(Words),
    /// One of the words is part of its name.
    NameHas(Words),
    Coded(Words),
    /// As the catalogue has it now.
    Priced(AmountBound),
    /// A product nobody knows meets this as little as what it turns.
    Not(Box<ProductTest>),
}

/// Which of the customer's products another is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Owned {
    LastOrder,
    AnyOrder,
}

/// What must be true of a deed. What a deed does not have meets nothing but "is not set".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Units of the line or of what was put into the cart; for an order, of all its lines.
    Quantity(Limit<Number>),
    /// What was paid for the order or, where products are asked for, for such lines of it; what was
    /// paid back; what the cart of a checkout was worth.
    Amount(Limit<Amount>),
    /// Stars of a review.
    Rating(Limit<Number>),
    /// The code an order was placed with.
    Coupon(ValueTest),
    /// A property of an event of the shop's own.
    Property { name: Name, is: ValueTest },
}

/// What is asked of a property or an attribute. Of one that is a list, that an item of it is so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueTest {
    /// Is one of these texts.
    Text(Words),
    /// Is there and none of these texts.
    NotText(Words),
    Contains(Words),
    StartsWith(Words),
    Number(Limit<Number>),
    IsTrue,
    IsFalse,
    IsSet,
    IsNotSet,
}

/// What is reckoned over the deeds of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// 0 of no deeds. The others are false of no deeds.
    Total,
    /// Rounded down to a minor unit or a millionth.
    Average,
    Smallest,
    Largest,
    First,
    Last,
}

impl Statistic {
    pub const ALL: [Self; 6] =
        [Self::Total, Self::Average, Self::Smallest, Self::Largest, Self::First, Self::Last];
}

/// What a statistic reads of each deed, and what is asked of the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// See [`Filter::Amount`].
    Amount(Limit<Amount>),
    /// See [`Filter::Quantity`].
    Quantity(Limit<Number>),
    Rating(Limit<Number>),
    /// A number among the properties; deeds without it are passed over.
    Property {
        name: Name,
        is: Limit<Number>,
    },
}
