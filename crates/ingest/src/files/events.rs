//! Events: in the form that Segment's libraries send, one object to a line; or one row of a CSV file
//! each, which is put into that form and read in the same way.

use aftercart_model::{Currency, EventKey, Identifier, Timestamp};
use serde_json::{Map, Value, json};

use super::{
    fields::Field,
    row::{self, Refusal, Row},
};
use crate::{
    Incoming,
    segment_api::{self, Call},
};

/// How deep objects and lists may lie within one another.
pub const DEPTH_MAX: usize = 32;

/// One line of a file of events.
pub fn read_line(
    line: &[u8],
    now: Timestamp,
    currency: Currency,
) -> Result<Vec<Incoming>, Refusal> {
    let Value::Object(mut fields) = json(line)? else {
        return Err(Refusal::new("it is no JSON object; write one event to a line"));
    };
    // It says when the event was sent to somebody else, long ago; that is no fault of a clock.
    fields.remove("sentAt");
    let has = |name: &str| fields.get(name).is_some_and(|it| !it.is_null());
    if !has("timestamp") && !has("originalTimestamp") {
        return Err(Refusal::new("`timestamp` is missing; give it"));
    }
    let name = fields.get("type").and_then(Value::as_str);
    let call = Call::ALL.into_iter().find(|it| Some(it.name()) == name).ok_or_else(|| {
        Refusal::new("`type`: use `track`, `identify`, `page`, `screen`, `group` or `alias`")
    })?;
    take(call, &fields, now, currency)
}

/// One row of a CSV file.
pub fn read_row(row: &Row<'_>) -> Result<Vec<Incoming>, Refusal> {
    let event = row.name(Field::Event)?.ok_or_else(|| row.missing(Field::Event))?;
    let at = row.instant(Field::At)?.ok_or_else(|| row.missing(Field::At))?;
    let mut properties = Map::new();
    for (column, name) in &row.places.named {
        let value = row.record.get(*column);
        if !value.is_empty() {
            properties.insert(name.clone(), Value::from(value));
        }
    }
    for (field, name) in [
        (Field::ProductId, "product_id"),
        (Field::Sku, "sku"),
        (Field::ProductName, "name"),
        (Field::Price, "price"),
        (Field::Quantity, "quantity"),
    ] {
        if let Some(text) = row.text(field) {
            properties.insert(name.to_owned(), Value::from(text));
        }
    }
    if let Some(email) = row.email()? {
        properties.insert("email".to_owned(), Value::from(email.as_str()));
    }
    let mut fields = Map::new();
    let mut say = |name: &str, text: Option<&str>| {
        fields.extend(text.map(|it| (name.to_owned(), Value::from(it))));
    };
    let (user, visitor) = (row.id(Field::CustomerId)?, row.id(Field::VisitorId)?);
    if user.is_none() && visitor.is_none() && row.text(Field::Email).is_none() {
        return Err(row.missing(Field::CustomerId));
    }
    say("userId", user);
    say("anonymousId", visitor);
    if user.is_none() && visitor.is_none() {
        // The address names them, which the form has no other place for.
        say("userId", row.text(Field::Email));
    }
    say("messageId", row.id(Field::EventId)?);
    fields.insert("event".to_owned(), Value::from(event));
    fields.insert("timestamp".to_owned(), json!(at.to_string()));
    fields.insert("properties".to_owned(), Value::Object(properties));
    let mut events = take(Call::Track, &fields, row.reading.now, row.reading.currency)?;
    let is_by_address = user.is_none() && visitor.is_none();
    let is_keyed = row.text(Field::EventId).is_some();
    for event in &mut events {
        if is_by_address {
            event.identifiers.retain(|it| matches!(it, Identifier::Email(_)));
        }
        if !is_keyed {
            let key = std::mem::take(&mut event.key.key);
            event.key = EventKey { source: row::SOURCE.to_owned(), key };
        }
    }
    Ok(events)
}

fn take(
    call: Call,
    fields: &Map<String, Value>,
    now: Timestamp,
    currency: Currency,
) -> Result<Vec<Incoming>, Refusal> {
    let body = serde_json::to_vec(fields).expect("JSON that was read can be written");
    // Reasons carry values only where these name nobody.
    segment_api::parse(call, &body, now, currency).map_err(|why| Refusal::new(why.to_string()))
}

/// JSON of bounded depth.
pub fn json(line: &[u8]) -> Result<Value, Refusal> {
    if DEPTH_MAX < depth(line) {
        let reason = format!("objects lie more than {DEPTH_MAX} deep within one another");
        return Err(Refusal::new(format!("{reason}; flatten them")));
    }
    if line.windows(6).any(|it| it == b"\\u0000") {
        return Err(Refusal::new("a NUL character stands in it; take it out"));
    }
    serde_json::from_slice(line).map_err(|_| {
        Refusal::new("it is not JSON; check quotes and commas, and write one object to a line")
    })
}

/// How deep brackets lie within one another, outside of texts.
fn depth(line: &[u8]) -> usize {
    let (mut depth, mut deepest, mut is_text, mut is_escaped) = (0_usize, 0, false, false);
    for &byte in line {
        if is_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => is_text = true,
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
