//! Ranking for one customer: what to show after what they bought.

use std::{collections::BTreeMap, sync::Arc};

use aftercart_model::{Product, ProductId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    BestSeller, BoundRules, Evidence, Model, RuleRelation, RulesInForce,
    kind::{differ_in_amount_alone, is_named_kind, is_same_kind},
};

/// After so many days a customer's own purchase says half as much about what they want next.
const TASTE_HALF_LIFE_DAYS: f64 = 60.0;

/// So many candidates are ranked for each product shown: enough to pass over whole ranges of one
/// kind, and quicker than ranking the thousands that go with a long history.
const RANKED_PER_SHOWN: usize = 64;

const DAY_MS: f64 = 86_400_000.0;

/// What costs more than so many times the dearest thing of the order opens no email while there is
/// something else to open it with: who bought a milk jug is not asked to buy the machine to it.
const STORY_PRICE_RATIO_MAX: i64 = 8;

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
    /// At most so many better versions of what was just bought, and never more than half the list.
    pub steps_up_max: usize,
    /// At most so many of one kind, unless nothing else goes with what they bought.
    pub same_kind_max: usize,
    /// At most so many that they bought before and that are due again, unless nothing else goes with
    /// what they bought; and never more than half the list.
    pub due_again_max: usize,
    /// The shop's own.
    pub shop: Arc<BoundRules>,
    /// What earlier emails showed this customer, with when; for rules that ask not to see it again.
    pub shown: Vec<(ProductId, Timestamp)>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            count: 4,
            exclude: Vec::new(),
            steps_up_max: 1,
            same_kind_max: 2,
            due_again_max: 1,
            shop: Arc::default(),
            shown: Vec::new(),
        }
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
    /// They bought it before, and are due to buy it again.
    DueAgain,
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
/// Never shown: what they have (unless it is due again by now, see [`crate::Replenishments::due_again`]),
/// what is out of stock or not for sale, what has no picture in a shop that has pictures.
///
/// What is due again is told as that, whatever else it goes with: before all, what came due last and
/// what is bought again most. Where they have another one of its kind, it can wait.
///
/// What goes with a thing is another kind of thing. Where the shop says what kinds there are, one
/// more of a kind they have comes last of what goes with their products, whatever its score: people
/// who love drippers do buy two, but whoever chose one this week needs a kettle. The same thing in
/// another amount is not shown at all until theirs is used up, nor both amounts in one list. A better version is told as what it
/// is, a step up.
///
/// Where too little goes with what they bought, best sellers of the same categories follow, then
/// best sellers of the shop. Of equal scores the lower id comes first.
///
/// The shop's rules come last and stand above all but the first paragraph: what they pin leads the
/// list, what they always show is in it, at its end if nothing else speaks for it.
pub fn recommend(
    model: &Model,
    products: &[Product],
    taste: &Taste,
    rules: &Rules,
    now: Timestamp,
) -> Vec<Recommendation> {
    let shelf = Shelf::new(Some(model), products, taste, rules, now);
    let wants = wants(taste, now);
    let together = tally_complements(model, &wants);
    let steps_up = tally_upgrades(model, taste, &together).weighed(model, taste, now);
    let together = together.weighed(model, taste, now);
    let steps_up = shelf.shop.weigh(steps_up.ranked(&shelf, rules));
    let together = shelf.shop.weigh(together.ranked(&shelf, rules));
    let has = Has::new(model, &shelf);
    let is_other = |it: &Recommendation| !has.is_more_of_a_kind(it.product);
    let mut always = shelf.shop.always(RuleRelation::CrossSell, &together);
    always.extend(shelf.shop.always(RuleRelation::Upsell, &steps_up));
    let is_pinned = |it: &Recommendation| shelf.shop.pin(it.product, it.relation).is_some();
    let (pinned, together): (Vec<_>, Vec<_>) = together.into_iter().partition(is_pinned);
    let (together, more_of_a_kind): (Vec<_>, Vec<_>) = together.into_iter().partition(is_other);
    let is_bought = |it: &Recommendation| shelf.due.contains_key(&it.product);
    let [together, steps_up, more_of_a_kind] = [together, steps_up, more_of_a_kind]
        .map(|them| them.into_iter().filter(|it| !is_bought(it)).collect::<Vec<_>>());
    let mut due = rank_due(model, &shelf, now);
    due.retain(is_other);
    let mut list = List { has: &has, rules, chosen: Vec::with_capacity(rules.count) };
    let room = rules.steps_up_max.min(steps_up.len()).min(rules.count / 2);
    let due_room = rules.due_again_max.min(due.len()).min(rules.count / 2);
    let count = rules.count.saturating_sub(room + due_room);
    list.take(&pinned, count, false);
    list.fill(&together, count);
    list.fill(&due, (list.chosen.len() + due_room).min(rules.count));
    list.fill(&steps_up, (list.chosen.len() + room).min(rules.count));
    list.fill(&together, rules.count);
    list.fill(&pinned, rules.count);
    list.fill(&due, rules.count);
    list.fill(&more_of_a_kind, rules.count);
    if list.chosen.len() < rules.count {
        let sold = rank_best_sellers(model, &shelf, &wants);
        let (others, more_of_a_kind): (Vec<_>, Vec<_>) = sold.into_iter().partition(is_other);
        list.fill(&others, rules.count);
        list.fill(&more_of_a_kind, rules.count);
    }
    list.obey(&always);
    list.chosen
}

/// Moves the product that an email should be about to the front of `list`; the order of the others
/// stays.
///
/// It is one that goes with the order, `anchors`, as that is what the email speaks of, and at a
/// price within its reach; else one that goes with something bought before; else what is due again;
/// else a step up, since who has just chosen is not asked to choose again while there is anything to
/// add; else the rest. Of several the one that promises
/// the shop most, by price times the customers who took it too; of equals the better ranked.
pub fn put_story_first(
    list: &mut [Recommendation],
    model: &Model,
    products: &[Product],
    anchors: &[ProductId],
) {
    let product = |id: ProductId| find(products, id);
    let anchor_products: Vec<&Product> = anchors.iter().filter_map(|id| product(*id)).collect();
    let dearest = anchor_products.iter().map(|it| it.price_minor).max().filter(|it| *it > 0);
    let price_max = dearest.map_or(i64::MAX, |it| it.saturating_mul(STORY_PRICE_RATIO_MAX));
    let price = |it: &Recommendation| product(it.product).map_or(0, |it| it.price_minor);
    let promise =
        |it: &Recommendation| price(it).saturating_mul(i64::from(it.evidence.customers()));
    let fit = |it: &Recommendation| {
        let is_more_of_a_kind = product(it.product)
            .is_some_and(|it| anchor_products.iter().any(|anchor| is_same_kind(anchor, it)));
        let belongs = || anchors.iter().any(|anchor| model.goes_with(it.product, *anchor));
        match it.relation {
            Relation::GoesWith { .. } if is_more_of_a_kind || price(it) > price_max => 1,
            Relation::GoesWith { .. } if belongs() => 5,
            Relation::GoesWith { .. } => 4,
            Relation::DueAgain => 3,
            Relation::StepUp { .. } => 2,
            Relation::BestSeller => 0,
        }
    };
    // Of equals `max_by_key` takes the last, so the list is read from its end.
    let story = (0..list.len()).rev().max_by_key(|at| (fit(&list[*at]), promise(&list[*at])));
    if let Some(story) = story {
        list[..=story].rotate_right(1);
    }
}

/// Up to `rules.count` better versions of what was just ordered, the best first and nothing else:
/// for a campaign that is after premium products. Otherwise as [`recommend`].
pub fn steps_up(
    model: &Model,
    products: &[Product],
    taste: &Taste,
    rules: &Rules,
    now: Timestamp,
) -> Vec<Recommendation> {
    let shelf = Shelf::new(Some(model), products, taste, rules, now);
    let together = tally_complements(model, &wants(taste, now));
    let steps_up = tally_upgrades(model, taste, &together).weighed(model, taste, now);
    let ranked = shelf.shop.weigh(steps_up.ranked(&shelf, rules));
    let always = shelf.shop.always(RuleRelation::Upsell, &ranked);
    let has = Has::new(model, &shelf);
    let mut list = List { has: &has, rules, chosen: Vec::with_capacity(rules.count) };
    list.fill(&ranked, rules.count);
    list.obey(&always);
    list.chosen
}

/// Those of `chosen`, which were recommended before, that may still be shown, in their order.
///
/// In which relation a product stands is what the model says now: due again if they bought it before,
/// the better version of one of the order's products, else something that goes with it.
pub fn still_shown(
    model: Option<&Model>,
    products: &[Product],
    chosen: &[ProductId],
    taste: &Taste,
    rules: &Rules,
    now: Timestamp,
) -> Vec<ProductId> {
    let shelf = Shelf::new(model, products, taste, rules, now);
    let relation = |id: ProductId| {
        let betters = |anchor: &&ProductId| {
            let upgrades = model.map_or(&[][..], |it| it.upgrades(**anchor));
            upgrades.iter().any(|it| it.product == id)
        };
        if shelf.due.contains_key(&id) {
            return Relation::DueAgain;
        }
        match (taste.anchors.iter().find(betters), taste.anchors.first()) {
            (Some(&anchor), _) => Relation::StepUp { anchor },
            (None, Some(&anchor)) => Relation::GoesWith { anchor },
            (None, None) => Relation::BestSeller,
        }
    };
    chosen.iter().copied().filter(|id| shelf.offers(*id, relation(*id))).collect()
}

/// The catalogue as this customer may see it.
struct Shelf<'a> {
    products: &'a [Product],
    /// What they have and is not due again, in no order.
    kept: Vec<ProductId>,
    /// What they bought and is due again, with since when.
    due: BTreeMap<ProductId, Timestamp>,
    /// Ascending.
    barred: Vec<ProductId>,
    needs_picture: bool,
    /// The shop's rules that hold after this order.
    shop: RulesInForce<'a>,
    /// How many days ago each was shown to them last.
    shown_days: BTreeMap<ProductId, f64>,
}

impl<'a> Shelf<'a> {
    fn new(
        model: Option<&Model>,
        products: &'a [Product],
        taste: &Taste,
        rules: &'a Rules,
        now: Timestamp,
    ) -> Self {
        let needs_picture = products.iter().any(|it| !it.picture.is_empty());
        let barred = rules.exclude.clone();
        let shop = rules.shop.after(&taste.anchors);
        let mut shown_days: BTreeMap<ProductId, f64> = BTreeMap::new();
        for &(product, at) in &rules.shown {
            let last = shown_days.entry(product).or_insert(f64::INFINITY);
            *last = age_days(at, now).min(*last);
        }
        let mut bought: BTreeMap<ProductId, Vec<Timestamp>> = BTreeMap::new();
        for &(product, at) in &taste.bought {
            bought.entry(product).or_default().push(at);
        }
        let (mut kept, mut due) = (taste.anchors.clone(), BTreeMap::new());
        for (product, at) in bought {
            let due_at = model.and_then(|it| it.replenishments().due_again(product, &at));
            match due_at.filter(|it| *it <= now && !taste.anchors.contains(&product)) {
                Some(at) => drop(due.insert(product, at)),
                None => kept.push(product),
            }
        }
        let mut shelf = Self { products, kept, due, barred, needs_picture, shop, shown_days };
        shelf.barred.extend(&shelf.kept);
        shelf.barred.sort_unstable();
        shelf
    }

    fn get(&self, id: ProductId) -> Option<&'a Product> {
        find(self.products, id)
    }

    fn offers(&self, id: ProductId, relation: Relation) -> bool {
        let can_be_shown =
            |it: &Product| it.is_in_stock() && !(self.needs_picture && it.picture.is_empty());
        self.barred.binary_search(&id).is_err()
            && self.get(id).is_some_and(can_be_shown)
            && !self.shop.never_shows(id, relation)
            && !self.was_shown_lately(id, relation)
    }

    /// Too lately for the shop's rules.
    fn was_shown_lately(&self, id: ProductId, relation: Relation) -> bool {
        self.shown_days.get(&id).is_some_and(|ago| {
            self.shop.quiet_days(id, relation).is_some_and(|days| *ago < f64::from(days))
        })
    }

    fn category(&self, id: ProductId) -> Option<&'a str> {
        self.get(id).map(|it| it.category.as_str()).filter(|it| !it.is_empty())
    }
}

/// Ids are dense, so a product mostly stands at its own index.
fn find(products: &[Product], id: ProductId) -> Option<&Product> {
    match products.get(id.index()) {
        Some(product) if product.id == id => Some(product),
        _ => products.iter().find(|it| it.id == id),
    }
}

/// What they have and is not due again, by kind: what else would be the same again.
struct Has<'a> {
    model: &'a Model,
    shelf: &'a Shelf<'a>,
    /// Ascending.
    kept: Vec<(u32, ProductId)>,
}

impl<'a> Has<'a> {
    fn new(model: &'a Model, shelf: &'a Shelf<'a>) -> Self {
        let with_kind = |id: &ProductId| model.kind(*id).map(|kind| (kind, *id));
        let mut kept: Vec<_> = shelf.kept.iter().filter_map(with_kind).collect();
        kept.sort_unstable();
        kept.dedup();
        Self { model, shelf, kept }
    }

    fn of_kind(&self, kind: Option<u32>) -> &[(u32, ProductId)] {
        let Some(kind) = kind else { return &[] };
        let start = self.kept.partition_point(|it| it.0 < kind);
        let end = self.kept.partition_point(|it| it.0 <= kind);
        &self.kept[start..end]
    }

    /// They have one of its kind, and the shop says so.
    fn is_more_of_a_kind(&self, product: ProductId) -> bool {
        !self.of_kind(self.model.kind(product)).is_empty()
            && self.shelf.get(product).is_some_and(is_named_kind)
    }

    /// They have the same thing in another amount.
    fn is_another_amount(&self, product: ProductId) -> bool {
        let own = self.of_kind(self.model.kind(product));
        own.iter().any(|(_, own)| self.differ_in_amount(product, *own))
    }

    /// One thing in two amounts, in a shop that says what kinds there are.
    fn differ_in_amount(&self, a: ProductId, b: ProductId) -> bool {
        match (self.shelf.get(a), self.shelf.get(b)) {
            (Some(a), Some(b)) => is_same_kind(a, b) && differ_in_amount_alone(&a.name, &b.name),
            _ => false,
        }
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

/// What goes with the customer's products together; each is explained by the product of theirs that
/// speaks for it most.
fn tally_complements(model: &Model, wants: &BTreeMap<ProductId, f64>) -> Tally {
    let mut tally = Tally::default();
    for (&anchor, &want) in wants {
        for complement in model.complements(anchor) {
            tally.add(Recommendation {
                product: complement.product,
                relation: Relation::GoesWith { anchor },
                evidence: complement.evidence(),
                score: want * complement.score,
            });
        }
    }
    tally
}

/// Better versions of what was just ordered. How well one fits its anchor is multiplied by what all
/// the customer's products say for it, `together`: of two better holders the one in their style.
fn tally_upgrades(model: &Model, taste: &Taste, together: &Tally) -> Tally {
    let mut anchors = taste.anchors.clone();
    anchors.sort_unstable();
    anchors.dedup();
    let mut tally = Tally::default();
    for anchor in anchors {
        for upgrade in model.upgrades(anchor) {
            tally.add(Recommendation {
                product: upgrade.product,
                relation: Relation::StepUp { anchor },
                evidence: upgrade.evidence(),
                score: upgrade.score * (1.0 + together.score_of(upgrade.product)),
            });
        }
    }
    tally
}

/// Adds up what several anchors say for one product, and keeps what the strongest says.
#[derive(Default)]
struct Tally {
    /// Per product its place in `found`, by index; an array, since a long history has thousands of
    /// voices and every email asks.
    places: Vec<Option<u32>>,
    found: Vec<(f64, Recommendation)>,
}

impl Tally {
    fn add(&mut self, voice: Recommendation) {
        let index = voice.product.index();
        if index >= self.places.len() {
            self.places.resize(index + 1, None);
        }
        match self.places[index] {
            None => {
                self.places[index] = u32::try_from(self.found.len()).ok();
                self.found.push((voice.score, voice));
            }
            Some(place) => {
                let (sum, strongest) = &mut self.found[place as usize];
                *sum += voice.score;
                if voice.score > strongest.score {
                    *strongest = voice;
                }
            }
        }
    }

    fn score_of(&self, product: ProductId) -> f64 {
        let place = self.places.get(product.index()).copied().flatten();
        place.map_or(0.0, |it| self.found[it as usize].0)
    }

    /// Scored by how likely this customer adds each, in a shop with orders enough to have learned it:
    /// the pairs still say what goes with what, and why.
    fn weighed(mut self, model: &Model, taste: &Taste, now: Timestamp) -> Self {
        let products: Vec<ProductId> = self.found.iter().map(|(_, it)| it.product).collect();
        if let Some(chances) = model.next().chances(taste, now, &products) {
            for ((score, _), chance) in self.found.iter_mut().zip(chances) {
                *score = chance;
            }
        }
        self
    }

    /// What is on offer, the best first, cut where no list reaches.
    fn ranked(self, shelf: &Shelf<'_>, rules: &Rules) -> Vec<Recommendation> {
        let offered =
            self.found.into_iter().filter(|(_, it)| shelf.offers(it.product, it.relation));
        let mut ranked: Vec<Recommendation> =
            offered.map(|(score, it)| Recommendation { score, ..it }).collect();
        let order = |a: &Recommendation, b: &Recommendation| {
            b.score.total_cmp(&a.score).then(a.product.cmp(&b.product))
        };
        let reach = rules.count.saturating_mul(RANKED_PER_SHOWN).max(1);
        if ranked.len() > reach {
            ranked.select_nth_unstable_by(reach - 1, order);
            ranked.truncate(reach);
        }
        ranked.sort_unstable_by(order);
        ranked
    }
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
    let is_offered = |it: &&BestSeller| shelf.offers(it.product, Relation::BestSeller);
    let offered = model.best_sellers().iter().filter(is_offered);
    let (same, other): (Vec<_>, Vec<_>) = offered.partition(|it| is_own(it.product));
    let recommendation = |it: &BestSeller| Recommendation {
        product: it.product,
        relation: Relation::BestSeller,
        evidence: it.evidence(),
        score: it.score,
    };
    let weighed =
        |them: Vec<&BestSeller>| shelf.shop.weigh(them.into_iter().map(recommendation).collect());
    let mut all = weighed(same);
    all.extend(weighed(other));
    all
}

/// What they bought and is due again: what most buyers come back for, and the later, the less sure it
/// is that they still do.
fn rank_due(model: &Model, shelf: &Shelf<'_>, now: Timestamp) -> Vec<Recommendation> {
    let recommendation = |(&product, &due_at): (&ProductId, &Timestamp)| {
        let it = model.replenishments().get(product)?;
        let intervals_late = age_days(due_at, now) / f64::from(it.days.max(1));
        let score = f64::from(it.share_thousandths.max(1)) * (-intervals_late).exp2();
        let relation = Relation::DueAgain;
        Some(Recommendation { product, relation, evidence: it.evidence(), score })
    };
    let mut due: Vec<Recommendation> = shelf.due.iter().filter_map(recommendation).collect();
    due.retain(|it| shelf.offers(it.product, it.relation));
    due.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.product.cmp(&b.product)));
    shelf.shop.weigh(due)
}

struct List<'a> {
    has: &'a Has<'a>,
    rules: &'a Rules,
    chosen: Vec<Recommendation>,
}

impl List<'_> {
    /// Takes from `ranked` until there are `count`: first keeping kinds apart, then, if that leaves
    /// gaps, without.
    fn fill(&mut self, ranked: &[Recommendation], count: usize) {
        for may_repeat in [false, true] {
            self.take(ranked, count, may_repeat);
        }
    }

    fn take(&mut self, ranked: &[Recommendation], count: usize, may_repeat: bool) {
        for candidate in ranked {
            if self.chosen.len() >= count {
                return;
            }
            if self.admits(candidate.product, may_repeat) {
                self.chosen.push(*candidate);
            }
        }
    }

    /// Puts what the shop pins in front and what it always shows into the list, in the place of what
    /// stands last and is neither.
    fn obey(&mut self, always: &[Recommendation]) {
        let shelf = self.has.shelf;
        for wanted in always {
            let is_new = self.chosen.iter().all(|it| it.product != wanted.product);
            let can_be_shown = shelf.offers(wanted.product, wanted.relation)
                && !self.has.is_another_amount(wanted.product);
            if is_new && can_be_shown && self.makes_room_for(wanted.product) {
                self.chosen.push(*wanted);
            }
        }
        shelf.shop.put_pinned_first(&mut self.chosen);
    }

    fn makes_room_for(&mut self, product: ProductId) -> bool {
        let shop = &self.has.shelf.shop;
        let is_rival = |it: &Recommendation| self.has.differ_in_amount(product, it.product);
        match self.chosen.iter().position(is_rival) {
            // One amount of it is asked for already.
            Some(rival) if shop.asks_for(&self.chosen[rival]) => false,
            Some(rival) => {
                self.chosen.remove(rival);
                true
            }
            None => shop.makes_room(&mut self.chosen, self.rules.count),
        }
    }

    fn admits(&self, product: ProductId, may_repeat: bool) -> bool {
        let is_new = self.chosen.iter().all(|it| it.product != product);
        let model = self.has.model;
        let kind = model.kind(product);
        let same = self.chosen.iter().filter(|it| model.kind(it.product) == kind).count();
        let has_room = may_repeat || kind.is_none() || same < self.rules.same_kind_max;
        let has = |it: &Recommendation| self.has.differ_in_amount(product, it.product);
        is_new && has_room && !self.has.is_another_amount(product) && !self.chosen.iter().any(has)
    }
}

#[cfg(test)]
mod tests {
    use aftercart_model::CustomerId;
    use jiff::SignedDuration;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{Basket, TrainOptions};

    const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

    const DRIPPER: ProductId = ProductId(0);
    const KETTLE: ProductId = ProductId(1);
    const FILTERS: ProductId = ProductId(2);
    const GLASS_DRIPPER: ProductId = ProductId(3);
    const PAN: ProductId = ProductId(4);
    const KNIFE: ProductId = ProductId(5);
    const SCALE: ProductId = ProductId(6);

    fn days_ago(days: i64) -> Timestamp {
        NOW - SignedDuration::from_hours(24 * days)
    }

    fn products() -> Vec<Product> {
        let product = |id: ProductId, category: &str, kind: &str, price: i64| Product {
            category: category.to_owned(),
            kind: kind.to_owned(),
            picture: format!("{}.png", id.0),
            ..Product::bare(id, &id.0.to_string(), &format!("{kind} {}", id.0), price)
        };
        vec![
            product(DRIPPER, "Coffee", "dripper", 2_000),
            product(KETTLE, "Coffee", "kettle", 8_900),
            Product { lasts_days: Some(40), ..product(FILTERS, "Coffee", "filter", 600) },
            product(GLASS_DRIPPER, "Coffee", "dripper", 3_000),
            product(PAN, "Pans", "pan", 7_400),
            product(KNIFE, "Knives", "knife", 5_000),
            product(SCALE, "Coffee", "scale", 5_900),
        ]
    }

    /// Who buys a dripper buys a kettle and, a little less often, filters; others buy a pan or a
    /// scale, and the knife leads the shop.
    fn model(products: &[Product]) -> Model {
        let mut baskets = Vec::new();
        let mut buy = |customer: i64, days: i64, products: &[ProductId]| {
            let customer = Some(CustomerId(customer));
            baskets.push(Basket { customer, at: days_ago(days), products: products.to_vec() });
        };
        for customer in 0..20 {
            buy(customer, 10, &[DRIPPER, KETTLE]);
        }
        for customer in 4..20 {
            buy(customer, 9, &[FILTERS]);
        }
        for customer in 100..120 {
            buy(customer, 8, &[PAN]);
            buy(customer + 100, 8, &[KNIFE]);
            buy(customer + 200, 2, &[KNIFE]);
        }
        for customer in 400..405 {
            buy(customer, 8, &[SCALE]);
        }
        Model::train(baskets, products, NOW, &TrainOptions::default())
    }

    fn after_a_dripper() -> Taste {
        Taste { bought: vec![(DRIPPER, days_ago(2))], anchors: vec![DRIPPER] }
    }

    fn shown(products: &[Product], taste: &Taste, rules: &Rules) -> Vec<ProductId> {
        let found = recommend(&model(products), products, taste, rules, NOW);
        found.iter().map(|it| it.product).collect()
    }

    #[test]
    fn a_list_has_what_goes_with_it_a_step_up_and_what_sells() {
        let products = products();
        let rules = Rules { count: 6, ..Rules::default() };
        let found = recommend(&model(&products), &products, &after_a_dripper(), &rules, NOW);
        let lines: Vec<String> = found
            .iter()
            .map(|it| format!("{} {:?}: {}", it.product.0, it.relation, it.evidence))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        1 GoesWith { anchor: ProductId(0) }: bought together by 20 customers, 4.2 times more than by chance
        2 GoesWith { anchor: ProductId(0) }: bought together by 16 customers, 4.2 times more than by chance
        3 StepUp { anchor: ProductId(0) }: the same kind at 1.5 times the price
        6 BestSeller: bought by 5 customers in the last 90 days
        5 BestSeller: bought by 40 customers in the last 90 days
        4 BestSeller: bought by 20 customers in the last 90 days
        ");
    }

    #[test]
    fn what_cannot_be_sold_or_shown_is_left_out() {
        let all = shown(&products(), &after_a_dripper(), &Rules::default());
        assert_eq!(all[0], KETTLE);
        let without_kettle = |change: &dyn Fn(&mut Product)| {
            let mut products = products();
            change(&mut products[KETTLE.index()]);
            !shown(&products, &after_a_dripper(), &Rules::default()).contains(&KETTLE)
        };
        assert!(without_kettle(&|it| it.stock = Some(0)), "out of stock");
        assert!(without_kettle(&|it| it.is_active = false), "not for sale");
        assert!(without_kettle(&|it| it.picture.clear()), "no picture, though the others have one");
        let rules = Rules { exclude: vec![KETTLE], ..Rules::default() };
        assert!(!shown(&products(), &after_a_dripper(), &rules).contains(&KETTLE), "excluded");
        let mut bare = products();
        bare.iter_mut().for_each(|it| it.picture.clear());
        assert_eq!(shown(&bare, &after_a_dripper(), &Rules::default()), all, "no pictures at all");
    }

    /// Everybody buys the plain dripper with another dripper, and most of them a kettle too.
    fn drippers_sell_together(products: &[Product]) -> Model {
        let basket = |customer: i64, products: &[ProductId]| Basket {
            customer: Some(CustomerId(customer)),
            at: days_ago(10),
            products: products.to_vec(),
        };
        let drippers = (0..30).map(|it| basket(it, &[DRIPPER, GLASS_DRIPPER]));
        let kettles = (0..20).map(|it| basket(it, &[KETTLE]));
        let others = (100..160).map(|it| basket(it, &[KNIFE]));
        let all = drippers.chain(kettles).chain(others);
        Model::train(all, products, NOW, &TrainOptions::default())
    }

    #[test]
    fn what_goes_with_a_dripper_is_no_second_dripper() {
        let mut products = products();
        // As dear as the plain one, so it is no step up either.
        products[GLASS_DRIPPER.index()].price_minor = 2_000;
        let rules = Rules { count: 2, ..Rules::default() };
        let first_two = |products: &[Product]| -> Vec<ProductId> {
            let model = drippers_sell_together(products);
            let found = recommend(&model, products, &after_a_dripper(), &rules, NOW);
            found.iter().map(|it| it.product).collect()
        };
        assert_eq!(first_two(&products), [KETTLE, GLASS_DRIPPER], "only then one more of the kind");
        let model = drippers_sell_together(&products);
        let mut years_ago = Taste { bought: vec![(DRIPPER, days_ago(900))], anchors: vec![] };
        years_ago.bought.push((KNIFE, days_ago(2)));
        let found = recommend(&model, &products, &years_ago, &rules, NOW);
        assert_eq!(found[0].product, KETTLE, "they have it still");
        products.iter_mut().for_each(|it| it.kind.clear());
        assert_eq!(first_two(&products), [GLASS_DRIPPER, KETTLE], "no kinds, nothing to go by");
    }

    #[test]
    fn the_same_in_another_amount_is_not_offered_while_it_lasts() {
        let mut products = products();
        products[FILTERS.index()].name = "House roast, 250 g".to_owned();
        products[SCALE.index()] = Product {
            name: "House roast, 1 kg".to_owned(),
            kind: "filter".to_owned(),
            price_minor: 1_300,
            ..products[SCALE.index()].clone()
        };
        let offered = |days: i64| {
            let bought = vec![(FILTERS, days_ago(days)), (PAN, days_ago(2))];
            let taste = Taste { bought, anchors: vec![PAN] };
            let rules = Rules { count: 7, ..Rules::default() };
            let all = shown(&products, &taste, &rules);
            all.contains(&FILTERS) || all.contains(&SCALE)
        };
        assert!(!offered(2), "they have just taken the small bag");
        assert!(offered(30), "three quarters of it are gone");
        let taste = Taste { bought: vec![], anchors: vec![PAN] };
        let all = shown(&products, &taste, &Rules { count: 7, ..Rules::default() });
        let bags = all.iter().filter(|it| [FILTERS, SCALE].contains(it)).count();
        assert_eq!(bags, 1, "nor do both stand in one list");
        let anchored = Taste { bought: vec![], anchors: vec![FILTERS] };
        let better = steps_up(&model(&products), &products, &anchored, &Rules::default(), NOW);
        assert!(better.iter().all(|it| it.product != SCALE), "nor as the better version of it");
    }

    /// Which product opens an email after a dripper, of a list of these.
    fn story(list: &[(ProductId, Relation, u32)]) -> ProductId {
        story_of(&products(), list)
    }

    fn story_of(products: &[Product], list: &[(ProductId, Relation, u32)]) -> ProductId {
        let evidence = |customers| Evidence::Together { customers, times_chance: 2.0 };
        let voice = |&(product, relation, customers): &(ProductId, Relation, u32)| Recommendation {
            product,
            relation,
            evidence: evidence(customers),
            score: 1.0,
        };
        let mut list: Vec<Recommendation> = list.iter().map(voice).collect();
        put_story_first(&mut list, &model(products), products, &[DRIPPER]);
        list[0].product
    }

    #[test]
    fn an_email_opens_with_what_goes_with_the_order() {
        let with = Relation::GoesWith { anchor: DRIPPER };
        let with_older = Relation::GoesWith { anchor: PAN };
        let step = Relation::StepUp { anchor: DRIPPER };
        assert_eq!(story(&[(FILTERS, with, 16), (KETTLE, with, 20)]), KETTLE, "promises more");
        assert_eq!(story(&[(GLASS_DRIPPER, step, 900), (FILTERS, with, 3)]), FILTERS);
        assert_eq!(story(&[(KNIFE, with_older, 900), (FILTERS, with, 3)]), FILTERS);
        assert_eq!(story(&[(GLASS_DRIPPER, step, 900), (KNIFE, with_older, 3)]), KNIFE);
        assert_eq!(story(&[(KNIFE, Relation::BestSeller, 900), (GLASS_DRIPPER, step, 3)]), {
            GLASS_DRIPPER
        });
        assert_eq!(story(&[(GLASS_DRIPPER, with, 900), (FILTERS, with, 3)]), FILTERS, "two alike");
        let kettle_at = |price_minor| {
            let mut products = products();
            products[KETTLE.index()].price_minor = price_minor;
            story_of(&products, &[(FILTERS, with, 16), (KETTLE, with, 20)])
        };
        assert_eq!(kettle_at(16_000), KETTLE, "eight times the dripper");
        assert_eq!(kettle_at(16_001), FILTERS, "another purchase altogether");
    }

    #[test]
    fn what_they_have_comes_back_when_it_is_used_up() {
        let with_filters = |days: i64| {
            let mut taste = after_a_dripper();
            taste.bought.push((FILTERS, days_ago(200)));
            taste.bought.push((FILTERS, days_ago(days)));
            shown(&products(), &taste, &Rules::default()).contains(&FILTERS)
        };
        assert!(!with_filters(29), "they last 40 days, as the shop says");
        assert!(with_filters(30), "three quarters are gone");
        let mut taste = after_a_dripper();
        taste.bought.push((KETTLE, days_ago(900)));
        assert!(!shown(&products(), &taste, &Rules::default()).contains(&KETTLE), "kettles last");
    }

    /// Who bought the knife bought it again, after 20 days; they came for the scale in between.
    fn knives_wear_out(products: &[Product]) -> Model {
        let mut baskets = Vec::new();
        for customer in 0..30 {
            for (days, product) in [(60, KNIFE), (50, SCALE), (40, KNIFE)] {
                let customer = Some(CustomerId(customer));
                baskets.push(Basket { customer, at: days_ago(days), products: vec![product] });
            }
        }
        for customer in 100..300 {
            let product = [DRIPPER, KETTLE, PAN, SCALE][customer as usize % 4];
            let customer = Some(CustomerId(customer));
            baskets.push(Basket { customer, at: days_ago(30), products: vec![product] });
        }
        Model::train(baskets, products, NOW, &TrainOptions::default())
    }

    #[test]
    fn what_is_due_again_is_told_as_that() {
        let products = products();
        let model = knives_wear_out(&products);
        let found = |knife_days: i64, rules: &Rules| {
            let bought = vec![(KNIFE, days_ago(knife_days)), (SCALE, days_ago(1))];
            let taste = Taste { bought, anchors: vec![SCALE] };
            recommend(&model, &products, &taste, rules, NOW)
        };
        let of_knife =
            |found: Vec<Recommendation>| found.into_iter().find(|it| it.product == KNIFE);
        let rules = Rules::default();
        let due = of_knife(found(20, &rules)).unwrap();
        assert_eq!(due.relation, Relation::DueAgain);
        insta::assert_snapshot!(due.evidence, @"bought again by 30 customers, after about 3 weeks");
        assert_eq!(of_knife(found(19, &rules)), None, "not due before tomorrow");
        let excluded = Rules { exclude: vec![KNIFE], ..Rules::default() };
        assert_eq!(of_knife(found(20, &excluded)), None);
        let mut sold_out = products.clone();
        sold_out[KNIFE.index()].stock = Some(0);
        let taste = Taste { bought: vec![(KNIFE, days_ago(20))], anchors: vec![SCALE] };
        let shown = recommend(&model, &sold_out, &taste, &rules, NOW);
        assert_eq!(of_knife(shown), None, "out of stock");
        let again = Taste { bought: vec![(KNIFE, days_ago(20)), (KNIFE, days_ago(2))], ..taste };
        assert_eq!(of_knife(recommend(&model, &products, &again, &rules, NOW)), None);
    }

    #[test]
    fn what_is_due_again_may_stay_while_it_is() {
        let products = products();
        let model = knives_wear_out(&products);
        let still = |days: i64| {
            let taste = Taste { bought: vec![(KNIFE, days_ago(days))], anchors: vec![SCALE] };
            still_shown(Some(&model), &products, &[KNIFE], &taste, &Rules::default(), NOW)
        };
        assert_eq!(still(20), [KNIFE]);
        assert!(still(3).is_empty(), "they bought it since");
    }

    #[test]
    fn steps_up_keep_to_their_number() {
        let none = Rules { steps_up_max: 0, ..Rules::default() };
        let found = recommend(&model(&products()), &products(), &after_a_dripper(), &none, NOW);
        assert!(!found.iter().any(|it| matches!(it.relation, Relation::StepUp { .. })));
        let two = Rules { count: 2, steps_up_max: 2, ..Rules::default() };
        assert_eq!(shown(&products(), &after_a_dripper(), &two), [KETTLE, GLASS_DRIPPER]);
    }

    #[test]
    fn a_premium_list_has_better_versions_alone() {
        let found =
            steps_up(&model(&products()), &products(), &after_a_dripper(), &Rules::default(), NOW);
        let relations: Vec<_> = found.iter().map(|it| (it.product, it.relation)).collect();
        assert_eq!(relations, [(GLASS_DRIPPER, Relation::StepUp { anchor: DRIPPER })]);
    }

    #[test]
    fn kinds_are_kept_apart_while_others_are_to_be_had() {
        let mut products = products();
        for product in [KETTLE, FILTERS, SCALE] {
            products[product.index()].kind = "kettle".to_owned();
        }
        let one_each = Rules { count: 3, same_kind_max: 1, steps_up_max: 0, ..Rules::default() };
        let found = shown(&products, &after_a_dripper(), &one_each);
        assert_eq!(found[0], KETTLE);
        // Filters go with a dripper, so they still come before what merely sells.
        assert_eq!(found[1], FILTERS);
        assert!(!found.contains(&SCALE), "a third of the kind gives way to other best sellers");
    }

    #[test]
    fn somebody_unknown_gets_best_sellers() {
        let found =
            recommend(&model(&products()), &products(), &Taste::default(), &Rules::default(), NOW);
        assert_eq!(found.len(), 4);
        assert_eq!(found[0].product, KNIFE);
        assert!(found.iter().all(|it| it.relation == Relation::BestSeller));
    }

    #[test]
    fn best_sellers_of_their_own_categories_come_first() {
        let taste = Taste { bought: vec![(PAN, days_ago(2))], anchors: vec![PAN] };
        let mut products = products();
        products[SCALE.index()].category = "Pans".to_owned();
        assert_eq!(shown(&products, &taste, &Rules::default())[0], SCALE, "though the knife leads");
    }

    proptest! {
        #[test]
        fn lists_obey_their_rules(
            bought in vec((0_u32..9, 0_i64..300), 0..6),
            anchors in vec(0_u32..9, 0..3),
            exclude in vec(0_u32..9, 0..3),
            count in 0_usize..8,
            steps_up_max in 0_usize..5,
            unsold in 0_usize..7,
        ) {
            let mut products = products();
            products[unsold].stock = Some(0);
            let bought: Vec<_> =
                bought.into_iter().map(|(id, days)| (ProductId(id), days_ago(days))).collect();
            let ids = |it: Vec<u32>| it.into_iter().map(ProductId).collect::<Vec<_>>();
            let mut taste = Taste { bought, anchors: ids(anchors) };
            let rules = Rules { count, exclude: ids(exclude), steps_up_max, ..Rules::default() };
            let model = model(&products);
            let found = recommend(&model, &products, &taste, &rules, NOW);
            prop_assert!(found.len() <= count);
            let steps = found.iter().filter(|it| matches!(it.relation, Relation::StepUp { .. }));
            prop_assert!(steps.count() <= steps_up_max.min(count / 2));
            for (place, it) in found.iter().enumerate() {
                prop_assert!(found[..place].iter().all(|other| other.product != it.product));
                prop_assert!(!rules.exclude.contains(&it.product));
                prop_assert!(!taste.anchors.contains(&it.product));
                prop_assert!(it.product.index() != unsold);
                let has_it = taste.bought.iter().any(|(id, _)| *id == it.product);
                prop_assert!(!has_it || it.product == FILTERS, "only filters run out");
                if let Relation::GoesWith { anchor } = it.relation {
                    let is_theirs = taste.bought.iter().any(|(id, _)| *id == anchor);
                    prop_assert!(is_theirs || taste.anchors.contains(&anchor));
                }
            }
            taste.bought.reverse();
            taste.anchors.reverse();
            prop_assert_eq!(recommend(&model, &products, &taste, &rules, NOW), found);
        }
    }
}
