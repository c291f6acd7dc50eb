//! Waits before the four emails, from what was said about time.

/// The default, in days.
pub(crate) const WAITS: [u32; 4] = [2, 3, 3, 2];
/// A wait longer than this between two emails of one sequence is a slip of the pen.
pub(crate) const WAIT_DAYS_MAX: u32 = 60;

/// Waits that end within `total` days, in the proportions of the default; `None` if four emails
/// cannot have a day each. The default itself wherever it fits well.
pub(crate) fn waits_within(total: u32) -> Option<[u32; 4]> {
    if (10..=14).contains(&total) {
        return Some(WAITS);
    }
    if !(4..=4 * WAIT_DAYS_MAX).contains(&total) {
        return None;
    }
    let mut waits = WAITS.map(|it| (it * total / 10).max(1));
    // What rounding left over or took too much goes to, or comes from, the middle first.
    for place in [1, 2, 0, 3].into_iter().cycle() {
        let sum: u32 = waits.iter().sum();
        if sum < total {
            waits[place] += 1;
        } else if sum > total && waits[place] > 1 {
            waits[place] -= 1;
        } else if sum == total {
            break;
        }
    }
    Some(waits)
}

/// `2, 3, 3, 2 days`.
pub(crate) fn in_words(waits: &[u32]) -> String {
    let days: Vec<String> = waits.iter().map(u32::to_string).collect();
    format!("{} days", days.join(", "))
}

/// The coupon is first named with email 2 and last with email 4, and lives at least 5 days.
pub(crate) fn coupon_days_min(waits: [u32; 4]) -> u32 {
    (waits[2] + waits[3]).max(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_come_to_the_days_asked_for() {
        assert_eq!(waits_within(10), Some([2, 3, 3, 2]));
        assert_eq!(waits_within(14), Some([2, 3, 3, 2]), "fits within two weeks");
        assert_eq!(waits_within(7), Some([1, 3, 2, 1]));
        assert_eq!(waits_within(4), Some([1, 1, 1, 1]));
        assert_eq!(waits_within(21), Some([4, 7, 6, 4]));
        assert_eq!(waits_within(3), None);
        for total in (4..10).chain(15..=240) {
            let waits = waits_within(total).unwrap();
            assert_eq!(waits.iter().sum::<u32>(), total);
            assert!(waits.iter().all(|it| *it >= 1));
        }
    }
}
