//! Promises 3, 4 and 7 asked of a whole store: what the demo asserts at its end, and tests after
//! every run.
//!
//! It reads the log and the tables again, by other ways than the code that wrote them.

use std::collections::BTreeMap;

use aftercart_model::{EnrolmentId, Message, MessageId, MessageState, OrderId, Timestamp};
use anyhow::Result;
use serde::Serialize;

use crate::Engine;

/// A promise that does not hold, with the rows that show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BrokenPromise {
    /// Its number in the list of promises.
    pub number: u8,
    pub what: String,
}

struct Claimed {
    message: MessageId,
    claimed_at: Timestamp,
    is_marketing: bool,
}

impl Engine {
    /// What is broken; empty when every promise holds over the whole store.
    pub fn check_promises(&self) -> Result<Vec<BrokenPromise>> {
        let mut broken = Vec::new();
        let mut claims: BTreeMap<EnrolmentId, Vec<Claimed>> = BTreeMap::new();
        self.store().read(|tx| {
            for what in tx.sums_hold()? {
                broken.push(BrokenPromise { number: 7, what });
            }
            tx.scan_messages(None, &mut |message, _| {
                broken.extend(check_message(&message));
                if let Some(claimed_at) = message.claimed_at {
                    claims.entry(message.enrolment).or_default().push(Claimed {
                        message: message.id,
                        claimed_at,
                        is_marketing: message.class == aftercart_model::MessageClass::Marketing,
                    });
                }
                Ok(())
            })?;
            let mut enrolments = Vec::new();
            tx.scan_enrolments(None, &mut |enrolment| {
                enrolments.push(enrolment);
                Ok(())
            })?;
            let mut keys = BTreeMap::new();
            for enrolment in &enrolments {
                let key = (enrolment.flow.clone(), enrolment.trigger_key.clone());
                if let Some(other) = keys.insert(key, enrolment.id) {
                    let (one, two) = (other, enrolment.id);
                    let what = format!("enrolments {one} and {two} have the same flow and trigger");
                    broken.push(BrokenPromise { number: 3, what });
                }
                let Some(claims) = claims.get(&enrolment.id) else { continue };
                if enrolment.is_held_out {
                    let id = enrolment.id;
                    let what = format!("enrolment {id} is held out and was mailed all the same");
                    broken.push(BrokenPromise { number: 5, what });
                }
                let flow = self.flow_version(tx, &enrolment.flow, enrolment.flow_version)?;
                if !flow.is_ended_by_purchase() {
                    continue;
                }
                // The order as the log accepted it, not as a projection has it.
                for event in tx.events_of(enrolment.customer)? {
                    let aftercart_model::EventBody::OrderPlaced { order, .. } = &event.body else {
                        continue;
                    };
                    if is_trigger(enrolment.trigger_order.as_ref(), order)
                        || event.at < enrolment.entered_at
                    {
                        continue;
                    }
                    let accepted_at = event.received_at;
                    for claim in claims.iter().filter(|it| it.is_marketing) {
                        if accepted_at < claim.claimed_at {
                            let message = claim.message;
                            let what = format!(
                                "message {message} was claimed after order {order} was accepted"
                            );
                            broken.push(BrokenPromise { number: 4, what });
                        }
                    }
                }
            }
            Ok(())
        })?;
        Ok(broken)
    }
}

fn is_trigger(trigger: Option<&OrderId>, order: &OrderId) -> bool {
    trigger == Some(order)
}

fn check_message(message: &Message) -> Option<BrokenPromise> {
    let id = message.id;
    let wrong =
        |number, what: &str| Some(BrokenPromise { number, what: format!("message {id} {what}") });
    match message.state {
        MessageState::Sent if message.claimed_at.is_none() => wrong(4, "was sent without a claim"),
        MessageState::Sent if message.sent_at.is_none() => wrong(7, "was sent at no time"),
        MessageState::Planned if message.claimed_at.is_some() => wrong(7, "went back to planned"),
        MessageState::Sent if message.attempts == 0 => wrong(7, "was sent by no attempt"),
        _ => None,
    }
}
