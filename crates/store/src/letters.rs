//! The catching inbox: every letter that would have left, whole.

use aftercart_model::{Bucket, EmailAddress, FlowId, MessageId, StepId, Timestamp};
use anyhow::Context as _;

use crate::{
    Result,
    tx::{Counter, Tx},
    value::{Row, Value, values},
};

/// Fast, and a quarter of the size; a harder level saves a twentieth more.
const PACK_LEVEL: i32 = 3;

/// A letter to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub message: Option<MessageId>,
    pub to: EmailAddress,
    pub to_name: String,
    pub subject: String,
    pub at: Timestamp,
    /// The whole of it in MIME.
    pub raw: Vec<u8>,
}

/// A letter without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterHead {
    pub id: i64,
    pub message: Option<MessageId>,
    pub to: EmailAddress,
    pub to_name: String,
    pub subject: String,
    pub at: Timestamp,
    /// How long the content is.
    pub bytes: u64,
}

macro_rules! select_letters {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT l.id, l.message, l.address, l.to_name, l.subject, l.at, l.size",
            $columns,
            " FROM letters l ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Keeps a letter and returns its number.
    pub fn keep_letter(&mut self, letter: &Letter) -> Result<i64> {
        let bucket = letter.message.map_or(Bucket(0), MessageId::bucket);
        let id = self.next_in_bucket(Counter::Letter, bucket)?;
        let packed =
            zstd::bulk::compress(&letter.raw, PACK_LEVEL).context("a letter cannot be packed")?;
        let subject_key = letter.subject.to_lowercase();
        let sql = "INSERT INTO letters (bucket, id, message, address, to_name, subject, \
                   subject_key, at, size, packed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        self.execute(
            sql,
            values![
                bucket.0,
                id,
                letter.message,
                &letter.to,
                &letter.to_name,
                &letter.subject,
                &subject_key,
                letter.at,
                letter.raw.len() as u64,
                packed.as_slice(),
            ],
        )?;
        Ok(id)
    }

    /// Letters before `before`, newest first, whose address or name begins with `search` or whose
    /// subject has it anywhere.
    pub fn letters_page(
        &mut self,
        before: Option<i64>,
        search: &str,
        limit: u32,
    ) -> Result<Vec<LetterHead>> {
        let sql = select_letters!(
            "",
            "WHERE l.id < ?1 AND (l.address LIKE ?2 ESCAPE '\\' \
             OR lower(l.to_name) LIKE ?2 ESCAPE '\\' \
             OR l.subject_key LIKE ?3 ESCAPE '\\') ORDER BY l.id DESC LIMIT ?4"
        );
        let [beginning, part] = patterns(search);
        self.all(sql, values![before_id(before), &beginning, &part, limit], read_head)
    }

    /// As [`Tx::letters_page`], of the messages of one step.
    pub fn letters_page_of_step(
        &mut self,
        step: &StepId,
        before: Option<i64>,
        search: &str,
        limit: u32,
    ) -> Result<Vec<LetterHead>> {
        let sql = select_letters!(
            "",
            "JOIN messages m ON m.bucket = l.bucket AND m.id = l.message \
             WHERE m.step = ?5 AND l.id < ?1 AND (l.address LIKE ?2 ESCAPE '\\' \
             OR lower(l.to_name) LIKE ?2 ESCAPE '\\' \
             OR l.subject_key LIKE ?3 ESCAPE '\\') ORDER BY l.id DESC LIMIT ?4"
        );
        let [beginning, part] = patterns(search);
        self.all(sql, values![before_id(before), &beginning, &part, limit, step], read_head)
    }

    /// A letter with its content.
    pub fn letter(&mut self, id: i64) -> Result<Option<(LetterHead, Vec<u8>)>> {
        let sql = select_letters!(", l.packed", "WHERE l.bucket = ?1 AND l.id = ?2");
        let bucket = MessageId(id).bucket().0;
        let found = self
            .first(sql, values![bucket, id], |row| Ok((read_head(row)?, row.get::<Vec<u8>>(7)?)))?;
        let Some((head, packed)) = found else { return Ok(None) };
        let raw = zstd::bulk::decompress(&packed, usize::try_from(head.bytes)?)
            .with_context(|| format!("letter {id} cannot be unpacked"))?;
        Ok(Some((head, raw)))
    }

    /// The letters of a message, by number.
    pub fn letters_of(&mut self, message: MessageId) -> Result<Vec<i64>> {
        let sql = "SELECT id FROM letters WHERE bucket = ?1 AND message = ?2 ORDER BY id";
        self.all(sql, values![message.bucket().0, message], |row| row.get(0))
    }

    /// Letters to an address that were of no message, such as those sent to try.
    pub fn letters_to(&mut self, address: &EmailAddress) -> Result<Vec<i64>> {
        let sql = "SELECT id FROM letters WHERE address = ?1 AND message IS NULL ORDER BY id";
        self.all(sql, values![address], |row| row.get(0))
    }

    /// The newest letter of a message.
    pub fn letter_of_message(&mut self, message: MessageId) -> Result<Option<i64>> {
        let sql = "SELECT max(id) FROM letters WHERE bucket = ?1 AND message = ?2";
        self.one(sql, values![message.bucket().0, message])
    }

    /// The newest letter of a step of a flow.
    pub fn newest_letter_of_step(
        &mut self,
        flow: &FlowId,
        step: &StepId,
    ) -> Result<Option<LetterHead>> {
        let sql = select_letters!(
            "",
            "JOIN messages m ON m.bucket = l.bucket AND m.id = l.message \
             WHERE m.flow = ?1 AND m.step = ?2 ORDER BY l.id DESC LIMIT 1"
        );
        self.first(sql, values![flow, step], read_head)
    }

    /// How many letters there are, counted no further than `max`.
    pub fn count_letters_to(&mut self, max: u32) -> Result<u64> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM letters LIMIT ?1) t";
        self.one(sql, values![max])
    }

    pub fn count_letters(&mut self) -> Result<u64> {
        self.one("SELECT count(*) FROM letters", &[])
    }
}

fn before_id(before: Option<i64>) -> Value<'static> {
    Value::Int(before.unwrap_or(i64::MAX))
}

/// What LIKE looks for: an address that begins so, a subject that has it anywhere.
fn patterns(search: &str) -> [String; 2] {
    let mut quoted = String::with_capacity(search.len());
    for c in search.trim().to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    [format!("{quoted}%"), format!("%{quoted}%")]
}

fn read_head(row: &Row<'_>) -> Result<LetterHead> {
    let mut cells = row.cells();
    Ok(LetterHead {
        id: cells.take()?,
        message: cells.take()?,
        to: cells.take()?,
        to_name: cells.take()?,
        subject: cells.take()?,
        at: cells.take()?,
        bytes: cells.take()?,
    })
}
