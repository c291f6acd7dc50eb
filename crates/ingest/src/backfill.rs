//! A shop's past, fetched from its platform: page by page, and gone on with where it was left.
//!
//! A [`Platform`] is asked for one [`Batch`] after another. It keeps nothing that counts: where to go
//! on is a text, the cursor, which the caller stores together with the batch and hands in again. So a
//! backfill that is killed goes on after the last batch that was stored, and one that is run again
//! tells nothing new, because every fact has the key its webhook gave it.
//!
//! What goes out goes through one [`Egress`], which has the bounds and does the retries.

use anyhow::Result;

use crate::{Taken, segment_api::RejectReason};

mod egress;
mod shopify;
#[cfg(test)]
mod tests;
mod woocommerce;

pub use egress::{Egress, Secret, check_address};
pub use shopify::ShopifyHistory;
pub use woocommerce::WooCommerceHistory;

/// What gives a shop's past, batch by batch.
pub trait Platform {
    /// What it is and of which shop, the same for the same past: `woocommerce https://shop.example`.
    /// Progress is kept under this name.
    fn name(&self) -> String;

    /// What comes after `cursor`; what comes first where there is none. `None` at the end.
    ///
    /// # Errors
    ///
    /// The platform refuses, or cannot be reached after all retries. The same cursor can be asked for
    /// again.
    fn next(&mut self, cursor: Option<&str>) -> Result<Option<Batch>>;
}

/// Some of a shop's past.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Of what, in words: `orders`.
    pub list: &'static str,
    /// May be empty: there is news of the work at the platform alone.
    pub items: Vec<Item>,
    /// Where to go on once the items are stored.
    pub cursor: String,
    /// How many of the list have been given, this batch included.
    pub done: u64,
    /// How many the list has, if the platform says so.
    pub total: Option<u64>,
}

/// One thing of a list: an order, a customer, a product.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Where it stands at the platform, without anything of whom it is about: `order 4101`.
    pub place: String,
    pub outcome: Result<Taken, RejectReason>,
}
