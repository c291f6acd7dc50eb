//! One customer: what happened, why an email was or was not sent, and what comes next.

use std::collections::BTreeMap;

use aftercart_flow::{Effect, Facts, Flow, advance};
use aftercart_model::{
    Consent, Customer, CustomerId, Enrolment, Event, EventBody, EventKind, ExitReason, FlowId,
    Message, MessageState, Order, Position, StepId, Suppression, Timestamp, Touches,
};
use aftercart_policy::{GateAnswer, GateName, Reason, gates};
use aftercart_segment::{Condition, HistoryBuffer, Subject, evaluate, parse};
use aftercart_store::{FlowState, Tx};
use anyhow::{Context, Result};

use crate::{
    Engine,
    advance_enrolments::{customer_facts, exit_words},
    merge_customers::bar_of,
    segments::asked_segments,
};

/// How far ahead "what comes next" looks, in moves.
const STEPS_AHEAD_MAX: usize = 20;
pub const TIMELINE_PAGE: u32 = 50;
/// Entries of the consent ledger that are shown; few say so much so often.
pub const LEDGER_MAX: usize = 50;
const WEEK: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);

/// Whether a gate lets an email through, with its value.
pub type Gate = GateAnswer;

/// Who a customer is and what happened to them, but for the question why.
pub struct CustomerView {
    pub customer: Customer,
    /// The shop's own id, if it gave one.
    pub shop_id: Option<String>,
    pub orders: Vec<Order>,
    pub spent_minor: i64,
    pub consents: Vec<Consent>,
    /// What they said about mail, entry by entry, the newest first; at most [`LEDGER_MAX`].
    pub ledger: Vec<Consent>,
    pub suppression: Option<Suppression>,
    pub sent_in_7_days: u64,
    pub timeline: Vec<TimelineEntry>,
    /// Where the next page of the timeline begins.
    pub older: Option<(Timestamp, u64)>,
    /// Ids and names of the stored segments the customer is in.
    pub segments: Vec<(String, String)>,
}

/// Which part of a timeline is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineOf {
    Everything,
    Emails,
    Orders,
    Visits,
}

impl TimelineOf {
    fn kinds(self) -> Option<(EventKind, EventKind)> {
        match self {
            Self::Everything => None,
            Self::Emails => Some((EventKind::MessageSent, EventKind::MessageDropped)),
            Self::Orders => Some((EventKind::OrderPlaced, EventKind::OrderRefunded)),
            Self::Visits => Some((EventKind::ProductViewed, EventKind::CheckoutStarted)),
        }
    }
}

/// Why a customer did or did not get an email, and what comes next.
pub struct CustomerAnswer {
    pub flow: FlowId,
    pub step: StepId,
    /// Of the flow, in their order.
    pub steps: Vec<(StepId, String)>,
    /// Every flow that sends emails.
    pub flows: Vec<(FlowId, String)>,
    pub why: Why,
    /// Every gate as it stands now, where one could hold the email back.
    pub gates: Vec<Gate>,
    /// What comes next in the flow if nothing happens, soonest first.
    pub next: Vec<NextStep>,
    /// Whether another order ends the flow.
    pub ends_on_purchase: bool,
    /// Whether something bars every email, so that those to come would not go either.
    pub is_barred: bool,
    /// Whether the flow is paused, so that nothing goes before it is resumed.
    pub is_paused: bool,
}

/// The answer, with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    Sent {
        at: Timestamp,
        /// By the customer, not by a machine.
        opened_at: Option<Timestamp>,
        clicked_at: Option<Timestamp>,
    },
    Bounced {
        at: Timestamp,
        reason: String,
    },
    /// It will never go.
    NotSent {
        reason: String,
    },
    HeldBack {
        until: Timestamp,
        reason: String,
    },
    /// Its flow is paused; nothing but an operator's word ends that.
    Frozen,
    /// The acknowledgement was lost; it is not sent again.
    InDoubt {
        at: Timestamp,
    },
    OnItsWay {
        due_at: Timestamp,
    },
    StillToCome {
        at: Timestamp,
    },
    /// Withheld by lot, so that the flow can be measured.
    HeldOut {
        at: Timestamp,
    },
    LeftBefore {
        at: Timestamp,
        reason: ExitReason,
    },
    /// In the flow, on a way that does not come by this email.
    NotOnTheWay,
    NeverEnrolled {
        cause: NotEnrolled,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotEnrolled {
    NeverOrdered,
    /// Nothing has been ordered since the flow went live.
    NoOrderSince {
        live_since: Timestamp,
    },
    /// The flow is not live.
    NotLive,
    /// There was an order, and what the flow asks for at entry was not met.
    NotLetIn,
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
    pub flow_name: Option<String>,
    pub step_title: Option<String>,
}

impl Engine {
    pub fn view_customer(
        &self,
        id: CustomerId,
        of: TimelineOf,
        before: Option<(Timestamp, u64)>,
        now: Timestamp,
    ) -> Result<Option<CustomerView>> {
        self.store().read(|tx| {
            let Some(customer) = tx.customer(id)? else { return Ok(None) };
            let orders = tx.orders_of(id)?;
            let suppression = bar_of(tx, &customer)?;
            let (timeline, older) = self.timeline(tx, id, of, before)?;
            let entries = tx.consent_entries_of(id)?;
            Ok(Some(CustomerView {
                shop_id: tx.external_id_of(id)?,
                spent_minor: orders.iter().map(Order::net_minor).sum(),
                consents: tx.consents_of(id)?,
                ledger: entries.into_iter().map(|(_, it)| it).take(LEDGER_MAX).collect(),
                segments: self.segments_of(tx, &customer, now)?,
                sent_in_7_days: tx.hand_overs_since(id, now - WEEK)?.len() as u64,
                customer,
                orders,
                suppression,
                timeline,
                older,
            }))
        })
    }

    #[expect(clippy::type_complexity, reason = "a page and where the next one begins")]
    fn timeline(
        &self,
        tx: &mut Tx<'_>,
        id: CustomerId,
        of: TimelineOf,
        before: Option<(Timestamp, u64)>,
    ) -> Result<(Vec<TimelineEntry>, Option<(Timestamp, u64)>)> {
        let events = match of.kinds() {
            Some(kinds) => tx.events_page_of_kinds(id, kinds, before, TIMELINE_PAGE)?,
            None => tx.events_page(id, before, TIMELINE_PAGE)?,
        };
        let is_full = events.len() == TIMELINE_PAGE as usize;
        let older = events.last().filter(|_| is_full).map(|it| (it.at, it.seq));
        let mut names = FlowNames::default();
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
            let flow = match (&event.body, &message) {
                (EventBody::Enrolled { flow, .. } | EventBody::EnrolmentEnded { flow, .. }, _) => {
                    Some(flow)
                }
                (_, Some(message)) => Some(&message.flow),
                _ => None,
            };
            let flow_name = match flow {
                Some(flow) => Some(names.of(self, tx, flow)?.0),
                None => None,
            };
            let step_title = match &message {
                Some(message) => names.of(self, tx, &message.flow)?.1.remove(&message.step),
                None => None,
            };
            timeline.push(TimelineEntry { event, message, letter, order, flow_name, step_title });
        }
        Ok((timeline, older))
    }

    /// Why a customer did or did not get an email. Without a flow, of the one entered last, and
    /// without a step, of the email planned last or next in it. `None` if no flow sends emails.
    pub fn explain_customer(
        &self,
        id: CustomerId,
        asked: (Option<&FlowId>, Option<&StepId>),
        now: Timestamp,
    ) -> Result<Option<CustomerAnswer>> {
        self.store().read(|tx| {
            let customer = tx.customer(id)?.context("an answer about nobody")?;
            let stored = tx.flows()?;
            let mut flows = Vec::new();
            for stored in stored {
                let flow = self.flow_version(tx, &stored.id, stored.version)?;
                if flow.sends().next().is_some() {
                    flows.push((stored, flow));
                }
            }
            let enrolments = tx.enrolments_of(id)?;
            let last = enrolments.iter().max_by_key(|it| (it.position.is_active(), it.entered_at));
            let wanted = asked.0.or(last.map(|it| &it.flow));
            let chosen = flows.iter().find(|(it, _)| Some(&it.id) == wanted);
            let Some((stored, flow)) = chosen.or_else(|| sells_most(&flows)) else {
                return Ok(None);
            };
            let names = flows.iter().map(|(it, flow)| (it.id.clone(), flow.name().to_owned()));
            let flows = names.collect();

            let of_flow = enrolments.iter().filter(|it| it.flow == stored.id);
            let enrolment = of_flow.max_by_key(|it| (it.position.is_active(), it.entered_at));
            let messages: Vec<Message> = match enrolment {
                Some(enrolment) => {
                    let all = tx.messages_of(id)?.into_iter();
                    all.filter(|it| it.enrolment == enrolment.id).collect()
                }
                None => Vec::new(),
            };
            let next = match enrolment.filter(|it| it.position.is_active()) {
                Some(enrolment) => {
                    let version = self.flow_version(tx, &enrolment.flow, enrolment.flow_version)?;
                    self.steps_ahead(&version, enrolment, &messages, &customer, now)
                }
                None => Vec::new(),
            };
            let open = messages.iter().rfind(|it| !it.state.is_terminal()).map(|it| &it.step);
            let planned = messages.iter().max_by_key(|it| it.planned_at).map(|it| &it.step);
            let first = flow.sends().next().map(|(step, _)| &step.id);
            let step = asked.1.filter(|it| flow.step(it).is_some());
            let step = step.or(open).or(planned).or(next.first().map(|it| &it.step));
            let step = step.or(first).context("a flow that sends emails")?.clone();

            let message = messages.iter().find(|it| it.step == step);
            let why = match (message, enrolment) {
                (Some(message), _) => why_of_message(message, &tx.touches(message.id)?),
                (None, Some(enrolment)) => why_of_enrolment(enrolment, &step, &next),
                (None, None) => {
                    let orders = tx.orders_of(id)?;
                    Why::NeverEnrolled { cause: not_enrolled(stored.live_since, &orders) }
                }
            };
            let is_paused = stored.state == FlowState::Paused;
            let why = if is_paused && is_to_come(&why) { Why::Frozen } else { why };
            let gates = match message
                .or(messages.last())
                .filter(|_| is_to_come(&why) || matches!(why, Why::NotSent { .. }))
            {
                Some(message) => self.gates_of(tx, message, now)?,
                None => Vec::new(),
            };
            let steps = flow.sends().map(|(step, _)| (step.id.clone(), step.title())).collect();
            let ends_on_purchase = flow.is_ended_by_purchase();
            let flow = stored.id.clone();
            let bars = [GateName::Consent, GateName::Suppression];
            let is_barred = gates.iter().any(|it| !it.is_passed && bars.contains(&it.name));
            let answer = CustomerAnswer {
                flow,
                step,
                steps,
                flows,
                why,
                gates,
                next,
                ends_on_purchase,
                is_barred,
                is_paused,
            };
            Ok(Some(answer))
        })
    }

    /// The gates as they stand now for a message, or for the next one of its enrolment if it is
    /// settled.
    fn gates_of(&self, tx: &mut Tx<'_>, message: &Message, now: Timestamp) -> Result<Vec<Gate>> {
        let mut facts = self.gate(tx, message, now)?;
        let is_settled = message.state.is_terminal();
        if is_settled {
            // The next email has its own time; this one's is over.
            facts.expires_at = Timestamp::MAX;
        }
        let mut answers = gates(&facts, self.rules(), now);
        // Nor do caps and hours of this moment say anything about it.
        let of_the_moment = [GateName::InTime, GateName::QuietHours, GateName::FrequencyCap];
        answers.retain(|it| !(is_settled && of_the_moment.contains(&it.name)));
        Ok(answers)
    }

    /// The emails still to come: those planned already, then those found by letting the flow go on
    /// with nothing happening.
    fn steps_ahead(
        &self,
        flow: &Flow,
        enrolment: &Enrolment,
        messages: &[Message],
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
        let title = |step: &StepId| {
            flow.step(step).map_or_else(|| step.to_string(), aftercart_flow::Step::title)
        };
        let open = messages.iter().filter(|it| !it.state.is_terminal());
        let mut next: Vec<NextStep> = open
            .map(|it| NextStep { at: it.due_at, step: it.step.clone(), title: title(&it.step) })
            .collect();
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
                    next.push(NextStep { at, step: step.clone(), title: title(step) });
                }
            }
            position = moved.to;
        }
        next
    }

    pub(crate) fn segments_of(
        &self,
        tx: &mut Tx<'_>,
        customer: &Customer,
        now: Timestamp,
    ) -> Result<Vec<(String, String)>> {
        let known = self.known_in(tx)?;
        let buffer = HistoryBuffer::of(&tx.events_of(customer.id)?);
        let facts = customer_facts(tx, customer)?;
        let zone = self.zone_of(customer);
        let stored = tx.segments()?;
        let conditions: Vec<Condition> =
            stored.iter().map(|it| parse(&it.condition)).collect::<Result<_, _>>()?;
        let segments = asked_segments(tx, &conditions.iter().collect::<Vec<_>>())?;
        let shop = known.shop(&segments);
        let subject = Subject::new(buffer.as_history(), &facts, &zone, shop);
        let mut names = Vec::new();
        for (segment, condition) in stored.into_iter().zip(&conditions) {
            if evaluate(condition, &subject, now) {
                names.push((segment.id.to_string(), segment.name));
            }
        }
        Ok(names)
    }
}

/// Names of flows and titles of their steps, read once for a page.
#[derive(Default)]
struct FlowNames(BTreeMap<FlowId, (String, BTreeMap<StepId, String>)>);

impl FlowNames {
    fn of(
        &mut self,
        engine: &Engine,
        tx: &mut Tx<'_>,
        id: &FlowId,
    ) -> Result<(String, BTreeMap<StepId, String>)> {
        if let Some(known) = self.0.get(id) {
            return Ok(known.clone());
        }
        let (_, flow, _) = engine.definition(tx, id)?;
        let titles = flow.steps().iter().map(|it| (it.id.clone(), it.title())).collect();
        let named = (flow.name().to_owned(), titles);
        self.0.insert(id.clone(), named.clone());
        Ok(named)
    }
}

/// The flow to speak of where nothing says which: the one with most emails.
fn sells_most<T>(flows: &[(T, std::sync::Arc<Flow>)]) -> Option<&(T, std::sync::Arc<Flow>)> {
    flows.iter().max_by_key(|(_, flow)| flow.sends().count())
}

fn why_of_message(message: &Message, touches: &Touches) -> Why {
    let reason = message.reason.clone().unwrap_or_default();
    let at = message.sent_at.or(message.claimed_at).unwrap_or(message.planned_at);
    match message.state {
        MessageState::Sent => {
            let (opened_at, clicked_at) = (touches.opened_at, touches.clicked_at);
            Why::Sent { at, opened_at, clicked_at }
        }
        MessageState::Bounced => Why::Bounced { at, reason },
        MessageState::Cancelled | MessageState::Expired => Why::NotSent { reason },
        MessageState::Deferred => Why::HeldBack { until: message.due_at, reason },
        MessageState::InDoubt => Why::InDoubt { at },
        MessageState::Planned | MessageState::Ready | MessageState::Claimed => {
            Why::OnItsWay { due_at: message.due_at }
        }
    }
}

fn why_of_enrolment(enrolment: &Enrolment, step: &StepId, next: &[NextStep]) -> Why {
    match &enrolment.position {
        Position::Exited { at, reason: ExitReason::HeldOut, .. } => Why::HeldOut { at: *at },
        Position::Exited { at, reason, .. } => Why::LeftBefore { at: *at, reason: *reason },
        _ => match next.iter().find(|it| it.step == *step) {
            Some(coming) => Why::StillToCome { at: coming.at },
            None => Why::NotOnTheWay,
        },
    }
}

/// Whether the email has yet to go.
fn is_to_come(why: &Why) -> bool {
    match why {
        Why::HeldBack { .. } | Why::Frozen | Why::OnItsWay { .. } | Why::StillToCome { .. } => true,
        Why::NotSent { .. }
        | Why::Sent { .. }
        | Why::Bounced { .. }
        | Why::InDoubt { .. }
        | Why::HeldOut { .. }
        | Why::LeftBefore { .. }
        | Why::NotOnTheWay
        | Why::NeverEnrolled { .. } => false,
    }
}

/// Whether an email was held back for a pause, of which nobody knows the end.
pub fn is_for_a_pause(reason: &str) -> bool {
    reason == Reason::Paused.to_string()
}

/// Why an enrolment ended, in words that follow "because they".
pub fn left_words(reason: ExitReason) -> &'static str {
    exit_words(reason)
}

fn message_of(body: &EventBody) -> Option<aftercart_model::MessageId> {
    match body {
        EventBody::MessageSent { message, .. }
        | EventBody::MessageDelivered { message, .. }
        | EventBody::MessageBounced { message, .. }
        | EventBody::MessageComplained { message, .. }
        | EventBody::MessageOpened { message, .. }
        | EventBody::MessageClicked { message, .. }
        | EventBody::MessageDeferred { message, .. }
        | EventBody::MessageDropped { message, .. } => Some(*message),
        _ => None,
    }
}

fn not_enrolled(live_since: Option<Timestamp>, orders: &[Order]) -> NotEnrolled {
    let Some(live_since) = live_since else { return NotEnrolled::NotLive };
    match orders.iter().filter(|it| it.is_purchase()).map(|it| it.placed_at).max() {
        None => NotEnrolled::NeverOrdered,
        Some(last) if last < live_since => NotEnrolled::NoOrderSince { live_since },
        Some(_) => NotEnrolled::NotLetIn,
    }
}
