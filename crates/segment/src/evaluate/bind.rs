//! A condition with its words looked up: categories, tags, names of events and properties, emails
//! and segments become numbers and parts, once for any number of customers.

use aftercart_model::ProductId;

use crate::{
    Act, Age, Anchor, Catalogue, Condition, Count, Deed, EmailId, Emails, Fact, Filter,
    HistoryKind, Limit, Name, NameId, Names, Number, Owned, Pick, ProductTest, Reading, Said,
    Score, Segments, Statistic, ValueTest, Window, Words, WorthOf,
    catalogue::{Entry, WordId},
    condition::BarReason,
    history::COUPON,
    segments::SEGMENTS_DEEP_MAX,
};

/// A condition ready to be asked of many customers whose histories share one [`Names`].
#[derive(Debug)]
pub struct BoundCondition<'c> {
    pub(crate) node: Node<'c>,
}

impl<'c> BoundCondition<'c> {
    /// Looks the words up. To ask customers of other [`Names`], or after the catalogue or the names
    /// have changed, bind anew: what was not known then is not found.
    pub fn new(
        condition: &'c Condition,
        catalogue: &Catalogue,
        names: &Names,
        segments: &'c Segments,
    ) -> Self {
        let mut binder = Binder { catalogue, names, segments, is_bulk: true, path: Vec::new() };
        Self { node: binder.node(condition) }
    }

    /// For a single customer: what would take a look at every product is left to be done when a
    /// product is met.
    pub(crate) fn for_one(
        condition: &'c Condition,
        catalogue: &Catalogue,
        names: &Names,
        segments: &'c Segments,
    ) -> Self {
        let mut binder = Binder { catalogue, names, segments, is_bulk: false, path: Vec::new() };
        Self { node: binder.node(condition) }
    }
}

#[derive(Debug, PartialEq)]
pub(crate) enum Node<'c> {
    All(Vec<Node<'c>>),
    Any(Vec<Node<'c>>),
    NoneOf(Vec<Node<'c>>),
    Not(Box<Node<'c>>),
    Did { deed: BoundDeed<'c>, count: Count, window: BoundWindow<'c> },
    Recency { pick: Pick, deed: BoundDeed<'c>, age: Age },
    Sequence(Box<BoundSequence<'c>>),
    Figure { statistic: Statistic, of: BoundReading, deed: BoundDeed<'c>, window: BoundWindow<'c> },
    Spent { limit: Limit<i64>, window: BoundWindow<'c> },
    Worth { of: WorthOf, limit: Limit<i64> },
    Fact { fact: Fact, is: &'c Words },
    PostalCode(&'c Words),
    Attribute { name: &'c Name, is: &'c ValueTest },
    Consent { topic: aftercart_model::Topic, said: Said },
    IsSuppressed(&'c [BarReason]),
    HasEmail,
    IsOnList(&'c Words),
    Score { of: Score, limit: Limit<i64> },
    ExpectedOrders { limit: Limit<f64>, days: f64 },
    ExpectedSpend { limit: Limit<f64>, days: f64 },
    NextOrder { days: f64 },
    DueAgain { products: BoundProducts<'c>, within_ms: i64 },
    ChanceGone(Limit<f64>),
}

impl Node<'_> {
    /// Whether it asks of no history.
    pub fn is_fact(&self) -> bool {
        matches!(
            self,
            Self::Fact { .. }
                | Self::PostalCode(_)
                | Self::Attribute { .. }
                | Self::Consent { .. }
                | Self::IsSuppressed(_)
                | Self::HasEmail
                | Self::IsOnList(_)
        )
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct BoundSequence<'c> {
    pub first: BoundDeed<'c>,
    pub window: BoundWindow<'c>,
    pub within_ms: i64,
    pub is_followed: bool,
    pub then: BoundDeed<'c>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BoundWindow<'c> {
    SinceLastOrder,
    After(Pick, Box<BoundDeed<'c>>),
    Until(Pick, Box<BoundDeed<'c>>),
    /// Any that asks of no deed.
    Plain(&'c Window),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BoundDeed<'c> {
    pub kind: HistoryKind,
    pub about: About<'c>,
    pub filters: Vec<BoundFilter>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum About<'c> {
    Anything,
    Products(BoundProducts<'c>),
    Emails(Vec<EmailId>),
    /// Numbers of names of events.
    Names(Vec<NameId>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BoundProducts<'c> {
    /// Those that do not ask of the customer's own products, all at once: a bit for each product.
    set: Option<Vec<u64>>,
    /// Those that are not in the set.
    pub tests: Vec<BoundTest<'c>>,
}

impl BoundProducts<'_> {
    /// Whether a product meets all tests but those of the customer's own products.
    #[inline]
    pub fn has(&self, product: ProductId, catalogue: &Catalogue) -> bool {
        if let Some(set) = &self.set {
            let word = set.get(product.index() / 64).copied().unwrap_or(0);
            return word >> (product.index() % 64) & 1 == 1;
        }
        self.tests.iter().all(|it| it.of_owned().is_some() || it.holds(product, catalogue))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BoundTest<'c> {
    Related(Owned),
    Better(Owned),
    Category(Vec<WordId>),
    Kind(Vec<WordId>),
    Brand(Vec<WordId>),
    Tag(Vec<WordId>),
    Name(Vec<WordId>),
    NameHas(&'c Words),
    Code(Vec<WordId>),
    Price(Limit<i64>),
    Not(Box<BoundTest<'c>>),
}

impl BoundTest<'_> {
    /// Which products of the customer's it asks of.
    pub fn of_owned(&self) -> Option<Owned> {
        match self {
            Self::Related(owned) | Self::Better(owned) => Some(*owned),
            Self::Not(test) => test.of_owned(),
            _ => None,
        }
    }

    fn holds(&self, product: ProductId, catalogue: &Catalogue) -> bool {
        catalogue.entry(product).is_some_and(|it| self.holds_of(it))
    }

    fn holds_of(&self, it: &Entry) -> bool {
        match self {
            Self::Category(words) => words.contains(&it.category),
            Self::Kind(words) => words.contains(&it.kind),
            Self::Brand(words) => words.contains(&it.brand),
            Self::Tag(words) => it.tags.iter().any(|tag| words.contains(tag)),
            Self::Name(words) => words.contains(&it.name_word),
            Self::NameHas(words) => words.any_folded(|word| it.name_folded.contains(word)),
            Self::Code(words) => words.contains(&it.code),
            Self::Price(limit) => limit.holds(it.price_minor),
            Self::Not(test) => !test.holds_of(it),
            Self::Related(_) | Self::Better(_) => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BoundFilter {
    Quantity(Limit<i64>),
    Amount(Limit<i64>),
    Rating(Limit<i64>),
    Property(Vec<NameId>, BoundValue),
}

/// What is asked of a property, texts by their numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BoundValue {
    /// Ascending.
    Text(Vec<NameId>),
    NotText(Vec<NameId>),
    /// In millionths.
    Number(Limit<i64>),
    Truth(bool),
    IsSet,
    IsNotSet,
}

#[derive(Debug, PartialEq)]
pub(crate) enum BoundReading {
    Amount(Limit<i64>),
    /// In millionths, as the following.
    Quantity(Limit<i64>),
    Rating(Limit<i64>),
    Property(Vec<NameId>, Limit<i64>),
}

struct Binder<'c, 'l> {
    catalogue: &'l Catalogue,
    names: &'l Names,
    segments: &'c Segments,
    is_bulk: bool,
    /// Folded names of the segments within which something is bound.
    path: Vec<&'c str>,
}

impl<'c> Binder<'c, '_> {
    fn nodes(&mut self, parts: &'c [Condition]) -> Vec<Node<'c>> {
        parts.iter().map(|it| self.node(it)).collect()
    }

    fn node(&mut self, condition: &'c Condition) -> Node<'c> {
        match condition {
            Condition::All(parts) => Node::All(self.nodes(parts)),
            Condition::Any(parts) => Node::Any(self.nodes(parts)),
            Condition::NoneOf(parts) => Node::NoneOf(self.nodes(parts)),
            Condition::Not(part) => Node::Not(Box::new(self.node(part))),
            Condition::Did { deed, count, window } => {
                Node::Did { deed: self.deed(deed), count: *count, window: self.window(window) }
            }
            Condition::Recency { pick, deed, age } => {
                Node::Recency { pick: *pick, deed: self.deed(deed), age: *age }
            }
            Condition::Sequence { first, window, within, is_followed, then } => {
                Node::Sequence(Box::new(BoundSequence {
                    first: self.deed(first),
                    window: self.window(window),
                    within_ms: within.as_ms(),
                    is_followed: *is_followed,
                    then: self.deed(then),
                }))
            }
            Condition::Figure { statistic, of, deed, window } => Node::Figure {
                statistic: *statistic,
                of: self.reading(of),
                deed: self.deed(deed),
                window: self.window(window),
            },
            Condition::Spent { bound, window } => {
                Node::Spent { limit: bound.map(|it| it.minor()), window: self.window(window) }
            }
            Condition::Worth { of, bound } => {
                Node::Worth { of: *of, limit: bound.map(|it| it.minor()) }
            }
            Condition::Fact { fact, is } => Node::Fact { fact: *fact, is },
            Condition::PostalCode(words) => Node::PostalCode(words),
            Condition::Attribute { name, is } => Node::Attribute { name, is },
            Condition::Consent { topic, said } => Node::Consent { topic: *topic, said: *said },
            Condition::IsSuppressed(reasons) => Node::IsSuppressed(reasons),
            Condition::HasEmail => Node::HasEmail,
            Condition::IsOnList(words) => Node::IsOnList(words),
            Condition::IsInSegment(words) => {
                Node::Any(words.names().iter().map(|it| self.segment(it)).collect())
            }
            Condition::Score { of, limit } => Node::Score { of: *of, limit: in_millionths(*limit) },
            Condition::ExpectedOrders { limit, within } => {
                Node::ExpectedOrders { limit: limit.map(f64::from), days: within.as_days() }
            }
            Condition::ExpectedSpend { bound, within } => Node::ExpectedSpend {
                limit: bound.map(|it| it.minor() as f64),
                days: within.as_days(),
            },
            Condition::NextOrder { within } => Node::NextOrder { days: within.as_days() },
            Condition::DueAgain { products, within } => Node::DueAgain {
                products: self.products(products),
                within_ms: within.map_or(0, crate::Span::as_ms),
            },
            Condition::ChanceGone(limit) => Node::ChanceGone(limit.map(f64::from)),
        }
    }

    /// The condition of a segment; of nobody where it leads back to itself or is not known.
    fn segment(&mut self, name: &'c Name) -> Node<'c> {
        let nobody = Node::Any(Vec::new());
        if self.path.len() == SEGMENTS_DEEP_MAX || self.path.contains(&name.folded()) {
            return nobody;
        }
        let Some(condition) = self.segments.folded(name.folded()) else { return nobody };
        self.path.push(name.folded());
        let node = self.node(condition);
        self.path.pop();
        node
    }

    fn window(&self, window: &'c Window) -> BoundWindow<'c> {
        let bound = |it: &'c Anchor| (it.pick, Box::new(self.deed(&it.deed)));
        match window {
            Window::After(anchor)
                if *anchor.deed == Deed::ordered() && anchor.pick == Pick::Last =>
            {
                BoundWindow::SinceLastOrder
            }
            Window::After(anchor) => {
                let (pick, deed) = bound(anchor);
                BoundWindow::After(pick, deed)
            }
            Window::Until(anchor) => {
                let (pick, deed) = bound(anchor);
                BoundWindow::Until(pick, deed)
            }
            plain => BoundWindow::Plain(plain),
        }
    }

    pub fn deed(&self, deed: &'c Deed) -> BoundDeed<'c> {
        let filters = deed.filters.iter().map(|it| self.filter(it)).collect();
        BoundDeed { kind: deed.act.row_kind(), about: self.about(&deed.act), filters }
    }

    fn about(&self, act: &'c Act) -> About<'c> {
        match act {
            Act::Ordered | Act::CancelledOrder | Act::GotRefund | Act::StartedCheckout => {
                About::Anything
            }
            Act::WasSentEmail(emails)
            | Act::ReceivedEmail(emails)
            | Act::FailedToReceiveEmail(emails)
            | Act::ComplainedAboutEmail(emails)
            | Act::OpenedEmail(emails)
            | Act::ClickedEmail(emails) => match emails.is_any() {
                true => About::Anything,
                false => About::Emails(self.emails(emails)),
            },
            Act::Bought(tests)
            | Act::Viewed(tests)
            | Act::Clicked(tests)
            | Act::AddedToCart(tests)
            | Act::Reviewed(tests) => About::Products(self.products(tests)),
            Act::Custom(words) => About::Names(self.name_ids(words)),
        }
    }

    fn emails(&self, emails: &Emails) -> Vec<EmailId> {
        let is_one = |words: &Option<Words>, text: &str| {
            words.as_ref().is_none_or(|it| it.any_folded(|it| crate::facts::is_alike(text, it)))
        };
        self.names
            .emails()
            .filter(|(_, it)| is_one(&emails.flow, it.flow.as_str()))
            .filter(|(_, it)| is_one(&emails.email, it.step.as_str()))
            .map(|(id, _)| id)
            .collect()
    }

    fn products(&self, tests: &'c [ProductTest]) -> BoundProducts<'c> {
        let mut tests: Vec<BoundTest<'c>> = tests.iter().map(|it| self.test(it)).collect();
        let is_fixed = |it: &BoundTest<'_>| it.of_owned().is_none();
        if !self.is_bulk || !tests.iter().any(is_fixed) {
            return BoundProducts { set: None, tests };
        }
        let mut set = vec![0_u64; self.catalogue.ids_end().div_ceil(64)];
        for index in 0..self.catalogue.ids_end() {
            let product = ProductId(u32::try_from(index).expect("products are numbered by u32"));
            let mut fixed = tests.iter().filter(|it| is_fixed(it));
            if fixed.all(|it| it.holds(product, self.catalogue)) {
                set[index / 64] |= 1 << (index % 64);
            }
        }
        tests.retain(|it| !is_fixed(it));
        BoundProducts { set: Some(set), tests }
    }

    fn test(&self, test: &'c ProductTest) -> BoundTest<'c> {
        let ids = |words: &Words| {
            words.names().iter().filter_map(|it| self.catalogue.word(it.folded())).collect()
        };
        match test {
            ProductTest::Related(owned) => BoundTest::Related(*owned),
            ProductTest::Better(owned) => BoundTest::Better(*owned),
            ProductTest::InCategory(words) => BoundTest::Category(ids(words)),
            ProductTest::OfKind(words) => BoundTest::Kind(ids(words)),
            ProductTest::OfBrand(words) => BoundTest::Brand(ids(words)),
            ProductTest::Tagged(words) => BoundTest::Tag(ids(words)),
            ProductTest::Named(words) => BoundTest::Name(ids(words)),
            ProductTest::NameHas(words) => BoundTest::NameHas(words),
            ProductTest::Coded(words) => BoundTest::Code(ids(words)),
            ProductTest::Priced(bound) => BoundTest::Price(bound.map(|it| it.minor())),
            ProductTest::Not(test) => BoundTest::Not(Box::new(self.test(test))),
        }
    }

    fn name_ids(&self, words: &Words) -> Vec<NameId> {
        words.names().iter().flat_map(|it| self.names.alike(it.folded())).copied().collect()
    }

    fn filter(&self, filter: &Filter) -> BoundFilter {
        match filter {
            Filter::Quantity(limit) => BoundFilter::Quantity(in_millionths(*limit)),
            Filter::Amount(limit) => BoundFilter::Amount(limit.map(|it| it.minor())),
            Filter::Rating(limit) => BoundFilter::Rating(in_millionths(*limit)),
            Filter::Coupon(is) => {
                BoundFilter::Property(self.names.alike(COUPON).to_vec(), self.value(is))
            }
            Filter::Property { name, is } => {
                BoundFilter::Property(self.names.alike(name.folded()).to_vec(), self.value(is))
            }
        }
    }

    fn value(&self, test: &ValueTest) -> BoundValue {
        let with = |is_it: &dyn Fn(&str) -> bool| {
            let texts = self.names.texts().filter(|(_, it)| is_it(&crate::facts::fold(it)));
            BoundValue::Text(texts.map(|(id, _)| id).collect())
        };
        let sorted = |words: &Words| {
            let mut ids = self.name_ids(words);
            ids.sort_unstable();
            ids
        };
        match test {
            ValueTest::Text(words) => BoundValue::Text(sorted(words)),
            ValueTest::NotText(words) => BoundValue::NotText(sorted(words)),
            ValueTest::Contains(words) => with(&|text| words.any_folded(|it| text.contains(it))),
            ValueTest::StartsWith(words) => {
                with(&|text| words.any_folded(|it| text.starts_with(it)))
            }
            ValueTest::Number(limit) => BoundValue::Number(in_millionths(*limit)),
            ValueTest::IsTrue => BoundValue::Truth(true),
            ValueTest::IsFalse => BoundValue::Truth(false),
            ValueTest::IsSet => BoundValue::IsSet,
            ValueTest::IsNotSet => BoundValue::IsNotSet,
        }
    }

    fn reading(&self, reading: &Reading) -> BoundReading {
        match reading {
            Reading::Amount(limit) => BoundReading::Amount(limit.map(|it| it.minor())),
            Reading::Quantity(limit) => BoundReading::Quantity(in_millionths(*limit)),
            Reading::Rating(limit) => BoundReading::Rating(in_millionths(*limit)),
            Reading::Property { name, is } => {
                let names = self.names.alike(name.folded()).to_vec();
                BoundReading::Property(names, in_millionths(*is))
            }
        }
    }
}

fn in_millionths(limit: Limit<Number>) -> Limit<i64> {
    limit.map(Number::millionths)
}

impl Act {
    /// The rows that are such acts.
    pub(crate) fn row_kind(&self) -> HistoryKind {
        match self {
            Self::Ordered | Self::Bought(_) => HistoryKind::Order,
            Self::CancelledOrder => HistoryKind::OrderCancelled,
            Self::GotRefund => HistoryKind::OrderRefunded,
            Self::StartedCheckout => HistoryKind::CheckoutStarted,
            Self::WasSentEmail(_) => HistoryKind::MessageSent,
            Self::ReceivedEmail(_) => HistoryKind::MessageDelivered,
            Self::FailedToReceiveEmail(_) => HistoryKind::MessageBounced,
            Self::ComplainedAboutEmail(_) => HistoryKind::MessageComplained,
            Self::OpenedEmail(_) => HistoryKind::MessageOpened,
            Self::ClickedEmail(_) | Self::Clicked(_) => HistoryKind::MessageClicked,
            Self::Viewed(_) => HistoryKind::ProductViewed,
            Self::AddedToCart(_) => HistoryKind::CartAdded,
            Self::Reviewed(_) => HistoryKind::ProductReviewed,
            Self::Custom(_) => HistoryKind::Custom,
        }
    }

    /// The tests of products it asks.
    pub(crate) fn product_tests(&self) -> &[ProductTest] {
        match self {
            Self::Bought(tests)
            | Self::Viewed(tests)
            | Self::Clicked(tests)
            | Self::AddedToCart(tests)
            | Self::Reviewed(tests) => tests,
            _ => &[],
        }
    }
}

impl ProductTest {
    pub(crate) fn asks_of_owned(&self) -> bool {
        match self {
            Self::Related(_) | Self::Better(_) => true,
            Self::Not(test) => test.asks_of_owned(),
            _ => false,
        }
    }
}

impl Emails {
    pub(crate) fn is_any(&self) -> bool {
        self.email.is_none() && self.flow.is_none()
    }
}
