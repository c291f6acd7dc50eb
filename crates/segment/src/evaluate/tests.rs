//! What conditions mean, by example and by law.

use aftercart_model::{Agent, ConsentBasis, ConsentState, ProductId, Topic};
use proptest::prelude::*;

use crate::{
    Condition, Count, Span, Window, evaluate,
    samples::{
        APRON, DRIPPER, GOOSENECK, KETTLE, LAW_CASES, NOW, Sample, any_condition, any_deed,
        any_sample,
    },
};

const DAY: i64 = 24;

fn ordered(age_hours: i64, id: &str) -> Sample {
    Sample::new().ordered(age_hours, id, &[(DRIPPER, 4_250)])
}

#[test]
fn windows_are_half_open() {
    let is = |age_hours| ordered(age_hours, "1").is("ordered once in the last 30 days");
    assert!(is(0), "this instant");
    assert!(is(30 * DAY - 1), "just inside");
    assert!(!is(30 * DAY), "exactly as old as the window");
    assert!(!is(-1), "still to come");
    assert!(ordered(71, "1").is("ordered once in the last 72 hours"), "hours");
}

#[test]
fn the_last_order_is_the_newest_that_stands() {
    let twice = || ordered(100, "1").ordered(50, "2", &[(APRON, 5_500)]);
    assert!(twice().is("last order is worth at least 55 EUR"));
    assert!(twice().cancelled(40, "2").is("last order is worth at most 42.50 EUR"));
    assert!(
        twice().cancelled(-1, "2").is("last order is worth at least 55 EUR"),
        "the cancellation is still to come"
    );
    let at_once = ordered(50, "1").ordered(50, "2", &[(APRON, 5_500)]);
    assert!(at_once.is("last order is worth at least 55 EUR"), "later in the log");
    let late = Sample::new().ordered(50, "2", &[(APRON, 5_500)]).ordered(100, "1", &[]);
    assert!(late.is("last order is worth at least 55 EUR"), "time goes before the log");
    assert!(late.is("first order is worth at most 0 EUR"), "an order without lines");
    assert!(twice().is("average order is worth at most 48.75 EUR"));
}

#[test]
fn since_the_last_order_means_after_it() {
    let since = "viewed a product since their last order";
    assert!(ordered(50, "1").viewed(49, APRON).is(since));
    assert!(ordered(50, "1").viewed(50, APRON).is(since), "at its instant, later in the log");
    assert!(!Sample::new().viewed(50, APRON).ordered(50, "1", &[]).is(since), "earlier in it");
    assert!(!ordered(50, "1").viewed(51, APRON).is(since));
    let never = "viewed a product 0 times since their last order";
    assert!(ordered(50, "1").is(never));
    assert!(!Sample::new().is(never), "no such time without an order");
    assert!(Sample::new().is("viewed a product 0 times"), "but there is always ever");
}

#[test]
fn products_are_asked_for_what_the_shop_knows_of_them() {
    let viewed = |product, what: &str| {
        ordered(50, "1").viewed(9, product).is(&format!("viewed a product {what}"))
    };
    assert!(viewed(KETTLE, "related to their last order"));
    assert!(!viewed(GOOSENECK, "related to their last order"));
    assert!(viewed(GOOSENECK, "better than their last order"));
    assert!(viewed(KETTLE, "in category \" kettles\""), "case and blanks do not matter");
    assert!(viewed(KETTLE, "in category \"Textiles\" or \"Kettles\""), "either will do");
    assert!(!viewed(APRON, "in category \"Kettles\""));
    assert!(viewed(APRON, "of kind \"apron\""));
    assert!(viewed(APRON, "tagged \"for aprons\""));
    assert!(viewed(APRON, "named \"linen apron\""));
    assert!(!viewed(APRON, "named \"linen\""), "the whole name");
    assert!(viewed(APRON, "with \"linen\" in its name"));
    assert!(viewed(APRON, "coded \"a1\""));
    assert!(viewed(APRON, "priced at least 55 EUR"));
    assert!(!viewed(APRON, "priced at most 54.99 EUR"));
    assert!(!viewed(ProductId(77), "priced at least 0 EUR"), "a product nobody knows");
    assert!(viewed(ProductId(77), ""), "is still a product");
}

#[test]
fn what_was_bought_counts_by_order() {
    let both = Sample::new().ordered(9, "1", &[(KETTLE, 3_900), (GOOSENECK, 8_900)]);
    assert!(both.is("bought a product in category \"Kettles\" once"), "two lines, one order");
    assert!(both.is("bought a product coded \"K1\""));
    assert!(!both.is("bought a product coded \"D1\""));
    assert!(!both.cancelled(1, "1").is("bought a product"), "what is cancelled is not bought");
}

#[test]
fn machines_neither_open_nor_click() {
    let machine = Sample::new().opened(9, Agent::Machine).clicked(9, Agent::Machine, KETTLE);
    assert!(!machine.is("opened an email or clicked an email"));
    assert!(!machine.is("clicked a product"));
    let human = machine.opened(8, Agent::Human).clicked(8, Agent::Human, KETTLE);
    assert!(human.is("opened an email once and clicked an email once and clicked a product"));
}

#[test]
fn spending_is_net_of_what_was_paid_back() {
    let spent = |sample: Sample, minor: &str| {
        sample.is(&format!("spent at least {minor} EUR and spent at most {minor} EUR"))
    };
    let twice = || ordered(100, "1").ordered(50, "2", &[(APRON, 5_500)]);
    assert!(spent(twice(), "97.50"));
    assert!(spent(twice().refunded(9, Some("2"), 1_500), "82.50"));
    assert!(spent(twice().refunded(9, None, 1_500), "82.50"), "for no order in particular");
    assert!(spent(twice().refunded(-1, Some("2"), 1_500), "97.50"), "still to come");
    let cancelled = twice().refunded(9, Some("2"), 5_500).cancelled(9, "2");
    assert!(spent(cancelled, "42.50"), "a cancelled order counts neither way");
    assert!(spent(Sample::new(), "0.00"), "nothing ever");
    let lately = "spent at least 55 EUR in the last 3 days and \
        spent at most 55 EUR in the last 3 days";
    assert!(twice().is(lately), "the window is of the orders");
    assert!(!Sample::new().is("spent at most 5 EUR since their last order"), "no such time");
}

#[test]
fn the_age_of_an_order_is_asked_of_buyers() {
    assert!(ordered(10 * DAY, "1").is("last order was at least 10 days ago"));
    assert!(!ordered(10 * DAY, "1").is("last order was less than 10 days ago"));
    assert!(ordered(10 * DAY - 1, "1").is("first order was less than 10 days ago"));
    assert!(!Sample::new().is("last order was at least 1 day ago"));
    assert!(!Sample::new().is("last order was less than 1 day ago"));
}

#[test]
fn facts_are_what_the_shop_knows() {
    let mut sample = Sample::new();
    assert!(!sample.is("country is \"PT\""), "unknown is no country");
    assert!(sample.is("none of (has consent for marketing, is suppressed)"));
    sample.facts.country = Some("pt".to_owned());
    let (topic, state) = (Topic::Marketing, ConsentState::Agreed);
    sample.facts.consents.set(topic, state, ConsentBasis::OptIn);
    assert!(sample.is("country is \"ES\" or \"PT\" and has consent for marketing"));
    assert!(!sample.is("has consent for feedback"), "each topic is asked for on its own");
}

#[test]
fn empty_groups_mean_what_logic_says() {
    assert!(Sample::new().is("everyone"));
    assert!(!Sample::new().is("nobody"));
    assert!(Sample::new().is("none of ()"));
}

#[test]
fn a_product_is_due_again_after_its_interval_and_for_as_long() {
    let aprons = |ages_days: &[i64]| {
        let ages = ages_days.iter().enumerate();
        ages.fold(Sample::new(), |it, (id, age)| {
            it.ordered(24 * age, &id.to_string(), &[(APRON, 3_000)])
        })
    };
    let is_due = |sample: &Sample| sample.is("a product is due again");
    assert!(!is_due(&aprons(&[29])), "aprons last 30 days");
    assert!(is_due(&aprons(&[30])));
    assert!(is_due(&aprons(&[59])), "not bought yet");
    assert!(!is_due(&aprons(&[60])), "gone elsewhere, it seems");
    assert!(!is_due(&aprons(&[40, 3])), "bought again since");
    assert!(is_due(&aprons(&[40, 3]).cancelled(24, "1")), "and cancelled");
    assert!(is_due(&aprons(&[40, 28, 16])), "theirs last 12 days, the shop's 30: 16");
    assert!(!is_due(&aprons(&[40, 28, 15])));
    assert!(!is_due(&Sample::new().ordered(24 * 40, "1", &[(KETTLE, 3_900)])), "kettles last");
    let is = |sample: &Sample, condition: &str| sample.is(condition);
    assert!(is(&aprons(&[23]), "a product is due again within 7 days"));
    assert!(!is(&aprons(&[22]), "a product is due again within 7 days"));
    assert!(is(&aprons(&[30]), "product \"Linen apron\" is due again"));
    assert!(!is(&aprons(&[30]), "a product in category \"Kettles\" is due again"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(LAW_CASES))]

    #[test]
    fn a_longer_window_never_loses_a_customer(
        sample in any_sample(), deed in any_deed(), least in 1_u32..4,
        days in 1_u32..80, more in 0_u32..80,
    ) {
        let within = |days| Condition::Did {
            deed: deed.clone(),
            count: Count::at_least(least),
            window: Window::Last(Span::days(days).unwrap()),
        };
        let (short, long) = (within(days), within(days + more));
        let (short, long) =
            sample.ask(|it| (evaluate(&short, it, NOW), evaluate(&long, it, NOW)));
        prop_assert!(!short || long);
    }

    #[test]
    fn what_is_to_come_changes_no_answer(sample in any_sample(), it in any_condition()) {
        let past = sample.past();
        let answer = |sample: &Sample| sample.ask(|subject| evaluate(&it, subject, NOW));
        prop_assert_eq!(answer(&sample), answer(&past));
    }

    #[test]
    fn answers_depend_on_the_events_and_not_on_their_arrival(
        sample in any_sample(), it in any_condition(), turn in 0_usize..12,
    ) {
        let mut events = sample.events.clone();
        events.sort_by_key(|it| it.at);
        events.dedup_by_key(|it| it.at);
        let in_time = Sample { events: events.clone(), ..sample.clone() };
        let middle = turn.min(events.len());
        events.rotate_left(middle);
        let shuffled = Sample { events, ..sample.clone() };
        let answer = |sample: &Sample| sample.ask(|subject| evaluate(&it, subject, NOW));
        prop_assert_eq!(answer(&in_time), answer(&shuffled));
    }

    #[test]
    fn not_and_none_turn_the_answer(sample in any_sample(), it in any_condition()) {
        let answer = |it: &Condition| sample.ask(|subject| evaluate(it, subject, NOW));
        let none = Condition::NoneOf(vec![it.clone()]);
        let not = Condition::Not(Box::new(it.clone()));
        prop_assert_eq!([answer(&none), answer(&not)], [!answer(&it); 2]);
    }
}
