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

/// Whether the shop itself calls the two one kind of thing. Head nouns do not decide this: they are
/// too crude to keep a heart holder from going with a plant holder.
pub fn is_same_kind(a: &Product, b: &Product) -> bool {
    is_named_kind(a) && is_named_kind(b) && ProductKind::of(a) == ProductKind::of(b)
}

/// Whether the shop says what kind of thing it is.
pub(crate) fn is_named_kind(product: &Product) -> bool {
    !product.kind.trim().is_empty()
}

/// Whether two names say the same but for how much of it: `House roast, 250 g` and `House roast,
/// 1 kg`, `Pack of 6 cards` and `Pack of 12 cards`.
pub(crate) fn differ_in_amount_alone(a: &str, b: &str) -> bool {
    let a = without_amounts(a);
    !a.is_empty() && a == without_amounts(b)
}

/// Units that stand behind a number in names.
const UNITS: [&str; 12] = ["CL", "CM", "CUP", "G", "KG", "L", "LB", "M", "ML", "MM", "OZ", "PC"];

/// The words of a name in capitals, singular, without its amounts: numbers with a unit, and counts
/// as in `Pack of 6` and `Filters, 100`. Any other number is a model's: `No. 2`, `Studio 54`.
fn without_amounts(name: &str) -> Vec<String> {
    let spaced = name.replace(',', " , ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let upper = |text: &str| text.chars().flat_map(char::to_uppercase).collect::<String>();
    let is_number = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_digit() || ".x×/".contains(c))
    };
    let is_unit = |text: &str| UNITS.contains(&singular(upper(text)).as_str());
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (token, next) = (tokens[at], tokens.get(at + 1).copied());
        let before = at.checked_sub(1).map(|it| upper(tokens[it]));
        let digits = token.trim_end_matches(char::is_alphabetic);
        let is_glued = is_number(digits) && is_unit(&token[digits.len()..]);
        let has_unit = is_number(token) && next.is_some_and(is_unit);
        let is_count = is_number(token) && matches!(before.as_deref(), Some("OF" | ","));
        if !(is_glued || has_unit || is_count || token == ",") {
            kept.push(singular(upper(token)));
        }
        at += if has_unit { 2 } else { 1 };
    }
    kept
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

    #[test]
    fn the_shops_own_kind_alone_makes_two_things_the_same_kind() {
        let product = |kind: &str, name: &str| Product {
            kind: kind.to_owned(),
            ..Product::bare(ProductId(0), "1", name, 100)
        };
        assert!(is_same_kind(&product("dripper", "Ceramic No. 2"), &product("Dripper ", "Glass")));
        assert!(!is_same_kind(&product("dripper", "Ceramic"), &product("kettle", "Ceramic")));
        let (heart, plant) = (product("", "HEART HOLDER"), product("", "PLANT HOLDER"));
        assert!(!is_same_kind(&heart, &plant), "a head noun is a guess");
    }

    #[test]
    fn another_amount_is_no_other_thing() {
        assert!(differ_in_amount_alone("House roast, 250 g", "House roast, 1 kg"));
        assert!(differ_in_amount_alone("House roast 250g", "House Roast, 1 kg"));
        assert!(differ_in_amount_alone("PACK OF 6 CARDS", "PACK OF 12 CARDS"));
        assert!(differ_in_amount_alone("Moka pot, 3 cups", "Moka pot, 6 cups"));
        assert!(!differ_in_amount_alone("House roast, 250 g", "Espresso roast, 250 g"));
        assert!(!differ_in_amount_alone("Filters, 100", "Filters, 200, unbleached"));
        assert!(!differ_in_amount_alone("Hand grinder", "Hand grinder, fine thread"));
        assert!(!differ_in_amount_alone("RED MUG", "BLUE MUG"), "a colour is another thing");
        assert!(!differ_in_amount_alone("Studio 54", "Studio 55"), "a model's number");
        assert!(!differ_in_amount_alone("Dripper No. 2", "Dripper No. 3"));
        assert!(!differ_in_amount_alone("250 g", "1 kg"), "amounts alone say nothing");
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
