//! The binary as a server on loopback, and a client that asks it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    ready_shop,
    support::{Place, binary},
};

/// The most that anything here may take; far beyond what it does.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// `the key:` in base64.
pub const AUTHORIZATION: &str = "Basic dGhlIGtleTo=";

pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Serves the store of `place` on a free port.
    pub fn start(place: &Place) -> Self {
        let mut child = Command::new(binary())
            .args(["serve", "--config", "shop.toml", "--listen", "127.0.0.1:0"])
            .current_dir(place.path())
            .env("AFTERCART_LOG", "off")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let console = lines.find_map(|line| {
            let line = line.expect("text");
            let url = line.strip_prefix("Console")?.trim().to_owned();
            Some(url.trim_start_matches("http://").trim_end_matches('/').to_owned())
        });
        let address = console.expect("it says where it serves").parse().expect("an address");
        // Whatever else it says must go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Tells it to end, as a service manager does.
    pub fn end(mut self) {
        let told = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        assert!(told.expect("kill runs").success());
        assert!(self.child.wait().expect("it ends").success(), "it ends in order");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Status and body of one request on a connection of its own; `None` if the server is gone.
pub fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {AUTHORIZATION}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    Some((status, body.to_owned()))
}

pub fn post(address: SocketAddr, path: &str, body: &Value) -> Option<(u16, String)> {
    ask(address, "POST", path, &body.to_string())
}

/// Waits until `is_true`, looking again and again.
#[track_caller]
pub fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_true() {
        assert!(begin.elapsed() < PATIENCE, "not in time: {what}");
        std::thread::yield_now();
    }
}

pub fn write_config(place: &Place, time_zone: &str, mail: &str) {
    let shop = ready_shop::shop(time_zone);
    let config = format!(
        "[shop]\nname = \"{}\"\nurl = \"{}\"\ncurrency = \"EUR\"\ntime_zone = \"{time_zone}\"\n\
         postal_address = \"{}\"\nsender = \"{}\"\npublic_url = \"{}\"\n\
         [api]\nwrite_key = \"the key\"\n{mail}",
        shop.name,
        shop.url,
        shop.postal_address,
        shop.sender.as_str(),
        shop.public_url,
    );
    std::fs::write(place.path().join("shop.toml"), config).expect("a file");
}

/// A connection that is kept for many requests.
pub struct Client {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// Status and body of a request with these header lines; `None` if the server is gone.
    pub fn post(&mut self, path: &str, headers: &str, body: &[u8]) -> Option<(u16, Value)> {
        let answer = self.write(path, headers, body).and_then(|()| self.read());
        if answer.is_none() {
            self.stream = None;
        }
        answer
    }

    /// Sends a request and hangs up without waiting for the answer, as a client whose time is out.
    pub fn post_and_leave(&mut self, path: &str, headers: &str, body: &[u8]) {
        let _ = self.write(path, headers, body);
        self.stream = None;
    }

    fn write(&mut self, path: &str, headers: &str, body: &[u8]) -> Option<()> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).ok()?;
            stream.set_nodelay(true).ok()?;
            stream.set_read_timeout(Some(PATIENCE)).ok()?;
            self.stream = Some(BufReader::new(stream));
        }
        let length = body.len();
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {length}\r\n\r\n",
            self.address
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.stream.as_mut()?.get_mut().write_all(&request).ok()
    }

    fn read(&mut self) -> Option<(u16, Value)> {
        let stream = self.stream.as_mut()?;
        let (mut status, mut length, mut line) = (None, 0, String::new());
        loop {
            line.clear();
            if stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if status.is_none() {
                status = Some(text.split(' ').nth(1)?.parse().ok()?);
            } else if let Some((name, value)) = text.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        Some((status?, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }
}
