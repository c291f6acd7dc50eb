//! Inbox: the mail that was caught or sent, as a mail client shows it.
//!
//! A letter is shown in a sandboxed frame served by its own route under its own policy, because it
//! carries text that customers and products brought along; the console never puts it into its page.

use aftercart_model::Timestamp;
use maud::{Markup, html};

use super::{Head, head, products::encoded};
use crate::{
    component::{Button, Empty, Paging, Total, empty, pager, search_field},
    format,
    icon::{Icon, icon},
    layout::{Layout, Place},
};

#[derive(Clone, Debug)]
pub struct InboxPage {
    pub query: String,
    pub total: Total,
    /// Newest first.
    pub rows: Vec<LetterRow>,
    pub paging: Paging,
    pub letter: Option<Letter>,
    pub view: LetterView,
}

#[derive(Clone, Debug)]
pub struct LetterRow {
    pub id: String,
    pub to_name: String,
    pub subject: String,
    pub preheader: String,
    /// Which email of which flow: `Offer`.
    pub step: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct Letter {
    pub id: String,
    pub subject: String,
    pub from: String,
    pub to_name: String,
    pub to_address: String,
    pub customer_href: Option<String>,
    /// `Offer of Upsell after an order`, and where that is.
    pub step: String,
    pub step_href: Option<String>,
    pub at: Timestamp,
    pub bytes: u64,
    pub text: String,
    /// Names and values as they went out, in their order.
    pub headers: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterView {
    Desktop,
    Phone,
    Text,
    Headers,
}

impl LetterView {
    pub const ALL: [Self; 4] = [Self::Desktop, Self::Phone, Self::Text, Self::Headers];

    /// The value in the address: `?view=phone`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Phone => "phone",
            Self::Text => "text",
            Self::Headers => "headers",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    fn label(self) -> (&'static str, Icon) {
        match self {
            Self::Desktop => ("Desktop", Icon::Desktop),
            Self::Phone => ("Phone", Icon::Phone),
            Self::Text => ("Text", Icon::Text),
            Self::Headers => ("Headers", Icon::Code),
        }
    }
}

/// Where the HTML of a letter is served.
pub fn letter_src(id: &str) -> String {
    format!("/inbox/{id}/html")
}

impl InboxPage {
    pub fn sample() -> Self {
        let row =
            |id: &str, to: &str, subject: &str, preheader: &str, step: &str, at: &str| LetterRow {
                id: id.to_owned(),
                to_name: to.to_owned(),
                subject: subject.to_owned(),
                preheader: preheader.to_owned(),
                step: step.to_owned(),
                at: at.parse().expect("a fixed instant"),
            };
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let pour = "The pour is half the cup";
        Self {
            query: String::new(),
            total: Total::Exactly(3_361),
            rows: vec![
                row(
                    "1802",
                    "Hana Sato",
                    "10% off the kettle, until Sunday",
                    "Your code is inside",
                    "Discount",
                    "2026-03-17T13:41:00Z",
                ),
                row(
                    "1801",
                    "Lucie Delmas",
                    "How is the French press?",
                    "One question, five stars",
                    "Feedback",
                    "2026-03-17T13:12:00Z",
                ),
                row(
                    "1799",
                    "Jonas Keller",
                    "Your 10% ends tonight",
                    "Gooseneck kettle, €80.10 until midnight",
                    "Nudge",
                    "2026-03-17T12:30:00Z",
                ),
                row(
                    "1796",
                    "Owen Byrne",
                    "“I stopped going to the café”",
                    "4.8 of 5 from 64 buyers",
                    "Social proof",
                    "2026-03-17T10:02:00Z",
                ),
                row(
                    "1777",
                    "Ana Ribeiro",
                    "To go with your ceramic dripper, Ana",
                    pour,
                    "Offer",
                    "2026-03-11T10:03:00Z",
                ),
                row(
                    "1770",
                    "Priya Nair",
                    "To go with your French press, Priya",
                    "What goes well with it",
                    "Offer",
                    "2026-03-11T09:20:00Z",
                ),
            ],
            paging: Paging { newer: None, older: Some("?before=1770".to_owned()) },
            letter: Some(Letter {
                id: "1777".to_owned(),
                subject: "To go with your ceramic dripper, Ana".to_owned(),
                from: "Tarn & Ember <hello@tarnandember.example>".to_owned(),
                to_name: "Ana Ribeiro".to_owned(),
                to_address: "ana.ribeiro@mail.example".to_owned(),
                customer_href: Some("/customers/513".to_owned()),
                step: "Offer of Upsell after an order".to_owned(),
                step_href: Some("/flows/upsell-cross-sell?step=offer".to_owned()),
                at: "2026-03-11T10:03:00Z".parse().expect("a fixed instant"),
                bytes: 38_412,
                text: "Your dripper deserves a steady hand\n\nGood choice, Ana. The last thing \
                       between you and a really even cup is the pour, so here is the kettle most \
                       people pair with the Ceramic dripper.\n\nSee the gooseneck kettle\n\
                       https://tarnandember.example/kettle\n"
                    .to_owned(),
                headers: vec![
                    header("From", "Tarn & Ember <hello@tarnandember.example>"),
                    header("To", "Ana Ribeiro <ana.ribeiro@mail.example>"),
                    header("Subject", "To go with your ceramic dripper, Ana"),
                    header("Date", "Wed, 11 Mar 2026 10:03:00 +0000"),
                    header("Message-ID", "<k3v7q2x4@mail.tarnandember.example>"),
                    header("List-Unsubscribe", "<https://mail.tarnandember.example/u/k3v7q2x4>"),
                    header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                    header("List-Id", "<upsell-cross-sell.tarnandember.example>"),
                ],
            }),
            view: LetterView::Desktop,
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let body = html! {
            (head(&Head {
                title: "Inbox",
                text: html! { (self.total.text("email", "emails")) ". " (layout.mail.sentence()) },
                ..Head::default()
            }))
            @if self.total.is_zero() {
                section.card aria-label="Emails" {
                    (empty(&Empty {
                        icon: Icon::Inbox,
                        title: "No email yet",
                        text: "Every email stands here just as its reader gets it. The first goes \
                               out two days after an order.",
                        action: Some(("See the flows", "/flows")),
                        alternative: None,
                    }))
                }
            } @else {
                div.card.mailbox.reading[self.letter.is_some()] {
                    (self.list(layout))
                    @match &self.letter {
                        Some(letter) => (self.letter(letter, layout)),
                        None => div.letter.blank {
                            (empty(&Empty {
                                icon: Icon::Mail,
                                title: "Choose an email",
                                text: "It is shown as its reader gets it: on a desktop, on a phone, \
                                       and as plain text.",
                                action: None,
                                alternative: None,
                            }))
                        },
                    }
                }
            }
        };
        let title = self.letter.as_ref().map_or("Inbox", |it| it.subject.as_str());
        layout.page(title, Some(Place::Inbox), &body)
    }

    fn list(&self, layout: &Layout) -> Markup {
        let calendar = &layout.calendar;
        let today = calendar.at(calendar.now).date();
        let when = |at: Timestamp| {
            if calendar.at(at).date() == today { calendar.time(at) } else { calendar.day_short(at) }
        };
        let open = self.letter.as_ref().map(|it| it.id.as_str());
        html! {
            section.letters aria-label="Emails" {
                form.finder action="/inbox" role="search" {
                    (search_field("Subject, name or address", &self.query))
                }
                @if self.rows.is_empty() {
                    p.calm { span { "No email found. " a href="/inbox" { "Show all" } } }
                }
                ol {
                    @for row in &self.rows {
                        @let is_open = open == Some(row.id.as_str());
                        li.selected[is_open] {
                            div.line {
                                span.to { (row.to_name) }
                                time datetime=(calendar.machine(row.at)) { (when(row.at)) }
                            }
                            a.row-link href=(self.href(&row.id, LetterView::Desktop))
                                aria-current=[is_open.then_some("true")] { (row.subject) }
                            div.line {
                                span.preheader { (row.preheader) }
                                span.step-name { (row.step) }
                            }
                        }
                    }
                }
                (pager(&self.paging))
            }
        }
    }

    fn href(&self, id: &str, view: LetterView) -> String {
        let mut parts = Vec::new();
        if !self.query.is_empty() {
            parts.push(format!("q={}", encoded(&self.query)));
        }
        if view != LetterView::Desktop {
            parts.push(format!("view={}", view.name()));
        }
        let query = if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) };
        format!("/inbox/{id}{query}")
    }

    fn letter(&self, letter: &Letter, layout: &Layout) -> Markup {
        html! {
            article.letter aria-label="The email" {
                div.letter-head {
                    div.back { (Button::plain("All emails").small().icon(Icon::Left).link("/inbox")) }
                    h2 { (letter.subject) }
                    dl.envelope {
                        div { dt { "From" } dd { (letter.from) } }
                        div {
                            dt { "To" }
                            dd {
                                @match &letter.customer_href {
                                    Some(href) => a href=(href) { (letter.to_name) },
                                    None => (letter.to_name),
                                }
                                span.soft { " " (letter.to_address) }
                            }
                        }
                        div {
                            dt { "As" }
                            dd {
                                @match &letter.step_href {
                                    Some(href) => a href=(href) { (letter.step) },
                                    None => (letter.step),
                                }
                            }
                        }
                        div {
                            dt { "Date" }
                            dd {
                                (layout.calendar.moment(letter.at))
                                span.soft { ", " (format::bytes(letter.bytes)) }
                            }
                        }
                    }
                    div.bar-line {
                        nav.segmented aria-label="How to show it" {
                            @for view in LetterView::ALL {
                                @let (label, glyph) = view.label();
                                a href=(self.href(&letter.id, view))
                                    aria-current=[(view == self.view).then_some("true")] {
                                    (icon(glyph)) span { (label) }
                                }
                            }
                        }
                    }
                }
                (self.letter_body(letter))
            }
        }
    }

    fn letter_body(&self, letter: &Letter) -> Markup {
        let frame = |class: &str| {
            html! {
                div.sheet {
                    iframe class=(class) src=(letter_src(&letter.id)) sandbox=""
                        title=(format!("Email: {}", letter.subject)) {}
                }
            }
        };
        match self.view {
            LetterView::Desktop => frame("desktop"),
            LetterView::Phone => frame("phone"),
            LetterView::Text => html! {
                div.sheet { pre.plain-text tabindex="0" aria-label="Text part" { (letter.text) } }
            },
            LetterView::Headers => html! {
                div.sheet {
                    dl.headers {
                        @for (name, value) in &letter.headers {
                            div { dt { (name) } dd { (value) } }
                        }
                    }
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    fn text_of(page: &InboxPage) -> String {
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        visible_text(&html)
    }

    #[test]
    fn the_inbox_reads_like_a_mail_client() {
        insta::assert_snapshot!(text_of(&InboxPage::sample()));
    }

    #[test]
    fn a_letter_is_framed_and_may_run_nothing() {
        let html = InboxPage::sample().render(&Layout::sample()).into_string();
        assert!(html.contains("src=\"/inbox/1777/html\" sandbox=\"\""));
        assert!(!html.contains("allow-scripts") && !html.contains("allow-same-origin"));
    }

    #[test]
    fn every_view_of_a_letter_has_its_own_address() {
        let of = |view| InboxPage { view, ..InboxPage::sample() };
        assert!(text_of(&of(LetterView::Text)).contains("See the gooseneck kettle"));
        assert!(text_of(&of(LetterView::Headers)).contains("List-Unsubscribe=One-Click"));
        let html = of(LetterView::Phone).render(&Layout::sample()).into_string();
        assert!(html.contains("class=\"phone\""));
    }

    #[test]
    fn an_empty_inbox_says_when_the_first_email_goes() {
        let page = InboxPage {
            total: Total::Exactly(0),
            rows: Vec::new(),
            letter: None,
            ..InboxPage::sample()
        };
        assert!(text_of(&page).contains("The first goes out two days after an order"));
    }
}
