//! The schema, as numbered migrations.
//!
//! A migration is never changed once released; a later one mends it. Each runs in a transaction
//! of its own, so that a program that dies half-way leaves a store the next one continues.
//!
//! Tables of customers' things lead with the customer's bucket. The others are the shop's own
//! things, or directories that lead from a name to its bucket: identifiers, order ids, the keys of
//! events and enrolments. A directory is kept apart from what it leads to, so that the uniqueness
//! it guards survives partitioning by bucket.

use anyhow::{Context as _, bail};

use crate::{Result, connection::Connection, dialect::Dialect, value::values};

#[derive(Clone, Copy)]
pub(crate) struct Migration {
    pub number: u32,
    pub name: &'static str,
    /// In the words of [`Dialect::definition`].
    pub sql: &'static str,
    /// Indexes that SQLite has no need of, its rows being in that order already.
    pub postgres: &'static str,
}

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "the first tables",
        sql: include_str!("schema/0001.sql"),
        postgres: include_str!("schema/0001-postgres.sql"),
    },
    Migration {
        number: 2,
        name: "what came in and is not in the log",
        sql: include_str!("schema/0002.sql"),
        postgres: "",
    },
    Migration {
        number: 3,
        name: "deliveries by age",
        sql: include_str!("schema/0003.sql"),
        postgres: "",
    },
    Migration {
        number: 4,
        name: "segments in use, and lists",
        sql: include_str!("schema/0004.sql"),
        postgres: "",
    },
    Migration {
        number: 5,
        name: "brands, and how customers agreed",
        sql: include_str!("schema/0005.sql"),
        postgres: "",
    },
    Migration {
        number: 6,
        name: "whose facts changed",
        sql: include_str!("schema/0006.sql"),
        postgres: "",
    },
    Migration {
        number: 7,
        name: "rules for recommendations",
        sql: include_str!("schema/0007.sql"),
        postgres: "",
    },
];

/// Brings the store to the newest of `migrations`; refuses one that is newer still.
pub(crate) fn migrate(connection: &mut Connection, migrations: &[Migration]) -> Result<()> {
    let newest = migrations.last().map_or(0, |it| it.number);
    // Most starts find nothing to do and need not wait for a writer.
    if connection.has_table("migrations")? && stored_number(connection)? == newest {
        return Ok(());
    }
    while migrate_once(connection, migrations, newest)? {}
    Ok(())
}

/// Applies the next migration, if one is left.
fn migrate_once(
    connection: &mut Connection,
    migrations: &[Migration],
    newest: u32,
) -> Result<bool> {
    connection.begin_migration()?;
    let applied = apply_next(connection, migrations, newest);
    match &applied {
        Ok(true) => connection.commit()?,
        _ => connection.rollback()?,
    }
    applied
}

fn apply_next(connection: &mut Connection, migrations: &[Migration], newest: u32) -> Result<bool> {
    let dialect = connection.dialect();
    connection.batch(&dialect.definition(
        "CREATE TABLE IF NOT EXISTS migrations \
         (number BIGINT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (number)) PLAIN",
    ))?;
    let stored = stored_number(connection)?;
    if stored > newest {
        bail!(
            "the store has schema {stored} and this program knows schemas up to {newest}; start \
             the newer program that wrote it, or restore a backup"
        );
    }
    let Some(next) = migrations.iter().find(|it| it.number > stored) else { return Ok(false) };
    let fail = || format!("cannot migrate the store to schema {}, {}", next.number, next.name);
    connection.batch(&dialect.definition(next.sql)).with_context(fail)?;
    if dialect == Dialect::Postgres {
        connection.batch(&dialect.definition(next.postgres)).with_context(fail)?;
    }
    let sql = "INSERT INTO migrations (number, name) VALUES (?1, ?2)";
    connection.execute(sql, values![next.number, next.name]).with_context(fail)?;
    Ok(true)
}

pub(crate) fn stored_number(connection: &mut Connection) -> Result<u32> {
    let mut stored = Ok(0);
    connection.for_each("SELECT max(number) FROM migrations", &[], &mut |row| {
        stored = row.get::<Option<u32>>(0).map(Option::unwrap_or_default);
        std::ops::ControlFlow::Break(())
    })?;
    stored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_without_gaps() {
        for (migration, number) in MIGRATIONS.iter().zip(1..) {
            assert_eq!(migration.number, number);
        }
    }
}
