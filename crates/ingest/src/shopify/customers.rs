//! Customers: what is known of them, what they agreed to, and what they ask for by law.

use std::collections::BTreeMap;

use aftercart_model::{
    Consent, ConsentBasis, ConsentState, CustomerName, Identifier, Timestamp, Topic,
};
use serde_json::{Value, json};

use super::{Arrival, Fields, RejectReason, SOURCE, address, content_hash, told, told_now};
use crate::{Incoming, IncomingBody, Taken, TimeSource};

/// Facts kept as attributes under their own names, as texts and flags.
const TEXTS: [&str; 3] = ["phone", "note", "state"];
const FLAGS: [&str; 2] = ["verified_email", "tax_exempt"];

/// A customer as some source shows them.
#[derive(Default)]
pub struct CustomerSnapshot {
    pub id: Option<String>,
    pub email: Option<Identifier>,
    pub name: CustomerName,
    pub country: Option<String>,
    pub locale: Option<String>,
    pub attributes: BTreeMap<String, Value>,
}

impl CustomerSnapshot {
    pub fn identifiers(&self) -> Vec<Identifier> {
        let id = self.id.clone().map(|it| Identifier::external(SOURCE, it));
        id.into_iter().chain(self.email.clone()).collect()
    }

    /// A part of keys that stands for the customer.
    pub fn key(&self) -> String {
        match (&self.id, &self.email) {
            (Some(id), _) => id.clone(),
            // No address stands in a key: keys outlive whom they are about.
            (None, email) => content_hash(&json!(email)),
        }
    }

    fn says_nothing(&self) -> bool {
        let CustomerSnapshot { name, country, locale, attributes, .. } = self;
        *name == CustomerName::default()
            && country.is_none()
            && locale.is_none()
            && attributes.is_empty()
    }

    fn hash(&self) -> String {
        let CustomerSnapshot { name, country, locale, attributes, .. } = self;
        content_hash(&json!([self.email, name, country, locale, attributes]))
    }

    fn body(self) -> IncomingBody {
        IncomingBody::Identified {
            name: self.name,
            time_zone: None,
            country: self.country,
            locale: self.locale,
            attributes: self.attributes,
        }
    }

    /// `at` is `None` where the source keeps no time; then what it says has no time in its key.
    pub fn tell(self, at: Option<Timestamp>, arrival: Arrival<'_>) -> Incoming {
        let (who, hash, identifiers) = (self.key(), self.hash(), self.identifiers());
        match at {
            Some(at) => {
                let key = format!("customer:{who}@{}#{hash}", at.as_millisecond());
                told(key, &identifiers, at, self.body())
            }
            None => told_now(format!("customer:{who}#{hash}"), &identifiers, arrival, self.body()),
        }
    }
}

/// A customer as webhooks and the REST API show them.
pub fn of_payload(
    fields: &Fields<'_>,
    arrival: Arrival<'_>,
) -> Result<Vec<Incoming>, RejectReason> {
    let snapshot = snapshot(fields)?;
    let id = fields.id_needed("id")?;
    let identifiers = snapshot.identifiers();
    let created_at = fields.time("created_at")?;
    let updated_at = fields.time("updated_at")?.or(created_at);
    let told_at = updated_at.unwrap_or(arrival.received_at);
    let consent = match fields.object("email_marketing_consent")? {
        Some(consent) => consent_of(&consent, created_at, told_at)?,
        None => old_consent(fields, created_at.unwrap_or(told_at))?,
    };
    let mut events = vec![snapshot.tell(updated_at, arrival)];
    events.extend(consent.map(|it| consent_given(&id, &identifiers, it)));
    Ok(events)
}

/// A customer as a bulk operation shows them.
pub fn of_node(node: &Fields<'_>, arrival: Arrival<'_>) -> Result<Vec<Incoming>, RejectReason> {
    let snapshot = snapshot_of_node(node)?;
    let id = node.id_needed("id")?;
    let identifiers = snapshot.identifiers();
    let created_at = node.time("createdAt")?;
    let updated_at = node.time("updatedAt")?.or(created_at);
    let told_at = updated_at.unwrap_or(arrival.received_at);
    let mut events = vec![snapshot.tell(updated_at, arrival)];
    for name in ["defaultEmailAddress", "emailMarketingConsent"] {
        let Some(consent) = node.object(name)? else { continue };
        if let Some(consent) = consent_of(&consent, created_at, told_at)? {
            events.push(consent_given(&id, &identifiers, consent));
            break;
        }
    }
    Ok(events)
}

/// What an order shows of its customer: a name for a guest nobody told us of otherwise.
pub fn named_in_passing(
    fields: &Fields<'_>,
    at: Timestamp,
    arrival: Arrival<'_>,
) -> Result<Option<Incoming>, RejectReason> {
    let is_node = fields.names("firstName");
    let snapshot = if is_node { snapshot_of_node(fields)? } else { snapshot(fields)? };
    // Tags and notes are told by the customer's own webhooks, with the time they were changed.
    let snapshot = CustomerSnapshot { attributes: BTreeMap::new(), ..snapshot };
    let is_known = snapshot.id.is_some() && !snapshot.says_nothing();
    Ok(is_known.then(|| snapshot.tell(Some(at), arrival)))
}

/// A customer's address in a node, wherever the version of the API has it.
pub fn email_of(node: &Fields<'_>) -> Result<Option<Identifier>, RejectReason> {
    let default = node.object("defaultEmailAddress")?;
    let text = match default.map(|it| it.text("emailAddress")).transpose()?.flatten() {
        Some(text) => Some(text),
        None => node.text("email")?,
    };
    Ok(text.as_deref().and_then(address))
}

/// Deleted in Shopify: nothing is erased, for that is asked by `customers/redact`, but what the shop
/// may send them rested on an account that is no more.
pub fn deleted(fields: &Fields<'_>, arrival: Arrival<'_>) -> Result<Vec<Incoming>, RejectReason> {
    let id = fields.id_needed("id")?;
    let withdrawal = |(topic, name): (Topic, &str)| {
        let (state, at) = (ConsentState::Withdrawn, arrival.received_at);
        let consent = Consent::new(topic, state, at, "shopify customer deleted");
        let key = format!("consent:{id}/{name}/deleted");
        let identifiers = [Identifier::external(SOURCE, id.clone())];
        told_now(key, &identifiers, arrival, IncomingBody::ConsentGiven { consent })
    };
    let topics = [(Topic::Marketing, "marketing"), (Topic::Feedback, "feedback")];
    Ok(topics.into_iter().map(withdrawal).collect())
}

/// Two accounts became one.
pub fn merged(fields: &Fields<'_>, arrival: Arrival<'_>) -> Result<Taken, RejectReason> {
    let kept = fields.id_needed("admin_graphql_api_customer_kept_id")?;
    let gone = fields.id_needed("admin_graphql_api_customer_deleted_id")?;
    match fields.text("status")?.as_deref() {
        Some("completed") if kept != gone => {}
        _ => {
            return Ok(Taken::Ignored(
                "the merge is not completed; both customers stay".to_owned(),
            ));
        }
    }
    let body =
        IncomingBody::SamePerson { others: vec![Identifier::external(SOURCE, gone.clone())] };
    let key = format!("merge:{kept}/{gone}");
    Ok(Taken::Events(vec![told_now(key, &[Identifier::external(SOURCE, kept)], arrival, body)]))
}

/// What a customer said yes or no to, when they said it.
pub fn consent_of_payload(
    fields: &Fields<'_>,
    arrival: Arrival<'_>,
) -> Result<Taken, RejectReason> {
    let id = fields.id_needed("customer_id")?;
    let email = fields.text("email_address")?.as_deref().and_then(address);
    let identifiers: Vec<Identifier> =
        std::iter::once(Identifier::external(SOURCE, id.clone())).chain(email).collect();
    let name = "email_marketing_consent";
    let consent = fields.object(name)?.ok_or_else(|| fields.missing(name))?;
    let now = arrival.received_at;
    Ok(match consent_of(&consent, Some(now), now)? {
        Some(consent) => {
            let is_undated = consent.at == now;
            let mut event = consent_given(&id, &identifiers, consent);
            if is_undated {
                event.time_source = TimeSource::Received;
            }
            Taken::Events(vec![event])
        }
        None => Taken::Ignored(
            "it says neither that they subscribed nor that they unsubscribed".to_owned(),
        ),
    })
}

/// A person asks to be erased. There is no time in it, and who comes back may ask again.
pub fn erasure(fields: &Fields<'_>, arrival: Arrival<'_>) -> Result<Vec<Incoming>, RejectReason> {
    let identifiers = asked_by(fields)?;
    let who = content_hash(&json!(identifiers));
    let key = format!("erasure:{who}@{}", arrival.received_at.as_millisecond());
    Ok(vec![told_now(key, &identifiers, arrival, IncomingBody::ErasureAsked)])
}

/// A person asks for what is kept of them.
pub fn data_request(
    fields: &Fields<'_>,
    arrival: Arrival<'_>,
) -> Result<Vec<Incoming>, RejectReason> {
    let identifiers = asked_by(fields)?;
    let request = fields.object("data_request")?.map(|it| it.id("id")).transpose()?.flatten();
    let key = match request {
        Some(request) => format!("export:{request}"),
        None => {
            let who = content_hash(&json!(identifiers));
            format!("export:{who}@{}", arrival.received_at.as_millisecond())
        }
    };
    Ok(vec![told_now(key, &identifiers, arrival, IncomingBody::ExportAsked)])
}

/// The shop left, two days ago, and all of it is to be erased.
pub fn erasure_of_shop(
    fields: &Fields<'_>,
    arrival: Arrival<'_>,
) -> Result<Vec<Incoming>, RejectReason> {
    let shop = fields.id_needed("shop_id")?;
    fields.text("shop_domain")?.ok_or_else(|| fields.missing("shop_domain"))?;
    let key = format!("erasure:shop-{shop}@{}", arrival.received_at.as_millisecond());
    Ok(vec![told_now(key, &[], arrival, IncomingBody::ErasureAsked)])
}

/// Who asks; never nobody, for an erasure of nobody is one of the whole shop.
fn asked_by(fields: &Fields<'_>) -> Result<Vec<Identifier>, RejectReason> {
    let customer = fields.object("customer")?.ok_or_else(|| fields.missing("customer"))?;
    let id = customer.id("id")?.map(|it| Identifier::external(SOURCE, it));
    let email = customer.text("email")?.as_deref().and_then(address);
    let identifiers: Vec<Identifier> = id.into_iter().chain(email).collect();
    if identifiers.is_empty() {
        return Err(RejectReason::unusable("customer", "give the customer's `id` or `email`"));
    }
    Ok(identifiers)
}

fn snapshot(fields: &Fields<'_>) -> Result<CustomerSnapshot, RejectReason> {
    let mut attributes = BTreeMap::new();
    for name in TEXTS {
        attributes.extend(fields.text(name)?.map(|it| (name.to_owned(), json!(it))));
    }
    for name in FLAGS {
        attributes.extend(fields.flag(name)?.map(|it| (name.to_owned(), json!(it))));
    }
    attributes.extend(tags(fields)?);
    let mut country = None;
    if let Some(home) = fields.object("default_address")? {
        country = home.name("country_code")?.or(home.name("country")?);
        attributes.extend(places(&home)?);
    }
    Ok(CustomerSnapshot {
        id: fields.id("id")?,
        email: fields.text("email")?.as_deref().and_then(address),
        name: CustomerName {
            given: fields.name("first_name")?.unwrap_or_default(),
            family: fields.name("last_name")?.unwrap_or_default(),
        },
        country,
        locale: fields.name("locale")?,
        attributes,
    })
}

fn snapshot_of_node(node: &Fields<'_>) -> Result<CustomerSnapshot, RejectReason> {
    let mut attributes = BTreeMap::new();
    let phone = node.object("defaultPhoneNumber")?;
    let phone = phone.map(|it| it.text("phoneNumber")).transpose()?.flatten();
    attributes.extend(phone.map(|it| ("phone".to_owned(), json!(it))));
    attributes.extend(node.text("note")?.map(|it| ("note".to_owned(), json!(it))));
    let state = node.text("state")?.map(|it| it.to_lowercase());
    attributes.extend(state.map(|it| ("state".to_owned(), json!(it))));
    for (name, ours) in [("verifiedEmail", "verified_email"), ("taxExempt", "tax_exempt")] {
        attributes.extend(node.flag(name)?.map(|it| (ours.to_owned(), json!(it))));
    }
    attributes.extend(tags(node)?);
    let mut country = None;
    if let Some(home) = node.object("defaultAddress")? {
        country = home.name("countryCodeV2")?;
        attributes.extend(places(&home)?);
    }
    Ok(CustomerSnapshot {
        id: node.id("id")?,
        email: email_of(node)?,
        name: CustomerName {
            given: node.name("firstName")?.unwrap_or_default(),
            family: node.name("lastName")?.unwrap_or_default(),
        },
        country,
        locale: node.name("locale")?,
        attributes,
    })
}

fn tags(fields: &Fields<'_>) -> Result<Option<(String, Value)>, RejectReason> {
    Ok(fields.texts("tags")?.map(|it| ("tags".to_owned(), json!(it))))
}

fn places(home: &Fields<'_>) -> Result<Vec<(String, Value)>, RejectReason> {
    let mut places = Vec::new();
    for name in ["city", "province", "zip"] {
        places.extend(home.name(name)?.map(|it| (name.to_owned(), json!(it))));
    }
    Ok(places)
}

fn consent_given(customer: &str, identifiers: &[Identifier], consent: Consent) -> Incoming {
    let at = consent.at;
    let key = format!("consent:{customer}/marketing@{}", at.as_millisecond());
    told(key, identifiers, at, IncomingBody::ConsentGiven { consent })
}

/// What a customer said; nothing where they are merely not subscribed, or have yet to confirm.
///
/// A yes without its time is no younger than the customer, so that it never stands against a later
/// no; a no without its time holds from the newest word on.
fn consent_of(
    consent: &Fields<'_>,
    agreed_at: Option<Timestamp>,
    withdrawn_at: Timestamp,
) -> Result<Option<Consent>, RejectReason> {
    let either = |names: [&str; 2]| -> Result<Option<String>, RejectReason> {
        Ok(consent.text(names[0])?.or(consent.text(names[1])?).map(|it| it.to_lowercase()))
    };
    let state = match either(["state", "marketingState"])?.as_deref() {
        Some("subscribed") => ConsentState::Agreed,
        Some("unsubscribed") => ConsentState::Withdrawn,
        _ => return Ok(None),
    };
    let mut at = None;
    for name in ["consent_updated_at", "marketingUpdatedAt", "consentUpdatedAt"] {
        at = at.or(consent.time(name)?);
    }
    let undated = match state {
        ConsentState::Agreed => agreed_at.unwrap_or(withdrawn_at),
        ConsentState::Withdrawn => withdrawn_at,
    };
    let basis = basis(either(["opt_in_level", "marketingOptInLevel"])?.as_deref(), state);
    let at = at.unwrap_or(undated);
    Ok(Some(Consent { basis, ..Consent::new(Topic::Marketing, state, at, SOURCE_TEXT) }))
}

/// How it was said, as far as Shopify tells.
const SOURCE_TEXT: &str = "shopify";

fn basis(level: Option<&str>, state: ConsentState) -> ConsentBasis {
    match level {
        Some("confirmed_opt_in") if state == ConsentState::Agreed => ConsentBasis::DoubleOptIn,
        Some("single_opt_in") if state == ConsentState::Agreed => ConsentBasis::OptIn,
        _ => ConsentBasis::Unstated,
    }
}

/// How versions before 2023 said it. Their `false` is also what a customer has who was never asked.
fn old_consent(
    fields: &Fields<'_>,
    created_at: Timestamp,
) -> Result<Option<Consent>, RejectReason> {
    if fields.flag("accepts_marketing")? != Some(true) {
        return Ok(None);
    }
    let at = fields.time("accepts_marketing_updated_at")?.unwrap_or(created_at);
    let state = ConsentState::Agreed;
    let basis = basis(fields.text("marketing_opt_in_level")?.as_deref(), state);
    Ok(Some(Consent { basis, ..Consent::new(Topic::Marketing, state, at, SOURCE_TEXT) }))
}
