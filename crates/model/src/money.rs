//! Money: whole minor units of the shop's one currency.
//!
//! One instance is one shop and one shop has one currency, so amounts are plain `i64` minor units
//! (cents) named `…_minor`, and the [`Currency`] stands once, in the shop. Floats never hold money.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An ISO 4217 currency the shop sells in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("currency `{0}` is not three capital letters; write it as ISO 4217 has it, such as EUR")]
pub struct CurrencyError(pub String);

impl Currency {
    pub const EUR: Self = Self(*b"EUR");
    pub const GBP: Self = Self(*b"GBP");
    pub const USD: Self = Self(*b"USD");

    pub fn new(code: &str) -> Result<Self, CurrencyError> {
        match code.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|it| it.is_ascii_uppercase()) => {
                Ok(Self([*a, *b, *c]))
            }
            _ => Err(CurrencyError(code.to_owned())),
        }
    }

    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("three ASCII letters")
    }

    /// Digits after the point in ISO 4217: how many minor digits an amount has.
    pub fn digits(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }

    pub fn symbol(&self) -> &str {
        match &self.0 {
            b"EUR" => "€",
            b"GBP" => "£",
            b"USD" => "$",
            b"JPY" => "¥",
            _ => self.code(),
        }
    }

    /// `8900` as `€89.00`, `-120` as `−€1.20`, `123456789` as `€1,234,567.89`.
    pub fn format(self, minor: i64) -> String {
        let scale = 10_u64.pow(self.digits());
        let (whole, rest) = (minor.unsigned_abs() / scale, minor.unsigned_abs() % scale);
        let point = match self.digits() {
            0 => String::new(),
            digits => format!(".{rest:0width$}", width = digits as usize),
        };
        self.with_symbol(minor < 0, &format!("{}{point}", group_thousands(whole)))
    }

    /// For programs: `8900` as `89.00`, `-120` as `-1.20`.
    pub fn decimal(self, minor: i64) -> String {
        let scale = 10_u64.pow(self.digits());
        let (whole, rest) = (minor.unsigned_abs() / scale, minor.unsigned_abs() % scale);
        let sign = if minor < 0 { "-" } else { "" };
        match self.digits() {
            0 => format!("{sign}{whole}"),
            digits => format!("{sign}{whole}.{rest:0width$}", width = digits as usize),
        }
    }

    /// Rounded to whole units: `564_249` as `€5,642`.
    pub fn format_whole(self, minor: i64) -> String {
        let scale = 10_i64.pow(self.digits());
        let whole = (minor.abs() + scale / 2) / scale;
        self.with_symbol(minor < 0 && whole != 0, &group_thousands(whole.unsigned_abs()))
    }

    fn with_symbol(self, is_negative: bool, amount: &str) -> String {
        let sign = if is_negative { "−" } else { "" };
        let gap = if self.symbol() == self.code() { "\u{a0}" } else { "" };
        format!("{sign}{}{gap}{amount}", self.symbol())
    }
}

fn group_thousands(whole: u64) -> String {
    let digits = whole.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;

    fn try_from(code: String) -> Result<Self, CurrencyError> {
        Self::new(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_the_currency_has_them() {
        let yen = Currency::new("JPY").unwrap();
        let krona = Currency::new("SEK").unwrap();
        assert_eq!(Currency::EUR.format(8_900), "€89.00");
        assert_eq!(Currency::EUR.format(5), "€0.05", "less than one");
        assert_eq!(Currency::GBP.format(-123_456_789), "−£1,234,567.89", "negative and grouped");
        assert_eq!(yen.format(1_500), "¥1,500", "no minor digits");
        assert_eq!(krona.format(10_000), "SEK\u{a0}100.00", "no symbol of its own");
        assert_eq!(Currency::EUR.format_whole(564_249), "€5,642");
        assert_eq!(Currency::EUR.format_whole(-20), "€0", "no negative nothing");
    }

    #[test]
    fn a_currency_is_three_capitals() {
        assert!(Currency::new("eur").is_err());
        assert!(Currency::new("EURO").is_err());
        assert!(Currency::new("€").is_err());
    }
}
