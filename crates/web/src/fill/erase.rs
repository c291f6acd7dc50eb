//! What erasing a customer would do, in words.

use aftercart_engine::ErasureShown;

use crate::{console::ErasePage, format::counted};

pub fn page(it: &ErasureShown) -> ErasePage {
    let some = |count: u64, words: String| (count > 0).then_some(words);
    let others = it.identifiers.saturating_sub(it.addresses);
    let known_by = match (it.addresses, others) {
        (0, _) => "Their name and what they are known by".to_owned(),
        (addresses, 0) => format!("Their name and {}", counted(addresses, "address", "addresses")),
        (addresses, _) => format!(
            "Their name, {} and what else they are known by",
            counted(addresses, "address", "addresses")
        ),
    };
    let goes = [
        Some(known_by),
        some(it.events, format!("What {} of the log say", counted(it.events, "event", "events"))),
        some(
            it.messages,
            format!("The subjects and letters of {}", counted(it.messages, "email", "emails")),
        ),
        some(
            it.reviews,
            format!("What they wrote in {}", counted(it.reviews, "review", "reviews")),
        ),
    ];
    let orders = counted(it.orders, "order", "orders");
    let stays = [
        some(it.orders, format!("{orders}, as sales of nobody's: totals and recommendations hold")),
        some(it.reviews, "The stars of their reviews".to_owned()),
        some(
            it.addresses,
            "A mark, which cannot be read back, that their addresses are not mailed again"
                .to_owned(),
        ),
    ];
    let ends = [
        some(it.enrolments_open, counted(it.enrolments_open, "enrolment ends", "enrolments end")),
        some(
            it.messages_open,
            counted(it.messages_open, "planned email is cancelled", "planned emails are cancelled"),
        ),
    ];
    ErasePage {
        id: it.customer.to_string(),
        name: it.name.clone(),
        ends: ends.into_iter().flatten().collect(),
        goes: goes.into_iter().flatten().collect(),
        stays: stays.into_iter().flatten().collect(),
    }
}
