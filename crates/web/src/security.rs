//! What browsers are told about our pages, and which requests may change something.
//!
//! Three policies: the console runs only its own modules and styles; public pages run nothing; a
//! letter, which carries text of customers and products, stands in a sandbox of no origin. A request
//! that changes something must come from our own pages; no token is needed for that, because
//! browsers say where a request comes from.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
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
