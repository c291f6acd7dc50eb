//! What in rules cannot be meant, as the catalogue is now.

use std::{collections::BTreeSet, fmt};

use aftercart_model::{Product, nearest};

use super::{
    BOOST_MAX, BOOST_MIN, QUIET_DAYS_MAX, RULE_NAME_CHARS_MAX, RULES_MAX, RuleEffect, Selector,
    ShopRule, ShopRules,
};

/// One thing found, with the rule it was found in.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleFinding {
    /// Empty if it is about all of them.
    pub rule: String,
    pub problem: RuleProblem,
}

/// What is wrong with a rule, and how to mend it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RuleProblem {
    #[error("there are {0} rules; choose {RULES_MAX} or fewer")]
    TooMany(usize),
    #[error("has no name; give it one, by which it is told what it changed")]
    NoName,
    #[error("its name has {0} characters; choose {RULE_NAME_CHARS_MAX} or fewer")]
    LongName(usize),
    #[error("its name stands twice; rename one of them")]
    NameTwice,
    #[error("names {what} `{name}`, which the catalogue does not have{}", meant(.near.as_deref()))]
    Unknown { what: &'static str, name: String, near: Option<String> },
    #[error("boosts by {0}; choose a number from {BOOST_MIN} to {BOOST_MAX}")]
    Boost(f64),
    #[error("keeps products back for {0} days; choose 1 to {QUIET_DAYS_MAX}")]
    Days(u32),
    #[error("asks for {what} of {min} or more and of {max} or less, which nothing has; swap them")]
    Bounds { what: &'static str, min: i64, max: i64 },
    #[error("does not say which products; name them under `shown`")]
    NothingShown,
    #[error("always shows products, but not with what; name that under `bought`, or pin them")]
    NothingBought,
    #[error("{verb} `{product}`, which rule `{other}` never shows; take it out of one of them")]
    Contradicts { verb: &'static str, product: String, other: String },
    #[error("no product is like what it shows; it does nothing as the catalogue is now")]
    MatchesNothing,
    #[error(
        "no product is like what it asks of the order; it does nothing as the catalogue is now"
    )]
    FollowsNothing,
    #[error("`{product}` cannot be shown now: {why}")]
    CannotBeShown { product: String, why: &'static str },
}

impl RuleProblem {
    /// Whether it has to be mended before the rules are used; the rest is to be known.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::MatchesNothing | Self::FollowsNothing | Self::CannotBeShown { .. })
    }
}

impl fmt::Display for RuleFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule.as_str() {
            "" => self.problem.fmt(f),
            name => write!(f, "rule `{name}`: {}", self.problem),
        }
    }
}

impl ShopRules {
    /// Everything found, what is refused first, then in the order of the rules.
    pub fn check(&self, products: &[Product]) -> Vec<RuleFinding> {
        let mut problems: Vec<(&str, RuleProblem)> = Vec::new();
        if self.rules.len() > RULES_MAX {
            problems.push(("", RuleProblem::TooMany(self.rules.len())));
        }
        let words = Words::of(products);
        let mut names = BTreeSet::new();
        for rule in &self.rules {
            let mut found = Vec::new();
            if !names.insert(rule.name.as_str()) {
                found.push(RuleProblem::NameTwice);
            }
            check_form(rule, &mut found);
            check_words(rule, &words, &mut found);
            found.extend(self.contradiction(rule, products));
            if found.is_empty() {
                check_catalogue(rule, products, &mut found);
            }
            problems.extend(found.into_iter().map(|it| (rule.name.as_str(), it)));
        }
        problems.sort_by_key(|(_, problem)| !problem.is_refusal());
        let finding = |(rule, problem): (&str, _)| RuleFinding { rule: rule.to_owned(), problem };
        problems.into_iter().map(finding).collect()
    }

    /// A product that `rule` names and another rule takes away wherever `rule` would show it.
    fn contradiction(&self, rule: &ShopRule, products: &[Product]) -> Option<RuleProblem> {
        let verb = match rule.effect {
            RuleEffect::Pin => "pins",
            RuleEffect::AlwaysShow => "always shows",
            _ => return None,
        };
        let takes_away = |other: &&ShopRule, product: &Product| {
            other.effect == RuleEffect::NeverShow
                && other.relation.covers(rule.relation)
                && (other.bought.is_empty() || other.bought == rule.bought)
                && other.shown.is_lasting()
                && other.shown.matches(product)
        };
        let named = products.iter().filter(|it| rule.shown.products.contains(&it.code));
        named.filter(|it| rule.shown.matches(it)).find_map(|product| {
            let other = self.rules.iter().find(|other| takes_away(other, product))?;
            let (product, other) = (product.code.clone(), other.name.clone());
            Some(RuleProblem::Contradicts { verb, product, other })
        })
    }
}

fn check_form(rule: &ShopRule, found: &mut Vec<RuleProblem>) {
    let chars = rule.name.chars().count();
    if rule.name.trim().is_empty() {
        found.push(RuleProblem::NoName);
    } else if chars > RULE_NAME_CHARS_MAX {
        found.push(RuleProblem::LongName(chars));
    }
    let says_which = !rule.shown.is_empty();
    match rule.effect {
        RuleEffect::Boost(by) if !(BOOST_MIN..=BOOST_MAX).contains(&by) => {
            found.push(RuleProblem::Boost(by));
        }
        RuleEffect::NeverAgain { days } if !(1..=QUIET_DAYS_MAX).contains(&days) => {
            found.push(RuleProblem::Days(days));
        }
        RuleEffect::NeverAgain { .. } => {}
        RuleEffect::AlwaysShow if rule.bought.is_empty() => found.push(RuleProblem::NothingBought),
        // After a gift card nothing is shown: that can be meant.
        RuleEffect::NeverShow if !rule.bought.is_empty() => {}
        _ if !says_which => found.push(RuleProblem::NothingShown),
        _ => {}
    }
    for selector in [&rule.bought, &rule.shown] {
        let (margin_min, margin_max) = (selector.margin_percent_min, selector.margin_percent_max);
        let spans = [
            ("a price", selector.price_minor_min, selector.price_minor_max),
            ("a stock", selector.stock_min, selector.stock_max),
            ("a margin", margin_min.map(i64::from), margin_max.map(i64::from)),
        ];
        for (what, min, max) in spans {
            if let (Some(min), Some(max)) = (min, max)
                && min > max
            {
                found.push(RuleProblem::Bounds { what, min, max });
            }
        }
    }
}

/// Every name that a selector may say.
struct Words<'a> {
    codes: BTreeSet<&'a str>,
    categories: BTreeSet<&'a str>,
    tags: BTreeSet<&'a str>,
    brands: BTreeSet<&'a str>,
}

impl<'a> Words<'a> {
    fn of(products: &'a [Product]) -> Self {
        Self {
            codes: products.iter().map(|it| it.code.as_str()).collect(),
            categories: products.iter().map(|it| it.category.as_str()).collect(),
            tags: products.iter().flat_map(|it| &it.tags).map(String::as_str).collect(),
            brands: products.iter().map(|it| it.brand.as_str()).collect(),
        }
    }
}

fn check_words(rule: &ShopRule, words: &Words<'_>, found: &mut Vec<RuleProblem>) {
    for selector in [&rule.bought, &rule.shown] {
        let Selector { products, categories, tags, brands, .. } = selector;
        for name in products.iter().filter(|it| !words.codes.contains(it.as_str())) {
            found.push(unknown("the product", name, &words.codes));
        }
        let kinds = [
            ("the category", categories, &words.categories),
            ("the tag", tags, &words.tags),
            ("the brand", brands, &words.brands),
        ];
        for (what, names, known) in kinds {
            let is_known = |name: &str| {
                !name.is_empty()
                    && (known.contains(name) || known.iter().any(|it| super::is_same(it, name)))
            };
            let strange = names.iter().filter(|it| !is_known(it));
            found.extend(strange.map(|it| unknown(what, it, known)));
        }
    }
}

fn unknown(what: &'static str, name: &str, known: &BTreeSet<&str>) -> RuleProblem {
    let near = nearest(name, known.iter().copied().filter(|it| !it.is_empty()));
    RuleProblem::Unknown { what, name: name.to_owned(), near: near.map(str::to_owned) }
}

fn meant(near: Option<&str>) -> String {
    near.map(|it| format!("; did you mean `{it}`?")).unwrap_or_default()
}

fn check_catalogue(rule: &ShopRule, products: &[Product], found: &mut Vec<RuleProblem>) {
    if !rule.bought.is_empty() && !products.iter().any(|it| rule.bought.matches(it)) {
        found.push(RuleProblem::FollowsNothing);
    }
    if !products.iter().any(|it| rule.shown.matches(it)) {
        found.push(RuleProblem::MatchesNothing);
    }
    if !matches!(rule.effect, RuleEffect::Pin | RuleEffect::AlwaysShow) {
        return;
    }
    let needs_picture = products.iter().any(|it| !it.picture.is_empty());
    for product in products.iter().filter(|it| rule.shown.products.contains(&it.code)) {
        let why = if !product.is_active {
            "it is not for sale"
        } else if !product.is_in_stock() {
            "it is sold out"
        } else if needs_picture && product.picture.is_empty() {
            "it has no picture"
        } else {
            continue;
        };
        found.push(RuleProblem::CannotBeShown { product: product.code.clone(), why });
    }
}

#[cfg(test)]
mod tests {
    use aftercart_model::ProductId;
    use insta::assert_snapshot;

    use super::*;

    fn products() -> Vec<Product> {
        let product = |id: u32, code: &str, category: &str| Product {
            category: category.to_owned(),
            tags: vec!["winter".to_owned()],
            picture: format!("{code}.png"),
            ..Product::bare(ProductId(id), code, code, 2_000)
        };
        vec![
            product(0, "CM-01", "Coffee makers"),
            product(1, "KT-01", "Kettles"),
            Product { stock: Some(0), ..product(2, "KT-02", "Kettles") },
        ]
    }

    fn found(yaml: &str) -> String {
        let rules = ShopRules::parse(&format!("rules:\n{yaml}")).unwrap();
        let found = rules.check(&products());
        let told = |it: &RuleFinding| match it.problem.is_refusal() {
            true => format!("refused: {it}"),
            false => format!("note: {it}"),
        };
        found.iter().map(told).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_the_catalogue_does_not_have_is_told_with_what_was_meant() {
        assert_snapshot!(found("
  - {name: a, shown: {products: [KT-1, ZZZZ]}, effect: pin}
  - {name: b, shown: {categories: [Kettle]}, bought: {tags: [wintr]}, effect: never show}
  - {name: c, shown: {brands: [Hario]}, effect: boost by 2}
"), @r#"
        refused: rule `a`: names the product `KT-1`, which the catalogue does not have; did you mean `KT-01`?
        refused: rule `a`: names the product `ZZZZ`, which the catalogue does not have
        refused: rule `b`: names the tag `wintr`, which the catalogue does not have; did you mean `winter`?
        refused: rule `b`: names the category `Kettle`, which the catalogue does not have; did you mean `Kettles`?
        refused: rule `c`: names the brand `Hario`, which the catalogue does not have
        "#);
        assert_eq!(found("  - {name: a, shown: {categories: [kettles]}, effect: boost by 2}"), "");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert_snapshot!(found("
  - {name: a, shown: {categories: [Kettles]}, effect: boost by 0}
  - {name: a, shown: {categories: [Kettles]}, effect: boost by -1}
  - {name: b, shown: {categories: [Kettles]}, effect: boost by NaN}
  - {name: ' ', effect: pin}
  - {name: c, shown: {categories: [Kettles]}, effect: always show}
  - {name: d, effect: never show}
  - {name: e, effect: never again within 366 days}
  - {name: f, shown: {price_minor_min: 2, price_minor_max: 1, stock_min: 5, stock_max: 4}, effect: pin}
"), @r#"
        refused: rule `a`: boosts by 0; choose a number from 0.01 to 100
        refused: rule `a`: its name stands twice; rename one of them
        refused: rule `a`: boosts by -1; choose a number from 0.01 to 100
        refused: rule `b`: boosts by NaN; choose a number from 0.01 to 100
        refused: rule ` `: has no name; give it one, by which it is told what it changed
        refused: rule ` `: does not say which products; name them under `shown`
        refused: rule `c`: always shows products, but not with what; name that under `bought`, or pin them
        refused: rule `d`: does not say which products; name them under `shown`
        refused: rule `e`: keeps products back for 366 days; choose 1 to 365
        refused: rule `f`: asks for a price of 2 or more and of 1 or less, which nothing has; swap them
        refused: rule `f`: asks for a stock of 5 or more and of 4 or less, which nothing has; swap them
        "#);
        assert_eq!(found("  - {name: a, bought: {products: [CM-01]}, effect: never show}"), "");
        assert_eq!(found("  - {name: a, effect: never again within 30 days}"), "");
    }

    #[test]
    fn a_rule_that_another_takes_away_is_refused() {
        assert_snapshot!(found("
  - {name: a, shown: {products: [KT-01]}, effect: pin}
  - {name: b, shown: {categories: [Kettles]}, effect: never show}
  - {name: c, bought: {products: [CM-01]}, shown: {products: [KT-01]}, effect: always show}
"), @r#"
        refused: rule `a`: pins `KT-01`, which rule `b` never shows; take it out of one of them
        refused: rule `c`: always shows `KT-01`, which rule `b` never shows; take it out of one of them
        "#);
        let can_be_meant = "
  - {name: all but one, shown: {categories: [Kettles]}, effect: pin}
  - {name: one, shown: {products: [KT-02]}, effect: never show}
  - {name: after one order alone, bought: {products: [CM-01]}, shown: {products: [KT-01]}, effect: never show}
  - {name: elsewhere, shown: {products: [KT-01]}, effect: pin}
  - {name: while few are left, shown: {stock_max: 2}, effect: never show}
";
        assert_eq!(found(can_be_meant), "");
    }

    #[test]
    fn a_rule_that_does_nothing_now_is_noted() {
        assert_snapshot!(found("
  - {name: a, shown: {price_minor_min: 9000}, effect: boost by 2}
  - {name: b, bought: {margin_percent_min: 20}, effect: never show}
  - {name: c, shown: {products: [KT-02]}, effect: pin}
"), @r#"
        note: rule `a`: no product is like what it shows; it does nothing as the catalogue is now
        note: rule `b`: no product is like what it asks of the order; it does nothing as the catalogue is now
        note: rule `c`: `KT-02` cannot be shown now: it is sold out
        "#);
    }
}
