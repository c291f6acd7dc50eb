//! After how long something bought is bought again, and when it is due for one customer.
//!
//! Who has not come back yet may still do so: leave them out, and the intervals that are known are
//! the short ones. They are counted as long as they were watched, by the product-limit estimate
//! (E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", Journal of
//! the American Statistical Association 53, 1958). Most buyers of most things never come back for
//! them, so the curve has no median of its own; what is asked for is when those come who come at all.

/// Nobody is watched for longer. Who comes back after more than a year has not run out of anything.
pub const REPEAT_DAYS_MAX: u32 = 365;

/// Where fewer are watched the estimate is a staircase of single people, and ends.
const WATCHED_MIN: u32 = 5;

/// Of a customer's own intervals so many count, the newest: habits change.
const OWN_INTERVALS_MAX: usize = 5;

const DAY_MS: i64 = 24 * 3_600_000;

/// Waits for a repeat, counted by their days. Which came first is of no consequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatWaits {
    /// By days: how many ended in a repeat.
    repeated: Vec<u32>,
    /// By days: how many are still waiting.
    waiting: Vec<u32>,
}

impl Default for RepeatWaits {
    fn default() -> Self {
        let none = vec![0; REPEAT_DAYS_MAX as usize + 1];
        Self { repeated: none.clone(), waiting: none }
    }
}

/// When those come back who do, and how many do.
#[derive(Clone, Debug, PartialEq)]
pub struct RepeatCurve {
    /// By days: how many of all have come back by then; as far as enough were watched.
    by_day: Vec<f64>,
    /// By days: how many repeats are to be expected of one who was watched so long.
    hazard: Vec<f64>,
}

impl RepeatWaits {
    /// Somebody who came back after `days`; after more than [`REPEAT_DAYS_MAX`] it is as if they had
    /// not by then.
    pub fn add_repeat(&mut self, days: u32) {
        match self.repeated.get_mut(days as usize) {
            Some(count) => *count += 1,
            None => self.add_waiting(days),
        }
    }

    /// Somebody who was watched for `days` and has not come back.
    pub fn add_waiting(&mut self, days: u32) {
        self.waiting[days.min(REPEAT_DAYS_MAX) as usize] += 1;
    }

    pub fn add(&mut self, other: &Self) {
        let sum = |to: &mut Vec<u32>, of: &Vec<u32>| {
            to.iter_mut().zip(of).for_each(|(to, of)| *to += of);
        };
        sum(&mut self.repeated, &other.repeated);
        sum(&mut self.waiting, &other.waiting);
    }

    /// How many repeats there were.
    pub fn repeats(&self) -> u32 {
        self.repeated.iter().sum()
    }

    /// The product-limit estimate. Who is watched to the end of a day is watched on it.
    pub fn curve(&self) -> RepeatCurve {
        let mut watched: u32 = self.repeats() + self.waiting.iter().sum::<u32>();
        let (mut left, mut hazard_sum) = (1.0, 0.0);
        let mut curve = RepeatCurve { by_day: Vec::new(), hazard: Vec::new() };
        for (repeated, waiting) in self.repeated.iter().zip(&self.waiting) {
            if watched < WATCHED_MIN {
                break;
            }
            let share = f64::from(*repeated) / f64::from(watched);
            left *= 1.0 - share;
            hazard_sum += share;
            curve.by_day.push(1.0 - left);
            curve.hazard.push(hazard_sum);
            watched -= repeated + waiting;
        }
        curve
    }

    /// How many repeats these waits would have brought if `curve` were true of them: the one-sample
    /// log-rank count (N. E. Breslow, "Analysis of survival data under the proportional hazards
    /// model", International Statistical Review 43, 1975).
    pub fn expected_repeats(&self, curve: &RepeatCurve) -> f64 {
        let last = curve.hazard.last().copied().unwrap_or(0.0);
        let hazard = |days: usize| curve.hazard.get(days).copied().unwrap_or(last);
        let waits = self.repeated.iter().zip(&self.waiting).enumerate();
        waits.map(|(days, (a, b))| f64::from(a + b) * hazard(days)).sum()
    }
}

impl RepeatCurve {
    /// The share of buyers who come back within a year, or as long as enough were watched.
    pub fn share(&self) -> f64 {
        self.by_day.last().copied().unwrap_or(0.0)
    }

    /// After how many days `part` of those who come back have done so; `None` if nobody does.
    pub fn days_until(&self, part: f64) -> Option<u32> {
        let share = self.share();
        // Half of them is half of them, whatever the last digit of the sum says.
        let enough = share * part - 1e-9;
        let place = self.by_day.iter().position(|it| share > 0.0 && *it >= enough)?;
        u32::try_from(place).ok()
    }
}

/// When a customer is due to buy something again that people buy again after `usual_days`, by when
/// they bought it, in ascending milliseconds; `None` if they never did.
///
/// Who bought it on three days or more has an interval of their own, the median of the newest five,
/// which counts once for each of those beside the usual one: it outweighs that at once and drowns it
/// with time. The mean of the two is a geometric one, as intervals are spread by factors.
///
/// Purchases of one day (UTC) are one purchase. It is due at the time of day of the last.
pub fn due_again_ms(usual_days: u32, purchases_ms: &[i64]) -> Option<i64> {
    let last = *purchases_ms.last()?;
    Some(last.saturating_add(i64::from(interval_days(usual_days, purchases_ms)) * DAY_MS))
}

/// See [`due_again_ms`]: the days that are added to the last purchase.
pub fn interval_days(usual_days: u32, purchases_ms: &[i64]) -> u32 {
    let mut days: Vec<i64> = purchases_ms.iter().map(|it| it.div_euclid(DAY_MS)).collect();
    days.dedup();
    let intervals = days.windows(2).rev().take(OWN_INTERVALS_MAX).map(|it| it[1] - it[0]);
    let mut own: Vec<i64> = intervals.collect();
    if own.len() < 2 {
        return usual_days;
    }
    own.sort_unstable();
    let middle = own.len() / 2;
    let median = match own.len() % 2 {
        1 => own[middle] as f64,
        _ => (own[middle - 1] + own[middle]) as f64 / 2.0,
    };
    let count = own.len() as f64;
    let mean =
        (count * libm::log(median) + libm::log(f64::from(usual_days.max(1)))) / (count + 1.0);
    libm::round(libm::exp(mean)).clamp(1.0, f64::from(u16::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn waits(repeats: &[u32], waiting: &[u32]) -> RepeatWaits {
        let mut waits = RepeatWaits::default();
        repeats.iter().for_each(|it| waits.add_repeat(*it));
        waiting.iter().for_each(|it| waits.add_waiting(*it));
        waits
    }

    #[test]
    fn the_curve_is_the_product_limit_estimate() {
        // By hand: of 10 one comes after 3 days, of 9 two after 6, then 2 are watched no longer, of 5
        // one comes after 9; after that fewer than 5 are watched.
        let curve = waits(&[3, 6, 6, 9], &[7, 7, 20, 20, 20, 20]).curve();
        let left: f64 = 1.0 - 0.9 * (7.0 / 9.0) * (4.0 / 5.0);
        assert!((curve.share() - left).abs() < 1e-12, "{} is not {left}", curve.share());
        assert_eq!(curve.by_day.len(), 10, "watched on day 9, and then too few");
        assert_eq!(curve.days_until(0.5), Some(6));
        assert_eq!(curve.days_until(1.0), Some(9));
    }

    #[test]
    fn who_may_still_come_pulls_the_interval_up() {
        let quick = [vec![20; 30], vec![60; 30]].concat();
        let median = |waiting: &[u32]| waits(&quick, waiting).curve().days_until(0.5);
        assert_eq!(median(&[]), Some(20));
        assert_eq!(median(&[30; 30]), Some(60), "30 were watched for 30 days alone");
        assert_eq!(median(&[365; 30]), Some(20), "30 never come back");
    }

    #[test]
    fn nobody_comes_back_for_what_nobody_bought_again() {
        assert_eq!(waits(&[], &[]).curve().days_until(0.5), None);
        let never = waits(&[], &[100; 50]).curve();
        assert_eq!((never.share(), never.days_until(0.5)), (0.0, None));
        assert_eq!(waits(&[500], &[]).repeats(), 0, "after more than a year");
    }

    #[test]
    fn ones_own_interval_outweighs_the_usual_one() {
        let due = |days: &[i64]| {
            let ms: Vec<i64> = days.iter().map(|it| it * DAY_MS).collect();
            due_again_ms(40, &ms).map(|it| it / DAY_MS)
        };
        assert_eq!(due(&[]), None);
        assert_eq!(due(&[100]), Some(140));
        assert_eq!(due(&[100, 110]), Some(150), "once is no habit");
        assert_eq!(due(&[100, 110, 120]), Some(136), "10 days twice and 40 once: 15.9");
        assert_eq!(due(&[100, 110, 110, 120]), Some(136), "twice on one day is once");
        let often: Vec<i64> = (0..9).map(|it| 10 * it).collect();
        assert_eq!(due(&often), Some(80 + 13), "10 days five times and 40 once: 12.6");
        let once_away = [0, 10, 20, 200, 210, 220];
        assert_eq!(due(&once_away), Some(220 + 13), "a long absence does not count for much");
    }

    proptest! {
        #[test]
        fn the_curve_rises_and_its_parts_are_in_order(
            repeats in vec(1_u32..400, 0..60), waiting in vec(0_u32..400, 0..60),
        ) {
            let curve = waits(&repeats, &waiting).curve();
            prop_assert!(curve.by_day.is_sorted() && (0.0..=1.0).contains(&curve.share()));
            let parts = [0.25, 0.5, 0.75].map(|it| curve.days_until(it));
            prop_assert!(parts.is_sorted());
            prop_assert!(parts.iter().flatten().all(|it| *it <= REPEAT_DAYS_MAX));
        }

        #[test]
        fn it_is_due_after_the_last_purchase_and_between_the_intervals(
            usual in 1_u32..366, mut days in vec(0_i64..1_000, 1..12),
        ) {
            days.sort_unstable();
            let ms: Vec<i64> = days.iter().map(|it| it * DAY_MS + 5).collect();
            let due = due_again_ms(usual, &ms).unwrap();
            days.dedup();
            let own = days.windows(2).map(|it| (it[1] - it[0]) as u32);
            let all: Vec<u32> = own.chain([usual]).collect();
            let added = (due - ms.last().unwrap()) / DAY_MS;
            let range = *all.iter().min().unwrap()..=*all.iter().max().unwrap();
            prop_assert!(range.contains(&(added as u32)), "{added} of {all:?}");
        }

        #[test]
        fn waits_of_which_the_curve_was_made_are_as_expected(
            repeats in vec(1_u32..300, 5..60), waiting in vec(0_u32..300, 5..60),
        ) {
            // By the arithmetic of the estimate the two are equal as far as it reaches.
            let all = waits(&repeats, &waiting);
            let curve = all.curve();
            let reach = curve.by_day.len();
            let seen: u32 = all.repeated[..reach].iter().sum();
            prop_assert!((all.expected_repeats(&curve) - f64::from(seen)).abs() < 1e-6);
        }
    }
}
