//! How numbers, amounts of money and instants are written for people.
//!
//! Counts have separators, percentages as many decimals as tell two neighbours apart, and a value
//! that is missing is a dash, never a zero. Instants are written in the zone the caller names: the
//! shop's, or the customer's where that one decides.

use aftercart_model::Currency;
use jiff::{Timestamp, Zoned, tz::TimeZone};

/// What stands for a value that is not known. Its reason belongs beside it.
pub const NOTHING: &str = "–";

/// From here on estimates of money are rounded to hundreds, in whole units of the currency.
const ESTIMATE_ROUNDED_FROM: f64 = 10_000.0;

/// `9840` as `9,840`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

pub fn count_or_dash(number: Option<u64>) -> String {
    number.map_or_else(|| NOTHING.to_owned(), count)
}

/// `1 order`, `2 orders`; `many` is the whole plural.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A share as a percentage: `0.412` as `41.2%`, below one per cent with two decimals: `0.48%`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 0.0 {
        "0%".to_owned()
    } else if percent.abs() < 0.995 {
        format!("{}{:.2}%", sign(percent), percent.abs())
    } else {
        format!("{}{:.1}%", sign(percent), percent.abs())
    }
}

/// `part` of `whole` as a percentage; a dash when there is no whole.
pub fn percent_of(part: u64, whole: u64) -> String {
    share(part, whole).map_or_else(|| NOTHING.to_owned(), percent)
}

pub fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn sign(number: f64) -> &'static str {
    if number < 0.0 { "−" } else { "" }
}

/// An amount with its sign, also when it is positive: `+€2.23`.
pub fn money_signed(currency: Currency, minor: f64) -> String {
    let minor = round(minor);
    let plus = if minor > 0 { "+" } else { "" };
    format!("{plus}{}", currency.format(minor))
}

/// A mean per customer: `222.98` minor units as `€2.23`.
pub fn money_mean(currency: Currency, minor: f64) -> String {
    currency.format(round(minor))
}

/// An estimate of a sum: rounded to hundreds where it is large, to whole units where it is not.
pub fn money_estimate(currency: Currency, minor: f64, largest_minor: f64) -> String {
    let scale = 10_f64.powi(currency.digits() as i32);
    let is_large = largest_minor.abs() / scale > ESTIMATE_ROUNDED_FROM;
    let step = if is_large { 100.0 * scale } else { scale };
    currency.format_whole(round((minor / step).round() * step))
}

/// A tick of an axis: whole units without their zeros, `€400`, `€2.50`.
pub fn money_tick(currency: Currency, minor: f64) -> String {
    let scale = 10_i64.pow(currency.digits());
    let minor = round(minor);
    if minor % scale == 0 { currency.format_whole(minor) } else { currency.format(minor) }
}

/// Money is whole minor units again once a mean is to be shown.
fn round(minor: f64) -> i64 {
    minor.round() as i64
}

/// How many times more than by chance: `3.4×`.
pub fn times(ratio: f64) -> String {
    if ratio < 9.95 { format!("{ratio:.1}×") } else { format!("{ratio:.0}×") }
}

/// `12300` bytes as `12 KB`.
pub fn bytes(number: u64) -> String {
    if number < 1_000 {
        counted(number, "byte", "bytes")
    } else {
        format!("{} KB", count((number + 500) / 1_000))
    }
}

/// The present moment and the zone in which it is told.
#[derive(Clone, Debug)]
pub struct Calendar {
    pub zone: TimeZone,
    pub now: Timestamp,
}

impl Calendar {
    pub fn at(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }

    /// `14:20`.
    pub fn time(&self, at: Timestamp) -> String {
        self.at(at).strftime("%H:%M").to_string()
    }

    /// `Tuesday 17 March`, with the year where it is not the present one.
    pub fn day(&self, at: Timestamp) -> String {
        self.with_year(at, "%A %-d %B")
    }

    /// `Tuesday 17 March, 14:20`.
    pub fn moment(&self, at: Timestamp) -> String {
        format!("{}, {}", self.day(at), self.time(at))
    }

    /// `9 Mar`.
    pub fn day_short(&self, at: Timestamp) -> String {
        self.with_year(at, "%-d %b")
    }

    /// `5 January`.
    pub fn day_of_month(&self, at: Timestamp) -> String {
        self.with_year(at, "%-d %B")
    }

    /// `Wed 18 Mar, 10:03`.
    pub fn moment_short(&self, at: Timestamp) -> String {
        format!("{}, {}", self.with_year(at, "%a %-d %b"), self.time(at))
    }

    /// `9 March 2026`: always with its year.
    pub fn date(&self, at: Timestamp) -> String {
        self.at(at).strftime("%-d %B %Y").to_string()
    }

    /// For the `datetime` attribute, by machines.
    pub fn machine(&self, at: Timestamp) -> String {
        self.at(at).strftime("%Y-%m-%dT%H:%M%:z").to_string()
    }

    /// `6 minutes`, `3 days`: how far `at` is from now, either way.
    pub fn distance(&self, at: Timestamp) -> String {
        let minutes = (self.now.duration_since(at).as_secs().unsigned_abs() + 30) / 60;
        match minutes {
            0 => "less than a minute".to_owned(),
            1..60 => counted(minutes, "minute", "minutes"),
            60..2_880 => counted((minutes + 30) / 60, "hour", "hours"),
            _ => counted((minutes + 720) / 1_440, "day", "days"),
        }
    }

    fn with_year(&self, at: Timestamp, form: &str) -> String {
        let zoned = self.at(at);
        let text = zoned.strftime(form).to_string();
        if zoned.year() == self.at(self.now).year() {
            text
        } else {
            format!("{text} {}", zoned.year())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_773_757_200, 0); // 2026-03-17T14:20:00Z

    fn lisbon() -> Calendar {
        Calendar { zone: TimeZone::get("Europe/Lisbon").unwrap(), now: NOW }
    }

    #[test]
    fn numbers_are_written_so_that_neighbours_can_be_told_apart() {
        assert_eq!(count(1_417), "1,417");
        assert_eq!(count(999), "999");
        assert_eq!(count(48_212_000), "48,212,000");
        assert_eq!(percent(0.412), "41.2%");
        assert_eq!(percent(0.0048), "0.48%", "small ones get a second decimal");
        assert_eq!(percent(0.00996), "1.0%", "no 1.00% beside 1.1%");
        assert_eq!(percent(0.0), "0%", "zero is zero");
        assert_eq!(percent(-0.033), "−3.3%");
        assert_eq!(percent_of(3, 0), "–", "of nobody");
        assert_eq!(counted(1, "order", "orders"), "1 order");
        assert_eq!(times(3.42), "3.4×");
        assert_eq!(times(23.4), "23×");
        assert_eq!(bytes(38_400), "38 KB");
    }

    #[test]
    fn estimates_of_money_are_not_more_exact_than_they_are() {
        let estimate = |minor: f64| money_estimate(Currency::EUR, minor, 1_541_000.0);
        assert_eq!(estimate(1_541_376.0), "€15,400");
        assert_eq!(estimate(138_240.0), "€1,400", "rounded as the sum it belongs to");
        assert_eq!(money_estimate(Currency::EUR, 41_233.0, 41_233.0), "€412", "a small one");
        assert_eq!(money_signed(Currency::EUR, 222.98), "+€2.23");
        assert_eq!(money_signed(Currency::EUR, -41.0), "−€0.41");
        assert_eq!(money_tick(Currency::EUR, 40_000.0), "€400");
        assert_eq!(money_tick(Currency::EUR, 250.0), "€2.50");
    }

    #[test]
    fn instants_are_told_in_the_zone_of_the_reader() {
        let shop = lisbon();
        assert_eq!(shop.moment(NOW), "Tuesday 17 March, 14:20");
        assert_eq!(shop.moment_short(NOW), "Tue 17 Mar, 14:20");
        assert_eq!(shop.date(NOW), "17 March 2026");
        let tokyo = Calendar { zone: TimeZone::get("Asia/Tokyo").unwrap(), ..lisbon() };
        assert_eq!(tokyo.moment(NOW), "Tuesday 17 March, 23:20");
        let last_year: Timestamp = "2025-11-02T09:00:00Z".parse().unwrap();
        assert_eq!(shop.day(last_year), "Sunday 2 November 2025", "another year says so");
    }

    #[test]
    fn a_distance_is_one_round_number() {
        let ago = |secs: i64| lisbon().distance(NOW - jiff::SignedDuration::from_secs(secs));
        assert_eq!(ago(10), "less than a minute");
        assert_eq!(ago(360), "6 minutes");
        assert_eq!(ago(-360), "6 minutes", "ahead as well as behind");
        assert_eq!(ago(3 * 3_600), "3 hours");
        assert_eq!(ago(5 * 86_400), "5 days");
    }

    proptest! {
        #[test]
        fn a_count_keeps_its_digits(number: u64) {
            prop_assert_eq!(count(number).replace(',', ""), number.to_string());
        }

        #[test]
        fn a_share_of_a_whole_is_never_shown_beyond_it(part in 0_u64..10_000, more in 0_u64..10_000) {
            let text = percent_of(part, part + more);
            let shown = text.trim_end_matches('%').parse::<f64>().unwrap_or(0.0);
            prop_assert!((0.0..=100.0).contains(&shown));
        }
    }
}
