//! Signatures, payloads of every covered topic, what is refused, and the table of topics.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

pub fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A payload of our own making, in the shape of Shopify's.
fn example(name: &str) -> Value {
    let path = here(&format!("testdata/shopify/{name}.json"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn taken(topic: &str, body: &Value) -> Result<Taken, RejectReason> {
    read_webhook(topic, body.to_string().as_bytes(), NOW, Currency::EUR)
}

fn events(topic: &str, body: &Value) -> Vec<Incoming> {
    match taken(topic, body) {
        Ok(Taken::Events(events)) => events,
        other => panic!("{topic}: {other:?}"),
    }
}

/// Why it is not kept, or refused.
fn why(topic: &str, body: &Value) -> String {
    match taken(topic, body) {
        Ok(Taken::Events(events)) => panic!("{topic}: {events:?}"),
        Ok(Taken::Ignored(reason)) => format!("ignored: {reason}"),
        Err(reason) => format!("refused: {reason}"),
    }
}

/// An event on a few lines: key, who, when, what.
pub fn line_of(event: &Incoming) -> String {
    let who = |it: &Identifier| match it {
        Identifier::Email(address) => format!("email {}", address.as_str()),
        Identifier::External(it) => format!("external {}", it.id),
        Identifier::Visitor(id) => format!("visitor {id}"),
        Identifier::Cart(token) => format!("cart {token}"),
    };
    let who: Vec<String> = event.identifiers.iter().map(who).collect();
    let what = match &event.body {
        IncomingBody::Identified { name, country, locale, attributes, .. } => format!(
            "Identified {} {}, {country:?}, {locale:?}, {}",
            name.given,
            name.family,
            json!(attributes)
        ),
        other => format!("{other:?}"),
    };
    let what = what.replace("ProductRef ", "").replace("IncomingLine ", "line ");
    let what = what.replace(": None", ": -").replace("Some(", "(");
    let now = if event.time_source == TimeSource::Received { " on arrival" } else { "" };
    format!("{} {}{now}\n  {}\n  {what}", event.key.key, event.at, who.join(", "))
}

pub fn lines_of(events: &[Incoming]) -> String {
    events.iter().map(line_of).collect::<Vec<_>>().join("\n")
}

pub fn keys(events: &[Incoming]) -> Vec<String> {
    events.iter().map(|it| it.key.key.clone()).collect()
}

/// Compares with the snapshot `shopify-NAME`.
pub fn assert_told(name: &str, text: &str) {
    insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
        assert_snapshot!(format!("shopify-{name}"), text);
    });
}

fn header(secret: &[u8], body: &[u8]) -> String {
    STANDARD.encode(hmac::sign(&hmac::Key::new(HMAC_SHA256, secret), body).as_ref())
}

#[test]
fn a_signature_is_of_the_very_bytes() {
    let (secret, body) = (b"hush".as_slice(), br#"{"id": 1, "total": "10.00"}"#.as_slice());
    // Counted by OpenSSL: printf BODY | openssl dgst -sha256 -hmac hush -binary | base64
    let good = "YjnwvogPrUaSfnx2Loj3wI1yK22eOPqLAtyIrB5qJUQ=";
    assert_eq!(header(secret, body), good);
    assert!(verify(&[secret], body, good));
    assert!(verify(&[b"next", secret], body, good), "while one secret follows another");
    assert!(verify(&[secret, b"next"], body, good), "in either order");
    assert!(verify(&[secret], body, &format!(" {good}\r\n")), "blanks of the header");

    for at in [0, body.len() / 2, body.len() - 1] {
        let mut changed = body.to_vec();
        changed[at] ^= 1;
        assert!(!verify(&[secret], &changed, good), "one bit of byte {at}");
    }
    assert!(!verify(&[b"other"], body, good), "another secret");
    assert!(!verify(&[], body, good), "no secret");
    assert!(!verify(&[b""], body, &header(b"", body)), "an empty secret signs nothing");
    let parsed: Value = serde_json::from_slice(body).unwrap();
    assert!(!verify(&[secret], parsed.to_string().as_bytes(), good), "the same JSON, written anew");
    let hex = "6239f0be880fad46927e7c762e88f7c08d722b6d9e38fa8b02dc88ac1e6a2544";
    for bad in ["", "=", "not base64!", hex, &good[..20], &good.to_lowercase()] {
        assert!(!verify(&[secret], body, bad), "`{bad}`");
    }
}

#[test]
fn an_order_is_told_whole() {
    assert_told("order-created", &lines_of(&events("orders/create", &example("order"))));
    assert_told("order-settled", &lines_of(&events("orders/updated", &example("order-settled"))));
}

#[test]
fn an_order_has_one_key_whatever_the_topic() {
    let order = example("order-settled");
    let topics = ["orders/updated", "orders/paid", "orders/cancelled", "orders/fulfilled"];
    let told = topics.map(|topic| events(topic, &order));
    assert!(told.iter().all(|it| *it == told[0]), "the same snapshot is the same events");
    let mut edited = order.clone();
    edited["total_price_set"]["shop_money"]["amount"] = json!("61.00");
    let edited = keys(&events("orders/updated", &edited));
    let before = keys(&told[0]);
    assert_ne!(edited[1], before[1], "changed within the same second");
    assert_eq!((&edited[0], &edited[2..]), (&before[0], &before[2..]));
}

/// Lines as (code, units, amount) and the total, of the order as it stands.
fn stands(order: &Value) -> (Vec<(String, u32, i64)>, i64) {
    for event in events("orders/updated", order) {
        if let IncomingBody::OrderRevised { lines, total_minor, .. } = event.body {
            let line = |it: &IncomingLine| (it.product.code.clone(), it.quantity, it.amount_minor);
            return (lines.iter().map(line).collect(), total_minor);
        }
    }
    panic!("no revision")
}

#[test]
fn money_that_went_back_is_counted_once() {
    let line = |id: u64, quantity: u32| json!({"id": id, "product_id": id, "title": "Mug", "price": "10.00", "quantity": quantity});
    let back = |kind: &str, status: &str, amount: &str| json!([{"kind": kind, "status": status, "amount": amount}]);
    let order = |current: &str, transactions: Value| {
        json!({
            "id": 1, "created_at": "2026-02-01T10:00:00Z", "updated_at": "2026-02-02T10:00:00Z",
            "currency": "EUR", "total_price": "30.00", "current_total_price": current,
            "line_items": [line(7, 2), line(8, 1)],
            "refunds": [{
                "id": 5, "created_at": "2026-02-02T09:00:00Z", "transactions": transactions,
                "refund_line_items": [{"line_item_id": 7, "quantity": 1, "line_item": line(7, 1)}]
            }]
        })
    };
    let whole = || vec![("7".to_owned(), 2, 2_000), ("8".to_owned(), 1, 1_000)];
    let less = || vec![("7".to_owned(), 1, 1_000), ("8".to_owned(), 1, 1_000)];
    let refunds = |order: &Value| {
        keys(&events("orders/updated", order)).iter().filter(|it| it.starts_with("refund")).count()
    };

    let refunded = order("20.00", back("refund", "success", "10.00"));
    assert_eq!((stands(&refunded), refunds(&refunded)), ((whole(), 3_000), 1), "paid back");
    let edited = order("20.00", json!([]));
    assert_eq!((stands(&edited), refunds(&edited)), ((less(), 2_000), 0), "taken off unpaid");
    let waiting = order("20.00", back("refund", "pending", "10.00"));
    assert_eq!((stands(&waiting), refunds(&waiting)), ((whole(), 2_000), 0), "money on its way");
    let failed = order("20.00", back("refund", "failure", "10.00"));
    assert_eq!((stands(&failed), refunds(&failed)), ((less(), 2_000), 0), "no money went");
    let goodwill = order("30.00", back("refund", "success", "5.00"));
    assert_eq!((stands(&goodwill), refunds(&goodwill)), ((whole(), 3_000), 1), "goods are kept");
    let void = order("20.00", back("void", "success", "10.00"));
    assert_eq!((stands(&void), refunds(&void)), ((less(), 2_000), 0), "never charged");
}

#[test]
fn a_refund_in_the_customers_currency_is_told_in_the_shops() {
    let money = |shop: &str, theirs: &str| {
        json!({
            "shop_money": {"amount": shop, "currency_code": "EUR"},
            "presentment_money": {"amount": theirs, "currency_code": "USD"}
        })
    };
    let refund = json!({
        "id": 5, "order_id": 1, "created_at": "2026-02-02T09:00:00Z",
        "transactions": [
            {"kind": "refund", "status": "success", "amount": "15.40", "currency": "USD"}
        ],
        "refund_line_items": [{
            "quantity": 1, "subtotal_set": money("10.00", "11.00"),
            "total_tax_set": money("2.00", "2.20"),
            "line_item": {"product_id": 7, "title": "Mug", "price_set": money("10.00", "11.00")}
        }],
        "order_adjustments": [
            {"kind": "shipping_refund", "amount_set": money("-2.00", "-2.20")}
        ]
    });
    match &events("refunds/create", &refund)[0].body {
        IncomingBody::OrderRefunded { amount_minor, lines, .. } => {
            assert_eq!((*amount_minor, lines[0].amount_minor), (1_400, 1_000));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_guest_is_known_by_address_and_tokens() {
    let who = |body: Value| {
        let fields = Fields::of_body(&body).unwrap();
        let identifiers = orders::identifiers(&fields).unwrap();
        json!(identifiers).to_string()
    };
    let guest = json!({
        "email": "Ana@Mail.example", "checkout_token": "c1", "cart_token": "t1?key=secret"
    });
    assert_snapshot!(who(guest), @r#"[{"email":"ana@mail.example"},{"cart":"c1"},{"cart":"t1"}]"#);
    let known =
        json!({"email": "gift@mail.example", "customer": {"id": 7, "email": "ana@mail.example"}});
    assert_snapshot!(who(known), @r#"[{"external":{"id":"7","source":"shopify"}},{"email":"ana@mail.example"}]"#);
    let by_phone = json!({"contact_email": "ana@mail.example", "customer": {"id": 7}});
    assert_snapshot!(who(by_phone), @r#"[{"external":{"id":"7","source":"shopify"}},{"email":"ana@mail.example"}]"#);
    assert_snapshot!(who(json!({"email": "not an address"})), @"[]");
}

#[test]
fn the_other_topics_are_understood() {
    assert_told("refund", &lines_of(&events("refunds/create", &example("refund"))));
    assert_told("customer", &lines_of(&events("customers/update", &example("customer"))));
    assert_told("checkout", &lines_of(&events("checkouts/create", &example("checkout"))));
    assert_told("cart", &lines_of(&events("carts/update", &example("cart"))));
    let product = example("product").to_string();
    let domain = "sunny-mug.myshopify.com";
    let told = read_webhook_of(domain, "products/update", product.as_bytes(), NOW, Currency::EUR);
    match told {
        Ok(Taken::Events(events)) => assert_told("product", &lines_of(&events)),
        other => panic!("{other:?}"),
    }
    let small = [
        ("products/delete", json!({"id": 788_032_119_674_292_922_u64})),
        (
            "inventory_levels/update",
            json!({"inventory_item_id": 271, "location_id": 9, "available": -2, "updated_at": "2026-02-01T10:00:00Z"}),
        ),
        ("inventory_levels/disconnect", json!({"inventory_item_id": 271, "location_id": 9})),
        (
            "inventory_items/update",
            json!({"id": 271, "sku": "MUG-1", "cost": "4.20", "updated_at": "2026-02-01T10:00:00Z"}),
        ),
        (
            "customers_email_marketing_consent/update",
            json!({"customer_id": 7, "email_address": "ana@mail.example", "email_marketing_consent": {
                "state": "subscribed", "opt_in_level": "confirmed_opt_in",
                "consent_updated_at": "2026-02-01T10:00:00Z"
            }}),
        ),
        (
            "customers/merge",
            json!({
                "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
                "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2",
                "status": "completed"
            }),
        ),
        ("customers/delete", json!({"id": 7})),
        (
            "customers/redact",
            json!({"shop_id": 1, "customer": {"id": 7, "email": "ana@mail.example"}, "orders_to_redact": []}),
        ),
        (
            "customers/data_request",
            json!({"shop_id": 1, "customer": {"id": 7}, "data_request": {"id": 9_999}}),
        ),
        ("shop/redact", json!({"shop_id": 1, "shop_domain": "sunny-mug.myshopify.com"})),
    ];
    let told: Vec<String> = small
        .iter()
        .map(|(topic, body)| format!("{topic}\n{}", lines_of(&events(topic, body))))
        .collect();
    assert_told("small-topics", &told.join("\n\n"));
}

#[test]
fn consent_is_only_what_was_said() {
    let consents = |body: Value| -> Vec<String> {
        let consent = |it: Incoming| match it.body {
            IncomingBody::ConsentGiven { consent } => {
                Some(format!("{:?} {} {:?}", consent.state, consent.at, consent.basis))
            }
            _ => None,
        };
        events("customers/update", &body).into_iter().filter_map(consent).collect()
    };
    let customer = |consent: Value| {
        json!({
            "id": 7, "created_at": "2025-01-01T00:00:00Z", "updated_at": "2026-02-01T00:00:00Z",
            "email_marketing_consent": consent
        })
    };
    let none = Vec::<String>::new();
    for state in [json!(null), json!("not_subscribed"), json!("pending"), json!("redacted")] {
        assert_eq!(consents(customer(json!({"state": state}))), none, "{state}");
    }
    let dated = json!({"state": "subscribed", "opt_in_level": "single_opt_in", "consent_updated_at": "2025-06-01T00:00:00Z"});
    assert_eq!(consents(customer(dated)), ["Agreed 2025-06-01T00:00:00Z OptIn"]);
    assert_eq!(
        consents(customer(json!({"state": "subscribed"}))),
        ["Agreed 2025-01-01T00:00:00Z Unstated"],
        "a yes without its time is as old as it can be"
    );
    assert_eq!(
        consents(customer(json!({"state": "unsubscribed", "opt_in_level": "single_opt_in"}))),
        ["Withdrawn 2026-02-01T00:00:00Z Unstated"],
        "a no without its time is as young as it can be"
    );
    let old = |accepts: bool| {
        json!({"id": 7, "updated_at": "2026-02-01T00:00:00Z", "accepts_marketing": accepts,
               "accepts_marketing_updated_at": "2025-06-01T00:00:00Z"})
    };
    assert_eq!(consents(old(true)), ["Agreed 2025-06-01T00:00:00Z Unstated"]);
    assert_eq!(consents(old(false)), none, "never asked, or said no: the version does not tell");
    let mut order = example("order");
    order["buyer_accepts_marketing"] = json!(false);
    let told = keys(&events("orders/create", &order));
    assert!(
        told.iter().all(|it| !it.starts_with("consent:")),
        "no tick is no withdrawal: {told:?}"
    );
}

#[test]
fn stock_is_told_only_where_it_is_known_whole() {
    let stock = |more: Value| {
        let mut body = json!({
            "id": 1, "title": "Mug", "updated_at": "2026-02-01T00:00:00Z",
            "variants": [{"id": 11, "price": "9.00", "inventory_quantity": 3},
                         {"id": 12, "price": "8.00", "inventory_quantity": 4}]
        });
        for (name, value) in more.as_object().unwrap() {
            body["variants"][1][name] = value.clone();
        }
        match events("products/update", &body).remove(0).body {
            IncomingBody::ProductSaved { facts, .. } => facts.stock,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(stock(json!({})), Some(Some(7)));
    assert_eq!(stock(json!({"inventory_quantity": -5})), Some(Some(-2)), "oversold");
    assert_eq!(stock(json!({"inventory_policy": "continue"})), Some(None), "sold on when out");
    assert_eq!(stock(json!({"inventory_management": null})), Some(None), "not counted");
    assert_eq!(stock(json!({"inventory_management": "shopify"})), Some(Some(7)));
    assert_eq!(stock(json!({"inventory_quantity": null})), None, "not told");
}

#[test]
fn refusals_name_the_field_and_the_remedy() {
    let order = |name: &str, value: Value| {
        let mut body = example("order");
        body[name] = value;
        why("orders/create", &body)
    };
    assert_snapshot!(order("id", json!(null)), @"refused: `id` is missing; give it");
    assert_snapshot!(order("id", json!(8.2e17)), @"refused: `id` is `8.2e+17`; send a whole number of at most 20 digits");
    assert_snapshot!(order("currency", json!("USD")), @"refused: `currency` is `USD`; the shop here counts in EUR, give it Shopify's currency");
    assert_snapshot!(order("created_at", json!("yesterday")), @"refused: `created_at` is `yesterday`; write it as `2026-03-01T12:00:00Z`");
    let below = json!({"shop_money": {"amount": "-1.00"}});
    assert_snapshot!(order("total_price_set", below), @"refused: `total_price` cannot be used; send an amount of 0 or more");
    assert_snapshot!(order("line_items", json!([{"quantity": "two"}])), @"refused: `line_items[0].quantity` is `two`; send a number, such as `19.99`");
    assert_snapshot!(order("customer", json!([])), @"refused: `customer` is `[…]`; send an object");
    assert_snapshot!(why("inventory_levels/update", &json!({})), @"refused: `inventory_item_id` is missing; give it");
    assert_snapshot!(why("customers/redact", &json!({"customer": {"email": "nobody"}})), @"refused: `customer` cannot be used; give the customer's `id` or `email`");
    assert_snapshot!(why("orders/create", &json!([])), @"refused: the body is JSON and not an object; send one object, in braces");
    assert_snapshot!(why("some/topic", &json!({})), @"ignored: the topic is not one that is kept; end the subscription");
    assert_snapshot!(why("orders/edited", &json!({})), @"ignored: only what changed; `orders/updated` tells the order as it is now");
    let read = |body: &[u8]| {
        read_webhook("orders/create", body, NOW, Currency::EUR).unwrap_err().to_string()
    };
    assert_snapshot!(read(b"{"), @"the body is not JSON from line 1, column 1 on; check quotes and commas");
    assert_snapshot!(read(&vec![b' '; WEBHOOK_BYTES_MAX + 1]), @"the payload has 2097153 bytes; 2097152 is the most, send it in parts");
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(40), "]".repeat(40));
    assert_snapshot!(read(deep.as_bytes()), @"objects lie more than 32 deep within one another; flatten them");
}

#[test]
fn the_page_of_topics_is_up_to_date() {
    let path = here("../../docs/reference/shopify-topics.md");
    let found = fs::read_to_string(&path).unwrap_or_default();
    let wanted = topics_page();
    if found != wanted {
        let fresh = std::env::temp_dir().join("shopify-topics.md");
        fs::write(&fresh, &wanted).unwrap();
        panic!("the table changed; copy `{}` to `{}`", fresh.display(), path.display());
    }
}

#[test]
fn every_topic_stands_once_and_does_what_the_table_says() {
    let names: Vec<&str> = TOPICS.iter().map(|it| it.topic).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
    for it in TOPICS {
        // An empty payload is refused where something is read of it, and passed over elsewhere.
        let is_read = taken(it.topic, &json!({})).is_err();
        assert_eq!(is_read, !it.becomes.is_empty(), "{}", it.topic);
    }
}

/// The folder of the data set, unless this machine does not have it.
pub fn data(test: &str, folder: &str) -> Option<PathBuf> {
    #[allow(clippy::disallowed_methods, reason = "where a test's data lies is not configuration")]
    let given = std::env::var_os("AFTERCART_TEST_DATA").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| here("../../../shared/data")).join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED {test}: no `{}`", folder.display());
    None
}

/// Payloads that are not taken whole though their topic is kept: how it ends, and why that is right.
const EXPECTED: [(&str, &str); 9] = [
    // In the example of 2023-10 no money has moved.
    (
        "refunds/create",
        "ignored: no money has moved yet; `orders/updated` tells the refund once it has, and what \
         was taken from the order",
    ),
    // From 2024-07 on Shopify's example of a level is `{}`; before, the item is not counted.
    ("inventory_levels/connect", "refused: `inventory_item_id` is missing; give it"),
    ("inventory_levels/update", "refused: `inventory_item_id` is missing; give it"),
    ("inventory_levels/connect", NOT_COUNTED),
    ("inventory_levels/update", NOT_COUNTED),
    // The state is null.
    (
        "customers_email_marketing_consent/update",
        "ignored: it says neither that they subscribed nor that they unsubscribed",
    ),
    // The example is of a merge that failed.
    ("customers/merge", "ignored: the merge is not completed; both customers stay"),
    ("inventory_items/create", NO_COST),
    ("inventory_items/update", NO_COST),
];

const NOT_COUNTED: &str = "ignored: `available` is null: the shop does not count this item there";
const NO_COST: &str = "ignored: `cost` is null, and nothing else of an item is kept";

/// Every example of Shopify's own in nine versions: taken, or not for a reason that is written down.
///
/// Examples whose `response` is `{}` show a payload without fields, which is refused as such.
#[test]
fn shopifys_own_examples_are_taken() {
    let test = "shopifys_own_examples_are_taken";
    let Some(folder) = data(test, "shopify-webhooks/payloads") else { return };
    let mut ends: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    let (mut count, mut kinds) = (0, BTreeMap::<String, u32>::new());
    for version in fs::read_dir(&folder).unwrap() {
        let version = version.unwrap().path();
        let name = version.file_name().unwrap().to_string_lossy().into_owned();
        for path in json_files(&version) {
            let topic = path.strip_prefix(&version).unwrap().with_extension("");
            let topic = topic.to_string_lossy().into_owned();
            let example: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let body = example["response"].to_string();
            let end = match read_webhook(&topic, body.as_bytes(), NOW, Currency::USD) {
                Ok(Taken::Events(events)) => {
                    assert!(!events.is_empty(), "{topic} {name}");
                    "taken".to_owned()
                }
                Ok(Taken::Ignored(reason)) => format!("ignored: {reason}"),
                Err(reason) => format!("refused: {reason}"),
            };
            count += 1;
            let kind = end.split(':').next().unwrap_or_default().to_owned();
            *kinds.entry(kind).or_default() += 1;
            ends.entry(topic).or_default().entry(end).or_default().push(name.clone());
        }
    }
    println!("{test}: {count} payloads of {} topics: {kinds:?}", ends.len());
    for (topic, ends) in &ends {
        let known = TOPICS.iter().find(|it| it.topic == topic);
        let known = known.unwrap_or_else(|| panic!("`{topic}` is not in the table of topics"));
        let kept = !known.becomes.is_empty();
        for (end, versions) in ends {
            let is_right = match kept {
                true => end == "taken" || EXPECTED.contains(&(topic.as_str(), end.as_str())),
                false => *end == format!("ignored: {}", known.note),
            };
            assert!(is_right, "{topic} in {versions:?}: {end}");
        }
    }
}

/// Answers of the REST API in versions of ten years: the same readers take them.
#[test]
fn answers_of_the_rest_api_are_taken() {
    let test = "answers_of_the_rest_api_are_taken";
    let Some(folder) = data(test, "shopify-fixtures/rest-admin") else { return };
    let files = [
        ("order", "orders/updated", 1, "order:450789469"),
        ("orders", "orders/updated", 1, "order:450789469"),
        ("customer", "customers/update", 1, "customer:207119551@"),
        ("customers_search", "customers/update", 1, "customer:20711955"),
        ("product", "products/update", 1, "product:632910392@"),
        ("products", "products/update", 3, "product:"),
        ("refund", "refunds/create", 1, "refund:509562969"),
        ("checkouts", "checkouts/update", 1, "checkout:2a1ace52255252df566af0faaedfbfa7@"),
        ("carts", "carts/update", 2, "cart:"),
        ("inventory_levels", "inventory_levels/update", 4, "stock:"),
    ];
    for (file, topic, count_min, key) in files {
        let text = fs::read(folder.join(file).with_extension("json")).unwrap();
        let answer: Value = serde_json::from_slice(&text).unwrap();
        // One resource below its name, many below theirs, or many alone.
        let inner = match &answer {
            Value::Object(map) if map.len() == 1 => map.values().next().unwrap().clone(),
            other => other.clone(),
        };
        let resources = match inner {
            Value::Array(items) => items,
            one => vec![one],
        };
        assert!(count_min <= resources.len(), "{file}: {}", resources.len());
        for resource in resources {
            let body = resource.to_string();
            let told = match read_webhook(topic, body.as_bytes(), NOW, Currency::USD) {
                Ok(Taken::Events(events)) => keys(&events),
                other => panic!("{file}: {other:?}"),
            };
            assert!(told[0].starts_with(key), "{file}: {told:?}");
        }
    }
}

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(json_files(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// The places of all values of a payload.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, it)| places(it, &format!("{at}/{name}"), into))
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(place, it)| places(it, &format!("{at}/{place}"), into));
        }
        _ => {}
    }
}

proptest! {
    /// Whatever stands in a field, a payload is taken, ignored or refused, and what is taken has keys
    /// of a length that can be stored.
    #[test]
    fn no_value_breaks_a_reading(
        which in 0_usize..6,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..14), 1..4),
    ) {
        let (topic, name) = [
            ("orders/updated", "order-settled"),
            ("refunds/create", "refund"),
            ("customers/update", "customer"),
            ("products/update", "product"),
            ("checkouts/update", "checkout"),
            ("carts/update", "cart"),
        ][which];
        let values = [
            json!(null), json!(""), json!(0), json!(-1), json!(u64::MAX), json!(1e300), json!("1e9"),
            json!("-999999999999999999"), json!("999999999999999999"), json!(4_294_967_295_u32),
            json!([]), json!({}), json!("\u{1F600}".repeat(300)), json!("9999-12-31T23:59:59Z"),
        ];
        let mut body = example(name);
        for (place, value) in changes {
            let mut all = Vec::new();
            places(&body, "", &mut all);
            let place = place.get(&all);
            *body.pointer_mut(place).unwrap() = values[value].clone();
        }
        if let Ok(Taken::Events(events)) = taken(topic, &body) {
            for event in events {
                prop_assert!(event.key.key.chars().count() <= KEY_CHARS_MAX);
            }
        }
    }
}
