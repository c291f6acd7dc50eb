//! The store's methods, as the other crates see them.
#![allow(unused_variables)]

use std::marker::PhantomData;

use aftercart_model::*;

use crate::Result;

pub(crate) fn pending<T>() -> Result<T> {
    anyhow::bail!("the store's statements are being written")
}

/// A transaction: a consistent view, and in [`crate::Store::write`] changes that stand or fall together.
pub struct Tx<'a>(PhantomData<&'a mut ()>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    New { seq: u64 },
    Duplicate { seq: u64 },
    Conflict { seq: u64 },
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    pub key: EventKey,
    pub customer: Option<CustomerId>,
    pub at: Timestamp,
    pub received_at: Timestamp,
    pub body: EventBody,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowState {
    Draft,
    Live,
    Paused,
    Stopped,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFlow {
    pub id: FlowId,
    pub version: u32,
    pub state: FlowState,
    pub document: String,
    pub live_since: Option<Timestamp>,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSegment {
    pub id: SegmentId,
    pub name: String,
    pub condition: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProposal {
    pub id: i64,
    pub sentence: String,
    pub document: String,
    pub state: String,
    pub created_at: Timestamp,
}

/// How many enrolments of a flow stand at a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepCount {
    /// `None` for those who never reached one, such as customers held out.
    pub step: Option<StepId>,
    /// `ready`, `waiting` or `exited`.
    pub position: &'static str,
    pub reason: Option<ExitReason>,
    pub count: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    pub customer: CustomerId,
    pub enrolment: EnrolmentId,
    pub flow: FlowId,
    pub flow_version: u32,
    pub step: StepId,
    pub template: TemplateId,
    pub template_version: u32,
    pub class: MessageClass,
    pub topic: Topic,
    pub planned_at: Timestamp,
    pub due_at: Timestamp,
    pub expires_at: Timestamp,
    pub subject: Option<String>,
    pub products: Vec<ProductId>,
    pub coupon: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub message: Option<MessageId>,
    pub to: EmailAddress,
    pub to_name: String,
    pub subject: String,
    pub at: Timestamp,
    pub raw: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterHead {
    pub id: i64,
    pub message: Option<MessageId>,
    pub to: EmailAddress,
    pub to_name: String,
    pub subject: String,
    pub at: Timestamp,
    pub bytes: u64,
}

impl Tx<'_> {
    pub fn append_event(&mut self, event: &NewEvent) -> Result<Appended> {
        pending()
    }
    pub fn event_by_key(&mut self, key: &EventKey) -> Result<Option<Event>> {
        pending()
    }
    pub fn events_of(&mut self, customer: CustomerId) -> Result<Vec<Event>> {
        pending()
    }
    pub fn events_page(
        &mut self,
        customer: CustomerId,
        before: Option<(Timestamp, u64)>,
        limit: u32,
    ) -> Result<Vec<Event>> {
        pending()
    }
    pub fn scan_events(
        &mut self,
        after_seq: u64,
        f: &mut dyn FnMut(Event) -> Result<()>,
    ) -> Result<()> {
        pending()
    }
    pub fn log_head(&mut self) -> Result<u64> {
        pending()
    }
    pub fn customer_by_identifier(
        &mut self,
        identifier: &Identifier,
    ) -> Result<Option<CustomerId>> {
        pending()
    }
    pub fn create_customer(&mut self, created_at: Timestamp) -> Result<CustomerId> {
        pending()
    }
    pub fn add_identifier(&mut self, customer: CustomerId, identifier: &Identifier) -> Result<()> {
        pending()
    }
    pub fn customer(&mut self, id: CustomerId) -> Result<Option<Customer>> {
        pending()
    }
    pub fn save_customer(&mut self, customer: &Customer) -> Result<()> {
        pending()
    }
    pub fn find_customers(&mut self, beginning: &str, limit: u32) -> Result<Vec<Customer>> {
        pending()
    }
    pub fn customers_page(
        &mut self,
        after: Option<CustomerId>,
        limit: u32,
    ) -> Result<Vec<Customer>> {
        pending()
    }
    pub fn scan_customers(&mut self, f: &mut dyn FnMut(Customer) -> Result<()>) -> Result<()> {
        pending()
    }
    pub fn count_customers(&mut self) -> Result<u64> {
        pending()
    }
    pub fn lock_customer(&mut self, id: CustomerId) -> Result<()> {
        pending()
    }
    pub fn save_consent(&mut self, customer: CustomerId, consent: &Consent) -> Result<()> {
        pending()
    }
    pub fn consents_of(&mut self, customer: CustomerId) -> Result<Vec<Consent>> {
        pending()
    }
    pub fn suppress(&mut self, suppression: &Suppression) -> Result<()> {
        pending()
    }
    pub fn suppression_of(&mut self, address: &EmailAddress) -> Result<Option<Suppression>> {
        pending()
    }
    pub fn count_suppressions(&mut self) -> Result<u64> {
        pending()
    }
    pub fn save_product(&mut self, product: &Product) -> Result<ProductId> {
        pending()
    }
    pub fn product_by_code(&mut self, code: &str) -> Result<Option<Product>> {
        pending()
    }
    pub fn products(&mut self) -> Result<Vec<Product>> {
        pending()
    }
    pub fn set_stock(&mut self, product: ProductId, stock: Option<i64>) -> Result<()> {
        pending()
    }
    pub fn save_picture(&mut self, name: &str, content_type: &str, bytes: &[u8]) -> Result<()> {
        pending()
    }
    pub fn picture(&mut self, name: &str) -> Result<Option<(String, Vec<u8>)>> {
        pending()
    }
    pub fn insert_order(&mut self, seq: u64, order: &Order) -> Result<bool> {
        pending()
    }
    pub fn order(&mut self, id: &OrderId) -> Result<Option<Order>> {
        pending()
    }
    pub fn orders_of(&mut self, customer: CustomerId) -> Result<Vec<Order>> {
        pending()
    }
    pub fn first_order_after(
        &mut self,
        customer: CustomerId,
        after: Timestamp,
        other_than: Option<&OrderId>,
    ) -> Result<Option<Order>> {
        pending()
    }
    pub fn order_since_seq(
        &mut self,
        customer: CustomerId,
        after_seq: u64,
        other_than: Option<&OrderId>,
    ) -> Result<Option<OrderId>> {
        pending()
    }
    pub fn cancel_order(&mut self, id: &OrderId, at: Timestamp) -> Result<bool> {
        pending()
    }
    pub fn refund_order(&mut self, id: &OrderId, amount_minor: i64) -> Result<bool> {
        pending()
    }
    pub fn scan_orders(&mut self, f: &mut dyn FnMut(Order) -> Result<()>) -> Result<()> {
        pending()
    }
    pub fn count_orders(&mut self) -> Result<u64> {
        pending()
    }
    pub fn save_flow(&mut self, id: &FlowId, document: &str, at: Timestamp) -> Result<u32> {
        pending()
    }
    pub fn flow(&mut self, id: &FlowId) -> Result<Option<StoredFlow>> {
        pending()
    }
    pub fn flow_version(&mut self, id: &FlowId, version: u32) -> Result<Option<StoredFlow>> {
        pending()
    }
    pub fn flows(&mut self) -> Result<Vec<StoredFlow>> {
        pending()
    }
    pub fn set_flow_state(&mut self, id: &FlowId, state: FlowState, at: Timestamp) -> Result<()> {
        pending()
    }
    pub fn save_segment(&mut self, segment: &StoredSegment, at: Timestamp) -> Result<()> {
        pending()
    }
    pub fn segments(&mut self) -> Result<Vec<StoredSegment>> {
        pending()
    }
    pub fn members(&mut self, segment: &SegmentId) -> Result<Vec<CustomerId>> {
        pending()
    }
    pub fn set_members(
        &mut self,
        segment: &SegmentId,
        members: &[CustomerId],
        at: Timestamp,
    ) -> Result<()> {
        pending()
    }
    pub fn save_template(&mut self, id: &TemplateId, document: &str, at: Timestamp) -> Result<u32> {
        pending()
    }
    pub fn template(
        &mut self,
        id: &TemplateId,
        version: Option<u32>,
    ) -> Result<Option<(u32, String)>> {
        pending()
    }
    pub fn templates(&mut self) -> Result<Vec<(TemplateId, u32, String)>> {
        pending()
    }
    pub fn save_proposal(&mut self, sentence: &str, document: &str, at: Timestamp) -> Result<i64> {
        pending()
    }
    pub fn proposal(&mut self, id: i64) -> Result<Option<StoredProposal>> {
        pending()
    }
    pub fn proposals(&mut self) -> Result<Vec<StoredProposal>> {
        pending()
    }
    pub fn set_proposal_state(&mut self, id: i64, state: &str) -> Result<()> {
        pending()
    }
    pub fn enrol(&mut self, new: &NewEnrolment) -> Result<Option<EnrolmentId>> {
        pending()
    }
    pub fn enrolment(&mut self, id: EnrolmentId) -> Result<Option<Enrolment>> {
        pending()
    }
    pub fn enrolments_of(&mut self, customer: CustomerId) -> Result<Vec<Enrolment>> {
        pending()
    }
    pub fn active_enrolments_of(&mut self, customer: CustomerId) -> Result<Vec<Enrolment>> {
        pending()
    }
    pub fn latest_entry(
        &mut self,
        flow: &FlowId,
        customer: CustomerId,
    ) -> Result<Option<Timestamp>> {
        pending()
    }
    pub fn due_enrolments(&mut self, now: Timestamp, limit: u32) -> Result<Vec<EnrolmentId>> {
        pending()
    }
    pub fn next_wake(&mut self) -> Result<Option<Timestamp>> {
        pending()
    }
    pub fn save_enrolment(
        &mut self,
        enrolment: &Enrolment,
        wake_at: Option<Timestamp>,
    ) -> Result<bool> {
        pending()
    }
    pub fn set_wake(&mut self, id: EnrolmentId, wake_at: Option<Timestamp>) -> Result<()> {
        pending()
    }
    pub fn enrolments_page(
        &mut self,
        flow: &FlowId,
        before: Option<EnrolmentId>,
        limit: u32,
    ) -> Result<Vec<Enrolment>> {
        pending()
    }
    pub fn scan_enrolments(
        &mut self,
        flow: Option<&FlowId>,
        f: &mut dyn FnMut(Enrolment) -> Result<()>,
    ) -> Result<()> {
        pending()
    }
    pub fn step_counts(&mut self, flow: &FlowId) -> Result<Vec<StepCount>> {
        pending()
    }
    pub fn plan_message(&mut self, new: &NewMessage) -> Result<Option<MessageId>> {
        pending()
    }
    pub fn message(&mut self, id: MessageId) -> Result<Option<Message>> {
        pending()
    }
    pub fn save_message(&mut self, message: &Message) -> Result<bool> {
        pending()
    }
    pub fn due_messages(&mut self, now: Timestamp, limit: u32) -> Result<Vec<MessageId>> {
        pending()
    }
    pub fn messages_of(&mut self, customer: CustomerId) -> Result<Vec<Message>> {
        pending()
    }
    pub fn open_messages_of_enrolment(&mut self, enrolment: EnrolmentId) -> Result<Vec<Message>> {
        pending()
    }
    pub fn hand_overs_since(
        &mut self,
        customer: CustomerId,
        since: Timestamp,
    ) -> Result<Vec<Timestamp>> {
        pending()
    }
    pub fn stale_claims(&mut self, before: Timestamp, limit: u32) -> Result<Vec<MessageId>> {
        pending()
    }
    pub fn state_counts(&mut self) -> Result<Vec<(MessageState, u64)>> {
        pending()
    }
    pub fn count_created(&mut self) -> Result<u64> {
        pending()
    }
    pub fn touch_message(&mut self, id: MessageId, f: &mut dyn FnMut(&mut Touches)) -> Result<()> {
        pending()
    }
    pub fn touches(&mut self, id: MessageId) -> Result<Touches> {
        pending()
    }
    pub fn scan_messages(
        &mut self,
        flow: Option<&FlowId>,
        f: &mut dyn FnMut(Message, Touches) -> Result<()>,
    ) -> Result<()> {
        pending()
    }
    pub fn keep_letter(&mut self, letter: &Letter) -> Result<i64> {
        pending()
    }
    pub fn letters_page(
        &mut self,
        before: Option<i64>,
        search: &str,
        limit: u32,
    ) -> Result<Vec<LetterHead>> {
        pending()
    }
    pub fn letter(&mut self, id: i64) -> Result<Option<(LetterHead, Vec<u8>)>> {
        pending()
    }
    pub fn letter_of_message(&mut self, message: MessageId) -> Result<Option<i64>> {
        pending()
    }
    pub fn count_letters(&mut self) -> Result<u64> {
        pending()
    }
    pub fn add_coupons(&mut self, coupons: &[Coupon]) -> Result<u64> {
        pending()
    }
    pub fn free_coupons(&mut self, pool: &PoolId) -> Result<u64> {
        pending()
    }
    pub fn reserve_coupon(
        &mut self,
        pool: &PoolId,
        customer: CustomerId,
        expires_at: Timestamp,
    ) -> Result<Option<Coupon>> {
        pending()
    }
    pub fn coupon(&mut self, code: &str) -> Result<Option<Coupon>> {
        pending()
    }
    pub fn redeem_coupon(&mut self, code: &str, order: &OrderId) -> Result<bool> {
        pending()
    }
    pub fn coupon_counts(&mut self) -> Result<Vec<(PoolId, CouponState, u64)>> {
        pending()
    }
    pub fn add_review(&mut self, review: &Review) -> Result<i64> {
        pending()
    }
    pub fn reviews_of(&mut self, product: ProductId) -> Result<Vec<Review>> {
        pending()
    }
    pub fn set_review_state(&mut self, id: i64, state: ReviewState) -> Result<()> {
        pending()
    }
    pub fn ratings(&mut self) -> Result<Vec<(ProductId, Rating)>> {
        pending()
    }
    pub fn count_reviews(&mut self, state: ReviewState) -> Result<u64> {
        pending()
    }
    pub fn scan_reviews(&mut self, f: &mut dyn FnMut(Review) -> Result<()>) -> Result<()> {
        pending()
    }
    pub fn setting(&mut self, name: &str) -> Result<Option<String>> {
        pending()
    }
    pub fn sums_hold(&mut self) -> Result<Vec<String>> {
        pending()
    }
    pub fn set_setting(&mut self, name: &str, value: &str) -> Result<()> {
        pending()
    }
    pub fn save_blob(&mut self, name: &str, bytes: &[u8], at: Timestamp) -> Result<u32> {
        pending()
    }
    pub fn blob(&mut self, name: &str) -> Result<Option<(u32, Timestamp, Vec<u8>)>> {
        pending()
    }
    /// As [`Tx::letters_page`], of the messages of one step.
    pub fn letters_page_of_step(
        &mut self,
        step: &StepId,
        before: Option<i64>,
        search: &str,
        limit: u32,
    ) -> Result<Vec<LetterHead>> {
        pending()
    }
}
