//! Handing messages over: the verdict, the letter, the last look, and what became of it.
//!
//! A message is looked at twice. First to see whether a letter is worth making; then, when the
//! transport has brought the other side to where only the final dot is missing, in a transaction
//! that locks the customer, looks at the log again and either claims the attempt or stops it. A
//! purchase, an unsubscribe or a pause accepted before that transaction is seen by it, so the dot is
//! not written; one accepted later came after the claim. Every retry looks again.

use std::{sync::Mutex, time::Duration};

use aftercart_deliver::{Letter, Look, Outcome, Stage, Transport, retry};
use aftercart_model::{
    BounceClass, Enrolment, EventBody, ExitReason, Message, MessageClass, MessageId, MessageState,
    Order, Position, ProductId, Suppression, SuppressionReason, Timestamp,
};
use aftercart_policy::{Fact, Gate, RECHECK_AFTER, Reason, Verdict, verdict};
use aftercart_store::{FlowState, Tx};
use anyhow::{Context, Result};
use jiff::SignedDuration;
use serde::Serialize;
use tracing::{error, info, warn};

use crate::{
    Clock, Engine, Known,
    advance_enrolments::{exit_words, why_left},
    merge_customers::bar_of,
    recommend_products::Wanted,
};

/// How far back hand-overs are read for the frequency caps; no cap looks back further.
pub(crate) const CAPS_LOOK_BACK: SignedDuration = SignedDuration::from_hours(24 * 90);
/// A doubt that no report has resolved by then is closed as presumed sent.
const DOUBT_OPEN: SignedDuration = SignedDuration::from_hours(24);

/// How often a message is tried that cannot be looked at or made; after that it is quarantined. What
/// heals by itself has healed by then, and the rest needs a person.
const SET_ASIDE_MAX: u32 = 3;

/// Messages in one transaction of a recovery, or of doubts closed: whoever comes meanwhile waits for that many. Tests
/// recover one by one, so that every crash in them takes several rounds.
const RECOVER_BATCH: u32 = if cfg!(test) { 1 } else { 500 };

/// Why nothing is sent about an order that was cancelled.
pub(crate) const ORDER_CANCELLED: &str = "the order it follows up was cancelled";

/// Why an email is made once more before it goes.
const CHOSEN_ANEW: &str = "sold out: the product it spoke of first; others were chosen";
const NOT_ITS_TO_SHOW: &str =
    "kept back by a rule: the product it spoke of first; others were chosen";

/// What a look at a message says.
enum Looked {
    Go,
    Hold {
        until: Timestamp,
        why: String,
    },
    /// Its flow is paused: it sleeps as it is until the flow is resumed.
    Freeze {
        why: String,
    },
    /// The product that it speaks of first cannot be had: others are to be chosen, if there are any.
    SoldOut {
        why: String,
    },
    /// It will never go.
    End {
        state: MessageState,
        why: String,
    },
}

impl Looked {
    fn why(&self) -> &str {
        match self {
            Self::Go => "",
            Self::Hold { why, .. }
            | Self::Freeze { why }
            | Self::SoldOut { why }
            | Self::End { why, .. } => why,
        }
    }
}

/// What a round of sending did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeliverySummary {
    pub sent: u64,
    pub deferred: u64,
    pub dropped: u64,
    pub bounced: u64,
    pub in_doubt: u64,
}

impl DeliverySummary {
    pub fn is_idle(&self) -> bool {
        *self == Self::default()
    }

    /// Messages of which something became.
    pub(crate) fn tried(&self) -> u64 {
        self.sent + self.deferred + self.dropped + self.bounced + self.in_doubt
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.deferred += other.deferred;
        self.dropped += other.dropped;
        self.bounced += other.bounced;
        self.in_doubt += other.in_doubt;
    }

    fn count(&mut self, state: MessageState) {
        match state {
            MessageState::Sent => self.sent += 1,
            MessageState::Deferred => self.deferred += 1,
            MessageState::Cancelled | MessageState::Expired => self.dropped += 1,
            MessageState::Bounced => self.bounced += 1,
            MessageState::InDoubt => self.in_doubt += 1,
            MessageState::Planned | MessageState::Ready | MessageState::Claimed => {}
        }
    }
}

impl Engine {
    /// Tries up to `limit` messages that are due, one after the other.
    pub async fn deliver_due<T: Transport>(
        &self,
        transport: &mut T,
        clock: &dyn Clock,
        limit: u32,
    ) -> Result<DeliverySummary> {
        let due = self.store().read(|tx| tx.due_messages(clock.now(), limit))?;
        let mut summary = DeliverySummary::default();
        for id in due {
            self.deliver_message(transport, clock, id).await?;
            let settled = self.store().read(|tx| tx.message(id))?;
            if let Some(message) = settled {
                summary.count(message.state);
            }
        }
        Ok(summary)
    }

    /// One try of one message, if it is due; whatever happens is in the store afterwards.
    pub async fn deliver_message<T: Transport>(
        &self,
        transport: &mut T,
        clock: &dyn Clock,
        id: MessageId,
    ) -> Result<()> {
        let prepared = self.prepare(id, clock.now()).or_else(|err| {
            warn!(message.id = id.0, "the message cannot be looked at, others go on: {err:#}");
            self.set_aside(id, &format!("could not be looked at: {err:#}"), clock.now())
        });
        let Some(letter) = prepared? else { return Ok(()) };
        let failed = Mutex::new(None);
        let look = || async {
            let looked = self.store().write(|tx| self.claim(tx, id, clock.now()));
            looked.unwrap_or_else(|err| {
                warn!(message.id = id.0, "the last look failed, nothing is sent: {err:#}");
                *failed.lock().expect("no panic while held") = Some(err);
                Look::stop("the last look could not be made; nothing goes unchecked")
            })
        };
        let outcome = transport.hand_over(&letter, look).await;
        let now = clock.now();
        match failed.into_inner().expect("no panic while held") {
            Some(err) => {
                self.set_aside(id, &format!("could not be looked at: {err:#}"), now).map(drop)
            }
            None => self.store().write(|tx| self.settle(tx, id, &outcome, now)),
        }
    }

    /// The letter of a message that may go, or `None` when it was held back, dropped or taken
    /// meanwhile.
    fn prepare(&self, id: MessageId, now: Timestamp) -> Result<Option<Letter>> {
        let looked = self.store().read(|tx| {
            let Some(message) = tx.message(id)?.filter(is_open) else { return Ok(None) };
            let looked = self.look(tx, &message, now)?;
            let beside = match looked {
                Looked::Go => self.fewer_beside(tx, &message, now)?,
                _ => None,
            };
            Ok(Some((looked, beside)))
        })?;
        let (looked, fewer) = looked.unzip();
        if let Some(products) = fewer.flatten() {
            self.store().write(|tx| tell_of(tx, id, products))?;
        }
        match looked {
            None => Ok(None),
            Some(Looked::Go) => match self.store().read(|tx| self.letter(tx, id, now)) {
                Ok(letter) => Ok(Some(letter)),
                Err(err) => {
                    // A broken mail is worse than none: this message is set aside, visibly.
                    warn!(message.id = id.0, "the email cannot be made: {err:#}");
                    self.set_aside(id, &format!("the email could not be made: {err:#}"), now)
                }
            },
            Some(other) => {
                self.store().write(|tx| self.obey(tx, id, other, now))?;
                Ok(None)
            }
        }
    }

    /// Tries a message again later that could not be looked at or made, so that the others get their
    /// turn; after [`SET_ASIDE_MAX`] times it is quarantined: cancelled, with the reason.
    fn set_aside(&self, id: MessageId, why: &str, now: Timestamp) -> Result<Option<Letter>> {
        self.store().write(|tx| {
            if tx.message(id)?.filter(is_open).is_none() {
                return Ok(()); // In a server's hands: never to be tried by this way.
            }
            let times = tx.count_set_aside(id)?;
            let looked = if times < SET_ASIDE_MAX {
                Looked::Hold { until: now + RECHECK_AFTER, why: why.to_owned() }
            } else {
                error!(message.id = id.0, "quarantined after {times} tries: {why}");
                let why = format!("quarantined: after {times} tries, {why}");
                Looked::End { state: MessageState::Cancelled, why }
            };
            self.obey(tx, id, looked, now)
        })?;
        Ok(None)
    }

    /// What is to be done with an open message now.
    fn look(&self, tx: &mut Tx<'_>, message: &Message, now: Timestamp) -> Result<Looked> {
        let end = |why: String| Looked::End { state: MessageState::Cancelled, why };
        if tx.is_erased(message.customer)? {
            return Ok(end(exit_words(ExitReason::Erased).to_owned()));
        }
        let gate = self.gate(tx, message, now)?;
        let looked = match verdict(&gate, self.rules(), now) {
            Verdict::Send => Looked::Go,
            Verdict::DeferUntil { reason: Reason::Paused, .. } => {
                match tx.flow(&message.flow)?.map(|it| it.state) {
                    Some(FlowState::Paused) => Looked::Freeze { why: Reason::Paused.to_string() },
                    _ => return Ok(end(why_left(ExitReason::FlowStopped))),
                }
            }
            Verdict::DeferUntil { at, reason } => {
                Looked::Hold { until: at, why: reason.to_string() }
            }
            Verdict::Drop { reason: Reason::TooLate } => {
                let (state, why) = (MessageState::Expired, Reason::TooLate.to_string());
                return Ok(Looked::End { state, why });
            }
            Verdict::Drop { reason: Reason::OutOfStock } => {
                Looked::SoldOut { why: Reason::OutOfStock.to_string() }
            }
            Verdict::Drop { reason } => return Ok(end(reason.to_string())),
        };
        let enrolment = tx.enrolment(message.enrolment)?.context("a message of no enrolment")?;
        // An attempt that was under way when the enrolment ended comes back here.
        if let Position::Exited { reason, .. } = &enrolment.position
            && *reason != ExitReason::Completed
        {
            return Ok(end(why_left(*reason)));
        }
        if self.is_order_cancelled(tx, &enrolment)? {
            return Ok(end(ORDER_CANCELLED.to_owned()));
        }
        Ok(looked)
    }

    /// The last look: claims the attempt, or says why not. Runs in its own transaction.
    fn claim(&self, tx: &mut Tx<'_>, id: MessageId, now: Timestamp) -> Result<Look> {
        let Some(message) = tx.message(id)? else { return Ok(Look::stop("erased")) };
        tx.lock_customer(message.customer)?;
        let message = tx.message(id)?.filter(is_open);
        let Some(mut message) = message else { return Ok(Look::stop("settled meanwhile")) };
        match self.look(tx, &message, now)? {
            Looked::Go => {
                message.state = MessageState::Claimed;
                message.attempts += 1;
                message.claimed_at = Some(now);
                message.reason = None;
                if tx.save_message(&message)? {
                    Ok(Look::go())
                } else {
                    Ok(Look::stop("claimed by another sender"))
                }
            }
            other => {
                let why = other.why().to_owned();
                self.obey(tx, id, other, now)?;
                Ok(Look::stop(why))
            }
        }
    }

    /// Carries out what a look said, unless it said go.
    fn obey(&self, tx: &mut Tx<'_>, id: MessageId, looked: Looked, now: Timestamp) -> Result<()> {
        let why = looked.why().to_owned();
        if let Looked::SoldOut { .. } = &looked {
            return self.choose_anew(tx, id, &why, now);
        }
        self.change(tx, id, now, &mut |message| {
            match &looked {
                Looked::Go | Looked::SoldOut { .. } => return,
                Looked::Hold { until, .. } => {
                    message.state = MessageState::Deferred;
                    message.due_at = *until;
                }
                Looked::Freeze { .. } => message.state = MessageState::Deferred,
                Looked::End { state, .. } => message.state = *state,
            }
            message.reason = Some(why.clone());
        })
    }

    /// The main product of an open message cannot be shown any more: the story goes on with what can
    /// be had, in a letter made anew; without anything the message is dropped.
    fn choose_anew(&self, tx: &mut Tx<'_>, id: MessageId, why: &str, now: Timestamp) -> Result<()> {
        let Some(message) = tx.message(id)?.filter(is_open) else { return Ok(()) };
        let mut enrolment =
            tx.enrolment(message.enrolment)?.context("a message of no enrolment")?;
        let known = self.known_in(tx)?;
        enrolment.products.clone_from(&message.products);
        let flow = self.flow_version(tx, &message.flow, message.flow_version)?;
        let stale = self.stale_products(tx, &flow, &enrolment, &message.step)?;
        let is_stocked = message.products.first().is_some_and(|it| is_in_stock(&known, *it));
        let chosen_anew = if is_stocked { NOT_ITS_TO_SHOW } else { CHOSEN_ANEW };
        let products = self.story_products(tx, &known, &enrolment, stale, now)?;
        if products.is_empty() {
            let (state, why) = (MessageState::Cancelled, why.to_owned());
            return self.obey(tx, id, Looked::End { state, why }, now);
        }
        self.change(tx, id, now, &mut |it| {
            it.state = MessageState::Deferred;
            it.due_at = now;
            it.products.clone_from(&products);
            it.reason = Some(chosen_anew.to_owned());
        })
    }

    /// Changes a message that is not settled yet and tells the log of it.
    pub(crate) fn change(
        &self,
        tx: &mut Tx<'_>,
        id: MessageId,
        now: Timestamp,
        f: &mut dyn FnMut(&mut Message),
    ) -> Result<()> {
        let Some(mut message) = tx.message(id)? else { return Ok(()) };
        if message.state.is_terminal() {
            return Ok(());
        }
        f(&mut message);
        if !tx.save_message(&message)? {
            return Ok(()); // Somebody else was first; the message is theirs.
        }
        let reason = message.reason.clone().unwrap_or_default();
        let (key, body) = match message.state {
            MessageState::Deferred => (
                format!("deferred:{id}:{}", message.revision),
                EventBody::MessageDeferred { message: id, until: message.due_at, reason },
            ),
            MessageState::Cancelled | MessageState::Expired => {
                (format!("dropped:{id}"), EventBody::MessageDropped { message: id, reason })
            }
            _ => return Ok(()),
        };
        self.note(tx, key, message.customer, now, body)?;
        Ok(())
    }

    /// Stores what became of an attempt.
    fn settle(
        &self,
        tx: &mut Tx<'_>,
        id: MessageId,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<()> {
        let Some(mut message) = tx.message(id)? else { return Ok(()) };
        tx.lock_customer(message.customer)?;
        if tx.is_erased(message.customer)? {
            return settle_erased(tx, message, outcome, now);
        }
        match outcome {
            Outcome::Stopped { .. } => Ok(()), // The last look stored why.
            Outcome::Sent { .. } => {
                message.state = MessageState::Sent;
                message.sent_at = Some(now);
                tx.save_message(&message)?;
                tx.touch_message(id, &mut |it| it.delivered_at = it.delivered_at.or(Some(now)))?;
                self.note_sent(tx, &message, now)?;
                let email = Some(message.email());
                let delivered = EventBody::MessageDelivered { message: id, email };
                self.note(tx, format!("delivered:{id}"), message.customer, now, delivered)?;
                Ok(())
            }
            Outcome::Deferred { stage, reply, retry_after } => {
                let looked_too_long =
                    *stage == Stage::LastLook && *retry_after == Some(Duration::ZERO);
                let attempts = message.attempts + u32::from(message.state != MessageState::Claimed);
                let draw = self.keys().draw(&format!("retry {id} {attempts}"));
                let lot = u64::from_be_bytes(draw[..8].try_into().expect("32 bytes"));
                let expires_at = message.expires_at;
                let retry_at = if looked_too_long {
                    Some(now)
                } else {
                    retry::next_attempt(now, attempts, lot, *retry_after, expires_at)
                };
                let reason = format!("the receiving server said no for now at {stage}: {reply}");
                self.change(tx, id, now, &mut |it| {
                    it.state = match retry_at {
                        Some(_) => MessageState::Deferred,
                        None => MessageState::Expired,
                    };
                    it.due_at = retry_at.unwrap_or(now);
                    it.attempts = attempts;
                    it.reason = Some(reason.clone());
                })
            }
            Outcome::Bounced { class, reply } => {
                message.state = MessageState::Bounced;
                message.reason = Some(format!("refused for good: {reply}"));
                tx.save_message(&message)?;
                self.record_bounce(tx, &message, *class, reply, now)
            }
            Outcome::InDoubt { stage, reply } => {
                info!(message.id = id.0, "the answer to the dot was lost");
                message.state = in_doubt(message.class);
                message.due_at = now + retry::WAIT_MIN;
                message.reason = Some(format!("the answer was lost at {stage}: {reply}"));
                tx.save_message(&message)?;
                Ok(())
            }
        }
    }

    /// A bounce, at hand-over or reported later: a mailbox that is not there is never tried again.
    pub(crate) fn record_bounce(
        &self,
        tx: &mut Tx<'_>,
        message: &Message,
        class: BounceClass,
        reply: &str,
        now: Timestamp,
    ) -> Result<()> {
        let id = message.id;
        self.resolve_doubt(tx, message)?;
        tx.touch_message(id, &mut |it| it.bounced_at = it.bounced_at.or(Some(now)))?;
        let email = Some(message.email());
        let reply = reply.to_owned();
        let body = EventBody::MessageBounced { message: id, class, reply, email };
        self.note(tx, format!("bounced:{id}"), message.customer, now, body)?;
        if class == BounceClass::Hard
            && let Some(address) = tx.customer(message.customer)?.and_then(|it| it.email)
        {
            let bar = Suppression { address, reason: SuppressionReason::Bounce, at: now };
            self.bar(tx, &bar, now)?;
            self.end_all(tx, message.customer, ExitReason::Suppressed, now)?;
        }
        Ok(())
    }

    /// All that a verdict on `message` rests on, read now.
    pub(crate) fn gate(&self, tx: &mut Tx<'_>, message: &Message, now: Timestamp) -> Result<Gate> {
        let customer = tx.customer(message.customer)?.context("a message of no customer")?;
        let enrolment = tx.enrolment(message.enrolment)?.context("a message of no enrolment")?;
        let flow = self.flow_version(tx, &message.flow, message.flow_version)?;
        let suppression = bar_of(tx, &customer)?.map(|it| it.reason);
        let consents = tx.consents_of(customer.id)?;
        let bought_since = if flow.is_ended_by_purchase() {
            let (trigger, since) = self.since_trigger(tx, &enrolment)?;
            tx.first_order_after(customer.id, since, trigger.as_ref())?.map(|it| it.id)
        } else {
            None
        };
        let state = tx.flow(&message.flow)?.map(|it| it.state);
        let known = self.known_in(tx)?;
        // The email speaks of the first one; the others stand beside it.
        let is_stocked = match message.products.first() {
            Some(main) => {
                is_in_stock(&known, *main)
                    && !self.is_kept_back(tx, &known, &enrolment, *main, now)?
            }
            None => true,
        };
        let entered_at = Some(enrolment.entered_at);
        Ok(Gate {
            class: message.class,
            topic: message.topic,
            consent: Fact::Known(consents.into_iter().find(|it| it.topic == message.topic)),
            suppression: Fact::Known(suppression),
            bought_since: Fact::Known(bought_since),
            is_paused: Fact::Known(state != Some(FlowState::Live)),
            sent_at: Fact::Known(tx.hand_overs_since(customer.id, now - CAPS_LOOK_BACK)?),
            zone: self.zone_of(&customer),
            expires_at: message.expires_at,
            is_in_audience: Fact::Known(
                self.is_in_audience(tx, &flow, &customer, entered_at, now)?,
            ),
            is_in_stock: Fact::Known(is_stocked),
        })
    }

    /// The products of a message without those beside the main one that can no longer be shown; `None`
    /// if all of them can.
    fn fewer_beside(
        &self,
        tx: &mut Tx<'_>,
        message: &Message,
        now: Timestamp,
    ) -> Result<Option<Vec<ProductId>>> {
        let Some((main, beside)) = message.products.split_first() else { return Ok(None) };
        let known = self.known_in(tx)?;
        let enrolment = tx.enrolment(message.enrolment)?.context("a message of no enrolment")?;
        let orders = tx.orders_of(message.customer)?;
        let follows = enrolment.trigger_order.as_ref();
        let anchor = orders.iter().find(|it| Some(&it.id) == follows);
        let wanted = Wanted { orders: &orders, anchor, ..Wanted::default() };
        let left = self.still_shown(&known, beside, &wanted, now);
        let is_fewer = left.len() < beside.len();
        Ok(is_fewer.then(|| [&[*main], left.as_slice()].concat()))
    }

    /// Whether a rule of the shop's never shows the product after the order that is followed up.
    fn is_kept_back(
        &self,
        tx: &mut Tx<'_>,
        known: &Known,
        enrolment: &Enrolment,
        product: ProductId,
        now: Timestamp,
    ) -> Result<bool> {
        if !known.rules.bound.keeps_back() {
            return Ok(false);
        }
        let order = match &enrolment.trigger_order {
            Some(id) => tx.order(id)?,
            None => None,
        };
        let orders: Vec<Order> = order.into_iter().collect();
        let anchor = orders.first();
        let wanted = Wanted { orders: &orders, anchor, ..Wanted::default() };
        Ok(self.still_shown(known, &[product], &wanted, now).is_empty())
    }

    /// After a crash: what was claimed when the process died may or may not have been handed over.
    pub fn recover(&self, now: Timestamp) -> Result<u64> {
        let mut doubts = 0;
        loop {
            let settled = self.store().write(|tx| {
                // Whatever their age: the clock may have been set back while nobody ran.
                let claims = tx.stale_claims(Timestamp::MAX, RECOVER_BATCH)?;
                for id in &claims {
                    self.change(tx, *id, now, &mut |message| {
                        message.state = in_doubt(message.class);
                        message.due_at = now;
                        message.reason =
                            Some("the sender died between the dot and the answer".into());
                    })?;
                }
                Ok(claims.len())
            })?;
            doubts += settled as u64;
            if settled < RECOVER_BATCH as usize {
                return Ok(doubts);
            }
        }
    }

    /// Closes doubts of a day as presumed sent, so that they count against the caps and are seen.
    pub fn close_doubts(&self, now: Timestamp) -> Result<u64> {
        let mut closed = 0;
        loop {
            let count = self.store().write(|tx| {
                let old = tx.doubts_until(now - DOUBT_OPEN, RECOVER_BATCH)?;
                for id in &old {
                    let message = tx.message(*id)?.context("a doubt about no message")?;
                    self.take_for_sent(tx, &message, "presumed sent: no report came within a day")?;
                }
                Ok(old.len())
            })?;
            closed += count as u64;
            if count < RECOVER_BATCH as usize {
                return Ok(closed);
            }
        }
    }

    /// A report came back about `message`: if there was a doubt whether it had arrived, there is
    /// none now.
    pub(crate) fn resolve_doubt(&self, tx: &mut Tx<'_>, message: &Message) -> Result<()> {
        if message.state != MessageState::InDoubt {
            return Ok(());
        }
        self.take_for_sent(tx, message, "the answer was lost, and a report shows that it arrived")?;
        let sent_at = message.claimed_at;
        tx.touch_message(message.id, &mut |it| it.delivered_at = it.delivered_at.or(sent_at))
    }

    /// Ends a doubt: the message was sent when its attempt was claimed.
    fn take_for_sent(&self, tx: &mut Tx<'_>, message: &Message, why: &str) -> Result<()> {
        let sent_at = message.claimed_at.unwrap_or(message.planned_at);
        let mut message = message.clone();
        message.state = MessageState::Sent;
        message.sent_at = Some(sent_at);
        message.reason = Some(why.to_owned());
        if tx.save_message(&message)? {
            self.note_sent(tx, &message, sent_at)?;
        }
        Ok(())
    }

    fn note_sent(&self, tx: &mut Tx<'_>, message: &Message, at: Timestamp) -> Result<()> {
        let (id, flow, step) = (message.id, message.flow.clone(), message.step.clone());
        let sent = EventBody::MessageSent { message: id, flow, step };
        self.note(tx, format!("sent:{id}"), message.customer, at, sent).map(drop)
    }
}

/// Lets an open message speak of these products.
fn tell_of(tx: &mut Tx<'_>, id: MessageId, products: Vec<ProductId>) -> Result<()> {
    if let Some(mut message) = tx.message(id)?.filter(is_open) {
        message.products = products;
        // Whoever was first has looked at it too.
        tx.save_message(&message)?;
    }
    Ok(())
}

fn is_in_stock(known: &Known, id: ProductId) -> bool {
    known.product(id).is_some_and(|it| it.is_in_stock())
}

/// Stores what became of an attempt at a letter to somebody who was erased meanwhile: what the server
/// answered may name them, and a try to come is given up.
fn settle_erased(
    tx: &mut Tx<'_>,
    mut message: Message,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<()> {
    match outcome {
        Outcome::Stopped { .. } => return Ok(()),
        Outcome::Sent { .. } => {
            message.state = MessageState::Sent;
            message.sent_at = Some(now);
        }
        Outcome::Deferred { .. } => message.state = MessageState::Cancelled,
        Outcome::Bounced { .. } => message.state = MessageState::Bounced,
        Outcome::InDoubt { .. } => message.state = in_doubt(message.class),
    }
    if message.state != MessageState::Sent {
        message.reason = Some(exit_words(ExitReason::Erased).to_owned());
    }
    tx.save_message(&message).map(drop)
}

/// Where the lost answer to a dot leaves a message.
fn in_doubt(class: MessageClass) -> MessageState {
    match class {
        MessageClass::Marketing => MessageState::InDoubt,
        // At least once: the same Message-ID, Date and body go again.
        MessageClass::Transactional => MessageState::Deferred,
    }
}

fn is_open(message: &Message) -> bool {
    matches!(message.state, MessageState::Planned | MessageState::Ready | MessageState::Deferred)
}
