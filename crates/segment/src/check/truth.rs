//! What follows from the form of a condition alone: that nobody can meet it, or that everybody must.
//!
//! It errs to one side: what is said here is so, and much that is so is not said.

use std::cmp::Ordering;

use crate::{Age, Condition, Count, Limit, Number, Pick, Said, Window};

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
        _ => None,
    };
    found.into_iter().collect()
}

/// Why a clause can be true of nobody.
pub(super) fn fault(clause: &Condition) -> Option<String> {
    let never = |what: &str| Some(format!("{what}, so this is true of nobody"));
    match clause {
        Condition::Score { limit, .. } if !touches(*limit, 1, 5) => never("scores are from 1 to 5"),
        Condition::ChanceGone(limit) if !touches(*limit, 0, 100) => {
            never("a chance is from 0 to 100 %")
        }
        Condition::Worth { bound: Limit::Below(amount), .. } if amount.minor() == 0 => {
            never("no order is worth less than nothing")
        }
        clause => {
            let deeds = super::deeds(clause);
            let mut filters = deeds.iter().flat_map(|it| &it.filters);
            let is_out = filters
                .any(|it| matches!(it, crate::Filter::Rating(limit) if !touches(*limit, 1, 5)));
            if is_out { never("ratings are from 1 to 5") } else { None }
        }
    }
}

/// Whether a number from `least` to `most` can meet the limit.
fn touches(limit: Limit<Number>, least: i32, most: i32) -> bool {
    let (least, most) = (Number::whole(least), Number::whole(most));
    match limit {
        Limit::AtLeast(it) => it <= most,
        Limit::Above(it) => it < most,
        Limit::AtMost(it) => it >= least,
        Limit::Below(it) => it > least,
        Limit::Is(it) => (least..=most).contains(&it),
        Limit::IsNot(_) => true,
    }
}

/// Whether nobody can meet both.
fn excludes(one: &Condition, other: &Condition) -> bool {
    let excludes = |one: &Condition, other: &Condition| match (one, other) {
        (Condition::Not(part), other) => **part == *other,
        (Condition::NoneOf(parts), other) => parts.contains(other),
        (
            Condition::Did { deed: a, count: few, window: wide },
            Condition::Did { deed: b, count: many, window: narrow },
        ) => {
            let most = counts(*few).1;
            a == b && holds(wide, narrow) && most.is_some_and(|it| it < counts(*many).0)
        }
        (Condition::Spent { bound: a, window: x }, Condition::Spent { bound: b, window: y }) => {
            x == y && apart(a.map(|it| it.minor()), b.map(|it| it.minor()))
        }
        (Condition::Worth { of: x, bound: a }, Condition::Worth { of: y, bound: b }) => {
            x == y && apart(a.map(|it| it.minor()), b.map(|it| it.minor()))
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
        (
            Condition::Recency { pick: Pick::Last, deed: a, age: Age::AtLeast(old) },
            Condition::Did { deed: b, count, window: Window::Last(span) },
        ) => a == b && span.as_ms() <= old.as_ms() && counts(*count).0 > 0,
        (Condition::Consent { topic: x, said: a }, Condition::Consent { topic: y, said: b }) => {
            x == y && said_apart(*a, *b)
        }
        _ => false,
    };
    excludes(one, other) || excludes(other, one)
}

/// Whether everybody meets one of them.
fn exhausts(one: &Condition, other: &Condition) -> bool {
    let exhausts = |one: &Condition, other: &Condition| match (one, other) {
        (Condition::Not(part), other) => **part == *other,
        (
            Condition::Did { deed: a, count: few, window: x },
            Condition::Did { deed: b, count: many, window: y },
        ) => {
            // Windows that hang on a deed are no time at all for whoever has not done it.
            let is_for_all = !matches!(x, Window::After(_) | Window::Until(_) | Window::SinceEntry)
                && !a.act.product_tests().iter().any(crate::ProductTest::asks_of_owned);
            let is_open = |count: &Count| counts(*count).1.is_none();
            let reaches = counts(*few).1.is_some_and(|it| it.saturating_add(1) >= counts(*many).0);
            let from_none = counts(*few).0 == 0;
            a == b && x == y && is_for_all && is_open(many) && from_none && reaches
        }
        _ => false,
    };
    exhausts(one, other) || exhausts(other, one)
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

/// Whether no value meets both limits.
fn apart<T: Copy + PartialOrd>(one: Limit<T>, other: Limit<T>) -> bool {
    let below = |low: Limit<T>, high: Limit<T>| {
        let (Limit::AtMost(low_end) | Limit::Below(low_end) | Limit::Is(low_end)) = low else {
            return false;
        };
        let (Limit::AtLeast(high_end) | Limit::Above(high_end) | Limit::Is(high_end)) = high else {
            return false;
        };
        let is_closed = !matches!(low, Limit::Below(_)) && !matches!(high, Limit::Above(_));
        match low_end.partial_cmp(&high_end) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => !is_closed,
            _ => false,
        }
    };
    below(one, other) || below(other, one)
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
