//! What every way of handing a letter over promises, and how it says what became of it.
//!
//! The outcome is exact about the one moment that matters: whether the final dot may have reached
//! the other side. Before it, every failure is a definite no and may be tried again; after it,
//! silence is [`Outcome::InDoubt`], and only the caller's message class decides what follows.

use std::{fmt, future::Future, time::Duration};

use aftercart_model::BounceClass;
use tokio::time::Instant;

use crate::Letter;

/// The longest a claim may be old when the dot is written. Beyond it something could have been
/// accepted that the claim has not seen, so the connection is dropped and the look repeated.
pub const CLAIM_AGE_MAX: Duration = Duration::from_secs(2);

/// A way to hand letters over, one at a time.
pub trait Transport: Send {
    /// Hands `letter` over.
    ///
    /// `last_look` is asked once, after everything but the dot has been written and accepted; it is
    /// not asked where the other side has refused before. Unless it answers [`Look::Go`], the dot is
    /// never written.
    fn hand_over<F, L>(
        &mut self,
        letter: &Letter,
        last_look: F,
    ) -> impl Future<Output = Outcome> + Send
    where
        F: FnOnce() -> L + Send,
        L: Future<Output = Look> + Send;
}

/// What the last look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// The claim is committed: the dot may be written until [`CLAIM_AGE_MAX`] after `claimed_at`.
    Go { claimed_at: Instant },
    /// The message must not go; `reason` in words a shopkeeper reads.
    Stop { reason: String },
}

impl Look {
    /// A claim committed just now.
    pub fn go() -> Self {
        Self::Go { claimed_at: Instant::now() }
    }

    pub fn stop(reason: impl Into<String>) -> Self {
        Self::Stop { reason: reason.into() }
    }
}

/// What became of one try to hand a letter over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The other side took it.
    Sent { reply: String },
    /// The last look said no. The dot was not written.
    Stopped { reason: String },
    /// A definite no for now: nothing was handed over, and it may be tried again.
    Deferred { stage: Stage, reply: String, retry_after: Option<Duration> },
    /// A definite no for good.
    Bounced { class: BounceClass, reply: String },
    /// The dot was written and no answer came: it may or may not have been taken.
    InDoubt { stage: Stage, reply: String },
}

/// How far a try had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    Connect,
    Greeting,
    Hello,
    Auth,
    MailFrom,
    RcptTo,
    Data,
    Body,
    LastLook,
    Dot,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Greeting => "the server's greeting",
            Self::Hello => "EHLO",
            Self::Auth => "AUTH",
            Self::MailFrom => "MAIL FROM",
            Self::RcptTo => "RCPT TO",
            Self::Data => "DATA",
            Self::Body => "the body",
            Self::LastLook => "the last look",
            Self::Dot => "the final dot",
        })
    }
}
