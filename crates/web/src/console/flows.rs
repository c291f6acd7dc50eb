//! Flows: every flow with what it does now and what it brought lately.

use maud::{Markup, html};

use super::{FlowState, Head, LiftNote, head};
use crate::{
    component::{Button, Empty, empty},
    format,
    icon::Icon,
    layout::{Layout, Place},
};

#[derive(Clone, Debug)]
pub struct FlowsPage {
    pub flows: Vec<FlowSummary>,
    /// The days the figures are about: `last 7 days`.
    pub span: String,
}

/// A flow in a list. A figure that is not known is `None`, never 0.
#[derive(Clone, Debug)]
pub struct FlowSummary {
    pub id: String,
    pub name: String,
    pub state: FlowState,
    pub in_now: Option<u64>,
    pub delivered: Option<u64>,
    pub orders: Option<u64>,
    pub credited_minor: Option<i64>,
    pub lift: LiftNote,
}

impl FlowSummary {
    pub fn samples() -> Vec<Self> {
        let flow =
            |id: &str, name: &str, state, [in_now, delivered, orders]: [Option<u64>; 3]| Self {
                id: id.to_owned(),
                name: name.to_owned(),
                state,
                in_now,
                delivered,
                orders,
                credited_minor: None,
                lift: LiftNote::NotYet,
            };
        let estimate =
            LiftNote::Estimate { difference_minor: 223.0, low_minor: 20.0, high_minor: 426.0 };
        vec![
            Self {
                credited_minor: Some(564_200),
                lift: estimate,
                ..flow(
                    "upsell-cross-sell",
                    "Upsell after an order",
                    FlowState::Live,
                    [Some(1_417), Some(3_041), Some(87)],
                )
            },
            Self {
                lift: LiftNote::NoHoldout,
                ..flow(
                    "feedback",
                    "Feedback after a second order",
                    FlowState::Live,
                    [Some(388), Some(214), None],
                )
            },
            Self {
                credited_minor: Some(61_100),
                lift: LiftNote::TooFew,
                ..flow(
                    "back-in-stock",
                    "Back in stock",
                    FlowState::Live,
                    [Some(41), Some(96), Some(9)],
                )
            },
            flow("wholesale-welcome", "Wholesale welcome", FlowState::Draft, [None; 3]),
        ]
    }
}

impl FlowsPage {
    pub fn sample() -> Self {
        Self { flows: FlowSummary::samples(), span: "last 7 days".to_owned() }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let live = self.flows.iter().filter(|it| it.state == FlowState::Live).count() as u64;
        let in_now: u64 = self.flows.iter().filter_map(|it| it.in_now).sum();
        let body = html! {
            (head(&Head {
                title: "Flows",
                text: html! {
                    (format::counted(live, "flow is live", "flows are live")) ", "
                    (format::counted(in_now, "customer is", "customers are")) " in them now."
                    @if !self.span.is_empty() { " Figures of the " (self.span) "." }
                },
                actions: Button::primary("Ask for a flow").icon(Icon::Assistant).link("/assistant"),
                ..Head::default()
            }))
            section.card aria-label="All flows" {
                @if self.flows.is_empty() {
                    (empty(&Empty {
                        icon: Icon::Flow,
                        title: "No flows yet",
                        text: "A flow sends the right email at the right time after an order, and \
                               stops the moment somebody buys again.",
                        action: Some(("Ask for a flow", "/assistant")),
                        alternative: None,
                    }))
                } @else {
                    (table(&self.flows, layout))
                }
            }
        };
        layout.page("Flows", Some(Place::Flows), &body)
    }
}

/// The table of flows, here and on the home page.
pub(crate) fn table(flows: &[FlowSummary], layout: &Layout) -> Markup {
    let money = |minor: Option<i64>| {
        minor.map_or_else(|| format::NOTHING.to_owned(), |it| layout.currency.format_whole(it))
    };
    html! {
        table.rows.flows {
            thead {
                tr {
                    th scope="col" { "Flow" }
                    th.mid scope="col" { "State" }
                    th.wide.number scope="col" { "In it now" }
                    th.wide.number scope="col" { "Delivered" }
                    th.number scope="col" { "Orders" }
                    th.number scope="col" { "Credited" }
                    th.mid.number scope="col" { "Lift per customer" }
                }
            }
            tbody {
                @for flow in flows {
                    @let (lift, why) = flow.lift.texts(layout.currency);
                    tr {
                        th scope="row" { a.row-link href=(format!("/flows/{}", flow.id)) { (flow.name) } }
                        td.mid { (flow.state.badge()) }
                        td.wide.number { (format::count_or_dash(flow.in_now)) }
                        td.wide.number { (format::count_or_dash(flow.delivered)) }
                        td.number { (format::count_or_dash(flow.orders)) }
                        td.number { (money(flow.credited_minor)) }
                        td.mid.number { (lift) @if !why.is_empty() { span.under { (why) } } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    #[test]
    fn the_list_says_what_each_flow_does_and_what_is_not_known() {
        let html = FlowsPage::sample().render(&Layout::sample()).into_string();
        check(&html);
        insta::assert_snapshot!(visible_text(&html));
    }

    #[test]
    fn without_flows_the_page_says_what_one_would_do() {
        let page = FlowsPage { flows: Vec::new(), span: String::new() };
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        assert!(visible_text(&html).contains("No flows yet"));
    }
}
