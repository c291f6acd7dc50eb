//! Entering a segment as a trigger.

use aftercart_store::FlowState;

use super::*;

/// Ana bought a dripper three days ago, told as history, so that the order itself enrols nobody.
fn bought_before() -> Scene {
    let mut scene = Scene::new();
    scene.join("ana");
    let now = scene.now();
    let past = scene.order_event("ana", "0900", &["dripper"], now - days(3));
    scene.engine.record_history(vec![past], now).unwrap();
    scene.work();
    assert_eq!(scene.path("ana"), "");
    scene
}

fn refresh(scene: &Scene) -> u64 {
    scene.engine.refresh_segments(scene.now()).unwrap()
}

#[test]
fn entering_the_segment_enrols_once_with_the_last_order() {
    let mut scene = bought_before();
    scene.skip(hours(1));
    scene.view("ana", "kettle");
    assert_eq!(refresh(&scene), 1);
    let path = "upsell-cross-sell 0900: wait-offer until Tue 3 Mar 13:00";
    assert_eq!(scene.path("ana"), path);
    assert_eq!(refresh(&scene), 0, "still in it");
    scene.view("ana", "kettle");
    assert_eq!(refresh(&scene), 0);
    assert_eq!(scene.path("ana"), path);
}

#[test]
fn the_work_of_a_day_follows_the_segment() {
    let mut scene = bought_before();
    scene.view("ana", "kettle");
    scene.live(hours(24));
    assert_eq!(scene.path("ana"), "upsell-cross-sell 0900: wait-offer until Wed 4 Mar 12:00");
}

#[test]
fn an_order_that_enrolled_before_does_not_enrol_by_the_segment() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.skip(hours(1));
    scene.view("ana", "kettle");
    assert_eq!(refresh(&scene), 0, "in it by the order already");
    scene.live(days(16));
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: left, Completed");
    // Out of the segment and into it again, with the same last order.
    scene.live(days(20));
    scene.view("ana", "kettle");
    refresh(&scene);
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: left, Completed");
}

#[test]
fn who_is_in_the_segment_at_launch_has_not_entered_it() {
    let mut scene = bought_before();
    scene.view("ana", "kettle");
    let id = flow_id(UPSELL);
    let now = scene.now();
    scene.engine.store().write(|tx| tx.set_flow_state(&id, FlowState::Draft, now)).unwrap();
    scene.engine.launch_campaign(&id, now).unwrap();
    assert_eq!(refresh(&scene), 0);
    assert_eq!(scene.path("ana"), "");
}

#[test]
fn somebody_without_an_order_enters_no_upsell_segment() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.view("ana", "kettle");
    assert_eq!(refresh(&scene), 0);
    assert_eq!(scene.path("ana"), "");
}
