//! How text travels in mail: encoded words in headers (RFC 2047), quoted-printable in bodies
//! (RFC 2045 §6.7).

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The longest encoded word (RFC 2047 §2).
const WORD_BYTES_MAX: usize = 75;

/// Where a header line is folded (RFC 5322 §2.1.1).
const LINE_BYTES_MAX: usize = 78;

/// The longest line of quoted-printable text, its soft break included.
const QUOTED_LINE_MAX: usize = 76;

/// `text` as the value of a header that begins in `column`, folded, on one logical line.
///
/// Whatever is in `text`, no header and no line of a body can begin within it: control characters
/// and line separators become blanks.
pub fn encoded_text(text: &str, column: usize) -> String {
    let text = one_line(text);
    // `=?` in plain text would be decoded at the other end.
    if text.is_ascii() && !text.contains("=?") {
        return folded(&text, column);
    }
    let mut words = vec![String::new()];
    let mut room = LINE_BYTES_MAX.saturating_sub(column).min(WORD_BYTES_MAX);
    for c in text.chars() {
        let word = words.last_mut().expect("never empty");
        let bytes = (word.len() + c.len_utf8()).div_ceil(3) * 4;
        if !word.is_empty() && "=?utf-8?B??=".len() + bytes > room {
            words.push(c.to_string());
            room = WORD_BYTES_MAX;
        } else {
            word.push(c);
        }
    }
    let encode = |word: &String| format!("=?utf-8?B?{}?=", STANDARD.encode(word));
    words.iter().map(encode).collect::<Vec<_>>().join("\r\n ")
}

/// `text` without control characters and line separators, one blank between words.
fn one_line(text: &str) -> String {
    // The direction marks would let a name show its address backwards.
    let is_hidden = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain: String =
        text.chars().map(|c| if c.is_control() || is_hidden(c) { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn folded(text: &str, column: usize) -> String {
    let (mut lines, mut length) = (String::with_capacity(text.len() + 8), column);
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 && length + 1 + word.len() > LINE_BYTES_MAX {
            lines.push_str("\r\n ");
            length = 1;
        } else if index > 0 {
            lines.push(' ');
            length += 1;
        }
        lines.push_str(word);
        length += word.len();
    }
    lines
}

/// Adds `text` to `raw` as quoted-printable lines ending in CRLF.
///
/// A dot at the beginning of a line is encoded too, so that no server between us and the mailbox
/// can take it for the end of the letter.
pub fn quoted_printable(text: &str, raw: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line).as_bytes();
        let mut column = 0;
        for (at, &byte) in line.iter().enumerate() {
            let is_last = at + 1 == line.len();
            let is_plain = match byte {
                b'=' => false,
                b' ' | b'\t' => !is_last,
                b'.' => column > 0,
                _ => byte.is_ascii_graphic(),
            };
            let width = if is_plain { 1 } else { 3 };
            let mut is_plain = is_plain;
            // The soft break takes a place itself, unless this is the line's end.
            if column + width + usize::from(!is_last) > QUOTED_LINE_MAX {
                raw.push_str("=\r\n");
                column = 0;
                is_plain &= byte != b'.';
            }
            if is_plain {
                raw.push(char::from(byte));
                column += 1;
            } else {
                raw.push('=');
                raw.push(char::from(HEX[usize::from(byte >> 4)]));
                raw.push(char::from(HEX[usize::from(byte & 15)]));
                column += 3;
            }
        }
        raw.push_str("\r\n");
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a mail program shows for a header's value.
    pub fn decoded_text(value: &str) -> String {
        let unfolded = value.replace("\r\n ", " ");
        let (mut text, mut rest, mut is_after_word) = (String::new(), unfolded.as_str(), false);
        while let Some(at) = rest.find("=?utf-8?B?") {
            // Blanks between two encoded words belong to neither.
            if !(is_after_word && rest[..at].trim().is_empty()) {
                text.push_str(&rest[..at]);
            }
            let word = &rest[at + "=?utf-8?B?".len()..];
            let end = word.find("?=").expect("an encoded word ends");
            let bytes = STANDARD.decode(&word[..end]).expect("base64");
            text.push_str(std::str::from_utf8(&bytes).expect("no character is cut"));
            rest = &word[end + 2..];
            is_after_word = true;
        }
        text + rest
    }

    /// What a mail program shows for a quoted-printable body.
    pub fn decoded_body(body: &str) -> String {
        let joined = body.replace("=\r\n", "");
        let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if byte == b'=' {
                let hex = std::str::from_utf8(&after[..2]).unwrap();
                bytes.push(u8::from_str_radix(hex, 16).unwrap());
                rest = &after[2..];
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    fn quoted(text: &str) -> String {
        let mut raw = String::new();
        quoted_printable(text, &mut raw);
        raw
    }

    #[test]
    fn headers_are_encoded_only_where_they_must_be() {
        assert_eq!(encoded_text("Your kettle", 9), "Your kettle");
        assert_eq!(encoded_text("Zu Ende: 10 €", 9), "=?utf-8?B?WnUgRW5kZTogMTAg4oKs?=");
        assert_eq!(encoded_text("a\r\nBcc: x@y.example", 9), "a Bcc: x@y.example", "one line");
        assert_eq!(encoded_text("=?utf-8?B?YQ==?=", 9), "=?utf-8?B?PT91dGYtOD9CP1lRPT0/PQ==?=");
        assert_eq!(encoded_text("a\u{202e}moc.knab", 9), "a moc.knab", "nothing runs backwards");
    }

    #[test]
    fn bodies_are_lines_of_ascii() {
        assert_eq!(quoted("a = b\n"), "a =3D b\r\n\r\n");
        assert_eq!(quoted("ü"), "=C3=BC\r\n");
        assert_eq!(quoted("end "), "end=20\r\n", "a blank at the end would be lost");
        assert_eq!(quoted(".\n.a.b"), "=2E\r\n=2Ea.b\r\n");
        assert_eq!(quoted("a\r\nb"), "a\r\nb\r\n");
        assert_eq!(quoted("a\rb"), "a=0Db\r\n", "no line of its own");
    }

    proptest! {
        #[test]
        fn a_header_shows_what_was_written(text in "\\PC{0,120}", column in 0_usize..40) {
            let shown = decoded_text(&encoded_text(&text, column));
            prop_assert_eq!(shown, one_line(&text));
        }

        #[test]
        fn no_text_leaves_its_header(text: String, column in 0_usize..40) {
            let value = encoded_text(&text, column);
            prop_assert!(value.is_ascii());
            for (index, line) in value.split("\r\n").enumerate() {
                prop_assert!(!line.contains(['\r', '\n', '\0']));
                prop_assert!(index == 0 || line.starts_with(' '), "folded, not ended: {line:?}");
                prop_assert!(index == 0 || !line.trim().is_empty());
            }
            for word in value.split_whitespace().filter(|it| it.starts_with("=?utf-8")) {
                prop_assert!(word.len() <= WORD_BYTES_MAX);
            }
        }

        #[test]
        fn a_body_shows_what_was_written(text in "[ -~ü€😀=.\n]{0,400}") {
            let raw = quoted(&text);
            prop_assert_eq!(decoded_body(&raw), text.replace('\n', "\r\n") + "\r\n");
            for line in raw.split("\r\n") {
                prop_assert!(line.len() <= QUOTED_LINE_MAX, "{}", line.len());
                prop_assert!(!line.starts_with('.') && !line.ends_with(' '), "{line:?}");
                prop_assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            }
        }
    }
}
