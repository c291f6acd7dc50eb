//! How the parts of a flow are written in its file.
//!
//! The types of the definition say what is true; the forms here say what is convenient to write.
//! Each form converts both ways, so that a flow printed and read again is the same flow.

use aftercart_model::{ExitReason, FlowId, SegmentId, StepId};
use aftercart_segment::{Condition, parse};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::definition::{
    Branch, DueAgain, ExitWhen, Question, ReEntry, Send, Split, Step, StepAction, Trigger,
    TriggerEvent, Wait,
};

/// In a trigger: moved from whichever flow.
const ANY_FLOW: &str = "any";

const BRANCHES: &str = "`next`, `{go_to: STEP}` or `{exit: REASON}`, with or without `move_to`";

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TriggerForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<TriggerEvent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter: Option<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    segment: Option<SegmentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left_segment: Option<SegmentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moved_from: Option<FlowId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_again: Option<DueAgain>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepForm {
    id: StepId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait: Option<Wait>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    send: Option<Send>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    split: Option<Split>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    watch: Option<Wait>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit: Option<ExitReason>,
}

/// `next`, `{go_to: STEP}` or `{exit: REASON, move_to: FLOW}`.
pub(crate) enum BranchForm {
    Next,
    Map(BranchMap),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BranchMap {
    #[serde(skip_serializing_if = "Option::is_none")]
    go_to: Option<StepId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<ExitReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    move_to: Option<FlowId>,
}

impl TryFrom<TriggerForm> for Trigger {
    type Error = String;

    fn try_from(form: TriggerForm) -> Result<Self, String> {
        let TriggerForm { event, filter, segment, left_segment, moved_from, due_again } = form;
        match (event, filter, segment, left_segment, moved_from, due_again) {
            (Some(event), filter, None, None, None, None) => Ok(Self::Event { event, filter }),
            (None, None, Some(segment), None, None, None) => Ok(Self::Segment { segment }),
            (None, None, None, Some(segment), None, None) => Ok(Self::SegmentLeft { segment }),
            (None, None, None, None, Some(flow), None) => {
                Ok(Self::MovedFrom { flow: (flow.as_str() != ANY_FLOW).then_some(flow) })
            }
            (None, None, None, None, None, Some(due)) => Ok(Self::DueAgain(due)),
            _ => Err("a trigger is one of `event` (with or without `filter`), `segment`, \
                      `left_segment`, `moved_from` and `due_again`; make it one of them"
                .to_owned()),
        }
    }
}

impl From<Trigger> for TriggerForm {
    fn from(trigger: Trigger) -> Self {
        let mut form = Self::default();
        match trigger {
            Trigger::Event { event, filter } => {
                form.event = Some(event);
                form.filter = filter;
            }
            Trigger::Segment { segment } => form.segment = Some(segment),
            Trigger::SegmentLeft { segment } => form.left_segment = Some(segment),
            Trigger::MovedFrom { flow } => {
                let any = || FlowId::new(ANY_FLOW).expect("a slug");
                form.moved_from = Some(flow.unwrap_or_else(any));
            }
            Trigger::DueAgain(due) => form.due_again = Some(due),
        }
        form
    }
}

impl TryFrom<StepForm> for Step {
    type Error = String;

    fn try_from(form: StepForm) -> Result<Self, String> {
        let StepForm { id, name, wait, send, split, watch, exit } = form;
        let mut actions = [
            wait.map(StepAction::Wait),
            send.map(StepAction::Send),
            split.map(StepAction::Split),
            watch.map(StepAction::Watch),
            exit.map(StepAction::Exit),
        ]
        .into_iter()
        .flatten();
        match (actions.next(), actions.next()) {
            (Some(action), None) => Ok(Self { id, name, action }),
            (None, _) => Err(format!(
                "step `{id}`: does nothing; give it one of wait, send, split, watch and exit"
            )),
            (Some(_), Some(_)) => {
                Err(format!("step `{id}`: does two things; make two steps of it"))
            }
        }
    }
}

impl From<Step> for StepForm {
    fn from(step: Step) -> Self {
        let Step { id, name, action } = step;
        let mut form =
            Self { id, name, wait: None, send: None, split: None, watch: None, exit: None };
        match action {
            StepAction::Wait(wait) => form.wait = Some(wait),
            StepAction::Send(send) => form.send = Some(send),
            StepAction::Split(split) => form.split = Some(split),
            StepAction::Watch(wait) => form.watch = Some(wait),
            StepAction::Exit(reason) => form.exit = Some(reason),
        }
        form
    }
}

impl<'de> Deserialize<'de> for BranchForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = BranchForm;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(BRANCHES)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<BranchForm, E> {
                match text {
                    "next" => Ok(BranchForm::Next),
                    _ => Err(E::custom(format!("`{text}` is not a branch; write {BRANCHES}"))),
                }
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<BranchForm, A::Error> {
                let map = de::value::MapAccessDeserializer::new(map);
                BranchMap::deserialize(map).map(BranchForm::Map)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Serialize for BranchForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Next => serializer.serialize_str("next"),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

impl TryFrom<BranchForm> for Branch {
    type Error = String;

    fn try_from(form: BranchForm) -> Result<Self, String> {
        let map = match form {
            BranchForm::Next => return Ok(Self::Next),
            BranchForm::Map(map) => map,
        };
        match map {
            BranchMap { go_to: Some(step), exit: None, move_to: None } => Ok(Self::Jump(step)),
            BranchMap { go_to: None, exit: Some(reason), move_to } => {
                Ok(Self::Exit { reason, move_to })
            }
            _ => Err(format!("a branch is {BRANCHES}; make it one of them")),
        }
    }
}

impl From<Branch> for BranchForm {
    fn from(branch: Branch) -> Self {
        match branch {
            Branch::Next => Self::Next,
            Branch::Jump(step) => {
                Self::Map(BranchMap { go_to: Some(step), ..BranchMap::default() })
            }
            Branch::Exit { reason, move_to } => {
                Self::Map(BranchMap { exit: Some(reason), move_to, go_to: None })
            }
        }
    }
}

fn read_condition(text: &str) -> Result<Condition, String> {
    parse(text).map_err(|err| format!("condition `{text}`: {err}"))
}

impl TryFrom<String> for Wait {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Wait> for String {
    fn from(wait: Wait) -> Self {
        wait.in_words()
    }
}

impl TryFrom<String> for ReEntry {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            ["never"] => Ok(Self::Never),
            ["always"] => Ok(Self::Always),
            ["after", number, "day" | "days"] if let Ok(days) = number.parse() => {
                Ok(Self::AfterDays(days))
            }
            _ => Err(format!(
                "`{text}` is not a re-entry; write `never`, `always` or `after 30 days`"
            )),
        }
    }
}

impl From<ReEntry> for String {
    fn from(re_entry: ReEntry) -> Self {
        match re_entry {
            ReEntry::Never => "never".to_owned(),
            ReEntry::Always => "always".to_owned(),
            ReEntry::AfterDays(days) => format!("after {}", Wait::Days(days)),
        }
    }
}

impl TryFrom<String> for ExitWhen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "order_completed" => Ok(Self::OrderCompleted),
            "product_reviewed" => Ok(Self::ProductReviewed),
            _ => read_condition(&text).map(Self::Condition),
        }
    }
}

impl From<ExitWhen> for String {
    fn from(when: ExitWhen) -> Self {
        match when {
            ExitWhen::OrderCompleted => "order_completed".to_owned(),
            ExitWhen::ProductReviewed => "product_reviewed".to_owned(),
            ExitWhen::Condition(it) => it.to_string(),
        }
    }
}

impl TryFrom<String> for Question {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "bought" => Ok(Self::Bought),
            _ => read_condition(&text).map(Self::Condition),
        }
    }
}

impl From<Question> for String {
    fn from(question: Question) -> Self {
        match question {
            Question::Bought => "bought".to_owned(),
            Question::Condition(it) => it.to_string(),
        }
    }
}
