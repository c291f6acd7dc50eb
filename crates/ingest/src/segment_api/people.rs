//! Who an event is about, and what an `identify` says about them.

use std::collections::BTreeMap;

use aftercart_model::{CustomerName, Identifier};
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Call, Fields, RejectReason, address, ecommerce};
use crate::{IncomingBody, OWN_IDS};

/// Traits that are kept in fields of their own, or that say something else than a fact.
const OWN_TRAITS: [&str; 12] = [
    "email",
    "firstName",
    "first_name",
    "lastName",
    "last_name",
    "name",
    "timezone",
    "locale",
    "country",
    "consent",
    "acceptsMarketing",
    "accepts_marketing",
];

/// Properties that hold the token of a cart or a checkout.
const CART_TOKENS: [&str; 4] = ["checkout_id", "checkout_token", "cart_id", "cart_token"];

/// The identifiers of an event, the surest first; at least one.
pub fn identifiers(call: Call, fields: &Fields<'_>) -> Result<Vec<Identifier>, RejectReason> {
    let user = fields.name("userId")?;
    let visitor = fields.name("anonymousId")?;
    let mut identifiers: Vec<Identifier> = Vec::new();
    identifiers.extend(user.clone().map(|it| Identifier::external(OWN_IDS, it)));
    identifiers.extend(email(call, fields, user.is_some() || visitor.is_some())?);
    identifiers.extend(user.as_deref().and_then(address));
    identifiers.extend(visitor.map(Identifier::Visitor));
    if call == Call::Track {
        identifiers.extend(carts(fields)?);
    }
    // Not sorted: the order says which is surer.
    let mut seen = Vec::with_capacity(identifiers.len());
    identifiers.retain(|it| {
        !seen.contains(it) && {
            seen.push(it.clone());
            true
        }
    });
    if identifiers.is_empty() {
        return Err(RejectReason::missing("userId` or `anonymousId"));
    }
    Ok(identifiers)
}

/// The tokens of the cart and the checkout that an event is about.
fn carts(fields: &Fields<'_>) -> Result<Vec<Identifier>, RejectReason> {
    let Some(properties) = fields.object("properties")? else { return Ok(Vec::new()) };
    // In an event of the shop's own, `token` may be anything.
    let event = fields.text("event")?.unwrap_or_default();
    let others = ecommerce::find(&event).map(|_| "token");
    let mut tokens = Vec::new();
    for name in CART_TOKENS.into_iter().chain(others) {
        tokens.extend(properties.name(name)?.map(Identifier::Cart));
    }
    Ok(tokens)
}

/// The address an event names. A bad one is refused where the event is about the person, and
/// overlooked where somebody is named anyway: an order must not be lost for a typing mistake.
fn email(
    call: Call,
    fields: &Fields<'_>,
    is_named: bool,
) -> Result<Option<Identifier>, RejectReason> {
    let context = fields.object("context")?;
    let context_traits = context.map(|it| it.object("traits")).transpose()?.flatten();
    let of_person = if call == Call::Group { None } else { fields.object("traits")? };
    for place in [of_person, context_traits, fields.object("properties")?].into_iter().flatten() {
        let Some(text) = place.text("email")?.filter(|it| !it.is_empty()) else { continue };
        match address(&text) {
            Some(email) => return Ok(Some(email)),
            None if is_named && call != Call::Identify => {}
            None => {
                let remedy = "write it as `name@domain`, or leave it out";
                return Err(RejectReason::unusable(&place.path("email"), remedy));
            }
        }
    }
    Ok(None)
}

/// Who an alias is about, and who it says is the same.
pub fn alias(fields: &Fields<'_>) -> Result<(Vec<Identifier>, IncomingBody), RejectReason> {
    let user = fields.name("userId")?.ok_or_else(|| RejectReason::missing("userId"))?;
    let previous = fields.name("previousId")?.ok_or_else(|| RejectReason::missing("previousId"))?;
    let mut identifiers = vec![Identifier::external(OWN_IDS, user.clone())];
    identifiers.extend(address(&user));
    // Segment does not say whether the earlier id was a browser's or a person's.
    let mut others = vec![Identifier::Visitor(previous.clone())];
    others.extend(address(&previous));
    others.push(Identifier::external(OWN_IDS, previous));
    Ok((identifiers, IncomingBody::SamePerson { others }))
}

pub fn identified(fields: &Fields<'_>) -> Result<IncomingBody, RejectReason> {
    let context = fields.object("context")?;
    let of_context = |name: &str| match &context {
        Some(context) => context.name(name),
        None => Ok(None),
    };
    let traits = fields.object("traits")?;
    let facts = traits.as_ref().map(facts).transpose()?.unwrap_or_default();
    Ok(IncomingBody::Identified {
        name: facts.name,
        // A zone this machine does not know would fail later, in the middle of a flow.
        time_zone: facts.time_zone.or(of_context("timezone")?).filter(|it| is_zone(it)),
        country: facts.country,
        locale: facts.locale.or(of_context("locale")?),
        attributes: facts.attributes,
    })
}

/// What an event that is about something else says of its customer in `context.traits`; `None` if
/// that is no more than the address.
pub fn in_passing(fields: &Fields<'_>) -> Result<Option<IncomingBody>, RejectReason> {
    let Some(context) = fields.object("context")? else { return Ok(None) };
    let Some(traits) = context.object("traits")? else { return Ok(None) };
    let Facts { name, time_zone, country, locale, attributes } = facts(&traits)?;
    let time_zone = time_zone.filter(|it| is_zone(it));
    let is_silent = name == CustomerName::default()
        && attributes.is_empty()
        && [&time_zone, &country, &locale].into_iter().all(Option::is_none);
    let body = IncomingBody::Identified { name, time_zone, country, locale, attributes };
    Ok((!is_silent).then_some(body))
}

/// What traits say of a person.
#[derive(Default)]
struct Facts {
    name: CustomerName,
    time_zone: Option<String>,
    country: Option<String>,
    locale: Option<String>,
    attributes: BTreeMap<String, Value>,
}

fn facts(traits: &Fields<'_>) -> Result<Facts, RejectReason> {
    let country = match traits.get("address") {
        Some(Value::Object(_)) => {
            traits.object("address")?.map(|it| it.name("country")).transpose()?.flatten()
        }
        _ => None,
    };
    let mut attributes = traits.to_map();
    attributes.retain(|name, value| !OWN_TRAITS.contains(&name.as_str()) && !value.is_null());
    Ok(Facts {
        name: name(traits)?,
        time_zone: traits.name("timezone")?,
        country: traits.name("country")?.or(country),
        locale: traits.name("locale")?,
        attributes,
    })
}

/// Both names of a customer, from a whole name if that is all there is.
fn name(traits: &Fields<'_>) -> Result<CustomerName, RejectReason> {
    let either = |names: [&str; 2]| -> Result<Option<String>, RejectReason> {
        Ok(traits.name(names[0])?.or(traits.name(names[1])?))
    };
    let given = either(["firstName", "first_name"])?;
    let family = either(["lastName", "last_name"])?;
    if given.is_some() || family.is_some() {
        let (given, family) = (given.unwrap_or_default(), family.unwrap_or_default());
        return Ok(CustomerName { given, family });
    }
    let whole = traits.name("name")?.unwrap_or_default();
    let (given, family) = whole.split_once(' ').unwrap_or((&whole, ""));
    Ok(CustomerName { given: given.to_owned(), family: family.trim().to_owned() })
}

fn is_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}
