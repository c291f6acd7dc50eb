//! Who is in the segments that flows start from, kept up: with every event, and as time passes.
//!
//! After each accepted event its customer is asked the conditions of the segments in use, see `follow`.
//! Entering and leaving are events of the log, told once, and may enrol. Where time alone
//! changes an answer, the customer is asked again at that moment; for what neither finds (the catalogue
//! changed, the recommendations were learned anew, history was imported), everybody is asked once a
//! day. Whoever asks, the customer's own rows decide: the pass over everybody only names those to look
//! at.
//!
//! To be *taken up* is not to enter. Who meets a condition when its flow goes live, or when the rule
//! is changed, is in the segment from then on and starts nothing.

use std::{
    collections::BTreeSet,
    sync::{Arc, Weak},
};

use aftercart_model::{Customer, CustomerId, Event, EventBody, SegmentId, Timestamp};
use aftercart_segment::{
    Condition, ConditionIndex, Evaluator, HistoryBuffer, Segments, Subject, parse,
};
use aftercart_store::{FlowState, KeptSegment, Standing, Tx};
use anyhow::{Context, Result};
use jiff::SignedDuration;
use tracing::warn;

use crate::{
    Engine, Known,
    advance_enrolments::{Running, customer_facts},
    segments::asked_segments,
    work::HISTORY_IS_NEW,
};

/// How many customers one transaction asks or takes up: events get in between.
const BATCH: usize = 500;

/// Everybody is asked once a day; who changes by time before the next time is asked then.
const FORESIGHT: SignedDuration = SignedDuration::from_hours(26);

/// The index over the conditions of kept segments.
pub(crate) struct KeptIndex {
    written: Vec<String>,
    /// What was known of the shop when it was made.
    known: Weak<Known>,
    index: Arc<ConditionIndex>,
}

impl KeptIndex {
    fn is_of(&self, written: &[&str], known: &Arc<Known>) -> bool {
        self.written == written && std::ptr::eq(self.known.as_ptr(), Arc::as_ptr(known))
    }
}

/// A customer's answer to one condition.
struct Asked {
    is_met: bool,
    /// When time alone is to be asked again.
    due_at: Option<Timestamp>,
}

/// How a customer stands to segments.
struct Stands<'s> {
    root: CustomerId,
    events: Vec<Event>,
    turned: Vec<Turned<'s>>,
}

/// How a customer stood to a segment, and stands to it now.
struct Turned<'s> {
    segment: &'s SegmentId,
    before: Option<Standing>,
    after: Option<Standing>,
}

fn is_member(standing: Option<Standing>) -> bool {
    standing.is_some_and(|it| it.is_member)
}

impl Engine {
    /// Asks a customer all segments in use. Says how many flows it enrolled them in.
    pub(crate) fn follow_segments(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<u64> {
        let kept = tx.kept_segments()?;
        let all: Vec<&KeptSegment> = kept.iter().collect();
        self.follow_some(tx, customer, &all, now)
    }

    /// Whether asking would change how a customer stands to these segments.
    pub(super) fn is_moved(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        segments: &[&KeptSegment],
        now: Timestamp,
    ) -> Result<bool> {
        let Some(stands) = self.stands(tx, customer, segments, now)? else { return Ok(false) };
        Ok(stands.turned.iter().any(|it| it.before != it.after))
    }

    fn follow_some(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        segments: &[&KeptSegment],
        now: Timestamp,
    ) -> Result<u64> {
        let Some(Stands { root, events, turned }) = self.stands(tx, customer, segments, now)?
        else {
            return Ok(0);
        };
        let mut enrolled = 0;
        for Turned { segment, before, after } in turned {
            if after != before {
                tx.set_standing(root, segment, after.as_ref())?;
            }
            let (was, is) = (is_member(before), is_member(after));
            if was != is {
                enrolled += self.turn(tx, root, segment, is, &events, now)?;
            }
        }
        Ok(enrolled)
    }

    /// How a customer stood to segments and stands to them now; `None` where there is nobody or
    /// nothing to ask.
    fn stands<'s>(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        segments: &[&'s KeptSegment],
        now: Timestamp,
    ) -> Result<Option<Stands<'s>>> {
        if segments.is_empty() {
            return Ok(None);
        }
        let root = tx.root_of(customer)?;
        let Some(known) = tx.customer(root)? else { return Ok(None) };
        let events = tx.events_of(root)?;
        let standings = tx.standings_of(root)?;
        let conditions: Vec<Arc<Condition>> =
            segments.iter().map(|it| self.parsed(&it.condition)).collect::<Result<_>>()?;
        let answers = self.answers(tx, &conditions, &known, &events, now)?;
        let turned = segments.iter().zip(answers).map(|(segment, asked)| {
            let before = standings.iter().find(|(id, _)| *id == segment.id).map(|(_, it)| *it);
            let stays = is_member(before) == asked.is_met;
            let since = before.filter(|_| stays).map_or(now, |it| it.since);
            let after = Standing { is_member: asked.is_met, since, due_at: asked.due_at };
            let after = (after.is_member || after.due_at.is_some()).then_some(after);
            Turned { segment: &segment.id, before, after }
        });
        let turned = turned.collect();
        Ok(Some(Stands { root, events, turned }))
    }

    /// One customer's answers to many conditions.
    fn answers(
        &self,
        tx: &mut Tx<'_>,
        conditions: &[Arc<Condition>],
        customer: &Customer,
        events: &[Event],
        now: Timestamp,
    ) -> Result<Vec<Asked>> {
        let buffer = HistoryBuffer::of(events);
        let asked: Vec<&Condition> = conditions.iter().map(|it| &**it).collect();
        self.with_subject(tx, &asked, customer, &buffer, |subject| {
            let evaluator = Evaluator::new(subject, now);
            let answer = |condition: &Arc<Condition>| {
                let bound = evaluator.bind(condition);
                let due_at = evaluator.holds_until(&bound).filter(|it| now < *it);
                Asked { is_met: evaluator.meets(&bound), due_at }
            };
            conditions.iter().map(answer).collect()
        })
    }

    /// Asks `conditions` of a customer with all that is known of them and of the shop.
    pub(crate) fn with_subject<T>(
        &self,
        tx: &mut Tx<'_>,
        conditions: &[&Condition],
        customer: &Customer,
        history: &HistoryBuffer,
        ask: impl FnOnce(&Subject<'_>) -> T,
    ) -> Result<T> {
        let known = self.known_in(tx)?;
        let (facts, zone) = (customer_facts(tx, customer)?, self.zone_of(customer));
        let segments = asked_segments(tx, conditions)?;
        Ok(ask(&Subject::new(history.as_history(), &facts, &zone, known.shop(&segments))))
    }

    /// From an event to the kept segments that it can change, made anew when these or the catalogue are
    /// others. `None` where one asks for another segment, whose rule may change at any time: then all
    /// are asked.
    pub(super) fn kept_index(
        &self,
        tx: &mut Tx<'_>,
        kept: &[KeptSegment],
    ) -> Result<Option<Arc<ConditionIndex>>> {
        let known = self.known_in(tx)?;
        let written: Vec<&str> = kept.iter().map(|it| it.condition.as_str()).collect();
        if let Some(index) = self.kept_index.read().expect("no panic while held").as_ref()
            && index.is_of(&written, &known)
        {
            return Ok(Some(Arc::clone(&index.index)));
        }
        let conditions: Vec<Arc<Condition>> =
            kept.iter().map(|it| self.parsed(&it.condition)).collect::<Result<_>>()?;
        if conditions.iter().any(|it| it.asks_of_segments()) {
            return Ok(None);
        }
        let asked = conditions.iter().map(|it| &**it);
        let index = Arc::new(ConditionIndex::new(asked, &known.catalogue, Segments::none()));
        let kept = KeptIndex {
            written: written.into_iter().map(str::to_owned).collect(),
            known: Arc::downgrade(&known),
            index: Arc::clone(&index),
        };
        *self.kept_index.write().expect("no panic while held") = Some(kept);
        Ok(Some(index))
    }

    /// Tells the log that a customer entered or left, and lets flows start from it.
    fn turn(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        segment: &SegmentId,
        has_entered: bool,
        events: &[Event],
        now: Timestamp,
    ) -> Result<u64> {
        let (word, body) = match has_entered {
            true => ("entered", EventBody::SegmentEntered { segment: segment.clone() }),
            false => ("left", EventBody::SegmentLeft { segment: segment.clone() }),
        };
        let key = format!("{word}:{segment}/{customer}@{}", now.as_millisecond());
        self.note(tx, key, customer, now, body)?;
        let orders = tx.orders_of(customer)?;
        let last = orders.iter().rfind(|it| it.is_purchase() && it.placed_at <= now);
        let mut enrolled = 0;
        for stored in tx.flows()?.into_iter().filter(|it| it.state == FlowState::Live) {
            let flow = self.flow_version(tx, &stored.id, stored.version)?;
            let starts = match has_entered {
                true => flow.is_triggered_by_segment(segment),
                false => flow.is_triggered_by_leaving(segment),
            };
            // Nobody is enrolled by time passing over what was imported.
            if starts && has_acted(events, stored.live_since) {
                let running = Running { version: stored.version, flow };
                let entry = self.enrol(tx, &running, customer, last, now, 0)?;
                enrolled += u64::from(entry.is_some());
            }
        }
        Ok(enrolled)
    }

    /// Asks those of whom time alone may have changed an answer. Says how many were enrolled.
    pub(crate) fn follow_time(&self, now: Timestamp) -> Result<u64> {
        let (mut enrolled, mut before) = (0, Vec::new());
        loop {
            let due = self.store().read(|tx| tx.due_standings(now, BATCH as u32))?;
            if due.is_empty() {
                return Ok(enrolled);
            }
            if due == before {
                // Asking them settles nothing; the pass of the day looks at them again.
                let count = self.store().write(|tx| tx.forget_due_standings(now))?;
                warn!("{count} standings stayed due after their customers were asked");
                return Ok(enrolled);
            }
            enrolled += self.follow_many(&due, now)?;
            before = due;
        }
    }

    pub(crate) fn follow_many(&self, customers: &[CustomerId], now: Timestamp) -> Result<u64> {
        let mut enrolled = 0;
        for batch in customers.chunks(BATCH) {
            enrolled += self.store().write(|tx| {
                let mut enrolled = 0;
                for customer in batch {
                    tx.lock_customer(*customer)?;
                    enrolled += self.follow_segments(tx, *customer, now)?;
                }
                Ok(enrolled)
            })?;
        }
        Ok(enrolled)
    }

    /// Once a day: takes up the segments that flows start from by now, lets go of the others, asks
    /// everybody, and notes how many are in each segment. Says how many were enrolled.
    pub fn refresh_segments(&self, now: Timestamp) -> Result<u64> {
        self.store().write(|tx| match tx.setting(HISTORY_IS_NEW)? {
            Some(it) if !it.is_empty() => tx.set_setting(HISTORY_IS_NEW, ""),
            _ => Ok(()),
        })?;
        self.begin_to_follow()?;
        let used = self.used_segments()?;
        let kept = self.store().read(|tx| Ok(tx.kept_segments()?.to_vec()))?;
        for segment in kept.iter().filter(|it| !used.iter().any(|used| used.id == it.id)) {
            self.store().write(|tx| tx.stop_keeping(&segment.id))?;
        }
        let mut enrolled = 0;
        for segment in used {
            match kept.iter().find(|it| it.id == segment.id) {
                Some(before) if before.condition == segment.condition => {
                    enrolled += self.ask_all_of(before, now)?;
                }
                _ => self.take_up(&segment.id, &segment.condition, now)?,
            }
        }
        self.note_sizes(now)?;
        Ok(enrolled)
    }

    /// The segments that live and paused flows start from.
    fn used_segments(&self) -> Result<Vec<aftercart_store::StoredSegment>> {
        self.store().read(|tx| {
            let mut flows = Vec::new();
            for stored in tx.flows()? {
                if matches!(stored.state, FlowState::Live | FlowState::Paused) {
                    flows.push(self.flow_version(tx, &stored.id, stored.version)?);
                }
            }
            let mut segments = tx.segments()?;
            segments.retain(|it| flows.iter().any(|flow| flow.is_started_by(&it.id)));
            Ok(segments)
        })
    }

    /// Notes who is in a segment, so that only those who enter later count.
    pub(crate) fn take_up(&self, id: &SegmentId, condition: &str, now: Timestamp) -> Result<()> {
        let asked = self.parsed(condition)?;
        let members: BTreeSet<CustomerId> = self.members_of(&asked, now)?.into_iter().collect();
        let later = self.members_of(&asked, now + FORESIGHT)?.into_iter().collect();
        let turning: Vec<CustomerId> = members.symmetric_difference(&later).copied().collect();
        self.store().write(|tx| tx.stop_keeping(id))?;
        let standing = Standing { is_member: true, since: now, due_at: None };
        let all: Vec<CustomerId> = members.iter().copied().collect();
        for batch in all.chunks(BATCH) {
            self.store().write(|tx| {
                batch.iter().try_for_each(|it| tx.set_standing(*it, id, Some(&standing)))
            })?;
        }
        for batch in turning.chunks(BATCH) {
            self.store().write(|tx| self.note_turning(tx, id, &asked, batch, &members, now))?;
        }
        let kept = KeptSegment { id: id.clone(), condition: condition.to_owned(), since: now };
        self.store().write(|tx| tx.keep_segment(&kept))
    }

    /// Notes when time alone changes the answers of customers who are taken up.
    fn note_turning(
        &self,
        tx: &mut Tx<'_>,
        id: &SegmentId,
        condition: &Arc<Condition>,
        customers: &[CustomerId],
        members: &BTreeSet<CustomerId>,
        now: Timestamp,
    ) -> Result<()> {
        for customer in customers {
            let Some(known) = tx.customer(*customer)? else { continue };
            let events = tx.events_of(*customer)?;
            let asked = self.answers(tx, std::slice::from_ref(condition), &known, &events, now)?;
            let due_at = asked[0].due_at;
            let standing = Standing { is_member: members.contains(customer), since: now, due_at };
            tx.set_standing(*customer, id, Some(&standing))?;
        }
        Ok(())
    }

    /// Looks at those of whom everybody's archive says otherwise than is kept, and at those whom time
    /// will change before the next pass.
    fn ask_all_of(&self, kept: &KeptSegment, now: Timestamp) -> Result<u64> {
        let condition = self.parsed(&kept.condition)?;
        let found: BTreeSet<CustomerId> = self.members_of(&condition, now)?.into_iter().collect();
        let later: BTreeSet<CustomerId> =
            self.members_of(&condition, now + FORESIGHT)?.into_iter().collect();
        let before: BTreeSet<CustomerId> =
            self.store().read(|tx| tx.members(&kept.id))?.into_iter().collect();
        let mut named: BTreeSet<CustomerId> =
            found.symmetric_difference(&before).copied().collect();
        named.extend(found.symmetric_difference(&later));
        let named: Vec<CustomerId> = named.into_iter().collect();
        self.follow_many(&named, now)
    }

    /// Notes how many are in each segment today, in the shop's zone.
    fn note_sizes(&self, now: Timestamp) -> Result<()> {
        let segments = self.store().read(|tx| tx.segments())?;
        let conditions: Vec<Arc<Condition>> =
            segments.iter().map(|it| self.parsed(&it.condition)).collect::<Result<_>>()?;
        let asked: Vec<&Condition> = conditions.iter().map(|it| &**it).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let answers = self.ask_everybody(&asked, now)?.members;
        let day = self.shop().zone().to_datetime(now).date().to_string();
        self.store().write(|tx| {
            for (segment, members) in segments.iter().zip(&answers) {
                // Deleted while everybody was asked.
                if tx.segment(&segment.id)?.is_some() {
                    tx.note_size(&segment.id, &day, members.len() as u64)?;
                }
            }
            Ok(())
        })
    }

    /// A condition in its written form, parsed once.
    pub(crate) fn parsed(&self, text: &str) -> Result<Arc<Condition>> {
        if let Some(condition) = self.conditions.read().expect("no panic while held").get(text) {
            return Ok(Arc::clone(condition));
        }
        let condition = Arc::new(parse(text).context("a stored condition")?);
        let mut conditions = self.conditions.write().expect("no panic while held");
        if conditions.len() >= CONDITIONS_KEPT_MAX {
            conditions.clear();
        }
        conditions.insert(text.to_owned(), Arc::clone(&condition));
        Ok(condition)
    }
}

/// More stored conditions than any shop has; drafts that were edited since make room.
const CONDITIONS_KEPT_MAX: usize = 4_096;

/// Whether a customer did something themselves since a flow went live.
pub(crate) fn has_acted(events: &[Event], since: Option<Timestamp>) -> bool {
    use aftercart_model::Agent;

    let Some(since) = since else { return false };
    let is_act = |body: &EventBody| {
        matches!(
            body,
            EventBody::OrderPlaced { .. }
                | EventBody::ProductViewed { .. }
                | EventBody::CartAdded { .. }
                | EventBody::CheckoutStarted { .. }
                | EventBody::MessageClicked { agent: Agent::Human, .. }
        )
    };
    events.iter().any(|it| since <= it.at && is_act(&it.body))
}
