//! A letter's bytes as they go through DATA: lines end in CRLF, a dot that begins one is doubled, and
//! the final dot is not among them.

/// What ends a letter. Only [`super::SmtpTransport`] writes it, after the last look.
pub const DOT: &[u8] = b".\r\n";

/// `raw` ready for DATA, up to and without [`DOT`].
///
/// A bare CR or LF becomes CRLF: some servers take `LF.LF` for the end of a letter, and what follows
/// for another one.
pub fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(raw.len() + raw.len() / 64 + 2);
    let mut is_line_start = true;
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | b'\n' => {
                if byte == b'\r' {
                    bytes.next_if_eq(&b'\n');
                }
                body.extend_from_slice(b"\r\n");
                is_line_start = true;
            }
            _ => {
                if is_line_start && byte == b'.' {
                    body.push(b'.');
                }
                body.push(byte);
                is_line_start = false;
            }
        }
    }
    if !is_line_start {
        body.extend_from_slice(b"\r\n");
    }
    body
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    /// What the server keeps of `body`.
    fn unstuffed(body: &[u8]) -> Vec<u8> {
        let text = body.strip_suffix(b"\r\n").unwrap_or(body);
        let mut kept = Vec::new();
        let mut rest = text;
        loop {
            let end = rest.windows(2).position(|it| it == b"\r\n");
            let line = &rest[..end.unwrap_or(rest.len())];
            kept.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
            kept.extend_from_slice(b"\r\n");
            match end {
                Some(end) => rest = &rest[end + 2..],
                None => return kept,
            }
        }
    }

    fn text(raw: &str) -> String {
        String::from_utf8(stuffed(raw.as_bytes())).unwrap()
    }

    #[test]
    fn lines_are_made_safe() {
        assert_eq!(text("a\r\nb\r\n"), "a\r\nb\r\n", "nothing to do");
        assert_eq!(text("a"), "a\r\n", "the last line is ended");
        assert_eq!(text(".\r\n..b"), "..\r\n...b\r\n", "dots are doubled");
        assert_eq!(text("a\n.\nMAIL FROM:<x>"), "a\r\n..\r\nMAIL FROM:<x>\r\n", "bare line feeds");
        assert_eq!(text("a\r.\rb"), "a\r\n..\r\nb\r\n", "bare carriage returns");
        assert_eq!(text("a\r\n\r\n"), "a\r\n\r\n", "empty lines stay");
    }

    proptest! {
        /// Bytes that try hard to look like an end.
        #[test]
        fn no_letter_ends_itself(raw in vec(select(b"\r\n.a".to_vec()), 0..40)) {
            let body = stuffed(&raw);
            for end in [&b"\r\n.\r\n"[..], b"\n.\n", b"\n.\r", b"\r.\r", b"\r.\n"] {
                prop_assert!(!body.windows(end.len()).any(|it| it == end), "{body:?}");
            }
            prop_assert!(!body.starts_with(b".\r") && !body.starts_with(b".\n"));
            prop_assert!(body.is_empty() || body.ends_with(b"\r\n"));
        }

        #[test]
        fn the_server_gets_the_lines_back(lines in vec("[.a-z ]{0,6}", 1..8)) {
            let raw = lines.join("\r\n") + "\r\n";
            prop_assert_eq!(unstuffed(&stuffed(raw.as_bytes())), raw.into_bytes());
        }
    }
}
