//! What the pages that customers see are filled with. Who holds a signed link may see these, so
//! they say no more of a person than the first letter of the address and where the mail goes.

use aftercart_model::{CustomerId, MessageId, Timestamp};
use anyhow::Result;

use crate::{Engine, mime::LetterContent};

/// An email as it reached its reader, links and all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAgain {
    pub subject: String,
    pub html: String,
}

impl Engine {
    /// The address of a customer with most of it hidden: `a…@mail.example`. `None` if there is no
    /// such customer any more, or none with an address.
    pub fn address_hint(&self, customer: CustomerId) -> Result<Option<String>> {
        let customer = self.store().read(|tx| tx.customer(customer))?;
        let address = customer.and_then(|it| it.email);
        Ok(address.and_then(|it| hint(it.as_str())))
    }

    /// A message to be read in a browser: the very letter if it was kept, else made again from what
    /// is known now.
    pub fn email_again(&self, id: MessageId, now: Timestamp) -> Result<Option<EmailAgain>> {
        let known = self.known()?;
        self.store().read(|tx| {
            let Some(message) = tx.message(id)? else { return Ok(None) };
            let kept = match tx.letter_of_message(id)? {
                Some(letter) => tx.letter(letter)?,
                None => None,
            };
            if let Some((head, raw)) = kept {
                let html = LetterContent::read(&raw).html;
                return Ok(Some(EmailAgain { subject: head.subject, html }));
            }
            if tx.customer(message.customer)?.is_none() {
                return Ok(None); // Erased: nobody is left to read it.
            }
            let (_, rendered) = self.render_message(tx, &known, &message, now)?;
            Ok(Some(EmailAgain { subject: rendered.subject, html: rendered.html }))
        })
    }

    /// A picture of the shop's own, with its content type.
    pub fn picture(&self, name: &str) -> Result<Option<(String, Vec<u8>)>> {
        self.store().read(|tx| tx.picture(name))
    }

    /// Writes to the store and waits until it is durable: what taking in an event needs.
    pub fn check_store(&self, now: Timestamp) -> Result<()> {
        self.store().write(|tx| tx.set_setting("checked-at", &now.to_string()))
    }
}

fn hint(address: &str) -> Option<String> {
    let (name, domain) = address.rsplit_once('@')?;
    Some(format!("{}…@{domain}", name.chars().next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_hidden_but_for_its_first_letter() {
        assert_eq!(hint("ana.ribeiro@mail.example").unwrap(), "a…@mail.example");
        assert_eq!(hint("ö@mail.example").unwrap(), "ö…@mail.example");
        assert_eq!(hint("nothing"), None);
    }
}
