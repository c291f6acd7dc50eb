//! Which rows of a history are a deed, and what they amount to.

use std::ops::Range;

use aftercart_model::ProductId;

use super::{
    About, BoundDeed, BoundSequence, BoundWindow, Evaluator,
    bind::{BoundFilter, BoundProducts, BoundTest, BoundValue},
};
use crate::{
    Count, HistoryKind, NO_PRODUCT, NameId, Owned, Pick, PropertyValue, Window, value::millionths,
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
        if let Some(rows) = self.newest_first(deed.kind, window) {
            if deed.asks_of_owned() && self.last_order().is_none() {
                return false;
            }
            let is_any = deed.is_any_row() && deed.kind != HistoryKind::Order;
            let deeds = rows.filter(|it| is_any || self.is_deed(*it, deed));
            let found = deeds.take(enough as usize).count();
            return count.holds(u32::try_from(found).unwrap_or(u32::MAX));
        }
        let Some(range) = self.range(window) else { return false };
        if deed.asks_of_owned() && self.last_order().is_none() {
            return false;
        }
        if deed.is_any_row() && (deed.kind != HistoryKind::Order || self.cancelled().is_empty()) {
            let kind = deed.kind.number();
            let found = self.history.kinds()[range].iter().filter(|it| **it == kind).count();
            return count.holds(u32::try_from(found).unwrap_or(u32::MAX));
        }
        let found = self.rows(deed, range).rev().take(enough as usize).count();
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

    fn of_kind(
        &self,
        kind: HistoryKind,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = usize> + '_ {
        // Of the two one is empty.
        let (listed, scanned) = match self.by_kind {
            Some(by_kind) => {
                let rows = by_kind.of(kind);
                let place = |row: usize| rows.partition_point(|it| (*it as usize) < row);
                let start = if range.start == 0 { 0 } else { place(range.start) };
                let end =
                    if range.end == self.history.len() { rows.len() } else { place(range.end) };
                (&rows[start..end.max(start)], 0..0)
            }
            None => (&[][..], range),
        };
        let (kinds, kind) = (self.history.kinds(), kind.number());
        let listed = listed.iter().map(|it| *it as usize);
        listed.chain(scanned.filter(move |&row| kinds[row] == kind))
    }

    /// The rows of a kind in a window that is open to now, newest first, where rows are known by
    /// their kind.
    pub(super) fn newest_first(
        &self,
        kind: HistoryKind,
        window: &BoundWindow<'_>,
    ) -> Option<impl Iterator<Item = usize> + use<'_>> {
        let rows = self.by_kind?.of(kind);
        let from_ms = match window {
            BoundWindow::Plain(Window::Ever) => i64::MIN,
            BoundWindow::Plain(Window::Last(span)) => self.ago_ms(span.as_ms()),
            _ => return None,
        };
        let newest_first = rows.iter().rev().map(|it| *it as usize);
        Some(newest_first.take_while(move |&it| self.history.time_ms(it) >= from_ms))
    }

    /// The first or last row that is the deed.
    pub(crate) fn pick(&self, deed: &BoundDeed<'_>, pick: Pick) -> Option<usize> {
        let mut rows = self.rows(deed, 0..self.history.len());
        match pick {
            Pick::First => rows.next(),
            Pick::Last => rows.next_back(),
        }
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

    fn is_product(&self, row: usize, products: &BoundProducts<'_>) -> bool {
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
        let any = |owned: &Owned, is_it: &dyn Fn(ProductId) -> bool| match owned {
            Owned::LastOrder => self.last_order_products().any(is_it),
            Owned::AnyOrder => self.bought_products().iter().copied().any(is_it),
        };
        match test {
            BoundTest::Related(owned) => any(owned, &|it| relations.goes_with(product, it)),
            BoundTest::Better(owned) => any(owned, &|it| relations.betters(product, it)),
            BoundTest::Not(test) => !self.compares(product, test),
            _ => true,
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
        match self.by_kind {
            Some(by_kind) => !by_kind.of(kind).is_empty(),
            None => self.history.kinds().contains(&kind.number()),
        }
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
        let lines = self.last_order().map_or(0..0, |order| self.lines_of(order));
        lines.map(|line| ProductId(self.history.subject(line)))
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

    /// Whether every row of its kind is the deed, cancelled orders aside.
    fn is_any_row(&self) -> bool {
        matches!(self.about, About::Anything) && self.filters.is_empty()
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
