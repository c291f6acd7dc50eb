//! Where an enrolment stands next, and what the caller does about it.
//!
//! Called when a wait is over, when an event of the customer was accepted, and as often as anybody
//! likes: called again with the same facts it answers the same, and called too early it stays.

use aftercart_model::{ExitReason, FlowId, OrderId, Position, StepId, TemplateId};
use aftercart_segment::Condition;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    Branch, ExitWhen, Flow, ProductChoice, Question, Split, StepAction, Wait,
    definition::ExitCriterion, is_over_at,
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
        products: ProductChoice,
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
                    products: send.products,
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
        ExitWhen::Condition(it) => (facts.is_met)(it).then_some(ExitReason::Converted),
    }
}

fn branch<'a>(split: &'a Split, facts: &Facts<'_>) -> &'a Branch {
    let is_yes = match &split.when {
        Question::Bought => purchase(facts).is_some(),
        Question::Condition(it) => (facts.is_met)(it),
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

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{FEEDBACK, FlowDraft, Step, UPSELL_CROSS_SELL};

    /// 2026-03-26T14:06:00Z, three days before the clocks go forward in Europe.
    const ENTERED: Timestamp = Timestamp::constant(1_774_533_960, 0);

    fn order(id: &str) -> OrderId {
        OrderId::new(id).unwrap()
    }

    fn facts() -> Facts<'static> {
        Facts {
            zone: TimeZone::get("Europe/Lisbon").unwrap(),
            entered_at: ENTERED,
            trigger_order: Some(order("1001")),
            bought: None,
            is_reviewed: false,
            is_in_audience: true,
            stop: None,
            is_met: &|_| false,
        }
    }

    fn at(step: &str) -> Position {
        Position::Ready { step: StepId::new(step).unwrap() }
    }

    fn waiting(step: &str, until: Timestamp) -> Position {
        Position::Waiting { step: StepId::new(step).unwrap(), until }
    }

    fn hours(hours: i64) -> SignedDuration {
        SignedDuration::from_hours(hours)
    }

    /// A move in words: what is done, then where it leads; times in Lisbon.
    fn told(moved: &Move) -> String {
        let local = |at: &Timestamp| facts().zone.to_datetime(*at).strftime("%a %H:%M").to_string();
        let mut words: Vec<String> = Vec::new();
        for effect in &moved.effects {
            words.push(match effect {
                Effect::PlanMessage { step, template, is_coupon_named, .. } => {
                    let coupon = if *is_coupon_named { " with coupon" } else { "" };
                    format!("plan {template} at {step}{coupon}")
                }
                Effect::MoveToFlow { flow, trigger_order } => {
                    let order = trigger_order.as_ref().map_or("none", OrderId::as_str);
                    format!("move to {flow} with {order}")
                }
                Effect::WakeAt(at) => format!("wake {}", local(at)),
            });
        }
        words.push(match &moved.to {
            Position::Ready { step } => format!("ready {step}"),
            Position::Waiting { step, until } => format!("waiting {step} {}", local(until)),
            Position::Exited { reason, step, .. } => {
                format!("exited {reason:?} at {}", step.as_ref().map_or("-", StepId::as_str))
            }
        });
        words.join(", ")
    }

    /// What the upsell flow does with an enrolment at `from`.
    fn upsell(from: &Position, facts: &Facts<'_>, now: Timestamp) -> String {
        told(&advance(&Flow::parse(UPSELL_CROSS_SELL).unwrap(), from, facts, now))
    }

    /// An enrolment lived through with every wake kept to the second, one line a move.
    fn lived(yaml: &str, facts: &Facts<'_>) -> String {
        let flow = Flow::parse(yaml).unwrap();
        let mut position = Position::Ready { step: flow.steps()[0].id.clone() };
        let (mut now, mut lines) = (facts.entered_at, String::new());
        while position.is_active() {
            let moved = advance(&flow, &position, facts, now);
            lines.push_str(&told(&moved));
            lines.push('\n');
            position = moved.to;
            if let Position::Waiting { until, .. } = &position {
                now = *until;
            }
        }
        lines
    }

    #[test]
    fn four_emails_go_out_over_ten_days() {
        assert_snapshot!(lived(UPSELL_CROSS_SELL, &facts()), @"
        wake Sat 14:06, waiting wait-offer Sat 14:06
        plan offer at offer, wake Tue 14:06, waiting wait-discount Tue 14:06
        plan discount at discount with coupon, wake Fri 14:06, waiting wait-social-proof Fri 14:06
        plan social-proof at social-proof with coupon, wake Sun 14:06, waiting wait-nudge Sun 14:06
        plan nudge at nudge with coupon, wake Fri 14:06, waiting watch Fri 14:06
        exited Completed at end
        ");
        assert_snapshot!(lived(FEEDBACK, &facts()), @"
        wake Thu 14:06, waiting wait-feedback Thu 14:06
        plan feedback at feedback, wake Thu 14:06, waiting watch Thu 14:06
        exited Completed at end
        ");
        let at_ten = UPSELL_CROSS_SELL.replace("steps:\n", "send_at: 10:00\nsteps:\n");
        let first = |yaml: &str| lived(yaml, &facts()).lines().next().unwrap().to_owned();
        assert_snapshot!(first(&at_ten), @"wake Sat 10:00, waiting wait-offer Sat 10:00");
    }

    #[test]
    fn a_purchase_ends_it_at_any_moment() {
        let bought = Facts { bought: Some(order("1002")), ..facts() };
        let due = ENTERED + hours(48);
        assert_snapshot!(upsell(&waiting("wait-offer", due), &bought, ENTERED + hours(1)), @"move to feedback with 1002, exited Purchase at wait-offer");
        assert_snapshot!(upsell(&waiting("wait-offer", due), &bought, due), @"move to feedback with 1002, exited Purchase at wait-offer");
        assert_snapshot!(upsell(&waiting("wait-discount", due), &bought, due), @"move to feedback with 1002, exited Purchase at bought-offer");
        assert_snapshot!(upsell(&waiting("watch", due), &bought, ENTERED), @"move to feedback with 1002, exited Purchase at bought-nudge");
        assert_snapshot!(upsell(&at("wait-offer"), &bought, ENTERED), @"move to feedback with 1002, exited Purchase at wait-offer");
    }

    #[test]
    fn the_order_that_triggered_is_no_purchase() {
        let itself = Facts { bought: Some(order("1001")), ..facts() };
        assert_eq!(lived(UPSELL_CROSS_SELL, &itself), lived(UPSELL_CROSS_SELL, &facts()));
    }

    #[test]
    fn what_stops_it_from_outside_comes_first() {
        let due = ENTERED + hours(48);
        for (stop, is_in_audience) in [
            (ExitReason::Unsubscribed, true),
            (ExitReason::Suppressed, false),
            (ExitReason::Erased, true),
            (ExitReason::FlowStopped, true),
        ] {
            let bought = Some(order("1002"));
            let stopped = Facts { stop: Some(stop), is_in_audience, bought, ..facts() };
            let told = upsell(&waiting("wait-offer", due), &stopped, due);
            assert_eq!(told, format!("exited {stop:?} at wait-offer"), "and moves nowhere");
        }
    }

    #[test]
    fn the_audience_is_asked_when_an_email_is_due() {
        let outside = Facts { is_in_audience: false, ..facts() };
        let due = ENTERED + hours(48);
        assert_snapshot!(upsell(&waiting("wait-offer", due), &outside, due - hours(1)), @"wake Sat 14:06, waiting wait-offer Sat 14:06");
        assert_snapshot!(upsell(&waiting("wait-offer", due), &outside, due), @"exited Audience at offer");
    }

    #[test]
    fn a_review_ends_the_feedback_flow_and_an_order_does_not() {
        let flow = Flow::parse(FEEDBACK).unwrap();
        let wait = waiting("wait-feedback", ENTERED + hours(168));
        let reviewed = Facts { is_reviewed: true, ..facts() };
        assert_snapshot!(told(&advance(&flow, &wait, &reviewed, ENTERED)), @"exited Converted at wait-feedback");
        let bought = Facts { bought: Some(order("1002")), ..facts() };
        assert_snapshot!(told(&advance(&flow, &wait, &bought, ENTERED)), @"wake Thu 15:06, waiting wait-feedback Thu 15:06");
    }

    #[test]
    fn called_too_early_or_too_late_it_does_nothing_twice() {
        let due = ENTERED + hours(48);
        let early = upsell(&waiting("wait-offer", due), &facts(), due - hours(1));
        assert_snapshot!(early, @"wake Sat 14:06, waiting wait-offer Sat 14:06");
        let gone = Position::Exited { at: due, reason: ExitReason::Purchase, step: None };
        let bought = Facts { bought: Some(order("1003")), ..facts() };
        let moved = advance(&Flow::parse(UPSELL_CROSS_SELL).unwrap(), &gone, &bought, ENTERED);
        assert_eq!(moved, Move { to: gone, effects: vec![] }, "an exit absorbs");
        assert_snapshot!(upsell(&at("no-such-step"), &facts(), due), @"exited FlowStopped at no-such-step");
    }

    #[test]
    fn a_busy_minute_does_not_add_up_and_an_outage_does_not_bunch() {
        let due = ENTERED + hours(48);
        let wait = waiting("wait-offer", due);
        let on_time = upsell(&wait, &facts(), due);
        assert_eq!(upsell(&wait, &facts(), due + hours(12)), on_time, "a little late");
        assert_snapshot!(upsell(&wait, &facts(), due + hours(24 * 5)), @"plan offer at offer, wake Sun 14:06, waiting wait-discount Sun 14:06");
        let late_hours = UPSELL_CROSS_SELL.replace("wait: 3 days", "wait: 2 hours");
        let moved = advance(&Flow::parse(&late_hours).unwrap(), &wait, &facts(), due + hours(3));
        assert_snapshot!(told(&moved), @"plan offer at offer, wake Sat 19:06, waiting wait-discount Sat 19:06");
    }

    #[test]
    fn a_condition_split_asks_once_and_goes_its_way() {
        let yaml = UPSELL_CROSS_SELL.replacen("when: bought", "when: opened an email", 1).replacen(
            "then: {exit: purchase, move_to: feedback}",
            "then: {go_to: watch}",
            1,
        );
        let flow = Flow::parse(&yaml).unwrap();
        let due = ENTERED + hours(48);
        let wait = waiting("wait-offer", due);
        let yes = Facts { is_met: &|it| it.to_string() == "opened an email", ..facts() };
        assert_snapshot!(told(&advance(&flow, &wait, &yes, due)), @"plan offer at offer, wake Thu 14:06, waiting watch Thu 14:06");
        assert_snapshot!(told(&advance(&flow, &wait, &facts(), due)), @"plan offer at offer, wake Tue 14:06, waiting wait-discount Tue 14:06");
    }

    /// Steps of any kind; a jump goes so many places on, or ends the flow.
    #[derive(Clone, Debug)]
    enum Kind {
        Wait(Wait),
        Send,
        Watch(Wait),
        AskBought,
        Jump(usize),
    }

    fn kind() -> impl Strategy<Value = Kind> {
        let wait =
            prop_oneof![(1_u32..20).prop_map(Wait::Days), (1_u32..100).prop_map(Wait::Hours),];
        prop_oneof![
            3 => wait.clone().prop_map(Kind::Wait),
            3 => Just(Kind::Send),
            1 => wait.prop_map(Kind::Watch),
            2 => Just(Kind::AskBought),
            1 => (1_usize..4).prop_map(Kind::Jump),
        ]
    }

    fn flow_of(kinds: &[Kind]) -> Flow {
        let id = |place: usize| StepId::new(format!("s{place}")).unwrap();
        let step = |(place, kind): (usize, &Kind)| {
            let action = match kind {
                Kind::Wait(wait) => StepAction::Wait(*wait),
                Kind::Watch(wait) => StepAction::Watch(*wait),
                Kind::Send => StepAction::Send(crate::Send {
                    template: TemplateId::new("offer").unwrap(),
                    coupon: false,
                    products: ProductChoice::Same,
                }),
                Kind::AskBought => StepAction::Split(Split {
                    when: Question::Bought,
                    then: Branch::Exit { reason: ExitReason::Purchase, move_to: None },
                    otherwise: Branch::Next,
                }),
                Kind::Jump(on) => StepAction::Split(Split {
                    when: Question::Condition(
                        aftercart_segment::parse("has an email address").unwrap(),
                    ),
                    then: if place + on < kinds.len() {
                        Branch::Jump(id(place + on))
                    } else {
                        Branch::Exit { reason: ExitReason::Completed, move_to: None }
                    },
                    otherwise: Branch::Next,
                }),
            };
            Step { id: id(place), name: None, action }
        };
        let steps = kinds.iter().enumerate().map(step).collect();
        let draft: FlowDraft = Flow::parse(UPSELL_CROSS_SELL).unwrap().to_draft();
        Flow::new(FlowDraft { steps, coupon: None, ..draft }).unwrap()
    }

    proptest! {
        #[test]
        fn it_never_wakes_in_the_past_and_always_ends(
            kinds in vec(kind(), 1..12), delays in vec(0_i64..200, 40), answer: bool,
            zone in prop::sample::select(vec![
                "Europe/Lisbon", "Pacific/Apia", "America/Sao_Paulo", "Asia/Kathmandu",
            ]),
            begins in 1_300_000_000_i64..1_900_000_000,
        ) {
            let flow = flow_of(&kinds);
            let is_met = |_: &Condition| answer;
            let entered_at = Timestamp::from_second(begins).unwrap();
            let zone = TimeZone::get(zone).unwrap();
            let facts = Facts { zone, entered_at, is_met: &is_met, ..facts() };
            let mut position = at("s0");
            let mut now = entered_at;
            let mut planned = Vec::new();
            for delay in delays {
                let moved = advance(&flow, &position, &facts, now);
                prop_assert_eq!(&moved, &advance(&flow, &position, &facts, now), "the same again");
                for effect in &moved.effects {
                    match effect {
                        Effect::WakeAt(wake) => prop_assert!(now < *wake),
                        Effect::PlanMessage { step, .. } => {
                            prop_assert!(!planned.contains(step), "each email once");
                            planned.push(step.clone());
                        }
                        Effect::MoveToFlow { .. } => prop_assert!(false, "nobody bought"),
                    }
                }
                position = moved.to;
                let Position::Waiting { until, .. } = &position else { break };
                let early = advance(&flow, &position, &facts, *until - hours(1).min(until.duration_since(now)));
                prop_assert_eq!(&early.to, &position, "a wait is not over early");
                now = *until + hours(delay);
            }
            prop_assert!(!position.is_active(), "12 steps end within 40 wakes: {position:?}");
        }

        #[test]
        fn after_a_purchase_nothing_is_planned(
            kinds in vec(kind(), 1..12), place in 0_usize..12, later in 0_i64..500, waits: bool,
        ) {
            let flow = flow_of(&kinds);
            let step = format!("s{}", place % kinds.len());
            let from = if waits { waiting(&step, ENTERED + hours(later / 2)) } else { at(&step) };
            let bought = Facts { bought: Some(order("1002")), ..facts() };
            let moved = advance(&flow, &from, &bought, ENTERED + hours(later));
            let is_purchase =
                matches!(moved.to, Position::Exited { reason: ExitReason::Purchase, .. });
            prop_assert!(is_purchase);
            let feedback = FlowId::new("feedback").unwrap();
            let move_on = Effect::MoveToFlow { flow: feedback, trigger_order: Some(order("1002")) };
            prop_assert_eq!(moved.effects, vec![move_on]);
        }
    }
}
