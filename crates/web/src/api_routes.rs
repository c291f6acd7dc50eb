//! The event API, in the form that Segment's libraries send, and what says that we are well.
//!
//! A 200 is written after the commit and never before; what cannot be kept is not accepted. The key
//! is read before the body, so that strangers make us read nothing.

use std::time::Duration;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{FromRequestParts, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

use aftercart_engine::{
    Recorded, are_same_secrets,
    segment_api::{self, BATCH_BYTES_MAX, BatchItem, Call, EVENT_BYTES_MAX, RejectReason},
};

use crate::{
    App, AskError,
    api::{self, ApiError},
};

/// When a sender may come again after we could not take what it sent.
const COME_AGAIN: Duration = Duration::from_secs(2);

pub fn routes() -> Router<App> {
    let single = |router: Router<App>, call: Call| {
        let handler = move |_: KnownSender, State(app): State<App>, body: Body| async move {
            take_event(&app, call, body).await
        };
        router.route(&format!("/v1/{}", call.name()), post(handler))
    };
    let events = Call::ALL.into_iter().fold(Router::new(), single);
    let events = api::limited(events, EVENT_BYTES_MAX);
    let batches = Router::new().route("/v1/batch", post(take_batch));
    let batches = api::limited(batches, BATCH_BYTES_MAX);
    let probes = Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(answer_readiness));
    events
        .merge(batches)
        .merge(probes)
        .method_not_allowed_fallback(refuse_method)
        .route("/v1/{*rest}", any(api::unknown_address))
}

type Body = Result<Bytes, BytesRejection>;

/// One event was kept.
#[derive(Serialize)]
struct Accepted {
    success: bool,
    /// It had been sent before, and nothing happened again.
    duplicate: bool,
}

#[derive(Serialize)]
struct BatchAnswer {
    /// Whether every event of the batch is kept.
    success: bool,
    results: Vec<ItemAnswer>,
}

/// What became of one event of a batch, as if it had been sent alone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemAnswer {
    message_id: Option<String>,
    status: u16,
    duplicate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<api::ErrorFields>,
}

async fn take_event(app: &App, call: Call, body: Body) -> Result<Json<Accepted>, ApiError> {
    let body = read(body, EVENT_BYTES_MAX)?;
    let taken = app.ask(move |engine, now| {
        let unit = match segment_api::parse(call, &body, now, engine.shop().currency) {
            Ok(unit) => unit,
            Err(reason) => return Ok(Err(reason)),
        };
        Ok(Ok(engine.record_units(&[unit], now)?.pop()))
    });
    match taken.await?.map_err(ApiError::from)? {
        Some(Recorded::New { .. }) => Ok(Json(Accepted { success: true, duplicate: false })),
        Some(Recorded::Duplicate { .. }) => Ok(Json(Accepted { success: true, duplicate: true })),
        Some(Recorded::Conflict { .. }) => Err(conflict()),
        None => Err(ApiError::internal()),
    }
}

async fn take_batch(
    _: KnownSender,
    State(app): State<App>,
    body: Body,
) -> Result<Json<BatchAnswer>, ApiError> {
    let body = read(body, BATCH_BYTES_MAX)?;
    let taken = app.ask(move |engine, now| {
        let mut items = match segment_api::parse_batch(&body, now, engine.shop().currency) {
            Ok(items) => items,
            Err(reason) => return Ok(Err(reason)),
        };
        let units: Vec<_> = items
            .iter_mut()
            .filter_map(|it| it.outcome.as_mut().ok())
            .map(std::mem::take)
            .collect();
        Ok(Ok((items, engine.record_units(&units, now)?)))
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

/// Whether an event could be taken in now.
async fn answer_readiness(State(app): State<App>) -> Result<&'static str, ApiError> {
    app.ask(|engine, now| engine.check_store(now)).await?;
    Ok("ready\n")
}

async fn refuse_method() -> ApiError {
    ApiError::method_not_allowed()
}

fn read(body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    body.map_err(|err| match err.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(bytes_max),
        _ => ApiError::invalid("the body ended before it was whole; send it again"),
    })
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

/// A sender that knows the write key.
struct KnownSender;

impl FromRequestParts<App> for KnownSender {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        match user_name(&parts.headers) {
            Some(name) if are_same_secrets(&name, &app.write_key) => Ok(Self),
            _ => {
                let challenge = HeaderValue::from_static("Basic realm=\"events\"");
                let mut response = ApiError::unauthorized().into_response();
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                Err(response)
            }
        }
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

#[cfg(test)]
mod tests;
