//! Hand-built customers for the tests of this crate.

use aftercart_model::{Event, EventBody, EventKey, OrderId, OrderLine, Product, ProductId};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{Catalogue, CustomerFacts, HistoryBuffer, Relations, Subject};

pub const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

pub const DRIPPER: ProductId = ProductId(0);
/// Goes with the dripper.
pub const KETTLE: ProductId = ProductId(1);
/// A better kettle, and a better dripper.
pub const GOOSENECK: ProductId = ProductId(2);
/// Has to do with nothing.
pub const APRON: ProductId = ProductId(3);

/// A customer under construction: events in the order they reached the log.
#[derive(Default)]
pub struct Sample {
    pub events: Vec<Event>,
    pub facts: CustomerFacts,
}

impl Sample {
    pub fn new() -> Self {
        Self::default()
    }

    /// Something that happened so many hours ago.
    pub fn with(mut self, age_hours: i64, body: EventBody) -> Self {
        let seq = self.events.len() as u64 + 1;
        let at = NOW - SignedDuration::from_hours(age_hours);
        let key = EventKey { source: "test".to_owned(), key: seq.to_string() };
        self.events.push(Event { seq, key, customer: None, at, received_at: at, body });
        self
    }

    pub fn ordered(self, age_hours: i64, id: &str, products: &[(ProductId, i64)]) -> Self {
        let line = |&(product, amount_minor): &_| OrderLine { product, quantity: 1, amount_minor };
        let body = EventBody::OrderPlaced {
            order: OrderId::new(id).unwrap(),
            lines: products.iter().map(line).collect(),
            total_minor: products.iter().map(|it| it.1).sum(),
            coupon: None,
        };
        self.with(age_hours, body)
    }

    pub fn cancelled(self, age_hours: i64, id: &str) -> Self {
        self.with(age_hours, EventBody::OrderCancelled { order: OrderId::new(id).unwrap() })
    }

    pub fn viewed(self, age_hours: i64, product: ProductId) -> Self {
        self.with(age_hours, EventBody::ProductViewed { product })
    }

    /// Asks something of the customer in the sample shop.
    pub fn ask<T>(&self, question: impl FnOnce(&Subject<'_>) -> T) -> T {
        let buffer = HistoryBuffer::of(&self.events);
        question(&Subject {
            history: buffer.as_history(),
            customer: &self.facts,
            catalogue: &catalogue(),
            relations: &relations(),
            zone: &TimeZone::UTC,
        })
    }
}

pub fn catalogue() -> Catalogue {
    let product = |id, code, name, category: &str, kind: &str, price_minor| Product {
        category: category.to_owned(),
        kind: kind.to_owned(),
        tags: vec![format!("for {kind}s")],
        ..Product::bare(id, code, name, price_minor)
    };
    Catalogue::new(&[
        product(DRIPPER, "D1", "Ceramic dripper", "Brewing", "dripper", 4_250),
        product(KETTLE, "K1", "Stovetop kettle", "Kettles", "kettle", 3_900),
        product(GOOSENECK, "K2", "Gooseneck kettle", "Kettles", "kettle", 8_900),
        product(APRON, "A1", "Linen apron", "Textiles", "apron", 5_500),
    ])
}

pub fn relations() -> Relations {
    let complements = vec![vec![KETTLE], vec![DRIPPER], vec![], vec![]];
    let upgrades = vec![vec![GOOSENECK], vec![GOOSENECK], vec![], vec![]];
    Relations::new(complements, upgrades)
}
