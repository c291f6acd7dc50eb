//! What the last weeks say of each product: learned every night, in well under a second.

use serde::{Deserialize, Serialize};

use super::{
    links::Links,
    sales::{Sales, count_in},
};

/// A product sold within so many days can be chosen for a list.
const ON_SALE_DAYS: i32 = 120;
/// A product first sold within so many days is a new one.
const NEW_DAYS: i32 = 60;
const RECENT_HALF_LIFE_DAYS: f32 = 30.0;
const RECENT_DAYS: i32 = 120;
/// Of a product never sold, and of one sold years ago.
const AGE_DAYS_MAX: i32 = 2_000;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fresh {
    pub day: i32,
    pub products: Vec<ProductTerms>,
    /// Products on sale, those with the most first-time buyers of the last 14 days first.
    pub rising: Vec<u32>,
}

/// Logarithms of one plus a count or a number of days, where nothing else is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProductTerms {
    pub is_on_sale: bool,
    pub is_new: bool,
    /// Customers who bought it for the first time, in the last 14 days and in the last 90.
    pub first_buyers_14: f32,
    pub first_buyers_90: f32,
    /// The first of these two over the second, each a day: above 0 if it sells better of late.
    pub trend: f32,
    pub days_since_first: f32,
    pub days_since_last: f32,
}

impl Fresh {
    /// As of the morning of `day`.
    pub fn new(sales: &Sales, day: i32) -> Self {
        let log = |count: usize| (count as f32).ln_1p();
        let products: Vec<ProductTerms> = (sales.sold.iter().zip(&sales.first_bought))
            .map(|(sold, first_bought)| {
                let sold = &sold[..sold.partition_point(|it| *it < day)];
                let days_since = |it: Option<&i32>| {
                    it.map_or(AGE_DAYS_MAX, |it| (day - it).clamp(0, AGE_DAYS_MAX))
                };
                let (first, last) = (days_since(sold.first()), days_since(sold.last()));
                let of_14 = count_in(first_bought, day - 14, day);
                let of_90 = count_in(first_bought, day - 90, day);
                ProductTerms {
                    is_on_sale: last < ON_SALE_DAYS,
                    is_new: first <= NEW_DAYS,
                    first_buyers_14: log(of_14),
                    first_buyers_90: log(of_90),
                    trend: (of_14 as f32 * 90.0 / 14.0).ln_1p() - log(of_90),
                    days_since_first: (first as f32).ln_1p(),
                    days_since_last: (last as f32).ln_1p(),
                }
            })
            .collect();
        let on_sale = (0..).zip(&products).filter(|(_, it)| it.is_on_sale);
        let mut rising: Vec<(f32, u32)> =
            on_sale.map(|(product, it)| (it.first_buyers_14, product)).collect();
        rising.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        Self { day, products, rising: rising.into_iter().map(|it| it.1).collect() }
    }
}

/// What went together in the last weeks.
pub(super) fn recent_links(sales: &Sales, day: i32, products_max: usize) -> Links {
    let rows = sales.customer_rows(day, RECENT_HALF_LIFE_DAYS, RECENT_DAYS, products_max);
    Links::cosine(&rows, sales.size)
}
