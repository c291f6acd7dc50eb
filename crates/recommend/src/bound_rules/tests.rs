//! The shop's rules on a small catalogue: what each does, what beats what, and the laws.

use std::sync::Arc;

use aftercart_model::{CustomerId, Timestamp};
use jiff::SignedDuration;
use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::{
    Basket, Rules, Selector, ShopRule, Taste, TrainOptions, recommend, shop_rules::BOOST_MIN,
    steps_up,
};

const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

const DRIPPER: ProductId = ProductId(0);
const KETTLE: ProductId = ProductId(1);
const FILTERS: ProductId = ProductId(2);
const GLASS_DRIPPER: ProductId = ProductId(3);
const PAN: ProductId = ProductId(4);
const KNIFE: ProductId = ProductId(5);
const SCALE: ProductId = ProductId(6);
const COUNT: u32 = 7;

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
        product(FILTERS, "Coffee", "filter", 600),
        product(GLASS_DRIPPER, "Coffee", "dripper", 3_000),
        product(PAN, "Pans", "pan", 7_400),
        product(KNIFE, "Knives", "knife", 5_000),
        product(SCALE, "Coffee", "scale", 5_900),
    ]
}

/// Who buys a dripper buys a kettle, a little less often filters, and seldom a scale; others buy a
/// pan, and the knife leads the shop.
fn model(products: &[Product]) -> Model {
    let mut baskets = Vec::new();
    let mut buy = |customer: i64, products: &[ProductId]| {
        let customer = Some(CustomerId(customer));
        baskets.push(Basket { customer, at: days_ago(10), products: products.to_vec() });
    };
    for customer in 0..20 {
        buy(customer, &[DRIPPER, KETTLE]);
    }
    for customer in 4..20 {
        buy(customer, &[FILTERS]);
    }
    for customer in 10..20 {
        buy(customer, &[SCALE]);
    }
    for customer in 100..120 {
        buy(customer, &[PAN]);
        buy(customer + 100, &[KNIFE]);
        buy(customer + 200, &[KNIFE]);
    }
    Model::train(baskets, products, NOW, &TrainOptions::default())
}

fn bound(yaml: &str) -> BoundRules {
    let rules = ShopRules::parse(&format!("rules:\n{yaml}")).unwrap();
    let refused = rules.check(&products()).into_iter().filter(|it| it.problem.is_refusal());
    assert_eq!(refused.count(), 0);
    BoundRules::new(&rules, &products())
}

fn after_a_dripper() -> Taste {
    Taste { bought: vec![(DRIPPER, days_ago(2))], anchors: vec![DRIPPER] }
}

fn with(yaml: &str, rules: Rules) -> Vec<ProductId> {
    let rules = Rules { shop: Arc::new(bound(yaml)), ..rules };
    let (products, taste) = (products(), after_a_dripper());
    let found = recommend(&model(&products), &products, &taste, &rules, NOW);
    found.iter().map(|it| it.product).collect()
}

fn four(yaml: &str) -> Vec<ProductId> {
    with(yaml, Rules::default())
}

#[test]
fn without_rules_the_orders_decide() {
    assert_eq!(four("  []"), [KETTLE, FILTERS, SCALE, GLASS_DRIPPER]);
}

#[test]
fn what_is_pinned_leads_where_it_would_stand() {
    let pin = |code: u32| format!("  - {{name: a, shown: {{products: ['{code}']}}, effect: pin}}");
    assert_eq!(four(&pin(6)), [SCALE, KETTLE, FILTERS, GLASS_DRIPPER]);
    assert_eq!(four(&pin(3)), [GLASS_DRIPPER, KETTLE, FILTERS, SCALE], "the step up too");
    assert_eq!(four(&pin(5)), four("  []"), "nothing links a knife to a dripper");
    let two = "
  - {name: a, shown: {products: ['2']}, effect: pin}
  - {name: b, shown: {products: ['6']}, effect: pin}";
    assert_eq!(four(two), [FILTERS, SCALE, KETTLE, GLASS_DRIPPER], "by the order of the rules");
}

#[test]
fn what_is_boosted_rises_and_what_is_damped_sinks() {
    let boost = |code: u32, by: &str| {
        format!("  - {{name: a, shown: {{products: ['{code}']}}, effect: boost by {by}}}")
    };
    assert_eq!(four(&boost(6, "50")), [SCALE, KETTLE, FILTERS, GLASS_DRIPPER]);
    assert_eq!(four(&boost(1, "0.01")), [FILTERS, SCALE, KETTLE, GLASS_DRIPPER]);
}

#[test]
fn what_is_never_shown_is_not_however_much_speaks_for_it() {
    let never = |relation: &str, code: u32| {
        format!(
            "  - {{name: a, relation: {relation}, shown: {{products: ['{code}']}}, \
             effect: never show}}"
        )
    };
    assert!(!four(&never("both", 1)).contains(&KETTLE));
    assert!(!four(&never("cross_sell", 1)).contains(&KETTLE));
    assert!(four(&never("upsell", 1)).contains(&KETTLE), "it is no step up");
    assert!(!four(&never("upsell", 3)).contains(&GLASS_DRIPPER));
    let after = |code: u32| {
        format!("  - {{name: a, bought: {{products: ['{code}']}}, effect: never show}}")
    };
    assert_eq!(four(&after(0)), [], "nothing after a dripper");
    assert_eq!(four(&after(4)), four("  []"), "they bought no pan");
}

#[test]
fn what_is_always_shown_with_a_thing_is_in_the_list() {
    let always = "  - {name: a, bought: {products: ['0']}, shown: {products: ['4']}, \
                  effect: always show}";
    assert_eq!(four(always), [KETTLE, FILTERS, SCALE, PAN], "what stood last gives way");
    let elsewhere = always.replace("'0'", "'5'");
    assert_eq!(four(&elsewhere), four("  []"), "they bought no knife");
    let ranked = always.replace("'4'", "'1'");
    assert_eq!(four(&ranked), four("  []"), "it stands there already, with its evidence");
    let one = Rules { count: 1, ..Rules::default() };
    assert_eq!(with(always, one.clone()), [PAN]);
    let pinned = format!("{always}\n  - {{name: b, shown: {{products: ['6']}}, effect: pin}}");
    assert_eq!(four(&pinned), [SCALE, KETTLE, FILTERS, PAN], "the step up gives way");
    assert_eq!(with(&pinned, one), [SCALE], "what is pinned does not");
    let rules = Rules { shop: Arc::new(bound(always)), ..Rules::default() };
    let found = recommend(&model(&products()), &products(), &after_a_dripper(), &rules, NOW);
    assert_eq!(found[3].relation, Relation::GoesWith { anchor: DRIPPER });
    assert_eq!(found[3].evidence.to_string(), "chosen by the shop");
}

#[test]
fn a_premium_list_has_the_shops_upsells() {
    let yaml = "  - {name: a, relation: upsell, bought: {products: ['0']}, \
                shown: {products: ['6']}, effect: always show}";
    let rules = Rules { shop: Arc::new(bound(yaml)), ..Rules::default() };
    let found = steps_up(&model(&products()), &products(), &after_a_dripper(), &rules, NOW);
    let relations: Vec<_> = found.iter().map(|it| (it.product, it.relation)).collect();
    let step_up = Relation::StepUp { anchor: DRIPPER };
    assert_eq!(relations, [(GLASS_DRIPPER, step_up), (SCALE, step_up)]);
}

#[test]
fn what_was_shown_lately_is_not_shown_again_so_soon() {
    let again = "  - {name: a, effect: never again within 30 days}
  - {name: b, shown: {products: ['2']}, effect: never again within 5 days}";
    let shown = |ago: Timestamp| {
        let shown = vec![(KETTLE, days_ago(300)), (KETTLE, ago), (FILTERS, ago)];
        with(again, Rules { shown, ..Rules::default() })
    };
    assert!(!shown(days_ago(29)).contains(&KETTLE));
    assert!(!shown(days_ago(29)).contains(&FILTERS), "the longer of two holds");
    assert!(shown(days_ago(30)).contains(&KETTLE), "half-open, as every window is");
    assert_eq!(with("  []", Rules { shown: vec![(KETTLE, NOW)], ..Rules::default() })[0], KETTLE);
}

#[test]
fn what_changed_can_be_told() {
    let rules = bound(
        "
  - {name: more scales, shown: {products: ['6']}, effect: boost by 2}
  - {name: no filters, shown: {products: ['2']}, effect: never show}
  - {name: scales first, bought: {categories: [Coffee]}, shown: {products: ['6']}, effect: pin}
  - {name: rest, effect: never again within 3 days}",
    );
    let names = |after: &[ProductId], product| -> Vec<String> {
        let changes = rules.after(after).changes(product, Relation::GoesWith { anchor: DRIPPER });
        changes.into_iter().map(|it| it.rule).collect()
    };
    assert_eq!(names(&[DRIPPER], SCALE), ["more scales", "scales first"]);
    assert_eq!(names(&[PAN], SCALE), ["more scales"]);
    assert_eq!(names(&[DRIPPER], FILTERS), ["no filters"]);
    assert_eq!(rules.touched(), [Some(1), Some(1), Some(1), None]);
}

#[test]
fn neighbours_show_what_rules_make_of_what_was_learned() {
    let rules = bound(
        "
  - {name: no filters, shown: {products: ['2']}, effect: never show}
  - {name: scales first, shown: {products: ['6']}, effect: pin}
  - {name: pans with it, bought: {products: ['0']}, shown: {products: ['4', '0']}, effect: always show}",
    );
    let model = model(&products());
    let found = rules.neighbours(&model, DRIPPER, RuleRelation::CrossSell, 9);
    let told = |it: &Neighbour| {
        let rules: Vec<&str> = it.changes.iter().map(|it| it.rule.as_str()).collect();
        (it.recommendation.product, it.learned_place, rules.join(", "))
    };
    let shown: Vec<_> = found.shown.iter().map(told).collect();
    let scale = (SCALE, Some(2), "scales first".to_owned());
    let pan = (PAN, None, "pans with it".to_owned());
    assert_eq!(shown, [scale, (KETTLE, Some(0), String::new()), pan]);
    let held_back: Vec<_> = found.held_back.iter().map(told).collect();
    assert_eq!(held_back, [(FILTERS, Some(1), "no filters".to_owned())]);
    let two = rules.neighbours(&model, DRIPPER, RuleRelation::CrossSell, 2);
    let two: Vec<_> = two.shown.iter().map(told).map(|it| it.0).collect();
    assert_eq!(two, [SCALE, PAN], "what is always shown has its place among the first");
    let upsells = rules.neighbours(&model, DRIPPER, RuleRelation::Upsell, 9);
    let upsells: Vec<_> = upsells.shown.iter().map(told).map(|it| it.0).collect();
    assert_eq!(upsells, [GLASS_DRIPPER, PAN]);
}

fn selectors() -> impl Strategy<Value = Selector> {
    let code = || vec((0..COUNT).prop_map(|it| it.to_string()), 0..3);
    let category = prop_oneof![Just("Coffee"), Just("Pans"), Just("Knives")];
    let category = option::weighted(0.3, category.prop_map(str::to_owned));
    (code(), category, option::weighted(0.2, 0_i64..9_000)).prop_map(
        |(products, category, price_minor_min)| Selector {
            products,
            categories: category.into_iter().collect(),
            price_minor_min,
            ..Selector::default()
        },
    )
}

fn any_rules() -> impl Strategy<Value = ShopRules> {
    let effect = prop_oneof![
        Just(RuleEffect::Pin),
        Just(RuleEffect::NeverShow),
        Just(RuleEffect::AlwaysShow),
        (BOOST_MIN..20.0).prop_map(RuleEffect::Boost),
        (1_u32..60).prop_map(|days| RuleEffect::NeverAgain { days }),
    ];
    let relation = prop_oneof![
        Just(RuleRelation::Both),
        Just(RuleRelation::CrossSell),
        Just(RuleRelation::Upsell)
    ];
    let rule = (relation, selectors(), selectors(), effect).prop_map(
        |(relation, bought, shown, effect)| ShopRule {
            name: "a rule".to_owned(),
            relation,
            bought,
            shown,
            effect,
        },
    );
    vec(rule, 0..6).prop_map(|rules| ShopRules { rules })
}

proptest! {
    /// Whatever a shop writes: the limits of every list stand above its rules, what it never shows
    /// above what it pins, and what it pins above the rest.
    #[test]
    fn hard_limits_beat_bans_beat_pins_beat_boosts(
        rules in any_rules(),
        bought in vec((0..COUNT, 0_i64..300), 0..4),
        anchors in vec(0..COUNT, 0..3),
        shown in vec((0..COUNT, 0_i64..60), 0..4),
        count in 0_usize..8,
        unsold in 0..COUNT,
        bare in 0..COUNT,
    ) {
        let mut products = products();
        let model = model(&products);
        products[unsold as usize].stock = Some(0);
        products[bare as usize].picture.clear();
        let bound = Arc::new(BoundRules::new(&rules, &products));
        let at = |it: Vec<(u32, i64)>| -> Vec<(ProductId, Timestamp)> {
            it.into_iter().map(|(id, days)| (ProductId(id), days_ago(days))).collect()
        };
        let anchors: Vec<ProductId> = anchors.into_iter().map(ProductId).collect();
        let taste = Taste { bought: at(bought), anchors: anchors.clone() };
        let shown = at(shown);
        let limits = Rules { count, shop: Arc::clone(&bound), shown, ..Rules::default() };
        let list = recommend(&model, &products, &taste, &limits, NOW);
        let force = bound.after(&anchors);
        prop_assert!(list.len() <= count);
        for it in &list {
            let product = &products[it.product.index()];
            prop_assert!(product.is_in_stock() && !product.picture.is_empty());
            prop_assert!(!anchors.contains(&it.product));
            prop_assert!(taste.bought.iter().all(|(id, _)| *id != it.product));
            prop_assert!(!force.never_shows(it.product, it.relation));
            if let Some(days) = force.quiet_days(it.product, it.relation) {
                let lately = |at: &Timestamp| days_ago(i64::from(days)) < *at;
                let shown = |it: &(ProductId, Timestamp), id| it.0 == id && lately(&it.1);
                prop_assert!(!limits.shown.iter().any(|was| shown(was, it.product)));
            }
        }
        let pins: Vec<_> = list.iter().map(|it| force.pin(it.product, it.relation)).collect();
        let places: Vec<usize> = pins.iter().map(|it| it.unwrap_or(usize::MAX)).collect();
        prop_assert!(places.is_sorted(), "pinned first, by their rules: {places:?}");
        for (place, it) in list.iter().enumerate() {
            prop_assert!(list[..place].iter().all(|other| other.product != it.product));
        }
        // What is always shown stands there, or whatever is in its place was asked for too.
        let wanted = (0..COUNT).map(ProductId).filter(|id| {
            let with = Relation::GoesWith { anchor: anchors.first().copied().unwrap_or(*id) };
            let is_told = rules.rules.iter().any(|it| {
                it.effect == RuleEffect::AlwaysShow
                    && it.relation != RuleRelation::Upsell
                    && !it.bought.is_empty()
                    && !it.shown.is_empty()
                    && it.shown.matches(&products[id.index()])
                    && anchors.iter().any(|id| it.bought.matches(&products[id.index()]))
            });
            let product = &products[id.index()];
            is_told
                && product.is_in_stock()
                && !product.picture.is_empty()
                && !anchors.contains(id)
                && taste.bought.iter().all(|(it, _)| it != id)
                && !force.never_shows(*id, with)
                && limits.shown.iter().all(|(it, _)| it != id)
        });
        for id in wanted {
            let is_there = list.iter().any(|it| it.product == id);
            let is_asked_for = |it: &Recommendation| {
                force.always_shows(it.product, it.relation)
                    || force.pin(it.product, it.relation).is_some()
            };
            prop_assert!(is_there || list.iter().all(is_asked_for), "{id:?} in {list:?}");
        }
    }

    /// A boost never puts a product further back, nor a damping further to the front.
    #[test]
    fn a_boost_moves_a_product_one_way(product in 0..COUNT, by in BOOST_MIN..20.0) {
        let products = products();
        let model = model(&products);
        let place = |rules: &ShopRules| {
            let rules = BoundRules::new(rules, &products);
            let found = rules.neighbours(&model, DRIPPER, RuleRelation::CrossSell, 9);
            found.shown.iter().position(|it| it.recommendation.product == ProductId(product))
        };
        let rule = ShopRule {
            name: "a".to_owned(),
            relation: RuleRelation::Both,
            bought: Selector::default(),
            shown: Selector::of_products([product.to_string().as_str()]),
            effect: RuleEffect::Boost(by),
        };
        let (before, after) = (place(&ShopRules::default()), place(&ShopRules { rules: vec![rule] }));
        prop_assert_eq!(before.is_some(), after.is_some());
        if by >= 1.0 { prop_assert!(after <= before) } else { prop_assert!(before <= after) }
    }

    #[test]
    fn rules_that_do_not_hold_change_nothing(
        rules in any_rules(),
        anchors in vec(0..COUNT - 1, 1..3),
    ) {
        let products = products();
        let model = model(&products);
        let bought = Selector::of_products(["6"]);
        let rules = rules.rules.into_iter().map(|it| ShopRule { bought: bought.clone(), ..it });
        let rules = ShopRules { rules: rules.collect() };
        let taste =
            Taste { bought: vec![], anchors: anchors.into_iter().map(ProductId).collect() };
        let bound = Arc::new(BoundRules::new(&rules, &products));
        let limits = Rules { shop: bound, ..Rules::default() };
        let list = recommend(&model, &products, &taste, &limits, NOW);
        prop_assert_eq!(list, recommend(&model, &products, &taste, &Rules::default(), NOW));
    }
}
