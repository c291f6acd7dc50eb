//! Orders, with what became of them.

use std::{collections::BTreeMap, sync::Arc};

use aftercart_model::{Currency, CustomerName, Identifier, OrderId, Timestamp};

use super::{Action, Arrival, content_hash, fields::Fields, key, people, text};
use crate::{
    Incoming, IncomingBody, IncomingLine, ProductRef, Taken, TimeSource, segment_api::RejectReason,
};

/// What these orders are worth is settled; all others wait for payment, or for ever.
const PURCHASES: [&str; 3] = ["processing", "completed", "refunded"];

/// The customer gets nothing.
const GONE: [&str; 2] = ["cancelled", "trash"];

/// The instant of what an order only shows to have happened: that of its last change. It moves with
/// every change, and so says nothing about whether two events are the same.
const NOT_TOLD: TimeSource = TimeSource::Received;

/// What every event of an order shares.
struct Telling {
    id: String,
    order: OrderId,
    identifiers: Vec<Identifier>,
}

impl Telling {
    fn event(
        &self,
        key_text: String,
        at: Timestamp,
        time_source: TimeSource,
        body: IncomingBody,
    ) -> Incoming {
        let identifiers = self.identifiers.clone();
        Incoming { key: key(key_text), identifiers, at, time_source, body }
    }

    fn cancelled(&self, at: Timestamp) -> Incoming {
        let body = IncomingBody::OrderCancelled { order: self.order.clone() };
        self.event(format!("order:{}/cancelled", self.id), at, NOT_TOLD, body)
    }
}

/// An order as the shop has it now.
pub fn order(fields: &Fields<'_>, action: Action, arrival: Arrival) -> Result<Taken, RejectReason> {
    let telling = Telling {
        id: fields.id("id")?,
        order: order_id(fields)?,
        identifiers: people::of_order(fields)?,
    };
    let status = fields.name("status")?.ok_or_else(|| RejectReason::missing("status"))?;
    let (created_at, modified_at) = fields.times()?;
    let is_gone = GONE.contains(&status.as_str());
    let paid_at = fields.time("date_paid_gmt")?;
    let is_purchase = PURCHASES.contains(&status.as_str()) || paid_at.is_some();
    if !is_purchase && is_gone {
        // It may have counted before: who pays on delivery never has a day of payment.
        return Ok(Taken::Events(vec![telling.cancelled(modified_at)]));
    }
    if !is_purchase {
        return Ok(Taken::Ignored(format!(
            "the order is `{status}` and not paid; it counts once it is processing, completed or \
             paid"
        )));
    }
    check_currency(fields, arrival.currency)?;
    let mut events = Vec::new();
    events.extend(guest(fields, &telling, modified_at)?);
    let is_revised = action == Action::Updated || modified_at > created_at;
    let placed = placed(fields, &telling, created_at, arrival.currency)?;
    let revised = is_revised.then(|| revision(&telling, &placed, modified_at));
    events.push(placed);
    events.extend(revised);
    events.extend(fulfilled(fields, &telling, &status, modified_at)?);
    let refunds = refunds(fields, &telling, modified_at, arrival.currency)?;
    // WooCommerce makes a refund of the whole for an order that is set to refunded. Where there is
    // none, the money of the order must not count all the same.
    if is_gone || (status == "refunded" && refunds.is_empty()) {
        events.push(telling.cancelled(modified_at));
    }
    events.extend(refunds);
    Ok(Taken::Events(events))
}

/// All that is told of an order in the trash is its id.
pub fn deleted(fields: &Fields<'_>, arrival: Arrival) -> Result<Taken, RejectReason> {
    let (id, order) = (fields.id("id")?, order_id(fields)?);
    let telling = Telling { id, order, identifiers: Vec::new() };
    Ok(Taken::Events(vec![telling.cancelled(arrival.received_at)]))
}

fn order_id(fields: &Fields<'_>) -> Result<OrderId, RejectReason> {
    OrderId::new(fields.id("id")?)
        .map_err(|error| RejectReason::unusable(&fields.path("id"), &error.to_string()))
}

/// One instance is one shop with one currency; an amount in another would be a wrong number.
fn check_currency(fields: &Fields<'_>, currency: Currency) -> Result<(), RejectReason> {
    let Some(given) = fields.text("currency")? else { return Ok(()) };
    if given.eq_ignore_ascii_case(currency.code()) {
        return Ok(());
    }
    let remedy = format!("the shop sells in {currency}, and only orders in it can be added up");
    Err(fields.refuse_field("currency", &remedy))
}

/// What an order says of who has no account. Who has one is told by the account.
fn guest(
    fields: &Fields<'_>,
    telling: &Telling,
    at: Timestamp,
) -> Result<Option<Incoming>, RejectReason> {
    let is_guest = telling.identifiers.iter().all(|it| !matches!(it, Identifier::External(_)));
    let (true, Some(billing), false) =
        (is_guest, fields.object("billing")?, telling.identifiers.is_empty())
    else {
        return Ok(None);
    };
    let (name, country) = (people::name(&billing)?, billing.name("country")?);
    if name == CustomerName::default() && country.is_none() {
        return Ok(None);
    }
    let (time_zone, locale, attributes) = (None, None, BTreeMap::new());
    let body = IncomingBody::Identified { name, time_zone, country, locale, attributes };
    let key = format!("order:{}/guest@{}#{}", telling.id, at.as_millisecond(), content_hash(&body));
    Ok(Some(telling.event(key, at, TimeSource::Given, body)))
}

fn placed(
    fields: &Fields<'_>,
    telling: &Telling,
    at: Timestamp,
    currency: Currency,
) -> Result<Incoming, RejectReason> {
    let total = fields.amount("total", currency)?;
    let mut lines = Vec::new();
    for item in fields.objects("line_items")? {
        lines.extend(line(&item, fields, currency)?);
    }
    let coupons = fields.objects("coupon_lines")?;
    let coupon = coupons.first().map(|it| it.name("code")).transpose()?.flatten();
    let body = IncomingBody::OrderPlaced {
        order: telling.order.clone(),
        lines,
        total_minor: total.ok_or_else(|| RejectReason::missing("total"))?,
        coupon,
    };
    Ok(telling.event(format!("order:{}", telling.id), at, TimeSource::Given, body))
}

fn revision(telling: &Telling, placed: &Incoming, at: Timestamp) -> Incoming {
    let IncomingBody::OrderPlaced { order, lines, total_minor, coupon } = placed.body.clone()
    else {
        unreachable!("the event of an order that is placed");
    };
    let placed_at = Some(placed.at);
    let body = IncomingBody::OrderRevised { order, placed_at, lines, total_minor, coupon };
    let key = format!("order:{}@{}#{}", telling.id, at.as_millisecond(), content_hash(&body));
    telling.event(key, at, TimeSource::Given, body)
}

/// A line that names no product by id, code or name is no product; its money is in the total.
fn line(
    item: &Fields<'_>,
    order: &Fields<'_>,
    currency: Currency,
) -> Result<Option<IncomingLine>, RejectReason> {
    let quantity = quantity(item)?;
    let sku = item.name("sku")?;
    // A variation's own name is the product's with what was chosen.
    let name = item.text("parent_name")?.or(item.text("name")?);
    let name = name.map(|it| text::plain(&it)).filter(|it| !it.is_empty());
    let (code, code_also) = match (item.optional_id("product_id")?, sku, &name) {
        (Some(product), sku, _) => (product, sku),
        (None, Some(sku), _) => (sku, None),
        (None, None, Some(name)) => {
            (format!("name:{}", name.chars().take(150).collect::<String>()), None)
        }
        (None, None, None) => return Ok(None),
    };
    if quantity == 0 {
        return Ok(None);
    }
    let sum = |names: [&str; 2]| -> Result<i64, RejectReason> {
        let [net, tax] = [item.amount(names[0], currency)?, item.amount(names[1], currency)?];
        Ok(net.unwrap_or(0) + tax.unwrap_or(0))
    };
    let with_tax = order.flag("prices_include_tax")?.unwrap_or(true);
    let listed = if with_tax {
        sum(["subtotal", "subtotal_tax"])?
    } else {
        item.amount("subtotal", currency)?.unwrap_or(0)
    };
    let image = item.object("image")?;
    let product = ProductRef {
        code,
        code_also,
        name,
        price_minor: item.get("subtotal").map(|_| rounded(listed, i64::from(quantity))),
        category: None,
        url: None,
        picture: image.map(|it| it.text("src")).transpose()?.flatten(),
    };
    let amount_minor = sum(["total", "total_tax"])?;
    Ok(Some(IncomingLine { product: Arc::new(product), quantity, amount_minor }))
}

/// Units bought. Shops that sell by weight have `0.5`, which is one piece of half a kilogram.
fn quantity(item: &Fields<'_>) -> Result<u32, RejectReason> {
    let Some(decimal) = item.decimal("quantity")? else { return Ok(1) };
    let whole = match decimal.whole() {
        Some(whole) => Some(whole),
        None => decimal.times(1, 0).map(|it| it.max(1)),
    };
    let whole = whole.filter(|_| !decimal.is_negative()).and_then(|it| u32::try_from(it).ok());
    whole.ok_or_else(|| item.refuse_field("quantity", "send a number of 0 or more"))
}

fn fulfilled(
    fields: &Fields<'_>,
    telling: &Telling,
    status: &str,
    modified_at: Timestamp,
) -> Result<Option<Incoming>, RejectReason> {
    let (at, time_source) = match fields.time("date_completed_gmt")? {
        Some(at) => (at, TimeSource::Given),
        None if status == "completed" => (modified_at, NOT_TOLD),
        None => return Ok(None),
    };
    let body = IncomingBody::OrderFulfilled { order: telling.order.clone() };
    Ok(Some(telling.event(format!("order:{}/fulfilled", telling.id), at, time_source, body)))
}

/// Refunds stand in their order with an id and a negative total, without an instant.
fn refunds(
    fields: &Fields<'_>,
    telling: &Telling,
    at: Timestamp,
    currency: Currency,
) -> Result<Vec<Incoming>, RejectReason> {
    let refund = |item: Fields<'_>| -> Result<Incoming, RejectReason> {
        let total = item.decimal("total")?;
        let total = total.ok_or_else(|| RejectReason::missing(&item.path("total")))?;
        let amount = total.times(1, currency.digits()).and_then(i64::checked_abs);
        let body = IncomingBody::OrderRefunded {
            order: Some(telling.order.clone()),
            amount_minor: amount
                .ok_or_else(|| item.refuse_field("total", "send an amount of money"))?,
            lines: Vec::new(),
        };
        Ok(telling.event(format!("refund:{}", item.id("id")?), at, NOT_TOLD, body))
    };
    fields.objects("refunds")?.into_iter().map(refund).collect()
}

/// `amount` shared by `count`, to the nearest.
fn rounded(amount: i64, count: i64) -> i64 {
    (amount + count / 2) / count
}
