//! The rows that figures are made of.

use aftercart_model::{
    CustomerId, EnrolmentId, FlowId, MessageId, Order, OrderId, StepId, Timestamp, Touches,
};

/// A message that was handed over, with what came back about it.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageRow {
    pub message: MessageId,
    pub customer: CustomerId,
    pub enrolment: EnrolmentId,
    pub flow: FlowId,
    pub step: StepId,
    pub sent_at: Timestamp,
    /// The order that triggered its enrolment: this message can never have brought it about.
    pub trigger_order: Option<OrderId>,
    pub touches: Touches,
}

/// A customer's order that was accepted, whatever became of it since.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderRow {
    pub order: OrderId,
    pub customer: CustomerId,
    pub placed_at: Timestamp,
    /// What was paid: gross, before refunds and cancellation.
    pub total_minor: i64,
    /// What of it the shop kept: refunds taken off, and nothing of a cancelled order.
    pub net_minor: i64,
    /// Cancelled since. It still counts among the orders and the gross sum that emails are credited
    /// with, as shop platforms count gross sales; for the lift nobody ordered again by it.
    pub is_cancelled: bool,
}

impl OrderRow {
    /// `None` for a guest's order: it is nobody's.
    pub fn of(order: &Order) -> Option<Self> {
        Some(Self {
            order: order.id.clone(),
            customer: order.customer?,
            placed_at: order.placed_at,
            total_minor: order.total_minor,
            net_minor: order.net_minor(),
            is_cancelled: !order.is_purchase(),
        })
    }
}

/// A customer's passage through the flow, or that they were held out of it.
#[derive(Clone, Debug, PartialEq)]
pub struct EnrolmentRow {
    pub enrolment: EnrolmentId,
    pub customer: CustomerId,
    pub entered_at: Timestamp,
    pub is_held_out: bool,
    /// Whether at least one of its messages was handed over.
    pub was_mailed: bool,
    pub trigger_order: Option<OrderId>,
}
