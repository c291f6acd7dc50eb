//! Sentences with what was understood, assumed and not understood.

use aftercart_email::Brand;
use aftercart_flow::Level;
use insta::assert_snapshot;
use proptest::{collection::vec, prelude::*};

use super::*;

const DEMO: &str = "Four emails over ten days to people who bought in the last 30 days and haven't \
                    come back: offer, 10% off, reviews, a last nudge.";
const GUIDE: &str = "Create an upsell and cross-sell campaign plan for an ecommerce brand. Include \
                     objectives, number of emails, theme of each email, timing between emails, and \
                     the main CTA for each email.";

fn shop() -> ShopFacts {
    let product =
        |(code, name): &(&str, &str)| ProductFact { code: (*code).into(), name: (*name).into() };
    ShopFacts {
        name: "Tarn & Ember".to_owned(),
        currency: Currency::EUR,
        categories: ["Coffee makers", "Kettles", "Grinders", "Coffee", "Knives"]
            .map(str::to_owned)
            .to_vec(),
        products: [
            ("CD2", "Ceramic dripper No. 2"),
            ("GK9", "Gooseneck kettle 0.9 l"),
            ("22383", "LUNCH BAG SUKI DESIGN"),
            ("20725", "LUNCH BAG RED RETROSPOT"),
        ]
        .iter()
        .map(product)
        .collect(),
    }
}

/// A proposal in short: what stands where in the console.
fn told(sentence: &str) -> String {
    let proposal = match plan(sentence, &shop()) {
        Ok(proposal) => proposal,
        Err(refusal) => return format!("refused: {refusal}"),
    };
    let mut lines = Vec::new();
    let chips = |head: &str, chips: &[Chip]| {
        let chip = |it: &Chip| {
            let places: Vec<&str> =
                it.places.iter().map(|place| &sentence[place.start..place.end]).collect();
            let said =
                if places.is_empty() { String::new() } else { format!(" <{}>", places.join("; ")) };
            format!("{} {}{said}", it.key, it.value)
        };
        let told: Vec<String> = chips.iter().map(chip).collect();
        if told.is_empty() { None } else { Some(format!("{head}: {}", told.join(" | "))) }
    };
    lines.extend(chips("understood", &proposal.understood));
    lines.extend(chips("assumed", &proposal.assumed));
    lines.extend(chips("open", &proposal.open));
    for unmet in &proposal.unmet {
        lines.push(format!("unmet: {}", unmet.text));
    }
    for span in &proposal.not_understood {
        lines.push(format!("not understood: <{}> near {:?}", span.text, span.near));
    }
    let campaign = &proposal.campaign;
    lines.push(format!("campaign {}: {}", campaign.id, campaign.name));
    lines.push(format!("segment {}: {}", campaign.segment.id, campaign.segment.condition));
    if let Some(Some(filter)) = campaign.flow.order_trigger() {
        lines.push(format!("trigger filter: {filter}"));
    }
    lines.join("\n")
}

/// What was not understood, and what was understood but is not drafted.
fn left_out(sentence: &str) -> Vec<String> {
    let proposal = plan(sentence, &shop()).unwrap();
    let unmet = proposal.unmet.into_iter().map(|it| it.text);
    unmet.chain(proposal.not_understood.into_iter().map(|it| it.text)).collect()
}

#[test]
fn the_demo_and_the_guide_are_wholly_understood() {
    assert_snapshot!(told(DEMO), @"
    understood: Emails 4 <Four emails> | Within 10 days <over ten days> | In the last 30 days <bought in the last 30 days> | Bought anything <bought in the last 30 days> | Not since ordered again <haven't come back> | Sequence offer, discount, social proof, nudge <offer; 10% off; reviews; last nudge> | Email 2 10% off <10% off>
    assumed: Leaves on any order | Waits 2, 3, 3, 2 days | At 10:00 their time | Coupon valid 5 days | Again after 30 days | Hold out 10%
    campaign upsell-cross-sell: Upsell after an order
    segment bought-in-the-last-30-days-not-since: ordered exactly 1 time in the last 30 days
    ");
    assert_snapshot!(told(GUIDE), @"
    understood: Goal upsell and cross-sell <upsell and cross-sell campaign plan> | Asks for a campaign for your shop <ecommerce brand> | Include objectives, number of emails, themes, timing, calls to action <objectives, number of emails, theme of each email, timing between emails, and the main CTA for each email>
    assumed: Emails 4 | Leaves on any order | Audience bought in the last 30 days, looked at related or better products since, has not ordered again | Waits 2, 3, 3, 2 days | At 10:00 their time | Coupon valid 5 days | Again after 30 days | Hold out 10%
    open: Discount 10%
    campaign upsell-cross-sell: Upsell after an order
    segment upsell: ordered at least 1 time in the last 30 days and any of (viewed a product related to their last order since their last order, clicked a link to a product related to their last order since their last order, viewed a product better than their last order since their last order, clicked a link to a product better than their last order since their last order) and ordered 0 times since their last order
    ");
}

#[test]
fn the_picture_reads_as_drawn() {
    assert_snapshot!(told(
        "Four emails over two weeks to people who bought a coffee maker in the last month and \
         haven't come back. Recommend grinders and kettles, 10% off in the second, keep it \
         friendly, and make it pop."
    ), @r#"
    understood: Emails 4 <Four emails> | Within 14 days <over two weeks> | In the last 30 days <bought a coffee maker in the last month> | Bought category Coffee makers <bought a coffee maker in the last month> | Not since ordered again <haven't come back> | Recommend Grinders, Kettles <Recommend grinders and kettles> | Email 2 10% off <10% off in the second> | Tone friendly <keep it friendly>
    assumed: Leaves on any order | Waits 2, 3, 3, 2 days | At 10:00 their time | Coupon valid 5 days | Again after 30 days | Hold out 10%
    not understood: <make it pop> near []
    campaign coffee-makers-what-comes-next: Coffee makers, what comes next
    segment bought-coffee-makers-in-the-last-30-days: bought a product in category "Coffee makers" in the last 30 days and ordered exactly 1 time in the last 30 days
    trigger filter: bought a product in category "Coffee makers" in the last 30 days and ordered exactly 1 time in the last 30 days
    "#);
}

#[test]
fn every_example_is_wholly_understood() {
    for shop in [shop(), ShopFacts { categories: vec![], products: vec![], ..shop() }] {
        for example in examples(&shop) {
            let proposal = plan(&example, &shop).unwrap();
            assert_eq!(proposal.not_understood, vec![], "{example}");
            assert_eq!(proposal.unmet, vec![], "{example}");
        }
    }
}

#[test]
fn audiences() {
    assert_snapshot!(told("10% off to repeat customers who spent more than €200"), @"
    understood: Email 2 10% off <10% off> | Orders 2 or more <repeat customers> | Spent €200.00 or more <spent more than €200>
    assumed: Emails 4 | Leaves on any order | Waits 2, 3, 3, 2 days | At 10:00 their time | Coupon valid 5 days | Again after 30 days | Hold out 10%
    campaign upsell-ordered-2-times-or-more-spent-200: Upsell: ordered 2 times or more, spent €200 or more
    segment ordered-2-times-or-more-spent-200-or: ordered at least 2 times and spent at least 200.00 EUR
    trigger filter: ordered at least 2 times and spent at least 200.00 EUR
    ");
    assert_snapshot!(told("15% off for people who viewed or clicked related or premium products"), @"
    understood: Email 2 15% off <15% off> | Viewed related or better products <viewed or clicked related or premium products>
    assumed: Emails 4 | Leaves on any order | Waits 2, 3, 3, 2 days | At 10:00 their time | Coupon valid 5 days | Again after 30 days | Hold out 10%
    campaign upsell-looked-at-related-or-better: Upsell: looked at related or better products
    segment looked-at-related-or-better-products: any of (viewed a product related to their last order since their last order, clicked a link to a product related to their last order since their last order, viewed a product better than their last order since their last order, clicked a link to a product better than their last order since their last order)
    ");
    assert_snapshot!(told("Recommend kettles to first-time buyers, 5 euros off"), @"
    understood: Recommend Kettles <Recommend kettles> | Orders only 1 so far <first-time buyers> | Email 2 €5.00 off <5 euros off>
    assumed: Emails 4 | Leaves on any order | Waits 2, 3, 3, 2 days | At 10:00 their time | Coupon valid 5 days | Again after 30 days | Hold out 10%
    campaign upsell-ordered-once: Upsell: ordered once
    segment ordered-once: ordered exactly 1 time
    trigger filter: ordered exactly 1 time
    ");
    assert_snapshot!(told("10% off to customers who haven't ordered in the last 60 days"), @"
    understood: Email 2 10% off <10% off> | No order for 60 days <haven't ordered in the last 60 days>
    assumed: Emails 4 | Leaves on any order | Waits 2, 3, 3, 2 days | At 10:00 their time | Coupon valid 5 days | Again after 30 days | Hold out 10%
    campaign upsell-no-order-for-60-days: Upsell: no order for 60 days
    segment no-order-for-60-days: ordered at least 1 time and ordered 0 times in the last 60 days
    ");
    assert_snapshot!(told("10% off for lunch bag buyers in the last 2 weeks with no repeat purchase"), @r#"
    understood: Email 2 10% off <10% off> | In the last 14 days <lunch bag buyers in the last 2 weeks> | Bought anything named “lunch bag” <lunch bag buyers in the last 2 weeks> | Not since ordered again <no repeat purchase>
    assumed: Emails 4 | Leaves on any order | Waits 2, 3, 3, 2 days | At 10:00 their time | Coupon valid 5 days | Again after 30 days | Hold out 10%
    campaign lunch-bag-what-comes-next: Lunch bag, what comes next
    segment bought-lunch-bag-in-the-last-14-days-not: bought a product with "lunch bag" in its name in the last 14 days and ordered exactly 1 time in the last 14 days
    trigger filter: bought a product with "lunch bag" in its name in the last 14 days and ordered exactly 1 time in the last 14 days
    "#);
    assert_snapshot!(told("10% off to recent buyers"), @"
    understood: Email 2 10% off <10% off> | Bought anything <recent buyers>
    assumed: Emails 4 | Leaves on any order | In the last 30 days | Waits 2, 3, 3, 2 days | At 10:00 their time | Coupon valid 5 days | Again after 30 days | Hold out 10%
    campaign upsell-cross-sell: Upsell after an order
    segment bought-in-the-last-30-days: ordered at least 1 time in the last 30 days
    ");
}

#[test]
fn names_of_the_shop_may_be_misspelt() {
    let bought = |sentence: &str| {
        let proposal = plan(&format!("10% off to people who {sentence}"), &shop()).unwrap();
        let chip = proposal.understood.into_iter().find(|it| it.slot == Slot::Bought);
        (
            chip.map(|it| it.value),
            proposal.not_understood.into_iter().map(|it| it.text).collect::<Vec<_>>(),
        )
    };
    assert_snapshot!(format!("{:?}", bought("bought a cofee maker")), @r#"(Some("category Coffee makers"), [])"#);
    assert_snapshot!(format!("{:?}", bought("ordered kettels or grinders")), @r#"(Some("category Kettles or category Grinders"), [])"#);
    assert_snapshot!(format!("{:?}", bought("bought the gooseneck ketle")), @r#"(Some("product Gooseneck kettle 0.9 l"), [])"#);
    assert_snapshot!(format!("{:?}", bought("bought knife")), @r#"(Some("category Knives"), [])"#);
    assert_snapshot!(format!("{:?}", bought("bought a bicycle")), @r#"(None, ["bought a bicycle"])"#);
}

#[test]
fn timing_and_numbers() {
    assert_snapshot!(told("Six emails over three weeks, 10% off"), @"
    understood: Within 21 days <over three weeks> | Email 2 10% off <10% off>
    assumed: Emails 4 | Leaves on any order | Audience bought in the last 30 days, looked at related or better products since, has not ordered again | Waits 4, 7, 6, 4 days | At 10:00 their time | Coupon valid 10 days | Again after 30 days | Hold out 10%
    unmet: asked for 6 emails; this version drafts four: offer, discount, social proof and nudge
    campaign upsell-cross-sell: Upsell after an order
    segment upsell: ordered at least 1 time in the last 30 days and any of (viewed a product related to their last order since their last order, clicked a link to a product related to their last order since their last order, viewed a product better than their last order since their last order, clicked a link to a product better than their last order since their last order) and ordered 0 times since their last order
    ");
    assert_snapshot!(told("Emails after 3, 4, 4 and 3 days, 10% off valid for a fortnight, at 6 pm, hold out 5%, again after 60 days"), @"
    understood: Waits 3, 4, 4, 3 days <after 3, 4, 4 and 3 days> | Email 2 10% off <10% off valid for a fortnight> | Coupon valid 14 days <10% off valid for a fortnight> | At 18:00 their time <at 6 pm> | Hold out 5% <hold out 5%> | Again after 60 days <again after 60 days>
    assumed: Emails 4 | Leaves on any order | Audience bought in the last 30 days, looked at related or better products since, has not ordered again
    campaign upsell-cross-sell: Upsell after an order
    segment upsell: ordered at least 1 time in the last 30 days and any of (viewed a product related to their last order since their last order, clicked a link to a product related to their last order since their last order, viewed a product better than their last order since their last order, clicked a link to a product better than their last order since their last order) and ordered 0 times since their last order
    ");
    assert_snapshot!(told("4 emails over 3 days, 95% off, hold out 80%, coupon valid for 2 days"), @"
    understood: Emails 4 <4 emails> | Within 3 days <over 3 days>
    assumed: Leaves on any order | Audience bought in the last 30 days, looked at related or better products since, has not ordered again | Waits 2, 3, 3, 2 days | At 10:00 their time | Coupon valid 5 days | Again after 30 days | Hold out 10%
    open: Discount 10%
    unmet: four emails do not fit within 3 days; 10 days are drafted
    unmet: 95% off is out of reach; choose 1% to 90%
    unmet: a coupon valid for 2 days would not be alive in the last email, or for ever; 5 days are drafted
    unmet: holding out 80% is out of reach; 10% are drafted
    campaign upsell-cross-sell: Upsell after an order
    segment upsell: ordered at least 1 time in the last 30 days and any of (viewed a product related to their last order since their last order, clicked a link to a product related to their last order since their last order, viewed a product better than their last order since their last order, clicked a link to a product better than their last order since their last order) and ordered 0 times since their last order
    ");
    assert_snapshot!(told("4 emails every 3 days, stop when they buy"), @"
    understood: Emails 4 <4 emails> | Waits 3, 3, 3, 3 days <every 3 days> | Leaves on any order <stop when they buy>
    assumed: Audience bought in the last 30 days, looked at related or better products since, has not ordered again | At 10:00 their time | Coupon valid 6 days | Again after 30 days | Hold out 10%
    open: Discount 10%
    campaign upsell-cross-sell: Upsell after an order
    segment upsell: ordered at least 1 time in the last 30 days and any of (viewed a product related to their last order since their last order, clicked a link to a product related to their last order since their last order, viewed a product better than their last order since their last order, clicked a link to a product better than their last order since their last order) and ordered 0 times since their last order
    ");
    assert_snapshot!(told("Four emails, 10% off. Five emails, 20% off."), @"
    understood: Emails 4 <Four emails> | Email 2 10% off <10% off>
    assumed: Leaves on any order | Audience bought in the last 30 days, looked at related or better products since, has not ordered again | Waits 2, 3, 3, 2 days | At 10:00 their time | Coupon valid 5 days | Again after 30 days | Hold out 10%
    unmet: says otherwise than before; `4 emails` stands
    unmet: says otherwise than before; `10%` stands
    campaign upsell-cross-sell: Upsell after an order
    segment upsell: ordered at least 1 time in the last 30 days and any of (viewed a product related to their last order since their last order, clicked a link to a product related to their last order since their last order, viewed a product better than their last order since their last order, clicked a link to a product better than their last order since their last order) and ordered 0 times since their last order
    ");
    assert_snapshot!(told("A last nudge, then reviews, then an offer, no discount"), @"
    understood: Sequence offer, discount, social proof, nudge <last nudge; reviews; offer>
    assumed: Emails 4 | Leaves on any order | Audience bought in the last 30 days, looked at related or better products since, has not ordered again | Waits 2, 3, 3, 2 days | At 10:00 their time | Coupon valid 5 days | Again after 30 days | Hold out 10%
    open: Discount 10%
    unmet: the social proof is email 3 in this version
    unmet: the offer is email 1 in this version
    unmet: this version always drafts the discount as email 2; take the email out by hand to go without
    campaign upsell-cross-sell: Upsell after an order
    segment upsell: ordered at least 1 time in the last 30 days and any of (viewed a product related to their last order since their last order, clicked a link to a product related to their last order since their last order, viewed a product better than their last order since their last order, clicked a link to a product better than their last order since their last order) and ordered 0 times since their last order
    ");
}

#[test]
fn a_discount_nobody_named_stays_open() {
    let open = |sentence: &str| -> Vec<(Slot, String)> {
        let open = plan(sentence, &shop()).unwrap().open;
        open.into_iter().map(|it| (it.slot, it.value)).collect()
    };
    assert_eq!(open(GUIDE), [(Slot::Discount, "10%".to_owned())]);
    assert_eq!(open("four emails: offer, a coupon, reviews, a nudge").len(), 1, "how much?");
    assert_eq!(open(DEMO), []);
}

#[test]
fn what_is_denied_is_never_read_as_wished() {
    assert_eq!(left_out("Four emails, don't send reviews, 10% off"), ["don't send reviews"]);
    assert_eq!(
        left_out("10% off to everyone except people who bought a kettle"),
        ["everyone except people who bought a kettle"]
    );
    assert_eq!(left_out("10% off to people who never bought a kettle"), ["never bought a kettle"]);
    assert_eq!(left_out("10% off to people with less than 3 orders"), ["less than 3 orders"]);
    assert_eq!(left_out("10% off, at most 2 orders"), ["at most 2 orders"]);
    assert_eq!(
        left_out("10% off to people who bought a bicycle in the last month, over ten days"),
        ["bought a bicycle in the last month"],
        "not whoever bought anything"
    );
    assert_eq!(left_out("10% off but not in the second email, over ten days").len(), 1);
    let proposal = plan("Four emails, never mention kettles", &shop()).unwrap();
    assert_eq!(proposal.campaign.recommend_categories, Vec::<String>::new());
}

#[test]
fn signs_and_pronouns_are_shown_and_not_passed_over() {
    assert_eq!(left_out("Four emails 💣 to everyone, 10% off"), ["💣", "everyone"]);
    assert_eq!(left_out("10% off for me and for you"), ["me and for you"]);
    assert_eq!(left_out("10% off to people who spent <€200"), ["spent <", "€200"]);
    assert_eq!(left_out("Four emails to them, 10% off #sale"), ["them", "#", "sale"]);
    assert_eq!(left_out("10% off 3.5 times"), ["3.5 times"]);
    let asked = "I want to send them four emails, please give me 10% off";
    assert_eq!(left_out(asked), Vec::<String>::new(), "a polite frame is told as what it is");
    assert_snapshot!(told(asked).lines().next().unwrap(), @"understood: Asks for a campaign for your shop <I want to send them; give me> | Emails 4 <four emails> | Email 2 10% off <10% off>");
    assert_eq!(
        left_out("Four emails to our customers who bought in the last 30 days, 10% off"),
        Vec::<String>::new()
    );
    assert_eq!(left_out("Four emails to our friends, 10% off"), ["our friends"]);
}

/// Tokens that no phrase of the grammar has: signs, pronouns of persons and stray numbers.
fn stray() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "💣",
        "❤️",
        "👩‍🍳",
        "<",
        ">",
        "#",
        "*",
        "+",
        "@",
        "~",
        "^",
        "=",
        "{}",
        "™",
        "€",
        "everyone",
        "anybody",
        "me",
        "you",
        "them",
        "she",
        "it",
        "our",
        "theirs",
        "42",
        "3.5",
        "0",
        "1,000",
        "9999999999",
        "½",
        "№ 7",
        "2nd",
        "qwertz",
    ])
}

#[test]
fn nothing_understood_is_refused_with_examples() {
    for sentence in ["", "?!", "Sing me a song about the sea", "make me a campaign", "people who"] {
        let refusal = plan(sentence, &shop()).unwrap_err();
        assert_eq!(refusal.nearest.len(), 3, "{sentence}");
    }
    let refusal = plan("qwertz", &shop()).unwrap_err();
    assert_snapshot!(refusal, @"nothing in `qwertz` is understood; write it like `Four emails over ten days to people who bought in the last 30 days and haven't come back: offer, 10% off, reviews, a last nudge.`");
}

#[test]
fn a_choice_changes_what_depends_on_it() {
    let choose = |slot: Slot, value: &str| {
        revise(DEMO, &shop(), &[Choice { slot, value: value.to_owned() }])
    };
    let flow = |slot: Slot, value: &str| choose(slot, value).unwrap().campaign.flow;
    let waits = flow(Slot::Waits, "3, 4, 4, 3 days");
    assert_eq!(waits.coupon().unwrap().lives_days, 7, "the coupon outlives the longer waits");
    assert_eq!(flow(Slot::At, "the hour they ordered").send_at(), None);
    assert_eq!(flow(Slot::HoldOut, "20%").holdout_percent(), 20);
    assert_eq!(flow(Slot::Discount, "15%").coupon().unwrap().pool.as_str(), "next15");
    assert_eq!(flow(Slot::Again, "never").re_entry(), aftercart_flow::ReEntry::Never);
    assert_snapshot!(choose(Slot::Waits, "soon").unwrap_err(), @"`soon` cannot be chosen there; write it like `2, 3, 3, 2 days`");
    assert_snapshot!(choose(Slot::Leaves, "never").unwrap_err(), @"`never` cannot be chosen there; write it like `another sentence`");

    // Every alternative that is offered can be chosen.
    let sentence = "four emails to people who bought a kettle, keep it short";
    let proposal = plan(sentence, &shop()).unwrap();
    let chips = proposal.understood.iter().chain(&proposal.assumed).chain(&proposal.open);
    for (chip, value) in chips.flat_map(|it| it.alternatives.iter().map(move |value| (it, value))) {
        let choice = Choice { slot: chip.slot, value: value.clone() };
        let revised = revise(sentence, &shop(), &[choice]).unwrap();
        let mut chips = revised.understood.iter().chain(&revised.assumed).chain(&revised.open);
        let now = chips.find(|it| it.slot == chip.slot).unwrap();
        assert!(now.value.starts_with(value.as_str()), "{}: {value}, not {}", chip.key, now.value);
    }
}

#[test]
fn the_demo_drafts_the_shipped_campaign() {
    let campaign = plan(DEMO, &shop()).unwrap().campaign;
    assert_eq!(campaign.flow.id().as_str(), "upsell-cross-sell");
    let templates: Vec<&str> = campaign.emails.iter().map(|it| it.template.as_str()).collect();
    assert_eq!(templates, ["offer", "discount", "social-proof", "nudge"]);
    let plan: Vec<String> = campaign
        .plan
        .emails
        .iter()
        .map(|it| format!("day {}: {}. {} [{}]", it.day, it.title, it.theme, it.call_to_action))
        .collect();
    assert_snapshot!(plan.join("\n"), @"
    day 2: Offer. What goes with their order, or one step up from it, and how it is used [See the product]
    day 5: Discount. A limited-time coupon for it, and what it is worth again [Use my coupon]
    day 8: Social proof. Reviews, ratings and short true stories about it [See the product they wrote about]
    day 10: Nudge. A short reminder of the offer, on the day the coupon ends [Get it before the coupon ends]
    ");
    assert_snapshot!(campaign.flow.to_yaml(), @r#"
    id: upsell-cross-sell
    name: Upsell after an order
    class: marketing
    topic: marketing
    triggers:
    - event: order_completed
    - segment: bought-in-the-last-30-days-not-since
    trigger_key: order
    re_entry: after 30 days
    holdout_percent: 10
    exit:
    - when: order_completed
      move_to: feedback
    coupon:
      pool: next10
      offer:
        percent: 10
      lives_days: 5
      order_minor_min: 0
    send_at: "10:00:00"
    steps:
    - id: wait-offer
      wait: 2 days
    - id: offer
      send:
        template: offer
    - id: bought-offer
      split:
        when: bought
        then:
          exit: purchase
          move_to: feedback
        else: next
    - id: wait-discount
      wait: 3 days
    - id: discount
      send:
        template: discount
        coupon: true
    - id: bought-discount
      split:
        when: bought
        then:
          exit: purchase
          move_to: feedback
        else: next
    - id: wait-social-proof
      wait: 3 days
    - id: social-proof
      send:
        template: social-proof
        coupon: true
    - id: bought-social-proof
      split:
        when: bought
        then:
          exit: purchase
          move_to: feedback
        else: next
    - id: wait-nudge
      wait: 2 days
    - id: nudge
      send:
        template: nudge
        coupon: true
    - id: bought-nudge
      split:
        when: bought
        then:
          exit: purchase
          move_to: feedback
        else: next
    - id: watch
      watch: 5 days
    - id: end
      exit: completed
    "#);
}

/// Whether everything drafted passes its own checks.
fn check(proposal: &Proposal) {
    let campaign = &proposal.campaign;
    let written = campaign.segment.condition.to_string();
    assert_eq!(
        aftercart_segment::parse(&written).unwrap(),
        campaign.segment.condition,
        "{written}"
    );
    let refused: Vec<_> = aftercart_flow::lint(&campaign.flow)
        .into_iter()
        .filter(|it| it.level == Level::Refused)
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
    for email in &campaign.emails {
        let findings = aftercart_email::lint(&email.document, &Brand::sample());
        let errors: Vec<String> = findings
            .iter()
            .filter(|it| it.level == aftercart_email::FindingLevel::Error)
            .map(ToString::to_string)
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", email.template);
    }
}

#[test]
fn every_tone_passes_the_checks_of_emails() {
    for tone in ["friendly", "brief", "elegant"] {
        check(&plan(&format!("four emails, 10% off, keep it {tone}"), &shop()).unwrap());
    }
}

/// Words and phrases of every kind, and some of none.
fn phrase() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "four emails",
        "seven emails",
        "over ten days",
        "over 2 days",
        "over a year",
        "to people who",
        "bought",
        "bought a kettle",
        "ordered coffee or knives",
        "in the last month",
        "in the last 9000 days",
        "haven't come back",
        "not",
        "except",
        "without",
        "and",
        "offer",
        "10% off",
        "€5 off",
        "0% off",
        "250% off",
        "reviews",
        "a last nudge",
        "keep it elegant",
        "make it pop",
        "repeat buyers",
        "spent over €99999999",
        "hold out 100%",
        "hold out 0%",
        "at 25:00",
        "at 9 am",
        "again after 9999 days",
        "after 1, 2, 3 and 400 days",
        "after 60, 60, 60, 60 days",
        "every 0 days",
        "valid for 3 days",
        "valid for a year",
        "recommend kettles",
        "recommend lunch bag",
        "viewed premium products",
        "viewed kettles",
        "ordered 0 times",
        "the",
        "frobnicate",
        "…",
        "include themes",
        "no discount",
        "🫖",
        "ordered",
        "haven't ordered for 3 years",
        "99999999999 emails",
        "in the second",
        "first-time buyers",
    ])
}

proptest! {
    #[test]
    fn every_word_is_consumed_or_shown(phrases in vec((phrase(), prop::sample::select(vec![" ", ", ", ". "])), 1..12)) {
        let sentence: String = phrases.iter().flat_map(|(phrase, gap)| [*phrase, *gap]).collect();
        let shop = shop();
        let tokens = words::tokens(&sentence);
        let entities = entities::Entities::new(&shop);
        let reading = read::read(&tokens, &entities, shop.currency);
        for (at, token) in tokens.iter().enumerate() {
            let meant = reading.meanings.iter().filter(|it| it.tokens.contains(&at)).count();
            let shown = reading.not_understood.iter().filter(|it| it.contains(&at)).count();
            let is_passed = read::is_passed_over(&token.text);
            prop_assert!(meant + shown <= 1, "{}: taken twice", token.text);
            prop_assert!(meant + shown == 1 || is_passed, "{}: lost", token.text);
        }
        let Ok(proposal) = plan(&sentence, &shop) else {
            prop_assert!(!reading.asks_for_something());
            return Ok(());
        };
        // What was meant stands in a chip or among the unmet, and stands where it was said.
        let chips = proposal.understood.iter().chain(&proposal.assumed).chain(&proposal.open);
        let said: Vec<Place> = chips
            .flat_map(|it| it.places.clone())
            .chain(proposal.unmet.iter().flat_map(|it| it.places.clone()))
            .collect();
        for read in &reading.meanings {
            let end = tokens[read.tokens.end - 1].end;
            let is_told = said.iter().any(|it| it.end == end);
            prop_assert!(is_told, "{:?}", read.meaning);
        }
    }

    /// Wherever it stands, it is in a chip, among the unmet or not understood.
    #[test]
    fn no_stray_token_is_passed_over(
        parts in vec((phrase(), stray(), prop::sample::select(vec![" ", ", ", ". "])), 1..7),
    ) {
        let mut sentence = "10% off, ".to_owned();
        let mut strays = Vec::new();
        for (phrase, stray, gap) in parts {
            sentence.push_str(phrase);
            sentence.push(' ');
            strays.push(sentence.len()..sentence.len() + stray.len());
            sentence.push_str(stray);
            sentence.push_str(gap);
        }
        let proposal = plan(&sentence, &shop()).unwrap();
        let chips = proposal.understood.iter().chain(&proposal.assumed).chain(&proposal.open);
        let told: Vec<(usize, usize)> = chips
            .flat_map(|it| &it.places)
            .chain(proposal.unmet.iter().flat_map(|it| &it.places))
            .map(|it| (it.start, it.end))
            .chain(proposal.not_understood.iter().map(|it| (it.start, it.end)))
            .collect();
        for stray in strays {
            let is_told = |at: usize| told.iter().any(|it| it.0 <= at && at < it.1);
            prop_assert!(
                is_told(stray.start) && is_told(stray.end - 1),
                "`{}` of `{sentence}`: {told:?}",
                &sentence[stray.clone()]
            );
        }
    }

    #[test]
    fn whatever_is_said_the_draft_is_sound(phrases in vec((phrase(), prop::sample::select(vec![" ", ", "])), 1..8)) {
        let sentence: String = phrases.iter().flat_map(|(phrase, gap)| [*phrase, *gap]).collect();
        if let Ok(proposal) = plan(&sentence, &shop()) {
            let campaign = &proposal.campaign;
            let written = campaign.segment.condition.to_string();
            prop_assert_eq!(&aftercart_segment::parse(&written).unwrap(), &campaign.segment.condition);
            let refused = aftercart_flow::lint(&campaign.flow);
            prop_assert!(refused.iter().all(|it| it.level != Level::Refused), "{refused:?}");
        }
    }
}
