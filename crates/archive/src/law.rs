//! The law of bulk questions: everybody asked at once answers as everybody asked alone, whatever was
//! sealed, stands in the tail or came back from files, in every zone, with events that came late.

use aftercart_model::{CustomerId, Event};
use aftercart_segment::{
    Condition, HistoryBuffer, Shop, Subject, evaluate,
    samples::{
        LAW_CASES, NOW, Sample, any_condition, any_sample, catalogue, model, relations, segments,
    },
};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{Archive, BulkRows, Candidate, Rebuild, parquet_file, sealed::Sealed};

/// What happens to the archive after an event of the log.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Seal,
    /// Written to files and opened again.
    Restart,
    /// The whole log so far read anew, in stretches.
    Rebuild,
}

fn any_turns() -> impl Strategy<Value = Vec<(Index, Turn)>> {
    let turn = prop_oneof![Just(Turn::Seal), Just(Turn::Restart), Just(Turn::Rebuild)];
    vec((any::<Index>(), turn), 0..4)
}

/// The log of a shop with these customers: each one's events in their order, drawn by `order`.
fn log(customers: &[Sample], order: &[Index]) -> Vec<Event> {
    let mut waiting: Vec<(CustomerId, std::slice::Iter<'_, Event>)> =
        (0..).map(CustomerId).zip(customers.iter().map(|it| it.events.iter())).collect();
    let mut log = Vec::new();
    let mut draws = order.iter().cycle();
    while !waiting.is_empty() {
        let drawn = draws.next().map_or(0, |it| it.index(waiting.len()));
        match waiting[drawn].1.next() {
            Some(event) => {
                let (seq, customer) = (log.len() as u64 + 1, Some(waiting[drawn].0));
                log.push(Event { seq, customer, ..event.clone() });
            }
            None => drop(waiting.remove(drawn)),
        }
    }
    log
}

fn archive(log: &[Event], turns: &[(Index, Turn)]) -> Archive {
    let mut archive = Archive::new();
    for (place, event) in log.iter().enumerate() {
        archive.append(std::slice::from_ref(event));
        for (_, turn) in turns.iter().filter(|it| it.0.index(log.len()) == place) {
            match turn {
                Turn::Seal => archive.seal(),
                Turn::Restart => archive = restarted(archive),
                Turn::Rebuild => archive = rebuilt(&log[..=place]),
            }
        }
    }
    archive
}

fn restarted(mut archive: Archive) -> Archive {
    archive.seal();
    let names = parquet_file::write_names(&archive.names).unwrap();
    let names = parquet_file::read_names(names.into()).unwrap();
    let block = |it: &std::sync::Arc<crate::block::Block>| {
        let bytes = parquet_file::write_block(it, &archive.names).unwrap();
        std::sync::Arc::new(parquet_file::read_block(bytes.into(), &names).unwrap())
    };
    let sealed = Sealed::of(archive.sealed.blocks().iter().map(block).collect());
    Archive { sealed, names, ..archive }
}

fn rebuilt(log: &[Event]) -> Archive {
    let mut rebuild = Rebuild::by(13);
    for stretch in log.chunks(5) {
        let mut rows = BulkRows::new();
        stretch.iter().for_each(|it| rows.push(it));
        rebuild.add(rows);
    }
    rebuild.finish()
}

fn asked_alone(customers: &[Sample], condition: &Condition, shop: Shop<'_>) -> Vec<CustomerId> {
    let is_met = |sample: &Sample| {
        let buffer = HistoryBuffer::of(&sample.events);
        let subject = Subject::new(buffer.as_history(), &sample.facts, &sample.zone, shop);
        evaluate(condition, &subject, NOW)
    };
    let customers = (0..).map(CustomerId).zip(customers);
    customers.filter(|(_, it)| is_met(it)).map(|(customer, _)| customer).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(LAW_CASES))]

    #[test]
    fn everybody_at_once_answers_as_everybody_alone(
        customers in vec(any_sample(), 1..5),
        order in vec(any::<Index>(), 1..20),
        turns in any_turns(),
        conditions in vec(any_condition(), 1..4),
    ) {
        let archive = archive(&log(&customers, &order), &turns);
        let (catalogue, relations, model) = (catalogue(), relations(), model());
        let shop = Shop::new(&catalogue, &relations);
        let shop = Shop { segments: segments(), model: Some(&model), ..shop };
        let candidates: Vec<Candidate<'_>> = (0..)
            .map(CustomerId)
            .zip(&customers)
            .map(|(customer, it)| Candidate { customer, facts: &it.facts, zone: &it.zone })
            .collect();
        let asked: Vec<&Condition> = conditions.iter().collect();
        let found = archive.scan(&asked, &candidates, shop, NOW);
        let counts: Vec<usize> = found.iter().map(Vec::len).collect();
        prop_assert_eq!(archive.count(&asked, &candidates, shop, NOW), counts);
        for (condition, found) in conditions.iter().zip(found) {
            prop_assert_eq!(found, asked_alone(&customers, condition, shop), "{}", condition);
        }
    }
}
