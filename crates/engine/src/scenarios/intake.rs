//! Coming in: once, whoever sends it again, and what starts from it.

use aftercart_ingest::segment_api;
use aftercart_model::{Currency, EventKey};

use super::*;

/// What the tracking API makes of a body that arrives now.
fn parsed(scene: &Scene, call: segment_api::Call, body: &str) -> Vec<Incoming> {
    segment_api::parse(call, body.as_bytes(), scene.now(), Currency::EUR).unwrap()
}

#[test]
fn an_accepted_order_enrols_once() {
    let mut scene = Scene::new();
    scene.join("ana");
    assert!(matches!(scene.order("ana", "1001", &["dripper"]), Recorded::New { .. }));
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: wait-offer until Tue 3 Mar 12:00");
    assert_eq!(scene.mail("ana"), "", "nothing goes before the first wait is over");
}

#[test]
fn the_same_event_again_is_a_duplicate_and_another_body_a_conflict() {
    let mut scene = Scene::new();
    scene.join("ana");
    let now = scene.now();
    let order = scene.order_event("ana", "1001", &["dripper"], now);
    let Recorded::New { seq, .. } = scene.record(&order) else { panic!("new") };
    scene.skip(hours(3));
    assert_eq!(scene.record(&order), Recorded::Duplicate { seq });

    let mut other = scene.order_event("ana", "1002", &["kettle"], now);
    other.key = order.key.clone();
    assert_eq!(scene.record(&other), Recorded::Conflict { seq });
    let moved = Incoming { at: now + hours(1), ..order };
    assert_eq!(scene.record(&moved), Recorded::Conflict { seq }, "the sender's own time counts");
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: wait-offer until Tue 3 Mar 12:00");
    assert_eq!(scene.mail("ana"), "");
}

#[test]
fn an_order_told_by_another_source_does_nothing() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.skip(hours(1));
    let now = scene.now();
    let mut again = scene.order_event("ana", "1001", &["dripper"], now);
    again.key = EventKey { source: "pixel".to_owned(), key: "1".to_owned() };
    assert!(matches!(scene.record(&again), Recorded::Duplicate { .. }));
    assert!(matches!(scene.record(&again), Recorded::Duplicate { .. }), "and again");
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: wait-offer until Tue 3 Mar 12:00");
}

#[test]
fn imported_history_never_triggers() {
    let mut scene = Scene::new();
    scene.join("ana");
    let now = scene.now();
    let past = scene.order_event("ana", "0900", &["dripper"], now - days(20));
    let today = scene.order_event("ana", "0901", &["mug"], now);
    scene.engine.record_history(vec![past, today], now).unwrap();
    scene.live(days(20));
    assert_eq!(scene.path("ana"), "");
    assert_eq!(scene.letters().len(), 0);
}

#[test]
fn imported_history_does_not_end_what_it_lies_before() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    let now = scene.now();
    let past = scene.order_event("ana", "0900", &["mug"], now - days(300));
    scene.engine.record_history(vec![past], now).unwrap();
    scene.live(days(2));
    assert_eq!(scene.mail("ana"), "offer Sent Tue 3 Mar 12:00");
}

#[test]
fn the_order_that_triggered_never_ends_it() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.skip(hours(30));
    // The platform tells it again as paid, a day later, under another key.
    scene.order("ana", "1001", &["dripper"]);
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: wait-offer until Tue 3 Mar 12:00");
    scene.live(hours(18));
    assert_eq!(scene.mail("ana"), "offer Sent Tue 3 Mar 12:00");
}

#[test]
fn an_order_of_nobody_teaches_and_enrols_nobody() {
    let mut scene = Scene::new();
    let now = scene.now();
    let mut order = scene.order_event("guest", "1001", &["dripper"], now);
    order.identifiers.clear();
    assert!(matches!(scene.record(&order), Recorded::New { customer: None, .. }));
    scene.live(days(3));
    assert_eq!(scene.letters().len(), 0);
}

#[test]
fn an_event_whose_time_was_reckoned_is_a_duplicate_when_it_comes_later_again() {
    let mut scene = Scene::new();
    scene.join("ana");
    let order = r#"{"messageId": "m1", "userId": "ana@mail.example", "event": "Order Completed",
        "properties": {"order_id": "1001", "total": 24.0, "currency": "EUR",
            "products": [{"product_id": "dripper", "price": 24.0, "quantity": 1}]}}"#;
    let consent = r#"{"messageId": "m2", "userId": "ana@mail.example",
        "traits": {"firstName": "Ana", "consent": {"marketing": true}}}"#;
    let topic = r#"{"messageId": "m3", "userId": "ana@mail.example", "event": "Consent Given",
        "properties": {"topic": "feedback"}}"#;
    use segment_api::Call::{Identify, Track};
    let bodies = [(Track, order), (Identify, consent), (Track, topic)];
    let send = |scene: &Scene| {
        let units = bodies.map(|(call, body)| parsed(scene, call, body));
        scene.engine.record_units(&units, scene.now()).unwrap()
    };
    assert!(send(&scene).iter().all(|it| matches!(it, Recorded::New { .. })));
    scene.skip(hours(2));
    let again = send(&scene);
    assert!(again.iter().all(|it| matches!(it, Recorded::Duplicate { .. })), "{again:?}");
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: wait-offer until Tue 3 Mar 12:00");
}

#[test]
fn what_a_sender_states_is_compared_and_not_what_it_was_corrected_to() {
    use segment_api::Call::{Identify, Track};

    let body = |call, stated: &str, sent_at: &str| {
        let what = match call {
            Identify => r#""traits": {"consent": {"marketing": true}}"#,
            _ => {
                r#""event": "Order Completed", "properties": {"order_id": "1001", "total": 24.0,
                "currency": "EUR", "products": [{"product_id": "dripper", "price": 24.0}]}"#
            }
        };
        format!(
            r#"{{"messageId": "{call:?}", "userId": "ana@mail.example", "timestamp": "{stated}",
            "sentAt": "{sent_at}", {what}}}"#
        )
    };
    // The sender's clock is an hour behind at first, and set right before it tries again; or it is
    // right, and the first try lay about for ten minutes.
    for (call, first_sent_at, again_sent_at, after) in [
        (Track, "2026-03-01T11:00:00Z", "2026-03-01T12:10:00Z", 10),
        (Track, "2026-03-01T12:00:00Z", "2026-03-01T12:00:30Z", 10),
        (Track, "2026-03-01T11:00:00Z", "2026-03-01T11:20:00Z", 10),
        (Identify, "2026-03-01T11:00:00Z", "2026-03-01T12:10:00Z", 10),
        (Identify, "2026-03-01T12:00:00Z", "2026-03-01T12:00:30Z", 10),
    ] {
        let mut scene = Scene::new();
        scene.join("ana");
        let stated = "2026-03-01T10:58:00Z";
        let send = |scene: &Scene, stated: &str, sent_at: &str| {
            let unit = parsed(scene, call, &body(call, stated, sent_at));
            scene.engine.record_units(&[unit], scene.now()).unwrap()[0]
        };
        assert!(matches!(send(&scene, stated, first_sent_at), Recorded::New { .. }));
        scene.skip(SignedDuration::from_mins(after));
        let again = send(&scene, stated, again_sent_at);
        assert!(matches!(again, Recorded::Duplicate { .. }), "{call:?} {again_sent_at}: {again:?}");
        let other = send(&scene, "2026-03-01T10:59:00Z", again_sent_at);
        assert!(matches!(other, Recorded::Conflict { .. }), "another time is another body");
    }
}
