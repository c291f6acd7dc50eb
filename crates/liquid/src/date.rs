//! The filter `date`: an instant from a number or a text, written by a pattern.
//!
//! There is no `now` and no `today`: the present moment is data like any other.

use jiff::{Timestamp, Zoned, civil, fmt::strtime, tz::TimeZone};

use crate::Value;

/// How people and machines write dates that ISO 8601 does not know. Without a zone they are UTC.
const WRITTEN: [&str; 9] = [
    "%B %d, %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%B %d %Y",
    "%Y/%m/%d",
    "%B %d, %Y %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%a %b %d %H:%M:%S %Y",
];

/// `None` if the value is no date or the pattern is not understood.
pub(crate) fn formatted(value: &Value, pattern: &str) -> Option<String> {
    strtime::format(pattern, &zoned(value)?).ok()
}

fn zoned(value: &Value) -> Option<Zoned> {
    match value {
        Value::Int(seconds) => of_seconds(*seconds),
        _ => {
            let text = value.as_str()?.trim();
            let is_seconds = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
            if is_seconds { of_seconds(text.parse().ok()?) } else { of_text(text) }
        }
    }
}

fn of_seconds(seconds: i64) -> Option<Zoned> {
    Some(Timestamp::from_second(seconds).ok()?.to_zoned(TimeZone::UTC))
}

fn of_text(text: &str) -> Option<Zoned> {
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Some(zoned);
    }
    if let Ok(pieces) = jiff::fmt::temporal::DateTimeParser::new().parse_timestamp(text) {
        // Shown at the offset it was written with, as people expect of their own times.
        let offset = strtime::parse("%Y-%m-%dT%H:%M:%S%:z", text).ok().and_then(|it| it.offset());
        return Some(pieces.to_zoned(offset.map_or(TimeZone::UTC, TimeZone::fixed)));
    }
    let utc = |it: civil::DateTime| it.to_zoned(TimeZone::UTC).ok();
    if let Ok(moment) = text.parse::<civil::DateTime>() {
        return utc(moment);
    }
    if let Ok(zoned) = strtime::parse("%Y-%m-%d %H:%M:%S %z", text).and_then(|it| it.to_zoned()) {
        return Some(zoned);
    }
    if let Ok(zoned) = jiff::fmt::rfc2822::parse(text) {
        return Some(zoned);
    }
    WRITTEN.iter().find_map(|pattern| {
        let broken = strtime::parse(pattern, text).ok()?;
        let date = broken.to_date().ok()?;
        utc(date.to_datetime(broken.to_time().unwrap_or(civil::Time::midnight())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_people_and_machines_write_them() {
        let of = |text: &str| formatted(&Value::from(text), "%Y-%m-%d %H:%M %z");
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(of("March 14, 2016"), is("2016-03-14 00:00 +0000"));
        assert_eq!(of("2016-03-14"), is("2016-03-14 00:00 +0000"));
        assert_eq!(of("2016-03-14T15:09:26Z"), is("2016-03-14 15:09 +0000"));
        assert_eq!(of("2016-03-14T15:09:26+02:00"), is("2016-03-14 15:09 +0200"));
        assert_eq!(of("2016-03-14 15:09:26 -0500"), is("2016-03-14 15:09 -0500"));
        assert_eq!(of("1457913600"), is("2016-03-14 00:00 +0000"));
        assert_eq!(of("next week"), None, "nothing that asks for the present");
        assert_eq!(of("now"), None);
        assert_eq!(formatted(&Value::Int(0), "%Q%"), None, "no such pattern");
    }
}
