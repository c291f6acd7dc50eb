//! A message: one email to one customer, from the decision to its last delivery report.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    CustomerId, EmailName, EnrolmentId, FlowId, MessageId, ProductId, StepId, TemplateId, Topic,
};

/// How often a message may be handed over: decided by the kind of flow, not by whim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageClass {
    /// At most once.
    Marketing,
    /// At least once, with the same Message-ID, Date and body.
    Transactional,
}

/// Where a message stands. Created messages are the sum of these, at any moment.
///
/// `Sent`, `Bounced`, `Cancelled` and `Expired` absorb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// Decided; not yet taken by a sender.
    Planned,
    /// Rendered, in a sender's hands, before the claim.
    Ready,
    /// The dot may be written, or has been.
    Claimed,
    /// Held back until `due_at` by policy or by the receiving server.
    Deferred,
    Sent,
    Bounced,
    Cancelled,
    Expired,
    /// The acknowledgement was lost after the dot. Never sent again by itself.
    InDoubt,
}

impl MessageState {
    pub const ALL: [Self; 9] = [
        Self::Planned,
        Self::Ready,
        Self::Claimed,
        Self::Deferred,
        Self::Sent,
        Self::Bounced,
        Self::Cancelled,
        Self::Expired,
        Self::InDoubt,
    ];

    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Sent | Self::Bounced | Self::Cancelled | Self::Expired)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub customer: CustomerId,
    pub enrolment: EnrolmentId,
    pub flow: FlowId,
    pub flow_version: u32,
    pub step: StepId,
    pub template: TemplateId,
    pub template_version: u32,
    pub class: MessageClass,
    pub topic: Topic,
    pub state: MessageState,
    /// Also the `Date` header: fixed at planning, the same in every attempt.
    pub planned_at: Timestamp,
    /// When it is to be tried next.
    pub due_at: Timestamp,
    /// Not worth sending after this.
    pub expires_at: Timestamp,
    pub claimed_at: Option<Timestamp>,
    pub sent_at: Option<Timestamp>,
    pub attempts: u32,
    pub subject: Option<String>,
    pub products: Vec<ProductId>,
    pub coupon: Option<String>,
    /// Why it was held back, dropped or bounced, in words a shopkeeper reads.
    pub reason: Option<String>,
    /// Counts the changes; a change names the one it saw.
    pub revision: u32,
}

impl Message {
    /// Which email it is.
    pub fn email(&self) -> EmailName {
        EmailName { flow: self.flow.clone(), step: self.step.clone() }
    }
}

/// What came back about a message: the first of each kind, and the last human click.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touches {
    pub delivered_at: Option<Timestamp>,
    pub opened_at: Option<Timestamp>,
    pub machine_opened_at: Option<Timestamp>,
    pub clicked_at: Option<Timestamp>,
    pub last_clicked_at: Option<Timestamp>,
    pub machine_clicked_at: Option<Timestamp>,
    pub bounced_at: Option<Timestamp>,
    pub unsubscribed_at: Option<Timestamp>,
    pub complained_at: Option<Timestamp>,
}
