//! What a condition is asked of: one customer's history and facts, and what the shop knows.

use std::collections::{BTreeMap, BTreeSet};

use aftercart_insight::ShopModel;
use aftercart_model::{Consent, ConsentBasis, ConsentState, SuppressionReason, Topic};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use crate::{Catalogue, Fact, History, Relations, Segments};

/// Whom a condition is asked about, and what must be known to answer.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub history: History<'a>,
    pub customer: &'a CustomerFacts,
    /// The customer's zone, else the shop's.
    pub zone: &'a TimeZone,
    pub shop: Shop<'a>,
    /// When the customer entered the flow that asks; `None` where no flow asks.
    pub entered_at: Option<Timestamp>,
}

impl<'a> Subject<'a> {
    /// Asked by no flow.
    pub fn new(
        history: History<'a>,
        customer: &'a CustomerFacts,
        zone: &'a TimeZone,
        shop: Shop<'a>,
    ) -> Self {
        Self { history, customer, zone, shop, entered_at: None }
    }
}

/// What is known of the shop that a customer is asked about in.
#[derive(Clone, Copy, Debug)]
pub struct Shop<'a> {
    pub catalogue: &'a Catalogue,
    pub relations: &'a Relations,
    /// The conditions of the segments that "is in segment" names.
    pub segments: &'a Segments,
    /// What the shop's orders taught; `None` answers no to every score and prediction.
    pub model: Option<&'a ShopModel>,
}

impl<'a> Shop<'a> {
    /// Without segments to refer to and without a model.
    pub fn new(catalogue: &'a Catalogue, relations: &'a Relations) -> Self {
        Self { catalogue, relations, segments: Segments::none(), model: None }
    }
}

/// What conditions ask about a customer beside the history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CustomerFacts {
    pub has_email: bool,
    /// As the platform gave it.
    pub country: Option<String>,
    pub region: Option<String>,
    pub city: Option<String>,
    pub postal_code: Option<String>,
    /// A BCP 47 tag.
    pub locale: Option<String>,
    pub consents: Consents,
    /// Why no mail may go to them; empty if it may.
    pub bars: Vec<SuppressionReason>,
    pub attributes: BTreeMap<String, Value>,
    /// Names of the lists the customer is on.
    pub lists: BTreeSet<String>,
}

impl CustomerFacts {
    pub fn agreed_to(&self, topic: Topic) -> bool {
        matches!(self.consents.on(topic), Some((ConsentState::Agreed, _)))
    }

    pub fn is_suppressed(&self) -> bool {
        !self.bars.is_empty()
    }

    /// An attribute by its name, exactly so if there is one.
    pub(crate) fn attribute(&self, name: &crate::Name) -> Option<&Value> {
        let exact = self.attributes.get(name.as_str());
        let alike = || self.attributes.iter().find(|(it, _)| is_alike(it, name.folded()));
        exact.or_else(|| alike().map(|(_, value)| value)).filter(|it| !it.is_null())
    }
}

/// The last word of a customer on each topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Consents {
    marketing: Option<(ConsentState, ConsentBasis)>,
    feedback: Option<(ConsentState, ConsentBasis)>,
}

impl Consents {
    /// Takes in what was said; what is said later of the same topic stands.
    pub fn hear(&mut self, consent: &Consent) {
        self.set(consent.topic, consent.state, consent.basis);
    }

    pub fn set(&mut self, topic: Topic, state: ConsentState, basis: ConsentBasis) {
        let kept = match topic {
            Topic::Marketing => &mut self.marketing,
            Topic::Feedback => &mut self.feedback,
        };
        *kept = Some((state, basis));
    }

    pub fn on(&self, topic: Topic) -> Option<(ConsentState, ConsentBasis)> {
        match topic {
            Topic::Marketing => self.marketing,
            Topic::Feedback => self.feedback,
        }
    }
}

impl<'c> FromIterator<&'c Consent> for Consents {
    fn from_iter<I: IntoIterator<Item = &'c Consent>>(consents: I) -> Self {
        let mut all = Self::default();
        consents.into_iter().for_each(|it| all.hear(it));
        all
    }
}

/// What is known of a customer; `None` if nothing is. Their zone is not among their facts.
pub(crate) fn fact_of(customer: &CustomerFacts, fact: Fact) -> Option<&str> {
    let CustomerFacts { country, region, city, locale, .. } = customer;
    match fact {
        Fact::Country => country.as_deref(),
        Fact::Region => region.as_deref(),
        Fact::City => city.as_deref(),
        Fact::TimeZone => None,
        Fact::Locale => locale.as_deref(),
        Fact::Language => locale.as_deref().map(|it| it.split(['-', '_']).next().unwrap_or(it)),
    }
}

/// Case and blanks around do not tell two names apart.
pub(crate) fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Whether `text` folds to `folded`; most often without making another text.
pub(crate) fn is_alike(text: &str, folded: &str) -> bool {
    let text = text.trim();
    match text.is_ascii() {
        true => text.eq_ignore_ascii_case(folded),
        false => fold(text) == folded,
    }
}
