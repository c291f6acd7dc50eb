//! Things of the shop that a sentence can name: categories, products, words of product names.
//!
//! Spelling is forgiven by shared trigrams: "cofee makers" shares most of them with "Coffee
//! makers". What was taken is always shown by its own name, so a wrong guess is seen.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{ShopFacts, words::Token};

/// Below this two texts are different things, not one of them misspelt.
const LIKENESS_MIN: f64 = 0.55;
/// Shorter words have too few trigrams to tell a slip from another word.
const FUZZY_CHARS_MIN: usize = 5;
const WORDS_MAX: usize = 6;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entity {
    Category(String),
    Product {
        code: String,
        name: String,
    },
    /// Words that stand in the names of products.
    NamePart(String),
}

impl Entity {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Category(name) | Self::Product { name, .. } | Self::NamePart(name) => name,
        }
    }

    /// `category Kettles`, `product Gooseneck kettle`, `anything named "lunch bag"`.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Category(name) => format!("category {name}"),
            Self::Product { name, .. } => format!("product {name}"),
            Self::NamePart(name) => format!("anything named “{name}”"),
        }
    }
}

pub(crate) struct Entities {
    named: Vec<Named>,
    /// Names of products, for words within them.
    product_names: Vec<String>,
}

struct Named {
    entity: Entity,
    folded: String,
    trigrams: BTreeSet<[char; 3]>,
}

impl Entities {
    pub(crate) fn new(shop: &ShopFacts) -> Self {
        let categories = shop.categories.iter().map(|it| Entity::Category(it.clone()));
        let products = shop
            .products
            .iter()
            .map(|it| Entity::Product { code: it.code.clone(), name: it.name.clone() });
        let named = |entity: Entity| {
            let folded = stem(entity.name());
            let trigrams = trigrams(&folded);
            Named { entity, folded, trigrams }
        };
        Self {
            named: categories.chain(products).map(named).collect(),
            product_names: shop.products.iter().map(|it| stem(&it.name)).collect(),
        }
    }

    /// The thing that `tokens` begin with and how many of them name it: the best likeness, then the
    /// most words, then categories before products.
    pub(crate) fn at_start(&self, tokens: &[Token]) -> Option<(Entity, usize)> {
        let clause = tokens.iter().skip(1).take_while(|it| !it.begins_clause).count() + 1;
        let longest = clause.min(WORDS_MAX).min(tokens.len());
        let mut best: Option<(f64, usize, Entity)> = None;
        for length in (1..=longest).rev() {
            let words: Vec<&str> = tokens[..length].iter().map(|it| it.text.as_str()).collect();
            let Some((likeness, entity)) = self.like(&words) else { continue };
            if best.as_ref().is_none_or(|(so_far, ..)| likeness > *so_far) {
                best = Some((likeness, length, entity));
            }
        }
        best.map(|(_, length, entity)| (entity, length))
    }

    fn like(&self, words: &[&str]) -> Option<(f64, Entity)> {
        let is_edge = |it: Option<&&str>| it.is_some_and(|it| EDGES.contains(it));
        if is_edge(words.first()) || is_edge(words.last()) {
            return None;
        }
        let phrase = stem(&words.join(" "));
        if let Some(exact) = self.named.iter().find(|it| it.folded == phrase) {
            return Some((1.0, exact.entity.clone()));
        }
        let padded = format!(" {phrase} ");
        let is_part = |name: &&String| format!(" {name} ").contains(&padded);
        if phrase.chars().filter(|it| it.is_alphabetic()).count() < 3 {
            return None;
        }
        if self.product_names.iter().any(|it| is_part(&it)) {
            // A whole name, even misspelt, is more to the point than one word that many share.
            let likeness = if words.len() > 1 { 0.75 } else { 0.6 };
            return Some((likeness, Entity::NamePart(words.join(" "))));
        }
        if phrase.chars().count() < FUZZY_CHARS_MIN {
            return None;
        }
        let own = trigrams(&phrase);
        let scored = self.named.iter().map(|it| (likeness(&own, &it.trigrams), it));
        // The first of equals: categories stand before products.
        let best = scored.fold(None, |best: Option<(f64, &Named)>, it| match best {
            Some(so_far) if so_far.0 >= it.0 => Some(so_far),
            _ => Some(it),
        })?;
        (best.0 >= LIKENESS_MIN).then(|| (best.0 * 0.98, best.1.entity.clone()))
    }

    /// Names of the shop most like `text`, the likeliest first.
    pub(crate) fn nearest(&self, text: &str, count: usize) -> Vec<(f64, String)> {
        let own = trigrams(&stem(text));
        let mut scored: Vec<(f64, String)> = self
            .named
            .iter()
            .map(|it| (likeness(&own, &it.trigrams), it.entity.name().to_owned()))
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        scored.truncate(count);
        scored
    }
}

/// Words no name begins or ends with.
const EDGES: [&str; 16] = [
    "a",
    "an",
    "and",
    "the",
    "of",
    "for",
    "to",
    "in",
    "with",
    "or",
    "who",
    "from",
    "on",
    "at",
    "people",
    "customers",
];

/// Lower-cased, each word in the same form whether one is meant or several.
fn stem(text: &str) -> String {
    let singular = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let base = match word {
            _ if word.len() > 4 && word.ends_with("ies") => format!("{}y", &word[..word.len() - 3]),
            _ if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") => {
                word[..word.len() - 1].to_owned()
            }
            _ => word.to_owned(),
        };
        // knives and knife, shelves and shelf
        match base.strip_suffix("ve").or_else(|| base.strip_suffix("fe")) {
            Some(root) if root.len() > 1 => format!("{root}f"),
            _ => base,
        }
    };
    text.to_lowercase().split_whitespace().map(singular).collect::<Vec<_>>().join(" ")
}

pub(crate) fn trigrams(text: &str) -> BTreeSet<[char; 3]> {
    let padded: Vec<char> = format!("  {text} ").chars().collect();
    padded.windows(3).map(|it| [it[0], it[1], it[2]]).collect()
}

/// Dice's coefficient: twice the shared over the sum.
pub(crate) fn likeness(a: &BTreeSet<[char; 3]>, b: &BTreeSet<[char; 3]>) -> f64 {
    let shared = a.intersection(b).count();
    2.0 * shared as f64 / (a.len() + b.len()).max(1) as f64
}
