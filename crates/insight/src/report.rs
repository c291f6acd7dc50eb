//! The figures of a flow: per step and in all.
//!
//! Emails are counted as emails, and what people did as people: whoever opens two emails, or one
//! email twice, is one customer who opened. So a rate is unique customers over the customers that
//! were delivered to, no rate exceeds one, and those of the whole flow are not the sum of its steps.

use std::collections::{BTreeMap, HashMap};

use aftercart_model::{CustomerId, MessageId, StepId};
use serde::Serialize;

use crate::{Credit, LeakKind, MessageRow};

/// Counts and sums over messages, those of one step or of a whole flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Emails handed over.
    pub sent: u64,
    pub delivered: u64,
    pub bounced: u64,
    /// Customers handed at least one email.
    pub customers_sent: u64,
    /// Customers delivered at least one: what rates are of.
    pub customers_delivered: u64,
    /// Customers who opened.
    pub opened: u64,
    /// Emails opened by a machine, whether or not by the customer too.
    pub machine_opened: u64,
    /// Customers who opened or whose machine did.
    pub any_opened: u64,
    /// Customers who opened and clicked nothing.
    pub opened_not_clicked: u64,
    /// Customers who clicked.
    pub clicked: u64,
    /// Emails clicked by a machine.
    pub machine_clicked: u64,
    /// Customers who clicked, with no order credited.
    pub clicked_not_converted: u64,
    /// Customers with at least one order credited.
    pub converted: u64,
    /// Orders credited; those cancelled since, too.
    pub orders: u64,
    /// What was paid for them, before refunds and cancellations.
    pub gross_minor: i64,
    /// Refunds taken off, and nothing of cancelled orders.
    pub net_minor: i64,
    /// Customers who unsubscribed.
    pub unsubscribed: u64,
    /// Customers who complained.
    pub complained: u64,
}

/// What a rate is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Base {
    #[default]
    Delivered,
    Sent,
}

/// Rates are shares of 1, and `None` of nothing. A rate of people is over customers; money is over
/// emails.
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
        share(self.net_minor as f64, self.emails(base))
    }

    /// In minor units, before refunds.
    pub fn gross_per_email(&self, base: Base) -> Option<f64> {
        share(self.gross_minor as f64, self.emails(base))
    }

    fn rate(&self, count: u64, base: Base) -> Option<f64> {
        let customers = match base {
            Base::Delivered => self.customers_delivered,
            Base::Sent => self.customers_sent,
        };
        share(count as f64, customers)
    }

    fn emails(&self, base: Base) -> u64 {
        match base {
            Base::Delivered => self.delivered,
            Base::Sent => self.sent,
        }
    }
}

/// What one customer did with the messages counted together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reader {
    is_delivered: bool,
    is_opened: bool,
    is_machine_opened: bool,
    is_clicked: bool,
    is_converted: bool,
    is_unsubscribed: bool,
    is_complained: bool,
}

impl Reader {
    pub(crate) fn is_lost(&self, kind: LeakKind) -> bool {
        match kind {
            LeakKind::OpenedNotClicked => self.is_opened && !self.is_clicked,
            LeakKind::ClickedNotBought => self.is_clicked && !self.is_converted,
            LeakKind::LeftForGood => self.is_unsubscribed,
        }
    }
}

/// The sums of some messages, and their readers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// What is counted in emails and money.
    emails: Figures,
    pub(crate) readers: BTreeMap<CustomerId, Reader>,
}

impl Tally {
    pub(crate) fn count(&mut self, message: &MessageRow, credits: &[&Credit]) {
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
        let emails = &mut self.emails;
        emails.sent += 1;
        emails.delivered += u64::from(is_delivered);
        emails.bounced += u64::from(touches.bounced_at.is_some() && !is_delivered);
        emails.machine_opened += u64::from(touches.machine_opened_at.is_some());
        emails.machine_clicked += u64::from(touches.machine_clicked_at.is_some());
        emails.orders += credits.len() as u64;
        emails.gross_minor += credits.iter().map(|it| it.gross_minor).sum::<i64>();
        emails.net_minor += credits.iter().map(|it| it.net_minor).sum::<i64>();
        let reader = self.readers.entry(message.customer).or_default();
        reader.is_delivered |= is_delivered;
        reader.is_opened |= is_opened;
        reader.is_machine_opened |= touches.machine_opened_at.is_some();
        reader.is_clicked |= is_clicked;
        reader.is_converted |= !credits.is_empty();
        reader.is_unsubscribed |= touches.unsubscribed_at.is_some();
        reader.is_complained |= touches.complained_at.is_some();
    }

    fn figures(&self) -> Figures {
        let customers = |is_one: &dyn Fn(&Reader) -> bool| {
            self.readers.values().filter(|it| is_one(it)).count() as u64
        };
        Figures {
            customers_sent: self.readers.len() as u64,
            customers_delivered: customers(&|it| it.is_delivered),
            opened: customers(&|it| it.is_opened),
            any_opened: customers(&|it| it.is_opened || it.is_machine_opened),
            opened_not_clicked: customers(&|it| it.is_lost(LeakKind::OpenedNotClicked)),
            clicked: customers(&|it| it.is_clicked),
            clicked_not_converted: customers(&|it| it.is_lost(LeakKind::ClickedNotBought)),
            converted: customers(&|it| it.is_converted),
            unsubscribed: customers(&|it| it.is_unsubscribed),
            complained: customers(&|it| it.is_complained),
            ..self.emails
        }
    }
}

/// The credits of each message.
pub(crate) fn by_message(credits: &[Credit]) -> HashMap<MessageId, Vec<&Credit>> {
    let mut credited: HashMap<MessageId, Vec<&Credit>> = HashMap::new();
    for credit in credits {
        credited.entry(credit.message).or_default().push(credit);
    }
    credited
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

/// A flow's figures. What `total` counts in emails, orders and money is the sum of `steps`; what it
/// counts in customers is each customer once, whichever of the emails they opened.
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
    let credited = by_message(credits);
    let mut by_step: HashMap<&StepId, Tally> = HashMap::new();
    let mut all = Tally::default();
    for message in messages {
        let own = credited.get(&message.message).map_or(&[][..], Vec::as_slice);
        by_step.entry(&message.step).or_default().count(message, own);
        all.count(message, own);
    }
    let mut earlier: Vec<&StepId> =
        by_step.keys().copied().filter(|it| !steps.contains(it)).collect();
    earlier.sort_unstable();
    let step_figures = |step: &StepId| StepFigures {
        step: step.clone(),
        figures: by_step.get(step).map_or_else(Figures::default, Tally::figures),
    };
    Report { steps: steps.iter().chain(earlier).map(step_figures).collect(), total: all.figures() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        OrderRow, Window, attribute,
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
            customers_sent: 5,
            customers_delivered: 4,
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
    fn a_customer_counts_once_however_many_emails_they_open() {
        let mut unread = message(3, 2, "discount", 0);
        unread.touches.unsubscribed_at = Some(at(9));
        let mut opened = message(4, 2, "offer", 0);
        opened.touches.opened_at = Some(at(1));
        let messages =
            [clicked(1, 1, "offer", 0), clicked(2, 1, "discount", 30), unread, opened.clone()];
        let orders = [order(1, 1, 5, 1_000), order(2, 1, 40, 500)];
        let credits = attribute(&messages, &orders, Window::default());
        let found = report(&messages, &credits, &[step("offer"), step("discount")]);
        let total = found.total;
        assert_eq!((total.sent, total.customers_sent, total.customers_delivered), (4, 2, 2));
        assert_eq!((total.opened, total.clicked, total.converted, total.orders), (2, 1, 1, 2));
        assert_eq!(total.unsubscribed, 1);
        assert_eq!(total.open_rate(Base::Delivered), Some(1.0), "not two of four emails");
        assert_eq!(total.revenue_per_email(Base::Delivered), Some(1_350.0 / 4.0), "of emails");
        let again = MessageRow { message: aftercart_model::MessageId(9), ..opened };
        let offer = report(&[again, messages[3].clone()], &[], &[step("offer")]).steps[0].figures;
        assert_eq!((offer.sent, offer.customers_sent, offer.opened), (2, 1, 1), "in a step, too");
    }

    #[test]
    fn a_cancelled_order_counts_in_gross_and_not_in_net() {
        let cancelled = OrderRow { is_cancelled: true, net_minor: 0, ..order(1, 1, 5, 1_000) };
        let messages = [clicked(1, 1, "offer", 0)];
        let credits = attribute(&messages, &[cancelled], Window::default());
        let total = report(&messages, &credits, &[]).total;
        assert_eq!((total.orders, total.gross_minor, total.net_minor), (1, 1_000, 0));
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
            prop_assert_eq!(total.orders, sum(|it| it.orders));
            let customers: [fn(&Figures) -> u64; 6] = [
                |it| it.customers_delivered,
                |it| it.opened,
                |it| it.any_opened,
                |it| it.clicked,
                |it| it.converted,
                |it| it.unsubscribed,
            ];
            for of in customers {
                let most = report.steps.iter().map(|it| of(&it.figures)).max().unwrap_or(0);
                prop_assert!(most <= of(&total) && of(&total) <= sum(of), "each once");
                prop_assert!(of(&total) <= total.customers_delivered);
            }
            prop_assert_eq!(total.sent, total.delivered + total.bounced, "every row has a report");
            prop_assert!(total.customers_delivered <= total.delivered);
            prop_assert!(total.opened <= total.any_opened);
            prop_assert!(total.opened_not_clicked <= total.opened);
            prop_assert_eq!(total.clicked, total.clicked_not_converted + total.converted);
        }
    }
}
