//! Erasing and exporting a customer, whoever asks for it and whatever is under way.

use aftercart_deliver::Stage;
use aftercart_ingest::files::Kind;
use aftercart_model::{BounceClass, EventBody, MessageState, ReviewDetails, ReviewState};
use aftercart_store::{Arrival, ArrivalOutcome, Letter as KeptLetter};
use insta::{assert_json_snapshot, assert_snapshot};

use super::*;
use crate::{CustomerExport, Erasure, FileChoices, Named};

/// Texts that lead to the customer of [`plant`] or speak of them, each brought by another door.
const CANARIES: [&str; 18] = [
    "quillfeather@canary.example",
    "zebedee@canary.example",
    "trial@canary.example",
    "Zebedee",
    "Quillfeather",
    "ext-canary-90210",
    "visitor-canary-1",
    "cart-canary-2",
    "Marmalade Lane",
    "203.0.113.77",
    "wording canary",
    "form canary",
    "subject canary",
    "review canary",
    "author canary",
    "reply canary",
    "canary-page",
    "key-canary-5",
];

fn email(text: &str) -> Identifier {
    Identifier::Email(EmailAddress::new(text).unwrap())
}

fn by(identifiers: &[Identifier], event: Incoming) -> Incoming {
    Incoming { identifiers: identifiers.to_vec(), ..event }
}

fn erase(scene: &Scene, customer: CustomerId) -> Erasure {
    scene.engine.erase_customer(customer, scene.now()).unwrap()
}

fn export(scene: &Scene, customer: CustomerId) -> Option<CustomerExport> {
    scene.engine.export_customer(customer, scene.now()).unwrap()
}

/// Catches what is due in the inbox.
fn catch(scene: &Scene) {
    let clock: Arc<dyn Clock> = Arc::<StandingClock>::clone(&scene.clock);
    let mut inbox = scene.engine.catching_inbox(&clock);
    block_on(scene.engine.work(&mut inbox, &*clock)).unwrap();
}

/// Somebody of whom something came in by every door.
fn plant(scene: &mut Scene) -> CustomerId {
    let engine = Arc::clone(&scene.engine);
    let file = engine.store().folder().unwrap().with_file_name("customers.csv");
    std::fs::write(
        &file,
        "id,email,first_name,last_name,street,consent_source,subscribed_at\n\
         ext-canary-90210,quillfeather@canary.example,Zebedee,Quillfeather,4 Marmalade Lane,x,\
         2026-02-01T00:00:00Z\n",
    )
    .unwrap();
    let plan =
        engine.plan_file(Kind::Customers, &file, &FileChoices::default(), scene.now()).unwrap();
    let imported = engine.import_file(&plan, &mut |_| {}, &mut |_| Ok(())).unwrap();
    assert_eq!((imported.taken, imported.refused), (1, 0), "{:?}", imported.reasons);

    let us = |scene: &mut Scene, body| {
        let mut event = by(
            &[
                Identifier::external("shop", "ext-canary-90210"),
                email("quillfeather@canary.example"),
            ],
            scene.event("nobody", body),
        );
        event.key.key = format!("key-canary-5/{}", event.key.key);
        event
    };
    let at = scene.now();
    for topic in [Topic::Marketing, Topic::Feedback] {
        let mut consent = Consent::new(topic, ConsentState::Agreed, at, "form canary");
        consent.wording = Some("wording canary".to_owned());
        consent.ip = Some("203.0.113.77".to_owned());
        let consent = us(scene, IncomingBody::ConsentGiven { consent });
        scene.record(&consent);
    }
    let properties =
        [("url", "https://box.example/canary-page"), ("ship_to", "4 Marmalade Lane, Bath")];
    let properties = properties.map(|(name, value)| (name.to_owned(), value.into()));
    let body = IncomingBody::Custom { name: "Page Read".into(), properties: properties.into() };
    let read = us(scene, body);
    scene.record(&by(
        &[read.identifiers[0].clone(), Identifier::Visitor("visitor-canary-1".into())],
        read,
    ));
    // A guest who turns out to be the same, by the cart.
    let body = IncomingBody::CheckoutStarted { lines: Vec::new(), total_minor: 0 };
    let guest = by(
        &[email("zebedee@canary.example"), Identifier::Cart("cart-canary-2".into())],
        scene.event("nobody", body.clone()),
    );
    scene.record(&guest);
    let tie = us(scene, body);
    let tie =
        by(&[email("quillfeather@canary.example"), Identifier::Cart("cart-canary-2".into())], tie);
    scene.record(&tie);
    let product = Arc::new(ProductRef::of_code("dripper"));
    let details = ReviewDetails { author: Some("author canary".into()), ..Default::default() };
    let text = "review canary: it pours well".to_owned();
    let review = us(scene, IncomingBody::ProductReviewed { product, rating: 5, text, details });
    scene.record(&review);
    let order = scene.order_event("nobody", "9001", &["dripper"], at);
    let order = us(scene, order.body);
    scene.record(&order);
    engine.record_arrival(Arrival {
        at,
        source: "shop".to_owned(),
        name: "track".to_owned(),
        key: "customer:ext-canary-90210".to_owned(),
        outcome: ArrivalOutcome::Duplicate,
        status: 200,
        reason: String::new(),
    });
    let customer = match engine.identify("ext-canary-90210").unwrap() {
        Named::Customer(customer) => customer,
        Named::Erased { .. } => panic!("nobody was erased"),
    };
    // A letter by the flow, a report about it, and a letter that somebody sent to try.
    scene.skip(days(2));
    catch(scene);
    let message = engine.store().read(|tx| tx.messages_of(customer)).unwrap().remove(0);
    assert_eq!(message.state, MessageState::Sent);
    let reply = "450 reply canary: quillfeather@canary.example is full";
    engine.record_late_bounce(message.id, BounceClass::Soft, reply, scene.now()).unwrap();
    engine
        .store()
        .write(|tx| {
            tx.add_identifier(customer, &email("trial@canary.example"))?;
            tx.keep_letter(&KeptLetter {
                message: None,
                to: EmailAddress::new("trial@canary.example")?,
                to_name: String::new(),
                subject: "subject canary".to_owned(),
                at: scene.now(),
                raw: b"Hello Zebedee".to_vec(),
            })
        })
        .unwrap();
    customer
}

/// Which canaries stand in the files of the store as they are on the disk, and in its letters.
fn canaries_on_disk(scene: &Scene) -> Vec<&'static str> {
    let mut all = Vec::new();
    let folder = scene.engine.store().folder().unwrap().to_owned();
    for entry in std::fs::read_dir(folder).unwrap() {
        all.push(std::fs::read(entry.unwrap().path()).unwrap());
    }
    scene
        .engine
        .store()
        .read(|tx| {
            for head in tx.letters_page(None, "", 1_000)? {
                all.push(tx.letter(head.id)?.unwrap().1);
            }
            Ok(())
        })
        .unwrap();
    let holds = |text: &Vec<u8>, canary: &str| {
        let canary = canary.to_lowercase();
        text.to_ascii_lowercase().windows(canary.len()).any(|it| it == canary.as_bytes())
    };
    CANARIES.into_iter().filter(|it| all.iter().any(|text| holds(text, it))).collect()
}

#[test]
fn nothing_of_the_erased_is_left_on_the_disk_and_all_of_it_was_exported() {
    let mut scene = Scene::new();
    let customer = plant(&mut scene);
    assert_eq!(canaries_on_disk(&scene), CANARIES, "all were planted");
    let exported = serde_json::to_string(&export(&scene, customer).unwrap()).unwrap();
    let exported = exported.to_lowercase();
    for canary in CANARIES {
        assert!(exported.contains(&canary.to_lowercase()), "`{canary}` is not in the export");
    }
    let erased = erase(&scene, customer);
    assert_eq!(canaries_on_disk(&scene), [""; 0]);
    assert_eq!(export(&scene, customer), None);
    assert_eq!((erased.members, erased.addresses, erased.orders_kept), (2, 3, 1));
    assert_eq!((erased.enrolments_ended, erased.letters, erased.reviews), (1, 2, 1));
    for named in ["ext-canary-90210", "visitor-canary-1", "cart-canary-2"] {
        assert!(scene.engine.identify(named).is_err(), "{named}");
    }
    assert!(scene.engine.is_customer_erased(customer).unwrap());
    assert!(!scene.engine.is_customer_erased(CustomerId(1 << 40)).unwrap(), "who never was");
    // What is done later tells nothing either.
    scene.live(days(9));
    assert_eq!(canaries_on_disk(&scene), [""; 0]);
}

#[test]
fn an_erasure_just_before_the_last_look_stops_the_dot() {
    let mut scene = Scene::new();
    let ana = scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.skip(days(2));
    scene.engine.advance_due(scene.now()).unwrap();
    let (engine, now) = (Arc::clone(&scene.engine), scene.now());
    scene.deliver_while(move || {
        let erased = engine.erase_customer(ana, now).unwrap();
        assert_eq!((erased.enrolments_ended, erased.messages_cancelled), (1, 1));
    });
    scene.live(days(20));
    assert_eq!(scene.letters().len(), 0);
    let (messages, enrolments) = of_erased(&scene, ana);
    assert_eq!(messages, ["Cancelled"]);
    assert_eq!(enrolments, ["Erased"]);
}

/// The states of the messages, and why the enrolments ended, of a customer who is there no more.
fn of_erased(scene: &Scene, customer: CustomerId) -> (Vec<String>, Vec<String>) {
    let read = scene.engine.store().read(|tx| {
        let messages = tx.messages_of(customer)?;
        let states = messages.iter().map(|it| format!("{:?}", it.state)).collect();
        let reasons = tx.enrolments_of(customer)?.into_iter().map(|it| match it.position {
            Position::Exited { reason, .. } => format!("{reason:?}"),
            other => format!("{other:?}"),
        });
        Ok((states, reasons.collect()))
    });
    read.unwrap()
}

#[test]
fn a_letter_that_was_under_way_is_settled_without_a_word_about_them() {
    let reply = || "550 ana@mail.example is not here".to_owned();
    let outcomes = [
        (Outcome::Sent { reply: reply() }, "Sent"),
        (Outcome::Deferred { stage: Stage::Dot, reply: reply(), retry_after: None }, "Cancelled"),
        (Outcome::Bounced { class: BounceClass::Hard, reply: reply() }, "Bounced"),
        (Outcome::InDoubt { stage: Stage::Dot, reply: reply() }, "InDoubt"),
    ];
    for (outcome, state) in outcomes {
        let mut scene = Scene::new();
        let ana = scene.join("ana");
        scene.order("ana", "1001", &["dripper"]);
        scene.skip(days(2));
        scene.engine.advance_due(scene.now()).unwrap();
        scene.meet([Fate::Answered { is_kept: state == "Sent", outcome }]);
        let (engine, now) = (Arc::clone(&scene.engine), scene.now());
        scene.deliver_and_then(move || {
            engine.erase_customer(ana, now).unwrap();
        });
        assert_eq!(of_erased(&scene, ana).0, [state]);
        let events = scene.engine.store().read(|tx| tx.events_of(ana)).unwrap();
        assert!(events.iter().all(|it| it.body == EventBody::Erased), "{events:?}");
        let message = scene.engine.store().read(|tx| tx.messages_of(ana)).unwrap().remove(0);
        let told = message.reason.unwrap_or_default();
        assert!(!told.contains("ana@"), "what the server answered names them: {told}");
        scene.live(days(20));
        // A doubt is closed as ever, and nothing is tried again.
        let state = if state == "InDoubt" { "Sent" } else { state };
        assert_eq!(of_erased(&scene, ana).0, [state]);
    }
}

#[test]
fn what_comes_back_about_a_letter_tells_nothing_of_the_erased() {
    let mut scene = Scene::new();
    let ana = scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(2));
    let message = scene.message("ana", "offer");
    erase(&scene, ana);
    let (engine, now, keys) = (&scene.engine, scene.now(), scene.engine.keys());
    let open = keys.sign(&crate::Token::Open { message: message.id });
    engine.record_open(&open, aftercart_model::Agent::Human, now).unwrap();
    engine.record_complaint(message.id, now).unwrap();
    engine.record_late_bounce(message.id, BounceClass::Hard, "ana@mail.example", now).unwrap();
    let product = scene.product("dripper").id;
    assert!(!engine.record_review(ana, product, 5, "I am back", now).unwrap());
    let chosen = crate::Preferences { customer: ana, marketing: true, feedback: true };
    engine.save_preferences(&chosen, now).unwrap();
    let events = engine.store().read(|tx| tx.events_of(ana)).unwrap();
    assert_eq!(events.len(), 1, "that they were erased");
    assert_eq!(engine.store().read(|tx| tx.consents_of(ana)).unwrap(), []);
}

#[test]
fn sales_and_stars_stay_and_are_nobodys() {
    let mut scene = Scene::new();
    let ana = scene.join("ana");
    scene.order("ana", "1001", &["dripper", "mug"]);
    let totals = |scene: &Scene| {
        let total = scene.engine.store().read(|tx| {
            let mut total = (0, 0);
            tx.scan_orders(&mut |order| {
                total = (total.0 + 1, total.1 + order.net_minor());
                Ok(())
            })?;
            Ok(total)
        });
        total.unwrap()
    };
    let product = scene.product("mug").id;
    scene.engine.record_review(ana, product, 4, "Sturdy", scene.now()).unwrap();
    scene.engine.forget_known();
    let before = (totals(&scene), scene.engine.known().unwrap().rating(product));
    erase(&scene, ana);
    assert_eq!((totals(&scene), scene.engine.known().unwrap().rating(product)), before);
    let reviews = scene.engine.store().read(|tx| tx.reviews_of(product)).unwrap();
    assert_eq!((&*reviews[0].text, &*reviews[0].author), ("", ""));
    assert_eq!(reviews[0].state, ReviewState::Declined, "nobody is asked about it");
    scene.engine.train_recommendations(scene.now()).unwrap();
}

#[test]
fn an_order_of_the_erased_is_never_again_anybodys() {
    let mut scene = Scene::new();
    let ana = scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    erase(&scene, ana);
    // Another source tells of it, and of what became of it, with the name that it knows.
    let now = scene.now();
    let again = scene.order_event("ana", "1001", &["dripper"], now);
    assert!(matches!(scene.record(&again), Recorded::Duplicate { .. }));
    let body = IncomingBody::OrderRefunded {
        order: Some(order_id("1001")),
        amount_minor: 400,
        lines: Vec::new(),
    };
    let refund = scene.event("ana", body);
    assert!(matches!(scene.record(&refund), Recorded::New { customer: None, .. }));
    let order = scene.engine.store().read(|tx| tx.order(&order_id("1001"))).unwrap().unwrap();
    assert_eq!((order.customer, order.refunded_minor), (None, 400));
    assert!(scene.engine.find_customer("ana@mail.example").is_err());
}

#[test]
fn what_was_told_before_is_known_by_its_key_in_any_way_it_comes() {
    let mut scene = Scene::new();
    let known = scene.identify_event("ana", None);
    scene.record(&known);
    let ana = scene.customer("ana");
    erase(&scene, ana);
    assert!(matches!(scene.record(&known), Recorded::Duplicate { .. }));
    scene.engine.record_history(vec![known.clone()], scene.now()).unwrap();
    let delivered = crate::Delivery::of("shop", "d1".to_owned(), b"{}");
    scene.engine.record_delivery(&delivered, std::slice::from_ref(&known), scene.now()).unwrap();
    let units = scene.engine.record_units(&[vec![known.clone(), known]], scene.now()).unwrap();
    assert!(matches!(units[..], [Recorded::Duplicate { .. }]), "{units:?}");
    assert!(scene.engine.find_customer("ana@mail.example").is_err(), "nobody came of it");
}

#[test]
fn whoever_comes_back_is_somebody_new_who_is_not_mailed_until_an_operator_says_so() {
    let mut scene = Scene::new();
    let before = scene.join("ana");
    erase(&scene, before);
    assert!(matches!(scene.engine.identify("ana@mail.example").unwrap(), Named::Erased { .. }));
    let back = scene.join("ana");
    assert_ne!(back, before);
    scene.order("ana", "1002", &["dripper"]);
    scene.live(days(4));
    assert_eq!(scene.letters().len(), 0);
    assert_eq!(scene.path("ana"), "upsell-cross-sell 1002: left, Suppressed");
    let condition = scene.engine.condition("has an email address").unwrap();
    let count = scene.engine.count_segment(&condition, scene.now()).unwrap();
    assert_eq!(count.suppressed, 1, "in questions about everybody too");

    // Erasing them again bars on, by the hash alone.
    erase(&scene, back);
    let address = address("ana");
    let engine = Arc::clone(&scene.engine);
    let bar = || engine.store().read(|tx| tx.suppression_of(&address)).unwrap();
    assert_eq!(bar(), None);
    assert!(scene.engine.lift_erasure(&address).unwrap());
    scene.join("ana");
    assert_eq!(bar(), None);
    scene.order("ana", "1003", &["dripper"]);
    scene.live(days(2));
    assert_eq!(scene.letters().len(), 1, "lifted");
}

#[test]
fn no_file_brings_back_an_erased_address() {
    let mut scene = Scene::new();
    let ana = scene.join("ana");
    erase(&scene, ana);
    let engine = Arc::clone(&scene.engine);
    let file = engine.store().folder().unwrap().with_file_name("again.csv");
    let text = "id,email,first_name\n7,ana@mail.example,Ana\n8,ben@mail.example,Ben\n";
    std::fs::write(&file, text).unwrap();
    let plan =
        engine.plan_file(Kind::Customers, &file, &FileChoices::default(), scene.now()).unwrap();
    let mut refused = Vec::new();
    let imported = engine.import_file(&plan, &mut |_| {}, &mut |row| {
        refused.push(format!("line {}: {}", row.line, row.reason));
        Ok(())
    });
    assert_eq!(imported.unwrap().taken, 1);
    assert_snapshot!(refused.join("\n"));
    assert!(engine.find_customer("7").is_err());
    assert!(engine.lift_erasure(&address("ana")).unwrap());
    let imported = engine.import_file(&plan, &mut |_| {}, &mut |_| Ok(())).unwrap();
    assert_eq!((imported.taken, imported.refused), (1, 0));
}

#[test]
fn a_platform_that_asks_for_an_erasure_gets_it_in_the_same_breath() {
    let mut scene = Scene::new();
    let ana = scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    let asked = scene.event("ana", IncomingBody::ErasureAsked);
    let delivered = crate::Delivery::of("shop", "redact".to_owned(), b"{}");
    scene.engine.record_delivery(&delivered, std::slice::from_ref(&asked), scene.now()).unwrap();
    assert!(scene.engine.is_customer_erased(ana).unwrap());
    assert_eq!(of_erased(&scene, ana).1, ["Erased"]);
    assert!(matches!(scene.record(&asked), Recorded::Duplicate { .. }));
    // Of somebody who was never here the address is barred all the same.
    let asked = scene.event("stranger", IncomingBody::ErasureAsked);
    scene.record(&asked);
    assert!(matches!(
        scene.engine.identify("stranger@mail.example").unwrap(),
        Named::Erased { .. }
    ));
    scene.live(days(20));
    assert_eq!(scene.letters().len(), 0);
}

#[test]
fn what_an_operator_is_asked_for_is_listed_until_it_is_done() {
    let mut scene = Scene::new();
    let ana = scene.join("ana");
    let asked = scene.event("ana", IncomingBody::ExportAsked);
    scene.record(&asked);
    scene.record(&asked);
    let shop = scene.event("nobody", IncomingBody::ErasureAsked);
    scene.record(&Incoming { identifiers: Vec::new(), ..shop });
    let listed = scene.engine.list_requests().unwrap();
    let words: Vec<_> = listed.iter().map(|it| (it.asks, it.name.as_deref())).collect();
    assert_eq!(words, [("export", Some("ana")), ("erase_shop", None)]);
    assert_eq!(scene.engine.close_exports_of(ana, scene.now()).unwrap(), 1);
    assert_eq!(scene.engine.close_exports_of(ana, scene.now()).unwrap(), 0);
    let left = scene.engine.list_requests().unwrap();
    assert_eq!(left.len(), 1);
    scene.engine.close_request(left[0].number, scene.now()).unwrap();
    let why = scene.engine.close_request(left[0].number, scene.now()).unwrap_err().to_string();
    assert!(why.starts_with("there is no open request"), "{why}");
    assert_eq!(scene.engine.list_requests().unwrap(), []);
    let exported = export(&scene, ana).unwrap();
    assert_eq!(exported.requests.len(), 1);
    assert!(exported.requests[0].closed_at.is_some());
}

#[test]
fn every_process_forgets_what_it_holds_in_memory() {
    let mut scene = Scene::new();
    let ana = scene.join("ana");
    scene.order("ana", "1001", &["kettle"]);
    let product = scene.product("kettle").id;
    scene.engine.record_review(ana, product, 5, "Boils", scene.now()).unwrap();
    let id = scene.engine.store().read(|tx| tx.reviews_of(product)).unwrap()[0].id;
    scene.engine.store().write(|tx| tx.set_review_state(id, ReviewState::Approved)).unwrap();
    scene.engine.forget_known();
    let other = Arc::new(Engine::open(scene.engine.store().clone(), None).unwrap());
    let condition = other.condition("bought any product").unwrap();
    let holds = |engine: &Engine| {
        let archive = engine.archive.lock().unwrap();
        let has_history = archive.history_of(ana).is_some();
        (has_history, engine.known().unwrap().reviews.get(&product).map_or(0, Vec::len))
    };
    for engine in [&scene.engine, &other] {
        engine.count_segment(&condition, scene.now()).unwrap();
        assert_eq!(holds(engine), (true, 1));
    }
    erase(&scene, ana);
    assert_eq!(holds(&scene.engine), (false, 0));
    other.follow_erasures().unwrap();
    assert_eq!(holds(&other), (false, 0));
    let count = other.count_segment(&condition, scene.now()).unwrap();
    assert_eq!(scene.engine.count_segment(&condition, scene.now()).unwrap(), count);
}

#[test]
fn a_name_that_means_two_is_asked_back() {
    let mut scene = Scene::new();
    let event = scene.identify_event("ana", None);
    scene.record(&by(&[Identifier::external("shop", "7"), email("ana@mail.example")], event));
    let event = scene.identify_event("ben", None);
    scene.record(&by(&[Identifier::Visitor("7".into())], event));
    let why = scene.engine.identify("7").unwrap_err().to_string();
    assert_snapshot!(why, @"`7` leads to 2 customers; say which is meant: `external:7` or `visitor:7`");
    assert_eq!(
        scene.engine.identify("external:7").unwrap(),
        Named::Customer(scene.customer("ana"))
    );
    let why = scene.engine.identify("nobody@mail.example").unwrap_err().to_string();
    assert_snapshot!(why, @"nobody is known by `nobody@mail.example`; give an email address, the shop's id of a customer, a visitor's id or the token of a cart");
}

#[test]
fn an_export_reads_so() {
    let mut scene = Scene::new();
    let ana = scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    let product = scene.product("dripper").id;
    scene.engine.record_review(ana, product, 5, "Pours well", scene.now()).unwrap();
    scene.skip(days(2));
    catch(&scene);
    let mut exported = export(&scene, ana).unwrap();
    let mime = &mut exported.messages[0].letters[0].mime;
    assert!(mime.contains("ana@mail.example") && mime.contains("multipart/alternative"));
    "(the letter)".clone_into(mime);
    assert_json_snapshot!(exported);
}
