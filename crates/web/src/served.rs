//! A shop that is served, for the tests of routes: a real store in a folder of its own, a standing
//! clock, one customer who agreed to mail, one email in the inbox.

use std::{net::SocketAddr, sync::Arc};

use aftercart_engine::{
    Engine, Incoming, StandingClock, Token,
    segment_api::{self, Call},
    store::Store,
};
use aftercart_model::{
    ConsentState, Currency, CustomerId, EmailAddress, FlowId, Message, MessageState, Product,
    ProductId, Shop, Timestamp, Topic, Touches,
};
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{App, Doors, Mail, Metrics, Turns, router};

/// 2026-03-02T12:00:00Z, a Monday at noon in Lisbon.
pub const NOON: Timestamp = Timestamp::constant(1_772_452_800, 0);
pub const WRITE_KEY: &str = "a write key of the tests";
pub const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

const FLOW: &str = "
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

pub struct Served {
    pub folder: TempDir,
    pub engine: Arc<Engine>,
    pub clock: Arc<StandingClock>,
    pub app: App,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }
}

pub fn shop() -> Shop {
    Shop {
        name: "Box & Co.".to_owned(),
        url: "https://box.example".to_owned(),
        currency: Currency::EUR,
        time_zone: "Europe/Lisbon".to_owned(),
        locale: "en".to_owned(),
        postal_address: "Box & Co., Rua da Caixa 1, 1100-000 Lisboa, Portugal".to_owned(),
        sender: EmailAddress::new("hello@box.example").unwrap(),
        sender_name: "Box & Co.".to_owned(),
        public_url: "https://mail.box.example".to_owned(),
    }
}

impl Served {
    /// The shop with its products and Ana, who agreed to everything and has bought nothing.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = open(&folder);
        let clock = Arc::new(StandingClock::at(NOON));
        let product = |place: u32| {
            let (code, name) = (format!("P{place}"), format!("Product number {place}"));
            let mut product = Product::bare(ProductId(0), &code, &name, 2_000);
            product.url = format!("https://box.example/products/{place}");
            product.picture = format!("p{place}.png");
            product
        };
        let products: Vec<Product> = (1..=6).map(product).collect();
        engine.save_products(&products).unwrap();
        engine.store().write(|tx| tx.save_picture("p1.png", "image/png", b"a picture")).unwrap();
        engine.record_history(history(), NOON).unwrap();
        engine.train_recommendations(NOON).unwrap();
        let flow = FlowId::new("after-order").unwrap();
        engine.store().write(|tx| tx.save_flow(&flow, FLOW, NOON).map(drop)).unwrap();
        engine.launch_flow(&flow, NOON).unwrap();
        let app = App {
            engine: Arc::clone(&engine),
            clock: Arc::clone(&clock) as Arc<dyn aftercart_engine::Clock>,
            write_key: WRITE_KEY.to_owned(),
            mail: Mail::IsCaught,
            is_sample: false,
            listen: "127.0.0.1:7878".parse().unwrap(),
            turns: Turns::default(),
            doors: Arc::new(Doors::of(&engine)),
            metrics: Metrics::default(),
        };
        let served = Self { folder, engine, clock, app };
        let consent = json!({"marketing": true, "feedback": true});
        let traits = json!({"email": "ana@mail.example", "firstName": "Ana", "consent": consent});
        served.record(Call::Identify, &json!({"userId": "ana", "traits": traits}));
        served
    }

    /// The same after an order of Ana's, whose email was handed over a minute ago.
    pub fn with_mail() -> Self {
        let served = Self::new();
        served.record(Call::Track, &order("1001", "P1"));
        let clock = Arc::clone(&served.app.clock);
        let mut inbox = served.engine.catching_inbox(&clock);
        let done = block_on(served.engine.work(&mut inbox, &*clock)).unwrap();
        assert_eq!(done.delivery.sent, 1, "{:?}", served.messages());
        served.clock.set(NOON + SignedDuration::from_mins(1));
        served
    }

    pub fn record(&self, call: Call, body: &Value) {
        let now = aftercart_engine::Clock::now(&*self.clock);
        let body = body.to_string();
        let unit = segment_api::parse(call, body.as_bytes(), now, Currency::EUR).unwrap();
        self.engine.record_units(&[unit], now).unwrap();
    }

    /// The same behind other doors.
    pub fn set_doors(&mut self, change: impl FnOnce(&mut Doors)) {
        let mut doors = Doors::of(&self.engine);
        doors.shopify_secrets.clone_from(&self.app.doors.shopify_secrets);
        doors.woocommerce_secrets.clone_from(&self.app.doors.woocommerce_secrets);
        change(&mut doors);
        self.app.doors = Arc::new(doors);
    }

    pub fn send(&self, request: Request<Body>) -> Answer {
        answer_of(router(self.app.clone()), request)
    }

    /// A request from far away, by a browser.
    pub fn ask(&self, method: Method, path: &str) -> Answer {
        self.send(request(method, path).body(Body::empty()).unwrap())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path)
    }

    pub fn post_form(&self, path: &str, form: &str) -> Answer {
        let form_type = "application/x-www-form-urlencoded";
        let request = request(Method::POST, path).header(header::CONTENT_TYPE, form_type);
        self.send(request.body(Body::from(form.to_owned())).unwrap())
    }

    /// An event posted with the write key.
    pub fn post_event(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request = request(Method::POST, path).header(header::AUTHORIZATION, basic(WRITE_KEY));
        self.send(request.body(body.into()).unwrap())
    }

    pub fn ana(&self) -> CustomerId {
        self.engine.find_customer("ana").unwrap()
    }

    pub fn consent(&self, topic: Topic) -> ConsentState {
        let consents = self.engine.store().read(|tx| tx.consents_of(self.ana())).unwrap();
        consents.into_iter().find(|it| it.topic == topic).unwrap().state
    }

    pub fn messages(&self) -> Vec<(Message, Touches)> {
        let mut messages = Vec::new();
        let mut take = |message, touches| {
            messages.push((message, touches));
            Ok(())
        };
        self.engine.store().read(|tx| tx.scan_messages(None, &mut take)).unwrap();
        messages
    }

    /// The one message there is.
    pub fn message(&self) -> (Message, Touches) {
        let mut messages = self.messages();
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages.remove(0)
    }

    pub fn state(&self) -> MessageState {
        self.message().0.state
    }

    pub fn events(&self) -> Vec<aftercart_model::Event> {
        self.engine.store().read(|tx| tx.events_of(self.ana())).unwrap()
    }

    pub fn sign(&self, token: &Token) -> String {
        self.engine.keys().sign(token)
    }

    /// Every link of ours in the email, as paths, each once.
    pub fn links(&self) -> Vec<String> {
        let id = self.message().0.id;
        let email = self.engine.email_again(id, NOON).unwrap().expect("it was sent");
        let begin = format!("\"{}/", self.engine.shop().public_url);
        let found = email.html.split(&begin).skip(1);
        let mut links: Vec<String> =
            found.map(|it| format!("/{}", it.split('"').next().unwrap())).collect();
        links.sort();
        links.dedup();
        links
    }

    /// The first link of a kind in the email.
    pub fn link(&self, kind: char) -> String {
        let links = self.links();
        let begin = format!("/{kind}/");
        links.iter().find(|it| it.starts_with(&begin)).expect("in the email").clone()
    }

    /// Overwrites the store's files, as a broken disk would.
    pub fn break_store(&self) {
        for entry in std::fs::read_dir(self.folder.path().join("store")).unwrap() {
            let path = entry.unwrap().path();
            let length = std::fs::metadata(&path).unwrap().len();
            std::fs::write(&path, vec![0x5a; usize::try_from(length).unwrap()]).unwrap();
        }
    }
}

/// What others bought before, so that there is something to recommend.
fn history() -> Vec<Incoming> {
    let mut events = Vec::new();
    for buyer in 0..24 {
        let product =
            |step: u64| json!({"product_id": format!("P{}", 1 + (buyer + step) % 6), "price": 20});
        let at = NOON - SignedDuration::from_hours(24 * (30 + buyer as i64));
        let body = json!({
            "messageId": format!("past-{buyer}"),
            "userId": format!("buyer {buyer}"),
            "timestamp": at.to_string(),
            "event": "Order Completed",
            "properties": {
                "order_id": format!("past-{buyer}"),
                "products": [product(0), product(1), product(2)],
            },
        });
        let body = body.to_string();
        events.extend(segment_api::parse_track(body.as_bytes(), NOON, Currency::EUR).unwrap());
    }
    events
}

pub fn open(folder: &TempDir) -> Arc<Engine> {
    let place = folder.path().join("store");
    let store = Store::open(place.to_str().unwrap()).unwrap();
    Arc::new(Engine::open(store, Some(shop())).unwrap())
}

pub fn order(id: &str, code: &str) -> Value {
    json!({
        "messageId": format!("order-{id}"),
        "userId": "ana",
        "event": "Order Completed",
        "properties": {"order_id": id, "total": 20, "products": [{"product_id": code, "price": 20}]},
    })
}

pub fn basic(name: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:")))
}

/// A request from another machine.
pub fn request(method: Method, path: &str) -> axum::http::request::Builder {
    let far: SocketAddr = "203.0.113.9:50000".parse().unwrap();
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "mail.box.example")
        .header(header::USER_AGENT, BROWSER)
        .extension(ConnectInfo(far))
}

pub fn answer_of(router: Router, request: Request<Body>) -> Answer {
    block_on(async {
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, 10 << 20).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    })
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
