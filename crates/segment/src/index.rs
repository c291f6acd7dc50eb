//! From an event to the conditions whose answers it can change, so that a thousand live segments
//! need not be asked about each event.
//!
//! The index errs to one side: what it does not name has not changed, and much that it names has
//! not either. It looks at the kind of an event, its name and properties, its products, its email
//! and the attributes it tells. The passing of time changes answers too; see
//! [`crate::holds_until`].

use std::collections::HashMap;

use aftercart_model::{EmailName, EventBody, EventKind, ProductId, Topic};

use crate::{
    Act, Catalogue, Condition, Deed, Emails, Fact, Filter, HistoryBuffer, Reading, Segments,
    ValueTest, Window, Words,
    check::window_of,
    evaluate::{About, BoundCondition, BoundProducts, Node},
    facts::{fold, is_alike},
};

/// What of a customer's facts has changed other than by an event's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactChange<'a> {
    /// Whether there is an address to write to.
    Email,
    /// Country, region, city, postal code or locale.
    Place,
    /// The zone that days are counted in.
    Zone,
    Consent(Topic),
    Suppression,
    Attribute(&'a str),
    List(&'a str),
}

/// Which of many conditions an event can change. They are numbered as they were given.
#[derive(Debug, Default)]
pub struct ConditionIndex {
    len: usize,
    by_kind: HashMap<EventKind, Vec<Entry>>,
    /// By the folded name of the shop's own events.
    by_name: HashMap<String, Vec<Entry>>,
    by_fact: Vec<(FactKey, usize)>,
}

#[derive(Debug)]
struct Entry {
    condition: usize,
    needs: Needs,
}

/// What an event must have to be the deed that is asked for.
#[derive(Debug)]
enum Needs {
    Nothing,
    Product(ProductSet),
    Email(Emails),
    /// Folded names of properties.
    Properties(Vec<String>),
    Attribute(String),
    Topic(Topic),
}

/// A bit for each product of the catalogue.
#[derive(Debug, Default)]
struct ProductSet {
    words: Vec<u64>,
    ids_end: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum FactKey {
    Email,
    Place,
    Zone,
    Consent(Topic),
    Suppression,
    Attribute(String),
    List(String),
}

impl ConditionIndex {
    /// Reads what each condition rests on. Build it anew when the catalogue or a segment that others
    /// ask for has changed.
    pub fn new<'c>(
        conditions: impl IntoIterator<Item = &'c Condition>,
        catalogue: &Catalogue,
        segments: &Segments,
    ) -> Self {
        let mut index = Self::default();
        for condition in conditions {
            let number = index.len;
            index.len += 1;
            let mut reader = Reader { index: &mut index, number, catalogue, segments };
            reader.read(condition, 0);
        }
        index
    }

    /// How many conditions it was made of.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Numbers of the conditions that the event can change for its customer, ascending; of one about
    /// the catalogue, for anybody.
    pub fn touched_by(&self, event: &EventBody) -> Vec<usize> {
        if matches!(event, EventBody::Merged { .. } | EventBody::Erased) {
            return (0..self.len).collect();
        }
        let of_kind = self.by_kind.get(&event.kind());
        let of_name = match event {
            EventBody::Custom { name, .. } => self.by_name.get(&fold(name)),
            _ => None,
        };
        let entries = of_kind.into_iter().chain(of_name).flatten();
        let touched = entries.filter(|it| it.needs.are_in(event)).map(|it| it.condition);
        ascending(touched.collect())
    }

    /// Numbers of the conditions that a change of the customer's facts can change, ascending.
    pub fn touched_by_fact(&self, change: FactChange<'_>) -> Vec<usize> {
        let is_it = |key: &FactKey| match (key, change) {
            (FactKey::Email, FactChange::Email)
            | (FactKey::Place, FactChange::Place)
            | (FactKey::Zone, FactChange::Zone)
            | (FactKey::Suppression, FactChange::Suppression) => true,
            (FactKey::Consent(topic), FactChange::Consent(changed)) => *topic == changed,
            (FactKey::Attribute(name), FactChange::Attribute(changed))
            | (FactKey::List(name), FactChange::List(changed)) => is_alike(changed, name),
            _ => false,
        };
        let touched = self.by_fact.iter().filter(|(key, _)| is_it(key)).map(|it| it.1);
        ascending(touched.collect())
    }
}

fn ascending(mut numbers: Vec<usize>) -> Vec<usize> {
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

impl Needs {
    fn are_in(&self, event: &EventBody) -> bool {
        match self {
            Self::Nothing => true,
            Self::Product(set) => products_of(event).iter().any(|it| set.has(*it)),
            Self::Email(emails) => email_of(event).is_some_and(|it| emails.are_of(&it)),
            Self::Properties(names) => match event {
                EventBody::Custom { properties, .. } => {
                    names.iter().all(|folded| properties.keys().any(|name| is_alike(name, folded)))
                }
                _ => true,
            },
            Self::Attribute(folded) => match event {
                EventBody::Identified { attributes, .. } => {
                    attributes.keys().any(|name| is_alike(name, folded))
                }
                _ => true,
            },
            Self::Topic(topic) => match event {
                EventBody::ConsentGiven { consent } => consent.topic == *topic,
                _ => true,
            },
        }
    }
}

impl ProductSet {
    /// Of a product that is not in the catalogue nothing is known, so it may be one of them.
    fn has(&self, product: ProductId) -> bool {
        let word = self.words.get(product.index() / 64).copied().unwrap_or(0);
        self.ids_end <= product.index() || word >> (product.index() % 64) & 1 == 1
    }
}

impl Emails {
    fn are_of(&self, email: &EmailName) -> bool {
        let is_one = |words: &Option<Words>, text: &str| {
            words.as_ref().is_none_or(|it| it.any_folded(|it| is_alike(text, it)))
        };
        is_one(&self.flow, email.flow.as_str()) && is_one(&self.email, email.step.as_str())
    }
}

fn products_of(event: &EventBody) -> Vec<ProductId> {
    match event {
        EventBody::OrderPlaced { lines, .. } => lines.iter().map(|it| it.product).collect(),
        EventBody::ProductViewed { product }
        | EventBody::CartAdded { product, .. }
        | EventBody::ProductReviewed { product, .. } => vec![*product],
        EventBody::MessageClicked { product, .. } => product.iter().copied().collect(),
        _ => Vec::new(),
    }
}

fn email_of(event: &EventBody) -> Option<EmailName> {
    match event {
        EventBody::MessageSent { flow, step, .. } => {
            Some(EmailName { flow: flow.clone(), step: step.clone() })
        }
        EventBody::MessageDelivered { email, .. }
        | EventBody::MessageBounced { email, .. }
        | EventBody::MessageComplained { email, .. }
        | EventBody::MessageOpened { email, .. }
        | EventBody::MessageClicked { email, .. } => email.clone(),
        _ => None,
    }
}

/// Reads one condition into the index.
struct Reader<'r> {
    index: &'r mut ConditionIndex,
    number: usize,
    catalogue: &'r Catalogue,
    segments: &'r Segments,
}

impl Reader<'_> {
    fn read(&mut self, condition: &Condition, depth: usize) {
        condition.parts().iter().for_each(|it| self.read(it, depth));
        if let Some(window) = window_of(condition) {
            self.window(window);
        }
        match condition {
            Condition::Did { deed, .. } | Condition::Recency { deed, .. } => self.deed(deed, None),
            Condition::Figure { deed, of, .. } => self.deed(deed, Some(of)),
            Condition::Sequence { first, then, .. } => {
                self.deed(first, None);
                self.deed(then, None);
            }
            Condition::Worth { .. } => self.kinds(&ORDERS),
            Condition::Spent { .. }
            | Condition::Score { .. }
            | Condition::ExpectedOrders { .. }
            | Condition::ExpectedSpend { .. }
            | Condition::NextOrder { .. }
            | Condition::ChanceGone(_) => {
                self.kinds(&ORDERS);
                self.kinds(&[EventKind::OrderRefunded]);
            }
            Condition::DueAgain { products, .. } => {
                self.deed(&Act::Bought(products.clone()).into(), None);
            }
            Condition::Fact { fact: Fact::TimeZone, .. } => self.zone(),
            Condition::Fact { .. } | Condition::PostalCode(_) => {
                self.fact(FactKey::Place);
                self.kinds(&[EventKind::Identified]);
            }
            Condition::Attribute { name, .. } => {
                self.fact(FactKey::Attribute(name.folded().to_owned()));
                self.entry(EventKind::Identified, Needs::Attribute(name.folded().to_owned()));
            }
            Condition::Consent { topic, .. } => {
                self.fact(FactKey::Consent(*topic));
                self.entry(EventKind::ConsentGiven, Needs::Topic(*topic));
            }
            Condition::IsSuppressed(_) => {
                self.fact(FactKey::Suppression);
                // What mostly brings a bar about.
                let causes = [
                    EventKind::MessageBounced,
                    EventKind::MessageComplained,
                    EventKind::ConsentGiven,
                ];
                self.kinds(&causes);
            }
            Condition::HasEmail => {
                self.fact(FactKey::Email);
                self.kinds(&[EventKind::Identified]);
            }
            Condition::IsOnList(words) => {
                for name in words.names() {
                    self.fact(FactKey::List(name.folded().to_owned()));
                }
            }
            Condition::IsInSegment(words) if depth < crate::SEGMENTS_DEEP_MAX => {
                let segments = self.segments;
                for condition in words.names().iter().filter_map(|it| segments.folded(it.folded()))
                {
                    self.read(condition, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn window(&mut self, window: &Window) {
        match window {
            Window::After(anchor) | Window::Until(anchor) => self.deed(&anchor.deed, None),
            Window::SinceEntry => self.kinds(&[EventKind::Enrolled]),
            Window::Calendar(_)
            | Window::On(_)
            | Window::Since(_)
            | Window::Before(_)
            | Window::Between(_) => self.zone(),
            Window::Ever | Window::Last(_) | Window::Ago(_) => {}
        }
    }

    fn deed(&mut self, deed: &Deed, reading: Option<&Reading>) {
        let tests = deed.act.product_tests();
        if tests.iter().any(|it| it.asks_of_owned()) {
            self.kinds(&ORDERS);
        }
        if !tests.is_empty() {
            self.kinds(&[EventKind::ProductSaved, EventKind::ProductRemoved]);
        }
        if let Act::Custom(words) = &deed.act {
            for name in words.names() {
                let needs = Needs::Properties(needed(deed, reading));
                let entry = Entry { condition: self.number, needs };
                self.index.by_name.entry(name.folded().to_owned()).or_default().push(entry);
            }
            return;
        }
        let kind = event_kind(&deed.act);
        if kind == EventKind::OrderPlaced {
            self.kinds(&[EventKind::OrderCancelled, EventKind::OrderRevised]);
        }
        let needs = match deed.act.emails() {
            Some(emails) if !emails.is_any() => Needs::Email(emails.clone()),
            _ if tests.is_empty() => Needs::Nothing,
            _ => Needs::Product(self.products(&deed.act)),
        };
        self.entry(kind, needs);
    }

    /// The products that meet all tests but those of the customer's own products.
    fn products(&self, act: &Act) -> ProductSet {
        let asked = Condition::Did {
            deed: Deed::from(act.clone()),
            count: crate::Count::at_least(1),
            window: Window::Ever,
        };
        let nobody = HistoryBuffer::new();
        let names = nobody.as_history().names();
        let bound = BoundCondition::new(&asked, self.catalogue, names, self.segments);
        let Node::Did { deed, .. } = &bound.node else { return ProductSet::default() };
        let About::Products(products) = &deed.about else { return ProductSet::default() };
        ProductSet::of(products, self.catalogue)
    }

    fn zone(&mut self) {
        self.fact(FactKey::Zone);
        self.kinds(&[EventKind::Identified]);
    }

    fn kinds(&mut self, kinds: &[EventKind]) {
        kinds.iter().for_each(|it| self.entry(*it, Needs::Nothing));
    }

    fn entry(&mut self, kind: EventKind, needs: Needs) {
        let entry = Entry { condition: self.number, needs };
        self.index.by_kind.entry(kind).or_default().push(entry);
    }

    fn fact(&mut self, key: FactKey) {
        self.index.by_fact.push((key, self.number));
    }
}

impl ProductSet {
    fn of(products: &BoundProducts<'_>, catalogue: &Catalogue) -> Self {
        let ids_end = catalogue.ids_end();
        let mut words = vec![0_u64; ids_end.div_ceil(64)];
        for index in 0..ids_end {
            let product = ProductId(u32::try_from(index).expect("products are numbered by u32"));
            if products.has(product, catalogue) {
                words[index / 64] |= 1 << (index % 64);
            }
        }
        Self { words, ids_end }
    }
}

/// What changes which orders stand.
const ORDERS: [EventKind; 3] =
    [EventKind::OrderPlaced, EventKind::OrderCancelled, EventKind::OrderRevised];

/// Folded names of the properties without which an event of the shop's own is not the deed.
fn needed(deed: &Deed, reading: Option<&Reading>) -> Vec<String> {
    let of_filter = |it: &Filter| match it {
        Filter::Property { is: ValueTest::IsNotSet, .. } => None,
        Filter::Property { name, .. } => Some(name.folded().to_owned()),
        _ => None,
    };
    let read = match reading {
        Some(Reading::Property { name, .. }) => Some(name.folded().to_owned()),
        _ => None,
    };
    deed.filters.iter().filter_map(of_filter).chain(read).collect()
}

/// The events that are such acts; of the shop's own, `Custom`.
fn event_kind(act: &Act) -> EventKind {
    match act {
        Act::Ordered | Act::Bought(_) => EventKind::OrderPlaced,
        Act::CancelledOrder => EventKind::OrderCancelled,
        Act::GotRefund => EventKind::OrderRefunded,
        Act::StartedCheckout => EventKind::CheckoutStarted,
        Act::WasSentEmail(_) => EventKind::MessageSent,
        Act::ReceivedEmail(_) => EventKind::MessageDelivered,
        Act::FailedToReceiveEmail(_) => EventKind::MessageBounced,
        Act::ComplainedAboutEmail(_) => EventKind::MessageComplained,
        Act::OpenedEmail(_) => EventKind::MessageOpened,
        Act::ClickedEmail(_) | Act::Clicked(_) => EventKind::MessageClicked,
        Act::Viewed(_) => EventKind::ProductViewed,
        Act::AddedToCart(_) => EventKind::CartAdded,
        Act::Reviewed(_) => EventKind::ProductReviewed,
        Act::Custom(_) => EventKind::Custom,
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{
        evaluate, parse,
        samples::{
            DRIPPER, KETTLE, LAW_CASES, NOW, Sample, any_condition, any_event, any_sample,
            catalogue,
        },
    };

    fn touched(conditions: &[&str], event: &EventBody) -> Vec<usize> {
        let conditions: Vec<Condition> = conditions.iter().map(|it| parse(it).unwrap()).collect();
        ConditionIndex::new(&conditions, &catalogue(), Segments::none()).touched_by(event)
    }

    fn body(sample: Sample) -> EventBody {
        sample.events.into_iter().next().unwrap().body
    }

    #[test]
    fn an_event_leads_to_what_it_can_change() {
        let conditions = [
            "ordered once",
            "viewed a product",
            "viewed a product in category \"Kettles\"",
            "viewed a product related to their last order",
            "opened an email since their last order",
            "did \"Quiz Finished\" where \"score\" is at least 7",
            "total \"score\" of \"Quiz Finished\" is at least 20",
            "country is \"PT\" and attribute \"plan\" is \"gold\"",
            "opened email \"offer\" of flow \"upsell\"",
        ];
        let of = |sample: Sample| touched(&conditions, &body(sample));
        assert_eq!(of(Sample::new().viewed(0, KETTLE)), [1, 2, 3]);
        assert_eq!(of(Sample::new().viewed(0, DRIPPER)), [1, 3], "no kettle");
        assert_eq!(of(Sample::new().ordered(0, "1", &[])), [0, 3, 4]);
        assert_eq!(of(Sample::new().quiz(0, "quiz finished", 1.0)), [5, 6]);
        assert_eq!(of(Sample::new().quiz(0, "Quiz Begun", 1.0)), Vec::<usize>::new());
        assert_eq!(of(Sample::new().opened_email(0, "upsell", "offer")), [4, 8]);
        assert_eq!(of(Sample::new().opened_email(0, "upsell", "last")), [4]);
        let other = aftercart_model::CustomerId(7);
        assert_eq!(touched(&conditions, &EventBody::Merged { other }).len(), conditions.len());
    }

    #[test]
    fn a_product_that_nobody_knows_may_be_any() {
        let conditions = ["viewed a product not related to their last order"];
        let product = ProductId(u32::try_from(catalogue().ids_end()).unwrap());
        assert_eq!(touched(&conditions, &EventBody::ProductViewed { product }), [0]);
    }

    #[test]
    fn a_change_of_facts_leads_to_what_asks_of_it() {
        let conditions: Vec<Condition> = [
            "attribute \"Plan\" is \"gold\"",
            "is on list \"VIP\"",
            "ordered once today",
            "is in segment \"barred\"",
            "has an email address",
        ]
        .map(|it| parse(it).unwrap())
        .to_vec();
        let segments = Segments::new([("barred".to_owned(), parse("is suppressed").unwrap())]);
        let index = ConditionIndex::new(&conditions, &catalogue(), &segments);
        assert_eq!(index.touched_by_fact(FactChange::Attribute("plan ")), [0]);
        assert_eq!(index.touched_by_fact(FactChange::List("vip")), [1]);
        assert_eq!(index.touched_by_fact(FactChange::Zone), [2]);
        assert_eq!(index.touched_by_fact(FactChange::Suppression), [3]);
        assert_eq!(index.touched_by_fact(FactChange::Email), [4]);
        assert!(index.touched_by_fact(FactChange::Place).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(LAW_CASES))]

        #[test]
        fn what_an_event_changes_the_index_names(
            sample in any_sample(), news in any_event(), conditions in vec(any_condition(), 1..4),
        ) {
            let answers = |sample: &Sample| -> Vec<bool> {
                sample.ask(|it| conditions.iter().map(|asked| evaluate(asked, it, NOW)).collect())
            };
            let before = answers(&sample);
            let after = answers(&sample.clone().with_event(news.clone()));
            let index = ConditionIndex::new(&conditions, &catalogue(), crate::samples::segments());
            let touched = index.touched_by(&news.1);
            for (number, condition) in conditions.iter().enumerate() {
                let has_changed = before[number] != after[number];
                prop_assert!(!has_changed || touched.contains(&number), "{}", condition);
            }
        }
    }
}
