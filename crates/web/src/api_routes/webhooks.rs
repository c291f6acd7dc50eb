//! Webhooks of shop platforms: signed deliveries, each taken once.
//!
//! A door is closed until the platform's secret stands in the configuration. The signature is of the
//! body byte for byte, so it is looked at before anything else is made of the body. The answer comes
//! within a second: where the commit does not, the platform is told to send again, which both do.
//!
//! A delivery that is understood is answered with 200, whether anything is kept of it or not: sent
//! again it would be the same, and a platform ends a subscription whose deliveries are answered with
//! anything else. WooCommerce disables a webhook after more than 5 failures in a row, a failure being
//! any answer but 2xx, 301 and 302 (`WC_Webhook::failed_delivery` in `class-wc-webhook.php`); Shopify
//! sends 8 times within 4 hours and then deletes the subscription
//! (<https://shopify.dev/docs/apps/build/webhooks/troubleshooting-webhooks>). So one order in another
//! currency does not end the webhooks of all others. What was refused stands in the answer and, for
//! people, among what arrives.

use axum::{
    Json, Router,
    extract::{Request, State},
    http::HeaderMap,
    routing::post,
};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use aftercart_engine::{
    Delivered, Delivery, Taken, WEBHOOK_BYTES_MAX, reason_without_value, segment_api::RejectReason,
    shopify, woocommerce,
};
use aftercart_model::{Currency, Timestamp};

use super::{arrivals, body};
use crate::{
    App,
    api::{self, ApiError},
};

const SHOPIFY_SIGNATURE: &str = "X-Shopify-Hmac-Sha256";
const SHOPIFY_TOPIC: &str = "X-Shopify-Topic";
const WOOCOMMERCE_SIGNATURE: &str = "X-WC-Webhook-Signature";
const WOOCOMMERCE_TOPIC: &str = "X-WC-Webhook-Topic";
const WOOCOMMERCE_DELIVERY: &str = "X-WC-Webhook-Delivery-ID";

/// How old a delivery may say it is. Shopify sends again for four hours; a header is not signed, so
/// nothing beyond is believed.
const TRIGGERED_BEFORE_MAX: SignedDuration = SignedDuration::from_hours(48);

/// A delivery was understood; it need not be sent again.
#[derive(Serialize, JsonSchema)]
pub struct DeliveryAnswer {
    /// Whether it was taken. What is `ignored` is; what is `refused` is not.
    success: bool,
    /// It had been delivered before, and nothing happened again.
    duplicate: bool,
    /// How many events it told, known ones included.
    events: usize,
    /// Why nothing is kept of it, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<String>,
    /// Why it was not taken, and how to mend it, where a field cannot be used. Nothing was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

impl DeliveryAnswer {
    fn taken(duplicate: bool, events: usize) -> Self {
        Self { success: true, duplicate, events, ignored: None, refused: None }
    }

    fn ignored(why: String) -> Self {
        Self { ignored: Some(why), ..Self::taken(false, 0) }
    }

    fn refused(why: String) -> Self {
        Self { success: false, refused: Some(why), ..Self::taken(false, 0) }
    }
}

/// What came of a delivery whose signature is good.
enum Became {
    Recorded(Delivered),
    Ignored(String),
    Refused(RejectReason),
}

pub fn routes() -> Router<App> {
    let routes = Router::new()
        .route("/webhooks/shopify", post(take_shopify))
        .route("/webhooks/woocommerce", post(take_woocommerce));
    api::limited(routes, WEBHOOK_BYTES_MAX)
}

async fn take_shopify(
    State(app): State<App>,
    request: Request,
) -> Result<Json<DeliveryAnswer>, ApiError> {
    let secrets = &app.doors.shopify_secrets;
    if secrets.is_empty() {
        return Err(closed("Shopify", "the client secret of your app", "shopify"));
    }
    app.doors.admit_room()?;
    let headers = request.headers().clone();
    let body = body::read_signed(request, WEBHOOK_BYTES_MAX, app.doors.limits).await?;
    let signature = text(&headers, SHOPIFY_SIGNATURE).unwrap_or_default();
    let secrets: Vec<&[u8]> = secrets.iter().map(String::as_bytes).collect();
    if !shopify::verify(&secrets, &body, signature) {
        let refused = ApiError::unsigned(SHOPIFY_SIGNATURE);
        arrivals::tell_refused(&app, shopify::SOURCE, "webhook", &refused);
        return Err(refused);
    }
    let topic = text(&headers, SHOPIFY_TOPIC).ok_or_else(|| missing(SHOPIFY_TOPIC))?.to_owned();
    let told = topic.clone();
    let key = shopify_key(&topic, &headers, &body);
    let delivery = Delivery::of(shopify::SOURCE, key, &body);
    let triggered = text(&headers, "X-Shopify-Triggered-At").and_then(|it| it.parse().ok());
    let domain = text(&headers, "X-Shopify-Shop-Domain").map(str::to_owned);
    let read = move |now, currency| {
        let at = told_at(triggered, now);
        match &domain {
            Some(domain) => shopify::read_webhook_of(domain, &topic, &body, at, currency),
            None => shopify::read_webhook(&topic, &body, at, currency),
        }
    };
    take(&app, &told, delivery, read).await
}

async fn take_woocommerce(
    State(app): State<App>,
    request: Request,
) -> Result<Json<DeliveryAnswer>, ApiError> {
    let secrets = &app.doors.woocommerce_secrets;
    if secrets.is_empty() {
        return Err(closed("WooCommerce", "the secret of the webhook", "woocommerce"));
    }
    app.doors.admit_room()?;
    let headers = request.headers().clone();
    let body = body::read_signed(request, WEBHOOK_BYTES_MAX, app.doors.limits).await?;
    if woocommerce::is_ping(&body) {
        // Not signed, and it tells nothing: the platform asks whether anybody is there.
        let why = "a webhook was saved and tried out".to_owned();
        return Ok(Json(DeliveryAnswer::ignored(why)));
    }
    if !woocommerce::verify(secrets, &body, text(&headers, WOOCOMMERCE_SIGNATURE)) {
        let refused = ApiError::unsigned(WOOCOMMERCE_SIGNATURE);
        arrivals::tell_refused(&app, woocommerce::SOURCE, "webhook", &refused);
        return Err(refused);
    }
    let topic = text(&headers, WOOCOMMERCE_TOPIC).ok_or_else(|| missing(WOOCOMMERCE_TOPIC))?;
    let (topic, told) = (topic.to_owned(), topic.to_owned());
    let key = woocommerce::delivery_key(text(&headers, WOOCOMMERCE_DELIVERY), &body);
    let delivery = Delivery::of(woocommerce::SOURCE, format!("{topic}/{key}"), &body);
    let read = move |now, currency| woocommerce::read_webhook(&topic, &body, now, currency);
    take(&app, &told, delivery, read).await
}

/// Records what `read` makes of a delivery whose signature is good.
async fn take(
    app: &App,
    topic: &str,
    delivery: Delivery,
    read: impl FnOnce(Timestamp, Currency) -> Result<Taken, RejectReason> + Send + 'static,
) -> Result<Json<DeliveryAnswer>, ApiError> {
    let source = delivery.source;
    let told = topic.to_owned();
    let asked = app.ask_within(app.doors.limits.webhook_patience, move |engine, now| {
        let events = match read(now, engine.shop().currency) {
            Ok(Taken::Events(events)) => events,
            Ok(Taken::Ignored(why)) => {
                arrivals::tell_ignored(engine, now, &delivery, &told, &why);
                return Ok(Became::Ignored(why));
            }
            Err(reason) => {
                arrivals::tell_unreadable(engine, now, &delivery, &told, &reason);
                return Ok(Became::Refused(reason));
            }
        };
        let delivered = engine.record_delivery(&delivery, &events, now)?;
        arrivals::tell_delivered(engine, now, &delivery, &told, &delivered);
        Ok(Became::Recorded(delivered))
    });
    let answer = match asked.await? {
        Became::Recorded(Delivered::New(recorded)) => DeliveryAnswer::taken(false, recorded.len()),
        Became::Recorded(Delivered::Duplicate) => DeliveryAnswer::taken(true, 0),
        Became::Recorded(Delivered::Conflict) => {
            return Err(ApiError::conflict(
                "a delivery of this name was taken with another body; nothing was changed",
            ));
        }
        Became::Ignored(why) => DeliveryAnswer::ignored(why),
        Became::Refused(reason) => {
            warn!("a webhook of {source} was refused: {}", reason_without_value(&reason));
            if reason.is_malformed() {
                return Err(ApiError::from(reason));
            }
            DeliveryAnswer::refused(reason.to_string())
        }
    };
    Ok(Json(answer))
}

/// The name of one of Shopify's deliveries. One event of the shop may be told under several topics and
/// of several things at once, all with its id; so topic and thing are of the name.
fn shopify_key(topic: &str, headers: &HeaderMap, body: &[u8]) -> String {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct About {
        id: Value,
        inventory_item_id: Value,
        location_id: Value,
        token: Value,
    }
    let event =
        text(headers, "X-Shopify-Event-Id").or_else(|| text(headers, "X-Shopify-Webhook-Id"));
    let Some(event) = event else {
        // Then the body is all there is to know it by.
        return format!("{topic}/{}", Delivery::key_of_body(body));
    };
    let about: About = serde_json::from_slice(body).unwrap_or_default();
    let parts = [about.id, about.inventory_item_id, about.location_id, about.token];
    let parts = parts.iter().filter(|it| it.is_number() || it.is_string());
    let about: String = parts.map(|it| format!("/{it}")).collect();
    format!("{topic}/{event}{about}")
}

/// When a delivery that names no instant within was triggered: the header's word within reason.
fn told_at(triggered: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let is_believed =
        |at: &Timestamp| *at <= now && now.duration_since(*at) <= TRIGGERED_BEFORE_MAX;
    triggered.filter(is_believed).unwrap_or(now)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|it| !it.is_empty())
}

fn missing(header: &str) -> ApiError {
    ApiError::invalid_field(header, format!("the header `{header}` is missing; send it"))
}

fn closed(platform: &str, secret: &str, section: &str) -> ApiError {
    ApiError::not_found(format!(
        "webhooks of {platform} are not taken yet; put {secret} into `webhook_secrets` of \
         [{section}] in the configuration, and start again"
    ))
}

#[cfg(test)]
mod tests;
