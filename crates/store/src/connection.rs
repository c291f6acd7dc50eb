//! A connection to either database: transactions, statements, rows.

use std::{collections::HashMap, ops::ControlFlow, path::PathBuf};

use crate::{
    Result,
    dialect::Dialect,
    postgres::{self, PostgresConnection},
    sqlite::{self, Queue, SqliteConnection},
    value::{Row, Value},
};

/// Where a store is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Folder(PathBuf),
    Server(String),
}

impl Place {
    pub fn at(url: &str) -> Self {
        if postgres::is_url(url) {
            Self::Server(url.to_owned())
        } else {
            Self::Folder(PathBuf::from(url))
        }
    }

    pub fn exists(&self) -> Result<bool> {
        match self {
            Self::Folder(folder) => Ok(sqlite::file_in(folder).is_file()),
            Self::Server(_) => {
                let mut connection = self.open_reader()?;
                connection.has_table("migrations")
            }
        }
    }

    pub fn open_writer(&self) -> Result<Connection> {
        let link = match self {
            Self::Folder(folder) => Link::Sqlite(SqliteConnection::open_writer(folder)?),
            Self::Server(url) => {
                let mut connection = PostgresConnection::open(url)?;
                connection.check_server()?;
                Link::Postgres(connection)
            }
        };
        Ok(Connection::new(link))
    }

    /// The programs that wait to write. PostgreSQL lets in who came first by itself.
    pub fn queue(&self) -> Result<Option<Queue>> {
        match self {
            Self::Folder(folder) => Queue::open(folder).map(Some),
            Self::Server(_) => Ok(None),
        }
    }

    pub fn open_reader(&self) -> Result<Connection> {
        let link = match self {
            Self::Folder(folder) => Link::Sqlite(SqliteConnection::open_reader(folder)?),
            Self::Server(url) => Link::Postgres(PostgresConnection::open(url)?),
        };
        Ok(Connection::new(link))
    }
}

pub(crate) struct Connection {
    link: Link,
    /// The numbers of the events' sources, as far as this connection has met them. Emptied by a
    /// rollback, which may have taken some of them back.
    pub sources: HashMap<String, i64>,
    is_relaxed: bool,
}

// One of each at a time exists per thread at most, so their difference in size costs nothing.
#[expect(clippy::large_enum_variant)]
enum Link {
    Sqlite(SqliteConnection),
    Postgres(PostgresConnection),
}

impl Connection {
    fn new(link: Link) -> Self {
        Self { link, sources: HashMap::new(), is_relaxed: false }
    }

    pub fn dialect(&self) -> Dialect {
        match self.link {
            Link::Sqlite(_) => Dialect::Sqlite,
            Link::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Whether the commits from here on need not wait for the disk; they still come there in their
    /// order, and before whatever is committed after them.
    pub fn relax(&mut self, is_relaxed: bool) -> Result<()> {
        self.is_relaxed = is_relaxed;
        match &mut self.link {
            Link::Sqlite(it) => it.relax(is_relaxed),
            // Said at the beginning of each transaction, which may be on a new connection.
            Link::Postgres(_) => Ok(()),
        }
    }

    /// Keeps more of the store in this program's memory, or lets go of it. PostgreSQL has a memory of
    /// its own.
    pub fn enlarge_cache(&mut self, is_large: bool) -> Result<()> {
        match &mut self.link {
            Link::Sqlite(it) => it.enlarge_cache(is_large),
            Link::Postgres(_) => Ok(()),
        }
    }

    /// Opens the transaction of a writer. There is one at a time on a store, whatever the database:
    /// on PostgreSQL the row of the log's head is the baton that nodes hand on. So places in the
    /// log are in the order of commits, every change sees all before it, and writers cannot
    /// deadlock on two customers.
    pub fn begin_write(&mut self) -> Result<()> {
        match &mut self.link {
            Link::Sqlite(it) => it.begin_write(),
            Link::Postgres(it) => {
                let begun = it.begin(if self.is_relaxed {
                    "BEGIN; SET LOCAL synchronous_commit = off; \
                     SELECT value FROM counters WHERE name = 'log' FOR UPDATE"
                } else {
                    "BEGIN; SELECT value FROM counters WHERE name = 'log' FOR UPDATE"
                });
                // Where the baton did not come in time, the transaction is open and spoilt.
                begun.inspect_err(|_| drop(it.batch("ROLLBACK")))
            }
        }
    }

    /// Opens a transaction that sees the store as it is now, until it ends.
    pub fn begin_read(&mut self) -> Result<()> {
        match &mut self.link {
            Link::Sqlite(it) => it.batch("BEGIN"),
            Link::Postgres(it) => {
                it.begin("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            }
        }
    }

    /// Opens the transaction of a migration, one program at a time.
    pub fn begin_migration(&mut self) -> Result<()> {
        match &mut self.link {
            Link::Sqlite(it) => it.batch("BEGIN IMMEDIATE"),
            // The number is our own choice; all that matters is that every program has the same.
            Link::Postgres(it) => it.begin("BEGIN; SELECT pg_advisory_xact_lock(4702111234474983)"),
        }
    }

    pub fn savepoint(&mut self) -> Result<()> {
        self.batch("SAVEPOINT one_change")
    }

    pub fn release(&mut self) -> Result<()> {
        self.batch("RELEASE SAVEPOINT one_change")
    }

    /// Takes back what was done since the savepoint.
    pub fn rollback_to_savepoint(&mut self) -> Result<()> {
        self.sources.clear();
        self.batch("ROLLBACK TO SAVEPOINT one_change; RELEASE SAVEPOINT one_change")
    }

    pub fn commit(&mut self) -> Result<()> {
        self.batch("COMMIT")
    }

    /// Ends the transaction, if one is open, as if it had not been.
    pub fn rollback(&mut self) -> Result<()> {
        self.sources.clear();
        match &mut self.link {
            Link::Sqlite(it) if !it.is_open() => Ok(()),
            Link::Postgres(it) if it.is_lost() => Ok(()),
            _ => self.batch("ROLLBACK"),
        }
    }

    pub fn has_table(&mut self, name: &str) -> Result<bool> {
        let sql = match self.dialect() {
            Dialect::Sqlite => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1",
            Dialect::Postgres => "SELECT 1 WHERE to_regclass(CAST(?1 AS TEXT)) IS NOT NULL",
        };
        let mut is_there = false;
        self.for_each(sql, &[Value::Text(name)], &mut |_| {
            is_there = true;
            ControlFlow::Break(())
        })?;
        Ok(is_there)
    }

    pub fn batch(&mut self, sql: &str) -> Result<()> {
        match &mut self.link {
            Link::Sqlite(it) => it.batch(sql),
            Link::Postgres(it) => it.batch(sql),
        }
    }

    pub fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64> {
        match &mut self.link {
            Link::Sqlite(it) => it.execute(sql, values),
            Link::Postgres(it) => it.execute(sql, values),
        }
    }

    pub fn for_each(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        f: &mut dyn FnMut(&Row<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        match &mut self.link {
            Link::Sqlite(it) => it.for_each(sql, values, f),
            Link::Postgres(it) => it.for_each(sql, values, f),
        }
    }
}
