//! The pages of the console, one file each: a context, its sample, and how it is rendered.

pub mod arrivals;
pub mod assistant;
pub mod customer;
pub mod customers;
pub mod erase;
pub mod figures;
pub mod flow;
pub mod flows;
pub mod home;
pub mod inbox;
pub mod launch;
pub mod lost;
pub mod missing;
pub mod product_rules;
pub mod products;
pub mod report;
pub mod reports;
pub mod requests;
pub mod reviews;
pub mod segment;
pub mod segments;

pub use arrivals::ArrivalsPage;
pub use assistant::AssistantPage;
pub use customer::CustomerPage;
pub use customers::CustomersPage;
pub use erase::ErasePage;
pub use flow::FlowPage;
pub use flows::FlowsPage;
pub use home::HomePage;
pub use inbox::InboxPage;
pub use launch::LaunchPage;
pub use lost::LostPage;
pub use missing::MissingPage;
pub use product_rules::ProductRulesPage;
pub use products::ProductsPage;
pub use report::ReportPage;
pub use reports::ReportsPage;
pub use requests::RequestsPage;
pub use reviews::ReviewsPage;
pub use segment::SegmentPage;
pub use segments::SegmentsPage;

use aftercart_model::Currency;
use maud::{Markup, html};

use crate::{
    component::{Tone, badge_state},
    format,
    icon::{Icon, icon},
};

/// The top of a page: where it stands, what it is, what can be done.
pub(crate) struct Head<'a> {
    pub crumbs: &'a [(&'a str, &'a str)],
    pub title: &'a str,
    pub badges: Markup,
    pub text: Markup,
    pub actions: Markup,
}

impl Default for Head<'_> {
    fn default() -> Self {
        let nothing = || html! {};
        Self { crumbs: &[], title: "", badges: nothing(), text: nothing(), actions: nothing() }
    }
}

pub(crate) fn head(it: &Head<'_>) -> Markup {
    html! {
        div.page-head {
            div.what {
                @if !it.crumbs.is_empty() {
                    nav.crumbs aria-label="Where you are" {
                        @for (index, (label, href)) in it.crumbs.iter().enumerate() {
                            @if index > 0 { " " (icon(Icon::Right)) " " }
                            @if href.is_empty() { span { (label) } } @else { a href=(href) { (label) } }
                        }
                    }
                }
                div.title { h1 { (it.title) } (it.badges) }
                @if !it.text.0.is_empty() { p.about { (it.text) } }
            }
            @if !it.actions.0.is_empty() { div.actions { (it.actions) } }
        }
    }
}

/// What a flow is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowState {
    Live,
    Draft,
    /// `overdue` emails would have gone out since.
    Paused {
        since: aftercart_model::Timestamp,
        overdue: Option<u64>,
    },
    Stopped,
}

impl FlowState {
    pub(crate) fn badge(&self) -> Markup {
        match self {
            Self::Live => badge_state(Tone::Good, "Live"),
            Self::Draft => badge_state(Tone::Neutral, "Draft"),
            Self::Paused { .. } => badge_state(Tone::Warn, "Paused"),
            Self::Stopped => badge_state(Tone::Bad, "Stopped"),
        }
    }
}

/// What a flow earned per customer beyond doing nothing, or why that is not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LiftNote {
    /// Means per customer in minor units, with the 95 % interval.
    Estimate {
        difference_minor: f64,
        low_minor: f64,
        high_minor: f64,
    },
    TooFew,
    NoHoldout,
    /// The flow has not run.
    NotYet,
}

impl LiftNote {
    /// The value and the line that qualifies it.
    pub(crate) fn texts(&self, currency: Currency) -> (String, String) {
        let dash = || format::NOTHING.to_owned();
        match *self {
            Self::Estimate { difference_minor, low_minor, high_minor } => (
                format::money_signed(currency, difference_minor),
                between(currency, low_minor, high_minor, "to"),
            ),
            Self::TooFew => (dash(), "too few held out".to_owned()),
            Self::NoHoldout => (dash(), "no holdout".to_owned()),
            Self::NotYet => (dash(), String::new()),
        }
    }
}

/// `€0.20 to €4.26`, `€0.20 and €4.26`.
pub(crate) fn between(currency: Currency, low_minor: f64, high_minor: f64, word: &str) -> String {
    let of = |minor| format::money_mean(currency, minor);
    format!("{} {word} {}", of(low_minor), of(high_minor))
}
