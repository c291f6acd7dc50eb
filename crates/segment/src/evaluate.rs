//! What a condition means: yes or no, of one customer at one moment.
//!
//! Events after `now` are ignored: shops send events from clocks that run ahead of ours. "Their
//! last order" is the newest order that is not cancelled as of `now`; of two at one instant, the
//! one later in the log.

use std::ops::Range;

use aftercart_model::ProductId;
use jiff::Timestamp;

use crate::{
    AmountBound, Condition, Count, Deed, History, HistoryKind, NO_ORDER, NO_PRODUCT, OrderAge,
    OrderPick, ProductTest, Subject, Window, Words, WorthOf,
};

const ORDER: u8 = HistoryKind::Order as u8;
const ORDER_LINE: u8 = HistoryKind::OrderLine as u8;
const ORDER_CANCELLED: u8 = HistoryKind::OrderCancelled as u8;
const ORDER_REFUNDED: u8 = HistoryKind::OrderRefunded as u8;

/// Whether the customer meets the condition at `now`.
///
/// To ask several conditions of one customer, use one [`Evaluator`].
pub fn evaluate(condition: &Condition, subject: &Subject<'_>, now: Timestamp) -> bool {
    Evaluator::new(subject, now).is_met(condition)
}

/// One customer at one moment, ready to be asked any number of conditions.
pub struct Evaluator<'a> {
    pub(crate) subject: Subject<'a>,
    /// As far as `now`.
    pub(crate) history: History<'a>,
    pub(crate) now_ms: i64,
    /// Numbers of the orders cancelled by `now`. Mostly empty, and then it owns no memory.
    cancelled: Vec<u32>,
    /// Row of the last order not cancelled.
    last_order: Option<usize>,
}

impl<'a> Evaluator<'a> {
    pub fn new(subject: &Subject<'a>, now: Timestamp) -> Self {
        let history = subject.history.until(now);
        let columns = history.columns();
        let is_cancellation = |(kind, _): &(&u8, &u32)| **kind == ORDER_CANCELLED;
        let cancelled: Vec<u32> = columns
            .kinds
            .iter()
            .zip(columns.subjects)
            .filter(is_cancellation)
            .map(|(_, &number)| number)
            .collect();
        let mut it = Self {
            subject: *subject,
            history,
            now_ms: now.as_millisecond(),
            cancelled,
            last_order: None,
        };
        let last_order = it.orders(0..history.len()).next_back();
        it.last_order = last_order;
        it
    }

    pub fn is_met(&self, condition: &Condition) -> bool {
        match condition {
            Condition::All(parts) => parts.iter().all(|it| self.is_met(it)),
            Condition::Any(parts) => parts.iter().any(|it| self.is_met(it)),
            Condition::NoneOf(parts) => !parts.iter().any(|it| self.is_met(it)),
            Condition::Not(part) => !self.is_met(part),
            Condition::Did { deed, count, window } => self.did(deed, *count, *window),
            Condition::Spent { bound, window } => {
                self.spent(*window).is_some_and(|minor| bound.is_met(minor))
            }
            Condition::Worth { of, bound } => {
                self.worth(*of).is_some_and(|minor| bound.is_met(minor))
            }
            Condition::Ordered { pick, age } => {
                self.order_age_ms(*pick).is_some_and(|ms| match age {
                    OrderAge::AtLeast(span) => ms >= span.as_ms(),
                    OrderAge::LessThan(span) => ms < span.as_ms(),
                })
            }
            Condition::CountryIs(words) => self.is_country(words),
            Condition::AgreedTo(topic) => self.subject.customer.agreed.contains(topic),
            Condition::IsSuppressed => self.subject.customer.is_suppressed,
            Condition::HasEmail => self.subject.customer.has_email,
        }
    }

    fn did(&self, deed: &Deed, count: Count, window: Window) -> bool {
        let Some(range) = self.range(window) else { return false };
        if self.last_order.is_none() && deed.asks_of_last_order() {
            return false;
        }
        // One more than asked for settles any of the three; the rest need not be looked at.
        let enough = match count {
            Count::AtLeast(least) => least.get(),
            Count::AtMost(most) | Count::Exactly(most) => most.saturating_add(1),
        } as usize;
        let found = self.rows_with(deed, range).rev().take(enough).count();
        match count {
            Count::AtLeast(_) => found == enough,
            Count::AtMost(_) => found < enough,
            Count::Exactly(exactly) => found == exactly as usize,
        }
    }

    /// The rows of the history within a window; `None` where there is no such time.
    pub(crate) fn range(&self, window: Window) -> Option<Range<usize>> {
        let start = match window {
            Window::Ever => 0,
            Window::Last(span) => {
                let edge_ms = self.now_ms.saturating_sub(span.as_ms());
                self.history.columns().times_ms.partition_point(|&it| it <= edge_ms)
            }
            Window::SinceLastOrder => self.lines_of(self.last_order?).end,
        };
        Some(start..self.history.len())
    }

    /// The rows that are the deed, oldest first: for what was bought, the rows of the orders.
    pub(crate) fn rows_with<'s>(
        &'s self,
        deed: &'s Deed,
        range: Range<usize>,
    ) -> Box<dyn DoubleEndedIterator<Item = usize> + 's> {
        let of_kind = move |kind: HistoryKind, range: Range<usize>| {
            let kinds = self.history.columns().kinds;
            range.filter(move |&row| kinds[row] == kind as u8)
        };
        let about = move |kind: HistoryKind, test: &'s ProductTest, range: Range<usize>| {
            of_kind(kind, range).filter(move |&row| self.is_about(row, test))
        };
        match deed {
            Deed::Ordered => Box::new(self.orders(range)),
            Deed::StartedCheckout => Box::new(of_kind(HistoryKind::CheckoutStarted, range)),
            Deed::WasSentEmail => Box::new(of_kind(HistoryKind::MessageSent, range)),
            Deed::OpenedEmail => Box::new(of_kind(HistoryKind::MessageOpened, range)),
            Deed::ClickedEmail => Box::new(of_kind(HistoryKind::MessageClicked, range)),
            Deed::Viewed(test) => Box::new(about(HistoryKind::ProductViewed, test, range)),
            Deed::Clicked(test) => Box::new(about(HistoryKind::MessageClicked, test, range)),
            Deed::AddedToCart(test) => Box::new(about(HistoryKind::CartAdded, test, range)),
            Deed::Reviewed(test) => Box::new(about(HistoryKind::ProductReviewed, test, range)),
            Deed::Bought(test) => Box::new(
                self.orders(range)
                    .filter(|&order| self.lines_of(order).any(|line| self.is_about(line, test))),
            ),
        }
    }

    /// Rows of the orders not cancelled.
    pub(crate) fn orders(
        &self,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = usize> + '_ {
        let columns = self.history.columns();
        range.filter(move |&row| {
            columns.kinds[row] == ORDER && !self.cancelled.contains(&columns.subjects[row])
        })
    }

    pub(crate) fn last_order(&self) -> Option<usize> {
        self.last_order
    }

    /// Rows of the lines of the order at row `order`.
    pub(crate) fn lines_of(&self, order: usize) -> Range<usize> {
        let start = order + 1;
        let kinds = &self.history.columns().kinds[start..];
        start..start + kinds.iter().take_while(|&&it| it == ORDER_LINE).count()
    }

    pub(crate) fn last_order_products(&self) -> impl Iterator<Item = ProductId> + '_ {
        let lines = self.last_order.map_or(0..0, |order| self.lines_of(order));
        lines.map(|line| ProductId(self.history.columns().subjects[line]))
    }

    fn is_about(&self, row: usize, test: &ProductTest) -> bool {
        let product = ProductId(self.history.columns().subjects[row]);
        if product.0 == NO_PRODUCT {
            return false;
        }
        let (catalogue, relations) = (self.subject.catalogue, self.subject.relations);
        match test {
            ProductTest::Any => true,
            ProductTest::Related => {
                self.last_order_products().any(|it| relations.goes_with(product, it))
            }
            ProductTest::Better => {
                self.last_order_products().any(|it| relations.betters(product, it))
            }
            ProductTest::InCategory(words) => {
                words.any_folded(|it| catalogue.is_in_category(product, it))
            }
            ProductTest::OfKind(words) => words.any_folded(|it| catalogue.is_of_kind(product, it)),
            ProductTest::Tagged(words) => words.any_folded(|it| catalogue.is_tagged(product, it)),
            ProductTest::Named(words) => words.any_folded(|it| catalogue.is_named(product, it)),
            ProductTest::NameHas(words) => {
                words.any_folded(|it| catalogue.has_in_name(product, it))
            }
            ProductTest::Coded(words) => words.any_folded(|it| catalogue.is_coded(product, it)),
            ProductTest::Priced(bound) => {
                catalogue.price_minor(product).is_some_and(|minor| bound.is_met(minor))
            }
        }
    }

    /// What was paid for the orders in the window, less what was paid back for them by now. A
    /// refund that names no order is taken off where it falls.
    pub(crate) fn spent(&self, window: Window) -> Option<i64> {
        let range = self.range(window)?;
        let columns = self.history.columns();
        let mut minor = 0_i64;
        for order in self.orders(range.clone()) {
            minor = minor.saturating_add(self.net_minor(order));
        }
        for row in range {
            if columns.kinds[row] == ORDER_REFUNDED && columns.subjects[row] == NO_ORDER {
                minor = minor.saturating_sub(columns.amounts[row]);
            }
        }
        Some(minor)
    }

    fn net_minor(&self, order: usize) -> i64 {
        let columns = self.history.columns();
        let number = columns.subjects[order];
        let refunded = (0..self.history.len())
            .filter(|&row| columns.kinds[row] == ORDER_REFUNDED && columns.subjects[row] == number)
            .fold(0_i64, |sum, row| sum.saturating_add(columns.amounts[row]));
        columns.amounts[order].saturating_sub(refunded)
    }

    /// What the order cost when it was placed; the average is rounded down.
    pub(crate) fn worth(&self, of: WorthOf) -> Option<i64> {
        let amounts = self.history.columns().amounts;
        match of {
            WorthOf::Order(pick) => self.order(pick).map(|order| amounts[order]),
            WorthOf::Average => {
                let (count, sum) = self
                    .orders(0..self.history.len())
                    .fold((0, 0_i64), |(n, sum), row| (n + 1, sum.saturating_add(amounts[row])));
                (count > 0).then(|| sum.div_euclid(count))
            }
        }
    }

    pub(crate) fn order(&self, pick: OrderPick) -> Option<usize> {
        match pick {
            OrderPick::First => self.orders(0..self.history.len()).next(),
            OrderPick::Last => self.last_order,
        }
    }

    fn order_age_ms(&self, pick: OrderPick) -> Option<i64> {
        let order = self.order(pick)?;
        Some(self.now_ms.saturating_sub(self.history.columns().times_ms[order]))
    }

    fn is_country(&self, words: &Words) -> bool {
        let Some(country) = &self.subject.customer.country else { return false };
        let folded = crate::facts::fold(country);
        words.any_folded(|it| it == folded)
    }
}

impl Deed {
    pub(crate) fn product_test(&self) -> Option<&ProductTest> {
        match self {
            Self::Bought(test)
            | Self::Viewed(test)
            | Self::Clicked(test)
            | Self::AddedToCart(test)
            | Self::Reviewed(test) => Some(test),
            Self::Ordered
            | Self::StartedCheckout
            | Self::WasSentEmail
            | Self::OpenedEmail
            | Self::ClickedEmail => None,
        }
    }

    /// Whether it can only be asked of a customer with an order.
    pub(crate) fn asks_of_last_order(&self) -> bool {
        matches!(self.product_test(), Some(ProductTest::Related | ProductTest::Better))
    }
}

impl Condition {
    /// The parts of a group; none for a clause.
    pub fn parts(&self) -> &[Condition] {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::NoneOf(parts) => parts,
            Self::Not(part) => std::slice::from_ref(part),
            _ => &[],
        }
    }

    /// The amounts it names, those of its parts included.
    pub fn bounds(&self) -> Vec<AmountBound> {
        let own = match self {
            Self::Spent { bound, .. } | Self::Worth { bound, .. } => Some(*bound),
            Self::Did { deed, .. } => match deed.product_test() {
                Some(ProductTest::Priced(bound)) => Some(*bound),
                _ => None,
            },
            _ => None,
        };
        own.into_iter().chain(self.parts().iter().flat_map(Self::bounds)).collect()
    }
}
