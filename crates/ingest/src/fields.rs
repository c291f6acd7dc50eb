//! An object of a payload, whose fields are read by name and refused by their whole path.
//!
//! Ids are whole numbers of 64 bits and are kept as text: a float would round the last digits away,
//! and a rounded id is another order's. What one sender means otherwise than the others is said by
//! its [`Sender`]; fields that only one has are read in its own module.

use std::marker::PhantomData;

use aftercart_model::{Currency, Timestamp};
use jiff::{civil::DateTime, tz::TimeZone};
use serde_json::{Map, Value};

use crate::{decimal::Decimal, segment_api::RejectReason};

/// The longest id or name.
pub const NAME_CHARS_MAX: usize = 200;

/// How a sender writes what JSON leaves open.
pub trait Sender {
    /// PHP has no type for an empty object: `[]` and `""` stand where an object is meant, `false`
    /// where a text is, and instants are UTC without saying so.
    const IS_WORDPRESS: bool = false;
    /// Whether a text that is empty says so, rather than that there is none.
    const KEEPS_EMPTY_TEXTS: bool = false;
    /// Whether a name that is too long is cut off rather than refused: nobody can mend it.
    const CUTS_NAMES: bool = false;
}

pub struct Fields<'a, S> {
    pub path: String,
    pub map: &'a Map<String, Value>,
    sender: PhantomData<S>,
}

impl<S> Clone for Fields<'_, S> {
    fn clone(&self) -> Self {
        Self { path: self.path.clone(), ..*self }
    }
}

impl<'a, S: Sender> Fields<'a, S> {
    pub fn of_body(body: &'a Value) -> Result<Self, RejectReason> {
        match body {
            Value::Object(map) => Ok(Self::at(String::new(), map)),
            _ => Err(RejectReason::NotObject),
        }
    }

    /// The object `map`, whose fields have `path` before their names.
    fn at(path: String, map: &'a Map<String, Value>) -> Self {
        Self { path, map, sender: PhantomData }
    }

    /// A field that is there: neither missing nor null.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|it| !it.is_null())
    }

    pub fn path(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    pub fn missing(&self, name: &str) -> RejectReason {
        RejectReason::missing(&self.path(name))
    }

    pub fn object(&self, name: &str) -> Result<Option<Self>, RejectReason> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Self::at(self.path(name) + ".", map))),
            Some(Value::Array(items)) if S::IS_WORDPRESS && items.is_empty() => Ok(None),
            Some(Value::String(text)) if S::IS_WORDPRESS && text.is_empty() => Ok(None),
            Some(other) => Err(self.refuse(name, other, "send an object")),
        }
    }

    /// The items of an array; none where the field is missing.
    pub fn array(&self, name: &str) -> Result<&'a [Value], RejectReason> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(other) => Err(self.refuse(name, other, "send an array")),
        }
    }

    /// The objects of an array, each with its place in its path; none where the field is missing.
    pub fn objects(&self, name: &str) -> Result<Vec<Self>, RejectReason> {
        let object = |(index, item): (usize, &'a Value)| match item {
            Value::Object(map) => Ok(Self::at(format!("{}{name}[{index}].", self.path), map)),
            other => Err(self.refuse(&format!("{name}[{index}]"), other, "send an object")),
        };
        self.array(name)?.iter().enumerate().map(object).collect()
    }

    /// Text without blanks around it. A number is taken as it is written, for ids are often numbers.
    pub fn text(&self, name: &str) -> Result<Option<String>, RejectReason> {
        let text = match self.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) if text.contains('\0') => {
                let remedy = "leave out the character NUL, which no store keeps";
                return Err(RejectReason::unusable(&self.path(name), remedy));
            }
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(false)) if S::IS_WORDPRESS => return Ok(None),
            Some(other) => return Err(self.refuse(name, other, "send a text")),
        };
        Ok(Some(text).filter(|it| S::KEEPS_EMPTY_TEXTS || !it.is_empty()))
    }

    /// Text that is not empty and no longer than an id or a name may be.
    pub fn name(&self, name: &str) -> Result<Option<String>, RejectReason> {
        let Some(text) = self.text_said(name)? else { return Ok(None) };
        if S::CUTS_NAMES {
            return Ok(Some(shortened(&text)));
        }
        if NAME_CHARS_MAX < text.chars().count() {
            let remedy = format!("give at most {NAME_CHARS_MAX} characters");
            return Err(RejectReason::unusable(&self.path(name), &remedy));
        }
        Ok(Some(text))
    }

    fn text_said(&self, name: &str) -> Result<Option<String>, RejectReason> {
        Ok(self.text(name)?.filter(|it| !it.is_empty()))
    }

    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, RejectReason> {
        let Some(text) = self.text_said(name)? else { return Ok(None) };
        let zoneless = || {
            let civil: DateTime = text.parse().ok()?;
            Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
        };
        let at = text.parse().ok();
        let (at, remedy) = match S::IS_WORDPRESS {
            false => (at, "write it as `2026-03-01T12:00:00Z`"),
            true => (at.or_else(zoneless), "write it as `2026-03-01T12:00:00`, in UTC"),
        };
        at.map(Some).ok_or_else(|| RejectReason::invalid(&self.path(name), &text, remedy))
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, RejectReason> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(self.refuse(name, other, "send `true` or `false`")),
        }
    }

    pub fn decimal(&self, name: &str) -> Result<Option<Decimal>, RejectReason> {
        let Some(text) = self.text_said(name)? else { return Ok(None) };
        let decimal = Decimal::parse(text.as_bytes());
        let remedy = "send a number, such as `19.99`";
        decimal.map(Some).ok_or_else(|| self.refuse_field(name, remedy))
    }

    /// An amount of money that is not below nothing, in minor units.
    pub fn amount(&self, name: &str, currency: Currency) -> Result<Option<i64>, RejectReason> {
        let Some(decimal) = self.decimal(name)? else { return Ok(None) };
        let minor = decimal.times(1, currency.digits()).filter(|it| *it >= 0);
        minor.map(Some).ok_or_else(|| self.refuse_field(name, "send an amount of 0 or more"))
    }

    /// Refuses a field for what stands in it.
    pub fn refuse_field(&self, name: &str, remedy: &str) -> RejectReason {
        self.refuse(name, self.get(name).unwrap_or(&Value::Null), remedy)
    }

    pub fn refuse(&self, name: &str, value: &Value, remedy: &str) -> RejectReason {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Array(_) => "[…]".to_owned(),
            Value::Object(_) => "{…}".to_owned(),
            other => other.to_string(),
        };
        RejectReason::invalid(&self.path(name), &text, remedy)
    }
}

/// At most as much of `text` as a name may have.
pub fn shortened(text: &str) -> String {
    text.chars().take(NAME_CHARS_MAX).collect()
}
