//! Where an enrolment stands: the state that `flow::advance` moves and the store keeps.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CustomerId, EnrolmentId, FlowId, OrderId, ProductId, StepId};

/// Where an enrolment stands in its flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "position", rename_all = "snake_case")]
pub enum Position {
    /// About to carry out `step`.
    Ready {
        step: StepId,
    },
    /// In the wait `step`, which is over at `until`.
    Waiting {
        step: StepId,
        until: Timestamp,
    },
    Exited {
        at: Timestamp,
        reason: ExitReason,
        step: Option<StepId>,
    },
}

impl Position {
    pub fn is_active(&self) -> bool {
        !matches!(self, Self::Exited { .. })
    }

    pub fn step(&self) -> Option<&StepId> {
        match self {
            Self::Ready { step } | Self::Waiting { step, .. } => Some(step),
            Self::Exited { step, .. } => step.as_ref(),
        }
    }
}

/// Why an enrolment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitReason {
    /// Went through to the end.
    Completed,
    /// The customer ordered again.
    Purchase,
    /// Withheld by lot; never mailed.
    HeldOut,
    Unsubscribed,
    Suppressed,
    /// What the flow asked for came true by another event than a purchase.
    Converted,
    /// No longer in the flow's audience.
    Audience,
    /// The flow was stopped.
    FlowStopped,
    Erased,
}

/// What a customer is due to buy again: the product, and the order that brought it last. Written, it
/// is the trigger key of flows that this triggers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DuePurchase {
    pub product: ProductId,
    pub order: OrderId,
}

impl fmt::Display for DuePurchase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "product {} of order {}", self.product.0, self.order)
    }
}

impl DuePurchase {
    fn read(key: &str) -> Option<Self> {
        let (product, order) = key.strip_prefix("product ")?.split_once(" of order ")?;
        let product = ProductId(product.parse().ok()?);
        Some(Self { product, order: OrderId::new(order).ok()? })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEnrolment {
    pub customer: CustomerId,
    pub flow: FlowId,
    pub flow_version: u32,
    /// With the flow, unique for ever: the order id, or what the flow's setting says.
    pub trigger_key: String,
    pub trigger_order: Option<OrderId>,
    pub position: Position,
    pub is_held_out: bool,
    pub entered_at: Timestamp,
}

/// One customer's passage through one version of a flow, from trigger to exit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    pub id: EnrolmentId,
    pub customer: CustomerId,
    pub flow: FlowId,
    pub flow_version: u32,
    pub trigger_key: String,
    pub trigger_order: Option<OrderId>,
    pub position: Position,
    pub is_held_out: bool,
    pub entered_at: Timestamp,
    /// The products its emails speak of, chosen at the first send and re-checked at each.
    pub products: Vec<ProductId>,
    /// The coupon reserved for it.
    pub coupon: Option<String>,
    /// Counts the changes; a change names the one it saw.
    pub revision: u32,
}

impl Enrolment {
    /// What was due again when it began; `None` where an order or anything else began it.
    pub fn due_purchase(&self) -> Option<DuePurchase> {
        // The key of an order is whatever the platform calls it.
        let is_keyed = self.trigger_order.is_none();
        is_keyed.then(|| DuePurchase::read(&self.trigger_key)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_is_read_from_its_key() {
        for order in ["1001", "of order 7", "#1 of order 2"] {
            let due = DuePurchase { product: ProductId(12), order: OrderId::new(order).unwrap() };
            assert_eq!(DuePurchase::read(&due.to_string()), Some(due));
        }
        for key in ["1001", "customer 12", "product of order 3", "product 3 of order "] {
            assert_eq!(DuePurchase::read(key), None, "{key}");
        }
    }
}
