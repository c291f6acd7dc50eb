//! The shop's rules at work: their words looked up once in the catalogue, then asked by number.
//!
//! What a rule does is told from the rules themselves whenever somebody asks, so nothing has to be
//! kept beside a recommendation: the same product after the same order was changed by the same rules.

use aftercart_model::{Product, ProductId};
use serde::Serialize;

use crate::{
    Evidence, Model, Recommendation, Relation,
    shop_rules::{RuleEffect, RuleRelation, ShopRules},
};

/// Rules bound to the catalogue as it was then.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoundRules {
    rules: Vec<BoundRule>,
}

#[derive(Clone, Debug, PartialEq)]
struct BoundRule {
    name: String,
    relation: RuleRelation,
    /// `None` is any order.
    bought: Option<ProductSet>,
    /// `None` is any product.
    shown: Option<ProductSet>,
    effect: RuleEffect,
}

/// Which rule changed something, and how.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleChange {
    pub rule: String,
    pub effect: RuleEffect,
}

/// The rules that hold after one order.
#[derive(Clone, Debug, Default)]
pub struct RulesInForce<'a> {
    /// What is never shown; asked of every candidate, so kept apart.
    never: Vec<&'a BoundRule>,
    others: Vec<&'a BoundRule>,
    anchors: Vec<ProductId>,
}

/// A product beside another, with what rules make of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    pub recommendation: Recommendation,
    pub changes: Vec<RuleChange>,
    /// Its place without rules, from 0; `None` if a rule alone brings it in.
    pub learned_place: Option<usize>,
}

/// What stands beside a product in one relation, the best first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbours {
    pub shown: Vec<Neighbour>,
    /// What a rule never shows.
    pub held_back: Vec<Neighbour>,
}

impl BoundRules {
    /// Names that the catalogue does not have match nothing.
    pub fn new(rules: &ShopRules, products: &[Product]) -> Self {
        let set = |selector: &crate::shop_rules::Selector| {
            let matching = products.iter().filter(|it| selector.matches(it));
            (!selector.is_empty()).then(|| matching.map(|it| it.id).collect())
        };
        let bound = rules.rules.iter().map(|it| BoundRule {
            name: it.name.clone(),
            relation: it.relation,
            bought: set(&it.bought),
            shown: set(&it.shown),
            effect: it.effect,
        });
        Self { rules: bound.collect() }
    }

    /// How many products each rule is about now, in the order of the rules; `None` is all of them.
    pub fn touched(&self) -> Vec<Option<usize>> {
        self.rules.iter().map(|it| it.shown.as_ref().map(ProductSet::len)).collect()
    }

    /// Whether any of them never shows something.
    pub fn keeps_back(&self) -> bool {
        self.rules.iter().any(|it| it.effect == RuleEffect::NeverShow)
    }

    /// How far back any of them asks what was shown.
    pub fn quiet_days_max(&self) -> Option<u32> {
        let days = |it: &BoundRule| match it.effect {
            RuleEffect::NeverAgain { days } => Some(days),
            _ => None,
        };
        self.rules.iter().filter_map(days).max()
    }

    /// Those that hold after an order of `anchors`.
    pub fn after(&self, anchors: &[ProductId]) -> RulesInForce<'_> {
        let holds = |it: &&BoundRule| {
            it.bought.as_ref().is_none_or(|set| anchors.iter().any(|id| set.has(*id)))
        };
        let is_never = |it: &&BoundRule| it.effect == RuleEffect::NeverShow;
        let (never, others) = self.rules.iter().filter(holds).partition(is_never);
        RulesInForce { never, others, anchors: anchors.to_vec() }
    }

    /// The first `count` that stand beside `product`: what was learned, and what rules make of it.
    pub fn neighbours(
        &self,
        model: &Model,
        product: ProductId,
        relation: RuleRelation,
        count: usize,
    ) -> Neighbours {
        let learned: Vec<Recommendation> = match relation {
            RuleRelation::Upsell => {
                let upgrades = model.upgrades(product).iter().map(|it| Recommendation {
                    product: it.product,
                    relation: Relation::StepUp { anchor: product },
                    evidence: it.evidence(),
                    score: it.score,
                });
                upgrades.collect()
            }
            _ => {
                let complements = model.complements(product).iter().map(|it| Recommendation {
                    product: it.product,
                    relation: Relation::GoesWith { anchor: product },
                    evidence: it.evidence(),
                    score: it.score,
                });
                complements.collect()
            }
        };
        self.after(&[product]).neighbours(&learned, relation, count)
    }
}

impl BoundRule {
    fn is_about(&self, product: ProductId, relation: Relation) -> bool {
        self.relation.covers(relation_of(relation))
            && self.shown.as_ref().is_none_or(|set| set.has(product))
    }
}

/// What merely sells well is no better version of anything.
fn relation_of(relation: Relation) -> RuleRelation {
    match relation {
        Relation::StepUp { .. } => RuleRelation::Upsell,
        _ => RuleRelation::CrossSell,
    }
}

impl RulesInForce<'_> {
    pub fn never_shows(&self, product: ProductId, relation: Relation) -> bool {
        self.never.iter().any(|it| it.is_about(product, relation))
    }

    /// For how many days after it was shown a product is kept back.
    pub fn quiet_days(&self, product: ProductId, relation: Relation) -> Option<u32> {
        let days = |it: &&BoundRule| match it.effect {
            RuleEffect::NeverAgain { days } if it.is_about(product, relation) => Some(days),
            _ => None,
        };
        self.others.iter().filter_map(days).max()
    }

    /// Whether and where among the pinned it stands: the first rule that pins it.
    pub fn pin(&self, product: ProductId, relation: Relation) -> Option<usize> {
        let pins = |it: &&BoundRule| it.effect == RuleEffect::Pin && it.is_about(product, relation);
        self.others.iter().position(pins)
    }

    pub fn always_shows(&self, product: ProductId, relation: Relation) -> bool {
        let shows =
            |it: &&BoundRule| it.effect == RuleEffect::AlwaysShow && it.is_about(product, relation);
        self.others.iter().any(shows)
    }

    fn factor(&self, product: ProductId, relation: Relation) -> f64 {
        let factor = |it: &&BoundRule| match it.effect {
            RuleEffect::Boost(by) if it.is_about(product, relation) => Some(by),
            _ => None,
        };
        self.others.iter().filter_map(factor).product()
    }

    /// Which rules changed where a product stands.
    pub fn changes(&self, product: ProductId, relation: Relation) -> Vec<RuleChange> {
        let all = self.never.iter().chain(&self.others);
        let about = all.filter(|it| it.is_about(product, relation));
        let standing = about.filter(|it| !matches!(it.effect, RuleEffect::NeverAgain { .. }));
        standing.map(|it| RuleChange { rule: it.name.clone(), effect: it.effect }).collect()
    }

    /// A ranked list as the rules have it: without what is never shown, boosted ones where their
    /// new score puts them, pinned ones in front by the order of their rules.
    pub(crate) fn weigh(&self, mut ranked: Vec<Recommendation>) -> Vec<Recommendation> {
        if self.never.is_empty() && self.others.is_empty() {
            return ranked;
        }
        ranked.retain(|it| !self.never_shows(it.product, it.relation));
        for it in &mut ranked {
            it.score *= self.factor(it.product, it.relation);
        }
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.product.cmp(&b.product)));
        self.put_pinned_first(&mut ranked);
        ranked
    }

    /// Moves what is pinned to the front; the others keep their order.
    pub fn put_pinned_first(&self, list: &mut [Recommendation]) {
        list.sort_by_key(|it| self.pin(it.product, it.relation).unwrap_or(usize::MAX));
    }

    /// What is always shown in `relation`, in the order of the rules; of one rule those that stand
    /// in `ranked` first. What no order speaks for is told as the shop's choice.
    pub(crate) fn always(
        &self,
        relation: RuleRelation,
        ranked: &[Recommendation],
    ) -> Vec<Recommendation> {
        let mut all: Vec<Recommendation> = Vec::new();
        let rules = self.others.iter().filter(|it| it.effect == RuleEffect::AlwaysShow);
        for rule in rules.filter(|it| it.relation.covers(relation)) {
            let (Some(bought), Some(shown)) = (&rule.bought, &rule.shown) else { continue };
            let Some(anchor) = self.anchors.iter().copied().find(|it| bought.has(*it)) else {
                continue;
            };
            let chosen = |product| Recommendation {
                product,
                relation: match relation {
                    RuleRelation::Upsell => Relation::StepUp { anchor },
                    _ => Relation::GoesWith { anchor },
                },
                evidence: Evidence::Chosen,
                score: 0.0,
            };
            let found = ranked.iter().copied().filter(|it| shown.has(it.product));
            for it in found.chain(shown.ids().map(chosen)) {
                if all.iter().all(|other| other.product != it.product) {
                    all.push(it);
                }
            }
        }
        all
    }

    fn neighbours(
        &self,
        learned: &[Recommendation],
        relation: RuleRelation,
        count: usize,
    ) -> Neighbours {
        let place = |id: ProductId| learned.iter().position(|it| it.product == id);
        let neighbour = |it: Recommendation| Neighbour {
            recommendation: it,
            changes: self.changes(it.product, it.relation),
            learned_place: place(it.product),
        };
        let is_held_back = |it: &Recommendation| self.never_shows(it.product, it.relation);
        let held_back = learned.iter().copied().filter(is_held_back).map(neighbour);
        let mut shown = self.weigh(learned.to_vec());
        let always = self.always(relation, &shown);
        shown.truncate(count);
        for it in always {
            let is_new = shown.iter().all(|other| other.product != it.product);
            let can_be_shown = !self.anchors.contains(&it.product) && !is_held_back(&it);
            if is_new && can_be_shown && self.makes_room(&mut shown, count) {
                shown.push(it);
            }
        }
        self.put_pinned_first(&mut shown);
        Neighbours {
            held_back: held_back.collect(),
            shown: shown.into_iter().map(neighbour).collect(),
        }
    }

    /// Whether one more has a place among `count`; what stands last and no rule asks for gives way.
    pub(crate) fn makes_room(&self, list: &mut Vec<Recommendation>, count: usize) -> bool {
        if list.len() < count {
            return true;
        }
        let last = list.iter().rposition(|it| !self.asks_for(it));
        last.is_some_and(|place| {
            list.remove(place);
            true
        })
    }

    /// Whether a rule pins it or always shows it.
    pub(crate) fn asks_for(&self, it: &Recommendation) -> bool {
        self.pin(it.product, it.relation).is_some() || self.always_shows(it.product, it.relation)
    }
}

/// Products by the bit of their number.
#[derive(Clone, Debug, Default, PartialEq)]
struct ProductSet {
    words: Vec<u64>,
}

impl ProductSet {
    fn has(&self, id: ProductId) -> bool {
        self.words.get(id.index() / 64).is_some_and(|it| it >> (id.index() % 64) & 1 == 1)
    }

    fn len(&self) -> usize {
        self.words.iter().map(|it| it.count_ones() as usize).sum()
    }

    /// Ascending.
    fn ids(&self) -> impl Iterator<Item = ProductId> {
        (0..self.words.len() as u32 * 64).map(ProductId).filter(|it| self.has(*it))
    }
}

impl FromIterator<ProductId> for ProductSet {
    fn from_iter<I: IntoIterator<Item = ProductId>>(ids: I) -> Self {
        let mut words: Vec<u64> = Vec::new();
        for id in ids {
            let (word, bit) = (id.index() / 64, id.index() % 64);
            if words.len() <= word {
                words.resize(word + 1, 0);
            }
            words[word] |= 1 << bit;
        }
        Self { words }
    }
}

#[cfg(test)]
mod tests;
