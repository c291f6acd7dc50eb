//! Segments, one of them with all that is asked of it, and what the builder's buttons do to a condition.

mod choices;

use std::time::Duration;

use aftercart_engine::{
    ListListing, Overlap, SegmentListing, SegmentUse, SegmentView, SegmentWhy,
    segment::{Condition, ParseConditionError, parse},
};

use aftercart_model::SegmentId;

use super::first_upper;
use crate::{
    Layout,
    console::{
        SegmentPage, SegmentsPage,
        segment::{
            BuilderNode, Change, ClauseLeft, Drawn, Figures, OverlapRow, WhyLine, WhyPanel,
            WrittenError,
        },
        segments::{ListRow, SegmentRow},
    },
};

pub fn page(segments: &[SegmentListing], lists: &[ListListing], of_customers: u64) -> SegmentsPage {
    let row = |it: &SegmentListing| SegmentRow {
        id: it.id.to_string(),
        name: it.name.clone(),
        condition: one_line(&it.condition),
        customers: it.customers,
        sizes: it.sizes.iter().map(|it| it.customers).collect(),
        used_by: used_by(&it.used_by),
        is_shipped: it.is_shipped,
    };
    let list = |it: &ListListing| ListRow {
        id: it.id.to_string(),
        name: it.name.clone(),
        customers: it.customers,
    };
    SegmentsPage {
        of_customers,
        rows: segments.iter().map(row).collect(),
        lists: lists.iter().map(list).collect(),
    }
}

pub fn segment(
    view: &SegmentView,
    draw: u64,
    took: Duration,
    refused: Option<String>,
    layout: &Layout,
) -> SegmentPage {
    let stored = view.stored.as_ref();
    let stored_condition = stored.and_then(|it| parse(&it.condition).ok());
    let is_changed = view.fault.is_some() || view.condition != stored_condition;
    let count = view.count.as_ref();
    SegmentPage {
        id: stored.map(|it| it.id.to_string()),
        name: stored.map(|it| it.name.clone()).unwrap_or_default(),
        is_changed,
        is_shipped: view.is_shipped,
        used_by: used_by(&view.used_by),
        figures: count.map(|it| Figures {
            customers: it.customers,
            of_customers: it.of_customers,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            mailable: it.mailable,
            without_consent: it.without_consent,
            suppressed: it.suppressed,
            without_address: it.without_address,
        }),
        sizes: view.sizes.iter().map(|it| it.customers).collect(),
        written: view.written.clone(),
        error: view.fault.as_ref().map(|it| error(&view.written, it)),
        builder: view.condition.as_ref().map(node),
        findings: count.map(|it| it.findings.clone()).unwrap_or_default(),
        change: view.change.zip(stored_condition.as_ref()).map(|(change, before)| {
            let after = view.condition.as_ref().map(|it| format!("{it:#}")).unwrap_or_default();
            let (removed, added) = differing(&format!("{before:#}"), &after);
            Change { removed, added, join: change.join, leave: change.leave }
        }),
        clauses: count.map(clauses).unwrap_or_default(),
        drawn: view.drawn.iter().map(|it| drawn(it, layout)).collect(),
        draw,
        overlaps: view.are_compared.then(|| view.overlaps.iter().map(overlap_row).collect()),
        why: view.why.as_ref().map(why),
        refused,
    }
}

fn overlap_row((id, it): &(SegmentId, Overlap)) -> OverlapRow {
    OverlapRow {
        name: it.other.clone(),
        href: format!("/segments/{id}"),
        both: it.both,
        only_this: it.only_one,
        only_other: it.only_other,
    }
}

fn used_by(uses: &[SegmentUse]) -> Vec<(String, String)> {
    uses.iter().map(|it| (it.name.clone(), format!("/flows/{}", it.flow))).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn clauses(count: &aftercart_engine::SegmentCount) -> Vec<ClauseLeft> {
    let clause = |it: &aftercart_engine::ClauseCount| ClauseLeft {
        clause: one_line(&it.clause),
        left: it.left,
        removed: it.removed,
    };
    count.clauses.iter().map(clause).collect()
}

fn drawn(it: &aftercart_engine::SegmentMember, layout: &Layout) -> Drawn {
    let name = if it.name.is_empty() {
        it.email.clone().unwrap_or_else(|| format!("Customer {}", it.id))
    } else {
        it.name.clone()
    };
    Drawn {
        id: it.customer.to_string(),
        name,
        country: it.country.clone().unwrap_or_default(),
        last_order: it.last_order.as_ref().map(ToString::to_string).unwrap_or_default(),
        worth: it.last_order_minor.map(|it| layout.currency.format(it)).unwrap_or_default(),
        on: it.last_order_at.map(|it| layout.calendar.day_of_month(it)).unwrap_or_default(),
    }
}

fn why(it: &SegmentWhy) -> WhyPanel {
    WhyPanel {
        asked: it.asked.clone(),
        customer: it.customer.map(|id| {
            let name = if it.name.is_empty() { format!("customer {id}") } else { it.name.clone() };
            (name, format!("/customers/{id}"))
        }),
        is_met: it.is_met,
        until: it.until,
        clauses: it
            .clauses
            .iter()
            .map(|it| WhyLine {
                clause: one_line(&it.clause),
                is_met: it.is_met,
                found: it.found.clone(),
                depth: it.depth,
            })
            .collect(),
    }
}

/// The line with the word that cannot be read.
fn error(written: &str, fault: &ParseConditionError) -> WrittenError {
    let start = written.floor_char_boundary(fault.range.start);
    let end = written.floor_char_boundary(fault.range.end.max(start));
    let line_start = written[..start].rfind('\n').map_or(0, |it| it + 1);
    let line_end = written[end..].find('\n').map_or(written.len(), |it| end + it);
    WrittenError {
        line: fault.line,
        before: written[line_start..start].to_owned(),
        wrong: written[start..end].to_owned(),
        after: written[end..line_end].to_owned(),
        text: sentence(&format!("{}; {}", fault.problem, fault.remedy)),
    }
}

/// A clause as a sentence; one that asks ends as a question.
fn sentence(words: &str) -> String {
    first_upper(words) + if words.ends_with('?') { "" } else { "." }
}

pub fn node(condition: &Condition) -> BuilderNode {
    let (word, parts): (&str, &[Condition]) = match condition {
        Condition::All(parts) => ("all of", parts),
        Condition::Any(parts) => ("any of", parts),
        Condition::NoneOf(parts) => ("none of", parts),
        Condition::Not(part) => ("not", std::slice::from_ref(&**part)),
        clause => return choices::clause(&clause.to_string()),
    };
    if parts.is_empty() {
        return choices::clause(&condition.to_string());
    }
    BuilderNode::Group { word: word.to_owned(), parts: parts.iter().map(node).collect() }
}

/// What a button of the builder does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    Remove {
        place: Vec<usize>,
    },
    /// Into the group at a place; at none, into the whole.
    Add {
        place: Vec<usize>,
        clause: Condition,
    },
}

/// The indexes that lead to a part: `1.0`; `all` and `top` are the whole.
pub fn place(text: &str) -> Option<Vec<usize>> {
    match text {
        "all" | "top" | "" => Some(Vec::new()),
        _ => text.split('.').map(|it| it.parse().ok()).collect(),
    }
}

/// The condition after an edit; `None` if nothing is left of it.
pub fn edited(condition: Option<Condition>, edit: Edit) -> Option<Condition> {
    match (condition, edit) {
        (None, Edit::Add { clause, .. }) => Some(clause),
        (None, Edit::Remove { .. }) => None,
        (Some(condition), Edit::Remove { place }) => removed(condition, &place),
        (Some(condition), Edit::Add { place, clause }) => Some(added(condition, &place, clause)),
    }
}

fn removed(condition: Condition, place: &[usize]) -> Option<Condition> {
    let (first, deeper) = place.split_first()?;
    let from = |mut parts: Vec<Condition>| {
        if *first < parts.len() {
            let part = parts.remove(*first);
            if let Some(left) = removed(part, deeper) {
                parts.insert(*first, left);
            }
        }
        parts
    };
    match condition {
        Condition::All(parts) => whole(from(parts), Condition::All),
        Condition::Any(parts) => whole(from(parts), Condition::Any),
        Condition::NoneOf(parts) => {
            let parts = from(parts);
            (!parts.is_empty()).then_some(Condition::NoneOf(parts))
        }
        Condition::Not(part) => removed(*part, deeper).map(|it| Condition::Not(Box::new(it))),
        clause => Some(clause),
    }
}

fn whole(mut parts: Vec<Condition>, group: fn(Vec<Condition>) -> Condition) -> Option<Condition> {
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(group(parts)),
    }
}

fn added(condition: Condition, place: &[usize], clause: Condition) -> Condition {
    let Some((first, deeper)) = place.split_first() else {
        return match condition {
            Condition::All(mut parts) => {
                parts.push(clause);
                Condition::All(parts)
            }
            Condition::Any(mut parts) => {
                parts.push(clause);
                Condition::Any(parts)
            }
            Condition::NoneOf(mut parts) => {
                parts.push(clause);
                Condition::NoneOf(parts)
            }
            one => Condition::All(vec![one, clause]),
        };
    };
    match condition {
        Condition::All(parts) => Condition::All(added_in(parts, *first, deeper, clause)),
        Condition::Any(parts) => Condition::Any(added_in(parts, *first, deeper, clause)),
        Condition::NoneOf(parts) => Condition::NoneOf(added_in(parts, *first, deeper, clause)),
        Condition::Not(part) => Condition::Not(Box::new(added(*part, deeper, clause))),
        other => other,
    }
}

fn added_in(
    mut parts: Vec<Condition>,
    first: usize,
    deeper: &[usize],
    clause: Condition,
) -> Vec<Condition> {
    if first < parts.len() {
        let part = parts.remove(first);
        parts.insert(first, added(part, deeper, clause));
    }
    parts
}

/// The lines of `before` that `after` lacks, and those it has instead: what is left beside their longest
/// common run of lines in order.
fn differing(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    let mut longest = vec![vec![0_usize; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            longest[i][j] = if before[i] == after[j] {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == after.len() || (i < before.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            removed.push(before[i].to_owned());
            i += 1;
        } else {
            added.push(after[j].to_owned());
            j += 1;
        }
    }
    (removed, added)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "ordered at least 1 time and any of (is suppressed, has an email address)";

    fn after(rule: &str, edit: Edit) -> Option<String> {
        edited(parse(rule).ok(), edit).map(|it| it.to_string())
    }

    fn remove(text: &str) -> Option<String> {
        after(RULE, Edit::Remove { place: place(text).unwrap() })
    }

    fn add(rule: &str, text: &str) -> Option<String> {
        let clause = parse("everyone").unwrap();
        after(rule, Edit::Add { place: place(text).unwrap(), clause })
    }

    #[test]
    fn a_part_is_removed_where_its_button_stands() {
        let all = "ordered at least 1 time";
        assert_eq!(remove("1").as_deref(), Some(all));
        assert_eq!(remove("1.0").unwrap(), format!("{all} and has an email address"));
        assert_eq!(remove("all"), None);
        assert_eq!(remove("7").unwrap(), RULE, "a place there is not");
        assert_eq!(after("is suppressed", Edit::Remove { place: Vec::new() }), None);
    }

    #[test]
    fn a_part_is_added_to_the_group_whose_button_it_was() {
        assert_eq!(add(RULE, "top").unwrap(), format!("{RULE} and everyone"));
        let inside = RULE.replace("address)", "address, everyone)");
        assert_eq!(add(RULE, "1").unwrap(), inside);
        assert_eq!(add("", "").unwrap(), "everyone", "the first");
        assert_eq!(add("is suppressed", "top").unwrap(), "is suppressed and everyone");
    }

    #[test]
    fn every_condition_that_is_offered_can_be_read() {
        for it in crate::console::segment::CLAUSE_IDEAS {
            let condition = parse(it).unwrap_or_else(|why| panic!("{it}: {why}"));
            assert_eq!(condition.to_string(), it, "as it is printed");
        }
    }

    #[test]
    fn the_lines_that_differ_are_shown() {
        let (removed, added) = differing("a\nb\nc\n", "a\nx\nc\nd\n");
        assert_eq!((removed, added), (vec!["b".to_owned()], vec!["x".to_owned(), "d".to_owned()]));
    }

    #[test]
    fn the_word_that_cannot_be_read_is_cut_out_of_its_line() {
        let text = "customers who\n  ordered at lest 1 time";
        let shown = error(text, &parse(text).unwrap_err());
        assert_eq!(shown.line, 2);
        let line = format!("{}{}{}", shown.before, shown.wrong, shown.after);
        assert_eq!(line, "  ordered at lest 1 time");
        assert!(!shown.wrong.is_empty(), "{shown:?}");
        assert!(shown.text.ends_with("did you mean `least`?"), "{}", shown.text);
        let end = error("ordered at", &parse("ordered at").unwrap_err());
        assert_eq!(end.line, 1);
    }
}
