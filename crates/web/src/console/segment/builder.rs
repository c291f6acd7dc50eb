//! The builder: a condition as rows whose numbers and names are fields.
//!
//! The form carries the written form itself, cut into pieces: what stands between the fields goes along
//! unseen, in order, so that [`compose`] only has to put the pieces side by side. It knows no clause by
//! its kind, and a new one needs nothing here; which words may stand in another's place it is told.

use maud::{Markup, html};

use super::idea_select;
use crate::{
    component::Button,
    icon::{Icon, icon},
};

/// Conditions that "Condition" offers; their numbers are changed afterwards.
pub const CLAUSE_IDEAS: [&str; 12] = [
    "ordered at least 1 time in the last 30 days",
    "ordered 0 times in the last 90 days",
    "spent at least 100.00 EUR in the last 365 days",
    "last order was at least 60 days ago",
    "last order is worth at least 25.00 EUR",
    "viewed a product related to their last order since their last order",
    "clicked a link to a product better than their last order since their last order",
    "viewed a product in category \"Kettles\" at least 2 times in the last 14 days",
    "added to cart a product in the last 7 days",
    "opened an email 0 times in the last 90 days",
    "country is \"PT\"",
    "has consent for marketing",
];

/// How much of a form is read: a condition of 500 clauses has some 20 pieces each.
const PIECES_MAX: usize = 20_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuilderNode {
    Clause(Vec<BuilderField>),
    Group {
        /// `all of`, `any of`, `none of`, `not`.
        word: String,
        parts: Vec<BuilderNode>,
    },
}

/// A piece of a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuilderField {
    Words(String),
    /// A word, and those that may stand in its place.
    Choice {
        word: String,
        others: Vec<String>,
    },
    /// A number, an amount or a date.
    Number(String),
    /// A name, without its quotes and as it is meant.
    Name(String),
}

impl BuilderNode {
    /// A clause in its written form, cut at its numbers and names.
    pub fn clause(text: &str) -> Self {
        let mut fields = Vec::new();
        let mut words = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let is_start = words.is_empty() || words.ends_with([' ', '(', '"']);
            if first == '"' {
                let (name, after) = quoted(rest);
                flush(&mut words, &mut fields);
                fields.push(BuilderField::Name(name));
                rest = after;
            } else if first.is_ascii_digit() && is_start {
                let is_of = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | ':');
                let end = rest.find(|c| !is_of(c)).unwrap_or(rest.len());
                flush(&mut words, &mut fields);
                fields.push(BuilderField::Number(rest[..end].to_owned()));
                rest = &rest[end..];
            } else {
                words.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        flush(&mut words, &mut fields);
        Self::Clause(fields)
    }
}

fn flush(words: &mut String, fields: &mut Vec<BuilderField>) {
    if !words.is_empty() {
        fields.push(BuilderField::Words(std::mem::take(words)));
    }
}

impl BuilderField {
    /// The piece in the written form.
    pub fn as_written(&self) -> String {
        match self {
            Self::Words(words) => words.clone(),
            Self::Choice { word, .. } => word.clone(),
            Self::Number(number) => number.clone(),
            Self::Name(name) => in_quotes(name),
        }
    }
}

/// A quoted name at the start of `text`, as it is meant, and what follows it.
fn quoted(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => {
                // Only what the printer writes: a line's end has a letter of its own.
                name.push(if c == 'n' { '\n' } else { c });
                is_escaped = false;
            }
            '\\' => is_escaped = true,
            '"' => return (name, &text[at + 1..]),
            _ => name.push(c),
        }
    }
    (name, "")
}

fn in_quotes(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len() + 2);
    quoted.push('"');
    for c in name.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// The written form of what a builder's form sent, its pairs in their order.
pub fn compose(pairs: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs.iter().take(PIECES_MAX) {
        match name.as_str() {
            "w" => text.push_str(value),
            "n" => text.push_str(value.trim()),
            "q" => text.push_str(&in_quotes(value)),
            _ => {}
        }
    }
    text
}

pub(super) fn render(node: &BuilderNode) -> Markup {
    match node {
        BuilderNode::Group { word, parts } if word == "all of" && !parts.is_empty() => html! {
            @for (index, part) in parts.iter().enumerate() {
                @if index > 0 { (hidden(" and ")) p.joined { "and" } }
                (part_of(part, &index.to_string()))
            }
        },
        other => part_of(other, ""),
    }
}

/// A part at its place: the indexes that lead to it, `1.0`.
fn part_of(node: &BuilderNode, place: &str) -> Markup {
    match node {
        BuilderNode::Clause(fields) => html! {
            div.clause-row {
                div.pieces { @for it in fields { (field(it)) } }
                (Button::quiet("Remove this condition").small().icon_alone(Icon::Close)
                    .submit_as("remove", if place.is_empty() { "all" } else { place }))
            }
        },
        BuilderNode::Group { word, parts } => html! {
            div.group {
                div.group-head {
                    span.select {
                        select name="w" aria-label="How the group is joined" data-ask {
                            @for it in ["any of", "all of", "none of"] {
                                option value=(format!("{it} (")) selected[it == word] { (it) }
                            }
                            @if word == "not" { option value="none of (" selected { "none of" } }
                        }
                        (icon(Icon::Down))
                    }
                    (Button::quiet("Remove this group").small().icon_alone(Icon::Close)
                        .submit_as("remove", if place.is_empty() { "all" } else { place }))
                }
                @for (index, part) in parts.iter().enumerate() {
                    @if index > 0 { (hidden(", ")) }
                    (part_of(part, &inner(place, index)))
                }
                (hidden(")"))
                div.add {
                    (idea_select(&format!("-{}", if place.is_empty() { "top" } else { place })))
                    (Button::quiet("Add to this group").small().icon(Icon::Plus)
                        .submit_as("add", if place.is_empty() { "top" } else { place }))
                }
            }
        },
    }
}

fn inner(place: &str, index: usize) -> String {
    if place.is_empty() { index.to_string() } else { format!("{place}.{index}") }
}

fn hidden(words: &str) -> Markup {
    html! { input type="hidden" name="w" value=(words); }
}

fn field(it: &BuilderField) -> Markup {
    match it {
        BuilderField::Words(words) => html! {
            @if !words.trim().is_empty() { span { (words.trim()) } }
            (hidden(words))
        },
        BuilderField::Choice { word, others } => html! {
            span.select.piece-select {
                select name="w" aria-label=(format!("Instead of {word}")) data-ask {
                    option value=(word) selected { (word) }
                    @for it in others { option value=(it) { (it) } }
                }
                (icon(Icon::Down))
            }
        },
        BuilderField::Number(number) => html! {
            input.piece name="n" value=(number) size=(number.len().max(2)) aria-label="Number"
                required autocomplete="off" data-ask;
        },
        BuilderField::Name(name) => html! {
            input.piece.name name="q" value=(name) size=(name.chars().count().clamp(4, 30))
                aria-label="Name" required autocomplete="off" data-ask;
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{Piece, pieces};

    fn words(text: &str) -> BuilderField {
        BuilderField::Words(text.to_owned())
    }

    /// What a browser sends of the form as it stands.
    fn sent(node: &BuilderNode) -> Vec<(String, String)> {
        let html = render(node).into_string();
        let mut sent = Vec::new();
        let mut select: Option<String> = None;
        for piece in pieces(&html) {
            let Piece::Open { tag, attributes } = piece else { continue };
            let of = |name: &str| {
                attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
            };
            match tag.as_str() {
                "input" => sent.push((of("name").unwrap(), of("value").unwrap_or_default())),
                "select" => select = of("name"),
                "option" if of("selected").is_some() => {
                    sent.push((select.clone().unwrap(), of("value").unwrap()));
                }
                _ => {}
            }
        }
        sent
    }

    #[test]
    fn a_clause_is_cut_at_its_numbers_and_names() {
        assert_eq!(
            BuilderNode::clause("viewed a product in category \"Tea \\\"x\\\"\" at least 2 times"),
            BuilderNode::Clause(vec![
                words("viewed a product in category "),
                BuilderField::Name("Tea \"x\"".to_owned()),
                words(" at least "),
                BuilderField::Number("2".to_owned()),
                words(" times"),
            ])
        );
        assert_eq!(
            BuilderNode::clause("spent at least 25.00 EUR since 2026-01-01"),
            BuilderNode::Clause(vec![
                words("spent at least "),
                BuilderField::Number("25.00".to_owned()),
                words(" EUR since "),
                BuilderField::Number("2026-01-01".to_owned()),
            ])
        );
    }

    #[test]
    fn an_untouched_form_sends_the_condition_back() {
        let clause = BuilderNode::clause;
        let tree = BuilderNode::Group {
            word: "all of".to_owned(),
            parts: vec![
                clause("ordered at least 1 time in the last 30 days"),
                BuilderNode::Group {
                    word: "any of".to_owned(),
                    parts: vec![
                        clause("country is \"PT\""),
                        BuilderNode::Group {
                            word: "none of".to_owned(),
                            parts: vec![clause("is suppressed")],
                        },
                    ],
                },
            ],
        };
        assert_eq!(
            compose(&sent(&tree)),
            "ordered at least 1 time in the last 30 days and any of (country is \"PT\", none of (is \
             suppressed))"
        );
    }

    proptest! {
        #[test]
        fn a_name_comes_back_as_it_was(name in "[^\\x00-\\x08\\x0b-\\x1f\\x7f]{0,12}") {
            let clause = format!("country is {} 1", in_quotes(&name));
            let BuilderNode::Clause(fields) = BuilderNode::clause(&clause) else { panic!() };
            prop_assert_eq!(&fields[1], &BuilderField::Name(name.clone()));
            prop_assert_eq!(compose(&sent(&BuilderNode::Clause(fields))), clause);
        }
    }
}
