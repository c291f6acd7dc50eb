//! One row read by the names of its fields, with refusals that say which column and how to mend it.

use std::{fmt, hash::Hasher as _};

use aftercart_model::{Currency, EmailAddress, EventKey, Identifier, Timestamp};
use jiff::tz::TimeZone;
use siphasher::sip::SipHasher24;

use crate::OWN_IDS;

use super::{
    fields::Field,
    mapping::Places,
    rows::Record,
    values::{self, DateOrder, InstantError},
};

/// The source in the keys of what files say.
pub const SOURCE: &str = "file";

/// The longest id, code or name of anything.
pub const NAME_CHARS_MAX: usize = 200;

/// The longest key of an event; a longer one is hashed.
const KEY_CHARS_MAX: usize = 200;

/// How much of a bad value is shown.
const SHOWN_CHARS_MAX: usize = 40;

/// More units than any shop sells in a line; beyond it a column is mistaken.
const QUANTITY_MAX: i64 = 1_000_000_000;

/// Why a row is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong and how to mend it, without the row's own values: rows refused for one reason
    /// are counted together, and a reason may be shown anywhere.
    pub reason: String,
    /// The value that is wrong, if it names nobody.
    pub value: Option<String>,
}

/// What a reading of values depends on.
#[derive(Clone, Debug)]
pub struct Reading {
    pub currency: Currency,
    pub zone: TimeZone,
    pub date_order: Option<DateOrder>,
    /// What the file is called, for the ledger of consents.
    pub file_name: String,
    /// The shop on the web, such as `tarnandember.example`: where an export has no addresses of
    /// products' pages, they are made of it.
    pub shop_domain: String,
    pub now: Timestamp,
}

/// One row.
pub struct Row<'a> {
    pub record: &'a Record,
    pub places: &'a Places,
    pub reading: &'a Reading,
}

impl Refusal {
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), value: None }
    }

    fn of(column: &str, field: Field, value: &str, remedy: impl fmt::Display) -> Self {
        let shown = value.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug);
        let value = (!field.is_personal()).then(|| shown.collect());
        Self { reason: format!("`{column}`: {remedy}"), value }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} (it is `{value}`)", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl<'a> Row<'a> {
    /// A value that is there and not empty.
    pub fn text(&self, field: Field) -> Option<&'a str> {
        let text = self.record.get(self.places.of(field)?);
        (!text.is_empty()).then_some(text)
    }

    pub fn refuse(&self, field: Field, remedy: impl fmt::Display) -> Refusal {
        let value = self.text(field).unwrap_or_default();
        Refusal::of(self.places.column(field), field, value, remedy)
    }

    pub fn missing(&self, field: Field) -> Refusal {
        Refusal::new(format!("`{}`: it is empty; give it", self.places.column(field)))
    }

    /// Text not longer than an id or a name may be.
    pub fn name(&self, field: Field) -> Result<Option<&'a str>, Refusal> {
        let Some(text) = self.text(field) else { return Ok(None) };
        if NAME_CHARS_MAX < text.len() && NAME_CHARS_MAX < text.chars().count() {
            let remedy = format!("it is longer than {NAME_CHARS_MAX} characters; shorten it");
            return Err(self.refuse(field, remedy));
        }
        Ok(Some(text))
    }

    /// A name without the `.0` that spreadsheets put behind whole numbers.
    pub fn id(&self, field: Field) -> Result<Option<&'a str>, Refusal> {
        let Some(text) = self.name(field)? else { return Ok(None) };
        let whole = text.strip_suffix(".0").filter(|it| it.bytes().all(|b| b.is_ascii_digit()));
        Ok(Some(whole.unwrap_or(text)).filter(|it| !it.is_empty()))
    }

    pub fn instant(&self, field: Field) -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = self.text(field) else { return Ok(None) };
        let Reading { zone, date_order, .. } = self.reading;
        values::instant(text, zone, *date_order)
            .map(Some)
            .map_err(|why: InstantError| self.refuse(field, why))
    }

    /// An amount of the shop's money.
    pub fn amount(&self, field: Field) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.text(field) else { return Ok(None) };
        let minor = values::amount(text, self.reading.currency);
        minor.map(Some).ok_or_else(|| self.refuse(field, "write an amount such as `19.99`"))
    }

    /// An amount that is not below nothing.
    pub fn amount_paid(&self, field: Field) -> Result<Option<i64>, Refusal> {
        match self.amount(field)? {
            Some(minor) if minor < 0 => {
                Err(self.refuse(field, "it is below 0; give refunds in a column of their own"))
            }
            minor => Ok(minor),
        }
    }

    pub fn whole(&self, field: Field) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.text(field) else { return Ok(None) };
        let whole = values::decimal(text).and_then(|it| it.whole());
        let whole = whole.filter(|it| it.abs() <= QUANTITY_MAX);
        whole.map(Some).ok_or_else(|| self.refuse(field, "write a whole number"))
    }

    pub fn email(&self) -> Result<Option<EmailAddress>, Refusal> {
        let Some(text) = self.text(Field::Email) else { return Ok(None) };
        EmailAddress::new(text).map(Some).map_err(|why| self.refuse(Field::Email, why))
    }

    /// Who the row is about, the surest first.
    pub fn identifiers(&self) -> Result<Vec<Identifier>, Refusal> {
        let mut identifiers = Vec::with_capacity(2);
        let id = self.id(Field::CustomerId)?;
        identifiers.extend(id.map(|it| Identifier::external(OWN_IDS, it)));
        identifiers.extend(self.email()?.map(Identifier::Email));
        Ok(identifiers)
    }

    /// Refuses amounts in another currency than the shop's.
    pub fn check_currency(&self) -> Result<(), Refusal> {
        let currency = self.reading.currency;
        match self.text(Field::Currency) {
            Some(given) if !given.eq_ignore_ascii_case(currency.code()) => {
                let remedy = format!(
                    "the shop sells in {currency}; import what is in {currency}, or set the shop's \
                     currency in its configuration first"
                );
                Err(self.refuse(Field::Currency, remedy))
            }
            _ => Ok(()),
        }
    }
}

/// A key within its bound: what is too long is hashed.
pub fn key(text: String) -> EventKey {
    let key = if text.len() <= KEY_CHARS_MAX {
        text
    } else {
        let prefix: String = text.chars().take(40).collect();
        format!("{prefix}#{:016x}", hash(text.as_bytes()))
    };
    EventKey { source: SOURCE.to_owned(), key }
}

/// The same for the same bytes, on any machine and for ever: keys rest on it.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new();
    hasher.write(bytes);
    hasher.finish()
}
