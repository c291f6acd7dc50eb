//! Deliveries of WooCommerce, one for each thing that is particular about them.

use std::path::{Path, PathBuf};

use aftercart_model::Identifier;
use insta::{assert_debug_snapshot, assert_snapshot};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::Incoming;

fn received_at() -> Timestamp {
    "2026-03-06T00:00:00Z".parse().unwrap()
}

fn example(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/woocommerce").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// `example` with other fields in place of its own.
fn with(name: &str, fields: Value) -> Value {
    let mut value = example(name);
    for (field, other) in fields.as_object().unwrap() {
        value[field] = other.clone();
    }
    value
}

fn read(topic: &str, body: &Value) -> Result<Taken, RejectReason> {
    read_webhook(topic, body.to_string().as_bytes(), received_at(), Currency::EUR)
}

fn events(topic: &str, body: &Value) -> Vec<Incoming> {
    match read(topic, body) {
        Ok(Taken::Events(events)) => events,
        other => panic!("no events: {other:?}"),
    }
}

fn ignored(topic: &str, body: &Value) -> String {
    match read(topic, body) {
        Ok(Taken::Ignored(reason)) => reason,
        other => panic!("not passed over: {other:?}"),
    }
}

fn refused(topic: &str, body: &Value) -> String {
    read(topic, body).unwrap_err().to_string()
}

fn keys(events: &[Incoming]) -> Vec<String> {
    let version = |key: &str| key.split_once('#').map(|(it, _)| format!("{it}#…"));
    events.iter().map(|it| version(&it.key.key).unwrap_or_else(|| it.key.key.clone())).collect()
}

/// One line for each event: key, instant, and what happened.
fn told(events: &[Incoming]) -> String {
    let line = |(it, key): (&Incoming, String)| format!("{key}\n  {} {:?}\n", it.at, it.body);
    events.iter().zip(keys(events)).map(line).collect()
}

// Signatures, as computed by `openssl dgst -sha256 -hmac … -binary | base64`.
const SECRET: &str = "a secret of the shop's";
const SIGNED: &[u8] = br#"{"id":727,"status":"processing"}"#;
const SIGNATURE: &str = "//E1S6NzkMSCgrGs7J4AM4tITLjGvo1lzXTtsmWUs4Q=";

fn is_good(secrets: &[&str], body: &[u8], header: Option<&str>) -> bool {
    let secrets: Vec<String> = secrets.iter().map(|it| (*it).to_owned()).collect();
    verify(&secrets, body, header)
}

#[test]
fn a_signature_is_good_for_one_key_and_one_body() {
    assert!(is_good(&[SECRET], SIGNED, Some(SIGNATURE)));
    assert!(is_good(&["older", SECRET], SIGNED, Some(SIGNATURE)), "any of several webhooks'");
    let mut changed = SIGNED.to_vec();
    changed[5] ^= 1;
    assert!(!is_good(&[SECRET], &changed, Some(SIGNATURE)), "one bit of the body");
    assert!(!is_good(&["another"], SIGNED, Some(SIGNATURE)), "another key");
    assert!(!is_good(&[], SIGNED, Some(SIGNATURE)), "no key");
    assert!(!is_good(&[SECRET], SIGNED, None), "no header");
    for header in ["", "not base64!", &SIGNATURE[..20], "AAAA"] {
        assert!(!is_good(&[SECRET], SIGNED, Some(header)), "{header}");
    }
    let again: Value = serde_json::from_slice(SIGNED).unwrap();
    let again = serde_json::to_vec_pretty(&again).unwrap();
    assert!(!is_good(&[SECRET], &again, Some(SIGNATURE)), "the same JSON, written again");
}

#[test]
fn nobody_signs_with_an_empty_secret() {
    let key = hmac::Key::new(HMAC_SHA256, b"");
    let forged = STANDARD.encode(hmac::sign(&key, SIGNED));
    assert!(!is_good(&[""], SIGNED, Some(&forged)));
}

proptest! {
    #[test]
    fn what_was_signed_is_good_until_a_bit_of_it_changes(
        body in proptest::collection::vec(any::<u8>(), 1..200), secret in "[ -~]{1,40}", at: usize, bit in 0_u32..8,
    ) {
        let key = hmac::Key::new(HMAC_SHA256, secret.as_bytes());
        let header = STANDARD.encode(hmac::sign(&key, &body));
        prop_assert!(is_good(&[&secret], &body, Some(&header)));
        let mut changed = body.clone();
        changed[at % body.len()] ^= 1 << bit;
        prop_assert!(!is_good(&[&secret], &changed, Some(&header)));
    }

    #[test]
    fn no_body_makes_it_fail(body in "(?s).{0,200}", topic in 0..TOPICS.len()) {
        let _ = read_webhook(TOPICS[topic].name, body.as_bytes(), received_at(), Currency::EUR);
    }
}

#[test]
fn the_ping_of_a_webhook_just_saved_is_taken() {
    assert!(is_ping(b"webhook_id=12"));
    for other in ["webhook_id=", "webhook_id=1&x=2", "{}", "", "id=1"] {
        assert!(!is_ping(other.as_bytes()), "{other}");
    }
    let taken = read_webhook("", b"webhook_id=12", received_at(), Currency::EUR);
    assert!(matches!(taken, Ok(Taken::Ignored(_))), "{taken:?}");
}

#[test]
fn two_deliveries_of_one_second_are_two() {
    let key = |id, body: &str| delivery_key(id, body.as_bytes());
    assert_eq!(key(Some("abc"), "{\"id\":1}"), key(Some("abc"), "{\"id\":1}"));
    assert_ne!(key(Some("abc"), "{\"id\":1}"), key(Some("abc"), "{\"id\":2}"));
    assert_ne!(key(Some("abc"), "{}"), key(None, "{}"));
    assert!(key(Some(&"x".repeat(500)), "{}").len() < 200, "no id without end");
}

#[test]
fn an_order_of_a_guest_is_told_with_all_that_became_of_it() {
    let events = events("order.updated", &example("order-guest.json"));
    assert_snapshot!(told(&events), @r#"
    order:4101/guest@1772730000000#…
      2026-03-05T17:00:00Z Identified { name: CustomerName(…), time_zone: None, country: Some("PT"), locale: None, attributes: {} }
    order:4101
      2026-03-02T09:15:00Z OrderPlaced { order: OrderId("4101"), lines: [IncomingLine { product: ProductRef { code: "93", code_also: Some("DRP-SAND"), name: Some("Dripper"), price_minor: Some(2400), category: None, url: None, picture: Some("https://shop.example/dripper.jpg") }, quantity: 2, amount_minor: 4300 }, IncomingLine { product: ProductRef { code: "name:Gift wrap", code_also: None, name: Some("Gift wrap"), price_minor: Some(0), category: None, url: None, picture: None }, quantity: 1, amount_minor: 0 }], total_minor: 4795, coupon: Some("spring5") }
    order:4101@1772730000000#…
      2026-03-05T17:00:00Z OrderRevised { order: OrderId("4101"), placed_at: Some(2026-03-02T09:15:00Z), lines: [IncomingLine { product: ProductRef { code: "93", code_also: Some("DRP-SAND"), name: Some("Dripper"), price_minor: Some(2400), category: None, url: None, picture: Some("https://shop.example/dripper.jpg") }, quantity: 2, amount_minor: 4300 }, IncomingLine { product: ProductRef { code: "name:Gift wrap", code_also: None, name: Some("Gift wrap"), price_minor: Some(0), category: None, url: None, picture: None }, quantity: 1, amount_minor: 0 }], total_minor: 4795, coupon: Some("spring5") }
    order:4101/fulfilled
      2026-03-04T08:30:00Z OrderFulfilled { order: OrderId("4101") }
    refund:4120
      2026-03-05T17:00:00Z OrderRefunded { order: Some(OrderId("4101")), amount_minor: 1000, lines: [] }
    "#);
    let [Identifier::Email(address)] = &events[0].identifiers[..] else { panic!("an address") };
    assert_eq!(address.as_str(), "ines.prata@mail.example");
    assert!(events.iter().all(|it| it.identifiers == events[0].identifiers), "all are the guest's");
}

#[test]
fn an_order_that_never_changed_is_not_revised() {
    let created = json!({"date_modified_gmt": "2026-03-02T09:15:00", "status": "processing", "refunds": [], "date_completed_gmt": null});
    let body = with("order-guest.json", created);
    let told = keys(&events("order.created", &body));
    assert_eq!(told, ["order:4101/guest@1772442900000#…", "order:4101"]);
    let told = keys(&events("order.updated", &body));
    let last = "order:4101@1772442900000#…";
    assert_eq!(told.last().unwrap(), last, "an update is one though it came within the second");
}

#[test]
fn a_list_and_a_webhook_tell_one_fact_under_one_key() {
    let body = example("order-guest.json");
    let mut listed = body.clone();
    listed["_links"] =
        json!({"self": [{"href": "https://shop.example/wp-json/wc/v3/orders/4101"}]});
    let read = read_resource(Resource::Order, &listed, received_at(), Currency::EUR).unwrap();
    assert_eq!(read, Taken::Events(events("order.updated", &body)));
    let product = example("product.json");
    let other_neighbours = with("product.json", json!({"related_ids": [9, 8]}));
    assert_eq!(events("product.updated", &product), events("product.created", &other_neighbours));
}

#[test]
fn an_account_is_surer_than_an_address() {
    let of = |fields| events("order.updated", &with("order-guest.json", fields))[0].clone();
    let both = of(json!({"customer_id": 25}));
    assert!(
        matches!(&both.identifiers[..], [Identifier::External(it), Identifier::Email(_)] if it.id == "25")
    );
    assert_eq!(both.key.key, "order:4101", "the account tells who it is, not the order");
    let nobody = of(json!({"billing": {"first_name": "A", "email": "not an address"}}));
    assert_eq!(nobody.identifiers, [], "a guest nobody can name");
    let php = of(json!({"billing": [], "customer_id": 25}));
    assert_eq!(php.identifiers, [Identifier::external(SOURCE, "25")], "an empty object of PHP's");
}

#[test]
fn an_order_counts_once_it_is_paid_or_in_work() {
    let unpaid = |status: &str| {
        with(
            "order-guest.json",
            json!({"status": status, "date_paid_gmt": null, "date_completed_gmt": null, "refunds": []}),
        )
    };
    for status in ["pending", "on-hold", "failed", "checkout-draft", "awaiting-pickup"] {
        let reason = ignored("order.updated", &unpaid(status));
        assert!(reason.contains(&format!("`{status}`")), "{reason}");
    }
    let mut paid = unpaid("awaiting-pickup");
    paid["date_paid_gmt"] = json!("2026-03-02T09:15:40");
    assert!(
        keys(&events("order.updated", &paid)).contains(&"order:4101".to_owned()),
        "a status of a plug-in's"
    );
    for status in ["processing", "completed", "refunded"] {
        assert!(
            keys(&events("order.updated", &unpaid(status))).contains(&"order:4101".to_owned()),
            "{status}"
        );
    }
}

#[test]
fn an_order_is_cancelled_paid_or_not() {
    let of = |fields| keys(&events("order.updated", &with("order-guest.json", fields)));
    let never_paid = of(json!({"status": "cancelled", "date_paid_gmt": null}));
    assert_eq!(never_paid, ["order:4101/cancelled"], "it may have been processing before");
    for status in ["cancelled", "trash"] {
        let paid = of(json!({"status": status}));
        assert!(
            paid.contains(&"order:4101".to_owned())
                && paid.contains(&"order:4101/cancelled".to_owned()),
            "{paid:?}"
        );
    }
    let refunded = of(json!({"status": "refunded"}));
    assert!(refunded.contains(&"refund:4120".to_owned()));
    assert!(!refunded.contains(&"order:4101/cancelled".to_owned()), "the refund says it");
    let without_refund = of(json!({"status": "refunded", "refunds": []}));
    assert!(
        without_refund.contains(&"order:4101/cancelled".to_owned()),
        "the money must not count"
    );
    let deleted = events("order.deleted", &example("order-deleted.json"));
    assert_eq!(
        (keys(&deleted), deleted[0].at),
        (vec!["order:4101/cancelled".to_owned()], received_at())
    );
}

#[test]
fn lines_are_found_by_what_they_name() {
    let lines = |items: Value| {
        let events =
            events("order.created", &with("order-guest.json", json!({"line_items": items})));
        let placed = events.into_iter().find(|it| it.key.key == "order:4101").unwrap();
        match placed.body {
            IncomingBody::OrderPlaced { lines, .. } => {
                lines.iter().map(|it| (it.product.code.clone(), it.quantity)).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        lines(json!([{"product_id": 0, "sku": "X-1", "quantity": 3}])),
        [("X-1".to_owned(), 3)]
    );
    assert_eq!(
        lines(json!([{"product_id": 0, "name": "Tip", "quantity": 1}])),
        [("name:Tip".to_owned(), 1)]
    );
    assert_eq!(lines(json!([{"product_id": 0, "quantity": 1, "total": "5"}])), [], "money alone");
    assert_eq!(lines(json!([{"product_id": 7, "quantity": 0}])), [], "none of it");
    assert_eq!(
        lines(json!([{"product_id": 7, "quantity": "0.5"}])),
        [("7".to_owned(), 1)],
        "by weight"
    );
    assert_eq!(lines(json!([{"product_id": 7}])), [("7".to_owned(), 1)]);
}

#[test]
fn a_customer_is_told() {
    let events = events("customer.updated", &example("customer.json"));
    assert_snapshot!(told(&events), @r#"
    customer:25@1769932800000#…
      2026-02-01T08:00:00Z Identified { name: CustomerName(…), time_zone: None, country: Some("PT"), locale: None, attributes: {"city": String("Lisboa"), "is_paying_customer": Bool(true), "role": String("customer")} }
    "#);
    let never_changed = with("customer.json", json!({"date_modified_gmt": null}));
    assert_eq!(
        keys(&super::tests::events("customer.created", &never_changed)),
        ["customer:25@1768046400000#…"]
    );
    assert!(ignored("customer.deleted", &json!({"id": 25})).contains("account was closed"));
}

#[test]
fn a_product_is_told() {
    let saved = events("product.updated", &example("product.json"));
    assert_debug_snapshot!(saved[0].body, @r#"
    ProductSaved {
        code: "93",
        codes_also: [
            "DRP",
            "variant:95",
            "variant:96",
        ],
        facts: ProductFacts {
            name: Some(
                "Dripper & stand",
            ),
            category: Some(
                "Pots & drippers",
            ),
            kind: None,
            brand: None,
            tags: Some(
                [
                    "coffee",
                ],
            ),
            summary: Some(
                "Glazed by hand, one at a time.",
            ),
            price_minor: Some(
                2400,
            ),
            cost_minor: None,
            url: Some(
                "https://shop.example/product/dripper/",
            ),
            picture: Some(
                "https://shop.example/dripper.jpg",
            ),
            picture_text: Some(
                "A sand-coloured dripper",
            ),
            stock: Some(
                Some(
                    14,
                ),
            ),
            is_active: Some(
                true,
            ),
        },
    }
    "#);
    let variation = events("product.updated", &example("variation.json"));
    assert_debug_snapshot!(variation[0].body, @r#"
    ProductSaved {
        code: "93",
        codes_also: [
            "variant:95",
            "DRP-SAND",
        ],
        facts: ProductFacts {
            name: None,
            category: None,
            kind: None,
            brand: None,
            tags: None,
            summary: None,
            price_minor: None,
            cost_minor: None,
            url: None,
            picture: None,
            picture_text: None,
            stock: None,
            is_active: None,
        },
    }
    "#);
    let removed = events("product.deleted", &json!({"id": 93}));
    assert_snapshot!(told(&removed), @r#"
    product:93/removed@1772755200000
      2026-03-06T00:00:00Z ProductRemoved { code: "93" }
    "#);
}

#[test]
fn what_is_in_stock_and_for_sale_follows_the_shops_own_word() {
    let of = |fields| match events("product.updated", &with("product.json", fields)).remove(0).body
    {
        IncomingBody::ProductSaved { facts, .. } => (facts.stock, facts.is_active),
        other => panic!("{other:?}"),
    };
    let active = Some(true);
    assert_eq!(of(json!({})), (Some(Some(14)), active));
    assert_eq!(
        of(json!({"stock_status": "outofstock"})),
        (Some(Some(0)), active),
        "below the threshold"
    );
    assert_eq!(
        of(json!({"stock_status": "onbackorder", "stock_quantity": -2})),
        (Some(None), active)
    );
    assert_eq!(
        of(json!({"manage_stock": false, "stock_quantity": null})),
        (Some(None), active),
        "not counted"
    );
    let (_, is_active) = of(json!({"status": "draft"}));
    assert_eq!(is_active, Some(false));
    assert_eq!(of(json!({"catalog_visibility": "hidden"})).1, Some(false));
    assert_eq!(
        of(json!({"purchasable": false})).1,
        Some(false),
        "sold elsewhere, or without a price"
    );
}

#[test]
fn refusals_say_what_where_and_how_to_mend() {
    let order = |fields| refused("order.updated", &with("order-guest.json", fields));
    assert_snapshot!(order(json!({"currency": "USD"})), @"`currency` is `USD`; the shop sells in EUR, and only orders in it can be added up");
    assert_snapshot!(order(json!({"total": null})), @"`total` is missing; give it");
    assert_snapshot!(order(json!({"id": 0})), @"`id` is missing; give it");
    assert_snapshot!(order(json!({"date_created_gmt": null})), @"`date_created_gmt` cannot be used; it is missing: set the webhook to `WP REST API Integration v3`");
    assert_snapshot!(order(json!({"date_paid_gmt": "yesterday"})), @"`date_paid_gmt` is `yesterday`; write it as `2026-03-01T12:00:00`, in UTC");
    assert_snapshot!(order(json!({"line_items": [{"product_id": 1, "quantity": -1}]})), @"`line_items[0].quantity` is `-1`; send a number of 0 or more");
    assert_snapshot!(order(json!({"refunds": [{"id": 1, "total": "ten"}]})), @"`refunds[0].total` is `ten`; send a number, such as `19.99`");
    assert_snapshot!(refused("order.updated", &json!([])), @"the body is JSON and not an object; send one object, in braces");
    assert_snapshot!(refused("product.updated", &with("product.json", json!({"price": "-1"}))), @"`price` is `-1`; send an amount of 0 or more");
    let forbidden = json!({"code": "woocommerce_rest_cannot_view", "message": "Sorry", "data": {"status": 401}});
    assert_snapshot!(refused("order.created", &forbidden), @"`code` is `woocommerce_rest_cannot_view`; it is WooCommerce's refusal to show the resource: give the webhook or the key to a user who may read it");
    assert_snapshot!(refused("", &json!({})), @"`x-wc-webhook-topic` is missing; give it");
    let read = |body: &[u8]| read_webhook("order.updated", body, received_at(), Currency::EUR);
    assert_snapshot!(read(b"{\"id\":").unwrap_err(), @"the body is not JSON from line 1, column 6 on; check quotes and commas");
    assert_snapshot!(read(&vec![b' '; WEBHOOK_BYTES_MAX + 1]).unwrap_err(), @"the webhook has 2097153 bytes; 2097152 is the most, send it in parts");
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    assert_snapshot!(read(deep.as_bytes()).unwrap_err(), @"objects lie more than 32 deep within one another; flatten them");
}

#[test]
fn topics_of_which_nothing_is_kept_are_taken_all_the_same() {
    for topic in ["coupon.created", "coupon.deleted", "action.woocommerce_add_to_cart", "x.y"] {
        assert!(!ignored(topic, &json!({"id": 1})).is_empty(), "{topic}");
    }
}

#[test]
fn the_reference_is_what_the_table_says() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/woocommerce-topics.md");
    if std::fs::read_to_string(&path).unwrap_or_default() != topics_page() {
        let fresh = std::env::temp_dir().join("woocommerce-topics.md");
        std::fs::write(&fresh, topics_page()).unwrap();
        panic!("the table changed; copy `{}` to `{}`", fresh.display(), path.display());
    }
}

/// The folder of the test data that is not part of this repository.
#[expect(clippy::disallowed_methods, reason = "where the test data is, is not configuration")]
fn data(test: &str) -> Option<PathBuf> {
    let given = std::env::var_os("AFTERCART_TEST_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = given.unwrap_or(beside).join("woocommerce-fixtures");
    if folder.is_dir() {
        return Some(folder);
    }
    println!(
        "SKIPPED {test}: no folder woocommerce-fixtures in the test data (AFTERCART_TEST_DATA)"
    );
    None
}

#[test]
fn every_documented_answer_is_taken_or_refused_with_a_reason() {
    let Some(folder) = data("every_documented_answer_is_taken_or_refused_with_a_reason") else {
        return;
    };
    let mut taken = 0;
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder.join("rest-api-docs"))
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    names.sort();
    for path in names.iter().filter(|it| it.extension().is_some_and(|it| it == "json")) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let Some((resource, _)) = name.split_once('-').filter(|(it, rest)| {
            ["orders", "customers", "products", "coupons"].contains(it)
                && rest.starts_with(|c: char| c.is_ascii_digit())
        }) else {
            continue;
        };
        let resource = resource.trim_end_matches('s');
        let answer: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let items = match answer {
            Value::Array(items) => items,
            // A batch: what was created, updated and deleted.
            Value::Object(ref map) if map.contains_key("create") => {
                map.values().flat_map(|it| it.as_array().unwrap().clone()).collect()
            }
            item => vec![item],
        };
        for item in items {
            for topic in ["created", "updated", "deleted", "restored"] {
                let topic = format!("{resource}.{topic}");
                if !TOPICS.iter().any(|it| it.name == topic) {
                    continue;
                }
                let body = serde_json::to_vec(&item).unwrap();
                let read = |currency| read_webhook(&topic, &body, received_at(), currency);
                if item.get("download_id").is_some() {
                    let reason = read(Currency::USD).map(drop);
                    assert!(
                        topic.ends_with("deleted")
                            || reason.unwrap_err().to_string().contains("`id`"),
                        "{name}: not a customer"
                    );
                    continue;
                }
                match read(Currency::USD) {
                    Ok(Taken::Events(events)) => {
                        assert!(!events.is_empty(), "{name}");
                        taken += 1;
                    }
                    Ok(Taken::Ignored(reason)) => {
                        assert!(
                            resource == "coupon" || topic == "customer.deleted",
                            "{name}: {reason}"
                        );
                    }
                    Err(reason) => panic!("{name} as {topic}: {reason}"),
                }
                if resource == "order" && !topic.ends_with("deleted") {
                    assert!(
                        read(Currency::EUR)
                            .unwrap_err()
                            .to_string()
                            .contains("`currency` is `USD`")
                    );
                }
            }
        }
    }
    assert!(taken >= 40, "{taken}");
}

fn rows(csv: &str) -> Vec<Result<Taken, RejectReason>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let header = ProductCsv::of_header(&header.iter().collect::<Vec<_>>()).unwrap();
    let read = |row: csv::StringRecord| {
        header.read(&row.iter().collect::<Vec<_>>(), received_at(), Currency::EUR)
    };
    reader.records().map(|it| read(it.unwrap())).collect()
}

#[test]
fn rows_of_a_product_file_become_products() {
    let csv = "\u{feff}ID,Type,SKU,Name,Published,Visibility in catalog,In stock?,Stock,Sale price,Regular price,Date sale price starts,Date sale price ends,Categories,Tags,Images,Parent\n\
        7,simple,MUG,Mug &amp; lid,1,visible,1,12,8.50,10,,,\"Kitchen > Mugs, Sale\",\"clay, hot\",\"https://shop.example/a.jpg, https://shop.example/b.jpg\",\n\
        8,variable,POT,Pot,1,visible,1,,,,,,Uncategorized,,,\n\
        9,variation,POT-RED,Pot - Red,1,visible,1,3,,30,,,,,,POT\n\
        10,variation,,Pot - Blue,1,visible,1,3,,30,,,,,,id:8\n\
        ,simple,CUP,Cup,0,visible,0,,5,6,2026-04-01,,,,,\n\
        11,\"simple, virtual\",,Course,1,hidden,backorder,0,5,6,,2026-03-05,,,,\n\
        ,simple,,Nameless,1,visible,1,,,1,,,,,,\n\
        12,variation,X,Lost,1,visible,1,,,1,,,,,,\n\
        13,simple,Y,Dear,1,visible,1,,,a lot,,,,,,\n\
        14,simple,Z,Some,1,visible,1,many,,1,,,,,,\n";
    let shown = rows(csv).into_iter().map(|row| match row {
        Ok(Taken::Events(events)) => match &events[0].body {
            IncomingBody::ProductSaved { code, codes_also, facts } => {
                let facts = serde_json::to_value(facts).unwrap();
                let facts: Vec<String> = facts
                    .as_object()
                    .unwrap()
                    .iter()
                    .filter(|it| !it.1.is_null())
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                format!("{code} also {codes_also:?}: {}\n", facts.join(" "))
            }
            other => panic!("{other:?}"),
        },
        Ok(Taken::Ignored(reason)) => format!("ignored: {reason}\n"),
        Err(reason) => format!("refused: {reason}\n"),
    });
    assert_snapshot!(shown.collect::<String>(), @r#"
    7 also ["MUG"]: category="Mugs" is_active=true name="Mug & lid" picture="https://shop.example/a.jpg" price_minor=850 stock=12 tags=["clay","hot"]
    8 also ["POT"]: is_active=true name="Pot" tags=[]
    POT also ["variant:9", "POT-RED"]: 
    8 also ["variant:10"]: 
    CUP also []: is_active=false name="Cup" price_minor=600 stock=0 tags=[]
    11 also []: is_active=false name="Course" price_minor=600 tags=[]
    refused: `ID` or `SKU` is missing; give it
    refused: `Parent` is missing; give it
    refused: `Regular price` is `a lot`; write a price of 0 or more, such as `19.99`
    refused: `Stock` is `many`; write a number of units, or leave it empty
    "#);
    assert_eq!(rows(csv), rows(csv), "the same file again says the same");
}

#[test]
fn another_file_is_no_product_file() {
    assert!(ProductCsv::of_header(&["Handle", "Title"]).is_none());
    assert!(ProductCsv::of_header(&["ID", "Type", "SKU", "Name", "Published"]).is_some());
}

#[test]
fn the_sample_catalogue_is_read_whole() {
    let Some(folder) = data("the_sample_catalogue_is_read_whole") else { return };
    let csv = std::fs::read_to_string(folder.join("product-csv/sample_products.csv")).unwrap();
    let mut names = 0;
    for row in rows(&csv) {
        let Ok(Taken::Events(events)) = row else { panic!("{row:?}") };
        let IncomingBody::ProductSaved { facts, .. } = &events[0].body else {
            panic!("{events:?}")
        };
        names += usize::from(facts.name.is_some());
    }
    assert_eq!((rows(&csv).len(), names), (24, 15), "24 rows, 9 of them variations");
}
