//! Why a customer meets a condition or does not: the answer of each clause, what it rests on, and
//! until when it stays so if nothing happens.
//!
//! The answers come from the same evaluator that counts segments; nothing is reasoned twice.

use aftercart_model::{Currency, ProductId};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    Catalogue, Condition, Evaluator, HistoryKind, HistoryRow, OrderAge, ProductTest, Subject,
    Window, history::timestamp,
};

/// How many events an answer shows; the count beside them is whole.
const WITNESSES_MAX: usize = 10;

/// How many moments are tried to find when an answer changes. Past it, `until` is not said.
const MOMENTS_MAX: usize = 2_000;

/// The answer of a condition or of one of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The written form of this part; for a group, with its parts.
    pub clause: String,
    pub is_met: bool,
    /// The answer stays until then if nothing happens; `None` if time alone does not change it, or
    /// if there is too much history to tell at once.
    pub until: Option<Timestamp>,
    pub found: Found,
    /// The parts of a group, each with its own answer.
    pub parts: Vec<Explanation>,
}

/// What an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A group: see its parts.
    Parts,
    /// So many events; the newest of them, newest first.
    Events {
        count: usize,
        newest: Vec<Witness>,
    },
    /// An amount of the shop's money; of one order, when that was placed.
    Amount {
        minor: i64,
        ordered_at: Option<Timestamp>,
    },
    OrderedAt(Timestamp),
    /// Asked of an order, and there is none.
    NoOrder,
    /// A fact about the customer; `None` if it is not known.
    Fact(Option<String>),
}

/// An event an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    pub at: Timestamp,
    pub kind: HistoryKind,
    pub product: Option<ProductId>,
    /// What the order or line was worth.
    pub amount_minor: i64,
    /// For a related or better product, the product of the last order that it goes with or betters.
    pub anchor: Option<ProductId>,
    /// It betters the anchor, rather than going with it.
    pub is_better: bool,
}

/// Why the customer meets the condition at `now`, or does not.
pub fn explain(condition: &Condition, subject: &Subject<'_>, now: Timestamp) -> Explanation {
    // What has not happened yet must not change the answers about times to come.
    let subject = Subject { history: subject.history.until(now), ..*subject };
    explain_part(condition, &Evaluator::new(&subject, now), &subject, now)
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
            Self::Amount { minor, ordered_at: Some(at) } => {
                format!("{}, ordered on {}", currency.format(*minor), date(*at))
            }
            Self::Amount { minor, ordered_at: None } => currency.format(*minor),
            Self::OrderedAt(at) => format!("ordered on {}", date(*at)),
            Self::NoOrder => "has no order".to_owned(),
            Self::Fact(Some(fact)) => fact.clone(),
            Self::Fact(None) => "not known".to_owned(),
        }
    }
}

impl Witness {
    fn words(&self, catalogue: &Catalogue, zone: &TimeZone, currency: Currency) -> String {
        let name =
            |product: ProductId| catalogue.name(product).unwrap_or("a product since removed");
        let mut words = match (self.product, self.kind) {
            (Some(product), _) => name(product).to_owned(),
            (None, HistoryKind::Order) => {
                format!("an order of {}", currency.format(self.amount_minor))
            }
            (None, HistoryKind::CheckoutStarted) => {
                format!("a checkout of {}", currency.format(self.amount_minor))
            }
            (None, _) => "an email".to_owned(),
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

fn explain_part(
    condition: &Condition,
    evaluator: &Evaluator<'_>,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Explanation {
    let parts = condition.parts().iter();
    Explanation {
        clause: condition.to_string(),
        is_met: evaluator.is_met(condition),
        until: until(condition, evaluator, subject, now),
        found: found(condition, evaluator),
        parts: parts.map(|it| explain_part(it, evaluator, subject, now)).collect(),
    }
}

fn found(condition: &Condition, evaluator: &Evaluator<'_>) -> Found {
    let customer = evaluator.subject.customer;
    let yes_or_no = |is: bool| Found::Fact(Some(if is { "yes" } else { "no" }.to_owned()));
    match condition {
        Condition::All(_) | Condition::Any(_) | Condition::NoneOf(_) | Condition::Not(_) => {
            Found::Parts
        }
        Condition::Did { deed, window, .. } => {
            let Some(range) = evaluator.range(*window) else { return Found::NoOrder };
            if deed.asks_of_last_order() && evaluator.last_order().is_none() {
                return Found::NoOrder;
            }
            let rows: Vec<usize> = evaluator.rows_with(deed, range).rev().collect();
            let rows_shown = rows.iter().take(WITNESSES_MAX);
            let newest = rows_shown
                .filter_map(|&it| evaluator.history.row(it))
                .map(|it| witness(it, deed.product_test(), evaluator))
                .collect();
            Found::Events { count: rows.len(), newest }
        }
        Condition::Spent { window, .. } => match evaluator.spent(*window) {
            Some(minor) => Found::Amount { minor, ordered_at: None },
            None => Found::NoOrder,
        },
        Condition::Worth { of, .. } => match evaluator.worth(*of) {
            Some(minor) => {
                let order = match of {
                    crate::WorthOf::Order(pick) => evaluator.order(*pick),
                    crate::WorthOf::Average => None,
                };
                let row = order.and_then(|it| evaluator.history.row(it));
                Found::Amount { minor, ordered_at: row.map(|it| it.at()) }
            }
            None => Found::NoOrder,
        },
        Condition::Ordered { pick, .. } => {
            let row = evaluator.order(*pick).and_then(|it| evaluator.history.row(it));
            row.map_or(Found::NoOrder, |it| Found::OrderedAt(it.at()))
        }
        Condition::CountryIs(_) => Found::Fact(customer.country.clone()),
        Condition::AgreedTo(topic) => yes_or_no(customer.agreed.contains(topic)),
        Condition::IsSuppressed => yes_or_no(customer.is_suppressed),
        Condition::HasEmail => yes_or_no(customer.has_email),
    }
}

fn witness(row: HistoryRow, test: Option<&ProductTest>, evaluator: &Evaluator<'_>) -> Witness {
    let product = row.product();
    let relations = evaluator.subject.relations;
    let anchor = product.zip(test).and_then(|(product, test)| {
        evaluator.last_order_products().find(|&anchor| match test {
            ProductTest::Related => relations.goes_with(product, anchor),
            ProductTest::Better => relations.betters(product, anchor),
            _ => false,
        })
    });
    Witness {
        at: row.at(),
        kind: row.kind,
        product,
        amount_minor: row.amount,
        anchor,
        is_better: anchor.is_some() && test == Some(&ProductTest::Better),
    }
}

/// When time alone changes the answer.
fn until(
    condition: &Condition,
    evaluator: &Evaluator<'_>,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Option<Timestamp> {
    let mut moments = Vec::new();
    collect_moments(condition, evaluator, &mut moments);
    moments.retain(|&it| it > evaluator.now_ms);
    moments.sort_unstable();
    moments.dedup();
    if moments.len() > MOMENTS_MAX {
        return None;
    }
    let is_met = evaluator.is_met(condition);
    let changes = |&ms: &i64| {
        let then = timestamp(ms).max(now);
        Evaluator::new(subject, then).is_met(condition) != is_met
    };
    moments.into_iter().find(changes).map(timestamp)
}

/// The moments at which a clause may change its answer: when an event leaves its window or reaches
/// its age.
fn collect_moments(condition: &Condition, evaluator: &Evaluator<'_>, moments: &mut Vec<i64>) {
    let time_ms = |row| evaluator.history.time_ms(row);
    match condition {
        Condition::Did { deed, window: Window::Last(span), .. } => {
            let range = evaluator.range(Window::Last(*span)).unwrap_or(0..0);
            let rows = evaluator.rows_with(deed, range);
            moments.extend(rows.map(|it| time_ms(it) + span.as_ms()));
        }
        Condition::Spent { window: Window::Last(span), .. } => {
            let range = evaluator.range(Window::Last(*span)).unwrap_or(0..0);
            moments.extend(range.map(|it| time_ms(it) + span.as_ms()));
        }
        Condition::Ordered { pick, age } => {
            let (OrderAge::AtLeast(span) | OrderAge::LessThan(span)) = age;
            moments.extend(evaluator.order(*pick).map(|it| time_ms(it) + span.as_ms()));
        }
        _ => condition.parts().iter().for_each(|it| collect_moments(it, evaluator, moments)),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        UPSELL_SEGMENT, evaluate, parse,
        samples::{
            APRON, DRIPPER, GOOSENECK, KETTLE, NOW, Sample, any_condition, any_sample, catalogue,
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
        let until = explanation.until.map(|it| format!(" [until {it}]")).unwrap_or_default();
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

    proptest! {
        #[test]
        fn the_answer_is_the_evaluators(sample in any_sample(), it in any_condition()) {
            let (met, explanation) =
                sample.ask(|subject| (evaluate(&it, subject, NOW), explain(&it, subject, NOW)));
            prop_assert_eq!(explanation.is_met, met);
            prop_assert_eq!(explanation.parts.len(), it.parts().len());
        }

        #[test]
        fn an_answer_stays_until_it_says(
            sample in any_sample(), it in any_condition(), part in 0.0..1.0_f64,
        ) {
            let past = sample.events.iter().filter(|it| it.at <= NOW).cloned().collect();
            let past = Sample { events: past, ..Sample::new() };
            past.ask(|subject| {
                let explanation = explain(&it, subject, NOW);
                let met_at = |at| evaluate(&it, subject, at);
                // Without a change every later answer is today's; with one, those before it are.
                let far = NOW + jiff::SignedDuration::from_hours(24 * 1_000);
                let end = explanation.until.unwrap_or(far);
                let span_ms = (end.as_millisecond() - NOW.as_millisecond() - 1) as f64;
                let before = timestamp(NOW.as_millisecond() + (span_ms * part) as i64);
                prop_assert_eq!(met_at(before), explanation.is_met);
                if let Some(until) = explanation.until {
                    prop_assert_ne!(met_at(until), explanation.is_met);
                }
                Ok(())
            })?;
        }
    }
}
