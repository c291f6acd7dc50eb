//! A sentence as the assistant's page shows it: what it was taken to mean and what it would do.
//!
//! Looking at a proposal stores nothing, so the address of the page holds all of it: the sentence
//! and what was chosen otherwise. Only accepting it is a change.

use aftercart_assist::{
    Choice, NotUnderstood, Proposal, ReviseError, ShopFacts, Slot, examples, revise,
};
use aftercart_flow::Replay;
use aftercart_model::Timestamp;
use anyhow::{Result, anyhow};
use jiff::ToSpan;

use crate::{Accepted, Engine, SegmentCount, SegmentMember};

/// How far back a proposal is replayed.
const REPLAY_DAYS: i64 = 60;
/// Customers shown as examples of who would get the emails.
const EXAMPLES: usize = 3;

/// What became of a sentence.
pub enum Planned {
    Proposal(Box<Proposal>),
    NotUnderstood(NotUnderstood),
    /// A choice that cannot be made; the words say how to write it.
    BadChoice(String),
}

/// Who is in a proposed segment now.
pub struct ProposedAudience {
    pub count: SegmentCount,
    pub examples: Vec<SegmentMember>,
}

impl Engine {
    /// Sentences made from the shop's own categories.
    pub fn example_sentences(&self) -> Result<Vec<String>> {
        let known = self.known()?;
        Ok(examples(&ShopFacts::new(self.shop(), &known.products)))
    }

    /// What a sentence asks for, with what was chosen otherwise. Changes nothing.
    pub fn plan_sentence(&self, sentence: &str, choices: &[Choice]) -> Result<Planned> {
        let known = self.known()?;
        let shop = ShopFacts::new(self.shop(), &known.products);
        Ok(match revise(sentence, &shop, choices) {
            Ok(proposal) => Planned::Proposal(Box::new(proposal)),
            Err(ReviseError::NotUnderstood(refusal)) => Planned::NotUnderstood(*refusal),
            Err(err @ ReviseError::Choice { .. }) => Planned::BadChoice(err.to_string()),
        })
    }

    pub fn proposed_audience(&self, it: &Proposal, now: Timestamp) -> Result<ProposedAudience> {
        let condition = &it.campaign.segment.condition;
        Ok(ProposedAudience {
            count: self.count_segment(condition, now)?,
            examples: self.list_segment(condition, EXAMPLES, now)?,
        })
    }

    /// Who would have been mailed, and when, over the last days.
    pub fn proposed_replay(&self, it: &Proposal, now: Timestamp) -> Result<Replay> {
        let today = self.shop().zone().to_datetime(now).date();
        let from = today.saturating_sub(REPLAY_DAYS.days());
        self.replay_definition(&it.campaign.flow, from, today)
    }

    /// Pictures of products that its emails could show, one for each email.
    pub fn proposed_pictures(&self, it: &Proposal) -> Result<Vec<String>> {
        let known = self.known()?;
        let wanted = &it.campaign.recommend_categories;
        let shown = known.products.iter().filter(|it| {
            let is_wanted = wanted.is_empty() || wanted.contains(&it.category);
            is_wanted && it.is_in_stock() && !it.picture.is_empty()
        });
        let shown: Vec<&str> = shown.map(|it| it.picture.as_str()).collect();
        // Spread over the catalogue, so that they are not four of one kind.
        let emails = it.campaign.emails.len();
        let spread = (0..emails).filter_map(|at| shown.get(at * shown.len() / emails.max(1)));
        Ok(spread.map(|it| (*it).to_owned()).collect())
    }

    /// What the checks found in a proposal, in words; empty when all is well.
    pub fn check_proposal(&self, it: &Proposal) -> Vec<String> {
        let campaign = &it.campaign;
        let mut findings: Vec<String> =
            aftercart_flow::lint(&campaign.flow).into_iter().map(|it| it.text).collect();
        for email in &campaign.emails {
            let found = aftercart_email::lint(&email.document, self.brand());
            findings.extend(found.iter().map(|it| format!("{}: {it}", email.template)));
        }
        findings
    }

    /// Keeps what a sentence asks for as drafts: segment, emails and flow.
    pub fn accept_sentence(
        &self,
        sentence: &str,
        choices: &[Choice],
        now: Timestamp,
    ) -> Result<Accepted> {
        let proposal = match self.plan_sentence(sentence, choices)? {
            Planned::Proposal(proposal) => proposal,
            Planned::NotUnderstood(refusal) => return Err(anyhow!(refusal)),
            Planned::BadChoice(words) => return Err(anyhow!(words)),
        };
        let document = serde_json::to_string(&proposal)?;
        let id = self.store().write(|tx| tx.save_proposal(sentence, &document, now))?;
        self.accept_proposal(id, now)
    }
}

/// The slot of that name in the address: `hold_out`.
pub fn slot_named(name: &str) -> Option<Slot> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

/// What a slot is called in the address.
pub fn slot_name(slot: Slot) -> String {
    match serde_json::to_value(slot) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
