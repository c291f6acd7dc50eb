//! The five commands on 734,490 real order lines, and imports in parts.

use std::{collections::BTreeMap, fs::File, path::Path};

use aftercart_engine::store::Store;
use aftercart_model::{EventBody, Identifier, OrderLine};
use serde_json::Value;

use crate::support::{Place, real_data};

const FILES: [&str; 2] =
    ["online_retail_ii_2009-2010.csv.zst", "online_retail_2010-12_to_2011-05.csv.zst"];

/// A store with the real orders; one test asks all of it, because the import is what takes time.
#[test]
fn real_orders_are_imported_and_answer_every_question() {
    let name = "real_orders_are_imported_and_answer_every_question";
    let Some(data) = real_data(name, "online-retail-ii") else { return };
    let place = Place::new();
    let files: Vec<String> =
        FILES.iter().map(|it| data.join(it).to_str().expect("a plain path").to_owned()).collect();
    let import = ["import", "orders", &files[0], &files[1], "--format", "online-retail"];
    let imported = place.ask_json(&import);
    the_import_accounts_for_every_line(&imported);
    let again = place.ask_json(&import);
    assert_eq!(again["new"], 0, "an import run again adds nothing");
    assert_eq!(again["read"]["lines_read"], imported["read"]["lines_read"]);
    products_have_complements_and_better_versions(&place);
    segments_count_as_of_a_day(&place);
    the_replay_adds_up_and_is_the_same_each_time(&place);
    an_email_shows_four_products_of_this_shop(&place);
    nothing_was_sent_yet(&place);
}

/// Figures that stand in the data's own README.
fn the_import_accounts_for_every_line(imported: &Value) {
    let read = &imported["read"];
    let sum = |of: &str| -> u64 {
        let tallies = read[of].as_object().expect("tallies").values();
        tallies.map(|it| it["lines"].as_u64().expect("a count")).sum()
    };
    assert_eq!(read["lines_read"], 525_461 + 209_029);
    assert_eq!(sum("taken") + sum("skipped"), 734_490, "nothing is dropped silently");
    assert_eq!(read["skipped"]["duplicate"]["lines"], 22_523, "the nine days in both files");
    assert_eq!(read["first_at"], "2009-12-01T07:45:00Z");
    assert_eq!(read["last_at"], "2011-05-31T14:53:00Z", "15:53 in London's summer");
    let events = read["orders"].as_u64().unwrap() + read["refunds"].as_u64().unwrap();
    assert_eq!(imported["new"], events, "nothing else is an event");
    assert_eq!(imported["told_otherwise"], 0);
}

fn products_have_complements_and_better_versions(place: &Place) {
    let advice = place.ask_json(&["recommend", "product", "85123A"]);
    let complements = advice["goes_with"].as_array().expect("a list");
    let codes: Vec<&str> = complements.iter().filter_map(|it| it["code"].as_str()).collect();
    assert!(codes.contains(&"21733"), "the red one goes with the white one: {codes:?}");
    for it in complements {
        assert!(it["customers"].as_u64().unwrap() >= 3, "{it}");
        assert!(it["times_chance"].as_f64().unwrap() > 1.0, "more than by chance: {it}");
    }
    let better = advice["better_versions"].as_array().expect("a list");
    assert!(!better.is_empty());
    for it in better {
        let ratio = it["price_ratio"].as_f64().unwrap();
        assert!((1.1..=2.5).contains(&ratio), "on the price ladder: {it}");
    }
    let text = place.ask(&["recommend", "product", "85123a"]);
    assert!(text.contains("times more than by chance"), "evidence in numbers: {text}");
    assert!(place.refused(&["recommend", "product", "nothing"]).contains("no product `nothing`"));
}

fn segments_count_as_of_a_day(place: &Place) {
    let count = |condition: &str, day: &str| -> u64 {
        let counted = place.ask_json(&["segment", "count", condition, "--as-of", day]);
        counted["customers"].as_u64().expect("a count")
    };
    let may = count("ordered at least 1 time in the last 30 days", "2011-05-31");
    let longer = count("ordered at least 1 time in the last 60 days", "2011-05-31");
    assert!((900..1_200).contains(&may), "{may} ordered in May");
    assert!(may < longer, "a longer window loses nobody");
    // The same asked by another way: customers in the replay's period are those with an order.
    let once = count("ordered exactly 1 time in the last 30 days", "2011-05-31");
    let more = count("ordered at least 2 times in the last 30 days", "2011-05-31");
    assert_eq!(once + more, may, "two clauses that share the answer");
    assert_eq!(count("upsell", "2011-05-31"), 0, "this data has no views");
    let listed = place.ask_json(&[
        "segment",
        "list",
        "ordered at least 3 times in the last 30 days",
        "--as-of",
        "2011-05-31",
        "--limit",
        "5",
    ]);
    assert_eq!(listed.as_array().unwrap().len(), 5);
    assert!(listed[0]["id"].as_str().unwrap().len() == 5, "the shop's own id: {}", listed[0]);
}

fn the_replay_adds_up_and_is_the_same_each_time(place: &Place) {
    let replay =
        ["flow", "replay", "upsell-cross-sell", "--from", "2011-03-01", "--to", "2011-05-31"];
    let replayed = place.ask_json(&replay);
    let number = |of: &str| replayed[of].as_u64().expect("a count");
    let parts = ["held_out", "left_by_purchase", "left_otherwise", "completed", "still_in"];
    assert_eq!(number("enrolled"), parts.iter().map(|it| number(it)).sum::<u64>());
    assert!((2_000..3_500).contains(&number("enrolled")), "{}", number("enrolled"));
    let sent = |step: &str| -> u64 {
        let steps = replayed["steps"].as_array().expect("steps");
        steps.iter().find(|it| it["step"] == step).expect("the step")["messages"].as_u64().unwrap()
    };
    let emails = ["offer", "discount", "social-proof", "nudge"].map(sent);
    assert!(emails.is_sorted_by(|a, b| a >= b), "each email reaches fewer: {emails:?}");
    assert_eq!(emails.iter().sum::<u64>(), number("messages"));
    assert_eq!(replayed["traces"].as_array().unwrap().len(), 10);
    let given = replayed["assumptions"].to_string();
    assert!(given.contains("address") && given.contains("agreed"), "{given}");
    assert_eq!(place.ask(&replay), place.ask(&replay), "the same bytes on every run");
}

fn an_email_shows_four_products_of_this_shop(place: &Place) {
    let written =
        place.ask_json(&["email", "render", "offer", "--customer", "17850", "--out", "offer.html"]);
    let products = written["products"].as_array().expect("products");
    assert_eq!(products.len(), 4);
    let html = std::fs::read_to_string(place.path().join("offer.html")).expect("written");
    assert!(html.len() <= 100_000);
    for product in products {
        let code = product.as_str().unwrap();
        let advice = place.ask_json(&["recommend", "product", code]);
        let name = advice["name"].as_str().unwrap().to_lowercase();
        let word = name.split(' ').max_by_key(|it| it.len()).unwrap();
        assert!(html.to_lowercase().contains(word), "`{word}` of {code} stands in the email");
    }
    let text = std::fs::read_to_string(place.path().join("offer.txt")).expect("written");
    assert!(text.contains("Unsubscribe"));
}

fn nothing_was_sent_yet(place: &Place) {
    let report = place.ask_json(&["report", "upsell-cross-sell"]);
    assert_eq!(report["was_live"], false);
    assert_eq!(report["total"]["sent"], 0);
    let steps: Vec<&str> =
        report["steps"].as_array().unwrap().iter().filter_map(|it| it["step"].as_str()).collect();
    assert_eq!(steps, ["offer", "discount", "social-proof", "nudge"]);
}

/// Everything an import leaves, by the shop's own ids and codes: the store's numbers depend on who
/// came first.
#[derive(Debug, PartialEq, Eq)]
struct Left {
    products: BTreeMap<String, (String, i64)>,
    customers: BTreeMap<String, String>,
    orders: BTreeMap<String, String>,
    events: BTreeMap<String, String>,
}

fn left(place: &Place) -> Left {
    let folder = place.path().join("aftercart-data");
    let store = Store::open(folder.to_str().expect("a plain path")).expect("a store");
    let read = store.read(|tx| {
        let products = tx.products()?;
        let codes: Vec<String> = products.iter().map(|it| it.code.clone()).collect();
        let lines = |lines: &[OrderLine]| -> Vec<String> {
            let code = |it: &OrderLine| &codes[it.product.index()];
            let line = |it| format!("{} {} {}", code(it), it.quantity, it.amount_minor);
            lines.iter().map(line).collect()
        };
        let (mut ids, mut people) = (BTreeMap::new(), Vec::new());
        tx.scan_customers(&mut |customer| {
            people.push(customer);
            Ok(())
        })?;
        let mut customers = BTreeMap::new();
        for it in people {
            let id = tx.external_id_of(it.id)?.expect("an imported customer has the shop's id");
            let named = Identifier::external(aftercart_engine::OWN_IDS, id.clone());
            assert_eq!(tx.customer_by_identifier(&named)?, Some(it.id));
            let told = (&it.country, &it.time_zone, it.created_at, &it.name, &it.attributes);
            customers.insert(id.clone(), format!("{told:?}"));
            ids.insert(Some(it.id), id);
        }
        let who = |id| ids.get(&id).cloned().unwrap_or_default();
        let mut orders = BTreeMap::new();
        tx.scan_orders(&mut |it| {
            let told = (who(it.customer), it.placed_at, lines(&it.lines), it.total_minor);
            orders.insert(it.id.to_string(), format!("{told:?} {}", it.refunded_minor));
            Ok(())
        })?;
        let mut events = BTreeMap::new();
        tx.scan_events(0, &mut |it| {
            let body = match &it.body {
                EventBody::OrderPlaced { lines: of, total_minor, .. } => {
                    format!("{total_minor} {:?}", lines(of))
                }
                EventBody::OrderRefunded { lines: of, amount_minor, .. } => {
                    format!("{amount_minor} {:?}", lines(of))
                }
                other => format!("{other:?}"),
            };
            events.insert(it.key.key, format!("{} {} {body}", who(it.customer), it.at));
            Ok(())
        })?;
        let products =
            products.into_iter().map(|it| (it.code, (it.name, it.price_minor))).collect();
        Ok(Left { products, customers, orders, events })
    });
    read.expect("a good store")
}

/// What is left after these imports, each of these files.
fn after(files: &Path, imports: &[&[&str]]) -> Left {
    let place = Place::new();
    for names in imports {
        let paths: Vec<_> = names.iter().map(|it| files.join(it)).collect();
        let paths = paths.iter().map(|it| it.to_str().expect("a plain path"));
        let args: Vec<&str> = ["import", "orders"]
            .into_iter()
            .chain(paths)
            .chain(["--format", "online-retail"])
            .collect();
        assert_eq!(place.ask_json(&args)["told_otherwise"], 0);
    }
    left(&place)
}

fn parts_come_to_the_whole(files: &Path) -> Left {
    let whole = after(files, &[&["one.csv", "two.csv"]]);
    for (how, imports) in [
        ("one after the other", &[&["one.csv"][..], &["two.csv"]][..]),
        ("the newer first", &[&["two.csv"], &["one.csv"]]),
        ("each twice", &[&["one.csv"], &["two.csv"], &["one.csv"], &["two.csv", "one.csv"]]),
    ] {
        assert_eq!(after(files, imports), whole, "{how}");
    }
    whole
}

#[test]
fn files_imported_in_parts_come_to_the_same_as_together() {
    let files = tempfile::tempdir().expect("a folder");
    let write = |name: &str, rows: &[&str]| {
        let header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country";
        let text = format!("{header}\n{}\n", rows.join("\n"));
        std::fs::write(files.path().join(name), text).expect("a file");
    };
    let shared = "3,CUP,CUP,1,2010-12-02 09:00:00,2.00,20003,Unspecified";
    write(
        "one.csv",
        &[
            "1,MUG,RED MUG,2,2010-06-01 09:00:00,2.50,20001,United Kingdom",
            "1,CUP,CUP,1,2010-06-01 09:00:00,1.50,20001,United Kingdom",
            // Somebody lives elsewhere for a day.
            "2,MUG,RED MUG,1,2010-07-01 09:00:00,2.50,20001,France",
            // Not in any order: the refund is nobody's.
            "C9,JAR,OLD JAR,-1,2010-07-02 09:00:00,4.00,,France",
            shared,
        ],
    );
    write(
        "two.csv",
        &[
            shared,
            "4,MUG,RED MUG LARGE,1,2011-01-01 09:00:00,2.75,20001,United Kingdom",
            "5,MUG,MUG (GUEST),1,2011-02-01 09:00:00,5.79,,United Kingdom",
            "6,JAR,JAR,1,2011-02-02 09:00:00,4.00,20003,EIRE",
            "C7,MUG,RED MUG,-1,2011-02-03 09:00:00,2.50,20001,United Kingdom",
            "8,CUP,CUP,1,2011-02-04 09:00:00,2.00,20002,EIRE",
        ],
    );
    let whole = parts_come_to_the_whole(files.path());
    assert_eq!(whole.products["MUG"], ("RED MUG LARGE".to_owned(), 275), "a customer's newest");
    assert_eq!(whole.products["CUP"], ("CUP".to_owned(), 200));
    assert!(whole.customers["20001"].contains("United Kingdom"), "back again");
    assert!(whole.customers["20001"].contains("2010-06-01"), "known since then");
    assert!(whole.customers["20003"].contains("EIRE"), "unspecified before");
    assert_eq!((whole.orders.len(), whole.events.len()), (7, 8));
}

/// A hundredth of the customers of the real files, with all they bought.
#[test]
fn real_files_imported_in_parts_come_to_the_same_as_together() {
    let name = "real_files_imported_in_parts_come_to_the_same_as_together";
    let Some(data) = real_data(name, "online-retail-ii") else { return };
    let files = tempfile::tempdir().expect("a folder");
    for (from, to) in FILES.into_iter().zip(["one.csv", "two.csv"]) {
        let file = File::open(data.join(from)).expect("the file");
        let text = zstd::decode_all(file).expect("a good archive");
        let text = String::from_utf8(text).expect("text");
        let is_kept = |line: &str| {
            let mut columns = line.rsplit(',');
            let customer = columns.nth(1).unwrap_or_default();
            customer.trim_end_matches(".0").ends_with("47")
        };
        let mut lines = text.lines();
        let header = lines.next().expect("a header");
        let kept: Vec<&str> = lines.filter(|it| is_kept(it)).collect();
        assert!(1_000 < kept.len(), "{from}: {}", kept.len());
        let text = format!("{header}\n{}\n", kept.join("\n"));
        std::fs::write(files.path().join(to), text).expect("a file");
    }
    let whole = parts_come_to_the_whole(files.path());
    assert!(200 < whole.orders.len(), "{}", whole.orders.len());
}
