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
    std::fs::write(place.path().join("wide.csv"), b"\xff\xfeI\0n\0").unwrap();
    assert!(import("wide.csv").contains("it is UTF-16; save it as CSV in UTF-8"));
    assert!(import(".").contains("cannot read `.`"));
    assert!(!place.path().join("aftercart-data").exists(), "and no empty store is left behind");
}

#[test]
fn a_file_with_damaged_rows_gives_the_others() {
    let place = Place::new();
    let text = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n\
         1,10001,\"KETTLE,1,2011-01-01 09:00:00,20.00,7,France\n\
         2,10001,KETTLE,1,2011-01-02 09:00:00,20.00,7,France\n\
         3,10002,CAF\u{c9} FILTERS,1,2011-01-03 09:00:00,20.00,7,France\n";
    let latin: Vec<u8> = text.chars().map(|it| u8::try_from(u32::from(it)).unwrap()).collect();
    std::fs::write(place.path().join("some.csv"), latin).unwrap();
    let import = ["import", "orders", "some.csv", "--format", "online-retail"];
    let imported = place.ask_json(&import);
    assert_eq!(imported["read"]["orders"], 2);
    assert_eq!(imported["read"]["skipped"]["unreadable"]["lines"], 1);
    assert_eq!(imported["read"]["decoded"], 1);
    let text = place.ask(&import);
    assert!(text.contains("cannot read `some.csv` line 2: a quote is opened and not closed"));
    assert!(text.contains("1 row is not UTF-8 and read as Windows-1252"), "{text}");
    let advice = place.ask_json(&["recommend", "product", "10002"]);
    assert_eq!(advice["name"], "CAFÉ FILTERS");
}

#[test]
fn a_server_is_not_started_on_a_mistyped_path() {
    let place = Place::new();
    let err = place.refused(&["serve", "--store", "./mispelt"]);
    assert_snapshot!(err, @"error: there is no store at `./mispelt`; make one with `aftercart demo` or `aftercart import`, an empty one with `aftercart serve --create`, or name another with --store");
    assert!(!place.path().join("mispelt").exists(), "asking makes nothing");
    std::fs::write(place.path().join("api.toml"), "[api]\nwrite_key = \"x\"\n").unwrap();
    let err = place.refused(&["serve", "--config", "api.toml"]);
    assert!(err.contains("there is no store at `./aftercart-data`"), "{err}");
}

#[test]
fn a_condition_that_is_not_one_says_where() {
    let place = Place::with_an_order();
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
fn what_cannot_be_shown_is_said() {
    let place = Place::with_an_order();
    let text = place.ask(&["recommend", "customer", "7"]);
    assert!(text.contains("There is nothing to recommend yet"), "{text}");
    let replay =
        ["flow", "replay", "upsell-cross-sell", "--from", "2030-01-01", "--to", "2030-02-01"];
    let said = place.run(&replay);
    assert!(said.err.contains("the newest event in this store is of 2011-01-01"), "{}", said.err);
    let render = |template: &str, out: &str| {
        place.refused(&["email", "render", template, "--customer", "7", "--out", out])
    };
    let err = render("feedback", "it.txt");
    assert_snapshot!(err, @"error: `--out` is `it.txt`, where the text part goes; end it with .html");
    let err = render("feedback", "nowhere/it.html");
    assert!(err.contains("cannot write `nowhere/it.html`"), "{err}");
    let err = render("offer", "it.html");
    assert!(err.contains("cannot render for customer `7`"), "{err}");
    for nonsense in ["", "🎉", "99999999999999999999", "no such"] {
        for command in [
            &["report", nonsense][..],
            &["recommend", "product", nonsense],
            &["recommend", "customer", nonsense],
            &["segment", "count", nonsense],
        ] {
            let err = place.refused(command);
            assert!(err.starts_with("error: ") && !err.contains("panicked"), "{command:?}: {err}");
        }
    }
}

#[test]
fn errors_are_json_where_json_was_asked_for() {
    let place = Place::new();
    let err = place.refused(&["report", "upsell-cross-sell", "--json"]);
    let err: serde_json::Value = serde_json::from_str(&err).expect("JSON");
    assert!(err["error"]["message"].as_str().unwrap().contains("there is no store"));
    let message = |args: &[&str]| {
        let err: serde_json::Value = serde_json::from_str(&place.refused(args)).expect("JSON");
        err["error"]["message"].as_str().expect("a text").to_owned()
    };
    let text = message(&["--json", "repot"]);
    assert!(text.starts_with("unrecognized subcommand 'repot'"), "{text}");
    let text =
        message(&["flow", "replay", "x", "--from", "2011-02-30", "--to", "2011-03-01", "--json"]);
    assert_snapshot!(text, @"`--from` is `2011-02-30`: not a date; write it as 2011-02-28");
    let err = place.refused(&["segment", "count", "x", "--as-of", "yesterday"]);
    assert_snapshot!(err, @"error: `--as-of` is `yesterday`: not a date; write year, month and day, such as 2011-02-28");
}

#[test]
fn what_is_redirected_has_no_colours() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("aftercart-data")).unwrap();
    for args in [&["--help"][..], &["repot"], &["demo", "--days", "0"], &["report"]] {
        let said = place.run(args);
        assert!(!said.out.contains('\u{1b}') && !said.err.contains('\u{1b}'), "{args:?}");
    }
}

#[test]
fn the_help_says_what_it_is_and_shows_examples() {
    let help = Place::new().ask(&["--help"]);
    assert!(help.starts_with("The email engine for what happens after an order"), "{help}");
    assert!(help.contains("aftercart import orders orders.csv --dry-run"), "{help}");
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
