//! Whether a message may go now: send, defer until, or drop with a reason.
//!
//! One pure function over facts that the caller read in the claim's transaction. It plans nothing
//! and counts nothing; the same call serves planning, the last look before the dot, and the
//! customer's page that asks why an email did not come.
//!
//! A fact that could not be read is [`Fact::Unknown`], never a default: it holds the message back,
//! and past its expiry drops it. Silence about consent is not consent.

mod gate;
mod reason;
mod rules;

pub use gate::{Fact, Gate, GateAnswer, GateName, gates};
pub use reason::{Reason, Verdict};
pub use rules::{Cap, QuietHours, Rules, RulesError};

use aftercart_model::{ConsentState, MessageClass};
use jiff::{SignedDuration, Timestamp};

/// When to look again at what has no end of its own: a fact that could not be read. A pause ends when
/// an operator says so; it is looked at no sooner than this.
pub const RECHECK_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// Whether the message behind `gate` may be handed over at `now`.
///
/// What bars it for good is asked first, so that a suppressed, unconsenting or bought customer is
/// never merely deferred. A pause freezes the message, its expiry too: what becomes of it is decided
/// when the flow is resumed. Any other deferral that would outlive the message is a drop with the
/// same reason.
pub fn verdict(gate: &Gate, rules: &Rules, now: Timestamp) -> Verdict {
    if let Some(reason) = bar(gate) {
        return Verdict::Drop { reason };
    }
    if gate.is_paused == Fact::Known(true) {
        let at = first_allowed(gate, rules, later(now, RECHECK_AFTER));
        return Verdict::DeferUntil { at, reason: Reason::Paused };
    }
    if gate.expires_at <= now {
        return Verdict::Drop { reason: Reason::TooLate };
    }
    let Some((reason, not_before)) = hold(gate, rules, now) else {
        return Verdict::Send;
    };
    let at = first_allowed(gate, rules, not_before);
    if at < gate.expires_at { Verdict::DeferUntil { at, reason } } else { Verdict::Drop { reason } }
}

/// What keeps the message from ever going, whenever it is asked.
fn bar(gate: &Gate) -> Option<Reason> {
    if let Fact::Known(Some(reason)) = &gate.suppression {
        return Some(Reason::Suppressed(*reason));
    }
    if gate.class == MessageClass::Marketing
        && let Fact::Known(consent) = &gate.consent
    {
        match consent.as_ref().filter(|it| it.topic == gate.topic).map(|it| it.state) {
            Some(ConsentState::Agreed) => {}
            Some(ConsentState::Withdrawn) => {
                return Some(Reason::ConsentWithdrawn { topic: gate.topic });
            }
            None => return Some(Reason::NoConsent { topic: gate.topic }),
        }
    }
    if let Fact::Known(Some(order)) = &gate.bought_since {
        return Some(Reason::Bought { order: order.clone() });
    }
    if gate.is_in_audience == Fact::Known(false) {
        return Some(Reason::NotInAudience);
    }
    (gate.is_in_stock == Fact::Known(false)).then_some(Reason::OutOfStock)
}

/// What holds the message back for now, and until when at least.
fn hold(gate: &Gate, rules: &Rules, now: Timestamp) -> Option<(Reason, Timestamp)> {
    if let Some(name) = gate.first_unknown() {
        return Some((Reason::Unknown(name), later(now, RECHECK_AFTER)));
    }
    if gate.class == MessageClass::Transactional {
        return None;
    }
    // The cap is named first: when both hold, it is what the shopkeeper can change.
    for cap in &rules.caps {
        if let Some(at) = cap.blocks_until(gate.sent_at.known()?, now) {
            return Some((Reason::FrequencyCap(*cap), at));
        }
    }
    let until = rules.quiet_hours.as_ref()?.end_after(now, &gate.zone)?;
    Some((Reason::QuietHours, until))
}

/// The first instant from `at` on that no cap and no quiet hours forbid.
fn first_allowed(gate: &Gate, rules: &Rules, at: Timestamp) -> Timestamp {
    if gate.class == MessageClass::Transactional {
        return at;
    }
    let sent_at = gate.sent_at.known().map_or(&[][..], Vec::as_slice);
    rules.first_allowed(sent_at, &gate.zone, at)
}

fn later(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
