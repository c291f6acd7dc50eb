//! What a server answers: reading it, and what it means for the address.

use std::time::Duration;

use aftercart_model::BounceClass;

use crate::Stage;

/// The longest reply that is read; no honest server needs more.
pub const REPLY_BYTES_MAX: usize = 64 << 10;

/// How much of a reply is kept.
const SHOWN_CHARS_MAX: usize = 500;

/// No wait a server names is believed beyond this.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(4 * 3_600);

/// One whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    /// Its lines without their codes.
    pub lines: Vec<String>,
}

/// Why bytes are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    #[error("the server's answer is no SMTP reply")]
    Malformed,
    #[error("the server's answer is longer than {REPLY_BYTES_MAX} bytes")]
    TooLong,
}

impl Reply {
    /// The first reply in `bytes` and how many bytes it takes; `None` while it is not whole.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, ReplyError> {
        let (mut at, mut lines, mut code) = (0, Vec::new(), None);
        while let Some(end) = bytes[at..].iter().position(|&byte| byte == b'\n') {
            let line = &bytes[at..at + end];
            at += end + 1;
            if REPLY_BYTES_MAX < at {
                return Err(ReplyError::TooLong);
            }
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let (number, is_last, text) = reply_line(line).ok_or(ReplyError::Malformed)?;
            if *code.get_or_insert(number) != number {
                return Err(ReplyError::Malformed);
            }
            lines.push(shown(text));
            if is_last {
                return Ok(Some((Self { code: number, lines }, at)));
            }
        }
        if REPLY_BYTES_MAX <= bytes.len() { Err(ReplyError::TooLong) } else { Ok(None) }
    }

    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// As it is kept and shown: one line.
    pub fn text(&self) -> String {
        let text = format!("{} {}", self.code, self.lines.join(" "));
        text.trim_end().chars().take(SHOWN_CHARS_MAX).collect()
    }

    /// The enhanced status code (RFC 3463), such as 5.1.1.
    pub fn status(&self) -> Option<(u16, u16, u16)> {
        let first = self.lines.first()?.split_whitespace().next()?;
        let mut parts = first.split('.').map(|it| it.parse::<u16>());
        let status = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        let is_whole = parts.next().is_none() && matches!(status.0, 2 | 4 | 5);
        is_whole.then_some(status)
    }

    /// The wait the server asks for, as greylisting servers do: `try again in 300 seconds`.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.text().to_lowercase();
        let words: Vec<&str> =
            text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|it| !it.is_empty()).collect();
        let wait = |pair: &[&str]| {
            let count: u32 = pair[0].parse().ok()?;
            match pair[1] {
                "s" | "sec" | "secs" | "second" | "seconds" => Some(count),
                "m" | "min" | "mins" | "minute" | "minutes" => count.checked_mul(60),
                "h" | "hour" | "hours" => count.checked_mul(3_600),
                _ => None,
            }
        };
        let seconds = words.windows(2).find_map(wait)?;
        Some(Duration::from_secs(u64::from(seconds)).min(RETRY_AFTER_MAX))
    }

    /// What a permanent refusal says about the address.
    ///
    /// Only what is surely about the mailbox is [`BounceClass::Hard`], for that bars the address for
    /// good. A refusal for what we are, or how the letter looks, must never do so.
    pub fn bounce_class(&self, stage: Stage) -> BounceClass {
        if stage < Stage::RcptTo {
            return BounceClass::Policy;
        }
        match self.status() {
            Some((5, 1, 1 | 2 | 10) | (5, 2, 1)) => BounceClass::Hard,
            Some((5, 1, 7 | 8) | (5, 5..=7, _)) => BounceClass::Policy,
            Some((5, 1..=4, _)) => BounceClass::Soft,
            _ => self.bounce_class_by_words(stage),
        }
    }

    fn bounce_class_by_words(&self, stage: Stage) -> BounceClass {
        const ABOUT_US: [&str; 16] = [
            "spam",
            "blocked",
            "block list",
            "blocklist",
            "blacklist",
            "denied",
            "policy",
            "spf",
            "dkim",
            "dmarc",
            "reputation",
            "relay",
            "unsolicited",
            "authenticat",
            "banned",
            "listed",
        ];
        const NOBODY: [&str; 12] = [
            "user unknown",
            "unknown user",
            "no such user",
            "no such recipient",
            "no such mailbox",
            "does not exist",
            "doesn't exist",
            "unknown recipient",
            "recipient unknown",
            "user not found",
            "no mailbox here",
            "invalid mailbox",
        ];
        let text = self.text().to_lowercase();
        let says = |words: &[&str]| words.iter().any(|it| text.contains(it));
        if says(&ABOUT_US) {
            BounceClass::Policy
        } else if stage == Stage::RcptTo && says(&NOBODY) {
            BounceClass::Hard
        } else if stage == Stage::RcptTo || self.code == 552 {
            BounceClass::Soft
        } else {
            BounceClass::Policy
        }
    }
}

/// `250-PIPELINING` as code, whether it is the last, and its text.
fn reply_line(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let is_code = matches!(digits[0], b'2'..=b'5') && digits.iter().all(u8::is_ascii_digit);
    let code = std::str::from_utf8(digits).ok().filter(|_| is_code)?.parse().ok()?;
    match rest {
        [] => Some((code, true, b"")),
        [b' ', text @ ..] => Some((code, true, text)),
        [b'-', text @ ..] => Some((code, false, text)),
        _ => None,
    }
}

/// A line as text without control characters, so that it can be shown anywhere as text.
fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reply(text: &str) -> Reply {
        let (reply, length) = Reply::parse(text.as_bytes()).unwrap().expect("whole");
        assert_eq!(length, text.len());
        reply
    }

    #[test]
    fn replies_are_read_line_by_line() {
        let hello = reply("250-mail.example\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n");
        assert_eq!(hello.lines, ["mail.example", "PIPELINING", "SMTPUTF8"]);
        assert_eq!(reply("250\r\n").text(), "250", "a code alone");
        assert_eq!(reply("250 fine\n").text(), "250 fine", "a bare line feed is forgiven");
        assert_eq!(Reply::parse(b"250-mail.example\r\n250 SM"), Ok(None), "more is to come");
        let two = b"250 one\r\n354 two\r\n";
        assert_eq!(Reply::parse(two).unwrap().unwrap().1, 9, "the second is left");
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for bad in ["hello\r\n", "99 x\r\n", "250_x\r\n", "250-a\r\n251 b\r\n", "\r\n", "650 x\r\n"]
        {
            assert_eq!(Reply::parse(bad.as_bytes()), Err(ReplyError::Malformed), "{bad:?}");
        }
        let endless = "250-x\r\n".repeat(10_000);
        assert_eq!(Reply::parse(endless.as_bytes()), Err(ReplyError::TooLong));
        assert_eq!(Reply::parse(&vec![b'2'; REPLY_BYTES_MAX]), Err(ReplyError::TooLong));
    }

    #[test]
    fn only_a_mailbox_that_is_not_there_is_a_hard_bounce() {
        use BounceClass::{Hard, Policy, Soft};
        let at_rcpt = |text: &str| reply(&format!("{text}\r\n")).bounce_class(Stage::RcptTo);
        assert_eq!(at_rcpt("550 5.1.1 no such user"), Hard);
        assert_eq!(at_rcpt("550 5.1.2 bad domain"), Hard);
        assert_eq!(at_rcpt("556 5.1.10 null MX"), Hard);
        assert_eq!(at_rcpt("550 5.2.1 disabled"), Hard);
        assert_eq!(at_rcpt("550 No such user here"), Hard, "by its words alone");
        assert_eq!(at_rcpt("552 5.2.2 mailbox full"), Soft);
        assert_eq!(at_rcpt("550 rejected"), Soft, "says nothing sure");
        assert_eq!(at_rcpt("550 5.7.1 user unknown"), Policy, "the code is surer than the words");
        assert_eq!(at_rcpt("550 5.7.515 sender must authenticate"), Policy);
        assert_eq!(at_rcpt("550 5.1.8 bad sender"), Policy);
        assert_eq!(at_rcpt("554 listed by a block list, user unknown"), Policy);
        let at = |stage, text: &str| reply(&format!("{text}\r\n")).bounce_class(stage);
        assert_eq!(at(Stage::MailFrom, "550 5.1.1 x"), Policy, "before any recipient was named");
        assert_eq!(at(Stage::Dot, "554 no"), Policy, "the letter is refused, not the mailbox");
        assert_eq!(at(Stage::Dot, "550 no such user"), Policy, "nor is it unknown by then");
        assert_eq!(at(Stage::Dot, "552 too much"), Soft);
    }

    #[test]
    fn a_named_wait_is_understood() {
        let wait = |text: &str| reply(&format!("{text}\r\n")).retry_after().map(|it| it.as_secs());
        assert_eq!(wait("451 4.7.1 Greylisted, try again in 300 seconds"), Some(300));
        assert_eq!(wait("450 please retry in 5 minutes"), Some(300));
        assert_eq!(wait("450 come back in 9999 hours"), Some(4 * 3_600), "but not for ever");
        assert_eq!(wait("450 busy"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_upset_the_reader(bytes: Vec<u8>) {
            if let Ok(Some((reply, length))) = Reply::parse(&bytes) {
                prop_assert!(length <= bytes.len());
                prop_assert!(!reply.text().contains(['\r', '\n']));
            }
        }

        #[test]
        fn a_reply_in_pieces_is_the_same_reply(cut in 0_usize..24) {
            let whole = b"250-a\r\n250-b c\r\n250 d\r\n";
            let early = Reply::parse(&whole[..cut.min(whole.len() - 1)]);
            prop_assert_eq!(early, Ok(None));
        }
    }
}
