//! The description of the API as an OpenAPI 3.1 document, for tools and for those who write clients.
//!
//! What is answered is described by the very types that are answered; what is asked is described by
//! hand, since bodies are read field by field. A test asks the router for its routes and finds each
//! one here, and the committed `docs/reference/openapi.json` is this text.

use aftercart_engine::segment_api::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX, Call, EVENT_BYTES_MAX};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{Accepted, BATCH_PATHS, BatchAnswer, paths, webhooks::DeliveryAnswer};
use crate::api::{ErrorBody, WEBHOOK_BYTES_MAX};

/// What an address answers beside what it is for: status, and why.
type Refusal = (u16, &'static str);

const BAD: Refusal = (400, "the body cannot be used; the error names the field and the remedy");
const GARBLED: Refusal =
    (400, "the body is no JSON object, or the header with the topic is missing");
const STRANGER: Refusal = (401, "the write key is missing or unknown");
const UNSIGNED: Refusal = (401, "the signature is missing or wrong");
const CLOSED: Refusal = (404, "the platform's secret is not configured yet");
const SLOW: Refusal = (408, "the body did not arrive in time");
const CONFLICT: Refusal = (409, "something else was accepted under this key");
const LARGE: Refusal = (413, "the body, packed or unpacked, or the batch is too large");
const FORM: Refusal = (415, "the body is in a type or a packing that is not read");
const OFTEN: Refusal = (429, "more than the rate; come again after Retry-After");
const LATER: Refusal =
    (503, "it cannot be kept now, and nothing was accepted; come again after Retry-After");

/// The document, as it is served and committed.
pub fn openapi() -> String {
    let mut text = serde_json::to_string_pretty(&document()).expect("JSON can be written");
    text.push('\n');
    text
}

fn document() -> Value {
    let mut paths_of_all = Map::new();
    for call in Call::ALL {
        for path in paths(call) {
            paths_of_all.insert(path.clone(), event_path(call, &path));
        }
    }
    for path in BATCH_PATHS {
        paths_of_all.insert(path.to_owned(), batch_path(path));
    }
    paths_of_all.insert("/webhooks/shopify".to_owned(), shopify_path());
    paths_of_all.insert("/webhooks/woocommerce".to_owned(), woocommerce_path());
    let text = |words: &str| json!({"description": words, "content": {"text/plain": {"schema": {"type": "string"}}}});
    paths_of_all.insert("/livez".to_owned(), json!({"get": {
        "operationId": "livez", "summary": "Whether the process lives", "tags": ["health"], "security": [],
        "responses": {"200": text("it does")},
    }}));
    paths_of_all.insert("/readyz".to_owned(), json!({"get": {
        "operationId": "readyz", "summary": "Whether an event could be taken in now",
        "tags": ["health"], "security": [],
        "responses": with_refusals(json!({"200": text("it could")}), &[(503, "it could not; `field` names the check that failed: `disk` or `store`")]),
    }}));
    paths_of_all.insert("/openapi.json".to_owned(), json!({"get": {
        "operationId": "openapi", "summary": "This document", "tags": ["health"], "security": [],
        "responses": {"200": {"description": "this document", "content": {"application/json": {"schema": {"type": "object"}}}}},
    }}));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Aftercart",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Events of a shop, taken in once and durably. A 2xx is written after the commit and never before; what is answered by 429 or 503 was not accepted and is to be sent again.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "events", "description": "The tracking API in the form of Segment's libraries: https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/"},
            {"name": "webhooks", "description": "Signed deliveries of shop platforms"},
            {"name": "health", "description": "For those who run the server"},
        ],
        "security": [{"writeKey": []}],
        "paths": paths_of_all,
        "components": {
            "securitySchemes": {"writeKey": {
                "type": "http", "scheme": "basic",
                "description": "The write key as the user name, with an empty password. Where no such header is sent, `writeKey` in the body does as well.",
            }},
            "schemas": schemas(),
        },
    })
}

fn event_path(call: Call, path: &str) -> Value {
    let name = call.name();
    let is_first = path == format!("/v1/{name}");
    let summary = match call {
        Call::Track => "Something a customer did",
        Call::Identify => "What is known of a customer, and what they agreed to",
        Call::Page => "A page of the shop was seen",
        Call::Screen => "A screen of the shop's app was seen",
        Call::Group => "A customer belongs to a group",
        Call::Alias => "Two ids are one person's",
    };
    json!({"post": {
        "operationId": operation(name, path),
        "summary": summary,
        "description": if is_first {
            format!("At most {EVENT_BYTES_MAX} bytes. See docs/reference/segment-events.md for what becomes of each event.")
        } else {
            format!("The same as `/v1/{name}`, for libraries that ask here.")
        },
        "tags": ["events"],
        "requestBody": request_body(json!({"$ref": format!("#/components/schemas/{}", title(name))})),
        "responses": with_refusals(
            json!({"200": answer("it is kept, or was before", "Accepted")}),
            &[BAD, STRANGER, SLOW, CONFLICT, LARGE, FORM, OFTEN, LATER],
        ),
    }})
}

fn batch_path(path: &str) -> Value {
    json!({"post": {
        "operationId": operation("batch", path),
        "summary": "Several calls at once",
        "description": format!("At most {BATCH_EVENTS_MAX} calls and {BATCH_BYTES_MAX} bytes, {EVENT_BYTES_MAX} for each call. Each call is taken or refused by itself: the answer is 200 with a status for each."),
        "tags": ["events"],
        "requestBody": request_body(json!({"$ref": "#/components/schemas/Batch"})),
        "responses": with_refusals(
            json!({"200": answer("what became of each call", "BatchAnswer")}),
            &[BAD, STRANGER, SLOW, LARGE, FORM, OFTEN, LATER],
        ),
    }})
}

fn shopify_path() -> Value {
    let parameters = [
        header(
            "X-Shopify-Hmac-Sha256",
            true,
            "base64 of the HMAC-SHA256 of the body under the app's client secret",
        ),
        header("X-Shopify-Topic", true, "such as `orders/create`; docs/reference lists the topics"),
        header("X-Shopify-Event-Id", false, "what makes a delivery the same when it comes again"),
        header("X-Shopify-Triggered-At", false, "the instant of what the body gives none for"),
        header("X-Shopify-Shop-Domain", false, "makes the addresses of products' pages"),
    ];
    webhook_path("shopify", "A delivery of Shopify's", &parameters)
}

fn woocommerce_path() -> Value {
    let parameters = [
        header(
            "X-WC-Webhook-Signature",
            true,
            "base64 of the HMAC-SHA256 of the body under the webhook's secret",
        ),
        header(
            "X-WC-Webhook-Topic",
            true,
            "such as `order.updated`; docs/reference lists the topics",
        ),
        header("X-WC-Webhook-Delivery-ID", false, "with the body, what makes a delivery the same"),
        header("X-WC-Webhook-Source", false, "the address of the shop; not looked at"),
    ];
    webhook_path("woocommerce", "A delivery of WooCommerce's", &parameters)
}

fn webhook_path(name: &str, summary: &str, parameters: &[Value]) -> Value {
    json!({"post": {
        "operationId": format!("webhook-{name}"),
        "summary": summary,
        "description": format!("At most {WEBHOOK_BYTES_MAX} bytes. Answered within a second; a 503 asks the platform to deliver again."),
        "tags": ["webhooks"],
        "security": [],
        "parameters": parameters,
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": with_refusals(
            json!({"200": answer("it is understood: taken, taken before, passed over, or refused for a field that cannot be used", "DeliveryAnswer")}),
            &[GARBLED, UNSIGNED, CLOSED, SLOW, CONFLICT, LARGE, FORM, LATER],
        ),
    }})
}

/// `responses` with the refusals that may come instead. No address takes another method.
fn with_refusals(mut responses: Value, refusals: &[Refusal]) -> Value {
    for (status, why) in refusals {
        let mut refused = answer(why, "ErrorBody");
        if matches!(status, 429 | 503) {
            refused["headers"] = json!({"Retry-After": {
                "description": "seconds, at least 1", "required": true, "schema": {"type": "integer", "minimum": 1},
            }});
        }
        if *status == 401 {
            refused["headers"] =
                json!({"WWW-Authenticate": {"required": true, "schema": {"type": "string"}}});
        }
        responses[status.to_string()] = refused;
    }
    responses
}

fn answer(why: &str, schema: &str) -> Value {
    let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
    json!({"description": why, "content": {"application/json": {"schema": schema}}})
}

fn request_body(schema: Value) -> Value {
    let content = json!({"application/json": {"schema": schema}});
    let packed = "JSON, as `application/json` or `text/plain`; with `Content-Encoding: gzip` it may \
                  be packed, to no less than a hundredth beyond the first MiB";
    json!({"required": true, "description": packed, "content": content})
}

fn header(name: &str, is_required: bool, description: &str) -> Value {
    json!({"name": name, "in": "header", "required": is_required, "description": description, "schema": {"type": "string"}})
}

/// `track` at `/v1/track`, `track-v1-t` at `/v1/t`.
fn operation(name: &str, path: &str) -> String {
    match path == format!("/v1/{name}") {
        true => name.to_owned(),
        false => format!("{name}{}", path.replace('/', "-")),
    }
}

fn title(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}

fn schemas() -> Value {
    let mut schemas = Map::new();
    for (name, schema) in [
        ("Accepted", schema_of::<Accepted>()),
        ("BatchAnswer", schema_of::<BatchAnswer>()),
        ("DeliveryAnswer", schema_of::<DeliveryAnswer>()),
        ("ErrorBody", schema_of::<ErrorBody>()),
    ] {
        schemas.insert(name.to_owned(), schema);
    }
    for call in Call::ALL {
        schemas.insert(title(call.name()), call_schema(call));
    }
    let of_call = |call: Call| {
        let name = call.name();
        json!({
            "allOf": [
                {"$ref": format!("#/components/schemas/{}", title(name))},
                {"type": "object", "required": ["type"], "properties": {"type": {"const": name}}},
            ]
        })
    };
    let items: Vec<Value> = Call::ALL.into_iter().map(of_call).collect();
    schemas.insert(
        "Batch".to_owned(),
        json!({
            "type": "object",
            "required": ["batch"],
            "properties": {
                "batch": {"type": "array", "maxItems": BATCH_EVENTS_MAX, "items": {"anyOf": items}},
                "context": {"$ref": "#/components/schemas/Context"},
                "sentAt": instant("when the batch was sent, by the sender's clock"),
                "writeKey": {"type": "string"},
            },
        }),
    );
    schemas.insert("Context".to_owned(), json!({
        "type": "object",
        "description": "Of it, `ip`, `locale`, `timezone` and `campaign` are kept with custom events, and `traits` say who and what the customer is.",
        "properties": {
            "ip": {"type": "string", "maxLength": 200},
            "locale": {"type": "string", "maxLength": 200, "example": "pt-PT"},
            "timezone": {"type": "string", "maxLength": 200, "example": "Europe/Lisbon"},
            "campaign": {"type": "object"},
            "traits": {"type": "object"},
        },
    }));
    Value::Object(schemas)
}

/// The schema of an answer, whole in itself.
fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|it| {
        it.inline_subschemas = true;
        it.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

fn call_schema(call: Call) -> Value {
    let id = |what: &str| json!({"type": "string", "minLength": 1, "maxLength": 200, "description": what});
    let mut properties = json!({
        "messageId": id("makes it the same event when it is sent again"),
        "userId": id("the shop's id of the customer"),
        "anonymousId": id("the id of a browser or a device"),
        "timestamp": instant("when it happened; the moment of arrival where it is missing"),
        "originalTimestamp": instant("when it happened, by the sender's clock; holds over `timestamp`"),
        "sentAt": instant("when it was sent, by the sender's clock"),
        "context": {"$ref": "#/components/schemas/Context"},
        "integrations": {"type": "object", "description": "not looked at"},
        "writeKey": {"type": "string", "description": "the write key, where no header has it"},
    });
    let mut required = Vec::new();
    let more = match call {
        Call::Track => {
            required.push("event");
            json!({"event": id("its name"), "properties": {"type": "object"}})
        }
        Call::Identify => json!({"traits": {
            "type": "object",
            "properties": {
                "email": {"type": "string", "format": "email"},
                "consent": {"type": "object", "properties": {
                    "marketing": {"type": "boolean"}, "feedback": {"type": "boolean"},
                }, "additionalProperties": false},
            },
        }}),
        Call::Page | Call::Screen => json!({
            "name": id("of the page or screen"), "category": id("a group of pages"), "properties": {"type": "object"},
        }),
        Call::Group => {
            required.push("groupId");
            json!({"groupId": id("of the group"), "traits": {"type": "object"}})
        }
        Call::Alias => {
            required.extend(["userId", "previousId"]);
            json!({"previousId": id("what the customer was called before")})
        }
    };
    if let (Value::Object(properties), Value::Object(more)) = (&mut properties, more) {
        properties.extend(more);
    }
    let mut schema = json!({"type": "object", "properties": properties, "required": required});
    if call != Call::Alias {
        schema["anyOf"] = json!([{"required": ["userId"]}, {"required": ["anonymousId"]}]);
    }
    schema
}

fn instant(what: &str) -> Value {
    json!({"type": "string", "format": "date-time", "description": what, "example": "2026-03-01T12:00:00Z"})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_committed_document_is_the_written_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == openapi(),
            "write it again: cargo run -q -p aftercart-web --example openapi > \
             docs/reference/openapi.json"
        );
    }

    #[test]
    fn every_route_of_the_router_is_in_it() {
        // What a router shows of itself for debugging names its paths in quotes.
        let shown = format!("{:?}", super::super::routes());
        let quoted = shown.split('"').filter(|it| it.starts_with('/'));
        // What is caught of unknown addresses is no route: `/` and all below it are axum's own.
        let is_route = |it: &&str| *it != "/" && !it.contains("/{*");
        let routes: BTreeSet<&str> = quoted.filter(is_route).collect();
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let described: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
        assert_eq!(routes, described);
        assert!(25 <= routes.len(), "{routes:?}");
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.values().flat_map(|it| it.as_object().unwrap().values());
        let names: Vec<&str> = operations.map(|it| it["operationId"].as_str().unwrap()).collect();
        let distinct: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(names.len(), distinct.len(), "{names:?}");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let text = openapi();
        let references = text.split("\"$ref\": \"#").skip(1).filter_map(|it| it.split('"').next());
        let document = document();
        for reference in references {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }
}
