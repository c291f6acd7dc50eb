//! Why a customer meets a condition or does not: the answer of each clause, what it rests on, and
//! until when it stays so if nothing happens.
//!
//! The answers come from the same evaluator that counts segments; nothing is reasoned twice.

use aftercart_model::ProductId;
use jiff::Timestamp;

use crate::{
    Condition, Evaluator, HistoryKind, HistoryRow, OrderAge, ProductTest, Subject, Window,
    history::timestamp,
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
    /// The answer stays until then if nothing happens; `None` if time alone does not change it.
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
}

/// Why the customer meets the condition at `now`, or does not.
pub fn explain(condition: &Condition, subject: &Subject<'_>, now: Timestamp) -> Explanation {
    // What has not happened yet must not change the answers about times to come.
    let subject = Subject { history: subject.history.until(now), ..*subject };
    explain_part(condition, &Evaluator::new(&subject, now), &subject, now)
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
    Witness { at: row.at(), kind: row.kind, product, amount_minor: row.amount, anchor }
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
    let times_ms = evaluator.history.columns().times_ms;
    match condition {
        Condition::Did { deed, window: Window::Last(span), .. } => {
            let range = evaluator.range(Window::Last(*span)).unwrap_or(0..0);
            let rows = evaluator.rows_with(deed, range);
            moments.extend(rows.map(|it| times_ms[it] + span.as_ms()));
        }
        Condition::Spent { window: Window::Last(span), .. } => {
            let range = evaluator.range(Window::Last(*span)).unwrap_or(0..0);
            moments.extend(range.map(|it| times_ms[it] + span.as_ms()));
        }
        Condition::Ordered { pick, age } => {
            let (OrderAge::AtLeast(span) | OrderAge::LessThan(span)) = age;
            moments.extend(evaluator.order(*pick).map(|it| times_ms[it] + span.as_ms()));
        }
        _ => condition.parts().iter().for_each(|it| collect_moments(it, evaluator, moments)),
    }
}
