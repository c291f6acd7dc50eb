//! A flow: where people are now, and where they leave.
//!
//! The tree is an ordered list in fixed row heights, because the ribbon on its rail is one SVG path
//! drawn from the very same heights. Its width shows how many pass each row. The counts of a row
//! add up: in = waiting + bought + left otherwise + on.

use std::fmt::Write;

use aftercart_model::Timestamp;
use maud::{Markup, html};

use super::{
    FlowState, Head, LiftNote,
    figures::{Rate, RateBasis, SendFigures},
    head,
};
use crate::{
    component::{
        Button, Empty, Paging, Phrase, Stat, Tab, Tone, badge, badge_state, bar, empty, note,
        pager, strip, tabs,
    },
    format,
    icon::{Icon, icon},
    layout::{Layout, Place},
};

#[derive(Clone, Debug)]
pub struct FlowPage {
    pub id: String,
    pub name: String,
    pub state: FlowState,
    pub version: u32,
    /// One sentence on what it does.
    pub summary: String,
    pub view: FlowView,
    pub figures: FlowFigures,
    pub counts: CountsFrom,
    pub steps: Vec<StepRow>,
    /// The selected step.
    pub panel: Option<StepPanel>,
    /// Why a change that was asked for was not made.
    pub refused: Option<String>,
}

#[derive(Clone, Debug)]
pub enum FlowView {
    Map,
    Enrolments(Enrolments),
}

/// Where the counts on the map come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountsFrom {
    Counters {
        as_of: Timestamp,
    },
    /// Nobody has entered yet: what would have happened, over these days.
    Replay {
        from: Timestamp,
        until: Timestamp,
    },
    /// The counters cannot be read. The map then stands without them.
    Nowhere,
}

#[derive(Clone, Debug)]
pub struct FlowFigures {
    pub since: Option<Timestamp>,
    pub enrolled: Option<u64>,
    pub held_out: Option<u64>,
    /// Enrolments handed at least one email; not known of a replay.
    pub mailed: Option<u64>,
    pub in_now: Option<u64>,
    pub next_email_at: Option<Timestamp>,
    pub bought: Option<u64>,
    pub credited_net_minor: Option<i64>,
    pub credited_orders: Option<u64>,
    pub net_per_email_minor: Option<f64>,
    pub lift: LiftNote,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    Trigger,
    Holdout,
    Wait,
    Send,
    /// Bought? Asked after every email.
    Question,
    Exit,
}

impl StepKind {
    /// How high its row is; the style sheet has the same.
    fn row_height(self) -> f64 {
        match self {
            Self::Trigger | Self::Holdout | Self::Exit => 58.0,
            Self::Wait => 54.0,
            Self::Send => 82.0,
            Self::Question => 44.0,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Holdout => "holdout",
            Self::Wait => "wait",
            Self::Send => "send",
            Self::Question => "question",
            Self::Exit => "exit",
        }
    }

    fn icon(self) -> Icon {
        match self {
            Self::Trigger => Icon::Bag,
            Self::Holdout => Icon::Split,
            Self::Wait => Icon::Clock,
            Self::Send => Icon::Mail,
            Self::Question => Icon::Help,
            Self::Exit => Icon::Exit,
        }
    }
}

/// A step with the customers who came to it. A count that is not known is `None`.
#[derive(Clone, Debug)]
pub struct StepRow {
    pub id: String,
    pub kind: StepKind,
    pub title: String,
    /// A line below or beside the title.
    pub hint: String,
    /// Everyone who ever came to this step.
    pub reached: Option<u64>,
    /// Of them, who waits in it now.
    pub waiting: Option<u64>,
    pub branches: Vec<Branch>,
    /// Of a send step.
    pub figures: Option<SendFigures>,
    /// Loses far more readers than its neighbours.
    pub is_unsubscribe_unusual: bool,
}

#[derive(Clone, Debug)]
pub struct Branch {
    pub kind: BranchKind,
    pub customers: u64,
    /// Where it leads, if that is said here: `to Feedback flow`.
    pub where_to: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BranchKind {
    HeldOut,
    Bought,
    LeftOtherwise,
}

impl StepRow {
    /// How many went on to the next step.
    pub fn passed(&self) -> Option<u64> {
        let gone: u64 = self.branches.iter().map(|it| it.customers).sum();
        self.reached?.checked_sub(self.waiting.unwrap_or(0) + gone)
    }
}

/// The selected step, in the side panel.
#[derive(Clone, Debug)]
pub struct StepPanel {
    pub step: String,
    /// Its place in the flow, from 1.
    pub number: usize,
    pub title: String,
    pub email: Option<PanelEmail>,
    pub figures: Option<SendFigures>,
    pub reached: Option<u64>,
    /// What became of everyone who reached it.
    pub account: Vec<AccountLine>,
    pub note: Option<Phrase>,
}

#[derive(Clone, Debug)]
pub struct PanelEmail {
    pub subject: String,
    /// Where the HTML of an example is served, for a small sandboxed preview.
    pub preview_src: Option<String>,
    /// An email of this step that went out, in the inbox.
    pub letter_href: Option<String>,
}

#[derive(Clone, Debug)]
pub struct AccountLine {
    pub label: String,
    pub customers: u64,
    /// Part of the line above.
    pub is_part: bool,
}

#[derive(Clone, Debug)]
pub struct Enrolments {
    pub filter: EnrolmentFilter,
    /// Only those who reached this step: its id and title.
    pub step: Option<(String, String)>,
    pub rows: Vec<EnrolmentRow>,
    pub paging: Paging,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrolmentFilter {
    Everyone,
    InNow,
    Bought,
    Completed,
    HeldOut,
    LeftOtherwise,
}

impl EnrolmentFilter {
    pub const ALL: [Self; 6] = [
        Self::Everyone,
        Self::InNow,
        Self::Bought,
        Self::Completed,
        Self::HeldOut,
        Self::LeftOtherwise,
    ];

    /// The value in the address: `?who=bought`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::InNow => "in",
            Self::Bought => "bought",
            Self::Completed => "completed",
            Self::HeldOut => "held-out",
            Self::LeftOtherwise => "left",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    fn label(self) -> &'static str {
        match self {
            Self::Everyone => "Everyone",
            Self::InNow => "In it now",
            Self::Bought => "Bought",
            Self::Completed => "Went through",
            Self::HeldOut => "Held out",
            Self::LeftOtherwise => "Left otherwise",
        }
    }
}

#[derive(Clone, Debug)]
pub struct EnrolmentRow {
    pub customer_href: String,
    pub customer_name: String,
    pub entered_at: Timestamp,
    /// What enrolled them: `Order 20482`.
    pub trigger: String,
    pub outcome: EnrolmentOutcome,
    /// Where they are or were last, and until when: `Wait 3 days, until Wed 18 Mar, 10:03`.
    pub place: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnrolmentOutcome {
    InNow,
    Bought,
    Completed,
    HeldOut,
    /// With the reason: `unsubscribed`.
    Left(String),
}

impl FlowPage {
    /// The numbers of the design's picture, with the discount selected.
    pub fn sample() -> Self {
        let now = Layout::sample().calendar.now;
        Self {
            id: "upsell-cross-sell".to_owned(),
            name: "Upsell after an order".to_owned(),
            state: FlowState::Live,
            version: 4,
            summary: "Four emails over 10 days to people who have just bought. Leaves the moment \
                      they buy again."
                .to_owned(),
            view: FlowView::Map,
            figures: FlowFigures {
                since: Some("2026-01-05T12:00:00Z".parse().expect("a fixed instant")),
                enrolled: Some(9_840),
                held_out: Some(979),
                mailed: Some(8_375),
                in_now: Some(1_417),
                next_email_at: Some(now + jiff::SignedDuration::from_mins(6)),
                bought: Some(1_261),
                credited_net_minor: Some(5_462_900),
                credited_orders: Some(842),
                net_per_email_minor: Some(185.4),
                lift: LiftNote::Estimate {
                    difference_minor: 223.0,
                    low_minor: 20.0,
                    high_minor: 426.0,
                },
            },
            counts: CountsFrom::Counters { as_of: now },
            steps: sample_steps(),
            panel: Some(sample_panel()),
            refused: None,
        }
    }

    /// The same flow with its enrolments open.
    pub fn sample_enrolments() -> Self {
        let at = |text: &str| text.parse::<Timestamp>().expect("a fixed instant");
        let row = |name: &str, entered, order: &str, outcome, place: &str| EnrolmentRow {
            customer_href: "/customers/513".to_owned(),
            customer_name: name.to_owned(),
            entered_at: at(entered),
            trigger: format!("Order {order}"),
            outcome,
            place: place.to_owned(),
        };
        let rows = vec![
            row(
                "Hana Sato",
                "2026-03-17T13:58:00Z",
                "20611",
                EnrolmentOutcome::InNow,
                "Wait 2 days, until Thu 19 Mar, 13:58",
            ),
            row(
                "Owen Byrne",
                "2026-03-17T11:20:00Z",
                "20604",
                EnrolmentOutcome::HeldOut,
                "Holdout, 10% by lot",
            ),
            row(
                "Ana Ribeiro",
                "2026-03-09T14:06:00Z",
                "20482",
                EnrolmentOutcome::InNow,
                "Discount, held back until Wed 18 Mar, 10:03",
            ),
            row(
                "Lucie Delmas",
                "2026-03-04T08:31:00Z",
                "20377",
                EnrolmentOutcome::Bought,
                "after Discount",
            ),
            row(
                "Tomasz Wilk",
                "2026-03-02T19:47:00Z",
                "20351",
                EnrolmentOutcome::Left("unsubscribed".to_owned()),
                "after Offer",
            ),
            row(
                "Priya Nair",
                "2026-02-28T10:12:00Z",
                "20299",
                EnrolmentOutcome::Completed,
                "End of the flow",
            ),
        ];
        let view = FlowView::Enrolments(Enrolments {
            filter: EnrolmentFilter::Everyone,
            step: None,
            rows,
            paging: Paging { newer: None, older: Some("?before=20299".to_owned()) },
        });
        Self { view, panel: None, ..Self::sample() }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let is_map = matches!(self.view, FlowView::Map);
        let body = html! {
            div.flow.with-panel[is_map && self.panel.is_some()] {
                (self.head())
                @if let Some(why) = &self.refused {
                    div.refused role="alert" {
                        (note(Tone::Bad, Icon::Warn, &html! {
                            b { "Nothing was changed. " } (why) "."
                        }))
                    }
                }
                (self.paused_bar(layout))
                (self.tabs())
                @match &self.view {
                    FlowView::Map => {
                        div.overview.card { (strip(&self.stats(layout))) }
                        div.beside.alone[self.panel.is_none()] {
                            (self.map(layout))
                            @if let Some(panel) = &self.panel { (self.panel(panel, layout)) }
                        }
                    }
                    FlowView::Enrolments(it) => (self.enrolments(it, layout)),
                }
            }
        };
        layout.page(&self.name, Some(Place::Flows), &body)
    }

    fn path(&self) -> String {
        format!("/flows/{}", self.id)
    }

    fn head(&self) -> Markup {
        let version = format!("Version {}", self.version);
        head(&Head {
            crumbs: &[("Flows", "/flows"), (&self.id, "")],
            title: &self.name,
            badges: html! { (self.state.badge()) " " (badge(Tone::Neutral, &version)) },
            text: html! { (self.summary) },
            actions: html! {
                @if self.state == FlowState::Live {
                    form method="post" action=(format!("{}/pause", self.path())) {
                        (Button::plain("Pause").icon(Icon::Pause).submit())
                    }
                }
                @if self.state == FlowState::Draft {
                    (Button::primary("Launch the flow…").icon(Icon::Flow)
                        .link(&format!("{}/launch", self.path())))
                }
            },
        })
    }

    /// A paused flow asks what to do with what is overdue, so that resuming surprises nobody.
    fn paused_bar(&self, layout: &Layout) -> Markup {
        let FlowState::Paused { since, overdue } = self.state else { return html! {} };
        let waiting = match overdue {
            Some(0) => "Nothing is overdue.".to_owned(),
            Some(number) => {
                format!("{} overdue.", format::counted(number, "email is", "emails are"))
            }
            None => "How many emails are overdue is not known.".to_owned(),
        };
        html! {
            form.note.warn.paused method="post" action=(format!("{}/resume", self.path())) {
                (icon(Icon::Pause))
                div {
                    p {
                        b { "Paused for " (layout.calendar.distance(since)) "." } " " (waiting)
                        @if overdue != Some(0) { " What becomes of them when the flow goes on?" }
                    }
                    div.actions {
                        @if overdue == Some(0) {
                            (Button::plain("Resume").small().submit_as("overdue", "send"))
                        } @else {
                            (Button::plain("Resume and send now").small()
                                .submit_as("overdue", "send"))
                            (Button::plain("Resume, shifted by the pause").small()
                                .submit_as("overdue", "shift"))
                            (Button::plain("Resume and skip them").small()
                                .submit_as("overdue", "skip"))
                        }
                    }
                }
            }
        }
    }

    fn tabs(&self) -> Markup {
        let is_map = matches!(self.view, FlowView::Map);
        tabs(
            "Parts of the flow",
            &[
                Tab::new("Map", self.path(), is_map),
                Tab::new("Enrolments", format!("{}/enrolments", self.path()), !is_map)
                    .count(self.figures.in_now),
                Tab::new("Report", format!("/reports/{}", self.id), false),
            ],
        )
    }

    fn stats(&self, layout: &Layout) -> [Stat; 5] {
        let it = &self.figures;
        let offered =
            it.enrolled.zip(it.held_out).map(|(all, held_out)| all.saturating_sub(held_out));
        let split = match (it.mailed, offered, it.held_out) {
            (Some(mailed), _, Some(held_out)) => {
                format!("{} mailed, {} held out", format::count(mailed), format::count(held_out))
            }
            (None, Some(offered), Some(held_out)) => format!(
                "{} not held out, {} held out",
                format::count(offered),
                format::count(held_out)
            ),
            _ => "counts cannot be read now".to_owned(),
        };
        let next = match it.next_email_at {
            // Of a clock that stands nothing is ever an hour away.
            Some(at) if layout.is_sample && at > layout.calendar.now => {
                format!("next email {}", layout.calendar.moment_short(at))
            }
            Some(at) if at > layout.calendar.now => {
                format!("next email in {}", layout.calendar.distance(at))
            }
            Some(_) => "next email now".to_owned(),
            None => "no email planned".to_owned(),
        };
        let credited = match (it.credited_orders, it.net_per_email_minor) {
            (Some(orders), Some(mean)) => format!(
                "{}, {} per email",
                format::counted(orders, "order", "orders"),
                format::money_mean(layout.currency, mean)
            ),
            (Some(orders), None) => format::counted(orders, "order", "orders"),
            _ => "not counted yet".to_owned(),
        };
        let money = it.credited_net_minor.map(|minor| layout.currency.format_whole(minor));
        let share = match (it.bought, offered) {
            (Some(bought), Some(offered)) => {
                format!("{} of those not held out", format::percent_of(bought, offered))
            }
            _ => "not counted yet".to_owned(),
        };
        let (lift, why) = it.lift.texts(layout.currency);
        let lift_note = match it.lift {
            LiftNote::Estimate { .. } => format!("95%: {why}"),
            LiftNote::NotYet => "nobody is past 21 days".to_owned(),
            _ => why,
        };
        let since = it.since.map_or_else(
            || "Enrolled".to_owned(),
            |at| format!("Enrolled since {}", layout.calendar.day_of_month(at)),
        );
        let dash = || format::NOTHING.to_owned();
        [
            Stat::new(since, format::count_or_dash(it.enrolled), split).live("enrolled"),
            Stat::new("In it now", format::count_or_dash(it.in_now), next).live("in-now"),
            Stat::new("Bought and left", format::count_or_dash(it.bought), share).live("bought"),
            Stat::new("Credited, net of refunds", money.unwrap_or_else(dash), credited),
            Stat::new("Lift per customer", lift, lift_note),
        ]
    }

    fn map(&self, layout: &Layout) -> Markup {
        html! {
            section.card.map aria-label="Map of the flow" data-refresh=[
                matches!(self.counts, CountsFrom::Counters { .. }).then_some("5")
            ] {
                div.map-head {
                    span { "Step" }
                    div.columns aria-hidden="true" {
                        span { "Delivered" }
                        span.wide { "Opened" }
                        span.wide { "Clicked" }
                        span { span.wide { "Converted" } span.slim { "Conv." } }
                        span {
                            (layout.currency.symbol())
                            span.wide { " per email" } span.slim { " / email" }
                        }
                        span.wide { "Unsub." }
                    }
                }
                (self.counts_note(layout))
                div.tree-box {
                    (ribbon(&self.steps))
                    ol.tree {
                        @for step in &self.steps { (self.row(step, layout)) }
                    }
                }
            }
        }
    }

    fn counts_note(&self, layout: &Layout) -> Markup {
        let calendar = &layout.calendar;
        let tell =
            |tone, words: Markup| html! { div.map-note { (note(tone, Icon::Info, &words)) } };
        match self.counts {
            CountsFrom::Counters { as_of } => {
                // Counters are of the last second; an older count says how old it is.
                let is_old = calendar.now.duration_since(as_of).as_secs() >= 60;
                html! {
                    @if is_old {
                        (tell(Tone::Neutral, html! { "Counts as of " (calendar.time(as_of)) "." }))
                    }
                }
            }
            CountsFrom::Replay { from, until } => tell(
                Tone::Info,
                html! {
                    b { "Replay. " }
                    "Nobody has entered yet, so the counts show what would have happened from "
                    (calendar.day_of_month(from)) " to " (calendar.day_of_month(until)) "."
                },
            ),
            CountsFrom::Nowhere => tell(
                Tone::Neutral,
                html! {
                    "The counts cannot be read now; the steps stand without them. "
                    a href=(self.path()) { "Try again" }
                },
            ),
        }
    }

    fn row(&self, step: &StepRow, layout: &Layout) -> Markup {
        let is_selected = self.panel.as_ref().is_some_and(|it| it.step == step.id);
        let link = html! {
            a.step-link href=(format!("{}?step={}", self.path(), step.id)) data-step
                aria-current=[is_selected.then_some("true")] { (step.title) }
        };
        let live = format!("reached-{}", step.id);
        html! {
            li.step.(step.kind.class()).selected[is_selected] id=(format!("step-{}", step.id)) {
                span.rail aria-hidden="true" { span.node { (icon(step.kind.icon())) } }
                @match step.kind {
                    StepKind::Send => {
                        div.send-card {
                            div.words { (link) p.hint { (step.hint) } }
                            (send_columns(step, layout))
                        }
                    }
                    StepKind::Trigger => {
                        div.line {
                            div.words { (link) p.hint { (step.hint) } }
                            @if let Some(reached) = step.reached {
                                p.enrolled { b data-live=(live) { (format::count(reached)) } span.unit { " enrolled" } }
                            }
                        }
                    }
                    StepKind::Exit => {
                        div.line {
                            div.words {
                                (link)
                                p.hint {
                                    @if let Some(reached) = step.reached {
                                        b data-live=(live) { (format::count(reached)) } " "
                                    }
                                    (step.hint)
                                }
                            }
                        }
                    }
                    StepKind::Holdout | StepKind::Wait | StepKind::Question => {
                        div.line {
                            div.words {
                                (link)
                                @if let Some(waiting) = step.waiting {
                                    " "
                                    span.waiting {
                                        b data-live=(format!("waiting-{}", step.id)) {
                                            (format::count(waiting))
                                        }
                                        " waiting"
                                    }
                                }
                                @if !step.hint.is_empty() { p.hint { (step.hint) } }
                            }
                            (branches(step))
                        }
                    }
                }
            }
        }
    }

    fn panel(&self, panel: &StepPanel, layout: &Layout) -> Markup {
        let number = format!("Step {}", panel.number);
        html! {
            aside.panel.card aria-label=(format!("Step {}", panel.title)) {
                div.panel-head {
                    (badge(Tone::Accent, &number))
                    h2 { (panel.title) }
                    a.button.quiet.alone data-close href=(self.path()) aria-label="Close the step" {
                        (icon(Icon::Close))
                    }
                }
                @if let Some(email) = &panel.email {
                    div.panel-part {
                        p.label { "Subject" }
                        p.subject { (email.subject) }
                        @if let Some(src) = &email.preview_src {
                            div.mini {
                                iframe src=(src) sandbox="" loading="lazy" tabindex="-1"
                                    title=(format!("Preview of {}", panel.title)) {}
                            }
                        }
                        div.pair {
                            @if let Some(href) = &email.letter_href {
                                (Button::plain("Read one").small().icon(Icon::Eye).link(href))
                            }
                            (Button::plain("Who got it").small().icon(Icon::People)
                                .link(&format!("{}/enrolments?step={}", self.path(), panel.step)))
                        }
                    }
                }
                @if let Some(figures) = &panel.figures { (panel_rates(figures, layout)) }
                @if panel.reached.is_some() || !panel.account.is_empty() {
                    div.panel-part.ruled {
                        @if let Some(reached) = panel.reached {
                            h3 { (format::count(reached)) " reached this step" }
                        }
                        dl.facts {
                            @for line in &panel.account {
                                div.part[line.is_part] {
                                    dt { (line.label) } dd { (format::count(line.customers)) }
                                }
                            }
                        }
                        @if let Some(words) = &panel.note {
                            (note(Tone::Neutral, Icon::Coupon, &html! { (words) }))
                        }
                    }
                }
            }
        }
    }

    fn enrolments(&self, it: &Enrolments, layout: &Layout) -> Markup {
        let path = format!("{}/enrolments", self.path());
        let href = |filter: EnrolmentFilter| {
            let mut href = format!("{path}?who={}", filter.name());
            if let Some((step, _)) = &it.step {
                write!(href, "&step={step}").expect("a string takes any text");
            }
            href
        };
        html! {
            section.card {
                div.card-head {
                    h2 {
                        @match &it.step {
                            Some((_, title)) => { "Reached " (title) },
                            None => "Enrolments",
                        }
                    }
                    nav.segmented aria-label="Which enrolments" {
                        @for filter in EnrolmentFilter::ALL {
                            a href=(href(filter))
                                aria-current=[(filter == it.filter).then_some("true")] {
                                (filter.label())
                            }
                        }
                    }
                }
                @if it.rows.is_empty() {
                    (empty(&Empty {
                        icon: Icon::Flow,
                        title: "Nobody here",
                        text: "Customers appear the moment a trigger enrols them; those who have \
                               left stay, with the reason.",
                        action: None,
                        alternative: Some(("Show everyone", &path)),
                    }))
                } @else {
                    table.rows {
                        thead {
                            tr {
                                th scope="col" { "Customer" }
                                th.wide scope="col" { "Entered" }
                                th.wide scope="col" { "By" }
                                th scope="col" { "State" }
                                th.mid scope="col" { "Where" }
                            }
                        }
                        tbody {
                            @for row in &it.rows {
                                tr {
                                    th scope="row" {
                                        a.row-link href=(row.customer_href) { (row.customer_name) }
                                    }
                                    td.wide { (layout.calendar.moment_short(row.entered_at)) }
                                    td.wide { (row.trigger) }
                                    td { (outcome_badge(&row.outcome)) }
                                    td.mid.soft { (row.place) }
                                }
                            }
                        }
                    }
                    (pager(&it.paging))
                }
            }
        }
    }
}

fn outcome_badge(outcome: &EnrolmentOutcome) -> Markup {
    match outcome {
        EnrolmentOutcome::InNow => badge_state(Tone::Accent, "In it now"),
        EnrolmentOutcome::Bought => badge_state(Tone::Good, "Bought"),
        EnrolmentOutcome::Completed => badge(Tone::Neutral, "Went through"),
        EnrolmentOutcome::HeldOut => badge(Tone::Neutral, "Held out"),
        EnrolmentOutcome::Left(reason) => badge(Tone::Warn, &format!("Left: {reason}")),
    }
}

/// The figures of a send step in the columns that all send steps share.
fn send_columns(step: &StepRow, layout: &Layout) -> Markup {
    let Some(figures) = &step.figures else { return html! {} };
    let basis = RateBasis::default();
    let column = |name: &str, value: String, class: &str| {
        html! { span class=(class) { span.hidden { (name) " " } (value) } " " }
    };
    let revenue = figures
        .net_per_email(basis)
        .map_or_else(|| format::NOTHING.to_owned(), |it| format::money_mean(layout.currency, it));
    let unusual = if step.is_unsubscribe_unusual { "wide unusual" } else { "wide" };
    html! {
        div.columns {
            (column("Delivered", format::count(figures.delivered), ""))
            (column("Opened", figures.rate_text(Rate::Open, basis), "wide"))
            (column("Clicked", figures.rate_text(Rate::Click, basis), "wide"))
            (column("Converted", figures.rate_text(Rate::Conversion, basis), ""))
            (column("Revenue per email", revenue, ""))
            (column("Unsubscribed", figures.rate_text(Rate::Unsubscribe, basis), unusual))
        }
    }
}

fn branches(step: &StepRow) -> Markup {
    let shown: Vec<&Branch> = step.branches.iter().filter(|it| it.customers > 0).collect();
    let Some(first) = shown.first() else { return html! {} };
    let of = |it: &Branch| match it.kind {
        BranchKind::HeldOut => ("held", Icon::People, "held out"),
        BranchKind::Bought => ("bought", Icon::Exit, "bought"),
        BranchKind::LeftOtherwise => ("left", Icon::Ban, "left otherwise"),
    };
    html! {
        span.rule.(of(first).0) aria-hidden="true" {}
        div.branches {
            @for (index, branch) in shown.iter().enumerate() {
                @let (class, glyph, words) = of(branch);
                @if index > 0 { " " }
                span.branch.(class).also[index > 0] {
                    @if index == 0 { (icon(glyph)) }
                    b { (format::count(branch.customers)) " " (words) }
                    @if !branch.where_to.is_empty() { " " span.where-to { (branch.where_to) } }
                }
            }
        }
    }
}

/// The widest and the narrowest the ribbon gets.
const RIBBON_WIDTH_MAX: f64 = 22.0;
const RIBBON_WIDTH_MIN: f64 = 2.0;
const RIBBON_BOX: f64 = 30.0;

/// One path down the rail, as wide at each row as customers pass there.
fn ribbon(steps: &[StepRow]) -> Markup {
    let Some(points) = ribbon_points(steps) else { return html! {} };
    let height: f64 = steps.iter().map(|it| it.kind.row_height()).sum();
    let side = |sign: f64| {
        move |(y, width): &(f64, f64)| {
            format!("{:.1} {y:.1}", RIBBON_BOX / 2.0 + sign * width / 2.0)
        }
    };
    let left: Vec<String> = points.iter().map(side(-1.0)).collect();
    let right: Vec<String> = points.iter().rev().map(side(1.0)).collect();
    let path = format!("M{}L{}z", left.join("L"), right.join("L"));
    html! {
        svg.ribbon width="30" height=(height) viewBox=(format!("0 0 30 {height}"))
            aria-hidden="true" focusable="false" {
            path d=(path) {}
        }
    }
}

/// The middle of each row with the ribbon's width there; `None` when a count is not known.
fn ribbon_points(steps: &[StepRow]) -> Option<Vec<(f64, f64)>> {
    let most = steps.first()?.reached.filter(|it| *it > 0)? as f64;
    let mut top = 0.0;
    steps
        .iter()
        .map(|step| {
            let middle = top + step.kind.row_height() / 2.0;
            top += step.kind.row_height();
            let width = RIBBON_WIDTH_MAX * step.reached? as f64 / most;
            Some((middle, width.clamp(RIBBON_WIDTH_MIN, RIBBON_WIDTH_MAX)))
        })
        .collect()
}

fn panel_rates(figures: &SendFigures, layout: &Layout) -> Markup {
    let basis = RateBasis::default();
    let rates = [
        ("Opened", Rate::Open),
        ("Clicked", Rate::Click),
        ("Converted", Rate::Conversion),
        ("Unsubscribed", Rate::Unsubscribe),
    ];
    let money = |minor: Option<f64>| {
        minor.map_or_else(
            || format::NOTHING.to_owned(),
            |it| format::money_mean(layout.currency, it),
        )
    };
    html! {
        div.panel-part {
            h3 { (format::count(figures.delivered)) " delivered" }
            dl.rates {
                @for (label, rate) in rates {
                    div {
                        dt { (label) }
                        dd {
                            (bar(figures.rate(rate, basis).unwrap_or(0.0)))
                            span { (figures.rate_text(rate, basis)) }
                        }
                    }
                }
            }
            dl.facts {
                div { dt { "Credited orders" } dd { (format::count(figures.orders)) } }
                div {
                    dt { "Revenue per email" }
                    dd {
                        (money(figures.net_per_email(basis)))
                        span.soft { " gross " (money(figures.gross_per_email(basis))) }
                    }
                }
            }
        }
    }
}

fn sample_steps() -> Vec<StepRow> {
    let row = |id: &str, kind, title: &str, hint: &str, reached| StepRow {
        id: id.to_owned(),
        kind,
        title: title.to_owned(),
        hint: hint.to_owned(),
        reached: Some(reached),
        waiting: None,
        branches: Vec::new(),
        figures: None,
        is_unsubscribe_unusual: false,
    };
    let branch =
        |kind, customers, where_to: &str| Branch { kind, customers, where_to: where_to.to_owned() };
    let wait = |id: &str, title: &str, reached, waiting, bought, left| StepRow {
        waiting: Some(waiting),
        branches: vec![
            branch(BranchKind::Bought, bought, ""),
            branch(BranchKind::LeftOtherwise, left, ""),
        ],
        ..row(id, StepKind::Wait, title, "", reached)
    };
    let question = |id: &str, hint: &str, reached, bought| StepRow {
        branches: vec![branch(BranchKind::Bought, bought, "to Feedback flow")],
        ..row(id, StepKind::Question, "Bought?", hint, reached)
    };
    let [offer, discount, proof, nudge] = SendFigures::samples();
    let send = |id: &str, title: &str, hint: &str, reached, figures| StepRow {
        figures: Some(figures),
        ..row(id, StepKind::Send, title, hint, reached)
    };
    vec![
        row(
            "trigger",
            StepKind::Trigger,
            "Order completed",
            "Trigger: any order from Shopify worth at least €20",
            9_840,
        ),
        StepRow {
            branches: vec![branch(BranchKind::HeldOut, 979, "they get no email")],
            ..row(
                "holdout",
                StepKind::Holdout,
                "Holdout, 10% by lot",
                "The same customer always draws the same lot",
                9_840,
            )
        },
        wait("wait-1", "Wait 2 days", 8_861, 214, 88, 41),
        send("offer", "Offer", "To go with what you bought", 8_518, offer),
        question("bought-1", "asked at every moment from here on", 8_518, 371),
        wait("wait-2", "Wait 3 days", 8_147, 318, 0, 47),
        send("discount", "Discount", "10% off, for 5 days", 7_782, discount),
        question("bought-2", "", 7_782, 448),
        wait("wait-3", "Wait 3 days", 7_334, 296, 0, 52),
        send("social-proof", "Social proof", "What others make with it", 6_986, proof),
        question("bought-3", "", 6_986, 191),
        wait("wait-4", "Wait 2 days", 6_795, 187, 0, 33),
        StepRow {
            is_unsubscribe_unusual: true,
            ..send("nudge", "Nudge", "Your code ends tonight", 6_575, nudge)
        },
        question("bought-4", "", 6_575, 163),
        wait("watch", "Watch 5 days for orders", 6_412, 402, 0, 26),
        row("end", StepKind::Exit, "End of the flow", "went through without a second order", 5_984),
    ]
}

fn sample_panel() -> StepPanel {
    let line = |label: &str, customers, is_part| AccountLine {
        label: label.to_owned(),
        customers,
        is_part,
    };
    StepPanel {
        step: "discount".to_owned(),
        number: 7,
        title: "Discount".to_owned(),
        email: Some(PanelEmail {
            subject: "10% off the kettle, until Sunday".to_owned(),
            preview_src: Some("/inbox/1802/html".to_owned()),
            letter_href: Some("/inbox/1802".to_owned()),
        }),
        figures: Some(SendFigures::samples()[1]),
        reached: Some(7_782),
        account: vec![
            line("Sent", 7_688, false),
            line("of them bounced", 12, true),
            line("Skipped: no consent", 58, false),
            line("Skipped: frequency cap", 24, false),
            line("Skipped: suppressed", 12, false),
        ],
        note: Some(Phrase::new("One code of pool ").strong("NEXT10").plain(
            " is reserved for each customer. It ends at midnight, 5 days after sending, \
                        and fits products worth €25 or more.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{check, visible_text};

    fn text_of(page: &FlowPage) -> String {
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        visible_text(&html)
    }

    #[test]
    fn the_map_reads_as_the_design_has_it() {
        insta::assert_snapshot!(text_of(&FlowPage::sample()));
    }

    #[test]
    fn the_enrolments_say_where_each_is_and_how_each_left() {
        insta::assert_snapshot!(text_of(&FlowPage::sample_enrolments()));
    }

    #[test]
    fn the_rows_add_up() {
        let steps = sample_steps();
        for pair in steps.windows(2) {
            assert_eq!(pair[0].passed(), pair[1].reached, "on from `{}`", pair[0].id);
        }
        let waiting: u64 = steps.iter().filter_map(|it| it.waiting).sum();
        assert_eq!(Some(waiting), FlowPage::sample().figures.in_now);
    }

    #[test]
    fn everyone_who_reached_the_selected_step_is_accounted_for() {
        let panel = sample_panel();
        let whole = panel.account.iter().filter(|it| !it.is_part);
        assert_eq!(Some(whole.map(|it| it.customers).sum()), panel.reached);
    }

    #[test]
    fn a_paused_flow_asks_what_to_do_with_what_is_overdue() {
        let since = "2026-03-15T14:20:00Z".parse().unwrap();
        let state = FlowState::Paused { since, overdue: Some(212) };
        let text = text_of(&FlowPage { state, ..FlowPage::sample() });
        assert!(text.contains("Paused for 2 days. 212 emails are overdue."));
        assert!(text.contains("Resume, shifted by the pause"));
    }

    #[test]
    fn nothing_shows_as_zero_that_is_not_known_to_be_zero() {
        let blind = |it: StepRow| StepRow {
            reached: None,
            waiting: None,
            branches: Vec::new(),
            figures: None,
            ..it
        };
        let steps: Vec<StepRow> = sample_steps().into_iter().map(blind).collect();
        let figures = FlowFigures {
            since: None,
            enrolled: None,
            held_out: None,
            mailed: None,
            in_now: None,
            next_email_at: None,
            bought: None,
            credited_net_minor: None,
            credited_orders: None,
            net_per_email_minor: None,
            lift: LiftNote::NotYet,
        };
        let page = FlowPage {
            steps,
            figures,
            counts: CountsFrom::Nowhere,
            panel: None,
            ..FlowPage::sample()
        };
        let html = page.render(&Layout::sample()).into_string();
        assert!(!html.contains("class=\"ribbon\""), "no ribbon of unknown width");
        let text = text_of(&page);
        assert!(text.contains("The counts cannot be read now"));
        assert!(!text.lines().any(|line| line.trim() == "0"), "no invented zero");
    }

    #[test]
    fn an_untried_flow_shows_a_replay_and_says_so() {
        let from = "2026-01-16T12:00:00Z".parse().unwrap();
        let until = "2026-03-17T12:00:00Z".parse().unwrap();
        let page = FlowPage { counts: CountsFrom::Replay { from, until }, ..FlowPage::sample() };
        assert!(text_of(&page).contains("what would have happened from 16 January to 17 March"));
    }

    proptest! {
        #[test]
        fn the_ribbon_stays_on_its_rail(counts in proptest::collection::vec(0_u64..1_000_000, 1..20)) {
            let step = &sample_steps()[2];
            let rows: Vec<StepRow> = counts
                .iter()
                .map(|reached| StepRow { reached: Some(*reached), ..step.clone() })
                .collect();
            for (_, width) in ribbon_points(&rows).unwrap_or_default() {
                prop_assert!((RIBBON_WIDTH_MIN..=RIBBON_WIDTH_MAX).contains(&width));
            }
        }
    }
}
