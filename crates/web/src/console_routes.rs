//! The handlers of the console: each reads its address, asks the engine, fills a page, renders it.
//!
//! What a page cannot stand without fails the page; what it can stand without is asked apart and
//! says by itself that it is missing. A change is a `POST` and leads back to the page it was made
//! on, which then says what was done.

mod products;
mod segments;

use aftercart_engine::{
    ArrivalsBefore, Engine, Overdue, Planned, assist::Choice, slot_named, store::FlowState,
};
use aftercart_model::{CustomerId, EnrolmentId, FlowId, StepId, Timestamp};
use anyhow::Result;
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use maud::Markup;
use serde::Deserialize;
use tracing::{error, warn};

use crate::{
    App, AskError, Layout,
    console::{
        CustomerPage, FlowPage,
        arrivals::ArrivalOutcome,
        assistant::SENTENCE_LENGTH_MAX,
        customer::TimelineFilter,
        figures::RateBasis,
        flow::EnrolmentFilter,
        inbox::LetterView as ShownAs,
        products::encoded,
        reviews::{ReviewList, decided},
    },
    fill::{self, surroundings::Surroundings},
    layout::Toast,
    routes::{self, destination, failed, not_found, page},
    security,
};

/// More than anybody types into a field.
const QUERY_CHARS_MAX: usize = 200;
/// Arrivals of a page.
const ARRIVALS_COUNT: u32 = 50;
/// Products that would be recommended to a customer.
const ADVICE_COUNT: usize = 3;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(home))
        .route("/go", get(go))
        .route("/flows", get(flows))
        .route("/flows/{id}", get(flow))
        .route("/flows/{id}/enrolments", get(enrolments))
        .route("/flows/{id}/pause", get(back_to_flow).post(pause_flow))
        .route("/flows/{id}/resume", get(back_to_flow).post(resume_flow))
        .route("/flows/{id}/launch", get(confirm_launch).post(launch_flow))
        .route("/segments", get(segments::segments))
        .route("/segments/new", get(segments::new_segment))
        .route("/segments/save", get(back_to_segments).post(segments::save_segment))
        .route("/segments/{id}", get(segments::segment))
        .route("/segments/{id}/delete", get(back_to_segments).post(segments::delete_segment))
        .route("/segments/{id}/export", get(segments::export_segment))
        .route("/reports", get(reports))
        .route("/reports/{flow}", get(report))
        .route("/reports/{flow}/lost", get(lost))
        .route("/customers", get(customers))
        .route("/customers/requests", get(requests))
        .route("/customers/requests/{number}/close", post(close_request))
        .route("/customers/{id}", get(customer))
        .route("/customers/{id}/export", get(back_to_customer).post(export_customer))
        .route("/customers/{id}/erase", get(confirm_erasure).post(erase_customer))
        .route("/products", get(products::products))
        .route("/products/{id}/rules", get(products::back_to_product).post(products::add_rule))
        .route("/products/rules", get(products::rules))
        .route("/products/rules/remove", get(products::back_to_rules).post(products::remove_rule))
        .route(
            "/products/rules/undo/{version}",
            get(products::back_to_rules).post(products::undo_rules),
        )
        .route("/reviews", get(reviews))
        .route("/reviews/{id}/{word}", post(decide_review))
        .route("/events", get(arrivals))
        .route("/inbox", get(inbox))
        .route("/inbox/{id}", get(letter))
        .route("/inbox/{id}/html", get(letter_html))
        .route("/assistant", get(assistant))
        .route("/assistant/accept", post(accept))
        .layer(middleware::from_fn(security::guard_console))
}

/// Asks for what a page shows and renders it; `None` is a thing that does not exist.
async fn show<T: Send + 'static>(
    app: &App,
    headers: &HeaderMap,
    toast: Option<Toast>,
    ask: impl FnOnce(&Engine, Timestamp) -> Result<Option<T>> + Send + 'static,
    render: impl FnOnce(T, &Layout) -> Markup,
) -> Response {
    let asked = app.ask(|engine, now| {
        let around = or_missing("what stands around a page", Surroundings::read(engine, now));
        Ok((around.unwrap_or_else(|()| Surroundings::unread(now)), ask(engine, now)?))
    });
    match asked.await {
        Ok((surroundings, Some(found))) => {
            let layout = surroundings.layout(app, headers, toast);
            page(render(found, &layout))
        }
        Ok((surroundings, None)) => not_found(&surroundings.layout(app, headers, None)),
        Err(err) => broken(app, headers, &err),
    }
}

/// The page that stands for one that cannot be shown.
fn broken(app: &App, headers: &HeaderMap, err: &AskError) -> Response {
    error!("a page of the console cannot be shown: {err}");
    let layout = Surroundings::unread(app.clock.now()).layout(app, headers, None);
    let mut response = failed(&layout);
    if matches!(err, AskError::Busy | AskError::Late) {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

async fn missing(app: &App, headers: &HeaderMap) -> Response {
    show(
        app,
        headers,
        None,
        |_, _| Ok(None::<()>),
        |(), layout| crate::console::MissingPage::not_found().render(layout),
    )
    .await
}

/// A part that a page can stand without: what went wrong is logged, the page says that it is missing.
fn or_missing<T>(what: &str, part: Result<T>) -> Result<T, ()> {
    part.map_err(|err| error!("{what} cannot be shown: {err:#}"))
}

fn cut(text: Option<String>) -> String {
    text.unwrap_or_default().trim().chars().take(QUERY_CHARS_MAX).collect()
}

async fn home(State(app): State<App>, headers: HeaderMap) -> Response {
    let is_sample = app.is_sample;
    let view = |engine: &Engine, now| engine.view_home(now).map(Some);
    show(&app, &headers, None, view, |view, layout| {
        fill::home::page(&view, layout, is_sample).render(layout)
    })
    .await
}

#[derive(Debug, Deserialize)]
struct Search {
    q: Option<String>,
}

async fn go(State(app): State<App>, headers: HeaderMap, Query(search): Query<Search>) -> Response {
    match app.ask(|engine, _| engine.name_flows()).await {
        Ok((flows, _)) => {
            let flows: Vec<(String, String)> =
                flows.into_iter().map(|(id, name)| (id.into(), name)).collect();
            Redirect::to(&destination(&cut(search.q), &flows)).into_response()
        }
        Err(err) => broken(&app, &headers, &err),
    }
}

async fn flows(State(app): State<App>, headers: HeaderMap) -> Response {
    let view = |engine: &Engine, now| engine.list_flows(now).map(Some);
    show(&app, &headers, None, view, |flows, layout| fill::flows::page(&flows).render(layout)).await
}

/// The address of a change, asked for as a page.
async fn back_to_segments() -> Redirect {
    Redirect::to("/segments")
}

async fn reports(State(app): State<App>, headers: HeaderMap) -> Response {
    let view = |engine: &Engine, now| engine.list_flows(now).map(Some);
    show(&app, &headers, None, view, |flows, layout| fill::flows::reports(&flows).render(layout))
        .await
}

#[derive(Debug, Deserialize)]
struct FlowQuery {
    step: Option<String>,
    /// `enrolments` leads to their page.
    view: Option<String>,
    /// What was just done, to be said.
    done: Option<String>,
}

async fn flow(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<FlowQuery>,
) -> Response {
    let Ok(id) = FlowId::new(id) else { return missing(&app, &headers).await };
    if query.view.as_deref() == Some("enrolments") {
        return Redirect::to(&format!("/flows/{id}/enrolments")).into_response();
    }
    let toast = query.done.as_deref().and_then(|done| said(&id, done));
    let view = move |engine: &Engine, now| {
        let Some(view) = engine.view_flow(&id, now)? else { return Ok(None) };
        Ok(Some((engine.send_days(&id)?, view)))
    };
    show(&app, &headers, toast, view, |(send_days, view), layout| {
        let asked = fill::flow::Asked::Map { step: query.step.as_deref() };
        fill::flow::page(&view, &send_days, &asked, layout).render(layout)
    })
    .await
}

/// What a page says after a change that led to it.
fn said(id: &FlowId, done: &str) -> Option<Toast> {
    let (text, undo) = match done {
        "paused" => ("The flow is paused", Some("resume")),
        "resumed" => ("The flow is live again", Some("pause")),
        "launched" => ("The flow is live", Some("pause")),
        "accepted" => ("Kept as a draft; launching it is a second step", None),
        _ => return None,
    };
    let undo_action = undo.map(|it| format!("/flows/{id}/{it}"));
    Some(Toast { text: text.to_owned(), undo_action })
}

#[derive(Debug, Deserialize)]
struct EnrolmentsQuery {
    who: Option<String>,
    step: Option<String>,
    before: Option<String>,
}

async fn enrolments(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<EnrolmentsQuery>,
) -> Response {
    let Ok(id) = FlowId::new(id) else { return missing(&app, &headers).await };
    let filter = query.who.as_deref().and_then(EnrolmentFilter::from_name);
    let filter = filter.unwrap_or(EnrolmentFilter::Everyone);
    let step = query.step.and_then(|it| StepId::new(it).ok());
    let before: Option<EnrolmentId> = query.before.and_then(|it| it.parse().ok());
    let wanted = step.clone();
    let view = move |engine: &Engine, now| {
        let Some(view) = engine.view_flow(&id, now)? else { return Ok(None) };
        let asked = fill::flow::asked(filter);
        let page = engine.enrolments_page(&id, asked, wanted.as_ref(), before)?;
        Ok(Some((engine.send_days(&id)?, view, page)))
    };
    show(&app, &headers, None, view, |(send_days, view, page), layout| {
        let is_first = before.is_none();
        let step = step.as_ref();
        let asked = fill::flow::Asked::Enrolments { filter, step, page: &page, is_first };
        let page: FlowPage = fill::flow::page(&view, &send_days, &asked, layout);
        page.render(layout)
    })
    .await
}

async fn pause_flow(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    change_flow(&app, &headers, id, "paused", |engine, id, now| engine.pause_flow(id, now)).await
}

#[derive(Debug, Deserialize)]
struct ResumeForm {
    overdue: Option<String>,
}

async fn resume_flow(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(form): Form<ResumeForm>,
) -> Response {
    let overdue = match form.overdue.as_deref() {
        Some("shift") => Overdue::Shift,
        Some("skip") => Overdue::Skip,
        // A pause taken back at once has nothing overdue.
        Some("send") | None => Overdue::Send,
        Some(_) => return missing(&app, &headers).await,
    };
    change_flow(&app, &headers, id, "resumed", move |engine, id, now| {
        engine.resume_flow_as(id, overdue, now)
    })
    .await
}

async fn launch_flow(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    change_flow(&app, &headers, id, "launched", |engine, id, now| engine.launch_campaign(id, now))
        .await
}

/// Asks before a draft goes live; what is not a draft any more shows how it stands.
async fn confirm_launch(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = FlowId::new(id) else { return missing(&app, &headers).await };
    let here = id.clone();
    let view = move |engine: &Engine, now| {
        let Some(view) = engine.view_flow(&id, now)? else { return Ok(None) };
        Ok(Some((engine.send_days(&id)?, view)))
    };
    let shown = app.ask(view);
    match shown.await {
        Ok(Some((_, view))) if view.stored.state != FlowState::Draft => {
            Redirect::to(&format!("/flows/{here}")).into_response()
        }
        Ok(found) => {
            let found = move |_: &Engine, _| Ok(found);
            show(&app, &headers, None, found, |(send_days, view), layout| {
                fill::launch::page(&view, &send_days).render(layout)
            })
            .await
        }
        Err(err) => broken(&app, &headers, &err),
    }
}

/// The address of a change, asked for as a page: a refusal stood there, and the page was loaded again.
async fn back_to_flow(Path(id): Path<String>) -> Response {
    match FlowId::new(id) {
        Ok(id) => Redirect::to(&format!("/flows/{id}")).into_response(),
        Err(_) => Redirect::to("/flows").into_response(),
    }
}

/// Changes a flow that exists and leads back to it. A change that is refused, such as pausing what
/// is paused, shows the flow as it stands with the reason above it.
async fn change_flow(
    app: &App,
    headers: &HeaderMap,
    id: String,
    done: &str,
    change: impl FnOnce(&Engine, &FlowId, Timestamp) -> Result<()> + Send + 'static,
) -> Response {
    let Ok(id) = FlowId::new(id) else { return missing(app, headers).await };
    let wanted = id.clone();
    let changed = app.ask(move |engine, now| {
        let exists = engine.store().read(|tx| tx.flow(&wanted))?.is_some();
        Ok(exists.then(|| change(engine, &wanted, now)))
    });
    match changed.await {
        Ok(Some(Ok(()))) => Redirect::to(&format!("/flows/{id}?done={done}")).into_response(),
        Ok(Some(Err(err))) => {
            warn!(flow.id = %id, "the flow was not changed: {err:#}");
            refused(app, headers, id, fill::first_upper(&format!("{err:#}"))).await
        }
        Ok(None) => missing(app, headers).await,
        Err(err) => broken(app, headers, &err),
    }
}

/// A flow's page with why it was not changed.
async fn refused(app: &App, headers: &HeaderMap, id: FlowId, why: String) -> Response {
    let view = move |engine: &Engine, now| {
        let Some(view) = engine.view_flow(&id, now)? else { return Ok(None) };
        Ok(Some((engine.send_days(&id)?, view)))
    };
    let mut response = show(app, headers, None, view, |(send_days, view), layout| {
        let asked = fill::flow::Asked::Map { step: None };
        let page = fill::flow::page(&view, &send_days, &asked, layout);
        FlowPage { refused: Some(why), ..page }.render(layout)
    })
    .await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::CONFLICT;
    }
    response
}

#[derive(Debug, Deserialize)]
struct ReportQuery {
    over: Option<String>,
    opens: Option<String>,
}

async fn report(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<ReportQuery>,
) -> Response {
    let Ok(id) = FlowId::new(id) else { return missing(&app, &headers).await };
    let basis = RateBasis {
        is_over_sent: query.over.as_deref() == Some("sent"),
        counts_machine_opens: query.opens.as_deref() == Some("all"),
    };
    let view = move |engine: &Engine, now| {
        if engine.store().read(|tx| tx.flow(&id))?.is_none() {
            return Ok(None);
        }
        let report = engine.report_flow(&id, now)?;
        let suggestions = or_missing("what to change", engine.suggest(&report));
        Ok(Some((engine.send_days(&id)?, report, suggestions)))
    };
    show(&app, &headers, None, view, |(send_days, report, suggestions), layout| {
        fill::report::page(&report, &send_days, suggestions, basis).render(layout)
    })
    .await
}

#[derive(Debug, Deserialize)]
struct LostQuery {
    step: Option<String>,
    kind: Option<String>,
    after: Option<String>,
}

async fn lost(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<LostQuery>,
) -> Response {
    let step = query.step.and_then(|it| StepId::new(it).ok());
    let kind = query.kind.as_deref().and_then(fill::lost::named);
    let (Ok(id), Some(step), Some(kind)) = (FlowId::new(id), step, kind) else {
        return missing(&app, &headers).await;
    };
    let after: Option<CustomerId> = query.after.and_then(|it| it.parse().ok());
    let (flow, of) = (id.clone(), step.clone());
    let view = move |engine: &Engine, _| engine.view_lost_customers(&id, &step, kind, after);
    show(&app, &headers, None, view, |view, layout| {
        let is_first = after.is_none();
        fill::lost::page(&view, flow.as_str(), of.as_str(), kind, is_first).render(layout)
    })
    .await
}

#[derive(Debug, Deserialize)]
struct ReviewsQuery {
    list: Option<String>,
    before: Option<String>,
    /// What was just decided, to be said, and of which review.
    done: Option<String>,
    review: Option<i64>,
}

async fn reviews(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<ReviewsQuery>,
) -> Response {
    let list = query.list.as_deref().and_then(ReviewList::from_name);
    let list = list.unwrap_or(ReviewList::Waiting);
    let before: Option<i64> = query.before.and_then(|it| it.parse().ok());
    let done = query.done.as_deref().and_then(ReviewList::from_name);
    let toast = done.map(|done| Toast {
        text: decided(done).to_owned(),
        undo_action: query
            .review
            .filter(|_| done != ReviewList::Waiting)
            .map(|id| format!("/reviews/{id}/wait")),
    });
    let view =
        move |engine: &Engine, _| engine.view_reviews(fill::reviews::state(list), before).map(Some);
    show(&app, &headers, toast, view, |view, layout| {
        fill::reviews::page(&view, before.is_none()).render(layout)
    })
    .await
}

#[derive(Debug, Deserialize)]
struct DecisionForm {
    /// The list it was decided on, to which it leads back.
    list: Option<String>,
}

async fn decide_review(
    State(app): State<App>,
    headers: HeaderMap,
    Path((id, word)): Path<(String, String)>,
    Form(form): Form<DecisionForm>,
) -> Response {
    let decision = match word.as_str() {
        "approve" => ReviewList::Approved,
        "decline" => ReviewList::Declined,
        "wait" => ReviewList::Waiting,
        _ => return missing(&app, &headers).await,
    };
    let Ok(id) = id.parse::<i64>() else { return missing(&app, &headers).await };
    let moderated =
        app.ask(move |engine, _| engine.moderate_review(id, fill::reviews::state(decision)));
    match moderated.await {
        Ok(Some(_)) => {
            let list = form.list.as_deref().and_then(ReviewList::from_name);
            let list = list.unwrap_or(ReviewList::Waiting).name();
            let done = decision.name();
            Redirect::to(&format!("/reviews?list={list}&done={done}&review={id}")).into_response()
        }
        Ok(None) => missing(&app, &headers).await,
        Err(err) => broken(&app, &headers, &err),
    }
}

#[derive(Debug, Deserialize)]
struct CustomersQuery {
    q: Option<String>,
    before: Option<String>,
}

async fn customers(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<CustomersQuery>,
) -> Response {
    let search = cut(query.q);
    let before: Option<CustomerId> = query.before.and_then(|it| it.parse().ok());
    let wanted = search.clone();
    let view = move |engine: &Engine, _| engine.view_customers(&wanted, before).map(Some);
    show(&app, &headers, None, view, |view, layout| {
        fill::customers::page(&view, &search, before.is_none()).render(layout)
    })
    .await
}

#[derive(Debug, Deserialize)]
struct CustomerQuery {
    flow: Option<String>,
    step: Option<String>,
    kind: Option<String>,
    before: Option<String>,
}

async fn customer(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<CustomerQuery>,
) -> Response {
    let Ok(id) = id.parse::<CustomerId>() else { return missing(&app, &headers).await };
    let filter = query.kind.as_deref().and_then(TimelineFilter::from_name);
    let filter = filter.unwrap_or(TimelineFilter::Everything);
    let before = query.before.as_deref().and_then(place_in_timeline);
    let flow = query.flow.and_then(|it| FlowId::new(it).ok());
    let step = query.step.and_then(|it| StepId::new(it).ok());
    let view = move |engine: &Engine, now| {
        let of = fill::customer::timeline_of(filter);
        let Some(view) = engine.view_customer(id, of, before, now)? else {
            return Ok(engine.is_customer_erased(id)?.then_some(None));
        };
        let asked = (flow.as_ref(), step.as_ref());
        let answer = engine.explain_customer(id, asked, now);
        let known = engine.known()?;
        let advice = match known.model.is_some() && !view.orders.is_empty() {
            true => {
                let advice = engine.advise_on_customer(id, ADVICE_COUNT, now);
                or_missing("what would be recommended", advice).ok()
            }
            false => None,
        };
        Ok(Some(Some(fill::customer::Read {
            view,
            answer: or_missing("an answer", answer),
            advice,
            known,
            rules: engine.rules().clone(),
        })))
    };
    show(&app, &headers, None, view, |read, layout| match read {
        Some(read) => fill::customer::page(&read, filter, before.is_none(), layout).render(layout),
        None => CustomerPage::erased(layout),
    })
    .await
}

/// Everything that is kept of a customer, to be saved as a file. What they asked for is then done.
async fn export_customer(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse::<CustomerId>() else { return missing(&app, &headers).await };
    let exported = app.ask(move |engine, now| {
        let Some(export) = engine.export_customer(id, now)? else { return Ok(None) };
        engine.close_exports_of(id, now)?;
        Ok(Some(serde_json::to_string_pretty(&export)?))
    });
    match exported.await {
        Ok(Some(text)) => {
            let name = format!("attachment; filename=\"customer-{id}.json\"");
            let kind = (header::CONTENT_TYPE, "application/json".to_owned());
            ([kind, (header::CONTENT_DISPOSITION, name)], text).into_response()
        }
        Ok(None) => missing(&app, &headers).await,
        Err(err) => broken(&app, &headers, &err),
    }
}

async fn back_to_customer(Path(id): Path<String>) -> Response {
    match id.parse::<CustomerId>() {
        Ok(id) => Redirect::to(&format!("/customers/{id}")).into_response(),
        Err(_) => Redirect::to("/customers").into_response(),
    }
}

/// Asks before a customer is erased, and says what goes and what stays.
async fn confirm_erasure(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse::<CustomerId>() else { return missing(&app, &headers).await };
    let view = move |engine: &Engine, _| match engine.show_erasure(id)? {
        Some(shown) => Ok(Some(Some(shown))),
        None => Ok(engine.is_customer_erased(id)?.then_some(None)),
    };
    show(&app, &headers, None, view, |shown, layout| match shown {
        Some(shown) => fill::erase::page(&shown).render(layout),
        None => CustomerPage::erased(layout),
    })
    .await
}

async fn erase_customer(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse::<CustomerId>() else { return missing(&app, &headers).await };
    let erased = app.ask(move |engine, now| {
        if engine.show_erasure(id)?.is_some() {
            engine.erase_customer(id, now)?;
            return Ok(true);
        }
        engine.is_customer_erased(id) // Asked twice; it is done.
    });
    match erased.await {
        Ok(true) => Redirect::to(&format!("/customers/{id}")).into_response(),
        Ok(false) => missing(&app, &headers).await,
        Err(err) => broken(&app, &headers, &err),
    }
}

async fn requests(State(app): State<App>, headers: HeaderMap) -> Response {
    let view = |engine: &Engine, _| engine.list_requests().map(Some);
    show(&app, &headers, None, view, |open, layout| fill::requests::page(&open).render(layout))
        .await
}

async fn close_request(
    State(app): State<App>,
    headers: HeaderMap,
    Path(number): Path<String>,
) -> Response {
    let Ok(number) = number.parse::<u64>() else { return missing(&app, &headers).await };
    // One that is closed already is as it was wished to be.
    let closed = app.ask(move |engine, now| Ok(engine.close_request(number, now).is_ok()));
    match closed.await {
        Ok(_) => Redirect::to("/customers/requests").into_response(),
        Err(err) => broken(&app, &headers, &err),
    }
}

/// `1772366400000-77`: before which event of a timeline its next page begins.
fn place_in_timeline(text: &str) -> Option<(Timestamp, u64)> {
    let (at, seq) = text.split_once('-')?;
    let at = Timestamp::from_millisecond(at.parse().ok()?).ok()?;
    Some((at, seq.parse().ok()?))
}

#[derive(Debug, Deserialize)]
struct ArrivalsQuery {
    outcome: Option<String>,
    before: Option<String>,
}

async fn arrivals(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<ArrivalsQuery>,
) -> Response {
    let shown = query.outcome.as_deref().and_then(ArrivalOutcome::from_name);
    let before: Option<ArrivalsBefore> = query.before.and_then(|it| it.parse().ok());
    let listen = app.listen;
    let view = move |engine: &Engine, now| {
        let from = before.unwrap_or(ArrivalsBefore::NEWEST);
        let asked = shown.map(fill::arrivals::asked);
        let page = engine.view_arrivals(from, ARRIVALS_COUNT, asked)?;
        Ok(Some((page, engine.count_arrivals(now)?)))
    };
    show(&app, &headers, None, view, |(page, counts), layout| {
        fill::arrivals::page(&page, &counts, shown, before.is_none(), listen).render(layout)
    })
    .await
}

#[derive(Debug, Deserialize)]
struct InboxQuery {
    q: Option<String>,
    before: Option<String>,
    view: Option<String>,
    /// A letter has an address of its own.
    letter: Option<i64>,
}

async fn inbox(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<InboxQuery>,
) -> Response {
    if let Some(id) = query.letter {
        let view = query.view.as_deref().and_then(ShownAs::from_name).map(ShownAs::name);
        let view = view.map_or_else(String::new, |it| format!("?view={it}"));
        return Redirect::to(&format!("/inbox/{id}{view}")).into_response();
    }
    mailbox(&app, &headers, None, query).await
}

async fn letter(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<InboxQuery>,
) -> Response {
    match id.parse() {
        Ok(id) => mailbox(&app, &headers, Some(id), query).await,
        Err(_) => missing(&app, &headers).await,
    }
}

/// The inbox with the letter `id` open in it.
async fn mailbox(app: &App, headers: &HeaderMap, id: Option<i64>, query: InboxQuery) -> Response {
    let search = cut(query.q);
    let before: Option<i64> = query.before.and_then(|it| it.parse().ok());
    let shown = query.view.as_deref().and_then(ShownAs::from_name).unwrap_or(ShownAs::Desktop);
    let wanted = search.clone();
    let view = move |engine: &Engine, _| {
        let letter = match id {
            Some(id) => match engine.view_letter(id)? {
                Some(letter) => Some(letter),
                None => return Ok(None),
            },
            None => None,
        };
        Ok(Some((engine.view_inbox(&wanted, before)?, letter)))
    };
    show(app, headers, None, view, |(view, letter), layout| {
        fill::inbox::page(&view, letter.as_ref(), &search, before.is_none(), shown).render(layout)
    })
    .await
}

/// A letter for the sandboxed frame, under the policy of a letter.
async fn letter_html(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse() else { return missing(&app, &headers).await };
    match app.ask(move |engine, _| engine.view_letter(id)).await {
        Ok(Some(letter)) => routes::letter(letter.html),
        Ok(None) => missing(&app, &headers).await,
        Err(err) => broken(&app, &headers, &err),
    }
}

/// The sentence, and what was chosen otherwise: the name of a slot and its value.
type Words = Vec<(String, String)>;

fn read_words(words: Words) -> (String, Vec<Choice>) {
    let mut sentence = String::new();
    let mut choices = Vec::new();
    for (name, value) in words {
        if name == "sentence" {
            sentence = value.trim().chars().take(SENTENCE_LENGTH_MAX).collect();
        } else if let Some(slot) = slot_named(&name) {
            let value = value.chars().take(QUERY_CHARS_MAX).collect();
            choices.push(Choice { slot, value });
        }
    }
    (sentence, choices)
}

enum Assistance {
    Page(Box<crate::console::AssistantPage>),
    Proposed(Box<fill::assistant::Read>),
}

async fn assistant(
    State(app): State<App>,
    headers: HeaderMap,
    Query(words): Query<Words>,
) -> Response {
    let (sentence, choices) = read_words(words);
    let asked = sentence.clone();
    let view = move |engine: &Engine, now| assist(engine, &asked, &choices, now).map(Some);
    let here = format!("/assistant?sentence={}", encoded(&sentence));
    show(&app, &headers, None, view, |found, layout| match found {
        Assistance::Page(page) => page.render(layout),
        Assistance::Proposed(read) => {
            fill::assistant::proposed(&sentence, &here, &read, layout).render(layout)
        }
    })
    .await
}

fn assist(
    engine: &Engine,
    sentence: &str,
    choices: &[Choice],
    now: Timestamp,
) -> Result<Assistance> {
    let page = |page| Ok(Assistance::Page(Box::new(page)));
    if sentence.is_empty() {
        return page(fill::assistant::empty(engine.example_sentences()?));
    }
    let proposal = match engine.plan_sentence(sentence, choices)? {
        Planned::Proposal(proposal) => *proposal,
        Planned::NotUnderstood(refusal) => {
            let examples = engine.example_sentences()?;
            return page(fill::assistant::not_understood(sentence, examples, &refusal));
        }
        Planned::BadChoice(words) => {
            let examples = engine.example_sentences()?;
            return page(fill::assistant::refused(sentence, examples, &words));
        }
    };
    Ok(Assistance::Proposed(Box::new(fill::assistant::Read {
        who: or_missing("who would get it", engine.proposed_audience(&proposal, now)),
        replay: or_missing("the replay", engine.proposed_replay(&proposal, now)),
        findings: engine.check_proposal(&proposal),
        pictures: engine.proposed_pictures(&proposal)?,
        chosen: choices.iter().map(|it| aftercart_engine::slot_name(it.slot)).collect(),
        proposal,
    })))
}

/// Keeps a proposal as drafts and leads to its flow.
async fn accept(State(app): State<App>, headers: HeaderMap, Form(words): Form<Words>) -> Response {
    let (sentence, choices) = read_words(words);
    let here = format!("/assistant?sentence={}", encoded(&sentence));
    let kept = app.ask(move |engine, now| match engine.plan_sentence(&sentence, &choices)? {
        Planned::Proposal(_) => engine.accept_sentence(&sentence, &choices, now).map(Some),
        Planned::NotUnderstood(_) | Planned::BadChoice(_) => Ok(None),
    });
    match kept.await {
        Ok(Some(accepted)) => {
            Redirect::to(&format!("/flows/{}?done=accepted", accepted.flow)).into_response()
        }
        // The page of the sentence says what is wrong with it.
        Ok(None) => Redirect::to(&here).into_response(),
        Err(err) => broken(&app, &headers, &err),
    }
}

#[cfg(test)]
mod tests;
