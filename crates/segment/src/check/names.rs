//! Names in a condition that the shop does not have, each with the nearest it has.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::{Known, custom_names, deeds};
use crate::{
    Act, Condition, CustomerFacts, Emails, Fact, Filter, Name, ProductTest, Reading, SegmentFault,
    Words,
    catalogue::{Entry, WordId},
    facts::{fact_of, fold},
};

/// So few names there are, that all of them are told where none is near.
const NAMES_TOLD_MAX: usize = 6;

/// What is known of customers in the places where a condition asks.
#[derive(Clone, Debug, Default)]
pub struct KnownFacts {
    facts: Vec<(Fact, BTreeMap<String, String>)>,
    attributes: BTreeMap<String, String>,
}

impl KnownFacts {
    /// Looks at everybody, if the condition names a fact that only customers tell; else at nobody.
    pub fn asked<'f>(
        condition: &Condition,
        everybody: impl IntoIterator<Item = &'f CustomerFacts>,
    ) -> Self {
        let mut asked = Vec::new();
        let asks_of_attributes = asked_facts(condition, &mut asked);
        let mut known = Self {
            facts: asked.into_iter().map(|it| (it, BTreeMap::new())).collect(),
            attributes: BTreeMap::new(),
        };
        if known.facts.is_empty() && !asks_of_attributes {
            return known;
        }
        for customer in everybody {
            for (fact, texts) in &mut known.facts {
                if let Some(text) = fact_of(customer, *fact) {
                    put(texts, text);
                }
            }
            if asks_of_attributes {
                customer.attributes.keys().for_each(|it| put(&mut known.attributes, it));
            }
        }
        known
    }

    fn texts(&self, fact: Fact) -> Option<&BTreeMap<String, String>> {
        self.facts.iter().find(|(it, _)| *it == fact).map(|(_, texts)| texts)
    }
}

/// Puts the facts that the condition names to `facts`; whether it names an attribute.
fn asked_facts(condition: &Condition, facts: &mut Vec<Fact>) -> bool {
    match condition {
        Condition::Fact { fact, .. } if *fact != Fact::TimeZone && !facts.contains(fact) => {
            facts.push(*fact);
            false
        }
        Condition::Attribute { .. } => true,
        _ => {
            // Every part is looked at.
            let asks: Vec<bool> =
                condition.parts().iter().map(|it| asked_facts(it, facts)).collect();
            asks.contains(&true)
        }
    }
}

pub(super) fn unknown_names(condition: &Condition, known: &Known<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for deed in deeds(condition) {
        for test in deed.act.product_tests() {
            found.extend(unknown_products(test, known));
        }
        found.extend(unknown_events(&deed.act, known));
        for filter in &deed.filters {
            if let Filter::Property { name, .. } = filter {
                found.extend(unknown_property(name, known));
            }
        }
    }
    match condition {
        Condition::DueAgain { products, .. } => {
            found.extend(products.iter().flat_map(|it| unknown_products(it, known)));
        }
        Condition::Figure { of: Reading::Property { name, .. }, .. } => {
            found.extend(unknown_property(name, known));
        }
        Condition::IsOnList(words) => {
            if let Some(lists) = known.lists {
                found.extend(unknown(words, "there is no list", &texts_of(lists)));
            }
        }
        Condition::IsInSegment(words) => {
            found.extend(words.names().iter().filter_map(|it| unanswerable(it, known)));
        }
        Condition::Fact { fact: Fact::TimeZone, is } => found.extend(unknown_zones(is)),
        Condition::Fact { fact, is } => {
            if let Some(texts) = known.facts.and_then(|it| it.texts(*fact)) {
                found.extend(unknown(is, &format!("no customer has the {fact}"), texts));
            }
        }
        Condition::Attribute { name, .. } => {
            if let Some(KnownFacts { attributes, .. }) = known.facts
                && !attributes.contains_key(name.folded())
            {
                found.push(told(name.as_str(), "no customer has the attribute", attributes));
            }
        }
        _ => {}
    }
    found
}

fn unanswerable(name: &Name, known: &Known<'_>) -> Option<String> {
    let text = name.as_str();
    match known.segments.fault(text)? {
        SegmentFault::Unknown if known.segments.folded(name.folded()).is_none() => {
            Some(told(text, "there is no segment", &texts_of(known.segments.names())))
        }
        SegmentFault::Unknown => {
            Some(format!("segment `{text}` asks for a segment that is gone; mend it first"))
        }
        SegmentFault::Circular => {
            Some(format!("segment `{text}` leads back to itself; take it out of its own condition"))
        }
        SegmentFault::TooDeep => {
            Some(format!("segment `{text}` leads on to too many others; write out what it asks"))
        }
    }
}

fn unknown_products(test: &ProductTest, known: &Known<'_>) -> Vec<String> {
    type Words1 = fn(&Entry) -> Vec<WordId>;
    let (words, what, of_entry): (&Words, &str, Words1) = match test {
        ProductTest::Not(test) => return unknown_products(test, known),
        ProductTest::InCategory(words) => (words, "category", |it| vec![it.category]),
        ProductTest::OfKind(words) => (words, "kind", |it| vec![it.kind]),
        ProductTest::OfBrand(words) => (words, "brand", |it| vec![it.brand]),
        ProductTest::Tagged(words) => (words, "tag", |it| it.tags.clone()),
        ProductTest::Named(words) => (words, "name", |it| vec![it.name_word]),
        ProductTest::Coded(words) => (words, "code", |it| vec![it.code]),
        ProductTest::NameHas(words) => {
            let is_part =
                |folded: &str| known.catalogue.entries().any(|it| it.name_folded.contains(folded));
            let lost = words.names().iter().filter(|it| !is_part(it.folded()));
            return lost
                .map(|it| {
                    let text = it.as_str();
                    format!("no product has the word `{text}` in its name; check the spelling")
                })
                .collect();
        }
        ProductTest::Related(_) | ProductTest::Better(_) | ProductTest::Priced(_) => {
            return Vec::new();
        }
    };
    let ids: BTreeSet<WordId> = known.catalogue.entries().flat_map(of_entry).collect();
    let texts = texts_of(ids.into_iter().map(|it| known.catalogue.spelling(it)));
    unknown(words, &format!("no product has the {what}"), &texts)
}

fn unknown_events(act: &Act, known: &Known<'_>) -> Vec<String> {
    let Some(names) = known.names else { return Vec::new() };
    if let Some(words) = custom_names(act) {
        let lost = words.names().iter().filter(|it| names.alike(it.folded()).is_empty());
        let lost: Vec<&Name> = lost.collect();
        if lost.is_empty() {
            return Vec::new();
        }
        let texts = texts_of(names.texts().map(|(_, it)| it));
        let told = |it: &&Name| told_near(it.as_str(), "no event was ever sent as", &texts);
        return lost.iter().map(told).collect();
    }
    let Some(Emails { email, flow }) = act.emails() else { return Vec::new() };
    let all = || names.emails().map(|(_, it)| it).chain(known.emails);
    let of = |words: &Option<Words>, what: &str, texts: &BTreeMap<String, String>| {
        words.as_ref().map(|it| unknown(it, what, texts)).unwrap_or_default()
    };
    let steps = texts_of(all().map(|it| it.step.as_str()));
    let flows = texts_of(all().map(|it| it.flow.as_str()));
    let mut found = of(email, "no flow sends an email", &steps);
    found.extend(of(flow, "no email is sent by a flow", &flows));
    found
}

fn unknown_property(name: &Name, known: &Known<'_>) -> Option<String> {
    let names = known.names?;
    if !names.alike(name.folded()).is_empty() {
        return None;
    }
    let texts = texts_of(names.texts().map(|(_, it)| it));
    Some(told_near(name.as_str(), "no event has the property", &texts))
}

fn unknown_zones(words: &Words) -> Vec<String> {
    let lost = words.names().iter().filter(|it| TimeZone::get(it.as_str().trim()).is_err());
    let lost: Vec<&Name> = lost.collect();
    if lost.is_empty() {
        return Vec::new();
    }
    let zones: Vec<String> = jiff::tz::db().available().map(|it| it.to_string()).collect();
    let texts = texts_of(&zones);
    lost.iter().map(|it| told_near(it.as_str(), "there is no time zone", &texts)).collect()
}

/// Texts as they are spelled, by what they are folded to.
fn texts_of<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    texts.into_iter().for_each(|it| put(&mut all, it.as_ref()));
    all
}

fn put(texts: &mut BTreeMap<String, String>, text: &str) {
    let folded = fold(text);
    if !folded.is_empty() && !texts.contains_key(&folded) {
        texts.insert(folded, text.trim().to_owned());
    }
}

fn unknown(words: &Words, what: &str, texts: &BTreeMap<String, String>) -> Vec<String> {
    let lost = words.names().iter().filter(|it| !texts.contains_key(it.folded()));
    lost.map(|it| told(it.as_str(), what, texts)).collect()
}

/// What is not known, and what is: the nearest or, of few, all.
fn told(text: &str, what: &str, texts: &BTreeMap<String, String>) -> String {
    if (1..=NAMES_TOLD_MAX).contains(&texts.len()) && nearest(&fold(text), texts).is_none() {
        let all: Vec<String> = texts.values().map(|it| format!("`{it}`")).collect();
        return format!("{what} `{text}`; those there are: {}", all.join(", "));
    }
    told_near(text, what, texts)
}

fn told_near(text: &str, what: &str, texts: &BTreeMap<String, String>) -> String {
    match nearest(&fold(text), texts) {
        Some(near) => format!("{what} `{text}`; did you mean `{near}`?"),
        None => format!("{what} `{text}`; check the spelling"),
    }
}

/// The text that differs least, if it differs in at most a third of the letters.
fn nearest<'t>(folded: &str, texts: &'t BTreeMap<String, String>) -> Option<&'t str> {
    let letters = folded.chars().count();
    // Texts that are far longer or shorter need not be compared letter by letter.
    let near = texts.iter().filter(|it| it.0.chars().count().abs_diff(letters) <= letters / 3);
    let near = near.map(|(it, text)| (crate::parse::distance(folded, it), text));
    let (distance, text) = near.min_by_key(|it| it.0)?;
    (distance <= letters / 3).then_some(text.as_str())
}

impl Act {
    /// Which emails it is about, if it is about emails.
    pub(crate) fn emails(&self) -> Option<&Emails> {
        match self {
            Self::WasSentEmail(emails)
            | Self::ReceivedEmail(emails)
            | Self::FailedToReceiveEmail(emails)
            | Self::ComplainedAboutEmail(emails)
            | Self::OpenedEmail(emails)
            | Self::ClickedEmail(emails) => Some(emails),
            _ => None,
        }
    }
}
