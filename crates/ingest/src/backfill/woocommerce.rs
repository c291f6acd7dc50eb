//! A WooCommerce shop's past, from its REST API v3: products, customers, orders, in this order, so that
//! an order finds whom and what it names.
//!
//! Lists are asked for by id, from the lowest up, and by offset. What is added meanwhile gets a higher
//! id and comes last. What is deleted meanwhile moves all after it forward, and plain pages would miss
//! as many: so each ask begins one item before where the last one ended. Where that item is not the
//! one that was last, the list has moved, and the ask goes back until it meets what is known.
//!
//! See <https://woocommerce.github.io/woocommerce-rest-api-docs/#pagination>.

use aftercart_model::{Currency, Timestamp};
use anyhow::{Context, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Batch, Egress, Item, Platform, Secret, check_address,
    egress::{Ask, NoAnswer},
};
use crate::woocommerce::{Resource, read_resource};

/// The most items the API gives at once.
const PAGE_ITEMS_MAX: u64 = 100;

/// What is asked for where a page of [`PAGE_ITEMS_MAX`] is more than the host can do in time.
const PAGE_ITEMS_MIN: u64 = 10;

/// Lists of the API: what they are called, what they hold, and what one of it is.
const LISTS: [(&str, Resource, &str); 3] = [
    ("products", Resource::Product, "product"),
    ("customers", Resource::Customer, "customer"),
    ("orders", Resource::Order, "order"),
];

/// The past of one shop.
pub struct WooCommerceHistory {
    egress: Egress,
    /// Without a slash at the end.
    address: String,
    credential: String,
    since: Option<Date>,
    received_at: Timestamp,
    currency: Currency,
    page_items: u64,
}

/// How far the lists were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    /// Place in [`LISTS`].
    list: usize,
    /// How many of the list lie before what comes next, as far as is known.
    offset: u64,
    /// The highest id that was given.
    last_id: u64,
}

impl WooCommerceHistory {
    /// `address` is the shop's, such as `https://shop.example`; key and secret are of a REST API key
    /// that may read. Of the orders those placed on `since` or later, UTC.
    pub fn new(
        egress: Egress,
        address: &str,
        (key, secret): (&Secret, &Secret),
        since: Option<Date>,
        (received_at, currency): (Timestamp, Currency),
    ) -> Result<Self> {
        check_address(address)?;
        let address = address.split(['?', '#']).next().unwrap_or_default();
        let address = address.trim_end_matches('/').to_owned();
        let pair = format!("{}:{}", key.expose(), secret.expose());
        let credential = format!("Basic {}", STANDARD.encode(pair));
        let page_items = PAGE_ITEMS_MAX;
        Ok(Self { egress, address, credential, since, received_at, currency, page_items })
    }

    /// Some of a list, and how many it has in all, if the shop says so.
    fn page(&mut self, list: &str, offset: u64) -> Result<(Vec<Value>, Option<u64>)> {
        loop {
            let url = self.url(list, offset);
            let credential = Some(("authorization", self.credential.as_str()));
            match self.egress.fetch_json(Ask { url: &url, credential, post: None }) {
                Ok((Value::Array(items), headers)) => {
                    let total = headers.get("x-wp-total").and_then(|it| it.to_str().ok());
                    return Ok((items, total.and_then(|it| it.trim().parse().ok())));
                }
                Ok(_) => bail!("the shop's answer about its {list} is no list"),
                Err(NoAnswer::Unwell(_)) if PAGE_ITEMS_MIN < self.page_items => {
                    self.page_items = (self.page_items / 2).max(PAGE_ITEMS_MIN);
                }
                Err(why) => return Err(why).context(format!("cannot read the shop's {list}")),
            }
        }
    }

    fn url(&self, list: &str, offset: u64) -> String {
        let Self { address, page_items, .. } = self;
        let mut url = format!(
            "{address}/wp-json/wc/v3/{list}?per_page={page_items}&offset={offset}&orderby=id&order=asc"
        );
        if let Some(since) = self.since.filter(|_| list == "orders") {
            url.push_str(&format!("&after={since}T00:00:00&dates_are_gmt=true"));
        }
        url
    }

    /// What of the list comes after the cursor, from where on it was given, and the list's length.
    fn items_after(
        &mut self,
        list: &str,
        cursor: &Cursor,
    ) -> Result<(Vec<Value>, u64, Option<u64>)> {
        let mut offset = cursor.offset.saturating_sub(1);
        loop {
            let (items, total) = self.page(list, offset)?;
            let ids: Vec<u64> = items.iter().map(id_of).collect();
            if !ids.is_sorted() {
                bail!("the shop does not give its {list} by id; a plug-in changes its REST API");
            }
            let meets_known = ids.first().is_some_and(|it| *it <= cursor.last_id);
            if offset == 0 || meets_known {
                return Ok((items, offset, total));
            }
            offset = offset.saturating_sub(self.page_items);
        }
    }
}

impl Platform for WooCommerceHistory {
    fn name(&self) -> String {
        match self.since {
            Some(since) => format!("woocommerce {} since {since}", self.address),
            None => format!("woocommerce {}", self.address),
        }
    }

    fn next(&mut self, cursor: Option<&str>) -> Result<Option<Batch>> {
        let cursor: Cursor = match cursor {
            Some(text) => serde_json::from_str(text).context("the progress that was kept")?,
            None => Cursor::default(),
        };
        let Some((list, resource, one)) = LISTS.get(cursor.list).copied() else {
            return Ok(None);
        };
        let (items, offset, total) = self.items_after(list, &cursor)?;
        let count = items.len() as u64;
        let done = offset + count;
        let last_id = items.iter().map(id_of).max().unwrap_or(0).max(cursor.last_id);
        let read = |item: &Value| Item {
            place: format!("{one} {}", id_of(item)),
            outcome: read_resource(resource, item, self.received_at, self.currency),
        };
        let new = items.iter().filter(|it| cursor.last_id < id_of(it) || id_of(it) == 0);
        let items: Vec<Item> = new.map(read).collect();
        // A page may be short because a plug-in hides some; the length of the list says more.
        let is_last = match total {
            Some(total) => count == 0 || total <= done,
            None => count < self.page_items,
        };
        let next = if is_last {
            Cursor { list: cursor.list + 1, ..Cursor::default() }
        } else {
            Cursor { list: cursor.list, offset: done, last_id }
        };
        let cursor = serde_json::to_string(&next).expect("a cursor is JSON");
        Ok(Some(Batch { list, items, cursor, done, total }))
    }
}

/// 0 for what has none, which its reader refuses.
fn id_of(item: &Value) -> u64 {
    item["id"].as_u64().unwrap_or(0)
}
