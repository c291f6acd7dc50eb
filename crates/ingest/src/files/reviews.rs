//! Reviews: stars, words and whose they are, of products found by any of their codes or names.

use std::sync::Arc;

use aftercart_model::ReviewDetails;

use super::{
    fields::Field,
    formats::Format,
    row::{self, Refusal, Row},
    values,
};
use crate::{Incoming, IncomingBody, ProductRef, TimeSource};

/// The code that stands for a product of which only the handle is said.
pub const HANDLE_PREFIX: &str = "handle:";

/// The code that stands for a product of which only the name is said.
pub const NAME_PREFIX: &str = "name:";

pub fn read(row: &Row<'_>, format: Option<Format>) -> Result<Vec<Incoming>, Refusal> {
    let product = product(row)?;
    let remedy = "give 1 to 5 stars";
    let rating = row.text(Field::Rating).ok_or_else(|| row.missing(Field::Rating))?;
    let rating = values::decimal(rating).and_then(|it| it.whole());
    let rating = rating.filter(|it| (1..=5).contains(it));
    let rating = rating.ok_or_else(|| row.refuse(Field::Rating, remedy))?;
    let at = row.instant(Field::WrittenAt)?.ok_or_else(|| row.missing(Field::WrittenAt))?;
    let (title, text) = (row.text(Field::Title), row.text(Field::Text));
    let identifiers = row.identifiers()?;
    let id = row.id(Field::ReviewId)?.map(str::to_owned);
    let author = row.name(Field::Author)?.map(str::to_owned);
    let key = match &id {
        Some(id) => format!("review:{id}"),
        None => {
            let email = row.text(Field::Email).unwrap_or_default().to_lowercase();
            let told = (&product.code, rating, at.as_millisecond(), title, text, &author, email);
            let told = serde_json::to_string(&told).expect("texts are JSON");
            format!("review:{:016x}", row::hash(told.as_bytes()))
        }
    };
    let is_published = is_published(row, format)?;
    let details = ReviewDetails { id, title: title.map(str::to_owned), author, is_published };
    let text = text.or(title).unwrap_or_default().to_owned();
    let rating = u8::try_from(rating).expect("1 to 5");
    let body = IncomingBody::ProductReviewed { product: Arc::new(product), rating, text, details };
    let time_source = TimeSource::Given;
    Ok(vec![Incoming { key: row::key(key), identifiers, at, time_source, body }])
}

fn product(row: &Row<'_>) -> Result<ProductRef, Refusal> {
    let (id, sku) = (row.id(Field::ProductId)?, row.id(Field::Sku)?);
    let handle = match row.name(Field::Handle)? {
        Some(handle) => Some(handle),
        None => row.text(Field::Url).and_then(handle_of),
    };
    let handle = handle.map(|it| format!("{HANDLE_PREFIX}{it}"));
    let name = row.name(Field::ProductName)?;
    let by_name = name.map(|it| format!("{NAME_PREFIX}{it}"));
    let mut codes =
        [id.map(str::to_owned), sku.map(str::to_owned), handle, by_name].into_iter().flatten();
    let Some(code) = codes.next() else {
        return Err(Refusal::new(
            "the review names no product (reviews of the whole shop are not kept); give its id, \
             handle, SKU or name",
        ));
    };
    let name = name.map(str::to_owned);
    Ok(ProductRef { code, code_also: codes.next(), name, ..ProductRef::default() })
}

/// The last part of a product's address, without what follows `?`.
pub fn handle_of(url: &str) -> Option<&str> {
    let path = url.split(['?', '#']).next()?.trim_end_matches('/');
    path.rsplit_once('/').map(|(_, last)| last).filter(|it| !it.is_empty())
}

fn is_published(row: &Row<'_>, format: Option<Format>) -> Result<Option<bool>, Refusal> {
    let Some(text) = row.text(Field::IsPublished) else {
        return Ok(format.and_then(Format::is_published_unsaid));
    };
    match text.to_lowercase().replace(['-', '_'], " ").as_str() {
        "ok" | "published" | "approved" | "publish" | "visible" | "enabled" | "enable" => {
            Ok(Some(true))
        }
        "spam" | "hidden" | "rejected" | "declined" | "unpublished" | "archived" | "disabled"
        | "disable" | "deleted" => Ok(Some(false)),
        "not yet" | "pending" | "new" | "awaiting" => Ok(None),
        _ => match values::flag(text) {
            Some(flag) => Ok(Some(flag)),
            None => {
                let remedy = "write `yes`, `no`, `approved`, `pending` or `rejected`";
                Err(row.refuse(Field::IsPublished, remedy))
            }
        },
    }
}
