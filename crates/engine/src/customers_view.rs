//! The list of customers, who is found by how a name, an address or an order begins, and who stands
//! behind a leak of a flow.

use aftercart_insight::{LeakKind, Window, attribute, lost_customers};
use aftercart_model::{
    ConsentState, Customer, CustomerId, FlowId, Order, StepId, Timestamp, Topic,
};
use aftercart_store::Tx;
use anyhow::Result;

use crate::{
    Engine, Total,
    merge_customers::bar_of,
    report_flow::{ATTRIBUTION_DAYS, Rows},
};

/// Customers a page shows.
pub const CUSTOMERS_PAGE: u32 = 50;
/// Customers a search shows; who is not among them asks for more of the name.
pub const CUSTOMERS_FOUND: u32 = 20;

#[derive(Clone, Debug)]
pub struct CustomersView {
    /// Of the whole shop.
    pub total: Total,
    /// Newest first, or as found.
    pub customers: Vec<CustomerLine>,
    /// Where the next page begins.
    pub older: Option<CustomerId>,
}

#[derive(Clone, Debug)]
pub struct CustomerLine {
    pub customer: Customer,
    pub orders: u64,
    pub spent_minor: i64,
    pub last_order_at: Option<Timestamp>,
    pub marketing: Option<ConsentState>,
    pub is_suppressed: bool,
    /// The flows they are in now, by name.
    pub flows: Vec<String>,
}

/// Those whom a step of a flow lost in one way.
#[derive(Clone, Debug)]
pub struct LostCustomers {
    pub flow_name: String,
    pub step_title: String,
    pub total: u64,
    /// By id.
    pub customers: Vec<CustomerLine>,
    /// Behind whom the next page begins.
    pub next: Option<CustomerId>,
}

impl Engine {
    /// A page of the customers behind a leak of the flow's report, those behind `after`. `None`: there
    /// is no such flow.
    pub fn view_lost_customers(
        &self,
        id: &FlowId,
        step: &StepId,
        kind: LeakKind,
        after: Option<CustomerId>,
    ) -> Result<Option<LostCustomers>> {
        self.store().read(|tx| {
            if tx.flow(id)?.is_none() {
                return Ok(None);
            }
            let (_, flow, _) = self.definition(tx, id)?;
            let rows = Rows::scan(tx, id)?;
            let credits = attribute(&rows.messages, &rows.orders, Window::days(ATTRIBUTION_DAYS));
            let lost = lost_customers(&rows.messages, &credits, step, kind);
            let behind = lost.partition_point(|it| after.is_some_and(|after| *it <= after));
            let page = &lost[behind..];
            let page = &page[..page.len().min(CUSTOMERS_PAGE as usize)];
            let is_last = behind + page.len() == lost.len();
            let mut customers = Vec::new();
            for id in page {
                // One that was erased since is nobody to be shown.
                if let Some(customer) = tx.customer(*id)? {
                    customers.push(self.customer_line(tx, customer)?);
                }
            }
            Ok(Some(LostCustomers {
                flow_name: flow.name().to_owned(),
                step_title: flow.step(step).map_or_else(|| step.to_string(), |it| it.title()),
                total: lost.len() as u64,
                customers,
                next: page.last().copied().filter(|_| !is_last),
            }))
        })
    }

    pub fn view_customers(
        &self,
        search: &str,
        before: Option<CustomerId>,
    ) -> Result<CustomersView> {
        self.store().read(|tx| {
            let (found, older) = if search.trim().is_empty() {
                let page = tx.newest_customers(before, CUSTOMERS_PAGE)?;
                let is_full = page.len() == CUSTOMERS_PAGE as usize;
                let older = page.last().filter(|_| is_full).map(|it| it.id);
                (page, older)
            } else {
                (tx.find_customers(search, CUSTOMERS_FOUND)?, None)
            };
            let lines = found.into_iter().map(|customer| self.customer_line(tx, customer));
            let customers = lines.collect::<Result<Vec<_>>>()?;
            let total = Total::counted(|max| tx.count_customers_to(max))?;
            Ok(CustomersView { total, customers, older })
        })
    }

    fn customer_line(&self, tx: &mut Tx<'_>, customer: Customer) -> Result<CustomerLine> {
        let orders = tx.orders_of(customer.id)?;
        let bought = orders.iter().filter(|it| it.is_purchase());
        let consents = tx.consents_of(customer.id)?;
        let is_suppressed = bar_of(tx, &customer)?.is_some();
        let mut flows = Vec::new();
        for enrolment in tx.active_enrolments_of(customer.id)? {
            let flow = self.flow_version(tx, &enrolment.flow, enrolment.flow_version)?;
            flows.push(flow.name().to_owned());
        }
        Ok(CustomerLine {
            orders: bought.clone().count() as u64,
            spent_minor: orders.iter().map(Order::net_minor).sum(),
            last_order_at: bought.map(|it| it.placed_at).max(),
            marketing: consents.iter().find(|it| it.topic == Topic::Marketing).map(|it| it.state),
            is_suppressed,
            flows,
            customer,
        })
    }
}

#[cfg(test)]
mod tests {
    use aftercart_model::Agent;

    use super::*;
    use crate::{
        Token,
        scenarios::{Scene, days, flow_id},
    };

    #[test]
    fn behind_a_leak_stand_the_customers_it_counts() {
        let mut scene = Scene::new();
        let flow = flow_id("upsell-cross-sell");
        for name in ["ana", "ben", "eva"] {
            scene.join(name);
            scene.order(name, &format!("{name}-1"), &["dripper"]);
        }
        scene.live(days(3));
        let opened: Vec<CustomerId> = ["ana", "ben"]
            .into_iter()
            .map(|name| {
                let message = scene.message(name, "offer").id;
                let link = scene.engine.keys().sign(&Token::Open { message });
                scene.engine.record_open(&link, Agent::Human, scene.now()).unwrap();
                scene.customer(name)
            })
            .collect();
        let step = StepId::new("offer").unwrap();
        let lost = |kind, after| {
            scene.engine.view_lost_customers(&flow, &step, kind, after).unwrap().unwrap()
        };
        let found = lost(LeakKind::OpenedNotClicked, None);
        let ids: Vec<CustomerId> = found.customers.iter().map(|it| it.customer.id).collect();
        assert_eq!((found.total, found.next, &*found.step_title), (2, None, "Offer"));
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>(), opened.iter().collect());
        let rest = lost(LeakKind::OpenedNotClicked, Some(ids[0]));
        assert_eq!((rest.total, rest.customers.len()), (2, 1), "behind the first");
        assert_eq!(lost(LeakKind::LeftForGood, None).total, 0);
        let nothing = flow_id("nothing");
        let none = scene.engine.view_lost_customers(&nothing, &step, LeakKind::LeftForGood, None);
        assert!(none.unwrap().is_none());
        let report = scene.engine.report_flow(&flow, scene.now()).unwrap();
        assert_eq!((report.enrolled, report.mailed), (3, 3));
    }
}
