//! Lift: what the mailed did beyond those held out by lot.
//!
//! By intention to treat: everyone who entered counts on the side the lot put them, whether or not
//! they were then mailed, bought at once or unsubscribed. Anything else would compare the willing
//! with everybody. A customer is one customer, however often they entered: their first entry counts,
//! and the lot puts a customer on the same side each time.
//!
//! Only those who entered a whole horizon ago are compared, so that both sides had the same time.

use std::collections::HashMap;

use aftercart_model::{CustomerId, Timestamp};
use jiff::SignedDuration;
use serde::Serialize;

use crate::{
    EnrolmentRow, Interval, OrderRow, Proportion, Sample, newcombe_interval, welch_interval,
};

/// The confidence at which "very likely" is said.
const CONFIDENCE: f64 = 0.95;

/// Below so many customers on a side nothing is claimed: spending is skewed, and the interval leans
/// on means being nearly normal.
const CUSTOMERS_MIN: u64 = 100;

/// Beyond this "so many weeks" means never.
const WEEKS_MAX: u32 = 520;

const WEEK_MS: f64 = 7.0 * 86_400_000.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiftOptions {
    /// How long after entering a customer's orders count.
    pub horizon: SignedDuration,
    /// How well the difference is to be known: to so many minor units on either side.
    pub precision_minor: i64,
}

impl Default for LiftOptions {
    fn default() -> Self {
        Self { horizon: SignedDuration::from_hours(21 * 24), precision_minor: 100 }
    }
}

/// One side of the comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Side {
    pub customers: u64,
    pub ordered_again: u64,
    /// Spent by each customer within the horizon, refunds taken off, in minor units.
    pub spent: Sample,
}

impl Side {
    pub fn share(&self) -> f64 {
        self.again().share()
    }

    fn again(&self) -> Proportion {
        Proportion { successes: self.ordered_again, count: self.customers }
    }
}

/// The answer to "did it earn more than doing nothing?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The whole interval lies above nothing.
    VeryLikelyYes,
    /// The interval holds nothing, or too few customers were compared.
    CannotBeTold,
    /// The whole interval lies below nothing, though by less than the wanted precision.
    VeryLikelyNot,
    /// The whole interval lies below nothing, by the wanted precision or more.
    ItCostYou,
    /// Nobody is held out: the question cannot be answered.
    NoHoldout,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Lift {
    pub mailed: Side,
    pub held_out: Side,
    /// Spent more by the mailed, per customer, in minor units. `None` with fewer than two customers
    /// on a side.
    pub spent: Option<Interval>,
    /// Ordered again more often, as a difference of shares.
    pub ordered: Option<Interval>,
    pub answer: Answer,
    /// Too few customers to claim anything, whatever the interval.
    pub is_too_few: bool,
    /// Everyone who entered, the horizon past or not, by week.
    pub entries_per_week: f64,
    /// The share of them held out.
    pub holdout_share: f64,
    precision_minor: i64,
}

/// Compares the mailed with the held out as of `now`.
pub fn lift(
    enrolments: &[EnrolmentRow],
    orders: &[OrderRow],
    options: &LiftOptions,
    now: Timestamp,
) -> Lift {
    let entries = first_entries(enrolments);
    let past: Vec<&EnrolmentRow> =
        entries.iter().filter(|it| it.entered_at + options.horizon <= now).copied().collect();
    let purchases = Purchases::new(orders);
    let side = |is_held_out: bool| {
        let of_side = past.iter().filter(|it| it.is_held_out == is_held_out);
        let spent = of_side.map(|it| purchases.within(it, options.horizon));
        let spent: Vec<(u64, i64)> = spent.collect();
        Side {
            customers: spent.len() as u64,
            ordered_again: spent.iter().filter(|(orders, _)| *orders > 0).count() as u64,
            spent: Sample::of(spent.iter().map(|(_, minor)| *minor as f64)),
        }
    };
    let (mailed, held_out) = (side(false), side(true));
    let spent = welch_interval(&mailed.spent, &held_out.spent, CONFIDENCE);
    let ordered = newcombe_interval(mailed.again(), held_out.again(), CONFIDENCE);
    let is_too_few = mailed.customers.min(held_out.customers) < CUSTOMERS_MIN;
    let held = entries.iter().filter(|it| it.is_held_out).count();
    Lift {
        mailed,
        held_out,
        spent,
        ordered,
        answer: answer(spent, is_too_few, held, options.precision_minor),
        is_too_few,
        entries_per_week: entries_per_week(&entries, now),
        holdout_share: if entries.is_empty() { 0.0 } else { held as f64 / entries.len() as f64 },
        precision_minor: options.precision_minor,
    }
}

fn answer(spent: Option<Interval>, is_too_few: bool, held: usize, precision_minor: i64) -> Answer {
    if held == 0 {
        return Answer::NoHoldout;
    }
    match spent {
        Some(it) if !is_too_few && it.low > 0.0 => Answer::VeryLikelyYes,
        Some(it) if !is_too_few && it.high < 0.0 => {
            let is_small = it.estimate.abs() < precision_minor as f64;
            if is_small { Answer::VeryLikelyNot } else { Answer::ItCostYou }
        }
        _ => Answer::CannotBeTold,
    }
}

impl Lift {
    /// What the difference comes to over all the mailed: estimate and ends, in minor units.
    pub fn earned(&self) -> Option<Interval> {
        let times = self.mailed.customers as f64;
        self.spent.map(|it| Interval {
            estimate: it.estimate * times,
            low: it.low * times,
            high: it.high * times,
        })
    }

    /// Weeks still needed until the difference is known to the wanted precision, at the present
    /// share held out; 0 if it is already. `None` if that cannot be told or is out of reach.
    pub fn weeks_needed(&self) -> Option<u32> {
        self.weeks_needed_with(self.holdout_share)
    }

    /// As [`Lift::weeks_needed`], were `holdout_share` of all who enter from now on held out.
    ///
    /// Both sides go on varying as they do and customers go on entering at the same rate; those
    /// entering now count only a horizon later, but so do those who entered a horizon ago count
    /// now, so the horizon does not add to the wait.
    pub fn weeks_needed_with(&self, holdout_share: f64) -> Option<u32> {
        let interval = self.spent?;
        let errors = |weeks: f64| {
            let new = weeks * self.entries_per_week;
            let mailed = self.mailed.customers as f64 + new * (1.0 - holdout_share);
            let held_out = self.held_out.customers as f64 + new * holdout_share;
            (self.mailed.spent.variance / mailed + self.held_out.spent.variance / held_out).sqrt()
        };
        let error = errors(0.0);
        if error == 0.0 {
            return None;
        }
        let reach = interval.half_width() / error;
        let is_enough =
            |weeks: u32| reach * errors(f64::from(weeks)) <= self.precision_minor as f64;
        (0..=WEEKS_MAX).find(|weeks| is_enough(*weeks))
    }
}

/// Each customer's first entry, by time of entry, then by enrolment.
pub(crate) fn first_entries(enrolments: &[EnrolmentRow]) -> Vec<&EnrolmentRow> {
    let mut first: HashMap<CustomerId, &EnrolmentRow> = HashMap::new();
    for row in enrolments {
        let kept = first.entry(row.customer).or_insert(row);
        if (row.entered_at, row.enrolment) < (kept.entered_at, kept.enrolment) {
            *kept = row;
        }
    }
    let mut first: Vec<&EnrolmentRow> = first.into_values().collect();
    first.sort_unstable_by_key(|it| (it.entered_at, it.enrolment));
    first
}

/// Customers by week since the first came; `entries` stand by time.
fn entries_per_week(entries: &[&EnrolmentRow], now: Timestamp) -> f64 {
    let entered = entries.iter().filter(|it| it.entered_at <= now);
    let Some(first) = entries.first() else { return 0.0 };
    // Under a week of data speaks for a week: one entry a minute ago is not a rate.
    let weeks = (now.duration_since(first.entered_at).as_millis() as f64 / WEEK_MS).max(1.0);
    entered.count() as f64 / weeks
}

/// Everybody's orders, each customer's by time.
pub(crate) struct Purchases<'a> {
    of_customer: HashMap<CustomerId, Vec<&'a OrderRow>>,
}

impl<'a> Purchases<'a> {
    pub(crate) fn new(orders: &'a [OrderRow]) -> Self {
        let mut of_customer: HashMap<CustomerId, Vec<&OrderRow>> = HashMap::new();
        for order in orders {
            of_customer.entry(order.customer).or_default().push(order);
        }
        for own in of_customer.values_mut() {
            own.sort_unstable_by_key(|it| (it.placed_at, &it.order));
        }
        Self { of_customer }
    }

    /// The orders after an entry, by time, without the one that triggered it.
    pub(crate) fn after(&self, entry: &EnrolmentRow) -> impl Iterator<Item = &'a OrderRow> {
        let own = self.of_customer.get(&entry.customer).map_or(&[][..], Vec::as_slice);
        let is_later = move |it: &&&OrderRow| {
            it.placed_at >= entry.entered_at && entry.trigger_order.as_ref() != Some(&it.order)
        };
        own.iter().filter(is_later).copied()
    }

    /// How many orders, and their worth, within `horizon` of the entry; half-open.
    fn within(&self, entry: &EnrolmentRow, horizon: SignedDuration) -> (u64, i64) {
        let end = entry.entered_at + horizon;
        let orders = self.after(entry).take_while(|it| it.placed_at < end);
        orders.fold((0, 0), |(count, minor), it| (count + 1, minor + it.net_minor))
    }
}
