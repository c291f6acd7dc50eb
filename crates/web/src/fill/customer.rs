//! One customer: the answer to why, the timeline, the facts.

use aftercart_engine::{
    CustomerAdvice, CustomerAnswer, CustomerView, Known, NotEnrolled, TimelineEntry, TimelineOf,
    Why, is_for_a_pause, left_words, policy::Rules,
};
use aftercart_model::{
    Agent, Consent, ConsentBasis, ConsentState, EventBody, ExitReason, OrderLine, ProductId,
    Timestamp, Topic,
};

use super::{first_lower, first_upper, full_name, picture, short_name, zone_name};
use crate::{
    Layout,
    component::{Choice, Paging, Part, Phrase},
    console::{
        CustomerPage,
        customer::{
            CustomerFacts, GateRow, GateState, LedgerRow, NextRow, NextWhen, Question,
            RecommendedRow, Timeline, TimelineFilter, TimelineItem, TimelineKind, WhyAnswer,
        },
    },
    format::{self, Calendar},
};

/// The cap on emails that the page names counts over these hours.
const WEEK_HOURS: u32 = 7 * 24;

/// What the page is made of; the answer and the recommendation may be missing by themselves.
pub struct Read {
    pub view: CustomerView,
    pub answer: Result<Option<CustomerAnswer>, ()>,
    pub advice: Option<CustomerAdvice>,
    pub known: std::sync::Arc<Known>,
    pub rules: Rules,
}

pub fn timeline_of(filter: TimelineFilter) -> TimelineOf {
    match filter {
        TimelineFilter::Everything => TimelineOf::Everything,
        TimelineFilter::Emails => TimelineOf::Emails,
        TimelineFilter::Orders => TimelineOf::Orders,
        TimelineFilter::Visits => TimelineOf::Visits,
    }
}

pub fn page(read: &Read, filter: TimelineFilter, is_newest: bool, layout: &Layout) -> CustomerPage {
    let view = &read.view;
    let customer = &view.customer;
    let path = format!("/customers/{}", customer.id);
    let name = short_name(customer);
    let (question, answer) = match &read.answer {
        Ok(Some(it)) => {
            let (question, answer) = answered(it, &name, &layout.calendar);
            (Some(question), Part::Ready(answer))
        }
        Ok(None) => (
            None,
            Part::Ready(WhyAnswer {
                sentence: "No flow sends emails yet.".to_owned(),
                reason: String::new(),
                gates: Vec::new(),
                next: Vec::new(),
            }),
        ),
        Err(()) => {
            let what = "Why, and what is next, cannot be read now.".to_owned();
            (None, Part::Missing { what, href: path.clone() })
        }
    };
    let base = format!("{path}?kind={}", filter.name());
    CustomerPage {
        id: customer.id.to_string(),
        name: full_name(customer),
        address: customer.email.as_ref().map_or_else(String::new, |it| it.as_str().to_owned()),
        question,
        answer,
        timeline: Timeline {
            filter,
            items: items(&view.timeline, read, layout),
            paging: Paging {
                newer: (!is_newest).then(|| base.clone()),
                older: view
                    .older
                    .map(|(at, seq)| format!("{base}&before={}-{seq}", at.as_millisecond())),
            },
        },
        ledger: view.ledger.iter().map(ledger_row).collect(),
        facts: facts(read),
        recommended: read.advice.iter().flat_map(|it| recommended(it, &read.known)).collect(),
        segments: view.segments.clone(),
    }
}

fn facts(read: &Read) -> CustomerFacts {
    let view = &read.view;
    let customer = &view.customer;
    let of = |topic: Topic| view.consents.iter().find(|it| it.topic == topic).map(|it| it.state);
    let bought = view.orders.iter().filter(|it| it.is_purchase());
    let week = read.rules.caps.iter().find(|it| it.hours == WEEK_HOURS);
    CustomerFacts {
        orders: bought.count() as u64,
        spent_minor: view.spent_minor,
        since: customer.created_at,
        zone_name: customer.time_zone.as_deref().map(zone_name),
        language: customer.locale.as_deref().map(language),
        consents: vec![
            ("Marketing".to_owned(), of(Topic::Marketing)),
            ("Feedback requests".to_owned(), of(Topic::Feedback)),
        ],
        is_suppressed: view.suppression.is_some(),
        sent_in_week: view.sent_in_7_days,
        week_cap: week.map_or(0, |it| u64::from(it.count)),
    }
}

/// The language of a tag by its English name, where it is one of the more common.
fn language(tag: &str) -> String {
    let name = match tag.split(['-', '_']).next().unwrap_or(tag) {
        "de" => "German",
        "en" => "English",
        "es" => "Spanish",
        "fr" => "French",
        "it" => "Italian",
        "ja" => "Japanese",
        "nl" => "Dutch",
        "pl" => "Polish",
        "pt" => "Portuguese",
        "sv" => "Swedish",
        _ => tag,
    };
    name.to_owned()
}

fn recommended<'a>(
    advice: &'a CustomerAdvice,
    known: &'a Known,
) -> impl Iterator<Item = RecommendedRow> + 'a {
    advice.products.iter().map(|it| {
        let product = known.by_code(&it.code);
        // The relation alone; the counts behind it stand on the product's page.
        let relation = it.evidence.split_once(": ").map_or(&*it.evidence, |(before, _)| before);
        let reason = match it.times_chance {
            Some(times) => format!("{relation}, {}", format::times(times)),
            None => relation.to_owned(),
        };
        RecommendedRow {
            name: it.name.clone(),
            picture: product.and_then(|it| picture(&it.picture)),
            reason,
            price_minor: it.price_minor,
            href: product.map(|it| format!("/products?product={}", it.id.0)),
        }
    })
}

/// The question with its menus, and the answer.
fn answered(it: &CustomerAnswer, name: &str, calendar: &Calendar) -> (Question, WhyAnswer) {
    let (words, sentence, reason) = why(&it.why, name, calendar);
    let question = Question {
        words,
        steps: it
            .steps
            .iter()
            .map(|(id, title)| Choice::new(id.as_str(), title, *id == it.step))
            .collect(),
        flows: it
            .flows
            .iter()
            .map(|(id, name)| Choice::new(id.as_str(), name, *id == it.flow))
            .collect(),
    };
    let gates = it.gates.iter().map(|gate| GateRow {
        name: first_upper(gate.name.label()),
        value: gate.value.clone(),
        state: match (gate.is_passed, gate.value.as_str()) {
            (true, _) => GateState::Passed,
            (false, "could not be read") => GateState::Unknown,
            (false, _) => GateState::Holds,
        },
    });
    let mut before: Option<Timestamp> = None;
    let mut next: Vec<NextRow> = Vec::new();
    for step in &it.next {
        let detail = match before {
            None => format!("in {}", calendar.distance(step.at)),
            Some(before) => {
                let from = Calendar { zone: calendar.zone.clone(), now: before };
                format!("{} later", from.distance(step.at))
            }
        };
        let detail = if it.is_barred { format!("{detail}, and not sent either") } else { detail };
        before = Some(step.at);
        let when = NextWhen::At(step.at);
        // What is due in a paused flow has no time; what is due later may be held up as well.
        let (when, detail) = match it.is_paused {
            false => (when, detail),
            true if step.at <= calendar.now => {
                (NextWhen::OnceResumed, "the flow is paused".to_owned())
            }
            true => (when, format!("{detail}, if the flow is resumed by then")),
        };
        next.push(NextRow { when, what: step.title.clone(), detail });
    }
    if !next.is_empty() {
        let order = if it.ends_on_purchase { "orders, " } else { "" };
        next.push(NextRow {
            when: NextWhen::AnyMoment,
            what: "Leaves".to_owned(),
            detail: format!(
                "if {name} {order}unsubscribes or is suppressed: nothing above is sent"
            ),
        });
    }
    (question, WhyAnswer { sentence, reason, gates: gates.collect(), next })
}

/// The words of the question, the answer as a sentence, and what it rests on.
fn why(why: &Why, name: &str, calendar: &Calendar) -> (String, String, String) {
    let starts = first_upper(name);
    let did_not = format!("Why did {name} not get");
    let will = format!("Will {name} get");
    let told = |words: String, sentence: String, reason: String| (words, sentence, reason);
    let ended = |reason: &str| {
        let reason = first_upper(reason.trim());
        if reason.is_empty() || reason.ends_with('.') { reason } else { format!("{reason}.") }
    };
    let nothing = String::new;
    match why {
        Why::Sent { at, opened_at, clicked_at } => told(
            format!("Did {name} get"),
            format!("Yes, on {}.", calendar.moment(*at)),
            match (opened_at, clicked_at) {
                (_, Some(clicked)) => format!("Clicked on {}.", calendar.moment(*clicked)),
                (Some(opened), None) => {
                    format!("Opened on {}, not clicked.", calendar.moment(*opened))
                }
                (None, None) => "Not opened since; a machine's opening does not count.".to_owned(),
            },
        ),
        Why::Bounced { at, reason } => {
            told(did_not, format!("It bounced on {}.", calendar.moment(*at)), ended(reason))
        }
        Why::NotSent { reason } => {
            let (label, particulars) = reason.split_once(": ").unwrap_or((reason, ""));
            told(did_not, format!("It was not sent: {}.", first_lower(label)), ended(particulars))
        }
        Why::HeldBack { until, reason } => told(
            did_not,
            format!("{starts} will, on {}; until then it is held back.", calendar.moment(*until)),
            ended(reason),
        ),
        Why::Frozen => told(
            will,
            format!("{starts} will, once the flow is resumed; until then it is held back."),
            "The flow is paused. Whoever resumes it says what becomes of what was due meanwhile."
                .to_owned(),
        ),
        Why::InDoubt { at } => told(
            format!("Did {name} get"),
            format!("It may have been sent on {}: the answer was lost.", calendar.moment(*at)),
            "It is not sent again.".to_owned(),
        ),
        Why::OnItsWay { due_at } => {
            told(will, format!("Yes, it goes on {}.", calendar.moment(*due_at)), nothing())
        }
        Why::StillToCome { at } => told(
            will,
            format!("Yes, on {}, if nothing happens before.", calendar.moment(*at)),
            nothing(),
        ),
        Why::HeldOut { at } => told(
            did_not,
            format!("{starts} is held out by lot."),
            format!(
                "Drawn on {}. Who is held out gets no email of this flow, so that its worth can be \
                 told.",
                calendar.day(*at)
            ),
        ),
        Why::LeftBefore { at, reason: ExitReason::Purchase } => told(
            did_not,
            format!("{starts} ordered again on {} and left the flow before it.", calendar.day(*at)),
            nothing(),
        ),
        Why::LeftBefore { at, reason } => told(
            did_not,
            format!(
                "{starts} left the flow before it, on {}: {}.",
                calendar.day(*at),
                left_words(*reason)
            ),
            nothing(),
        ),
        Why::NotOnTheWay => told(
            will,
            format!("The way {name} takes through the flow does not come by it."),
            nothing(),
        ),
        Why::NeverEnrolled { cause } => {
            let (sentence, reason) = match cause {
                NotEnrolled::NeverOrdered => (
                    format!("{starts} has not ordered yet."),
                    "An order is what enrols.".to_owned(),
                ),
                NotEnrolled::NoOrderSince { live_since } => (
                    format!(
                        "{starts} has not ordered since the flow went live on {}.",
                        calendar.day(*live_since)
                    ),
                    "An order is what enrols.".to_owned(),
                ),
                NotEnrolled::NotLive => ("The flow is not live.".to_owned(), nothing()),
                NotEnrolled::NotLetIn => (
                    format!("{starts} never entered this flow."),
                    "Nothing that enrols in it has happened since it went live.".to_owned(),
                ),
            };
            told(did_not, sentence, reason)
        }
    }
}

/// The timeline, newest first: what was sent and delivered at once is told once, and so is a product
/// that was viewed several times in a row.
fn items(entries: &[TimelineEntry], read: &Read, layout: &Layout) -> Vec<TimelineItem> {
    let mut items: Vec<TimelineItem> = Vec::new();
    let mut viewed: Option<(ProductId, usize)> = None;
    for entry in entries {
        if let EventBody::ProductViewed { product } = entry.event.body {
            let day = |at: Timestamp| layout.calendar.at(at).date();
            if let Some((last, times)) = &mut viewed
                && *last == product
                && let Some(item) = items.last_mut()
                && day(item.at) == day(entry.event.at)
            {
                *times += 1;
                item.what = viewed_words(read, product, *times);
                continue;
            }
            viewed = Some((product, 1));
        } else {
            viewed = None;
        }
        items.extend(item(entry, read, layout));
    }
    items
}

fn viewed_words(read: &Read, product: ProductId, times: usize) -> Phrase {
    let what = Phrase::new("Viewed ").strong(product_name(read, product));
    match times {
        1 => what,
        2 => what.plain(", twice"),
        more => what.plain(format!(", {}", super::in_words(more, "time", "times"))),
    }
}

fn product_name(read: &Read, id: ProductId) -> String {
    read.known.product(id).map_or_else(|| "a product".to_owned(), |it| it.name.clone())
}

fn item(entry: &TimelineEntry, read: &Read, layout: &Layout) -> Option<TimelineItem> {
    use TimelineKind as Kind;

    let calendar = &layout.calendar;
    let step = || entry.step_title.clone().unwrap_or_else(|| "An email".to_owned());
    let flow = || entry.flow_name.clone().unwrap_or_else(|| "a flow".to_owned());
    let nothing = Phrase::default;
    let plain = |text: &str| Phrase::new(text);
    let (kind, what, detail) = match &entry.event.body {
        EventBody::Identified { .. } => {
            (Kind::Other, plain("Name and details became known"), nothing())
        }
        EventBody::ConsentGiven { consent } => consent_words(consent),
        EventBody::OrderPlaced { order, lines, total_minor, coupon } => (
            Kind::Order,
            Phrase::default()
                .strong(format!("Order {order}"))
                .plain(format!(", {}", layout.currency.format(*total_minor))),
            Phrase::new(order_lines(lines, coupon.as_deref(), read, layout)),
        ),
        EventBody::OrderCancelled { order } => (
            Kind::Cancelled,
            Phrase::default().strong(format!("Order {order}")).plain(" cancelled"),
            nothing(),
        ),
        EventBody::OrderRefunded { order, amount_minor, .. } => (
            Kind::Cancelled,
            Phrase::new(format!("{} paid back", layout.currency.format(*amount_minor))),
            order.as_ref().map_or_else(nothing, |it| Phrase::new(format!("Of order {it}"))),
        ),
        EventBody::ProductViewed { product } => {
            (Kind::View, viewed_words(read, *product, 1), nothing())
        }
        EventBody::CartAdded { product, quantity } => (
            Kind::Cart,
            Phrase::new("Put ").strong(product_name(read, *product)).plain(" into the cart"),
            if *quantity > 1 { Phrase::new(format!("{quantity} of them")) } else { nothing() },
        ),
        EventBody::CheckoutStarted { total_minor, .. } => (
            Kind::Cart,
            plain("Began to check out"),
            Phrase::new(format!("Worth {}", layout.currency.format(*total_minor))),
        ),
        EventBody::ProductReviewed { product, rating, text, .. } => (
            Kind::Review,
            Phrase::new("Gave ")
                .strong(product_name(read, *product))
                .plain(format!(" {rating} of 5 stars")),
            if text.is_empty() { nothing() } else { Phrase::new(format!("“{text}”")) },
        ),
        EventBody::MessageSent { .. } => {
            (Kind::Sent, Phrase::default().strong(step()).plain(" sent"), sent_words(entry, read))
        }
        // Told with the sending; what did not arrive is told as a bounce.
        EventBody::MessageDelivered { .. } => return None,
        EventBody::MessageBounced { reply, .. } => {
            (Kind::Bounced, Phrase::default().strong(step()).plain(" bounced"), Phrase::new(reply))
        }
        EventBody::MessageComplained { .. } => (
            Kind::Unsubscribed,
            Phrase::new("Complained about ").strong(step()),
            plain("Suppressed from then on"),
        ),
        EventBody::MessageOpened { agent: Agent::Human, .. } => {
            (Kind::Opened, Phrase::new("Opened ").strong(step()), nothing())
        }
        EventBody::MessageOpened { agent: Agent::Machine, .. } => (
            Kind::MachineOpened,
            Phrase::default().strong(step()).plain(" opened by a machine"),
            plain("A privacy proxy or prefetcher; not counted as an open"),
        ),
        EventBody::MessageClicked { agent, product, .. } => {
            let target = product.map_or_else(|| "a link".to_owned(), |it| product_name(read, it));
            match agent {
                Agent::Human => (
                    Kind::Clicked,
                    Phrase::new("Clicked ").strong(target).plain(format!(" in {}", step())),
                    nothing(),
                ),
                Agent::Machine => (
                    Kind::MachineClicked,
                    Phrase::new("A scanner followed ").strong(target),
                    plain("Not counted as a click"),
                ),
            }
        }
        EventBody::MessageDeferred { until, reason, .. } => (
            Kind::HeldBack,
            Phrase::default().strong(step()).plain(if is_for_a_pause(reason) {
                " held back until the flow is resumed".to_owned()
            } else {
                format!(" held back until {}", calendar.moment(*until))
            }),
            Phrase::new(first_upper(reason)),
        ),
        EventBody::MessageDropped { reason, .. } => (
            Kind::Dropped,
            Phrase::default().strong(step()).plain(" not sent"),
            Phrase::new(first_upper(reason)),
        ),
        EventBody::Enrolled { is_held_out: false, .. } => {
            (Kind::Enrolled, Phrase::new("Entered ").strong(flow()), plain("Not held out by lot"))
        }
        EventBody::Enrolled { is_held_out: true, .. } => (
            Kind::Enrolled,
            Phrase::new("Held out of ").strong(flow()).plain(" by lot"),
            plain("Gets none of its emails, so that its worth can be told"),
        ),
        // Who is held out never was in it.
        EventBody::EnrolmentEnded { reason: ExitReason::HeldOut, .. } => return None,
        EventBody::EnrolmentEnded { reason, .. } => (
            Kind::Left,
            Phrase::new("Left ").strong(flow()),
            Phrase::new(first_upper(left_words(*reason))),
        ),
        EventBody::SegmentEntered { segment } => {
            (Kind::Other, Phrase::new("Entered the segment ").strong(segment.as_str()), nothing())
        }
        EventBody::SegmentLeft { segment } => {
            (Kind::Other, Phrase::new("Left the segment ").strong(segment.as_str()), nothing())
        }
        EventBody::Merged { .. } => {
            (Kind::Other, Phrase::new("Found to be another customer too"), nothing())
        }
        EventBody::ErasureAsked => (Kind::Other, Phrase::new("Asked to be erased"), nothing()),
        EventBody::ExportAsked => {
            (Kind::Other, Phrase::new("Asked for a copy of what is kept"), nothing())
        }
        EventBody::OrderRevised { order, .. } => {
            (Kind::Other, Phrase::new("Order ").strong(order.as_str()).plain(" changed"), nothing())
        }
        EventBody::OrderFulfilled { order } => (
            Kind::Other,
            Phrase::new("Order ").strong(order.as_str()).plain(" sent out"),
            nothing(),
        ),
        EventBody::CartRemoved { product, .. } => (
            Kind::Other,
            Phrase::new("Took ").strong(product_name(read, *product)).plain(" out of the cart"),
            nothing(),
        ),
        EventBody::CouponApplied { code, .. } => {
            (Kind::Other, Phrase::new("Put in the coupon ").strong(code.as_str()), nothing())
        }
        // About no customer, or no longer about one.
        EventBody::ProductSaved { .. }
        | EventBody::ProductRemoved { .. }
        | EventBody::StockCounted { .. }
        | EventBody::Erased => return None,
        EventBody::Custom { name, .. } => (Kind::Other, Phrase::new(name.as_str()), nothing()),
    };
    Some(TimelineItem { at: entry.event.at, kind, what, detail })
}

fn ledger_row(it: &Consent) -> LedgerRow {
    let topic = match it.topic {
        Topic::Marketing => "Marketing",
        Topic::Feedback => "Feedback requests",
    };
    let basis = match it.basis {
        ConsentBasis::Unstated => None,
        ConsentBasis::OptIn => Some("Opt-in"),
        ConsentBasis::DoubleOptIn => Some("Double opt-in"),
        ConsentBasis::SoftOptIn => Some("Did not object when they bought"),
    };
    LedgerRow {
        at: it.at,
        topic: topic.to_owned(),
        state: it.state,
        basis: basis.map(str::to_owned),
        wording: it.wording.clone(),
        source: said_how(it).to_owned(),
    }
}

/// How something was said about mail.
fn said_how(consent: &Consent) -> &str {
    match consent.source.as_str() {
        "checkout" => "At checkout",
        "import" => "By an import",
        "one-click" => "By the link in an email",
        "preferences" => "On the page of choices",
        other => other,
    }
}

fn consent_words(consent: &Consent) -> (TimelineKind, Phrase, Phrase) {
    let topic = match consent.topic {
        Topic::Marketing => "marketing email",
        Topic::Feedback => "requests for a review",
    };
    let (kind, what) = match consent.state {
        ConsentState::Agreed => (TimelineKind::Consent, format!("Agreed to {topic}")),
        ConsentState::Withdrawn => {
            (TimelineKind::Unsubscribed, format!("Unsubscribed from {topic}"))
        }
    };
    let how = said_how(consent);
    let basis = match consent.basis {
        ConsentBasis::Unstated => "",
        ConsentBasis::OptIn => ", by opting in",
        ConsentBasis::DoubleOptIn => ", by opting in and confirming it",
        ConsentBasis::SoftOptIn => ", by not objecting when they bought",
    };
    let wording = consent.wording.as_deref().map(|it| format!(": “{it}”")).unwrap_or_default();
    (kind, Phrase::new(what), Phrase::new(format!("{how}{basis}{wording}")))
}

/// The first lines of an order with what each cost.
fn order_lines(lines: &[OrderLine], coupon: Option<&str>, read: &Read, layout: &Layout) -> String {
    const SHOWN: usize = 4;
    let line = |it: &OrderLine| {
        let count = if it.quantity > 1 { format!("{} × ", it.quantity) } else { String::new() };
        let amount = layout.currency.format(it.amount_minor);
        format!("{count}{} ({amount})", product_name(read, it.product))
    };
    let mut words: Vec<String> = lines.iter().take(SHOWN).map(line).collect();
    if lines.len() > SHOWN {
        words.push(format!("{} more", lines.len() - SHOWN));
    }
    if let Some(code) = coupon {
        words.push(format!("with code {code}"));
    }
    words.join(", ")
}

fn sent_words(entry: &TimelineEntry, read: &Read) -> Phrase {
    const SHOWN: usize = 3;
    let products = entry.message.iter().flat_map(|it| &it.products).take(SHOWN);
    let names: Vec<String> = products.map(|it| product_name(read, *it)).collect();
    let mut words = match entry.flow_name.as_deref() {
        Some(flow) => Phrase::new(format!("Of {flow}. ")),
        None => Phrase::default(),
    };
    if !names.is_empty() {
        words = words.plain(format!("It recommends {}. ", names.join(", ")));
    }
    match entry.letter {
        Some(letter) => words.link("Show the email", format!("/inbox/{letter}")),
        None => words,
    }
}
