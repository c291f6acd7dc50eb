//! What clauses compare: a number of each customer, or none.

use crate::{
    Age, Limit, Score, WorthOf,
    evaluate::{BoundDeed, BoundWindow, Evaluator},
};

/// Numbers that are taken of a customer at one look, always the evaluator's own.
#[derive(Debug, PartialEq)]
pub(super) enum Measure<'c> {
    Ages(Ages<'c>),
    /// Paid for orders within several windows that are open to now.
    Spent {
        within_ms: Vec<i64>,
        windows: Vec<BoundWindow<'c>>,
    },
    /// Paid for orders within any other.
    SpentIn(BoundWindow<'c>),
    Worth(WorthOf),
    Score(Score),
}

/// How many milliseconds ago a deed was done.
#[derive(Debug, PartialEq)]
pub(super) struct Ages<'c> {
    deed: BoundDeed<'c>,
    /// An age is taken of the deed that so many newer ones came after, for each of these.
    newer: Vec<u32>,
    /// From here on no clause tells ages apart.
    within_ms: i64,
}

impl<'c> Ages<'c> {
    pub fn of(deed: BoundDeed<'c>) -> Self {
        Self { deed, newer: Vec::new(), within_ms: 0 }
    }

    pub fn are_of(&self, deed: &BoundDeed<'_>) -> bool {
        self.deed == *deed
    }

    /// The place among the ages of the one after `newer` deeds, to be held to `limit`.
    pub fn place(&mut self, newer: u32, limit: Limit<i64>) -> usize {
        let until_ms = if let Limit::Below(it) = limit { it } else { i64::MAX };
        self.within_ms = self.within_ms.max(until_ms);
        super::place_of(&mut self.newer, newer)
    }

    /// The ages that a deed in the window has; `None` where they do not tell.
    pub fn limit(deed: &BoundDeed<'_>, window: &BoundWindow<'_>) -> Option<Limit<i64>> {
        // Of a customer without an order such a deed says no, however often it was done.
        if deed.asks_of_owned() {
            return None;
        }
        Some(match window.within_ms()? {
            i64::MAX => Limit::AtLeast(0),
            within_ms => Limit::Below(within_ms),
        })
    }

    pub fn limit_of(age: Age) -> Limit<i64> {
        match age {
            Age::AtLeast(span) => Limit::AtLeast(span.as_ms()),
            Age::LessThan(span) => Limit::Below(span.as_ms()),
        }
    }
}

impl Measure<'_> {
    /// How many numbers it gives.
    pub fn len(&self) -> usize {
        match self {
            Self::Ages(ages) => ages.newer.len(),
            Self::Spent { windows, .. } => windows.len(),
            Self::SpentIn(_) | Self::Worth(_) | Self::Score(_) => 1,
        }
    }

    /// Hands what the numbers are sums of to `add`, each with its place; nothing for one that the
    /// customer does not have.
    pub fn take(&self, customer: &Evaluator<'_>, mut add: impl FnMut(usize, i64)) {
        let one = match self {
            Self::Ages(Ages { deed, newer, within_ms }) => {
                return customer.ages_ms(deed, newer, *within_ms, add);
            }
            Self::Spent { within_ms, windows } => {
                (0..windows.len()).for_each(|place| add(place, 0));
                if !customer.has_refunds() {
                    return customer.add_spent(within_ms, add);
                }
                for (place, window) in windows.iter().enumerate() {
                    add(place, customer.spent(window).unwrap_or(0));
                }
                return;
            }
            Self::SpentIn(window) => customer.spent(window),
            Self::Worth(of) => customer.worth(*of),
            Self::Score(of) => customer.score_millionths(*of),
        };
        if let Some(value) = one {
            add(0, value);
        }
    }
}
