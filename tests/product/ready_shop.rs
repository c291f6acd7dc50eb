//! A shop with something to recommend and a flow whose email comes at once, made by the engine
//! itself, for tests that then serve it or send from it.

use std::{path::Path, sync::Arc};

use aftercart_engine::{
    Engine, Incoming, Recorded,
    segment_api::{self, Call},
    store::Store,
};
use aftercart_model::{
    Currency, EmailAddress, EventBody, FlowId, Message, Product, ProductId, Shop, Timestamp,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

pub const FLOW: &str = "after-order";

/// An email right after an order, none held out, any other order ends it.
const FLOW_TEXT: &str = "
id: after-order
name: After an order
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
  - id: offer
    send: {template: offer}
  - id: bought-offer
    split: {when: bought, then: {exit: purchase}, else: next}
  - id: watch
    watch: 5 days
  - id: end
    exit: completed
";

pub fn shop(time_zone: &str) -> Shop {
    Shop {
        name: "Box & Co.".to_owned(),
        url: "https://box.example".to_owned(),
        currency: Currency::EUR,
        time_zone: time_zone.to_owned(),
        locale: "en".to_owned(),
        postal_address: "Box & Co., Rua da Caixa 1, 1100-000 Lisboa, Portugal".to_owned(),
        sender: EmailAddress::new("hello@box.example").expect("an address"),
        sender_name: "Box & Co.".to_owned(),
        public_url: "https://mail.box.example".to_owned(),
    }
}

/// Opens the store of that shop in `folder`, where the binary looks for it too.
pub fn open(folder: &Path, time_zone: &str) -> Arc<Engine> {
    let place = folder.join("aftercart-data");
    let store = Store::open(place.to_str().expect("a plain path")).expect("a store");
    Arc::new(Engine::open(store, Some(shop(time_zone))).expect("an engine"))
}

/// Fills it with products, what others bought before `now`, and the flow; nothing is live yet.
pub fn fill(engine: &Engine, now: Timestamp) {
    let product = |place: u32| {
        let (code, name) = (format!("P{place}"), format!("Product number {place}"));
        let mut product = Product::bare(ProductId(0), &code, &name, 2_000);
        product.url = format!("https://box.example/products/{place}");
        product
    };
    let products: Vec<Product> = (1..=6).map(product).collect();
    engine.save_products(&products).expect("products");
    let past = (0..24).flat_map(|buyer: u64| {
        let product =
            |step: u64| json!({"product_id": format!("P{}", 1 + (buyer + step) % 6), "price": 20});
        let at = now - SignedDuration::from_hours(24 * (30 + buyer as i64));
        let mut order = order(&format!("buyer {buyer}"), &format!("past-{buyer}"));
        order["timestamp"] = json!(at.to_string());
        order["properties"]["products"] = json!([product(0), product(1), product(2)]);
        read(Call::Track, &order, now)
    });
    engine.record_history(past.collect(), now).expect("history");
    engine.train_recommendations(now).expect("a model");
    let flow = FlowId::new(FLOW).expect("a slug");
    engine.store().write(|tx| tx.save_flow(&flow, FLOW_TEXT, now).map(drop)).expect("a flow");
}

/// Somebody who agreed to be mailed.
pub fn customer(user: &str) -> Value {
    json!({
        "messageId": format!("identify-{user}"),
        "userId": user,
        "traits": {
            "email": format!("{user}@mail.example"),
            "firstName": "Ana",
            "consent": {"marketing": true},
        },
    })
}

pub fn order(user: &str, id: &str) -> Value {
    json!({
        "messageId": format!("order-{id}"),
        "userId": user,
        "event": "Order Completed",
        "properties": {
            "order_id": id,
            "total": 20,
            "products": [{"product_id": "P1", "price": 20}],
        },
    })
}

pub fn read(call: Call, body: &Value, now: Timestamp) -> Vec<Incoming> {
    segment_api::parse(call, body.to_string().as_bytes(), now, Currency::EUR).expect("well formed")
}

pub fn record(engine: &Engine, call: Call, body: &Value, now: Timestamp) -> Recorded {
    let recorded = engine.record_units(&[read(call, body, now)], now).expect("recorded");
    recorded[0]
}

pub fn messages(engine: &Engine) -> Vec<Message> {
    let mut messages = Vec::new();
    let mut take = |message, _| {
        messages.push(message);
        Ok(())
    };
    engine.store().read(|tx| tx.scan_messages(None, &mut take)).expect("readable");
    messages
}

/// Keys of the events that came by the API, and order ids, in the order of the log.
pub fn logged(engine: &Engine) -> (Vec<String>, Vec<String>) {
    let (mut keys, mut orders) = (Vec::new(), Vec::new());
    let mut take = |event: aftercart_model::Event| {
        if let EventBody::OrderPlaced { order, .. } = &event.body {
            orders.push(order.to_string());
        }
        if event.key.source == segment_api::SOURCE {
            keys.push(event.key.key);
        }
        Ok(())
    };
    engine.store().read(|tx| tx.scan_events(0, &mut take)).expect("readable");
    (keys, orders)
}
