//! One finished letter: its bytes, and who it goes from and to.
//!
//! The bytes follow from the parts alone: no clock, no chance, no name of this machine. So the same
//! message built again for another attempt is the same letter, Message-ID, Date, boundary and all,
//! and whoever receives it twice can tell.
//!
//! No text of a customer or an operator can add a header or a recipient: names and subjects lose
//! their control characters and are encoded, everything else is checked and refused.

use std::fmt;

use aftercart_model::{EmailAddress, Timestamp};

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
        raw.push_str("\r\n");
    }
    raw.push_str(&format!("--{boundary}--\r\n"));
    Ok(Letter {
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
