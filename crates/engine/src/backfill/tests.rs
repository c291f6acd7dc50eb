//! A shop's past comes into a store, past kills and refusals, once.

use std::time::Duration;

use aftercart_ingest::backfill::{Egress, Secret, WooCommerceHistory};
use aftercart_model::{Currency, OrderId};
use aftercart_store::Store;
use aftercart_testing::{
    clock::NOW,
    shop::ShopInABox,
    web::{Asked, Reply, WebServer},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// Orders of the shop: every tenth in dollars, every eleventh not paid.
const ORDERS: u64 = 450;

fn order(id: u64) -> Value {
    let status = if id.is_multiple_of(11) { "pending" } else { "completed" };
    json!({
        "id": id, "status": status, "currency": if id.is_multiple_of(10) { "USD" } else { "EUR" },
        "total": "10.00", "customer_id": 0,
        "date_created_gmt": format!("2026-01-{:02}T10:00:00", 1 + id % 28),
        "date_modified_gmt": format!("2026-01-{:02}T11:00:00", 1 + id % 28),
        "billing": {"first_name": "C", "email": format!("c{}@mail.example", id % 100)},
        "line_items": [{"product_id": 1, "quantity": 1, "total": "10.00"}], "refunds": []
    })
}

/// A shop that answers as documented, with `meddle` before each answer.
fn shop(mut meddle: impl FnMut(&Asked, usize) -> Option<Reply> + Send + 'static) -> WebServer {
    let mut asks = 0;
    WebServer::start(move |asked| {
        asks += 1;
        if let Some(reply) = meddle(asked, asks) {
            return reply;
        }
        let mug = json!({"id": 1, "name": "Mug", "date_created_gmt": "2025-01-01T00:00:00"});
        let all: Vec<Value> = match asked.path.split('?').next().unwrap() {
            "/wp-json/wc/v3/orders" => (1..=ORDERS).map(order).collect(),
            "/wp-json/wc/v3/products" => vec![mug],
            _ => Vec::new(),
        };
        let number = |name: &str| asked.query(name).unwrap().parse::<usize>().unwrap();
        let page: Vec<&Value> =
            all.iter().skip(number("offset")).take(number("per_page")).collect();
        Reply::ok(serde_json::to_vec(&page).unwrap()).with("X-WP-Total", all.len())
    })
}

fn engine(folder: &TempDir) -> Engine {
    let store = Store::open(folder.path().join("store").to_str().unwrap()).unwrap();
    Engine::open(store, Some(ShopInABox::new().shop)).unwrap()
}

/// What a run came to, and what it refused.
fn run(engine: &Engine, server: &WebServer) -> (Result<Backfilled>, Vec<String>) {
    let egress = Egress::new(|_: Duration| ());
    let keys = (&Secret::new("ck_1"), &Secret::new("cs_2"));
    let mut history =
        WooCommerceHistory::new(egress, &server.url(), keys, None, (NOW, Currency::EUR)).unwrap();
    let mut refused = Vec::new();
    let sum = engine.backfill(&mut history, NOW, &mut |_| (), &mut |item| {
        refused.push(format!("{}: {}", item.place, item.reason));
        Ok(())
    });
    (sum, refused)
}

/// Events and orders of a store.
fn held(engine: &Engine) -> (u64, usize) {
    engine
        .store()
        .read(|tx| {
            let orders = (1..=ORDERS)
                .filter(|id| tx.order(&OrderId::new(id.to_string()).unwrap()).unwrap().is_some())
                .count();
            Ok((tx.log_head()?, orders))
        })
        .unwrap()
}

#[test]
fn a_shop_comes_in_and_again_changes_nothing() {
    let (folder, server) = (TempDir::new().unwrap(), shop(|_, _| None));
    let engine = engine(&folder);
    let (sum, refused) = run(&engine, &server);
    let sum = sum.unwrap();
    assert_eq!(sum.read, BTreeMap::from([("products".into(), 1), ("orders".into(), ORDERS)]));
    // 45 in dollars, of which 4 are not paid and so not looked at; 40 are not paid.
    assert_eq!((sum.taken, sum.known, sum.ignored, sum.refused), (370, 0, 40, 41));
    assert_eq!(sum.taken + sum.known + sum.ignored + sum.refused, ORDERS + 1);
    let reason =
        "`currency` is `USD`; the shop sells in EUR, and only orders in it can be added up";
    assert_eq!(sum.reasons, BTreeMap::from([(reason.to_owned(), 41)]));
    assert_eq!((refused.len(), &refused[0]), (41, &format!("order 10: {reason}")));
    let before = held(&engine);
    assert_eq!(before.1, 369);

    let (again, _) = run(&engine, &server);
    let again = again.unwrap();
    assert_eq!((again.taken, again.known, again.events), (0, 370, 0));
    assert!(!again.is_resumed);
    assert_eq!(held(&engine), before);
}

#[test]
fn one_that_is_killed_goes_on_where_it_was() {
    let whole = {
        let (folder, server) = (TempDir::new().unwrap(), shop(|_, _| None));
        let engine = engine(&folder);
        (run(&engine, &server).0.unwrap(), held(&engine))
    };
    // Each ask in turn is the one that is not answered any more.
    for dies_at in 1..=7 {
        let folder = TempDir::new().unwrap();
        let dying = shop(move |_, ask| (ask == dies_at).then(|| Reply::new(403, "")));
        let first = engine(&folder);
        assert!(run(&first, &dying).0.is_err(), "the shop lets it in no more");
        drop(first);
        let again = engine(&folder);
        let (sum, _) = run(&again, &dying);
        let sum = sum.unwrap();
        assert_eq!(sum.is_resumed, dies_at > 1);
        assert_eq!((Backfilled { is_resumed: false, ..sum }, held(&again)), whole, "{dies_at}");
        let asked: Vec<String> = dying.asked().into_iter().map(|it| it.path).collect();
        let asked_again = asked.iter().enumerate().filter(|(at, it)| asked[..*at].contains(it));
        assert_eq!(asked_again.count(), 1, "the one that was not answered, and no other");
    }
}

#[test]
fn a_kill_within_a_batch_leaves_nothing_of_it() {
    let (folder, server) = (TempDir::new().unwrap(), shop(|_, _| None));
    let engine = engine(&folder);
    let egress = Egress::new(|_: Duration| ());
    let keys = (&Secret::new("ck_1"), &Secret::new("cs_2"));
    let mut history =
        WooCommerceHistory::new(egress, &server.url(), keys, None, (NOW, Currency::EUR)).unwrap();
    let full = engine.backfill(&mut history, NOW, &mut |_| (), &mut |item| {
        if item.place == "order 120" { anyhow::bail!("the disk is full") } else { Ok(()) }
    });
    assert_eq!(full.unwrap_err().to_string(), "the disk is full");
    let placed = |id: &str| engine.store().read(|tx| tx.order(&OrderId::new(id)?)).unwrap();
    assert!(placed("99").is_none(), "not paid");
    assert!(placed("98").is_some() && placed("101").is_none(), "the batch before, and no more");
    assert!(run(&engine, &server).0.unwrap().is_resumed);
    assert!(placed("101").is_some());
}

#[test]
fn who_was_erased_is_refused() {
    let (folder, server) = (TempDir::new().unwrap(), shop(|_, _| None));
    let engine = engine(&folder);
    run(&engine, &server).0.unwrap();
    let customer = engine.find_customer("c7@mail.example").unwrap();
    engine.erase_customer(customer, NOW).unwrap();
    let before = held(&engine);
    let (sum, refused) = run(&engine, &server);
    let sum = sum.unwrap();
    // Orders 7, 107, 207, 307 and 407, of which 407 is not paid.
    assert_eq!((sum.taken, sum.known, sum.refused), (0, 366, 45));
    let refused: Vec<&String> = refused.iter().filter(|it| it.contains("erased")).collect();
    assert_eq!(refused.len(), 4);
    insta::assert_snapshot!(refused[0], @"order 7: whoever had this address was erased on request; if they want to be your customer again, lift it with `aftercart customer lift ADDRESS`");
    assert_eq!(held(&engine), before, "the orders stay, and nothing is added");
    assert!(engine.find_customer("c7@mail.example").is_err());
}

#[test]
fn what_a_webhook_told_is_known() {
    let (folder, server) = (TempDir::new().unwrap(), shop(|_, _| None));
    let engine = engine(&folder);
    let body = order(7).to_string();
    let taken = aftercart_ingest::woocommerce::read_webhook(
        "order.updated",
        body.as_bytes(),
        NOW,
        Currency::EUR,
    );
    let Ok(Taken::Events(events)) = taken else { panic!("events") };
    engine.record_events(&events, NOW).unwrap();
    let sum = run(&engine, &server).0.unwrap();
    assert_eq!((sum.taken, sum.known), (369, 1));
    assert_eq!(held(&engine).1, 369);
}

#[test]
fn the_progress_of_old_backfills_is_forgotten() {
    let folder = TempDir::new().unwrap();
    let engine = engine(&folder);
    let store = engine.store();
    for day in 0..60 {
        let at = NOW + jiff::SignedDuration::from_hours(24 * day);
        let progress = Kept { cursor: "{}".to_owned(), so_far: Backfilled::default(), at };
        store.write(|tx| keep(tx, &format!("shop {day}"), Some(progress))).unwrap();
    }
    let names = store.read(kept).unwrap();
    assert_eq!(names.len(), KEPT_MAX);
    assert!(names.contains_key("shop 59") && !names.contains_key("shop 9"));
}
