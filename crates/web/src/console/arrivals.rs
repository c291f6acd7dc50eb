//! What arrives: events as they come in, and what became of each.
//!
//! It is where somebody looks who has just connected a shop, so a refusal says what to mend, and the
//! empty page how to send the first event. Nothing on it names a person but by a customer's number.

use aftercart_model::Timestamp;
use maud::{Markup, html};

use super::{Head, head};
use crate::{
    component::{Button, Paging, Tab, Tone, Total, badge_state, pager, tabs},
    format,
    icon::{Icon, icon},
    layout::{Layout, Place},
};

/// How often the newest page is read again, in seconds.
const REFRESH_SECONDS: u32 = 5;

#[derive(Clone, Debug)]
pub struct ArrivalsPage {
    pub shown: Option<ArrivalOutcome>,
    /// Of the last hour.
    pub hour: HourOfArrivals,
    pub rows: Vec<ArrivalRow>,
    pub paging: Paging,
    /// Where this server takes events, such as `http://127.0.0.1:7878`.
    pub address: String,
}

#[derive(Clone, Copy, Debug)]
pub struct HourOfArrivals {
    pub accepted: Total,
    pub duplicate: u64,
    pub rejected: u64,
    pub ignored: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrivalOutcome {
    Accepted,
    Duplicate,
    Rejected,
    Ignored,
}

impl ArrivalOutcome {
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Rejected, Self::Duplicate, Self::Ignored];

    /// The value in the address: `?outcome=rejected`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Rejected => "rejected",
            Self::Ignored => "ignored",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    fn label(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Duplicate => "Came before",
            Self::Rejected => "Refused",
            Self::Ignored => "Passed over",
        }
    }

    fn tone(self) -> Tone {
        match self {
            Self::Accepted => Tone::Good,
            Self::Rejected => Tone::Bad,
            Self::Duplicate | Self::Ignored => Tone::Neutral,
        }
    }
}

/// The address of the page that shows `outcome` alone, or everything.
pub fn href(outcome: Option<ArrivalOutcome>) -> String {
    outcome.map_or_else(|| "/events".to_owned(), |it| format!("/events?outcome={}", it.name()))
}

#[derive(Clone, Debug)]
pub struct ArrivalRow {
    pub at: Timestamp,
    pub source: String,
    pub name: String,
    pub key: String,
    pub customer: Option<String>,
    pub outcome: ArrivalOutcome,
    pub status: u16,
    pub reason: String,
}

impl ArrivalsPage {
    pub fn sample() -> Self {
        let row = |at: &str, source: &str, name: &str, key: &str, outcome| ArrivalRow {
            at: at.parse().expect("a fixed instant"),
            source: source.to_owned(),
            name: name.to_owned(),
            key: key.to_owned(),
            customer: None,
            outcome,
            status: 200,
            reason: String::new(),
        };
        use ArrivalOutcome::{Accepted, Duplicate, Ignored, Rejected};
        Self {
            shown: None,
            hour: HourOfArrivals {
                accepted: Total::Exactly(1_204),
                duplicate: 16,
                rejected: 2,
                ignored: 3,
            },
            rows: vec![
                ArrivalRow {
                    customer: Some("513".to_owned()),
                    ..row("2026-03-17T14:19:58Z", "segment", "order placed", "order:1004", Accepted)
                },
                ArrivalRow {
                    status: 400,
                    reason: "`properties.order_id` is missing; give it".to_owned(),
                    ..row("2026-03-17T14:19:41Z", "segment", "Order Completed", "m-7712", Rejected)
                },
                row(
                    "2026-03-17T14:18:02Z",
                    "shopify",
                    "orders/create",
                    "orders/create/b54557e4",
                    Duplicate,
                ),
                ArrivalRow {
                    reason: "carts are not kept".to_owned(),
                    ..row("2026-03-17T14:17:30Z", "shopify", "carts/update", "", Ignored)
                },
                ArrivalRow {
                    customer: Some("771".to_owned()),
                    ..row("2026-03-16T22:03:11Z", "segment", "Wishlist Shared", "m-7001", Accepted)
                },
            ],
            paging: Paging { newer: None, older: Some("/events?before=1200.40".to_owned()) },
            address: "http://127.0.0.1:7878".to_owned(),
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let is_newest = self.paging.newer.is_none();
        let body = html! {
            (head(&Head {
                title: "What arrives",
                text: html! { span id="arrivals-hour" data-fresh[is_newest] { (self.sentence()) } },
                actions: html! {
                    (Button::plain("Refresh").icon(Icon::Undo).link(&href(self.shown)))
                },
                ..Head::default()
            }))
            (self.tabs())
            section.card aria-label="What arrived"
                data-refresh=[is_newest.then_some(REFRESH_SECONDS)] {
                div id="arrivals" data-fresh[is_newest] {
                    @if self.rows.is_empty() {
                        (self.nothing())
                    } @else {
                        (self.table(layout))
                    }
                    (pager(&self.paging))
                }
            }
        };
        layout.page("What arrives", Some(Place::Arrivals), &body)
    }

    /// What came within the hour, in words.
    fn sentence(&self) -> String {
        let HourOfArrivals { accepted, duplicate, rejected, ignored } = self.hour;
        if accepted.is_zero() && duplicate + rejected + ignored == 0 {
            return "Nothing came within the last hour.".to_owned();
        }
        let mut text = format!("In the last hour {} accepted", accepted.text("event", "events"));
        let others =
            [(rejected, "refused"), (duplicate, "that came before"), (ignored, "passed over")];
        let others: Vec<String> = others
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, words)| format!("{} {words}", format::count(*count)))
            .collect();
        match others.split_last() {
            None => text.push_str(", none refused"),
            Some((last, [])) => text.push_str(&format!(" and {last}")),
            Some((last, first)) => text.push_str(&format!(", {} and {last}", first.join(", "))),
        }
        text + "."
    }

    fn tabs(&self) -> Markup {
        let all = Tab::new("Everything", href(None), self.shown.is_none());
        let each = ArrivalOutcome::ALL
            .map(|it| Tab::new(it.label(), href(Some(it)), self.shown == Some(it)));
        let tabs_of: Vec<Tab> = std::iter::once(all).chain(each).collect();
        tabs("What became of it", &tabs_of)
    }

    fn table(&self, layout: &Layout) -> Markup {
        html! {
            table.rows.arrivals {
                thead {
                    tr {
                        th scope="col" { "What" }
                        th scope="col" { "Outcome" }
                        th.mid scope="col" { "From" }
                        th.mid scope="col" { "Customer" }
                        th.number scope="col" { "When" }
                    }
                }
                tbody { @for row in &self.rows { (line(row, layout)) } }
            }
        }
    }

    fn nothing(&self) -> Markup {
        if self.paging.older.is_some() || self.paging.newer.is_some() {
            return html! { p.hint.none-here { "Nothing of this kind among these; look further back." } };
        }
        if self.shown.is_some() {
            return html! {
                div.empty {
                    div.tile.accent { (icon(Icon::Download)) }
                    p.empty-title { "Nothing of this kind" }
                    p { "Refusals and what came before stand here: the newest 10,000 of them." }
                    div.actions { (Button::plain("See everything").link("/events")) }
                }
            };
        }
        let curl = format!(
            "curl {}/v1/track -u YOUR-WRITE-KEY: -H 'Content-Type: application/json' \\\n  \
             -d '{{\"userId\": \"1\", \"event\": \"Product Viewed\", \
             \"properties\": {{\"product_id\": \"dripper\"}}}}'",
            self.address
        );
        html! {
            div.empty.first-event {
                div.tile.accent { (icon(Icon::Download)) }
                p.empty-title { "Nothing has arrived yet" }
                p {
                    "What your shop sends stands here within seconds, with what became of it. "
                    "Send a first event from a terminal; `aftercart serve` prints the write key when \
                     it starts:"
                }
                pre.command tabindex="0" aria-label="A first event" { (curl) }
                p.hint {
                    "Then connect your shop for good: the guides " i { "Send events" } ", "
                    i { "Webhooks" } " and " i { "Import files" } " stand in the folder docs/guide, and "
                    a href="/openapi.json" { "every address" } " in one document."
                }
            }
        }
    }
}

fn line(row: &ArrivalRow, layout: &Layout) -> Markup {
    let calendar = &layout.calendar;
    let is_today = calendar.day(row.at) == calendar.day(calendar.now);
    let when = if is_today {
        calendar.at(row.at).strftime("%H:%M:%S").to_string()
    } else {
        calendar.moment_short(row.at)
    };
    let name = if row.name.is_empty() { "Something without a name" } else { row.name.as_str() };
    html! {
        tr {
            th scope="row" {
                span.event-name { (name) }
                @if !row.key.is_empty() { span.under.key { (row.key) } }
            }
            td {
                (badge_state(row.outcome.tone(), row.outcome.label()))
                @if !row.reason.is_empty() {
                    span.under {
                        @if row.status != 200 { (row.status) ": " }
                        (row.reason)
                    }
                }
            }
            td.mid.soft { (row.source) }
            td.mid {
                @match &row.customer {
                    Some(id) => a href=(format!("/customers/{id}")) { (id) },
                    None => span.soft { (format::NOTHING) },
                }
            }
            td.number { time datetime=(calendar.machine(row.at)) { (when) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    fn text_of(page: &ArrivalsPage) -> String {
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        visible_text(&html)
    }

    #[test]
    fn the_page_says_what_became_of_what_came() {
        insta::assert_snapshot!(text_of(&ArrivalsPage::sample()));
    }

    #[test]
    fn an_empty_page_says_how_to_send_the_first() {
        let hour =
            HourOfArrivals { accepted: Total::Exactly(0), duplicate: 0, rejected: 0, ignored: 0 };
        let page = ArrivalsPage {
            hour,
            rows: Vec::new(),
            paging: Paging::default(),
            ..ArrivalsPage::sample()
        };
        let text = text_of(&page);
        assert!(text.contains("curl http://127.0.0.1:7878/v1/track -u YOUR-WRITE-KEY:"), "{text}");
        assert!(text.contains("Nothing came within the last hour."), "{text}");
        let shown = Some(ArrivalOutcome::Rejected);
        assert!(text_of(&ArrivalsPage { shown, ..page }).contains("Nothing of this kind"));
    }

    #[test]
    fn the_hour_is_told_in_one_sentence() {
        let sentence = |accepted, duplicate, rejected, ignored| {
            let accepted = Total::Exactly(accepted);
            let hour = HourOfArrivals { accepted, duplicate, rejected, ignored };
            ArrivalsPage { hour, ..ArrivalsPage::sample() }.sentence()
        };
        assert_eq!(sentence(1, 0, 0, 0), "In the last hour 1 event accepted, none refused.");
        assert_eq!(sentence(0, 0, 1, 0), "In the last hour 0 events accepted and 1 refused.");
        assert_eq!(
            sentence(1_204, 16, 2, 3),
            "In the last hour 1,204 events accepted, 2 refused, 16 that came before and 3 passed over."
        );
    }

    #[test]
    fn only_the_newest_page_is_read_again() {
        let newest = ArrivalsPage::sample();
        let html = |page: &ArrivalsPage| page.render(&Layout::sample()).into_string();
        assert!(html(&newest).contains("data-refresh"));
        let paging = Paging { newer: Some("/events".to_owned()), older: None };
        assert!(!html(&ArrivalsPage { paging, ..newest }).contains("data-refresh"));
    }
}
