//! A flow: its map, the selected step, its enrolments.

use aftercart_engine::{
    EnrolmentLine, EnrolmentsPage, FlowView, StepAccount, TreeRow, TreeSource,
    flow::{Flow, RowKind, StepAction, Trigger},
    store::EnrolmentsAsked,
};
use aftercart_model::{CouponOffer, ExitReason, Position, StepId};

use super::{first_upper, flow_state, full_name, in_words, lift_note, send_figures};
use crate::{
    Layout,
    component::{Paging, Phrase},
    console::{
        FlowPage, LiftNote,
        flow::{
            AccountLine, Branch, BranchKind, CountsFrom, EnrolmentFilter, EnrolmentOutcome,
            EnrolmentRow, Enrolments, FlowFigures, FlowView as View, PanelEmail, StepKind,
            StepPanel, StepRow,
        },
        inbox::letter_src,
    },
    format,
};

/// What of a flow's page is asked for.
pub enum Asked<'a> {
    Map {
        step: Option<&'a str>,
    },
    Enrolments {
        filter: EnrolmentFilter,
        step: Option<&'a StepId>,
        page: &'a EnrolmentsPage,
        is_first: bool,
    },
}

pub fn page(view: &FlowView, send_days: &[u32], asked: &Asked<'_>, layout: &Layout) -> FlowPage {
    let loses = view.report.unusual_loss().map(|(step, _)| step.step.clone());
    let steps: Vec<StepRow> =
        view.tree.iter().map(|row| step_row(view, row, loses.as_ref())).collect();
    let (panel, shown) = match asked {
        Asked::Map { step } => {
            let chosen = step.and_then(|it| steps.iter().position(|row| row.id == it));
            (chosen.map(|at| panel(view, at, &steps[at], layout)), View::Map)
        }
        Asked::Enrolments { filter, step, page, is_first } => {
            (None, View::Enrolments(enrolments(view, *filter, *step, page, *is_first, layout)))
        }
    };
    FlowPage {
        id: view.stored.id.to_string(),
        name: view.flow.name().to_owned(),
        state: flow_state(view.stored.state, view.paused_at, view.paused_at.map(|_| view.overdue)),
        version: view.stored.version,
        summary: summary(&view.flow, send_days),
        view: shown,
        figures: figures(view),
        counts: match view.source {
            TreeSource::Enrolments => CountsFrom::Counters { as_of: layout.calendar.now },
            TreeSource::Replay { from, until } => CountsFrom::Replay { from, until },
        },
        steps,
        panel,
        refused: None,
    }
}

/// `Four emails over 10 days to people who have just bought. Leaves the moment they buy again.`
pub(super) fn summary(flow: &Flow, send_days: &[u32]) -> String {
    let emails = first_upper(&in_words(send_days.len(), "email", "emails"));
    let days = match send_days {
        [] => String::new(),
        [day] => format!(" after {}", format::counted(u64::from(*day), "day", "days")),
        [.., day] => format!(" over {}", format::counted(u64::from(*day), "day", "days")),
    };
    let whom = match flow.triggers().first() {
        Some(Trigger::Event { .. }) => " to people who have just bought",
        Some(Trigger::Segment { .. }) => " to people who enter a segment",
        Some(Trigger::SegmentLeft { .. }) => " to people who leave a segment",
        Some(Trigger::MovedFrom { .. }) => " to people whom another flow led to buy",
        Some(Trigger::DueAgain(_)) => " to people who are due to buy again",
        None => "",
    };
    let end = if flow.is_ended_by_purchase() { " Leaves the moment they buy again." } else { "" };
    format!("{emails}{days}{whom}.{end}")
}

fn figures(view: &FlowView) -> FlowFigures {
    let is_replay = matches!(view.source, TreeSource::Replay { .. });
    let total = &view.report.total;
    let was_entered = !is_replay;
    let known = |number: u64| was_entered.then_some(number);
    FlowFigures {
        since: view.stored.live_since,
        enrolled: Some(view.counts.enrolled),
        held_out: Some(view.counts.held_out),
        mailed: known(view.report.mailed),
        in_now: Some(view.counts.in_it_now),
        next_email_at: view.next_due,
        bought: Some(view.counts.bought),
        credited_net_minor: was_entered.then_some(total.net_minor),
        credited_orders: known(total.orders),
        net_per_email_minor: total
            .revenue_per_email(aftercart_engine::insight::Base::Delivered)
            .filter(|_| was_entered),
        lift: if was_entered { lift_note(&view.report) } else { LiftNote::NotYet },
    }
}

fn step_row(view: &FlowView, it: &TreeRow, loses: Option<&StepId>) -> StepRow {
    let row = &it.row;
    let kind = match row.kind {
        RowKind::Trigger => StepKind::Trigger,
        RowKind::Holdout { .. } => StepKind::Holdout,
        RowKind::Wait | RowKind::Watch => StepKind::Wait,
        RowKind::Send { .. } => StepKind::Send,
        RowKind::Question => StepKind::Question,
        RowKind::End => StepKind::Exit,
    };
    let id = row.step.as_ref().map_or_else(
        || {
            let name = match kind {
                StepKind::Trigger => "trigger",
                StepKind::Holdout => "holdout",
                _ => "end-of-flow",
            };
            name.to_owned()
        },
        ToString::to_string,
    );
    let move_to = row.move_to.as_ref().map_or_else(String::new, |to| {
        format!("to {}", first_upper(&to.as_str().replace('-', " ")))
    });
    let branch =
        |kind, customers, where_to: &str| Branch { kind, customers, where_to: where_to.to_owned() };
    let mut branches = Vec::new();
    if matches!(row.kind, RowKind::Holdout { .. }) {
        branches.push(branch(BranchKind::HeldOut, it.held_out, "they get no email"));
    }
    let to = if kind == StepKind::Question { move_to.as_str() } else { "" };
    branches.push(branch(BranchKind::Bought, it.bought, to));
    // At the end, those who went through are the row's own number.
    let through = if kind == StepKind::Exit { 0 } else { it.completed };
    branches.push(branch(BranchKind::LeftOtherwise, it.left_otherwise + through, ""));
    let step = row.step.as_ref();
    let figures = step
        .filter(|_| kind == StepKind::Send)
        .and_then(|id| view.report.steps.iter().find(|it| it.step == *id))
        .map(|it| send_figures(&it.figures));
    let hint = match kind {
        StepKind::Send => match step.and_then(|it| view.subjects.get(it)) {
            Some(subject) if row.note.is_empty() => subject.clone(),
            _ => row.note.clone(),
        },
        StepKind::Exit if view.flow.is_ended_by_purchase() => {
            "went through without a second order".to_owned()
        }
        StepKind::Exit => "went through".to_owned(),
        StepKind::Trigger if view.elsewhere > 0 => format!(
            "{}. {} of earlier versions are not on this map",
            row.note,
            format::count(view.elsewhere)
        ),
        _ => row.note.clone(),
    };
    StepRow {
        id,
        kind,
        title: row.title.clone(),
        hint,
        reached: it.reached,
        waiting: (kind == StepKind::Wait || it.waiting > 0).then_some(it.waiting),
        branches,
        figures,
        is_unsubscribe_unusual: loses.is_some() && step == loses,
    }
}

fn panel(view: &FlowView, at: usize, row: &StepRow, layout: &Layout) -> StepPanel {
    let tree = &view.tree[at];
    let step = tree.row.step.as_ref();
    let letter = step.and_then(|it| view.letters.get(it));
    let account = step.and_then(|it| view.accounts.get(it));
    let email = (row.kind == StepKind::Send).then(|| PanelEmail {
        subject: letter.map_or_else(|| row.hint.clone(), |it| it.subject.clone()),
        preview_src: letter.map(|it| letter_src(&it.id.to_string())),
        letter_href: letter.map(|it| format!("/inbox/{}", it.id)),
    });
    StepPanel {
        step: row.id.clone(),
        number: at + 1,
        title: row.title.clone(),
        email,
        figures: row.figures,
        reached: row.reached,
        account: match (row.kind, account) {
            (StepKind::Send, Some(account)) => sent_lines(account),
            (StepKind::Send, None) => Vec::new(),
            _ => traffic_lines(tree, row.kind),
        },
        note: coupon_note(view, step, layout),
    }
}

fn sent_lines(it: &StepAccount) -> Vec<AccountLine> {
    let line = |label: &str, customers, is_part| AccountLine {
        label: label.to_owned(),
        customers,
        is_part,
    };
    let mut lines = vec![line("Sent", it.sent, false)];
    if it.bounced > 0 {
        lines.push(line("of them bounced", it.bounced, true));
    }
    if it.waiting > 0 {
        lines.push(line("To be sent", it.waiting, false));
    }
    if it.in_doubt > 0 {
        lines.push(line("In doubt", it.in_doubt, false));
    }
    let skipped = it.skipped.iter();
    lines.extend(
        skipped.map(|(reason, number)| line(&format!("Skipped: {reason}"), *number, false)),
    );
    lines
}

/// Everybody who came to a step without an email, by what became of them there.
fn traffic_lines(it: &TreeRow, kind: StepKind) -> Vec<AccountLine> {
    let through = if kind == StepKind::Exit { "Went through" } else { "Left as gone through" };
    let on = it.on.unwrap_or(0);
    [
        ("Waiting now", it.waiting),
        ("Held out by lot", it.held_out),
        ("Bought and left", it.bought),
        ("Left otherwise", it.left_otherwise),
        (through, it.completed),
        ("Went on", on),
    ]
    .into_iter()
    .filter(|(_, customers)| *customers > 0)
    .map(|(label, customers)| AccountLine { label: label.to_owned(), customers, is_part: false })
    .collect()
}

/// On the first email that names the coupon of the flow.
fn coupon_note(view: &FlowView, step: Option<&StepId>, layout: &Layout) -> Option<Phrase> {
    let terms = view.flow.coupon()?;
    let names = view
        .flow
        .step(step?)
        .is_some_and(|it| matches!(&it.action, StepAction::Send(send) if send.coupon));
    if !names {
        return None;
    }
    let worth = match terms.offer {
        CouponOffer::Percent(percent) => format!("{percent}% off"),
        CouponOffer::AmountMinor(minor) => format!("{} off", layout.currency.format(minor)),
    };
    let least = if terms.order_minor_min > 0 {
        format!(
            ", for orders worth {} or more",
            layout.currency.format_whole(terms.order_minor_min)
        )
    } else {
        String::new()
    };
    let days = format::counted(u64::from(terms.lives_days), "day", "days");
    Some(Phrase::new("One code of pool ").strong(terms.pool.as_str()).plain(format!(
        " is reserved for each customer: {worth}{least}. It ends at midnight, {days} after the \
         first email that names it."
    )))
}

pub fn asked(filter: EnrolmentFilter) -> EnrolmentsAsked {
    match filter {
        EnrolmentFilter::Everyone => EnrolmentsAsked::All,
        EnrolmentFilter::InNow => EnrolmentsAsked::Active,
        EnrolmentFilter::Bought => EnrolmentsAsked::Bought,
        EnrolmentFilter::Completed => EnrolmentsAsked::Completed,
        EnrolmentFilter::HeldOut => EnrolmentsAsked::HeldOut,
        EnrolmentFilter::LeftOtherwise => EnrolmentsAsked::Left,
    }
}

fn enrolments(
    view: &FlowView,
    filter: EnrolmentFilter,
    step: Option<&StepId>,
    page: &EnrolmentsPage,
    is_first: bool,
    layout: &Layout,
) -> Enrolments {
    let mut base = format!("/flows/{}/enrolments?who={}", view.stored.id, filter.name());
    if let Some(step) = step {
        base.push_str(&format!("&step={step}"));
    }
    Enrolments {
        filter,
        step: step.map(|it| {
            let title = view.flow.step(it).map_or_else(|| it.to_string(), |it| it.title());
            (it.to_string(), title)
        }),
        rows: page.lines.iter().map(|it| enrolment_row(it, layout)).collect(),
        paging: Paging {
            newer: (!is_first).then(|| base.clone()),
            older: page.older.map(|it| format!("{base}&before={it}")),
        },
    }
}

fn enrolment_row(it: &EnrolmentLine, layout: &Layout) -> EnrolmentRow {
    let enrolment = &it.enrolment;
    let title = it.step_title.as_str();
    let (outcome, place) = match &enrolment.position {
        Position::Waiting { until, .. } => (
            EnrolmentOutcome::InNow,
            format!("{title}, until {}", layout.calendar.moment_short(*until)),
        ),
        Position::Ready { .. } => (EnrolmentOutcome::InNow, title.to_owned()),
        Position::Exited { at, reason, .. } => {
            let outcome = match reason {
                ExitReason::Purchase => EnrolmentOutcome::Bought,
                ExitReason::Completed => EnrolmentOutcome::Completed,
                ExitReason::HeldOut => EnrolmentOutcome::HeldOut,
                other => EnrolmentOutcome::Left(aftercart_engine::left_words(*other).to_owned()),
            };
            let on = layout.calendar.moment_short(*at);
            let place = match reason {
                ExitReason::HeldOut => "drawn by lot, gets no email".to_owned(),
                ExitReason::Completed => on,
                _ if title.is_empty() => on,
                _ => format!("at {title}, {on}"),
            };
            (outcome, place)
        }
    };
    EnrolmentRow {
        customer_href: format!("/customers/{}", enrolment.customer),
        customer_name: full_name(&it.customer),
        entered_at: enrolment.entered_at,
        trigger: match &enrolment.trigger_order {
            Some(order) => format!("Order {order}"),
            None => "–".to_owned(),
        },
        outcome,
        place,
    }
}
