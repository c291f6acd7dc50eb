//! The four emails and the request for a review, as one customer gets them.

use aftercart_model::CouponState;

use super::*;

#[test]
fn four_emails_go_out_after_civil_days_where_the_customer_is() {
    // The clocks of Berlin go forward on Sunday the 29th.
    let mut scene = Scene::starting("2026-03-26T14:06:00Z");
    scene.join_in("ana", Some("Europe/Berlin"));
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(20));
    assert_eq!(
        scene.mail("ana"),
        "offer Sent Sat 28 Mar 15:06\n\
         discount Sent Tue 31 Mar 15:06\n\
         social-proof Sent Fri 3 Apr 15:06\n\
         nudge Sent Sun 5 Apr 15:06"
    );
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: left, Completed");
    let ends = scene.enrolments("ana")[0].position.clone();
    let Position::Exited { at, .. } = ends else { panic!("ended") };
    assert_eq!(told(at, &scene.zone("ana")), "Fri 10 Apr 15:06", "after the watch of five days");

    let messages = scene.messages("ana");
    let main = messages[0].products.clone();
    assert_eq!(main.len(), 4);
    assert!(!main.contains(&scene.product("dripper").id), "nobody is offered what they have");
    assert!(messages.iter().all(|it| it.products == main), "one story");
    assert_eq!(messages[0].coupon, None, "the offer names none");
    let code = messages[1].coupon.clone().expect("the discount names one");
    assert!(messages[1..].iter().all(|it| it.coupon.as_ref() == Some(&code)), "one code");
    assert_eq!(scene.free_coupons(), 19);
    assert!(coupon_end(&scene, "ana") > messages[3].sent_at.unwrap());
    let nudge = String::from_utf8(scene.letters()[3].raw.clone()).unwrap();
    assert!(nudge.contains(&code), "the nudge says the code");
}

/// When the coupon of a customer's first enrolment ends.
fn coupon_end(scene: &Scene, name: &str) -> Timestamp {
    let code = scene.enrolments(name)[0].coupon.clone().expect("a coupon");
    let coupon = scene.engine.store().read(|tx| tx.coupon(&code)).unwrap().unwrap();
    assert_eq!(coupon.state, CouponState::Expired, "its time is over by now");
    assert_eq!(coupon.customer, Some(scene.customer(name)));
    coupon.expires_at.unwrap()
}

#[test]
fn a_product_sold_out_meanwhile_is_replaced_in_the_next_email() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(2));
    let before = scene.message("ana", "offer").products;
    let gone = scene.engine.known().unwrap().product(before[1]).unwrap().code.clone();
    scene.sell_out(&gone);
    scene.live(days(3));
    let after = scene.message("ana", "discount").products;
    assert_eq!(after.len(), 4);
    assert!(!after.contains(&before[1]), "sold out");
    let kept: Vec<ProductId> = before.iter().copied().filter(|it| *it != before[1]).collect();
    assert_eq!(after[..3], kept, "the story goes on");
    assert!(!before.contains(&after[3]), "and has a new product");
}

#[test]
fn without_consent_every_email_is_cancelled_and_no_coupon_spent() {
    let mut scene = Scene::new();
    scene.join_silently("ana", None);
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(11));
    let no = "Cancelled, no consent: never agreed to offers and news";
    assert_eq!(
        scene.mail("ana"),
        ["offer", "discount", "social-proof", "nudge"].map(|it| format!("{it} {no}")).join("\n")
    );
    assert_eq!((scene.letters().len(), scene.free_coupons()), (0, 20));
}

#[test]
fn an_empty_pool_skips_the_emails_that_name_a_coupon_and_says_so() {
    let mut scene = Scene::of(&Shop { coupons: 0, ..Shop::default() }, NOW);
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(11));
    let no = "Cancelled, no code left in the coupon pool";
    assert_eq!(
        scene.mail("ana"),
        format!("offer Sent Tue 3 Mar 12:00\ndiscount {no}\nsocial-proof {no}\nnudge {no}")
    );
}

#[test]
fn held_out_customers_get_nothing_and_stay_held_out() {
    let upsell = UPSELL_CROSS_SELL
        .replace("holdout_percent: 10", "holdout_percent: 50")
        .replace("re_entry: after 30 days", "re_entry: always");
    let mut scene = Scene::of(&Shop { upsell, ..Shop::default() }, NOW);
    let names: Vec<String> = (0..12).map(|it| format!("c{it}")).collect();
    for (serial, name) in names.iter().enumerate() {
        scene.join(name);
        scene.order(name, &format!("1-{serial}"), &["dripper"]);
    }
    let is_held_out = |scene: &Scene, name: &str| {
        scene.enrolments(name).iter().map(|it| it.is_held_out).collect::<Vec<_>>()
    };
    let held: Vec<&String> = names.iter().filter(|it| is_held_out(&scene, it)[0]).collect();
    assert!((2..=10).contains(&held.len()), "about half: {}", held.len());
    scene.live(days(20));
    for (serial, name) in names.iter().enumerate() {
        scene.order(name, &format!("2-{serial}"), &["mug"]);
    }
    scene.live(days(20));
    for name in &names {
        let lots = is_held_out(&scene, name);
        if held.contains(&name) {
            assert_eq!(lots, [true, true], "{name}");
            assert_eq!(scene.mail(name), "", "{name}");
            assert_eq!(
                scene.path(name).lines().filter(|it| it.ends_with("left, HeldOut")).count(),
                2,
                "not even asked for a review"
            );
        } else {
            assert_eq!(lots, [false, false], "{name}");
            assert_eq!(scene.messages(name).len(), 8, "{name}");
        }
    }
}

#[test]
fn a_review_ends_the_feedback_flow() {
    let mut scene = Scene::new();
    let ana = scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.skip(hours(5));
    scene.order("ana", "1002", &["kettle", "mug"]);
    assert_eq!(
        scene.path("ana"),
        "upsell-cross-sell 1001: left, Purchase\n\
         feedback 1002: wait-feedback until Sun 8 Mar 17:00"
    );
    let (dripper, mug) = (scene.product("dripper").id, scene.product("mug").id);
    let review = |scene: &Scene, product| {
        scene.engine.record_review(ana, product, 5, "Warm and round.", scene.now()).unwrap()
    };
    scene.skip(hours(1));
    assert!(review(&scene, dripper));
    assert!(scene.path("ana").contains("wait-feedback"), "that was another order's");
    assert!(review(&scene, mug));
    assert!(scene.path("ana").ends_with("feedback 1002: left, Converted"));
    assert!(!review(&scene, mug), "once");
    scene.live(days(20));
    assert_eq!(scene.letters().len(), 0);
}

#[test]
fn who_does_not_answer_is_asked_once_for_a_review() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.skip(hours(5));
    scene.order("ana", "1002", &["kettle"]);
    scene.live(days(20));
    assert_eq!(scene.mail("ana"), "feedback Sent Sun 8 Mar 17:00");
    assert!(scene.path("ana").ends_with("feedback 1002: left, Completed"));
}

#[test]
fn a_coupon_is_alive_when_the_nudge_names_it_though_quiet_hours_moved_every_email() {
    let mut scene = Scene::starting("2026-03-01T22:30:00Z");
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(20));
    assert_eq!(
        scene.mail("ana"),
        "offer Sent Wed 4 Mar 08:00\n\
         discount Sent Sat 7 Mar 08:00\n\
         social-proof Sent Tue 10 Mar 08:00\n\
         nudge Sent Thu 12 Mar 08:00"
    );
    assert_eq!(told(coupon_end(&scene, "ana"), &scene.zone("ana")), "Fri 13 Mar 00:00");
}
