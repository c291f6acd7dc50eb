//! The little in which the two databases differ.
//!
//! A statement is written once, in the SQL both understand, with its places as `?1`. What is left
//! is here: the form of the places, the names of column types, and how a table is laid out.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// A statement as PostgreSQL wants it: `?1` becomes `$1`, outside quoted text.
    pub fn statement(self, sql: &str) -> String {
        let mut is_quoted = false;
        let place = |c: char| {
            is_quoted ^= c == '\'';
            if c == '?' && !is_quoted && self == Self::Postgres { '$' } else { c }
        };
        sql.chars().map(place).collect()
    }

    /// A table's definition. Written with PostgreSQL's column types and these words of our own:
    ///
    /// - `CLUSTERED` after a table: its rows stand in the order of its primary key.
    /// - `KEY_BY(x)`: the primary key `(bucket, x)`, by which PostgreSQL can be partitioned. On
    ///   SQLite the key is `x` alone, a number that counts up and so appends; where `x` is an id
    ///   it carries the bucket in its low bits anyway.
    /// - `BLOB` for bytes.
    pub fn definition(self, sql: &str) -> String {
        let mut written = String::with_capacity(sql.len() + sql.len() / 4);
        for piece in pieces(sql) {
            written.push_str(match (self, piece) {
                (Self::Sqlite, "BIGINT" | "SMALLINT") => "INTEGER",
                (Self::Sqlite, "CLUSTERED") => "STRICT, WITHOUT ROWID",
                (Self::Sqlite, "PLAIN") => "STRICT",
                (Self::Sqlite, "KEY_BY") => "PRIMARY KEY ",
                (Self::Postgres, "TEXT") => "TEXT COLLATE \"C\"",
                (Self::Postgres, "BLOB") => "BYTEA",
                (Self::Postgres, "CLUSTERED" | "PLAIN") => "",
                (Self::Postgres, "KEY_BY") => "PRIMARY KEY (bucket, ",
                (_, other) => other,
            });
        }
        // The bracket after `KEY_BY` is written above for PostgreSQL.
        written.replace("(bucket, (", "(bucket, ")
    }

    /// Sixteen bytes that nobody can guess.
    pub fn random_bytes(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT randomblob(16)",
            Self::Postgres => {
                "SELECT decode(md5(gen_random_uuid()::text || gen_random_uuid()::text), 'hex')"
            }
        }
    }
}

/// The words of `sql` and what stands between them.
fn pieces(sql: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = sql;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest.find(|c| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn places_are_rewritten_outside_quotes() {
        let sql = "SELECT a FROM b WHERE c = ?1 AND d <> '?2' AND e < ?12";
        assert_eq!(Dialect::Sqlite.statement(sql), sql);
        assert_snapshot!(
            Dialect::Postgres.statement(sql),
            @"SELECT a FROM b WHERE c = $1 AND d <> '?2' AND e < $12"
        );
    }

    #[test]
    fn tables_are_laid_out_for_each_database() {
        let sql = "CREATE TABLE a (bucket SMALLINT, id BIGINT, b TEXT, c BLOB, KEY_BY(id)) PLAIN;\n\
                   CREATE TABLE d (e TEXT, PRIMARY KEY (e)) CLUSTERED;";
        assert_snapshot!(Dialect::Sqlite.definition(sql), @"
        CREATE TABLE a (bucket INTEGER, id INTEGER, b TEXT, c BLOB, PRIMARY KEY (id)) STRICT;
        CREATE TABLE d (e TEXT, PRIMARY KEY (e)) STRICT, WITHOUT ROWID;
        ");
        assert_snapshot!(Dialect::Postgres.definition(sql), @r#"
        CREATE TABLE a (bucket SMALLINT, id BIGINT, b TEXT COLLATE "C", c BYTEA, PRIMARY KEY (bucket, id)) ;
        CREATE TABLE d (e TEXT COLLATE "C", PRIMARY KEY (e)) ;
        "#);
    }
}
