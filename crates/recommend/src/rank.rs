//! Ranking for one customer: what to show after what they bought.

use std::{cmp::Ordering, collections::BTreeMap};

use aftercart_model::{Product, ProductId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Evidence, Model};

/// After so many days a customer's own purchase says half as much about what they want next.
const TASTE_HALF_LIFE_DAYS: f64 = 60.0;

const DAY_MS: f64 = 86_400_000.0;

/// A consumable is due again after this share of the days it lasts, so that the email comes before
/// the cupboard is bare.
const DUE_SHARE: f64 = 0.75;

/// What is known of one customer's wants.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taste {
    /// Everything they bought, with when.
    pub bought: Vec<(ProductId, Timestamp)>,
    /// The products of the order that the email follows.
    pub anchors: Vec<ProductId>,
}

/// What a list must obey.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    pub count: usize,
    /// Never shown, whatever the score: returned, complained about, held back by the shop.
    pub exclude: Vec<ProductId>,
    /// At most so many better versions of what was just bought; the rest goes with it.
    pub steps_up_max: usize,
    /// At most so many of one kind while other kinds are to be had.
    pub same_kind_max: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self { count: 4, exclude: Vec::new(), steps_up_max: 1, same_kind_max: 2 }
    }
}

/// How a recommended product relates to what the customer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Goes with `anchor`, which they bought.
    GoesWith { anchor: ProductId },
    /// The better version of `anchor`.
    StepUp { anchor: ProductId },
    /// Sells well; nothing links it to what they bought.
    BestSeller,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    pub product: ProductId,
    pub relation: Relation,
    pub evidence: Evidence,
    /// Orders a list; means nothing to a person.
    pub score: f64,
}

/// Up to `rules.count` products for one customer, the best first.
///
/// Never shown: what they have (unless it is used up by now), what is out of stock or not for sale,
/// what has no picture in a shop that has pictures. Where too little goes with what they bought,
/// best sellers of the same categories follow, then best sellers of the shop. Of equal scores the
/// lower id comes first.
pub fn recommend(
    model: &Model,
    products: &[Product],
    taste: &Taste,
    rules: &Rules,
    now: Timestamp,
) -> Vec<Recommendation> {
    let shelf = Shelf::new(products, taste, rules, now);
    let wants = wants(taste, now);
    let together = rank_complements(model, &shelf, &wants);
    let steps_up = rank_upgrades(model, &shelf, taste);
    let mut list = List { model, rules, chosen: Vec::with_capacity(rules.count) };
    let room = rules.steps_up_max.min(steps_up.len());
    list.fill(&together, rules.count.saturating_sub(room));
    list.fill(&steps_up, (list.chosen.len() + room).min(rules.count));
    list.fill(&together, rules.count);
    list.fill(&rank_best_sellers(model, &shelf, &wants), rules.count);
    list.chosen
}

/// The catalogue as this customer may see it.
struct Shelf<'a> {
    products: &'a [Product],
    /// Ascending.
    barred: Vec<ProductId>,
    needs_picture: bool,
}

impl<'a> Shelf<'a> {
    fn new(products: &'a [Product], taste: &Taste, rules: &Rules, now: Timestamp) -> Self {
        let needs_picture = products.iter().any(|it| !it.picture.is_empty());
        let mut shelf = Self { products, barred: rules.exclude.clone(), needs_picture };
        let mut last_bought: BTreeMap<ProductId, Timestamp> = BTreeMap::new();
        for &(product, at) in &taste.bought {
            let last = last_bought.entry(product).or_insert(at);
            *last = at.max(*last);
        }
        let is_used_up = |(product, at): (&ProductId, &Timestamp)| {
            let lasts_days = shelf.get(*product).and_then(|it| it.lasts_days);
            lasts_days.is_some_and(|days| f64::from(days) * DUE_SHARE <= age_days(*at, now))
        };
        let kept = last_bought.iter().filter(|it| !is_used_up(*it)).map(|(id, _)| *id);
        let barred: Vec<ProductId> = kept.chain(taste.anchors.iter().copied()).collect();
        shelf.barred.extend(barred);
        shelf.barred.sort_unstable();
        shelf
    }

    /// Ids are dense, so a product mostly stands at its own index.
    fn get(&self, id: ProductId) -> Option<&'a Product> {
        match self.products.get(id.index()) {
            Some(product) if product.id == id => Some(product),
            _ => self.products.iter().find(|it| it.id == id),
        }
    }

    fn offers(&self, id: ProductId) -> bool {
        let can_be_shown =
            |it: &Product| it.is_in_stock() && !(self.needs_picture && it.picture.is_empty());
        self.barred.binary_search(&id).is_err() && self.get(id).is_some_and(can_be_shown)
    }

    fn category(&self, id: ProductId) -> Option<&'a str> {
        self.get(id).map(|it| it.category.as_str()).filter(|it| !it.is_empty())
    }
}

fn age_days(at: Timestamp, now: Timestamp) -> f64 {
    (now.as_millisecond() - at.as_millisecond()) as f64 / DAY_MS
}

/// How much each of the customer's products says about what they want next, by id. What they just
/// ordered says all it can; the rest fades.
fn wants(taste: &Taste, now: Timestamp) -> BTreeMap<ProductId, f64> {
    let mut wants: BTreeMap<ProductId, f64> = BTreeMap::new();
    for &(product, at) in &taste.bought {
        let weight = (-age_days(at, now).max(0.0) / TASTE_HALF_LIFE_DAYS).exp2();
        let most = wants.entry(product).or_insert(0.0);
        *most = weight.max(*most);
    }
    for &anchor in &taste.anchors {
        wants.insert(anchor, 1.0);
    }
    wants
}

/// What goes with the customer's products together, the best first; each is explained by the
/// product of theirs that speaks for it most.
fn rank_complements(
    model: &Model,
    shelf: &Shelf<'_>,
    wants: &BTreeMap<ProductId, f64>,
) -> Vec<Recommendation> {
    let mut found: BTreeMap<ProductId, (f64, Recommendation)> = BTreeMap::new();
    for (&anchor, &want) in wants {
        for complement in model.complements(anchor) {
            let score = want * complement.score;
            let candidate = || Recommendation {
                product: complement.product,
                relation: Relation::GoesWith { anchor },
                evidence: complement.evidence(),
                score,
            };
            let entry = found.entry(complement.product);
            let (most, recommendation) =
                entry.or_insert_with(|| (score, Recommendation { score: 0.0, ..candidate() }));
            let sum = recommendation.score + score;
            if score > *most {
                *most = score;
                *recommendation = candidate();
            }
            recommendation.score = sum;
        }
    }
    sorted(found.into_values().map(|(_, it)| it).filter(|it| shelf.offers(it.product)).collect())
}

/// Better versions of what was just ordered, the best first.
fn rank_upgrades(model: &Model, shelf: &Shelf<'_>, taste: &Taste) -> Vec<Recommendation> {
    let mut found: BTreeMap<ProductId, Recommendation> = BTreeMap::new();
    for &anchor in &taste.anchors {
        for upgrade in model.upgrades(anchor).iter().filter(|it| shelf.offers(it.product)) {
            let candidate = Recommendation {
                product: upgrade.product,
                relation: Relation::StepUp { anchor },
                evidence: upgrade.evidence(),
                score: upgrade.score,
            };
            let best = found.entry(upgrade.product).or_insert(candidate);
            if candidate.score > best.score {
                *best = candidate;
            }
        }
    }
    sorted(found.into_values().collect())
}

/// Best sellers, those of the customer's own categories before the others.
fn rank_best_sellers(
    model: &Model,
    shelf: &Shelf<'_>,
    wants: &BTreeMap<ProductId, f64>,
) -> Vec<Recommendation> {
    let mut own: Vec<&str> = wants.keys().filter_map(|it| shelf.category(*it)).collect();
    own.sort_unstable();
    let is_own = |id| shelf.category(id).is_some_and(|it| own.binary_search(&it).is_ok());
    let offered = model.best_sellers().iter().filter(|it| shelf.offers(it.product));
    let (same, other): (Vec<_>, Vec<_>) = offered.partition(|it| is_own(it.product));
    let recommendation = |it: &crate::BestSeller| Recommendation {
        product: it.product,
        relation: Relation::BestSeller,
        evidence: it.evidence(),
        score: it.score,
    };
    same.into_iter().chain(other).map(recommendation).collect()
}

fn sorted(mut found: Vec<Recommendation>) -> Vec<Recommendation> {
    let order = |a: &Recommendation, b: &Recommendation| -> Ordering {
        b.score.total_cmp(&a.score).then(a.product.cmp(&b.product))
    };
    found.sort_unstable_by(order);
    found
}

struct List<'a> {
    model: &'a Model,
    rules: &'a Rules,
    chosen: Vec<Recommendation>,
}

impl List<'_> {
    /// Takes from `ranked` until there are `count`: first keeping kinds apart, then, if that leaves
    /// gaps, without.
    fn fill(&mut self, ranked: &[Recommendation], count: usize) {
        for may_repeat in [false, true] {
            for candidate in ranked {
                if self.chosen.len() >= count {
                    return;
                }
                if self.admits(candidate.product, may_repeat) {
                    self.chosen.push(*candidate);
                }
            }
        }
    }

    fn admits(&self, product: ProductId, may_repeat: bool) -> bool {
        let is_new = self.chosen.iter().all(|it| it.product != product);
        let kind = self.model.kind(product);
        let same = self.chosen.iter().filter(|it| self.model.kind(it.product) == kind).count();
        is_new && (may_repeat || kind.is_none() || same < self.rules.same_kind_max)
    }
}
