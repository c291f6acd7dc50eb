//! What stops an email: everything accepted before the claim, at every attempt.

use std::time::Duration;

use aftercart_deliver::Stage;
use aftercart_model::{
    BounceClass, MessageClass, MessageState, StepId, Suppression, SuppressionReason, TemplateId,
};
use aftercart_store::NewMessage;

use super::*;
use crate::Token;

/// Ana's first email is due now, at noon.
fn about_to_send() -> Scene {
    about_to_send_at("2026-03-01T12:00:00Z")
}

/// The same, two days after `entered`.
fn about_to_send_at(entered: &str) -> Scene {
    let mut scene = Scene::starting(entered);
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.skip(days(2));
    scene.engine.advance_due(scene.now()).unwrap();
    assert_eq!(scene.mail("ana"), "offer Planned");
    scene
}

fn not_now(stage: Stage) -> Outcome {
    Outcome::Deferred { stage, reply: "451 come back later".to_owned(), retry_after: None }
}

fn refused(outcome: Outcome) -> Fate {
    Fate::Refused(outcome)
}

#[test]
fn a_purchase_during_a_wait_ends_it_at_once_and_moves_on_to_feedback() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(3));
    scene.order("ana", "1002", &["kettle"]);
    assert_eq!(
        scene.path("ana"),
        "upsell-cross-sell 1001: left, Purchase\n\
         feedback 1002: wait-feedback until Wed 11 Mar 12:00"
    );
    scene.live(days(20));
    assert_eq!(scene.mail("ana"), "offer Sent Tue 3 Mar 12:00\nfeedback Sent Wed 11 Mar 12:00");
}

#[test]
fn a_purchase_cancels_what_is_planned() {
    let mut scene = about_to_send();
    scene.order("ana", "1002", &["kettle"]);
    assert_eq!(scene.mail("ana"), "offer Cancelled, left the flow: ordered again");
    scene.work();
    assert_eq!(scene.letters().len(), 0);
}

/// What happens to an email when `meddling` comes between its body and its last look.
#[track_caller]
fn stopped_by(meddling: impl FnOnce(&mut Scene) -> Meddling, mail: &str) -> Scene {
    let mut scene = about_to_send();
    let engine = Arc::clone(&scene.engine);
    let clock = Arc::clone(&scene.clock);
    let meddling = meddling(&mut scene);
    scene.deliver_while(move || meddling(&engine, clock.now()));
    assert_eq!(scene.letters().len(), 0, "no dot");
    assert_eq!(scene.mail("ana").lines().next().unwrap(), mail);
    scene
}

type Meddling = Box<dyn FnOnce(&Engine, Timestamp) + Send>;

#[test]
fn a_purchase_just_before_the_last_look_stops_the_dot() {
    let mut scene = stopped_by(
        |scene| {
            let now = scene.now();
            let order = scene.order_event("ana", "1002", &["kettle"], now);
            Box::new(move |engine, now| drop(engine.record_events(&[order], now).unwrap()))
        },
        "offer Cancelled, left the flow: ordered again",
    );
    scene.live(days(12));
    assert_eq!(scene.letters().len(), 1, "the request for a review alone");
}

#[test]
fn an_unsubscribe_just_before_the_last_look_stops_the_dot() {
    let mut scene = stopped_by(
        |scene| {
            let customer = scene.customer("ana");
            let topic = Topic::Marketing;
            let token = Token::Unsubscribe { customer, topic, message: None };
            let token = scene.engine.keys().sign(&token);
            Box::new(move |engine, now| assert!(engine.unsubscribe(&token, now).unwrap()))
        },
        "offer Cancelled, left the flow: unsubscribed",
    );
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: left, Unsubscribed");
    scene.live(days(20));
    assert_eq!(scene.letters().len(), 0);
}

#[test]
fn a_withdrawal_told_by_the_shop_stops_the_dot() {
    stopped_by(
        |scene| {
            let withdrawn = ConsentState::Withdrawn;
            let event = scene.consent_event("ana", Topic::Marketing, withdrawn);
            Box::new(move |engine, now| drop(engine.record_events(&[event], now).unwrap()))
        },
        "offer Cancelled, left the flow: unsubscribed",
    );
}

#[test]
fn a_pause_just_before_the_last_look_stops_the_dot() {
    let mut scene = stopped_by(
        |_| Box::new(|engine, now| engine.pause_flow(&flow_id(UPSELL), now).unwrap()),
        "offer Deferred, paused: the flow waits for an operator",
    );
    scene.engine.resume_flow(&flow_id(UPSELL), scene.now()).unwrap();
    scene.live(hours(1));
    assert_eq!(scene.mail("ana"), "offer Sent Tue 3 Mar 12:00");
}

#[test]
fn a_suppression_just_before_the_last_look_stops_the_dot() {
    let mut scene = stopped_by(
        |_| {
            Box::new(|engine, now| {
                let (address, reason) = (address("ana"), SuppressionReason::ByHand);
                let bar = Suppression { address, reason, at: now };
                engine.store().write(|tx| tx.suppress(&bar)).unwrap();
            })
        },
        "offer Cancelled, suppressed: barred by an operator",
    );
    scene.live(days(4));
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: left, Suppressed");
}

#[test]
fn a_complaint_about_an_earlier_email_stops_the_dot() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(2));
    scene.skip(days(3));
    scene.engine.advance_due(scene.now()).unwrap();
    let (engine, now) = (Arc::clone(&scene.engine), scene.now());
    let offer = scene.message("ana", "offer").id;
    scene.deliver_while(move || engine.record_complaint(offer, now).unwrap());
    assert_eq!(scene.letters().len(), 1);
    assert_eq!(
        scene.mail("ana"),
        "offer Sent Tue 3 Mar 12:00\ndiscount Cancelled, left the flow: suppressed"
    );
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: left, Suppressed");
}

#[test]
fn a_purchase_after_the_claim_is_too_late_for_this_email_and_stops_the_next() {
    let mut scene = about_to_send();
    scene.work();
    scene.order("ana", "1002", &["kettle"]);
    scene.live(days(4));
    assert_eq!(scene.mail("ana"), "offer Sent Tue 3 Mar 12:00");
}

#[test]
fn every_retry_looks_again() {
    let mut scene = about_to_send();
    // Refused before the look, then after it: both are definite.
    let answered = Fate::Answered { outcome: not_now(Stage::Dot), is_kept: false };
    scene.meet([refused(not_now(Stage::RcptTo)), answered]);
    scene.work();
    let first = scene.message("ana", "offer");
    assert_eq!(first.attempts, 1);
    assert!(first.reason.unwrap().contains("at RCPT TO: 451 come back later"));
    scene.live(first.due_at.duration_since(scene.now()));
    assert_eq!(scene.message("ana", "offer").attempts, 2);
    assert_eq!(scene.letters().len(), 0);
    scene.live(hours(2));
    assert_eq!(scene.message("ana", "offer").attempts, 3);
    assert_eq!(scene.letters().len(), 1);
}

#[test]
fn a_purchase_between_two_attempts_stops_the_second() {
    for fate in [
        refused(not_now(Stage::RcptTo)),
        Fate::Answered { outcome: not_now(Stage::Dot), is_kept: false },
        Fate::Answered { outcome: not_now(Stage::LastLook), is_kept: false },
    ] {
        let mut scene = about_to_send();
        scene.meet([fate]);
        scene.work();
        scene.order("ana", "1002", &["kettle"]);
        scene.live(hours(12));
        assert_eq!(scene.letters().len(), 0);
        assert_eq!(scene.mail("ana"), "offer Cancelled, left the flow: ordered again");
    }
}

#[test]
fn a_server_that_never_takes_it_is_given_up() {
    let mut scene = about_to_send_at("2026-03-01T08:00:00Z");
    scene.meet((0..99).map(|_| refused(not_now(Stage::RcptTo))));
    scene.live(hours(12));
    let message = scene.message("ana", "offer");
    assert!(scene.mail("ana").starts_with("offer Expired"), "{}", scene.mail("ana"));
    assert!((5..12).contains(&message.attempts), "{} attempts in 12 hours", message.attempts);
    assert!(scene.path("ana").contains("wait-discount"), "the flow goes on");
}

#[test]
fn a_server_that_names_its_wait_is_not_asked_before() {
    let mut scene = about_to_send();
    let retry_after = Some(Duration::from_secs(3_600));
    let reply = "451 greylisted".to_owned();
    scene.meet([refused(Outcome::Deferred { stage: Stage::RcptTo, reply, retry_after })]);
    scene.live(hours(2));
    assert_eq!(scene.mail("ana"), "offer Sent Tue 3 Mar 13:00");
}

#[test]
fn a_hard_bounce_suppresses_and_ends() {
    let mut scene = about_to_send();
    let (class, reply) = (BounceClass::Hard, "550 5.1.1 no such user".to_owned());
    scene.meet([refused(Outcome::Bounced { class, reply })]);
    scene.work();
    assert_eq!(scene.mail("ana"), "offer Bounced, refused for good: 550 5.1.1 no such user");
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: left, Suppressed");
    let bar = scene.engine.store().read(|tx| tx.suppression_of(&address("ana"))).unwrap();
    assert_eq!(bar.unwrap().reason, SuppressionReason::Bounce);
    scene.live(days(20));
    assert_eq!(scene.letters().len(), 0);
}

#[test]
fn a_refusal_for_what_we_are_bars_nobody() {
    let mut scene = about_to_send();
    let (class, reply) = (BounceClass::Policy, "550 5.7.1 on a block list".to_owned());
    scene.meet([refused(Outcome::Bounced { class, reply })]);
    scene.work();
    assert!(scene.mail("ana").starts_with("offer Bounced"));
    assert!(scene.path("ana").contains("wait-discount"), "the next email is tried");
    assert_eq!(scene.engine.store().read(|tx| tx.count_suppressions()).unwrap(), 0);
}

#[test]
fn a_review_given_while_the_request_is_under_way_stops_its_retry() {
    let mut scene = Scene::new();
    let ana = scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.order("ana", "1002", &["kettle"]);
    scene.skip(days(7));
    scene.engine.advance_due(scene.now()).unwrap();
    // The review is accepted after the claim and before the answer, which is a no for now.
    let kettle = scene.product("kettle").id;
    let now = scene.now();
    scene.meet([Fate::Answered { outcome: not_now(Stage::Dot), is_kept: false }]);
    let engine = Arc::clone(&scene.engine);
    scene.deliver_and_then(move || {
        assert!(engine.record_review(ana, kettle, 4, "", now).unwrap());
    });
    scene.live(hours(12));
    assert_eq!(scene.letters().len(), 0);
    assert_eq!(scene.mail("ana"), "feedback Cancelled, left the flow: did what the flow asked for");
}

/// A message of Ana's enrolment at a step the flow does not have.
fn planned_by_hand(scene: &Scene) -> NewMessage {
    let (ana, now) = (scene.enrolments("ana")[0].clone(), scene.now());
    NewMessage {
        customer: ana.customer,
        enrolment: ana.id,
        flow: ana.flow,
        flow_version: 1,
        step: StepId::new("broken").unwrap(),
        template: TemplateId::new("offer").unwrap(),
        template_version: 1,
        class: MessageClass::Marketing,
        topic: Topic::Marketing,
        planned_at: now,
        due_at: now - hours(1),
        expires_at: now + hours(12),
        subject: None,
        products: Vec::new(),
        coupon: None,
    }
}

#[test]
fn one_message_that_cannot_be_looked_at_holds_up_nobody() {
    let mut scene = Scene::new();
    for (name, order) in [("ana", "1001"), ("ben", "1002")] {
        scene.join(name);
        scene.order(name, order, &["dripper"]);
    }
    scene.skip(days(2));
    let broken = NewMessage { flow_version: 99, ..planned_by_hand(&scene) };
    let now = scene.now();
    scene.engine.store().write(|tx| tx.plan_message(&broken)).unwrap();
    scene.work();
    let broken = scene.message("ana", "broken");
    assert_eq!(broken.due_at, now + SignedDuration::from_mins(15));
    assert!(broken.reason.unwrap().starts_with("could not be looked at: "));
    assert_eq!(scene.letters().len(), 2, "the others went");
    scene.live(hours(2));
    let broken = scene.message("ana", "broken");
    assert_eq!((broken.state, broken.attempts), (MessageState::Cancelled, 0));
    let reason = broken.reason.unwrap();
    assert!(reason.starts_with("quarantined: after 3 tries, could not be looked at: "), "{reason}");
    let counts = scene.engine.store().read(|tx| tx.state_counts()).unwrap();
    assert_eq!(counts, [(MessageState::Sent, 2), (MessageState::Cancelled, 1)], "it is counted");
}

#[test]
fn an_email_that_cannot_be_made_is_tried_three_times_and_quarantined() {
    let gone = TemplateId::new("gone").unwrap();
    for heals in [false, true] {
        let mut scene = Scene::new();
        scene.join("ana");
        scene.order("ana", "1001", &["dripper"]);
        scene.skip(hours(2));
        let products = vec![scene.product("kettle").id];
        let template = gone.clone();
        let broken = NewMessage { template, products, ..planned_by_hand(&scene) };
        scene.engine.store().write(|tx| tx.plan_message(&broken)).unwrap();
        scene.work();
        let reason = "broken Deferred, the email could not be made: there is no template `gone`";
        assert!(scene.mail("ana").starts_with(reason), "{}", scene.mail("ana"));
        scene.live(SignedDuration::from_mins(16));
        assert!(scene.mail("ana").starts_with(reason), "a second time");
        if heals {
            let (_, offer) = aftercart_email::shipped().iter().find(|it| it.0 == "offer").unwrap();
            let now = scene.now();
            scene.engine.store().write(|tx| tx.save_template(&gone, offer, now)).unwrap();
        }
        scene.live(hours(3));
        if heals {
            assert_eq!(scene.mail("ana"), "broken Sent Sun 1 Mar 14:30");
        } else {
            let quarantined =
                "broken Cancelled, quarantined: after 3 tries, the email could not be made: ";
            assert!(scene.mail("ana").starts_with(quarantined), "{}", scene.mail("ana"));
            assert_eq!(scene.letters().len(), 0);
        }
    }
}

#[test]
fn the_product_an_email_speaks_of_is_chosen_anew_when_it_is_sold_out() {
    for in_the_last_moment in [false, true] {
        let mut scene = about_to_send();
        let before = scene.message("ana", "offer").products;
        let code = scene.engine.known().unwrap().product(before[0]).unwrap().code.clone();
        if in_the_last_moment {
            let engine = Arc::clone(&scene.engine);
            let mut product = scene.product(&code);
            product.stock = Some(0);
            scene.deliver_while(move || drop(engine.save_products(&[product]).unwrap()));
        } else {
            scene.sell_out(&code);
            scene.work();
        }
        assert_eq!(scene.letters().len(), 0, "no letter about what nobody can have");
        let reason = "sold out: the product it spoke of first; others were chosen";
        assert_eq!(scene.mail("ana"), format!("offer Deferred, {reason}"));
        scene.work();
        assert_eq!(scene.mail("ana"), "offer Sent Tue 3 Mar 12:00");
        let after = scene.message("ana", "offer").products;
        assert_eq!(after[..3], before[1..], "the story goes on");
        let letter = String::from_utf8(scene.letters()[0].raw.clone()).unwrap();
        assert!(!letter.contains(&format!("box.example/{code}")));
    }
}

#[test]
fn with_nothing_left_to_recommend_an_email_is_dropped_with_its_reason() {
    let mut scene = about_to_send();
    for (code, ..) in PRODUCTS {
        scene.sell_out(code);
    }
    scene.work();
    assert_eq!(scene.mail("ana"), "offer Cancelled, out of stock: nothing left to recommend");
}

#[test]
fn one_product_beside_the_main_one_holds_nothing_up() {
    let mut scene = about_to_send();
    let beside = scene.message("ana", "offer").products[1];
    let code = scene.engine.known().unwrap().product(beside).unwrap().code.clone();
    scene.sell_out(&code);
    scene.work();
    assert_eq!(scene.mail("ana"), "offer Sent Tue 3 Mar 12:00");
    assert_eq!(scene.message("ana", "offer").products.len(), 3, "and is not shown");
    let letter = String::from_utf8(scene.letters()[0].raw.clone()).unwrap();
    assert!(!letter.contains(&format!("box.example/{code}")));
}

#[test]
fn an_enrolment_that_cannot_be_moved_is_set_aside_until_an_operator_asks() {
    let mut scene = Scene::new();
    let (customer, _) = (scene.join("ana"), scene.join("ben"));
    scene.order("ben", "1001", &["dripper"]);
    // No version of the flow that Ana goes through is in the store yet.
    let upsell = flow_id(UPSELL);
    let new = aftercart_model::NewEnrolment {
        customer,
        flow: upsell.clone(),
        flow_version: 2,
        trigger_key: "1002".to_owned(),
        trigger_order: None,
        position: Position::Ready { step: aftercart_model::StepId::new("offer").unwrap() },
        is_held_out: false,
        entered_at: scene.now(),
    };
    scene.engine.store().write(|tx| tx.enrol(&new)).unwrap();
    let needs = |scene: &Scene| {
        let needs = scene.engine.view_home(scene.now()).unwrap().needs;
        needs.into_iter().any(|it| {
            matches!(it, crate::NeedsPerson::SetAside { count: 1, flow, .. } if flow == upsell)
        })
    };
    let mut tries = 0;
    while !needs(&scene) || scene.messages("ben").is_empty() {
        let next = scene.engine.store().read(|tx| tx.next_wake()).unwrap().unwrap();
        scene.clock.set(next);
        scene.engine.advance_due(scene.now()).unwrap();
        tries += 1;
        assert!(tries < 20, "it is tried without end");
    }
    assert_eq!(scene.messages("ben").len(), 1, "others go on");
    assert_eq!(scene.messages("ana").len(), 0);
    let document = format!("{}# The second version.\n", Shop::default().upsell);
    let save = |tx: &mut aftercart_store::Tx<'_>| tx.save_flow(&upsell, &document, scene.now());
    scene.engine.store().write(save).unwrap();
    assert_eq!(scene.engine.retry_set_aside(&upsell, scene.now()).unwrap(), 1);
    assert_eq!(scene.engine.retry_set_aside(&upsell, scene.now()).unwrap(), 0);
    scene.engine.advance_due(scene.now()).unwrap();
    assert_eq!(scene.messages("ana").len(), 1);
    assert!(!needs(&scene));
}
