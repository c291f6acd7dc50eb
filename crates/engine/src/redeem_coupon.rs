//! Whether the code that an order names is redeemed by it, and when codes come to their end.
//!
//! An order is taken whatever code it names; the shop has let it through. The code counts as
//! redeemed only if the order could use it. Why it could not stands in the log beside the order, as
//! the event [`NOT_REDEEMED`].

use std::collections::BTreeMap;

use aftercart_model::{Coupon, CustomerId, EventBody, EventKey, Order, Timestamp};
use aftercart_store::{NewEvent, Tx};
use anyhow::Result;

use crate::{Engine, record_events::OURSELVES};

/// The event that notes of an order that its code was not redeemed, with the properties `order`,
/// `code` and `reason`.
pub(crate) const NOT_REDEEMED: &str = "Coupon Not Redeemed";

/// Why a code is not redeemed that an order names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotRedeemed {
    Unknown,
    Expired,
    /// It was given to a customer, and the order is of nobody known.
    Nameless,
    NotTheirs,
    UsedBefore,
}

impl NotRedeemed {
    fn words(self) -> &'static str {
        match self {
            Self::Unknown => "no pool has this code",
            Self::Expired => "it had expired when the order was placed",
            Self::Nameless => "it was given to a customer, and the order names none",
            Self::NotTheirs => "it was given to another customer",
            Self::UsedBefore => "it was redeemed by another order",
        }
    }
}

/// What keeps an order from using a code. The end of a code is midnight in its customer's zone, as it
/// was stored when the code was given, and is held to the moment at which the order was placed: when
/// it was told is of no consequence, and no grace is given.
fn obstacle(coupon: Option<&Coupon>, order: &Order) -> Option<NotRedeemed> {
    let Some(coupon) = coupon else { return Some(NotRedeemed::Unknown) };
    match (coupon.customer, order.customer) {
        (Some(_), None) => return Some(NotRedeemed::Nameless),
        (Some(owner), Some(buyer)) if owner != buyer => return Some(NotRedeemed::NotTheirs),
        _ => {}
    }
    let is_over = coupon.expires_at.is_some_and(|it| it <= order.placed_at);
    is_over.then_some(NotRedeemed::Expired)
}

impl Engine {
    /// Redeems the code that an order names, or says in words why it is not redeemed.
    pub(crate) fn redeem_coupon(
        &self,
        tx: &mut Tx<'_>,
        order: &Order,
    ) -> Result<Option<&'static str>> {
        let Some(code) = &order.coupon else { return Ok(None) };
        let obstacle = match obstacle(tx.coupon(code)?.as_ref(), order) {
            None if !tx.redeem_coupon(code, &order.id)? => Some(NotRedeemed::UsedBefore),
            obstacle => obstacle,
        };
        Ok(obstacle.map(NotRedeemed::words))
    }

    /// Notes in the log, at the moment of the order, that its code was not redeemed.
    pub(crate) fn note_not_redeemed(
        &self,
        tx: &mut Tx<'_>,
        order: &Order,
        reason: &str,
        now: Timestamp,
    ) -> Result<()> {
        let whose =
            order.customer.map_or_else(|| "guest".to_owned(), |it: CustomerId| it.to_string());
        let properties = [
            ("order", order.id.as_str()),
            ("code", order.coupon.as_deref().unwrap_or_default()),
            ("reason", reason),
        ];
        let properties: BTreeMap<String, serde_json::Value> =
            properties.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let event = NewEvent {
            key: EventKey {
                source: OURSELVES.to_owned(),
                key: format!("not-redeemed:{}:{whose}", order.id),
            },
            customer: order.customer,
            at: order.placed_at,
            stated_at: None,
            received_at: now,
            body: EventBody::Custom { name: NOT_REDEEMED.to_owned(), properties },
        };
        tx.append_event(&event).map(drop)
    }

    /// Notes of codes whose end has come that they expired. Says how many they were.
    pub fn expire_coupons(&self, now: Timestamp) -> Result<u64> {
        let first = self.store().read(|tx| tx.first_coupon_end())?;
        if first.is_none_or(|it| now < it) {
            return Ok(0); // Asked every second; most often there is nothing to write.
        }
        self.store().write(|tx| tx.expire_coupons(now))
    }
}

#[cfg(test)]
mod tests {
    use aftercart_model::{CouponOffer, CouponState, OrderId, PoolId};
    use jiff::SignedDuration;

    use super::*;
    use crate::scenarios::NOW;

    #[test]
    fn a_code_is_redeemed_by_its_customer_in_time() {
        let (ana, ben) = (CustomerId(256), CustomerId(512));
        let given = Coupon {
            pool: PoolId::new("next10").unwrap(),
            code: "NEXT-AB".to_owned(),
            offer: CouponOffer::Percent(10),
            order_minor_min: 0,
            state: CouponState::Reserved,
            customer: Some(ana),
            expires_at: Some(NOW),
        };
        let order = |customer, early_ms| Order {
            id: OrderId::new("1001").unwrap(),
            customer,
            placed_at: NOW - SignedDuration::from_millis(early_ms),
            lines: Vec::new(),
            total_minor: 1,
            coupon: Some("NEXT-AB".to_owned()),
            refunded_minor: 0,
            cancelled_at: None,
        };
        let by = |customer, early_ms| obstacle(Some(&given), &order(customer, early_ms));
        assert_eq!(by(Some(ana), 1), None, "to the last moment");
        assert_eq!(by(Some(ana), 0), Some(NotRedeemed::Expired));
        assert_eq!(by(Some(ben), 1), Some(NotRedeemed::NotTheirs));
        assert_eq!(by(None, 1), Some(NotRedeemed::Nameless));
        assert_eq!(obstacle(None, &order(Some(ana), 1)), Some(NotRedeemed::Unknown));
        let swept = Coupon { state: CouponState::Expired, ..given.clone() };
        let told_late = obstacle(Some(&swept), &order(Some(ana), 1));
        assert_eq!(told_late, None, "placed in time, and told after the code had expired");
        let free = Coupon { customer: None, expires_at: None, ..given };
        assert_eq!(obstacle(Some(&free), &order(Some(ben), 0)), None, "bound to nobody");
        assert_eq!(obstacle(Some(&free), &order(None, 0)), None);
    }
}
