//! PostgreSQL, for several nodes on one store.

use std::{
    collections::HashMap, error::Error, ops::ControlFlow, str::FromStr as _, time::Duration,
};

use ::postgres::{
    Client, Config, NoTls, Statement,
    fallible_iterator::FallibleIterator as _,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};
use anyhow::{Context as _, anyhow, bail};
use bytes::BytesMut;

use crate::{
    Result,
    dialect::Dialect,
    value::{Row, Value},
};

/// 15 is the oldest whose statements we use and whose makers still mend it.
const VERSION_MIN: u32 = 15;
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// A node that stands still within a transaction loses it after this, and the others go on; a node
/// that waits longer than this for the others says so. Far above the longest import.
const PATIENCE_SECONDS: u32 = 120;

pub(crate) struct PostgresConnection {
    config: Config,
    client: Client,
    statements: HashMap<&'static str, Statement>,
}

pub(crate) fn is_url(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

impl PostgresConnection {
    pub fn open(url: &str) -> Result<Self> {
        // The parser's own words may repeat the address with its password.
        let mut config = Config::from_str(url)
            .map_err(|_| anyhow!("the store's address cannot be read; write it as postgres://…"))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WAIT);
        }
        if config.get_application_name().is_none() {
            config.application_name("aftercart");
        }
        let client = connect(&config)?;
        Ok(Self { config, client, statements: HashMap::new() })
    }

    /// Refuses a server that would call a commit done before it is on stable storage.
    pub fn check_server(&mut self) -> Result<()> {
        let row = self
            .client
            .query_one(
                "SELECT current_setting('server_version_num'), current_setting('fsync'), \
                 current_setting('full_page_writes'), current_setting('synchronous_commit')",
                &[],
            )
            .map_err(plain)?;
        let setting = |index| row.try_get::<_, &str>(index).map_err(plain);
        let version = setting(0)?.parse::<u32>()? / 10_000;
        if version < VERSION_MIN {
            bail!("PostgreSQL is version {version}; upgrade it to {VERSION_MIN} or later");
        }
        for (index, name) in [(1, "fsync"), (2, "full_page_writes"), (3, "synchronous_commit")] {
            if setting(index)? == "off" {
                bail!(
                    "PostgreSQL runs with `{name} = off`, so what it calls committed can be lost; \
                     set `{name} = on`"
                );
            }
        }
        Ok(())
    }

    pub fn batch(&mut self, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).map_err(plain)
    }

    /// Opens a transaction with `sql`, on a new connection where the old one is gone.
    pub fn begin(&mut self, sql: &str) -> Result<()> {
        let first = self.batch(sql);
        if first.is_ok() || !self.client.is_closed() {
            return first;
        }
        self.statements.clear();
        self.client = connect(&self.config)?;
        self.batch(sql)
    }

    pub fn is_lost(&self) -> bool {
        self.client.is_closed()
    }

    pub fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64> {
        let statement = self.prepare(sql)?;
        let mut rows = self.client.query_raw(&statement, values.iter().copied()).map_err(plain)?;
        while rows.next().map_err(plain)?.is_some() {}
        Ok(rows.rows_affected().unwrap_or(0))
    }

    pub fn for_each(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        f: &mut dyn FnMut(&Row<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        let statement = self.prepare(sql)?;
        let mut rows = self.client.query_raw(&statement, values.iter().copied()).map_err(plain)?;
        while let Some(row) = rows.next().map_err(plain)? {
            if f(&Row::Postgres(&row)).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn prepare(&mut self, sql: &'static str) -> Result<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&Dialect::Postgres.statement(sql)).map_err(plain)?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }
}

fn connect(config: &Config) -> Result<Client> {
    let mut client =
        config.connect(NoTls).map_err(plain).context("cannot connect to PostgreSQL")?;
    client
        .batch_execute(&format!(
            "SET idle_in_transaction_session_timeout = '{PATIENCE_SECONDS}s'; \
             SET lock_timeout = '{PATIENCE_SECONDS}s'; \
             SET client_min_messages = warning"
        ))
        .map_err(plain)?;
    Ok(client)
}

/// The error without its details, which repeat what the row held: an address, a name.
fn plain(error: ::postgres::Error) -> anyhow::Error {
    match error.as_db_error() {
        Some(told) => anyhow!("PostgreSQL: {} (SQLSTATE {})", told.message(), told.code().code()),
        None => anyhow!(error),
    }
}

pub(crate) fn value_of(row: &::postgres::Row, index: usize) -> Result<Value<'_>> {
    row.try_get(index).map_err(plain)
}

impl<'r> FromSql<'r> for Value<'r> {
    fn from_sql(
        kind: &Type,
        raw: &'r [u8],
    ) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT2 => Self::Int(i16::from_sql(kind, raw)?.into()),
            Type::INT4 => Self::Int(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Self::Int(i64::from_sql(kind, raw)?),
            Type::BYTEA => Self::Blob(<&[u8]>::from_sql(kind, raw)?),
            _ => Self::Text(<&str>::from_sql(kind, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        let numbers = [Type::INT2, Type::INT4, Type::INT8, Type::BYTEA];
        numbers.contains(kind) || <&str as FromSql>::accepts(kind)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (*self, kind) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(number), &Type::INT2) => i16::try_from(number)?.to_sql(kind, out),
            (Self::Int(number), &Type::INT4) => i32::try_from(number)?.to_sql(kind, out),
            (Self::Int(number), &Type::INT8) => number.to_sql(kind, out),
            (Self::Text(text), kind) if <&str as ToSql>::accepts(kind) => text.to_sql(kind, out),
            (Self::Blob(bytes), &Type::BYTEA) => bytes.to_sql(kind, out),
            _ => Err(format!("a value of another kind than the column's {kind}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::{Store, Tx, conformance::with_postgres};

    fn process_of(tx: &mut Tx<'_>) -> crate::Result<i64> {
        tx.one("SELECT pg_backend_pid()", &[])
    }

    /// As a server does that is stopped and started again.
    fn end_process(store: &Store, process: i64) {
        let sql = "SELECT CASE WHEN pg_terminate_backend(CAST(?1 AS INT), 10000) THEN 1 ELSE 0 END";
        let ended: i64 = store.read(|tx| tx.one(sql, &[process.into()])).unwrap();
        assert_eq!(ended, 1);
    }

    #[test]
    fn a_server_that_can_lose_a_commit_is_refused() {
        with_postgres(|url| {
            let why = Store::open(&format!("{url}%20-c%20synchronous_commit%3Doff")).unwrap_err();
            assert_snapshot!(why, @"PostgreSQL runs with `synchronous_commit = off`, so what it calls committed can be lost; set `synchronous_commit = on`");
        });
    }

    #[test]
    fn a_lost_connection_is_made_again() {
        with_postgres(|url| {
            let store = Store::open(url).unwrap();
            let process = store.write(process_of).unwrap();
            end_process(&store, process);
            store.write(|tx| tx.set_setting("a", "1")).unwrap();

            // Within a change the change is lost, and the caller is told.
            let failed = store.write(|tx| {
                tx.set_setting("a", "2")?;
                let process = process_of(tx)?;
                end_process(&store, process);
                tx.set_setting("b", "2")
            });
            assert!(failed.is_err());
            store.write(|tx| tx.set_setting("c", "3")).unwrap();
            let kept = store.read(|tx| Ok((tx.setting("a")?, tx.setting("b")?, tx.setting("c")?)));
            let text = |it: &str| Some(it.to_owned());
            assert_eq!(kept.unwrap(), (text("1"), None, text("3")));
        });
    }

    #[test]
    fn errors_of_the_server_show_no_row() {
        with_postgres(|url| {
            let store = Store::open(url).unwrap();
            let sql = "INSERT INTO settings (name, value) VALUES ('ana@mail.example', 'x')";
            let why = store.write(|tx| tx.execute(sql, &[]).and_then(|_| tx.execute(sql, &[])));
            let told = format!("{:#}", why.unwrap_err().root_cause());
            assert_snapshot!(told, @r#"PostgreSQL: duplicate key value violates unique constraint "settings_pkey" (SQLSTATE 23505)"#);
        });
    }

    #[test]
    fn an_address_that_cannot_be_read_is_not_repeated() {
        let why = Store::open("postgres://shop:secret@host:port/db").unwrap_err();
        assert_snapshot!(why, @"the store's address cannot be read; write it as postgres://…");
        assert!(!Store::exists("postgres://shop:secret@host:port/db"));
    }
}
