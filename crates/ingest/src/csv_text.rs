//! What both readers of CSV share: bytes counted on their way, lines made UTF-8, and the values of a
//! row that goes over several lines.
//!
//! They differ in what they hold a row to: [`crate::source`] reads one known form, a few lines to a
//! row; [`crate::files`] whatever a shop exports, descriptions over dozens of lines among it.

use std::{
    cell::Cell,
    io::{self, Read},
    rc::Rc,
};

use csv_core::ReadRecordResult;

/// How every zstd frame begins (RFC 8878 §3.1.1).
pub const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// How files of two bytes for each letter begin (Unicode 16, §23.8), in either order.
pub const UTF_16_MARKS: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

/// Why a row is refused whose quotes do not close.
pub const QUOTE_OPEN: &str = "a quote is opened and not closed in its row; close it, or write \"\" \
                              for a quote within a value";

/// Counts what passes.
pub struct Counted<R> {
    pub inner: R,
    pub bytes: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes.set(self.bytes.get() + count as u64);
        Ok(count)
    }
}

/// Makes UTF-8 of a line that is not, taking it for Windows-1252, which spreadsheets write: every byte
/// is a letter in it, so that nothing is lost. Whether it had to.
pub fn decode(bytes: &mut Vec<u8>) -> bool {
    if std::str::from_utf8(bytes).is_ok() {
        return false;
    }
    let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes);
    *bytes = text.into_owned().into_bytes();
    true
}

/// The values of a row while its lines come in.
#[derive(Default)]
pub struct Parsed {
    text: Vec<u8>,
    ends: Vec<usize>,
    length: usize,
    count: usize,
}

impl Parsed {
    /// Takes a line in; `true` once the row is whole, `false` while a quote is open.
    pub fn take(&mut self, parser: &mut csv_core::Reader, line: &[u8]) -> bool {
        let room = self.length + line.len() + 2;
        if self.text.len() < room {
            self.text.resize(room, 0);
        }
        let room = self.count + line.len() + 2;
        if self.ends.len() < room {
            self.ends.resize(room, 0);
        }
        for part in [line, b"\n"] {
            if part.is_empty() {
                // To the parser nothing is the end of the file.
                continue;
            }
            let (text, ends) = (&mut self.text[self.length..], &mut self.ends[self.count..]);
            let (result, _, length, count) = parser.read_record(part, text, ends);
            self.length += length;
            self.count += count;
            if result == ReadRecordResult::Record {
                return true;
            }
        }
        false
    }

    /// The values one after another.
    pub fn text(&self) -> &[u8] {
        &self.text[..self.length]
    }

    /// Where each value ends in [`Parsed::text`].
    pub fn ends(&self) -> &[usize] {
        &self.ends[..self.count]
    }

    /// Makes room for the next row.
    pub fn clear(&mut self) {
        (self.length, self.count) = (0, 0);
    }
}

/// Whether every quoted value of a row ends where its quote closes, as RFC 4180 §2.5 to 2.7 have it.
/// Readers forgive more within one line; over several lines it means that the quote was a stray one.
pub fn has_strict_quotes(row: &[u8], delimiter: u8) -> bool {
    let (mut at, mut is_begin) = (0, true);
    while let Some(&byte) = row.get(at) {
        at += 1;
        if byte != b'"' || !is_begin {
            is_begin = byte == delimiter;
            continue;
        }
        loop {
            match (row.get(at), row.get(at + 1)) {
                (Some(b'"'), Some(b'"')) => at += 2,
                (Some(b'"'), next) if next.is_none_or(|it| *it == delimiter) => break at += 1,
                (Some(b'"'), Some(_)) | (None, _) => return false,
                (Some(_), _) => at += 1,
            }
        }
        is_begin = false;
    }
    true
}
