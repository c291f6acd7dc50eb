//! Many conditions asked of many customers together, so that what they have in common is asked once.
//!
//! Conditions bound together share their clauses, and many a clause compares one measure of a
//! customer: "ordered at least 3 times in the last 90 days" and "… in the last 365 days" both compare
//! the age of the third order from the newest. So of up to [`CUSTOMERS_MAX`] customers at a time each
//! measure is taken once, by the evaluator, and each clause gives a bit for each customer. A part is
//! asked only of those whose answer still rests on it.
//!
//! There is no second meaning here: what a measure is and every other clause is the evaluator's, and
//! a law holds the answers equal.

mod asking;
mod measure;

pub use self::asking::{Asked, Asking, CUSTOMERS_MAX, Met};
use self::measure::{Ages, Measure};
use crate::{
    BoundCondition, Catalogue, Condition, Count, Limit, Names, Pick, Segments,
    evaluate::{BoundDeed, BoundWindow, Node},
};

/// Conditions bound together, to be asked of many customers whose histories share one [`Names`].
#[derive(Debug, Default)]
pub struct BoundSet<'c> {
    /// Each once, parts before what they are parts of.
    clauses: Vec<Clause<'c>>,
    /// Each once.
    measures: Vec<Measure<'c>>,
    /// Of each condition its clause.
    conditions: Vec<ClauseId>,
}

/// Place among the clauses of a set.
type ClauseId = usize;

/// Place among the measures of a set.
type MeasureId = usize;

#[derive(Debug, PartialEq)]
enum Clause<'c> {
    All(Vec<ClauseId>),
    Any(Vec<ClauseId>),
    Not(ClauseId),
    /// Whether one of the numbers that a measure gives is as said; not where there is none.
    Compare(MeasureId, usize, Limit<i64>),
    /// Asked of one customer after another.
    One(Node<'c>),
}

impl<'c> BoundSet<'c> {
    /// As [`BoundCondition::new`], for many. Equal clauses are found by comparing each with all
    /// before it: of a thousand conditions, some milliseconds.
    pub fn new(
        conditions: impl IntoIterator<Item = &'c Condition>,
        catalogue: &Catalogue,
        names: &Names,
        segments: &'c Segments,
    ) -> Self {
        let mut set = Self::default();
        for condition in conditions {
            let bound = BoundCondition::new(condition, catalogue, names, segments);
            let clause = set.node(bound.node);
            set.conditions.push(clause);
        }
        set
    }

    /// How many conditions it was made of.
    pub fn len(&self) -> usize {
        self.conditions.len()
    }

    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    fn node(&mut self, node: Node<'c>) -> ClauseId {
        let clause = match node {
            Node::All(parts) => Clause::All(self.nodes(parts)),
            Node::Any(parts) => Clause::Any(self.nodes(parts)),
            Node::NoneOf(parts) => {
                let any = Clause::Any(self.nodes(parts));
                Clause::Not(self.clause(any))
            }
            Node::Not(part) => Clause::Not(self.node(*part)),
            Node::Did { deed, count, window } => match Ages::limit(&deed, &window) {
                Some(limit) => return self.did(deed, count, limit),
                None => Clause::One(Node::Did { deed, count, window }),
            },
            Node::Recency { pick: Pick::Last, deed, age } => {
                return self.did_at_least(deed, 1, Ages::limit_of(age));
            }
            Node::Spent { limit, window } => match window.within_ms() {
                Some(within_ms) => self.spent(within_ms, window, limit),
                None => self.compare(Measure::SpentIn(window), limit),
            },
            Node::Worth { of, limit } => self.compare(Measure::Worth(of), limit),
            Node::Score { of, limit } => self.compare(Measure::Score(of), limit),
            other => Clause::One(other),
        };
        self.clause(clause)
    }

    /// The parts, those that are quick to ask first.
    fn nodes(&mut self, parts: Vec<Node<'c>>) -> Vec<ClauseId> {
        let mut clauses: Vec<ClauseId> = parts.into_iter().map(|it| self.node(it)).collect();
        clauses.sort_by_key(|it| self.is_slow(*it));
        clauses
    }

    fn is_slow(&self, clause: ClauseId) -> bool {
        match &self.clauses[clause] {
            Clause::All(parts) | Clause::Any(parts) => parts.iter().any(|it| self.is_slow(*it)),
            Clause::Not(part) => self.is_slow(*part),
            Clause::Compare(..) => false,
            Clause::One(node) => !node.is_fact(),
        }
    }

    /// Whether the deed was done so often: the age of the last one that counts is within `limit`.
    fn did(&mut self, deed: BoundDeed<'c>, count: Count, limit: Limit<i64>) -> ClauseId {
        match count {
            Count::AtLeast(least) => self.did_at_least(deed, least.get(), limit),
            Count::AtMost(most) => {
                let more = self.did_at_least(deed, most.saturating_add(1), limit);
                self.clause(Clause::Not(more))
            }
            Count::Exactly(0) => self.did(deed, Count::AtMost(0), limit),
            Count::Exactly(times) => {
                let at_most = self.did(deed.clone(), Count::AtMost(times), limit);
                let at_least = self.did_at_least(deed, times, limit);
                self.clause(Clause::All(vec![at_least, at_most]))
            }
        }
    }

    fn did_at_least(&mut self, deed: BoundDeed<'c>, times: u32, limit: Limit<i64>) -> ClauseId {
        let found = self.measures.iter_mut().enumerate().find_map(|(measure, it)| match it {
            Measure::Ages(ages) if ages.are_of(&deed) => Some((measure, ages)),
            _ => None,
        });
        let clause = match found {
            Some((measure, ages)) => Clause::Compare(measure, ages.place(times - 1, limit), limit),
            None => {
                let mut ages = Ages::of(deed);
                let place = ages.place(times - 1, limit);
                self.measures.push(Measure::Ages(ages));
                Clause::Compare(self.measures.len() - 1, place, limit)
            }
        };
        self.clause(clause)
    }

    /// Whether so much was spent in a window that is open to now: all such sums are one measure.
    fn spent(&mut self, age_ms: i64, window: BoundWindow<'c>, limit: Limit<i64>) -> Clause<'c> {
        let is_it = |it: &Measure<'_>| matches!(it, Measure::Spent { .. });
        let measure = self.measures.iter().position(is_it).unwrap_or_else(|| {
            self.measures.push(Measure::Spent { within_ms: Vec::new(), windows: Vec::new() });
            self.measures.len() - 1
        });
        let Measure::Spent { within_ms, windows } = &mut self.measures[measure] else {
            unreachable!("found or put there above")
        };
        let place = place_of(within_ms, age_ms);
        if place == windows.len() {
            windows.push(window);
        }
        Clause::Compare(measure, place, limit)
    }

    fn clause(&mut self, clause: Clause<'c>) -> ClauseId {
        place_of(&mut self.clauses, clause)
    }

    fn compare(&mut self, measure: Measure<'c>, limit: Limit<i64>) -> Clause<'c> {
        Clause::Compare(place_of(&mut self.measures, measure), 0, limit)
    }
}

/// Where `it` stands among the others, put there if it does not.
fn place_of<T: PartialEq>(all: &mut Vec<T>, it: T) -> usize {
    all.iter().position(|other| *other == it).unwrap_or_else(|| {
        all.push(it);
        all.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{
        Columns, CustomerFacts, History, KindSet, Shop, Subject, evaluate, parse,
        samples::{
            LAW_CASES, NOW, Sample, any_condition, any_deed, any_sample, any_window, catalogue,
            model, relations, segments,
        },
    };

    fn bound<'c>(conditions: &'c [Condition], names: &Names) -> BoundSet<'c> {
        BoundSet::new(conditions, &catalogue(), names, segments())
    }

    #[test]
    fn what_conditions_have_in_common_is_asked_once() {
        let conditions = [
            "ordered at least 1 time in the last 30 days",
            "ordered at least 3 times in the last 365 days and opened an email 0 times",
            "not ordered at least 1 time in the last 30 days",
            "last order was at least 90 days ago",
            "opened an email in the last 7 days",
            "spent at least 20 EUR in the last 30 days",
            "spent at most 90 EUR in the last 90 days",
            "ordered at least 3 times in the last 365 days and opened an email 0 times",
        ];
        let conditions = conditions.map(|it| parse(it).unwrap());
        let set = bound(&conditions, &Names::new());
        assert_eq!(set.measures.len(), 3, "ages of orders and of opens, sums spent");
        assert_eq!(set.clauses.len(), 10, "1, 3 and their whole, 1, 1, 1, 1, 1 and \"not opened\"");
        assert_eq!(set.conditions[1], set.conditions[7]);
    }

    #[test]
    fn nobody_and_as_many_as_may_be_are_asked() {
        let conditions = [Condition::All(Vec::new()), Condition::Any(Vec::new())];
        let set = bound(&conditions, &Names::new());
        let (facts, zone) = (CustomerFacts::default(), TimeZone::UTC);
        let (catalogue, relations) = (catalogue(), relations());
        let shop = Shop::new(&catalogue, &relations);
        let somebody = Subject::new(History::default(), &facts, &zone, shop);
        for count in [0, 1, CUSTOMERS_MAX] {
            let mut asking = Asking::new(&set, NOW);
            let mut asked = asking.of(std::iter::repeat_n(somebody, count));
            assert!(asked.met(0).eq(0..count));
            assert_eq!(asked.met(1).len(), 0);
        }
    }

    /// Conditions on one deed, which differ in how often and when.
    fn any_alike() -> impl Strategy<Value = Vec<Condition>> {
        let count = prop_oneof![
            (1_u32..4).prop_map(Count::at_least),
            (0_u32..4).prop_map(Count::AtMost),
            (0_u32..4).prop_map(Count::Exactly),
        ];
        (any_deed(), vec((count, any_window()), 0..4)).prop_map(|(deed, asked)| {
            let did = |(count, window)| Condition::Did { deed: deed.clone(), count, window };
            asked.into_iter().map(did).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(LAW_CASES))]

        #[test]
        fn many_asked_together_answer_as_each_asked_alone(
            first in vec(any_sample(), 1..4),
            next in vec(any_sample(), 1..4),
            conditions in vec(any_condition(), 0..5),
            alike in any_alike(),
            backwards in any::<bool>(),
        ) {
            let conditions = [conditions, alike].concat();
            let mut names = Names::new();
            let mut held = |samples: &[Sample]| -> Vec<Columns> {
                let columns = |sample: &Sample| {
                    let mut columns = Columns::new();
                    for event in &sample.events {
                        columns.insert(event, &mut names);
                    }
                    columns
                };
                samples.iter().map(columns).collect()
            };
            let customers = [(held(&first), &first), (held(&next), &next)];
            let (catalogue, relations, model) = (catalogue(), relations(), model());
            let shop = Shop::new(&catalogue, &relations);
            let shop = Shop { segments: segments(), model: Some(&model), ..shop };
            let set = bound(&conditions, &names);
            let mut asking = Asking::new(&set, NOW);
            for (held, samples) in &customers {
                let alone = |condition: &Condition| -> Vec<usize> {
                    let is_met = |it: &usize| {
                        let sample = &samples[*it];
                        let buffer = sample.buffer();
                        let history = buffer.as_history();
                        let subject = Subject::new(history, &sample.facts, &sample.zone, shop);
                        evaluate(condition, &subject, NOW)
                    };
                    (0..samples.len()).filter(is_met).collect()
                };
                let subjects = held.iter().zip(samples.iter()).map(|(columns, sample)| {
                    let newest = columns.len().checked_sub(1).map(|it| columns.time_ms(it));
                    let history = History::new(columns, &names, 0..columns.len())
                        .knowing(KindSet::of(columns.kinds()), newest.unwrap_or(i64::MIN));
                    Subject::new(history, &sample.facts, &sample.zone, shop)
                });
                let mut asked = asking.of(subjects);
                let mut order: Vec<usize> = (0..conditions.len()).collect();
                if backwards {
                    order.reverse();
                }
                for condition in order {
                    let together: Vec<usize> = asked.met(condition).collect();
                    prop_assert_eq!(together, alone(&conditions[condition]), "{}", conditions[condition]);
                }
            }
        }
    }
}
