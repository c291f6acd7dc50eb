//! Training the recommendations, and answering what goes with a product or suits a customer.
//!
//! The model is learned from the shop's orders as of the newest of them, kept in the store with its
//! version, and read from there by everybody.

use std::sync::Arc;

use aftercart_model::{CustomerId, DuePurchase, Order, OrderId, Product, ProductId, Timestamp};
use aftercart_recommend::{
    Basket, Model, Neighbour, Recommendation, Relation, RepeatSource, Replenishment, RuleChange,
    RuleRelation, Rules, Taste, TrainOptions, put_story_first, recommend, still_shown,
};
use aftercart_store::Tx;
use anyhow::{Context, Result, bail};
use jiff::SignedDuration;
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
    /// The shop's rules that changed where it stands.
    pub changed_by: Vec<RuleChange>,
}

/// After how long people buy a product again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BoughtAgain {
    /// As far as orders and the shop say: half of those who come back have done so by `days`, a quarter
    /// and three quarters by the others.
    #[serde(flatten)]
    pub learned: Replenishment,
    /// Up to when orders taught it.
    pub learned_at: Timestamp,
    /// The evidence as a sentence.
    pub evidence: String,
}

impl Known {
    /// After how long people buy a product again; `None` if they do not, or it is not known yet.
    pub fn bought_again(&self, product: ProductId) -> Option<BoughtAgain> {
        let replenishments = self.model.as_ref()?.replenishments();
        let learned = *replenishments.get(product)?;
        let evidence = learned.evidence().to_string();
        Some(BoughtAgain { learned, learned_at: replenishments.learned_at(), evidence })
    }
}

impl BoughtAgain {
    /// `Bought again by 312 customers, after about 6 weeks: a quarter within 28 days, three quarters
    /// within 61`.
    pub fn in_words(&self) -> String {
        let Replenishment { days_quarter, days_three_quarters, source, .. } = self.learned;
        let mut words = self.evidence.clone();
        if let Some(first) = words.get(..1) {
            words.replace_range(..1, &first.to_uppercase());
        }
        match source {
            RepeatSource::Stated => words,
            RepeatSource::Orders | RepeatSource::Kind => format!(
                "{words}: a quarter within {days_quarter} days, three quarters within {days_three_quarters}"
            ),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProductAdvice {
    pub code: String,
    pub name: String,
    pub price_minor: i64,
    /// `None` of what people do not buy again after some time.
    pub bought_again: Option<BoughtAgain>,
    pub goes_with: Vec<RelatedProduct>,
    pub better_versions: Vec<RelatedProduct>,
    /// What would stand in either list if the shop's rules did not forbid it.
    pub never_shown: Vec<RelatedProduct>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CustomerAdvice {
    pub order: Option<OrderId>,
    pub bought: Vec<String>,
    pub products: Vec<RelatedProduct>,
}

/// What products are chosen for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub orders: &'a [Order],
    /// The order to speak about.
    pub anchor: Option<&'a Order>,
    pub count: usize,
    pub exclude: Vec<ProductId>,
    /// What earlier emails showed the customer, with when.
    pub shown: Vec<(ProductId, Timestamp)>,
    /// What they are due to buy again: it may be shown before the day, unless it was bought since.
    pub due: Option<DuePurchase>,
}

/// Everything that was sold, read once.
pub(crate) struct Past {
    pub products: Vec<Product>,
    pub orders: Vec<Basket>,
}

/// A shop whose newest order is a year old is asked about as it was then.
fn learned_as_of(orders: &[Basket], now: Timestamp) -> Timestamp {
    orders.iter().map(|it| it.at).max().map_or(now, |it| it.min(now))
}

impl Engine {
    /// Learns from all orders; what the model in use knows better stays. Says how many customers it
    /// learned from.
    pub fn train_recommendations(&self, now: Timestamp) -> Result<u32> {
        let Past { products, orders } = self.past()?;
        let as_of = learned_as_of(&orders, now);
        let known = self.known()?;
        let options = TrainOptions::default();
        let model = Model::train_after(known.model.as_ref(), orders, &products, as_of, &options);
        self.keep_model(&model, now)?;
        Ok(model.customers())
    }

    /// Learns what the last days say, between two trainings; the rest stays as it was learned.
    pub fn refresh_recommendations(&self, now: Timestamp) -> Result<()> {
        let Some(mut model) = self.known()?.model.clone() else { return Ok(()) };
        let Past { products, orders } = self.past()?;
        model.refresh(&orders, &products, learned_as_of(&orders, now));
        self.keep_model(&model, now)
    }

    fn keep_model(&self, model: &Model, now: Timestamp) -> Result<()> {
        let bytes = postcard::to_allocvec(model).context("the model as bytes")?;
        self.store().write(|tx| tx.save_blob(MODEL_BLOB, &bytes, now))?;
        self.forget_known();
        Ok(())
    }

    /// All that was bought, with the catalogue.
    pub(crate) fn past(&self) -> Result<Past> {
        self.store().read(|tx| {
            let mut orders = Vec::new();
            tx.scan_orders(&mut |order| {
                if order.is_purchase() {
                    orders.push(basket(order));
                }
                Ok(())
            })?;
            Ok(Past { products: tx.products()?, orders })
        })
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
        let beside = |relation| known.rules.bound.neighbours(model, product.id, relation, limit);
        let cross_sell = beside(RuleRelation::CrossSell);
        let upsell = beside(RuleRelation::Upsell);
        let told = |them: &[Neighbour]| -> Vec<RelatedProduct> {
            them.iter().filter_map(|it| neighbour(&known, product, it)).take(limit).collect()
        };
        let mut never_shown = told(&cross_sell.held_back);
        never_shown.extend(told(&upsell.held_back));
        Ok(ProductAdvice {
            code: product.code.clone(),
            name: product.name.clone(),
            price_minor: product.price_minor,
            bought_again: known.bought_again(product.id),
            goes_with: told(&cross_sell.shown),
            better_versions: told(&upsell.shown),
            never_shown,
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
            let follows = last.map(|it| &it.id);
            let shown = self.shown_before(tx, &known, customer, follows, now)?;
            let wanted =
                Wanted { orders: &orders, anchor: last, count: limit, shown, ..Wanted::default() };
            let chosen = self.choose_products(&known, &wanted, now);
            let anchors = last.map(anchor_products).unwrap_or_default();
            let in_force = known.rules.bound.after(&anchors);
            let bought = last.into_iter().flat_map(|it| &it.lines);
            let bought = bought.filter_map(|line| known.product(line.product));
            let products = chosen.iter().filter_map(|it| {
                let product = known.product(it.product)?;
                let related =
                    related(product, None, it.evidence.customers(), it.evidence.times_chance());
                let changed_by = in_force.changes(it.product, it.relation);
                Some(RelatedProduct { evidence: self.reason(&known, it), changed_by, ..related })
            });
            Ok(CustomerAdvice {
                order: last.map(|it| it.id.clone()),
                bought: bought.map(|it| it.name.clone()).collect(),
                products: products.collect(),
            })
        })
    }

    /// Ranks products for a customer.
    pub(crate) fn choose_products(
        &self,
        known: &Known,
        wanted: &Wanted<'_>,
        now: Timestamp,
    ) -> Vec<Recommendation> {
        let Some(model) = &known.model else { return Vec::new() };
        recommend(model, &known.products, &taste(wanted), &limits(known, wanted), now)
    }

    /// Those of `chosen` that may still be shown, in their order: neither sold out nor bought since,
    /// nor kept back by a rule of the shop's.
    pub(crate) fn still_shown(
        &self,
        known: &Known,
        chosen: &[ProductId],
        wanted: &Wanted<'_>,
        now: Timestamp,
    ) -> Vec<ProductId> {
        let limits = limits(known, wanted);
        still_shown(known.model.as_ref(), &known.products, chosen, &taste(wanted), &limits, now)
    }

    /// What messages showed a customer as far back as the shop's rules ask; those that follow the
    /// order `follows` are left out, as they tell one story.
    pub(crate) fn shown_before(
        &self,
        tx: &mut Tx<'_>,
        known: &Known,
        customer: CustomerId,
        follows: Option<&OrderId>,
        now: Timestamp,
    ) -> Result<Vec<(ProductId, Timestamp)>> {
        let Some(days) = known.rules.bound.quiet_days_max() else { return Ok(Vec::new()) };
        let since = now - SignedDuration::from_hours(24 * i64::from(days));
        let mut shown = Vec::new();
        for message in tx.products_shown_since(customer, since)? {
            let enrolment = tx.enrolment(message.enrolment)?;
            let order = enrolment.as_ref().and_then(|it| it.trigger_order.as_ref());
            if order.is_none() || order != follows {
                shown.extend(message.products.into_iter().map(|it| (it, message.at)));
            }
        }
        Ok(shown)
    }

    /// The same for an email, whose first product is its story: see [`put_story_first`].
    /// What the shop pins goes before it.
    pub(crate) fn choose_story(
        &self,
        known: &Known,
        wanted: &Wanted<'_>,
        now: Timestamp,
    ) -> Vec<ProductId> {
        let mut chosen = self.choose_products(known, wanted, now);
        let anchors = wanted.anchor.map(anchor_products).unwrap_or_default();
        if let Some(model) = &known.model {
            put_story_first(&mut chosen, model, &known.products, &anchors);
        }
        known.rules.bound.after(&anchors).put_pinned_first(&mut chosen);
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
            Relation::DueAgain => format!("time for it again: {}", chosen.evidence),
            Relation::BestSeller => chosen.evidence.to_string(),
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

fn taste(wanted: &Wanted<'_>) -> Taste {
    let purchases = wanted.orders.iter().filter(|it| it.is_purchase());
    let lines =
        purchases.flat_map(|order| order.lines.iter().map(|line| (line.product, order.placed_at)));
    let mut bought: Vec<(ProductId, Timestamp)> = lines.collect();
    if let Some(due) = &wanted.due {
        let last = wanted.orders.iter().find(|it| it.id == due.order && it.is_purchase());
        bought.retain(|(product, at)| {
            *product != due.product || last.is_none_or(|last| last.placed_at < *at)
        });
    }
    Taste { bought, anchors: wanted.anchor.map(anchor_products).unwrap_or_default() }
}

fn limits(known: &Known, wanted: &Wanted<'_>) -> Rules {
    Rules {
        count: wanted.count,
        exclude: wanted.exclude.clone(),
        shop: Arc::clone(&known.rules.bound),
        shown: wanted.shown.clone(),
        ..Rules::default()
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
        changed_by: Vec::new(),
    }
}

fn neighbour(known: &Known, of: &Product, it: &Neighbour) -> Option<RelatedProduct> {
    let Recommendation { product, evidence, relation, .. } = it.recommendation;
    let other = known.product(product)?;
    let ratio = other.price_minor as f64 / of.price_minor as f64;
    let is_step_up = matches!(relation, Relation::StepUp { .. }) && of.price_minor > 0;
    let related =
        related(other, is_step_up.then_some(ratio), evidence.customers(), evidence.times_chance());
    let (evidence, changed_by) = (evidence.to_string(), it.changes.clone());
    Some(RelatedProduct { evidence, changed_by, ..related })
}
