//! The handlers of segments: all of them, one with what is being tried of it, saving, deleting, files.

use std::time::Instant;

use aftercart_engine::{
    Engine, ExportFormat, SegmentAsked, id_of_name,
    segment::{Condition, parse},
};
use aftercart_model::SegmentId;
use anyhow::Result;
use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use tracing::warn;

use super::{broken, missing, show};
use crate::{
    App,
    console::{products::encoded, segment::compose},
    fill::{self, segments::Edit},
    layout::Toast,
};

/// Names of pages below `/segments`, which no segment can have.
const RESERVED: [&str; 2] = ["new", "save"];

pub(super) async fn segments(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<Done>,
) -> Response {
    let toast = query.done.as_deref().and_then(said);
    let view = |engine: &Engine, now| {
        let everybody = engine.store().read(|tx| tx.count_customers())?;
        Ok(Some((engine.list_segments(now)?, engine.list_lists()?, everybody)))
    };
    show(&app, &headers, toast, view, |(segments, lists, everybody), layout| {
        fill::segments::page(&segments, &lists, everybody).render(layout)
    })
    .await
}

#[derive(Debug, Deserialize)]
pub(super) struct Done {
    done: Option<String>,
}

fn said(done: &str) -> Option<Toast> {
    let text = match done {
        "saved" => "Saved",
        "deleted" => "The segment is deleted",
        _ => return None,
    };
    Some(Toast { text: text.to_owned(), undo_action: None })
}

type Pairs = Vec<(String, String)>;

fn value<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

pub(super) async fn new_segment(
    State(app): State<App>,
    headers: HeaderMap,
    Query(pairs): Query<Pairs>,
) -> Response {
    ask(&app, &headers, None, &pairs, None).await
}

pub(super) async fn segment(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(pairs): Query<Pairs>,
) -> Response {
    match SegmentId::new(id) {
        Ok(id) => ask(&app, &headers, Some(id), &pairs, None).await,
        Err(_) => missing(&app, &headers).await,
    }
}

/// A segment with what its address asks. What the builder sends leads to the same page with the
/// condition written out.
async fn ask(
    app: &App,
    headers: &HeaderMap,
    id: Option<SegmentId>,
    pairs: &Pairs,
    refused: Option<String>,
) -> Response {
    if let Some(built) = built(pairs) {
        let here = id.as_ref().map_or("new", |it| it.as_str());
        return Redirect::to(&format!("/segments/{here}?condition={}", encoded(&built)))
            .into_response();
    }
    let draw = value(pairs, "draw").and_then(|it| it.parse().ok()).unwrap_or(0);
    let asked = SegmentAsked {
        id,
        draft: value(pairs, "condition").map(|it| it.replace("\r\n", "\n")),
        draw,
        why: value(pairs, "why").map(str::to_owned),
        compares: value(pairs, "compare").is_some(),
    };
    let is_refused = refused.is_some();
    let toast = value(pairs, "done").and_then(said);
    let view = move |engine: &Engine, now| {
        let begin = Instant::now();
        let view = engine.view_segment(&asked, now)?;
        Ok(view.map(|it| (it, begin.elapsed())))
    };
    let mut response = show(app, headers, toast, view, |(view, took), layout| {
        fill::segments::segment(&view, draw, took, refused, layout).render(layout)
    })
    .await;
    if is_refused && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::CONFLICT;
    }
    response
}

/// The condition that a builder's form sent, after what its button does; `None` of another address.
fn built(pairs: &Pairs) -> Option<String> {
    let (add, remove) = (value(pairs, "add"), value(pairs, "remove"));
    let group = value(pairs, "group");
    let is_builder = pairs.iter().any(|(name, _)| matches!(name.as_str(), "w" | "n" | "q"));
    if !is_builder && add.is_none() && group.is_none() {
        return None;
    }
    let text = compose(pairs);
    let condition = parse(&text).ok();
    if condition.is_none() && !text.is_empty() {
        return Some(text); // The page says what is wrong with it.
    }
    let idea = |place: &str| -> Option<Condition> {
        let name = if place.is_empty() { "idea".to_owned() } else { format!("idea-{place}") };
        parse(value(pairs, &name)?).ok()
    };
    let edit = match (add, remove, group) {
        (Some(at), _, _) => idea(at)
            .zip(fill::segments::place(at))
            .map(|(clause, place)| Edit::Add { place, clause }),
        (_, Some(at), _) => fill::segments::place(at).map(|place| Edit::Remove { place }),
        (_, _, Some(_)) => idea("").map(|clause| {
            let clause = Condition::Any(vec![clause.clone(), clause]);
            Edit::Add { place: Vec::new(), clause }
        }),
        _ => None,
    };
    let condition = match edit {
        Some(edit) => fill::segments::edited(condition, edit),
        None => condition,
    };
    Some(condition.map(|it| format!("{it:#}")).unwrap_or_default())
}

#[derive(Debug, Deserialize)]
pub(super) struct SaveForm {
    id: Option<String>,
    name: String,
    condition: String,
}

pub(super) async fn save_segment(
    State(app): State<App>,
    headers: HeaderMap,
    Form(form): Form<SaveForm>,
) -> Response {
    let id = match &form.id {
        Some(id) => SegmentId::new(id.clone()).ok(),
        None => id_of_name(&form.name).and_then(|it| {
            SegmentId::new(if RESERVED.contains(&&*it) { format!("{it}-segment") } else { it }).ok()
        }),
    };
    let pairs = vec![("condition".to_owned(), form.condition.clone())];
    let Some(id) = id else {
        let why = "The name has no letter or digit of the Latin alphabet; give it some.".to_owned();
        return ask(&app, &headers, None, &pairs, Some(why)).await;
    };
    let (wanted, is_new) = (id.clone(), form.id.is_none());
    let saved = app.ask(move |engine, now| {
        if is_new && engine.store().read(|tx| tx.segment(&wanted))?.is_some() {
            return Ok(Err(format!("There is a segment `{wanted}` already; choose another name.")));
        }
        let saved = engine.read_condition(&form.condition.replace("\r\n", "\n"));
        let saved = saved.map_err(anyhow::Error::from);
        let saved = saved.and_then(|it| engine.save_segment(&wanted, Some(&form.name), &it, now));
        Ok(saved.map_err(|err| fill::first_upper(&format!("{err:#}"))))
    });
    match saved.await {
        Ok(Ok(_)) => Redirect::to(&format!("/segments/{id}?done=saved")).into_response(),
        Ok(Err(why)) => {
            let id = (!is_new).then_some(id);
            ask(&app, &headers, id, &pairs, Some(why)).await
        }
        Err(err) => broken(&app, &headers, &err),
    }
}

pub(super) async fn delete_segment(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = SegmentId::new(id) else { return missing(&app, &headers).await };
    let wanted = id.clone();
    let deleted = app.ask(move |engine, _| {
        if engine.store().read(|tx| tx.segment(&wanted))?.is_none() {
            return Ok(None);
        }
        Ok(Some(engine.delete_segment(&wanted)))
    });
    match deleted.await {
        // Asked twice; it is gone.
        Ok(None) | Ok(Some(Ok(()))) => Redirect::to("/segments?done=deleted").into_response(),
        Ok(Some(Err(err))) => {
            warn!(segment.id = %id, "the segment was not deleted: {err:#}");
            let why = fill::first_upper(&format!("{err:#}"));
            ask(&app, &headers, Some(id), &Vec::new(), Some(why)).await
        }
        Err(err) => broken(&app, &headers, &err),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct ExportQuery {
    #[serde(rename = "as")]
    format: Option<String>,
}

pub(super) async fn export_segment(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<ExportQuery>,
) -> Response {
    let (format, kind, extension) = match query.format.as_deref() {
        Some("ndjson") => (ExportFormat::Ndjson, "application/x-ndjson", "ndjson"),
        Some("parquet") => (ExportFormat::Parquet, "application/vnd.apache.parquet", "parquet"),
        _ => (ExportFormat::Csv, "text/csv; charset=utf-8", "csv"),
    };
    let Ok(id) = SegmentId::new(id) else { return missing(&app, &headers).await };
    let name = format!("attachment; filename=\"{id}.{extension}\"");
    let exported = app.ask(move |engine, now| -> Result<Option<Vec<u8>>> {
        let segments = engine.store().read(aftercart_engine::all_segments)?;
        let Some((stored, _)) = segments.into_iter().find(|(it, _)| it.id == id) else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        engine.export_segment(&parse(&stored.condition)?, format, now, &mut bytes)?;
        Ok(Some(bytes))
    });
    match exported.await {
        Ok(Some(bytes)) => {
            let kind = (header::CONTENT_TYPE, kind.to_owned());
            ([kind, (header::CONTENT_DISPOSITION, name)], bytes).into_response()
        }
        Ok(None) => missing(&app, &headers).await,
        Err(err) => broken(&app, &headers, &err),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(of: &[(&str, &str)]) -> Pairs {
        of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn built_of(of: &[(&str, &str)]) -> Option<String> {
        built(&pairs(of)).map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn what_the_builder_sends_is_written_out() {
        assert_eq!(built_of(&[("condition", "everyone"), ("draw", "2")]), None);
        let ordered = [("w", "ordered at least "), ("n", "3"), ("w", " times")];
        assert_eq!(built_of(&ordered).unwrap(), "customers who ordered at least 3 times");
        let broken = [("w", "ordered at least "), ("n", "three"), ("w", " times")];
        assert_eq!(built_of(&broken).unwrap(), "ordered at least three times");
    }

    #[test]
    fn the_builders_buttons_change_the_condition() {
        let ordered = ("w", "ordered at least 1 time");
        let idea = ("idea", "is suppressed");
        assert_eq!(
            built_of(&[ordered, idea, ("add", "")]).unwrap(),
            "customers who ordered at least 1 time and is suppressed"
        );
        assert_eq!(built_of(&[idea, ("add", "")]).unwrap(), "customers who is suppressed");
        assert!(built_of(&[ordered, idea, ("group", "")]).unwrap().contains("any of"));
        assert_eq!(built_of(&[ordered, ("remove", "all")]).unwrap(), "");
    }
}
