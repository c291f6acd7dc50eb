//! Asking everybody: one pass of the evaluator over each customer's history, for many conditions at
//! once, on all cores.

use std::thread;

use aftercart_model::{CustomerId, Timestamp};
use aftercart_segment::{
    BoundCondition, Condition, CustomerFacts, Evaluator, History, Shop, Subject,
};
use jiff::tz::TimeZone;

use crate::{Archive, sealed::Place};

/// Fewer customers than this are asked on one core: starting a thread takes as long as asking them.
const CUSTOMERS_PER_THREAD_MIN: usize = 1_000;

/// A customer to be asked, with what a history does not hold.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    pub customer: CustomerId,
    pub facts: &'a CustomerFacts,
    /// The customer's zone, else the shop's.
    pub zone: &'a TimeZone,
}

impl Archive {
    /// For each of `conditions` the customers who meet it at `now`, in the order of `customers`.
    ///
    /// It asks those named and nobody else: one to whom nothing has happened yet may well meet
    /// "ordered 0 times". Quickest when they are in ascending order.
    pub fn scan(
        &self,
        conditions: &[&Condition],
        customers: &[Candidate<'_>],
        shop: Shop<'_>,
        now: Timestamp,
    ) -> Vec<Vec<CustomerId>> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let share = customers.len().div_ceil(cores).max(CUSTOMERS_PER_THREAD_MIN);
        let bound: Vec<BoundCondition<'_>> = conditions
            .iter()
            .map(|it| BoundCondition::new(it, shop.catalogue, &self.names, shop.segments))
            .collect();
        let ask = |share: &[Candidate<'_>]| self.ask(&bound, share, shop, now);
        let answers: Vec<Vec<Vec<CustomerId>>> = thread::scope(|scope| {
            let mut shares = customers.chunks(share);
            let own = shares.next().unwrap_or(&[]);
            let others: Vec<_> = shares.map(|it| scope.spawn(move || ask(it))).collect();
            let first = ask(own);
            let others = others.into_iter().map(|it| it.join().expect("asking does not panic"));
            std::iter::once(first).chain(others).collect()
        });
        let mut members = vec![Vec::new(); conditions.len()];
        for answer in answers {
            members.iter_mut().zip(answer).for_each(|(all, part)| all.extend(part));
        }
        members
    }

    fn ask(
        &self,
        conditions: &[BoundCondition<'_>],
        customers: &[Candidate<'_>],
        shop: Shop<'_>,
        now: Timestamp,
    ) -> Vec<Vec<CustomerId>> {
        let mut members = vec![Vec::new(); conditions.len()];
        let mut next = Place::default();
        for candidate in customers {
            let history = self.history_at(candidate.customer, &mut next);
            let Candidate { customer, facts, zone } = *candidate;
            let evaluator = Evaluator::new(&Subject::new(history, facts, zone, shop), now);
            for (members, condition) in members.iter_mut().zip(conditions) {
                if evaluator.meets(condition) {
                    members.push(customer);
                }
            }
        }
        members
    }

    fn history_at(&self, customer: CustomerId, next: &mut Place) -> History<'_> {
        let customer = self.root_of(customer);
        let sealed = self.sealed.get_next(&self.names, customer, next);
        match self.tail.get(&customer) {
            Some(columns) => History::new(columns, &self.names, 0..columns.len()),
            None => sealed.unwrap_or_default(),
        }
    }
}
