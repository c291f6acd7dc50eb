//! The model: for each product what goes with it and what is the better version of it.
//!
//! What goes together is learned from whole histories, not from single orders: most customers of a
//! small shop put one or two things into an order, and what they add a month later teaches as much.
//! A pair is scored by Dunning's log-likelihood ratio (T. Dunning, "Accurate methods for the
//! statistics of surprise and coincidence", Computational Linguistics 19(1), 1993), because lift
//! alone prefers flukes and counts alone prefer best sellers. The ratio still leans to best sellers
//! a little, so it is multiplied by the logarithm of the lift.
//!
//! Purchases fade: one weighs half after [`TrainOptions::half_life_days`]. A customer's weight on a
//! pair is the smaller of the two, so faded counts obey the same arithmetic as plain ones (they are
//! fuzzy sets). Weights are whole 65,536ths: sums of whole numbers do not depend on the order in
//! which the baskets came, and so the model does not either.
//!
//! The evidence beside the score is never faded: it counts customers.

use std::collections::HashMap;

use aftercart_model::{CustomerId, Product, ProductId, Timestamp};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    Evidence,
    kind::{Names, ProductKind},
    next::Next,
    replenish::Replenishments,
};

/// A better version costs at least this much more: below, it is the same thing at another price.
pub const UPGRADE_RATIO_MIN: f64 = 1.1;
/// And at most this much: beyond, it is another purchase altogether.
pub const UPGRADE_RATIO_MAX: f64 = 2.5;

/// The step people take most readily: half as dear again. Steps are preferred around it.
const UPGRADE_RATIO_BEST: f64 = 1.5;

/// How many complements stand for "related" in segments: the strongest, since everything is related
/// to everything in a small shop if the list is long.
const RELATED_MAX: usize = 20;

/// The log-likelihood ratio that chance exceeds once in a hundred pairs (chi-squared, one degree).
const SURPRISE_MIN: f64 = 6.63;

/// Best sellers are those of the last season, fading within it.
const POPULAR_DAYS: u32 = 90;
const POPULAR_HALF_LIFE_DAYS: f64 = 30.0;

const DAY_MS: f64 = 86_400_000.0;

/// One in fixed-point weights.
const ONE: f64 = 65_536.0;

/// Products bought together at one moment; of a guest, if `customer` is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Basket {
    pub customer: Option<CustomerId>,
    pub at: Timestamp,
    pub products: Vec<ProductId>,
}

/// What training takes as given.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainOptions {
    /// After so many days a purchase weighs half. Long enough to carry a season into the next, short
    /// enough that last year's range fades.
    pub half_life_days: f64,
    /// A guest's basket with more products teaches nothing: it is a till's or a marketplace's total,
    /// not a person's choice, and one of 500 would make 125,000 pairs.
    pub guest_products_max: usize,
    /// Of a customer only the latest so many products teach, so that a wholesaler who buys the whole
    /// range does not tie everything to everything.
    pub customer_products_max: usize,
    /// A customer with so many products weighs half: who buys everything says little about what
    /// goes with what.
    pub breadth_products: f64,
    /// Pairs seen with fewer customers are left out: they may be one household.
    pub customers_min: u32,
    pub complements_max: usize,
    pub upgrades_max: usize,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            half_life_days: 180.0,
            guest_products_max: 40,
            customer_products_max: 400,
            breadth_products: 50.0,
            customers_min: 3,
            complements_max: 50,
            upgrades_max: 200,
        }
    }
}

/// A product that goes with another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Complement {
    pub product: ProductId,
    /// How many customers bought both.
    pub customers: u32,
    /// How many times more than if the two had nothing to do with each other.
    pub times_chance: f64,
    /// The log-likelihood ratio of the faded counts times the logarithm of `times_chance`; orders
    /// complements, means nothing to a person.
    pub score: f64,
}

impl Complement {
    pub fn evidence(&self) -> Evidence {
        Evidence::Together { customers: self.customers, times_chance: self.times_chance }
    }
}

/// A better version of a product: the same kind of thing, dearer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upgrade {
    pub product: ProductId,
    /// Its price over the plainer one's, from [`UPGRADE_RATIO_MIN`] to [`UPGRADE_RATIO_MAX`].
    pub price_ratio: f64,
    /// How many customers bought the plainer one first and this one for the first time later.
    pub customers_moved_up: u32,
    /// How alike the names are, 0 to 1.
    pub likeness: f64,
    pub score: f64,
}

impl Upgrade {
    pub fn evidence(&self) -> Evidence {
        Evidence::MovedUp { customers: self.customers_moved_up, price_ratio: self.price_ratio }
    }
}

/// A product that sells well of late.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BestSeller {
    pub product: ProductId,
    /// How many customers bought it in the last `days` days.
    pub customers: u32,
    pub days: u32,
    pub score: f64,
}

impl BestSeller {
    pub fn evidence(&self) -> Evidence {
        Evidence::Popular { customers: self.customers, days: self.days }
    }
}

/// What was learned from a shop's orders. Serialisable; small beside the orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    version: u32,
    trained_at: Timestamp,
    customers: u32,
    complements: Vec<Vec<Complement>>,
    upgrades: Vec<Vec<Upgrade>>,
    best_sellers: Vec<BestSeller>,
    /// Per product the number of its kind, to keep lists diverse.
    kinds: Vec<Option<u32>>,
    next: Next,
    replenishments: Replenishments,
}

impl Model {
    /// Learns from `orders` up to `now`. The order of `orders` does not matter.
    ///
    /// Lines of products that are not in `products` are left out, and so is what lies after `now`:
    /// replaying the past must not learn from its future.
    pub fn train(
        orders: impl IntoIterator<Item = Basket>,
        products: &[Product],
        now: Timestamp,
        options: &TrainOptions,
    ) -> Self {
        Self::train_after(None, orders, products, now, options)
    }

    /// The same, beside the model in use: of what it learned, what is better stays, and the version is
    /// one more than its.
    pub fn train_after(
        in_use: Option<&Self>,
        orders: impl IntoIterator<Item = Basket>,
        products: &[Product],
        now: Timestamp,
        options: &TrainOptions,
    ) -> Self {
        let catalogue = Catalogue::new(products);
        let orders: Vec<Basket> = orders.into_iter().collect();
        let next = Next::train(&orders, products, &catalogue, now, in_use.map(|it| &it.next));
        let replenishments = Replenishments::learn_in(&catalogue, &orders, products, now);
        let (histories, best_sellers) = Histories::collect(orders, &catalogue, now, options);
        let rows = all_rows(&histories, &catalogue, options);
        let (complements, upgrades) = rows.into_iter().unzip();
        Self {
            version: in_use.map_or(0, |it| it.version) + 1,
            trained_at: now,
            customers: histories.customers,
            complements,
            upgrades,
            best_sellers,
            kinds: catalogue.kinds,
            next,
            replenishments,
        }
    }

    /// Learns what the last days say, and what is bought again: every night, between two trainings.
    pub fn refresh(&mut self, orders: &[Basket], products: &[Product], now: Timestamp) {
        let catalogue = Catalogue::new(products);
        self.next.refresh(orders, &catalogue, now);
        self.replenishments = Replenishments::learn_in(&catalogue, orders, products, now);
    }

    /// As [`Model::train`], but for the weights of the terms.
    pub fn retrain_tables(&mut self, orders: &[Basket], products: &[Product], now: Timestamp) {
        self.next.retrain_tables(orders, &Catalogue::new(products), now);
    }

    /// What customers add next, whatever it is to what they have.
    pub fn next(&self) -> &Next {
        &self.next
    }

    /// What is bought again, and after how long.
    pub fn replenishments(&self) -> &Replenishments {
        &self.replenishments
    }

    /// Which training of the shop this is, from 1.
    pub fn version(&self) -> u32 {
        self.version
    }

    pub fn trained_at(&self) -> Timestamp {
        self.trained_at
    }

    /// How many customers it learned from; a guest's order counts as one.
    pub fn customers(&self) -> u32 {
        self.customers
    }

    /// What goes with `product`, the strongest first.
    pub fn complements(&self, product: ProductId) -> &[Complement] {
        self.complements.get(product.index()).map_or(&[], Vec::as_slice)
    }

    /// Whether `product` is among what goes with `anchor` most, the same as in [`Model::relations`].
    pub(crate) fn goes_with(&self, product: ProductId, anchor: ProductId) -> bool {
        self.complements(anchor).iter().take(RELATED_MAX).any(|it| it.product == product)
    }

    /// Every product of the same kind at 1.1 to 2.5 times the price of one of `anchors`.
    pub fn all_steps_up(&self, anchors: &[ProductId]) -> Vec<ProductId> {
        let each = anchors.iter().flat_map(|it| self.upgrades(*it));
        let mut steps: Vec<ProductId> = each.map(|it| it.product).collect();
        steps.sort_unstable();
        steps.dedup();
        steps
    }

    /// Better versions of `product`, the most fitting first.
    pub fn upgrades(&self, product: ProductId) -> &[Upgrade] {
        self.upgrades.get(product.index()).map_or(&[], Vec::as_slice)
    }

    /// What sells well of late, the best first.
    pub fn best_sellers(&self) -> &[BestSeller] {
        &self.best_sellers
    }

    /// Per product, by its index, the ids of what goes with it and of its better versions, ascending.
    pub fn relations(&self) -> (Vec<Vec<ProductId>>, Vec<Vec<ProductId>>) {
        let sorted = |ids: &mut dyn Iterator<Item = ProductId>| {
            let mut ids: Vec<ProductId> = ids.collect();
            ids.sort_unstable();
            ids
        };
        let related = |it: &Vec<Complement>| {
            sorted(&mut it.iter().take(RELATED_MAX).map(|complement| complement.product))
        };
        let better = |it: &Vec<Upgrade>| sorted(&mut it.iter().map(|upgrade| upgrade.product));
        (self.complements.iter().map(related).collect(), self.upgrades.iter().map(better).collect())
    }

    pub(crate) fn kind(&self, product: ProductId) -> Option<u32> {
        self.kinds.get(product.index()).copied().flatten()
    }
}

/// What training asks of the catalogue, by product index.
pub(crate) struct Catalogue {
    is_known: Vec<bool>,
    prices: Vec<i64>,
    pub(crate) kinds: Vec<Option<u32>>,
    /// Per kind its products, cheapest first.
    ladders: Vec<Vec<ProductId>>,
    names: Names,
}

impl Catalogue {
    pub(crate) fn new(products: &[Product]) -> Self {
        let size = products.iter().map(|it| it.id.index() + 1).max().unwrap_or(0);
        let mut catalogue = Self {
            is_known: vec![false; size],
            prices: vec![0; size],
            kinds: vec![None; size],
            ladders: Vec::new(),
            names: Names::new(&[]),
        };
        let mut names = vec![""; size];
        let mut numbers: HashMap<ProductKind, u32> = HashMap::new();
        for product in products {
            let index = product.id.index();
            catalogue.is_known[index] = true;
            catalogue.prices[index] = product.price_minor;
            names[index] = &product.name;
            let Some(kind) = ProductKind::of(product) else { continue };
            let next = u32::try_from(numbers.len()).expect("fewer kinds than products");
            let number = *numbers.entry(kind).or_insert(next);
            if number == next {
                catalogue.ladders.push(Vec::new());
            }
            catalogue.kinds[index] = Some(number);
            catalogue.ladders[number as usize].push(product.id);
        }
        for ladder in &mut catalogue.ladders {
            ladder.sort_unstable_by_key(|it| (catalogue.prices[it.index()], *it));
        }
        catalogue.names = Names::new(&names);
        catalogue
    }

    pub(crate) fn size(&self) -> usize {
        self.is_known.len()
    }

    pub(crate) fn knows(&self, product: ProductId) -> bool {
        self.is_known.get(product.index()).is_some_and(|known| *known)
    }

    /// The natural logarithms of the prices in major units, a hundredth added.
    pub(crate) fn log_prices(&self) -> Vec<f32> {
        self.prices.iter().map(|it| ((*it).max(0) as f32 / 100.0 + 0.01).ln()).collect()
    }

    /// The same kind of thing at 1.1 to 2.5 times the price, cheapest first, with the ratio.
    fn better_versions(&self, product: ProductId) -> impl Iterator<Item = (ProductId, f64)> {
        let price = self.prices[product.index()];
        let ladder = match self.kinds[product.index()] {
            Some(kind) if price > 0 => self.ladders[kind as usize].as_slice(),
            _ => &[],
        };
        let ratio = move |it: &ProductId| self.prices[it.index()] as f64 / price as f64;
        let is_step = |ratio: f64| (UPGRADE_RATIO_MIN..=UPGRADE_RATIO_MAX).contains(&ratio);
        ladder.iter().map(move |it| (*it, ratio(it))).filter(move |(_, ratio)| is_step(*ratio))
    }
}

/// What one customer did with one product.
#[derive(Clone, Copy)]
struct Purchase {
    buyer: u32,
    product: u32,
    first_at: i64,
    last_at: i64,
}

/// Everybody's purchases twice: by buyer and by product.
struct Histories {
    customers: u32,
    by_buyer: Vec<Entry>,
    buyer_starts: Vec<usize>,
    /// Per product its buyers, each with the place of the purchase among the buyer's.
    by_product: Vec<(u32, u32)>,
    product_starts: Vec<usize>,
    /// Per product the number of its customers, and their faded weight.
    counts: Vec<u32>,
    weights: Vec<u64>,
    /// The faded weight of everybody: each customer weighs as much as the latest purchase.
    weight: u64,
}

#[derive(Clone, Copy)]
struct Entry {
    product: u32,
    weight: u32,
    first_at: i64,
}

impl Histories {
    fn collect(
        orders: impl IntoIterator<Item = Basket>,
        catalogue: &Catalogue,
        now: Timestamp,
        options: &TrainOptions,
    ) -> (Self, Vec<BestSeller>) {
        let now = now.as_millisecond();
        let mut purchases = Vec::new();
        let mut buyers: HashMap<CustomerId, u32> = HashMap::new();
        let mut next = 0_u32;
        let mut popular = Popularity::new(catalogue.size());
        for basket in orders {
            let at = basket.at.as_millisecond();
            let mut products = basket.products;
            products.retain(|it| catalogue.knows(*it));
            products.sort_unstable();
            products.dedup();
            let is_total = basket.customer.is_none() && products.len() > options.guest_products_max;
            if at > now || products.is_empty() || is_total {
                continue;
            }
            let mut fresh = || {
                next += 1;
                next - 1
            };
            let buyer = match basket.customer {
                Some(customer) => *buyers.entry(customer).or_insert_with(fresh),
                None => fresh(),
            };
            for product in products {
                purchases.push(Purchase { buyer, product: product.0, first_at: at, last_at: at });
            }
        }
        merge_purchases(&mut purchases);
        purchases.iter().for_each(|it| popular.add(it, now));
        cap_histories(&mut purchases, options.customer_products_max);
        (Self::index(&purchases, next, catalogue.size(), now, options), popular.finish())
    }

    /// `purchases` are ordered by buyer, then product.
    fn index(
        purchases: &[Purchase],
        customers: u32,
        size: usize,
        now: i64,
        options: &TrainOptions,
    ) -> Self {
        let half_life_ms = options.half_life_days * DAY_MS;
        let mut counts = vec![0_u32; size];
        let mut weights = vec![0_u64; size];
        let mut buyer_weights = vec![0_u32; customers as usize];
        let mut buyer_starts = vec![0_usize; customers as usize + 1];
        let mut by_buyer = Vec::with_capacity(purchases.len());
        for own in purchases.chunk_by(|a, b| a.buyer == b.buyer) {
            let breadth = 1.0 + own.len() as f64 / options.breadth_products;
            let weigh = |it: &Purchase| fixed(fade(now - it.last_at, half_life_ms) / breadth);
            for it in own {
                let weight = weigh(it);
                counts[it.product as usize] += 1;
                weights[it.product as usize] += u64::from(weight);
                by_buyer.push(Entry { product: it.product, weight, first_at: it.first_at });
            }
            let buyer = own[0].buyer as usize;
            buyer_weights[buyer] = own.iter().map(weigh).max().unwrap_or(0);
            buyer_starts[buyer + 1] = own.len();
        }
        for buyer in 0..customers as usize {
            buyer_starts[buyer + 1] += buyer_starts[buyer];
        }
        let mut product_starts = vec![0_usize; size + 1];
        for (product, &count) in counts.iter().enumerate() {
            product_starts[product + 1] = product_starts[product] + count as usize;
        }
        let mut filled = product_starts.clone();
        let mut by_product = vec![(0, 0); purchases.len()];
        for (place, it) in purchases.iter().enumerate() {
            let within = place - buyer_starts[it.buyer as usize];
            let slot = &mut filled[it.product as usize];
            by_product[*slot] = (it.buyer, u32::try_from(within).expect("capped"));
            *slot += 1;
        }
        let weight = buyer_weights.iter().map(|&it| u64::from(it)).sum();
        Self {
            customers,
            by_buyer,
            buyer_starts,
            by_product,
            product_starts,
            counts,
            weights,
            weight,
        }
    }

    fn of_buyer(&self, buyer: u32) -> &[Entry] {
        let buyer = buyer as usize;
        &self.by_buyer[self.buyer_starts[buyer]..self.buyer_starts[buyer + 1]]
    }

    fn buyers_of(&self, product: usize) -> &[(u32, u32)] {
        &self.by_product[self.product_starts[product]..self.product_starts[product + 1]]
    }
}

/// One entry for a buyer and a product, ordered by buyer, then product.
fn merge_purchases(purchases: &mut Vec<Purchase>) {
    purchases.sort_unstable_by_key(|it| (it.buyer, it.product));
    purchases.dedup_by(|later, kept| {
        let is_same = (later.buyer, later.product) == (kept.buyer, kept.product);
        if is_same {
            kept.first_at = kept.first_at.min(later.first_at);
            kept.last_at = kept.last_at.max(later.last_at);
        }
        is_same
    });
}

/// Keeps the latest `products_max` products of each buyer.
fn cap_histories(purchases: &mut Vec<Purchase>, products_max: usize) {
    let mut capped = Vec::with_capacity(purchases.len());
    for own in purchases.chunk_by(|a, b| a.buyer == b.buyer) {
        if own.len() <= products_max {
            capped.extend_from_slice(own);
            continue;
        }
        let mut latest = own.to_vec();
        latest.sort_unstable_by_key(|it| (std::cmp::Reverse(it.last_at), it.product));
        latest.truncate(products_max);
        latest.sort_unstable_by_key(|it| it.product);
        capped.extend(latest);
    }
    *purchases = capped;
}

/// What a purchase of this age weighs.
fn fade(age_ms: i64, half_life_ms: f64) -> f64 {
    (-(age_ms as f64) / half_life_ms).exp2()
}

/// A weight in 65,536ths; never nothing, so that who bought at all is counted.
fn fixed(weight: f64) -> u32 {
    ((weight * ONE).round() as u32).max(1)
}

struct Popularity {
    weights: Vec<u64>,
    counts: Vec<u32>,
}

impl Popularity {
    fn new(size: usize) -> Self {
        Self { weights: vec![0; size], counts: vec![0; size] }
    }

    fn add(&mut self, purchase: &Purchase, now: i64) {
        let age = now - purchase.last_at;
        if (age as f64) < f64::from(POPULAR_DAYS) * DAY_MS {
            self.counts[purchase.product as usize] += 1;
            self.weights[purchase.product as usize] +=
                u64::from(fixed(fade(age, POPULAR_HALF_LIFE_DAYS * DAY_MS)));
        }
    }

    fn finish(self) -> Vec<BestSeller> {
        let mut best: Vec<BestSeller> = (0..)
            .zip(self.weights.iter().zip(&self.counts))
            .filter(|(_, (_, count))| **count > 0)
            .map(|(product, (&weight, &customers))| BestSeller {
                product: ProductId(product),
                customers,
                days: POPULAR_DAYS,
                score: weight as f64 / ONE,
            })
            .collect();
        best.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.product.cmp(&b.product)));
        best
    }
}

type Row = (Vec<Complement>, Vec<Upgrade>);

/// Every product's row, on all cores; which core works out a row does not change it.
fn all_rows(histories: &Histories, catalogue: &Catalogue, options: &TrainOptions) -> Vec<Row> {
    (0..catalogue.size())
        .into_par_iter()
        .map_init(
            || Counter::new(catalogue.size()),
            |counter, product| counter.row(product, histories, catalogue, options),
        )
        .collect()
}

/// One product's counts against all others; used again for the next product.
struct Counter {
    together: Vec<u32>,
    weights: Vec<u64>,
    moved_up: Vec<u32>,
    touched: Vec<u32>,
}

impl Counter {
    fn new(size: usize) -> Self {
        Self {
            together: vec![0; size],
            weights: vec![0; size],
            moved_up: vec![0; size],
            touched: Vec::with_capacity(size),
        }
    }

    fn row(
        &mut self,
        product: usize,
        histories: &Histories,
        catalogue: &Catalogue,
        options: &TrainOptions,
    ) -> Row {
        self.count(product, histories);
        let complements = self.complements(product, histories, options);
        let upgrades = self.upgrades(product, histories, catalogue, options);
        for &other in &self.touched {
            self.together[other as usize] = 0;
            self.weights[other as usize] = 0;
            self.moved_up[other as usize] = 0;
        }
        self.touched.clear();
        (complements, upgrades)
    }

    fn count(&mut self, product: usize, histories: &Histories) {
        for &(buyer, place) in histories.buyers_of(product) {
            let own = histories.of_buyer(buyer);
            let this = own[place as usize];
            for other in own {
                let index = other.product as usize;
                if self.together[index] == 0 {
                    self.touched.push(other.product);
                }
                self.together[index] += 1;
                self.weights[index] += u64::from(this.weight.min(other.weight));
                self.moved_up[index] += u32::from(other.first_at > this.first_at);
            }
        }
    }

    fn complements(
        &self,
        product: usize,
        histories: &Histories,
        options: &TrainOptions,
    ) -> Vec<Complement> {
        let complement = |&other: &u32| {
            let index = other as usize;
            let customers = self.together[index];
            let surprise = self.surprise(product, index, histories);
            let expected = f64::from(histories.counts[product])
                * f64::from(histories.counts[index])
                / f64::from(histories.customers);
            let times_chance = f64::from(customers) / expected;
            let is_chance = surprise < SURPRISE_MIN || times_chance <= 1.0;
            let score = surprise * times_chance.ln();
            let product = ProductId(other);
            (!is_chance).then_some(Complement { product, customers, times_chance, score })
        };
        let mut found: Vec<Complement> = self
            .touched
            .iter()
            .filter(|&&other| other as usize != product)
            .filter(|&&other| self.together[other as usize] >= options.customers_min)
            .filter_map(complement)
            .collect();
        keep_best(&mut found, options.complements_max, |it| (it.score, it.product));
        found
    }

    /// The log-likelihood ratio; 0 where the two are bought together less than by chance.
    fn surprise(&self, product: usize, other: usize, histories: &Histories) -> f64 {
        let both = self.weights[other];
        let (a, b) = (histories.weights[product], histories.weights[other]);
        if both as f64 * histories.weight as f64 <= a as f64 * b as f64 {
            return 0.0;
        }
        let neither = (histories.weight + both).saturating_sub(a + b);
        log_likelihood_ratio([both, a - both, b - both, neither].map(|it| it as f64 / ONE))
    }

    fn upgrades(
        &self,
        product: usize,
        histories: &Histories,
        catalogue: &Catalogue,
        options: &TrainOptions,
    ) -> Vec<Upgrade> {
        let id = ProductId(u32::try_from(product).expect("an id"));
        let upgrade = |(other, price_ratio): (ProductId, f64)| {
            let likeness = catalogue.names.likeness(product, other.index());
            let customers_moved_up = self.moved_up[other.index()];
            let pull = (1.0 + self.surprise(product, other.index(), histories)).ln()
                + (1.0 + f64::from(customers_moved_up)).ln();
            let step = (price_ratio / UPGRADE_RATIO_BEST).ln();
            let score = (0.2 + likeness) * (1.0 + pull) * (-step * step / 0.5).exp();
            Upgrade { product: other, price_ratio, customers_moved_up, likeness, score }
        };
        let mut found: Vec<Upgrade> = catalogue.better_versions(id).map(upgrade).collect();
        keep_best(&mut found, options.upgrades_max, |it| (it.score, it.product));
        found
    }
}

/// The `count_max` with the highest scores, those first; of equals the lower id.
fn keep_best<T>(found: &mut Vec<T>, count_max: usize, key: impl Fn(&T) -> (f64, ProductId)) {
    let order = |a: &T, b: &T| {
        let (a, b) = (key(a), key(b));
        b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
    };
    if found.len() > count_max && count_max > 0 {
        found.select_nth_unstable_by(count_max - 1, order);
    }
    found.truncate(count_max);
    found.sort_unstable_by(order);
}

/// Dunning's G² of the table `[both, first alone, second alone, neither]`.
fn log_likelihood_ratio([both, first, second, neither]: [f64; 4]) -> f64 {
    let term = |x: f64| if x > 0.0 { x * x.ln() } else { 0.0 };
    let cells = term(both) + term(first) + term(second) + term(neither);
    let rows = term(both + first) + term(second + neither);
    let columns = term(both + second) + term(first + neither);
    let total = term(both + first + second + neither);
    (2.0 * (cells - rows - columns + total)).max(0.0)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

    fn days_ago(days: i64) -> Timestamp {
        NOW - SignedDuration::from_hours(24 * days)
    }

    fn basket(customer: i64, days: i64, products: &[u32]) -> Basket {
        let customer = (customer > 0).then_some(CustomerId(customer));
        Basket {
            customer,
            at: days_ago(days),
            products: products.iter().map(|it| ProductId(*it)).collect(),
        }
    }

    /// Products 0, 1, 2… with these names and prices.
    fn catalogue(products: &[(&str, i64)]) -> Vec<Product> {
        let product = |(id, (name, price)): (u32, &(&str, i64))| {
            Product::bare(ProductId(id), &id.to_string(), name, *price)
        };
        (0..).zip(products).map(product).collect()
    }

    fn plain_catalogue() -> Vec<Product> {
        catalogue(&[("Kettle", 100), ("Cup", 100), ("Filter", 100), ("Apron", 100), ("Tin", 100)])
    }

    fn train(baskets: Vec<Basket>, products: &[Product]) -> Model {
        Model::train(baskets, products, NOW, &TrainOptions::default())
    }

    /// Ten customers with 0 and 1 together, ten with 2, ten with 3.
    fn thirty_customers() -> Vec<Basket> {
        let of = |customer: i64| match customer {
            1..=10 => basket(customer, customer, &[0, 1]),
            11..=20 => basket(customer, customer, &[2]),
            _ => basket(customer, customer, &[3]),
        };
        (1..=30).map(of).collect()
    }

    #[test]
    fn the_log_likelihood_ratio_is_scipys() {
        // `chi2_contingency(correction=False, lambda_="log-likelihood")`; the second table is
        // Dunning's own example, `the swiss`.
        let near = |table: [f64; 4], expected: f64| {
            let found = log_likelihood_ratio(table);
            assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
        };
        near([10.0, 10.0, 10.0, 10.0], 0.0);
        near([110.0, 2_442.0, 111.0, 29_114.0], 270.721_876_936_225);
        near([5.0, 0.0, 0.0, 95.0], 39.703_048_669_174_5);
        near([3.5, 1.25, 2.0, 40.0], 12.310_209_994_027_1);
    }

    #[test]
    fn evidence_counts_customers_against_chance() {
        let model = train(thirty_customers(), &plain_catalogue());
        let [found] = model.complements(ProductId(0)) else {
            panic!("1 goes with 0, nothing else")
        };
        assert_eq!((found.product, found.customers), (ProductId(1), 10));
        assert_eq!(found.times_chance, 3.0, "10 where 10 x 10 / 30 were to be expected");
        assert_eq!(model.customers(), 30);
    }

    #[test]
    fn a_pair_bought_over_two_orders_is_one_customers_pair() {
        let mut baskets = thirty_customers();
        for customer in 11..=20 {
            baskets.push(basket(customer, 40, &[4]));
            baskets.push(basket(customer, 50, &[4]));
        }
        let model = train(baskets, &plain_catalogue());
        let found = model.complements(ProductId(4));
        assert_eq!(
            found.iter().map(|it| (it.product.0, it.customers)).collect::<Vec<_>>(),
            [(2, 10)]
        );
    }

    #[test]
    fn the_newer_of_two_habits_counts_more() {
        let mut baskets = Vec::new();
        for customer in 1..=10 {
            baskets.push(basket(customer, 700, &[0, 1]));
            baskets.push(basket(customer + 20, 7, &[0, 2]));
            baskets.push(basket(customer + 40, 7, &[3]));
            baskets.push(basket(customer + 60, 700, &[4]));
        }
        let model = train(baskets, &plain_catalogue());
        let found: Vec<_> = model.complements(ProductId(0)).iter().map(|it| it.product.0).collect();
        assert_eq!(found.first(), Some(&2));
    }

    #[test]
    fn what_lies_ahead_or_is_not_in_the_catalogue_teaches_nothing() {
        let mut baskets = thirty_customers();
        let expected = train(baskets.clone(), &plain_catalogue());
        baskets.extend((1..=30).map(|it| basket(it, -1, &[2, 3])));
        baskets.extend((1..=30).map(|it| basket(it, 3, &[77])));
        assert_eq!(train(baskets, &plain_catalogue()), expected);
    }

    #[test]
    fn a_guests_huge_basket_teaches_nothing_and_a_small_one_does() {
        let names: Vec<String> = (0..60).map(|it| format!("Thing {it}")).collect();
        let rows: Vec<(&str, i64)> = names.iter().map(|it| (it.as_str(), 100)).collect();
        let products = catalogue(&rows);
        let everything: Vec<u32> = (0..60).collect();
        let others = || (1..=20).map(|it| basket(it, 1, &[5]));
        let huge = others().chain((0..10).map(|_| basket(0, 1, &everything)));
        assert!(train(huge.collect(), &products).complements(ProductId(0)).is_empty());
        let small = others().chain((0..10).map(|_| basket(0, 1, &[0, 1])));
        assert_eq!(train(small.collect(), &products).complements(ProductId(0)).len(), 1);
    }

    #[test]
    fn of_a_huge_history_the_latest_products_count() {
        let mut purchases: Vec<Purchase> = (0..10)
            .map(|product| {
                let at = i64::from(product % 5);
                Purchase { buyer: 0, product, first_at: at, last_at: at }
            })
            .collect();
        cap_histories(&mut purchases, 3);
        let kept: Vec<u32> = purchases.iter().map(|it| it.product).collect();
        assert_eq!(kept, [3, 4, 9], "4 and 9 came last, then 3, the lower of two");
    }

    #[test]
    fn a_better_version_is_the_same_kind_of_thing_somewhat_dearer() {
        let products = catalogue(&[
            ("Steel kettle", 1_000),
            ("Copper kettle", 1_099),
            ("Gooseneck kettle", 1_100),
            ("Kettle, large", 1_500),
            ("Electric kettle", 2_500),
            ("Smart kettle", 2_501),
            ("Tea cup", 1_500),
            ("Kettle for nothing", 0),
        ]);
        let model = train(Vec::new(), &products);
        let mut found: Vec<_> =
            model.upgrades(ProductId(0)).iter().map(|it| it.product.0).collect();
        found.sort_unstable();
        assert_eq!(found, [2, 3, 4]);
        assert!(model.upgrades(ProductId(7)).is_empty(), "what costs nothing has no ladder");
        assert!(model.upgrades(ProductId(5)).is_empty(), "the dearest has no better version");
    }

    #[test]
    fn moving_up_is_buying_the_better_version_later() {
        let products = catalogue(&[("Steel kettle", 1_000), ("Iron kettle", 1_500)]);
        let mut baskets = Vec::new();
        for customer in 1..=7 {
            baskets.push(basket(customer, 50, &[0]));
            baskets.push(basket(customer, 20, &[1]));
        }
        baskets.push(basket(8, 50, &[1]));
        baskets.push(basket(8, 20, &[0]));
        baskets.push(basket(9, 20, &[0, 1]));
        let model = train(baskets, &products);
        let [upgrade] = model.upgrades(ProductId(0)) else { panic!("one step up") };
        assert_eq!(upgrade.customers_moved_up, 7, "neither down nor both at once");
        assert_eq!(upgrade.price_ratio, 1.5);
    }

    #[test]
    fn best_sellers_are_those_of_the_season() {
        let mut baskets: Vec<Basket> = (1..=9).map(|it| basket(it, 200, &[0])).collect();
        baskets.extend((1..=5).map(|it| basket(it, 80, &[1])));
        baskets.extend((1..=4).map(|it| basket(it, 2, &[2])));
        let model = train(baskets, &plain_catalogue());
        let found: Vec<_> =
            model.best_sellers().iter().map(|it| (it.product.0, it.customers)).collect();
        assert_eq!(found, [(2, 4), (1, 5)]);
    }

    #[test]
    fn a_model_survives_being_stored() {
        let model = train(thirty_customers(), &plain_catalogue());
        let bytes = postcard::to_stdvec(&model).unwrap();
        assert_eq!(postcard::from_bytes::<Model>(&bytes).unwrap(), model);
    }

    #[test]
    fn nothing_is_learned_from_nothing() {
        let model = train(Vec::new(), &[]);
        assert!(
            model.complements(ProductId(3)).is_empty() && model.upgrades(ProductId(3)).is_empty()
        );
        assert_eq!(model.relations(), (Vec::new(), Vec::new()));
    }

    fn any_baskets() -> impl Strategy<Value = Vec<Basket>> {
        let row = (0_i64..12, 0_i64..400, vec(0_u32..5, 0..4));
        vec(row, 0..60).prop_map(|rows| {
            rows.into_iter().map(|(customer, days, ids)| basket(customer, days, &ids)).collect()
        })
    }

    proptest! {
        #[test]
        fn the_order_of_baskets_does_not_matter(baskets in any_baskets(), turn in 0_usize..60) {
            let expected = train(baskets.clone(), &plain_catalogue());
            let mut turned = baskets;
            let turn = turn.min(turned.len());
            turned.rotate_left(turn);
            turned.reverse();
            prop_assert_eq!(train(turned, &plain_catalogue()), expected);
        }

        #[test]
        fn one_more_customer_with_both_never_lowers_a_pair(
            mut baskets in any_baskets(),
            a in 0_u32..5,
            b in 0_u32..5,
        ) {
            let score = |baskets: &[Basket]| {
                let model = train(baskets.to_vec(), &plain_catalogue());
                let found = model.complements(ProductId(a)).iter().find(|it| it.product.0 == b);
                found.map_or(0.0, |it| it.score)
            };
            let before = score(&baskets);
            baskets.push(basket(99, 1, &[a, b]));
            prop_assert!(score(&baskets) >= before);
        }

        #[test]
        fn counts_are_honest_and_the_same_both_ways(baskets in any_baskets()) {
            let model = train(baskets.clone(), &plain_catalogue());
            for a in (0..5).map(ProductId) {
                for found in model.complements(a) {
                    prop_assert_ne!(found.product, a);
                    let back = model.complements(found.product).iter().find(|it| it.product == a);
                    prop_assert_eq!(back.map(|it| it.customers), Some(found.customers));
                    let has = |basket: &&Basket, id| basket.products.contains(&id);
                    let named: Vec<_> = (1..12).filter(|&customer| {
                        let own = || baskets.iter().filter(|it| it.customer == Some(CustomerId(customer)));
                        own().any(|it| has(&it, a)) && own().any(|it| has(&it, found.product))
                    }).collect();
                    let guests = baskets.iter().filter(|it| {
                        it.customer.is_none() && has(it, a) && has(it, found.product)
                    });
                    prop_assert_eq!(found.customers as usize, named.len() + guests.count());
                    prop_assert!(found.times_chance > 1.0 && found.score.is_finite());
                }
            }
            let (complements, upgrades) = model.relations();
            prop_assert!(complements.iter().chain(&upgrades).all(|it| it.is_sorted()));
        }
    }
}
