//! Lift: what those a flow was offered to did beyond those held out by lot.
//!
//! By intention to treat: everyone who entered counts on the side the lot put them, whether or not
//! they were then mailed, bought at once or unsubscribed. Anything else would compare the willing
//! with everybody. So the sides are the *offered*, who are all who entered and were not held out,
//! and the *held out*; how many of the offered were mailed stands beside and decides nothing.
//!
//! A customer is one customer, however often they entered: their first entry counts, and the lot
//! puts a customer on the same side each time.
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
    /// Of them, handed at least one message on their first passage.
    pub mailed: u64,
    /// By an order that was not cancelled since.
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
    /// Everybody who entered and was not held out.
    pub offered: Side,
    pub held_out: Side,
    /// Spent more by the offered, per customer, in minor units. `None` with fewer than two customers
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

/// Compares the offered with the held out as of `now`.
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
        let of_side = || past.iter().filter(|it| it.is_held_out == is_held_out);
        let spent = of_side().map(|it| purchases.within(it, options.horizon));
        let spent: Vec<(u64, i64)> = spent.collect();
        Side {
            customers: spent.len() as u64,
            mailed: of_side().filter(|it| it.was_mailed).count() as u64,
            ordered_again: spent.iter().filter(|(orders, _)| *orders > 0).count() as u64,
            spent: Sample::of(spent.iter().map(|(_, minor)| *minor as f64)),
        }
    };
    let (offered, held_out) = (side(false), side(true));
    let spent = welch_interval(&offered.spent, &held_out.spent, CONFIDENCE);
    let ordered = newcombe_interval(offered.again(), held_out.again(), CONFIDENCE);
    let is_too_few = offered.customers.min(held_out.customers) < CUSTOMERS_MIN;
    let held = entries.iter().filter(|it| it.is_held_out).count();
    Lift {
        offered,
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
    /// What the difference comes to over all the offered: estimate and ends, in minor units.
    pub fn earned(&self) -> Option<Interval> {
        let times = self.offered.customers as f64;
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
            let offered = self.offered.customers as f64 + new * (1.0 - holdout_share);
            let held_out = self.held_out.customers as f64 + new * holdout_share;
            (self.offered.spent.variance / offered + self.held_out.spent.variance / held_out).sqrt()
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

/// Everybody's orders that were not cancelled, each customer's by time.
pub(crate) struct Purchases<'a> {
    of_customer: HashMap<CustomerId, Vec<&'a OrderRow>>,
}

impl<'a> Purchases<'a> {
    pub(crate) fn new(orders: &'a [OrderRow]) -> Self {
        let mut of_customer: HashMap<CustomerId, Vec<&OrderRow>> = HashMap::new();
        for order in orders.iter().filter(|it| !it.is_cancelled) {
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

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::samples::{any_orders, at, entry, order, order_id};

    const LATER: i64 = 24 * 60;

    /// The lift when each of `offered` and `held_out` customers spends as much as `spent` says of
    /// their number, an hour after entering.
    fn lift_of(offered: i64, held_out: i64, spent: impl Fn(i64, bool) -> i64) -> Lift {
        let sides = (0..offered).map(|it| (it, false));
        let customers = sides.chain((0..held_out).map(|it| (it, true)));
        let (mut entries, mut orders) = (Vec::new(), Vec::new());
        for (place, (number, is_held_out)) in (0..).zip(customers) {
            entries.push(entry(place, 0, is_held_out));
            let minor = spent(number, is_held_out);
            if minor > 0 {
                orders.push(OrderRow { net_minor: minor, ..order(place, place, 1, minor) });
            }
        }
        lift(&entries, &orders, &LiftOptions::default(), at(LATER))
    }

    /// Spends 30.00 or, one in ten, 30.00 and `more`.
    fn every_tenth(number: i64, more: i64) -> i64 {
        if number % 10 == 0 { 3_000 + more } else { 0 }
    }

    #[test]
    fn the_answer_follows_the_interval() {
        let answer = |gain: i64| {
            lift_of(3_000, 3_000, |number, is_held_out| match is_held_out {
                true => every_tenth(number, 0),
                false => (every_tenth(number, 0) + gain).max(0),
            })
            .answer
        };
        assert_eq!(answer(200), Answer::VeryLikelyYes);
        assert_eq!(answer(0), Answer::CannotBeTold);
        let fewer = |one_in: i64| {
            lift_of(9_000, 9_000, |number, is_held_out| match is_held_out {
                true => every_tenth(number, 0),
                false if number % one_in == 0 => 3_000,
                false => 0,
            })
            .answer
        };
        assert_eq!(fewer(100), Answer::ItCostYou, "2.70 less each");
        assert_eq!(fewer(12), Answer::VeryLikelyNot, "0.50 less each");
    }

    #[test]
    fn few_customers_claim_nothing() {
        let few = lift_of(
            90,
            90,
            |number, is_held_out| {
                if is_held_out { number % 2 } else { 5_000 + number % 3 }
            },
        );
        assert!(few.is_too_few);
        assert!(few.spent.unwrap().low > 4_000.0, "the interval is shown");
        assert_eq!(few.answer, Answer::CannotBeTold);
    }

    #[test]
    fn without_a_holdout_there_is_no_answer() {
        let all_offered = lift_of(1_000, 0, |number, _| every_tenth(number, 0));
        assert_eq!(all_offered.answer, Answer::NoHoldout);
        assert_eq!(all_offered.spent, None);
        assert_eq!(all_offered.weeks_needed(), None);
        assert_eq!(lift_of(0, 0, |_, _| 0).answer, Answer::NoHoldout);
    }

    #[test]
    fn only_orders_within_the_horizon_other_than_the_trigger_count() {
        let mut entered = entry(1, 100, false);
        entered.trigger_order = Some(order_id(1));
        let day = 24;
        let orders = [
            order(1, 1, 100, 1_000),
            order(2, 1, 99, 1_000),
            order(3, 1, 100, 2_000),
            order(4, 1, 100 + 21 * day - 1, 4_000),
            order(5, 1, 100 + 21 * day, 8_000),
        ];
        let side =
            |now: i64| lift(&[entered.clone()], &orders, &LiftOptions::default(), at(now)).offered;
        assert_eq!(side(100 + 21 * day - 1).customers, 0, "the horizon is not past");
        let past = side(100 + 21 * day);
        assert_eq!((past.customers, past.ordered_again), (1, 1));
        assert_eq!(past.spent.mean, 5_400.0, "orders 3 and 4, a tenth of each paid back");
    }

    #[test]
    fn who_entered_and_was_never_mailed_counts_among_the_offered() {
        let never = EnrolmentRow { was_mailed: false, ..entry(2, 0, false) };
        let entries = [entry(1, 0, false), never, entry(3, 0, true)];
        let found = lift(&entries, &[], &LiftOptions::default(), at(LATER));
        assert_eq!((found.offered.customers, found.offered.mailed), (2, 1));
        assert_eq!((found.held_out.customers, found.held_out.mailed), (1, 0));
    }

    #[test]
    fn nobody_ordered_again_by_an_order_they_cancelled() {
        let cancelled = OrderRow { is_cancelled: true, net_minor: 0, ..order(1, 1, 5, 1_000) };
        let entries = [entry(1, 0, false)];
        let found = lift(&entries, &[cancelled], &LiftOptions::default(), at(LATER));
        assert_eq!((found.offered.customers, found.offered.ordered_again), (1, 0));
    }

    #[test]
    fn a_customer_who_entered_twice_counts_once() {
        let again =
            EnrolmentRow { enrolment: aftercart_model::EnrolmentId(99), ..entry(1, 200, false) };
        let found = lift(&[again, entry(1, 0, false)], &[], &LiftOptions::default(), at(LATER));
        assert_eq!(found.offered.customers, 1);
    }

    #[test]
    fn weeks_needed_shrink_with_a_fairer_holdout() {
        let found = lift_of(1_800, 200, |number, _| every_tenth(number, number % 7 * 1_000));
        let weeks = found.weeks_needed().unwrap();
        let fair = found.weeks_needed_with(0.5).unwrap();
        assert!(0 < fair && fair < weeks, "{fair} weeks of an even lot, {weeks} of one in ten");
        // 2,000 entered in the 60 days, so 233 a week; the error falls with one over the root.
        let reach = found.spent.unwrap().half_width() / 100.0;
        let expected = 2_000.0 * (reach * reach - 1.0) / found.entries_per_week;
        assert!((f64::from(weeks) - expected).abs() <= 1.0, "{weeks} is not about {expected}");
    }

    #[test]
    fn what_is_known_well_enough_needs_no_week() {
        let found = lift_of(5_000, 5_000, |number, _| number % 2 + 1);
        assert_eq!(found.weeks_needed(), Some(0));
    }

    proptest! {
        #[test]
        fn everybody_past_the_horizon_is_on_one_side(
            entered in vec((0_i64..30, 0_i64..600, any::<bool>()), 0..40),
            orders in any_orders(),
            now in 0_i64..1_500,
        ) {
            let entries: Vec<EnrolmentRow> =
                entered.iter().map(|(customer, hours, out)| entry(*customer, *hours, *out)).collect();
            let found = lift(&entries, &orders, &LiftOptions::default(), at(now));
            let first = first_entries(&entries);
            let past = first.iter().filter(|it| it.entered_at + LiftOptions::default().horizon <= at(now));
            prop_assert_eq!(found.offered.customers + found.held_out.customers, past.count() as u64);
            for side in [found.offered, found.held_out] {
                prop_assert!(side.ordered_again <= side.customers);
                prop_assert!(side.mailed <= side.customers);
            }
            let curves = crate::curves(&entries, &orders, 21, at(now));
            prop_assert_eq!(curves.offered.last().copied().unwrap_or(0.0), found.offered.share());
            prop_assert_eq!(curves.held_out.last().copied().unwrap_or(0.0), found.held_out.share());
            prop_assert!(curves.offered.is_sorted() && curves.held_out.is_sorted());
        }
    }
}
