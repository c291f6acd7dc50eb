//! The list of flows, and that of their reports.

use std::cmp::Reverse;

use aftercart_engine::FlowListing;

use super::flow_summary;
use crate::console::{FlowsPage, ReportsPage, flows::FlowSummary};

/// What the figures of the lists are about.
pub(crate) const SPAN: &str = "since each was launched";

pub fn page(flows: &[FlowListing]) -> FlowsPage {
    FlowsPage { flows: summaries(flows), span: "time since each was launched".to_owned() }
}

pub fn reports(flows: &[FlowListing]) -> ReportsPage {
    ReportsPage { flows: summaries(flows), span: SPAN.to_owned() }
}

/// What mails most comes first; drafts, which mail nobody, last.
pub(crate) fn summaries(flows: &[FlowListing]) -> Vec<FlowSummary> {
    let mut summaries: Vec<FlowSummary> = flows.iter().map(flow_summary).collect();
    summaries.sort_by_key(|it| Reverse(it.delivered));
    summaries
}
