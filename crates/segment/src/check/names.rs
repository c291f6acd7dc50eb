//! Names in a condition that the shop does not have, each with the nearest it has.

use std::collections::BTreeSet;

use super::{Known, custom_names, deeds};
use crate::{
    Act, Condition, Emails, Filter, Name, ProductTest, Reading, SegmentFault, Words,
    catalogue::{Entry, WordId},
    facts::fold,
};

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
        Condition::Figure { of: Reading::Property { name, .. }, .. } => {
            found.extend(unknown_property(name, known));
        }
        Condition::IsOnList(words) => {
            if let Some(lists) = known.lists {
                let lists: BTreeSet<String> = lists.iter().map(|it| fold(it)).collect();
                found.extend(unknown(words, "there is no list", &lists));
            }
        }
        Condition::IsInSegment(words) => {
            found.extend(words.names().iter().filter_map(|it| unanswerable(it, known)));
        }
        _ => {}
    }
    found
}

fn unanswerable(name: &Name, known: &Known<'_>) -> Option<String> {
    let text = name.as_str();
    match known.segments.fault(text)? {
        SegmentFault::Unknown if known.segments.folded(name.folded()).is_none() => {
            let names = known.segments.names().map(str::to_owned).collect();
            Some(told(text, "there is no segment", &names))
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
    let texts = known.catalogue.folded_words().filter(|(_, id)| ids.contains(id));
    let texts: BTreeSet<String> = texts.map(|(text, _)| text.to_owned()).collect();
    unknown(words, &format!("no product has the {what}"), &texts)
}

fn unknown_events(act: &Act, known: &Known<'_>) -> Vec<String> {
    let Some(names) = known.names else { return Vec::new() };
    if let Some(words) = custom_names(act) {
        let texts: BTreeSet<String> = names.texts().map(|(_, it)| fold(it)).collect();
        return unknown(words, "no event was ever sent as", &texts);
    }
    let Some(Emails { email, flow }) = act.emails() else { return Vec::new() };
    let steps = names.emails().map(|(_, it)| fold(it.step.as_str())).collect();
    let flows = names.emails().map(|(_, it)| fold(it.flow.as_str())).collect();
    let of = |words: &Option<Words>, what: &str, texts: &BTreeSet<String>| {
        words.as_ref().map(|it| unknown(it, what, texts)).unwrap_or_default()
    };
    let mut found = of(email, "no email was ever sent as", &steps);
    found.extend(of(flow, "no email was ever sent by the flow", &flows));
    found
}

fn unknown_property(name: &Name, known: &Known<'_>) -> Option<String> {
    let names = known.names?;
    if !names.alike(name.folded()).is_empty() {
        return None;
    }
    let texts = names.texts().map(|(_, it)| fold(it)).collect();
    Some(told(name.as_str(), "no event has the property", &texts))
}

fn unknown(words: &Words, what: &str, texts: &BTreeSet<String>) -> Vec<String> {
    let lost = words.names().iter().filter(|it| !texts.contains(it.folded()));
    lost.map(|it| told(it.as_str(), what, texts)).collect()
}

fn told(text: &str, what: &str, texts: &BTreeSet<String>) -> String {
    match nearest(&fold(text), texts) {
        Some(near) => format!("{what} `{text}`; did you mean `{near}`?"),
        None => format!("{what} `{text}`; check the spelling"),
    }
}

/// The text that differs least, if it differs in at most a third of the letters.
fn nearest<'t>(folded: &str, texts: &'t BTreeSet<String>) -> Option<&'t str> {
    let letters = folded.chars().count();
    let near = texts.iter().map(|it| (crate::parse::distance(folded, it), it));
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
