//! Reading a sentence: at each word the longest phrase of the grammar, or a word passed over, or a
//! word not understood.
//!
//! A word of denial or of an upper bound that no phrase took makes its whole clause not
//! understood: better to say so than to read "don't send reviews" as a wish for reviews. Likewise
//! "bought a bicycle", in a shop that has none, is not "bought".

use std::ops::Range;

use aftercart_model::Currency;

use crate::{
    clauses::{self, Cursor, Meaning},
    entities::Entities,
    words::Token,
};

/// Words that carry no wish by themselves. No pronoun of a person is among them: "everyone" is an
/// audience, and whom "them" means is a guess; those that only frame a request are read as such.
const PASSED_OVER: &[&str] = &[
    "a",
    "an",
    "and",
    "the",
    "to",
    "of",
    "for",
    "with",
    "who",
    "that",
    "which",
    "whom",
    "those",
    "people",
    "customers",
    "shoppers",
    "please",
    "want",
    "wants",
    "would",
    "like",
    "need",
    "send",
    "sending",
    "email",
    "emails",
    "e-mail",
    "e-mails",
    "mail",
    "mails",
    "message",
    "messages",
    "campaign",
    "campaigns",
    "sequence",
    "series",
    "flow",
    "plan",
    "create",
    "draft",
    "write",
    "build",
    "design",
    "prepare",
    "have",
    "has",
    "had",
    "been",
    "is",
    "are",
    "be",
    "should",
    "will",
    "can",
    "could",
    "then",
    "finally",
    "next",
    "also",
    "plus",
    "some",
    "including",
    "include",
    "includes",
    "containing",
    "hi",
    "hello",
    "thanks",
    "but",
];

/// Words that turn or bound what follows them.
const DENIALS: &[&str] = &[
    "not",
    "no",
    "never",
    "without",
    "except",
    "excluding",
    "excepting",
    "don't",
    "dont",
    "doesn't",
    "didn't",
    "haven't",
    "hasn't",
    "isn't",
    "aren't",
    "won't",
    "cannot",
    "can't",
    "unless",
    "neither",
    "nor",
    "nobody",
    "less",
    "fewer",
    "most",
    "under",
    "below",
    "before",
];

/// What a sentence was taken to mean, word by word.
pub(crate) struct Reading {
    pub(crate) meanings: Vec<Read>,
    /// Ranges of tokens, each without a gap but for words passed over.
    pub(crate) not_understood: Vec<Range<usize>>,
}

impl Reading {
    /// "make a campaign for an online shop" alone asks for nothing in particular.
    pub(crate) fn asks_for_something(&self) -> bool {
        let is_wish = |it: &Read| !matches!(it.meaning, Meaning::Request | Meaning::ForShop);
        self.meanings.iter().any(is_wish)
    }
}

/// Whether a word carries no wish by itself.
pub(crate) fn is_passed_over(word: &str) -> bool {
    PASSED_OVER.contains(&word)
}

/// A phrase that was understood, with the tokens it took.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) meaning: Meaning,
    pub(crate) tokens: Range<usize>,
}

pub(crate) fn read(tokens: &[Token], entities: &Entities, currency: Currency) -> Reading {
    let mut meanings = Vec::new();
    let mut unknown = vec![false; tokens.len()];
    let mut at = 0;
    while at < tokens.len() {
        if let Some((meaning, length)) = longest(tokens, at, entities, currency) {
            meanings.push(Read { meaning, tokens: at..at + length });
            at += length;
        } else if DENIALS.contains(&tokens[at].text.as_str()) {
            let clause = tokens[at + 1..].iter().take_while(|it| !it.begins_clause).count() + 1;
            unknown[at..at + clause].fill(true);
            at += clause;
        } else {
            unknown[at] = !is_passed_over(&tokens[at].text);
            at += 1;
        }
    }
    withdraw_unknown_things(&mut meanings, &mut unknown, tokens);
    Reading { not_understood: ranges(&unknown, &meanings, tokens), meanings }
}

/// "Bought" before a thing nobody knows is not "bought anything": the phrase goes with the thing,
/// and so does the stretch of time behind it.
fn withdraw_unknown_things(meanings: &mut Vec<Read>, unknown: &mut [bool], tokens: &[Token]) {
    let next_said = |unknown: &[bool], from: usize| {
        let rest = tokens.get(from..).unwrap_or_default();
        let clause = rest.iter().take_while(|it| !it.begins_clause);
        let article = |it: &&Token| matches!(it.text.as_str(), "a" | "an" | "the" | "some" | "our");
        let at = from + clause.take_while(article).count();
        let is_in_clause = tokens.get(at).is_some_and(|it| !it.begins_clause);
        (is_in_clause && unknown[at]).then_some(at)
    };
    let is_bare =
        |it: &Read| matches!(&it.meaning, Meaning::Bought { what, days: None } if what.is_empty());
    let bare: Vec<Range<usize>> =
        meanings.iter().filter(|it| is_bare(it)).map(|it| it.tokens.clone()).collect();
    for phrase in bare {
        let Some(thing) = next_said(unknown, phrase.end) else { continue };
        let mut end = thing + unknown[thing..].iter().take_while(|it| **it).count();
        let window = |it: &Read| matches!(it.meaning, Meaning::Window(_)) && it.tokens.start == end;
        if let Some(window) = meanings.iter().find(|it| window(it)) {
            end = window.tokens.end;
        }
        meanings.retain(|it| it.tokens.start < phrase.start || it.tokens.end > end);
        unknown[phrase.start..end].fill(true);
    }
}

fn longest(
    tokens: &[Token],
    at: usize,
    entities: &Entities,
    currency: Currency,
) -> Option<(Meaning, usize)> {
    let read = |reader: &clauses::Reader| {
        let mut cursor = Cursor::new(&tokens[at..], entities, currency);
        reader(&mut cursor).map(|meaning| (meaning, cursor.taken()))
    };
    // The first of equals: the readers stand in order of preference.
    clauses::READERS.iter().filter_map(read).fold(None, |best, it| match best {
        Some((_, length)) if length >= it.1 => best,
        _ => Some(it),
    })
}

/// Unknown words next to each other are one place, also over passed-over words within a clause.
fn ranges(unknown: &[bool], meanings: &[Read], tokens: &[Token]) -> Vec<Range<usize>> {
    let is_meant = |at: usize| meanings.iter().any(|it| it.tokens.contains(&at));
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for at in (0..unknown.len()).filter(|at| unknown[*at]) {
        match ranges.last_mut() {
            Some(last)
                if !(last.end..=at).any(|it| tokens[it].begins_clause)
                    && !(last.end..at).any(is_meant) =>
            {
                last.end = at + 1;
            }
            _ => ranges.push(at..at + 1),
        }
    }
    ranges
}
