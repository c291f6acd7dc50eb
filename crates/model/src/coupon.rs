//! A coupon: a code with a value and an expiry.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CustomerId, PoolId};

/// What a coupon takes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouponOffer {
    Percent(u8),
    AmountMinor(i64),
}

impl CouponOffer {
    /// What `price_minor` costs with the coupon, rounded to the customer's favour, never below 0.
    pub fn price_after(self, price_minor: i64) -> i64 {
        let after = match self {
            Self::Percent(percent) => price_minor * (100 - i64::from(percent.min(100))) / 100,
            Self::AmountMinor(amount) => price_minor - amount,
        };
        after.max(0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouponState {
    Free,
    Reserved,
    Redeemed,
    /// Its end came before an order named it.
    Expired,
}

/// One code of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    pub pool: PoolId,
    pub code: String,
    pub offer: CouponOffer,
    /// Orders below this do not get it.
    pub order_minor_min: i64,
    pub state: CouponState,
    pub customer: Option<CustomerId>,
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_never_rounds_against_the_customer() {
        assert_eq!(CouponOffer::Percent(10).price_after(8_900), 8_010);
        assert_eq!(CouponOffer::Percent(10).price_after(8_999), 8_099, "half a cent is given");
        assert_eq!(CouponOffer::Percent(100).price_after(8_999), 0);
        assert_eq!(CouponOffer::AmountMinor(500).price_after(300), 0, "never below nothing");
    }
}
