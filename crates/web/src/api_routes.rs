//! The doors for events: the tracking API in the form that Segment's libraries send, webhooks of
//! platforms, and what says that we are well.
//!
//! A 2xx is written after the commit and never before; what cannot be kept is not accepted. A key in
//! the header is looked at before the body is read, so that strangers make us read nothing; a key
//! within the body, as libraries for browsers send it, costs the reading of one bounded body.

use std::time::Duration;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::{any, get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use aftercart_engine::{
    Recorded, are_same_secrets,
    segment_api::{self, BATCH_BYTES_MAX, BatchItem, Call, EVENT_BYTES_MAX, RejectReason},
};

use crate::{
    App, AskError,
    api::{self, ApiError},
};

mod arrivals;
mod body;
mod doors;
mod openapi;
mod webhooks;

pub use doors::{Doors, Limits, Space};
pub use openapi::openapi;

/// When a sender may come again after we could not take what it sent.
const COME_AGAIN: Duration = Duration::from_secs(2);

/// The path of a call, and its short form, which Segment's library for browsers asks.
fn paths(call: Call) -> [String; 3] {
    let name = call.name();
    let letter = &name[..1];
    [format!("/v1/{name}"), format!("/v1/{letter}"), format!("/api/public/apps/{name}")]
}

/// Batches: Segment's own path, its library for browsers', its old one for imports, and that of
/// Dittofeed's libraries.
const BATCH_PATHS: [&str; 4] = ["/v1/batch", "/v1/b", "/v1/import", "/api/public/apps/batch"];

/// Versions of the API that are asked for and not there.
const OTHER_VERSIONS: [u8; 9] = [0, 2, 3, 4, 5, 6, 7, 8, 9];

pub fn routes() -> Router<App> {
    let single = |router: Router<App>, call: Call| {
        paths(call).iter().fold(router, |router, path| {
            let handler = move |State(app): State<App>, request: Request| async move {
                take_event(&app, call, request).await
            };
            router.route(path, post(handler))
        })
    };
    let events = Call::ALL.into_iter().fold(Router::new(), single);
    let events = api::limited(events, EVENT_BYTES_MAX);
    let batches = BATCH_PATHS
        .into_iter()
        .fold(Router::new(), |router, path| router.route(path, post(take_batch)));
    let batches = api::limited(batches, BATCH_BYTES_MAX);
    let others = Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(answer_readiness))
        .route("/openapi.json", get(answer_openapi));
    let known = events
        .merge(batches)
        .merge(webhooks::routes())
        .merge(others)
        .method_not_allowed_fallback(refuse_method)
        .route("/v1/{*rest}", any(api::unknown_address))
        .route("/webhooks/{*rest}", any(api::unknown_address));
    OTHER_VERSIONS.into_iter().fold(known, |router, version| {
        router.route(&format!("/v{version}/{{*rest}}"), any(api::unknown_version))
    })
}

/// One event was kept.
#[derive(Serialize, JsonSchema)]
struct Accepted {
    success: bool,
    /// It had been sent before, and nothing happened again.
    duplicate: bool,
}

#[derive(Serialize, JsonSchema)]
struct BatchAnswer {
    /// Whether every event of the batch is kept.
    success: bool,
    /// One for each event, in their order.
    results: Vec<ItemAnswer>,
}

/// What became of one event of a batch, as if it had been sent alone.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ItemAnswer {
    message_id: Option<String>,
    status: u16,
    duplicate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<api::ErrorFields>,
}

async fn take_event(app: &App, call: Call, request: Request) -> Result<Json<Accepted>, ApiError> {
    let body = read_known(app, request, EVENT_BYTES_MAX)
        .await
        .inspect_err(|err| arrivals::tell_refused(app, segment_api::SOURCE, call.name(), err))?;
    let taken = app.ask_within(app.doors.limits.event_patience, move |engine, now| {
        let unit = match segment_api::parse(call, &body, now, engine.shop().currency) {
            Ok(unit) => unit,
            Err(reason) => {
                arrivals::tell_unreadable_event(engine, now, call, &body, &reason);
                return Ok(Err(reason));
            }
        };
        let recorded = engine.record_units(std::slice::from_ref(&unit), now)?.pop();
        arrivals::tell_recorded(engine, now, &unit, recorded.as_ref());
        Ok(Ok(recorded))
    });
    match taken.await?.map_err(ApiError::from)? {
        Some(Recorded::New { .. }) => Ok(Json(Accepted { success: true, duplicate: false })),
        Some(Recorded::Duplicate { .. }) => Ok(Json(Accepted { success: true, duplicate: true })),
        Some(Recorded::Conflict { .. }) => Err(conflict()),
        None => Err(ApiError::internal()),
    }
}

async fn take_batch(
    State(app): State<App>,
    request: Request,
) -> Result<Json<BatchAnswer>, ApiError> {
    let body = read_known(&app, request, BATCH_BYTES_MAX)
        .await
        .inspect_err(|err| arrivals::tell_refused(&app, segment_api::SOURCE, "batch", err))?;
    let taken = app.ask_within(app.doors.limits.event_patience, move |engine, now| {
        let mut items = match segment_api::parse_batch(&body, now, engine.shop().currency) {
            Ok(items) => items,
            Err(reason) => {
                arrivals::tell_unreadable_batch(engine, now, &reason);
                return Ok(Err(reason));
            }
        };
        let units: Vec<_> = items
            .iter_mut()
            .filter_map(|it| it.outcome.as_mut().ok())
            .map(std::mem::take)
            .collect();
        let recorded = engine.record_units(&units, now)?;
        arrivals::tell_batch(engine, now, &body, &items);
        for (unit, recorded) in units.iter().zip(&recorded) {
            arrivals::tell_recorded(engine, now, unit, Some(recorded));
        }
        Ok(Ok((items, recorded)))
    });
    let (items, recorded) = taken.await?.map_err(ApiError::from)?;
    let mut recorded = recorded.into_iter();
    let results: Vec<_> = items.into_iter().map(|it| answer(it, &mut recorded)).collect();
    let success = results.iter().all(|it| it.error.is_none());
    Ok(Json(BatchAnswer { success, results }))
}

fn answer(item: BatchItem, recorded: &mut impl Iterator<Item = Recorded>) -> ItemAnswer {
    let error = match item.outcome {
        Err(reason) => Some(ApiError::from(reason)),
        Ok(_) => match recorded.next() {
            Some(Recorded::New { .. }) => None,
            Some(Recorded::Duplicate { .. }) => {
                let message_id = item.message_id;
                return ItemAnswer { message_id, status: 200, duplicate: true, error: None };
            }
            Some(Recorded::Conflict { .. }) => Some(conflict()),
            None => Some(ApiError::internal()),
        },
    };
    let status = error.as_ref().map_or(StatusCode::OK, |it| it.status).as_u16();
    let error = error.map(ApiError::into_fields);
    ItemAnswer { message_id: item.message_id, status, duplicate: false, error }
}

/// Whether an event could be taken in now; what fails is named.
async fn answer_readiness(State(app): State<App>) -> Result<&'static str, ApiError> {
    if app.doors.admit_room().is_err() {
        return Err(ApiError::not_ready("disk", "its reserve is touched; free some", COME_AGAIN));
    }
    let asked =
        app.ask_within(app.doors.limits.event_patience, |engine, now| engine.check_store(now));
    asked.await.map_err(|err| {
        err.log("the check of the store");
        let why = match err {
            AskError::Failed(_) => "it cannot be written; see the log",
            AskError::Busy | AskError::Late => "it does not answer in time",
        };
        ApiError::not_ready("store", why, COME_AGAIN)
    })?;
    Ok("ready\n")
}

async fn answer_openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], openapi())
}

async fn refuse_method() -> ApiError {
    ApiError::method_not_allowed()
}

/// The body of a request whose sender knows the write key and may come now.
async fn read_known(app: &App, request: Request, bytes_max: usize) -> Result<Bytes, ApiError> {
    let limits = app.doors.limits;
    if request.headers().contains_key(header::AUTHORIZATION) {
        let name = user_name(request.headers());
        check_key(app, name.as_deref())?;
        app.doors.admit()?;
        return body::read(request, bytes_max, limits).await;
    }
    let body = body::read(request, bytes_max, limits).await.map_err(|err| match err.status {
        // A stranger is told no more of a bad body than that.
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::BAD_REQUEST => ApiError::unauthorized(),
        _ => err,
    })?;
    check_key(app, written_key(&body).as_deref())?;
    app.doors.admit()?;
    Ok(body)
}

fn check_key(app: &App, given: Option<&str>) -> Result<(), ApiError> {
    match given {
        Some(key) if are_same_secrets(key, &app.write_key) => Ok(()),
        _ => Err(ApiError::unauthorized()),
    }
}

/// The user name of basic authentication (RFC 7617); the password is empty with Segment's libraries
/// and not looked at.
fn user_name(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = given.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    pair.split_once(':').map(|(name, _)| name.to_owned())
}

/// The key in the body, where libraries for browsers put it.
fn written_key(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Keyed {
        write_key: Option<String>,
    }
    serde_json::from_slice::<Keyed>(body).ok()?.write_key
}

fn conflict() -> ApiError {
    ApiError::conflict(
        "another event was accepted under this `messageId`; give each event one of its own",
    )
}

impl From<RejectReason> for ApiError {
    fn from(reason: RejectReason) -> Self {
        let message = reason.to_string();
        match reason {
            RejectReason::TooLarge { .. } | RejectReason::TooMany { .. } => {
                Self { message, ..Self::too_large(BATCH_BYTES_MAX) }
            }
            RejectReason::Missing { field }
            | RejectReason::Invalid { field, .. }
            | RejectReason::Unusable { field, .. } => {
                // Where one of two is missing, the text names both and the field the first.
                let first = field.split('`').next().unwrap_or_default();
                Self::invalid_field(first, message)
            }
            RejectReason::TooDeep | RejectReason::NotJson { .. } | RejectReason::NotObject => {
                Self::invalid(message)
            }
        }
    }
}

impl From<AskError> for ApiError {
    fn from(err: AskError) -> Self {
        err.log("an answer of the API");
        Self::unavailable(COME_AGAIN)
    }
}

#[cfg(test)]
mod tests;
