//! What a condition means: yes or no, of one customer at one moment.
//!
//! Events after `now` are ignored: shops send events from clocks that run ahead of ours. "Their
//! last order" is the newest order that is not cancelled as of `now`; of two at one instant, the
//! one later in the log.
//!
//! A condition is asked in two steps. Its words are looked up once ([`BoundCondition`]), and then
//! any number of customers are asked, each by one [`Evaluator`]; there a row is compared by numbers
//! alone and no memory is taken for it.

mod bind;
mod deeds;
mod due;
mod facts;
mod figures;
mod windows;

#[cfg(test)]
mod tests;

use std::{cell::OnceCell, ops::Range};

use aftercart_model::ProductId;
use jiff::Timestamp;

pub use self::bind::BoundCondition;
pub(crate) use self::bind::{
    About, BoundDeed, BoundProducts, BoundReading, BoundSequence, BoundWindow, Node,
};
pub(crate) use self::due::Due;
use crate::{Condition, History, Shop, Subject};

/// Whether the customer meets the condition at `now`.
///
/// To ask several conditions of one customer, use one [`Evaluator`]; to ask one of several
/// customers, a [`BoundCondition`].
pub fn evaluate(condition: &Condition, subject: &Subject<'_>, now: Timestamp) -> bool {
    Evaluator::new(subject, now).is_met(condition)
}

/// One customer at one moment, ready to be asked any number of conditions.
pub struct Evaluator<'a> {
    pub(crate) subject: Subject<'a>,
    /// As far as `now`.
    pub(crate) history: History<'a>,
    pub(crate) now_ms: i64,
    /// Numbers of the orders cancelled by `now`. Mostly empty, and then it owns no memory. This and
    /// the following are found when they are first asked for.
    cancelled: OnceCell<Vec<u32>>,
    /// Most customers have none, and then no order need be looked for in them.
    has_refunds: OnceCell<bool>,
    /// Row of the last order not cancelled.
    last_order: OnceCell<Option<usize>>,
    /// Rows of its lines.
    last_lines: OnceCell<Range<usize>>,
    /// Ascending.
    bought: OnceCell<Vec<ProductId>>,
}

impl<'a> Evaluator<'a> {
    pub fn new(subject: &Subject<'a>, now: Timestamp) -> Self {
        Self {
            subject: *subject,
            history: subject.history.until(now),
            now_ms: now.as_millisecond(),
            cancelled: OnceCell::new(),
            has_refunds: OnceCell::new(),
            last_order: OnceCell::new(),
            last_lines: OnceCell::new(),
            bought: OnceCell::new(),
        }
    }

    /// The same customer at another moment.
    pub(crate) fn at(&self, now: Timestamp) -> Self {
        Self::new(&self.subject, now)
    }

    pub fn is_met(&self, condition: &Condition) -> bool {
        self.meets(&self.bind(condition))
    }

    /// A condition with its words looked up in this customer's shop, to be asked by [`Evaluator::meets`].
    pub fn bind<'c>(&self, condition: &'c Condition) -> BoundCondition<'c>
    where
        'a: 'c,
    {
        let Shop { catalogue, segments, .. } = self.subject.shop;
        BoundCondition::for_one(condition, catalogue, self.history.names(), segments)
    }

    /// Asks a condition whose words were looked up in this customer's shop.
    pub fn meets(&self, condition: &BoundCondition<'_>) -> bool {
        self.holds(&condition.node)
    }

    pub(crate) fn holds(&self, node: &Node<'_>) -> bool {
        match node {
            Node::All(parts) => parts.iter().all(|it| self.holds(it)),
            Node::Any(parts) => parts.iter().any(|it| self.holds(it)),
            Node::NoneOf(parts) => !parts.iter().any(|it| self.holds(it)),
            Node::Not(part) => !self.holds(part),
            Node::Did { deed, count, window } => self.did(deed, *count, window),
            Node::Recency { pick, deed, age } => {
                let row = self.pick(deed, *pick);
                row.is_some_and(|it| age.holds(self.row_age_ms(it)))
            }
            Node::Sequence(sequence) => self.sequence(sequence).is_some(),
            Node::Figure { statistic, of, deed, window } => {
                self.figure(*statistic, of, deed, window).is_some_and(|it| of.limit().holds(it))
            }
            Node::Spent { limit, window } => self.spent(window).is_some_and(|it| limit.holds(it)),
            Node::Worth { of, limit } => self.worth(*of).is_some_and(|it| limit.holds(it)),
            Node::Score { of, limit } => {
                self.score_millionths(*of).is_some_and(|it| limit.holds(it))
            }
            Node::ExpectedOrders { limit, days } => {
                self.expected_orders(*days).is_some_and(|it| limit.holds(it))
            }
            Node::ExpectedSpend { limit, days } => {
                self.expected_minor(*days).is_some_and(|it| limit.holds(it))
            }
            Node::NextOrder { days } => self.next_order_days().is_some_and(|it| it <= *days),
            Node::DueAgain { products, within_ms } => self.is_due_again(products, *within_ms),
            Node::ChanceGone(limit) => self.chance_gone().is_some_and(|it| limit.holds(it * 100.0)),
            Node::Fact { .. }
            | Node::PostalCode(_)
            | Node::Attribute { .. }
            | Node::Consent { .. }
            | Node::IsSuppressed(_)
            | Node::HasEmail
            | Node::IsOnList(_) => self.knows(node),
        }
    }
}
