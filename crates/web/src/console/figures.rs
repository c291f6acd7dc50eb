//! The figures of one email of a flow, and the rates that are read from them.

use crate::format;

/// What became of one email, or of all of a flow; the same on the map and in the report.
///
/// Emails are counted as emails, what people did as people: whoever opened two of them is one
/// customer. Rates are of customers. They are over those delivered to unless the reader asks for sent; opens are people's unless they ask for
/// machines too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendFigures {
    pub sent: u64,
    pub delivered: u64,
    /// Customers handed at least one.
    pub customers_sent: u64,
    /// Customers delivered at least one.
    pub customers_delivered: u64,
    /// Opened by people.
    pub opened: u64,
    /// Opened by people or machines.
    pub opened_by_anyone: u64,
    pub clicked: u64,
    /// Customers with at least one order credited.
    pub converted: u64,
    /// Orders credited; one customer may have placed several.
    pub orders: u64,
    pub net_minor: i64,
    pub gross_minor: i64,
    pub unsubscribed: u64,
}

/// Over what the rates are taken, and whose opens count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateBasis {
    pub is_over_sent: bool,
    pub counts_machine_opens: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    Open,
    Click,
    Conversion,
    Unsubscribe,
}

impl SendFigures {
    pub fn emails(&self, basis: RateBasis) -> u64 {
        if basis.is_over_sent { self.sent } else { self.delivered }
    }

    /// Whom they went to: what rates are of.
    pub fn customers(&self, basis: RateBasis) -> u64 {
        if basis.is_over_sent { self.customers_sent } else { self.customers_delivered }
    }

    /// `None` when nothing was delivered: there is no rate of nothing.
    pub fn rate(&self, rate: Rate, basis: RateBasis) -> Option<f64> {
        let part = match rate {
            Rate::Open if basis.counts_machine_opens => self.opened_by_anyone,
            Rate::Open => self.opened,
            Rate::Click => self.clicked,
            Rate::Conversion => self.converted,
            Rate::Unsubscribe => self.unsubscribed,
        };
        format::share(part, self.customers(basis))
    }

    pub fn rate_text(&self, rate: Rate, basis: RateBasis) -> String {
        self.rate(rate, basis).map_or_else(|| format::NOTHING.to_owned(), format::percent)
    }

    /// Revenue per email in minor units, net of refunds.
    pub fn net_per_email(&self, basis: RateBasis) -> Option<f64> {
        let base = self.emails(basis);
        (base > 0).then(|| self.net_minor as f64 / base as f64)
    }

    pub fn gross_per_email(&self, basis: RateBasis) -> Option<f64> {
        let base = self.emails(basis);
        (base > 0).then(|| self.gross_minor as f64 / base as f64)
    }

    /// Offer, discount, social proof and nudge of the design's pictures.
    pub fn samples() -> [Self; 4] {
        let of =
            |sent, delivered, opened, clicked, converted, net: i64, gross: i64, unsubscribed| {
                Self {
                    sent,
                    delivered,
                    customers_sent: sent,
                    customers_delivered: delivered,
                    opened,
                    opened_by_anyone: opened + delivered / 5,
                    clicked,
                    converted,
                    orders: converted,
                    net_minor: net * 100,
                    gross_minor: gross * 100,
                    unsubscribed,
                }
            };
        [
            of(8_375, 8_361, 3_846, 819, 268, 19_810, 20_434, 33),
            of(7_688, 7_676, 3_147, 844, 346, 21_109, 21_831, 38),
            of(6_920, 6_909, 2_556, 470, 117, 7_393, 7_628, 28),
            of(6_523, 6_512, 2_214, 339, 111, 6_317, 6_603, 48),
        ]
    }

    /// The four together: each customer once.
    pub fn sample_total() -> Self {
        Self {
            sent: 29_506,
            delivered: 29_458,
            customers_sent: 8_375,
            customers_delivered: 8_361,
            opened: 5_268,
            opened_by_anyone: 6_105,
            clicked: 1_731,
            converted: 802,
            orders: 842,
            net_minor: 5_462_900,
            gross_minor: 5_649_600,
            unsubscribed: 147,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_over_what_the_reader_asked_for() {
        let [offer, ..] = SendFigures::samples();
        let text = |is_over_sent, counts_machine_opens| {
            offer.rate_text(Rate::Open, RateBasis { is_over_sent, counts_machine_opens })
        };
        assert_eq!(text(false, false), "46.0%");
        assert_eq!(text(true, false), "45.9%");
        assert_eq!(text(false, true), "66.0%");
        assert_eq!(SendFigures::default().rate(Rate::Open, RateBasis::default()), None);
    }
}
