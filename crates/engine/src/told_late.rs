//! Orders told in another order than that in which they were placed.
//!
//! What follows must not hang on that. An order told late may find enrolments that began in the belief
//! that it had not been placed: entries of later orders that it would have barred, and requests for a
//! review of a later order where its own came first. As long as no message was planned for one, it is
//! taken back as if it had never been; one that was acted on stands, and ends if it still waits.

use aftercart_flow::{Entry, EntryFacts, Flow, entry};
use aftercart_model::{
    CustomerId, Enrolment, EventBody, ExitReason, FlowId, Order, OrderId, Position, Timestamp,
};
use aftercart_store::{FlowState, Tx};
use anyhow::Result;

use crate::{
    Engine,
    advance_enrolments::{Onward, place_of},
    campaign::flows_moved_to,
};

impl Engine {
    /// Where a purchase ended an enrolment and moved the customer on with a later order as the key,
    /// though `order` was the one that came first: moves them on with `order` instead.
    pub(crate) fn redirect_moves(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        order: &Order,
        now: Timestamp,
    ) -> Result<()> {
        let next = tx.first_order_after(customer, order.placed_at, Some(&order.id))?;
        let Some(next) = next else { return Ok(()) };
        for left in tx.enrolments_of(customer)?.iter().filter(|it| is_left_by_purchase(it)) {
            if self.ended_by(tx, left)?.as_ref() != Some(&order.id) {
                continue;
            }
            for target in self.moved_to_from(tx, left)? {
                let is_live = tx.flow(&target)?.is_some_and(|it| it.state == FlowState::Live);
                if is_live && self.take_back_move(tx, customer, &target, &next.id, now)? {
                    let onward = Onward { flow: target, trigger_order: Some(order.id.clone()) };
                    self.move_on(tx, customer, &left.flow, onward, now, 0)?;
                }
            }
        }
        Ok(())
    }

    /// After an order told late has enrolled in `flow`: takes back the entries of later orders that
    /// would have been refused, had the orders come as they were placed, with what followed from them.
    pub(crate) fn take_back_later_entries(
        &self,
        tx: &mut Tx<'_>,
        flow: &Flow,
        order: &Order,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<()> {
        for later in tx.enrolments_of(customer)? {
            let is_of_order = later.trigger_order.as_ref() == Some(&order.id);
            if later.flow != *flow.id() || is_of_order {
                continue;
            }
            let (trigger, since) = self.since_trigger(tx, &later)?;
            if (since, trigger.as_ref()) < place_of(order) {
                continue;
            }
            let facts = EntryFacts {
                customer,
                at: later.entered_at,
                is_key_used: false,
                last_entered_at: Some(now),
                is_filter_met: true,
                is_in_audience: true,
            };
            let Entry::Refuse { .. } = entry(flow, &facts, self.keys().holdout()) else { continue };
            if trigger.is_some() && self.take_back(tx, &later, now)? {
                self.take_back_what_followed(tx, &later, now)?;
            } else if later.position.is_active() {
                self.walk(tx, later, Some(ExitReason::Purchase), now, 0)?;
            }
        }
        Ok(())
    }

    /// Takes back where `left`, which is taken back itself, moved its customer on to, unless another
    /// enrolment did so too.
    fn take_back_what_followed(
        &self,
        tx: &mut Tx<'_>,
        left: &Enrolment,
        now: Timestamp,
    ) -> Result<()> {
        if !is_left_by_purchase(left) {
            return Ok(());
        }
        let Some(by) = self.ended_by(tx, left)? else { return Ok(()) };
        for target in self.moved_to_from(tx, left)? {
            let mut is_moved_by_another = false;
            for other in
                tx.enrolments_of(left.customer)?.iter().filter(|it| is_left_by_purchase(it))
            {
                is_moved_by_another |= self.ended_by(tx, other)?.as_ref() == Some(&by)
                    && self.moved_to_from(tx, other)?.contains(&target);
            }
            if !is_moved_by_another {
                self.take_back_move(tx, left.customer, &target, &by, now)?;
            }
        }
        Ok(())
    }

    /// Takes back a waiting enrolment that began with a move under the key `order`. `false`: there is
    /// none, or it was acted on.
    fn take_back_move(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        flow: &FlowId,
        order: &OrderId,
        now: Timestamp,
    ) -> Result<bool> {
        let active = tx.active_enrolments_of(customer)?;
        let is_it = |it: &&Enrolment| it.flow == *flow && it.trigger_order.as_ref() == Some(order);
        let Some(moved) = active.iter().find(is_it) else { return Ok(false) };
        let by_itself = self.flow_version(tx, flow, moved.flow_version)?.order_trigger().is_some();
        if by_itself { Ok(false) } else { self.take_back(tx, moved, now) }
    }

    /// Takes back an enrolment for which no message was planned; the log tells that it ended.
    fn take_back(&self, tx: &mut Tx<'_>, it: &Enrolment, now: Timestamp) -> Result<bool> {
        if !tx.take_back_enrolment(it.id)? {
            return Ok(false);
        }
        if it.position.is_active() {
            let reason = ExitReason::Purchase;
            let ended =
                EventBody::EnrolmentEnded { enrolment: it.id, flow: it.flow.clone(), reason };
            self.note(tx, format!("ended:{}", it.id), it.customer, now, ended)?;
        }
        Ok(true)
    }

    /// The order that ends an enrolment by purchase: the first placed after its own.
    fn ended_by(&self, tx: &mut Tx<'_>, enrolment: &Enrolment) -> Result<Option<OrderId>> {
        let (trigger, since) = self.since_trigger(tx, enrolment)?;
        let next = tx.first_order_after(enrolment.customer, since, trigger.as_ref())?;
        Ok(next.map(|it| it.id))
    }

    fn moved_to_from(&self, tx: &mut Tx<'_>, enrolment: &Enrolment) -> Result<Vec<FlowId>> {
        let flow = self.flow_version(tx, &enrolment.flow, enrolment.flow_version)?;
        Ok(flows_moved_to(&flow))
    }
}

fn is_left_by_purchase(enrolment: &Enrolment) -> bool {
    matches!(enrolment.position, Position::Exited { reason: ExitReason::Purchase, .. })
}
