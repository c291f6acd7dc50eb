//! One finished letter: its bytes, and who it goes from and to.
//!
//! The bytes follow from the parts alone: no clock, no chance, no name of this machine. So the same
//! message built again for another attempt is the same letter, Message-ID, Date, boundary and all,
//! and whoever receives it twice can tell.
//!
//! No text of a customer or an operator can add a header or a recipient: names and subjects lose
//! their control characters and are encoded, everything else is checked and refused.

use std::fmt;

use aftercart_model::{EmailAddress, MessageId, Timestamp};

use crate::encode::{encoded_text, quoted_printable};

/// Mail programs cut a longer HTML part off, and the unsubscribe link with it.
pub const HTML_BYTES_MAX: usize = 100_000;

/// More is cut by every mail program.
pub const SUBJECT_CHARS_MAX: usize = 200;

/// A line of a header must stay below 998 bytes (RFC 5322 §2.1.1) with room for its name.
const URL_BYTES_MAX: usize = 800;

/// What is handed over.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// Which message it is an attempt of; `None` for a test letter.
    pub message: Option<MessageId>,
    pub to_name: String,
    pub subject: String,
    /// Where bounces go: the envelope's sender.
    pub from: EmailAddress,
    pub to: EmailAddress,
    /// With its angle brackets, as it stands in the header.
    pub message_id: String,
    /// Headers and body, lines ending in CRLF.
    pub raw: Vec<u8>,
}

/// No body and no name in a log.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({} to {:?}, {} bytes)", self.message_id, self.to, self.raw.len())
    }
}

/// A name and an address, as mail programs show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    pub name: String,
    pub address: EmailAddress,
}

/// What a letter is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterParts {
    /// Which message it is an attempt of; `None` for a test letter.
    pub message: Option<MessageId>,
    /// Where bounces go: the envelope's sender.
    pub return_path: EmailAddress,
    pub from: Mailbox,
    pub reply_to: Option<Mailbox>,
    pub to: Mailbox,
    pub subject: String,
    /// Without angle brackets: `name@sending.domain`. Fixed when the message is planned.
    pub message_id: String,
    /// Fixed when the message is planned.
    pub date: Timestamp,
    /// `None` for transactional mail, which nobody can unsubscribe from.
    pub list: Option<ListHeaders>,
    pub text: String,
    pub html: String,
}

/// What marketing mail must carry so that leaving is one click (RFC 8058, RFC 2919).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListHeaders {
    /// Takes the one-click POST.
    pub unsubscribe_url: String,
    pub unsubscribe_address: Option<EmailAddress>,
    /// What the list is to a reader, such as the shop's name.
    pub list_name: String,
    /// The list for ever, such as `marketing.tarnandember.example`.
    pub list_id: String,
    /// `campaign:customer:type:sender` for the mailbox providers' complaint figures.
    pub feedback_id: String,
}

/// Why a letter is not built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    #[error("the subject is empty; write one")]
    SubjectEmpty,
    #[error("the subject has {chars} characters; {SUBJECT_CHARS_MAX} is the most")]
    SubjectTooLong { chars: usize },
    #[error("the HTML has {bytes} bytes; {HTML_BYTES_MAX} is the most, show fewer products")]
    HtmlTooLong { bytes: usize },
    #[error("the {part} part is empty; every letter has text and HTML")]
    PartEmpty { part: &'static str },
    #[error("{header} `{text}` {remedy}")]
    BadHeader { header: &'static str, text: String, remedy: &'static str },
}

/// Builds the letter, or says what keeps it from being one.
pub fn build(parts: &LetterParts) -> Result<Letter, LetterError> {
    check(parts)?;
    let boundary = boundary(&parts.message_id);
    let mut raw = headers(parts);
    raw.push_str("MIME-Version: 1.0\r\n");
    raw.push_str(&format!("Content-Type: multipart/alternative; boundary=\"{boundary}\"\r\n\r\n"));
    for (kind, body) in [("plain", &parts.text), ("html", &parts.html)] {
        raw.push_str(&format!("--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n"));
        raw.push_str("Content-Transfer-Encoding: quoted-printable\r\n\r\n");
        quoted_printable(body, &mut raw);
    }
    raw.push_str(&format!("--{boundary}--\r\n"));
    Ok(Letter {
        message: parts.message,
        to_name: parts.to.name.clone(),
        subject: parts.subject.clone(),
        from: parts.return_path.clone(),
        to: parts.to.address.clone(),
        message_id: format!("<{}>", parts.message_id),
        raw: raw.into_bytes(),
    })
}

fn headers(parts: &LetterParts) -> String {
    let mut raw = String::with_capacity(2 * (parts.html.len() + parts.text.len()) + 2_000);
    let mut header = |name: &str, value: &str| {
        raw.push_str(&format!("{name}: {value}\r\n"));
    };
    header("From", &mailbox("From", &parts.from));
    header("To", &mailbox("To", &parts.to));
    if let Some(reply_to) = &parts.reply_to {
        header("Reply-To", &mailbox("Reply-To", reply_to));
    }
    header("Subject", &encoded_text(&parts.subject, "Subject: ".len()));
    header("Date", &parts.date.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string());
    header("Message-ID", &format!("<{}>", parts.message_id));
    if let Some(list) = &parts.list {
        // One line for each address, whatever its length: some readers do not unfold.
        let mut unsubscribe = format!("<{}>", list.unsubscribe_url);
        if let Some(address) = &list.unsubscribe_address {
            unsubscribe.push_str(&format!(",\r\n <mailto:{}>", address.as_str()));
        }
        header("List-Unsubscribe", &unsubscribe);
        header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        let name = phrase(&list.list_name, "List-Id: ".len());
        header("List-Id", format!("{name} <{}>", list.list_id).trim_start());
        header("Feedback-ID", &list.feedback_id);
    }
    raw
}

/// `=_` cannot stand in quoted-printable text, so no body can hold the boundary.
fn boundary(message_id: &str) -> String {
    let name: String = message_id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("=_{name}")
}

fn mailbox(header: &str, mailbox: &Mailbox) -> String {
    let address = mailbox.address.as_str();
    match phrase(&mailbox.name, header.len() + 2) {
        name if name.is_empty() => address.to_owned(),
        name if name.len() + address.len() + header.len() > 70 => format!("{name}\r\n <{address}>"),
        name => format!("{name} <{address}>"),
    }
}

/// A display name: quoted if plain, encoded if not, empty if there is none.
fn phrase(name: &str, column: usize) -> String {
    let encoded = encoded_text(name, column);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " !#$%&'*+-/=?^_`{|}~".contains(c);
    if encoded.starts_with("=?") || encoded.chars().all(is_plain) {
        return encoded;
    }
    let escaped: String = encoded
        .chars()
        .flat_map(|c| if "\"\\".contains(c) { vec!['\\', c] } else { vec![c] })
        .collect();
    format!("\"{escaped}\"")
}

fn check(parts: &LetterParts) -> Result<(), LetterError> {
    let chars = parts.subject.chars().count();
    if parts.subject.trim().is_empty() {
        return Err(LetterError::SubjectEmpty);
    }
    if SUBJECT_CHARS_MAX < chars {
        return Err(LetterError::SubjectTooLong { chars });
    }
    if HTML_BYTES_MAX < parts.html.len() {
        return Err(LetterError::HtmlTooLong { bytes: parts.html.len() });
    }
    for (part, body) in [("text", &parts.text), ("HTML", &parts.html)] {
        if body.trim().is_empty() {
            return Err(LetterError::PartEmpty { part });
        }
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    let is_message_id = parts
        .message_id
        .split_once('@')
        .is_some_and(|(name, domain)| is_all(name, is_name, 64) && is_all(domain, is_name, 200));
    refuse_unless(
        is_message_id,
        "Message-ID",
        &parts.message_id,
        "is not `name@domain` of letters, digits, `-`, `_`, `.` and `+`; give one that is",
    )?;
    let Some(list) = &parts.list else { return Ok(()) };
    let url = &list.unsubscribe_url;
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    refuse_unless(
        is_web && is_all(url, |c| c.is_ascii_graphic() && !"<>,\"\\".contains(c), URL_BYTES_MAX),
        "List-Unsubscribe",
        url,
        "is not a plain web address; encode blanks and special characters",
    )?;
    refuse_unless(
        list.list_id.contains('.') && is_all(&list.list_id, is_name, 200),
        "List-Id",
        &list.list_id,
        "is not a name with a dot, of letters, digits, `-`, `_`, `.` and `+`; give one that is",
    )?;
    refuse_unless(
        is_all(&list.feedback_id, |c| is_name(c) || c == ':', 200),
        "Feedback-ID",
        &list.feedback_id,
        "is not of letters, digits, `-`, `_`, `.`, `+` and `:`; give one that is",
    )
}

fn is_all(text: &str, is_good: impl Fn(char) -> bool, bytes_max: usize) -> bool {
    (1..=bytes_max).contains(&text.len()) && text.chars().all(is_good)
}

fn refuse_unless(
    is_good: bool,
    header: &'static str,
    text: &str,
    remedy: &'static str,
) -> Result<(), LetterError> {
    if is_good {
        return Ok(());
    }
    let text = text.chars().take(80).flat_map(char::escape_default).collect();
    Err(LetterError::BadHeader { header, text, remedy })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::encode::tests::{decoded_body, decoded_text};

    fn address(text: &str) -> EmailAddress {
        EmailAddress::new(text).unwrap()
    }

    fn parts() -> LetterParts {
        let shop = Mailbox {
            name: "Tarn & Ember".to_owned(),
            address: address("hello@tarnandember.example"),
        };
        LetterParts {
            message: None,
            return_path: address("bounce+7f3c@mail.tarnandember.example"),
            reply_to: Some(Mailbox {
                address: address("help@tarnandember.example"),
                ..shop.clone()
            }),
            from: shop,
            to: Mailbox {
                name: "Tomás Ribeiro".to_owned(),
                address: address("tomas@mail.example"),
            },
            subject: "Your kettle has company — 10 % off until Friday".to_owned(),
            message_id: "k7x2m9q4@mail.tarnandember.example".to_owned(),
            date: Timestamp::constant(1_772_366_400, 0), // 2026-03-01T12:00:00Z
            list: Some(ListHeaders {
                unsubscribe_url: "https://mail.tarnandember.example/u/9f2c?k=1".to_owned(),
                unsubscribe_address: Some(address("leave+9f2c@mail.tarnandember.example")),
                list_name: "Tarn & Ember, offers".to_owned(),
                list_id: "marketing.tarnandember.example".to_owned(),
                feedback_id: "upsell:offer:marketing:tarnandember".to_owned(),
            }),
            text: "Hello Tomás,\n\nyour kettle.\n".to_owned(),
            html: "<p style=\"color: red\">Hello Tomás</p>\n".to_owned(),
        }
    }

    fn raw(parts: &LetterParts) -> String {
        String::from_utf8(build(parts).unwrap().raw).unwrap()
    }

    /// Headers as (name, value as shown) and the bodies of the parts as shown.
    fn shown(raw: &str) -> (Vec<(String, String)>, Vec<String>) {
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        let unfolded = head.replace("\r\n ", " ");
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").expect("a header");
            (name.to_owned(), decoded_text(value))
        };
        let headers: Vec<_> = unfolded.split("\r\n").map(header).collect();
        let kind = &headers.iter().find(|it| it.0 == "Content-Type").unwrap().1;
        let boundary = kind.split('"').nth(1).unwrap();
        let border = format!("--{boundary}");
        let bodies = body.split(&border).skip(1).filter(|it| !it.starts_with("--"));
        let text = |part: &str| decoded_body(part.split_once("\r\n\r\n").unwrap().1);
        (headers, bodies.map(text).collect())
    }

    #[test]
    fn a_letter_reads_as_it_should() {
        assert_snapshot!(raw(&parts()).replace("\r\n", "\n"), @r#"
    From: Tarn & Ember <hello@tarnandember.example>
    To: =?utf-8?B?VG9tw6FzIFJpYmVpcm8=?= <tomas@mail.example>
    Reply-To: Tarn & Ember <help@tarnandember.example>
    Subject: =?utf-8?B?WW91ciBrZXR0bGUgaGFzIGNvbXBhbnkg4oCUIDEwICUgb2ZmIHVudGls?=
     =?utf-8?B?IEZyaWRheQ==?=
    Date: Sun, 01 Mar 2026 12:00:00 +0000
    Message-ID: <k7x2m9q4@mail.tarnandember.example>
    List-Unsubscribe: <https://mail.tarnandember.example/u/9f2c?k=1>,
     <mailto:leave+9f2c@mail.tarnandember.example>
    List-Unsubscribe-Post: List-Unsubscribe=One-Click
    List-Id: "Tarn & Ember, offers" <marketing.tarnandember.example>
    Feedback-ID: upsell:offer:marketing:tarnandember
    MIME-Version: 1.0
    Content-Type: multipart/alternative; boundary="=_k7x2m9q4mailtarnandemberexample"

    --=_k7x2m9q4mailtarnandemberexample
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: quoted-printable

    Hello Tom=C3=A1s,

    your kettle.

    --=_k7x2m9q4mailtarnandemberexample
    Content-Type: text/html; charset=utf-8
    Content-Transfer-Encoding: quoted-printable

    <p style=3D"color: red">Hello Tom=C3=A1s</p>

    --=_k7x2m9q4mailtarnandemberexample--
    "#);
    }

    #[test]
    fn the_same_message_is_the_same_letter() {
        assert_eq!(build(&parts()), build(&parts()));
        let letter = build(&parts()).unwrap();
        assert_eq!(letter.message_id, "<k7x2m9q4@mail.tarnandember.example>");
        assert_eq!(format!("{letter:?}").matches("tomas").count(), 0, "no address in a log");
    }

    #[test]
    fn transactional_mail_has_nothing_to_leave() {
        let text = raw(&LetterParts { list: None, ..parts() });
        assert!(!text.contains("List-") && !text.contains("Feedback-ID"));
    }

    #[test]
    fn what_cannot_be_a_letter_is_refused() {
        let refused = |change: fn(&mut LetterParts)| {
            let mut parts = parts();
            change(&mut parts);
            build(&parts).unwrap_err().to_string()
        };
        fn list(parts: &mut LetterParts) -> &mut ListHeaders {
            parts.list.as_mut().unwrap()
        }
        assert_snapshot!(refused(|it| it.subject = " ".into()), @"the subject is empty; write one");
        assert_snapshot!(refused(|it| it.subject = "ü".repeat(201)), @"the subject has 201 characters; 200 is the most");
        assert_snapshot!(refused(|it| it.html = "x".repeat(100_001)), @"the HTML has 100001 bytes; 100000 is the most, show fewer products");
        assert_snapshot!(refused(|it| it.text = "\n".into()), @"the text part is empty; every letter has text and HTML");
        assert_snapshot!(refused(|it| it.message_id = "a@b>\r\nBcc: x@y.example".into()), @r#"Message-ID `a@b>\r\nBcc: x@y.example` is not `name@domain` of letters, digits, `-`, `_`, `.` and `+`; give one that is"#);
        assert_snapshot!(refused(|it| list(it).unsubscribe_url = "https://x.example/a b".into()), @"List-Unsubscribe `https://x.example/a b` is not a plain web address; encode blanks and special characters");
        assert_snapshot!(refused(|it| list(it).unsubscribe_url = "javascript:alert(1)".into()), @"List-Unsubscribe `javascript:alert(1)` is not a plain web address; encode blanks and special characters");
        assert_snapshot!(refused(|it| list(it).list_id = "offers".into()), @"List-Id `offers` is not a name with a dot, of letters, digits, `-`, `_`, `.` and `+`; give one that is");
        assert_snapshot!(refused(|it| list(it).feedback_id = "a b".into()), @"Feedback-ID `a b` is not of letters, digits, `-`, `_`, `.`, `+` and `:`; give one that is");
    }

    /// Text that tries to be more than a name.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("\r\nBcc: thief@evil.example\r\n".to_owned()),
            Just("\n\n<html>".to_owned()),
            Just("\u{2028}To: x@y.example".to_owned()),
            Just("\" <thief@evil.example>, \"".to_owned()),
            Just("=?utf-8?B?DQpCY2M6?=".to_owned()),
            Just("\0\u{85}\u{b}".to_owned()),
            Just("--=_k7x2m9q4mailtarnandemberexample--\r\n".to_owned()),
            any::<String>(),
            "[ -~]{0,20}",
        ];
        proptest::collection::vec(piece, 1..5).prop_map(|it| it.concat())
    }

    proptest! {
        #[test]
        fn no_text_adds_a_header_a_recipient_or_a_part(
            name in hostile(), subject in hostile(), list_name in hostile(), text in hostile(),
            html in hostile(),
        ) {
            let mut parts = parts();
            let (plain, _) = shown(&raw(&parts));
            parts.subject = format!("S{}", subject.chars().take(150).collect::<String>());
            parts.to.name = name.clone();
            parts.from.name = name;
            parts.list.as_mut().unwrap().list_name = list_name;
            parts.text = format!("T{text}");
            parts.html = format!("H{html}");
            let raw = raw(&parts);
            let (headers, bodies) = shown(&raw);
            let names = |it: &[(String, String)]| it.iter().map(|it| it.0.clone()).collect::<Vec<_>>();
            prop_assert_eq!(names(&headers), names(&plain));
            // Text, HTML, and no third.
            prop_assert_eq!(bodies.len(), 2);
            let in_mail = |text: &str| text.replace("\r\n", "\n").replace('\n', "\r\n") + "\r\n";
            prop_assert_eq!(&bodies[0], &in_mail(&parts.text));
            let (head, _) = raw.split_once("\r\n\r\n").unwrap();
            prop_assert!(head.is_ascii());
            for line in raw.split("\r\n") {
                prop_assert!(line.len() <= 998 && !line.contains(['\r', '\n']));
            }
            // One mailbox: whatever is quoted or encoded before it is a name.
            let to = head.replace("\r\n ", " ");
            let to = to.split("\r\n").find(|it| it.starts_with("To: ")).unwrap();
            prop_assert!(to.ends_with("tomas@mail.example>") || to.ends_with(" tomas@mail.example"));
            prop_assert_eq!(outside_quotes(to).matches('@').count(), 1, "{}", to);
        }
    }

    /// A header line without its quoted strings and encoded words.
    fn outside_quotes(line: &str) -> String {
        let (mut kept, mut is_quoted, mut is_escaped) = (String::new(), false, false);
        for c in line.chars() {
            match (is_quoted, is_escaped, c) {
                (true, true, _) => is_escaped = false,
                (true, false, '\\') => is_escaped = true,
                (_, _, '"') => is_quoted = !is_quoted,
                (false, ..) => kept.push(c),
                _ => {}
            }
        }
        kept
    }
}
