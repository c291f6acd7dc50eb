//! The built-in inbox: every letter is kept in the store, so that nothing leaves the machine.
//!
//! The transport is `deliver`'s, which looks before it keeps as any transport does before the dot:
//! what is seen in the inbox is what would have been delivered.

use std::sync::Arc;

use aftercart_deliver::{InboxTransport, Letter};
use aftercart_store::Letter as KeptLetter;
use anyhow::Result;
use jiff::Timestamp;

use crate::{Clock, Engine};

impl Engine {
    /// The transport that catches.
    pub fn catching_inbox(
        self: &Arc<Self>,
        clock: &Arc<dyn Clock>,
    ) -> InboxTransport<impl FnMut(&Letter) -> Result<(), String> + Send + use<>> {
        let (engine, clock) = (Arc::clone(self), Arc::clone(clock));
        InboxTransport::new(move |letter: &Letter| {
            engine.keep_letter(letter, clock.now()).map_err(|err| format!("{err:#}"))
        })
    }

    fn keep_letter(&self, letter: &Letter, at: Timestamp) -> Result<()> {
        let kept = KeptLetter {
            message: letter.message,
            to: letter.to.clone(),
            to_name: letter.to_name.clone(),
            subject: letter.subject.clone(),
            at,
            raw: letter.raw.clone(),
        };
        self.store().write(|tx| {
            if let Some(message) = letter.message.map(|it| tx.message(it)).transpose()?.flatten()
                && tx.is_erased(message.customer)?
            {
                return Ok(()); // They were erased after the last look.
            }
            tx.keep_letter(&kept).map(drop)
        })
    }
}
