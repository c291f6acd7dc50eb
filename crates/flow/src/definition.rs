//! What a flow is, and the checks that every flow has passed.
//!
//! A [`FlowDraft`] is the bare data of a file; a [`Flow`] is a draft that was checked and cannot be
//! changed. Whoever wants another flow takes the draft out, changes it and has it checked again.

use std::{collections::BTreeMap, fmt, str::FromStr};

use aftercart_model::{
    CouponOffer, ExitReason, FlowId, MessageClass, PoolId, Product, SegmentId, StepId, TemplateId,
    Topic,
};
use aftercart_segment::Condition;
use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::wait::day_ends_at;

/// A year: whoever waits longer has forgotten why.
pub const WAIT_DAYS_MAX: u32 = 365;
/// More steps than anybody can follow on a page.
pub const STEPS_MAX: usize = 100;
/// Beyond half, the flow would be the experiment and the holdout the rule.
pub const HOLDOUT_PERCENT_MAX: u8 = 50;
pub const COUPON_LIVES_DAYS_MAX: u32 = 365;
/// Two months: earlier, what was bought last has hardly been opened.
pub const DUE_DAYS_BEFORE_MAX: u32 = 60;

/// A flow that passed every check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "FlowDraft", into = "FlowDraft")]
pub struct Flow {
    draft: FlowDraft,
    places: BTreeMap<StepId, usize>,
}

/// A flow as its file has it, not yet checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowDraft {
    pub id: FlowId,
    pub name: String,
    pub class: MessageClass,
    pub topic: Topic,
    pub triggers: Vec<Trigger>,
    pub trigger_key: TriggerKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Condition>,
    pub re_entry: ReEntry,
    #[serde(default)]
    pub holdout_percent: u8,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit: Vec<ExitCriterion>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<CouponTerms>,
    /// The local time at which waits in days are over; the time of day of entry without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_at: Option<civil::Time>,
    pub steps: Vec<Step>,
}

/// What enrols a customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "crate::form::TriggerForm", into = "crate::form::TriggerForm")]
pub enum Trigger {
    /// `filter` is about the event itself and asked once, at entry.
    Event { event: TriggerEvent, filter: Option<Condition> },
    /// Becoming a member. The trigger key is the last order's id.
    Segment { segment: SegmentId },
    /// Being a member no longer. The trigger key is the last order's id.
    SegmentLeft { segment: SegmentId },
    /// An effect of another flow; `None` means any flow.
    MovedFrom { flow: Option<FlowId> },
    /// Being due to buy a product again.
    DueAgain(DueAgain),
}

/// When a customer is told that they are due to buy a product again, and of which products.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DueAgain {
    /// So many days of 24 hours before they are due.
    #[serde(skip_serializing_if = "is_none")]
    pub days_before: u32,
    /// The shop's codes; of none, any product.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
    /// Names of categories; of none, any. Where products are named too, both must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
}

impl DueAgain {
    pub fn is_about(&self, product: &Product) -> bool {
        let has = |names: &[String], name: &str| {
            let name = name.trim().to_lowercase();
            names.is_empty() || names.iter().any(|it| it.trim().to_lowercase() == name)
        };
        has(&self.products, &product.code) && has(&self.categories, &product.category)
    }

    /// `Coffee or Tea`, `CM-01 or CM-02 of Coffee`; `None` of any product.
    pub fn in_words(&self) -> Option<String> {
        let (products, categories) = (self.products.join(" or "), self.categories.join(" or "));
        match (products.is_empty(), categories.is_empty()) {
            (true, true) => None,
            (true, false) => Some(categories),
            (false, true) => Some(products),
            (false, false) => Some(format!("{products} of {categories}")),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerEvent {
    OrderCompleted,
}

/// What makes two triggers the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKey {
    Order,
    Customer,
    /// The product that is due again, with the order that brought it last.
    Product,
}

/// Whether a customer may come in again under another trigger key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ReEntry {
    Never,
    Always,
    /// Days of 24 hours since the last entry.
    AfterDays(u32),
}

/// What ends an enrolment the moment it becomes true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExitCriterion {
    pub when: ExitWhen,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub move_to: Option<FlowId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ExitWhen {
    /// An order other than the one that triggered.
    OrderCompleted,
    /// A review of what the triggering order brought.
    ProductReviewed,
    Condition(Condition),
}

/// The coupon that the emails of a flow name, one code for each enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CouponTerms {
    pub pool: PoolId,
    pub offer: CouponOffer,
    /// Civil days it lives, the day of the email that first names it not counted: until midnight
    /// at the end of the last, where the customer is.
    pub lives_days: u32,
    #[serde(default)]
    pub order_minor_min: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "crate::form::StepForm", into = "crate::form::StepForm")]
pub struct Step {
    pub id: StepId,
    /// What the console calls it; made from the id where it is not given.
    pub name: Option<String>,
    pub action: StepAction,
}

#[derive(Clone, Debug, PartialEq)]
// A flow has a handful of steps, and few of them ask.
#[expect(clippy::large_enum_variant)]
pub enum StepAction {
    Wait(Wait),
    Send(Send),
    Split(Split),
    /// A wait for the orders that still come.
    Watch(Wait),
    Exit(ExitReason),
}

/// How long to wait: days are civil, hours absolute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Wait {
    Days(u32),
    Hours(u32),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    pub template: TemplateId,
    /// Whether the email names the flow's coupon.
    #[serde(default, skip_serializing_if = "is_false")]
    pub coupon: bool,
    #[serde(default, skip_serializing_if = "ProductChoice::is_same")]
    pub products: ProductChoice,
}

/// Which products an email speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductChoice {
    /// Those of the email before it, so that the emails tell one story.
    #[default]
    Same,
    /// None that an email of this enrolment spoke of before.
    Fresh,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    pub when: Question,
    pub then: Branch,
    #[serde(rename = "else")]
    pub otherwise: Branch,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Question {
    /// Whether there is an order with another id than the one that triggered.
    Bought,
    Condition(Condition),
}

/// Where a split goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "crate::form::BranchForm", into = "crate::form::BranchForm")]
pub enum Branch {
    Next,
    /// To a later step.
    Jump(StepId),
    Exit {
        reason: ExitReason,
        move_to: Option<FlowId>,
    },
}

/// Why a flow cannot be used. The text is shown to the person writing it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    #[error("cannot read the flow: {0}")]
    Unreadable(String),
    #[error("cannot read flow `{flow}`: {problem}")]
    Whole { flow: FlowId, problem: FlowProblem },
    #[error("cannot read flow `{flow}`: step `{step}`: {problem}")]
    InStep { flow: FlowId, step: StepId, problem: FlowProblem },
}

/// What is wrong, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlowProblem {
    #[error("its name is empty; give it one")]
    NoName,
    #[error("nothing triggers it; name an event, a segment or the flow it is moved from")]
    NoTrigger,
    #[error("it has no steps; give it at least one email")]
    NoSteps,
    #[error("has {0} steps; choose {STEPS_MAX} or fewer")]
    TooManySteps(usize),
    #[error("holds out {0} %; choose 0 to {HOLDOUT_PERCENT_MAX}")]
    Holdout(u8),
    #[error("lets customers in again after {0} days; choose 1 to {WAIT_DAYS_MAX}")]
    ReEntryDays(u32),
    #[error("stands twice; rename one of them")]
    StepTwice,
    #[error("waits {0} days; choose {WAIT_DAYS_MAX} or fewer")]
    WaitsTooManyDays(u32),
    #[error("waits {0} hours; choose {max} or fewer", max = WAIT_DAYS_MAX * 24)]
    WaitsTooManyHours(u32),
    #[error("waits no time; choose at least 1 hour")]
    WaitsNoTime,
    #[error("names a coupon, but the flow has none; add `coupon` to the flow or take it out here")]
    NoCoupon,
    #[error("the coupon lives {0} days; choose 1 to {COUPON_LIVES_DAYS_MAX}")]
    CouponLives(u32),
    #[error("the coupon takes off {0} %; choose 1 to 100")]
    CouponPercent(u8),
    #[error("the coupon takes off nothing; choose an amount above 0")]
    CouponAmount,
    #[error("the coupon asks for an order of less than nothing; choose 0 or more")]
    CouponOrder,
    #[error("goes to step `{0}`, which is not in the flow; name one that is")]
    UnknownStep(StepId),
    #[error("goes back to step `{0}`; a flow only goes forward, name a later step")]
    Backwards(StepId),
    #[error("is never reached; take it out or let a split go to it")]
    Unreachable,
    #[error(
        "leaves as `{0}`, which is not for a flow to say; use completed, purchase or converted"
    )]
    ExitReason(&'static str),
    #[error(
        "its trigger key is `product`, which only being due again has; make `due_again` its one kind \
         of trigger, or choose the key `order` or `customer`"
    )]
    KeyOfProduct,
    #[error(
        "customers enter it once for each product that is due again; write `trigger_key: product`"
    )]
    KeyOfDue,
    #[error("asks {0} days before a product is due again; choose {DUE_DAYS_BEFORE_MAX} or fewer")]
    DueDaysBefore(u32),
    #[error("a product or category that is to be due again has no name; write it or take it out")]
    DueNameless,
    #[error("moves customers to itself; name another flow")]
    MovesToItself,
}

impl Flow {
    pub fn new(draft: FlowDraft) -> Result<Self, FlowError> {
        let places = check(&draft)?;
        Ok(Self { draft, places })
    }

    /// Reads and checks a flow's file.
    pub fn parse(yaml: &str) -> Result<Self, FlowError> {
        let draft: FlowDraft = serde_saphyr::from_str(yaml).map_err(|err| {
            FlowError::Unreadable(place_first(&err.without_snippet().to_string()))
        })?;
        Self::new(draft)
    }

    /// A file that reads back as the same flow.
    pub fn to_yaml(&self) -> String {
        serde_saphyr::to_string(&self.draft).expect("a checked flow has only text and numbers")
    }

    pub fn to_draft(&self) -> FlowDraft {
        self.draft.clone()
    }

    pub fn id(&self) -> &FlowId {
        &self.draft.id
    }

    pub fn name(&self) -> &str {
        &self.draft.name
    }

    pub fn class(&self) -> MessageClass {
        self.draft.class
    }

    pub fn topic(&self) -> Topic {
        self.draft.topic
    }

    pub fn triggers(&self) -> &[Trigger] {
        &self.draft.triggers
    }

    pub fn trigger_key(&self) -> TriggerKey {
        self.draft.trigger_key
    }

    pub fn audience(&self) -> Option<&Condition> {
        self.draft.audience.as_ref()
    }

    pub fn re_entry(&self) -> ReEntry {
        self.draft.re_entry
    }

    pub fn holdout_percent(&self) -> u8 {
        self.draft.holdout_percent
    }

    pub fn exit(&self) -> &[ExitCriterion] {
        &self.draft.exit
    }

    pub fn coupon(&self) -> Option<&CouponTerms> {
        self.draft.coupon.as_ref()
    }

    pub fn send_at(&self) -> Option<civil::Time> {
        self.draft.send_at
    }

    pub fn steps(&self) -> &[Step] {
        &self.draft.steps
    }

    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.place(id).map(|place| &self.draft.steps[place])
    }

    /// The send steps in their order.
    pub fn sends(&self) -> impl Iterator<Item = (&Step, &Send)> {
        self.steps().iter().filter_map(|step| match &step.action {
            StepAction::Send(send) => Some((step, send)),
            _ => None,
        })
    }

    /// Whether a purchase ends it at once.
    pub fn is_ended_by_purchase(&self) -> bool {
        self.exit().iter().any(|it| it.when == ExitWhen::OrderCompleted)
    }

    /// The trigger that a completed order is, with its filter.
    pub fn order_trigger(&self) -> Option<Option<&Condition>> {
        self.triggers().iter().find_map(|trigger| match trigger {
            Trigger::Event { event: TriggerEvent::OrderCompleted, filter } => Some(filter.as_ref()),
            _ => None,
        })
    }

    /// The conditions of its exit criteria and splits, asked of whoever is in it.
    pub fn conditions_on_the_way(&self) -> impl Iterator<Item = &Condition> {
        let exits = self.exit().iter().filter_map(|it| match &it.when {
            ExitWhen::Condition(condition) => Some(condition),
            _ => None,
        });
        let splits = self.steps().iter().filter_map(|it| match &it.action {
            StepAction::Split(split) => match &split.when {
                Question::Condition(condition) => Some(condition),
                Question::Bought => None,
            },
            _ => None,
        });
        exits.chain(splits)
    }

    /// All conditions in it.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let filters = self.triggers().iter().filter_map(|it| match it {
            Trigger::Event { filter, .. } => filter.as_ref(),
            _ => None,
        });
        self.audience().into_iter().chain(filters).chain(self.conditions_on_the_way())
    }

    /// What must be due again to trigger it.
    pub fn due_triggers(&self) -> impl Iterator<Item = &DueAgain> {
        self.triggers().iter().filter_map(|it| match it {
            Trigger::DueAgain(due) => Some(due),
            _ => None,
        })
    }

    pub fn is_triggered_by_segment(&self, segment: &SegmentId) -> bool {
        self.triggers()
            .iter()
            .any(|it| matches!(it, Trigger::Segment { segment: own } if own == segment))
    }

    pub fn is_triggered_by_leaving(&self, segment: &SegmentId) -> bool {
        self.triggers()
            .iter()
            .any(|it| matches!(it, Trigger::SegmentLeft { segment: own } if own == segment))
    }

    /// Whether entering or leaving the segment triggers it.
    pub fn is_started_by(&self, segment: &SegmentId) -> bool {
        self.is_triggered_by_segment(segment) || self.is_triggered_by_leaving(segment)
    }

    pub fn is_moved_into_from(&self, flow: &FlowId) -> bool {
        self.triggers().iter().any(|it| match it {
            Trigger::MovedFrom { flow: from } => from.as_ref().is_none_or(|from| from == flow),
            _ => false,
        })
    }

    pub(crate) fn place(&self, id: &StepId) -> Option<usize> {
        self.places.get(id).copied()
    }
}

impl TryFrom<FlowDraft> for Flow {
    type Error = FlowError;

    fn try_from(draft: FlowDraft) -> Result<Self, FlowError> {
        Self::new(draft)
    }
}

impl From<Flow> for FlowDraft {
    fn from(flow: Flow) -> Self {
        flow.draft
    }
}

impl CouponTerms {
    /// When a code first named at `named_at` ends: midnight at the end of the last day it lives,
    /// where the customer is. `named_at` is when that email is due to go, after any deferral, so
    /// that quiet hours do not eat into the coupon.
    pub fn ends_at(&self, named_at: Timestamp, zone: &TimeZone) -> Timestamp {
        day_ends_at(named_at, self.lives_days, zone)
    }
}

impl Step {
    /// What people call it: its name, else its id in words.
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| in_words(self.id.as_str()))
    }
}

impl Wait {
    /// `2 days`, `1 hour`.
    pub fn in_words(self) -> String {
        match self {
            Self::Days(1) => "1 day".to_owned(),
            Self::Days(days) => format!("{days} days"),
            Self::Hours(1) => "1 hour".to_owned(),
            Self::Hours(hours) => format!("{hours} hours"),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words())
    }
}

impl FromStr for Wait {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unreadable = || format!("`{text}` is not a wait; write it like `2 days` or `5 hours`");
        let (number, unit) = text.trim().split_once(' ').ok_or_else(unreadable)?;
        let number: u32 = number.parse().map_err(|_| unreadable())?;
        match unit.trim() {
            "day" | "days" => Ok(Self::Days(number)),
            "hour" | "hours" => Ok(Self::Hours(number)),
            _ => Err(unreadable()),
        }
    }
}

/// `social-proof` as `Social proof`.
pub(crate) fn in_words(slug: &str) -> String {
    let words = slug.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// `what is wrong at line 3, column 5` as `line 3, column 5: what is wrong`.
fn place_first(text: &str) -> String {
    match text.rsplit_once(" at line ") {
        Some((what, place)) => format!("line {place}: {what}"),
        None => text.to_owned(),
    }
}

impl ProductChoice {
    // The form that `skip_serializing_if` asks for.
    #[expect(clippy::trivially_copy_pass_by_ref)]
    fn is_same(&self) -> bool {
        *self == Self::Same
    }
}

// The form that `skip_serializing_if` asks for.
#[expect(clippy::trivially_copy_pass_by_ref)]
fn is_none(days: &u32) -> bool {
    *days == 0
}

fn is_false(it: &bool) -> bool {
    !it
}

/// Every check of a draft; gives the place of each step.
fn check(draft: &FlowDraft) -> Result<BTreeMap<StepId, usize>, FlowError> {
    check_whole(draft).map_err(|problem| FlowError::Whole { flow: draft.id.clone(), problem })?;
    let mut places = BTreeMap::new();
    let in_step = |step: &Step, problem| FlowError::InStep {
        flow: draft.id.clone(),
        step: step.id.clone(),
        problem,
    };
    for (place, step) in draft.steps.iter().enumerate() {
        if places.insert(step.id.clone(), place).is_some() {
            return Err(in_step(step, FlowProblem::StepTwice));
        }
    }
    let mut is_reached = vec![false; draft.steps.len()];
    is_reached[0] = true;
    for (place, step) in draft.steps.iter().enumerate() {
        if !is_reached[place] {
            return Err(in_step(step, FlowProblem::Unreachable));
        }
        check_step(draft, step).map_err(|problem| in_step(step, problem))?;
        for next in next_places(&places, place, step).map_err(|problem| in_step(step, problem))? {
            if let Some(it) = is_reached.get_mut(next) {
                *it = true;
            }
        }
    }
    Ok(places)
}

fn check_whole(draft: &FlowDraft) -> Result<(), FlowProblem> {
    if draft.name.trim().is_empty() {
        return Err(FlowProblem::NoName);
    }
    if draft.triggers.is_empty() {
        return Err(FlowProblem::NoTrigger);
    }
    if draft.steps.is_empty() {
        return Err(FlowProblem::NoSteps);
    }
    if draft.steps.len() > STEPS_MAX {
        return Err(FlowProblem::TooManySteps(draft.steps.len()));
    }
    if draft.holdout_percent > HOLDOUT_PERCENT_MAX {
        return Err(FlowProblem::Holdout(draft.holdout_percent));
    }
    if let ReEntry::AfterDays(days) = draft.re_entry
        && !(1..=WAIT_DAYS_MAX).contains(&days)
    {
        return Err(FlowProblem::ReEntryDays(days));
    }
    if draft.exit.iter().any(|it| it.move_to.as_ref() == Some(&draft.id)) {
        return Err(FlowProblem::MovesToItself);
    }
    check_due(draft)?;
    let Some(coupon) = &draft.coupon else { return Ok(()) };
    if !(1..=COUPON_LIVES_DAYS_MAX).contains(&coupon.lives_days) {
        return Err(FlowProblem::CouponLives(coupon.lives_days));
    }
    if coupon.order_minor_min < 0 {
        return Err(FlowProblem::CouponOrder);
    }
    match coupon.offer {
        CouponOffer::Percent(1..=100) => Ok(()),
        CouponOffer::Percent(percent) => Err(FlowProblem::CouponPercent(percent)),
        CouponOffer::AmountMinor(amount) if amount > 0 => Ok(()),
        CouponOffer::AmountMinor(_) => Err(FlowProblem::CouponAmount),
    }
}

/// The key of a product belongs to what is due again, and to nothing else.
fn check_due(draft: &FlowDraft) -> Result<(), FlowProblem> {
    for trigger in &draft.triggers {
        let is_keyed = draft.trigger_key == TriggerKey::Product;
        let Trigger::DueAgain(due) = trigger else {
            if is_keyed {
                return Err(FlowProblem::KeyOfProduct);
            }
            continue;
        };
        if !is_keyed {
            return Err(FlowProblem::KeyOfDue);
        }
        if due.days_before > DUE_DAYS_BEFORE_MAX {
            return Err(FlowProblem::DueDaysBefore(due.days_before));
        }
        if due.products.iter().chain(&due.categories).any(|it| it.trim().is_empty()) {
            return Err(FlowProblem::DueNameless);
        }
    }
    Ok(())
}

fn check_step(draft: &FlowDraft, step: &Step) -> Result<(), FlowProblem> {
    match &step.action {
        StepAction::Wait(wait) | StepAction::Watch(wait) => match *wait {
            Wait::Days(0) | Wait::Hours(0) => Err(FlowProblem::WaitsNoTime),
            Wait::Days(days) if days > WAIT_DAYS_MAX => Err(FlowProblem::WaitsTooManyDays(days)),
            Wait::Hours(hours) if hours > WAIT_DAYS_MAX * 24 => {
                Err(FlowProblem::WaitsTooManyHours(hours))
            }
            _ => Ok(()),
        },
        StepAction::Send(send) if send.coupon && draft.coupon.is_none() => {
            Err(FlowProblem::NoCoupon)
        }
        StepAction::Send(_) => Ok(()),
        StepAction::Split(split) => {
            for branch in [&split.then, &split.otherwise] {
                if let Branch::Exit { reason, move_to } = branch {
                    check_reason(*reason)?;
                    if move_to.as_ref() == Some(&draft.id) {
                        return Err(FlowProblem::MovesToItself);
                    }
                }
            }
            Ok(())
        }
        StepAction::Exit(reason) => check_reason(*reason),
    }
}

/// The other reasons are facts about the customer, which no step can make true.
fn check_reason(reason: ExitReason) -> Result<(), FlowProblem> {
    match reason {
        ExitReason::Completed | ExitReason::Purchase | ExitReason::Converted => Ok(()),
        ExitReason::HeldOut => Err(FlowProblem::ExitReason("held_out")),
        ExitReason::Unsubscribed => Err(FlowProblem::ExitReason("unsubscribed")),
        ExitReason::Suppressed => Err(FlowProblem::ExitReason("suppressed")),
        ExitReason::Audience => Err(FlowProblem::ExitReason("audience")),
        ExitReason::FlowStopped => Err(FlowProblem::ExitReason("flow_stopped")),
        ExitReason::Erased => Err(FlowProblem::ExitReason("erased")),
    }
}

/// Where a step can lead, the end of the flow included.
fn next_places(
    places: &BTreeMap<StepId, usize>,
    place: usize,
    step: &Step,
) -> Result<Vec<usize>, FlowProblem> {
    let StepAction::Split(split) = &step.action else {
        let is_last = matches!(step.action, StepAction::Exit(_));
        return Ok(if is_last { vec![] } else { vec![place + 1] });
    };
    let mut next = Vec::new();
    for branch in [&split.then, &split.otherwise] {
        match branch {
            Branch::Next => next.push(place + 1),
            Branch::Exit { .. } => {}
            Branch::Jump(target) => match places.get(target) {
                None => return Err(FlowProblem::UnknownStep(target.clone())),
                Some(&to) if to <= place => return Err(FlowProblem::Backwards(target.clone())),
                Some(&to) => next.push(to),
            },
        }
    }
    Ok(next)
}

#[cfg(test)]
mod tests;
