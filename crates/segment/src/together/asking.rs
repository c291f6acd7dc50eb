//! Asking a set of conditions of customers, up to [`CUSTOMERS_MAX`] at a time.

use jiff::Timestamp;

use super::{BoundSet, Clause, ClauseId, MeasureId};
use crate::{Limit, Subject, evaluate::Evaluator};

/// So many customers are asked at a time: a bit for each fits a word, and what is known of them stays
/// in the cache nearest to the core.
pub const CUSTOMERS_MAX: usize = 64;

/// A bit for each customer.
type Bits = u64;

/// Asks a set of conditions of customers, again and again; its memory serves all of them.
#[derive(Debug)]
pub struct Asking<'s> {
    set: &'s BoundSet<'s>,
    now: Timestamp,
    /// Of each clause.
    answers: Vec<Answers>,
    /// Of each measure.
    taken: Vec<Taken>,
    turn: u64,
}

/// The answers to a clause; of another turn nothing is known.
#[derive(Clone, Copy, Debug, Default)]
struct Answers {
    turn: u64,
    known: Bits,
    met: Bits,
}

/// The numbers of a measure; of another turn nothing is known.
#[derive(Clone, Debug)]
struct Taken {
    turn: u64,
    known: Bits,
    numbers: Vec<Column>,
}

/// A number of each customer.
#[derive(Clone, Debug)]
struct Column {
    /// Who has one.
    has: Bits,
    values: [i64; CUSTOMERS_MAX],
}

impl<'s> Asking<'s> {
    pub fn new(set: &'s BoundSet<'s>, now: Timestamp) -> Self {
        let column = Column { has: 0, values: [0; CUSTOMERS_MAX] };
        let taken = |len: usize| Taken { turn: 0, known: 0, numbers: vec![column.clone(); len] };
        Self {
            set,
            now,
            answers: vec![Answers::default(); set.clauses.len()],
            taken: set.measures.iter().map(|it| taken(it.len())).collect(),
            turn: 0,
        }
    }

    /// Takes up customers, to ask of them any conditions of the set.
    ///
    /// # Panics
    /// If they are more than [`CUSTOMERS_MAX`].
    pub fn of<'a>(&'a mut self, customers: impl IntoIterator<Item = Subject<'a>>) -> Asked<'a, 's> {
        self.turn += 1;
        let customers = customers.into_iter().map(|it| Evaluator::new(&it, self.now));
        let customers: Vec<Evaluator<'a>> = customers.collect();
        assert!(customers.len() <= CUSTOMERS_MAX, "{} customers at a time", customers.len());
        Asked { asking: self, customers }
    }
}

/// Customers who are asked.
pub struct Asked<'a, 's> {
    asking: &'a mut Asking<'s>,
    customers: Vec<Evaluator<'a>>,
}

impl Asked<'_, '_> {
    /// Who meets the condition, by their places among the customers.
    ///
    /// # Panics
    /// If the set has fewer conditions.
    pub fn met(&mut self, condition: usize) -> Met {
        let all = match self.customers.len() {
            0 => 0,
            len => Bits::MAX >> (CUSTOMERS_MAX - len),
        };
        Met(self.ask(self.asking.set.conditions[condition], all))
    }

    /// Those of `of` who meet a clause.
    fn ask(&mut self, clause: ClauseId, of: Bits) -> Bits {
        let Asking { set, answers, turn, .. } = &mut *self.asking;
        let known = &mut answers[clause];
        if known.turn != *turn {
            *known = Answers { turn: *turn, ..Answers::default() };
        }
        let open = of & !known.known;
        if open == 0 {
            return known.met & of;
        }
        let set: &BoundSet<'_> = set;
        let met = match &set.clauses[clause] {
            Clause::All(parts) => parts.iter().fold(open, |left, it| self.ask_some(*it, left)),
            Clause::Any(parts) => {
                open & !parts.iter().fold(open, |left, it| left & !self.ask_some(*it, left))
            }
            Clause::Not(part) => open & !self.ask(*part, open),
            Clause::Compare(measure, place, limit) => {
                self.take(*measure, open)[*place].that_hold(*limit) & open
            }
            Clause::One(node) => {
                let is_met = |it: &usize| self.customers[*it].holds(node);
                Met(open).filter(is_met).fold(0, |met, it| met | 1 << it)
            }
        };
        let known = &mut self.asking.answers[clause];
        known.known |= open;
        known.met |= met;
        known.met & of
    }

    fn ask_some(&mut self, clause: ClauseId, of: Bits) -> Bits {
        if of == 0 { 0 } else { self.ask(clause, of) }
    }

    /// The numbers of a measure, known of at least those of `of`.
    fn take(&mut self, measure: MeasureId, of: Bits) -> &[Column] {
        let Asking { set, taken, turn, .. } = &mut *self.asking;
        let Taken { turn: taken_in, known, numbers } = &mut taken[measure];
        if *taken_in != *turn {
            (*taken_in, *known) = (*turn, 0);
            numbers.iter_mut().for_each(|it| it.has = 0);
        }
        let measure = &set.measures[measure];
        for customer in Met(of & !*known) {
            for column in &mut *numbers {
                column.values[customer] = 0;
            }
            measure.take(&self.customers[customer], |place, value| {
                let column = &mut numbers[place];
                column.has |= 1 << customer;
                column.values[customer] = column.values[customer].saturating_add(value);
            });
        }
        *known |= of;
        numbers
    }
}

impl Column {
    /// Those who have one that holds.
    fn that_hold(&self, limit: Limit<i64>) -> Bits {
        // So that the comparison is chosen once.
        let held = match limit {
            Limit::AtLeast(it) => self.that(|value| value >= it),
            Limit::AtMost(it) => self.that(|value| value <= it),
            Limit::Above(it) => self.that(|value| value > it),
            Limit::Below(it) => self.that(|value| value < it),
            Limit::Is(it) => self.that(|value| value == it),
            Limit::IsNot(it) => self.that(|value| value != it),
        };
        held & self.has
    }

    #[inline]
    fn that(&self, holds: impl Fn(i64) -> bool) -> Bits {
        let bits = self.values.iter().enumerate();
        bits.fold(0, |bits, (place, value)| bits | Bits::from(holds(*value)) << place)
    }
}

/// Places of those who meet a condition, ascending.
#[derive(Clone, Copy, Debug)]
pub struct Met(Bits);

impl Iterator for Met {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let place = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        (place < CUSTOMERS_MAX).then_some(place)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.0.count_ones() as usize;
        (len, Some(len))
    }

    fn count(self) -> usize {
        self.len()
    }
}

impl ExactSizeIterator for Met {}
