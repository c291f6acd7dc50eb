//! What a flow's emails did: rates, credit, and whether it earned more than doing nothing.
//!
//! Everything is computed from the rows on request; `insight` does the sums.

use std::collections::{BTreeMap, BTreeSet};

use aftercart_insight::{
    Curves, EnrolmentRow, Leak, Lift, LiftOptions, MessageRow, OrderRow, Report, Window, attribute,
    curves, leaks, lift, report,
};
use aftercart_model::{Currency, EnrolmentId, FlowId, MessageState, OrderId, StepId, Timestamp};
use aftercart_store::Tx;
use anyhow::Result;
use jiff::SignedDuration;
use serde::Serialize;

use crate::Engine;

/// Orders are credited to the last human click within so many days.
pub(crate) const ATTRIBUTION_DAYS: u32 = 5;
/// A customer's orders count for the lift within so many days of entering.
pub(crate) const HORIZON_DAYS: u32 = 21;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlowReport {
    pub flow: FlowId,
    pub name: String,
    /// A flow that was never launched has sent nothing.
    pub was_live: bool,
    pub currency: Currency,
    pub attribution_days: u32,
    pub horizon_days: u32,
    pub from: Option<Timestamp>,
    pub to: Timestamp,
    /// Enrolments; a customer who entered twice has two.
    pub enrolled: u64,
    pub held_out: u64,
    /// Enrolments that were handed at least one message: fewer than were not held out, for some
    /// buy, unsubscribe or wait before the first email, or may not be mailed.
    pub mailed: u64,
    pub steps: Vec<StepReport>,
    pub total: aftercart_insight::Figures,
    pub lift: Lift,
    pub curves: Curves,
    pub leaks: Vec<Leak>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepReport {
    pub step: StepId,
    pub title: String,
    pub figures: aftercart_insight::Figures,
}

impl Engine {
    pub fn report_flow(&self, id: &FlowId, now: Timestamp) -> Result<FlowReport> {
        let scanned = self.store().read(|tx| {
            let (_, flow, was_live) = self.definition(tx, id)?;
            Ok((flow, was_live, Rows::scan(tx, id)?))
        })?;
        let (flow, was_live, rows) = scanned;
        let credits = attribute(&rows.messages, &rows.orders, Window::days(ATTRIBUTION_DAYS));
        let sends: Vec<StepId> = flow.sends().map(|(step, _)| step.id.clone()).collect();
        let Report { steps, total } = report(&rows.messages, &credits, &sends);
        let horizon = SignedDuration::from_hours(24 * i64::from(HORIZON_DAYS));
        let options = LiftOptions { horizon, ..LiftOptions::default() };
        let figures = Report { steps: steps.clone(), total };
        let title = |step: &StepId| {
            flow.step(step).map_or_else(|| step.to_string(), aftercart_flow::Step::title)
        };
        Ok(FlowReport {
            flow: id.clone(),
            name: flow.name().to_owned(),
            was_live,
            currency: self.shop().currency,
            attribution_days: ATTRIBUTION_DAYS,
            horizon_days: HORIZON_DAYS,
            from: rows.enrolments.iter().map(|it| it.entered_at).min(),
            to: now,
            enrolled: rows.enrolments.len() as u64,
            held_out: rows.enrolments.iter().filter(|it| it.is_held_out).count() as u64,
            mailed: rows.enrolments.iter().filter(|it| it.was_mailed).count() as u64,
            steps: steps
                .into_iter()
                .map(|it| StepReport { title: title(&it.step), step: it.step, figures: it.figures })
                .collect(),
            total,
            lift: lift(&rows.enrolments, &rows.orders, &options, now),
            curves: curves(&rows.enrolments, &rows.orders, HORIZON_DAYS, now),
            leaks: leaks(&figures),
        })
    }
}

/// What `insight` asks for, of one flow; orders are everybody's.
pub(crate) struct Rows {
    pub messages: Vec<MessageRow>,
    pub enrolments: Vec<EnrolmentRow>,
    pub orders: Vec<OrderRow>,
}

impl Rows {
    pub fn scan(tx: &mut Tx<'_>, flow: &FlowId) -> Result<Self> {
        let mut enrolments = Vec::new();
        let mut triggers: BTreeMap<EnrolmentId, Option<OrderId>> = BTreeMap::new();
        tx.scan_enrolments(Some(flow), &mut |it| {
            triggers.insert(it.id, it.trigger_order.clone());
            enrolments.push(EnrolmentRow {
                enrolment: it.id,
                customer: it.customer,
                entered_at: it.entered_at,
                is_held_out: it.is_held_out,
                was_mailed: false,
                trigger_order: it.trigger_order,
            });
            Ok(())
        })?;
        let mut messages = Vec::new();
        tx.scan_messages(Some(flow), &mut |message, touches| {
            let was_handed_over =
                matches!(message.state, MessageState::Sent | MessageState::Bounced);
            let handed_over_at = message.sent_at.or(message.claimed_at);
            if let (true, Some(sent_at)) = (was_handed_over, handed_over_at) {
                messages.push(MessageRow {
                    message: message.id,
                    customer: message.customer,
                    trigger_order: triggers.get(&message.enrolment).cloned().flatten(),
                    enrolment: message.enrolment,
                    flow: message.flow,
                    step: message.step,
                    sent_at,
                    touches,
                });
            }
            Ok(())
        })?;
        let mailed: BTreeSet<EnrolmentId> = messages.iter().map(|it| it.enrolment).collect();
        for row in &mut enrolments {
            row.was_mailed = mailed.contains(&row.enrolment);
        }
        let mut orders = Vec::new();
        tx.scan_orders(&mut |order| {
            orders.extend(OrderRow::of(&order));
            Ok(())
        })?;
        Ok(Self { messages, enrolments, orders })
    }
}
