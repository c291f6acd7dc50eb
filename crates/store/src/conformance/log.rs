//! The log: idempotent, ordered, whole.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{Appended, Remembered};

pub fn an_event_is_taken_once(store: &Store) {
    let event = viewed("segment", "a", None, 0);
    let append = |event: &NewEvent| write(store, |tx| tx.append_event(event));
    assert_eq!(append(&event), Appended::New { seq: 1 });
    assert_eq!(append(&event), Appended::Duplicate { seq: 1 });
    let later = NewEvent { received_at: at(99), ..event.clone() };
    assert_eq!(append(&later), Appended::Duplicate { seq: 1 }, "received again, the same event");
    let elsewhere = viewed("shop", "a", None, 0);
    assert_eq!(append(&elsewhere), Appended::New { seq: 2 }, "keys are each source's own");
    assert_eq!(read(store, |tx| tx.log_head()), 2);
}

pub fn a_delivery_is_remembered_once(store: &Store) {
    let remember = |source: &str, key: &str, hash: u8| {
        write(store, |tx| tx.remember_delivery(source, key, &[hash; 32], NOON))
    };
    assert_eq!(remember("shopify", "a", 1), Remembered::New);
    assert_eq!(remember("shopify", "a", 1), Remembered::Duplicate);
    assert_eq!(remember("shopify", "a", 2), Remembered::Conflict, "another body");
    assert_eq!(remember("shopify", "a", 1), Remembered::Duplicate, "the first stays as it was");
    assert_eq!(remember("woocommerce", "a", 2), Remembered::New, "names are each source's own");
    assert_eq!(read(store, |tx| tx.log_head()), 0, "a delivery is no event");
}

pub fn the_oldest_deliveries_are_forgotten(store: &Store) {
    let remember = |source: &str, key: &str, seconds: i64| {
        write(store, |tx| tx.remember_delivery(source, key, &[1; 32], at(seconds)))
    };
    for (source, key, seconds) in
        [("shopify", "a", 3), ("woocommerce", "a", 1), ("shopify", "b", 2), ("shopify", "c", 4)]
    {
        assert_eq!(remember(source, key, seconds), Remembered::New);
    }
    let forget = |before, limit| write(store, |tx| tx.forget_deliveries(at(before), limit));
    assert_eq!(forget(1, 10), 0, "one exactly so old is not older");
    assert_eq!(forget(4, 2), 2, "no more than asked");
    assert_eq!(remember("shopify", "a", 3), Remembered::Duplicate, "the older two went");
    assert_eq!(forget(4, 2), 1, "the rest");
    assert_eq!(forget(4, 2), 0);
    assert_eq!(remember("shopify", "c", 4), Remembered::Duplicate, "young enough");
    assert_eq!(remember("shopify", "b", 2), Remembered::New, "forgotten");
}

pub fn a_key_with_another_content_is_a_conflict(store: &Store) {
    let customer = new_customer(store);
    let event = viewed("segment", "a", None, 0);
    write(store, |tx| tx.append_event(&event));
    let product = EventBody::ProductViewed { product: ProductId(8) };
    for (other, what) in [
        (NewEvent { at: at(1), ..event.clone() }, "another instant"),
        (NewEvent { customer: Some(customer), ..event.clone() }, "another customer"),
        (NewEvent { body: product, ..event.clone() }, "another body"),
    ] {
        let appended = write(store, |tx| tx.append_event(&other));
        assert_eq!(appended, Appended::Conflict { seq: 1 }, "{what}");
    }
    let kept = read(store, |tx| tx.event_by_key(&event.key)).unwrap();
    assert_eq!((kept.at, kept.body), (event.at, event.body), "the first stays as it was");
}

pub fn the_stated_instant_is_kept_beside_the_corrected_one(store: &Store) {
    let given = viewed("segment", "given", None, 0);
    let corrected =
        NewEvent { stated_at: Some(at(-3_600)), ..viewed("segment", "corrected", None, 0) };
    write(store, |tx| {
        tx.append_event(&given)?;
        tx.append_event(&corrected)
    });
    let stated = |event: &NewEvent| read(store, |tx| tx.stated_at(&event.key));
    assert_eq!((stated(&given), stated(&corrected)), (None, Some(at(-3_600))));
    assert_eq!(stated(&viewed("shop", "corrected", None, 0)), None, "keys are each source's own");
    assert_eq!(read(store, |tx| tx.event_by_key(&corrected.key)).unwrap().at, NOON);
}

pub fn events_come_back_as_they_were(store: &Store) {
    let customer = new_customer(store);
    let custom = NewEvent {
        body: EventBody::Custom {
            name: "Quiz \"Kaffee & Tee\" \u{0} ☕".to_owned(),
            properties: BTreeMap::from([("score".to_owned(), serde_json::json!([1.5, null]))]),
        },
        ..viewed("segment", "ключ", Some(customer), -3)
    };
    let views = [viewed("segment", "a", Some(customer), 5), viewed("segment", "b", None, 0)];
    write(store, |tx| {
        for event in views.iter().chain([&custom]) {
            tx.append_event(event)?;
        }
        Ok(())
    });
    let found = read(store, |tx| tx.event_by_key(&custom.key)).unwrap();
    let expected = Event {
        seq: 3,
        key: custom.key.clone(),
        customer: Some(customer),
        at: custom.at,
        received_at: custom.received_at,
        body: custom.body.clone(),
    };
    assert_eq!(found, expected);
    let of_customer = read(store, |tx| tx.events_of(customer));
    let seqs: Vec<u64> = of_customer.iter().map(|it| it.seq).collect();
    assert_eq!(seqs, [3, 1], "by when they happened, guests' left out");
    let unknown = EventKey { source: "segment".to_owned(), key: "z".to_owned() };
    assert_eq!(read(store, |tx| tx.event_by_key(&unknown)), None);

    let mut scanned = Vec::new();
    read(store, |tx| {
        tx.scan_events(1, &mut |event| {
            scanned.push(event.seq);
            Ok(())
        })
    });
    assert_eq!(scanned, [2, 3], "the log after a place, in its order");

    let mut lines = Vec::new();
    read(store, |tx| {
        tx.scan_log(1, 2, &mut |line| {
            lines.push((line.seq, line.customer, line.kind, line.at, line.body()?));
            Ok(())
        })?;
        tx.scan_log(3, 9, &mut |line| panic!("nothing stands behind: {line:?}"))
    });
    let second = read(store, |tx| {
        let mut second = None;
        tx.scan_events(1, &mut |it| {
            second.get_or_insert(it);
            Ok(())
        })?;
        Ok(second.unwrap())
    });
    let kind = second.body.kind() as u8;
    assert_eq!(lines, [(2, second.customer, kind, second.at, second.body)], "a stretch of it");
    let marks = [1, 2, 3, 4].map(|seq| read(store, |tx| tx.log_mark(seq)));
    assert!(marks[0].is_some() && marks[0] != marks[1] && marks[1] != marks[2]);
    assert_eq!(marks[3], None, "no event has this place");
}

pub fn a_page_of_events_goes_on_where_the_one_before_ended(store: &Store) {
    let customer = new_customer(store);
    // Pairs share an instant, so that a page ends between two of them.
    write(store, |tx| {
        for n in 0..7 {
            tx.append_event(&viewed("segment", &n.to_string(), Some(customer), n / 2))?;
        }
        Ok(())
    });
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = read(store, |tx| tx.events_page(customer, before, 3));
        let Some(last) = page.last() else { break };
        before = Some((last.at, last.seq));
        seen.extend(page.iter().map(|it| it.seq));
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
}

pub fn a_page_of_events_can_be_of_some_kinds(store: &Store) {
    let customer = new_customer(store);
    write(store, |tx| {
        tx.append_event(&viewed("segment", "a", Some(customer), 1))?;
        place(tx, &order("#1", Some(customer), 2, 1))?;
        tx.append_event(&viewed("segment", "b", Some(customer), 3)).map(drop)
    });
    let kinds = |first, last, before| -> Vec<u64> {
        let page = read(store, |tx| tx.events_page_of_kinds(customer, (first, last), before, 9));
        page.into_iter().map(|it| it.seq).collect()
    };
    let visits = (EventKind::ProductViewed, EventKind::CheckoutStarted);
    assert_eq!(kinds(visits.0, visits.1, None), [3, 1], "newest first");
    assert_eq!(kinds(visits.0, visits.1, Some((at(3), 3))), [1], "the next page");
    assert_eq!(kinds(EventKind::OrderPlaced, EventKind::OrderRefunded, None), [2]);
    assert_eq!(kinds(EventKind::MessageSent, EventKind::MessageDropped, None), Vec::<u64>::new());
}

pub fn the_newest_events_are_counted_by_kind(store: &Store) {
    let customer = new_customer(store);
    write(store, |tx| {
        for n in 0..5 {
            tx.append_event(&viewed("segment", &n.to_string(), Some(customer), 10 * n))?;
        }
        place(tx, &order("#1", Some(customer), 60, 1)).map(drop)
    });
    let viewed = |since, newest| {
        let kind = EventKind::ProductViewed;
        read(store, |tx| tx.count_newest_events(kind, at(since), newest))
    };
    assert_eq!(viewed(21, 99), 3, "received from then on, views alone");
    assert_eq!(viewed(0, 99), 5);
    assert_eq!(viewed(0, 2), 1, "no further back than asked");
    assert_eq!(viewed(100, 99), 0);
}

/// What of a log does not depend on where it stands: key to content, by customer's number here.
type Content = BTreeMap<String, (Option<usize>, Timestamp, ProductId)>;

pub fn the_state_after_events_is_independent_of_their_order(store: &Store) {
    let customers: Vec<CustomerId> = (0..3).map(|_| new_customer(store)).collect();
    let event = (0_usize..4, 0_i64..5, 0_u32..3);
    let history = vec(event, 1..12)
        .prop_flat_map(|events| {
            let all: Vec<usize> = (0..events.len()).collect();
            let repeated = vec(0..events.len(), 0..6);
            (Just(events), Just(all), repeated)
        })
        .prop_flat_map(|(events, all, repeated)| {
            let arrivals: Vec<usize> = all.into_iter().chain(repeated).collect();
            (Just(events), Just(arrivals.clone()).prop_shuffle(), Just(arrivals).prop_shuffle())
        });
    let runs = std::cell::Cell::new(0);
    law(history, |(events, one, other)| {
        let mut contents: Vec<Content> = Vec::new();
        for arrivals in [one, other] {
            runs.set(runs.get() + 1);
            let source = format!("run {}", runs.get());
            let mut taken = BTreeSet::new();
            for &index in &arrivals {
                let (customer, seconds, product) = events[index];
                let mut event =
                    viewed(&source, &index.to_string(), customers.get(customer).copied(), seconds);
                event.body = EventBody::ProductViewed { product: ProductId(product) };
                let appended = write(store, |tx| tx.append_event(&event));
                prop_assert_eq!(
                    matches!(appended, Appended::New { .. }),
                    taken.insert(index),
                    "new the first time and never again"
                );
            }
            let mut content = Content::new();
            read(store, |tx| {
                tx.scan_events(0, &mut |event| {
                    let EventBody::ProductViewed { product } = event.body else { unreachable!() };
                    if event.key.source == source {
                        let number = customers.iter().position(|it| Some(*it) == event.customer);
                        let known = content.insert(event.key.key, (number, event.at, product));
                        assert_eq!(known, None, "a key stands in the log once");
                    }
                    Ok(())
                })
            });
            contents.push(content);
        }
        prop_assert_eq!(contents[0].len(), events.len());
        prop_assert_eq!(&contents[0], &contents[1]);
        Ok(())
    });
    assert_eq!(read(store, |tx| tx.sums_hold()), Vec::<String>::new());
}
