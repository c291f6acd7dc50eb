//! Numbers as templates reckon with them: text counts as the number it begins with, whole numbers
//! stay whole, and decimals come out as people write them.

use crate::Value;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    /// What is no number counts as 0.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Int(number) => Self::Int(*number),
            Value::Float(number) => Self::Float(*number),
            _ => value.as_str().map_or(Self::Int(0), of_text),
        }
    }

    pub fn is_zero(self) -> bool {
        self.as_f64() == 0.0
    }

    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    pub fn abs(self) -> Self {
        match self {
            Self::Int(number) => Self::Int(number.saturating_abs()),
            Self::Float(number) => Self::Float(number.abs()),
        }
    }

    pub fn plus(self, other: Self) -> Self {
        self.reckon(other, i64::checked_add, |a, b| a + b)
    }

    pub fn minus(self, other: Self) -> Self {
        self.reckon(other, i64::checked_sub, |a, b| a - b)
    }

    pub fn times(self, other: Self) -> Self {
        self.reckon(other, i64::checked_mul, |a, b| a * b)
    }

    /// Rounded down for whole numbers; `other` is not zero.
    pub fn divided_by(self, other: Self) -> Self {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => match a.checked_div_euclid(b) {
                // Euclid rounds so that the rest is positive; downwards differs for negative `b`.
                Some(quotient) if b < 0 && a.rem_euclid(b) != 0 => Self::Int(quotient - 1),
                Some(quotient) => Self::Int(quotient),
                None => Self::Float(a as f64 / b as f64),
            },
            _ => Self::Float(self.as_f64() / other.as_f64()),
        }
    }

    /// With the sign of `other`, which is not zero.
    pub fn modulo(self, other: Self) -> Self {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => {
                let rest = a.checked_rem(b).unwrap_or(0);
                Self::Int(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
            }
            _ => {
                let (a, b) = (self.as_f64(), other.as_f64());
                Self::Float(decimal(a - b * (a / b).floor()))
            }
        }
    }

    fn reckon(
        self,
        other: Self,
        whole: fn(i64, i64) -> Option<i64>,
        float: fn(f64, f64) -> f64,
    ) -> Self {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => match whole(a, b) {
                Some(number) => Self::Int(number),
                None => Self::Float(float(a as f64, b as f64)),
            },
            _ => Self::Float(decimal(float(self.as_f64(), other.as_f64()))),
        }
    }

    /// To so many digits after the point; to a whole number for none or fewer.
    pub fn round(self, digits: i64) -> Self {
        let Self::Float(number) = self else { return self };
        if digits <= 0 {
            let scale = 10_f64.powi(digits.clamp(-300, 0).unsigned_abs() as i32);
            return whole((number / scale).round() * scale);
        }
        // Past 15 digits there is nothing left to round.
        let scale = 10_f64.powi(digits.min(15) as i32);
        let rounded = (number * scale).round() / scale;
        Self::Float(if rounded.is_finite() { decimal(rounded) } else { number })
    }

    pub fn ceil(self) -> Self {
        match self {
            Self::Float(number) => whole(number.ceil()),
            Self::Int(_) => self,
        }
    }

    pub fn floor(self) -> Self {
        match self {
            Self::Float(number) => whole(number.floor()),
            Self::Int(_) => self,
        }
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        match number {
            Number::Int(number) => Self::Int(number),
            Number::Float(number) => Self::Float(number),
        }
    }
}

fn whole(number: f64) -> Number {
    let is_in_reach = number.abs() < i64::MAX as f64;
    if is_in_reach { Number::Int(number as i64) } else { Number::Float(number) }
}

/// To 15 significant digits, so that 10.1 less 2.2 is 7.9.
fn decimal(number: f64) -> f64 {
    if !number.is_finite() || number == 0.0 {
        return number;
    }
    format!("{number:.14e}").parse().expect("a number was printed")
}

fn of_text(text: &str) -> Number {
    let text = text.trim();
    let digits_from = |from: usize| {
        text.as_bytes()[from..].iter().take_while(|it| it.is_ascii_digit()).count() + from
    };
    let sign = usize::from(text.starts_with(['-', '+']));
    let end = digits_from(sign);
    if end == sign {
        return Number::Int(0);
    }
    let is_decimal = text.as_bytes().get(end) == Some(&b'.')
        && end + 1 < text.len()
        && digits_from(end + 1) == text.len();
    if is_decimal {
        return Number::Float(text.parse().expect("digits around a point"));
    }
    match text[..end].parse() {
        Ok(number) => Number::Int(number),
        Err(_) => Number::Float(text[..end].parse().expect("digits")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_counts_as_the_number_it_begins_with() {
        let of = |text: &str| Number::of(&Value::from(text));
        assert_eq!(of("12 apples"), Number::Int(12));
        assert_eq!(of(" -5.25 "), Number::Float(-5.25));
        assert_eq!(of("1.5x"), Number::Int(1), "not a decimal as a whole");
        assert_eq!(of("five"), Number::Int(0));
        assert_eq!(of("99999999999999999999"), Number::Float(1e20), "beyond whole numbers");
    }

    #[test]
    fn no_reckoning_overflows() {
        let (max, min, minus_one) = (Number::Int(i64::MAX), Number::Int(i64::MIN), Number::Int(-1));
        assert!(matches!(max.plus(max), Number::Float(_)));
        assert!(matches!(min.divided_by(minus_one), Number::Float(_)));
        assert_eq!(min.modulo(minus_one), Number::Int(0));
        assert_eq!(Number::Int(-7).divided_by(Number::Int(2)), Number::Int(-4), "downwards");
        assert_eq!(Number::Int(7).divided_by(Number::Int(-2)), Number::Int(-4), "downwards");
        assert_eq!(Number::Int(-7).modulo(Number::Int(2)), Number::Int(1));
        assert_eq!(Number::Float(1e300).round(10), Number::Float(1e300));
    }
}
