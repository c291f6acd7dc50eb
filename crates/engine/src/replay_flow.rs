//! A flow run over the shop's past orders: who would have been enrolled, mailed, and lost to a
//! purchase at which step.

use std::collections::BTreeMap;

use aftercart_flow::{Flow, Replay, ReplayCustomer, ReplayOptions, replay};
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
        let customers = self.past_orders(tx, &zone, was_live)?;
        let holdout_key = if was_live { *self.keys().holdout() } else { REHEARSAL_KEY };
        let options = ReplayOptions { holdout_key, traces_max: TRACES, zone: zone.clone() };
        let real: Vec<(CustomerId, CustomerId)> = customers.iter().map(|it| it.0).collect();
        let customers = customers.into_iter().map(|(_, customer)| customer);
        let mut replayed = replay(flow, customers, begin, end, &options);
        let real: BTreeMap<CustomerId, CustomerId> = real.into_iter().collect();
        for trace in &mut replayed.traces {
            trace.customer = real[&trace.customer];
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

    /// Customers with their purchases, by id. A customer of a rehearsal goes by serial alone, whose
    /// lot does not hang on the store's key; the pair beside it tells who that is.
    fn past_orders(
        &self,
        tx: &mut Tx<'_>,
        shop_zone: &TimeZone,
        was_live: bool,
    ) -> Result<Vec<((CustomerId, CustomerId), ReplayCustomer)>> {
        let mut orders: BTreeMap<CustomerId, Vec<(Timestamp, OrderId)>> = BTreeMap::new();
        tx.scan_orders(&mut |order| {
            if let Some(customer) = order.customer.filter(|_| order.is_purchase()) {
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
        Ok(customers)
    }
}

fn start_of(date: Date, zone: &TimeZone) -> Result<Timestamp> {
    let midnight = zone.to_ambiguous_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
    midnight.compatible().context("a day outside the calendar; choose a nearer one")
}
