//! Reports: which flows have one, with the answer of each in a line.

use maud::{Markup, html};

use super::{FlowState, Head, flows::FlowSummary, head};
use crate::{
    component::{Empty, empty},
    format,
    icon::Icon,
    layout::{Layout, Place},
};

#[derive(Clone, Debug)]
pub struct ReportsPage {
    /// Drafts have nothing to report and are left out.
    pub flows: Vec<FlowSummary>,
    /// The days the figures are about: `since each was launched`.
    pub span: String,
}

impl ReportsPage {
    pub fn sample() -> Self {
        Self { flows: FlowSummary::samples(), span: "since each was launched".to_owned() }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let run: Vec<&FlowSummary> =
            self.flows.iter().filter(|it| it.state != FlowState::Draft).collect();
        let body = html! {
            (head(&Head {
                title: "Reports",
                text: html! {
                    "What each flow brought " (self.span)
                    ", and whether it is more than doing nothing."
                },
                ..Head::default()
            }))
            section.card aria-label="Reports of the flows" {
                @if run.is_empty() {
                    (empty(&Empty {
                        icon: Icon::Chart,
                        title: "Nothing to report yet",
                        text: "A report compares those in a flow with those held out of it by lot. \
                               It begins with the first enrolment.",
                        action: Some(("See the flows", "/flows")),
                        alternative: None,
                    }))
                } @else {
                    (table(&run, layout))
                }
            }
        };
        layout.page("Reports", Some(Place::Reports), &body)
    }
}

fn table(flows: &[&FlowSummary], layout: &Layout) -> Markup {
    let money = |minor: Option<i64>| {
        minor.map_or_else(|| format::NOTHING.to_owned(), |it| layout.currency.format_whole(it))
    };
    html! {
        table.rows {
            thead {
                tr {
                    th scope="col" { "Report" }
                    th.wide.number scope="col" { "Delivered" }
                    th.wide.number scope="col" { "Orders" }
                    th.number scope="col" { "Credited" }
                    th.number scope="col" { "Lift per customer" }
                }
            }
            tbody {
                @for flow in flows {
                    @let (lift, why) = flow.lift.texts(layout.currency);
                    tr {
                        th scope="row" { a.row-link href=(format!("/reports/{}", flow.id)) { (flow.name) } }
                        td.wide.number { (format::count_or_dash(flow.delivered)) }
                        td.wide.number { (format::count_or_dash(flow.orders)) }
                        td.number { (money(flow.credited_minor)) }
                        td.number { (lift) @if !why.is_empty() { span.under { (why) } } }
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
    fn drafts_have_no_report() {
        let html = ReportsPage::sample().render(&Layout::sample()).into_string();
        check(&html);
        let text = visible_text(&html);
        assert!(text.contains("Upsell after an order"));
        assert!(!text.contains("Wholesale welcome"));
    }

    #[test]
    fn without_a_flow_that_ran_the_page_says_what_would_stand_here() {
        let page = ReportsPage { flows: Vec::new(), span: String::new() };
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        assert!(visible_text(&html).contains("Nothing to report yet"));
    }
}
