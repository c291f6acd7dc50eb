//! Asking everybody: one pass of the evaluator over each customer's history, for many conditions at
//! once, on all cores.

use std::{convert::Infallible, sync::Arc};

use aftercart_model::{CustomerId, Timestamp};
use aftercart_segment::{
    Asking, BoundSet, CUSTOMERS_MAX, Columns, Condition, CustomerFacts, History, Met, Shop, Subject,
};
use jiff::tz::TimeZone;

use crate::{Archive, cores::on_all_cores, sealed::Place};

/// A core asks so many customers at a time.
const CUSTOMERS_TOGETHER: usize = 8_192;

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
        let answers = self.ask(conditions, customers, shop, |histories, bound, share| {
            let mut members = vec![Vec::new(); conditions.len()];
            histories.ask(bound, share, shop, now, |it, asked, met| {
                members[it].extend(met.map(|place| asked[place].customer));
            });
            members
        });
        let mut members = vec![Vec::new(); conditions.len()];
        for answer in answers {
            members.iter_mut().zip(answer).for_each(|(all, part)| all.extend(part));
        }
        members
    }

    /// As [`Archive::scan`], but only how many they are.
    pub fn count(
        &self,
        conditions: &[&Condition],
        customers: &[Candidate<'_>],
        shop: Shop<'_>,
        now: Timestamp,
    ) -> Vec<usize> {
        let answers = self.ask(conditions, customers, shop, |histories, bound, share| {
            let mut counts = vec![0; conditions.len()];
            histories.ask(bound, share, shop, now, |it, _, met| counts[it] += met.len());
            counts
        });
        let mut counts = vec![0; conditions.len()];
        for answer in answers {
            counts.iter_mut().zip(answer).for_each(|(all, part)| *all += part);
        }
        counts
    }

    /// The answers of shares of the customers, in their order.
    fn ask<T: Send>(
        &self,
        conditions: &[&Condition],
        customers: &[Candidate<'_>],
        shop: Shop<'_>,
        ask: impl Fn(Histories<'_>, &BoundSet<'_>, &[Candidate<'_>]) -> T + Sync,
    ) -> Vec<T> {
        let conditions = conditions.iter().copied();
        let bound = BoundSet::new(conditions, shop.catalogue, &self.names, shop.segments);
        let histories = Histories::new(self);
        let shares: Vec<&[Candidate<'_>]> = customers.chunks(CUSTOMERS_TOGETHER).collect();
        let ask =
            |share: &&[Candidate<'_>]| Ok::<_, Infallible>(ask(histories.clone(), &bound, share));
        let Ok(answers) = on_all_cores(&shares, ask);
        answers
    }
}

/// Everybody's histories, quickly found where customers are asked for in ascending order.
#[derive(Clone)]
struct Histories<'a> {
    archive: &'a Archive,
    roots: Ascending<CustomerId>,
    tail: Ascending<&'a Columns>,
    place: Place,
}

impl<'a> Histories<'a> {
    fn new(archive: &'a Archive) -> Self {
        let roots = Ascending::new(archive.roots.iter().map(|(from, to)| (*from, *to)));
        let tail = Ascending::new(archive.tail.iter().map(|(customer, it)| (*customer, it)));
        Self { archive, roots, tail, place: Place::default() }
    }

    fn get(&mut self, customer: CustomerId) -> History<'a> {
        let customer = self.roots.get(customer).unwrap_or(customer);
        let Self { archive, tail, place, .. } = self;
        let sealed = archive.sealed.get_next(&archive.names, customer, place);
        match tail.get(customer) {
            Some(columns) => History::new(columns, &archive.names, 0..columns.len()),
            None => sealed.unwrap_or_default(),
        }
    }

    /// Calls `met` with the place of each condition, some of the customers, and who of these meets it.
    fn ask(
        mut self,
        conditions: &BoundSet<'_>,
        customers: &[Candidate<'_>],
        shop: Shop<'_>,
        now: Timestamp,
        mut met: impl FnMut(usize, &[Candidate<'_>], Met),
    ) {
        let mut asking = Asking::new(conditions, now);
        for some in customers.chunks(CUSTOMERS_MAX) {
            let subjects =
                some.iter().map(|it| Subject::new(self.get(it.customer), it.facts, it.zone, shop));
            let mut asked = asking.of(subjects);
            for condition in 0..conditions.len() {
                met(condition, some, asked.met(condition));
            }
        }
    }
}

/// Values by customer. To look up one customer after another in ascending order takes a step each.
#[derive(Clone)]
struct Ascending<T> {
    pairs: Arc<[(CustomerId, T)]>,
    /// The first pair that is not of a customer before the one asked for last.
    next: usize,
}

impl<T: Copy> Ascending<T> {
    fn new(pairs: impl Iterator<Item = (CustomerId, T)>) -> Self {
        let mut pairs: Vec<(CustomerId, T)> = pairs.collect();
        pairs.sort_unstable_by_key(|it| it.0);
        Self { pairs: pairs.into(), next: 0 }
    }

    #[inline]
    fn get(&mut self, customer: CustomerId) -> Option<T> {
        if self.pairs.is_empty() {
            return None;
        }
        let is_before = |place: usize| self.pairs.get(place).is_some_and(|it| it.0 < customer);
        if is_before(self.next) && !is_before(self.next + 1) {
            self.next += 1;
        } else if is_before(self.next) || self.next > 0 && !is_before(self.next - 1) {
            self.next = self.pairs.partition_point(|it| it.0 < customer);
        }
        self.pairs.get(self.next).filter(|it| it.0 == customer).map(|it| it.1)
    }
}
