//! From a sentence to a proposal: typed, checked, and inert until an operator accepts it.
//!
//! The built-in planner is a small grammar, not a generative model: it reads the sentence into
//! typed meanings, fills what was not said with choices it names, and drafts plan, segment, emails
//! and flow from what the shop ships with. It writes no number of its own into any text.
//!
//! Every word is consumed or shown as not understood. A word it passes over is on a closed list of
//! words that carry no wish; "not" and its like are not among them.

mod clauses;
mod draft;
mod entities;
mod examples;
mod intent;
mod phrases;
mod proposal;
mod read;
mod timing;
mod words;

pub use examples::examples;
pub use intent::{Choice, ReviseError, Slot};
pub use phrases::Tone;
pub use proposal::{
    CampaignDraft, Chip, EmailDraft, NotUnderstood, Place, Plan, PlannedEmail, Proposal,
    SegmentDraft, Span, Unmet,
};

use aftercart_model::{Currency, Product, Shop};
use serde::{Deserialize, Serialize};

/// More than a sentence or two; a page of text is not a wish this planner can hold.
pub const SENTENCE_CHARS_MAX: usize = 2_000;

/// What the planner knows of the shop: names, never a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopFacts {
    pub name: String,
    pub currency: Currency,
    /// The largest first.
    pub categories: Vec<String>,
    pub products: Vec<ProductFact>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductFact {
    pub code: String,
    pub name: String,
}

impl ShopFacts {
    /// Of a shop and its catalogue; products that are not for sale count too, as they were bought.
    pub fn new(shop: &Shop, products: &[Product]) -> Self {
        let mut counts: Vec<(String, usize)> = Vec::new();
        for product in products.iter().filter(|it| !it.category.is_empty()) {
            match counts.iter_mut().find(|(name, _)| *name == product.category) {
                Some((_, count)) => *count += 1,
                None => counts.push((product.category.clone(), 1)),
            }
        }
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let fact = |it: &Product| ProductFact { code: it.code.clone(), name: it.name.clone() };
        Self {
            name: shop.name.clone(),
            currency: shop.currency,
            categories: counts.into_iter().map(|(name, _)| name).collect(),
            products: products.iter().map(fact).collect(),
        }
    }
}

/// What `sentence` asks for, drafted.
pub fn plan(sentence: &str, shop: &ShopFacts) -> Result<Proposal, NotUnderstood> {
    match revise(sentence, shop, &[]) {
        Ok(proposal) => Ok(proposal),
        Err(ReviseError::NotUnderstood(refusal)) => Err(*refusal),
        Err(ReviseError::Choice { .. }) => unreachable!("no choice was made"),
    }
}

/// The same with some of its assumptions, or its open slots, chosen otherwise.
pub fn revise(
    sentence: &str,
    shop: &ShopFacts,
    choices: &[Choice],
) -> Result<Proposal, ReviseError> {
    let sentence: String = sentence.chars().take(SENTENCE_CHARS_MAX).collect();
    let entities = entities::Entities::new(shop);
    let tokens = words::tokens(&sentence);
    let reading = read::read(&tokens, &entities, shop.currency);
    if !reading.asks_for_something() {
        let refusal = proposal::not_understood(&sentence, shop);
        return Err(ReviseError::NotUnderstood(Box::new(refusal)));
    }
    let mut intent = intent::Intent::of(&reading, shop.currency);
    intent.choose(choices)?;
    Ok(draft::draft(&sentence, &tokens, &reading, &intent, &entities, shop))
}

#[cfg(test)]
mod tests;
