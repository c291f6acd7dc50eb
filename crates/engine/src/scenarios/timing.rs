//! When an email may go: caps, quiet hours, pauses, clocks that jump.

use super::*;
use crate::Overdue;

/// A flow that sends one email `hours` after an order.
fn another(hours: u32) -> String {
    format!(
        "id: tips\nname: Tips\nclass: marketing\ntopic: marketing\ntriggers:\n  - event: \
         order_completed\ntrigger_key: order\nre_entry: always\nholdout_percent: 0\nexit:\n  - \
         when: order_completed\nsteps:\n  - id: wait-tips\n    wait: {hours} hours\n  - id: tips\n    \
         send:\n      template: offer\n  - id: end\n    exit: completed\n"
    )
}

fn bought_with(hours: u32) -> Scene {
    let mut scene = Scene::new();
    scene.launch_also(&another(hours));
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene
}

#[test]
fn quiet_hours_defer_into_the_morning_where_the_customer_is() {
    let mut scene = bought_with(11);
    scene.live(hours(11));
    assert_eq!(scene.mail("ana"), "tips Deferred, quiet hours where the customer is");
    scene.live(hours(12));
    assert_eq!(scene.mail("ana"), "tips Sent Mon 2 Mar 08:00");
}

#[test]
fn a_cap_defers_until_it_opens() {
    // Tips at 16:00 of the first day; the offer would follow 20 hours later.
    let mut scene = bought_with(28);
    scene.live(hours(48));
    assert_eq!(
        scene.mail("ana"),
        "tips Sent Mon 2 Mar 16:00\n\
         offer Deferred, frequency cap: 1 email was already sent within 24 hours"
    );
    scene.live(hours(6));
    assert!(scene.mail("ana").ends_with("offer Sent Tue 3 Mar 16:00"));
}

#[test]
fn a_cap_that_opens_too_late_skips_the_email_and_the_flow_goes_on() {
    // Tips at 18:00 of the second day: the offer of noon went, and the cap opens in the night.
    let mut scene = bought_with(54);
    scene.live(hours(54));
    assert_eq!(
        scene.mail("ana"),
        "offer Sent Tue 3 Mar 12:00\n\
         tips Cancelled, frequency cap: 1 email was already sent within 24 hours"
    );
    assert!(scene.path("ana").contains("tips 1001: left, Completed"));
}

#[test]
fn a_paused_flow_freezes_and_goes_on_when_it_is_resumed() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.join("ben");
    scene.order("ana", "1001", &["dripper"]);
    scene.live(hours(24));
    let id = flow_id(UPSELL);
    scene.engine.pause_flow(&id, scene.now()).unwrap();
    scene.order("ben", "1002", &["dripper"]);
    assert_eq!(scene.path("ben"), "", "a paused flow lets nobody in");
    scene.live(days(4));
    assert_eq!(scene.letters().len(), 0);
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: wait-offer until Tue 3 Mar 12:00");
    scene.engine.resume_flow_as(&id, Overdue::Send, scene.now()).unwrap();
    scene.work();
    assert_eq!(scene.mail("ana"), "offer Sent Fri 6 Mar 12:00");
    assert_eq!(
        scene.path("ana"),
        "upsell-cross-sell 1001: wait-discount until Mon 9 Mar 12:00",
        "the waits behind it begin now"
    );
}

#[test]
fn who_buys_during_a_pause_is_not_mailed_after_it() {
    for cancels in [false, true] {
        let mut scene = Scene::new();
        scene.join("ana");
        scene.order("ana", "1001", &["dripper"]);
        scene.live(hours(24));
        let id = flow_id(UPSELL);
        scene.engine.pause_flow(&id, scene.now()).unwrap();
        scene.order("ana", "1002", &["kettle"]);
        scene.skip(hours(1));
        if cancels {
            scene.cancel("ana", "1002");
        }
        scene.live(days(4));
        scene.engine.resume_flow(&id, scene.now()).unwrap();
        scene.work();
        assert!(scene.path("ana").starts_with("upsell-cross-sell 1001: left, Purchase"));
        assert_eq!(scene.letters().len(), 0);
    }
}

#[test]
fn a_clock_that_jumps_back_fires_nothing_twice() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(2));
    let sent = "offer Sent Tue 3 Mar 12:00";
    assert_eq!(scene.mail("ana"), sent);
    scene.clock.set(NOW - days(10));
    scene.live(days(10));
    assert_eq!(scene.mail("ana"), sent);
    scene.clock.set(NOW + days(2));
    scene.live(days(3));
    assert_eq!(scene.mail("ana"), format!("{sent}\ndiscount Sent Fri 6 Mar 12:00"));
}

#[test]
fn after_a_long_outage_waits_go_on_one_by_one() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.skip(days(30));
    scene.live(hours(1));
    assert_eq!(scene.mail("ana"), "offer Sent Tue 31 Mar 13:00");
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: wait-discount until Fri 3 Apr 12:00");
}

#[test]
fn one_customer_who_cannot_go_on_holds_up_nobody() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.join("ben");
    scene.order("ana", "1001", &["dripper"]);
    scene.live(hours(24));
    scene.order("ben", "1002", &["beans"]);
    scene.order("ben", "1003", &["mug"]);
    let offer = aftercart_model::TemplateId::new("offer").unwrap();
    let save = |scene: &Scene, document: &str| {
        let now = scene.now();
        scene.engine.store().write(|tx| tx.save_template(&offer, document, now)).unwrap();
    };
    save(&scene, "subject: [");
    scene.live(days(7));
    assert_eq!(scene.mail("ben"), "feedback Sent Mon 9 Mar 12:00");
    assert_eq!(scene.mail("ana"), "");
    let (_, shipped) = aftercart_email::shipped().iter().find(|it| it.0 == "offer").unwrap();
    save(&scene, shipped);
    scene.live(hours(1));
    assert_eq!(scene.mail("ana"), "", "set aside long ago");
    assert_eq!(scene.engine.retry_set_aside(&flow_id(UPSELL), scene.now()).unwrap(), 1);
    scene.live(hours(1));
    assert!(scene.mail("ana").starts_with("offer Sent Mon 9 Mar 13:"), "{}", scene.mail("ana"));
}
