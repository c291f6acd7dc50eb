//! How many there are, where nobody waits for a count of millions.

use anyhow::Result;

/// Counted exactly up to here.
pub const TOTAL_MAX: u32 = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    Exactly(u64),
    MoreThan(u64),
}

impl Total {
    /// Asks `count` to count no further than it is given.
    pub(crate) fn counted(count: impl FnOnce(u32) -> Result<u64>) -> Result<Self> {
        let found = count(TOTAL_MAX + 1)?;
        let max = u64::from(TOTAL_MAX);
        Ok(if found > max { Self::MoreThan(max) } else { Self::Exactly(found) })
    }
}
