//! What the database does alone, beside which `aftercart bench` measures us: rows with a unique key,
//! inserted many to a statement, each statement a commit that waits for the disk.

use std::sync::LazyLock;

use crate::{
    Result,
    connection::{Connection, Place},
    value::Value,
};

/// Rows of one statement.
pub const PLAIN_ROWS: usize = 100;
const COLUMNS: usize = 3;

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let row = |row| {
        let first = row * COLUMNS + 1;
        format!("(?{first}, ?{}, ?{})", first + 1, first + 2)
    };
    let rows: Vec<String> = (0..PLAIN_ROWS).map(row).collect();
    format!("INSERT INTO plain_events (key, at, body) VALUES {}", rows.join(", "))
});

/// A table of nothing but events, in a database of its own.
pub struct PlainTable {
    connection: Connection,
}

impl PlainTable {
    pub fn create(url: &str) -> Result<Self> {
        let mut connection = Place::at(url).open_writer()?;
        connection.batch(
            "DROP TABLE IF EXISTS plain_events; CREATE TABLE plain_events \
             (key TEXT NOT NULL PRIMARY KEY, at BIGINT NOT NULL, body TEXT NOT NULL)",
        )?;
        Ok(Self { connection })
    }

    /// Inserts key, instant and body of each row, durably.
    pub fn insert(&mut self, rows: &[(&str, i64, &str); PLAIN_ROWS]) -> Result<()> {
        let cells =
            |(key, at, body): &(_, _, _)| [Value::Text(*key), Value::Int(*at), Value::Text(*body)];
        let values: Vec<Value<'_>> = rows.iter().flat_map(cells).collect();
        self.connection.batch("BEGIN")?;
        self.connection.execute(&INSERT, &values)?;
        self.connection.commit()
    }
}
