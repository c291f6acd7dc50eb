//! Whose facts changed: the address, place, attributes, consents, bars or lists of which customers.
//!
//! Who keeps such facts of everybody in memory reads here what to read anew, whichever program of the
//! store made the change. Every method that changes a fact says so by [`Tx::touch`]; the names are
//! written once, at the end of the change.

use std::ops::ControlFlow;

use aftercart_model::{CustomerId, EmailAddress, Identifier};
use anyhow::Context as _;

use crate::{
    Result,
    tx::{Counter, Tx},
    value::values,
};

/// A change that touches more is noted as one of everybody, as an import's are.
const TOUCHED_MAX: usize = 1_000;

/// Changes that are kept; who is further behind reads everybody.
const CHANGES_KEPT: u64 = 4_096;

/// How often older ones are forgotten, in changes.
const FORGET_EVERY: u64 = 256;

/// Whose facts a change has touched so far; more than [`TOUCHED_MAX`] stand for everybody.
#[derive(Debug, Default)]
pub(crate) struct Touched(Vec<CustomerId>);

impl Tx<'_> {
    /// Notes that facts of a customer were changed.
    pub(crate) fn touch(&mut self, customer: CustomerId) {
        let touched = &mut self.touched.0;
        if touched.len() <= TOUCHED_MAX && touched.last() != Some(&customer) {
            touched.push(customer);
        }
    }

    /// Notes that facts changed of whoever has this address.
    pub(crate) fn touch_address(&mut self, address: &EmailAddress) -> Result<()> {
        let owner = self.customer_by_identifier(&Identifier::Email(address.clone()))?;
        owner.into_iter().for_each(|it| self.touch(it));
        Ok(())
    }

    /// Notes that facts of more customers were changed than there is a point in naming.
    pub(crate) fn touch_everybody(&mut self) {
        self.touched.0.resize(TOUCHED_MAX + 1, CustomerId(0));
    }

    /// Writes down whose facts were changed.
    pub(crate) fn note_touched(&mut self) -> Result<()> {
        let mut touched = std::mem::take(&mut self.touched.0);
        if touched.is_empty() {
            return Ok(());
        }
        let is_of_everybody = touched.len() > TOUCHED_MAX;
        touched.sort_unstable();
        touched.dedup();
        let names: Vec<String> = touched.iter().map(ToString::to_string).collect();
        let names = (!is_of_everybody).then(|| names.join(","));
        let number = self.next(Counter::FactChange)?;
        let sql = "INSERT INTO fact_changes (number, customers) VALUES (?1, ?2)";
        self.execute(sql, values![number, names.as_deref()])?;
        if number % FORGET_EVERY == 0 {
            let sql = "DELETE FROM fact_changes WHERE number <= ?1";
            self.execute(sql, values![number.saturating_sub(CHANGES_KEPT)])?;
        }
        Ok(())
    }

    /// The number of the newest change of facts.
    pub fn facts_head(&mut self) -> Result<u64> {
        self.newest(Counter::FactChange)
    }

    /// Whose facts changed after the change `after`, in ascending order. `None` where it is not known
    /// of all or there are more than `max`: then read everybody.
    pub fn facts_changed(&mut self, after: u64, max: usize) -> Result<Option<Vec<CustomerId>>> {
        let behind = self.facts_head()?.saturating_sub(after);
        if behind == 0 {
            return Ok(Some(Vec::new()));
        }
        let sql = "SELECT customers FROM fact_changes WHERE number > ?1 ORDER BY number";
        let (mut named, mut customers) = (0, Vec::new());
        self.for_each(sql, values![after], &mut |row| {
            let Some(names) = row.get::<Option<String>>(0)? else {
                return Ok(ControlFlow::Break(()));
            };
            for name in names.split(',') {
                customers.push(name.parse().context("a customer whose facts changed")?);
            }
            named += 1;
            Ok(if customers.len() > max {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
        customers.sort_unstable();
        customers.dedup();
        Ok((named == behind && customers.len() <= max).then_some(customers))
    }
}
