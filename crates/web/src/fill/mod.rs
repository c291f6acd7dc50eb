//! From what the engine answers to what a page shows, one file for each page.
//!
//! Nothing is decided here: counts are counted and reasons are given by the engine; here they get
//! their words, their places and their addresses.

pub mod arrivals;
pub mod assistant;
pub mod customer;
pub mod customers;
pub mod erase;
pub mod flow;
pub mod flows;
pub mod home;
pub mod inbox;
pub mod launch;
pub mod lost;
pub mod product_rules;
pub mod products;
pub mod report;
pub mod requests;
pub mod reviews;
pub mod segments;
pub mod surroundings;

use aftercart_engine::{
    FlowListing, FlowReport, insight,
    insight::{Answer, Figures},
    store,
};
use aftercart_model::{Customer, Timestamp};

use crate::{
    component::Total,
    console::{FlowState, LiftNote, figures::SendFigures},
    format,
};

/// Where a picture of the shop is fetched by the console, from the host it was itself fetched from.
pub(crate) fn picture(address: &str) -> Option<String> {
    match address {
        "" => None,
        it if it.contains("://") => Some(it.to_owned()),
        it => Some(format!("/pictures/{it}")),
    }
}

pub(crate) fn total(it: aftercart_engine::Total) -> Total {
    match it {
        aftercart_engine::Total::Exactly(number) => Total::Exactly(number),
        aftercart_engine::Total::MoreThan(number) => Total::MoreThan(number),
    }
}

pub(crate) fn send_figures(it: &Figures) -> SendFigures {
    SendFigures {
        sent: it.sent,
        delivered: it.delivered,
        customers_sent: it.customers_sent,
        customers_delivered: it.customers_delivered,
        opened: it.opened,
        opened_by_anyone: it.any_opened,
        clicked: it.clicked,
        converted: it.converted,
        orders: it.orders,
        net_minor: it.net_minor,
        gross_minor: it.gross_minor,
        unsubscribed: it.unsubscribed,
    }
}

/// `overdue` emails would have gone while it was paused, if that was asked.
pub(crate) fn flow_state(
    state: store::FlowState,
    paused_at: Option<Timestamp>,
    overdue: Option<u64>,
) -> FlowState {
    match state {
        store::FlowState::Live => FlowState::Live,
        store::FlowState::Draft => FlowState::Draft,
        store::FlowState::Paused => {
            FlowState::Paused { since: paused_at.unwrap_or_default(), overdue }
        }
        store::FlowState::Stopped => FlowState::Stopped,
    }
}

pub(crate) fn lift_note(report: &FlowReport) -> LiftNote {
    let lift: &insight::Lift = &report.lift;
    match (lift.answer, lift.spent) {
        (Answer::NoHoldout, _) => LiftNote::NoHoldout,
        (_, None) => LiftNote::NotYet,
        (_, Some(_)) if lift.is_too_few => LiftNote::TooFew,
        (_, Some(it)) => LiftNote::Estimate {
            difference_minor: it.estimate,
            low_minor: it.low,
            high_minor: it.high,
        },
    }
}

pub(crate) fn flow_summary(it: &FlowListing) -> crate::console::flows::FlowSummary {
    let report = it.report.as_ref();
    crate::console::flows::FlowSummary {
        id: it.id.to_string(),
        name: it.name.clone(),
        state: flow_state(it.state, it.paused_at, None),
        in_now: report.map(|_| it.in_it_now),
        delivered: report.map(|it| it.total.delivered),
        orders: report.map(|it| it.total.orders),
        credited_minor: report.map(|it| it.total.net_minor),
        lift: report.map_or(LiftNote::NotYet, lift_note),
    }
}

/// How a customer is called where there is a place for a whole name.
pub(crate) fn full_name(customer: &Customer) -> String {
    let name = format!("{} {}", customer.name.given, customer.name.family).trim().to_owned();
    match (name.is_empty(), &customer.email) {
        (false, _) => name,
        (true, Some(address)) => address.as_str().to_owned(),
        (true, None) => format!("Customer {}", customer.id),
    }
}

/// How a customer is called in a sentence.
pub(crate) fn short_name(customer: &Customer) -> String {
    match customer.name.given.as_str() {
        "" => "this customer".to_owned(),
        given => given.to_owned(),
    }
}

/// `Europe/Lisbon` as people call it: `Lisbon`.
pub(crate) fn zone_name(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}

pub(crate) fn first_upper(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    first + chars.as_str()
}

pub(crate) fn first_lower(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_lowercase).collect();
    first + chars.as_str()
}

/// `one email`, `four emails`, `12 emails`.
pub(crate) fn in_words(number: usize, one: &str, many: &str) -> String {
    const WORDS: [&str; 10] =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    match WORDS.get(number) {
        Some(word) => format!("{word} {}", if number == 1 { one } else { many }),
        None => format::counted(number as u64, one, many),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_from_where_the_console_does() {
        assert_eq!(picture("kettle.png"), Some("/pictures/kettle.png".to_owned()));
        let absolute = "https://cdn.example/kettle.png";
        assert_eq!(picture(absolute), Some(absolute.to_owned()));
        assert_eq!(picture(""), None);
    }

    #[test]
    fn small_things_are_named_as_people_do() {
        assert_eq!(zone_name("America/Argentina/Buenos_Aires"), "Buenos Aires");
        assert_eq!(zone_name("UTC"), "UTC");
        assert_eq!(in_words(4, "email", "emails"), "four emails");
        assert_eq!(in_words(1, "email", "emails"), "one email");
        assert_eq!(in_words(12, "email", "emails"), "12 emails");
        assert_eq!(first_upper("échange"), "Échange");
    }
}
