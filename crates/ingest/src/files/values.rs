//! Values as people and programs write them: instants, amounts, yes and no.
//!
//! Nothing is guessed that could be wrong: `01/03/2026` is 1 March or 3 January, and which of them is
//! for the person who imports to say.

use std::fmt;

use aftercart_model::{Currency, Timestamp};
use jiff::{
    civil::{Date, DateTime, Time},
    tz::{Offset, TimeZone},
};

use crate::decimal::Decimal;

/// The years a shop's records are of. Beyond them a column is mistaken.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2200;

/// Whether `01/03/2026` is 1 March or 3 January.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    DayMonthYear,
    MonthDayYear,
}

/// Why a text is no instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstantError {
    NotOne,
    /// Day and month could be either way round, and nobody said which.
    Ambiguous,
    /// It is no day of the calendar, or not in the order that was said.
    NoSuchDay,
}

impl fmt::Display for InstantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOne => "write it as `2026-03-01 14:05` or `2026-03-01T14:05:00Z`",
            Self::Ambiguous => {
                "day and month could be either way round; say --date-order dmy or --date-order mdy"
            }
            Self::NoSuchDay => "there is no such day; look at --date-order, or correct it",
        })
    }
}

/// The instant that `text` names; without an offset of its own it is the time in `zone`, and without
/// a time it is the day's beginning there.
///
/// Understood are RFC 3339 and what is like it (`2026-03-01 14:05:00 +0100`, `2026-03-01 14:05 UTC`,
/// `2026/03/01`), days before months or after them (`01/03/2026 2:05 PM`, `1.3.2026`, which is always
/// day first), names of months (`1 Mar 2026`, `March 1, 2026 14:05`), and seconds or milliseconds
/// since 1970 (10 or 13 digits).
pub fn instant(
    text: &str,
    zone: &TimeZone,
    order: Option<DateOrder>,
) -> Result<Timestamp, InstantError> {
    let text = text.trim();
    if text.len() >= 20 && text.as_bytes()[10] == b'T' {
        // The most common form, and the fastest to read.
        if let Ok(at) = text.parse::<Timestamp>() {
            return within_years(at);
        }
    }
    if matches!(text.len(), 10 | 13) && text.bytes().all(|it| it.is_ascii_digit()) {
        let number: i64 = text.parse().map_err(|_| InstantError::NotOne)?;
        let at = match text.len() {
            10 => Timestamp::from_second(number),
            _ => Timestamp::from_millisecond(number),
        };
        return within_years(at.map_err(|_| InstantError::NotOne)?);
    }
    let (date, rest) = date(text, order)?;
    let (time, offset) = time(rest).ok_or(InstantError::NotOne)?;
    let local = DateTime::from_parts(date, time);
    let at = match offset {
        Some(offset) => offset.to_timestamp(local),
        None => zone.to_timestamp(local),
    };
    within_years(at.map_err(|_| InstantError::NotOne)?)
}

fn within_years(at: Timestamp) -> Result<Timestamp, InstantError> {
    let year = Offset::UTC.to_datetime(at).year();
    if YEARS.contains(&year) { Ok(at) } else { Err(InstantError::NoSuchDay) }
}

/// A date, and what stands after it.
fn date(text: &str, order: Option<DateOrder>) -> Result<(Date, &str), InstantError> {
    if text.bytes().any(|it| it.is_ascii_alphabetic())
        && let Some(found) = date_with_month_name(text)
    {
        return found;
    }
    let mut numbers: [(i16, usize); 3] = [(0, 0); 3];
    let (mut at, mut separator) = (0, None);
    let bytes = text.as_bytes();
    for (index, number) in numbers.iter_mut().enumerate() {
        let digits = bytes[at..].iter().take_while(|it| it.is_ascii_digit()).count();
        if !(1..=4).contains(&digits) {
            return Err(InstantError::NotOne);
        }
        *number = (text[at..at + digits].parse().map_err(|_| InstantError::NotOne)?, digits);
        at += digits;
        if index < 2 {
            let byte = *bytes.get(at).ok_or(InstantError::NotOne)?;
            if !b"-/.".contains(&byte) || separator.is_some_and(|it| it != byte) {
                return Err(InstantError::NotOne);
            }
            separator = Some(byte);
            at += 1;
        }
    }
    let [(first, first_digits), (second, _), (third, third_digits)] = numbers;
    let (year, month, day) = if first_digits == 4 {
        (first, second, third)
    } else if third_digits == 4 {
        // Nobody writes the month first with points.
        let order = if separator == Some(b'.') { Some(DateOrder::DayMonthYear) } else { order };
        match order {
            Some(DateOrder::DayMonthYear) => (third, second, first),
            Some(DateOrder::MonthDayYear) => (third, first, second),
            None if first > 12 || first == second => (third, second, first),
            None if second > 12 => (third, first, second),
            None => return Err(InstantError::Ambiguous),
        }
    } else {
        return Err(InstantError::NotOne);
    };
    Ok((calendar_day(year, month, day)?, &text[at..]))
}

fn calendar_day(year: i16, month: i16, day: i16) -> Result<Date, InstantError> {
    let small = |it: i16| i8::try_from(it).map_err(|_| InstantError::NoSuchDay);
    Date::new(year, small(month)?, small(day)?).map_err(|_| InstantError::NoSuchDay)
}

/// `1 Mar 2026`, `Mar 1, 2026`, `Sunday, March 1, 2026`; `None` if there is no name of a month.
fn date_with_month_name(text: &str) -> Option<Result<(Date, &str), InstantError>> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let (mut month, mut day, mut year, mut end) = (None, None, None, 0);
    let is_gap = |it: char| it == ' ' || it == ',' || it == '-';
    for word in text.split(is_gap).filter(|it| !it.is_empty()).take(4) {
        let begin = word.as_ptr() as usize - text.as_ptr() as usize;
        let lower = word.trim_end_matches('.').to_ascii_lowercase();
        if let Ok(number) =
            lower.trim_end_matches(|it: char| it.is_ascii_lowercase()).parse::<i16>()
        {
            match number {
                1..=31 if day.is_none() && !lower.ends_with('m') => day = Some(number),
                1_000.. if year.is_none() => year = Some(number),
                _ => break,
            }
        } else if month.is_none() && lower.len() >= 3 {
            // A name of a day before it says nothing.
            month = MONTHS.iter().position(|it| lower.starts_with(it));
        } else {
            break;
        }
        end = begin + word.len();
        if month.is_some() && day.is_some() && year.is_some() {
            break;
        }
    }
    let month = i16::try_from(month? + 1).ok()?;
    let (Some(day), Some(year)) = (day, year) else { return Some(Err(InstantError::NotOne)) };
    Some(calendar_day(year, month, day).map(|it| (it, &text[end..])))
}

/// What stands after a date: nothing, or a time with or without an offset.
fn time(text: &str) -> Option<(Time, Option<Offset>)> {
    let text = text.trim_start_matches([' ', ',', 'T', 't']);
    let text = text.strip_prefix("at ").unwrap_or(text).trim();
    if text.is_empty() {
        return Some((Time::midnight(), None));
    }
    let end = text.find(|it: char| !matches!(it, '0'..='9' | ':' | '.')).unwrap_or(text.len());
    let (clock, rest) = text.split_at(end);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.split(':').map(|it| match it.len() {
        1 | 2 => it.parse::<i8>().ok(),
        _ => None,
    });
    let mut hour = parts.next()??;
    let minute = parts.next()??;
    let second = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() || !fraction.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let nanosecond: i32 = digits.parse().ok()?;
    let rest = rest.trim_start();
    let half = rest.get(..2).map(str::to_ascii_lowercase);
    let rest = match half.as_deref() {
        Some("am" | "pm") if (1..=12).contains(&hour) => {
            hour = hour % 12 + if half.as_deref() == Some("pm") { 12 } else { 0 };
            rest[2..].trim_start()
        }
        Some("am" | "pm") => return None,
        _ => rest,
    };
    // A leap second is the last one of its minute.
    let time = Time::new(hour, minute, second.min(59), nanosecond).ok()?;
    if second > 60 {
        return None;
    }
    Some((time, offset(rest)?))
}

/// `Some(None)` where nothing is said.
fn offset(text: &str) -> Option<Option<Offset>> {
    let text = text.trim();
    let after = |prefix: &str| {
        text.get(..prefix.len()).filter(|it| it.eq_ignore_ascii_case(prefix))?;
        Some(text[prefix.len()..].trim())
    };
    let text = match after("utc").or_else(|| after("gmt")).or_else(|| after("z")) {
        Some("") => return Some(Some(Offset::UTC)),
        Some(rest) => rest,
        None if text.is_empty() => return Some(None),
        None => text,
    };
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    if !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = match digits.len() {
        1 | 2 => (digits.parse().ok()?, 0),
        4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        _ => return None,
    };
    if minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok().map(Some)
}

/// An amount of money in minor units: `19.99`, `1,234.50`, `1.234,50 €`, `€12`, `USD 5`.
///
/// A comma with exactly three digits after it parts thousands, else it is the point. `None` if it is
/// no amount; the sign is the caller's to judge.
pub fn amount(text: &str, currency: Currency) -> Option<i64> {
    decimal(text)?.times(1, currency.digits())
}

/// The number in an amount.
pub fn decimal(text: &str) -> Option<Decimal> {
    let is_of_number = |it: char| it.is_ascii_digit() || ".,-+'".contains(it);
    let mut number = String::with_capacity(text.len());
    let mut is_over = false;
    for letter in text.trim().chars() {
        if is_of_number(letter) {
            if is_over {
                return None;
            }
            number.push(letter);
        } else if letter == '−' {
            number.push('-');
        } else if letter.is_alphabetic() || "€£$¥₹₩zł".contains(letter) {
            // The sign or name of a currency, before or after.
            is_over = number.bytes().any(|it| it.is_ascii_digit());
        } else if !letter.is_whitespace() {
            return None;
        }
    }
    if let Some(plain) = Decimal::parse(number.as_bytes()) {
        return Some(plain);
    }
    let number = number.replace('\'', "");
    let (commas, points) = (number.matches(',').count(), number.matches('.').count());
    let last_comma = number.rfind(',');
    let plain = match (commas, points) {
        (0, 0 | 1) => number,
        (_, 1) if last_comma < number.rfind('.') => number.replace(',', ""),
        (1, _) if number.rfind('.') < last_comma && points > 0 => {
            number.replace('.', "").replace(',', ".")
        }
        (1, 0) if number.len() - last_comma? - 1 != 3 => number.replace(',', "."),
        (_, 0) if are_thousands(&number, ',') => number.replace(',', ""),
        (0, _) if are_thousands(&number, '.') => number.replace('.', ""),
        _ => return None,
    };
    Decimal::parse(plain.as_bytes())
}

/// Whether three digits stand after each `mark`.
fn are_thousands(number: &str, mark: char) -> bool {
    number.split(mark).skip(1).all(|it| it.len() == 3)
}

/// A yes or no.
pub fn flag(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" | "y" | "t" | "on" | "x" => Some(true),
        "no" | "false" | "0" | "n" | "f" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, order: Option<DateOrder>) -> Result<String, InstantError> {
        let zone = TimeZone::get("Europe/Lisbon").unwrap();
        instant(text, &zone, order).map(|it| it.to_string())
    }

    #[test]
    fn instants_are_read_as_people_and_programs_write_them() {
        let of = |text: &str| read(text, None).unwrap_or_else(|why| panic!("{text}: {why}"));
        let cases = [
            ("2026-03-01T14:05:00Z", "2026-03-01T14:05:00Z", "RFC 3339"),
            ("2026-07-01T14:05:00+02:00", "2026-07-01T12:05:00Z", "with an offset"),
            ("2026-07-01T14:05:00.250Z", "2026-07-01T14:05:00.25Z", "with a fraction"),
            ("2026-07-01 14:05:00 -0500", "2026-07-01T19:05:00Z", "Shopify's exports"),
            ("2026-07-01 14:05:00 UTC", "2026-07-01T14:05:00Z", "Judge.me's"),
            ("2026-07-01 14:05", "2026-07-01T13:05:00Z", "summer in the zone"),
            ("2026-03-01 14:05", "2026-03-01T14:05:00Z", "winter in the zone"),
            ("2026-07-01", "2026-06-30T23:00:00Z", "the day's beginning there"),
            ("2026/7/1 4:05", "2026-07-01T03:05:00Z", "strokes and single digits"),
            ("31/07/2026 14:05", "2026-07-31T13:05:00Z", "no month has the number 31"),
            ("07/31/2026 2:05 PM", "2026-07-31T13:05:00Z", "nor has a year so many months"),
            ("3/3/2026", "2026-03-03T00:00:00Z", "either way round the same"),
            ("1.3.2026 14:05", "2026-03-01T14:05:00Z", "points: day first"),
            ("1 Mar 2026", "2026-03-01T00:00:00Z", "a month's name"),
            ("March 1, 2026 14:05", "2026-03-01T14:05:00Z", "before the day"),
            ("Sun, 1 Mar 2026 12:00 AM", "2026-03-01T00:00:00Z", "a day's name; midnight"),
            ("01-Mar-2026 12:30 pm", "2026-03-01T12:30:00Z", "half past noon"),
            ("1772366400", "2026-03-01T12:00:00Z", "seconds"),
            ("1772366400123", "2026-03-01T12:00:00.123Z", "milliseconds"),
            ("2026-03-29 01:30", "2026-03-29T01:30:00Z", "an hour that the clock leaves out"),
        ];
        for (text, expected, what) in cases {
            assert_eq!(of(text), expected, "{what}: {text}");
        }
    }

    #[test]
    fn what_could_be_two_days_is_asked_about() {
        use DateOrder::{DayMonthYear, MonthDayYear};
        assert_eq!(read("01/03/2026", None), Err(InstantError::Ambiguous));
        assert_eq!(read("01-03-2026 10:00", None), Err(InstantError::Ambiguous));
        assert_eq!(read("01/03/2026", Some(DayMonthYear)).unwrap(), "2026-03-01T00:00:00Z");
        assert_eq!(read("01/03/2026", Some(MonthDayYear)).unwrap(), "2026-01-03T00:00:00Z");
        assert_eq!(read("31/03/2026", Some(MonthDayYear)), Err(InstantError::NoSuchDay));
        assert_eq!(
            read("1.3.2026", Some(MonthDayYear)).unwrap(),
            "2026-03-01T00:00:00Z",
            "with points the day is always first"
        );
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in [
            "",
            "yesterday",
            "2026",
            "2026-3",
            "20260301",
            "1/3/26",
            "2026-03-01 25:00",
            "2026-03-01 14",
            "2026-03-01 13:00 PM",
            "2026-03-01 14:05 Mars",
            "2026-03-01T14:05:00+99:00",
            "March 2026",
            "2026.03/01",
            "-1",
            "…",
            "2026-03-01 14:05:61",
            "éé/éé/éééé",
        ] {
            assert_eq!(read(text, None), Err(InstantError::NotOne), "{text}");
        }
        assert_eq!(read("2026-02-30", None), Err(InstantError::NoSuchDay));
        assert_eq!(read("0026-02-20", None), Err(InstantError::NoSuchDay));
        assert_eq!(read("9999999999", None), Err(InstantError::NoSuchDay));
    }

    #[test]
    fn amounts_are_read_as_any_country_writes_them() {
        let of = |text: &str| amount(text, Currency::EUR);
        for text in
            ["1234.5", "1,234.50", "1.234,50", "1234,50", "1 234,50 €", "€1'234.50", "EUR 1,234.5"]
        {
            assert_eq!(of(text), Some(123_450), "{text}");
        }
        assert_eq!(of("1,234"), Some(123_400), "three digits after a comma: thousands");
        assert_eq!(of("1,234,567"), Some(123_456_700));
        assert_eq!(of("1.234.567"), Some(123_456_700));
        assert_eq!(of("-12.00"), Some(-1_200));
        assert_eq!(of("0"), Some(0));
        assert_eq!(amount("1234", Currency::new("JPY").unwrap()), Some(1_234));
        for text in ["", "€", "twelve", "1,23,4", "12 34 EUR 5", "1/2", "1e3", "--5", "NaN"] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn yes_and_no_have_many_words() {
        assert_eq!(flag(" Yes "), Some(true));
        assert_eq!(flag("FALSE"), Some(false));
        assert_eq!(flag("perhaps"), None);
        assert_eq!(flag(""), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reading(text in "\\PC{0,24}|[0-9/:. +,APMTZa-z-]{0,24}") {
            for order in [None, Some(DateOrder::DayMonthYear), Some(DateOrder::MonthDayYear)] {
                let _ = instant(&text, &TimeZone::UTC, order);
            }
            let _ = amount(&text, Currency::EUR);
            let _ = flag(&text);
        }

        #[test]
        fn what_is_written_is_what_is_read(second in 0_i64..4_000_000_000) {
            let at = Timestamp::from_second(second).unwrap();
            let zone = TimeZone::get("America/New_York").unwrap();
            prop_assert_eq!(instant(&at.to_string(), &zone, None), Ok(at));
            let there = at.to_zoned(zone.clone());
            let text = there.strftime("%Y-%m-%d %H:%M:%S %z").to_string();
            prop_assert_eq!(instant(&text, &TimeZone::UTC, None), Ok(at));
        }
    }
}
