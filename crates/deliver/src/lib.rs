//! Hands messages over: MIME, SMTP with the last look, the catching inbox.
//!
//! It decides nothing about whether a message may go: that is the last look's answer, which the
//! caller gives while the server already holds everything but the final dot.

mod encode;
mod inbox;
mod letter;
pub mod retry;
mod smtp;
mod transport;

pub use inbox::InboxTransport;
pub use letter::{
    HTML_BYTES_MAX, Letter, LetterError, LetterParts, ListHeaders, Mailbox, SUBJECT_CHARS_MAX,
    build,
};
pub use smtp::{
    Credentials, REPLY_BYTES_MAX, Reply, ReplyError, SmtpSettings, SmtpSettingsError,
    SmtpTransport, Timeouts,
};
pub use transport::{CLAIM_AGE_MAX, Look, Outcome, Stage, Transport};
