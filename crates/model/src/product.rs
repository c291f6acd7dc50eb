//! A product of the shop's catalogue.

use serde::{Deserialize, Deserializer, Serialize};

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
    /// Who makes it, such as `Hario`; what platforms call the vendor. Empty if unknown.
    #[serde(default)]
    pub brand: String,
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

/// What a platform's catalogue says of a product. What it is silent on is `None` and stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProductFacts {
    pub name: Option<String>,
    pub category: Option<String>,
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    pub tags: Option<Vec<String>>,
    pub summary: Option<String>,
    pub price_minor: Option<i64>,
    pub cost_minor: Option<i64>,
    pub url: Option<String>,
    pub picture: Option<String>,
    pub picture_text: Option<String>,
    /// Units in all places together; `Some(None)` if the shop does not count them.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "told")]
    pub stock: Option<Option<i64>>,
    pub is_active: Option<bool>,
}

/// A field that is there was told, though it be `null`.
fn told<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(reader).map(Some)
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
            brand: String::new(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_counted_is_told_apart_from_what_is_not_said() {
        for stock in [None, Some(None), Some(Some(3))] {
            let facts = ProductFacts { stock, ..ProductFacts::default() };
            let kept = serde_json::to_string(&facts).unwrap();
            assert_eq!(serde_json::from_str::<ProductFacts>(&kept).unwrap(), facts, "{kept}");
        }
    }
}
