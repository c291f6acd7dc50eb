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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    /// When a wait begun at the local time `from` in `name` is over, as local time with offset.
    fn over(name: &str, from: &str, wait: Wait) -> String {
        let from: civil::DateTime = from.parse().unwrap();
        let begun = zone(name).to_ambiguous_timestamp(from).compatible().unwrap();
        let over = is_over_at(wait, begun, from.time(), &zone(name));
        over.to_zoned(zone(name)).strftime("%Y-%m-%d %H:%M %:z").to_string()
    }

    #[test]
    fn days_are_civil_and_hours_absolute() {
        let days = |name, from, days| over(name, from, Wait::Days(days));
        let hours = |name, from, hours| over(name, from, Wait::Hours(hours));
        let (lisbon, york) = ("Europe/Lisbon", "America/New_York");
        assert_eq!(days(lisbon, "2026-03-28T10:00", 2), "2026-03-30 10:00 +01:00", "47 hours");
        assert_eq!(hours(lisbon, "2026-03-28T10:00", 48), "2026-03-30 11:00 +01:00", "48 hours");
        assert_eq!(days(york, "2026-10-31T10:00", 2), "2026-11-02 10:00 -05:00", "49 hours");
        assert_eq!(days("Asia/Kathmandu", "2026-12-31T23:59", 1), "2027-01-01 23:59 +05:45");
        assert_eq!(days(lisbon, "2028-02-28T08:00", 2), "2028-03-01 08:00 +00:00", "leap day");
    }

    #[test]
    fn a_time_that_is_skipped_is_taken_after_the_gap() {
        let days = |name, from, days| over(name, from, Wait::Days(days));
        assert_eq!(days("Europe/Berlin", "2026-03-26T02:30", 3), "2026-03-29 03:30 +02:00");
        assert_eq!(days("America/New_York", "2026-03-05T02:30", 3), "2026-03-08 03:30 -04:00");
        assert_eq!(
            days("Australia/Lord_Howe", "2026-10-01T02:15", 3),
            "2026-10-04 02:45 +11:00",
            "half an hour"
        );
        assert_eq!(
            days("Africa/Cairo", "2024-04-23T00:00", 3),
            "2024-04-26 01:00 +03:00",
            "there was no midnight"
        );
        assert_eq!(
            days("Pacific/Apia", "2011-12-28T10:00", 2),
            "2011-12-31 10:00 +14:00",
            "there was no 30 December"
        );
    }

    #[test]
    fn a_time_that_comes_twice_counts_the_first_time() {
        let days = |name, from, days| over(name, from, Wait::Days(days));
        assert_eq!(days("Europe/Berlin", "2026-10-22T02:30", 3), "2026-10-25 02:30 +02:00");
        assert_eq!(days("America/New_York", "2026-10-29T01:30", 3), "2026-11-01 01:30 -04:00");
        assert_eq!(days("Australia/Lord_Howe", "2026-04-02T01:45", 3), "2026-04-05 01:45 +11:00");
    }

    #[test]
    fn a_day_ends_at_the_midnight_after_it() {
        let lisbon = zone("Europe/Lisbon");
        let ends = |from: &str| {
            let from = lisbon.to_timestamp(from.parse::<civil::DateTime>().unwrap()).unwrap();
            lisbon.to_datetime(day_ends_at(from, 5, &lisbon)).to_string()
        };
        assert_eq!(ends("2026-03-17T00:00"), "2026-03-23T00:00:00", "the first moment of a day");
        assert_eq!(ends("2026-03-17T23:59"), "2026-03-23T00:00:00", "the last one of it");
        assert_eq!(ends("2026-03-27T12:00"), "2026-04-02T00:00:00", "over a change of clocks");
    }

    proptest! {
        #[test]
        fn a_wait_is_over_later_than_it_began(
            from in -1_000_000_000_i64..4_000_000_000, days in 1_u32..365, hours in 1_u32..9_000,
            minute in 0_i8..60, hour in 0_i8..24,
            name in prop::sample::select(vec![
                "Pacific/Apia", "Europe/Dublin", "America/St_Johns", "Africa/Casablanca",
                "Australia/Lord_Howe", "Asia/Tehran", "America/Sao_Paulo", "Pacific/Kiritimati",
            ]),
        ) {
            let from = Timestamp::from_second(from).unwrap();
            let time = civil::time(hour, minute, 0, 0);
            prop_assert!(from < is_over_at(Wait::Days(days), from, time, &zone(name)));
            let over = is_over_at(Wait::Hours(hours), from, time, &zone(name));
            prop_assert_eq!(over.duration_since(from), SignedDuration::from_hours(hours.into()));
        }
    }
}
