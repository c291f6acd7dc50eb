//! Orders and their refunds, from payloads and from the nodes of GraphQL.
//!
//! Every snapshot of an order is told whole: that it was placed, how it stands, whether it was
//! fulfilled or cancelled, and each refund. The keys sort out what was told before.

use std::sync::Arc;

use aftercart_model::{Consent, ConsentState, Currency, Identifier, OrderId, Timestamp, Topic};
use serde_json::json;

use super::{
    Arrival, Fields, RejectReason, SOURCE, address, check_currency, content_hash, customers,
    lines_content, shortened, told,
};
use crate::{Incoming, IncomingBody, IncomingLine, ProductRef, Taken};

/// An order as some source shows it.
pub struct OrderSnapshot {
    pub id: String,
    pub created_at: Timestamp,
    /// `None` where the source keeps no such time: then nothing is said of revisions.
    pub updated_at: Option<Timestamp>,
    pub identifiers: Vec<Identifier>,
    pub lines: Vec<IncomingLine>,
    pub total_minor: i64,
    pub coupon: Option<String>,
    pub fulfilled_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
    pub refunds: Vec<Refund>,
    /// Whether the customer asked for news at the checkout. That they did not is no withdrawal.
    pub accepts_marketing: bool,
    pub ip: Option<String>,
}

/// Money that went back.
pub struct Refund {
    pub id: String,
    pub at: Timestamp,
    pub amount_minor: i64,
    pub lines: Vec<IncomingLine>,
}

impl OrderSnapshot {
    /// What the snapshot says, the placing first.
    pub fn tell(self, is_update: bool) -> Result<Vec<Incoming>, RejectReason> {
        let order = order_id(&self.id)?;
        let by =
            |key: String, at: Timestamp, body: IncomingBody| told(key, &self.identifiers, at, body);
        let placed = IncomingBody::OrderPlaced {
            order: order.clone(),
            lines: self.lines.clone(),
            total_minor: self.total_minor,
            coupon: self.coupon.clone(),
        };
        let mut events = vec![by(format!("order:{}", self.id), self.created_at, placed)];
        if let Some(updated_at) = self.updated_at
            && (is_update || self.created_at < updated_at)
        {
            let content = json!([lines_content(&self.lines), self.total_minor, self.coupon]);
            let hash = content_hash(&content);
            let key = format!("order:{}@{}#{hash}", self.id, updated_at.as_millisecond());
            let revised = IncomingBody::OrderRevised {
                order: order.clone(),
                placed_at: Some(self.created_at),
                lines: self.lines.clone(),
                total_minor: self.total_minor,
                coupon: self.coupon.clone(),
            };
            events.push(by(key, updated_at, revised));
        }
        if let Some(at) = self.fulfilled_at {
            let body = IncomingBody::OrderFulfilled { order: order.clone() };
            events.push(by(format!("order:{}/fulfilled", self.id), at, body));
        }
        if let Some(at) = self.cancelled_at {
            let body = IncomingBody::OrderCancelled { order: order.clone() };
            events.push(by(format!("order:{}/cancelled", self.id), at, body));
        }
        for refund in &self.refunds {
            events.push(refund.tell(&order, &self.identifiers));
        }
        if self.accepts_marketing && !self.identifiers.is_empty() {
            let (state, at) = (ConsentState::Agreed, self.created_at);
            let consent = Consent::new(Topic::Marketing, state, at, "shopify checkout");
            let consent = Consent { ip: self.ip.clone(), ..consent };
            let key = format!("consent:order-{}/marketing@{}", self.id, at.as_millisecond());
            events.push(by(key, at, IncomingBody::ConsentGiven { consent }));
        }
        Ok(events)
    }
}

impl Refund {
    fn tell(&self, order: &OrderId, identifiers: &[Identifier]) -> Incoming {
        let body = IncomingBody::OrderRefunded {
            order: Some(order.clone()),
            amount_minor: self.amount_minor,
            lines: self.lines.clone(),
        };
        told(format!("refund:{}", self.id), identifiers, self.at, body)
    }
}

/// An order as webhooks and the REST API show it; `topic` is `None` for the latter.
pub fn of_payload(
    fields: &Fields<'_>,
    topic: Option<&str>,
    arrival: Arrival<'_>,
) -> Result<Vec<Incoming>, RejectReason> {
    let currency = arrival.currency;
    check_currency(fields, "currency", currency)?;
    let created_at = fields.time("created_at")?.ok_or_else(|| fields.missing("created_at"))?;
    let updated_at = fields.time("updated_at")?.unwrap_or(created_at);
    let told_refunds = fields.objects("refunds")?;
    let mut refunds = Vec::new();
    for refund in &told_refunds {
        refunds.extend(refund_of(refund, currency)?);
    }
    let fulfilled = ends_so(fields, "fulfillment_status", "fulfilled")?;
    let fulfilled_at = if fulfilled || topic == Some("orders/fulfilled") {
        Some(last_fulfilment(fields, "created_at")?.unwrap_or(updated_at))
    } else {
        None
    };
    let is_cancelled = topic == Some("orders/cancelled");
    let snapshot = OrderSnapshot {
        id: fields.id_needed("id")?,
        created_at,
        updated_at: Some(updated_at),
        identifiers: identifiers(fields)?,
        lines: lines(fields, &told_refunds, currency)?,
        total_minor: total(
            needed_total(fields, fields.money("total_price", 1, currency)?, "total_price")?,
            fields.money("current_total_price", 1, currency)?,
            &refunds,
        ),
        coupon: match fields.objects("discount_codes")?.first() {
            Some(code) => code.name("code")?,
            None => None,
        },
        fulfilled_at,
        cancelled_at: fields.time("cancelled_at")?.or(is_cancelled.then_some(updated_at)),
        refunds,
        accepts_marketing: fields.flag("buyer_accepts_marketing")? == Some(true),
        ip: fields.name("browser_ip")?,
    };
    let mut events = snapshot.tell(topic.is_some_and(|it| it != "orders/create"))?;
    if let Some(customer) = fields.object("customer")? {
        // What an old order shows of its customer is as old as the order.
        events.extend(customers::named_in_passing(&customer, created_at, arrival)?);
    }
    Ok(events)
}

/// An order as a bulk operation shows it, with the nodes of its lines.
pub fn of_node(
    node: &Fields<'_>,
    line_nodes: &[Fields<'_>],
    arrival: Arrival<'_>,
) -> Result<Vec<Incoming>, RejectReason> {
    let currency = arrival.currency;
    check_currency(node, "currencyCode", currency)?;
    let created_at = node.time("createdAt")?.ok_or_else(|| node.missing("createdAt"))?;
    let updated_at = node.time("updatedAt")?.unwrap_or(created_at);
    let mut refunds = Vec::new();
    for refund in node.objects("refunds")? {
        let amount_minor = refund.money_bag("totalRefundedSet", 1, currency)?.unwrap_or(0);
        if 0 < amount_minor {
            let at = refund.time("createdAt")?.unwrap_or(updated_at);
            refunds.push(Refund { id: refund.id_needed("id")?, at, amount_minor, lines: vec![] });
        }
    }
    let (mut lines, mut taken) = (Vec::new(), Vec::new());
    for line in line_nodes {
        let Some(line) = line_of_node(line, currency)? else { continue };
        lines.extend(line.units(if refunds.is_empty() { line.left } else { line.bought }));
        taken.extend(line.units(line.bought - line.left));
    }
    let placed_for =
        needed_total(node, node.money_bag("totalPriceSet", 1, currency)?, "totalPriceSet")?;
    if let [refund] = refunds.as_mut_slice()
        && is_paid_back(&taken, &lines, refund.amount_minor, placed_for)
    {
        refund.lines = taken;
    }
    let fulfilled_at = match ends_so(node, "displayFulfillmentStatus", "FULFILLED")? {
        true => Some(last_fulfilment(node, "createdAt")?.unwrap_or(updated_at)),
        false => None,
    };
    let customer = node.object("customer")?;
    let snapshot = OrderSnapshot {
        id: node.id_needed("id")?,
        created_at,
        updated_at: Some(updated_at),
        identifiers: identifiers_of_node(node, customer.as_ref())?,
        lines,
        total_minor: total(
            placed_for,
            node.money_bag("currentTotalPriceSet", 1, currency)?,
            &refunds,
        ),
        coupon: node.texts("discountCodes")?.and_then(|it| it.into_iter().next()),
        fulfilled_at,
        cancelled_at: node.time("cancelledAt")?,
        refunds,
        accepts_marketing: node.flag("customerAcceptsMarketing")? == Some(true),
        ip: node.name("clientIp")?,
    };
    let mut events = snapshot.tell(false)?;
    if let Some(customer) = customer {
        events.extend(customers::named_in_passing(&customer, created_at, arrival)?);
    }
    Ok(events)
}

/// A refund of its own. Shopify tells it when it is made, which may be before the money moves, or
/// without money where an edit took goods from an order that was not paid.
pub fn refund_of_payload(fields: &Fields<'_>, arrival: Arrival<'_>) -> Result<Taken, RejectReason> {
    let order = order_id(&fields.id_needed("order_id")?)?;
    fields.id_needed("id")?;
    Ok(match refund_of(fields, arrival.currency)? {
        Some(refund) => Taken::Events(vec![refund.tell(&order, &[])]),
        None => Taken::Ignored(
            "no money has moved yet; `orders/updated` tells the refund once it has, and what was \
             taken from the order"
                .to_owned(),
        ),
    })
}

fn order_id(id: &str) -> Result<OrderId, RejectReason> {
    OrderId::new(id).map_err(|error| RejectReason::unusable("id", &error.to_string()))
}

fn ends_so(fields: &Fields<'_>, name: &str, state: &str) -> Result<bool, RejectReason> {
    Ok(fields.text(name)?.as_deref() == Some(state))
}

/// When the last parcel was handed to the carrier.
fn last_fulfilment(fields: &Fields<'_>, at: &str) -> Result<Option<Timestamp>, RejectReason> {
    let mut last = None;
    for fulfilment in fields.objects("fulfillments")? {
        if fulfilment.text("status")?.is_some_and(|it| it.eq_ignore_ascii_case("success")) {
            last = last.max(fulfilment.time(at)?);
        }
    }
    Ok(last)
}

fn needed_total(fields: &Fields<'_>, total: Option<i64>, name: &str) -> Result<i64, RejectReason> {
    let total = total.ok_or_else(|| fields.missing(name))?;
    if total < 0 {
        return Err(RejectReason::unusable(&fields.path(name), "send an amount of 0 or more"));
    }
    Ok(total)
}

/// What the customer paid before money went back. `current` is after edits, returns and refunds, so
/// the refunds are put back; `whole` is before returns and bounds it, for money given back out of
/// goodwill lowers nothing.
fn total(whole: i64, current: Option<i64>, refunds: &[Refund]) -> i64 {
    let Some(current) = current else { return whole };
    let refunded = refunds.iter().map(|it| it.amount_minor).fold(current, i64::saturating_add);
    refunded.clamp(0, whole)
}

/// The customer is surest by the id of their account; an address given at the checkout counts only
/// where the account has none, for orders are also placed on behalf of others.
pub fn identifiers(fields: &Fields<'_>) -> Result<Vec<Identifier>, RejectReason> {
    let mut identifiers = Vec::new();
    let mut email = None;
    if let Some(customer) = fields.object("customer")? {
        identifiers.extend(customer.id("id")?.map(|it| Identifier::external(SOURCE, it)));
        email = customer.text("email")?.as_deref().and_then(address);
    }
    for name in ["email", "contact_email"] {
        email = email.or(fields.text(name)?.as_deref().and_then(address));
    }
    identifiers.extend(email);
    for name in ["checkout_token", "cart_token"] {
        identifiers.extend(cart_token(fields, name)?);
    }
    Ok(identifiers)
}

/// The token of a cart or checkout. Carts are told with their key behind a question mark, orders of
/// the same cart without.
pub fn cart_token(fields: &Fields<'_>, name: &str) -> Result<Option<Identifier>, RejectReason> {
    let token = fields.name(name)?;
    let token = token.and_then(|it| it.split('?').next().map(str::to_owned));
    Ok(token.filter(|it| !it.is_empty()).map(Identifier::Cart))
}

fn identifiers_of_node(
    node: &Fields<'_>,
    customer: Option<&Fields<'_>>,
) -> Result<Vec<Identifier>, RejectReason> {
    let mut identifiers = Vec::new();
    let mut email = None;
    if let Some(customer) = customer {
        identifiers.extend(customer.id("id")?.map(|it| Identifier::external(SOURCE, it)));
        email = customers::email_of(customer)?;
    }
    identifiers.extend(email.or(node.text("email")?.as_deref().and_then(address)));
    Ok(identifiers)
}

/// The lines as they stand: without what an edit took from the order.
fn lines(
    fields: &Fields<'_>,
    refunds: &[Fields<'_>],
    currency: Currency,
) -> Result<Vec<IncomingLine>, RejectReason> {
    let mut lines = Vec::new();
    for line in fields.objects("line_items")? {
        let quantity = line.units("quantity")?.unwrap_or(1);
        let units = match line.id("id")? {
            Some(id) => quantity.saturating_sub(units_taken(&id, refunds)?),
            None => quantity,
        };
        let whole = line.money("price", i64::from(quantity), currency)?.unwrap_or(0);
        let amount = whole.saturating_sub(discount(&line, currency)?);
        let product = product(&line, currency)?;
        lines.extend(product.and_then(|it| line_of(it, units, quantity, amount)));
    }
    Ok(lines)
}

/// How many units of a line were taken from the order with no money to go back: an edit, told as a
/// refund of nothing.
fn units_taken(line: &str, refunds: &[Fields<'_>]) -> Result<u32, RejectReason> {
    let mut taken = 0_u32;
    for refund in refunds.iter().filter(|it| it.names("transactions")) {
        if transactions(refund)?.iter().any(|it| it.is_on_its_way) {
            continue;
        }
        for item in refund.objects("refund_line_items")? {
            if item.id("line_item_id")?.as_deref() == Some(line) {
                taken = taken.saturating_add(item.units("quantity")?.unwrap_or(0));
            }
        }
    }
    Ok(taken)
}

/// `units` of a line that had `quantity` for `amount`; none if nothing is left of it.
pub fn line_of(
    product: Arc<ProductRef>,
    units: u32,
    quantity: u32,
    amount_minor: i64,
) -> Option<IncomingLine> {
    if units == 0 {
        return None;
    }
    let part = i128::from(amount_minor.max(0)) * i128::from(units) / i128::from(quantity.max(1));
    let amount_minor = i64::try_from(part).expect("no more than the whole");
    Some(IncomingLine { product, quantity: units, amount_minor })
}

/// What was taken off a line. `discount_allocations` has all discounts, the order's own among them;
/// `total_discount` has some, and is all there is in carts and old versions.
fn discount(line: &Fields<'_>, currency: Currency) -> Result<i64, RejectReason> {
    let allocations = line.objects("discount_allocations")?;
    if allocations.is_empty() {
        return Ok(line.money("total_discount", 1, currency)?.unwrap_or(0));
    }
    let mut sum = 0_i64;
    for allocation in allocations {
        sum = sum.saturating_add(allocation.money("amount", 1, currency)?.unwrap_or(0));
    }
    Ok(sum)
}

/// The product of a line; none where nothing names it, whose money is then in the total alone.
pub fn product(
    line: &Fields<'_>,
    currency: Currency,
) -> Result<Option<Arc<ProductRef>>, RejectReason> {
    let name = match line.name("title")? {
        Some(title) => Some(title),
        None => line.name("name")?,
    };
    let variant = line.id("variant_id")?.map(|it| format!("variant:{it}"));
    let codes = codes(line.id("product_id")?, line.name("sku")?, variant, name.as_deref());
    let price_minor = line.money("price", 1, currency)?;
    Ok(codes.map(|(code, code_also)| {
        Arc::new(ProductRef { code, code_also, name, price_minor, ..ProductRef::default() })
    }))
}

/// The code of a line's product and a second one.
pub fn codes(
    product: Option<String>,
    stock_code: Option<String>,
    variant: Option<String>,
    name: Option<&str>,
) -> Option<(String, Option<String>)> {
    let by_name = || name.map(|it| shortened(&format!("name:{it}")));
    match (product, stock_code) {
        (Some(product), Some(stock_code)) => Some((product, Some(stock_code))),
        (Some(product), None) => Some((product, variant)),
        (None, Some(stock_code)) => Some((stock_code, variant)),
        (None, None) => by_name().map(|it| (it, None)),
    }
}

/// A line of a bulk operation: what was bought, and how much of it is left after edits and refunds.
/// Which of the two took the rest is not told there.
struct LineNode {
    product: Arc<ProductRef>,
    bought: u32,
    left: u32,
    /// Of all that was bought.
    amount_minor: i64,
}

impl LineNode {
    /// So many of the units; `None` where it is none.
    fn units(&self, units: u32) -> Option<IncomingLine> {
        line_of(Arc::clone(&self.product), units, self.bought, self.amount_minor)
    }
}

/// Whether an order's one refund is for the units that were `taken` from it, and not for something
/// beside them: it pays back exactly what they cost, or all of an order of which nothing is left.
fn is_paid_back(
    taken: &[IncomingLine],
    bought: &[IncomingLine],
    paid_back_minor: i64,
    order_minor: i64,
) -> bool {
    let units = |lines: &[IncomingLine]| lines.iter().map(|it| u64::from(it.quantity)).sum::<u64>();
    let cost: i64 = taken.iter().map(|it| it.amount_minor).sum();
    let is_all = units(taken) == units(bought) && paid_back_minor == order_minor;
    !taken.is_empty() && (is_all || cost == paid_back_minor)
}

fn line_of_node(line: &Fields<'_>, currency: Currency) -> Result<Option<LineNode>, RejectReason> {
    let bought = line.units("quantity")?.unwrap_or(1);
    let left = line.units("currentQuantity")?.map_or(bought, |it| it.min(bought));
    let price = |times| line.money_bag("originalUnitPriceSet", times, currency);
    let mut amount_minor = price(i64::from(bought))?.unwrap_or(0);
    for allocation in line.objects("discountAllocations")? {
        let taken = allocation.money_bag("allocatedAmountSet", 1, currency)?.unwrap_or(0);
        amount_minor = amount_minor.saturating_sub(taken);
    }
    let id_in = |name: &str| line.object(name)?.map(|it| it.id("id")).transpose();
    let name = line.name("title")?;
    let product = id_in("product")?.flatten();
    let variant = id_in("variant")?.flatten().map(|it| format!("variant:{it}"));
    let Some((code, code_also)) = codes(product, line.name("sku")?, variant, name.as_deref())
    else {
        return Ok(None);
    };
    let price_minor = price(1)?;
    let product = ProductRef { code, code_also, name, price_minor, ..ProductRef::default() };
    Ok(Some(LineNode { product: Arc::new(product), bought, left, amount_minor }))
}

/// One try to give money back.
struct Transaction<'a> {
    fields: Fields<'a>,
    has_moved: bool,
    /// It has moved, or may still.
    is_on_its_way: bool,
}

fn transactions<'a>(refund: &Fields<'a>) -> Result<Vec<Transaction<'a>>, RejectReason> {
    let mut transactions = Vec::new();
    for fields in refund.objects("transactions")? {
        if fields.text("kind")?.as_deref() == Some("refund") {
            let status = fields.text("status")?.unwrap_or_default();
            let has_moved = status == "success";
            let is_on_its_way = has_moved || status == "pending";
            transactions.push(Transaction { fields, has_moved, is_on_its_way });
        }
    }
    Ok(transactions)
}

/// The money that went back, if any has.
fn refund_of(refund: &Fields<'_>, currency: Currency) -> Result<Option<Refund>, RejectReason> {
    let mut transactions = transactions(refund)?;
    transactions.retain(|it| it.has_moved);
    if transactions.is_empty() && refund.names("transactions") {
        return Ok(None);
    }
    let (mut in_shop_currency, mut sum) = (!transactions.is_empty(), 0_i64);
    for transaction in &transactions {
        let given = transaction.fields.text("currency")?;
        in_shop_currency &= given.is_none_or(|it| it == currency.code());
    }
    if in_shop_currency {
        for transaction in &transactions {
            let amount = transaction.fields.money("amount", 1, currency)?;
            sum = sum.saturating_add(amount.unwrap_or(0));
        }
    }
    let (mut lines, mut goods) = (Vec::new(), 0_i64);
    for item in refund.objects("refund_line_items")? {
        let Some(line) = item.object("line_item")? else { continue };
        let quantity = item.units("quantity")?.unwrap_or(1);
        let by_price = line.money("price", i64::from(quantity), currency)?;
        let amount = item.money("subtotal", 1, currency)?.or(by_price).unwrap_or(0);
        let tax = item.money("total_tax", 1, currency)?.unwrap_or(0);
        goods = goods.saturating_add(amount).saturating_add(tax);
        let product = product(&line, currency)?;
        lines.extend(product.and_then(|it| line_of(it, quantity, quantity, amount)));
    }
    if !in_shop_currency {
        // What went back is told in the customer's currency; the goods are told in the shop's, and
        // an adjustment is below nothing where more went back than the goods.
        for adjustment in refund.objects("order_adjustments")? {
            for part in ["amount", "tax_amount"] {
                goods = goods.saturating_sub(adjustment.money(part, 1, currency)?.unwrap_or(0));
            }
        }
        sum = goods;
    }
    let id = refund.id_needed("id")?;
    let at = match refund.time("created_at")? {
        Some(at) => at,
        None => refund.time("processed_at")?.ok_or_else(|| refund.missing("created_at"))?,
    };
    Ok((0 < sum).then_some(Refund { id, at, amount_minor: sum, lines }))
}
