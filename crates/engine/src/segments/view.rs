//! All that the page of a segment shows, from one pass over everybody: who is in it, who would join and
//! leave, what each clause leaves, how it overlaps with others, and why somebody is in it or not.

use aftercart_model::{CustomerId, SegmentId, Timestamp};
use aftercart_segment::{
    Condition, Explanation, HistoryBuffer, ParseConditionError, explain, parse,
};
use aftercart_store::{StoredSegment, Tx};
use anyhow::{Context, Result};
use jiff::{ToSpan, tz::TimeZone};
use serde::Serialize;

use super::{
    SegmentCount, SegmentMember, clauses_of,
    manage::{
        Overlap, SegmentChange, SegmentUse, SizeOfDay, all_segments, change, end_with_present,
        overlap, sizes_since,
    },
    named_customer, segment_member,
};
use crate::Engine;

/// How many members are drawn to be looked at.
const MEMBERS_DRAWN: usize = 5;

/// With how many other segments a segment is compared.
const OTHERS_MAX: usize = 20;

/// With more customers the page counts first: to ask twenty other segments would make it wait.
const COMPARED_MAX: u32 = 200_000;

const DAYS_SHOWN: i32 = 30;

/// What is asked of a segment's page.
#[derive(Clone, Debug, Default)]
pub struct SegmentAsked {
    /// A stored or shipped segment; `None` for one that is being written.
    pub id: Option<SegmentId>,
    /// The condition as it stands in the editor; `None` for the stored one.
    pub draft: Option<String>,
    /// Another draw of five.
    pub draw: u64,
    /// Of whom it is asked why: an address, the shop's id or our number.
    pub why: Option<String>,
    /// It is compared with the other segments, however many customers there are.
    pub compares: bool,
}

#[derive(Clone, Debug)]
pub struct SegmentView {
    pub stored: Option<StoredSegment>,
    pub is_shipped: bool,
    /// What stands in the editor: the draft as it was written, else the stored condition on lines.
    pub written: String,
    /// The condition asked; of a draft that cannot be read, the stored one.
    pub condition: Option<Condition>,
    /// Why the draft cannot be read.
    pub fault: Option<ParseConditionError>,
    /// `None` while there is nothing to ask.
    pub count: Option<SegmentCount>,
    /// What saving the draft would change; `None` without a change.
    pub change: Option<SegmentChange>,
    pub sizes: Vec<SizeOfDay>,
    pub used_by: Vec<SegmentUse>,
    pub drawn: Vec<SegmentMember>,
    /// Whether it was compared with the others: of many customers only where that is asked for.
    pub are_compared: bool,
    /// With the other segments, those that share most first.
    pub overlaps: Vec<(SegmentId, Overlap)>,
    pub why: Option<SegmentWhy>,
}

/// Why one customer meets a condition, or does not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SegmentWhy {
    pub asked: String,
    /// `None`: what was asked leads to no customer.
    pub customer: Option<CustomerId>,
    pub name: String,
    pub is_met: bool,
    /// The answer stays until then if nothing happens; `None` if time alone never changes it.
    pub until: Option<Timestamp>,
    pub clauses: Vec<ClauseWhy>,
}

/// The answer of one clause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClauseWhy {
    pub clause: String,
    pub is_met: bool,
    /// What it rests on, in words; empty for a group.
    pub found: String,
    pub until: Option<Timestamp>,
    /// How deep within groups.
    pub depth: u32,
}

impl Engine {
    /// `None` for a segment there is not.
    pub fn view_segment(
        &self,
        asked: &SegmentAsked,
        now: Timestamp,
    ) -> Result<Option<SegmentView>> {
        let segments = self.store().read(all_segments)?;
        let known = |id: &SegmentId| segments.iter().find(|(it, _)| it.id == *id).cloned();
        let (stored, is_shipped) = match &asked.id {
            None => (None, false),
            Some(id) => match known(id) {
                Some((stored, is_shipped)) => (Some(stored), is_shipped),
                None => return Ok(None),
            },
        };
        let before = stored.as_ref().map(|it| parse(&it.condition)).transpose();
        let before = before.context("the stored condition")?;
        let (written, draft, fault) = match &asked.draft {
            Some(text) => match self.read_condition(text) {
                Ok(condition) => (text.clone(), Some(condition), None),
                Err(fault) => (text.clone(), None, Some(fault)),
            },
            None => (before.as_ref().map(|it| format!("{it:#}")).unwrap_or_default(), None, None),
        };
        let condition = draft.or_else(|| before.clone());
        let mut view = SegmentView {
            is_shipped,
            written,
            fault,
            count: None,
            change: None,
            sizes: Vec::new(),
            used_by: Vec::new(),
            drawn: Vec::new(),
            are_compared: false,
            overlaps: Vec::new(),
            why: None,
            condition: condition.clone(),
            stored,
        };
        if let Some(stored) = &view.stored {
            let since = self.day_of(now).saturating_sub(DAYS_SHOWN.days()).to_string();
            (view.sizes, view.used_by) = self.store().read(|tx| {
                Ok((sizes_since(tx, &stored.id, &since)?, self.uses_of(tx, &stored.id)?))
            })?;
        }
        let Some(condition) = condition else { return Ok(Some(view)) };
        self.ask_page(&mut view, &condition, before.as_ref(), &segments, asked, now)?;
        Ok(Some(view))
    }

    /// Everything that is counted, in one pass.
    fn ask_page(
        &self,
        view: &mut SegmentView,
        condition: &Condition,
        before: Option<&Condition>,
        segments: &[(StoredSegment, bool)],
        asked: &SegmentAsked,
        now: Timestamp,
    ) -> Result<()> {
        let own = view.stored.as_ref().map(|it| it.id.clone());
        let of_many = self.store().read(|tx| tx.count_customers_to(COMPARED_MAX + 1))?;
        let compares = asked.compares || of_many <= u64::from(COMPARED_MAX);
        let segments = if compares { segments } else { &[] };
        let mut others = Vec::new();
        for (segment, _) in segments.iter().filter(|(it, _)| Some(&it.id) != own.as_ref()) {
            if let Ok(condition) = self.parsed(&segment.condition) {
                others.push((segment, condition));
            }
        }
        others.truncate(OTHERS_MAX);
        let clauses = clauses_of(condition);
        let changed = before.filter(|it| *it != condition);
        let mut conditions: Vec<&Condition> = vec![condition];
        conditions.extend(&clauses);
        conditions.extend(changed);
        conditions.extend(others.iter().map(|(_, it)| &**it));
        let answers = self.ask_everybody(&conditions, now)?;
        let (own, of_others) = answers.members.split_at(conditions.len() - others.len());
        let members = &own[0];
        view.change = changed.map(|_| change(&own[own.len() - 1], members));
        // Of what is stored, whatever is being tried.
        let stored = changed.map_or(members, |_| &own[own.len() - 1]);
        end_with_present(&mut view.sizes, self.day_of(now), Some(stored.len() as u64));
        view.are_compared = compares;
        let name = view.stored.as_ref().map_or("this", |it| it.name.as_str()).to_owned();
        for ((segment, _), answer) in others.iter().zip(of_others) {
            let found = overlap((&name, members), (&segment.name, answer));
            if found.both > 0 {
                view.overlaps.push((segment.id.clone(), found));
            }
        }
        view.overlaps.sort_by_key(|(_, it)| std::cmp::Reverse(it.both));
        let drawn = draw(members, asked.draw);
        view.drawn = self
            .store()
            .read(|tx| drawn.into_iter().map(|it| segment_member(tx, it, now)).collect())?;
        view.count = Some(self.counted(condition, &clauses, &answers, now)?);
        let wanted = asked.why.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let wanted = wanted.map(|it| self.explain_segment(condition, it, now)).transpose()?;
        view.why = wanted;
        Ok(())
    }

    /// Why a customer, named by an address, the shop's id or our number, meets a condition or does not.
    pub fn explain_segment(
        &self,
        condition: &Condition,
        customer: &str,
        now: Timestamp,
    ) -> Result<SegmentWhy> {
        self.store().read(|tx| {
            let known = match named_customer(tx, customer)? {
                Some(found) => tx.customer(found)?,
                None => None,
            };
            let Some(known) = known else { return Ok(nobody(customer)) };
            let zone = self.zone_of(&known);
            let events = HistoryBuffer::of(&tx.events_of(known.id)?);
            let explanation = self.with_subject(tx, &[condition], &known, &events, |subject| {
                explain(condition, subject, now)
            })?;
            let mut clauses = Vec::new();
            let parts = match condition {
                Condition::All(_) => &explanation.parts[..],
                _ => std::slice::from_ref(&explanation),
            };
            for part in parts {
                self.collect(tx, part, 0, &zone, &mut clauses)?;
            }
            Ok(SegmentWhy {
                asked: customer.to_owned(),
                customer: Some(known.id),
                name: crate::erase_customer::shown_name(tx, known.id)?.unwrap_or_default(),
                is_met: explanation.is_met,
                until: explanation.holds_until,
                clauses,
            })
        })
    }

    fn collect(
        &self,
        tx: &mut Tx<'_>,
        part: &Explanation,
        depth: u32,
        zone: &TimeZone,
        clauses: &mut Vec<ClauseWhy>,
    ) -> Result<()> {
        let known = self.known_in(tx)?;
        let clause = match part.parts.is_empty() {
            true => part.clause.clone(),
            // Its parts follow, one a line.
            false => part.clause.split(" (").next().unwrap_or_default().to_owned(),
        };
        clauses.push(ClauseWhy {
            clause,
            is_met: part.is_met,
            found: part.found.words(&known.catalogue, zone, self.shop().currency),
            until: part.holds_until,
            depth,
        });
        part.parts.iter().try_for_each(|it| self.collect(tx, it, depth + 1, zone, clauses))
    }
}

fn nobody(asked: &str) -> SegmentWhy {
    SegmentWhy {
        asked: asked.to_owned(),
        customer: None,
        name: String::new(),
        is_met: false,
        until: None,
        clauses: Vec::new(),
    }
}

/// Five members, the same ones for the same draw: those whose numbers, mixed with it, come first.
fn draw(members: &[CustomerId], draw: u64) -> Vec<CustomerId> {
    // The finaliser of SplitMix64 spreads neighbouring numbers.
    let mixed = |it: &CustomerId| {
        let mut z = it.0.cast_unsigned() ^ draw.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let mut first: Vec<(u64, CustomerId)> = Vec::with_capacity(MEMBERS_DRAWN + 1);
    for member in members {
        let key = (mixed(member), *member);
        if first.len() < MEMBERS_DRAWN || key < first[MEMBERS_DRAWN - 1] {
            let at = first.partition_point(|it| *it < key);
            first.insert(at, key);
            first.truncate(MEMBERS_DRAWN);
        }
    }
    first.into_iter().map(|(_, it)| it).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_draw_is_of_members_each_once_and_another_draw_is_another() {
        let members: Vec<CustomerId> = (1..1_000).map(CustomerId).collect();
        let [first, again, other] = [3, 3, 4].map(|it| draw(&members, it));
        assert_eq!(first, again);
        assert_ne!(first, other);
        assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 5);
        assert!(first.iter().all(|it| members.contains(it)));
        let few: BTreeSet<CustomerId> = draw(&members[..3], 1).into_iter().collect();
        assert_eq!(few.into_iter().collect::<Vec<_>>(), members[..3], "all there are");
    }
}
