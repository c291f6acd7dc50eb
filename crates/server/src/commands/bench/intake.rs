//! How many events come in over HTTP, each on the disk before its answer.
//!
//! The shop is the sample shop with everything that a shop has: a campaign that is live with its
//! feedback flow and its segments, and one customer in ten enrolled. Events are what a shop sends,
//! mostly views. Clients run in the same process and share its two or more cores with the server.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use aftercart_engine::{Engine, StandingClock, store::Store};
use aftercart_model::Timestamp;
use aftercart_store::{PLAIN_ROWS, insert_plainly};
use aftercart_web::{App, Doors, Limits, Mail, Metrics, Turns, router};
use anyhow::{Context, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{Figure, RUNS, figure};
use crate::{
    commands::demo,
    demo::{SampleSettings, SampleShop},
    output::{Output, count},
};

const BATCHES: usize = 600;
/// Connections that send batches: few, as libraries that collect events have.
const BATCH_CONNECTIONS: usize = 8;
const SINGLES: usize = 20_000;
const SINGLE_CONNECTIONS: usize = 64;
/// Of ten customers one is enrolled.
const ENROLLED_EVERY: usize = 10;
/// More than can come, so that no door is closed to the bench.
const RATE: u32 = 10_000_000;

pub fn run(output: Output) -> Result<Vec<Figure>> {
    let spinner = output.spinner("Intake of events");
    let folder = tempfile::tempdir()?;
    let mut shop = Shop::open(folder.path())?;
    let mut figures = Vec::new();

    let (mut ours, mut appended, mut inserted) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for run in 0..RUNS {
        let events = shop.draw(&format!("batched{run}"), BATCHES * PLAIN_ROWS);
        ours = ours.min(send_batches(&shop, &events)?);
        appended = appended.min(append(folder.path(), &events, PLAIN_ROWS)?);
        let plain = folder.path().join(format!("plain{run}"));
        let plain = plain.to_str().context("a plain path")?;
        let (rows, took) = insert_plainly(shop.engine.store(), events.len() as u64, plain)?;
        inserted = inserted.min(took.mul_f64(events.len() as f64 / rows as f64));
    }
    let events = BATCHES * PLAIN_ROWS;
    let note = format!(
        "{} events in batches of {PLAIN_ROWS} over {BATCH_CONNECTIONS} connections: 82 in 100 views, \
         10 cart changes, 3 checkouts, 3 facts, 2 orders; {} customers enrolled before",
        count(events as u64),
        count(shop.enrolled),
    );
    for yardstick in
        [("append and fsync of a file", appended), ("plain insert of the rows", inserted)]
    {
        figures.push(figure("events in batches", "events", events, ours, yardstick, note.clone()));
    }

    let (mut ours, mut appended, mut tail) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for run in 0..RUNS {
        let events = shop.draw(&format!("single{run}"), SINGLES);
        let (took, p99) = send_singles(&shop, &events)?;
        (ours, tail) = (ours.min(took), tail.min(p99));
        appended = appended.min(append(folder.path(), &events[..SINGLES / 10], 1)?);
    }
    let note = format!(
        "{} requests of one event over {SINGLE_CONNECTIONS} connections that stay open; 99 in 100 \
         answered within {:.1} ms",
        count(SINGLES as u64),
        tail.as_secs_f64() * 1e3,
    );
    let yardstick = ("append and fsync one by one", appended * 10);
    figures.push(figure("single events", "events", SINGLES, ours, yardstick, note));
    spinner.finish_and_clear();
    shop.close();
    Ok(figures)
}

/// The sample shop behind a port of this machine.
struct Shop {
    engine: Arc<Engine>,
    address: SocketAddr,
    authorization: String,
    /// What the shop calls its customers, and their addresses.
    customers: Vec<(String, String)>,
    products: Vec<String>,
    now: Timestamp,
    enrolled: u64,
    draw: ChaCha8Rng,
    stop: Option<oneshot::Sender<()>>,
    server: Option<thread::JoinHandle<()>>,
}

impl Shop {
    fn open(folder: &Path) -> Result<Self> {
        let sample = SampleShop::new(&SampleSettings {
            seed: 1,
            starts_at: demo::STARTS_AT,
            days: 1,
            public_url: "http://127.0.0.1",
        });
        let place = folder.join("store");
        let store = Store::open(place.to_str().context("a plain path")?)?;
        let engine = Arc::new(Engine::open(store, Some(sample.shop.clone()))?);
        demo::fill(&engine, &sample, &indicatif::ProgressBar::hidden())?;
        demo::draft(&engine, Output::silent())?;

        let now = demo::STARTS_AT + SignedDuration::from_hours(12);
        let mut doors = Doors::of(&engine);
        doors.limits = Limits { rate_per_second: RATE, rate_burst: RATE, ..doors.limits };
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let write_key = engine.write_key(None)?;
        let authorization = format!("Basic {}", STANDARD.encode(format!("{write_key}:")));
        let app = App {
            engine: Arc::clone(&engine),
            clock: Arc::new(StandingClock::at(now)),
            write_key,
            mail: Mail::IsCaught,
            is_sample: true,
            listen: address,
            turns: Turns::default(),
            doors: Arc::new(doors),
            metrics: Metrics::default(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let server = thread::spawn(move || {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let told = async { drop(stopped.await) };
                aftercart_web::serve(listener, router(app), told).await;
            });
        });
        let named = sample.customers.iter();
        let mut shop = Self {
            engine: Arc::clone(&engine),
            address,
            authorization,
            customers: named
                .map(|it| (it.external_id.clone(), it.email.as_str().to_owned()))
                .collect(),
            products: sample.products.iter().map(|it| it.code.clone()).collect(),
            now,
            enrolled: 0,
            draw: ChaCha8Rng::seed_from_u64(5),
            stop: Some(stop),
            server: Some(server),
        };
        shop.enrol()?;
        shop.enrolled = engine.store().read(|tx| tx.count_active_enrolments())?;
        Ok(shop)
    }

    /// Lets the shop tell who its customers are, and one in ten of them order.
    fn enrol(&mut self) -> Result<()> {
        let people = (0..self.customers.len()).map(|it| self.facts(it)).collect::<Vec<_>>();
        let orders = (0..self.customers.len()).step_by(ENROLLED_EVERY);
        let orders = orders.map(|it| self.order(it, &format!("first-{it}"))).collect::<Vec<_>>();
        let message = |(index, body): (usize, Value)| self.message("made", index, body);
        let events: Vec<String> =
            people.into_iter().chain(orders).enumerate().map(message).collect();
        send_batches(self, &events).map(drop)
    }

    /// What a shop sends in a while, under keys that begin with `name`.
    fn draw(&mut self, name: &str, events: usize) -> Vec<String> {
        (0..events)
            .map(|index| {
                let customer = self.draw.random_range(0..self.customers.len());
                let product = self.draw.random_range(0..self.products.len());
                let product = json!({ "product_id": self.products[product], "quantity": 1 });
                let user = &self.customers[customer].0;
                let track = |event: &str, properties: Value| {
                    json!({
                        "type": "track", "event": event, "userId": user, "properties": properties,
                    })
                };
                let body = match self.draw.random_range(0..100) {
                    0..82 => track("Product Viewed", product),
                    82..92 => track("Product Added", product),
                    92..95 => track("Checkout Started", json!({ "products": [product] })),
                    95..98 => self.facts(customer),
                    _ => self.order(customer, &format!("{name}-{index}")),
                };
                self.message(name, index, body)
            })
            .collect()
    }

    fn facts(&self, customer: usize) -> Value {
        let (user, email) = &self.customers[customer];
        json!({ "type": "identify", "userId": user, "traits": { "email": email } })
    }

    fn order(&self, customer: usize, id: &str) -> Value {
        let line = |at: usize| {
            let code = &self.products[(customer + at) % self.products.len()];
            json!({ "product_id": code, "quantity": 1, "price": 20 })
        };
        json!({
            "type": "track", "event": "Order Completed", "userId": self.customers[customer].0,
            "properties": { "order_id": id, "total": 40, "products": [line(0), line(7)] },
        })
    }

    fn message(&self, name: &str, index: usize, mut body: Value) -> String {
        let key = format!("{name}-{index}");
        let at =
            self.now - SignedDuration::from_hours(1) + SignedDuration::from_millis(index as i64);
        body["messageId"] = json!(key);
        body["timestamp"] = json!(at.to_string());
        body.to_string()
    }

    fn request(&self, path: &str, body: &str) -> Vec<u8> {
        let Self { address, authorization, .. } = self;
        format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: {authorization}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    fn close(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            server.join().expect("the server does not panic");
        }
    }
}

/// Sends `requests` over so many connections, each when the one before it was answered, and says how
/// long it took and how long each was waited for.
fn send(
    address: SocketAddr,
    connections: usize,
    requests: &[Vec<u8>],
) -> Result<(Duration, Vec<Duration>)> {
    let next = AtomicUsize::new(0);
    let begin = Instant::now();
    let waits = thread::scope(|scope| {
        let client = || -> Result<Vec<Duration>> {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            let mut answers = BufReader::new(stream.try_clone()?);
            let mut stream = stream;
            let mut waits = Vec::new();
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                let begin = Instant::now();
                stream.write_all(request)?;
                read_success(&mut answers)?;
                waits.push(begin.elapsed());
            }
            Ok(waits)
        };
        let clients: Vec<_> = (0..connections).map(|_| scope.spawn(client)).collect();
        let joined = clients.into_iter().map(|it| it.join().expect("a client does not panic"));
        joined.collect::<Result<Vec<_>>>()
    })?;
    Ok((begin.elapsed(), waits.concat()))
}

/// Reads one answer, which must say that all of it was kept.
fn read_success(answers: &mut BufReader<TcpStream>) -> Result<()> {
    let (mut line, mut status, mut length) = (String::new(), String::new(), 0);
    loop {
        line.clear();
        answers.read_line(&mut line)?;
        let text = line.trim_end();
        if status.is_empty() {
            text.clone_into(&mut status);
            ensure!(!status.is_empty(), "the server closed a connection");
        }
        if text.is_empty() {
            break;
        }
        if let Some((name, value)) = text.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    answers.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body);
    ensure!(
        status.contains(" 200 ") && body.starts_with(r#"{"success":true"#),
        "the server answered `{status}`: {}",
        body.chars().take(300).collect::<String>()
    );
    Ok(())
}

fn send_batches(shop: &Shop, events: &[String]) -> Result<Duration> {
    let request = |batch: &[String]| {
        let events: Vec<&str> = batch.iter().map(|it| it.as_str()).collect();
        shop.request("/v1/batch", &format!(r#"{{"batch":[{}]}}"#, events.join(",")))
    };
    let requests: Vec<Vec<u8>> = events.chunks(PLAIN_ROWS).map(request).collect();
    Ok(send(shop.address, BATCH_CONNECTIONS, &requests)?.0)
}

/// How long all took, and within which wait 99 in 100 were answered.
fn send_singles(shop: &Shop, events: &[String]) -> Result<(Duration, Duration)> {
    let request = |it: &String| {
        let is_facts = it.contains(r#""type":"identify""#);
        shop.request(if is_facts { "/v1/identify" } else { "/v1/track" }, it)
    };
    let requests: Vec<Vec<u8>> = events.iter().map(request).collect();
    let (took, mut waits) = send(shop.address, SINGLE_CONNECTIONS, &requests)?;
    waits.sort_unstable();
    Ok((took, waits[waits.len() * 99 / 100]))
}

/// The same bytes at the end of a file, `together` events for one wait for the disk.
fn append(folder: &Path, events: &[String], together: usize) -> Result<Duration> {
    let mut file = File::create(folder.join("appended"))?;
    let begin = Instant::now();
    for batch in events.chunks(together) {
        let bytes: Vec<u8> = batch.iter().flat_map(|it| it.bytes()).collect();
        file.write_all(&bytes)?;
        file.sync_data()?;
    }
    Ok(begin.elapsed())
}
