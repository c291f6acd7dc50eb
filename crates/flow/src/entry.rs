//! Whether a trigger enrols a customer, and by lot into which side.
//!
//! The lot is a keyed hash of flow and customer: the same at every entry, in preview and in replay,
//! and of no use to anybody who does not hold the key.

use std::{fmt, hash::Hasher};

use aftercart_model::{CustomerId, ExitReason, FlowId, Position};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

use crate::{Flow, ReEntry};

/// What is known of the customer when a trigger fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryFacts {
    pub customer: CustomerId,
    /// When the enrolment begins: the instant of the trigger.
    pub at: Timestamp,
    /// Whether the flow was entered under the same trigger key before.
    pub is_key_used: bool,
    /// The last entry under another key, however it ended; held out ones count.
    pub last_entered_at: Option<Timestamp>,
    /// What the trigger's filter says of the event; `true` without a filter.
    pub is_filter_met: bool,
    /// What the flow's audience says of the customer; `true` without an audience.
    pub is_in_audience: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Enrol { position: Position, is_held_out: bool },
    Refuse { reason: Refusal },
}

/// Why a trigger did not enrol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    KeyUsed,
    Filter,
    NeverAgain,
    TooSoon { again_at: Timestamp },
    Audience,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyUsed => f.write_str("was enrolled for this very trigger before"),
            Self::Filter => f.write_str("the trigger's filter does not let it through"),
            Self::NeverAgain => f.write_str("was in this flow before, and it lets nobody in twice"),
            Self::TooSoon { again_at } => {
                let day = jiff::tz::TimeZone::UTC.to_datetime(*again_at);
                write!(
                    f,
                    "was in this flow lately; may come in again from {}",
                    day.strftime("%-d %B %Y")
                )
            }
            Self::Audience => f.write_str("is not in the audience of the flow"),
        }
    }
}

/// Whether the trigger behind `facts` enrols. Held out customers are enrolled and at once gone, so
/// that lift can count them.
///
/// It does not ask which of a flow's triggers fired, so their order is of no consequence.
pub fn entry(flow: &Flow, facts: &EntryFacts, holdout_key: &[u8; 16]) -> Entry {
    if let Some(reason) = refusal(flow, facts) {
        return Entry::Refuse { reason };
    }
    let is_held_out = is_held_out(flow.id(), facts.customer, flow.holdout_percent(), holdout_key);
    let position = if is_held_out {
        Position::Exited { at: facts.at, reason: ExitReason::HeldOut, step: None }
    } else {
        Position::Ready { step: flow.steps()[0].id.clone() }
    };
    Entry::Enrol { position, is_held_out }
}

fn refusal(flow: &Flow, facts: &EntryFacts) -> Option<Refusal> {
    if facts.is_key_used {
        return Some(Refusal::KeyUsed);
    }
    if !facts.is_filter_met {
        return Some(Refusal::Filter);
    }
    match (flow.re_entry(), facts.last_entered_at) {
        (ReEntry::Always, _) | (_, None) => {}
        (ReEntry::Never, Some(_)) => return Some(Refusal::NeverAgain),
        (ReEntry::AfterDays(days), Some(last)) => {
            let pause = SignedDuration::from_hours(24 * i64::from(days));
            let again_at = last.checked_add(pause).unwrap_or(Timestamp::MAX);
            // A late event may lie before the last entry; it is as near to it as one after.
            if facts.at.duration_since(last).abs() < pause {
                return Some(Refusal::TooSoon { again_at });
            }
        }
    }
    (!facts.is_in_audience).then_some(Refusal::Audience)
}

/// Whether the lot withholds `customer` from `flow`.
pub fn is_held_out(flow: &FlowId, customer: CustomerId, percent: u8, key: &[u8; 16]) -> bool {
    let mut hasher = SipHasher24::new_with_key(key);
    hasher.write(b"holdout");
    hasher.write_u8(0);
    hasher.write(flow.as_str().as_bytes());
    hasher.write_u8(0);
    hasher.write_i64(customer.0);
    hasher.finish() % 100 < u64::from(percent)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::UPSELL_CROSS_SELL;

    const KEY: [u8; 16] = *b"a key for tests!";
    const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

    fn upsell() -> Flow {
        Flow::parse(UPSELL_CROSS_SELL).unwrap()
    }

    fn facts(customer: i64) -> EntryFacts {
        EntryFacts {
            customer: CustomerId(customer),
            at: NOW,
            is_key_used: false,
            last_entered_at: None,
            is_filter_met: true,
            is_in_audience: true,
        }
    }

    fn refused(facts: &EntryFacts) -> Option<String> {
        match entry(&upsell(), facts, &KEY) {
            Entry::Enrol { .. } => None,
            Entry::Refuse { reason } => Some(reason.to_string()),
        }
    }

    #[test]
    fn a_trigger_enrols_once_and_again_after_the_pause() {
        let last = |hours| EntryFacts {
            last_entered_at: Some(NOW - SignedDuration::from_hours(hours)),
            ..facts(1)
        };
        assert_eq!(refused(&facts(1)), None, "the first time");
        assert_eq!(refused(&last(720)), None, "30 days after the last time");
        assert_snapshot!(refused(&last(719)).unwrap(), @"was in this flow lately; may come in again from 1 March 2026");
        assert!(refused(&last(-719)).is_some(), "a late order from before the last entry");
        let used = EntryFacts { is_key_used: true, ..facts(1) };
        assert_snapshot!(refused(&used).unwrap(), @"was enrolled for this very trigger before");
        let filtered = EntryFacts { is_filter_met: false, ..facts(1) };
        assert_snapshot!(refused(&filtered).unwrap(), @"the trigger's filter does not let it through");
        let outside = EntryFacts { is_in_audience: false, ..facts(1) };
        assert_snapshot!(refused(&outside).unwrap(), @"is not in the audience of the flow");
    }

    #[test]
    fn the_held_out_are_enrolled_and_gone_at_once() {
        let held = (1..).find(|it| is_held_out(upsell().id(), CustomerId(*it), 10, &KEY)).unwrap();
        let Entry::Enrol { position, is_held_out: true } = entry(&upsell(), &facts(held), &KEY)
        else {
            panic!("customer {held} is held out");
        };
        let gone = Position::Exited { at: NOW, reason: ExitReason::HeldOut, step: None };
        assert_eq!(position, gone);
    }

    #[test]
    fn the_lot_takes_its_share() {
        let flow = FlowId::new("upsell-cross-sell").unwrap();
        let held = (0..10_000).filter(|it| is_held_out(&flow, CustomerId(*it), 10, &KEY)).count();
        assert!((900..1_100).contains(&held), "{held} of 10,000");
        let other = FlowId::new("another").unwrap();
        let both = (0..10_000)
            .filter(|it| is_held_out(&flow, CustomerId(*it), 10, &KEY))
            .filter(|it| is_held_out(&other, CustomerId(*it), 10, &KEY))
            .count();
        assert!((60..140).contains(&both), "{both}: flows draw independently");
    }

    proptest! {
        #[test]
        fn the_lot_never_changes(customer: i64, percent in 0_u8..100, key: [u8; 16], days in 0_i64..400) {
            let flow = upsell();
            let later = EntryFacts { at: NOW + SignedDuration::from_hours(24 * days), ..facts(customer) };
            let side = |facts: &EntryFacts| match entry(&flow, facts, &key) {
                Entry::Enrol { is_held_out, .. } => Some(is_held_out),
                Entry::Refuse { .. } => None,
            };
            prop_assert_eq!(side(&facts(customer)), side(&later));
            let held = |percent| is_held_out(flow.id(), CustomerId(customer), percent, &key);
            prop_assert!(!held(percent) || held(percent + 1), "a larger holdout lets nobody go");
            prop_assert!(!held(0) && held(100));
        }
    }
}
