//! Hands letters to a mail server over SMTP (RFC 5321), one at a time over one kept connection.
//!
//! Why a client of our own: the last look. After the server has taken DATA the body is written and
//! flushed without its final dot; then the caller looks once more; then the dot goes alone, or the
//! connection is dropped without it. A library that writes body and dot together cannot do that, nor
//! can it say on which side of the dot it failed.
//!
//! There is no TLS here yet. So a server that is not on this machine is refused unless the settings
//! allow it outright.

use std::{fmt, future::Future, net::IpAddr, pin::Pin, time::Duration};

use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use crate::{CLAIM_AGE_MAX, Letter, Look, Outcome, Stage, Transport};

mod body;
mod connection;
mod reply;
#[cfg(test)]
mod tests;

use connection::{Connection, DotOutcome, Failure, Stream};
pub use reply::{REPLY_BYTES_MAX, Reply, ReplyError};

/// After the dot a server may think long; one that is given up too early has often taken the letter
/// (RFC 1047, RFC 5321 §4.5.3.2.6).
const DOT_TIMEOUT_MIN: Duration = Duration::from_secs(600);

/// How to reach the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    /// The name we give ourselves in EHLO: this machine's, as the world knows it.
    pub hello_name: String,
    pub credentials: Option<Credentials>,
    /// Whether mail and password may cross the network unencrypted. To this machine they always may.
    pub is_unencrypted_allowed: bool,
    /// After so many letters a fresh connection is opened.
    pub letters_per_connection_max: u32,
    pub timeouts: Timeouts,
}

impl SmtpSettings {
    pub fn new(host: impl Into<String>, port: u16, hello_name: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port,
            hello_name: hello_name.into(),
            credentials: None,
            is_unencrypted_allowed: false,
            letters_per_connection_max: 100,
            timeouts: Timeouts::default(),
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub user: String,
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// How long each stage may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    pub connect: Duration,
    /// Greeting, EHLO, AUTH, MAIL and RCPT each.
    pub command: Duration,
    /// The answer to DATA, and the writing of the body.
    pub data: Duration,
    /// The answer to the final dot.
    pub dot: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(60),
            data: Duration::from_secs(120),
            dot: DOT_TIMEOUT_MIN,
        }
    }
}

/// Why settings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpSettingsError {
    #[error(
        "mail server `{host}` is not on this machine and TLS is not supported yet; use a relay on \
         this machine, or allow unencrypted mail if the way there is safe"
    )]
    Unencrypted { host: String },
    #[error(
        "`{name}` is no host name to greet a mail server with; give this machine's public name"
    )]
    HelloName { name: String },
    #[error(
        "the time-out after the final dot is {seconds} s; give 600 or more, or letters that were \
         taken are counted as lost"
    )]
    DotTimeout { seconds: u64 },
}

type Dialling = Pin<Box<dyn Future<Output = std::io::Result<Box<dyn Stream>>> + Send>>;

/// Opens a connection to the server; a test brings its own.
type Dial = Box<dyn Fn() -> Dialling + Send + Sync>;

/// Hands letters over by SMTP.
pub struct SmtpTransport {
    settings: SmtpSettings,
    dial: Dial,
    /// Kept between letters; `None` until the first and after any doubt about its state.
    connection: Option<Connection>,
}

impl SmtpTransport {
    pub fn new(settings: SmtpSettings) -> Result<Self, SmtpSettingsError> {
        if !settings.is_unencrypted_allowed && !is_this_machine(&settings.host) {
            return Err(SmtpSettingsError::Unencrypted { host: settings.host });
        }
        let (host, port) = (settings.host.clone(), settings.port);
        let dial = move || -> Dialling {
            let host = host.clone();
            Box::pin(async move {
                let stream = TcpStream::connect((host.as_str(), port)).await?;
                // Small writes that wait for an answer would each be held back otherwise.
                stream.set_nodelay(true)?;
                Ok(Box::new(stream) as Box<dyn Stream>)
            })
        };
        Self::with_dial(settings, Box::new(dial))
    }

    fn with_dial(settings: SmtpSettings, dial: Dial) -> Result<Self, SmtpSettingsError> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
        if settings.hello_name.is_empty() || !settings.hello_name.chars().all(is_name) {
            return Err(SmtpSettingsError::HelloName { name: settings.hello_name });
        }
        if settings.timeouts.dot < DOT_TIMEOUT_MIN {
            let seconds = settings.timeouts.dot.as_secs();
            return Err(SmtpSettingsError::DotTimeout { seconds });
        }
        Ok(Self { settings, dial, connection: None })
    }

    /// Takes leave of the server, if there is a connection.
    pub async fn close(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            // Nobody waits for the answer: the letters are with the server either way.
            let _ = connection.quit().await;
        }
    }

    /// A connection on which the server waits for the letter's body.
    async fn prepare(&mut self, letter: &Letter) -> Result<Connection, Failure> {
        if let Some(mut kept) = self.connection.take() {
            match kept.envelope(letter).await {
                Ok(()) => return Ok(kept),
                // It was closed while nobody looked, which says nothing about the letter.
                Err(failure) if failure.is_connection_over() => {}
                Err(failure) => {
                    self.keep(kept);
                    return Err(failure);
                }
            }
        }
        let mut fresh = self.connect().await?;
        match fresh.envelope(letter).await {
            Ok(()) => Ok(fresh),
            Err(failure) => {
                self.keep(fresh);
                Err(failure)
            }
        }
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let broken = |problem: String| Failure::Broken { stage: Stage::Connect, problem };
        let stream = timeout(self.settings.timeouts.connect, (self.dial)())
            .await
            .map_err(|_| broken("the server did not answer in time".to_owned()))?
            .map_err(|error| broken(format!("the server cannot be reached: {error}")))?;
        Connection::open(stream, &self.settings).await
    }

    fn keep(&mut self, connection: Connection) {
        if connection.is_usable(self.settings.letters_per_connection_max) {
            self.connection = Some(connection);
        }
    }
}

impl Transport for SmtpTransport {
    async fn hand_over<F, L>(&mut self, letter: &Letter, last_look: F) -> Outcome
    where
        F: FnOnce() -> L + Send,
        L: Future<Output = Look> + Send,
    {
        let mut connection = match self.prepare(letter).await {
            Ok(connection) => connection,
            Err(failure) => return failure.into_outcome(),
        };
        // From here on every return but the last drops the connection, and with it a letter the
        // server may not count as sent: it never got the dot.
        if let Err(failure) = connection.body(letter).await {
            return failure.into_outcome();
        }
        let claimed_at = match last_look().await {
            Look::Stop { reason } => return Outcome::Stopped { reason },
            Look::Go { claimed_at } => claimed_at,
        };
        if let Err(failure) = connection.refuse_early_word() {
            return failure.into_outcome();
        }
        if CLAIM_AGE_MAX < Instant::now().duration_since(claimed_at) {
            return claim_too_old();
        }
        match connection.dot(claimed_at + CLAIM_AGE_MAX).await {
            DotOutcome::NotWritten { problem } => {
                Outcome::Deferred { stage: Stage::Dot, reply: problem, retry_after: None }
            }
            DotOutcome::TooLate => claim_too_old(),
            DotOutcome::NoAnswer { problem } => {
                Outcome::InDoubt { stage: Stage::Dot, reply: problem }
            }
            DotOutcome::Answered(reply) => {
                self.keep(connection);
                outcome_of(Stage::Dot, &reply)
            }
        }
    }
}

/// Nothing is wrong with letter or server: it is tried again at once, with a new look.
pub(crate) fn claim_too_old() -> Outcome {
    Outcome::Deferred {
        stage: Stage::LastLook,
        reply: format!("the last look was more than {} s ago", CLAIM_AGE_MAX.as_secs()),
        retry_after: Some(Duration::ZERO),
    }
}

/// What the server's word about this letter means.
fn outcome_of(stage: Stage, reply: &Reply) -> Outcome {
    let text = reply.text();
    if stage == Stage::Dot && reply.is_positive() {
        Outcome::Sent { reply: text }
    } else if reply.is_permanent() {
        Outcome::Bounced { class: reply.bounce_class(stage), reply: text }
    } else {
        Outcome::Deferred { stage, reply: text, retry_after: reply.retry_after() }
    }
}

impl Failure {
    fn into_outcome(self) -> Outcome {
        match self {
            Self::Broken { stage, problem } => {
                Outcome::Deferred { stage, reply: problem, retry_after: None }
            }
            // A greeting or a password refused is about us; the letter is as good as before.
            Self::Refused { stage, reply } if stage < Stage::MailFrom => {
                Outcome::Deferred { stage, reply: reply.text(), retry_after: reply.retry_after() }
            }
            Self::Refused { stage, reply } => outcome_of(stage, &reply),
            Self::Unsupported { problem } => {
                Outcome::Bounced { class: aftercart_model::BounceClass::Policy, reply: problem }
            }
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
