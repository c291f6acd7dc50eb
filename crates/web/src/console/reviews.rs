//! Reviews: which of them may appear in emails is an operator's word.
//!
//! The ones that wait come first. A decision can be changed at any time: each list has the other
//! word beside every review.

use aftercart_model::Timestamp;
use maud::{Markup, html};

use super::{Head, head};
use crate::{
    component::{Button, Empty, Paging, Tab, empty, pager, tabs},
    icon::Icon,
    layout::{Layout, Place},
};

/// A sprite's star cannot be filled from outside; five of them tell by their filling.
const STAR: &str = "M8 1.9l1.9 3.9 4.2.6-3.1 3 .8 4.3L8 11.6l-3.8 2.1.8-4.3-3.1-3 4.2-.6z";

#[derive(Clone, Debug)]
pub struct ReviewsPage {
    pub shown: ReviewList,
    pub waiting: u64,
    pub approved: u64,
    pub declined: u64,
    pub rows: Vec<ReviewRow>,
    pub paging: Paging,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewList {
    Waiting,
    Approved,
    Declined,
}

impl ReviewList {
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Approved, Self::Declined];

    /// The value in the address: `?list=approved`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Declined => "declined",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    pub fn href(self) -> String {
        match self {
            Self::Waiting => "/reviews".to_owned(),
            other => format!("/reviews?list={}", other.name()),
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Approved => "Approved",
            Self::Declined => "Declined",
        }
    }
}

#[derive(Clone, Debug)]
pub struct ReviewRow {
    /// In the address it is decided at.
    pub id: String,
    /// 1 to 5.
    pub stars: u8,
    /// Verbatim; empty is a rating alone.
    pub text: String,
    /// As an email would name them.
    pub author: String,
    pub customer_href: Option<String>,
    pub product: String,
    pub product_href: Option<String>,
    pub bought_at: Option<Timestamp>,
    pub at: Timestamp,
}

impl ReviewsPage {
    pub fn sample() -> Self {
        let at = |text: &str| text.parse::<Timestamp>().expect("a fixed instant");
        let row =
            |id: &str, stars, author: &str, text: &str, product: &str, when: &str| ReviewRow {
                id: id.to_owned(),
                stars,
                text: text.to_owned(),
                author: author.to_owned(),
                customer_href: Some("/customers/513".to_owned()),
                product: product.to_owned(),
                product_href: Some("/products?product=3".to_owned()),
                bought_at: Some(at("2026-02-20T09:00:00Z")),
                at: at(when),
            };
        Self {
            shown: ReviewList::Waiting,
            waiting: 3,
            approved: 214,
            declined: 6,
            rows: vec![
                row(
                    "811",
                    5,
                    "Tomás R.",
                    "The pour is slow and even, and it keeps its heat through two cups.",
                    "Gooseneck kettle 0.9 l",
                    "2026-03-16T18:20:00Z",
                ),
                row(
                    "807",
                    2,
                    "Lucie D.",
                    "Arrived chipped. The replacement came quickly, but I had hoped not to need one.",
                    "Ceramic dripper No. 2",
                    "2026-03-15T07:45:00Z",
                ),
                ReviewRow {
                    customer_href: None,
                    bought_at: None,
                    ..row("802", 5, "Hana S.", "", "Brew scale", "2026-03-14T11:02:00Z")
                },
            ],
            paging: Paging::default(),
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let body = html! {
            (head(&Head {
                title: "Reviews",
                text: html! {
                    "An email shows approved reviews only. A rating counts for its product whatever \
                     becomes of its words."
                },
                ..Head::default()
            }))
            (self.tabs())
            section.card aria-label=(self.shown.label()) {
                @if self.rows.is_empty() {
                    (self.nothing())
                } @else {
                    ul.reviews { @for row in &self.rows { (self.row(row, layout)) } }
                    (pager(&self.paging))
                }
            }
        };
        layout.page("Reviews", Some(Place::Reviews), &body)
    }

    fn tabs(&self) -> Markup {
        let tab = |list: ReviewList, count: u64| {
            Tab::new(list.label(), list.href(), list == self.shown).count(Some(count))
        };
        tabs(
            "Reviews by what was decided",
            &[
                tab(ReviewList::Waiting, self.waiting),
                tab(ReviewList::Approved, self.approved),
                tab(ReviewList::Declined, self.declined),
            ],
        )
    }

    fn nothing(&self) -> Markup {
        let (title, text) = match self.shown {
            ReviewList::Waiting => (
                "No review waits",
                "The feedback email asks buyers for one; what they write waits here for your yes.",
            ),
            ReviewList::Approved => (
                "Nothing approved yet",
                "A product needs three approved reviews before an email says what its buyers say.",
            ),
            ReviewList::Declined => {
                ("Nothing declined", "A review you decline stands here, and can be approved later.")
            }
        };
        let is_waiting = self.shown == ReviewList::Waiting;
        empty(&Empty {
            icon: Icon::Star,
            title,
            text,
            action: None,
            alternative: (!is_waiting).then_some(("See what waits", "/reviews")),
        })
    }

    fn row(&self, row: &ReviewRow, layout: &Layout) -> Markup {
        let label = format!("{} of 5 stars", row.stars);
        let calendar = &layout.calendar;
        html! {
            li id=(format!("review-{}", row.id)) {
                div.words {
                    p.review-head {
                        span.stars role="img" aria-label=(label) {
                            @for place in 1..=5 {
                                svg.star.filled[place <= row.stars] viewBox="0 0 16 16" aria-hidden="true" {
                                    path d=(STAR) {}
                                }
                            }
                        }
                        @match &row.product_href {
                            Some(href) => a href=(href) { (row.product) },
                            None => b { (row.product) },
                        }
                    }
                    @if row.text.is_empty() {
                        p.soft { "A rating alone, without words; no email shows it." }
                    } @else {
                        blockquote { (row.text) }
                    }
                    p.hint {
                        @match &row.customer_href {
                            Some(href) => a href=(href) { (row.author) },
                            None => (row.author),
                        }
                        ", " (calendar.day_short(row.at))
                        @if let Some(at) = row.bought_at {
                            "; bought " (calendar.day_short(at))
                        }
                    }
                }
                div.actions { (self.decisions(row)) }
            }
        }
    }

    fn decisions(&self, row: &ReviewRow) -> Markup {
        let form = |what: &str, button: Markup| {
            html! {
                form method="post" action=(format!("/reviews/{}/{what}", row.id)) {
                    input type="hidden" name="list" value=(self.shown.name());
                    (button)
                }
            }
        };
        html! {
            @if self.shown != ReviewList::Declined {
                (form("decline", Button::plain("Decline").small().submit()))
            }
            @if self.shown != ReviewList::Approved {
                (form("approve", Button::plain("Approve").small().icon(Icon::Check).submit()))
            }
        }
    }
}

/// What a page says after a review was decided.
pub fn decided(list: ReviewList) -> &'static str {
    match list {
        ReviewList::Waiting => "The review waits again",
        ReviewList::Approved => "The review is approved",
        ReviewList::Declined => "The review is declined",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    fn html_of(page: &ReviewsPage) -> String {
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        html
    }

    #[test]
    fn the_list_shows_who_says_what_of_what() {
        insta::assert_snapshot!(visible_text(&html_of(&ReviewsPage::sample())));
    }

    #[test]
    fn each_list_offers_the_other_word() {
        let offers = |shown| {
            let html = html_of(&ReviewsPage { shown, ..ReviewsPage::sample() });
            (html.contains("/reviews/811/approve"), html.contains("/reviews/811/decline"))
        };
        assert_eq!(offers(ReviewList::Waiting), (true, true));
        assert_eq!(offers(ReviewList::Approved), (false, true));
        assert_eq!(offers(ReviewList::Declined), (true, false));
    }

    #[test]
    fn what_a_customer_wrote_stays_text() {
        let mut page = ReviewsPage::sample();
        page.rows[0].text = "<script>alert(1)</script>".to_owned();
        assert!(html_of(&page).contains("&lt;script&gt;alert(1)"));
    }

    #[test]
    fn an_empty_list_says_where_reviews_come_from() {
        let page = ReviewsPage { rows: Vec::new(), ..ReviewsPage::sample() };
        assert!(visible_text(&html_of(&page)).contains("No review waits"));
    }
}
