//! What a condition says that this shop cannot mean: another currency, a category nobody has.
//!
//! Parsing needs no shop, so these are findings beside the condition, not errors of it: a category
//! may come back with tomorrow's import.

use aftercart_model::Currency;

use crate::{Catalogue, Condition, ProductTest, Words};

/// One thing to look at, in words a shopkeeper reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The clause, as it is written.
    pub clause: String,
    pub text: String,
}

/// What is odd about the condition in a shop with this currency and catalogue.
pub fn check(condition: &Condition, currency: Currency, catalogue: &Catalogue) -> Vec<Finding> {
    let mut findings = Vec::new();
    visit(condition, currency, catalogue, &mut findings);
    findings
}

fn visit(
    condition: &Condition,
    currency: Currency,
    catalogue: &Catalogue,
    findings: &mut Vec<Finding>,
) {
    for part in condition.parts() {
        visit(part, currency, catalogue, findings);
    }
    if !condition.parts().is_empty() {
        return;
    }
    let mut note = |text| findings.push(Finding { clause: condition.to_string(), text });
    for bound in condition.bounds() {
        let asked = bound.amount().currency();
        if asked != currency {
            note(format!("this shop counts in {currency}, not {asked}; write the amount in it"));
        }
    }
    if let Condition::Did { deed, .. } = condition
        && let Some(test) = deed.product_test()
    {
        unknown_names(test, catalogue).into_iter().for_each(note);
    }
}

fn unknown_names(test: &ProductTest, catalogue: &Catalogue) -> Vec<String> {
    let (words, what): (&Words, &str) = match test {
        ProductTest::InCategory(words) => (words, "category"),
        ProductTest::OfKind(words) => (words, "kind"),
        ProductTest::Tagged(words) => (words, "tag"),
        ProductTest::Named(words) => (words, "name"),
        ProductTest::NameHas(words) => (words, "word in its name"),
        ProductTest::Coded(words) => (words, "code"),
        _ => return Vec::new(),
    };
    let is_known = |folded: &str| {
        catalogue.ids().any(|it| match test {
            ProductTest::InCategory(_) => catalogue.is_in_category(it, folded),
            ProductTest::OfKind(_) => catalogue.is_of_kind(it, folded),
            ProductTest::Tagged(_) => catalogue.is_tagged(it, folded),
            ProductTest::Named(_) => catalogue.is_named(it, folded),
            ProductTest::NameHas(_) => catalogue.has_in_name(it, folded),
            _ => catalogue.is_coded(it, folded),
        })
    };
    words
        .pairs()
        .filter(|(_, folded)| !is_known(folded))
        .map(|(text, _)| format!("no product has the {what} `{text}`; check the spelling"))
        .collect()
}
