//! Events under stress: the same ones over and over from several sources at once, and a server that
//! is killed while it answers. What was accepted is in the log, once.
//!
//! Chance comes from a seed, so that a run can be repeated as far as threads can.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use aftercart_engine::Engine;
use aftercart_model::EventBody;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    ready_shop,
    serving::{AUTHORIZATION, Client, Server, wait_until, write_config},
    support::Place,
};

const ZONE: &str = "Europe/Lisbon";
const SECRET: &str = "a secret of the tests";
const DOORS: &str = "[shopify]\nwebhook_secrets = [\"a secret of the tests\"]\n\
                     [woocommerce]\nwebhook_secrets = [\"a secret of the tests\"]\n";

/// Connections at once.
const CONNECTIONS: u64 = 64;
/// What there is to be told: plain events, and orders that three sources tell of.
const PLAIN: u64 = 19_000;
const ORDERS: u64 = 1_000;
/// Plain events in one batch.
const BATCH: u64 = 100;
/// How often the server is killed.
const KILLS: u64 = 30;

/// SplitMix64: small numbers in an order that a seed fixes.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.below(place as u64 + 1) as usize);
        }
    }
}

/// A request to be sent.
#[derive(Clone)]
struct Sending {
    path: &'static str,
    headers: String,
    body: Vec<u8>,
}

fn sending(path: &'static str, body: &Value) -> Sending {
    let headers = format!("Authorization: {AUTHORIZATION}\r\n");
    Sending { path, headers, body: body.to_string().into_bytes() }
}

fn plain(id: u64) -> Value {
    json!({"type": "track", "messageId": format!("plain-{id}"), "userId": format!("u{}", id % 400), "event": "Looked Around", "properties": {"id": id}})
}

fn plain_batch(from: u64) -> Sending {
    let batch: Vec<Value> = (from..from + BATCH).map(plain).collect();
    sending("/v1/batch", &json!({"batch": batch}))
}

/// An order as the shop's own page tells of it.
fn order_by_page(id: u64) -> Sending {
    let order = json!({
        "messageId": format!("order-{id}"), "userId": format!("u{}", id % 400), "event": "Order Completed",
        "timestamp": "2026-03-02T12:00:00Z",
        "properties": {"order_id": id.to_string(), "total": 20, "products": [{"product_id": "7", "price": 20}]},
    });
    sending("/v1/track", &order)
}

fn signed(
    path: &'static str,
    names: [&str; 3],
    topic: &str,
    delivery: &str,
    body: &Value,
) -> Sending {
    let body = body.to_string().into_bytes();
    let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, SECRET.as_bytes()), &body);
    let [signature, topic_name, delivery_name] = names;
    let headers = format!(
        "{signature}: {}\r\n{topic_name}: {topic}\r\n{delivery_name}: {delivery}\r\n",
        STANDARD.encode(tag)
    );
    Sending { path, headers, body }
}

/// The same order as Shopify delivers it.
fn order_by_shopify(id: u64) -> Sending {
    let order = json!({
        "id": id, "created_at": "2026-03-02T12:00:00Z", "updated_at": "2026-03-02T12:00:00Z",
        "currency": "EUR", "total_price": "20.00", "customer": {"id": 1 + id % 400},
        "line_items": [{"id": 1, "product_id": 7, "title": "Mug", "price": "20.00", "quantity": 1}],
    });
    let names = ["X-Shopify-Hmac-Sha256", "X-Shopify-Topic", "X-Shopify-Event-Id"];
    signed("/webhooks/shopify", names, "orders/create", &format!("event-{id}"), &order)
}

/// The same order as WooCommerce delivers it.
fn order_by_woocommerce(id: u64) -> Sending {
    let order = json!({
        "id": id, "status": "processing", "currency": "EUR", "total": "20.00", "customer_id": 0,
        "date_created_gmt": "2026-03-02T12:00:00", "date_modified_gmt": "2026-03-02T12:00:00",
        "date_paid_gmt": "2026-03-02T12:00:00", "billing": {"email": format!("u{}@mail.example", id % 400)},
        "line_items": [{"id": 1, "product_id": 7, "name": "Mug", "total": "20.00", "total_tax": "0.00", "quantity": 1, "price": 20}],
        "refunds": [], "coupon_lines": [], "shipping_lines": [],
    });
    let names = ["X-WC-Webhook-Signature", "X-WC-Webhook-Topic", "X-WC-Webhook-Delivery-ID"];
    signed("/webhooks/woocommerce", names, "order.created", &format!("delivery-{id}"), &order)
}

fn served(place: &Place) -> Server {
    write_config(place, ZONE, DOORS);
    Server::start(place)
}

/// How often each order is told as placed, and each plain event stands in the log.
fn told(engine: &Engine) -> (BTreeMap<String, u64>, BTreeMap<String, u64>) {
    let (mut orders, mut plain) = (BTreeMap::new(), BTreeMap::new());
    let mut take = |event: aftercart_model::Event| {
        match &event.body {
            EventBody::OrderPlaced { order, .. } => {
                *orders.entry(order.to_string()).or_insert(0) += 1;
            }
            EventBody::Custom { .. } => *plain.entry(event.key.key).or_insert(0) += 1,
            _ => {}
        }
        Ok(())
    };
    engine.store().read(|tx| tx.scan_events(0, &mut take)).expect("readable");
    (orders, plain)
}

#[test]
fn a_storm_of_duplicates_leaves_each_event_once() {
    let place = Place::new();
    let server = served(&place);
    let at = server.address;
    let mut chance = Chance(1);
    // Each is sent 1 to 10 times, and each order by three sources.
    let mut sendings = Vec::new();
    let add = |chance: &mut Chance, sendings: &mut Vec<Sending>, sending: Sending| {
        let times = 1 + chance.below(10) as usize;
        sendings.extend(std::iter::repeat_n(sending, times));
    };
    for from in (0..PLAIN).step_by(BATCH as usize) {
        add(&mut chance, &mut sendings, plain_batch(from));
    }
    // A third of them alone as well, among the batches that have them.
    for id in (0..PLAIN).step_by(3) {
        sendings.push(sending("/v1/track", &plain(id)));
    }
    for id in 1..=ORDERS {
        sendings.push(order_by_page(id));
        sendings.push(order_by_shopify(id));
        sendings.push(order_by_woocommerce(id));
        if id % 5 == 0 {
            add(&mut chance, &mut sendings, order_by_page(id));
            add(&mut chance, &mut sendings, order_by_shopify(id));
        }
    }
    chance.shuffle(&mut sendings);
    let next = AtomicUsize::new(0);
    let refused = Mutex::new(Vec::new());
    std::thread::scope(|threads| {
        for sender in 0..CONNECTIONS {
            let (sendings, next, refused) = (&sendings, &next, &refused);
            threads.spawn(move || {
                let (mut client, mut chance) = (Client::new(at), Chance(sender));
                while let Some(it) = sendings.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if chance.below(20) == 0 {
                        // Its time is out before the answer comes; it sends again.
                        client.post_and_leave(it.path, &it.headers, &it.body);
                    }
                    loop {
                        match client.post(it.path, &it.headers, &it.body) {
                            Some((200, body)) if body["success"] == true => break,
                            // Put off: it comes again.
                            Some((429 | 503, _)) | None => std::thread::yield_now(),
                            Some(other) => {
                                refused.lock().unwrap().push((it.path, other));
                                break;
                            }
                        }
                    }
                }
            });
        }
    });
    let refused = refused.into_inner().unwrap();
    assert!(refused.is_empty(), "{} refused: {:?}", refused.len(), refused.first());

    // The same keys with other bodies, alone and in a batch.
    let mut client = Client::new(at);
    let mut others = Vec::new();
    for id in (0..PLAIN).step_by(97) {
        let mut other = plain(id);
        other["properties"]["id"] = json!(id + 1);
        let it = sending("/v1/track", &other);
        let (status, _) = client.post(it.path, &it.headers, &it.body).expect("an answer");
        assert_eq!(status, 409, "plain-{id}");
        others.push(other);
    }
    let it = sending("/v1/batch", &json!({"batch": others}));
    let (status, body) = client.post(it.path, &it.headers, &it.body).expect("an answer");
    let results = body["results"].as_array().expect("one for each");
    assert_eq!((status, results.len()), (200, others.len()));
    assert!(results.iter().all(|it| it["status"] == 409), "{body}");
    for id in (1..=ORDERS).step_by(97) {
        let mut other = order_by_shopify(id);
        let changed = String::from_utf8(other.body).unwrap().replace("20.00", "30.00");
        let changed: Value = serde_json::from_str(&changed).unwrap();
        let names = ["X-Shopify-Hmac-Sha256", "X-Shopify-Topic", "X-Shopify-Event-Id"];
        let name = format!("event-{id}");
        other = signed("/webhooks/shopify", names, "orders/create", &name, &changed);
        let (status, _) = client.post(other.path, &other.headers, &other.body).expect("an answer");
        assert_eq!(status, 409, "delivery {name}");
    }
    server.end();

    let engine = ready_shop::open(place.path(), ZONE);
    let (orders, plain) = told(&engine);
    assert_eq!(plain.len() as u64, PLAIN);
    assert_eq!(orders.len() as u64, ORDERS);
    let twice = |counts: &BTreeMap<String, u64>| counts.values().filter(|it| **it != 1).count();
    assert_eq!((twice(&plain), twice(&orders)), (0, 0), "each of {} once", PLAIN + ORDERS);
    assert_eq!(engine.check_promises().unwrap(), []);
}

#[test]
fn what_was_accepted_outlives_thirty_kills() {
    let place = Place::new();
    let (accepted, mut chance) = (Mutex::new(Vec::<String>::new()), Chance(7));
    for round in 0..KILLS {
        let server = served(&place);
        let (at, is_over) = (server.address, AtomicBool::new(false));
        let goal = accepted.lock().unwrap().len() + 1 + chance.below(400) as usize;
        std::thread::scope(|threads| {
            for sender in 0..8_u64 {
                let (accepted, is_over) = (&accepted, &is_over);
                threads.spawn(move || {
                    let mut client = Client::new(at);
                    // Numbers of their own for each thread and round.
                    let begin = (round * 8 + sender) * 1_000_000;
                    for place in 0.. {
                        if is_over.load(Ordering::SeqCst) {
                            break;
                        }
                        let id = begin + place * BATCH;
                        let (it, names) = match sender % 3 {
                            0 => (
                                plain_batch(id),
                                (id..id + BATCH).map(|it| format!("plain-{it}")).collect(),
                            ),
                            1 => (order_by_page(id), vec![id.to_string()]),
                            _ => (order_by_shopify(id), vec![id.to_string()]),
                        };
                        let answer = client.post(it.path, &it.headers, &it.body);
                        if matches!(answer, Some((200, _))) {
                            accepted.lock().unwrap().extend::<Vec<String>>(names);
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
    // It starts again, and what was kept is known.
    let server = served(&place);
    let known = accepted.iter().filter_map(|it| it.parse().ok()).step_by(50).map(order_by_page);
    let mut client = Client::new(server.address);
    for it in known {
        let (status, body) = client.post(it.path, &it.headers, &it.body).expect("it serves again");
        assert_eq!((status, &body["duplicate"]), (200, &json!(true)), "{body}");
    }
    server.end();

    let engine = ready_shop::open(place.path(), ZONE);
    let (orders, plain) = told(&engine);
    let count = |it: &String| orders.get(it).or_else(|| plain.get(it)).copied();
    let lost = accepted.iter().filter(|it| count(it).is_none()).count();
    let twice = orders.values().chain(plain.values()).filter(|it| **it > 1).count();
    assert_eq!((lost, twice), (0, 0), "of {} accepted", accepted.len());
    assert_eq!(engine.check_promises().unwrap(), []);
}
