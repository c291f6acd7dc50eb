//! What people asked the shop's platform for, which an operator is to do.

use aftercart_model::Timestamp;
use maud::{Markup, html};

use super::{Head, head};
use crate::{
    component::{Button, Empty, empty},
    icon::Icon,
    layout::{Layout, Place},
};

#[derive(Clone, Debug)]
pub struct RequestsPage {
    /// The longest waiting first.
    pub rows: Vec<RequestRow>,
}

#[derive(Clone, Debug)]
pub struct RequestRow {
    pub number: String,
    pub at: Timestamp,
    pub asks: RequestAsks,
}

#[derive(Clone, Debug)]
pub enum RequestAsks {
    /// A copy of what is kept of a customer.
    Export { customer: String, name: String },
    /// That the whole shop is erased.
    EraseShop,
}

impl RequestsPage {
    pub fn sample() -> Self {
        let row = |number: &str, at: &str, asks| RequestRow {
            number: number.to_owned(),
            at: at.parse().expect("a fixed instant"),
            asks,
        };
        let export =
            RequestAsks::Export { customer: "513".to_owned(), name: "Ana Ribeiro".to_owned() };
        Self {
            rows: vec![
                row("4101", "2026-03-09T13:51:00Z", export),
                row("4177", "2026-03-15T08:02:00Z", RequestAsks::EraseShop),
            ],
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let body = html! {
            (head(&Head {
                crumbs: &[("Customers", "/customers")],
                title: "Requests",
                text: html! {
                    "What people asked your platform for and it passed on. Whoever asks to be erased \
                     is erased at once, without you."
                },
                ..Head::default()
            }))
            section.card aria-label="Requests" {
                @if self.rows.is_empty() {
                    (empty(&Empty {
                        icon: Icon::People,
                        title: "Nobody waits",
                        text: "When somebody asks for what is kept of them, it stands here until it \
                               is done.",
                        action: None,
                        alternative: Some(("Back to the customers", "/customers")),
                    }))
                } @else {
                    ul.requests { @for it in &self.rows { (request(it, layout)) } }
                }
            }
        };
        layout.page("Requests", Some(Place::Customers), &body)
    }
}

fn request(it: &RequestRow, layout: &Layout) -> Markup {
    let day = layout.calendar.date(it.at);
    let close = format!("/customers/requests/{}/close", it.number);
    html! {
        li.request {
            div.words {
                @match &it.asks {
                    RequestAsks::Export { customer, name } => {
                        p {
                            a.row-link href=(format!("/customers/{customer}")) { (name) }
                            " asks for what is kept of them"
                        }
                        p.hint {
                            "Since " (day) ". Export it, look at it, and send it to them within a month."
                        }
                    }
                    RequestAsks::EraseShop => {
                        p { "The platform asks that the whole shop be erased" }
                        p.hint {
                            "Since " (day) ". The app was taken out of the shop. If you are done with it, \
                             stop Aftercart and delete its store, your backups and the files you imported. \
                             If the app is in the shop again, close this."
                        }
                    }
                }
            }
            div.actions {
                @if let RequestAsks::Export { customer, .. } = &it.asks {
                    form method="post" action=(format!("/customers/{customer}/export")) {
                        (Button::plain("Export").icon(Icon::Download).small().submit())
                    }
                }
                form method="post" action=(close) {
                    (Button::quiet("Close").small().submit())
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    fn text_of(page: &RequestsPage) -> String {
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        visible_text(&html)
    }

    #[test]
    fn each_request_says_what_to_do() {
        insta::assert_snapshot!(text_of(&RequestsPage::sample()));
    }

    #[test]
    fn an_empty_list_says_what_would_stand_in_it() {
        let text = text_of(&RequestsPage { rows: Vec::new() });
        assert!(text.contains("Nobody waits"), "{text}");
    }
}
