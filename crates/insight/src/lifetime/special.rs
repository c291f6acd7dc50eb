//! The functions of analysis that the models need and the standard library lacks.

/// The logarithm of the gamma function of a positive number.
pub(super) fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// The derivative of [`ln_gamma`]: recurrence up to 10, then the asymptotic series (Abramowitz and
/// Stegun 6.3.5 and 6.3.18), about 14 digits.
pub(super) fn digamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, 0.0);
    while x < 10.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = inverse
        * (1.0 / 12.0
            - inverse
                * (1.0 / 120.0
                    - inverse
                        * (1.0 / 252.0
                            - inverse
                                * (1.0 / 240.0
                                    - inverse * (1.0 / 132.0 - inverse * 691.0 / 32_760.0)))));
    sum + x.ln() - 0.5 / x - series
}

/// How many terms of the series are summed at most: enough for twelve digits at arguments as near
/// to 1 as 0.999.
const TERMS_MAX: u32 = 40_000;

/// `(F(a, b; c; z) - 1) / b` for Gauss's hypergeometric function F (DLMF 15.2.1), for `0 <= z < 1`
/// and positive `c`; so written it is defined at `b = 0` too, where F itself says nothing.
pub(super) fn gauss_rest(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let (mut term, mut sum) = (a / c * z, 0.0);
    for n in 1..=TERMS_MAX {
        sum += term;
        if term.abs() <= 1e-14 * f64::abs(sum) {
            break;
        }
        let n = f64::from(n);
        term *= (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
    }
    sum
}
