//! The Liquid template language, whole and safe; knows nothing of email.
//!
//! A template is parsed once to a tree and rendered many times. It is written by shop staff or by
//! the assistant and filled with what customers typed, so neither the template nor the data may
//! harm: there is no clock, no file, no include and no way to loop without end, and every render
//! runs under [`Limits`]. With [`Escape::Html`] whatever a template prints is escaped, unless it
//! passed through the filter `raw` (or its other name `safe`) as the last one, or was captured,
//! which escapes on the way in.
//!
//! What is missing prints nothing. What cannot be meant (an unknown tag or filter, a wrong number
//! of arguments) is an error when the template is parsed, with line and column.

mod arithmetic;
mod date;
mod expression;
mod filters;
mod parse;
mod render;
mod serialize;
mod template;
mod text;
mod value;

#[cfg(test)]
mod tests;

pub use render::{Escape, Limits, RenderError, RenderOptions};
pub use serialize::ValueError;
pub use template::{ParseError, TEMPLATE_BYTES_MAX, TEMPLATE_DEPTH_MAX, Template, Variable};
pub use value::{Object, Value};
