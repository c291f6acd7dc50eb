//! The handlers of products and of the shop's rules for recommending them.

use aftercart_engine::{
    Engine,
    recommend::{RuleEffect, RuleRelation, Selector, ShopRule},
};
use aftercart_model::{ProductId, Timestamp};
use anyhow::{Result, bail};
use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use tracing::warn;

use super::{broken, cut, missing, show};
use crate::{App, fill, layout::Toast};

/// Where a change was made, as the versions tell it.
const HERE: &str = "console";

#[derive(Debug, Default, Deserialize)]
pub(super) struct ProductsQuery {
    q: Option<String>,
    product: Option<String>,
    after: Option<String>,
    /// What was just done, to be said, and the version it made.
    done: Option<String>,
    version: Option<u32>,
}

pub(super) async fn products(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<ProductsQuery>,
) -> Response {
    catalogue(&app, &headers, query, None).await
}

/// The catalogue; `refused` is why a change of the selected product's rules was not made.
async fn catalogue(
    app: &App,
    headers: &HeaderMap,
    query: ProductsQuery,
    refused: Option<String>,
) -> Response {
    let search = cut(query.q);
    let after = query.after.and_then(|it| it.parse().ok()).map(ProductId);
    let selected = match query.product.map(|it| it.parse().map(ProductId)) {
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => return missing(app, headers).await,
        None => None,
    };
    let toast = query.done.as_deref().and_then(|it| said(it, query.version, selected));
    let is_refused = refused.is_some();
    let (wanted, is_sample) = (search.clone(), app.is_sample);
    let view = move |engine: &Engine, _| {
        let product = match selected {
            Some(id) => match engine.view_product(id)? {
                Some(product) => Some(product),
                None => return Ok(None),
            },
            None => None,
        };
        Ok(Some((engine.view_products(&wanted, after)?, product)))
    };
    let mut response = show(app, headers, toast, view, |(view, product), layout| {
        let is_first = after.is_none();
        let mut page = fill::products::page(&view, product.as_ref(), &search, is_first, is_sample);
        if let Some(panel) = &mut page.panel {
            panel.refused = refused;
        }
        page.render(layout)
    })
    .await;
    if is_refused && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::CONFLICT;
    }
    response
}

/// What a page says after a change of the rules that led to it.
fn said(done: &str, version: Option<u32>, product: Option<ProductId>) -> Option<Toast> {
    let text = match done {
        "pinned" => "Pinned",
        "banned" => "It is no longer shown",
        "added" => "It is always shown from now on",
        "removed" => "The rule is removed",
        "undone" => "Taken back",
        _ => return None,
    };
    let undo_action = version.filter(|_| done != "undone").map(|version| {
        let product = product.map(|it| format!("?product={}", it.0)).unwrap_or_default();
        format!("/products/rules/undo/{version}{product}")
    });
    Some(Toast { text: text.to_owned(), undo_action })
}

/// What a button beside a product asks.
#[derive(Debug, Deserialize)]
pub(super) struct RuleForm {
    #[serde(rename = "do")]
    wish: String,
    /// The product to be shown or not, by number or by the shop's code.
    shown: Option<u32>,
    code: Option<String>,
    relation: Option<String>,
}

pub(super) async fn add_rule(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<u32>,
    Form(form): Form<RuleForm>,
) -> Response {
    let done = match form.wish.as_str() {
        "pin" => "pinned",
        "never" | "never_anywhere" => "banned",
        "always" => "added",
        _ => return missing(&app, &headers).await,
    };
    let changed = app.ask(move |engine, now| {
        if engine.view_product(ProductId(id))?.is_none() {
            return Ok(None);
        }
        let rule = wished_rule(engine, ProductId(id), &form);
        Ok(Some(rule.and_then(|it| engine.add_shop_rule(&it, HERE, now))))
    });
    let here = id.to_string();
    match changed.await {
        Ok(Some(Ok(version))) => {
            Redirect::to(&format!("/products?product={id}&done={done}&version={version}"))
                .into_response()
        }
        Ok(Some(Err(err))) => {
            warn!(product.id = id, "the rules were not changed: {err:#}");
            let query = ProductsQuery { product: Some(here), ..ProductsQuery::default() };
            let why = fill::first_upper(&format!("{err:#}"));
            catalogue(&app, &headers, query, Some(why)).await
        }
        Ok(None) => missing(&app, &headers).await,
        Err(err) => broken(&app, &headers, &err),
    }
}

/// The rule that a button stands for. Its name says what it does, so the same wish makes the same
/// rule.
fn wished_rule(engine: &Engine, beside: ProductId, form: &RuleForm) -> Result<ShopRule> {
    let known = engine.known()?;
    let code_of = |id| known.product(id).map(|it| it.code.clone());
    let Some(beside) = code_of(beside) else { bail!("this product is not in the catalogue") };
    let typed = form.code.as_deref().map(str::trim).filter(|it| !it.is_empty());
    let shown = match (form.shown.and_then(|it| code_of(ProductId(it))), typed) {
        (Some(code), _) => code,
        // One that is not there is refused with what was meant.
        (None, Some(code)) => {
            let upper = code.to_uppercase();
            let is_known = known.by_code(code).is_none() && known.by_code(&upper).is_some();
            if is_known { upper } else { code.to_owned() }
        }
        (None, None) if form.wish == "never_anywhere" => beside.clone(),
        (None, None) => bail!("it is not said which product is meant; give its code"),
    };
    let relation = match form.relation.as_deref() {
        Some("cross_sell") => RuleRelation::CrossSell,
        Some("upsell") => RuleRelation::Upsell,
        _ => RuleRelation::Both,
    };
    let as_upsell = if relation == RuleRelation::Upsell { " as a step up" } else { "" };
    let (name, effect) = match form.wish.as_str() {
        "pin" => (format!("Pin {shown} after {beside}{as_upsell}"), RuleEffect::Pin),
        "always" => {
            if shown == beside {
                bail!("`{shown}` cannot be shown with itself; give the code of another product");
            }
            (format!("Always show {shown} with {beside}"), RuleEffect::AlwaysShow)
        }
        "never" => (format!("Never show {shown} after {beside}{as_upsell}"), RuleEffect::NeverShow),
        _ => (format!("Never show {shown}"), RuleEffect::NeverShow),
    };
    let is_anywhere = form.wish == "never_anywhere";
    Ok(ShopRule {
        name,
        relation: if is_anywhere { RuleRelation::Both } else { relation },
        bought: match is_anywhere {
            true => Selector::default(),
            false => Selector::of_products([beside.as_str()]),
        },
        shown: Selector::of_products([shown.as_str()]),
        effect,
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct RulesQuery {
    done: Option<String>,
    version: Option<u32>,
}

pub(super) async fn rules(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<RulesQuery>,
) -> Response {
    let toast = query.done.as_deref().and_then(|it| said(it, query.version, None));
    rules_page(&app, &headers, toast, None).await
}

async fn rules_page(
    app: &App,
    headers: &HeaderMap,
    toast: Option<Toast>,
    refused: Option<String>,
) -> Response {
    let is_refused = refused.is_some();
    let view = |engine: &Engine, _: Timestamp| {
        Ok(Some((engine.view_shop_rules()?, engine.list_shop_rules_versions()?)))
    };
    let mut response = show(app, headers, toast, view, |(view, versions), layout| {
        fill::product_rules::page(&view, &versions, refused).render(layout)
    })
    .await;
    if is_refused && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::CONFLICT;
    }
    response
}

#[derive(Debug, Deserialize)]
pub(super) struct RemoveForm {
    name: String,
    /// The product on whose page it was removed, to which it leads back.
    product: Option<u32>,
}

pub(super) async fn remove_rule(
    State(app): State<App>,
    headers: HeaderMap,
    Form(form): Form<RemoveForm>,
) -> Response {
    let product = form.product;
    let removed = app.ask(move |engine, now| Ok(engine.remove_shop_rule(&form.name, HERE, now)));
    changed(&app, &headers, removed.await, "removed", product).await
}

#[derive(Debug, Deserialize)]
pub(super) struct UndoQuery {
    product: Option<u32>,
}

pub(super) async fn undo_rules(
    State(app): State<App>,
    headers: HeaderMap,
    Path(version): Path<u32>,
    Query(query): Query<UndoQuery>,
) -> Response {
    let undone = app.ask(move |engine, now| Ok(engine.undo_shop_rules(version, HERE, now)));
    changed(&app, &headers, undone.await, "undone", query.product).await
}

/// Leads back to where a change of the rules was made, or says why it was not.
async fn changed(
    app: &App,
    headers: &HeaderMap,
    changed: Result<Result<u32>, crate::AskError>,
    done: &str,
    product: Option<u32>,
) -> Response {
    match (changed, product) {
        (Ok(Ok(version)), Some(id)) => {
            Redirect::to(&format!("/products?product={id}&done={done}&version={version}"))
                .into_response()
        }
        (Ok(Ok(version)), None) => {
            Redirect::to(&format!("/products/rules?done={done}&version={version}")).into_response()
        }
        (Ok(Err(err)), _) => {
            warn!("the rules were not changed: {err:#}");
            let why = fill::first_upper(&format!("{err:#}"));
            rules_page(app, headers, None, Some(why)).await
        }
        (Err(err), _) => broken(app, headers, &err),
    }
}

/// The address of a change, asked for as a page.
pub(super) async fn back_to_rules() -> Redirect {
    Redirect::to("/products/rules")
}

pub(super) async fn back_to_product(Path(id): Path<u32>) -> Redirect {
    Redirect::to(&format!("/products?product={id}"))
}
