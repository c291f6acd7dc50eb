//! Plain files through the command line: shown, imported, told once, refused with reasons.

use std::io::Write as _;

use crate::support::Place;

const CUSTOMERS: &str = "Customer ID,Email,First Name,Accepts Email Marketing,Created at\n\
    7,ana@mail.example,Ana,yes,2025-01-01T10:00:00Z\n\
    8,rui@mail.example,Rui,no,2025-01-02T10:00:00Z\n\
    9,not an address,Eva,yes,2025-01-03T10:00:00Z\n\
    10,=HYPERLINK(1),Max,maybe,2025-01-03T10:00:00Z\n";

const ORDERS: &str = "Order Number;Order Date;Customer ID;SKU;Item Name;Qty;Item Cost\n\
    1001;01/03/2025 14:05;7;K1;Kettle;1;20,00\n\
    1001;01/03/2025 14:05;7;F1;Filters;2;4,50\n\
    1002;02/03/2025;8;K1;Kettle;1;20,00\n\
    1003;03/03/2025;8;K1;Kettle;one;20,00\n";

fn write(place: &Place, name: &str, text: &[u8]) {
    std::fs::write(place.path().join(name), text).expect("written");
}

#[test]
fn customers_and_orders_come_in_once() {
    let place = Place::new();
    write(&place, "customers.csv", CUSTOMERS.as_bytes());
    let zipped = {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(ORDERS.as_bytes()).unwrap();
        packer.finish().unwrap()
    };
    write(&place, "orders.csv.gz", &zipped);

    let done = place.ask_json(&["import", "customers", "customers.csv"]);
    let done = &done[0];
    assert_eq!(
        (&done["rows"], &done["taken"], &done["refused"]),
        (&4.into(), &2.into(), &2.into())
    );
    assert_eq!(done["rejects"], "customers.csv.rejects.csv");
    let rejects = std::fs::read_to_string(place.path().join("customers.csv.rejects.csv")).unwrap();
    let lines: Vec<&str> = rejects.lines().collect();
    assert_eq!(
        lines[0],
        "line,reason,Customer ID,Email,First Name,Accepts Email Marketing,Created at"
    );
    assert!(lines[1].starts_with("4,") && lines[1].contains("not an address"), "{}", lines[1]);
    assert!(lines[2].contains("'=HYPERLINK(1)"), "no formula for a spreadsheet: {}", lines[2]);

    let import = ["import", "orders", "orders.csv.gz", "--date-order", "dmy"];
    let text = place.ask(&import);
    assert!(text.contains("orders.csv.gz: 4 rows of orders"), "{text}");
    assert!(text.contains("`Qty`: write a whole number (line 5)"), "{text}");
    let once = place.ask_json(&import);
    assert_eq!(
        (&once[0]["taken"], &once[0]["known"]),
        (&0.into(), &3.into()),
        "the same file twice"
    );

    let count = |condition: &str| {
        let asked = place.ask_json(&["segment", "count", condition, "--as-of", "2025-03-10"]);
        asked["customers"].as_u64().expect("a count")
    };
    assert_eq!(count("ordered at least 1 time in the last 30 days"), 2);
    let advice = place.ask_json(&["recommend", "product", "K1"]);
    assert_eq!(advice["name"], "Kettle");

    let mappings = place.ask_json(&["import", "mappings"]);
    assert_eq!(mappings.as_array().map(Vec::len), Some(2));
    assert!(place.ask(&["import", "mappings"]).contains("Order Number: order_id"));
}

#[test]
fn refused_rows_come_in_when_they_are_corrected() {
    let place = Place::new();
    write(&place, "customers.csv", CUSTOMERS.as_bytes());
    place.ask(&["import", "customers", "customers.csv"]);
    let rejects = place.path().join("customers.csv.rejects.csv");
    let text = std::fs::read_to_string(&rejects).unwrap();
    let text = text.replace("not an address", "eva@mail.example");
    write(&place, "again.csv", text.as_bytes());
    let done = place.ask_json(&["import", "customers", "again.csv"]);
    assert_eq!((&done[0]["taken"], &done[0]["refused"]), (&1.into(), &1.into()));
}

#[test]
fn a_dry_run_shows_the_mapping_and_stores_nothing() {
    let place = Place::new();
    write(&place, "orders.csv", ORDERS.as_bytes());
    let plan = ["import", "orders", "orders.csv", "--dry-run", "--date-order", "dmy"];
    let text = place.ask(&plan);
    for part in [
        "Order Number",
        "order_id",
        "01/03/2025 14:05",
        "semicolon",
        "3 would go in, 1 would be refused",
    ] {
        assert!(text.contains(part), "`{part}` in {text}");
    }
    let shown = place.ask_json(&plan);
    assert_eq!(shown[0]["columns"][1]["field"], "placed_at");
    assert!(!place.path().join("aftercart-data").exists(), "asking makes nothing");

    let ambiguous = place.refused(&["import", "orders", "orders.csv"]);
    assert!(ambiguous.contains("say --date-order dmy or --date-order mdy"), "{ambiguous}");
    assert!(!place.path().join("aftercart-data").exists(), "nor does a file that cannot be read");
}

#[test]
fn columns_nobody_can_guess_are_mapped_by_hand() {
    let place = Place::new();
    write(&place, "odd.csv", b"Nr,Wann,Summe\n1,2025-02-01,20\n");
    let err = place.refused(&["import", "orders", "odd.csv"]);
    assert!(err.contains("no column is `order_id`; the file has `Nr`, `Wann` or `Summe`"), "{err}");
    write(&place, "map.yaml", b"Nr: order_id\nWann: placed_at\n");
    let by_hand = ["import", "orders", "odd.csv", "--mapping", "map.yaml", "--map", "Summe=total"];
    assert_eq!(place.ask_json(&by_hand)[0]["taken"], 1);
    write(&place, "odd.csv", b"Nr,Wann,Summe\n2,2025-02-02,20\n");
    assert_eq!(
        place.ask_json(&["import", "orders", "odd.csv"])[0]["taken"],
        1,
        "the mapping is kept"
    );
}

#[test]
fn what_cannot_go_in_ends_with_an_error() {
    let place = Place::new();
    write(&place, "bad.csv", b"order_id,placed_at,total\n1,soon,20\n");
    let said = place.run(&["import", "orders", "bad.csv", "--json"]);
    assert!(!said.is_good, "nothing went in");
    let done: serde_json::Value = serde_json::from_str(&said.out).expect("the result all the same");
    assert_eq!((&done[0]["refused"], &done[0]["taken"]), (&1.into(), &0.into()));
    assert!(place.refused(&["import", "orders", "missing.csv"]).contains("missing.csv"));
    assert!(place.refused(&["import", "orders", "."]).contains("cannot read `.`"));
    let bomb = {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(b"order_id,placed_at,total\n").unwrap();
        for _ in 0..40 {
            packer.write_all(&vec![b'0'; 1 << 20]).unwrap();
        }
        packer.finish().unwrap()
    };
    write(&place, "bomb.csv.gz", &bomb);
    let err = place.refused(&["import", "orders", "bomb.csv.gz"]);
    assert!(err.contains("unpacks to more than 100 times its size"), "{err}");
}

#[test]
fn events_and_reviews_come_in_too() {
    let place = Place::new();
    write(&place, "orders.csv", b"order_id,placed_at,customer_id,sku,product_name,unit_price\n1,2025-02-01,7,K1,Kettle,20\n");
    place.ask(&["import", "orders", "orders.csv"]);
    let events = br#"{"type":"track","messageId":"m1","userId":"7","event":"Product Viewed","timestamp":"2025-03-01T10:00:00Z","properties":{"product_id":"K1"}}
{"type":"track","messageId":"m2","userId":"7","event":"Product Viewed"}
"#;
    write(&place, "events.ndjson.zst", &zstd::encode_all(&events[..], 3).unwrap());
    let done = place.ask_json(&["import", "events", "events.ndjson.zst"]);
    assert_eq!((&done[0]["taken"], &done[0]["refused"]), (&1.into(), &1.into()));
    let viewed =
        ["segment", "count", "viewed any product in the last 30 days", "--as-of", "2025-03-10"];
    assert_eq!(place.ask_json(&viewed)["customers"], 1);
    write(&place, "reviews.csv", b"title,body,rating,review_date,curated,reviewer_name,reviewer_email,product_id,product_handle\nTop,Good,5,2025-03-02 10:12:00 UTC,ok,Ana R.,,K1,kettle\n");
    let done = place.ask_json(&["import", "reviews", "reviews.csv"]);
    assert_eq!((&done[0]["taken"], done[0]["format"].as_str()), (&1.into(), Some("judgeme")));
}
