//! What people mistype, and files that are not what they should be: a clear error, nothing broken.

use insta::assert_snapshot;

use crate::support::Place;

#[test]
fn a_store_that_is_not_there_says_how_to_make_one() {
    let place = Place::new();
    let err = place.refused(&["report", "upsell-cross-sell"]);
    assert_snapshot!(err, @"error: there is no store at `./aftercart-data`; make one with `aftercart demo` or `aftercart import`, or name another with --store");
    assert!(!place.path().join("aftercart-data").exists(), "asking makes nothing");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let place = Place::new();
    let import =
        |file: &str| place.refused(&["import", "orders", file, "--format", "online-retail"]);
    assert!(import("missing.csv").contains("missing.csv"));
    std::fs::write(place.path().join("wrong.csv"), "a,b,c\n1,2,3\n").unwrap();
    let err = import("wrong.csv");
    assert!(err.contains("wrong.csv"), "which file: {err}");
    assert!(err.contains("Invoice"), "which column is missing: {err}");
    std::fs::write(place.path().join("noise.zst"), b"\x28\xb5\x2f\xfd then noise").unwrap();
    assert!(import("noise.zst").contains("noise.zst"));
    std::fs::write(place.path().join("empty.csv"), "").unwrap();
    assert!(import("empty.csv").contains("empty.csv"));
}

#[test]
fn a_condition_that_is_not_one_says_where() {
    let place = Place::new();
    std::fs::write(
        place.path().join("one.csv"),
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
         1,10001,KETTLE,1,2011-01-01 09:00:00,20.00,7,France\n",
    )
    .unwrap();
    place.ask(&["import", "orders", "one.csv", "--format", "online-retail"]);
    let err = place.refused(&["segment", "count", "orderd at least 1 time"]);
    assert!(err.contains("orderd"), "{err}");
    let err = place.refused(&["segment", "count", ""]);
    assert!(err.starts_with("error: "), "{err}");
    let err = place.refused(&["email", "render", "poem", "--customer", "7", "--out", "p.html"]);
    assert!(err.contains("there is no template `poem`"), "{err}");
    let err = place.refused(&["email", "render", "offer", "--customer", "8", "--out", "p.html"]);
    assert!(err.contains("there is no customer `8`"), "{err}");
    let err =
        place.refused(&["flow", "replay", "nope", "--from", "2011-01-01", "--to", "2011-01-02"]);
    assert!(err.contains("there is no flow `nope`"), "{err}");
    let err = place.refused(&[
        "flow",
        "replay",
        "upsell-cross-sell",
        "--from",
        "2011-02-01",
        "--to",
        "2011-01-02",
    ]);
    assert!(err.contains("swap --from and --to"), "{err}");
}

#[test]
fn errors_are_json_where_json_was_asked_for() {
    let place = Place::new();
    let err = place.refused(&["report", "upsell-cross-sell", "--json"]);
    let err: serde_json::Value = serde_json::from_str(&err).expect("JSON");
    assert!(err["error"]["message"].as_str().unwrap().contains("there is no store"));
}

#[test]
fn a_configuration_is_checked_whole() {
    let place = Place::new();
    std::fs::write(place.path().join("shop.toml"), "[mail.smtp]\nhost = \"x\"\nport = 70000\n")
        .unwrap();
    let err = place.refused(&["serve", "--config", "shop.toml"]);
    assert!(err.contains("shop.toml") && err.contains("port"), "{err}");
    let err = place.refused(&["serve", "--config", "missing.toml"]);
    assert!(err.contains("missing.toml"), "{err}");
}
