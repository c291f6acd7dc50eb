//! The shell of the API: one shape of error, limits on bodies, and when to come again.
//!
//! An error is always `{"error":{"code","message","field"}}`: a code for programs, a sentence for
//! people that says how to mend it, and the field it is about where there is one. Under pressure the
//! answer is 429 or 503 with `Retry-After`, never an acceptance that is then forgotten.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

pub use aftercart_engine::{
    WEBHOOK_BYTES_MAX,
    segment_api::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_BYTES_MAX},
};

/// A form of a public page: a rating and a review.
pub const FORM_BYTES_MAX: usize = 64 * 1024;

/// What strangers are asked for.
const CHALLENGE: &str = "Basic realm=\"events\"";

/// Why a request was not done, in the one shape of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    pub field: Option<String>,
    pub retry_after: Option<Duration>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), field: None, retry_after: None }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", message)
    }

    pub fn invalid_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::invalid(message) }
    }

    pub fn unauthorized() -> Self {
        let message = "the write key is missing or unknown; send it as the user name of basic \
                       authentication, or as `writeKey` in the body";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub fn method_not_allowed() -> Self {
        let message = "this address does not take that method; see the header Allow";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }

    /// The signature of a webhook is missing or wrong.
    pub fn unsigned(header: &str) -> Self {
        let message = format!(
            "the header `{header}` is missing or does not sign this body; compare the secret here \
             with the platform's, and sign the body byte for byte as it is sent"
        );
        Self {
            field: Some(header.to_owned()),
            ..Self::new(StatusCode::UNAUTHORIZED, "unsigned", message)
        }
    }

    pub fn unsupported_type(given: &str) -> Self {
        let given: String = given.chars().take(100).flat_map(char::escape_debug).collect();
        let message = format!("the body is `{given}`; send JSON as `application/json`");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self { field: Some("Content-Type".to_owned()), ..Self::new(status, "unsupported", message) }
    }

    pub fn unsupported_encoding(given: &str, taken: &str) -> Self {
        let given: String = given.chars().take(100).flat_map(char::escape_debug).collect();
        let message = format!("the body is packed by `{given}`; send it by `{taken}`");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let field = Some("Content-Encoding".to_owned());
        Self { field, ..Self::new(status, "unsupported", message) }
    }

    /// The body did not arrive in time.
    pub fn too_slow(patience: Duration) -> Self {
        let seconds = patience.as_secs().max(1);
        let message = format!("the body did not arrive within {seconds} s; send less at once");
        Self::new(StatusCode::REQUEST_TIMEOUT, "too_slow", message)
    }

    /// The key was used before with another body.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    pub fn too_large(bytes_max: usize) -> Self {
        let message = format!("the body is larger than {bytes_max} bytes; send it in parts");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub fn unpacks_too_far(ratio_max: usize) -> Self {
        let message = format!(
            "the body unpacks to more than {ratio_max} times its size; send it in parts, or unpacked"
        );
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub fn too_many(retry_after: Duration) -> Self {
        let message = "too many requests; wait as long as Retry-After says";
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message)
        }
    }

    /// We cannot keep it safe now, so we do not take it.
    pub fn unavailable(retry_after: Duration) -> Self {
        let message = "nothing was accepted; send it again after Retry-After";
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
        }
    }

    /// The reserve of the disk is touched.
    pub fn no_room(retry_after: Duration) -> Self {
        let message = "the disk of the store is nearly full, and nothing was accepted; free some \
                       space on the server, then send it again";
        Self {
            field: Some("disk".to_owned()),
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "no_room", message)
        }
    }

    /// Events cannot be taken in now; `check` is what failed.
    pub fn not_ready(check: &str, why: &str, retry_after: Duration) -> Self {
        let message = format!("not ready: the check `{check}` failed: {why}");
        Self {
            field: Some(check.to_owned()),
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", message)
        }
    }

    /// Our own failure; what it was stands in the log, not here.
    pub fn internal() -> Self {
        let message = "something failed on our side and was logged; send it again";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    pub fn into_fields(self) -> ErrorFields {
        ErrorFields { code: self.code, message: self.message, field: self.field }
    }
}

/// The body of every error.
#[derive(Serialize, JsonSchema)]
pub struct ErrorBody {
    error: ErrorFields,
}

/// What an error says, also of one event within a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ErrorFields {
    /// For programs: one word for each kind of error.
    pub code: &'static str,
    /// For people: what was wrong, and how to mend it.
    pub message: String,
    /// The field, header or check it is about, if it is about one.
    pub field: Option<String>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, retry_after_wait) = (self.status, self.retry_after);
        let mut response = (status, Json(ErrorBody { error: self.into_fields() })).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        }
        if status == StatusCode::REQUEST_TIMEOUT {
            // The rest of the body may come for ever.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(wait) = retry_after_wait {
            headers.insert(header::RETRY_AFTER, retry_after(wait));
        }
        response
    }
}

/// Whole seconds, at least one: zero would be an invitation to come at once.
pub fn retry_after(wait: Duration) -> HeaderValue {
    HeaderValue::from(wait.as_millis().div_ceil(1_000).clamp(1, 86_400) as u64)
}

/// The body as `T`, or an error that says where it stops being that.
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        ApiError::invalid(format!("the body is not the JSON this address takes: {error}"))
    })
}

/// `router` with bodies of at most `bytes_max`, and the API's own answer to unknown addresses.
pub fn limited<S: Clone + Send + Sync + 'static>(router: Router<S>, bytes_max: usize) -> Router<S> {
    router.layer(DefaultBodyLimit::max(bytes_max))
}

/// What an address of the API answers that is not there.
pub async fn unknown_address() -> ApiError {
    ApiError::not_found("there is no such address; /openapi.json lists those there are")
}

/// What an address answers under a version that is not there.
pub async fn unknown_version() -> ApiError {
    ApiError::not_found("there is no such version of the API; there is `v1`, so ask /v1/…")
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, Bytes, to_bytes},
        http::Request,
        routing::post,
    };
    use insta::assert_snapshot;
    use serde::Deserialize;
    use tower::ServiceExt;

    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn body_of(error: ApiError) -> String {
        let body = error.into_response().into_body();
        let bytes = block_on(to_bytes(body, 10_000)).unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn every_error_has_one_shape() {
        assert_snapshot!(
            body_of(ApiError::invalid_field("properties.total", "`total` is `x`, not a number")),
            @r#"{"error":{"code":"invalid","message":"`total` is `x`, not a number","field":"properties.total"}}"#
        );
        assert_snapshot!(
            body_of(ApiError::too_large(EVENT_BYTES_MAX)),
            @r#"{"error":{"code":"too_large","message":"the body is larger than 262144 bytes; send it in parts","field":null}}"#
        );
    }

    #[test]
    fn pressure_says_when_to_come_again() {
        let wait = |millis| retry_after(Duration::from_millis(millis));
        assert_eq!(wait(0), "1", "never at once");
        assert_eq!(wait(1_000), "1");
        assert_eq!(wait(1_001), "2", "rounded up");
        let response = ApiError::unavailable(Duration::from_secs(5)).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "5");
    }

    #[test]
    fn a_body_that_is_not_json_is_told_where() {
        #[derive(Debug, Deserialize)]
        struct Anything {
            #[allow(dead_code)]
            event: String,
        }
        let error = read_json::<Anything>(b"{\"event\": 7}").unwrap_err();
        assert!(error.message.contains("line 1 column 11"), "{}", error.message);
        assert_eq!(error.status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_larger_body_is_refused_before_it_is_read() {
        let router: Router =
            limited(Router::new().route("/", post(|_: Bytes| async { "taken" })), 10);
        let send = |length: usize| {
            let request = Request::post("/").body(Body::from("x".repeat(length))).unwrap();
            block_on(router.clone().oneshot(request)).unwrap().status()
        };
        assert_eq!(send(10), StatusCode::OK);
        assert_eq!(send(11), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
