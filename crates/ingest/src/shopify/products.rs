//! Products, what they cost, and how many are in stock.

use aftercart_model::{ProductFacts, Timestamp};
use serde_json::json;

use super::{
    Arrival, Fields, RejectReason, check_currency, content_hash, summary::summary, told, told_now,
};
use crate::{Incoming, IncomingBody, Taken};

/// A product as some source shows it.
pub struct ProductSnapshot {
    pub code: String,
    pub codes_also: Vec<String>,
    pub facts: ProductFacts,
}

impl ProductSnapshot {
    /// `at` is `None` where the source keeps no time; then what it says has no time in its key.
    pub fn tell(self, at: Option<Timestamp>, arrival: Arrival<'_>) -> Incoming {
        let hash = content_hash(&json!([self.codes_also, self.facts]));
        let (code, codes_also) = (self.code, self.codes_also);
        let key = match at {
            Some(at) => format!("product:{code}@{}#{hash}", at.as_millisecond()),
            None => format!("product:{code}#{hash}"),
        };
        let body = IncomingBody::ProductSaved { code, codes_also, facts: Box::new(self.facts) };
        match at {
            Some(at) => told(key, &[], at, body),
            None => told_now(key, &[], arrival, body),
        }
    }
}

/// What the variants of a product add up to.
#[derive(Default)]
pub struct Variants {
    pub codes: Vec<String>,
    /// The least of the prices: what shops write behind "from".
    pub price_minor: Option<i64>,
    pub cost_minor: Option<i64>,
    count: usize,
    units: i64,
    /// One is not counted, or is sold on when it is out: no number says whether it can be had.
    is_uncounted: bool,
}

/// How many of a variant there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariantStock {
    Untold,
    Uncounted,
    Units(i64),
}

impl Variants {
    pub fn add(&mut self, codes: [Option<String>; 3], price: Option<i64>, stock: VariantStock) {
        self.count += 1;
        for code in codes.into_iter().flatten() {
            if !self.codes.contains(&code) {
                self.codes.push(code);
            }
        }
        self.price_minor = match (self.price_minor, price) {
            (Some(known), Some(price)) => Some(known.min(price)),
            (known, price) => known.or(price),
        };
        match stock {
            VariantStock::Untold => {}
            VariantStock::Uncounted => self.is_uncounted = true,
            VariantStock::Units(units) => self.units = self.units.saturating_add(units),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Units of all variants; `None` where `is_whole` says that not all were told.
    pub fn stock(&self, is_whole: bool) -> Option<Option<i64>> {
        if self.is_uncounted { Some(None) } else { is_whole.then_some(Some(self.units)) }
    }
}

/// A product as webhooks and the REST API show it.
pub fn of_payload(
    fields: &Fields<'_>,
    arrival: Arrival<'_>,
) -> Result<Vec<Incoming>, RejectReason> {
    let id = fields.id_needed("id")?;
    let variant_nodes = fields.objects("variants")?;
    let mut variants = Variants::default();
    let mut is_whole = !variant_nodes.is_empty();
    for variant in &variant_nodes {
        let stock = stock_of(variant)?;
        is_whole &= stock != VariantStock::Untold;
        let codes = [
            variant.name("sku")?,
            variant.id("id")?.map(|it| format!("variant:{it}")),
            variant.id("inventory_item_id")?.map(|it| format!("inventory:{it}")),
        ];
        variants.add(codes, variant.money("price", 1, arrival.currency)?, stock);
    }
    // Beyond the first hundred variants only ids are told.
    let all_variants = fields.objects("variant_gids")?;
    is_whole &= all_variants.len() <= variant_nodes.len();
    for variant in &all_variants {
        let id = variant.id("admin_graphql_api_id")?.map(|it| format!("variant:{it}"));
        variants.add([id, None, None], None, VariantStock::Untold);
    }
    let handle = fields.name("handle")?;
    let taxonomy = fields.object("category")?.map(|it| it.name("name")).transpose()?.flatten();
    let kind = fields.name("product_type")?;
    let pictures = match fields.object("image")? {
        Some(picture) => vec![picture],
        None => fields.objects("images")?,
    };
    let picture = pictures.first();
    let is_active = match fields.text("status")? {
        Some(status) => status == "active",
        None => true,
    };
    let is_published = !fields.names("published_at") || fields.get("published_at").is_some();
    let facts = ProductFacts {
        name: fields.name("title")?,
        category: taxonomy.or(kind.clone()),
        kind,
        brand: fields.name("vendor")?,
        tags: fields.texts("tags")?,
        summary: fields.text("body_html")?.as_deref().and_then(summary),
        price_minor: variants.price_minor,
        cost_minor: None,
        url: page(arrival.domain, handle.as_deref()),
        picture: picture.map(|it| it.text("src")).transpose()?.flatten(),
        picture_text: picture.map(|it| it.name("alt")).transpose()?.flatten(),
        stock: variants.stock(is_whole),
        is_active: Some(is_active && is_published),
    };
    let created_at = fields.time("created_at")?;
    let at = fields.time("updated_at")?.or(created_at);
    let codes_also = with_handle(variants.codes, handle.as_deref());
    Ok(vec![ProductSnapshot { code: id, codes_also, facts }.tell(at, arrival)])
}

/// A product as a bulk operation shows it, with the nodes of its variants.
pub fn of_node(
    node: &Fields<'_>,
    variant_nodes: &[Fields<'_>],
    arrival: Arrival<'_>,
) -> Result<Vec<Incoming>, RejectReason> {
    let currency = arrival.currency;
    let mut variants = Variants::default();
    let mut is_whole = !variant_nodes.is_empty();
    for variant in variant_nodes {
        let item = variant.object("inventoryItem")?;
        let mut item_code = None;
        let mut is_tracked = true;
        if let Some(item) = &item {
            item_code = item.id("id")?.map(|it| format!("inventory:{it}"));
            is_tracked = item.flag("tracked")?.unwrap_or(true);
            if let Some(cost) = item.object("unitCost")? {
                check_currency(&cost, "currencyCode", currency)?;
                let cost = cost.money("amount", 1, currency)?;
                variants.cost_minor = variants.cost_minor.or(cost);
            }
        }
        let is_oversold = variant.text("inventoryPolicy")?.as_deref() == Some("CONTINUE");
        let stock = match whole(variant, "inventoryQuantity")? {
            _ if !is_tracked || is_oversold => VariantStock::Uncounted,
            Some(units) => VariantStock::Units(units),
            None => VariantStock::Untold,
        };
        is_whole &= stock != VariantStock::Untold;
        let id = variant.id("id")?.map(|it| format!("variant:{it}"));
        let price = variant.money("price", 1, currency)?;
        variants.add([variant.name("sku")?, id, item_code], price, stock);
    }
    let handle = node.name("handle")?;
    let taxonomy = node.object("category")?.map(|it| it.name("name")).transpose()?.flatten();
    let kind = node.name("productType")?;
    let picture = match node.object("featuredMedia")? {
        Some(media) => media.object("preview")?.map(|it| it.object("image")).transpose()?.flatten(),
        None => None,
    };
    let is_active = node.text("status")?.is_none_or(|it| it == "ACTIVE");
    let is_published = !node.names("publishedAt") || node.get("publishedAt").is_some();
    let facts = ProductFacts {
        name: node.name("title")?,
        category: taxonomy.or(kind.clone()),
        kind,
        brand: node.name("vendor")?,
        tags: node.texts("tags")?,
        summary: node.text("descriptionHtml")?.as_deref().and_then(summary),
        price_minor: variants.price_minor,
        cost_minor: variants.cost_minor,
        url: node.text("onlineStoreUrl")?.or(page(arrival.domain, handle.as_deref())),
        picture: picture.as_ref().map(|it| it.text("url")).transpose()?.flatten(),
        picture_text: picture.as_ref().map(|it| it.name("altText")).transpose()?.flatten(),
        stock: variants.stock(is_whole),
        is_active: Some(is_active && is_published),
    };
    let created_at = node.time("createdAt")?;
    let at = node.time("updatedAt")?.or(created_at);
    let codes_also = with_handle(variants.codes, handle.as_deref());
    Ok(vec![ProductSnapshot { code: node.id_needed("id")?, codes_also, facts }.tell(at, arrival)])
}

pub fn removed(fields: &Fields<'_>, arrival: Arrival<'_>) -> Result<Vec<Incoming>, RejectReason> {
    let code = fields.id_needed("id")?;
    let key = format!("product:{code}/removed@{}", arrival.received_at.as_millisecond());
    Ok(vec![told_now(key, &[], arrival, IncomingBody::ProductRemoved { code })])
}

/// Units of one variant at one location. Both make the place, for a product has several variants at
/// each location and its stock is the sum over its places.
pub fn stock_counted(fields: &Fields<'_>) -> Result<Taken, RejectReason> {
    let (item, location) = (fields.id_needed("inventory_item_id")?, location(fields)?);
    let at = fields.time("updated_at")?.ok_or_else(|| fields.missing("updated_at"))?;
    let Some(units) = whole(fields, "available")? else {
        return Ok(Taken::Ignored(
            "`available` is null: the shop does not count this item there".to_owned(),
        ));
    };
    Ok(Taken::Events(vec![stock(&item, &location, units, at)]))
}

/// The location no longer has the item.
pub fn stock_gone(
    fields: &Fields<'_>,
    arrival: Arrival<'_>,
) -> Result<Vec<Incoming>, RejectReason> {
    let (item, location) = (fields.id_needed("inventory_item_id")?, location(fields)?);
    let counted = stock(&item, &location, 0, arrival.received_at);
    Ok(vec![told_now(counted.key.key, &[], arrival, counted.body)])
}

/// What an item costs the shop.
pub fn cost_known(fields: &Fields<'_>, arrival: Arrival<'_>) -> Result<Taken, RejectReason> {
    let id = fields.id_needed("id")?;
    let at = fields.time("updated_at")?.ok_or_else(|| fields.missing("updated_at"))?;
    let Some(cost_minor) = fields.money("cost", 1, arrival.currency)? else {
        return Ok(Taken::Ignored(
            "`cost` is null, and nothing else of an item is kept".to_owned(),
        ));
    };
    let facts = ProductFacts { cost_minor: Some(cost_minor), ..ProductFacts::default() };
    let codes_also = fields.name("sku")?.into_iter().collect();
    let snapshot = ProductSnapshot { code: format!("inventory:{id}"), codes_also, facts };
    Ok(Taken::Events(vec![snapshot.tell(Some(at), arrival)]))
}

pub fn stock(item: &str, location: &str, units: i64, at: Timestamp) -> Incoming {
    let body = IncomingBody::StockCounted {
        code: format!("inventory:{item}"),
        place: format!("{location}/{item}"),
        units,
    };
    told(format!("stock:{item}/{location}@{}", at.as_millisecond()), &[], at, body)
}

fn location(fields: &Fields<'_>) -> Result<String, RejectReason> {
    fields.id_needed("location_id")
}

/// Versions before 2024-07 say by `inventory_management` whether a variant is counted; later ones
/// leave the field out and count what has a number.
fn stock_of(variant: &Fields<'_>) -> Result<VariantStock, RejectReason> {
    let is_uncounted =
        variant.names("inventory_management") && variant.get("inventory_management").is_none();
    let is_oversold = variant.text("inventory_policy")?.as_deref() == Some("continue");
    if is_uncounted || is_oversold {
        return Ok(VariantStock::Uncounted);
    }
    Ok(match whole(variant, "inventory_quantity")? {
        Some(units) => VariantStock::Units(units),
        None => VariantStock::Untold,
    })
}

/// A whole number that may be below 0: more was sold than was there.
fn whole(fields: &Fields<'_>, name: &str) -> Result<Option<i64>, RejectReason> {
    let Some(decimal) = fields.decimal(name)? else { return Ok(None) };
    let value = fields.get(name).expect("it was read");
    let whole = decimal.whole();
    whole.map(Some).ok_or_else(|| fields.refuse(name, value, "send a whole number"))
}

/// Exports of products know no ids, only handles; by this code both lead to one product.
pub fn with_handle(mut codes: Vec<String>, handle: Option<&str>) -> Vec<String> {
    codes.extend(handle.map(|it| format!("handle:{it}")));
    codes
}

/// The page of a product, where the shop's domain is known.
pub fn page(domain: Option<&str>, handle: Option<&str>) -> Option<String> {
    Some(format!("https://{}/products/{}", domain?, handle?))
}
