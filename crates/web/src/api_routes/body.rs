//! The body of a request of the API: in a form we read, of a bounded size, in bounded time.

use std::io::Read;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use flate2::read::MultiGzDecoder;

use super::Limits;
use crate::api::ApiError;

/// How many bytes may come of each packed one. What people write packs 5 to 20 times; a body of
/// zeros packs 1,000 times.
const RATIO_MAX: usize = 100;
/// Up to this size the ratio is not looked at: a small batch of equal events packs well.
const RATIO_FREE_BYTES: usize = 1 << 20;

/// Content types that are read as JSON. Browsers' libraries send `text/plain`, so that no leave has
/// to be asked of another site.
const TYPES: [&str; 2] = ["application/json", "text/plain"];

/// The body of an event or a batch, unpacked, at most `bytes_max`.
pub async fn read(request: Request, bytes_max: usize, limits: Limits) -> Result<Bytes, ApiError> {
    check_type(request.headers())?;
    let is_packed = match encoding(request.headers())?.as_str() {
        "" | "identity" => false,
        "gzip" | "x-gzip" => true,
        other => return Err(ApiError::unsupported_encoding(other, "gzip")),
    };
    let body = read_raw(request, bytes_max, limits).await?;
    if is_packed { unpack(&body, bytes_max) } else { Ok(body) }
}

/// The body byte for byte as it came, for signatures are of that.
pub async fn read_signed(
    request: Request,
    bytes_max: usize,
    limits: Limits,
) -> Result<Bytes, ApiError> {
    match encoding(request.headers())?.as_str() {
        "" | "identity" => read_raw(request, bytes_max, limits).await,
        other => Err(ApiError::unsupported_encoding(other, "identity")),
    }
}

async fn read_raw(request: Request, bytes_max: usize, limits: Limits) -> Result<Bytes, ApiError> {
    // The limit on the size is a layer of the route.
    let read = tokio::time::timeout(limits.body_patience, Bytes::from_request(request, &()));
    match read.await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(err)) if err.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(ApiError::too_large(bytes_max))
        }
        Ok(Err(_)) => Err(ApiError::invalid("the body ended before it was whole; send it again")),
        Err(_) => Err(ApiError::too_slow(limits.body_patience)),
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let given = String::from_utf8_lossy(given.as_bytes());
    let essence = given.split(';').next().unwrap_or_default().trim().to_lowercase();
    if essence.is_empty() || TYPES.contains(&essence.as_str()) || essence.ends_with("+json") {
        return Ok(());
    }
    Err(ApiError::unsupported_type(&essence))
}

fn encoding(headers: &HeaderMap) -> Result<String, ApiError> {
    let mut given = headers.get_all(header::CONTENT_ENCODING).iter();
    let first = given.next().map(|it| String::from_utf8_lossy(it.as_bytes()));
    match given.next() {
        Some(_) => Err(ApiError::unsupported_encoding("several at once", "gzip")),
        None => Ok(first.unwrap_or_default().trim().to_lowercase()),
    }
}

fn unpack(packed: &[u8], bytes_max: usize) -> Result<Bytes, ApiError> {
    let bytes_most = bytes_max.min(RATIO_FREE_BYTES.max(packed.len().saturating_mul(RATIO_MAX)));
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(packed).take(bytes_most as u64 + 1).read_to_end(&mut unpacked);
    if read.is_err() {
        let words = "the body is not the gzip that `Content-Encoding` says; send it as it is";
        return Err(ApiError::invalid_field("Content-Encoding", words));
    }
    match unpacked.len() {
        length if length <= bytes_most => Ok(unpacked.into()),
        _ if bytes_most < bytes_max => Err(ApiError::unpacks_too_far(RATIO_MAX)),
        _ => Err(ApiError::too_large(bytes_max)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::{body::Body, http::HeaderValue};
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_packed_comes_back() {
        let text = br#"{"userId":"ana"}"#.repeat(1_000);
        assert_eq!(unpack(&packed(&text), 1 << 20).unwrap(), text);
        let two = [packed(b"one "), packed(b"two")].concat();
        assert_eq!(unpack(&two, 100).unwrap(), &b"one two"[..], "members follow one another");
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_large() {
        let bomb = packed(&vec![0; 5 << 20]);
        assert!(bomb.len() < 10_000, "it packs a thousand times");
        let refused = unpack(&bomb, 5 << 20).unwrap_err();
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(refused.message.contains("100"), "{}", refused.message);
        let noise: Vec<u8> = (0..600_000_u32).map(|it| (it.wrapping_mul(it) >> 7) as u8).collect();
        assert_eq!(unpack(&packed(&noise), noise.len()).unwrap().len(), noise.len());
        let refused = unpack(&packed(&noise), noise.len() - 1).unwrap_err();
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE, "one byte too many");
        for broken in [&b"no gzip"[..], &packed(b"cut short")[..12], b""] {
            let refused = unpack(broken, 100).unwrap_err();
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{broken:?}");
        }
    }

    #[test]
    fn json_comes_under_several_names() {
        let check = |given: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(given));
            check_type(&headers)
        };
        for good in ["application/json", "Application/JSON; charset=utf-8", "text/plain"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check_type(&HeaderMap::new()), Ok(()), "none at all");
        for bad in ["application/x-www-form-urlencoded", "text/html", "multipart/form-data"] {
            assert_eq!(check(bad).unwrap_err().status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{bad}");
        }
    }

    #[test]
    fn a_body_that_never_ends_is_cut_off() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let patience = std::time::Duration::from_millis(1);
        let limits = Limits { body_patience: patience, ..Limits::default() };
        let body = Body::new(Silent);
        let refused = runtime.block_on(read(Request::post("/").body(body).unwrap(), 100, limits));
        assert_eq!(refused.unwrap_err().status, StatusCode::REQUEST_TIMEOUT);
    }

    /// A body of which nothing ever comes.
    struct Silent;

    impl axum::body::HttpBody for Silent {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }
}
