//! What a condition means: yes or no, of one customer at one moment.
//!
//! Events after `now` are ignored: shops send events from clocks that run ahead of ours. "Their
//! last order" is the newest order that is not cancelled as of `now`; of two at one instant, the
//! one later in the log.

use std::ops::Range;

use aftercart_model::ProductId;
use jiff::Timestamp;

use crate::{
    AmountBound, Condition, Count, Deed, History, HistoryKind, NO_ORDER, NO_PRODUCT, OrderAge,
    OrderPick, ProductTest, Subject, Window, Words, WorthOf,
};

const ORDER: u8 = HistoryKind::Order as u8;
const ORDER_LINE: u8 = HistoryKind::OrderLine as u8;
const ORDER_CANCELLED: u8 = HistoryKind::OrderCancelled as u8;
const ORDER_REFUNDED: u8 = HistoryKind::OrderRefunded as u8;

/// Whether the customer meets the condition at `now`.
///
/// To ask several conditions of one customer, use one [`Evaluator`].
pub fn evaluate(condition: &Condition, subject: &Subject<'_>, now: Timestamp) -> bool {
    Evaluator::new(subject, now).is_met(condition)
}

/// One customer at one moment, ready to be asked any number of conditions.
pub struct Evaluator<'a> {
    pub(crate) subject: Subject<'a>,
    /// As far as `now`.
    pub(crate) history: History<'a>,
    pub(crate) now_ms: i64,
    /// Numbers of the orders cancelled by `now`. Mostly empty, and then it owns no memory.
    cancelled: Vec<u32>,
    /// Most customers have none, and then no order need be looked for in them.
    has_refunds: bool,
    /// Row of the last order not cancelled.
    last_order: Option<usize>,
}

impl<'a> Evaluator<'a> {
    pub fn new(subject: &Subject<'a>, now: Timestamp) -> Self {
        let history = subject.history.until(now);
        let kinds = history.kinds();
        let cancelled: Vec<u32> = (0..kinds.len())
            .filter(|&row| kinds[row] == ORDER_CANCELLED)
            .map(|row| history.subject(row))
            .collect();
        let mut it = Self {
            subject: *subject,
            history,
            now_ms: now.as_millisecond(),
            cancelled,
            has_refunds: kinds.contains(&ORDER_REFUNDED),
            last_order: None,
        };
        let last_order = it.orders(0..history.len()).next_back();
        it.last_order = last_order;
        it
    }

    pub fn is_met(&self, condition: &Condition) -> bool {
        match condition {
            Condition::All(parts) => parts.iter().all(|it| self.is_met(it)),
            Condition::Any(parts) => parts.iter().any(|it| self.is_met(it)),
            Condition::NoneOf(parts) => !parts.iter().any(|it| self.is_met(it)),
            Condition::Not(part) => !self.is_met(part),
            Condition::Did { deed, count, window } => self.did(deed, *count, *window),
            Condition::Spent { bound, window } => {
                self.spent(*window).is_some_and(|minor| bound.is_met(minor))
            }
            Condition::Worth { of, bound } => {
                self.worth(*of).is_some_and(|minor| bound.is_met(minor))
            }
            Condition::Ordered { pick, age } => {
                self.order_age_ms(*pick).is_some_and(|ms| match age {
                    OrderAge::AtLeast(span) => ms >= span.as_ms(),
                    OrderAge::LessThan(span) => ms < span.as_ms(),
                })
            }
            Condition::CountryIs(words) => self.is_country(words),
            Condition::AgreedTo(topic) => self.subject.customer.agreed.contains(topic),
            Condition::IsSuppressed => self.subject.customer.is_suppressed,
            Condition::HasEmail => self.subject.customer.has_email,
        }
    }

    fn did(&self, deed: &Deed, count: Count, window: Window) -> bool {
        let Some(range) = self.range(window) else { return false };
        if self.last_order.is_none() && deed.asks_of_last_order() {
            return false;
        }
        // One more than asked for settles any of the three; the rest need not be looked at.
        let enough = match count {
            Count::AtLeast(least) => least.get(),
            Count::AtMost(most) | Count::Exactly(most) => most.saturating_add(1),
        } as usize;
        let found = self.rows_with(deed, range).rev().take(enough).count();
        match count {
            Count::AtLeast(_) => found == enough,
            Count::AtMost(_) => found < enough,
            Count::Exactly(exactly) => found == exactly as usize,
        }
    }

    /// The rows of the history within a window; `None` where there is no such time.
    pub(crate) fn range(&self, window: Window) -> Option<Range<usize>> {
        let start = match window {
            Window::Ever => 0,
            Window::Last(span) => {
                let edge_ms = self.now_ms.saturating_sub(span.as_ms());
                self.history.place_at(edge_ms)
            }
            Window::SinceLastOrder => self.lines_of(self.last_order?).end,
        };
        Some(start..self.history.len())
    }

    /// The rows that are the deed, oldest first: for what was bought, the rows of the orders.
    pub(crate) fn rows_with<'s>(
        &'s self,
        deed: &'s Deed,
        range: Range<usize>,
    ) -> Box<dyn DoubleEndedIterator<Item = usize> + 's> {
        let of_kind = move |kind: HistoryKind, range: Range<usize>| {
            let kinds = self.history.kinds();
            range.filter(move |&row| kinds[row] == kind as u8)
        };
        let about = move |kind: HistoryKind, test: &'s ProductTest, range: Range<usize>| {
            of_kind(kind, range).filter(move |&row| self.is_about(row, test))
        };
        match deed {
            Deed::Ordered => Box::new(self.orders(range)),
            Deed::StartedCheckout => Box::new(of_kind(HistoryKind::CheckoutStarted, range)),
            Deed::WasSentEmail => Box::new(of_kind(HistoryKind::MessageSent, range)),
            Deed::OpenedEmail => Box::new(of_kind(HistoryKind::MessageOpened, range)),
            Deed::ClickedEmail => Box::new(of_kind(HistoryKind::MessageClicked, range)),
            Deed::Viewed(test) => Box::new(about(HistoryKind::ProductViewed, test, range)),
            Deed::Clicked(test) => Box::new(about(HistoryKind::MessageClicked, test, range)),
            Deed::AddedToCart(test) => Box::new(about(HistoryKind::CartAdded, test, range)),
            Deed::Reviewed(test) => Box::new(about(HistoryKind::ProductReviewed, test, range)),
            Deed::Bought(test) => Box::new(
                self.orders(range)
                    .filter(|&order| self.lines_of(order).any(|line| self.is_about(line, test))),
            ),
        }
    }

    /// Rows of the orders not cancelled.
    pub(crate) fn orders(
        &self,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = usize> + '_ {
        let kinds = self.history.kinds();
        range.filter(move |&row| {
            kinds[row] == ORDER && !self.cancelled.contains(&self.history.subject(row))
        })
    }

    pub(crate) fn last_order(&self) -> Option<usize> {
        self.last_order
    }

    /// Rows of the lines of the order at row `order`.
    pub(crate) fn lines_of(&self, order: usize) -> Range<usize> {
        let start = order + 1;
        let kinds = &self.history.kinds()[start..];
        start..start + kinds.iter().take_while(|&&it| it == ORDER_LINE).count()
    }

    pub(crate) fn last_order_products(&self) -> impl Iterator<Item = ProductId> + '_ {
        let lines = self.last_order.map_or(0..0, |order| self.lines_of(order));
        lines.map(|line| ProductId(self.history.subject(line)))
    }

    fn is_about(&self, row: usize, test: &ProductTest) -> bool {
        let product = ProductId(self.history.subject(row));
        if product.0 == NO_PRODUCT {
            return false;
        }
        let (catalogue, relations) = (self.subject.catalogue, self.subject.relations);
        match test {
            ProductTest::Any => true,
            ProductTest::Related => {
                self.last_order_products().any(|it| relations.goes_with(product, it))
            }
            ProductTest::Better => {
                self.last_order_products().any(|it| relations.betters(product, it))
            }
            ProductTest::InCategory(words) => {
                words.any_folded(|it| catalogue.is_in_category(product, it))
            }
            ProductTest::OfKind(words) => words.any_folded(|it| catalogue.is_of_kind(product, it)),
            ProductTest::Tagged(words) => words.any_folded(|it| catalogue.is_tagged(product, it)),
            ProductTest::Named(words) => words.any_folded(|it| catalogue.is_named(product, it)),
            ProductTest::NameHas(words) => {
                words.any_folded(|it| catalogue.has_in_name(product, it))
            }
            ProductTest::Coded(words) => words.any_folded(|it| catalogue.is_coded(product, it)),
            ProductTest::Priced(bound) => {
                catalogue.price_minor(product).is_some_and(|minor| bound.is_met(minor))
            }
        }
    }

    /// What was paid for the orders in the window, less what was paid back for them by now. A
    /// refund that names no order is taken off where it falls.
    pub(crate) fn spent(&self, window: Window) -> Option<i64> {
        let range = self.range(window)?;
        let kinds = self.history.kinds();
        let mut minor = 0_i64;
        for order in self.orders(range.clone()) {
            minor = minor.saturating_add(self.net_minor(order));
        }
        for row in range {
            if kinds[row] == ORDER_REFUNDED && self.history.subject(row) == NO_ORDER {
                minor = minor.saturating_sub(self.history.amount(row));
            }
        }
        Some(minor)
    }

    fn net_minor(&self, order: usize) -> i64 {
        let history = self.history;
        if !self.has_refunds {
            return history.amount(order);
        }
        let (kinds, number) = (history.kinds(), history.subject(order));
        let refunded = (0..history.len())
            .filter(|&row| kinds[row] == ORDER_REFUNDED && history.subject(row) == number)
            .fold(0_i64, |sum, row| sum.saturating_add(history.amount(row)));
        history.amount(order).saturating_sub(refunded)
    }

    /// What the order cost when it was placed; the average is rounded down.
    pub(crate) fn worth(&self, of: WorthOf) -> Option<i64> {
        let amount = |order| self.history.amount(order);
        match of {
            WorthOf::Order(pick) => self.order(pick).map(amount),
            WorthOf::Average => {
                let (count, sum) = self
                    .orders(0..self.history.len())
                    .fold((0, 0_i64), |(n, sum), row| (n + 1, sum.saturating_add(amount(row))));
                (count > 0).then(|| sum.div_euclid(count))
            }
        }
    }

    pub(crate) fn order(&self, pick: OrderPick) -> Option<usize> {
        match pick {
            OrderPick::First => self.orders(0..self.history.len()).next(),
            OrderPick::Last => self.last_order,
        }
    }

    fn order_age_ms(&self, pick: OrderPick) -> Option<i64> {
        let order = self.order(pick)?;
        Some(self.now_ms.saturating_sub(self.history.time_ms(order)))
    }

    fn is_country(&self, words: &Words) -> bool {
        let Some(country) = &self.subject.customer.country else { return false };
        let folded = crate::facts::fold(country);
        words.any_folded(|it| it == folded)
    }
}

impl Deed {
    pub(crate) fn product_test(&self) -> Option<&ProductTest> {
        match self {
            Self::Bought(test)
            | Self::Viewed(test)
            | Self::Clicked(test)
            | Self::AddedToCart(test)
            | Self::Reviewed(test) => Some(test),
            Self::Ordered
            | Self::StartedCheckout
            | Self::WasSentEmail
            | Self::OpenedEmail
            | Self::ClickedEmail => None,
        }
    }

    /// Whether it can only be asked of a customer with an order.
    pub(crate) fn asks_of_last_order(&self) -> bool {
        matches!(self.product_test(), Some(ProductTest::Related | ProductTest::Better))
    }
}

impl Condition {
    /// The parts of a group; none for a clause.
    pub fn parts(&self) -> &[Condition] {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::NoneOf(parts) => parts,
            Self::Not(part) => std::slice::from_ref(part),
            _ => &[],
        }
    }

    /// The amounts it names, those of its parts included.
    pub fn bounds(&self) -> Vec<AmountBound> {
        let own = match self {
            Self::Spent { bound, .. } | Self::Worth { bound, .. } => Some(*bound),
            Self::Did { deed, .. } => match deed.product_test() {
                Some(ProductTest::Priced(bound)) => Some(*bound),
                _ => None,
            },
            _ => None,
        };
        own.into_iter().chain(self.parts().iter().flat_map(Self::bounds)).collect()
    }
}

#[cfg(test)]
mod tests {
    use aftercart_model::{Agent, ProductId};
    use proptest::prelude::*;

    use crate::{
        Condition, Count, Span, Window, evaluate,
        samples::{
            APRON, DRIPPER, GOOSENECK, KETTLE, NOW, Sample, any_condition, any_deed, any_sample,
        },
    };

    const DAY: i64 = 24;

    fn ordered(age_hours: i64, id: &str) -> Sample {
        Sample::new().ordered(age_hours, id, &[(DRIPPER, 4_250)])
    }

    #[test]
    fn windows_are_half_open() {
        let is = |age_hours| ordered(age_hours, "1").is("ordered once in the last 30 days");
        assert!(is(0), "this instant");
        assert!(is(30 * DAY - 1), "just inside");
        assert!(!is(30 * DAY), "exactly as old as the window");
        assert!(!is(-1), "still to come");
        assert!(ordered(71, "1").is("ordered once in the last 72 hours"), "hours");
    }

    #[test]
    fn the_last_order_is_the_newest_that_stands() {
        let twice = || ordered(100, "1").ordered(50, "2", &[(APRON, 5_500)]);
        assert!(twice().is("last order is worth at least 55 EUR"));
        assert!(twice().cancelled(40, "2").is("last order is worth at most 42.50 EUR"));
        assert!(
            twice().cancelled(-1, "2").is("last order is worth at least 55 EUR"),
            "the cancellation is still to come"
        );
        let at_once = ordered(50, "1").ordered(50, "2", &[(APRON, 5_500)]);
        assert!(at_once.is("last order is worth at least 55 EUR"), "later in the log");
        let late = Sample::new().ordered(50, "2", &[(APRON, 5_500)]).ordered(100, "1", &[]);
        assert!(late.is("last order is worth at least 55 EUR"), "time goes before the log");
        assert!(late.is("first order is worth at most 0 EUR"), "an order without lines");
        assert!(twice().is("average order is worth at most 48.75 EUR"));
    }

    #[test]
    fn since_the_last_order_means_after_it() {
        let since = "viewed a product since their last order";
        assert!(ordered(50, "1").viewed(49, APRON).is(since));
        assert!(ordered(50, "1").viewed(50, APRON).is(since), "at its instant, later in the log");
        assert!(!Sample::new().viewed(50, APRON).ordered(50, "1", &[]).is(since), "earlier in it");
        assert!(!ordered(50, "1").viewed(51, APRON).is(since));
        let never = "viewed a product 0 times since their last order";
        assert!(ordered(50, "1").is(never));
        assert!(!Sample::new().is(never), "no such time without an order");
        assert!(Sample::new().is("viewed a product 0 times"), "but there is always ever");
    }

    #[test]
    fn products_are_asked_for_what_the_shop_knows_of_them() {
        let viewed = |product, what: &str| {
            ordered(50, "1").viewed(9, product).is(&format!("viewed a product {what}"))
        };
        assert!(viewed(KETTLE, "related to their last order"));
        assert!(!viewed(GOOSENECK, "related to their last order"));
        assert!(viewed(GOOSENECK, "better than their last order"));
        assert!(viewed(KETTLE, "in category \" kettles\""), "case and blanks do not matter");
        assert!(viewed(KETTLE, "in category \"Textiles\" or \"Kettles\""), "either will do");
        assert!(!viewed(APRON, "in category \"Kettles\""));
        assert!(viewed(APRON, "of kind \"apron\""));
        assert!(viewed(APRON, "tagged \"for aprons\""));
        assert!(viewed(APRON, "named \"linen apron\""));
        assert!(!viewed(APRON, "named \"linen\""), "the whole name");
        assert!(viewed(APRON, "with \"linen\" in its name"));
        assert!(viewed(APRON, "coded \"a1\""));
        assert!(viewed(APRON, "priced at least 55 EUR"));
        assert!(!viewed(APRON, "priced at most 54.99 EUR"));
        assert!(!viewed(ProductId(77), "priced at least 0 EUR"), "a product nobody knows");
        assert!(viewed(ProductId(77), ""), "is still a product");
    }

    #[test]
    fn what_was_bought_counts_by_order() {
        let both = Sample::new().ordered(9, "1", &[(KETTLE, 3_900), (GOOSENECK, 8_900)]);
        assert!(both.is("bought a product in category \"Kettles\" once"), "two lines, one order");
        assert!(both.is("bought a product coded \"K1\""));
        assert!(!both.is("bought a product coded \"D1\""));
        assert!(!both.cancelled(1, "1").is("bought a product"), "what is cancelled is not bought");
    }

    #[test]
    fn machines_neither_open_nor_click() {
        let machine = Sample::new().opened(9, Agent::Machine).clicked(9, Agent::Machine, KETTLE);
        assert!(!machine.is("opened an email or clicked an email"));
        assert!(!machine.is("clicked a product"));
        let human = machine.opened(8, Agent::Human).clicked(8, Agent::Human, KETTLE);
        assert!(human.is("opened an email once and clicked an email once and clicked a product"));
    }

    #[test]
    fn spending_is_net_of_what_was_paid_back() {
        let spent = |sample: Sample, minor: &str| {
            sample.is(&format!("spent at least {minor} EUR and spent at most {minor} EUR"))
        };
        let twice = || ordered(100, "1").ordered(50, "2", &[(APRON, 5_500)]);
        assert!(spent(twice(), "97.50"));
        assert!(spent(twice().refunded(9, Some("2"), 1_500), "82.50"));
        assert!(spent(twice().refunded(9, None, 1_500), "82.50"), "for no order in particular");
        assert!(spent(twice().refunded(-1, Some("2"), 1_500), "97.50"), "still to come");
        let cancelled = twice().refunded(9, Some("2"), 5_500).cancelled(9, "2");
        assert!(spent(cancelled, "42.50"), "a cancelled order counts neither way");
        assert!(spent(Sample::new(), "0.00"), "nothing ever");
        let lately = "spent at least 55 EUR in the last 3 days and \
            spent at most 55 EUR in the last 3 days";
        assert!(twice().is(lately), "the window is of the orders");
        assert!(!Sample::new().is("spent at most 5 EUR since their last order"), "no such time");
    }

    #[test]
    fn the_age_of_an_order_is_asked_of_buyers() {
        assert!(ordered(10 * DAY, "1").is("last order was at least 10 days ago"));
        assert!(!ordered(10 * DAY, "1").is("last order was less than 10 days ago"));
        assert!(ordered(10 * DAY - 1, "1").is("first order was less than 10 days ago"));
        assert!(!Sample::new().is("last order was at least 1 day ago"));
        assert!(!Sample::new().is("last order was less than 1 day ago"));
    }

    #[test]
    fn facts_are_what_the_shop_knows() {
        let mut sample = Sample::new();
        assert!(!sample.is("country is \"PT\""), "unknown is no country");
        assert!(sample.is("none of (has consent for marketing, is suppressed)"));
        sample.facts.country = Some("pt".to_owned());
        sample.facts.agreed.insert(aftercart_model::Topic::Marketing);
        assert!(sample.is("country is \"ES\" or \"PT\" and has consent for marketing"));
        assert!(!sample.is("has consent for feedback"), "each topic is asked for on its own");
    }

    #[test]
    fn empty_groups_mean_what_logic_says() {
        assert!(Sample::new().is("everyone"));
        assert!(!Sample::new().is("nobody"));
        assert!(Sample::new().is("none of ()"));
    }

    proptest! {
        #[test]
        fn a_longer_window_never_loses_a_customer(
            sample in any_sample(), deed in any_deed(), least in 1_u32..4,
            days in 1_u32..80, more in 0_u32..80,
        ) {
            let within = |days| Condition::Did {
                deed: deed.clone(),
                count: Count::at_least(least),
                window: Window::Last(Span::days(days).unwrap()),
            };
            let (short, long) = (within(days), within(days + more));
            let (short, long) =
                sample.ask(|it| (evaluate(&short, it, NOW), evaluate(&long, it, NOW)));
            prop_assert!(!short || long);
        }

        #[test]
        fn what_is_to_come_changes_no_answer(sample in any_sample(), it in any_condition()) {
            let past = sample.events.iter().filter(|it| it.at <= NOW).cloned().collect();
            let past = Sample { events: past, ..Sample::new() };
            let answer = |sample: &Sample| sample.ask(|subject| evaluate(&it, subject, NOW));
            prop_assert_eq!(answer(&sample), answer(&past));
        }

        #[test]
        fn answers_depend_on_the_events_and_not_on_their_arrival(
            sample in any_sample(), it in any_condition(), turn in 0_usize..12,
        ) {
            let mut events = sample.events;
            events.sort_by_key(|it| it.at);
            events.dedup_by_key(|it| it.at);
            let in_time = Sample { events: events.clone(), ..Sample::new() };
            let middle = turn.min(events.len());
            events.rotate_left(middle);
            let shuffled = Sample { events, ..Sample::new() };
            let answer = |sample: &Sample| sample.ask(|subject| evaluate(&it, subject, NOW));
            prop_assert_eq!(answer(&in_time), answer(&shuffled));
        }

        #[test]
        fn not_and_none_turn_the_answer(sample in any_sample(), it in any_condition()) {
            let answer = |it: &Condition| sample.ask(|subject| evaluate(it, subject, NOW));
            let none = Condition::NoneOf(vec![it.clone()]);
            let not = Condition::Not(Box::new(it.clone()));
            prop_assert_eq!([answer(&none), answer(&not)], [!answer(&it); 2]);
        }
    }
}
