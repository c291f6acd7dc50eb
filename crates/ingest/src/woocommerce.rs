//! WooCommerce: its webhooks, the answers of its REST API v3, and its product CSV.
//!
//! The body of a webhook *is* the REST answer for the resource, so both are read by one function per
//! resource and one fact has one key, whoever tells it. What is particular about WooCommerce:
//! - *instants* are those named `…_gmt`, which are UTC without saying so; the others are in the
//!   site's zone, which is nowhere told;
//! - *an order counts* once it is `processing`, `completed` or `refunded`, or has a day of payment;
//!   until then (`pending`, `on-hold`, `failed`, `checkout-draft`) it is passed over;
//! - *guests* have the customer id 0 and are known by `billing.email` alone. `cart_hash` is a hash of
//!   what lies in the cart, the same for all who want the same, and so identifies nobody;
//! - *refunds* stand in their order without an instant of their own;
//! - *consent* is not told at all: no plug-in's own fields are taken for a yes.
//!
//! Sources: the REST API's documentation (<https://woocommerce.github.io/woocommerce-rest-api-docs/>)
//! and, for what a delivery looks like, `class-wc-webhook.php` of WooCommerce.

use std::hash::Hasher;

use aftercart_model::{Currency, EventKey, Timestamp};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use siphasher::sip::SipHasher24;

use crate::{
    IncomingBody, Taken, WEBHOOK_BYTES_MAX,
    json::{parse, refuse_larger},
    segment_api::RejectReason,
};

mod fields;
mod orders;
mod people;
mod product_csv;
mod products;
#[cfg(test)]
mod tests;
mod text;

use fields::Fields;
pub use product_csv::ProductCsv;

/// The source in the keys of these events.
pub const SOURCE: &str = "woocommerce";

/// The header that names what a delivery is about, such as `order.updated`.
pub const TOPIC_HEADER: &str = "x-wc-webhook-topic";

/// The header with the signature: base64 of the HMAC-SHA256 of the raw body.
pub const SIGNATURE_HEADER: &str = "x-wc-webhook-signature";

/// The header with the id of a delivery. See [`delivery_key`] for why it is not enough.
pub const DELIVERY_HEADER: &str = "x-wc-webhook-delivery-id";

/// The longest delivery id that is taken as it is; WooCommerce's have 32 characters.
const DELIVERY_ID_CHARS_MAX: usize = 100;

/// What is done with the deliveries of each topic. This table is what the reference prints.
pub const TOPICS: [Topic; 17] = [
    Topic {
        name: "order.created",
        resource: Resource::Order,
        action: Action::Created,
        what: "the order, once it counts; a guest's name and country; what was cancelled, completed or refunded already",
    },
    Topic {
        name: "order.updated",
        resource: Resource::Order,
        action: Action::Updated,
        what: "as `order.created`, and the order as it stands since this change",
    },
    Topic {
        name: "order.deleted",
        resource: Resource::Order,
        action: Action::Deleted,
        what: "an order in the trash is cancelled",
    },
    Topic {
        name: "order.restored",
        resource: Resource::Order,
        action: Action::Updated,
        what: "as `order.updated`; an order that was told cancelled stays cancelled",
    },
    Topic {
        name: "customer.created",
        resource: Resource::Customer,
        action: Action::Created,
        what: "name, address, country and what else is known of the customer",
    },
    Topic {
        name: "customer.updated",
        resource: Resource::Customer,
        action: Action::Updated,
        what: "as `customer.created`",
    },
    Topic {
        name: "customer.deleted",
        resource: Resource::Customer,
        action: Action::Deleted,
        what: "nothing: an account is closed, which is no wish to be erased",
    },
    Topic {
        name: "product.created",
        resource: Resource::Product,
        action: Action::Created,
        what: "the product: name, category, tags, price, picture, stock, whether it is for sale; of a variation its codes",
    },
    Topic {
        name: "product.updated",
        resource: Resource::Product,
        action: Action::Updated,
        what: "as `product.created`",
    },
    Topic {
        name: "product.published",
        resource: Resource::Product,
        action: Action::Updated,
        what: "as `product.created`",
    },
    Topic {
        name: "product.deleted",
        resource: Resource::Product,
        action: Action::Deleted,
        what: "the product is no longer in the catalogue",
    },
    Topic {
        name: "product.restored",
        resource: Resource::Product,
        action: Action::Updated,
        what: "as `product.created`",
    },
    Topic {
        name: "coupon.created",
        resource: Resource::Coupon,
        action: Action::Created,
        what: "nothing: coupons for emails stand in the pools of this server",
    },
    Topic {
        name: "coupon.updated",
        resource: Resource::Coupon,
        action: Action::Updated,
        what: "nothing, as `coupon.created`",
    },
    Topic {
        name: "coupon.deleted",
        resource: Resource::Coupon,
        action: Action::Deleted,
        what: "nothing, as `coupon.created`",
    },
    Topic {
        name: "coupon.restored",
        resource: Resource::Coupon,
        action: Action::Updated,
        what: "nothing, as `coupon.created`",
    },
    Topic {
        name: "action.…",
        resource: Resource::Coupon,
        action: Action::Created,
        what: "nothing: what a WordPress action carries is not written down anywhere",
    },
];

/// A topic of WooCommerce's webhooks, and what is taken of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    pub name: &'static str,
    pub what: &'static str,
    resource: Resource,
    action: Action,
}

/// What the REST API has lists of, and webhooks are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    Order,
    Customer,
    Product,
    Coupon,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Created,
    Updated,
    Deleted,
}

/// What a reading depends on beside the body.
#[derive(Clone, Copy)]
struct Arrival {
    received_at: Timestamp,
    currency: Currency,
}

/// Whether one of `secrets` signed `raw_body`: the header is the base64 of its HMAC-SHA256.
///
/// It has to be the body as it came; the same JSON written again has another signature. The
/// comparison takes the same time wherever the signatures differ. Each webhook of a shop has a
/// secret of its own, hence several. An empty secret signs nothing: anybody could.
pub fn verify(secrets: &[String], raw_body: &[u8], header: Option<&str>) -> bool {
    let Some(signature) = header.and_then(|it| STANDARD.decode(it.trim()).ok()) else {
        return false;
    };
    // All secrets are tried, so that the time does not tell which one it was.
    secrets.iter().filter(|it| !it.is_empty()).fold(false, |is_found, secret| {
        let key = hmac::Key::new(HMAC_SHA256, secret.as_bytes());
        hmac::verify(&key, raw_body, &signature).is_ok() || is_found
    })
}

/// Whether this is what WooCommerce posts when a webhook is saved, to see whether anybody is there:
/// the form `webhook_id=12`, without topic and signature. It wants a 200, else the webhook is not
/// saved.
pub fn is_ping(body: &[u8]) -> bool {
    body.strip_prefix(b"webhook_id=")
        .is_some_and(|id| !id.is_empty() && id.len() <= 20 && id.iter().all(u8::is_ascii_digit))
}

/// What makes a delivery the same delivery when it comes again.
///
/// WooCommerce hashes a delivery's id of the webhook and the *second*: all that one webhook delivers
/// within a second has one id. So the body is part of the key here; else of two orders updated
/// together one would be taken for a forgery of the other.
pub fn delivery_key(delivery_id: Option<&str>, raw_body: &[u8]) -> String {
    let mut hasher = siphasher::sip128::SipHasher24::new();
    hasher.write(raw_body);
    let hash = siphasher::sip128::Hasher128::finish128(&hasher).as_u128();
    match delivery_id.filter(|it| it.len() <= DELIVERY_ID_CHARS_MAX) {
        Some(id) => format!("{id}/{hash:032x}"),
        None => format!("body/{hash:032x}"),
    }
}

/// Reads a delivery whose signature is good. `topic` is the header's, empty where there is none.
///
/// # Errors
///
/// A body beyond [`WEBHOOK_BYTES_MAX`], no JSON, a field missing or of the wrong kind, another
/// currency. WooCommerce disables a webhook after more than 5 failures in a row, so only what
/// [`RejectReason::is_malformed`] is to be answered with anything but 200.
pub fn read_webhook(
    topic: &str,
    body: &[u8],
    received_at: Timestamp,
    currency: Currency,
) -> Result<Taken, RejectReason> {
    refuse_larger("webhook", body.len(), WEBHOOK_BYTES_MAX)?;
    if is_ping(body) {
        return Ok(Taken::Ignored("a webhook was saved in WooCommerce and tried out".to_owned()));
    }
    let Some(known) = TOPICS.iter().find(|it| it.name == topic) else {
        if topic.is_empty() {
            return Err(RejectReason::missing(TOPIC_HEADER));
        }
        let name: String = topic.chars().take(40).flat_map(char::escape_debug).collect();
        return Ok(Taken::Ignored(format!("nothing is kept of the topic `{name}`")));
    };
    let body = parse("webhook", body, WEBHOOK_BYTES_MAX)?;
    let arrival = Arrival { received_at, currency };
    read(known.resource, known.action, &Fields::of_body(&body)?, arrival)
}

/// Reads one item of a list of the REST API, or of an answer about one resource.
///
/// # Errors
///
/// As [`read_webhook`].
pub fn read_resource(
    resource: Resource,
    item: &Value,
    received_at: Timestamp,
    currency: Currency,
) -> Result<Taken, RejectReason> {
    let arrival = Arrival { received_at, currency };
    read(resource, Action::Created, &Fields::of_body(item)?, arrival)
}

/// The table of topics as a page of the reference.
pub fn topics_page() -> String {
    let mut page = String::from(
        "# WooCommerce: topics of webhooks\n\n\
         What is taken of each topic. A delivery whose signature is good is answered with 200 also \
         where nothing is kept of it or where it is refused, and so is the `webhook_id=…` that WooCommerce posts when a \
         webhook is saved. This page is generated from `aftercart_ingest::woocommerce::TOPICS`.\n\n\
         | topic | what is taken |\n| --- | --- |\n",
    );
    for topic in TOPICS {
        page.push_str(&format!("| `{}` | {} |\n", topic.name, topic.what));
    }
    page.push_str(
        "\nAn order counts as placed once it is `processing`, `completed` or `refunded`, or has a \
         day of payment, whatever its status is called; it is placed when it was created. Until \
         then, while it is `pending`, `on-hold`, `failed` or `checkout-draft`, it is passed over. \
         An order is cancelled when it is `cancelled` or in the trash, and also when it is \
         `refunded` and lists no refund. Webhooks must use the API version `WP REST API Integration \
         v3`.\n",
    );
    page
}

fn read(
    resource: Resource,
    action: Action,
    fields: &Fields<'_>,
    arrival: Arrival,
) -> Result<Taken, RejectReason> {
    refuse_error_answer(fields)?;
    match (resource, action) {
        (Resource::Order, Action::Deleted) => orders::deleted(fields, arrival),
        (Resource::Order, _) => orders::order(fields, action, arrival),
        (Resource::Customer, Action::Deleted) => Ok(Taken::Ignored(
            "an account was closed in the shop; what is known of the customer stays until they \
             ask to be erased"
                .to_owned(),
        )),
        (Resource::Customer, _) => people::customer(fields),
        (Resource::Product, Action::Deleted) => products::deleted(fields, arrival),
        (Resource::Product, _) => products::product(fields, arrival),
        (Resource::Coupon, _) => {
            Ok(Taken::Ignored("coupons for emails stand in this server's own pools".to_owned()))
        }
    }
}

/// A webhook of a user who may not see the resource delivers the refusal instead of the resource.
fn refuse_error_answer(fields: &Fields<'_>) -> Result<(), RejectReason> {
    match fields.get("code").and_then(Value::as_str) {
        Some(code) if code.starts_with("woocommerce_rest_") && fields.get("id").is_none() => {
            let remedy = "it is WooCommerce's refusal to show the resource: give the webhook or the \
                          key to a user who may read it";
            Err(RejectReason::invalid("code", code, remedy))
        }
        _ => Ok(()),
    }
}

fn key(text: String) -> EventKey {
    EventKey { source: SOURCE.to_owned(), key: text }
}

/// 16 hex digits that say whether two events of one instant say the same.
///
/// Of what is kept, not of the bytes that came: a webhook and a list write one resource differently.
fn content_hash(body: &IncomingBody) -> String {
    let content = match body {
        IncomingBody::Identified { name, time_zone, country, locale, attributes } => {
            serde_json::json!([name.given, name.family, time_zone, country, locale, attributes])
        }
        IncomingBody::OrderRevised { lines, total_minor, coupon, .. } => {
            let line = |it: &crate::IncomingLine| {
                let product = &it.product;
                serde_json::json!([product.code, product.code_also, it.quantity, it.amount_minor])
            };
            let lines: Vec<Value> = lines.iter().map(line).collect();
            serde_json::json!([lines, total_minor, coupon])
        }
        IncomingBody::ProductSaved { code, codes_also, facts } => {
            serde_json::json!([code, codes_also, facts])
        }
        other => unreachable!("{other:?} has no versions"),
    };
    let mut hasher = SipHasher24::new();
    hasher.write(content.to_string().as_bytes());
    format!("{:016x}", hasher.finish())
}
