//! Segments as things: saved, named, deleted, compared with one another and from day to day.

use std::{collections::BTreeSet, sync::Arc};

use aftercart_model::{CustomerId, FlowId, SegmentId, Timestamp};
use aftercart_segment::{Condition, parse};
use aftercart_store::{FlowState, StoredSegment, Tx};
use anyhow::{Context, Result, bail};
use jiff::ToSpan;
use serde::Serialize;

use super::UPSELL_SEGMENT_ID;
use crate::Engine;

/// What the shipped segment is called.
pub(crate) const UPSELL_SEGMENT_NAME: &str = "Bought, looking again, not bought again";

/// How many days of sizes a line shows.
const DAYS_SHOWN: i32 = 30;

/// More segments than are compared at once are no comparison any more.
pub const OVERLAP_SEGMENTS_MAX: usize = 20;

/// The longest name of a segment or a list.
pub(crate) const NAME_CHARS_MAX: usize = 120;

/// How many were in a segment at the end of a day, in the shop's zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SizeOfDay {
    /// `2026-03-01`.
    pub day: String,
    pub customers: u64,
}

/// A segment in the list of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SegmentListing {
    pub id: SegmentId,
    pub name: String,
    pub condition: String,
    /// `None` if its condition cannot be read.
    pub customers: Option<u64>,
    /// Of the last 30 days, as far as they were counted.
    pub sizes: Vec<SizeOfDay>,
    pub used_by: Vec<SegmentUse>,
    /// It ships with the program and nobody has saved it yet.
    pub is_shipped: bool,
}

/// A flow that names a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SegmentUse {
    pub flow: FlowId,
    pub name: String,
    /// It enrols now, or will when it is resumed.
    pub is_running: bool,
}

/// Who joins and who leaves when a condition takes another's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SegmentChange {
    pub join: u64,
    pub leave: u64,
}

/// How far two segments hold the same customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overlap {
    pub one: String,
    pub other: String,
    pub both: u64,
    pub only_one: u64,
    pub only_other: u64,
}

impl Engine {
    /// All segments with how many are in each, counted now in one pass.
    pub fn list_segments(&self, now: Timestamp) -> Result<Vec<SegmentListing>> {
        let since = self.day_of(now).saturating_sub(DAYS_SHOWN.days()).to_string();
        let mut listings = self.store().read(|tx| {
            let mut listings = Vec::new();
            for (segment, is_shipped) in all_segments(tx)? {
                listings.push(SegmentListing {
                    customers: None,
                    sizes: sizes_since(tx, &segment.id, &since)?,
                    used_by: self.uses_of(tx, &segment.id)?,
                    is_shipped,
                    id: segment.id,
                    name: segment.name,
                    condition: segment.condition,
                });
            }
            Ok(listings)
        })?;
        let mut conditions = Vec::new();
        for listing in &listings {
            conditions.push(self.parsed(&listing.condition).ok());
        }
        let asked: Vec<&Condition> = conditions.iter().flatten().map(|it| &**it).collect();
        let mut answers = self.ask_everybody(&asked, now)?.members.into_iter();
        for (listing, condition) in listings.iter_mut().zip(&conditions) {
            if condition.is_some() {
                listing.customers = answers.next().map(|it| it.len() as u64);
                end_with_present(&mut listing.sizes, self.day_of(now), listing.customers);
            }
        }
        Ok(listings)
    }

    /// Saves a segment under its id; without a name it keeps the one it has. If flows start from it,
    /// whoever meets the new rule is in it from now on and has not entered it.
    pub fn save_segment(
        &self,
        id: &SegmentId,
        name: Option<&str>,
        condition: &Condition,
        now: Timestamp,
    ) -> Result<StoredSegment> {
        let (segment, was_kept) = self.store().write(|tx| {
            let others: Vec<StoredSegment> = all_segments(tx)?.into_iter().map(|it| it.0).collect();
            let before = others.iter().find(|it| it.id == *id).cloned();
            let name = match (name, before) {
                (Some(name), _) => checked_name("segment", name)?,
                (None, Some(before)) => before.name,
                (None, None) => in_words(id.as_str()),
            };
            let segment = StoredSegment { id: id.clone(), name, condition: condition.to_string() };
            self.refuse_currency(condition)?;
            self.refuse_circle(&segment, condition, &others)?;
            tx.save_segment(&segment, now)?;
            let kept = tx.kept_segments()?;
            let is_other = |it: &aftercart_store::KeptSegment| {
                it.id == segment.id && it.condition != segment.condition
            };
            let was_kept = kept.iter().any(is_other);
            Ok((segment, was_kept))
        })?;
        if was_kept {
            self.take_up(&segment.id, &segment.condition, now)?;
        }
        Ok(segment)
    }

    /// Refuses a segment whose condition leads back to it: there is no answer to such a question.
    fn refuse_circle(
        &self,
        segment: &StoredSegment,
        condition: &Condition,
        others: &[StoredSegment],
    ) -> Result<()> {
        let own = [segment.id.as_str(), &segment.name];
        let mut seen: Vec<&SegmentId> = Vec::new();
        let mut waiting = vec![(Arc::new(condition.clone()), None)];
        while let Some((asked, by)) = waiting.pop() {
            if asked.names_segment(&own) {
                let way = by.map(|it| format!(" by way of segment `{it}`")).unwrap_or_default();
                bail!(
                    "segment `{}` would ask for itself{way}; take \"is in segment\" out of one of them",
                    segment.id
                );
            }
            for other in others.iter().filter(|it| it.id != segment.id) {
                if asked.names_segment(&[other.id.as_str(), &other.name])
                    && !seen.contains(&&other.id)
                {
                    seen.push(&other.id);
                    waiting.push((self.parsed(&other.condition)?, Some(&other.id)));
                }
            }
        }
        Ok(())
    }

    pub fn rename_segment(&self, id: &SegmentId, name: &str, now: Timestamp) -> Result<()> {
        self.store().write(|tx| {
            let segment = tx.segment(id)?.with_context(|| no_such_segment(id))?;
            let segment = StoredSegment { name: checked_name("segment", name)?, ..segment };
            let others: Vec<StoredSegment> = all_segments(tx)?.into_iter().map(|it| it.0).collect();
            let condition = self.parsed(&segment.condition)?;
            self.refuse_circle(&segment, &condition, &others)?;
            tx.save_segment(&segment, now)
        })
    }

    /// Deletes a segment that nothing names any more.
    pub fn delete_segment(&self, id: &SegmentId) -> Result<()> {
        self.store().write(|tx| {
            let segment = tx.segment(id)?.with_context(|| no_such_segment(id))?;
            if let Some(used) = self.uses_of(tx, id)?.first() {
                bail!(
                    "segment `{id}` starts the flow `{}`; take it out of the flow's triggers, then \
                     delete it",
                    used.flow
                );
            }
            let names = [id.as_str(), &segment.name];
            if let Some(place) = self.asked_in(tx, Some(id), |it| it.names_segment(&names))? {
                bail!(
                    "{place} asks for segment `{id}`; change that first, then delete the segment"
                );
            }
            tx.delete_segment(id).map(drop)
        })
    }

    /// The flows that start from a segment, in their newest version.
    pub(crate) fn uses_of(&self, tx: &mut Tx<'_>, id: &SegmentId) -> Result<Vec<SegmentUse>> {
        let mut uses = Vec::new();
        for stored in tx.flows()?.into_iter().filter(|it| it.state != FlowState::Stopped) {
            let flow = self.flow_version(tx, &stored.id, stored.version)?;
            if flow.is_started_by(id) {
                let is_running = matches!(stored.state, FlowState::Live | FlowState::Paused);
                uses.push(SegmentUse { flow: stored.id, name: flow.name().to_owned(), is_running });
            }
        }
        Ok(uses)
    }

    /// Where a condition is stored that asks for something: in a segment other than `beside`, or in a
    /// flow that is not stopped.
    pub(crate) fn asked_in(
        &self,
        tx: &mut Tx<'_>,
        beside: Option<&SegmentId>,
        asks: impl Fn(&Condition) -> bool,
    ) -> Result<Option<String>> {
        for segment in tx.segments()?.into_iter().filter(|it| Some(&it.id) != beside) {
            if self.parsed(&segment.condition).is_ok_and(|it| asks(&it)) {
                return Ok(Some(format!("segment `{}`", segment.id)));
            }
        }
        for stored in tx.flows()?.into_iter().filter(|it| it.state != FlowState::Stopped) {
            let flow = self.flow_version(tx, &stored.id, stored.version)?;
            if flow.conditions().any(&asks) {
                return Ok(Some(format!("flow `{}`", stored.id)));
            }
        }
        Ok(None)
    }

    /// Each pair of segments or conditions: how many are in both, and in one alone.
    pub fn overlap_segments(&self, words: &[String], now: Timestamp) -> Result<Vec<Overlap>> {
        if words.len() < 2 || words.len() > OVERLAP_SEGMENTS_MAX {
            bail!("{} segments cannot be compared; name 2 to {OVERLAP_SEGMENTS_MAX}", words.len());
        }
        let mut conditions = Vec::with_capacity(words.len());
        for (place, it) in (1..).zip(words) {
            let condition = self.condition(it);
            conditions
                .push(condition.with_context(|| format!("{place} of {}, `{it}`", words.len()))?);
        }
        let asked: Vec<&Condition> = conditions.iter().collect();
        let answers = self.ask_everybody(&asked, now)?.members;
        let mut overlaps = Vec::new();
        for (at, one) in answers.iter().enumerate() {
            for (after, other) in answers.iter().enumerate().skip(at + 1) {
                overlaps.push(overlap((&words[at], one), (&words[after], other)));
            }
        }
        Ok(overlaps)
    }

    /// The day in the shop.
    pub(crate) fn day_of(&self, at: Timestamp) -> jiff::civil::Date {
        self.shop().zone().to_datetime(at).date()
    }
}

/// The stored segments, and the shipped one where nobody has saved it; by id.
pub fn all_segments(tx: &mut Tx<'_>) -> Result<Vec<(StoredSegment, bool)>> {
    let mut segments: Vec<(StoredSegment, bool)> =
        tx.segments()?.into_iter().map(|it| (it, false)).collect();
    if !segments.iter().any(|(it, _)| it.id.as_str() == UPSELL_SEGMENT_ID) {
        segments.push((shipped_segment()?, true));
        segments.sort_by(|a, b| a.0.id.cmp(&b.0.id));
    }
    Ok(segments)
}

pub(crate) fn shipped_segment() -> Result<StoredSegment> {
    Ok(StoredSegment {
        id: SegmentId::new(UPSELL_SEGMENT_ID)?,
        name: UPSELL_SEGMENT_NAME.to_owned(),
        condition: parse(aftercart_segment::UPSELL_SEGMENT)?.to_string(),
    })
}

pub(crate) fn sizes_since(tx: &mut Tx<'_>, id: &SegmentId, since: &str) -> Result<Vec<SizeOfDay>> {
    let sizes = tx.sizes(id, since)?;
    Ok(sizes.into_iter().map(|(day, customers)| SizeOfDay { day, customers }).collect())
}

/// Puts the present size behind those of the days before, in the place of what was counted today.
pub(super) fn end_with_present(
    sizes: &mut Vec<SizeOfDay>,
    today: jiff::civil::Date,
    customers: Option<u64>,
) {
    let (Some(customers), Some(last)) = (customers, sizes.last()) else { return };
    let day = today.to_string();
    if last.day == day {
        sizes.pop();
    }
    sizes.push(SizeOfDay { day, customers });
}

/// Of two memberships in ascending order.
pub(crate) fn overlap(
    (one, of_one): (&str, &[CustomerId]),
    (other, of_other): (&str, &[CustomerId]),
) -> Overlap {
    let both = count_both(of_one, of_other);
    Overlap {
        one: one.to_owned(),
        other: other.to_owned(),
        both,
        only_one: of_one.len() as u64 - both,
        only_other: of_other.len() as u64 - both,
    }
}

/// Who would join and leave; both memberships in ascending order.
pub(crate) fn change(before: &[CustomerId], after: &[CustomerId]) -> SegmentChange {
    let both = count_both(before, after);
    SegmentChange { join: after.len() as u64 - both, leave: before.len() as u64 - both }
}

fn count_both(one: &[CustomerId], other: &[CustomerId]) -> u64 {
    let (few, many) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let many: BTreeSet<&CustomerId> = many.iter().collect();
    few.iter().filter(|it| many.contains(it)).count() as u64
}

pub(super) fn no_such_segment(id: &SegmentId) -> String {
    format!("there is no segment `{id}`; `aftercart segment list` names those there are")
}

/// A name that people give, without blanks around it.
pub(crate) fn checked_name(kind: &str, name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() {
        bail!("the {kind} has no name; give it 1 to {NAME_CHARS_MAX} characters");
    }
    if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        bail!(
            "the name of the {kind} is too long or has control characters; give it 1 to \
             {NAME_CHARS_MAX} letters"
        );
    }
    Ok(name.to_owned())
}

/// `good-customers` as `Good customers`.
pub(crate) fn in_words(id: &str) -> String {
    let mut letters = id.chars().map(|c| if c == '-' { ' ' } else { c });
    let first = letters.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    first + &letters.collect::<String>()
}

/// The id that a name gives: `Good customers!` becomes `good-customers`. `None` of a name without a
/// letter or digit of ASCII.
pub fn id_of_name(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    let id: String = words.collect::<Vec<_>>().join("-").chars().take(64).collect();
    let id = id.trim_end_matches('-').to_owned();
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ids_and_back() {
        assert_eq!(id_of_name("  Good customers! "), Some("good-customers".to_owned()));
        assert_eq!(id_of_name("Ü 30"), Some("30".to_owned()));
        assert_eq!(id_of_name("***"), None);
        assert_eq!(
            id_of_name(&"x-".repeat(80)).map(|it| it.len()),
            Some(63),
            "no blank at its end"
        );
        assert_eq!(in_words("good-customers"), "Good customers");
    }

    #[test]
    fn an_overlap_counts_each_customer_once() {
        let of = |ids: &[i64]| ids.iter().map(|it| CustomerId(*it)).collect::<Vec<_>>();
        let found = overlap(("a", &of(&[1, 2, 3, 9])), ("b", &of(&[2, 3, 4])));
        assert_eq!((found.both, found.only_one, found.only_other), (2, 2, 1));
        let changed = change(&of(&[1, 2, 3]), &of(&[3, 4]));
        assert_eq!(changed, SegmentChange { join: 1, leave: 2 });
        assert_eq!(change(&[], &[]), SegmentChange { join: 0, leave: 0 });
    }

    #[test]
    fn the_sizes_of_days_end_with_the_present_one() {
        let size = |day: &str, customers| SizeOfDay { day: day.to_owned(), customers };
        let after = |mut sizes: Vec<SizeOfDay>, customers| {
            end_with_present(&mut sizes, jiff::civil::date(2026, 3, 2), customers);
            sizes
        };
        let (first, second) = (size("2026-03-01", 5), size("2026-03-02", 7));
        assert_eq!(after(vec![first.clone()], Some(7)), [first.clone(), second.clone()]);
        let earlier = size("2026-03-02", 6);
        assert_eq!(after(vec![first.clone(), earlier], Some(7)), [first.clone(), second]);
        assert_eq!(after(vec![first.clone()], None), [first]);
        assert_eq!(after(Vec::new(), Some(7)), [], "not counted day by day yet");
    }

    #[test]
    fn a_name_is_a_line_of_letters() {
        assert_eq!(checked_name("list", "  VIP ").unwrap(), "VIP");
        let why = checked_name("list", " ").unwrap_err().to_string();
        assert_eq!(why, "the list has no name; give it 1 to 120 characters");
        assert!(checked_name("list", "a\nb").is_err());
    }
}
