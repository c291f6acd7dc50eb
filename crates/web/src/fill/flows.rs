//! The list of flows, and that of their reports.

use aftercart_engine::FlowListing;

use super::flow_summary;
use crate::console::{FlowsPage, ReportsPage};

/// What the figures of the lists are about.
pub(crate) const SPAN: &str = "since each was launched";

pub fn page(flows: &[FlowListing]) -> FlowsPage {
    FlowsPage {
        flows: flows.iter().map(flow_summary).collect(),
        span: "time since each was launched".to_owned(),
    }
}

pub fn reports(flows: &[FlowListing]) -> ReportsPage {
    ReportsPage { flows: flows.iter().map(flow_summary).collect(), span: SPAN.to_owned() }
}
