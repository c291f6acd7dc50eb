//! Why a customer meets a condition or does not: the answer of each clause, what it rests on, and
//! until when it stays so if nothing happens.
//!
//! The answers come from the same evaluator that counts segments; nothing is reasoned twice.

use aftercart_model::{Currency, ProductId};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    Act, Catalogue, Condition, Deed, Evaluator, HistoryKind, Owned, ProductTest, Reading, Subject,
    Words, WorthOf,
    evaluate::{BoundProducts, BoundWindow, Due, Node},
    history::timestamp,
};

/// How many events an answer shows; the count beside them is whole.
const WITNESSES_MAX: usize = 10;

/// The answer of a condition or of one of its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The written form of this part; for a group, with its parts.
    pub clause: String,
    pub is_met: bool,
    /// The answer stays until then if nothing happens; `None` if time alone never changes it.
    pub holds_until: Option<Timestamp>,
    pub found: Found,
    /// The parts of a group, each with its own answer; of a segment that is asked, its condition.
    pub parts: Vec<Explanation>,
}

/// What an answer rests on.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A group: see its parts.
    Parts,
    /// So many events; the newest of them, newest first.
    Events {
        count: usize,
        newest: Vec<Witness>,
    },
    /// A deed and what followed it within the span.
    Sequence {
        first: Witness,
        then: Option<Witness>,
    },
    /// An amount of the shop's money; of one order, when that was placed.
    Amount {
        minor: i64,
        ordered_at: Option<Timestamp>,
    },
    OrderedAt(Timestamp),
    /// Asked of an order, and there is none.
    NoOrder,
    /// Asked since or before a deed that was never done, or since entering a flow by no flow.
    NoSuchTime,
    /// Asked of a model that the shop does not have yet.
    NoModel,
    /// A fact about the customer; `None` if it is not known.
    Fact(Option<String>),
}

/// An event an answer rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    pub at: Timestamp,
    pub kind: HistoryKind,
    pub product: Option<ProductId>,
    /// The name of an event of the shop's own, or which email it was.
    pub name: Option<String>,
    /// What the order or line was worth.
    pub amount_minor: i64,
    /// For a related or better product, the product of theirs that it goes with or betters.
    pub anchor: Option<ProductId>,
    /// It betters the anchor, rather than going with it.
    pub is_better: bool,
}

/// Why the customer meets the condition at `now`, or does not.
pub fn explain(condition: &Condition, subject: &Subject<'_>, now: Timestamp) -> Explanation {
    explain_part(condition, &Evaluator::new(subject, now), 0)
}

impl Found {
    /// In words a shopkeeper reads, times in `zone`: `2 times, last on 9 March 2026 at 14:05, …`.
    pub fn words(&self, catalogue: &Catalogue, zone: &TimeZone, currency: Currency) -> String {
        let date = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%-d %B %Y").to_string();
        match self {
            Self::Parts => String::new(),
            Self::Events { newest, .. } if newest.is_empty() => "never".to_owned(),
            Self::Events { count, newest } => {
                let newest = newest[0].words(catalogue, zone, currency);
                match count {
                    1 => newest,
                    2 => format!("{newest}, and once before"),
                    _ => format!("{newest}, and {} times before", count - 1),
                }
            }
            Self::Sequence { first, then } => {
                let first = first.words(catalogue, zone, currency);
                match then {
                    Some(then) => {
                        format!("{first}, and then {}", then.words(catalogue, zone, currency))
                    }
                    None => format!("{first}, and then nothing of the kind"),
                }
            }
            Self::Amount { minor, ordered_at: Some(at) } => {
                format!("{}, ordered on {}", currency.format(*minor), date(*at))
            }
            Self::Amount { minor, ordered_at: None } => currency.format(*minor),
            Self::OrderedAt(at) => format!("ordered on {}", date(*at)),
            Self::NoOrder => "has no order".to_owned(),
            Self::NoSuchTime => "there is no such time".to_owned(),
            Self::NoModel => "the shop has too few orders to tell".to_owned(),
            Self::Fact(Some(fact)) => fact.clone(),
            Self::Fact(None) => "not known".to_owned(),
        }
    }
}

impl Witness {
    fn words(&self, catalogue: &Catalogue, zone: &TimeZone, currency: Currency) -> String {
        let name =
            |product: ProductId| catalogue.name(product).unwrap_or("a product since removed");
        let mut words = match (self.product, self.kind, &self.name) {
            (Some(product), _, _) => name(product).to_owned(),
            (None, HistoryKind::Order, _) => {
                format!("an order of {}", currency.format(self.amount_minor))
            }
            (None, HistoryKind::OrderCancelled, _) => "a cancellation".to_owned(),
            (None, HistoryKind::OrderRefunded, _) => {
                format!("a refund of {}", currency.format(self.amount_minor))
            }
            (None, HistoryKind::CheckoutStarted, _) => {
                format!("a checkout of {}", currency.format(self.amount_minor))
            }
            (None, _, Some(name)) => name.clone(),
            (None, _, None) => "an email".to_owned(),
        };
        let at = self.at.to_zoned(zone.clone()).strftime(" on %-d %B %Y at %H:%M");
        words.push_str(&at.to_string());
        if let Some(anchor) = self.anchor {
            let relation = if self.is_better { "is a better version of" } else { "goes with" };
            words.push_str(&format!(", which {relation} {} in the last order", name(anchor)));
        }
        words
    }
}

fn explain_part(condition: &Condition, evaluator: &Evaluator<'_>, depth: usize) -> Explanation {
    let bound = evaluator.bind(condition);
    let mut parts: Vec<Explanation> =
        condition.parts().iter().map(|it| explain_part(it, evaluator, depth)).collect();
    if let Condition::IsInSegment(words) = condition
        && depth < SEGMENTS_SHOWN_DEEP
    {
        parts = explain_segments(words, evaluator, depth + 1);
    }
    Explanation {
        clause: condition.to_string(),
        is_met: evaluator.meets(&bound),
        holds_until: evaluator.stays_until(&bound.node),
        found: found(condition, &bound.node, evaluator),
        parts,
    }
}

/// A segment within a segment within a segment is explained on a page of its own.
const SEGMENTS_SHOWN_DEEP: usize = 2;

fn explain_segments(words: &Words, evaluator: &Evaluator<'_>, depth: usize) -> Vec<Explanation> {
    let segments = evaluator.subject.shop.segments;
    let asked = words.names().iter().filter(|it| segments.fault(it.as_str()).is_none());
    let conditions = asked.filter_map(|it| segments.folded(it.folded()));
    conditions.map(|it| explain_part(it, evaluator, depth)).collect()
}

fn found(condition: &Condition, node: &Node<'_>, evaluator: &Evaluator<'_>) -> Found {
    let customer = evaluator.subject.customer;
    let yes_or_no = |is: bool| Found::Fact(Some(if is { "yes" } else { "no" }.to_owned()));
    match (condition, node) {
        (Condition::Did { deed, .. }, Node::Did { deed: bound, window, .. }) => {
            let Some(range) = evaluator.range(window) else { return no_such_time(window) };
            if bound.asks_of_owned() && evaluator.last_order().is_none() {
                return Found::NoOrder;
            }
            let rows: Vec<usize> = evaluator.rows(bound, range).rev().collect();
            let shown = rows.iter().take(WITNESSES_MAX);
            let newest = shown.filter_map(|&it| witness(it, deed, evaluator)).collect();
            Found::Events { count: rows.len(), newest }
        }
        (Condition::Recency { pick, deed, .. }, Node::Recency { deed: bound, .. }) => {
            let row = evaluator.pick(bound, *pick);
            let witness = row.and_then(|it| witness(it, deed, evaluator));
            match witness {
                Some(it) if deed.act == Act::Ordered => Found::OrderedAt(it.at),
                None if deed.act == Act::Ordered => Found::NoOrder,
                witness => Found::Events {
                    count: usize::from(witness.is_some()),
                    newest: witness.into_iter().collect(),
                },
            }
        }
        (Condition::Sequence { first, then, .. }, Node::Sequence(bound)) => {
            let seen = evaluator.sequence(bound);
            let witnesses = seen.and_then(|(row, next)| {
                let next = next.and_then(|it| witness(it, then, evaluator));
                Some((witness(row, first, evaluator)?, next))
            });
            match witnesses {
                Some((first, then)) => Found::Sequence { first, then },
                None => Found::Events { count: 0, newest: Vec::new() },
            }
        }
        (Condition::Figure { statistic, of, .. }, Node::Figure { of: bound, deed, window, .. }) => {
            if evaluator.range(window).is_none() {
                return no_such_time(window);
            }
            match (evaluator.figure(*statistic, bound, deed, window), of) {
                (None, _) => Found::Events { count: 0, newest: Vec::new() },
                (Some(minor), Reading::Amount(_)) => Found::Amount { minor, ordered_at: None },
                (Some(millionths), _) => Found::Fact(Some(in_words(millionths))),
            }
        }
        (_, Node::Spent { window, .. }) => match evaluator.spent(window) {
            Some(minor) => Found::Amount { minor, ordered_at: None },
            None => no_such_time(window),
        },
        (_, Node::Worth { of, .. }) => match evaluator.worth(*of) {
            Some(minor) => {
                let order = match of {
                    WorthOf::First => evaluator.order(crate::Pick::First),
                    WorthOf::Last => evaluator.order(crate::Pick::Last),
                    WorthOf::Average => None,
                };
                let row = order.and_then(|it| evaluator.history.row(it));
                Found::Amount { minor, ordered_at: row.map(|it| it.at()) }
            }
            None => Found::NoOrder,
        },
        (_, Node::Score { of, .. }) => {
            predicted(evaluator, evaluator.score(*of).map(|it| format!("{it} of 5")))
        }
        (_, Node::ExpectedOrders { days, .. }) => {
            let orders = evaluator.expected_orders(*days);
            predicted(evaluator, orders.map(|it| format!("{it:.2} orders expected")))
        }
        (_, Node::ExpectedSpend { days, .. }) => match evaluator.expected_minor(*days) {
            Some(minor) => Found::Amount { minor: minor.round() as i64, ordered_at: None },
            None => predicted(evaluator, None),
        },
        (_, Node::NextOrder { .. }) => {
            let days = evaluator.next_order_days();
            predicted(evaluator, days.map(|it| format!("expected in {it:.0} days")))
        }
        (_, Node::DueAgain { products, within_ms }) => due_again(evaluator, products, *within_ms),
        (_, Node::ChanceGone(_)) => {
            let chance = evaluator.chance_gone();
            predicted(evaluator, chance.map(|it| format!("{:.0} %", it * 100.0)))
        }
        (_, Node::Fact { fact, .. }) => Found::Fact(evaluator.fact(*fact).map(str::to_owned)),
        (_, Node::PostalCode(_)) => Found::Fact(customer.postal_code.clone()),
        (_, Node::Attribute { name, .. }) => {
            Found::Fact(customer.attribute(name).map(|it| match it {
                serde_json::Value::String(text) => text.clone(),
                value => value.to_string(),
            }))
        }
        (_, Node::Consent { topic, .. }) => yes_or_no(customer.agreed_to(*topic)),
        (_, Node::IsSuppressed(_)) => match customer.bars.as_slice() {
            [] => yes_or_no(false),
            bars => {
                let bars: Vec<String> =
                    bars.iter().map(|it| crate::BarReason::from(*it).to_string()).collect();
                Found::Fact(Some(format!("yes, by {}", bars.join(", "))))
            }
        },
        (_, Node::HasEmail) => yes_or_no(customer.has_email),
        (_, Node::IsOnList(_)) => {
            let lists: Vec<&str> = customer.lists.iter().map(String::as_str).collect();
            Found::Fact(Some(match lists.as_slice() {
                [] => "on no list".to_owned(),
                lists => format!("on {}", lists.join(", ")),
            }))
        }
        _ => Found::Parts,
    }
}

/// The product that is due, else the one that is next, else the one that was last.
fn due_again(evaluator: &Evaluator<'_>, products: &BoundProducts<'_>, within_ms: i64) -> Found {
    let now_ms = evaluator.now_ms;
    let place = |it: &Due| match it.holds(within_ms, now_ms) {
        true => (0, it.at_ms),
        false if now_ms < it.at_ms => (1, it.at_ms),
        false => (2, -it.at_ms),
    };
    let shop = &evaluator.subject.shop;
    match evaluator.dues(products).into_iter().min_by_key(place) {
        Some(due) => {
            let name = shop.catalogue.name(due.product).unwrap_or("a product");
            let on = timestamp(due.at_ms).to_zoned(evaluator.subject.zone.clone()).date();
            let learned = shop.relations.intervals_learned_at();
            let learned = learned.map_or(String::new(), |at| {
                format!(", by intervals learned on {}", at.to_zoned(TimeZone::UTC).date())
            });
            let due_on = if due.at_ms <= now_ms { "was due" } else { "is due" };
            Found::Fact(Some(format!("{name} {due_on} on {on}{learned}")))
        }
        None if evaluator.last_order().is_none() => Found::NoOrder,
        None => Found::Fact(None),
    }
}

fn no_such_time(window: &BoundWindow<'_>) -> Found {
    match window {
        BoundWindow::SinceLastOrder => Found::NoOrder,
        _ => Found::NoSuchTime,
    }
}

/// A customer without orders, or a shop without a model, has no prediction.
fn predicted(evaluator: &Evaluator<'_>, words: Option<String>) -> Found {
    match words {
        Some(words) => Found::Fact(Some(words)),
        None if evaluator.last_order().is_none() => Found::NoOrder,
        None if evaluator.subject.shop.model.is_none() => Found::NoModel,
        None => Found::Fact(None),
    }
}

fn in_words(millionths: i64) -> String {
    match crate::Number::of_millionths(millionths) {
        Ok(number) => number.to_string(),
        Err(_) => (millionths / 1_000_000).to_string(),
    }
}

fn witness(row: usize, deed: &Deed, evaluator: &Evaluator<'_>) -> Option<Witness> {
    let (history, subject) = (evaluator.history, &evaluator.subject);
    let it = history.row(row)?;
    let relations = subject.shop.relations;
    let product = it.product();
    let related = deed.act.product_tests().iter().find_map(|test| {
        let (owned, is_better) = match test {
            ProductTest::Related(owned) => (*owned, false),
            ProductTest::Better(owned) => (*owned, true),
            _ => return None,
        };
        let product = product?;
        let is_it = |anchor: &ProductId| match is_better {
            true => relations.betters(product, *anchor),
            false => relations.goes_with(product, *anchor),
        };
        let anchor = match owned {
            Owned::LastOrder => evaluator.last_order_products().find(is_it),
            Owned::AnyOrder => evaluator.bought_products().iter().copied().find(is_it),
        };
        Some((anchor?, is_better))
    });
    let name = match (it.kind, history.email(row)) {
        (HistoryKind::Custom, _) => {
            history.event_name(row).map(|it| history.names().text(it).to_owned())
        }
        (_, Some(email)) => history
            .names()
            .email(email)
            .map(|it| format!("the email {} of the flow {}", it.step, it.flow)),
        _ => None,
    };
    // A click that was asked for as one of an email is told as that, not by its product.
    let is_of_email = matches!(deed.act, Act::ClickedEmail(_));
    Some(Witness {
        at: it.at(),
        kind: it.kind,
        product: product.filter(|_| !is_of_email),
        name,
        amount_minor: it.amount,
        anchor: related.map(|it| it.0),
        is_better: related.is_some_and(|it| it.1),
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Count, UPSELL_SEGMENT, evaluate, parse,
        samples::{
            APRON, DRIPPER, GOOSENECK, KETTLE, LAW_CASES, NOW, Sample, any_condition, any_deed,
            any_sample, any_window, catalogue,
        },
    };

    /// The answers, one a line: whether, what was asked, what was found, until when.
    fn lines(explanation: &Explanation, indent: usize, out: &mut String) {
        let mark = if explanation.is_met { "yes" } else { "no " };
        let found = explanation.found.words(&catalogue(), &TimeZone::UTC, Currency::EUR);
        let clause = match explanation.parts.is_empty() {
            true => format!("{}: {found}", explanation.clause),
            false => explanation.clause.split(" (").next().unwrap_or_default().to_owned(),
        };
        let until = explanation.holds_until.map(|it| format!(" [until {it}]")).unwrap_or_default();
        let clause = clause.trim_end_matches(": ");
        out.push_str(&format!("{:indent$}{mark} {clause}{until}\n", ""));
        explanation.parts.iter().for_each(|it| lines(it, indent + 2, out));
    }

    fn explained(sample: &Sample, condition: &str) -> String {
        let condition = parse(condition).unwrap();
        let mut out = String::new();
        lines(&sample.ask(|it| explain(&condition, it, NOW)), 0, &mut out);
        out
    }

    #[test]
    fn an_answer_says_which_clause_holds_and_on_what() {
        let sample = Sample::new()
            .ordered(300, "1", &[(DRIPPER, 4_250)])
            .viewed(200, KETTLE)
            .viewed(100, KETTLE)
            .viewed(50, GOOSENECK)
            .viewed(20, APRON);
        let segment = UPSELL_SEGMENT.replace("customers who", "");
        let all = format!("any of (nobody, all of ({}))", parse(&segment).unwrap());
        assert_snapshot!(explained(&sample, &all), @"
            yes any of [until 2026-03-19T00:00:00Z]
              no  nobody
              yes all of [until 2026-03-19T00:00:00Z]
                yes ordered at least 1 time in the last 30 days and any of [until 2026-03-19T00:00:00Z]
                  yes ordered at least 1 time in the last 30 days: an order of €42.50 on 17 February 2026 at 00:00 [until 2026-03-19T00:00:00Z]
                  yes any of
                    yes viewed a product related to their last order since their last order: Stovetop kettle on 25 February 2026 at 08:00, which goes with Ceramic dripper in the last order, and once before
                    no  clicked a link to a product related to their last order since their last order: never
                    yes viewed a product better than their last order since their last order: Gooseneck kettle on 27 February 2026 at 10:00, which is a better version of Ceramic dripper in the last order
                    no  clicked a link to a product better than their last order since their last order: never
                  yes ordered 0 times since their last order: never
        ");
        assert_snapshot!(explained(&Sample::new(), UPSELL_SEGMENT), @"
            no  ordered at least 1 time in the last 30 days and any of
              no  ordered at least 1 time in the last 30 days: never
              no  any of
                no  viewed a product related to their last order since their last order: has no order
                no  clicked a link to a product related to their last order since their last order: has no order
                no  viewed a product better than their last order since their last order: has no order
                no  clicked a link to a product better than their last order since their last order: has no order
              no  ordered 0 times since their last order: has no order
        ");
    }

    #[test]
    fn amounts_and_facts_are_told() {
        let mut sample = Sample::new().ordered(300, "1", &[(DRIPPER, 4_250)]);
        sample.facts.country = Some("PT".to_owned());
        let condition = "last order is worth at least 50 EUR and spent at least 10 EUR and \
            first order was less than 20 days ago and country is \"ES\" and has email address";
        let condition = condition.replace("has email", "has an email");
        assert_snapshot!(explained(&sample, &condition), @r#"
            no  last order is worth at least 50.00 EUR and spent at least 10.00 EUR and first order was less than 20 days ago and country is "ES" and has an email address
              no  last order is worth at least 50.00 EUR: €42.50, ordered on 17 February 2026
              yes spent at least 10.00 EUR: €42.50
              yes first order was less than 20 days ago: ordered on 17 February 2026 [until 2026-03-09T00:00:00Z]
              no  country is "ES": PT
              no  has an email address: no
        "#);
    }

    #[test]
    fn every_kind_of_clause_tells_what_it_rests_on() {
        let mut sample = Sample::new()
            .ordered_with(300, "1", &[(DRIPPER, 2, 8_500)], Some("WELCOME"))
            .viewed(200, KETTLE)
            .quiz(100, "Quiz Finished", 7.0)
            .quiz(50, "Quiz Finished", 4.5)
            .opened_email(20, "upsell", "offer")
            .clicked(19, aftercart_model::Agent::Human, KETTLE);
        sample.facts.locale = Some("pt-PT".to_owned());
        sample.facts.bars = vec![aftercart_model::SuppressionReason::Bounce];
        sample.facts.attributes.insert("plan".to_owned(), serde_json::json!(["gold", 3]));
        let clauses = [
            "did \"quiz finished\" where \"score\" is more than 5",
            "last viewed a product at least 8 days ago",
            "viewed a product and then within 7 days did \"Quiz Finished\"",
            "viewed a product and then within 7 days did not order",
            "viewed a product and then within 9 days did not order",
            "average \"score\" of \"Quiz Finished\" is more than 5.5 in the last 7 days",
            "total quantity when they ordered is at least 2",
            "largest amount when they ordered is at least 50 EUR last month",
            "opened email \"offer\"",
            "clicked an email",
            "viewed a product since they first reviewed a product",
            "recency score is at least 3",
            "is expected to order at least 1 time in the next 90 days",
            "next order is expected within 14 days",
            "chance to be gone is less than 50 %",
            "language is \"pt\"",
            "attribute \"plan\" contains \"gold\"",
            "is suppressed by complaint",
            "is on list \"VIP\"",
            "is in segment \"buyers\"",
        ];
        let all = format!("any of ({})", clauses.join(", "));
        assert_snapshot!(explained(&sample, &all), @r#"
            yes any of [until 2026-04-30T00:00:00Z]
              yes did "quiz finished" where "score" is more than 5: Quiz Finished on 25 February 2026 at 08:00
              yes last viewed a product at least 8 days ago: Stovetop kettle on 21 February 2026 at 04:00
              yes viewed a product and then within 7 days did "Quiz Finished": Stovetop kettle on 21 February 2026 at 04:00, and then Quiz Finished on 25 February 2026 at 08:00
              yes viewed a product and then within 7 days did not order: Stovetop kettle on 21 February 2026 at 04:00, and then nothing of the kind
              no  viewed a product and then within 9 days did not order: never [until 2026-03-02T04:00:00Z]
              yes average "score" of "Quiz Finished" is more than 5.5 in the last 7 days: 5.75 [until 2026-03-04T08:00:00Z]
              yes total quantity when they ordered is at least 2: 2
              yes largest amount when they ordered is at least 50.00 EUR last month: €85.00 [until 2026-04-01T00:00:00Z]
              yes opened email "offer": the email offer of the flow upsell on 28 February 2026 at 16:00
              yes clicked an email: an email on 28 February 2026 at 17:00
              no  viewed a product since they first reviewed a product: there is no such time
              yes recency score is at least 3: 3 of 5 [until 2026-03-19T00:00:00Z]
              no  is expected to order at least 1 time in the next 90 days: 0.41 orders expected [until 2026-04-30T00:00:00Z]
              no  next order is expected within 14 days: expected in 701 days [until 2026-04-30T00:00:00Z]
              yes chance to be gone is less than 50 %: 0 % [until 2026-04-30T00:00:00Z]
              yes language is "pt": pt
              yes attribute "plan" contains "gold": ["gold",3]
              no  is suppressed by complaint: yes, by bounce
              no  is on list "VIP": on no list
              yes is in segment "buyers" [until 2026-03-19T00:00:00Z]
                yes ordered at least 1 time in the last 30 days: an order of €85.00 on 17 February 2026 at 00:00 [until 2026-03-19T00:00:00Z]
        "#);
    }

    #[test]
    fn what_is_due_says_which_and_by_intervals_of_when() {
        let bought = |days: i64| Sample::new().ordered(24 * days, "1", &[(APRON, 3_000)]);
        let all = [bought(40), bought(10), bought(70), Sample::new(), {
            Sample::new().ordered(24, "1", &[(KETTLE, 3_900)])
        }];
        let lines = all.map(|it| explained(&it, "a product is due again"));
        assert_snapshot!(lines.concat(), @r"
        yes a product is due again: Linen apron was due on 2026-02-19, by intervals learned on 2026-03-01 [until 2026-03-21T12:00:00Z]
        no  a product is due again: Linen apron is due on 2026-03-21, by intervals learned on 2026-03-01 [until 2026-03-21T12:00:00Z]
        no  a product is due again: Linen apron was due on 2026-01-20, by intervals learned on 2026-03-01
        no  a product is due again: has no order
        no  a product is due again: not known
        ");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(LAW_CASES))]

        #[test]
        fn the_answer_is_the_evaluators(sample in any_sample(), it in any_condition()) {
            let (met, explanation) =
                sample.ask(|subject| (evaluate(&it, subject, NOW), explain(&it, subject, NOW)));
            prop_assert_eq!(explanation.is_met, met);
            let is_segment = matches!(it, Condition::IsInSegment(_));
            prop_assert!(is_segment || explanation.parts.len() == it.parts().len());
        }

        #[test]
        fn what_is_found_is_what_the_answer_rests_on(
            sample in any_sample(), deed in any_deed(), window in any_window(), least in 1_u32..4,
        ) {
            let asked = Condition::Did { deed, count: Count::at_least(least), window };
            let explanation = sample.ask(|subject| explain(&asked, subject, NOW));
            let found = match explanation.found {
                Found::Events { count, .. } => count,
                _ => 0,
            };
            prop_assert_eq!(explanation.is_met, found >= least as usize, "{}", asked);
        }
    }
}
