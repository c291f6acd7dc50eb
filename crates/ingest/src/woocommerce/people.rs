//! Customers: accounts, and who is behind an order.

use std::collections::BTreeMap;

use aftercart_model::{CustomerName, EmailAddress, Identifier};
use serde_json::Value;

use super::{SOURCE, content_hash, fields::Fields, key};
use crate::{Incoming, IncomingBody, Taken, TimeSource, segment_api::RejectReason};

/// An account. WordPress gives every account an address; one that cannot be mailed is overlooked,
/// for the customer id names the person.
pub fn customer(fields: &Fields<'_>) -> Result<Taken, RejectReason> {
    let id = fields.id("id")?;
    let (_, at) = fields.times()?;
    let billing = fields.object("billing")?;
    let mut identifiers = vec![Identifier::external(SOURCE, id.clone())];
    identifiers.extend(address(fields)?);
    let of_account = name(fields)?;
    let name = match &billing {
        Some(billing) if of_account == CustomerName::default() => name(billing)?,
        _ => of_account,
    };
    let country = billing.as_ref().map(|it| it.name("country")).transpose()?.flatten();
    let mut attributes = BTreeMap::new();
    if let Some(role) = fields.name("role")? {
        attributes.insert("role".to_owned(), Value::String(role));
    }
    if let Some(is_paying) = fields.flag("is_paying_customer")? {
        attributes.insert("is_paying_customer".to_owned(), Value::Bool(is_paying));
    }
    for part in ["city", "state"] {
        if let Some(text) = billing.as_ref().map(|it| it.name(part)).transpose()?.flatten() {
            attributes.insert(part.to_owned(), Value::String(text));
        }
    }
    let (time_zone, locale) = (None, None);
    let body = IncomingBody::Identified { name, time_zone, country, locale, attributes };
    let key = key(format!("customer:{id}@{}#{}", at.as_millisecond(), content_hash(&body)));
    let time_source = TimeSource::Given;
    Ok(Taken::Events(vec![Incoming { key, identifiers, at, time_source, body }]))
}

/// Who an order is of, the surest first; empty for a guest who left no address.
pub fn of_order(fields: &Fields<'_>) -> Result<Vec<Identifier>, RejectReason> {
    let mut identifiers = Vec::new();
    identifiers
        .extend(fields.optional_id("customer_id")?.map(|it| Identifier::external(SOURCE, it)));
    if let Some(billing) = fields.object("billing")? {
        identifiers.extend(address(&billing)?);
    }
    Ok(identifiers)
}

pub fn name(fields: &Fields<'_>) -> Result<CustomerName, RejectReason> {
    let part = |part| Ok(fields.name(part)?.unwrap_or_default());
    Ok(CustomerName { given: part("first_name")?, family: part("last_name")? })
}

fn address(fields: &Fields<'_>) -> Result<Option<Identifier>, RejectReason> {
    let text = fields.text("email")?;
    Ok(text.and_then(|it| EmailAddress::new(&it).ok()).map(Identifier::Email))
}
