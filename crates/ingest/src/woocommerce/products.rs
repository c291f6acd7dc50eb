//! Products and their variations.

use aftercart_model::ProductFacts;
use serde_json::Value;

use super::{Arrival, content_hash, fields::Fields, key, text};
use crate::{Incoming, IncomingBody, Taken, TimeSource, segment_api::RejectReason};

/// The category of what nobody put into one; WooCommerce's own name for it in English.
const NO_CATEGORY: &str = "uncategorized";

/// How many variations of one product lead to it. Each is a code to look up at every save.
const VARIATIONS_MAX: usize = 1_000;

/// A product as the shop has it now, or one of its variations.
pub fn product(fields: &Fields<'_>, arrival: Arrival) -> Result<Taken, RejectReason> {
    let id = fields.id("id")?;
    let (_, at) = fields.times()?;
    let sku = fields.name("sku")?;
    let kind = fields.name("type")?;
    if let (Some("variation"), Some(parent)) = (kind.as_deref(), fields.optional_id("parent_id")?) {
        // Price, stock and name of one variation are not the product's; only its codes are.
        let codes_also = [Some(format!("variant:{id}")), sku].into_iter().flatten().collect();
        return Ok(saved(&parent, codes_also, ProductFacts::default(), &id, at));
    }
    let mut codes_also: Vec<String> = sku.into_iter().collect();
    for variation in fields.array("variations")?.iter().take(VARIATIONS_MAX) {
        // Whole objects in version 1 of the API, ids since.
        if let Some(id) = variation.as_u64() {
            codes_also.push(format!("variant:{id}"));
        }
    }
    let facts = facts(fields, arrival)?;
    Ok(saved(&id, codes_also, facts, &id, at))
}

/// All that is told of a product in the trash is its id.
pub fn deleted(fields: &Fields<'_>, arrival: Arrival) -> Result<Taken, RejectReason> {
    let (code, at) = (fields.id("id")?, arrival.received_at);
    let key = key(format!("product:{code}/removed@{}", at.as_millisecond()));
    let body = IncomingBody::ProductRemoved { code };
    let (identifiers, time_source) = (Vec::new(), TimeSource::Received);
    Ok(Taken::Events(vec![Incoming { key, identifiers, at, time_source, body }]))
}

fn saved(
    code: &str,
    codes_also: Vec<String>,
    facts: ProductFacts,
    id: &str,
    at: jiff::Timestamp,
) -> Taken {
    let (code, facts) = (code.to_owned(), Box::new(facts));
    let body = IncomingBody::ProductSaved { code, codes_also, facts };
    let key = key(format!("product:{id}@{}#{}", at.as_millisecond(), content_hash(&body)));
    let (identifiers, time_source) = (Vec::new(), TimeSource::Given);
    Taken::Events(vec![Incoming { key, identifiers, at, time_source, body }])
}

fn facts(fields: &Fields<'_>, arrival: Arrival) -> Result<ProductFacts, RejectReason> {
    let plain = |name: &str| -> Result<Option<String>, RejectReason> {
        Ok(fields.text(name)?.map(|it| text::plain(&it)).filter(|it| !it.is_empty()))
    };
    let names = |list: &str| -> Result<Vec<String>, RejectReason> {
        let items = fields.objects(list)?;
        let name = |it: Fields<'_>| Ok(it.text("name")?.map(|it| text::plain(&it)));
        items.into_iter().filter_map(|it| name(it).transpose()).collect()
    };
    let is_category = |it: &&String| !it.is_empty() && !it.eq_ignore_ascii_case(NO_CATEGORY);
    let described = ["short_description", "description"].into_iter().find_map(|name| {
        fields.text(name).ok()?.map(|it| text::summary(&it)).filter(|it| !it.is_empty())
    });
    let images = fields.objects("images")?;
    let of_image = |name: &str| -> Result<Option<String>, RejectReason> {
        let found = images.first().map(|it| it.text(name)).transpose()?.flatten();
        Ok(found.map(|it| text::plain(&it)).filter(|it| !it.is_empty()))
    };
    let first = |brands: Vec<String>| brands.into_iter().next();
    Ok(ProductFacts {
        name: plain("name")?,
        category: names("categories")?.iter().find(is_category).cloned(),
        kind: None,
        brand: fields.get("brands").map(|_| names("brands")).transpose()?.and_then(first),
        tags: fields.get("tags").map(|_| names("tags")).transpose()?,
        summary: described,
        price_minor: fields.amount("price", arrival.currency)?,
        cost_minor: None,
        url: fields.text("permalink")?,
        picture: of_image("src")?,
        picture_text: of_image("alt")?,
        stock: stock(fields)?,
        is_active: is_active(fields)?,
    })
}

/// Units in stock. `stock_status` has the last word: a product that may be ordered beyond its stock
/// is there, and one below the shop's own threshold is not.
fn stock(fields: &Fields<'_>) -> Result<Option<Option<i64>>, RejectReason> {
    // `manage_stock` is also `"parent"`, in variations.
    let is_counted = fields.get("manage_stock") == Some(&Value::Bool(true));
    let counted = match fields.decimal("stock_quantity")? {
        Some(decimal) if is_counted => decimal.times(1, 0),
        _ => None,
    };
    Ok(stock_of(fields.text("stock_status")?.as_deref(), counted))
}

/// What a status and a count come to together.
pub fn stock_of(status: Option<&str>, counted: Option<i64>) -> Option<Option<i64>> {
    match (status, counted) {
        (Some("outofstock"), _) => Some(Some(0)),
        (_, Some(units)) if units > 0 => Some(Some(units)),
        (Some(_), _) => Some(None),
        (None, counted) => counted.map(Some),
    }
}

/// For sale to whoever comes by: published, shown in the catalogue, and with a price.
fn is_active(fields: &Fields<'_>) -> Result<Option<bool>, RejectReason> {
    let Some(status) = fields.name("status")? else { return Ok(None) };
    let is_shown = fields.name("catalog_visibility")?.is_none_or(|it| it != "hidden");
    let is_purchasable = fields.flag("purchasable")?.unwrap_or(true);
    Ok(Some(status == "publish" && is_shown && is_purchasable))
}
