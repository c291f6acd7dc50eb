//! A flow run over the shop's past orders: who would have been enrolled, mailed, and lost to a
//! purchase at which step.
//!
//! An order counts from when it was placed, as it does live: it was accepted, so it enrols and it
//! ends a flow, though it was cancelled since.

use std::collections::BTreeMap;

use aftercart_flow::{Flow, Replay, ReplayCustomer, ReplayOptions, Row, Trigger, replay};
use aftercart_model::{CustomerId, FlowId, OrderId, Timestamp};
use aftercart_store::{FlowState, Tx};
use anyhow::{Context, Result, bail};
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use serde::Serialize;

use crate::Engine;

const TRACES: usize = 10;
/// The key of a replay's lots as long as the flow has never been live. It is public, so that the
/// same orders give the same replay on every machine; a live flow draws with the store's own key.
const REHEARSAL_KEY: [u8; 16] = *b"replay, not live";

/// Said where some of the orders replayed were cancelled.
const CANCELLED_COUNT: &str = "an order cancelled later enrols and ends a flow all the same; the \
                               emails after its cancellation, which would not go, are counted";

/// Which definition of the flow was replayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplaySource {
    /// As shipped; the store has none of that name.
    Shipped,
    /// A version of the store's.
    Stored { version: u32 },
}

impl Engine {
    /// Replays a flow over the orders from `from` to `to`, both included, days of the shop's zone.
    pub fn replay_flow(&self, id: &FlowId, from: Date, to: Date) -> Result<(ReplaySource, Replay)> {
        if to < from {
            bail!("the replay ends on {to}, before it begins on {from}; swap --from and --to");
        }
        self.store().read(|tx| {
            let (source, flow, was_live) = self.definition(tx, id)?;
            if flow.order_trigger().is_none() {
                let feeders = self.moved_from(tx, &flow)?;
                bail!("{}", not_by_orders(&flow, &feeders));
            }
            Ok((source, self.replay_in(tx, &flow, was_live, from, to)?))
        })
    }

    /// The same for a definition that is not in the store.
    pub(crate) fn replay_definition(&self, flow: &Flow, from: Date, to: Date) -> Result<Replay> {
        self.store().read(|tx| self.replay_in(tx, flow, false, from, to))
    }

    fn replay_in(
        &self,
        tx: &mut Tx<'_>,
        flow: &Flow,
        was_live: bool,
        from: Date,
        to: Date,
    ) -> Result<Replay> {
        let zone = self.shop().zone();
        let (begin, end) = (start_of(from, &zone)?, start_of(to.saturating_add(1.day()), &zone)?);
        let PastOrders { customers, were_cancelled } = self.past_orders(tx, &zone, was_live)?;
        let holdout_key = if was_live { *self.keys().holdout() } else { REHEARSAL_KEY };
        let options = ReplayOptions { holdout_key, traces_max: TRACES, zone: zone.clone() };
        let real: Vec<(CustomerId, CustomerId)> = customers.iter().map(|it| it.0).collect();
        let customers = customers.into_iter().map(|(_, customer)| customer);
        let mut replayed = replay(flow, customers, begin, end, &options);
        let real: BTreeMap<CustomerId, CustomerId> = real.into_iter().collect();
        for trace in &mut replayed.traces {
            trace.customer = real[&trace.customer];
        }
        // The names of the map, so that the two can be read side by side.
        for row in flow.rows() {
            let step = replayed.steps.iter_mut().find(|it| row.step.as_ref() == Some(&it.step));
            if let Some(step) = step {
                step.title = row.title;
            }
        }
        if were_cancelled {
            replayed.assumptions.push(CANCELLED_COUNT.to_owned());
        }
        Ok(replayed)
    }

    /// The store's newest version of a flow, else the shipped one, and whether it was ever live.
    pub(crate) fn definition(
        &self,
        tx: &mut Tx<'_>,
        id: &FlowId,
    ) -> Result<(ReplaySource, Flow, bool)> {
        if let Some(stored) = tx.flow(id)? {
            let was_live = stored.live_since.is_some() || stored.state == FlowState::Live;
            let version = stored.version;
            let flow = Flow::parse(&stored.document)?;
            return Ok((ReplaySource::Stored { version }, flow, was_live));
        }
        for document in aftercart_flow::shipped() {
            let flow = Flow::parse(document)?;
            if flow.id() == id {
                return Ok((ReplaySource::Shipped, flow, false));
            }
        }
        bail!("there is no flow `{id}`; shipped are upsell-cross-sell and feedback")
    }

    /// The flows whose purchases move customers to `flow`: the store's, then the shipped ones.
    fn moved_from(&self, tx: &mut Tx<'_>, flow: &Flow) -> Result<Vec<FlowId>> {
        let mut ids: Vec<FlowId> = tx.flows()?.into_iter().map(|it| it.id).collect();
        for document in aftercart_flow::shipped() {
            let shipped = Flow::parse(document)?.id().clone();
            if !ids.contains(&shipped) {
                ids.push(shipped);
            }
        }
        let mut feeders = Vec::new();
        for id in ids {
            let (_, other, _) = self.definition(tx, &id)?;
            let moves = |row: &Row| row.move_to.as_ref() == Some(flow.id());
            if other.rows().iter().any(moves) {
                feeders.push(id);
            }
        }
        Ok(feeders)
    }

    fn past_orders(
        &self,
        tx: &mut Tx<'_>,
        shop_zone: &TimeZone,
        was_live: bool,
    ) -> Result<PastOrders> {
        let mut were_cancelled = false;
        let mut orders: BTreeMap<CustomerId, Vec<(Timestamp, OrderId)>> = BTreeMap::new();
        tx.scan_orders(&mut |order| {
            if let Some(customer) = order.customer {
                were_cancelled |= !order.is_purchase();
                orders.entry(customer).or_default().push((order.placed_at, order.id));
            }
            Ok(())
        })?;
        let mut zones = BTreeMap::new();
        tx.scan_customers(&mut |customer| {
            zones.insert(customer.id, self.zone_of(&customer));
            Ok(())
        })?;
        let mut customers: Vec<_> = orders
            .into_iter()
            .map(|(real, orders)| {
                let id = if was_live { real } else { CustomerId(real.0 >> 8) };
                let zone = zones.remove(&real).unwrap_or_else(|| shop_zone.clone());
                ((id, real), ReplayCustomer { id, zone, orders })
            })
            .collect();
        customers.sort_by_key(|((id, _), _)| *id);
        Ok(PastOrders { customers, were_cancelled })
    }
}

/// Customers with their accepted orders, by id. One of a rehearsal goes by serial alone, whose lot
/// does not hang on the store's key; the pair beside it tells who that is.
struct PastOrders {
    customers: Vec<((CustomerId, CustomerId), ReplayCustomer)>,
    /// Whether an order among them was cancelled since.
    were_cancelled: bool,
}

/// Why a flow that orders do not trigger cannot be replayed over them, and what to do instead.
fn not_by_orders(flow: &Flow, feeders: &[FlowId]) -> String {
    let id = flow.id();
    let is_moved_to = flow.triggers().iter().any(|it| matches!(it, Trigger::MovedFrom { .. }));
    match feeders {
        [] if is_moved_to => format!(
            "flow `{id}` cannot be replayed over orders: customers enter it by being moved from \
             another flow, and none moves them here; give a flow `move_to: {id}`"
        ),
        [] => format!(
            "flow `{id}` cannot be replayed over orders: no order enrols into it; add the trigger \
             `event: order_completed`, or count its segment with `aftercart segment count`"
        ),
        [first, ..] => {
            let names: Vec<String> = feeders.iter().map(|it| format!("`{it}`")).collect();
            format!(
                "flow `{id}` cannot be replayed over orders: customers enter it by being moved from \
                 {}; replay `{first}`, whose customers who ordered again are the ones moved here",
                names.join(" or ")
            )
        }
    }
}

fn start_of(date: Date, zone: &TimeZone) -> Result<Timestamp> {
    let midnight = zone.to_ambiguous_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
    midnight.compatible().context("a day outside the calendar; choose a nearer one")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::scenarios::{Scene, days, flow_id};

    /// Ana orders, and again a day later.
    fn two_orders() -> Scene {
        let mut scene = Scene::starting("2026-03-01T12:00:00Z");
        scene.join("ana");
        scene.order("ana", "1001", &["dripper"]);
        scene.skip(days(1));
        scene.order("ana", "1002", &["kettle"]);
        scene
    }

    fn replayed(scene: &Scene) -> Replay {
        let (from, to) = (date(2026, 3, 1), date(2026, 3, 20));
        scene.engine.replay_flow(&flow_id("upsell-cross-sell"), from, to).unwrap().1
    }

    #[test]
    fn an_order_cancelled_since_ends_the_flow_as_it_did_live() {
        let mut scene = two_orders();
        let bought = replayed(&scene);
        assert_eq!((bought.left_by_purchase, bought.refused), (1, 1));
        assert!(!bought.assumptions.iter().any(|it| it == CANCELLED_COUNT));
        scene.cancel("ana", "1002");
        let live = scene.engine.view_flow(&flow_id("upsell-cross-sell"), scene.now());
        assert_eq!(live.unwrap().unwrap().counts.bought, 1, "it was accepted");
        let cancelled = replayed(&scene);
        assert_eq!((cancelled.left_by_purchase, cancelled.refused), (1, 1));
        assert!(cancelled.assumptions.iter().any(|it| it == CANCELLED_COUNT), "and says so");
    }

    #[test]
    fn a_replay_names_the_steps_as_the_map_does() {
        let scene = two_orders();
        let titles: Vec<String> = replayed(&scene).steps.into_iter().map(|it| it.title).collect();
        assert_eq!(titles[..4], ["Wait 2 days", "Offer", "Bought?", "Wait 3 days"]);
        let view = scene.engine.view_flow(&flow_id("upsell-cross-sell"), scene.now());
        let rows = view.unwrap().unwrap().tree.into_iter().filter(|it| it.row.step.is_some());
        assert_eq!(rows.map(|it| it.row.title).collect::<Vec<_>>(), titles);
    }

    #[test]
    fn what_orders_do_not_enrol_is_not_replayed_over_them() {
        let scene = Scene::new();
        let (from, to) = (date(2026, 3, 1), date(2026, 3, 20));
        let err = scene.engine.replay_flow(&flow_id("feedback"), from, to).unwrap_err();
        insta::assert_snapshot!(err, @"flow `feedback` cannot be replayed over orders: customers enter it by being moved from `upsell-cross-sell`; replay `upsell-cross-sell`, whose customers who ordered again are the ones moved here");
    }
}
