//! What comes back from the people who got an email: opens, clicks, unsubscribes, choices, ratings.
//!
//! Every one of them comes by a signed link, enters the log by the same door as any event, and is
//! told once. Nothing here changes on GET but the two that only count, an open and a click.

use aftercart_model::{
    Agent, Consent, ConsentState, CustomerId, EventBody, ExitReason, Message, MessageId, ProductId,
    ReviewDetails, Suppression, SuppressionReason, Timestamp, Topic,
};
use aftercart_store::{NewEvent, Tx};
use anyhow::{Context, Result, bail};
use jiff::SignedDuration;
use serde::Serialize;

use crate::{
    Engine, Token,
    consent::answers_under,
    record_events::{OURSELVES, Occasion},
};

/// Faster than this after delivery nobody has read, let alone clicked: a scanner.
const HUMAN_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// Where a link led.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tracked {
    /// Send the browser on to this address.
    Redirect { url: String },
    /// The link is not one of ours.
    Unknown,
}

/// What a customer gets, topic by topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preferences {
    pub customer: CustomerId,
    /// Of the two topics, those the customer agreed to.
    pub marketing: bool,
    pub feedback: bool,
}

impl Engine {
    /// Counts an open, if the token is one.
    pub fn record_open(&self, token: &str, agent: Agent, now: Timestamp) -> Result<bool> {
        let Some(Token::Open { message }) = self.keys().read(token) else { return Ok(false) };
        self.store().write(|tx| self.opened(tx, message, agent, now))
    }

    /// Counts a click and says where it leads. The address was signed, so it is one we wrote.
    pub fn record_click(&self, token: &str, agent: Agent, now: Timestamp) -> Result<Tracked> {
        let Some(Token::Click { message, product, url }) = self.keys().read(token) else {
            return Ok(Tracked::Unknown);
        };
        self.store().write(|tx| self.clicked(tx, message, product, &url, agent, now))?;
        Ok(Tracked::Redirect { url })
    }

    fn opened(&self, tx: &mut Tx<'_>, id: MessageId, agent: Agent, at: Timestamp) -> Result<bool> {
        let Some(message) = tx.message(id)? else { return Ok(false) };
        if tx.is_erased(message.customer)? {
            return Ok(false);
        }
        self.resolve_doubt(tx, &message)?;
        let agent = told_apart(&message, agent, at);
        tx.touch_message(id, &mut |touches| match agent {
            Agent::Human => touches.opened_at = touches.opened_at.or(Some(at)),
            Agent::Machine => touches.machine_opened_at = touches.machine_opened_at.or(Some(at)),
        })?;
        // Mail programs fetch the picture again and again; one a minute is told.
        let key = format!("opened:{id}:{agent:?}:{}", at.as_second() / 60);
        let body = EventBody::MessageOpened { message: id, agent, email: Some(message.email()) };
        self.note(tx, key, message.customer, at, body)?;
        Ok(true)
    }

    fn clicked(
        &self,
        tx: &mut Tx<'_>,
        id: MessageId,
        product: Option<ProductId>,
        url: &str,
        agent: Agent,
        at: Timestamp,
    ) -> Result<bool> {
        let Some(message) = tx.message(id)? else { return Ok(false) };
        if tx.is_erased(message.customer)? {
            return Ok(false);
        }
        self.resolve_doubt(tx, &message)?;
        let agent = told_apart(&message, agent, at);
        tx.touch_message(id, &mut |touches| match agent {
            Agent::Human => {
                // Who clicks has seen it, pictures on or off.
                touches.opened_at = touches.opened_at.or(Some(at));
                touches.clicked_at = touches.clicked_at.or(Some(at));
                touches.last_clicked_at = touches.last_clicked_at.max(Some(at));
            }
            Agent::Machine => touches.machine_clicked_at = touches.machine_clicked_at.or(Some(at)),
        })?;
        let key = format!("clicked:{id}:{agent:?}:{}", at.as_millisecond());
        let url = url.to_owned();
        let email = Some(message.email());
        let body = EventBody::MessageClicked { message: id, agent, product, url, email };
        self.note(tx, key, message.customer, at, body)?;
        Ok(true)
    }

    /// Unsubscribes by a one-click link. No later claim of this topic succeeds once it returns.
    pub fn unsubscribe(&self, token: &str, now: Timestamp) -> Result<bool> {
        let Some(Token::Unsubscribe { customer, topic, message }) = self.keys().read(token) else {
            return Ok(false);
        };
        self.store().write(|tx| {
            if tx.customer(customer)?.is_none() {
                return Ok(()); // Erased: nobody is left to mail.
            }
            tx.lock_customer(customer)?;
            if let Some(message) = message {
                if let Some(arrived) = tx.message(message)? {
                    self.resolve_doubt(tx, &arrived)?;
                }
                tx.touch_message(message, &mut |it| {
                    it.unsubscribed_at = it.unsubscribed_at.or(Some(now));
                })?;
            }
            self.choose(tx, customer, topic, false, "one-click", now)
        })?;
        Ok(true)
    }

    pub fn preferences(&self, customer: CustomerId) -> Result<Preferences> {
        self.store().read(|tx| {
            let consents = tx.consents_of(customer)?;
            let has = |topic| {
                let of_topic = consents.iter().find(|it| it.topic == topic);
                of_topic.is_some_and(|it| it.state == ConsentState::Agreed)
            };
            let (marketing, feedback) = (has(Topic::Marketing), has(Topic::Feedback));
            Ok(Preferences { customer, marketing, feedback })
        })
    }

    /// Stores what a customer chose on the preferences page.
    pub fn save_preferences(&self, chosen: &Preferences, now: Timestamp) -> Result<()> {
        let before = self.preferences(chosen.customer)?;
        self.store().write(|tx| {
            tx.lock_customer(chosen.customer)?;
            for (topic, was, is) in [
                (Topic::Marketing, before.marketing, chosen.marketing),
                (Topic::Feedback, before.feedback, chosen.feedback),
            ] {
                if was != is {
                    self.choose(tx, chosen.customer, topic, is, "preferences", now)?;
                }
            }
            Ok(())
        })
    }

    fn choose(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        topic: Topic,
        agrees: bool,
        source: &str,
        now: Timestamp,
    ) -> Result<()> {
        if tx.is_erased(customer)? {
            return Ok(()); // Nobody's word is kept.
        }
        let state = if agrees { ConsentState::Agreed } else { ConsentState::Withdrawn };
        let consents = tx.consents_of(customer)?;
        let before = consents.into_iter().find(|it| it.topic == topic);
        if before.as_ref().is_some_and(|it| it.state == state) {
            return Ok(()); // Chosen already: mail providers ask more than once.
        }
        // What was said last holds, and this is said last, even if a sender's clock ran ahead when
        // the one before was told.
        let after = before.map(|it| it.at + SignedDuration::from_millis(1));
        let at = after.map_or(now, |it| it.max(now));
        let consent = Consent::new(topic, state, at, source);
        let key = format!("consent:{customer}:{topic:?}:{state:?}:{}", at.as_millisecond());
        let body = EventBody::ConsentGiven { consent: consent.clone() };
        if self.note(tx, key, customer, now, body)?
            && let Some(under) = answers_under(tx, customer)?
        {
            self.apply_consent(tx, customer, &under, &consent, Occasion::Live, now)?;
        }
        Ok(())
    }

    /// Takes a rating and a review of a product, by a feedback link.
    pub fn record_review(
        &self,
        customer: CustomerId,
        product: ProductId,
        rating: u8,
        text: &str,
        now: Timestamp,
    ) -> Result<bool> {
        if !(1..=5).contains(&rating) {
            bail!("a rating is 1 to 5 stars, not {rating}");
        }
        self.store().write(|tx| {
            tx.lock_customer(customer)?;
            if tx.is_erased(customer)? {
                return Ok(false);
            }
            let key = format!("review:{customer}:{}", product.0);
            let details = ReviewDetails::default();
            let text = text.to_owned();
            let body = EventBody::ProductReviewed { product, rating, text, details };
            let key = aftercart_model::EventKey { source: OURSELVES.to_owned(), key };
            let event = NewEvent {
                key,
                customer: Some(customer),
                at: now,
                stated_at: None,
                received_at: now,
                body,
            };
            self.append_and_apply(tx, &event, Occasion::Live, now)
        })
    }

    /// A complaint about a message: suppressed at once and for ever.
    pub fn record_complaint(&self, id: MessageId, now: Timestamp) -> Result<()> {
        self.store().write(|tx| {
            let message = tx.message(id)?.context("a complaint about no message of ours")?;
            tx.lock_customer(message.customer)?;
            self.resolve_doubt(tx, &message)?;
            tx.touch_message(id, &mut |it| it.complained_at = it.complained_at.or(Some(now)))?;
            let body = EventBody::MessageComplained { message: id, email: Some(message.email()) };
            self.note(tx, format!("complained:{id}"), message.customer, now, body)?;
            if let Some(address) = tx.customer(message.customer)?.and_then(|it| it.email) {
                let reason = SuppressionReason::Complaint;
                self.bar(tx, &Suppression { address, reason, at: now }, now)?;
            }
            self.end_all(tx, message.customer, ExitReason::Suppressed, now)
        })
    }

    /// A bounce reported after the hand-over.
    pub fn record_late_bounce(
        &self,
        id: MessageId,
        class: aftercart_model::BounceClass,
        reply: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.store().write(|tx| {
            let message = tx.message(id)?.context("a bounce of no message of ours")?;
            tx.lock_customer(message.customer)?;
            self.record_bounce(tx, &message, class, reply, now)
        })
    }

    /// The message behind a "see it in a browser" link.
    pub fn message_in_browser(&self, token: &str) -> Option<MessageId> {
        match self.keys().read(token) {
            Some(Token::Browser { message }) => Some(message),
            _ => None,
        }
    }
}

/// What calls itself human and comes faster than one can be is a machine.
fn told_apart(message: &Message, agent: Agent, at: Timestamp) -> Agent {
    let is_too_fast = message.sent_at.is_some_and(|sent| at.duration_since(sent) < HUMAN_AFTER);
    if is_too_fast { Agent::Machine } else { agent }
}
