//! Events: what the one log holds.
//!
//! An event is never changed after it was accepted. Its kind is stored as a small number, and those
//! numbers are for ever: a kind may be added, none is renumbered.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Consent, CustomerId, CustomerName, EnrolmentId, ExitReason, FlowId, MessageId, OrderId,
    OrderLine, ProductId, StepId,
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
    OrderPlaced {
        order: OrderId,
        lines: Vec<OrderLine>,
        total_minor: i64,
        #[serde(default)]
        coupon: Option<String>,
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
    CheckoutStarted {
        lines: Vec<OrderLine>,
        total_minor: i64,
    },
    ProductReviewed {
        product: ProductId,
        rating: u8,
        text: String,
    },
    MessageSent {
        message: MessageId,
        flow: FlowId,
        step: StepId,
    },
    MessageDelivered {
        message: MessageId,
    },
    MessageBounced {
        message: MessageId,
        class: BounceClass,
        reply: String,
    },
    MessageComplained {
        message: MessageId,
    },
    MessageOpened {
        message: MessageId,
        agent: Agent,
    },
    MessageClicked {
        message: MessageId,
        agent: Agent,
        product: Option<ProductId>,
        url: String,
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
    OrderPlaced = 10,
    OrderCancelled = 11,
    OrderRefunded = 12,
    ProductViewed = 20,
    CartAdded = 21,
    CheckoutStarted = 22,
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
    Custom = 90,
}

impl EventBody {
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Identified { .. } => EventKind::Identified,
            Self::ConsentGiven { .. } => EventKind::ConsentGiven,
            Self::OrderPlaced { .. } => EventKind::OrderPlaced,
            Self::OrderCancelled { .. } => EventKind::OrderCancelled,
            Self::OrderRefunded { .. } => EventKind::OrderRefunded,
            Self::ProductViewed { .. } => EventKind::ProductViewed,
            Self::CartAdded { .. } => EventKind::CartAdded,
            Self::CheckoutStarted { .. } => EventKind::CheckoutStarted,
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
            Self::Custom { .. } => EventKind::Custom,
        }
    }
}
