//! What kind of thing a product is: the ladder it stands on, and the words of its name.
//!
//! Two products are on one ladder when the shop says they are the same kind of thing in the same
//! category. Where the shop has no kinds, the head noun of the name stands in: the last word that
//! is not a colour, a size or a number, singular. It is crude (`heart holder` and `plant holder`
//! share a ladder), so the ranking also asks how alike the names are.

use std::collections::HashMap;

use aftercart_model::Product;

/// Words that tell versions of a thing apart, not things: never a head noun.
const STOP_WORDS: [&str; 40] = [
    "A",
    "AND",
    "ASSORTED",
    "BIG",
    "BLACK",
    "BLUE",
    "CREAM",
    "DESIGN",
    "FOR",
    "GIANT",
    "GOLD",
    "GREEN",
    "IN",
    "IVORY",
    "JUMBO",
    "LARGE",
    "MEDIUM",
    "MINI",
    "OF",
    "ON",
    "ORANGE",
    "PACK",
    "PINK",
    "POLKADOT",
    "PURPLE",
    "RED",
    "RETROSPOT",
    "SET",
    "SILVER",
    "SMALL",
    "SPOT",
    "THE",
    "TO",
    "VINTAGE",
    "WHITE",
    "WITH",
    "YELLOW",
    "GREY",
    "BROWN",
    "ANTIQUE",
];

/// What kind of thing a product is; products of one kind form one price ladder.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProductKind {
    category: String,
    noun: String,
}

impl ProductKind {
    /// `None` for a product of which neither its kind nor a usable name is known.
    pub fn of(product: &Product) -> Option<Self> {
        let category = product.category.trim().to_lowercase();
        let kind = product.kind.trim();
        let noun = if kind.is_empty() { head_noun(&product.name)? } else { kind.to_lowercase() };
        Some(Self { category, noun })
    }
}

/// The noun a name is about, lower-case and singular: `holder` of `WHITE HANGING HEART T-LIGHT
/// HOLDER`.
pub fn head_noun(name: &str) -> Option<String> {
    words(name).into_iter().rev().find(|word| word.len() > 2).map(|word| word.to_lowercase())
}

/// The telling words of a name, in its order: letters alone, capitals, singular, no stop words.
pub(crate) fn words(name: &str) -> Vec<String> {
    let letters = |token: &str| -> String {
        token.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_uppercase).collect()
    };
    name.split_whitespace()
        .map(letters)
        .filter(|word| word.len() > 1 && !STOP_WORDS.contains(&word.as_str()))
        .map(singular)
        .collect()
}

fn singular(mut word: String) -> String {
    if word.ends_with('S') && !word.ends_with("SS") && word.len() > 2 {
        word.pop();
    }
    word
}

/// How alike two names are, from 0 to 1.
///
/// Half of it is the share of words they have in common, a rare word weighing more than a common
/// one. The other half is whether they end in the same two words: in English the word before the
/// noun says most about the kind of thing, so a frosted t-light holder is nearer to a heart t-light
/// holder than a heart card holder is.
pub(crate) struct Names {
    /// Per product its distinct words, as numbers, ascending.
    words: Vec<Vec<u32>>,
    /// Per product its last two words.
    endings: Vec<Option<[u32; 2]>>,
    /// Per word how much it tells: the logarithm of one over its share of products.
    weights: Vec<f64>,
}

impl Names {
    pub(crate) fn new(names: &[&str]) -> Self {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let (mut all, mut endings) = (Vec::new(), Vec::new());
        for name in names {
            let mut own: Vec<u32> = Vec::new();
            for word in words(name) {
                let next = u32::try_from(numbers.len()).expect("fewer words than 2^32");
                own.push(*numbers.entry(word).or_insert(next));
            }
            endings.push(own.last_chunk().copied());
            own.sort_unstable();
            own.dedup();
            all.push(own);
        }
        let mut counts = vec![0_u32; numbers.len()];
        all.iter().flatten().for_each(|&number| counts[number as usize] += 1);
        let total = names.len() as f64;
        let weights = counts.iter().map(|&count| ((total + 1.0) / f64::from(count)).ln()).collect();
        Self { words: all, endings, weights }
    }

    pub(crate) fn likeness(&self, a: usize, b: usize) -> f64 {
        let ends_alike = self.endings[a].is_some() && self.endings[a] == self.endings[b];
        (self.overlap(a, b) + f64::from(u8::from(ends_alike))) / 2.0
    }

    fn overlap(&self, a: usize, b: usize) -> f64 {
        let (a, b) = (&self.words[a], &self.words[b]);
        let weight = |it: &u32| self.weights[*it as usize];
        let shared: f64 = a.iter().filter(|it| b.binary_search(it).is_ok()).map(weight).sum();
        let sum: f64 = a.iter().map(weight).sum::<f64>() + b.iter().map(weight).sum::<f64>();
        if sum > 0.0 { (shared / (sum - shared)).min(1.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use aftercart_model::ProductId;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_head_noun_is_what_the_name_is_about() {
        let noun = |name| head_noun(name).unwrap_or_default();
        assert_eq!(noun("WHITE HANGING HEART T-LIGHT HOLDER"), "holder");
        assert_eq!(noun("Set of 6 t-lights, large"), "tlight", "numbers and sizes do not count");
        assert_eq!(noun("JUMBO BAG RED RETROSPOT"), "bag", "colours and patterns do not count");
        assert_eq!(noun("WINE GLASS"), "glass", "no plural");
        assert_eq!(noun("Kettles"), "kettle");
        assert_eq!(noun("SET OF 3 RED"), "", "no noun left");
        assert_eq!(noun(""), "");
    }

    #[test]
    fn a_ladder_is_the_shops_own_kind_where_there_is_one() {
        let product = |category: &str, kind: &str, name: &str| Product {
            category: category.to_owned(),
            kind: kind.to_owned(),
            ..Product::bare(ProductId(0), "1", name, 100)
        };
        let kind = |it: &Product| ProductKind::of(it);
        let plain = product("Kettles", "kettle", "Stovetop Classic");
        assert_eq!(kind(&plain), kind(&product("kettles ", "Kettle", "Gooseneck Pro")));
        assert_ne!(kind(&plain), kind(&product("Kettles", "lid", "Stovetop Classic")));
        assert_ne!(kind(&plain), kind(&product("Outdoor", "kettle", "Camp")), "another category");
        let unnamed = product("", "", "Mug, red");
        assert_eq!(kind(&unnamed), kind(&product("", "", "TALL MUGS")), "by the head noun");
        assert_eq!(kind(&product("", "", "6 x 9")), None, "nothing to go by");
    }

    #[test]
    fn names_are_alike_by_their_rare_words_and_their_ends() {
        let names = Names::new(&[
            "WHITE HANGING HEART T-LIGHT HOLDER",
            "RED HANGING HEART T-LIGHT HOLDER",
            "FROSTED STAR T-LIGHT HOLDER",
            "HEART CARD HOLDER",
            "PLANT HOLDER",
            "SPONGE",
        ]);
        let likeness = |other| names.likeness(0, other);
        assert_eq!(likeness(1), 1.0, "only the colour differs");
        assert!(likeness(2) > 0.5, "both are t-light holders");
        assert!(likeness(3) < 0.5, "both are hearts and holders, of other things");
        assert!(likeness(4) < likeness(3), "both are holders");
        assert!(likeness(4) > 0.0);
        assert_eq!(likeness(5), 0.0);
    }

    proptest! {
        #[test]
        fn likeness_is_the_same_both_ways(a in "[A-F ]{0,12}", b in "[A-F ]{0,12}") {
            let names = Names::new(&[&a, &b]);
            prop_assert!((names.likeness(0, 1) - names.likeness(1, 0)).abs() < 1e-12);
            prop_assert!((0.0..=1.0).contains(&names.likeness(0, 1)));
        }
    }
}
