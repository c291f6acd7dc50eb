//! Every condition that can be written.

use aftercart_model::{Currency, Topic};
use jiff::civil::Date;
use proptest::{collection::vec, option, prelude::*};

use crate::{
    Act, Age, Amount, AmountBound, Anchor, BarReason, Calendar, CalendarUnit, Condition, Count,
    DateRange, Deed, Emails, Fact, Filter, Limit, Name, Number, Owned, Pick, ProductTest, Reading,
    SPAN_DAYS_MAX, Said, Score, Span, SpanRange, Statistic, ValueTest, Window, Words, WorthOf,
};

/// Words that samples have, and words that nobody would think of.
fn any_word() -> impl Strategy<Value = String> {
    let known = prop_oneof![
        Just("Kettles"),
        Just("kettle"),
        Just("for kettles"),
        Just("quiz finished"),
        Just("Wishlist"),
        Just("score"),
        Just("colour"),
        Just("red"),
        Just("upsell"),
        Just("offer"),
        Just("PT"),
        Just("UTC"),
        Just("VIP"),
        Just("plan"),
        Just("gold"),
        Just("buyers"),
        Just("lost"),
        Just("snake"),
    ];
    prop_oneof![
        6 => known.prop_map(str::to_owned),
        1 => "\\PC{0,6}[a-z]",
        1 => "[a\"\\\\\n ]{0,4}x",
    ]
}

fn any_words() -> impl Strategy<Value = Words> {
    vec(any_word(), 1..3).prop_map(|it| Words::new(it).unwrap())
}

fn any_name() -> impl Strategy<Value = Name> {
    any_word().prop_map(|it| Name::new(it).unwrap())
}

pub fn any_span() -> impl Strategy<Value = Span> {
    prop_oneof![
        2 => (1_u32..80).prop_map(|it| Span::days(it).unwrap()),
        2 => (1_u32..200).prop_map(|it| Span::hours(it).unwrap()),
        1 => (1..=SPAN_DAYS_MAX).prop_map(|it| Span::days(it).unwrap()),
        1 => (1..=SPAN_DAYS_MAX * 24).prop_map(|it| Span::hours(it).unwrap()),
    ]
}

fn any_limit<T: Copy + std::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Limit<T>> {
    (value, 0..6).prop_map(|(value, kind)| match kind {
        0 => Limit::AtLeast(value),
        1 => Limit::AtMost(value),
        2 => Limit::Above(value),
        3 => Limit::Below(value),
        4 => Limit::Is(value),
        _ => Limit::IsNot(value),
    })
}

fn any_bound() -> impl Strategy<Value = AmountBound> {
    let code = prop_oneof![3 => Just("EUR"), 1 => Just("JPY"), 1 => Just("KWD")];
    let minor = prop_oneof![3 => 0_i64..20_000, 1 => 0_i64..=1_000_000_000_000];
    let amount = (minor, code)
        .prop_map(|(minor, code)| Amount::new(minor, Currency::new(code).unwrap()).unwrap());
    any_limit(amount)
}

fn any_number() -> impl Strategy<Value = Number> {
    const MAX: i64 = 1_000_000_000_000_000;
    let millionths = prop_oneof![
        4 => (-2_i64..12).prop_map(|it| it * 1_000_000),
        1 => Just(500_000),
        1 => -MAX..=MAX,
    ];
    millionths.prop_map(|it| Number::of_millionths(it).unwrap())
}

fn any_product_test() -> impl Strategy<Value = ProductTest> {
    let owned = || prop_oneof![Just(Owned::LastOrder), Just(Owned::AnyOrder)];
    let test = prop_oneof![
        owned().prop_map(ProductTest::Related),
        owned().prop_map(ProductTest::Better),
        any_words().prop_map(ProductTest::InCategory),
        any_words().prop_map(ProductTest::OfKind),
        any_words().prop_map(ProductTest::OfBrand),
        any_words().prop_map(ProductTest::Tagged),
        any_words().prop_map(ProductTest::Named),
        any_words().prop_map(ProductTest::NameHas),
        any_words().prop_map(ProductTest::Coded),
        any_bound().prop_map(ProductTest::Priced),
    ];
    (test, 0..5).prop_map(|(test, turned)| match turned {
        0 => ProductTest::Not(Box::new(test)),
        _ => test,
    })
}

fn any_value_test() -> impl Strategy<Value = ValueTest> {
    prop_oneof![
        any_words().prop_map(ValueTest::Text),
        any_words().prop_map(ValueTest::NotText),
        any_words().prop_map(ValueTest::Contains),
        any_words().prop_map(ValueTest::StartsWith),
        any_limit(any_number()).prop_map(ValueTest::Number),
        Just(ValueTest::IsTrue),
        Just(ValueTest::IsFalse),
        Just(ValueTest::IsSet),
        Just(ValueTest::IsNotSet),
    ]
}

fn any_filter() -> impl Strategy<Value = Filter> {
    prop_oneof![
        1 => any_limit(any_number()).prop_map(Filter::Quantity),
        1 => any_bound().prop_map(Filter::Amount),
        1 => any_limit(any_number()).prop_map(Filter::Rating),
        1 => any_value_test().prop_map(Filter::Coupon),
        2 => (any_name(), any_value_test()).prop_map(|(name, is)| Filter::Property { name, is }),
    ]
}

fn any_act() -> impl Strategy<Value = Act> {
    let emails = (option::of(any_words()), option::of(any_words()))
        .prop_map(|(email, flow)| Emails { email, flow });
    let of_emails = (emails, 0..6).prop_map(|(emails, kind)| match kind {
        0 => Act::WasSentEmail(emails),
        1 => Act::ReceivedEmail(emails),
        2 => Act::FailedToReceiveEmail(emails),
        3 => Act::ComplainedAboutEmail(emails),
        4 => Act::OpenedEmail(emails),
        _ => Act::ClickedEmail(emails),
    });
    let of_products = (vec(any_product_test(), 0..3), 0..5).prop_map(|(tests, kind)| match kind {
        0 => Act::Bought(tests),
        1 => Act::Viewed(tests),
        2 => Act::Clicked(tests),
        3 => Act::AddedToCart(tests),
        _ => Act::Reviewed(tests),
    });
    prop_oneof![
        3 => Just(Act::Ordered),
        1 => Just(Act::CancelledOrder),
        1 => Just(Act::GotRefund),
        1 => Just(Act::StartedCheckout),
        2 => of_emails,
        4 => of_products,
        2 => any_words().prop_map(Act::Custom),
    ]
}

pub fn any_deed() -> impl Strategy<Value = Deed> {
    let filters = prop_oneof![3 => Just(Vec::new()), 1 => vec(any_filter(), 1..3)];
    (any_act(), filters).prop_map(|(act, filters)| Deed { act, filters })
}

fn any_date() -> impl Strategy<Value = Date> {
    let near = (2025_i16..=2026, 1_i8..=12, 1_i8..=28);
    let far = (0_i16..=9999, 1_i8..=12, 1_i8..=28);
    prop_oneof![4 => near, 1 => far].prop_map(|(year, month, day)| {
        Date::new(year, month, day).expect("every month has 28 days")
    })
}

fn any_pick() -> impl Strategy<Value = Pick> {
    prop_oneof![Just(Pick::First), Just(Pick::Last)]
}

pub fn any_window() -> impl Strategy<Value = Window> {
    let unit = prop_oneof![
        Just(CalendarUnit::Day),
        Just(CalendarUnit::Week),
        Just(CalendarUnit::Month),
        Just(CalendarUnit::Quarter),
        Just(CalendarUnit::Year),
    ];
    let ago = (any_span(), any_span()).prop_map(|(one, other)| {
        let range = SpanRange::new(one, other).or_else(|_| SpanRange::new(other, one));
        range.map_or(Window::Last(one), Window::Ago)
    });
    let between = (any_date(), any_date()).prop_map(|(one, other)| {
        let range = DateRange::new(one.min(other), one.max(other));
        range.map_or(Window::On(one), Window::Between)
    });
    let anchor = || {
        let deed = prop_oneof![Just(Deed::ordered()), any_deed()];
        (any_pick(), deed).prop_map(|(pick, deed)| Anchor { pick, deed: Box::new(deed) })
    };
    prop_oneof![
        2 => Just(Window::Ever),
        1 => Just(Window::since_last_order()),
        2 => any_span().prop_map(Window::Last),
        2 => ago,
        2 => (unit, any::<bool>())
            .prop_map(|(unit, is_last)| Window::Calendar(Calendar { unit, is_last })),
        1 => any_date().prop_map(Window::On),
        1 => any_date().prop_map(Window::Since),
        1 => any_date().prop_map(Window::Before),
        1 => between,
        1 => anchor().prop_map(Window::After),
        1 => anchor().prop_map(Window::Until),
        1 => Just(Window::SinceEntry),
    ]
}

fn any_did() -> impl Strategy<Value = Condition> {
    let count = prop_oneof![
        3 => (1_u32..4).prop_map(Count::at_least),
        1 => (0_u32..4).prop_map(Count::AtMost),
        1 => (0_u32..4).prop_map(Count::Exactly),
    ];
    (any_deed(), count, any_window()).prop_map(|(deed, count, window)| Condition::Did {
        deed,
        count,
        window,
    })
}

fn any_other_deeds() -> impl Strategy<Value = Condition> {
    let age = prop_oneof![any_span().prop_map(Age::AtLeast), any_span().prop_map(Age::LessThan)];
    let statistic = (0..6_usize).prop_map(|it| Statistic::ALL[it]);
    let reading = prop_oneof![
        any_bound().prop_map(Reading::Amount),
        any_limit(any_number()).prop_map(Reading::Quantity),
        any_limit(any_number()).prop_map(Reading::Rating),
        (any_name(), any_limit(any_number())).prop_map(|(name, is)| Reading::Property { name, is }),
    ];
    prop_oneof![
        (any_pick(), any_deed(), age).prop_map(|(pick, deed, age)| Condition::Recency {
            pick,
            deed,
            age
        }),
        (any_deed(), any_window(), any_span(), any::<bool>(), any_deed()).prop_map(
            |(first, window, within, is_followed, then)| Condition::Sequence {
                first,
                window,
                within,
                is_followed,
                then
            }
        ),
        (statistic, reading, any_deed(), any_window()).prop_map(|(statistic, of, deed, window)| {
            Condition::Figure { statistic, of, deed, window }
        }),
    ]
}

fn any_money() -> impl Strategy<Value = Condition> {
    let of = prop_oneof![Just(WorthOf::First), Just(WorthOf::Last), Just(WorthOf::Average)];
    let score = prop_oneof![Just(Score::Recency), Just(Score::Frequency), Just(Score::Monetary)];
    let limit = || any_limit(any_number());
    prop_oneof![
        2 => (any_bound(), any_window())
            .prop_map(|(bound, window)| Condition::Spent { bound, window }),
        1 => (of, any_bound()).prop_map(|(of, bound)| Condition::Worth { of, bound }),
        1 => (score, limit()).prop_map(|(of, limit)| Condition::Score { of, limit }),
        1 => (limit(), any_span())
            .prop_map(|(limit, within)| Condition::ExpectedOrders { limit, within }),
        1 => (any_bound(), any_span())
            .prop_map(|(bound, within)| Condition::ExpectedSpend { bound, within }),
        1 => any_span().prop_map(|within| Condition::NextOrder { within }),
        2 => (vec(any_product_test(), 0..3), option::of(any_span()))
            .prop_map(|(products, within)| Condition::DueAgain { products, within }),
        1 => any_limit((0_i32..=100).prop_map(Number::whole)).prop_map(Condition::ChanceGone),
    ]
}

fn any_fact() -> impl Strategy<Value = Condition> {
    let topic = prop_oneof![Just(Topic::Marketing), Just(Topic::Feedback)];
    let said = prop_oneof![
        Just(Said::Yes),
        Just(Said::YesByOptIn),
        Just(Said::YesByDoubleOptIn),
        Just(Said::YesBySoftOptIn),
        Just(Said::No),
        Just(Said::Nothing),
    ];
    let reason = prop_oneof![
        Just(BarReason::Bounce),
        Just(BarReason::Complaint),
        Just(BarReason::Unsubscribe),
        Just(BarReason::ByHand),
        Just(BarReason::Erased),
    ];
    let fact = (0..Fact::ALL.len()).prop_map(|it| Fact::ALL[it]);
    prop_oneof![
        (fact, any_words()).prop_map(|(fact, is)| Condition::Fact { fact, is }),
        any_words().prop_map(Condition::PostalCode),
        (any_name(), any_value_test()).prop_map(|(name, is)| Condition::Attribute { name, is }),
        (topic, said).prop_map(|(topic, said)| Condition::Consent { topic, said }),
        vec(reason, 0..3).prop_map(Condition::IsSuppressed),
        Just(Condition::HasEmail),
        any_words().prop_map(Condition::IsOnList),
        any_words().prop_map(Condition::IsInSegment),
    ]
}

fn any_clause() -> impl Strategy<Value = Condition> {
    prop_oneof![
        4 => any_did(),
        3 => any_other_deeds(),
        2 => any_money(),
        2 => any_fact(),
    ]
}

/// Every condition that can be written, empty groups and groups of one among them.
pub fn any_condition() -> impl Strategy<Value = Condition> {
    any_clause().boxed().prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Condition::All),
            vec(inner.clone(), 0..3).prop_map(Condition::Any),
            vec(inner.clone(), 0..3).prop_map(Condition::NoneOf),
            inner.prop_map(|it| Condition::Not(Box::new(it))),
        ]
    })
}
