//! Whatever the order in which things are told, the same follows.

use aftercart_model::{Customer, Order};

use super::*;

/// What happened, in the order in which it did.
const HAPPENED: [&str; 5] = ["identify", "consent", "first", "second", "cancellation"];

/// An event of `name`, all of which happened in the hours before now.
fn event(scene: &mut Scene, name: &str, what: &str, cancelled: &str) -> Incoming {
    let order = |which: &str| format!("{name}-{which}");
    let (event, hours_ago) = match what {
        "identify" => (scene.identify_event(name, Some("Asia/Tokyo")), 5),
        "consent" => (scene.consent_event(name, Topic::Marketing, ConsentState::Agreed), 4),
        "first" => (scene.order_event(name, &order("first"), &["dripper"], NOW), 3),
        "second" => (scene.order_event(name, &order("second"), &["kettle"], NOW), 2),
        "cancellation" => {
            let order = order_id(&order(cancelled));
            (scene.event(name, IncomingBody::OrderCancelled { order }), 1)
        }
        other => panic!("no event `{other}`"),
    };
    Incoming { at: NOW - hours(hours_ago), ..event }
}

/// Every order of `things`, the given one first.
pub(super) fn permutations(things: &[&'static str]) -> Vec<Vec<&'static str>> {
    if things.is_empty() {
        return vec![Vec::new()];
    }
    let mut found = Vec::new();
    for at in 0..things.len() {
        let mut others = things.to_vec();
        let first = others.remove(at);
        for mut rest in permutations(&others) {
            rest.insert(0, first);
            found.push(rest);
        }
    }
    found
}

/// What is known of a customer, without what names this one.
fn projections(scene: &Scene, name: &str) -> String {
    let id = scene.customer(name);
    let read = |tx: &mut aftercart_store::Tx<'_>| {
        let Customer { name, time_zone, created_at, .. } = tx.customer(id)?.unwrap();
        let known = format!("{name:?} {time_zone:?} since {created_at}");
        let order = |it: Order| {
            format!("{} placed {} cancelled {:?}", it.id, it.placed_at, it.cancelled_at)
        };
        let orders: Vec<String> = tx.orders_of(id)?.into_iter().map(order).collect();
        let consents = tx.consents_of(id)?;
        Ok(format!("{known}\n{}\n{consents:?}", orders.join("\n")))
    };
    let told = scene.engine.store().read(read).unwrap();
    told.replace(name, "X")
}

#[test]
fn every_order_of_arrival_leads_to_the_same() {
    for cancelled in ["first", "second"] {
        let mut scene = Scene::new();
        let mut expected: Option<(String, String)> = None;
        for (serial, arrival) in permutations(&HAPPENED).into_iter().enumerate() {
            let name = format!("c{serial}");
            for what in &arrival {
                let event = event(&mut scene, &name, what, cancelled);
                assert!(matches!(scene.record(&event), Recorded::New { .. }));
            }
            let path = scene.path(&name).replace(&name, "X");
            let told = (projections(&scene, &name), path);
            let first = expected.get_or_insert_with(|| told.clone());
            assert_eq!(told, *first, "{arrival:?}");
        }
        let (_, path) = expected.unwrap();
        assert_eq!(
            path,
            "upsell-cross-sell X-first: left, Purchase\n\
             feedback X-second: wait-feedback until Sun 8 Mar 21:00"
        );
        scene.live(days(16));
        assert_eq!(scene.letters().len(), 0, "nobody agreed to be asked for a review");
    }
}

#[test]
fn an_order_told_late_ends_what_the_later_one_began() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.skip(hours(5));
    scene.order("ana", "1002", &["kettle"]);
    let earlier = scene.now() - hours(2);
    let late = scene.order_event("ana", "1001", &["dripper"], earlier);
    scene.record(&late);
    assert_eq!(
        scene.path("ana"),
        "upsell-cross-sell 1001: left, Purchase\n\
         feedback 1002: wait-feedback until Sun 8 Mar 17:00",
        "what the later one began is taken back"
    );
}

#[test]
fn an_order_told_late_ends_what_was_acted_on_and_takes_back_nothing() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1002", &["kettle"]);
    scene.live(days(2));
    let late = scene.order_event("ana", "1001", &["dripper"], NOW - hours(2));
    scene.record(&late);
    assert_eq!(
        scene.path("ana"),
        "upsell-cross-sell 1002: left, Purchase\n\
         upsell-cross-sell 1001: left, Purchase\n\
         feedback 1002: wait-feedback until Tue 10 Mar 12:00"
    );
    assert_eq!(scene.mail("ana"), "offer Sent Tue 3 Mar 12:00", "the log has it");
}

/// Where a customer ends up in every flow, whichever enrolment began first.
fn final_states(scene: &Scene, name: &str) -> Vec<String> {
    let mut states: Vec<String> =
        scene.path(name).replace(name, "X").lines().map(str::to_owned).collect();
    states.sort();
    states
}

#[test]
fn orders_in_any_order_of_arrival_lead_to_the_same_enrolments() {
    let re_entries = ["after 30 days", "always", "never"];
    // Minutes before now: all apart, then two and three at the same instant.
    let all_placed = [[90, 60, 30], [60, 60, 30], [90, 30, 30], [30, 30, 30]];
    for re_entry in re_entries {
        let upsell = Shop::default().upsell;
        let upsell = upsell.replace("re_entry: after 30 days", &format!("re_entry: {re_entry}"));
        let mut scene = Scene::of(&Shop { upsell, ..Shop::default() }, NOW);
        for (group, placed) in all_placed.iter().enumerate() {
            let mut expected: Option<Vec<String>> = None;
            for (serial, arrival) in permutations(&["1", "2", "3"]).into_iter().enumerate() {
                let name = format!("c{group}-{serial}-");
                scene.join(&name);
                for order in &arrival {
                    let ago = placed[order.parse::<usize>().unwrap() - 1];
                    let at = NOW - SignedDuration::from_mins(ago);
                    let event = scene.order_event(&name, &format!("{name}{order}"), &["mug"], at);
                    scene.record(&event);
                }
                let told = final_states(&scene, &name);
                let first = expected.get_or_insert_with(|| told.clone());
                assert_eq!(told, *first, "{re_entry}, {placed:?}: {arrival:?}");
            }
            let expected = expected.unwrap().join("; ");
            let feedback = "wait-feedback until Sun 8 Mar 12:00";
            let always = format!(
                "feedback X2: {feedback}; feedback X3: {feedback}; upsell-cross-sell X1: left, \
                 Purchase; upsell-cross-sell X2: left, Purchase; upsell-cross-sell X3: wait-offer \
                 until Tue 3 Mar 12:00"
            );
            let once = format!("feedback X2: {feedback}; upsell-cross-sell X1: left, Purchase");
            assert_eq!(expected, if re_entry == "always" { always } else { once });
        }
        scene.live(days(12));
    }
}

#[test]
fn of_two_orders_at_one_instant_the_second_is_not_ended_by_the_first() {
    let upsell = Shop::default().upsell.replace("re_entry: after 30 days", "re_entry: always");
    let mut scene = Scene::of(&Shop { upsell, ..Shop::default() }, NOW);
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.order("ana", "1002", &["kettle"]);
    scene.live(days(2));
    assert!(scene.path("ana").contains("upsell-cross-sell 1001: left, Purchase"));
    assert_eq!(scene.mail("ana"), "offer Sent Tue 3 Mar 12:00", "of the second");
}

#[test]
fn an_order_placed_before_the_launch_and_told_after_it_enrols_unless_it_is_old() {
    // The flow went live two days ago.
    for (hours_ago, is_enrolled) in [(1, true), (49, true), (120, true), (121, false)] {
        let mut scene = Scene::new();
        scene.join("ana");
        let order = scene.order_event("ana", "1001", &["dripper"], NOW - hours(hours_ago));
        scene.record(&order);
        let path = if is_enrolled { "wait-offer until Tue 3 Mar 12:00" } else { "" };
        assert!(scene.path("ana").ends_with(path), "{hours_ago}: {}", scene.path("ana"));
        assert_eq!(scene.path("ana").is_empty(), !is_enrolled, "{hours_ago} hours ago");
    }
}

#[test]
fn an_order_too_old_to_enrol_ends_what_it_came_after_all_the_same() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(7));
    let late = scene.order_event("ana", "1002", &["kettle"], NOW + days(1));
    scene.record(&late);
    assert!(scene.path("ana").starts_with("upsell-cross-sell 1001: left, Purchase"));
    assert!(!scene.path("ana").contains("upsell-cross-sell 1002"));
}

#[test]
fn the_order_of_a_guest_who_is_named_later_is_theirs() {
    let mut scene = Scene::new();
    let ana = scene.join("ana");
    let now = scene.now();
    let mut guests = scene.order_event("ana", "1001", &["dripper"], now);
    guests.identifiers.clear();
    assert!(matches!(scene.record(&guests), Recorded::New { customer: None, .. }));
    scene.skip(hours(1));
    let named = scene.order_event("ana", "1001", &["dripper"], now);
    assert!(matches!(scene.record(&named), Recorded::New { customer: Some(it), .. } if it == ana));
    assert!(matches!(scene.record(&named), Recorded::Duplicate { .. }));
    let others = scene.order_event("ben", "1001", &["dripper"], now);
    assert!(matches!(scene.record(&others), Recorded::Duplicate { .. }), "it is Ana's");
    let orders = scene.engine.store().read(|tx| tx.orders_of(ana)).unwrap();
    assert_eq!((orders.len(), orders[0].lines.len()), (1, 1));
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1001: wait-offer until Tue 3 Mar 13:00");
    scene.live(days(3));
    assert_eq!(scene.mail("ana"), "offer Sent Tue 3 Mar 13:00");
}

#[test]
fn the_order_of_a_guest_ends_what_its_customer_was_in_once_it_is_named() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.skip(hours(5));
    let now = scene.now();
    let named = scene.order_event("ana", "1002", &["kettle"], now);
    let guests =
        Incoming { identifiers: Vec::new(), ..scene.order_event("ana", "1002", &["kettle"], now) };
    scene.record(&guests);
    assert!(scene.path("ana").contains("wait-offer"));
    scene.record(&named);
    assert_eq!(
        scene.path("ana"),
        "upsell-cross-sell 1001: left, Purchase\n\
         feedback 1002: wait-feedback until Sun 8 Mar 17:00"
    );
}

#[test]
fn where_everybody_may_come_in_again_a_late_order_ends_nothing_that_stands_without_it() {
    let upsell = Shop::default().upsell.replace("re_entry: after 30 days", "re_entry: always");
    let shop = Shop { upsell, ..Shop::default() };
    let paths = [false, true].map(|is_late| {
        let mut scene = Scene::of(&shop, NOW);
        scene.join("ana");
        let first = scene.order_event("ana", "1001", &["dripper"], NOW - hours(2));
        let second = scene.order_event("ana", "1002", &["kettle"], NOW - hours(1));
        for event in if is_late { [second, first] } else { [first, second] } {
            scene.record(&event);
        }
        let mut path: Vec<String> = scene.path("ana").lines().map(str::to_owned).collect();
        path.sort();
        path
    });
    assert_eq!(paths[0], paths[1]);
    assert_eq!(paths[0][2], "upsell-cross-sell 1002: wait-offer until Tue 3 Mar 12:00");
}

#[test]
fn nothing_is_sent_about_an_order_that_was_cancelled() {
    // Cancelled before its email is planned, and between plan and look.
    for hours_before in [24, 0] {
        let mut scene = Scene::new();
        scene.join("ana");
        scene.order("ana", "1001", &["dripper"]);
        scene.skip(days(2) - hours(hours_before));
        scene.engine.advance_due(scene.now()).unwrap();
        scene.cancel("ana", "1001");
        scene.live(days(4));
        assert_eq!(
            scene.mail("ana"),
            ["offer", "discount"]
                .map(|it| format!("{it} Cancelled, the order it follows up was cancelled"))
                .join("\n")
        );
        assert_eq!((scene.letters().len(), scene.free_coupons()), (0, 20));
    }
}

#[test]
fn of_two_answers_the_later_holds_whichever_is_told_first() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.skip(hours(10));
    let said = |scene: &mut Scene, state, hours_ago| {
        let mut event = scene.consent_event("ana", Topic::Marketing, state);
        event.at = scene.now() - hours(hours_ago);
        let IncomingBody::ConsentGiven { consent } = &mut event.body else { unreachable!() };
        consent.at = event.at;
        scene.record(&event);
    };
    said(&mut scene, ConsentState::Agreed, 2);
    scene.order("ana", "1001", &["dripper"]);
    said(&mut scene, ConsentState::Withdrawn, 4);
    assert!(scene.path("ana").contains("wait-offer"), "they agreed again after that");
    said(&mut scene, ConsentState::Withdrawn, 1);
    assert!(scene.path("ana").ends_with("left, Unsubscribed"));
}

#[test]
fn of_two_facts_the_later_holds_whichever_is_told_first() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.skip(hours(10));
    let now = scene.now();
    for (zone, hours_ago) in [("Asia/Tokyo", 2), ("Europe/Berlin", 3), ("Asia/Seoul", 1)] {
        let event = scene.identify_event("ana", Some(zone));
        scene.record(&Incoming { at: now - hours(hours_ago), ..event });
        let zone = scene.zone("ana").iana_name().unwrap().to_owned();
        assert_ne!(zone, "Europe/Berlin");
    }
    assert_eq!(scene.zone("ana").iana_name(), Some("Asia/Seoul"));
}
