//! When a wait is over.
//!
//! Hours are absolute. Days are civil in the customer's zone: so many dates on, at a time of day.
//! Where a clock change skips that time the wait is over after the gap, where it repeats it the
//! first time counts (RFC 5545 §3.3.5).

use jiff::{SignedDuration, Span, Timestamp, civil, tz::TimeZone};

use crate::Wait;

/// When `wait`, begun at `from`, is over: never before `from`. Waits in days are over at
/// `time_of_day`.
pub fn is_over_at(
    wait: Wait,
    from: Timestamp,
    time_of_day: civil::Time,
    zone: &TimeZone,
) -> Timestamp {
    let over = match wait {
        Wait::Hours(hours) => from.checked_add(SignedDuration::from_hours(i64::from(hours))).ok(),
        Wait::Days(days) => zone
            .to_datetime(from)
            .date()
            .checked_add(Span::new().days(i64::from(days)))
            .ok()
            .map(|date| date.to_datetime(time_of_day))
            .and_then(|local| zone.to_ambiguous_timestamp(local).compatible().ok()),
    };
    over.unwrap_or(Timestamp::MAX).max(from)
}

/// Midnight at the end of the civil day `days` after the one of `from`.
pub(crate) fn day_ends_at(from: Timestamp, days: u32, zone: &TimeZone) -> Timestamp {
    is_over_at(Wait::Days(days + 1), from, civil::Time::midnight(), zone)
}
