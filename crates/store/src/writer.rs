//! The one writer of a store: changes wait for one another and are committed as groups.
//!
//! A commit waits for the disk, and one wait can serve many. Each change runs on the writer's
//! connection within a savepoint of its own; whoever finds others waiting behind leaves the commit
//! to them and waits for it. So under load a group forms by itself, and a lone change waits for
//! nobody.
//!
//! Nobody is left waiting: a change that leaves the commit to others saw, while it held the
//! writer, that another had announced itself and had not got the writer yet. That one joins the
//! same group, and the last of them finds nobody behind it and commits.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, ThreadId},
};

use anyhow::{anyhow, bail};

use crate::{Result, connection::Connection, tx::Tx};

/// The most changes committed as one. PostgreSQL keeps 64 savepoints of a transaction in fast
/// memory; beyond, the gain of a larger group is small anyway.
const GROUP_MAX: u32 = 60;

pub(crate) struct Writer {
    bucket_key: [u8; 16],
    /// Changes that have announced themselves and have not got the writer yet.
    waiting: AtomicUsize,
    /// Who is in the middle of a change, to refuse a change within a change.
    busy: Mutex<Option<ThreadId>>,
    state: Mutex<State>,
}

struct State {
    connection: Connection,
    /// The group whose transaction is open.
    group: Option<(Arc<Group>, u32)>,
    commits: u64,
}

/// Changes that are committed together.
#[derive(Default)]
struct Group {
    outcome: Mutex<Option<std::result::Result<(), String>>>,
    is_done: Condvar,
}

impl Writer {
    pub fn new(connection: Connection, bucket_key: [u8; 16]) -> Self {
        Self {
            bucket_key,
            waiting: AtomicUsize::new(0),
            busy: Mutex::new(None),
            state: Mutex::new(State { connection, group: None, commits: 0 }),
        }
    }

    /// Runs `change` and returns once its commit is durable.
    pub fn write<T>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        if *lock(&self.busy) == Some(thread::current().id()) {
            bail!(
                "a change of the store was asked for within a change of it; it would wait for ever"
            );
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut state = lock(&self.state);
        self.waiting.fetch_sub(1, Ordering::SeqCst);

        *lock(&self.busy) = Some(thread::current().id());
        let answer = state.run(change, &self.bucket_key);
        *lock(&self.busy) = None;

        let group = state.group.as_ref().map(|(group, _)| Arc::clone(group));
        let is_last = self.waiting.load(Ordering::SeqCst) == 0;
        if state.group.as_ref().is_some_and(|(_, size)| is_last || *size >= GROUP_MAX) {
            state.commit();
        }
        drop(state);

        let value = answer.unwrap_or_else(|panic| resume_unwind(panic))?;
        match group.expect("a change that went well stands in a group").outcome() {
            Ok(()) => Ok(value),
            Err(why) => Err(anyhow!("the change was not kept: {why}")),
        }
    }

    #[cfg(test)]
    pub fn commits(&self) -> u64 {
        lock(&self.state).commits
    }

    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }
}

impl State {
    /// Runs one change within the group, and takes it back if it fails. Afterwards the change is in
    /// the open group, or nothing of it is left.
    fn run<T>(
        &mut self,
        change: impl FnOnce(&mut Tx<'_>) -> Result<T>,
        bucket_key: &[u8; 16],
    ) -> thread::Result<Result<T>> {
        let is_first = self.group.is_none();
        let begun =
            if is_first { self.connection.begin_write() } else { self.connection.savepoint() };
        if let Err(why) = begun {
            if !is_first {
                self.give_up(&why);
            }
            return Ok(Err(why));
        }
        let connection = &mut self.connection;
        let mut answer = catch_unwind(AssertUnwindSafe(|| {
            let mut tx = Tx::for_write(connection, bucket_key);
            let value = change(&mut tx)?;
            tx.finish()?;
            Ok(value)
        }));
        if matches!(answer, Ok(Ok(_)))
            && !is_first
            && let Err(why) = self.connection.release()
        {
            answer = Ok(Err(why));
        }
        match (&answer, is_first) {
            (Ok(Ok(_)), true) => self.group = Some((Arc::default(), 1)),
            (Ok(Ok(_)), false) => self.group.as_mut().expect("not the first").1 += 1,
            // Alone in its transaction, so the whole of it goes.
            (_, true) => drop(self.connection.rollback()),
            (_, false) => {
                if let Err(why) = self.connection.rollback_to_savepoint() {
                    self.give_up(&why);
                }
            }
        }
        answer
    }

    fn commit(&mut self) {
        let Some((group, _)) = self.group.take() else { return };
        let outcome = self.connection.commit();
        if outcome.is_err() {
            drop(self.connection.rollback());
        } else {
            self.commits += 1;
        }
        group.finish(outcome.map_err(|why| format!("{why:#}")));
    }

    /// The transaction is lost, and with it the changes that stand in it.
    fn give_up(&mut self, why: &anyhow::Error) {
        drop(self.connection.rollback());
        if let Some((group, _)) = self.group.take() {
            group.finish(Err(format!("{why:#}")));
        }
    }
}

impl Group {
    fn finish(&self, outcome: std::result::Result<(), String>) {
        *lock(&self.outcome) = Some(outcome);
        self.is_done.notify_all();
    }

    fn outcome(&self) -> std::result::Result<(), String> {
        let mut outcome = lock(&self.outcome);
        loop {
            match &*outcome {
                Some(outcome) => return outcome.clone(),
                None => {
                    outcome = self.is_done.wait(outcome).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

/// Nothing under these locks is left half-changed by a panic: changes run within `catch_unwind`.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
