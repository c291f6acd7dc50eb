//! Assistant: what a sentence was taken to mean, and what would happen.
//!
//! Every word is shown as understood, or as not understood; what nobody said is an assumption that
//! can be changed. A replay says who would be mailed and when, never what it would earn.

use aftercart_model::Timestamp;
use maud::{Markup, html};

use super::{Head, head};
use crate::{
    chart,
    component::{
        Button, Choice, Part, Phrase, Stat, Tone, avatar, badge, card_head, choice, note, part,
        picture, strip,
    },
    format,
    icon::{Icon, icon},
    layout::{Layout, Place},
};

/// The longest sentence that is read.
pub const SENTENCE_LENGTH_MAX: usize = 1_000;

#[derive(Clone, Debug)]
pub struct AssistantPage {
    /// As typed; empty on the first visit.
    pub sentence: String,
    /// Made from the shop's own categories.
    pub examples: Vec<String>,
    pub outcome: AssistantOutcome,
}

#[derive(Clone, Debug)]
pub enum AssistantOutcome {
    /// Nothing was asked yet.
    Nothing,
    /// No word of it makes a campaign; the nearest sentences that would.
    NotUnderstood {
        reason: String,
        nearest: Vec<String>,
    },
    Proposed(Box<ProposalView>),
}

#[derive(Clone, Debug)]
pub struct ProposalView {
    /// The sentence in pieces, in order.
    pub spans: Vec<SentenceSpan>,
    /// Key and value.
    pub understood: Vec<(String, String)>,
    pub assumed: Vec<AssumedChip>,
    pub not_understood: Vec<UnclearWords>,
    /// `Coffee makers, what comes next`.
    pub title: String,
    /// `1 flow, 1 segment, 4 emails, 1 coupon pool`.
    pub parts: String,
    /// `Ten days, four emails`.
    pub span: String,
    pub timeline: PlanTimeline,
    pub emails: Vec<PlannedEmail>,
    pub who: Part<Who>,
    pub replay: Part<ReplayFigures>,
    pub checks: Vec<CheckLine>,
    /// Where accepting is posted to, with the sentence and the choices as hidden fields.
    pub accept_action: String,
}

#[derive(Clone, Debug)]
pub struct SentenceSpan {
    pub text: String,
    pub kind: SpanKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Words that only hold the others together.
    Filler,
    Understood,
    NotUnderstood,
}

/// Something nobody said, with the other choices there are.
#[derive(Clone, Debug)]
pub struct AssumedChip {
    pub key: String,
    /// The name of the field that changes it.
    pub name: String,
    pub options: Vec<Choice>,
}

#[derive(Clone, Debug)]
pub struct UnclearWords {
    pub text: String,
    /// What it may have meant: words, and the sentence with them in it.
    pub meant: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct PlanTimeline {
    /// Name and day of each email.
    pub emails: Vec<(String, u32)>,
    /// From which day to which the coupon lives.
    pub coupon_days: Option<(u32, u32)>,
    pub end_day: u32,
}

#[derive(Clone, Debug)]
pub struct PlannedEmail {
    pub day: u32,
    pub role: String,
    pub subject: String,
    pub text: String,
    pub needs: String,
    pub picture: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Who {
    pub matching: u64,
    /// `36 new a day`.
    pub pace: String,
    /// What each part of the condition leaves, in order; negative numbers take away.
    pub steps: Vec<(String, i64)>,
    pub can_be_mailed: u64,
    /// `no consent 71, suppressed 13`.
    pub cannot: String,
    /// Name, detail and where they are.
    pub examples: Vec<(String, String, String)>,
}

#[derive(Clone, Debug)]
pub struct ReplayFigures {
    pub from: Timestamp,
    pub until: Timestamp,
    pub entered: u64,
    /// Enrolled and not held out.
    pub in_the_flow: u64,
    pub held_out: u64,
    pub emails: u64,
    pub emails_a_day: f64,
    /// On the day with most, if that was counted.
    pub emails_a_day_max: Option<u64>,
    pub left_by_ordering: u64,
    pub coupons: u64,
    pub coupons_a_day: f64,
}

#[derive(Clone, Debug)]
pub struct CheckLine {
    pub is_passed: bool,
    pub text: Phrase,
}

impl AssistantPage {
    pub fn sample_empty() -> Self {
        Self {
            sentence: String::new(),
            examples: [
                "Four emails over two weeks to people who bought a coffee maker in the last month, \
                 10% off in the second",
                "Recommend grinders to everyone who bought a kettle and has not come back",
                "Three emails to repeat buyers of knives, no discount",
                "Offer the better version to people who spent more than €80 last month",
                "Ask buyers of bakeware for a review after two weeks",
            ]
            .map(str::to_owned)
            .to_vec(),
            outcome: AssistantOutcome::Nothing,
        }
    }

    /// The proposal of the design's picture.
    pub fn sample() -> Self {
        let sentence = "Four emails over two weeks to people who bought a coffee maker in the last \
                        month and haven't come back. Recommend grinders and kettles, 10% off in the \
                        second, keep it friendly, and make it pop.";
        Self {
            sentence: sentence.to_owned(),
            outcome: AssistantOutcome::Proposed(Box::new(ProposalView::sample())),
            ..Self::sample_empty()
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let body = html! {
            (head(&Head {
                title: "Assistant",
                text: html! {
                    "Say what you want in your own words. It writes a proposal; nothing happens until \
                     you accept it."
                },
                ..Head::default()
            }))
            @match &self.outcome {
                AssistantOutcome::Nothing => (self.field(None)),
                AssistantOutcome::NotUnderstood { reason, nearest } => {
                    (self.field(Some(reason)))
                    @if !nearest.is_empty() {
                        (sentences("Sentences near it", nearest))
                    }
                }
                AssistantOutcome::Proposed(it) => (it.render(&self.sentence, layout)),
            }
            @if !matches!(self.outcome, AssistantOutcome::Proposed(_)) {
                (sentences("For example", &self.examples))
            }
        };
        layout.page("Assistant", Some(Place::Assistant), &body)
    }

    fn field(&self, error: Option<&str>) -> Markup {
        html! {
            form.card.padded.ask action="/assistant" method="get" {
                label for="sentence" { "What should happen after an order?" }
                textarea id="sentence" name="sentence" rows="3" required maxlength=(SENTENCE_LENGTH_MAX)
                    aria-describedby=[error.map(|_| "sentence-error")]
                    aria-invalid=[error.map(|_| "true")] { (self.sentence) }
                @if let Some(error) = error {
                    p.field-error id="sentence-error" { (icon(Icon::Warn)) span { (error) } }
                }
                div.bar-line {
                    p.hint { "Built-in planner, on this machine. Nothing about your customers leaves it." }
                    (Button::primary("Write a proposal").icon(Icon::Assistant).submit())
                }
            }
        }
    }
}

fn sentences(title: &str, sentences: &[String]) -> Markup {
    html! {
        section.card {
            (card_head(title, ""))
            ul.sentences {
                @for it in sentences {
                    li { a.row-link href=(ask_href(it)) { (it) } (icon(Icon::Right)) }
                }
            }
        }
    }
}

fn ask_href(sentence: &str) -> String {
    format!("/assistant?sentence={}", super::products::encoded(sentence))
}

impl ProposalView {
    pub fn sample() -> Self {
        let span = |text: &str, kind| SentenceSpan { text: text.to_owned(), kind };
        let (yes, no, filler) = (SpanKind::Understood, SpanKind::NotUnderstood, SpanKind::Filler);
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let assumed = |key: &str, name: &str, values: &[&str]| AssumedChip {
            key: key.to_owned(),
            name: name.to_owned(),
            options: values
                .iter()
                .enumerate()
                .map(|(index, value)| Choice::new(value, value, index == 0))
                .collect(),
        };
        let email =
            |day, role: &str, subject: &str, text: &str, needs: &str, file: &str| PlannedEmail {
                day,
                role: role.to_owned(),
                subject: subject.to_owned(),
                text: text.to_owned(),
                needs: needs.to_owned(),
                picture: Some(format!("/pictures/{file}.svg")),
            };
        let check = |is_passed, text| CheckLine { is_passed, text };
        let at = |text: &str| text.parse::<Timestamp>().expect("a fixed instant");
        let person = |name: &str, detail: &str| {
            (name.to_owned(), detail.to_owned(), "/customers/513".to_owned())
        };
        Self {
            spans: vec![
                span("Four emails", yes),
                span(" ", filler),
                span("over two weeks", yes),
                span(" to people who ", filler),
                span("bought a coffee maker", yes),
                span(" ", filler),
                span("in the last month", yes),
                span(" and ", filler),
                span("haven't come back", yes),
                span(". Recommend ", filler),
                span("grinders and kettles", yes),
                span(", ", filler),
                span("10% off in the second", yes),
                span(", keep it ", filler),
                span("friendly", yes),
                span(", and ", filler),
                span("make it pop", no),
                span(".", filler),
            ],
            understood: pairs(&[
                ("Emails", "4"),
                ("Within", "14 days"),
                ("Bought", "category Coffee makers"),
                ("In the last", "30 days"),
                ("Not since", "ordered again"),
                ("Recommend", "Grinders, Kettles"),
                ("Email 2", "10% off"),
                ("Tone", "friendly"),
            ]),
            assumed: vec![
                assumed("Waits", "waits", &["2, 3, 3, 2 days", "3, 4, 4, 3 days"]),
                assumed("At", "at", &["10:00 their time", "the hour of the order"]),
                assumed("Coupon valid", "coupon", &["5 days", "7 days", "14 days"]),
                assumed("Leaves on", "leaves", &["any order", "an order of the category"]),
                assumed("Again after", "again", &["60 days", "90 days", "never"]),
                assumed("Hold out", "holdout", &["10%", "5%", "20%", "nobody"]),
            ],
            not_understood: vec![UnclearWords {
                text: "make it pop".to_owned(),
                meant: pairs(&[
                    ("a bolder theme", "Four emails with a bolder theme"),
                    ("shorter subjects", "Four emails with shorter subjects"),
                ]),
            }],
            title: "Coffee makers, what comes next".to_owned(),
            parts: "1 flow, 1 segment, 4 emails, 1 coupon pool".to_owned(),
            span: "Ten days, four emails".to_owned(),
            timeline: PlanTimeline {
                emails: vec![
                    ("Offer".to_owned(), 2),
                    ("Discount".to_owned(), 5),
                    ("Social proof".to_owned(), 8),
                    ("Nudge".to_owned(), 10),
                ],
                coupon_days: Some((5, 10)),
                end_day: 15,
            },
            emails: vec![
                email(
                    2,
                    "Offer",
                    "The half of good coffee you do not see",
                    "Hand grinder and kettle for the maker they bought",
                    "2 products, 1 picture of the set",
                    "dripper",
                ),
                email(
                    5,
                    "Discount",
                    "10% off, until {{ coupon.ends_on }}",
                    "One coupon each, the same products again",
                    "Coupon from pool, 10%",
                    "coffee",
                ),
                email(
                    8,
                    "Social proof",
                    "“I stopped going to the café”",
                    "3 reviews of the grinder, 4.8 stars from 64",
                    "3 approved reviews",
                    "grinder",
                ),
                email(
                    10,
                    "Nudge",
                    "Your 10% ends tonight",
                    "One product, one button",
                    "Coupon reminder",
                    "kettle",
                ),
            ],
            who: Part::Ready(Who {
                matching: 1_093,
                pace: "match, 36 new a day".to_owned(),
                steps: vec![
                    ("Bought a coffee maker, 30 days".to_owned(), 1_187),
                    ("less: ordered again".to_owned(), -94),
                ],
                can_be_mailed: 1_009,
                cannot: "no consent 71, suppressed 13".to_owned(),
                examples: vec![
                    person("Ana Ribeiro", "Ceramic dripper, 9 Mar"),
                    person("Jonas Keller", "Espresso machine, 2 Mar"),
                    person("Priya Nair", "French press, 28 Feb"),
                ],
            }),
            replay: Part::Ready(ReplayFigures {
                from: at("2026-01-17T12:00:00Z"),
                until: at("2026-03-17T12:00:00Z"),
                entered: 2_164,
                in_the_flow: 1_950,
                held_out: 214,
                emails: 6_893,
                emails_a_day: 114.9,
                emails_a_day_max: Some(186),
                left_by_ordering: 241,
                coupons: 1_768,
                coupons_a_day: 29.5,
            }),
            checks: vec![
                check(true, Phrase::new("Every price, code and date is a variable")),
                check(true, Phrase::new("4 emails pass lint, 31 to 44 KB")),
                check(true, Phrase::new("Every path ends within 15 days")),
                check(
                    false,
                    Phrase::new("312 of the 1,009 are in “Upsell after an order” too. ")
                        .link("See the flow", "/flows/upsell-cross-sell"),
                ),
                check(false, Phrase::new("The pool has no codes yet; the shop can create them")),
            ],
            accept_action: "/assistant/accept".to_owned(),
        }
    }

    fn render(&self, sentence: &str, layout: &Layout) -> Markup {
        html! {
            (self.sentence(sentence))
            (self.meanings(sentence))
            div.section-head {
                h2 { "Proposal: " (self.title) }
                (badge(Tone::Accent, "Not live"))
                p.fact { (self.parts) }
            }
            div.beside {
                div.stack {
                    (self.plan())
                    section.card {
                        (part("replay", &self.replay, |it| replay(it, layout)))
                    }
                }
                div.stack {
                    section.card.padded { (part("who", &self.who, who)) }
                    (self.checks())
                }
            }
            (self.accept_bar(sentence))
        }
    }

    fn sentence(&self, sentence: &str) -> Markup {
        html! {
            section.card.padded aria-label="Your sentence" {
                p.sentence {
                    @for span in &self.spans {
                        @match span.kind {
                            SpanKind::Filler => (span.text),
                            SpanKind::Understood => span.understood { (span.text) },
                            SpanKind::NotUnderstood => {
                                span.unclear { (span.text) span.hidden { " (not understood)" } }
                            }
                        }
                    }
                }
                details.change {
                    summary {
                        span.hint { "Built-in planner, on this machine. Nothing about your customers leaves it." }
                        span.button.plain.small { (icon(Icon::Pencil)) span { "Change the sentence" } }
                    }
                    form action="/assistant" method="get" {
                        label.hidden for="sentence" { "Your sentence" }
                        textarea id="sentence" name="sentence" rows="3" required
                            maxlength=(SENTENCE_LENGTH_MAX) { (sentence) }
                        (Button::plain("Write it anew").submit())
                    }
                }
            }
        }
    }

    fn meanings(&self, sentence: &str) -> Markup {
        html! {
            div.card.meanings {
                section {
                    h2 { (icon(Icon::Check)) "Understood" }
                    ul.chips {
                        @for (key, value) in &self.understood {
                            li.chip { span.key { (key) } " " (value) }
                        }
                    }
                }
                section {
                    h2 { (icon(Icon::Pencil)) "Assumed" span.fact { "change any of them" } }
                    form method="get" action="/assistant" {
                        input type="hidden" name="sentence" value=(sentence);
                        ul.chips {
                            @for chip in &self.assumed {
                                li.chip.assumed {
                                    span.key aria-hidden="true" { (chip.key) }
                                    (choice(&chip.key, &chip.name, &chip.options))
                                }
                            }
                        }
                        noscript { (Button::plain("Plan again").small().submit()) }
                    }
                }
                section {
                    h2 { (icon(Icon::Help)) "Not understood" }
                    @if self.not_understood.is_empty() { p.hint { "Every word was." } }
                    @for words in &self.not_understood {
                        p { span.chip.unclear { (words.text) } }
                        p.hint {
                            "Left out."
                            @if !words.meant.is_empty() {
                                " Perhaps you meant "
                                @for (index, (label, sentence)) in words.meant.iter().enumerate() {
                                    @if index > 0 { " or " }
                                    a href=(ask_href(sentence)) { (label) }
                                }
                                "?"
                            }
                        }
                    }
                }
            }
        }
    }

    fn plan(&self) -> Markup {
        html! {
            section.card.plan {
                (card_head(&self.span, "anyone who orders leaves at once"))
                div.plot { (self.timeline.draw()) }
                ol {
                    @for email in &self.emails {
                        li {
                            p.day { span { "Day " } b { (email.day) } }
                            (picture(email.picture.as_deref(), "medium"))
                            div.words {
                                p.hint { (email.role) }
                                p { b { (email.subject) } }
                                p.hint { (email.text) }
                            }
                            p.hint.needs { (email.needs) }
                        }
                    }
                }
            }
        }
    }

    fn checks(&self) -> Markup {
        html! {
            section.card.padded.checks {
                h2 { "Checked" }
                ul {
                    @for check in &self.checks {
                        @let (class, glyph, word) = if check.is_passed {
                            ("good", Icon::Check, "Passed: ")
                        } else {
                            ("warn", Icon::Warn, "Look at this: ")
                        };
                        li.(class) { (icon(glyph)) span { span.hidden { (word) } (check.text) } }
                    }
                }
            }
        }
    }

    fn accept_bar(&self, sentence: &str) -> Markup {
        html! {
            form.accept method="post" action=(self.accept_action) {
                input type="hidden" name="sentence" value=(sentence);
                @for chip in &self.assumed {
                    @if let Some(chosen) = chip.options.iter().find(|it| it.is_selected) {
                        input type="hidden" name=(chip.name) value=(chosen.value);
                    }
                }
                p { "Accepting writes it as a " b { "draft flow" } ". Launching is a second step." }
                div.actions {
                    (Button::quiet("Discard").link("/assistant"))
                    (Button::primary("Accept as draft").icon(Icon::Check).submit())
                }
            }
        }
    }
}

impl PlanTimeline {
    /// One axis of days with the emails, the coupon's life and the days orders are still counted.
    fn draw(&self) -> Markup {
        let spoken: Vec<String> =
            self.emails.iter().map(|(name, day)| format!("{name} on day {day}")).collect();
        let label = format!("{}; the flow ends on day {}", spoken.join(", "), self.end_day);
        let last_send = self.emails.iter().map(|(_, day)| *day).max().unwrap_or(0);
        chart::widths(&label, 780.0, 96.0, |width| {
            let (left, right, y) = (30.0, width - 34.0, 44.0);
            let x =
                |day: u32| left + (right - left) * f64::from(day) / f64::from(self.end_day.max(1));
            let at = |value: f64| format!("{value:.1}");
            let is_wide = width > chart::NARROW;
            html! {
                    line.axis-line x1=(at(x(0))) x2=(at(x(self.end_day))) y1=(y) y2=(y) {}
                    rect.watched x=(at(x(last_send))) y=(y - 5.0)
                        width=(at(x(self.end_day) - x(last_send))) height="10" {}
                    @if let Some((from, until)) = self.coupon_days {
                        rect.coupon-life x=(at(x(from))) y=(y - 5.0)
                            width=(at(x(until.min(self.end_day)) - x(from))) height="10" {}
                        text.axis text-anchor="middle" x=(at((x(from) + x(until)) / 2.0)) y="20" {
                            @if is_wide { "coupon valid to the midnight of day " (until) }
                            @else { "coupon" }
                        }
                    }
                    @if x(self.end_day) - x(last_send) > 180.0 {
                        text.axis text-anchor="middle" y="20"
                            x=(at((x(last_send) + x(self.end_day)) / 2.0)) {
                            "orders still counted"
                        }
                    }
                    circle.start cx=(at(x(0))) cy=(y) r="6" {}
                    text.axis text-anchor="middle" x=(at(x(0))) y="72" { "Order" }
                    text.axis text-anchor="middle" x=(at(x(0))) y="89" { (if is_wide { "day 0" } else { "0" }) }
                    @for (index, (name, day)) in self.emails.iter().enumerate() {
                        circle.send cx=(at(x(*day))) cy=(y) r="6.5" {}
                        text.end text-anchor="middle" x=(at(x(*day))) y="72" {
                            @if is_wide { (name) } @else { (index + 1) }
                        }
                        text.axis text-anchor="middle" x=(at(x(*day))) y="89" {
                            @if is_wide { "day " } (day)
                        }
                    }
                    line.stop x1=(at(x(self.end_day))) x2=(at(x(self.end_day))) y1=(y - 7.0) y2=(y + 7.0) {}
                    text.axis text-anchor="middle" x=(at(x(self.end_day))) y="72" { "End" }
                    text.axis text-anchor="middle" x=(at(x(self.end_day))) y="89" {
                        @if is_wide { "day " } (self.end_day)
                    }
            }
        })
    }
}

fn replay(it: &ReplayFigures, layout: &Layout) -> Markup {
    let calendar = &layout.calendar;
    let span = format!("{} to {}", calendar.day_of_month(it.from), calendar.day_of_month(it.until));
    let stats = [
        Stat::new(
            "Would have entered",
            format::count(it.entered),
            format!(
                "{} not held out, {} held out",
                format::count(it.in_the_flow),
                format::count(it.held_out)
            ),
        ),
        Stat::new(
            "Emails",
            format::count(it.emails),
            match it.emails_a_day_max {
                Some(most) => {
                    format!("{:.0} a day, {} at most", it.emails_a_day, format::count(most))
                }
                None => format!("about {:.0} a day", it.emails_a_day),
            },
        ),
        Stat::new(
            "Left by ordering",
            format::count(it.left_by_ordering),
            "as they did, without this flow",
        ),
        Stat::new(
            "Coupons needed",
            format::count(it.coupons),
            format!("about {:.0} a day", it.coupons_a_day),
        ),
    ];
    html! {
        (card_head("Replayed over the last 60 days", &span))
        (strip(&stats))
        div.map-note {
            (note(Tone::Neutral, Icon::Info, &html! {
                "A replay uses what people did then. It shows who would be mailed and when, "
                b { "not what the emails would earn" }
                "; the holdout will tell you that after launch."
            }))
        }
    }
}

fn who(it: &Who) -> Markup {
    let signed = |number: i64| {
        let sign = if number < 0 { "−" } else { "" };
        format!("{sign}{}", format::count(number.unsigned_abs()))
    };
    html! {
        div.who {
            h2 { "Who" }
            p.lone { b { (format::count(it.matching)) } " " span.hint { (it.pace) } }
            dl.facts {
                @for (label, number) in &it.steps { div { dt { (label) } dd { (signed(*number)) } } }
            }
            dl.facts.ruled {
                div { dt { "Can be mailed" } dd { (format::count(it.can_be_mailed)) } }
            }
            p.hint { (it.cannot) }
            @if !it.examples.is_empty() {
                h3 { "For example" }
                ul.people {
                    @for (name, detail, href) in &it.examples {
                        li { (avatar(name)) a href=(href) { (name) } span.hint { (detail) } }
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

    fn text_of(page: &AssistantPage) -> String {
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        visible_text(&html)
    }

    #[test]
    fn the_proposal_shows_what_was_understood_assumed_and_left_out() {
        insta::assert_snapshot!(text_of(&AssistantPage::sample()));
    }

    #[test]
    fn every_word_of_the_sentence_is_shown() {
        let words: String =
            ProposalView::sample().spans.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(words, AssistantPage::sample().sentence);
    }

    #[test]
    fn the_first_visit_offers_sentences_to_begin_with() {
        let text = text_of(&AssistantPage::sample_empty());
        assert!(text.contains("For example"));
        assert!(!text.contains("Proposal"));
    }

    #[test]
    fn a_sentence_nobody_understands_gets_the_nearest_ones_and_no_proposal() {
        let outcome = AssistantOutcome::NotUnderstood {
            reason: "no word of this says who is mailed or what is offered".to_owned(),
            nearest: vec!["Four emails to recent buyers".to_owned()],
        };
        let page =
            AssistantPage { sentence: "Zzz".to_owned(), outcome, ..AssistantPage::sample_empty() };
        let text = text_of(&page);
        assert!(text.contains("no word of this says who is mailed"));
        assert!(text.contains("Four emails to recent buyers"));
        assert!(!text.contains("Accept as draft"));
    }
}
