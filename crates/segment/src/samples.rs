//! All sorts of customers, events and conditions for the laws of this crate.

mod conditions;

use std::sync::LazyLock;

use aftercart_insight::{BgNbd, GammaGamma, RfmModel, ShopModel};
use aftercart_model::{
    Agent, ConsentBasis, ConsentState, EventBody, ProductId, SuppressionReason, Topic,
};
use jiff::{SignedDuration, tz::TimeZone};
use proptest::{collection::vec, option, prelude::*};
use serde_json::json;

pub use self::conditions::{any_condition, any_deed, any_window};
pub use crate::reference::sample::{APRON, DRIPPER, GOOSENECK, KETTLE, NOW, Sample, catalogue};
use crate::{
    Catalogue, CustomerFacts, HistoryBuffer, Relations, Segments, Shop, Subject, evaluate, parse,
};

/// How many cases the laws of the language are tried with.
pub const LAW_CASES: u32 = 10_000;

impl Sample {
    /// Whether the written condition is true of the customer.
    pub fn is(&self, condition: &str) -> bool {
        let condition = parse(condition).unwrap_or_else(|error| panic!("{condition}: {error}"));
        self.ask(|it| evaluate(&condition, it, NOW))
    }

    /// Only what has happened by now.
    pub fn past(&self) -> Self {
        let past = self.events.iter().filter(|it| it.at <= NOW).cloned().collect();
        Self { events: past, ..self.clone() }
    }

    pub fn buffer(&self) -> HistoryBuffer {
        HistoryBuffer::of(&self.events)
    }

    /// Asks something of the customer in the sample shop.
    pub fn ask<T>(&self, question: impl FnOnce(&Subject<'_>) -> T) -> T {
        static SHOP: LazyLock<(Catalogue, Relations, ShopModel)> =
            LazyLock::new(|| (catalogue(), relations(), model()));
        let buffer = self.buffer();
        let entered_at = self.entered_hours.map(|it| NOW - SignedDuration::from_hours(it));
        let (catalogue, relations, model) = &*SHOP;
        let shop =
            Shop { segments: segments(), model: Some(model), ..Shop::new(catalogue, relations) };
        let subject = Subject::new(buffer.as_history(), &self.facts, &self.zone, shop);
        question(&Subject { entered_at, ..subject })
    }
}

pub fn relations() -> Relations {
    let complements = vec![vec![KETTLE], vec![DRIPPER], vec![], vec![]];
    let upgrades = vec![vec![GOOSENECK], vec![GOOSENECK], vec![], vec![]];
    let intervals = vec![Some(20), None, None, Some(30)];
    Relations::new(complements, upgrades).with_intervals(intervals, NOW)
}

/// The estimates published for the CDNOW sample, its weeks as days, and made-up fifths.
pub fn model() -> ShopModel {
    const DAY_MS: i64 = 24 * 3_600_000;
    ShopModel {
        bg_nbd: Some(BgNbd { r: 0.243, alpha: 4.414 * 7.0, a: 0.793, b: 2.426 }),
        gamma_gamma: Some(GammaGamma { p: 6.25, q: 3.74, v: 1_544.0 }),
        rfm: Some(RfmModel {
            age_ms_below: [60, 30, 10, 3].map(|days| days * DAY_MS),
            orders_above: [1, 2, 3, 4],
            minor_above: [2_000, 5_000, 8_000, 12_000],
        }),
        fitted_at: NOW,
        customers: 2_357,
        repeat_customers: 946,
    }
}

/// Segments that conditions of the laws may ask for.
pub fn segments() -> &'static Segments {
    static SEGMENTS: LazyLock<Segments> = LazyLock::new(|| {
        let segment = |name: &str, text: &str| (name.to_owned(), parse(text).unwrap());
        Segments::new([
            segment("buyers", "ordered at least 1 time in the last 30 days"),
            segment("lost", "is in segment \"buyers\" and viewed a product 0 times today"),
            segment("snake", "not is in segment \"snake\""),
        ])
    });
    &SEGMENTS
}

/// Any event, and how many minutes ago; some are yet to come.
pub fn any_event() -> impl Strategy<Value = (i64, EventBody)> {
    /// The event of a sample that has one.
    fn body(sample: Sample) -> EventBody {
        sample.events.into_iter().next().expect("a sample of one event").body
    }
    let product = || (0_u32..5).prop_map(ProductId);
    let id = || (0_u32..4).prop_map(|it| it.to_string());
    let agent = || prop_oneof![Just(Agent::Human), Just(Agent::Machine)];
    let flow = || prop_oneof![Just("upsell"), Just("feedback")];
    let step = || prop_oneof![Just("offer"), Just("last")];
    let new = Sample::new;
    let line = (product(), 0_u32..4, 0_i64..10_000);
    let coupon = option::of(prop_oneof![Just("WELCOME"), Just("red")]);
    let value = prop_oneof![
        (-2_i32..12).prop_map(|it| json!(it)),
        Just(json!(0.5)),
        Just(json!("red")),
        Just(json!("Dark Red")),
        Just(json!(true)),
        Just(json!(false)),
        Just(json!(null)),
    ];
    let name = prop_oneof![Just("Quiz Finished"), Just("quiz finished"), Just("Wishlist")];
    let properties = proptest::collection::btree_map(
        prop_oneof![Just("score"), Just("Colour"), Just("colour")],
        value,
        0..3,
    );
    let any_body = prop_oneof![
        4 => (id(), vec(line, 0..3), coupon)
            .prop_map(move |(id, lines, code)| body(new().ordered_with(0, &id, &lines, code))),
        1 => id().prop_map(move |id| body(new().cancelled(0, &id))),
        1 => (option::of(id()), 0_i64..9_000)
            .prop_map(move |(id, minor)| body(new().refunded(0, id.as_deref(), minor))),
        2 => product().prop_map(move |product| body(new().viewed(0, product))),
        1 => (product(), 0_u32..4).prop_map(move |(it, count)| body(new().carted(0, it, count))),
        1 => (product(), 1_u8..6).prop_map(move |(it, stars)| body(new().reviewed(0, it, stars))),
        1 => Just(EventBody::CheckoutStarted { lines: Vec::new(), total_minor: 5_000 }),
        1 => (agent(), product()).prop_map(move |(agent, it)| body(new().clicked(0, agent, it))),
        1 => agent().prop_map(move |agent| body(new().opened(0, agent))),
        1 => (flow(), step()).prop_map(move |(flow, step)| body(new().opened_email(0, flow, step))),
        1 => (flow(), step()).prop_map(move |(flow, step)| body(new().sent(0, flow, step))),
        3 => (name, properties)
            .prop_map(move |(name, told)| body(new().told(0, name, json!(told)))),
    ];
    // By the hour, so that many fall on one instant and on the ends of windows.
    let age = prop_oneof![3 => (-48_i64..2_000).prop_map(|it| it * 60), 1 => -2_000_i64..20_000];
    (age, any_body)
}

fn any_facts() -> impl Strategy<Value = CustomerFacts> {
    let basis = prop_oneof![
        Just(ConsentBasis::Unstated),
        Just(ConsentBasis::OptIn),
        Just(ConsentBasis::DoubleOptIn),
        Just(ConsentBasis::SoftOptIn),
    ];
    let state = prop_oneof![Just(ConsentState::Agreed), Just(ConsentState::Withdrawn)];
    let topic = prop_oneof![Just(Topic::Marketing), Just(Topic::Feedback)];
    let bars = vec(
        prop_oneof![Just(SuppressionReason::Bounce), Just(SuppressionReason::Unsubscribe),],
        0..3,
    );
    let place = || option::of(prop_oneof![Just("PT"), Just("red"), Just("pt-PT")]);
    let attributes = prop_oneof![
        Just(json!({})),
        Just(json!({ "plan": "gold", "score": 7, "colour": ["red", "blue"] })),
        Just(json!({ "Score": null, "Colour": "Dark Red", "plan": true })),
    ];
    let lists = prop_oneof![Just(vec![]), Just(vec!["VIP".to_owned()])];
    let said = vec((topic, state, basis), 0..3);
    (any::<bool>(), [place(), place(), place(), place(), place()], said, bars, attributes, lists)
        .prop_map(|(has_email, places, said, bars, attributes, lists)| {
            let [country, region, city, postal_code, locale] =
                places.map(|it| it.map(str::to_owned));
            let mut facts = CustomerFacts {
                has_email,
                country,
                region,
                city,
                postal_code,
                locale,
                bars,
                attributes: serde_json::from_value(attributes).unwrap(),
                lists: lists.into_iter().collect(),
                ..CustomerFacts::default()
            };
            for (topic, state, basis) in said {
                facts.consents.set(topic, state, basis);
            }
            facts
        })
}

/// Customers with all sorts of pasts, some of it yet to come.
pub fn any_sample() -> impl Strategy<Value = Sample> {
    let zone = prop_oneof![
        2 => Just("UTC"),
        1 => Just("Europe/Lisbon"),
        // Behind and far ahead, with changes of clocks at other dates.
        1 => Just("America/New_York"),
        1 => Just("Pacific/Kiritimati"),
    ];
    let zone = zone.prop_map(|it| TimeZone::get(it).expect("bundled zones"));
    (vec(any_event(), 0..12), any_facts(), zone, option::of(-5_i64..500)).prop_map(
        |(events, facts, zone, entered_hours)| {
            let sample = Sample { facts, zone, entered_hours, ..Sample::new() };
            events.into_iter().fold(sample, Sample::with_event)
        },
    )
}
