//! Entering and leaving segments, and what flows start from it.

use aftercart_model::{EventBody, SegmentId};
use aftercart_store::{FlowState, StoredSegment};

use super::*;

/// Ana bought a dripper three days ago, told as history, so that the order itself enrols nobody.
fn bought_before() -> Scene {
    bought_in(Scene::new())
}

fn bought_in(mut scene: Scene) -> Scene {
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

fn upsell() -> SegmentId {
    SegmentId::new("upsell").unwrap()
}

fn is_member(scene: &Scene, name: &str) -> bool {
    let id = scene.customer(name);
    scene.engine.store().read(|tx| tx.members(&upsell())).unwrap().contains(&id)
}

/// What the log says of a customer's entering and leaving, one a line.
fn turns(scene: &Scene, name: &str) -> String {
    let (id, zone) = (scene.customer(name), scene.zone(name));
    let events = scene.engine.store().read(|tx| tx.events_of(id)).unwrap();
    let turn = |it: aftercart_model::Event| match it.body {
        EventBody::SegmentEntered { .. } => Some(format!("entered {}", told(it.at, &zone))),
        EventBody::SegmentLeft { .. } => Some(format!("left {}", told(it.at, &zone))),
        _ => None,
    };
    events.into_iter().filter_map(turn).collect::<Vec<_>>().join("\n")
}

/// Gives the segment that the flow starts from another rule.
fn save_rule(scene: &Scene, condition: &str) {
    let (name, condition) = ("Upsell".to_owned(), condition.to_owned());
    let segment = StoredSegment { id: upsell(), name, condition };
    scene.engine.store().write(|tx| tx.save_segment(&segment, scene.now())).unwrap();
}

#[test]
fn an_event_brings_a_customer_in_at_once_and_enrols_with_the_last_order() {
    let mut scene = bought_before();
    scene.skip(hours(1));
    scene.view("ana", "kettle");
    let path = "upsell-cross-sell 0900: wait-offer until Tue 3 Mar 13:00";
    assert_eq!(scene.path("ana"), path);
    assert!(is_member(&scene, "ana"));
    assert_eq!(turns(&scene, "ana"), "entered Sun 1 Mar 13:00");
    assert_eq!(refresh(&scene), 0, "still in it");
    scene.view("ana", "kettle");
    assert_eq!(refresh(&scene), 0);
    assert_eq!(scene.path("ana"), path);
    assert_eq!(turns(&scene, "ana"), "entered Sun 1 Mar 13:00");
}

#[test]
fn an_order_takes_a_customer_out_at_once() {
    let mut scene = bought_before();
    scene.view("ana", "kettle");
    scene.skip(hours(1));
    scene.order("ana", "1001", &["kettle"]);
    assert!(!is_member(&scene, "ana"), "has not looked again since the new order");
    assert_eq!(turns(&scene, "ana"), "entered Sun 1 Mar 12:00\nleft Sun 1 Mar 13:00");
    scene.skip(hours(1));
    scene.view("ana", "dripper");
    let again = "entered Sun 1 Mar 12:00\nleft Sun 1 Mar 13:00\nentered Sun 1 Mar 14:00";
    assert_eq!(turns(&scene, "ana"), again);
}

#[test]
fn time_alone_takes_a_customer_out_at_that_moment() {
    let mut scene = bought_before();
    scene.view("ana", "kettle");
    scene.live(days(26));
    assert!(is_member(&scene, "ana"));
    scene.live(days(3));
    assert!(!is_member(&scene, "ana"));
    // The order of 26 February, 12:00, is then exactly 30 days old; the shop's clocks went forward.
    assert_eq!(turns(&scene, "ana"), "entered Sun 1 Mar 12:00\nleft Sat 28 Mar 12:00");
}

#[test]
fn time_alone_brings_a_customer_in_at_that_moment() {
    let mut scene = bought_before();
    scene.view("ana", "mug");
    save_rule(&scene, "last order was at least 5 days ago");
    assert_eq!(refresh(&scene), 0);
    scene.live(hours(40));
    assert_eq!((is_member(&scene, "ana"), scene.path("ana")), (false, String::new()));
    scene.live(hours(10));
    assert_eq!(turns(&scene, "ana"), "entered Tue 3 Mar 12:00");
    assert_eq!(scene.path("ana"), "upsell-cross-sell 0900: wait-offer until Thu 5 Mar 12:00");
}

#[test]
fn a_changed_rule_takes_its_members_up_and_starts_nothing() {
    let mut scene = bought_before();
    scene.view("ana", "mug");
    save_rule(&scene, "ordered at least 1 time");
    assert_eq!(refresh(&scene), 0);
    assert!(is_member(&scene, "ana"));
    assert_eq!((scene.path("ana"), turns(&scene, "ana")), (String::new(), String::new()));
}

#[test]
fn history_is_asked_about_within_minutes() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.view("ana", "kettle");
    scene.live(hours(1));
    let at = scene.now() - days(3);
    let past = scene.order_event("ana", "0900", &["dripper"], at);
    scene.engine.record_history(vec![past], scene.now()).unwrap();
    assert!(!is_member(&scene, "ana"), "history asks nobody");
    scene.skip(SignedDuration::from_mins(10));
    scene.work();
    assert!(is_member(&scene, "ana"));
    assert_eq!(scene.path("ana"), "upsell-cross-sell 0900: wait-offer until Tue 3 Mar 13:10");
}

#[test]
fn leaving_a_segment_starts_a_flow() {
    let mut scene = bought_before();
    let flow = Shop::default()
        .upsell
        .replace("  - event: order_completed\n", "")
        .replace("segment: upsell", "left_segment: upsell")
        .replace("id: upsell-cross-sell", "id: after-leaving");
    scene.launch_also(&flow);
    scene.view("ana", "kettle");
    scene.skip(hours(1));
    scene
        .engine
        .store()
        .write(|tx| tx.set_flow_state(&flow_id(UPSELL), FlowState::Paused, NOW))
        .unwrap();
    let past = scene.path("ana");
    assert!(!past.contains("after-leaving"));
    scene.order("ana", "1001", &["kettle"]);
    assert!(scene.path("ana").contains("after-leaving 1001"), "{}", scene.path("ana"));
}

#[test]
fn customers_found_to_be_one_are_in_a_segment_once() {
    let mut scene = bought_before();
    scene.join("ana2");
    let mut both = scene.identify_event("ana", None);
    both.identifiers.push(Identifier::Email(address("ana2")));
    scene.view("ana2", "kettle");
    assert!(!is_member(&scene, "ana2"), "one looked, the other bought");
    scene.record(&both);
    assert!(is_member(&scene, "ana"), "as one they did both");
    let members = scene.engine.store().read(|tx| tx.members(&upsell())).unwrap();
    assert_eq!(members.len(), 1);
}

#[test]
fn the_size_of_each_day_is_noted() {
    let mut scene = bought_before();
    scene.live(days(1));
    scene.view("ana", "kettle");
    scene.live(days(1));
    let sizes = scene.engine.store().read(|tx| tx.sizes(&upsell(), "2026-03-01")).unwrap();
    let sizes: Vec<(&str, u64)> = sizes.iter().map(|(day, size)| (&**day, *size)).collect();
    assert_eq!(sizes, [("2026-03-01", 0), ("2026-03-02", 0), ("2026-03-03", 1)]);
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
    let id = flow_id(UPSELL);
    let now = scene.now();
    scene.engine.store().write(|tx| tx.set_flow_state(&id, FlowState::Draft, now)).unwrap();
    refresh(&scene);
    scene.view("ana", "kettle");
    scene.engine.launch_campaign(&id, now).unwrap();
    assert_eq!(refresh(&scene), 0);
    assert_eq!(scene.path("ana"), "");
    assert!(is_member(&scene, "ana"));
}

#[test]
fn somebody_without_an_order_enters_no_upsell_segment() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.view("ana", "kettle");
    assert_eq!(refresh(&scene), 0);
    assert_eq!(scene.path("ana"), "");
    assert!(!is_member(&scene, "ana"));
}

#[test]
fn the_shops_model_is_fitted_every_night() {
    let mut scene = Scene::new();
    scene.work();
    let fitted_at =
        |scene: &Scene| scene.engine.known().unwrap().shop_model.as_ref().map(|it| it.fitted_at);
    assert_eq!(fitted_at(&scene), Some(NOW));
    scene.live(hours(14));
    assert_eq!(fitted_at(&scene), Some(NOW), "two in the morning");
    scene.live(hours(2));
    let model = scene.engine.known().unwrap().shop_model.clone().unwrap();
    assert!(model.fitted_at > NOW + hours(14));
    assert_eq!((model.customers, model.repeat_customers), (20, 0));
    assert_eq!((model.bg_nbd, model.rfm), (None, None), "too few to tell");
}
