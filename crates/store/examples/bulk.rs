//! How fast a large import is: `cargo run --release -p aftercart-store --example bulk -- URL`.
//!
//! 36,000 orders with 20 lines each, as events and as orders, in one change; then the questions
//! about everybody that follow an import. `URL` is a new folder or an empty `postgres://…`.

use std::time::Instant;

use aftercart_model::{
    CustomerId, EventBody, EventKey, Order, OrderId, OrderLine, ProductId, Timestamp,
};
use aftercart_store::{Appended, NewEvent, Result, Store};

const ORDERS: u32 = 36_000;
const LINES: u32 = 20;
const CUSTOMERS: usize = 6_000;
/// 2009-12-01T00:00:00Z; an order every half hour from there.
const START_SECOND: i64 = 1_259_625_600;

fn order(number: u32, customer: CustomerId) -> Result<Order> {
    let line = |line| OrderLine {
        product: ProductId((number * 7 + line * 131) % 4_000),
        quantity: 1 + line % 12,
        amount_minor: 1_000 + i64::from(line) * 37,
    };
    let lines: Vec<OrderLine> = (0..LINES).map(line).collect();
    Ok(Order {
        id: OrderId::new((500_000 + number).to_string())?,
        customer: Some(customer),
        placed_at: Timestamp::from_second(START_SECOND + i64::from(number) * 1_800)?,
        total_minor: lines.iter().map(|it| it.amount_minor).sum(),
        lines,
        coupon: None,
        refunded_minor: 0,
        cancelled_at: None,
    })
}

fn main() -> Result<()> {
    let Some(url) = std::env::args().nth(1) else {
        anyhow::bail!("name a new folder or an empty database to fill");
    };
    let store = Store::open(&url)?;
    let started = Instant::now();
    store.write(|tx| {
        let now = Timestamp::from_second(START_SECOND)?;
        let customers =
            (0..CUSTOMERS).map(|_| tx.create_customer(None, now)).collect::<Result<Vec<_>>>()?;
        for number in 0..ORDERS {
            // Spread as customers come back: not in the order in which they were first seen.
            let order = order(number, customers[number as usize * 2_654_435 % CUSTOMERS])?;
            let event = NewEvent {
                key: EventKey { source: "import:bulk".to_owned(), key: order.id.to_string() },
                customer: order.customer,
                at: order.placed_at,
                stated_at: None,
                received_at: now,
                body: EventBody::OrderPlaced {
                    order: order.id.clone(),
                    lines: order.lines.clone(),
                    total_minor: order.total_minor,
                    coupon: None,
                },
            };
            if let Appended::New { seq } = tx.append_event(&event)? {
                tx.insert_order(seq, &order)?;
            }
        }
        Ok(())
    })?;
    let written = started.elapsed();

    let started = Instant::now();
    let mut lines = 0;
    store.read(|tx| {
        tx.scan_orders(&mut |order| {
            lines += order.lines.len();
            Ok(())
        })
    })?;
    let orders_read = started.elapsed();
    let started = Instant::now();
    let mut events = 0;
    store.read(|tx| {
        tx.scan_events(0, &mut |_| {
            events += 1;
            Ok(())
        })
    })?;
    let events_read = started.elapsed();
    println!("{ORDERS} orders with {lines} lines written in {written:.2?}, durable");
    println!("all orders read in {orders_read:.2?}, {events} events in {events_read:.2?}");
    Ok(())
}
