//! What the doors tell of what came in and is not in the log by itself, for those who look on.
//!
//! Telling costs a lock and no commit, so it is done beside the answer. What is told names nobody: of
//! a value that was refused, the field and the remedy.

use aftercart_engine::{
    Delivered, Delivery, Engine, Incoming, Recorded, incoming_name, reason_without_value,
    segment_api::{self, BatchItem, Call, RejectReason},
    store::{Arrival, ArrivalOutcome},
};
use aftercart_model::Timestamp;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::{App, api::ApiError};

const ANOTHER_EVENT: &str = "another event was accepted under this key; give each one of its own";
const ANOTHER_BODY: &str = "a delivery of this name was taken with another body";

/// Something whose body was not looked into: its sender is not known, or there is no room for it.
pub(super) fn tell_refused(app: &App, source: &str, name: &str, err: &ApiError) {
    let arrival = arrival(source, name, "", app.clock.now());
    let status = err.status.as_u16();
    app.engine.record_arrival(Arrival { status, reason: err.message.clone(), ..arrival });
}

/// An event that cannot be read.
pub(super) fn tell_unreadable_event(
    engine: &Engine,
    now: Timestamp,
    call: Call,
    body: &[u8],
    reason: &RejectReason,
) {
    let about: About = serde_json::from_slice(body).unwrap_or_default();
    let name = about.name().unwrap_or(call.name()).to_owned();
    tell_rejected(engine, now, &name, about.key(), reason);
}

/// A batch that cannot be read, and so none of its events.
pub(super) fn tell_unreadable_batch(engine: &Engine, now: Timestamp, reason: &RejectReason) {
    tell_rejected(engine, now, "batch", "", reason);
}

/// Those events of a batch that cannot be read.
pub(super) fn tell_batch(engine: &Engine, now: Timestamp, body: &[u8], items: &[BatchItem]) {
    #[derive(Default, Deserialize)]
    struct Batch {
        batch: Vec<About>,
    }
    if items.iter().all(|it| it.outcome.is_ok()) {
        return;
    }
    // Read again, but only where something was refused.
    let batch: Batch = serde_json::from_slice(body).unwrap_or_default();
    for (place, item) in items.iter().enumerate() {
        if let Err(reason) = &item.outcome {
            let about = batch.batch.get(place);
            let name = about.and_then(About::name).unwrap_or("event of a batch");
            tell_rejected(engine, now, name, about.map_or("", About::key), reason);
        }
    }
}

/// A unit of events that was read, where it is not in the log by itself.
pub(super) fn tell_recorded(
    engine: &Engine,
    now: Timestamp,
    unit: &[Incoming],
    recorded: Option<&Recorded>,
) {
    let Some(first) = unit.first() else { return };
    let arrival = || arrival(&first.key.source, &incoming_name(&first.body), &first.key.key, now);
    match recorded {
        Some(Recorded::Duplicate { .. }) => engine.record_arrival(duplicate(arrival())),
        Some(Recorded::Conflict { .. }) => {
            engine.record_arrival(conflict(arrival(), ANOTHER_EVENT));
        }
        Some(Recorded::New { .. }) => engine.count_accepted(&first.key.source),
        None => {}
    }
}

/// A webhook of which nothing is kept, and why.
pub(super) fn tell_ignored(
    engine: &Engine,
    now: Timestamp,
    delivery: &Delivery,
    topic: &str,
    why: &str,
) {
    let arrival = arrival(delivery.source, topic, &delivery.key, now);
    let (outcome, reason) = (ArrivalOutcome::Ignored, why.to_owned());
    engine.record_arrival(Arrival { outcome, status: 200, reason, ..arrival });
}

/// A webhook that cannot be read, or of which a field cannot be used. The latter is refused and
/// answered like what is taken, so that the platform does not end the subscription.
pub(super) fn tell_unreadable(
    engine: &Engine,
    now: Timestamp,
    delivery: &Delivery,
    topic: &str,
    reason: &RejectReason,
) {
    let rejected = rejected(arrival(delivery.source, topic, &delivery.key, now), reason);
    let status = if reason.is_malformed() { rejected.status } else { StatusCode::OK.as_u16() };
    engine.record_arrival(Arrival { status, ..rejected });
}

/// A webhook that was read, where what it tells is not in the log by itself.
pub(super) fn tell_delivered(
    engine: &Engine,
    now: Timestamp,
    delivery: &Delivery,
    topic: &str,
    delivered: &Delivered,
) {
    let arrival = arrival(delivery.source, topic, &delivery.key, now);
    match delivered {
        Delivered::Duplicate => engine.record_arrival(duplicate(arrival)),
        Delivered::Conflict => engine.record_arrival(conflict(arrival, ANOTHER_BODY)),
        Delivered::New(recorded) => {
            let new = recorded.iter().filter(|it| matches!(it, Recorded::New { .. })).count();
            (0..new).for_each(|_| engine.count_accepted(delivery.source));
            if new == 0 {
                let reason = "what it tells was known".to_owned();
                engine.record_arrival(Arrival { reason, ..duplicate(arrival) });
            }
        }
    }
}

/// What an event says it is, as far as that can be told of one that is refused.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct About {
    event: Value,
    r#type: Value,
    message_id: Value,
}

impl About {
    fn name(&self) -> Option<&str> {
        self.event.as_str().or(self.r#type.as_str()).filter(|it| !it.is_empty())
    }

    fn key(&self) -> &str {
        self.message_id.as_str().unwrap_or_default()
    }
}

fn arrival(source: &str, name: &str, key: &str, at: Timestamp) -> Arrival {
    Arrival {
        at,
        source: source.to_owned(),
        name: name.to_owned(),
        key: key.to_owned(),
        outcome: ArrivalOutcome::Rejected,
        status: StatusCode::BAD_REQUEST.as_u16(),
        reason: String::new(),
    }
}

fn tell_rejected(engine: &Engine, now: Timestamp, name: &str, key: &str, reason: &RejectReason) {
    engine.record_arrival(rejected(arrival(segment_api::SOURCE, name, key, now), reason));
}

fn rejected(arrival: Arrival, reason: &RejectReason) -> Arrival {
    let status = match reason.is_too_large() {
        true => StatusCode::PAYLOAD_TOO_LARGE,
        false => StatusCode::BAD_REQUEST,
    };
    Arrival { status: status.as_u16(), reason: reason_without_value(reason), ..arrival }
}

fn duplicate(arrival: Arrival) -> Arrival {
    Arrival { outcome: ArrivalOutcome::Duplicate, status: 200, ..arrival }
}

fn conflict(arrival: Arrival, reason: &str) -> Arrival {
    let status = StatusCode::CONFLICT.as_u16();
    Arrival { outcome: ArrivalOutcome::Rejected, status, reason: reason.to_owned(), ..arrival }
}

#[cfg(test)]
mod tests {
    use aftercart_engine::ArrivalsBefore;
    use axum::{body::Body, http::Method};
    use serde_json::json;

    use crate::served::{Served, request};

    /// What arrived beside the log, newest first, a line each.
    fn beside(served: &Served) -> Vec<String> {
        served.engine.keep_arrivals().unwrap();
        let page = served.engine.view_arrivals(ArrivalsBefore::NEWEST, 50, None).unwrap();
        let lines = page.lines.into_iter().filter(|it| it.outcome.name() != "accepted");
        lines
            .map(|it| {
                let outcome = it.outcome.name();
                format!("{outcome} {} {} {}: {}", it.status, it.name, it.key, it.reason)
            })
            .collect()
    }

    #[test]
    fn what_is_not_in_the_log_is_told_without_naming_anybody() {
        let served = Served::new();
        let seen = json!({
            "messageId": "m-1", "userId": "ana", "event": "Wishlist Shared", "properties": {},
        });
        for _ in 0..2 {
            served.post_event("/v1/track", seen.to_string());
        }
        let mut other = seen.clone();
        other["properties"] = json!({"more": 1});
        let wrong = json!({
            "messageId": "m-2", "userId": "ana", "type": "track", "event": "Order Completed",
            "timestamp": "ana@mail.example",
        });
        let batch = json!({"batch": [wrong, {"type": "whisper", "messageId": "m-3"}]});
        served.post_event("/v1/track", other.to_string());
        served.post_event("/v1/track", wrong.to_string());
        served.post_event("/v1/batch", batch.to_string());
        let told = beside(&served).join("\n");
        assert!(!told.contains('@'), "{told}");
        for has in [
            "duplicate 200 Wishlist Shared m-1: ",
            "rejected 409 Wishlist Shared m-1: another event was accepted under this key",
            "rejected 400 Order Completed m-2: `timestamp` cannot be used; ",
            "rejected 400 whisper m-3: `type` cannot be used; use `track`",
        ] {
            assert!(told.contains(has), "{has} in\n{told}");
        }
    }

    #[test]
    fn those_who_do_not_know_the_key_are_told_of_once_in_a_while() {
        let served = Served::new();
        for _ in 0..3 {
            served.send(request(Method::POST, "/v1/track").body(Body::from("{}")).unwrap());
        }
        let told = beside(&served);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("rejected 401 track : the write key is missing"), "{told:?}");
    }
}
