//! The first page.

use aftercart_engine::{HomeView, NeedsPerson, SetupFacts};
use aftercart_model::Timestamp;
use jiff::{civil::Date, tz::TimeZone};

use super::flows::{SPAN, summaries};
use crate::{
    Layout, Mail, MailState,
    component::{Part, Phrase, Tone},
    console::{
        HomePage,
        home::{Credited, HomeLift, Need, Setup, SetupStep, Week},
    },
    format,
    icon::Icon,
};

pub fn page(view: &HomeView, layout: &Layout, is_sample: bool) -> HomePage {
    let has_orders = view.orders > 0;
    let mail = match layout.mail {
        MailState::Sending { .. } => Mail::Leaves,
        _ => Mail::IsCaught,
    };
    HomePage {
        needs: view.needs.iter().map(need).collect(),
        next_email_at: view.next_due,
        setup: setup(&view.setup, view, mail, is_sample),
        week: has_orders.then(|| week(view, &layout.calendar.zone)),
        credited: view.compared().or(view.flows.iter().find_map(|it| it.report.as_ref())).map(
            |report| Credited {
                scope: "all flows".to_owned(),
                net_minor: view.week.credited_minor,
                refunds_minor: view.week.refunds_minor,
                orders: view.week.credited_orders,
                window_days: report.attribution_days,
                days: view.week.credited_by_day.iter().map(day).collect(),
            },
        ),
        lift: lift(view),
        flows: summaries(&view.flows),
        flows_span: SPAN.to_owned(),
    }
}

fn need(it: &NeedsPerson) -> Need {
    let need = |tone, icon, title, consequence: String, action: &str, href: String| Need {
        tone,
        icon,
        title,
        consequence,
        action: action.to_owned(),
        href,
    };
    match it {
        NeedsPerson::PoolRunsOut { pool, left, a_day } => need(
            Tone::Bad,
            Icon::Coupon,
            Phrase::new("The coupon pool ").strong(pool.as_str()).plain(format!(
                " runs out in about {}",
                format::counted(left / (*a_day).max(1), "day", "days")
            )),
            format!(
                "{} left, about {} go out a day. Without a code the email that names it is not \
                 made.",
                format::counted(*left, "code is", "codes are"),
                format::count(*a_day)
            ),
            "See the flows",
            "/flows".to_owned(),
        ),
        NeedsPerson::LosesReaders { flow, title, share, elsewhere: (least, most), .. } => need(
            Tone::Warn,
            Icon::Chart,
            Phrase::new("The ")
                .strong(title.as_str())
                .plain(" loses more readers than the other emails"),
            format!(
                "{} unsubscribed, of the others {} to {}. More than chance explains.",
                format::percent(*share),
                format::percent(*least),
                format::percent(*most)
            ),
            "See why",
            format!("/reports/{flow}"),
        ),
        NeedsPerson::InDoubt { count } => need(
            Tone::Neutral,
            Icon::Help,
            Phrase::new(format::counted(*count, "message is in doubt", "messages are in doubt")),
            "The mail server hung up before it answered. They are not sent again; each closes as \
             sent a day later unless a report arrives."
                .to_owned(),
            "Open the inbox",
            "/inbox".to_owned(),
        ),
        NeedsPerson::FlowPaused { flow, name } => need(
            Tone::Warn,
            Icon::Pause,
            Phrase::default().strong(name.as_str()).plain(" is paused"),
            "Nobody enters it and none of its emails goes out until it is resumed.".to_owned(),
            "Decide",
            format!("/flows/{flow}"),
        ),
        NeedsPerson::ShopErasureAsked => need(
            Tone::Bad,
            Icon::Warn,
            Phrase::new("The platform asks that the whole shop be erased"),
            "The app was taken out of the shop. Nothing has been erased: that is yours to do."
                .to_owned(),
            "See what to do",
            "/customers/requests".to_owned(),
        ),
        NeedsPerson::ExportsAsked { count } => need(
            Tone::Warn,
            Icon::People,
            Phrase::new(format!(
                "{} for what is kept of them",
                format::counted(*count, "customer asks", "customers ask")
            )),
            "The law gives a month to answer. Export it, look at it, and send it to them."
                .to_owned(),
            "See who asks",
            "/customers/requests".to_owned(),
        ),
        NeedsPerson::SetAside { flow, name, count } => need(
            Tone::Bad,
            Icon::Warn,
            Phrase::new(format!(
                "{} stuck in ",
                format::counted(*count, "customer is", "customers are")
            ))
            .strong(name.as_str()),
            format!(
                "They were tried for hours and nothing more goes to them. The server's log says \
                 why; mend it, then run `aftercart flow retry {flow}`."
            ),
            "See the flow",
            format!("/flows/{flow}"),
        ),
        NeedsPerson::NothingLearned => need(
            Tone::Warn,
            Icon::Box,
            Phrase::new("Nothing has been learned from the orders yet"),
            "Until then no email can recommend anything, and none that does is made.".to_owned(),
            "See the products",
            "/products".to_owned(),
        ),
        NeedsPerson::NoFlowLive => need(
            Tone::Warn,
            Icon::Flow,
            Phrase::new("No flow is live"),
            "Orders come in, and nobody hears from you after theirs.".to_owned(),
            "See the flows",
            "/flows".to_owned(),
        ),
        NeedsPerson::ReviewsWait { count, stars } => need(
            Tone::Neutral,
            Icon::Star,
            Phrase::new(format!(
                "{} for your yes",
                format::counted(*count, "review waits", "reviews wait")
            )),
            format!("{}. None appears in an email before you approve it.", given(stars)),
            "Read them",
            "/reviews".to_owned(),
        ),
    }
}

/// `2 give 5 stars, 1 gives 2`, the kindest first.
fn given(stars: &[u64; 5]) -> String {
    let ratings = stars.iter().enumerate().rev().map(|(place, count)| (place + 1, count));
    let some = ratings.filter(|(_, count)| **count > 0);
    let parts = some.enumerate().map(|(place, (rating, count))| {
        let word = match (place, rating) {
            (0, 1) => " star",
            (0, _) => " stars",
            _ => "",
        };
        format!("{} {rating}{word}", format::counted(*count, "gives", "give"))
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// `None` when all is done. A sample shop has nothing to set up.
fn setup(facts: &SetupFacts, view: &HomeView, mail: Mail, is_sample: bool) -> Option<Setup> {
    if is_sample {
        return None;
    }
    let reviewed = format!(
        "{} of {} have enough",
        format::count(facts.products_reviewed),
        format::counted(facts.products, "product", "products")
    );
    let steps = [
        (
            view.orders > 0,
            "Orders imported",
            "Import past orders",
            "Run `aftercart import orders`: from past orders the shop learns what goes with what"
                .to_owned(),
            ("The catalogue", "/products"),
        ),
        (
            facts.has_views,
            "Views arrive",
            "Send what people look at",
            "The event API takes views and orders from the shop's pages as they happen".to_owned(),
            ("Customers", "/customers"),
        ),
        (
            facts.has_flow_live,
            "A flow is live",
            "Let a flow go live",
            "Four emails after an order, and none once somebody buys again".to_owned(),
            ("See the flows", "/flows"),
        ),
        (
            mail == Mail::Leaves,
            "Mail leaves",
            "Name a mail relay",
            "Set `mail.smtp` in the configuration; until then every email is caught".to_owned(),
            ("The inbox", "/inbox"),
        ),
        (
            facts.products > 0 && facts.products_reviewed * 2 >= facts.products,
            "Reviews collected",
            "Collect reviews",
            reviewed,
            ("The catalogue", "/products"),
        ),
    ];
    let mut setup = Setup { open: Vec::new(), done: Vec::new(), sample_report_href: None };
    for (is_done, done, title, hint, (action, href)) in steps {
        if is_done {
            setup.done.push(done.to_owned());
        } else {
            setup.open.push(SetupStep {
                title: title.to_owned(),
                hint,
                action: action.to_owned(),
                href: href.to_owned(),
            });
        }
    }
    (!setup.open.is_empty()).then_some(setup)
}

fn week(view: &HomeView, zone: &TimeZone) -> Week {
    let it = &view.week;
    Week {
        first_day: noon(it.first_day, zone),
        last_day: noon(it.last_day, zone),
        orders: it.orders,
        entered: it.entered,
        sent: it.sent,
        delivered: it.delivered,
        customers_delivered: it.customers_delivered,
        opened: it.opened,
        machine_opened: it.machine_opened,
        clicked: it.clicked,
        scanner_clicked: it.machine_clicked,
        unsubscribed: it.unsubscribed,
        complaints: it.complained,
    }
}

/// A moment that lies on `date` whatever the clocks do.
fn noon(date: Date, zone: &TimeZone) -> Timestamp {
    let noon = date.to_datetime(jiff::civil::time(12, 0, 0, 0));
    zone.to_ambiguous_timestamp(noon).compatible().unwrap_or(Timestamp::UNIX_EPOCH)
}

fn day((date, minor): &(Date, i64)) -> (String, i64) {
    (date.strftime("%a").to_string(), *minor)
}

fn lift(view: &HomeView) -> Part<HomeLift> {
    let missing = |what: String, href: String| Part::Missing { what, href };
    let Some(report) = view.compared() else {
        let what = "Nobody is held out by lot, so what the emails earn beyond doing nothing cannot \
                    be known.";
        return missing(what.to_owned(), "/".to_owned());
    };
    let href = format!("/reports/{}", report.flow);
    let Some(spent) = report.lift.spent.filter(|_| !report.lift.is_too_few) else {
        let what = format!(
            "Earned beyond doing nothing: cannot be told yet, {} held out {} been watched for {} \
             days.",
            format::count(report.lift.held_out.customers),
            if report.lift.held_out.customers == 1 { "customer has" } else { "customers have" },
            report.horizon_days,
        );
        return missing(what, href);
    };
    Part::Ready(HomeLift {
        since: report.from.unwrap_or(report.to),
        held_out: report.lift.held_out.customers,
        difference_minor: spent.estimate,
        low_minor: spent.low,
        high_minor: spent.high,
        weeks_to_one: report.lift.weeks_needed().filter(|it| *it > 0),
        report_href: href,
    })
}
