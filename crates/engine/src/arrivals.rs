//! What arrives: what the doors took, knew already and refused, newest first.
//!
//! What was accepted stands in the log. The rest is told to [`Engine::record_arrival`], which only
//! remembers it; [`Engine::keep_arrivals`] writes what has gathered, once a second, so that a refusal
//! costs no commit and a flood of them no disk. What a crash takes was answered all the same.
//!
//! Nothing here names a person: a refusal says which field was wrong and not what stood in it.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    str::FromStr,
    sync::PoisonError,
};

use aftercart_ingest::{IncomingBody, segment_api::RejectReason};
use aftercart_model::{CustomerId, Event, EventBody, EventKind, Timestamp};
use aftercart_store::{Arrival, ArrivalOutcome};
use anyhow::Result;
use jiff::SignedDuration;
use serde::Serialize;

use crate::{Engine, Total, record_events::OURSELVES};

/// Arrivals that wait to be written. Beyond it the oldest go, as they do in the store.
const WAITING_MAX: usize = 1_000;
/// Of those who do not know the key, one in so long is told of each door: anybody can knock, and
/// what strangers send must not push out what the shop sent.
const STRANGERS_EVERY: SignedDuration = SignedDuration::from_secs(10);
/// The longest name or key that is kept.
const TEXT_CHARS_MAX: usize = 200;
/// The longest reason that is kept.
const REASON_CHARS_MAX: usize = 400;
/// The status of those who do not know the key.
const UNAUTHORIZED: u16 = 401;

/// What waits to be written, when a stranger was last told of at each door, and how many came.
#[derive(Default)]
pub(crate) struct WaitingArrivals {
    waiting: VecDeque<Arrival>,
    strangers: BTreeMap<String, Timestamp>,
    counted: BTreeMap<(String, ArrivedAs), u64>,
}

impl WaitingArrivals {
    fn count(&mut self, source: &str, outcome: ArrivedAs) {
        *self.counted.entry((source.to_owned(), outcome)).or_default() += 1;
    }
}

/// What became of something that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ArrivedAs {
    Accepted,
    Duplicate,
    Rejected,
    Ignored,
}

impl ArrivedAs {
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Duplicate, Self::Rejected, Self::Ignored];

    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Rejected => "rejected",
            Self::Ignored => "ignored",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// What is not accepted stands beside the log.
    fn beside(self) -> Option<ArrivalOutcome> {
        match self {
            Self::Accepted => None,
            Self::Duplicate => Some(ArrivalOutcome::Duplicate),
            Self::Rejected => Some(ArrivalOutcome::Rejected),
            Self::Ignored => Some(ArrivalOutcome::Ignored),
        }
    }
}

impl From<ArrivalOutcome> for ArrivedAs {
    fn from(outcome: ArrivalOutcome) -> Self {
        match outcome {
            ArrivalOutcome::Duplicate => Self::Duplicate,
            ArrivalOutcome::Rejected => Self::Rejected,
            ArrivalOutcome::Ignored => Self::Ignored,
        }
    }
}

/// Where something that came in stands: in the log, or beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrivalPlace {
    Log(u64),
    Beside(u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivalLine {
    pub place: ArrivalPlace,
    /// When it was received.
    pub at: Timestamp,
    pub source: String,
    /// The name of the event or the topic of the webhook; empty where it did not say.
    pub name: String,
    pub key: String,
    /// Of an accepted event that is about one.
    pub customer: Option<CustomerId>,
    pub outcome: ArrivedAs,
    pub status: u16,
    /// Why, and how to mend it; empty where there is nothing to say.
    pub reason: String,
}

/// A place between two arrivals: what is below both numbers is older.
///
/// Written as `120.7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrivalsBefore {
    pub log: u64,
    pub beside: u64,
}

impl ArrivalsBefore {
    /// After everything.
    pub const NEWEST: Self = Self { log: u64::MAX, beside: u64::MAX };

    /// Whether what stands at `place` is older.
    pub fn is_after(self, place: ArrivalPlace) -> bool {
        match place {
            ArrivalPlace::Log(seq) => seq < self.log,
            ArrivalPlace::Beside(id) => id < self.beside,
        }
    }
}

impl fmt::Display for ArrivalsBefore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.log, self.beside)
    }
}

/// The text is no place between arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a place between arrivals; write it as two numbers, such as 120.7")]
pub struct ArrivalsBeforeError;

impl FromStr for ArrivalsBefore {
    type Err = ArrivalsBeforeError;

    fn from_str(text: &str) -> Result<Self, ArrivalsBeforeError> {
        let (log, beside) = text.split_once('.').ok_or(ArrivalsBeforeError)?;
        let number = |it: &str| it.parse().map_err(|_| ArrivalsBeforeError);
        Ok(Self { log: number(log)?, beside: number(beside)? })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivalsPage {
    /// Newest first.
    pub lines: Vec<ArrivalLine>,
    /// Where older ones begin, while there may be some.
    pub older: Option<ArrivalsBefore>,
}

/// How much came within the last hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrivalCounts {
    pub accepted: Total,
    pub duplicate: u64,
    pub rejected: u64,
    pub ignored: u64,
}

/// What a refusal says without the value that was refused, which may be a person's.
pub fn reason_without_value(reason: &RejectReason) -> String {
    match reason {
        RejectReason::Invalid { field, remedy, .. } => {
            format!("`{field}` cannot be used; {remedy}")
        }
        other => other.to_string(),
    }
}

/// What an event is called where people read of it: `order placed`, or its own name.
pub fn event_name(body: &EventBody) -> String {
    match body {
        EventBody::Custom { name, .. } => name.clone(),
        other => kind_name(other.kind()).to_owned(),
    }
}

/// As [`event_name`], of an event that is not in the log.
pub fn incoming_name(body: &IncomingBody) -> String {
    let kind = match body {
        IncomingBody::Custom { name, .. } => return name.clone(),
        IncomingBody::Identified { .. } => EventKind::Identified,
        IncomingBody::ConsentGiven { .. } => EventKind::ConsentGiven,
        IncomingBody::SamePerson { .. } => EventKind::Merged,
        IncomingBody::ErasureAsked => EventKind::ErasureAsked,
        IncomingBody::ExportAsked => EventKind::ExportAsked,
        IncomingBody::OrderPlaced { .. } => EventKind::OrderPlaced,
        IncomingBody::OrderRevised { .. } => EventKind::OrderRevised,
        IncomingBody::OrderFulfilled { .. } => EventKind::OrderFulfilled,
        IncomingBody::OrderCancelled { .. } => EventKind::OrderCancelled,
        IncomingBody::OrderRefunded { .. } => EventKind::OrderRefunded,
        IncomingBody::ProductViewed { .. } => EventKind::ProductViewed,
        IncomingBody::CartAdded { .. } => EventKind::CartAdded,
        IncomingBody::CartRemoved { .. } => EventKind::CartRemoved,
        IncomingBody::CouponApplied { .. } => EventKind::CouponApplied,
        IncomingBody::CheckoutStarted { .. } => EventKind::CheckoutStarted,
        IncomingBody::ProductReviewed { .. } => EventKind::ProductReviewed,
        IncomingBody::ProductSaved { .. } => EventKind::ProductSaved,
        IncomingBody::ProductRemoved { .. } => EventKind::ProductRemoved,
        IncomingBody::StockCounted { .. } => EventKind::StockCounted,
    };
    kind_name(kind).to_owned()
}

fn kind_name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Identified => "customer identified",
        EventKind::ConsentGiven => "consent given",
        EventKind::Merged => "customers merged",
        EventKind::ErasureAsked => "erasure asked for",
        EventKind::ExportAsked => "export asked for",
        EventKind::Erased => "erased",
        EventKind::OrderPlaced => "order placed",
        EventKind::OrderCancelled => "order cancelled",
        EventKind::OrderRefunded => "order refunded",
        EventKind::OrderRevised => "order revised",
        EventKind::OrderFulfilled => "order fulfilled",
        EventKind::ProductViewed => "product viewed",
        EventKind::CartAdded => "put into the cart",
        EventKind::CheckoutStarted => "checkout started",
        EventKind::CartRemoved => "taken out of the cart",
        EventKind::CouponApplied => "coupon applied",
        EventKind::ProductReviewed => "product reviewed",
        EventKind::MessageSent => "message sent",
        EventKind::MessageDelivered => "message delivered",
        EventKind::MessageBounced => "message bounced",
        EventKind::MessageComplained => "message complained of",
        EventKind::MessageOpened => "message opened",
        EventKind::MessageClicked => "message clicked",
        EventKind::MessageDeferred => "message deferred",
        EventKind::MessageDropped => "message dropped",
        EventKind::Enrolled => "enrolled",
        EventKind::EnrolmentEnded => "enrolment ended",
        EventKind::SegmentEntered => "segment entered",
        EventKind::SegmentLeft => "segment left",
        EventKind::ProductSaved => "product saved",
        EventKind::ProductRemoved => "product removed",
        EventKind::StockCounted => "stock counted",
        EventKind::Custom => "event",
    }
}

impl Engine {
    /// Remembers something that came in and is not in the log by itself, until it is written. Waits
    /// for nothing.
    pub fn record_arrival(&self, arrival: Arrival) {
        let arrival = Arrival {
            name: nameless(&arrival.name, TEXT_CHARS_MAX),
            key: nameless(&arrival.key, TEXT_CHARS_MAX),
            reason: nameless(&arrival.reason, REASON_CHARS_MAX),
            ..arrival
        };
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.count(&arrival.source, arrival.outcome.into());
        if arrival.status == UNAUTHORIZED {
            let last = arrivals.strangers.insert(arrival.source.clone(), arrival.at);
            if let Some(last) = last
                && (SignedDuration::ZERO..STRANGERS_EVERY)
                    .contains(&arrival.at.duration_since(last))
            {
                arrivals.strangers.insert(arrival.source, last);
                return;
            }
        }
        if arrivals.waiting.len() == WAITING_MAX {
            arrivals.waiting.pop_front();
        }
        arrivals.waiting.push_back(arrival);
    }

    /// Counts an event that came in and is in the log; the others are counted as they are told of.
    pub fn count_accepted(&self, source: &str) {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.count(source, ArrivedAs::Accepted);
    }

    /// How many came in since the start, by source and by what became of them.
    pub fn count_arrived(&self) -> BTreeMap<(String, ArrivedAs), u64> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).counted.clone()
    }

    /// Writes what [`Engine::record_arrival`] was told of since the last time, in one commit.
    pub fn keep_arrivals(&self) -> Result<()> {
        let waiting = {
            let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut arrivals.waiting)
        };
        if waiting.is_empty() {
            return Ok(());
        }
        self.store().write(|tx| tx.keep_arrivals(&Vec::from(waiting)))
    }

    /// What came in before `before`, newest first, of one outcome if `outcome` says which. A page may
    /// hold fewer than `limit` and yet not be the last; then `older` says where to go on.
    pub fn view_arrivals(
        &self,
        before: ArrivalsBefore,
        limit: u32,
        outcome: Option<ArrivedAs>,
    ) -> Result<ArrivalsPage> {
        let wants_log = outcome.is_none_or(|it| it == ArrivedAs::Accepted);
        let beside = outcome.and_then(ArrivedAs::beside);
        let wants_beside = outcome.is_none() || beside.is_some();
        let (events, more_log, arrivals) = self.store().read(|tx| {
            let (events, more) = match wants_log {
                true => tx.newest_events(Some(before.log), OURSELVES, limit)?,
                false => (Vec::new(), None),
            };
            let arrivals = match wants_beside {
                true => tx.arrivals_page(Some(before.beside), beside, limit)?,
                false => Vec::new(),
            };
            Ok((events, more, arrivals))
        })?;
        let limit = usize::try_from(limit)?;
        let more_beside = arrivals.len() == limit;
        let from_log = events.into_iter().map(logged).collect();
        let from_beside = arrivals.into_iter().map(kept).collect();
        Ok(merged(from_log, more_log, from_beside, more_beside, before, limit))
    }

    /// The place after everything that has come so far.
    pub fn newest_arrivals(&self) -> Result<ArrivalsBefore> {
        self.store().read(|tx| {
            Ok(ArrivalsBefore { log: tx.log_head()? + 1, beside: tx.newest_arrival()? + 1 })
        })
    }

    /// How much came within the hour before `now`.
    pub fn count_arrivals(&self, now: Timestamp) -> Result<ArrivalCounts> {
        let since = now - SignedDuration::from_hours(1);
        self.store().read(|tx| {
            let accepted =
                Total::counted(|newest| tx.count_events_received(since, OURSELVES, newest))?;
            let beside = tx.count_arrivals_since(since)?;
            let count = |outcome| {
                beside.iter().find(|(of, _)| *of == outcome).map_or(0, |(_, count)| *count)
            };
            Ok(ArrivalCounts {
                accepted,
                duplicate: count(ArrivalOutcome::Duplicate),
                rejected: count(ArrivalOutcome::Rejected),
                ignored: count(ArrivalOutcome::Ignored),
            })
        })
    }
}

fn logged(event: Event) -> ArrivalLine {
    ArrivalLine {
        place: ArrivalPlace::Log(event.seq),
        at: event.received_at,
        source: event.key.source,
        name: nameless(&event_name(&event.body), TEXT_CHARS_MAX),
        key: nameless(&event.key.key, TEXT_CHARS_MAX),
        customer: event.customer,
        outcome: ArrivedAs::Accepted,
        status: 200,
        reason: String::new(),
    }
}

fn kept((id, it): (u64, Arrival)) -> ArrivalLine {
    ArrivalLine {
        place: ArrivalPlace::Beside(id),
        at: it.at,
        source: it.source,
        name: it.name,
        key: it.key,
        customer: None,
        outcome: it.outcome.into(),
        status: it.status,
        reason: it.reason,
    }
}

/// Two lists, each newest first, as one of at most `limit`; each keeps its own order, and the clock
/// decides between them.
fn merged(
    log: Vec<ArrivalLine>,
    more_log: Option<u64>,
    beside: Vec<ArrivalLine>,
    more_beside: bool,
    before: ArrivalsBefore,
    limit: usize,
) -> ArrivalsPage {
    let (mut log, mut beside) = (VecDeque::from(log), VecDeque::from(beside));
    let mut lines = Vec::with_capacity(limit);
    let mut older = before;
    while lines.len() < limit {
        let is_of_log = match (log.front(), beside.front()) {
            (Some(one), Some(other)) => one.at >= other.at,
            // What the log holds further back may be newer than what stands beside it.
            (None, Some(_)) if more_log.is_some() => break,
            (Some(_), None) if more_beside => break,
            (one, other) if one.is_none() && other.is_none() => break,
            (one, _) => one.is_some(),
        };
        let next = if is_of_log { log.pop_front() } else { beside.pop_front() };
        let Some(line) = next else { break };
        match line.place {
            ArrivalPlace::Log(seq) => older.log = seq,
            ArrivalPlace::Beside(id) => older.beside = id,
        }
        lines.push(line);
    }
    // All that was found of the log is shown, so the next page begins where the search ended.
    if log.is_empty()
        && let Some(seq) = more_log
    {
        older.log = older.log.min(seq);
    }
    let has_more = !log.is_empty() || !beside.is_empty() || more_log.is_some() || more_beside;
    ArrivalsPage { lines, older: has_more.then_some(older) }
}

/// `text` of at most so many characters, without the addresses in it: a sender may put one anywhere.
fn nameless(text: &str, chars_max: usize) -> String {
    let is_plain = !text.contains('@') || is_of_version(text);
    let clean = |it: &str| -> String {
        it.chars().take(chars_max).map(|c| if c.is_control() { ' ' } else { c }).collect()
    };
    if is_plain {
        return clean(text);
    }
    let words = text.split(' ').map(|it| match it.contains('@') && !is_of_version(it) {
        true => "(an address)",
        false => it,
    });
    clean(&words.collect::<Vec<_>>().join(" "))
}

/// Keys of our own have an `@` before an instant, as `product:7@1772366400000#…`, and addresses do
/// not: after theirs stands a host.
fn is_of_version(text: &str) -> bool {
    let mut parts = text.split('@');
    let first = parts.next().unwrap_or_default();
    first.contains(':')
        && parts.all(|it| it.starts_with(|c: char| c.is_ascii_digit()) && !it.contains('.'))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::scenarios::Scene;

    fn arrival(at: Timestamp, outcome: ArrivalOutcome, key: &str) -> Arrival {
        Arrival {
            at,
            source: "segment".to_owned(),
            name: "track".to_owned(),
            key: key.to_owned(),
            outcome,
            status: 200,
            reason: String::new(),
        }
    }

    fn seconds(seconds: i64) -> SignedDuration {
        SignedDuration::from_secs(seconds)
    }

    fn keys(page: &ArrivalsPage) -> Vec<&str> {
        page.lines.iter().map(|it| it.key.as_str()).collect()
    }

    #[test]
    fn what_came_is_seen_newest_first_with_what_became_of_it() {
        let mut scene = Scene::new();
        scene.join("ana");
        let now = scene.now();
        let order = scene.order_event("ana", "1001", &["dripper"], now);
        scene.record(&order);
        let engine = Arc::clone(&scene.engine);
        engine.record_arrival(arrival(now + seconds(2), ArrivalOutcome::Duplicate, "again"));
        engine.record_arrival(arrival(now - seconds(2), ArrivalOutcome::Rejected, "before"));
        let view = |outcome| engine.view_arrivals(ArrivalsBefore::NEWEST, 50, outcome).unwrap();
        assert!(!keys(&view(None)).contains(&"again"), "not written yet");
        engine.keep_arrivals().unwrap();
        engine.keep_arrivals().unwrap();

        let rejected = view(Some(ArrivedAs::Rejected));
        assert_eq!(keys(&rejected), ["before"]);
        assert_eq!(keys(&view(Some(ArrivedAs::Duplicate))), ["again"]);
        assert_eq!(keys(&view(Some(ArrivedAs::Ignored))), [""; 0]);
        let accepted = view(Some(ArrivedAs::Accepted));
        assert_eq!(accepted.lines[0].name, "order placed");
        assert_eq!(accepted.lines[0].key, order.key.key);
        assert_eq!(accepted.lines[0].customer, Some(scene.customer("ana")));
        assert_eq!(view(None).lines.len(), accepted.lines.len() + 2);

        let after = engine.newest_arrivals().unwrap();
        assert!(view(None).lines.iter().all(|it| after.is_after(it.place)));
        assert_eq!(engine.view_arrivals(after, 50, None).unwrap(), view(None));

        let counts = engine.count_arrivals(now + seconds(2)).unwrap();
        assert_eq!((counts.duplicate, counts.rejected, counts.ignored), (1, 1, 0));
        assert_eq!(counts.accepted, Total::Exactly(accepted.lines.len() as u64));
        let later = engine.count_arrivals(now + seconds(3_600)).unwrap();
        assert_eq!((later.duplicate, later.rejected), (1, 0), "within the hour");
    }

    #[test]
    fn a_flood_takes_neither_memory_nor_the_place_of_what_the_shop_sent() {
        let scene = Scene::new();
        let (engine, now) = (Arc::clone(&scene.engine), scene.now());
        for n in 0..WAITING_MAX + 5 {
            let key = n.to_string();
            engine.record_arrival(arrival(now, ArrivalOutcome::Rejected, &key));
        }
        for wait in [0, 1, 9, 10, 11] {
            let at = now + seconds(wait);
            let mut stranger = arrival(at, ArrivalOutcome::Rejected, &format!("after {wait}"));
            stranger.status = UNAUTHORIZED;
            engine.record_arrival(stranger);
        }
        engine.keep_arrivals().unwrap();
        let page = engine.view_arrivals(ArrivalsBefore::NEWEST, 5_000, Some(ArrivedAs::Rejected));
        let page = page.unwrap();
        assert_eq!(page.lines.len(), WAITING_MAX);
        assert_eq!(keys(&page)[..3], ["after 10", "after 0", "1004"], "a stranger in ten seconds");
        assert_eq!(keys(&page).last(), Some(&"7"), "the oldest went");
    }

    #[test]
    fn nothing_that_is_kept_names_a_person() {
        assert_eq!(nameless("ana@mail.example", 99), "(an address)");
        assert_eq!(
            nameless("signed up: ana@mail.example today", 99),
            "signed up: (an address) today"
        );
        assert_eq!(nameless("mailto:ana@mail.example", 99), "(an address)");
        assert_eq!(nameless("a:ana@9.example", 99), "(an address)");
        let ours = "product:7@1772366400000#00ff";
        assert_eq!(nameless(ours, 99), ours, "an instant is no host");
        assert_eq!(nameless("a\nline", 3), "a l", "one line, and no longer than that");
        let reason = RejectReason::Invalid {
            field: "traits.birthday".to_owned(),
            text: "the third of May".to_owned(),
            remedy: "write it as 1980-05-03".to_owned(),
        };
        assert_snapshot!(
            reason_without_value(&reason),
            @"`traits.birthday` cannot be used; write it as 1980-05-03"
        );
        let missing = RejectReason::Missing { field: "event".to_owned() };
        assert_snapshot!(reason_without_value(&missing), @"`event` is missing; give it");
    }

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let place = ArrivalsBefore { log: 120, beside: 7 };
        assert_eq!(place.to_string().parse(), Ok(place));
        for wrong in ["", "120", "120.", "120.x", "-1.7"] {
            assert_eq!(wrong.parse::<ArrivalsBefore>(), Err(ArrivalsBeforeError), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn pages_show_everything_once_whatever_their_size(
            log in proptest::collection::vec(0_i64..20, 0..12),
            beside in proptest::collection::vec(0_i64..20, 0..12),
            limit in 1_usize..6,
        ) {
            let line = |place, second| ArrivalLine {
                place,
                at: Timestamp::UNIX_EPOCH + seconds(second),
                source: String::new(),
                name: String::new(),
                key: String::new(),
                customer: None,
                outcome: ArrivedAs::Accepted,
                status: 200,
                reason: String::new(),
            };
            let numbered = |times: &[i64], place: fn(u64) -> ArrivalPlace| -> Vec<ArrivalLine> {
                let mut lines: Vec<_> =
                    (1..).zip(times).map(|(n, second)| line(place(n), *second)).collect();
                lines.reverse();
                lines
            };
            let (log, beside) = (numbered(&log, ArrivalPlace::Log), numbered(&beside, ArrivalPlace::Beside));
            let mut before = ArrivalsBefore::NEWEST;
            let mut shown = Vec::new();
            for _ in 0..30 {
                let of = |all: &[ArrivalLine]| -> Vec<ArrivalLine> {
                    all.iter().filter(|it| before.is_after(it.place)).take(limit).cloned().collect()
                };
                let (one, other) = (of(&log), of(&beside));
                let lowest = one.last().map_or(0, |it| match it.place {
                    ArrivalPlace::Log(seq) => seq,
                    ArrivalPlace::Beside(_) => 0,
                });
                let more_log = (one.len() == limit && lowest > 1).then_some(lowest);
                let is_full = other.len() == limit;
                let page = merged(one, more_log, other, is_full, before, limit);
                shown.extend(page.lines.into_iter().map(|it| it.place));
                match page.older {
                    Some(older) => before = older,
                    None => break,
                }
            }
            let mut all: Vec<String> =
                log.iter().chain(&beside).map(|it| format!("{:?}", it.place)).collect();
            let mut seen: Vec<String> = shown.iter().map(|it| format!("{it:?}")).collect();
            all.sort();
            seen.sort();
            prop_assert_eq!(seen, all);
        }
    }
}
