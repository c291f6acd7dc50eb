//! A CSV file as it lies on the disk: plain or compressed, of any length, read row by row.
//!
//! Whether a file is compressed is told by its first bytes, not by its name. One row has a bound, so
//! that a quote that is never closed ends the reading instead of pulling the file into memory.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    rc::Rc,
};

use anyhow::{Context, Result, bail};
use csv::ByteRecord;

/// The longest row. Beyond it a quote was opened and not closed.
pub const ROW_BYTES_MAX: u64 = 1 << 20;

/// How every zstd frame begins (RFC 8878 §3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// One open file.
pub struct Source {
    path: PathBuf,
    rows: csv::Reader<Box<dyn Read>>,
    bytes_read: Rc<Cell<u64>>,
    row_budget: Rc<Cell<u64>>,
}

impl Source {
    pub fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        let file = File::open(path).with_context(|| format!("cannot read `{shown}`"))?;
        let bytes_read = Rc::new(Cell::new(0));
        let row_budget = Rc::new(Cell::new(ROW_BYTES_MAX));
        let counted = Counted { inner: file, bytes: Rc::clone(&bytes_read) };
        let mut plain = BufReader::with_capacity(1 << 16, counted);
        let is_zstd = plain
            .fill_buf()
            .with_context(|| format!("cannot read `{shown}`"))?
            .starts_with(&ZSTD_MAGIC);
        let text: Box<dyn Read> = if is_zstd {
            Box::new(zstd::stream::read::Decoder::with_buffer(plain)?)
        } else {
            Box::new(plain)
        };
        let bounded = Bounded { inner: text, budget: Rc::clone(&row_budget) };
        let rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 16)
            .from_reader(Box::new(bounded) as Box<dyn Read>);
        Ok(Self { path: path.to_owned(), rows, bytes_read, row_budget })
    }

    /// The first row. A file without one is refused.
    pub fn header(&mut self) -> Result<ByteRecord> {
        let mut header = ByteRecord::new();
        if !self.read(&mut header)? {
            bail!("`{}` is empty; its first row must name the columns", self.path.display());
        }
        Ok(header)
    }

    /// The next row into `record`; `false` at the end.
    pub fn read(&mut self, record: &mut ByteRecord) -> Result<bool> {
        self.row_budget.set(ROW_BYTES_MAX);
        self.rows
            .read_byte_record(record)
            .with_context(|| format!("cannot read `{}`", self.path.display()))
    }

    /// How much of the file on the disk has been read.
    pub fn bytes_done(&self) -> u64 {
        self.bytes_read.get()
    }
}

/// Counts what passes.
struct Counted<R> {
    inner: R,
    bytes: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes.set(self.bytes.get() + count as u64);
        Ok(count)
    }
}

/// Refuses to go on once more than the budget of one row has passed.
struct Bounded<R> {
    inner: R,
    budget: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.budget.get().checked_sub(count as u64) {
            Some(left) => self.budget.set(left),
            None => {
                return Err(io::Error::other(format!(
                    "a row is longer than {ROW_BYTES_MAX} bytes; close the quote it opens"
                )));
            }
        }
        Ok(count)
    }
}

/// Text of unknown making: UTF-8, or else Latin-1, in which every byte is a letter.
pub fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn rows(bytes: &[u8]) -> Result<Vec<Vec<String>>> {
        let file = file(bytes);
        let mut source = Source::open(file.path())?;
        let (mut rows, mut record) = (Vec::new(), ByteRecord::new());
        while source.read(&mut record)? {
            rows.push(record.iter().map(text_of).collect());
        }
        assert_eq!(source.bytes_done(), bytes.len() as u64, "all of it was read");
        Ok(rows)
    }

    #[test]
    fn a_compressed_file_reads_like_a_plain_one() {
        let plain = b"a,b\n1,\"2\n3\"\n";
        let compressed = zstd::encode_all(&plain[..], 3).unwrap();
        assert_eq!(rows(plain).unwrap(), [["a", "b"], ["1", "2\n3"]]);
        assert_eq!(rows(&compressed).unwrap(), rows(plain).unwrap());
    }

    #[test]
    fn a_quote_that_is_never_closed_ends_the_reading() {
        let mut bytes = b"a,b\n1,\"".to_vec();
        bytes.resize(4 << 20, b'x');
        let error = format!("{:#}", rows(&bytes).unwrap_err());
        assert!(error.ends_with("a row is longer than 1048576 bytes; close the quote it opens"));
    }

    #[test]
    fn a_damaged_archive_is_refused() {
        let mut compressed = zstd::encode_all(&[b'x'; 1_000][..], 3).unwrap();
        compressed.truncate(compressed.len() - 3);
        assert!(rows(&compressed).is_err());
    }

    #[test]
    fn an_empty_file_names_no_columns() {
        let file = file(b"");
        let error = Source::open(file.path()).unwrap().header().unwrap_err().to_string();
        assert!(error.ends_with("is empty; its first row must name the columns"), "{error}");
    }

    #[test]
    fn latin_1_is_read_where_utf_8_is_not() {
        assert_eq!(text_of("£5".as_bytes()), "£5");
        assert_eq!(text_of(b"\xa35"), "£5");
    }
}
