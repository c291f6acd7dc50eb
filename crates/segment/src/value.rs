//! The small values conditions are made of: amounts, numbers, limits, names.
//!
//! Each can only be made with what may stand in it, so that the written form and the JSON form have
//! nothing to refuse that a tree could hold.

use aftercart_model::Currency;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::fold;

/// An amount beyond this is a slip of the keyboard.
const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000;

/// A number beyond this is no longer told exactly by every reader of JSON.
const NUMBER_MAX: i64 = 1_000_000_000;

const MILLION: i64 = 1_000_000;

/// How something that can be ordered is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Limit<T> {
    AtLeast(T),
    AtMost(T),
    Above(T),
    Below(T),
    Is(T),
    IsNot(T),
}

impl<T: Copy> Limit<T> {
    /// What is compared with.
    pub fn value(self) -> T {
        match self {
            Self::AtLeast(it)
            | Self::AtMost(it)
            | Self::Above(it)
            | Self::Below(it)
            | Self::Is(it)
            | Self::IsNot(it) => it,
        }
    }

    pub(crate) fn map<U>(self, change: impl Fn(T) -> U) -> Limit<U> {
        match self {
            Self::AtLeast(it) => Limit::AtLeast(change(it)),
            Self::AtMost(it) => Limit::AtMost(change(it)),
            Self::Above(it) => Limit::Above(change(it)),
            Self::Below(it) => Limit::Below(change(it)),
            Self::Is(it) => Limit::Is(change(it)),
            Self::IsNot(it) => Limit::IsNot(change(it)),
        }
    }
}

impl<T: Copy + PartialOrd> Limit<T> {
    pub(crate) fn holds(self, value: T) -> bool {
        match self {
            Self::AtLeast(it) => value >= it,
            Self::AtMost(it) => value <= it,
            Self::Above(it) => value > it,
            Self::Below(it) => value < it,
            Self::Is(it) => value == it,
            Self::IsNot(it) => value != it,
        }
    }
}

/// A limit of money.
pub type AmountBound = Limit<Amount>;

impl Limit<Amount> {
    pub fn amount(self) -> Amount {
        self.value()
    }
}

/// An amount of money with its currency, never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Amount {
    minor: i64,
    currency: Currency,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an amount of {0} minor units is out of reach; choose 0 to {AMOUNT_MINOR_MAX}")]
pub struct AmountError(pub i64);

impl Amount {
    pub fn new(minor: i64, currency: Currency) -> Result<Self, AmountError> {
        match minor {
            0..=AMOUNT_MINOR_MAX => Ok(Self { minor, currency }),
            _ => Err(AmountError(minor)),
        }
    }

    pub fn minor(self) -> i64 {
        self.minor
    }

    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The amount that `digits` are in `currency`, such as `25.00`; the error says what is wrong
    /// and, after a semicolon, how to mend it.
    pub(crate) fn read(digits: &str, currency: Currency) -> Result<Self, String> {
        let unit = 10_i64.pow(currency.digits());
        let most = AMOUNT_MINOR_MAX / unit;
        let out_of_reach = || format!("{digits} {currency} is out of reach; choose 0 to {most}");
        if digits.starts_with('-') {
            return Err(out_of_reach());
        }
        let Some(whole_and_rest) = minor_digits(digits, currency) else {
            let how = match currency.digits() {
                0 => "without a point".to_owned(),
                count => format!("with {count} digits after the point"),
            };
            return Err(format!("`{digits}` is not an amount of {currency}; write it {how}"));
        };
        let minor = whole_and_rest.parse().map_err(|_| out_of_reach())?;
        Self::new(minor, currency).map_err(|_| out_of_reach())
    }
}

impl TryFrom<String> for Amount {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fault = || format!("`{text}` is not an amount; write it as `25.00 EUR`");
        let (digits, code) = text.trim().split_once(' ').ok_or_else(fault)?;
        Self::read(digits, Currency::new(code).map_err(|_| fault())?)
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> String {
        amount.to_string()
    }
}

/// The digits of the amount in minor units.
fn minor_digits(digits: &str, currency: Currency) -> Option<String> {
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let width = currency.digits() as usize;
    let is_plain = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    let is_good = is_plain(whole) && is_plain(rest) && !whole.is_empty();
    if !is_good || rest.len() > width || (digits.contains('.') && rest.is_empty()) {
        return None;
    }
    Some(format!("{whole}{rest:0<width$}"))
}

/// A decimal number with at most six digits after the point, so that it is compared exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Number {
    millionths: i64,
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NumberError {
    #[error("`{0}` is out of reach; choose {min} to {NUMBER_MAX}", min = -NUMBER_MAX)]
    Size(String),
    #[error("`{0}` is not a number; write at most six digits after the point")]
    Form(String),
}

impl Number {
    pub fn whole(number: i32) -> Self {
        let number = i64::from(number).clamp(-NUMBER_MAX, NUMBER_MAX);
        Self { millionths: number * MILLION }
    }

    /// # Errors
    /// Beyond ±1,000,000,000 in whole units.
    pub fn of_millionths(millionths: i64) -> Result<Self, NumberError> {
        match millionths.checked_abs() {
            Some(it) if it <= NUMBER_MAX * MILLION => Ok(Self { millionths }),
            _ => Err(NumberError::Size((millionths / MILLION).to_string())),
        }
    }

    pub fn millionths(self) -> i64 {
        self.millionths
    }

    pub(crate) fn read(text: &str) -> Result<Self, NumberError> {
        let form = || NumberError::Form(text.to_owned());
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
        let is_plain = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
        let is_broken = whole.is_empty() || (digits.contains('.') && rest.is_empty());
        if is_broken || !is_plain(whole) || !is_plain(rest) || rest.len() > 6 {
            return Err(form());
        }
        let size = || NumberError::Size(text.to_owned());
        let number: i64 = format!("{whole}{rest:0<6}").parse().map_err(|_| size())?;
        Self::of_millionths(if is_negative { -number } else { number }).map_err(|_| size())
    }
}

/// As numbers of properties are counted: whole millionths, beyond reach the nearest.
pub(crate) fn millionths(number: f64) -> i64 {
    (number * MILLION as f64).round() as i64
}

impl TryFrom<f64> for Number {
    type Error = NumberError;

    fn try_from(number: f64) -> Result<Self, NumberError> {
        let read = Self::of_millionths(millionths(number))?;
        match f64::from(read) == number {
            true => Ok(read),
            false => Err(NumberError::Form(number.to_string())),
        }
    }
}

impl From<Number> for f64 {
    fn from(number: Number) -> f64 {
        number.millionths as f64 / MILLION as f64
    }
}

/// One name, such as that of a property. Case and blanks around do not matter in comparisons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name {
    text: String,
    folded: String,
}

impl Name {
    pub fn new(text: impl Into<String>) -> Result<Self, WordsError> {
        let text: String = text.into();
        let folded = fold(&text);
        if folded.is_empty() { Err(WordsError::Empty) } else { Ok(Self { text, folded }) }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn folded(&self) -> &str {
        &self.folded
    }
}

impl TryFrom<String> for Name {
    type Error = WordsError;

    fn try_from(text: String) -> Result<Self, WordsError> {
        Self::new(text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.text
    }
}

/// One or more names, any of which will do. Case and blanks around do not matter in comparisons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Words {
    words: Vec<Name>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    #[error("there is no name; give at least one")]
    None,
    #[error("a name is empty; write it or leave it out")]
    Empty,
}

impl Words {
    pub fn new<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Result<Self, WordsError> {
        let words: Vec<Name> = texts.into_iter().map(Name::new).collect::<Result<_, _>>()?;
        if words.is_empty() { Err(WordsError::None) } else { Ok(Self { words }) }
    }

    /// The names as they were written.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.words.iter().map(Name::as_str)
    }

    pub(crate) fn any_folded(&self, mut is_it: impl FnMut(&str) -> bool) -> bool {
        self.words.iter().any(|it| is_it(it.folded()))
    }

    pub(crate) fn names(&self) -> &[Name] {
        &self.words
    }
}

impl TryFrom<Vec<String>> for Words {
    type Error = WordsError;

    fn try_from(texts: Vec<String>) -> Result<Self, WordsError> {
        Self::new(texts)
    }
}

impl From<Words> for Vec<String> {
    fn from(words: Words) -> Vec<String> {
        words.words.into_iter().map(String::from).collect()
    }
}

/// The forms of these values in the schema of the JSON form.
mod schemas {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::{Amount, NUMBER_MAX, Name, Number, Words};

    impl JsonSchema for Amount {
        fn schema_name() -> Cow<'static, str> {
            "Amount".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "description": "An amount and the code of its currency, such as `25.00 EUR`.",
                "type": "string",
                "pattern": "^[0-9]+(\\.[0-9]+)? [A-Z]{3}$",
            })
        }
    }

    impl JsonSchema for Number {
        fn schema_name() -> Cow<'static, str> {
            "Number".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "description": "A number with at most six digits after the point.",
                "type": "number",
                "minimum": -NUMBER_MAX,
                "maximum": NUMBER_MAX,
            })
        }
    }

    impl JsonSchema for Name {
        fn schema_name() -> Cow<'static, str> {
            "Name".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "description": "A name; case and blanks around do not matter in comparisons.",
                "type": "string",
                "pattern": "\\S",
            })
        }
    }

    impl JsonSchema for Words {
        fn schema_name() -> Cow<'static, str> {
            "Words".into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "description": "One or more names, any of which will do.",
                "type": "array",
                "items": generator.subschema_for::<Name>(),
                "minItems": 1,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        let read = |text: &str| Number::read(text).map(Number::millionths).ok();
        assert_eq!(read("7"), Some(7_000_000));
        assert_eq!(read("-0.5"), Some(-500_000));
        assert_eq!(read("0.000001"), Some(1));
        assert_eq!(read("0.0000001"), None, "a digit too many");
        assert_eq!(read("1."), None, "a point and nothing");
        assert_eq!(read("1000000001"), None, "out of reach");
        assert_eq!(read("999999999999999999999999"), None, "far out of it");
        assert_eq!(Number::try_from(0.1).map(Number::millionths), Ok(100_000));
        assert!(Number::try_from(f64::NAN).is_err());
        assert!(Number::try_from(1.0 / 3.0).is_err());
    }

    #[test]
    fn amounts_are_read_as_they_are_printed() {
        let read = |text: &str| Amount::try_from(text.to_owned()).map(String::from);
        assert_eq!(read("25 EUR"), Ok("25.00 EUR".to_owned()));
        assert_eq!(read("1500 JPY"), Ok("1500 JPY".to_owned()));
        assert!(read("25.005 EUR").is_err() && read("25").is_err() && read("+5 EUR").is_err());
    }
}
