//! What a report suggests: findings computed from its own rows, each with the evidence and how much
//! it is worth.
//!
//! A suggestion never says that something would earn more unless the shop's own customers show it;
//! where only a test can tell, it says so.

use aftercart_flow::{StepAction, Wait};
use aftercart_insight::{Base, Interval, Proportion, Window, attribute, newcombe_interval};
use aftercart_model::{EnrolmentId, FlowId, MessageId, StepId, Timestamp};
use anyhow::Result;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Engine, FlowReport, StepReport,
    report_flow::{ATTRIBUTION_DAYS, Rows},
};

const CONFIDENCE: f64 = 0.95;
/// Fewer emails than this show nothing about the people they went to.
const EMAILS_MIN: u64 = 200;
/// Fewer orders than this have no middle worth naming.
const ORDERS_MIN: usize = 20;

/// How sure a suggestion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// The shop's own customers show it, beyond chance.
    GoodEvidence,
    /// Nothing here speaks against it, and nothing but a test can tell.
    WorthATest,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suggestion {
    pub grade: Grade,
    pub finding: Finding,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The last email brings little and loses much among those who opened none of the earlier ones.
    NeverOpened {
        step: StepId,
        title: String,
        earlier: u64,
        /// Delivered to such people, of all delivered.
        emails: u64,
        of_emails: u64,
        orders: u64,
        of_orders: u64,
        unsubscribed: u64,
        of_unsubscribed: u64,
    },
    /// Half of an email's orders come soon after it; the wait before it was never varied.
    OrdersComeSoon { step: StepId, title: String, hours: u64, orders: u64, wait_days: u32 },
}

impl FlowReport {
    /// The email that loses more readers than the others together, beyond chance, with the least
    /// and the largest share lost elsewhere.
    pub fn unusual_loss(&self) -> Option<(&StepReport, (f64, f64))> {
        let rate = |it: &StepReport| it.figures.unsubscribe_rate(Base::Delivered);
        let worst = self
            .steps
            .iter()
            .filter(|it| rate(it).is_some())
            .max_by(|a, b| rate(a).unwrap_or(0.0).total_cmp(&rate(b).unwrap_or(0.0)))?;
        let others = || self.steps.iter().filter(|it| it.step != worst.step);
        let of = |steps: &mut dyn Iterator<Item = &StepReport>| {
            steps.fold(Proportion::default(), |sum, it| Proportion {
                successes: sum.successes + it.figures.unsubscribed,
                count: sum.count + it.figures.customers_delivered,
            })
        };
        let rates: Vec<f64> = others().filter_map(rate).collect();
        let least = rates.iter().copied().reduce(f64::min)?;
        let most = rates.iter().copied().reduce(f64::max)?;
        let difference =
            newcombe_interval(of(&mut std::iter::once(worst)), of(&mut others()), CONFIDENCE);
        is_above_nothing(difference).then_some((worst, (least, most)))
    }
}

fn is_above_nothing(difference: Option<Interval>) -> bool {
    difference.is_some_and(|it| it.low > 0.0)
}

impl Engine {
    /// After how many days of entering each email of a flow goes, if nothing holds it back.
    pub fn send_days(&self, id: &FlowId) -> Result<Vec<u32>> {
        let flow = self.store().read(|tx| self.definition(tx, id))?.1;
        let (mut hours, mut days) = (0, Vec::new());
        for step in flow.steps() {
            match &step.action {
                StepAction::Wait(Wait::Days(wait)) => hours += wait * 24,
                StepAction::Wait(Wait::Hours(wait)) => hours += wait,
                StepAction::Send(_) => days.push(hours / 24),
                StepAction::Watch(_) | StepAction::Split(_) | StepAction::Exit(_) => {}
            }
        }
        Ok(days)
    }

    /// What the rows of a flow suggest to change, the surest first.
    pub fn suggest(&self, report: &FlowReport) -> Result<Vec<Suggestion>> {
        let (rows, flow) = self.store().read(|tx| {
            let flow = self.definition(tx, &report.flow)?.1;
            Ok((Rows::scan(tx, &report.flow)?, flow))
        })?;
        let mut suggestions = Vec::new();
        suggestions.extend(never_opened(report, &rows));
        let waits: BTreeMap<StepId, u32> = flow
            .steps()
            .windows(2)
            .filter_map(|pair| match (&pair[0].action, &pair[1].action) {
                (StepAction::Wait(Wait::Days(days)), StepAction::Send(_)) => {
                    Some((pair[1].id.clone(), *days))
                }
                _ => None,
            })
            .collect();
        suggestions.extend(orders_come_soon(report, &rows, &waits));
        Ok(suggestions)
    }
}

fn never_opened(report: &FlowReport, rows: &Rows) -> Option<Suggestion> {
    let (last, earlier) = report.steps.split_last()?;
    if earlier.len() < 2 {
        return None;
    }
    let opened: BTreeSet<EnrolmentId> = rows
        .messages
        .iter()
        .filter(|it| it.step != last.step && it.touches.opened_at.is_some())
        .map(|it| it.enrolment)
        .collect();
    let credits = attribute(&rows.messages, &rows.orders, Window::days(ATTRIBUTION_DAYS));
    let ordered: BTreeSet<MessageId> = credits.iter().map(|it| it.message).collect();
    let mut cold = [0_u64; 3];
    let mut warm = [0_u64; 3];
    for message in rows.messages.iter().filter(|it| it.step == last.step) {
        if message.touches.bounced_at.is_some() {
            continue;
        }
        let side = if opened.contains(&message.enrolment) { &mut warm } else { &mut cold };
        side[0] += 1;
        side[1] += u64::from(ordered.contains(&message.message));
        side[2] += u64::from(message.touches.unsubscribed_at.is_some());
    }
    let share = |part: u64, count: u64| Proportion { successes: part, count };
    let fewer_orders =
        newcombe_interval(share(warm[1], warm[0]), share(cold[1], cold[0]), CONFIDENCE);
    let loses = cold[2] * (warm[0] + cold[0]) > (warm[2] + cold[2]) * cold[0];
    if cold[0] < EMAILS_MIN || !is_above_nothing(fewer_orders) || !loses {
        return None;
    }
    Some(Suggestion {
        grade: Grade::GoodEvidence,
        finding: Finding::NeverOpened {
            step: last.step.clone(),
            title: last.title.clone(),
            earlier: earlier.len() as u64,
            emails: cold[0],
            of_emails: cold[0] + warm[0],
            orders: cold[1],
            of_orders: cold[1] + warm[1],
            unsubscribed: cold[2],
            of_unsubscribed: cold[2] + warm[2],
        },
    })
}

fn orders_come_soon(
    report: &FlowReport,
    rows: &Rows,
    waits: &BTreeMap<StepId, u32>,
) -> Option<Suggestion> {
    let sent: BTreeMap<MessageId, (&StepId, Timestamp)> =
        rows.messages.iter().map(|it| (it.message, (&it.step, it.sent_at))).collect();
    let mut hours: BTreeMap<&StepId, Vec<i64>> = BTreeMap::new();
    for credit in attribute(&rows.messages, &rows.orders, Window::days(ATTRIBUTION_DAYS)) {
        let Some((step, at)) = sent.get(&credit.message) else { continue };
        hours.entry(step).or_default().push(credit.placed_at.duration_since(*at).as_hours());
    }
    // The email that brings most orders, of those behind a wait that could be shorter.
    let (step, mut hours) = hours
        .into_iter()
        .filter(|(step, hours)| {
            waits.get(*step).is_some_and(|it| *it > 1) && hours.len() >= ORDERS_MIN
        })
        .max_by_key(|(_, hours)| hours.len())?;
    hours.sort_unstable();
    let title = report.steps.iter().find(|it| it.step == *step)?.title.clone();
    Some(Suggestion {
        grade: Grade::WorthATest,
        finding: Finding::OrdersComeSoon {
            step: step.clone(),
            title,
            hours: u64::try_from(hours[hours.len() / 2]).unwrap_or(0),
            orders: hours.len() as u64,
            wait_days: waits[step],
        },
    })
}
