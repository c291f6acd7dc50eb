//! What came in and is not in the log.

use super::*;
use crate::{
    ARRIVALS_MAX, Arrival,
    ArrivalOutcome::{self, Duplicate, Ignored, Rejected},
};

fn arrival(seconds: i64, outcome: ArrivalOutcome) -> Arrival {
    Arrival {
        at: at(seconds),
        source: "shopify".to_owned(),
        name: "orders/create".to_owned(),
        key: format!("order:{seconds}"),
        outcome,
        status: if outcome == Rejected { 400 } else { 200 },
        reason: if outcome == Rejected { "`id` is missing; give it" } else { "" }.to_owned(),
    }
}

pub fn arrivals_come_back_newest_first(store: &Store) {
    let told = [arrival(1, Duplicate), arrival(2, Rejected), arrival(3, Ignored)];
    write(store, |tx| tx.keep_arrivals(&told[..2]));
    write(store, |tx| tx.keep_arrivals(&told[2..]));
    let page = |before, outcome, limit| read(store, |tx| tx.arrivals_page(before, outcome, limit));
    let mut all: Vec<(u64, Arrival)> = (1..).zip(told.clone()).collect();
    all.reverse();
    assert_eq!(page(None, None, 9), all, "as they were told");
    assert_eq!(page(None, None, 2), all[..2]);
    assert_eq!(page(Some(2), None, 2), all[2..], "goes on where the page before ended");
    assert_eq!(page(None, Some(Rejected), 9), all[1..2], "of one outcome");
    assert_eq!(page(Some(2), Some(Rejected), 9), []);
    let counts = read(store, |tx| tx.count_arrivals_since(at(2)));
    assert_eq!(counts, [(Ignored, 1), (Rejected, 1)], "from then on");
    assert_eq!(read(store, |tx| tx.newest_arrival()), 3);
}

pub fn the_oldest_arrivals_go(store: &Store) {
    let most = usize::try_from(ARRIVALS_MAX).unwrap();
    let many: Vec<Arrival> = (0..).map(|it| arrival(it, Duplicate)).take(most).collect();
    write(store, |tx| tx.keep_arrivals(&many));
    let count = || read(store, |tx| tx.count_arrivals_since(at(0)));
    assert_eq!(count(), [(Duplicate, ARRIVALS_MAX)], "so many are kept");
    write(store, |tx| tx.keep_arrivals(&[arrival(-1, Rejected), arrival(20_000, Rejected)]));
    assert_eq!(count(), [(Duplicate, ARRIVALS_MAX - 2), (Rejected, 1)], "by number, not by time");
    let newest = read(store, |tx| tx.arrivals_page(None, None, 1));
    assert_eq!(newest[0].0, ARRIVALS_MAX + 2, "numbers go on");
}

pub fn the_newest_events_from_outside_are_found(store: &Store) {
    let newest = |before, limit| {
        let (events, next) = read(store, |tx| tx.newest_events(before, "aftercart", limit));
        (events.into_iter().map(|it| it.key.key).collect::<Vec<String>>(), next)
    };
    let none: (Vec<String>, Option<u64>) = (Vec::new(), None);
    assert_eq!(newest(None, 9), none, "nothing came yet");
    write(store, |tx| {
        for (source, key, seconds) in
            [("segment", "a", 0), ("aftercart", "b", 1), ("shopify", "c", 2), ("aftercart", "d", 3)]
        {
            tx.append_event(&viewed(source, key, None, seconds))?;
        }
        Ok(())
    });
    assert_eq!(newest(None, 9).0, ["c", "a"], "newest first, without our own");
    assert_eq!(newest(None, 1), (vec!["c".to_owned()], Some(3)));
    assert_eq!(newest(Some(3), 1), (vec!["a".to_owned()], None), "the last page says so");
    assert_eq!(newest(None, 9).1, None, "nothing older was left out");
    let received =
        |since, newest| read(store, |tx| tx.count_events_received(at(since), "aftercart", newest));
    assert_eq!(received(1, 99), 2, "each was received a second after it happened");
    assert_eq!(received(2, 99), 1);
    assert_eq!(received(1, 2), 1, "no further back than asked");
}

pub fn a_page_looks_back_no_further_than_so_far(store: &Store) {
    write(store, |tx| {
        tx.append_event(&viewed("segment", "long ago", None, 0))?;
        for n in 0..20_000 {
            tx.append_event(&viewed("aftercart", &n.to_string(), None, n))?;
        }
        Ok(())
    });
    let newest = |before| read(store, |tx| tx.newest_events(before, "aftercart", 9));
    let (events, next) = newest(None);
    assert_eq!((events.len(), next), (0, Some(2)), "empty, and more to come");
    let (events, next) = newest(next);
    assert_eq!((events.len(), next), (1, None));
}
