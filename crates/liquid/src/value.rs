//! The values templates work with.
//!
//! Strings, arrays and objects are shared, so that assigning or looping copies a pointer. Objects
//! keep the order of their keys, because templates loop over them.

use std::{fmt::Write as _, sync::Arc};

#[derive(Clone, Debug, Default)]
pub enum Value {
    #[default]
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Arc<str>),
    /// Text that is HTML already and must not be escaped again.
    Markup(Arc<str>),
    Array(Arc<[Value]>),
    Object(Arc<Object>),
    /// `(from..to)`, both ends in; never written out in memory.
    Range(i64, i64),
    /// The word `empty`: equal to whatever has no parts.
    Empty,
    /// The word `blank`: equal to whatever is empty, nil, false or white space.
    Blank,
}

/// Named values in the order they were given.
#[derive(Clone, Debug, Default)]
pub struct Object {
    entries: Vec<(Arc<str>, Value)>,
    /// Places of the entries by key, where there are too many to look through.
    by_key: Vec<u32>,
}

/// Looking through so many keys is as fast as halving.
const LINEAR_ENTRIES_MAX: usize = 16;

impl Object {
    /// Of two entries with one key the later counts.
    pub fn new<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        let entries: Vec<(Arc<str>, Value)> =
            entries.into_iter().map(|(key, value)| (key.into(), value)).collect();
        if entries.len() <= LINEAR_ENTRIES_MAX {
            return Self { entries, by_key: Vec::new() };
        }
        let count = u32::try_from(entries.len()).expect("fewer entries than memory has bytes");
        let mut by_key: Vec<u32> = (0..count).collect();
        // Stable, so that of equal keys the last entry ends up last and is the one kept.
        by_key.sort_by(|&a, &b| entries[a as usize].0.cmp(&entries[b as usize].0));
        by_key.reverse();
        by_key.dedup_by(|a, b| entries[*a as usize].0 == entries[*b as usize].0);
        by_key.reverse();
        Self { entries, by_key }
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        if self.by_key.is_empty() {
            return self.entries.iter().rev().find(|(it, _)| &**it == key).map(|(_, it)| it);
        }
        let key_of = |&place: &u32| &*self.entries[place as usize].0;
        let found = self.by_key.binary_search_by(|it| key_of(it).cmp(key)).ok()?;
        Some(&self.entries[self.by_key[found] as usize].1)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Value {
    pub fn object<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Object(Arc::new(Object::new(entries)))
    }

    pub fn array(items: impl IntoIterator<Item = Value>) -> Self {
        Self::Array(items.into_iter().collect())
    }

    /// Only nil and false are not.
    pub fn is_truthy(&self) -> bool {
        !matches!(self, Self::Nil | Self::Bool(false))
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) | Self::Markup(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Str(text) | Self::Markup(text) => text.is_empty(),
            Self::Array(items) => items.is_empty(),
            Self::Object(object) => object.is_empty(),
            Self::Empty => true,
            _ => false,
        }
    }

    pub(crate) fn is_blank(&self) -> bool {
        match self {
            Self::Nil | Self::Bool(false) | Self::Blank => true,
            Self::Str(text) | Self::Markup(text) => text.trim().is_empty(),
            Self::Empty => false,
            _ => self.is_empty(),
        }
    }

    /// As a template prints it: nil is nothing, an array is its items one after the other.
    pub fn print(&self, out: &mut String) {
        match self {
            Self::Nil | Self::Empty | Self::Blank => {}
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Int(number) => write!(out, "{number}").expect("a string takes all"),
            Self::Float(number) => write!(out, "{number:?}").expect("a string takes all"),
            Self::Str(text) | Self::Markup(text) => out.push_str(text),
            Self::Array(items) => items.iter().for_each(|it| it.print(out)),
            Self::Object(_) => self.inspect(out),
            Self::Range(from, to) => write!(out, "{from}..{to}").expect("a string takes all"),
        }
    }

    /// As it stands inside a printed object.
    fn inspect(&self, out: &mut String) {
        match self {
            Self::Nil => out.push_str("nil"),
            Self::Str(text) | Self::Markup(text) => {
                write!(out, "{text:?}").expect("a string takes all");
            }
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    item.inspect(out);
                }
                out.push(']');
            }
            Self::Object(object) => {
                out.push('{');
                for (index, (key, value)) in object.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    write!(out, "{key:?}=>").expect("a string takes all");
                    value.inspect(out);
                }
                out.push('}');
            }
            _ => self.print(out),
        }
    }

    /// About how many bytes it prints or holds, to be charged for before it is worked on.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Str(text) | Self::Markup(text) => text.len(),
            Self::Array(items) => items.iter().map(|it| 16 + it.weight()).sum(),
            Self::Object(object) => {
                object.iter().map(|(key, value)| 16 + key.len() + value.weight()).sum()
            }
            Self::Range(from, to) => range_len(*from, *to).saturating_mul(16),
            _ => 16,
        }
    }
}

/// How many whole numbers a range has, or as many as can be counted.
pub(crate) fn range_len(from: i64, to: i64) -> usize {
    match u128::try_from(i128::from(to) - i128::from(from) + 1) {
        Ok(len) => usize::try_from(len).unwrap_or(usize::MAX),
        Err(_) => 0,
    }
}

/// Equal as templates compare: `1 == 1.0`, `'' == blank`, markup equals its text.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Empty, Self::Empty) | (Self::Blank, Self::Blank) => true,
            (Self::Empty, Self::Blank) | (Self::Blank, Self::Empty) => false,
            (Self::Empty, it) | (it, Self::Empty) => it.is_empty(),
            (Self::Blank, it) | (it, Self::Blank) => it.is_blank(),
            (Self::Nil, Self::Nil) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Int(a), Self::Float(b)) | (Self::Float(b), Self::Int(a)) => *a as f64 == *b,
            (Self::Array(a), Self::Array(b)) => Arc::ptr_eq(a, b) || a == b,
            (Self::Object(a), Self::Object(b)) => {
                Arc::ptr_eq(a, b)
                    || (a.len() == b.len()
                        && a.iter().all(|(key, value)| b.get(key).is_some_and(|it| it == value)))
            }
            (Self::Range(a, b), Self::Range(c, d)) => a == c && b == d,
            _ => match (self.as_str(), other.as_str()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self::Bool(is)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}
