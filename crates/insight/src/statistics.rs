//! The little statistics that reports need, each with its source.

use serde::Serialize;

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

impl Interval {
    /// Half its width, where it is symmetric.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// A sample of numbers, summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Sample {
    pub count: u64,
    pub mean: f64,
    /// Unbiased: over `count - 1`; 0 of fewer than two.
    pub variance: f64,
}

impl Sample {
    /// Welford's way (Technometrics 4(3), 1962): no large squares that cancel.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut count, mut mean, mut squares) = (0_u64, 0.0, 0.0);
        for value in values {
            count += 1;
            let delta = value - mean;
            mean += delta / count as f64;
            squares += delta * (value - mean);
        }
        let variance = if count > 1 { squares / (count - 1) as f64 } else { 0.0 };
        Self { count, mean, variance }
    }

    fn squared_error(&self) -> f64 {
        self.variance / self.count as f64
    }
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Proportion {
    pub successes: u64,
    pub count: u64,
}

impl Proportion {
    pub fn share(&self) -> f64 {
        if self.count > 0 { self.successes as f64 / self.count as f64 } else { 0.0 }
    }

    /// Wilson's score interval (JASA 22(158), 1927).
    fn wilson(&self, z: f64) -> (f64, f64) {
        let (n, p) = (self.count as f64, self.share());
        let centre = p + z * z / (2.0 * n);
        let spread = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z * z / n;
        ((centre - spread) / scale, (centre + spread) / scale)
    }
}

/// The difference of the means `a - b` with Welch's interval (Biometrika 34, 1947): the two sides
/// may vary differently. `None` where a side has fewer than two values.
pub fn welch_interval(a: &Sample, b: &Sample, confidence: f64) -> Option<Interval> {
    if a.count < 2 || b.count < 2 {
        return None;
    }
    let estimate = a.mean - b.mean;
    let spread = welch_quantile(a, b, confidence) * (a.squared_error() + b.squared_error()).sqrt();
    Some(Interval { estimate, low: estimate - spread, high: estimate + spread })
}

/// By how many standard errors the interval reaches to either side.
fn welch_quantile(a: &Sample, b: &Sample, confidence: f64) -> f64 {
    let (ea, eb) = (a.squared_error(), b.squared_error());
    let freedom =
        (ea + eb) * (ea + eb) / (ea * ea / (a.count - 1) as f64 + eb * eb / (b.count - 1) as f64);
    let upper = 1.0 - (1.0 - confidence) / 2.0;
    // Without any variance the freedom is 0 over 0 and the spread nothing, whatever the quantile.
    if freedom.is_finite() { student_quantile(upper, freedom) } else { normal_quantile(upper) }
}

/// The difference of the shares `a - b` with Newcombe's hybrid score interval (method 10 of
/// Statistics in Medicine 17, 1998): honest for small shares, where the plain one is not.
/// `None` where a side is empty.
pub fn newcombe_interval(a: Proportion, b: Proportion, confidence: f64) -> Option<Interval> {
    if a.count == 0 || b.count == 0 {
        return None;
    }
    let z = normal_quantile(1.0 - (1.0 - confidence) / 2.0);
    let ((low_a, high_a), (low_b, high_b)) = (a.wilson(z), b.wilson(z));
    let (pa, pb) = (a.share(), b.share());
    let estimate = pa - pb;
    Some(Interval {
        estimate,
        low: estimate - (pa - low_a).hypot(high_b - pb),
        high: estimate + (high_a - pa).hypot(pb - low_b),
    })
}

/// The standard normal deviate below which `p` lies, by Wichura's AS 241, routine PPND7 (Applied
/// Statistics 37(3), 1988): about 7 digits.
///
/// # Panics
/// If `p` is not between 0 and 1.
pub fn normal_quantile(p: f64) -> f64 {
    assert!(0.0 < p && p < 1.0, "a probability strictly between 0 and 1");
    let polynomial = |x: f64, terms: &[f64]| terms.iter().rev().fold(0.0, |sum, it| sum * x + it);
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(
            r,
            &[3.387_132_717_9, 50.434_271_938, 159.291_132_02, 59.109_374_720],
        ) / polynomial(r, &[1.0, 17.895_169_469, 78.757_757_664, 67.187_563_600]);
    }
    let r = (-p.min(1.0 - p).ln()).sqrt();
    let deviate = if r <= 5.0 {
        let r = r - 1.6;
        polynomial(r, &[1.423_437_277_7, 2.756_815_390_0, 1.306_728_481_6, 0.170_238_211_03])
            / polynomial(r, &[1.0, 0.737_001_642_50, 0.120_211_329_75])
    } else {
        let r = r - 5.0;
        polynomial(r, &[6.657_905_115_0, 3.081_226_386_0, 0.428_682_943_37, 0.017_337_203_997])
            / polynomial(r, &[1.0, 0.241_978_942_25, 0.012_258_202_635])
    };
    deviate.copysign(q)
}

/// Student's t below which `p` lies, with `freedom` degrees of it, by Hill's Algorithm 396
/// (Communications of the ACM 13(10), 1970): about 5 digits from three degrees on, exact for
/// one and two, within a twentieth between.
///
/// # Panics
/// If `p` is not between 0 and 1, or `freedom` is below 1.
pub fn student_quantile(p: f64, freedom: f64) -> f64 {
    assert!(0.0 < p && p < 1.0, "a probability strictly between 0 and 1");
    assert!(freedom >= 1.0, "at least one degree of freedom");
    let both_tails = 2.0 * p.min(1.0 - p);
    hill(both_tails, freedom).copysign(p - 0.5)
}

/// The t that is exceeded in either direction with probability `p`; names as in the algorithm.
fn hill(p: f64, n: f64) -> f64 {
    use std::f64::consts::FRAC_PI_2;
    if (n - 2.0).abs() < 1e-9 {
        return (2.0 / (p * (2.0 - p)) - 2.0).max(0.0).sqrt();
    }
    if n < 1.0 + 1e-9 {
        return (p * FRAC_PI_2).cos() / (p * FRAC_PI_2).sin();
    }
    let a = 1.0 / (n - 0.5);
    let b = 48.0 / (a * a);
    let c_base = ((20_700.0 * a / b - 98.0) * a - 16.0) * a + 96.36;
    let d = ((94.5 / (b + c_base) - 3.0) / b + 1.0) * (a * FRAC_PI_2).sqrt() * n;
    let mut y = (d * p).powf(2.0 / n);
    if y > 0.05 + a {
        let x = normal_quantile((p / 2.0).max(f64::MIN_POSITIVE));
        y = x * x;
        let mut c = c_base;
        if n < 5.0 {
            c += 0.3 * (n - 4.5) * (x + 0.6);
        }
        let c = (((0.05 * d * x - 5.0) * x - 7.0) * x - 2.0) * x + b + c;
        y = (((((0.4 * y + 6.3) * y + 36.0) * y + 94.5) / c - y - 3.0) / b + 1.0) * x;
        y = (a * y * y).exp_m1();
    } else {
        y = ((1.0 / (((n + 6.0) / (n * y) - 0.089 * d - 0.822) * (n + 2.0) * 3.0)
            + 0.5 / (n + 4.0))
            * y
            - 1.0)
            * (n + 1.0)
            / (n + 2.0)
            + 1.0 / y;
    }
    (n * y).sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[track_caller]
    fn assert_near(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() <= within, "{found} is not {expected}");
    }

    // The expected values below are those of scipy 1.x (`norm.ppf`, `t.ppf`) and statsmodels
    // (`confint_proportions_2indep(method="newcomb")`, `CompareMeans.tconfint_diff("unequal")`).

    #[test]
    fn normal_deviates_are_scipys() {
        let near = |p: f64, z: f64| assert_near(normal_quantile(p), z, 3e-7 * z.abs().max(1.0));
        near(0.5, 0.0);
        near(0.6, 0.253_347_103_135_8);
        near(0.975, 1.959_963_984_540_054);
        near(0.995, 2.575_829_303_548_9);
        near(0.0001, -3.719_016_485_455_68);
        near(1.0 - 1e-6, 4.753_424_308_817_087);
        near(1e-9, -5.997_807_015_007_687);
    }

    #[test]
    fn t_quantiles_are_scipys() {
        let near = |p: f64, n: f64, t: f64| {
            assert_near(student_quantile(p, n), t, 2e-5 * t.abs().max(1.0));
        };
        near(0.975, 1.0, 12.706_204_736_174_694);
        near(0.975, 2.0, 4.302_652_729_749_462);
        near(0.975, 3.0, 3.182_446_305_283_708);
        near(0.975, 4.7, 2.620_726_075_353_17);
        near(0.975, 10.0, 2.228_138_851_986_274);
        near(0.025, 10.0, -2.228_138_851_986_274);
        near(0.975, 30.5, 2.040_869_445_186_32);
        near(0.975, 917.3, 1.962_553_487_683_332);
        near(0.995, 7.0, 3.499_483_297_350_492);
        near(0.9, 3.2, 1.610_500_191_591_411);
        near(0.6, 12.0, 0.259_032_745_676_887);
        near(0.9999, 6.0, 8.024_792_773_116_536);
        assert_near(student_quantile(0.975, 1.5), 6.016_663_104_427_929, 0.1);
    }

    #[test]
    fn welchs_interval_is_statsmodels() {
        let a = Sample::of([0.0, 0.0, 12.5, 0.0, 89.0, 0.0, 4.25, 0.0, 0.0, 31.0]);
        let b = Sample::of([0.0, 7.0, 0.0, 0.0, 0.0, 15.5, 0.0]);
        assert_near(a.mean, 13.675, 1e-12);
        assert_near(a.variance, 798.472_916_666_666_7, 1e-9);
        let interval = welch_interval(&a, &b, 0.95).unwrap();
        assert_near(interval.estimate, 10.460_714_285_714_285, 1e-12);
        assert_near(interval.low, -10.045_250_496_967_626, 1e-3);
        assert_near(interval.high, 30.966_679_068_396_196, 1e-3);
        assert_eq!(
            welch_interval(&a, &Sample::of([1.0]), 0.95),
            None,
            "one customer tells nothing"
        );
    }

    #[test]
    fn samples_without_variance_differ_exactly() {
        let of = |value: f64| Sample::of([value; 3]);
        let interval = welch_interval(&of(5.0), &of(3.0), 0.95).unwrap();
        assert_eq!((interval.low, interval.high), (2.0, 2.0));
    }

    #[test]
    fn newcombes_interval_is_statsmodels() {
        let near = |a: (u64, u64), b: (u64, u64), low: f64, high: f64| {
            let of = |(successes, count)| Proportion { successes, count };
            let interval = newcombe_interval(of(a), of(b), 0.95).unwrap();
            assert_near(interval.low, low, 1e-7);
            assert_near(interval.high, high, 1e-7);
        };
        near((1_009, 6_912), (86, 764), 0.007_715_878_713, 0.055_613_686_224);
        near((56, 70), (48, 80), 0.052_431_472_402, 0.333_872_653_904);
        near((0, 10), (0, 20), -0.161_125_158_053, 0.277_532_799_863);
        near((3, 40), (0, 25), -0.066_976_308_136, 0.198_642_335_243);
    }

    proptest! {
        #[test]
        fn intervals_hold_their_estimate(
            a in vec(0_u32..1_000, 2..40), b in vec(0_u32..1_000, 2..40),
        ) {
            let sample = |it: &[u32]| Sample::of(it.iter().map(|it| f64::from(*it)));
            let interval = welch_interval(&sample(&a), &sample(&b), 0.95).unwrap();
            prop_assert!(interval.low <= interval.estimate && interval.estimate <= interval.high);
            let back = welch_interval(&sample(&b), &sample(&a), 0.95).unwrap();
            prop_assert!((back.low + interval.high).abs() < 1e-6, "mirrored when swapped");
        }

        #[test]
        fn differences_of_shares_stay_possible(a in 0_u64..50, b in 0_u64..50, n in 50_u64..500) {
            let of = |successes| Proportion { successes, count: n };
            let interval = newcombe_interval(of(a), of(b), 0.95).unwrap();
            prop_assert!(-1.0 <= interval.low && interval.high <= 1.0);
            prop_assert!(interval.low <= interval.estimate && interval.estimate <= interval.high);
        }

        #[test]
        fn more_confidence_reaches_further(p in 0.51_f64..0.999, n in 1.0_f64..200.0) {
            prop_assert!(student_quantile(p, n) < student_quantile(p + 0.0009, n));
            prop_assert!(normal_quantile(p) < student_quantile(p, n) + 2e-4, "t has fatter tails");
        }
    }
}
