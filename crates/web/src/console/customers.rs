//! Customers: find one by the beginning of a name, an address or an order number.

use aftercart_model::{ConsentState, Timestamp};
use maud::{Markup, html};

use super::{Head, head};
use crate::{
    component::{
        Button, Empty, Paging, Tone, Total, avatar, badge, badge_state, empty, pager, search_field,
    },
    format,
    icon::Icon,
    layout::{Layout, Place},
};

#[derive(Clone, Debug)]
pub struct CustomersPage {
    /// What was looked for; empty shows the newest.
    pub query: String,
    /// Of the whole shop.
    pub total: Total,
    pub rows: Vec<CustomerRow>,
    pub paging: Paging,
}

#[derive(Clone, Debug)]
pub struct CustomerRow {
    pub href: String,
    pub name: String,
    pub address: String,
    pub orders: u64,
    pub spent_minor: i64,
    pub last_order_at: Option<Timestamp>,
    /// What they last said about marketing email; `None` if they were never asked.
    pub marketing: Option<ConsentState>,
    pub is_suppressed: bool,
    /// The flows they are in now, by name.
    pub flows: Vec<String>,
}

impl CustomersPage {
    pub fn sample() -> Self {
        let row =
            |id: u32, name: &str, orders, spent_minor, last: &str, flows: &[&str]| CustomerRow {
                href: format!("/customers/{id}"),
                name: name.to_owned(),
                address: format!("{}@mail.example", name.to_lowercase().replace(' ', ".")),
                orders,
                spent_minor,
                last_order_at: Some(last.parse().expect("a fixed instant")),
                marketing: Some(ConsentState::Agreed),
                is_suppressed: false,
                flows: flows.iter().map(|it| (*it).to_owned()).collect(),
            };
        let upsell = "Upsell after an order";
        Self {
            query: String::new(),
            total: Total::MoreThan(10_000),
            rows: vec![
                row(771, "Hana Sato", 3, 97_400, "2026-03-17T13:58:00Z", &[upsell]),
                row(640, "Owen Byrne", 1, 7_400, "2026-03-17T11:20:00Z", &[]),
                row(513, "Ana Ribeiro", 1, 4_250, "2026-03-09T14:06:00Z", &[upsell]),
                CustomerRow {
                    marketing: None,
                    ..row(502, "Lucie Delmas", 2, 12_350, "2026-03-04T08:31:00Z", &["Feedback"])
                },
                CustomerRow {
                    marketing: Some(ConsentState::Withdrawn),
                    ..row(498, "Tomasz Wilk", 1, 11_900, "2026-03-02T19:47:00Z", &[])
                },
                CustomerRow {
                    is_suppressed: true,
                    ..row(477, "Priya Nair", 4, 21_600, "2026-02-28T10:12:00Z", &[])
                },
            ],
            paging: Paging { newer: None, older: Some("?before=477".to_owned()) },
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let is_search = !self.query.is_empty();
        let body = html! {
            (head(&Head {
                title: "Customers",
                text: html! { (self.total.text("customer", "customers")) " in the shop." },
                ..Head::default()
            }))
            section.card aria-label="Customers" {
                @if self.total.is_zero() {
                    (empty(&Empty {
                        icon: Icon::People,
                        title: "No customers yet",
                        text: "Everyone who orders stands here, with what they got and why. Import \
                               past orders to fill the list.",
                        action: Some(("Go home", "/")),
                        alternative: None,
                    }))
                } @else {
                    form.finder action="/customers" role="search" {
                        (search_field("Name, address or order", &self.query))
                        (Button::plain("Search").submit())
                        @if is_search { (Button::quiet("Show all").link("/customers")) }
                    }
                    @if self.rows.is_empty() {
                        (empty(&Empty {
                            icon: Icon::Search,
                            title: "Nobody found",
                            text: "The search takes the beginning of a name, an address or an order \
                                   number.",
                            action: None,
                            alternative: Some(("Show all", "/customers")),
                        }))
                    } @else {
                        (table(&self.rows, layout))
                        (pager(&self.paging))
                    }
                }
            }
        };
        layout.page("Customers", Some(Place::Customers), &body)
    }
}

pub(crate) fn table(rows: &[CustomerRow], layout: &Layout) -> Markup {
    let last = |at: Option<Timestamp>| {
        at.map_or_else(|| format::NOTHING.to_owned(), |it| layout.calendar.day_short(it))
    };
    html! {
        table.rows.customers {
            thead {
                tr {
                    th scope="col" { "Customer" }
                    th.number scope="col" { "Orders" }
                    th.number scope="col" { "Spent" }
                    th.mid scope="col" { "Last order" }
                    th.mid scope="col" { "Marketing" }
                    th.wide scope="col" { "In flows" }
                }
            }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" {
                            span.person {
                                (avatar(&row.name))
                                span {
                                    a.row-link href=(row.href) { (row.name) }
                                    span.under { (row.address) }
                                }
                            }
                        }
                        td.number { (format::count(row.orders)) }
                        td.number { (layout.currency.format(row.spent_minor)) }
                        td.mid { (last(row.last_order_at)) }
                        td.mid { (consent_badge(row.marketing, row.is_suppressed)) }
                        td.wide.soft {
                            @if row.flows.is_empty() { (format::NOTHING) }
                            @else { (row.flows.join(", ")) }
                        }
                    }
                }
            }
        }
    }
}

/// What a customer said about a topic, or that nothing may be mailed whatever they said.
pub(crate) fn consent_badge(state: Option<ConsentState>, is_suppressed: bool) -> Markup {
    if is_suppressed {
        return badge_state(Tone::Bad, "Suppressed");
    }
    match state {
        Some(ConsentState::Agreed) => badge_state(Tone::Good, "Agreed"),
        Some(ConsentState::Withdrawn) => badge_state(Tone::Warn, "Withdrawn"),
        None => badge(Tone::Neutral, "Never asked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    fn text_of(page: &CustomersPage) -> String {
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        visible_text(&html)
    }

    #[test]
    fn the_list_says_who_can_be_mailed() {
        insta::assert_snapshot!(text_of(&CustomersPage::sample()));
    }

    #[test]
    fn a_search_that_finds_nobody_says_what_it_takes() {
        let page = CustomersPage {
            query: "zzz".to_owned(),
            rows: Vec::new(),
            paging: Paging::default(),
            ..CustomersPage::sample()
        };
        assert!(text_of(&page).contains("Nobody found"));
    }

    #[test]
    fn an_empty_shop_says_where_customers_come_from() {
        let page =
            CustomersPage { total: Total::Exactly(0), rows: Vec::new(), ..CustomersPage::sample() };
        assert!(text_of(&page).contains("No customers yet"));
    }
}
