//! The sample shop: lived through, taken up, begun again; and its report held against the truth.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use aftercart_engine::{Engine, store::Store};
use serde_json::Value;

use crate::support::{Place, binary};

/// Sixty days take a while, so one test asks everything of them.
#[test]
fn sixty_days_keep_the_promises_and_the_report_tells_the_truth() {
    let place = Place::new();
    // The demo itself fails where promise 3, 4 or 7 is broken anywhere in the store.
    let told = place.ask_json(&["demo", "--no-serve"]);
    assert_eq!(told["customers"], 5_000);
    let report = place.ask_json(&["report", "upsell-cross-sell"]);
    the_report_adds_up(&report);
    the_interval_holds_the_truth(&told["truth"], &report["lift"]);
    segments_have_members(&place);
    the_upsell_segment_is_what_a_query_of_another_kind_finds(&place);
    what_goes_together_was_learned(&place);
    again_is_the_same(&place, &told);
}

fn the_report_adds_up(report: &Value) {
    let steps = report["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 4);
    for of in ["sent", "delivered", "orders", "gross_minor", "net_minor"] {
        let sum: i64 = steps.iter().map(|it| it["figures"][of].as_i64().unwrap()).sum();
        assert_eq!(report["total"][of].as_i64().unwrap(), sum, "{of} of all is the sum");
    }
    let total = |of: &str| report["total"][of].as_i64().unwrap();
    for of in ["customers_delivered", "opened", "clicked", "converted", "unsubscribed"] {
        let each = steps.iter().map(|it| it["figures"][of].as_i64().unwrap());
        let (most, sum) = (each.clone().max().unwrap(), each.sum::<i64>());
        assert!(most <= total(of) && total(of) <= sum, "{of} of all is each customer once");
    }
    let (mailed, held_out) = (report["mailed"].as_i64(), report["held_out"].as_i64());
    assert!(mailed < Some(report["enrolled"].as_i64().unwrap() - held_out.unwrap()));
    for step in steps {
        let figure = |of: &str| step["figures"][of].as_i64().unwrap();
        assert!(figure("sent") > 1_000, "{step}");
        assert!(figure("delivered") <= figure("sent"));
        assert!(figure("clicked") <= figure("opened"), "who clicks has opened");
        assert!(figure("opened") < figure("delivered") * 6 / 10, "{step}");
        assert!(figure("converted") > 0 && figure("net_minor") > 0, "{step}");
    }
    let (enrolled, held) = (&report["enrolled"], &report["held_out"]);
    let share = held.as_f64().unwrap() / enrolled.as_f64().unwrap();
    assert!((0.08..0.12).contains(&share), "a tenth is held out: {share}");
}

/// The simulator knows which orders the emails caused; the report only sees who was held out.
fn the_interval_holds_the_truth(truth: &Value, lift: &Value) {
    let number = |of: &Value| of.as_f64().expect("a number");
    let true_each = number(&truth["extra_each_minor"]);
    let (low, high) = (number(&lift["spent"]["low"]), number(&lift["spent"]["high"]));
    assert!(true_each > 0.0, "the emails do bring orders");
    assert!(low < true_each && true_each < high, "{true_each} lies outside {low} to {high}");
    assert_eq!(truth["mailed"], lift["offered"]["customers"], "both count the same customers");
}

fn segments_have_members(place: &Place) {
    let counted = place.ask_json(&["segment", "count", "upsell"]);
    let members = counted["customers"].as_u64().unwrap();
    assert!(members > 20, "some look again without buying: {members}");
    let clauses = counted["clauses"].as_array().unwrap();
    assert_eq!(clauses.last().unwrap()["left"].as_u64().unwrap(), members, "the last leaves all");
    let listed = place.ask_json(&["segment", "list", "upsell", "--limit", "100000"]);
    assert_eq!(listed.as_array().unwrap().len() as u64, members, "counted and listed are one");
}

/// The shipped segment, asked of the database's own tables by a statement that shares nothing with the
/// evaluator but what goes with what.
const UPSELL_BY_HAND: &str = "
    WITH roots AS (SELECT id, COALESCE(merged_into, id) AS root FROM customers),
    bought AS (
        SELECT r.root AS customer, o.placed_at AS at, o.seq, o.lines
        FROM orders o JOIN roots r ON r.id = o.customer
        WHERE o.cancelled_at IS NULL AND o.placed_at <= ?1
    ),
    last AS (SELECT customer, MAX(at) AS at FROM bought GROUP BY customer),
    anchors AS (
        SELECT l.customer, l.at, json_extract(line.value, '$[0]') AS product
        FROM last l JOIN bought b ON b.customer = l.customer AND b.at = l.at, json_each(b.lines) line
    ),
    looks AS (
        SELECT r.root AS customer, e.at, json_extract(e.body, '$.product') AS product
        FROM events e JOIN roots r ON r.id = e.customer
        WHERE e.at <= ?1 AND (json_extract(e.body, '$.type') = 'product_viewed'
            OR (json_extract(e.body, '$.type') = 'message_clicked'
                AND json_extract(e.body, '$.agent') = 'human'))
    )
    SELECT DISTINCT a.customer
    FROM anchors a
    JOIN looks k ON k.customer = a.customer AND k.at > a.at
    JOIN pairs p ON p.anchor = a.product AND p.product = k.product
    WHERE a.at > ?1 - 30 * 86400000
    ORDER BY a.customer";

fn the_upsell_segment_is_what_a_query_of_another_kind_finds(place: &Place) {
    let folder = place.path().join("aftercart-data");
    let store = Store::open(folder.to_str().expect("a plain path")).expect("the sample store");
    let engine = Engine::open(store, None).expect("the sample shop");
    let now = engine.standing_clock().unwrap().expect("the sample's clock stands");
    let known = engine.known().unwrap();

    let database = rusqlite::Connection::open(folder.join("aftercart.db")).unwrap();
    database.execute("CREATE TEMP TABLE pairs (anchor INTEGER, product INTEGER)", []).unwrap();
    for anchor in &known.products {
        for other in &known.products {
            let (product, anchor) = (other.id, anchor.id);
            if known.relations.goes_with(product, anchor)
                || known.relations.betters(product, anchor)
            {
                let pair = [anchor.0, product.0];
                database.execute("INSERT INTO pairs VALUES (?1, ?2)", pair).unwrap();
            }
        }
    }
    let mut statement = database.prepare(UPSELL_BY_HAND).unwrap();
    let rows = statement.query_map([now.as_millisecond()], |row| row.get::<_, i64>(0)).unwrap();
    let by_hand: Vec<i64> = rows.collect::<Result<_, _>>().unwrap();

    let listed = place.ask_json(&["segment", "list", "upsell", "--limit", "100000"]);
    let members = listed.as_array().unwrap().iter();
    let mut members: Vec<i64> = members.map(|it| it["customer"].as_i64().unwrap()).collect();
    members.sort_unstable();
    assert!(by_hand.len() > 20, "a query that finds hardly anybody compares nothing");
    assert_eq!(members, by_hand);
}

fn what_goes_together_was_learned(place: &Place) {
    let advice = place.ask_json(&["recommend", "product", "CM-02"]);
    let codes: Vec<&str> = advice["goes_with"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["code"].as_str())
        .collect();
    assert!(codes.contains(&"FC-01"), "filters go with the dripper: {codes:?}");
    assert!(codes.contains(&"KT-02"), "so does the gooseneck kettle: {codes:?}");
}

fn again_is_the_same(place: &Place, told: &Value) {
    let again = place.ask_json(&["demo", "--no-serve"]);
    assert_eq!(&again, told, "a second start takes up the same store");
}

#[test]
fn a_demo_of_another_seed_asks_before_it_begins_again() {
    let place = Place::new();
    place.ask(&["demo", "--no-serve", "--days", "1"]);
    let err = place.refused(&["demo", "--no-serve", "--days", "2"]);
    assert!(err.contains("--fresh"), "{err}");
    place.ask(&["demo", "--no-serve", "--days", "2", "--fresh"]);
}

#[test]
fn a_demo_never_touches_a_shop_of_ones_own() {
    let place = Place::with_an_order();
    for args in [&["demo", "--no-serve"][..], &["demo", "--no-serve", "--fresh"]] {
        let err = place.refused(args);
        assert!(err.contains("a shop's own"), "{err}");
    }
    assert_eq!(place.ask_json(&["recommend", "product", "10001"])["code"], "10001", "still there");
}

#[test]
fn a_demo_killed_half_way_begins_again() {
    let place = Place::new();
    let mut child = Command::new(binary())
        .args(["demo", "--no-serve", "--days", "30"])
        .current_dir(place.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let launched = lines.any(|line| line.expect("text").starts_with("Accepted and launched"));
    child.kill().expect("killed");
    child.wait().expect("gone");
    assert!(launched, "it was in the middle of its days");
    let said = place.run(&["demo", "--no-serve", "--days", "1"]);
    assert!(said.is_good, "{}", said.err);
    assert!(said.err.contains("did not end; beginning again"), "{}", said.err);
}
