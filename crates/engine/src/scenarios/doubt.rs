//! Lost answers and dead senders: never a second hand-over, and no doubt for ever.

use aftercart_model::{Agent, BounceClass, MessageState};
use aftercart_testing::memory::lost_acknowledgement;

use super::*;
use crate::Token;

/// Another email to whoever ordered, four hours after the offer.
const TIPS: &str = "\
id: tips
name: Tips
class: marketing
topic: marketing
triggers:
  - event: order_completed
trigger_key: order
re_entry: always
holdout_percent: 0
exit:
  - when: order_completed
steps:
  - id: wait-tips
    wait: 52 hours
  - id: tips
    send:
      template: offer
  - id: end
    exit: completed
";

/// Ana's offer met `fate` two days after her order, at 12:00.
fn offered(fate: Fate) -> Scene {
    let mut scene = Scene::new();
    scene.launch_also(TIPS);
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.skip(days(2));
    scene.meet([fate]);
    scene
}

const LOST: &str = "offer InDoubt, the answer was lost at the final dot: the server hung up";
const DIED: &str = "offer InDoubt, the sender died between the dot and the answer";
const PRESUMED: &str = "presumed sent: no report came within a day";

#[test]
fn a_lost_answer_is_a_doubt_that_is_closed_after_a_day() {
    for is_kept in [true, false] {
        let mut scene = offered(lost_acknowledgement(is_kept));
        scene.work();
        assert_eq!(scene.mail("ana"), LOST);
        scene.live(hours(24) - SignedDuration::from_secs(1));
        let (offer, tips) = (scene.message("ana", "offer"), scene.message("ana", "tips"));
        assert_eq!((offer.state, offer.attempts), (MessageState::InDoubt, 1));
        assert_eq!(
            tips.reason.unwrap(),
            "frequency cap: 1 email was already sent within 24 hours",
            "what may have arrived counts"
        );
        scene.live(hours(1));
        assert_eq!(
            scene.mail("ana").lines().next().unwrap(),
            format!("offer Sent Tue 3 Mar 12:00, {PRESUMED}")
        );
        assert_eq!(scene.message("ana", "offer").attempts, 1);
        let of_offer = |it: &Letter| it.message == Some(scene.message("ana", "offer").id);
        let dots = scene.letters().iter().filter(|it| of_offer(it)).count();
        assert_eq!(dots, usize::from(is_kept), "and nothing more");
    }
}

#[test]
fn a_doubt_closed_as_sent_counts_for_the_caps() {
    let mut scene = offered(lost_acknowledgement(true));
    scene.live(hours(30));
    let id = scene.customer("ana");
    let sent = scene.engine.store().read(|tx| tx.hand_overs_since(id, NOW)).unwrap();
    assert_eq!(sent, [NOW + days(2)]);
}

#[test]
fn a_report_resolves_a_doubt() {
    let open = |scene: &Scene, message| {
        let token = scene.engine.keys().sign(&Token::Open { message });
        scene.engine.record_open(&token, Agent::Machine, scene.now()).unwrap();
    };
    let click = |scene: &Scene, message| {
        let url = "https://box.example/kettle".to_owned();
        let token = scene.engine.keys().sign(&Token::Click { message, product: None, url });
        scene.engine.record_click(&token, Agent::Human, scene.now()).unwrap();
    };
    let unsubscribe = |scene: &Scene, message| {
        let (customer, topic) = (scene.customer("ana"), Topic::Marketing);
        let token = Token::Unsubscribe { customer, topic, message: Some(message) };
        scene.engine.unsubscribe(&scene.engine.keys().sign(&token), scene.now()).unwrap();
    };
    let complain =
        |scene: &Scene, message| scene.engine.record_complaint(message, scene.now()).unwrap();
    let bounce = |scene: &Scene, message| {
        let reply = "550 5.1.1 no such user";
        scene.engine.record_late_bounce(message, BounceClass::Hard, reply, scene.now()).unwrap();
    };
    let reports: [fn(&Scene, MessageId); 5] = [open, click, unsubscribe, complain, bounce];
    for report in reports {
        let mut scene = offered(lost_acknowledgement(true));
        scene.work();
        scene.skip(hours(1));
        report(&scene, scene.message("ana", "offer").id);
        let offer = scene.message("ana", "offer");
        assert_eq!(offer.state, MessageState::Sent);
        assert_eq!(offer.sent_at, Some(NOW + days(2)), "when it was handed over");
        assert!(offer.reason.unwrap().contains("a report shows that it arrived"));
    }
}

#[test]
fn a_sender_that_dies_before_the_look_left_nothing_behind() {
    let mut scene = offered(Fate::CrashBeforeLook);
    scene.work_until_it_dies();
    assert_eq!(scene.restart(), 0);
    scene.work();
    assert_eq!(scene.mail("ana"), "offer Sent Tue 3 Mar 12:00");
    assert_eq!(scene.letters().len(), 1);
}

#[test]
fn a_sender_that_dies_after_the_look_never_tries_again() {
    for (fate, dots) in [(Fate::CrashAfterLook, 0), (Fate::CrashAfterDot, 1)] {
        let mut scene = offered(fate);
        scene.work_until_it_dies();
        assert_eq!(scene.mail("ana"), "offer Claimed");
        assert_eq!(scene.restart(), 1, "even within the same second");
        assert_eq!(scene.mail("ana"), DIED);
        assert_eq!(scene.restart(), 0, "once");
        scene.live(hours(25));
        let offer = scene.message("ana", "offer");
        assert_eq!((offer.state, offer.attempts), (MessageState::Sent, 1));
        assert_eq!(offer.reason.as_deref(), Some(PRESUMED));
        let of_offer = scene.letters().iter().filter(|it| it.message == Some(offer.id)).count();
        assert_eq!(of_offer, dots);
    }
}

#[test]
fn a_transactional_message_in_doubt_goes_again_as_the_same_letter() {
    let receipt = TIPS
        .replace("id: tips\n", "id: receipt\n")
        .replace("class: marketing", "class: transactional");
    for is_crash in [false, true] {
        let mut scene = Scene::new();
        scene.launch_also(&receipt);
        scene.join("ana");
        scene.order("ana", "1001", &["dripper"]);
        scene.skip(hours(52));
        let id = flow_id(UPSELL);
        scene.engine.pause_flow(&id, scene.now()).unwrap();
        scene.engine.advance_due(scene.now()).unwrap();
        if is_crash {
            scene.meet([Fate::CrashAfterDot]);
            scene.work_until_it_dies();
            scene.restart();
        } else {
            scene.meet([lost_acknowledgement(true)]);
            scene.work();
        }
        scene.live(hours(1));
        let letters = scene.letters();
        assert_eq!(letters.len(), 2, "at least once");
        assert_eq!(letters[0].message_id, letters[1].message_id);
        assert_eq!(letters[0].raw, letters[1].raw, "to the byte");
        scene.is_to_hold = false; // Two dots are what this promises.
        assert_eq!(scene.engine.check_promises().unwrap(), vec![]);
    }
}
