//! What the links in emails lead to. They are for everybody and work for ever.
//!
//! A `GET` changes nothing but the counts of opens and clicks, because mail software fetches every
//! address it finds; a `HEAD` not even those. Leading a reader on and letting them go come before
//! counting: a click leads on even when it cannot be counted.

use aftercart_engine::{Preferences, Token, Tracked, agent};
use aftercart_model::{Agent, CustomerId, Product, ProductId, Topic};
use axum::{
    Form, Router,
    extract::{Path, Query, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;

use crate::{
    App, AskError,
    api::{self, FORM_BYTES_MAX},
    public::{
        FeedbackPage, LetterPage, MessagePage, PreferencesPage, PublicLayout, REVIEW_LENGTH_MAX,
        StandInPage, ThanksPage, TopicChoice, UnsubscribePage, UnsubscribedPage,
    },
    routes::{letter, page, public_failed, public_not_found},
    security,
};

/// One transparent pixel.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\
    \x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// A picture is uploaded by the shop and shown as it is; nothing in it may run.
const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// Where the pages of the sample shop's products stand.
const STAND_IN: &str = "/shop";

/// When to come again after a page failed.
const COME_AGAIN_SECONDS: u64 = 5;

/// What stands for an address nobody has any more.
const NO_ADDRESS: &str = "your address";

pub fn routes() -> Router<App> {
    let forms = Router::new()
        .route("/u/{token}", get(ask_to_unsubscribe).post(unsubscribe))
        .route("/p/{token}", get(show_preferences).post(save_preferences))
        .route("/r/{token}", get(ask_for_review).post(save_review));
    let reading = Router::new()
        .route("/o/{token}", get(count_open))
        .route("/c/{token}", get(follow_link))
        .route("/v/{token}", get(show_letter))
        .route("/v/{token}/html", get(send_letter))
        .route("/pictures/{*name}", get(send_picture))
        .route(STAND_IN, get(show_front_page))
        .route("/shop/{code}", get(show_product));
    let all = api::limited(forms, FORM_BYTES_MAX).merge(reading);
    all.layer(middleware::from_fn(security::guard_public))
}

/// What an address leads to that leads nowhere.
pub async fn answer_unknown(State(app): State<App>) -> Response {
    public_not_found(&layout(&app))
}

fn layout(app: &App) -> PublicLayout {
    let shop = app.engine.shop();
    PublicLayout {
        shop_name: shop.name.clone(),
        shop_url: if app.is_sample { STAND_IN.to_owned() } else { shop.url.clone() },
        postal_address: shop.postal_address.clone(),
    }
}

fn failed(app: &App, what: &str, err: &AskError) -> Response {
    err.log(what);
    let mut response = public_failed(&layout(app));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(COME_AGAIN_SECONDS));
    response
}

fn agent_of(headers: &HeaderMap) -> Agent {
    // What is no text is nothing a browser says.
    agent::of(headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok()))
}

async fn count_open(
    State(app): State<App>,
    Path(token): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let is_ours = matches!(app.engine.keys().read(&token), Some(Token::Open { .. }));
    if is_ours && method == Method::GET {
        let agent = agent_of(&headers);
        let counted = app.ask(move |engine, now| engine.record_open(&token, agent, now)).await;
        if let Err(err) = counted {
            err.log("counting an open");
        }
    }
    // A stranger's link shows a picture too: in no mail does anything look broken.
    let status = if is_ours { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let headers = [(header::CONTENT_TYPE, "image/gif"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, PIXEL).into_response()
}

async fn follow_link(
    State(app): State<App>,
    Path(token): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let Some(Token::Click { product, url, .. }) = app.engine.keys().read(&token) else {
        return public_not_found(&layout(&app));
    };
    // Signed, so one that we wrote; but what we wrote came from a catalogue.
    let Some(location) = location(&url) else {
        return public_not_found(&layout(&app));
    };
    if method == Method::GET {
        let agent = agent_of(&headers);
        let counted = app.ask(move |engine, now| engine.record_click(&token, agent, now)).await;
        match counted {
            Ok(Tracked::Redirect { .. } | Tracked::Unknown) => {}
            Err(err) => err.log("counting a click"),
        }
    }
    let location = if leads_nowhere(&app, &url) {
        stand_in(&app, product).unwrap_or_else(|| HeaderValue::from_static(STAND_IN))
    } else {
        location
    };
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

/// An address on the web as a header can carry it, or `None` if it is anything else.
fn location(url: &str) -> Option<HeaderValue> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if !is_web || url.chars().any(|it| it.is_control() || it == '\\') {
        return None;
    }
    let mut encoded = String::with_capacity(url.len());
    for byte in url.bytes() {
        // A catalogue may write names with accents and blanks.
        if byte.is_ascii_graphic() {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    let host = encoded.parse::<Uri>().ok()?.authority()?.host().len();
    if host == 0 { None } else { HeaderValue::try_from(encoded).ok() }
}

/// Whether an address is the sample shop's own, behind which there is nothing.
fn leads_nowhere(app: &App, url: &str) -> bool {
    let host = |url: &str| {
        let authority = url.split_once("://")?.1.split(['/', '?', '#']).next()?;
        Some(authority.to_ascii_lowercase())
    };
    app.is_sample && host(url) == host(&app.engine.shop().url)
}

fn stand_in(app: &App, product: Option<ProductId>) -> Option<HeaderValue> {
    let known = app.engine.known().ok()?;
    let code = &known.product(product?)?.code;
    HeaderValue::try_from(format!("{STAND_IN}/{}", crate::console::products::encoded(code))).ok()
}

fn topic_words(topic: Topic) -> String {
    match topic {
        Topic::Marketing => "offers and news".to_owned(),
        Topic::Feedback => "requests for a review".to_owned(),
    }
}

fn topic_name(topic: Topic) -> &'static str {
    match topic {
        Topic::Marketing => "marketing",
        Topic::Feedback => "feedback",
    }
}

fn preferences_href(app: &App, customer: CustomerId) -> String {
    format!("/p/{}", app.engine.keys().sign(&Token::Preferences { customer }))
}

async fn hint(app: &App, customer: CustomerId) -> Result<String, AskError> {
    let hint = app.ask(move |engine, _| engine.address_hint(customer)).await?;
    Ok(hint.unwrap_or_else(|| NO_ADDRESS.to_owned()))
}

async fn ask_to_unsubscribe(State(app): State<App>, Path(token): Path<String>) -> Response {
    let Some(Token::Unsubscribe { customer, topic, .. }) = app.engine.keys().read(&token) else {
        return public_not_found(&layout(&app));
    };
    match hint(&app, customer).await {
        Ok(address_hint) => page(
            UnsubscribePage {
                address_hint,
                topic: topic_words(topic),
                action: format!("/u/{token}"),
                preferences_href: preferences_href(&app, customer),
            }
            .render(&layout(&app)),
        ),
        Err(err) => failed(&app, "the page to unsubscribe", &err),
    }
}

/// One click, by a person or by their mail provider (RFC 8058). The body is not looked at: whoever
/// posts here means it.
async fn unsubscribe(State(app): State<App>, Path(token): Path<String>) -> Response {
    let Some(Token::Unsubscribe { customer, topic, .. }) = app.engine.keys().read(&token) else {
        return public_not_found(&layout(&app));
    };
    if let Err(err) = app.ask(move |engine, now| engine.unsubscribe(&token, now)).await {
        return failed(&app, "unsubscribing", &err);
    }
    // It is done; the page about it must not say otherwise.
    let address_hint = hint(&app, customer).await.unwrap_or_else(|_| NO_ADDRESS.to_owned());
    page(unsubscribed(&app, customer, topic, address_hint, false).render(&layout(&app)))
}

fn unsubscribed(
    app: &App,
    customer: CustomerId,
    topic: Topic,
    address_hint: String,
    is_undone: bool,
) -> UnsubscribedPage {
    let preferences_href = preferences_href(app, customer);
    UnsubscribedPage {
        address_hint,
        topic: topic_words(topic),
        undo_action: format!("{preferences_href}?again={}", topic_name(topic)),
        preferences_href,
        is_undone,
    }
}

fn preferences_page(
    token: &str,
    address_hint: String,
    chosen: &Preferences,
    is_saved: bool,
) -> PreferencesPage {
    let topic = |topic: Topic, name: &str, text: &str, is_on| TopicChoice {
        id: topic_name(topic).to_owned(),
        name: name.to_owned(),
        text: text.to_owned(),
        is_on,
    };
    PreferencesPage {
        address_hint,
        action: format!("/p/{token}"),
        topics: vec![
            topic(
                Topic::Marketing,
                "Offers and news",
                "What goes with what you bought",
                chosen.marketing,
            ),
            topic(
                Topic::Feedback,
                "Requests for a review",
                "One question after an order",
                chosen.feedback,
            ),
        ],
        is_saved,
    }
}

async fn show_preferences(State(app): State<App>, Path(token): Path<String>) -> Response {
    let Some(Token::Preferences { customer }) = app.engine.keys().read(&token) else {
        return public_not_found(&layout(&app));
    };
    let asked = app
        .ask(move |engine, _| Ok((engine.address_hint(customer)?, engine.preferences(customer)?)));
    match asked.await {
        Ok((Some(hint), chosen)) => {
            page(preferences_page(&token, hint, &chosen, false).render(&layout(&app)))
        }
        Ok((None, _)) => public_not_found(&layout(&app)),
        Err(err) => failed(&app, "the page of preferences", &err),
    }
}

#[derive(Deserialize)]
struct PreferencesQuery {
    /// The topic somebody wants back after unsubscribing.
    again: Option<String>,
}

async fn save_preferences(
    State(app): State<App>,
    Path(token): Path<String>,
    Query(query): Query<PreferencesQuery>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let Some(Token::Preferences { customer }) = app.engine.keys().read(&token) else {
        return public_not_found(&layout(&app));
    };
    let again = match query.again.as_deref() {
        Some(name) => {
            let topic = [Topic::Marketing, Topic::Feedback].into_iter();
            topic.into_iter().find(|it| topic_name(*it) == name)
        }
        None => None,
    };
    let fields = match (form, again) {
        (Ok(Form(fields)), _) => fields,
        (Err(_), Some(_)) => Vec::new(),
        (Err(err), None) => return err.into_response(),
    };
    let saved = app.ask(move |engine, now| {
        let Some(hint) = engine.address_hint(customer)? else { return Ok(None) };
        let mut chosen = engine.preferences(customer)?;
        match again {
            Some(Topic::Marketing) => chosen.marketing = true,
            Some(Topic::Feedback) => chosen.feedback = true,
            None => {
                let is_none = fields.iter().any(|(name, _)| name == "none");
                let has = |topic| {
                    let is_checked = |(name, value): &(String, String)| {
                        name == "topic" && value == topic_name(topic)
                    };
                    !is_none && fields.iter().any(is_checked)
                };
                chosen.marketing = has(Topic::Marketing);
                chosen.feedback = has(Topic::Feedback);
            }
        }
        engine.save_preferences(&chosen, now)?;
        Ok(Some((hint, chosen)))
    });
    match (saved.await, again) {
        (Ok(Some((hint, _))), Some(topic)) => {
            page(unsubscribed(&app, customer, topic, hint, true).render(&layout(&app)))
        }
        (Ok(Some((hint, chosen))), None) => {
            page(preferences_page(&token, hint, &chosen, true).render(&layout(&app)))
        }
        (Ok(None), _) => public_not_found(&layout(&app)),
        (Err(err), _) => failed(&app, "saving preferences", &err),
    }
}

async fn show_letter(State(app): State<App>, Path(token): Path<String>) -> Response {
    let Some(Token::Browser { message }) = app.engine.keys().read(&token) else {
        return public_not_found(&layout(&app));
    };
    match app.ask(move |engine, now| engine.email_again(message, now)).await {
        Ok(Some(email)) => page(
            LetterPage { subject: email.subject, letter_src: format!("/v/{token}/html") }
                .render(&layout(&app)),
        ),
        Ok(None) => public_not_found(&layout(&app)),
        Err(err) => failed(&app, "an email in the browser", &err),
    }
}

/// The email alone, under a policy that lets nothing in it run.
async fn send_letter(State(app): State<App>, Path(token): Path<String>) -> Response {
    let Some(Token::Browser { message }) = app.engine.keys().read(&token) else {
        return public_not_found(&layout(&app));
    };
    match app.ask(move |engine, now| engine.email_again(message, now)).await {
        Ok(Some(email)) => letter(email.html),
        Ok(None) => public_not_found(&layout(&app)),
        Err(err) => failed(&app, "an email in the browser", &err),
    }
}

#[derive(Deserialize)]
struct RatingQuery {
    /// The star that was clicked in the email.
    rating: Option<String>,
}

#[derive(Deserialize)]
struct ReviewForm {
    #[serde(default)]
    rating: String,
    #[serde(default)]
    text: String,
}

fn stars(text: &str) -> Option<u8> {
    text.trim().parse().ok().filter(|it| (1..=5).contains(it))
}

async fn ask_for_review(
    State(app): State<App>,
    Path(token): Path<String>,
    Query(query): Query<RatingQuery>,
) -> Response {
    let Some(Token::Feedback { product, .. }) = app.engine.keys().read(&token) else {
        return public_not_found(&layout(&app));
    };
    let rating = query.rating.as_deref().and_then(stars);
    match product_of(&app, product).await {
        Ok(Some(product)) => {
            page(feedback_page(&token, &product, rating, "", None).render(&layout(&app)))
        }
        Ok(None) => public_not_found(&layout(&app)),
        Err(err) => failed(&app, "the page to review a product", &err),
    }
}

fn feedback_page(
    token: &str,
    product: &Product,
    rating: Option<u8>,
    text: &str,
    error: Option<&str>,
) -> FeedbackPage {
    FeedbackPage {
        product_name: product.name.clone(),
        product_picture: picture_src(product),
        action: format!("/r/{token}"),
        rating,
        text: text.to_owned(),
        error: error.map(str::to_owned),
    }
}

async fn save_review(
    State(app): State<App>,
    Path(token): Path<String>,
    form: Result<Form<ReviewForm>, FormRejection>,
) -> Response {
    let Some(Token::Feedback { customer, product, .. }) = app.engine.keys().read(&token) else {
        return public_not_found(&layout(&app));
    };
    let about = match product_of(&app, product).await {
        Ok(Some(about)) => about,
        Ok(None) => return public_not_found(&layout(&app)),
        Err(err) => return failed(&app, "the page to review a product", &err),
    };
    let form = match form {
        Ok(Form(form)) => form,
        Err(err) => return err.into_response(),
    };
    // Browsers send line ends as two characters and count them as one.
    let text = form.text.trim().replace("\r\n", "\n");
    let rating = stars(&form.rating);
    let error = match rating {
        None => Some("Choose one to five stars."),
        Some(_) if text.chars().count() > REVIEW_LENGTH_MAX => {
            Some("That is more than 4,000 characters. Tell it in fewer words.")
        }
        Some(_) => None,
    };
    let (Some(rating), None) = (rating, error) else {
        let form = feedback_page(&token, &about, rating, &text, error);
        return (StatusCode::BAD_REQUEST, page(form.render(&layout(&app)))).into_response();
    };
    let saved = app.ask(move |engine, now| {
        if engine.address_hint(customer)?.is_none() {
            return Ok(None); // Erased: nobody's word is kept.
        }
        engine.record_review(customer, product, rating, &text, now).map(Some)
    });
    match saved.await {
        Ok(Some(true)) => page(ThanksPage { product_name: about.name }.render(&layout(&app))),
        Ok(Some(false)) => page(
            MessagePage {
                title: "We have your review".to_owned(),
                text: format!(
                    "You wrote about the {} before, and the first review is the one we keep. \
                     Write to us to change it.",
                    about.name
                ),
            }
            .render(&layout(&app)),
        ),
        Ok(None) => public_not_found(&layout(&app)),
        Err(err) => failed(&app, "keeping a review", &err),
    }
}

async fn product_of(app: &App, id: ProductId) -> Result<Option<Product>, AskError> {
    app.ask(move |engine, _| Ok(engine.known()?.product(id).cloned())).await
}

/// A picture's address on a page of ours.
fn picture_src(product: &Product) -> Option<String> {
    match product.picture.as_str() {
        "" => None,
        picture if picture.contains("://") => Some(picture.to_owned()),
        picture => Some(format!("/pictures/{picture}")),
    }
}

async fn send_picture(State(app): State<App>, Path(name): Path<String>) -> Response {
    match app.ask(move |engine, _| engine.picture(&name)).await {
        Ok(Some((content_type, bytes))) => {
            let headers = [
                (header::CONTENT_TYPE, content_type.as_str()),
                (header::CACHE_CONTROL, "public, max-age=86400"),
                (header::CONTENT_SECURITY_POLICY, PICTURE_POLICY),
            ];
            (headers, bytes).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(err) => {
            err.log("a picture");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn show_front_page(State(app): State<App>) -> Response {
    if !app.is_sample {
        return public_not_found(&layout(&app));
    }
    page(StandInPage { product_name: None, product_picture: None }.render(&layout(&app)))
}

async fn show_product(State(app): State<App>, Path(code): Path<String>) -> Response {
    if !app.is_sample {
        return public_not_found(&layout(&app));
    }
    match app.ask(move |engine, _| Ok(engine.known()?.by_code(&code).cloned())).await {
        Ok(Some(product)) => page(
            StandInPage {
                product_picture: picture_src(&product),
                product_name: Some(product.name),
            }
            .render(&layout(&app)),
        ),
        Ok(None) => public_not_found(&layout(&app)),
        Err(err) => failed(&app, "a page of the sample shop", &err),
    }
}

#[cfg(test)]
mod tests;
