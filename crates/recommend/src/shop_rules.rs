//! The shop's own rules for recommendations, as they are written: which products come first, count
//! more or less, are never shown, are always shown with what, and are not shown again so soon.
//!
//! [`ShopRules`] is the bare data of a file. [`ShopRules::check`] says what in it cannot be meant, as
//! the catalogue is now. What rules do to a list stands in `bound_rules`, where their words are
//! looked up once.

mod check;

use std::fmt;

use aftercart_model::{Currency, Product};
use serde::{Deserialize, Serialize};

pub use check::{RuleFinding, RuleProblem};

/// More rules than anybody keeps in mind; every email asks them all.
pub const RULES_MAX: usize = 500;
/// A name is told wherever its rule changed something, in one line.
pub const RULE_NAME_CHARS_MAX: usize = 160;
/// Beyond these a boost is a pin, or a ban.
pub const BOOST_MIN: f64 = 0.01;
pub const BOOST_MAX: f64 = 100.0;
/// A year: what was shown before is forgotten.
pub const QUIET_DAYS_MAX: u32 = 365;

/// All rules of a shop, in the order in which they are asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShopRules {
    #[serde(default)]
    pub rules: Vec<ShopRule>,
}

/// What is done to some products, after some orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShopRule {
    /// What people call it; no two have the same.
    pub name: String,
    #[serde(default, skip_serializing_if = "RuleRelation::is_both")]
    pub relation: RuleRelation,
    /// Asked of the order that the recommendation follows: one of its products is like this. Any
    /// order if it asks nothing.
    #[serde(default, skip_serializing_if = "Selector::is_empty")]
    pub bought: Selector,
    /// The products it is about. Every product if it asks nothing.
    #[serde(default, skip_serializing_if = "Selector::is_empty")]
    pub shown: Selector,
    pub effect: RuleEffect,
}

/// Which of the two relations a rule is about. What merely sells well counts as cross-sell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleRelation {
    #[default]
    Both,
    /// What goes with what was bought.
    CrossSell,
    /// The better version of it.
    Upsell,
}

/// What a rule does to the products it is about.
///
/// What is never shown is neither pinned nor always shown, and what is pinned comes before what is
/// boosted. No rule shows what is sold out, not for sale, without a picture or bought already.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RuleEffect {
    /// To the front of every list in which it would stand.
    Pin,
    /// Its score is multiplied by this.
    Boost(f64),
    NeverShow,
    /// In the list though no order speaks for it.
    AlwaysShow,
    /// Not within so many days of 24 hours after a message showed it to the same customer.
    NeverAgain {
        days: u32,
    },
}

/// Products by what they are: each thing that is asked has to hold; of several names one does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Selector {
    /// The shop's codes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub brands: Vec<String>,
    /// In minor units of the shop's currency, included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_minor_min: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_minor_max: Option<i64>,
    /// Units. A product that the shop does not count has neither many nor few.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stock_min: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stock_max: Option<i64>,
    /// What the shop keeps of the price, in percent of the price. A product of unknown cost has
    /// neither much nor little.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin_percent_min: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin_percent_max: Option<i32>,
}

/// Why a file cannot be read as rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the rules: {0}")]
pub struct RulesUnreadable(String);

impl ShopRules {
    /// Reads a file of rules; [`ShopRules::check`] then says whether they can be meant.
    pub fn parse(yaml: &str) -> Result<Self, RulesUnreadable> {
        // An empty file, or one of remarks alone, has no rules.
        let has_words = |line: &str| !line.trim().is_empty() && !line.trim().starts_with('#');
        if !yaml.lines().any(has_words) {
            return Ok(Self::default());
        }
        serde_saphyr::from_str(yaml)
            .map_err(|err| RulesUnreadable(place_first(&err.without_snippet().to_string())))
    }

    /// A file that reads back as the same rules.
    pub fn to_yaml(&self) -> String {
        serde_saphyr::to_string(self).expect("rules have only text and numbers")
    }

    pub fn rule(&self, name: &str) -> Option<&ShopRule> {
        self.rules.iter().find(|it| it.name == name)
    }
}

impl ShopRule {
    /// `always show KT-01 after category Coffee makers`.
    pub fn in_words(&self, currency: Currency) -> String {
        let mut words = self.effect.to_string();
        match (&self.effect, self.shown.is_empty()) {
            (RuleEffect::NeverAgain { .. }, true) => {}
            (_, true) => words.push_str(": anything"),
            (_, false) => words.push_str(&format!(": {}", self.shown.in_words(currency))),
        }
        if !self.bought.is_empty() {
            words.push_str(&format!(", after {}", self.bought.in_words(currency)));
        }
        match self.relation {
            RuleRelation::Both => {}
            RuleRelation::CrossSell => words.push_str(", as cross-sell"),
            RuleRelation::Upsell => words.push_str(", as upsell"),
        }
        words
    }
}

impl RuleRelation {
    // The form that `skip_serializing_if` asks for.
    #[expect(clippy::trivially_copy_pass_by_ref)]
    fn is_both(&self) -> bool {
        *self == Self::Both
    }

    /// Whether whatever stands in `other` stands in this one.
    pub fn covers(self, other: Self) -> bool {
        self == Self::Both || self == other
    }
}

impl Selector {
    pub fn of_products<'a>(codes: impl IntoIterator<Item = &'a str>) -> Self {
        let products = codes.into_iter().map(str::to_owned).collect();
        Self { products, ..Self::default() }
    }

    /// Asks nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it asks for names alone, which stay; prices, stock and margins come and go.
    fn is_lasting(&self) -> bool {
        let Self { products, categories, tags, brands, .. } = self.clone();
        *self == Self { products, categories, tags, brands, ..Self::default() }
    }

    pub fn matches(&self, product: &Product) -> bool {
        let is_one_of = |names: &[String], own: &str| {
            names.is_empty() || (!own.is_empty() && names.iter().any(|it| is_same(it, own)))
        };
        (self.products.is_empty() || self.products.contains(&product.code))
            && is_one_of(&self.categories, &product.category)
            && is_one_of(&self.brands, &product.brand)
            && (self.tags.is_empty() || product.tags.iter().any(|it| is_one_of(&self.tags, it)))
            && is_within(Some(product.price_minor), self.price_minor_min, self.price_minor_max)
            && is_within(product.stock, self.stock_min, self.stock_max)
            && is_margin_within(product, self.margin_percent_min, self.margin_percent_max)
    }

    /// `KT-01, KT-02`, `category Kettles, €10.00 to €20.00`.
    pub fn in_words(&self, currency: Currency) -> String {
        let named = |one: &str, many: &str, names: &[String]| match names {
            [] => None,
            [name] => Some(format!("{one}{name}")),
            names => Some(format!("{many}{}", names.join(" or "))),
        };
        let percent = |it: i64| format!("{it}%");
        let (margin_min, margin_max) = (self.margin_percent_min, self.margin_percent_max);
        let parts = [
            named("", "", &self.products),
            named("category ", "categories ", &self.categories),
            named("tag ", "tags ", &self.tags),
            named("brand ", "brands ", &self.brands),
            span("", self.price_minor_min, self.price_minor_max, |it| currency.format(it)),
            span("stock ", self.stock_min, self.stock_max, |it| it.to_string()),
            span("margin ", margin_min.map(i64::from), margin_max.map(i64::from), percent),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

fn span(
    what: &str,
    min: Option<i64>,
    max: Option<i64>,
    told: impl Fn(i64) -> String,
) -> Option<String> {
    match (min, max) {
        (None, None) => None,
        (Some(min), None) => Some(format!("{what}{} or more", told(min))),
        (None, Some(max)) => Some(format!("{what}{} or less", told(max))),
        (Some(min), Some(max)) => Some(format!("{what}{} to {}", told(min), told(max))),
    }
}

fn is_same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

fn is_within(value: Option<i64>, min: Option<i64>, max: Option<i64>) -> bool {
    if min.is_none() && max.is_none() {
        return true;
    }
    value.is_some_and(|it| min.is_none_or(|least| least <= it) && max.is_none_or(|most| it <= most))
}

fn is_margin_within(product: &Product, min: Option<i32>, max: Option<i32>) -> bool {
    // Compared as fractions, so that nothing is rounded.
    let price = i128::from(product.price_minor);
    let kept = product.cost_minor.filter(|_| price > 0).map(|it| (price - i128::from(it)) * 100);
    let is_met = |kept: i128| {
        min.is_none_or(|it| i128::from(it) * price <= kept)
            && max.is_none_or(|it| kept <= i128::from(it) * price)
    };
    (min.is_none() && max.is_none()) || kept.is_some_and(is_met)
}

const EFFECTS: &str = "`pin`, `boost by 1.5`, `never show`, `always show` or \
                       `never again within 30 days`";

impl fmt::Display for RuleEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Pin => f.write_str("pin"),
            Self::Boost(factor) => write!(f, "boost by {factor}"),
            Self::NeverShow => f.write_str("never show"),
            Self::AlwaysShow => f.write_str("always show"),
            Self::NeverAgain { days: 1 } => f.write_str("never again within 1 day"),
            Self::NeverAgain { days } => write!(f, "never again within {days} days"),
        }
    }
}

impl TryFrom<String> for RuleEffect {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            ["pin"] => Ok(Self::Pin),
            ["never", "show"] => Ok(Self::NeverShow),
            ["always", "show"] => Ok(Self::AlwaysShow),
            ["boost", "by", factor] if let Ok(factor) = factor.parse::<f64>() => {
                Ok(Self::Boost(factor))
            }
            ["never", "again", "within", days, "day" | "days"] if let Ok(days) = days.parse() => {
                Ok(Self::NeverAgain { days })
            }
            _ => Err(format!("`{text}` is not what a rule can do; write {EFFECTS}")),
        }
    }
}

impl From<RuleEffect> for String {
    fn from(effect: RuleEffect) -> Self {
        effect.to_string()
    }
}

/// `what is wrong at line 3, column 5` as `line 3, column 5: what is wrong`.
fn place_first(text: &str) -> String {
    match text.rsplit_once(" at line ") {
        Some((what, place)) => format!("line {place}: {what}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use aftercart_model::ProductId;
    use insta::assert_snapshot;
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    const FILE: &str = "
rules:
  - name: A kettle with every dripper
    relation: cross_sell
    bought: {categories: [Coffee makers]}
    shown: {products: [KT-01]}
    effect: always show
  - name: Nearly gone
    shown: {stock_max: 2}
    effect: never show
  - name: Winter
    shown: {tags: [winter, gift], margin_percent_min: 40}
    effect: boost by 1.5
  - name: Once a month
    effect: never again within 30 days
";

    #[test]
    fn a_file_reads_as_it_is_told() {
        let rules = ShopRules::parse(FILE).unwrap();
        let told = rules.rules.iter().map(|it| it.in_words(Currency::EUR));
        assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
        always show: KT-01, after category Coffee makers, as cross-sell
        never show: stock 2 or less
        boost by 1.5: tags winter or gift, margin 40% or more
        never again within 30 days
        "#);
        assert_eq!(ShopRules::parse(&rules.to_yaml()).unwrap(), rules);
        assert_eq!(ShopRules::parse("# none yet\n").unwrap(), ShopRules::default());
        assert_eq!(ShopRules::parse("rules: []").unwrap(), ShopRules::default());
    }

    #[test]
    fn the_reference_shows_a_file_that_can_be_read() {
        let reference = include_str!("../../../docs/reference/recommendation-rules.md");
        let (_, file) = reference.split_once("```yaml\n").unwrap();
        let (file, _) = file.split_once("```").unwrap();
        let effects: Vec<String> =
            ShopRules::parse(file).unwrap().rules.iter().map(|it| it.effect.to_string()).collect();
        for effect in &effects {
            let word = effect.split_whitespace().next().unwrap();
            assert!(reference.contains(&format!("`{word}")), "{effect} is not explained");
        }
        assert_eq!(effects.len(), 6);
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        let refused = |text: &str| ShopRules::parse(text).unwrap_err().to_string();
        assert_snapshot!(refused("rules:\n  - name: x\n    effect: hide"), @"cannot read the rules: line 3, column 13: `hide` is not what a rule can do; write `pin`, `boost by 1.5`, `never show`, `always show` or `never again within 30 days`");
        assert_snapshot!(refused("rules:\n  - name: x\n    effect: pin\n    show: {}"), @"cannot read the rules: line 4, column 5: unknown field `show`, expected one of name, relation, bought, shown, effect");
        assert_snapshot!(refused("rules:\n  - name: x"), @"cannot read the rules: line 2, column 5: missing field `effect`");
    }

    fn kettle() -> Product {
        Product {
            category: "Kettles".to_owned(),
            brand: "Hario".to_owned(),
            tags: vec!["Winter".to_owned(), "steel".to_owned()],
            cost_minor: Some(5_340),
            stock: Some(3),
            ..Product::bare(ProductId(0), "KT-01", "Gooseneck kettle", 8_900)
        }
    }

    #[test]
    fn all_that_is_asked_has_to_hold() {
        let matches = |yaml: &str| {
            let selector: Selector = serde_saphyr::from_str(yaml).unwrap();
            selector.matches(&kettle())
        };
        assert!(Selector::default().matches(&kettle()), "asks nothing");
        assert!(matches("{products: [KT-01, KT-02]}") && !matches("{products: [kt-01]}"));
        assert!(matches("{categories: [kettles]}") && !matches("{categories: [Kettle]}"));
        assert!(matches("{tags: [gift, winter]}") && !matches("{tags: [gift]}"));
        assert!(matches("{brands: [hario]}") && !matches("{brands: [Fellow]}"));
        assert!(matches("{price_minor_min: 8900, price_minor_max: 8900}"));
        assert!(!matches("{price_minor_min: 8901}") && !matches("{price_minor_max: 8899}"));
        assert!(matches("{stock_min: 3}") && !matches("{stock_max: 2}"));
        assert!(matches("{margin_percent_min: 40}") && !matches("{margin_percent_min: 41}"));
        assert!(matches("{margin_percent_max: 40}") && !matches("{margin_percent_max: 39}"));
        assert!(!matches("{categories: [Kettles], tags: [gift]}"), "one of two");
        let uncounted = Product { stock: None, cost_minor: None, ..kettle() };
        for asked in ["{stock_min: 0}", "{stock_max: 9}", "{margin_percent_max: 99}"] {
            let selector: Selector = serde_saphyr::from_str(asked).unwrap();
            assert!(!selector.matches(&uncounted), "{asked} of a thing that is not known");
        }
    }

    fn selectors() -> impl Strategy<Value = Selector> {
        let names = || vec("[A-Za-z0-9 :#'\"-]{1,8}", 0..3);
        (names(), names(), names(), option::of(0_i64..9_000), option::of(-3_i32..100)).prop_map(
            |(products, categories, tags, price_minor_min, margin_percent_max)| Selector {
                products,
                categories,
                tags,
                price_minor_min,
                margin_percent_max,
                ..Selector::default()
            },
        )
    }

    fn rules() -> impl Strategy<Value = ShopRule> {
        let effect = prop_oneof![
            Just(RuleEffect::Pin),
            Just(RuleEffect::NeverShow),
            Just(RuleEffect::AlwaysShow),
            (BOOST_MIN..BOOST_MAX).prop_map(RuleEffect::Boost),
            (1..QUIET_DAYS_MAX).prop_map(|days| RuleEffect::NeverAgain { days }),
        ];
        let relation = prop_oneof![
            Just(RuleRelation::Both),
            Just(RuleRelation::CrossSell),
            Just(RuleRelation::Upsell)
        ];
        ("[a-zA-Z0-9 :#-]{1,20}", relation, selectors(), selectors(), effect).prop_map(
            |(name, relation, bought, shown, effect)| ShopRule {
                name,
                relation,
                bought,
                shown,
                effect,
            },
        )
    }

    proptest! {
        #[test]
        fn a_printed_file_gives_the_rules_back(rules in vec(rules(), 0..5)) {
            let rules = ShopRules { rules };
            prop_assert_eq!(ShopRules::parse(&rules.to_yaml()).unwrap(), rules);
        }
    }
}
