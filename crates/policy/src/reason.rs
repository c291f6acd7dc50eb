//! The answer about a message, and its reason in words a shopkeeper reads.

use std::fmt;

use aftercart_model::{OrderId, SuppressionReason, Topic};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Cap, GateName};

/// Whether a message may go now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    Send,
    /// Ask again at `at`, which lies outside quiet hours; but for a pause, before the message's expiry
    /// too.
    DeferUntil {
        at: Timestamp,
        reason: Reason,
    },
    /// It will never go.
    Drop {
        reason: Reason,
    },
}

/// Why a message is held back or dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Suppressed(SuppressionReason),
    /// Never said yes.
    NoConsent {
        topic: Topic,
    },
    /// Said yes and then no.
    ConsentWithdrawn {
        topic: Topic,
    },
    Bought {
        order: OrderId,
    },
    NotInAudience,
    OutOfStock,
    TooLate,
    Paused,
    FrequencyCap(Cap),
    QuietHours,
    /// A fact could not be read.
    Unknown(GateName),
}

impl Reason {
    /// The reason without its particulars, for counting and for table rows.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Suppressed(_) => "suppressed",
            Self::NoConsent { .. } => "no consent",
            Self::ConsentWithdrawn { .. } => "consent withdrawn",
            Self::Bought { .. } => "bought again",
            Self::NotInAudience => "not in the audience",
            Self::OutOfStock => "out of stock",
            Self::TooLate => "too late",
            Self::Paused => "paused",
            Self::FrequencyCap(_) => "frequency cap",
            Self::QuietHours => "quiet hours",
            Self::Unknown(_) => "could not be checked",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Suppressed(reason) => {
                write!(f, "suppressed: {}", suppression_words(*reason))
            }
            Self::NoConsent { topic } => {
                write!(f, "no consent: never agreed to {}", topic_words(*topic))
            }
            Self::ConsentWithdrawn { topic } => {
                write!(f, "consent withdrawn: no longer wants {}", topic_words(*topic))
            }
            Self::Bought { order } => write!(f, "bought again: order {order}"),
            Self::NotInAudience => f.write_str("no longer in the audience of the flow"),
            Self::OutOfStock => f.write_str("out of stock: nothing left to recommend"),
            Self::TooLate => f.write_str("too late: the time to send it is over"),
            Self::Paused => f.write_str("paused: the flow waits for an operator"),
            Self::FrequencyCap(cap) => {
                let were = if cap.count == 1 { "email was" } else { "emails were" };
                write!(f, "frequency cap: {} {were} already sent within {}", cap.count, cap.span())
            }
            Self::QuietHours => f.write_str("quiet hours where the customer is"),
            Self::Unknown(name) => {
                write!(f, "could not be checked: {}; nothing goes unchecked", name.label())
            }
        }
    }
}

pub(crate) fn suppression_words(reason: SuppressionReason) -> &'static str {
    match reason {
        SuppressionReason::Bounce => "the mailbox does not exist",
        SuppressionReason::Complaint => "reported an email as spam",
        SuppressionReason::Unsubscribe => "unsubscribed",
        SuppressionReason::ByHand => "barred by an operator",
        SuppressionReason::Erased => "erased before, on request",
    }
}

pub(crate) fn topic_words(topic: Topic) -> &'static str {
    match topic {
        Topic::Marketing => "offers and news",
        Topic::Feedback => "requests for a review",
    }
}
