//! A product of the shop's catalogue.

use serde::{Deserialize, Serialize};

use crate::ProductId;

/// A product as the shop's platform means it; what emails show and recommendations rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Product {
    pub id: ProductId,
    /// The shop's own code, such as `85123A`; unique.
    pub code: String,
    pub name: String,
    /// Where it stands in the catalogue, such as `Kettles`; empty if the shop has no categories.
    pub category: String,
    /// What kind of thing it is within its category, such as `kettle`; empty if unknown.
    pub kind: String,
    pub tags: Vec<String>,
    /// One line of description.
    pub summary: String,
    /// Short reasons to want it, each of a few words.
    pub benefits: Vec<String>,
    /// Price of one, in minor units, as last seen.
    pub price_minor: i64,
    /// What one costs the shop, if known.
    pub cost_minor: Option<i64>,
    /// The product's page in the shop, absolute.
    pub url: String,
    /// Where its picture is: absolute, or a path below the shop's own pictures. Empty if none.
    pub picture: String,
    /// What the picture shows, in at most 12 words.
    pub picture_text: String,
    /// Units in stock; `None` if the shop does not count them.
    pub stock: Option<i64>,
    /// For sale now.
    pub is_active: bool,
    /// How many days one lasts, for things bought again and again.
    pub lasts_days: Option<u32>,
}

impl Product {
    /// A product of which nothing but code, name and price is known.
    pub fn bare(id: ProductId, code: &str, name: &str, price_minor: i64) -> Self {
        Self {
            id,
            code: code.to_owned(),
            name: name.to_owned(),
            category: String::new(),
            kind: String::new(),
            tags: Vec::new(),
            summary: String::new(),
            benefits: Vec::new(),
            price_minor,
            cost_minor: None,
            url: String::new(),
            picture: String::new(),
            picture_text: String::new(),
            stock: None,
            is_active: true,
            lasts_days: None,
        }
    }

    pub fn is_in_stock(&self) -> bool {
        self.is_active && self.stock.is_none_or(|units| units > 0)
    }
}
