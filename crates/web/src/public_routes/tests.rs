//! The links of a real email, as readers, mail providers, scanners and forgers use them.

use aftercart_engine::Token;
use aftercart_model::{
    ConsentState, EventBody, EventKind, ExitReason, MessageId, ProductId, ReviewState, Topic,
};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::{
    security::{LETTER_POLICY, PUBLIC_POLICY},
    served::{NOON, Served, order, request},
    testing::{check, visible_text},
};

const KINDS: [char; 6] = ['o', 'c', 'u', 'p', 'v', 'r'];

/// A good link of each kind; an email has them all but the one to review.
fn link_of_each_kind(served: &Served) -> Vec<String> {
    let review = Token::Feedback { customer: served.ana(), product: ProductId(0), message: None };
    let mut links = served.links();
    links.push(format!("/r/{}", served.sign(&review)));
    for kind in KINDS {
        assert!(links.iter().any(|it| it.starts_with(&format!("/{kind}/"))), "{kind}: {links:?}");
    }
    links
}

#[test]
fn looking_at_links_never_unsubscribes() {
    let served = Served::with_mail();
    for link in link_of_each_kind(&served) {
        let before = served.message().1;
        for method in [Method::HEAD, Method::OPTIONS, Method::GET] {
            let answer = served.ask(method.clone(), &link);
            assert!(!answer.status.is_server_error(), "{method} {link}: {}", answer.status);
            if method != Method::GET {
                assert_eq!(served.message().1, before, "{method} {link} counts nothing");
            }
            for topic in [Topic::Marketing, Topic::Feedback] {
                assert_eq!(served.consent(topic), ConsentState::Agreed, "{method} {link}");
            }
        }
    }
    let reviews = served.engine.store().read(|tx| tx.ratings()).unwrap();
    assert!(reviews.is_empty(), "no review by looking");
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = served.ask(method, &served.link('u'));
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!(served.consent(Topic::Marketing), ConsentState::Agreed);
}

#[test]
fn posting_in_any_form_unsubscribes() {
    let served = Served::with_mail();
    let link = served.link('u');
    let multipart = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n\
                     One-Click\r\n--x--\r\n";
    let forms: [(&str, Option<&str>, &str); 6] = [
        ("RFC 8058", Some("application/x-www-form-urlencoded"), "List-Unsubscribe=One-Click"),
        ("in parts", Some("multipart/form-data; boundary=x"), multipart),
        ("as text", Some("text/plain"), "List-Unsubscribe=One-Click"),
        ("as JSON", Some("application/json"), "{\"nothing\":"),
        ("nothing at all", None, ""),
        ("noise", Some("nonsense; ;"), "\u{0}\u{1}"),
    ];
    for (what, content_type, body) in forms {
        assert_eq!(served.consent(Topic::Marketing), ConsentState::Agreed, "before {what}");
        let mut request = request(Method::POST, &link).header(header::USER_AGENT, "");
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let answer = served.send(request.body(Body::from(body.to_owned())).unwrap());
        assert_eq!(answer.status, StatusCode::OK, "{what}");
        assert_eq!(answer.header("location"), "", "{what}: no redirect");
        assert_eq!(answer.header("set-cookie"), "", "{what}: no cookie");
        assert_eq!(served.consent(Topic::Marketing), ConsentState::Withdrawn, "{what}");
        assert_eq!(served.consent(Topic::Feedback), ConsentState::Agreed, "{what}: one topic");
        check(&answer.text());

        // And back again by the button of the page, within the same moment.
        let page = answer.text();
        let undo = page.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
        let answer = served.post_form(undo, "");
        assert!(visible_text(&answer.text()).contains("You get our emails again"), "{what}");
    }
    assert!(served.message().1.unsubscribed_at.is_some(), "the email it came from is known");
}

#[test]
fn unsubscribing_again_and_again_is_told_once() {
    let served = Served::with_mail();
    for minutes in 0..10 {
        served.clock.set(NOON + SignedDuration::from_mins(minutes));
        assert_eq!(served.post_form(&served.link('u'), "").status, StatusCode::OK);
    }
    let is_withdrawal = |it: &&aftercart_model::Event| match &it.body {
        EventBody::ConsentGiven { consent } => consent.state == ConsentState::Withdrawn,
        _ => false,
    };
    assert_eq!(served.events().iter().filter(is_withdrawal).count(), 1);
}

#[test]
fn a_link_works_after_years_and_ends_what_was_planned() {
    let served = Served::new();
    served.record(aftercart_engine::segment_api::Call::Track, &order("1001", "P1"));
    let token = Token::Unsubscribe {
        customer: served.ana(),
        topic: Topic::Marketing,
        message: Some(served.message().0.id),
    };
    served.clock.set(NOON + SignedDuration::from_hours(24 * 1_000));
    let answer = served.post_form(&format!("/u/{}", served.sign(&token)), "");
    assert_eq!(answer.status, StatusCode::OK);
    let message = served.message().0;
    assert_eq!(message.state, aftercart_model::MessageState::Cancelled);
    let ended = served.events().into_iter().find_map(|it| match it.body {
        EventBody::EnrolmentEnded { reason, .. } => Some(reason),
        _ => None,
    });
    assert_eq!(ended, Some(ExitReason::Unsubscribed));
}

#[test]
fn a_consent_told_by_a_clock_ahead_does_not_outlive_a_no() {
    let served = Served::with_mail();
    let at = NOON + SignedDuration::from_hours(24 * 300);
    let consent = serde_json::json!({
        "userId": "ana", "timestamp": at.to_string(), "event": "Consent Given",
        "properties": {"topic": "marketing"},
    });
    served.record(aftercart_engine::segment_api::Call::Track, &consent);
    served.post_form(&served.link('u'), "");
    assert_eq!(served.consent(Topic::Marketing), ConsentState::Withdrawn);
}

#[test]
fn forged_and_relabelled_links_lead_nowhere() {
    let served = Served::with_mail();
    let before = served.message().1;
    let links = link_of_each_kind(&served);
    for link in &links {
        let path = link.split('?').next().unwrap();
        let (kind, token) = (&path[1..2], &path[3..]);
        let last = if token.ends_with('A') { 'B' } else { 'A' };
        let forged = format!("/{kind}/{}{last}", &token[..token.len() - 1]);
        let cut = format!("/{kind}/{}", &token[..token.len() / 2]);
        let others = KINDS.iter().filter(|it| it.to_string() != kind);
        let relabelled = others.map(|other| format!("/{other}/{token}"));
        for path in [forged, cut].into_iter().chain(relabelled) {
            for method in [Method::GET, Method::HEAD, Method::POST] {
                let answer = served.ask(method.clone(), &path);
                let is_refused = answer.status == StatusCode::NOT_FOUND
                    || answer.status == StatusCode::METHOD_NOT_ALLOWED;
                assert!(is_refused, "{method} {path}: {}", answer.status);
                assert_eq!(answer.header("location"), "");
            }
        }
    }
    assert_eq!(served.message().1, before, "nothing was counted");
    assert_eq!(served.consent(Topic::Marketing), ConsentState::Agreed);
    let page = served.get("/u/nothing").text();
    check(&page);
    assert!(visible_text(&page).contains("This link leads nowhere"));
}

#[test]
fn a_click_leads_to_the_signed_address_and_nowhere_else() {
    let served = Served::with_mail();
    let message = served.message().0.id;
    let follow = |url: &str| {
        let token = Token::Click { message, product: None, url: url.to_owned() };
        served.get(&format!("/c/{}", served.sign(&token)))
    };
    for (url, location) in [
        ("https://box.example/products/1?a=1&b=2#c", "https://box.example/products/1?a=1&b=2#c"),
        ("http://box.example", "http://box.example"),
        ("https://box.example/café au lait", "https://box.example/caf%C3%A9%20au%20lait"),
    ] {
        let answer = follow(url);
        assert_eq!(answer.status, StatusCode::FOUND, "{url}");
        assert_eq!(answer.header("location"), location);
    }
    let counted = served.message().1.clicked_at;
    assert!(counted.is_some());
    served.clock.set(NOON + SignedDuration::from_hours(1));
    for url in [
        "javascript:alert(1)",
        "JavaScript://box.example/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//evil.example/",
        "/\\evil.example",
        "https:\\\\evil.example",
        "https://",
        "https:///path",
        "ftp://box.example/",
        "",
        "box.example",
        "https://box.example/\r\nSet-Cookie: a=b",
        "https://box.example/\u{0}",
        " https://box.example/",
    ] {
        let answer = follow(url);
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{url:?}");
        assert_eq!(answer.header("location"), "", "{url:?}");
        assert_eq!(answer.header("set-cookie"), "", "{url:?}");
    }
    assert_eq!(served.message().1.last_clicked_at, counted, "none of these is a click");
    let added = format!("{}?url=https://evil.example", served.link('c'));
    assert!(served.get(&added).header("location").starts_with("https://box.example"));
}

proptest! {
    #[test]
    fn what_is_sent_to_a_browser_is_an_address_on_the_web(url in "\\PC{0,60}|https?://\\PC{0,40}") {
        if let Some(location) = location(&url) {
            let location = location.to_str().unwrap();
            prop_assert!(location.starts_with("https://") || location.starts_with("http://"));
            prop_assert!(location.bytes().all(|it| it.is_ascii_graphic()));
        }
    }
}

#[test]
fn people_and_machines_are_counted_apart() {
    let served = Served::with_mail();
    let (pixel, click) = (served.link('o'), served.link('c'));
    let visit = |path: &str, agent: &str| {
        let mut request = request(Method::GET, path).body(Body::empty()).unwrap();
        request.headers_mut().insert(header::USER_AGENT, agent.parse().unwrap());
        served.send(request)
    };
    let answer = visit(&pixel, "Mozilla/5.0");
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "image/gif"));
    assert_eq!(answer.header("cache-control"), "no-store", "every open asks for it");
    visit(&click, "curl/8.11.0");
    let touches = served.message().1;
    assert!(touches.machine_opened_at.is_some() && touches.machine_clicked_at.is_some());
    assert_eq!((touches.opened_at, touches.clicked_at), (None, None));

    assert_eq!(served.get(&pixel).status, StatusCode::OK);
    assert_eq!(served.message().1.opened_at, Some(NOON + SignedDuration::from_mins(1)));
    served.clock.set(NOON + SignedDuration::from_secs(2));
    let hasty = Served::with_mail();
    hasty.clock.set(NOON + SignedDuration::from_secs(2));
    hasty.get(&hasty.link('c'));
    assert_eq!(hasty.message().1.clicked_at, None, "nobody reads within two seconds");
}

#[test]
fn a_picture_of_one_pixel_is_one() {
    assert_eq!(&PIXEL[..6], b"GIF89a");
    assert_eq!(&PIXEL[6..10], [1, 0, 1, 0], "one by one");
    assert_eq!(PIXEL.last(), Some(&b';'));
    assert_eq!(PIXEL.len(), 43);
}

#[test]
fn readers_are_led_on_when_nothing_can_be_counted() {
    let served = Served::with_mail();
    let (pixel, click, unsubscribe) = (served.link('o'), served.link('c'), served.link('u'));
    served.break_store();
    assert_eq!(served.get(&pixel).status, StatusCode::OK);
    let answer = served.get(&click);
    assert_eq!(answer.status, StatusCode::FOUND);
    assert!(answer.header("location").starts_with("https://box.example"));
    let answer = served.post_form(&unsubscribe, "List-Unsubscribe=One-Click");
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "not done, and not said to be");
    assert_eq!(answer.header("retry-after"), "5");
}

#[test]
fn preferences_are_chosen_topic_by_topic() {
    let served = Served::with_mail();
    let link = served.link('p');
    let page = served.get(&link).text();
    check(&page);
    assert!(visible_text(&page).contains("a…@mail.example") && !page.contains("ana@"));
    assert_eq!(page.matches(" checked").count(), 2);
    let states = || (served.consent(Topic::Marketing), served.consent(Topic::Feedback));
    use ConsentState::{Agreed, Withdrawn};
    for (form, marketing, feedback) in [
        ("topic=feedback", Withdrawn, Agreed),
        ("topic=marketing", Agreed, Withdrawn),
        ("topic=marketing&topic=feedback", Agreed, Agreed),
        ("topic=marketing&topic=feedback&none=1", Withdrawn, Withdrawn),
        ("topic=marketing&topic=nonsense", Agreed, Withdrawn),
        ("", Withdrawn, Withdrawn),
    ] {
        let answer = served.post_form(&link, form);
        assert!(visible_text(&answer.text()).contains("Saved."), "{form}");
        assert_eq!(states(), (marketing, feedback), "{form}");
    }
}

#[test]
fn a_review_is_stored_by_its_form_alone() {
    let served = Served::with_mail();
    let ana = served.ana();
    let token = Token::Feedback { customer: ana, product: ProductId(0), message: None };
    let link = format!("/r/{}", served.sign(&token));
    let page = served.get(&format!("{link}?rating=4")).text();
    check(&page);
    assert!(page.contains("value=\"4\" required checked"), "the star of the email");
    assert!(page.contains("/pictures/p1.png"));
    for nonsense in ["9", "0", "-1", "five", ""] {
        assert_eq!(served.get(&format!("{link}?rating={nonsense}")).status, StatusCode::OK);
    }
    let count =
        || served.events().iter().filter(|it| it.body.kind() == EventKind::ProductReviewed).count();
    let long = format!("rating=5&text={}", "x".repeat(REVIEW_LENGTH_MAX + 1));
    for (form, says) in
        [("text=Good", "one to five stars"), ("rating=6", "one to five"), (&long, "fewer words")]
    {
        let answer = served.post_form(&link, form);
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(visible_text(&answer.text()).contains(says), "{says}");
    }
    assert_eq!(count(), 0, "nothing yet");
    let answer = served.post_form(&link, "rating=5&text=Pours+%3Cb%3Ewell%3C%2Fb%3E");
    assert_eq!(answer.status, StatusCode::OK);
    assert!(visible_text(&answer.text()).contains("Thank you"));
    let answer = served.post_form(&link, "rating=1&text=Changed+my+mind");
    assert!(visible_text(&answer.text()).contains("We have your review"));
    let mut reviews = Vec::new();
    let mut take = |review| {
        reviews.push(review);
        Ok(())
    };
    served.engine.store().read(|tx| tx.scan_reviews(&mut take)).unwrap();
    assert_eq!(reviews.len(), 1);
    let review = &reviews[0];
    assert_eq!((review.rating, review.text.as_str()), (5, "Pours <b>well</b>"));
    assert_eq!((review.state, review.customer), (ReviewState::Pending, Some(ana)));
    assert_eq!(review.bought_at, Some(NOON));
}

#[test]
fn an_email_is_shown_in_the_browser_and_runs_nothing() {
    let served = Served::with_mail();
    let link = served.link('v');
    let answer = served.get(&link);
    assert_eq!(answer.header("content-security-policy"), PUBLIC_POLICY);
    check(&answer.text());
    assert!(answer.text().contains(&format!("src=\"{link}/html\"")));
    let answer = served.get(&format!("{link}/html"));
    assert_eq!(answer.header("content-security-policy"), LETTER_POLICY);
    assert!(answer.text().contains(&served.link('u')), "the very email, with its links");

    // A shop whose mail leaves keeps no letters: the email is made again.
    let planned = Served::new();
    planned.record(aftercart_engine::segment_api::Call::Track, &order("1001", "P1"));
    let message = planned.message().0.id;
    let token = planned.sign(&Token::Browser { message });
    let answer = planned.get(&format!("/v/{token}/html"));
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text().contains("https://mail.box.example/u/"));
    let nobody = planned.sign(&Token::Browser { message: MessageId(1) });
    assert_eq!(planned.get(&format!("/v/{nobody}")).status, StatusCode::NOT_FOUND);
}

#[test]
fn pictures_are_shown_and_run_nothing() {
    let served = Served::new();
    let answer = served.get("/pictures/p1.png");
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "image/png"));
    assert_eq!(&answer.body[..], b"a picture");
    assert!(answer.header("content-security-policy").contains("sandbox"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    for name in ["none.png", "../store/aftercart.db", "%2e%2e/store", "p1.png/"] {
        assert_eq!(
            served.get(&format!("/pictures/{name}")).status,
            StatusCode::NOT_FOUND,
            "{name}"
        );
    }
}

#[test]
fn the_sample_shop_has_stand_ins_for_its_pages() {
    let mut served = Served::with_mail();
    let message = served.message().0.id;
    let click = |product, url: &str| Token::Click { message, product, url: url.to_owned() };
    let own = served.sign(&click(Some(ProductId(1)), "https://box.example/products/2"));
    let front = served.sign(&click(None, "https://BOX.example"));
    let else_where = served.sign(&click(None, "https://else.example/"));
    assert_eq!(served.get("/shop/P2").status, StatusCode::NOT_FOUND, "a real shop has its own");
    served.app.is_sample = true;
    let answer = served.get(&format!("/c/{own}"));
    assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/shop/P2"));
    assert!(served.message().1.clicked_at.is_some(), "counted before");
    let page = served.get("/shop/P2").text();
    check(&page);
    assert!(visible_text(&page).contains("the shop's page of Product number 2 would open"));
    assert!(page.contains("/pictures/p2.png"));
    assert_eq!(served.get(&format!("/c/{front}")).header("location"), "/shop");
    assert_eq!(served.get("/shop").status, StatusCode::OK);
    let answer = served.get(&format!("/c/{else_where}"));
    assert_eq!(answer.header("location"), "https://else.example/", "what is real is not replaced");
    assert_eq!(served.get("/shop/none").status, StatusCode::NOT_FOUND);
}

#[test]
fn every_page_of_a_link_has_the_headers_of_one() {
    let served = Served::with_mail();
    let wanted = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
    ];
    for link in link_of_each_kind(&served) {
        let answer = served.get(&link);
        for (name, value) in wanted {
            assert_eq!(answer.header(name), value, "{link}");
        }
        assert!(!answer.headers.contains_key(header::SET_COOKIE), "{link}");
        let agent = HeaderValue::from_bytes(b"\xff\xfe <script>").unwrap();
        let mut request = request(Method::GET, &link).body(Body::empty()).unwrap();
        request.headers_mut().insert(HeaderName::from_static("user-agent"), agent);
        assert!(!served.send(request).status.is_server_error(), "{link}");
    }
}
