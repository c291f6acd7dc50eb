//! An id for every request, so that what the log says of one can be found together.
//!
//! Where a sender tells its own trace (`traceparent`, W3C Trace Context, level 1), the request is
//! logged as part of that trace; else it begins one. The id goes back as `X-Request-Id`. A line of
//! the log that is written while a request is answered carries both; of the request itself it has
//! the method and the route's pattern, never the path, which may name somebody.

use std::{
    fmt::Write as _,
    hash::{BuildHasher as _, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::{Instrument as _, debug, info_span};

/// Where the id of a request is answered.
const REQUEST_ID: &str = "x-request-id";
const TRACEPARENT: &str = "traceparent";

/// What a sender says of the trace that its request belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TraceParent {
    /// 32 hexadecimal digits.
    trace_id: String,
    /// 16 hexadecimal digits.
    parent_id: String,
}

impl TraceParent {
    /// Reads `version-trace-parent-flags`. What does not keep to the form is as good as none, which
    /// is what the standard asks for (section 3.2.2); a version to come may have more at its end.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, parent, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |it: &str, digits: usize| {
            it.len() == digits && it.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
        };
        let is_well = is_hex(version, 2)
            && version != "ff"
            && (version != "00" || parts.next().is_none())
            && is_hex(trace, 32)
            && is_hex(parent, 16)
            && is_hex(flags, 2);
        let is_zero = |it: &str| it.bytes().all(|it| it == b'0');
        let is_known = is_well && !is_zero(trace) && !is_zero(parent);
        is_known.then(|| Self { trace_id: trace.to_owned(), parent_id: parent.to_owned() })
    }

    fn of(headers: &HeaderMap) -> Option<Self> {
        // Two of them contradict one another, and neither is believed.
        let mut all = headers.get_all(TRACEPARENT).into_iter();
        let only = all.next().filter(|_| all.next().is_none())?;
        Self::read(only.to_str().ok()?.trim())
    }
}

/// Sixteen hexadecimal digits that hardly any two requests share.
fn next_id() -> String {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    format!("{:016x}", KEY.hash_one(SERIAL.fetch_add(1, Ordering::Relaxed)))
}

/// Answers a request under an id of its own.
pub(crate) async fn name_request(request: Request, next: Next) -> Response {
    let id = next_id();
    let parent = TraceParent::of(request.headers());
    let trace_id = parent.as_ref().map_or_else(
        || {
            let mut begun = next_id();
            let _ = write!(begun, "{id}");
            begun
        },
        |it| it.trace_id.clone(),
    );
    let parent_id = parent.map(|it| it.parent_id);
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let method = request.method().as_str();
    let span = info_span!("request", id, trace_id, parent_id, method, route);
    let begin = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let duration_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| debug!(status = response.status().as_u16(), duration_ms, "answered"));
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        io,
        sync::{Arc, Mutex},
    };

    use axum::{Router, body::Body, http, middleware, routing::get};
    use tower::ServiceExt as _;
    use tracing::warn;

    use super::*;
    use crate::served::block_on;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_is_taken_over_where_it_keeps_to_the_form() {
        let read = TraceParent::read(PARENT).unwrap();
        assert_eq!(read.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(read.parent_id, "00f067aa0ba902b7");
        assert!(TraceParent::read(&PARENT.replace("00-4b", "cc-4b")).is_some(), "a later version");
        assert!(TraceParent::read(&(PARENT.replace("00-4b", "cc-4b") + "-more")).is_some());
        for (wrong, why) in [
            (String::new(), "nothing"),
            (PARENT.to_uppercase(), "in capitals"),
            (format!("{PARENT}-more"), "more than this version has"),
            (PARENT.replace("00-4b", "ff-4b"), "a version that is none"),
            (PARENT.replace("00f067aa0ba902b7", "0000000000000000"), "a parent that is none"),
            (PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)), "no trace"),
            (PARENT.replace("4bf9", "ana@"), "no number"),
            (PARENT.replace("-01", ""), "no flags"),
        ] {
            assert_eq!(TraceParent::read(&wrong), None, "{why}");
        }
    }

    #[test]
    fn ids_are_not_given_twice() {
        let ids: BTreeSet<String> = (0..1_000).map(|_| next_id()).collect();
        assert_eq!(ids.len(), 1_000);
    }

    /// What is written to it, for a log that a test reads.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_of_the_log_names_the_request_and_nobody() {
        let written = Written::default();
        let to = written.clone();
        let log = tracing_subscriber::fmt().json().with_writer(move || to.clone()).finish();
        let handler = || async {
            warn!("a part is missing");
            "answered"
        };
        let router: Router = Router::new()
            .route("/customers/{id}", get(handler))
            .layer(middleware::from_fn(name_request));
        let request = http::Request::get("/customers/ana@mail.example");
        let request = request.header(TRACEPARENT, PARENT).body(Body::empty()).unwrap();
        let response =
            tracing::subscriber::with_default(log, || block_on(router.oneshot(request)).unwrap());
        let id = response.headers()[REQUEST_ID].to_str().unwrap().to_owned();
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(line["fields"]["message"], "a part is missing");
        let span = &line["span"];
        assert_eq!(span["id"], id.as_str());
        assert_eq!(span["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(span["parent_id"], "00f067aa0ba902b7");
        assert_eq!(span["route"], "/customers/{id}");
        assert!(!text.contains('@'), "{text}");
    }
}
