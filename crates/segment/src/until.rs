//! Until when an answer stays as it is if nothing happens.
//!
//! Time changes an answer when a deed enters or leaves a window that moves, when something reaches
//! an age, when the span of a sequence is over, and once a day for predictions. Those moments are
//! gathered and the evaluator is asked at each in turn, so nothing is reasoned twice.

use jiff::Timestamp;

use crate::{
    BoundCondition, Condition, Evaluator, HistoryKind, Pick, Score, Subject,
    evaluate::{BoundDeed, BoundWindow, Node},
    history::timestamp,
};

/// How many moments are tried. An answer that outlives them is said to stay until the last of them:
/// that is true, and to ask again then costs little.
const MOMENTS_MAX: usize = 2_000;

/// How many days ahead predictions are tried, each of them a moment. One that stays is said to stay
/// until the last of them.
const PREDICTION_DAYS_MAX: i64 = 60;

const DAY_MS: i64 = 24 * 3_600_000;

/// Until when the answer to `condition` stays what it is at `now` if nothing happens: the first
/// moment at which it may be another. `None` if it stays for ever.
///
/// Events that are known already and yet to come are waited for: they change answers by the passing
/// of time alone.
pub fn holds_until(
    condition: &Condition,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Option<Timestamp> {
    let evaluator = Evaluator::new(subject, now);
    let bound = evaluator.bind(condition);
    evaluator.holds_until(&bound)
}

impl Evaluator<'_> {
    /// See [`holds_until`].
    pub fn holds_until(&self, condition: &BoundCondition<'_>) -> Option<Timestamp> {
        self.stays_until(&condition.node)
    }

    pub(crate) fn stays_until(&self, node: &Node<'_>) -> Option<Timestamp> {
        let is_met = self.holds(node);
        let mut tried = 0;
        let mut from_ms = self.now_ms;
        loop {
            // What is yet to come is not looked at before its time.
            let coming = self.subject.history.place_at(from_ms);
            let is_coming = coming < self.subject.history.len();
            let coming_ms = is_coming.then(|| self.subject.history.time_ms(coming));
            let mut moments = Vec::new();
            let seen_until = self.at(timestamp(from_ms)).gather(node, &mut moments);
            let cut_ms = seen_until.filter(|it| coming_ms.is_none_or(|coming| *it < coming));
            moments.extend(cut_ms.or(coming_ms));
            let end_ms = cut_ms.or(coming_ms).unwrap_or(i64::MAX);
            moments.retain(|it| (from_ms + 1..=end_ms).contains(it));
            moments.sort_unstable();
            moments.dedup();
            for moment in &moments {
                let then = timestamp(*moment);
                tried += 1;
                if then == Timestamp::MAX {
                    return None;
                }
                if tried == MOMENTS_MAX || self.at(then).holds(node) != is_met {
                    return Some(then);
                }
            }
            if cut_ms.is_some() {
                return cut_ms.map(timestamp);
            }
            from_ms = coming_ms?;
        }
    }

    /// The moments at which a clause may change its answer; where it predicts, only those as far as
    /// the instant returned.
    fn gather(&self, node: &Node<'_>, moments: &mut Vec<i64>) -> Option<i64> {
        let time_ms = |row| self.history.time_ms(row);
        match node {
            Node::All(parts) | Node::Any(parts) | Node::NoneOf(parts) => {
                return parts.iter().filter_map(|it| self.gather(it, moments)).min();
            }
            Node::Not(part) => return self.gather(part, moments),
            Node::Did { deed, window, .. } | Node::Figure { deed, window, .. } => {
                self.gather_stays(deed, window, moments);
            }
            Node::Recency { pick, deed, age } => {
                let row = self.pick(deed, *pick);
                moments.extend(row.map(|it| time_ms(it).saturating_add(age.span().as_ms())));
            }
            Node::Sequence(sequence) => {
                self.gather_stays(&sequence.first, &sequence.window, moments);
                if !sequence.is_followed {
                    let firsts = self.rows(&sequence.first, 0..self.history.len());
                    moments.extend(firsts.map(|it| time_ms(it).saturating_add(sequence.within_ms)));
                }
            }
            Node::Spent { window, .. } => {
                let kinds = self.history.kinds();
                let is_money = |it: &usize| {
                    let kind = kinds[*it];
                    kind == HistoryKind::Order.number()
                        || kind == HistoryKind::OrderRefunded.number()
                };
                let rows = (0..self.history.len()).filter(is_money);
                let stays = rows.filter_map(|it| self.stay_ms(window, time_ms(it)));
                moments.extend(stays.flat_map(|(enters, leaves)| [enters, leaves]));
            }
            Node::Score { of: Score::Recency, .. } => {
                let borders = self.subject.shop.model.and_then(|it| it.rfm);
                let borders = borders.iter().flat_map(|it| it.age_ms_below);
                let last_ms = self.order(Pick::Last).map(time_ms);
                moments.extend(borders.filter_map(|it| Some(last_ms?.saturating_add(it))));
            }
            Node::ExpectedOrders { .. }
            | Node::ExpectedSpend { .. }
            | Node::NextOrder { .. }
            | Node::ChanceGone(_) => {
                let first = self.order(Pick::First).filter(|_| self.subject.shop.model.is_some());
                let first_ms = first.map(time_ms)?;
                let age_days = (self.now_ms - first_ms) / DAY_MS;
                let last_day = age_days + PREDICTION_DAYS_MAX;
                let day_ms = |it: i64| first_ms.saturating_add(it * DAY_MS);
                moments.extend((age_days + 1..=last_day).map(day_ms));
                return Some(day_ms(last_day));
            }
            Node::DueAgain { products, within_ms } => {
                for due in self.dues(products) {
                    moments.extend([due.at_ms.saturating_sub(*within_ms), due.until_ms]);
                }
            }
            Node::Score { .. }
            | Node::Worth { .. }
            | Node::Fact { .. }
            | Node::PostalCode(_)
            | Node::Attribute { .. }
            | Node::Consent { .. }
            | Node::IsSuppressed(_)
            | Node::HasEmail
            | Node::IsOnList(_) => {}
        }
        None
    }

    /// When the deeds enter and leave a window.
    fn gather_stays(&self, deed: &BoundDeed<'_>, window: &BoundWindow<'_>, moments: &mut Vec<i64>) {
        if self.stay_ms(window, self.now_ms).is_none() {
            return;
        }
        let rows = self.rows(deed, 0..self.history.len());
        let stays = rows.filter_map(|it| self.stay_ms(window, self.history.time_ms(it)));
        moments.extend(stays.flat_map(|(enters, leaves)| [enters, leaves]));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        evaluate, parse,
        samples::{DRIPPER, KETTLE, LAW_CASES, NOW, Sample, any_condition, any_sample},
    };

    impl Condition {
        fn predicts(&self) -> bool {
            self.to_string().contains("expected") || self.to_string().contains("chance")
        }
    }

    fn until(sample: &Sample, condition: &str) -> String {
        let condition = parse(condition).unwrap();
        let until = sample.ask(|it| holds_until(&condition, it, NOW));
        until.map_or_else(|| "for ever".to_owned(), |it| it.to_string())
    }

    #[test]
    fn an_answer_stays_until_a_deed_leaves_or_enters_its_window() {
        let twice = Sample::new().viewed(60, KETTLE).viewed(10, KETTLE);
        assert_eq!(until(&twice, "viewed a product in the last 72 hours"), "2026-03-04T02:00:00Z");
        assert_eq!(
            until(&twice, "viewed a product twice in the last 72 hours"),
            "2026-03-02T00:00:00Z"
        );
        assert_eq!(
            until(&twice, "viewed a product 0 times between 3 and 4 days ago"),
            "2026-03-02T00:00:00Z"
        );
        assert_eq!(until(&twice, "viewed a product today"), "2026-03-02T00:00:00Z");
        assert_eq!(until(&twice, "viewed a product last month"), "2026-05-01T00:00:00Z");
        assert_eq!(until(&twice, "viewed a product twice"), "for ever");
        assert_eq!(until(&twice, "viewed a product on 2026-03-01"), "for ever");
        assert_eq!(
            until(&Sample::new(), "viewed a product today"),
            "for ever",
            "nothing can come of time alone"
        );
    }

    #[test]
    fn an_answer_stays_until_an_age_or_the_end_of_a_span() {
        let bought = Sample::new().ordered(20, "1", &[(DRIPPER, 4_250)]);
        assert_eq!(until(&bought, "last order was at least 1 day ago"), "2026-03-01T16:00:00Z");
        assert_eq!(
            until(&bought, "ordered and then within 2 days did not order"),
            "2026-03-02T16:00:00Z"
        );
        assert_eq!(until(&bought, "ordered and then within 2 days ordered"), "for ever");
        assert_eq!(until(&bought, "recency score is 5"), "2026-03-03T16:00:00Z");
        let gone = until(&bought, "chance to be gone is at least 30 %");
        assert_eq!(gone, "2026-04-29T16:00:00Z", "predictions are looked at 60 days ahead");
    }

    #[test]
    fn a_prediction_is_not_said_to_stay_beyond_where_it_was_looked_at() {
        let often = [0, 24, 48, 145].iter().enumerate();
        let often =
            often.fold(Sample::new(), |it, (id, age)| it.ordered(*age, &id.to_string(), &[]));
        let either =
            "any of (chance to be gone is at least 99 %, spent at least 1 EUR in the last 90 days)";
        let end = until(&often, either);
        assert!(end.as_str() < "2026-05-01T00:00:00Z", "{end}");
    }

    #[test]
    fn what_is_known_and_yet_to_come_is_waited_for() {
        let coming = Sample::new().viewed(-5, KETTLE);
        assert_eq!(until(&coming, "viewed a product"), "2026-03-01T17:00:00Z");
        let today = until(&coming, "viewed a product yesterday");
        assert_eq!(today, "2026-03-02T00:00:00Z");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(LAW_CASES))]

        #[test]
        fn an_answer_stays_until_it_is_said_to(
            sample in any_sample(), it in any_condition(), part in 0.0..1.0_f64,
        ) {
            sample.ask(|subject| {
                let is_met = evaluate(&it, subject, NOW);
                let until = holds_until(&it, subject, NOW);
                // Without an end every later answer is today's; with one, those before it are.
                let far = NOW + jiff::SignedDuration::from_hours(24 * 1_000);
                let end_ms = until.unwrap_or(far).as_millisecond();
                let span_ms = (end_ms - NOW.as_millisecond() - 1) as f64;
                let before = timestamp(NOW.as_millisecond() + (span_ms * part) as i64);
                prop_assert_eq!(evaluate(&it, subject, before), is_met, "{} at {}", it, before);
                prop_assert_eq!(evaluate(&it, subject, timestamp(end_ms - 1)), is_met, "{}", it);
                if let Some(until) = until {
                    // Predictions are not looked at for ever.
                    let is_changed = evaluate(&it, subject, until) != is_met;
                    let is_far = until >= NOW + jiff::SignedDuration::from_hours(24 * 59);
                    prop_assert!(is_changed || (is_far && it.predicts()), "{} at {}", it, until);
                }
                Ok(())
            })?;
        }
    }
}
