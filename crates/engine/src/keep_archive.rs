//! The archive between starts: opened from its files, made anew of the log where they are not to be
//! had, and written again when there is much that is new or somebody was erased.
//!
//! Nothing rests on the files. What is missing in them is read from the log, and files that are
//! damaged, of another log or of another version are passed over.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, MutexGuard},
    thread,
};

use aftercart_archive::{Archive, BulkRows, Rebuild};
use aftercart_model::EventKind;
use anyhow::{Context as _, Result};
use tracing::{info, warn};

use crate::Engine;

/// A log with more news than this is read on all cores into a new archive...
const REBUILD_EVENTS_MIN: u64 = 50_000;

/// ...if they are more than this share of it all; else they are appended.
const REBUILD_SHARE: u64 = 2;

/// The files are written when they lack so many events: to append them at the next start takes about
/// a second.
const SAVED_EVENTS_MIN: u64 = 250_000;

/// A core reads so many events of the log at a time.
const STRETCH_EVENTS: u64 = 1 << 16;

/// Stretches that may wait for one before them: bounds the memory.
const STRETCHES_WAITING_MAX: usize = 16;

/// Where the archive's files are, and how far they go.
#[derive(Debug, Default)]
pub(crate) struct ArchiveFiles {
    folder: Option<PathBuf>,
    /// Whether they were looked for.
    is_read: bool,
    saved_through: u64,
    /// What they hold is not what the archive was made of, and may tell of somebody erased.
    are_stale: bool,
}

impl ArchiveFiles {
    pub(crate) fn in_folder(folder: Option<PathBuf>) -> Self {
        Self { folder, ..Self::default() }
    }
}

impl Engine {
    /// Keeps the archive's files in `folder` from now on. Without a word they stand beside an
    /// embedded store; for a store on a server there are none.
    pub fn keep_archive_in(&self, folder: &Path) {
        let mut files = self.archive_files.lock().expect("no panic while held");
        *files = ArchiveFiles::in_folder(Some(folder.to_owned()));
    }

    /// The archive, holding at least what was in its files or in a long log.
    pub(crate) fn warm_archive(&self) -> Result<MutexGuard<'_, Archive>> {
        let mut archive = self.archive.lock().expect("no panic while held");
        {
            let mut files = self.archive_files.lock().expect("no panic while held");
            if !std::mem::replace(&mut files.is_read, true)
                && archive.through() == 0
                && let Some(folder) = &files.folder
            {
                match self.open_archive(folder) {
                    Ok(Some(opened)) => {
                        files.saved_through = opened.through();
                        *archive = opened;
                    }
                    Ok(None) => {}
                    Err(why) => {
                        files.are_stale = true;
                        warn!("the archive is made anew from the log: {why:#}");
                    }
                }
            }
        }
        let head = self.store().read(|tx| tx.log_head())?;
        let news = head.saturating_sub(archive.through());
        if news > REBUILD_EVENTS_MIN && news > head / REBUILD_SHARE {
            *archive = self.archive_of_log()?;
            let mut files = self.archive_files.lock().expect("no panic while held");
            files.are_stale |= files.saved_through > 0;
        }
        Ok(archive)
    }

    fn open_archive(&self, folder: &Path) -> Result<Option<Archive>> {
        let is_ours = |through, mark: &str| {
            let known = self.store().read(|tx| tx.log_mark(through))?;
            Ok(known.as_deref() == Some(mark))
        };
        // Another process may have replaced the files between its manifest and their being read.
        Archive::open(folder, is_ours).or_else(|_| Archive::open(folder, is_ours))
    }

    /// An archive of the whole log, read on all cores.
    pub fn archive_of_log(&self) -> Result<Archive> {
        let head = self.store().read(|tx| tx.log_head())?;
        let turns = Turns::new(head.div_ceil(STRETCH_EVENTS));
        let read = |stretch: u64| {
            let after = stretch * STRETCH_EVENTS;
            let mut rows = BulkRows::new();
            self.store().read(|tx| {
                tx.scan_log(after, (after + STRETCH_EVENTS).min(head), &mut |line| {
                    if gives_rows(line.kind) {
                        rows.push_body(line.seq, line.customer, line.at, &line.body()?);
                    } else {
                        rows.pass(line.seq);
                    }
                    Ok(())
                })
            })?;
            Ok(rows)
        };
        let mut rebuild = Rebuild::new();
        thread::scope(|scope| {
            let cores = thread::available_parallelism().map_or(1, usize::from);
            for _ in 0..cores {
                scope.spawn(|| {
                    while let Some(stretch) = turns.take() {
                        turns.put(stretch, read(stretch));
                    }
                });
            }
            while let Some(rows) = turns.next() {
                match rows {
                    Ok(rows) => rebuild.add(rows),
                    Err(why) => {
                        turns.stop();
                        return Err(why);
                    }
                }
            }
            Ok(())
        })?;
        Ok(rebuild.finish())
    }

    /// Brings the archive up to the log, and its files if they lack much or hold somebody who was
    /// erased. Says whether files were written.
    pub fn keep_archive(&self) -> Result<bool> {
        self.keep_archive_if_behind_by(SAVED_EVENTS_MIN)
    }

    pub(crate) fn keep_archive_if_behind_by(&self, events: u64) -> Result<bool> {
        let folder = self.archive_files.lock().expect("no panic while held").folder.clone();
        let Some(folder) = folder else { return Ok(false) };
        let mut archive = self.warm_archive()?;
        self.store().read(|tx| crate::segments::catch_up(&mut archive, tx))?;
        {
            let files = self.archive_files.lock().expect("no panic while held");
            let is_behind = archive.through() >= files.saved_through + events;
            let tells_of_erased = files.saved_through > 0 && archive.has_forgotten();
            if !is_behind && !tells_of_erased && !files.are_stale {
                return Ok(false);
            }
        }
        let snapshot = archive.snapshot();
        drop(archive);
        let mark = self.store().read(|tx| tx.log_mark(snapshot.through()))?;
        let mark = mark.context("the log has lost its newest event")?;
        let written = snapshot.save(&folder, &mark)?;
        let mut files = self.archive_files.lock().expect("no panic while held");
        (files.saved_through, files.are_stale) = (snapshot.through(), false);
        info!(files = written, through = snapshot.through(), "the archive was written");
        Ok(true)
    }
}

/// Whether an event of the kind may give rows or merge customers. A kind of a later version may.
fn gives_rows(kind: u8) -> bool {
    const WITHOUT: [u8; 13] = [
        EventKind::Identified as u8,
        EventKind::ConsentGiven as u8,
        EventKind::ErasureAsked as u8,
        EventKind::ExportAsked as u8,
        EventKind::Erased as u8,
        EventKind::OrderRevised as u8,
        EventKind::OrderFulfilled as u8,
        EventKind::CartRemoved as u8,
        EventKind::CouponApplied as u8,
        EventKind::MessageDeferred as u8,
        EventKind::MessageDropped as u8,
        EventKind::Enrolled as u8,
        EventKind::EnrolmentEnded as u8,
    ];
    !WITHOUT.contains(&kind)
}

/// Hands out stretches of the log to those who read them, and what they read in the order of the log
/// to the one who takes it.
struct Turns {
    state: Mutex<TurnsState>,
    has_changed: Condvar,
    end: u64,
}

#[derive(Default)]
struct TurnsState {
    next_out: u64,
    next_in: u64,
    waiting: BTreeMap<u64, Result<BulkRows>>,
    is_stopped: bool,
}

impl Turns {
    fn new(end: u64) -> Self {
        Self { state: Mutex::default(), has_changed: Condvar::new(), end }
    }

    /// The next stretch to be read; waits while too many wait to be taken.
    fn take(&self) -> Option<u64> {
        let mut state = self.state.lock().expect("no panic while held");
        loop {
            if state.is_stopped || state.next_out == self.end {
                return None;
            }
            if state.next_out < state.next_in + STRETCHES_WAITING_MAX as u64 {
                state.next_out += 1;
                return Some(state.next_out - 1);
            }
            state = self.has_changed.wait(state).expect("no panic while held");
        }
    }

    fn put(&self, stretch: u64, rows: Result<BulkRows>) {
        self.state.lock().expect("no panic while held").waiting.insert(stretch, rows);
        self.has_changed.notify_all();
    }

    /// What was read of the next stretch; waits for it.
    fn next(&self) -> Option<Result<BulkRows>> {
        let mut state = self.state.lock().expect("no panic while held");
        loop {
            if state.next_in == self.end {
                return None;
            }
            let wanted = state.next_in;
            if let Some(rows) = state.waiting.remove(&wanted) {
                state.next_in += 1;
                self.has_changed.notify_all();
                return Some(rows);
            }
            state = self.has_changed.wait(state).expect("no panic while held");
        }
    }

    fn stop(&self) {
        self.state.lock().expect("no panic while held").is_stopped = true;
        self.has_changed.notify_all();
    }
}
