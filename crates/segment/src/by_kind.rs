//! The rows of a history by their kind, for whoever asks much of it: found in two quick walks over
//! the kinds, so that each question then looks at rows of its own kind alone.

use crate::{History, HistoryKind};

/// Of every number, the slot of its kind; 0 for those that stand for none.
const SLOTS: [u8; 256] = slots();
const SLOTS_LEN: usize = KINDS.len() + 1;

const KINDS: [HistoryKind; 17] = [
    HistoryKind::Order,
    HistoryKind::OrderCancelled,
    HistoryKind::OrderRefunded,
    HistoryKind::OrderLine,
    HistoryKind::ProductViewed,
    HistoryKind::CartAdded,
    HistoryKind::CheckoutStarted,
    HistoryKind::ProductReviewed,
    HistoryKind::MessageSent,
    HistoryKind::MessageDelivered,
    HistoryKind::MessageBounced,
    HistoryKind::MessageComplained,
    HistoryKind::MessageOpened,
    HistoryKind::MessageClicked,
    HistoryKind::MachineOpened,
    HistoryKind::MachineClicked,
    HistoryKind::Custom,
];

const fn slots() -> [u8; 256] {
    let mut slots = [0; 256];
    let mut slot = 0;
    while slot < KINDS.len() {
        slots[KINDS[slot] as usize] = slot as u8 + 1;
        slot += 1;
    }
    slots
}

/// Rows by kind. Its memory serves one history after another.
#[derive(Clone, Debug, Default)]
pub struct RowsByKind {
    /// Where the rows of each slot end, and those of the next begin.
    ends: [u32; SLOTS_LEN],
    rows: Vec<u32>,
}

impl RowsByKind {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the rows of this history in the place of those it had.
    pub fn fill(&mut self, history: &History<'_>) {
        let kinds = history.kinds();
        let mut ends = [0_u32; SLOTS_LEN];
        for kind in kinds {
            ends[usize::from(SLOTS[usize::from(*kind)])] += 1;
        }
        let mut end = 0;
        for slot in &mut ends {
            // For now where the slot begins.
            end += std::mem::replace(slot, end);
        }
        if self.rows.len() < kinds.len() {
            self.rows.resize(kinds.len(), 0);
        }
        for (row, kind) in (0_u32..).zip(kinds) {
            let end = &mut ends[usize::from(SLOTS[usize::from(*kind)])];
            self.rows[*end as usize] = row;
            *end += 1;
        }
        self.ends = ends;
    }

    /// The rows of a kind, ascending.
    #[inline]
    pub fn of(&self, kind: HistoryKind) -> &[u32] {
        let slot = usize::from(SLOTS[kind as usize]);
        &self.rows[self.ends[slot - 1] as usize..self.ends[slot] as usize]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        HistoryBuffer,
        samples::{Sample, any_sample},
    };

    #[test]
    fn every_kind_has_a_slot_of_its_own() {
        let known = (0..=u8::MAX).filter_map(HistoryKind::from_number);
        let mut slots: Vec<u8> = known.map(|it| SLOTS[usize::from(it.number())]).collect();
        slots.sort_unstable();
        assert_eq!(slots, (1..=KINDS.len() as u8).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn each_row_stands_under_its_kind(first in any_sample(), next in any_sample()) {
            let mut by_kind = RowsByKind::new();
            for sample in [&first, &next, &Sample::new()] {
                let buffer = HistoryBuffer::of(&sample.events);
                let history = buffer.as_history();
                by_kind.fill(&history);
                for kind in KINDS {
                    let of_kind = |row: &usize| history.kind(*row) == Some(kind);
                    let rows: Vec<usize> = (0..history.len()).filter(of_kind).collect();
                    let found: Vec<usize> = by_kind.of(kind).iter().map(|it| *it as usize).collect();
                    prop_assert_eq!(found, rows);
                }
            }
        }
    }
}
