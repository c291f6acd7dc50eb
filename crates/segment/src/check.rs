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

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{UPSELL_SEGMENT, parse, samples::catalogue};

    fn findings(condition: &str) -> String {
        let found = check(&parse(condition).unwrap(), Currency::EUR, &catalogue());
        let lines: Vec<String> =
            found.iter().map(|it| format!("{}: {}", it.clause, it.text)).collect();
        lines.join("\n")
    }

    #[test]
    fn what_this_shop_cannot_mean_is_found() {
        assert_eq!(findings(UPSELL_SEGMENT), "", "the shipped segment suits every shop");
        assert_eq!(findings("bought a product in category \"kettles\" or \"Brewing\""), "");
        assert_snapshot!(
            findings("not any of (spent at least 5 GBP, bought a product tagged \"new\" or \"for aprons\")"),
            @r#"
            spent at least 5.00 GBP: this shop counts in EUR, not GBP; write the amount in it
            bought a product tagged "new" or "for aprons": no product has the tag `new`; check the spelling
        "#
        );
    }
}
