//! What the assistant hands back: what it took the sentence to mean, and what it drafted from it.
//!
//! A proposal is data. Nothing in it acts before an operator accepts it.

use aftercart_email::{Document, Role};
use aftercart_flow::Flow;
use aftercart_model::{SegmentId, TemplateId};
use aftercart_segment::Condition;
use serde::{Deserialize, Serialize};

use crate::{
    ShopFacts, Slot,
    entities::{likeness, trigrams},
    examples,
};

/// How many example sentences a refusal offers.
const NEAREST: usize = 3;

/// A campaign drafted from a sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    pub sentence: String,
    /// What was said, with where.
    pub understood: Vec<Chip>,
    /// What was not said and had to be chosen; each can be chosen otherwise.
    pub assumed: Vec<Chip>,
    /// What nobody said and an operator must say; the draft holds the value offered.
    pub open: Vec<Chip>,
    /// What was understood but is not what this version drafts.
    pub unmet: Vec<Unmet>,
    pub not_understood: Vec<Span>,
    pub campaign: CampaignDraft,
}

/// One thing taken from the sentence, or chosen for it: `Bought` `category Kettles`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chip {
    pub slot: Slot,
    pub key: String,
    pub value: String,
    /// Other values that [`crate::revise`] takes for this slot.
    pub alternatives: Vec<String>,
    /// Where it was said, in the order of the sentence.
    pub places: Vec<Place>,
}

/// Bytes of the sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    pub start: usize,
    pub end: usize,
}

/// A wish that was left out, with what is done instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmet {
    pub text: String,
    pub places: Vec<Place>,
}

/// Words that were left out because their meaning is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub start: usize,
    pub end: usize,
    pub text: String,
    /// What was perhaps meant.
    pub near: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignDraft {
    /// Also the flow's id.
    pub id: String,
    pub name: String,
    pub plan: Plan,
    pub segment: SegmentDraft,
    pub emails: Vec<EmailDraft>,
    pub flow: Flow,
    /// Categories that recommendations are taken from; empty means all.
    pub recommend_categories: Vec<String>,
}

/// What the campaign wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub objectives: Vec<String>,
    pub audience: String,
    /// The one thing all four emails say.
    pub message: String,
    pub emails: Vec<PlannedEmail>,
    /// From the order to the last email.
    pub days: u32,
    /// After the last email, for the orders that still come.
    pub watch_days: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedEmail {
    pub number: u32,
    pub role: Role,
    pub title: String,
    pub wait_days: u32,
    /// Days after the order.
    pub day: u32,
    pub theme: String,
    pub call_to_action: String,
    pub needs: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentDraft {
    pub id: SegmentId,
    pub name: String,
    pub condition: Condition,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmailDraft {
    pub template: TemplateId,
    pub role: Role,
    pub document: Document,
}

/// A sentence of which nothing was understood; there is no proposal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("nothing in `{sentence}` is understood; write it like `{}`", .nearest[0])]
pub struct NotUnderstood {
    pub sentence: String,
    /// Sentences that are understood, the most alike first; at least one.
    pub nearest: Vec<String>,
}

pub(crate) fn not_understood(sentence: &str, shop: &ShopFacts) -> NotUnderstood {
    let own = trigrams(&sentence.to_lowercase());
    let mut scored: Vec<(f64, String)> = examples(shop)
        .into_iter()
        .map(|it| (likeness(&own, &trigrams(&it.to_lowercase())), it))
        .collect();
    // Stable: equals stay in the order of the examples.
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let nearest = scored.into_iter().take(NEAREST).map(|it| it.1).collect();
    NotUnderstood { sentence: sentence.trim().to_owned(), nearest }
}
