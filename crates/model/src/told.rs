//! What is known after all that was told, in whatever order it was told.
//!
//! Platforms tell late, twice, and newer things first. So what is kept of an order, of a consent or
//! of a customer is never "the last that arrived" but a function of the set of what was said: each word carries
//! the instant it speaks of, and the functions here are blind to the order of their arguments.
//! They choose between words and decide nothing else.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Consent, ConsentState, Customer, EventBody, OrderLine, Topic};

/// One source's word on what an order consists of: when it was placed, or after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderWord {
    /// When the order came to look so.
    pub at: Timestamp,
    /// When it was placed, if this source says so.
    pub placed_at: Option<Timestamp>,
    pub lines: Vec<OrderLine>,
    pub total_minor: i64,
    pub coupon: Option<String>,
}

impl OrderWord {
    /// Whether this word holds over `other`: the newer does. Platforms count in whole seconds and
    /// change an order twice within one, so that of two words of one instant the larger holds: as
    /// good as the other, and the same one whichever came first.
    pub fn holds_over(&self, other: &Self) -> bool {
        self.rank() > other.rank()
    }

    /// What two words say together: the content of the one that holds, and when the order was placed
    /// by whoever says so the earliest.
    pub fn together(self, other: Self) -> Self {
        let placed_at = first_told(self.placed_at, other.placed_at);
        let holds = if other.holds_over(&self) { other } else { self };
        Self { placed_at, ..holds }
    }

    #[expect(clippy::type_complexity, reason = "a key to compare by, not a type to keep")]
    fn rank(&self) -> (Timestamp, i64, Option<&str>, Vec<(u32, u32, i64)>) {
        let line = |it: &OrderLine| (it.product.0, it.quantity, it.amount_minor);
        let lines = self.lines.iter().map(line).collect();
        (self.at, self.total_minor, self.coupon.as_deref(), lines)
    }
}

/// All that was told of one order, whether it has arrived or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderTold {
    /// The word on what it consists of that holds so far.
    pub word: Option<OrderWord>,
    pub refunded_minor: i64,
    pub cancelled_at: Option<Timestamp>,
}

impl OrderTold {
    pub fn hear(&mut self, word: OrderWord) {
        self.word = Some(match self.word.take() {
            Some(known) => known.together(word),
            None => word,
        });
    }

    pub fn hear_refund(&mut self, amount_minor: i64) {
        self.refunded_minor += amount_minor;
    }

    pub fn hear_cancelled(&mut self, at: Timestamp) {
        self.cancelled_at = first_told(self.cancelled_at, Some(at));
    }
}

/// Takes over what events say of their customer: of each fact the newest word holds, and of the words
/// of one instant the last by their text, so that it is the same one whichever came first.
pub fn know_all<'a>(
    customer: &mut Customer,
    told: impl IntoIterator<Item = (Timestamp, &'a EventBody)>,
) {
    let is_fact = |it: &(Timestamp, &EventBody)| matches!(it.1, EventBody::Identified { .. });
    let mut told: Vec<_> = told.into_iter().filter(is_fact).collect();
    let text = |body: &EventBody| serde_json::to_string(body).expect("facts can be written");
    told.sort_by(|one, other| one.0.cmp(&other.0).then_with(|| text(one.1).cmp(&text(other.1))));
    told.into_iter().for_each(|(_, body)| know(customer, body));
}

/// Takes over what one event says of its customer.
pub fn know(customer: &mut Customer, body: &EventBody) {
    let EventBody::Identified { name, time_zone, country, locale, attributes } = body else {
        return;
    };
    if !name.given.is_empty() {
        customer.name.given.clone_from(&name.given);
    }
    if !name.family.is_empty() {
        customer.name.family.clone_from(&name.family);
    }
    customer.time_zone = time_zone.clone().or(customer.time_zone.take());
    customer.country = country.clone().or(customer.country.take());
    customer.locale = locale.clone().or(customer.locale.take());
    let changed = attributes.iter().map(|(name, value)| (name.clone(), value.clone()));
    customer.attributes.extend(changed);
}

/// The earlier of two instants of which either may be unknown: when something happened first.
pub fn first_told(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// What one of a customer's identifiers said of the topics, and since when the identifier is known
/// to be this customer's together with the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaidUnder {
    /// `None` if it was never told together with another.
    pub tied_at: Option<Timestamp>,
    pub said: Vec<Consent>,
}

/// What a customer now agrees to, topic by topic, from what was said under each identifier.
///
/// Before an identifier is tied to the others, what is said under it is somebody's of their own:
/// there the newest word holds. When it is tied, the stricter of the two states holds, so that
/// finding two customers to be one never adds a consent. From then on the newest word holds again,
/// under whichever identifier it is said. Of two words of one instant the withdrawal holds.
pub fn consents_told(identifiers: &[SaidUnder]) -> BTreeMap<Topic, Consent> {
    let mut topics: Vec<Topic> =
        identifiers.iter().flat_map(|it| &it.said).map(|it| it.topic).collect();
    topics.sort_unstable();
    topics.dedup();
    let held = |topic| consent_told(identifiers, topic).map(|it| (topic, it.clone()));
    topics.into_iter().filter_map(held).collect()
}

fn consent_told(identifiers: &[SaidUnder], topic: Topic) -> Option<&Consent> {
    let mut tied: Vec<&SaidUnder> = identifiers.iter().collect();
    tied.sort_by_key(|it| it.tied_at.unwrap_or(Timestamp::MAX));
    let mut together: Option<&Consent> = None;
    let mut until = Timestamp::MIN;
    for (index, joining) in tied.iter().enumerate() {
        let at = joining.tied_at.unwrap_or(Timestamp::MAX);
        let before = &tied[..index];
        together = newest(together, words(before, topic).filter(|it| until <= it.at && it.at < at));
        let alone = newest(None, words(&[joining], topic).filter(|it| it.at < at));
        together = stricter(together, alone);
        until = at;
    }
    newest(together, words(&tied, topic).filter(|it| until <= it.at))
}

fn words<'a>(of: &[&'a SaidUnder], topic: Topic) -> impl Iterator<Item = &'a Consent> {
    of.iter().copied().flat_map(|it| &it.said).filter(move |it| it.topic == topic)
}

fn newest<'a>(
    known: Option<&'a Consent>,
    words: impl Iterator<Item = &'a Consent>,
) -> Option<&'a Consent> {
    words.fold(known, |known, word| match known {
        Some(known) if newness(known) >= newness(word) => Some(known),
        _ => Some(word),
    })
}

fn stricter<'a>(one: Option<&'a Consent>, other: Option<&'a Consent>) -> Option<&'a Consent> {
    let (Some(one), Some(other)) = (one, other) else { return one.or(other) };
    let strictness = |it: &'a Consent| (it.state == ConsentState::Withdrawn, newness(it));
    Some(if strictness(other) > strictness(one) { other } else { one })
}

/// By what words of one topic are compared: the instant, then the withdrawal, then what is left to
/// tell two words apart.
fn newness(word: &Consent) -> (Timestamp, bool, &str, Option<&str>) {
    (word.at, word.state == ConsentState::Withdrawn, &word.source, word.wording.as_deref())
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::ProductId;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_772_366_400 + second).unwrap()
    }

    fn word(second: i64, is_agreed: bool) -> Consent {
        let state = if is_agreed { ConsentState::Agreed } else { ConsentState::Withdrawn };
        Consent::new(Topic::Marketing, state, at(second), "checkout")
    }

    fn under(tied_at: Option<i64>, said: &[(i64, bool)]) -> SaidUnder {
        let said = said.iter().map(|(second, is_agreed)| word(*second, *is_agreed)).collect();
        SaidUnder { tied_at: tied_at.map(at), said }
    }

    /// Whether the customer agrees to marketing; `None` if they never said.
    fn agrees(identifiers: &[SaidUnder]) -> Option<bool> {
        let held = consents_told(identifiers);
        held.get(&Topic::Marketing).map(|it| it.state == ConsentState::Agreed)
    }

    #[test]
    fn the_newest_word_holds_for_one_identifier() {
        assert_eq!(agrees(&[]), None, "nobody said anything");
        assert_eq!(agrees(&[under(None, &[(1, true)])]), Some(true));
        assert_eq!(agrees(&[under(None, &[(2, false), (1, true)])]), Some(false));
        assert_eq!(agrees(&[under(None, &[(1, false), (2, true)])]), Some(true));
        assert_eq!(agrees(&[under(None, &[(1, false), (1, true)])]), Some(false), "one instant");
    }

    #[test]
    fn two_customers_found_to_be_one_keep_the_stricter_word() {
        let refused_long_ago = under(Some(10), &[(1, false)]);
        let agreed_lately = under(Some(10), &[(5, true)]);
        let both = [refused_long_ago.clone(), agreed_lately.clone()];
        assert_eq!(agrees(&both), Some(false), "a merge adds no consent");

        let again = under(Some(10), &[(5, true), (11, true)]);
        assert_eq!(agrees(&[refused_long_ago.clone(), again]), Some(true), "said after the merge");

        let silent = under(Some(10), &[]);
        assert_eq!(agrees(&[silent, agreed_lately]), Some(true), "silence refuses nothing");

        let known_before = [under(Some(0), &[(1, false)]), under(Some(0), &[(5, true)])];
        assert_eq!(agrees(&known_before), Some(true), "one person all along: the newest word");
    }

    proptest! {
        #[test]
        fn consents_do_not_depend_on_the_order_of_arrival(
            said in vec((0_usize..3, 0_i64..8, any::<bool>()), 0..8),
            ties in vec(prop::option::of(0_i64..8), 3),
            order in Just((0..8).collect::<Vec<usize>>()).prop_shuffle(),
        ) {
            let told = |order: &[usize]| {
                let mut identifiers: Vec<_> = ties.iter().map(|it| under(*it, &[])).collect();
                for (whose, second, is_agreed) in order.iter().filter_map(|it| said.get(*it)) {
                    identifiers[*whose].said.push(word(*second, *is_agreed));
                }
                if order[0] > 3 {
                    identifiers.reverse();
                }
                consents_told(&identifiers)
            };
            let in_order: Vec<usize> = (0..8).collect();
            prop_assert_eq!(told(&in_order), told(&order));
        }

        #[test]
        fn a_merge_never_adds_a_consent(
            one in vec((0_i64..9, any::<bool>()), 1..4), other in vec((0_i64..9, any::<bool>()), 1..4),
        ) {
            let apart = [agrees(&[under(None, &one)]), agrees(&[under(None, &other)])];
            let merged = agrees(&[under(Some(9), &one), under(Some(9), &other)]);
            prop_assert_eq!(merged == Some(true), apart == [Some(true); 2]);
        }

        #[test]
        fn of_the_words_on_an_order_one_holds(
            words in vec((0_i64..3, 0_i64..3, 0_u32..3), 1..6),
        ) {
            let word = |(second, total_minor, product): &(i64, i64, u32)| OrderWord {
                at: at(*second),
                placed_at: Some(at(*total_minor)),
                lines: vec![OrderLine { product: ProductId(*product), quantity: 1, amount_minor: 1 }],
                total_minor: *total_minor,
                coupon: None,
            };
            let words: Vec<_> = words.iter().map(word).collect();
            let hold = |words: &mut dyn Iterator<Item = &OrderWord>| {
                words.cloned().reduce(OrderWord::together)
            };
            prop_assert_eq!(hold(&mut words.iter()), hold(&mut words.iter().rev()));
        }
    }
}
