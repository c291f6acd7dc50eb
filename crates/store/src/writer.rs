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
//!
//! A thread may also *hold* the commit, see [`Writer::hold`]: what it changes meanwhile is one group,
//! which it alone sees before the end.

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
    /// Who holds the commit back.
    holder: Option<ThreadId>,
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
            state: Mutex::new(State { connection, group: None, holder: None, commits: 0 }),
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

        if state.holder == Some(thread::current().id()) {
            drop(state);
            return answer.unwrap_or_else(|panic| resume_unwind(panic));
        }
        let group = state.group.as_ref().map(|(group, _)| Arc::clone(group));
        let is_last = state.holder.is_none() && self.waiting.load(Ordering::SeqCst) == 0;
        let is_full = |size: u32| state.holder.is_none() && size >= GROUP_MAX;
        if state.group.as_ref().is_some_and(|(_, size)| is_last || is_full(*size)) {
            // The group tells each of its changes how it went.
            let _ = state.commit();
        }
        drop(state);

        let value = answer.unwrap_or_else(|panic| resume_unwind(panic))?;
        match group.expect("a change that went well stands in a group").outcome() {
            Ok(()) => Ok(value),
            Err(why) => Err(anyhow!("the change was not kept: {why}")),
        }
    }

    /// Runs `work`, whose changes are committed as one when it is over; until then this thread reads
    /// what it has changed, and nobody else does. An error or a panic takes all of them back.
    pub fn hold<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let own = thread::current().id();
        {
            let mut state = lock(&self.state);
            if state.holder.is_some() {
                bail!("the commit is held back already; one holder at a time");
            }
            // What others left to us is not to wait for the end of our work.
            let _ = state.commit();
            state.holder = Some(own);
        }
        let answer = catch_unwind(AssertUnwindSafe(work));
        let mut state = lock(&self.state);
        state.holder = None;
        match answer {
            Ok(Ok(value)) => match state.commit() {
                Ok(()) => Ok(value),
                Err(why) => Err(anyhow!("the changes were not kept: {why}")),
            },
            Ok(Err(why)) => {
                state.give_up(&why);
                Err(why)
            }
            Err(panic) => {
                state.give_up(&anyhow!("the work that held the commit panicked"));
                drop(state);
                resume_unwind(panic)
            }
        }
    }

    /// Whether this thread holds the commit.
    pub fn is_held_here(&self) -> bool {
        // A change in the middle has the lock; whoever asks within one is not told to read here.
        *lock(&self.busy) != Some(thread::current().id())
            && lock(&self.state).holder == Some(thread::current().id())
    }

    /// Reads by the writer's own connection, which sees what this thread has changed.
    pub fn read<T>(&self, read: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut state = lock(&self.state);
        read(&mut Tx::for_read(&mut state.connection, &self.bucket_key))
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

    fn commit(&mut self) -> std::result::Result<(), String> {
        let Some((group, _)) = self.group.take() else { return Ok(()) };
        let outcome = self.connection.commit();
        if outcome.is_err() {
            drop(self.connection.rollback());
        } else {
            self.commits += 1;
        }
        let outcome = outcome.map_err(|why| format!("{why:#}"));
        group.finish(outcome.clone());
        outcome
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

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use crate::Store;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().to_str().unwrap()).unwrap();
        (folder, store)
    }

    fn setting(store: &Store) -> Option<String> {
        store.read(|tx| tx.setting("name")).unwrap()
    }

    #[test]
    fn a_holder_sees_its_changes_and_others_see_them_at_the_end() {
        let (_folder, store) = store();
        let commits = store.0.writer.commits();
        store
            .in_one_commit(|| {
                store.write(|tx| tx.set_setting("name", "first"))?;
                assert_eq!(setting(&store).as_deref(), Some("first"), "its own change");
                std::thread::scope(|scope| {
                    scope.spawn(|| assert_eq!(setting(&store), None, "nobody else's yet"));
                });
                store.write(|tx| tx.set_setting("name", "second"))
            })
            .unwrap();
        assert_eq!(setting(&store).as_deref(), Some("second"));
        assert_eq!(store.0.writer.commits(), commits + 1, "one commit for both");
    }

    #[test]
    fn a_failed_holder_leaves_nothing() {
        let (_folder, store) = store();
        store.write(|tx| tx.set_setting("name", "before")).unwrap();
        let failed: crate::Result<()> = store.in_one_commit(|| {
            store.write(|tx| tx.set_setting("name", "within"))?;
            bail!("half-way")
        });
        assert_eq!(failed.unwrap_err().to_string(), "half-way");
        assert_eq!(setting(&store).as_deref(), Some("before"));
        store.write(|tx| tx.set_setting("name", "after")).unwrap();
        assert_eq!(setting(&store).as_deref(), Some("after"), "the store goes on");
    }

    #[test]
    fn one_failed_change_of_a_holder_is_taken_back_alone() {
        let (_folder, store) = store();
        store
            .in_one_commit(|| {
                store.write(|tx| tx.set_setting("name", "kept"))?;
                let refused: crate::Result<()> = store.write(|tx| {
                    tx.set_setting("name", "refused")?;
                    bail!("no")
                });
                assert!(refused.is_err());
                Ok(())
            })
            .unwrap();
        assert_eq!(setting(&store).as_deref(), Some("kept"));
    }
}
