//! Rows for the tests: a flow of four emails, customers by number, times in hours.

use aftercart_model::{
    CustomerId, EnrolmentId, FlowId, MessageId, OrderId, StepId, Timestamp, Touches,
};
use jiff::SignedDuration;
use proptest::{collection::vec, prelude::*};

use crate::{EnrolmentRow, MessageRow, OrderRow};

/// Monday 2026-01-05, midnight UTC.
pub(crate) const START: Timestamp = Timestamp::constant(1_767_571_200, 0);

pub(crate) const STEPS: [&str; 4] = ["offer", "discount", "social-proof", "nudge"];

pub(crate) fn at(hours: i64) -> Timestamp {
    START + SignedDuration::from_hours(hours)
}

pub(crate) fn step(name: &str) -> StepId {
    StepId::new(name).unwrap()
}

pub(crate) fn steps() -> Vec<StepId> {
    STEPS.iter().map(|it| step(it)).collect()
}

pub(crate) fn order_id(number: i64) -> OrderId {
    OrderId::new(number.to_string()).unwrap()
}

/// An order of `customer`; the shop kept all but a tenth of it.
pub(crate) fn order(number: i64, customer: i64, hours: i64, total_minor: i64) -> OrderRow {
    OrderRow {
        order: order_id(number),
        customer: CustomerId(customer),
        placed_at: at(hours),
        total_minor,
        net_minor: total_minor * 9 / 10,
        is_cancelled: false,
    }
}

/// An untouched message of step `step` to `customer`, whose enrolment no known order triggered.
pub(crate) fn message(number: i64, customer: i64, step_name: &str, sent_hours: i64) -> MessageRow {
    MessageRow {
        message: MessageId(number),
        customer: CustomerId(customer),
        enrolment: EnrolmentId(customer),
        flow: FlowId::new("upsell-cross-sell").unwrap(),
        step: step(step_name),
        sent_at: at(sent_hours),
        trigger_order: None,
        touches: Touches { delivered_at: Some(at(sent_hours)), ..Touches::default() },
    }
}

/// As [`message`], clicked for the only time at `clicked_hours`.
pub(crate) fn clicked(number: i64, customer: i64, step_name: &str, hours: i64) -> MessageRow {
    let mut row = message(number, customer, step_name, hours);
    row.touches.opened_at = Some(at(hours));
    row.touches.clicked_at = Some(at(hours));
    row.touches.last_clicked_at = Some(at(hours));
    row
}

pub(crate) fn entry(customer: i64, hours: i64, is_held_out: bool) -> EnrolmentRow {
    EnrolmentRow {
        enrolment: EnrolmentId(customer),
        customer: CustomerId(customer),
        entered_at: at(hours),
        is_held_out,
        was_mailed: !is_held_out,
        trigger_order: None,
    }
}

/// Messages to five customers with any mix of touches.
pub(crate) fn any_messages() -> impl Strategy<Value = Vec<MessageRow>> {
    let touch = || proptest::option::of(0_i64..400);
    let row = (
        0_i64..5,
        0_usize..4,
        0_i64..300,
        [touch(), touch(), touch(), touch(), touch()],
        0_i64..20,
    );
    vec(row, 0..25).prop_map(|rows| {
        let build = |(number, (customer, step, sent, touches, trigger)): (i64, _)| {
            let touches: [Option<i64>; 5] = touches;
            let [opened, clicked, machine, bounced, unsubscribed] = touches;
            let mut row = message(number, customer, STEPS[step], sent);
            row.trigger_order = Some(order_id(trigger));
            row.touches.opened_at = opened.map(at);
            row.touches.clicked_at = clicked.map(at);
            row.touches.last_clicked_at = clicked.map(|it| at(it + 24));
            row.touches.machine_opened_at = machine.map(at);
            row.touches.bounced_at = bounced.map(at);
            row.touches.unsubscribed_at = unsubscribed.map(at);
            row
        };
        (1..).zip(rows).map(build).collect()
    })
}

/// Orders 0, 1, 2… of the same five customers.
pub(crate) fn any_orders() -> impl Strategy<Value = Vec<OrderRow>> {
    vec((0_i64..5, 0_i64..600, 0_i64..20_000), 0..20).prop_map(|rows| {
        let build = |(number, (customer, hours, minor))| order(number, customer, hours, minor);
        (0..).zip(rows).map(build).collect()
    })
}
