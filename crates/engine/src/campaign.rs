//! From a sentence to a campaign that runs: proposed, shown with its effect, accepted as a draft,
//! launched. Each of the last two is an operator's act.

use aftercart_assist::{Proposal, ShopFacts, plan};
use aftercart_flow::{Flow, Replay};
use aftercart_model::{
    Coupon, CouponOffer, CouponState, FlowId, PoolId, SegmentId, TemplateId, Timestamp,
};
use aftercart_store::{FlowState, StoredSegment, Tx};
use anyhow::{Context, Result, bail};
use jiff::ToSpan;
use serde::Serialize;

use crate::{
    Engine, SegmentCount,
    plan_message::categories_setting,
    segments::{UPSELL_SEGMENT_ID, shipped_segment},
};

/// Codes made for a pool that has none when its flow is launched.
const POOL_CODES: u64 = 10_000;
/// How far back a proposal is replayed.
const REPLAY_DAYS: i64 = 60;
/// Letters and digits that nobody mistakes for one another.
const CODE_ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH: usize = 6;

/// A proposal with what it would do.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignProposal {
    pub id: i64,
    /// `open`, `accepted` or `discarded`.
    pub state: String,
    pub proposal: Proposal,
    /// Who is in the segment now.
    pub who: SegmentCount,
    pub replay: Replay,
    /// What the checks found, in words; empty when all is well.
    pub findings: Vec<String>,
}

/// What an accepted proposal became; nothing of it is live yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Accepted {
    pub flow: FlowId,
    pub segment: SegmentId,
    pub templates: Vec<TemplateId>,
}

impl Engine {
    /// Drafts a campaign from a sentence and keeps the proposal.
    pub fn propose_campaign(&self, sentence: &str, now: Timestamp) -> Result<CampaignProposal> {
        let known = self.known()?;
        let proposal = plan(sentence, &ShopFacts::new(self.shop(), &known.products))?;
        let document = serde_json::to_string(&proposal)?;
        let id = self.store().write(|tx| tx.save_proposal(sentence, &document, now))?;
        self.with_effect(id, "open".to_owned(), proposal, now)
    }

    pub fn campaign_proposal(&self, id: i64, now: Timestamp) -> Result<Option<CampaignProposal>> {
        let Some(stored) = self.store().read(|tx| tx.proposal(id))? else { return Ok(None) };
        let proposal = serde_json::from_str(&stored.document).context("a stored proposal")?;
        self.with_effect(id, stored.state, proposal, now).map(Some)
    }

    /// What a proposal would touch and do: count, replay, checks.
    fn with_effect(
        &self,
        id: i64,
        state: String,
        proposal: Proposal,
        now: Timestamp,
    ) -> Result<CampaignProposal> {
        let campaign = &proposal.campaign;
        let who = self.count_segment(&campaign.segment.condition, now)?;
        let today = self.shop().zone().to_datetime(now).date();
        let from = today.saturating_sub(REPLAY_DAYS.days());
        let replay = self.replay_definition(&campaign.flow, from, today)?;
        let mut findings: Vec<String> =
            aftercart_flow::lint(&campaign.flow).into_iter().map(|it| it.text).collect();
        for email in &campaign.emails {
            let found = aftercart_email::lint(&email.document, self.brand());
            findings.extend(found.iter().map(|it| format!("{}: {it}", email.template)));
        }
        Ok(CampaignProposal { id, state, proposal, who, replay, findings })
    }

    /// Keeps a proposal's segment, emails and flow as drafts.
    pub fn accept_proposal(&self, id: i64, now: Timestamp) -> Result<Accepted> {
        let accepted = self.store().write(|tx| {
            let stored = tx.proposal(id)?.context("there is no such proposal")?;
            if stored.state != "open" {
                bail!("this proposal is {} already", stored.state);
            }
            let proposal: Proposal = serde_json::from_str(&stored.document)?;
            let campaign = proposal.campaign;
            let segment = StoredSegment {
                id: campaign.segment.id.clone(),
                name: campaign.segment.name.clone(),
                condition: campaign.segment.condition.to_string(),
            };
            tx.save_segment(&segment, now)?;
            for email in &campaign.emails {
                tx.save_template(&email.template, &email.document.to_yaml(), now)?;
            }
            let flow = campaign.flow.id().clone();
            tx.save_flow(&flow, &campaign.flow.to_yaml(), now)?;
            for next in flows_moved_to(&campaign.flow) {
                save_shipped(tx, &next, now)?;
            }
            if !campaign.recommend_categories.is_empty() {
                let categories = serde_json::to_string(&campaign.recommend_categories)?;
                tx.set_setting(&categories_setting(&flow), &categories)?;
            }
            tx.set_proposal_state(id, "accepted")?;
            Ok(Accepted {
                flow,
                segment: segment.id,
                templates: campaign.emails.into_iter().map(|it| it.template).collect(),
            })
        })?;
        Ok(accepted)
    }

    pub fn discard_proposal(&self, id: i64) -> Result<()> {
        self.store().write(|tx| tx.set_proposal_state(id, "discarded"))
    }

    /// Launches a flow with all it needs: the flows it moves customers to, codes for its coupon.
    ///
    /// Who is in a segment that triggers it is noted, not enrolled: a trigger is *entering* the
    /// segment from now on. A paused flow is resumed.
    pub fn launch_campaign(&self, id: &FlowId, now: Timestamp) -> Result<()> {
        let stored = self.store().read(|tx| tx.flow(id))?;
        if stored.is_some_and(|it| it.state == FlowState::Paused) {
            return self.resume_flow(id, now);
        }
        let flow = self.store().read(|tx| self.definition(tx, id))?.1;
        self.store().write(|tx| save_shipped_segment(tx, now))?;
        for next in flows_moved_to(&flow) {
            self.store().write(|tx| save_shipped(tx, &next, now))?;
            self.launch_flow(&next, now)?;
        }
        if let Some(terms) = flow.coupon() {
            let free = self.store().read(|tx| tx.free_coupons(&terms.pool))?;
            if free == 0 {
                self.fill_pool(&terms.pool, terms.offer, terms.order_minor_min, POOL_CODES)?;
            }
        }
        self.launch_flow(id, now)?;
        self.note_members(id, now)
    }

    /// Adds `count` new codes to a pool.
    pub fn fill_pool(
        &self,
        pool: &PoolId,
        offer: CouponOffer,
        order_minor_min: i64,
        count: u64,
    ) -> Result<u64> {
        self.store().write(|tx| {
            let taken: u64 = tx
                .coupon_counts()?
                .iter()
                .filter(|(of, _, _)| of == pool)
                .map(|(_, _, count)| count)
                .sum();
            let code = |serial: u64| Coupon {
                pool: pool.clone(),
                code: self.coupon_code(pool, serial),
                offer,
                order_minor_min,
                state: CouponState::Free,
                customer: None,
                expires_at: None,
            };
            let coupons: Vec<Coupon> = (taken..taken + count).map(code).collect();
            tx.add_coupons(&coupons)
        })
    }

    /// The `serial`-th code of a pool: nobody guesses the next one, since the key is the store's.
    fn coupon_code(&self, pool: &PoolId, serial: u64) -> String {
        let drawn = self.keys().draw(&format!("coupon {pool} {serial}"));
        let letters = drawn.iter().take(CODE_LENGTH);
        let code: String =
            letters.map(|it| char::from(CODE_ALPHABET[usize::from(*it) % 30])).collect();
        let prefix: String =
            pool.as_str().chars().filter(char::is_ascii_alphabetic).take(8).collect();
        format!("{}-{code}", prefix.to_uppercase())
    }

    /// Notes who is in the segments that trigger a flow, so that only those who enter later count.
    fn note_members(&self, id: &FlowId, now: Timestamp) -> Result<()> {
        let segments = self.store().read(|tx| tx.segments())?;
        let flow = self.store().read(|tx| self.definition(tx, id))?.1;
        for segment in segments.iter().filter(|it| flow.is_started_by(&it.id)) {
            self.take_up(&segment.id, &segment.condition, now)?;
        }
        Ok(())
    }
}

/// Puts the shipped segment into the store if it has none of that name.
fn save_shipped_segment(tx: &mut Tx<'_>, now: Timestamp) -> Result<()> {
    let id = SegmentId::new(UPSELL_SEGMENT_ID)?;
    if tx.segments()?.iter().any(|it| it.id == id) {
        return Ok(());
    }
    tx.save_segment(&shipped_segment()?, now)
}

/// Flows that a flow hands its customers on to.
pub(crate) fn flows_moved_to(flow: &Flow) -> Vec<FlowId> {
    use aftercart_flow::{Branch, StepAction};

    let exits = flow.exit().iter().filter_map(|it| it.move_to.clone());
    let branches = flow.steps().iter().filter_map(|it| match &it.action {
        StepAction::Split(split) => Some([&split.then, &split.otherwise]),
        _ => None,
    });
    let of_branch = |it: &Branch| match it {
        Branch::Exit { move_to, .. } => move_to.clone(),
        _ => None,
    };
    let moved = branches.flatten().filter_map(of_branch);
    let mut flows: Vec<FlowId> = exits.chain(moved).collect();
    flows.sort();
    flows.dedup();
    flows
}

/// Puts a shipped flow into the store if it has none of that name, with the emails it sends.
fn save_shipped(tx: &mut Tx<'_>, id: &FlowId, now: Timestamp) -> Result<()> {
    if tx.flow(id)?.is_some() {
        return Ok(());
    }
    for document in aftercart_flow::shipped() {
        let flow = Flow::parse(document)?;
        if flow.id() != id {
            continue;
        }
        for (_, send) in flow.sends() {
            if tx.template(&send.template, None)?.is_none() {
                let shipped = crate::shipped_template(&send.template)?;
                tx.save_template(&send.template, shipped, now)?;
            }
        }
        tx.save_flow(id, document, now)?;
        return Ok(());
    }
    bail!("flow `{id}` is named by another flow and exists neither in the store nor as shipped")
}
