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

/// A customer's order that counts as a purchase.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderRow {
    pub order: OrderId,
    pub customer: CustomerId,
    pub placed_at: Timestamp,
    /// What was paid.
    pub total_minor: i64,
    /// What of it the shop kept: refunds taken off.
    pub net_minor: i64,
}

impl OrderRow {
    /// `None` for a guest's order and for one cancelled since: neither can be anybody's purchase.
    pub fn of(order: &Order) -> Option<Self> {
        let customer = order.customer.filter(|_| order.is_purchase())?;
        Some(Self {
            order: order.id.clone(),
            customer,
            placed_at: order.placed_at,
            total_minor: order.total_minor,
            net_minor: order.net_minor(),
        })
    }
}

/// A customer's passage through the flow, mailed or held out.
#[derive(Clone, Debug, PartialEq)]
pub struct EnrolmentRow {
    pub enrolment: EnrolmentId,
    pub customer: CustomerId,
    pub entered_at: Timestamp,
    pub is_held_out: bool,
    pub trigger_order: Option<OrderId>,
}
