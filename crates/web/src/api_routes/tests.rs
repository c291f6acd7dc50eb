//! The event API on a real store: what is accepted is kept, once, and what is not is said so.

use aftercart_engine::segment_api::{BATCH_EVENTS_MAX, Call};
use aftercart_model::{EventBody, EventKey, ExitReason, MessageState, OrderId};
use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request},
};
use insta::assert_snapshot;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::net::SocketAddr;

use super::*;
use crate::{
    App, Turns,
    served::{Answer, NOON, Served, WRITE_KEY, basic, open, order, request},
};

fn track(id: &str, user: &str) -> Value {
    json!({"messageId": id, "userId": user, "event": "Something", "properties": {"a": 1}})
}

fn post(served: &Served, path: &str, body: &Value) -> Answer {
    served.post_event(path, body.to_string())
}

fn key(id: &str) -> EventKey {
    EventKey { source: "segment".to_owned(), key: id.to_owned() }
}

fn customers(served: &Served) -> u64 {
    served.engine.store().read(|tx| tx.count_customers()).unwrap()
}

#[test]
fn what_was_accepted_is_there_after_the_end() {
    let served = Served::new();
    assert_snapshot!(post(&served, "/v1/track", &track("e1", "ana")).text(), @r#"{"success":true,"duplicate":false}"#);
    let bodies = [
        (Call::Identify, json!({"messageId": "e2", "userId": "ben", "traits": {"name": "Ben"}})),
        (Call::Page, json!({"messageId": "e3", "anonymousId": "v1", "name": "Home"})),
        (Call::Screen, json!({"messageId": "e4", "userId": "ben", "name": "Cart"})),
        (Call::Group, json!({"messageId": "e5", "userId": "ben", "groupId": "g"})),
        (Call::Alias, json!({"messageId": "e6", "userId": "ben", "previousId": "v1"})),
    ];
    for (call, body) in &bodies {
        let answer = post(&served, &format!("/v1/{}", call.name()), body);
        assert_eq!(answer.status, StatusCode::OK, "{}: {}", call.name(), answer.text());
    }
    let Served { folder, engine, app, .. } = served;
    drop((app, engine));
    let engine = open(&folder);
    for id in ["e1", "e2", "e3", "e4", "e5", "e6"] {
        let event = engine.store().read(|tx| tx.event_by_key(&key(id))).unwrap();
        assert!(event.is_some(), "{id} is kept");
    }
}

#[test]
fn the_same_event_is_applied_once() {
    let served = Served::new();
    let order = order("1001", "P1");
    assert_eq!(post(&served, "/v1/track", &order).json()["duplicate"], false);
    for _ in 0..3 {
        let answer = post(&served, "/v1/track", &order);
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.text(), r#"{"success":true,"duplicate":true}"#);
    }
    // The same order by another source's id.
    let mut again = order.clone();
    again["messageId"] = json!("from somewhere else");
    assert_eq!(post(&served, "/v1/track", &again).json()["duplicate"], true);
    let orders = served.engine.store().read(|tx| tx.orders_of(served.ana())).unwrap();
    assert_eq!(orders.len(), 1);
    assert_eq!(served.messages().len(), 1, "one enrolment, one email");
}

#[test]
fn another_event_under_the_same_key_is_refused_and_leaves_nothing() {
    let served = Served::new();
    post(&served, "/v1/track", &track("e1", "ana"));
    let before = customers(&served);
    let mut others = vec![track("e1", "somebody new"), track("e1", "ana")];
    others[1]["properties"] = json!({"a": 2});
    let product = json!({"product_id": "never seen"});
    others.push(json!({"messageId": "e1", "userId": "ana", "event": "Product Viewed", "properties": product}));
    for other in &others {
        let answer = post(&served, "/v1/track", other);
        assert_eq!(answer.status, StatusCode::CONFLICT, "{other}");
        assert_eq!(answer.json()["error"]["code"], "conflict");
    }
    assert_eq!(customers(&served), before, "nobody was created");
    let product = served.engine.store().read(|tx| tx.product_by_code("never seen")).unwrap();
    assert_eq!(product, None);
    let dated = |at: &str| {
        let mut event = track("e2", "ana");
        event["timestamp"] = json!(at);
        post(&served, "/v1/track", &event).status
    };
    assert_eq!(dated("2026-03-01T10:00:00Z"), StatusCode::OK);
    assert_eq!(dated("2026-03-01T10:00:00.000Z"), StatusCode::OK, "the same instant");
    assert_eq!(dated("2026-03-01T10:00:01Z"), StatusCode::CONFLICT, "another one");
}

#[test]
fn a_consent_changes_with_its_identify_or_not_at_all() {
    let served = Served::new();
    let identify = |consent: Value| {
        let traits = json!({"email": "ben@mail.example", "consent": consent});
        let body = json!({"messageId": "e1", "userId": "ben", "traits": traits});
        post(&served, "/v1/identify", &body).status
    };
    assert_eq!(identify(json!({"marketing": false})), StatusCode::OK);
    assert_eq!(identify(json!({"marketing": false})), StatusCode::OK, "the same again");
    assert_eq!(identify(json!({"marketing": true})), StatusCode::CONFLICT);
    assert_eq!(identify(json!({"marketing": false, "feedback": true})), StatusCode::CONFLICT);
    let ben = served.engine.find_customer("ben").unwrap();
    let consents = served.engine.store().read(|tx| tx.consents_of(ben)).unwrap();
    assert_eq!(consents.len(), 1);
    assert_eq!(consents[0].state, aftercart_model::ConsentState::Withdrawn);
}

#[test]
fn a_batch_answers_for_each_event() {
    let served = Served::new();
    let mut items =
        vec![track("e1", "ana"), track("e2", "ben"), track("e1", "ana"), track("e2", "eve")];
    for item in &mut items {
        item["type"] = json!("track");
    }
    items.push(json!({"type": "track", "messageId": "e3", "userId": "ana"}));
    items.push(json!({"type": "sing", "userId": "ana"}));
    let answer = post(&served, "/v1/batch", &json!({"batch": items}));
    assert_eq!(answer.status, StatusCode::OK);
    assert_snapshot!(answer.text().replace("},{\"messageId\"", "},\n{\"messageId\""), @r#"
    {"success":false,"results":[{"messageId":"e1","status":200,"duplicate":false},
    {"messageId":"e2","status":200,"duplicate":false},
    {"messageId":"e1","status":200,"duplicate":true},
    {"messageId":"e2","status":409,"duplicate":false,"error":{"code":"conflict","message":"another event was accepted under this `messageId`; give each event one of its own","field":null}},
    {"messageId":"e3","status":400,"duplicate":false,"error":{"code":"invalid","message":"`event` is missing; give it","field":"event"}},
    {"messageId":null,"status":400,"duplicate":false,"error":{"code":"invalid","message":"`type` is `sing`; use `track`, `identify`, `page`, `screen`, `group` or `alias`","field":"type"}}]}
    "#);
    let none = post(&served, "/v1/batch", &json!({"batch": []}));
    assert_eq!(none.json(), json!({"success": true, "results": []}));
}

#[test]
fn what_is_too_large_is_refused() {
    let served = Served::new();
    let filled = |bytes: usize| {
        let mut event = track("e1", "ana");
        event["properties"]["text"] = json!("");
        let missing = bytes - event.to_string().len();
        event["properties"]["text"] = json!("x".repeat(missing));
        event.to_string()
    };
    assert_eq!(served.post_event("/v1/track", filled(EVENT_BYTES_MAX)).status, StatusCode::OK);
    let answer = served.post_event("/v1/track", filled(EVENT_BYTES_MAX + 1));
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.json()["error"]["code"], "too_large");
    let answer = served.post_event("/v1/batch", " ".repeat(BATCH_BYTES_MAX + 1));
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);

    let batch = |count: usize| {
        let item = |place: usize| {
            let mut item = track(&format!("b{place}"), "ana");
            item["type"] = json!("track");
            item
        };
        post(&served, "/v1/batch", &json!({"batch": (0..count).map(item).collect::<Vec<_>>()}))
    };
    let answer = batch(BATCH_EVENTS_MAX + 1);
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_snapshot!(answer.text(), @r#"{"error":{"code":"too_large","message":"the batch has 501 events; 500 is the most, send it in parts","field":null}}"#);
    let kept = served.engine.store().read(|tx| tx.event_by_key(&key("b0"))).unwrap();
    assert_eq!(kept, None, "none of it");
    assert_eq!(batch(BATCH_EVENTS_MAX).json()["success"], true);
}

#[test]
fn only_the_write_key_opens() {
    let served = Served::new();
    let body = || Body::from(track("e1", "ana").to_string());
    let with = |authorization: Option<String>| {
        let mut request = request(Method::POST, "/v1/track");
        if let Some(it) = authorization {
            request = request.header(header::AUTHORIZATION, it);
        }
        served.send(request.body(body()).unwrap())
    };
    for wrong in [
        None,
        Some(basic("")),
        Some(basic("another key")),
        Some(basic(&WRITE_KEY[1..])),
        Some(basic(&format!("{WRITE_KEY}x"))),
        Some(format!("Bearer {WRITE_KEY}")),
        Some("Basic".to_owned()),
        Some("Basic ???".to_owned()),
        Some(basic(&format!(":{WRITE_KEY}"))),
    ] {
        let answer = with(wrong.clone());
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{wrong:?}");
        assert_eq!(answer.json()["error"]["code"], "unauthorized");
        assert!(answer.header("www-authenticate").starts_with("Basic"));
    }
    assert_eq!(served.engine.store().read(|tx| tx.event_by_key(&key("e1"))).unwrap(), None);
    assert_eq!(with(Some(basic(WRITE_KEY))).status, StatusCode::OK);
    assert_eq!(with(Some(basic(WRITE_KEY).replace("Basic", "basic"))).status, StatusCode::OK);
    // A stranger's large body is refused for the stranger, before it is read.
    let large = request(Method::POST, "/v1/batch").body(Body::from(vec![0; BATCH_BYTES_MAX + 1]));
    assert_eq!(served.send(large.unwrap()).status, StatusCode::UNAUTHORIZED);
}

#[test]
fn errors_say_what_and_where() {
    let served = Served::new();
    assert_snapshot!(served.post_event("/v1/track", "{\"event\": ").text(), @r#"{"error":{"code":"invalid","message":"the body is not JSON from line 1, column 10 on; check quotes and commas","field":null}}"#);
    assert_snapshot!(post(&served, "/v1/track", &json!({"event": "x"})).text(), @r#"{"error":{"code":"invalid","message":"`userId` or `anonymousId` is missing; give it","field":"userId"}}"#);
    let mut order = order("1001", "P1");
    order["properties"]["total"] = json!("much");
    assert_snapshot!(post(&served, "/v1/track", &order).text(), @r#"{"error":{"code":"invalid","message":"`properties.total` is `much`; send a number, such as `19.99`","field":"properties.total"}}"#);
    let answer = served.get("/v1/track");
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header("allow"), "POST");
    assert_snapshot!(answer.text(), @r#"{"error":{"code":"method_not_allowed","message":"this address does not take that method; see the header Allow","field":null}}"#);
    let answer = post(&served, "/v1/nothing", &json!({}));
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.json()["error"]["code"], "not_found");
}

#[test]
fn nothing_is_accepted_that_cannot_be_kept() {
    let served = Served::new();
    served.break_store();
    let mut item = track("e1", "ana");
    item["type"] = json!("track");
    for (path, body) in [("/v1/track", item.clone()), ("/v1/batch", json!({"batch": [item]}))] {
        let answer = post(&served, path, &body);
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.header("retry-after"), "2");
        assert_eq!(answer.json()["error"]["code"], "unavailable");
    }
    assert_eq!(served.get("/readyz").status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(served.get("/livez").status, StatusCode::OK);
}

#[test]
fn more_than_can_wait_is_put_off() {
    let mut served = Served::new();
    assert_eq!(served.get("/readyz").status, StatusCode::OK);
    served.app = App { turns: Turns::new(0, 0), ..served.app.clone() };
    let answer = post(&served, "/v1/track", &track("e1", "ana"));
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "2");
    assert_eq!(served.engine.store().read(|tx| tx.event_by_key(&key("e1"))).unwrap(), None);
}

#[test]
fn an_order_stops_the_email_that_is_planned() {
    let served = Served::new();
    post(&served, "/v1/track", &order("1001", "P1"));
    assert_eq!(served.state(), MessageState::Planned);
    served.clock.set(NOON + SignedDuration::from_mins(1));
    let answer = post(&served, "/v1/track", &order("1002", "P2"));
    assert_eq!(answer.json()["duplicate"], false);
    let messages = served.messages();
    assert_eq!(messages.len(), 2, "the second order begins anew");
    assert_eq!(messages[0].0.state, MessageState::Cancelled);
    assert_snapshot!(messages[0].0.reason.as_deref().unwrap(), @"left the flow: ordered again");
    let is_ended = |it: aftercart_model::Event| match it.body {
        EventBody::EnrolmentEnded { reason, .. } => Some(reason),
        _ => None,
    };
    let ended: Vec<ExitReason> = served.events().into_iter().filter_map(is_ended).collect();
    let order = OrderId::new("1002").unwrap();
    assert!(matches!(&ended[..], [ExitReason::Purchase]), "{ended:?} by {order}");
}

#[test]
fn the_console_is_for_this_machine_alone() {
    let served = Served::new();
    let ask = |peer: Option<&str>, host: &str| {
        let mut request = Request::post("/look")
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(peer) = peer {
            let peer: SocketAddr = peer.parse().unwrap();
            request = request.extension(ConnectInfo(peer));
        }
        served.send(request.body(Body::from("theme=dark")).unwrap())
    };
    for peer in ["127.0.0.1:5000", "[::1]:5000", "[::ffff:127.0.0.1]:5000"] {
        assert_eq!(ask(Some(peer), "localhost:7878").status, StatusCode::SEE_OTHER, "{peer}");
    }
    for (peer, host, what) in [
        (Some("203.0.113.9:5000"), "127.0.0.1:7878", "another machine"),
        (Some("127.0.0.1:5000"), "evil.example:7878", "another name for this machine"),
        (None, "127.0.0.1:7878", "nobody knows who"),
    ] {
        let answer = ask(peer, host);
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}");
        assert!(!answer.headers.contains_key(header::SET_COOKIE), "{what}");
        assert!(answer.text().contains("ssh -L 7878:127.0.0.1:7878"), "{what}: how to reach it");
    }
}

#[test]
fn the_key_may_stand_in_the_body() {
    let served = Served::new();
    let with = |key: Value, path: &str, content_type: &str| {
        let mut event = track("e1", "ana");
        event["writeKey"] = key;
        let request = request(Method::POST, path).header(header::CONTENT_TYPE, content_type);
        served.send(request.body(Body::from(event.to_string())).unwrap())
    };
    for wrong in [json!("another"), json!(null), json!(7), json!([WRITE_KEY])] {
        let answer = with(wrong.clone(), "/v1/track", "application/json");
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{wrong}");
    }
    assert_eq!(served.engine.store().read(|tx| tx.event_by_key(&key("e1"))).unwrap(), None);
    // As Segment's library for browsers sends it.
    let answer = with(json!(WRITE_KEY), "/v1/t", "text/plain");
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let kept = served.engine.store().read(|tx| tx.event_by_key(&key("e1"))).unwrap().unwrap();
    assert!(!format!("{:?}", kept.body).contains(WRITE_KEY), "the key is not kept");
    // A header decides where there is one.
    let mut event = track("e2", "ana");
    event["writeKey"] = json!(WRITE_KEY);
    let request = request(Method::POST, "/v1/track").header(header::AUTHORIZATION, basic("x"));
    let answer = served.send(request.body(Body::from(event.to_string())).unwrap());
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[test]
fn libraries_find_their_own_paths() {
    let served = Served::new();
    for (place, path) in ["/v1/t", "/v1/track", "/api/public/apps/track"].into_iter().enumerate() {
        let answer = post(&served, path, &track(&format!("t{place}"), "ana"));
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    }
    for (place, path) in BATCH_PATHS.into_iter().enumerate() {
        let mut item = track(&format!("b{place}"), "ana");
        item["type"] = json!("track");
        let answer = post(&served, path, &json!({"batch": [item]}));
        assert_eq!(answer.json()["success"], true, "{path}: {}", answer.text());
    }
    let answer = post(&served, "/v2/track", &track("e1", "ana"));
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_snapshot!(answer.text(), @r#"{"error":{"code":"not_found","message":"there is no such version of the API; there is `v1`, so ask /v1/…","field":null}}"#);
}

#[test]
fn a_packed_body_is_read_and_other_forms_are_refused() {
    use std::io::Write as _;
    let served = Served::new();
    let pack = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let send = |name: header::HeaderName, value: &str, body: Vec<u8>| {
        let request = request(Method::POST, "/v1/track")
            .header(header::AUTHORIZATION, basic(WRITE_KEY))
            .header(name, value);
        served.send(request.body(Body::from(body)).unwrap())
    };
    let plain = track("e1", "ana").to_string();
    let answer = send(header::CONTENT_ENCODING, "gzip", pack(&plain));
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.json()["duplicate"], false);
    let answer = send(header::CONTENT_ENCODING, "identity", plain.clone().into_bytes());
    assert_eq!(answer.json()["duplicate"], true, "the same event, unpacked");
    let answer = send(header::CONTENT_ENCODING, "br", plain.clone().into_bytes());
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_snapshot!(answer.text(), @r#"{"error":{"code":"unsupported","message":"the body is packed by `br`; send it by `gzip`","field":"Content-Encoding"}}"#);
    let answer = send(header::CONTENT_TYPE, "application/x-www-form-urlencoded", b"a=b".to_vec());
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_snapshot!(answer.text(), @r#"{"error":{"code":"unsupported","message":"the body is `application/x-www-form-urlencoded`; send JSON as `application/json`","field":"Content-Type"}}"#);
    let large =
        json!({"userId": "ana", "event": "x", "properties": {"text": "x".repeat(EVENT_BYTES_MAX)}});
    let answer = send(header::CONTENT_ENCODING, "gzip", pack(&large.to_string()));
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "it counts what it unpacks to");
}

#[test]
fn a_sender_in_a_loop_is_slowed_down() {
    let mut served = Served::new();
    served.set_doors(|doors| {
        *doors = Doors::with(|| Duration::ZERO, || None);
        doors.limits = Limits { rate_per_second: 1, rate_burst: 2, ..Limits::default() };
    });
    let send = |id: &str| post(&served, "/v1/track", &track(id, "ana"));
    let stranger = request(Method::POST, "/v1/track").body(Body::from("{}")).unwrap();
    assert_eq!(served.send(stranger).status, StatusCode::UNAUTHORIZED, "it takes no turn");
    assert_eq!([send("e1").status, send("e2").status], [StatusCode::OK, StatusCode::OK]);
    let answer = send("e3");
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.json()["error"]["code"], "too_many");
    assert_eq!(served.engine.store().read(|tx| tx.event_by_key(&key("e3"))).unwrap(), None);
}

#[test]
fn a_full_disk_is_named_and_nothing_is_accepted() {
    let mut served = Served::new();
    served.set_doors(|doors| {
        let full = || Some(Space { free_bytes: 1 << 20, total_bytes: 1 << 40 });
        *doors = Doors::with(|| Duration::ZERO, full);
    });
    let answer = post(&served, "/v1/track", &track("e1", "ana"));
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "30");
    assert_snapshot!(answer.text(), @r#"{"error":{"code":"no_room","message":"the disk of the store is nearly full, and nothing was accepted; free some space on the server, then send it again","field":"disk"}}"#);
    assert_eq!(served.engine.store().read(|tx| tx.event_by_key(&key("e1"))).unwrap(), None);
    let answer = served.get("/readyz");
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_snapshot!(answer.text(), @r#"{"error":{"code":"not_ready","message":"not ready: the check `disk` failed: its reserve is touched; free some","field":"disk"}}"#);
    assert_eq!(served.get("/livez").status, StatusCode::OK);
}

#[test]
fn a_text_with_nul_is_refused_where_it_stands() {
    let served = Served::new();
    let mut event = track("e1", "ana");
    event["userId"] = json!("a\0b");
    let answer = post(&served, "/v1/track", &event);
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
    assert_eq!(answer.json()["error"]["field"], "userId");
    let mut event = track("e1", "ana");
    event["properties"] = json!({"a\0": "b\0", "deep": [{"c": "\0"}]});
    let answer = post(&served, "/v1/track", &event);
    assert_eq!(answer.status, StatusCode::OK, "JSON within writes it out: {}", answer.text());
}

#[test]
fn the_document_of_the_api_is_served() {
    let served = Served::new();
    let answer = served.get("/openapi.json");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json()["openapi"], "3.1.0");
}

#[test]
fn what_is_said_in_passing_is_known_of_the_customer() {
    let served = Served::new();
    let mut told = order("1001", "P1");
    told["context"] = json!({"traits": {"email": "ana@mail.example", "favourite": "filter"}});
    assert_eq!(post(&served, "/v1/track", &told).json()["duplicate"], false);
    assert_eq!(post(&served, "/v1/track", &told).json()["duplicate"], true);
    let ana = served.engine.store().read(|tx| tx.customer(served.ana())).unwrap().unwrap();
    assert_eq!(ana.attributes["favourite"], "filter");
    assert_eq!(ana.name.given, "Ana", "what is not said stays");
    // The same order by another id, with more beside it: the order is known, the rest is news.
    told["messageId"] = json!("from another page");
    told["context"]["traits"]["favourite"] = json!("espresso");
    for _ in 0..2 {
        let answer = post(&served, "/v1/track", &told);
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(answer.json()["duplicate"], true);
    }
    assert_eq!(served.messages().len(), 1, "one enrolment, one email");
}
