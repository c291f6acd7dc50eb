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
    /// Customers with an order within the period.
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
    let mut traces: Vec<Trace> = run.chosen.into_values().collect();
    // Drawn by lot, read by time.
    traces.sort_by_key(|it| (it.lines.first().map(|line| line.at), it.customer));
    run.replay.traces = traces;
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
    moved_to: Option<FlowId>,
    lines: Option<Vec<TraceLine>>,
}

impl Run<'_> {
    fn customer(&mut self, mut customer: ReplayCustomer) {
        customer.orders.sort_unstable();
        customer.orders.dedup_by(|a, b| a.1 == b.1);
        let mut last_entered_at = None;
        let first = customer.orders.partition_point(|(at, _)| *at < self.period.start);
        let orders = &customer.orders[first..];
        self.replay.customers +=
            u64::from(orders.first().is_some_and(|(at, _)| *at < self.period.end));
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
            moved_to: None,
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
                Effect::MoveToFlow { flow, .. } => life.moved_to = Some(flow),
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
                let to =
                    life.moved_to.take().map_or(String::new(), |it| format!(", to flow `{it}`"));
                life.note(*at, || format!("{bought}leaves by purchase at step `{step}`{to}"));
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
                taken.push(format!("every order meets the trigger's filter `{}`", filter));
            }
            Trigger::Event { filter: None, .. } => {}
            Trigger::Segment { segment } => taken.push(format!(
                "nobody is enrolled by entering the segment `{segment}`; orders alone enrol"
            )),
            Trigger::SegmentLeft { segment } => taken.push(format!(
                "nobody is enrolled by leaving the segment `{segment}`; orders alone enrol"
            )),
            Trigger::MovedFrom { .. } => {
                taken.push("nobody is moved here from another flow".to_owned());
            }
            Trigger::DueAgain(_) => {
                taken.push("nobody is enrolled by being due again; orders alone enrol".to_owned());
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
            taken.push(format!("step `{}`: nobody is one who {}", step.id, written));
        }
    }
    for criterion in flow.exit() {
        match &criterion.when {
            ExitWhen::OrderCompleted => {}
            ExitWhen::ProductReviewed => taken.push("nobody writes a review".to_owned()),
            ExitWhen::Condition(written) => {
                taken.push(format!("nobody leaves for being one who {}", written));
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

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{FEEDBACK, UPSELL_CROSS_SELL};

    const KEY: &[u8; 16] = b"a key for tests!";
    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;
    const FROM: i64 = 1_298_937_600; // 2011-03-01T00:00:00Z
    const TO: i64 = FROM + 92 * DAY;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A customer whose orders were placed so many seconds after the period began.
    fn customer(id: i64, orders: &[i64]) -> ReplayCustomer {
        let order = |(number, at): (usize, &i64)| {
            (second(FROM + at), OrderId::new(format!("{id}-{}", number + 1)).unwrap())
        };
        ReplayCustomer {
            id: CustomerId(id),
            zone: TimeZone::get("Europe/London").unwrap(),
            orders: orders.iter().enumerate().map(order).collect(),
        }
    }

    fn replayed(yaml: &str, customers: Vec<ReplayCustomer>) -> Replay {
        let options = ReplayOptions {
            holdout_key: *KEY,
            traces_max: 10,
            zone: TimeZone::get("Europe/London").unwrap(),
        };
        replay(&Flow::parse(yaml).unwrap(), customers, second(FROM), second(TO), &options)
    }

    /// A customer whom the lot withholds.
    fn held_out() -> i64 {
        let flow = FlowId::new("upsell-cross-sell").unwrap();
        let is_held_out = |it: &i64| crate::is_held_out(&flow, CustomerId(*it), 10, KEY);
        (100..).find(is_held_out).unwrap()
    }

    #[test]
    fn a_replay_reads_as_a_report() {
        let customers = vec![
            customer(1, &[10 * HOUR]),
            customer(2, &[DAY + 9 * HOUR, 8 * DAY]),
            customer(3, &[-3 * DAY, 85 * DAY]),
            customer(4, &[20 * DAY, 21 * DAY, 60 * DAY]),
            customer(5, &[100 * DAY]),
            customer(held_out(), &[30 * DAY]),
        ];
        assert_snapshot!(replayed(UPSELL_CROSS_SELL, customers), @"
        flow upsell-cross-sell, replayed from 2011-03-01 00:00 until before 2011-06-01 01:00
        taken as given:
          every customer has an address and agreed to get these emails
          nobody unsubscribes, and no quiet hours or frequency cap hold an email back
          the emails change nothing: people ordered as they did without them
          nobody is enrolled by entering the segment `upsell`; orders alone enrol

        customers                       5
        orders in the period            8
        enrolled                        6
          held out by lot               1
          left by a purchase            2
          left otherwise                0
          went through                  2
          still in at the end           1
        not again so soon               2
        emails                         12
        coupons needed                  4

        step                       emails  by purchase  still in
        wait-offer                      0            1         0
        offer                           4            0         0
        discount                        4            0         0
        bought-discount                 0            1         0
        wait-social-proof               0            0         1
        social-proof                    2            0         0
        nudge                           2            0         0

        customer 1, Europe/London
          2011-03-01 10:00  order 1-1 enrols
          2011-03-03 10:00  email `offer`
          2011-03-06 10:00  email `discount`, its coupon until 2011-03-12 00:00
          2011-03-09 10:00  email `social-proof`
          2011-03-11 10:00  email `nudge`
          2011-03-16 10:00  went through without another order

        customer 2, Europe/London
          2011-03-02 09:00  order 2-1 enrols
          2011-03-04 09:00  email `offer`
          2011-03-07 09:00  email `discount`, its coupon until 2011-03-13 00:00
          2011-03-09 00:00  order 2-2: leaves by purchase at step `bought-discount`, to flow `feedback`

        customer 4, Europe/London
          2011-03-21 00:00  order 4-1 enrols
          2011-03-22 00:00  order 4-2: leaves by purchase at step `wait-offer`, to flow `feedback`

        customer 122, Europe/London
          2011-03-31 01:00  order 122-1 enrols
          2011-03-31 01:00  held out by lot: gets no email

        customer 4, Europe/London
          2011-04-30 01:00  order 4-3 enrols
          2011-05-02 01:00  email `offer`
          2011-05-05 01:00  email `discount`, its coupon until 2011-05-11 00:00
          2011-05-08 01:00  email `social-proof`
          2011-05-10 01:00  email `nudge`
          2011-05-15 01:00  went through without another order

        customer 3, Europe/London
          2011-05-25 01:00  order 3-2 enrols
          2011-05-27 01:00  email `offer`
          2011-05-30 01:00  email `discount`, its coupon until 2011-06-05 00:00
          2011-06-01 01:00  still in, at step `wait-social-proof` until 2011-06-02 01:00
        ");
    }

    #[test]
    fn an_order_at_the_moment_an_email_is_due_comes_first() {
        let one = |orders: &[i64]| replayed(UPSELL_CROSS_SELL, vec![customer(1, orders)]);
        assert_eq!(one(&[0, 2 * DAY]).messages, 0, "at the very second");
        assert_eq!(one(&[0, 2 * DAY + 1]).messages, 1, "a second later");
    }

    #[test]
    fn a_flow_that_orders_do_not_trigger_enrols_nobody() {
        let replay = replayed(FEEDBACK, vec![customer(1, &[0, DAY])]);
        assert_eq!((replay.orders, replay.enrolled), (2, 0));
        let given = replay.assumptions.join("\n");
        assert_snapshot!(given, @"
        every customer has an address and agreed to get these emails
        nobody unsubscribes, and no quiet hours or frequency cap hold an email back
        the emails change nothing: people ordered as they did without them
        nobody is moved here from another flow
        nobody writes a review
        ");
    }

    proptest! {
        #[test]
        fn the_sums_agree_and_every_run_gives_the_same_bytes(
            orders in vec(vec(-10 * DAY..100 * DAY, 0..6), 0..40),
        ) {
            let customers = || -> Vec<ReplayCustomer> {
                orders.iter().zip(1..).map(|(orders, id)| customer(id, orders)).collect()
            };
            let replay = replayed(UPSELL_CROSS_SELL, customers());
            let sum = |of: fn(&StepCount) -> u64| replay.steps.iter().map(of).sum::<u64>();
            prop_assert_eq!(sum(|it| it.messages), replay.messages);
            prop_assert_eq!(sum(|it| it.left_by_purchase), replay.left_by_purchase);
            prop_assert_eq!(sum(|it| it.still_in), replay.still_in);
            let ends = replay.left_by_purchase + replay.left_otherwise + replay.completed;
            prop_assert_eq!(replay.enrolled, replay.held_out + ends + replay.still_in);
            prop_assert!(replay.coupons <= replay.enrolled - replay.held_out);
            prop_assert_eq!(replay.traces.len() as u64, replay.enrolled.min(10));

            let mut backwards = customers();
            backwards.reverse();
            backwards.iter_mut().for_each(|it| it.orders.reverse());
            prop_assert_eq!(replay.to_string(), replayed(UPSELL_CROSS_SELL, backwards).to_string());
        }
    }
}
