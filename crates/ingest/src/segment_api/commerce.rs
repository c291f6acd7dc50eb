//! The events of a `track`: Segment's ecommerce events become ours, any other keeps its name.

use std::{collections::BTreeMap, sync::Arc};

use aftercart_model::{Currency, OrderId, ReviewDetails, Timestamp};
use serde_json::Value;

use super::{
    Fields, RejectReason, consent,
    ecommerce::{self, Meaning},
};
use crate::{IncomingBody, IncomingLine, ProductRef};

pub fn track(
    fields: &Fields<'_>,
    at: Timestamp,
    currency: Currency,
) -> Result<IncomingBody, RejectReason> {
    let event = fields.name("event")?.ok_or_else(|| RejectReason::missing("event"))?;
    let given = fields.object("properties")?;
    let known = ecommerce::find(&event);
    let kept = || {
        let name = known.map_or(event.clone(), |it| it.name.to_owned());
        let properties = given.as_ref().map(|it| it.to_map()).unwrap_or_default();
        Ok(IncomingBody::Custom { name, properties: with_context(properties, fields)? })
    };
    let properties = || given.clone().ok_or_else(|| RejectReason::missing("properties"));
    match known.map_or(Meaning::Kept, |it| it.meaning) {
        Meaning::OrderPlaced => order_placed(&properties()?, currency),
        // Without its products it would become an order of nothing.
        Meaning::OrderRevised => match &given {
            Some(properties) if properties.get("products").is_some() => {
                order_revised(properties, currency)
            }
            _ => kept(),
        },
        Meaning::OrderFulfilled => {
            Ok(IncomingBody::OrderFulfilled { order: order(&properties()?)? })
        }
        Meaning::OrderCancelled => {
            Ok(IncomingBody::OrderCancelled { order: order(&properties()?)? })
        }
        Meaning::OrderRefunded => order_refunded(&properties()?, currency),
        Meaning::ProductViewed => {
            let product = product(&properties()?, currency)?;
            Ok(IncomingBody::ProductViewed { product })
        }
        Meaning::CartAdded => {
            let (product, quantity) = product_and_quantity(&properties()?, currency)?;
            Ok(IncomingBody::CartAdded { product, quantity })
        }
        Meaning::CartRemoved => {
            let (product, quantity) = product_and_quantity(&properties()?, currency)?;
            Ok(IncomingBody::CartRemoved { product, quantity })
        }
        Meaning::CheckoutStarted => {
            let properties = properties()?;
            check_currency(&properties, currency)?;
            let lines = lines(&properties, currency)?;
            let total_minor = total(&properties, &lines, currency)?;
            Ok(IncomingBody::CheckoutStarted { lines, total_minor })
        }
        Meaning::CouponApplied => coupon_applied(&properties()?),
        Meaning::ProductReviewed => product_reviewed(&properties()?, currency),
        Meaning::Consent => {
            consent::of_event(&ecommerce::plain(&event), fields, given.as_ref(), at)
        }
        Meaning::Kept => kept(),
    }
}

/// Of the context, what says where an event came from.
const CONTEXT_KEPT: [&str; 4] = ["ip", "locale", "timezone", "campaign"];

/// `properties` with what is kept of the context, unless the shop has a `context` of its own there.
pub fn with_context(
    mut properties: BTreeMap<String, Value>,
    fields: &Fields<'_>,
) -> Result<BTreeMap<String, Value>, RejectReason> {
    let Some(context) = fields.object("context")? else { return Ok(properties) };
    let kept = |name: &str| Some((name.to_owned(), context.get(name)?.clone()));
    let kept: serde_json::Map<String, Value> = CONTEXT_KEPT.into_iter().filter_map(kept).collect();
    if !kept.is_empty() {
        properties.entry("context".to_owned()).or_insert(Value::Object(kept));
    }
    Ok(properties)
}

fn order_placed(properties: &Fields<'_>, currency: Currency) -> Result<IncomingBody, RejectReason> {
    check_currency(properties, currency)?;
    let lines = lines(properties, currency)?;
    Ok(IncomingBody::OrderPlaced {
        order: order(properties)?,
        total_minor: total(properties, &lines, currency)?,
        lines,
        coupon: properties.name("coupon")?,
    })
}

fn order_revised(
    properties: &Fields<'_>,
    currency: Currency,
) -> Result<IncomingBody, RejectReason> {
    check_currency(properties, currency)?;
    let lines = lines(properties, currency)?;
    Ok(IncomingBody::OrderRevised {
        order: order(properties)?,
        placed_at: None,
        total_minor: total(properties, &lines, currency)?,
        lines,
        coupon: properties.name("coupon")?,
    })
}

/// The specification calls the code `coupon_id` here and `coupon` elsewhere.
fn coupon_applied(properties: &Fields<'_>) -> Result<IncomingBody, RejectReason> {
    let mut code = None;
    for name in ["coupon", "coupon_id", "coupon_name"] {
        code = code.or(properties.name(name)?);
    }
    let code = code.ok_or_else(|| RejectReason::missing(&properties.path("coupon_id")))?;
    let order = match properties.get("order_id") {
        Some(_) => Some(order(properties)?),
        None => None,
    };
    Ok(IncomingBody::CouponApplied { code, order })
}

fn order_refunded(
    properties: &Fields<'_>,
    currency: Currency,
) -> Result<IncomingBody, RejectReason> {
    check_currency(properties, currency)?;
    let lines = lines(properties, currency)?;
    let is_told =
        !lines.is_empty() || properties.first(&["total", "value", "revenue", "subtotal"]).is_some();
    if !is_told {
        return Err(RejectReason::missing(&properties.path("total")));
    }
    let amount_minor = total(properties, &lines, currency)?;
    Ok(IncomingBody::OrderRefunded { order: Some(order(properties)?), amount_minor, lines })
}

fn product_reviewed(
    properties: &Fields<'_>,
    currency: Currency,
) -> Result<IncomingBody, RejectReason> {
    let path = properties.path("rating");
    let rating = properties.decimal("rating")?.ok_or_else(|| RejectReason::missing(&path))?;
    let rating = rating.whole().filter(|it| (1..=5).contains(it)).ok_or_else(|| {
        let given = properties.text("rating").ok().flatten().unwrap_or_default();
        RejectReason::invalid(&path, &given, "give 1 to 5 stars")
    })?;
    let text = properties.text("review_body")?.unwrap_or_default();
    Ok(IncomingBody::ProductReviewed {
        product: product(properties, currency)?,
        rating: u8::try_from(rating).expect("1 to 5"),
        text,
        details: ReviewDetails::default(),
    })
}

fn order(properties: &Fields<'_>) -> Result<OrderId, RejectReason> {
    let path = properties.path("order_id");
    let text = properties.name("order_id")?.ok_or_else(|| RejectReason::missing(&path))?;
    OrderId::new(text).map_err(|error| RejectReason::unusable(&path, &error.to_string()))
}

/// One instance is one shop with one currency; an amount in another would be a wrong number.
fn check_currency(properties: &Fields<'_>, currency: Currency) -> Result<(), RejectReason> {
    match properties.name("currency")? {
        Some(given) if !given.eq_ignore_ascii_case(currency.code()) => {
            let remedy = format!("send amounts in {currency}, the shop's currency");
            Err(RejectReason::invalid(&properties.path("currency"), &given, &remedy))
        }
        _ => Ok(()),
    }
}

fn lines(properties: &Fields<'_>, currency: Currency) -> Result<Vec<IncomingLine>, RejectReason> {
    let line = |fields: Fields<'_>| {
        let quantity = quantity(&fields)?;
        let price = fields.decimal("price")?;
        let amount_minor = match price {
            Some(price) => price.times(i64::from(quantity), currency.digits()),
            None => Some(0),
        };
        let amount_minor = amount_minor.filter(|it| *it >= 0).ok_or_else(|| {
            let given = fields.text("price").ok().flatten().unwrap_or_default();
            RejectReason::invalid(&fields.path("price"), &given, "send an amount of 0 or more")
        })?;
        Ok(IncomingLine { product: product(&fields, currency)?, quantity, amount_minor })
    };
    properties.objects("products")?.into_iter().map(line).collect()
}

/// What the customer paid in all: said outright, or made up of what is said.
fn total(
    properties: &Fields<'_>,
    lines: &[IncomingLine],
    currency: Currency,
) -> Result<i64, RejectReason> {
    let amount = |name: &str| properties.amount(name, currency);
    if let Some(total) = amount("total")? {
        return Ok(total);
    }
    // Segment's `revenue` and `subtotal` have the discount taken off, but neither postage nor tax.
    let goods = match amount("revenue")?.or(amount("subtotal")?) {
        Some(goods) => goods,
        None => match amount("value")? {
            Some(value) => return Ok(value),
            None => {
                let sum = lines.iter().map(|it| it.amount_minor).fold(0, i64::saturating_add);
                (sum - amount("discount")?.unwrap_or(0)).max(0)
            }
        },
    };
    let extras = [amount("shipping")?, amount("tax")?].into_iter().flatten();
    Ok(extras.fold(goods, i64::saturating_add))
}

fn quantity(fields: &Fields<'_>) -> Result<u32, RejectReason> {
    let Some(decimal) = fields.decimal("quantity")? else { return Ok(1) };
    let quantity = decimal.whole().and_then(|it| u32::try_from(it).ok()).filter(|it| *it > 0);
    quantity.ok_or_else(|| {
        let given = fields.text("quantity").ok().flatten().unwrap_or_default();
        RejectReason::invalid(&fields.path("quantity"), &given, "send a whole number of 1 or more")
    })
}

fn product_and_quantity(
    fields: &Fields<'_>,
    currency: Currency,
) -> Result<(Arc<ProductRef>, u32), RejectReason> {
    Ok((product(fields, currency)?, quantity(fields)?))
}

fn product(fields: &Fields<'_>, currency: Currency) -> Result<Arc<ProductRef>, RejectReason> {
    let (id, stock_code) = (fields.name("product_id")?, fields.name("sku")?);
    let (code, code_also) = match (id, stock_code) {
        (Some(id), Some(stock_code)) if id != stock_code => (id, Some(stock_code)),
        (Some(code), _) | (None, Some(code)) => (code, None),
        (None, None) => return Err(RejectReason::missing(&fields.path("product_id"))),
    };
    Ok(Arc::new(ProductRef {
        code,
        code_also,
        name: fields.text("name")?.filter(|it| !it.is_empty()),
        price_minor: fields.amount("price", currency)?,
        category: fields.text("category")?.filter(|it| !it.is_empty()),
        url: fields.text("url")?.filter(|it| !it.is_empty()),
        picture: fields.text("image_url")?.filter(|it| !it.is_empty()),
    }))
}
