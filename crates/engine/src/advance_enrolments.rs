//! Enrolling customers and moving them through their flows.
//!
//! `flow` decides, purely; here its facts are read and its effects carried out, in the transaction
//! that stores the new position. The same function serves a wait that is over, an order that has
//! just been accepted and anybody who asks again: with the same facts it does nothing twice.

use std::{collections::BTreeSet, sync::Arc};

use aftercart_flow::{
    Begun, Effect, Entry, EntryFacts, ExitWhen, Facts, Flow, advance, began_at, ending, entry,
};
use aftercart_model::{
    Customer, CustomerId, DuePurchase, Enrolment, EnrolmentId, EventBody, ExitReason, FlowId,
    MessageState, NewEnrolment, Order, OrderId, Position, SuppressionReason, Timestamp,
};
use aftercart_segment::{Condition, Consents, CustomerFacts, HistoryBuffer, Subject, evaluate};
use aftercart_store::{FlowState, Tx};
use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, tz::TimeZone};
use tracing::{error, warn};

use crate::{Engine, merge_customers::bars_of, segments::asked_segments};

/// A customer moved from flow to flow to flow is a ring that nobody meant.
const FLOWS_ON_MAX: u32 = 8;
/// When an enrolment that could not be moved is tried again; twice as long each time after.
const TRY_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// How often one that cannot be moved is tried, over some 16 hours: what mends itself has done so by
/// then, and the rest needs a person.
const SET_ASIDE_MAX: u32 = 7;
/// How many enrolments one transaction advances: long enough to pay for its commit, short enough
/// that events get in between.
const BATCH: u32 = 200;

/// A flow as it enrols now.
pub(crate) struct Running {
    pub version: u32,
    pub flow: Arc<Flow>,
}

/// Where a customer goes on after a flow.
pub(crate) struct Onward {
    pub flow: FlowId,
    pub trigger_order: Option<OrderId>,
}

impl Engine {
    /// Moves every enrolment whose wait is over. Says how many were moved.
    pub fn advance_due(&self, now: Timestamp) -> Result<u64> {
        let mut moved = 0;
        loop {
            let due = self.store().read(|tx| tx.due_enrolments(now, BATCH))?;
            let advance_all =
                |tx: &mut Tx<'_>| due.iter().try_for_each(|id| self.advance(tx, *id, now, 0));
            if self.store().write(advance_all).is_err() {
                // One of them cannot be moved; the others are not to wait for it.
                due.iter().try_for_each(|id| self.advance_or_set_aside(*id, now))?;
            }
            moved += due.len() as u64;
            if due.len() < BATCH as usize {
                return Ok(moved);
            }
        }
    }

    fn advance_or_set_aside(&self, id: EnrolmentId, now: Timestamp) -> Result<()> {
        self.store().write(|tx| self.advance(tx, id, now, 0)).or_else(|err| {
            self.store().write(|tx| {
                let times = tx.count_enrolment_set_aside(id)?;
                if times < SET_ASIDE_MAX {
                    warn!(enrolment.id = id.0, "the enrolment cannot go on, others do: {err:#}");
                    let after = TRY_AGAIN_AFTER * (1 << (times - 1));
                    return tx.set_wake(id, Some(now + after));
                }
                error!(enrolment.id = id.0, "set aside after {times} tries: {err:#}");
                tx.set_wake(id, None)
            })
        })
    }

    /// Tries those of a flow's enrolments again that were set aside because they could not be moved;
    /// how many they are. Called by an operator who has mended what was wrong.
    pub fn retry_set_aside(&self, flow: &FlowId, now: Timestamp) -> Result<u64> {
        self.store().write(|tx| {
            tx.flow(flow)?.with_context(|| format!("there is no flow `{flow}`"))?;
            tx.wake_set_aside(flow, now)
        })
    }

    /// Moves one enrolment as far as it goes now.
    pub(crate) fn advance(
        &self,
        tx: &mut Tx<'_>,
        id: EnrolmentId,
        now: Timestamp,
        flows_on: u32,
    ) -> Result<()> {
        let Some(enrolment) = tx.enrolment(id)?.filter(|it| it.position.is_active()) else {
            return tx.set_wake(id, None);
        };
        tx.lock_customer(enrolment.customer)?;
        let state = tx.flow(&enrolment.flow)?.map(|it| it.state);
        if state == Some(FlowState::Paused) {
            // Frozen until it is resumed, which wakes it again.
            return tx.set_wake(id, None);
        }
        let stop = self.stop_reason(tx, &enrolment, state)?;
        self.walk(tx, enrolment, stop, now, flows_on)
    }

    /// What ends an enrolment from outside its flow.
    fn stop_reason(
        &self,
        tx: &mut Tx<'_>,
        enrolment: &Enrolment,
        state: Option<FlowState>,
    ) -> Result<Option<ExitReason>> {
        if state != Some(FlowState::Live) {
            return Ok(Some(ExitReason::FlowStopped));
        }
        if tx.customer(enrolment.customer)?.is_none() {
            return Ok(Some(ExitReason::Erased));
        }
        let flow = self.flow_version(tx, &enrolment.flow, enrolment.flow_version)?;
        let (begun, known) = (self.begun(tx, enrolment)?, self.known_of(tx, enrolment.customer)?);
        Ok(ending(&flow, &begun, &known).and_then(|it| it.stop()))
    }

    pub(crate) fn walk(
        &self,
        tx: &mut Tx<'_>,
        mut enrolment: Enrolment,
        stop: Option<ExitReason>,
        now: Timestamp,
        flows_on: u32,
    ) -> Result<()> {
        let flow = self.flow_version(tx, &enrolment.flow, enrolment.flow_version)?;
        let customer = tx.customer(enrolment.customer)?.context("an enrolment of nobody")?;
        let (trigger, since) = self.since_trigger(tx, &enrolment)?;
        let bought = tx.first_order_after(customer.id, since, trigger.as_ref())?;
        let entered_at = Some(enrolment.entered_at);
        let is_in_audience = self.is_in_audience(tx, &flow, &customer, entered_at, now)?;
        let is_reviewed = self.is_reviewed(tx, &flow, &enrolment)?;
        let asked = self.conditions_asked(tx, &flow, &customer, entered_at, now)?;
        let is_met =
            |condition: &Condition| asked.iter().any(|(it, answer)| it == condition && *answer);
        let facts = Facts {
            zone: self.zone_of(&customer),
            entered_at: enrolment.entered_at,
            trigger_order: trigger,
            bought: bought.map(|it| it.id),
            is_reviewed,
            is_in_audience,
            stop,
            is_met: &is_met,
        };
        let moved = advance(&flow, &enrolment.position, &facts, now);
        let mut wake_at = None;
        let mut on = Vec::new();
        for effect in moved.effects {
            match effect {
                Effect::WakeAt(at) => wake_at = Some(at),
                Effect::PlanMessage { step, template, is_coupon_named, products } => {
                    let send =
                        crate::plan_message::Send { step, template, is_coupon_named, products };
                    self.plan_message(tx, &flow, &mut enrolment, &customer, &send, now)?;
                }
                Effect::MoveToFlow { flow, trigger_order } => {
                    on.push(Onward { flow, trigger_order })
                }
            }
        }
        let from = enrolment.flow.clone();
        enrolment.position = moved.to;
        self.save(tx, &enrolment, wake_at, now)?;
        for onward in on {
            self.move_on(tx, customer.id, &from, onward, now, flows_on)?;
        }
        Ok(())
    }

    /// Stores a position; at the end of the flow tells the log and cancels what was planned.
    pub(crate) fn save(
        &self,
        tx: &mut Tx<'_>,
        enrolment: &Enrolment,
        wake_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<()> {
        if !tx.save_enrolment(enrolment, wake_at)? {
            bail!("enrolment {} was changed by somebody else under our lock", enrolment.id);
        }
        let Position::Exited { reason, .. } = &enrolment.position else { return Ok(()) };
        let (id, flow, reason) = (enrolment.id, enrolment.flow.clone(), *reason);
        let ended = EventBody::EnrolmentEnded { enrolment: id, flow, reason };
        self.note(tx, format!("ended:{id}"), enrolment.customer, now, ended)?;
        if reason == ExitReason::Completed {
            return Ok(());
        }
        for message in tx.open_messages_of_enrolment(id)? {
            self.change(tx, message.id, now, &mut |it| {
                it.state = MessageState::Cancelled;
                it.reason = Some(why_left(reason));
            })?;
        }
        Ok(())
    }

    pub(crate) fn move_on(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        from: &FlowId,
        onward: Onward,
        now: Timestamp,
        flows_on: u32,
    ) -> Result<()> {
        let Some(stored) = tx.flow(&onward.flow)?.filter(|it| it.state == FlowState::Live) else {
            return Ok(());
        };
        let flow = self.flow_version(tx, &stored.id, stored.version)?;
        if flow.is_moved_into_from(from) && flows_on < FLOWS_ON_MAX {
            let order = match onward.trigger_order {
                Some(id) => tx.order(&id)?,
                None => None,
            };
            let running = Running { version: stored.version, flow };
            self.enrol(tx, &running, customer, order.as_ref(), now, flows_on + 1)?;
        }
        Ok(())
    }

    /// When the customer last entered a flow, those entries left out that an order placed after
    /// `order` made: they came before only in the telling.
    fn entered_before(
        &self,
        tx: &mut Tx<'_>,
        flow: &FlowId,
        customer: CustomerId,
        order: Option<&Order>,
    ) -> Result<Option<Timestamp>> {
        let latest = tx.latest_entry(flow, customer)?;
        let (Some(_), Some(order)) = (latest, order) else { return Ok(latest) };
        let mut began = None;
        for entry in tx.enrolments_of(customer)?.iter().filter(|it| it.flow == *flow) {
            let begun = self.begun(tx, entry)?;
            if (begun.at, begun.order.as_ref()) <= (order.placed_at, Some(&order.id)) {
                began = began.max(Some(began_at(&begun, entry.entered_at)));
            }
        }
        Ok(began)
    }

    /// After a review was accepted: the flows that asked for it are done.
    pub(crate) fn after_review(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<()> {
        for enrolment in tx.active_enrolments_of(customer)? {
            let flow = self.flow_version(tx, &enrolment.flow, enrolment.flow_version)?;
            if flow.exit().iter().any(|it| it.when == ExitWhen::ProductReviewed) {
                self.advance(tx, enrolment.id, now, 0)?;
            }
        }
        Ok(())
    }

    /// Ends everything a customer is in.
    pub(crate) fn end_all(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        reason: ExitReason,
        now: Timestamp,
    ) -> Result<()> {
        for enrolment in tx.active_enrolments_of(customer)? {
            self.walk(tx, enrolment, Some(reason), now, 0)?;
        }
        Ok(())
    }

    /// Enrols a customer if the flow lets them in, and moves them as far as they go.
    pub(crate) fn enrol(
        &self,
        tx: &mut Tx<'_>,
        running: &Running,
        customer: CustomerId,
        order: Option<&Order>,
        now: Timestamp,
        flows_on: u32,
    ) -> Result<Option<EnrolmentId>> {
        let flow = &*running.flow;
        let known = tx.customer(customer)?.context("an event of nobody")?;
        let is_filter_met = match (flow.order_trigger().flatten(), order) {
            (Some(filter), Some(_)) => self.is_met(tx, filter, &known, None, now)?,
            _ => true,
        };
        let began = order.map_or(now, |it| {
            let begun = Begun { at: it.placed_at, order: Some(it.id.clone()) };
            began_at(&begun, now)
        });
        let facts = EntryFacts {
            customer,
            at: began,
            is_key_used: false, // The store's unique constraint answers, whatever we think.
            last_entered_at: self.entered_before(tx, flow.id(), customer, order)?,
            is_filter_met,
            is_in_audience: self.is_in_audience(tx, flow, &known, None, now)?,
        };
        match entry(flow, &facts, self.keys().holdout()) {
            Entry::Enrol { .. } => self.let_in(tx, running, customer, order, now, flows_on),
            Entry::Refuse { .. } => Ok(None),
        }
    }

    /// Enrols a customer who is due to buy something again, if the flow lets them in.
    pub(crate) fn enrol_due(
        &self,
        tx: &mut Tx<'_>,
        running: &Running,
        customer: CustomerId,
        due: &DuePurchase,
        now: Timestamp,
    ) -> Result<Option<EnrolmentId>> {
        let flow = &*running.flow;
        let known = tx.customer(customer)?.context("an order of nobody")?;
        let facts = EntryFacts {
            customer,
            at: now,
            is_key_used: false, // The store's unique constraint answers, whatever we think.
            last_entered_at: self.entered_before(tx, flow.id(), customer, None)?,
            is_filter_met: true,
            is_in_audience: self.is_in_audience(tx, flow, &known, None, now)?,
        };
        match entry(flow, &facts, self.keys().holdout()) {
            Entry::Enrol { .. } => {
                self.let_in_by(tx, running, customer, due.to_string(), None, now, 0)
            }
            Entry::Refuse { .. } => Ok(None),
        }
    }

    /// Enrols a customer whom the flow lets in, and moves them as far as they go.
    pub(crate) fn let_in(
        &self,
        tx: &mut Tx<'_>,
        running: &Running,
        customer: CustomerId,
        order: Option<&Order>,
        now: Timestamp,
        flows_on: u32,
    ) -> Result<Option<EnrolmentId>> {
        let trigger_key = match (running.flow.trigger_key(), order) {
            (aftercart_flow::TriggerKey::Order, Some(order)) => order.id.to_string(),
            _ => format!("customer {customer}"),
        };
        self.let_in_by(tx, running, customer, trigger_key, order, now, flows_on)
    }

    #[expect(clippy::too_many_arguments)]
    fn let_in_by(
        &self,
        tx: &mut Tx<'_>,
        running: &Running,
        customer: CustomerId,
        trigger_key: String,
        order: Option<&Order>,
        now: Timestamp,
        flows_on: u32,
    ) -> Result<Option<EnrolmentId>> {
        let flow = &*running.flow;
        let facts = EntryFacts {
            customer,
            at: now,
            is_key_used: false,
            last_entered_at: None,
            is_filter_met: true,
            is_in_audience: true,
        };
        let Entry::Enrol { position, is_held_out } = entry(flow, &facts, self.keys().holdout())
        else {
            return Ok(None);
        };
        let new = NewEnrolment {
            customer,
            flow: flow.id().clone(),
            flow_version: running.version,
            trigger_key,
            trigger_order: order.map(|it| it.id.clone()),
            position: position.clone(),
            is_held_out,
            entered_at: now,
        };
        let Some(id) = tx.enrol(&new)? else { return Ok(None) };
        let enrolled = EventBody::Enrolled { enrolment: id, flow: flow.id().clone(), is_held_out };
        self.note(tx, format!("enrolled:{id}"), customer, now, enrolled)?;
        if position.is_active() {
            self.advance(tx, id, now, flows_on)?;
        }
        Ok(Some(id))
    }

    /// The order an enrolment began with, and the moment from which another one ends it.
    pub(crate) fn since_trigger(
        &self,
        tx: &mut Tx<'_>,
        enrolment: &Enrolment,
    ) -> Result<(Option<OrderId>, Timestamp)> {
        let Some(id) = &enrolment.trigger_order else { return Ok((None, enrolment.entered_at)) };
        let placed_at = tx.order(id)?.map_or(enrolment.entered_at, |it| it.placed_at);
        Ok((Some(id.clone()), placed_at))
    }

    /// Whether the order an enrolment began with was cancelled since.
    pub(crate) fn is_order_cancelled(
        &self,
        tx: &mut Tx<'_>,
        enrolment: &Enrolment,
    ) -> Result<bool> {
        let Some(id) = &enrolment.trigger_order else { return Ok(false) };
        Ok(tx.order(id)?.is_some_and(|it| !it.is_purchase()))
    }

    fn is_reviewed(&self, tx: &mut Tx<'_>, flow: &Flow, enrolment: &Enrolment) -> Result<bool> {
        if !flow.exit().iter().any(|it| it.when == ExitWhen::ProductReviewed) {
            return Ok(false);
        }
        let order = match &enrolment.trigger_order {
            Some(id) => tx.order(id)?,
            None => None,
        };
        let root = tx.root_of(enrolment.customer)?;
        for line in order.iter().flat_map(|it| &it.lines) {
            let of_customer = |it: &aftercart_model::Review| {
                it.customer == Some(root) && it.at >= enrolment.entered_at
            };
            if tx.reviews_of(line.product)?.iter().any(of_customer) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Answers to the conditions in a flow's splits and exit criteria, for this customer now.
    fn conditions_asked(
        &self,
        tx: &mut Tx<'_>,
        flow: &Flow,
        customer: &Customer,
        entered_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<(Condition, bool)>> {
        let mut answers = Vec::new();
        for condition in flow.conditions_on_the_way() {
            let answer = self.is_met(tx, condition, customer, entered_at, now)?;
            answers.push((condition.clone(), answer));
        }
        Ok(answers)
    }

    pub(crate) fn is_in_audience(
        &self,
        tx: &mut Tx<'_>,
        flow: &Flow,
        customer: &Customer,
        entered_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool> {
        match flow.audience() {
            Some(condition) => self.is_met(tx, condition, customer, entered_at, now),
            None => Ok(true),
        }
    }

    /// Whether one customer meets a condition now, asked of the customer's own rows; `entered_at` is
    /// when they entered the flow that asks.
    pub(crate) fn is_met(
        &self,
        tx: &mut Tx<'_>,
        condition: &Condition,
        customer: &Customer,
        entered_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool> {
        let known = self.known_in(tx)?;
        let buffer = HistoryBuffer::of(&tx.events_of(customer.id)?);
        let (facts, zone) = (customer_facts(tx, customer)?, self.zone_of(customer));
        let segments = asked_segments(tx, &[condition])?;
        let shop = known.shop(&segments);
        let subject =
            Subject { entered_at, ..Subject::new(buffer.as_history(), &facts, &zone, shop) };
        Ok(evaluate(condition, &subject, now))
    }

    /// The customer's zone, else the shop's.
    pub(crate) fn zone_of(&self, customer: &Customer) -> TimeZone {
        let own = customer.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        own.unwrap_or_else(|| self.shop().zone())
    }
}

/// What conditions ask about a customer beside the history.
pub(crate) fn customer_facts(tx: &mut Tx<'_>, customer: &Customer) -> Result<CustomerFacts> {
    let consents = tx.consents_of(customer.id)?.iter().collect();
    let bars = bars_of(tx, customer)?.into_iter().map(|it| it.reason).collect();
    let lists = tx.lists_of(customer.id)?.into_iter();
    let lists = lists.flat_map(|it| [it.name, it.id.to_string()]).collect();
    Ok(facts_of(customer.clone(), consents, bars, lists))
}

/// What conditions ask about, of what is kept of a customer. Places other than the country are told
/// as attributes.
pub(crate) fn facts_of(
    customer: Customer,
    consents: Consents,
    mut bars: Vec<SuppressionReason>,
    lists: BTreeSet<String>,
) -> CustomerFacts {
    bars.sort_unstable_by_key(|it| *it as u8);
    let place = |names: &[&str]| {
        let told = names.iter().find_map(|it| customer.attributes.get(*it));
        told.and_then(|it| it.as_str()).map(str::to_owned)
    };
    CustomerFacts {
        has_email: customer.email.is_some(),
        region: place(&["region", "state", "province"]),
        city: place(&["city"]),
        postal_code: place(&["postal_code", "postalCode", "zip"]),
        country: customer.country,
        locale: customer.locale,
        consents,
        bars,
        attributes: customer.attributes,
        lists,
    }
}

/// Why a message of somebody who left the flow never goes.
pub(crate) fn why_left(reason: ExitReason) -> String {
    format!("left the flow: {}", exit_words(reason))
}

/// Why somebody left a flow, in words a shopkeeper reads.
pub(crate) fn exit_words(reason: ExitReason) -> &'static str {
    match reason {
        ExitReason::Completed => "went through to the end",
        ExitReason::Purchase => "ordered again",
        ExitReason::HeldOut => "held out by lot",
        ExitReason::Unsubscribed => "unsubscribed",
        ExitReason::Suppressed => "suppressed",
        ExitReason::Converted => "did what the flow asked for",
        ExitReason::Audience => "no longer in the audience",
        ExitReason::FlowStopped => "the flow was stopped",
        ExitReason::Erased => "erased",
    }
}
