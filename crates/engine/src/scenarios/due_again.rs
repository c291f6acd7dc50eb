//! Who is due to buy something again is told so, once.

use super::*;

/// Tells whoever is due for coffee three days before.
const FLOW: &str = "\
id: again
name: Time for it again
class: marketing
topic: marketing
triggers:
  - due_again: {days_before: 3, categories: [coffee]}
trigger_key: product
re_entry: always
holdout_percent: 0
exit:
  - when: order_completed
steps:
  - id: remind
    send: {template: offer}
  - id: watch
    watch: 5 days
  - id: end
    exit: completed
";

/// Fifteen customers bought beans again after 30 days, and the flow is live.
fn beans_run_out() -> Scene {
    let scene = coffee_drinkers();
    scene.launch_also(FLOW);
    scene
}

fn coffee_drinkers() -> Scene {
    let mut scene = Scene::new();
    let (now, mut past) = (scene.now(), Vec::new());
    for drinker in 0..15 {
        for (round, ago) in [200, 170].into_iter().enumerate() {
            let (name, order) = (format!("drinker{drinker}"), format!("beans-{drinker}-{round}"));
            past.push(scene.order_event(&name, &order, &["beans"], now - days(ago)));
        }
    }
    scene.engine.record_history(past, now).unwrap();
    scene.engine.train_recommendations(now).unwrap();
    let beans = scene.product("beans").id;
    let known = scene.engine.known().unwrap();
    assert_eq!(known.relations.interval_days(beans), Some(30));
    scene
}

impl Scene {
    fn path_again(&self, name: &str) -> String {
        let path = self.path(name);
        path.lines().filter(|it| it.starts_with("again ")).collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn who_is_due_is_told_once_for_each_purchase() {
    let mut scene = beans_run_out();
    scene.join("ana");
    scene.order("ana", "1001", &["beans", "mug"]);
    scene.live(days(26));
    assert_eq!(scene.path_again("ana"), "", "not due in three days");
    scene.live(days(2));
    let beans = scene.product("beans").id;
    let key = format!("again product {} of order 1001", beans.0);
    assert_eq!(scene.path_again("ana"), format!("{key}: watch until Thu 2 Apr 12:00"));
    assert_eq!(scene.message("ana", "remind").products[0], beans);
    let letter = scene.letters().pop().unwrap();
    assert!(letter.subject.contains("Time for the beans again, ana?"), "{}", letter.subject);
    scene.live(days(60));
    assert_eq!(scene.path_again("ana"), format!("{key}: left, Completed"), "and never again");
    scene.order("ana", "1002", &["beans"]);
    scene.live(days(40));
    assert_eq!(scene.path_again("ana").lines().count(), 2, "{}", scene.path_again("ana"));
}

#[test]
fn who_bought_it_again_in_time_is_due_for_that_one() {
    let mut scene = beans_run_out();
    scene.join("ben");
    scene.order("ben", "1001", &["beans"]);
    scene.live(days(20));
    scene.order("ben", "1002", &["beans"]);
    scene.live(days(10));
    assert_eq!(scene.path_again("ben"), "");
    scene.live(days(18));
    let path = scene.path_again("ben");
    assert!(path.contains("of order 1002"), "{path}");
    assert_eq!(path.lines().count(), 1);
}

#[test]
fn another_order_does_not_put_it_off_and_ends_what_began() {
    let mut scene = beans_run_out();
    scene.join("cora");
    scene.order("cora", "1001", &["beans"]);
    scene.live(days(15));
    scene.order("cora", "1002", &["mug"]);
    scene.live(days(13));
    assert!(scene.path_again("cora").contains("of order 1001: watch"), "{}", scene.path("cora"));
    scene.order("cora", "1003", &["mug"]);
    assert!(scene.path_again("cora").ends_with("left, Purchase"), "{}", scene.path("cora"));
}

#[test]
fn what_is_sold_out_is_not_spoken_of() {
    let mut scene = beans_run_out();
    scene.join("dora");
    scene.order("dora", "1001", &["beans"]);
    scene.live(days(26));
    scene.sell_out("beans");
    scene.live(days(3));
    assert_eq!(
        scene.mail("dora").lines().last(),
        Some("remind Cancelled, what was due again was bought since, or cannot be shown")
    );
}

#[test]
fn time_passing_over_imported_orders_enrols_nobody() {
    let mut scene = beans_run_out();
    let now = scene.now();
    for name in ["eva", "fred"] {
        scene.join(name);
        let past = scene.order_event(name, &format!("old-{name}"), &["beans"], now - days(20));
        scene.engine.record_history(vec![past], now).unwrap();
    }
    scene.live(days(2));
    scene.view("fred", "mug");
    scene.live(days(10));
    assert_eq!(scene.path_again("eva"), "");
    assert!(scene.path_again("fred").contains("of order old-fred"), "he was in the shop since");
}

#[test]
fn what_another_version_learned_is_learned_anew() {
    let mut scene = coffee_drinkers();
    scene.work();
    let blob = crate::recommend_products::MODEL_BLOB;
    scene.engine.store().write(|tx| tx.save_blob(blob, &[1, 2, 3], scene.now())).unwrap();
    scene.restart();
    assert!(scene.engine.known().unwrap().model.is_none());
    scene.work();
    let beans = scene.product("beans").id;
    assert_eq!(scene.engine.known().unwrap().relations.interval_days(beans), Some(30));
    assert_eq!(
        scene.engine.known().unwrap().bought_again(beans).unwrap().in_words(),
        "Bought again by 15 customers, after about 4 weeks: a quarter within 30 days, three quarters within 30"
    );
}

#[test]
fn who_came_due_before_the_flow_went_live_is_let_be() {
    let mut scene = coffee_drinkers();
    scene.join("gus");
    scene.order("gus", "1001", &["beans"]);
    scene.live(days(28));
    scene.launch_also(FLOW);
    scene.live(days(20));
    assert_eq!(scene.path_again("gus"), "");
}
