//! Training the recommendations, and answering what goes with a product or suits a customer.
//!
//! The model is learned from the shop's orders as of the newest of them, kept in the store with its
//! version, and read from there by everybody.

use aftercart_model::{CustomerId, Order, OrderId, Product, ProductId, Timestamp};
use aftercart_recommend::{
    Basket, Model, Recommendation, Relation, Rules, Taste, TrainOptions, put_story_first, recommend,
};
use aftercart_store::Tx;
use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::{Engine, Known};

pub(crate) const MODEL_BLOB: &str = "recommend-model";

/// A product that stands in a relation to another, with the evidence in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RelatedProduct {
    pub code: String,
    pub name: String,
    pub price_minor: i64,
    pub customers: u32,
    /// How many times more than by chance; of things that go together.
    pub times_chance: Option<f64>,
    /// Price over the price of the product asked about.
    pub price_ratio: Option<f64>,
    /// The evidence as a sentence.
    pub evidence: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProductAdvice {
    pub code: String,
    pub name: String,
    pub price_minor: i64,
    pub goes_with: Vec<RelatedProduct>,
    pub better_versions: Vec<RelatedProduct>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CustomerAdvice {
    pub order: Option<OrderId>,
    pub bought: Vec<String>,
    pub products: Vec<RelatedProduct>,
}

impl Engine {
    /// Learns from all orders. Says how many customers it learned from.
    pub fn train_recommendations(&self, now: Timestamp) -> Result<u32> {
        let (products, baskets, newest) = self.store().read(|tx| {
            let mut baskets = Vec::new();
            let mut newest = None;
            tx.scan_orders(&mut |order| {
                if order.is_purchase() {
                    newest = newest.max(Some(order.placed_at));
                    baskets.push(basket(order));
                }
                Ok(())
            })?;
            Ok((tx.products()?, baskets, newest))
        })?;
        // A shop whose newest order is a year old is asked about as it was then.
        let as_of = newest.map_or(now, |it| it.min(now));
        let model = Model::train(baskets, &products, as_of, &TrainOptions::default());
        let bytes = postcard::to_allocvec(&model).context("the model as bytes")?;
        self.store().write(|tx| tx.save_blob(MODEL_BLOB, &bytes, now))?;
        self.forget_known();
        Ok(model.customers())
    }

    /// What goes with a product and what is the better version of it.
    pub fn advise_on_product(&self, code: &str, limit: usize) -> Result<ProductAdvice> {
        let known = self.known()?;
        let Some(product) = known.by_code(code).or_else(|| known.by_code(&code.to_uppercase()))
        else {
            bail!("there is no product `{code}`; `recommend` takes the shop's own code");
        };
        let model = known.model.as_ref().context(
            "nothing has been learned yet; import orders, or let the first orders come in",
        )?;
        let goes_with = model.complements(product.id).iter().filter_map(|it| {
            let other = known.product(it.product)?;
            let related = related(other, None, it.customers, Some(it.times_chance));
            Some(RelatedProduct { evidence: it.evidence().to_string(), ..related })
        });
        let better_versions = model.upgrades(product.id).iter().filter_map(|it| {
            let other = known.product(it.product)?;
            let related = related(other, Some(it.price_ratio), it.customers_moved_up, None);
            Some(RelatedProduct { evidence: it.evidence().to_string(), ..related })
        });
        Ok(ProductAdvice {
            code: product.code.clone(),
            name: product.name.clone(),
            price_minor: product.price_minor,
            goes_with: goes_with.take(limit).collect(),
            better_versions: better_versions.take(limit).collect(),
        })
    }

    /// What a customer would be shown after the last order.
    pub fn advise_on_customer(
        &self,
        customer: CustomerId,
        limit: usize,
        now: Timestamp,
    ) -> Result<CustomerAdvice> {
        let known = self.known()?;
        self.store().read(|tx| {
            let orders = tx.orders_of(customer)?;
            let last = orders.iter().rfind(|it| it.is_purchase() && it.placed_at <= now);
            let chosen = self.choose_products(&known, &orders, last, limit, &[], now);
            let bought = last.into_iter().flat_map(|it| &it.lines);
            let bought = bought.filter_map(|line| known.product(line.product));
            let products = chosen.iter().filter_map(|it| {
                let product = known.product(it.product)?;
                let related =
                    related(product, None, it.evidence.customers(), it.evidence.times_chance());
                Some(RelatedProduct { evidence: self.reason(&known, it), ..related })
            });
            Ok(CustomerAdvice {
                order: last.map(|it| it.id.clone()),
                bought: bought.map(|it| it.name.clone()).collect(),
                products: products.collect(),
            })
        })
    }

    /// Ranks products for a customer with these `orders`, `anchor` being the one to speak about.
    pub(crate) fn choose_products(
        &self,
        known: &Known,
        orders: &[Order],
        anchor: Option<&Order>,
        count: usize,
        exclude: &[ProductId],
        now: Timestamp,
    ) -> Vec<Recommendation> {
        let Some(model) = &known.model else { return Vec::new() };
        let purchases = orders.iter().filter(|it| it.is_purchase());
        let bought = purchases
            .flat_map(|order| order.lines.iter().map(|line| (line.product, order.placed_at)))
            .collect();
        let anchors = anchor.map(anchor_products).unwrap_or_default();
        let taste = Taste { bought, anchors };
        let rules = Rules { count, exclude: exclude.to_vec(), ..Rules::default() };
        recommend(model, &known.products, &taste, &rules, now)
    }

    /// The same for an email, whose first product is its story: see [`put_story_first`].
    pub(crate) fn choose_story(
        &self,
        known: &Known,
        orders: &[Order],
        anchor: Option<&Order>,
        count: usize,
        exclude: &[ProductId],
        now: Timestamp,
    ) -> Vec<ProductId> {
        let mut chosen = self.choose_products(known, orders, anchor, count, exclude, now);
        let anchors = anchor.map(anchor_products).unwrap_or_default();
        if let Some(model) = &known.model {
            put_story_first(&mut chosen, model, &known.products, &anchors);
        }
        chosen.into_iter().map(|it| it.product).collect()
    }

    /// Why a product was chosen, in words: `goes with the Ceramic dripper: bought together by …`.
    pub(crate) fn reason(&self, known: &Known, chosen: &Recommendation) -> String {
        let name = |id: ProductId| known.product(id).map_or("", |it| it.name.as_str());
        match chosen.relation {
            Relation::GoesWith { anchor } => {
                format!("goes with {}: {}", name(anchor), chosen.evidence)
            }
            Relation::StepUp { anchor } => {
                format!("a step up from {}: {}", name(anchor), chosen.evidence)
            }
            _ => chosen.evidence.to_string(),
        }
    }

    /// The customer that an id of the shop's or an address leads to.
    pub fn find_customer(&self, named: &str) -> Result<CustomerId> {
        let found = self.store().read(|tx| find_customer(tx, named))?;
        found.with_context(|| {
            format!("there is no customer `{named}`; give the shop's id or an email address")
        })
    }
}

impl Engine {
    /// The shop's own ids of customers, else our numbers; in their order.
    pub fn shop_ids(&self, customers: &[CustomerId]) -> Result<Vec<String>> {
        let shop_id = |tx: &mut Tx<'_>, id: &CustomerId| {
            Ok(tx.external_id_of(*id)?.unwrap_or_else(|| id.to_string()))
        };
        self.store().read(|tx| customers.iter().map(|id| shop_id(tx, id)).collect())
    }
}

pub(crate) fn find_customer(tx: &mut Tx<'_>, named: &str) -> Result<Option<CustomerId>> {
    use aftercart_model::{EmailAddress, Identifier};

    if let Some(found) = tx.customer_by_external_id(named)? {
        return Ok(Some(found));
    }
    match EmailAddress::new(named) {
        Ok(address) => tx.customer_by_identifier(&Identifier::Email(address)),
        Err(_) => Ok(None),
    }
}

fn basket(order: Order) -> Basket {
    let mut products: Vec<ProductId> = order.lines.iter().map(|it| it.product).collect();
    products.sort_unstable();
    products.dedup();
    Basket { customer: order.customer, at: order.placed_at, products }
}

/// The products of an order, the dearest line first: what the emails speak about.
pub(crate) fn anchor_products(order: &Order) -> Vec<ProductId> {
    let mut lines: Vec<_> = order.lines.iter().collect();
    lines.sort_by_key(|it| (std::cmp::Reverse(it.amount_minor), it.product));
    let mut products: Vec<ProductId> = Vec::new();
    for line in lines {
        if !products.contains(&line.product) {
            products.push(line.product);
        }
    }
    products
}

fn related(
    product: &Product,
    price_ratio: Option<f64>,
    customers: u32,
    times_chance: Option<f64>,
) -> RelatedProduct {
    RelatedProduct {
        code: product.code.clone(),
        name: product.name.clone(),
        price_minor: product.price_minor,
        customers,
        times_chance,
        price_ratio,
        evidence: String::new(),
    }
}
