//! Gamma-Gamma: what a customer's next purchases are worth, between what theirs were and what
//! everybody's are.
//!
//! Fader and Hardie, "The Gamma-Gamma model of monetary value", 2013. It takes what a purchase is
//! worth to have nothing to do with how often one orders.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    OrderSummary, evenly_picked,
    minimise::minimise,
    special::{digamma, ln_gamma},
};

/// The parameters. A purchase is worth Gamma(`p`, ν), and customers' ν vary as Gamma(`q`, `v`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GammaGamma {
    pub p: f64,
    /// Above 1: at 1 or less the mean over customers has no value.
    pub q: f64,
    /// In minor units.
    pub v: f64,
}

/// A parameter whose logarithm is beyond this says that the orders do not tell.
const LOG_MAX: f64 = 14.0;

/// How well the likelihood's slope is to vanish, for each customer.
const SLOPE_MAX: f64 = 1e-7;

impl GammaGamma {
    /// The estimate of greatest likelihood, from the customers with repeats that were worth
    /// something, at most [`FIT_CUSTOMERS_MAX`](super::FIT_CUSTOMERS_MAX) of them evenly picked. `None` without any, or where it does not settle, as where every order is worth
    /// the same.
    pub fn fit(summaries: &[OrderSummary]) -> Option<Self> {
        // The model knows no gifts.
        let is_told = |it: &&OrderSummary| it.repeats > 0 && it.mean_value > 0.0;
        let told: Vec<&OrderSummary> = summaries.iter().filter(is_told).collect();
        let customers = Alike::count(&evenly_picked(&told));
        let total: f64 = customers.iter().map(|it| it.count).sum();
        if total == 0.0 {
            return None;
        }
        // Of numbers near 1 a search goes straight; the unit is put back below.
        let unit = customers.iter().map(|it| it.count * it.value).sum::<f64>() / total;
        let customers: Vec<Alike> =
            customers.into_iter().map(|it| Alike { value: it.value / unit, ..it }).collect();
        let found = minimise([2.0_f64, 2.0, 1.0].map(f64::ln), SLOPE_MAX, LOG_MAX, |logs| {
            let model = Self::of_logs(logs);
            let (value, slope) = model.log_likelihood_and_slope(&customers);
            let scale = [model.p, model.q - 1.0, model.v];
            (-value / total, std::array::from_fn(|i| -slope[i] * scale[i] / total))
        })?;
        let model = Self::of_logs(&found);
        Some(Self { v: model.v * unit, ..model })
    }

    fn of_logs([p, q, v]: &[f64; 3]) -> Self {
        Self { p: p.exp(), q: 1.0 + q.exp(), v: v.exp() }
    }

    /// What the customer's purchases are worth in the mean by all that is known, in minor units
    /// (equation 5): the mean of theirs and everybody's, weighed by how many theirs are.
    pub fn mean_value(&self, it: &OrderSummary) -> f64 {
        let Self { p, q, v } = *self;
        let x = f64::from(it.repeats);
        p * (v + x * it.mean_value.max(0.0)) / (p * x + q - 1.0)
    }

    /// The logarithm of the likelihood of one customer with repeats (equation 1a).
    pub fn log_likelihood(&self, it: &OrderSummary) -> f64 {
        let Self { p, q, v } = *self;
        let (x, z) = (f64::from(it.repeats), it.mean_value);
        ln_gamma(p * x + q) - ln_gamma(p * x) - ln_gamma(q)
            + q * v.ln()
            + (p * x - 1.0) * z.ln()
            + p * x * x.ln()
            - (p * x + q) * (v + x * z).ln()
    }

    /// Of all customers, with the slope in each parameter.
    fn log_likelihood_and_slope(&self, customers: &[Alike]) -> (f64, [f64; 3]) {
        let Self { p, q, v } = *self;
        let (mut value, mut slope) = (0.0, [0.0; 3]);
        let mut add = |count: f64, part: f64, parts: [f64; 3]| {
            value += count * part;
            slope.iter_mut().zip(parts).for_each(|(sum, it)| *sum += count * it);
        };
        for same in customers.chunk_by(|a, b| a.repeats == b.repeats) {
            let x = f64::from(same[0].repeats);
            let count: f64 = same.iter().map(|it| it.count).sum();
            let both = digamma(p * x + q);
            let part =
                ln_gamma(p * x + q) - ln_gamma(p * x) - ln_gamma(q) + q * v.ln() + p * x * x.ln();
            let slopes = [x * (both - digamma(p * x) + x.ln()), both - digamma(q) + v.ln(), q / v];
            add(count, part, slopes);
            for it in same {
                let sum = v + x * it.value;
                let (log_sum, log) = (sum.ln(), it.value.ln());
                let part = (p * x - 1.0) * log - (p * x + q) * log_sum;
                add(it.count, part, [x * (log - log_sum), -log_sum, -(p * x + q) / sum]);
            }
        }
        (value, slope)
    }
}

/// Customers with as many repeats worth as much in the mean.
struct Alike {
    repeats: u32,
    value: f64,
    count: f64,
}

impl Alike {
    /// In the order of their purchases.
    fn count(summaries: &[&&OrderSummary]) -> Vec<Self> {
        let mut counts: BTreeMap<(u32, u64), u32> = BTreeMap::new();
        for it in summaries {
            // The bits of positive numbers stand in their order.
            *counts.entry((it.repeats, it.mean_value.to_bits())).or_default() += 1;
        }
        let alike = |((repeats, value), count)| Self {
            repeats,
            value: f64::from_bits(value),
            count: f64::from(count),
        };
        counts.into_iter().map(alike).collect()
    }
}
