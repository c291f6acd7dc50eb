//! A clock that stands still at a named instant and moves when the test says so.

use std::sync::Mutex;

use aftercart_model::Timestamp;
use jiff::SignedDuration;

/// 2026-03-01T12:00:00Z, a Sunday: where the tests' time stands unless they say otherwise.
pub const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0);

/// Shared by reference; every reader sees the same instant.
#[derive(Debug)]
pub struct FixedClock(Mutex<Timestamp>);

impl Default for FixedClock {
    fn default() -> Self {
        Self::at(NOW)
    }
}

impl FixedClock {
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    pub fn now(&self) -> Timestamp {
        *self.0.lock().expect("nobody panics while holding it")
    }

    /// Moves on, or back if `by` is negative.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().expect("nobody panics while holding it");
        *now = now.checked_add(by).expect("tests stay within the calendar");
    }

    pub fn set(&self, now: Timestamp) {
        *self.0.lock().expect("nobody panics while holding it") = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_moves_when_told() {
        let clock = FixedClock::default();
        assert_eq!(clock.now(), clock.now());
        clock.advance(SignedDuration::from_hours(36));
        assert_eq!(clock.now().to_string(), "2026-03-03T00:00:00Z");
        clock.set(NOW);
        assert_eq!(clock.now(), NOW);
    }
}
