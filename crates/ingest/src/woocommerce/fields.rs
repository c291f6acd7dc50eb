//! An object of WooCommerce's, whose fields are read by name and refused by their whole path.
//!
//! PHP has no type for an empty object: `[]` stands where an object is meant, `""` where nothing is.

use aftercart_model::{Currency, Timestamp};
use jiff::{civil::DateTime, tz::TimeZone};
use serde_json::{Map, Value};

use crate::{decimal::Decimal, segment_api::RejectReason};

/// The longest id or name.
const NAME_CHARS_MAX: usize = 200;

/// How much of a bad value is shown.
const SHOWN_CHARS_MAX: usize = 40;

/// How deep objects may lie within one another; plug-ins keep their own in `meta_data`.
const DEPTH_MAX: usize = 32;

pub struct Fields<'a> {
    path: String,
    map: &'a Map<String, Value>,
}

/// The JSON of a body, not nested beyond measure.
pub fn json(body: &[u8]) -> Result<Value, RejectReason> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| RejectReason::NotJson { line: error.line(), column: error.column() })?;
    if DEPTH_MAX < depth(&value) { Err(RejectReason::TooDeep) } else { Ok(value) }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

pub fn missing(field: &str) -> RejectReason {
    RejectReason::Missing { field: field.to_owned() }
}

pub fn invalid(field: &str, text: &str, remedy: &str) -> RejectReason {
    let text = text.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect();
    RejectReason::Invalid { field: field.to_owned(), text, remedy: remedy.to_owned() }
}

/// As [`invalid`] where the value may name a person, or there is none.
pub fn unusable(field: &str, remedy: &str) -> RejectReason {
    RejectReason::Unusable { field: field.to_owned(), remedy: remedy.to_owned() }
}

impl<'a> Fields<'a> {
    pub fn of_body(body: &'a Value) -> Result<Self, RejectReason> {
        match body {
            Value::Object(map) => Ok(Self { path: String::new(), map }),
            _ => Err(unusable("the body", "send one JSON object")),
        }
    }

    /// A field that is there: neither missing nor null.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|it| !it.is_null())
    }

    pub fn path(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    pub fn object(&self, name: &str) -> Result<Option<Fields<'a>>, RejectReason> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(map)) => {
                Ok(Some(Fields { path: format!("{}{name}.", self.path), map }))
            }
            Some(Value::Array(items)) if items.is_empty() => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(other) => Err(self.refuse(name, other, "send an object")),
        }
    }

    pub fn array(&self, name: &str) -> Result<&'a [Value], RejectReason> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(other) => Err(self.refuse(name, other, "send an array")),
        }
    }

    /// The objects of an array, each with its place in its path.
    pub fn objects(&self, name: &str) -> Result<Vec<Fields<'a>>, RejectReason> {
        let object = |(index, item): (usize, &'a Value)| match item {
            Value::Object(map) => {
                Ok(Fields { path: format!("{}{name}[{index}].", self.path), map })
            }
            other => Err(self.refuse(&format!("{name}[{index}]"), other, "send an object")),
        };
        self.array(name)?.iter().enumerate().map(object).collect()
    }

    /// Text; a number is taken as it is written, for ids are numbers.
    pub fn text(&self, name: &str) -> Result<Option<String>, RejectReason> {
        let text = match self.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            // What PHP has for "none" in places.
            Some(Value::Bool(false)) => return Ok(None),
            Some(other) => return Err(self.refuse(name, other, "send a text")),
        };
        Ok(Some(text).filter(|it| !it.is_empty()))
    }

    /// Text that is not longer than an id or a name may be.
    pub fn name(&self, name: &str) -> Result<Option<String>, RejectReason> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if NAME_CHARS_MAX < text.chars().count() {
            let remedy = format!("give at most {NAME_CHARS_MAX} characters");
            return Err(unusable(&self.path(name), &remedy));
        }
        Ok(Some(text))
    }

    /// An id of WordPress: a whole number from 1, as text.
    pub fn id(&self, name: &str) -> Result<String, RejectReason> {
        self.optional_id(name)?.ok_or_else(|| missing(&self.path(name)))
    }

    /// As [`Fields::id`]; 0 stands for none.
    pub fn optional_id(&self, name: &str) -> Result<Option<String>, RejectReason> {
        let Some(text) = self.text(name)?.filter(|it| it != "0") else { return Ok(None) };
        match text.parse::<u64>() {
            Ok(id) => Ok(Some(id.to_string())),
            Err(_) => {
                Err(invalid(&self.path(name), &text, "send the number that WordPress gave it"))
            }
        }
    }

    /// An instant that is UTC whether it says so or not.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, RejectReason> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let zoneless = || {
            let civil: DateTime = text.parse().ok()?;
            Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
        };
        let at = text.parse().ok().or_else(zoneless);
        let remedy = "write it as `2026-03-01T12:00:00`, in UTC";
        at.map(Some).ok_or_else(|| invalid(&self.path(name), &text, remedy))
    }

    /// When the resource was created, and when it last changed.
    pub fn times(&self) -> Result<(Timestamp, Timestamp), RejectReason> {
        let created_at = self.time("date_created_gmt")?.ok_or_else(|| {
            let remedy = "it is missing: set the webhook to `WP REST API Integration v3`";
            unusable(&self.path("date_created_gmt"), remedy)
        })?;
        Ok((created_at, self.time("date_modified_gmt")?.unwrap_or(created_at)))
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, RejectReason> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(self.refuse(name, other, "send `true` or `false`")),
        }
    }

    pub fn decimal(&self, name: &str) -> Result<Option<Decimal>, RejectReason> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let decimal = Decimal::parse(text.as_bytes());
        let remedy = "send a number, such as `19.99`";
        decimal.map(Some).ok_or_else(|| invalid(&self.path(name), &text, remedy))
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

    fn refuse(&self, name: &str, value: &Value, remedy: &str) -> RejectReason {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Array(_) => "[…]".to_owned(),
            Value::Object(_) => "{…}".to_owned(),
            other => other.to_string(),
        };
        invalid(&self.path(name), &text, remedy)
    }
}
