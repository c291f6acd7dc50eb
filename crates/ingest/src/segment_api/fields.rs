//! An object of a body, whose fields are read by name and refused by their whole path.

use std::collections::BTreeMap;

use aftercart_model::{Currency, Timestamp};
use serde_json::{Map, Value};

use super::{NAME_CHARS_MAX, RejectReason};
use crate::decimal::Decimal;

#[derive(Clone)]
pub struct Fields<'a> {
    path: String,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub fn of_body(body: &'a Value) -> Result<Self, RejectReason> {
        match body {
            Value::Object(map) => Ok(Self { path: String::new(), map }),
            _ => Err(RejectReason::NotObject),
        }
    }

    /// A field that is there: neither missing nor null.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|it| !it.is_null())
    }

    /// The first of `names` that is there, with its name.
    pub fn first<'n>(&self, names: &[&'n str]) -> Option<(&'n str, &'a Value)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
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
            Some(other) => Err(self.refuse(name, other, "send an object")),
        }
    }

    pub fn array(&self, name: &str) -> Result<Option<&'a [Value]>, RejectReason> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(other) => Err(self.refuse(name, other, "send an array")),
        }
    }

    /// The objects of an array, each with its place in its path.
    pub fn objects(&self, name: &str) -> Result<Vec<Fields<'a>>, RejectReason> {
        let items = self.array(name)?.unwrap_or_default();
        let object = |(index, item): (usize, &'a Value)| match item {
            Value::Object(map) => {
                Ok(Fields { path: format!("{}{name}[{index}].", self.path), map })
            }
            other => Err(self.refuse(&format!("{name}[{index}]"), other, "send an object")),
        };
        items.iter().enumerate().map(object).collect()
    }

    /// Text; a number is taken as it is written, for ids are often numbers.
    pub fn text(&self, name: &str) -> Result<Option<String>, RejectReason> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.contains('\0') => Err(RejectReason::unusable(
                &self.path(name),
                "leave out the character NUL, which no store keeps",
            )),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(self.refuse(name, other, "send a text")),
        }
    }

    /// Text that is not empty and not longer than an id or a name may be.
    pub fn name(&self, name: &str) -> Result<Option<String>, RejectReason> {
        let Some(text) = self.text(name)?.filter(|it| !it.is_empty()) else { return Ok(None) };
        if NAME_CHARS_MAX < text.chars().count() {
            let remedy = format!("give at most {NAME_CHARS_MAX} characters");
            return Err(RejectReason::unusable(&self.path(name), &remedy));
        }
        Ok(Some(text))
    }

    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, RejectReason> {
        let Some(text) = self.text(name)?.filter(|it| !it.is_empty()) else { return Ok(None) };
        match text.parse() {
            Ok(at) => Ok(Some(at)),
            Err(_) => {
                let remedy = "write it as `2026-03-01T12:00:00Z`";
                Err(RejectReason::invalid(&self.path(name), &text, remedy))
            }
        }
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, RejectReason> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(self.refuse(name, other, "send `true` or `false`")),
        }
    }

    pub fn decimal(&self, name: &str) -> Result<Option<Decimal>, RejectReason> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            other => return Err(self.refuse(name, other, "send a number, such as `19.99`")),
        };
        if text.trim().is_empty() {
            return Ok(None);
        }
        let decimal = Decimal::parse(text.as_bytes());
        decimal.map(Some).ok_or_else(|| self.refuse(name, value, "send a number, such as `19.99`"))
    }

    /// An amount of money that is not below nothing.
    pub fn amount(&self, name: &str, currency: Currency) -> Result<Option<i64>, RejectReason> {
        let Some(decimal) = self.decimal(name)? else { return Ok(None) };
        let minor = decimal.times(1, currency.digits()).filter(|it| *it >= 0);
        let value = self.get(name).unwrap_or(&Value::Null);
        minor.map(Some).ok_or_else(|| self.refuse(name, value, "send an amount of 0 or more"))
    }

    pub fn to_map(&self) -> BTreeMap<String, Value> {
        self.map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The object again as JSON, without some of its fields.
    pub fn to_text_without(&self, names: &[&str]) -> String {
        let mut map = self.map.clone();
        map.retain(|name, _| !names.contains(&name.as_str()));
        serde_json::to_string(&map).expect("JSON that was read can be written")
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
