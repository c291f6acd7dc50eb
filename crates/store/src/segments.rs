//! Segments: their conditions, who is in those that are in use, and how many were in each from day to
//! day.
//!
//! A segment in use is *kept*: how each customer stands to it is a row, changed in the transaction of
//! the event that changed it. Of customers who are not in it a row stands only if time alone may bring
//! them in. Standings are of whole customers: a member that was found to be another has none.

use std::rc::Rc;

use aftercart_model::{CustomerId, SegmentId, Timestamp};
use anyhow::bail;

use crate::{
    Result,
    tx::Tx,
    value::{Row, values},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSegment {
    pub id: SegmentId,
    pub name: String,
    /// In its written form.
    pub condition: String,
}

/// A segment whose membership is kept up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSegment {
    pub id: SegmentId,
    /// In its written form, as it was when the membership was taken up.
    pub condition: String,
    pub since: Timestamp,
}

/// How a customer stands to a kept segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub is_member: bool,
    /// Since when it is so.
    pub since: Timestamp,
    /// When it is to be asked again though nothing happened.
    pub due_at: Option<Timestamp>,
}

impl Tx<'_> {
    pub fn save_segment(&mut self, segment: &StoredSegment, at: Timestamp) -> Result<()> {
        let StoredSegment { id, name, condition } = segment;
        let sql = "INSERT INTO segments (id, name, condition, saved_at) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
                   condition = excluded.condition, saved_at = excluded.saved_at";
        self.execute(sql, values![id, name, condition, at]).map(drop)
    }

    pub fn segments(&mut self) -> Result<Vec<StoredSegment>> {
        self.all("SELECT id, name, condition FROM segments ORDER BY id", &[], read_segment)
    }

    pub fn segment(&mut self, id: &SegmentId) -> Result<Option<StoredSegment>> {
        let sql = "SELECT id, name, condition FROM segments WHERE id = ?1";
        self.first(sql, values![id], read_segment)
    }

    /// Deletes a segment with all that is kept of it; `false` if there is none.
    pub fn delete_segment(&mut self, id: &SegmentId) -> Result<bool> {
        self.stop_keeping(id)?;
        self.execute("DELETE FROM segment_sizes WHERE segment = ?1", values![id])?;
        self.execute("DELETE FROM memberships WHERE segment = ?1", values![id])?;
        Ok(self.execute("DELETE FROM segments WHERE id = ?1", values![id])? > 0)
    }

    /// The segments in use, by id; read once in a transaction.
    pub fn kept_segments(&mut self) -> Result<Rc<[KeptSegment]>> {
        if let Some(kept) = &self.kept_segments {
            return Ok(Rc::clone(kept));
        }
        let sql = "SELECT segment, condition, since FROM kept_segments ORDER BY segment";
        let kept: Rc<[KeptSegment]> = self.all(sql, &[], read_kept)?.into();
        self.kept_segments = Some(Rc::clone(&kept));
        Ok(kept)
    }

    /// Says that a segment's membership is kept up from now on. Its standings were set before.
    pub fn keep_segment(&mut self, segment: &KeptSegment) -> Result<()> {
        let KeptSegment { id, condition, since } = segment;
        if self.segment(id)?.is_none() {
            bail!("segment `{id}` is not in the store; save it first");
        }
        self.kept_segments = None;
        let sql = "INSERT INTO kept_segments (segment, condition, since) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (segment) DO UPDATE SET condition = excluded.condition, \
                   since = excluded.since";
        self.execute(sql, values![id, condition, *since]).map(drop)
    }

    /// Forgets who is in a segment that is no longer in use.
    pub fn stop_keeping(&mut self, segment: &SegmentId) -> Result<()> {
        self.kept_segments = None;
        self.execute("DELETE FROM kept_segments WHERE segment = ?1", values![segment])?;
        self.execute("DELETE FROM standings WHERE segment = ?1", values![segment]).map(drop)
    }

    /// Who is in a kept segment, by id; nobody if it is not kept.
    pub fn members(&mut self, segment: &SegmentId) -> Result<Vec<CustomerId>> {
        let sql = "SELECT customer FROM standings WHERE segment = ?1 AND is_member = 1 \
                   ORDER BY customer";
        self.all(sql, values![segment], |row| row.get(0))
    }

    pub fn count_members(&mut self, segment: &SegmentId) -> Result<u64> {
        let sql = "SELECT COUNT(*) FROM standings WHERE segment = ?1 AND is_member = 1";
        self.one(sql, values![segment])
    }

    /// Of a kept segment everybody with a standing, by id.
    pub fn standings(&mut self, segment: &SegmentId) -> Result<Vec<(CustomerId, Standing)>> {
        let sql = "SELECT customer, is_member, since, due_at FROM standings WHERE segment = ?1 \
                   ORDER BY customer";
        self.all(sql, values![segment], |row| Ok((row.get(0)?, read_standing(row, 1)?)))
    }

    /// How a customer stands to the kept segments; those without a row they are not in.
    pub fn standings_of(&mut self, customer: CustomerId) -> Result<Vec<(SegmentId, Standing)>> {
        let sql = "SELECT segment, is_member, since, due_at FROM standings \
                   WHERE bucket = ?1 AND customer = ?2 ORDER BY segment";
        self.all(sql, values![customer.bucket().0, customer], |row| {
            Ok((row.get(0)?, read_standing(row, 1)?))
        })
    }

    /// Keeps how a customer stands to a segment from now on; `None`: not in it, and only something
    /// that happens can bring them in.
    pub fn set_standing(
        &mut self,
        customer: CustomerId,
        segment: &SegmentId,
        standing: Option<&Standing>,
    ) -> Result<()> {
        let bucket = customer.bucket().0;
        let Some(Standing { is_member, since, due_at }) = standing.copied() else {
            let sql = "DELETE FROM standings WHERE bucket = ?1 AND customer = ?2 AND segment = ?3";
            return self.execute(sql, values![bucket, customer, segment]).map(drop);
        };
        let sql = "INSERT INTO standings (bucket, customer, segment, is_member, since, due_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (bucket, customer, segment) \
                   DO UPDATE SET is_member = excluded.is_member, since = excluded.since, \
                   due_at = excluded.due_at";
        self.execute(sql, values![bucket, customer, segment, is_member, since, due_at]).map(drop)
    }

    /// Whom time alone may have brought into a kept segment or out of one, the longest due first.
    pub fn due_standings(&mut self, now: Timestamp, limit: u32) -> Result<Vec<CustomerId>> {
        let sql = "SELECT customer FROM standings WHERE due_at <= ?1 \
                   AND segment IN (SELECT segment FROM kept_segments) \
                   ORDER BY due_at, customer LIMIT ?2";
        let mut due: Vec<CustomerId> = self.all(sql, values![now, limit], |row| row.get(0))?;
        due.dedup();
        Ok(due)
    }

    /// Lets those be whom time alone may have moved by now, until something happens to them.
    pub fn forget_due_standings(&mut self, now: Timestamp) -> Result<u64> {
        self.execute("UPDATE standings SET due_at = NULL WHERE due_at <= ?1", values![now])
    }

    /// Keeps how many customers were in a segment on a day, in the form 2026-03-01; told again, the
    /// later holds.
    pub fn note_size(&mut self, segment: &SegmentId, day: &str, customers: u64) -> Result<()> {
        let sql = "INSERT INTO segment_sizes (segment, day, customers) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (segment, day) DO UPDATE SET customers = excluded.customers";
        self.execute(sql, values![segment, day, customers]).map(drop)
    }

    /// How many were in a segment, by day, from `since` on.
    pub fn sizes(&mut self, segment: &SegmentId, since: &str) -> Result<Vec<(String, u64)>> {
        let sql = "SELECT day, customers FROM segment_sizes WHERE segment = ?1 AND day >= ?2 \
                   ORDER BY day";
        self.all(sql, values![segment, since], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

fn read_segment(row: &Row<'_>) -> Result<StoredSegment> {
    Ok(StoredSegment { id: row.get(0)?, name: row.get(1)?, condition: row.get(2)? })
}

fn read_kept(row: &Row<'_>) -> Result<KeptSegment> {
    Ok(KeptSegment { id: row.get(0)?, condition: row.get(1)?, since: row.get(2)? })
}

fn read_standing(row: &Row<'_>, from: usize) -> Result<Standing> {
    Ok(Standing {
        is_member: row.get(from)?,
        since: row.get(from + 1)?,
        due_at: row.get(from + 2)?,
    })
}
