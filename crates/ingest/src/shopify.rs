//! Shopify: webhooks, the exports of its admin, and the results of its bulk operations.
//!
//! All of it is pure: bytes and rows in, [`Incoming`] values or a reason out. One fact has one key
//! whoever tells it, so that an order known from a webhook is not told again by a backfill:
//! `order:ID`, `refund:ID`, `customer:ID@MILLISECONDS#HASH` and so on, with the ids as Shopify's REST
//! payloads have them (`gid://shopify/Order/450789469` is `450789469`).
//!
//! An order's total is what the customer paid before money went back; refunds are told by
//! themselves, once the money has moved. What an edit took from an order without paying back is
//! taken from its lines and its total.
//!
//! Payloads are described at <https://shopify.dev/docs/api/webhooks>, signatures at
//! <https://shopify.dev/docs/apps/build/webhooks/subscribe/https>.

use std::hash::Hasher;

use aftercart_model::{Currency, EmailAddress, EventKey, Identifier, Timestamp};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use siphasher::{
    sip::SipHasher24,
    sip128::{Hasher128, SipHasher24 as SipHasher24Wide},
};

pub use crate::segment_api::RejectReason;
use crate::{
    Incoming, IncomingBody, IncomingLine, Taken, TimeSource, WEBHOOK_BYTES_MAX, json::parse,
};

pub mod bulk;
mod carts;
mod customers;
mod exports;
mod fields;
mod orders;
mod products;
mod summary;
#[cfg(test)]
mod tests;
mod topics;

pub use exports::{Export, ExportReader, ROWS_TOGETHER_MAX, read_export};
use fields::{Fields, check_currency, shortened};
pub use topics::{TOPICS, TopicCovered, topics_page};

/// The source in the keys of these events.
pub const SOURCE: &str = "shopify";

/// The longest key of an event; a longer one is replaced by its hash.
const KEY_CHARS_MAX: usize = 200;

/// What a reading depends on beside the payload.
#[derive(Clone, Copy)]
struct Arrival<'a> {
    received_at: Timestamp,
    currency: Currency,
    /// Of the shop, such as `sunny-mug.myshopify.com`; makes addresses of products' pages.
    domain: Option<&'a str>,
}

/// What one row, or one object of several rows, of a file came to.
#[derive(Clone, Debug, PartialEq)]
pub struct RowRead {
    /// The line it begins in, from 1, the header included where there is one.
    pub line: u64,
    /// The line it ends in.
    pub line_last: u64,
    pub outcome: Result<Vec<Incoming>, RejectReason>,
}

/// Whether `header`, the value of `X-Shopify-Hmac-Sha256`, signs `raw_body`: base64 of the body's
/// HMAC-SHA256 under the secret of the app. Of several secrets any will do, so that one can be
/// exchanged for the next.
///
/// Sign what came over the wire: the same JSON written anew is another body. The time taken says
/// nothing about how much of a signature is right.
pub fn verify(secrets: &[&[u8]], raw_body: &[u8], header: &str) -> bool {
    let Ok(tag) = STANDARD.decode(header.trim()) else { return false };
    let is_signed_by = |secret: &&[u8]| {
        !secret.is_empty()
            && hmac::verify(&hmac::Key::new(HMAC_SHA256, secret), raw_body, &tag).is_ok()
    };
    secrets.iter().fold(false, |is_good, secret| is_signed_by(secret) | is_good)
}

/// Reads the payload of one webhook; `topic` as `X-Shopify-Topic` has it, such as `orders/create`.
///
/// What is ignored is to be answered like what is kept, and so is what is refused unless it
/// [is malformed](RejectReason::is_malformed): any other answer Shopify takes for a failure, sends 8
/// times within 4 hours and then deletes the subscription.
pub fn read_webhook(
    topic: &str,
    body: &[u8],
    received_at: Timestamp,
    currency: Currency,
) -> Result<Taken, RejectReason> {
    read(topic, body, Arrival { received_at, currency, domain: None })
}

/// As [`read_webhook`], where the shop's own domain is known (`X-Shopify-Shop-Domain`): products then
/// come with the addresses of their pages, which the payload has not.
pub fn read_webhook_of(
    domain: &str,
    topic: &str,
    body: &[u8],
    received_at: Timestamp,
    currency: Currency,
) -> Result<Taken, RejectReason> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let is_domain = domain.contains('.') && domain.len() <= 253 && domain.chars().all(is_plain);
    let domain = Some(domain).filter(|_| is_domain);
    read(topic, body, Arrival { received_at, currency, domain })
}

fn read(topic: &str, body: &[u8], arrival: Arrival<'_>) -> Result<Taken, RejectReason> {
    let body = parse("payload", body, WEBHOOK_BYTES_MAX)?;
    let fields = Fields::of_body(&body)?;
    let events = match topic {
        "orders/create"
        | "orders/updated"
        | "orders/paid"
        | "orders/fulfilled"
        | "orders/partially_fulfilled"
        | "orders/cancelled" => orders::of_payload(&fields, Some(topic), arrival)?,
        "refunds/create" => return orders::refund_of_payload(&fields, arrival),
        "customers/create" | "customers/update" | "customers/enable" | "customers/disable" => {
            customers::of_payload(&fields, arrival)?
        }
        "customers/delete" => customers::deleted(&fields, arrival)?,
        "customers/merge" => return customers::merged(&fields, arrival),
        "customers_email_marketing_consent/update" => {
            return customers::consent_of_payload(&fields, arrival);
        }
        "customers/redact" => customers::erasure(&fields, arrival)?,
        "customers/data_request" => customers::data_request(&fields, arrival)?,
        "shop/redact" => customers::erasure_of_shop(&fields, arrival)?,
        "products/create" | "products/update" => products::of_payload(&fields, arrival)?,
        "products/delete" => products::removed(&fields, arrival)?,
        "inventory_levels/update" | "inventory_levels/connect" => {
            return products::stock_counted(&fields);
        }
        "inventory_levels/disconnect" => products::stock_gone(&fields, arrival)?,
        "inventory_items/create" | "inventory_items/update" => {
            return products::cost_known(&fields, arrival);
        }
        "checkouts/create" | "checkouts/update" => carts::checkout(&fields, arrival)?,
        "carts/create" | "carts/update" => carts::cart(&fields, arrival)?,
        _ => return Ok(Taken::Ignored(topics::why_ignored(topic).to_owned())),
    };
    Ok(Taken::Events(events))
}

/// An event told by the platform with its own instant.
fn told(key: String, identifiers: &[Identifier], at: Timestamp, body: IncomingBody) -> Incoming {
    Incoming {
        key: EventKey { source: SOURCE.to_owned(), key: bounded(key) },
        identifiers: identifiers.to_vec(),
        at,
        time_source: TimeSource::Given,
        body,
    }
}

/// An event whose payload names no instant: it is as old as its arrival.
fn told_now(
    key: String,
    identifiers: &[Identifier],
    arrival: Arrival<'_>,
    body: IncomingBody,
) -> Incoming {
    Incoming {
        time_source: TimeSource::Received,
        ..told(key, identifiers, arrival.received_at, body)
    }
}

fn bounded(key: String) -> String {
    if key.chars().count() <= KEY_CHARS_MAX {
        return key;
    }
    let mut hasher = SipHasher24Wide::new();
    hasher.write(key.as_bytes());
    format!("hash:{:032x}", hasher.finish128().as_u128())
}

/// 16 hexadecimal digits that tell one content from another. It is the content that is hashed, not
/// the payload, so that a snapshot has one key from a webhook and from a bulk operation.
fn content_hash(content: &Value) -> String {
    let mut hasher = SipHasher24::new();
    hasher.write(content.to_string().as_bytes());
    format!("{:016x}", hasher.finish())
}

/// Lines in a form that can be hashed.
fn lines_content(lines: &[IncomingLine]) -> Value {
    let line = |it: &IncomingLine| json!([it.product.code, it.quantity, it.amount_minor]);
    lines.iter().map(line).collect()
}

fn address(text: &str) -> Option<Identifier> {
    EmailAddress::new(text).ok().map(Identifier::Email)
}
