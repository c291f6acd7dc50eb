//! What arrives, as the console shows it.

use std::net::SocketAddr;

use aftercart_engine::{self as engine, ArrivalCounts, ArrivalLine, ArrivedAs};

use super::total;
use crate::{
    component::Paging,
    console::{
        ArrivalsPage,
        arrivals::{ArrivalOutcome, ArrivalRow, HourOfArrivals, href},
    },
};

/// `is_first`: whether these are the newest.
pub fn page(
    view: &engine::ArrivalsPage,
    counts: &ArrivalCounts,
    shown: Option<ArrivalOutcome>,
    is_first: bool,
    listen: SocketAddr,
) -> ArrivalsPage {
    let older = view.older.map(|before| {
        let address = href(shown);
        let mark = if address.contains('?') { '&' } else { '?' };
        format!("{address}{mark}before={before}")
    });
    ArrivalsPage {
        shown,
        hour: HourOfArrivals {
            accepted: total(counts.accepted),
            duplicate: counts.duplicate,
            rejected: counts.rejected,
            ignored: counts.ignored,
        },
        rows: view.lines.iter().map(row).collect(),
        paging: Paging { newer: (!is_first).then(|| href(shown)), older },
        address: format!("http://{listen}"),
    }
}

pub fn asked(outcome: ArrivalOutcome) -> ArrivedAs {
    match outcome {
        ArrivalOutcome::Accepted => ArrivedAs::Accepted,
        ArrivalOutcome::Duplicate => ArrivedAs::Duplicate,
        ArrivalOutcome::Rejected => ArrivedAs::Rejected,
        ArrivalOutcome::Ignored => ArrivedAs::Ignored,
    }
}

fn row(it: &ArrivalLine) -> ArrivalRow {
    ArrivalRow {
        at: it.at,
        source: it.source.clone(),
        name: it.name.clone(),
        key: it.key.clone(),
        customer: it.customer.map(|id| id.to_string()),
        outcome: match it.outcome {
            ArrivedAs::Accepted => ArrivalOutcome::Accepted,
            ArrivedAs::Duplicate => ArrivalOutcome::Duplicate,
            ArrivedAs::Rejected => ArrivalOutcome::Rejected,
            ArrivedAs::Ignored => ArrivalOutcome::Ignored,
        },
        status: it.status,
        reason: it.reason.clone(),
    }
}
