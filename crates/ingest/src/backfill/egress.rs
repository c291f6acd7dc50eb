//! What goes out to a platform: one client, with bounds, and with retries where they help.
//!
//! - TLS always, but for this machine itself: a key must not cross a network in the clear.
//! - A redirect is followed within the host alone. To another host it would carry the key there.
//! - Answers are bounded, and so is every wait.
//! - 429 and 5xx, broken connections and bodies that end too early are tried again, after the wait the
//!   platform asks for (`Retry-After`, RFC 9110 §10.2.3) or a growing one. What else is refused stays
//!   refused.
//!
//! Waiting is the caller's: tests do not wait.

use std::{fmt, io::Read, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde_json::Value;
use ureq::{
    Agent, Body,
    http::{HeaderMap, Response, Uri},
    tls::{RootCerts, TlsConfig, TlsProvider},
};

/// How long a name or a connection may take.
const CONNECT_FOR: Duration = Duration::from_secs(10);

/// How long an answer may keep silent. WordPress reckons a page of a hundred orders in some seconds,
/// and is cut off by most hosts after 60.
const ANSWER_FOR: Duration = Duration::from_secs(90);

/// The largest answer that is held whole: a hundred products with long descriptions have a few MB.
const ANSWER_BYTES_MAX: u64 = 32 << 20;

/// How often one request is tried in all. With the waits between, six tries outlast a restart.
const TRIES_MAX: u32 = 6;

/// The first wait of our own choosing; each further one is twice as long.
const WAIT_FIRST: Duration = Duration::from_secs(1);

/// The longest wait, whatever the platform asks for.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// How many redirects within a host are followed: `http` to `https` and a missing slash are two.
const REDIRECTS_MAX: u32 = 3;

/// How much of a platform's own words is shown.
const SHOWN_CHARS_MAX: usize = 200;

/// A key or token, which is never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// One client for all that is asked of platforms.
pub struct Egress {
    agent: Agent,
    pause: Box<dyn FnMut(Duration)>,
}

/// What is asked.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub url: &'a str,
    /// A header that says who asks: name and value.
    pub credential: Option<(&'a str, &'a str)>,
    /// What is posted, as JSON; `None` asks with GET.
    pub post: Option<&'a str>,
}

/// A whole answer that is a success.
pub(super) struct Answer {
    pub body: Vec<u8>,
    pub headers: HeaderMap,
}

/// Why an ask has no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// All tries failed for reasons that may pass; a smaller ask may succeed.
    Unwell(String),
    /// It is refused, and would be again.
    Refused(String),
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwell(why) => {
                write!(f, "{why}, {TRIES_MAX} times; run it again later, it goes on where it is")
            }
            Self::Refused(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for NoAnswer {}

/// What became of one try.
enum Tried<T> {
    Done(T),
    Again { why: String, after: Option<Duration> },
    Refused(String),
}

impl Egress {
    /// `pause` waits for so long; it is asked between tries and while a platform works.
    pub fn new(pause: impl FnMut(Duration) + 'static) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::WebPki)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("Aftercart/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(CONNECT_FOR))
            .timeout_connect(Some(CONNECT_FOR))
            .timeout_send_body(Some(ANSWER_FOR))
            .timeout_recv_response(Some(ANSWER_FOR))
            .timeout_per_read(Some(ANSWER_FOR));
        Self { agent: config.build().new_agent(), pause: Box::new(pause) }
    }

    pub(super) fn wait(&mut self, duration: Duration) {
        (self.pause)(duration.min(WAIT_MAX));
    }

    /// The whole answer to an ask, tried again where that may help.
    pub(super) fn fetch(&mut self, ask: Ask<'_>) -> Result<Answer, NoAnswer> {
        self.with_retries(|agent| {
            tried(agent, ask, |response| {
                let (parts, mut body) = response.into_parts();
                let read = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
                match read {
                    Ok(body) => Tried::Done(Answer { body, headers: parts.headers }),
                    Err(ureq::Error::BodyExceedsLimit(_)) => Tried::Refused(format!(
                        "the answer is larger than {} MB",
                        ANSWER_BYTES_MAX >> 20
                    )),
                    Err(why) => Tried::Again { why: failure(&why), after: None },
                }
            })
        })
    }

    /// As [`Egress::fetch`], for JSON. Half of it, as a worn-out PHP leaves it, is no answer.
    pub(super) fn fetch_json(&mut self, ask: Ask<'_>) -> Result<(Value, HeaderMap), NoAnswer> {
        let mut tries = 0;
        loop {
            tries += 1;
            let answer = self.fetch(ask)?;
            match serde_json::from_slice(&answer.body) {
                Ok(value) => return Ok((value, answer.headers)),
                Err(why) if why.is_eof() && tries < TRIES_MAX => self.wait(backoff(tries)),
                Err(why) if why.is_eof() => {
                    return Err(NoAnswer::Unwell("its answer ends in the middle".to_owned()));
                }
                Err(_) => {
                    let address = ask.url.split('?').next().unwrap_or_default();
                    return Err(NoAnswer::Refused(format!(
                        "`{address}` answers with something that is no JSON; check the address, and \
                         that no page for visitors stands in front of the API"
                    )));
                }
            }
        }
    }

    /// The beginning of a long answer, to be read by the caller, who retries what breaks off later.
    pub(super) fn open(&mut self, ask: Ask<'_>) -> Result<Box<dyn Read + Send>, NoAnswer> {
        self.with_retries(|agent| {
            tried(agent, ask, |response| {
                let body = response.into_body().into_with_config().limit(u64::MAX);
                Tried::Done(Box::new(body.reader()) as Box<dyn Read + Send>)
            })
        })
    }

    fn with_retries<T>(
        &mut self,
        mut attempt: impl FnMut(&Agent) -> Tried<T>,
    ) -> Result<T, NoAnswer> {
        let mut tries = 0;
        loop {
            tries += 1;
            match attempt(&self.agent) {
                Tried::Done(answer) => return Ok(answer),
                Tried::Refused(why) => return Err(NoAnswer::Refused(why)),
                Tried::Again { why, .. } if tries == TRIES_MAX => {
                    return Err(NoAnswer::Unwell(why));
                }
                Tried::Again { after, .. } => self.wait(after.unwrap_or(backoff(tries))),
            }
        }
    }
}

/// Whether anything may be sent to `address`: https, or this machine itself, and no password in it.
pub fn check_address(address: &str) -> Result<()> {
    let uri: Uri = address.parse().ok().with_context(|| {
        format!("`{address}` is no address; write it as `https://shop.example`")
    })?;
    let Some(host) = uri.host().filter(|it| !it.is_empty()) else {
        bail!("`{address}` names no host; write it as `https://shop.example`");
    };
    if uri.authority().is_some_and(|it| it.as_str().contains('@')) {
        bail!("the address of `{host}` has a name or password in it; give them as keys instead");
    }
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_this_machine(host) => Ok(()),
        _ => bail!("`{address}` is not https, and the key would cross the network in the clear"),
    }
}

fn is_this_machine(host: &str) -> bool {
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    plain == "localhost" || plain.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback())
}

/// One try, with redirects within the host followed. `read` gets what is a success.
fn tried<T>(
    agent: &Agent,
    ask: Ask<'_>,
    read: impl FnOnce(Response<Body>) -> Tried<T>,
) -> Tried<T> {
    let mut url = ask.url.to_owned();
    for _ in 0..=REDIRECTS_MAX {
        if let Err(why) = check_address(&url) {
            return Tried::Refused(format!("{why:#}"));
        }
        let mut response = match send(agent, &url, ask) {
            Ok(response) => response,
            Err(why) => return no_response(&url, &why),
        };
        let status = response.status().as_u16();
        match status {
            200..=299 => return read(response),
            301 | 302 | 307 | 308 if ask.post.is_none() => match redirected(&url, &response) {
                Ok(next) => url = next,
                Err(why) => return Tried::Refused(why),
            },
            408 | 425 | 429 | 500..=599 => {
                let why = format!("`{}` answers {status}", host_of(&url));
                return Tried::Again { why, after: retry_after(response.headers()) };
            }
            _ => {
                let said = said(response.body_mut());
                let host = host_of(&url);
                let hint = match status {
                    401 | 403 => "; check the key and what its owner may read",
                    404 => "; check the address",
                    _ => "",
                };
                return Tried::Refused(format!("`{host}` answers {status}{said}{hint}"));
            }
        }
    }
    Tried::Refused(format!("`{}` redirects without end", host_of(&url)))
}

fn send(agent: &Agent, url: &str, ask: Ask<'_>) -> Result<Response<Body>, ureq::Error> {
    match ask.post {
        None => {
            let mut request = agent.get(url).header("accept", "application/json");
            if let Some((name, value)) = ask.credential {
                request = request.header(name, value);
            }
            request.call()
        }
        Some(body) => {
            let mut request = agent.post(url).header("content-type", "application/json");
            if let Some((name, value)) = ask.credential {
                request = request.header(name, value);
            }
            request.send(body)
        }
    }
}

fn no_response<T>(url: &str, why: &ureq::Error) -> Tried<T> {
    let host = host_of(url);
    match why {
        ureq::Error::HostNotFound => {
            Tried::Refused(format!("there is no host `{host}`; check the address"))
        }
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => {
            Tried::Refused(format!("`{host}` has no certificate that can be trusted: {why}"))
        }
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            Tried::Refused(format!("`{host}` cannot be asked: {why}"))
        }
        _ => Tried::Again { why: format!("`{host}` {}", failure(why)), after: None },
    }
}

/// A failure of the network in words.
fn failure(why: &ureq::Error) -> String {
    match why {
        ureq::Error::Timeout(_) => "took too long".to_owned(),
        ureq::Error::ConnectionFailed => "cannot be reached".to_owned(),
        other => format!("broke off: {other}"),
    }
}

/// Where a redirect leads, if that is the same host.
fn redirected(url: &str, response: &Response<Body>) -> Result<String, String> {
    let host = host_of(url);
    let target = response.headers().get("location").and_then(|it| it.to_str().ok());
    let target = target.ok_or_else(|| format!("`{host}` redirects to nowhere"))?;
    if target.starts_with('/') && !target.starts_with("//") {
        let end = url.find("://").map_or(0, |at| at + 3);
        let end = url[end..].find('/').map_or(url.len(), |at| end + at);
        return Ok(format!("{}{target}", &url[..end]));
    }
    // `//host/path` keeps the scheme (RFC 3986 §4.2).
    let target = match target.strip_prefix("//") {
        Some(rest) => format!("{}://{rest}", url.split("://").next().unwrap_or_default()),
        None => target.to_owned(),
    };
    let other = host_of(&target);
    if other != host {
        return Err(format!(
            "`{host}` redirects to `{other}`; give that address if it is the same shop's"
        ));
    }
    Ok(target)
}

/// Host and port.
fn host_of(url: &str) -> String {
    let uri = url.parse::<Uri>().ok();
    let authority = uri.as_ref().and_then(Uri::authority);
    authority.map_or_else(
        || "?".to_owned(),
        |it| match it.port_u16() {
            Some(port) => format!("{}:{port}", it.host()),
            None => it.host().to_owned(),
        },
    )
}

/// How long the platform asks to be left alone: seconds, or an instant, which is taken from the
/// answer's own date so that no clock but the platform's counts.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text("retry-after")?;
    if let Ok(seconds) = asked.parse::<f64>() {
        // Shopify writes `2.0`.
        return (seconds.is_finite() && seconds >= 0.0)
            .then(|| Duration::from_secs_f64(seconds.min(WAIT_MAX.as_secs_f64())));
    }
    let instant = |text: &str| -> Option<Timestamp> {
        jiff::fmt::rfc2822::parse(text).ok().map(|it| it.timestamp())
    };
    let (until, now) = (instant(asked)?, instant(text("date")?)?);
    Duration::try_from(until.duration_since(now)).ok()
}

fn backoff(tries: u32) -> Duration {
    (WAIT_FIRST * 2_u32.saturating_pow(tries - 1)).min(WAIT_MAX)
}

/// What a platform says of a refusal: WooCommerce has `code` and `message`, Shopify `errors`.
fn said(body: &mut Body) -> String {
    let read = body.with_config().limit(64 << 10).read_to_vec().unwrap_or_default();
    let Ok(value) = serde_json::from_slice::<Value>(&read) else { return String::new() };
    let text = [&value["message"], &value["errors"]].into_iter().find_map(Value::as_str);
    let code = value["code"].as_str().map(|it| format!(" `{it}`")).unwrap_or_default();
    let plain = |c: &char| !c.is_control();
    let text: String =
        text.unwrap_or_default().chars().filter(plain).take(SHOWN_CHARS_MAX).collect();
    if text.is_empty() { code } else { format!("{code}: {}", text.trim_end_matches('.')) }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_key_goes_over_tls_or_stays_on_this_machine() {
        for good in [
            "https://shop.example",
            "http://127.0.0.1:8080/x",
            "http://[::1]:80",
            "http://localhost",
        ] {
            assert!(check_address(good).is_ok(), "{good}");
        }
        let refused = |address: &str| check_address(address).unwrap_err().to_string();
        assert_snapshot!(refused("http://shop.example"), @"`http://shop.example` is not https, and the key would cross the network in the clear");
        assert_snapshot!(refused("shop.example"), @"`shop.example` is not https, and the key would cross the network in the clear");
        assert_snapshot!(refused("https://a:b@shop.example"), @"the address of `shop.example` has a name or password in it; give them as keys instead");
        assert_snapshot!(refused("https://"), @"`https://` is no address; write it as `https://shop.example`");
        assert!(
            check_address("http://127.0.0.1.shop.example").is_err(),
            "a name that looks like it"
        );
        assert!(check_address("ftp://shop.example").is_err());
    }

    #[test]
    fn the_wait_is_the_platforms_or_grows() {
        let after = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            retry_after(&headers)
        };
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(after(&[("retry-after", "2.0")]), Some(Duration::from_secs(2)));
        assert_eq!(after(&[("retry-after", "1e300")]), Some(WAIT_MAX));
        for bad in ["-1", "NaN", "soon"] {
            assert_eq!(after(&[("retry-after", bad)]), None, "{bad}");
        }
        let instants = [
            ("retry-after", "Fri, 06 Mar 2026 10:00:30 GMT"),
            ("date", "Fri, 06 Mar 2026 10:00:00 GMT"),
        ];
        assert_eq!(after(&instants), Some(Duration::from_secs(30)), "by the platform's own clock");
        let waits: Vec<u64> = (1..=9).map(|it| backoff(it).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 120, 120]);
    }

    #[test]
    fn a_secret_is_never_shown() {
        assert_eq!(format!("{:?}", Secret::new("cs_1234")), "Secret(…)");
    }
}
