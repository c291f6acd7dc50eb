//! Second orders day by day: those the flow was offered to beside those held out.

use aftercart_model::Timestamp;
use jiff::SignedDuration;
use serde::Serialize;

use crate::{
    EnrolmentRow, OrderRow,
    lift::{Purchases, first_entries},
};

/// Shares of customers who had ordered again by each day after entering: at `[0]` nobody, at `[n]`
/// those who did within `n` days. Empty where nobody is on that side.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Curves {
    /// Of everybody not held out, mailed or not.
    pub offered: Vec<f64>,
    pub held_out: Vec<f64>,
    pub offered_customers: u64,
    pub held_out_customers: u64,
}

/// The curves over `days` days, of everybody who entered at least so long before `now`; the same
/// customers as in [`crate::lift`] with that horizon, and the same ends.
pub fn curves(
    enrolments: &[EnrolmentRow],
    orders: &[OrderRow],
    days: u32,
    now: Timestamp,
) -> Curves {
    let horizon = day(days);
    let purchases = Purchases::new(orders);
    let entries = first_entries(enrolments);
    let past = entries.into_iter().filter(|it| it.entered_at + horizon <= now);
    let (held_out, offered): (Vec<_>, Vec<_>) = past.partition(|it| it.is_held_out);
    Curves {
        offered: curve(&offered, &purchases, days),
        held_out: curve(&held_out, &purchases, days),
        offered_customers: offered.len() as u64,
        held_out_customers: held_out.len() as u64,
    }
}

fn curve(entries: &[&EnrolmentRow], purchases: &Purchases<'_>, days: u32) -> Vec<f64> {
    if entries.is_empty() {
        return Vec::new();
    }
    let mut ordered = vec![0_u64; days as usize + 1];
    for entry in entries {
        let Some(first) = purchases.after(entry).next() else { continue };
        let waited = first.placed_at.duration_since(entry.entered_at);
        // Half-open: an order exactly one day later belongs to the second day.
        let day = waited.as_hours() / 24 + 1;
        if let Some(count) = usize::try_from(day).ok().and_then(|it| ordered.get_mut(it)) {
            *count += 1;
        }
    }
    let mut sum = 0;
    let running = ordered.iter().map(|count| {
        sum += count;
        sum as f64 / entries.len() as f64
    });
    running.collect()
}

fn day(days: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{at, entry, order};

    #[test]
    fn each_customer_rises_the_curve_once_on_their_day() {
        let entries = [
            entry(1, 0, false),
            entry(2, 0, false),
            entry(3, 0, false),
            entry(4, 0, false),
            entry(5, 0, true),
        ];
        let orders = [
            order(1, 1, 0, 100),
            order(2, 1, 30, 100),
            order(3, 2, 24, 100),
            order(4, 3, 72, 100),
            order(5, 5, 47, 100),
        ];
        let found = curves(&entries, &orders, 3, at(100));
        assert_eq!(found.offered, [0.0, 0.25, 0.5, 0.5], "the fourth day is out of sight");
        assert_eq!(found.held_out, [0.0, 0.0, 1.0, 1.0]);
        assert_eq!((found.offered_customers, found.held_out_customers), (4, 1));
        assert_eq!(curves(&entries, &orders, 3, at(71)), Curves::default(), "not yet past");
    }
}
