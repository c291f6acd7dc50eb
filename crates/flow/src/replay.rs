//! What a flow would have done to the shop's past orders.
//!
//! It lives each enrolment through with [`entry`] and [`advance`], the very functions that run the
//! flow, over orders alone. What orders do not tell is taken as given and said so in
//! [`Replay::assumptions`]. It states no earnings: what people bought then, they bought without
//! these emails.

use std::{collections::BTreeMap, fmt, hash::Hasher};

use aftercart_model::{CustomerId, ExitReason, FlowId, OrderId, Position, StepId};
use aftercart_segment::Condition;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use siphasher::sip::SipHasher24;

use crate::{
    Effect, Entry, EntryFacts, ExitWhen, Facts, Flow, Question, Refusal, StepAction, Trigger,
    TriggerOrder, advance, entry, first_purchase,
};

/// One customer's past, as far as a replay needs it.
#[derive(Clone, Debug)]
pub struct ReplayCustomer {
    pub id: CustomerId,
    pub zone: TimeZone,
    /// Orders that count as purchases, in any order.
    pub orders: Vec<(Timestamp, OrderId)>,
}

#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// The shop's key, so that the lots are those of the live flow.
    pub holdout_key: [u8; 16],
    pub traces_max: usize,
    /// The shop's zone, in which the period is named.
    pub zone: TimeZone,
}

/// The sum of a replay. `enrolled` is the sum of `held_out`, of those who left at a step, of
/// `completed` and of `still_in`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replay {
    pub flow: FlowId,
    /// Both in the shop's zone, the end not included.
    pub from: String,
    pub to: String,
    /// What was taken as given, in words.
    pub assumptions: Vec<String>,
    pub customers: u64,
    /// Orders within the period.
    pub orders: u64,
    pub enrolled: u64,
    /// Orders that did not enrol because the customer was in the flow lately.
    pub refused: u64,
    pub held_out: u64,
    pub messages: u64,
    /// Enrolments that reached an email naming the coupon.
    pub coupons: u64,
    pub left_by_purchase: u64,
    pub left_otherwise: u64,
    pub completed: u64,
    pub still_in: u64,
    pub steps: Vec<StepCount>,
    /// Enrolments drawn by lot, the same ones every time.
    pub traces: Vec<Trace>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepCount {
    pub step: StepId,
    pub title: String,
    /// Emails of this step.
    pub messages: u64,
    pub left_by_purchase: u64,
    pub left_otherwise: u64,
    /// Waiting here when the period ended.
    pub still_in: u64,
}

/// One enrolment, line by line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trace {
    pub customer: CustomerId,
    pub zone: String,
    pub trigger_order: OrderId,
    pub lines: Vec<TraceLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraceLine {
    pub at: Timestamp,
    /// `at` where the customer is.
    pub local: String,
    pub text: String,
}

/// Replays `flow` over the orders of `customers` placed from `from` until before `to`.
pub fn replay(
    flow: &Flow,
    customers: impl IntoIterator<Item = ReplayCustomer>,
    from: Timestamp,
    to: Timestamp,
    options: &ReplayOptions,
) -> Replay {
    let mut run = Run {
        flow,
        period: from..to,
        options,
        is_triggered: flow.order_trigger().is_some(),
        replay: empty(flow, from, to, options),
        chosen: BTreeMap::new(),
    };
    for customer in customers {
        run.customer(customer);
    }
    run.replay.traces = run.chosen.into_values().collect();
    run.replay
}

struct Run<'a> {
    flow: &'a Flow,
    period: std::ops::Range<Timestamp>,
    options: &'a ReplayOptions,
    is_triggered: bool,
    replay: Replay,
    /// The traces with the smallest lots so far.
    chosen: BTreeMap<(u64, CustomerId, OrderId), Trace>,
}

/// One enrolment being lived through.
struct Life<'a> {
    customer: &'a ReplayCustomer,
    trigger: (Timestamp, &'a OrderId),
    purchase: Option<(Timestamp, &'a OrderId)>,
    has_coupon: bool,
    lines: Option<Vec<TraceLine>>,
}

impl Run<'_> {
    fn customer(&mut self, mut customer: ReplayCustomer) {
        self.replay.customers += 1;
        customer.orders.sort_unstable();
        customer.orders.dedup_by(|a, b| a.1 == b.1);
        let mut last_entered_at = None;
        let first = customer.orders.partition_point(|(at, _)| *at < self.period.start);
        for (at, order) in &customer.orders[first..] {
            if self.period.end <= *at {
                break;
            }
            self.replay.orders += 1;
            if !self.is_triggered {
                continue;
            }
            let facts = EntryFacts {
                customer: customer.id,
                at: *at,
                is_key_used: false,
                last_entered_at,
                is_filter_met: true,
                is_in_audience: true,
            };
            match entry(self.flow, &facts, &self.options.holdout_key) {
                Entry::Refuse { reason: Refusal::TooSoon { .. } | Refusal::NeverAgain } => {
                    self.replay.refused += 1;
                }
                Entry::Refuse { .. } => {}
                Entry::Enrol { position, .. } => {
                    last_entered_at = Some(*at);
                    self.enrolment(&customer, (*at, order), position);
                }
            }
        }
    }

    fn enrolment(
        &mut self,
        customer: &ReplayCustomer,
        trigger: (Timestamp, &OrderId),
        position: Position,
    ) {
        let orders = customer.orders.iter().map(|(at, id)| (*at, id));
        let trigger_order = TriggerOrder { id: trigger.1, placed_at: trigger.0 };
        let lot = lot(self.flow, customer.id, trigger.1);
        let key = (lot, customer.id, trigger.1.clone());
        let is_full = self.chosen.len() >= self.options.traces_max;
        let is_chosen = self.options.traces_max > 0
            && (!is_full || self.chosen.last_key_value().is_some_and(|(last, _)| key < *last));
        let mut life = Life {
            customer,
            trigger,
            purchase: first_purchase(trigger_order, orders),
            has_coupon: false,
            lines: is_chosen.then(Vec::new),
        };
        self.replay.enrolled += 1;
        life.note(trigger.0, || format!("order {} enrols", trigger.1));
        self.live(&mut life, position);
        if let Some(lines) = life.lines {
            let zone = customer.zone.iana_name().unwrap_or("UTC").to_owned();
            let trigger_order = trigger.1.clone();
            let trace = Trace { customer: customer.id, zone, trigger_order, lines };
            self.chosen.insert(key, trace);
            if self.chosen.len() > self.options.traces_max {
                self.chosen.pop_last();
            }
        }
    }

    /// From entry to exit, or to the end of the period.
    fn live(&mut self, life: &mut Life<'_>, mut position: Position) {
        let mut now = life.trigger.0;
        while position.is_active() {
            position = self.step(life, &position, now);
            let Position::Waiting { step, until } = &position else { continue };
            // An order at the very moment a wait is over comes first, as it would at the claim.
            let bought_at = life.purchase.map(|(at, _)| at).filter(|at| now < *at && at <= until);
            now = bought_at.unwrap_or(*until);
            if self.period.end <= now {
                let until = *until;
                self.count(step).still_in += 1;
                self.replay.still_in += 1;
                let until = life.local(until);
                life.note(self.period.end, || format!("still in, at step `{step}` until {until}"));
                return;
            }
        }
        self.ended(life, &position);
    }

    fn step(&mut self, life: &mut Life<'_>, from: &Position, now: Timestamp) -> Position {
        let bought = life.purchase.filter(|(at, _)| *at <= now).map(|(_, id)| id.clone());
        let facts = Facts {
            zone: life.customer.zone.clone(),
            entered_at: life.trigger.0,
            trigger_order: Some(life.trigger.1.clone()),
            bought,
            is_reviewed: false,
            is_in_audience: true,
            stop: None,
            is_met: &|_: &Condition| false,
        };
        let moved = advance(self.flow, from, &facts, now);
        for effect in moved.effects {
            match effect {
                Effect::PlanMessage { step, is_coupon_named, .. } => {
                    self.count(&step).messages += 1;
                    self.replay.messages += 1;
                    let coupon = self.flow.coupon().filter(|_| is_coupon_named && !life.has_coupon);
                    let Some(coupon) = coupon else {
                        life.note(now, || format!("email `{step}`"));
                        continue;
                    };
                    life.has_coupon = true;
                    self.replay.coupons += 1;
                    let ends = life.local(coupon.ends_at(now, &facts.zone));
                    life.note(now, || format!("email `{step}`, its coupon until {ends}"));
                }
                Effect::MoveToFlow { flow, .. } => {
                    life.note(now, || format!("moves on to flow `{flow}`"));
                }
                Effect::WakeAt(_) => {}
            }
        }
        moved.to
    }

    fn ended(&mut self, life: &mut Life<'_>, position: &Position) {
        let Position::Exited { at, reason, step } = position else { return };
        match (reason, step) {
            (ExitReason::HeldOut, _) => {
                self.replay.held_out += 1;
                life.note(*at, || "held out by lot: gets no email".to_owned());
            }
            (ExitReason::Completed, _) => {
                self.replay.completed += 1;
                life.note(*at, || "went through without another order".to_owned());
            }
            (ExitReason::Purchase, Some(step)) => {
                self.count(step).left_by_purchase += 1;
                self.replay.left_by_purchase += 1;
                let bought = life.purchase.map_or(String::new(), |(_, id)| format!("order {id}: "));
                life.note(*at, || format!("{bought}leaves by purchase at step `{step}`"));
            }
            (reason, step) => {
                if let Some(step) = step {
                    self.count(step).left_otherwise += 1;
                }
                self.replay.left_otherwise += 1;
                life.note(*at, || format!("leaves: {reason:?}"));
            }
        }
    }

    fn count(&mut self, step: &StepId) -> &mut StepCount {
        let place = self.flow.place(step).expect("positions name steps of the flow");
        &mut self.replay.steps[place]
    }
}

impl Life<'_> {
    fn note(&mut self, at: Timestamp, text: impl FnOnce() -> String) {
        if self.lines.is_none() {
            return;
        }
        let line = TraceLine { at, local: self.local(at), text: text() };
        self.lines.as_mut().expect("just seen").push(line);
    }

    fn local(&self, at: Timestamp) -> String {
        self.customer.zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
    }
}

/// By which the traces are drawn: as good as random among enrolments, the same in every run.
fn lot(flow: &Flow, customer: CustomerId, order: &OrderId) -> u64 {
    let mut hasher = SipHasher24::new_with_key(b"traces of replay");
    hasher.write(flow.id().as_str().as_bytes());
    hasher.write_i64(customer.0);
    hasher.write(order.as_str().as_bytes());
    hasher.finish()
}

fn empty(flow: &Flow, from: Timestamp, to: Timestamp, options: &ReplayOptions) -> Replay {
    let local = |at: Timestamp| options.zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string();
    let count = |step: &crate::Step| StepCount {
        step: step.id.clone(),
        title: step.title(),
        messages: 0,
        left_by_purchase: 0,
        left_otherwise: 0,
        still_in: 0,
    };
    Replay {
        flow: flow.id().clone(),
        from: local(from),
        to: local(to),
        assumptions: assumptions(flow),
        customers: 0,
        orders: 0,
        enrolled: 0,
        refused: 0,
        held_out: 0,
        messages: 0,
        coupons: 0,
        left_by_purchase: 0,
        left_otherwise: 0,
        completed: 0,
        still_in: 0,
        steps: flow.steps().iter().map(count).collect(),
        traces: Vec::new(),
    }
}

/// What a replay over orders alone cannot know.
fn assumptions(flow: &Flow) -> Vec<String> {
    let mut taken = vec![
        "every customer has an address and agreed to get these emails".to_owned(),
        "nobody unsubscribes, and no quiet hours or frequency cap hold an email back".to_owned(),
        "the emails change nothing: people ordered as they did without them".to_owned(),
    ];
    for trigger in flow.triggers() {
        match trigger {
            Trigger::Event { filter: Some(filter), .. } => {
                taken.push(format!("every order meets the trigger's filter `{}`", filter.0));
            }
            Trigger::Event { filter: None, .. } => {}
            Trigger::Segment { segment } => taken.push(format!(
                "nobody is enrolled by entering the segment `{segment}`; orders alone enrol"
            )),
            Trigger::MovedFrom { .. } => {
                taken.push("nobody is moved here from another flow".to_owned());
            }
        }
    }
    if let Some(audience) = flow.audience() {
        taken.push(format!("everybody is in the audience `{audience}`"));
    }
    for step in flow.steps() {
        if let StepAction::Split(split) = &step.action
            && let Question::Condition(written) = &split.when
        {
            taken.push(format!("step `{}`: nobody is one who {}", step.id, written.0));
        }
    }
    for criterion in flow.exit() {
        match &criterion.when {
            ExitWhen::OrderCompleted => {}
            ExitWhen::ProductReviewed => taken.push("nobody writes a review".to_owned()),
            ExitWhen::Condition(written) => {
                taken.push(format!("nobody leaves for being one who {}", written.0));
            }
        }
    }
    taken
}

/// For the terminal, whole; the same bytes on every run.
impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "flow {}, replayed from {} until before {}", self.flow, self.from, self.to)?;
        writeln!(f, "taken as given:")?;
        for assumption in &self.assumptions {
            writeln!(f, "  {assumption}")?;
        }
        writeln!(f)?;
        let sums = [
            ("customers", self.customers),
            ("orders in the period", self.orders),
            ("enrolled", self.enrolled),
            ("  held out by lot", self.held_out),
            ("  left by a purchase", self.left_by_purchase),
            ("  left otherwise", self.left_otherwise),
            ("  went through", self.completed),
            ("  still in at the end", self.still_in),
            ("not again so soon", self.refused),
            ("emails", self.messages),
            ("coupons needed", self.coupons),
        ];
        for (name, count) in sums {
            writeln!(f, "{name:<24}{count:>9}")?;
        }
        writeln!(f, "\n{:<24}{:>9}{:>13}{:>10}", "step", "emails", "by purchase", "still in")?;
        let is_of_note = |it: &&StepCount| it.messages + it.left_by_purchase + it.still_in > 0;
        for step in self.steps.iter().filter(is_of_note) {
            let StepCount { messages, left_by_purchase, still_in, .. } = step;
            let name = step.step.as_str();
            writeln!(f, "{name:<24}{messages:>9}{left_by_purchase:>13}{still_in:>10}")?;
        }
        for trace in &self.traces {
            write!(f, "\n{trace}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "customer {}, {}", self.customer, self.zone)?;
        for line in &self.lines {
            writeln!(f, "  {}  {}", line.local, line.text)?;
        }
        Ok(())
    }
}
