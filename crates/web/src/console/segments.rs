//! Segments: all of them, with how many are in each, how that changed, and what uses them; and the
//! lists that conditions can name.

use maud::{Markup, html};

use super::{Head, head};
use crate::{
    chart,
    component::{Button, Empty, Tone, badge, bar, card_head, empty},
    format,
    icon::Icon,
    layout::{Layout, Place},
};

#[derive(Clone, Debug)]
pub struct SegmentsPage {
    pub of_customers: u64,
    pub rows: Vec<SegmentRow>,
    pub lists: Vec<ListRow>,
}

#[derive(Clone, Debug)]
pub struct SegmentRow {
    pub id: String,
    pub name: String,
    /// In words, on one line.
    pub condition: String,
    /// `None` if the condition cannot be read.
    pub customers: Option<u64>,
    /// At the end of each of the last days that were counted, oldest first.
    pub sizes: Vec<u64>,
    /// Names and addresses of flows.
    pub used_by: Vec<(String, String)>,
    pub is_shipped: bool,
}

#[derive(Clone, Debug)]
pub struct ListRow {
    pub id: String,
    pub name: String,
    pub customers: u64,
}

impl SegmentsPage {
    pub fn sample() -> Self {
        let row = |id: &str, name: &str, condition: &str, customers, sizes: &[u64]| SegmentRow {
            id: id.to_owned(),
            name: name.to_owned(),
            condition: condition.to_owned(),
            customers: Some(customers),
            sizes: sizes.to_vec(),
            used_by: Vec::new(),
            is_shipped: false,
        };
        let growing: Vec<u64> = (0..30).map(|day| 847 + day * day / 6 + day % 4 * 3).collect();
        Self {
            of_customers: 48_212,
            rows: vec![
                SegmentRow {
                    used_by: vec![(
                        "Upsell after an order".to_owned(),
                        "/flows/upsell-cross-sell".to_owned(),
                    )],
                    ..row(
                        "upsell",
                        "Bought, looking again, not bought again",
                        "ordered at least 1 time in the last 30 days and any of (viewed a product \
                         related to their last order since their last order)",
                        1_012,
                        &growing,
                    )
                },
                row(
                    "good-customers",
                    "Good customers",
                    "ordered at least 3 times in the last 365 days and spent at least 200.00 EUR",
                    3_418,
                    &[3_377, 3_390, 3_418],
                ),
                SegmentRow {
                    customers: None,
                    ..row("old", "Written by a newer program", "is a friend of the shop", 0, &[])
                },
            ],
            lists: vec![ListRow { id: "vip".to_owned(), name: "VIP".to_owned(), customers: 12 }],
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let body = html! {
            (head(&Head {
                title: "Segments",
                text: html! { "Rules that pick customers, each counted just now." },
                actions: Button::primary("New segment").link("/segments/new"),
                ..Head::default()
            }))
            section.card aria-label="Segments" {
                @if self.rows.is_empty() {
                    (empty(&Empty {
                        icon: Icon::Segment,
                        title: "No segments yet",
                        text: "A segment is a rule in plain English, such as `ordered at least 2 times \
                               in the last 90 days`. Flows start when somebody enters one.",
                        action: Some(("Write the first one", "/segments/new")),
                        alternative: None,
                    }))
                } @else { (self.table()) }
            }
            section.card aria-label="Lists" {
                (card_head("Lists", "customers gathered by hand or by import"))
                @if self.lists.is_empty() {
                    p.padded-text {
                        "None yet. `aftercart list create VIP` makes one, and "
                        code { "is on list \"VIP\"" } " asks for it."
                    }
                } @else {
                    ul.list-rows {
                        @for it in &self.lists {
                            li {
                                span { (it.name) " " span.under { (it.id) } }
                                span.number { (format::counted(it.customers, "customer", "customers")) }
                            }
                        }
                    }
                }
            }
        };
        layout.page("Segments", Some(Place::Segments), &body)
    }

    fn table(&self) -> Markup {
        html! {
            table.rows.segments {
                thead {
                    tr {
                        th scope="col" { "Segment" }
                        th.number scope="col" { "Customers" }
                        th.wide scope="col" { "Share" }
                        th.mid scope="col" { "Last 30 days" }
                        th.mid scope="col" { "Used by" }
                    }
                }
                tbody {
                    @for row in &self.rows {
                        tr {
                            th scope="row" {
                                a.row-link href=(format!("/segments/{}", row.id)) { (row.name) }
                                @if row.is_shipped { " " (badge(Tone::Neutral, "Shipped")) }
                                span.under.clipped { (row.condition) }
                            }
                            td.number { (format::count_or_dash(row.customers)) }
                            td.wide {
                                @match row.customers.and_then(|it| format::share(it, self.of_customers)) {
                                    Some(share) => {
                                        (format::percent(share)) " " (bar(share))
                                    }
                                    None => {
                                        (format::NOTHING)
                                        span.under { "the condition cannot be read" }
                                    }
                                }
                            }
                            td.mid { (size_line(&row.sizes)) }
                            td.mid {
                                @if row.used_by.is_empty() { (format::NOTHING) }
                                @for (index, (name, href)) in row.used_by.iter().enumerate() {
                                    @if index > 0 { ", " }
                                    a.above href=(href) { (name) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The size of a segment from day to day, or why there is no line.
pub(crate) fn size_line(sizes: &[u64]) -> Markup {
    html! {
        @match sizes {
            [] => span.under { "counted once a day from now on" },
            [only] => { (format::count(*only)) span.under { "one day so far" } },
            [first, .., last] => {
                @let label = format!(
                    "{} on the first of {} days, {} on the last",
                    format::count(*first), sizes.len(), format::count(*last)
                );
                (chart::spark(&label, sizes))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    fn text_of(page: &SegmentsPage) -> String {
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        visible_text(&html)
    }

    #[test]
    fn each_segment_stands_with_its_size_and_its_uses() {
        insta::assert_snapshot!(text_of(&SegmentsPage::sample()));
    }

    #[test]
    fn a_shop_without_segments_is_shown_how_one_reads() {
        let page = SegmentsPage { rows: Vec::new(), lists: Vec::new(), of_customers: 0 };
        let text = text_of(&page);
        assert!(text.contains("No segments yet") && text.contains("Write the first one"), "{text}");
    }
}
