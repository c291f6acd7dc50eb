//! The conditions a block or a choice of words can hang on: what must be known for it to be true.
//!
//! A closed list rather than an expression, so that an operator picks from it, a check can try
//! every one, and a document never asks for something no email can have.

use serde::{Deserialize, Serialize};

use crate::{Relation, view::View};

/// Something that must be known about this email; it holds or it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// The customer's given name.
    GivenName,
    /// What was ordered, by name.
    OrderName,
    /// What kind of thing was ordered.
    OrderNoun,
    OrderPicture,
    /// A main product to speak of.
    Product,
    /// A word for the kind of thing the main product is.
    Noun,
    /// The main product goes with what was bought.
    GoesWith,
    /// The main product is a better version of what was bought.
    StepUp,
    /// The main product is one they bought before and are due to buy again.
    DueAgain,
    /// The main product is one the shop sells most.
    BestSeller,
    /// The customer looked at the main product since the order.
    Viewed,
    Picture,
    Summary,
    Description,
    Benefits,
    /// A price with the coupon taken off.
    PriceNow,
    /// At least one more product.
    More,
    PairHeading,
    PairLead,
    PairFact,
    PairPicture,
    /// A picture of the main product, and none of the two together.
    OnlyMainPicture,
    Scene,
    Steps,
    Coupon,
    NoCoupon,
    /// The links carry the coupon.
    CouponInLinks,
    /// Someone wrote a review of a recommended product.
    Reviews,
    NoReviews,
    /// A review good and short enough to open the email with.
    Quote,
    NoQuote,
    /// Someone rated a recommended product.
    Rating,
    /// A word for the kind of thing the reviewed product is.
    ProofNoun,
    Story,
    /// Links to rate what was bought.
    RatingLinks,
}

impl Need {
    /// Every need, for menus and for tests that try each.
    pub const ALL: [Self; 35] = [
        Self::GivenName,
        Self::OrderName,
        Self::OrderNoun,
        Self::OrderPicture,
        Self::Product,
        Self::Noun,
        Self::GoesWith,
        Self::StepUp,
        Self::DueAgain,
        Self::BestSeller,
        Self::Viewed,
        Self::Picture,
        Self::Summary,
        Self::Description,
        Self::Benefits,
        Self::PriceNow,
        Self::More,
        Self::PairHeading,
        Self::PairLead,
        Self::PairFact,
        Self::PairPicture,
        Self::OnlyMainPicture,
        Self::Scene,
        Self::Steps,
        Self::Coupon,
        Self::NoCoupon,
        Self::CouponInLinks,
        Self::Reviews,
        Self::NoReviews,
        Self::Quote,
        Self::NoQuote,
        Self::Rating,
        Self::ProofNoun,
        Self::Story,
        Self::RatingLinks,
    ];

    /// What is missing when it does not hold, in words a shopkeeper reads.
    pub fn missing(self) -> &'static str {
        match self {
            Self::GivenName => "the customer's given name",
            Self::OrderName => "the name of what was ordered",
            Self::OrderNoun => "a word for the kind of thing that was ordered",
            Self::OrderPicture => "a picture of what was ordered",
            Self::Product => "a product to recommend",
            Self::Noun => "a word for the kind of thing the product is",
            Self::GoesWith => "a product that goes with what was bought",
            Self::StepUp => "a better version of what was bought",
            Self::DueAgain => "a product that they are due to buy again",
            Self::BestSeller => "a best seller as the main product",
            Self::Viewed => "a look at the product since the order",
            Self::Picture => "a picture of the product",
            Self::Summary => "a line about the product",
            Self::Description => "a description of the product",
            Self::Benefits => "benefits of the product",
            Self::PriceNow => "a price with the coupon taken off",
            Self::More => "a second product to recommend",
            Self::PairHeading => "the shop's heading for the two products",
            Self::PairLead => "the shop's words on the two products",
            Self::PairFact => "a fact on the two products",
            Self::PairPicture => "a picture of the two products",
            Self::OnlyMainPicture => "a picture of the main product alone",
            Self::Scene => "a picture of the two products in use",
            Self::Steps => "three steps of using them together",
            Self::Coupon => "a coupon that still works",
            Self::NoCoupon => "an email without a coupon",
            Self::CouponInLinks => "links that carry the coupon",
            Self::Reviews => "an approved review",
            Self::NoReviews => "an email without reviews",
            Self::Quote => "a review to open with",
            Self::NoQuote => "an email without an opening review",
            Self::Rating => "a rating of the product",
            Self::ProofNoun => "a word for the kind of thing the reviewed product is",
            Self::Story => "a buyer's story",
            Self::RatingLinks => "links to rate what was bought",
        }
    }

    /// What a shopkeeper can do so that it holds.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::GivenName => "import the customer's name, or give the email words without it",
            Self::OrderName | Self::OrderNoun | Self::OrderPicture => {
                "import the product that was ordered with its name, type and picture"
            }
            Self::Product | Self::More | Self::Viewed => {
                "import products that are in stock, that have a price and a link, and that the \
                 customer has not bought"
            }
            Self::GoesWith | Self::StepUp | Self::DueAgain | Self::BestSeller => {
                "import more of the shop's past orders: what goes together is learnt from them"
            }
            Self::Noun
            | Self::ProofNoun
            | Self::Picture
            | Self::OnlyMainPicture
            | Self::Summary
            | Self::Description
            | Self::Benefits => "add it to the product in the shop and import it again",
            Self::PairHeading
            | Self::PairLead
            | Self::PairFact
            | Self::PairPicture
            | Self::Scene
            | Self::Steps => "write it for the two products, or take the block out of the email",
            Self::Coupon | Self::PriceNow => {
                "launch the flow again, which gives an empty pool new codes, or let its coupon live \
                 for more days"
            }
            Self::CouponInLinks => "give the shop's link that applies a code",
            Self::NoCoupon | Self::NoReviews | Self::NoQuote => "take the need out of the email",
            Self::Reviews | Self::Quote | Self::Rating => {
                "import reviews of the product, or approve those that wait"
            }
            Self::Story => "write down a buyer's story of the product",
            Self::RatingLinks => {
                "import the customer's order with products of the catalogue: without one there is \
                 nothing to rate"
            }
        }
    }

    pub(crate) fn is_met(self, view: &View<'_>) -> bool {
        let main = view.main();
        let of_main = |is_so: fn(&crate::ProductView) -> bool| main.is_some_and(is_so);
        match self {
            Self::GivenName => is_said(&view.customer.given_name),
            Self::OrderName => is_said(&view.order.name),
            Self::OrderNoun => is_said(&view.order.noun),
            Self::OrderPicture => is_said(&view.order.picture),
            Self::Product => main.is_some(),
            Self::Noun => of_main(|it| is_said(&it.noun)),
            Self::GoesWith => of_main(|it| it.relation == Relation::GoesWith),
            Self::StepUp => of_main(|it| it.relation == Relation::StepUp),
            Self::DueAgain => of_main(|it| it.relation == Relation::DueAgain),
            Self::BestSeller => of_main(|it| it.relation == Relation::BestSeller),
            Self::Viewed => of_main(|it| it.was_viewed),
            Self::Picture => of_main(|it| is_said(&it.picture)),
            Self::Summary => of_main(|it| is_said(&it.summary)),
            Self::Description => of_main(|it| is_said(&it.description)),
            Self::Benefits => of_main(|it| it.benefits.iter().any(|it| is_said(it))),
            Self::PriceNow => of_main(|it| is_said(&it.price_now)),
            Self::More => !view.more.is_empty(),
            Self::PairHeading => is_said(&view.pair.heading),
            Self::PairLead => is_said(&view.pair.lead),
            Self::PairFact => is_said(&view.pair.fact),
            Self::PairPicture => is_said(&view.pair.picture),
            Self::OnlyMainPicture => Self::Picture.is_met(view) && !Self::PairPicture.is_met(view),
            Self::Scene => is_said(&view.pair.scene),
            Self::Steps => view.steps.len() == 3,
            Self::Coupon => view.coupon.is_some(),
            Self::NoCoupon => view.coupon.is_none(),
            Self::CouponInLinks => view.coupon.is_some_and(|it| it.is_in_links),
            Self::Reviews => view.proof.as_ref().is_some_and(|it| it.has_reviews()),
            Self::NoReviews => !Self::Reviews.is_met(view),
            Self::Quote => view.proof.as_ref().is_some_and(|it| it.quote.is_some()),
            Self::NoQuote => !Self::Quote.is_met(view),
            Self::Rating => view.proof.as_ref().is_some_and(|it| it.product.rating.is_some()),
            Self::ProofNoun => view.proof.as_ref().is_some_and(|it| is_said(&it.product.noun)),
            Self::Story => view.story.is_some(),
            Self::RatingLinks => view.links.ratings.len() == 5,
        }
    }
}

fn is_said(text: &str) -> bool {
    !text.trim().is_empty()
}
