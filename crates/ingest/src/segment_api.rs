//! The bodies of `POST /v1/track`, `identify`, `page`, `screen`, `group`, `alias` and `batch`, in the
//! form that Segment's libraries send.
//!
//! What is understood beyond the plain event:
//! - *who*: `userId` (also an address, if it looks like one), `anonymousId`, the address in
//!   `traits.email`, `context.traits.email` or `properties.email`, and the token of a cart or a
//!   checkout among the properties;
//! - *when*: `originalTimestamp` or `timestamp`, corrected by how far `sentAt` lies from the arrival;
//! - *what*: Segment's ecommerce events, see [`EVENTS`]; any other event is kept under its own name,
//!   with `ip`, `locale`, `timezone` and `campaign` of its context;
//! - *consent*: the trait `consent` (`{"marketing": true, "feedback": false}`) or the trait
//!   `acceptsMarketing`, and the events `Consent Given`, `Consent Withdrawn` (with the property
//!   `topic`) and `Unsubscribed`. Nothing else is taken for a yes: not an address, not an order, and
//!   not `context.consent`, which is about cookies.
//!
//! `messageId` makes an event the same event when it is sent again. Where it is missing, a body that
//! names its own time stands for itself; one that does not is a new event each time it arrives.

use std::{collections::BTreeMap, hash::Hasher};

use aftercart_model::{Currency, EmailAddress, EventKey, Identifier, Timestamp};
use jiff::SignedDuration;
use serde_json::Value;
use siphasher::sip128::{Hasher128, SipHasher24};

use crate::{Incoming, IncomingBody, TimeSource, fields::NAME_CHARS_MAX, json};

mod commerce;
mod consent;
mod ecommerce;
mod fields;
mod people;
mod reject;
#[cfg(test)]
mod tests;

pub use ecommerce::{EVENTS, EventName, Meaning, reference};
use fields::Fields;
pub use reject::RejectReason;

/// The source in the keys of these events.
pub const SOURCE: &str = "segment";

/// The largest event.
pub const EVENT_BYTES_MAX: usize = 256 << 10;

/// The largest batch, in bytes and in events.
pub const BATCH_BYTES_MAX: usize = 5 << 20;
pub const BATCH_EVENTS_MAX: usize = 500;

/// How far a sender's clock may be off ours before it is corrected. Less than this is the way
/// through the network, and taking it for a wrong clock would blur every instant.
pub const SKEW_MAX: SignedDuration = SignedDuration::from_secs(5);

/// What says how an event was sent and not what it is: another at each try.
const OF_THE_SENDING: [&str; 3] = ["sentAt", "writeKey", "integrations"];

/// One event of a batch: its `messageId`, if it has one, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchItem {
    pub message_id: Option<String>,
    pub outcome: Result<Vec<Incoming>, RejectReason>,
}

/// The calls of Segment's tracking API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Track,
    Identify,
    Page,
    Screen,
    Group,
    Alias,
}

impl Call {
    pub const ALL: [Self; 6] =
        [Self::Track, Self::Identify, Self::Page, Self::Screen, Self::Group, Self::Alias];

    pub fn name(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Identify => "identify",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Group => "group",
            Self::Alias => "alias",
        }
    }
}

/// What a reading depends on beside the body.
#[derive(Clone, Copy)]
struct Arrival {
    received_at: Timestamp,
    currency: Currency,
}

pub fn parse_track(
    body: &[u8],
    received_at: Timestamp,
    currency: Currency,
) -> Result<Vec<Incoming>, RejectReason> {
    parse(Call::Track, body, received_at, currency)
}

pub fn parse_identify(
    body: &[u8],
    received_at: Timestamp,
    currency: Currency,
) -> Result<Vec<Incoming>, RejectReason> {
    parse(Call::Identify, body, received_at, currency)
}

pub fn parse_page(
    body: &[u8],
    received_at: Timestamp,
    currency: Currency,
) -> Result<Vec<Incoming>, RejectReason> {
    parse(Call::Page, body, received_at, currency)
}

pub fn parse_screen(
    body: &[u8],
    received_at: Timestamp,
    currency: Currency,
) -> Result<Vec<Incoming>, RejectReason> {
    parse(Call::Screen, body, received_at, currency)
}

pub fn parse_group(
    body: &[u8],
    received_at: Timestamp,
    currency: Currency,
) -> Result<Vec<Incoming>, RejectReason> {
    parse(Call::Group, body, received_at, currency)
}

pub fn parse_alias(
    body: &[u8],
    received_at: Timestamp,
    currency: Currency,
) -> Result<Vec<Incoming>, RejectReason> {
    parse(Call::Alias, body, received_at, currency)
}

/// The body of one call. More than one event comes of it where a consent is in it.
pub fn parse(
    call: Call,
    body: &[u8],
    received_at: Timestamp,
    currency: Currency,
) -> Result<Vec<Incoming>, RejectReason> {
    let body = json::parse("event", body, EVENT_BYTES_MAX)?;
    let fields = Fields::of_body(&body)?;
    message(call, fields, None, Arrival { received_at, currency })
}

/// A batch: each event is taken or refused by itself, in their order.
pub fn parse_batch(
    body: &[u8],
    received_at: Timestamp,
    currency: Currency,
) -> Result<Vec<BatchItem>, RejectReason> {
    let body = json::parse("batch", body, BATCH_BYTES_MAX)?;
    let fields = Fields::of_body(&body)?;
    let sent_at = fields.time("sentAt")?;
    let context = fields.object("context")?.map(|it| it.to_map());
    if fields.get("batch").is_none() {
        return Err(fields.missing("batch"));
    }
    let items = fields.array("batch")?;
    if BATCH_EVENTS_MAX < items.len() {
        return Err(RejectReason::TooMany { count: items.len() });
    }
    let arrival = Arrival { received_at, currency };
    let item = |item: &Value| BatchItem {
        message_id: item.get("messageId").and_then(Value::as_str).map(str::to_owned),
        outcome: batch_message(item, context.as_ref(), sent_at, arrival),
    };
    Ok(items.iter().map(item).collect())
}

fn batch_message(
    item: &Value,
    context: Option<&BTreeMap<String, Value>>,
    sent_at: Option<Timestamp>,
    arrival: Arrival,
) -> Result<Vec<Incoming>, RejectReason> {
    json::refuse_larger("event", item.to_string().len(), EVENT_BYTES_MAX)?;
    let whole = context.map(|context| in_context(item, context));
    let fields = Fields::of_body(whole.as_ref().unwrap_or(item))?;
    let name = fields.text("type")?.ok_or_else(|| RejectReason::missing("type"))?;
    let call = Call::ALL.into_iter().find(|it| it.name() == name);
    let call = call.ok_or_else(|| {
        RejectReason::invalid(
            "type",
            &name,
            "use `track`, `identify`, `page`, `screen`, `group` or `alias`",
        )
    })?;
    message(call, fields, sent_at, arrival)
}

fn message(
    call: Call,
    fields: Fields<'_>,
    batch_sent_at: Option<Timestamp>,
    arrival: Arrival,
) -> Result<Vec<Incoming>, RejectReason> {
    let (at, time_source) = time(&fields, batch_sent_at, arrival)?;
    let key = key(&fields, time_source, arrival)?;
    let (identifiers, body) = match call {
        Call::Alias => people::alias(&fields)?,
        _ => {
            let identifiers = people::identifiers(call, &fields)?;
            let body = match call {
                Call::Track => commerce::track(&fields, at, arrival.currency)?,
                Call::Identify => people::identified(&fields)?,
                _ => named_after(call, &fields)?,
            };
            (identifiers, body)
        }
    };
    let first = Incoming { key, identifiers, at, time_source, body };
    let beside = |name: &str, body: IncomingBody| {
        let key = EventKey { key: key_beside(&first.key.key, name), ..first.key.clone() };
        Incoming { key, body, ..first.clone() }
    };
    let mut others = Vec::new();
    match call {
        Call::Identify => {
            for consent in consent::of_traits(&fields, at)? {
                let name = format!("consent/{}", consent::topic_name(consent.topic));
                others.push(beside(&name, IncomingBody::ConsentGiven { consent }));
            }
        }
        Call::Alias => {}
        _ => others.extend(people::in_passing(&fields)?.map(|it| beside("traits", it))),
    }
    Ok([vec![first], others].concat())
}

/// The key of what an event says beside what it is about. A key that would become longer than keys
/// may be is shortened to its hash.
fn key_beside(key: &str, name: &str) -> String {
    let whole = format!("{key}/{name}");
    if whole.chars().count() <= NAME_CHARS_MAX {
        return whole;
    }
    let mut hasher = SipHasher24::new();
    hasher.write(key.as_bytes());
    format!("{:032x}/{name}", hasher.finish128().as_u128())
}

/// An event of a batch with what the batch says of its context; the event's own word holds.
fn in_context(item: &Value, context: &BTreeMap<String, Value>) -> Value {
    let mut item = item.clone();
    if let Value::Object(fields) = &mut item {
        let own = fields.entry("context").or_insert(Value::Null);
        if own.is_null() {
            *own = Value::Object(serde_json::Map::new());
        }
        if let Value::Object(own) = own {
            for (name, value) in context {
                own.entry(name.as_str()).or_insert_with(|| value.clone());
            }
        }
    }
    item
}

/// An event that is kept under the name of its call, with all it says.
fn named_after(call: Call, fields: &Fields<'_>) -> Result<IncomingBody, RejectReason> {
    let details = if call == Call::Group { "traits" } else { "properties" };
    let details = fields.object(details)?;
    let mut properties = details.map(|it| it.to_map()).unwrap_or_default();
    for name in ["name", "category", "groupId"] {
        if let Some(text) = fields.text(name)? {
            properties.insert(name.to_owned(), Value::String(text));
        }
    }
    if call == Call::Group && !properties.contains_key("groupId") {
        return Err(RejectReason::missing("groupId"));
    }
    let properties = commerce::with_context(properties, fields)?;
    Ok(IncomingBody::Custom { name: call.name().to_owned(), properties })
}

fn time(
    fields: &Fields<'_>,
    batch_sent_at: Option<Timestamp>,
    arrival: Arrival,
) -> Result<(Timestamp, TimeSource), RejectReason> {
    let given = match fields.time("originalTimestamp")? {
        Some(at) => Some(at),
        None => fields.time("timestamp")?,
    };
    let sent_at = fields.time("sentAt")?.or(batch_sent_at);
    let (at, sent_at) = match (given, sent_at) {
        (None, _) => return Ok((arrival.received_at, TimeSource::Received)),
        (Some(at), None) => return Ok((at, TimeSource::Given)),
        (Some(at), Some(sent_at)) => (at, sent_at),
    };
    let skew = arrival.received_at.duration_since(sent_at);
    if skew.abs() <= SKEW_MAX {
        return Ok((at, TimeSource::Given));
    }
    let corrected = at.checked_add(skew).map_err(|_| {
        RejectReason::invalid("sentAt", &sent_at.to_string(), "set the clock of the sender")
    })?;
    Ok((corrected, TimeSource::Corrected { stated: at }))
}

fn key(
    fields: &Fields<'_>,
    time_source: TimeSource,
    arrival: Arrival,
) -> Result<EventKey, RejectReason> {
    let key = match fields.name("messageId")? {
        Some(id) => id,
        None => {
            let mut hasher = SipHasher24::new();
            hasher.write(fields.to_text_without(&OF_THE_SENDING).as_bytes());
            if time_source == TimeSource::Received {
                hasher.write_i64(arrival.received_at.as_nanosecond() as i64);
            }
            format!("body:{:032x}", hasher.finish128().as_u128())
        }
    };
    Ok(EventKey { source: SOURCE.to_owned(), key })
}

/// The address in `text`, if it is one.
fn address(text: &str) -> Option<Identifier> {
    EmailAddress::new(text).ok().map(Identifier::Email)
}
