//! What comes of a delivery that was understood, whatever platform it came from.

use crate::Incoming;

/// The largest body of a webhook. The platforms send one resource at a time; an order of hundreds of
/// lines has a few hundred kilobytes.
pub const WEBHOOK_BYTES_MAX: usize = 2 << 20;

/// What a delivery or a row says. What cannot be understood is refused instead.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    /// What happened, in the order in which it is to be recorded.
    Events(Vec<Incoming>),
    /// Nothing that is kept, and why, in words a shopkeeper reads. Answered as taken: the sender
    /// need not send it again.
    Ignored(String),
}
