//! Promises 3, 4, 5 and 7 asked of a whole store: what the demo asserts at its end, and tests after
//! every run.
//!
//! It reads the log and the tables again, by other ways than the code that wrote them.

use std::collections::{BTreeMap, BTreeSet};

use aftercart_model::{
    Enrolment, EnrolmentId, Event, EventBody, ExitReason, Message, MessageClass, MessageId,
    MessageState, OrderId, Position, Timestamp,
};
use anyhow::Result;
use serde::Serialize;

use crate::Engine;

/// Rows of one kind that are told; one shows it as well as all.
const ROWS_TOLD: u32 = 100;

/// A promise that does not hold, with the rows that show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BrokenPromise {
    /// Its number in the list of promises.
    pub number: u8,
    pub what: String,
}

impl BrokenPromise {
    fn new(number: u8, what: String) -> Self {
        Self { number, what }
    }
}

/// A message of which an attempt was claimed.
struct Claimed {
    message: MessageId,
    at: Timestamp,
    is_marketing: bool,
}

impl Engine {
    /// What is broken; empty when every promise holds over the whole store.
    pub fn check_promises(&self) -> Result<Vec<BrokenPromise>> {
        let mut broken = Vec::new();
        let mut claims: BTreeMap<EnrolmentId, Vec<Claimed>> = BTreeMap::new();
        self.store().read(|tx| {
            let sums = tx.sums_hold()?.into_iter();
            broken.extend(sums.map(|what| BrokenPromise::new(7, what)));
            tx.scan_messages(None, &mut |message, _| {
                broken.extend(check_message(&message));
                if let Some(at) = message.claimed_at {
                    let is_marketing = message.class == MessageClass::Marketing;
                    let claim = Claimed { message: message.id, at, is_marketing };
                    claims.entry(message.enrolment).or_default().push(claim);
                }
                Ok(())
            })?;
            let mut enrolments = Vec::new();
            tx.scan_enrolments(None, &mut |enrolment| {
                enrolments.push(enrolment);
                Ok(())
            })?;
            broken.extend(check_keys(&enrolments));
            // By the log's own order, of every attempt; and by the clock, of the last.
            let by_log = tx.claims_after_purchase(ROWS_TOLD)?;
            let mut after_purchase: BTreeSet<(MessageId, OrderId)> = by_log.into_iter().collect();
            for enrolment in &enrolments {
                let Some(claims) = claims.get(&enrolment.id) else { continue };
                broken.extend(claims.iter().filter_map(|it| check_claim(enrolment, it)));
                let flow = self.flow_version(tx, &enrolment.flow, enrolment.flow_version)?;
                if flow.is_ended_by_purchase() {
                    let events = tx.events_of(enrolment.customer)?;
                    after_purchase.extend(claimed_after_purchase(enrolment, claims, &events));
                }
            }
            broken.extend(after_purchase.into_iter().map(|(message, order)| {
                let what =
                    format!("message {message} was claimed after order {order} was accepted");
                BrokenPromise::new(4, what)
            }));
            Ok(())
        })?;
        Ok(broken)
    }
}

/// Enrolments under one flow and trigger key.
fn check_keys(enrolments: &[Enrolment]) -> Vec<BrokenPromise> {
    let mut keys = BTreeMap::new();
    let mut broken = Vec::new();
    for enrolment in enrolments {
        let two = enrolment.id;
        if let Some(one) = keys.insert((&enrolment.flow, &enrolment.trigger_key), two) {
            let what = format!("enrolments {one} and {two} have the same flow and trigger");
            broken.push(BrokenPromise::new(3, what));
        }
    }
    broken
}

fn check_claim(enrolment: &Enrolment, claim: &Claimed) -> Option<BrokenPromise> {
    let (id, message) = (enrolment.id, claim.message);
    if enrolment.is_held_out {
        let what = format!("enrolment {id} is held out and message {message} went all the same");
        return Some(BrokenPromise::new(5, what));
    }
    let Position::Exited { at, reason, .. } = &enrolment.position else { return None };
    let is_over = *reason != ExitReason::Completed && *at < claim.at;
    is_over.then(|| {
        let what = format!("message {message} was claimed after enrolment {id} had ended");
        BrokenPromise::new(5, what)
    })
}

/// Claims after an order that the log had accepted, placed after the trigger's: at one instant, of a
/// greater id. Of orders accepted before their customer turned out to be this one the clock does not
/// tell whether that was known; the log does.
fn claimed_after_purchase(
    enrolment: &Enrolment,
    claims: &[Claimed],
    events: &[Event],
) -> Vec<(MessageId, OrderId)> {
    let trigger = enrolment.trigger_order.as_ref();
    let is_trigger = |it: &&Event| matches!(&it.body, EventBody::OrderPlaced { order, .. } if Some(order) == trigger);
    let began_at = events.iter().find(is_trigger).map_or(enrolment.entered_at, |it| it.at);
    let mut found = Vec::new();
    let merges = events.iter().filter(|it| matches!(it.body, EventBody::Merged { .. }));
    let merged_seq = merges.map(|it| it.seq).max().unwrap_or(0);
    let is_meant = |it: &&Event| it.at >= enrolment.entered_at && merged_seq < it.seq;
    for event in events.iter().filter(is_meant) {
        // The order as the log accepted it, not as a projection has it.
        let EventBody::OrderPlaced { order, .. } = &event.body else { continue };
        if trigger == Some(order) || (event.at, Some(order)) < (began_at, trigger) {
            continue;
        }
        let claims = claims.iter().filter(|it| it.is_marketing && event.received_at < it.at);
        found.extend(claims.map(|it| (it.message, order.clone())));
    }
    found
}

fn check_message(message: &Message) -> Option<BrokenPromise> {
    let id = message.id;
    let wrong =
        |number, what: &str| Some(BrokenPromise::new(number, format!("message {id} {what}")));
    match message.state {
        MessageState::Sent if message.claimed_at.is_none() => wrong(4, "was sent without a claim"),
        MessageState::Sent if message.sent_at.is_none() => wrong(7, "was sent at no time"),
        MessageState::Planned if message.claimed_at.is_some() => wrong(7, "went back to planned"),
        MessageState::Sent if message.attempts == 0 => wrong(7, "was sent by no attempt"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aftercart_model::{CustomerId, FlowId};

    use super::*;

    fn enrolment(id: i64, flow: &str, trigger_key: &str) -> Enrolment {
        Enrolment {
            id: EnrolmentId(id),
            customer: CustomerId(256),
            flow: FlowId::new(flow).unwrap(),
            flow_version: 1,
            trigger_key: trigger_key.to_owned(),
            trigger_order: None,
            position: Position::Exited {
                at: Timestamp::UNIX_EPOCH,
                reason: ExitReason::Completed,
                step: None,
            },
            is_held_out: false,
            entered_at: Timestamp::UNIX_EPOCH,
            products: Vec::new(),
            coupon: None,
            revision: 0,
        }
    }

    /// The store's constraint lets no such rows in, so that they are made here.
    #[test]
    fn one_trigger_that_enrolled_twice_is_found() {
        let one = enrolment(1, "upsell", "1001");
        let others = [enrolment(2, "feedback", "1001"), enrolment(3, "upsell", "1002")];
        let mut enrolments = vec![one];
        enrolments.extend(others);
        assert_eq!(check_keys(&enrolments), []);
        enrolments.push(enrolment(4, "upsell", "1001"));
        let what = "enrolments 1 and 4 have the same flow and trigger".to_owned();
        assert_eq!(check_keys(&enrolments), [BrokenPromise { number: 3, what }]);
    }
}
