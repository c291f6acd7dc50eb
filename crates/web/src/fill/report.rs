//! A flow's report.

use aftercart_engine::{Finding, FlowReport, Grade, Suggestion, insight, insight::LeakKind};
use jiff::SignedDuration;

use super::send_figures;
use crate::{
    component::Part,
    console::{
        ReportPage,
        figures::RateBasis,
        report::{
            Answer, EmailFigures, Grade as PageGrade, Leak, Lift, SecondOrders, Side,
            Suggestion as PageSuggestion,
        },
    },
    format,
};

/// A holdout large enough to answer sooner and small enough to afford.
const LARGER_HOLDOUT_PERCENT: u32 = 20;

pub fn page(
    report: &FlowReport,
    send_days: &[u32],
    suggestions: Result<Vec<Suggestion>, ()>,
    basis: RateBasis,
) -> ReportPage {
    let loses = report.unusual_loss().map(|(step, _)| step.step.clone());
    let flow = &report.flow;
    let has_sent = report.total.sent > 0;
    let emails = report.steps.iter().map(|it| EmailFigures {
        name: it.title.clone(),
        href: format!("/flows/{flow}?step={}", it.step),
        figures: send_figures(&it.figures),
        is_unsubscribe_unusual: loses.as_ref() == Some(&it.step),
    });
    let curves = &report.curves;
    ReportPage {
        flow_id: flow.to_string(),
        flow_name: report.name.clone(),
        first_day: report.from.unwrap_or(report.to),
        // The period ends with a day, not with the midnight after it.
        last_day: report.to - SignedDuration::from_secs(1),
        attribution_days: report.attribution_days,
        answer: Part::Ready(answer(report)),
        basis,
        emails: if has_sent { emails.collect() } else { Vec::new() },
        total: send_figures(&report.total),
        second_orders: (!curves.offered.is_empty()).then(|| SecondOrders {
            offered: curves.offered.clone(),
            held_out: (!curves.held_out.is_empty()).then(|| curves.held_out.clone()),
            send_days: send_days.to_vec(),
        }),
        leaks: report.leaks.iter().map(|it| leak(report, it)).collect(),
        suggestions: suggestions.unwrap_or_default().iter().map(suggestion).collect(),
    }
}

fn answer(report: &FlowReport) -> Answer {
    let lift = &report.lift;
    if lift.answer == insight::Answer::NoHoldout && report.enrolled > 0 {
        return Answer::NoHoldout;
    }
    let Some(spent) = lift.spent else {
        let horizon = SignedDuration::from_hours(24 * i64::from(report.horizon_days));
        let look_again_on = report.from.map(|it| it + horizon).filter(|it| *it > report.to);
        return Answer::NotYet { look_again_on };
    };
    let side = |it: &insight::Side| Side {
        customers: it.customers,
        mailed: it.mailed,
        ordered_again: it.ordered_again,
        spent_mean_minor: it.spent.mean,
    };
    let weeks_to_one = lift.weeks_needed().filter(|it| *it > 0);
    let share = f64::from(LARGER_HOLDOUT_PERCENT) / 100.0;
    let larger = lift.weeks_needed_with(share).filter(|_| lift.holdout_share < share);
    let sooner = larger.filter(|weeks| weeks_to_one.is_some_and(|now| *weeks < now));
    Answer::Measured(Lift {
        horizon_days: report.horizon_days,
        offered: side(&lift.offered),
        held_out: side(&lift.held_out),
        difference_minor: spent.estimate,
        low_minor: spent.low,
        high_minor: spent.high,
        is_too_few: lift.is_too_few,
        credited_minor: report.total.net_minor,
        credited_orders: report.total.orders,
        mailed_customers: report.total.customers_sent,
        weeks_to_one,
        weeks_with_larger_holdout: sooner.map(|weeks| (weeks, LARGER_HOLDOUT_PERCENT)),
    })
}

fn leak(report: &FlowReport, it: &insight::Leak) -> Leak {
    let title = report.steps.iter().find(|step| step.step == it.step);
    let title = title.map_or_else(|| it.step.to_string(), |step| step.title.clone());
    let share = format::percent(it.share());
    let what = super::lost::words(it.kind);
    let beside = match it.kind {
        LeakKind::OpenedNotClicked => format!("{share} of those who opened"),
        LeakKind::ClickedNotBought => format!("{share} of those who clicked"),
        LeakKind::LeftForGood => {
            let elsewhere = it.elsewhere.map_or_else(String::new, |(least, most)| {
                format!(", the others {} to {}", format::percent(least), format::percent(most))
            });
            format!("{share}{elsewhere}")
        }
    };
    let who_href = super::lost::href(report.flow.as_str(), it.step.as_str(), it.kind);
    Leak { what: format!("{title}: {what}"), customers: it.lost, beside, who_href: Some(who_href) }
}

fn suggestion(it: &Suggestion) -> PageSuggestion {
    let grade = match it.grade {
        Grade::GoodEvidence => PageGrade::GoodEvidence,
        Grade::WorthATest => PageGrade::WorthATest,
    };
    let (title, evidence) = match &it.finding {
        Finding::NeverOpened {
            title,
            earlier,
            emails,
            of_emails,
            orders,
            of_orders,
            unsubscribed,
            of_unsubscribed,
            ..
        } => (
            format!(
                "Stop the {} for people who opened none of the first {}",
                title.to_lowercase(),
                super::in_words(usize::try_from(*earlier).unwrap_or(0), "email", "emails")
                    .split(' ')
                    .next()
                    .unwrap_or_default()
            ),
            format!(
                "{} of its {} emails went to them. They brought {} of its {} orders and {} of its \
                 {} unsubscribes.",
                format::count(*emails),
                format::count(*of_emails),
                format::count(*orders),
                format::count(*of_orders),
                format::count(*unsubscribed),
                format::count(*of_unsubscribed),
            ),
        ),
        Finding::OrdersComeSoon { title, hours, orders, wait_days, .. } => (
            format!("Try the {} a day earlier", title.to_lowercase()),
            format!(
                "Half of its {} orders come within {} of it. The wait of {} before it has never \
                 been varied here, so only a test can tell.",
                format::count(*orders),
                format::counted((*hours).max(1), "hour", "hours"),
                format::counted(u64::from(*wait_days), "day", "days"),
            ),
        ),
    };
    PageSuggestion { grade, title, evidence, action: None }
}
