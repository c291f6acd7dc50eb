//! A Shopify shop's past, by bulk operations of its Admin API: products, customers, orders.
//!
//! For each, Shopify is asked to write all of it into one file, which takes minutes to hours; the file
//! is then read as it comes, line by line. The id of the operation is kept as soon as it is known, so
//! that a backfill that is killed meanwhile finds the file rather than asking for another. A download
//! that breaks off begins again and passes over the lines that are done with.

use std::{
    io::{BufRead, BufReader, Read},
    time::Duration,
};

use aftercart_model::{Currency, Timestamp};
use anyhow::{Context, Result, bail};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Batch, Egress, Item, Platform, Secret, check_address, egress::Ask};
use crate::{
    Taken,
    shopify::{
        RowRead,
        bulk::{self, BulkError, BulkKind, BulkReader, BulkStatus},
    },
};

/// Objects and lines in one batch.
const BATCH_OBJECTS: usize = 500;
const BATCH_LINES: u64 = 5_000;

/// How long is waited between two looks at an operation: longer each time, up to the second.
const LOOK_FIRST: Duration = Duration::from_secs(2);
const LOOK_LAST: Duration = Duration::from_secs(30);

/// How often an operation is looked at before a person is told: a day's worth.
const LOOKS_MAX: u32 = 24 * 60 * 2;

/// How often an operation that failed is started anew.
const STARTS_MAX: u32 = 3;

/// How often one place of a file is tried.
const DOWNLOADS_MAX: u32 = 6;

/// The past of one shop.
pub struct ShopifyHistory {
    egress: Egress,
    /// Without a slash at the end.
    address: String,
    token: Secret,
    since: Option<Date>,
    received_at: Timestamp,
    currency: Currency,
    looks: u32,
    starts: u32,
    downloads: u32,
    open: Option<Open>,
}

/// How far the lists were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    /// Place in [`BulkKind::ALL`].
    list: usize,
    /// The operation that writes the file, once it is started.
    operation: Option<String>,
    /// Lines of the file that are done with.
    lines: u64,
    /// Objects that are done with.
    objects: u64,
}

/// A file that is being read.
struct Open {
    /// What comes next of it comes after this.
    cursor: Cursor,
    lines: BufReader<Box<dyn Read + Send>>,
    reader: BulkReader,
    /// Lines passed over when it was opened: the reader counts from there.
    lines_before: u64,
}

/// What a look at an operation shows.
enum Look {
    Working {
        objects: u64,
    },
    File {
        url: String,
    },
    /// There is nothing of the kind.
    Nothing,
    /// It came to no good end; another has to be started.
    Lost {
        why: String,
    },
}

impl ShopifyHistory {
    /// `shop` is the shop's own domain, such as `example.myshopify.com`; the token is of an app that
    /// may read products, customers and all orders. Of the orders those placed on `since` or later,
    /// in the shop's zone.
    pub fn new(
        egress: Egress,
        shop: &str,
        token: Secret,
        since: Option<Date>,
        (received_at, currency): (Timestamp, Currency),
    ) -> Result<Self> {
        let shop = shop.trim_end_matches('/');
        let address =
            if shop.contains("://") { shop.to_owned() } else { format!("https://{shop}") };
        check_address(&address)?;
        let (looks, starts, downloads, open) = (0, 0, 0, None);
        Ok(Self {
            egress,
            address,
            token,
            since,
            received_at,
            currency,
            looks,
            starts,
            downloads,
            open,
        })
    }

    fn post(&mut self, body: &str) -> Result<Vec<u8>> {
        let url = format!("{}/admin/api/{}/graphql.json", self.address, bulk::API_VERSION);
        let credential = Some(("x-shopify-access-token", self.token.expose()));
        let answer = self.egress.fetch(Ask { url: &url, credential, post: Some(body) });
        Ok(answer.context("cannot ask the shop")?.body)
    }

    /// Asks for a file of all there is. The id of the operation that writes it.
    fn start(&mut self, kind: BulkKind) -> Result<Option<String>> {
        let answer = self.post(&bulk::start_query_since(kind, self.since))?;
        match bulk::parse_start(&answer) {
            Ok(id) => Ok(Some(id)),
            // One of ours that nobody remembers, or another app's of the same key: it ends.
            Err(BulkError::AlreadyRunning { .. } | BulkError::Throttled) => Ok(None),
            Err(why) => Err(why).with_context(|| format!("cannot read the shop's {}", kind.name())),
        }
    }

    fn look(&mut self, operation: &str) -> Result<Look> {
        let answer = self.post(&bulk::status_query(operation))?;
        Ok(match bulk::parse_status(&answer) {
            Ok(BulkStatus::Running { objects }) => Look::Working { objects },
            Ok(BulkStatus::Completed { url: Some(url), .. }) => Look::File { url },
            Ok(BulkStatus::Completed { url: None, .. }) => Look::Nothing,
            Ok(BulkStatus::Ended { why }) => Look::Lost { why },
            Err(BulkError::Throttled) => Look::Working { objects: 0 },
            Err(BulkError::Unknown) => Look::Lost { why: "Shopify has forgotten it".to_owned() },
            Err(why) => return Err(why).context("cannot see how far the shop's file is"),
        })
    }

    /// Waits before the next look. The file of a large shop takes hours.
    fn wait(&mut self) -> Result<()> {
        if self.looks == LOOKS_MAX {
            bail!("Shopify has not written the file yet; run it again later, it goes on");
        }
        self.looks += 1;
        self.egress.wait((LOOK_FIRST * self.looks).min(LOOK_LAST));
        Ok(())
    }

    /// Begins to read the file of `cursor` where it says.
    fn open(&mut self, kind: BulkKind, cursor: &Cursor, url: &str) -> Result<()> {
        let read = self.egress.open(Ask { url, credential: None, post: None });
        let read = read.with_context(|| format!("cannot read the file of {}", kind.name()))?;
        let mut lines = BufReader::with_capacity(1 << 16, read);
        let mut passed = Vec::new();
        for _ in 0..cursor.lines {
            match next_line(&mut lines, &mut passed) {
                Ok(true) => {}
                Ok(false) => {
                    bail!("the file of {} is shorter than it was; run it again", kind.name())
                }
                Err(why) => return self.broke_off(kind, &why),
            }
        }
        let reader = BulkReader::new(kind, self.received_at, self.currency);
        let (cursor, lines_before) = (cursor.clone(), cursor.lines);
        self.open = Some(Open { cursor, lines, reader, lines_before });
        Ok(())
    }

    /// Some objects of the open file, and whether it is at its end. What is open stays consistent
    /// with what was given only as long as nothing fails.
    fn read(&mut self) -> std::io::Result<(Vec<RowRead>, bool)> {
        let open = self.open.as_mut().expect("only called with an open file");
        let (mut rows, mut line) = (Vec::new(), Vec::new());
        for _ in 0..BATCH_LINES {
            if BATCH_OBJECTS <= rows.len() {
                break;
            }
            if !next_line(&mut open.lines, &mut line)? {
                rows.extend(open.reader.finish());
                return Ok((rows, true));
            }
            rows.extend(open.reader.line(&line));
        }
        Ok((rows, false))
    }

    /// A download ended before its end: it is begun again a few times, after a wait.
    fn broke_off(&mut self, kind: BulkKind, why: &std::io::Error) -> Result<()> {
        self.open = None;
        self.downloads += 1;
        if self.downloads == DOWNLOADS_MAX {
            bail!(
                "the file of {} breaks off again and again ({why}); run it again later, it goes on \
                 where it is",
                kind.name()
            );
        }
        self.egress.wait(LOOK_FIRST * self.downloads);
        Ok(())
    }

    /// The next batch of the open file; `None` where it broke off and has to be opened again.
    fn batch(&mut self, kind: BulkKind, cursor: &Cursor) -> Result<Option<Batch>> {
        let (rows, is_at_end) = match self.read() {
            Ok(read) => read,
            Err(why) => {
                self.broke_off(kind, &why)?;
                return Ok(None);
            }
        };
        self.downloads = 0;
        let open = self.open.as_mut().expect("just read from");
        let mut next = cursor.clone();
        next.objects += rows.len() as u64;
        if let Some(last) = rows.last() {
            next.lines = open.lines_before + last.line_last;
        }
        let place = |line: u64| format!("line {} of {}", open.lines_before + line, kind.name());
        let item =
            |row: RowRead| Item { place: place(row.line), outcome: row.outcome.map(Taken::Events) };
        let items = rows.into_iter().map(item).collect();
        let done = next.objects;
        if is_at_end {
            self.open = None;
            next = Cursor { list: cursor.list + 1, ..Cursor::default() };
        } else {
            open.cursor = next.clone();
        }
        Ok(Some(told(kind, items, &next, done)))
    }
}

impl Platform for ShopifyHistory {
    fn name(&self) -> String {
        match self.since {
            Some(since) => format!("shopify {} since {since}", self.address),
            None => format!("shopify {}", self.address),
        }
    }

    fn next(&mut self, cursor: Option<&str>) -> Result<Option<Batch>> {
        let mut cursor: Cursor = match cursor {
            Some(text) => serde_json::from_str(text).context("the progress that was kept")?,
            None => Cursor::default(),
        };
        let Some(kind) = BulkKind::ALL.get(cursor.list).copied() else { return Ok(None) };
        let Some(operation) = cursor.operation.clone() else {
            loop {
                if let Some(id) = self.start(kind)? {
                    self.looks = 0;
                    cursor = Cursor { list: cursor.list, operation: Some(id), ..Cursor::default() };
                    return Ok(Some(told(kind, Vec::new(), &cursor, 0)));
                }
                self.wait()?;
            }
        };
        loop {
            if self.open.as_ref().is_some_and(|it| it.cursor == cursor) {
                match self.batch(kind, &cursor)? {
                    Some(batch) => return Ok(Some(batch)),
                    None => continue,
                }
            }
            self.open = None;
            match self.look(&operation)? {
                Look::Working { objects } => {
                    self.wait()?;
                    // What is read so far of the file is none of it; the count is news all the same.
                    return Ok(Some(told(kind, Vec::new(), &cursor, objects)));
                }
                Look::File { url } => {
                    self.looks = 0;
                    self.open(kind, &cursor, &url)?;
                }
                Look::Nothing => {
                    let next = Cursor { list: cursor.list + 1, ..Cursor::default() };
                    return Ok(Some(told(kind, Vec::new(), &next, 0)));
                }
                Look::Lost { why } => {
                    self.starts += 1;
                    if self.starts == STARTS_MAX {
                        bail!("Shopify cannot write the file of {}: {why}", kind.name());
                    }
                    let next = Cursor { list: cursor.list, ..Cursor::default() };
                    return Ok(Some(told(kind, Vec::new(), &next, 0)));
                }
            }
        }
    }
}

fn told(kind: BulkKind, items: Vec<Item>, cursor: &Cursor, done: u64) -> Batch {
    let cursor = serde_json::to_string(cursor).expect("a cursor is JSON");
    Batch { list: kind.name(), items, cursor, done, total: None }
}

/// The next line into `line`; `false` at the end. Of a line that is too long as much as shows that it
/// is.
fn next_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    const KEPT_MAX: usize = bulk::LINE_BYTES_MAX + 2;
    line.clear();
    let mut any = false;
    loop {
        let buffer = lines.fill_buf()?;
        if buffer.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = buffer.iter().position(|it| *it == b'\n');
        let taken = end.unwrap_or(buffer.len());
        let room = KEPT_MAX.saturating_sub(line.len()).min(taken);
        line.extend_from_slice(&buffer[..room]);
        lines.consume(end.map_or(taken, |it| it + 1));
        if end.is_some() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_bounded() {
        let text = format!("one\n\n{}\nlast", "x".repeat(bulk::LINE_BYTES_MAX * 2));
        let mut lines = BufReader::with_capacity(7, text.as_bytes());
        let (mut line, mut lengths) = (Vec::new(), Vec::new());
        while next_line(&mut lines, &mut line).unwrap() {
            lengths.push(line.len());
        }
        assert_eq!(lengths, [3, 0, bulk::LINE_BYTES_MAX + 2, 4]);
    }
}
