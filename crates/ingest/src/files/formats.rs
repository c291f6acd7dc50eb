//! Exports of other products that are recognised by their header, as their makers describe them.
//!
//! - Judge.me: <https://judge.me/help/en/articles/8236266-exporting-reviews> and, for the words of
//!   `curated` (`ok`, `not-yet`, `spam`) and days written `dd/mm/yyyy`,
//!   <https://judge.me/help/en/articles/8415368-importing-reviews-using-judge-me-template>;
//! - Loox: <https://help.loox.io/support/solutions/articles/501000162508-importing-reviews-using-a-custom-file>;
//! - Yotpo: <https://support.yotpo.com/docs/importing-reviews-to-yotpo>, whose columns are matched by
//!   name and need not all be there;
//! - Shopify's products, customers and orders: [`crate::shopify::ExportReader`];
//! - WooCommerce's products: [`crate::woocommerce::ProductCsv`].

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    fields::{Field, Kind, plain},
    values::DateOrder,
};
use crate::shopify::Export;

/// Whose export a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Judgeme,
    Loox,
    Yotpo,
    /// Products, customers and orders, read by [`crate::shopify::ExportReader`], whatever the mapping
    /// says.
    Shopify,
    /// Products, read by [`crate::woocommerce::ProductCsv`], whatever the mapping says.
    Woocommerce,
}

impl Format {
    pub const ALL: [Self; 5] =
        [Self::Judgeme, Self::Loox, Self::Yotpo, Self::Shopify, Self::Woocommerce];

    pub fn name(self) -> &'static str {
        match self {
            Self::Judgeme => "judgeme",
            Self::Loox => "loox",
            Self::Yotpo => "yotpo",
            Self::Shopify => "shopify",
            Self::Woocommerce => "woocommerce",
        }
    }

    pub fn is_of(self, kind: Kind) -> bool {
        match self {
            Self::Judgeme | Self::Loox | Self::Yotpo => kind == Kind::Reviews,
            Self::Shopify => matches!(kind, Kind::Products | Kind::Customers | Kind::Orders),
            Self::Woocommerce => kind == Kind::Products,
        }
    }

    /// Whether its rows are read without a mapping.
    pub fn reads_itself(self) -> bool {
        matches!(self, Self::Shopify | Self::Woocommerce)
    }

    /// The format whose telling columns all stand in the header.
    pub fn of_header(kind: Kind, header: &[String]) -> Option<Self> {
        let export = match Export::of_header(header) {
            Some(Export::Products) => Some(Kind::Products),
            Some(Export::Customers) => Some(Kind::Customers),
            Some(Export::Orders) => Some(Kind::Orders),
            None => None,
        };
        if export == Some(kind) {
            return Some(Self::Shopify);
        }
        let names: Vec<String> = header.iter().map(|it| plain(it)).collect();
        let has = |name: &&str| names.iter().any(|it| it == name);
        let is_told =
            |it: &Self| it.is_of(kind) && !it.telling().is_empty() && it.telling().iter().all(has);
        Self::ALL.into_iter().find(is_told)
    }

    /// The columns that no other format has together.
    fn telling(self) -> &'static [&'static str] {
        match self {
            Self::Judgeme => &["body", "rating", "reviewdate", "reviewername"],
            Self::Loox => &["producthandle", "rating", "author", "body", "createdat"],
            Self::Yotpo => &["reviewscore", "reviewcontent", "productid"],
            Self::Shopify => &[],
            Self::Woocommerce => &["id", "type", "sku", "name", "published", "visibilityincatalog"],
        }
    }

    /// Its columns that have a field.
    pub fn columns(self) -> &'static [(Field, &'static str)] {
        match self {
            Self::Judgeme => &[
                (Field::Title, "title"),
                (Field::Text, "body"),
                (Field::Rating, "rating"),
                (Field::WrittenAt, "reviewdate"),
                (Field::IsPublished, "curated"),
                (Field::Author, "reviewername"),
                (Field::Email, "revieweremail"),
                (Field::ProductId, "productid"),
                (Field::Handle, "producthandle"),
            ],
            Self::Loox => &[
                (Field::Handle, "producthandle"),
                (Field::ProductId, "productid"),
                (Field::Rating, "rating"),
                (Field::Author, "author"),
                (Field::Email, "email"),
                (Field::Text, "body"),
                (Field::WrittenAt, "createdat"),
            ],
            Self::Yotpo => &[
                (Field::Rating, "reviewscore"),
                (Field::Text, "reviewcontent"),
                (Field::Title, "reviewtitle"),
                (Field::ProductId, "productid"),
            ],
            Self::Shopify | Self::Woocommerce => &[],
        }
    }

    /// How its makers write days, where they say so.
    pub fn date_order(self) -> Option<DateOrder> {
        match self {
            Self::Judgeme => Some(DateOrder::DayMonthYear),
            Self::Loox | Self::Yotpo | Self::Shopify | Self::Woocommerce => None,
        }
    }

    /// Whether a review that says nothing of it is shown: these exports hold what stands in the shop.
    pub fn is_published_unsaid(self) -> Option<bool> {
        match self {
            Self::Loox => Some(true),
            Self::Judgeme | Self::Yotpo | Self::Shopify | Self::Woocommerce => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(line: &str) -> Option<Format> {
        let header: Vec<String> = line.split(',').map(str::to_owned).collect();
        Format::of_header(Kind::Reviews, &header)
    }

    #[test]
    fn exports_are_told_by_their_columns() {
        let judgeme = "title,body,rating,review_date,source,curated,reviewer_name,reviewer_email,\
                       product_id,product_handle,reply,reply_date,picture_urls,ip_address,location";
        assert_eq!(format(judgeme), Some(Format::Judgeme));
        let loox = "product_handle,product_Id,rating,author,email,body,created_at,photo_url,reply,\
                    replied_at,verified_purchase,incentivized";
        assert_eq!(format(loox), Some(Format::Loox));
        let yotpo = "published,review_title,review_content,review_score,date,product_id,\
                     display_name,email";
        assert_eq!(format(yotpo), Some(Format::Yotpo));
        let yotpo = "Product ID,Review Score,Reviewer Display Name,Review Content,\
                     Review Creation Date,Reviewer Email,Review Title";
        assert_eq!(format(yotpo), Some(Format::Yotpo));
        assert_eq!(format("rating,text,date"), None);
        let header: Vec<String> = judgeme.split(',').map(str::to_owned).collect();
        assert_eq!(Format::of_header(Kind::Orders, &header), None);
        let shopify = "First Name,Last Name,Email,Accepts Email Marketing,Total Spent";
        let header: Vec<String> = shopify.split(',').map(str::to_owned).collect();
        assert_eq!(Format::of_header(Kind::Customers, &header), Some(Format::Shopify));
        assert_eq!(Format::of_header(Kind::Reviews, &header), None);
    }
}
