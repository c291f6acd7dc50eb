//! Customers: who they are, and what they agreed to as far as the file says so.
//!
//! Consent is taken at the file's word and no further. A `no` says that nobody agreed, which is no
//! withdrawal; `unsubscribed` is one. A yes without a date is older than anything with one, so that it
//! can never outweigh a withdrawal that somebody dated; a withdrawal without a date is of the moment
//! it is imported, so that it outweighs every yes before.

use std::collections::BTreeMap;

use aftercart_model::{
    Consent, ConsentBasis, ConsentState, CustomerName, Identifier, Timestamp, Topic,
};
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{
    fields::Field,
    row::{self, Refusal, Row},
};
use crate::{Incoming, IncomingBody, TimeSource};

pub fn read(row: &Row<'_>) -> Result<Vec<Incoming>, Refusal> {
    let identifiers = row.identifiers()?;
    let subject = subject(&identifiers).ok_or_else(|| row.missing(Field::Email))?;
    let (created_at, updated_at) = (row.instant(Field::CreatedAt)?, row.instant(Field::UpdatedAt)?);
    let consent = consent(row, created_at)?;
    let mut events = Vec::with_capacity(2);
    if let (Some(created_at), Some(updated_at)) = (created_at, updated_at)
        && created_at < updated_at
    {
        // So that they are customers since then, whenever the facts are of.
        events.push(Incoming {
            key: row::key(format!("customer:{subject}/created")),
            identifiers: identifiers.clone(),
            at: created_at,
            time_source: TimeSource::Given,
            body: nothing_said(),
        });
    }
    let body = identified(row)?;
    let hash = row::hash(told(&body).as_bytes());
    let (at, time_source, key) = match updated_at.or(created_at) {
        Some(at) => {
            let ms = at.as_millisecond();
            (at, TimeSource::Given, format!("customer:{subject}@{ms}#{hash:016x}"))
        }
        None => (row.reading.now, TimeSource::Received, format!("customer:{subject}#{hash:016x}")),
    };
    let key = row::key(key);
    events.push(Incoming { key, identifiers: identifiers.clone(), at, time_source, body });
    events.extend(consent.map(|(consent, time_source)| {
        let ms = consent.at.as_millisecond();
        let moment = match time_source {
            TimeSource::Given => format!("@{ms}"),
            _ => "/withdrawn".to_owned(),
        };
        Incoming {
            key: row::key(format!("consent:{subject}/marketing{moment}")),
            identifiers,
            at: consent.at,
            time_source,
            body: IncomingBody::ConsentGiven { consent },
        }
    }));
    Ok(events)
}

/// Whom a key is about: keys name no address, for they outlive who is erased.
fn subject(identifiers: &[Identifier]) -> Option<String> {
    Some(match identifiers.first()? {
        Identifier::Email(address) => format!("{:016x}", row::hash(address.as_str().as_bytes())),
        Identifier::External(it) => it.id.clone(),
        Identifier::Visitor(id) | Identifier::Cart(id) => id.clone(),
    })
}

fn identified(row: &Row<'_>) -> Result<IncomingBody, Refusal> {
    let text = |field| Ok(row.name(field)?.map(str::to_owned));
    let time_zone = text(Field::TimeZone)?.filter(|it| TimeZone::get(it).is_ok());
    let mut attributes = BTreeMap::new();
    for (column, name) in &row.places.named {
        let value = row.record.get(*column);
        if !value.is_empty() {
            attributes.insert(name.clone(), attribute(value));
        }
    }
    Ok(IncomingBody::Identified {
        name: name(row)?,
        time_zone,
        country: text(Field::Country)?,
        locale: text(Field::Locale)?,
        attributes,
    })
}

fn name(row: &Row<'_>) -> Result<CustomerName, Refusal> {
    let text = |field| Ok(row.name(field)?.unwrap_or_default().to_owned());
    let (given, family) = (text(Field::GivenName)?, text(Field::FamilyName)?);
    if !given.is_empty() || !family.is_empty() {
        return Ok(CustomerName { given, family });
    }
    let whole = text(Field::FullName)?;
    let (given, family) = whole.split_once(' ').unwrap_or((&whole, ""));
    Ok(CustomerName { given: given.to_owned(), family: family.trim().to_owned() })
}

/// A whole number as one, so that conditions can compare it; any other value as it is written.
fn attribute(value: &str) -> Value {
    let is_number = value.len() <= 15
        && value.bytes().all(|it| it.is_ascii_digit())
        && (value == "0" || !value.starts_with('0'));
    match value.parse::<u64>() {
        Ok(number) if is_number => Value::from(number),
        _ => Value::from(value),
    }
}

/// What the row says about marketing, and whether it gave the moment.
fn consent(
    row: &Row<'_>,
    created_at: Option<Timestamp>,
) -> Result<Option<(Consent, TimeSource)>, Refusal> {
    let mut said = match row.text(Field::Marketing) {
        Some(text) => match marketing_word(text) {
            Some(said) => said,
            None => {
                let remedy = "write `yes`, `no`, `subscribed` or `unsubscribed`";
                return Err(row.refuse(Field::Marketing, remedy));
            }
        },
        None => Said::Nothing,
    };
    let mut at = row.instant(Field::MarketingAt)?;
    for (field, basis) in [
        (Field::SubscribedAt, ConsentBasis::OptIn),
        (Field::ConfirmedAt, ConsentBasis::DoubleOptIn),
    ] {
        let agreed_at = row.instant(field)?;
        let is_silent = said == Said::Nothing && row.text(Field::Marketing).is_none();
        if agreed_at.is_some() && (is_silent || matches!(said, Said::Yes(_))) {
            said = Said::Yes(basis);
            at = agreed_at;
        }
    }
    if let Some(left_at) = row.instant(Field::UnsubscribedAt)?
        && at.is_none_or(|at| at <= left_at)
    {
        (said, at) = (Said::No, Some(left_at));
    }
    let wording = row.text(Field::ConsentWording).map(str::to_owned);
    let ip = row.name(Field::ConsentIp)?.map(str::to_owned);
    let file = &row.reading.file_name;
    let (state, basis, at, time_source) = match (said, at) {
        (Said::Nothing, _) => return Ok(None),
        (Said::Yes(basis), at) => {
            let at = at.or(created_at).unwrap_or(Timestamp::UNIX_EPOCH);
            (ConsentState::Agreed, basis, at, TimeSource::Given)
        }
        (Said::No, Some(at)) => {
            (ConsentState::Withdrawn, ConsentBasis::Unstated, at, TimeSource::Given)
        }
        (Said::No, None) => {
            let at = row.reading.now;
            (ConsentState::Withdrawn, ConsentBasis::Unstated, at, TimeSource::Received)
        }
    };
    let source = format!("file {file}");
    let consent = Consent { topic: Topic::Marketing, state, at, source, basis, wording, ip };
    Ok(Some((consent, time_source)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Yes(ConsentBasis),
    No,
    Nothing,
}

/// The words of the exports that `docs/guide/import-files.md` names. What bars mail there is taken for
/// a no: mailing somebody who bounced or complained elsewhere would be worse than not mailing.
fn marketing_word(text: &str) -> Option<Said> {
    let word: String =
        text.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    Some(match word.as_str() {
        "yes" | "true" | "1" | "y" | "t" | "x" | "on" | "subscribed" | "accepted" | "agreed"
        | "granted" => Said::Yes(ConsentBasis::Unstated),
        "optin" | "optedin" | "singleoptin" => Said::Yes(ConsentBasis::OptIn),
        "confirmed" | "doubleoptin" | "confirmedoptin" => Said::Yes(ConsentBasis::DoubleOptIn),
        "unsubscribed" | "withdrawn" | "optout" | "optedout" | "revoked" | "cleaned"
        | "suppressed" | "bounced" | "complained" | "globalunsubscribe" => Said::No,
        "no" | "false" | "0" | "n" | "f" | "off" | "notsubscribed" | "neversubscribed"
        | "nonsubscribed" | "pending" | "unconfirmed" | "transactional" | "none" | "unknown" => {
            Said::Nothing
        }
        _ => return None,
    })
}

fn nothing_said() -> IncomingBody {
    IncomingBody::Identified {
        name: CustomerName::default(),
        time_zone: None,
        country: None,
        locale: None,
        attributes: BTreeMap::new(),
    }
}

/// What a row tells, as one text that is another for other facts.
fn told(body: &IncomingBody) -> String {
    match body {
        IncomingBody::Identified { name, time_zone, country, locale, attributes } => {
            let told = (name, time_zone, country, locale, attributes);
            serde_json::to_string(&told).expect("names and attributes are JSON")
        }
        _ => String::new(),
    }
}
