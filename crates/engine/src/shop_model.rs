//! What the shop's own orders teach of its customers: fitted every night, kept with its versions, and
//! given to every question that asks for it.

use std::collections::HashMap;

use aftercart_insight::{PaidOrder, ShopModel, ShopModelFit};
use aftercart_model::{CustomerId, Timestamp};
use aftercart_store::Tx;
use anyhow::{Context, Result};

use crate::Engine;

const SHOP_MODEL_BLOB: &str = "shop-model";

impl Engine {
    /// Fits the model anew on all orders there are.
    pub fn fit_shop_model(&self, now: Timestamp) -> Result<ShopModel> {
        let model = self.store().read(|tx| {
            let merged = tx.merged_customers()?;
            let mut orders: HashMap<CustomerId, Vec<PaidOrder>> = HashMap::new();
            tx.scan_orders(&mut |order| {
                if let Some(customer) = order.customer.filter(|_| order.is_purchase()) {
                    let root = merged.get(&customer).copied().unwrap_or(customer);
                    let (at_ms, minor) = (order.placed_at.as_millisecond(), order.net_minor());
                    orders.entry(root).or_default().push(PaidOrder { at_ms, minor });
                }
                Ok(())
            })?;
            // In one order whatever the map says, so that an estimate is the same in every run.
            let mut customers: Vec<(CustomerId, Vec<PaidOrder>)> = orders.into_iter().collect();
            customers.sort_unstable_by_key(|(customer, _)| *customer);
            let mut fit = ShopModelFit::new(now);
            for (_, mut orders) in customers {
                orders.sort_by_key(|it| it.at_ms);
                fit.add(&orders);
            }
            Ok(fit.fit())
        })?;
        let bytes = serde_json::to_vec(&model).context("the shop's model as a document")?;
        self.store().write(|tx| tx.save_blob(SHOP_MODEL_BLOB, &bytes, now))?;
        self.forget_known();
        Ok(model)
    }
}

/// The model fitted last; `None` before the first night.
pub(crate) fn shop_model(tx: &mut Tx<'_>) -> Result<Option<ShopModel>> {
    let Some((_, _, bytes)) = tx.blob(SHOP_MODEL_BLOB)? else { return Ok(None) };
    serde_json::from_slice(&bytes).context("the shop's model; fit it again").map(Some)
}
