//! Which kinds of rows a history has: known beforehand, it spares the look for those it has not.

use crate::HistoryKind;

/// Kinds of rows, as far as a word can tell them apart: a bit for each number, the same one for
/// numbers that differ by 64. No two that are known share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindSet(u64);

impl KindSet {
    /// Of a history that nobody has looked through.
    pub const ANY: Self = Self(u64::MAX);

    /// The kinds of rows with these [`HistoryKind::number`]s.
    pub fn of(kinds: &[u8]) -> Self {
        Self(kinds.iter().fold(0, |set, it| set | 1 << (it % 64)))
    }

    /// Whether there may be rows of the kind; if not, there are none.
    #[inline]
    pub(crate) fn may_have(self, kind: HistoryKind) -> bool {
        self.0 >> (kind.number() % 64) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart() {
        let kinds: Vec<HistoryKind> = (0..=u8::MAX).filter_map(HistoryKind::from_number).collect();
        for kind in &kinds {
            let set = KindSet::of(&[kind.number()]);
            let found: Vec<_> = kinds.iter().filter(|it| set.may_have(**it)).collect();
            assert_eq!(found, [kind]);
            assert!(KindSet::ANY.may_have(*kind) && !KindSet::of(&[]).may_have(*kind));
        }
    }
}
