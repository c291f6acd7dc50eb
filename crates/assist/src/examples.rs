//! Sentences the planner understands wholly, in the shop's own words.

use crate::ShopFacts;

/// Five of them, for the empty page and for refusals.
pub fn examples(shop: &ShopFacts) -> Vec<String> {
    let category = |place: usize| {
        let name = shop.categories.get(place).or(shop.categories.first());
        name.map(|it| it.to_lowercase())
    };
    let bought = category(0).map_or("bought".to_owned(), |it| format!("bought {it}"));
    let recommend = match category(1) {
        Some(name) => format!("Recommend {name}"),
        None => "Recommend related products".to_owned(),
    };
    vec![
        "Four emails over ten days to people who bought in the last 30 days and haven't come back: \
         offer, 10% off, reviews, a last nudge."
            .to_owned(),
        format!(
            "Four emails over two weeks to people who {bought} in the last month and haven't come \
             back. {recommend}, 10% off in the second, keep it friendly."
        ),
        "Create an upsell and cross-sell campaign plan for an ecommerce brand. Include objectives, \
         number of emails, theme of each email, timing between emails, and the main CTA for each \
         email."
            .to_owned(),
        format!("{recommend} to repeat buyers, 15% off for a week, keep it short, hold out 20%."),
        "Emails after 2, 3, 3 and 2 days to people who viewed or clicked related or premium \
         products since their last order, at 18:00 their time."
            .to_owned(),
    ]
}
