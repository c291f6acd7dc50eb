//! Attribution: which message an order is credited to.
//!
//! The last human click before the order gets the credit, if the order came inside the window. The
//! window is half-open and counted from the click: an order exactly five days later is outside, so
//! that two windows laid side by side never both claim it. Opens can be switched on as touches; a
//! machine's open or click is never one.

use std::collections::HashMap;

use aftercart_model::{CustomerId, MessageId, OrderId, Timestamp};
use jiff::SignedDuration;
use serde::Serialize;

use crate::{MessageRow, OrderRow};

/// How long after a touch an order may be credited to its message, and what counts as a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub length: SignedDuration,
    /// Whether a human open is a touch as well as a click.
    pub counts_opens: bool,
}

impl Window {
    pub fn days(days: u32) -> Self {
        Self { length: SignedDuration::from_hours(24 * i64::from(days)), counts_opens: false }
    }

    fn contains(&self, touch_at: Timestamp, placed_at: Timestamp) -> bool {
        (SignedDuration::ZERO..self.length).contains(&placed_at.duration_since(touch_at))
    }

    /// The touches of `message` that are known: the first of each kind and the last click.
    fn touches(&self, message: &MessageRow) -> impl Iterator<Item = Timestamp> {
        let touches = message.touches;
        let opened_at = touches.opened_at.filter(|_| self.counts_opens);
        [touches.clicked_at, touches.last_clicked_at, opened_at].into_iter().flatten()
    }
}

impl Default for Window {
    fn default() -> Self {
        Self::days(5)
    }
}

/// An order credited to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Credit {
    pub order: OrderId,
    pub message: MessageId,
    pub customer: CustomerId,
    pub touch_at: Timestamp,
    pub placed_at: Timestamp,
    pub gross_minor: i64,
    pub net_minor: i64,
}

/// The credits of these orders, by time of order, then by order id; each order at most once.
///
/// Of touches at the same instant the later message has it. The order that triggered a message's
/// enrolment is never credited to that message.
pub fn attribute(messages: &[MessageRow], orders: &[OrderRow], window: Window) -> Vec<Credit> {
    let mut of_customer: HashMap<CustomerId, Vec<&MessageRow>> = HashMap::new();
    for message in messages {
        of_customer.entry(message.customer).or_default().push(message);
    }
    let mut credits: HashMap<&OrderId, Credit> = HashMap::new();
    for order in orders {
        let own = of_customer.get(&order.customer).map_or(&[][..], Vec::as_slice);
        if let Some((touch_at, message)) = last_touch(own, order, window) {
            credits.insert(&order.order, credit(order, message, touch_at));
        }
    }
    let mut credits: Vec<Credit> = credits.into_values().collect();
    credits.sort_unstable_by(|a, b| (a.placed_at, &a.order).cmp(&(b.placed_at, &b.order)));
    credits
}

fn last_touch<'a>(
    messages: &[&'a MessageRow],
    order: &OrderRow,
    window: Window,
) -> Option<(Timestamp, &'a MessageRow)> {
    messages
        .iter()
        .filter(|it| it.trigger_order.as_ref() != Some(&order.order))
        .flat_map(|it| window.touches(it).map(move |touch_at| (touch_at, *it)))
        .filter(|(touch_at, _)| window.contains(*touch_at, order.placed_at))
        .max_by_key(|(touch_at, message)| (*touch_at, message.sent_at, message.message))
}

fn credit(order: &OrderRow, message: &MessageRow, touch_at: Timestamp) -> Credit {
    Credit {
        order: order.order.clone(),
        message: message.message,
        customer: order.customer,
        touch_at,
        placed_at: order.placed_at,
        gross_minor: order.total_minor,
        net_minor: order.net_minor,
    }
}
