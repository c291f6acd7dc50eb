//! The JSON form of a condition: its tree, for programs that build and change conditions.
//!
//! Every object has one key, which says what it is; what a clause may leave out has the meaning of
//! the written form. [`schema`] describes it. What is read goes through the written form once, so
//! that the two can not come to allow different things.

use aftercart_model::Topic;
use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Age, Amount, BarReason, Condition, Count, Deed, Fact, Limit, Name, Number, ParseConditionError,
    Pick, ProductTest, Reading, Said, Score, Span, Statistic, ValueTest, Window, Words, WorthOf,
    parse,
};

/// Why a JSON value is not a condition.
#[derive(Debug, thiserror::Error)]
pub enum JsonConditionError {
    #[error("the condition is not of the published form: {0}; see its schema")]
    Form(String),
    /// It is of the form and yet more than is read.
    #[error("the condition can not be written: {0}")]
    Written(ParseConditionError),
}

impl Condition {
    /// The tree as JSON, as [`schema`] describes it.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(Tree::from(self.clone())).expect("a tree has only texts for keys")
    }

    /// Reads what [`Condition::to_json`] gives, or anything else of that form.
    pub fn from_json(value: &Value) -> Result<Self, JsonConditionError> {
        let tree =
            Tree::deserialize(value).map_err(|it| JsonConditionError::Form(it.to_string()))?;
        let condition = Self::from(tree);
        // The written form has its bounds on depth and length.
        match parse(&condition.to_string()) {
            Ok(read) => Ok(read),
            Err(error) => Err(JsonConditionError::Written(error)),
        }
    }
}

/// The JSON schema (draft 2020-12) of the JSON form.
pub fn schema() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Tree>()
}

/// A yes-or-no question about one customer at one moment.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Condition")]
enum Tree {
    /// Every part holds; of no parts, true of everyone.
    All(Vec<Tree>),
    /// At least one part holds; of no parts, true of nobody.
    Any(Vec<Tree>),
    /// No part holds.
    NoneOf(Vec<Tree>),
    Not(Box<Tree>),
    /// Did something so many times within a window: at least once and whenever, if left out.
    Did {
        deed: Deed,
        #[serde(default = "once")]
        count: Count,
        #[serde(default)]
        window: Window,
    },
    /// The first or last time they did something was so long ago. False of whoever never did.
    Recency {
        pick: Pick,
        deed: Deed,
        age: Age,
    },
    /// Did one thing within a window, and then within a span another, or not.
    Sequence {
        first: Deed,
        #[serde(default)]
        window: Window,
        within: Span,
        is_followed: bool,
        then: Deed,
    },
    /// A figure over the deeds of a window.
    Figure {
        statistic: Statistic,
        of: Reading,
        deed: Deed,
        #[serde(default)]
        window: Window,
    },
    /// Paid so much, refunds taken off, for the orders within a window.
    Spent {
        bound: Limit<Amount>,
        #[serde(default)]
        window: Window,
    },
    /// An order, or their average, is worth so much.
    Worth {
        of: WorthOf,
        bound: Limit<Amount>,
    },
    /// A place, zone or language of the customer's is one of these.
    Fact {
        fact: Fact,
        is: Words,
    },
    /// The postal code begins with one of these.
    PostalCode(Words),
    /// What the shop keeps of the customer under a name of its own.
    Attribute {
        name: Name,
        is: ValueTest,
    },
    Consent {
        topic: TopicForm,
        said: Said,
    },
    /// Their address is barred; of no reasons, for any.
    IsSuppressed(Vec<BarReason>),
    HasEmail,
    IsOnList(Words),
    /// Meets the condition of one of these segments.
    IsInSegment(Words),
    /// Their place among the shop's customers with orders, from 1 to 5.
    Score {
        of: Score,
        limit: Limit<Number>,
    },
    /// So many orders are expected within a span from now.
    ExpectedOrders {
        limit: Limit<Number>,
        within: Span,
    },
    /// So much is expected to be paid within a span from now.
    ExpectedSpend {
        bound: Limit<Amount>,
        within: Span,
    },
    /// Their next order is expected within a span from now.
    NextOrder {
        within: Span,
    },
    /// They bought a product that people buy again, and it is time to, or will be within a span from
    /// now. All tests must hold of one product; of no tests, any.
    DueAgain {
        #[serde(default)]
        products: Vec<ProductTest>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within: Option<Span>,
    },
    /// The chance that they will never order again, in per cent.
    ChanceGone(Limit<Number>),
}

fn once() -> Count {
    Count::at_least(1)
}

/// What a customer can agree to receive.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Topic")]
enum TopicForm {
    Marketing,
    Feedback,
}

/// The same variants on both sides, in their order.
macro_rules! same_tree {
    ($from:ident, $to:ident, $topic:expr) => {
        impl From<$from> for $to {
            fn from(it: $from) -> Self {
                let each = |parts: Vec<$from>| parts.into_iter().map(Self::from).collect();
                match it {
                    $from::All(parts) => Self::All(each(parts)),
                    $from::Any(parts) => Self::Any(each(parts)),
                    $from::NoneOf(parts) => Self::NoneOf(each(parts)),
                    $from::Not(part) => Self::Not(Box::new(Self::from(*part))),
                    $from::Did { deed, count, window } => Self::Did { deed, count, window },
                    $from::Recency { pick, deed, age } => Self::Recency { pick, deed, age },
                    $from::Sequence { first, window, within, is_followed, then } => {
                        Self::Sequence { first, window, within, is_followed, then }
                    }
                    $from::Figure { statistic, of, deed, window } => {
                        Self::Figure { statistic, of, deed, window }
                    }
                    $from::Spent { bound, window } => Self::Spent { bound, window },
                    $from::Worth { of, bound } => Self::Worth { of, bound },
                    $from::Fact { fact, is } => Self::Fact { fact, is },
                    $from::PostalCode(words) => Self::PostalCode(words),
                    $from::Attribute { name, is } => Self::Attribute { name, is },
                    $from::Consent { topic, said } => Self::Consent { topic: $topic(topic), said },
                    $from::IsSuppressed(reasons) => Self::IsSuppressed(reasons),
                    $from::HasEmail => Self::HasEmail,
                    $from::IsOnList(words) => Self::IsOnList(words),
                    $from::IsInSegment(words) => Self::IsInSegment(words),
                    $from::Score { of, limit } => Self::Score { of, limit },
                    $from::ExpectedOrders { limit, within } => {
                        Self::ExpectedOrders { limit, within }
                    }
                    $from::ExpectedSpend { bound, within } => Self::ExpectedSpend { bound, within },
                    $from::NextOrder { within } => Self::NextOrder { within },
                    $from::DueAgain { products, within } => Self::DueAgain { products, within },
                    $from::ChanceGone(limit) => Self::ChanceGone(limit),
                }
            }
        }
    };
}

same_tree!(Condition, Tree, |it| match it {
    Topic::Marketing => TopicForm::Marketing,
    Topic::Feedback => TopicForm::Feedback,
});
same_tree!(Tree, Condition, |it| match it {
    TopicForm::Marketing => Topic::Marketing,
    TopicForm::Feedback => Topic::Feedback,
});

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::samples::{LAW_CASES, any_condition};

    fn read(value: Value) -> String {
        Condition::from_json(&value).map_or_else(|error| error.to_string(), |it| it.to_string())
    }

    #[test]
    fn a_condition_is_a_tree_with_one_key_each() {
        let condition = parse(
            "viewed a product in category \"Kettles\" at least 2 times in the last 30 days and \
             not did \"Quiz Finished\" where \"score\" is at least 7 and spent more than 25 EUR",
        );
        let value = condition.unwrap().to_json();
        assert_snapshot!(value, @r#"{"all":[{"did":{"count":{"at_least":2},"deed":{"act":{"viewed":[{"in_category":["Kettles"]}]}},"window":{"last":{"days":30}}}},{"not":{"did":{"count":{"at_least":1},"deed":{"act":{"custom":["Quiz Finished"]},"where":[{"property":{"is":{"number":{"at_least":7.0}},"name":"score"}}]},"window":"ever"}}},{"spent":{"bound":{"above":"25.00 EUR"},"window":"ever"}}]}"#);
        assert_eq!(
            read(json!({"did": {"deed": {"act": "ordered"}}})),
            "ordered at least 1 time",
            "what is left out has its usual meaning"
        );
    }

    #[test]
    fn what_is_not_a_condition_is_refused_with_the_reason() {
        assert_snapshot!(read(json!({"dod": {}})), @"the condition is not of the published form: unknown variant `dod`, expected one of `all`, `any`, `none_of`, `not`, `did`, `recency`, `sequence`, `figure`, `spent`, `worth`, `fact`, `postal_code`, `attribute`, `consent`, `is_suppressed`, `has_email`, `is_on_list`, `is_in_segment`, `score`, `expected_orders`, `expected_spend`, `next_order`, `due_again`, `chance_gone`; see its schema");
        assert_snapshot!(read(json!({"did": {"deed": {"act": "ordered"}, "window": {"last": {"days": 900}}}})), @"the condition is not of the published form: 900 days is out of reach; choose 1 to 730; see its schema");
        assert_snapshot!(read(json!({"did": {"deed": {"act": "ordered"}, "window": {"ago": {"near": {"days": 9}, "far": {"days": 9}}}}})), @"the condition is not of the published form: between 9 days and 9 days ago is no time at all; write the shorter span first; see its schema");
        assert_snapshot!(read(json!({"is_on_list": [" "]})), @"the condition is not of the published form: a name is empty; write it or leave it out; see its schema");
        assert_snapshot!(read(json!({"spent": {"bound": {"at_least": "5"}}})), @"the condition is not of the published form: `5` is not an amount; write it as `25.00 EUR`; see its schema");
        assert_snapshot!(read(json!({"chance_gone": {"above": 1e12}})), @"the condition is not of the published form: `1000000000000` is out of reach; choose -1000000000 to 1000000000; see its schema");
        let deep = (0..40).fold(json!("has_email"), |it, _| json!({"not": it}));
        assert_snapshot!(read(deep), @"the condition can not be written: line 1, column 129: groups nest too deep; unfold some; 32 levels are read at most");
    }

    #[test]
    fn the_schema_names_every_part() {
        let schema = schema();
        let text = serde_json::to_string(&schema).unwrap();
        for word in ["none_of", "is_in_segment", "starts_with", "quarter", "double_opt_in", "$defs"]
        {
            assert!(text.contains(word), "{word}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(LAW_CASES))]

        #[test]
        fn the_json_form_and_the_written_form_agree(condition in any_condition()) {
            let value = condition.to_json();
            let text = serde_json::to_string(&value).unwrap();
            let read = Condition::from_json(&serde_json::from_str(&text).unwrap());
            prop_assert_eq!(read.map_err(|it| it.to_string()), Ok(condition), "{}", text);
        }
    }
}
