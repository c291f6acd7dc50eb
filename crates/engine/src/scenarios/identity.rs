//! Who is one with whom, and what follows when two customers turn out to be one.

use aftercart_model::{Customer, Order};

use super::{arrival::permutations, *};
use crate::Occasion;

fn email(name: &str) -> Identifier {
    Identifier::Email(address(name))
}

fn external(id: &str) -> Identifier {
    Identifier::external("shop", id)
}

fn visitor(id: &str) -> Identifier {
    Identifier::Visitor(id.to_owned())
}

fn cart(token: &str) -> Identifier {
    Identifier::Cart(token.to_owned())
}

fn by(identifiers: &[Identifier], event: Incoming) -> Incoming {
    Incoming { identifiers: identifiers.to_vec(), ..event }
}

/// Somebody starts a checkout, `hours_ago`.
fn checkout(scene: &mut Scene, identifiers: &[Identifier], hours_ago: i64) -> Incoming {
    let body = IncomingBody::CheckoutStarted { lines: Vec::new(), total_minor: 0 };
    let event = by(identifiers, scene.event("nobody", body));
    Incoming { at: event.at - hours(hours_ago), ..event }
}

fn same_person(scene: &mut Scene, one: Identifier, others: &[Identifier]) -> Incoming {
    let body = IncomingBody::SamePerson { others: others.to_vec() };
    by(&[one], scene.event("nobody", body))
}

fn leads(scene: &Scene, identifier: &Identifier) -> CustomerId {
    let found = scene.engine.store().read(|tx| tx.customer_by_identifier(identifier)).unwrap();
    found.expect("somebody")
}

fn customer(scene: &Scene, id: CustomerId) -> Customer {
    scene.engine.store().read(|tx| tx.customer(id)).unwrap().unwrap()
}

#[test]
fn a_guest_who_pays_by_the_same_checkout_ends_the_flow_whichever_is_told_first() {
    for arrival in permutations(&["order", "checkout", "guest"]) {
        let mut scene = Scene::new();
        scene.join("ana");
        scene.skip(hours(3));
        let placed = scene.now() - hours(2);
        let order = scene.order_event("ana", "1001", &["dripper"], placed);
        let guest = scene.order_event("guest", "1002", &["kettle"], placed + hours(1));
        let guest = by(&[email("guest"), cart("t")], guest);
        let checkout = checkout(&mut scene, &[email("ana"), cart("t")], 1);
        for what in &arrival {
            scene.record(match *what {
                "order" => &order,
                "checkout" => &checkout,
                _ => &guest,
            });
        }
        let mut path: Vec<String> = scene.path("ana").lines().map(str::to_owned).collect();
        path.sort();
        assert_eq!(
            path.join("\n"),
            "feedback 1002: wait-feedback until Sun 8 Mar 15:00\n\
             upsell-cross-sell 1001: left, Purchase",
            "{arrival:?}"
        );
        scene.live(days(4));
        assert_eq!(scene.letters().len(), 0, "{arrival:?}");
    }
}

#[test]
fn nothing_is_sent_after_a_merge_that_brings_a_purchase() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.skip(hours(1));
    let now = scene.now();
    let guest = scene.order_event("guest", "1002", &["kettle"], now);
    scene.record(&by(&[email("guest"), cart("t")], guest));
    scene.skip(days(2));
    scene.engine.advance_due(scene.now()).unwrap();
    let tie = checkout(&mut scene, &[email("ana"), cart("t")], 0);
    let (engine, now) = (Arc::clone(&scene.engine), scene.now());
    scene.deliver_while(move || {
        engine.record_events(&[tie], now).unwrap();
    });
    assert_eq!(scene.letters().len(), 0, "they are one by the last look");
    assert!(scene.path("guest").starts_with("upsell-cross-sell 1001: left, Purchase"));
}

#[test]
fn nothing_that_was_sent_is_stored_anew() {
    let mut scene = Scene::new();
    let viewed = checkout(&mut scene, &[visitor("v")], 1);
    scene.record(&viewed);
    let (root, ana) = (leads(&scene, &visitor("v")), scene.join("ana"));
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(2));
    let before = scene.messages("ana");
    assert_eq!((before.len(), before[0].state), (1, aftercart_model::MessageState::Sent));
    let tie = checkout(&mut scene, &[email("ana"), visitor("v")], 0);
    scene.record(&tie);
    assert_eq!(scene.customer("ana"), root, "the one seen first");
    assert_eq!(scene.messages("ana"), before);
    assert_eq!(before[0].customer, ana);
    assert_eq!(customer(&scene, ana), customer(&scene, root));
    scene.order("ana", "1002", &["kettle"]);
    assert!(scene.path("ana").starts_with("upsell-cross-sell 1001: left, Purchase"));
}

#[test]
fn a_source_may_say_that_two_are_one() {
    let mut scene = Scene::new();
    for (id, name) in [("7", "ana"), ("8", "second")] {
        let known = scene.identify_event(name, None);
        scene.record(&by(&[external(id), email(name)], known));
    }
    assert_ne!(leads(&scene, &external("7")), leads(&scene, &external("8")));
    let alias = same_person(&mut scene, external("7"), &[external("8"), visitor("v")]);
    scene.record(&alias);
    let one = leads(&scene, &external("7"));
    for other in [external("8"), email("ana"), email("second"), visitor("v")] {
        assert_eq!(leads(&scene, &other), one, "{other:?}");
    }
    assert!(matches!(scene.record(&alias), Recorded::Duplicate { .. }));
    let told = scene.engine.store().read(|tx| tx.events_of(one)).unwrap();
    let merges = told.iter().filter(|it| it.key.key.starts_with("merge/")).count();
    assert_eq!(merges, 1, "told once");
}

#[test]
fn a_shared_browser_merges_no_two_people() {
    for is_late in [false, true] {
        let mut scene = Scene::new();
        let mut events = ["ana", "ben"].map(|name| scene.identify_event(name, None));
        events[0].at = NOW - hours(2);
        for (event, name) in events.iter_mut().zip(["ana", "ben"]) {
            event.identifiers = vec![email(name), visitor("v")];
        }
        if is_late {
            events.reverse();
        }
        events.iter().for_each(|it| assert!(matches!(scene.record(it), Recorded::New { .. })));
        let (ana, ben) = (scene.customer("ana"), scene.customer("ben"));
        assert_ne!(ana, ben);
        assert_eq!(leads(&scene, &visitor("v")), ana, "hers first, whichever was told first");
        // A cart that is known by the browser alone says no more than the browser.
        let in_cart = checkout(&mut scene, &[visitor("v"), cart("t")], 0);
        scene.record(&in_cart);
        let paid = checkout(&mut scene, &[email("ben"), visitor("v")], 0);
        scene.record(&paid);
        assert_eq!((scene.customer("ana"), scene.customer("ben")), (ana, ben));
    }
}

#[test]
fn whom_the_shop_tells_apart_stay_two() {
    for is_late in [false, true] {
        let mut scene = Scene::new();
        let mut events = ["7", "8"].map(|id| {
            let event = scene.identify_event("family", None);
            by(&[external(id), email("family")], event)
        });
        events[0].at = NOW - hours(2);
        if is_late {
            events.reverse();
        }
        events.iter().for_each(|it| assert!(matches!(scene.record(it), Recorded::New { .. })));
        let (first, second) = (leads(&scene, &external("7")), leads(&scene, &external("8")));
        assert_ne!(first, second);
        assert_eq!(leads(&scene, &email("family")), first, "theirs first");
        assert_eq!(customer(&scene, first).email, Some(address("family")));
        assert_eq!(customer(&scene, second).email, None);
    }
}

#[test]
fn what_was_told_before_a_merge_is_known_after_it() {
    let mut scene = Scene::new();
    let now = scene.now();
    let placed = scene.order_event("ana", "1001", &["dripper"], now);
    let viewed = checkout(&mut scene, &[visitor("v")], 1);
    for event in [&viewed, &placed] {
        scene.record(event);
    }
    let tie = checkout(&mut scene, &[email("ana"), visitor("v")], 0);
    scene.record(&tie);
    for event in [&viewed, &placed, &tie] {
        assert!(matches!(scene.record(event), Recorded::Duplicate { .. }));
        let again = scene
            .engine
            .write_events(|tx, seen| scene.engine.record(tx, seen, event, Occasion::History, now));
        assert!(matches!(again.unwrap(), Recorded::Duplicate { .. }), "imported, too");
    }
}

#[test]
fn suppression_outlives_a_merge() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    let (reason, at) = (aftercart_model::SuppressionReason::Unsubscribe, NOW);
    let bar = aftercart_model::Suppression { address: address("old"), reason, at };
    scene.engine.store().write(|tx| tx.suppress(&bar)).unwrap();
    let old = checkout(&mut scene, &[email("old"), cart("t")], 2);
    scene.record(&old);
    assert!(scene.path("ana").contains("wait-offer"));
    let tie = checkout(&mut scene, &[email("ana"), cart("t")], 1);
    scene.record(&tie);
    assert!(scene.path("ana").ends_with("left, Suppressed"), "{}", scene.path("ana"));
}

#[test]
fn everybody_is_barred_in_lists_and_counts_who_is_barred_from_mail() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.join("ben");
    let tie = same_person(&mut scene, email("ana"), &[email("old")]);
    scene.record(&tie);
    let other = same_person(&mut scene, email("ben"), &[email("older")]);
    scene.record(&other);
    let (ana, ben) = (scene.customer("ana"), scene.customer("ben"));
    let bar = |scene: &Scene, name, reason| {
        let bar = aftercart_model::Suppression { address: address(name), reason, at: NOW };
        scene.engine.store().write(|tx| tx.suppress(&bar)).unwrap();
    };
    for (id, theirs) in [(ana, ["ana", "old"]), (ben, ["ben", "older"])] {
        let mail_goes_to = customer(&scene, id).email.unwrap();
        let unused = theirs.into_iter().find(|it| address(it) != mail_goes_to).unwrap();
        let reason = if id == ana {
            aftercart_model::SuppressionReason::Complaint
        } else {
            aftercart_model::SuppressionReason::Bounce
        };
        bar(&scene, unused, reason);
    }
    let view = scene.engine.view_customers("", None).unwrap();
    let is_barred = |id| view.customers.iter().find(|it| it.customer.id == id).unwrap();
    assert!(is_barred(ana).is_suppressed, "they complained at another address");
    assert!(!is_barred(ben).is_suppressed, "a mailbox they left is gone");
    let condition = aftercart_segment::parse("is suppressed").unwrap();
    assert_eq!(scene.engine.members_of(&condition, scene.now()).unwrap(), [ana]);
}

#[test]
fn ids_of_two_platforms_do_not_tell_a_customer_apart() {
    let ids = [Identifier::external("shopify", "9"), external("7")];
    for reversed in [false, true] {
        let mut scene = Scene::new();
        let mut events = ids.clone().map(|id| {
            let event = scene.identify_event("ana", None);
            by(&[id, email("ana")], event)
        });
        if reversed {
            events.reverse();
        }
        events.iter().for_each(|it| assert!(matches!(scene.record(it), Recorded::New { .. })));
        let ana = scene.customer("ana");
        ids.iter().for_each(|it| assert_eq!(leads(&scene, it), ana));
        let found = |id| scene.engine.find_customer(id).unwrap();
        assert_eq!((found("9"), found("7")), (ana, ana), "asked by the id alone");
        let another = scene.identify_event("ana", None);
        scene.record(&by(&[Identifier::external("shopify", "10"), email("ana")], another));
        assert_ne!(leads(&scene, &Identifier::external("shopify", "10")), ana, "one platform");
    }
}

/// What happened, in the order in which it did.
const HAPPENED: [&str; 5] = ["view", "identify", "guest", "second", "checkout"];

fn event(scene: &mut Scene, name: &str, what: &str) -> Incoming {
    let (ana, guest) = (email(name), email(&format!("{name}guest")));
    let (browser, token) = (visitor(name), cart(name));
    let (event, identifiers, hours_ago) = match what {
        "view" => (checkout(scene, &[], 0), vec![browser], 5),
        "identify" => (scene.identify_event(name, Some("Asia/Tokyo")), vec![ana, browser], 4),
        "guest" => {
            let order = format!("{name}first");
            (scene.order_event(name, &order, &["dripper"], NOW), vec![guest, token], 3)
        }
        "second" => {
            let order = format!("{name}second");
            (scene.order_event(name, &order, &["kettle"], NOW), vec![ana], 2)
        }
        "checkout" => (checkout(scene, &[], 0), vec![ana, token], 1),
        other => panic!("no event `{other}`"),
    };
    Incoming { at: NOW - hours(hours_ago), identifiers, ..event }
}

#[test]
fn every_order_of_arrival_leads_to_one_and_the_same_customer() {
    let mut scene = Scene::new();
    let mut expected: Option<String> = None;
    for (serial, arrival) in permutations(&HAPPENED).into_iter().enumerate() {
        let name = format!("c{serial}-");
        for what in &arrival {
            let event = event(&mut scene, &name, what);
            assert!(matches!(scene.record(&event), Recorded::New { .. }));
        }
        let known = customer(&scene, scene.customer(&name));
        let read = |tx: &mut aftercart_store::Tx<'_>| {
            let order = |it: Order| format!("{} {}", it.id, it.placed_at);
            let orders: Vec<String> = tx.orders_of(known.id)?.into_iter().map(order).collect();
            let leads = tx.identifiers_of(known.id)?.into_iter();
            let leads: Vec<_> = leads.map(|(it, known)| (it, known.tied_at)).collect();
            Ok(format!("{orders:?}\n{leads:?}"))
        };
        let told = scene.engine.store().read(read).unwrap();
        let mut path: Vec<String> = scene.path(&name).lines().map(str::to_owned).collect();
        path.sort();
        let Customer { name: called, email, time_zone, created_at, .. } = known;
        let (called, email) = (called.given, email.unwrap());
        let told = format!(
            "{called} {} {time_zone:?} since {created_at}\n{told}\n{}",
            email.as_str(),
            path.join("\n")
        );
        let told = told.replace(&name, "X");
        let first = expected.get_or_insert_with(|| told.clone());
        assert_eq!(told, *first, "{arrival:?}");
    }
    let told = expected.unwrap();
    assert!(told.starts_with("X Xguest@mail.example"), "the address tied last: {told}");
    assert!(
        told.ends_with(
            "feedback Xsecond: wait-feedback until Sun 8 Mar 21:00\n\
             upsell-cross-sell Xfirst: left, Purchase"
        ),
        "{told}"
    );
}

/// What one customer said under two addresses, before and after an event that ties the two.
const SAID: [&str; 4] = ["no", "yes", "tie", "yes again"];

#[test]
fn what_is_agreed_does_not_hang_on_the_order_of_arrival() {
    let mut scene = Scene::new();
    let mut said_by = |name: String, arrival: &[&'static str]| {
        for what in arrival {
            let (ana, guest) = (email(&name), email(&format!("{name}guest")));
            let say = |scene: &mut Scene, under, state, hours_ago| {
                let mut event = by(&[under], scene.consent_event(&name, Topic::Marketing, state));
                event.at = NOW - hours(hours_ago);
                let IncomingBody::ConsentGiven { consent } = &mut event.body else {
                    unreachable!("a consent")
                };
                consent.at = event.at;
                event
            };
            let event = match *what {
                "no" => say(&mut scene, ana, ConsentState::Withdrawn, 5),
                "yes" => say(&mut scene, guest, ConsentState::Agreed, 4),
                "tie" => same_person(&mut scene, ana, &[guest]),
                _ => say(&mut scene, guest, ConsentState::Agreed, 1),
            };
            let event =
                if *what == "tie" { Incoming { at: NOW - hours(3), ..event } } else { event };
            scene.record(&event);
        }
        let id = scene.customer(&name);
        let consents = scene.engine.store().read(|tx| tx.consents_of(id)).unwrap();
        consents.into_iter().map(|it| (it.state, it.at)).collect::<Vec<_>>()
    };
    for (serial, arrival) in permutations(&SAID[..3]).iter().enumerate() {
        let refused = [(ConsentState::Withdrawn, NOW - hours(5))];
        assert_eq!(said_by(format!("a{serial}-"), arrival), refused, "{arrival:?}");
    }
    for (serial, arrival) in permutations(&SAID).iter().enumerate() {
        let agreed = [(ConsentState::Agreed, NOW - hours(1))];
        assert_eq!(said_by(format!("b{serial}-"), arrival), agreed, "said after: {arrival:?}");
    }
}

#[test]
fn an_import_lifts_no_suppression_and_adds_no_consent() {
    let mut scene = Scene::new();
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    let (reason, at) = (aftercart_model::SuppressionReason::Unsubscribe, NOW);
    let bar = aftercart_model::Suppression { address: address("ana"), reason, at };
    scene.engine.store().write(|tx| tx.suppress(&bar)).unwrap();
    scene.skip(hours(1));
    let agreed = scene.consent_event("ana", Topic::Marketing, ConsentState::Agreed);
    let bought = scene.order_event("ben", "1002", &["mug"], NOW);
    scene.engine.record_history(vec![agreed, bought], NOW).unwrap();
    let (ana, ben) = (scene.customer("ana"), scene.customer("ben"));
    let (kept, consents) = scene
        .engine
        .store()
        .read(|tx| Ok((tx.suppression_of(&address("ana"))?, tx.consents_of(ben)?)))
        .unwrap();
    assert_eq!((kept, consents), (Some(bar), vec![]));
    scene.live(days(4));
    assert_eq!(scene.letters().len(), 0);
    let ledger = scene.engine.store().read(|tx| tx.consent_entries_of(ana)).unwrap();
    assert_eq!(ledger.len(), 3, "every word is kept: {ledger:?}");
}
