//! Bulk operations of the Admin GraphQL API: the history of a shop in one file.
//!
//! [`start_query`] asks for it, [`status_query`] is sent until [`parse_status`] says
//! [`BulkStatus::Completed`], and the file at that address goes through [`BulkReader`] line by line.
//! Sending and downloading are the caller's.
//!
//! The file has one object in each line. Objects of an inner connection, such as the lines of an
//! order, name their parent in `__parentId` and follow it, which `groupObjects` asks for: without it
//! the whole file would have to be held to find an order's lines. A connection within a list is not
//! allowed, so refunds come without their lines; those of an order's only refund are told by the units
//! that are gone, where they cost what was paid back. Carts have no token here.
//!
//! The app needs the scopes `read_products`, `read_inventory`, `read_customers` and `read_orders`, and
//! `read_all_orders` for orders older than 60 days.
//!
//! See <https://shopify.dev/docs/api/usage/bulk-operations/queries>.

use aftercart_model::{Currency, Timestamp};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{Arrival, Fields, RejectReason, RowRead, customers, orders, products};
use crate::{Incoming, json::parse};

/// The version of the Admin API that the queries are written for.
pub const API_VERSION: &str = "2025-10";

/// The longest line. A description has at most some hundred kilobytes.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// The most inner objects of one: Shopify allows 2,048 variants and fewer lines.
const CHILDREN_MAX: usize = 5_000;

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkKind {
    Products,
    Customers,
    Orders,
}

impl BulkKind {
    /// In the order in which they are best read: an order then finds its products and its customer.
    pub const ALL: [Self; 3] = [Self::Products, Self::Customers, Self::Orders];

    pub fn name(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::Customers => "customers",
            Self::Orders => "orders",
        }
    }

    fn query(self) -> &'static str {
        match self {
            Self::Products => PRODUCTS,
            Self::Customers => CUSTOMERS,
            Self::Orders => ORDERS,
        }
    }

    /// How the ids of the outer objects begin.
    fn id_prefix(self) -> &'static str {
        match self {
            Self::Products => "gid://shopify/Product/",
            Self::Customers => "gid://shopify/Customer/",
            Self::Orders => "gid://shopify/Order/",
        }
    }
}

const PRODUCTS: &str = "{ products { edges { node { \
    id title handle descriptionHtml productType vendor tags status createdAt updatedAt publishedAt \
    onlineStoreUrl category { name } \
    featuredMedia { preview { image { url altText } } } \
    variants { edges { node { id sku price inventoryQuantity inventoryPolicy \
    inventoryItem { id tracked unitCost { amount currencyCode } } } } } \
    } } } }";

const CUSTOMERS: &str = "{ customers { edges { node { \
    id createdAt updatedAt firstName lastName locale note tags state verifiedEmail taxExempt \
    defaultEmailAddress { emailAddress marketingState marketingOptInLevel marketingUpdatedAt } \
    defaultPhoneNumber { phoneNumber } \
    defaultAddress { city province zip countryCodeV2 } \
    } } } }";

const ORDERS: &str = "{ orders { edges { node { \
    id createdAt updatedAt cancelledAt currencyCode email clientIp \
    displayFulfillmentStatus customerAcceptsMarketing discountCodes \
    totalPriceSet { shopMoney { amount currencyCode } } \
    currentTotalPriceSet { shopMoney { amount currencyCode } } \
    customer { id firstName lastName locale defaultEmailAddress { emailAddress } \
    defaultAddress { countryCodeV2 } } \
    fulfillments { createdAt status } \
    refunds { id createdAt totalRefundedSet { shopMoney { amount currencyCode } } } \
    lineItems { edges { node { id title sku quantity currentQuantity \
    product { id } variant { id } \
    originalUnitPriceSet { shopMoney { amount currencyCode } } \
    discountAllocations { allocatedAmountSet { shopMoney { amount currencyCode } } } } } } \
    } } } }";

/// What a bulk operation has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkStatus {
    /// Ask again later; `objects` have been read so far.
    Running { objects: u64 },
    /// The file is at `url`, for seven days. `None` where there is nothing to read.
    Completed { url: Option<String>, objects: u64 },
    /// It ended before its end. Start it anew.
    Ended { why: String },
}

/// Why an answer leads no further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BulkError {
    #[error("the answer is not one of Shopify's Admin API: {0}")]
    NotAnswer(String),
    #[error("Shopify answers: {0}")]
    Refused(String),
    /// The answer is to be waited for: too much was asked for in too short a time.
    #[error("Shopify is throttling; ask again in some seconds")]
    Throttled,
    /// One shop runs so many at a time; this one is known by its id where Shopify names it.
    #[error("another bulk operation is running; wait until it has ended")]
    AlreadyRunning { id: Option<String> },
    #[error("Shopify knows no bulk operation of that id; start it anew")]
    Unknown,
}

/// The body of the request that starts an operation: `POST /admin/api/VERSION/graphql.json` as JSON.
pub fn start_query(kind: BulkKind) -> String {
    start_query_since(kind, None)
}

/// As [`start_query`], and of orders only those placed on `since` or later, in the shop's zone.
pub fn start_query_since(kind: BulkKind, since: Option<Date>) -> String {
    let query = match since {
        Some(since) if kind == BulkKind::Orders => {
            let orders = format!("{{ orders(query: \"created_at:>={since}\") {{");
            kind.query().replacen("{ orders {", &orders, 1)
        }
        _ => kind.query().to_owned(),
    };
    let mutation = "mutation($query: String!) { \
        bulkOperationRunQuery(query: $query, groupObjects: true) { \
        bulkOperation { id status } userErrors { field message } } }";
    json!({"query": mutation, "variables": {"query": query}}).to_string()
}

/// The body of the request that asks what became of the operation `id`.
pub fn status_query(id: &str) -> String {
    let query = "query($id: ID!) { node(id: $id) { ... on BulkOperation { \
        id status errorCode objectCount url partialDataUrl } } }";
    json!({"query": query, "variables": {"id": id}}).to_string()
}

/// The id of the operation that was started.
pub fn parse_start(answer: &[u8]) -> Result<String, BulkError> {
    let data = data_of(answer)?;
    let started = &data["bulkOperationRunQuery"];
    let messages = messages(&started["userErrors"]);
    if let Some(message) = messages.iter().find(|it| it.contains("already in progress")) {
        let at = message.find("gid://shopify/BulkOperation/");
        let id = at.map(|at| message[at..].trim_end_matches(['.', ' ']).to_owned());
        return Err(BulkError::AlreadyRunning { id });
    }
    if !messages.is_empty() {
        return Err(BulkError::Refused(messages.join("; ")));
    }
    let id = started["bulkOperation"]["id"].as_str();
    id.map(str::to_owned).ok_or_else(|| not_answer("it names no operation"))
}

pub fn parse_status(answer: &[u8]) -> Result<BulkStatus, BulkError> {
    let data = data_of(answer)?;
    let node = &data["node"];
    if node.is_null() && data.get("node").is_some() {
        return Err(BulkError::Unknown);
    }
    let status = node["status"].as_str().ok_or_else(|| not_answer("it has no status"))?;
    let objects = count_of(&node["objectCount"]);
    let url = node["url"].as_str().map(str::to_owned);
    Ok(match status {
        "CREATED" | "RUNNING" | "CANCELING" => BulkStatus::Running { objects },
        "COMPLETED" if url.is_none() && objects != 0 => {
            return Err(not_answer("it is completed and has no `url`"));
        }
        "COMPLETED" => BulkStatus::Completed { url, objects },
        "FAILED" => {
            let code = node["errorCode"].as_str().unwrap_or("no reason given");
            BulkStatus::Ended { why: format!("it failed: {code}") }
        }
        "CANCELED" => BulkStatus::Ended { why: "it was cancelled".to_owned() },
        "EXPIRED" => BulkStatus::Ended { why: "it expired".to_owned() },
        other => return Err(not_answer(&format!("the status `{other}` is unknown"))),
    })
}

/// Reads the file of an operation line by line.
///
/// An outer object is whole when the next one begins, or at [`BulkReader::finish`]. Where a download
/// breaks off, leave `finish` out: what it would give may lack lines.
pub struct BulkReader {
    kind: BulkKind,
    received_at: Timestamp,
    currency: Currency,
    line: u64,
    open: Option<Open>,
}

/// An outer object whose inner ones are still coming.
struct Open {
    line: u64,
    line_last: u64,
    id: String,
    object: Value,
    children: Vec<Value>,
    fault: Option<RejectReason>,
}

impl BulkReader {
    pub fn new(kind: BulkKind, received_at: Timestamp, currency: Currency) -> Self {
        Self { kind, received_at, currency, line: 0, open: None }
    }

    /// The next line of the file. Gives back what has become whole by it, or why the line itself
    /// cannot be read.
    pub fn line(&mut self, text: &[u8]) -> Option<RowRead> {
        self.line += 1;
        let text = text.trim_ascii();
        if text.is_empty() {
            return None;
        }
        let object = match parse("payload", text, LINE_BYTES_MAX) {
            Ok(object) => object,
            Err(RejectReason::NotJson { column, .. }) => {
                let line = usize::try_from(self.line).unwrap_or(usize::MAX);
                return self.bad_line(RejectReason::NotJson { line, column });
            }
            Err(fault) => return self.bad_line(fault),
        };
        let text_of = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
        let Some(parent) = text_of("__parentId") else {
            let Some(id) = text_of("id").filter(|it| it.starts_with(self.kind.id_prefix())) else {
                let remedy = format!("it is none of {}; ask for them anew", self.kind.name());
                return self.bad_line(RejectReason::unusable("id", &remedy));
            };
            let line = self.line;
            let (children, fault) = (Vec::new(), None);
            let open = Open { line, line_last: line, id, object, children, fault };
            return self.open.replace(open).map(|it| self.read(it));
        };
        match &mut self.open {
            Some(open) if open.id == parent => {
                open.line_last = self.line;
                if open.children.len() < CHILDREN_MAX {
                    open.children.push(object);
                } else {
                    let remedy = format!("more than {CHILDREN_MAX} objects are of one");
                    open.fault = Some(RejectReason::unusable("__parentId", &remedy));
                }
                None
            }
            _ => {
                let remedy = "its parent is not right above it; ask with `groupObjects: true`";
                self.bad_line(RejectReason::unusable("__parentId", remedy))
            }
        }
    }

    /// The last object, when the file has been read to its end.
    pub fn finish(&mut self) -> Option<RowRead> {
        self.open.take().map(|it| self.read(it))
    }

    /// A line that cannot be read may have been of the object above, which is not whole without it.
    fn bad_line(&mut self, fault: RejectReason) -> Option<RowRead> {
        match &mut self.open {
            Some(open) => {
                open.line_last = self.line;
                open.fault.get_or_insert(fault);
                None
            }
            None => {
                let line = self.line;
                Some(RowRead { line, line_last: line, outcome: Err(fault) })
            }
        }
    }

    fn read(&self, open: Open) -> RowRead {
        let (line, line_last) = (open.line, open.line_last);
        RowRead { line, line_last, outcome: self.events(open) }
    }

    fn events(&self, open: Open) -> Result<Vec<Incoming>, RejectReason> {
        if let Some(fault) = open.fault {
            return Err(fault);
        }
        let Self { received_at, currency, .. } = *self;
        let arrival = Arrival { received_at, currency, domain: None };
        let node = Fields::of_body(&open.object)?;
        let children: Vec<Fields<'_>> =
            open.children.iter().map(Fields::of_body).collect::<Result<_, _>>()?;
        match self.kind {
            BulkKind::Products => products::of_node(&node, &children, arrival),
            BulkKind::Customers => customers::of_node(&node, arrival),
            BulkKind::Orders => orders::of_node(&node, &children, arrival),
        }
    }
}

/// All lines of a file that is there whole, as an iterator over what they come to.
pub fn read_jsonl<L: AsRef<[u8]>>(
    kind: BulkKind,
    lines: impl IntoIterator<Item = L>,
    received_at: Timestamp,
    currency: Currency,
) -> impl Iterator<Item = RowRead> {
    let mut reader = BulkReader::new(kind, received_at, currency);
    let mut lines = lines.into_iter();
    std::iter::from_fn(move || {
        for line in lines.by_ref() {
            if let Some(read) = reader.line(line.as_ref()) {
                return Some(read);
            }
        }
        reader.finish()
    })
}

/// The `data` of an answer that has no errors.
fn data_of(answer: &[u8]) -> Result<Value, BulkError> {
    let mut answer: Value =
        serde_json::from_slice(answer).map_err(|error| not_answer(&error.to_string()))?;
    let errors = &answer["errors"];
    let is_throttled = |it: &Value| it["extensions"]["code"] == "THROTTLED";
    if errors.as_array().is_some_and(|it| it.iter().any(is_throttled)) {
        return Err(BulkError::Throttled);
    }
    // The front door answers `{"errors": "[API] Invalid API key …"}`, a text and no list.
    let messages = match errors {
        Value::String(text) => vec![text.clone()],
        other => messages(other),
    };
    if !messages.is_empty() {
        return Err(BulkError::Refused(messages.join("; ")));
    }
    match answer["data"].take() {
        Value::Object(data) => Ok(Value::Object(data)),
        _ => Err(not_answer("it has no `data`")),
    }
}

fn messages(errors: &Value) -> Vec<String> {
    let errors = errors.as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().map(|it| it["message"].as_str().unwrap_or("an error").to_owned()).collect()
}

fn not_answer(why: &str) -> BulkError {
    BulkError::NotAnswer(why.to_owned())
}

/// Counts are 64-bit numbers, which the API writes as texts.
fn count_of(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::tests::{assert_told, here, keys, lines_of};
    use super::super::{Taken, read_webhook};
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

    fn example(name: &str) -> String {
        std::fs::read_to_string(here(&format!("testdata/shopify/{name}.jsonl"))).unwrap()
    }

    fn read(kind: BulkKind, text: &str) -> Vec<RowRead> {
        read_jsonl(kind, text.lines(), NOW, Currency::EUR).collect()
    }

    fn told_text(rows: &[RowRead]) -> String {
        let row = |it: &RowRead| match &it.outcome {
            Ok(events) => format!("{}-{}\n{}", it.line, it.line_last, lines_of(events)),
            Err(reason) => format!("{}-{} {reason}", it.line, it.line_last),
        };
        rows.iter().map(row).collect::<Vec<_>>().join("\n\n")
    }

    #[test]
    fn a_history_becomes_the_events_that_webhooks_tell() {
        for kind in BulkKind::ALL {
            let name = format!("{}-jsonl", kind.name());
            let file = format!("bulk-{}", kind.name());
            assert_told(&name, &told_text(&read(kind, &example(&file))));
        }
    }

    #[test]
    fn a_fact_has_the_key_it_has_in_a_webhook() {
        let of_webhook = |topic: &str, name: &str| {
            let path = here(&format!("testdata/shopify/{name}.json"));
            let body = std::fs::read(path).unwrap();
            match read_webhook(topic, &body, NOW, Currency::EUR) {
                Ok(Taken::Events(events)) => keys(&events),
                other => panic!("{other:?}"),
            }
        };
        let of_file = |kind: BulkKind| {
            let rows = read(kind, &example(&format!("bulk-{}", kind.name())));
            keys(rows[0].outcome.as_ref().unwrap())
        };
        assert_eq!(of_file(BulkKind::Orders), of_webhook("orders/updated", "order-settled"));
        assert_eq!(of_file(BulkKind::Customers), of_webhook("customers/update", "customer"));
        let (file, webhook) =
            (of_file(BulkKind::Products), of_webhook("products/update", "product"));
        let at = |key: &[String]| key[0].split('#').next().map(str::to_owned);
        assert_eq!(at(&file), at(&webhook), "the file knows cost and page, the webhook does not");
    }

    #[test]
    fn the_only_refund_names_the_units_that_are_gone_where_the_money_agrees() {
        let set = |amount: &str| json!({"shopMoney": {"amount": amount, "currencyCode": "EUR"}});
        // Two mugs at 10 and one tray at 20, of which `left` are still there; shipping was 5.
        let lines_of_refund = |left: [u32; 2], refunds: &[&str]| {
            let refund = |(id, amount): (usize, &&str)| {
                json!({"id": format!("gid://shopify/Refund/{}", id + 1),
                       "createdAt": "2026-02-02T10:00:00Z", "totalRefundedSet": set(amount)})
            };
            let order = json!({
                "id": "gid://shopify/Order/1", "createdAt": "2026-02-01T10:00:00Z",
                "currencyCode": "EUR", "email": "ana@mail.example", "totalPriceSet": set("45.00"),
                "refunds": refunds.iter().enumerate().map(refund).collect::<Vec<_>>(),
            });
            let line = |id: u32, quantity: u32, left: u32, price: &str| {
                json!({"id": format!("gid://shopify/LineItem/{id}"), "title": "a thing",
                       "__parentId": "gid://shopify/Order/1", "quantity": quantity,
                       "currentQuantity": left, "originalUnitPriceSet": set(price),
                       "product": {"id": format!("gid://shopify/Product/{id}")}})
            };
            let (mugs, tray) = (line(7, 2, left[0], "10.00"), line(8, 1, left[1], "20.00"));
            let rows = read(BulkKind::Orders, &format!("{order}\n{mugs}\n{tray}"));
            let events = rows[0].outcome.as_ref().unwrap();
            let told = events.iter().find_map(|it| match &it.body {
                crate::IncomingBody::OrderRefunded { lines, .. } => Some(lines),
                _ => None,
            });
            let line = |it: &crate::IncomingLine| {
                format!("{} × {} for {}", it.quantity, it.product.code, it.amount_minor)
            };
            told.unwrap().iter().map(line).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(lines_of_refund([1, 1], &["10.00"]), "1 × 7 for 1000", "a mug came back");
        assert_eq!(lines_of_refund([0, 0], &["45.00"]), "2 × 7 for 2000, 1 × 8 for 2000", "all");
        assert_eq!(lines_of_refund([2, 1], &["10.00"]), "", "for good will");
        assert_eq!(lines_of_refund([1, 1], &["12.00"]), "", "more than the mug cost");
        assert_eq!(
            lines_of_refund([0, 1], &["10.00", "10.00"]),
            "",
            "which took which is not told"
        );
    }

    #[test]
    fn a_bad_line_costs_its_own_object_and_no_other() {
        let text = example("bulk-orders");
        let broken = text.replacen("\"title\":\"Gift wrapping\"", "\"title\":Gift", 1);
        let rows = read(BulkKind::Orders, &broken);
        let whole = read(BulkKind::Orders, &text);
        assert_eq!(rows.len(), whole.len());
        assert_eq!(rows[1..], whole[1..]);
        assert_snapshot!(rows[0].outcome.as_ref().unwrap_err(), @"the body is not JSON from line 3, column 45 on; check quotes and commas");

        let orphan =
            "{\"id\":\"gid://shopify/LineItem/1\",\"__parentId\":\"gid://shopify/Order/9\"}";
        assert_snapshot!(told_text(&read(BulkKind::Orders, orphan)), @"1-1 `__parentId` cannot be used; its parent is not right above it; ask with `groupObjects: true`");
        let other = "{\"id\":\"gid://shopify/Product/1\"}";
        assert_snapshot!(told_text(&read(BulkKind::Orders, other)), @"1-1 `id` cannot be used; it is none of orders; ask for them anew");
    }

    #[test]
    fn a_file_that_breaks_off_gives_no_object_it_has_not_whole() {
        let text = example("bulk-orders");
        let mut reader = BulkReader::new(BulkKind::Orders, NOW, Currency::EUR);
        let lines: Vec<&str> = text.lines().collect();
        let given = lines[..2].iter().filter_map(|it| reader.line(it.as_bytes())).count();
        assert_eq!(given, 0, "its further lines may come");
    }

    #[test]
    fn answers_are_understood() {
        let start = |answer: Value| parse_start(answer.to_string().as_bytes());
        let started = json!({"data": {"bulkOperationRunQuery": {
            "bulkOperation": {"id": "gid://shopify/BulkOperation/720918", "status": "CREATED"},
            "userErrors": []
        }}});
        assert_eq!(start(started).unwrap(), "gid://shopify/BulkOperation/720918");
        let busy = json!({"data": {"bulkOperationRunQuery": {
            "bulkOperation": null,
            "userErrors": [{"field": null, "message": "A bulk query operation for this app and shop is already in progress: gid://shopify/BulkOperation/7."}]
        }}});
        let id = Some("gid://shopify/BulkOperation/7".to_owned());
        assert_eq!(start(busy).unwrap_err(), BulkError::AlreadyRunning { id });
        let throttled =
            json!({"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]});
        assert_eq!(start(throttled).unwrap_err(), BulkError::Throttled);
        let denied = json!({"errors": [{"message": "Access denied for orders field."}]});
        assert_snapshot!(start(denied).unwrap_err(), @"Shopify answers: Access denied for orders field.");
        let no_key = json!({"errors": "[API] Invalid API key or access token"});
        assert_snapshot!(start(no_key).unwrap_err(), @"Shopify answers: [API] Invalid API key or access token");
        assert_snapshot!(start(json!({"data": {}})).unwrap_err(), @"the answer is not one of Shopify's Admin API: it names no operation");
        let html = parse_start(b"<html>").unwrap_err();
        assert_snapshot!(html, @"the answer is not one of Shopify's Admin API: expected value at line 1 column 1");
    }

    #[test]
    fn a_status_says_what_to_do_next() {
        let status = |more: Value| {
            let mut node =
                json!({"id": "gid://shopify/BulkOperation/7", "errorCode": null, "url": null});
            for (name, value) in more.as_object().unwrap() {
                node[name] = value.clone();
            }
            parse_status(json!({"data": {"node": node}}).to_string().as_bytes())
        };
        assert_eq!(
            status(json!({"status": "RUNNING", "objectCount": "120"})),
            Ok(BulkStatus::Running { objects: 120 })
        );
        let url = "https://storage.googleapis.com/shopify/dyerpyz6.jsonl";
        assert_eq!(
            status(json!({"status": "COMPLETED", "objectCount": "57", "url": url})),
            Ok(BulkStatus::Completed { url: Some(url.to_owned()), objects: 57 })
        );
        assert_eq!(
            status(json!({"status": "COMPLETED", "objectCount": "0"})),
            Ok(BulkStatus::Completed { url: None, objects: 0 }),
            "a shop that has none"
        );
        assert!(status(json!({"status": "COMPLETED", "objectCount": "5"})).is_err(), "where is it");
        assert_eq!(
            status(json!({"status": "FAILED", "errorCode": "ACCESS_DENIED"})),
            Ok(BulkStatus::Ended { why: "it failed: ACCESS_DENIED".to_owned() })
        );
        assert_eq!(
            status(json!({"status": "EXPIRED"})),
            Ok(BulkStatus::Ended { why: "it expired".to_owned() })
        );
        assert!(status(json!({"status": "DREAMING"})).is_err());
        let gone = parse_status(b"{\"data\": {\"node\": null}}").unwrap_err();
        assert_snapshot!(gone, @"Shopify knows no bulk operation of that id; start it anew");
    }

    #[test]
    fn queries_are_well_formed_and_ask_for_what_is_read() {
        for kind in BulkKind::ALL {
            let body: Value = serde_json::from_str(&start_query(kind)).unwrap();
            let query = body["variables"]["query"].as_str().unwrap();
            let count = |c| query.matches(c).count();
            assert_eq!(count('{'), count('}'), "{query}");
            assert!(count('{') > 3 && !query.contains("  "), "{query}");
            // What Shopify allows a bulk query: five connections, two deep.
            assert!((1..=2).contains(&query.matches("edges").count()), "{query}");
            let file = example(&format!("bulk-{}", kind.name()));
            let names = file.lines().flat_map(|line| {
                let object: Value = serde_json::from_str(line).unwrap();
                names_in(&object)
            });
            for name in names.filter(|it| it != "__parentId") {
                let asked = query.split(' ').any(|it| it == name);
                assert!(asked, "the example has `{name}`, which the query does not ask for");
            }
        }
        let since = start_query_since(BulkKind::Orders, Some(jiff::civil::date(2026, 1, 1)));
        let body: Value = serde_json::from_str(&since).unwrap();
        let query = body["variables"]["query"].as_str().unwrap();
        assert!(
            query.starts_with("{ orders(query: \"created_at:>=2026-01-01\") { edges"),
            "{query}"
        );
        let body: Value =
            serde_json::from_str(&status_query("gid://shopify/BulkOperation/7")).unwrap();
        assert_eq!(body["variables"]["id"], "gid://shopify/BulkOperation/7");
    }

    fn names_in(value: &Value) -> Vec<String> {
        match value {
            Value::Object(map) => map
                .iter()
                .flat_map(|(name, it)| std::iter::once(name.clone()).chain(names_in(it)))
                .collect(),
            Value::Array(items) => items.iter().flat_map(names_in).collect(),
            _ => Vec::new(),
        }
    }
}
