//! Events: what the one log holds.
//!
//! An event is never changed after it was accepted. Its kind is stored as a small number, and those
//! numbers are for ever: a kind may be added, none is renumbered.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Consent, CustomerId, CustomerName, EnrolmentId, ExitReason, FlowId, MessageId, OrderId,
    OrderLine, ProductFacts, ProductId, ReviewDetails, SegmentId, StepId,
};

/// What makes an event the same event: two with one key are one, whoever sends them again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventKey {
    /// Where it came from: `segment`, `import:online-retail`, `aftercart` for our own.
    pub source: String,
    pub key: String,
}

/// Something that happened to a customer at an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Place in the log, from 1, in the order of commits.
    pub seq: u64,
    pub key: EventKey,
    /// `None` for a guest's order, which still teaches what goes with what.
    pub customer: Option<CustomerId>,
    pub at: Timestamp,
    pub received_at: Timestamp,
    pub body: EventBody,
}

/// Who opened or clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agent {
    Human,
    /// A privacy proxy, a prefetcher, a link scanner.
    Machine,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceClass {
    /// The mailbox does not exist: suppressed at once.
    Hard,
    Soft,
    /// Refused for what we are, not for whom it was to.
    Policy,
}

/// Which email a message was: the step of a flow that sent it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EmailName {
    pub flow: FlowId,
    pub step: StepId,
}

/// What happened. The serialised form is stored: fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventBody {
    /// Facts about the customer became known or changed.
    Identified {
        #[serde(default)]
        name: CustomerName,
        #[serde(default)]
        time_zone: Option<String>,
        #[serde(default)]
        country: Option<String>,
        #[serde(default)]
        locale: Option<String>,
        #[serde(default)]
        attributes: BTreeMap<String, serde_json::Value>,
    },
    /// The customer said yes or no to a topic.
    ConsentGiven {
        consent: Consent,
    },
    /// Another customer was found to be this one; what is the other's is this one's too.
    Merged {
        other: CustomerId,
    },
    /// Somebody asked to be erased, and the platform passed it on; about no customer, all of them.
    ErasureAsked,
    /// Somebody asked for a copy of what is kept of them, and the platform passed it on.
    ExportAsked,
    /// What this event said was erased with the person it was about.
    Erased,
    OrderPlaced {
        order: OrderId,
        lines: Vec<OrderLine>,
        total_minor: i64,
        #[serde(default)]
        coupon: Option<String>,
    },
    /// The order as it stands from `at` on: an edit took or added lines, or changed the total.
    OrderRevised {
        order: OrderId,
        /// When it was placed, if the source says so.
        #[serde(default)]
        placed_at: Option<Timestamp>,
        lines: Vec<OrderLine>,
        total_minor: i64,
        #[serde(default)]
        coupon: Option<String>,
    },
    /// All of the order was handed to the carrier.
    OrderFulfilled {
        order: OrderId,
    },
    OrderCancelled {
        order: OrderId,
    },
    /// Money paid back. `order` is `None` where the platform does not say for which order.
    OrderRefunded {
        order: Option<OrderId>,
        amount_minor: i64,
        lines: Vec<OrderLine>,
    },
    ProductViewed {
        product: ProductId,
    },
    CartAdded {
        product: ProductId,
        quantity: u32,
    },
    CartRemoved {
        product: ProductId,
        quantity: u32,
    },
    CheckoutStarted {
        lines: Vec<OrderLine>,
        total_minor: i64,
    },
    /// A coupon was put on a cart or an order; only an order that names it redeems it.
    CouponApplied {
        code: String,
        #[serde(default)]
        order: Option<OrderId>,
    },
    ProductReviewed {
        product: ProductId,
        rating: u8,
        text: String,
        #[serde(default, skip_serializing_if = "ReviewDetails::is_empty")]
        details: ReviewDetails,
    },
    MessageSent {
        message: MessageId,
        flow: FlowId,
        step: StepId,
    },
    /// `email` of this and the following is absent in logs of versions that did not tell it.
    MessageDelivered {
        message: MessageId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<EmailName>,
    },
    MessageBounced {
        message: MessageId,
        class: BounceClass,
        reply: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<EmailName>,
    },
    MessageComplained {
        message: MessageId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<EmailName>,
    },
    MessageOpened {
        message: MessageId,
        agent: Agent,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<EmailName>,
    },
    MessageClicked {
        message: MessageId,
        agent: Agent,
        product: Option<ProductId>,
        url: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<EmailName>,
    },
    /// The message was held back until later; `reason` in words a shopkeeper reads.
    MessageDeferred {
        message: MessageId,
        until: Timestamp,
        reason: String,
    },
    /// The message will never go; `reason` in words a shopkeeper reads.
    MessageDropped {
        message: MessageId,
        reason: String,
    },
    Enrolled {
        enrolment: EnrolmentId,
        flow: FlowId,
        is_held_out: bool,
    },
    EnrolmentEnded {
        enrolment: EnrolmentId,
        flow: FlowId,
        reason: ExitReason,
    },
    /// The customer met the condition of a segment in use from then on.
    SegmentEntered {
        segment: SegmentId,
    },
    /// The customer met it no longer.
    SegmentLeft {
        segment: SegmentId,
    },
    /// The catalogue's word on a product; of several the newest `at` holds. About no customer.
    ProductSaved {
        product: ProductId,
        facts: Box<ProductFacts>,
    },
    /// The product is no longer in the catalogue. About no customer.
    ProductRemoved {
        product: ProductId,
    },
    /// Units at one of the shop's places of what goes by `code`: the product or one of its variants.
    /// About no customer.
    StockCounted {
        product: ProductId,
        code: String,
        place: String,
        units: i64,
    },
    /// Any other event the shop sends, with its own name.
    Custom {
        name: String,
        #[serde(default)]
        properties: BTreeMap<String, serde_json::Value>,
    },
}

/// The kind of an event as a small number, for columns and indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum EventKind {
    Identified = 1,
    ConsentGiven = 2,
    Merged = 3,
    ErasureAsked = 4,
    ExportAsked = 5,
    Erased = 6,
    OrderPlaced = 10,
    OrderCancelled = 11,
    OrderRefunded = 12,
    OrderRevised = 13,
    OrderFulfilled = 14,
    ProductViewed = 20,
    CartAdded = 21,
    CheckoutStarted = 22,
    CartRemoved = 23,
    CouponApplied = 24,
    ProductReviewed = 30,
    MessageSent = 40,
    MessageDelivered = 41,
    MessageBounced = 42,
    MessageComplained = 43,
    MessageOpened = 44,
    MessageClicked = 45,
    MessageDeferred = 46,
    MessageDropped = 47,
    Enrolled = 50,
    EnrolmentEnded = 51,
    SegmentEntered = 52,
    SegmentLeft = 53,
    ProductSaved = 70,
    ProductRemoved = 71,
    StockCounted = 72,
    Custom = 90,
}

impl EventBody {
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Identified { .. } => EventKind::Identified,
            Self::ConsentGiven { .. } => EventKind::ConsentGiven,
            Self::Merged { .. } => EventKind::Merged,
            Self::ErasureAsked => EventKind::ErasureAsked,
            Self::ExportAsked => EventKind::ExportAsked,
            Self::Erased => EventKind::Erased,
            Self::OrderPlaced { .. } => EventKind::OrderPlaced,
            Self::OrderRevised { .. } => EventKind::OrderRevised,
            Self::OrderFulfilled { .. } => EventKind::OrderFulfilled,
            Self::OrderCancelled { .. } => EventKind::OrderCancelled,
            Self::OrderRefunded { .. } => EventKind::OrderRefunded,
            Self::ProductViewed { .. } => EventKind::ProductViewed,
            Self::CartAdded { .. } => EventKind::CartAdded,
            Self::CartRemoved { .. } => EventKind::CartRemoved,
            Self::CheckoutStarted { .. } => EventKind::CheckoutStarted,
            Self::CouponApplied { .. } => EventKind::CouponApplied,
            Self::ProductReviewed { .. } => EventKind::ProductReviewed,
            Self::MessageSent { .. } => EventKind::MessageSent,
            Self::MessageDelivered { .. } => EventKind::MessageDelivered,
            Self::MessageBounced { .. } => EventKind::MessageBounced,
            Self::MessageComplained { .. } => EventKind::MessageComplained,
            Self::MessageOpened { .. } => EventKind::MessageOpened,
            Self::MessageClicked { .. } => EventKind::MessageClicked,
            Self::MessageDeferred { .. } => EventKind::MessageDeferred,
            Self::MessageDropped { .. } => EventKind::MessageDropped,
            Self::Enrolled { .. } => EventKind::Enrolled,
            Self::EnrolmentEnded { .. } => EventKind::EnrolmentEnded,
            Self::SegmentEntered { .. } => EventKind::SegmentEntered,
            Self::SegmentLeft { .. } => EventKind::SegmentLeft,
            Self::ProductSaved { .. } => EventKind::ProductSaved,
            Self::ProductRemoved { .. } => EventKind::ProductRemoved,
            Self::StockCounted { .. } => EventKind::StockCounted,
            Self::Custom { .. } => EventKind::Custom,
        }
    }
}
