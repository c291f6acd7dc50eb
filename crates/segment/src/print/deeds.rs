//! How deeds are written: in the past, and that they were not done.

use std::fmt::{self, Display, Formatter};

use super::quoted;
use crate::{Act, Anchor, Deed, Emails, Filter, Owned, Pick, ProductTest, Reading, ValueTest};

impl Act {
    /// The verb in the past, and what follows "they" where it was not done.
    pub(crate) fn verbs(&self) -> (&'static str, &'static str) {
        match self {
            Self::Ordered => ("ordered", "did not order"),
            Self::CancelledOrder => ("cancelled an order", "did not cancel an order"),
            Self::GotRefund => ("got a refund", "did not get a refund"),
            Self::StartedCheckout => ("started a checkout", "did not start a checkout"),
            Self::WasSentEmail(_) => ("was sent", "was not sent"),
            Self::ReceivedEmail(_) => ("received", "did not receive"),
            Self::FailedToReceiveEmail(_) => ("failed to receive", "did not fail to receive"),
            Self::ComplainedAboutEmail(_) => ("complained about", "did not complain about"),
            Self::OpenedEmail(_) => ("opened", "did not open"),
            Self::ClickedEmail(_) => ("clicked", "did not click"),
            Self::Bought(_) => ("bought", "did not buy"),
            Self::Viewed(_) => ("viewed", "did not view"),
            Self::Clicked(_) => ("clicked a link to", "did not click a link to"),
            Self::AddedToCart(_) => ("added to cart", "did not add to cart"),
            Self::Reviewed(_) => ("reviewed", "did not review"),
            Self::Custom(_) => ("did", "did not do"),
        }
    }

    /// The verb and what it is about.
    pub(crate) fn write(&self, f: &mut Formatter<'_>, is_done: bool) -> fmt::Result {
        let (done, not_done) = self.verbs();
        f.write_str(if is_done { done } else { not_done })?;
        match self {
            Self::Ordered | Self::CancelledOrder | Self::GotRefund | Self::StartedCheckout => {
                Ok(())
            }
            Self::WasSentEmail(emails)
            | Self::ReceivedEmail(emails)
            | Self::FailedToReceiveEmail(emails)
            | Self::ComplainedAboutEmail(emails)
            | Self::OpenedEmail(emails)
            | Self::ClickedEmail(emails) => write!(f, " {emails}"),
            Self::Bought(tests)
            | Self::Viewed(tests)
            | Self::Clicked(tests)
            | Self::AddedToCart(tests)
            | Self::Reviewed(tests) => {
                f.write_str(" a product")?;
                tests.iter().try_for_each(|it| write!(f, " {it}"))
            }
            Self::Custom(names) => write!(f, " {names}"),
        }
    }
}

impl Display for Act {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f, true)
    }
}

impl Deed {
    /// With its filters in parentheses, as it is written within a clause.
    pub(crate) fn write_inside(&self, f: &mut Formatter<'_>, is_done: bool) -> fmt::Result {
        self.act.write(f, is_done)?;
        if !self.filters.is_empty() {
            write!(f, " ({})", Where(&self.filters))?;
        }
        Ok(())
    }
}

/// As it stands within a clause.
impl Display for Deed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write_inside(f, true)
    }
}

/// `where … and …`; nothing where there is nothing to say.
pub(super) struct Where<'a>(pub &'a [Filter]);

impl Display for Where<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, filter) in self.0.iter().enumerate() {
            f.write_str(if index > 0 { " and " } else { "where " })?;
            filter.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quantity(limit) => write!(f, "quantity is {limit}"),
            Self::Amount(limit) => write!(f, "amount is {limit}"),
            Self::Rating(limit) => write!(f, "rating is {limit}"),
            Self::Coupon(test) => write!(f, "coupon {test}"),
            Self::Property { name, is } => write!(f, "{name} {is}"),
        }
    }
}

impl Display for ValueTest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(words) => write!(f, "is {words}"),
            Self::NotText(words) => write!(f, "is not {words}"),
            Self::Contains(words) => write!(f, "contains {words}"),
            Self::StartsWith(words) => write!(f, "starts with {words}"),
            Self::Number(limit) => write!(f, "is {limit}"),
            Self::IsTrue => f.write_str("is true"),
            Self::IsFalse => f.write_str("is false"),
            Self::IsSet => f.write_str("is set"),
            Self::IsNotSet => f.write_str("is not set"),
        }
    }
}

impl Display for Emails {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.email {
            Some(names) => write!(f, "email {names}")?,
            None => f.write_str("an email")?,
        }
        match &self.flow {
            Some(names) => write!(f, " of flow {names}"),
            None => Ok(()),
        }
    }
}

impl Display for ProductTest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Related(owned) => write!(f, "related to {owned}"),
            Self::Better(owned) => write!(f, "better than {owned}"),
            Self::InCategory(words) => write!(f, "in category {words}"),
            Self::OfKind(words) => write!(f, "of kind {words}"),
            Self::OfBrand(words) => write!(f, "of brand {words}"),
            Self::Tagged(words) => write!(f, "tagged {words}"),
            Self::Named(words) => write!(f, "named {words}"),
            Self::NameHas(words) => write!(f, "with {words} in its name"),
            Self::Coded(words) => write!(f, "coded {words}"),
            Self::Priced(bound) => write!(f, "priced {bound}"),
            Self::Not(test) => write!(f, "not {test}"),
        }
    }
}

impl Display for Owned {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LastOrder => "their last order",
            Self::AnyOrder => "any order of theirs",
        })
    }
}

impl Display for Pick {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "first",
            Self::Last => "last",
        })
    }
}

/// `their last order`, `they first viewed a product`.
impl Display for Anchor {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self.deed == Deed::ordered() {
            true => write!(f, "their {} order", self.pick),
            false => write!(f, "they {} {}", self.pick, self.deed),
        }
    }
}

/// What is read of the deeds of a figure: `"score" of "Quiz Finished"`, `amount when they ordered`.
pub(super) fn write_reading(f: &mut Formatter<'_>, of: &Reading, act: &Act) -> fmt::Result {
    match of {
        Reading::Amount(_) => f.write_str("amount")?,
        Reading::Quantity(_) => f.write_str("quantity")?,
        Reading::Rating(_) => f.write_str("rating")?,
        Reading::Property { name, .. } => {
            quoted(f, name.as_str())?;
            if let Act::Custom(names) = act {
                return write!(f, " of {names}");
            }
        }
    }
    f.write_str(" when they ")?;
    act.write(f, true)
}
