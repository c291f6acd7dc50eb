//! The facts a verdict stands on, and the same facts as answers for people.

use std::fmt;

use aftercart_model::{Consent, ConsentState, MessageClass, OrderId, SuppressionReason, Topic};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    Rules,
    reason::{suppression_words, topic_words},
};

/// A fact as the caller found it: read, or not to be read just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    Known(T),
    Unknown,
}

impl<T> Fact<T> {
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(it) => Some(it),
            Self::Unknown => None,
        }
    }

    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

impl<T> From<T> for Fact<T> {
    fn from(it: T) -> Self {
        Self::Known(it)
    }
}

/// What is known of a message and its customer at the moment of asking.
#[derive(Clone, Debug)]
pub struct Gate {
    pub class: MessageClass,
    pub topic: Topic,
    /// What the customer last said about `topic`; `None` if nothing. Of another topic: nothing.
    pub consent: Fact<Option<Consent>>,
    pub suppression: Fact<Option<SuppressionReason>>,
    /// An order that ends the flow: other than the one that triggered it. `None` also for a flow
    /// that a purchase does not end.
    pub bought_since: Fact<Option<OrderId>>,
    pub is_paused: Fact<bool>,
    /// When marketing messages were handed over to this customer lately, in any order; as far back
    /// as the longest cap.
    pub sent_at: Fact<Vec<Timestamp>>,
    /// The customer's, else the shop's.
    pub zone: TimeZone,
    /// Not worth sending from here on; see [`Rules::expires_at`]. For an email that names a coupon,
    /// no later than the coupon's end.
    pub expires_at: Timestamp,
    /// `true` for a flow without an audience.
    pub is_in_audience: Fact<bool>,
    /// Whether the product that the email speaks of first can be had; `true` where it recommends
    /// nothing.
    pub is_in_stock: Fact<bool>,
}

impl Gate {
    pub(crate) fn first_unknown(&self) -> Option<GateName> {
        let asks_marketing = self.class == MessageClass::Marketing;
        let unknowns = [
            (GateName::Consent, asks_marketing && self.consent.is_unknown()),
            (GateName::Suppression, self.suppression.is_unknown()),
            (GateName::NotBought, self.bought_since.is_unknown()),
            (GateName::FrequencyCap, asks_marketing && self.sent_at.is_unknown()),
            (GateName::Audience, self.is_in_audience.is_unknown()),
            (GateName::Stock, self.is_in_stock.is_unknown()),
            (GateName::Running, self.is_paused.is_unknown()),
        ];
        unknowns.into_iter().find_map(|(name, is_unknown)| is_unknown.then_some(name))
    }
}

/// One question of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateName {
    Consent,
    Suppression,
    NotBought,
    FrequencyCap,
    Audience,
    QuietHours,
    Stock,
    Running,
    InTime,
}

impl GateName {
    pub fn label(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Suppression => "suppression",
            Self::NotBought => "not bought again",
            Self::FrequencyCap => "frequency cap",
            Self::Audience => "audience",
            Self::QuietHours => "quiet hours",
            Self::Stock => "stock",
            Self::Running => "flow running",
            Self::InTime => "in time",
        }
    }
}

impl fmt::Display for GateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// One gate as the customer's page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateAnswer {
    pub name: GateName,
    pub is_passed: bool,
    /// The value behind the answer, such as `since 9 March` or `3 of 3 in 7 days`.
    pub value: String,
}

const UNREADABLE: &str = "could not be read";

/// Every gate with its value, in the order of the customer's page. All are passed exactly when the
/// verdict is to send.
pub fn gates(gate: &Gate, rules: &Rules, now: Timestamp) -> Vec<GateAnswer> {
    let answer = |name, (is_passed, value)| GateAnswer { name, is_passed, value };
    let mut answers = vec![
        answer(GateName::Consent, consent(gate)),
        answer(GateName::Suppression, suppression(gate)),
        answer(GateName::NotBought, not_bought(gate)),
    ];
    answers.extend(caps(gate, rules, now).map(|it| answer(GateName::FrequencyCap, it)));
    answers.push(answer(GateName::Audience, yes(&gate.is_in_audience, "still in", "no longer in")));
    answers.push(answer(GateName::QuietHours, quiet_hours(gate, rules, now)));
    answers.push(answer(GateName::Stock, yes(&gate.is_in_stock, "in stock", "sold out")));
    let running = match gate.is_paused {
        Fact::Known(is_paused) => Fact::Known(!is_paused),
        Fact::Unknown => Fact::Unknown,
    };
    answers.push(answer(GateName::Running, yes(&running, "live", "paused")));
    let until = gate.zone.to_datetime(gate.expires_at).strftime("until %-d %B, %H:%M").to_string();
    answers.push(answer(GateName::InTime, (now < gate.expires_at, until)));
    answers
}

fn consent(gate: &Gate) -> (bool, String) {
    if gate.class == MessageClass::Transactional {
        return (true, "not needed".to_owned());
    }
    match &gate.consent {
        Fact::Unknown => (false, UNREADABLE.to_owned()),
        Fact::Known(consent) => match consent.as_ref().filter(|it| it.topic == gate.topic) {
            None => (false, format!("never agreed to {}", topic_words(gate.topic))),
            Some(consent) => {
                let day = gate.zone.to_datetime(consent.at).strftime("%-d %B").to_string();
                match consent.state {
                    ConsentState::Agreed => (true, format!("since {day}")),
                    ConsentState::Withdrawn => (false, format!("withdrawn on {day}")),
                }
            }
        },
    }
}

fn suppression(gate: &Gate) -> (bool, String) {
    match &gate.suppression {
        Fact::Unknown => (false, UNREADABLE.to_owned()),
        Fact::Known(None) => (true, "none".to_owned()),
        Fact::Known(Some(reason)) => (false, suppression_words(*reason).to_owned()),
    }
}

fn not_bought(gate: &Gate) -> (bool, String) {
    match &gate.bought_since {
        Fact::Unknown => (false, UNREADABLE.to_owned()),
        Fact::Known(None) => (true, "no order since".to_owned()),
        Fact::Known(Some(order)) => (false, format!("order {order}")),
    }
}

/// One answer for each cap: `2 of 3 in 7 days`.
fn caps<'a>(
    gate: &'a Gate,
    rules: &'a Rules,
    now: Timestamp,
) -> impl Iterator<Item = (bool, String)> + 'a {
    rules.caps.iter().map(move |cap| match &gate.sent_at {
        _ if gate.class == MessageClass::Transactional => (true, "not counted".to_owned()),
        Fact::Unknown => (false, UNREADABLE.to_owned()),
        Fact::Known(sent_at) => {
            let counted = cap.counted(sent_at, now);
            let value = format!("{counted} of {} in {}", cap.count, cap.span());
            (counted < cap.count as usize, value)
        }
    })
}

fn quiet_hours(gate: &Gate, rules: &Rules, now: Timestamp) -> (bool, String) {
    match &rules.quiet_hours {
        _ if gate.class == MessageClass::Transactional => (true, "not kept".to_owned()),
        None => (true, "none".to_owned()),
        Some(quiet) => {
            let hours =
                format!("{} to {}", quiet.from.strftime("%H:%M"), quiet.until.strftime("%H:%M"));
            (!quiet.is_quiet(now, &gate.zone), hours)
        }
    }
}

fn yes(fact: &Fact<bool>, yes: &str, no: &str) -> (bool, String) {
    match fact {
        Fact::Unknown => (false, UNREADABLE.to_owned()),
        Fact::Known(true) => (true, yes.to_owned()),
        Fact::Known(false) => (false, no.to_owned()),
    }
}
