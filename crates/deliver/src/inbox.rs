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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aftercart_model::EmailAddress;

    use super::*;

    fn letter() -> Letter {
        Letter {
            message: None,
            to_name: "Ana".to_owned(),
            subject: "hi".to_owned(),
            from: EmailAddress::new("shop@shop.example").unwrap(),
            to: EmailAddress::new("ana@mail.example").unwrap(),
            message_id: "<1@shop.example>".to_owned(),
            raw: b"Subject: hi\r\n\r\nhi\r\n".to_vec(),
        }
    }

    /// What comes of a letter whose look answers `Go` after `age`, or `Stop`, and how many are kept.
    async fn hand_over(age: Option<Duration>, kept: Result<(), String>) -> (Outcome, usize) {
        let mut letters = Vec::new();
        let mut inbox = InboxTransport::new(|letter: &Letter| {
            kept.clone()?;
            letters.push(letter.clone());
            Ok(())
        });
        let look = || async move {
            let Some(age) = age else { return Look::stop("bought") };
            let claimed_at = Instant::now();
            tokio::time::advance(age).await;
            Look::Go { claimed_at }
        };
        let outcome = inbox.hand_over(&letter(), look).await;
        (outcome, letters.len())
    }

    #[tokio::test(start_paused = true)]
    async fn the_inbox_obeys_the_last_look() {
        let soon = Some(Duration::from_millis(20));
        let sent = Outcome::Sent { reply: "kept in the inbox".to_owned() };
        assert_eq!(hand_over(soon, Ok(())).await, (sent, 1));
        let stopped = Outcome::Stopped { reason: "bought".to_owned() };
        assert_eq!(hand_over(None, Ok(())).await, (stopped, 0));
        let late = Some(CLAIM_AGE_MAX + Duration::from_millis(1));
        assert_eq!(hand_over(late, Ok(())).await, (claim_too_old(), 0));
        let reply = "the disk is full".to_owned();
        let no = Outcome::Deferred { stage: Stage::Dot, reply: reply.clone(), retry_after: None };
        assert_eq!(hand_over(soon, Err(reply)).await, (no, 0), "nothing was kept");
    }
}
