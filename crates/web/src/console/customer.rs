//! One customer: why she did or did not get an email, what is next, and everything that happened.
//!
//! The answer comes from the gates themselves. When they cannot be read the timeline stands without
//! it and the page offers to ask again; it never guesses.

use aftercart_model::{ConsentState, Timestamp};
use maud::{Markup, html};

use super::{Head, customers::consent_badge, head};
use crate::{
    component::{
        Button, Choice, Paging, Part, Phrase, Tone, avatar, badge_state, choice, pager, part,
        picture,
    },
    format,
    icon::{Icon, icon},
    layout::{Layout, Place},
};

#[derive(Clone, Debug)]
pub struct CustomerPage {
    pub id: String,
    pub name: String,
    pub address: String,
    /// `None` when no flow ever concerned them.
    pub question: Option<Question>,
    pub answer: Part<WhyAnswer>,
    pub timeline: Timeline,
    /// What they said about mail, the newest first.
    pub ledger: Vec<LedgerRow>,
    pub facts: CustomerFacts,
    pub recommended: Vec<RecommendedRow>,
    /// Id and name.
    pub segments: Vec<(String, String)>,
}

/// `Why did Ana not get [Discount] of [Upsell after an order]`.
#[derive(Clone, Debug)]
pub struct Question {
    /// `Why did Ana not get`, `Why did Ana get`, `Will Ana get`.
    pub words: String,
    pub steps: Vec<Choice>,
    pub flows: Vec<Choice>,
}

#[derive(Clone, Debug)]
pub struct WhyAnswer {
    /// One sentence with reason and date.
    pub sentence: String,
    /// The facts behind it.
    pub reason: String,
    pub gates: Vec<GateRow>,
    /// What comes next, soonest first; what would stop it last.
    pub next: Vec<NextRow>,
}

#[derive(Clone, Debug)]
pub struct GateRow {
    pub name: String,
    pub value: String,
    pub state: GateState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateState {
    Passed,
    /// The one that holds the message back.
    Holds,
    /// Could not be read, and therefore does not pass.
    Unknown,
}

#[derive(Clone, Debug)]
pub struct NextRow {
    /// `Wed 18 Mar, 10:03`, `Once resumed` or `At any moment`.
    pub when: NextWhen,
    pub what: String,
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextWhen {
    At(Timestamp),
    /// Due in a flow that is paused.
    OnceResumed,
    AnyMoment,
}

#[derive(Clone, Debug)]
pub struct Timeline {
    pub filter: TimelineFilter,
    /// Newest first.
    pub items: Vec<TimelineItem>,
    pub paging: Paging,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineFilter {
    Everything,
    Emails,
    Orders,
    Visits,
}

impl TimelineFilter {
    pub const ALL: [Self; 4] = [Self::Everything, Self::Emails, Self::Orders, Self::Visits];

    /// The value in the address: `?kind=emails`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Emails => "emails",
            Self::Orders => "orders",
            Self::Visits => "visits",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    fn label(self) -> &'static str {
        match self {
            Self::Everything => "Everything",
            Self::Emails => "Emails",
            Self::Orders => "Orders",
            Self::Visits => "Visits",
        }
    }
}

#[derive(Clone, Debug)]
pub struct TimelineItem {
    pub at: Timestamp,
    pub kind: TimelineKind,
    pub what: Phrase,
    pub detail: Phrase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineKind {
    Order,
    Cancelled,
    View,
    Cart,
    Sent,
    Opened,
    Clicked,
    /// Shown grey: not counted.
    MachineOpened,
    MachineClicked,
    HeldBack,
    Dropped,
    Bounced,
    Enrolled,
    Left,
    Consent,
    Unsubscribed,
    Review,
    Other,
}

impl TimelineKind {
    fn look(self) -> (Icon, &'static str) {
        match self {
            Self::Order => (Icon::Bag, "good"),
            Self::Cancelled => (Icon::Undo, "warn"),
            Self::View => (Icon::Eye, "neutral"),
            Self::Cart => (Icon::Cart, "neutral"),
            Self::Sent => (Icon::Mail, "accent"),
            Self::Opened => (Icon::Eye, "good"),
            Self::Clicked => (Icon::Cursor, "good"),
            Self::MachineOpened => (Icon::Eye, "neutral machine"),
            Self::MachineClicked => (Icon::Cursor, "neutral machine"),
            Self::HeldBack => (Icon::Clock, "warn"),
            Self::Dropped => (Icon::Ban, "warn"),
            Self::Bounced => (Icon::Warn, "bad"),
            Self::Enrolled => (Icon::Flow, "neutral"),
            Self::Left => (Icon::Exit, "neutral"),
            Self::Consent => (Icon::Check, "neutral"),
            Self::Unsubscribed => (Icon::Ban, "bad"),
            Self::Review => (Icon::Star, "good"),
            Self::Other => (Icon::Info, "neutral"),
        }
    }
}

/// An entry of the consent ledger.
#[derive(Clone, Debug)]
pub struct LedgerRow {
    pub at: Timestamp,
    pub topic: String,
    pub state: ConsentState,
    /// On what the yes rests: `Double opt-in`; `None` where the source did not say, or it is a no.
    pub basis: Option<String>,
    /// The words they agreed to, as the source gave them.
    pub wording: Option<String>,
    /// `At checkout`, `By an import`, …
    pub source: String,
}

#[derive(Clone, Debug)]
pub struct CustomerFacts {
    pub orders: u64,
    pub spent_minor: i64,
    pub since: Timestamp,
    pub zone_name: Option<String>,
    pub language: Option<String>,
    /// Each topic by name with what was last said about it.
    pub consents: Vec<(String, Option<ConsentState>)>,
    pub is_suppressed: bool,
    /// Marketing emails in the last seven days, and how many may go.
    pub sent_in_week: u64,
    pub week_cap: u64,
}

#[derive(Clone, Debug)]
pub struct RecommendedRow {
    pub name: String,
    pub picture: Option<String>,
    /// `goes with the dripper, 3.4×`.
    pub reason: String,
    pub price_minor: i64,
    pub href: Option<String>,
}

impl CustomerPage {
    /// The customer of the design's picture.
    pub fn sample() -> Self {
        let at = |text: &str| text.parse::<Timestamp>().expect("a fixed instant");
        let product = |name: &str, file: &str, reason: &str, price_minor| RecommendedRow {
            name: name.to_owned(),
            picture: Some(format!("/pictures/{file}.svg")),
            reason: reason.to_owned(),
            price_minor,
            href: Some("/products?product=7".to_owned()),
        };
        let segment = |id: &str, name: &str| (id.to_owned(), name.to_owned());
        Self {
            id: "513".to_owned(),
            name: "Ana Ribeiro".to_owned(),
            address: "ana.ribeiro@mail.example".to_owned(),
            question: Some(Question {
                words: "Why did Ana not get".to_owned(),
                steps: vec![
                    Choice::new("offer", "Offer", false),
                    Choice::new("discount", "Discount", true),
                    Choice::new("social-proof", "Social proof", false),
                    Choice::new("nudge", "Nudge", false),
                ],
                flows: vec![
                    Choice::new("upsell-cross-sell", "Upsell after an order", true),
                    Choice::new("feedback", "Feedback after a second order", false),
                ],
            }),
            answer: Part::Ready(WhyAnswer::sample()),
            timeline: Timeline {
                filter: TimelineFilter::Everything,
                items: sample_timeline(),
                paging: Paging::default(),
            },
            ledger: sample_ledger(),
            facts: CustomerFacts {
                orders: 1,
                spent_minor: 4_250,
                since: at("2026-03-09T13:51:00Z"),
                zone_name: Some("Lisbon".to_owned()),
                language: Some("English".to_owned()),
                consents: vec![
                    ("Marketing".to_owned(), Some(ConsentState::Agreed)),
                    ("Feedback requests".to_owned(), None),
                ],
                is_suppressed: false,
                sent_in_week: 3,
                week_cap: 3,
            },
            recommended: vec![
                product("Gooseneck kettle", "kettle", "goes with the dripper, 3.4×", 8_900),
                product("Hand grinder", "grinder", "next step up, 2.6×", 11_900),
                product("Brew scale", "scale", "goes with the dripper, 2.1×", 5_900),
            ],
            segments: vec![
                segment("looking-again", "Bought, looking again"),
                segment("first-order", "First order, 30 days"),
                segment("coffee-makers", "Coffee makers"),
            ],
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let body = html! {
            (self.head())
            div.beside.customer {
                div.stack {
                    section.card.why aria-label="Why, and what is next" {
                        @if let Some(question) = &self.question { (self.question(question)) }
                        (part("answer", &self.answer, |it| answer(it, layout)))
                    }
                    (self.timeline(layout))
                    @if !self.ledger.is_empty() { (self.ledger(layout)) }
                }
                div.stack {
                    (self.facts(layout))
                    @if !self.recommended.is_empty() { (self.recommended(layout)) }
                    @if !self.segments.is_empty() { (self.segments()) }
                }
            }
        };
        layout.page(&self.name, Some(Place::Customers), &body)
    }

    /// The page of a number whose customer was erased: it says so and nothing else.
    pub fn erased(layout: &Layout) -> Markup {
        let body = head(&Head {
            crumbs: &[("Customers", "/customers")],
            title: "This customer was erased",
            text: html! {
                "Nothing about them is kept but a mark, which cannot be read back, that their \
                 addresses are not mailed again. What was sold stays, as sales of nobody's."
            },
            ..Head::default()
        });
        layout.page("Erased", Some(Place::Customers), &body)
    }

    fn head(&self) -> Markup {
        html! {
            div.page-head.person-head {
                div.what {
                    nav.crumbs aria-label="Where you are" { a href="/customers" { "Customers" } }
                    div.person {
                        (avatar(&self.name))
                        span {
                            h1 { (self.name) }
                            span.about { (self.address) }
                        }
                    }
                }
                div.actions {
                    form method="post" action=(format!("/customers/{}/export", self.id)) {
                        (Button::plain("Export").icon(Icon::Download).submit())
                    }
                    (Button::plain("Erase…").icon(Icon::Ban)
                        .link(&format!("/customers/{}/erase", self.id)))
                }
            }
        }
    }

    fn question(&self, it: &Question) -> Markup {
        html! {
            form.question method="get" action=(format!("/customers/{}", self.id)) {
                span { (it.words) }
                (choice("Email", "step", &it.steps))
                span { "of" }
                (choice("Flow", "flow", &it.flows))
                noscript { (Button::plain("Ask").small().submit()) }
            }
        }
    }

    fn timeline(&self, layout: &Layout) -> Markup {
        let calendar = &layout.calendar;
        let days = by_day(&self.timeline.items, |it| calendar.at(it.at).date());
        let filters: Vec<Choice> = TimelineFilter::ALL
            .iter()
            .map(|it| Choice::new(it.name(), it.label(), *it == self.timeline.filter))
            .collect();
        html! {
            section.card.timeline {
                div.card-head {
                    h2 { "Timeline" }
                    form method="get" action=(format!("/customers/{}", self.id)) {
                        (choice("What to show", "kind", &filters))
                        noscript { (Button::plain("Show").small().submit()) }
                    }
                }
                @if self.timeline.items.is_empty() {
                    p.calm { span { "Nothing of this kind has happened." } }
                }
                @for day in days {
                    h3 { (calendar.day(day[0].at)) }
                    ol {
                        @for item in day {
                            @let (glyph, look) = item.kind.look();
                            li.moment.(look) {
                                time datetime=(calendar.machine(item.at)) { (calendar.time(item.at)) }
                                span.dot-icon { (icon(glyph)) }
                                div.words {
                                    p { (item.what) }
                                    @if !item.detail.is_empty() { p.hint { (item.detail) } }
                                }
                            }
                        }
                    }
                }
                (pager(&self.timeline.paging))
            }
        }
    }

    fn facts(&self, layout: &Layout) -> Markup {
        let it = &self.facts;
        let line = |label: &str, value: Markup| html! { div { dt { (label) } dd { (value) } } };
        let or_dash =
            |text: &Option<String>| text.clone().unwrap_or_else(|| format::NOTHING.to_owned());
        html! {
            section.card.about-card aria-label="About this customer" {
                dl.facts {
                    (line("Orders", html! { (format::count(it.orders)) }))
                    (line("Spent", html! { (layout.currency.format(it.spent_minor)) }))
                    (line("Customer since", html! { (layout.calendar.date(it.since)) }))
                    (line("Zone", html! { (or_dash(&it.zone_name)) }))
                    (line("Language", html! { (or_dash(&it.language)) }))
                }
                div.ruled {
                    h2.small-head { "Email" }
                    dl.facts {
                        @for (topic, state) in &it.consents {
                            (line(topic, consent_badge(*state, it.is_suppressed)))
                        }
                        (line("In the last 7 days", html! {
                            (format::count(it.sent_in_week)) " of " (format::count(it.week_cap))
                        }))
                    }
                }
            }
        }
    }

    /// Everything that was said, so that it can be shown to whoever asks by what right they are mailed.
    fn ledger(&self, layout: &Layout) -> Markup {
        let or_dash =
            |it: &Option<String>| it.clone().unwrap_or_else(|| format::NOTHING.to_owned());
        html! {
            section.card.ledger-card {
                div.card-head { h2 { "Consent" } p.fact { "What was said, the newest first" } }
                table.rows.ledger {
                    thead {
                        tr {
                            th scope="col" { "When" }
                            th scope="col" { "Topic" }
                            th scope="col" { "Said" }
                            th.mid scope="col" { "Basis" }
                            th.mid scope="col" { "How" }
                        }
                    }
                    tbody {
                        @for it in &self.ledger {
                            @let (tone, said) = match it.state {
                                ConsentState::Agreed => (Tone::Good, "Agreed"),
                                ConsentState::Withdrawn => (Tone::Neutral, "Withdrawn"),
                            };
                            tr {
                                th scope="row" {
                                    time datetime=(layout.calendar.machine(it.at)) {
                                        (layout.calendar.date(it.at))
                                        span.under { (layout.calendar.time(it.at)) }
                                    }
                                }
                                td { (it.topic) }
                                td { (badge_state(tone, said)) }
                                td.mid.basis { (or_dash(&it.basis)) }
                                td.mid {
                                    (it.source)
                                    @if let Some(wording) = &it.wording {
                                        span.under { "“" (wording) "”" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn recommended(&self, layout: &Layout) -> Markup {
        html! {
            section.card.recommended {
                div.card-head { h2 { "Would recommend" } }
                ul {
                    @for it in &self.recommended {
                        li {
                            (picture(it.picture.as_deref(), "thumb"))
                            div.words {
                                @match &it.href {
                                    Some(href) => p { a.row-link href=(href) { (it.name) } },
                                    None => p { (it.name) },
                                }
                                p.hint { (it.reason) }
                            }
                            span.price { (format::money_tick(layout.currency, it.price_minor as f64)) }
                        }
                    }
                }
            }
        }
    }

    fn segments(&self) -> Markup {
        html! {
            section.card.segments {
                div.card-head {
                    h2 { "In segments" }
                    p.fact { (self.segments.len()) }
                }
                ul.chips { @for (_, name) in &self.segments { li.chip { (name) } } }
            }
        }
    }
}

/// Neighbours of one day together, in the order they come.
fn by_day<T, K: PartialEq>(items: &[T], day: impl Fn(&T) -> K) -> impl Iterator<Item = &[T]> {
    items.chunk_by(move |a, b| day(a) == day(b))
}

fn answer(it: &WhyAnswer, layout: &Layout) -> Markup {
    html! {
        div.answer-words {
            p.lead-sentence { (it.sentence) }
            @if !it.reason.is_empty() { p.about { (it.reason) } }
        }
        @if !it.gates.is_empty() {
            dl.gates {
                @for gate in &it.gates {
                    @let (class, glyph) = match gate.state {
                        GateState::Passed => ("passed", Icon::Check),
                        GateState::Holds => ("holds", Icon::Clock),
                        GateState::Unknown => ("unknown", Icon::Help),
                    };
                    div.(class) {
                        dt { (gate.name) }
                        dd {
                            (icon(glyph))
                            @match gate.state {
                                GateState::Passed => span.hidden { "passed: " },
                                GateState::Holds => span.hidden { "holds it back: " },
                                GateState::Unknown => span.hidden { "could not be read: " },
                            }
                            (gate.value)
                        }
                    }
                }
            }
        }
        @if !it.next.is_empty() {
            ol.next {
                @for (index, row) in it.next.iter().enumerate() {
                    li {
                        @match row.when {
                            NextWhen::At(at) => time.first[index == 0]
                                datetime=(layout.calendar.machine(at)) {
                                (layout.calendar.moment_short(at))
                            },
                            NextWhen::OnceResumed => span.any { "Once resumed" },
                            NextWhen::AnyMoment => span.any { "At any moment" },
                        }
                        span.what { (row.what) }
                        span.detail { (row.detail) }
                    }
                }
            }
        }
    }
}

impl WhyAnswer {
    /// The answer of the design's picture.
    pub fn sample() -> Self {
        let at = |text: &str| NextWhen::At(text.parse().expect("a fixed instant"));
        let gate = |name: &str, value: &str, state| GateRow {
            name: name.to_owned(),
            value: value.to_owned(),
            state,
        };
        let next = |when, what: &str, detail: &str| NextRow {
            when,
            what: what.to_owned(),
            detail: detail.to_owned(),
        };
        Self {
            sentence: "She will, on Wednesday at 10:03. It was held back on Saturday because she \
                       already had 3 emails within 7 days."
                .to_owned(),
            reason: "Offer on Wednesday, the campaign on Thursday, Back in stock on Friday. The \
                     Offer leaves the 7 days on Wednesday at 10:03. Had it been later than Thursday \
                     19 March, 10:00, the Discount would be skipped instead."
                .to_owned(),
            gates: vec![
                gate("Consent", "since 9 March", GateState::Passed),
                gate("Suppression", "none", GateState::Passed),
                gate("Not bought again", "0 orders since", GateState::Passed),
                gate("Frequency cap", "3 of 3 in 7 days", GateState::Holds),
                gate("Audience", "still in", GateState::Passed),
                gate("Quiet hours", "20:00 to 8:00", GateState::Passed),
                gate("Coupon", "one reserved", GateState::Passed),
                gate("Stock", "23 kettles", GateState::Passed),
            ],
            next: vec![
                next(
                    at("2026-03-18T10:03:00Z"),
                    "Discount",
                    "10% off the kettle, code NEXT-7F3K until Mon 23 Mar",
                ),
                next(at("2026-03-21T10:00:00Z"), "Social proof", "3 days later"),
                next(at("2026-03-23T10:00:00Z"), "Nudge", "2 days later, the day the code ends"),
                next(
                    NextWhen::AnyMoment,
                    "Leaves",
                    "if she orders, unsubscribes or is suppressed: nothing above is sent",
                ),
            ],
        }
    }
}

fn sample_ledger() -> Vec<LedgerRow> {
    let row = |at: &str, topic: &str, state, source: &str| LedgerRow {
        at: at.parse().expect("a fixed instant"),
        topic: topic.to_owned(),
        state,
        basis: None,
        wording: None,
        source: source.to_owned(),
    };
    vec![
        LedgerRow {
            basis: Some("Double opt-in".to_owned()),
            wording: Some("Yes, send me offers by email. I can leave at any time.".to_owned()),
            ..row("2026-03-09T13:51:00Z", "Marketing", ConsentState::Agreed, "At checkout")
        },
        row(
            "2026-01-20T08:12:00Z",
            "Marketing",
            ConsentState::Withdrawn,
            "By the link in an email",
        ),
    ]
}

fn sample_timeline() -> Vec<TimelineItem> {
    let item = |at: &str, kind, what, detail: &str| TimelineItem {
        at: at.parse().expect("a fixed instant"),
        kind,
        what,
        detail: if detail.is_empty() { Phrase::default() } else { Phrase::new(detail) },
    };
    let plain = |text: &str| Phrase::new(text);
    let strong = |text: &str, rest: &str| Phrase::default().strong(text).plain(rest);
    vec![
        item(
            "2026-03-14T10:02:00Z",
            TimelineKind::HeldBack,
            strong("Discount", " deferred to Wednesday 18 March, 10:03"),
            "Frequency cap: 3 marketing emails in 7 days were already sent",
        ),
        item(
            "2026-03-13T09:12:00Z",
            TimelineKind::Sent,
            strong("Back in stock: Walnut board", " delivered"),
            "Flow Back in stock. Not opened",
        ),
        item(
            "2026-03-12T18:20:00Z",
            TimelineKind::MachineOpened,
            plain("Opened by a machine"),
            "Mail privacy proxy; not counted as an open",
        ),
        item(
            "2026-03-12T18:00:00Z",
            TimelineKind::Sent,
            strong("Spring roast is here", " delivered"),
            "Campaign",
        ),
        item(
            "2026-03-11T19:44:00Z",
            TimelineKind::View,
            plain("Viewed ").strong("Gooseneck kettle 0.9 l").plain(", three times"),
            "6 minutes, then left",
        ),
        item(
            "2026-03-11T19:42:00Z",
            TimelineKind::Clicked,
            plain("Clicked “See the gooseneck kettle”"),
            "Orders before 16 March, 19:42 are credited to the Offer",
        ),
        item("2026-03-11T19:41:00Z", TimelineKind::Opened, plain("Opened ").strong("Offer"), ""),
        TimelineItem {
            detail: plain("Kettle, grinder and scale were recommended. ")
                .link("Show the message", "/inbox/1777"),
            ..item(
                "2026-03-11T10:03:00Z",
                TimelineKind::Sent,
                strong("Offer", " delivered: To go with your ceramic dripper, Ana"),
                "",
            )
        },
        item(
            "2026-03-09T14:06:00Z",
            TimelineKind::Enrolled,
            plain("Enrolled in ").strong("Upsell after an order").plain(", version 4"),
            "Not held out by lot",
        ),
        item(
            "2026-03-09T14:06:00Z",
            TimelineKind::Order,
            strong("Order 20482", ", €42.50"),
            "Ceramic dripper No. 2 (€34.00), Filters, 100 (€8.50). Her first",
        ),
        item(
            "2026-03-09T13:51:00Z",
            TimelineKind::Consent,
            plain("Agreed to marketing email"),
            "At checkout, box ticked, text version 3",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{check, visible_text};

    fn text_of(page: &CustomerPage) -> String {
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        visible_text(&html)
    }

    #[test]
    fn the_page_says_why_and_what_is_next() {
        insta::assert_snapshot!(text_of(&CustomerPage::sample()));
    }

    #[test]
    fn an_erased_customer_is_nothing_but_that() {
        let html = CustomerPage::erased(&Layout::sample()).into_string();
        check(&html);
        let text = visible_text(&html);
        assert!(text.contains("This customer was erased"));
        assert!(!text.contains("Ribeiro") && !text.contains("mail.example"));
    }

    #[test]
    fn the_timeline_stands_without_the_answer() {
        let answer = Part::Missing {
            what: "The gates cannot be read now.".to_owned(),
            href: "/customers/513".to_owned(),
        };
        let text = text_of(&CustomerPage { answer, ..CustomerPage::sample() });
        assert!(text.contains("The gates cannot be read now. Try again"));
        assert!(text.contains("Order 20482"));
        assert!(!text.contains("She will"));
    }

    #[test]
    fn days_are_heads_over_what_happened_on_them() {
        let days: Vec<&[i32]> = by_day(&[31, 30, 21, 11, 10], |it| it / 10).collect();
        assert_eq!(days, [&[31, 30][..], &[21], &[11, 10]]);
    }

    proptest! {
        #[test]
        fn no_text_about_a_customer_becomes_markup(
            name in r#"[<>&"'a-z/= ]{0,40}"#, wild in ".{0,40}",
        ) {
            let hostile = format!("{name}<script>alert(1)</script>\" onload=x {wild}");
            let page = CustomerPage {
                name: hostile.clone(),
                address: hostile.clone(),
                timeline: Timeline {
                    items: vec![TimelineItem {
                        what: Phrase::new(&hostile).strong(&hostile).link(&hostile, &hostile),
                        ..sample_timeline()[0].clone()
                    }],
                    ..CustomerPage::sample().timeline
                },
                ledger: vec![LedgerRow {
                    wording: Some(hostile.clone()),
                    source: hostile.clone(),
                    ..sample_ledger()[0].clone()
                }],
                segments: vec![(hostile.clone(), hostile)],
                ..CustomerPage::sample()
            };
            check(&page.render(&Layout::sample()).into_string());
        }
    }
}
