//! Leaks: where a flow loses customers between two steps towards an order.

use aftercart_model::{CustomerId, StepId};
use serde::Serialize;

use crate::{
    Credit, Figures, MessageRow, Report,
    report::{Tally, by_message},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakKind {
    OpenedNotClicked,
    ClickedNotBought,
    /// Unsubscribed.
    LeftForGood,
}

impl LeakKind {
    pub const ALL: [Self; 3] = [Self::OpenedNotClicked, Self::ClickedNotBought, Self::LeftForGood];

    /// How many were lost, of how many.
    fn loss(self, figures: &Figures) -> (u64, u64) {
        match self {
            Self::OpenedNotClicked => (figures.opened_not_clicked, figures.opened),
            Self::ClickedNotBought => (figures.clicked_not_converted, figures.clicked),
            Self::LeftForGood => (figures.unsubscribed, figures.customers_delivered),
        }
    }
}

/// The step that loses most customers in one way; customers are counted once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leak {
    pub kind: LeakKind,
    pub step: StepId,
    pub lost: u64,
    /// How many could be lost there: those who opened, clicked, were delivered to.
    pub of: u64,
    /// The least and the largest share lost at the other steps.
    pub elsewhere: Option<(f64, f64)>,
}

impl Leak {
    pub fn share(&self) -> f64 {
        self.lost as f64 / self.of as f64
    }
}

/// For each kind the step that loses most customers that way; of equals the earlier. None where
/// nobody was lost.
pub fn leaks(report: &Report) -> Vec<Leak> {
    LeakKind::ALL.into_iter().filter_map(|kind| worst(report, kind)).collect()
}

/// The customers behind a leak, by id: those whom `step` lost in this way.
pub fn lost_customers(
    messages: &[MessageRow],
    credits: &[Credit],
    step: &StepId,
    kind: LeakKind,
) -> Vec<CustomerId> {
    let credited = by_message(credits);
    let mut tally = Tally::default();
    for message in messages.iter().filter(|it| it.step == *step) {
        let own = credited.get(&message.message).map_or(&[][..], Vec::as_slice);
        tally.count(message, own);
    }
    let lost = tally.readers.iter().filter(|(_, reader)| reader.is_lost(kind));
    lost.map(|(customer, _)| *customer).collect()
}

fn worst(report: &Report, kind: LeakKind) -> Option<Leak> {
    let losses: Vec<(u64, u64)> = report.steps.iter().map(|it| kind.loss(&it.figures)).collect();
    let most = losses.iter().map(|(lost, _)| *lost).max().filter(|it| *it > 0)?;
    let place = losses.iter().position(|(lost, _)| *lost == most)?;
    let others = losses.iter().enumerate().filter(|(at, (_, of))| *at != place && *of > 0);
    let shares: Vec<f64> = others.map(|(_, (lost, of))| *lost as f64 / *of as f64).collect();
    let least = shares.iter().copied().min_by(f64::total_cmp);
    let largest = shares.iter().copied().max_by(f64::total_cmp);
    Some(Leak {
        kind,
        step: report.steps[place].step.clone(),
        lost: most,
        of: losses[place].1,
        elsewhere: least.zip(largest),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use crate::{Credit, report, samples::*};

    #[test]
    fn the_worst_step_of_each_kind_is_named() {
        let mut messages = Vec::new();
        for number in 0..10 {
            let mut opened = message(number, number, "offer", 0);
            opened.touches.opened_at = Some(at(1));
            messages.push(opened);
        }
        for number in 10..14 {
            messages.push(clicked(number, number, "discount", 0));
        }
        for number in 20..25 {
            let mut nudge = message(number, number, "nudge", 0);
            nudge.touches.unsubscribed_at = (number < 22).then(|| at(2));
            messages.push(nudge);
        }
        let credits: Vec<Credit> =
            crate::attribute(&messages, &[order(1, 10, 3, 100)], crate::Window::default());
        let found = leaks(&report(&messages, &credits, &steps()));
        let leak =
            |kind, name, lost, of, elsewhere| Leak { kind, step: step(name), lost, of, elsewhere };
        let expected = [
            leak(LeakKind::OpenedNotClicked, "offer", 10, 10, Some((0.0, 0.0))),
            leak(LeakKind::ClickedNotBought, "discount", 3, 4, None),
            leak(LeakKind::LeftForGood, "nudge", 2, 5, Some((0.0, 0.0))),
        ];
        assert_eq!(found, expected);
        assert_eq!(found[1].share(), 0.75);
    }

    proptest! {
        #[test]
        fn behind_a_leak_stand_as_many_as_it_counts(
            messages in any_messages(), orders in any_orders(),
        ) {
            let credits = crate::attribute(&messages, &orders, crate::Window::default());
            for leak in leaks(&report(&messages, &credits, &steps())) {
                let lost = lost_customers(&messages, &credits, &leak.step, leak.kind);
                prop_assert_eq!(lost.len() as u64, leak.lost);
                prop_assert!(lost.is_sorted(), "so that a page can go on behind one of them");
            }
        }
    }

    #[test]
    fn nothing_lost_is_no_leak() {
        assert_eq!(leaks(&report(&[message(1, 1, "offer", 0)], &[], &steps())), []);
    }
}
