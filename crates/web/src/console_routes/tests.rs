//! The console asked over its routes, on a small real store.

use std::net::SocketAddr;

use aftercart_engine::{
    Taken,
    segment_api::Call,
    shopify,
    store::{Arrival, ArrivalOutcome},
};
use aftercart_model::{Currency, FlowId};
use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, StatusCode, header},
};
use serde_json::json;

use crate::{
    security::LETTER_POLICY,
    served::{Answer, NOON, Served, block_on, order},
    testing::{check, visible_text},
};

const SENTENCE: &str = "Four emails over ten days to people who bought in the last 30 days and \
                        haven't come back: offer, 10% off, reviews, a last nudge.";

impl Served {
    /// A request by the operator, on the machine itself.
    fn as_operator(&self, method: Method, path: &str, form: Option<&str>) -> Answer {
        let here: SocketAddr = "127.0.0.1:50000".parse().unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.app.listen.to_string())
            .extension(ConnectInfo(here));
        if form.is_some() {
            request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header("sec-fetch-site", "same-origin");
        }
        self.send(request.body(Body::from(form.unwrap_or_default().to_owned())).unwrap())
    }

    fn answer(&self, path: &str) -> Answer {
        self.as_operator(Method::GET, path, None)
    }

    /// A page as a reader sees it; its structure is checked too.
    fn reads(&self, path: &str) -> String {
        let answer = self.answer(path);
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        check(&answer.text());
        visible_text(&answer.text())
    }

    fn posts(&self, path: &str, form: &str) -> String {
        let answer = self.as_operator(Method::POST, path, Some(form));
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}: {}", answer.text());
        answer.header("location").to_owned()
    }

    fn letter_id(&self) -> i64 {
        let page = self.engine.store().read(|tx| tx.letters_page(None, "", 1)).unwrap();
        page[0].id
    }
}

fn has(text: &str, wanted: &[&str]) {
    for it in wanted {
        assert!(text.contains(it), "no `{it}` in:\n{text}");
    }
}

#[test]
fn every_page_stands_with_its_numbers() {
    let served = Served::with_mail();
    let (ana, letter) = (served.ana(), served.letter_id());
    let flow = "/flows/after-order";
    has(&served.reads("/"), &["Good afternoon", "in Lisbon", "After an order", "Last 7 days"]);
    has(&served.reads("/flows"), &["1 flow is live, 1 customer is in them now"]);
    has(
        &served.reads(flow),
        &["1 mailed, 0 held out", "One email", "Order completed", "1 waiting", "no holdout"],
    );
    has(
        &served.reads(&format!("{flow}?step=offer")),
        &["Step 2", "1 delivered", "1 reached this step", "Who got it"],
    );
    has(&served.reads(&format!("{flow}?step=watch")), &["1 reached this step", "Waiting now"]);
    has(&served.reads(&format!("{flow}/enrolments")), &["Ana", "Order 1001", "In it now"]);
    has(&served.reads(&format!("{flow}/enrolments?who=bought")), &["Nobody here"]);
    has(&served.reads(&format!("{flow}/enrolments?step=offer")), &["Reached Offer", "Ana"]);
    has(&served.reads("/reports"), &["After an order", "no holdout"]);
    has(
        &served.reads("/reports/after-order?over=sent&opens=all"),
        &["nobody is held out", "unique customers over sent, opens by machines too", "Offer"],
    );
    has(&served.reads("/customers"), &["25 customers in the shop", "Ana", "€20.00", "Agreed"]);
    has(&served.reads("/customers?q=an"), &["Ana"]);
    has(&served.reads("/customers?q=zzz"), &["Nobody found"]);
    has(
        &served.reads(&format!("/customers/{ana}")),
        &["Did Ana get", "Yes, on Monday 2 March, 12:00.", "Order 1001, €20.00", "Offer sent"],
    );
    let orders = served.reads(&format!("/customers/{ana}?kind=orders"));
    assert!(orders.contains("Order 1001") && !orders.contains("Offer sent"), "{orders}");
    has(
        &served.reads("/products"),
        &["6 products in the catalogue", "Product number 1", "too few orders to tell"],
    );
    has(&served.reads("/products?product=0"), &["Goes with it", "See it in the shop"]);
    has(&served.reads("/products?q=number"), &["Product number 6"]);
    has(&served.reads("/products?q=umber"), &["No product found"]);
    has(&served.reads("/inbox"), &["1 email.", "Ana", "Offer", "Choose an email"]);
    has(
        &served.reads(&format!("/inbox/{letter}")),
        &["Offer of After an order", "ana@mail.example"],
    );
    has(&served.reads(&format!("/inbox/{letter}?view=headers")), &["List-Unsubscribe=One-Click"]);
    has(&served.reads("/assistant"), &["For example", "Write a proposal"]);
}

/// What the command `report` prints is what the page shows.
#[test]
fn the_report_shows_the_figures_of_the_engine() {
    let served = Served::with_mail();
    let flow = FlowId::new("after-order").unwrap();
    let now = aftercart_engine::Clock::now(&*served.clock);
    let report = served.engine.report_flow(&flow, now).unwrap();
    let figures = report.total;
    let shown = served.reads("/reports/after-order");
    let rate = |part| crate::format::percent_of(part, figures.customers_delivered);
    assert_eq!((figures.delivered, figures.customers_delivered), (1, 1));
    has(&shown, &[&rate(figures.opened), &rate(figures.unsubscribed), "The one email"]);
    let map = served.reads("/flows/after-order");
    let credited = served.engine.shop().currency.format_whole(figures.net_minor);
    let orders = format!("{} orders", figures.orders);
    has(&map, &[&credited, &orders, &format!("{} mailed", report.mailed)]);
}

#[test]
fn a_reader_of_the_inbox_counts_as_nobody() {
    let served = Served::with_mail();
    let letter = served.answer(&format!("/inbox/{}/html", served.letter_id()));
    assert_eq!(letter.status, StatusCode::OK);
    assert_eq!(letter.header("content-security-policy"), LETTER_POLICY);
    assert!(letter.text().contains("/pictures/p"), "the shop's pictures are shown");
    assert!(!letter.text().contains("https://mail.box.example"), "no link of ours is alive");
    assert_eq!(served.message().1.opened_at, None);
}

#[test]
fn what_does_not_exist_is_not_found() {
    let served = Served::with_mail();
    for path in [
        "/flows/nothing",
        "/flows/No%20Flow",
        "/flows/nothing/enrolments",
        "/flows/nothing/launch",
        "/reports/nothing",
        "/reports/nothing/lost?step=offer&kind=opened",
        "/reports/after-order/lost?step=offer&kind=x",
        "/reports/after-order/lost?kind=opened",
        "/customers/99999",
        "/customers/ana",
        "/products?product=99",
        "/products?product=x",
        "/inbox/99999",
        "/inbox/x",
        "/inbox/99999/html",
    ] {
        let answer = served.answer(path);
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        check(&answer.text());
        assert!(visible_text(&answer.text()).contains("There is no such page"), "{path}");
    }
    for path in
        ["/flows/nothing/pause", "/reviews/9999/approve", "/reviews/x/approve", "/reviews/1/x"]
    {
        let posted = served.as_operator(Method::POST, path, Some(""));
        assert_eq!(posted.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn a_customers_own_words_never_become_markup() {
    let served = Served::new();
    let hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let traits = json!({"email": "ana@mail.example", "firstName": hostile, "lastName": hostile});
    served.record(Call::Identify, &json!({"userId": "ana", "traits": traits}));
    served.record(Call::Track, &order("1001", "P1"));
    let ana = served.ana();
    for path in ["/customers", "/customers?q=%3Cscript", "/flows/after-order/enrolments"] {
        let html = served.answer(path).text();
        check(&html);
        assert!(!html.contains("<script>alert"), "{path}");
        assert!(html.contains("&lt;script&gt;alert(1)"), "{path}");
    }
    let html = served.answer(&format!("/customers/{ana}")).text();
    check(&html);
    assert!(!html.contains("<img src=x"));
    let html = served.answer("/customers?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").text();
    check(&html);
    assert!(!html.contains("<script>alert"));
}

#[test]
fn another_site_changes_nothing() {
    let served = Served::with_mail();
    let ana = served.ana();
    for path in [
        "/flows/after-order/pause",
        "/flows/after-order/launch",
        "/assistant/accept",
        "/reviews/1/approve",
        &format!("/customers/{ana}/export"),
        &format!("/customers/{ana}/erase"),
        "/customers/requests/1/close",
    ] {
        let here: SocketAddr = "127.0.0.1:50000".parse().unwrap();
        let request = Request::post(path)
            .header(header::HOST, served.app.listen.to_string())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "cross-site")
            .extension(ConnectInfo(here))
            .body(Body::from("sentence=x"))
            .unwrap();
        assert_eq!(served.send(request).status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(served.reads(&format!("/customers/{ana}")).contains("Ana"), "she is there still");
    has(&served.reads("/flows/after-order"), &["Live", "Pause"]);
}

#[test]
fn a_flow_is_paused_and_goes_on() {
    let served = Served::with_mail();
    let flow = "/flows/after-order";
    let there = served.posts(&format!("{flow}/pause"), "");
    assert_eq!(there, "/flows/after-order?done=paused");
    assert!(served.answer(&there).text().contains("The flow is paused"), "it says what was done");
    has(&served.reads(flow), &["Paused for less than a minute.", "Nothing is overdue."]);
    has(&served.reads("/"), &["After an order is paused", "Decide"]);
    // Pausing again changes nothing, and the page says why.
    let again = served.as_operator(Method::POST, &format!("{flow}/pause"), Some(""));
    assert_eq!(again.status, StatusCode::CONFLICT);
    check(&again.text());
    has(&visible_text(&again.text()), &["Nothing was changed.", "not live", "Paused for"]);
    assert!(again.text().contains("href=\"/flows/after-order?step=offer\""), "its links hold");
    let loaded = served.answer(&format!("{flow}/pause"));
    assert_eq!((loaded.status, loaded.header("location")), (StatusCode::SEE_OTHER, flow));
    for overdue in ["overdue=shift", "overdue=skip", "overdue=send"] {
        assert_eq!(
            served.posts(&format!("{flow}/resume"), overdue),
            "/flows/after-order?done=resumed"
        );
        has(&served.reads(flow), &["Live"]);
        served.posts(&format!("{flow}/pause"), "");
    }
    let wrong = served.as_operator(Method::POST, &format!("{flow}/resume"), Some("overdue=x"));
    assert_eq!(wrong.status, StatusCode::NOT_FOUND);
}

#[test]
fn an_email_that_a_pause_holds_back_has_no_time() {
    let served = Served::new();
    served.record(Call::Track, &order("1001", "P1"));
    let page = format!("/customers/{}", served.ana());
    has(&served.reads(&page), &["Will Ana get", "Yes, it goes on Monday 2 March, 12:00."]);
    served.posts("/flows/after-order/pause", "");
    let held = ["Will Ana get", "once the flow is resumed; until then it is held back."];
    has(&served.reads(&page), &held);
    has(&served.reads(&page), &["Once resumedOfferthe flow is paused"]);
    // Nor once the sender has come by it.
    let clock = std::sync::Arc::clone(&served.app.clock);
    let mut inbox = served.engine.catching_inbox(&clock);
    block_on(served.engine.work(&mut inbox, &*clock)).unwrap();
    has(&served.reads(&page), &held);
    has(&served.reads(&page), &["Offer held back until the flow is resumed"]);
}

#[test]
fn a_pause_shifts_what_waits() {
    let served = Served::with_mail();
    let until = || {
        let all = served.engine.store().read(|tx| tx.enrolments_of(served.ana())).unwrap();
        match &all[0].position {
            aftercart_model::Position::Waiting { until, .. } => *until,
            other => panic!("not waiting: {other:?}"),
        }
    };
    let before = until();
    served.posts("/flows/after-order/pause", "");
    let pause = jiff::SignedDuration::from_hours(30);
    let now = aftercart_engine::Clock::now(&*served.clock);
    served.clock.set(now + pause);
    served.posts("/flows/after-order/resume", "overdue=shift");
    assert_eq!(until(), before + pause);
}

#[test]
fn a_sentence_becomes_a_draft_and_then_a_live_flow() {
    let served = Served::with_mail();
    let encoded = crate::console::products::encoded(SENTENCE);
    let page = format!("/assistant?sentence={encoded}");
    has(
        &served.reads(&page),
        &["Understood", "Every word was.", "Not live", "Can be mailed", "Accept as draft"],
    );
    let flows = || served.engine.list_flows(crate::served::NOON).unwrap().len();
    assert_eq!(flows(), 1, "looking changes nothing");
    has(&served.reads(&format!("{page}&hold_out=20%25")), &["Hold out\n20%"]);
    has(&served.reads("/assistant?sentence=zzz+qqq"), &["Sentences near it"]);

    let there = served.posts("/assistant/accept", &format!("sentence={encoded}&hold_out=20%25"));
    let id = there.trim_start_matches("/flows/").split('?').next().unwrap().to_owned();
    let flow = FlowId::new(id.as_str()).unwrap();
    has(
        &served.reads(&format!("/flows/{id}")),
        &["Draft", "Holdout, 20% by lot", "Launch the flow"],
    );
    let asked = served.reads(&format!("/flows/{id}/launch"));
    has(
        &asked,
        &[
            "Launch Upsell",
            "Whoever",
            "Offer, after 2 days",
            "20% of those who enter",
            "nothing leaves this machine",
            "Keep it as a draft",
        ],
    );
    has(&served.reads(&format!("/flows/{id}")), &["Draft"]);
    served.posts(&format!("/flows/{id}/launch"), "");
    let asked = served.answer(&format!("/flows/{id}/launch"));
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "live, it has nothing to ask");
    has(&served.reads(&format!("/flows/{id}")), &["Live", "Pause"]);
    let listed = served.engine.list_flows(crate::served::NOON).unwrap();
    assert!(listed.iter().any(|it| it.id == flow && it.report.is_some()));
    // A sentence of no meaning is not kept, and its page says why.
    assert!(served.posts("/assistant/accept", "sentence=zzz").starts_with("/assistant?sentence="));
}

#[test]
fn a_review_appears_once_an_operator_says_so() {
    let served = Served::with_mail();
    let body = json!({
        "messageId": "review-1",
        "userId": "ana",
        "event": "Product Reviewed",
        "properties": {"product_id": "P1", "rating": 4, "review_body": "It pours <b>well</b>"},
    });
    served.record(Call::Track, &body);
    has(&served.reads("/"), &["1 review waits for your yes", "1 gives 4 stars"]);
    has(&served.reads("/reviews"), &["Waiting 1", "It pours <b>well</b>", "Product number 1"]);
    let html = served.answer("/reviews").text();
    assert!(!html.contains("<b>well"), "a customer's words stay text");
    let id = html.split("/approve\"").next().unwrap().rsplit('/').next().unwrap().to_owned();
    let shown = || served.engine.known().unwrap().reviews.values().map(Vec::len).sum::<usize>();
    assert_eq!(shown(), 0);
    let there = served.posts(&format!("/reviews/{id}/approve"), "list=waiting");
    has(&served.reads(&there), &["No review waits"]);
    let said = served.answer(&there).text();
    has(&said, &["The review is approved", &format!("/reviews/{id}/wait"), "Undo"]);
    assert_eq!(shown(), 1);
    has(&served.reads("/reviews?list=approved"), &["It pours"]);
    served.posts(&format!("/reviews/{id}/decline"), "list=approved");
    assert_eq!(shown(), 0);
    let there = served.posts(&format!("/reviews/{id}/wait"), "");
    has(&served.reads(&there), &["It pours"]);
    has(&served.answer(&there).text(), &["The review waits again"]);
}

#[test]
fn a_leak_leads_to_the_customers_behind_it() {
    let served = Served::with_mail();
    let open = served.sign(&aftercart_engine::Token::Open { message: served.message().0.id });
    let now = aftercart_engine::Clock::now(&*served.clock);
    served.engine.record_open(&open, aftercart_model::Agent::Human, now).unwrap();
    let report = served.answer("/reports/after-order").text();
    let link = "/reports/after-order/lost?step=offer&amp;kind=opened";
    assert!(report.contains(link), "{report}");
    let page = served.reads("/reports/after-order/lost?step=offer&kind=opened");
    has(&page, &["Offer: opened, not clicked", "1 customer, each once", "Ana"]);
    has(&served.reads("/reports/after-order/lost?step=offer&kind=left"), &["Nobody here"]);
}

#[test]
fn a_part_that_cannot_be_read_leaves_the_page_standing() {
    let served = Served::with_mail();
    let broken = FlowId::new("broken").unwrap();
    let save = |tx: &mut aftercart_engine::store::Tx<'_>| {
        tx.save_flow(&broken, "no flow at all", crate::served::NOON).map(drop)
    };
    served.engine.store().write(save).unwrap();
    has(
        &served.reads(&format!("/customers/{}", served.ana())),
        &["Why, and what is next, cannot be read now.", "Try again", "Order 1001"],
    );
    has(&served.reads("/"), &["After an order", "broken"]);
    has(&served.reads("/flows"), &["broken"]);
    let page = served.answer("/flows/broken");
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    has(&visible_text(&page.text()), &["This page cannot be shown now"]);
}

#[test]
fn pages_go_on_where_the_ones_before_ended() {
    let served = Served::new();
    for number in 0..60 {
        let traits = json!({"email": format!("c{number}@mail.example")});
        served.record(Call::Identify, &json!({"userId": format!("c{number}"), "traits": traits}));
    }
    let seen = |path: &str| -> Vec<String> {
        let html = served.answer(path).text();
        let links = html.split("class=\"row-link\" href=\"/customers/").skip(1);
        links.map(|it| it.split('"').next().unwrap().to_owned()).collect()
    };
    let first = seen("/customers");
    let html = served.answer("/customers").text();
    let older = html.split("href=\"/customers?before=").nth(1).expect("there are more");
    let second = seen(&format!("/customers?before={}", older.split('"').next().unwrap()));
    assert_eq!(first.len(), 50);
    assert_eq!(second.len(), 35, "25 of the shop and 60 more in all");
    assert!(first.iter().all(|it| !second.contains(it)));
}

#[test]
fn what_arrives_is_shown_with_what_became_of_it() {
    let served = Served::new();
    let seen = json!({"messageId": "m-1", "userId": "ana", "event": "Wishlist <b>Shared</b>"});
    served.record(Call::Track, &seen);
    let arrival = |name: &str, outcome, status, reason: &str| {
        let (source, key) = ("segment".to_owned(), "m-2".to_owned());
        let (name, reason) = (name.to_owned(), reason.to_owned());
        served.engine.record_arrival(Arrival {
            at: NOON,
            source,
            name,
            key,
            outcome,
            status,
            reason,
        });
    };
    arrival("Product Viewed", ArrivalOutcome::Duplicate, 200, "");
    arrival("track", ArrivalOutcome::Rejected, 400, "`event` is missing; give it");
    served.engine.keep_arrivals().unwrap();
    let all = ["Wishlist <b>Shared</b>", "m-1", "Came before", "400: `event` is missing; give it"];
    has(&served.reads("/events"), &all);
    let refused = served.reads("/events?outcome=rejected");
    has(&refused, &["m-2", "1 refused and 1 that came before"]);
    assert!(!refused.contains("Wishlist"), "{refused}");
    has(&served.reads("/events?outcome=ignored"), &["Nothing of this kind"]);
    has(&served.reads("/events?before=1.1"), &["Newer"]);
}

#[test]
fn a_customer_is_handed_out_and_erased() {
    let served = Served::with_mail();
    let ana = served.ana();
    let page = format!("/customers/{ana}");
    has(&served.reads(&page), &["Export", "Erase…"]);
    let answer = served.as_operator(Method::POST, &format!("{page}/export"), Some(""));
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/json");
    let name = format!("attachment; filename=\"customer-{ana}.json\"");
    assert_eq!(answer.header("content-disposition"), name);
    let document = answer.json();
    assert_eq!(document["customer"]["email"], "ana@mail.example");
    assert_eq!(document["orders"][0]["id"], "1001");
    assert!(document["messages"][0]["letters"][0]["mime"].as_str().unwrap().contains("ana@"));

    has(
        &served.reads(&format!("{page}/erase")),
        &[
            "Erase Ana?",
            "1 enrolment ends",
            "Their name, 1 address and what else they are known by",
            "1 order, as sales of nobody's",
            "Keep them",
            "Erase for ever",
        ],
    );
    has(&served.reads(&page), &["Order 1001"]);
    assert_eq!(served.posts(&format!("{page}/erase"), ""), page);
    for path in [page.clone(), format!("{page}/erase")] {
        let text = served.reads(&path);
        has(&text, &["This customer was erased"]);
        assert!(!text.contains("Ana"), "{text}");
    }
    assert_eq!(served.posts(&format!("{page}/erase"), ""), page, "asked twice");
    let export = served.as_operator(Method::POST, &format!("{page}/export"), Some(""));
    assert_eq!(export.status, StatusCode::NOT_FOUND);
    for path in ["/customers?q=ana", "/inbox", "/flows/after-order/enrolments", "/events"] {
        assert!(!served.answer(path).text().contains("ana@mail.example"), "{path}");
    }
    has(&served.reads("/"), &["After an order"]);
    has(&served.reads("/reports/after-order"), &["Offer"]);
}

#[test]
fn what_people_ask_for_stands_on_the_first_page_until_it_is_done() {
    let served = Served::with_mail();
    let ana = served.ana();
    has(&served.reads("/customers/requests"), &["Nobody waits"]);
    let told = |topic: &str, body: serde_json::Value| {
        let body = body.to_string();
        match shopify::read_webhook(topic, body.as_bytes(), NOON, Currency::EUR) {
            Ok(Taken::Events(events)) => served.engine.record_events(&events, NOON).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    let customer = json!({"email": "ana@mail.example"});
    let request = json!({"customer": customer, "data_request": {"id": 1}});
    told("customers/data_request", request);
    told("shop/redact", json!({"shop_id": 1, "shop_domain": "box.myshopify.com"}));
    has(
        &served.reads("/"),
        &["1 customer asks for what is kept of them", "asks that the whole shop be erased"],
    );
    has(
        &served.reads("/customers/requests"),
        &["Ana asks for", "within a month", "delete its store"],
    );
    served.as_operator(Method::POST, &format!("/customers/{ana}/export"), Some(""));
    let left = served.reads("/customers/requests");
    assert!(!left.contains("Ana asks"), "{left}");
    let number = served.engine.list_requests().unwrap()[0].number;
    let close = format!("/customers/requests/{number}/close");
    assert_eq!(served.posts(&close, ""), "/customers/requests");
    assert_eq!(served.posts(&close, ""), "/customers/requests", "closed is closed");
    has(&served.reads("/customers/requests"), &["Nobody waits"]);
    has(&served.reads(&format!("/customers/{ana}")), &["Ana"]);
    told("customers/redact", json!({"customer": customer}));
    has(&served.reads(&format!("/customers/{ana}")), &["This customer was erased"]);
}

#[test]
fn a_segment_is_written_counted_saved_exported_and_deleted() {
    let served = Served::new();
    served.record(Call::Track, &order("1001", "P1"));
    has(&served.reads("/segments"), &["Bought, looking again, not bought again", "Shipped"]);
    has(&served.reads("/segments/new"), &["New segment", "Begin with a condition."]);

    let asked = "/segments/new?condition=ordered%20at%20least%201%20time%20and%20is%20suppressed";
    has(&served.reads(asked), &["Nobody is left", "Not saved"]);
    has(
        &served.reads("/segments/new?condition=ordered%20at%20lest%201%20time"),
        &["Line 1: ", "lest"],
    );

    let to = served.posts("/segments/save", "name=Buyers&condition=ordered+at+least+1+time");
    assert_eq!(to, "/segments/buyers?done=saved");
    has(&served.reads(&to), &["Buyers", "Saved", "customers now"]);
    let why = served.reads("/segments/buyers?why=ana%40mail.example");
    has(&why, &["in?", "an order of", "Time alone does not change this."]);
    has(&served.reads("/segments/buyers?why=nobody"), &["Nobody is known by nobody"]);

    let csv = served.answer("/segments/buyers/export?as=csv");
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(csv.text().contains("\"ana@mail.example\""), "{}", csv.text());
    let lines = served.answer("/segments/buyers/export?as=ndjson").text();
    assert!(lines.starts_with('{'), "{lines}");

    let taken = served.as_operator(
        Method::POST,
        "/segments/save",
        Some("name=Buyers&condition=ordered+at+least+2+times"),
    );
    assert_eq!(taken.status, StatusCode::CONFLICT);
    assert!(taken.text().contains("There is a segment"));
    let changed = "/segments/buyers?condition=ordered%20at%20least%202%20times";
    has(
        &served.reads(changed),
        &["Changed since it was saved", "25 customers leave with this change, nobody joins."],
    );

    assert_eq!(served.posts("/segments/buyers/delete", ""), "/segments?done=deleted");
    assert_eq!(served.answer("/segments/buyers").status, StatusCode::NOT_FOUND);
    assert_eq!(served.answer("/segments/Not%20an%20id").status, StatusCode::NOT_FOUND);
}

#[test]
fn the_builder_works_without_script() {
    let served = Served::new();
    let page = served.answer("/segments/new?condition=ordered%20at%20least%201%20time").text();
    assert!(page.contains("name=\"n\" value=\"1\""), "its number is a field");
    let answer =
        served.answer("/segments/new?w=ordered+at+least+&n=3&w=+times&idea=is+suppressed&add=");
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let to = answer.header("location").to_owned();
    assert!(to.contains("at%20least%203%20times"), "{to}");
    has(&served.reads(&to), &["is suppressed"]);
}

#[test]
fn a_product_is_pinned_banned_and_the_rule_taken_back() {
    let served = Served::new();
    assert!(served.reads("/products/rules").contains("No rules: the orders alone decide"));
    let page = served.reads("/products?product=0");
    assert!(page.contains("None: the orders alone decide"), "{page}");

    let there = served.posts("/products/0/rules", "do=always&code=p4&relation=cross_sell");
    assert_eq!(there, "/products?product=0&done=added&version=1");
    let page = served.reads(&there);
    has(&page, &["Always shown, by the rule “Always show P4 with P1”"]);
    let toast = served.answer(&there).text();
    has(&toast, &["It is always shown from now on", "/products/rules/undo/1?product=0"]);
    let again = served.posts("/products/0/rules", "do=always&code=P4&relation=cross_sell");
    assert!(again.ends_with("version=1"), "asked twice: {again}");

    let there = served.posts("/products/0/rules", "do=pin&shown=3&relation=cross_sell");
    has(&served.reads(&there), &["Comes first, by the rule “Pin P4 after P1”"]);
    let rules = served.reads("/products/rules");
    has(&rules, &["Pin P4 after P1", "pin: P4, after P1, as cross-sell", "Version 2", "console"]);

    let ban = served.as_operator(Method::POST, "/products/3/rules", Some("do=never_anywhere"));
    assert_eq!(ban.status, StatusCode::CONFLICT, "a rule always shows it");
    has(&visible_text(&ban.text()), &["which rule `Never show P4` never shows"]);

    let there = served.posts("/products/rules/undo/2?product=0", "");
    assert_eq!(there, "/products?product=0&done=undone&version=3");
    let page = served.reads(&there);
    assert!(!page.contains("Comes first"), "{page}");
    let toast = served.answer(&there).text();
    assert!(toast.contains("Taken back") && !toast.contains("/undo/"), "{toast}");
    let late = served.as_operator(Method::POST, "/products/rules/undo/2", Some(""));
    assert_eq!(late.status, StatusCode::CONFLICT);
    has(&visible_text(&late.text()), &["The rules were changed again since (version 3)"]);

    let name = "name=Always+show+P4+with+P1";
    assert_eq!(
        served.posts("/products/rules/remove", name),
        "/products/rules?done=removed&version=4"
    );
    let there = served.posts("/products/3/rules", "do=never_anywhere");
    has(&served.reads(&there), &["Never show P4"]);
    has(&served.answer(&there).text(), &["It is no longer shown"]);
}

#[test]
fn a_wish_that_names_no_product_is_refused_with_what_was_meant() {
    let served = Served::new();
    let refused = |form: &str| {
        let answer = served.as_operator(Method::POST, "/products/0/rules", Some(form));
        assert_eq!(answer.status, StatusCode::CONFLICT, "{form}");
        visible_text(&answer.text())
    };
    has(&refused("do=always&code=P44"), &["names the product `P44`", "did you mean `P4`?"]);
    has(&refused("do=always&code=+"), &["give its code"]);
    has(&refused("do=always&code=P1"), &["`P1` cannot be shown with itself"]);
    let status = |path: &str, form: &str| served.as_operator(Method::POST, path, Some(form)).status;
    assert_eq!(status("/products/99/rules", "do=pin&shown=1"), StatusCode::NOT_FOUND);
    assert_eq!(status("/products/0/rules", "do=sell"), StatusCode::NOT_FOUND);
    let strange = Request::post("/products/0/rules")
        .header(header::HOST, served.app.listen.to_string())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site")
        .extension(ConnectInfo("127.0.0.1:50000".parse::<SocketAddr>().unwrap()));
    let answer = served.send(strange.body(Body::from("do=never_anywhere")).unwrap());
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "another site changes nothing");
    assert!(served.reads("/products/rules").contains("No rules"));
}
