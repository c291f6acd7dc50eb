//! Launching a flow, pausing it, and resuming it with a choice for what became due meanwhile.
//!
//! A pause freezes. Enrolments sleep until the flow is resumed; a message that was planned before is
//! held back once, with its reason, and sleeps too (`store` keeps it from being tried). Neither
//! grows too late while it is frozen: what becomes of it is the operator's choice at the resumption.

use aftercart_flow::{Flow, StepAction};
use aftercart_model::{FlowId, Message, MessageState, Position, StepId, Timestamp};
use aftercart_store::{FlowState, StoredFlow, Tx};
use anyhow::{Context, Result, bail};
use jiff::SignedDuration;

use crate::Engine;

/// Why an email never goes that an operator chose to skip.
const SKIPPED: &str = "skipped: it was overdue when the flow was resumed";

/// What becomes of emails that were due while a flow was paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// They go at once, and the waits behind them begin now.
    Send,
    /// Every wait is longer by the pause.
    Shift,
    /// They never go; the waits behind them begin now.
    Skip,
}

/// A pause that ends.
struct Pause {
    began_at: Timestamp,
    ends_at: Timestamp,
}

impl Pause {
    fn length(&self) -> SignedDuration {
        self.ends_at.duration_since(self.began_at)
    }
}

impl Engine {
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

    /// Stops enrolling and mailing; waits and planned messages freeze until it is resumed.
    pub fn pause_flow(&self, id: &FlowId, now: Timestamp) -> Result<()> {
        self.store().write(|tx| {
            let stored = tx.flow(id)?.with_context(|| format!("there is no flow `{id}`"))?;
            if stored.state != FlowState::Live {
                bail!("flow `{id}` is not live; only a live flow can be paused");
            }
            tx.set_setting(&paused_setting(id), &now.to_string())?;
            tx.set_flow_state(id, FlowState::Paused, now)
        })
    }

    /// Resumes a paused flow: waits that were over meanwhile are over now, the others go on.
    pub fn resume_flow(&self, id: &FlowId, now: Timestamp) -> Result<()> {
        self.resume_flow_as(id, Overdue::Send, now)
    }

    /// Resumes a paused flow, with what became due meanwhile treated as `overdue` says.
    pub fn resume_flow_as(&self, id: &FlowId, overdue: Overdue, now: Timestamp) -> Result<()> {
        self.store().write(|tx| {
            let stored = tx.flow(id)?.with_context(|| format!("there is no flow `{id}`"))?;
            if stored.state != FlowState::Paused {
                bail!("flow `{id}` is not paused; there is nothing to resume");
            }
            let began_at = paused_at(tx, &stored)?.unwrap_or(now).min(now);
            let pause = Pause { began_at, ends_at: now };
            tx.set_flow_state(id, FlowState::Live, now)?;
            self.resume_enrolments(tx, id, overdue, &pause)?;
            for message in tx.open_messages_of_flow(id)? {
                self.resume_message(tx, &message, overdue, &pause)?;
            }
            Ok(())
        })
    }

    fn resume_enrolments(
        &self,
        tx: &mut Tx<'_>,
        id: &FlowId,
        overdue: Overdue,
        pause: &Pause,
    ) -> Result<()> {
        let now = pause.ends_at;
        let mut frozen = Vec::new();
        tx.scan_enrolments(Some(id), &mut |enrolment| {
            frozen.extend(Some(enrolment).filter(|it| it.position.is_active()));
            Ok(())
        })?;
        for mut enrolment in frozen {
            let flow = self.flow_version(tx, id, enrolment.flow_version)?;
            let position = match overdue {
                Overdue::Send => None,
                Overdue::Shift => shifted(&enrolment.position, pause.length()),
                Overdue::Skip => past_the_email(&flow, &enrolment.position, now),
            };
            // Woken now, whatever it waits for: who bought meanwhile leaves at once.
            match position {
                Some(position) => {
                    enrolment.position = position;
                    if !tx.save_enrolment(&enrolment, Some(now))? {
                        bail!("enrolment {} was changed under our lock", enrolment.id);
                    }
                }
                None => tx.set_wake(enrolment.id, Some(now))?,
            }
        }
        Ok(())
    }

    /// Carries out the choice for a message that was planned before the pause. One that was too late
    /// already when the pause began stays so.
    fn resume_message(
        &self,
        tx: &mut Tx<'_>,
        message: &Message,
        overdue: Overdue,
        pause: &Pause,
    ) -> Result<()> {
        let now = pause.ends_at;
        let is_overdue = message.due_at <= now;
        if message.expires_at <= pause.began_at {
            return Ok(());
        }
        let mut resumed = Message { reason: None, ..message.clone() };
        match overdue {
            Overdue::Skip if is_overdue => {
                return self.change(tx, message.id, now, &mut |it| {
                    it.state = MessageState::Cancelled;
                    it.reason = Some(SKIPPED.to_owned());
                });
            }
            Overdue::Send if is_overdue => {
                let customer = tx.customer(message.customer)?.context("a message to nobody")?;
                let zone = self.zone_of(&customer);
                let coupon = message.coupon.as_deref();
                resumed.due_at = now;
                resumed.expires_at = self.expires_at(tx, coupon, &zone, now)?;
            }
            Overdue::Shift => {
                let later =
                    |at: Timestamp| at.checked_add(pause.length()).unwrap_or(Timestamp::MAX);
                resumed.due_at = later(message.due_at.max(pause.began_at));
                let ends = self.coupon_ends(tx, message.coupon.as_deref())?;
                resumed.expires_at = later(message.expires_at).min(ends.unwrap_or(Timestamp::MAX));
            }
            Overdue::Send | Overdue::Skip => return Ok(()),
        }
        if !tx.save_message(&resumed)? {
            bail!("message {} was changed under our lock", message.id);
        }
        Ok(())
    }
}

/// Under which the moment is kept at which a flow was paused.
fn paused_setting(id: &FlowId) -> String {
    format!("paused-at:{id}")
}

/// Since when a flow is paused; `None` if it is not. One paused by an earlier program, which did
/// not keep the moment, counts from its launch.
pub(crate) fn paused_at(tx: &mut Tx<'_>, stored: &StoredFlow) -> Result<Option<Timestamp>> {
    if stored.state != FlowState::Paused {
        return Ok(None);
    }
    match tx.setting(&paused_setting(&stored.id))? {
        Some(text) => text.parse().map(Some).context("when the flow was paused"),
        None => Ok(stored.live_since.or(Some(stored.created_at))),
    }
}

/// How many emails of a paused flow are overdue: planned ones, and those that stand behind waits
/// that are over.
pub(crate) fn overdue_emails(tx: &mut Tx<'_>, flow: &Flow, now: Timestamp) -> Result<u64> {
    let waits = tx.overdue_waits(flow.id(), now)?;
    let leads_to_email = |step: &StepId| {
        let mut steps = flow.steps().iter().skip_while(|it| it.id != *step).skip(1);
        steps.next().is_some_and(|it| matches!(it.action, StepAction::Send(_)))
    };
    let behind_waits = waits.iter().filter(|(step, _)| leads_to_email(step));
    let behind_waits: u64 = behind_waits.map(|(_, count)| count).sum();
    Ok(behind_waits + tx.count_overdue_messages(flow.id(), now)?)
}

fn shifted(position: &Position, pause: SignedDuration) -> Option<Position> {
    let Position::Waiting { step, until } = position else { return None };
    let until = until.checked_add(pause).ok()?;
    Some(Position::Waiting { step: step.clone(), until })
}

/// Behind the email that a wait which is over leads to; `None` if there is none to be skipped.
fn past_the_email(flow: &Flow, position: &Position, now: Timestamp) -> Option<Position> {
    let Position::Waiting { step, until } = position else { return None };
    let mut steps = flow.steps().iter().skip_while(|it| it.id != *step).skip(1);
    let is_email = matches!(steps.next()?.action, StepAction::Send(_));
    let behind = steps.next()?.id.clone();
    (is_email && *until <= now).then_some(Position::Ready { step: behind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipping_goes_past_the_email_that_was_due() {
        let flow = Flow::parse(aftercart_flow::UPSELL_CROSS_SELL).unwrap();
        let now: Timestamp = "2026-03-17T12:00:00Z".parse().unwrap();
        let waiting = |until: &str| Position::Waiting {
            step: StepId::new("wait-offer").unwrap(),
            until: until.parse().unwrap(),
        };
        let behind = Position::Ready { step: StepId::new("bought-offer").unwrap() };
        assert_eq!(past_the_email(&flow, &waiting("2026-03-17T11:00:00Z"), now), Some(behind));
        assert_eq!(past_the_email(&flow, &waiting("2026-03-17T13:00:00Z"), now), None, "not due");
        let watch = Position::Waiting { step: StepId::new("watch").unwrap(), until: now };
        assert_eq!(past_the_email(&flow, &watch, now), None, "no email behind it");
    }
}
