//! All that was sold, by day, by customer and by product: what everything here is counted from.

use std::collections::HashMap;

use aftercart_model::{CustomerId, Timestamp};

use super::links::WeightedRow;
use crate::{Basket, model::Catalogue};

const DAY_MS: i64 = 86_400_000;

/// The day of a moment, in days since 1970-01-01 in UTC.
pub(super) fn day_of(at: Timestamp) -> i32 {
    i32::try_from(at.as_millisecond().div_euclid(DAY_MS)).unwrap_or(i32::MAX)
}

/// What a purchase of `age_days` weighs, if one weighs half after `half_life_days`.
pub(super) fn fade(age_days: i32, half_life_days: f32) -> f32 {
    (-(age_days.max(0) as f32) / half_life_days).exp2()
}

/// One product bought on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bought {
    pub day: i32,
    pub product: u32,
}

pub(super) struct Sales {
    /// Of the catalogue: one more than the highest product.
    pub size: usize,
    /// Per customer, in the order of their ids: what they bought, by day.
    pub customers: Vec<Vec<Bought>>,
    /// Baskets of customers and guests, by day.
    pub baskets: Vec<(i32, Vec<u32>)>,
    /// Per product the days on which anybody bought it.
    pub sold: Vec<Vec<i32>>,
    /// Per product the days on which a customer bought it for the first time.
    pub first_bought: Vec<Vec<i32>>,
}

impl Sales {
    /// Lines of products that are not in the catalogue and what was sold on `until` or later are left
    /// out. A basket of more than `products_max` products teaches nothing but what its customer has.
    pub fn new(orders: &[Basket], catalogue: &Catalogue, until: i32, products_max: usize) -> Self {
        let size = catalogue.size();
        let mut own: HashMap<CustomerId, Vec<Bought>> = HashMap::new();
        let mut sales = Self {
            size,
            customers: Vec::new(),
            baskets: Vec::new(),
            sold: vec![Vec::new(); size],
            first_bought: vec![Vec::new(); size],
        };
        for basket in orders {
            let day = day_of(basket.at);
            let known = basket.products.iter().filter(|it| catalogue.knows(**it));
            let mut products: Vec<u32> = known.map(|it| it.0).collect();
            products.sort_unstable();
            products.dedup();
            if day >= until || products.is_empty() {
                continue;
            }
            products.iter().for_each(|it| sales.sold[*it as usize].push(day));
            if let Some(customer) = basket.customer {
                let bought = products.iter().map(|&product| Bought { day, product });
                own.entry(customer).or_default().extend(bought);
            }
            if products.len() <= products_max {
                sales.baskets.push((day, products));
            }
        }
        sales.baskets.sort_unstable();
        let mut own: Vec<_> = own.into_iter().collect();
        own.sort_unstable_by_key(|it| it.0);
        sales.customers = own.into_iter().map(|(_, bought)| bought).collect();
        for bought in &mut sales.customers {
            bought.sort_unstable();
            bought.dedup();
            let mut firsts: HashMap<u32, i32> = HashMap::new();
            for it in bought.iter() {
                firsts.entry(it.product).or_insert(it.day);
            }
            firsts.iter().for_each(|(it, day)| sales.first_bought[*it as usize].push(*day));
        }
        sales.sold.iter_mut().chain(&mut sales.first_bought).for_each(|it| it.sort_unstable());
        sales
    }

    /// The first day anything was sold.
    pub fn first_day(&self) -> Option<i32> {
        self.baskets.first().map(|it| it.0)
    }

    /// Customers as they were before `day`: each product weighs as when it was last bought, and of who
    /// has more than `products_max` the latest count.
    pub fn customer_rows(
        &self,
        day: i32,
        half_life_days: f32,
        days_back: i32,
        products_max: usize,
    ) -> Vec<WeightedRow> {
        let row = |bought: &Vec<Bought>| {
            let end = bought.partition_point(|it| it.day < day);
            let start = bought.partition_point(|it| it.day < day - days_back);
            let mut latest: HashMap<u32, i32> = HashMap::new();
            for it in bought[start..end].iter().rev() {
                if latest.len() >= products_max {
                    break;
                }
                latest.entry(it.product).or_insert(it.day);
            }
            let weigh = |(product, last): (u32, i32)| (product, fade(day - last, half_life_days));
            let mut row: WeightedRow = latest.into_iter().map(weigh).collect();
            row.sort_unstable_by_key(|it| it.0);
            row
        };
        self.customers.iter().map(row).filter(|it| !it.is_empty()).collect()
    }

    /// Baskets as they were before `day`.
    pub fn basket_rows(&self, day: i32, half_life_days: f32) -> Vec<WeightedRow> {
        let end = self.baskets.partition_point(|it| it.0 < day);
        let row = |(at, products): &(i32, Vec<u32>)| {
            let weight = fade(day - at, half_life_days);
            products.iter().map(|it| (*it, weight)).collect()
        };
        self.baskets[..end].iter().map(row).collect()
    }

    /// The products sold in the `days` before `day`, at most `count_max`: those that sold on most
    /// occasions. Ascending.
    pub fn active(&self, day: i32, days: i32, count_max: usize) -> Vec<u32> {
        let count = |sold: &Vec<i32>| count_in(sold, day - days, day);
        let mut active: Vec<(usize, u32)> =
            self.sold.iter().zip(0..).map(|(sold, it)| (count(sold), it)).collect();
        active.retain(|it| it.0 > 0);
        active.sort_unstable_by_key(|it| (std::cmp::Reverse(it.0), it.1));
        active.truncate(count_max);
        let mut active: Vec<u32> = active.into_iter().map(|it| it.1).collect();
        active.sort_unstable();
        active
    }
}

/// How many of ascending `days` lie from `start` to before `end`.
pub(super) fn count_in(days: &[i32], start: i32, end: i32) -> usize {
    days.partition_point(|it| *it < end) - days.partition_point(|it| *it < start)
}
