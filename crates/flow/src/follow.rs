//! What follows from all that is known of a customer: which enrolments there are to be, and how each
//! of them ends.
//!
//! Orders and words arrive in any order; what follows must not hang on it. So nothing is decided by
//! what has just arrived. [`ending`] asks of one enrolment what ends it first, by when things
//! happened. [`follow`] goes through the customer's orders as they were placed, lets each enrol whom
//! it would have enrolled, and compares that with the enrolments there are: what should not be and
//! was not acted on is taken back, what is missing begins. An enrolment for which a message was
//! planned stands, and ends if it still waits. What is older than an order that still enrols stands
//! too.

use aftercart_model::{EnrolmentId, ExitReason, FlowId, OrderId, Topic};
use jiff::{SignedDuration, Timestamp};

use crate::{ExitWhen, Flow, ReEntry, TriggerKey, TriggerOrder, first_purchase};

/// How old an order may be that enrols: the first email speaks of it as of something new, and one of
/// last week is not. Longer than a weekend's outage, after which shops tell what they could not.
pub const ORDER_AGE_MAX: SignedDuration = SignedDuration::from_hours(24 * 5);

/// What is known of a customer, as far as it begins or ends enrolments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// By when they were placed, of one instant by id; cancelled ones too.
    pub orders: Vec<(Timestamp, OrderId)>,
    /// When they said no to a topic, under whichever identifier.
    pub refusals: Vec<(Topic, Timestamp)>,
    /// The topics they refuse now.
    pub refused: Vec<Topic>,
    /// Since when mail to them is barred.
    pub barred_at: Option<Timestamp>,
}

/// Where an enrolment stands among a customer's orders: with the one that began it, or at an instant
/// of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    pub at: Timestamp,
    pub order: Option<OrderId>,
}

impl Begun {
    fn place(&self) -> (Timestamp, Option<&OrderId>) {
        (self.at, self.order.as_ref())
    }
}

/// What ends an enrolment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub at: Timestamp,
    pub reason: ExitReason,
    /// The order, where it is a purchase.
    pub order: Option<OrderId>,
}

/// What ends an enrolment that began at `begun`, of all that has happened since the first thing; at
/// one instant, a purchase.
///
/// Who refuses the topic all along is let in and gone at once, so that they can be counted.
pub fn ending(flow: &Flow, begun: &Begun, known: &Known) -> Option<Ending> {
    let is_meant = |it: &&(Topic, Timestamp)| it.0 == flow.topic() && begun.at <= it.1;
    let refused_at = known.refusals.iter().filter(is_meant).map(|it| it.1).min();
    let refuses = known.refused.contains(&flow.topic()).then_some(begun.at);
    let stop = |at, reason| Ending { at, reason, order: None };
    let stops = [
        refused_at.or(refuses).map(|it| stop(it, ExitReason::Unsubscribed)),
        known.barred_at.map(|it| stop(it.max(begun.at), ExitReason::Suppressed)),
    ];
    let purchase = purchase(flow, begun, known);
    purchase.into_iter().chain(stops.into_iter().flatten()).min_by_key(|it| it.at)
}

impl Ending {
    /// What stops the enrolment from outside its flow, whose own exit criteria see to a purchase.
    pub fn stop(&self) -> Option<ExitReason> {
        Some(self.reason).filter(|it| *it != ExitReason::Purchase)
    }
}

fn purchase(flow: &Flow, begun: &Begun, known: &Known) -> Option<Ending> {
    if !flow.is_ended_by_purchase() {
        return None;
    }
    let orders = known.orders.iter().map(|(at, id)| (*at, id));
    let (at, order) = match &begun.order {
        Some(id) => first_purchase(TriggerOrder { id, placed_at: begun.at }, orders)?,
        None => orders.filter(|it| begun.at <= it.0).min()?,
    };
    Some(Ending { at, reason: ExitReason::Purchase, order: Some(order.clone()) })
}

/// Where a flow hands its customers on to when they order again.
fn handed_on_to(flow: &Flow) -> Option<&FlowId> {
    let criterion = flow.exit().iter().find(|it| it.when == ExitWhen::OrderCompleted);
    criterion.and_then(|it| it.move_to.as_ref())
}

/// An enrolment there is.
#[derive(Clone, Debug)]
pub struct Passage<'a> {
    pub id: EnrolmentId,
    /// The version it goes through.
    pub flow: &'a Flow,
    pub begun: Begun,
    pub entered_at: Timestamp,
    /// Why it ended; `None` while it goes on.
    pub reason: Option<ExitReason>,
    /// Whether a message was planned for it.
    pub is_acted_on: bool,
}

/// What is to be done about a customer's enrolments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// As if it had never been.
    TakeBack(EnrolmentId),
    /// It goes on and should not: move it, for this reason where nothing that is known says one.
    End { enrolment: EnrolmentId, reason: Option<ExitReason> },
    /// Somebody is to be in a flow and is not.
    Enrol { flow: FlowId, order: OrderId },
}

/// Whom a customer's orders are to have enrolled, compared with the enrolments there are.
///
/// `flows` are those that are live, `told` an order that was accepted just now and may enrol. `lets_in`
/// is what a flow's filter and audience say of an order that would enrol for the first time.
pub fn follow(
    flows: &[&Flow],
    known: &Known,
    passages: &[Passage<'_>],
    told: Option<&OrderId>,
    now: Timestamp,
    lets_in: &mut dyn FnMut(&Flow, &OrderId) -> bool,
) -> Vec<Change> {
    let mut plan = Plan { flows, known, passages, told, now, entries: Vec::new() };
    plan.stand();
    for (at, order) in &known.orders {
        let begun = Begun { at: *at, order: Some(order.clone()) };
        for flow in plan.moved_to_by(order) {
            plan.enter(flow, &begun, true, lets_in);
        }
        for flow in flows.iter().filter(|it| it.order_trigger().is_some()) {
            plan.enter(flow, &begun, false, lets_in);
        }
    }
    plan.changes()
}

/// An enrolment that is to be.
struct Entered<'a> {
    flow: &'a Flow,
    begun: Begun,
    /// The one there is.
    passage: Option<&'a Passage<'a>>,
    is_fixed: bool,
    ending: Option<Ending>,
}

struct Plan<'a> {
    flows: &'a [&'a Flow],
    known: &'a Known,
    passages: &'a [Passage<'a>],
    told: Option<&'a OrderId>,
    now: Timestamp,
    entries: Vec<Entered<'a>>,
}

impl<'a> Plan<'a> {
    /// Enters what stands whatever the orders say.
    fn stand(&mut self) {
        for passage in self.passages {
            if !self.is_open(passage) {
                let is_ended_otherwise =
                    passage.reason.is_some_and(|it| it != ExitReason::Purchase);
                let is_live = self.live(passage.flow.id()).is_some();
                let ending = ending(passage.flow, &passage.begun, self.known);
                self.entries.push(Entered {
                    flow: passage.flow,
                    begun: passage.begun.clone(),
                    passage: Some(passage),
                    is_fixed: true,
                    ending: ending.filter(|_| is_live && !is_ended_otherwise),
                });
            }
        }
    }

    /// Whether an enrolment may still turn out never to have been.
    fn is_open(&self, passage: &Passage<'_>) -> bool {
        let Some(order) = &passage.begun.order else { return false };
        let is_by_order = passage.flow.order_trigger().is_some();
        let is_decided_here = match passage.reason {
            Some(ExitReason::Purchase) => passage.flow.is_ended_by_purchase(),
            Some(ExitReason::Unsubscribed | ExitReason::Suppressed | ExitReason::HeldOut) => true,
            Some(_) => false,
            None => true,
        };
        is_decided_here
            && !passage.is_acted_on
            && passage.flow.trigger_key() == TriggerKey::Order
            && self.is_new(passage.begun.at)
            && self.live(passage.flow.id()).is_some()
            && self.known.orders.iter().any(|it| it.1 == *order)
            && (is_by_order || self.is_handed_on(passage.flow.id()))
    }

    fn is_new(&self, placed_at: Timestamp) -> bool {
        self.now.duration_since(placed_at) <= ORDER_AGE_MAX
    }

    fn live(&self, flow: &FlowId) -> Option<&'a Flow> {
        self.flows.iter().find(|it| it.id() == flow).copied()
    }

    /// Whether a purchase that ended another enrolment leads into `flow`.
    fn is_handed_on(&self, flow: &FlowId) -> bool {
        let hands_on = |it: &Passage<'_>| {
            it.reason == Some(ExitReason::Purchase) && handed_on_to(it.flow) == Some(flow)
        };
        self.passages.iter().any(hands_on)
    }

    /// The flows to which `order` moves the customer on.
    fn moved_to_by(&self, order: &OrderId) -> Vec<&'a Flow> {
        let mut flows: Vec<&'a Flow> = Vec::new();
        for entered in &self.entries {
            let ending = entered.ending.as_ref().filter(|it| it.order.as_ref() == Some(order));
            let target = ending.and_then(|_| handed_on_to(entered.flow));
            let Some(flow) = target.and_then(|it| self.live(it)) else { continue };
            let is_let_in = flow.is_moved_into_from(entered.flow.id());
            if is_let_in && !flows.iter().any(|it| it.id() == flow.id()) {
                flows.push(flow);
            }
        }
        flows
    }

    fn enter(
        &mut self,
        flow: &'a Flow,
        begun: &Begun,
        is_moved: bool,
        lets_in: &mut dyn FnMut(&Flow, &OrderId) -> bool,
    ) {
        let Some(order) = &begun.order else { return };
        let is_it = |of: &Flow, it: &Begun| of.id() == flow.id() && it.order == begun.order;
        let is_keyed_otherwise = flow.trigger_key() == TriggerKey::Customer
            && self.entries.iter().any(|it| it.flow.id() == flow.id());
        if is_keyed_otherwise || self.entries.iter().any(|it| is_it(it.flow, &it.begun)) {
            return;
        }
        let passage = self.passages.iter().find(|it| is_it(it.flow, &it.begun));
        let is_due = self.told == Some(order) || is_moved && self.is_moved_later(flow, begun);
        let may_begin = self.is_new(begun.at) && is_due;
        if passage.is_none() && !may_begin || self.is_refused(flow, begun) {
            return;
        }
        if passage.is_none() && !lets_in(flow, order) {
            return;
        }
        let of = passage.map_or(flow, |it| it.flow);
        let is_held_out = passage.is_some_and(|it| it.reason == Some(ExitReason::HeldOut));
        let ending = ending(of, begun, self.known).filter(|_| !is_held_out);
        let begun = begun.clone();
        self.entries.push(Entered { flow: of, begun, passage, is_fixed: false, ending });
    }

    /// Whether the customer was moved into `flow` by a later order than the one that should have.
    fn is_moved_later(&self, flow: &Flow, begun: &Begun) -> bool {
        let is_later = |it: &Passage<'_>| {
            it.flow.id() == flow.id() && begun.place() < it.begun.place() && self.is_open(it)
        };
        self.passages.iter().any(is_later)
    }

    /// Whether somebody who was in the flow before may not come in again.
    fn is_refused(&self, flow: &Flow, begun: &Begun) -> bool {
        let before =
            |it: &&Entered<'_>| it.flow.id() == flow.id() && it.begun.place() < begun.place();
        let entered_at = self.entries.iter().filter(before).map(|it| {
            let entered_at = it.passage.map_or(it.begun.at, |it| it.entered_at);
            began_at(&it.begun, entered_at)
        });
        match (flow.re_entry(), entered_at.max()) {
            (ReEntry::Always, _) | (_, None) => false,
            (ReEntry::Never, Some(_)) => true,
            (ReEntry::AfterDays(days), Some(last)) => {
                let pause = SignedDuration::from_hours(24 * i64::from(days));
                begun.at.duration_since(last) < pause
            }
        }
    }

    fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for passage in self.passages.iter().filter(|it| self.is_open(it)) {
            let entered = self
                .entries
                .iter()
                .find(|it| it.passage.is_some_and(|standing| standing.id == passage.id));
            let is_as_it_was = |it: &Entered<'_>| {
                passage.reason.is_none()
                    || passage.reason == Some(ExitReason::HeldOut)
                    || passage.reason == it.ending.as_ref().map(|it| it.reason)
            };
            if !entered.is_some_and(is_as_it_was) {
                changes.push(Change::TakeBack(passage.id));
            }
        }
        for entered in &self.entries {
            changes.extend(self.change(entered, &changes));
        }
        changes
    }

    fn change(&self, entered: &Entered<'_>, before: &[Change]) -> Option<Change> {
        let begins = || {
            let order = entered.begun.order.clone()?;
            Some(Change::Enrol { flow: entered.flow.id().clone(), order })
        };
        let Some(passage) = entered.passage else { return begins() };
        if before.contains(&Change::TakeBack(passage.id)) {
            return begins(); // It ended for another reason than it should have.
        }
        let is_live = self.live(passage.flow.id()).is_some();
        let enrolment = passage.id;
        if passage.reason.is_some() || !is_live {
            return None;
        }
        if entered.ending.is_some() {
            return Some(Change::End { enrolment, reason: None });
        }
        // It was acted on, and an order told later came before its own.
        let is_by_order = passage.flow.order_trigger().is_some() && passage.begun.order.is_some();
        let is_barred = entered.is_fixed
            && is_by_order
            && self.is_new(passage.begun.at)
            && self.is_refused(passage.flow, &passage.begun);
        is_barred.then_some(Change::End { enrolment, reason: Some(ExitReason::Purchase) })
    }
}

/// From when the pause is counted before somebody may come in again: from the order, or from the
/// entry where that came long after it.
pub fn began_at(begun: &Begun, entered_at: Timestamp) -> Timestamp {
    let is_by_itself = ORDER_AGE_MAX < entered_at.duration_since(begun.at);
    if begun.order.is_none() || is_by_itself { entered_at } else { begun.at }
}
