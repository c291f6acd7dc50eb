//! Every operator of the language, with examples.

use aftercart_model::{
    Agent, ConsentBasis, ConsentState, EventBody, MessageId, SuppressionReason, Topic,
};
use jiff::tz::TimeZone;
use serde_json::json;

use super::{
    Example, Operator, Section,
    sample::{APRON, DRIPPER, GOOSENECK, KETTLE, Sample},
};

/// Hours of so many days.
const fn days(count: i64) -> i64 {
    count * 24
}

fn none() -> Sample {
    Sample::new()
}

/// Bought a dripper so many hours ago.
fn bought(age_hours: i64) -> Sample {
    Sample::new().ordered(age_hours, "1", &[(DRIPPER, 4_250)])
}

fn quiz(age_hours: i64, score: f64) -> Sample {
    Sample::new().quiz(age_hours, "Quiz Finished", score)
}

fn section(title: &'static str, about: &'static str, operators: Vec<Operator>) -> Section {
    Section { title, about, operators }
}

fn operator(form: &'static str, meaning: &'static str, examples: Vec<Example>) -> Operator {
    Operator { form, meaning, examples }
}

fn example(condition: &'static str, holds: Sample, fails: Sample) -> Example {
    Example { condition, holds, fails }
}

pub(super) fn sections() -> Vec<Section> {
    vec![
        groups(),
        deeds(),
        counts(),
        products(),
        windows(),
        filters(),
        recency(),
        sequences(),
        figures(),
        money(),
        emails(),
        facts(),
        consent(),
        membership(),
        scores(),
        predictions(),
    ]
}

fn groups() -> Section {
    let operators = vec![
        operator(
            "A and B",
            "Every part holds. A group of its own is written `all of (A, B)`; `everyone` is the group without parts.",
            vec![example(
                "ordered at least 1 time and viewed a product",
                bought(days(9)).viewed(days(1), KETTLE),
                bought(days(9)),
            )],
        ),
        operator(
            "any of (A, B)",
            "At least one part holds. `A or B` is read as well; `nobody` is the group without parts.",
            vec![example(
                "any of (ordered at least 1 time, started a checkout)",
                none()
                    .with(days(1), EventBody::CheckoutStarted { lines: vec![], total_minor: 900 }),
                none(),
            )],
        ),
        operator(
            "none of (A, B)",
            "No part holds.",
            vec![example(
                "none of (opened an email, clicked an email)",
                none(),
                none().opened(days(1), Agent::Human),
            )],
        ),
        operator(
            "not A",
            "The part does not hold.",
            vec![example("not ordered at least 1 time", none(), bought(days(3)))],
        ),
    ];
    section(
        "Groups",
        "Groups nest in any way. Over several lines the parts of a group stand on lines of their own, indented deeper than the group.",
        operators,
    )
}

fn deeds() -> Section {
    let message = MessageId(1);
    let clicked = || none().clicked(days(1), Agent::Human, KETTLE);
    let operators = vec![
        operator(
            "ordered",
            "Placed an order. Orders cancelled since do not count.",
            vec![example(
                "ordered at least 1 time",
                bought(days(3)),
                bought(days(3)).cancelled(days(2), "1"),
            )],
        ),
        operator(
            "bought a product …",
            "Placed an order with such a product; two such lines in one order are one time. See [products](#products).",
            vec![example(
                "bought a product in category \"Kettles\"",
                none().ordered(days(3), "1", &[(KETTLE, 3_900)]),
                bought(days(3)),
            )],
        ),
        operator(
            "viewed a product …",
            "Looked at such a product's page.",
            vec![example("viewed a product", none().viewed(5, APRON), none())],
        ),
        operator(
            "added to cart a product …",
            "Put such a product into the cart.",
            vec![example(
                "added to cart a product",
                none().carted(5, APRON, 1),
                none().viewed(5, APRON),
            )],
        ),
        operator(
            "reviewed a product …",
            "Gave stars to such a product.",
            vec![example("reviewed a product", none().reviewed(5, APRON, 4), none())],
        ),
        operator(
            "started a checkout",
            "Began to check out.",
            vec![example(
                "started a checkout",
                none().with(5, EventBody::CheckoutStarted { lines: vec![], total_minor: 900 }),
                none().carted(5, APRON, 1),
            )],
        ),
        operator(
            "cancelled an order",
            "An order of theirs was cancelled.",
            vec![example("cancelled an order", bought(9).cancelled(5, "1"), bought(9))],
        ),
        operator(
            "got a refund",
            "Money was paid back to them.",
            vec![example("got a refund", bought(9).refunded(5, Some("1"), 1_000), bought(9))],
        ),
        operator(
            "was sent an email",
            "An email of ours was handed over. See [emails](#emails).",
            vec![example("was sent an email", none().sent(5, "upsell", "offer"), none())],
        ),
        operator(
            "received an email",
            "The receiving server took an email.",
            vec![example(
                "received an email",
                none().with(5, EventBody::MessageDelivered { message, email: None }),
                none().sent(5, "upsell", "offer"),
            )],
        ),
        operator(
            "failed to receive an email",
            "The receiving server refused an email.",
            vec![example(
                "failed to receive an email",
                none().bounced(5),
                none().sent(5, "upsell", "offer"),
            )],
        ),
        operator(
            "complained about an email",
            "Reported an email as spam.",
            vec![example(
                "complained about an email",
                none().with(5, EventBody::MessageComplained { message, email: None }),
                none().sent(5, "upsell", "offer"),
            )],
        ),
        operator(
            "opened an email",
            "Opened an email. What a machine opened does not count.",
            vec![example(
                "opened an email",
                none().opened(5, Agent::Human),
                none().opened(5, Agent::Machine),
            )],
        ),
        operator(
            "clicked an email",
            "Followed a link in an email. Clicks of scanners do not count.",
            vec![example("clicked an email", clicked(), none().clicked(5, Agent::Machine, KETTLE))],
        ),
        operator(
            "clicked a link to a product …",
            "Followed a link in an email to such a product.",
            vec![example(
                "clicked a link to a product of kind \"kettle\"",
                clicked(),
                none().clicked(days(1), Agent::Human, APRON),
            )],
        ),
        operator(
            "did \"NAME\"",
            "An event that the shop sends under a name of its own.",
            vec![example("did \"Quiz Finished\"", quiz(5, 7.0), none().quiz(5, "Quiz Begun", 7.0))],
        ),
    ];
    section(
        "Deeds",
        "A deed may be followed by how often, by a window and by `where`. Without a count it is asked whether it was done at least once.",
        operators,
    )
}

fn counts() -> Section {
    let thrice = || none().viewed(5, KETTLE).viewed(4, KETTLE).viewed(3, APRON);
    let once = || none().viewed(5, KETTLE);
    let operators = vec![
        operator(
            "… at least N times",
            "N times or more, N at least 1. `more than` is read as well.",
            vec![example("viewed a product at least 2 times", thrice(), once())],
        ),
        operator(
            "… at most N times",
            "N times or fewer, also never. `less than` and `fewer than` are read as well.",
            vec![example("viewed a product at most 2 times", once(), thrice())],
        ),
        operator(
            "… exactly N times",
            "Neither more nor fewer. `once` and `twice` are read as well.",
            vec![example("viewed a product exactly 1 time", once(), thrice())],
        ),
        operator(
            "… 0 times",
            "Never. `did not view a product` is read as well.",
            vec![example(
                "viewed a product 0 times in the last 2 days",
                none().viewed(days(3), KETTLE),
                once(),
            )],
        ),
    ];
    section("How often", "`times` and `time` are both read.", operators)
}

fn products() -> Section {
    let viewed = |product| bought(days(9)).viewed(5, product);
    let operators = vec![
        operator(
            "related to their last order",
            "Goes with a product of their last order, by what customers bought together as it is known now. Their last order is the newest one that was not cancelled; without one the clause is false.",
            vec![example(
                "viewed a product related to their last order",
                viewed(KETTLE),
                viewed(APRON),
            )],
        ),
        operator(
            "better than their last order",
            "Is a better version of a product of their last order.",
            vec![example(
                "viewed a product better than their last order",
                viewed(GOOSENECK),
                viewed(KETTLE),
            )],
        ),
        operator(
            "related to any order of theirs, better than any order of theirs",
            "The same of any of their orders that stand.",
            vec![example(
                "viewed a product related to any order of theirs",
                viewed(KETTLE).ordered(days(1), "2", &[(APRON, 5_500)]),
                none().ordered(days(1), "2", &[(APRON, 5_500)]).viewed(5, KETTLE),
            )],
        ),
        operator(
            "in category \"NAME\"",
            "Stands in this category of the catalogue.",
            vec![example(
                "viewed a product in category \"Kettles\" or \"Textiles\"",
                viewed(APRON),
                viewed(DRIPPER),
            )],
        ),
        operator(
            "of kind \"NAME\"",
            "Is this kind of thing.",
            vec![example("viewed a product of kind \"apron\"", viewed(APRON), viewed(KETTLE))],
        ),
        operator(
            "of brand \"NAME\"",
            "Is made by this brand; a platform that speaks of vendors means the same.",
            vec![example("viewed a product of brand \"Hario\"", viewed(DRIPPER), viewed(APRON))],
        ),
        operator(
            "tagged \"NAME\"",
            "Has this tag.",
            vec![example("viewed a product tagged \"for kettles\"", viewed(KETTLE), viewed(APRON))],
        ),
        operator(
            "named \"NAME\"",
            "Has this whole name.",
            vec![example("viewed a product named \"Linen apron\"", viewed(APRON), viewed(KETTLE))],
        ),
        operator(
            "with \"WORD\" in its name",
            "The word is a part of its name.",
            vec![example(
                "viewed a product with \"kettle\" in its name",
                viewed(KETTLE),
                viewed(APRON),
            )],
        ),
        operator(
            "coded \"CODE\"",
            "Has this code of the shop's own.",
            vec![example("viewed a product coded \"A1\"", viewed(APRON), viewed(KETTLE))],
        ),
        operator(
            "priced at least AMOUNT",
            "Costs so much in the catalogue now; with any [limit](#where).",
            vec![example(
                "viewed a product priced at least 50.00 EUR",
                viewed(APRON),
                viewed(KETTLE),
            )],
        ),
        operator(
            "not …",
            "Turns one test. A product that is not in the catalogue meets it as little.",
            vec![example(
                "viewed a product not in category \"Kettles\"",
                viewed(APRON),
                viewed(KETTLE),
            )],
        ),
        operator(
            "several tests",
            "All of them hold of one product.",
            vec![example(
                "viewed a product in category \"Kettles\" priced less than 50.00 EUR",
                viewed(KETTLE),
                viewed(GOOSENECK),
            )],
        ),
    ];
    section(
        "Products",
        "What may follow `a product`. The same can be said behind `where`: `category is`, `kind is`, `brand is`, `tag is`, `name is`, `name contains`, `code is`, `price is`.",
        operators,
    )
}

fn windows() -> Section {
    let viewed = |age_hours| none().viewed(age_hours, KETTLE);
    let civil = [
        ("viewed a product today", viewed(11), viewed(13)),
        ("viewed a product yesterday", viewed(13), viewed(11)),
        ("viewed a product this week", viewed(days(6)), viewed(days(7))),
        ("viewed a product last week", viewed(days(7)), viewed(days(6))),
        ("viewed a product this month", viewed(11), viewed(13)),
        ("viewed a product last month", viewed(13), viewed(11)),
        ("viewed a product this quarter", viewed(days(59)), viewed(days(60))),
        ("viewed a product last quarter", viewed(days(60)), viewed(days(59))),
        ("viewed a product this year", viewed(days(59)), viewed(days(60))),
        ("viewed a product last year", viewed(days(60)), viewed(days(59))),
    ];
    let mut civil: Vec<Example> =
        civil.map(|(text, holds, fails)| example(text, holds, fails)).into();
    civil.push(example("viewed a product 0 times this week", in_auckland(13), in_auckland(0)));
    let operators = vec![
        operator(
            "in the last SPAN",
            "Not as old as the span, in days or hours, 1 hour to 730 days.",
            vec![
                example(
                    "viewed a product in the last 30 days",
                    viewed(days(30) - 1),
                    viewed(days(30)),
                ),
                example("viewed a product in the last 12 hours", viewed(11), viewed(12)),
            ],
        ),
        operator(
            "between N and M days ago",
            "At least as old as the first span and not as old as the second.",
            vec![example(
                "viewed a product between 30 and 60 days ago",
                viewed(days(30)),
                viewed(days(60)),
            )],
        ),
        operator(
            "today, yesterday, this week, last month, this quarter, last year",
            "A civil day, week, month, quarter or year: the one that is now, or the one before it.",
            civil,
        ),
        operator(
            "on DAY",
            "On a civil day, written year, month, day.",
            vec![example("viewed a product on 2026-02-27", viewed(days(2)), viewed(days(1)))],
        ),
        operator(
            "since DAY",
            "On that day or later.",
            vec![example("viewed a product since 2026-02-27", viewed(days(2)), viewed(days(3)))],
        ),
        operator(
            "before DAY",
            "Earlier than that day.",
            vec![example("viewed a product before 2026-02-27", viewed(days(3)), viewed(days(2)))],
        ),
        operator(
            "between DAY and DAY",
            "On the first day or later, and before the second.",
            vec![example(
                "viewed a product between 2026-02-01 and 2026-02-27",
                viewed(days(3)),
                viewed(days(2)),
            )],
        ),
        operator(
            "since their last order, since their first order",
            "After that order, of those that stand. Without an order there is no such time, and the clause is false whatever the count.",
            vec![
                example(
                    "viewed a product 0 times since their last order",
                    viewed(days(3)).ordered(days(2), "1", &[(DRIPPER, 4_250)]),
                    none(),
                ),
                example(
                    "ordered at least 1 time since their first order",
                    bought(days(9)).ordered(days(2), "2", &[(APRON, 5_500)]),
                    bought(days(9)),
                ),
            ],
        ),
        operator(
            "since they last …, since they first …",
            "After their last or first deed of another kind, which may have its own `(where …)`. Without one the clause is false.",
            vec![example(
                "ordered 0 times since they last did \"Quiz Finished\" (where \"score\" is more than 5)",
                bought(days(3)).quiz(days(2), "Quiz Finished", 7.0),
                bought(days(3)).quiz(days(2), "Quiz Finished", 5.0),
            )],
        ),
        operator(
            "before their first order, before they last …",
            "Before that deed. Without one the clause is false.",
            vec![example(
                "viewed a product before their first order",
                viewed(days(10)).ordered(days(9), "1", &[(DRIPPER, 4_250)]),
                bought(days(9)).viewed(days(8), KETTLE),
            )],
        ),
        operator(
            "since entering the flow",
            "After the customer entered the flow that asks. False where no flow asks.",
            vec![example(
                "viewed a product since entering the flow",
                Sample { entered_hours: Some(9), ..viewed(8) },
                viewed(8),
            )],
        ),
    ];
    section(
        "Windows",
        "A window stands behind a deed, its count, an amount or a figure. Without one all time is meant.",
        operators,
    )
}

/// It is Monday there already.
fn in_auckland(age_hours: i64) -> Sample {
    let zone = TimeZone::get("Pacific/Auckland").unwrap_or(TimeZone::UTC);
    Sample { zone, ..none().viewed(age_hours, KETTLE) }
}

fn filters() -> Section {
    let carted = |count| none().carted(5, KETTLE, count);
    let coupon = |code| none().ordered_with(5, "1", &[(DRIPPER, 1, 4_250)], code);
    let told = |value| none().told(5, "Wishlist", json!({ "colour": value }));
    let number = |text, holds, fails| example(text, quiz(5, holds), quiz(5, fails));
    let operators = vec![
        operator(
            "quantity is LIMIT",
            "Units put into the cart, of a line, or of all lines of an order.",
            vec![example(
                "added to cart a product where quantity is at least 2",
                carted(2),
                carted(1),
            )],
        ),
        operator(
            "amount is LIMIT",
            "What was paid for the order or, where products are asked for, for such lines of it; what was paid back; what a checkout was worth.",
            vec![
                example(
                    "ordered at least 1 time where amount is at least 50.00 EUR",
                    none().ordered(5, "1", &[(DRIPPER, 4_250), (KETTLE, 3_900)]),
                    bought(5),
                ),
                example(
                    "bought a product of kind \"kettle\" where amount is more than 50.00 EUR",
                    none().ordered(5, "1", &[(GOOSENECK, 8_900)]),
                    none().ordered(5, "1", &[(DRIPPER, 4_250), (KETTLE, 3_900)]),
                ),
            ],
        ),
        operator(
            "rating is LIMIT",
            "Stars of a review, 1 to 5.",
            vec![example(
                "reviewed a product where rating is at least 4",
                none().reviewed(5, KETTLE, 4),
                none().reviewed(5, KETTLE, 3),
            )],
        ),
        operator(
            "coupon …",
            "The code an order was placed with.",
            vec![
                example(
                    "ordered at least 1 time where coupon is set",
                    coupon(Some("WELCOME")),
                    coupon(None),
                ),
                example(
                    "ordered at least 1 time where coupon starts with \"wel\"",
                    coupon(Some("WELCOME")),
                    coupon(Some("SPRING")),
                ),
            ],
        ),
        operator(
            "\"PROPERTY\" is \"TEXT\"",
            "The property of an event of the shop's own is this text. `is one of` is read as well.",
            vec![example(
                "did \"Wishlist\" where \"colour\" is \"red\" or \"blue\"",
                told(json!("Red")),
                told(json!("green")),
            )],
        ),
        operator(
            "\"PROPERTY\" is not \"TEXT\"",
            "It is set, and to something else.",
            vec![example(
                "did \"Wishlist\" where \"colour\" is not \"red\"",
                told(json!("green")),
                told(json!(null)),
            )],
        ),
        operator(
            "\"PROPERTY\" contains \"TEXT\"",
            "The text is a part of it.",
            vec![example(
                "did \"Wishlist\" where \"colour\" contains \"red\"",
                told(json!("Dark red")),
                told(json!("green")),
            )],
        ),
        operator(
            "\"PROPERTY\" starts with \"TEXT\"",
            "It begins with the text.",
            vec![example(
                "did \"Wishlist\" where \"colour\" starts with \"dark\"",
                told(json!("Dark red")),
                told(json!("red, dark")),
            )],
        ),
        operator(
            "\"PROPERTY\" is at least N, at most N, more than N, less than N, exactly N, other than N",
            "It is a number within the limit, with at most six digits after the point. `is N` and `is not N` are read as well.",
            vec![
                number("did \"Quiz Finished\" where \"score\" is at least 7", 7.0, 6.5),
                number("did \"Quiz Finished\" where \"score\" is at most 7", 7.0, 7.5),
                number("did \"Quiz Finished\" where \"score\" is more than 7", 7.5, 7.0),
                number("did \"Quiz Finished\" where \"score\" is less than 7.5", 7.0, 7.5),
                number("did \"Quiz Finished\" where \"score\" is exactly 7", 7.0, 7.5),
                number("did \"Quiz Finished\" where \"score\" is other than 7", 7.5, 7.0),
            ],
        ),
        operator(
            "\"PROPERTY\" is true, is false, is set, is not set",
            "It is yes or no; it is there at all.",
            vec![
                example(
                    "did \"Wishlist\" where \"colour\" is true",
                    told(json!(true)),
                    told(json!("true")),
                ),
                example(
                    "did \"Wishlist\" where \"colour\" is false",
                    told(json!(false)),
                    told(json!(true)),
                ),
                example(
                    "did \"Wishlist\" where \"colour\" is set",
                    told(json!(0)),
                    told(json!(null)),
                ),
                example(
                    "did \"Wishlist\" where \"colour\" is not set",
                    told(json!(null)),
                    told(json!(0)),
                ),
            ],
        ),
        operator(
            "A and B",
            "Both hold of one deed.",
            vec![example(
                "did \"Quiz Finished\" in the last 2 days where \"score\" is more than 5 and \"level\" is \"hard\"",
                quiz(5, 7.0),
                quiz(5, 3.0),
            )],
        ),
    ];
    section(
        "Where",
        "`where` stands at the end of a clause and says what else must be true of each deed that counts. What a deed does not have meets nothing but `is not set`.",
        operators,
    )
}

fn recency() -> Section {
    let operators = vec![
        operator(
            "last order was at least SPAN ago",
            "Their last order that stands is as old or older. False without orders.",
            vec![example(
                "last order was at least 30 days ago",
                bought(days(30)),
                bought(days(29)),
            )],
        ),
        operator(
            "first order was less than SPAN ago",
            "Their first order that stands is not as old.",
            vec![example(
                "first order was less than 30 days ago",
                bought(days(29)),
                bought(days(31)).ordered(days(1), "2", &[(APRON, 5_500)]),
            )],
        ),
        operator(
            "last … at least SPAN ago, first … less than SPAN ago",
            "The same of any deed. False of whoever never did it.",
            vec![example(
                "last viewed a product of kind \"kettle\" at least 10 days ago",
                none().viewed(days(10), KETTLE).viewed(days(1), APRON),
                none(),
            )],
        ),
    ];
    section("Days since", "How long ago something was done for the first or last time.", operators)
}

fn sequences() -> Section {
    let operators = vec![
        operator(
            "A and then within SPAN B",
            "After a deed, and within a span counted from it, another deed. Filters of either stand in parentheses, `(where …)`; a window behind the first is that of the first.",
            vec![example(
                "viewed a product in the last 30 days and then within 7 days ordered",
                none().viewed(days(9), DRIPPER).ordered(days(3), "1", &[(DRIPPER, 4_250)]),
                none().viewed(days(9), DRIPPER).ordered(days(2), "1", &[(DRIPPER, 4_250)]),
            )],
        ),
        operator(
            "A and then within SPAN did not B",
            "After a deed the span has passed without the other deed. While it runs the clause is false, so that nobody is told too early.",
            vec![example(
                "started a checkout and then within 1 day did not order",
                none()
                    .with(days(2), EventBody::CheckoutStarted { lines: vec![], total_minor: 900 }),
                none().with(23, EventBody::CheckoutStarted { lines: vec![], total_minor: 900 }),
            )],
        ),
    ];
    section("One after another", "Any two such deeds of the customer's will do.", operators)
}

fn figures() -> Section {
    let quizzes = |scores: &[f64]| {
        let age = |index: usize| days(9) - i64::try_from(index).unwrap_or(0);
        let all = scores.iter().enumerate();
        all.fold(none(), |it, (index, score)| it.quiz(age(index), "Quiz Finished", *score))
    };
    let of = |text, holds: &[f64], fails: &[f64]| example(text, quizzes(holds), quizzes(fails));
    let operators = vec![
        operator(
            "total \"PROPERTY\" of \"EVENT\" is LIMIT",
            "The sum of a number among the properties. 0 of no events.",
            vec![of(
                "total \"score\" of \"Quiz Finished\" is at least 10",
                &[4.0, 6.0],
                &[4.0, 5.5],
            )],
        ),
        operator(
            "average, smallest, largest, first, last",
            "The same of the mean, the least, the greatest, the oldest and the newest. False of no events.",
            vec![
                of(
                    "average \"score\" of \"Quiz Finished\" is at least 5",
                    &[4.0, 6.0],
                    &[4.0, 5.0],
                ),
                of(
                    "smallest \"score\" of \"Quiz Finished\" is less than 3",
                    &[2.0, 6.0],
                    &[4.0, 5.0],
                ),
                of(
                    "largest \"score\" of \"Quiz Finished\" is more than 5",
                    &[6.0, 2.0],
                    &[4.0, 5.0],
                ),
                of("first \"score\" of \"Quiz Finished\" is exactly 4", &[4.0, 6.0], &[6.0, 4.0]),
                of("last \"score\" of \"Quiz Finished\" is exactly 4", &[6.0, 4.0], &[4.0, 6.0]),
            ],
        ),
        operator(
            "… amount, quantity or rating when they …",
            "The same of what other deeds amount to, as behind [where](#where).",
            vec![
                example(
                    "largest amount when they ordered is at least 50.00 EUR in the last 30 days",
                    none().ordered(5, "1", &[(APRON, 5_500)]),
                    bought(5),
                ),
                example(
                    "total quantity when they bought a product of kind \"dripper\" is at least 3",
                    none().ordered_with(days(2), "1", &[(DRIPPER, 3, 9_000)], None),
                    none().ordered_with(
                        days(2),
                        "1",
                        &[(DRIPPER, 2, 8_000), (APRON, 2, 9_000)],
                        None,
                    ),
                ),
                example(
                    "average rating when they reviewed a product is less than 3",
                    none().reviewed(5, KETTLE, 1).reviewed(4, APRON, 4),
                    none().reviewed(5, KETTLE, 3),
                ),
            ],
        ),
    ];
    section("Figures", "A figure over the deeds of a window, compared with a limit.", operators)
}

fn money() -> Section {
    let twice = || bought(days(40)).ordered(days(5), "2", &[(APRON, 5_500)]);
    let operators = vec![
        operator(
            "spent LIMIT",
            "What was paid for the orders in the window, less what was paid back for them since.",
            vec![
                example(
                    "spent at least 90.00 EUR",
                    twice(),
                    twice().refunded(days(1), Some("2"), 3_000),
                ),
                example(
                    "spent less than 60.00 EUR in the last 30 days",
                    twice(),
                    twice().ordered(1, "3", &[(APRON, 5_500)]),
                ),
            ],
        ),
        operator(
            "last order is worth LIMIT, first order is worth LIMIT",
            "What that order cost when it was placed. False without orders.",
            vec![
                example("last order is worth at least 50.00 EUR", twice(), bought(days(5))),
                example("first order is worth at most 50.00 EUR", twice(), none()),
            ],
        ),
        operator(
            "average order is worth LIMIT",
            "The mean of all orders that stand, rounded down.",
            vec![example("average order is worth more than 45.00 EUR", twice(), bought(days(5)))],
        ),
    ];
    section("Money", "Amounts are written with the code of the shop's currency.", operators)
}

fn emails() -> Section {
    let opened = |flow, step| none().opened_email(5, flow, step);
    let operators = vec![
        operator(
            "email \"STEP\"",
            "The email that this step of a flow sends.",
            vec![example(
                "opened email \"offer\"",
                opened("upsell", "offer"),
                opened("upsell", "last"),
            )],
        ),
        operator(
            "an email of flow \"FLOW\"",
            "Any email of this flow.",
            vec![example(
                "opened an email of flow \"upsell\" 0 times",
                opened("feedback", "ask"),
                opened("upsell", "last"),
            )],
        ),
        operator(
            "email \"STEP\" of flow \"FLOW\"",
            "That one email.",
            vec![example(
                "was sent email \"offer\" of flow \"upsell\"",
                none().sent(5, "upsell", "offer"),
                none().sent(5, "feedback", "offer"),
            )],
        ),
    ];
    section("Emails", "Which email or flow a deed about emails is of.", operators)
}

fn facts() -> Section {
    let place = |change: fn(&mut crate::CustomerFacts, String), text: &str| {
        let mut sample = none();
        change(&mut sample.facts, text.to_owned());
        sample
    };
    let pair = |text, change: fn(&mut crate::CustomerFacts, String), holds, fails| {
        example(text, place(change, holds), place(change, fails))
    };
    let attributes = |value| {
        let mut sample = none();
        sample.facts.attributes.insert("plan".to_owned(), value);
        sample
    };
    let zone = |name| Sample { zone: TimeZone::get(name).unwrap_or(TimeZone::UTC), ..none() };
    let operators = vec![
        operator(
            "country is \"NAME\", region is \"NAME\", city is \"NAME\"",
            "As the platform gave it. False where it is not known.",
            vec![
                pair("country is \"PT\" or \"ES\"", |it, text| it.country = Some(text), "pt", "FR"),
                pair(
                    "region is \"Bavaria\"",
                    |it, text| it.region = Some(text),
                    "Bavaria",
                    "Berlin",
                ),
                pair("city is \"Porto\"", |it, text| it.city = Some(text), "Porto", "Lisbon"),
            ],
        ),
        operator(
            "postal code begins with \"TEXT\"",
            "Blanks within it are passed over.",
            vec![pair(
                "postal code begins with \"SW1\"",
                |it, text| it.postal_code = Some(text),
                "SW1A 1AA",
                "W1A 1AA",
            )],
        ),
        operator(
            "time zone is \"NAME\"",
            "The customer's, else the shop's; an IANA name.",
            vec![example("time zone is \"Europe/Lisbon\"", zone("Europe/Lisbon"), zone("UTC"))],
        ),
        operator(
            "locale is \"TAG\", language is \"TAG\"",
            "A BCP 47 tag, or its first part.",
            vec![
                pair("locale is \"pt-BR\"", |it, text| it.locale = Some(text), "pt-BR", "pt-PT"),
                pair("language is \"pt\"", |it, text| it.locale = Some(text), "pt-BR", "es"),
            ],
        ),
        operator(
            "attribute \"NAME\" …",
            "A fact that the shop keeps of the customer, asked as properties are. Of a list, that an item of it is so.",
            vec![
                example("attribute \"plan\" is \"gold\"", attributes(json!("Gold")), none()),
                example(
                    "attribute \"plan\" contains \"gold\"",
                    attributes(json!(["red", "gold"])),
                    attributes(json!(["golden"])),
                ),
                example(
                    "attribute \"plan\" is at least 3",
                    attributes(json!(3)),
                    attributes(json!(2)),
                ),
                example("attribute \"plan\" is not set", none(), attributes(json!("gold"))),
            ],
        ),
        operator(
            "has an email address",
            "There is an address to write to.",
            vec![example(
                "has an email address",
                {
                    let mut sample = none();
                    sample.facts.has_email = true;
                    sample
                },
                none(),
            )],
        ),
    ];
    section("What is known of them", "Facts as they are now.", operators)
}

fn consent() -> Section {
    let said = |topic, state, basis| {
        let mut sample = none();
        sample.facts.consents.set(topic, state, basis);
        sample
    };
    let yes = move |basis| said(Topic::Marketing, ConsentState::Agreed, basis);
    let no = move || said(Topic::Marketing, ConsentState::Withdrawn, ConsentBasis::Unstated);
    let barred = |reason| {
        let mut sample = none();
        sample.facts.bars = vec![reason];
        sample
    };
    let of = |text, reason| example(text, barred(reason), none());
    let operators = vec![
        operator(
            "has consent for marketing, has consent for feedback",
            "Agreed, and has not withdrawn it. Each topic is asked on its own.",
            vec![
                example("has consent for marketing", yes(ConsentBasis::Unstated), no()),
                example(
                    "has consent for feedback",
                    said(Topic::Feedback, ConsentState::Agreed, ConsentBasis::Unstated),
                    yes(ConsentBasis::Unstated),
                ),
            ],
        ),
        operator(
            "has consent for TOPIC by opt-in, by double opt-in, by soft opt-in",
            "And said so in this way: ticked a box; confirmed it by a link too; bought, could object then, and did not.",
            vec![
                example(
                    "has consent for marketing by opt-in",
                    yes(ConsentBasis::OptIn),
                    yes(ConsentBasis::SoftOptIn),
                ),
                example(
                    "has consent for marketing by double opt-in",
                    yes(ConsentBasis::DoubleOptIn),
                    yes(ConsentBasis::OptIn),
                ),
                example(
                    "has consent for marketing by soft opt-in",
                    yes(ConsentBasis::SoftOptIn),
                    yes(ConsentBasis::Unstated),
                ),
            ],
        ),
        operator(
            "has withdrawn consent for TOPIC",
            "Said no, whatever they said before.",
            vec![example("has withdrawn consent for marketing", no(), none())],
        ),
        operator(
            "was never asked about TOPIC",
            "Said neither yes nor no.",
            vec![example("was never asked about marketing", none(), no())],
        ),
        operator(
            "is suppressed",
            "Their address is barred from mail, for any reason.",
            vec![of("is suppressed", SuppressionReason::ByHand)],
        ),
        operator(
            "is suppressed by bounce, complaint, unsubscribe, hand, erasure",
            "For one of these reasons.",
            vec![
                of("is suppressed by bounce or complaint", SuppressionReason::Bounce),
                of("is suppressed by unsubscribe", SuppressionReason::Unsubscribe),
                of("is suppressed by hand or erasure", SuppressionReason::ByHand),
            ],
        ),
    ];
    section("Consent", "What may be written to them.", operators)
}

fn membership() -> Section {
    let listed = |name: &str| {
        let mut sample = none();
        sample.facts.lists.insert(name.to_owned());
        sample
    };
    let operators = vec![
        operator(
            "is on list \"NAME\"",
            "Was put on a list by hand or by import.",
            vec![example("is on list \"VIP\"", listed("vip"), none())],
        ),
        operator(
            "is in segment \"NAME\"",
            "Meets the condition of that segment, as if it stood here. A segment that would lead back to itself is refused when it is saved. In the examples `Buyers` is `ordered at least 1 time in the last 30 days`.",
            vec![example("is in segment \"Buyers\"", bought(days(29)), bought(days(30)))],
        ),
    ];
    section(
        "Lists and segments",
        "Whom the shop has gathered, and whom other conditions pick.",
        operators,
    )
}

fn scores() -> Section {
    let often = || {
        let orders = (1..=5).map(|it| (days(it), it.to_string()));
        orders.fold(none(), |sample, (age, id)| sample.ordered(age, &id, &[(DRIPPER, 4_250)]))
    };
    let operators = vec![operator(
        "recency score is LIMIT, frequency score is LIMIT, monetary score is LIMIT",
        "In which fifth of the shop's customers with orders they are: by how long ago the last order was, by the number of orders, by what was paid. 5 is the best fifth; equals get the lowest score of theirs. False without orders, and in a shop with fewer than 100 customers who ordered.",
        vec![
            example("recency score is at least 4", often(), bought(days(100))),
            example("frequency score is exactly 5", often(), bought(days(1))),
            example("monetary score is at most 2", bought(days(1)), often()),
        ],
    )];
    section("Scores", "Recency, frequency and monetary value, in fifths.", operators)
}

fn predictions() -> Section {
    let regular = || {
        let orders = (1..=8).map(|it| (days(14 * it), it.to_string()));
        orders.fold(none(), |sample, (age, id)| sample.ordered(age, &id, &[(DRIPPER, 4_250)]))
    };
    let lapsed = || {
        let orders = (1..=8).map(|it| (days(300 + 5 * it), it.to_string()));
        orders.fold(none(), |sample, (age, id)| sample.ordered(age, &id, &[(DRIPPER, 4_250)]))
    };
    let operators = vec![
        operator(
            "is expected to order LIMIT times in the next SPAN",
            "The mean number of orders that BG/NBD expects (Fader, Hardie and Lee, Marketing Science 24(2), 2005).",
            vec![example(
                "is expected to order at least 1.5 times in the next 90 days",
                regular(),
                lapsed(),
            )],
        ),
        operator(
            "is expected to spend LIMIT in the next SPAN",
            "That number times what Gamma-Gamma expects an order of theirs to be worth (Fader and Hardie, 2013).",
            vec![example(
                "is expected to spend at least 100.00 EUR in the next 365 days",
                regular(),
                lapsed(),
            )],
        ),
        operator(
            "next order is expected within SPAN",
            "They are as likely as not to have ordered again by then. False of whoever is more likely gone than not.",
            vec![example("next order is expected within 30 days", regular(), lapsed())],
        ),
        operator(
            "a product PRODUCT is due again, … within SPAN",
            "They bought such a product, people buy it again after some days, and those are over, or will be within the span. The days are the shop's own: the median of those who come back, who has not yet counted as long as they were watched (Kaplan and Meier, 1958), of a product that at least 10 customers and a tenth of its buyers bought again, more than by chance and after much the same time. Who bought it on three days or more has an interval of their own, which outweighs the shop's. It is due from that day on until they buy it, and for as long again at most: who has not come back by then hardly does. Intervals are learned every night, and asked as of the last; the explanation of an answer says of which day. How many pieces they bought is not looked at.",
            vec![
                example("a product is due again", bought(days(20)), bought(days(19))),
                example(
                    "a product in category \"Textiles\" is due again within 7 days",
                    none().ordered(days(23), "1", &[(APRON, 3_000)]),
                    none().ordered(days(60), "1", &[(APRON, 3_000)]),
                ),
            ],
        ),
        operator(
            "chance to be gone is LIMIT %",
            "The chance that they will never order again.",
            vec![example("chance to be gone is at least 60 %", lapsed(), regular())],
        ),
    ];
    section(
        "Predictions",
        "From the customer's own orders by models fitted on the shop's. False without orders, and in a shop where fewer than 200 customers have ordered again. A prediction changes once a day.",
        operators,
    )
}
