//! Segments and the membership last computed for each.

use aftercart_model::{CustomerId, SegmentId, Timestamp};
use anyhow::{Context as _, bail};

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

/// Far above every customer there can be on one store; a membership that says more is damaged.
const MEMBERS_MAX: usize = 1 << 30;

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

    /// Who was in the segment when that was last computed, by id; nobody if it never was.
    pub fn members(&mut self, segment: &SegmentId) -> Result<Vec<CustomerId>> {
        let sql = "SELECT members FROM memberships WHERE segment = ?1";
        let packed: Option<Vec<u8>> = self.first(sql, values![segment], |row| row.get(0))?;
        packed.map_or(Ok(Vec::new()), |packed| {
            unpack(&packed).with_context(|| format!("membership of segment `{segment}`"))
        })
    }

    /// Keeps who is in the segment now, in place of who was.
    pub fn set_members(
        &mut self,
        segment: &SegmentId,
        members: &[CustomerId],
        at: Timestamp,
    ) -> Result<()> {
        let packed = pack(members)?;
        let sql = "SELECT 1 FROM segments WHERE id = ?1";
        if self.first(sql, values![segment], |_| Ok(()))?.is_none() {
            bail!("segment `{segment}` is not in the store; save it first");
        }
        let sql = "INSERT INTO memberships (segment, at, members) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (segment) DO UPDATE \
                   SET at = excluded.at, members = excluded.members";
        self.execute(sql, values![segment, at, packed.as_slice()]).map(drop)
    }
}

fn read_segment(row: &Row<'_>) -> Result<StoredSegment> {
    Ok(StoredSegment { id: row.get(0)?, name: row.get(1)?, condition: row.get(2)? })
}

/// Sorted ids as steps from one to the next, seven bits to a byte, the eighth saying that more
/// follow; two or three bytes a member instead of the thirty of a row.
fn pack(members: &[CustomerId]) -> Result<Vec<u8>> {
    let mut sorted: Vec<u64> = Vec::with_capacity(members.len());
    for member in members {
        sorted.push(u64::try_from(member.0).context("a customer's id is above 0")?);
    }
    sorted.sort_unstable();
    sorted.dedup();

    let mut packed = Vec::with_capacity(sorted.len() * 3);
    let mut before = 0;
    for id in sorted {
        let mut step = id - before;
        before = id;
        while step >= 0x80 {
            packed.push((step & 0x7f) as u8 | 0x80);
            step >>= 7;
        }
        packed.push(step as u8);
    }
    Ok(packed)
}

fn unpack(packed: &[u8]) -> Result<Vec<CustomerId>> {
    let mut members = Vec::new();
    let (mut id, mut step, mut shift) = (0_u64, 0_u64, 0_u32);
    for byte in packed {
        if shift > 63 || members.len() >= MEMBERS_MAX {
            bail!("the bytes are damaged; compute the segment again");
        }
        step |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            id =
                id.checked_add(step).context("the bytes are damaged; compute the segment again")?;
            members.push(CustomerId(i64::try_from(id)?));
            (step, shift) = (0, 0);
        }
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn a_membership_comes_back_sorted_and_without_repetition(
            ids in vec(prop_oneof![0_i64..50, 0_i64..i64::MAX], 0..60),
        ) {
            let members: Vec<CustomerId> = ids.into_iter().map(CustomerId).collect();
            let mut expected = members.clone();
            expected.sort();
            expected.dedup();
            prop_assert_eq!(unpack(&pack(&members).unwrap()).unwrap(), expected);
        }

        #[test]
        fn damaged_bytes_are_an_error_or_members_never_a_panic(bytes in vec(any::<u8>(), 0..40)) {
            drop(unpack(&bytes));
        }
    }
}
