//! A segment: who is in it, and why.
//!
//! Two forms stand side by side, and each is the mirror of the other: the builder, whose fields are the
//! numbers and names within the written clauses, and the written form. Both ask by address, so that
//! what is being tried is a page like any other; a module asks while one types. Saving is a form of its
//! own that says beforehand who joins and who leaves.

use maud::{Markup, html};

use super::{Head, head, products::encoded, segments::size_line};
use crate::{
    component::{Button, Choice, Empty, Tone, avatar, badge_state, bar, card_head, empty, note},
    format::{self, Calendar},
    icon::{Icon, icon},
    layout::{Layout, Place},
};

mod builder;

pub use builder::{BuilderField, BuilderNode, CLAUSE_IDEAS, compose};

#[derive(Clone, Debug)]
pub struct SegmentPage {
    /// `None` for one that is being written.
    pub id: Option<String>,
    pub name: String,
    /// What is asked is not what is stored.
    pub is_changed: bool,
    pub is_shipped: bool,
    pub used_by: Vec<(String, String)>,
    pub figures: Option<Figures>,
    pub sizes: Vec<u64>,
    pub written: String,
    pub error: Option<WrittenError>,
    /// The condition as a tree; of a text that cannot be read, the last one that could.
    pub builder: Option<BuilderNode>,
    /// What is odd about the condition, such as a clause that is never true.
    pub findings: Vec<String>,
    pub change: Option<Change>,
    pub clauses: Vec<ClauseLeft>,
    pub drawn: Vec<Drawn>,
    pub draw: u64,
    /// `None`: not compared with the others yet.
    pub overlaps: Option<Vec<OverlapRow>>,
    pub why: Option<WhyPanel>,
    /// Why it was not saved or deleted.
    pub refused: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Figures {
    pub customers: u64,
    pub of_customers: u64,
    /// How long the count took, in milliseconds.
    pub took_ms: u64,
    pub mailable: u64,
    pub without_consent: u64,
    pub suppressed: u64,
    pub without_address: u64,
}

#[derive(Clone, Debug)]
pub struct WrittenError {
    /// From 1.
    pub line: usize,
    pub before: String,
    pub wrong: String,
    pub after: String,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Change {
    /// Lines of the stored form that go, and those that come.
    pub removed: Vec<String>,
    pub added: Vec<String>,
    pub join: u64,
    pub leave: u64,
}

#[derive(Clone, Debug)]
pub struct ClauseLeft {
    pub clause: String,
    pub left: u64,
    pub removed: u64,
}

#[derive(Clone, Debug)]
pub struct Drawn {
    /// Our number, by which "Why?" asks.
    pub id: String,
    pub name: String,
    pub country: String,
    pub last_order: String,
    pub worth: String,
    pub on: String,
}

#[derive(Clone, Debug)]
pub struct OverlapRow {
    pub name: String,
    pub href: String,
    pub both: u64,
    pub only_this: u64,
    pub only_other: u64,
}

#[derive(Clone, Debug)]
pub struct WhyPanel {
    pub asked: String,
    /// `None`: what was asked leads to nobody.
    pub customer: Option<(String, String)>,
    pub is_met: bool,
    pub until: Option<aftercart_model::Timestamp>,
    pub clauses: Vec<WhyLine>,
}

#[derive(Clone, Debug)]
pub struct WhyLine {
    pub clause: String,
    pub is_met: bool,
    pub found: String,
    pub depth: u32,
}

impl SegmentPage {
    /// The segment of the design's picture.
    pub fn sample() -> Self {
        let written = "customers who\n  ordered at least 1 time in the last 30 days\n  and any of\n    \
                       viewed a product related to their last order in the last 14 days\n    clicked a \
                       link to a product related to their last order in the last 14 days\n  and \
                       ordered at most 1 time in the last 30 days\n";
        let left =
            |clause: &str, left, removed| ClauseLeft { clause: clause.to_owned(), left, removed };
        let drawn = |id: &str, name: &str, order: &str, worth: &str, on: &str| Drawn {
            id: id.to_owned(),
            name: name.to_owned(),
            country: "PT".to_owned(),
            last_order: order.to_owned(),
            worth: worth.to_owned(),
            on: on.to_owned(),
        };
        let line = |clause: &str, found: &str, depth| WhyLine {
            clause: clause.to_owned(),
            is_met: true,
            found: found.to_owned(),
            depth,
        };
        let group = |word: &str, parts: Vec<BuilderNode>| BuilderNode::Group {
            word: word.to_owned(),
            parts,
        };
        let clause = |text: &str| BuilderNode::clause(text);
        Self {
            id: Some("looking-again".to_owned()),
            name: "Bought, looking again, not bought again".to_owned(),
            is_changed: true,
            is_shipped: false,
            used_by: vec![(
                "Upsell after an order".to_owned(),
                "/flows/upsell-cross-sell".to_owned(),
            )],
            figures: Some(Figures {
                customers: 1_012,
                of_customers: 48_212,
                took_ms: 40,
                mailable: 931,
                without_consent: 68,
                suppressed: 13,
                without_address: 0,
            }),
            sizes: (0..30).map(|day| 847 + day * 5 + day % 4 * 3).collect(),
            written: written.to_owned(),
            error: None,
            builder: Some(group(
                "all of",
                vec![
                    clause("ordered at least 1 time in the last 30 days"),
                    group(
                        "any of",
                        vec![
                            clause(
                                "viewed a product related to their last order in the last 14 days",
                            ),
                            clause(
                                "clicked a link to a product related to their last order in the last 14 \
                            days",
                            ),
                        ],
                    ),
                    clause("ordered at most 1 time in the last 30 days"),
                ],
            )),
            findings: Vec::new(),
            change: Some(Change {
                removed: vec!["  and ordered at most 2 times in the last 30 days".to_owned()],
                added: vec!["  and ordered at most 1 time in the last 30 days".to_owned()],
                join: 0,
                leave: 139,
            }),
            clauses: vec![
                left("ordered at least 1 time in the last 30 days", 3_978, 44_234),
                left("viewed or clicked a related product", 1_322, 2_656),
                left("ordered at most 1 time in the last 30 days", 1_012, 310),
            ],
            drawn: vec![
                drawn("513", "Ana Ribeiro", "20482", "€42.50", "9 Mar"),
                drawn("771", "Tomasz Wilk", "20391", "€119.00", "26 Feb"),
            ],
            draw: 0,
            overlaps: Some(vec![OverlapRow {
                name: "Good customers".to_owned(),
                href: "/segments/good-customers".to_owned(),
                both: 310,
                only_this: 702,
                only_other: 3_108,
            }]),
            why: Some(WhyPanel {
                asked: "513".to_owned(),
                customer: Some(("Ana Ribeiro".to_owned(), "/customers/513".to_owned())),
                is_met: true,
                until: "2026-03-25T19:44:00Z".parse().ok(),
                clauses: vec![
                    line(
                        "ordered at least 1 time in the last 30 days",
                        "an order of €42.50 on 9 March 2026 at 10:12",
                        0,
                    ),
                    line("any of", "", 0),
                    line(
                        "viewed a product related to their last order in the last 14 days",
                        "Gooseneck kettle on 11 March 2026 at 19:44, which goes with Ceramic dripper \
                         in the last order, and 2 times before",
                        1,
                    ),
                ],
            }),
            refused: None,
        }
    }

    /// One that is being written, before anything is.
    pub fn sample_new() -> Self {
        Self {
            id: None,
            name: String::new(),
            is_changed: true,
            is_shipped: false,
            used_by: Vec::new(),
            figures: None,
            sizes: Vec::new(),
            written: String::new(),
            error: None,
            builder: None,
            findings: Vec::new(),
            change: None,
            clauses: Vec::new(),
            drawn: Vec::new(),
            draw: 0,
            overlaps: Some(Vec::new()),
            why: None,
            refused: None,
        }
    }

    /// The design's, with a word that cannot be read.
    pub fn sample_broken() -> Self {
        Self {
            error: Some(WrittenError {
                line: 2,
                before: "  ordered at ".to_owned(),
                wrong: "lest".to_owned(),
                after: " 1 time in the last 30 days".to_owned(),
                text: "`lest` cannot stand here; did you mean `least`?".to_owned(),
            }),
            change: None,
            ..Self::sample()
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let title = if self.name.is_empty() { "New segment" } else { &self.name };
        let body = html! {
            (head(&Head {
                crumbs: &[("Segments", "/segments"), (self.id.as_deref().unwrap_or("new"), "")],
                title,
                badges: html! { span id="segment-state" { (self.state()) } },
                text: self.uses(),
                actions: html! { span id="segment-save" { (self.save_button()) } },
            }))
            @if let Some(refused) = &self.refused {
                (note(Tone::Bad, Icon::Warn, &html! { (refused) }))
            }
            section.card.segment aria-label="The rule" data-segment {
                div id="segment-figures" aria-live="polite" { (self.strip()) }
                div.segmented.switch-halves role="group" aria-label="How the rule is shown" {
                    button type="button" data-half="by-hand" aria-pressed="true" { "Builder" }
                    button type="button" data-half="by-words" aria-pressed="false" { "Written" }
                }
                div.halves {
                    div.half.by-hand id="segment-builder" { (self.builder()) }
                    div.half.by-words { (self.written()) }
                }
            }
            div.beside {
                div.stack {
                    div id="segment-clauses" { (self.clause_card()) }
                    div id="segment-drawn" { (self.drawn_card()) }
                    div id="segment-overlaps" { (self.overlap_card()) }
                }
                div.stack {
                    div id="segment-why" { (self.why_card(layout)) }
                    (self.more_card())
                }
            }
        };
        layout.page(title, Some(Place::Segments), &body)
    }

    fn state(&self) -> Markup {
        match (&self.id, self.is_changed) {
            (None, _) | (Some(_), true) => badge_state(Tone::Warn, "Not saved"),
            (Some(_), false) if self.is_shipped => badge_state(Tone::Neutral, "Shipped"),
            (Some(_), false) => badge_state(Tone::Good, "Saved"),
        }
    }

    fn save_button(&self) -> Markup {
        html! { @if self.can_be_saved() { (Button::primary("Save").submit_for("save")) } }
    }

    /// Whether there is a condition that is not stored yet.
    fn can_be_saved(&self) -> bool {
        let is_stored = self.id.is_some() && !self.is_changed && !self.is_shipped;
        self.error.is_none() && self.builder.is_some() && !is_stored
    }

    fn uses(&self) -> Markup {
        html! {
            @if self.used_by.is_empty() {
                @if self.id.is_some() { "No flow starts from it." }
            } @else {
                "Used by "
                @for (index, (name, href)) in self.used_by.iter().enumerate() {
                    @if index > 0 { " and " }
                    "the flow " a href=(href) { (name) }
                }
                "."
            }
        }
    }

    fn strip(&self) -> Markup {
        let Some(it) = &self.figures else {
            return html! { p.hint.padded-text { "Write what to ask, and everybody is asked." } };
        };
        let reasons = [
            (it.without_consent, "gave no consent"),
            (it.suppressed, "are suppressed"),
            (it.without_address, "have no address"),
        ];
        let reasons: Vec<String> = reasons
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, why)| format!("{} {why}", format::count(*count)))
            .collect();
        html! {
            dl.segment-strip {
                div.main {
                    dt.hidden { "Customers" }
                    dd.number { (format::count(it.customers)) }
                    dd { b { @if it.customers == 1 { "customer now" } @else { "customers now" } }
                        span.hint {
                            (format::percent_of(it.customers, it.of_customers)) " of "
                            (format::count(it.of_customers)) ", counted in " (took(it.took_ms))
                        }
                    }
                }
                div {
                    dt { b { (format::count(it.mailable)) } " can be mailed" }
                    dd.hint {
                        @if reasons.is_empty() { "nobody is held back" } @else { (reasons.join(", ")) }
                    }
                }
                div.days {
                    dt.hidden { "Last 30 days" }
                    dd { (size_line(&self.sizes)) }
                    @if let Some(first) = self.sizes.first().filter(|_| self.sizes.len() > 1) {
                        dd.hint { (self.sizes.len() - 1) " days ago" br; b { (format::count(*first)) } }
                    }
                }
            }
        }
    }

    fn builder(&self) -> Markup {
        html! {
            div.half-head { h2 { "Builder" } p.hint { "customers who" } }
            @match &self.builder {
                None => p.hint { "Begin with a condition." },
                Some(_) if self.error.is_some() => {
                    p.hint { "As it was before the word that cannot be read." }
                },
                Some(_) => {}
            }
            form.builder action=(self.here()) method="get" data-builder
                inert[self.error.is_some()] {
                @if let Some(it) = &self.builder { (builder::render(it)) }
                div.add {
                    (idea_select(""))
                    (Button::plain("Condition").small().icon(Icon::Plus).submit_as("add", ""))
                    (Button::quiet("Group").small().icon(Icon::Plus).submit_as("group", ""))
                    noscript { (Button::plain("Ask").small().submit()) }
                }
            }
        }
    }

    fn written(&self) -> Markup {
        html! {
            form action=(self.here()) method="get" data-written {
                div.half-head {
                    label for="condition" { h2 { "Written" } }
                    p.hint { "plain English, means the same" }
                }
                textarea.code id="condition" name="condition" rows=(self.rows()) spellcheck="false"
                    autocapitalize="off" maxlength="16000"
                    aria-describedby=[self.error.as_ref().map(|_| "condition-error")]
                    aria-invalid=[self.error.as_ref().map(|_| "true")] { (self.written) }
                div id="segment-error" { @if let Some(it) = &self.error { (error(it)) } }
                div.bar-line {
                    p.hint { "Type here or change it there: each side follows the other." }
                    (Button::plain("Ask").small().submit())
                }
            }
            div id="segment-findings" {
                @for it in &self.findings { (note(Tone::Warn, Icon::Warn, &html! { (it) })) }
            }
            div id="segment-change" { (self.changed()) }
        }
    }

    fn rows(&self) -> usize {
        self.written.lines().count().clamp(7, 24) + 1
    }

    fn changed(&self) -> Markup {
        if !self.can_be_saved() {
            return html! {};
        }
        html! {
            @if let Some(it) = &self.change {
                h3 { "Changed since it was saved" }
                pre.diff {
                    @for line in &it.removed { span.removed { "- " (line) "\n" } }
                    @for line in &it.added { span.added { "+ " (line) "\n" } }
                }
                p.hint { (who_moves(it)) }
            }
            form.save id="save" action="/segments/save" method="post" {
                @if let Some(id) = &self.id { input type="hidden" name="id" value=(id); }
                input type="hidden" name="condition" value=(self.written);
                label for="segment-name" { "Name" }
                input.field id="segment-name" name="name" value=(self.name) required maxlength="120"
                    autocomplete="off";
                (Button::plain("Save").submit())
            }
        }
    }

    fn clause_card(&self) -> Markup {
        let Some(figures) = self.figures.as_ref().filter(|_| self.clauses.len() > 1) else {
            return html! {};
        };
        let all = figures.of_customers.max(1) as f64;
        let nobody = figures.customers == 0;
        let last = self.clauses.iter().find(|it| it.left == 0 && it.removed > 0);
        html! {
            section.card {
                (card_head("What each clause leaves", "left, and removed"))
                table.rows.clauses {
                    tbody {
                        tr {
                            th scope="row" { "All customers" }
                            td { (bar(1.0)) }
                            td.number { (format::count(figures.of_customers)) }
                            td.number {}
                        }
                        @for it in &self.clauses {
                            tr {
                                th scope="row" { (it.clause) }
                                td { (bar(it.left as f64 / all)) }
                                td.number { (format::count(it.left)) }
                                td.number {
                                    @if it.removed > 0 { "−" }
                                    (format::count(it.removed))
                                }
                            }
                        }
                    }
                }
                @if let Some(it) = last.filter(|_| nobody) {
                    (note(Tone::Warn, Icon::Info, &html! {
                        "Nobody is left: " b { (it.clause) } " removed the last "
                        (format::counted(it.removed, "customer", "customers")) "."
                    }))
                }
            }
        }
    }

    fn drawn_card(&self) -> Markup {
        let Some(figures) = &self.figures else { return html! {} };
        html! {
            section.card {
                div.card-head {
                    h2 { "Five of them, at random" }
                    @if figures.customers as usize > self.drawn.len() {
                        a href=(self.href(&format!("draw={}", self.draw + 1))) { "Draw again" }
                    }
                }
                @if self.drawn.is_empty() {
                    (empty(&Empty {
                        icon: Icon::People,
                        title: "Nobody meets this",
                        text: "What each clause leaves says where the last customers went.",
                        action: None,
                        alternative: None,
                    }))
                } @else {
                    table.rows {
                        thead {
                            tr {
                                th scope="col" { "Customer" }
                                th.mid scope="col" { "Country" }
                                th.wide scope="col" { "Last order" }
                                th.number scope="col" { "Worth" }
                                th.mid scope="col" { "On" }
                                th scope="col" { span.hidden { "Why" } }
                            }
                        }
                        tbody {
                            @for it in &self.drawn {
                                tr.selected[self.is_asked(it)] {
                                    th scope="row" {
                                        span.person {
                                            (avatar(&it.name))
                                            a href=(format!("/customers/{}", it.id)) { (it.name) }
                                        }
                                    }
                                    td.mid { (it.country) }
                                    td.wide { (it.last_order) }
                                    td.number { (it.worth) }
                                    td.mid { (it.on) }
                                    td.number { a href=(self.why_href(&it.id)) { "Why?" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn is_asked(&self, it: &Drawn) -> bool {
        self.why.as_ref().is_some_and(|why| why.asked == it.id)
    }

    fn overlap_card(&self) -> Markup {
        let Some(overlaps) = &self.overlaps else {
            let href = self.href("compare=1");
            return html! {
                @if self.figures.is_some() {
                    p.hint { a href=(href) { "Compare with other segments" } }
                }
            };
        };
        html! {
            @if !overlaps.is_empty() {
                section.card {
                    (card_head("Also in other segments", "in both, and in one alone"))
                    table.rows {
                        thead {
                            tr {
                                th scope="col" { "Segment" }
                                th.number scope="col" { "In both" }
                                th.number scope="col" { "Only in this" }
                                th.number scope="col" { "Only in that" }
                            }
                        }
                        tbody {
                            @for it in overlaps {
                                tr {
                                    th scope="row" { a.row-link href=(it.href) { (it.name) } }
                                    td.number { (format::count(it.both)) }
                                    td.number { (format::count(it.only_this)) }
                                    td.number { (format::count(it.only_other)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn why_card(&self, layout: &Layout) -> Markup {
        html! {
            section.card.why aria-label="Why" {
                @match &self.why {
                    Some(it) => (why(it, &layout.calendar)),
                    None => (card_head(WHY, "")),
                }
                form.finder action=(self.here()) method="get" {
                    input type="hidden" name="condition" value=(self.written);
                    span.search {
                        (icon(Icon::Search))
                        input type="search" name="why" placeholder="Address, id or number"
                            aria-label="An address, the shop's id or our number" autocomplete="off"
                            maxlength="200";
                    }
                    (Button::plain("Why?").submit())
                }
            }
        }
    }

    fn more_card(&self) -> Markup {
        let Some(id) = &self.id else { return html! {} };
        html! {
            section.card.padded {
                h2 { "As a file" }
                p.hint { "Everybody in it as it is saved, for a spreadsheet or a program." }
                div.actions {
                    (Button::plain("CSV").small().icon(Icon::Download)
                        .link(&format!("/segments/{id}/export?as=csv")))
                    (Button::plain("NDJSON").small().icon(Icon::Download)
                        .link(&format!("/segments/{id}/export?as=ndjson")))
                    (Button::plain("Parquet").small().icon(Icon::Download)
                        .link(&format!("/segments/{id}/export?as=parquet")))
                }
                @if !self.is_shipped {
                    form.delete action=(format!("/segments/{id}/delete")) method="post" {
                        (Button::quiet_danger("Delete the segment").small().submit())
                        @if !self.used_by.is_empty() {
                            p.hint { "A flow starts from it; it cannot go before that does." }
                        }
                    }
                }
            }
        }
    }

    fn here(&self) -> String {
        format!("/segments/{}", self.id.as_deref().unwrap_or("new"))
    }

    /// This page with the same condition and more asked.
    fn href(&self, more: &str) -> String {
        if self.is_changed {
            format!("{}?condition={}&{more}", self.here(), encoded(&self.written))
        } else {
            format!("{}?{more}", self.here())
        }
    }

    fn why_href(&self, id: &str) -> String {
        self.href(&format!("draw={}&why={id}", self.draw))
    }
}

/// Heads the card in which it is asked of somebody.
const WHY: &str = "Why is somebody in, or not?";

/// How long a count took, in as much as is worth knowing.
fn took(ms: u64) -> String {
    match ms {
        0..10 => "under 0.01 s".to_owned(),
        _ => format!("{:.2} s", ms as f64 / 1_000.0),
    }
}

/// The select from which a condition is added to the group at `place`.
pub(super) fn idea_select(place: &str) -> Markup {
    let choices: Vec<Choice> =
        CLAUSE_IDEAS.iter().map(|it| Choice::new(it, it, *it == CLAUSE_IDEAS[0])).collect();
    let name = format!("idea{place}");
    html! {
        span.select {
            select name=(name) aria-label="Condition to add" {
                @for it in &choices {
                    option value=(it.value) selected[it.is_selected] { (it.label) }
                }
            }
            (icon(Icon::Down))
        }
    }
}

fn error(it: &WrittenError) -> Markup {
    html! {
        div.written-error id="condition-error" role="alert" {
            pre { (it.before) mark { @if it.wrong.is_empty() { "…" } @else { (it.wrong) } } (it.after) }
            p.field-error { (icon(Icon::Warn)) span { "Line " (it.line) ": " (it.text) } }
        }
    }
}

fn who_moves(it: &Change) -> String {
    let of = |count: u64, one: &str, many: &str| match count {
        0 => format!("nobody {one}"),
        1 => format!("1 customer {one}"),
        _ => format!("{} customers {many}", format::count(count)),
    };
    let (leave, join) = (of(it.leave, "leaves", "leave"), of(it.join, "joins", "join"));
    let text = format!("{leave} with this change, {join}.");
    let mut letters = text.chars();
    letters.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default() + letters.as_str()
}

fn why(it: &WhyPanel, calendar: &Calendar) -> Markup {
    let Some((name, href)) = &it.customer else {
        return html! {
            (card_head(WHY, ""))
            (note(Tone::Warn, Icon::Search, &html! {
                "Nobody is known by " b { (it.asked) } ". Write an address, the shop's id or our number."
            }))
        };
    };
    html! {
        div.card-head {
            h2 { "Why is " a href=(href) { (name) } @if it.is_met { " in?" } @else { " not in?" } }
        }
        ul.why-lines {
            @for line in &it.clauses {
                li.(format!("deep-{}", line.depth.min(4))) {
                    span.mark.(if line.is_met { "good" } else { "bad" }) {
                        (icon(if line.is_met { Icon::Check } else { Icon::Close }))
                        span.hidden { @if line.is_met { "Holds: " } @else { "Fails: " } }
                    }
                    div {
                        p { (line.clause) }
                        @if !line.found.is_empty() { p.hint { (line.found) } }
                    }
                }
            }
        }
        @match it.until {
            Some(until) => (note(Tone::Accent, Icon::Clock, &html! {
                b { "Until " (calendar.moment(until)) } " if nothing happens."
            })),
            None => p.hint.padded-text { "Time alone does not change this." },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    fn html_of(page: &SegmentPage) -> String {
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        html
    }

    #[test]
    fn the_first_screen_says_who_is_in_and_why() {
        insta::assert_snapshot!(visible_text(&html_of(&SegmentPage::sample())));
    }

    #[test]
    fn figures_are_told_as_they_are_said() {
        let figures =
            Figures { customers: 1, took_ms: 3, ..SegmentPage::sample().figures.unwrap() };
        let page = SegmentPage { figures: Some(figures), why: None, ..SegmentPage::sample() };
        let text = visible_text(&html_of(&page));
        for said in ["customer now", "counted in under 0.01 s", WHY] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(!text.contains("customers now"), "{text}");
    }

    #[test]
    fn a_word_that_cannot_be_read_is_shown_with_what_was_meant() {
        let html = html_of(&SegmentPage::sample_broken());
        assert!(html.contains("<mark>lest</mark>"));
        assert!(visible_text(&html).contains("did you mean `least`?"));
        assert!(html.contains("inert"), "the last good builder stands, and is not for use");
        assert!(!html.contains("action=\"/segments/save\""), "what cannot be read is not saved");
    }

    #[test]
    fn a_new_segment_has_nothing_to_save_yet() {
        let html = html_of(&SegmentPage::sample_new());
        assert!(!html.contains("/segments/save"));
        assert!(visible_text(&html).contains("Begin with a condition."));
    }

    #[test]
    fn nobody_left_names_the_clause_that_removed_the_last() {
        let mut page = SegmentPage::sample();
        page.figures.as_mut().unwrap().customers = 0;
        page.drawn.clear();
        page.clauses[2] =
            ClauseLeft { clause: "is suppressed".to_owned(), left: 0, removed: 1_322 };
        let text = visible_text(&html_of(&page));
        assert!(text.contains("Nobody is left: is suppressed removed the last 1,322 customers."));
        assert!(text.contains("Nobody meets this"));
    }

    #[test]
    fn moves_are_said_in_words() {
        let of = |join, leave| {
            who_moves(&Change { removed: Vec::new(), added: Vec::new(), join, leave })
        };
        assert_eq!(of(0, 139), "139 customers leave with this change, nobody joins.");
        assert_eq!(of(1, 0), "Nobody leaves with this change, 1 customer joins.");
    }
}
