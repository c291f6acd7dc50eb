//! Segments in use follow the log: whoever an event can have moved is asked right after it.
//!
//! The events since the last look are read in their order, and each customer is asked once for all of
//! theirs, outside the writer, which is only asked for where an answer is another one. So intake waits
//! for nobody, and nothing is lost by a crash: how far the log was followed is kept with what followed.

use std::collections::{BTreeMap, BTreeSet};

use aftercart_model::{CustomerId, EventKind, Timestamp};
use aftercart_store::Tx;
use anyhow::{Context, Result};

use crate::{Engine, work::HISTORY_IS_NEW};

/// How far the log was followed.
const FOLLOWED: &str = "segments-followed";

/// Events looked at together: bounds what is held of them.
const EVENTS: u64 = 2_000;

/// With more events behind, everybody is asked at once instead, as after an import.
const EVENTS_BEHIND_MAX: u64 = 50_000;

impl Engine {
    /// Asks those whom events since the last look can have moved. Says how many flows began.
    pub fn follow_log(&self, now: Timestamp) -> Result<u64> {
        let mut enrolled = 0;
        loop {
            let (kept, head, followed) = self
                .store()
                .read(|tx| Ok((tx.kept_segments()?.to_vec(), tx.log_head()?, followed(tx)?)))?;
            let after = followed.unwrap_or(head);
            if kept.is_empty() || after >= head {
                return Ok(enrolled);
            }
            if EVENTS_BEHIND_MAX < head - after {
                self.store().write(|tx| {
                    tx.set_setting(HISTORY_IS_NEW, "1")?;
                    set_followed(tx, head)
                })?;
                return Ok(enrolled);
            }
            let until = head.min(after + EVENTS);
            let moved = self.store().read(|tx| {
                let index = self.kept_index(tx, &kept)?;
                let mut touched: BTreeMap<CustomerId, BTreeSet<usize>> = BTreeMap::new();
                tx.scan_log(after, until, &mut |line| {
                    let Some(customer) = line.customer else { return Ok(()) };
                    let body = line.body()?;
                    if !can_turn(body.kind()) {
                        return Ok(());
                    }
                    let segments = touched.entry(customer).or_default();
                    match &index {
                        Some(index) => segments.extend(index.touched_by(&body)),
                        None => segments.extend(0..kept.len()),
                    }
                    Ok(())
                })?;
                let mut moved = Vec::new();
                for (customer, segments) in touched.iter().filter(|it| !it.1.is_empty()) {
                    let asked: Vec<_> = segments.iter().map(|it| &kept[*it]).collect();
                    if self.is_moved(tx, *customer, &asked, now)? {
                        moved.push(*customer);
                    }
                }
                Ok(moved)
            })?;
            enrolled += self.follow_many(&moved, now)?;
            self.store().write(|tx| set_followed(tx, until))?;
        }
    }

    /// Follows the log from here on, where nobody did before: what is taken up now says what came of
    /// all that was told by now.
    pub(super) fn begin_to_follow(&self) -> Result<()> {
        self.store().write(|tx| {
            let head = tx.log_head()?;
            if tx.kept_segments()?.is_empty() || followed(tx)?.is_none() {
                set_followed(tx, head)?;
            }
            Ok(())
        })
    }
}

fn followed(tx: &mut Tx<'_>) -> Result<Option<u64>> {
    let text = tx.setting(FOLLOWED)?;
    text.map(|it| it.parse().context("how far segments followed the log")).transpose()
}

fn set_followed(tx: &mut Tx<'_>, seq: u64) -> Result<()> {
    tx.set_setting(FOLLOWED, &seq.to_string())
}

/// Whether a customer is to be asked after an event of this kind. Our own book-keeping changes no
/// answer, and after a word on consent all that follows from it is looked at anyway.
fn can_turn(kind: EventKind) -> bool {
    use EventKind as Kind;
    !matches!(
        kind,
        Kind::ErasureAsked
            | Kind::ExportAsked
            | Kind::Erased
            | Kind::ConsentGiven
            | Kind::MessageDeferred
            | Kind::MessageDropped
            | Kind::Enrolled
            | Kind::EnrolmentEnded
            | Kind::SegmentEntered
            | Kind::SegmentLeft
            | Kind::ProductSaved
            | Kind::ProductRemoved
            | Kind::StockCounted
    )
}
