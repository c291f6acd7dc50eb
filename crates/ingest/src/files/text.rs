//! A file as lines of text: plain, gzip or zstd, told by its first bytes and not by its name.
//!
//! Whatever the file holds, no more than one line of it is in memory, and what is unpacked stays in
//! proportion to what lies on the disk: an archive of a few kilobytes that unpacks to gigabytes is an
//! attack or a mistake, and is refused within its first megabytes.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    rc::Rc,
};

use anyhow::{Context, Result, bail};

use crate::csv_text::{Counted, UTF_16_MARKS, ZSTD_MAGIC};

/// How every gzip member begins (RFC 1952 §2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The mark that some programs put before UTF-8 (Unicode 16, §23.8).
const UTF_8_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

const BUFFER_BYTES: usize = 1 << 16;

/// How much of a line that is too long is kept, to be shown.
const LONG_LINE_SHOWN_BYTES: usize = 1_000;

/// How much of a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The longest line. Beyond it this is no file of rows, or a machine forgot to end one.
    pub line_bytes_max: usize,
    /// How many times larger than the archive its text may be. Order lines compress 5 to 20 times.
    pub ratio_max: u64,
    /// Until so much is unpacked the ratio is not asked: small files of much the same compress well.
    pub ratio_free_bytes: u64,
    /// The most rows of one file.
    pub rows_max: u64,
    /// The most bytes of one file, unpacked.
    pub bytes_max: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            line_bytes_max: 1 << 20,
            ratio_max: 100,
            ratio_free_bytes: 16 << 20,
            rows_max: 100_000_000,
            bytes_max: 20_000_000_000,
        }
    }
}

/// One line, without its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: u64,
    pub bytes: Vec<u8>,
    /// Then `bytes` are its beginning.
    pub is_too_long: bool,
}

/// A file that is being read.
pub struct Text {
    inner: BufReader<Unpacked>,
    packed_bytes: Rc<Cell<u64>>,
    /// What ends a line: a line feed, or where there is none a carriage return.
    end: u8,
    bounds: Bounds,
    read: u64,
}

impl Text {
    pub fn open(path: &Path, bounds: Bounds) -> Result<Self> {
        let cannot_read = || format!("cannot read `{}`", path.display());
        let file = File::open(path).with_context(cannot_read)?;
        if !file.metadata().with_context(cannot_read)?.is_file() {
            bail!("cannot read `{}`: it is no file", path.display());
        }
        Self::of(file, bounds).with_context(cannot_read)
    }

    pub fn of(source: impl Read + 'static, bounds: Bounds) -> Result<Self> {
        let packed_bytes = Rc::new(Cell::new(0));
        let counted = Counted { inner: source, bytes: Rc::clone(&packed_bytes) };
        let mut packed = BufReader::with_capacity(BUFFER_BYTES, counted);
        let beginning = packed.fill_buf()?;
        let (inner, is_packed): (Box<dyn Read>, bool) = if beginning.starts_with(&ZSTD_MAGIC) {
            (Box::new(zstd::stream::read::Decoder::with_buffer(packed)?), true)
        } else if beginning.starts_with(&GZIP_MAGIC) {
            (Box::new(flate2::bufread::MultiGzDecoder::new(packed)), true)
        } else {
            (Box::new(packed), false)
        };
        let packed_bytes_seen = is_packed.then(|| Rc::clone(&packed_bytes));
        let unpacked = Unpacked { inner, packed_bytes: packed_bytes_seen, bytes: 0, bounds };
        let mut inner = BufReader::with_capacity(BUFFER_BYTES, unpacked);
        let beginning = inner.fill_buf()?;
        if UTF_16_MARKS.iter().any(|mark| beginning.starts_with(mark)) {
            bail!("it is UTF-16; save it in UTF-8");
        }
        let is_old = !beginning.contains(&b'\n') && beginning.contains(&b'\r');
        if beginning.starts_with(&UTF_8_MARK) {
            inner.consume(UTF_8_MARK.len());
        }
        let end = if is_old { b'\r' } else { b'\n' };
        Ok(Self { inner, packed_bytes, end, bounds, read: 0 })
    }

    /// What comes next, without taking it; empty at the end.
    pub fn peek(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    /// How much of the file on the disk has been read.
    pub fn bytes_done(&self) -> u64 {
        self.packed_bytes.get()
    }

    /// The next line into `line`; `false` at the end.
    pub fn next(&mut self, line: &mut Line) -> io::Result<bool> {
        line.bytes.clear();
        line.is_too_long = false;
        // One more for the end, and one for a carriage return before it.
        let bytes_max = self.bounds.line_bytes_max;
        let mut taken = (&mut self.inner).take(bytes_max as u64 + 2);
        if taken.read_until(self.end, &mut line.bytes)? == 0 {
            return Ok(false);
        }
        let is_ended = line.bytes.last() == Some(&self.end);
        if is_ended {
            line.bytes.pop();
        }
        if self.end == b'\n' && line.bytes.last() == Some(&b'\r') {
            line.bytes.pop();
        }
        line.is_too_long = bytes_max < line.bytes.len();
        if line.is_too_long && !is_ended {
            self.pass_over_line()?;
        }
        if line.is_too_long {
            line.bytes.truncate(LONG_LINE_SHOWN_BYTES);
        }
        self.read += 1;
        line.number = self.read;
        Ok(true)
    }

    fn pass_over_line(&mut self) -> io::Result<()> {
        let mut passed = Vec::new();
        loop {
            passed.clear();
            let mut taken = (&mut self.inner).take(BUFFER_BYTES as u64);
            let count = taken.read_until(self.end, &mut passed)?;
            if count == 0 || passed.last() == Some(&self.end) {
                return Ok(());
            }
        }
    }
}

/// What comes out of an archive, within bounds.
struct Unpacked {
    inner: Box<dyn Read>,
    /// How much of an archive went in; `None` of a plain file.
    packed_bytes: Option<Rc<Cell<u64>>>,
    bytes: u64,
    bounds: Bounds,
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        let Bounds { ratio_max, ratio_free_bytes, bytes_max, .. } = self.bounds;
        if bytes_max < self.bytes {
            return Err(refused(format!(
                "it has more than {bytes_max} bytes of text; import it in parts, or raise \
                 --bytes-max"
            )));
        }
        let Some(packed) = self.packed_bytes.as_ref().map(|it| it.get()) else { return Ok(count) };
        if ratio_free_bytes < self.bytes && packed.saturating_mul(ratio_max) < self.bytes {
            return Err(refused(format!(
                "it unpacks to more than {ratio_max} times its size ({packed} bytes became {}); if \
                 it is what it should be, unpack it yourself and import that",
                self.bytes
            )));
        }
        Ok(count)
    }
}

fn refused(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn lines_within(source: impl Read + 'static, bounds: Bounds) -> Result<Vec<Line>> {
        let mut text = Text::of(source, bounds)?;
        let (mut lines, mut line) = (Vec::new(), Line::default());
        while text.next(&mut line)? {
            lines.push(line.clone());
        }
        Ok(lines)
    }

    /// The lines of `bytes`, joined by `|`.
    fn lines(bytes: &[u8]) -> String {
        let lines = lines_within(io::Cursor::new(bytes.to_vec()), Bounds::default()).unwrap();
        let texts = lines.iter().map(|it| String::from_utf8_lossy(&it.bytes).into_owned());
        texts.collect::<Vec<_>>().join("|")
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn lines_end_as_any_system_ends_them() {
        assert_eq!(lines(b"a\nb\n"), "a|b");
        assert_eq!(lines(b"a\r\nb"), "a|b", "and the last one need not");
        assert_eq!(lines(b"a\rb\r"), "a|b", "the oldest end");
        assert_eq!(lines(b"a\n\nb"), "a||b", "an empty line is one");
        assert_eq!(lines(b"\xef\xbb\xbfa\nb"), "a|b", "a mark before UTF-8");
        assert_eq!(lines(b""), "");
    }

    #[test]
    fn an_archive_reads_like_a_plain_file() {
        let plain = "one\ntwo\r\nthree".repeat(1_000);
        let packed = gzip(plain.as_bytes());
        assert_eq!(lines(&packed), lines(plain.as_bytes()), "gzip");
        let two = [packed, gzip(b"\nmore")].concat();
        assert_eq!(lines(&two), lines(format!("{plain}\nmore").as_bytes()), "of two members");
        let packed = zstd::encode_all(plain.as_bytes(), 3).unwrap();
        assert_eq!(lines(&packed), lines(plain.as_bytes()), "zstd");
    }

    #[test]
    fn a_bomb_is_refused_within_its_first_megabytes() {
        let bounds = Bounds::default();
        let zeros = || io::repeat(0).take(1 << 30);
        let packed = zstd::encode_all(zeros(), 1).unwrap();
        for packed in [packed, gzip(&vec![0; 64 << 20])] {
            let size = packed.len() as u64;
            let source = Rc::new(Cell::new(0));
            let counted = Counted { inner: io::Cursor::new(packed), bytes: Rc::clone(&source) };
            let error = lines_within(counted, bounds).unwrap_err().to_string();
            assert!(error.starts_with("it unpacks to more than 100 times its size"), "{error}");
            let unpacked: u64 = error
                .split(['(', ')'])
                .nth(1)
                .unwrap()
                .split(' ')
                .next_back()
                .unwrap()
                .parse()
                .unwrap();
            assert!(unpacked < 17 << 20, "after {unpacked} bytes");
            assert!(source.get() <= size.max(BUFFER_BYTES as u64 * 2));
        }
    }

    #[test]
    fn what_compresses_well_for_good_reason_is_read() {
        let plain = "the same line\n".repeat(500_000);
        assert!((plain.len() as u64) < Bounds::default().ratio_free_bytes);
        let packed = gzip(plain.as_bytes());
        assert_eq!(
            lines_within(io::Cursor::new(packed), Bounds::default()).unwrap().len(),
            500_000
        );
    }

    #[test]
    fn a_line_of_a_gigabyte_is_passed_over_and_not_held() {
        let source = io::Cursor::new("a\n").chain(io::repeat(b'x').take(1 << 30));
        let source = source.chain(io::Cursor::new("\nb\n"));
        let lines = lines_within(source, Bounds::default()).unwrap();
        assert_eq!(lines.len(), 3);
        assert!(lines[1].is_too_long && lines[1].bytes.capacity() < 4 << 20);
        assert_eq!((lines[2].number, lines[2].bytes.as_slice()), (3, &b"b"[..]));
    }

    #[test]
    fn the_longest_line_is_taken_and_one_more_byte_is_not() {
        let bounds = Bounds { line_bytes_max: 4, ..Bounds::default() };
        let read = |text: &str| {
            let lines = lines_within(io::Cursor::new(text.to_owned()), bounds).unwrap();
            lines.iter().map(|it| it.is_too_long).collect::<Vec<_>>()
        };
        assert_eq!(read("abcd\nabcde\nab\n"), [false, true, false]);
        assert_eq!(read("abcd\r\nabcde\r\nab"), [false, true, false]);
        assert_eq!(read("abcdefghij\nab"), [true, false]);
    }

    #[test]
    fn what_is_too_large_or_damaged_says_so() {
        let bounds = Bounds { bytes_max: 10, ..Bounds::default() };
        let error = lines_within(io::Cursor::new("x".repeat(11)), bounds).unwrap_err();
        assert_snapshot!(error, @"it has more than 10 bytes of text; import it in parts, or raise --bytes-max");
        let error = lines_within(io::Cursor::new(b"\xff\xfea\0"), bounds).unwrap_err();
        assert_snapshot!(error, @"it is UTF-16; save it in UTF-8");
        let mut packed = gzip(b"one\ntwo\n");
        packed.truncate(packed.len() - 3);
        assert!(lines_within(io::Cursor::new(packed), Bounds::default()).is_err(), "cut off");
        assert!(Text::open(Path::new("missing.csv"), bounds).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_their_end_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(lines) = lines_within(io::Cursor::new(bytes.clone()), Bounds::default()) {
                let held: usize = lines.iter().map(|it| it.bytes.len()).sum();
                prop_assert!(held <= bytes.len() || bytes.starts_with(&GZIP_MAGIC) || bytes.starts_with(&ZSTD_MAGIC));
            }
        }
    }
}
