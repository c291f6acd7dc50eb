//! What launching a flow would begin.

use aftercart_engine::{
    FlowView, TreeSource, flow,
    flow::{Flow, Level, Trigger},
};

use super::{first_upper, flow::summary};
use crate::{console::LaunchPage, format};

pub fn page(view: &FlowView, send_days: &[u32]) -> LaunchPage {
    let it = &view.flow;
    LaunchPage {
        id: view.stored.id.to_string(),
        name: it.name().to_owned(),
        summary: summary(it, send_days),
        who: it.triggers().iter().map(|trigger| who(it, trigger)).collect(),
        lately: lately(view),
        emails: emails(it, send_days),
        holdout_percent: it.holdout_percent(),
        also: also(it),
        refused: refused(it),
    }
}

/// What keeps a flow from being launched.
fn refused(it: &Flow) -> Vec<String> {
    let findings = flow::lint(it).into_iter().filter(|it| it.level == Level::Refused);
    findings.map(|it| it.text).collect()
}

fn who(it: &Flow, trigger: &Trigger) -> String {
    let among = it.audience().map_or_else(String::new, |it| format!(", being one who {it}"));
    match trigger {
        Trigger::Event { filter: Some(filter), .. } => {
            format!("Whoever places an order from now on that meets `{filter}`{among}")
        }
        Trigger::Event { filter: None, .. } => {
            format!("Whoever orders from now on{among}; past orders enrol nobody")
        }
        Trigger::Segment { segment } => {
            format!("Whoever enters the segment {segment} from now on{among}; its members stay out")
        }
        Trigger::SegmentLeft { segment } => {
            format!("Whoever leaves the segment {segment} from now on{among}")
        }
        Trigger::MovedFrom { flow: Some(flow) } => {
            format!("Whoever a purchase moves here from the flow {flow}{among}")
        }
        Trigger::MovedFrom { flow: None } => {
            format!("Whoever a purchase moves here from another flow{among}")
        }
        Trigger::DueAgain(due) => {
            let what = due.in_words().unwrap_or_else(|| "something people buy again".to_owned());
            let when = match due.days_before {
                0 => String::new(),
                days => format!(", {} before", format::counted(u64::from(days), "day", "days")),
            };
            format!("Whoever is due to buy {what} again from now on{when}{among}")
        }
    }
}

fn lately(view: &FlowView) -> Option<String> {
    let TreeSource::Replay { from, until } = view.source else { return None };
    let days = u64::try_from(until.duration_since(from).as_hours() / 24).ok()?.max(1);
    let enrolled = view.counts.enrolled;
    let a_day = (enrolled + days / 2) / days;
    let about =
        if a_day > 0 { format!(", about {} a day", format::count(a_day)) } else { String::new() };
    Some(format!(
        "In the last {} {} would have entered{about}",
        format::counted(days, "day", "days"),
        format::count(enrolled)
    ))
}

fn emails(it: &Flow, send_days: &[u32]) -> Vec<String> {
    let after = |day: &u32| match day {
        0 => "at once".to_owned(),
        days => format!("after {}", format::counted(u64::from(*days), "day", "days")),
    };
    let sends = it.sends().zip(send_days);
    sends.map(|((step, _), day)| format!("{}, {}", step.title(), after(day))).collect()
}

fn also(it: &Flow) -> Vec<String> {
    let mut also = Vec::new();
    let mut moved: Vec<String> =
        it.rows().into_iter().filter_map(|it| it.move_to).map(|it| it.to_string()).collect();
    moved.sort_unstable();
    moved.dedup();
    for flow in moved {
        let name = first_upper(&flow.replace('-', " "));
        also.push(format!("The flow {name} goes live too, for those whom a purchase moves there"));
    }
    if let Some(terms) = it.coupon() {
        also.push(format!(
            "A code of the pool {} for everyone who reaches the email that names it; codes are \
             made if the pool is empty",
            terms.pool
        ));
    }
    also
}
