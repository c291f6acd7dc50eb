//! The sample shop of the design's pictures, so that every document can be rendered anywhere.

use aftercart_model::{Currency, Product, ProductId, Rating};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    CouponView, CustomerView, EmailData, Links, OrderView, PairView, ProductView, RatingView,
    Relation, ReviewView, ShopView, StepView, StoryView,
};

const PICTURES: &str = "https://tarnandember.example/pictures";
const CLICK: &str = "https://mail.tarnandember.example/c";

impl EmailData {
    /// Ana ordered a dripper from Tarn & Ember on 9 March; a kettle goes with it.
    ///
    /// Every field is filled, so it is also the list of all merge tags there are.
    pub fn sample() -> Self {
        Self::sample_with_pictures(PICTURES)
    }

    /// A shop that knows nothing of its products but names, in capitals, and prices: the least an
    /// email can be made from.
    pub fn sample_bare() -> Self {
        let product = |id, name, minor| Product::bare(ProductId(id), "85123A", name, minor);
        let view = |id: u32, name, minor| ProductView {
            url: format!("https://mail.giftshop.example/c/{id}"),
            relation: Relation::GoesWith,
            ..ProductView::new(&product(id, name, minor), Currency::GBP)
        };
        let bought = product(0, "WHITE HANGING HEART T-LIGHT HOLDER", 295);
        let ordered_at = Timestamp::constant(1_299_672_000, 0); // 2011-03-09T12:00:00Z
        Self {
            order: OrderView::new(&bought, ordered_at, &TimeZone::UTC),
            products: vec![
                view(1, "RED HANGING HEART T-LIGHT HOLDER", 295),
                view(2, "SET/5 RED RETROSPOT LID GLASS BOWLS", 995),
                view(3, "VICTORIAN GLASS HANGING T-LIGHT", 125),
            ],
            shop: ShopView {
                name: "Giftshop".to_owned(),
                postal_address: "Giftshop Ltd, 1 High Street, London".to_owned(),
            },
            links: Links {
                unsubscribe: "https://mail.giftshop.example/u/1".to_owned(),
                ratings: (1..=5)
                    .map(|it| format!("https://mail.giftshop.example/r/{it}"))
                    .collect(),
                ..Links::default()
            },
            ..Self::default()
        }
    }

    /// The same as [`EmailData::sample`], with its pictures below another address.
    pub fn sample_with_pictures(base: &str) -> Self {
        let picture = |name: &str| format!("{base}/{name}.png");
        let step = |name: &str, text: &str, verb: &str, what: &str| StepView {
            picture: picture(name),
            picture_text: text.to_owned(),
            verb: verb.to_owned(),
            what: what.to_owned(),
        };
        Self {
            customer: CustomerView { given_name: "Ana".to_owned() },
            order: OrderView {
                date: "9 March".to_owned(),
                name: "Ceramic dripper".to_owned(),
                name_in_sentence: "ceramic dripper".to_owned(),
                noun: "dripper".to_owned(),
                picture: picture("ceramic-dripper-no-2"),
                picture_text: "Ceramic dripper on its glass server".to_owned(),
            },
            products: products(&picture),
            pair: PairView {
                heading: "Your dripper deserves a steady hand".to_owned(),
                lead: "The last thing between you and a really even cup is the pour, so here is \
                       the kettle most people pair with it."
                    .to_owned(),
                fact: "The pour is half the cup".to_owned(),
                scene: picture("scene-pour"),
                scene_text: "Kettle pouring into the Ceramic dripper, a bag of coffee beside it"
                    .to_owned(),
                picture: picture("pair-kettle-dripper"),
                picture_text: "Gooseneck kettle beside the Ceramic dripper".to_owned(),
            },
            steps: vec![
                step("filters-100", "Paper filters", "Rinse", "the filter, warm the glass"),
                step("gooseneck-kettle-0-9-l", "Kettle", "Bloom", "40 g of water, 30 seconds"),
                step("ceramic-dripper-no-2", "Dripper", "Pour", "in slow circles to 250 g"),
            ],
            coupon: Some(coupon()),
            reviews: reviews(),
            story: Some(StoryView {
                heading: "Joana, 6:40, before the children wake".to_owned(),
                quote: "Eighteen grams, three minutes, nobody talking. The kettle is the only \
                        thing on the worktop I would save from a fire."
                    .to_owned(),
                picture: picture("story-morning"),
                picture_text: "A cup of coffee and a bag of beans".to_owned(),
            }),
            shop: ShopView {
                name: "Tarn & Ember".to_owned(),
                postal_address: "Tarn & Ember Lda, Rua do Moinho 14, 1200-275 Lisboa, Portugal"
                    .to_owned(),
            },
            links: Links {
                unsubscribe: "https://mail.tarnandember.example/u/7Q2M".to_owned(),
                preferences: "https://mail.tarnandember.example/p/7Q2M".to_owned(),
                browser: "https://mail.tarnandember.example/v/7Q2M".to_owned(),
                pixel: "https://mail.tarnandember.example/o/7Q2M.gif".to_owned(),
                shop: format!("{CLICK}/7Q2M/shop"),
                ratings: (1..=5)
                    .map(|stars| format!("https://mail.tarnandember.example/r/7Q2M/{stars}"))
                    .collect(),
            },
        }
    }
}

fn products(picture: &impl Fn(&str) -> String) -> Vec<ProductView> {
    let kettle = ProductView {
        name: "Gooseneck kettle 0.9 l".to_owned(),
        short_name: "Gooseneck kettle".to_owned(),
        size: "0.9 l".to_owned(),
        name_in_sentence: "gooseneck kettle".to_owned(),
        noun: "kettle".to_owned(),
        url: format!("{CLICK}/7Q2M/kettle"),
        picture: picture("gooseneck-kettle-0-9-l"),
        picture_text: "Gooseneck kettle 0.9 l, matt black".to_owned(),
        summary: "A thinner, slower pour.".to_owned(),
        reason: "The thin, slow pour that makes a dripper worth having".to_owned(),
        description: "The thin, slow pour that makes a dripper worth having. Matt black, walnut \
                      grip, made to be mended."
            .to_owned(),
        benefits: [
            "Pours as thin as a pencil",
            "Holds 93 °C for six minutes",
            "Gas, electric and induction",
        ]
        .map(str::to_owned)
        .to_vec(),
        price: "€89.00".to_owned(),
        price_now: "€80.10".to_owned(),
        rating: RatingView::new(&Rating { counts: [0, 1, 2, 7, 54] }),
        relation: Relation::GoesWith,
        was_viewed: true,
    };
    let small = |name: &str, noun: &str, code: &str| ProductView {
        name: name.to_owned(),
        short_name: name.to_owned(),
        size: "one size".to_owned(),
        name_in_sentence: name.to_lowercase(),
        noun: noun.to_owned(),
        url: format!("{CLICK}/7Q2M/{code}"),
        picture: picture(code),
        picture_text: name.to_owned(),
        relation: Relation::GoesWith,
        ..ProductView::default()
    };
    let grinder = ProductView {
        summary: "38 steps, from espresso to press".to_owned(),
        reason: "Grind just before you pour".to_owned(),
        description: "38 steps, from espresso to press. Steel burrs, a drawer that stays shut."
            .to_owned(),
        benefits: vec!["Steel burrs".to_owned()],
        price: "€119.00".to_owned(),
        price_now: "€107.10".to_owned(),
        rating: RatingView::new(&Rating { counts: [0, 0, 1, 4, 17] }),
        ..small("Hand grinder", "grinder", "hand-grinder")
    };
    let scale = ProductView {
        summary: "Weighs and times in one place".to_owned(),
        reason: "The same cup twice".to_owned(),
        description: "Weighs and times in one place, to a tenth of a gram.".to_owned(),
        benefits: vec!["To a tenth of a gram".to_owned()],
        price: "€59.00".to_owned(),
        price_now: "€53.10".to_owned(),
        rating: RatingView::new(&Rating { counts: [1, 0, 2, 6, 20] }),
        ..small("Brew scale", "scale", "brew-scale")
    };
    vec![kettle, grinder, scale]
}

fn coupon() -> CouponView {
    CouponView {
        code: "NEXT-7F3K".to_owned(),
        offer: "10%".to_owned(),
        covers: "your next order".to_owned(),
        lives_for: "five days".to_owned(),
        ends_at: "midnight on Monday 23 March".to_owned(),
        ends_zone: "Lisbon time".to_owned(),
        ends_on: "Monday 23 March".to_owned(),
        ends_weekday: "Monday".to_owned(),
        ends_time: "23:59".to_owned(),
        ends_hour: "midnight".to_owned(),
        ends_when: "tonight".to_owned(),
        ends_day: "today".to_owned(),
        order_min: "€25".to_owned(),
        is_alone: true,
        is_in_links: true,
    }
}

fn reviews() -> Vec<ReviewView> {
    let review = |rating, text: &str, author: &str, bought: &str| ReviewView {
        product: 0,
        rating,
        text: text.to_owned(),
        author: author.to_owned(),
        bought: bought.to_owned(),
    };
    vec![
        review(
            5,
            "I thought my beans were dull. It was my pour. I stopped going to the café.",
            "Mireille",
            "bought the Ceramic dripper and then the kettle",
        ),
        review(
            5,
            "Heavier than I expected, and better for it. My hand no longer shakes at the last third.",
            "Tomás R.",
            "Kettle, bought in January",
        ),
        review(
            4,
            "Slow to boil on induction. The pour makes up for it every single morning.",
            "Ingrid L.",
            "Kettle, bought in November",
        ),
    ]
}
