//! Whole files through the reader.

use std::io::Write as _;

use aftercart_model::{ConsentBasis, ConsentState, Currency, Identifier, Timestamp};
use insta::assert_snapshot;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::{IncomingBody, OWN_IDS, TimeSource};

/// 2026-03-01T12:00:00Z.
const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0);

fn reading() -> Reading {
    Reading {
        currency: Currency::EUR,
        zone: TimeZone::get("Europe/Lisbon").unwrap(),
        date_order: None,
        file_name: "file.csv".to_owned(),
        shop_domain: "shop.example".to_owned(),
        now: NOW,
    }
}

fn written(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// Every unit of a file read by what its header says, and how many rows were read.
fn read_within(kind: Kind, bytes: &[u8], bounds: Bounds) -> Result<(Vec<Unit>, u64)> {
    let file = written(bytes);
    let look = look(file.path(), bounds)?;
    let mapping = Mapping::guess(kind, &look.header);
    let reading = reading();
    let mut reader = FileReader::open(file.path(), &look, &mapping, &reading, bounds)?;
    let mut units = Vec::new();
    while let Some(unit) = reader.next_unit()? {
        units.push(unit);
    }
    Ok((units, reader.rows_read()))
}

fn units(kind: Kind, text: &str) -> Vec<Unit> {
    read_within(kind, text.as_bytes(), Bounds::default()).unwrap().0
}

fn events(kind: Kind, text: &str) -> Vec<Incoming> {
    let taken = |unit: Unit| unit.outcome.unwrap_or_else(|why| panic!("refused: {why:?}"));
    units(kind, text).into_iter().flat_map(taken).collect()
}

/// Why the one row or order of a file is refused.
fn refused(kind: Kind, text: &str) -> String {
    let mut units = units(kind, text);
    assert_eq!(units.len(), 1, "{units:?}");
    let refused = units.remove(0).outcome.expect_err("a refusal");
    format!("line {}: {}", refused.line, refused.refusal)
}

fn keys(events: &[Incoming]) -> Vec<&str> {
    events.iter().map(|it| it.key.key.as_str()).collect()
}

#[test]
fn a_customer_is_what_the_row_says() {
    let text = "Customer ID;Email;Full name;Country;Created at\n\
                7.0;Ana@Mail.Example;Ana Maria Ribeiro;PT;2025-05-01 10:00\n";
    let events = events(Kind::Customers, text);
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(event.identifiers.len(), 2);
    assert_eq!(event.identifiers[0], Identifier::external(OWN_IDS, "7"));
    assert_eq!(event.at.to_string(), "2025-05-01T09:00:00Z", "in the shop's zone");
    assert!(event.key.key.starts_with("customer:7@1746090000000#"), "{}", event.key.key);
    let IncomingBody::Identified { name, country, .. } = &event.body else { panic!() };
    assert_eq!((name.given.as_str(), name.family.as_str()), ("Ana", "Maria Ribeiro"));
    assert_eq!(country.as_deref(), Some("PT"));
}

#[test]
fn no_key_holds_an_address() {
    let of = |email: &str| {
        let text =
            format!("email,accepts_marketing,consent_at\n{email},yes,2026-01-01T00:00:00Z\n");
        events(Kind::Customers, &text)
    };
    let (events, others) = (of("ana@mail.example"), of("rui@mail.example"));
    assert!(events.iter().all(|it| !it.key.key.contains('@') || !it.key.key.contains("ana")));
    assert_ne!(keys(&events)[1], keys(&others)[1]);
    assert_eq!(keys(&events), keys(&of(" ANA@mail.example ")), "of one mailbox they are one");
}

#[test]
fn a_customer_known_since_before_the_facts_is_one_since_then() {
    let text = "id,created_at,updated_at\n7,2024-01-01T00:00:00Z,2025-01-01T00:00:00Z\n";
    let events = events(Kind::Customers, text);
    assert_eq!(events[0].key.key, "customer:7/created");
    assert_eq!(events[0].at.to_string(), "2024-01-01T00:00:00Z");
    assert!(events[1].key.key.starts_with("customer:7@1735689600000#"));
}

/// State, basis, moment and source of the moment that a row's consent comes to.
fn consent(header: &str, row: &str) -> Option<(ConsentState, ConsentBasis, String, TimeSource)> {
    let events = events(Kind::Customers, &format!("id,{header}\n7,{row}\n"));
    events.iter().find_map(|it| match &it.body {
        IncomingBody::ConsentGiven { consent } => {
            Some((consent.state, consent.basis, consent.at.to_string(), it.time_source))
        }
        _ => None,
    })
}

#[test]
fn consent_is_what_the_file_claims_and_no_more() {
    use ConsentBasis::{DoubleOptIn, OptIn, Unstated};
    use ConsentState::{Agreed, Withdrawn};
    use TimeSource::{Given, Received};
    let day = "2026-01-01T00:00:00Z".to_owned();
    let dated = "accepts_marketing,consent_at";
    assert_eq!(
        consent(dated, "yes,2026-01-01T00:00:00Z"),
        Some((Agreed, Unstated, day.clone(), Given))
    );
    assert_eq!(consent(dated, "no,2026-01-01T00:00:00Z"), None, "nobody agreed, nobody left");
    assert_eq!(consent(dated, "never subscribed,"), None);
    assert_eq!(consent(dated, ","), None);
    assert_eq!(
        consent(dated, "unsubscribed,2026-01-01T00:00:00Z"),
        Some((Withdrawn, Unstated, day.clone(), Given))
    );
    assert_eq!(
        consent("accepts_marketing", "yes"),
        Some((Agreed, Unstated, "1970-01-01T00:00:00Z".to_owned(), Given)),
        "older than any word with a date"
    );
    assert_eq!(
        consent("accepts_marketing,created_at", "yes,2026-01-01T00:00:00Z"),
        Some((Agreed, Unstated, day.clone(), Given))
    );
    assert_eq!(
        consent("accepts_marketing,created_at", "unsubscribed,2026-01-01T00:00:00Z"),
        Some((Withdrawn, Unstated, NOW.to_string(), Received)),
        "later than any word before"
    );
    assert_eq!(
        consent("optin_time", "2026-01-01T00:00:00Z"),
        Some((Agreed, OptIn, day.clone(), Given))
    );
    assert_eq!(
        consent("subscribed,confirmed_at", "yes,2026-01-01T00:00:00Z"),
        Some((Agreed, DoubleOptIn, day.clone(), Given))
    );
    assert_eq!(
        consent("subscribed,optin_time", "no,2026-01-01T00:00:00Z"),
        None,
        "a date does not outweigh a no"
    );
    assert_eq!(
        consent("optin_time,unsub_time", "2025-01-01T00:00:00Z,2026-01-01T00:00:00Z"),
        Some((Withdrawn, Unstated, day, Given))
    );
    let text = "id,accepts_marketing\n7,perhaps\n";
    assert_snapshot!(refused(Kind::Customers, text), @"line 2: `accepts_marketing`: write `yes`, `no`, `subscribed` or `unsubscribed` (it is `perhaps`)");
}

#[test]
fn columns_without_a_field_become_what_they_are_mapped_to() {
    let file = written(b"id,Loyalty points,Zip\n7,120,0123\n");
    let look = look(file.path(), Bounds::default()).unwrap();
    let mut mapping = Mapping::guess(Kind::Customers, &look.header);
    mapping.correct("Loyalty points=attribute:points").unwrap();
    mapping.correct("Zip=attribute:zip").unwrap();
    let bounds = Bounds::default();
    let reading = reading();
    let mut reader = FileReader::open(file.path(), &look, &mapping, &reading, bounds).unwrap();
    let unit = reader.next_unit().unwrap().unwrap();
    let IncomingBody::Identified { attributes, .. } = &unit.outcome.unwrap()[0].body else {
        panic!()
    };
    assert_eq!(attributes["points"], 120, "a whole number is one");
    assert_eq!(attributes["zip"], "0123", "but for what begins with a nought");
}

#[test]
fn lines_of_one_order_are_one_order() {
    let text = "order_id,created_at,email,sku,product_name,quantity,unit_price,shipping\n\
                1,2026-01-01 10:00,a@x.example,A,Kettle,2,20.00,4.90\n\
                2,2026-01-01 11:00,b@x.example,B,Cup,1,5,\n\
                1,2026-01-01 10:00,a@x.example,C,Filter,1,3.50,\n";
    let units = units(Kind::Orders, text);
    let lines: Vec<Vec<u64>> =
        units.iter().map(|it| it.rows.iter().map(|row| row.line).collect()).collect();
    assert_eq!(lines, [vec![2, 4], vec![3]], "lines near one another are joined");
    let events = units[0].outcome.as_ref().unwrap();
    let IncomingBody::OrderPlaced { order, lines, total_minor, .. } = &events[0].body else {
        panic!()
    };
    assert_eq!((order.as_str(), lines.len(), *total_minor), ("1", 2, 4_840));
    assert_eq!((lines[0].quantity, lines[0].amount_minor), (2, 4_000));
    assert_eq!(lines[0].product.name.as_deref(), Some("Kettle"));
    assert_eq!(keys(events), ["order:1"]);
}

#[test]
fn an_order_may_be_a_total_alone() {
    let text = "Order Number,Order Date,Email,Total,Coupon\n#1001,2026-01-01,a@x.example,\"1.234,50\",SPRING\n";
    let events = events(Kind::Orders, text);
    let IncomingBody::OrderPlaced { lines, total_minor, coupon, .. } = &events[0].body else {
        panic!()
    };
    assert_eq!((lines.len(), *total_minor, coupon.as_deref()), (0, 123_450, Some("SPRING")));
}

#[test]
fn what_became_of_an_order_is_told_too() {
    let text = "order_id,placed_at,updated_at,cancelled_at,total,refunded\n\
                1,2026-01-01T10:00:00Z,2026-01-03T10:00:00Z,2026-01-02T10:00:00Z,20,-20\n";
    let events = events(Kind::Orders, text);
    let keys = keys(&events);
    assert_eq!(keys[0], "order:1");
    assert!(keys[1].starts_with("order:1@1767434400000#"), "{}", keys[1]);
    assert_eq!(keys[2..], ["order:1/cancelled", "refund:order:1"]);
}

#[test]
fn an_order_is_taken_whole_or_not_at_all() {
    let text = "order_id,placed_at,sku,quantity,unit_price\n\
                1,2026-01-01 10:00,A,1,20\n1,2026-01-01 10:00,B,-1,20\n";
    let units = units(Kind::Orders, text);
    assert_eq!((units.len(), units[0].rows.len()), (1, 2));
    assert_snapshot!(refused(Kind::Orders, text), @"line 3: `quantity`: give 1 or more; what was sent back goes into the column `refunded` (it is `-1`)");
}

#[test]
fn lines_stamped_minutes_apart_are_one_order_placed_at_the_first() {
    let text = |minute: &str| {
        format!(
            "order_id,placed_at,sku,quantity,unit_price\n\
             1,2026-01-01 10:01,A,1,20\n1,{minute},B,1,20\n"
        )
    };
    let units = units(Kind::Orders, &text("2026-01-01 10:00"));
    assert_eq!((units.len(), units[0].rows.len()), (1, 2));
    assert_eq!(units[0].outcome.as_ref().unwrap()[0].at.to_string(), "2026-01-01T10:00:00Z");
    assert_snapshot!(refused(Kind::Orders, &text("2026-01-02 10:02")), @"line 3: `placed_at`: lines of one order were placed more than a day apart; give orders that share a number numbers of their own (it is `2026-01-02 10:02`)");
}

#[test]
fn refusals_of_orders_say_how_to_mend_them() {
    let of = |row: &str| {
        let header = "order_id,placed_at,email,sku,quantity,unit_price,total,currency";
        refused(Kind::Orders, &format!("{header}\n{row}\n"))
    };
    assert_snapshot!(of(",2026-01-01,a@x.example,A,1,20,,"), @"line 2: `order_id`: it is empty; give it");
    assert_snapshot!(of("1,,a@x.example,A,1,20,,"), @"line 2: the order has no `placed_at`; give it on one of its lines");
    assert_snapshot!(of("1,soon,a@x.example,A,1,20,,"), @"line 2: `placed_at`: write it as `2026-03-01 14:05` or `2026-03-01T14:05:00Z` (it is `soon`)");
    assert_snapshot!(of("1,2026-01-01,somebody,A,1,20,,"), @"line 2: `email`: the email address is not of the form `name@domain`; correct it or leave it out");
    assert_snapshot!(of("1,2026-01-01,a@x.example,A,1.5,20,,"), @"line 2: `quantity`: write a whole number (it is `1.5`)");
    assert_snapshot!(of("1,2026-01-01,a@x.example,A,1,twenty,,"), @"line 2: `unit_price`: write an amount such as `19.99` (it is `twenty`)");
    assert_snapshot!(of("1,2026-01-01,a@x.example,,1,20,,"), @"line 2: the line has a price and no product; give its id, SKU or name, or put postage and the like into the order's total");
    assert_snapshot!(of("1,2026-01-01,a@x.example,,,,,"), @"line 2: the order has neither a total nor a line with a price");
    assert_snapshot!(of("1,2026-01-01,a@x.example,A,1,20,-5,"), @"line 2: `total`: it is below 0; give refunds in a column of their own (it is `-5`)");
    assert_snapshot!(of("1,2026-01-01,a@x.example,A,1,20,,USD"), @"line 2: `currency`: the shop sells in EUR; import what is in EUR, or set the shop's currency in its configuration first (it is `USD`)");
    assert_snapshot!(of("1,2026-01-01,a@x.example,A"), @"line 2: the row has fewer columns and the header 8; put values with a delimiter in them into quotes");
    assert_snapshot!(of("1,2026-01-01,a@x.example,A,1,20,5,EUR\n1,2026-01-01,b@x.example,A,1,20,5,EUR"), @"line 3: lines of one order name two customers; correct the one that is wrong");
    assert_snapshot!(of("1,2026-01-01,a@x.example,A,1,20,5,EUR\n1,2026-01-01,a@x.example,A,1,20,6,EUR"), @"line 3: `total`: lines of one order differ in it; it is the whole order's, and on lines its own column is `line_amount` (it is `6`)");
}

#[test]
fn days_that_could_be_two_are_asked_about_before_anything_is_read() {
    let text = "order_id,date,total\n1,31/01/2026,5\n2,01/03/2026,5\n";
    let error = read_within(Kind::Orders, text.as_bytes(), Bounds::default()).unwrap_err();
    assert_snapshot!(error, @"`date` has days such as `01/03/2026`, in which day and month could be either way round; say --date-order dmy or --date-order mdy");
    assert_eq!(events(Kind::Orders, "order_id,date,total\n1,31/01/2026,5\n").len(), 1);
}

#[test]
fn a_product_has_codes_and_facts() {
    let text = "ID,SKU,Handle,Name,Category,Price,Stock,Status,Tags\n\
                9,KET-1,kettle,Kettle,Kitchen > Kettles,\"1,299.00\",4,draft,\"steel, new\"\n";
    let events = events(Kind::Products, text);
    let IncomingBody::ProductSaved { code, codes_also, facts } = &events[0].body else { panic!() };
    assert_eq!(
        (code.as_str(), codes_also.as_slice()),
        ("9", &["KET-1".to_owned(), "handle:kettle".to_owned()][..])
    );
    assert_eq!(facts.category.as_deref(), Some("Kettles"));
    assert_eq!(
        (facts.price_minor, facts.stock, facts.is_active),
        (Some(129_900), Some(Some(4)), Some(false))
    );
    assert_eq!(facts.tags.as_deref(), Some(&["steel".to_owned(), "new".to_owned()][..]));
    assert!(events[0].key.key.starts_with("product:9#"));
}

#[test]
fn codes_alone_are_no_products() {
    let error = read_within(Kind::Products, b"collection_id,product_id\n1,2\n", Bounds::default());
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("no column is `product_name`, `category`"), "{error}");
    assert_snapshot!(refused(Kind::Products, "sku,name,price\nA,,\n"), @"line 2: the row has a code and says nothing of the product");
}

#[test]
fn formats_of_platforms_are_read_by_their_own_readers() {
    let text = "Handle,Title,Variant Price,Variant SKU,Option1 Value\n\
                kettle,Steel Kettle,20.00,K1,small\nkettle,,25.00,K2,large\ncup,,5.00,C1,\n";
    let units = units(Kind::Products, text);
    let lines: Vec<Vec<u64>> =
        units.iter().map(|it| it.rows.iter().map(|row| row.line).collect()).collect();
    assert_eq!(lines, [vec![2, 3], vec![4]], "rows of one product are one unit");
    let events = units[0].outcome.as_ref().unwrap();
    assert_eq!(events[0].key.source, "shopify", "as every other of Shopify's doors tells it");
    let text = "First Name,Last Name,Email,Accepts Email Marketing\n\
                Ana,R,ana@mail.example,yes\nRui,S,nowhere,no\n";
    let customers = super::tests::units(Kind::Customers, text);
    assert!(customers[0].outcome.is_ok());
    let refused = customers[1].outcome.as_ref().unwrap_err();
    assert_eq!((refused.line, customers[1].rows[0].line), (3, 3));
    assert!(!refused.refusal.reason.contains("line"), "it stands beside it: {refused:?}");

    let text = "ID,Type,SKU,Name,Published,Visibility in catalog,Regular price\n\
                7,simple,K1,Kettle,1,visible,20\n8,simple,K2,Cup,1,visible,dear\n";
    let products = super::tests::units(Kind::Products, text);
    let events = products[0].outcome.as_ref().unwrap();
    assert_eq!(events[0].key.source, "woocommerce");
    assert!(products[1].outcome.is_err());
}

#[test]
fn a_correction_makes_a_plain_file_of_a_format() {
    let header = ["First Name", "Last Name", "Email", "Accepts Email Marketing"];
    let header: Vec<String> = header.iter().map(|it| (*it).to_owned()).collect();
    let mut mapping = Mapping::guess(Kind::Customers, &header);
    assert_eq!(mapping.format, Some(Format::Shopify));
    mapping.correct("Last Name=-").unwrap();
    assert_eq!(mapping.format, None);
}

/// A review as product, rating, text, author, published and the day.
fn review(text: &str) -> String {
    let events = events(Kind::Reviews, text);
    let IncomingBody::ProductReviewed { product, rating, text, details } = &events[0].body else {
        panic!("{events:?}")
    };
    let codes = (&product.code, product.code_also.as_deref().unwrap_or("-"));
    format!(
        "{} {} {rating} {text:?} by {} title {} published {:?} at {}, {} identifiers",
        codes.0,
        codes.1,
        details.author.as_deref().unwrap_or("-"),
        details.title.as_deref().unwrap_or("-"),
        details.is_published,
        events[0].at,
        events[0].identifiers.len()
    )
}

#[test]
fn reviews_of_other_products_are_understood() {
    assert_snapshot!(review("title,body,rating,review_date,source,curated,reviewer_name,reviewer_email,product_id,product_handle,reply,reply_date,picture_urls,ip_address,location\nTop,\"Très bonne.\",5,2025-03-02 10:12:00 UTC,web,ok,Camille R.,c@x.example,701,creme-visage,,,,,FR\n"), @r#"701 handle:creme-visage 5 "Très bonne." by Camille R. title Top published Some(true) at 2025-03-02T10:12:00Z, 1 identifiers"#);
    assert_snapshot!(review("title,body,rating,review_date,curated,reviewer_name,reviewer_email,product_handle\n,,4,02/03/2025,not-yet,Marc,,creme\n"), @r#"handle:creme - 4 "" by Marc title - published None at 2025-03-02T00:00:00Z, 0 identifiers"#);
    assert_snapshot!(review("product_handle,product_Id,rating,author,email,body,created_at,photo_url,reply,replied_at,verified_purchase,incentivized\nroad-bike,,5,Ana,,Good,2026-02-01,,,,true,false\n"), @r#"handle:road-bike - 5 "Good" by Ana title - published Some(true) at 2026-02-01T00:00:00Z, 0 identifiers"#);
    assert_snapshot!(review("Product ID,Review Score,Reviewer Display Name,Review Content,Review Creation Date,Reviewer Email,Review Title,Review Status\n88,3,Yo,Body,2026-02-01,y@x.example,Title,Rejected\n"), @r#"88 - 3 "Body" by Yo title Title published Some(false) at 2026-02-01T00:00:00Z, 1 identifiers"#);
    assert_snapshot!(review("Rating,Review,Date,Name,Product\n4,Fine,2026-02-01,Ana,Cup\n"), @r#"name:Cup - 4 "Fine" by Ana title - published None at 2026-02-01T00:00:00Z, 0 identifiers"#);
}

#[test]
fn refusals_of_reviews_say_how_to_mend_them() {
    let of =
        |row: &str| refused(Kind::Reviews, &format!("rating,date,sku,published,text\n{row}\n"));
    assert_snapshot!(of("6,2026-01-01,A,,x"), @"line 2: `rating`: give 1 to 5 stars (it is `6`)");
    assert_snapshot!(of("4.5,2026-01-01,A,,x"), @"line 2: `rating`: give 1 to 5 stars (it is `4.5`)");
    assert_snapshot!(of("5,,A,,x"), @"line 2: `date`: it is empty; give it");
    assert_snapshot!(of("5,2026-01-01,,,x"), @"line 2: the review names no product (reviews of the whole shop are not kept); give its id, handle, SKU or name");
    assert_snapshot!(of("5,2026-01-01,A,perhaps,x"), @"line 2: `published`: write `yes`, `no`, `approved`, `pending` or `rejected` (it is `perhaps`)");
}

#[test]
fn events_in_segments_form_are_read_with_their_own_time() {
    let text = r#"{"type":"track","messageId":"m1","userId":"7","event":"Product Viewed","timestamp":"2025-01-01T10:00:00Z","sentAt":"2025-01-01T10:00:09Z","properties":{"product_id":"A"}}
{"type":"track","userId":"7","event":"Signed Up","timestamp":"2025-01-02T10:00:00Z"}
"#;
    let events = events(Kind::Events, text);
    assert_eq!(events.len(), 2);
    assert_eq!((events[0].key.source.as_str(), events[0].key.key.as_str()), ("segment", "m1"));
    assert_eq!(
        (events[0].at.to_string().as_str(), events[0].time_source),
        ("2025-01-01T10:00:00Z", TimeSource::Given)
    );
    assert!(matches!(events[0].body, IncomingBody::ProductViewed { .. }));
}

#[test]
fn refusals_of_lines_say_how_to_mend_them() {
    let of = |line: &str| refused(Kind::Events, &format!("{{\"type\":{line}\n"));
    assert_snapshot!(of(r#""track","userId":"7","event":"X"}"#), @"line 1: `timestamp` is missing; give it");
    assert_snapshot!(of(r#""nothing","userId":"7","timestamp":"2025-01-02T10:00:00Z"}"#), @"line 1: `type`: use `track`, `identify`, `page`, `screen`, `group` or `alias`");
    assert_snapshot!(of(r#""track","event":"X","timestamp":"2025-01-02T10:00:00Z"}"#), @"line 1: `userId` or `anonymousId` is missing; give it");
    assert_snapshot!(of(r#""track""#), @"line 1: it is not JSON; check quotes and commas, and write one object to a line");
    let deep = format!("{}1{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    assert_snapshot!(of(&format!("\"track\",\"userId\":\"7\",\"x\":{deep}}}")), @"line 1: objects lie more than 32 deep within one another; flatten them");
    let hole = format!("\"track\",\"x\":{}", "[".repeat(900_000));
    assert_snapshot!(of(&hole), @"line 1: objects lie more than 32 deep within one another; flatten them");
    assert_snapshot!(of(r#""track","userId":"7\u0000"}"#), @"line 1: a NUL character stands in it; take it out");
}

const DEPTH: usize = 40;

#[test]
fn events_of_a_csv_file_keep_their_details() {
    let text = "event,time,email,id,product_id,colour\n\
                Product Viewed,2025-01-01T10:00:00Z,a@x.example,e1,A,red\n\
                Quiz Done,2025-01-01T10:00:00Z,a@x.example,,,blue\n";
    let events = events(Kind::Events, text);
    assert!(
        matches!(&events[0].body, IncomingBody::ProductViewed { product } if product.code == "A")
    );
    assert_eq!(events[0].key.key, "e1");
    assert!(matches!(events[0].identifiers.as_slice(), [Identifier::Email(_)]));
    let IncomingBody::Custom { name, properties } = &events[1].body else { panic!() };
    assert_eq!((name.as_str(), &properties["colour"]), ("Quiz Done", &Value::from("blue")));
    assert_eq!(events[1].key.source, "file");
    let again = super::tests::events(Kind::Events, text);
    assert_eq!(keys(&again), keys(&events), "the same rows have the same keys");
}

#[test]
fn objects_are_rows_too() {
    let text = "{\"id\": 7, \"email\": \"a@x.example\", \"address\": {\"country\": \"PT\"}}\n\
                {\"id\": 8, \"first_name\": \"Rui\", \"tags\": [\"a\", \"b\"]}\n";
    let file = written(text.as_bytes());
    let look = look(file.path(), Bounds::default()).unwrap();
    // Names stand in the order of the alphabet within an object.
    assert_eq!(look.header, ["address.country", "email", "id", "first_name", "tags"]);
    let events = events(Kind::Customers, text);
    assert_eq!(events[1].identifiers, [Identifier::external(OWN_IDS, "8")]);
    let IncomingBody::Identified { name, .. } = &events[1].body else { panic!() };
    assert_eq!(name.given, "Rui");
}

#[test]
fn files_that_are_none_are_refused() {
    let error = |bytes: &[u8]| {
        let error = read_within(Kind::Customers, bytes, Bounds::default()).unwrap_err();
        let error = format!("{error:#}");
        error.split_once("`: ").map_or(error.clone(), |it| it.1.to_owned())
    };
    assert!(error(b"").ends_with("is empty; its first row must name the columns"));
    assert!(error(b"[{}]").ends_with("is one JSON list; write one object to a line (NDJSON)"));
    assert_snapshot!(error(b"\xff\xfea\0"), @"it is UTF-16; save it in UTF-8");
    assert!(error(b"a,b\n1,2\n").starts_with("no column is `customer_id` or `email`"));
    let bounds = Bounds { rows_max: 2, ..Bounds::default() };
    let error = read_within(Kind::Customers, b"id\n1\n2\n3\n", bounds).unwrap_err();
    assert_snapshot!(error, @"it has more than 2 rows; import it in parts, or raise --rows-max");
}

#[test]
fn refused_rows_can_be_corrected_and_come_in_again() {
    for value in ["=1+1", "+351 1", "-5", "@x", "\tx", "plain", "'quoted"] {
        let escaped = escape_formula(value);
        let text = format!("line,reason,id,name\n9,because,7,{escaped}\n");
        let events = events(Kind::Customers, &text);
        let IncomingBody::Identified { name, .. } = &events[0].body else { panic!() };
        let whole = format!("{} {}", name.given, name.family);
        assert_eq!(whole.trim(), value.trim(), "{escaped}");
    }
    assert_eq!(escape_formula("=1"), "'=1");
    assert_eq!(escape_formula("a=1"), "a=1");
    let row = SourceRow { line: 2, text: b"1,\"a\nb\"".to_vec() };
    assert_eq!(cut(Form::Csv(Delimiter::Comma), &row, 2), ["1", "a\nb"]);
    assert_eq!(cut(Form::Csv(Delimiter::Comma), &row, 3), ["1,\"a\nb\""], "one it cannot cut");
}

#[test]
fn what_was_read_so_far_is_told_by_its_trail() {
    let trail = |text: &str| {
        let file = written(text.as_bytes());
        let bounds = Bounds::default();
        let look = look(file.path(), bounds).unwrap();
        let mapping = Mapping::guess(Kind::Customers, &look.header);
        let reading = reading();
        let mut reader = FileReader::open(file.path(), &look, &mapping, &reading, bounds).unwrap();
        (reader.next_unit().unwrap(), reader.trail()).1
    };
    assert_eq!(trail("id\n1\n2\n"), trail("id\n1\n3\n"), "what comes after says nothing");
    assert_ne!(trail("id\n1\n2\n"), trail("id\n9\n2\n"));
}

proptest! {
    /// Every row read is in exactly one unit, whatever the file holds.
    #[test]
    fn no_row_is_lost_and_no_bytes_break_the_reading(
        rows in prop::collection::vec(
            "[0-9]{1,2},(2026-01-0[1-9]|x),[a-z\"]{0,3},[0-9.-]{0,4}|[ -~\n]{0,20}|[0-9]{1,2},,,",
            0..40,
        ),
        garbage in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let text = format!("order_id,placed_at,sku,total\n{}\n", rows.join("\n"));
        let bytes = [text.as_bytes(), &garbage].concat();
        for kind in Kind::ALL {
            let header: &[u8] = match kind {
                Kind::Customers => b"id,created_at,name,accepts_marketing\n",
                Kind::Products => b"id,updated_at,sku,price\n",
                Kind::Orders => b"order_id,placed_at,sku,total\n",
                Kind::Events => b"user_id,time,event,price\n",
                Kind::Reviews => b"sku,date,text,rating\n",
            };
            let bytes = [header, &bytes].concat();
            let (units, rows_read) = read_within(kind, &bytes, Bounds::default()).unwrap();
            let rows: u64 = units.iter().map(|it| it.rows.len() as u64).sum();
            prop_assert_eq!(rows, rows_read);
            let keyed = units.iter().filter_map(|it| it.outcome.as_ref().ok()).flatten();
            for event in keyed {
                prop_assert!(event.key.key.chars().count() <= 200);
            }
        }
        let _ = read_within(Kind::Events, &garbage, Bounds::default());
    }
}
