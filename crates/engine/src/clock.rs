//! The present moment, as an argument that somebody has to bring.
//!
//! Nothing else in the product reads the time: use cases take `now`, so that preview, simulation,
//! replay and production are one code path. The standing clock serves the demo, whose store ends at
//! a simulated moment, and the tests.

use std::sync::Mutex;

use jiff::Timestamp;

pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands until it is set.
pub struct StandingClock(Mutex<Timestamp>);

impl StandingClock {
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    pub fn set(&self, now: Timestamp) {
        *self.0.lock().expect("no one panics while setting a clock") = now;
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no one panics while setting a clock")
    }
}
