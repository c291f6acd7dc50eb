//! The door of the log: events come in, once, and everything that follows from them happens in the
//! transaction that stores them.
//!
//! Dedupe by key (orders by order id too, across sources), find or create the customer, append,
//! update the projections, end enrolments whose exit criteria became true, enrol where a trigger
//! matches. The caller answers its sender only after the commit.
//!
//! Imported history takes the same way with [`Occasion::History`]: it teaches and counts, and it
//! never triggers, because nobody wants an email for an order of two years ago.

use std::collections::{BTreeMap, HashMap};

use aftercart_ingest::{Incoming, IncomingBody, IncomingLine, ProductRef, TimeSource};
use aftercart_model::{
    CustomerId, CustomerName, Event, EventBody, EventKey, EventKind, Order, OrderLine, Product,
    ProductFacts, ProductId, Review, Timestamp,
    told::{OrderWord, know, know_all},
};
use aftercart_store::{Appended, NewEvent, RequestKind, Tx};
use anyhow::{Context, Result};

use crate::{Engine, erase_customer::without_erased, merge_customers::meet};

/// The source under which our own events stand in the log.
pub(crate) const OURSELVES: &str = "aftercart";

/// How many products are kept in mind, so that an import stays flat.
const PRODUCTS_SEEN_MAX: usize = 20_000;

/// What became of an event that was sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    New {
        seq: u64,
        customer: Option<CustomerId>,
    },
    /// The same event was accepted before; nothing happened again.
    Duplicate {
        seq: u64,
    },
    /// Another event was accepted under this key before; this one is refused.
    Conflict {
        seq: u64,
    },
}

/// Whether events are happening now or are told afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    Live,
    History,
}

impl Engine {
    /// Accepts events, all in one durable commit; one answer for each, in their order.
    pub fn record_events(&self, events: &[Incoming], now: Timestamp) -> Result<Vec<Recorded>> {
        self.write_events(|tx, seen| {
            let record = |event| self.record(tx, seen, event, Occasion::Live, now);
            events.iter().map(record).collect()
        })
    }

    /// Accepts what came as units, each of one or more events and taken whole or not at all, in one
    /// durable commit; one answer for each unit, that of its first event.
    pub fn record_units(&self, units: &[Vec<Incoming>], now: Timestamp) -> Result<Vec<Recorded>> {
        self.write_events(|tx, seen| {
            units.iter().map(|unit| self.record_unit(tx, seen, unit, now)).collect()
        })
    }

    /// Accepts events at moments of their own, all in one durable commit: what a simulation does,
    /// whose clock stands between two of its moments.
    pub fn record_events_at(&self, events: &[(Incoming, Timestamp)]) -> Result<Vec<Recorded>> {
        self.write_events(|tx, seen| {
            let record = |(event, now): &(Incoming, Timestamp)| {
                self.record(tx, seen, event, Occasion::Live, *now)
            };
            events.iter().map(record).collect()
        })
    }

    /// One commit of events; a product that came with them is known from then on.
    pub(crate) fn write_events<T>(
        &self,
        record: impl FnOnce(&mut Tx<'_>, &mut Seen) -> Result<T>,
    ) -> Result<T> {
        let mut seen = Seen::default();
        let recorded = self.store().write(|tx| record(tx, &mut seen))?;
        if seen.has_new_products {
            self.forget_known();
        }
        if seen.has_erased {
            self.follow_erasures()?;
        }
        Ok(recorded)
    }

    fn record_unit(
        &self,
        tx: &mut Tx<'_>,
        seen: &mut Seen,
        unit: &[Incoming],
        now: Timestamp,
    ) -> Result<Recorded> {
        let (first, others) = unit.split_first().context("a unit of no events")?;
        let recorded = self.record(tx, seen, first, Occasion::Live, now)?;
        match recorded {
            Recorded::Conflict { .. } => Ok(recorded),
            // An order that another source told: what is said beside it is news all the same.
            Recorded::New { .. } | Recorded::Duplicate { seq: 0 } => {
                for event in others {
                    self.record(tx, seen, event, Occasion::Live, now)?;
                }
                Ok(recorded)
            }
            // What came first came with these too, or it was another unit.
            Recorded::Duplicate { seq } => {
                for event in others {
                    if tx.erased_event(&event.key)?.is_some() {
                        continue;
                    }
                    let known = tx.event_by_key(&event.key)?;
                    let is_same = match &known {
                        Some(known) => is_same(tx, known, event)?,
                        None => false,
                    };
                    if !is_same {
                        return Ok(Recorded::Conflict { seq });
                    }
                }
                Ok(recorded)
            }
        }
    }

    /// Accepts one event within a transaction of the caller.
    pub(crate) fn record(
        &self,
        tx: &mut Tx<'_>,
        seen: &mut Seen,
        event: &Incoming,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<Recorded> {
        if let Some(seq) = tx.erased_event(&event.key)? {
            return Ok(Recorded::Duplicate { seq });
        }
        let nameless = without_erased(tx, event)?;
        let event = nameless.as_ref().unwrap_or(event);
        if let IncomingBody::OrderPlaced { order, .. } = &event.body
            && let Some(known) = tx.order(order)?
            && tx.event_by_key(&event.key)?.is_none()
        {
            return self.tell_again(tx, seen, event, known, occasion, now);
        }
        // Asked before anybody is created, so that an event which is refused leaves nothing behind.
        // History comes in bulk and from files, where keys hardly ever meet.
        if (occasion == Occasion::Live || event.time_source != TimeSource::Given)
            && let Some(known) = tx.event_by_key(&event.key)?
        {
            let seq = known.seq;
            return Ok(if is_same(tx, &known, event)? {
                Recorded::Duplicate { seq }
            } else {
                Recorded::Conflict { seq }
            });
        }
        meet_catalogue(tx, seen, &event.body)?;
        let met = meet(tx, event)?;
        let customer = met.as_ref().map(|it| it.customer);
        let body = resolve_body(&event.body, &mut |named| resolve_product(tx, seen, named))?;
        let new = new_event(event, customer, body, now);
        match tx.append_event(&new)? {
            Appended::Duplicate { seq } => Ok(Recorded::Duplicate { seq }),
            Appended::Conflict { seq } => {
                // Its customer may have been merged since it was told first.
                let known = tx.event_by_key(&event.key)?.context("an event vanished")?;
                Ok(if is_same(tx, &known, event)? {
                    Recorded::Duplicate { seq }
                } else {
                    Recorded::Conflict { seq }
                })
            }
            Appended::New { seq } => {
                if let Some(met) = &met {
                    let customer = met.customer;
                    tx.lock_customer(customer)?;
                    self.follow_merge(tx, met, event.at, occasion, now)?;
                    if !met.is_known_since {
                        tx.known_since(customer, event.at)?;
                    }
                }
                if let (IncomingBody::ConsentGiven { consent }, Some(customer), Some(under)) =
                    (&event.body, customer, event.identifiers.first())
                {
                    self.apply_consent(tx, customer, under, consent, occasion, now)?;
                }
                self.apply(tx, seq, &new, occasion, now)?;
                seen.has_erased |= matches!(new.body, EventBody::ErasureAsked);
                Ok(Recorded::New { seq, customer })
            }
        }
    }

    /// An order is told again, by another source. What it says of the order is a word like any other,
    /// and whom it names is learnt; an order that was a guest's is from here on of whom it names.
    fn tell_again(
        &self,
        tx: &mut Tx<'_>,
        seen: &mut Seen,
        event: &Incoming,
        known: Order,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<Recorded> {
        if !self.is_news(tx, seen, event, &known)? {
            return Ok(Recorded::Duplicate { seq: 0 });
        }
        let met = meet(tx, event)?;
        let met_customer = met.as_ref().map(|it| it.customer);
        let named = met_customer.filter(|_| known.customer.is_none());
        let placed = resolve_body(&event.body, &mut |it| resolve_product(tx, seen, it))?;
        let revised = as_word(placed.clone(), event.at);
        // The log tells of each order once that it was placed by somebody.
        let body = if named.is_some() { placed } else { revised.clone() };
        let new = new_event(event, met_customer.or(known.customer), body, now);
        let Appended::New { seq } = tx.append_event(&new)? else {
            return Ok(Recorded::Duplicate { seq: 0 });
        };
        for concerned in [met_customer, known.customer].into_iter().flatten() {
            tx.lock_customer(concerned)?;
        }
        if let Some(met) = &met {
            self.follow_merge(tx, met, event.at, occasion, now)?;
        }
        if let Some(customer) = named {
            tx.name_guest(&known.id, customer, seq)?;
        }
        self.hear_word(tx, &revised, event.at)?;
        let order = tx.order(&known.id)?.context("an order vanished")?;
        if let Some(customer) = order.customer {
            let customer = tx.root_of(customer)?;
            tx.known_since(customer, order.placed_at)?;
        }
        match (named, order.customer) {
            (Some(_), customer) => {
                self.follow_order(tx, &order, occasion, now)?;
                return Ok(Recorded::New { seq, customer });
            }
            (None, Some(customer)) if occasion == Occasion::Live => {
                self.follow_customer(tx, customer, Some(&order), now)?;
            }
            _ => {}
        }
        Ok(Recorded::Duplicate { seq: 0 })
    }

    /// Whether another telling of an order says anything that is not known.
    fn is_news(
        &self,
        tx: &mut Tx<'_>,
        seen: &mut Seen,
        event: &Incoming,
        known: &Order,
    ) -> Result<bool> {
        let root = known.customer.map(|it| tx.root_of(it)).transpose()?;
        let is_tied = event.identifiers.len() > 1;
        for identifier in &event.identifiers {
            let before = tx.identifier(identifier)?;
            let is_known = before.is_some_and(|it| {
                let is_tied_before = it.tied_at.is_some_and(|tied_at| tied_at <= event.at);
                Some(it.customer) == root && (is_tied_before || !is_tied)
            });
            if !is_known {
                return Ok(true);
            }
        }
        let body = resolve_body(&event.body, &mut |it| resolve_product(tx, seen, it))?;
        let EventBody::OrderPlaced { lines, total_minor, coupon, .. } = body else {
            return Ok(false);
        };
        let is_same =
            (&lines, total_minor, &coupon) == (&known.lines, known.total_minor, &known.coupon);
        // The same content of a later instant is news: it holds over what was said in between.
        Ok(!is_same || event.at != known.placed_at)
    }

    fn hear_word(&self, tx: &mut Tx<'_>, body: &EventBody, at: Timestamp) -> Result<()> {
        let EventBody::OrderRevised { order, placed_at, lines, total_minor, coupon } = body else {
            return Ok(());
        };
        let (placed_at, total_minor) = (*placed_at, *total_minor);
        let (lines, coupon) = (lines.clone(), coupon.clone());
        let word = OrderWord { at, placed_at, lines, total_minor, coupon };
        tx.revise_order(order, &word).map(drop)
    }

    /// Appends an event of our own making; `key` names the cause, so that it is told once.
    pub(crate) fn note(
        &self,
        tx: &mut Tx<'_>,
        key: String,
        customer: CustomerId,
        at: Timestamp,
        body: EventBody,
    ) -> Result<bool> {
        if tx.is_erased(customer)? {
            return Ok(false); // A letter was under way; of whom it was to nothing is told any more.
        }
        let key = EventKey { source: OURSELVES.to_owned(), key };
        let customer = Some(customer);
        let new = NewEvent { key, customer, at, stated_at: None, received_at: at, body };
        Ok(matches!(tx.append_event(&new)?, Appended::New { .. }))
    }

    /// Appends an event whose customer is known and lets follow what follows; `false` if it was
    /// known already.
    pub(crate) fn append_and_apply(
        &self,
        tx: &mut Tx<'_>,
        event: &NewEvent,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<bool> {
        let Appended::New { seq } = tx.append_event(event)? else { return Ok(false) };
        self.apply(tx, seq, event, occasion, now)?;
        Ok(true)
    }

    /// What follows from an event that has just been appended.
    fn apply(
        &self,
        tx: &mut Tx<'_>,
        seq: u64,
        event: &NewEvent,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<()> {
        match (&event.body, event.customer) {
            (EventBody::OrderPlaced { order, lines, total_minor, coupon }, customer) => {
                let order = Order {
                    id: order.clone(),
                    customer,
                    placed_at: event.at,
                    lines: lines.clone(),
                    total_minor: *total_minor,
                    coupon: coupon.clone(),
                    refunded_minor: 0,
                    cancelled_at: None,
                };
                tx.insert_order(seq, &order)?;
                self.follow_order(tx, &order, occasion, now)
            }
            (EventBody::OrderCancelled { order }, _) => {
                tx.cancel_order(order, event.at)?;
                Ok(())
            }
            (EventBody::OrderRefunded { order: Some(order), amount_minor, .. }, _) => {
                tx.refund_order(order, *amount_minor)?;
                Ok(())
            }
            (EventBody::OrderRevised { order, placed_at, .. }, _) => {
                self.hear_word(tx, &event.body, event.at)?;
                let told = placed_at.is_some() && occasion == Occasion::Live;
                match tx.order(order)?.filter(|_| told).and_then(|it| it.customer) {
                    Some(customer) => self.follow_customer(tx, customer, None, now),
                    None => Ok(()),
                }
            }
            (EventBody::ProductSaved { product, facts }, _) => {
                tx.tell_product(*product, event.at, facts)
            }
            (EventBody::ProductRemoved { product }, _) => {
                let gone = ProductFacts { is_active: Some(false), ..ProductFacts::default() };
                tx.tell_product(*product, event.at, &gone)
            }
            (EventBody::StockCounted { product, code, place, units }, _) => {
                tx.count_stock(*product, code, place, event.at, *units)
            }
            (EventBody::ErasureAsked, Some(customer)) => self.erase(tx, customer, now).map(drop),
            (EventBody::ErasureAsked, None) => {
                tx.add_request(seq, RequestKind::EraseShop, None, event.at)
            }
            (EventBody::ExportAsked, customer) => {
                tx.add_request(seq, RequestKind::Export, customer, event.at)
            }
            (EventBody::Identified { .. }, Some(customer)) => self.apply_facts(tx, customer, event),
            (EventBody::ProductReviewed { .. }, customer) => {
                let Some(review) = self.review(tx, event)? else { return Ok(()) };
                tx.add_review(&review)?;
                match customer {
                    Some(customer) if occasion == Occasion::Live => {
                        self.after_review(tx, customer, now)
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// What follows from an order that has just become known, or known to be of its customer.
    fn follow_order(
        &self,
        tx: &mut Tx<'_>,
        order: &Order,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<()> {
        let not_redeemed = self.redeem_coupon(tx, order)?;
        if occasion == Occasion::History {
            return Ok(());
        }
        if let Some(reason) = not_redeemed {
            self.note_not_redeemed(tx, order, reason, now)?;
        }
        match order.customer {
            Some(customer) => self.follow_customer(tx, customer, Some(order), now),
            None => Ok(()),
        }
    }

    /// Keeps what became known of a customer: of each fact what was known last, in whatever order it
    /// is told.
    fn apply_facts(&self, tx: &mut Tx<'_>, id: CustomerId, event: &NewEvent) -> Result<()> {
        let Some(before) = tx.customer(id)? else { return Ok(()) };
        let mut customer = before.clone();
        let kinds = (EventKind::Identified, EventKind::Identified);
        let newest = tx.events_page_of_kinds(id, kinds, None, 2)?;
        if newest.iter().any(|it| it.at >= event.at && it.key != event.key) {
            let told = tx.events_of(id)?;
            let of_then = told.iter().filter(|it| it.at >= event.at);
            know_all(&mut customer, of_then.map(|it| (it.at, &it.body)));
        } else {
            know(&mut customer, &event.body);
        }
        if customer == before { Ok(()) } else { tx.save_customer(&customer) }
    }

    /// What a told review is in the shop: by whom, and whether they bought the product.
    fn review(&self, tx: &mut Tx<'_>, event: &NewEvent) -> Result<Option<Review>> {
        let EventBody::ProductReviewed { product, rating, text, details } = &event.body else {
            return Ok(None);
        };
        let (mut author, mut bought_at) = (String::new(), None);
        if let Some(customer) = event.customer {
            author = tx.customer(customer)?.map(|it| shown_name(&it.name)).unwrap_or_default();
            let orders = tx.orders_of(customer)?;
            let holds = |order: &&Order| order.lines.iter().any(|line| line.product == *product);
            bought_at = orders.iter().rev().find(holds).map(|it| it.placed_at);
        }
        Ok(Some(Review {
            id: 0,
            product: *product,
            customer: event.customer,
            rating: *rating,
            text: text.clone(),
            author: details.author.clone().unwrap_or(author),
            bought_at,
            at: event.at,
            state: details.state(),
        }))
    }
}

/// An event from outside as the log takes it.
fn new_event(
    event: &Incoming,
    customer: Option<CustomerId>,
    body: EventBody,
    received_at: Timestamp,
) -> NewEvent {
    let stated_at = match event.time_source {
        TimeSource::Corrected { stated } => Some(stated),
        TimeSource::Given | TimeSource::Received => None,
    };
    NewEvent { key: event.key.clone(), customer, at: event.at, stated_at, received_at, body }
}

/// Given name and initial, as reviews show people: `Tomás R.`
pub(crate) fn shown_name(name: &aftercart_model::CustomerName) -> String {
    match name.family.chars().next() {
        Some(initial) => format!("{} {initial}.", name.given),
        None => name.given.clone(),
    }
}

/// Whether an event that came under a known key is the one that is known. Nothing is created for
/// asking. What the sender stated is compared, not what it was corrected to, which differs with each
/// time of arrival; who stated no instant says nothing about it.
fn is_same(tx: &mut Tx<'_>, known: &Event, event: &Incoming) -> Result<bool> {
    let stated = match event.time_source {
        TimeSource::Given => Some(event.at),
        TimeSource::Corrected { stated } => Some(stated),
        TimeSource::Received => None,
    };
    if let Some(stated) = stated {
        let before = tx.stated_at(&known.key)?.unwrap_or(known.at);
        if before.as_millisecond() != stated.as_millisecond() {
            return Ok(false);
        }
    }
    let mut customer = None;
    for identifier in &event.identifiers {
        customer = tx.customer_by_identifier(identifier)?;
        if customer.is_some() {
            break;
        }
    }
    let find = &mut |named: &ProductRef| Ok(find_product(tx, named)?.unwrap_or(NO_PRODUCT));
    let mut body = resolve_body(&event.body, find)?;
    if let (EventBody::ConsentGiven { consent }, EventBody::ConsentGiven { consent: before }) =
        (&mut body, &known.body)
        && (consent.at, before.at) == (event.at, known.at)
    {
        // It was said when the event happened, which is compared above.
        consent.at = before.at;
    }
    if matches!(known.body, EventBody::OrderRevised { .. }) {
        body = as_word(body, event.at); // Told by another source before.
    }
    let teller = known.customer.map(|it| tx.root_of(it)).transpose()?;
    Ok(teller == customer && known.body == body)
}

/// An order that was placed as a word on what it consists of; anything else as it is.
fn as_word(body: EventBody, at: Timestamp) -> EventBody {
    match body {
        EventBody::OrderPlaced { order, lines, total_minor, coupon } => {
            EventBody::OrderRevised { order, placed_at: Some(at), lines, total_minor, coupon }
        }
        other => other,
    }
}

/// Product codes that were looked up, so that an import asks for each once. What was made in a change
/// that is taken back must be forgotten with it.
#[derive(Default)]
pub(crate) struct Seen {
    products: HashMap<String, ProductId>,
    has_new_products: bool,
    /// Somebody was erased, of whom this process may hold something beside the store.
    has_erased: bool,
}

/// The product a source speaks of; one nobody has seen becomes a product of what the source said.
fn resolve_product(tx: &mut Tx<'_>, seen: &mut Seen, named: &ProductRef) -> Result<ProductId> {
    if let Some(id) = seen.products.get(&named.code) {
        return Ok(*id);
    }
    let id = match find_product(tx, named)? {
        Some(id) => id,
        None => {
            seen.has_new_products = true;
            add_product(tx, named)?
        }
    };
    if PRODUCTS_SEEN_MAX <= seen.products.len() {
        seen.products.clear();
    }
    seen.products.insert(named.code.clone(), id);
    Ok(id)
}

/// Finds or makes the product that a catalogue speaks of, so that it goes by all its codes. One of
/// which no more is known than that it is gone, or how many there are, is not for sale.
fn meet_catalogue(tx: &mut Tx<'_>, seen: &mut Seen, body: &IncomingBody) -> Result<()> {
    let (code, codes_also): (&String, &[String]) = match body {
        IncomingBody::ProductSaved { code, codes_also, .. } => (code, codes_also),
        IncomingBody::ProductRemoved { code } | IncomingBody::StockCounted { code, .. } => {
            (code, &[])
        }
        _ => return Ok(()),
    };
    // What emails and recommendations know of products is stale from here on.
    seen.has_new_products = true;
    let mut known = None;
    for code in std::iter::once(code).chain(codes_also) {
        known = tx.product_id(code)?;
        if known.is_some() {
            break;
        }
    }
    let id = match known {
        Some(id) => id,
        None => {
            let is_active = matches!(body, IncomingBody::ProductSaved { .. });
            let bare = Product::bare(ProductId(0), code, code, 0);
            tx.save_product(&Product { is_active, ..bare })?
        }
    };
    tx.add_product_codes(id, std::slice::from_ref(code))?;
    tx.add_product_codes(id, codes_also)?;
    seen.products.insert(code.clone(), id);
    Ok(())
}

/// Stands for a product nobody has seen, which equals none that is known.
const NO_PRODUCT: ProductId = ProductId(u32::MAX);

fn find_product(tx: &mut Tx<'_>, named: &ProductRef) -> Result<Option<ProductId>> {
    for code in [Some(&named.code), named.code_also.as_ref()].into_iter().flatten() {
        let known = tx.product_id(code)?;
        if known.is_some() {
            return Ok(known);
        }
    }
    Ok(None)
}

fn add_product(tx: &mut Tx<'_>, named: &ProductRef) -> Result<ProductId> {
    let name = named.name.as_deref().unwrap_or(&named.code);
    let price_minor = named.price_minor.unwrap_or(0);
    let mut product = Product::bare(ProductId(0), &named.code, name, price_minor);
    product.category = named.category.clone().unwrap_or_default();
    product.url = named.url.clone().unwrap_or_default();
    product.picture = named.picture.clone().unwrap_or_default();
    tx.save_product(&product)
}

fn resolve_lines(
    lines: &[IncomingLine],
    resolve: &mut dyn FnMut(&ProductRef) -> Result<ProductId>,
) -> Result<Vec<OrderLine>> {
    let resolve = |line: &IncomingLine| {
        let product = resolve(&line.product)?;
        Ok(OrderLine { product, quantity: line.quantity, amount_minor: line.amount_minor })
    };
    lines.iter().map(resolve).collect()
}

/// An event as the log keeps it, with its products as `resolve` finds them.
fn resolve_body(
    body: &IncomingBody,
    resolve: &mut dyn FnMut(&ProductRef) -> Result<ProductId>,
) -> Result<EventBody> {
    Ok(match body {
        IncomingBody::Identified { name, time_zone, country, locale, attributes } => {
            EventBody::Identified {
                name: name.clone(),
                time_zone: time_zone.clone(),
                country: country.clone(),
                locale: locale.clone(),
                attributes: attributes.clone(),
            }
        }
        IncomingBody::ConsentGiven { consent } => {
            EventBody::ConsentGiven { consent: consent.clone() }
        }
        // What follows of it, a merge, is told by an event of our own.
        IncomingBody::SamePerson { .. } => EventBody::Identified {
            name: CustomerName::default(),
            time_zone: None,
            country: None,
            locale: None,
            attributes: BTreeMap::new(),
        },
        IncomingBody::ErasureAsked => EventBody::ErasureAsked,
        IncomingBody::ExportAsked => EventBody::ExportAsked,
        IncomingBody::OrderPlaced { order, lines, total_minor, coupon } => EventBody::OrderPlaced {
            order: order.clone(),
            lines: resolve_lines(lines, resolve)?,
            total_minor: *total_minor,
            coupon: coupon.clone(),
        },
        IncomingBody::OrderRevised { order, placed_at, lines, total_minor, coupon } => {
            EventBody::OrderRevised {
                order: order.clone(),
                placed_at: *placed_at,
                lines: resolve_lines(lines, resolve)?,
                total_minor: *total_minor,
                coupon: coupon.clone(),
            }
        }
        IncomingBody::OrderFulfilled { order } => {
            EventBody::OrderFulfilled { order: order.clone() }
        }
        IncomingBody::OrderCancelled { order } => {
            EventBody::OrderCancelled { order: order.clone() }
        }
        IncomingBody::OrderRefunded { order, amount_minor, lines } => EventBody::OrderRefunded {
            order: order.clone(),
            amount_minor: *amount_minor,
            lines: resolve_lines(lines, resolve)?,
        },
        IncomingBody::ProductViewed { product } => {
            EventBody::ProductViewed { product: resolve(product)? }
        }
        IncomingBody::CartAdded { product, quantity } => {
            EventBody::CartAdded { product: resolve(product)?, quantity: *quantity }
        }
        IncomingBody::CartRemoved { product, quantity } => {
            EventBody::CartRemoved { product: resolve(product)?, quantity: *quantity }
        }
        IncomingBody::CouponApplied { code, order } => {
            EventBody::CouponApplied { code: code.clone(), order: order.clone() }
        }
        IncomingBody::ProductSaved { code, facts, .. } => EventBody::ProductSaved {
            product: resolve(&ProductRef::of_code(code))?,
            facts: facts.clone(),
        },
        IncomingBody::ProductRemoved { code } => {
            EventBody::ProductRemoved { product: resolve(&ProductRef::of_code(code))? }
        }
        IncomingBody::StockCounted { code, place, units } => EventBody::StockCounted {
            product: resolve(&ProductRef::of_code(code))?,
            code: code.clone(),
            place: place.clone(),
            units: *units,
        },
        IncomingBody::CheckoutStarted { lines, total_minor } => EventBody::CheckoutStarted {
            lines: resolve_lines(lines, resolve)?,
            total_minor: *total_minor,
        },
        IncomingBody::ProductReviewed { product, rating, text, details } => {
            EventBody::ProductReviewed {
                product: resolve(product)?,
                rating: *rating,
                text: text.clone(),
                details: details.clone(),
            }
        }
        IncomingBody::Custom { name, properties } => {
            EventBody::Custom { name: name.clone(), properties: properties.clone() }
        }
    })
}
