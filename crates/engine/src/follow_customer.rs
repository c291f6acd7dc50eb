//! What follows from what is known of a customer, carried out: enrolments begin, end and are taken back
//! until all is as [`follow`] says.
//!
//! Things are told in another order than that in which they happened. An order told late may find
//! enrolments that began in the belief that it had not been placed, a withdrawal told late some that
//! should have ended. As long as no message was planned for one, it is taken back as if it had never
//! been; one that was acted on stands, and ends if it still waits.

use std::sync::Arc;

use aftercart_flow::{Begun, Change, Flow, Known, ORDER_AGE_MAX, Passage, ending, follow};
use aftercart_model::{
    ConsentState, CustomerId, Enrolment, EnrolmentId, EventBody, ExitReason, Order, OrderId,
    Position, Timestamp,
};
use aftercart_store::{FlowState, Tx};
use anyhow::{Context, Result};
use tracing::warn;

use crate::{Engine, advance_enrolments::Running, merge_customers::bars_of};

/// One change leads to another: a move to a flow that lets nobody in again. Three rounds are the most
/// that was seen; what is not settled after these the next event takes up.
const ROUNDS_MAX: usize = 8;

impl Engine {
    /// Lets everything follow from what is known of a customer. `told` is an order that was accepted
    /// just now, which may enrol unless it is older than [`ORDER_AGE_MAX`].
    pub(crate) fn follow_customer(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        told: Option<&Order>,
        now: Timestamp,
    ) -> Result<()> {
        let told = told.filter(|it| now.duration_since(it.placed_at) <= ORDER_AGE_MAX);
        for _ in 0..ROUNDS_MAX {
            let enrolments = tx.enrolments_of(customer)?;
            if told.is_none() && enrolments.is_empty() {
                return Ok(());
            }
            let changes = self.changes_due(tx, customer, &enrolments, told, now)?;
            if changes.is_empty() {
                return Ok(());
            }
            for change in changes {
                self.make_change(tx, customer, change, now)?;
            }
        }
        warn!(customer.id = customer.0, "what follows from their orders is not settled yet");
        Ok(())
    }

    /// The same after what was said or found out of a customer, which may end what no order does.
    pub(crate) fn follow_words(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<()> {
        self.end_what_is_stopped(tx, customer, now)?;
        self.follow_customer(tx, customer, None, now)?;
        self.follow_segments(tx, customer, now).map(drop)
    }

    fn changes_due(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        enrolments: &[Enrolment],
        told: Option<&Order>,
        now: Timestamp,
    ) -> Result<Vec<Change>> {
        let known = self.known_of(tx, customer)?;
        let mut live: Vec<Arc<Flow>> = Vec::new();
        for stored in tx.flows()?.into_iter().filter(|it| it.state == FlowState::Live) {
            live.push(self.flow_version(tx, &stored.id, stored.version)?);
        }
        let mut versions: Vec<(Arc<Flow>, Begun)> = Vec::with_capacity(enrolments.len());
        for it in enrolments {
            let flow = self.flow_version(tx, &it.flow, it.flow_version)?;
            versions.push((flow, self.begun(tx, it)?));
        }
        let acted_on =
            if enrolments.is_empty() { Vec::new() } else { tx.enrolments_acted_on(customer)? };
        let of_version = enrolments.iter().zip(&versions);
        let passages: Vec<Passage<'_>> =
            of_version.map(|(it, (flow, begun))| passage(it, flow, begun, &acted_on)).collect();
        let flows: Vec<&Flow> = live.iter().map(|it| &**it).collect();
        let told_id = told.map(|it| &it.id);
        let mut failed = None;
        let mut lets_in = |flow: &Flow, _: &OrderId| {
            let answer = self.lets_in(tx, flow, customer, now);
            answer.unwrap_or_else(|err| {
                failed = Some(err);
                false
            })
        };
        let changes = follow(&flows, &known, &passages, told_id, now, &mut lets_in);
        failed.map_or(Ok(changes), Err)
    }

    /// What a flow's filter and audience say of an order of this customer.
    fn lets_in(
        &self,
        tx: &mut Tx<'_>,
        flow: &Flow,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<bool> {
        let known = tx.customer(customer)?.context("an order of nobody")?;
        let is_filter_met = match flow.order_trigger().flatten() {
            Some(filter) => self.is_met(tx, filter, &known, None, now)?,
            None => true,
        };
        Ok(is_filter_met && self.is_in_audience(tx, flow, &known, None, now)?)
    }

    fn make_change(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        change: Change,
        now: Timestamp,
    ) -> Result<()> {
        match change {
            Change::TakeBack(id) => self.take_back(tx, id, now),
            Change::End { enrolment, reason: None } => self.advance(tx, enrolment, now, 0),
            Change::End { enrolment, reason } => match tx.enrolment(enrolment)? {
                Some(it) if it.position.is_active() => self.walk(tx, it, reason, now, 0),
                _ => Ok(()),
            },
            Change::Enrol { flow, order } => {
                let stored = tx.flow(&flow)?.context("a live flow vanished")?;
                let flow = self.flow_version(tx, &stored.id, stored.version)?;
                let running = Running { version: stored.version, flow };
                let order = tx.order(&order)?;
                self.let_in(tx, &running, customer, order.as_ref(), now, 0).map(drop)
            }
        }
    }

    /// What is known of a customer, as far as it begins or ends enrolments.
    pub(crate) fn known_of(&self, tx: &mut Tx<'_>, customer: CustomerId) -> Result<Known> {
        let consents = tx.consents_of(customer)?.into_iter();
        let refused = consents.filter(|it| it.state == ConsentState::Withdrawn);
        let barred_at = match tx.customer(customer)? {
            Some(known) => bars_of(tx, &known)?.into_iter().map(|it| it.at).min(),
            None => None,
        };
        Ok(Known {
            orders: tx.orders_placed(customer)?,
            refusals: tx.refusals_of(customer)?,
            refused: refused.map(|it| it.topic).collect(),
            barred_at,
        })
    }

    /// Where an enrolment stands among its customer's orders.
    pub(crate) fn begun(&self, tx: &mut Tx<'_>, enrolment: &Enrolment) -> Result<Begun> {
        let (order, at) = self.since_trigger(tx, enrolment)?;
        Ok(Begun { at, order })
    }

    /// Ends what a customer is in and should not be, by their own word or a bar; of paused flows, too.
    pub(crate) fn end_what_is_stopped(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<()> {
        let active = tx.active_enrolments_of(customer)?;
        if active.is_empty() {
            return Ok(());
        }
        let known = self.known_of(tx, customer)?;
        for enrolment in active {
            let flow = self.flow_version(tx, &enrolment.flow, enrolment.flow_version)?;
            let begun = self.begun(tx, &enrolment)?;
            let stop = ending(&flow, &begun, &known).and_then(|it| it.stop());
            if stop.is_some() {
                self.walk(tx, enrolment, stop, now, 0)?;
            }
        }
        Ok(())
    }

    /// Takes back an enrolment for which no message was planned; the log tells that it ended.
    fn take_back(&self, tx: &mut Tx<'_>, id: EnrolmentId, now: Timestamp) -> Result<()> {
        let Some(it) = tx.enrolment(id)? else { return Ok(()) };
        if !tx.take_back_enrolment(id)? || !it.position.is_active() {
            return Ok(());
        }
        let reason = ExitReason::Purchase;
        let ended = EventBody::EnrolmentEnded { enrolment: id, flow: it.flow, reason };
        self.note(tx, format!("ended:{id}"), it.customer, now, ended).map(drop)
    }
}

fn passage<'a>(
    enrolment: &Enrolment,
    flow: &'a Flow,
    begun: &Begun,
    acted_on: &[EnrolmentId],
) -> Passage<'a> {
    let reason = match &enrolment.position {
        Position::Exited { reason, .. } => Some(*reason),
        Position::Ready { .. } | Position::Waiting { .. } => None,
    };
    Passage {
        id: enrolment.id,
        flow,
        begun: begun.clone(),
        entered_at: enrolment.entered_at,
        reason,
        is_acted_on: acted_on.contains(&enrolment.id),
    }
}
