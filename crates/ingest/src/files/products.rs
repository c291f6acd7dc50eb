//! Products: one row for each, its codes and what the catalogue says of it.

use aftercart_model::ProductFacts;

use super::{
    fields::Field,
    row::{self, Refusal, Row},
    values,
};
use crate::{Incoming, IncomingBody, TimeSource};

/// What separates the parts of a category that is a path, of which the last is kept.
const PATH_MARKS: [char; 1] = ['>'];

pub fn read(row: &Row<'_>) -> Result<Vec<Incoming>, Refusal> {
    let (id, sku) = (row.id(Field::ProductId)?, row.id(Field::Sku)?);
    let handle = row.name(Field::Handle)?.map(|it| format!("handle:{it}"));
    let code = id.or(sku).ok_or_else(|| row.missing(Field::ProductId))?.to_owned();
    let mut codes_also: Vec<String> = Vec::new();
    codes_also.extend(sku.filter(|it| *it != code).map(str::to_owned));
    codes_also.extend(handle);
    let facts = facts(row)?;
    if facts == ProductFacts::default() {
        return Err(Refusal::new("the row has a code and says nothing of the product"));
    }
    let told = serde_json::to_string(&(&codes_also, &facts)).expect("facts are JSON");
    let hash = row::hash(told.as_bytes());
    let (at, time_source, key) = match row.instant(Field::UpdatedAt)? {
        Some(at) => {
            let key = format!("product:{code}@{}#{hash:016x}", at.as_millisecond());
            (at, TimeSource::Given, key)
        }
        None => (row.reading.now, TimeSource::Received, format!("product:{code}#{hash:016x}")),
    };
    let body = IncomingBody::ProductSaved { code, codes_also, facts: Box::new(facts) };
    Ok(vec![Incoming { key: row::key(key), identifiers: Vec::new(), at, time_source, body }])
}

fn facts(row: &Row<'_>) -> Result<ProductFacts, Refusal> {
    let name = |field| Ok(row.name(field)?.map(str::to_owned));
    let tags = row.text(Field::Tags).map(|text| {
        let tags = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        tags.map(str::to_owned).collect()
    });
    let category = name(Field::Category)?.map(|it| {
        let last = it.rsplit(PATH_MARKS).next().unwrap_or_default().trim();
        last.to_owned()
    });
    // Some exports list every picture; the first is the product's.
    let picture = row
        .text(Field::Picture)
        .map(|it| it.split([',', ' ', '|']).next().unwrap_or_default().to_owned());
    Ok(ProductFacts {
        name: name(Field::ProductName)?,
        category,
        kind: name(Field::ProductKind)?,
        brand: name(Field::Brand)?,
        tags,
        summary: row.text(Field::Summary).map(str::to_owned),
        price_minor: row.amount_paid(Field::Price)?,
        cost_minor: row.amount_paid(Field::Cost)?,
        url: row.text(Field::Url).map(str::to_owned),
        picture,
        picture_text: row.text(Field::PictureText).map(str::to_owned),
        stock: row.whole(Field::Stock)?.map(Some),
        is_active: is_active(row)?,
    })
}

fn is_active(row: &Row<'_>) -> Result<Option<bool>, Refusal> {
    let Some(text) = row.text(Field::IsActive) else { return Ok(None) };
    let word = text.to_ascii_lowercase();
    let flag = match word.as_str() {
        "active" | "published" | "publish" | "enabled" | "in stock" | "instock" | "available" => {
            Some(true)
        }
        "draft" | "archived" | "unlisted" | "disabled" | "inactive" | "private" | "-1"
        | "out of stock" | "outofstock" | "discontinued" => Some(false),
        _ => values::flag(text),
    };
    let remedy = "write `yes`, `no`, `active`, `draft` or `archived`";
    flag.map(Some).ok_or_else(|| row.refuse(Field::IsActive, remedy))
}
