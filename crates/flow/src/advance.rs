//! Where an enrolment stands next, and what the caller does about it.
//!
//! Called when a wait is over, when an event of the customer was accepted, and as often as anybody
//! likes: called again with the same facts it answers the same, and called too early it stays.

use aftercart_model::{ExitReason, FlowId, OrderId, Position, StepId, TemplateId};
use aftercart_segment::Condition;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    Branch, ExitWhen, Flow, Question, Split, StepAction, Wait, definition::ExitCriterion,
    is_over_at,
};

/// A step reached this late counts its wait from the moment it was reached; one reached sooner
/// from when it was due, so that a busy minute does not add up over a flow.
pub const LATENESS_HOURS_MAX: i64 = 12;

/// What is known of the enrolment and its customer.
#[derive(Clone)]
pub struct Facts<'a> {
    /// The customer's, else the shop's.
    pub zone: TimeZone,
    pub entered_at: Timestamp,
    /// The order that triggered; it never counts as a purchase.
    pub trigger_order: Option<OrderId>,
    /// The first purchase after it, see [`crate::first_purchase`].
    pub bought: Option<OrderId>,
    /// Whether what the triggering order brought was reviewed since entry.
    pub is_reviewed: bool,
    /// What the flow's audience says of the customer; `true` without an audience.
    pub is_in_audience: bool,
    /// Set if something outside the flow ends the enrolment: the customer unsubscribed, was
    /// suppressed or erased, the flow was stopped.
    pub stop: Option<ExitReason>,
    /// Answers the conditions of splits and exit criteria for this customer now.
    pub is_met: &'a dyn Fn(&Condition) -> bool,
}

/// Where an enrolment goes, and what to do in the transaction that stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub to: Position,
    pub effects: Vec<Effect>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    PlanMessage {
        step: StepId,
        template: TemplateId,
        /// The email names the flow's coupon: reserve one if the enrolment has none yet.
        is_coupon_named: bool,
    },
    /// Trigger `flow` with this order as the trigger key, or without one if no order is involved.
    MoveToFlow {
        flow: FlowId,
        trigger_order: Option<OrderId>,
    },
    WakeAt(Timestamp),
}

/// Moves an enrolment as far as it goes at `now`.
///
/// Total and pure. Wakes lie after `now`; an exited enrolment stays as it is; as steps only lead
/// forward, every enrolment ends once its waits are over.
pub fn advance(flow: &Flow, from: &Position, facts: &Facts<'_>, now: Timestamp) -> Move {
    let Some(place) = from.step().and_then(|it| flow.place(it)).filter(|_| from.is_active()) else {
        return out_of_flow(from, now);
    };
    if let Some(exit) = exit_now(flow, place, facts, now) {
        return exit;
    }
    let start = match from {
        Position::Waiting { until, .. } if now < *until => {
            return Move { to: from.clone(), effects: vec![Effect::WakeAt(*until)] };
        }
        Position::Waiting { until, .. } => Start { place: place + 1, due: *until },
        _ if place == 0 => Start { place, due: facts.entered_at },
        _ => Start { place, due: now },
    };
    walk(flow, start, facts, now)
}

/// The step to carry out next, and when that was due.
struct Start {
    place: usize,
    due: Timestamp,
}

fn walk(flow: &Flow, start: Start, facts: &Facts<'_>, now: Timestamp) -> Move {
    let mut effects = Vec::new();
    let mut place = start.place;
    while let Some(step) = flow.steps().get(place) {
        match &step.action {
            StepAction::Wait(wait) | StepAction::Watch(wait) => {
                let until = wait_until(flow, *wait, start.due, facts, now);
                effects.push(Effect::WakeAt(until));
                return Move { to: Position::Waiting { step: step.id.clone(), until }, effects };
            }
            StepAction::Send(send) => {
                if !facts.is_in_audience {
                    return exited(flow, place, ExitReason::Audience, None, facts, now, effects);
                }
                effects.push(Effect::PlanMessage {
                    step: step.id.clone(),
                    template: send.template.clone(),
                    is_coupon_named: send.coupon,
                });
                place += 1;
            }
            StepAction::Split(split) => match branch(split, facts) {
                Branch::Next => place += 1,
                Branch::Jump(to) => place = flow.place(to).expect("checked: a step of the flow"),
                Branch::Exit { reason, move_to } => {
                    let move_to = move_to.as_ref();
                    return exited(flow, place, *reason, move_to, facts, now, effects);
                }
            },
            StepAction::Exit(reason) => {
                return exited(flow, place, *reason, None, facts, now, effects);
            }
        }
    }
    exited(flow, flow.steps().len() - 1, ExitReason::Completed, None, facts, now, effects)
}

/// An enrolment that ended stays ended. One at a step this version does not have cannot go on.
fn out_of_flow(from: &Position, now: Timestamp) -> Move {
    let to = if from.is_active() {
        let step = from.step().cloned();
        Position::Exited { at: now, reason: ExitReason::FlowStopped, step }
    } else {
        from.clone()
    };
    Move { to, effects: Vec::new() }
}

/// What ends the enrolment before anything else is done: what stops it from outside, then the
/// flow's exit criteria in their order.
fn exit_now(flow: &Flow, place: usize, facts: &Facts<'_>, now: Timestamp) -> Option<Move> {
    if let Some(reason) = facts.stop {
        return Some(exited(flow, place, reason, None, facts, now, Vec::new()));
    }
    let (criterion, reason) = flow.exit().iter().find_map(|it| Some((it, met(it, facts)?)))?;
    let move_to = criterion.move_to.as_ref();
    Some(exited(flow, place, reason, move_to, facts, now, Vec::new()))
}

fn met(criterion: &ExitCriterion, facts: &Facts<'_>) -> Option<ExitReason> {
    match &criterion.when {
        ExitWhen::OrderCompleted => purchase(facts).map(|_| ExitReason::Purchase),
        ExitWhen::ProductReviewed => facts.is_reviewed.then_some(ExitReason::Converted),
        ExitWhen::Condition(it) => (facts.is_met)(&it.0).then_some(ExitReason::Converted),
    }
}

fn branch<'a>(split: &'a Split, facts: &Facts<'_>) -> &'a Branch {
    let is_yes = match &split.when {
        Question::Bought => purchase(facts).is_some(),
        Question::Condition(it) => (facts.is_met)(&it.0),
    };
    if is_yes { &split.then } else { &split.otherwise }
}

/// The order that ends it: by id another one than the trigger's, whoever says otherwise.
fn purchase<'a>(facts: &'a Facts<'_>) -> Option<&'a OrderId> {
    facts.bought.as_ref().filter(|it| Some(*it) != facts.trigger_order.as_ref())
}

fn exited(
    flow: &Flow,
    place: usize,
    reason: ExitReason,
    move_to: Option<&FlowId>,
    facts: &Facts<'_>,
    now: Timestamp,
    mut effects: Vec<Effect>,
) -> Move {
    let place = if reason == ExitReason::Purchase { asked_at(flow, place) } else { place };
    if let Some(to) = move_to {
        let trigger_order = purchase(facts).or(facts.trigger_order.as_ref()).cloned();
        effects.push(Effect::MoveToFlow { flow: to.clone(), trigger_order });
    }
    let step = Some(flow.steps()[place].id.clone());
    Move { to: Position::Exited { at: now, reason, step }, effects }
}

/// Where a purchase is counted: at the last question asked before it, which stands from there on,
/// or at the step itself where none was asked yet.
fn asked_at(flow: &Flow, place: usize) -> usize {
    let is_question = |step: &crate::Step| matches!(&step.action, StepAction::Split(split) if split.when == Question::Bought);
    flow.steps()[..=place].iter().rposition(is_question).unwrap_or(place)
}

fn wait_until(
    flow: &Flow,
    wait: Wait,
    due: Timestamp,
    facts: &Facts<'_>,
    now: Timestamp,
) -> Timestamp {
    let entered = facts.zone.to_datetime(facts.entered_at).time();
    let time_of_day = flow.send_at().unwrap_or(entered);
    let lateness_max = SignedDuration::from_hours(LATENESS_HOURS_MAX);
    let is_on_time = now.duration_since(due).abs() <= lateness_max;
    let begins = if is_on_time { due } else { now };
    let until = is_over_at(wait, begins, time_of_day, &facts.zone);
    if now < until { until } else { is_over_at(wait, now, time_of_day, &facts.zone) }
}
