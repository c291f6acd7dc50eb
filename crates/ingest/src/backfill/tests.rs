//! Shops on this machine that play recorded answers, with what goes wrong on the way.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aftercart_model::{Currency, Timestamp};
use aftercart_testing::web::{Asked, Reply, WebServer};
use insta::assert_snapshot;
use jiff::civil::date;
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

/// An egress that waits in no time, and what it was told to wait.
fn egress() -> (Egress, Arc<Mutex<Vec<u64>>>) {
    let waits = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&waits);
    (Egress::new(move |wait: Duration| kept.lock().unwrap().push(wait.as_secs())), waits)
}

/// All batches from `cursor` on, as places and outcomes, and the cursors between.
fn all(history: &mut dyn Platform, cursor: Option<String>) -> (Vec<Item>, Vec<String>) {
    let (mut items, mut cursors, mut cursor) = (Vec::new(), Vec::new(), cursor);
    while let Some(batch) = history.next(cursor.as_deref()).unwrap() {
        items.extend(batch.items);
        cursors.push(batch.cursor.clone());
        cursor = Some(batch.cursor);
    }
    (items, cursors)
}

fn places(items: &[Item]) -> Vec<&str> {
    items.iter().map(|it| it.place.as_str()).collect()
}

mod woocommerce {
    use super::*;

    /// What a shop has, by the name of the list.
    #[derive(Default)]
    struct Shop {
        orders: Vec<Value>,
        /// Asks so far.
        asks: usize,
    }

    pub(super) fn order(id: u64) -> Value {
        json!({
            "id": id, "status": "completed", "currency": "EUR", "total": "10.00", "customer_id": 0,
            "date_created_gmt": "2026-01-01T10:00:00", "date_modified_gmt": "2026-01-01T10:00:00",
            "billing": {"email": format!("c{id}@mail.example")},
            "line_items": [{"product_id": 1, "quantity": 1, "total": "10.00"}], "refunds": []
        })
    }

    /// The part of a list that is asked for, as the documentation says.
    fn page(asked: &Asked, list: &[Value]) -> Reply {
        let number = |name: &str| asked.query(name).unwrap().parse::<usize>().unwrap();
        assert_eq!((asked.query("orderby"), asked.query("order")), (Some("id"), Some("asc")));
        let after = asked.query("after").map(|it| it.to_owned());
        let is_after = |it: &&Value| {
            after.as_deref().is_none_or(|after| after <= it["date_created_gmt"].as_str().unwrap())
        };
        let all: Vec<&Value> = list.iter().filter(is_after).collect();
        let page: Vec<&&Value> =
            all.iter().skip(number("offset")).take(number("per_page").min(100)).collect();
        Reply::ok(serde_json::to_vec(&page).unwrap()).with("X-WP-Total", all.len())
    }

    /// A shop of `orders` orders, with `meddle` between each ask and its answer.
    fn shop(
        orders: u64,
        mut meddle: impl FnMut(&Asked, usize, &mut Vec<Value>) -> Option<Reply> + Send + 'static,
    ) -> WebServer {
        let mut shop = Shop { orders: (1..=orders).map(order).collect(), ..Shop::default() };
        WebServer::start(move |asked| {
            shop.asks += 1;
            if let Some(reply) = meddle(asked, shop.asks, &mut shop.orders) {
                return reply;
            }
            let path = asked.path.split('?').next().unwrap();
            match path {
                "/wp-json/wc/v3/orders" => page(asked, &shop.orders),
                "/wp-json/wc/v3/products" => page(
                    asked,
                    &[json!({"id": 1, "name": "Mug", "date_created_gmt": "2025-01-01T00:00:00"})],
                ),
                "/wp-json/wc/v3/customers" => page(asked, &[]),
                other => Reply::new(
                    404,
                    format!("{{\"code\":\"rest_no_route\",\"message\":\"{other}\"}}"),
                ),
            }
        })
    }

    fn history_of(
        address: &str,
        since: Option<Date>,
    ) -> (WooCommerceHistory, Arc<Mutex<Vec<u64>>>) {
        let (egress, waits) = egress();
        let keys = (&Secret::new("ck_1"), &Secret::new("cs_2"));
        let history =
            WooCommerceHistory::new(egress, address, keys, since, (NOW, Currency::EUR)).unwrap();
        (history, waits)
    }

    use jiff::civil::Date;

    fn order_places(ids: impl Iterator<Item = u64>) -> Vec<String> {
        let mut places = vec!["product 1".to_owned()];
        places.extend(ids.map(|id| format!("order {id}")));
        places
    }

    #[test]
    fn a_whole_shop_is_read_page_by_page() {
        let server = shop(250, |_, _, _| None);
        let (mut history, waits) = history_of(&format!("{}/", server.url()), None);
        let (items, cursors) = all(&mut history, None);
        assert_eq!(places(&items), order_places(1..=250));
        assert!(items.iter().all(|it| matches!(it.outcome, Ok(Taken::Events(_)))));
        assert_eq!(cursors.len(), 5, "products, customers, three pages of orders");
        let asked = server.asked();
        assert!(asked.iter().all(|it| it.header("authorization") == Some("Basic Y2tfMTpjc18y")));
        assert_eq!(
            asked[2].path,
            "/wp-json/wc/v3/orders?per_page=100&offset=0&orderby=id&order=asc"
        );
        assert!(waits.lock().unwrap().is_empty());
    }

    #[test]
    fn what_goes_wrong_on_the_way_is_tried_again() {
        let server = shop(250, |_, ask, orders| match ask {
            2 => Some(Reply::new(429, "").with("Retry-After", 7)),
            4 => Some(Reply::new(500, "<h1>Error establishing a database connection</h1>")),
            5 => Some(Reply::new(503, "")),
            7 => Some(Reply::ok(serde_json::to_vec(&orders).unwrap()).cut_at(500)),
            9 => Some(Reply::ok("[{\"id\": 20")),
            _ => None,
        });
        let (mut history, waits) = history_of(&server.url(), None);
        let (items, _) = all(&mut history, None);
        assert_eq!(places(&items), order_places(1..=250));
        assert_eq!(*waits.lock().unwrap(), [7, 1, 2, 1, 1]);
    }

    #[test]
    fn what_comes_and_goes_meanwhile_costs_nothing_else() {
        let server = shop(350, |asked, ask, orders| {
            if asked.path.contains("/orders") && ask == 4 {
                // Of what was given, what comes next and what comes last; and new ones.
                orders.retain(|it| ![3, 7, 50, 150, 350].contains(&it["id"].as_u64().unwrap()));
                orders.extend((351..=360).map(order));
            }
            if ask == 7 {
                orders.drain(..100);
            }
            None
        });
        let (mut history, _) = history_of(&server.url(), None);
        let (items, _) = all(&mut history, None);
        let gone = [150, 350];
        assert_eq!(places(&items), order_places((1..=360).filter(|it| !gone.contains(it))));
    }

    #[test]
    fn it_goes_on_where_it_was() {
        let server = shop(250, |_, _, _| None);
        let (mut history, _) = history_of(&server.url(), None);
        let (whole, cursors) = all(&mut history, None);
        for (at, cursor) in cursors.iter().enumerate() {
            let (mut history, _) = history_of(&server.url(), None);
            let (rest, others) = all(&mut history, Some(cursor.clone()));
            assert_eq!(others[..], cursors[at + 1..]);
            assert!(whole.ends_with(&rest), "after {at}");
        }
    }

    #[test]
    fn a_host_that_cannot_do_large_pages_is_asked_for_small_ones() {
        let server = shop(120, |asked, _, _| {
            let many = asked.query("per_page").unwrap().parse::<u64>().unwrap() > 25;
            many.then(|| Reply::new(504, ""))
        });
        let (mut history, _) = history_of(&server.url(), None);
        assert_eq!(places(&all(&mut history, None).0), order_places(1..=120));
    }

    #[test]
    fn orders_since_a_day_are_asked_for() {
        let server = shop(3, |_, ask, orders| {
            if ask == 1 {
                orders[0]["date_created_gmt"] = json!("2025-12-31T23:59:59");
            }
            None
        });
        let (mut history, _) = history_of(&server.url(), Some(date(2026, 1, 1)));
        assert_eq!(history.name(), format!("woocommerce {} since 2026-01-01", server.url()));
        assert_eq!(places(&all(&mut history, None).0), order_places(2..=3));
        let asked = server.asked();
        assert!(asked[2].path.ends_with("&after=2026-01-01T00:00:00&dates_are_gmt=true"));
        assert_eq!(asked[0].query("after"), None, "the catalogue is read whole");
    }

    #[test]
    fn refusals_say_what_to_do_and_show_no_key() {
        let refused = |reply: Reply| {
            let server = shop(1, move |_, _, _| Some(reply.clone()));
            let (mut history, _) = history_of(&server.url(), None);
            let why = format!("{:#}", history.next(None).unwrap_err());
            assert!(!why.contains("ck_1") && !why.contains("cs_2"), "{why}");
            why.replace(&server.url(), "SHOP")
                .replace(server.url().strip_prefix("http://").unwrap(), "SHOP")
        };
        let no_key = r#"{"code":"woocommerce_rest_cannot_view","message":"Sorry, you cannot list resources.","data":{"status":401}}"#;
        assert_snapshot!(refused(Reply::new(401, no_key)), @"cannot read the shop's products: `SHOP` answers 401 `woocommerce_rest_cannot_view`: Sorry, you cannot list resources; check the key and what its owner may read");
        assert_snapshot!(refused(Reply::new(404, "<html>")), @"cannot read the shop's products: `SHOP` answers 404; check the address");
        assert_snapshot!(refused(Reply::ok("<html>")), @"cannot read the shop's products: `SHOP/wp-json/wc/v3/products` answers with something that is no JSON; check the address, and that no page for visitors stands in front of the API");
        assert_snapshot!(refused(Reply::ok("{}")), @"the shop's answer about its products is no list");
        assert_snapshot!(refused(Reply::new(500, "")), @"cannot read the shop's products: `SHOP` answers 500, 6 times; run it again later, it goes on where it is");
        assert_snapshot!(refused(Reply::ok(r#"[{"id": 2}, {"id": 1}]"#)), @"the shop does not give its products by id; a plug-in changes its REST API");
        assert_snapshot!(refused(Reply::new(302, "").with("Location", "https://other.example/x")), @"cannot read the shop's products: `SHOP` redirects to `other.example`; give that address if it is the same shop's");
        assert_snapshot!(refused(Reply::new(302, "").with("Location", "//other.example/x")), @"cannot read the shop's products: `SHOP` redirects to `other.example`; give that address if it is the same shop's");
        assert_snapshot!(refused(Reply::new(302, "").with("Location", "/wp-json/again")), @"cannot read the shop's products: `SHOP` redirects without end");
    }

    #[test]
    fn a_redirect_within_the_host_is_followed() {
        let server = shop(1, |asked, _, _| {
            let plain = asked.path.strip_prefix("/shop");
            plain.map(|it| Reply::new(301, "").with("Location", it))
        });
        let (mut history, _) = history_of(&format!("{}/shop", server.url()), None);
        assert_eq!(places(&all(&mut history, None).0), order_places(1..=1));
    }

    #[test]
    fn no_key_leaves_this_machine_in_the_clear() {
        let keys = (&Secret::new("ck_1"), &Secret::new("cs_2"));
        let made = WooCommerceHistory::new(
            egress().0,
            "http://shop.example",
            keys,
            None,
            (NOW, Currency::EUR),
        );
        assert!(made.is_err_and(|it| it.to_string().contains("in the clear")));
    }
}

mod shopify {
    use super::*;

    const FILE: &str = "/file.jsonl";

    /// What the mutation of a start asks for.
    fn kind_of(asked: &Asked) -> &'static str {
        ["products", "customers", "orders"]
            .into_iter()
            .find(|it| asked.body.contains(&format!("{{ {it}")))
            .unwrap()
    }

    fn order_lines(count: u64) -> String {
        let one = |id: u64| {
            let money = json!({"shopMoney": {"amount": "10.0", "currencyCode": "EUR"}});
            let order = json!({
                "id": format!("gid://shopify/Order/{id}"), "createdAt": "2026-01-01T10:00:00Z",
                "updatedAt": "2026-01-01T10:00:00Z", "cancelledAt": null, "currencyCode": "EUR",
                "email": format!("c{id}@mail.example"), "displayFulfillmentStatus": "UNFULFILLED",
                "totalPriceSet": money, "currentTotalPriceSet": money, "customer": null,
                "fulfillments": [], "refunds": [], "discountCodes": []
            });
            let line = json!({
                "id": format!("gid://shopify/LineItem/{id}"), "title": "Mug", "sku": "MUG", "quantity": 1,
                "currentQuantity": 1, "product": {"id": "gid://shopify/Product/1"},
                "originalUnitPriceSet": money, "discountAllocations": [],
                "__parentId": format!("gid://shopify/Order/{id}")
            });
            format!("{order}\n{line}\n")
        };
        (1..=count).map(one).collect()
    }

    /// A shop of orders alone, with `meddle` between each ask and its answer.
    fn shop(
        orders: u64,
        mut meddle: impl FnMut(&Asked, usize) -> Option<Reply> + Send + 'static,
    ) -> WebServer {
        let (mut asks, mut operations) = (0, Vec::new());
        let file = order_lines(orders);
        WebServer::start(move |asked| {
            asks += 1;
            if let Some(reply) = meddle(asked, asks) {
                return reply;
            }
            if asked.path == FILE {
                return Reply::ok(file.clone());
            }
            assert_eq!(asked.path, "/admin/api/2025-10/graphql.json");
            let here = format!("http://{}", asked.header("host").unwrap());
            if asked.body.contains("mutation") {
                operations.push(kind_of(asked));
                let id = format!("gid://shopify/BulkOperation/{}", operations.len());
                let started = json!({"data": {"bulkOperationRunQuery": {"bulkOperation": {"id": id, "status": "CREATED"}, "userErrors": []}}});
                return Reply::ok(started.to_string());
            }
            let body: Value = serde_json::from_str(&asked.body).unwrap();
            let id = body["variables"]["id"].as_str().unwrap().rsplit('/').next().unwrap();
            let kind = operations.get(id.parse::<usize>().unwrap() - 1).copied();
            let node = kind.map(|kind| {
                let url = (kind == "orders").then(|| format!("{here}{FILE}"));
                let objects = if url.is_some() { 2 * orders } else { 0 };
                json!({"status": "COMPLETED", "objectCount": objects.to_string(), "url": url})
            });
            Reply::ok(json!({"data": {"node": node}}).to_string())
        })
    }

    fn history_of(address: &str) -> (ShopifyHistory, Arc<Mutex<Vec<u64>>>) {
        let (egress, waits) = egress();
        let token = Secret::new("shpat_3");
        let history =
            ShopifyHistory::new(egress, address, token, None, (NOW, Currency::EUR)).unwrap();
        (history, waits)
    }

    fn order_places(count: u64) -> Vec<String> {
        (0..count).map(|it| format!("line {} of orders", 2 * it + 1)).collect()
    }

    fn node(value: Value) -> Option<Reply> {
        Some(Reply::ok(json!({"data": {"node": value}}).to_string()))
    }

    fn is_look(asked: &Asked) -> bool {
        asked.body.contains("node(id: $id)")
    }

    #[test]
    fn a_shop_is_read_from_the_files_it_is_asked_to_write() {
        let server = shop(1_200, |_, _| None);
        let (mut history, waits) = history_of(&server.url());
        let (items, _) = all(&mut history, None);
        assert_eq!(places(&items), order_places(1_200));
        assert!(
            items
                .iter()
                .all(|it| matches!(&it.outcome, Ok(Taken::Events(events)) if !events.is_empty()))
        );
        assert!(waits.lock().unwrap().is_empty());
        let asked = server.asked();
        let (files, api): (Vec<&Asked>, Vec<&Asked>) = asked.iter().partition(|it| it.path == FILE);
        assert!(api.iter().all(|it| it.header("x-shopify-access-token") == Some("shpat_3")));
        assert!(
            files.iter().all(|it| it.header("x-shopify-access-token").is_none()),
            "the file is signed itself"
        );
        assert_eq!(files.len(), 1, "read as it comes, once");
    }

    #[test]
    fn a_file_that_is_not_written_yet_is_waited_for() {
        let mut looks = 0;
        let server = shop(3, move |asked, ask| {
            if ask == 1 {
                let message = "A bulk query operation for this app and shop is already in progress: gid://shopify/BulkOperation/9.";
                return Some(Reply::ok(json!({"data": {"bulkOperationRunQuery": {"bulkOperation": null, "userErrors": [{"message": message}]}}}).to_string()));
            }
            if !is_look(asked) {
                return None;
            }
            looks += 1;
            match looks {
                1 | 2 => node(json!({"status": "RUNNING", "objectCount": "17", "url": null})),
                3 => Some(Reply::ok(json!({"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}).to_string())),
                4 => Some(Reply::new(502, "")),
                _ => None,
            }
        });
        let (mut history, waits) = history_of(&server.url());
        let (items, _) = all(&mut history, None);
        assert_eq!(places(&items), order_places(3));
        assert_eq!(*waits.lock().unwrap(), [2, 2, 4, 6, 1], "longer each time");
    }

    #[test]
    fn a_download_that_breaks_off_goes_on_where_it_was() {
        let file = order_lines(1_200);
        let mut downloads = 0;
        let server = shop(1_200, move |asked, _| {
            if asked.path != FILE {
                return None;
            }
            downloads += 1;
            match downloads {
                1 => Some(Reply::ok(file.clone()).cut_at(file.len() * 2 / 3)),
                2 => Some(Reply::new(503, "")),
                3 => Some(Reply::ok(file.clone()).cut_at(10)),
                _ => None,
            }
        });
        let (mut history, _) = history_of(&server.url());
        let (items, _) = all(&mut history, None);
        assert_eq!(places(&items), order_places(1_200), "each once, none missing");
        assert!(items.iter().all(|it| it.outcome.is_ok()), "and none of half its lines");
    }

    #[test]
    fn it_goes_on_where_it_was() {
        let server = shop(1_200, |_, _| None);
        let (mut history, _) = history_of(&server.url());
        let (whole, cursors) = all(&mut history, None);
        for (at, cursor) in cursors.iter().enumerate() {
            let before = server.asked().iter().filter(|it| it.body.contains("mutation")).count();
            let (mut history, _) = history_of(&server.url());
            let (rest, others) = all(&mut history, Some(cursor.clone()));
            assert!(whole.ends_with(&rest), "after {at}");
            if cursor.contains("\"list\":2,\"operation\":\"") {
                let after = server.asked().iter().filter(|it| it.body.contains("mutation")).count();
                assert_eq!((after, &others[..]), (before, &cursors[at + 1..]), "the file is there");
            }
        }
    }

    #[test]
    fn an_operation_that_is_lost_is_started_anew_a_few_times() {
        let mut looks = 0;
        let server = shop(3, move |asked, _| {
            looks += usize::from(is_look(asked));
            match looks {
                1 if is_look(asked) => node(json!({"status": "FAILED", "errorCode": "TIMEOUT"})),
                2 if is_look(asked) => node(Value::Null),
                _ => None,
            }
        });
        let (mut history, _) = history_of(&server.url());
        assert_eq!(places(&all(&mut history, None).0), order_places(3));

        let server = shop(3, |asked, _| {
            is_look(asked)
                .then(|| node(json!({"status": "FAILED", "errorCode": "ACCESS_DENIED"})).unwrap())
        });
        let (mut history, _) = history_of(&server.url());
        let mut cursor = None;
        let why = loop {
            match history.next(cursor.as_deref()) {
                Ok(batch) => cursor = Some(batch.unwrap().cursor),
                Err(why) => break why,
            }
        };
        assert_snapshot!(why, @"Shopify cannot write the file of products: it failed: ACCESS_DENIED");
    }

    #[test]
    fn refusals_say_what_to_do_and_show_no_token() {
        let refused = |reply: Reply| {
            let server = shop(1, move |_, _| Some(reply.clone()));
            let (mut history, _) = history_of(&server.url());
            let why = format!("{:#}", history.next(None).unwrap_err());
            assert!(!why.contains("shpat_3"), "{why}");
            why.replace(server.url().strip_prefix("http://").unwrap(), "SHOP")
        };
        assert_snapshot!(refused(Reply::new(401, r#"{"errors":"[API] Invalid API key or access token"}"#)), @"cannot ask the shop: `SHOP` answers 401: [API] Invalid API key or access token; check the key and what its owner may read");
        let denied = json!({"errors": [{"message": "Access denied for orders field."}]});
        assert_snapshot!(refused(Reply::ok(denied.to_string())), @"cannot read the shop's products: Shopify answers: Access denied for orders field.");
        assert_snapshot!(refused(Reply::ok("<html>")), @"cannot read the shop's products: the answer is not one of Shopify's Admin API: expected value at line 1 column 1");
    }
}
