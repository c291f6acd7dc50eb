//! Deliveries as the platforms send them, on a real store: signed or not, again, changed, late.

use std::{sync::mpsc, time::Duration};

use aftercart_model::EventKind;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::{
    Doors, Limits,
    served::{Answer, NOON, Served, request},
};

const SECRET: &str = "a secret of the tests";
const OLD_SECRET: &str = "the secret before it";

fn served() -> Served {
    let mut served = Served::new();
    served.set_doors(|doors| {
        doors.shopify_secrets = vec![SECRET.to_owned(), OLD_SECRET.to_owned()];
        doors.woocommerce_secrets = vec![SECRET.to_owned(), OLD_SECRET.to_owned()];
    });
    served
}

fn sign(secret: &str, body: &[u8]) -> String {
    STANDARD.encode(hmac::sign(&hmac::Key::new(HMAC_SHA256, secret.as_bytes()), body))
}

/// One of the two platforms, and how its deliveries look.
#[derive(Clone, Copy, Debug)]
struct Platform {
    path: &'static str,
    signature: &'static str,
    topic: (&'static str, &'static str),
    delivery: &'static str,
}

const SHOPIFY: Platform = Platform {
    path: "/webhooks/shopify",
    signature: SHOPIFY_SIGNATURE,
    topic: (SHOPIFY_TOPIC, "orders/create"),
    delivery: "X-Shopify-Event-Id",
};
const WOOCOMMERCE: Platform = Platform {
    path: "/webhooks/woocommerce",
    signature: WOOCOMMERCE_SIGNATURE,
    topic: (WOOCOMMERCE_TOPIC, "order.created"),
    delivery: WOOCOMMERCE_DELIVERY,
};

impl Platform {
    /// An order of Ana's at noon.
    fn order(self, id: u64, total: &str) -> Value {
        match self.path == SHOPIFY.path {
            true => json!({
                "id": id, "created_at": "2026-03-02T12:00:00Z", "updated_at": "2026-03-02T12:00:00Z",
                "currency": "EUR", "total_price": total, "email": "ana@mail.example",
                "line_items": [{"id": 1, "product_id": 7, "title": "Mug", "price": total, "quantity": 1}],
            }),
            false => json!({
                "id": id, "status": "processing", "currency": "EUR", "total": total,
                "date_created_gmt": "2026-03-02T12:00:00", "date_modified_gmt": "2026-03-02T12:00:00",
                "date_paid_gmt": "2026-03-02T12:00:00", "customer_id": 0,
                "billing": {"email": "ana@mail.example"},
                "line_items": [{"id": 1, "product_id": 7, "name": "Mug", "total": total, "total_tax": "0.00", "quantity": 1, "price": 1}],
                "refunds": [], "coupon_lines": [], "shipping_lines": [],
            }),
        }
    }

    fn request(self, body: &[u8], headers: &[(&str, &str)]) -> Request {
        let begun = request(Method::POST, self.path).header("content-type", "application/json");
        let request = headers.iter().fold(begun, |it, (name, value)| it.header(*name, *value));
        request.body(Body::from(body.to_vec())).unwrap()
    }

    fn send(self, served: &Served, body: &[u8], headers: &[(&str, &str)]) -> Answer {
        served.send(self.request(body, headers))
    }

    /// A delivery with everything as it should be.
    fn delivery(self, delivery: &str, body: &[u8]) -> Request {
        let signature = sign(SECRET, body);
        let headers = [(self.signature, signature.as_str()), self.topic, (self.delivery, delivery)];
        self.request(body, &headers)
    }

    fn deliver(self, served: &Served, delivery: &str, body: &[u8]) -> Answer {
        served.send(self.delivery(delivery, body))
    }
}

/// How many orders the log has.
fn orders(served: &Served) -> usize {
    let mut count = 0;
    let mut take = |event: aftercart_model::Event| {
        let source = event.key.source.as_str();
        count += usize::from(
            event.body.kind() == EventKind::OrderPlaced
                && [shopify::SOURCE, woocommerce::SOURCE].contains(&source),
        );
        Ok(())
    };
    served.engine.store().read(|tx| tx.scan_events(0, &mut take)).unwrap();
    count
}

#[test]
fn a_signed_delivery_is_taken_once_and_any_other_not_at_all() {
    for platform in [SHOPIFY, WOOCOMMERCE] {
        let served = served();
        let body = platform.order(1001, "20.00").to_string().into_bytes();
        let good = sign(SECRET, &body);
        let named = (platform.delivery, "d-1");
        let refuse = |body: &[u8], headers: &[(&str, &str)], what: &str| {
            let answer = platform.send(&served, body, headers);
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}: {}", answer.text());
            assert_eq!(answer.json()["error"]["code"], "unsigned", "{what}");
            assert_eq!(orders(&served), 0, "{what}");
        };
        refuse(&body, &[platform.topic, named], "no signature");
        refuse(&body, &[(platform.signature, ""), platform.topic, named], "an empty one");
        refuse(&body, &[(platform.signature, "???"), platform.topic, named], "not base64");
        let other_key = sign("another secret", &body);
        refuse(&body, &[(platform.signature, &other_key), platform.topic, named], "another key");
        let no_key = sign("", &body);
        refuse(&body, &[(platform.signature, &no_key), platform.topic, named], "no key");
        for place in [0, body.len() / 2, body.len() - 1] {
            let mut flipped = body.clone();
            flipped[place] ^= 1;
            refuse(&flipped, &[(platform.signature, &good), platform.topic, named], "one bit");
        }
        let pretty = serde_json::to_vec_pretty(&platform.order(1001, "20.00")).unwrap();
        refuse(&pretty, &[(platform.signature, &good), platform.topic, named], "written anew");
        let mut tag = STANDARD.decode(&good).unwrap();
        tag[0] ^= 1;
        let tag = STANDARD.encode(tag);
        refuse(&body, &[(platform.signature, &tag), platform.topic, named], "a bit of the tag");

        let answer = platform.deliver(&served, "d-1", &body);
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(answer.json()["duplicate"], false);
        assert_eq!(orders(&served), 1);
        for _ in 0..3 {
            let again = platform.deliver(&served, "d-1", &body);
            assert_eq!(again.status, StatusCode::OK, "{}", again.text());
            assert_eq!(again.json()["duplicate"], true, "{platform:?}");
        }
        // The names of deliveries are not signed: a replay under another one tells nothing new.
        let replayed = platform.deliver(&served, "d-2", &body);
        assert_eq!(replayed.status, StatusCode::OK, "{}", replayed.text());
        assert_eq!(orders(&served), 1);
        assert_eq!(served.engine.store().read(|tx| tx.orders_of(served.ana())).unwrap().len(), 1);
    }
}

#[test]
fn either_of_two_secrets_opens_while_one_is_exchanged() {
    for platform in [SHOPIFY, WOOCOMMERCE] {
        let served = served();
        let body = platform.order(1001, "20.00").to_string().into_bytes();
        let signature = sign(OLD_SECRET, &body);
        let headers = [(platform.signature, signature.as_str()), platform.topic];
        let answer = platform.send(&served, &body, &headers);
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
}

#[test]
fn the_same_delivery_with_another_body_is_refused() {
    let served = served();
    let order = |total: &str| SHOPIFY.order(1001, total).to_string().into_bytes();
    assert_eq!(SHOPIFY.deliver(&served, "d-1", &order("20.00")).status, StatusCode::OK);
    let answer = SHOPIFY.deliver(&served, "d-1", &order("30.00"));
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_snapshot!(answer.text(), @r#"{"error":{"code":"conflict","message":"a delivery of this name was taken with another body; nothing was changed","field":null}}"#);
    // One event of the shop, told of two orders and under two topics.
    let other = SHOPIFY.order(1002, "20.00").to_string().into_bytes();
    assert_eq!(SHOPIFY.deliver(&served, "d-1", &other).json()["duplicate"], false);
    let paid = Platform { topic: (SHOPIFY_TOPIC, "orders/paid"), ..SHOPIFY };
    let answer = paid.deliver(&served, "d-1", &order("20.00"));
    assert_eq!(answer.json()["duplicate"], false, "{}", answer.text());
    assert_eq!(orders(&served), 2);
    // WooCommerce names by the second all that one webhook delivers within it.
    let (one, two) = (WOOCOMMERCE.order(1, "20.00"), WOOCOMMERCE.order(2, "20.00"));
    for order in [one, two] {
        let answer = WOOCOMMERCE.deliver(&served, "d-1", order.to_string().as_bytes());
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(answer.json()["duplicate"], false);
    }
    assert_eq!(orders(&served), 4);
}

#[test]
fn a_door_without_a_secret_says_how_to_open_it() {
    let served = Served::new();
    for platform in [SHOPIFY, WOOCOMMERCE] {
        let body = platform.order(1001, "20.00").to_string();
        let answer = platform.deliver(&served, "d-1", body.as_bytes());
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "even if it were signed");
    }
    let answer = SHOPIFY.deliver(&served, "d-1", b"{}");
    assert_snapshot!(answer.text(), @r#"{"error":{"code":"not_found","message":"webhooks of Shopify are not taken yet; put the client secret of your app into `webhook_secrets` of [shopify] in the configuration, and start again","field":null}}"#);
}

#[test]
fn what_is_not_understood_is_told_and_what_is_not_kept_is_taken() {
    let served = served();
    let refused = |platform: Platform, body: &[u8]| {
        let answer = platform.deliver(&served, "d", body);
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
        answer.json()["error"]["message"].as_str().unwrap().to_owned()
    };
    for platform in [SHOPIFY, WOOCOMMERCE] {
        assert!(refused(platform, b"{\"id\": ").contains("not JSON"));
        assert!(refused(platform, b"[]").contains("object"));
        let unnamed = sign(SECRET, b"{}");
        let answer = platform.send(&served, b"{}", &[(platform.signature, &unnamed)]);
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "no topic");
        assert_eq!(answer.json()["error"]["field"], platform.topic.0);
        let unkept = Platform { topic: (platform.topic.0, "themes/publish"), ..platform };
        let answer = unkept.deliver(&served, "d", b"{\"id\": 1}");
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert!(answer.json()["ignored"].is_string(), "{}", answer.text());
        let large = vec![b' '; WEBHOOK_BYTES_MAX + 1];
        let answer = platform.deliver(&served, "d", &large);
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        let get = served.get(platform.path);
        assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    let saved = WOOCOMMERCE.send(&served, b"webhook_id=12", &[]);
    assert_eq!(saved.status, StatusCode::OK, "WooCommerce asks whether anybody is there");
    let nowhere = served.ask(Method::POST, "/webhooks/nowhere");
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    assert_eq!(nowhere.json()["error"]["code"], "not_found");
}

#[test]
fn an_order_that_cannot_be_taken_does_not_end_the_subscription() {
    let served = served();
    for platform in [SHOPIFY, WOOCOMMERCE] {
        let before = orders(&served);
        let mut dollars = platform.order(7_001, "20.00");
        dollars["currency"] = json!("USD");
        let mut nameless = platform.order(7_002, "20.00");
        nameless["total_price"] = json!("lots");
        nameless["total"] = json!("lots");
        for (delivery, body) in [("d-1", &dollars), ("d-2", &nameless)] {
            let answer = platform.deliver(&served, delivery, body.to_string().as_bytes());
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            let answer = answer.json();
            assert_eq!(answer["success"], false, "{answer}");
            assert!(answer["refused"].as_str().unwrap().contains('`'), "{answer}");
        }
        assert_eq!(orders(&served), before, "{platform:?}");
        let good = platform.order(7_003, "20.00").to_string();
        let answer = platform.deliver(&served, "d-3", good.as_bytes());
        assert_eq!(answer.json()["success"], true, "{}", answer.text());
    }
    served.engine.keep_arrivals().unwrap();
    let newest = aftercart_engine::ArrivalsBefore::NEWEST;
    let page = served.engine.view_arrivals(newest, 50, None).unwrap();
    let refused = page.lines.iter().filter(|it| it.outcome.name() == "rejected");
    let refused: Vec<_> = refused.map(|it| (it.status, it.name.as_str(), &*it.reason)).collect();
    assert_eq!(refused.len(), 4, "{refused:?}");
    assert!(refused.iter().all(|it| it.0 == 200 && !it.2.is_empty()), "{refused:?}");
}

#[test]
fn a_commit_that_does_not_come_is_a_no_and_never_a_yes() {
    let mut served = served();
    served.set_doors(|doors| {
        let webhook_patience = Duration::from_millis(50);
        doors.limits = Limits { webhook_patience, ..Limits::default() };
    });
    let body = SHOPIFY.order(1001, "20.00").to_string().into_bytes();
    let (held, is_held) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    std::thread::scope(|threads| {
        let store = served.engine.store();
        threads.spawn(move || {
            // Somebody else has the writer, and keeps it.
            store
                .write(|_| {
                    held.send(()).unwrap();
                    Ok(released.recv()?)
                })
                .unwrap();
        });
        is_held.recv().unwrap();
        // A runtime that ends waits for what was begun, which waits for the writer.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let request = SHOPIFY.delivery("d-1", &body);
        let router = crate::router(served.app.clone());
        let answer = runtime.block_on(router.oneshot(request)).unwrap();
        release.send(()).unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()["retry-after"], "2");
    });
    // It sends again, as it was told to; whatever became of the first try, there is one order.
    served.set_doors(|doors| doors.limits = Limits::default());
    let answer = SHOPIFY.deliver(&served, "d-1", &body);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(orders(&served), 1);
}

#[test]
fn a_full_disk_sends_platforms_away() {
    let mut served = served();
    served.set_doors(|doors| {
        let full = || Some(crate::Space { free_bytes: 1, total_bytes: 1 << 40 });
        let secrets = std::mem::take(&mut doors.shopify_secrets);
        *doors = Doors::with(|| Duration::ZERO, full);
        doors.shopify_secrets = secrets;
    });
    let answer = SHOPIFY.deliver(&served, "d", SHOPIFY.order(1, "1.00").to_string().as_bytes());
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["error"]["code"], "no_room");
    assert_eq!(orders(&served), 0);
}

#[test]
fn a_delivery_is_as_old_as_it_says_within_reason() {
    let at = |hours: i64| told_at(Some(NOON - SignedDuration::from_hours(hours)), NOON);
    assert_eq!(at(3), NOON - SignedDuration::from_hours(3), "it was sent again");
    assert_eq!(at(49), NOON, "nobody sends again for two days");
    assert_eq!(at(-1), NOON, "not yet");
    assert_eq!(told_at(None, NOON), NOON);
}
