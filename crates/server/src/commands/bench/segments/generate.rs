//! A shop of the size asked for, the same one every time.
//!
//! Of 100 events 43 are views, 8 carts, 3 checkouts, 9 orders, 24 emails sent, 8 opened by people and
//! 2 by machines, 2 clicks and 1 review. An order has 1 to 3 lines, of a line in five more than one
//! piece; one order in ten names a coupon. Of ten customers the busiest does 30 times what the idlest
//! does. Times lie within two years before the present, half of them in the last eight months.
//!
//! An order with its lines is one event of several rows: bytes an event are bytes over events.

use std::{collections::BTreeSet, fs, path::Path};

use aftercart_archive::{Archive, BulkRows, Rebuild};
use aftercart_model::{
    Agent, CustomerId, EmailName, Event, EventBody, EventKey, FlowId, MessageId, OrderId,
    OrderLine, Product, ProductId, StepId, Timestamp,
};
use aftercart_segment::{Catalogue, Relations};
use anyhow::{Context, Result};
use jiff::SignedDuration;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::super::NOW;

const PRODUCTS: u32 = 2_000;
const BUCKET_KEY: [u8; 16] = [7; 16];
const SPAN_MS: f64 = 730.0 * 86_400_000.0;
/// How many of a thousand events of ten customers each of them has.
const SHARES: [u64; 10] = [10, 15, 25, 40, 60, 85, 110, 145, 210, 300];
/// Customers whose events are drawn and taken at a time.
const CUSTOMERS_TOGETHER: u64 = 50_000;

/// What conditions are asked of beside events.
pub struct World {
    pub catalogue: Catalogue,
    pub relations: Relations,
    pub complements: Vec<Vec<ProductId>>,
    pub upgrades: Vec<Vec<ProductId>>,
}

pub fn world() -> World {
    let mut draw = ChaCha8Rng::seed_from_u64(11);
    let category = |id: u32| ["Kettles", "Cups", "Coffee", "Textiles"][id as usize % 4];
    let product = |id: u32| Product {
        category: category(id).to_owned(),
        ..Product::bare(ProductId(id), &format!("P{id}"), &format!("Product {id}"), price(id))
    };
    let products: Vec<Product> = (0..PRODUCTS).map(product).collect();
    let mut related = |most: usize| -> Vec<Vec<ProductId>> {
        let mut few = || {
            let mut few: Vec<ProductId> = (0..most).map(|_| any_product(&mut draw)).collect();
            few.sort_unstable();
            few.dedup();
            few
        };
        (0..PRODUCTS).map(|_| few()).collect()
    };
    let (complements, upgrades) = (related(8), related(2));
    World {
        catalogue: Catalogue::new(&products),
        relations: Relations::new(complements.clone(), upgrades.clone()),
        complements,
        upgrades,
    }
}

/// The customers in ascending order.
pub fn customers(count: u64) -> Vec<CustomerId> {
    (1..=count).map(|it| CustomerId::new(it, &BUCKET_KEY)).collect()
}

/// An archive of the events of all customers, sealed.
pub fn archive(customers: &[CustomerId], events: u64, told: &mut dyn FnMut(u64)) -> Archive {
    let mut rebuild = Rebuild::new();
    let mut seq = 0;
    for (index, own) in customers.chunks(CUSTOMERS_TOGETHER as usize).enumerate() {
        let first = index as u64 * CUSTOMERS_TOGETHER;
        let mut rows = BulkRows::new();
        for (customer, index) in own.iter().zip(first..) {
            each_event(*customer, index, customers.len() as u64, events, &mut |event| {
                seq += 1;
                rows.push(&Event { seq, ..event });
            });
        }
        rebuild.add(rows);
        told(first + own.len() as u64);
    }
    rebuild.finish()
}

/// Events of one customer, by time. Together all customers have exactly `events`.
pub fn each_event(
    customer: CustomerId,
    index: u64,
    customers: u64,
    events: u64,
    take: &mut dyn FnMut(Event),
) {
    let mut draw = ChaCha8Rng::seed_from_u64(index);
    // Which share falls to whom changes from ten to ten.
    let share = |it: u64| -> u64 {
        let (ten, place) = (it / 10, it % 10);
        let turned = SHARES.iter().cycle().skip((ten % 10) as usize).take(place as usize);
        ten * 1_000 + turned.sum::<u64>()
    };
    let whole = u128::from(share(customers));
    let until = |it: u64| (u128::from(events) * u128::from(share(it)) / whole) as u64;
    let count = until(index + 1) - until(index);

    let mut ages_ms: Vec<i64> =
        (0..count).map(|_| (draw.random::<f64>().powf(1.5) * SPAN_MS) as i64).collect();
    ages_ms.sort_unstable_by_key(|it| std::cmp::Reverse(*it));
    for (place, age_ms) in ages_ms.into_iter().enumerate() {
        let at = NOW - SignedDuration::from_millis(age_ms);
        let key = EventKey { source: "bench".to_owned(), key: format!("{customer}-{place}") };
        let body = body(&mut draw, customer, place);
        take(Event { seq: 0, key, customer: Some(customer), at, received_at: at, body });
    }
}

fn body(draw: &mut ChaCha8Rng, customer: CustomerId, place: usize) -> EventBody {
    let message = MessageId(customer.0);
    match draw.random_range(0..100) {
        0..43 => EventBody::ProductViewed { product: any_product(draw) },
        43..51 => {
            let quantity = any_quantity(draw);
            EventBody::CartAdded { product: any_product(draw), quantity }
        }
        51..54 => EventBody::CheckoutStarted { lines: Vec::new(), total_minor: any_total(draw) },
        54..63 => {
            let lines: Vec<OrderLine> = (0..draw.random_range(1..4)).map(|_| line(draw)).collect();
            let total_minor = lines.iter().map(|it| it.amount_minor).sum();
            let order = OrderId::new(format!("{customer}-{place}")).expect("a short id");
            let coupon = (draw.random_range(0..10) == 0).then(|| coupon(draw));
            EventBody::OrderPlaced { order, lines, total_minor, coupon }
        }
        63..87 => {
            let EmailName { flow, step } = any_email(draw);
            EventBody::MessageSent { message, flow, step }
        }
        of @ 87..97 => {
            let agent = if of < 95 { Agent::Human } else { Agent::Machine };
            EventBody::MessageOpened { message, agent, email: Some(any_email(draw)) }
        }
        97..99 => EventBody::MessageClicked {
            message,
            agent: Agent::Human,
            product: Some(any_product(draw)),
            url: String::new(),
            email: Some(any_email(draw)),
        },
        _ => EventBody::ProductReviewed {
            product: any_product(draw),
            rating: draw.random_range(1..6),
            text: String::new(),
            details: Default::default(),
        },
    }
}

fn line(draw: &mut ChaCha8Rng) -> OrderLine {
    let (product, quantity) = (any_product(draw), any_quantity(draw));
    OrderLine { product, quantity, amount_minor: price(product.0) * i64::from(quantity) }
}

fn price(product: u32) -> i64 {
    i64::from(product % 97) * 75 + 500
}

/// The square favours low numbers: some products sell much more than others.
fn any_product(draw: &mut ChaCha8Rng) -> ProductId {
    ProductId((draw.random::<f64>().powi(2) * f64::from(PRODUCTS)) as u32)
}

fn any_quantity(draw: &mut ChaCha8Rng) -> u32 {
    if draw.random_range(0..5) == 0 { draw.random_range(2..6) } else { 1 }
}

fn any_total(draw: &mut ChaCha8Rng) -> i64 {
    draw.random_range(500..20_000)
}

fn coupon(draw: &mut ChaCha8Rng) -> String {
    format!("NEXT{}", draw.random_range(0..50))
}

fn any_email(draw: &mut ChaCha8Rng) -> EmailName {
    let flow = ["upsell-cross-sell", "feedback", "win-back"][draw.random_range(0..3)];
    let step = ["offer", "reminder", "last-call", "thanks"][draw.random_range(0..4)];
    let known = "names of flows and steps are slugs";
    EmailName { flow: FlowId::new(flow).expect(known), step: StepId::new(step).expect(known) }
}

/// Puts events of the first customers into the log of a store, until there are `events`.
pub fn fill_store(
    store: &aftercart_engine::store::Store,
    customers: &[CustomerId],
    all_events: u64,
    events: u64,
) -> Result<()> {
    use aftercart_engine::store::NewEvent;

    let mut log: Vec<Event> = Vec::new();
    for (index, customer) in (0..).zip(customers) {
        if log.len() as u64 >= events {
            break;
        }
        let count = customers.len() as u64;
        each_event(*customer, index, count, all_events, &mut |it| log.push(it));
    }
    // As a log is: everybody's events in the order in which they happened.
    log.sort_by_key(|it| it.at);
    log.truncate(usize::try_from(events)?);
    for batch in log.chunks(10_000) {
        store.write_relaxed(|tx| {
            for event in batch {
                let Event { key, customer, at, received_at, body, .. } = event.clone();
                tx.append_event(&NewEvent {
                    key,
                    customer,
                    at,
                    stated_at: None,
                    received_at,
                    body,
                })?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// What other programs need beside the archive: how many customers there are, and which products go
/// with or better which.
pub fn export(folder: &Path, world: &World, customers: u64) -> Result<()> {
    let cannot = || format!("cannot write to `{}`", folder.display());
    fs::create_dir_all(folder).with_context(cannot)?;
    let shop = serde_json::json!({ "customers": customers }).to_string();
    fs::write(folder.join("shop.json"), shop).with_context(cannot)?;
    let mut pairs = BTreeSet::new();
    for lists in [&world.complements, &world.upgrades] {
        for (product, others) in lists.iter().enumerate() {
            pairs.extend(others.iter().map(|it| (product, it.0)));
        }
    }
    let mut text = "product,other\n".to_owned();
    pairs.iter().for_each(|(product, other)| text.push_str(&format!("{product},{other}\n")));
    fs::write(folder.join("related.csv"), text).with_context(cannot)
}

/// The moment at which everything is asked.
pub fn now() -> Timestamp {
    NOW
}
