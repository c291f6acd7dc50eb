//! Hand-built customers for the tests of this crate.

use aftercart_model::{
    Agent, Currency, Event, EventBody, EventKey, MessageId, OrderId, OrderLine, Product, ProductId,
    Topic,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use proptest::{collection::vec, prelude::*};

use crate::{
    Amount, AmountBound, Catalogue, Condition, Count, CustomerFacts, Deed, HistoryBuffer, OrderAge,
    OrderPick, ProductTest, Relations, SPAN_DAYS_MAX, Span, Subject, Window, Words, WorthOf, parse,
};

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

    pub fn clicked(self, age_hours: i64, agent: Agent, product: ProductId) -> Self {
        let message = MessageId(1);
        let body = EventBody::MessageClicked {
            message,
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

    pub fn refunded(self, age_hours: i64, id: Option<&str>, amount_minor: i64) -> Self {
        let order = id.map(|it| OrderId::new(it).unwrap());
        self.with(age_hours, EventBody::OrderRefunded { order, amount_minor, lines: Vec::new() })
    }

    /// Whether the written condition is true of the customer.
    pub fn is(&self, condition: &str) -> bool {
        let condition = parse(condition).unwrap_or_else(|error| panic!("{condition}: {error}"));
        self.ask(|it| crate::evaluate(&condition, it, NOW))
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

/// Customers with all sorts of pasts, some of it yet to come.
pub fn any_sample() -> impl Strategy<Value = Sample> {
    /// The events of a sample that has one, to be moved to another age.
    fn body(sample: Sample) -> EventBody {
        sample.events.into_iter().next().expect("a sample of one event").body
    }
    let product = || (0_u32..4).prop_map(ProductId);
    let id = || (0_u32..4).prop_map(|it| it.to_string());
    let agent = || prop_oneof![Just(Agent::Human), Just(Agent::Machine)];
    let new = Sample::new;
    let any_body = prop_oneof![
        (id(), vec((product(), 0_i64..10_000), 0..3))
            .prop_map(move |(id, lines)| body(new().ordered(0, &id, &lines))),
        id().prop_map(move |id| body(new().cancelled(0, &id))),
        (proptest::option::of(id()), 0_i64..9_000)
            .prop_map(move |(id, minor)| body(new().refunded(0, id.as_deref(), minor))),
        product().prop_map(move |product| body(new().viewed(0, product))),
        (agent(), product()).prop_map(move |(agent, it)| body(new().clicked(0, agent, it))),
        agent().prop_map(move |agent| body(new().opened(0, agent))),
    ];
    vec((-48_i64..2_000, any_body), 0..12).prop_map(|events| {
        events.into_iter().fold(Sample::new(), |sample, (age, body)| sample.with(age, body))
    })
}

impl std::fmt::Debug for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.events.iter().map(|it| (it.at, &it.body))).finish()
    }
}

fn any_words() -> impl Strategy<Value = Words> {
    let word = prop_oneof![Just("Kettles".to_owned()), "\\PC{0,6}[a-z]", "[a\"\\\\\n ]{0,4}x"];
    vec(word, 1..4).prop_map(|it| Words::new(it).unwrap())
}

pub fn any_span() -> impl Strategy<Value = Span> {
    prop_oneof![
        (1..=SPAN_DAYS_MAX).prop_map(|it| Span::days(it).unwrap()),
        (1..=SPAN_DAYS_MAX * 24).prop_map(|it| Span::hours(it).unwrap()),
    ]
}

fn any_bound() -> impl Strategy<Value = AmountBound> {
    let code = prop_oneof![Just("EUR"), Just("JPY"), Just("KWD")];
    let amount = (0_i64..=1_000_000_000_000, code)
        .prop_map(|(minor, code)| Amount::new(minor, Currency::new(code).unwrap()).unwrap());
    (amount, any::<bool>()).prop_map(|(amount, is_least)| {
        if is_least { AmountBound::AtLeast(amount) } else { AmountBound::AtMost(amount) }
    })
}

fn any_product_test() -> impl Strategy<Value = ProductTest> {
    prop_oneof![
        Just(ProductTest::Any),
        Just(ProductTest::Related),
        Just(ProductTest::Better),
        any_words().prop_map(ProductTest::InCategory),
        any_words().prop_map(ProductTest::OfKind),
        any_words().prop_map(ProductTest::Tagged),
        any_words().prop_map(ProductTest::Named),
        any_words().prop_map(ProductTest::NameHas),
        any_words().prop_map(ProductTest::Coded),
        any_bound().prop_map(ProductTest::Priced),
    ]
}

pub fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        Just(Deed::Ordered),
        Just(Deed::StartedCheckout),
        Just(Deed::WasSentEmail),
        Just(Deed::OpenedEmail),
        Just(Deed::ClickedEmail),
        any_product_test().prop_map(Deed::Bought),
        any_product_test().prop_map(Deed::Viewed),
        any_product_test().prop_map(Deed::Clicked),
        any_product_test().prop_map(Deed::AddedToCart),
        any_product_test().prop_map(Deed::Reviewed),
    ]
}

fn any_clause() -> impl Strategy<Value = Condition> {
    let count = prop_oneof![
        (1_u32..9).prop_map(Count::at_least),
        (0_u32..9).prop_map(Count::AtMost),
        (0_u32..9).prop_map(Count::Exactly),
    ];
    let window = || {
        prop_oneof![
            Just(Window::Ever),
            Just(Window::SinceLastOrder),
            any_span().prop_map(Window::Last),
        ]
    };
    let pick = || prop_oneof![Just(OrderPick::First), Just(OrderPick::Last)];
    let of = prop_oneof![pick().prop_map(WorthOf::Order), Just(WorthOf::Average)];
    let age = prop_oneof![
        any_span().prop_map(OrderAge::AtLeast),
        any_span().prop_map(OrderAge::LessThan),
    ];
    prop_oneof![
        4 => (any_deed(), count, window())
            .prop_map(|(deed, count, window)| Condition::Did { deed, count, window }),
        1 => (any_bound(), window()).prop_map(|(bound, window)| Condition::Spent { bound, window }),
        1 => (of, any_bound()).prop_map(|(of, bound)| Condition::Worth { of, bound }),
        1 => (pick(), age).prop_map(|(pick, age)| Condition::Ordered { pick, age }),
        1 => any_words().prop_map(Condition::CountryIs),
        1 => prop_oneof![
            Just(Condition::AgreedTo(Topic::Marketing)),
            Just(Condition::AgreedTo(Topic::Feedback)),
            Just(Condition::IsSuppressed),
            Just(Condition::HasEmail),
        ],
    ]
}

/// Every condition that can be written, empty groups and groups of one among them.
pub fn any_condition() -> impl Strategy<Value = Condition> {
    any_clause().prop_recursive(6, 40, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Condition::All),
            vec(inner.clone(), 0..4).prop_map(Condition::Any),
            vec(inner.clone(), 0..4).prop_map(Condition::NoneOf),
            inner.prop_map(|it| Condition::Not(Box::new(it))),
        ]
    })
}
