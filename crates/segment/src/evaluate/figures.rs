//! Amounts and statistics of deeds, and what the shop's models say of a customer's orders.

use aftercart_insight::{OrderSummary, PaidOrder, Rfm};

use super::{BoundDeed, BoundReading, BoundWindow, Evaluator};
use crate::{HistoryKind, Limit, NO_ORDER, Pick, Score, Statistic, WorthOf};

const ORDER_REFUNDED: u8 = HistoryKind::OrderRefunded as u8;

impl Evaluator<'_> {
    /// What was paid for the orders in the window, less what was paid back for them by now. A
    /// refund that names no order is taken off where it falls.
    pub(crate) fn spent(&self, window: &BoundWindow<'_>) -> Option<i64> {
        if let Some(within_ms) = window.within_ms()
            && !self.has_refunds()
        {
            let mut minor = 0_i64;
            self.add_spent(&[within_ms], |_, it| minor = minor.saturating_add(it));
            return Some(minor);
        }
        let range = self.range(window)?;
        let mut minor = 0_i64;
        for order in self.orders(range.clone()) {
            minor = minor.saturating_add(self.net_minor(order));
        }
        if self.has_refunds() {
            let kinds = self.history.kinds();
            for row in range {
                if kinds[row] == ORDER_REFUNDED && self.history.subject(row) == NO_ORDER {
                    minor = minor.saturating_sub(self.history.amount(row));
                }
            }
        }
        Some(minor)
    }

    /// Hands to `add` what is part of the sums spent at ages below `within_ms`, each with the place
    /// of its sum; of a customer without refunds.
    pub(crate) fn add_spent(&self, within_ms: &[i64], mut add: impl FnMut(usize, i64)) {
        let longest_ms = within_ms.iter().max().copied().unwrap_or(0);
        let near = self.of_kind(HistoryKind::Order, 0..self.history.len()).rev();
        let near = near.take_while(|it| self.row_age_ms(*it) < longest_ms);
        for order in near.filter(|it| !self.is_cancelled(*it)) {
            let (age_ms, minor) = (self.row_age_ms(order), self.history.amount(order));
            for (place, _) in within_ms.iter().enumerate().filter(|it| age_ms < *it.1) {
                add(place, minor);
            }
        }
    }

    pub(crate) fn has_refunds(&self) -> bool {
        *self.has_refunds.get_or_init(|| self.has(HistoryKind::OrderRefunded))
    }

    pub(crate) fn net_minor(&self, order: usize) -> i64 {
        let history = self.history;
        if !self.has_refunds() {
            return history.amount(order);
        }
        let (kinds, number) = (history.kinds(), history.subject(order));
        let refunded = (0..history.len())
            .filter(|&row| kinds[row] == ORDER_REFUNDED && history.subject(row) == number)
            .fold(0_i64, |sum, row| sum.saturating_add(history.amount(row)));
        history.amount(order).saturating_sub(refunded)
    }

    /// What the order cost when it was placed; the average is rounded down.
    pub(crate) fn worth(&self, of: WorthOf) -> Option<i64> {
        let amount = |order| self.history.amount(order);
        match of {
            WorthOf::First => self.order(Pick::First).map(amount),
            WorthOf::Last => self.order(Pick::Last).map(amount),
            WorthOf::Average => {
                let orders = self.orders(0..self.history.len());
                average(orders.map(amount))
            }
        }
    }

    pub(crate) fn order(&self, pick: Pick) -> Option<usize> {
        match pick {
            Pick::First => self.orders(0..self.history.len()).next(),
            Pick::Last => self.last_order(),
        }
    }

    /// In minor units or, of anything but amounts, in millionths.
    pub(crate) fn figure(
        &self,
        statistic: Statistic,
        of: &BoundReading,
        deed: &BoundDeed<'_>,
        window: &BoundWindow<'_>,
    ) -> Option<i64> {
        let range = self.range(window)?;
        if deed.asks_of_owned() && self.last_order().is_none() {
            return None;
        }
        let rows = self.rows(deed, range);
        let mut values = rows.filter_map(|row| self.read(of, row, deed));
        match statistic {
            Statistic::Total => Some(values.fold(0, i64::saturating_add)),
            Statistic::Average => average(values),
            Statistic::Smallest => values.min(),
            Statistic::Largest => values.max(),
            Statistic::First => values.next(),
            Statistic::Last => values.next_back(),
        }
    }

    fn read(&self, of: &BoundReading, row: usize, deed: &BoundDeed<'_>) -> Option<i64> {
        match of {
            BoundReading::Amount(_) => self.amount(row, deed),
            BoundReading::Quantity(_) => self.quantity(row, deed),
            BoundReading::Rating(_) => self.rating(row),
            BoundReading::Property(names, _) => self.number(row, names),
        }
    }

    fn paid_orders(&self) -> impl Iterator<Item = PaidOrder> + '_ {
        self.orders(0..self.history.len())
            .map(|row| PaidOrder { at_ms: self.history.time_ms(row), minor: self.net_minor(row) })
    }

    /// From 1 to 5.
    pub(crate) fn score(&self, of: Score) -> Option<u8> {
        let model = self.subject.shop.model?.rfm.as_ref()?;
        let standing = Rfm::of(self.paid_orders(), self.now_ms)?;
        Some(match of {
            Score::Recency => model.recency_score(standing.age_ms),
            Score::Frequency => model.frequency_score(standing.orders),
            Score::Monetary => model.monetary_score(standing.minor),
        })
    }

    pub(crate) fn score_millionths(&self, of: Score) -> Option<i64> {
        self.score(of).map(|it| i64::from(it) * 1_000_000)
    }

    /// The customer's age is taken in whole days, so that a prediction changes once a day and not
    /// with every look.
    fn order_summary(&self) -> Option<OrderSummary> {
        let summary = OrderSummary::of(self.paid_orders(), self.now_ms)?;
        let age_days = summary.age_days.floor().max(summary.last_days);
        Some(OrderSummary { age_days, ..summary })
    }

    pub(crate) fn expected_orders(&self, days: f64) -> Option<f64> {
        self.subject.shop.model?.expected_orders(&self.order_summary()?, days)
    }

    /// In minor units.
    pub(crate) fn expected_minor(&self, days: f64) -> Option<f64> {
        self.subject.shop.model?.expected_value(&self.order_summary()?, days)
    }

    pub(crate) fn next_order_days(&self) -> Option<f64> {
        self.subject.shop.model?.next_order_days(&self.order_summary()?)
    }

    /// From 0 to 1.
    pub(crate) fn chance_gone(&self) -> Option<f64> {
        self.subject.shop.model?.chance_gone(&self.order_summary()?)
    }
}

impl BoundReading {
    /// What is asked of the figure.
    pub(crate) fn limit(&self) -> Limit<i64> {
        match self {
            Self::Amount(limit)
            | Self::Quantity(limit)
            | Self::Rating(limit)
            | Self::Property(_, limit) => *limit,
        }
    }
}

fn average(values: impl Iterator<Item = i64>) -> Option<i64> {
    let (count, sum) = values.fold((0, 0_i64), |(n, sum), it| (n + 1, sum.saturating_add(it)));
    (count > 0).then(|| sum.div_euclid(count))
}
