//! One connection to a mail server, command by command.
//!
//! Every failure here is on the safe side of the dot, except what [`Connection::dot`] itself reports.

use std::{future::Future, io, pin::Pin, task::Poll, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::{Instant, timeout, timeout_at},
};

use super::{
    Credentials, Reply, SmtpSettings, Timeouts,
    body::{DOT, stuffed},
};
use crate::{Letter, Stage};

/// How much is read at once.
const READ_BYTES: usize = 4 << 10;

/// A connection's two ways; a test's is in memory.
pub trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

pub struct Connection {
    stream: Box<dyn Stream>,
    /// Read from the stream, not yet taken as a reply.
    unread: Vec<u8>,
    extensions: Extensions,
    timeouts: Timeouts,
    letters: u32,
    /// Whether the server waits for a command, as far as we know.
    is_idle: bool,
}

/// What the server offers beyond plain SMTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Extensions {
    has_pipelining: bool,
    has_8bitmime: bool,
    has_smtputf8: bool,
    has_size: bool,
    has_auth_plain: bool,
    has_auth_login: bool,
}

/// Why the server does not wait for the body. No dot was written.
#[derive(Debug)]
pub enum Failure {
    /// The server said no.
    Refused { stage: Stage, reply: Reply },
    /// Nothing was said, or nothing that can be understood.
    Broken { stage: Stage, problem: String },
    /// The server cannot take this letter at all.
    Unsupported { problem: String },
}

/// What became of the final dot.
#[derive(Debug)]
pub enum DotOutcome {
    /// Not one byte of it was taken.
    NotWritten {
        problem: String,
    },
    /// Nor was it in time.
    TooLate,
    /// It was written, and no answer came that can be understood.
    NoAnswer {
        problem: String,
    },
    Answered(Reply),
}

impl Failure {
    /// Whether the connection had ended before the letter was even looked at.
    pub fn is_connection_over(&self) -> bool {
        match self {
            Self::Broken { .. } => true,
            Self::Refused { reply, .. } => reply.code == 421,
            Self::Unsupported { .. } => false,
        }
    }
}

impl Connection {
    /// Greets the server and signs in.
    pub async fn open(stream: Box<dyn Stream>, settings: &SmtpSettings) -> Result<Self, Failure> {
        let mut connection = Self {
            stream,
            unread: Vec::new(),
            extensions: Extensions::default(),
            timeouts: settings.timeouts,
            letters: 0,
            is_idle: true,
        };
        let greeting = connection.reply(Stage::Greeting).await?;
        expect_positive(Stage::Greeting, greeting)?;
        connection.hello(&settings.hello_name).await?;
        if let Some(credentials) = &settings.credentials {
            connection.sign_in(credentials).await?;
        }
        Ok(connection)
    }

    pub fn is_usable(&self, letters_max: u32) -> bool {
        self.is_idle && self.letters < letters_max && self.unread.is_empty()
    }

    /// MAIL, RCPT and DATA, in one go if the server takes that. On success it waits for the body.
    pub async fn envelope(&mut self, letter: &Letter) -> Result<(), Failure> {
        let commands = [
            (Stage::MailFrom, self.mail_command(letter)?),
            (Stage::RcptTo, format!("RCPT TO:<{}>", letter.to.as_str())),
            (Stage::Data, "DATA".to_owned()),
        ];
        let is_first = self.letters == 0;
        self.letters += 1;
        self.is_idle = false;
        if self.extensions.has_pipelining {
            self.envelope_at_once(is_first, &commands).await
        } else {
            self.envelope_in_turn(is_first, &commands).await
        }
    }

    async fn envelope_in_turn(
        &mut self,
        is_first: bool,
        commands: &[(Stage, String)],
    ) -> Result<(), Failure> {
        if !is_first {
            let reply = self.command(Stage::MailFrom, "RSET").await?;
            expect_reset(reply)?;
        }
        for (stage, command) in commands {
            let reply = self.command(*stage, command).await?;
            self.check(*stage, reply)?;
        }
        Ok(())
    }

    async fn envelope_at_once(
        &mut self,
        is_first: bool,
        commands: &[(Stage, String)],
    ) -> Result<(), Failure> {
        let reset = if is_first { "" } else { "RSET\r\n" };
        let lines = commands.iter().map(|(_, command)| format!("{command}\r\n"));
        let all = lines.fold(reset.to_owned(), |all, line| all + &line);
        self.write(Stage::MailFrom, all.as_bytes()).await?;
        if !is_first {
            expect_reset(self.reply(Stage::MailFrom).await?)?;
        }
        let mut refusal = None;
        for (stage, _) in commands {
            let reply = match (self.reply(*stage).await, &refusal) {
                (Ok(reply), _) => reply,
                (Err(failure), None) => return Err(failure),
                // The refusal already heard says more than the silence after it.
                (Err(_), Some(_)) => {
                    self.is_idle = false;
                    break;
                }
            };
            let checked = self.check(*stage, reply);
            if refusal.is_none() {
                refusal = checked.err();
            } else if checked.is_ok() && *stage == Stage::Data {
                // It waits for the body of a letter it has refused. Only a dot would end that.
                self.is_idle = false;
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// Writes and flushes everything but the dot.
    pub async fn body(&mut self, letter: &Letter) -> Result<(), Failure> {
        self.refuse_early_word()?;
        self.write(Stage::Body, &stuffed(&letter.raw)).await?;
        self.refuse_early_word()
    }

    /// Fails if the server has spoken or hung up although it was our turn: a dot written now could be
    /// taken for something else, or by nobody.
    pub fn refuse_early_word(&mut self) -> Result<(), Failure> {
        let mut space = [0; READ_BYTES];
        let mut buffer = ReadBuf::new(&mut space);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let polled = Pin::new(&mut self.stream).poll_read(&mut context, &mut buffer);
        self.unread.extend_from_slice(buffer.filled());
        match (polled, Reply::parse(&self.unread)) {
            (_, Ok(Some((reply, _)))) => Err(Failure::Refused { stage: Stage::Body, reply }),
            (Poll::Pending, _) if self.unread.is_empty() => Ok(()),
            (Poll::Ready(Err(error)), _) => Err(broken(Stage::Body, &error)),
            (Poll::Ready(Ok(())), _) if self.unread.is_empty() => Err(hung_up(Stage::Body)),
            (Poll::Pending | Poll::Ready(Ok(())), _) => Err(Failure::Broken {
                stage: Stage::Body,
                problem: "the server spoke out of turn".to_owned(),
            }),
        }
    }

    /// Writes the dot before `deadline` and hears what the server says to it.
    pub async fn dot(&mut self, deadline: Instant) -> DotOutcome {
        let mut left = DOT;
        while !left.is_empty() {
            let is_first = left.len() == DOT.len();
            let written = match timeout_at(deadline, self.stream.write(left)).await {
                Ok(written) => written,
                Err(_) if is_first => return DotOutcome::TooLate,
                Err(_) => return no_answer("the final dot went out in part"),
            };
            match written {
                Ok(count) if count > 0 => left = &left[count..],
                Ok(_) if is_first => return not_written("the server hung up before the final dot"),
                Err(error) if is_first => return not_written(&error.to_string()),
                Ok(_) => return no_answer("the server hung up within the final dot"),
                Err(error) => return no_answer(&error.to_string()),
            }
        }
        if let Err(error) = self.stream.flush().await {
            return no_answer(&error.to_string());
        }
        match self.reply(Stage::Dot).await {
            // Only these say whether it was taken.
            Ok(reply) if matches!(reply.code / 100, 2 | 4 | 5) => {
                self.is_idle = reply.code != 421;
                DotOutcome::Answered(reply)
            }
            Ok(reply) => no_answer(&format!("the server answered `{}`", reply.text())),
            Err(Failure::Broken { problem, .. } | Failure::Unsupported { problem }) => {
                no_answer(&problem)
            }
            Err(Failure::Refused { reply, .. }) => no_answer(&reply.text()),
        }
    }

    pub async fn quit(&mut self) -> Result<(), Failure> {
        self.command(Stage::Hello, "QUIT").await.map(|_| ())
    }

    async fn hello(&mut self, name: &str) -> Result<(), Failure> {
        let reply = self.command(Stage::Hello, &format!("EHLO {name}")).await?;
        if reply.is_permanent() {
            let reply = self.command(Stage::Hello, &format!("HELO {name}")).await?;
            return expect_positive(Stage::Hello, reply).map(|_| ());
        }
        let reply = expect_positive(Stage::Hello, reply)?;
        self.extensions = Extensions::of(&reply);
        Ok(())
    }

    async fn sign_in(&mut self, credentials: &Credentials) -> Result<(), Failure> {
        let Credentials { user, password } = credentials;
        if self.extensions.has_auth_plain {
            let secret = STANDARD.encode(format!("\0{user}\0{password}"));
            let reply = self.command(Stage::Auth, &format!("AUTH PLAIN {secret}")).await?;
            return expect_positive(Stage::Auth, reply).map(|_| ());
        }
        if !self.extensions.has_auth_login {
            return Err(Failure::Broken {
                stage: Stage::Auth,
                problem: "the server offers neither AUTH PLAIN nor AUTH LOGIN".to_owned(),
            });
        }
        let reply = self.command(Stage::Auth, "AUTH LOGIN").await?;
        expect_code(Stage::Auth, reply, 334)?;
        let reply = self.command(Stage::Auth, &STANDARD.encode(user)).await?;
        expect_code(Stage::Auth, reply, 334)?;
        let reply = self.command(Stage::Auth, &STANDARD.encode(password)).await?;
        expect_positive(Stage::Auth, reply).map(|_| ())
    }

    fn mail_command(&self, letter: &Letter) -> Result<String, Failure> {
        let mut command = format!("MAIL FROM:<{}>", letter.from.as_str());
        if self.extensions.has_size {
            command.push_str(&format!(" SIZE={}", letter.raw.len()));
        }
        if self.extensions.has_8bitmime && !letter.raw.is_ascii() {
            command.push_str(" BODY=8BITMIME");
        }
        if !letter.from.as_str().is_ascii() || !letter.to.as_str().is_ascii() {
            if !self.extensions.has_smtputf8 {
                let problem = "the mail server takes no address with letters beyond ASCII";
                return Err(Failure::Unsupported { problem: problem.to_owned() });
            }
            command.push_str(" SMTPUTF8");
        }
        Ok(command)
    }

    /// Whether `reply` lets the envelope go on; keeps track of whose turn it is.
    fn check(&mut self, stage: Stage, reply: Reply) -> Result<(), Failure> {
        let is_good = if stage == Stage::Data { reply.code == 354 } else { reply.is_positive() };
        if is_good {
            return Ok(());
        }
        self.is_idle = reply.code != 421;
        Err(Failure::Refused { stage, reply })
    }

    async fn command(&mut self, stage: Stage, command: &str) -> Result<Reply, Failure> {
        self.write(stage, format!("{command}\r\n").as_bytes()).await?;
        self.reply(stage).await
    }

    async fn write(&mut self, stage: Stage, bytes: &[u8]) -> Result<(), Failure> {
        let stream = &mut self.stream;
        let write = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        in_time(stage, limit(&self.timeouts, stage), write).await
    }

    async fn reply(&mut self, stage: Stage) -> Result<Reply, Failure> {
        let limit = limit(&self.timeouts, stage);
        let (stream, unread) = (&mut self.stream, &mut self.unread);
        let read = async {
            loop {
                match Reply::parse(unread) {
                    Err(error) => return Err(io::Error::other(error)),
                    Ok(Some((reply, length))) => {
                        unread.drain(..length);
                        return Ok(reply);
                    }
                    Ok(None) => {}
                }
                let mut space = [0; READ_BYTES];
                match stream.read(&mut space).await? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    count => unread.extend_from_slice(&space[..count]),
                }
            }
        };
        in_time(stage, limit, read).await
    }
}

impl Extensions {
    fn of(reply: &Reply) -> Self {
        let mut extensions = Self::default();
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '=']);
            match words.next() {
                Some("PIPELINING") => extensions.has_pipelining = true,
                Some("8BITMIME") => extensions.has_8bitmime = true,
                Some("SMTPUTF8") => extensions.has_smtputf8 = true,
                Some("SIZE") => extensions.has_size = true,
                Some("AUTH") => {
                    for method in words {
                        extensions.has_auth_plain |= method == "PLAIN";
                        extensions.has_auth_login |= method == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        extensions
    }
}

fn limit(timeouts: &Timeouts, stage: Stage) -> Duration {
    match stage {
        Stage::Connect => timeouts.connect,
        Stage::Data | Stage::Body => timeouts.data,
        Stage::Dot => timeouts.dot,
        _ => timeouts.command,
    }
}

async fn in_time<T>(
    stage: Stage,
    limit: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> Result<T, Failure> {
    match timeout(limit, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(hung_up(stage)),
        Ok(Err(error)) => Err(broken(stage, &error)),
        Err(_) => Err(Failure::Broken {
            stage,
            problem: format!("the server did not answer within {} s", limit.as_secs()),
        }),
    }
}

fn expect_positive(stage: Stage, reply: Reply) -> Result<Reply, Failure> {
    if reply.is_positive() { Ok(reply) } else { Err(Failure::Refused { stage, reply }) }
}

fn expect_code(stage: Stage, reply: Reply, code: u16) -> Result<Reply, Failure> {
    if reply.code == code { Ok(reply) } else { Err(Failure::Refused { stage, reply }) }
}

/// A server that does not forget the letter before is of no use; the next is not to suffer for it.
fn expect_reset(reply: Reply) -> Result<(), Failure> {
    if reply.is_positive() {
        return Ok(());
    }
    Err(Failure::Broken { stage: Stage::MailFrom, problem: reply.text() })
}

fn broken(stage: Stage, error: &io::Error) -> Failure {
    Failure::Broken { stage, problem: error.to_string() }
}

fn hung_up(stage: Stage) -> Failure {
    Failure::Broken { stage, problem: "the server hung up".to_owned() }
}

fn not_written(problem: &str) -> DotOutcome {
    DotOutcome::NotWritten { problem: problem.to_owned() }
}

fn no_answer(problem: &str) -> DotOutcome {
    DotOutcome::NoAnswer { problem: problem.to_owned() }
}
