//! What arrives from outside becomes events: one file for each platform.
//!
//! Every source ends in [`Incoming`]: a key that makes it the same event when it comes again, the
//! identifiers of the customer, an instant, and what happened. Nothing here stores anything.

pub mod agent;
pub mod backfill;
mod csv_text;
mod decimal;
mod fields;
pub mod files;
mod incoming;
mod json;
pub mod online_retail;
pub mod segment_api;
pub mod shopify;
mod source;
mod taken;
pub mod woocommerce;

pub use incoming::{Incoming, IncomingBody, IncomingLine, ProductRef, TimeSource};
pub use taken::{Taken, WEBHOOK_BYTES_MAX};

/// The source of the ids that the shop's own systems give customers, whether the API tells them or a
/// file: a shop that imports its customers and then sends their orders means the same people.
/// Platforms' ids are scoped by the platform, see [`aftercart_model::ExternalId`].
pub const OWN_IDS: &str = "shop";
