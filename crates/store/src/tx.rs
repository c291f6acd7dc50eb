//! A transaction: what all questions and changes of the store go through.

use std::{collections::HashMap, ops::ControlFlow, rc::Rc};

use aftercart_model::{Bucket, CustomerId};
use anyhow::{Context as _, bail};

use crate::{
    KeptSegment, Result,
    connection::Connection,
    dialect::Dialect,
    fact_changes::Touched,
    value::{FromValue, Row, Value, values},
};

/// A transaction: one consistent view and, within [`crate::Store::write`], changes that stand or
/// fall together.
///
/// After a statement that failed, nothing more can be done in it, and a change is taken back even
/// if the failure was ignored: neither database promises what state it is in.
pub struct Tx<'a> {
    connection: &'a mut Connection,
    is_write: bool,
    has_failed: bool,
    bucket_key: [u8; 16],
    counters: [Option<Count>; Counter::NAMES.len()],
    /// Who is one with whom, as far as it was asked for within this transaction.
    pub(crate) members: HashMap<CustomerId, Rc<[CustomerId]>>,
    /// The key of what is left of those who were erased, once it was asked for.
    pub(crate) erasure_key: Option<[u8; 16]>,
    /// The segments in use, once they were asked for.
    pub(crate) kept_segments: Option<Rc<[KeptSegment]>>,
    pub(crate) touched: Touched,
}

/// What is counted up in the store. The log's head is the place of the newest event.
#[derive(Clone, Copy)]
pub(crate) enum Counter {
    Log,
    Customer,
    Enrolment,
    Message,
    Letter,
    Coupon,
    Review,
    Product,
    Proposal,
    Source,
    Erasure,
    FactChange,
}

impl Counter {
    pub const NAMES: [&'static str; 12] = [
        "log",
        "customer",
        "enrolment",
        "message",
        "letter",
        "coupon",
        "review",
        "product",
        "proposal",
        "source",
        "erasure",
        "fact_change",
    ];
}

/// A counter while a change is under way. It is written back once, at the end of the change: a row
/// updated thousands of times within one transaction is what PostgreSQL is slowest at.
#[derive(Clone, Copy)]
struct Count {
    stored: u64,
    now: u64,
}

impl<'a> Tx<'a> {
    pub(crate) fn for_read(connection: &'a mut Connection, bucket_key: &[u8; 16]) -> Self {
        Self::new(connection, bucket_key, false)
    }

    pub(crate) fn for_write(connection: &'a mut Connection, bucket_key: &[u8; 16]) -> Self {
        Self::new(connection, bucket_key, true)
    }

    fn new(connection: &'a mut Connection, bucket_key: &[u8; 16], is_write: bool) -> Self {
        let counters = [None; Counter::NAMES.len()];
        Self {
            connection,
            is_write,
            has_failed: false,
            bucket_key: *bucket_key,
            counters,
            members: HashMap::new(),
            erasure_key: None,
            kept_segments: None,
            touched: Touched::default(),
        }
    }

    /// Writes back the counters. A change that is not finished so must be taken back.
    pub(crate) fn finish(mut self) -> Result<()> {
        if self.has_failed {
            bail!("a statement of the change failed and was ignored");
        }
        self.note_touched()?;
        for (index, name) in Counter::NAMES.into_iter().enumerate() {
            if let Some(Count { stored, now }) = self.counters[index]
                && stored != now
            {
                let sql = "UPDATE counters SET value = ?2 WHERE name = ?1";
                self.execute(sql, values![name, now])?;
            }
        }
        Ok(())
    }

    /// The newest number given out.
    pub(crate) fn newest(&mut self, counter: Counter) -> Result<u64> {
        let index = counter as usize;
        if let Some(count) = self.counters[index] {
            return Ok(count.now);
        }
        let sql = "SELECT value FROM counters WHERE name = ?1";
        let stored = self
            .first(sql, values![Counter::NAMES[index]], |row| row.get(0))?
            .context("a counter of the store is missing; restore a backup")?;
        self.counters[index] = Some(Count { stored, now: stored });
        Ok(stored)
    }

    /// The next number, from 1.
    pub(crate) fn next(&mut self, counter: Counter) -> Result<u64> {
        let next = self.newest(counter)? + 1;
        let index = counter as usize;
        self.counters[index].as_mut().expect("loaded above").now = next;
        Ok(next)
    }

    /// The next number as an id that carries `bucket` in its low bits, as customers' ids do.
    pub(crate) fn next_in_bucket(&mut self, counter: Counter, bucket: Bucket) -> Result<i64> {
        Ok(CustomerId::in_bucket(self.next(counter)?, bucket).0)
    }

    pub(crate) fn bucket_key(&self) -> &[u8; 16] {
        &self.bucket_key
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.connection.dialect()
    }

    /// The number under which the events' source `name` is stored.
    pub(crate) fn source(&mut self, name: &str) -> Result<i64> {
        if let Some(id) = self.known_source(name)? {
            return Ok(id);
        }
        let id = self.next(Counter::Source)?;
        self.execute("INSERT INTO sources (id, name) VALUES (?1, ?2)", values![id, name])?;
        let id = i64::try_from(id)?;
        self.connection.sources.insert(name.to_owned(), id);
        Ok(id)
    }

    /// The same of one that was met before.
    pub(crate) fn known_source(&mut self, name: &str) -> Result<Option<i64>> {
        if let Some(id) = self.connection.sources.get(name) {
            return Ok(Some(*id));
        }
        let sql = "SELECT id FROM sources WHERE name = ?1";
        let id = self.first(sql, values![name], |row| row.get(0))?;
        if let Some(id) = id {
            self.connection.sources.insert(name.to_owned(), id);
        }
        Ok(id)
    }

    /// Carries out a change and returns how many rows it touched.
    pub(crate) fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64> {
        if !self.is_write {
            bail!("a change of the store was asked for within a reading of it");
        }
        self.check(values)?;
        let outcome = self.connection.execute(sql, values);
        self.told(sql, outcome)
    }

    /// Calls `f` with each row as it comes.
    pub(crate) fn for_each(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        f: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.check(values)?;
        let mut stopped = Ok(());
        let outcome = self.connection.for_each(sql, values, &mut |row| {
            f(row).unwrap_or_else(|why| {
                stopped = Err(why);
                ControlFlow::Break(())
            })
        });
        self.told(sql, outcome)?;
        stopped
    }

    /// The first row, if there is one.
    pub(crate) fn first<T>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut found = None;
        self.for_each(sql, values, &mut |row| {
            found = Some(read(row)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// All rows; for questions with a bound.
    pub(crate) fn all<T>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::new();
        self.scan(sql, values, read, &mut |it| {
            found.push(it);
            Ok(())
        })?;
        Ok(found)
    }

    /// Hands over each row as it comes; for questions about everybody.
    pub(crate) fn scan<T>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T>,
        f: &mut dyn FnMut(T) -> Result<()>,
    ) -> Result<()> {
        self.for_each(sql, values, &mut |row| {
            f(read(row)?)?;
            Ok(ControlFlow::Continue(()))
        })
    }

    /// The one value of a question that always has an answer, such as a count.
    pub(crate) fn one<T: FromValue>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<T> {
        self.first(sql, values, |row| row.get(0))?.context("a question of the store had no answer")
    }

    /// PostgreSQL refuses a NUL in a text and SQLite does not; so the store does.
    fn check(&self, values: &[Value<'_>]) -> Result<()> {
        if self.has_failed {
            bail!("an earlier statement of this transaction failed");
        }
        let has_nul = |it: &Value<'_>| matches!(it, Value::Text(text) if text.contains('\0'));
        if values.iter().any(has_nul) {
            bail!("a text has a NUL character, which cannot be stored; leave it out");
        }
        Ok(())
    }

    fn told<T>(&mut self, sql: &str, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|why| {
            self.has_failed = true;
            let beginning: String = sql.chars().take(60).collect();
            why.context(format!("the store cannot carry out `{beginning}…`"))
        })
    }
}

/// The bucket of what belongs to `customer`; guests' things stand in bucket 0.
pub(crate) fn bucket_of(customer: Option<CustomerId>) -> u8 {
    customer.map_or(0, |it| it.bucket().0)
}
