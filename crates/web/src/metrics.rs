//! Figures for those who run the server, in the text that Prometheus reads (OpenMetrics 1.0).
//!
//! Served at an address of its own and only where the configuration names one, since it is nobody's
//! business outside. Names end in their base unit, and in `_total` where they only grow. Labels have
//! few values and never a person's: routes are the patterns, not the paths.
//!
//! What the engine and the store count themselves is read when it is asked for.

use std::{
    fmt::Write as _,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

use crate::App;

/// Upper bounds of the classes of how long an answer took, in seconds. Shopify waits for one second
/// and Segment's libraries for ten.
const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 10.0];

/// What stands for a path that leads nowhere; the paths themselves are anybody's.
const NO_ROUTE: &str = "none";

/// The content type of OpenMetrics, which Prometheus asks for first.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The figures of one server. A clone is another handle on the same ones.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    events: Family<EventLabels, Counter>,
    waiting: Gauge,
    commits: Counter,
    changes: Counter,
    disk_free: Gauge,
    disk_total: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    source: String,
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let request_seconds: fn() -> Histogram = || Histogram::new(SECONDS);
        let mut inner = Inner {
            registry: Registry::with_prefix("aftercart"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(request_seconds),
            events: Family::default(),
            waiting: Gauge::default(),
            commits: Counter::default(),
            changes: Counter::default(),
            disk_free: Gauge::default(),
            disk_total: Gauge::default(),
        };
        inner.register();
        Self(Arc::new(inner))
    }
}

impl Inner {
    fn register(&mut self) {
        let it = &mut self.registry;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        it.register("build", "Which version of Aftercart this is", build);
        it.register(
            "events",
            "Events and deliveries that came through the doors since the start, by source and outcome",
            self.events.clone(),
        );
        it.register(
            "requests",
            "Requests answered, by method, route and status",
            self.requests.clone(),
        );
        it.register_with_unit(
            "request",
            "How long answers took, by route",
            Unit::Seconds,
            self.request_seconds.clone(),
        );
        it.register(
            "requests_waiting",
            "Requests that ask the store or wait for their turn to",
            self.waiting.clone(),
        );
        it.register(
            "store_commits",
            "Commits of the store; the changes to one of them are the size of a group",
            self.commits.clone(),
        );
        it.register(
            "store_changes",
            "Changes of the store that were committed, several in one commit",
            self.changes.clone(),
        );
        it.register_with_unit(
            "disk_free",
            "Free space on the file system of the store; 0 where the store is a server",
            Unit::Bytes,
            self.disk_free.clone(),
        );
        it.register_with_unit(
            "disk_size",
            "Size of the file system of the store; 0 where the store is a server",
            Unit::Bytes,
            self.disk_total.clone(),
        );
    }
}

impl Metrics {
    fn answered(&self, method: &'static str, route: &str, status: StatusCode, seconds: f64) {
        let route = route.to_owned();
        let labels = RouteLabels { route: route.clone() };
        self.0.request_seconds.get_or_create(&labels).observe(seconds);
        let labels = RequestLabels { method, route, status: status.as_u16() };
        self.0.requests.get_or_create(&labels).inc();
    }

    /// Everything as text, with what `app` and its store count now.
    async fn text(&self, app: &App) -> String {
        let inner = &self.0;
        // A store that does not answer leaves its figures as they were.
        if let Ok(counts) = app.ask(|engine, _| Ok(engine.store().commit_counts())).await {
            inner.commits.inner().store(counts.commits, Ordering::Relaxed);
            inner.changes.inner().store(counts.changes, Ordering::Relaxed);
        }
        for ((source, outcome), count) in app.engine.count_arrived() {
            let labels = EventLabels { source, outcome: outcome.name() };
            inner.events.get_or_create(&labels).inner().store(count, Ordering::Relaxed);
        }
        inner.waiting.set(i64::try_from(app.turns.in_use()).unwrap_or(i64::MAX));
        if let Some(space) = app.doors.space_now() {
            inner.disk_free.set(i64::try_from(space.free_bytes).unwrap_or(i64::MAX));
            inner.disk_total.set(i64::try_from(space.total_bytes).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        if encode(&mut text, &inner.registry).is_err() {
            let _ = write!(text, "# the figures could not be written");
        }
        text
    }
}

/// What answers at the address of the metrics: `/metrics`, and nothing else.
pub fn router(app: App) -> Router {
    Router::new().route("/metrics", get(answer)).with_state(app)
}

async fn answer(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], app.metrics.text(&app).await)
}

/// Counts a request and how long its answer took.
pub(crate) async fn measure(
    State(metrics): State<Metrics>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = method_name(request.method());
    let begin = Instant::now();
    let response = next.run(request).await;
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    metrics.answered(method, route, response.status(), begin.elapsed().as_secs_f64());
    response
}

/// A method of HTTP; a sender may make up others.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::{body::Body, http::Request};

    use super::*;
    use crate::served::{Served, answer_of};

    fn text_of(served: &Served) -> String {
        let request = Request::get("/metrics").body(Body::empty()).unwrap();
        let answer = answer_of(router(served.app.clone()), request);
        assert_eq!(answer.header("content-type"), CONTENT_TYPE);
        answer.text()
    }

    /// A shop some of whose requests went well and some did not.
    fn visited() -> Served {
        let served = Served::new();
        for _ in 0..2 {
            let event = r#"{"messageId": "m-1", "userId": "ana", "event": "Wishlist Shared"}"#;
            served.post_event("/v1/track", event);
        }
        served.post_event("/v1/track", "{}");
        served.get("/ana@mail.example");
        served
    }

    #[test]
    fn what_came_is_counted_by_source_route_and_outcome() {
        let text = text_of(&visited());
        for line in [
            "aftercart_build_info{version=\"0.1.0\"} 1",
            "aftercart_events_total{source=\"segment\",outcome=\"accepted\"} 1",
            "aftercart_events_total{source=\"segment\",outcome=\"duplicate\"} 1",
            "aftercart_events_total{source=\"segment\",outcome=\"rejected\"} 1",
            "aftercart_requests_total{method=\"POST\",route=\"/v1/track\",status=\"200\"} 2",
            "aftercart_requests_total{method=\"POST\",route=\"/v1/track\",status=\"400\"} 1",
            "aftercart_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1",
            "aftercart_request_seconds_count{route=\"/v1/track\"} 3",
            "aftercart_requests_waiting 0",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} in\n{text}");
        }
        assert!(!text.contains('@'), "nobody is named:\n{text}");
        assert!(text.ends_with("# EOF\n"), "the whole of it");
    }

    #[test]
    fn the_reference_lists_every_metric() {
        let text = text_of(&visited());
        let kinds = text.lines().filter_map(|it| it.strip_prefix("# TYPE "));
        let served: BTreeSet<String> = kinds
            .map(|it| match it.split_once(' ').unwrap() {
                (name, "counter") => format!("{name}_total"),
                (name, "info") => format!("{name}_info"),
                (name, _) => name.to_owned(),
            })
            .collect();
        let page = include_str!("../../../docs/reference/metrics.md");
        let rows = page.lines().filter_map(|it| it.strip_prefix("| `"));
        let listed: BTreeSet<String> =
            rows.map(|it| it.split('`').next().unwrap().to_owned()).collect();
        assert_eq!(listed, served);
    }
}
