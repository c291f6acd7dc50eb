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
    /// What was paid, before refunds; a cancelled order's too.
    pub gross_minor: i64,
    /// Refunds taken off; nothing of a cancelled order.
    pub net_minor: i64,
}

/// The credits of these orders, by time of order, then by order id; each order at most once.
///
/// Of touches at the same instant the later message has it. The order that triggered a message's
/// enrolment is never credited to that message. An order cancelled since keeps its credit, with all
/// of its gross and nothing net: which email brought it about does not change by what came after.
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::samples::{any_messages, any_orders, at, clicked, message, order, order_id};

    /// Which message each order of customer 1, placed at these hours, is credited to.
    fn credited(messages: &[MessageRow], window: Window, placed_hours: &[i64]) -> Vec<Option<i64>> {
        let orders: Vec<OrderRow> =
            (0..).zip(placed_hours).map(|(number, hours)| order(number, 1, *hours, 100)).collect();
        let credits = attribute(messages, &orders, window);
        let of = |it: &OrderRow| credits.iter().find(|credit| credit.order == it.order);
        orders.iter().map(|it| of(it).map(|credit| credit.message.0)).collect()
    }

    #[test]
    fn an_order_is_credited_inside_the_window_alone() {
        let messages = [clicked(7, 1, "offer", 100)];
        let within = |hours: i64| credited(&messages, Window::default(), &[hours])[0].is_some();
        assert!(!within(99), "before the click");
        assert!(within(100), "in the same instant");
        assert!(within(219), "in the last hour");
        assert!(!within(220), "exactly five days after the click");
    }

    #[test]
    fn the_last_click_before_the_order_has_the_credit() {
        let messages = [
            clicked(1, 1, "offer", 10),
            clicked(2, 1, "discount", 60),
            clicked(3, 1, "nudge", 90),
            clicked(4, 2, "nudge", 61),
        ];
        let orders = [50, 61, 95, 120];
        let expected = [Some(1), Some(2), Some(3), Some(3)];
        assert_eq!(credited(&messages, Window::default(), &orders), expected);
    }

    #[test]
    fn a_click_after_the_order_does_not_hide_the_one_before() {
        let mut row = clicked(1, 1, "offer", 10);
        row.touches.last_clicked_at = Some(at(30));
        assert_eq!(credited(&[row], Window::default(), &[20, 40]), [Some(1), Some(1)]);
    }

    #[test]
    fn only_people_touch_and_opens_only_where_asked_for() {
        let mut opened = message(1, 1, "offer", 10);
        opened.touches.opened_at = Some(at(10));
        let mut scanned = message(2, 1, "discount", 12);
        scanned.touches.machine_opened_at = Some(at(12));
        scanned.touches.machine_clicked_at = Some(at(12));
        let messages = [opened, scanned];
        assert_eq!(credited(&messages, Window::default(), &[20]), [None]);
        let with_opens = Window { counts_opens: true, ..Window::default() };
        assert_eq!(credited(&messages, with_opens, &[20]), [Some(1)], "never the machine's");
    }

    #[test]
    fn of_one_instant_the_later_message_has_it() {
        let mut older = clicked(1, 1, "offer", 20);
        older.sent_at = at(5);
        let mut newer = clicked(2, 1, "discount", 20);
        newer.sent_at = at(15);
        assert_eq!(credited(&[newer, older], Window::default(), &[30]), [Some(2)]);
    }

    #[test]
    fn the_trigger_is_never_credited_but_the_order_that_ends_the_flow_is() {
        let mut first = clicked(1, 1, "offer", 10);
        first.trigger_order = Some(order_id(0));
        let mut second = clicked(2, 1, "offer", 30);
        second.trigger_order = Some(order_id(1));
        // Order 1 ends the first enrolment and triggers the second.
        let credits = credited(&[first, second], Window::default(), &[12, 35]);
        assert_eq!(credits, [None, Some(1)]);
    }

    #[test]
    fn gross_is_what_was_paid_and_net_what_was_kept() {
        let placed = aftercart_model::Order {
            id: order_id(1),
            customer: Some(CustomerId(1)),
            placed_at: at(0),
            lines: Vec::new(),
            total_minor: 100,
            coupon: None,
            refunded_minor: 30,
            cancelled_at: None,
        };
        let kept = OrderRow::of(&placed).unwrap();
        assert_eq!((kept.total_minor, kept.net_minor, kept.is_cancelled), (100, 70, false));
        let guest = aftercart_model::Order { customer: None, ..placed.clone() };
        assert_eq!(OrderRow::of(&guest), None);
        let cancelled = aftercart_model::Order { cancelled_at: Some(at(1)), ..placed };
        let cancelled = OrderRow::of(&cancelled).unwrap();
        assert_eq!(
            (cancelled.total_minor, cancelled.net_minor, cancelled.is_cancelled),
            (100, 0, true)
        );
        let messages = [clicked(7, 1, "offer", -1)];
        let credits = attribute(&messages, &[cancelled], Window::default());
        assert_eq!((credits[0].gross_minor, credits[0].net_minor), (100, 0));
    }

    proptest! {
        #[test]
        fn credit_stays_within_its_bounds(
            messages in any_messages(), orders in any_orders(), days in 1_u32..10, counts_opens: bool,
        ) {
            let window = Window { counts_opens, ..Window::days(days) };
            let credits = attribute(&messages, &orders, window);
            let distinct: HashSet<_> = credits.iter().map(|it| &it.order).collect();
            prop_assert_eq!(distinct.len(), credits.len(), "each order at most once");
            for credit in &credits {
                let order = orders.iter().find(|it| it.order == credit.order).unwrap();
                let message = messages.iter().find(|it| it.message == credit.message).unwrap();
                let waited = order.placed_at.duration_since(credit.touch_at);
                prop_assert!(SignedDuration::ZERO <= waited && waited < window.length);
                prop_assert_eq!(message.customer, order.customer);
                prop_assert_ne!(message.trigger_order.as_ref(), Some(&order.order));
                prop_assert!(window.touches(message).any(|it| it == credit.touch_at));
                prop_assert_eq!(credit.net_minor, order.net_minor);
            }
        }

        #[test]
        fn a_longer_window_never_loses_an_order(
            messages in any_messages(), orders in any_orders(), days in 1_u32..10, more in 0_u32..10,
        ) {
            let credited = |days| attribute(&messages, &orders, Window::days(days)).len();
            prop_assert!(credited(days) <= credited(days + more));
        }

        #[test]
        fn the_order_of_rows_does_not_matter(messages in any_messages(), orders in any_orders()) {
            let credits = attribute(&messages, &orders, Window::default());
            let backwards: Vec<_> = messages.iter().rev().cloned().collect();
            let orders: Vec<_> = orders.iter().rev().cloned().collect();
            prop_assert_eq!(attribute(&backwards, &orders, Window::default()), credits);
        }
    }
}
