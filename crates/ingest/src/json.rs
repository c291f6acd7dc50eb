//! The JSON of a body, neither too large nor nested beyond measure.

use serde_json::Value;

use crate::segment_api::RejectReason;

/// How deep objects may lie within one another. Shopify's own lie at most 8 deep, and WordPress's
/// plug-ins keep theirs in lists of pairs.
pub const DEPTH_MAX: usize = 32;

/// The value that `body`, a `what`, is.
pub fn parse(what: &'static str, body: &[u8], bytes_max: usize) -> Result<Value, RejectReason> {
    refuse_larger(what, body.len(), bytes_max)?;
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| RejectReason::NotJson { line: error.line(), column: error.column() })?;
    if DEPTH_MAX < depth(&value) { Err(RejectReason::TooDeep) } else { Ok(value) }
}

/// Refuses `what` if it has more than `bytes_max` bytes.
pub fn refuse_larger(
    what: &'static str,
    bytes: usize,
    bytes_max: usize,
) -> Result<(), RejectReason> {
    if bytes_max < bytes {
        return Err(RejectReason::TooLarge { what, bytes, bytes_max });
    }
    Ok(())
}

/// How deep arrays and objects lie within one another in `value`; 0 where it is neither.
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
