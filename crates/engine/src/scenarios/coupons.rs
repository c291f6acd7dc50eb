//! Codes: redeemed by whom they were given, in time, and let go when their time is over.

use aftercart_model::{CouponState, EventBody};

use super::*;
use crate::redeem_coupon::NOT_REDEEMED;

/// Ana got a code with the second email, on Fri 6 Mar; it ends with Wed 11 Mar.
fn with_code() -> (Scene, String) {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.join("ben");
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(5));
    let code = scene.message("ana", "discount").coupon.expect("a code");
    (scene, code)
}

fn order_with(scene: &mut Scene, name: &str, order: &str, code: &str, at: Timestamp) -> Incoming {
    let mut event = scene.order_event(name, order, &["kettle"], at);
    let IncomingBody::OrderPlaced { coupon, .. } = &mut event.body else { unreachable!() };
    *coupon = Some(code.to_owned());
    event
}

fn state(scene: &Scene, code: &str) -> CouponState {
    scene.engine.store().read(|tx| tx.coupon(code)).unwrap().unwrap().state
}

/// Why codes were not redeemed that a customer's orders named.
fn reasons(scene: &Scene, name: &str) -> Vec<String> {
    let id = scene.customer(name);
    let events = scene.engine.store().read(|tx| tx.events_of(id)).unwrap();
    let reason = |body: &EventBody| match body {
        EventBody::Custom { name, properties } if name == NOT_REDEEMED => {
            Some(properties["reason"].as_str().unwrap().to_owned())
        }
        _ => None,
    };
    events.iter().filter_map(|it| reason(&it.body)).collect()
}

#[test]
fn a_code_is_redeemed_by_an_order_of_its_customer() {
    let (mut scene, code) = with_code();
    let now = scene.now();
    let order = order_with(&mut scene, "ana", "1002", &code, now);
    scene.record(&order);
    assert_eq!(state(&scene, &code), CouponState::Redeemed);
    assert_eq!(reasons(&scene, "ana"), [""; 0]);
    scene.live(days(20));
    assert_eq!(state(&scene, &code), CouponState::Redeemed, "for ever");
}

#[test]
fn an_order_is_taken_though_its_code_is_not_redeemed() {
    let (mut scene, code) = with_code();
    let now = scene.now();
    let others = order_with(&mut scene, "ben", "1002", &code, now);
    let unknown = order_with(&mut scene, "ben", "1003", "SUMMER", now);
    for order in [&others, &unknown] {
        assert!(matches!(scene.record(order), Recorded::New { .. }));
        assert!(matches!(scene.record(order), Recorded::Duplicate { .. }));
    }
    assert_eq!(state(&scene, &code), CouponState::Reserved, "it is Ana's");
    let told = ["it was given to another customer", "no pool has this code"];
    assert_eq!(reasons(&scene, "ben"), told, "once each");
    assert!(scene.path("ben").starts_with("upsell-cross-sell 1002: "), "the order counts");

    let hers = order_with(&mut scene, "ana", "1004", &code, now);
    let again = order_with(&mut scene, "ana", "1005", &code, now);
    scene.record(&hers);
    scene.record(&again);
    assert_eq!(reasons(&scene, "ana"), ["it was redeemed by another order"]);
}

#[test]
fn a_code_expires_at_its_end_and_an_order_placed_before_redeems_it_still() {
    let (mut scene, code) = with_code();
    let ends = scene.engine.store().read(|tx| tx.coupon(&code)).unwrap().unwrap().expires_at;
    let ends = ends.unwrap();
    assert_eq!(told(ends, &scene.zone("ana")), "Thu 12 Mar 00:00");
    let second = SignedDuration::from_secs(1);
    scene.live(ends.duration_since(scene.now()) - second);
    assert_eq!(state(&scene, &code), CouponState::Reserved);
    scene.skip(second);
    scene.work();
    assert_eq!(state(&scene, &code), CouponState::Expired);
    let counts = scene.engine.store().read(|tx| tx.coupon_counts()).unwrap();
    let by_state: Vec<_> = counts.iter().map(|it| (it.1, it.2)).collect();
    assert_eq!(by_state, [(CouponState::Expired, 2), (CouponState::Free, 19)]);

    let late = order_with(&mut scene, "ana", "1002", &code, ends);
    scene.record(&late);
    assert_eq!(reasons(&scene, "ana"), ["it had expired when the order was placed"]);
    assert_eq!(state(&scene, &code), CouponState::Expired);
    let in_time = order_with(&mut scene, "ana", "1003", &code, ends - second);
    scene.record(&in_time);
    assert_eq!(state(&scene, &code), CouponState::Redeemed, "told late, placed in time");
}

#[test]
fn a_code_in_a_guests_order_waits_until_the_order_has_a_name() {
    let (mut scene, code) = with_code();
    let now = scene.now();
    let named = order_with(&mut scene, "ana", "1002", &code, now);
    let mut guests = order_with(&mut scene, "ana", "1002", &code, now);
    guests.identifiers.clear();
    scene.record(&guests);
    assert_eq!(state(&scene, &code), CouponState::Reserved);
    scene.record(&named);
    assert_eq!(state(&scene, &code), CouponState::Redeemed);
}
