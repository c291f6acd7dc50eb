//! Amounts as they are written, exactly: `2.55`, `-0.001`, `1295`.
//!
//! Prices arrive with more digits than a currency has and are multiplied by a quantity before they
//! are rounded, so they are held as whole numbers with a scale; floats would round on the way.

/// Digits in all, beyond which a number is a mistake rather than a price.
const DIGITS_MAX: usize = 18;

/// A number as it was written: `mantissa / 10^scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    mantissa: i64,
    scale: u32,
}

impl Decimal {
    /// `None` unless `text` is digits with at most one point and one sign before them.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (is_negative, digits) = match text.trim_ascii() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let (mut mantissa, mut scale, mut count, mut has_point) = (0_i64, 0, 0, false);
        for &byte in digits {
            match byte {
                b'0'..=b'9' => {
                    count += 1;
                    if count > DIGITS_MAX {
                        return None;
                    }
                    mantissa = mantissa * 10 + i64::from(byte - b'0');
                    scale += u32::from(has_point);
                }
                b'.' if !has_point => has_point = true,
                _ => return None,
            }
        }
        (count > 0)
            .then_some(Self { mantissa: if is_negative { -mantissa } else { mantissa }, scale })
    }

    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    pub fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// `quantity` times this, in minor units of a currency with `digits` after the point.
    ///
    /// Halves are rounded away from zero, so that a refund is exactly what the sale was. `None`
    /// when it is beyond what an amount can be.
    pub fn times(self, quantity: i64, digits: u32) -> Option<i64> {
        let exact = i128::from(self.mantissa) * i128::from(quantity);
        let minor = if self.scale <= digits {
            exact.checked_mul(10_i128.checked_pow(digits - self.scale)?)?
        } else {
            let unit = 10_i128.checked_pow(self.scale - digits)?;
            let half = if exact < 0 { -unit / 2 } else { unit / 2 };
            (exact + half) / unit
        };
        i64::try_from(minor).ok()
    }

    /// As a whole number, if it is one: `6`, `6.0`.
    pub fn whole(self) -> Option<i64> {
        let unit = 10_i64.checked_pow(self.scale)?;
        (self.mantissa % unit == 0).then_some(self.mantissa / unit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pence(price: &str, quantity: i64) -> Option<i64> {
        Decimal::parse(price.as_bytes())?.times(quantity, 2)
    }

    #[test]
    fn a_line_is_rounded_once_and_halves_go_up() {
        assert_eq!(pence("2.55", 6), Some(1_530));
        assert_eq!(pence("0.001", 1), Some(0), "a tenth of a penny");
        assert_eq!(pence("0.001", 5), Some(1), "half a penny goes up");
        assert_eq!(pence("0.001", -5), Some(-1), "and the refund is what the sale was");
        assert_eq!(pence("1295", 1), Some(129_500), "no point");
        assert_eq!(pence("-53594.36", 1), Some(-5_359_436));
        assert_eq!(pence(".5", 1), Some(50));
        assert_eq!(pence("999999999999999999", 1_000_000), None, "beyond any amount");
    }

    #[test]
    fn what_is_not_a_number_is_none() {
        for text in ["", "-", ".", "1,50", "1.2.3", "£2", "1e3", "--1", "0000000000000000001"] {
            assert_eq!(Decimal::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn whole_numbers_may_be_written_with_a_point() {
        let whole = |text: &str| Decimal::parse(text.as_bytes()).unwrap().whole();
        assert_eq!(whole("13085.0"), Some(13_085));
        assert_eq!(whole("-6"), Some(-6));
        assert_eq!(whole("0.5"), None);
    }

    proptest! {
        #[test]
        fn an_amount_with_two_digits_is_kept_exactly(minor in -1_000_000_000_i64..1_000_000_000) {
            let sign = if minor < 0 { "-" } else { "" };
            let text = format!("{sign}{}.{:02}", minor.abs() / 100, minor.abs() % 100);
            prop_assert_eq!(pence(&text, 1), Some(minor));
            prop_assert_eq!(pence(&text, -3), Some(minor * -3));
        }
    }
}
