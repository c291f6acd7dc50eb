//! A CSV file row by row: commas, semicolons or tabs, values in quotes over several lines (RFC 4180).
//!
//! Rows are cut out line by line rather than left to the CSV reader, because a quote that is opened
//! and never closed makes one value of all that follows. A row of several lines is taken only if its
//! quotes close where RFC 4180 has them close and it has as many columns as the header; otherwise its
//! first line alone is refused, and reading goes on with the line after it.
//!
//! A line that is not UTF-8 is read as Windows-1252, which spreadsheets write: every byte is a letter
//! in it, so that nothing is lost, and the caller is told.

use std::{collections::VecDeque, fmt, io};

use super::text::{Line, Text};
use crate::csv_text::{Parsed, QUOTE_OPEN, decode, has_strict_quotes};

/// Over how many lines one row may go. Descriptions of products in HTML have dozens.
pub const ROW_LINES_MAX: usize = 1_000;

/// How many columns a file may have. Exports of platforms have up to a few hundred.
pub const COLUMNS_MAX: usize = 2_000;

/// What stands between values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    Comma,
    Semicolon,
    Tab,
}

/// What a reading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Row {
        /// Whether it was not UTF-8.
        is_decoded: bool,
    },
    /// What cannot be taken for a row. The line after it is read next.
    Refused(Fault),
    End,
}

/// Why a row cannot be cut out of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    QuoteOpen,
    LineTooLong { bytes_max: usize },
    NulCharacter,
    NotUtf8,
}

/// The values of one row, which are UTF-8.
#[derive(Clone, Debug, Default)]
pub struct Record {
    text: Vec<u8>,
    ends: Vec<usize>,
}

pub struct Rows {
    text: Text,
    delimiter: Delimiter,
    /// Lines put back, to be read again.
    ahead: VecDeque<Line>,
    /// The first line of the row read last.
    first: Line,
    /// The whole of it, as it stands in the file.
    row: Vec<u8>,
    line_bytes_max: usize,
    /// How many columns the header names; 0 before it is read.
    width: usize,
    parser: csv_core::Reader,
    parsed: Parsed,
}

impl Delimiter {
    pub const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    pub fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
        }
    }

    /// What stands most often between the names of a header. Of equals the first of
    /// [`Delimiter::ALL`].
    pub fn of_header(line: &[u8]) -> Self {
        let count = |delimiter: Self| {
            let mut is_quoted = false;
            let stands = |byte: &&u8| {
                is_quoted ^= **byte == b'"';
                !is_quoted && **byte == delimiter.byte()
            };
            line.iter().filter(stands).count()
        };
        Self::ALL.into_iter().rev().max_by_key(|it| count(*it)).expect("three of them")
    }
}

impl Record {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A value, blanks around it taken off; empty where the row is too short.
    pub fn get(&self, column: usize) -> &str {
        let Some(&end) = self.ends.get(column) else { return "" };
        let begin = if column == 0 { 0 } else { self.ends[column - 1] };
        std::str::from_utf8(&self.text[begin..end]).map(str::trim).unwrap_or_default()
    }

    pub fn values(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|it| self.get(it))
    }

    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    pub fn push(&mut self, value: &str) {
        self.text.extend_from_slice(value.as_bytes());
        self.ends.push(self.text.len());
    }
}

impl Rows {
    pub fn new(text: Text, delimiter: Delimiter, line_bytes_max: usize) -> Self {
        let mut builder = csv_core::ReaderBuilder::new();
        builder.delimiter(delimiter.byte()).terminator(csv_core::Terminator::Any(b'\n'));
        Self {
            text,
            delimiter,
            ahead: VecDeque::new(),
            first: Line::default(),
            row: Vec::new(),
            line_bytes_max,
            width: 0,
            parser: builder.build(),
            parsed: Parsed::default(),
        }
    }

    /// How many columns the rows have, from the header on.
    pub fn set_width(&mut self, width: usize) {
        self.width = width;
    }

    /// The line in which the row read last begins, from 1.
    pub fn line(&self) -> u64 {
        self.first.number
    }

    /// The row read last, as it stands in the file.
    pub fn row(&self) -> &[u8] {
        &self.row
    }

    pub fn bytes_done(&self) -> u64 {
        self.text.bytes_done()
    }

    /// The next row into `record`. Empty lines are passed over.
    pub fn next(&mut self, record: &mut Record) -> io::Result<Next> {
        let mut line = std::mem::take(&mut self.first);
        let is_any = self.next_filled_line(&mut line)?;
        self.first = line;
        if !is_any {
            return Ok(Next::End);
        }
        self.row.clear();
        self.row.extend_from_slice(&self.first.bytes);
        if self.first.is_too_long {
            return Ok(Next::Refused(Fault::LineTooLong { bytes_max: self.line_bytes_max }));
        }
        if self.first.bytes.contains(&0) {
            return Ok(Next::Refused(Fault::NulCharacter));
        }
        let mut is_decoded = decode(&mut self.first.bytes);
        if self.parsed.take(&mut self.parser, &self.first.bytes) {
            self.hand_over(record);
            return Ok(Next::Row { is_decoded });
        }
        // A quote is open at the end of the line.
        let mut row = self.first.bytes.clone();
        let mut more: Vec<Line> = Vec::new();
        let is_whole = loop {
            let mut line = Line::default();
            if !self.next_line(&mut line)? {
                break false;
            }
            let is_over = line.is_too_long
                || line.bytes.contains(&0)
                || more.len() + 2 > ROW_LINES_MAX
                || self.line_bytes_max < row.len() + line.bytes.len();
            more.push(line);
            if is_over {
                break false;
            }
            let raw = &more.last().expect("pushed above").bytes;
            self.row.push(b'\n');
            self.row.extend_from_slice(raw);
            let mut decoded = raw.clone();
            is_decoded |= decode(&mut decoded);
            row.push(b'\n');
            row.extend_from_slice(&decoded);
            if self.parsed.take(&mut self.parser, &decoded) {
                let is_as_wide = self.width == 0 || self.parsed.ends().len() == self.width;
                break is_as_wide && has_strict_quotes(&row, self.delimiter.byte());
            }
        };
        if is_whole {
            self.hand_over(record);
            return Ok(Next::Row { is_decoded });
        }
        self.parser.reset();
        self.parsed.clear();
        self.row.truncate(self.first.bytes.len());
        for line in more.into_iter().rev() {
            self.ahead.push_front(line);
        }
        Ok(Next::Refused(Fault::QuoteOpen))
    }

    /// The next line that is not empty, which [`Rows::row`] then gives: for files that are no CSV.
    pub fn next_line_raw(&mut self) -> io::Result<Next> {
        let mut line = std::mem::take(&mut self.first);
        let is_any = self.next_filled_line(&mut line)?;
        self.first = line;
        if !is_any {
            return Ok(Next::End);
        }
        self.row.clear();
        self.row.extend_from_slice(&self.first.bytes);
        let fault = if self.first.is_too_long {
            Some(Fault::LineTooLong { bytes_max: self.line_bytes_max })
        } else if self.row.contains(&0) {
            Some(Fault::NulCharacter)
        } else if std::str::from_utf8(&self.row).is_err() {
            Some(Fault::NotUtf8)
        } else {
            None
        };
        Ok(fault.map_or(Next::Row { is_decoded: false }, Next::Refused))
    }

    fn hand_over(&mut self, record: &mut Record) {
        record.clear();
        record.text.extend_from_slice(self.parsed.text());
        let ends = self.parsed.ends();
        record.ends.extend_from_slice(&ends[..ends.len().min(COLUMNS_MAX)]);
        self.parsed.clear();
    }

    fn next_line(&mut self, line: &mut Line) -> io::Result<bool> {
        match self.ahead.pop_front() {
            Some(ahead) => {
                *line = ahead;
                Ok(true)
            }
            None => self.text.next(line),
        }
    }

    fn next_filled_line(&mut self, line: &mut Line) -> io::Result<bool> {
        while self.next_line(line)? {
            if !line.bytes.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QuoteOpen => f.write_str(QUOTE_OPEN),
            Self::LineTooLong { bytes_max } => {
                write!(f, "the line is longer than {bytes_max} bytes; end each row with a line")
            }
            Self::NulCharacter => f.write_str("a NUL character stands in it; take it out"),
            Self::NotUtf8 => f.write_str("it is not UTF-8; save the file in UTF-8"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::text::Bounds, *};

    fn reader(bytes: &[u8], delimiter: Delimiter) -> Rows {
        let bounds = Bounds::default();
        let text = Text::of(io::Cursor::new(bytes.to_vec()), bounds).unwrap();
        Rows::new(text, delimiter, bounds.line_bytes_max)
    }

    /// Every row behind a header as its values joined by `|`, or the line of one that is refused.
    fn rows(bytes: &[u8], delimiter: Delimiter) -> Vec<String> {
        let mut reader = reader(bytes, delimiter);
        let (mut rows, mut record) = (Vec::new(), Record::default());
        reader.next(&mut record).unwrap();
        reader.set_width(record.len());
        loop {
            rows.push(match reader.next(&mut record).unwrap() {
                Next::Row { .. } => {
                    (0..record.len()).map(|it| record.get(it)).collect::<Vec<_>>().join("|")
                }
                Next::Refused(fault) => format!("line {}: {fault:?}", reader.line()),
                Next::End => return rows,
            });
        }
    }

    fn read(text: &str) -> Vec<String> {
        rows(format!("a,b,c\n{text}").as_bytes(), Delimiter::Comma)
    }

    #[test]
    fn the_delimiter_is_what_stands_most_often_between_names() {
        let of = |header: &str| Delimiter::of_header(header.as_bytes());
        assert_eq!(of("id,email,total"), Delimiter::Comma);
        assert_eq!(of("id;email;total"), Delimiter::Semicolon);
        assert_eq!(of("id\temail\ttotal"), Delimiter::Tab);
        assert_eq!(of("id;\"name, first\";\"name, last\""), Delimiter::Semicolon, "quoted commas");
        assert_eq!(of("Email"), Delimiter::Comma, "a single column");
        assert_eq!(of(""), Delimiter::Comma);
    }

    #[test]
    fn rows_are_what_csv_says() {
        assert_eq!(read("1,2,3\r\n4,5,6"), ["1|2|3", "4|5|6"], "either end of a line");
        assert_eq!(read("\n\n1,2,3\n \n"), ["1|2|3"], "empty lines are none");
        assert_eq!(read("\"1,\"\"2\",3,4\n"), ["1,\"2|3|4"]);
        assert_eq!(read("6\" RULER,2,3\n"), ["6\" RULER|2|3"], "a quote within a value is one");
        assert_eq!(
            read("\"one\n\ntwo\",2,3\n4,5,6"),
            ["one\n\ntwo|2|3", "4|5|6"],
            "over three lines"
        );
        assert_eq!(read("\"one\r\ntwo, three, four\",2,3\n"), ["one\ntwo, three, four|2|3"]);
        assert_eq!(read("1,2\n"), ["1|2"], "a row too short is the caller's to refuse");
        let semicolons = rows(b"a;b\n1,5;\"x;y\"\n", Delimiter::Semicolon);
        assert_eq!(semicolons, ["1,5|x;y"]);
        assert_eq!(rows(b"a\tb\n1\t2\n", Delimiter::Tab), ["1|2"]);
    }

    #[test]
    fn a_stray_quote_costs_its_own_row_and_no_other() {
        assert_eq!(read("1,\"2,3\n4,5,6\n7,8,9\n"), ["line 2: QuoteOpen", "4|5|6", "7|8|9"]);
        assert_eq!(
            read("1,\"2,3\n4,\"5, 5\",6\n"),
            ["line 2: QuoteOpen", "4|5, 5|6"],
            "where the next line quotes a value"
        );
        assert_eq!(
            read("1,\"2,3\n4,\"5,6\n7,8,9\n"),
            ["line 2: QuoteOpen", "line 3: QuoteOpen", "7|8|9"],
            "two of them, the second of which would close the first"
        );
        assert_eq!(read("1,\"2,3"), ["line 2: QuoteOpen"], "at the end of the file");
        let many = "4,5,6\n".repeat(ROW_LINES_MAX + 5);
        let read = read(&format!("1,\"2\n{many}7,8,9\n"));
        assert_eq!(read[..2], ["line 2: QuoteOpen", "4|5|6"]);
        assert_eq!(read.len(), ROW_LINES_MAX + 7, "each line after it is a row by itself");
    }

    #[test]
    fn the_row_as_it_stands_is_kept() {
        let mut rows = reader(b"a,b\n\"1\r\n2\",caf\xe9\n\"x,y\n", Delimiter::Comma);
        let mut record = Record::default();
        rows.next(&mut record).unwrap();
        rows.set_width(2);
        assert_eq!(rows.next(&mut record).unwrap(), Next::Row { is_decoded: true });
        assert_eq!((record.get(0), record.get(1)), ("1\n2", "café"));
        assert_eq!((rows.line(), rows.row()), (2, &b"\"1\n2\",caf\xe9"[..]));
        assert_eq!(rows.next(&mut record).unwrap(), Next::Refused(Fault::QuoteOpen));
        assert_eq!((rows.line(), rows.row()), (4, &b"\"x,y"[..]));
    }

    #[test]
    fn what_is_not_text_is_refused_and_not_decoded() {
        assert_eq!(read("1,\0,3\n4,5,6\n"), ["line 2: NulCharacter", "4|5|6"]);
        let long = "x".repeat(2 << 20);
        let read = read(&format!("{long}\n4,5,6\n"));
        assert_eq!(read, ["line 2: LineTooLong { bytes_max: 1048576 }", "4|5|6"]);
    }

    proptest! {
        /// Rows written by the CSV library come back as they were.
        #[test]
        fn what_is_written_well_comes_back(
            values in prop::collection::vec(prop::array::uniform3("[a-z\",;]{1,6}(\n[a-z\",]{1,9}){0,2}"), 1..8),
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["a", "b", "c"]).unwrap();
            for row in &values {
                writer.write_record(row).unwrap();
            }
            let expected: Vec<String> = values.iter().map(|it| it.join("|")).collect();
            prop_assert_eq!(rows(&writer.into_inner().unwrap(), Delimiter::Comma), expected);
        }

        /// Nothing makes the reading fail or lose its place.
        #[test]
        fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(prop::sample::select(b"a,;\"\r\n\t\xe9\0".to_vec()), 0..120)) {
            for delimiter in Delimiter::ALL {
                let text = [b"a,b\n", bytes.as_slice()].concat();
                let lines = bytes.split(|it| *it == b'\n').count();
                prop_assert!(rows(&text, delimiter).len() <= lines);
            }
        }
    }
}
