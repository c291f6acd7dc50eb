//! Flows: versions that never change, and the state of each flow.

use aftercart_model::{FlowId, Timestamp};
use anyhow::bail;

use crate::{
    Result,
    tx::Tx,
    value::{Row, values},
};

/// Whether a flow enrols and sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowState {
    Draft,
    Live,
    Paused,
    Stopped,
}

/// One version of a flow, with the state of the flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFlow {
    pub id: FlowId,
    pub version: u32,
    pub state: FlowState,
    pub document: String,
    /// Since when it enrols; a pause does not change it.
    pub live_since: Option<Timestamp>,
    /// When this version was saved.
    pub created_at: Timestamp,
}

macro_rules! select_flows {
    ($rest:literal) => {
        concat!(
            "SELECT f.id, v.version, f.state, v.document, f.live_since, v.created_at \
             FROM flows f JOIN flow_versions v ON v.flow = f.id ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Keeps `document` as a new version, unless the newest reads the same; returns its number. A
    /// new flow is a draft.
    pub fn save_flow(&mut self, id: &FlowId, document: &str, at: Timestamp) -> Result<u32> {
        let newest = self.flow(id)?;
        if let Some(newest) = &newest
            && newest.document == document
        {
            return Ok(newest.version);
        }
        let version = newest.map_or(0, |it| it.version) + 1;
        let sql = "INSERT INTO flows (id, version, state) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (id) DO UPDATE SET version = excluded.version";
        self.execute(sql, values![id, version, FlowState::Draft])?;
        let sql = "INSERT INTO flow_versions (flow, version, document, created_at) \
                   VALUES (?1, ?2, ?3, ?4)";
        self.execute(sql, values![id, version, document, at])?;
        Ok(version)
    }

    /// The newest version.
    pub fn flow(&mut self, id: &FlowId) -> Result<Option<StoredFlow>> {
        let sql = select_flows!("AND v.version = f.version WHERE f.id = ?1");
        self.first(sql, values![id], read_flow)
    }

    pub fn flow_version(&mut self, id: &FlowId, version: u32) -> Result<Option<StoredFlow>> {
        let sql = select_flows!("WHERE f.id = ?1 AND v.version = ?2");
        self.first(sql, values![id, version], read_flow)
    }

    /// The newest version of each flow, by id.
    pub fn flows(&mut self) -> Result<Vec<StoredFlow>> {
        self.all(select_flows!("AND v.version = f.version ORDER BY f.id"), &[], read_flow)
    }

    /// Makes a flow live, pauses or stops it. It is live since `at`, unless it comes out of a pause.
    /// At the end of a pause the messages that slept are to be tried again when they were due.
    pub fn set_flow_state(&mut self, id: &FlowId, state: FlowState, at: Timestamp) -> Result<()> {
        let Some(flow) = self.flow(id)? else {
            bail!("flow `{id}` is not in the store; save it first");
        };
        let live_since = match state {
            FlowState::Live => flow.live_since.or(Some(at)),
            FlowState::Paused => flow.live_since,
            FlowState::Draft | FlowState::Stopped => None,
        };
        let sql = "UPDATE flows SET state = ?2, live_since = ?3 WHERE id = ?1";
        self.execute(sql, values![id, state, live_since])?;
        if flow.state != FlowState::Paused || state == FlowState::Paused {
            return Ok(());
        }
        let sql = "UPDATE messages SET try_at = due_at WHERE flow = ?1 \
                   AND state IN ('planned', 'deferred') AND try_at IS NULL";
        self.execute(sql, values![id]).map(drop)
    }
}

fn read_flow(row: &Row<'_>) -> Result<StoredFlow> {
    let mut cells = row.cells();
    Ok(StoredFlow {
        id: cells.take()?,
        version: cells.take()?,
        state: cells.take()?,
        document: cells.take()?,
        live_since: cells.take()?,
        created_at: cells.take()?,
    })
}
