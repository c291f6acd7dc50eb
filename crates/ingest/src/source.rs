//! A CSV file as it lies on the disk: plain or compressed, of any length, read row by row.
//!
//! Whether a file is compressed is told by its first bytes, not by its name. Rows are cut out line by
//! line rather than left to the CSV reader, because a quote that is opened and never closed makes of
//! all lines up to the next quote one value: such a row is given back as [`Next::Rejected`], and the
//! reading goes on with the line after it.

use std::{
    cell::Cell,
    collections::VecDeque,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    rc::Rc,
};

use anyhow::{Context, Result, bail};
use csv::ByteRecord;

use crate::csv_text::{
    Counted, Parsed, QUOTE_OPEN, UTF_16_MARKS, ZSTD_MAGIC, decode, has_strict_quotes,
};

/// The longest line. Beyond it this is no file of rows, or a machine forgot to end one.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// Over how many lines one row may go. Descriptions of products have a few.
pub const ROW_LINES_MAX: usize = 32;

/// The most that a row of several lines may hold.
pub const ROW_BYTES_MAX: usize = 1 << 16;

/// What a reading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Row {
        /// Whether it was not UTF-8 and is read as Windows-1252.
        is_decoded: bool,
    },
    /// A row that cannot be told from what follows it. The line after it is read next.
    Rejected(Fault),
    End,
}

/// Why a row cannot be cut out of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    QuoteOpen,
    LineTooLong,
}

/// One open file.
pub struct Source {
    path: PathBuf,
    lines: Lines,
    bytes_read: Rc<Cell<u64>>,
    parser: csv_core::Reader,
    parsed: Parsed,
    /// How many columns the header names; 0 before it is read.
    width: usize,
    /// The line in which the row read last begins, from 1.
    line: u64,
}

impl Source {
    pub fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        let cannot_read = || format!("cannot read `{shown}`");
        let file = File::open(path).with_context(cannot_read)?;
        let bytes_read = Rc::new(Cell::new(0));
        let counted = Counted { inner: file, bytes: Rc::clone(&bytes_read) };
        let mut plain = BufReader::with_capacity(1 << 16, counted);
        let is_zstd = plain.fill_buf().with_context(cannot_read)?.starts_with(&ZSTD_MAGIC);
        let text: Box<dyn Read> = if is_zstd {
            Box::new(zstd::stream::read::Decoder::with_buffer(plain)?)
        } else {
            Box::new(plain)
        };
        let mut text = BufReader::with_capacity(1 << 16, text);
        let beginning = text.fill_buf().with_context(cannot_read)?;
        if UTF_16_MARKS.iter().any(|mark| beginning.starts_with(mark)) {
            bail!("cannot read `{shown}`: it is UTF-16; save it as CSV in UTF-8");
        }
        Ok(Self {
            path: path.to_owned(),
            lines: Lines { inner: text, ahead: VecDeque::new(), read: 0, is_after_return: false },
            bytes_read,
            parser: csv_core::Reader::new(),
            parsed: Parsed::default(),
            width: 0,
            line: 0,
        })
    }

    /// The first row. A file without one is refused.
    pub fn header(&mut self) -> Result<ByteRecord> {
        let mut header = ByteRecord::new();
        match self.read(&mut header)? {
            Next::Row { .. } => {}
            Next::Rejected(fault) => {
                bail!("cannot read `{}` line {}: {fault}", self.path.display(), self.line)
            }
            Next::End => {
                bail!("`{}` is empty; its first row must name the columns", self.path.display())
            }
        }
        self.width = header.len();
        Ok(header)
    }

    /// The next row into `record`, always UTF-8. Empty lines are passed over.
    pub fn read(&mut self, record: &mut ByteRecord) -> Result<Next> {
        let next = self.read_row(record);
        next.with_context(|| format!("cannot read `{}`", self.path.display()))
    }

    /// The line in which the row read last begins, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// How much of the file on the disk has been read.
    pub fn bytes_done(&self) -> u64 {
        self.bytes_read.get()
    }

    fn read_row(&mut self, record: &mut ByteRecord) -> io::Result<Next> {
        let first = loop {
            match self.lines.next()? {
                None => return Ok(Next::End),
                Some(line) if line.bytes.is_empty() && !line.is_too_long => {}
                Some(line) => break line,
            }
        };
        self.line = first.number;
        if first.is_too_long {
            return Ok(Next::Rejected(Fault::LineTooLong));
        }
        let mut is_decoded = first.is_decoded;
        if self.parsed.take(&mut self.parser, &first.bytes) {
            self.hand_over(record);
            return Ok(Next::Row { is_decoded });
        }
        // A quote is open at the end of the line.
        let (mut row, mut more) = (first.bytes, Vec::new());
        while let Some(line) = self.lines.next()? {
            let is_over = line.is_too_long
                || more.len() + 1 == ROW_LINES_MAX
                || ROW_BYTES_MAX < row.len() + line.bytes.len()
                || self.is_whole_row(&line.bytes);
            if is_over {
                more.push(line);
                break;
            }
            row.push(b'\n');
            row.extend_from_slice(&line.bytes);
            is_decoded |= line.is_decoded;
            let is_closed = self.parsed.take(&mut self.parser, &line.bytes);
            more.push(line);
            if is_closed && has_strict_quotes(&row, b',') {
                self.hand_over(record);
                return Ok(Next::Row { is_decoded });
            }
            if is_closed {
                break;
            }
        }
        self.parser.reset();
        self.parsed.clear();
        for line in more.into_iter().rev() {
            self.lines.ahead.push_front(line);
        }
        Ok(Next::Rejected(Fault::QuoteOpen))
    }

    fn hand_over(&mut self, record: &mut ByteRecord) {
        record.clear();
        let mut begin = 0;
        for &end in self.parsed.ends() {
            record.push_field(&self.parsed.text()[begin..end]);
            begin = end;
        }
        self.parsed.clear();
    }

    /// Whether a line stands for itself: then the quote before it was never meant to reach it. The
    /// rest of a row has fewer columns than a whole one, unless it is the first that goes on in it.
    fn is_whole_row(&self, line: &[u8]) -> bool {
        let is_first_column = self.parsed.ends().is_empty();
        if self.width < 2 || is_first_column && line.contains(&b'"') {
            return false;
        }
        let mut parsed = Parsed::default();
        parsed.take(&mut csv_core::Reader::new(), line) && self.width <= parsed.ends().len()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QuoteOpen => f.write_str(QUOTE_OPEN),
            Self::LineTooLong => {
                write!(
                    f,
                    "the line is longer than {LINE_BYTES_MAX} bytes; end each row with a line"
                )
            }
        }
    }
}

/// A text cut into lines, which may be put back.
struct Lines {
    inner: BufReader<Box<dyn Read>>,
    /// Put back, to be read again.
    ahead: VecDeque<Line>,
    /// How many were read from the file.
    read: u64,
    /// The last one ended with a carriage return; a line feed after it belongs to it.
    is_after_return: bool,
}

/// One line in UTF-8, without its end.
struct Line {
    number: u64,
    bytes: Vec<u8>,
    is_decoded: bool,
    /// Then `bytes` are not kept.
    is_too_long: bool,
}

impl Lines {
    fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.ahead.pop_front() {
            return Ok(Some(line));
        }
        let (mut bytes, mut is_any, mut is_too_long) = (Vec::with_capacity(128), false, false);
        loop {
            let buffer = self.inner.fill_buf()?;
            let Some(&first) = buffer.first() else { break };
            if std::mem::take(&mut self.is_after_return) && first == b'\n' {
                self.inner.consume(1);
                continue;
            }
            is_any = true;
            let end = buffer.iter().position(|it| matches!(it, b'\n' | b'\r'));
            let part = &buffer[..end.unwrap_or(buffer.len())];
            if LINE_BYTES_MAX < bytes.len() + part.len() {
                is_too_long = true;
                bytes = Vec::new();
            }
            if !is_too_long {
                bytes.extend_from_slice(part);
            }
            self.is_after_return = end.is_some_and(|at| buffer[at] == b'\r');
            let count = end.map_or(buffer.len(), |at| at + 1);
            self.inner.consume(count);
            if end.is_some() {
                break;
            }
        }
        if !is_any {
            return Ok(None);
        }
        self.read += 1;
        let is_decoded = decode(&mut bytes);
        Ok(Some(Line { number: self.read, bytes, is_decoded, is_too_long }))
    }
}

/// A field as text. What a [`Source`] gives is UTF-8.
pub fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    /// Every row behind a header as its fields joined by `|`, or as the line of one that is rejected.
    fn rows(bytes: &[u8]) -> Result<Vec<String>> {
        let file = file(bytes);
        let mut source = Source::open(file.path())?;
        source.header()?;
        let (mut rows, mut record) = (Vec::new(), ByteRecord::new());
        loop {
            rows.push(match source.read(&mut record)? {
                Next::Row { .. } => record.iter().map(text_of).collect::<Vec<_>>().join("|"),
                Next::Rejected(fault) => format!("line {}: {fault:?}", source.line()),
                Next::End => break,
            });
        }
        assert_eq!(source.bytes_done(), bytes.len() as u64, "all of it was read");
        Ok(rows)
    }

    #[test]
    fn a_compressed_file_reads_like_a_plain_one() {
        let plain = b"a,b\n1,\"2\n3\"\n";
        let compressed = zstd::encode_all(&plain[..], 3).unwrap();
        assert_eq!(rows(plain).unwrap(), ["1|2\n3"]);
        assert_eq!(rows(&compressed).unwrap(), rows(plain).unwrap());
    }

    #[test]
    fn rows_are_what_csv_says() {
        let read = |text: &str| rows(format!("a,b\n{text}").as_bytes()).unwrap();
        assert_eq!(read("1,2\r\n3,4"), ["1|2", "3|4"], "either end of a line, and none at the end");
        assert_eq!(read("1,2\r3,4\r"), ["1|2", "3|4"], "and the oldest one");
        assert_eq!(read("\n\n1,2\n\n"), ["1|2"], "empty lines are none");
        assert_eq!(read("\"1,\"\"2\",3\n"), ["1,\"2|3"]);
        assert_eq!(read("6\" RULER,2\n"), ["6\" RULER|2"], "a quote within a value is one");
        assert_eq!(read("\"one\n\ntwo\",2\n"), ["one\n\ntwo|2"], "over three lines");
        assert_eq!(read("\"RED\" MUG,2\n"), ["RED MUG|2"], "as every reader takes it");
    }

    #[test]
    fn a_stray_quote_costs_its_own_row_and_no_other() {
        let read = |text: &str| rows(format!("a,b,c\n{text}").as_bytes()).unwrap();
        assert_eq!(read("1,\"2,3\n4,5,6\n7,8,9\n"), ["line 2: QuoteOpen", "4|5|6", "7|8|9"]);
        assert_eq!(
            read("1,\"2,3\n4,\"5, 5\",6\n"),
            ["line 2: QuoteOpen", "4|5, 5|6"],
            "where the next line quotes a value"
        );
        assert_eq!(
            read("1,\"2,3\n4,5\",6\n"),
            ["line 2: QuoteOpen", "4|5\"|6"],
            "where the next line closes by accident"
        );
        assert_eq!(
            read("1,\"2,3\n4,\"5,6\n7,8,9\n"),
            ["line 2: QuoteOpen", "line 3: QuoteOpen", "7|8|9"],
            "two of them, the second of which would close the first"
        );
        assert_eq!(read("1,\"2,3"), ["line 2: QuoteOpen"], "at the end of the file");
        let many = "x\n".repeat(ROW_LINES_MAX + 5);
        let read = read(&format!("1,\"2\n{many}3,4,5\n"));
        assert_eq!(read[..2], ["line 2: QuoteOpen", "x"]);
        assert_eq!(read.len(), ROW_LINES_MAX + 7, "each line after it is a row by itself");
    }

    #[test]
    fn a_line_without_end_is_rejected_and_not_held() {
        let mut bytes = b"a,b\n1,2\n".to_vec();
        bytes.resize(3 * LINE_BYTES_MAX, b'x');
        bytes.extend_from_slice(b"\n3,4\n");
        assert_eq!(rows(&bytes).unwrap(), ["1|2", "line 3: LineTooLong", "3|4"]);
        let error = format!("{:#}", rows(&bytes[8..]).unwrap_err());
        assert!(error.contains("line 1: the line is longer than 1048576 bytes"), "{error}");
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
    fn what_is_not_utf_8_is_decoded_and_said_so() {
        let file = file(b"a,b\n\xc2\xa35,caf\xc3\xa9\n\xa35,caf\xe9 \x80\n");
        let mut source = Source::open(file.path()).unwrap();
        let mut record = ByteRecord::new();
        source.header().unwrap();
        assert_eq!(source.read(&mut record).unwrap(), Next::Row { is_decoded: false });
        assert_eq!(record, ByteRecord::from(vec!["£5", "café"]));
        assert_eq!(source.read(&mut record).unwrap(), Next::Row { is_decoded: true });
        assert_eq!(record, ByteRecord::from(vec!["£5", "café €"]));
    }

    #[test]
    fn utf_16_is_refused() {
        let error = rows(b"\xff\xfea\0,\0b\0").unwrap_err().to_string();
        assert!(error.ends_with("it is UTF-16; save it as CSV in UTF-8"), "{error}");
    }

    proptest! {
        /// Rows written by the CSV library come back as they were, whatever stands in them but whole
        /// rows.
        #[test]
        fn what_is_written_well_comes_back(
            values in prop::collection::vec(prop::array::uniform3("[a-z\" ]{1,6}(\n[a-z\"]{0,3})?"), 1..8),
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["a", "b", "c"]).unwrap();
            for row in &values {
                writer.write_record(row).unwrap();
            }
            let expected: Vec<String> = values.iter().map(|it| it.join("|")).collect();
            prop_assert_eq!(rows(&writer.into_inner().unwrap()).unwrap(), expected);
        }

        /// Nothing makes the reading fail or lose its place, and no line is longer held than read.
        #[test]
        fn any_bytes_are_read_to_their_end(text in "[a,\"\r\n£]{0,80}") {
            let read = rows(format!("a,b\n{text}").as_bytes()).unwrap();
            let lines = text.split(['\r', '\n']).filter(|it| !it.is_empty()).count();
            prop_assert!(read.len() <= lines);
        }
    }
}
