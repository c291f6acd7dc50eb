//! What customers say of the topics, and what follows from it.
//!
//! Every word goes into the ledger under the identifier by which it was said; what holds is derived
//! from the whole of it, so that it does not hang on the order of arrival. Nothing is entered but
//! what a source claims, and nothing said here lifts a suppression.

use aftercart_model::{Consent, ConsentState, CustomerId, Identifier, Suppression, Timestamp};
use aftercart_store::Tx;
use anyhow::Result;

use crate::{Engine, Occasion};

impl Engine {
    /// Keeps what the customer said, and lets follow what follows from it.
    pub(crate) fn apply_consent(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        under: &Identifier,
        consent: &Consent,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<()> {
        tx.add_consent(customer, under, consent)?;
        match occasion {
            Occasion::Live => self.follow_words(tx, customer, now),
            // It begins nothing.
            Occasion::History if consent.state == ConsentState::Withdrawn => {
                self.end_what_is_stopped(tx, customer, now)
            }
            Occasion::History => Ok(()),
        }
    }
}

impl Engine {
    /// Bars mail to an address, and lets follow what follows for whose it is.
    pub(crate) fn bar(&self, tx: &mut Tx<'_>, bar: &Suppression, now: Timestamp) -> Result<()> {
        tx.suppress(bar)?;
        let address = Identifier::Email(bar.address.clone());
        match tx.customer_by_identifier(&address)? {
            Some(customer) => self.follow_words(tx, customer, now),
            None => Ok(()),
        }
    }
}

/// By what a customer is known when they answer an email of ours: the address it went to.
pub(crate) fn answers_under(tx: &mut Tx<'_>, customer: CustomerId) -> Result<Option<Identifier>> {
    if let Some(address) = tx.customer(customer)?.and_then(|it| it.email) {
        return Ok(Some(Identifier::Email(address)));
    }
    Ok(tx.identifiers_of(customer)?.into_iter().next().map(|(identifier, _)| identifier))
}
