//! The shop: the one whose customers, mail and numbers this instance keeps.

use serde::{Deserialize, Serialize};

use crate::{Currency, EmailAddress};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    pub name: String,
    /// The shop's own address on the web, such as `https://tarnandember.example`.
    pub url: String,
    pub currency: Currency,
    /// An IANA zone: where days begin and end, and where a customer's zone is unknown.
    pub time_zone: String,
    /// A BCP 47 tag.
    pub locale: String,
    /// Company and postal address, in every marketing email.
    pub postal_address: String,
    /// Who the mail is from.
    pub sender: EmailAddress,
    pub sender_name: String,
    /// Where this server is reached from outside: base of links, pictures and one-click.
    pub public_url: String,
}

impl Shop {
    pub fn domain(&self) -> &str {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }

    /// The shop's zone, or UTC where this machine does not know it.
    pub fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.time_zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }
}
