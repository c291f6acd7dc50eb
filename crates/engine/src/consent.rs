//! What customers say of the topics, and what follows from it.
//!
//! Every word goes into the ledger under the identifier by which it was said; what holds is derived
//! from the whole of it, so that it does not hang on the order of arrival. Nothing is entered but
//! what a source claims, and nothing said here lifts a suppression.

use aftercart_model::{Consent, ConsentState, CustomerId, Identifier, Timestamp, Topic};
use aftercart_store::Tx;
use anyhow::Result;

use crate::Engine;

impl Engine {
    /// Keeps what the customer said, and ends what rested on an agreement that is withdrawn.
    pub(crate) fn apply_consent(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        under: &Identifier,
        consent: &Consent,
        now: Timestamp,
    ) -> Result<()> {
        tx.add_consent(customer, under, consent)?;
        if consent.state == ConsentState::Withdrawn && consent.topic == Topic::Marketing {
            self.end_after_unsubscribe(tx, customer, consent.at, now)?;
        }
        Ok(())
    }
}

/// By what a customer is known when they answer an email of ours: the address it went to.
pub(crate) fn answers_under(tx: &mut Tx<'_>, customer: CustomerId) -> Result<Option<Identifier>> {
    if let Some(address) = tx.customer(customer)?.and_then(|it| it.email) {
        return Ok(Some(Identifier::Email(address)));
    }
    Ok(tx.identifiers_of(customer)?.into_iter().next().map(|(identifier, _)| identifier))
}
