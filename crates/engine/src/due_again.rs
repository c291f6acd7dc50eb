//! Who is due to buy something again, looked at every night: flows that this triggers.
//!
//! When somebody is due follows from their orders and from the intervals that the shop's orders taught
//! as of that night, so nothing is kept but the enrolments: the purchase that is due is their key, and
//! one purchase enrols once, however the intervals move. Who bought it again has another last purchase,
//! and is due for that one later.

use std::collections::BTreeMap;

use aftercart_flow::DueAgain;
use aftercart_model::{
    CustomerId, DuePurchase, Event, EventBody, Order, OrderId, ProductId, Timestamp,
};
use aftercart_store::{FlowState, StoredFlow, Tx};
use anyhow::Result;
use jiff::SignedDuration;

use crate::{Engine, Known, advance_enrolments::Running, segments::has_acted};

/// How late somebody is told who was due: longer than an outage over a weekend, and than intervals
/// move from one night to the next. Whoever was due earlier is let be.
const DUE_AGE_MAX: SignedDuration = SignedDuration::from_hours(24 * 7);

/// An order told so soon after it was placed is news; one told later was imported.
const TOLD_WITHIN: SignedDuration = aftercart_flow::ORDER_AGE_MAX;

/// How many customers one transaction enrols: events get in between.
const BATCH: usize = 200;

/// A flow that starts from what is due again.
struct DueFlow {
    running: Running,
    live_since: Option<Timestamp>,
}

/// Everybody's purchases of what is bought again, by customer and product.
type Purchases = BTreeMap<(CustomerId, ProductId), Vec<Timestamp>>;

impl Engine {
    /// Enrols those who came due since they were looked at last. Says how many were enrolled.
    pub fn follow_due(&self, now: Timestamp) -> Result<u64> {
        let flows = self.store().read(|tx| self.due_flows(tx))?;
        let known = self.known()?;
        if flows.is_empty() || !known.relations.has_intervals() {
            return Ok(0);
        }
        let due = self.due_customers(&known, &flows, now)?;
        let mut enrolled = 0;
        for batch in due.chunks(BATCH) {
            enrolled += self.store().write(|tx| {
                let mut enrolled = 0;
                for customer in batch {
                    tx.lock_customer(*customer)?;
                    enrolled += self.enrol_due_of(tx, &known, &flows, *customer, now)?;
                }
                Ok(enrolled)
            })?;
        }
        Ok(enrolled)
    }

    fn due_flows(&self, tx: &mut Tx<'_>) -> Result<Vec<DueFlow>> {
        let mut flows = Vec::new();
        let live = |it: &StoredFlow| it.state == FlowState::Live;
        for stored in tx.flows()?.into_iter().filter(live) {
            let flow = self.flow_version(tx, &stored.id, stored.version)?;
            if flow.due_triggers().next().is_some() {
                let running = Running { version: stored.version, flow };
                flows.push(DueFlow { running, live_since: stored.live_since });
            }
        }
        Ok(flows)
    }

    /// Customers of whom a flow may want something now.
    fn due_customers(
        &self,
        known: &Known,
        flows: &[DueFlow],
        now: Timestamp,
    ) -> Result<Vec<CustomerId>> {
        let mut bought = Purchases::new();
        self.store().read(|tx| {
            tx.scan_orders(&mut |order| {
                let Some(customer) = order.customer.filter(|_| is_past(&order, now)) else {
                    return Ok(());
                };
                for line in &order.lines {
                    if known.relations.interval_days(line.product).is_some() {
                        bought.entry((customer, line.product)).or_default().push(order.placed_at);
                    }
                }
                Ok(())
            })
        })?;
        let mut due: Vec<CustomerId> = bought
            .iter()
            .filter(|((_, product), times)| {
                due_at(known, *product, times).is_some_and(|due_at| {
                    flows.iter().any(|it| it.wants(known, *product, due_at, now))
                })
            })
            .map(|((customer, _), _)| *customer)
            .collect();
        due.dedup();
        Ok(due)
    }

    /// Enrols one customer, by what the store says of them now; what came due first comes first.
    fn enrol_due_of(
        &self,
        tx: &mut Tx<'_>,
        known: &Known,
        flows: &[DueFlow],
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<u64> {
        let root = tx.root_of(customer)?;
        let dues = dues(known, &tx.orders_of(root)?, now);
        let events = tx.events_of(root)?;
        let mut enrolled = 0;
        for flow in flows {
            for (at, due) in &dues {
                if flow.wants(known, due.product, *at, now)
                    && (is_news(&events, &due.order) || has_acted(&events, flow.live_since))
                {
                    let entry = self.enrol_due(tx, &flow.running, root, due, now)?;
                    enrolled += u64::from(entry.is_some());
                }
            }
        }
        Ok(enrolled)
    }
}

impl DueFlow {
    /// Whether it tells now whoever is due for the product at `due_at`. Who was to be told before it
    /// went live is not.
    fn wants(&self, known: &Known, product: ProductId, due_at: Timestamp, now: Timestamp) -> bool {
        let Some(product) = known.product(product) else { return false };
        let tells = |it: &DueAgain| {
            let before = SignedDuration::from_hours(24 * i64::from(it.days_before));
            let told_at = due_at - before;
            let is_since = self.live_since.is_some_and(|live| live <= told_at);
            is_since && told_at <= now && now.duration_since(told_at) <= DUE_AGE_MAX
        };
        self.running.flow.due_triggers().any(|it| it.is_about(product) && tells(it))
    }
}

fn is_past(order: &Order, now: Timestamp) -> bool {
    order.is_purchase() && order.placed_at <= now
}

fn due_at(known: &Known, product: ProductId, bought: &[Timestamp]) -> Option<Timestamp> {
    known.model.as_ref()?.replenishments().due_again(product, bought)
}

/// What a customer is due to buy again, with when; what comes first first.
pub(crate) fn dues(
    known: &Known,
    orders: &[Order],
    now: Timestamp,
) -> Vec<(Timestamp, DuePurchase)> {
    let mut bought: BTreeMap<ProductId, (Vec<Timestamp>, &OrderId)> = BTreeMap::new();
    for order in orders.iter().filter(|it| is_past(it, now)) {
        for line in &order.lines {
            let (times, last) = bought.entry(line.product).or_insert((Vec::new(), &order.id));
            times.push(order.placed_at);
            *last = &order.id;
        }
    }
    let due = |(product, (times, last)): (ProductId, (Vec<Timestamp>, &OrderId))| {
        let at = due_at(known, product, &times)?;
        Some((at, DuePurchase { product, order: last.clone() }))
    };
    let mut dues: Vec<_> = bought.into_iter().filter_map(due).collect();
    dues.sort();
    dues
}

/// Whether the order was told when it was placed. What was imported enrols nobody by the passing of
/// time, unless its customer has been in the shop since.
fn is_news(events: &[Event], order: &OrderId) -> bool {
    let is_it = |body: &EventBody| matches!(body, EventBody::OrderPlaced { order: told, .. } if told == order);
    events.iter().any(|it| is_it(&it.body) && it.received_at.duration_since(it.at) <= TOLD_WITHIN)
}
