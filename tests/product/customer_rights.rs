//! Handing out and erasing what is kept of somebody, by the command line.

use insta::assert_snapshot;

use crate::support::Place;

const CUSTOMERS: &str = "id,email,first_name,last_name,favourite,subscribed_at\n\
    7,ana@mail.example,Ana,Ribeiro,marmalade,2025-01-01T10:00:00Z\n\
    8,rui@mail.example,Rui,Costa,cheese,2025-01-02T10:00:00Z\n";

const ORDERS: &str = "order_id,placed_at,customer_id,email,sku,product_name,unit_price\n\
    1001,2025-02-01T10:00:00Z,7,ana@mail.example,K1,Kettle,20.00\n\
    1002,2025-02-02T10:00:00Z,8,rui@mail.example,K1,Kettle,20.00\n";

fn shop() -> Place {
    let place = Place::new();
    std::fs::write(place.path().join("customers.csv"), CUSTOMERS).expect("written");
    std::fs::write(place.path().join("orders.csv"), ORDERS).expect("written");
    let map = ["--map", "favourite=attribute:favourite"];
    place.ask(&[["import", "customers", "customers.csv"].as_slice(), &map].concat());
    place.ask(&["import", "orders", "orders.csv"]);
    place
}

#[test]
fn a_customer_is_exported_whole() {
    let place = shop();
    let document = place.ask_json(&["customer", "export", "7"]);
    assert_eq!(document["customer"]["name"]["family"], "Ribeiro");
    assert_eq!(document["customer"]["attributes"]["favourite"], "marmalade");
    assert_eq!(document["orders"][0]["id"], "1001");
    assert_eq!(document["consent_ledger"][0]["state"], "agreed");
    let text = place.ask(&["customer", "export", "ana@mail.example", "--out", "ana.json"]);
    assert!(text.contains("ana.json: ") && text.contains(" 1 order, 0 emails"), "{text}");
    let written = std::fs::read_to_string(place.path().join("ana.json")).unwrap();
    let written: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!(written["identifiers"], document["identifiers"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(place.path().join("ana.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "nobody else may read it");
    }
    let err = place.refused(&["customer", "export", "somebody@mail.example"]);
    assert_snapshot!(err, @"error: nobody is known by `somebody@mail.example`; give an email address, the shop's id of a customer, a visitor's id or the token of a cart");
}

#[test]
fn a_customer_is_erased_when_somebody_says_yes() {
    let place = shop();
    let err = place.refused(&["customer", "erase", "ana@mail.example"]);
    assert!(err.contains("nothing was erased") && err.contains("--yes"), "{err}");
    assert!(!err.contains("Ribeiro"), "an error names nobody: {err}");
    assert_eq!(place.ask_json(&["customer", "export", "7"])["customer"]["name"]["given"], "Ana");

    let text = place.ask(&["customer", "erase", "ana@mail.example", "--yes"]);
    assert!(text.contains("is erased"), "{text}");
    let again = place.ask(&["customer", "erase", "ana@mail.example", "--yes"]);
    assert!(again.contains("was erased on") && again.contains("nothing left to do"), "{again}");
    assert!(place.refused(&["customer", "export", "7"]).contains("nobody is known by `7`"));

    // No file of the store names her, and the sums hold.
    for entry in std::fs::read_dir(place.path().join("aftercart-data")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for word in ["ana@mail.example", "Ribeiro", "marmalade"] {
            let found = bytes.windows(word.len()).any(|it| it == word.as_bytes());
            assert!(!found, "`{word}` in {}", path.display());
        }
    }
    let advice =
        place.ask_json(&["segment", "count", "ordered at least 1 time", "--as-of", "2025-02-10"]);
    assert_eq!(advice["of_customers"], 1);
    let rows = place.ask_json(&["import", "orders", "orders.csv"]);
    assert_eq!((&rows[0]["known"], &rows[0]["refused"]), (&1.into(), &1.into()));
    let rejects = std::fs::read_to_string(place.path().join("orders.csv.rejects.csv")).unwrap();
    assert!(rejects.contains("erased on request"), "{rejects}");

    place.ask(&["customer", "lift", "ana@mail.example"]);
    let taken = |text: &str| {
        std::fs::write(place.path().join("again.csv"), text).expect("written");
        place.ask_json(&["import", "customers", "again.csv"])[0]["taken"].clone()
    };
    assert_eq!(taken(CUSTOMERS), 0, "what was told before stays erased");
    assert_eq!(taken("id,email,first_name\n7,ana@mail.example,Anna\n"), 1, "and she is back");
    let err = place.refused(&["customer", "lift", "rui@mail.example"]);
    assert_snapshot!(err, @"error: nobody with the address `rui@mail.example` was erased; there is nothing to lift");
    assert_snapshot!(place.ask(&["customer", "requests"]), @"nobody waits for anything");
    assert_snapshot!(place.refused(&["customer", "requests", "--close", "7"]), @"error: there is no open request 7; `aftercart customer requests` lists those there are");
}
