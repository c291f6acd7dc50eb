//! Everything that is kept of a customer, as one document for them or another service to read.
//!
//! It holds what they gave and what was observed of them, of all members together, each thing in the
//! form in which the log and the API have it. Its shape stands in the reference; fields are added to
//! it, never renamed.

use std::collections::BTreeMap;

use aftercart_model::{
    Consent, Coupon, Customer, CustomerId, EmailAddress, Enrolment, Event, ExternalId, Identifier,
    Message, MessageId, Order, ProductId, Review, Suppression, Timestamp, Touches,
};
use aftercart_store::{LetterHead, RequestKind, Tx};
use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::Engine;

/// The form of the document.
const FORMAT: &str = "aftercart-customer/1";

/// What leads to a customer, and what they are known by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CustomerExport {
    pub format: &'static str,
    pub exported_at: Timestamp,
    pub shop: String,
    /// ISO 4217. Amounts are whole minor units of it.
    pub currency: String,
    pub customer: Customer,
    /// The customers that were found to be this one, this one first.
    pub members: Vec<CustomerId>,
    pub identifiers: Vec<ExportedIdentifier>,
    /// What holds now, topic by topic.
    pub consents: Vec<Consent>,
    /// Every word ever said, the newest first.
    pub consent_ledger: Vec<ExportedWord>,
    pub suppressions: Vec<Suppression>,
    /// The stored segments they are in now.
    pub segments: Vec<String>,
    /// The log, by when things happened.
    pub events: Vec<Event>,
    pub orders: Vec<Order>,
    pub enrolments: Vec<Enrolment>,
    pub messages: Vec<ExportedMessage>,
    /// Letters to their addresses that were no message of a flow.
    pub letters: Vec<ExportedLetter>,
    pub reviews: Vec<Review>,
    pub coupons: Vec<Coupon>,
    /// What they asked the shop's platform for.
    pub requests: Vec<ExportedRequest>,
    /// The products that the rest names by number.
    pub products: BTreeMap<ProductId, ExportedProduct>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExportedIdentifier {
    /// `email`, `external`, `visitor`, `cart`.
    pub kind: String,
    pub value: String,
    /// Since when it is known to be theirs.
    pub tied_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExportedWord {
    /// What they were known by when they said it.
    pub said_as: String,
    #[serde(flatten)]
    pub consent: Consent,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExportedMessage {
    #[serde(flatten)]
    pub message: Message,
    /// What came back about it.
    pub touches: Touches,
    /// The letters themselves, where the inbox caught them.
    pub letters: Vec<ExportedLetter>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExportedLetter {
    pub at: Timestamp,
    pub to: EmailAddress,
    pub to_name: String,
    pub subject: String,
    /// The whole of it, as MIME.
    pub mime: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExportedRequest {
    pub asks: &'static str,
    pub at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExportedProduct {
    pub code: String,
    pub name: String,
}

/// Whom a text names that somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    Customer(CustomerId),
    /// An address whose owner was erased.
    Erased {
        at: Timestamp,
    },
}

impl Engine {
    /// Finds a customer by anything that leads to them: an address, the shop's id, a visitor's id, a
    /// cart's token. `external:7` says which of these is meant.
    ///
    /// # Errors
    ///
    /// Nobody is known by it; or it leads to two customers, as an id of one and a visitor's of another.
    pub fn identify(&self, named: &str) -> Result<Named> {
        self.store().read(|tx| {
            let mut found: Vec<(String, CustomerId)> = Vec::new();
            for (way, identifier) in identifiers_named(tx, named)? {
                let Some(customer) = tx.customer_by_identifier(&identifier)? else { continue };
                if found.iter().all(|(_, it)| *it != customer) {
                    found.push((way, customer));
                }
            }
            match found[..] {
                [(_, customer)] => Ok(Named::Customer(customer)),
                [] => match address_named(named) {
                    Some(address) => match tx.address_erased_at(&address)? {
                        Some(at) => Ok(Named::Erased { at }),
                        None => nobody(named),
                    },
                    None => nobody(named),
                },
                _ => {
                    let ways: Vec<String> =
                        found.iter().map(|(way, _)| format!("`{way}`")).collect();
                    bail!(
                        "`{named}` leads to {} customers; say which is meant: {}",
                        found.len(),
                        ways.join(" or ")
                    )
                }
            }
        })
    }

    /// Everything that is kept of a customer. `None` for one nobody knows.
    pub fn export_customer(
        &self,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<Option<CustomerExport>> {
        self.store().read(|tx| self.export(tx, customer, now))
    }

    /// Notes that a customer was given what is kept of them: what they asked for is done.
    pub fn close_exports_of(&self, customer: CustomerId, now: Timestamp) -> Result<u64> {
        self.store().write(|tx| {
            let mut closed = 0;
            for request in tx.requests_of(customer)? {
                if request.kind == RequestKind::Export && tx.close_request(request.seq, now)? {
                    closed += 1;
                }
            }
            Ok(closed)
        })
    }

    fn export(
        &self,
        tx: &mut Tx<'_>,
        id: CustomerId,
        now: Timestamp,
    ) -> Result<Option<CustomerExport>> {
        let Some(customer) = tx.customer(id)? else { return Ok(None) };
        let known = tx.identifiers_of(id)?;
        let (mut suppressions, mut letters) = (Vec::new(), Vec::new());
        for (identifier, _) in &known {
            let Identifier::Email(address) = identifier else { continue };
            suppressions.extend(tx.suppression_of(address)?);
            for letter in tx.letters_to(address)? {
                letters.push(exported_letter(tx, letter)?);
            }
        }
        let mut messages = Vec::new();
        for message in tx.messages_of(id)? {
            let touches = tx.touches(message.id)?;
            messages.push(ExportedMessage {
                letters: letters_of(tx, message.id)?,
                touches,
                message,
            });
        }
        let words = tx.consent_entries_of(id)?.into_iter();
        let segments = self.segments_of(tx, &customer, now)?;
        let mut export = CustomerExport {
            format: FORMAT,
            exported_at: now,
            shop: self.shop().name.clone(),
            currency: self.shop().currency.to_string(),
            members: tx.members_of(id)?.to_vec(),
            consents: tx.consents_of(id)?,
            consent_ledger: words
                .map(|(under, consent)| ExportedWord { said_as: written(&under), consent })
                .collect(),
            identifiers: known
                .into_iter()
                .map(|(identifier, known)| {
                    let (kind, value) = parts(&identifier);
                    ExportedIdentifier { kind, value: value.to_owned(), tied_at: known.tied_at }
                })
                .collect(),
            suppressions,
            segments: segments.into_iter().map(|(id, _)| id).collect(),
            events: tx.events_of(id)?,
            orders: tx.orders_of(id)?,
            enrolments: tx.enrolments_of(id)?,
            messages,
            letters,
            reviews: tx.reviews_by(id)?,
            coupons: tx.coupons_of(id)?,
            requests: Vec::new(),
            products: BTreeMap::new(),
            customer,
        };
        for request in tx.requests_of(id)? {
            let asks = match request.kind {
                RequestKind::Export => "export",
                RequestKind::EraseShop => "erase_shop",
            };
            let (at, closed_at) = (request.at, request.closed_at);
            export.requests.push(ExportedRequest { asks, at, closed_at });
        }
        export.products = products_named(tx, &export)?;
        Ok(Some(export))
    }
}

fn nobody(named: &str) -> Result<Named> {
    bail!(
        "nobody is known by `{named}`; give an email address, the shop's id of a customer, a visitor's \
         id or the token of a cart"
    )
}

/// What a text may be, each with the text that would say so.
fn identifiers_named(tx: &mut Tx<'_>, named: &str) -> Result<Vec<(String, Identifier)>> {
    if let Some((kind, value)) = named.split_once(':') {
        let one = match kind {
            "email" => EmailAddress::new(value).ok().map(Identifier::Email),
            "visitor" => Some(Identifier::Visitor(value.to_owned())),
            "cart" => Some(Identifier::Cart(value.to_owned())),
            "external" => return external_ids_named(tx, value),
            _ => None,
        };
        if let Some(one) = one {
            return Ok(vec![(named.to_owned(), one)]);
        }
    }
    let mut may_be = Vec::new();
    may_be.extend(EmailAddress::new(named).ok().map(Identifier::Email));
    may_be.extend([Identifier::Visitor(named.to_owned()), Identifier::Cart(named.to_owned())]);
    let others = may_be.into_iter().map(|it| (written(&it), it));
    Ok(external_ids_named(tx, named)?.into_iter().chain(others).collect())
}

/// The external ids that a text may be: an id of any source, or `source:id`.
fn external_ids_named(tx: &mut Tx<'_>, named: &str) -> Result<Vec<(String, Identifier)>> {
    let mut found = tx.external_ids(named)?;
    if let Some((source, id)) = named.split_once(':') {
        let source = std::borrow::Cow::Owned(source.to_owned());
        let one = Identifier::External(ExternalId { source, id: id.to_owned() });
        found.push(one);
    }
    let is_only = found.len() == 1;
    let way = |it: &Identifier| match it {
        Identifier::External(it) if is_only => format!("external:{}", it.id),
        _ => written(it),
    };
    Ok(found.into_iter().map(|it| (way(&it), it)).collect())
}

fn address_named(named: &str) -> Option<EmailAddress> {
    EmailAddress::new(named.strip_prefix("email:").unwrap_or(named)).ok()
}

fn parts(identifier: &Identifier) -> (String, &str) {
    match identifier {
        Identifier::Email(address) => ("email".to_owned(), address.as_str()),
        Identifier::External(it) => (format!("external:{}", it.source), &it.id),
        Identifier::Visitor(id) => ("visitor".to_owned(), id),
        Identifier::Cart(token) => ("cart".to_owned(), token),
    }
}

fn written(identifier: &Identifier) -> String {
    let (kind, value) = parts(identifier);
    format!("{kind}:{value}")
}

fn letters_of(tx: &mut Tx<'_>, message: MessageId) -> Result<Vec<ExportedLetter>> {
    let letters = tx.letters_of(message)?;
    letters.into_iter().map(|it| exported_letter(tx, it)).collect()
}

fn exported_letter(tx: &mut Tx<'_>, id: i64) -> Result<ExportedLetter> {
    let (head, raw) = tx.letter(id)?.with_context(|| format!("letter {id} vanished"))?;
    let LetterHead { at, to, to_name, subject, .. } = head;
    let mime = String::from_utf8_lossy(&raw).into_owned();
    Ok(ExportedLetter { at, to, to_name, subject, mime })
}

/// The products whose numbers stand anywhere in `export`.
fn products_named(
    tx: &mut Tx<'_>,
    export: &CustomerExport,
) -> Result<BTreeMap<ProductId, ExportedProduct>> {
    let mut numbers = std::collections::BTreeSet::new();
    for place in [
        serde_json::to_value(&export.events)?,
        serde_json::to_value(&export.orders)?,
        serde_json::to_value(&export.enrolments)?,
        serde_json::to_value(&export.messages)?,
        serde_json::to_value(&export.reviews)?,
    ] {
        gather_products(&place, &mut numbers);
    }
    let named = tx.products()?.into_iter().filter(|it| numbers.contains(&u64::from(it.id.0)));
    let entry =
        |it: aftercart_model::Product| (it.id, ExportedProduct { code: it.code, name: it.name });
    Ok(named.map(entry).collect())
}

/// The numbers under `product` and `products`, at any depth.
fn gather_products(value: &serde_json::Value, numbers: &mut std::collections::BTreeSet<u64>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), field) {
                    ("product", it) => numbers.extend(it.as_u64()),
                    ("products", serde_json::Value::Array(all)) => {
                        numbers.extend(all.iter().filter_map(serde_json::Value::as_u64));
                    }
                    _ => gather_products(field, numbers),
                }
            }
        }
        serde_json::Value::Array(all) => all.iter().for_each(|it| gather_products(it, numbers)),
        _ => {}
    }
}
