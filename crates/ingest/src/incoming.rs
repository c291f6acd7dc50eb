//! What every source of events is turned into: one shape, whatever platform it came from.
//!
//! An [`Incoming`] names people by their identifiers and products by the shop's codes. Finding or
//! creating them, and storing what came of it, is the caller's work: nothing here knows a store.

use std::{collections::BTreeMap, sync::Arc};

use aftercart_model::{
    Consent, CustomerName, EventKey, Identifier, OrderId, ProductFacts, ReviewDetails, Timestamp,
};

/// One event from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    pub key: EventKey,
    /// Who it is about, the surest first. Empty for a guest nobody can name.
    pub identifiers: Vec<Identifier>,
    pub at: Timestamp,
    pub time_source: TimeSource,
    pub body: IncomingBody,
}

/// Where [`Incoming::at`] was taken from.
///
/// What the sender stated is the same when the same event is sent again; [`Incoming::at`] is that
/// only where it was [`TimeSource::Given`], and moves with the time of arrival elsewhere, so that it
/// says nothing about whether two events with one key differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSource {
    /// The sender's own word.
    Given,
    /// The sender's word, which was `stated`, corrected by how far the sender's clock is off ours.
    Corrected { stated: Timestamp },
    /// The sender gave none: when it reached us.
    Received,
}

/// What happened, with products named by the shop's codes.
#[derive(Clone, Debug, PartialEq)]
pub enum IncomingBody {
    Identified {
        name: CustomerName,
        time_zone: Option<String>,
        country: Option<String>,
        locale: Option<String>,
        attributes: BTreeMap<String, serde_json::Value>,
    },
    ConsentGiven {
        consent: Consent,
    },
    /// The source's own word that these lead to the same person as [`Incoming::identifiers`].
    SamePerson {
        others: Vec<Identifier>,
    },
    /// The person, or with no identifiers the whole shop, is to be erased.
    ErasureAsked,
    /// The person is to get a copy of what is kept of them.
    ExportAsked,
    /// An order nobody knew is kept; one that is known stays as it was: see
    /// [`IncomingBody::OrderRevised`].
    OrderPlaced {
        order: OrderId,
        lines: Vec<IncomingLine>,
        total_minor: i64,
        coupon: Option<String>,
    },
    /// The order as it stands from [`Incoming::at`] on, whenever that is told.
    OrderRevised {
        order: OrderId,
        /// When it was placed, if the source says so.
        placed_at: Option<Timestamp>,
        lines: Vec<IncomingLine>,
        total_minor: i64,
        coupon: Option<String>,
    },
    OrderFulfilled {
        order: OrderId,
    },
    OrderCancelled {
        order: OrderId,
    },
    /// `order` is `None` where the source does not say which order is refunded.
    OrderRefunded {
        order: Option<OrderId>,
        amount_minor: i64,
        lines: Vec<IncomingLine>,
    },
    ProductViewed {
        product: Arc<ProductRef>,
    },
    CartAdded {
        product: Arc<ProductRef>,
        quantity: u32,
    },
    CartRemoved {
        product: Arc<ProductRef>,
        quantity: u32,
    },
    CouponApplied {
        code: String,
        order: Option<OrderId>,
    },
    CheckoutStarted {
        lines: Vec<IncomingLine>,
        total_minor: i64,
    },
    ProductReviewed {
        product: Arc<ProductRef>,
        rating: u8,
        text: String,
        details: ReviewDetails,
    },
    /// The catalogue's word on a product, which holds over what orders say of it in passing. It is
    /// found by any of the codes, and found by all of them from then on.
    ProductSaved {
        code: String,
        codes_also: Vec<String>,
        facts: Box<ProductFacts>,
    },
    ProductRemoved {
        code: String,
    },
    /// Units at one of the shop's places; a product's stock is the sum over its places.
    StockCounted {
        code: String,
        place: String,
        units: i64,
    },
    Custom {
        name: String,
        properties: BTreeMap<String, serde_json::Value>,
    },
}

/// A product of an order, with what was paid for all units together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingLine {
    pub product: Arc<ProductRef>,
    pub quantity: u32,
    pub amount_minor: i64,
}

/// A product as a source names it. Only the code is sure; the rest is what the source happened to
/// say, and fills gaps in a catalogue rather than overwriting it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductRef {
    pub code: String,
    /// A second code for the same product, tried where the first is unknown.
    pub code_also: Option<String>,
    pub name: Option<String>,
    /// Price of one.
    pub price_minor: Option<i64>,
    pub category: Option<String>,
    pub url: Option<String>,
    pub picture: Option<String>,
}

impl ProductRef {
    pub fn of_code(code: impl Into<String>) -> Self {
        Self { code: code.into(), ..Self::default() }
    }
}
