//! What the database does alone, beside which `aftercart bench` measures us: the rows that stand in a
//! log, inserted into the same tables of another store by nothing but statements of many rows, each
//! group of rows a commit that waits for the disk.

use std::{
    ops::ControlFlow,
    sync::LazyLock,
    time::{Duration, Instant},
};

use crate::{
    Result, Store,
    connection::Place,
    schema,
    value::{Value, values},
};

/// Events of one commit, as many as libraries send in a batch.
pub const PLAIN_ROWS: usize = 100;

const KEY_COLUMNS: &str = "source, key, bucket, seq, hash";
const EVENT_COLUMNS: &str = "bucket, seq, customer, kind, at, received_at, source, key, body";

static INSERT_KEYS: LazyLock<String> = LazyLock::new(|| insert("event_keys", KEY_COLUMNS));
static INSERT_EVENTS: LazyLock<String> = LazyLock::new(|| insert("events", EVENT_COLUMNS));

fn insert(table: &str, columns: &str) -> String {
    let width = columns.split(',').count();
    let place = |at| format!("?{}", at + 1);
    let row = |row| (row * width..(row + 1) * width).map(place).collect::<Vec<_>>().join(", ");
    let rows: Vec<String> = (0..PLAIN_ROWS).map(|it| format!("({})", row(it))).collect();
    format!("INSERT INTO {table} ({columns}) VALUES {}", rows.join(", "))
}

/// A row of the log, and the hash that stands beside its key.
struct LogRow {
    bucket: u8,
    seq: u64,
    customer: Option<i64>,
    kind: u8,
    at: i64,
    received_at: i64,
    source: i64,
    key: String,
    body: String,
    hash: i64,
}

/// Inserts the newest `count` events of `from` into a new store at `url`, and says how long that took
/// and how many there were: whole groups of [`PLAIN_ROWS`].
pub fn insert_plainly(from: &Store, count: u64, url: &str) -> Result<(u64, Duration)> {
    let rows = newest_rows(from, count)?;
    let mut connection = Place::at(url).open_writer()?;
    schema::migrate(&mut connection, schema::MIGRATIONS)?;
    let begin = Instant::now();
    let mut inserted = 0;
    for rows in rows.chunks_exact(PLAIN_ROWS) {
        connection.begin_write()?;
        connection.execute(&INSERT_KEYS, &rows.iter().flat_map(key_cells).collect::<Vec<_>>())?;
        connection
            .execute(&INSERT_EVENTS, &rows.iter().flat_map(event_cells).collect::<Vec<_>>())?;
        connection.commit()?;
        inserted += rows.len() as u64;
    }
    Ok((inserted, begin.elapsed()))
}

fn key_cells(it: &LogRow) -> [Value<'_>; 5] {
    *values![it.source, &it.key, it.bucket, it.seq, it.hash]
}

fn event_cells(it: &LogRow) -> [Value<'_>; 9] {
    let LogRow { bucket, seq, kind, at, received_at, source, .. } = *it;
    let customer = it.customer.map_or(Value::Null, Value::from);
    *values![bucket, seq, customer, kind, at, received_at, source, &it.key, &it.body]
}

fn newest_rows(from: &Store, count: u64) -> Result<Vec<LogRow>> {
    from.read(|tx| {
        let head: u64 = tx.one("SELECT value FROM counters WHERE name = 'log'", &[])?;
        let sql = "SELECT e.bucket, e.seq, e.customer, e.kind, e.at, e.received_at, e.source, e.key, \
                   e.body, k.hash FROM events e \
                   JOIN event_keys k ON k.source = e.source AND k.key = e.key \
                   WHERE e.seq > ?1 ORDER BY e.seq";
        let mut rows = Vec::new();
        tx.for_each(sql, values![head.saturating_sub(count)], &mut |row| {
            let mut cells = row.cells();
            rows.push(LogRow {
                bucket: cells.take()?,
                seq: cells.take()?,
                customer: cells.take()?,
                kind: cells.take()?,
                at: cells.take()?,
                received_at: cells.take()?,
                source: cells.take()?,
                key: cells.take()?,
                body: cells.take()?,
                hash: cells.take()?,
            });
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    })
}
