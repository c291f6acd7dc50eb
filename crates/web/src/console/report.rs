//! A flow's report: did it earn more than doing nothing, and what did each email do?
//!
//! The answer stands first, as a sentence, and it is only as sure as its interval: an interval that
//! holds nothing is never called a gain. Credited money stands beside it with the reason why it is
//! larger. The answer compares everybody the flow was offered to with those held out, by intention to
//! treat, so its sides are never called the mailed; how many were mailed stands in a row of its own.

use aftercart_model::Timestamp;
use maud::{Markup, html};

use super::{
    Head, between,
    figures::{Rate, RateBasis, SendFigures},
    head,
};
use crate::{
    chart,
    component::{Button, Empty, Part, Tone, badge, bar, card_head, empty, note, part},
    format,
    icon::Icon,
    layout::{Layout, Place},
};

#[derive(Clone, Debug)]
pub struct ReportPage {
    pub flow_id: String,
    pub flow_name: String,
    pub first_day: Timestamp,
    pub last_day: Timestamp,
    pub attribution_days: u32,
    pub answer: Part<Answer>,
    pub basis: RateBasis,
    /// In the order of the flow; empty before the first email.
    pub emails: Vec<EmailFigures>,
    /// Of all emails together, each customer once.
    pub total: SendFigures,
    pub second_orders: Option<SecondOrders>,
    pub leaks: Vec<Leak>,
    /// The section is shown only if there are any.
    pub suggestions: Vec<Suggestion>,
}

/// What the two sides say about the flow's worth.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Nobody is held out, so the question cannot be answered.
    NoHoldout,
    /// Nobody on one of the sides is past the horizon yet.
    NotYet {
        look_again_on: Option<Timestamp>,
    },
    Measured(Lift),
}

#[derive(Clone, Debug)]
pub struct Lift {
    /// How long after entering each customer is watched.
    pub horizon_days: u32,
    /// Everybody who entered and was not held out.
    pub offered: Side,
    pub held_out: Side,
    /// Per customer, in minor units, with the 95 % interval.
    pub difference_minor: f64,
    pub low_minor: f64,
    pub high_minor: f64,
    /// Too few on a side to claim anything, whatever the interval.
    pub is_too_few: bool,
    pub credited_minor: i64,
    pub credited_orders: u64,
    /// Customers handed at least one email so far, past the horizon or not.
    pub mailed_customers: u64,
    /// Weeks until the interval is one unit of money either way, as it is and with a larger holdout.
    pub weeks_to_one: Option<u32>,
    pub weeks_with_larger_holdout: Option<(u32, u32)>,
}

/// One side of the comparison: those past the horizon.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    pub customers: u64,
    /// Of them, handed at least one email.
    pub mailed: u64,
    pub ordered_again: u64,
    pub spent_mean_minor: f64,
}

#[derive(Clone, Debug)]
pub struct EmailFigures {
    pub name: String,
    pub href: String,
    pub figures: SendFigures,
    /// Loses far more readers than its neighbours.
    pub is_unsubscribe_unusual: bool,
}

/// The share of customers who ordered again, at the end of each day from day 0.
#[derive(Clone, Debug)]
pub struct SecondOrders {
    pub offered: Vec<f64>,
    pub held_out: Option<Vec<f64>>,
    pub send_days: Vec<u32>,
}

/// Customers lost between two steps.
#[derive(Clone, Debug)]
pub struct Leak {
    /// `Offer: opened, not clicked`.
    pub what: String,
    pub customers: u64,
    /// What that is a part of: `78.7% of those who opened`.
    pub beside: String,
    pub who_href: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    GoodEvidence,
    WorthATest,
    NotKnown,
}

#[derive(Clone, Debug)]
pub struct Suggestion {
    pub grade: Grade,
    pub title: String,
    pub evidence: String,
    /// What the button says and where it leads; `None` where nothing can be drafted yet.
    pub action: Option<(String, String)>,
}

impl ReportPage {
    /// The numbers of the design's picture.
    pub fn sample() -> Self {
        let at = |text: &str| text.parse::<Timestamp>().expect("a fixed instant");
        let names = ["Offer", "Discount", "Social proof", "Nudge"];
        let ids = ["offer", "discount", "social-proof", "nudge"];
        let emails = names.iter().zip(ids).zip(SendFigures::samples());
        let suggestion = |grade, title: &str, evidence: &str, action: &str| Suggestion {
            grade,
            title: title.to_owned(),
            evidence: evidence.to_owned(),
            action: Some((action.to_owned(), "/assistant".to_owned())),
        };
        let leak = |what: &str, customers, beside: &str| Leak {
            what: what.to_owned(),
            customers,
            beside: beside.to_owned(),
            who_href: Some("/reports/upsell-cross-sell/lost?step=offer&kind=opened".to_owned()),
        };
        Self {
            flow_id: "upsell-cross-sell".to_owned(),
            flow_name: "Upsell after an order".to_owned(),
            first_day: at("2026-01-05T12:00:00Z"),
            last_day: at("2026-03-15T12:00:00Z"),
            attribution_days: 5,
            answer: Part::Ready(Answer::Measured(Lift::sample())),
            basis: RateBasis::default(),
            emails: emails
                .map(|((name, id), figures)| EmailFigures {
                    name: (*name).to_owned(),
                    href: format!("/flows/upsell-cross-sell?step={id}"),
                    figures,
                    is_unsubscribe_unusual: id == "nudge",
                })
                .collect(),
            total: SendFigures::sample_total(),
            second_orders: Some(SecondOrders {
                offered: [
                    0.0, 0.3, 0.8, 1.4, 2.3, 3.1, 4.3, 5.6, 6.5, 7.6, 8.7, 9.6, 10.8, 11.6, 12.2,
                    12.7, 13.2, 13.5, 13.8, 14.1, 14.4, 14.6,
                ]
                .map(|it| it / 100.0)
                .to_vec(),
                held_out: Some(
                    [
                        0.0, 0.4, 0.9, 1.4, 2.0, 2.7, 3.4, 4.1, 4.8, 5.5, 6.1, 6.8, 7.4, 8.0, 8.5,
                        9.0, 9.5, 9.9, 10.3, 10.6, 11.0, 11.3,
                    ]
                    .map(|it| it / 100.0)
                    .to_vec(),
                ),
                send_days: vec![2, 5, 8, 10],
            }),
            leaks: vec![
                leak("Offer: opened, not clicked", 3_027, "78.7% of those who opened"),
                leak("Discount: clicked, not bought", 498, "59.0% of those who clicked"),
                leak("Nudge: left for good", 48, "0.74%, the others 0.39 to 0.50%"),
            ],
            suggestions: vec![
                suggestion(
                    Grade::GoodEvidence,
                    "Stop the nudge for people who opened none of the first three",
                    "2,190 of 6,512 nudges went to them. They brought 4 of its 111 orders and 31 of \
                     its 48 unsubscribes.",
                    "Draft this change",
                ),
                suggestion(
                    Grade::WorthATest,
                    "Try the discount a day earlier",
                    "Half of its orders come within 9 hours of it. The wait before it has never \
                     been varied here, so only a test can tell.",
                    "Draft a test",
                ),
                suggestion(
                    Grade::NotKnown,
                    "Do not lower the discount yet",
                    "Orders with a code: 301 of 346. Whether 5% would do as well cannot be read \
                     from this data.",
                    "What it would take",
                ),
            ],
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let body = html! {
            (self.head(layout))
            section.card.lead aria-label="Did it earn more than doing nothing?" {
                (part("lift", &self.answer, |it| self.answer(it, layout)))
            }
            (self.emails(layout))
            div.beside.alone[self.suggestions.is_empty()] {
                div.stack {
                    @if let Some(it) = &self.second_orders { (self.second_orders(it)) }
                    @if !self.leaks.is_empty() { (self.leaks()) }
                }
                @if !self.suggestions.is_empty() { (self.suggestions()) }
            }
        };
        layout.page(&self.flow_name, Some(Place::Reports), &body)
    }

    fn path(&self) -> String {
        format!("/reports/{}", self.flow_id)
    }

    fn head(&self, layout: &Layout) -> Markup {
        let calendar = &layout.calendar;
        head(&Head {
            crumbs: &[("Reports", "/reports"), ("Flows", "/flows")],
            title: &self.flow_name,
            text: html! {
                (calendar.day_of_month(self.first_day)) " to " (calendar.day_of_month(self.last_day))
                ". Orders are credited to the last human click within "
                (format::counted(u64::from(self.attribution_days), "day", "days")) "."
            },
            actions: html! {
                (Button::plain("Open the flow").icon(Icon::Flow)
                    .link(&format!("/flows/{}", self.flow_id)))
            },
            ..Head::default()
        })
    }

    fn answer(&self, answer: &Answer, layout: &Layout) -> Markup {
        let plain = |sentence: &str, text: Markup| {
            html! {
                div.lead-words {
                    p.question { "Did it earn more than doing nothing?" }
                    p.answer { (sentence) }
                    p.about { (text) }
                }
            }
        };
        match answer {
            Answer::NoHoldout => plain(
                "This cannot be answered: nobody is held out",
                html! {
                    "To know what would have happened without the emails, some customers must get \
                     none. A holdout of 10% drawn by lot answers it within some weeks; set it in "
                    a href=(format!("/flows/{}", self.flow_id)) { "the flow" } "."
                },
            ),
            Answer::NotYet { look_again_on } => plain(
                "Cannot be told yet",
                html! {
                    "Nobody on one of the two sides has been watched long enough."
                    @if let Some(at) = look_again_on {
                        " Look again on " (layout.calendar.day(*at)) "."
                    }
                },
            ),
            Answer::Measured(lift) => lift.render(layout),
        }
    }

    fn emails(&self, layout: &Layout) -> Markup {
        html! {
            section.card {
                div.card-head {
                    h2 { "Each email" }
                    @if !self.emails.is_empty() { (self.switches()) }
                }
                @if self.emails.is_empty() {
                    (empty(&Empty {
                        icon: Icon::Mail,
                        title: "No email has gone out yet",
                        text: "Each email will stand here with the share of customers who opened \
                               it, clicked, ordered and unsubscribed.",
                        action: None,
                        alternative: Some(("Open the flow", &format!("/flows/{}", self.flow_id))),
                    }))
                } @else {
                    (self.table(layout))
                }
            }
        }
    }

    /// Links rather than boxes to tick: the address holds the state of the view.
    fn switches(&self) -> Markup {
        let href = |basis: RateBasis| {
            let over = if basis.is_over_sent { "sent" } else { "delivered" };
            let opens = if basis.counts_machine_opens { "all" } else { "people" };
            format!("{}?over={over}&opens={opens}", self.path())
        };
        let basis = self.basis;
        let other_base = RateBasis { is_over_sent: !basis.is_over_sent, ..basis };
        let other_opens = RateBasis { counts_machine_opens: !basis.counts_machine_opens, ..basis };
        html! {
            p.fact.switches {
                span {
                    "unique customers over " (if basis.is_over_sent { "sent" } else { "delivered" })
                    @if basis.counts_machine_opens { ", opens by machines too" }
                }
                span.between aria-hidden="true" { "·" }
                a href=(href(other_base)) {
                    (if basis.is_over_sent { "over delivered" } else { "over sent" })
                }
                span.between aria-hidden="true" { "·" }
                a href=(href(other_opens)) {
                    (if basis.counts_machine_opens { "people's opens only" } else { "count machine opens" })
                }
            }
        }
    }

    fn table(&self, layout: &Layout) -> Markup {
        let basis = self.basis;
        let end = |rate| {
            let rates = self.emails.iter().filter_map(|it| it.figures.rate(rate, basis));
            chart::scale_end(rates.fold(0.0, f64::max))
        };
        let money = |minor: Option<f64>| {
            minor.map_or_else(
                || format::NOTHING.to_owned(),
                |it| format::money_mean(layout.currency, it),
            )
        };
        let columns = [
            (Rate::Open, "mid", end(Rate::Open)),
            (Rate::Click, "mid", end(Rate::Click)),
            (Rate::Conversion, "", end(Rate::Conversion)),
        ];
        let left_end = end(Rate::Unsubscribe);
        let rate_cell = |it: &EmailFigures, rate, class: &str, end: f64| {
            let share = it.figures.rate(rate, basis);
            let is_unusual = rate == Rate::Unsubscribe && it.is_unsubscribe_unusual;
            html! {
                td.number.rate.(class).unusual[is_unusual] {
                    (it.figures.rate_text(rate, basis))
                    @if let Some(share) = share { (bar(share / end)) }
                }
            }
        };
        let revenue_cell = |figures: &SendFigures| {
            html! {
                td.number {
                    (money(figures.net_per_email(basis)))
                    span.under { (money(figures.gross_per_email(basis))) " gross" }
                }
            }
        };
        let total = &self.total;
        html! {
            table.rows.emails {
                thead {
                    tr {
                        th scope="col" { "Email" }
                        th.wide.number scope="col" { (if basis.is_over_sent { "Sent" } else { "Delivered" }) }
                        th.mid.number scope="col" { "Open rate" }
                        th.mid.number scope="col" { "Click rate" }
                        th.number scope="col" { "Conversion rate" }
                        th.number scope="col" { "Revenue per email" }
                        th.wide.number scope="col" { "Unsubscribe rate" }
                    }
                }
                tbody {
                    @for (index, it) in self.emails.iter().enumerate() {
                        tr {
                            th scope="row" {
                                span.person {
                                    span.ordinal aria-hidden="true" { (index + 1) }
                                    a.row-link href=(it.href) { (it.name) }
                                }
                            }
                            td.wide.number {
                                (format::count(it.figures.emails(basis)))
                                (to_customers(&it.figures, basis))
                            }
                            @for (rate, class, end) in columns { (rate_cell(it, rate, class, end)) }
                            (revenue_cell(&it.figures))
                            (rate_cell(it, Rate::Unsubscribe, "wide", left_end))
                        }
                    }
                }
                tfoot {
                    tr {
                        th scope="row" {
                            (all_of(self.emails.len()))
                            @if self.emails.len() > 1 { " " span.under { "each customer once" } }
                        }
                        td.wide.number {
                            b { (format::count(total.emails(basis))) }
                            (to_customers(total, basis))
                        }
                        @for (rate, class, _) in columns {
                            td.number.(class) { (total.rate_text(rate, basis)) }
                        }
                        (revenue_cell(total))
                        td.wide.number { (total.rate_text(Rate::Unsubscribe, basis)) }
                    }
                }
            }
        }
    }

    fn second_orders(&self, it: &SecondOrders) -> Markup {
        let last = it.offered.len().saturating_sub(1);
        let end = |shares: &[f64]| shares.last().copied().map_or_else(String::new, format::percent);
        let mut label = format!(
            "Share of customers who ordered again by day {last}: {} of those in the flow",
            end(&it.offered)
        );
        if let Some(held_out) = &it.held_out {
            label = format!("{label}, {} of those held out", end(held_out));
        }
        let days = chart::Days {
            offered: &it.offered,
            held_out: it.held_out.as_deref(),
            sends: &it.send_days,
        };
        html! {
            section.card.padded {
                (card_head("Second orders, day by day",
                    &format!("of everybody who entered, {last} days past")))
                div.plot { (chart::days(&label, &days, format::percent)) }
                details.as-table {
                    summary { "Show as table" }
                    table.rows {
                        thead {
                            tr {
                                th scope="col" { "Day" }
                                th.number scope="col" { "In the flow" }
                                @if it.held_out.is_some() { th.number scope="col" { "Held out" } }
                            }
                        }
                        tbody {
                            @for (day, share) in it.offered.iter().enumerate() {
                                tr {
                                    th scope="row" { (day) }
                                    td.number { (format::percent(*share)) }
                                    @if let Some(share) = it.held_out.as_ref().and_then(|it| it.get(day)) {
                                        td.number { (format::percent(*share)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn leaks(&self) -> Markup {
        html! {
            section.card {
                (card_head("Where it leaks", "customers lost between two steps"))
                table.rows.leaks {
                    thead.hidden {
                        tr {
                            th scope="col" { "Where" } th scope="col" { "Customers" }
                            th scope="col" { "Part" } th scope="col" { "Who" }
                        }
                    }
                    tbody {
                        @for leak in &self.leaks {
                            tr {
                                th scope="row" { (leak.what) }
                                td.number { b { (format::count(leak.customers)) } }
                                td.wide.soft { (leak.beside) }
                                td.number {
                                    @if let Some(href) = &leak.who_href {
                                        a href=(href) aria-label=(format!("Who: {}", leak.what)) { "Who" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn suggestions(&self) -> Markup {
        let grade = |it| match it {
            Grade::GoodEvidence => badge(Tone::Good, "Good evidence"),
            Grade::WorthATest => badge(Tone::Info, "Worth a test"),
            Grade::NotKnown => badge(Tone::Neutral, "Not known"),
        };
        html! {
            section.card.suggestions {
                div.card-head {
                    h2 { "What to change" span.badge.neutral { (self.suggestions.len()) } }
                }
                ul {
                    @for it in &self.suggestions {
                        li {
                            (grade(it.grade))
                            h3 { (it.title) }
                            p.hint { (it.evidence) }
                            @if let Some((label, href)) = &it.action {
                                (Button::plain(label).small().link(href))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Said where some customers got several of the emails counted: rates are of customers.
fn to_customers(figures: &SendFigures, basis: RateBasis) -> Markup {
    let customers = figures.customers(basis);
    html! {
        @if customers != figures.emails(basis) {
            " "
            span.under { "to " (format::counted(customers, "customer", "customers")) }
        }
    }
}

/// `All four`, `All 12`: small numbers are words.
fn all_of(number: usize) -> String {
    match number {
        1 => "The one email".to_owned(),
        2 => "Both".to_owned(),
        3 => "All three".to_owned(),
        4 => "All four".to_owned(),
        5 => "All five".to_owned(),
        more => format!("All {more}"),
    }
}

impl Lift {
    /// The numbers of the design's picture.
    pub fn sample() -> Self {
        Self {
            horizon_days: 21,
            offered: Side {
                customers: 6_912,
                mailed: 6_518,
                ordered_again: 1_009,
                spent_mean_minor: 971.0,
            },
            held_out: Side {
                customers: 764,
                mailed: 0,
                ordered_again: 86,
                spent_mean_minor: 748.0,
            },
            difference_minor: 223.0,
            low_minor: 20.0,
            high_minor: 426.0,
            is_too_few: false,
            credited_minor: 5_462_900,
            credited_orders: 842,
            mailed_customers: 8_375,
            weeks_to_one: Some(24),
            weeks_with_larger_holdout: Some((15, 20)),
        }
    }

    /// The sentence: as sure as the interval allows and no surer.
    fn sentence(&self, layout: &Layout) -> String {
        let currency = layout.currency;
        let unit = 10_f64.powi(currency.digits() as i32);
        let amount = self.difference_minor.abs();
        let about = if amount >= unit {
            currency.format_whole(amount.round() as i64)
        } else {
            format::money_mean(currency, amount)
        };
        let is_told = !self.is_too_few;
        if is_told && self.low_minor > 0.0 {
            format!("Very likely yes: about {about} more per customer")
        } else if is_told && self.high_minor < 0.0 && amount >= unit {
            format!("It cost you: about {about} per customer")
        } else if is_told && self.high_minor < 0.0 {
            format!("Very likely not: about {about} less per customer")
        } else {
            "Cannot be told yet".to_owned()
        }
    }

    fn render(&self, layout: &Layout) -> Markup {
        let currency = layout.currency;
        let mean = |minor| format::money_mean(currency, minor);
        let ends = between(currency, self.low_minor, self.high_minor, "and");
        let interval = chart::Interval {
            estimate: self.difference_minor,
            low: self.low_minor,
            high: self.high_minor,
        };
        let label = format!(
            "The difference is about {} per customer; with 95% confidence it lies between {ends}",
            mean(self.difference_minor)
        );
        html! {
            div.lead-cells {
                div.lead-words {
                    p.question { "Did it earn more than doing nothing?" }
                    p.answer { (self.sentence(layout)) }
                    p.about {
                        "Customers in the flow spent " (mean(self.offered.spent_mean_minor)) " in the "
                        (format::counted(u64::from(self.horizon_days), "day", "days"))
                        " after they entered; those held out by lot spent "
                        (mean(self.held_out.spent_mean_minor))
                        ". With 95% confidence the difference lies between " (ends)
                        ". All who entered are compared with those held out, mailed or not."
                    }
                    (chart::curve(&label, interval, |minor| format::money_tick(currency, minor)))
                }
                div.lead-figures {
                    (self.sides(layout))
                    (self.sums(layout))
                    (self.certainty(layout))
                }
            }
        }
    }

    fn sides(&self, layout: &Layout) -> Markup {
        let row = |name: &str, value: &dyn Fn(&Side) -> String| {
            html! {
                tr {
                    th scope="row" { (name) }
                    td.number { (value(&self.offered)) }
                    td.number { (value(&self.held_out)) }
                }
            }
        };
        let customers = format!("Watched for {} days", self.horizon_days);
        html! {
            table.rows.sides {
                thead {
                    tr {
                        td {}
                        th.number scope="col" { "In the flow" }
                        th.number scope="col" { "Held out" }
                    }
                }
                tbody {
                    (row(&customers, &|it| format::count(it.customers)))
                    (row("Mailed at least once", &|it| format::count(it.mailed)))
                    (row("Ordered again", &|it| format::count(it.ordered_again)))
                    (row("Share", &|it| format::percent_of(it.ordered_again, it.customers)))
                    (row("Spent per customer",
                        &|it| format::money_mean(layout.currency, it.spent_mean_minor)))
                }
            }
        }
    }

    fn sums(&self, layout: &Layout) -> Markup {
        let currency = layout.currency;
        let customers = self.offered.customers as f64;
        let most = self.high_minor.abs().max(self.low_minor.abs()) * customers;
        let sum = |mean_minor: f64| format::money_estimate(currency, mean_minor * customers, most);
        let is_larger = self.credited_minor as f64 > self.difference_minor * customers;
        html! {
            dl.sums {
                div {
                    dt { "Earned beyond doing nothing" }
                    dd { (sum(self.difference_minor)) }
                    dd.qualifier {
                        "between " (sum(self.low_minor)) " and " (sum(self.high_minor))
                        ", for these " (format::count(self.offered.customers)) " in the flow"
                    }
                }
                div {
                    dt { "Credited to the emails" }
                    dd { (currency.format_whole(self.credited_minor)) }
                    dd.qualifier {
                        (format::counted(self.credited_orders, "order", "orders")) " after emails to "
                        (format::counted(self.mailed_customers, "customer", "customers")) "."
                        @if is_larger { " Larger, because many would have ordered anyway." }
                    }
                }
            }
        }
    }

    fn certainty(&self, layout: &Layout) -> Markup {
        let Some(weeks) = self.weeks_to_one else { return html! {} };
        let one = layout.currency.format(10_i64.pow(layout.currency.digits()));
        let more = format::counted(u64::from(weeks), "more week", "more weeks");
        note(
            Tone::Neutral,
            Icon::Clock,
            &html! {
                "To know it to ±" (one) " takes about " b { (more) }
                @if let Some((weeks, percent)) = self.weeks_with_larger_holdout {
                    ", or " (weeks) " with a holdout of " (percent) "%"
                }
                "."
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    fn text_of(page: &ReportPage) -> String {
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        visible_text(&html)
    }

    #[test]
    fn the_report_reads_as_the_design_has_it() {
        insta::assert_snapshot!(text_of(&ReportPage::sample()));
    }

    #[test]
    fn the_answer_is_only_as_sure_as_its_interval() {
        let sentence = |difference_minor, low_minor, high_minor| {
            Lift { difference_minor, low_minor, high_minor, ..Lift::sample() }
                .sentence(&Layout::sample())
        };
        assert_eq!(sentence(223.0, 20.0, 426.0), "Very likely yes: about €2 more per customer");
        assert_eq!(sentence(41.0, 2.0, 80.0), "Very likely yes: about €0.41 more per customer");
        assert_eq!(sentence(223.0, -20.0, 466.0), "Cannot be told yet", "holds nothing");
        assert_eq!(sentence(-223.0, -426.0, -20.0), "It cost you: about €2 per customer");
        assert_eq!(sentence(-41.0, -80.0, -2.0), "Very likely not: about €0.41 less per customer");
        let few = Lift { is_too_few: true, ..Lift::sample() };
        assert_eq!(few.sentence(&Layout::sample()), "Cannot be told yet", "of too few");
    }

    #[test]
    fn without_a_holdout_the_report_says_that_it_cannot_answer() {
        let page = ReportPage { answer: Part::Ready(Answer::NoHoldout), ..ReportPage::sample() };
        let text = text_of(&page);
        assert!(text.contains("This cannot be answered: nobody is held out"));
        assert!(!text.contains("Very likely"));
    }

    #[test]
    fn a_report_of_nothing_says_when_to_look_again() {
        let page = ReportPage {
            answer: Part::Ready(Answer::NotYet {
                look_again_on: Some("2026-04-02T12:00:00Z".parse().unwrap()),
            }),
            emails: Vec::new(),
            total: SendFigures::default(),
            second_orders: None,
            leaks: Vec::new(),
            suggestions: Vec::new(),
            ..ReportPage::sample()
        };
        let text = text_of(&page);
        assert!(text.contains("Look again on Thursday 2 April."));
        assert!(text.contains("No email has gone out yet"));
        assert!(!text.contains("What to change"), "no section without a suggestion");
    }

    #[test]
    fn the_switches_lead_to_the_other_view_and_back() {
        let html = ReportPage::sample().render(&Layout::sample()).into_string();
        assert!(html.contains("/reports/upsell-cross-sell?over=sent&amp;opens=people"));
        assert!(html.contains("/reports/upsell-cross-sell?over=delivered&amp;opens=all"));
        let basis = RateBasis { is_over_sent: true, counts_machine_opens: true };
        let text = text_of(&ReportPage { basis, ..ReportPage::sample() });
        assert!(text.contains("unique customers over sent, opens by machines too"));
        assert!(text.contains("people's opens only"));
    }
}
