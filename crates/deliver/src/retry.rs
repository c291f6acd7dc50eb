//! When a letter that was refused for now is tried again.
//!
//! The wait doubles from five minutes up to four hours, a fifth shorter or longer by lot, so that a
//! crowd that was refused together does not come back together. The lot is an argument.

use std::time::Duration;

use aftercart_model::Timestamp;
use jiff::SignedDuration;

/// The first wait.
pub const WAIT_MIN: SignedDuration = SignedDuration::from_mins(5);

/// No wait is longer, before its lot.
pub const WAIT_MAX: SignedDuration = SignedDuration::from_hours(4);

/// By how much of itself a wait is moved, either way, in percent.
const JITTER_PERCENT: i64 = 20;

/// The wait after the `attempts`-th attempt (from 1). `lot` may be any number, a hash of message and
/// attempt for example: the same lot gives the same wait.
pub fn wait(attempts: u32, lot: u64) -> SignedDuration {
    let doublings = attempts.saturating_sub(1).min(16);
    let wait = (WAIT_MIN.as_millis() << doublings).min(WAIT_MAX.as_millis()) as i64;
    let span = wait * JITTER_PERCENT / 100;
    let moved = (lot % (2 * span as u64 + 1)) as i64 - span;
    SignedDuration::from_millis(wait + moved)
}

/// When the next attempt is due, or `None` if the message is not worth sending by then.
///
/// A server that names its own wait (greylisting) is not asked before it is over.
pub fn next_attempt(
    now: Timestamp,
    attempts: u32,
    lot: u64,
    retry_after: Option<Duration>,
    expires_at: Timestamp,
) -> Option<Timestamp> {
    let asked_max = WAIT_MAX.unsigned_abs();
    let asked = retry_after.unwrap_or_default().min(asked_max);
    let asked = SignedDuration::try_from(asked).expect("no more than a few hours");
    let wait = wait(attempts, lot).max(asked);
    now.checked_add(wait).ok().filter(|at| *at < expires_at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

    /// The middle of the range, in minutes.
    fn middle(attempts: u32) -> i64 {
        let span = (wait(attempts, u64::MAX) - wait(attempts, 0)).abs();
        assert!(span <= wait(attempts, 0), "the lot moves it by a fifth at most");
        let doubled = WAIT_MIN.as_mins() << attempts.saturating_sub(1).min(16);
        doubled.min(WAIT_MAX.as_mins())
    }

    #[test]
    fn the_wait_doubles_up_to_four_hours() {
        let shortest = |attempts| wait(attempts, 0).as_secs();
        assert_eq!(shortest(1), 4 * 60, "five minutes less a fifth");
        assert_eq!(shortest(2), 8 * 60);
        assert_eq!(shortest(6), 128 * 60);
        assert_eq!(shortest(7), 192 * 60, "four hours less a fifth");
        assert_eq!(shortest(u32::MAX), 192 * 60, "and no further");
        assert_eq!(middle(4), 40);
    }

    #[test]
    fn a_message_not_worth_sending_by_then_is_not_tried_again() {
        let expires_at = NOW + SignedDuration::from_mins(10);
        assert!(next_attempt(NOW, 1, 0, None, expires_at).is_some());
        assert_eq!(next_attempt(NOW, 3, 0, None, expires_at), None);
    }

    #[test]
    fn a_server_that_names_its_wait_is_not_asked_before() {
        let at = |seconds| {
            let expires_at = NOW + SignedDuration::from_hours(24);
            let asked = Some(Duration::from_secs(seconds));
            next_attempt(NOW, 1, 0, asked, expires_at).unwrap().duration_since(NOW).as_secs()
        };
        assert_eq!(at(900), 900);
        assert_eq!(at(10), 240, "nor earlier than we would anyway");
        assert_eq!(at(u64::MAX), 4 * 3_600, "nor is it believed without end");
    }

    proptest! {
        #[test]
        fn a_wait_is_within_a_fifth_of_its_middle(attempts in 1_u32..40, lot: u64) {
            let (wait, middle) = (wait(attempts, lot).as_millis() as i64, middle(attempts) * 60_000);
            prop_assert!(middle * 8 / 10 <= wait && wait <= middle * 12 / 10);
        }
    }
}
