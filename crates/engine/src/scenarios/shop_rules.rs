//! The shop's own rules, from the file to the letter.

use aftercart_recommend::{RuleEffect, Selector, ShopRule, ShopRules};

use super::*;

impl Scene {
    fn apply(&self, yaml: &str) -> u32 {
        let yaml = format!("rules:\n{yaml}");
        self.engine.apply_shop_rules(&yaml, "a test", self.now()).unwrap().version
    }

    fn codes(&self, name: &str, step: &str) -> Vec<String> {
        let known = self.engine.known().unwrap();
        let products = self.message(name, step).products;
        products.iter().map(|it| known.product(*it).unwrap().code.clone()).collect()
    }

    /// Ana ordered a dripper, and two days later her first email is planned.
    fn about_to_send() -> Self {
        let mut scene = Self::new();
        scene.join("ana");
        scene.order("ana", "1001", &["dripper"]);
        scene.skip(days(2));
        scene
    }
}

fn never(code: &str) -> ShopRule {
    ShopRule {
        name: format!("no {code}"),
        relation: Default::default(),
        bought: Selector::default(),
        shown: Selector::of_products([code]),
        effect: RuleEffect::NeverShow,
    }
}

#[test]
fn an_email_opens_with_what_the_shop_pins() {
    let mut scene = Scene::about_to_send();
    scene.apply(
        "  - {name: a, bought: {products: [dripper]}, shown: {products: [server]}, effect: pin}",
    );
    scene.work();
    assert_eq!(scene.codes("ana", "offer")[0], "server");
    let ana = scene.customer("ana");
    let advice = scene.engine.advise_on_customer(ana, 4, scene.now()).unwrap();
    let first = &advice.products[0];
    assert_eq!(first.code, "server");
    assert_eq!(first.changed_by.len(), 1);
    assert_eq!((&*first.changed_by[0].rule, first.changed_by[0].effect), ("a", RuleEffect::Pin));
    assert!(advice.products[1].changed_by.is_empty());
}

#[test]
fn with_a_dripper_the_mug_is_always_shown_and_the_kettle_never() {
    let mut scene = Scene::about_to_send();
    scene.apply(
        "  - {name: a, bought: {categories: [drippers]}, shown: {products: [mug]}, effect: always show}
  - {name: b, shown: {products: [kettle]}, effect: never show}",
    );
    scene.work();
    let codes = scene.codes("ana", "offer");
    assert!(
        codes.contains(&"mug".to_owned()) && !codes.contains(&"kettle".to_owned()),
        "{codes:?}"
    );
    let advice = scene.engine.advise_on_product("dripper", 10).unwrap();
    let mug = advice.goes_with.iter().find(|it| it.code == "mug").unwrap();
    assert_eq!((&*mug.evidence, mug.customers), ("chosen by the shop", 0));
    let held_back: Vec<&str> = advice.never_shown.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(held_back, ["kettle"]);
    assert_eq!(advice.never_shown[0].changed_by[0].rule, "b");
}

#[test]
fn a_rule_holds_for_a_story_that_has_begun() {
    let mut scene = Scene::about_to_send();
    scene.work();
    let before = scene.codes("ana", "offer");
    scene.engine.add_shop_rule(&never(&before[0]), "a test", scene.now()).unwrap();
    scene.live(days(3));
    let after = scene.codes("ana", "discount");
    assert!(!after.contains(&before[0]), "{after:?}");
    assert_eq!(after[..3], before[1..], "the story goes on with the others");
}

#[test]
fn a_rule_holds_for_a_letter_that_is_on_its_way() {
    for in_the_last_moment in [false, true] {
        let mut scene = Scene::about_to_send();
        scene.engine.advance_due(scene.now()).unwrap();
        let before = scene.codes("ana", "offer");
        let (engine, rule, now) = (Arc::clone(&scene.engine), never(&before[0]), scene.now());
        let forbid = move || {
            engine.add_shop_rule(&rule, "a test", now).unwrap();
        };
        if in_the_last_moment {
            scene.deliver_while(forbid);
        } else {
            forbid();
            scene.work();
        }
        assert_eq!(scene.letters().len(), 0);
        let reason = "kept back by a rule: the product it spoke of first; others were chosen";
        assert_eq!(scene.mail("ana"), format!("offer Deferred, {reason}"));
        scene.work();
        assert_eq!(scene.mail("ana"), "offer Sent Tue 3 Mar 12:00");
        assert!(!scene.codes("ana", "offer").contains(&before[0]));
    }
}

/// What Ana is shown after a second order, eight days after the first.
fn shown_after_a_second_order(rules: &str) -> (Vec<String>, Vec<String>) {
    let upsell = Shop::default().upsell.replace("after 30 days", "always");
    let mut scene = Scene::of(&Shop { upsell, ..Shop::default() }, NOW);
    scene.apply(rules);
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(8));
    let offer = scene.codes("ana", "offer");
    assert_eq!(scene.codes("ana", "discount"), offer, "one story all the same");
    scene.order("ana", "1002", &["beans"]);
    scene.live(days(3));
    let second = scene.messages("ana").pop().unwrap();
    let known = scene.engine.known().unwrap();
    let code = |it: &ProductId| known.product(*it).unwrap().code.clone();
    assert_eq!(second.step.as_str(), "offer");
    (offer, second.products.iter().map(code).collect())
}

#[test]
fn what_one_sequence_showed_the_next_does_not_within_its_days() {
    let (first, second) = shown_after_a_second_order("  []");
    assert!(first.iter().any(|it| second.contains(it)), "without a rule it may");
    let (first, second) =
        shown_after_a_second_order("  - {name: a, effect: never again within 30 days}");
    assert!(!first.iter().any(|it| second.contains(it)), "{first:?} then {second:?}");
    assert!(!second.is_empty());
    // The offer went out eight days before the next one, the discount five.
    let (first, second) =
        shown_after_a_second_order("  - {name: a, effect: never again within 2 days}");
    assert!(first.iter().any(|it| second.contains(it)), "long enough ago");
}

#[test]
fn a_step_that_asks_for_fresh_products_repeats_none() {
    let upsell = Shop::default()
        .upsell
        .replace("template: discount\n", "template: discount\n      products: fresh\n");
    let mut scene = Scene::of(&Shop { upsell, ..Shop::default() }, NOW);
    scene.join("ana");
    scene.order("ana", "1001", &["dripper"]);
    scene.live(days(8));
    let (offer, discount) = (scene.codes("ana", "offer"), scene.codes("ana", "discount"));
    assert_eq!((offer.len(), discount.len()), (4, 3), "the shop sells eight, she has one");
    assert!(!offer.iter().any(|it| discount.contains(it)), "{offer:?} then {discount:?}");
    let proof = scene.codes("ana", "social-proof");
    assert_eq!(proof[..3], discount, "the next one goes on with the story as it is now");
}

#[test]
fn rules_that_cannot_be_meant_change_nothing() {
    let scene = Scene::new();
    let version = scene.apply("  - {name: a, shown: {products: [kettle]}, effect: pin}");
    let refused = |yaml: &str| {
        let applied = scene.engine.apply_shop_rules(yaml, "a test", scene.now());
        applied.unwrap_err().to_string()
    };
    insta::assert_snapshot!(refused("rules:\n  - {name: b, shown: {products: [ketle]}, effect: pin}\n  - {name: c, effect: pin}"), @r"
    cannot use the rules:
      rule `b`: names the product `ketle`, which the catalogue does not have; did you mean `kettle`?
      rule `c`: does not say which products; name them under `shown`
    ");
    let add = scene.engine.add_shop_rule(&never("kettle"), "a test", scene.now());
    insta::assert_snapshot!(add.unwrap_err(), @"cannot use the rules: rule `a`: pins `kettle`, which rule `no kettle` never shows; take it out of one of them");
    assert_eq!(scene.engine.view_shop_rules().unwrap().version.unwrap().version, version);
}

#[test]
fn a_change_is_taken_back_unless_another_followed() {
    let scene = Scene::new();
    let (engine, now) = (&scene.engine, scene.now());
    let names = || -> Vec<String> {
        let rules = engine.view_shop_rules().unwrap().rules;
        rules.into_iter().map(|it| it.name).collect()
    };
    let first = engine.add_shop_rule(&never("mug"), "console", now).unwrap();
    assert_eq!(engine.add_shop_rule(&never("mug"), "console", now).unwrap(), first, "asked twice");
    let second = engine.add_shop_rule(&never("beans"), "console", now).unwrap();
    assert!(engine.undo_shop_rules(first, "console", now).is_err(), "the beans came after");
    engine.undo_shop_rules(second, "console", now).unwrap();
    assert_eq!(names(), ["no mug"]);
    engine.remove_shop_rule("no mug", "console", now).unwrap();
    assert_eq!(names(), Vec::<String>::new());
    let versions = engine.list_shop_rules_versions().unwrap();
    let told: Vec<(u32, usize)> = versions.iter().map(|it| (it.version, it.rules)).collect();
    assert_eq!(told, [(4, 0), (3, 1), (2, 2), (1, 1)]);
    assert!(engine.shop_rules_document(Some(2)).unwrap().contains("beans"));
    assert!(engine.shop_rules_document(Some(9)).is_err());
}

#[test]
fn a_plan_says_what_a_file_would_change_and_changes_nothing() {
    let scene = Scene::new();
    scene.apply(
        "  - {name: stays, shown: {products: [mug]}, effect: boost by 2}
  - {name: goes, shown: {products: [beans]}, effect: never show}
  - {name: differs, shown: {products: [kettle]}, effect: boost by 2}",
    );
    let file = "
rules:
  - {name: differs, shown: {products: [kettle]}, effect: never show}
  - {name: stays, shown: {products: [mug]}, effect: boost by 2}
  - {name: comes, shown: {price_minor_min: 9900000}, effect: boost by 2}
";
    let plan = scene.engine.plan_shop_rules(file).unwrap();
    let names = |of: &[crate::RuleTold]| of.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(&plan.added), names(&plan.removed)),
        (vec!["comes".into()], vec!["goes".into()])
    );
    assert_eq!(plan.changed[0].1.told, "never show: kettle");
    assert_eq!((plan.same, plan.is_reordered), (1, true));
    assert!(plan.lists_changed > 0 && plan.lists_changed <= plan.of_products);
    assert_eq!(plan.notes.len(), 1);
    assert!(plan.notes[0].starts_with("rule `comes`: no product is like"), "{:?}", plan.notes);
    let view = scene.engine.view_shop_rules().unwrap();
    assert_eq!(view.rules.len(), 3, "nothing is changed");
    let same = scene.engine.plan_shop_rules(&scene.engine.shop_rules_document(None).unwrap());
    assert!(same.unwrap().is_nothing());
    let beans = view.rules.iter().find(|it| it.name == "goes").unwrap();
    assert_eq!(beans.products, 1);
    assert!(beans.lists_changed > 0, "beans go with mugs");
}

#[test]
fn rules_that_another_process_changed_hold_within_a_second() {
    let mut scene = Scene::about_to_send();
    assert_eq!(scene.engine.known().unwrap().rules.document, ShopRules::default());
    let other = Engine::open(scene.engine.store().clone(), None).unwrap();
    let pin = "rules:\n  - {name: a, shown: {products: [server]}, effect: pin}";
    other.apply_shop_rules(pin, "command line", scene.now()).unwrap();
    scene.work();
    assert_eq!(scene.codes("ana", "offer")[0], "server");
}
