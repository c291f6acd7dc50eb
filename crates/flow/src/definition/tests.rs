//! What can be read, what is refused and in which words.

use insta::assert_snapshot;

use super::*;
use crate::{FEEDBACK, UPSELL_CROSS_SELL, shipped};

#[test]
fn the_shipped_flows_read_back_as_printed() {
    for yaml in shipped() {
        let flow = Flow::parse(yaml).unwrap();
        assert_eq!(Flow::parse(&flow.to_yaml()).unwrap(), flow, "{}", flow.to_yaml());
    }
}

#[test]
fn the_upsell_flow_is_the_classic_sequence() {
    let flow = Flow::parse(UPSELL_CROSS_SELL).unwrap();
    let waits: Vec<String> = flow
        .steps()
        .iter()
        .filter_map(|step| match &step.action {
            StepAction::Wait(wait) => Some(wait.to_string()),
            StepAction::Watch(wait) => Some(format!("watch {wait}")),
            _ => None,
        })
        .collect();
    assert_eq!(waits, ["2 days", "3 days", "3 days", "2 days", "watch 5 days"]);
    let emails: Vec<&str> = flow.sends().map(|(_, send)| send.template.as_str()).collect();
    assert_eq!(emails, ["offer", "discount", "social-proof", "nudge"]);
    assert!(flow.is_ended_by_purchase());
    assert_eq!(flow.order_trigger(), Some(None), "any order");
    assert!(flow.is_triggered_by_segment(&SegmentId::new("upsell").unwrap()));
    assert_eq!((flow.holdout_percent(), flow.re_entry()), (10, ReEntry::AfterDays(30)));

    let feedback = Flow::parse(FEEDBACK).unwrap();
    assert!(feedback.is_moved_into_from(flow.id()));
    assert_eq!(feedback.topic(), Topic::Feedback);
    assert_eq!(feedback.exit()[0].when, ExitWhen::ProductReviewed);
}

#[test]
fn a_step_may_ask_for_products_not_told_of_before() {
    let fresh =
        UPSELL_CROSS_SELL.replace("template: nudge", "template: nudge\n      products: fresh");
    let flow = Flow::parse(&fresh).unwrap();
    let asked: Vec<ProductChoice> = flow.sends().map(|(_, send)| send.products).collect();
    assert_eq!(asked[..3], [ProductChoice::Same; 3], "one story, unless the step says otherwise");
    assert_eq!(asked[3], ProductChoice::Fresh);
    assert_eq!(Flow::parse(&flow.to_yaml()).unwrap(), flow);
    let said = flow.to_yaml().matches("products:").count();
    assert_eq!(said, 1, "what is usual is not written");
}

/// The upsell flow's file with `from` replaced by `to`, refused.
fn refused(from: &str, to: &str) -> String {
    assert!(UPSELL_CROSS_SELL.contains(from), "the file has `{from}`");
    Flow::parse(&UPSELL_CROSS_SELL.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn errors_say_where_and_how_to_mend() {
    assert_snapshot!(refused("wait: 2 days", "wait: 400 days"), @"cannot read flow `upsell-cross-sell`: step `wait-offer`: waits 400 days; choose 365 or fewer");
    assert_snapshot!(refused("wait: 2 days", "wait: 9000 hours"), @"cannot read flow `upsell-cross-sell`: step `wait-offer`: waits 9000 hours; choose 8760 or fewer");
    assert_snapshot!(refused("wait: 2 days", "wait: 0 days"), @"cannot read flow `upsell-cross-sell`: step `wait-offer`: waits no time; choose at least 1 hour");
    assert_snapshot!(refused("wait: 2 days", "wait: two days"), @"cannot read the flow: line 27, column 11: `two days` is not a wait; write it like `2 days` or `5 hours`");
    assert_snapshot!(refused("id: offer", "id: wait-offer"), @"cannot read flow `upsell-cross-sell`: step `wait-offer`: stands twice; rename one of them");
    assert_snapshot!(refused("id: offer", "id: Offer!"), @"cannot read the flow: line 28, column 9: step id `Offer!` has a character other than a to z, 0 to 9 and `-`; rename it");
    assert_snapshot!(refused("    wait: 2 days\n", ""), @"cannot read the flow: line 26, column 5: step `wait-offer`: does nothing; give it one of wait, send, split, watch and exit");
    assert_snapshot!(refused("    wait: 2 days\n", "    wait: 2 days\n    exit: completed\n"), @"cannot read the flow: line 26, column 5: step `wait-offer`: does two things; make two steps of it");
    assert_snapshot!(refused("else: next", "else: {go_to: wait-offer}"), @"cannot read flow `upsell-cross-sell`: step `bought-offer`: goes back to step `wait-offer`; a flow only goes forward, name a later step");
    assert_snapshot!(refused("else: next", "else: {go_to: nowhere}"), @"cannot read flow `upsell-cross-sell`: step `bought-offer`: goes to step `nowhere`, which is not in the flow; name one that is");
    assert_snapshot!(refused("else: next", "else: {exit: completed}"), @"cannot read flow `upsell-cross-sell`: step `wait-discount`: is never reached; take it out or let a split go to it");
    assert_snapshot!(refused("else: next", "else: onwards"), @"cannot read the flow: line 35, column 13: `onwards` is not a branch; write `next`, `{go_to: STEP}` or `{exit: REASON}`, with or without `move_to`");
    assert_snapshot!(refused("exit: completed", "exit: held_out"), @"cannot read flow `upsell-cross-sell`: step `end`: leaves as `held_out`, which is not for a flow to say; use completed, purchase or converted");
    assert_snapshot!(refused("holdout_percent: 10", "holdout_percent: 80"), @"cannot read flow `upsell-cross-sell`: holds out 80 %; choose 0 to 50");
    assert_snapshot!(refused("percent: 10\n  #", "percent: 0\n  #"), @"cannot read flow `upsell-cross-sell`: the coupon takes off 0 %; choose 1 to 100");
    assert_snapshot!(refused("lives_days: 5", "lives_days: 0"), @"cannot read flow `upsell-cross-sell`: the coupon lives 0 days; choose 1 to 365");
    assert_snapshot!(refused("after 30 days", "sometimes"), @"cannot read the flow: line 13, column 11: `sometimes` is not a re-entry; write `never`, `always` or `after 30 days`");
    assert_snapshot!(refused("after 30 days", "after 0 days"), @"cannot read flow `upsell-cross-sell`: lets customers in again after 0 days; choose 1 to 365");
    assert_snapshot!(refused("name: Upsell after an order", "name: ''"), @"cannot read flow `upsell-cross-sell`: its name is empty; give it one");
    assert_snapshot!(refused("move_to: feedback", "move_to: upsell-cross-sell"), @"cannot read flow `upsell-cross-sell`: moves customers to itself; name another flow");
    assert_snapshot!(refused("segment: upsell", "segment: upsell\n    event: order_completed"), @"cannot read the flow: line 11, column 5: a trigger is one of `event` (with or without `filter`), `segment`, `left_segment`, `moved_from` and `due_again`; make it one of them");
    assert_snapshot!(refused("event: order_completed", "event: order_completed\n    filter: bougth a kettle"), @"cannot read the flow: line 11, column 13: line 1, column 1: `bougth` does not fit here; did you mean `bought`?");
    assert_snapshot!(refused("holdout_percent: 10", "holdout: 10"), @"cannot read the flow: line 14, column 1: unknown field `holdout`, expected one of id, name, class, topic, triggers, trigger_key, audience, re_entry, holdout_percent, exit, coupon, send_at, steps");
    let coupon = "coupon:\n  pool: next10\n  offer:\n    percent: 10\n  # From the discount to the midnight after the nudge, where the customer is.\n  lives_days: 5\n  order_minor_min: 2500\n";
    assert_snapshot!(refused(coupon, ""), @"cannot read flow `upsell-cross-sell`: step `discount`: names a coupon, but the flow has none; add `coupon` to the flow or take it out here");
}

#[test]
fn a_flow_is_the_same_after_printing() {
    let yaml = UPSELL_CROSS_SELL
        .replace("when: bought\n", "when: ordered at least 2 times in the last 90 days\n")
        .replace("else: next", "else: {go_to: watch}")
        .replace("re_entry: after 30 days", "re_entry: never\nsend_at: 10:00\naudience: ordered at least 1 time in the last 30 days");
    let steps = yaml.split("  - id: wait-discount").next().unwrap();
    let tail =
        "  - id: extra\n    wait: 5 hours\n  - id: watch\n    name: Last look\n    watch: 1 day\n";
    let yaml = format!(
        "{}{tail}",
        steps.replace("then: {exit: purchase, move_to: feedback}", "then: next")
    );
    let flow = Flow::parse(&yaml).unwrap();
    assert_eq!(flow.send_at(), Some(civil::time(10, 0, 0, 0)));
    assert_eq!(Flow::parse(&flow.to_yaml()).unwrap(), flow, "{}", flow.to_yaml());
}

/// A flow that starts from what is due again, with these lines as its trigger and its key.
fn due(trigger: &str, key: &str) -> Result<Flow, String> {
    let yaml = format!(
        "id: again\nname: Again\nclass: marketing\ntopic: marketing\ntriggers:\n  - due_again: {trigger}\n\
         trigger_key: {key}\nre_entry: always\nexit: [{{when: order_completed}}]\n\
         steps: [{{id: remind, send: {{template: offer}}}}]\n"
    );
    Flow::parse(&yaml).map_err(|it| it.to_string())
}

#[test]
fn being_due_again_triggers_by_product() {
    let flow =
        due("{days_before: 3, categories: [Coffee], products: [HR-250, HR-1000]}", "product");
    let flow = flow.unwrap();
    assert_eq!(Flow::parse(&flow.to_yaml()).unwrap(), flow, "{}", flow.to_yaml());
    let asked = flow.due_triggers().next().unwrap();
    assert_eq!(
        (asked.days_before, asked.in_words()),
        (3, Some("HR-250 or HR-1000 of Coffee".to_owned()))
    );
    let roast = |code: &str, category: &str| Product {
        category: category.to_owned(),
        ..Product::bare(aftercart_model::ProductId(0), code, "House roast", 1_450)
    };
    assert!(asked.is_about(&roast("hr-250", " coffee ")));
    assert!(
        !asked.is_about(&roast("HR-250", "Tea")) && !asked.is_about(&roast("ER-250", "Coffee"))
    );
    let any = due("{}", "product").unwrap();
    assert_eq!(Flow::parse(&any.to_yaml()).unwrap(), any, "{}", any.to_yaml());
    let asked = any.due_triggers().next().unwrap();
    assert!(asked.is_about(&roast("ER-250", "")) && asked.in_words().is_none());
}

#[test]
fn what_cannot_be_asked_of_what_is_due_is_refused() {
    let refused = |trigger, key| due(trigger, key).unwrap_err();
    assert_snapshot!(refused("{}", "order"), @"cannot read flow `again`: customers enter it once for each product that is due again; write `trigger_key: product`");
    assert_snapshot!(refused("{days_before: 61}", "product"), @"cannot read flow `again`: asks 61 days before a product is due again; choose 60 or fewer");
    assert_snapshot!(refused("{categories: [\" \"]}", "product"), @"cannot read flow `again`: a product or category that is to be due again has no name; write it or take it out");
    assert_snapshot!(refused("{}\n  - event: order_completed", "product"), @"cannot read flow `again`: its trigger key is `product`, which only being due again has; make `due_again` its one kind of trigger, or choose the key `order` or `customer`");
    let unknown = refused("{brands: [x]}", "product");
    assert!(unknown.contains("unknown field `brands`"), "{unknown}");
}
