//! Hand-built customers of a small shop: for the examples of the reference, and for tests.

use aftercart_model::{
    Agent, EmailName, Event, EventBody, EventKey, FlowId, MessageId, OrderId, OrderLine, Product,
    ProductId, StepId,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::json;

use crate::{Catalogue, CustomerFacts};

pub const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

pub const DRIPPER: ProductId = ProductId(0);
/// Goes with the dripper.
pub const KETTLE: ProductId = ProductId(1);
/// A better kettle, and a better dripper.
pub const GOOSENECK: ProductId = ProductId(2);
/// Has to do with nothing.
pub const APRON: ProductId = ProductId(3);

/// A customer under construction: events in the order they reached the log.
#[derive(Clone)]
pub struct Sample {
    pub events: Vec<Event>,
    pub facts: CustomerFacts,
    pub zone: TimeZone,
    /// How many hours ago the customer entered the flow that asks.
    pub entered_hours: Option<i64>,
}

impl Default for Sample {
    fn default() -> Self {
        let (events, facts) = (Vec::new(), CustomerFacts::default());
        Self { events, facts, zone: TimeZone::UTC, entered_hours: None }
    }
}

impl Sample {
    pub fn new() -> Self {
        Self::default()
    }

    /// Something that happened so many hours ago.
    pub fn with(self, age_hours: i64, body: EventBody) -> Self {
        self.with_event((age_hours * 60, body))
    }

    /// Something that happened so many minutes ago.
    pub fn with_event(mut self, (age_minutes, body): (i64, EventBody)) -> Self {
        let seq = self.events.len() as u64 + 1;
        let at = NOW - SignedDuration::from_mins(age_minutes);
        let key = EventKey { source: "test".to_owned(), key: seq.to_string() };
        self.events.push(Event { seq, key, customer: None, at, received_at: at, body });
        self
    }

    pub fn ordered(self, age_hours: i64, id: &str, products: &[(ProductId, i64)]) -> Self {
        let lines: Vec<_> = products.iter().map(|(product, minor)| (*product, 1, *minor)).collect();
        self.ordered_with(age_hours, id, &lines, None)
    }

    /// An order of products, each with its quantity and what was paid for them.
    pub fn ordered_with(
        self,
        age_hours: i64,
        id: &str,
        lines: &[(ProductId, u32, i64)],
        coupon: Option<&str>,
    ) -> Self {
        let line =
            |&(product, quantity, amount_minor): &_| OrderLine { product, quantity, amount_minor };
        let body = EventBody::OrderPlaced {
            order: OrderId::new(id).expect("well-formed"),
            lines: lines.iter().map(line).collect(),
            total_minor: lines.iter().map(|it| it.2).sum(),
            coupon: coupon.map(str::to_owned),
        };
        self.with(age_hours, body)
    }

    pub fn clicked(self, age_hours: i64, agent: Agent, product: ProductId) -> Self {
        let body = EventBody::MessageClicked {
            message: MessageId(1),
            agent,
            product: Some(product),
            url: String::new(),
            email: None,
        };
        self.with(age_hours, body)
    }

    pub fn opened(self, age_hours: i64, agent: Agent) -> Self {
        let message = MessageId(1);
        self.with(age_hours, EventBody::MessageOpened { message, agent, email: None })
    }

    /// A human opened an email of a flow.
    pub fn opened_email(self, age_hours: i64, flow: &str, step: &str) -> Self {
        let (message, agent) = (MessageId(1), Agent::Human);
        let email = Some(email(flow, step));
        self.with(age_hours, EventBody::MessageOpened { message, agent, email })
    }

    pub fn sent(self, age_hours: i64, flow: &str, step: &str) -> Self {
        let EmailName { flow, step } = email(flow, step);
        self.with(age_hours, EventBody::MessageSent { message: MessageId(1), flow, step })
    }

    /// An email was refused by the receiving server.
    pub fn bounced(self, age_hours: i64) -> Self {
        let (message, class) = (MessageId(1), aftercart_model::BounceClass::Hard);
        let reply = "550 no such user".to_owned();
        self.with(age_hours, EventBody::MessageBounced { message, class, reply, email: None })
    }

    pub fn refunded(self, age_hours: i64, id: Option<&str>, amount_minor: i64) -> Self {
        let order = id.map(|it| OrderId::new(it).expect("well-formed"));
        self.with(age_hours, EventBody::OrderRefunded { order, amount_minor, lines: Vec::new() })
    }

    pub fn cancelled(self, age_hours: i64, id: &str) -> Self {
        self.with(
            age_hours,
            EventBody::OrderCancelled { order: OrderId::new(id).expect("well-formed") },
        )
    }

    pub fn viewed(self, age_hours: i64, product: ProductId) -> Self {
        self.with(age_hours, EventBody::ProductViewed { product })
    }

    pub fn carted(self, age_hours: i64, product: ProductId, quantity: u32) -> Self {
        self.with(age_hours, EventBody::CartAdded { product, quantity })
    }

    pub fn reviewed(self, age_hours: i64, product: ProductId, rating: u8) -> Self {
        let (text, details) = (String::new(), Default::default());
        self.with(age_hours, EventBody::ProductReviewed { product, rating, text, details })
    }

    /// An event of the shop's own, with a score.
    pub fn quiz(self, age_hours: i64, name: &str, score: f64) -> Self {
        self.told(age_hours, name, json!({ "score": score, "level": "Hard", "passed": true }))
    }

    /// An event of the shop's own, with these properties.
    pub fn told(self, age_hours: i64, name: &str, properties: serde_json::Value) -> Self {
        let properties = serde_json::from_value(properties).expect("well-formed");
        self.with(age_hours, EventBody::Custom { name: name.to_owned(), properties })
    }
}

fn email(flow: &str, step: &str) -> EmailName {
    EmailName {
        flow: FlowId::new(flow).expect("well-formed"),
        step: StepId::new(step).expect("well-formed"),
    }
}

pub fn catalogue() -> Catalogue {
    let product = |id, code, name, category: &str, kind: &str, price_minor| Product {
        category: category.to_owned(),
        kind: kind.to_owned(),
        brand: if id == APRON { "" } else { "Hario" }.to_owned(),
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

impl std::fmt::Debug for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let zone = self.zone.iana_name();
        write!(f, "{zone:?}, entered {:?}, {:?}, ", self.entered_hours, self.facts)?;
        f.debug_list().entries(self.events.iter().map(|it| (it.at, &it.body))).finish()
    }
}
