//! A pause freezes what is planned too, and the operator says what becomes of it.

use aftercart_model::EventBody;

use super::*;
use crate::{Overdue, Why};

/// Ana's first email was planned at noon of the 3rd, and the flow is paused before anybody sends it.
fn planned_and_paused() -> Scene {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.skip(days(2));
    scene.engine.advance_due(scene.now()).unwrap();
    scene.engine.pause_flow(&flow_id(UPSELL), scene.now()).unwrap();
    scene
}

fn resume(scene: &Scene, overdue: Overdue) {
    scene.engine.resume_flow_as(&flow_id(UPSELL), overdue, scene.now()).unwrap();
}

/// How many events of the log tell that a message was held back.
fn held_back(scene: &Scene) -> usize {
    let mut count = 0;
    let store = scene.engine.store();
    let read = store.read(|tx| {
        tx.scan_events(0, &mut |event| {
            count += usize::from(matches!(event.body, EventBody::MessageDeferred { .. }));
            Ok(())
        })
    });
    read.unwrap();
    count
}

const FROZEN: &str = "offer Deferred, paused: the flow waits for an operator";

#[test]
fn a_planned_email_sleeps_through_a_pause_and_is_told_of_once() {
    let mut scene = planned_and_paused();
    scene.live(days(3));
    assert_eq!(scene.mail("ana"), FROZEN);
    assert_eq!(held_back(&scene), 1);
    assert_eq!(scene.engine.store().read(|tx| tx.next_wake()).unwrap(), None, "nothing to do");
    let view = scene.engine.view_flow(&flow_id(UPSELL), scene.now()).unwrap().unwrap();
    assert_eq!(view.overdue, 2, "the planned one, and the next behind a wait that is over");
}

#[test]
fn what_a_pause_holds_back_is_said_to_wait_for_the_resuming() {
    let mut scene = planned_and_paused();
    let why = |scene: &Scene| {
        let ana = scene.customer("ana");
        let answer = scene.engine.explain_customer(ana, (None, None), scene.now()).unwrap();
        answer.unwrap().why
    };
    assert_eq!(why(&scene), Why::Frozen, "planned, and not looked at yet");
    scene.live(days(3));
    assert_eq!(why(&scene), Why::Frozen, "put aside");
    resume(&scene, Overdue::Shift);
    assert!(matches!(why(&scene), Why::HeldBack { .. } | Why::OnItsWay { .. }));
}

#[test]
fn a_planned_email_that_was_overdue_goes_at_once_if_asked() {
    let mut scene = planned_and_paused();
    scene.live(days(2));
    resume(&scene, Overdue::Send);
    scene.live(hours(1));
    assert_eq!(scene.mail("ana"), "offer Sent Thu 5 Mar 12:00");
}

#[test]
fn sent_at_once_does_not_mean_at_night() {
    let mut scene = planned_and_paused();
    scene.live(days(1) + hours(11));
    resume(&scene, Overdue::Send);
    scene.live(hours(10));
    assert_eq!(scene.mail("ana"), "offer Sent Thu 5 Mar 08:00");
}

#[test]
fn a_planned_email_is_shifted_by_the_pause() {
    for slept in [true, false] {
        let mut scene = planned_and_paused();
        let pause = days(2) + hours(3);
        if slept {
            scene.live(pause)
        } else {
            scene.skip(pause)
        }
        resume(&scene, Overdue::Shift);
        scene.live(hours(1));
        assert_eq!(scene.mail("ana"), "offer Sent Thu 5 Mar 15:00");
        assert!(scene.path("ana").contains("wait-discount until Sun 8 Mar 15:00"));
    }
}

#[test]
fn an_email_held_back_over_night_is_shifted_to_its_own_time() {
    let mut scene = Scene::starting("2026-03-01T21:00:00Z");
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(2));
    assert_eq!(scene.mail("ana"), "offer Deferred, quiet hours where the customer is");
    scene.engine.pause_flow(&flow_id(UPSELL), scene.now()).unwrap();
    scene.live(days(2) + hours(2));
    resume(&scene, Overdue::Shift);
    scene.live(hours(24));
    assert_eq!(scene.mail("ana"), "offer Sent Fri 6 Mar 10:00", "08:00 and the pause");
}

#[test]
fn a_planned_email_that_was_overdue_is_skipped_if_asked() {
    let mut scene = planned_and_paused();
    scene.live(hours(20));
    resume(&scene, Overdue::Skip);
    scene.live(hours(1));
    assert_eq!(
        scene.mail("ana"),
        "offer Cancelled, skipped: it was overdue when the flow was resumed"
    );
    assert!(scene.path("ana").contains("wait-discount until Fri 6 Mar 12:00"), "the flow goes on");
}

#[test]
fn an_email_that_was_too_late_before_the_pause_stays_so() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.skip(days(2));
    scene.engine.advance_due(scene.now()).unwrap();
    // Nobody sends for a day; then the flow is paused.
    scene.skip(hours(24));
    scene.engine.pause_flow(&flow_id(UPSELL), scene.now()).unwrap();
    scene.live(hours(4));
    resume(&scene, Overdue::Send);
    scene.work();
    assert_eq!(scene.mail("ana"), "offer Expired, too late: the time to send it is over");
}

#[test]
fn a_second_pause_freezes_again() {
    let mut scene = planned_and_paused();
    scene.live(hours(20));
    resume(&scene, Overdue::Send);
    scene.engine.pause_flow(&flow_id(UPSELL), scene.now()).unwrap();
    scene.live(hours(20));
    assert_eq!((scene.mail("ana").as_str(), held_back(&scene)), (FROZEN, 2));
    resume(&scene, Overdue::Send);
    scene.live(hours(5));
    assert_eq!(scene.mail("ana"), "offer Sent Thu 5 Mar 08:00");
}

#[test]
fn what_is_frozen_ends_by_a_purchase_all_the_same() {
    let mut scene = planned_and_paused();
    scene.live(days(1));
    scene.order("ana", "1002", &["kettle"]);
    resume(&scene, Overdue::Send);
    scene.live(hours(1));
    assert_eq!(scene.letters().len(), 0);
    assert!(scene.path("ana").starts_with("upsell-cross-sell 1001: left, Purchase"));
}
