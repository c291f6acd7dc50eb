//! That the check of a whole store can fail: each of its findings, planted.

use aftercart_model::{
    Coupon, CouponState, EventBody, ExitReason, MessageClass, MessageState, NewEnrolment, StepId,
    TemplateId,
};
use aftercart_store::{NewEvent, NewMessage};

use super::*;

/// Ana in the upsell flow with a planned message.
fn planned(is_held_out: bool) -> (Scene, Message) {
    let mut scene = Scene::new();
    scene.is_to_hold = false;
    let customer = scene.join("ana");
    let store = scene.engine.store();
    let entered = NewEnrolment {
        customer,
        flow: flow_id(UPSELL),
        flow_version: 1,
        trigger_key: "1001".to_owned(),
        trigger_order: Some(order_id("1001")),
        position: Position::Ready { step: StepId::new("wait-offer").unwrap() },
        is_held_out,
        entered_at: NOW,
    };
    let enrolment = store.write(|tx| tx.enrol(&entered)).unwrap().unwrap();
    let message = NewMessage {
        customer,
        enrolment,
        flow: flow_id(UPSELL),
        flow_version: 1,
        step: StepId::new("offer").unwrap(),
        template: TemplateId::new("offer").unwrap(),
        template_version: 1,
        class: MessageClass::Marketing,
        topic: Topic::Marketing,
        planned_at: NOW,
        due_at: NOW,
        expires_at: NOW + hours(12),
        subject: None,
        products: Vec::new(),
        coupon: None,
    };
    let id = store.write(|tx| tx.plan_message(&message)).unwrap().unwrap();
    let message = store.read(|tx| tx.message(id)).unwrap().unwrap();
    (scene, message)
}

/// The message as it would stand after a good attempt.
fn sent(message: &Message) -> Message {
    let (claimed_at, sent_at) = (Some(NOW + hours(1)), Some(NOW + hours(1)));
    Message { state: MessageState::Sent, claimed_at, sent_at, attempts: 1, ..message.clone() }
}

/// What is found once `message` is stored, without the numbers of rows.
fn found(scene: &Scene, message: &Message) -> Vec<(u8, String)> {
    assert!(scene.engine.store().write(|tx| tx.save_message(message)).unwrap());
    findings(scene)
}

fn findings(scene: &Scene) -> Vec<(u8, String)> {
    let letters = |it: &char| !it.is_ascii_digit();
    let broken = scene.engine.check_promises().unwrap();
    broken.into_iter().map(|it| (it.number, it.what.chars().filter(letters).collect())).collect()
}

fn only(number: u8, what: &str) -> Vec<(u8, String)> {
    vec![(number, what.to_owned())]
}

#[test]
fn a_good_message_breaks_nothing() {
    let (scene, message) = planned(false);
    assert_eq!(found(&scene, &sent(&message)), []);
}

#[test]
fn a_message_sent_without_a_claim_is_found() {
    let (scene, message) = planned(false);
    let message = Message { claimed_at: None, ..sent(&message) };
    assert_eq!(found(&scene, &message), only(4, "message  was sent without a claim"));
}

#[test]
fn a_message_sent_at_no_time_is_found() {
    let (scene, message) = planned(false);
    let message = Message { sent_at: None, ..sent(&message) };
    assert_eq!(found(&scene, &message), only(7, "message  was sent at no time"));
}

#[test]
fn a_message_sent_by_no_attempt_is_found() {
    let (scene, message) = planned(false);
    let message = Message { attempts: 0, ..sent(&message) };
    assert_eq!(found(&scene, &message), only(7, "message  was sent by no attempt"));
}

#[test]
fn a_message_that_went_back_is_found() {
    let (scene, message) = planned(false);
    let message = Message { state: MessageState::Planned, ..sent(&message) };
    assert_eq!(found(&scene, &message), only(7, "message  went back to planned"));
}

#[test]
fn a_message_to_somebody_held_out_is_found() {
    let (scene, message) = planned(true);
    let planned = "messages were planned for customers held out: ".to_owned();
    assert_eq!(findings(&scene), [(7, planned.clone())]);
    let mailed = "enrolment  is held out and message  went all the same".to_owned();
    assert_eq!(found(&scene, &sent(&message)), [(7, planned), (5, mailed)]);
}

#[test]
fn a_claim_after_a_purchase_is_found() {
    let (mut scene, message) = planned(false);
    let tell = |scene: &mut Scene, order: &str| {
        // Past the door that would have ended the enrolment.
        let incoming = scene.order_event("ana", order, &["kettle"], NOW);
        let (order, customer) = (order_id(order), Some(scene.customer("ana")));
        let lines = Vec::new();
        let body = EventBody::OrderPlaced { order, lines, total_minor: 1, coupon: None };
        let key = incoming.key;
        let new = NewEvent { key, customer, at: NOW, stated_at: None, received_at: NOW, body };
        scene.engine.store().write(|tx| tx.append_event(&new)).unwrap();
    };
    tell(&mut scene, "1001");
    assert_eq!(found(&scene, &sent(&message)), [], "the trigger's own");
    tell(&mut scene, "1002");
    assert_eq!(findings(&scene), only(4, "message  was claimed after order  was accepted"));
}

#[test]
fn a_claim_after_a_purchase_is_found_by_the_log_where_the_clock_stood_still() {
    let (mut scene, message) = planned(false);
    let upsell = flow_id(UPSELL);
    // Nobody is told of the orders: the flow is frozen.
    scene.engine.pause_flow(&upsell, NOW).unwrap();
    scene.order("ana", "1001", &["dripper"]);
    scene.order("ana", "1002", &["kettle"]);
    let (state, claimed_at) = (MessageState::Claimed, Some(NOW));
    let claimed = Message { state, claimed_at, attempts: 1, ..message };
    let what = "message  was claimed after order  was accepted";
    assert_eq!(found(&scene, &claimed), only(4, what));
}

#[test]
fn a_claim_after_the_order_of_another_member_is_found_if_they_were_one_by_then() {
    for is_merged_first in [false, true] {
        let (mut scene, message) = planned(false);
        scene.engine.pause_flow(&flow_id(UPSELL), NOW).unwrap();
        scene.order("ana", "1001", &["dripper"]);
        scene.order("guest", "1002", &["kettle"]);
        let merge = |scene: &mut Scene| {
            let guest = vec![Identifier::Email(address("guest"))];
            let event = scene.event("ana", IncomingBody::SamePerson { others: guest });
            scene.record(&event);
        };
        if is_merged_first {
            merge(&mut scene);
        }
        let message = scene.engine.store().read(|tx| tx.message(message.id)).unwrap().unwrap();
        let (state, claimed_at) = (MessageState::Claimed, Some(NOW));
        let claimed = Message { state, claimed_at, attempts: 1, ..message };
        assert!(scene.engine.store().write(|tx| tx.save_message(&claimed)).unwrap());
        if !is_merged_first {
            assert_eq!(findings(&scene), [], "two people");
            merge(&mut scene);
        }
        let what = "message  was claimed after order  was accepted";
        let expected = if is_merged_first { only(4, what) } else { Vec::new() };
        assert_eq!(findings(&scene), expected, "told before the claim: {is_merged_first}");
    }
}

#[test]
fn a_claim_after_the_end_of_an_enrolment_is_found() {
    let (scene, message) = planned(false);
    let end = |reason| {
        let store = scene.engine.store();
        let mut enrolment = store.read(|tx| tx.enrolment(message.enrolment)).unwrap().unwrap();
        enrolment.position = Position::Exited { at: NOW, reason, step: None };
        assert!(store.write(|tx| tx.save_enrolment(&enrolment, None)).unwrap());
    };
    end(ExitReason::Completed);
    assert_eq!(found(&scene, &sent(&message)), [], "that lets the last email out");
    end(ExitReason::Unsubscribed);
    assert_eq!(findings(&scene), only(5, "message  was claimed after enrolment  had ended"));
}

#[test]
fn sums_that_do_not_hold_are_found() {
    let mut scene = Scene::new();
    scene.is_to_hold = false;
    let broken = Coupon {
        pool: PoolId::new("p").unwrap(),
        code: "NOBODY".to_owned(),
        offer: CouponOffer::Percent(10),
        order_minor_min: 0,
        state: CouponState::Reserved,
        customer: None,
        expires_at: None,
    };
    scene.engine.store().write(|tx| tx.add_coupons(&[broken])).unwrap();
    let what = "coupons are reserved for nobody or redeemed in no order: ";
    assert_eq!(findings(&scene), only(7, what));
}
