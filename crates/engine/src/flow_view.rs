//! A flow as its page shows it: the definition, where people are now, where they left.

use std::{collections::BTreeMap, sync::Arc};

use aftercart_flow::{Flow, Row, RowKind, StepAction};
use aftercart_model::{
    Customer, Enrolment, EnrolmentId, ExitReason, FlowId, MessageState, StepId, TemplateId,
    Timestamp,
};
use aftercart_store::{EnrolmentsAsked, FlowState, LetterHead, StoredFlow, Tx};
use anyhow::Result;
use jiff::ToSpan;
use serde::Serialize;
use tracing::warn;

use crate::{
    Engine, FlowReport,
    pause_flow::{overdue_emails, paused_at},
};

/// Enrolments a page shows.
pub const ENROLMENTS_PAGE: u32 = 50;
/// How far back a flow that nobody has entered yet is replayed.
const REPLAY_DAYS: i64 = 60;

/// A flow as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowListing {
    pub id: FlowId,
    pub name: String,
    pub state: FlowState,
    /// Of a paused one, since when, if that is known.
    pub paused_at: Option<Timestamp>,
    pub version: u32,
    pub in_it_now: u64,
    /// `None` as long as it has never been live, or if its figures cannot be read.
    pub report: Option<FlowReport>,
}

/// A row of the map with everybody who came to it. A count is `None` where it cannot be known:
/// within an arm that some jump past.
///
/// They add up: `reached` is the sum of `waiting`, `held_out`, `bought`, `left_otherwise`,
/// `completed` and `on`, and `on` is what the next row of the same level is reached by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeRow {
    pub row: Row,
    pub reached: Option<u64>,
    pub waiting: u64,
    pub held_out: u64,
    pub bought: u64,
    pub left_otherwise: u64,
    pub completed: u64,
    pub on: Option<u64>,
}

/// What the counts of the map are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeSource {
    Enrolments,
    /// Nobody has entered yet: what would have happened within these days.
    Replay {
        from: Timestamp,
        until: Timestamp,
    },
}

/// Where everybody who was enrolled is. `enrolled` is the sum of the others but `waiting_at` and the
/// sums by step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FlowCounts {
    pub enrolled: u64,
    pub held_out: u64,
    pub in_it_now: u64,
    pub bought: u64,
    pub left_otherwise: u64,
    pub completed: u64,
    pub steps: BTreeMap<StepId, StepTraffic>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StepTraffic {
    pub waiting: u64,
    pub bought: u64,
    pub left_otherwise: u64,
    pub completed: u64,
}

/// What became of the messages of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StepAccount {
    pub reached: u64,
    pub sent: u64,
    pub bounced: u64,
    pub waiting: u64,
    pub in_doubt: u64,
    /// Not sent, by the reason given, most first.
    pub skipped: Vec<(String, u64)>,
}

pub struct FlowView {
    pub stored: StoredFlow,
    pub flow: Arc<Flow>,
    pub counts: FlowCounts,
    pub tree: Vec<TreeRow>,
    pub source: TreeSource,
    /// Enrolments that stand at, or left from, steps of earlier versions; no row has them.
    pub elsewhere: u64,
    pub report: FlowReport,
    pub accounts: BTreeMap<StepId, StepAccount>,
    /// The subject of each send step for a customer of whom nothing is known.
    pub subjects: BTreeMap<StepId, String>,
    /// An email of each send step, if one was caught.
    pub letters: BTreeMap<StepId, LetterHead>,
    /// When the first of the waits that lead to an email is over.
    pub next_due: Option<Timestamp>,
    pub paused_at: Option<Timestamp>,
    /// Emails that would have gone since it was paused.
    pub overdue: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct EnrolmentsPage {
    pub lines: Vec<EnrolmentLine>,
    /// Where the next page begins.
    pub older: Option<EnrolmentId>,
}

/// One line of the page of enrolments.
#[derive(Clone, Debug, PartialEq)]
pub struct EnrolmentLine {
    pub enrolment: Enrolment,
    pub customer: Customer,
    pub step_title: String,
}

impl Engine {
    /// Every flow. One that cannot be read stands there under its id, without figures.
    pub fn list_flows(&self, now: Timestamp) -> Result<Vec<FlowListing>> {
        let stored = self.store().read(|tx| tx.flows())?;
        let listing = |stored: StoredFlow| {
            let (counts, name, paused_at) = self.store().read(|tx| {
                let name = self.name_of(tx, &stored);
                Ok((flow_counts(tx, &stored.id)?, name, paused_at(tx, &stored)?))
            })?;
            let report = stored.live_since.and_then(|_| {
                let report = self.report_flow(&stored.id, now);
                report.inspect_err(|err| warn!(flow.id = %stored.id, "no report: {err:#}")).ok()
            });
            Ok(FlowListing {
                id: stored.id,
                name,
                state: stored.state,
                paused_at,
                version: stored.version,
                in_it_now: counts.in_it_now,
                report,
            })
        };
        stored.into_iter().map(listing).collect()
    }

    /// The ids and names of the flows, and how many of them are live.
    pub fn name_flows(&self) -> Result<(Vec<(FlowId, String)>, u64)> {
        self.store().read(|tx| {
            let (mut names, mut live) = (Vec::new(), 0);
            for stored in tx.flows()? {
                live += u64::from(stored.state == FlowState::Live);
                let name = self.name_of(tx, &stored);
                names.push((stored.id, name));
            }
            Ok((names, live))
        })
    }

    /// A flow's name; its id if its definition cannot be read.
    fn name_of(&self, tx: &mut Tx<'_>, stored: &StoredFlow) -> String {
        match self.flow_version(tx, &stored.id, stored.version) {
            Ok(flow) => flow.name().to_owned(),
            Err(err) => {
                warn!(flow.id = %stored.id, "the flow cannot be read: {err:#}");
                stored.id.to_string()
            }
        }
    }

    pub fn view_flow(&self, id: &FlowId, now: Timestamp) -> Result<Option<FlowView>> {
        let read = self.store().read(|tx| {
            let Some(stored) = tx.flow(id)? else { return Ok(None) };
            let flow = self.flow_version(tx, id, stored.version)?;
            let counts = flow_counts(tx, id)?;
            let accounts = accounts(tx, id)?;
            let (mut letters, mut subjects) = (BTreeMap::new(), BTreeMap::new());
            for (step, send) in flow.sends() {
                if let Some(subject) = self.plain_subject(tx, &send.template)? {
                    subjects.insert(step.id.clone(), subject);
                }
                if let Some(letter) = tx.newest_letter_of_step(id, &step.id)? {
                    letters.insert(step.id.clone(), letter);
                }
            }
            let paused_at = paused_at(tx, &stored)?;
            let overdue = match paused_at {
                Some(_) => overdue_emails(tx, &flow, now)?,
                None => 0,
            };
            let next_due = next_email(tx, &flow)?;
            Ok(Some((
                stored,
                flow,
                counts,
                accounts,
                (subjects, letters),
                paused_at,
                overdue,
                next_due,
            )))
        })?;
        let Some((
            stored,
            flow,
            counts,
            accounts,
            (subjects, letters),
            paused_at,
            overdue,
            next_due,
        )) = read
        else {
            return Ok(None);
        };
        let report = self.report_flow(id, now)?;
        let (tree, source) = if counts.enrolled > 0 {
            (tree(&flow, &counts), TreeSource::Enrolments)
        } else {
            self.rehearse(&flow, now)?
        };
        let elsewhere = counts.enrolled.saturating_sub(enrolled_of(&tree, source, &counts));
        Ok(Some(FlowView {
            stored,
            flow,
            counts,
            tree,
            source,
            elsewhere,
            report,
            accounts,
            subjects,
            letters,
            next_due,
            paused_at,
            overdue,
        }))
    }

    /// What a template's subject says where nothing is known of the customer.
    fn plain_subject(&self, tx: &mut Tx<'_>, id: &TemplateId) -> Result<Option<String>> {
        let document = match tx.template(id, None)? {
            Some((_, document)) => document,
            None => crate::shipped_template(id)?.to_owned(),
        };
        let document = aftercart_email::Document::parse(&document)?;
        let plainest = document.subject.0.into_iter().next_back().map(|it| it.say);
        Ok(plainest.filter(|it| !it.contains("{{") && !it.contains("{%")))
    }

    /// The map of a flow that nobody has entered, counted by a replay of the last days; empty where
    /// orders enrol nobody, which no replay of them can tell.
    fn rehearse(&self, flow: &Flow, now: Timestamp) -> Result<(Vec<TreeRow>, TreeSource)> {
        if flow.order_trigger().is_none() {
            return Ok((tree(flow, &FlowCounts::default()), TreeSource::Enrolments));
        }
        let zone = self.shop().zone();
        let today = zone.to_datetime(now).date();
        let first = today.saturating_sub(REPLAY_DAYS.days());
        let replay = self.replay_definition(flow, first, today)?;
        let mut counts = FlowCounts {
            enrolled: replay.enrolled,
            held_out: replay.held_out,
            in_it_now: replay.still_in,
            bought: replay.left_by_purchase,
            left_otherwise: replay.left_otherwise,
            completed: replay.completed,
            steps: BTreeMap::new(),
        };
        for step in replay.steps {
            counts.steps.insert(
                step.step,
                StepTraffic {
                    waiting: step.still_in,
                    bought: step.left_by_purchase,
                    left_otherwise: step.left_otherwise,
                    completed: 0,
                },
            );
        }
        // A replay counts those who went through as a whole; they did so at the last row.
        if let Some(last) = flow.steps().last() {
            counts.steps.entry(last.id.clone()).or_default().completed = replay.completed;
        }
        let midday = |date: jiff::civil::Date| {
            let noon = date.to_datetime(jiff::civil::time(12, 0, 0, 0));
            zone.to_ambiguous_timestamp(noon).compatible().unwrap_or(now)
        };
        let source = TreeSource::Replay { from: midday(first), until: midday(today) };
        Ok((tree(flow, &counts), source))
    }

    /// A page of a flow's enrolments before `before`, newest first.
    pub fn enrolments_page(
        &self,
        id: &FlowId,
        asked: EnrolmentsAsked,
        step: Option<&StepId>,
        before: Option<EnrolmentId>,
    ) -> Result<EnrolmentsPage> {
        self.store().read(|tx| {
            let found = tx.enrolments_page_of(id, asked, step, before, ENROLMENTS_PAGE)?;
            let is_full = found.len() == ENROLMENTS_PAGE as usize;
            let older = found.last().filter(|_| is_full).map(|it| it.id);
            let mut lines = Vec::new();
            for enrolment in found {
                let flow = self.flow_version(tx, id, enrolment.flow_version)?;
                let Some(customer) = tx.customer(enrolment.customer)? else { continue };
                let step_title = enrolment
                    .position
                    .step()
                    .and_then(|it| row_title(&flow, it))
                    .unwrap_or_default();
                lines.push(EnrolmentLine { enrolment, customer, step_title });
            }
            Ok(EnrolmentsPage { lines, older })
        })
    }

    /// The definition of a flow as a file: the store's newest version, else the shipped one.
    pub fn flow_document(&self, id: &FlowId) -> Result<String> {
        let (_, flow, _) = self.store().read(|tx| self.definition(tx, id))?;
        Ok(flow.to_yaml())
    }
}

/// When the first of the waits that lead to an email of a flow is over.
pub(crate) fn next_email(tx: &mut Tx<'_>, flow: &Flow) -> Result<Option<Timestamp>> {
    let mut next: Option<Timestamp> = None;
    for pair in flow.steps().windows(2) {
        if !matches!(pair[1].action, StepAction::Send(_)) {
            continue;
        }
        if let Some(at) = tx.first_wait_over(flow.id(), &pair[0].id)? {
            next = Some(next.map_or(at, |it| it.min(at)));
        }
    }
    Ok(next)
}

/// What the map calls a step: `Wait 3 days` rather than the step's own name.
fn row_title(flow: &Flow, step: &StepId) -> Option<String> {
    flow.rows().into_iter().find(|it| it.step.as_ref() == Some(step)).map(|it| it.title)
}

/// The rows of the map with their counts: from the last row up, a row is reached by everybody who
/// left at it or is at it or came further.
fn tree(flow: &Flow, counts: &FlowCounts) -> Vec<TreeRow> {
    let mut rows: Vec<TreeRow> = one_trigger(flow.rows())
        .into_iter()
        .map(|row| {
            let traffic = row.step.as_ref().and_then(|it| counts.steps.get(it));
            let traffic = traffic.copied().unwrap_or_default();
            let is_holdout = matches!(row.kind, RowKind::Holdout { .. });
            TreeRow {
                row,
                reached: None,
                waiting: traffic.waiting,
                held_out: if is_holdout { counts.held_out } else { 0 },
                bought: traffic.bought,
                left_otherwise: traffic.left_otherwise,
                completed: traffic.completed,
                on: None,
            }
        })
        .collect();
    let mut further = 0;
    for row in rows.iter_mut().rev() {
        let here = row.waiting + row.held_out + row.bought + row.left_otherwise + row.completed;
        if row.row.indent == 0 {
            row.on = Some(further);
            row.reached = Some(further + here);
        }
        further += here;
    }
    rows
}

/// One row for all that enrols: which of several triggers it was is not kept.
fn one_trigger(rows: Vec<Row>) -> Vec<Row> {
    let (triggers, mut others): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|it| it.kind == RowKind::Trigger);
    let mut triggers = triggers.into_iter();
    let Some(mut first) = triggers.next() else { return others };
    for other in triggers {
        let mut title = other.title.chars();
        let begin = title.next().map(|it| it.to_lowercase().to_string()).unwrap_or_default();
        first.note = format!("{}, or {begin}{}", first.note, title.as_str());
    }
    others.insert(0, first);
    others
}

/// How many of the enrolled the rows of the map have.
fn enrolled_of(tree: &[TreeRow], source: TreeSource, counts: &FlowCounts) -> u64 {
    match source {
        TreeSource::Replay { .. } => counts.enrolled,
        TreeSource::Enrolments => tree.first().and_then(|it| it.reached).unwrap_or(0),
    }
}

/// Where the enrolments of a flow are, counted in the database.
fn flow_counts(tx: &mut Tx<'_>, id: &FlowId) -> Result<FlowCounts> {
    let mut counts = FlowCounts::default();
    for group in tx.step_counts(id)? {
        counts.enrolled += group.count;
        let mut spare = StepTraffic::default();
        let step = match &group.step {
            Some(step) => counts.steps.entry(step.clone()).or_default(),
            None => &mut spare,
        };
        match group.reason {
            None => {
                counts.in_it_now += group.count;
                step.waiting += group.count;
            }
            Some(ExitReason::HeldOut) => counts.held_out += group.count,
            Some(ExitReason::Purchase) => {
                counts.bought += group.count;
                step.bought += group.count;
            }
            Some(ExitReason::Completed) => {
                counts.completed += group.count;
                step.completed += group.count;
            }
            Some(_) => {
                counts.left_otherwise += group.count;
                step.left_otherwise += group.count;
            }
        }
    }
    Ok(counts)
}

fn accounts(tx: &mut Tx<'_>, id: &FlowId) -> Result<BTreeMap<StepId, StepAccount>> {
    let mut accounts: BTreeMap<StepId, StepAccount> = BTreeMap::new();
    let mut skipped: BTreeMap<(StepId, String), u64> = BTreeMap::new();
    tx.scan_messages(Some(id), &mut |message, _| {
        let account = accounts.entry(message.step.clone()).or_default();
        account.reached += 1;
        match message.state {
            MessageState::Sent => account.sent += 1,
            MessageState::Bounced => {
                account.sent += 1;
                account.bounced += 1;
            }
            MessageState::Cancelled | MessageState::Expired => {
                let reason = message.reason.unwrap_or_default();
                let label = reason.split(':').next().unwrap_or_default().to_owned();
                *skipped.entry((message.step, label)).or_default() += 1;
            }
            MessageState::InDoubt | MessageState::Claimed => account.in_doubt += 1,
            MessageState::Planned | MessageState::Ready | MessageState::Deferred => {
                account.waiting += 1;
            }
        }
        Ok(())
    })?;
    for ((step, label), count) in skipped {
        accounts.entry(step).or_default().skipped.push((label, count));
    }
    for account in accounts.values_mut() {
        account.skipped.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn upsell() -> Flow {
        Flow::parse(aftercart_flow::UPSELL_CROSS_SELL).unwrap()
    }

    /// What stands at each step of the shipped flow, and how many are held out.
    fn any_counts() -> impl Strategy<Value = FlowCounts> {
        let traffic = proptest::collection::vec((0_u64..900, 0_u64..90, 0_u64..90), 14);
        (traffic, 0_u64..500, 0_u64..900).prop_map(|(traffic, held_out, completed)| {
            let mut counts = FlowCounts { held_out, completed, ..FlowCounts::default() };
            let flow = upsell();
            for (step, (waiting, bought, left_otherwise)) in flow.steps().iter().zip(traffic) {
                let at_step = StepTraffic { waiting, bought, left_otherwise, completed: 0 };
                counts.steps.insert(step.id.clone(), at_step);
            }
            let last = flow.steps().last().unwrap().id.clone();
            counts.steps.entry(last).or_default().completed = completed;
            let sum = |of: fn(&StepTraffic) -> u64| counts.steps.values().map(of).sum::<u64>();
            let in_it_now = sum(|it| it.waiting);
            let (bought, left_otherwise) = (sum(|it| it.bought), sum(|it| it.left_otherwise));
            let enrolled = held_out + in_it_now + bought + left_otherwise + completed;
            FlowCounts { enrolled, in_it_now, bought, left_otherwise, ..counts }
        })
    }

    proptest! {
        #[test]
        fn the_rows_of_the_map_add_up(counts in any_counts()) {
            let rows = tree(&upsell(), &counts);
            prop_assert_eq!(rows[0].reached, Some(counts.enrolled), "everybody comes in at the top");
            for (at, row) in rows.iter().enumerate() {
                let here = row.waiting
                    + row.held_out
                    + row.bought
                    + row.left_otherwise
                    + row.completed;
                prop_assert_eq!(row.reached, row.on.map(|on| on + here), "at `{}`", row.row.title);
                let next = rows.get(at + 1).map_or(Some(0), |it| it.reached);
                prop_assert_eq!(row.on, next, "on from `{}`", row.row.title);
            }
            let waiting: u64 = rows.iter().map(|it| it.waiting).sum();
            prop_assert_eq!(waiting, counts.in_it_now);
        }
    }

    #[test]
    fn one_row_stands_for_all_that_enrols() {
        let rows = tree(&upsell(), &FlowCounts::default());
        let triggers = rows.iter().filter(|it| it.row.kind == RowKind::Trigger).count();
        assert_eq!(triggers, 1, "which trigger it was is not kept");
        assert!(rows[0].row.note.starts_with("Trigger: any order, or entered"));
    }

    #[test]
    fn within_an_arm_nothing_is_counted_that_is_not_known() {
        let exits =
            "then: {exit: purchase, move_to: feedback}\n      else: next\n  - id: wait-nudge";
        let jumps = "then: {go_to: watch}\n      else: next\n  - id: wait-nudge";
        let arms = aftercart_flow::UPSELL_CROSS_SELL.replace(exits, jumps);
        let flow = Flow::parse(&arms).unwrap();
        let rows = tree(&flow, &FlowCounts::default());
        let inner = rows.iter().filter(|it| it.row.indent > 0);
        assert!(inner.clone().count() > 0);
        assert!(inner.clone().all(|it| it.reached.is_none() && it.on.is_none()));
        assert!(rows.iter().filter(|it| it.row.indent == 0).all(|it| it.reached.is_some()));
    }
}
