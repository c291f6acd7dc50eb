//! Handlers, as thin as they can be: read a form, call one use case, render or redirect.
//!
//! What needs no use case stands here whole: files, the look of the console, going to a page by
//! name, and the answers every handler gives.

use axum::{
    Form, Router,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    middleware,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use maud::Markup;
use serde::Deserialize;

use crate::{
    asset,
    console::MissingPage,
    layout::{Layout, Place, Theme},
    public::{MessagePage, PublicLayout},
    security::{self, LETTER_POLICY},
};

const THEME_COOKIE: &str = "theme";
const KEYS_COOKIE: &str = "keys";
/// A year: the look of the console is not worth asking for again.
const COOKIE_SECONDS: u32 = 31_536_000;

/// The routes of the console that need no use case, to be merged with those that do.
pub fn console<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/look", post(set_look)).layer(middleware::from_fn(security::guard_console))
}

/// Style sheets, modules and icons; the same for console and public pages.
pub fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{name}", get(send_asset))
}

async fn send_asset(uri: Uri) -> Response {
    let Some(asset) = asset::find(uri.path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        // The name carries the content, so it never changes under this name.
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, asset.body.as_str()).into_response()
}

/// A choice about the look of the console; one field at a time is sent.
#[derive(Debug, Deserialize)]
struct LookForm {
    theme: Option<String>,
    keys: Option<String>,
}

async fn set_look(headers: HeaderMap, Form(form): Form<LookForm>) -> Response {
    let mut response = Redirect::to(&page_before(&headers)).into_response();
    let theme = form.theme.as_deref().and_then(Theme::from_name).map(Theme::name);
    let keys = form.keys.as_deref().filter(|it| matches!(*it, "on" | "off"));
    for (name, value) in [(THEME_COOKIE, theme), (KEYS_COOKIE, keys)] {
        let Some(value) = value else { continue };
        let cookie =
            format!("{name}={value}; Path=/; Max-Age={COOKIE_SECONDS}; SameSite=Lax; HttpOnly");
        let cookie = HeaderValue::from_str(&cookie).expect("names and values are ours");
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The page a form was sent from, as a path of ours; home if that is not known.
pub fn page_before(headers: &HeaderMap) -> String {
    let referer = headers.get(header::REFERER).and_then(|it| it.to_str().ok());
    let path = referer.and_then(|it| it.parse::<Uri>().ok()).and_then(|uri| {
        let path = uri.path_and_query()?.as_str().to_owned();
        // Two slashes would be another host to the browser.
        path.starts_with('/').then_some(path).filter(|it| !it.starts_with("//"))
    });
    path.unwrap_or_else(|| "/".to_owned())
}

/// How an operator wants the console to look, from their cookies.
pub fn look(headers: &HeaderMap) -> (Theme, bool) {
    let theme = cookie(headers, THEME_COOKIE).and_then(Theme::from_name).unwrap_or_default();
    let has_keys = cookie(headers, KEYS_COOKIE) != Some("off");
    (theme, has_keys)
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = all.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

/// Where a search typed into "Go to" leads: a page or a flow by the beginning of its name, otherwise
/// the customers. `flows` are ids and names.
pub fn destination(query: &str, flows: &[(String, String)]) -> String {
    let wanted = query.trim().to_lowercase();
    if wanted.is_empty() {
        return "/".to_owned();
    }
    let begins = |name: &str| name.to_lowercase().starts_with(&wanted);
    if let Some(place) = Place::all().find(|it| begins(it.name())) {
        return place.href().to_owned();
    }
    if let Some((id, _)) = flows.iter().find(|(id, name)| begins(name) || begins(id)) {
        return format!("/flows/{id}");
    }
    format!("/customers?q={}", crate::console::products::encoded(query.trim()))
}

/// A console page.
pub fn page(markup: Markup) -> Response {
    Html(markup.into_string()).into_response()
}

pub fn not_found(layout: &Layout) -> Response {
    (StatusCode::NOT_FOUND, page(MissingPage::not_found().render(layout))).into_response()
}

pub fn failed(layout: &Layout) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, page(MissingPage::failed().render(layout))).into_response()
}

pub fn public_not_found(layout: &PublicLayout) -> Response {
    (StatusCode::NOT_FOUND, page(MessagePage::not_found().render(layout))).into_response()
}

pub fn public_failed(layout: &PublicLayout) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, page(MessagePage::failed().render(layout))).into_response()
}

/// The HTML of an email, under the policy of a letter.
pub fn letter(html: String) -> Response {
    ([(header::CONTENT_SECURITY_POLICY, LETTER_POLICY)], Html(html)).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    use super::*;

    async fn answer(request: Request<Body>) -> Response {
        let router: Router = console::<()>().merge(assets());
        router.oneshot(request).await.unwrap()
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    #[test]
    fn files_are_kept_for_a_year_under_the_name_of_their_content() {
        let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
        let response = runtime().block_on(answer(get(&asset::console_css().path)));
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
        assert!(response.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        let response = runtime().block_on(answer(get("/assets/console.0000000000000000.css")));
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "another version's name");
    }

    #[test]
    fn choosing_a_theme_leads_back_to_the_page() {
        let request = Request::post("/look")
            .header("referer", "http://localhost:8025/flows/x?step=offer")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from("theme=dark"))
            .unwrap();
        let response = runtime().block_on(answer(request));
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(response.headers()[header::LOCATION], "/flows/x?step=offer");
        let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
        assert_eq!(cookie, "theme=dark; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly");
    }

    #[test]
    fn another_site_cannot_choose_for_the_operator() {
        let request = Request::post("/look")
            .header("sec-fetch-site", "cross-site")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from("theme=dark"))
            .unwrap();
        let response = runtime().block_on(answer(request));
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert!(!response.headers().contains_key(header::SET_COOKIE));
    }

    #[test]
    fn the_way_back_is_always_ours() {
        let back = |referer: &'static str| {
            page_before(&HeaderMap::from_iter([(
                header::REFERER,
                HeaderValue::from_static(referer),
            )]))
        };
        assert_eq!(back("http://localhost/customers?q=a"), "/customers?q=a");
        assert_eq!(back("http://evil.example//x.example/"), "/", "a path that is a host");
        assert_eq!(back("not an address at all"), "/");
        assert_eq!(page_before(&HeaderMap::new()), "/");
    }

    #[test]
    fn the_look_is_read_from_cookies() {
        let of = |cookie: &'static str| {
            look(&HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookie))]))
        };
        assert_eq!(of("theme=dark; keys=off"), (Theme::Dark, false));
        assert_eq!(of("other=1; theme=light"), (Theme::Light, true));
        assert_eq!(of("theme=purple"), (Theme::System, true), "a colour we do not have");
    }

    #[test]
    fn a_search_leads_to_a_page_a_flow_or_the_customers() {
        let flows = [("upsell-cross-sell".to_owned(), "Upsell after an order".to_owned())];
        let to = |query: &str| destination(query, &flows);
        assert_eq!(to("inb"), "/inbox");
        assert_eq!(to("Upsell"), "/flows/upsell-cross-sell");
        assert_eq!(to("ana ribeiro"), "/customers?q=ana%20ribeiro");
        assert_eq!(to("  "), "/");
    }

    #[test]
    fn a_letter_has_the_policy_of_a_letter() {
        let response = letter("<p>Hello".to_owned());
        assert_eq!(response.headers()[header::CONTENT_SECURITY_POLICY], LETTER_POLICY);
    }
}
