//! SQLite, embedded: one file in a folder, a writer and readers beside it.

use std::{
    fs::{File, TryLockError},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use rusqlite::{
    Connection, OpenFlags,
    config::DbConfig,
    types::{ToSql, ToSqlOutput, ValueRef},
};

use crate::{
    Result,
    value::{Row, Value},
};

/// The database within the store's folder.
const FILE_NAME: &str = "aftercart.db";
/// How long to wait for another program that writes the same file.
const BUSY_WAIT: Duration = Duration::from_secs(30);
/// Locked, shared, by every program that waits to write. SQLite tells nobody that others wait, and a
/// program that writes for long, one transaction after the other, would keep them out.
const WAITING_FILE_NAME: &str = "aftercart.waiting";
/// How long to wait for those who read, before the log is emptied another time.
const EMPTY_LOG_WAIT: Duration = Duration::from_millis(250);
/// More than the statements there are, so that each is prepared once.
const STATEMENTS_CACHED: usize = 256;
/// Of the writer: enough that an import's upper index pages stay in memory. In KiB.
const WRITER_CACHE_KIB: u32 = 48 * 1024;
/// The same during long work: the pages that lead from the identifiers of a million customers to them
/// and to their events.
const WRITER_CACHE_KIB_LONG: u32 = 192 * 1024;
const READER_CACHE_KIB: u32 = 8 * 1024;
/// When the write-ahead log is written into the file, in pages of 4 KiB. The longer it is, the fewer
/// times a page is written that changes again and again, and the longer the one commit takes that
/// does it.
const LOG_PAGES_MAX: u32 = 16 * 1024;
/// The same while commits need not wait for the disk, and nobody waits for them.
const LOG_PAGES_MAX_RELAXED: u32 = 128 * 1024;
/// What stays of the write-ahead log after an import made it long.
const LOG_BYTES_KEPT: u32 = 16 << 20;

pub(crate) struct SqliteConnection {
    connection: Connection,
    /// Of a writer.
    queue: Option<Queue>,
}

/// The programs that wait to write.
pub(crate) struct Queue(File);

impl Queue {
    pub fn open(folder: &Path) -> Result<Self> {
        let file = File::create(folder.join(WAITING_FILE_NAME))
            .with_context(|| format!("cannot write in the folder `{}`", folder.display()))?;
        Ok(Self(file))
    }

    /// Whether anybody waits. Who cannot tell lets nobody wait for that.
    pub fn has_anybody(&self) -> bool {
        match self.0.try_lock() {
            Ok(()) => self.0.unlock().is_err(),
            Err(why) => matches!(why, TryLockError::WouldBlock),
        }
    }
}

pub(crate) fn file_in(folder: &Path) -> PathBuf {
    folder.join(FILE_NAME)
}

/// Moves all of the write-ahead log into the database and empties its file. `false`: somebody reads or
/// writes.
pub(crate) fn empty_log(folder: &Path) -> Result<bool> {
    let connection = Connection::open(file_in(folder))
        .with_context(|| format!("cannot open the store in `{}`", folder.display()))?;
    connection.busy_timeout(EMPTY_LOG_WAIT)?;
    let is_busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(!is_busy)
}

const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

fn is_busy(outcome: &Result<()>) -> bool {
    let why = outcome.as_ref().err().and_then(|it| it.downcast_ref::<rusqlite::Error>());
    why.and_then(rusqlite::Error::sqlite_error_code) == Some(rusqlite::ErrorCode::DatabaseBusy)
}

/// A plan never hangs on the values bound to it. Otherwise SQLite plans a statement that a partial
/// index may serve anew at every use: a quarter of the time of a busy store.
fn keep_plans(connection: &Connection) -> Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

impl SqliteConnection {
    /// The one connection that writes.
    pub fn open_writer(folder: &Path) -> Result<Self> {
        create_folder(folder)?;
        let connection = Connection::open(file_in(folder))
            .with_context(|| format!("cannot open the store in `{}`", folder.display()))?;
        connection.busy_timeout(BUSY_WAIT)?;
        let mode: String =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            bail!(
                "the store in `{}` cannot keep a write-ahead log (journal mode `{mode}`); put it \
                 on a local disk",
                folder.display(),
            );
        }
        // FULL: a commit returns after the log is on stable storage. What is deleted is overwritten:
        // it may have been a person's.
        connection.execute_batch(&format!(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; \
             PRAGMA cache_size = -{WRITER_CACHE_KIB}; \
             PRAGMA journal_size_limit = {LOG_BYTES_KEPT}; PRAGMA secure_delete = ON; \
             PRAGMA wal_autocheckpoint = {LOG_PAGES_MAX};"
        ))?;
        keep_plans(&connection)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        Ok(Self { connection, queue: Some(Queue::open(folder)?) })
    }

    pub fn open_reader(folder: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file_in(folder), flags)
            .with_context(|| format!("cannot read the store in `{}`", folder.display()))?;
        connection.busy_timeout(BUSY_WAIT)?;
        connection.execute_batch(&format!("PRAGMA cache_size = -{READER_CACHE_KIB};"))?;
        keep_plans(&connection)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        Ok(Self { connection, queue: None })
    }

    /// Opens the transaction of a writer, after those of other programs that came first.
    pub fn begin_write(&mut self) -> Result<()> {
        self.connection.busy_timeout(Duration::ZERO)?;
        let begun = self.batch(BEGIN_WRITE);
        self.connection.busy_timeout(BUSY_WAIT)?;
        let Some(Queue(waiting)) = self.queue.as_ref().filter(|_| is_busy(&begun)) else {
            return begun;
        };
        waiting.lock_shared()?;
        let begun = self.connection.execute_batch(BEGIN_WRITE);
        waiting.unlock()?;
        Ok(begun?)
    }

    pub fn batch(&mut self, sql: &str) -> Result<()> {
        Ok(self.connection.execute_batch(sql)?)
    }

    /// Whether the commits from here on need not wait for the disk. They still come there in their
    /// order, and before whatever is committed after them: NORMAL leaves out the sync of the log at a
    /// commit, not that before a checkpoint.
    pub fn relax(&mut self, is_relaxed: bool) -> Result<()> {
        let (level, pages) =
            if is_relaxed { ("NORMAL", LOG_PAGES_MAX_RELAXED) } else { ("FULL", LOG_PAGES_MAX) };
        self.batch(&format!("PRAGMA synchronous = {level}; PRAGMA wal_autocheckpoint = {pages};"))
    }

    /// Keeps more in memory, or lets go of it.
    pub fn enlarge_cache(&mut self, is_large: bool) -> Result<()> {
        let kib = if is_large { WRITER_CACHE_KIB_LONG } else { WRITER_CACHE_KIB };
        self.batch(&format!("PRAGMA cache_size = -{kib};"))
    }

    /// Whether a transaction is open; some failures, such as a full disk, end it by themselves.
    pub fn is_open(&self) -> bool {
        !self.connection.is_autocommit()
    }

    pub fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64> {
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.execute(rusqlite::params_from_iter(values))? as u64)
    }

    pub fn for_each(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        f: &mut dyn FnMut(&Row<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            if f(&Row::Sqlite(row)).is_break() {
                break;
            }
        }
        Ok(())
    }
}

pub(crate) fn value_of<'r>(row: &'r rusqlite::Row<'_>, index: usize) -> Result<Value<'r>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => Value::Text(std::str::from_utf8(text)?),
        ValueRef::Blob(bytes) => Value::Blob(bytes),
        ValueRef::Real(_) => bail!("the store holds a fraction, which it never writes"),
    })
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// The folder holds people's data, so nobody but its owner may look into it.
fn create_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .with_context(|| format!("cannot create the folder `{}`", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_to_write_is_seen_by_other_programs() {
        let folder = tempfile::tempdir().unwrap();
        // Two connections lock one another out as two programs do.
        let mut writes = SqliteConnection::open_writer(folder.path()).unwrap();
        let mut waits = SqliteConnection::open_writer(folder.path()).unwrap();
        let queue = Queue::open(folder.path()).unwrap();
        writes.begin_write().unwrap();
        assert!(!queue.has_anybody());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| waits.begin_write());
            while !queue.has_anybody() {
                std::thread::yield_now();
            }
            writes.batch("COMMIT").unwrap();
            waiting.join().unwrap().expect("its turn");
        });
        assert!(!queue.has_anybody());
        waits.batch("COMMIT").unwrap();
    }

    #[test]
    fn a_commit_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("below/aftercart-data");
        let writer = SqliteConnection::open_writer(&inner).unwrap();
        let pragma = |name: &str| -> i64 {
            writer.connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
        };
        assert_eq!(pragma("synchronous"), 2, "FULL");
        assert_eq!(pragma("foreign_keys"), 1);
        let mode: String =
            writer.connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_look_into_the_folder() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("aftercart-data");
        SqliteConnection::open_writer(&inner).unwrap();
        assert_eq!(std::fs::metadata(inner).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_folder_that_cannot_be_is_named_in_the_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let place = file.path().join("store");
        let why = SqliteConnection::open_writer(&place).err().unwrap().to_string();
        assert_eq!(why, format!("cannot create the folder `{}`", place.display()));
    }
}
