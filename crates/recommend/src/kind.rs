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

/// How alike two names are, from 0 to 1: the share of their words they have in common, a rare word
/// weighing more than a common one.
pub(crate) struct Names {
    /// Per product its distinct words, as numbers, ascending.
    words: Vec<Vec<u32>>,
    /// Per word how much it tells: the logarithm of one over its share of products.
    weights: Vec<f64>,
}

impl Names {
    pub(crate) fn new(names: &[&str]) -> Self {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut counts: Vec<u32> = Vec::new();
        let mut all = Vec::with_capacity(names.len());
        for name in names {
            let mut own: Vec<u32> = Vec::new();
            for word in words(name) {
                let next = u32::try_from(numbers.len()).expect("fewer words than 2^32");
                let number = *numbers.entry(word).or_insert(next);
                if number == next {
                    counts.push(0);
                }
                own.push(number);
            }
            own.sort_unstable();
            own.dedup();
            own.iter().for_each(|&number| counts[number as usize] += 1);
            all.push(own);
        }
        let total = names.len() as f64;
        let weights = counts.iter().map(|&count| ((total + 1.0) / f64::from(count)).ln()).collect();
        Self { words: all, weights }
    }

    pub(crate) fn likeness(&self, a: usize, b: usize) -> f64 {
        let (mut shared, mut either) = (0.0, 0.0);
        let (mut left, mut right) = (self.words[a].as_slice(), self.words[b].as_slice());
        loop {
            match (left, right) {
                ([x, rest_left @ ..], [y, rest_right @ ..]) if x == y => {
                    shared += self.weights[*x as usize];
                    either += self.weights[*x as usize];
                    (left, right) = (rest_left, rest_right);
                }
                ([x, rest @ ..], [y, ..]) if x < y => {
                    either += self.weights[*x as usize];
                    left = rest;
                }
                (_, [y, rest @ ..]) => {
                    either += self.weights[*y as usize];
                    right = rest;
                }
                ([x, rest @ ..], []) => {
                    either += self.weights[*x as usize];
                    left = rest;
                }
                ([], []) => break,
            }
        }
        if either > 0.0 { shared / either } else { 0.0 }
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
    fn names_are_alike_by_their_rare_words() {
        let names = Names::new(&[
            "WHITE HANGING HEART T-LIGHT HOLDER",
            "RED HANGING HEART T-LIGHT HOLDER",
            "PLANT HOLDER",
            "CARD HOLDER",
            "SPONGE",
        ]);
        assert_eq!(names.likeness(0, 1), 1.0, "only the colour differs");
        assert!(names.likeness(0, 2) > 0.0, "both are holders");
        assert!(names.likeness(0, 2) < 0.3, "but little else");
        assert_eq!(names.likeness(0, 4), 0.0);
    }

    proptest! {
        #[test]
        fn likeness_is_the_same_both_ways(a in "[A-F ]{0,12}", b in "[A-F ]{0,12}") {
            let names = Names::new(&[&a, &b]);
            prop_assert_eq!(names.likeness(0, 1), names.likeness(1, 0));
            prop_assert!((0.0..=1.0).contains(&names.likeness(0, 1)));
        }
    }
}
