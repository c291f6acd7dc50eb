//! The named parts pages are made of. There is one button, one badge, one card head.

use maud::{Markup, Render, html};

use crate::{
    format,
    icon::{Icon, icon},
};

/// What a colour says; a word or an icon always stands beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Neutral,
    Accent,
    Good,
    Warn,
    Bad,
    Info,
}

impl Tone {
    pub fn class(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Accent => "accent",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
        }
    }
}

/// A line of text of which some words are stressed and some lead elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phrase(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Plain(String),
    Strong(String),
    Link { text: String, href: String },
}

impl Phrase {
    pub fn new(text: impl Into<String>) -> Self {
        Self::default().plain(text)
    }

    pub fn plain(mut self, text: impl Into<String>) -> Self {
        self.0.push(Piece::Plain(text.into()));
        self
    }

    pub fn strong(mut self, text: impl Into<String>) -> Self {
        self.0.push(Piece::Strong(text.into()));
        self
    }

    pub fn link(mut self, text: impl Into<String>, href: impl Into<String>) -> Self {
        self.0.push(Piece::Link { text: text.into(), href: href.into() });
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Render for Phrase {
    fn render(&self) -> Markup {
        html! {
            @for piece in &self.0 {
                @match piece {
                    Piece::Plain(text) => (text),
                    Piece::Strong(text) => b { (text) },
                    Piece::Link { text, href } => a href=(web_address(href)) { (text) },
                }
            }
        }
    }
}

/// A part of a page that may come late or be missing while the rest of the page stands.
#[derive(Clone, Debug)]
pub enum Part<T> {
    Ready(T),
    /// Still being computed; `href` gives the same page with the part in it.
    Counting {
        href: String,
    },
    /// Could not be read: what is missing, and where to try again.
    Missing {
        what: String,
        href: String,
    },
}

/// Renders `part` under the id `id`, at which a module puts the late part in its place.
pub fn part<T>(id: &str, part: &Part<T>, ready: impl FnOnce(&T) -> Markup) -> Markup {
    html! {
        @match part {
            Part::Ready(value) => div id=(id) { (ready(value)) },
            Part::Counting { href } => {
                div.waiting id=(id) data-part=(href) { a href=(href) { "Counting…" } }
            }
            Part::Missing { what, href } => {
                div.waiting id=(id) {
                    p.note role="status" {
                        (icon(Icon::Info))
                        span { (what) " " a href=(href) { "Try again" } }
                    }
                }
            }
        }
    }
}

/// The address of a link that came from data: the web's or our own, and nothing that runs.
pub fn web_address(address: &str) -> &str {
    let is_own = address.starts_with('/') && !address.starts_with("//");
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    let is_here = address.starts_with(['#', '?']);
    if is_own || is_web || is_here { address } else { "#" }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Primary,
    Plain,
    Quiet,
    QuietDanger,
    Danger,
}

/// The one button: a link where it leads somewhere, a submit where it does something.
#[derive(Clone, Copy, Debug)]
pub struct Button<'a> {
    label: &'a str,
    look: Look,
    icon: Option<Icon>,
    is_small: bool,
    is_labelled_by_icon: bool,
}

impl<'a> Button<'a> {
    /// One to a page: the thing most people came to do.
    pub fn primary(label: &'a str) -> Self {
        Self::of(label, Look::Primary)
    }

    pub fn plain(label: &'a str) -> Self {
        Self::of(label, Look::Plain)
    }

    pub fn quiet(label: &'a str) -> Self {
        Self::of(label, Look::Quiet)
    }

    /// What takes something away, on a page that is about it.
    pub fn quiet_danger(label: &'a str) -> Self {
        Self::of(label, Look::QuietDanger)
    }

    /// Where somebody is asked whether they mean it, and nowhere else.
    pub fn danger(label: &'a str) -> Self {
        Self::of(label, Look::Danger)
    }

    fn of(label: &'a str, look: Look) -> Self {
        Self { label, look, icon: None, is_small: false, is_labelled_by_icon: false }
    }

    pub fn icon(self, icon: Icon) -> Self {
        Self { icon: Some(icon), ..self }
    }

    pub fn small(self) -> Self {
        Self { is_small: true, ..self }
    }

    /// Shows `icon` alone; the label is for those who hear the page.
    pub fn icon_alone(self, icon: Icon) -> Self {
        Self { icon: Some(icon), is_labelled_by_icon: true, ..self }
    }

    pub fn link(self, href: &str) -> Markup {
        html! {
            a class=(self.class()) href=(web_address(href)) aria-label=[self.spoken()] {
                (self.inside())
            }
        }
    }

    pub fn submit(self) -> Markup {
        html! {
            button class=(self.class()) type="submit" aria-label=[self.spoken()] {
                (self.inside())
            }
        }
    }

    /// Submits the form with this id, wherever on the page that stands.
    pub fn submit_for(self, form: &str) -> Markup {
        html! {
            button class=(self.class()) type="submit" form=(form) aria-label=[self.spoken()] {
                (self.inside())
            }
        }
    }

    /// Submits its form with `name=value`.
    pub fn submit_as(self, name: &str, value: &str) -> Markup {
        html! {
            button class=(self.class()) type="submit" name=(name) value=(value)
                aria-label=[self.spoken()] { (self.inside()) }
        }
    }

    fn inside(&self) -> Markup {
        html! {
            @if let Some(it) = self.icon { (icon(it)) }
            @if !self.is_labelled_by_icon { span { (self.label) } }
        }
    }

    fn spoken(&self) -> Option<&'a str> {
        self.is_labelled_by_icon.then_some(self.label)
    }

    fn class(&self) -> String {
        let look = match self.look {
            Look::Primary => "primary",
            Look::Plain => "plain",
            Look::Quiet => "quiet",
            Look::QuietDanger => "quiet-danger",
            Look::Danger => "danger",
        };
        let small = if self.is_small { " small" } else { "" };
        let alone = if self.is_labelled_by_icon { " alone" } else { "" };
        format!("button {look}{small}{alone}")
    }
}

/// A badge: a short word about the state of the thing beside it.
pub fn badge(tone: Tone, text: &str) -> Markup {
    html! { span.badge.(tone.class()) { (text) } }
}

/// A badge with a dot, for states.
pub fn badge_state(tone: Tone, text: &str) -> Markup {
    html! { span.badge.(tone.class()) { span.dot {} (text) } }
}

pub fn card_head(title: &str, fact: &str) -> Markup {
    html! {
        div.card-head {
            h2 { (title) }
            @if !fact.is_empty() { p.fact { (fact) } }
        }
    }
}

/// A number with the line that qualifies it; never one without the other.
#[derive(Clone, Debug)]
pub struct Stat {
    pub label: String,
    pub value: String,
    pub note: String,
    /// Under which name a module looks for a newer value.
    pub live: Option<&'static str>,
}

impl Stat {
    pub fn new(
        label: impl Into<String>,
        value: impl Into<String>,
        note: impl Into<String>,
    ) -> Self {
        Self { label: label.into(), value: value.into(), note: note.into(), live: None }
    }

    pub fn live(self, name: &'static str) -> Self {
        Self { live: Some(name), ..self }
    }
}

pub fn strip(stats: &[Stat]) -> Markup {
    html! {
        dl.strip {
            @for stat in stats {
                div.cell {
                    dt { (stat.label) }
                    dd.number data-live=[stat.live] { (stat.value) }
                    dd.qualifier { (stat.note) }
                }
            }
        }
    }
}

pub fn note(tone: Tone, glyph: Icon, text: &Markup) -> Markup {
    html! { div.note.(tone.class()) { (icon(glyph)) div { (text) } } }
}

/// What stands where nothing is yet: what it would be, why it matters, what to do.
#[derive(Clone, Copy, Debug)]
pub struct Empty<'a> {
    pub icon: Icon,
    pub title: &'a str,
    pub text: &'a str,
    pub action: Option<(&'a str, &'a str)>,
    pub alternative: Option<(&'a str, &'a str)>,
}

pub fn empty(it: &Empty<'_>) -> Markup {
    html! {
        div.empty {
            div.tile.accent { (icon(it.icon)) }
            p.empty-title { (it.title) }
            p { (it.text) }
            @if it.action.is_some() || it.alternative.is_some() {
                div.actions {
                    @if let Some((label, href)) = it.action {
                        (Button::primary(label).link(href))
                    }
                    @if let Some((label, href)) = it.alternative {
                        (Button::plain(label).link(href))
                    }
                }
            }
        }
    }
}

#[derive(Clone, Debug)]
pub struct Tab {
    pub label: String,
    pub count: Option<u64>,
    pub href: String,
    pub is_current: bool,
}

impl Tab {
    pub fn new(label: &str, href: impl Into<String>, is_current: bool) -> Self {
        Self { label: label.to_owned(), count: None, href: href.into(), is_current }
    }

    pub fn count(self, count: Option<u64>) -> Self {
        Self { count, ..self }
    }
}

pub fn tabs(label: &str, tabs: &[Tab]) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for (index, tab) in tabs.iter().enumerate() {
                @if index > 0 { " " }
                a href=(tab.href) aria-current=[tab.is_current.then_some("page")] {
                    (tab.label)
                    @if let Some(count) = tab.count { " " span.count { (format::count(count)) } }
                }
            }
        }
    }
}

/// Keyset paging: where the neighbours of these rows are, if there are any.
#[derive(Clone, Debug, Default)]
pub struct Paging {
    pub newer: Option<String>,
    pub older: Option<String>,
}

pub fn pager(paging: &Paging) -> Markup {
    html! {
        @if paging.newer.is_some() || paging.older.is_some() {
            nav.pager aria-label="Pages" {
                @if let Some(href) = &paging.newer {
                    (Button::plain("Newer").small().icon(Icon::Left).link(href))
                }
                @if let Some(href) = &paging.older {
                    a.button.plain.small href=(web_address(href)) rel="next" {
                        span { "Older" } (icon(Icon::Right))
                    }
                }
            }
        }
    }
}

/// How many there are; nobody waits for a count beyond ten thousand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    Exactly(u64),
    MoreThan(u64),
}

impl Total {
    pub fn is_zero(self) -> bool {
        self == Self::Exactly(0)
    }

    pub fn text(self, one: &str, many: &str) -> String {
        match self {
            Self::Exactly(number) => format::counted(number, one, many),
            Self::MoreThan(number) => format!("More than {} {many}", format::count(number)),
        }
    }
}

/// The first letters of a name, where there is no picture.
pub fn avatar(name: &str) -> Markup {
    html! { span.avatar aria-hidden="true" { (initials(name)) } }
}

fn initials(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let ends = match words.as_slice() {
        [] => return "?".to_owned(),
        [only] => vec![*only],
        [first, .., last] => vec![*first, *last],
    };
    ends.iter().filter_map(|it| it.chars().next()).flat_map(char::to_uppercase).collect()
}

/// A bar of `share` of its track; the number it shows stands beside it.
pub fn bar(share: f64) -> Markup {
    let width = format!("{:.1}%", (share * 100.0).clamp(0.0, 100.0));
    html! {
        svg.bar aria-hidden="true" focusable="false" {
            rect.track width="100%" height="100%" rx="3" {}
            rect.fill width=(width) height="100%" rx="3" {}
        }
    }
}

/// A product's picture, or its place when the product has none.
pub fn picture(address: Option<&str>, size: &'static str) -> Markup {
    html! {
        @match address {
            Some(address) => {
                img.picture.(size) src=(web_address(address)) alt="" loading="lazy"
                    decoding="async";
            }
            None => span.picture.blank.(size) aria-hidden="true" { (icon(Icon::Box)) },
        }
    }
}

/// A `select` that asks again as soon as another choice is made; without script, its form's button.
pub fn choice(label: &str, name: &str, options: &[Choice]) -> Markup {
    html! {
        span.select {
            select name=(name) aria-label=(label) data-auto {
                @for option in options {
                    option value=(option.value) selected[option.is_selected] { (option.label) }
                }
            }
            (icon(Icon::Down))
        }
    }
}

#[derive(Clone, Debug)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub is_selected: bool,
}

impl Choice {
    pub fn new(value: &str, label: &str, is_selected: bool) -> Self {
        Self { value: value.to_owned(), label: label.to_owned(), is_selected }
    }
}

/// A field for finding things in the list below it.
pub fn search_field(label: &str, query: &str) -> Markup {
    html! {
        span.search {
            (icon(Icon::Search))
            input type="search" name="q" value=(query) aria-label=(label) placeholder=(label)
                autocomplete="off" maxlength="200";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_from_data_leads_to_the_web_or_nowhere() {
        let kept = |it: &str| web_address(it) == it;
        assert!(kept("https://tarnandember.example/kettle"));
        assert!(kept("/customers/7"));
        assert!(kept("?step=offer"));
        assert!(!kept("javascript:alert(1)"), "runs");
        assert!(!kept("data:text/html,x"), "is a page of its own");
        assert!(!kept("//evil.example"), "looks like ours and is not");
        assert!(!kept(" https://x.example"), "a blank before the scheme");
    }

    #[test]
    fn initials_take_the_first_and_the_last_word() {
        assert_eq!(initials("Ana Ribeiro"), "AR");
        assert_eq!(initials("ana maria de souza"), "AS");
        assert_eq!(initials("Ø"), "Ø");
        assert_eq!(initials("  "), "?");
    }

    #[test]
    fn a_total_says_when_it_stopped_counting() {
        assert_eq!(Total::Exactly(1).text("customer", "customers"), "1 customer");
        assert_eq!(
            Total::MoreThan(10_000).text("customer", "customers"),
            "More than 10,000 customers"
        );
    }
}
