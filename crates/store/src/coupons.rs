//! Coupons: codes in pools, reserved and redeemed one by one.

use aftercart_model::{Coupon, CouponOffer, CouponState, CustomerId, OrderId, PoolId, Timestamp};
use anyhow::bail;

use crate::{
    Result,
    tx::{Counter, Tx},
    value::{Row, values},
};

macro_rules! select_coupons {
    ($rest:literal) => {
        concat!(
            "SELECT pool, code, offer, offer_value, order_minor_min, state, customer, expires_at \
             FROM coupons ",
            $rest
        )
    };
}

const PERCENT: &str = "percent";
const AMOUNT: &str = "amount_minor";

impl Tx<'_> {
    /// Adds codes and returns how many were new; a code that is known stays as it is.
    pub fn add_coupons(&mut self, coupons: &[Coupon]) -> Result<u64> {
        let sql = "INSERT INTO coupons (code, pool, serial, offer, offer_value, order_minor_min, \
                   state, customer, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
                   ON CONFLICT DO NOTHING";
        let mut added = 0;
        for coupon in coupons {
            let (offer, offer_value) = match coupon.offer {
                CouponOffer::Percent(percent) => (PERCENT, i64::from(percent)),
                CouponOffer::AmountMinor(amount) => (AMOUNT, amount),
            };
            let serial = self.next(Counter::Coupon)?;
            added += self.execute(
                sql,
                values![
                    &coupon.code,
                    &coupon.pool,
                    serial,
                    offer,
                    offer_value,
                    coupon.order_minor_min,
                    coupon.state,
                    coupon.customer,
                    coupon.expires_at,
                ],
            )?;
        }
        Ok(added)
    }

    /// How many codes of a pool are left.
    pub fn free_coupons(&mut self, pool: &PoolId) -> Result<u64> {
        let sql = "SELECT count(*) FROM coupons WHERE pool = ?1 AND state = 'free'";
        self.one(sql, values![pool])
    }

    /// Gives the next free code of a pool to a customer. `None`: there is none left.
    pub fn reserve_coupon(
        &mut self,
        pool: &PoolId,
        customer: CustomerId,
        expires_at: Timestamp,
    ) -> Result<Option<Coupon>> {
        let sql = "SELECT code FROM coupons WHERE pool = ?1 AND state = 'free' \
                   ORDER BY serial LIMIT 1";
        let code: Option<String> = self.first(sql, values![pool], |row| row.get(0))?;
        let Some(code) = code else { return Ok(None) };
        let sql = "UPDATE coupons SET state = ?2, customer = ?3, expires_at = ?4 WHERE code = ?1";
        self.execute(sql, values![&code, CouponState::Reserved, customer, expires_at])?;
        self.coupon(&code)
    }

    /// A code, with the customer who has it as the root they are now.
    pub fn coupon(&mut self, code: &str) -> Result<Option<Coupon>> {
        let found = self.first(select_coupons!("WHERE code = ?1"), values![code], read_coupon)?;
        let Some(mut coupon) = found else { return Ok(None) };
        if let Some(customer) = coupon.customer {
            coupon.customer = Some(self.root_of(customer)?);
        }
        Ok(Some(coupon))
    }

    /// The codes that a customer was given.
    pub fn coupons_of(&mut self, customer: CustomerId) -> Result<Vec<Coupon>> {
        let sql = select_coupons!("WHERE customer = ?1 ORDER BY code");
        self.of_members(customer, |tx, member| tx.all(sql, values![member], read_coupon))
    }

    /// Marks a code as used in an order, an expired one too: whether the order came in time is the
    /// caller's to judge. `false`: it is unknown, or was used in another order.
    pub fn redeem_coupon(&mut self, code: &str, order: &OrderId) -> Result<bool> {
        let sql = "UPDATE coupons SET state = 'redeemed', order_id = ?2 \
                   WHERE code = ?1 AND (state <> 'redeemed' OR order_id = ?2)";
        Ok(self.execute(sql, values![code, order])? == 1)
    }

    /// When the first of the codes that customers have comes to its end.
    pub fn first_coupon_end(&mut self) -> Result<Option<Timestamp>> {
        let sql = "SELECT expires_at FROM coupons \
                   WHERE state = 'reserved' AND expires_at IS NOT NULL ORDER BY expires_at LIMIT 1";
        self.first(sql, &[], |row| row.get(0))
    }

    /// Notes of the codes that customers have and whose end has come by `now` that they expired;
    /// returns how many they were.
    pub fn expire_coupons(&mut self, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE coupons SET state = 'expired' \
                   WHERE state = 'reserved' AND expires_at <= ?1";
        self.execute(sql, values![now])
    }

    pub fn coupon_counts(&mut self) -> Result<Vec<(PoolId, CouponState, u64)>> {
        let sql = "SELECT pool, state, count(*) FROM coupons GROUP BY pool, state \
                   ORDER BY pool, state";
        self.all(sql, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }
}

fn read_coupon(row: &Row<'_>) -> Result<Coupon> {
    let mut cells = row.cells();
    let (pool, code) = (cells.take()?, cells.take()?);
    let (offer, value): (String, i64) = (cells.take()?, cells.take()?);
    let offer = match &*offer {
        PERCENT => CouponOffer::Percent(u8::try_from(value)?),
        AMOUNT => CouponOffer::AmountMinor(value),
        other => bail!("the store holds `{other}`, which is no offer of a coupon"),
    };
    Ok(Coupon {
        pool,
        code,
        offer,
        order_minor_min: cells.take()?,
        state: cells.take()?,
        customer: cells.take()?,
        expires_at: cells.take()?,
    })
}
