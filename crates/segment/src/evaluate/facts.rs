//! What is known of a customer beside the history.

use aftercart_model::{ConsentBasis, ConsentState, SuppressionReason};
use serde_json::Value;

use super::{Evaluator, Node};
use crate::{
    BarReason, Fact, Said, ValueTest, Words,
    facts::{fact_of, fold, is_alike},
    value::millionths,
};

impl Evaluator<'_> {
    /// The answer of a clause about a fact.
    pub(super) fn knows(&self, node: &Node<'_>) -> bool {
        let customer = self.subject.customer;
        match node {
            Node::Fact { fact, is } => self.fact(*fact).is_some_and(|it| is_one_of(it, is)),
            Node::PostalCode(words) => {
                customer.postal_code.as_deref().is_some_and(|it| begins(it, words))
            }
            Node::Attribute { name, is } => meets_value(is, customer.attribute(name)),
            Node::Consent { topic, said } => said.holds(customer.consents.on(*topic)),
            Node::IsSuppressed(reasons) => {
                let is_one = |bar: &SuppressionReason| reasons.contains(&BarReason::from(*bar));
                customer.is_suppressed() && (reasons.is_empty() || customer.bars.iter().any(is_one))
            }
            Node::HasEmail => customer.has_email,
            Node::IsOnList(words) => customer.lists.iter().any(|it| is_one_of(it, words)),
            _ => false,
        }
    }

    /// What is known; `None` if nothing is.
    pub(crate) fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::TimeZone => self.subject.zone.iana_name(),
            fact => fact_of(self.subject.customer, fact),
        }
    }
}

fn is_one_of(text: &str, words: &Words) -> bool {
    words.any_folded(|it| is_alike(text, it))
}

/// Blanks within a postal code say nothing: `SW1A 1AA` is `SW1A1AA`.
fn begins(code: &str, words: &Words) -> bool {
    let plain = |text: &str| -> String { text.split_whitespace().collect() };
    let code = plain(&code.to_lowercase());
    words.any_folded(|it| code.starts_with(&plain(it)))
}

impl Said {
    fn holds(self, consent: Option<(ConsentState, ConsentBasis)>) -> bool {
        let Some((state, basis)) = consent else { return self == Self::Nothing };
        let is_yes = state == ConsentState::Agreed;
        match self {
            Self::Yes => is_yes,
            Self::YesByOptIn => is_yes && basis == ConsentBasis::OptIn,
            Self::YesByDoubleOptIn => is_yes && basis == ConsentBasis::DoubleOptIn,
            Self::YesBySoftOptIn => is_yes && basis == ConsentBasis::SoftOptIn,
            Self::No => !is_yes,
            Self::Nothing => false,
        }
    }
}

impl From<SuppressionReason> for BarReason {
    fn from(reason: SuppressionReason) -> Self {
        match reason {
            SuppressionReason::Bounce => Self::Bounce,
            SuppressionReason::Complaint => Self::Complaint,
            SuppressionReason::Unsubscribe => Self::Unsubscribe,
            SuppressionReason::ByHand => Self::ByHand,
            SuppressionReason::Erased => Self::Erased,
        }
    }
}

/// Whether a text, or an item of a list, is one of these.
fn is_text(value: &Value, words: &Words) -> bool {
    match value {
        Value::String(text) => is_one_of(text, words),
        Value::Array(items) => items.iter().any(|it| is_text(it, words)),
        _ => false,
    }
}

/// Whether an attribute is as asked; of a list, whether an item of it is.
fn meets_value(test: &ValueTest, value: Option<&Value>) -> bool {
    let Some(value) = value else { return *test == ValueTest::IsNotSet };
    match (test, value) {
        (ValueTest::IsSet, _) => true,
        (ValueTest::IsNotSet, _) => false,
        (ValueTest::NotText(words), value) => !is_text(value, words),
        // "contains" asks of a list that it has such an item, not that an item has such a part.
        (ValueTest::Contains(words), Value::Array(items)) => {
            items.iter().filter_map(Value::as_str).any(|it| is_one_of(it, words))
        }
        (ValueTest::Text(words), value) => is_text(value, words),
        (_, Value::Array(items)) => items.iter().any(|it| meets_value(test, Some(it))),
        (ValueTest::Contains(words), Value::String(text)) => {
            let text = fold(text);
            words.any_folded(|it| text.contains(it))
        }
        (ValueTest::StartsWith(words), Value::String(text)) => {
            let text = fold(text);
            words.any_folded(|it| text.starts_with(it))
        }
        (ValueTest::Number(limit), Value::Number(number)) => {
            number.as_f64().is_some_and(|it| limit.map(|it| it.millionths()).holds(millionths(it)))
        }
        (ValueTest::IsTrue, Value::Bool(is)) => *is,
        (ValueTest::IsFalse, Value::Bool(is)) => !is,
        _ => false,
    }
}
