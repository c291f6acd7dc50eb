//! BG/NBD: how often customers order, and when they stop.
//!
//! Of the model's assumptions the fourth decides what it can say: a customer may stop right after
//! any repeat purchase, with a chance of their own, and at no other time. So nobody who ordered
//! once is ever called gone; they are merely expected to order less and less often.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    OrderSummary, evenly_picked,
    minimise::minimise,
    special::{digamma, gauss_rest, ln_gamma},
};

/// The parameters. Customers' rates of ordering, per day, vary as Gamma(`r`, `alpha`); the chances
/// to stop after a purchase as Beta(`a`, `b`). A model in weeks has an `alpha` a seventh of this
/// one's and the same others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BgNbd {
    pub r: f64,
    /// In days.
    pub alpha: f64,
    pub a: f64,
    pub b: f64,
}

/// A parameter whose logarithm is beyond this says that the orders do not tell: without anybody who stops, `a` runs
/// to 0 and `b` to infinity, and all rates being one rate sends `r` and `alpha` to infinity.
const LOG_MAX: f64 = 14.0;

/// How well the likelihood's slope is to vanish, for each customer.
const SLOPE_MAX: f64 = 1e-7;

impl BgNbd {
    /// The estimate of greatest likelihood, of at most [`FIT_CUSTOMERS_MAX`] customers evenly picked.
    /// Those who are alike to the day are counted rather than asked one by one. `None` where nobody
    /// came back or the estimate does not settle.
    pub fn fit(summaries: &[OrderSummary]) -> Option<Self> {
        let summaries = evenly_picked(summaries);
        let customers = Alike::count(&summaries);
        let total = summaries.len() as f64;
        if customers.iter().all(|it| it.repeats == 0) {
            return None;
        }
        let ages: f64 = summaries.iter().map(|it| it.age_days).sum();
        let start = [0.5, (ages / total).max(1.0), 1.0, 2.0].map(f64::ln);
        let found = minimise(start, SLOPE_MAX, LOG_MAX, |logs| {
            let model = Self::of_logs(logs);
            let (value, slope) = model.log_likelihood_and_slope(&customers);
            // By the chain rule the slope over logarithms is the slope times the parameter.
            let scale = [model.r, model.alpha, model.a, model.b];
            (-value / total, std::array::from_fn(|i| -slope[i] * scale[i] / total))
        })?;
        Some(Self::of_logs(&found))
    }

    fn of_logs([r, alpha, a, b]: &[f64; 4]) -> Self {
        Self { r: r.exp(), alpha: alpha.exp(), a: a.exp(), b: b.exp() }
    }

    /// The chance that the customer has stopped, from 0 to 1 ("Computing P(alive) using the BG/NBD
    /// model", Fader, Hardie and Lee, 2008, equation 1). 0 without repeats; it only grows while
    /// nothing happens.
    pub fn chance_gone(&self, it: &OrderSummary) -> f64 {
        let odds = self.odds_gone(it);
        // Odds so great that they are infinite leave no doubt.
        if odds.is_finite() { odds / (1.0 + odds) } else { 1.0 }
    }

    /// How many purchases are expected within the next `days` (equation 10 of the paper). It only
    /// falls while nothing happens.
    ///
    /// The hypergeometric function is taken by Euler's transformation (DLMF 15.8.1), which turns
    /// the paper's form, a small number times a huge one, into `(1-z)^(a-1) F(a+b-1-r, a-1; a+b+x-1;
    /// z)`; and `a = 1`, where the paper divides nothing by nothing, is no exception any more.
    pub fn expected_orders(&self, it: &OrderSummary, days: f64) -> f64 {
        let Self { r, alpha, a, b } = *self;
        let x = f64::from(it.repeats);
        if days <= 0.0 {
            return 0.0;
        }
        let z = days / (alpha + it.age_days + days);
        let log = (-z).ln_1p();
        let u = (a - 1.0) * log;
        let growth = if u == 0.0 { 1.0 } else { u.exp_m1() / u };
        let c = a + b + x - 1.0;
        let rest = gauss_rest(a + b - 1.0 - r, a - 1.0, c, z);
        // c / (a - 1) times (1 - (1-z)^(a-1) F), with F = 1 + (a - 1) rest.
        let if_here = -c * (log * growth + u.exp() * rest);
        (if_here * (1.0 - self.chance_gone(it))).max(0.0)
    }

    /// The chance of at least one purchase within the next `days`. While a customer has not stopped
    /// they order at a rate that is Gamma(r + x, alpha + T) by what is known (appendix of the paper),
    /// and they can only stop after they have ordered; so the wait follows Lomax's law.
    pub fn chance_to_order(&self, it: &OrderSummary, days: f64) -> f64 {
        let shape = self.r + f64::from(it.repeats);
        let scale = self.alpha + it.age_days;
        (1.0 - self.chance_gone(it)) * -(-shape * (days / scale).ln_1p()).exp_m1()
    }

    /// The day by which the customer is as likely as not to have ordered again, in days from now:
    /// where [`BgNbd::chance_to_order`] reaches a half. This definition of the next order's date is
    /// ours: a mean would be infinite for whoever may be gone. `None` where more likely than not
    /// they will never order.
    pub fn next_order_days(&self, it: &OrderSummary) -> Option<f64> {
        let here = 1.0 - self.chance_gone(it);
        if here <= 0.5 {
            return None;
        }
        let shape = self.r + f64::from(it.repeats);
        let scale = self.alpha + it.age_days;
        let days = scale * (-(-0.5 / here).ln_1p() / shape).exp_m1();
        days.is_finite().then_some(days)
    }

    /// The logarithm of the likelihood of one customer (equation 6 of the paper).
    pub fn log_likelihood(&self, it: &OrderSummary) -> f64 {
        let Self { r, alpha, a, b } = *self;
        let x = f64::from(it.repeats);
        let rate =
            ln_gamma(r + x) - ln_gamma(r) + r * alpha.ln() - (r + x) * (alpha + it.age_days).ln();
        let stop = ln_gamma(a + b) + ln_gamma(b + x) - ln_gamma(b) - ln_gamma(a + b + x);
        rate + stop + self.odds_gone(it).ln_1p()
    }

    /// How much likelier it is that the customer stopped after the last purchase than that they are
    /// still there; 0 without repeats.
    fn odds_gone(&self, it: &OrderSummary) -> f64 {
        let Self { r, alpha, a, b } = *self;
        let x = f64::from(it.repeats);
        if it.repeats == 0 {
            return 0.0;
        }
        let longer = (alpha + it.age_days).ln() - (alpha + it.last_days).ln();
        a / (b + x - 1.0) * ((r + x) * longer).exp()
    }

    /// Of all customers, with the slope in each parameter.
    fn log_likelihood_and_slope(&self, customers: &[Alike]) -> (f64, [f64; 4]) {
        let Self { r, alpha, a, b } = *self;
        let (mut value, mut slope) = (0.0, [0.0; 4]);
        let mut add = |count: f64, part: f64, parts: [f64; 4]| {
            value += count * part;
            slope.iter_mut().zip(parts).for_each(|(sum, it)| *sum += count * it);
        };
        // What the purchases alone decide is the same for all with as many.
        for same in customers.chunk_by(|a, b| a.repeats == b.repeats) {
            let x = f64::from(same[0].repeats);
            let count: f64 = same.iter().map(|it| it.count).sum();
            let rate = ln_gamma(r + x) - ln_gamma(r) + r * alpha.ln();
            let stop = ln_gamma(a + b) + ln_gamma(b + x) - ln_gamma(b) - ln_gamma(a + b + x);
            let both = digamma(a + b) - digamma(a + b + x);
            let slopes = [
                digamma(r + x) - digamma(r) + alpha.ln(),
                r / alpha,
                both,
                both + digamma(b + x) - digamma(b),
            ];
            add(count, rate + stop, slopes);
            let after = b + x - 1.0;
            for it in same {
                let age = alpha + it.age_days;
                let log_age = age.ln();
                add(it.count, -(r + x) * log_age, [-log_age, -(r + x) / age, 0.0, 0.0]);
                if it.repeats > 0 {
                    let last = alpha + it.last_days;
                    let longer = log_age - last.ln();
                    let odds = a / after * ((r + x) * longer).exp();
                    let share = if odds.is_finite() { odds / (1.0 + odds) } else { 1.0 };
                    let slopes =
                        [longer, (r + x) * (1.0 / age - 1.0 / last), 1.0 / a, -1.0 / after];
                    add(it.count, odds.ln_1p(), slopes.map(|it| it * share));
                }
            }
        }
        (value, slope)
    }
}

/// Customers who are alike to the day.
struct Alike {
    repeats: u32,
    last_days: f64,
    age_days: f64,
    count: f64,
}

impl Alike {
    /// In the order of their purchases.
    fn count(summaries: &[&OrderSummary]) -> Vec<Self> {
        let mut counts: BTreeMap<(u32, u32, u32), u32> = BTreeMap::new();
        for it in summaries {
            let days = |days: f64| days.round() as u32;
            *counts.entry((it.repeats, days(it.last_days), days(it.age_days))).or_default() += 1;
        }
        let alike = |((repeats, last, age), count)| Self {
            repeats,
            last_days: f64::from(last),
            age_days: f64::from(age),
            count: f64::from(count),
        };
        counts.into_iter().map(alike).collect()
    }
}
