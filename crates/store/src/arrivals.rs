//! What came in of late, also what is not in the log: duplicates, refusals, and what nothing is kept
//! of.
//!
//! The log says what was accepted. The rest is for an operator who wonders where events stay: the
//! newest are kept, the oldest go, and none names a person. It is told after the answer went out, so
//! what a crash takes of it was answered all the same.

use aftercart_model::{Event, Timestamp};

use crate::{
    Result,
    events::read_event,
    tx::Tx,
    value::{Row, values},
};

/// Arrivals kept: some days of a shop whose integration is well, some minutes of one that is not.
pub const ARRIVALS_MAX: u64 = 10_000;

/// How far back one page looks for events from outside, among those that are our own.
const LOOKED_AT_MAX: u64 = 20_000;

/// What became of something that came in and is not in the log by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArrivalOutcome {
    /// It had come before, and nothing happened again.
    Duplicate,
    Rejected,
    /// It was taken, and tells nothing that is kept.
    Ignored,
}

impl ArrivalOutcome {
    pub const ALL: [Self; 3] = [Self::Duplicate, Self::Rejected, Self::Ignored];
}

/// Something that came in. Its texts name nobody; who tells of it sees to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub at: Timestamp,
    /// As in the keys of events: `segment`, `shopify`.
    pub source: String,
    /// What it said it was: the name of an event, the topic of a webhook. Empty where it did not say.
    pub name: String,
    /// What would make two of it one. Empty where it said none.
    pub key: String,
    pub outcome: ArrivalOutcome,
    /// Of HTTP, as it was answered.
    pub status: u16,
    /// Why, and how to mend it. Empty of a duplicate.
    pub reason: String,
}

impl Tx<'_> {
    /// Keeps `arrivals`, in their order, and lets go of the oldest beyond [`ARRIVALS_MAX`].
    pub fn keep_arrivals(&mut self, arrivals: &[Arrival]) -> Result<()> {
        let mut id = self.newest_arrival()?;
        for it in arrivals {
            id += 1;
            let sql = "INSERT INTO arrivals (id, at, source, name, key, outcome, status, reason) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
            let status = u32::from(it.status);
            let values =
                values![id, it.at, &it.source, &it.name, &it.key, it.outcome, status, &it.reason,];
            self.execute(sql, values)?;
        }
        let sql = "DELETE FROM arrivals WHERE id <= ?1";
        self.execute(sql, values![id.saturating_sub(ARRIVALS_MAX)]).map(drop)
    }

    /// The number of the newest arrival; 0 while there is none.
    pub fn newest_arrival(&mut self) -> Result<u64> {
        let newest = self.one::<Option<u64>>("SELECT max(id) FROM arrivals", &[])?;
        Ok(newest.unwrap_or(0))
    }

    /// Arrivals with numbers below `before`, newest first, each with its number.
    pub fn arrivals_page(
        &mut self,
        before: Option<u64>,
        outcome: Option<ArrivalOutcome>,
        limit: u32,
    ) -> Result<Vec<(u64, Arrival)>> {
        let before = before.unwrap_or(u64::MAX);
        match outcome {
            None => {
                let sql = "SELECT id, at, source, name, key, outcome, status, reason \
                           FROM arrivals WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
                self.all(sql, values![before, limit], read_arrival)
            }
            // At most so many rows are looked through as are kept, so no index is needed.
            Some(outcome) => {
                let sql = "SELECT id, at, source, name, key, outcome, status, reason \
                           FROM arrivals WHERE id < ?1 AND outcome = ?3 ORDER BY id DESC LIMIT ?2";
                self.all(sql, values![before, limit, outcome], read_arrival)
            }
        }
    }

    /// How many arrivals of each outcome came at `since` or later.
    pub fn count_arrivals_since(&mut self, since: Timestamp) -> Result<Vec<(ArrivalOutcome, u64)>> {
        let sql = "SELECT outcome, count(*) FROM arrivals WHERE at >= ?1 \
                   GROUP BY outcome ORDER BY outcome";
        self.all(sql, values![since], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Events below `before` in the log from other sources than `own`, newest first; and where to go
    /// on, while there is more. A page may hold fewer than `limit` and yet not be the last.
    pub fn newest_events(
        &mut self,
        before: Option<u64>,
        own: &str,
        limit: u32,
    ) -> Result<(Vec<Event>, Option<u64>)> {
        let head = self.log_head()?;
        let before = before.map_or(head + 1, |it| it.min(head + 1));
        let floor = before.saturating_sub(LOOKED_AT_MAX);
        let sql = "SELECT e.seq, (SELECT s.name FROM sources s WHERE s.id = e.source), e.key, \
                   e.customer, e.at, e.received_at, e.kind, e.body FROM events e \
                   WHERE e.seq < ?1 AND e.seq >= ?2 \
                   AND e.source <> COALESCE((SELECT o.id FROM sources o WHERE o.name = ?3), -1) \
                   ORDER BY e.seq DESC LIMIT ?4";
        let events = self.all(sql, values![before, floor, own, limit], read_event)?;
        let is_full = events.len() == usize::try_from(limit)?;
        let lowest = events.last().filter(|_| is_full).map_or(floor, |it| it.seq);
        Ok((events, (lowest > 1).then_some(lowest)))
    }

    /// How many of the newest `newest` events came at `since` or later from other sources than `own`.
    pub fn count_events_received(
        &mut self,
        since: Timestamp,
        own: &str,
        newest: u32,
    ) -> Result<u64> {
        let sql = "SELECT count(*) FROM \
                   (SELECT received_at, source FROM events ORDER BY seq DESC LIMIT ?3) n \
                   WHERE n.received_at >= ?1 \
                   AND n.source <> COALESCE((SELECT o.id FROM sources o WHERE o.name = ?2), -1)";
        self.one(sql, values![since, own, newest])
    }
}

fn read_arrival(row: &Row<'_>) -> Result<(u64, Arrival)> {
    let mut cells = row.cells();
    let id = cells.take()?;
    let (at, source, name) = (cells.take()?, cells.take()?, cells.take()?);
    let (key, outcome) = (cells.take()?, cells.take()?);
    let status = u16::try_from(cells.take::<u32>()?)?;
    Ok((id, Arrival { at, source, name, key, outcome, status, reason: cells.take()? }))
}
