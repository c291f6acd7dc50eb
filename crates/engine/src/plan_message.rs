//! A send step becomes a message: products chosen, coupon reserved, everything fixed that must not
//! change between attempts.
//!
//! The emails of one enrolment tell one story: the products are chosen at the first send and
//! re-checked at each; what is sold out by then, bought, or kept back by a rule of the shop's is
//! replaced. A step may ask for products that no email before it spoke of.

use aftercart_flow::{Flow, ProductChoice, StepAction};
use aftercart_model::{
    ConsentState, Coupon, Customer, Enrolment, EventBody, FlowId, MessageId, MessageState,
    ProductId, StepId, TemplateId, Timestamp, Topic,
};
use aftercart_store::{NewMessage, Tx};
use anyhow::{Context, Result};
use jiff::{ToSpan, tz::TimeZone};

use crate::{
    Engine, Known,
    deliver_messages::{CAPS_LOOK_BACK, ORDER_CANCELLED},
    merge_customers::bar_of,
    recommend_products::Wanted,
};

/// A main product, two beside it, and one in reserve.
pub(crate) const PRODUCTS_IN_EMAIL: usize = 4;

/// The send step that asks for a message.
pub(crate) struct Send {
    pub step: StepId,
    pub template: TemplateId,
    pub is_coupon_named: bool,
    pub products: ProductChoice,
}

impl Engine {
    /// Plans the message of a send step, once for each enrolment and step.
    pub(crate) fn plan_message(
        &self,
        tx: &mut Tx<'_>,
        flow: &Flow,
        enrolment: &mut Enrolment,
        customer: &Customer,
        send: &Send,
        now: Timestamp,
    ) -> Result<Option<MessageId>> {
        let known = self.known_in(tx)?;
        let is_about_products = flow.topic() == Topic::Marketing;
        if is_about_products {
            enrolment.products = self.step_products(tx, &known, enrolment, send, now)?;
        }
        let zone = self.zone_of(customer);
        let mut problem = None;
        // No code is spent on somebody who may not be mailed, or on an order that is no more.
        let is_cancelled = self.is_order_cancelled(tx, enrolment)?;
        let is_mailable = !is_cancelled && self.may_be_mailed(tx, customer, flow.topic())?;
        if is_mailable && send.is_coupon_named && enrolment.coupon.is_none() {
            match self.reserve_coupon(tx, flow, customer, &zone, now)? {
                Some(coupon) => enrolment.coupon = Some(coupon.code),
                None => problem = Some("no code left in the coupon pool"),
            }
        }
        if is_about_products && enrolment.products.is_empty() {
            problem = Some(match enrolment.due_purchase() {
                Some(_) => "what was due again was bought since, or cannot be shown",
                None => "nothing to recommend to this customer",
            });
        }
        if customer.email.is_none() {
            problem = Some("the customer has no email address");
        }
        if is_cancelled {
            problem = Some(ORDER_CANCELLED);
        }
        let (template_version, _) = self.program(tx, &send.template, None)?;
        let planned = NewMessage {
            // Where the enrolment is stored, which stays when its customer is merged.
            customer: enrolment.customer,
            enrolment: enrolment.id,
            flow: flow.id().clone(),
            flow_version: enrolment.flow_version,
            step: send.step.clone(),
            template: send.template.clone(),
            template_version,
            class: flow.class(),
            topic: flow.topic(),
            planned_at: now,
            due_at: now,
            expires_at: self.expires_at(tx, enrolment.coupon.as_deref(), &zone, now)?,
            subject: None,
            products: enrolment.products.clone(),
            coupon: enrolment.coupon.clone(),
        };
        let Some(id) = tx.plan_message(&planned)? else { return Ok(None) };
        if let Some(problem) = problem {
            // Made all the same, so that the skip is counted and can be seen.
            let mut message = tx.message(id)?.context("just planned")?;
            message.state = MessageState::Cancelled;
            message.reason = Some(problem.to_owned());
            tx.save_message(&message)?;
            let dropped = EventBody::MessageDropped { message: id, reason: problem.to_owned() };
            self.note(tx, format!("dropped:{id}"), customer.id, now, dropped)?;
        }
        Ok(Some(id))
    }

    /// When a message planned now is no longer worth sending: never later than the coupon it names.
    pub(crate) fn expires_at(
        &self,
        tx: &mut Tx<'_>,
        coupon: Option<&str>,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<Timestamp> {
        let too_late = self.rules().expires_at(now, zone);
        Ok(self.coupon_ends(tx, coupon)?.map_or(too_late, |ends| ends.min(too_late)))
    }

    /// When a code comes to its end; `None` if it has none, or there is no code.
    pub(crate) fn coupon_ends(
        &self,
        tx: &mut Tx<'_>,
        coupon: Option<&str>,
    ) -> Result<Option<Timestamp>> {
        let coupon = match coupon {
            Some(code) => tx.coupon(code)?,
            None => None,
        };
        Ok(coupon.and_then(|it| it.expires_at))
    }

    /// Whether consent and suppression let mail of this topic through now.
    fn may_be_mailed(&self, tx: &mut Tx<'_>, customer: &Customer, topic: Topic) -> Result<bool> {
        if customer.email.is_none() {
            return Ok(false);
        }
        let consents = tx.consents_of(customer.id)?;
        let agreed = consents.iter().find(|it| it.topic == topic);
        Ok(agreed.is_some_and(|it| it.state == ConsentState::Agreed)
            && bar_of(tx, customer)?.is_none())
    }

    /// The products that the email of a step speaks of.
    fn step_products(
        &self,
        tx: &mut Tx<'_>,
        known: &Known,
        enrolment: &Enrolment,
        send: &Send,
        now: Timestamp,
    ) -> Result<Vec<ProductId>> {
        match send.products {
            ProductChoice::Same => self.story_products(tx, known, enrolment, Vec::new(), now),
            ProductChoice::Fresh => {
                let told = told_of_before(tx, enrolment, &send.step)?;
                let unread = Enrolment { products: Vec::new(), ..enrolment.clone() };
                self.story_products(tx, known, &unread, told, now)
            }
        }
    }

    /// What a message may not speak of because its step asks for fresh products.
    pub(crate) fn stale_products(
        &self,
        tx: &mut Tx<'_>,
        flow: &Flow,
        enrolment: &Enrolment,
        step: &StepId,
    ) -> Result<Vec<ProductId>> {
        match flow.step(step).map(|it| &it.action) {
            Some(StepAction::Send(send)) if send.products == ProductChoice::Fresh => {
                told_of_before(tx, enrolment, step)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The products of this enrolment's story: those chosen before that may still be shown, filled up
    /// with new ones that are not in `exclude`. What is due again leads it, or there is none.
    pub(crate) fn story_products(
        &self,
        tx: &mut Tx<'_>,
        known: &Known,
        enrolment: &Enrolment,
        mut exclude: Vec<ProductId>,
        now: Timestamp,
    ) -> Result<Vec<ProductId>> {
        let orders = tx.orders_of(enrolment.customer)?;
        let follows = enrolment.trigger_order.as_ref();
        let anchor = orders.iter().find(|it| Some(&it.id) == follows);
        let shown = self.shown_before(tx, known, enrolment.customer, follows, now)?;
        exclude.extend(self.outside_categories(tx, known, &enrolment.flow)?);
        let due = enrolment.due_purchase();
        let mut wanted = Wanted { orders: &orders, anchor, count: 0, exclude, shown, due };
        let mut story = self.still_shown(known, &enrolment.products, &wanted, now);
        if let Some(due) = &wanted.due {
            story.retain(|it| *it != due.product);
            // Every email of it speaks of that, the first and those that ask for fresh products beside.
            let told = Wanted { exclude: Vec::new(), shown: Vec::new(), ..wanted.clone() };
            if self.still_shown(known, &[due.product], &told, now).is_empty() {
                return Ok(Vec::new());
            }
            story.insert(0, due.product);
        }
        if story.len() < PRODUCTS_IN_EMAIL {
            wanted.count = PRODUCTS_IN_EMAIL - story.len();
            wanted.exclude.extend(&story);
            story.extend(self.choose_story(known, &wanted, now));
        }
        Ok(story)
    }

    /// The products that a campaign drafted for some categories does not recommend.
    fn outside_categories(
        &self,
        tx: &mut Tx<'_>,
        known: &Known,
        flow: &FlowId,
    ) -> Result<Vec<ProductId>> {
        let Some(text) = tx.setting(&categories_setting(flow))? else { return Ok(Vec::new()) };
        let wanted: Vec<String> = serde_json::from_str(&text)?;
        let is_outside = |it: &&aftercart_model::Product| !wanted.contains(&it.category);
        Ok(known.products.iter().filter(is_outside).map(|it| it.id).collect())
    }

    fn reserve_coupon(
        &self,
        tx: &mut Tx<'_>,
        flow: &Flow,
        customer: &Customer,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<Option<Coupon>> {
        let terms = flow.coupon().context("a send step names a coupon the flow does not have")?;
        // Its days count from when the email can go, so that quiet hours do not eat into them.
        let sent_at = tx.hand_overs_since(customer.id, now - CAPS_LOOK_BACK)?;
        let named_at = self.rules().first_allowed(&sent_at, zone, now);
        let expires_at = terms.ends_at(named_at, zone);
        tx.reserve_coupon(&terms.pool, customer.id, expires_at)
    }
}

/// What the other emails of an enrolment spoke of.
fn told_of_before(tx: &mut Tx<'_>, enrolment: &Enrolment, step: &StepId) -> Result<Vec<ProductId>> {
    let messages = tx.messages_of(enrolment.customer)?;
    let others = messages.into_iter().filter(|it| it.enrolment == enrolment.id && it.step != *step);
    Ok(others.flat_map(|it| it.products).collect())
}

/// Under which a flow's recommended categories are kept; a flow without it recommends from all.
pub(crate) fn categories_setting(flow: &FlowId) -> String {
    format!("recommend-categories:{flow}")
}

/// Midnight at the end of the last day of a coupon that is first named at `now`.
pub(crate) fn coupon_end(now: Timestamp, lives_days: u32, zone: &TimeZone) -> Timestamp {
    let today = zone.to_datetime(now).date();
    let after = today.saturating_add((i64::from(lives_days) + 1).days());
    let midnight = zone.to_ambiguous_timestamp(after.to_datetime(jiff::civil::Time::midnight()));
    midnight.compatible().unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coupon_ends_at_midnight_where_the_customer_is() {
        let zone = TimeZone::get("Europe/Lisbon").unwrap();
        let named: Timestamp = "2026-03-27T10:00:00Z".parse().unwrap();
        let end = coupon_end(named, 5, &zone);
        assert_eq!(end.to_string(), "2026-04-01T23:00:00Z", "summer time began in between");
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        assert_eq!(coupon_end(named, 5, &tokyo).to_string(), "2026-04-01T15:00:00Z");
    }
}
