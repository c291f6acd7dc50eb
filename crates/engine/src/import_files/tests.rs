//! Files into a store: once, again, cut short, and what follows for customers.

use std::fmt::Write as _;

use aftercart_ingest::TimeSource;
use aftercart_model::{
    ConsentState, CustomerId, EventBody, EventKey, Identifier, ReviewState, Suppression,
    SuppressionReason, Topic,
};
use aftercart_store::Store;
use anyhow::bail;
use tempfile::TempDir;

use super::*;

/// 2026-03-01T12:00:00Z.
const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0);

/// A folder with files and an empty shop.
struct Place {
    folder: TempDir,
    engine: Engine,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("store");
        let store = Store::open_with_bucket_key(place.to_str().unwrap(), [7; 16]).unwrap();
        Self { folder, engine: Engine::open(store, None).unwrap() }
    }

    fn plan(&self, kind: Kind, name: &str, text: &str) -> FilePlan {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        self.engine.plan_file(kind, &path, &FileChoices::default(), NOW).unwrap()
    }

    fn import(&self, kind: Kind, text: &str) -> FileImported {
        let plan = self.plan(kind, "file.csv", text);
        let imported = self.engine.import_file(&plan, &mut |_| {}, &mut |_| Ok(())).unwrap();
        assert_eq!(imported.rows, imported.taken + imported.known + imported.refused);
        imported
    }

    /// Imports until `rows` were refused, and ends there.
    fn import_cut_short(&self, plan: &FilePlan, rows: u64) {
        let mut refused = 0;
        let outcome = self.engine.import_file(plan, &mut |_| {}, &mut |_| {
            refused += 1;
            if refused == rows { bail!("the machine goes down") } else { Ok(()) }
        });
        assert!(outcome.is_err(), "it was to be cut short");
    }

    /// What is new, known and refused.
    fn counts(&self, kind: Kind, text: &str) -> (u64, u64, u64) {
        let imported = self.import(kind, text);
        (imported.taken, imported.known, imported.refused)
    }

    fn customer(&self, id: &str) -> CustomerId {
        let identifier = Identifier::external(aftercart_ingest::OWN_IDS, id);
        let found = self.engine.store().read(|tx| tx.customer_by_identifier(&identifier));
        found.unwrap().expect("a customer")
    }

    fn consents(&self, id: &str) -> Vec<(ConsentState, Timestamp)> {
        let customer = self.customer(id);
        let consents = self.engine.store().read(|tx| tx.consents_of(customer)).unwrap();
        consents.iter().map(|it| (it.state, it.at)).collect()
    }

    /// Every event but for the moment it was received, in the order of their keys.
    fn log(&self) -> Vec<(EventKey, Option<CustomerId>, Timestamp, EventBody)> {
        let mut events = Vec::new();
        let scan = |tx: &mut Tx<'_>| {
            tx.scan_events(0, &mut |it| {
                events.push((it.key, it.customer, it.at, it.body));
                Ok(())
            })
        };
        self.engine.store().read(scan).unwrap();
        events.sort_by(|a, b| a.0.cmp(&b.0));
        events
    }
}

/// So many orders of two lines each, and after every thousandth a row that is refused.
fn many_orders(count: usize) -> String {
    let mut text = "order_id,placed_at,customer_id,sku,quantity,unit_price\n".to_owned();
    for order in 1..=count {
        let (day, hour) = (1 + order % 28, order % 24);
        let placed_at = format!("2025-02-{day:02}T{hour:02}:00:00Z");
        for line in 0..2 {
            let sku = (order * 7 + line * 13) % 50;
            let customer = order % 400;
            let _ = writeln!(text, "{order},{placed_at},{customer},P{sku},1,9.50");
        }
        if order % 1_000 == 0 {
            let _ = writeln!(text, "bad-{order},soon,1,P1,1,9.50");
        }
    }
    text
}

#[test]
fn the_same_file_twice_changes_nothing() {
    let place = Place::new();
    let customers = "id,email,first_name,accepts_marketing,created_at\n\
                     7,ana@mail.example,Ana,yes,2025-01-01T10:00:00Z\n\
                     8,rui@mail.example,Rui,no,\n";
    let orders = "order_id,placed_at,customer_id,sku,product_name,quantity,unit_price\n\
                  1,2025-02-01T10:00:00Z,7,A,Kettle,1,20\n2,2025-02-02T10:00:00Z,8,A,Kettle,2,20\n";
    assert_eq!(place.counts(Kind::Customers, customers), (2, 0, 0));
    assert_eq!(place.counts(Kind::Orders, orders), (2, 0, 0));
    let before = place.log();
    assert_eq!(place.counts(Kind::Customers, customers), (0, 2, 0));
    assert_eq!(place.counts(Kind::Orders, orders), (0, 2, 0));
    assert_eq!(place.log(), before);
    let overlapping = "order_id,placed_at,customer_id,sku,product_name,quantity,unit_price\n\
                       2,2025-02-02T10:00:00Z,8,A,Kettle,2,20\n3,2025-02-03T10:00:00Z,8,A,Kettle,1,20\n";
    assert_eq!(place.counts(Kind::Orders, overlapping), (1, 1, 0), "files laid over one another");
}

#[test]
fn an_order_told_otherwise_stays_unless_the_file_says_since_when() {
    let place = Place::new();
    let header = "order_id,placed_at,updated_at,total\n";
    let of = |updated_at: &str, total: u32| {
        format!("{header}1,2025-02-01T10:00:00Z,{updated_at},{total}\n")
    };
    assert_eq!(place.counts(Kind::Orders, &of("", 20)), (1, 0, 0));
    let imported = place.import(Kind::Orders, &of("", 25));
    assert_eq!(imported.refused, 1);
    assert!(imported.reasons[0].reason.starts_with("it was told otherwise before"));
    assert_eq!(place.counts(Kind::Orders, &of("2025-02-02T10:00:00Z", 25)), (1, 0, 0));
    assert_eq!(place.counts(Kind::Orders, &of("2025-02-02T10:00:00Z", 25)), (0, 1, 0));
}

#[test]
fn lines_of_an_order_that_stand_far_apart_are_refused() {
    let place = Place::new();
    let mut text = "order_id,placed_at,sku,unit_price\n1,2025-02-01,A,20\n".to_owned();
    for order in 2..1_000 {
        let _ = writeln!(text, "{order},2025-02-01,A,20");
    }
    text.push_str("1,2025-02-01,B,30\n");
    let imported = place.import(Kind::Orders, &text);
    assert_eq!((imported.taken, imported.refused), (999, 1));
    assert!(imported.reasons[0].reason.contains("lines of one order must stand together"));
    assert_eq!(imported.reasons[0].lines, [1_001]);
}

#[test]
fn what_was_cut_short_goes_on_where_it_was() {
    let text = many_orders(12_000);
    let whole = Place::new();
    let once = whole.import(Kind::Orders, &text);
    assert_eq!((once.taken, once.known, once.refused), (24_000, 0, 12));
    let place = Place::new();
    let plan = place.plan(Kind::Orders, "file.csv", &text);
    place.import_cut_short(&plan, 8);
    let stored = place.log().len();
    assert!(0 < stored && stored < 12_000, "{stored} orders were stored before");
    let rest = place.import(Kind::Orders, &text);
    assert!(rest.passed_over > 0, "what was done is not asked for again");
    assert_eq!(rest.passed_over, rest.known);
    assert_eq!((rest.taken + rest.known, rest.refused), (24_000, 12));
    assert_eq!(place.log(), whole.log());
    let again = place.import(Kind::Orders, &text);
    assert_eq!((again.known, again.passed_over), (24_000, 0), "what is finished leaves no trace");
}

#[test]
fn a_file_that_was_changed_since_begins_at_its_first_row() {
    let text = many_orders(12_000);
    let place = Place::new();
    place.import_cut_short(&place.plan(Kind::Orders, "file.csv", &text), 8);
    // The same length and the same beginning, with another amount far behind.
    let changed = text.replacen(
        "3000,2025-02-05T00:00:00Z,200,P0,1,9.50",
        "3000,2025-02-05T00:00:00Z,200,P0,1,8.50",
        1,
    );
    assert_ne!(changed, text);
    assert_eq!(changed.len(), text.len());
    let rest = place.import(Kind::Orders, &changed);
    assert_eq!(rest.passed_over, 0);
    assert_eq!(rest.refused, 12 + 2, "the order that was stored otherwise is told so");
}

#[test]
fn a_customer_is_known_since_the_first_thing_told_of_them() {
    let place = Place::new();
    place.import(
        Kind::Orders,
        "order_id,placed_at,customer_id,total\n2,2025-02-02,7,20\n1,2024-02-02,7,20\n",
    );
    let customer = place.customer("7");
    let customer = place.engine.store().read(|tx| tx.customer(customer)).unwrap().unwrap();
    assert_eq!(customer.created_at.to_string(), "2024-02-02T00:00:00Z");
}

#[test]
fn the_same_words_in_another_file_are_known() {
    let place = Place::new();
    let text = "id,first_name,subscribed_at\n7,Ana,2025-06-01T00:00:00Z\n";
    assert_eq!(place.counts(Kind::Customers, text), (1, 0, 0));
    let plan = place.plan(Kind::Customers, "another.csv", text);
    let imported = place.engine.import_file(&plan, &mut |_| {}, &mut |_| Ok(())).unwrap();
    assert_eq!((imported.taken, imported.known, imported.refused), (0, 1, 0));
}

#[test]
fn an_import_outweighs_no_withdrawal_and_lifts_no_suppression() {
    let place = Place::new();
    let address = aftercart_model::EmailAddress::new("ana@mail.example").unwrap();
    let bar = Suppression { address: address.clone(), reason: SuppressionReason::ByHand, at: NOW };
    place.engine.store().write(|tx| tx.suppress(&bar)).unwrap();
    place.import(
        Kind::Customers,
        "id,email,status_of_list,unsubscribed_at\n7,ana@mail.example,x,2025-06-01T00:00:00Z\n",
    );
    let left_at: Timestamp = "2025-06-01T00:00:00Z".parse().unwrap();
    assert_eq!(place.consents("7"), [(ConsentState::Withdrawn, left_at)]);
    place.import(Kind::Customers, "id,email,accepts_marketing\n7,ana@mail.example,yes\n");
    place.import(
        Kind::Customers,
        "id,email,subscribed_at\n7,ana@mail.example,2024-01-01T00:00:00Z\n",
    );
    assert_eq!(place.consents("7"), [(ConsentState::Withdrawn, left_at)]);
    let suppression = place.engine.store().read(|tx| tx.suppression_of(&address)).unwrap();
    assert_eq!(suppression, Some(bar));
    place.import(
        Kind::Customers,
        "id,email,subscribed_at\n7,ana@mail.example,2025-07-01T00:00:00Z\n",
    );
    assert_eq!(place.consents("7")[0].0, ConsentState::Agreed, "they agreed again, later");
    place.import(Kind::Customers, "id,email,newsletter\n7,ana@mail.example,unsubscribed\n");
    assert_eq!(place.consents("7")[0].0, ConsentState::Withdrawn, "a no without a date is of now");
    let topics = place.engine.store().read(|tx| tx.consents_of(place.customer("7"))).unwrap();
    assert!(topics.iter().all(|it| it.topic == Topic::Marketing), "nothing else is claimed");
}

#[test]
fn reviews_keep_their_author_and_whether_they_are_shown() {
    let place = Place::new();
    place.import(Kind::Orders, "order_id,placed_at,customer_id,email,sku,product_name,product_url,unit_price\n1,2025-02-02,7,ana@mail.example,K1,Steel Kettle,https://shop.example/products/steel-kettle,20\n");
    let text = "product_handle,sku,product_name,rating,review,date,name,email,status\n\
                steel-kettle,,,5,Lovely,2025-03-01,Ana R.,ana@mail.example,approved\n\
                ,K1,,2,Leaks,2025-03-02,Somebody,,rejected\n\
                ,,steel kettle,4,,2025-03-03,,,\n\
                unknown,,,4,Fine,2025-03-03,Rui,,\n";
    let imported = place.import(Kind::Reviews, text);
    assert_eq!((imported.taken, imported.refused), (3, 1));
    assert!(imported.reasons[0].reason.starts_with("the shop has no product of this id"));
    assert_eq!(place.counts(Kind::Reviews, text), (0, 3, 1), "twice is once");
    let product = place.engine.store().read(|tx| tx.product_by_code("K1")).unwrap().unwrap().id;
    let mut reviews = place.engine.store().read(|tx| tx.reviews_of(product)).unwrap();
    reviews.sort_by_key(|it| it.at);
    let of: Vec<_> = reviews.iter().map(|it| (it.author.as_str(), it.state, it.rating)).collect();
    assert_eq!(
        of,
        [
            ("Ana R.", ReviewState::Approved, 5),
            ("Somebody", ReviewState::Declined, 2),
            ("", ReviewState::Pending, 4),
        ]
    );
    assert_eq!(reviews[0].customer, Some(place.customer("7")));
    assert!(reviews[0].bought_at.is_some(), "they bought it");
    assert_eq!(reviews[1].customer, None);
}

#[test]
fn a_mapping_is_kept_for_the_next_file_of_its_shape() {
    let place = Place::new();
    let path = place.folder.path().join("odd.csv");
    std::fs::write(&path, "Nr,Wann,Summe\n1,2025-02-01,20\n").unwrap();
    let plan = |maps: &[&str]| {
        let maps = maps.iter().map(|it| (*it).to_owned()).collect();
        let choices = FileChoices { maps, ..FileChoices::default() };
        place.engine.plan_file(Kind::Orders, &path, &choices, NOW).unwrap()
    };
    assert!(plan(&[]).check().is_err(), "nobody can guess these");
    assert!(plan(&[]).show().problem.is_some());
    let corrected = plan(&["Nr=order_id", "Wann=placed_at", "Summe=total"]);
    let shown = corrected.show();
    assert_eq!((shown.sample_taken, shown.problem.clone()), (1, None), "{shown:?}");
    assert!(place.engine.file_mappings().unwrap().is_empty(), "showing keeps nothing");
    place.engine.import_file(&corrected, &mut |_| {}, &mut |_| Ok(())).unwrap();
    std::fs::write(&path, "Summe,Nr,Wann\n30,2,2025-02-02\n").unwrap();
    let next = plan(&[]);
    assert_eq!(next.show().mapping, MappingOrigin::Kept);
    let imported = place.engine.import_file(&next, &mut |_| {}, &mut |_| Ok(())).unwrap();
    assert_eq!(imported.taken, 1, "the columns may stand in another order");
    let kept = place.engine.file_mappings().unwrap();
    assert_eq!((kept.len(), kept[0].header.len(), kept[0].file.as_str()), (1, 3, "odd.csv"));
}

#[test]
fn history_triggers_nothing() {
    let place = Place::new();
    place.import(
        Kind::Orders,
        "order_id,placed_at,customer_id,total\n1,2026-03-01T11:00:00Z,7,20\n",
    );
    let customer = place.customer("7");
    let enrolments = place.engine.store().read(|tx| tx.enrolments_of(customer)).unwrap();
    assert!(enrolments.is_empty());
}

#[test]
fn what_is_refused_is_handed_over_with_its_line_and_reason() {
    let place = Place::new();
    let text = "order_id,placed_at,sku,unit_price\n\
                1,2025-02-01,A,20\n1,2025-02-01,B,x\n2,2025-02-01,\"A,20\n3,2025-02-01,A,20\n";
    let plan = place.plan(Kind::Orders, "file.csv", text);
    let mut rows = Vec::new();
    let imported = place
        .engine
        .import_file(&plan, &mut |_| {}, &mut |row| {
            rows.push((row.line, row.reason.clone(), row.values.join("|")));
            Ok(())
        })
        .unwrap();
    assert_eq!((imported.taken, imported.refused), (1, 3));
    rows.sort();
    let reason = "`unit_price`: write an amount such as `19.99` (it is `x`)";
    assert_eq!(rows[0].1, format!("line 3 of the same order is refused: {reason}"));
    assert_eq!((rows[1].1.as_str(), rows[1].2.as_str()), (reason, "1|2025-02-01|B|x"));
    assert!(rows[2].1.starts_with("a quote is opened and not closed"));
    assert_eq!(rows[2].2, "2,2025-02-01,\"A,20", "as it stands, where it cannot be cut");
}

#[test]
fn an_event_without_a_time_of_its_own_is_told_once_all_the_same() {
    let place = Place::new();
    let plan = place.plan(Kind::Customers, "file.csv", "id,first_name\n7,Ana\n");
    let mut reader = plan.reader().unwrap();
    let unit = reader.next_unit().unwrap().unwrap();
    assert_eq!(unit.outcome.unwrap()[0].time_source, TimeSource::Received);
    assert_eq!(place.counts(Kind::Customers, "id,first_name\n7,Ana\n"), (1, 0, 0));
    assert_eq!(place.counts(Kind::Customers, "id,first_name\n7,Ana\n"), (0, 1, 0));
    assert_eq!(place.counts(Kind::Customers, "id,first_name\n7,Anna\n"), (1, 0, 0));
}
