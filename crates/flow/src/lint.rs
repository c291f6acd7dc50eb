//! What is unwise about a flow: refused, or merely noted.
//!
//! The checks of the definition say what cannot be; these say what should not go live.

use aftercart_model::{MessageClass, StepId, Topic};
use serde::{Deserialize, Serialize};

use crate::{Flow, Question, Step, StepAction, Wait};

/// What is usual before the first, second, third and fourth email after an order, in days.
const WAITS_USUAL: [(u32, u32); 4] = [(2, 3), (3, 4), (3, 4), (2, 3)];

/// One thing found, in words for the person writing the flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub level: Level,
    /// The step it is about; none if it is about the whole flow.
    pub step: Option<StepId>,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It must be mended before the flow goes live.
    Refused,
    Note,
}

/// Everything found, what is refused first, then in the order of the steps.
pub fn lint(flow: &Flow) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(coupon_outlived(flow));
    findings.extend(no_exit_on_purchase(flow));
    findings.extend(unused_coupon(flow));
    findings.extend(nobody_held_out(flow));
    findings.extend(no_email(flow));
    findings.extend(waits(flow));
    findings.extend(questions(flow));
    findings.extend(no_watch(flow));
    findings.sort_by_key(|it| (it.level, it.step.as_ref().and_then(|step| flow.place(step))));
    findings
}

fn note(step: Option<&Step>, text: String) -> Finding {
    Finding { level: Level::Note, step: step.map(|it| it.id.clone()), text }
}

fn refused(step: Option<&Step>, text: String) -> Finding {
    Finding { level: Level::Refused, step: step.map(|it| it.id.clone()), text }
}

/// A sales flow tries to bring about an order.
fn is_sales(flow: &Flow) -> bool {
    flow.class() == MessageClass::Marketing && flow.topic() == Topic::Marketing
}

/// A nudge that names a dead code.
fn coupon_outlived(flow: &Flow) -> Option<Finding> {
    let coupon = flow.coupon()?;
    let mut naming = flow.sends().filter(|(_, send)| send.coupon).map(|(step, _)| step);
    let first = naming.next()?;
    let last = naming.last()?;
    let between = flow.place(&first.id)?..flow.place(&last.id)?;
    let days = days_of(&flow.steps()[between]);
    (coupon.lives_days < days).then(|| {
        let text = format!(
            "names the coupon {days} days after `{}` gave it, and it lives {}; let it live {days} \
             days or more",
            first.id,
            Wait::Days(coupon.lives_days),
        );
        refused(Some(last), text)
    })
}

/// Civil days that the waits among `steps` can span.
fn days_of(steps: &[Step]) -> u32 {
    let (mut days, mut hours) = (0, 0);
    for step in steps {
        match &step.action {
            StepAction::Wait(Wait::Days(it)) | StepAction::Watch(Wait::Days(it)) => days += it,
            StepAction::Wait(Wait::Hours(it)) | StepAction::Watch(Wait::Hours(it)) => hours += it,
            _ => {}
        }
    }
    days + u32::div_ceil(hours, 24)
}

fn no_exit_on_purchase(flow: &Flow) -> Option<Finding> {
    (is_sales(flow) && !flow.is_ended_by_purchase()).then(|| {
        let text = "customers who buy would go on being asked to; add the exit criterion \
                    `order_completed`";
        refused(None, text.to_owned())
    })
}

fn unused_coupon(flow: &Flow) -> Option<Finding> {
    let is_unused = flow.coupon().is_some() && !flow.sends().any(|(_, send)| send.coupon);
    is_unused.then(|| {
        let text = "no email names the coupon; take it out or set `coupon: true` on a step";
        note(None, text.to_owned())
    })
}

fn nobody_held_out(flow: &Flow) -> Option<Finding> {
    (is_sales(flow) && flow.holdout_percent() == 0).then(|| {
        let text = "nobody is held out, so what the emails earn cannot be told from what would \
                    have been bought anyway; hold out 10 %";
        note(None, text.to_owned())
    })
}

fn no_email(flow: &Flow) -> Option<Finding> {
    flow.sends().next().is_none().then(|| note(None, "sends no email; add a send step".to_owned()))
}

/// Waits before emails: none at all, or longer or shorter than usual.
fn waits(flow: &Flow) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Who is due again was waited for already.
    let follows_order = is_sales(flow) && flow.due_triggers().next().is_none();
    let mut begins = 0;
    for (number, (step, _)) in flow.sends().enumerate() {
        let place = flow.place(&step.id).expect("a step of the flow");
        let before = &flow.steps()[begins..place];
        let days = days_of(before);
        let waiting = before.iter().rfind(|it| matches!(it.action, StepAction::Wait(_)));
        match (waiting, WAITS_USUAL.get(number)) {
            (None, _) if number > 0 => {
                let text = "goes out together with the email before it; put a wait between them";
                findings.push(note(Some(step), text.to_owned()));
            }
            (Some(wait), Some((min, max))) if follows_order && !(*min..=*max).contains(&days) => {
                let text = format!(
                    "waits {} before email {}; {min} to {max} days are usual",
                    Wait::Days(days),
                    number + 1,
                );
                findings.push(note(Some(wait), text));
            }
            _ => {}
        }
        begins = place;
    }
    findings
}

/// After every email of a sales flow: bought?
fn questions(flow: &Flow) -> Vec<Finding> {
    let is_question = |step: &Step| matches!(&step.action, StepAction::Split(split) if split.when == Question::Bought);
    let unasked = flow.sends().filter(|(step, _)| {
        let place = flow.place(&step.id).expect("a step of the flow");
        !flow.steps().get(place + 1).is_some_and(is_question)
    });
    let text = "is not followed by the question `bought`, so purchases after it are counted at an \
                earlier step; add the split";
    let sales = unasked.filter(|_| is_sales(flow));
    sales.map(|(step, _)| note(Some(step), text.to_owned())).collect()
}

fn no_watch(flow: &Flow) -> Option<Finding> {
    let (last, _) = flow.sends().last()?;
    let place = flow.place(&last.id)?;
    let is_watched =
        flow.steps()[place..].iter().any(|it| matches!(it.action, StepAction::Watch(_)));
    (is_sales(flow) && !is_watched).then(|| {
        let text = "is the last email and nothing watches for the orders it brings; add a watch \
                    of 5 days";
        note(Some(last), text.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{FEEDBACK, UPSELL_CROSS_SELL};

    fn found(yaml: &str) -> String {
        let flow = Flow::parse(yaml).unwrap();
        let line = |it: Finding| {
            let step = it.step.map_or(String::new(), |step| format!("step `{step}` "));
            format!("{:?}: {step}{}\n", it.level, it.text)
        };
        lint(&flow).into_iter().map(line).collect()
    }

    #[test]
    fn the_shipped_flows_are_beyond_reproach() {
        assert_eq!(found(UPSELL_CROSS_SELL), "");
        assert_eq!(found(FEEDBACK), "");
    }

    #[test]
    fn a_nudge_that_names_a_dead_code_is_refused() {
        let dead = UPSELL_CROSS_SELL.replace("lives_days: 5", "lives_days: 4");
        assert_snapshot!(found(&dead), @"Refused: step `nudge` names the coupon 5 days after `discount` gave it, and it lives 4 days; let it live 5 days or more");
        let long = UPSELL_CROSS_SELL.replace(
            "  - id: wait-nudge\n    wait: 2 days",
            "  - id: wait-nudge\n    wait: 49 hours",
        );
        assert_snapshot!(found(&long), @"Refused: step `nudge` names the coupon 6 days after `discount` gave it, and it lives 5 days; let it live 6 days or more");
    }

    #[test]
    fn a_flow_that_goes_on_after_a_purchase_is_refused() {
        let exit = "exit:\n  - when: order_completed\n    move_to: feedback\n";
        assert_snapshot!(found(&UPSELL_CROSS_SELL.replace(exit, "")), @"Refused: customers who buy would go on being asked to; add the exit criterion `order_completed`");
    }

    #[test]
    fn what_is_unusual_is_noted() {
        let odd = UPSELL_CROSS_SELL
            .replacen("wait: 2 days", "wait: 12 days", 1)
            .replace("holdout_percent: 10", "holdout_percent: 0")
            .replace("  - id: watch\n    watch: 5 days\n", "");
        assert_snapshot!(found(&odd), @"
        Note: nobody is held out, so what the emails earn cannot be told from what would have been bought anyway; hold out 10 %
        Note: step `wait-offer` waits 12 days before email 1; 2 to 3 days are usual
        Note: step `nudge` is the last email and nothing watches for the orders it brings; add a watch of 5 days
        ");
        let bare = "id: x\nname: X\nclass: marketing\ntopic: marketing\ntriggers: [{event: order_completed}]\n\
                    trigger_key: order\nre_entry: never\nholdout_percent: 10\nexit: [{when: order_completed}]\n\
                    coupon: {pool: p, offer: {percent: 5}, lives_days: 9}\n\
                    steps: [{id: a, send: {template: offer}}, {id: b, send: {template: nudge}}]\n";
        assert_snapshot!(found(bare), @"
        Note: no email names the coupon; take it out or set `coupon: true` on a step
        Note: step `a` is not followed by the question `bought`, so purchases after it are counted at an earlier step; add the split
        Note: step `b` goes out together with the email before it; put a wait between them
        Note: step `b` is not followed by the question `bought`, so purchases after it are counted at an earlier step; add the split
        Note: step `b` is the last email and nothing watches for the orders it brings; add a watch of 5 days
        ");
    }
}
