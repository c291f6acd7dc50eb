//! Erasing a customer: from the store, the log, the archive, the queue, and all that is kept in memory.
//!
//! It is one transaction under the customer's lock. Their enrolments end and their messages are
//! cancelled first, so that the last look at any of them stops it; then everything that names them
//! goes, and at the end the log says of each member that it was erased, by which every process that
//! holds something in memory learns to forget. What is left is told by `aftercart_store`'s erasure.
//!
//! An order stays as a sale of nobody's: it counts and teaches, and is never again anybody's, whoever
//! tells of it. An address stays barred by its hash, until an operator lifts that; no file and no
//! backfill brings it back.

use std::sync::atomic::Ordering;

use aftercart_ingest::{Incoming, IncomingBody};
use aftercart_model::{
    CustomerId, EmailAddress, EventBody, EventKey, ExitReason, Identifier, MessageState, OrderId,
    Position, Timestamp,
};
use aftercart_store::{NewEvent, Request, RequestKind, Tx};
use anyhow::{Result, bail};
use serde::Serialize;

use crate::{Engine, advance_enrolments::why_left, record_events::OURSELVES, segments::catch_up};

/// Why a row of a file, or a thing of a platform's past, is not taken.
pub(crate) const ADDRESS_ERASED: &str = "whoever had this address was erased on request; \
    if they want to be your customer again, lift it with `aftercart customer lift ADDRESS`";

/// Set while the write-ahead log may hold what was erased.
const TRACES: &str = "erasure-traces";

/// The most open requests that are listed at once.
const REQUESTS_LISTED: u32 = 1_000;

/// What an erasure did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Erasure {
    /// Our own number of the customer, which leads nowhere from now on.
    pub customer: CustomerId,
    /// Customers that had been found to be this one.
    pub members: u64,
    /// Addresses that are barred from now on.
    pub addresses: u64,
    pub enrolments_ended: u64,
    pub messages_cancelled: u64,
    /// Events of the log that say nothing any more, or no longer whose they were.
    pub events: u64,
    pub letters: u64,
    pub reviews: u64,
    /// Orders that stay, without a person.
    pub orders_kept: u64,
}

/// What an erasure would do, as it is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErasureShown {
    pub customer: CustomerId,
    /// As the shop knows them; an address or our number where there is no name.
    pub name: String,
    pub addresses: u64,
    pub identifiers: u64,
    pub events: u64,
    pub orders: u64,
    /// Of enrolments, those that have not ended.
    pub enrolments_open: u64,
    /// Of messages, those that can still be held back.
    pub messages_open: u64,
    pub messages: u64,
    pub reviews: u64,
}

/// A request that waits for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestLine {
    /// What it is closed by.
    pub number: u64,
    /// `export` or `erase_shop`.
    pub asks: &'static str,
    pub at: Timestamp,
    pub customer: Option<CustomerId>,
    /// As the shop knows them.
    pub name: Option<String>,
}

impl Engine {
    /// Erases a customer with all members; see the module. A customer nobody knows is an error.
    pub fn erase_customer(&self, customer: CustomerId, now: Timestamp) -> Result<Erasure> {
        // What waits to be written about arrivals is among what is searched.
        self.keep_arrivals()?;
        let erased = self.store().write(|tx| self.erase(tx, customer, now))?;
        self.follow_erasures()?;
        Ok(erased)
    }

    /// The same within a transaction of the caller, after which [`Engine::follow_erasures`] is due.
    pub(crate) fn erase(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<Erasure> {
        tx.lock_customer(customer)?;
        let members = tx.members_of(customer)?;
        let mut enrolments_ended = 0;
        let open_before = count_open(tx, customer)?;
        for mut enrolment in tx.active_enrolments_of(customer)? {
            // Whatever its flow would say, and even if that cannot be read.
            let (reason, step) = (ExitReason::Erased, enrolment.position.step().cloned());
            enrolment.position = Position::Exited { at: now, reason, step };
            self.save(tx, &enrolment, None, now)?;
            enrolments_ended += 1;
        }
        for message in tx.messages_of(customer)? {
            if is_open(message.state) {
                self.change(tx, message.id, now, &mut |it| {
                    it.state = MessageState::Cancelled;
                    it.reason = Some(why_left(ExitReason::Erased));
                })?;
            }
        }
        let messages_cancelled = open_before - count_open(tx, customer)?;
        let rows = tx.erase_customer(customer, now)?;
        for member in members.iter() {
            let key = EventKey { source: OURSELVES.to_owned(), key: format!("erased:{member}") };
            let event = NewEvent {
                key,
                customer: Some(*member),
                at: now,
                stated_at: None,
                received_at: now,
                body: EventBody::Erased,
            };
            tx.append_event(&event)?;
        }
        tx.set_setting(TRACES, "1")?;
        Ok(Erasure {
            customer: members[0],
            members: rows.members,
            addresses: rows.addresses,
            enrolments_ended,
            messages_cancelled,
            events: rows.events,
            letters: rows.letters,
            reviews: rows.reviews,
            orders_kept: rows.orders,
        })
    }

    /// Brings what is kept in memory in line with what was erased, in whatever process that was, and
    /// takes what was erased out of the database's own log. To be called often; most often it finds
    /// nothing to do.
    pub fn follow_erasures(&self) -> Result<()> {
        let (erasures, has_traces) = self.store().read(|tx| {
            let has_traces = tx.setting(TRACES)?.is_some_and(|it| !it.is_empty());
            Ok((tx.count_erasures()?, has_traces))
        })?;
        if self.erasures_followed.swap(erasures, Ordering::Relaxed) != erasures {
            self.forget_known();
            self.forget_everybody();
            let mut archive = self.archive.lock().expect("no panic while held");
            if archive.through() > 0 {
                self.store().read(|tx| catch_up(&mut archive, tx))?;
            }
        }
        if has_traces && self.store().wipe_traces()? {
            self.store().write(|tx| tx.set_setting(TRACES, ""))?;
        }
        Ok(())
    }

    /// What an erasure would do; `None` for a customer nobody knows.
    pub fn show_erasure(&self, customer: CustomerId) -> Result<Option<ErasureShown>> {
        self.store().read(|tx| {
            let Some(known) = tx.customer(customer)? else { return Ok(None) };
            let identifiers = tx.identifiers_of(customer)?;
            let is_address = |it: &Identifier| matches!(it, Identifier::Email(_));
            Ok(Some(ErasureShown {
                customer: known.id,
                name: shown_name(tx, customer)?.unwrap_or_default(),
                addresses: identifiers.iter().filter(|(it, _)| is_address(it)).count() as u64,
                identifiers: identifiers.len() as u64,
                events: tx.events_of(customer)?.len() as u64,
                orders: tx.orders_of(customer)?.len() as u64,
                enrolments_open: tx.active_enrolments_of(customer)?.len() as u64,
                messages_open: count_open(tx, customer)?,
                messages: tx.messages_of(customer)?.len() as u64,
                reviews: tx.reviews_by(customer)?.len() as u64,
            }))
        })
    }

    /// Whether the number is of a customer who was erased.
    pub fn is_customer_erased(&self, customer: CustomerId) -> Result<bool> {
        // Of each member who was erased the log says so; of a number nobody had it says nothing.
        self.store().read(|tx| Ok(tx.is_erased(customer)? && !tx.events_of(customer)?.is_empty()))
    }

    /// When whoever had the address was erased.
    pub fn address_erased_at(&self, address: &EmailAddress) -> Result<Option<Timestamp>> {
        self.store().read(|tx| tx.address_erased_at(address))
    }

    /// Lets an address that was erased be imported and mailed again, unless something harder to lift
    /// had barred it before, which bars it on. `false`: it was not erased.
    pub fn lift_erasure(&self, address: &EmailAddress) -> Result<bool> {
        self.store().write(|tx| tx.lift_erased(address))
    }

    /// What people asked a platform for and an operator is to do, the longest waiting first.
    pub fn list_requests(&self) -> Result<Vec<RequestLine>> {
        self.store().read(|tx| {
            let open = tx.open_requests(REQUESTS_LISTED)?;
            open.into_iter().map(|it| request_line(tx, it)).collect()
        })
    }

    /// Closes a request that an operator has dealt with in another way.
    pub fn close_request(&self, number: u64, now: Timestamp) -> Result<()> {
        if !self.store().write(|tx| tx.close_request(number, now))? {
            bail!(
                "there is no open request {number}; `aftercart customer requests` lists those there are"
            );
        }
        Ok(())
    }
}

fn request_line(tx: &mut Tx<'_>, request: Request) -> Result<RequestLine> {
    let name = match request.customer {
        Some(customer) => shown_name(tx, customer)?,
        None => None,
    };
    let asks = match request.kind {
        RequestKind::Export => "export",
        RequestKind::EraseShop => "erase_shop",
    };
    Ok(RequestLine { number: request.seq, asks, at: request.at, customer: request.customer, name })
}

/// A customer as people know them: by name, address, the shop's id or at last our number.
pub(crate) fn shown_name(tx: &mut Tx<'_>, id: CustomerId) -> Result<Option<String>> {
    let Some(customer) = tx.customer(id)? else { return Ok(None) };
    let name = format!("{} {}", customer.name.given, customer.name.family).trim().to_owned();
    if !name.is_empty() {
        return Ok(Some(name));
    }
    if let Some(address) = customer.email {
        return Ok(Some(address.into()));
    }
    Ok(Some(tx.external_id_of(id)?.unwrap_or_else(|| format!("customer {id}"))))
}

fn count_open(tx: &mut Tx<'_>, customer: CustomerId) -> Result<u64> {
    let messages = tx.messages_of(customer)?;
    Ok(messages.iter().filter(|it| is_open(it.state)).count() as u64)
}

/// Neither ended nor in a server's hands.
fn is_open(state: MessageState) -> bool {
    matches!(state, MessageState::Planned | MessageState::Ready | MessageState::Deferred)
}

/// Whether any of what is told together names an address that was erased.
pub(crate) fn names_erased(tx: &mut Tx<'_>, events: &[Incoming]) -> Result<bool> {
    for event in events {
        let others: &[Identifier] = match &event.body {
            IncomingBody::SamePerson { others } => others,
            _ => &[],
        };
        for identifier in event.identifiers.iter().chain(others) {
            if let Identifier::Email(address) = identifier
                && tx.address_erased_at(address)?.is_some()
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// What is told of an order whose customer was erased, without saying whose it is. `None`: it is
/// about no such order, and is told as it came.
pub(crate) fn without_erased(tx: &mut Tx<'_>, event: &Incoming) -> Result<Option<Incoming>> {
    if event.identifiers.is_empty() {
        return Ok(None);
    }
    match order_of(&event.body) {
        Some(order) if tx.is_order_erased(order)? => {
            Ok(Some(Incoming { identifiers: Vec::new(), ..event.clone() }))
        }
        _ => Ok(None),
    }
}

fn order_of(body: &IncomingBody) -> Option<&OrderId> {
    match body {
        IncomingBody::OrderPlaced { order, .. }
        | IncomingBody::OrderRevised { order, .. }
        | IncomingBody::OrderFulfilled { order }
        | IncomingBody::OrderCancelled { order } => Some(order),
        IncomingBody::OrderRefunded { order, .. } | IncomingBody::CouponApplied { order, .. } => {
            order.as_ref()
        }
        _ => None,
    }
}
