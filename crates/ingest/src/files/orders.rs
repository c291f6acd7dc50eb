//! Orders: a row for each line of an order, or one row with a total and no line.
//!
//! Lines of one order stand together, or near: an order is held until [`ORDERS_OPEN_MAX`] others have
//! begun after it, and a line of it that comes later is refused by whoever knows the order by then.
//! An order is taken whole or not at all: with one line refused, its total and what goes with what
//! would be wrong for ever, since what is told once stays.

use std::{collections::VecDeque, sync::Arc};

use aftercart_model::{Identifier, OrderId, Timestamp};
use jiff::SignedDuration;

use super::{
    Refused, SourceRow, Unit,
    fields::Field,
    reviews::NAME_PREFIX,
    row::{self, Refusal, Row},
};
use crate::{Incoming, IncomingBody, IncomingLine, ProductRef, TimeSource};

/// How many orders may begin before the last line of an earlier one.
pub const ORDERS_OPEN_MAX: usize = 256;

/// How much of open orders is held, in bytes of their rows.
const OPEN_BYTES_MAX: usize = 16 << 20;

/// The most lines of an order. Beyond it the column of the order's id is mistaken.
pub const ORDER_LINES_MAX: usize = 10_000;

/// How far apart lines of one order may say that it was placed: minutes happen, and a day is two orders.
const LINES_APART_MAX: SignedDuration = SignedDuration::from_hours(24);

/// Orders of which lines may still come.
#[derive(Default)]
pub struct OpenOrders {
    orders: VecDeque<OpenOrder>,
    bytes: usize,
}

struct OpenOrder {
    id: String,
    rows: Vec<SourceRow>,
    told: Told,
    lines: Vec<IncomingLine>,
    refused: Option<Refused>,
}

/// What rows say of their order; each of it on one row or on all.
#[derive(Default)]
struct Told {
    identifiers: Vec<Identifier>,
    placed_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    fulfilled_at: Option<Timestamp>,
    cancelled_at: Option<Timestamp>,
    total_minor: Option<i64>,
    discount_minor: Option<i64>,
    shipping_minor: Option<i64>,
    tax_minor: Option<i64>,
    refunded_minor: Option<i64>,
    coupon: Option<String>,
}

impl OpenOrders {
    /// Takes a row in; what comes back is not waited for any longer.
    pub fn take(&mut self, row: &Row<'_>, source: SourceRow) -> Option<Unit> {
        let id = match row.id(Field::OrderId) {
            Ok(Some(id)) => id,
            Ok(None) => return Some(Unit::refused(source, row.missing(Field::OrderId))),
            Err(why) => return Some(Unit::refused(source, why)),
        };
        self.bytes += source.text.len();
        let at = self.orders.iter().rposition(|it| it.id == id);
        let at = at.unwrap_or_else(|| {
            self.orders.push_back(OpenOrder::new(id));
            self.orders.len() - 1
        });
        self.orders[at].take(row, source);
        let is_full = ORDERS_OPEN_MAX < self.orders.len() || OPEN_BYTES_MAX < self.bytes;
        if is_full { self.close_first() } else { None }
    }

    /// The order that began first, with what is known of it.
    pub fn close_first(&mut self) -> Option<Unit> {
        let order = self.orders.pop_front()?;
        self.bytes -= order.rows.iter().map(|it| it.text.len()).sum::<usize>();
        Some(order.close())
    }
}

impl OpenOrder {
    fn new(id: &str) -> Self {
        let (rows, lines) = (Vec::new(), Vec::new());
        Self { id: id.to_owned(), rows, told: Told::default(), lines, refused: None }
    }

    fn take(&mut self, row: &Row<'_>, source: SourceRow) {
        let line = source.line;
        self.rows.push(source);
        if self.refused.is_some() {
            return;
        }
        if let Err(refusal) = self.read(row) {
            self.refused = Some(Refused { line, refusal });
        }
    }

    fn read(&mut self, row: &Row<'_>) -> Result<(), Refusal> {
        if ORDER_LINES_MAX < self.rows.len() {
            let remedy =
                format!("an order has at most {ORDER_LINES_MAX} lines; look at the column");
            return Err(row.refuse(Field::OrderId, remedy));
        }
        row.check_currency()?;
        let told = &mut self.told;
        for identifier in row.identifiers()? {
            let is_of_kind =
                |it: &Identifier| std::mem::discriminant(it) == std::mem::discriminant(&identifier);
            match told.identifiers.iter().find(|it| is_of_kind(it)) {
                Some(known) if *known != identifier => {
                    return Err(Refusal::new(
                        "lines of one order name two customers; correct the one that is wrong",
                    ));
                }
                Some(_) => {}
                None => told.identifiers.push(identifier),
            }
        }
        told.placed_at = earlier(told.placed_at, row)?;
        same(&mut told.updated_at, row, Field::UpdatedAt, Row::instant)?;
        same(&mut told.fulfilled_at, row, Field::FulfilledAt, Row::instant)?;
        same(&mut told.cancelled_at, row, Field::CancelledAt, Row::instant)?;
        same(&mut told.total_minor, row, Field::Total, Row::amount_paid)?;
        same(&mut told.discount_minor, row, Field::Discount, Row::amount)?;
        same(&mut told.shipping_minor, row, Field::Shipping, Row::amount_paid)?;
        same(&mut told.tax_minor, row, Field::Tax, Row::amount_paid)?;
        same(&mut told.refunded_minor, row, Field::Refunded, Row::amount)?;
        same(&mut told.coupon, row, Field::Coupon, |row, field| {
            Ok(row.name(field)?.map(str::to_owned))
        })?;
        self.lines.extend(line(row)?);
        Ok(())
    }

    fn close(mut self) -> Unit {
        let outcome = match self.refused.take() {
            Some(refused) => Err(refused),
            None => self.events().map_err(|refusal| {
                let line = self.rows.first().map_or(0, |it| it.line);
                Refused { line, refusal }
            }),
        };
        Unit { rows: self.rows, outcome }
    }

    /// The order as it is told by every source: what was placed, what it was when last changed, and
    /// what became of it.
    fn events(&mut self) -> Result<Vec<Incoming>, Refusal> {
        let told = std::mem::take(&mut self.told);
        let lines = std::mem::take(&mut self.lines);
        let order = OrderId::new(self.id.clone()).map_err(|why| Refusal::new(why.to_string()))?;
        let placed_at = told.placed_at.ok_or_else(|| {
            Refusal::new("the order has no `placed_at`; give it on one of its lines")
        })?;
        let total_minor = told.total(&lines)?;
        let id = &self.id;
        let coupon = told.coupon.clone();
        let event = |key: String, at, body| Incoming {
            key: row::key(key),
            identifiers: told.identifiers.clone(),
            at,
            time_source: TimeSource::Given,
            body,
        };
        let mut events = Vec::with_capacity(2);
        let revised_at = told.updated_at.filter(|it| placed_at < *it);
        if let Some(at) = revised_at {
            let content = (&order, total_minor, &coupon);
            let mut content = serde_json::to_string(&content).expect("an order is JSON");
            for it in &lines {
                content.push_str(&format!(
                    "\n{:?} {} {}",
                    it.product.code, it.quantity, it.amount_minor
                ));
            }
            let hash = row::hash(content.as_bytes());
            let body = IncomingBody::OrderRevised {
                order: order.clone(),
                placed_at: Some(placed_at),
                lines: lines.clone(),
                total_minor,
                coupon: coupon.clone(),
            };
            let key = format!("order:{id}@{}#{hash:016x}", at.as_millisecond());
            events.push(event(key, at, body));
        }
        let placed = IncomingBody::OrderPlaced { order: order.clone(), lines, total_minor, coupon };
        events.insert(0, event(format!("order:{id}"), placed_at, placed));
        if let Some(at) = told.fulfilled_at {
            let body = IncomingBody::OrderFulfilled { order: order.clone() };
            events.push(event(format!("order:{id}/fulfilled"), at, body));
        }
        if let Some(at) = told.cancelled_at {
            let body = IncomingBody::OrderCancelled { order: order.clone() };
            events.push(event(format!("order:{id}/cancelled"), at, body));
        }
        // Some write what was paid back below nothing.
        if let Some(amount_minor) = told.refunded_minor.map(i64::abs).filter(|it| *it > 0) {
            let at = told.cancelled_at.or(told.updated_at).unwrap_or(placed_at);
            let order = Some(order);
            let body = IncomingBody::OrderRefunded { order, amount_minor, lines: Vec::new() };
            events.push(event(format!("refund:order:{id}"), at, body));
        }
        Ok(events)
    }
}

impl Told {
    /// What the customer paid in all: said outright, or made up of what is said.
    fn total(&self, lines: &[IncomingLine]) -> Result<i64, Refusal> {
        if let Some(total) = self.total_minor {
            return Ok(total);
        }
        if lines.is_empty() {
            return Err(Refusal::new("the order has neither a total nor a line with a price"));
        }
        let goods = lines.iter().map(|it| it.amount_minor).fold(0, i64::saturating_add);
        let goods = (goods - self.discount_minor.unwrap_or(0).saturating_abs()).max(0);
        let extras = [self.shipping_minor, self.tax_minor].into_iter().flatten();
        Ok(extras.fold(goods, i64::saturating_add))
    }
}

/// The earlier of `known` and when a row says that its order was placed. Tills that write line by line
/// stamp the lines of one order minutes apart.
fn earlier(known: Option<Timestamp>, row: &Row<'_>) -> Result<Option<Timestamp>, Refusal> {
    let told = row.instant(Field::PlacedAt)?;
    let (Some(known), Some(told)) = (known, told) else { return Ok(known.or(told)) };
    if known.duration_since(told).abs() > LINES_APART_MAX {
        let remedy = "lines of one order were placed more than a day apart; give orders that \
                      share a number numbers of their own";
        return Err(row.refuse(Field::PlacedAt, remedy));
    }
    Ok(Some(known.min(told)))
}

/// Keeps what a row says of its order, and refuses a row that says otherwise than one before it.
fn same<'a, T: PartialEq>(
    told: &mut Option<T>,
    row: &Row<'a>,
    field: Field,
    read: impl Fn(&Row<'a>, Field) -> Result<Option<T>, Refusal>,
) -> Result<(), Refusal> {
    match (told.as_ref(), read(row, field)?) {
        (_, None) => {}
        (None, value) => *told = value,
        (Some(known), Some(value)) if *known == value => {}
        (Some(_), Some(_)) => {
            let remedy = "lines of one order differ in it; it is the whole order's, and on lines \
                          its own column is `line_amount`";
            return Err(row.refuse(field, remedy));
        }
    }
    Ok(())
}

/// The product line of a row, if it has one.
fn line(row: &Row<'_>) -> Result<Option<IncomingLine>, Refusal> {
    let (id, sku) = (row.id(Field::ProductId)?, row.id(Field::Sku)?);
    let name = row.name(Field::ProductName)?;
    let (price, amount) = (row.amount_paid(Field::Price)?, row.amount_paid(Field::LineAmount)?);
    let code = match (id.or(sku), name) {
        (Some(code), _) => code.to_owned(),
        (None, Some(name)) => format!("{NAME_PREFIX}{name}"),
        (None, None) if price.is_some() || amount.is_some() => {
            return Err(Refusal::new(
                "the line has a price and no product; give its id, SKU or name, or put postage \
                 and the like into the order's total",
            ));
        }
        (None, None) => return Ok(None),
    };
    let quantity = row.whole(Field::Quantity)?.unwrap_or(1);
    let quantity = u32::try_from(quantity).ok().filter(|it| *it > 0).ok_or_else(|| {
        let remedy = "give 1 or more; what was sent back goes into the column `refunded`";
        row.refuse(Field::Quantity, remedy)
    })?;
    let amount_minor = match (amount, price) {
        (Some(amount), _) => amount,
        (None, Some(price)) => price
            .checked_mul(i64::from(quantity))
            .ok_or_else(|| row.refuse(Field::Price, "it is beyond any amount"))?,
        (None, None) => 0,
    };
    let text = |field| row.text(field).map(str::to_owned);
    let product = ProductRef {
        code_also: sku.filter(|it| *it != code).map(str::to_owned),
        code,
        name: name.map(str::to_owned),
        price_minor: price.or((amount_minor > 0).then(|| amount_minor / i64::from(quantity))),
        category: text(Field::Category),
        url: text(Field::Url),
        picture: text(Field::Picture),
    };
    Ok(Some(IncomingLine { product: Arc::new(product), quantity, amount_minor }))
}
