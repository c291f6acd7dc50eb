//! Reading a letter back: its headers, its text and its HTML.
//!
//! Letters are made by `deliver` alone, so this reads what that writes: one level of parts in
//! quoted-printable, headers with encoded words. Of anything else it shows what it can and never
//! fails, because a letter that cannot be shown nicely is still to be looked at.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A letter taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LetterContent {
    /// Names and values in their order, unfolded and decoded.
    pub headers: Vec<(String, String)>,
    pub text: String,
    pub html: String,
}

impl LetterContent {
    pub fn read(raw: &[u8]) -> Self {
        let (head, body) = split_head(raw);
        let raw_headers = headers(head);
        let mut content = Self::default();
        match boundary(&raw_headers) {
            Some(boundary) => {
                for part in parts(body, &boundary) {
                    let (head, body) = split_head(part);
                    content.take_part(&headers(head), body);
                }
            }
            None => content.take_part(&raw_headers, body),
        }
        let decoded = raw_headers.into_iter().map(|(name, value)| (name, decoded_words(&value)));
        content.headers = decoded.collect();
        content
    }

    fn take_part(&mut self, headers: &[(String, String)], body: &[u8]) {
        let encoding = value_of(headers, "content-transfer-encoding").to_lowercase();
        let bytes = match encoding.trim() {
            "quoted-printable" => decoded_quoted(body),
            "base64" => {
                let packed: Vec<u8> =
                    body.iter().copied().filter(|it| !it.is_ascii_whitespace()).collect();
                STANDARD.decode(packed).unwrap_or_default()
            }
            _ => body.to_vec(),
        };
        let words = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        let is_html = value_of(headers, "content-type").to_lowercase().contains("text/html");
        if is_html { self.html = words } else { self.text = words }
    }
}

fn value_of<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    let found = headers.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
    found.map_or("", |(_, value)| value)
}

/// What stands before the first empty line, and what behind it.
fn split_head(raw: &[u8]) -> (&[u8], &[u8]) {
    const GAP: &[u8] = b"\r\n\r\n";
    match raw.windows(GAP.len()).position(|it| it == GAP) {
        Some(at) => (&raw[..at], &raw[at + GAP.len()..]),
        None => (raw, &[]),
    }
}

/// Unfolded: a line that begins with a blank goes on with the one before.
fn headers(head: &[u8]) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in String::from_utf8_lossy(head).split("\r\n") {
        match (line.starts_with([' ', '\t']), headers.last_mut()) {
            (true, Some((_, value))) => {
                value.push(' ');
                value.push_str(line.trim_start());
            }
            _ => {
                if let Some((name, value)) = line.split_once(':') {
                    headers.push((name.to_owned(), value.trim().to_owned()));
                }
            }
        }
    }
    headers
}

fn boundary(headers: &[(String, String)]) -> Option<String> {
    let kind = value_of(headers, "content-type");
    let (_, rest) = kind.split_once("boundary=\"")?;
    rest.split_once('"').map(|(boundary, _)| boundary.to_owned())
}

/// The parts between the lines of a boundary; the line's own end belongs to it (RFC 2046 §5.1.1).
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mark = format!("--{boundary}");
    let mark = mark.as_bytes();
    let is_line = |at: usize| at == 0 || body[..at].ends_with(b"\r\n");
    let begins: Vec<usize> =
        (0..body.len()).filter(|at| body[*at..].starts_with(mark) && is_line(*at)).collect();
    let part = |pair: &[usize]| {
        let part = &body[pair[0] + mark.len()..pair[1]];
        let part = part.strip_prefix(b"\r\n").unwrap_or(part);
        part.strip_suffix(b"\r\n").unwrap_or(part)
    };
    begins.windows(2).map(part).collect()
}

fn decoded_quoted(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'=' {
            bytes.push(byte);
        } else if let Some(next_line) = after.strip_prefix(b"\r\n") {
            rest = next_line;
        } else if let Some((code, after)) = after.split_first_chunk::<2>()
            && let Some(decoded) = hex(*code)
        {
            bytes.push(decoded);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    bytes
}

fn hex(code: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(code[0])? * 16 + digit(code[1])?).ok()
}

/// A header's value with its encoded words (RFC 2047) as text.
fn decoded_words(value: &str) -> String {
    const BEGIN: &str = "=?utf-8?B?";
    let (mut text, mut rest, mut is_after_word) = (String::new(), value, false);
    while let Some(at) = rest.find(BEGIN) {
        let (before, word) = (&rest[..at], &rest[at + BEGIN.len()..]);
        let Some((code, after)) = word.split_once("?=") else { break };
        // A blank between two encoded words belongs to neither.
        if !(is_after_word && before.trim().is_empty()) {
            text.push_str(before);
        }
        let bytes = STANDARD.decode(code).unwrap_or_default();
        text.push_str(&String::from_utf8_lossy(&bytes));
        (rest, is_after_word) = (after, true);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use aftercart_deliver::{LetterParts, Mailbox, build};
    use aftercart_model::{EmailAddress, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn letter(subject: &str, text: &str, html: &str) -> Vec<u8> {
        let address = EmailAddress::new("ana@mail.example").unwrap();
        let mailbox = |name: &str| Mailbox { name: name.to_owned(), address: address.clone() };
        let parts = LetterParts {
            message: None,
            return_path: address.clone(),
            from: mailbox("Tarn & Ember"),
            reply_to: None,
            to: mailbox("Zoë Ünder"),
            subject: subject.to_owned(),
            message_id: "k3v7@mail.example".to_owned(),
            date: Timestamp::UNIX_EPOCH,
            list: None,
            text: text.to_owned(),
            html: html.to_owned(),
        };
        build(&parts).unwrap().raw
    }

    #[test]
    fn a_letter_is_taken_apart() {
        let html = format!("<p style=\"color:#333\">{}</p>\n.\n", "10 € = 10 € ".repeat(20));
        let content =
            LetterContent::read(&letter("Für dich: 10 % auf alles", "Hello =\n\nZoë", &html));
        assert_eq!(content.text, "Hello =\n\nZoë");
        assert_eq!(content.html, html);
        let header = |name| value_of(&content.headers, name);
        assert_eq!(header("subject"), "Für dich: 10 % auf alles");
        assert!(header("to").contains("Zoë Ünder"), "{}", header("to"));
        assert_eq!(header("message-id"), "<k3v7@mail.example>");
    }

    #[test]
    fn a_letter_of_one_part_is_its_text() {
        let content = LetterContent::read(b"Subject: Hi\r\n\r\nplain words");
        assert_eq!(content.text, "plain words");
        assert_eq!(content.html, "");
    }

    #[test]
    fn what_is_not_encoded_rightly_stays_as_it_is() {
        let raw = b"Content-Transfer-Encoding: quoted-printable\r\n\r\na =ZZ b =4";
        assert_eq!(LetterContent::read(raw).text, "a =ZZ b =4");
    }

    proptest! {
        #[test]
        fn what_was_built_is_read(
            subject in "[a-zA-ZäöüéñŁ€,.!? ]{1,80}x", text in "[ -~ü€😀=.\n]{0,300}x", html in "<p>[ -~ü€=\n]{0,300}</p>",
        ) {
            let content = LetterContent::read(&letter(&subject, &text, &html));
            let words = |it: &str| it.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(value_of(&content.headers, "subject"), words(&subject));
            prop_assert_eq!(content.text, text);
            prop_assert_eq!(content.html, html);
        }

        #[test]
        fn any_bytes_are_read(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
            LetterContent::read(&raw);
        }
    }
}
