//! The catching inbox: letters are kept where the operator can read them, and nothing leaves.
//!
//! It looks as late and obeys the look as strictly as a mail server's transport, so that what was
//! caught is what would have gone.

use std::future::Future;

use tokio::time::Instant;

use crate::{CLAIM_AGE_MAX, Letter, Look, Outcome, Stage, Transport, smtp::claim_too_old};

/// Keeps each letter by calling `keep`, which says why if it cannot.
pub struct InboxTransport<K> {
    keep: K,
}

impl<K: FnMut(&Letter) -> Result<(), String> + Send> InboxTransport<K> {
    pub fn new(keep: K) -> Self {
        Self { keep }
    }
}

impl<K: FnMut(&Letter) -> Result<(), String> + Send> Transport for InboxTransport<K> {
    async fn hand_over<F, L>(&mut self, letter: &Letter, last_look: F) -> Outcome
    where
        F: FnOnce() -> L + Send,
        L: Future<Output = Look> + Send,
    {
        let claimed_at = match last_look().await {
            Look::Stop { reason } => return Outcome::Stopped { reason },
            Look::Go { claimed_at } => claimed_at,
        };
        if CLAIM_AGE_MAX < Instant::now().duration_since(claimed_at) {
            return claim_too_old();
        }
        match (self.keep)(letter) {
            Ok(()) => Outcome::Sent { reply: "kept in the inbox".to_owned() },
            Err(problem) => {
                Outcome::Deferred { stage: Stage::Dot, reply: problem, retry_after: None }
            }
        }
    }
}
