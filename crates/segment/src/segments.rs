//! Segments by name, for conditions that ask whether a customer is in one.
//!
//! A segment is asked by its condition, as if that stood there: there is no stored answer that could
//! be stale. One that leads back to itself has no answer; it is asked as if nobody were in it, and
//! `check` names it.

use std::{collections::BTreeMap, sync::OnceLock};

use crate::{Condition, facts::fold};

/// How many segments may lead one to another.
pub const SEGMENTS_DEEP_MAX: usize = 8;

/// Conditions of segments with their names as they are spelled, by folded name.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    conditions: BTreeMap<String, (String, Condition)>,
}

/// Why a segment that a condition names cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentFault {
    Unknown,
    /// It leads back to itself.
    Circular,
    /// It leads on to more than [`SEGMENTS_DEEP_MAX`] others, one after another.
    TooDeep,
}

impl Segments {
    /// A segment may be given under several names, such as its id and its title.
    pub fn new(segments: impl IntoIterator<Item = (String, Condition)>) -> Self {
        let folded = segments.into_iter().map(|it| (fold(&it.0), it));
        Self { conditions: folded.collect() }
    }

    /// No segments at all.
    pub fn none() -> &'static Self {
        static NONE: OnceLock<Segments> = OnceLock::new();
        NONE.get_or_init(Self::default)
    }

    pub fn get(&self, name: &str) -> Option<&Condition> {
        self.folded(&fold(name))
    }

    pub(crate) fn folded(&self, folded: &str) -> Option<&Condition> {
        self.conditions.get(folded).map(|(_, condition)| condition)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.conditions.values().map(|(name, _)| name.as_str())
    }

    /// What keeps a named segment from being asked; `None` if nothing does.
    pub fn fault(&self, name: &str) -> Option<SegmentFault> {
        self.fault_on(&fold(name), &mut Vec::new())
    }

    fn fault_on(&self, folded: &str, path: &mut Vec<String>) -> Option<SegmentFault> {
        if path.iter().any(|it| it == folded) {
            return Some(SegmentFault::Circular);
        }
        if path.len() == SEGMENTS_DEEP_MAX {
            return Some(SegmentFault::TooDeep);
        }
        let Some(condition) = self.folded(folded) else { return Some(SegmentFault::Unknown) };
        path.push(folded.to_owned());
        let fault = self.fault_in(condition, path);
        path.pop();
        fault
    }

    fn fault_in(&self, condition: &Condition, path: &mut Vec<String>) -> Option<SegmentFault> {
        if let Condition::IsInSegment(words) = condition {
            return words.names().iter().find_map(|it| self.fault_on(it.folded(), path));
        }
        condition.parts().iter().find_map(|it| self.fault_in(it, path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn segments_that_lead_back_to_themselves_are_found() {
        let segment = |name: &str, text: &str| (name.to_owned(), parse(text).unwrap());
        let chain =
            (0..10).map(|it| segment(&it.to_string(), &format!("is in segment \"{}\"", it + 1)));
        let segments = Segments::new(chain.chain([
            segment("10", "ordered once"),
            segment("Buyers", "ordered once"),
            segment("snake", "not all of (is in segment \"tail\", ordered once)"),
            segment("tail", "is in segment \"Snake\""),
            segment("lost", "is in segment \"buyers\" or \"nowhere\""),
        ]));
        assert_eq!(segments.fault(" buyers"), None);
        assert_eq!(segments.fault("nowhere"), Some(SegmentFault::Unknown));
        assert_eq!(segments.fault("lost"), Some(SegmentFault::Unknown));
        assert_eq!(segments.fault("snake"), Some(SegmentFault::Circular));
        assert_eq!(segments.fault("3"), None, "eight in a row");
        assert_eq!(segments.fault("2"), Some(SegmentFault::TooDeep));
    }
}
