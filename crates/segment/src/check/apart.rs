//! What deeds and limits have to do with one another: one part of another, or never both.

use std::cmp::Ordering;

use crate::{Act, AmountBound, Deed, Filter, Limit, Number, ProductTest, ValueTest, Words};

/// Stars of a review.
pub(super) const RATINGS: (i32, i32) = (1, 5);

/// Whether everything that is the one deed is the other too.
pub(super) fn is_part(one: &Deed, whole: &Deed) -> bool {
    if one.act == whole.act {
        return whole.filters.iter().all(|it| one.filters.contains(it));
    }
    whole.filters.is_empty() && is_part_of_act(&one.act, &whole.act)
}

fn is_part_of_act(one: &Act, whole: &Act) -> bool {
    if one.row_kind() != whole.row_kind() {
        return false;
    }
    match whole {
        Act::Ordered => true,
        Act::Bought(tests)
        | Act::Viewed(tests)
        | Act::Clicked(tests)
        | Act::AddedToCart(tests)
        | Act::Reviewed(tests) => {
            std::mem::discriminant(one) == std::mem::discriminant(whole)
                && tests.iter().all(|it| one.product_tests().contains(it))
        }
        _ => whole.emails().is_some_and(crate::Emails::is_any),
    }
}

/// Why no product meets all of the tests: two of them exclude each other.
pub(super) fn products_are_none(tests: &[crate::ProductTest]) -> Option<&'static str> {
    first_pair(tests, tests_apart).map(|_| "no product is all of this at once")
}

/// Why a deed is never done: a rating there is not, or tests or filters that exclude each other.
pub(super) fn deed_is_never(deed: &Deed) -> Option<String> {
    if let Some(one) = products_are_none(deed.act.product_tests()) {
        return Some(one.to_owned());
    }
    let is_out = |it: &Filter| matches!(it, Filter::Rating(limit) if !touches(*limit, RATINGS));
    if deed.filters.iter().any(is_out) {
        return Some("ratings are from 1 to 5".to_owned());
    }
    let what = match first_pair(&deed.filters, filters_apart)?.0 {
        Filter::Quantity(_) => "quantity".to_owned(),
        Filter::Amount(_) => "amount".to_owned(),
        Filter::Rating(_) => "rating".to_owned(),
        Filter::Coupon(_) => "coupon".to_owned(),
        Filter::Property { name, .. } => format!("`{}`", name.as_str()),
    };
    Some(format!("no {what} is all of this at once"))
}

fn first_pair<T>(parts: &[T], is_it: fn(&T, &T) -> bool) -> Option<(&T, &T)> {
    parts.iter().enumerate().find_map(|(index, one)| {
        let other = parts[index + 1..].iter().find(|other| is_it(one, other))?;
        Some((one, other))
    })
}

/// Whether no product meets both. A product has one category, kind, brand, name, code and price, and
/// any number of tags.
fn tests_apart(one: &ProductTest, other: &ProductTest) -> bool {
    use ProductTest::{Coded, InCategory, Named, Not, OfBrand, OfKind, Priced};

    match (one, other) {
        (Not(test), it) | (it, Not(test)) if test_implies(it, test) => true,
        (InCategory(a), InCategory(b))
        | (OfKind(a), OfKind(b))
        | (OfBrand(a), OfBrand(b))
        | (Named(a), Named(b))
        | (Coded(a), Coded(b)) => !shares(a, b),
        (Priced(a), Priced(b)) => apart(minor(*a), minor(*b)),
        _ => false,
    }
}

/// Whether every product that meets one meets the other.
fn test_implies(one: &ProductTest, other: &ProductTest) -> bool {
    use ProductTest::{Coded, InCategory, Named, OfBrand, OfKind, Priced, Tagged};

    match (one, other) {
        (InCategory(a), InCategory(b))
        | (OfKind(a), OfKind(b))
        | (OfBrand(a), OfBrand(b))
        | (Tagged(a), Tagged(b))
        | (Named(a), Named(b))
        | (Coded(a), Coded(b)) => is_among(a, b),
        (Priced(a), Priced(b)) => within(minor(*a), minor(*b)),
        (one, other) => one == other,
    }
}

fn filters_apart(one: &Filter, other: &Filter) -> bool {
    match (one, other) {
        (Filter::Quantity(a), Filter::Quantity(b)) | (Filter::Rating(a), Filter::Rating(b)) => {
            apart(*a, *b)
        }
        (Filter::Amount(a), Filter::Amount(b)) => apart(minor(*a), minor(*b)),
        (Filter::Coupon(a), Filter::Coupon(b)) => values_apart(a, b),
        (Filter::Property { name: x, is: a }, Filter::Property { name: y, is: b }) => {
            x.folded() == y.folded() && values_apart(a, b)
        }
        _ => false,
    }
}

/// Of a property, which is never a list.
fn values_apart(one: &ValueTest, other: &ValueTest) -> bool {
    match (one, other) {
        (ValueTest::IsNotSet, it) | (it, ValueTest::IsNotSet) => *it != ValueTest::IsNotSet,
        (ValueTest::Number(a), ValueTest::Number(b)) => apart(*a, *b),
        (ValueTest::Text(a), ValueTest::Text(b)) => !shares(a, b),
        (ValueTest::IsTrue, ValueTest::IsFalse) | (ValueTest::IsFalse, ValueTest::IsTrue) => true,
        _ => false,
    }
}

fn shares(one: &Words, other: &Words) -> bool {
    one.names().iter().any(|it| other.any_folded(|other| other == it.folded()))
}

/// Whether each of the few names is one of the many.
pub(super) fn is_among(few: &Words, many: &Words) -> bool {
    few.names().iter().all(|it| many.any_folded(|other| other == it.folded()))
}

/// In minor units.
pub(super) fn minor(bound: AmountBound) -> Limit<i64> {
    whole(bound.map(|it| it.minor()))
}

/// The same of whole numbers, its end within it.
fn whole(limit: Limit<i64>) -> Limit<i64> {
    match limit {
        Limit::Above(it) => Limit::AtLeast(it.saturating_add(1)),
        Limit::Below(it) => Limit::AtMost(it.saturating_sub(1)),
        other => other,
    }
}

/// What every value meets that does not meet the limit.
pub(super) fn negated<T>(limit: Limit<T>) -> Limit<T> {
    match limit {
        Limit::AtLeast(it) => Limit::Below(it),
        Limit::AtMost(it) => Limit::Above(it),
        Limit::Above(it) => Limit::AtMost(it),
        Limit::Below(it) => Limit::AtLeast(it),
        Limit::Is(it) => Limit::IsNot(it),
        Limit::IsNot(it) => Limit::Is(it),
    }
}

/// Whether every value that meets one limit meets the other.
pub(super) fn within<T: Copy + PartialOrd>(one: Limit<T>, other: Limit<T>) -> bool {
    apart(one, negated(other))
}

/// Whether every whole number meets one of the limits.
pub(super) fn cover(one: Limit<i64>, other: Limit<i64>) -> bool {
    apart(whole(negated(one)), whole(negated(other)))
}

/// Whether no value meets both limits.
pub(super) fn apart<T: Copy + PartialOrd>(one: Limit<T>, other: Limit<T>) -> bool {
    let below = |low: Limit<T>, high: Limit<T>| {
        if let (Limit::Is(a), Limit::IsNot(b)) = (low, high) {
            return a == b;
        }
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

/// Whether a number of the range, its ends within it, can meet the limit.
pub(super) fn touches(limit: Limit<Number>, (least, most): (i32, i32)) -> bool {
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
