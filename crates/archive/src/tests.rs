//! Laws of the archive: it answers as the evaluator does over each customer's own events.

use std::{collections::BTreeMap, fs, path::Path};

use aftercart_model::{
    Agent, CustomerId, EmailName, Event, EventBody, EventKey, FlowId, MessageId, OrderId,
    OrderLine, Product, ProductId, StepId, Timestamp,
};
use aftercart_segment::{
    Catalogue, Condition, CustomerFacts, History, HistoryBuffer, HistoryKind, HistoryRow, NameId,
    PropertyValue, Relations, Shop, Subject, UPSELL_SEGMENT, evaluate, parse,
};
use jiff::{SignedDuration, tz::TimeZone};
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
};

use crate::{Archive, Candidate};

const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

const CUSTOMERS: i64 = 6;

/// What happened, to whom, and how many hours before now; at an hour's grain, so that many events
/// fall on one instant.
fn any_events() -> impl Strategy<Value = Vec<Event>> {
    let product = || (0_u32..5).prop_map(ProductId);
    let order = || (0_u32..8).prop_map(|it| OrderId::new(it.to_string()).unwrap());
    let line = (product(), 1_u32..4, 1_i64..5_000).prop_map(|(product, quantity, amount_minor)| {
        OrderLine { product, quantity, amount_minor }
    });
    let coupon = proptest::option::of("[ab]{1,2}");
    let placed = (order(), vec(line, 0..3), coupon).prop_map(|(order, lines, coupon)| {
        let total_minor = lines.iter().map(|it| it.amount_minor).sum();
        EventBody::OrderPlaced { order, lines, total_minor, coupon }
    });
    let email = || {
        let email = ("[fg]", "[st]").prop_map(|(flow, step)| EmailName {
            flow: FlowId::new(flow).unwrap(),
            step: StepId::new(step).unwrap(),
        });
        proptest::option::of(email)
    };
    let value = prop_oneof![
        "[ab]{1,2}".prop_map(serde_json::Value::from),
        (-2_i64..3).prop_map(serde_json::Value::from),
        Just(serde_json::json!(0.5)),
        any::<bool>().prop_map(serde_json::Value::from),
        Just(serde_json::json!(["a list is not kept"])),
    ];
    let custom = ("Quiz [ab]", btree_map("[ab]{1,2}", value, 0..3))
        .prop_map(|(name, properties)| EventBody::Custom { name, properties });
    let agent = || prop_oneof![Just(Agent::Human), Just(Agent::Machine)];
    let body = prop_oneof![
        placed,
        order().prop_map(|order| EventBody::OrderCancelled { order }),
        product().prop_map(|product| EventBody::ProductViewed { product }),
        (agent(), proptest::option::of(product()), email()).prop_map(|(agent, product, email)| {
            let (message, url) = (MessageId(1), String::new());
            EventBody::MessageClicked { message, agent, product, url, email }
        }),
        (agent(), email()).prop_map(|(agent, email)| EventBody::MessageOpened {
            message: MessageId(1),
            agent,
            email,
        }),
        custom,
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

/// What rows say, with texts in the place of numbers.
fn rows(history: History<'_>) -> Vec<String> {
    let names = history.names();
    let row = |(index, row): (usize, HistoryRow)| {
        let subject = match row.kind {
            HistoryKind::Custom => names.text(NameId(row.subject)).to_owned(),
            _ if row.email().is_some() && row.product().is_none() => String::new(),
            _ => row.subject.to_string(),
        };
        let email = history.email(index).and_then(|it| names.email(it));
        let property = |(name, value): (NameId, PropertyValue)| {
            let value = match value {
                PropertyValue::Text(text) => names.text(text).to_owned(),
                other => format!("{other:?}"),
            };
            (names.text(name).to_owned(), value)
        };
        let mut properties: Vec<_> = history.properties(index).map(property).collect();
        properties.sort();
        let (at, quantity) = (row.at_ms, history.quantity(index));
        format!(
            "{at} {:?} {subject} {} {quantity:?} {email:?} {properties:?}",
            row.kind, row.amount
        )
    };
    history.iter().enumerate().map(row).collect()
}

/// The shop's world for conditions: five products, each going with the next.
struct World {
    catalogue: Catalogue,
    relations: Relations,
    facts: CustomerFacts,
    zone: TimeZone,
}

impl World {
    fn shop(&self) -> Shop<'_> {
        Shop::new(&self.catalogue, &self.relations)
    }

    fn subject<'a>(&'a self, history: History<'a>) -> Subject<'a> {
        Subject::new(history, &self.facts, &self.zone, self.shop())
    }

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
        let found = archive.scan(&asked, &candidates, world.shop(), NOW);
        for (condition, found) in conditions.iter().zip(found) {
            let is_met = |customer: &CustomerId| {
                let buffer = expected_histories.get(customer).cloned().unwrap_or_default();
                let subject = world.subject(buffer.as_history());
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
                let answers = archive.scan(&asked, &[candidate], world.shop(), NOW);
                for (condition, answer) in conditions.iter().zip(answers) {
                    let subject = world.subject(buffer.as_history());
                    prop_assert_eq!(!answer.is_empty(), evaluate(condition, &subject, NOW));
                }
            }
            prop_assert_eq!(archive.rows(), held);
        }
    }

    #[test]
    fn an_archive_comes_back_from_its_files(
        events in any_events(),
        merges in vec((0..CUSTOMERS, 0..CUSTOMERS, 0_usize..60), 0..3),
        saved in 0_usize..60,
    ) {
        let events = with_merges(events, &merges);
        let (before, after) = events.split_at(saved.min(events.len()));
        let folder = tempfile::tempdir().unwrap();
        archive(before, &[]).snapshot().save(folder.path(), "ours").unwrap();
        let mut opened = open(folder.path()).unwrap().unwrap();
        prop_assert_eq!(opened.through(), before.last().map_or(0, |it| it.seq));
        // Read again from where the reader is not sure.
        opened.append(before);
        opened.append(after);
        let expected = archive(&events, &[]);
        for customer in (0..CUSTOMERS).map(CustomerId) {
            let found = opened.history_of(customer).map(rows);
            prop_assert_eq!(found, expected.history_of(customer).map(rows));
        }
        prop_assert_eq!(opened.rows(), expected.rows());
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
    let found = archive.scan(&[&viewed, &never], &candidates, world.shop(), NOW);
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
    assert!(archive.sealed_bytes() < 200_000 * 11, "10 bytes a view, and the customers");
}

fn custom(seq: u64, customer: i64, text: &str) -> Event {
    let properties = BTreeMap::from([("nickname".to_owned(), text.into())]);
    let body = EventBody::Custom { name: "Signed Up".to_owned(), properties };
    Event { body, ..view(seq, customer) }
}

/// All that stands in a folder, one file after another.
fn bytes_in(folder: &Path) -> Vec<u8> {
    let files = fs::read_dir(folder).unwrap();
    files.flat_map(|it| fs::read(it.unwrap().path()).unwrap()).collect()
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|it| it == text.as_bytes())
}

fn open(folder: &Path) -> anyhow::Result<Option<Archive>> {
    Archive::open(folder, |_, mark| Ok(mark == "ours"))
}

#[test]
fn the_erased_are_in_no_file_and_in_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::new();
    archive.append(&[custom(1, 1, "annie-the-first"), custom(2, 2, "bertie-the-second")]);
    assert_eq!(archive.snapshot().save(folder.path(), "ours").unwrap(), 1);
    let bytes = bytes_in(folder.path());
    assert!(has(&bytes, "annie-the-first") && has(&bytes, "bertie-the-second"));

    let mut archive = open(folder.path()).unwrap().unwrap();
    assert!(!archive.has_forgotten());
    archive.append(&[Event { body: EventBody::Erased, ..view(3, 1) }]);
    assert!(archive.has_forgotten(), "the files are to be written again");
    assert!(!format!("{archive:?}").contains("annie"));
    archive.snapshot().save(folder.path(), "ours").unwrap();
    assert!(!archive.has_forgotten());
    let bytes = bytes_in(folder.path());
    assert!(!has(&bytes, "annie") && has(&bytes, "bertie-the-second"));
    let archive = open(folder.path()).unwrap().unwrap();
    assert!(archive.history_of(CustomerId(1)).is_none());
    assert_eq!((archive.through(), archive.rows()), (3, 1));
}

#[test]
fn damaged_files_and_those_of_another_log_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(open(folder.path()).unwrap().is_none(), "there is none");
    let mut archive = Archive::rebuild([view(1, 1), view(2, 2)]);
    archive.snapshot().save(folder.path(), "another").unwrap();
    let refused = || open(folder.path()).unwrap_err().to_string();
    assert_eq!(refused(), "the archive is of another log");
    archive.snapshot().save(folder.path(), "ours").unwrap();
    assert_eq!(open(folder.path()).unwrap().unwrap().rows(), 2);

    let is_block = |it: &std::path::PathBuf| it.to_string_lossy().contains("block-");
    let mut files = fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().path());
    let block = files.find(is_block).unwrap();
    let whole = fs::read(&block).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    fs::write(&block, &damaged).unwrap();
    assert!(refused().ends_with("is damaged"), "{}", refused());
    fs::write(&block, &whole[..whole.len() - 1]).unwrap();
    assert!(refused().ends_with("is damaged"), "{}", refused());
    fs::remove_file(&block).unwrap();
    assert!(refused().starts_with("cannot read"), "{}", refused());
    fs::write(folder.path().join("archive.json"), "{").unwrap();
    assert_eq!(refused(), "the manifest of the archive is damaged");
}

#[test]
fn a_block_that_did_not_change_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let many = (1..=600_000).map(|seq| view(seq, i64::try_from(seq / 6).unwrap()));
    let mut archive = Archive::rebuild(many);
    let written = archive.snapshot().save(folder.path(), "ours").unwrap();
    assert!(written >= 2, "{written} blocks");
    archive.append(&[view(600_001, 5)]);
    assert_eq!(archive.snapshot().save(folder.path(), "ours").unwrap(), 1);
    let mut opened = open(folder.path()).unwrap().unwrap();
    assert_eq!(opened.rows(), 600_001);
    opened.append(&[view(600_002, 99_999)]);
    assert_eq!(opened.snapshot().save(folder.path(), "ours").unwrap(), 1, "nor after a start");
    let parquet = |it: &fs::DirEntry| it.file_name().to_string_lossy().ends_with(".parquet");
    let files = fs::read_dir(folder.path()).unwrap().filter(|it| parquet(it.as_ref().unwrap()));
    assert_eq!(files.count(), written + 1, "blocks and names; the old ones are gone");
}
