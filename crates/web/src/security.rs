//! What browsers are told about our pages, and which requests may change something.
//!
//! Three policies: the console runs only its own modules and styles; public pages run nothing; a
//! letter, which carries text of customers and products, stands in a sandbox of no origin. A request
//! that changes something must come from our own pages; no token is needed for that, because
//! browsers say where a request comes from.
//!
//! There is no sign-in yet, so whoever reaches the console owns the shop. It is therefore shown to
//! this machine alone, and only under a name that means this machine: a page on the web whose own
//! name was pointed here would otherwise read the console through the browser of whoever visits it.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, State, rejection::ExtensionRejection},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};

pub const CONSOLE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' https: data:; connect-src 'self'; frame-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

pub const PUBLIC_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' https:; \
     frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Emails style themselves inline and show pictures of the shop; links open in pages of their own.
pub const LETTER_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
     img-src 'self' https: data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; \
     sandbox allow-popups allow-popups-to-escape-sandbox";

const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Around every console route: refuses what others post, and adds the headers of a private page.
pub async fn guard_console(request: Request, next: Next) -> Response {
    if !may_change(request.method(), request.headers()) {
        let words = "this form was sent from another site; open the console and do it there";
        return (StatusCode::FORBIDDEN, words).into_response();
    }
    let mut response = next.run(request).await;
    add_headers(response.headers_mut(), CONSOLE_POLICY);
    response
}

/// Headers by which a proxy tells that it speaks for somebody else.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Around every console route: this machine only.
pub async fn guard_local(
    State(listen): State<SocketAddr>,
    peer: Result<ConnectInfo<SocketAddr>, ExtensionRejection>,
    request: Request,
    next: Next,
) -> Response {
    // Who cannot be told is a stranger.
    let is_here = peer.is_ok_and(|ConnectInfo(it)| it.ip().to_canonical().is_loopback());
    if is_here && is_named_here(request.headers(), listen.ip()) {
        return next.run(request).await;
    }
    let port = listen.port();
    let words = format!(
        "The console is shown only on the machine it runs on, because it has no sign-in yet.\n\
         From another machine, open a tunnel and then the address below in your browser:\n\n  \
         ssh -L {port}:127.0.0.1:{port} YOUR-SERVER\n  http://127.0.0.1:{port}/\n"
    );
    let mut response = (StatusCode::FORBIDDEN, words).into_response();
    add_headers(response.headers_mut(), PUBLIC_POLICY);
    response
}

/// Whether a request asks for this machine by name or by the address it listens on, and comes
/// without a proxy in between.
fn is_named_here(headers: &HeaderMap, listen: IpAddr) -> bool {
    if FORWARDED.iter().any(|name| headers.contains_key(*name)) {
        return false;
    }
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    let Some(host) = host.and_then(|it| it.parse::<Authority>().ok()) else { return false };
    let name = host.host().trim_matches(['[', ']']);
    match name.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback() || address == listen,
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

/// Around every public route. One-click unsubscribing is posted by mail providers from anywhere, so
/// nothing is refused here for where it comes from.
pub async fn guard_public(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    add_headers(response.headers_mut(), PUBLIC_POLICY);
    response
}

/// Whether a request with these headers may reach a handler that changes something.
fn may_change(method: &Method, headers: &HeaderMap) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    let text = |name: &HeaderName| headers.get(name).and_then(|it| it.to_str().ok());
    match (text(&FETCH_SITE), text(&header::ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        // Older browsers and tools say at most the origin; it must name the host they asked.
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text(&header::HOST)
        }
        (None, None) => true,
    }
}

/// Adds what is not there yet: a route that has a policy of its own keeps it.
fn add_headers(headers: &mut HeaderMap, policy: &'static str) {
    let defaults = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (OPENER, "same-origin"),
        (PERMISSIONS, "camera=(), geolocation=(), microphone=(), payment=()"),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_post(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        may_change(&Method::POST, &headers)
    }

    #[test]
    fn only_our_own_pages_may_change_something() {
        assert!(may_post(&[("sec-fetch-site", "same-origin")]));
        assert!(may_post(&[("sec-fetch-site", "none")]), "typed by the operator");
        assert!(!may_post(&[("sec-fetch-site", "cross-site")]));
        assert!(!may_post(&[("sec-fetch-site", "same-site")]), "another host of the domain");
        assert!(may_post(&[("origin", "http://localhost:8025"), ("host", "localhost:8025")]));
        assert!(!may_post(&[("origin", "https://evil.example"), ("host", "localhost:8025")]));
        assert!(!may_post(&[("origin", "null"), ("host", "localhost:8025")]), "a sandboxed frame");
        assert!(may_post(&[]), "a tool on the command line");
        assert!(may_change(&Method::GET, &HeaderMap::new()), "reading is for everyone");
    }

    #[test]
    fn the_console_answers_to_names_of_this_machine_alone() {
        let is_named = |headers: &[(&'static str, &'static str)], listen: &str| {
            let headers = headers.iter().map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            is_named_here(&headers.collect(), listen.parse().unwrap())
        };
        for host in ["127.0.0.1:7878", "localhost:9000", "LOCALHOST", "[::1]:7878", "127.8.0.1"] {
            assert!(is_named(&[("host", host)], "127.0.0.1"), "{host}");
        }
        assert!(is_named(&[("host", "192.168.1.5:7878")], "192.168.1.5"), "where it listens");
        for host in [
            "evil.example",
            "localhost.evil.example:7878",
            "127.0.0.1.evil.example",
            "192.168.1.6",
            "0.0.0.0",
            "",
            "a b",
            "localhost@evil.example",
        ] {
            assert!(!is_named(&[("host", host)], "192.168.1.5"), "{host}");
        }
        assert!(!is_named(&[], "127.0.0.1"), "no name at all");
        let proxied = [("host", "127.0.0.1:7878"), ("x-forwarded-for", "203.0.113.9")];
        assert!(!is_named(&proxied, "127.0.0.1"), "a proxy on this machine");
    }

    #[test]
    fn a_letter_keeps_its_own_policy() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(LETTER_POLICY));
        add_headers(&mut headers, CONSOLE_POLICY);
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], LETTER_POLICY);
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[test]
    fn no_policy_lets_inline_scripts_run() {
        for policy in [CONSOLE_POLICY, PUBLIC_POLICY, LETTER_POLICY] {
            assert!(policy.starts_with("default-src 'none'"));
            assert!(!policy.contains("unsafe-eval"));
            let scripts = policy.split(';').find(|it| it.trim().starts_with("script-src"));
            assert!(scripts.is_none_or(|it| it.trim() == "script-src 'self'"));
        }
    }
}
