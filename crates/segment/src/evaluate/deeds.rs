//! Which rows of a history are a deed, and what they amount to.

use std::ops::Range;

use aftercart_model::ProductId;

use super::{
    About, BoundDeed, BoundSequence, BoundWindow, Evaluator,
    bind::{BoundFilter, BoundProducts, BoundTest, BoundValue},
};
use crate::{
    Count, HistoryKind, NO_PRODUCT, NameId, Owned, Pick, PropertyValue, value::millionths,
};

const ORDER_LINE: u8 = HistoryKind::OrderLine as u8;

const MILLION: i64 = 1_000_000;

impl Evaluator<'_> {
    pub(super) fn did(&self, deed: &BoundDeed<'_>, count: Count, window: &BoundWindow<'_>) -> bool {
        // One more than asked for settles any of the three; the rest need not be looked at.
        let enough = match count {
            Count::AtLeast(least) => least.get(),
            Count::AtMost(most) | Count::Exactly(most) => most.saturating_add(1),
        };
        if deed.asks_of_owned() && self.last_order().is_none() {
            return false;
        }
        let found = match self.newest_first(deed.kind, window) {
            Some(rows) => rows.filter(|it| self.is_deed(*it, deed)).take(enough as usize).count(),
            None => {
                let Some(range) = self.range(window) else { return false };
                self.rows(deed, range).rev().take(enough as usize).count()
            }
        };
        count.holds(u32::try_from(found).unwrap_or(u32::MAX))
    }

    /// The rows that are the deed, oldest first: for what was bought, the rows of the orders.
    pub(crate) fn rows<'s>(
        &'s self,
        deed: &'s BoundDeed<'_>,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = usize> + 's {
        self.of_kind(deed.kind, range).filter(move |&row| self.is_deed(row, deed))
    }

    pub(super) fn of_kind(
        &self,
        kind: HistoryKind,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = usize> + Clone + use<'_> {
        self.history.of_kind(kind, range)
    }

    /// The rows of a kind in a window that is open to now, newest first.
    pub(super) fn newest_first(
        &self,
        kind: HistoryKind,
        window: &BoundWindow<'_>,
    ) -> Option<impl Iterator<Item = usize> + use<'_>> {
        let within_ms = window.within_ms()?;
        let rows = self.of_kind(kind, 0..self.history.len()).rev();
        Some(rows.take_while(move |&it| self.row_age_ms(it) < within_ms))
    }

    /// The first or last row that is the deed.
    pub(crate) fn pick(&self, deed: &BoundDeed<'_>, pick: Pick) -> Option<usize> {
        let mut rows = self.rows(deed, 0..self.history.len());
        match pick {
            Pick::First => rows.next(),
            Pick::Last => rows.next_back(),
        }
    }

    /// Hands to `put` how long ago the deed was done, the last time and before that: for each of
    /// `times` its place among them and the age of the deed that comes after so many newer ones. Ages
    /// of `within_ms` or more are left out.
    pub(crate) fn ages_ms(
        &self,
        deed: &BoundDeed<'_>,
        times: &[u32],
        within_ms: i64,
        mut put: impl FnMut(usize, i64),
    ) {
        let rows = self.of_kind(deed.kind, 0..self.history.len()).rev();
        let near = rows.take_while(|it| self.row_age_ms(*it) < within_ms);
        let deeds = near.filter(|it| self.is_deed(*it, deed));
        let last = times.iter().max().copied().unwrap_or(0);
        for (newer, row) in (0..=last).zip(deeds) {
            for (place, _) in times.iter().enumerate().filter(|it| *it.1 == newer) {
                put(place, self.row_age_ms(row));
            }
        }
    }

    pub(super) fn row_age_ms(&self, row: usize) -> i64 {
        self.now_ms - self.history.time_ms(row)
    }

    /// Whether a row of the deed's kind is the deed.
    fn is_deed(&self, row: usize, deed: &BoundDeed<'_>) -> bool {
        if deed.kind == HistoryKind::Order && self.is_cancelled(row) {
            return false;
        }
        let is_about = match &deed.about {
            About::Anything => true,
            About::Products(products) if deed.kind == HistoryKind::Order => {
                self.lines_of(row).any(|line| self.is_product(line, products))
            }
            About::Products(products) => self.is_product(row, products),
            About::Emails(emails) => self.history.email(row).is_some_and(|it| emails.contains(&it)),
            About::Names(names) => names.contains(&NameId(self.history.subject(row))),
        };
        is_about && deed.filters.iter().all(|it| self.passes(row, deed, it))
    }

    fn passes(&self, row: usize, deed: &BoundDeed<'_>, filter: &BoundFilter) -> bool {
        match filter {
            BoundFilter::Quantity(limit) => {
                self.quantity(row, deed).is_some_and(|it| limit.holds(it))
            }
            BoundFilter::Amount(limit) => self.amount(row, deed).is_some_and(|it| limit.holds(it)),
            BoundFilter::Rating(limit) => self.rating(row).is_some_and(|it| limit.holds(it)),
            BoundFilter::Property(names, is) => is.holds(self.property(row, names)),
        }
    }

    fn property(&self, row: usize, names: &[NameId]) -> Option<PropertyValue> {
        names.iter().find_map(|it| self.history.property(row, *it))
    }

    /// The lines of an order that the deed asks of.
    fn asked_lines<'s>(
        &'s self,
        order: usize,
        deed: &'s BoundDeed<'_>,
    ) -> impl Iterator<Item = usize> + 's {
        self.lines_of(order).filter(move |&line| match &deed.about {
            About::Products(products) => self.is_product(line, products),
            _ => true,
        })
    }

    /// Units, in millionths.
    pub(super) fn quantity(&self, row: usize, deed: &BoundDeed<'_>) -> Option<i64> {
        let units = match deed.kind {
            HistoryKind::Order => {
                let lines = self.asked_lines(row, deed);
                lines.filter_map(|it| self.history.quantity(it)).fold(0, i64::saturating_add)
            }
            _ => self.history.quantity(row)?,
        };
        Some(units.saturating_mul(MILLION))
    }

    /// What was paid, in minor units.
    pub(super) fn amount(&self, row: usize, deed: &BoundDeed<'_>) -> Option<i64> {
        match deed.kind {
            HistoryKind::Order if matches!(deed.about, About::Products(_)) => {
                let lines = self.asked_lines(row, deed);
                Some(lines.map(|it| self.history.amount(it)).fold(0, i64::saturating_add))
            }
            HistoryKind::Order | HistoryKind::OrderRefunded | HistoryKind::CheckoutStarted => {
                Some(self.history.amount(row))
            }
            _ => None,
        }
    }

    /// Stars, in millionths.
    pub(super) fn rating(&self, row: usize) -> Option<i64> {
        let is_review = self.history.kinds()[row] == HistoryKind::ProductReviewed.number();
        is_review.then(|| self.history.amount(row).saturating_mul(MILLION))
    }

    /// A number among the properties, in millionths.
    pub(super) fn number(&self, row: usize, names: &[NameId]) -> Option<i64> {
        match self.property(row, names)? {
            PropertyValue::Number(number) => Some(millionths(number)),
            PropertyValue::Text(_) | PropertyValue::Truth(_) => None,
        }
    }

    pub(super) fn is_product(&self, row: usize, products: &BoundProducts<'_>) -> bool {
        let product = ProductId(self.history.subject(row));
        if product.0 == NO_PRODUCT {
            return false;
        }
        products.has(product, self.subject.shop.catalogue)
            && products.tests.iter().all(|it| match it.of_owned() {
                Some(_) => self.compares(product, it),
                None => true,
            })
    }

    /// A test that asks of the customer's own products.
    fn compares(&self, product: ProductId, test: &BoundTest<'_>) -> bool {
        let relations = self.subject.shop.relations;
        match test {
            BoundTest::Related(owned) => self.owns(*owned, |it| relations.goes_with(product, it)),
            BoundTest::Better(owned) => self.owns(*owned, |it| relations.betters(product, it)),
            BoundTest::Not(test) => !self.compares(product, test),
            _ => true,
        }
    }

    #[inline]
    fn owns(&self, owned: Owned, is_it: impl Fn(ProductId) -> bool) -> bool {
        match owned {
            Owned::LastOrder => self.last_order_products().any(is_it),
            Owned::AnyOrder => self.bought_products().iter().copied().any(is_it),
        }
    }

    /// Rows of the orders not cancelled.
    pub(crate) fn orders(
        &self,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = usize> + '_ {
        self.of_kind(HistoryKind::Order, range).filter(move |&row| !self.is_cancelled(row))
    }

    pub(super) fn cancelled(&self) -> &[u32] {
        self.cancelled.get_or_init(|| {
            if !self.has(HistoryKind::OrderCancelled) {
                return Vec::new();
            }
            let rows = self.of_kind(HistoryKind::OrderCancelled, 0..self.history.len());
            rows.map(|row| self.history.subject(row)).collect()
        })
    }

    /// Whether there is a row of the kind.
    pub(super) fn has(&self, kind: HistoryKind) -> bool {
        self.of_kind(kind, 0..self.history.len()).next().is_some()
    }

    pub(super) fn is_cancelled(&self, order: usize) -> bool {
        let cancelled = self.cancelled();
        !cancelled.is_empty() && cancelled.contains(&self.history.subject(order))
    }

    pub(crate) fn last_order(&self) -> Option<usize> {
        *self.last_order.get_or_init(|| self.orders(0..self.history.len()).next_back())
    }

    /// Rows of the lines of the order at row `order`.
    pub(crate) fn lines_of(&self, order: usize) -> Range<usize> {
        let start = order + 1;
        let kinds = &self.history.kinds()[start..];
        start..start + kinds.iter().take_while(|&&it| it == ORDER_LINE).count()
    }

    pub(crate) fn last_order_products(&self) -> impl Iterator<Item = ProductId> + '_ {
        let lines = self.last_lines.get_or_init(|| match self.last_order() {
            Some(order) => self.lines_of(order),
            None => 0..0,
        });
        self.history.subjects()[lines.clone()].iter().map(|it| ProductId(*it))
    }

    /// What was bought in any order that stands.
    pub(crate) fn bought_products(&self) -> &[ProductId] {
        self.bought.get_or_init(|| {
            let lines = self.orders(0..self.history.len()).flat_map(|it| self.lines_of(it));
            let mut products: Vec<ProductId> =
                lines.map(|line| ProductId(self.history.subject(line))).collect();
            products.sort_unstable();
            products.dedup();
            products
        })
    }

    /// The newest first deed that qualifies, and what followed it.
    pub(crate) fn sequence(&self, it: &BoundSequence<'_>) -> Option<(usize, Option<usize>)> {
        let asks_of_owned = it.first.asks_of_owned() || it.then.asks_of_owned();
        if asks_of_owned && self.last_order().is_none() {
            return None;
        }
        let range = self.range(&it.window)?;
        self.rows(&it.first, range).rev().find_map(|first| {
            let end_ms = self.history.time_ms(first).saturating_add(it.within_ms);
            let end = self.history.place_from(end_ms).max(first + 1);
            let then = self.rows(&it.then, first + 1..end).next();
            match then {
                Some(_) => it.is_followed.then_some((first, then)),
                None => (!it.is_followed && end_ms <= self.now_ms).then_some((first, None)),
            }
        })
    }
}

impl BoundDeed<'_> {
    /// Whether it can only be asked of a customer with an order.
    pub(crate) fn asks_of_owned(&self) -> bool {
        match &self.about {
            About::Products(products) => products.tests.iter().any(|it| it.of_owned().is_some()),
            _ => false,
        }
    }
}

impl BoundValue {
    fn holds(&self, value: Option<PropertyValue>) -> bool {
        match (self, value) {
            (Self::IsNotSet, value) => value.is_none(),
            (_, None) => false,
            (Self::IsSet, Some(_)) => true,
            (Self::Text(texts), Some(PropertyValue::Text(text))) => {
                texts.binary_search(&text).is_ok()
            }
            (Self::NotText(texts), Some(PropertyValue::Text(text))) => {
                texts.binary_search(&text).is_err()
            }
            (Self::NotText(_), Some(_)) => true,
            (Self::Number(limit), Some(PropertyValue::Number(number))) => {
                limit.holds(millionths(number))
            }
            (Self::Truth(is), Some(PropertyValue::Truth(value))) => *is == value,
            (Self::Text(_) | Self::Number(_) | Self::Truth(_), Some(_)) => false,
        }
    }
}
