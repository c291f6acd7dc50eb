//! A flow as its page shows it: the definition, where people are now, where they left.

use std::{collections::BTreeMap, sync::Arc};

use aftercart_flow::Flow;
use aftercart_model::{
    Customer, Enrolment, EnrolmentId, ExitReason, FlowId, MessageState, Position, StepId, Timestamp,
};
use aftercart_store::{FlowState, StoredFlow, Tx};
use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::{Engine, FlowReport};

/// A flow as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowListing {
    pub id: FlowId,
    pub name: String,
    pub state: FlowState,
    pub version: u32,
    pub in_it_now: u64,
    /// `None` as long as it has never been live.
    pub report: Option<FlowReport>,
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
    pub subject: Option<String>,
}

pub struct FlowView {
    pub stored: StoredFlow,
    pub flow: Arc<Flow>,
    pub counts: FlowCounts,
    pub report: FlowReport,
    pub accounts: BTreeMap<StepId, StepAccount>,
    pub next_due: Option<Timestamp>,
}

/// One line of the page of enrolments.
#[derive(Clone, Debug, PartialEq)]
pub struct EnrolmentLine {
    pub enrolment: Enrolment,
    pub customer: Customer,
    pub step_title: String,
}

impl Engine {
    pub fn list_flows(&self, now: Timestamp) -> Result<Vec<FlowListing>> {
        let stored = self.store().read(|tx| tx.flows())?;
        let listing = |stored: StoredFlow| {
            let counts = self.store().read(|tx| flow_counts(tx, &stored.id))?;
            let flow = self.store().read(|tx| self.flow_version(tx, &stored.id, stored.version))?;
            let report = match stored.live_since {
                Some(_) => Some(self.report_flow(&stored.id, now)?),
                None => None,
            };
            Ok(FlowListing {
                id: stored.id,
                name: flow.name().to_owned(),
                state: stored.state,
                version: stored.version,
                in_it_now: counts.in_it_now,
                report,
            })
        };
        stored.into_iter().map(listing).collect()
    }

    pub fn view_flow(&self, id: &FlowId, now: Timestamp) -> Result<Option<FlowView>> {
        let read = self.store().read(|tx| {
            let Some(stored) = tx.flow(id)? else { return Ok(None) };
            let flow = self.flow_version(tx, id, stored.version)?;
            let counts = flow_counts(tx, id)?;
            let accounts = accounts(tx, id)?;
            Ok(Some((stored, flow, counts, accounts, tx.next_wake()?)))
        })?;
        let Some((stored, flow, counts, accounts, next_due)) = read else { return Ok(None) };
        let report = self.report_flow(id, now)?;
        Ok(Some(FlowView { stored, flow, counts, report, accounts, next_due }))
    }

    pub fn enrolments_page(
        &self,
        id: &FlowId,
        before: Option<EnrolmentId>,
        limit: u32,
    ) -> Result<Vec<EnrolmentLine>> {
        self.store().read(|tx| {
            let mut lines = Vec::new();
            for enrolment in tx.enrolments_page(id, before, limit)? {
                let flow = self.flow_version(tx, id, enrolment.flow_version)?;
                let Some(customer) = tx.customer(enrolment.customer)? else { continue };
                let step_title = enrolment
                    .position
                    .step()
                    .and_then(|it| flow.step(it))
                    .map(aftercart_flow::Step::title)
                    .unwrap_or_default();
                lines.push(EnrolmentLine { enrolment, customer, step_title });
            }
            Ok(lines)
        })
    }

    /// The definition of a flow as a file: the store's newest version, else the shipped one.
    pub fn flow_document(&self, id: &FlowId) -> Result<String> {
        let (_, flow, _) = self.store().read(|tx| self.definition(tx, id))?;
        Ok(flow.to_yaml())
    }

    /// Lets a flow enrol and mail from now on.
    pub fn launch_flow(&self, id: &FlowId, now: Timestamp) -> Result<()> {
        let findings = self.store().write(|tx| {
            if tx.flow(id)?.is_none() {
                let (_, flow, _) = self.definition(tx, id)?;
                tx.save_flow(id, &flow.to_yaml(), now)?;
            }
            let (_, flow, _) = self.definition(tx, id)?;
            let refused: Vec<String> = aftercart_flow::lint(&flow)
                .into_iter()
                .filter(|it| it.level == aftercart_flow::Level::Refused)
                .map(|it| it.text)
                .collect();
            if refused.is_empty() {
                tx.set_flow_state(id, FlowState::Live, now)?;
            }
            Ok(refused)
        })?;
        if !findings.is_empty() {
            bail!("flow `{id}` cannot be launched: {}", findings.join("; "));
        }
        Ok(())
    }

    /// Stops enrolling and mailing; waits freeze until it is resumed.
    pub fn pause_flow(&self, id: &FlowId, now: Timestamp) -> Result<()> {
        self.store().write(|tx| {
            tx.flow(id)?.with_context(|| format!("there is no flow `{id}`"))?;
            tx.set_flow_state(id, FlowState::Paused, now)
        })
    }

    /// Resumes a paused flow: waits that were over meanwhile are over now, the others go on.
    pub fn resume_flow(&self, id: &FlowId, now: Timestamp) -> Result<()> {
        self.store().write(|tx| {
            tx.set_flow_state(id, FlowState::Live, now)?;
            let mut frozen = Vec::new();
            tx.scan_enrolments(Some(id), &mut |enrolment| {
                match &enrolment.position {
                    Position::Waiting { until, .. } => frozen.push((enrolment.id, *until)),
                    Position::Ready { .. } => frozen.push((enrolment.id, now)),
                    Position::Exited { .. } => {}
                }
                Ok(())
            })?;
            for (enrolment, wake_at) in frozen {
                tx.set_wake(enrolment, Some(wake_at))?;
            }
            Ok(())
        })
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
