//! Home: what needs a person, what is left to set up, what happened, what it was worth.
//!
//! Credited and earned stand in two cells and are never added: the first is attribution, the second
//! the difference to those held out by lot.

use aftercart_model::Timestamp;
use maud::{Markup, html};

use super::{Head, between, flows::FlowSummary, head};
use crate::{
    chart,
    component::{Button, Empty, Part, Phrase, Stat, Tone, card_head, empty, part, strip},
    format,
    icon::{Icon, icon},
    layout::{Layout, Place},
};

/// More than this is a list of its own; the worst come first.
pub const NEEDS_MAX: usize = 6;

#[derive(Clone, Debug)]
pub struct HomePage {
    /// Worst first; only the first [`NEEDS_MAX`] are shown.
    pub needs: Vec<Need>,
    pub next_email_at: Option<Timestamp>,
    /// `None` once every step is done or the list was dismissed.
    pub setup: Option<Setup>,
    /// `None` before the first order: then only the setup is shown.
    pub week: Option<Week>,
    pub credited: Option<Credited>,
    pub lift: Part<HomeLift>,
    pub flows: Vec<FlowSummary>,
    /// The days the figures of the flows are about: `last 7 days`.
    pub flows_span: String,
}

/// Something only a person can settle.
#[derive(Clone, Debug)]
pub struct Need {
    pub tone: Tone,
    pub icon: Icon,
    pub title: Phrase,
    /// What happens if nobody does anything.
    pub consequence: String,
    pub action: String,
    pub href: String,
}

#[derive(Clone, Debug)]
pub struct Setup {
    pub open: Vec<SetupStep>,
    pub done: Vec<String>,
    /// Where a report of made-up orders stands, for those who have none yet.
    pub sample_report_href: Option<String>,
}

#[derive(Clone, Debug)]
pub struct SetupStep {
    pub title: String,
    pub hint: String,
    pub action: String,
    pub href: String,
}

/// The figures of the last seven whole days; people, not messages, where people are meant.
#[derive(Clone, Debug)]
pub struct Week {
    pub first_day: Timestamp,
    pub last_day: Timestamp,
    pub orders: u64,
    pub entered: u64,
    pub sent: u64,
    pub delivered: u64,
    /// Customers delivered at least one, of whom the shares of people are.
    pub customers_delivered: u64,
    pub opened: u64,
    pub machine_opened: u64,
    pub clicked: u64,
    pub scanner_clicked: u64,
    pub unsubscribed: u64,
    pub complaints: u64,
}

#[derive(Clone, Debug)]
pub struct Credited {
    /// Which emails: `upsell flow`, `all flows`.
    pub scope: String,
    pub net_minor: i64,
    pub refunds_minor: i64,
    pub orders: u64,
    pub window_days: u32,
    /// The sum of each day, oldest first, with the day's short name: `Tue`.
    pub days: Vec<(String, i64)>,
}

#[derive(Clone, Debug)]
pub struct HomeLift {
    pub since: Timestamp,
    pub held_out: u64,
    pub difference_minor: f64,
    pub low_minor: f64,
    pub high_minor: f64,
    /// How many more weeks bring the interval to one whole unit of money either way.
    pub weeks_to_one: Option<u32>,
    pub report_href: String,
}

impl HomePage {
    /// The numbers of the design's picture.
    pub fn sample() -> Self {
        let at = |text: &str| text.parse::<Timestamp>().expect("a fixed instant");
        let need = |tone, icon, title, consequence: &str, action: &str, href: &str| Need {
            tone,
            icon,
            title,
            consequence: consequence.to_owned(),
            action: action.to_owned(),
            href: href.to_owned(),
        };
        let step = |title: &str, hint: &str, action: &str| SetupStep {
            title: title.to_owned(),
            hint: hint.to_owned(),
            action: action.to_owned(),
            href: "/".to_owned(),
        };
        let days = [712, 846, 903, 688, 935, 1_010, 548];
        let names = ["Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon"];
        Self {
            needs: vec![
                need(
                    Tone::Bad,
                    Icon::Coupon,
                    Phrase::new("The coupon pool ").strong("NEXT10").plain(" runs out on Thursday"),
                    "186 codes left, about 110 go out a day. Without a code the discount email is \
                     held back, not sent empty.",
                    "Add codes",
                    "/flows/upsell-cross-sell?step=discount",
                ),
                need(
                    Tone::Warn,
                    Icon::Chart,
                    Phrase::new("The nudge loses more readers than the other emails"),
                    "0.74% unsubscribed, of the others 0.39 to 0.50%. One change is suggested, \
                     with its evidence.",
                    "See why",
                    "/reports/upsell-cross-sell",
                ),
                need(
                    Tone::Neutral,
                    Icon::Star,
                    Phrase::new("3 reviews wait for your yes"),
                    "Two give 5 stars, one gives 2. None appears in an email before you approve \
                     it.",
                    "Read them",
                    "/reviews",
                ),
                need(
                    Tone::Neutral,
                    Icon::Help,
                    Phrase::new("2 messages are in doubt"),
                    "The provider hung up before it answered. They are not sent again; both close \
                     as sent at 23:10 unless a report arrives.",
                    "Open",
                    "/inbox",
                ),
            ],
            next_email_at: Some(at("2026-03-17T16:00:00Z")),
            setup: Some(Setup {
                open: vec![
                    step(
                        "Publish a DMARC record",
                        "One DNS line that Gmail and Yahoo ask for",
                        "Show",
                    ),
                    step("Collect reviews", "14 of 86 products have enough", "Set up"),
                    step("Add a second operator", "Somebody to tell when you are away", "Invite"),
                ],
                done: [
                    "Orders imported",
                    "Catalogue connected",
                    "Brand set",
                    "Provider connected",
                    "Test email sent",
                ]
                .map(str::to_owned)
                .to_vec(),
                sample_report_href: None,
            }),
            week: Some(Week {
                first_day: at("2026-03-10T12:00:00Z"),
                last_day: at("2026-03-16T12:00:00Z"),
                orders: 1_034,
                entered: 1_012,
                sent: 3_361,
                delivered: 3_351,
                customers_delivered: 2_418,
                opened: 1_381,
                machine_opened: 757,
                clicked: 288,
                scanner_clicked: 64,
                unsubscribed: 16,
                complaints: 0,
            }),
            credited: Some(Credited {
                scope: "upsell flow".to_owned(),
                net_minor: 564_200,
                refunds_minor: 18_400,
                orders: 87,
                window_days: 5,
                days: names
                    .iter()
                    .zip(days)
                    .map(|(day, it)| ((*day).to_owned(), it * 100))
                    .collect(),
            }),
            lift: Part::Ready(HomeLift {
                since: at("2026-01-05T12:00:00Z"),
                held_out: 764,
                difference_minor: 223.0,
                low_minor: 20.0,
                high_minor: 426.0,
                weeks_to_one: Some(24),
                report_href: "/reports/upsell-cross-sell".to_owned(),
            }),
            flows: FlowSummary::samples(),
            flows_span: "last 7 days".to_owned(),
        }
    }

    /// Before the first order.
    pub fn sample_empty() -> Self {
        let step = |title: &str, hint: &str, action: &str| SetupStep {
            title: title.to_owned(),
            hint: hint.to_owned(),
            action: action.to_owned(),
            href: "/".to_owned(),
        };
        Self {
            needs: Vec::new(),
            next_email_at: None,
            setup: Some(Setup {
                open: vec![
                    step(
                        "Import orders",
                        "A file of past orders teaches what goes with what",
                        "Import",
                    ),
                    step("Connect the shop", "New orders then arrive by themselves", "Connect"),
                    step("Set the brand", "Colours, type and logo of every email", "Set"),
                ],
                done: Vec::new(),
                sample_report_href: Some("/reports/sample".to_owned()),
            }),
            week: None,
            credited: None,
            lift: Part::Counting { href: "/".to_owned() },
            flows: Vec::new(),
            flows_span: String::new(),
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let body = html! {
            (self.head(layout))
            @if let Some(week) = &self.week {
                div.home-top.alone[self.setup.is_none()] {
                    (self.needs(layout))
                    @if let Some(setup) = &self.setup { (setup_card(setup, self.week.is_none())) }
                }
                (week_card(week, layout))
                @if let Some(credited) = &self.credited {
                    div.card.two-cells {
                        section { (credited_cell(credited, layout)) }
                        section { (part("lift", &self.lift, |it| lift_cell(it, layout))) }
                    }
                }
                (self.flows(layout))
            } @else {
                @if let Some(setup) = &self.setup { (setup_card(setup, self.week.is_none())) }
                @else {
                    section.card {
                        (empty(&Empty {
                            icon: Icon::Bag,
                            title: "No orders yet",
                            text: "The first order starts the first flow. Import past orders to \
                                   see what would have happened.",
                            action: Some(("See the flows", "/flows")),
                            alternative: None,
                        }))
                    }
                }
            }
        };
        layout.page("Home", Some(Place::Home), &body)
    }

    fn head(&self, layout: &Layout) -> Markup {
        let calendar = &layout.calendar;
        let part_of_day = match calendar.at(calendar.now).hour() {
            5..12 => "morning",
            12..18 => "afternoon",
            _ => "evening",
        };
        let name = layout.operator_name.as_deref().and_then(|it| it.split_whitespace().next());
        let greeting = match name {
            Some(name) => format!("Good {part_of_day}, {name}"),
            None => format!("Good {part_of_day}"),
        };
        let moment = calendar.moment(calendar.now);
        let is_set_up = self.week.is_some();
        head(&Head {
            title: &greeting,
            text: html! { (moment) " in " (layout.zone_name) ". " (layout.mail.sentence()) },
            actions: html! {
                @if is_set_up {
                    (Button::plain("See the flows").icon(Icon::Flow).link("/flows"))
                    (Button::primary("Ask the assistant").icon(Icon::Assistant).link("/assistant"))
                }
            },
            ..Head::default()
        })
    }

    fn needs(&self, layout: &Layout) -> Markup {
        let shown = &self.needs[..self.needs.len().min(NEEDS_MAX)];
        html! {
            section.card.needs {
                div.card-head {
                    h2 {
                        "Needs a person"
                        @if !shown.is_empty() { span.badge.neutral { (shown.len()) } }
                    }
                }
                @if shown.is_empty() {
                    p.calm {
                        (icon(Icon::Check))
                        span {
                            "Nothing needs you."
                            @if let Some(at) = self.next_email_at {
                                " Next email at " (self.next_email(at, layout)) "."
                            }
                        }
                    }
                }
                @for need in shown {
                    div.need {
                        span.tile.(need.tone.class()) { (icon(need.icon)) }
                        div.words {
                            p.need-title { (need.title) }
                            p.hint { (need.consequence) }
                        }
                        (Button::plain(&need.action).small().link(&need.href))
                    }
                }
            }
        }
    }

    /// Today an hour says it all.
    fn next_email(&self, at: Timestamp, layout: &Layout) -> String {
        let calendar = &layout.calendar;
        let is_today = calendar.at(at).date() == calendar.at(calendar.now).date();
        if is_today && !layout.is_sample { calendar.time(at) } else { calendar.moment_short(at) }
    }

    fn flows(&self, layout: &Layout) -> Markup {
        html! {
            section.card {
                (card_head("Flows", &self.flows_span))
                @if self.flows.is_empty() {
                    p.calm { span { "No flow yet. " a href="/assistant" { "Ask for one" } } }
                } @else {
                    (super::flows::table(&self.flows, layout))
                }
            }
        }
    }
}

/// `is_alone` before the first order, when the first step is what the page is for.
fn setup_card(setup: &Setup, is_alone: bool) -> Markup {
    let (done, all) = (setup.done.len(), setup.done.len() + setup.open.len());
    let share = format!("{:.1}%", 100.0 * done as f64 / all.max(1) as f64);
    html! {
        section.card.setup {
            (card_head("Setup", &format!("{done} of {all}")))
            svg.progress height="6" role="img" aria-label=(format!("{done} of {all} steps are done")) {
                rect.track width="100%" height="6" rx="3" {}
                rect.fill width=(share) height="6" rx="3" {}
            }
            ul {
                @for (index, step) in setup.open.iter().enumerate() {
                    @let button = if is_alone && index == 0 {
                        Button::primary(&step.action)
                    } else {
                        Button::plain(&step.action)
                    };
                    li {
                        span.mark-open aria-hidden="true" {}
                        div.words { p { b { (step.title) } } p.hint { (step.hint) } }
                        (button.small().link(&step.href))
                    }
                }
            }
            @if let Some(href) = &setup.sample_report_href {
                p.hint.sample-report { a href=(href) { "See a report of made-up orders" } }
            }
            @if done > 0 {
                details.done {
                    summary {
                        span.mark-done { (icon(Icon::Check)) }
                        span { (format::counted(done as u64, "step is done", "steps are done")) }
                        (icon(Icon::Down))
                    }
                    ul { @for title in &setup.done { li { (title) } } }
                }
            }
        }
    }
}

fn week_card(week: &Week, layout: &Layout) -> Markup {
    let span = format!(
        "{} to {}, all flows",
        layout.calendar.at(week.first_day).strftime("%-d"),
        layout.calendar.day_of_month(week.last_day),
    );
    let of_emails = |part| format::percent_of(part, week.delivered);
    let of_customers = |part| format::percent_of(part, week.customers_delivered);
    let complaints = format::counted(week.complaints, "complaint", "complaints");
    let stats = [
        Stat::new(
            "Orders in the shop",
            format::count(week.orders),
            format!("{} entered a flow", format::count(week.entered)),
        ),
        Stat::new(
            "Emails delivered",
            format::count(week.delivered),
            format!(
                "{} of {} sent",
                format::percent_of(week.delivered, week.sent),
                format::count(week.sent)
            ),
        ),
        Stat::new(
            "Opened by people",
            of_customers(week.opened),
            format!("machines apart: {} of emails", of_emails(week.machine_opened)),
        ),
        Stat::new(
            "Clicked",
            of_customers(week.clicked),
            format!("scanners apart: {} of emails", of_emails(week.scanner_clicked)),
        ),
        Stat::new(
            "Unsubscribed",
            of_customers(week.unsubscribed),
            format!(
                "{}, {complaints}",
                format::counted(week.unsubscribed, "customer", "customers")
            ),
        ),
    ];
    html! {
        section.card {
            (card_head("Last 7 days", &span))
            (strip(&stats))
        }
    }
}

fn credited_cell(it: &Credited, layout: &Layout) -> Markup {
    let currency = layout.currency;
    let bars: Vec<chart::Bar> = it
        .days
        .iter()
        .map(|(name, minor)| chart::Bar { name: name.clone(), value: *minor as f64 })
        .collect();
    let spoken: Vec<String> = it
        .days
        .iter()
        .map(|(day, minor)| format!("{day} {}", currency.format_whole(*minor)))
        .collect();
    let label = format!("Credited to emails, day by day: {}", spoken.join(", "));
    html! {
        h2 { "Credited to emails: " (currency.format_whole(it.net_minor)) }
        p.hint {
            (format::counted(it.orders, "order", "orders")) " within "
            (format::counted(u64::from(it.window_days), "day", "days")) " of a click, " (it.scope)
            ", net of " (currency.format_whole(it.refunds_minor))
            " refunds. Some of these people would have bought anyway."
        }
        (chart::bars(&label, &bars, |minor| format::money_tick(currency, minor)))
    }
}

fn lift_cell(it: &HomeLift, layout: &Layout) -> Markup {
    let currency = layout.currency;
    let ends = between(currency, it.low_minor, it.high_minor, "and");
    let verdict = if it.low_minor > 0.0 {
        "very likely more than nothing, its size still uncertain"
    } else if it.high_minor < 0.0 {
        "very likely less than nothing, its size still uncertain"
    } else {
        "whether it is more than nothing cannot be told yet"
    };
    let estimate = format::money_signed(currency, it.difference_minor);
    let interval =
        chart::Interval { estimate: it.difference_minor, low: it.low_minor, high: it.high_minor };
    let label = format!("About {estimate} per customer; the truth lies between {ends}");
    html! {
        h2 { "Earned beyond doing nothing: " (estimate) " per customer" }
        p.hint {
            "Since " (layout.calendar.day_of_month(it.since)) ", against the "
            (format::count(it.held_out)) " customers held out by lot. With 95% confidence the \
            truth lies between " (ends) ": " (verdict) "."
        }
        (chart::interval(&label, interval, |minor| format::money_tick(currency, minor)))
        p.hint {
            @if let Some(weeks) = it.weeks_to_one {
                @let one = currency.format(10_i64.pow(currency.digits()));
                "About " (format::counted(u64::from(weeks), "more week narrows", "more weeks narrow"))
                " this to ±" (one) ". "
            }
            a href=(it.report_href) { "Open the report" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    #[test]
    fn home_reads_as_the_design_has_it() {
        let html = HomePage::sample().render(&Layout::sample()).into_string();
        check(&html);
        insta::assert_snapshot!(visible_text(&html));
    }

    #[test]
    fn before_the_first_order_only_the_setup_is_shown() {
        let html = HomePage::sample_empty().render(&Layout::sample()).into_string();
        check(&html);
        let text = visible_text(&html);
        assert!(text.contains("Import orders"));
        assert!(!text.contains("Last 7 days"), "no strip of zeros");
    }

    #[test]
    fn nothing_to_do_says_so_with_the_next_email() {
        let page = HomePage { needs: Vec::new(), ..HomePage::sample() };
        let text = visible_text(&page.render(&Layout::sample()).into_string());
        assert!(text.contains("Nothing needs you. Next email at 16:00."));
    }

    #[test]
    fn the_lift_keeps_its_place_while_it_is_counted_and_when_it_fails() {
        let late = HomePage {
            lift: Part::Counting { href: "/?part=lift".to_owned() },
            ..HomePage::sample()
        };
        let html = late.render(&Layout::sample()).into_string();
        check(&html);
        assert!(html.contains("data-part=\"/?part=lift\""));
        let missing = HomePage {
            lift: Part::Missing {
                what: "The orders of today are not sealed yet.".to_owned(),
                href: "/".to_owned(),
            },
            ..HomePage::sample()
        };
        let text = visible_text(&missing.render(&Layout::sample()).into_string());
        assert!(text.contains("The orders of today are not sealed yet. Try again"));
    }

    #[test]
    fn an_interval_across_nothing_is_not_called_a_gain() {
        let layout = Layout::sample();
        let sentence = |low_minor, high_minor| {
            let it = HomeLift {
                since: layout.calendar.now,
                held_out: 764,
                difference_minor: (low_minor + high_minor) / 2.0,
                low_minor,
                high_minor,
                weeks_to_one: None,
                report_href: "/reports/x".to_owned(),
            };
            visible_text(&lift_cell(&it, &layout).into_string())
        };
        assert!(sentence(20.0, 426.0).contains("very likely more than nothing"));
        assert!(sentence(-120.0, 426.0).contains("cannot be told yet"));
        assert!(sentence(-320.0, -20.0).contains("very likely less than nothing"));
    }
}
