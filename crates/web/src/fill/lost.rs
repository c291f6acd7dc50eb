//! The customers behind a leak.

use aftercart_engine::{LostCustomers, insight::LeakKind};

use super::customers::row;
use crate::{component::Paging, console::LostPage};

pub fn page(
    view: &LostCustomers,
    flow: &str,
    step: &str,
    kind: LeakKind,
    is_first: bool,
) -> LostPage {
    let here = href(flow, step, kind);
    LostPage {
        flow_id: flow.to_owned(),
        flow_name: view.flow_name.clone(),
        what: format!("{}: {}", view.step_title, words(kind)),
        total: view.total,
        rows: view.customers.iter().map(row).collect(),
        paging: Paging {
            newer: (!is_first).then(|| here.clone()),
            older: view.next.map(|it| format!("{here}&after={it}")),
        },
    }
}

pub fn href(flow: &str, step: &str, kind: LeakKind) -> String {
    format!("/reports/{flow}/lost?step={step}&kind={}", name(kind))
}

pub fn words(kind: LeakKind) -> &'static str {
    match kind {
        LeakKind::OpenedNotClicked => "opened, not clicked",
        LeakKind::ClickedNotBought => "clicked, not bought",
        LeakKind::LeftForGood => "left for good",
    }
}

/// The value in the address: `?kind=opened`.
fn name(kind: LeakKind) -> &'static str {
    match kind {
        LeakKind::OpenedNotClicked => "opened",
        LeakKind::ClickedNotBought => "clicked",
        LeakKind::LeftForGood => "left",
    }
}

pub fn named(text: &str) -> Option<LeakKind> {
    LeakKind::ALL.into_iter().find(|it| name(*it) == text)
}
