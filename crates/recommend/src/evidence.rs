//! Why a product is recommended, in counts that anyone can check against the orders.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::RepeatSource;

/// The counts behind a recommendation. Its `Display` is the sentence people read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// `customers` bought both, `times_chance` times as many as if the two had nothing to do with
    /// each other.
    Together { customers: u32, times_chance: f64 },
    /// A better version at `price_ratio` times the price; `customers` bought the plainer one first
    /// and this one later.
    MovedUp { customers: u32, price_ratio: f64 },
    /// `customers` bought it in the last `days` days.
    Popular { customers: u32, days: u32 },
    /// `customers` bought it again, half of them within `days` days, as `source` says.
    BoughtAgain { customers: u32, days: u32, source: RepeatSource },
    /// No order speaks for it: the shop's own rule does.
    Chosen,
}

impl Evidence {
    pub fn customers(&self) -> u32 {
        match *self {
            Self::Together { customers, .. }
            | Self::MovedUp { customers, .. }
            | Self::Popular { customers, .. }
            | Self::BoughtAgain { customers, .. } => customers,
            Self::Chosen => 0,
        }
    }

    /// Observed over expected, where chance was corrected for.
    pub fn times_chance(&self) -> Option<f64> {
        match *self {
            Self::Together { times_chance, .. } => Some(times_chance),
            Self::MovedUp { .. }
            | Self::Popular { .. }
            | Self::BoughtAgain { .. }
            | Self::Chosen => None,
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Together { customers, times_chance } => {
                let people = Customers(customers);
                write!(
                    f,
                    "bought together by {people}, {} times more than by chance",
                    times(times_chance)
                )
            }
            Self::MovedUp { customers: 0, price_ratio } => {
                write!(f, "the same kind at {} times the price", times(price_ratio))
            }
            Self::MovedUp { customers, price_ratio } => {
                let people = Customers(customers);
                write!(
                    f,
                    "{people} moved up to it later, at {} times the price",
                    times(price_ratio)
                )
            }
            Self::Popular { customers, days } => {
                write!(f, "bought by {} in the last {days} days", Customers(customers))
            }
            Self::BoughtAgain { customers, days, source } => {
                let (people, after) = (Customers(customers), about(days));
                match source {
                    RepeatSource::Orders => write!(f, "bought again by {people}, after {after}"),
                    RepeatSource::Kind => {
                        write!(f, "things of its kind are bought again by {people}, after {after}")
                    }
                    RepeatSource::Stated => write!(f, "used up after {after}, as the shop says"),
                }
            }
            Self::Chosen => f.write_str("chosen by the shop"),
        }
    }
}

/// One digit after the point while that says something: `4.1`, `37`.
fn times(ratio: f64) -> String {
    if ratio < 9.95 { format!("{ratio:.1}") } else { format!("{ratio:.0}") }
}

/// Days in the unit in which people think of so many: `about 6 weeks`.
pub fn about(days: u32) -> String {
    let in_units = |unit_days: f64| (f64::from(days) / unit_days).round();
    match days {
        1 => "1 day".to_owned(),
        0 | 2..14 => format!("{days} days"),
        14..84 => format!("about {} weeks", in_units(7.0)),
        _ => format!("about {} months", in_units(30.44)),
    }
}

struct Customers(u32);

impl fmt::Display for Customers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 customer"),
            count => write!(f, "{count} customers"),
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn evidence_reads_as_a_sentence() {
        let together = |customers, times_chance| Evidence::Together { customers, times_chance };
        let bought_again =
            |customers, days, source| Evidence::BoughtAgain { customers, days, source };
        let moved = |customers, price_ratio| Evidence::MovedUp { customers, price_ratio };
        assert_snapshot!(
            bought_again(312, 42, RepeatSource::Orders),
            @"bought again by 312 customers, after about 6 weeks"
        );
        assert_snapshot!(
            bought_again(30, 130, RepeatSource::Kind),
            @"things of its kind are bought again by 30 customers, after about 4 months"
        );
        assert_snapshot!(
            bought_again(0, 10, RepeatSource::Stated),
            @"used up after 10 days, as the shop says"
        );
        assert_snapshot!(
            together(312, 4.13),
            @"bought together by 312 customers, 4.1 times more than by chance"
        );
        assert_snapshot!(
            together(1, 36.6),
            @"bought together by 1 customer, 37 times more than by chance"
        );
        assert_snapshot!(
            moved(37, 1.42),
            @"37 customers moved up to it later, at 1.4 times the price"
        );
        assert_snapshot!(moved(0, 1.5), @"the same kind at 1.5 times the price");
        assert_snapshot!(
            Evidence::Popular { customers: 412, days: 90 },
            @"bought by 412 customers in the last 90 days"
        );
    }
}
