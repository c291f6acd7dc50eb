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
    time::Duration,
};

use anyhow::{anyhow, bail};

use crate::{Result, connection::Connection, sqlite::Queue, tx::Tx};

/// The most changes committed as one. PostgreSQL keeps 64 savepoints of a transaction in fast
/// memory; beyond, the gain of a larger group is small anyway.
const GROUP_MAX: u32 = 60;

/// How long to look away while others go first, and how often at most: SQLite looks for its turn every
/// tenth of a second.
const COURTESY: Duration = Duration::from_millis(1);
const COURTESY_LOOKS_MAX: u32 = 1_000;

pub(crate) struct Writer {
    bucket_key: [u8; 16],
    /// Other programs that wait to write.
    queue: Option<Queue>,
    /// Changes that have announced themselves and have not got the writer yet.
    waiting: AtomicUsize,
    /// Changes that got the writer.
    served: AtomicUsize,
    /// Who is in the middle of a change, to refuse a change within a change.
    busy: Mutex<Option<ThreadId>>,
    /// Who holds the commit back. Apart from the state, so that a reading need not wait for a
    /// change to learn that it is not the holder's.
    holder: Mutex<Option<ThreadId>>,
    state: Mutex<State>,
}

struct State {
    connection: Connection,
    /// The group whose transaction is open.
    group: Option<(Arc<Group>, u32)>,
    /// Why changes were lost that the holder took for made.
    lost: Option<String>,
    counts: CommitCounts,
}

/// What was committed since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitCounts {
    pub commits: u64,
    /// Several of them are committed as one under load.
    pub changes: u64,
}

/// Changes that are committed together.
#[derive(Default)]
struct Group {
    outcome: Mutex<Option<std::result::Result<(), String>>>,
    is_done: Condvar,
}

impl Writer {
    pub fn new(connection: Connection, queue: Option<Queue>, bucket_key: [u8; 16]) -> Self {
        Self {
            bucket_key,
            queue,
            waiting: AtomicUsize::new(0),
            served: AtomicUsize::new(0),
            busy: Mutex::new(None),
            holder: Mutex::new(None),
            state: Mutex::new(State {
                connection,
                group: None,
                lost: None,
                counts: CommitCounts::default(),
            }),
        }
    }

    /// Runs `change` and returns once its commit is durable.
    pub fn write<T>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.refuse_within_change()?;
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut state = lock(&self.state);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        self.served.fetch_add(1, Ordering::SeqCst);

        *lock(&self.busy) = Some(thread::current().id());
        let answer = state.run(change, &self.bucket_key);
        *lock(&self.busy) = None;

        let holder = *lock(&self.holder);
        if holder == Some(thread::current().id()) {
            drop(state);
            return answer.unwrap_or_else(|panic| resume_unwind(panic));
        }
        let group = state.group.as_ref().map(|(group, _)| Arc::clone(group));
        let is_last = self.waiting.load(Ordering::SeqCst) == 0;
        let is_due = |(_, size): &(Arc<Group>, u32)| is_last || *size >= GROUP_MAX;
        if holder.is_none() && state.group.as_ref().is_some_and(is_due) {
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

    /// Runs `change` and returns once it is committed, which the disk need not know yet. It is alone
    /// in its transaction.
    pub fn write_relaxed<T>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.refuse_within_change()?;
        if lock(&self.holder).is_some() {
            return self.write(change);
        }
        self.let_others_go_first();
        let mut state = lock(&self.state);
        // What others left to us is to be on the disk.
        let _ = state.commit();
        state.connection.relax(true)?;
        *lock(&self.busy) = Some(thread::current().id());
        let answer = state.run(change, &self.bucket_key);
        *lock(&self.busy) = None;
        let kept = state.commit();
        let tightened = state.connection.relax(false);
        drop(state);
        let value = answer.unwrap_or_else(|panic| resume_unwind(panic))?;
        kept.map_err(|why| anyhow!("the change was not kept: {why}"))?;
        tightened?;
        Ok(value)
    }

    /// A lock goes to whoever is quickest, which is the one that had it just now: without this, who
    /// makes one long change after the other would keep everybody else out.
    fn let_others_go_first(&self) {
        let served = self.served.load(Ordering::SeqCst);
        let mut looks = 0;
        while self.is_awaited()
            && self.served.load(Ordering::SeqCst) == served
            && looks < COURTESY_LOOKS_MAX
        {
            thread::park_timeout(COURTESY);
            looks += 1;
        }
    }

    /// Whether somebody waits to make a change, in this program or another.
    pub fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
            || self.queue.as_ref().is_some_and(Queue::has_anybody)
    }

    /// Runs `work` with more memory for what it changes.
    pub fn with_room<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        lock(&self.state).connection.enlarge_cache(true)?;
        let answer = catch_unwind(AssertUnwindSafe(work));
        let ended = lock(&self.state).connection.enlarge_cache(false);
        let value = answer.unwrap_or_else(|panic| resume_unwind(panic))?;
        ended?;
        Ok(value)
    }

    /// Runs `work`, whose changes are committed as one when it is over; until then this thread reads
    /// what it has changed, and nobody else does. An error or a panic takes all of them back, and
    /// with them what other threads changed meanwhile, who are told so.
    pub fn hold<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.refuse_within_change()?;
        let mut state = lock(&self.state);
        if lock(&self.holder).is_some() {
            bail!("the commit is held back already; one holder at a time");
        }
        // What others left to us is not to wait for the end of our work.
        let _ = state.commit();
        state.connection.begin_write()?;
        state.group = Some((Arc::default(), 0));
        state.lost = None;
        *lock(&self.holder) = Some(thread::current().id());
        drop(state);

        let answer = catch_unwind(AssertUnwindSafe(work));

        let mut state = lock(&self.state);
        *lock(&self.holder) = None;
        let lost = state.lost.take().map_or(Ok(()), Err);
        let kept = match &answer {
            Ok(Ok(_)) => lost.and_then(|()| state.commit()),
            _ => Err("the work that held the commit failed".to_owned()),
        };
        if let Err(why) = &kept {
            state.give_up(why);
        }
        drop(state);
        let value = answer.unwrap_or_else(|panic| resume_unwind(panic))?;
        kept.map_err(|why| anyhow!("the changes were not kept: {why}"))?;
        Ok(value)
    }

    /// Whether this thread holds the commit and is not in the middle of a change or a reading.
    pub fn is_held_here(&self) -> bool {
        let own = Some(thread::current().id());
        *lock(&self.holder) == own && *lock(&self.busy) != own
    }

    /// Reads by the writer's own connection, which sees what this thread has changed.
    pub fn read<T>(&self, read: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut state = lock(&self.state);
        *lock(&self.busy) = Some(thread::current().id());
        let answer = catch_unwind(AssertUnwindSafe(|| {
            read(&mut Tx::for_read(&mut state.connection, &self.bucket_key))
        }));
        *lock(&self.busy) = None;
        drop(state);
        answer.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// A thread that has the writer would wait for itself.
    fn refuse_within_change(&self) -> Result<()> {
        if *lock(&self.busy) == Some(thread::current().id()) {
            bail!(
                "a change of the store was asked for within a change of it; it would wait for ever"
            );
        }
        Ok(())
    }

    pub fn counts(&self) -> CommitCounts {
        lock(&self.state).counts
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
                self.give_up(&format!("{why:#}"));
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
                    self.give_up(&format!("{why:#}"));
                }
            }
        }
        answer
    }

    fn commit(&mut self) -> std::result::Result<(), String> {
        let Some((group, changes)) = self.group.take() else { return Ok(()) };
        let outcome = self.connection.commit();
        if outcome.is_err() {
            drop(self.connection.rollback());
        } else {
            self.counts.commits += 1;
            self.counts.changes += u64::from(changes);
        }
        let outcome = outcome.map_err(|why| format!("{why:#}"));
        group.finish(outcome.clone());
        outcome
    }

    /// The transaction is lost, and with it the changes that stand in it.
    fn give_up(&mut self, why: &str) {
        drop(self.connection.rollback());
        if let Some((group, _)) = self.group.take() {
            group.finish(Err(why.to_owned()));
        }
        self.lost = Some(why.to_owned());
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
        let commits = store.0.writer.counts().commits;
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
        assert_eq!(store.0.writer.counts().commits, commits + 1, "one commit for both");
    }

    #[test]
    fn long_changes_one_after_the_other_let_others_in_between() {
        let (_folder, store) = store();
        std::thread::scope(|scope| {
            let mut other = None;
            store
                .write_relaxed(|_| {
                    other = Some(scope.spawn(|| store.write(|tx| tx.set_setting("name", "other"))));
                    while !store.is_awaited() {
                        std::thread::yield_now();
                    }
                    Ok(())
                })
                .unwrap();
            let seen = store.write_relaxed(|tx| tx.setting("name")).unwrap();
            assert_eq!(seen.as_deref(), Some("other"), "who waited went first");
            other.expect("spawned above").join().unwrap().unwrap();
        });
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
    fn a_holder_is_told_that_its_transaction_was_lost() {
        let (_folder, store) = store();
        let held = store.in_one_commit(|| {
            store.write(|tx| tx.set_setting("name", "lost"))?;
            // As a full disk does: the database ends the whole transaction by itself.
            let lost = store.write(|tx| tx.execute("ROLLBACK", &[]).map(drop));
            assert!(lost.is_err());
            store.write(|tx| tx.set_setting("other", "made after the loss"))
        });
        assert!(held.unwrap_err().to_string().starts_with("the changes were not kept: "));
        assert_eq!(setting(&store), None);
        assert_eq!(store.read(|tx| tx.setting("other")).unwrap(), None, "all or nothing");
        store.write(|tx| tx.set_setting("name", "after")).unwrap();
        assert_eq!(setting(&store).as_deref(), Some("after"), "the store goes on");
    }

    #[test]
    fn a_reading_does_not_wait_for_a_change() {
        let (_folder, store) = store();
        let write = store.write(|tx| {
            tx.set_setting("name", "not yet")?;
            std::thread::scope(|scope| {
                scope.spawn(|| assert_eq!(setting(&store), None)).join().expect("it reads");
            });
            Ok(())
        });
        write.unwrap();
    }

    #[test]
    fn what_would_wait_for_itself_is_refused() {
        let (_folder, store) = store();
        let refused = store.in_one_commit(|| {
            store.read(|_| {
                assert_eq!(setting(&store), None, "a reading within a reading");
                store.write(|tx| tx.set_setting("name", "x"))
            })
        });
        assert!(refused.unwrap_err().to_string().starts_with("a change of the store was asked"));
        let refused = store.write(|_| store.in_one_commit(|| Ok(())));
        assert!(refused.unwrap_err().to_string().starts_with("a change of the store was asked"));
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
