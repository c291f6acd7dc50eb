//! Objects as WooCommerce writes them.

use aftercart_model::Timestamp;

use crate::{
    fields::{self, Sender},
    segment_api::RejectReason,
};

pub struct WooCommerce;

impl Sender for WooCommerce {
    const IS_WORDPRESS: bool = true;
}

pub type Fields<'a> = fields::Fields<'a, WooCommerce>;

impl Fields<'_> {
    /// An id of WordPress: a whole number from 1, as text.
    pub fn id(&self, name: &str) -> Result<String, RejectReason> {
        self.optional_id(name)?.ok_or_else(|| self.missing(name))
    }

    /// As [`Fields::id`]; 0 stands for none.
    pub fn optional_id(&self, name: &str) -> Result<Option<String>, RejectReason> {
        let Some(text) = self.text(name)?.filter(|it| it != "0") else { return Ok(None) };
        match text.parse::<u64>() {
            Ok(id) => Ok(Some(id.to_string())),
            Err(_) => Err(self.refuse_field(name, "send the number that WordPress gave it")),
        }
    }

    /// When the resource was created, and when it last changed.
    pub fn times(&self) -> Result<(Timestamp, Timestamp), RejectReason> {
        let created_at = self.time("date_created_gmt")?.ok_or_else(|| {
            let remedy = "it is missing: set the webhook to `WP REST API Integration v3`";
            RejectReason::unusable(&self.path("date_created_gmt"), remedy)
        })?;
        Ok((created_at, self.time("date_modified_gmt")?.unwrap_or(created_at)))
    }
}
