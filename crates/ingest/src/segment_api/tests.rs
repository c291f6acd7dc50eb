//! The example bodies, what is refused and in which words, and what makes events the same.

use std::fs;

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

fn example(name: &str) -> Vec<u8> {
    fs::read(format!("{}/testdata/segment/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// An event on a few lines: key, who, when, what.
fn told(event: &Incoming) -> String {
    let who = |it: &Identifier| match it {
        Identifier::Email(address) => format!("email {}", address.as_str()),
        Identifier::External(it) => format!("external {}", it.id),
        Identifier::Visitor(id) => format!("visitor {id}"),
        Identifier::Cart(token) => format!("cart {token}"),
    };
    let who: Vec<String> = event.identifiers.iter().map(who).collect();
    let what = format!("{:?}", event.body);
    let what = what.replace("ProductRef ", "").replace("IncomingLine ", "line ");
    let time_source = match event.time_source {
        TimeSource::Given => "Given",
        TimeSource::Corrected { .. } => "Corrected",
        TimeSource::Received => "Received",
    };
    format!("{} {} {time_source}\n  {}\n  {what}", event.key.key, event.at, who.join(", "))
}

fn told_example(call: Call, name: &str) -> String {
    let events = parse(call, &example(name), NOW, Currency::EUR).unwrap();
    events.iter().map(told).collect::<Vec<_>>().join("\n")
}

fn track(body: serde_json::Value) -> Result<Vec<Incoming>, RejectReason> {
    parse_track(body.to_string().as_bytes(), NOW, Currency::EUR)
}

/// An `Order Completed` with these properties.
fn order(properties: serde_json::Value) -> Result<Vec<Incoming>, RejectReason> {
    track(json!({"userId": "1", "event": "Order Completed", "properties": properties}))
}

fn total(properties: serde_json::Value) -> i64 {
    match order(properties).unwrap().remove(0).body {
        IncomingBody::OrderPlaced { total_minor, .. } => total_minor,
        other => panic!("{other:?}"),
    }
}

#[test]
fn ecommerce_events_become_ours() {
    for name in [
        "order-completed",
        "order-refunded",
        "order-cancelled",
        "product-viewed",
        "product-added",
        "checkout-started",
        "product-reviewed",
        "consent-withdrawn",
        "anything-else",
    ] {
        insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
            assert_snapshot!(format!("segment-{name}"), told_example(Call::Track, name));
        });
    }
}

#[test]
fn the_other_calls_are_understood() {
    let calls = [Call::Identify, Call::Page, Call::Screen, Call::Group, Call::Alias];
    for call in calls {
        let name = call.name();
        insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
            assert_snapshot!(format!("segment-{name}"), told_example(call, name));
        });
    }
}

#[test]
fn the_other_ecommerce_events_become_ours() {
    let told = |event: &str, properties: serde_json::Value| {
        let body = json!({"messageId": "m", "anonymousId": "v", "timestamp": NOW.to_string(), "event": event, "properties": properties});
        track(body).unwrap().iter().map(told).collect::<Vec<_>>().join("\n")
    };
    let line = json!([{"product_id": "a", "price": 5, "quantity": 2}]);
    insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
        assert_snapshot!("segment-ecommerce", [
            told("Order Updated", json!({"order_id": "1", "total": 10, "products": line, "coupon": "C"})),
            told("Order Updated", json!({"order_id": "1", "status": "packed"})),
            told("Order Fulfilled", json!({"order_id": "1"})),
            told("product_removed", json!({"sku": "a", "quantity": 2, "cart_id": "c1"})),
            told("Product Clicked", json!({"product_id": "a", "position": 3})),
            told("Viewed Product Category", json!({"category": "Kettles", "token": "t1"})),
            told("Wishlist Product Added to Cart", json!({"product_id": "a"})),
            told("Coupon Entered", json!({"coupon_id": "SPRING"})),
            told("Coupon Applied", json!({"coupon_id": "SPRING", "order_id": "1", "cart_id": "c1"})),
            told("Checkout Started", json!({"checkout_id": "c2", "token": "t2", "products": line})),
            told("Our Own", json!({"token": "a device's", "cart_id": "c3"})),
        ].join("\n"));
    });
}

#[test]
fn a_guest_is_known_by_the_cart() {
    let order = json!({"event": "Order Completed", "properties": {"order_id": "1", "total": 1, "checkout_id": "c1", "cart_id": "c1"}});
    let identifiers = track(order).unwrap().remove(0).identifiers;
    assert_eq!(identifiers, [Identifier::Cart("c1".to_owned())], "once, though told twice");
    let named = json!({"userId": "1", "anonymousId": "v", "event": "Order Completed", "properties": {"order_id": "1", "total": 1, "checkout_id": "c1"}});
    let identifiers = track(named).unwrap().remove(0).identifiers;
    assert_eq!(identifiers.last(), Some(&Identifier::Cart("c1".to_owned())), "the least sure");
    let nobody = json!({"event": "x", "properties": {"token": "t"}});
    assert_eq!(track(nobody).unwrap_err(), RejectReason::missing("userId` or `anonymousId"));
}

#[test]
fn of_the_context_is_kept_where_an_event_came_from() {
    let context = json!({
        "ip": "203.0.113.7", "locale": "pt-PT", "timezone": "Europe/Lisbon", "campaign": {"source": "letter"},
        "library": {"name": "analytics.js"}, "userAgent": "Mozilla",
        "traits": {"email": "ana@mail.example", "firstName": "Ana", "favourite": "filter"},
    });
    let body = json!({"messageId": "m", "userId": "1", "event": "x", "context": context});
    let events = track(body.clone()).unwrap();
    insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
        assert_snapshot!("segment-context", events.iter().map(told).collect::<Vec<_>>().join("\n"));
    });
    // A batch's context is each event's, whose own word holds.
    let item =
        json!({"type": "page", "messageId": "m", "userId": "1", "context": {"locale": "en"}});
    let batch = json!({"batch": [item], "context": {"locale": "pt", "ip": "203.0.113.7"}});
    let items = parse_batch(batch.to_string().as_bytes(), NOW, Currency::EUR).unwrap();
    let told_item = told(&items[0].outcome.as_ref().unwrap()[0]);
    assert!(
        told_item.contains(r#"{"ip": String("203.0.113.7"), "locale": String("en")}"#),
        "{told_item}"
    );
    // No more than the address is no more than who it is.
    let mut brief = body;
    brief["context"] = json!({"traits": {"email": "ana@mail.example"}});
    assert_eq!(track(brief).unwrap().len(), 1);
}

#[test]
fn how_an_event_was_sent_is_not_what_it_is() {
    let key = |more: serde_json::Value| {
        let mut body = json!({"userId": "1", "event": "x", "timestamp": "2026-03-01T11:00:00Z"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        track(body).unwrap().remove(0).key.key
    };
    let plain = key(json!({}));
    assert_eq!(key(json!({"sentAt": "2026-03-01T11:59:59Z", "writeKey": "k"})), plain);
    assert_eq!(key(json!({"integrations": {"All": false}})), plain);
    assert_ne!(key(json!({"properties": {"a": 1}})), plain);
    let long = "x".repeat(200);
    let body =
        json!({"messageId": long, "userId": "1", "event": "x", "context": {"traits": {"a": 1}}});
    let events = track(body).unwrap();
    assert!(events.iter().all(|it| it.key.key.chars().count() <= NAME_CHARS_MAX));
    assert_ne!(events[0].key, events[1].key);
}

#[test]
fn a_batch_takes_and_refuses_each_event_by_itself() {
    let items = parse_batch(&example("batch"), NOW, Currency::EUR).unwrap();
    let told = |item: &BatchItem| match &item.outcome {
        Ok(events) => events.iter().map(told).collect::<Vec<_>>().join("\n"),
        Err(reason) => format!("{:?} refused: {reason}", item.message_id),
    };
    assert_snapshot!(items.iter().map(told).collect::<Vec<_>>().join("\n"), @r#"
    ajs-7f3c-0015 2026-03-01T11:30:00Z Corrected
      external 8412
      Custom { name: "Class Booked", properties: {} }
    Some("ajs-7f3c-0016") refused: `userId` or `anonymousId` is missing; give it
    body:044a1fb48b7fe31a824df497154638c6 2026-03-01T12:00:00Z Received
      external ana.ribeiro@mail.example, email ana.ribeiro@mail.example
      Identified { name: CustomerName(…), time_zone: None, country: None, locale: None, attributes: {} }
    body:044a1fb48b7fe31a824df497154638c6/consent/marketing 2026-03-01T12:00:00Z Received
      external ana.ribeiro@mail.example, email ana.ribeiro@mail.example
      ConsentGiven { consent: Consent { topic: Marketing, state: Agreed, at: 2026-03-01T12:00:00Z, source: "identify", basis: Unstated, wording: None, ip: None } }
    Some("ajs-7f3c-0017") refused: `type` is `sing`; use `track`, `identify`, `page`, `screen`, `group` or `alias`
    "#);
}

#[test]
fn refusals_name_the_field_and_the_remedy() {
    let refused = |body: serde_json::Value| track(body).unwrap_err().to_string();
    let order_refused = |properties| order(properties).unwrap_err().to_string();
    assert_snapshot!(refused(json!({"event": "x"})), @"`userId` or `anonymousId` is missing; give it");
    assert_snapshot!(refused(json!({"userId": "1"})), @"`event` is missing; give it");
    assert_snapshot!(refused(json!({"userId": {}, "event": "x"})), @"`userId` is `{…}`; send a text");
    assert_snapshot!(refused(json!({"userId": "1", "event": "x", "timestamp": "today"})), @"`timestamp` is `today`; write it as `2026-03-01T12:00:00Z`");
    assert_snapshot!(refused(json!({"userId": "1", "event": "Order Completed"})), @"`properties` is missing; give it");
    assert_snapshot!(refused(json!({"userId": "x".repeat(201), "event": "x"})), @"`userId` cannot be used; give at most 200 characters");
    assert_snapshot!(refused(json!({"event": "x", "properties": {"email": "ana@nowhere"}})), @"`properties.email` cannot be used; write it as `name@domain`, or leave it out");
    assert_snapshot!(refused(json!([])), @"the body is JSON and not an object; send one object, in braces");
    assert_snapshot!(order_refused(json!({"total": 1})), @"`properties.order_id` is missing; give it");
    assert_snapshot!(order_refused(json!({"order_id": "1", "total": "ten"})), @"`properties.total` is `ten`; send a number, such as `19.99`");
    assert_snapshot!(order_refused(json!({"order_id": "1", "total": -1})), @"`properties.total` is `-1`; send an amount of 0 or more");
    assert_snapshot!(order_refused(json!({"order_id": "1", "total": 1, "currency": "USD"})), @"`properties.currency` is `USD`; send amounts in EUR, the shop's currency");
    assert_snapshot!(order_refused(json!({"order_id": "1", "products": [{"product_id": "a"}, {"name": "b"}]})), @"`properties.products[1].product_id` is missing; give it");
    assert_snapshot!(order_refused(json!({"order_id": "1", "products": [{"product_id": "a", "quantity": 0.5}]})), @"`properties.products[0].quantity` is `0.5`; send a whole number of 1 or more");
    assert_snapshot!(order_refused(json!({"order_id": "1", "products": "a, b"})), @"`properties.products` is `a, b`; send an array");
    let review = json!({"userId": "1", "event": "Product Reviewed", "properties": {"product_id": "a", "rating": 6}});
    assert_snapshot!(refused(review), @"`properties.rating` is `6`; give 1 to 5 stars");
    let refund = json!({"userId": "1", "event": "Order Refunded", "properties": {"order_id": "1"}});
    assert_snapshot!(refused(refund), @"`properties.total` is missing; give it");
    let consent =
        json!({"userId": "1", "event": "Consent Given", "properties": {"topic": "cookies"}});
    assert_snapshot!(refused(consent), @"`properties.topic` is `cookies`; use `marketing` or `feedback`");
    assert_snapshot!(parse_track(b"{\"a\": \n nope", NOW, Currency::EUR).unwrap_err(), @"the body is not JSON from line 2, column 3 on; check quotes and commas");
    let alias = json!({"userId": "1"}).to_string();
    assert_snapshot!(parse_alias(alias.as_bytes(), NOW, Currency::EUR).unwrap_err(), @"`previousId` is missing; give it");
}

#[test]
fn sizes_are_bounded() {
    let text = |bytes: usize| json!({"userId": "1", "event": "x", "properties": {"text": "x".repeat(bytes)}});
    assert!(track(text(EVENT_BYTES_MAX - 100)).is_ok());
    let refused = track(text(EVENT_BYTES_MAX)).unwrap_err();
    assert!(refused.is_too_large());
    assert_snapshot!(refused, @"the event has 262195 bytes; 262144 is the most, send it in parts");

    let batch = |events: Vec<serde_json::Value>| {
        parse_batch(json!({"batch": events}).to_string().as_bytes(), NOW, Currency::EUR)
    };
    let event = json!({"type": "track", "userId": "1", "event": "x"});
    assert_eq!(batch(vec![event.clone(); BATCH_EVENTS_MAX]).unwrap().len(), BATCH_EVENTS_MAX);
    let refused = batch(vec![event; BATCH_EVENTS_MAX + 1]).unwrap_err();
    assert!(refused.is_too_large());
    assert_snapshot!(refused, @"the batch has 501 events; 500 is the most, send it in parts");
    let large = parse_batch(&vec![b' '; BATCH_BYTES_MAX + 1], NOW, Currency::EUR).unwrap_err();
    assert!(large.is_too_large());
    let mut one_too_large = text(EVENT_BYTES_MAX);
    one_too_large["type"] = json!("track");
    let items =
        batch(vec![one_too_large, json!({"type": "track", "userId": "1", "event": "x"})]).unwrap();
    assert!(items[0].outcome.is_err() && items[1].outcome.is_ok(), "the other is taken");

    let nested = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let body =
        format!("{{\"userId\": \"1\", \"event\": \"x\", \"properties\": {{\"a\": {nested}}}}}");
    assert_eq!(parse_track(body.as_bytes(), NOW, Currency::EUR), Err(RejectReason::TooDeep));
}

#[test]
fn a_wrong_clock_is_corrected() {
    let at = |timestamp: &str, sent_at: Option<&str>| {
        let mut body = json!({"userId": "1", "event": "x", "timestamp": timestamp});
        if let Some(sent_at) = sent_at {
            body["sentAt"] = json!(sent_at);
        }
        let event = track(body).unwrap().remove(0);
        (event.at.to_string(), event.time_source)
    };
    use TimeSource::Given;
    let corrected = |stated: &str| TimeSource::Corrected { stated: stated.parse().unwrap() };
    let same = "2026-03-01T11:00:00Z";
    assert_eq!(at(same, None), (same.to_owned(), Given), "nothing to correct by");
    assert_eq!(at(same, Some("2026-03-01T11:59:55Z")), (same.to_owned(), Given), "the network's");
    let hour_behind = at(same, Some("2026-03-01T11:00:00Z"));
    assert_eq!(hour_behind, ("2026-03-01T12:00:00Z".to_owned(), corrected(same)), "an hour behind");
    let day_ahead = at("2026-03-02T11:30:00Z", Some("2026-03-02T12:00:00Z"));
    let stated = corrected("2026-03-02T11:30:00Z");
    assert_eq!(day_ahead, ("2026-03-01T11:30:00Z".to_owned(), stated), "a day ahead");
    assert_eq!(at("", None), (NOW.to_string(), TimeSource::Received), "no word on it");
}

#[test]
fn an_event_without_an_id_is_the_same_if_it_says_when_it_was() {
    let key = |body: serde_json::Value, at: Timestamp| {
        let events = parse_track(body.to_string().as_bytes(), at, Currency::EUR).unwrap();
        events[0].key.key.clone()
    };
    let timed = json!({"userId": "1", "event": "x", "timestamp": "2026-03-01T11:00:00Z"});
    let untimed = json!({"userId": "1", "event": "x"});
    let later = NOW + SignedDuration::from_secs(1);
    assert_eq!(key(timed.clone(), NOW), key(timed, later));
    assert_ne!(key(untimed.clone(), NOW), key(untimed.clone(), later));
    assert_ne!(key(untimed.clone(), NOW), key(json!({"userId": "2", "event": "x"}), NOW));
}

#[test]
fn totals_are_what_was_paid() {
    let line = json!([{"product_id": "a", "price": 9.99, "quantity": 3}]);
    let with = |mut properties: serde_json::Value| {
        properties["order_id"] = json!("1");
        properties["products"] = line.clone();
        total(properties)
    };
    assert_eq!(with(json!({"total": 25.5, "revenue": 1})), 2_550, "said outright");
    assert_eq!(with(json!({"revenue": 20, "shipping": 4.95, "tax": "1.05"})), 2_600);
    assert_eq!(with(json!({"subtotal": 20})), 2_000);
    assert_eq!(with(json!({"value": 12.345})), 1_235, "half a cent goes up");
    assert_eq!(with(json!({})), 2_997, "the lines");
    assert_eq!(with(json!({"discount": 10, "shipping": 5})), 2_497, "less the discount");
    assert_eq!(with(json!({"discount": 99})), 0, "never below nothing");
    let yen = json!({"userId": "1", "event": "Order Completed", "properties": {"order_id": "1", "total": 1500}});
    let events = parse_track(yen.to_string().as_bytes(), NOW, Currency::new("JPY").unwrap());
    let body = events.unwrap().remove(0).body;
    assert!(
        matches!(body, IncomingBody::OrderPlaced { total_minor: 1_500, .. }),
        "no minor digits"
    );
}

#[test]
fn consent_is_taken_only_where_it_is_said() {
    let consents = |traits: serde_json::Value| {
        let body =
            json!({"userId": "1", "traits": traits, "context": {"consent": {"marketing": true}}});
        let events = parse_identify(body.to_string().as_bytes(), NOW, Currency::EUR).unwrap();
        let said = events.into_iter().filter_map(|it| match it.body {
            IncomingBody::ConsentGiven { consent } => Some((consent.topic, consent.state)),
            _ => None,
        });
        said.collect::<Vec<_>>()
    };
    use aftercart_model::{ConsentState::*, Topic::*};
    assert_eq!(consents(json!({"email": "ana@mail.example"})), [], "an address is no yes");
    assert_eq!(consents(json!({"acceptsMarketing": true})), [(Marketing, Agreed)]);
    assert_eq!(consents(json!({"accepts_marketing": false})), [(Marketing, Withdrawn)]);
    assert_eq!(
        consents(json!({"consent": {"feedback": true, "marketing": null}})),
        [(Feedback, Agreed)]
    );
    let refused = parse_identify(
        br#"{"userId": "1", "traits": {"consent": {"marketing": "yes"}}}"#,
        NOW,
        Currency::EUR,
    );
    assert_snapshot!(refused.unwrap_err(), @"`traits.consent.marketing` is `yes`; send `true` or `false`");
}

#[test]
fn a_consent_says_from_where() {
    let context = json!({"ip": "203.0.113.7"});
    let identify = json!({"userId": "1", "context": context, "traits": {"acceptsMarketing": true}})
        .to_string();
    let said = parse_identify(identify.as_bytes(), NOW, Currency::EUR).unwrap();
    let left = track(json!({"userId": "1", "event": "Unsubscribed", "context": context})).unwrap();
    for event in [&said[1], &left[0]] {
        let IncomingBody::ConsentGiven { consent } = &event.body else { panic!("{event:?}") };
        assert_eq!(consent.ip.as_deref(), Some("203.0.113.7"));
    }
}

#[test]
fn an_order_is_not_lost_for_a_mistyped_address() {
    let body = json!({
        "userId": "1", "event": "x", "context": {"traits": {"email": "ana@"}},
        "properties": {"email": "ana@mail.example"},
    });
    let identifiers = track(body).unwrap().remove(0).identifiers;
    assert_eq!(identifiers.len(), 2, "the id, and the address that is one");
    let refused =
        parse_identify(br#"{"userId": "1", "traits": {"email": "ana@"}}"#, NOW, Currency::EUR);
    let text = refused.unwrap_err().to_string();
    assert!(!text.contains("ana@"), "no address in an error");
    assert_snapshot!(text, @"`traits.email` cannot be used; write it as `name@domain`, or leave it out");
}

proptest! {
    #[test]
    fn no_bytes_upset_the_reader(bytes: Vec<u8>) {
        for call in Call::ALL {
            let _ = parse(call, &bytes, NOW, Currency::EUR);
        }
        let _ = parse_batch(&bytes, NOW, Currency::EUR);
    }

    #[test]
    fn no_value_in_any_field_upsets_the_reader(
        field in proptest::sample::select(vec![
            "userId", "event", "timestamp", "sentAt", "messageId", "properties", "context", "traits",
        ]),
        value in proptest::sample::select(vec![
            json!(null), json!(true), json!(-1.5e300), json!(""), json!("Order Completed"), json!([]),
            json!({}), json!([{}]), json!({"products": [1]}), json!({"order_id": [], "total": {}}),
            json!("9999-12-31T23:59:59Z"), json!("-009999-01-02T01:59:59Z"),
        ]),
        second in proptest::sample::select(vec!["sentAt", "timestamp", "properties"]),
        other in proptest::sample::select(vec![
            json!("9999-12-30T00:00:00Z"), json!("-009999-01-03T00:00:00Z"), json!({"quantity": 1e9}),
        ]),
    ) {
        let mut body = json!({"userId": "1", "event": "Order Completed", "properties": {"order_id": "1"}});
        body[second] = other;
        body[field] = value;
        for call in Call::ALL {
            let _ = parse(call, body.to_string().as_bytes(), NOW, Currency::EUR);
        }
    }
}
