//! The one log of events.

use std::{hash::Hasher as _, ops::ControlFlow};

use aftercart_model::{CustomerId, Event, EventBody, EventKey, EventKind, Timestamp};
use anyhow::Context as _;
use siphasher::sip::SipHasher24;

use crate::{
    Result,
    tx::{Counter, Tx, bucket_of},
    value::{Row, values},
};

/// An event that asks to be accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    pub key: EventKey,
    pub customer: Option<CustomerId>,
    pub at: Timestamp,
    /// The instant as the sender stated it, where `at` is a corrected one.
    pub stated_at: Option<Timestamp>,
    pub received_at: Timestamp,
    pub body: EventBody,
}

/// What became of an event, and its place in the log or that of the one it repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    New {
        seq: u64,
    },
    /// The same key with the same content: nothing is to be done again.
    Duplicate {
        seq: u64,
    },
    /// The same key with another content, which was not taken.
    Conflict {
        seq: u64,
    },
}

/// An event of the log without its key, its body not yet read.
#[derive(Clone, Copy, Debug)]
pub struct LogLine<'a> {
    pub seq: u64,
    pub customer: Option<CustomerId>,
    /// The number of an [`EventKind`].
    pub kind: u8,
    pub at: Timestamp,
    body: &'a str,
}

impl LogLine<'_> {
    pub fn body(&self) -> Result<EventBody> {
        read_body(self.seq, self.kind, self.body)
    }
}

macro_rules! select_events {
    ($rest:literal) => {
        concat!(
            "SELECT e.seq, (SELECT s.name FROM sources s WHERE s.id = e.source), e.key, \
             e.customer, e.at, e.received_at, e.kind, e.body FROM events e ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Takes an event into the log, unless one with its key is there. Content is customer, instant
    /// and body; when it was received does not matter.
    pub fn append_event(&mut self, event: &NewEvent) -> Result<Appended> {
        let body = serde_json::to_string(&event.body).context("an event cannot be written")?;
        let hash = content_hash(event, &body);
        let source = self.source(&event.key.source)?;
        let bucket = bucket_of(event.customer);
        let seq = self.newest(Counter::Log)? + 1;

        let sql = "INSERT INTO event_keys (source, key, bucket, seq, hash, stated_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
        let values = values![source, &event.key.key, bucket, seq, hash, event.stated_at];
        if self.execute(sql, values)? == 0 {
            return self.known_event(source, &event.key.key, hash);
        }
        self.next(Counter::Log)?;
        let sql = "INSERT INTO events \
                   (bucket, seq, customer, kind, at, received_at, source, key, body) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let kind = event.body.kind() as u8;
        self.execute(
            sql,
            values![
                bucket,
                seq,
                event.customer,
                kind,
                event.at,
                event.received_at,
                source,
                &event.key.key,
                &body,
            ],
        )?;
        Ok(Appended::New { seq })
    }

    fn known_event(&mut self, source: i64, key: &str, hash: i64) -> Result<Appended> {
        let sql = "SELECT seq, hash FROM event_keys WHERE source = ?1 AND key = ?2";
        let known = self.first(sql, values![source, key], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (seq, known_hash): (u64, i64) = known.context("the key of an event vanished")?;
        Ok(match known_hash == hash {
            true => Appended::Duplicate { seq },
            false => Appended::Conflict { seq },
        })
    }

    pub fn event_by_key(&mut self, key: &EventKey) -> Result<Option<Event>> {
        // Most keys are new, and that is told by the keys alone.
        let Some(source) = self.known_source(&key.source)? else { return Ok(None) };
        let sql = "SELECT 1 FROM event_keys WHERE source = ?1 AND key = ?2";
        if self.first(sql, values![source, &key.key], |_| Ok(()))?.is_none() {
            return Ok(None);
        }
        let sql = select_events!(
            "JOIN event_keys k ON e.bucket = k.bucket AND e.seq = k.seq \
             JOIN sources n ON n.id = k.source WHERE n.name = ?1 AND k.key = ?2"
        );
        self.first(sql, values![&key.source, &key.key], read_event)
    }

    /// The instant that the sender of a known event stated, where the event's own is a corrected one.
    pub fn stated_at(&mut self, key: &EventKey) -> Result<Option<Timestamp>> {
        let sql = "SELECT k.stated_at FROM event_keys k JOIN sources n ON n.id = k.source \
                   WHERE n.name = ?1 AND k.key = ?2";
        let stated = self.first(sql, values![&key.source, &key.key], |row| row.get(0))?;
        Ok(stated.flatten())
    }

    /// A customer's events, those of all members, by when they happened; at one instant, by when they were accepted.
    pub fn events_of(&mut self, customer: CustomerId) -> Result<Vec<Event>> {
        let sql = select_events!("WHERE e.bucket = ?1 AND e.customer = ?2 ORDER BY e.at, e.seq");
        let mut events = self.of_members(customer, |tx, member| {
            tx.all(sql, values![member.bucket().0, member], read_event)
        })?;
        events.sort_by_key(|it| (it.at, it.seq));
        Ok(events)
    }

    /// A customer's events before `before`, newest first.
    pub fn events_page(
        &mut self,
        customer: CustomerId,
        before: Option<(Timestamp, u64)>,
        limit: u32,
    ) -> Result<Vec<Event>> {
        let sql = select_events!(
            "WHERE e.bucket = ?1 AND e.customer = ?2 AND (e.at, e.seq) < (?3, ?4) \
             ORDER BY e.at DESC, e.seq DESC LIMIT ?5"
        );
        let (at, seq) = match before {
            Some((at, seq)) => (at.as_millisecond(), seq),
            None => (i64::MAX, u64::MAX),
        };
        let page = self.of_members(customer, |tx, member| {
            tx.all(sql, values![member.bucket().0, member, at, seq, limit], read_event)
        })?;
        Ok(newest_of(page, limit))
    }

    /// The log after `after_seq`, in the order of commits.
    pub fn scan_events(
        &mut self,
        after_seq: u64,
        f: &mut dyn FnMut(Event) -> Result<()>,
    ) -> Result<()> {
        let sql = select_events!("WHERE e.seq > ?1 ORDER BY e.seq");
        self.scan(sql, values![after_seq], read_event, f)
    }

    /// The log after `after_seq` as far as `until_seq`, in the order of commits: for those who read
    /// millions of events, of some of which they need the body.
    pub fn scan_log(
        &mut self,
        after_seq: u64,
        until_seq: u64,
        f: &mut dyn FnMut(LogLine<'_>) -> Result<()>,
    ) -> Result<()> {
        let sql = "SELECT seq, customer, kind, at, body FROM events \
                   WHERE seq > ?1 AND seq <= ?2 ORDER BY seq";
        self.for_each(sql, values![after_seq, until_seq], &mut |row| {
            f(LogLine {
                seq: row.get(0)?,
                customer: row.get(1)?,
                kind: row.get(2)?,
                at: row.get(3)?,
                body: row.text(4)?,
            })?;
            Ok(ControlFlow::Continue(()))
        })
    }

    /// What tells the event at a place in the log from any that another log has there; `None` where
    /// there is none.
    pub fn log_mark(&mut self, seq: u64) -> Result<Option<String>> {
        let sql = "SELECT received_at, key FROM events WHERE seq = ?1";
        self.first(sql, values![seq], |row| {
            let mut hasher = SipHasher24::new();
            hasher.write_i64(row.get(0)?);
            hasher.write(row.text(1)?.as_bytes());
            Ok(format!("{:016x}", hasher.finish()))
        })
    }

    /// As [`Tx::events_page`], of the kinds from `first` to `last`: those of one subject are numbered
    /// side by side.
    pub fn events_page_of_kinds(
        &mut self,
        customer: CustomerId,
        (first, last): (EventKind, EventKind),
        before: Option<(Timestamp, u64)>,
        limit: u32,
    ) -> Result<Vec<Event>> {
        let sql = select_events!(
            "WHERE e.bucket = ?1 AND e.customer = ?2 AND (e.at, e.seq) < (?3, ?4) \
             AND e.kind BETWEEN ?6 AND ?7 ORDER BY e.at DESC, e.seq DESC LIMIT ?5"
        );
        let (at, seq) = match before {
            Some((at, seq)) => (at.as_millisecond(), seq),
            None => (i64::MAX, u64::MAX),
        };
        let kinds = [first as u8, last as u8];
        let page = self.of_members(customer, |tx, member| {
            let bucket = member.bucket().0;
            let values = values![bucket, member, at, seq, limit, kinds[0], kinds[1]];
            tx.all(sql, values, read_event)
        })?;
        Ok(newest_of(page, limit))
    }

    /// How many events of a kind were received since `since`, among the newest `newest` of the log.
    pub fn count_newest_events(
        &mut self,
        kind: EventKind,
        since: Timestamp,
        newest: u32,
    ) -> Result<u64> {
        let sql = "SELECT kind, received_at FROM events ORDER BY seq DESC LIMIT ?1";
        let mut count = 0;
        self.for_each(sql, values![newest], &mut |row| {
            let (of, received_at): (u8, Timestamp) = (row.get(0)?, row.get(1)?);
            if received_at < since {
                return Ok(ControlFlow::Break(()));
            }
            count += u64::from(of == kind as u8);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(count)
    }

    /// The place of the newest event; 0 while there is none.
    pub fn log_head(&mut self) -> Result<u64> {
        self.newest(Counter::Log)
    }

    /// When the newest of all events happened; `None` for an empty log.
    pub fn newest_event_at(&mut self) -> Result<Option<Timestamp>> {
        self.one("SELECT MAX(at) FROM events", &[])
    }
}

/// The page of a customer, of the pages of the members.
fn newest_of(mut events: Vec<Event>, limit: u32) -> Vec<Event> {
    events.sort_by_key(|it| std::cmp::Reverse((it.at, it.seq)));
    events.truncate(limit as usize);
    events
}

/// Tells one content from another under the same key. Stored, so its form is for ever.
fn content_hash(event: &NewEvent, body: &str) -> i64 {
    let mut hasher = SipHasher24::new();
    hasher.write_i64(event.at.as_millisecond());
    hasher.write_i64(event.customer.map_or(0, |it| it.0));
    hasher.write(body.as_bytes());
    hasher.finish().cast_signed()
}

pub(crate) fn read_event(row: &Row<'_>) -> Result<Event> {
    let mut cells = row.cells();
    let seq = cells.take()?;
    let key = EventKey { source: cells.take()?, key: cells.take()? };
    let (customer, at, received_at) = (cells.take()?, cells.take()?, cells.take()?);
    let kind = cells.take()?;
    let body = read_body(seq, kind, row.text(7)?)?;
    Ok(Event { seq, key, customer, at, received_at, body })
}

fn read_body(seq: u64, kind: u8, body: &str) -> Result<EventBody> {
    // The parser's own words repeat the text, which is a customer's.
    EventBody::from_stored(kind, body).map_err(|why| {
        anyhow::anyhow!("event {seq} of the log cannot be read ({:?})", why.classify())
    })
}
