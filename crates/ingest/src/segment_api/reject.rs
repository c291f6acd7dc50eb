//! Why a body is refused: the field, what is wrong with it, and how to mend it.
//!
//! No value of a field that names a person is in the text: refusals are logged.

use super::BATCH_EVENTS_MAX;
use crate::json::DEPTH_MAX;

/// How much of a bad value is shown.
const SHOWN_CHARS_MAX: usize = 40;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RejectReason {
    #[error("the {what} has {bytes} bytes; {bytes_max} is the most, send it in parts")]
    TooLarge { what: &'static str, bytes: usize, bytes_max: usize },
    #[error("the batch has {count} events; {BATCH_EVENTS_MAX} is the most, send it in parts")]
    TooMany { count: usize },
    #[error("objects lie more than {DEPTH_MAX} deep within one another; flatten them")]
    TooDeep,
    #[error("the body is not JSON from line {line}, column {column} on; check quotes and commas")]
    NotJson { line: usize, column: usize },
    #[error("the body is JSON and not an object; send one object, in braces")]
    NotObject,
    #[error("`{field}` is missing; give it")]
    Missing { field: String },
    #[error("`{field}` is `{text}`; {remedy}")]
    Invalid { field: String, text: String, remedy: String },
    /// As [`RejectReason::Invalid`] where the value names a person.
    #[error("`{field}` cannot be used; {remedy}")]
    Unusable { field: String, remedy: String },
}

impl RejectReason {
    /// Whether it is the size that is refused: 413 rather than 400.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::TooMany { .. })
    }

    /// Whether the body cannot be read at all, rather than being understood and not taken.
    pub fn is_malformed(&self) -> bool {
        match self {
            Self::TooLarge { .. }
            | Self::TooMany { .. }
            | Self::TooDeep
            | Self::NotJson { .. }
            | Self::NotObject => true,
            Self::Missing { .. } | Self::Invalid { .. } | Self::Unusable { .. } => false,
        }
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::Missing { field: field.to_owned() }
    }

    pub(crate) fn invalid(field: &str, text: &str, remedy: &str) -> Self {
        let text = text.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect();
        Self::Invalid { field: field.to_owned(), text, remedy: remedy.to_owned() }
    }

    /// As [`RejectReason::invalid`] where the value may name a person, or there is none.
    pub(crate) fn unusable(field: &str, remedy: &str) -> Self {
        Self::Unusable { field: field.to_owned(), remedy: remedy.to_owned() }
    }
}
