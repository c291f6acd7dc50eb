//! The figures of a flow: per step and in all.
//!
//! "Unique" means once for each message handed to a customer, however often they open or click it,
//! so the total of all steps is the sum of the steps, and no rate exceeds one.

use std::collections::HashMap;

use aftercart_model::{MessageId, StepId};
use serde::Serialize;

use crate::{Credit, MessageRow};

/// Counts and sums over messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    pub sent: u64,
    pub delivered: u64,
    pub bounced: u64,
    /// Opened by the customer.
    pub opened: u64,
    /// Opened by a machine, whether or not by the customer too.
    pub machine_opened: u64,
    /// Opened by either.
    pub any_opened: u64,
    /// Opened by the customer, who did not click.
    pub opened_not_clicked: u64,
    /// Clicked by the customer.
    pub clicked: u64,
    pub machine_clicked: u64,
    /// Clicked by the customer, with no order credited.
    pub clicked_not_converted: u64,
    /// Messages with at least one order credited to them.
    pub converted: u64,
    /// Orders credited.
    pub orders: u64,
    pub gross_minor: i64,
    /// Refunds taken off.
    pub net_minor: i64,
    pub unsubscribed: u64,
    pub complained: u64,
}

/// What a rate is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Base {
    #[default]
    Delivered,
    Sent,
}

/// Rates are shares of 1, and `None` of nothing.
impl Figures {
    pub fn open_rate(&self, base: Base) -> Option<f64> {
        self.rate(self.opened, base)
    }

    /// With those only machines opened.
    pub fn any_open_rate(&self, base: Base) -> Option<f64> {
        self.rate(self.any_opened, base)
    }

    pub fn click_rate(&self, base: Base) -> Option<f64> {
        self.rate(self.clicked, base)
    }

    pub fn conversion_rate(&self, base: Base) -> Option<f64> {
        self.rate(self.converted, base)
    }

    pub fn unsubscribe_rate(&self, base: Base) -> Option<f64> {
        self.rate(self.unsubscribed, base)
    }

    pub fn click_to_open_rate(&self) -> Option<f64> {
        share(self.clicked as f64, self.opened)
    }

    /// In minor units, refunds taken off.
    pub fn revenue_per_email(&self, base: Base) -> Option<f64> {
        share(self.net_minor as f64, self.count(base))
    }

    pub fn gross_per_email(&self, base: Base) -> Option<f64> {
        share(self.gross_minor as f64, self.count(base))
    }

    fn rate(&self, count: u64, base: Base) -> Option<f64> {
        share(count as f64, self.count(base))
    }

    fn count(&self, base: Base) -> u64 {
        match base {
            Base::Delivered => self.delivered,
            Base::Sent => self.sent,
        }
    }

    fn count_message(&mut self, message: &MessageRow, credits: &[&Credit]) {
        let touches = &message.touches;
        let is_opened = touches.opened_at.is_some();
        let is_clicked = touches.clicked_at.is_some() || touches.last_clicked_at.is_some();
        let is_human = is_opened
            || is_clicked
            || touches.unsubscribed_at.is_some()
            || touches.complained_at.is_some();
        let is_machine =
            touches.machine_opened_at.is_some() || touches.machine_clicked_at.is_some();
        let is_reported = touches.delivered_at.is_some() && touches.bounced_at.is_none();
        // Whatever was touched was delivered, whether or not a report of it came.
        let is_delivered = is_human || is_machine || is_reported;
        self.sent += 1;
        self.delivered += u64::from(is_delivered);
        self.bounced += u64::from(touches.bounced_at.is_some() && !is_delivered);
        self.opened += u64::from(is_opened);
        self.machine_opened += u64::from(touches.machine_opened_at.is_some());
        self.any_opened += u64::from(is_opened || touches.machine_opened_at.is_some());
        self.opened_not_clicked += u64::from(is_opened && !is_clicked);
        self.clicked += u64::from(is_clicked);
        self.machine_clicked += u64::from(touches.machine_clicked_at.is_some());
        self.clicked_not_converted += u64::from(is_clicked && credits.is_empty());
        self.converted += u64::from(!credits.is_empty());
        self.orders += credits.len() as u64;
        self.gross_minor += credits.iter().map(|it| it.gross_minor).sum::<i64>();
        self.net_minor += credits.iter().map(|it| it.net_minor).sum::<i64>();
        self.unsubscribed += u64::from(touches.unsubscribed_at.is_some());
        self.complained += u64::from(touches.complained_at.is_some());
    }

    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.bounced += other.bounced;
        self.opened += other.opened;
        self.machine_opened += other.machine_opened;
        self.any_opened += other.any_opened;
        self.opened_not_clicked += other.opened_not_clicked;
        self.clicked += other.clicked;
        self.machine_clicked += other.machine_clicked;
        self.clicked_not_converted += other.clicked_not_converted;
        self.converted += other.converted;
        self.orders += other.orders;
        self.gross_minor += other.gross_minor;
        self.net_minor += other.net_minor;
        self.unsubscribed += other.unsubscribed;
        self.complained += other.complained;
    }
}

fn share(part: f64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part / whole as f64)
}

/// One step's figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepFigures {
    pub step: StepId,
    pub figures: Figures,
}

/// A flow's figures; `total` is the sum of `steps`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub steps: Vec<StepFigures>,
    pub total: Figures,
}

/// The figures of `messages`, with the orders of `credits` that went to them.
///
/// `steps` are the flow's send steps in its order: each stands in the report though nothing was
/// sent there yet. Steps of earlier versions follow, by name.
pub fn report(messages: &[MessageRow], credits: &[Credit], steps: &[StepId]) -> Report {
    let mut credited: HashMap<MessageId, Vec<&Credit>> = HashMap::new();
    for credit in credits {
        credited.entry(credit.message).or_default().push(credit);
    }
    let mut by_step: HashMap<&StepId, Figures> = HashMap::new();
    for message in messages {
        let figures = by_step.entry(&message.step).or_default();
        let own = credited.get(&message.message).map_or(&[][..], Vec::as_slice);
        figures.count_message(message, own);
    }
    let mut earlier: Vec<&StepId> =
        by_step.keys().copied().filter(|it| !steps.contains(it)).collect();
    earlier.sort_unstable();
    let mut report = Report::default();
    for step in steps.iter().chain(earlier) {
        let figures = by_step.get(step).copied().unwrap_or_default();
        report.total.add(&figures);
        report.steps.push(StepFigures { step: step.clone(), figures });
    }
    report
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Window, attribute,
        samples::{any_messages, any_orders, at, clicked, message, order, step, steps},
    };

    #[test]
    fn every_touch_is_counted_where_it_belongs() {
        let mut machine = message(3, 3, "offer", 0);
        machine.touches.machine_opened_at = Some(at(0));
        let mut bounced = message(4, 4, "offer", 0);
        bounced.touches.bounced_at = Some(at(1));
        let mut left = message(5, 5, "offer", 0);
        left.touches.unsubscribed_at = Some(at(1));
        let mut opened = message(2, 2, "offer", 0);
        opened.touches.opened_at = Some(at(1));
        let messages = [clicked(1, 1, "offer", 0), opened, machine, bounced, left];
        let orders = [order(1, 1, 5, 1_000), order(2, 1, 6, 500)];
        let credits = attribute(&messages, &orders, Window::default());
        let figures = report(&messages, &credits, &[step("offer")]).total;
        let expected = Figures {
            sent: 5,
            delivered: 4,
            bounced: 1,
            opened: 2,
            machine_opened: 1,
            any_opened: 3,
            opened_not_clicked: 1,
            clicked: 1,
            machine_clicked: 0,
            clicked_not_converted: 0,
            converted: 1,
            orders: 2,
            gross_minor: 1_500,
            net_minor: 1_350,
            unsubscribed: 1,
            complained: 0,
        };
        assert_eq!(figures, expected);
        assert_eq!(figures.open_rate(Base::Delivered), Some(0.5));
        assert_eq!(figures.open_rate(Base::Sent), Some(0.4));
        assert_eq!(figures.any_open_rate(Base::Delivered), Some(0.75));
        assert_eq!(figures.click_rate(Base::Delivered), Some(0.25));
        assert_eq!(figures.click_to_open_rate(), Some(0.5));
        assert_eq!(figures.conversion_rate(Base::Delivered), Some(0.25));
        assert_eq!(figures.unsubscribe_rate(Base::Delivered), Some(0.25));
        assert_eq!(figures.revenue_per_email(Base::Delivered), Some(337.5));
        assert_eq!(figures.gross_per_email(Base::Delivered), Some(375.0));
    }

    #[test]
    fn nothing_sent_has_no_rates() {
        let report = report(&[], &[], &steps());
        assert_eq!(report.steps.len(), 4, "each step stands there");
        assert_eq!(report.total.open_rate(Base::Delivered), None);
        assert_eq!(report.total.revenue_per_email(Base::Sent), None);
    }

    #[test]
    fn steps_of_earlier_versions_follow() {
        let messages =
            [message(1, 1, "zeal", 0), message(2, 1, "nudge", 0), message(3, 1, "again", 0)];
        let report = report(&messages, &[], &[step("offer"), step("nudge")]);
        let names: Vec<&str> = report.steps.iter().map(|it| it.step.as_str()).collect();
        assert_eq!(names, ["offer", "nudge", "again", "zeal"]);
    }

    proptest! {
        #[test]
        fn sums_agree(messages in any_messages(), orders in any_orders(), days in 1_u32..10) {
            let credits = attribute(&messages, &orders, Window::days(days));
            let report = report(&messages, &credits, &steps());
            let sum = |of: fn(&Figures) -> u64| -> u64 {
                report.steps.iter().map(|it| of(&it.figures)).sum()
            };
            let total = report.total;
            prop_assert_eq!(total.sent, messages.len() as u64);
            prop_assert_eq!(total.orders, credits.len() as u64);
            prop_assert_eq!(total.net_minor, credits.iter().map(|it| it.net_minor).sum::<i64>());
            prop_assert_eq!(total.gross_minor, credits.iter().map(|it| it.gross_minor).sum::<i64>());
            prop_assert_eq!(total.delivered, sum(|it| it.delivered));
            prop_assert_eq!(total.opened, sum(|it| it.opened));
            prop_assert_eq!(total.converted, sum(|it| it.converted));
            prop_assert_eq!(total.sent, total.delivered + total.bounced, "every row has a report");
            prop_assert!(total.any_opened <= total.delivered && total.clicked <= total.delivered);
            prop_assert!(total.opened.max(total.machine_opened) <= total.any_opened);
            prop_assert!(total.opened_not_clicked <= total.opened);
            prop_assert_eq!(total.clicked, total.clicked_not_converted + total.converted);
        }
    }
}
