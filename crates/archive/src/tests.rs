//! Laws of the archive: it answers as the evaluator does over each customer's own events.

use std::collections::BTreeMap;

use aftercart_model::{
    Agent, CustomerId, Event, EventBody, EventKey, MessageId, OrderId, OrderLine, Product,
    ProductId, Timestamp,
};
use aftercart_segment::{
    Catalogue, Condition, CustomerFacts, HistoryBuffer, HistoryRow, Relations, Subject,
    UPSELL_SEGMENT, evaluate, parse,
};
use jiff::{SignedDuration, tz::TimeZone};
use proptest::{collection::vec, prelude::*};

use crate::{Archive, Candidate};

const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

const CUSTOMERS: i64 = 6;

/// What happened, to whom, and how many hours before now; at an hour's grain, so that many events
/// fall on one instant.
fn any_events() -> impl Strategy<Value = Vec<Event>> {
    let product = || (0_u32..5).prop_map(ProductId);
    let order = || (0_u32..8).prop_map(|it| OrderId::new(it.to_string()).unwrap());
    let line = (product(), 1_i64..5_000).prop_map(|(product, amount_minor)| OrderLine {
        product,
        quantity: 1,
        amount_minor,
    });
    let placed = (order(), vec(line, 0..3)).prop_map(|(order, lines)| {
        let total_minor = lines.iter().map(|it| it.amount_minor).sum();
        EventBody::OrderPlaced { order, lines, total_minor, coupon: None }
    });
    let agent = prop_oneof![Just(Agent::Human), Just(Agent::Machine)];
    let body = prop_oneof![
        placed,
        order().prop_map(|order| EventBody::OrderCancelled { order }),
        product().prop_map(|product| EventBody::ProductViewed { product }),
        (agent, proptest::option::of(product())).prop_map(|(agent, product)| {
            EventBody::MessageClicked { message: MessageId(1), agent, product, url: String::new() }
        }),
        Just(EventBody::MessageDeferred {
            message: MessageId(1),
            until: NOW,
            reason: "quiet hours".to_owned(),
        }),
    ];
    let customer = proptest::option::weighted(0.9, 0..CUSTOMERS);
    vec((customer, -24_i64..24 * 60, body), 0..60).prop_map(|rows| {
        let event = |(seq, (customer, age_hours, body)): (u64, (Option<i64>, i64, EventBody))| {
            let at = NOW - SignedDuration::from_hours(age_hours);
            let key = EventKey { source: "test".to_owned(), key: seq.to_string() };
            Event { seq, key, customer: customer.map(CustomerId), at, received_at: at, body }
        };
        (1..).zip(rows).map(event).collect()
    })
}

/// Appends the events, sealing after those at `seals`.
fn archive(events: &[Event], seals: &[usize]) -> Archive {
    let mut archive = Archive::new();
    for (index, event) in events.iter().enumerate() {
        archive.append(std::slice::from_ref(event));
        if seals.contains(&index) {
            archive.seal();
        }
    }
    archive
}

/// The events with merges among them, each at an instant of its own.
fn with_merges(mut events: Vec<Event>, merges: &[(i64, i64, usize)]) -> Vec<Event> {
    for (one, other, place) in merges {
        let other = CustomerId(*other);
        let merge = Event { body: EventBody::Merged { other }, ..view(1, *one) };
        events.insert((*place).min(events.len()), merge);
    }
    for (seq, event) in (1..).zip(&mut events) {
        event.seq = seq;
        event.at += SignedDuration::from_secs(i64::try_from(seq).unwrap());
    }
    events
}

fn expected_histories(events: &[Event]) -> BTreeMap<CustomerId, HistoryBuffer> {
    let mut expected: BTreeMap<CustomerId, HistoryBuffer> = BTreeMap::new();
    for event in events {
        if let Some(customer) = event.customer {
            expected.entry(customer).or_default().push(event);
        }
    }
    expected
}

fn rows(history: aftercart_segment::History<'_>) -> Vec<HistoryRow> {
    history.iter().collect()
}

/// The shop's world for conditions: five products, each going with the next.
struct World {
    catalogue: Catalogue,
    relations: Relations,
    facts: CustomerFacts,
    zone: TimeZone,
}

impl World {
    fn new() -> Self {
        let product = |id: u32| Product {
            category: if id < 2 { "Kettles" } else { "Cups" }.to_owned(),
            ..Product::bare(ProductId(id), &id.to_string(), "Thing", 100 + i64::from(id) * 50)
        };
        let products: Vec<Product> = (0..5).map(product).collect();
        let next = (0..5).map(|id| vec![ProductId((id + 1) % 5)]).collect();
        let better = (0..5).map(|id| vec![ProductId((id + 2) % 5)]).collect();
        Self {
            catalogue: Catalogue::new(&products),
            relations: Relations::new(next, better),
            facts: CustomerFacts::default(),
            zone: TimeZone::UTC,
        }
    }
}

fn conditions() -> Vec<Condition> {
    let texts = [
        UPSELL_SEGMENT,
        "ordered 0 times",
        "ordered at least 2 times in the last 30 days",
        "not ordered at least 1 time in the last 10 days",
        "bought a product in category \"Kettles\"",
    ];
    texts.iter().map(|it| parse(it).unwrap_or_else(|err| panic!("{it}: {err}"))).collect()
}

proptest! {
    #[test]
    fn a_history_is_the_same_however_it_was_sealed(
        events in any_events(), seals in vec(0_usize..60, 0..4),
    ) {
        let archive = archive(&events, &seals);
        let rebuilt = Archive::rebuild_by(events.iter().cloned(), 7);
        let expected = expected_histories(&events);
        for customer in (0..CUSTOMERS).map(CustomerId) {
            let found = archive.history_of(customer).map(rows).unwrap_or_default();
            let again = rebuilt.history_of(customer).map(rows).unwrap_or_default();
            prop_assert_eq!(&again, &found, "rebuilt");
            let expected = expected.get(&customer).map(|it| rows(it.as_history())).unwrap_or_default();
            prop_assert_eq!(found, expected);
        }
        let held: usize = expected.values().map(|it| it.as_history().len()).sum();
        prop_assert_eq!((archive.rows(), rebuilt.rows()), (held, held));
    }

    #[test]
    fn a_scan_is_the_evaluator_over_everybody(
        events in any_events(), seals in vec(0_usize..60, 0..4),
    ) {
        let (archive, world, conditions) = (archive(&events, &seals), World::new(), conditions());
        let expected_histories = expected_histories(&events);
        let customers: Vec<CustomerId> = (0..CUSTOMERS).map(CustomerId).collect();
        let candidate =
            |it: &CustomerId| Candidate { customer: *it, facts: &world.facts, zone: &world.zone };
        let candidates: Vec<Candidate<'_>> = customers.iter().map(candidate).collect();
        let asked: Vec<&Condition> = conditions.iter().collect();
        let found = archive.scan(&asked, &candidates, &world.catalogue, &world.relations, NOW);
        for (condition, found) in conditions.iter().zip(found) {
            let is_met = |customer: &CustomerId| {
                let buffer = expected_histories.get(customer).cloned().unwrap_or_default();
                let subject = Subject {
                    history: buffer.as_history(),
                    customer: &world.facts,
                    catalogue: &world.catalogue,
                    relations: &world.relations,
                    zone: &world.zone,
                };
                evaluate(condition, &subject, NOW)
            };
            let expected: Vec<CustomerId> = customers.iter().copied().filter(is_met).collect();
            prop_assert_eq!(found, expected, "{}", condition);
        }
    }

    #[test]
    fn merged_customers_have_one_history(
        events in any_events(),
        merges in vec((0..CUSTOMERS, 0..CUSTOMERS, 0_usize..60), 1..4),
        seals in vec(0_usize..60, 0..4),
    ) {
        let events = with_merges(events, &merges);
        let place = |customer: i64| usize::try_from(customer).unwrap();
        let mut root: Vec<i64> = (0..CUSTOMERS).collect();
        for (one, other, _) in &merges {
            let (one, other) = (root[place(*one)], root[place(*other)]);
            root.iter_mut().filter(|it| **it == one.max(other)).for_each(|it| *it = one.min(other));
        }
        let root_of = |it: CustomerId| CustomerId(root[place(it.0)]);
        let of_root = |it: &Event| Event { customer: it.customer.map(root_of), ..it.clone() };
        let expected = expected_histories(&events.iter().map(of_root).collect::<Vec<_>>());

        let (world, conditions) = (World::new(), conditions());
        let asked: Vec<&Condition> = conditions.iter().collect();
        let appended = archive(&events, &seals);
        for archive in [appended, Archive::rebuild_by(events.iter().cloned(), 7)] {
            let mut held = 0;
            for customer in (0..CUSTOMERS).map(CustomerId) {
                let found = archive.history_of(customer).map(rows).unwrap_or_default();
                let buffer = expected.get(&root_of(customer)).cloned().unwrap_or_default();
                prop_assert_eq!(&found, &rows(buffer.as_history()), "{:?}", customer);
                held += if root_of(customer) == customer { found.len() } else { 0 };

                let candidate = Candidate { customer, facts: &world.facts, zone: &world.zone };
                let (catalogue, relations) = (&world.catalogue, &world.relations);
                let answers = archive.scan(&asked, &[candidate], catalogue, relations, NOW);
                for (condition, answer) in conditions.iter().zip(answers) {
                    let history = buffer.as_history();
                    let (customer, zone) = (&world.facts, &world.zone);
                    let subject = Subject { history, customer, catalogue, relations, zone };
                    prop_assert_eq!(!answer.is_empty(), evaluate(condition, &subject, NOW));
                }
            }
            prop_assert_eq!(archive.rows(), held);
        }
    }

    #[test]
    fn events_read_twice_are_held_once(events in any_events(), again in 0_usize..60) {
        let mut archive = Archive::rebuild(events.iter().cloned());
        let before = archive.rows();
        archive.append(&events[again.min(events.len())..]);
        prop_assert_eq!(archive.rows(), before);
        prop_assert_eq!(archive.through(), events.len() as u64);
        prop_assert_eq!(archive.sealed_through(), events.len() as u64);
    }

    #[test]
    fn the_forgotten_are_gone_and_nobody_else(
        events in any_events(), at in 0_usize..60, is_by_log in any::<bool>(),
    ) {
        let mut archive = archive(&events, &[at]);
        if is_by_log {
            // As another process learns of it.
            let erased = |it: u64| Event { body: EventBody::Erased, ..view(it + 100, it.cast_signed()) };
            archive.append(&[erased(2), erased(99)]);
        } else {
            archive.forget(&[CustomerId(2), CustomerId(99)]);
        }
        for (customer, buffer) in expected_histories(&events) {
            let found = archive.history_of(customer).map(rows).unwrap_or_default();
            let kept = if customer == CustomerId(2) { Vec::new() } else { rows(buffer.as_history()) };
            prop_assert_eq!(found, kept);
        }
    }
}

fn view(seq: u64, customer: i64) -> Event {
    let at = NOW - SignedDuration::from_mins(i64::try_from(seq).unwrap());
    let key = EventKey { source: "test".to_owned(), key: seq.to_string() };
    let body = EventBody::ProductViewed { product: ProductId(0) };
    Event { seq, key, customer: Some(CustomerId(customer)), at, received_at: at, body }
}

#[test]
fn many_customers_are_asked_on_all_cores_in_their_order() {
    let world = World::new();
    let archive = Archive::rebuild((1..=5_000).map(|seq| view(seq, i64::try_from(seq).unwrap())));
    let candidate =
        |it: i64| Candidate { customer: CustomerId(it), facts: &world.facts, zone: &world.zone };
    let candidates: Vec<Candidate<'_>> = (0..10_000).map(candidate).collect();
    let viewed = parse("viewed a product at least 1 time").unwrap();
    let never = parse("ordered 0 times").unwrap();
    let found =
        archive.scan(&[&viewed, &never], &candidates, &world.catalogue, &world.relations, NOW);
    assert_eq!(found[0], (1..=5_000).map(CustomerId).collect::<Vec<_>>());
    assert_eq!(found[1].len(), 10_000, "those without a history too");
}

#[test]
fn a_long_tail_seals_itself() {
    let mut archive = Archive::new();
    for seq in 1..=200_000 {
        archive.append(&[view(seq, i64::try_from(seq % 1_000).unwrap())]);
    }
    assert!(archive.sealed_through() > 100_000);
    assert!(archive.sealed_through() < archive.through(), "but not at every event");
    assert_eq!(archive.rows(), 200_000);
    archive.seal();
    assert_eq!(archive.sealed_through(), 200_000);
    assert!(archive.sealed_bytes() < 200_000 * 22, "21 bytes a row, and the customers");
}
