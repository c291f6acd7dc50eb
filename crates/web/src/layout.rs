//! The frame around every console page: side bar, top bar on a phone, theme, toast, keys.
//!
//! The theme is an attribute the server writes from a cookie, so that no page flashes. The side bar
//! shows the pages that exist and no other.

use aftercart_model::{Currency, Timestamp};
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, html};

use crate::{
    asset,
    component::avatar,
    format::{self, Calendar},
    icon::{Icon, icon, mark},
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
    #[default]
    System,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::System];

    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::System => "system",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    fn label(self) -> &'static str {
        match self {
            Self::Light => "Light",
            Self::Dark => "Dark",
            Self::System => "As the system",
        }
    }
}

/// A page the side bar leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Home,
    Assistant,
    Flows,
    Segments,
    Reports,
    Customers,
    Products,
    Reviews,
    Arrivals,
    Inbox,
}

impl Place {
    /// In the order of the side bar, rules between the groups.
    pub const GROUPS: [&[Self]; 4] = [
        &[Self::Home, Self::Assistant],
        &[Self::Flows, Self::Segments, Self::Reports],
        &[Self::Customers, Self::Products, Self::Reviews],
        &[Self::Arrivals, Self::Inbox],
    ];

    pub fn all() -> impl Iterator<Item = Self> {
        Self::GROUPS.into_iter().flatten().copied()
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Home => "Home",
            Self::Assistant => "Assistant",
            Self::Flows => "Flows",
            Self::Segments => "Segments",
            Self::Reports => "Reports",
            Self::Customers => "Customers",
            Self::Products => "Products",
            Self::Reviews => "Reviews",
            Self::Arrivals => "What arrives",
            Self::Inbox => "Inbox",
        }
    }

    pub fn href(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Assistant => "/assistant",
            Self::Flows => "/flows",
            Self::Segments => "/segments",
            Self::Reports => "/reports",
            Self::Customers => "/customers",
            Self::Products => "/products",
            Self::Reviews => "/reviews",
            Self::Arrivals => "/events",
            Self::Inbox => "/inbox",
        }
    }

    fn icon(self) -> Icon {
        match self {
            Self::Home => Icon::Home,
            Self::Assistant => Icon::Assistant,
            Self::Flows => Icon::Flow,
            Self::Segments => Icon::Segment,
            Self::Reports => Icon::Chart,
            Self::Customers => Icon::People,
            Self::Products => Icon::Box,
            Self::Reviews => Icon::Star,
            Self::Arrivals => Icon::Download,
            Self::Inbox => Icon::Inbox,
        }
    }

    /// What is pressed after `g` to come here.
    fn key(self) -> Option<&'static str> {
        match self {
            Self::Home => Some("h"),
            Self::Flows => Some("f"),
            Self::Segments => Some("s"),
            Self::Reports => Some("r"),
            Self::Customers => Some("c"),
            Self::Products => Some("p"),
            Self::Reviews => Some("v"),
            Self::Arrivals => Some("w"),
            Self::Inbox => Some("i"),
            Self::Assistant => Some("a"),
        }
    }
}

/// Whether mail goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    Sending {
        today: u64,
    },
    /// Every message is caught and shown in the inbox; nothing leaves the machine.
    Catching {
        today: u64,
    },
    Paused,
    /// A restored or copied store: sends nothing until an operator says so.
    Fenced,
}

impl MailState {
    fn text(self) -> String {
        match self {
            Self::Sending { today } => format!("Sending: {} today", format::count(today)),
            Self::Catching { today } => format!("Caught: {} today", format::count(today)),
            Self::Paused => "Paused: nothing goes out".to_owned(),
            Self::Fenced => "Fenced: sends nothing until you say so".to_owned(),
        }
    }

    /// The sentence under the greeting.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Sending { .. } => "Mail is going out normally.",
            Self::Catching { .. } => "Every email is caught in the inbox; nothing leaves.",
            Self::Paused => "Mail is paused; nothing goes out.",
            Self::Fenced => "This store is fenced; nothing goes out until you say so.",
        }
    }

    fn tone(self) -> &'static str {
        match self {
            Self::Sending { .. } => "good",
            Self::Catching { .. } => "info",
            Self::Paused => "warn",
            Self::Fenced => "bad",
        }
    }
}

/// Something that has just been done, with the way back where there is one.
#[derive(Clone, Debug)]
pub struct Toast {
    pub text: String,
    /// Where an undo is posted to.
    pub undo_action: Option<String>,
}

/// What every page of the console needs besides its own context.
#[derive(Clone, Debug)]
pub struct Layout {
    pub shop_name: String,
    pub shop_domain: String,
    pub currency: Currency,
    pub calendar: Calendar,
    /// How people call the shop's zone: `Lisbon`.
    pub zone_name: String,
    pub operator_name: Option<String>,
    pub theme: Theme,
    /// Whether single keys lead anywhere; an operator can switch them off.
    pub has_keys: bool,
    pub mail: MailState,
    /// Small numbers beside entries of the side bar.
    pub counts: Vec<(Place, u64)>,
    pub toast: Option<Toast>,
    /// A made-up shop whose clock stands.
    pub is_sample: bool,
}

impl Layout {
    pub fn sample() -> Self {
        let now: Timestamp = "2026-03-17T14:20:00Z".parse().expect("a fixed instant");
        let zone = TimeZone::get("Europe/Lisbon").expect("in every zone database");
        Self {
            shop_name: "Tarn & Ember".to_owned(),
            shop_domain: "tarnandember.example".to_owned(),
            currency: Currency::EUR,
            calendar: Calendar { zone, now },
            zone_name: "Lisbon".to_owned(),
            operator_name: Some("Maren Osei".to_owned()),
            theme: Theme::Light,
            has_keys: true,
            mail: MailState::Sending { today: 436 },
            counts: vec![(Place::Flows, 4)],
            toast: None,
            is_sample: false,
        }
    }

    /// The whole document: `title` for the browser, `place` in the side bar, `body` the main part.
    pub fn page(&self, title: &str, place: Option<Place>, body: &Markup) -> Markup {
        let crumb = place.map_or(title, |it| it.name());
        html! {
            (DOCTYPE)
            html lang="en" data-theme=(self.theme.name()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (title) " · " (self.shop_name) }
                    link rel="stylesheet" href=(asset::console_css().path);
                    link rel="icon" type="image/svg+xml" href=(asset::favicon().path);
                    @for module in asset::modules() {
                        script type="module" src=(module.path) {}
                    }
                }
                body data-keys=[self.has_keys.then_some("on")] {
                    a.skip href="#main" { "Skip to the page" }
                    (self.top_bar(crumb, place))
                    (self.side_bar(place))
                    main id="main" tabindex="-1" { div.page { (body) } }
                    @if let Some(toast) = &self.toast { (toast_box(toast)) }
                    (keys_list())
                    p.hidden id="live-status" role="status" {}
                }
            }
        }
    }

    fn side_bar(&self, place: Option<Place>) -> Markup {
        html! {
            header.side {
                a.shop href="/" {
                    (mark())
                    span { b { (self.shop_name) } span { (self.shop_domain) } }
                }
                (go_to("go-to"))
                (self.navigation(place, "Pages"))
                div.foot {
                    (self.sample_note())
                    a.mail.(self.mail.tone()) href="/inbox" {
                        span.dot {} span data-live="mail" { (self.mail.text()) }
                    }
                    (self.operator_menu())
                }
            }
        }
    }

    fn top_bar(&self, crumb: &str, place: Option<Place>) -> Markup {
        html! {
            header.top {
                a.home href="/" aria-label=(format!("{}, home", self.shop_name)) { (mark()) }
                span.crumb aria-hidden="true" { (crumb) }
                details.drop {
                    summary aria-label="Go to" { (icon(Icon::Search)) }
                    div.sheet { (go_to("go-to-phone")) }
                }
                details.drop {
                    summary aria-label="Menu" { (icon(Icon::Menu)) }
                    div.sheet {
                        (self.navigation(place, "Menu"))
                        (self.sample_note())
                        a.mail.(self.mail.tone()) href="/inbox" {
                            span.dot {} span { (self.mail.text()) }
                        }
                        (self.settings())
                    }
                }
            }
        }
    }

    fn navigation(&self, place: Option<Place>, label: &str) -> Markup {
        let count = |it: Place| self.counts.iter().find(|(of, _)| *of == it).map(|(_, n)| *n);
        html! {
            nav.pages aria-label=(label) {
                @for group in Place::GROUPS {
                    ul {
                        @for it in group {
                            li {
                                a href=(it.href()) data-key=[it.key()]
                                    aria-current=[(place == Some(*it)).then_some("page")] {
                                    (icon(it.icon())) span { (it.name()) }
                                    @if let Some(count) = count(*it) {
                                        span.count { (format::count(count)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Whoever looks at a sample shop must not take its day for today.
    fn sample_note(&self) -> Markup {
        html! {
            @if self.is_sample {
                p.hint.sample {
                    "A sample shop. Its clock stands at "
                    (self.calendar.moment_short(self.calendar.now)) "."
                }
            }
        }
    }

    fn operator_menu(&self) -> Markup {
        let name = self.operator_name.as_deref();
        html! {
            details.operator {
                summary {
                    @if let Some(name) = name { (avatar(name)) }
                    span { (name.unwrap_or("Look and keys")) }
                }
                div.menu { (self.settings()) }
            }
        }
    }

    /// The choices each operator has about the look of the console.
    fn settings(&self) -> Markup {
        html! {
            form.settings method="post" action="/look" {
                fieldset {
                    legend { "Theme" }
                    div.segmented {
                        @for theme in Theme::ALL {
                            button type="submit" name="theme" value=(theme.name())
                                aria-pressed=(if theme == self.theme { "true" } else { "false" }) {
                                (theme.label())
                            }
                        }
                    }
                }
                div.setting {
                    span { "Single keys" }
                    @if self.has_keys {
                        button.link type="submit" name="keys" value="off" { "Switch off" }
                    } @else {
                        button.link type="submit" name="keys" value="on" { "Switch on" }
                    }
                }
                button.link type="button" popovertarget="keys" { "Show the keys" }
            }
        }
    }
}

/// Leads to a page, a flow or a customer by name, address or order number.
fn go_to(id: &str) -> Markup {
    html! {
        form.go-to action="/go" role="search" {
            label.hidden for=(id) { "Go to a page, a flow or a customer" }
            (icon(Icon::Search))
            input id=(id) name="q" type="search" placeholder="Go to" autocomplete="off"
                maxlength="200";
            kbd aria-hidden="true" { "/" }
        }
    }
}

fn toast_box(toast: &Toast) -> Markup {
    html! {
        div.toast role="status" data-toast {
            (icon(Icon::Check))
            span { (toast.text) }
            @if let Some(action) = &toast.undo_action {
                form method="post" action=(action) {
                    button.link type="submit" { "Undo" }
                }
            }
        }
    }
}

fn keys_list() -> Markup {
    let line = |keys: &[&str], meaning: &str| {
        html! {
            div {
                dt { @for key in keys { kbd { (key) } " " } }
                dd { (meaning) }
            }
        }
    };
    html! {
        div.keys id="keys" popover role="dialog" aria-label="Keys" {
            p.card-title { "Keys" }
            dl {
                (line(&["/"], "Go to anything"))
                @for place in Place::all() {
                    @if let Some(key) = place.key() { (line(&["g", key], place.name())) }
                }
                (line(&["↑", "↓"], "Move between the steps of a flow"))
                (line(&["Ctrl", "Enter"], "Send the form in hand"))
                (line(&["Esc"], "Close"))
                (line(&["?"], "This list"))
            }
        }
    }
}
