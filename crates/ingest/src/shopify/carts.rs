//! Carts and checkouts: what was about to be bought, by whoever holds the token.

use aftercart_model::Identifier;

use super::{
    Arrival, Fields, RejectReason, check_currency,
    orders::{cart_token, identifiers, product},
    told,
};
use crate::{Incoming, IncomingBody, IncomingLine};

/// A checkout as it stood when it was last changed. What it says of consent is not taken: the form
/// may not have been finished, and the order that comes of it says it again.
pub fn checkout(fields: &Fields<'_>, arrival: Arrival<'_>) -> Result<Vec<Incoming>, RejectReason> {
    let currency = arrival.currency;
    check_currency(fields, "currency", currency)?;
    let Some(Identifier::Cart(token)) = cart_token(fields, "token")? else {
        return Err(fields.missing("token"));
    };
    let created_at = fields.time("created_at")?;
    let at =
        fields.time("updated_at")?.or(created_at).ok_or_else(|| fields.missing("updated_at"))?;
    let mut identifiers = identifiers(fields)?;
    let checkout = Identifier::Cart(token.clone());
    if !identifiers.contains(&checkout) {
        identifiers.push(checkout);
    }
    let mut lines = Vec::new();
    for line in fields.objects("line_items")? {
        let quantity = line.units("quantity")?.unwrap_or(1);
        let by_price = line.money("price", i64::from(quantity), currency)?;
        let amount_minor = line.money("line_price", 1, currency)?.or(by_price).unwrap_or(0).max(0);
        if let Some(product) = product(&line, currency)?
            && 0 < quantity
        {
            lines.push(IncomingLine { product, quantity, amount_minor });
        }
    }
    let sum = lines.iter().map(|it| it.amount_minor).fold(0, i64::saturating_add);
    let total_minor = fields.money("total_price", 1, currency)?.unwrap_or(sum).max(0);
    let key = format!("checkout:{token}@{}", at.as_millisecond());
    Ok(vec![told(key, &identifiers, at, IncomingBody::CheckoutStarted { lines, total_minor })])
}

/// A cart. Shopify tells all that lies in it each time, so a product is told once for each cart, when
/// it is first seen there; what was taken out again cannot be seen.
pub fn cart(fields: &Fields<'_>, arrival: Arrival<'_>) -> Result<Vec<Incoming>, RejectReason> {
    let Some(Identifier::Cart(token)) = cart_token(fields, "token")? else {
        return Err(fields.missing("token"));
    };
    let created_at = fields.time("created_at")?;
    let at =
        fields.time("updated_at")?.or(created_at).ok_or_else(|| fields.missing("updated_at"))?;
    let identifiers = [Identifier::Cart(token.clone())];
    let mut events = Vec::new();
    for line in fields.objects("line_items")? {
        let quantity = line.units("quantity")?.unwrap_or(1);
        let Some(product) = product(&line, arrival.currency)?.filter(|_| 0 < quantity) else {
            continue;
        };
        let variant = line.id("variant_id")?.unwrap_or_else(|| product.code.clone());
        let key = format!("cart:{token}/{variant}");
        let body = IncomingBody::CartAdded { product, quantity };
        if events.iter().all(|it: &Incoming| it.key.key != key) {
            events.push(told(key, &identifiers, at, body));
        }
    }
    Ok(events)
}
