//! One customer: what happened, why an email was or was not sent, and what comes next.

use aftercart_flow::{Effect, Facts, Flow, advance};
use aftercart_model::{
    Consent, Customer, CustomerId, Enrolment, Event, EventBody, FlowId, Message, MessageState,
    Order, Position, StepId, Suppression, Timestamp,
};
use aftercart_policy::{GateAnswer, Verdict, gates, verdict};
use aftercart_segment::{HistoryBuffer, Subject, evaluate, parse};
use aftercart_store::Tx;
use anyhow::Result;

use crate::{
    CustomerAdvice, Engine,
    advance_enrolments::{customer_facts, exit_words},
};

/// How far ahead "what comes next" looks, in moves.
const STEPS_AHEAD_MAX: usize = 20;
const TIMELINE_PAGE: u32 = 50;

/// Whether a gate lets an email through, with its value.
pub type Gate = GateAnswer;

pub struct CustomerView {
    pub customer: Customer,
    pub orders: Vec<Order>,
    pub spent_minor: i64,
    pub consents: Vec<Consent>,
    pub suppression: Option<Suppression>,
    pub enrolments: Vec<(Enrolment, String)>,
    pub messages: Vec<Message>,
    pub sent_in_7_days: u64,
    pub timeline: Vec<TimelineEntry>,
    /// Where the next page of the timeline begins.
    pub older: Option<(Timestamp, u64)>,
    pub advice: Option<CustomerAdvice>,
    /// Names of the stored segments the customer is in.
    pub segments: Vec<String>,
    /// What stands between this customer and the next or last email of the current flow.
    pub gates: Vec<Gate>,
    pub verdict: Option<Verdict>,
    pub next: Vec<NextStep>,
    /// Why the customer is in no flow, in words, if in none.
    pub not_enrolled: Option<String>,
}

/// An email still to come, if nothing happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextStep {
    pub at: Timestamp,
    pub step: StepId,
    pub title: String,
}

/// An event with what is needed to tell it.
pub struct TimelineEntry {
    pub event: Event,
    /// The message it is about, if it is about one.
    pub message: Option<Message>,
    /// The letter in the inbox, if it was caught.
    pub letter: Option<i64>,
    pub order: Option<Order>,
}

impl Engine {
    pub fn view_customer(
        &self,
        id: CustomerId,
        before: Option<(Timestamp, u64)>,
        now: Timestamp,
    ) -> Result<Option<CustomerView>> {
        let view = self.store().read(|tx| {
            let Some(customer) = tx.customer(id)? else { return Ok(None) };
            let orders = tx.orders_of(id)?;
            let suppression = match &customer.email {
                Some(address) => tx.suppression_of(address)?,
                None => None,
            };
            let mut enrolments = Vec::new();
            for enrolment in tx.enrolments_of(id)? {
                let flow = self.flow_version(tx, &enrolment.flow, enrolment.flow_version)?;
                enrolments.push((enrolment, flow.name().to_owned()));
            }
            let messages = tx.messages_of(id)?;
            let week = jiff::SignedDuration::from_hours(7 * 24);
            let sent_in_7_days = tx.hand_overs_since(id, now - week)?.len() as u64;
            let (timeline, older) = self.timeline(tx, id, before)?;
            let (gates, verdict) = self.gates_of(tx, &messages, now)?;
            let next = self.next_steps(tx, &enrolments, &customer, now)?;
            let not_enrolled = not_enrolled(&enrolments, &orders);
            Ok(Some(CustomerView {
                spent_minor: orders.iter().map(Order::net_minor).sum(),
                consents: tx.consents_of(id)?,
                segments: self.segments_of(tx, &customer, now)?,
                customer,
                orders,
                suppression,
                enrolments,
                messages,
                sent_in_7_days,
                timeline,
                older,
                advice: None,
                gates,
                verdict,
                next,
                not_enrolled,
            }))
        })?;
        let Some(mut view) = view else { return Ok(None) };
        if self.known()?.model.is_some() && !view.orders.is_empty() {
            view.advice = Some(self.advise_on_customer(id, 3, now)?);
        }
        Ok(Some(view))
    }

    #[expect(clippy::type_complexity, reason = "a page and where the next one begins")]
    fn timeline(
        &self,
        tx: &mut Tx<'_>,
        id: CustomerId,
        before: Option<(Timestamp, u64)>,
    ) -> Result<(Vec<TimelineEntry>, Option<(Timestamp, u64)>)> {
        let events = tx.events_page(id, before, TIMELINE_PAGE)?;
        let is_full = events.len() == TIMELINE_PAGE as usize;
        let older = events.last().filter(|_| is_full).map(|it| (it.at, it.seq));
        let mut timeline = Vec::new();
        for event in events {
            let message = match message_of(&event.body) {
                Some(id) => tx.message(id)?,
                None => None,
            };
            let letter = match &message {
                Some(message) => tx.letter_of_message(message.id)?,
                None => None,
            };
            let order = match &event.body {
                EventBody::OrderPlaced { order, .. } | EventBody::OrderCancelled { order } => {
                    tx.order(order)?
                }
                _ => None,
            };
            timeline.push(TimelineEntry { event, message, letter, order });
        }
        Ok((timeline, older))
    }

    /// The gates as they stand now for the newest message that is or would be under way.
    fn gates_of(
        &self,
        tx: &mut Tx<'_>,
        messages: &[Message],
        now: Timestamp,
    ) -> Result<(Vec<Gate>, Option<Verdict>)> {
        let open = |it: &&Message| !it.state.is_terminal();
        let newest = messages.iter().filter(open).max_by_key(|it| it.due_at);
        let Some(message) = newest.or_else(|| messages.iter().max_by_key(|it| it.planned_at))
        else {
            return Ok((Vec::new(), None));
        };
        let mut facts = self.gate(tx, message, now)?;
        if message.state.is_terminal() {
            // The next email has its own time; this one's is over.
            facts.expires_at = Timestamp::MAX;
        }
        let given = verdict(&facts, self.rules(), now);
        Ok((gates(&facts, self.rules(), now), Some(given)))
    }

    /// The emails still to come, found by letting the flow go on with nothing happening.
    fn next_steps(
        &self,
        tx: &mut Tx<'_>,
        enrolments: &[(Enrolment, String)],
        customer: &Customer,
        now: Timestamp,
    ) -> Result<Vec<NextStep>> {
        let mut next = Vec::new();
        for (enrolment, _) in enrolments.iter().filter(|(it, _)| it.position.is_active()) {
            let flow = self.flow_version(tx, &enrolment.flow, enrolment.flow_version)?;
            next.extend(self.steps_ahead(&flow, enrolment, customer, now));
        }
        next.sort_by_key(|it| it.at);
        Ok(next)
    }

    fn steps_ahead(
        &self,
        flow: &Flow,
        enrolment: &Enrolment,
        customer: &Customer,
        now: Timestamp,
    ) -> Vec<NextStep> {
        let facts = Facts {
            zone: self.zone_of(customer),
            entered_at: enrolment.entered_at,
            trigger_order: enrolment.trigger_order.clone(),
            bought: None,
            is_reviewed: false,
            is_in_audience: true,
            stop: None,
            is_met: &|_| false,
        };
        let mut next = Vec::new();
        let mut position = enrolment.position.clone();
        let mut at = now;
        for _ in 0..STEPS_AHEAD_MAX {
            at = match &position {
                Position::Waiting { until, .. } => at.max(*until),
                Position::Ready { .. } => at,
                Position::Exited { .. } => break,
            };
            let moved = advance(flow, &position, &facts, at);
            for effect in &moved.effects {
                if let Effect::PlanMessage { step, .. } = effect {
                    let title = flow.step(step).map(aftercart_flow::Step::title);
                    next.push(NextStep {
                        at,
                        step: step.clone(),
                        title: title.unwrap_or_default(),
                    });
                }
            }
            position = moved.to;
        }
        next
    }

    fn segments_of(
        &self,
        tx: &mut Tx<'_>,
        customer: &Customer,
        now: Timestamp,
    ) -> Result<Vec<String>> {
        let known = self.known_in(tx)?;
        let buffer = HistoryBuffer::of(&tx.events_of(customer.id)?);
        let facts = customer_facts(tx, customer)?;
        let zone = self.zone_of(customer);
        let subject = Subject {
            history: buffer.as_history(),
            customer: &facts,
            catalogue: &known.catalogue,
            relations: &known.relations,
            zone: &zone,
        };
        let mut names = Vec::new();
        for segment in tx.segments()? {
            if evaluate(&parse(&segment.condition)?, &subject, now) {
                names.push(segment.name);
            }
        }
        Ok(names)
    }

    /// Why a customer did or did not get the email of a step, as one sentence.
    pub fn why(&self, view: &CustomerView, flow: &FlowId, step: &StepId) -> String {
        let of_step = |it: &&Message| it.flow == *flow && it.step == *step;
        let message = view.messages.iter().filter(of_step).max_by_key(|it| it.planned_at);
        let reason = |message: &Message| message.reason.clone().unwrap_or_default();
        if let Some(message) = message {
            return match message.state {
                MessageState::Sent => "It was sent".to_owned(),
                MessageState::Bounced => format!("It bounced: {}", reason(message)),
                MessageState::Cancelled | MessageState::Expired => {
                    format!("It was not sent: {}", reason(message))
                }
                MessageState::Deferred => format!("It is held back: {}", reason(message)),
                MessageState::InDoubt => "It may have been sent: the answer was lost".to_owned(),
                MessageState::Planned | MessageState::Ready | MessageState::Claimed => {
                    "It is on its way".to_owned()
                }
            };
        }
        let enrolment = view.enrolments.iter().rev().find(|(it, _)| it.flow == *flow);
        match enrolment.map(|(it, _)| &it.position) {
            None => "Never enrolled in this flow".to_owned(),
            Some(Position::Exited { reason, .. }) => {
                format!("Left the flow before it: {}", exit_words(*reason))
            }
            Some(_) if view.next.iter().any(|it| it.step == *step) => "Still to come".to_owned(),
            Some(_) => "Not part of the way this customer took".to_owned(),
        }
    }
}

fn message_of(body: &EventBody) -> Option<aftercart_model::MessageId> {
    match body {
        EventBody::MessageSent { message, .. }
        | EventBody::MessageDelivered { message }
        | EventBody::MessageBounced { message, .. }
        | EventBody::MessageComplained { message }
        | EventBody::MessageOpened { message, .. }
        | EventBody::MessageClicked { message, .. }
        | EventBody::MessageDeferred { message, .. }
        | EventBody::MessageDropped { message, .. } => Some(*message),
        _ => None,
    }
}

fn not_enrolled(enrolments: &[(Enrolment, String)], orders: &[Order]) -> Option<String> {
    if enrolments.iter().any(|(it, _)| it.position.is_active()) {
        return None;
    }
    Some(match (enrolments.last(), orders.last()) {
        (Some((last, name)), _) => match &last.position {
            Position::Exited { reason, .. } => format!("left {name}: {}", exit_words(*reason)),
            _ => return None,
        },
        (None, Some(_)) => "no order since the flows went live".to_owned(),
        (None, None) => "has not ordered yet".to_owned(),
    })
}
