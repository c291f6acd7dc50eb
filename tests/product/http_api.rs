//! `aftercart serve` as shops and readers meet it: events over HTTP, mail by SMTP, the button of a
//! mail program, an end in order and an end without warning.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use aftercart_engine::{Clock, SystemClock};
use aftercart_model::{ConsentState, MessageState};
use aftercart_testing::sink::SmtpSink;
use serde_json::{Value, json};

use crate::{
    ready_shop::{self, FLOW},
    serving::{Server, ask, post, wait_until, write_config},
    support::Place,
};

/// A zone in which it is noon or shortly after, so that mail may go.
fn zone_at_noon() -> String {
    let hour = SystemClock.now().as_second().rem_euclid(86_400) / 3_600;
    match 12 - hour {
        0 => "Etc/UTC".to_owned(),
        east @ 1.. => format!("Etc/GMT-{east}"),
        west => format!("Etc/GMT+{}", -west),
    }
}

/// A filled store whose flow was launched by the command, and its configuration.
fn ready(mail: &str) -> (Place, String) {
    let (place, zone) = (Place::new(), zone_at_noon());
    let engine = ready_shop::open(place.path(), &zone);
    ready_shop::fill(&engine, SystemClock.now());
    drop(engine);
    write_config(&place, &zone, mail);
    assert!(place.ask(&["flow", "launch", FLOW]).contains("is live"));
    (place, zone)
}

#[test]
fn an_order_brings_an_email_and_its_button_ends_them() {
    let sink = SmtpSink::start();
    let mail = format!("[mail.smtp]\nhost = \"127.0.0.1\"\nport = {}\n", sink.port());
    let (place, zone) = ready(&mail);
    let server = Server::start(&place);
    let at = server.address;
    assert_eq!(ask(at, "GET", "/readyz", "").unwrap().0, 200);
    let consent = ready_shop::customer("ana");
    assert_eq!(post(at, "/v1/identify", &consent).unwrap().0, 200);
    let order = ready_shop::order("ana", "1001");
    assert_eq!(post(at, "/v1/track", &order).unwrap().0, 200);
    wait_until("an email comes", || !sink.log().letters.is_empty());
    let letter = sink.log().letters[0].clone();
    assert_eq!(letter.to, ["ana@mail.example"]);
    let text = letter.text().replace("\r\n ", "").replace("\r\n\t", "");
    assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{text}");
    let link = text.split("List-Unsubscribe: <https://mail.box.example").nth(1).expect("a link");
    let path = link.split('>').next().expect("an end");

    let (status, page) = ask(at, "GET", path, "").unwrap();
    assert!(status == 200 && page.contains("Stop these emails?"), "{status}: {page}");
    let (status, page) = ask(at, "POST", path, "List-Unsubscribe=One-Click").unwrap();
    assert!(status == 200 && page.contains("You are unsubscribed"), "{status}: {page}");
    server.end();

    let engine = ready_shop::open(place.path(), &zone);
    let ana = engine.find_customer("ana").unwrap();
    let consents = engine.store().read(|tx| tx.consents_of(ana)).unwrap();
    assert!(consents.iter().all(|it| it.state == ConsentState::Withdrawn), "{consents:?}");
    let messages = ready_shop::messages(&engine);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].state, MessageState::Sent);
    assert_eq!(engine.check_promises().unwrap(), []);
    assert_eq!(sink.finish().dots, 1);
}

#[test]
fn what_was_accepted_survives_being_killed() {
    let (place, zone) = ready("");
    let accepted = Mutex::new(Vec::new());
    for round in 0..3 {
        let server = Server::start(&place);
        let (at, is_over) = (server.address, AtomicBool::new(false));
        let goal = accepted.lock().unwrap().len() + 150;
        std::thread::scope(|threads| {
            for sender in 0..4 {
                let (accepted, is_over) = (&accepted, &is_over);
                threads.spawn(move || {
                    for place in 0.. {
                        if is_over.load(Ordering::SeqCst) {
                            break;
                        }
                        let id = format!("{round}-{sender}-{place}");
                        let order = ready_shop::order(&format!("u{}", place % 7), &id);
                        if let Some((200, _)) = post(at, "/v1/track", &order) {
                            accepted.lock().unwrap().push(id);
                        }
                    }
                });
            }
            wait_until("a stream of events", || accepted.lock().unwrap().len() >= goal);
            server.kill();
            is_over.store(true, Ordering::SeqCst);
        });
    }
    let accepted = accepted.into_inner().unwrap();

    // Who heard nothing sends again; what was kept is known.
    let server = Server::start(&place);
    for id in accepted.iter().step_by(20) {
        let user = id.rsplit('-').next().unwrap().parse::<u32>().unwrap() % 7;
        let again = post(server.address, "/v1/track", &ready_shop::order(&format!("u{user}"), id));
        let (status, body) = again.expect("it serves again");
        assert_eq!((status, body.as_str()), (200, r#"{"success":true,"duplicate":true}"#), "{id}");
    }
    server.end();

    let engine = ready_shop::open(place.path(), &zone);
    let (keys, orders) = ready_shop::logged(&engine);
    for id in &accepted {
        let key = format!("order-{id}");
        assert_eq!(keys.iter().filter(|it| **it == key).count(), 1, "event {key}");
        assert_eq!(orders.iter().filter(|it| *it == id).count(), 1, "order {id}");
    }
    assert_eq!(engine.check_promises().unwrap(), []);
}

#[test]
fn a_batch_is_answered_event_by_event() {
    let place = Place::new();
    write_config(&place, "Europe/Lisbon", "");
    let server = Server::start(&place);
    let item = |id: &str| json!({"type": "track", "messageId": id, "userId": "ana", "event": "x"});
    let batch = json!({"batch": [item("a"), item("a"), {"type": "track", "userId": "ana"}]});
    let (status, body) = post(server.address, "/v1/batch", &batch).unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    let statuses: Vec<_> =
        body["results"].as_array().unwrap().iter().map(|it| it["status"].clone()).collect();
    assert_eq!((status, statuses), (200, vec![json!(200), json!(200), json!(400)]), "{body}");
    assert_eq!(body["results"][1]["duplicate"], true);
    // The console answers here, and under no other name.
    assert_eq!(ask(server.address, "GET", "/livez", "").unwrap().0, 200);
    server.end();
}
