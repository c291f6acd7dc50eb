//! A mail server that keeps what it gets, answers as the test tells it to, and writes down every
//! command and every final dot.
//!
//! It is strict where our client must be right: a letter ends with CRLF, dot, CRLF and with nothing
//! else. It has a thread of its own, so that it serves tests with and without an async runtime; over
//! a stream in memory it runs in the test's runtime, where time can stand still.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Where in the talk the sink is asked what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SinkStage {
    Greeting,
    Hello,
    Auth,
    MailFrom,
    RcptTo,
    Data,
    /// The first bytes of the body have come.
    Body,
    Dot,
    Reset,
    Quit,
}

impl SinkStage {
    /// The seven at which a server can refuse a letter.
    pub const REFUSABLE: [Self; 7] = [
        Self::Greeting,
        Self::Hello,
        Self::Auth,
        Self::MailFrom,
        Self::RcptTo,
        Self::Data,
        Self::Dot,
    ];
}

/// What the sink knows when it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub stage: SinkStage,
    /// Counted from 0.
    pub connection: usize,
    /// Letters whose MAIL was taken on this connection before.
    pub letters_before: usize,
    /// The whole command; empty at the greeting, the body and the dot.
    pub command: String,
}

/// What the sink does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What a good server would.
    Usual,
    /// This reply, code and all, without the line's end. A letter refused at the dot is not kept.
    Reply(String),
    /// These bytes as they are.
    Bytes(Vec<u8>),
    /// Closes the connection without a word. At the dot: the letter is lost.
    HangUp,
    /// At the dot: keeps the letter and closes without a word. The acknowledgement is lost.
    KeepAndHangUp,
    /// Says nothing and stays.
    Silence,
    /// At the dot: keeps the letter, says nothing and stays.
    KeepInSilence,
}

impl Answer {
    pub fn reply(text: &str) -> Self {
        Self::Reply(text.to_owned())
    }
}

/// A letter as the sink got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SunkLetter {
    pub from: String,
    pub to: Vec<String>,
    /// Without the dots that were doubled on the way.
    pub raw: Vec<u8>,
}

impl SunkLetter {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }
}

/// Everything that happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinkLog {
    pub connections: usize,
    /// Commands in the order they came; passwords and all, they are the test's.
    pub commands: Vec<String>,
    /// Final dots seen, whatever was answered to them.
    pub dots: usize,
    /// Letters kept.
    pub letters: Vec<SunkLetter>,
    /// Bodies whose connection ended before their dot.
    pub unfinished: Vec<Vec<u8>>,
}

/// How a sink answers.
pub type Script = Arc<dyn Fn(&Visit) -> Answer + Send + Sync>;

/// What a good server offers.
pub const EXTENSIONS: [&str; 5] =
    ["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 10485760", "AUTH PLAIN LOGIN"];

/// One server on a port of this machine.
pub struct SmtpSink {
    address: SocketAddr,
    core: Core,
    is_over: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Clone)]
struct Core {
    script: Script,
    extensions: Arc<Vec<String>>,
    log: Arc<Mutex<SinkLog>>,
}

impl SmtpSink {
    /// A server without a fault.
    pub fn start() -> Self {
        Self::start_with(|_| Answer::Usual)
    }

    pub fn start_with(script: impl Fn(&Visit) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_offering(&EXTENSIONS, script)
    }

    /// A server that offers `extensions` and no others.
    pub fn start_offering(
        extensions: &[&str],
        script: impl Fn(&Visit) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let core = Core::new(extensions, script);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let is_over = Arc::new(AtomicBool::new(false));
        let thread = {
            let (core, is_over) = (core.clone(), Arc::clone(&is_over));
            std::thread::spawn(move || listen(&listener, &core, &is_over))
        };
        Self { address, core, is_over, listener: Some(thread) }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What happened so far. A letter whose acknowledgement was received is in it.
    pub fn log(&self) -> SinkLog {
        self.core.log().clone()
    }

    /// Ends the server and returns everything that ever reached it.
    pub fn finish(mut self) -> SinkLog {
        self.end();
        self.log()
    }

    fn end(&mut self) {
        let Some(listener) = self.listener.take() else { return };
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is over.
        drop(TcpStream::connect(self.address));
        listener.join().expect("the sink must not panic");
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.end();
        }
    }
}

fn listen(listener: &TcpListener, core: &Core, is_over: &AtomicBool) {
    let mut visits = Vec::new();
    for stream in listener.incoming() {
        if is_over.load(Ordering::SeqCst) {
            break;
        }
        let Ok(stream) = stream else { continue };
        stream.set_nodelay(true).expect("a socket of our own");
        let core = core.clone();
        let served = stream.try_clone().expect("a socket of our own");
        visits.push((stream, std::thread::spawn(move || serve_socket(served, &core))));
    }
    for (stream, thread) in visits {
        // What has arrived is still read; a client that stays is not waited for.
        let _ = stream.shutdown(Shutdown::Read);
        thread.join().expect("the sink must not panic");
    }
}

fn serve_socket(mut stream: TcpStream, core: &Core) {
    let mut session = Session::new(core);
    talk_over(&mut stream, &mut session);
    session.end();
    // The listener holds the socket too, so that dropping it here would not close it.
    let _ = stream.shutdown(Shutdown::Both);
}

fn talk_over(stream: &mut TcpStream, session: &mut Session<'_>) {
    let mut space = [0; 16 << 10];
    let mut steps = session.greet();
    loop {
        for step in steps {
            match step {
                Step::Send(bytes) if stream.write_all(&bytes).is_ok() => {}
                Step::Send(_) | Step::Close => return,
            }
        }
        match stream.read(&mut space) {
            Ok(count) if count > 0 => steps = session.take(&space[..count]),
            _ => return,
        }
    }
}

/// A server over a stream in memory: serves one connection in the runtime of the test.
#[derive(Clone)]
pub struct MemorySink(Core);

impl MemorySink {
    pub fn new(script: impl Fn(&Visit) -> Answer + Send + Sync + 'static) -> Self {
        Self::offering(&EXTENSIONS, script)
    }

    pub fn offering(
        extensions: &[&str],
        script: impl Fn(&Visit) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self(Core::new(extensions, script))
    }

    pub fn log(&self) -> SinkLog {
        self.0.log().clone()
    }

    /// Serves `stream` to its end.
    pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: S) {
        let mut session = Session::new(&self.0);
        let mut space = [0; 16 << 10];
        let mut steps = session.greet();
        loop {
            for step in steps {
                match step {
                    Step::Send(bytes) if stream.write_all(&bytes).await.is_ok() => {}
                    Step::Send(_) | Step::Close => return session.end(),
                }
            }
            match stream.read(&mut space).await {
                Ok(count) if count > 0 => steps = session.take(&space[..count]),
                _ => return session.end(),
            }
        }
    }
}

impl Core {
    fn new(extensions: &[&str], script: impl Fn(&Visit) -> Answer + Send + Sync + 'static) -> Self {
        let extensions = extensions.iter().map(|it| (*it).to_owned()).collect();
        Self { script: Arc::new(script), extensions: Arc::new(extensions), log: Arc::default() }
    }

    fn log(&self) -> std::sync::MutexGuard<'_, SinkLog> {
        self.log.lock().expect("nobody panics while holding it")
    }
}

enum Step {
    Send(Vec<u8>),
    Close,
}

/// One connection, without its stream: bytes in, steps out.
struct Session<'a> {
    core: &'a Core,
    connection: usize,
    letters_before: usize,
    unread: Vec<u8>,
    from: Option<String>,
    to: Vec<String>,
    /// The body so far, while one is coming.
    body: Option<Vec<u8>>,
    /// Lines of AUTH LOGIN still to come.
    auth_lines_left: usize,
}

impl<'a> Session<'a> {
    fn new(core: &'a Core) -> Self {
        let mut log = core.log();
        let connection = log.connections;
        log.connections += 1;
        drop(log);
        Self {
            core,
            connection,
            letters_before: 0,
            unread: Vec::new(),
            from: None,
            to: Vec::new(),
            body: None,
            auth_lines_left: 0,
        }
    }

    fn greet(&mut self) -> Vec<Step> {
        match self.ask(SinkStage::Greeting, "") {
            Answer::Usual => vec![line("220 sink.example ESMTP")],
            answer => answer_steps(answer),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Vec<Step> {
        self.unread.extend_from_slice(bytes);
        let mut steps = Vec::new();
        loop {
            let next = if self.body.is_some() { self.take_body() } else { self.take_line() };
            let Some(next) = next else { return steps };
            steps.extend(next);
            if matches!(steps.last(), Some(Step::Close)) {
                return steps;
            }
        }
    }

    /// The connection is over.
    fn end(&mut self) {
        if let Some(mut body) = self.body.take() {
            body.append(&mut self.unread);
            self.core.log().unfinished.push(body);
        }
    }

    fn ask(&self, stage: SinkStage, command: &str) -> Answer {
        (self.core.script)(&Visit {
            stage,
            connection: self.connection,
            letters_before: self.letters_before,
            command: command.to_owned(),
        })
    }

    fn take_line(&mut self) -> Option<Vec<Step>> {
        let end = self.unread.iter().position(|&byte| byte == b'\n')?;
        let line: Vec<u8> = self.unread.drain(..=end).collect();
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        self.core.log().commands.push(line.clone());
        Some(self.command(&line))
    }

    fn command(&mut self, command: &str) -> Vec<Step> {
        if self.auth_lines_left > 0 {
            self.auth_lines_left -= 1;
            return match self.auth_lines_left {
                0 => self.answer(SinkStage::Auth, command, "235 2.7.0 welcome"),
                _ => vec![line("334 UGFzc3dvcmQ6")],
            };
        }
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => {
                let mut lines = vec!["sink.example".to_owned()];
                lines.extend(self.core.extensions.iter().cloned());
                let last = lines.len() - 1;
                let numbered = |(index, text): (usize, &String)| {
                    format!("250{}{text}", if index == last { ' ' } else { '-' })
                };
                let lines: Vec<String> = lines.iter().enumerate().map(numbered).collect();
                self.answer(SinkStage::Hello, command, &lines.join("\r\n"))
            }
            "HELO" => self.answer(SinkStage::Hello, command, "250 sink.example"),
            "AUTH" if command.to_ascii_uppercase().starts_with("AUTH LOGIN") => {
                self.auth_lines_left = 2;
                vec![line("334 VXNlcm5hbWU6")]
            }
            "AUTH" => self.answer(SinkStage::Auth, command, "235 2.7.0 welcome"),
            "MAIL" => {
                let steps = self.answer(SinkStage::MailFrom, command, "250 2.1.0 ok");
                if is_good(&steps) {
                    (self.from, self.to) = (Some(address(command)), Vec::new());
                }
                steps
            }
            "RCPT" if self.from.is_none() => vec![line("503 5.5.1 MAIL first")],
            "RCPT" => {
                let steps = self.answer(SinkStage::RcptTo, command, "250 2.1.5 ok");
                if is_good(&steps) {
                    self.to.push(address(command));
                }
                steps
            }
            "DATA" => {
                let usual = if self.to.is_empty() { "503 5.5.1 RCPT first" } else { "354 go on" };
                let steps = self.answer(SinkStage::Data, command, usual);
                if starts_with(&steps, b"354") {
                    self.body = Some(Vec::new());
                }
                steps
            }
            "RSET" => {
                (self.from, self.to) = (None, Vec::new());
                self.answer(SinkStage::Reset, command, "250 2.0.0 ok")
            }
            "QUIT" => {
                let mut steps = self.answer(SinkStage::Quit, command, "221 2.0.0 bye");
                steps.push(Step::Close);
                steps
            }
            _ => vec![line("500 5.5.2 what")],
        }
    }

    fn take_body(&mut self) -> Option<Vec<Step>> {
        let body = self.body.as_mut().expect("only called within one");
        if self.unread.is_empty() {
            return None;
        }
        let is_first = body.is_empty();
        body.append(&mut self.unread);
        if is_first {
            let answer = self.ask(SinkStage::Body, "");
            if answer != Answer::Usual {
                return Some(answer_steps(answer));
            }
        }
        let body = self.body.as_mut().expect("only called within one");
        let (text, rest) = split_at_dot(body)?;
        self.unread = rest;
        self.body = None;
        Some(self.dot(text))
    }

    fn dot(&mut self, stuffed: Vec<u8>) -> Vec<Step> {
        let letter = SunkLetter {
            from: self.from.take().unwrap_or_default(),
            to: std::mem::take(&mut self.to),
            raw: unstuffed(&stuffed),
        };
        self.core.log().dots += 1;
        let answer = self.ask(SinkStage::Dot, "");
        self.letters_before += 1;
        let is_kept = match &answer {
            Answer::Usual | Answer::KeepAndHangUp | Answer::KeepInSilence => true,
            Answer::Reply(text) => text.starts_with('2'),
            Answer::Bytes(_) | Answer::HangUp | Answer::Silence => false,
        };
        if is_kept {
            self.core.log().letters.push(letter);
        }
        match answer {
            Answer::Usual => vec![line("250 2.0.0 kept")],
            answer => answer_steps(answer),
        }
    }

    fn answer(&self, stage: SinkStage, command: &str, usual: &str) -> Vec<Step> {
        match self.ask(stage, command) {
            Answer::Usual => vec![line(usual)],
            answer => answer_steps(answer),
        }
    }
}

fn line(text: &str) -> Step {
    Step::Send(format!("{text}\r\n").into_bytes())
}

fn answer_steps(answer: Answer) -> Vec<Step> {
    match answer {
        Answer::Usual => unreachable!("the caller knows what is usual"),
        // A server that says 421 closes.
        Answer::Reply(text) if text.starts_with("421") => vec![line(&text), Step::Close],
        Answer::Reply(text) => vec![line(&text)],
        Answer::Bytes(bytes) => vec![Step::Send(bytes)],
        Answer::HangUp | Answer::KeepAndHangUp => vec![Step::Close],
        Answer::Silence | Answer::KeepInSilence => Vec::new(),
    }
}

fn is_good(steps: &[Step]) -> bool {
    starts_with(steps, b"2")
}

fn starts_with(steps: &[Step], beginning: &[u8]) -> bool {
    matches!(steps.first(), Some(Step::Send(bytes)) if bytes.starts_with(beginning))
}

/// What stands between the first `<` and `>` of a command.
fn address(command: &str) -> String {
    let rest = command.split_once('<').map_or("", |it| it.1);
    rest.split_once('>').map_or(rest, |it| it.0).to_owned()
}

/// What comes before the final dot and what comes after it, if it is there.
fn split_at_dot(body: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    if let Some(rest) = body.strip_prefix(b".\r\n") {
        return Some((Vec::new(), rest.to_vec()));
    }
    let at = body.windows(5).position(|it| it == b"\r\n.\r\n")?;
    Some((body[..at + 2].to_vec(), body[at + 5..].to_vec()))
}

fn unstuffed(body: &[u8]) -> Vec<u8> {
    let mut raw = Vec::with_capacity(body.len());
    let mut is_line_start = true;
    for (at, &byte) in body.iter().enumerate() {
        if !(is_line_start && byte == b'.') {
            raw.push(byte);
        }
        is_line_start = byte == b'\n' && at > 0 && body[at - 1] == b'\r';
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything the sink answers to `talk`, sent at once.
    fn talk(sink: &SmtpSink, talk: &str) -> String {
        let mut stream = TcpStream::connect(sink.address).unwrap();
        stream.write_all(talk.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).unwrap();
        let codes: Vec<&str> = answers.lines().map(|it| &it[..3]).collect();
        codes.join(" ")
    }

    const LETTER: &str = "EHLO me\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\nDATA\r\n\
                          Subject: hi\r\n\r\n..dot\r\n";

    #[test]
    fn a_letter_is_kept_once_its_dot_has_come() {
        let sink = SmtpSink::start();
        let codes = talk(&sink, &format!("{LETTER}.\r\nQUIT\r\n"));
        assert_eq!(codes, "220 250 250 250 250 250 250 250 250 354 250 221");
        let log = sink.finish();
        assert_eq!((log.dots, log.letters.len(), log.unfinished.len()), (1, 1, 0));
        assert_eq!(log.letters[0].from, "a@x.example");
        assert_eq!(log.letters[0].to, ["b@y.example"]);
        assert_eq!(log.letters[0].text(), "Subject: hi\r\n\r\n.dot\r\n");
    }

    #[test]
    fn without_its_dot_a_letter_is_unfinished() {
        for ending in ["", "\n.\n", ".\n", ".\r"] {
            let sink = SmtpSink::start();
            talk(&sink, &format!("{LETTER}{ending}"));
            let log = sink.finish();
            assert_eq!(
                (log.dots, log.letters.len(), log.unfinished.len()),
                (0, 0, 1),
                "{ending:?}"
            );
        }
    }

    #[test]
    fn it_answers_as_it_is_told() {
        let sink = SmtpSink::start_with(|visit| match visit.stage {
            SinkStage::RcptTo => Answer::reply("550 5.1.1 nobody"),
            _ => Answer::Usual,
        });
        assert_eq!(
            talk(&sink, LETTER).split(' ').skip(7).take(3).collect::<Vec<_>>(),
            ["250", "550", "503"]
        );
        drop(sink);
        let sink = SmtpSink::start_with(|visit| match visit.stage {
            SinkStage::Dot => Answer::KeepAndHangUp,
            _ => Answer::Usual,
        });
        let codes = talk(&sink, &format!("{LETTER}.\r\n"));
        assert!(codes.ends_with("354"), "no word after the dot: {codes}");
        assert_eq!(sink.finish().letters.len(), 1);
    }
}
