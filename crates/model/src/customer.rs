//! A customer, what they agreed to, and what bars mail to them.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::CustomerId;

/// The longest address RFC 5321 §4.5.3.1.3 lets through.
const ADDRESS_LENGTH_MAX: usize = 254;

/// An email address, lower-cased so that one mailbox is one identifier.
///
/// Mailboxes that differ in case alone are one person's in practice, though RFC 5321 allows more.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the email address is not of the form `name@domain`; correct it or leave it out")]
pub struct EmailAddressError;

impl EmailAddress {
    pub fn new(text: &str) -> Result<Self, EmailAddressError> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(EmailAddressError)?;
        let is_plain =
            |c: char| !c.is_whitespace() && !c.is_control() && !"<>(),;:\"[]\\".contains(c);
        let is_good = !local.is_empty()
            && text.len() <= ADDRESS_LENGTH_MAX
            && local.chars().all(|c| is_plain(c) && c != '@')
            && domain.split('.').count() >= 2
            && domain.split('.').all(|label| !label.is_empty())
            && domain.chars().all(is_plain);
        if is_good { Ok(Self(text.to_lowercase())) } else { Err(EmailAddressError) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').expect("checked at construction").1
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = EmailAddressError;

    fn try_from(text: String) -> Result<Self, EmailAddressError> {
        Self::new(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> String {
        address.0
    }
}

/// No address in logs: they show the domain alone. Use [`EmailAddress::as_str`] to print it.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "…@{}", self.domain())
    }
}

/// What leads to one customer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identifier {
    Email(EmailAddress),
    External(ExternalId),
    /// A browser's id, before and after it is tied to a customer.
    Visitor(String),
    /// The token of a cart or checkout: whose it is bought what came of it.
    Cart(String),
}

impl Identifier {
    /// The id that `source` gave a customer.
    pub fn external(source: &'static str, id: impl Into<String>) -> Self {
        Self::External(ExternalId { source: Cow::Borrowed(source), id: id.into() })
    }
}

/// A platform's own id of a customer. Two platforms count by themselves, so that ids of different
/// sources say nothing of each other: neither that they are one customer's nor that they are not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExternalId {
    /// Who gave it, as in the keys of its events: `shopify`, `woocommerce`, `segment`, `file`.
    pub source: Cow<'static, str>,
    pub id: String,
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerName {
    pub given: String,
    pub family: String,
}

impl fmt::Debug for CustomerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerName(…)")
    }
}

/// A person the shop can name by an identifier, whether or not they have bought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    pub id: CustomerId,
    pub email: Option<EmailAddress>,
    pub name: CustomerName,
    /// An IANA zone, such as `Europe/Lisbon`; the shop's where it is unknown.
    pub time_zone: Option<String>,
    /// An ISO 3166 code or a name, as the platform gave it.
    pub country: Option<String>,
    /// A BCP 47 tag.
    pub locale: Option<String>,
    pub created_at: Timestamp,
    /// Facts about the customer that can change, as the shop sent them.
    pub attributes: BTreeMap<String, serde_json::Value>,
}

/// What a customer can agree to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Offers and news.
    Marketing,
    /// Requests to rate and review what was bought.
    Feedback,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentState {
    Agreed,
    Withdrawn,
}

/// What a consent rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentBasis {
    /// The source did not say.
    #[default]
    Unstated,
    /// They ticked the box or signed up.
    OptIn,
    /// They also confirmed it by a link sent to their address.
    DoubleOptIn,
    /// They bought, could object then, and did not (Directive 2002/58/EC, article 13(2)).
    SoftOptIn,
}

/// What a customer said about a topic, and how: an entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    pub topic: Topic,
    pub state: ConsentState,
    pub at: Timestamp,
    /// How it was said: `checkout`, `import`, `one-click`, …
    pub source: String,
    #[serde(default)]
    pub basis: ConsentBasis,
    /// The words they agreed to, as the source gave them.
    #[serde(default)]
    pub wording: Option<String>,
    /// The address they said it from.
    #[serde(default)]
    pub ip: Option<String>,
}

impl Consent {
    /// An entry of which no more is known than what was said, when and where.
    pub fn new(
        topic: Topic,
        state: ConsentState,
        at: Timestamp,
        source: impl Into<String>,
    ) -> Self {
        let (basis, wording, ip) = (ConsentBasis::Unstated, None, None);
        Self { topic, state, at, source: source.into(), basis, wording, ip }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuppressionReason {
    Bounce,
    Complaint,
    Unsubscribe,
    ByHand,
    /// Whoever had the address was erased.
    Erased,
}

/// A bar on mailing an address. Nothing but an operator lifts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    pub address: EmailAddress,
    pub reason: SuppressionReason,
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_name_and_a_domain() {
        let good = |text: &str| EmailAddress::new(text).is_ok();
        assert!(good("ana@mail.example"));
        assert!(good(" Ana.Ribeiro+shop@Mail.Example "), "blanks around and capitals are mended");
        assert!(good("ünï@mail.example"), "SMTPUTF8 names");
        assert!(!good(""), "nothing");
        assert!(!good("ana"), "no domain");
        assert!(!good("ana@localhost"), "no public domain");
        assert!(!good("ana@mail..example"), "an empty label");
        assert!(!good("ana@mail.example\r\nBcc: x@y.example"), "a header smuggled in");
        assert!(!good("a b@mail.example"), "a blank inside");
        assert!(!good(&format!("{}@mail.example", "x".repeat(250))), "longer than SMTP allows");
    }

    #[test]
    fn one_mailbox_is_one_identifier() {
        let of = |text: &str| EmailAddress::new(text).unwrap();
        assert_eq!(of("Ana@Mail.Example"), of("ana@mail.example"));
    }

    #[test]
    fn logs_never_show_an_address() {
        let address = EmailAddress::new("ana@mail.example").unwrap();
        assert_eq!(format!("{address:?}"), "…@mail.example");
    }
}
