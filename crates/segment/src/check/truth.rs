//! What follows from the form of a condition alone: that nobody can meet it, or that everybody must.
//!
//! It errs to one side: what is said here is so, and much that is so is not said.

use std::borrow::Cow;

use super::{
    apart::{
        RATINGS, apart, cover, deed_is_never, is_among, is_part, minor, negated, products_are_none,
        touches, within,
    },
    deeds, window_of,
};
use crate::{Age, Anchor, Condition, Count, Deed, Filter, Limit, Pick, Said, Statistic, Window};

/// Whether a condition can be answered without looking at anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Never,
    Always,
    Depends,
}

impl Truth {
    pub(super) fn of(condition: &Condition) -> Self {
        match condition {
            Condition::Not(part) => Self::of(part).turned(),
            Condition::All(parts) => Self::of_all(parts),
            Condition::Any(parts) => Self::of_any(parts),
            Condition::NoneOf(parts) => Self::of_any(parts).turned(),
            clause if fault(clause).is_some() => Self::Never,
            _ => Self::Depends,
        }
    }

    fn of_all(parts: &[Condition]) -> Self {
        let flat = flat(parts, true);
        let truths: Vec<Self> = flat.iter().map(|it| Self::of(it)).collect();
        if truths.contains(&Self::Never) || first_pair(&flat, excludes).is_some() {
            return Self::Never;
        }
        if truths.iter().all(|it| *it == Self::Always) { Self::Always } else { Self::Depends }
    }

    fn of_any(parts: &[Condition]) -> Self {
        let flat = flat(parts, false);
        let truths: Vec<Self> = flat.iter().map(|it| Self::of(it)).collect();
        if truths.contains(&Self::Always) || first_pair(&flat, exhausts).is_some() {
            return Self::Always;
        }
        if truths.iter().all(|it| *it == Self::Never) { Self::Never } else { Self::Depends }
    }

    fn turned(self) -> Self {
        match self {
            Self::Never => Self::Always,
            Self::Always => Self::Never,
            Self::Depends => Self::Depends,
        }
    }
}

/// The parts of a group, those of groups of the same kind within it in their place.
fn flat<'c>(parts: &'c [Condition], is_all: bool) -> Vec<&'c Condition> {
    let inside = |it: &'c Condition| match it {
        Condition::All(parts) if is_all => flat(parts, is_all),
        Condition::Any(parts) if !is_all => flat(parts, is_all),
        other => vec![other],
    };
    parts.iter().flat_map(inside).collect()
}

fn first_pair<'c>(
    parts: &[&'c Condition],
    is_it: fn(&Condition, &Condition) -> bool,
) -> Option<(&'c Condition, &'c Condition)> {
    parts.iter().enumerate().find_map(|(index, one)| {
        let other = parts[index + 1..].iter().find(|other| is_it(one, other))?;
        Some((*one, *other))
    })
}

/// What parts of a group say against one another.
pub(super) fn contradictions(group: &Condition) -> Vec<String> {
    let found = match group {
        Condition::All(parts) => first_pair(&flat(parts, true), excludes).map(|(one, other)| {
            format!("`{one}` and `{other}` exclude each other; remove one, or join them by `or`")
        }),
        Condition::Any(parts) => first_pair(&flat(parts, false), exhausts).map(|(one, other)| {
            format!("every customer meets `{one}` or `{other}`; remove one, or join them by `and`")
        }),
        Condition::NoneOf(parts) if parts.is_empty() => {
            Some("every customer meets a group of nothing; put conditions into it".to_owned())
        }
        _ => None,
    };
    found.into_iter().collect()
}

/// Why a clause can be true of nobody.
pub(super) fn fault(clause: &Condition) -> Option<String> {
    let never = |what: &str| Some(format!("{what}, so this is true of nobody"));
    match clause {
        Condition::Score { limit, .. } if !touches(*limit, SCORES) => {
            return never("scores are from 1 to 5");
        }
        Condition::ChanceGone(limit) if !touches(*limit, CHANCES) => {
            return never("a chance is from 0 to 100 %");
        }
        Condition::Worth { bound: Limit::Below(amount), .. } if amount.minor() == 0 => {
            return never("no order is worth less than nothing");
        }
        Condition::DueAgain { products, .. } => {
            return products_are_none(products).and_then(never);
        }
        _ => {}
    }
    let anchor = window_of(clause).and_then(anchor_of);
    if let Some(one) = anchor.and_then(|it| deed_is_never(&it.deed)) {
        return never(&one);
    }
    let (deed, window) = asked_for(clause)?;
    if let Some(one) = deed_is_never(deed) {
        return never(&one);
    }
    match window? {
        Window::After(Anchor { pick: Pick::Last, deed: last }) if is_part(deed, last) => {
            never("nothing of the kind was done since it was last done")
        }
        Window::Until(Anchor { pick: Pick::First, deed: first }) if is_part(deed, first) => {
            never("nothing of the kind was done before it was first done")
        }
        _ => None,
    }
}

/// Why a limit of a clause leaves nobody out.
pub(super) fn idle(clause: &Condition) -> Option<String> {
    let idle = |limit, range, what: &str| {
        let is_idle = !touches(negated(limit), range);
        is_idle
            .then(|| format!("{what}, so every one of them will do; ask for more, or leave it out"))
    };
    match clause {
        Condition::Score { limit, .. } => idle(*limit, SCORES, "scores are from 1 to 5"),
        Condition::ChanceGone(limit) => idle(*limit, CHANCES, "a chance is from 0 to 100 %"),
        _ => deeds(clause).iter().flat_map(|it| &it.filters).find_map(|it| match it {
            Filter::Rating(limit) => idle(*limit, RATINGS, "ratings are from 1 to 5"),
            _ => None,
        }),
    }
}

const SCORES: (i32, i32) = (1, 5);
const CHANCES: (i32, i32) = (0, 100);

fn anchor_of(window: &Window) -> Option<&Anchor> {
    match window {
        Window::After(anchor) | Window::Until(anchor) => Some(anchor),
        _ => None,
    }
}

/// The deed without which a clause is false, and the window it must lie in if it has one.
fn asked_for(clause: &Condition) -> Option<(&Deed, Option<&Window>)> {
    match clause {
        Condition::Did { deed, count, window } if counts(*count).0 > 0 => {
            Some((deed, Some(window)))
        }
        Condition::Recency { deed, .. } => Some((deed, None)),
        Condition::Sequence { first, window, .. } => Some((first, Some(window))),
        // The total of nothing is 0.
        Condition::Figure { statistic, deed, window, .. } if *statistic != Statistic::Total => {
            Some((deed, Some(window)))
        }
        _ => None,
    }
}

/// A deed that a customer who meets a condition has done, so many times within a window.
struct Done<'c> {
    deed: Cow<'c, Deed>,
    least: u32,
    window: Cow<'c, Window>,
}

impl<'c> Done<'c> {
    fn of(condition: &'c Condition) -> Vec<Self> {
        let done =
            |deed: &'c Deed, least, window| Self { deed: Cow::Borrowed(deed), least, window };
        let ever = || Cow::Owned(Window::Ever);
        let anchor = window_of(condition).and_then(anchor_of).map(|it| &*it.deed);
        let mut all: Vec<Self> = Vec::new();
        // What is compared with the customer's own products is counted of buyers alone, but its
        // instant is told of anybody.
        let at = |deed: &'c Deed, window| (!asks_of_owned(deed)).then(|| done(deed, 1, window));
        all.extend(anchor.and_then(|it| at(it, ever())));
        let is_of_buyers = match condition {
            Condition::Did { deed, count, window } => {
                let least = counts(*count).0;
                all.extend((least > 0).then(|| done(deed, least, Cow::Borrowed(window))));
                asks_of_owned(deed)
            }
            Condition::Recency { deed, age, .. } => {
                let window = match age {
                    Age::LessThan(span) => Cow::Owned(Window::Last(*span)),
                    Age::AtLeast(_) => ever(),
                };
                all.extend(at(deed, window));
                false
            }
            Condition::Sequence { first, window, is_followed, then, .. } => {
                all.push(done(first, 1, Cow::Borrowed(window)));
                all.extend(is_followed.then(|| done(then, 1, ever())));
                asks_of_owned(first) || asks_of_owned(then)
            }
            Condition::Figure { statistic, deed, window, .. } => {
                let is_of_none = *statistic == Statistic::Total;
                all.extend((!is_of_none).then(|| done(deed, 1, Cow::Borrowed(window))));
                asks_of_owned(deed)
            }
            Condition::Worth { .. }
            | Condition::Score { .. }
            | Condition::ExpectedOrders { .. }
            | Condition::ExpectedSpend { .. }
            | Condition::NextOrder { .. }
            | Condition::DueAgain { .. }
            | Condition::ChanceGone(_) => true,
            _ => false,
        };
        let ordered = || Self { deed: Cow::Owned(Deed::ordered()), least: 1, window: ever() };
        all.extend(is_of_buyers.then(ordered));
        all
    }
}

fn asks_of_owned(deed: &Deed) -> bool {
    deed.act.product_tests().iter().any(crate::ProductTest::asks_of_owned)
}

/// Whether nobody can meet both.
fn excludes(one: &Condition, other: &Condition) -> bool {
    match (one, other) {
        // One group is opened at a time, so that each pair of clauses is looked at once.
        (Condition::Any(parts), it) | (it, Condition::Any(parts)) => {
            !parts.is_empty() && parts.iter().all(|part| excludes(part, it))
        }
        (Condition::All(parts), it) | (it, Condition::All(parts)) => {
            parts.iter().any(|part| excludes(part, it))
        }
        (Condition::Not(a), Condition::Not(b)) => {
            implies(other, a) || implies(one, b) || exhausts(a, b)
        }
        _ => excludes_so(one, other) || excludes_so(other, one),
    }
}

fn excludes_so(one: &Condition, other: &Condition) -> bool {
    match (one, other) {
        (Condition::Not(part), other) => implies(other, part),
        (Condition::NoneOf(parts), other) => parts.iter().any(|it| implies(other, it)),
        (
            Condition::Recency { pick: Pick::Last, deed: a, age: Age::AtLeast(old) },
            Condition::Did { deed: b, count, window: Window::Last(span) },
        ) => is_part(b, a) && span.as_ms() <= old.as_ms() && counts(*count).0 > 0,
        (Condition::Did { deed, count, window }, other) => {
            let Some(most) = counts(*count).1 else { return false };
            let is_more = |it: &Done<'_>| {
                most < it.least && is_part(&it.deed, deed) && holds(window, &it.window)
            };
            Done::of(other).iter().any(is_more)
        }
        (Condition::Spent { bound: a, window: x }, Condition::Spent { bound: b, window: y }) => {
            x == y && apart(minor(*a), minor(*b))
        }
        (Condition::Worth { of: x, bound: a }, Condition::Worth { of: y, bound: b }) => {
            x == y && apart(minor(*a), minor(*b))
        }
        (Condition::Score { of: x, limit: a }, Condition::Score { of: y, limit: b }) => {
            x == y && apart(*a, *b)
        }
        (Condition::ChanceGone(a), Condition::ChanceGone(b)) => apart(*a, *b),
        (Condition::Fact { fact: x, is: a }, Condition::Fact { fact: y, is: b }) => {
            x == y && !a.names().iter().any(|it| b.any_folded(|other| other == it.folded()))
        }
        (
            Condition::Recency { pick: x, deed: a, age: Age::AtLeast(old) },
            Condition::Recency { pick: y, deed: b, age: Age::LessThan(young) },
        ) => x == y && a == b && young.as_ms() <= old.as_ms(),
        (Condition::Consent { topic: x, said: a }, Condition::Consent { topic: y, said: b }) => {
            x == y && said_apart(*a, *b)
        }
        _ => false,
    }
}

/// Whether everybody meets one of them.
fn exhausts(one: &Condition, other: &Condition) -> bool {
    match (one, other) {
        (Condition::Not(a), Condition::Not(b)) => excludes(a, b),
        _ => exhausts_so(one, other) || exhausts_so(other, one),
    }
}

fn exhausts_so(one: &Condition, other: &Condition) -> bool {
    match (one, other) {
        (Condition::Not(part), other) => implies(part, other),
        (
            Condition::Did { deed: a, count: few, window: x },
            Condition::Did { deed: b, count: many, window: y },
        ) => {
            let is_open = |count: &Count| counts(*count).1.is_none();
            let reaches = counts(*few).1.is_some_and(|it| it.saturating_add(1) >= counts(*many).0);
            let from_none = counts(*few).0 == 0;
            let is_same = a == b && x == y && is_for_all(x) && !asks_of_owned(a);
            is_same && is_open(many) && from_none && reaches
        }
        (Condition::Spent { bound: a, window: x }, Condition::Spent { bound: b, window: y }) => {
            x == y && is_for_all(x) && cover(minor(*a), minor(*b))
        }
        _ => false,
    }
}

/// Whether whoever meets one meets the other.
fn implies(one: &Condition, other: &Condition) -> bool {
    if one == other {
        return true;
    }
    match (one, other) {
        (Condition::Any(parts), other) => {
            !parts.is_empty() && parts.iter().all(|it| implies(it, other))
        }
        (one, Condition::All(parts)) => parts.iter().all(|it| implies(one, it)),
        (one, Condition::Any(parts)) => parts.iter().any(|it| implies(one, it)),
        (Condition::All(parts), other) => parts.iter().any(|it| implies(it, other)),
        (one, Condition::Did { deed, count: Count::AtLeast(least), window }) => {
            let is_enough = |it: &Done<'_>| {
                least.get() <= it.least && is_part(&it.deed, deed) && holds(window, &it.window)
            };
            Done::of(one).iter().any(is_enough)
        }
        (Condition::Spent { bound: a, window: x }, Condition::Spent { bound: b, window: y }) => {
            x == y && within(minor(*a), minor(*b))
        }
        (Condition::Worth { of: x, bound: a }, Condition::Worth { of: y, bound: b }) => {
            x == y && within(minor(*a), minor(*b))
        }
        (Condition::Score { of: x, limit: a }, Condition::Score { of: y, limit: b }) => {
            x == y && within(*a, *b)
        }
        (Condition::ChanceGone(a), Condition::ChanceGone(b)) => within(*a, *b),
        (Condition::Fact { fact: x, is: a }, Condition::Fact { fact: y, is: b }) => {
            x == y && is_among(a, b)
        }
        (Condition::IsOnList(a), Condition::IsOnList(b))
        | (Condition::IsInSegment(a), Condition::IsInSegment(b)) => is_among(a, b),
        _ => false,
    }
}

/// Whether there is such a time for everybody. Windows that hang on a deed are no time at all for
/// whoever has not done it.
fn is_for_all(window: &Window) -> bool {
    !matches!(window, Window::After(_) | Window::Until(_) | Window::SinceEntry)
}

/// The fewest and the most times; `None` for no upper end.
fn counts(count: Count) -> (u32, Option<u32>) {
    match count {
        Count::AtLeast(least) => (least.get(), None),
        Count::AtMost(most) => (0, Some(most)),
        Count::Exactly(exactly) => (exactly, Some(exactly)),
    }
}

/// Whether all that lies in `narrow` lies in `wide`.
fn holds(wide: &Window, narrow: &Window) -> bool {
    match (wide, narrow) {
        (Window::Ever, _) => true,
        (Window::Last(wide), Window::Last(narrow)) => wide.as_ms() >= narrow.as_ms(),
        (Window::Last(wide), Window::Ago(narrow)) => wide.as_ms() >= narrow.far().as_ms(),
        (wide, narrow) => wide == narrow,
    }
}

fn said_apart(one: Said, other: Said) -> bool {
    let kind = |it| match it {
        Said::Yes | Said::YesByOptIn | Said::YesByDoubleOptIn | Said::YesBySoftOptIn => 0,
        Said::No => 1,
        Said::Nothing => 2,
    };
    let is_both_by = one != Said::Yes && other != Said::Yes;
    kind(one) != kind(other) || (kind(one) == 0 && is_both_by && one != other)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{
        evaluate, parse,
        samples::{LAW_CASES, NOW, any_condition, any_sample},
    };

    /// Clauses that say much of one another.
    const CLAUSES: [&str; 32] = [
        "ordered at least 1 time",
        "ordered at least 2 times in the last 30 days",
        "ordered 0 times in the last 60 days",
        "ordered at most 1 time",
        "ordered at least 1 time since their last order",
        "ordered 0 times since their first order",
        "bought a product in category \"Kettles\"",
        "bought a product in category \"Kettles\" 0 times",
        "bought a product in category \"Kettles\" not in category \"Kettles\"",
        "bought a product in category \"Kettles\" in category \"Textiles\"",
        "bought a product where amount is at least 50 EUR",
        "viewed a product",
        "viewed a product 0 times before they first viewed a product",
        "viewed a product not related to their last order",
        "viewed a product not related to their last order 0 times",
        "last viewed a product not related to their last order less than 30 days ago",
        "viewed a product since they last viewed a product in category \"Kettles\"",
        "last order was at least 30 days ago",
        "last order was less than 60 days ago",
        "last viewed a product less than 10 days ago",
        "spent at least 30 EUR",
        "spent less than 30 EUR",
        "spent at most 29.99 EUR",
        "spent at most 0 EUR since their last order",
        "last order is worth at least 30 EUR",
        "recency score is at least 3",
        "recency score is less than 3",
        "chance to be gone is at least 0 %",
        "total amount when they ordered is at most 0 EUR",
        "largest quantity when they ordered is at least 0",
        "viewed a product and then within 2 days ordered",
        "reviewed a product where rating is at least 5 and rating is less than 3",
    ];

    fn any_related() -> impl Strategy<Value = Condition> {
        let clause = (0..CLAUSES.len()).prop_map(|it| parse(CLAUSES[it]).unwrap());
        let clause = prop_oneof![8 => clause, 1 => any_condition()].boxed();
        clause.prop_recursive(3, 8, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 2..4).prop_map(Condition::All),
                vec(inner.clone(), 2..4).prop_map(Condition::Any),
                vec(inner.clone(), 0..3).prop_map(Condition::NoneOf),
                inner.prop_map(|it| Condition::Not(Box::new(it))),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(LAW_CASES))]

        #[test]
        fn what_is_said_without_looking_is_so_of_everybody(
            sample in any_sample(), it in any_related(),
        ) {
            let is_met = sample.ask(|subject| evaluate(&it, subject, NOW));
            match Truth::of(&it) {
                Truth::Never => prop_assert!(!is_met, "{it} is called impossible"),
                Truth::Always => prop_assert!(is_met, "{it} is called true of everybody"),
                Truth::Depends => {}
            }
        }
    }

    #[test]
    fn groups_in_groups_take_no_time() {
        let deep = |inner: &str| {
            let text = format!("{}{inner}{}", "all of (any of (".repeat(14), "))".repeat(14));
            parse(&text).unwrap()
        };
        let both = Condition::All(vec![deep("ordered once"), deep("ordered 0 times")]);
        assert_eq!(Truth::of(&both), Truth::Never);
        let nots = |word: &str| parse(&format!("{}{word}", "not ".repeat(30))).unwrap();
        let both = Condition::All(vec![nots("is suppressed"), nots("has an email address")]);
        assert_eq!(Truth::of(&both), Truth::Depends);
    }
}
