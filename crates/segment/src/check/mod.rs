//! What a condition says that this shop cannot mean: a category nobody has, a day yet to come, clauses
//! that exclude each other. Amounts in another currency are refused where the text is read.
//!
//! Parsing needs no shop, so these are findings beside the condition, not errors of it: a category
//! may come back with tomorrow's import.

mod apart;
mod names;
mod truth;

use aftercart_model::EmailName;
use jiff::{Timestamp, tz::TimeZone};

use self::{
    names::unknown_names,
    truth::{Truth, contradictions},
};
use crate::{
    Act, Catalogue, Condition, Deed, Filter, HistoryKind, Names, Reading, Segments, Window,
};

pub use self::names::KnownFacts;

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
    pub catalogue: &'a Catalogue,
    pub segments: &'a Segments,
    /// Of all events so far; `None` leaves names of events, properties and emails unchecked.
    pub names: Option<&'a Names>,
    /// Names of the shop's lists; `None` leaves them unchecked.
    pub lists: Option<&'a [String]>,
    /// Emails of the shop's flows, beside those that were sent.
    pub emails: &'a [EmailName],
    /// Of everybody; `None` leaves countries, cities, locales and attributes unchecked.
    pub facts: Option<&'a KnownFacts>,
    /// Whether a flow asks, so that its customers have entered one.
    pub is_of_flow: bool,
    /// Whether there is a model for predictions; with one for scores there is mostly one too.
    pub has_predictions: bool,
    pub has_scores: bool,
    /// Whether any product is known to be bought again after some time.
    pub has_intervals: bool,
    /// `None` leaves dates unchecked.
    pub now: Option<Timestamp>,
}

impl<'a> Known<'a> {
    /// Nothing but the catalogue, for a segment; what is not known is not checked.
    pub fn new(catalogue: &'a Catalogue) -> Self {
        Self {
            catalogue,
            segments: Segments::none(),
            names: None,
            lists: None,
            emails: &[],
            facts: None,
            is_of_flow: false,
            has_predictions: true,
            has_scores: true,
            has_intervals: true,
            now: None,
        }
    }
}

/// What is odd about the condition in such a shop.
pub fn check(condition: &Condition, known: &Known<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    visit(condition, known, &mut findings);
    let is_plain =
        matches!(condition, Condition::All(parts) | Condition::Any(parts) if parts.is_empty());
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
    truth::fault(condition).or_else(|| truth::idle(condition)).into_iter().for_each(&mut note);
    for deed in deeds(condition) {
        misplaced(condition, deed).into_iter().for_each(&mut note);
    }
    let window = window_of(condition);
    if window == Some(&Window::SinceEntry) && !known.is_of_flow {
        note("nobody enters a flow here, so this is true of nobody; ask it in a flow".to_owned());
    }
    if let (Some(window), Some(now)) = (window, known.now) {
        yet_to_come(window, now).into_iter().for_each(&mut note);
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

/// What is said of a window of dates that has not begun. Days are those of UTC here: a few hours are
/// no matter.
fn yet_to_come(window: &Window, now: Timestamp) -> Option<String> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let day = match window {
        Window::On(day) | Window::Since(day) => *day,
        Window::Between(range) => range.from(),
        _ => return None,
    };
    (day > today).then(|| format!("{day} is yet to come, so nothing is found until then"))
}

fn without_model(condition: &Condition, known: &Known<'_>) -> Option<&'static str> {
    match condition {
        Condition::Score { .. } if !known.has_scores => {
            Some("too few customers have ordered for fifths, so this is true of nobody yet")
        }
        Condition::DueAgain { .. } if !known.has_intervals => Some(
            "of no product have enough customers bought it again for an interval, so this is true of nobody yet",
        ),
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
    use aftercart_model::{FlowId, StepId};
    use insta::assert_snapshot;

    use super::*;
    use crate::{
        UPSELL_SEGMENT, parse,
        samples::{NOW, Sample, catalogue},
    };

    fn findings(condition: &str) -> String {
        let condition = parse(condition).unwrap();
        let mut sample = Sample::new();
        sample.facts.country = Some("PT".to_owned());
        sample.facts.city = Some("Lisboa".to_owned());
        sample.facts.attributes.insert("Loyalty tier".to_owned(), "gold".into());
        let facts = KnownFacts::asked(&condition, [&sample.facts]);
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
            facts: Some(&facts),
            has_predictions: false,
            has_intervals: false,
            now: Some(NOW),
            emails: &[EmailName {
                flow: FlowId::new("winback").unwrap(),
                step: StepId::new("hello").unwrap(),
            }],
            ..Known::new(&catalogue)
        };
        let found = check(&condition, &known);
        let lines: Vec<String> =
            found.iter().map(|it| format!("{}: {}", it.clause, it.text)).collect();
        lines.join("\n")
    }

    #[test]
    fn what_this_shop_cannot_mean_is_found() {
        assert_eq!(findings(UPSELL_SEGMENT), "", "the shipped segment suits every shop");
        assert_eq!(findings("bought a product in category \"kettles\" or \"Brewing\""), "");
        assert_snapshot!(
            findings("not any of (spent at least 5 EUR, bought a product tagged \"new\" or \"for aprons\")"),
            @r#"bought a product tagged "new" or "for aprons": no product has the tag `new`; those there are: `for aprons`, `for drippers`, `for kettles`"#
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
            viewed a product not in category "Ketles": no product has the category `Ketles`; did you mean `Kettles`?
            did "Quiz Finishd" where "scor" is exactly 7: no event was ever sent as `Quiz Finishd`; did you mean `Quiz Finished`?
            did "Quiz Finishd" where "scor" is exactly 7: no event has the property `scor`; did you mean `score`?
            is on list "VIPs": there is no list `VIPs`; did you mean `VIP`?
            is in segment "buyer" or "snake": there is no segment `buyer`; did you mean `Buyers`?
            is in segment "buyer" or "snake": segment `snake` leads back to itself; take it out of its own condition
            opened email "ofer" of flow "upsel": no flow sends an email `ofer`; did you mean `offer`?
            opened email "ofer" of flow "upsel": no email is sent by a flow `upsel`; did you mean `upsell`?
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
    fn what_no_customer_has_is_found_with_the_nearest_or_with_all() {
        let found = [
            "time zone is \"Europe/Lisbn\" or \"europe/lisbon\"",
            "country is \"Portugal\" or \"pt\"",
            "none of (country is \"PT\", city is \"Lisbao\")",
            "attribute \"loyalty teir\" is \"gold\" and attribute \"LOYALTY TIER\" is set",
            "locale is \"pt-PT\"",
            "opened email \"helo\" of flow \"winbak\"",
            "opened email \"hello\" of flow \"winback\"",
        ]
        .map(findings);
        assert_snapshot!(found.join("\n"), @r#"
            time zone is "Europe/Lisbn" or "europe/lisbon": there is no time zone `Europe/Lisbn`; did you mean `Europe/Lisbon`?
            country is "Portugal" or "pt": no customer has the country `Portugal`; those there are: `PT`
            city is "Lisbao": no customer has the city `Lisbao`; did you mean `Lisboa`?
            attribute "loyalty teir" is "gold": no customer has the attribute `loyalty teir`; did you mean `Loyalty tier`?
            locale is "pt-PT": no customer has the locale `pt-PT`; check the spelling
            opened email "helo" of flow "winbak": no flow sends an email `helo`; did you mean `hello`?
            opened email "helo" of flow "winbak": no email is sent by a flow `winbak`; did you mean `winback`?
        "#);
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
            "reviewed a product 0 times where rating is more than 5",
            "chance to be gone is more than 100 %",
            "opened an email and nobody",
            "not (everyone or opened an email)",
            "everyone",
            "none of ()",
            "opened an email and none of ()",
            "ordered at least 1 time since their last order",
            "bought a product since they last ordered",
            "viewed a product before they first viewed a product",
            "bought a product in category \"Kettles\" in category \"Mugs\"",
            "viewed a product priced at least 9 EUR not priced at least 8 EUR",
            "viewed a product tagged \"new\" tagged \"for kettles\"",
            "reviewed a product where rating is at least 5 and rating is less than 3",
            "last order is worth at least 5 EUR and ordered 0 times",
            "ordered at least 5 times on 2026-02-01 and not ordered on 2026-02-01",
            "bought a product in category \"Kettles\" and ordered never",
            "spent at least 10 EUR or spent less than 10 EUR",
            "spent at least 10 EUR or spent at most 9.98 EUR",
            "chance to be gone is at least 0 %",
            "chance to be gone is at least -1 %",
            "viewed a product since entering the flow",
        ]
        .map(findings);
        assert_snapshot!(found.join("\n"), @r#"
            ordered at least 3 times and ordered at most 1 time: `ordered at least 3 times` and `ordered at most 1 time` exclude each other; remove one, or join them by `or`
            ordered at least 2 times in the last 7 days and ordered at most 1 time in the last 30 days: `ordered at least 2 times in the last 7 days` and `ordered at most 1 time in the last 30 days` exclude each other; remove one, or join them by `or`

            ordered exactly 1 time and all of (opened an email, not ordered exactly 1 time): `ordered exactly 1 time` and `not ordered exactly 1 time` exclude each other; remove one, or join them by `or`
            any of (ordered at least 2 times, ordered at most 1 time): every customer meets `ordered at least 2 times` or `ordered at most 1 time`; remove one, or join them by `and`
            any of (opened an email, not opened an email): every customer meets `opened an email` or `not opened an email`; remove one, or join them by `and`
            country is "ES" or "FR": no customer has the country `ES`; those there are: `PT`
            country is "ES" or "FR": no customer has the country `FR`; those there are: `PT`
            country is "PT" and country is "ES" or "FR": `country is "PT"` and `country is "ES" or "FR"` exclude each other; remove one, or join them by `or`
            last order was at least 30 days ago and last order was less than 10 days ago: `last order was at least 30 days ago` and `last order was less than 10 days ago` exclude each other; remove one, or join them by `or`
            spent at least 50.00 EUR and spent less than 50.00 EUR: `spent at least 50.00 EUR` and `spent less than 50.00 EUR` exclude each other; remove one, or join them by `or`
            recency score is at least 6: scores are from 1 to 5, so this is true of nobody
            recency score is more than 0: scores are from 1 to 5, so every one of them will do; ask for more, or leave it out
            reviewed a product where rating is more than 5: ratings are from 1 to 5, so this is true of nobody

            chance to be gone is more than 100 %: a chance is from 0 to 100 %, so this is true of nobody
            chance to be gone is more than 100 %: too few customers have ordered again for predictions, so this is true of nobody yet
            opened an email and nobody: no customer can meet this; remove what excludes the rest
            not any of (everyone, opened an email): no customer can meet this; remove what excludes the rest

            none of (): every customer meets a group of nothing; put conditions into it
            none of (): every customer meets a group of nothing; put conditions into it
            ordered at least 1 time since their last order: nothing of the kind was done since it was last done, so this is true of nobody
            bought a product since their last order: nothing of the kind was done since it was last done, so this is true of nobody
            viewed a product before they first viewed a product: nothing of the kind was done before it was first done, so this is true of nobody
            bought a product in category "Kettles" in category "Mugs": no product is all of this at once, so this is true of nobody
            bought a product in category "Kettles" in category "Mugs": no product has the category `Mugs`; those there are: `Brewing`, `Kettles`, `Textiles`
            viewed a product priced at least 9.00 EUR not priced at least 8.00 EUR: no product is all of this at once, so this is true of nobody
            viewed a product tagged "new" tagged "for kettles": no product has the tag `new`; those there are: `for aprons`, `for drippers`, `for kettles`
            reviewed a product where rating is at least 5 and rating is less than 3: no rating is all of this at once, so this is true of nobody
            last order is worth at least 5.00 EUR and ordered 0 times: `last order is worth at least 5.00 EUR` and `ordered 0 times` exclude each other; remove one, or join them by `or`
            ordered at least 5 times on 2026-02-01 and not ordered at least 1 time on 2026-02-01: `ordered at least 5 times on 2026-02-01` and `not ordered at least 1 time on 2026-02-01` exclude each other; remove one, or join them by `or`
            bought a product in category "Kettles" and ordered 0 times: `bought a product in category "Kettles"` and `ordered 0 times` exclude each other; remove one, or join them by `or`
            any of (spent at least 10.00 EUR, spent less than 10.00 EUR): every customer meets `spent at least 10.00 EUR` or `spent less than 10.00 EUR`; remove one, or join them by `and`

            chance to be gone is at least 0 %: a chance is from 0 to 100 %, so every one of them will do; ask for more, or leave it out
            chance to be gone is at least 0 %: too few customers have ordered again for predictions, so this is true of nobody yet
            chance to be gone is at least -1 %: a chance is from 0 to 100 %, so every one of them will do; ask for more, or leave it out
            chance to be gone is at least -1 %: too few customers have ordered again for predictions, so this is true of nobody yet
            viewed a product since entering the flow: nobody enters a flow here, so this is true of nobody; ask it in a flow
        "#);
    }

    #[test]
    fn what_cannot_be_due_again_is_found() {
        let found = [
            "a product in category \"Ketles\" is due again",
            "a product in category \"Kettles\" in category \"Brewing\" is due again within 3 days",
            "a product is due again and ordered 0 times",
        ]
        .map(findings);
        assert_snapshot!(found.join("\n"), @r#"
        a product in category "Ketles" is due again: no product has the category `Ketles`; did you mean `Kettles`?
        a product in category "Ketles" is due again: of no product have enough customers bought it again for an interval, so this is true of nobody yet
        a product in category "Kettles" in category "Brewing" is due again within 3 days: no product is all of this at once, so this is true of nobody
        a product in category "Kettles" in category "Brewing" is due again within 3 days: of no product have enough customers bought it again for an interval, so this is true of nobody yet
        a product is due again: of no product have enough customers bought it again for an interval, so this is true of nobody yet
        a product is due again and ordered 0 times: `a product is due again` and `ordered 0 times` exclude each other; remove one, or join them by `or`
        "#);
    }

    #[test]
    fn days_yet_to_come_and_what_deeds_do_not_have_are_found() {
        let found = [
            "ordered once on 2020-01-01",
            "ordered once before 2020-01-01",
            "ordered once since 2020-01-01",
            "viewed a product 0 times between 2020-01-01 and 2026-01-01",
            "ordered once between 2026-05-01 and 2026-06-01",
            "viewed a product where quantity is 2 and amount is 5 EUR and coupon is set",
            "total \"score\" when they ordered is 5",
        ]
        .map(findings);
        assert_eq!(found[..4], ["", "", "", ""], "what is old is asked as anything else is");
        assert_snapshot!(found[4..].join("\n"), @r#"
            ordered exactly 1 time between 2026-05-01 and 2026-06-01: 2026-05-01 is yet to come, so nothing is found until then
            viewed a product where quantity is exactly 2 and amount is exactly 5.00 EUR and coupon is set: only orders and carts have a quantity; leave it out
            viewed a product where quantity is exactly 2 and amount is exactly 5.00 EUR and coupon is set: only orders, refunds and checkouts have an amount; leave it out
            viewed a product where quantity is exactly 2 and amount is exactly 5.00 EUR and coupon is set: only orders have a coupon; leave it out
            total "score" when they ordered is exactly 5: only events of the shop's own have properties; leave it out
        "#);
    }
}
