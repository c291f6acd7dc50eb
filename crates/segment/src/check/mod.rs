//! What a condition says that this shop cannot mean: another currency, a category nobody has, a
//! window outside what is kept, clauses that exclude each other.
//!
//! Parsing needs no shop, so these are findings beside the condition, not errors of it: a category
//! may come back with tomorrow's import.

mod names;
mod truth;

use aftercart_model::Currency;
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use self::{
    names::unknown_names,
    truth::{Truth, contradictions},
};
use crate::{
    Act, AmountBound, Catalogue, Condition, Deed, Filter, HistoryKind, Names, ProductTest, Reading,
    SPAN_DAYS_MAX, Segments, Window,
};

/// One thing to look at, in words a shopkeeper reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The clause, as it is written.
    pub clause: String,
    pub text: String,
}

/// What is known of the shop that a condition is held against.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    pub currency: Currency,
    pub catalogue: &'a Catalogue,
    pub segments: &'a Segments,
    /// Of all events so far; `None` leaves names of events, properties and emails unchecked.
    pub names: Option<&'a Names>,
    /// Names of the shop's lists; `None` leaves them unchecked.
    pub lists: Option<&'a [String]>,
    /// Whether there is a model for predictions; with one for scores there is mostly one too.
    pub has_predictions: bool,
    pub has_scores: bool,
    /// `None` leaves dates unchecked.
    pub now: Option<Timestamp>,
}

impl<'a> Known<'a> {
    /// Nothing but the currency and the catalogue; what is not known is not checked.
    pub fn new(currency: Currency, catalogue: &'a Catalogue) -> Self {
        Self {
            currency,
            catalogue,
            segments: Segments::none(),
            names: None,
            lists: None,
            has_predictions: true,
            has_scores: true,
            now: None,
        }
    }
}

/// What is odd about the condition in such a shop.
pub fn check(condition: &Condition, known: &Known<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    visit(condition, known, &mut findings);
    let is_plain = condition.is_group() && condition.parts().is_empty();
    if findings.is_empty() && !is_plain {
        let text = match Truth::of(condition) {
            Truth::Never => Some("no customer can meet this; remove what excludes the rest"),
            Truth::Always => Some("every customer meets this; ask for more, or write `everyone`"),
            Truth::Depends => None,
        };
        findings
            .extend(text.map(|it| Finding { clause: condition.to_string(), text: it.to_owned() }));
    }
    findings
}

fn visit(condition: &Condition, known: &Known<'_>, findings: &mut Vec<Finding>) {
    for part in condition.parts() {
        visit(part, known, findings);
    }
    let clause = condition.to_string();
    let mut note = |text| findings.push(Finding { clause: clause.clone(), text });
    if condition.is_group() {
        contradictions(condition).into_iter().for_each(note);
        return;
    }
    if let Some(fault) = truth::fault(condition) {
        note(fault);
    }
    for bound in amounts(condition) {
        let asked = bound.amount().currency();
        if asked != known.currency {
            let own = known.currency;
            note(format!("this shop counts in {own}, not {asked}; write the amount in it"));
        }
    }
    for deed in deeds(condition) {
        misplaced(condition, deed).into_iter().for_each(&mut note);
    }
    if let (Some(window), Some(now)) = (window_of(condition), known.now) {
        out_of_reach(window, now).into_iter().for_each(&mut note);
    }
    unknown_names(condition, known).into_iter().for_each(&mut note);
    if let Some(text) = without_model(condition, known) {
        note(text.to_owned());
    }
}

/// The deeds a clause asks about, those of its windows included.
pub(crate) fn deeds(condition: &Condition) -> Vec<&Deed> {
    let own: Vec<&Deed> = match condition {
        Condition::Did { deed, .. }
        | Condition::Recency { deed, .. }
        | Condition::Figure { deed, .. } => vec![deed],
        Condition::Sequence { first, then, .. } => vec![first, then],
        _ => Vec::new(),
    };
    let anchor = match window_of(condition) {
        Some(Window::After(anchor) | Window::Until(anchor)) => Some(&*anchor.deed),
        _ => None,
    };
    own.into_iter().chain(anchor).collect()
}

/// The window of a clause that has one.
pub(crate) fn window_of(condition: &Condition) -> Option<&Window> {
    match condition {
        Condition::Did { window, .. }
        | Condition::Sequence { window, .. }
        | Condition::Figure { window, .. }
        | Condition::Spent { window, .. } => Some(window),
        _ => None,
    }
}

/// The amounts a clause names.
fn amounts(condition: &Condition) -> Vec<AmountBound> {
    fn of_test(test: &ProductTest) -> Option<AmountBound> {
        match test {
            ProductTest::Priced(bound) => Some(*bound),
            ProductTest::Not(test) => of_test(test),
            _ => None,
        }
    }
    let own = match condition {
        Condition::Spent { bound, .. }
        | Condition::Worth { bound, .. }
        | Condition::ExpectedSpend { bound, .. }
        | Condition::Figure { of: Reading::Amount(bound), .. } => Some(*bound),
        _ => None,
    };
    let of_deed = |deed: &Deed| -> Vec<AmountBound> {
        let filters = deed.filters.iter().filter_map(|it| match it {
            Filter::Amount(bound) => Some(*bound),
            _ => None,
        });
        deed.act.product_tests().iter().filter_map(of_test).chain(filters).collect()
    };
    own.into_iter().chain(deeds(condition).into_iter().flat_map(of_deed)).collect()
}

/// Filters and readings of what such a deed does not have.
fn misplaced(condition: &Condition, deed: &Deed) -> Vec<String> {
    let kind = deed.act.row_kind();
    let has_amount = matches!(
        kind,
        HistoryKind::Order | HistoryKind::OrderRefunded | HistoryKind::CheckoutStarted
    );
    let has_quantity = matches!(kind, HistoryKind::Order | HistoryKind::CartAdded);
    let quantity = "only orders and carts have a quantity; leave it out";
    let amount = "only orders, refunds and checkouts have an amount; leave it out";
    let rating = "only reviews have a rating; leave it out";
    let property = "only events of the shop's own have properties; leave it out";
    let is_review = kind == HistoryKind::ProductReviewed;
    let is_custom = kind == HistoryKind::Custom;
    let of_filter = |filter: &Filter| match filter {
        Filter::Quantity(_) if !has_quantity => Some(quantity),
        Filter::Amount(_) if !has_amount => Some(amount),
        Filter::Rating(_) if !is_review => Some(rating),
        Filter::Coupon(_) if kind != HistoryKind::Order => {
            Some("only orders have a coupon; leave it out")
        }
        Filter::Property { .. } if !is_custom => Some(property),
        _ => None,
    };
    let reading = match condition {
        Condition::Figure { of, deed: own, .. } if own == deed => match of {
            Reading::Quantity(_) if !has_quantity => Some(quantity),
            Reading::Amount(_) if !has_amount => Some(amount),
            Reading::Rating(_) if !is_review => Some(rating),
            Reading::Property { .. } if !is_custom => Some(property),
            _ => None,
        },
        _ => None,
    };
    let filters = deed.filters.iter().filter_map(of_filter);
    filters.chain(reading).map(str::to_owned).collect()
}

/// What is said of a window of dates that reaches beyond what is kept, or has not begun. Days are
/// those of UTC here: nobody minds a few hours of two years.
fn out_of_reach(window: &Window, now: Timestamp) -> Option<String> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let kept = today.saturating_sub(i64::from(SPAN_DAYS_MAX).days());
    let too_old = || {
        format!("what happened before {kept} is not kept, so nothing is found; choose later days")
    };
    let older = || {
        format!("what happened before {kept} is not kept and not counted; begin on {kept} or later")
    };
    let to_come = |day| format!("{day} is yet to come, so nothing is found until then");
    match window {
        Window::On(day) if *day < kept => Some(too_old()),
        Window::Before(day) if *day <= kept => Some(too_old()),
        Window::Between(range) if range.to() <= kept => Some(too_old()),
        Window::Since(day) if *day < kept => Some(older()),
        Window::Between(range) if range.from() < kept => Some(older()),
        Window::On(day) | Window::Since(day) if *day > today => Some(to_come(*day)),
        Window::Between(range) if range.from() > today => Some(to_come(range.from())),
        _ => None,
    }
}

fn without_model(condition: &Condition, known: &Known<'_>) -> Option<&'static str> {
    match condition {
        Condition::Score { .. } if !known.has_scores => {
            Some("too few customers have ordered for fifths, so this is true of nobody yet")
        }
        Condition::ExpectedOrders { .. }
        | Condition::ExpectedSpend { .. }
        | Condition::NextOrder { .. }
        | Condition::ChanceGone(_)
            if !known.has_predictions =>
        {
            Some(
                "too few customers have ordered again for predictions, so this is true of nobody yet",
            )
        }
        _ => None,
    }
}

/// Whether an act is one of the shop's own events.
pub(crate) fn custom_names(act: &Act) -> Option<&crate::Words> {
    match act {
        Act::Custom(words) => Some(words),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{
        UPSELL_SEGMENT, parse,
        samples::{NOW, Sample, catalogue},
    };

    fn findings(condition: &str) -> String {
        let catalogue = catalogue();
        let segments = Segments::new([
            ("Buyers".to_owned(), parse("ordered once").unwrap()),
            ("snake".to_owned(), parse("is in segment \"snake\"").unwrap()),
        ]);
        let history =
            Sample::new().quiz(5, "Quiz Finished", 7.0).sent(4, "upsell", "offer").buffer();
        let lists = ["VIP".to_owned()];
        let known = Known {
            segments: &segments,
            names: Some(history.as_history().names()),
            lists: Some(&lists),
            has_predictions: false,
            now: Some(NOW),
            ..Known::new(Currency::EUR, &catalogue)
        };
        let found = check(&parse(condition).unwrap(), &known);
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

    #[test]
    fn names_nobody_knows_are_found_with_the_nearest_known() {
        assert_snapshot!(
            findings(
                "viewed a product not in category \"Ketles\" and did \"Quiz Finishd\" where \
                 \"scor\" is 7 and is on list \"VIPs\" and is in segment \"buyer\" or \"snake\" \
                 and opened email \"ofer\" of flow \"upsel\""
            ),
            @r#"
            viewed a product not in category "Ketles": no product has the category `Ketles`; did you mean `kettles`?
            did "Quiz Finishd" where "scor" is exactly 7: no event was ever sent as `Quiz Finishd`; did you mean `quiz finished`?
            did "Quiz Finishd" where "scor" is exactly 7: no event has the property `scor`; did you mean `score`?
            is on list "VIPs": there is no list `VIPs`; did you mean `vip`?
            is in segment "buyer" or "snake": there is no segment `buyer`; did you mean `buyers`?
            is in segment "buyer" or "snake": segment `snake` leads back to itself; take it out of its own condition
            opened email "ofer" of flow "upsel": no email was ever sent as `ofer`; did you mean `offer`?
            opened email "ofer" of flow "upsel": no email was ever sent by the flow `upsel`; did you mean `upsell`?
        "#
        );
        assert_eq!(
            findings(
                "did \"quiz finished\" where \"Score\" is 7 and is on list \"vip\" and opened \
                 email \"offer\" of flow \"upsell\" and is in segment \"buyers\""
            ),
            ""
        );
    }

    #[test]
    fn what_no_customer_or_every_customer_meets_is_found() {
        let found = [
            "ordered at least 3 times and ordered at most 1 time",
            "ordered at least 2 times in the last 7 days and ordered at most 1 time in the last 30 days",
            "ordered at least 2 times in the last 30 days and ordered at most 1 time in the last 7 days",
            "ordered once and all of (opened an email, not ordered once)",
            "any of (ordered at least 2 times, ordered at most 1 time)",
            "opened an email or not opened an email",
            "country is \"PT\" and country is \"ES\" or \"FR\"",
            "last order was at least 30 days ago and last order was less than 10 days ago",
            "spent at least 50 EUR and spent less than 50 EUR",
            "recency score is at least 6",
            "recency score is more than 0",
            "reviewed a product where rating is more than 5",
            "chance to be gone is more than 100 %",
            "opened an email and nobody",
            "not (everyone or opened an email)",
            "everyone",
        ]
        .map(findings);
        assert_snapshot!(found.join("\n"), @r#"
            ordered at least 3 times and ordered at most 1 time: `ordered at least 3 times` and `ordered at most 1 time` exclude each other; remove one, or join them by `or`
            ordered at least 2 times in the last 7 days and ordered at most 1 time in the last 30 days: `ordered at least 2 times in the last 7 days` and `ordered at most 1 time in the last 30 days` exclude each other; remove one, or join them by `or`

            ordered exactly 1 time and all of (opened an email, not ordered exactly 1 time): `ordered exactly 1 time` and `not ordered exactly 1 time` exclude each other; remove one, or join them by `or`
            any of (ordered at least 2 times, ordered at most 1 time): every customer meets `ordered at least 2 times` or `ordered at most 1 time`; remove one, or join them by `and`
            any of (opened an email, not opened an email): every customer meets `opened an email` or `not opened an email`; remove one, or join them by `and`
            country is "PT" and country is "ES" or "FR": `country is "PT"` and `country is "ES" or "FR"` exclude each other; remove one, or join them by `or`
            last order was at least 30 days ago and last order was less than 10 days ago: `last order was at least 30 days ago` and `last order was less than 10 days ago` exclude each other; remove one, or join them by `or`
            spent at least 50.00 EUR and spent less than 50.00 EUR: `spent at least 50.00 EUR` and `spent less than 50.00 EUR` exclude each other; remove one, or join them by `or`
            recency score is at least 6: scores are from 1 to 5, so this is true of nobody

            reviewed a product where rating is more than 5: ratings are from 1 to 5, so this is true of nobody
            chance to be gone is more than 100 %: a chance is from 0 to 100 %, so this is true of nobody
            chance to be gone is more than 100 %: too few customers have ordered again for predictions, so this is true of nobody yet
            opened an email and nobody: no customer can meet this; remove what excludes the rest
            not any of (everyone, opened an email): no customer can meet this; remove what excludes the rest
        "#);
    }

    #[test]
    fn windows_outside_what_is_kept_and_what_deeds_do_not_have_are_found() {
        let found = [
            "ordered once on 2020-01-01",
            "ordered once before 2020-01-01",
            "ordered once since 2020-01-01",
            "ordered once between 2026-05-01 and 2026-06-01",
            "viewed a product where quantity is 2 and amount is 5 EUR and coupon is set",
            "total \"score\" when they ordered is 5",
        ]
        .map(findings);
        assert_snapshot!(found.join("\n"), @r#"
            ordered exactly 1 time on 2020-01-01: what happened before 2024-03-01 is not kept, so nothing is found; choose later days
            ordered exactly 1 time before 2020-01-01: what happened before 2024-03-01 is not kept, so nothing is found; choose later days
            ordered exactly 1 time since 2020-01-01: what happened before 2024-03-01 is not kept and not counted; begin on 2024-03-01 or later
            ordered exactly 1 time between 2026-05-01 and 2026-06-01: 2026-05-01 is yet to come, so nothing is found until then
            viewed a product where quantity is exactly 2 and amount is exactly 5.00 EUR and coupon is set: only orders and carts have a quantity; leave it out
            viewed a product where quantity is exactly 2 and amount is exactly 5.00 EUR and coupon is set: only orders, refunds and checkouts have an amount; leave it out
            viewed a product where quantity is exactly 2 and amount is exactly 5.00 EUR and coupon is set: only orders have a coupon; leave it out
            total "score" when they ordered is exactly 5: only events of the shop's own have properties; leave it out
        "#);
    }
}
