//! Questions about everybody: how many customers meet a condition, who they are, what each clause
//! leaves. Beside them, in files of their own, what is kept of segments.
//!
//! Every answer is one pass of the evaluator over the archive, which is brought up to the log first.

mod export;
mod follow;
mod keep;
mod lists;
mod manage;
mod view;

use std::sync::Arc;

use aftercart_archive::Archive;
use aftercart_model::{CustomerId, EmailName, FlowId, OrderId, SegmentId, Timestamp, Topic};
use aftercart_segment::{
    Condition, Known, KnownFacts, ParseConditionError, Segments, check, parse, parse_in,
};
use aftercart_store::Tx;
use anyhow::{Context, Result, anyhow};
use serde::Serialize;

use crate::{Engine, everybody::Everybody};

pub use export::{ExportFormat, ExportedMember};
pub(crate) use keep::{KeptIndex, has_acted};
pub use lists::{ListChanged, ListListing, ListMember};
pub(crate) use manage::shipped_segment;
pub use manage::{
    OVERLAP_SEGMENTS_MAX, Overlap, SegmentChange, SegmentListing, SegmentUse, SizeOfDay,
    all_segments, id_of_name,
};
pub use view::{ClauseWhy, SegmentAsked, SegmentView, SegmentWhy};

/// How many customers meet a condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SegmentCount {
    /// The condition as it was understood.
    pub condition: String,
    pub as_of: Timestamp,
    pub customers: u64,
    pub of_customers: u64,
    /// Of them, how many may be mailed offers.
    pub mailable: u64,
    pub without_consent: u64,
    pub suppressed: u64,
    pub without_address: u64,
    /// What is left after each clause that is joined by "and", in their order.
    pub clauses: Vec<ClauseCount>,
    /// What is wrong with the condition itself, such as a clause that is never true.
    pub findings: Vec<String>,
    /// When the newest event was of those that conditions ask about; an old one explains an empty
    /// answer.
    pub newest_event_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClauseCount {
    pub clause: String,
    pub left: u64,
    pub removed: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SegmentMember {
    pub customer: CustomerId,
    /// The shop's own id, else our number.
    pub id: String,
    pub name: String,
    pub email: Option<String>,
    pub country: Option<String>,
    pub last_order: Option<OrderId>,
    pub last_order_at: Option<Timestamp>,
    pub last_order_minor: Option<i64>,
}

/// What everybody was asked, as of one moment.
pub(crate) struct Answers {
    pub everybody: Arc<Everybody>,
    /// Who meets each condition, in ascending order.
    pub members: Vec<Vec<CustomerId>>,
    pub newest_at: Option<Timestamp>,
}

impl Engine {
    /// The condition in words, or of the stored segment of that name.
    pub fn condition(&self, words: &str) -> Result<Condition> {
        if let Ok(id) = SegmentId::new(words) {
            let stored = self.store().read(|tx| tx.segments())?;
            if let Some(segment) = stored.into_iter().find(|it| it.id == id) {
                let stored = self.read_condition(&segment.condition);
                return stored.with_context(|| format!("the condition of segment `{id}`"));
            }
            if words == UPSELL_SEGMENT_ID {
                return Ok(parse(aftercart_segment::UPSELL_SEGMENT)?);
            }
            let unknown = |_| anyhow!(manage::no_such_segment(&id));
            return self.read_condition(words).map_err(unknown);
        }
        Ok(self.read_condition(words)?)
    }

    /// A condition in words, its amounts in the shop's currency.
    pub fn read_condition(&self, words: &str) -> Result<Condition, ParseConditionError> {
        parse_in(words, self.shop().currency)
    }

    /// Refuses a condition that names another currency than the shop's.
    fn refuse_currency(&self, condition: &Condition) -> Result<()> {
        self.read_condition(&condition.to_string())
            .map(drop)
            .with_context(|| format!("the condition `{condition}`"))
    }

    pub fn count_segment(&self, condition: &Condition, now: Timestamp) -> Result<SegmentCount> {
        self.refuse_currency(condition)?;
        let clauses = clauses_of(condition);
        let mut asked: Vec<&Condition> = vec![condition];
        asked.extend(clauses.iter());
        self.counted(condition, &clauses, &self.ask_everybody(&asked, now)?, now)
    }

    /// What is told of a count. The first answer is the condition's; those of its clauses follow, in
    /// their order.
    fn counted(
        &self,
        condition: &Condition,
        clauses: &[Condition],
        answers: &Answers,
        now: Timestamp,
    ) -> Result<SegmentCount> {
        let Answers { everybody, members: answers, newest_at } = answers;
        let members = &answers[0];
        let mut count = SegmentCount {
            condition: condition.to_string(),
            as_of: now,
            customers: members.len() as u64,
            of_customers: everybody.len() as u64,
            mailable: 0,
            without_consent: 0,
            suppressed: 0,
            without_address: 0,
            clauses: Vec::new(),
            findings: self.condition_findings(condition, everybody, now)?,
            newest_event_at: *newest_at,
        };
        for member in members {
            let facts = everybody.facts(*member).context("a member nobody knows")?;
            if !facts.has_email {
                count.without_address += 1;
            } else if facts.is_suppressed() {
                count.suppressed += 1;
            } else if !facts.agreed_to(Topic::Marketing) {
                count.without_consent += 1;
            } else {
                count.mailable += 1;
            }
        }
        let mut left = count.of_customers;
        let mut kept: Option<Vec<CustomerId>> = None;
        for (clause, met) in clauses.iter().zip(&answers[1..]) {
            let both = match kept {
                None => met.clone(),
                Some(kept) => kept.into_iter().filter(|it| met.binary_search(it).is_ok()).collect(),
            };
            let now_left = both.len() as u64;
            count.clauses.push(ClauseCount {
                clause: clause.to_string(),
                left: now_left,
                removed: left - now_left,
            });
            left = now_left;
            kept = Some(both);
        }
        Ok(count)
    }

    fn condition_findings(
        &self,
        condition: &Condition,
        everybody: &Everybody,
        now: Timestamp,
    ) -> Result<Vec<String>> {
        let known = self.known()?;
        let archive = self.warm_archive()?;
        let (segments, lists, emails) = self.store().read(|tx| {
            let lists = tx.lists()?.into_iter().flat_map(|it| [it.name, it.id.to_string()]);
            let segments = asked_segments(tx, &[condition])?;
            Ok((segments, lists.collect::<Vec<_>>(), self.emails_of_flows(tx)?))
        })?;
        let facts = KnownFacts::asked(condition, everybody.all_facts());
        let model = known.shop_model.as_ref();
        let shop = Known {
            segments: &segments,
            names: Some(archive.names()),
            lists: Some(&lists),
            emails: &emails,
            facts: Some(&facts),
            has_predictions: model.is_some_and(|it| it.bg_nbd.is_some()),
            has_scores: model.is_some_and(|it| it.rfm.is_some()),
            has_intervals: known.relations.has_intervals(),
            now: Some(now),
            ..Known::new(&known.catalogue)
        };
        let found = check(condition, &shop);
        Ok(found.into_iter().map(|it| format!("{}: {}", it.clause, it.text)).collect())
    }

    /// What the shop's flows send, whether or not it was sent yet.
    fn emails_of_flows(&self, tx: &mut Tx<'_>) -> Result<Vec<EmailName>> {
        let mut emails = Vec::new();
        for stored in tx.flows()? {
            let flow = self.flow_version(tx, &stored.id, stored.version)?;
            let email = |step: &aftercart_flow::Step| EmailName {
                flow: stored.id.clone(),
                step: step.id.clone(),
            };
            emails.extend(flow.sends().map(|(step, _)| email(step)));
        }
        Ok(emails)
    }

    pub fn list_segment(
        &self,
        condition: &Condition,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<SegmentMember>> {
        self.refuse_currency(condition)?;
        let members = self.members_of(condition, now)?;
        self.store().read(|tx| {
            let members = members.into_iter().take(limit);
            members.map(|id| segment_member(tx, id, now)).collect()
        })
    }

    /// Everybody who meets a condition, in ascending order.
    pub(crate) fn members_of(
        &self,
        condition: &Condition,
        now: Timestamp,
    ) -> Result<Vec<CustomerId>> {
        Ok(self.ask_everybody(&[condition], now)?.members.remove(0))
    }

    /// Brings the archive up to the log and asks everybody.
    pub(crate) fn ask_everybody(
        &self,
        conditions: &[&Condition],
        now: Timestamp,
    ) -> Result<Answers> {
        let known = self.known()?;
        let mut archive = self.warm_archive()?;
        let is_held = self.store().is_held_here();
        let (everybody, segments) = self.store().read(|tx| {
            catch_up(&mut archive, tx)?;
            let segments = asked_segments(tx, conditions)?;
            Ok((self.everybody(tx, is_held)?, segments))
        })?;
        let zone = self.shop().zone();
        let candidates = everybody.candidates(&zone);
        let members = archive.scan(conditions, &candidates, known.shop(&segments), now);
        Ok(Answers { everybody: Arc::clone(&everybody), members, newest_at: archive.newest_at() })
    }

    /// Which flows a segment triggers.
    pub fn flows_of_segment(&self, segment: &SegmentId) -> Result<Vec<FlowId>> {
        self.store().read(|tx| {
            let mut flows = Vec::new();
            for stored in tx.flows()? {
                let flow = self.flow_version(tx, &stored.id, stored.version)?;
                if flow.is_triggered_by_segment(segment) {
                    flows.push(stored.id);
                }
            }
            Ok(flows)
        })
    }
}

/// The customer that the shop's id, an address or our number names.
pub(crate) fn named_customer(tx: &mut Tx<'_>, named: &str) -> Result<Option<CustomerId>> {
    let named = named.trim();
    let found = match crate::recommend_products::find_customer(tx, named)? {
        Some(found) => Some(found),
        None => named.parse().ok(),
    };
    let Some(found) = found else { return Ok(None) };
    let root = tx.root_of(found)?;
    Ok(tx.customer(root)?.map(|it| it.id))
}

/// The conditions of the shop's segments by id and by name, if one of `conditions` names any.
pub(crate) fn asked_segments(tx: &mut Tx<'_>, conditions: &[&Condition]) -> Result<Segments> {
    let mut named = Vec::new();
    if conditions.iter().any(|it| it.asks_of_segments()) {
        for segment in tx.segments()? {
            let condition = parse(&segment.condition).context("a stored condition")?;
            named.push((segment.name, condition.clone()));
            named.push((segment.id.to_string(), condition));
        }
    }
    Ok(Segments::new(named))
}

/// The name of the shipped segment, which can be asked before it is stored.
pub(crate) const UPSELL_SEGMENT_ID: &str = "upsell";

/// How many events the archive takes at a time: bounds the copy in memory.
const CATCH_UP_BATCH: usize = 4_096;

/// Reads what the archive lacks from the log.
pub(crate) fn catch_up(archive: &mut Archive, tx: &mut Tx<'_>) -> Result<()> {
    let mut batch = Vec::with_capacity(CATCH_UP_BATCH);
    let after = archive.through();
    tx.scan_events(after, &mut |event| {
        batch.push(event);
        if batch.len() == CATCH_UP_BATCH {
            archive.append(&batch);
            batch.clear();
        }
        Ok(())
    })?;
    archive.append(&batch);
    Ok(())
}

fn segment_member(tx: &mut Tx<'_>, id: CustomerId, now: Timestamp) -> Result<SegmentMember> {
    let customer = tx.customer(id)?.context("a member nobody knows")?;
    let orders = tx.orders_of(id)?;
    let last = orders.iter().rfind(|it| it.is_purchase() && it.placed_at <= now);
    Ok(SegmentMember {
        customer: id,
        id: tx.external_id_of(id)?.unwrap_or_else(|| id.to_string()),
        name: format!("{} {}", customer.name.given, customer.name.family).trim().to_owned(),
        email: customer.email.map(String::from),
        country: customer.country,
        last_order: last.map(|it| it.id.clone()),
        last_order_at: last.map(|it| it.placed_at),
        last_order_minor: last.map(|it| it.total_minor),
    })
}

/// The clauses of a condition that all have to hold; the condition itself if it is of one piece.
fn clauses_of(condition: &Condition) -> Vec<Condition> {
    match condition {
        Condition::All(parts) => parts.clone(),
        one => vec![one.clone()],
    }
}
