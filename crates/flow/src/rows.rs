//! A flow as the rows of the console's map: what is drawn, in order, without its figures.

use aftercart_model::{CouponOffer, FlowId, StepId, TemplateId, Topic};
use serde::{Deserialize, Serialize};

use crate::{
    Branch, Flow, Question, Split, Step, StepAction, Trigger, TriggerEvent, definition::in_words,
};

/// One row of the map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub kind: RowKind,
    /// The step whose figures belong here; the trigger, the holdout and a bare end have none.
    pub step: Option<StepId>,
    pub title: String,
    /// What qualifies the title; may be empty.
    pub note: String,
    /// How many arms of splits it stands within.
    pub indent: u8,
    /// Whether purchases are counted at this row rather than at an earlier question.
    pub counts_purchases: bool,
    /// Where those who leave here by a purchase, or by this row's question, are moved.
    pub move_to: Option<FlowId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    Trigger,
    Holdout { percent: u8 },
    Wait,
    Send { template: TemplateId, names_coupon: bool },
    Question,
    Watch,
    End,
}

impl Flow {
    /// Trigger, holdout, every step in its order, the end.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.triggers().iter().map(trigger_row).collect();
        if self.holdout_percent() > 0 {
            let percent = self.holdout_percent();
            let title = format!("Holdout, {percent}% by lot");
            let note = "The same customer always draws the same lot".to_owned();
            rows.push(plain(RowKind::Holdout { percent }, title, note));
        }
        let mut is_asked = false;
        for step in self.steps() {
            rows.push(self.step_row(step, &mut is_asked));
        }
        if !rows.last().is_some_and(|it| it.kind == RowKind::End) {
            rows.push(plain(RowKind::End, END.to_owned(), String::new()));
        }
        rows
    }

    /// `is_asked`: whether a row before this one asked whether they bought.
    fn step_row(&self, step: &Step, is_asked: &mut bool) -> Row {
        let (kind, title, note) = match &step.action {
            StepAction::Wait(wait) => (RowKind::Wait, format!("Wait {wait}"), String::new()),
            StepAction::Watch(wait) => {
                let what = if self.topic() == Topic::Feedback { "reviews" } else { "orders" };
                (RowKind::Watch, format!("Watch {wait} for {what}"), String::new())
            }
            StepAction::Send(send) => {
                let kind =
                    RowKind::Send { template: send.template.clone(), names_coupon: send.coupon };
                let is_first =
                    self.sends().find(|(_, send)| send.coupon).is_some_and(|it| it.0 == step);
                (kind, step.title(), if is_first { self.coupon_words() } else { String::new() })
            }
            StepAction::Split(split) => {
                let (title, note) = question_words(split, *is_asked);
                (RowKind::Question, title, note)
            }
            StepAction::Exit(_) => (RowKind::End, END.to_owned(), String::new()),
        };
        let asks_bought = is_bought_question(step);
        let rests = matches!(step.action, StepAction::Wait(_) | StepAction::Watch(_));
        let counts_purchases = asks_bought || (rests && !*is_asked && self.is_ended_by_purchase());
        *is_asked |= asks_bought;
        Row {
            kind,
            step: Some(step.id.clone()),
            title,
            note,
            indent: self.indent(step),
            counts_purchases,
            move_to: self.leads_to(step, counts_purchases),
        }
    }

    /// `10% off, for 5 days`.
    fn coupon_words(&self) -> String {
        let Some(coupon) = self.coupon() else { return String::new() };
        let days = crate::Wait::Days(coupon.lives_days);
        match coupon.offer {
            CouponOffer::Percent(percent) => format!("{percent}% off, for {days}"),
            CouponOffer::AmountMinor(_) => format!("Coupon, for {days}"),
        }
    }

    /// A step between a split and the step it jumps to stands in the split's second arm.
    fn indent(&self, step: &Step) -> u8 {
        let place = self.place(&step.id);
        let arms = self.steps().iter().enumerate().filter(|(from, it)| {
            let StepAction::Split(split) = &it.action else { return false };
            [&split.then, &split.otherwise].into_iter().any(|branch| match branch {
                Branch::Jump(to) => Some(*from) < place && place < self.place(to),
                _ => false,
            })
        });
        u8::try_from(arms.count()).unwrap_or(u8::MAX)
    }

    fn leads_to(&self, step: &Step, counts_purchases: bool) -> Option<FlowId> {
        if let StepAction::Split(Split { then: Branch::Exit { move_to, .. }, .. }) = &step.action {
            return move_to.clone();
        }
        let by_purchase = self.exit().iter().find(|it| it.when == crate::ExitWhen::OrderCompleted);
        by_purchase.filter(|_| counts_purchases)?.move_to.clone()
    }
}

const END: &str = "End of the flow";

fn is_bought_question(step: &Step) -> bool {
    matches!(&step.action, StepAction::Split(split) if split.when == Question::Bought)
}

fn question_words(split: &Split, is_asked: bool) -> (String, String) {
    match &split.when {
        Question::Bought if is_asked => ("Bought?".to_owned(), String::new()),
        Question::Bought => ("Bought?".to_owned(), "asked at every moment from here on".to_owned()),
        Question::Condition(it) => (in_words(&format!("{it}?")), "asked once".to_owned()),
    }
}

fn trigger_row(trigger: &Trigger) -> Row {
    let (title, note) = match trigger {
        Trigger::Event { event: TriggerEvent::OrderCompleted, filter } => {
            let note = match filter {
                Some(filter) => format!("Trigger: an order, {}", filter),
                None => "Trigger: any order".to_owned(),
            };
            ("Order completed".to_owned(), note)
        }
        Trigger::Segment { segment } => {
            let note = "Trigger: becoming a member, for the last order".to_owned();
            (format!("Entered the segment {}", in_words(segment.as_str())), note)
        }
        Trigger::SegmentLeft { segment } => {
            let note = "Trigger: being a member no longer, for the last order".to_owned();
            (format!("Left the segment {}", in_words(segment.as_str())), note)
        }
        Trigger::MovedFrom { flow: Some(flow) } => {
            let note = "Trigger: a purchase that ended it".to_owned();
            (format!("Moved here from {}", in_words(flow.as_str())), note)
        }
        Trigger::MovedFrom { flow: None } => {
            let note = "Trigger: a purchase that ended another flow".to_owned();
            ("Moved here from another flow".to_owned(), note)
        }
        Trigger::DueAgain(due) => {
            let about = due.in_words().unwrap_or_else(|| "a product".to_owned());
            let note = match due.days_before {
                0 => "Trigger: people buy it again by then".to_owned(),
                days => format!("Trigger: {} before people buy it again", crate::Wait::Days(days)),
            };
            (format!("Due again: {about}"), note)
        }
    };
    plain(RowKind::Trigger, title, note)
}

fn plain(kind: RowKind, title: String, note: String) -> Row {
    Row { kind, step: None, title, note, indent: 0, counts_purchases: false, move_to: None }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{FEEDBACK, UPSELL_CROSS_SELL};

    fn rows(yaml: &str) -> String {
        let line = |row: Row| {
            let step = row.step.map_or(String::new(), |it| format!("[{it}] "));
            let note = if row.note.is_empty() { String::new() } else { format!(" | {}", row.note) };
            let bought = if row.counts_purchases { " | bought" } else { "" };
            let to = row.move_to.map_or(String::new(), |it| format!(" -> {it}"));
            let indent = "  ".repeat(usize::from(row.indent));
            format!("{indent}{step}{}{note}{bought}{to}\n", row.title)
        };
        Flow::parse(yaml).unwrap().rows().into_iter().map(line).collect()
    }

    #[test]
    fn the_map_shows_every_step_in_order() {
        assert_snapshot!(rows(UPSELL_CROSS_SELL), @"
        Order completed | Trigger: any order
        Entered the segment Upsell | Trigger: becoming a member, for the last order
        Holdout, 10% by lot | The same customer always draws the same lot
        [wait-offer] Wait 2 days | bought -> feedback
        [offer] Offer
        [bought-offer] Bought? | asked at every moment from here on | bought -> feedback
        [wait-discount] Wait 3 days
        [discount] Discount | 10% off, for 5 days
        [bought-discount] Bought? | bought -> feedback
        [wait-social-proof] Wait 3 days
        [social-proof] Social proof
        [bought-social-proof] Bought? | bought -> feedback
        [wait-nudge] Wait 2 days
        [nudge] Nudge
        [bought-nudge] Bought? | bought -> feedback
        [watch] Watch 5 days for orders
        [end] End of the flow
        ");
        assert_snapshot!(rows(FEEDBACK), @"
        Moved here from another flow | Trigger: a purchase that ended another flow
        [wait-feedback] Wait 7 days
        [feedback] Feedback
        [watch] Watch 7 days for reviews
        [end] End of the flow
        ");
    }

    #[test]
    fn a_second_arm_stands_within_its_split() {
        let arms = UPSELL_CROSS_SELL
            .replacen("when: bought\n      then: {exit: purchase, move_to: feedback}\n      else: next", "when: spent at least 100.00 EUR\n      then: {go_to: wait-social-proof}\n      else: next", 1)
            .replacen("  - id: end\n    exit: completed\n", "", 1);
        assert_snapshot!(rows(&arms), @"
        Order completed | Trigger: any order
        Entered the segment Upsell | Trigger: becoming a member, for the last order
        Holdout, 10% by lot | The same customer always draws the same lot
        [wait-offer] Wait 2 days | bought -> feedback
        [offer] Offer
        [bought-offer] Spent at least 100.00 EUR? | asked once
          [wait-discount] Wait 3 days | bought -> feedback
          [discount] Discount | 10% off, for 5 days
          [bought-discount] Bought? | asked at every moment from here on | bought -> feedback
        [wait-social-proof] Wait 3 days
        [social-proof] Social proof
        [bought-social-proof] Bought? | bought -> feedback
        [wait-nudge] Wait 2 days
        [nudge] Nudge
        [bought-nudge] Bought? | bought -> feedback
        [watch] Watch 5 days for orders
        End of the flow
        ");
    }
}
