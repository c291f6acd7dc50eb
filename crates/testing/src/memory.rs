//! A transport in memory that can fail, and crash, where a real one can.
//!
//! A crash is a panic that carries [`Crash`]: it tears down whatever use case was running, as a dead
//! process would, and the test that catches it goes on with the store as it was left.

use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex},
};

use aftercart_deliver::{Letter, Look, Outcome, Stage, Transport};

/// What becomes of one letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Taken,
    /// This outcome, before the last look: a refusal.
    Refused(Outcome),
    /// This outcome, after the dot: an answer that came late, or none.
    Answered {
        outcome: Outcome,
        is_kept: bool,
    },
    CrashBeforeLook,
    /// The claim is committed, the dot is not written.
    CrashAfterLook,
    /// The dot is written and the letter taken; nobody hears of it.
    CrashAfterDot,
}

/// The panic of a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash;

/// What the transport was given, in the order of its dots.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Mutex<Vec<Letter>>>);

impl Outbox {
    /// Letters that may be in somebody's mailbox.
    pub fn letters(&self) -> Vec<Letter> {
        self.0.lock().expect("a crash holds no lock").clone()
    }
}

/// Takes letters and meets them with the fates it was given, then with [`Fate::Taken`] for ever.
#[derive(Default)]
pub struct MemoryTransport {
    outbox: Outbox,
    fates: VecDeque<Fate>,
}

impl MemoryTransport {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with_fates(fates: impl IntoIterator<Item = Fate>) -> Self {
        Self { fates: fates.into_iter().collect(), ..Self::default() }
    }

    /// Meets the next letters with `fates`, whatever was left of those before.
    pub fn meet(&mut self, fates: impl IntoIterator<Item = Fate>) {
        self.fates = fates.into_iter().collect();
    }

    /// Goes on writing into `outbox`, as after a restart.
    pub fn into_outbox(outbox: &Outbox) -> Self {
        Self { outbox: outbox.clone(), ..Self::default() }
    }

    pub fn outbox(&self) -> Outbox {
        self.outbox.clone()
    }

    fn write_dot(&self, letter: &Letter) {
        self.outbox.0.lock().expect("a crash holds no lock").push(letter.clone());
    }
}

impl Transport for MemoryTransport {
    async fn hand_over<F, L>(&mut self, letter: &Letter, last_look: F) -> Outcome
    where
        F: FnOnce() -> L + Send,
        L: Future<Output = Look> + Send,
    {
        let fate = self.fates.pop_front().unwrap_or(Fate::Taken);
        match &fate {
            Fate::Refused(outcome) => return outcome.clone(),
            Fate::CrashBeforeLook => crash(),
            _ => {}
        }
        if let Look::Stop { reason } = last_look().await {
            return Outcome::Stopped { reason };
        }
        match fate {
            Fate::CrashAfterLook => crash(),
            Fate::CrashAfterDot => {
                self.write_dot(letter);
                crash()
            }
            Fate::Answered { outcome, is_kept } => {
                if is_kept {
                    self.write_dot(letter);
                }
                outcome
            }
            Fate::Taken | Fate::Refused(_) | Fate::CrashBeforeLook => {
                self.write_dot(letter);
                Outcome::Sent { reply: "250 taken".to_owned() }
            }
        }
    }
}

/// An acknowledgement that was lost on its way.
pub fn lost_acknowledgement(is_kept: bool) -> Fate {
    let reply = "the server hung up".to_owned();
    Fate::Answered { outcome: Outcome::InDoubt { stage: Stage::Dot, reply }, is_kept }
}

/// Panics without the message that a failed test would print.
fn crash() -> ! {
    std::panic::resume_unwind(Box::new(Crash))
}

#[cfg(test)]
mod tests {
    use aftercart_model::EmailAddress;

    use super::*;

    fn letter() -> Letter {
        Letter {
            message: None,
            to_name: String::new(),
            subject: String::new(),
            from: EmailAddress::new("shop@shop.example").unwrap(),
            to: EmailAddress::new("ana@mail.example").unwrap(),
            message_id: "<1@shop.example>".to_owned(),
            raw: b"Subject: hi\r\n\r\nhi\r\n".to_vec(),
        }
    }

    /// What came of one letter under `fate`, `None` if it crashed; how many dots; how many looks.
    fn hand_over(fate: Fate, look: Look) -> (Option<Outcome>, usize, usize) {
        let mut transport = MemoryTransport::with_fates([fate]);
        let (outbox, looks) = (transport.outbox(), Arc::new(Mutex::new(0)));
        let counted = Arc::clone(&looks);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let letter = letter();
            let last_look = || async {
                *counted.lock().unwrap() += 1;
                look
            };
            runtime.block_on(transport.hand_over(&letter, last_look))
        });
        let outcome = thread.join();
        if let Err(panic) = &outcome {
            assert!(panic.is::<Crash>(), "no other panic");
        }
        (outcome.ok(), outbox.letters().len(), *looks.lock().unwrap())
    }

    #[test]
    fn every_fate_leaves_what_a_real_one_would() {
        let no = Outcome::Deferred { stage: Stage::RcptTo, reply: "450".into(), retry_after: None };
        let dots_and_looks = |fate| {
            let (outcome, dots, looks) = hand_over(fate, Look::go());
            (outcome.is_some(), dots, looks)
        };
        assert_eq!(dots_and_looks(Fate::Taken), (true, 1, 1));
        assert_eq!(dots_and_looks(Fate::Refused(no)), (true, 0, 0), "nobody looks for nothing");
        assert_eq!(dots_and_looks(Fate::CrashBeforeLook), (false, 0, 0));
        assert_eq!(dots_and_looks(Fate::CrashAfterLook), (false, 0, 1));
        assert_eq!(dots_and_looks(Fate::CrashAfterDot), (false, 1, 1));
        assert_eq!(dots_and_looks(lost_acknowledgement(true)), (true, 1, 1));
        assert_eq!(dots_and_looks(lost_acknowledgement(false)), (true, 0, 1));
    }

    #[test]
    fn a_stop_is_obeyed() {
        let stopped = Outcome::Stopped { reason: "bought".to_owned() };
        assert_eq!(hand_over(Fate::Taken, Look::stop("bought")), (Some(stopped), 0, 1));
    }
}
