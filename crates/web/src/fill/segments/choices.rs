//! Which words of a clause may be others: those of one family, where the clause still reads.

use aftercart_engine::segment::parse;

use crate::console::segment::{BuilderField, BuilderNode};

/// Words that stand in the same place. Which of them a clause can bear is asked of the parser, so that
/// no rule of the language stands here a second time.
const FAMILIES: [&[&str]; 12] = [
    &["ordered", "cancelled an order", "got a refund", "started a checkout"],
    &["bought", "viewed", "added to cart", "clicked a link to", "reviewed"],
    &["was sent", "received", "opened", "clicked", "complained about"],
    &["at least", "at most", "exactly", "less than", "more than"],
    &["related to", "better than"],
    &["their last order", "any order of theirs"],
    &["in category", "of kind", "of brand", "tagged", "named"],
    &["days", "hours"],
    &["day", "hour"],
    &["is", "is not"],
    &["today", "yesterday"],
    &[
        "this week",
        "this month",
        "this quarter",
        "this year",
        "last week",
        "last month",
        "last quarter",
        "last year",
    ],
];

/// A longer clause keeps its words: each word that may be another is read once for each of its family.
const CLAUSE_CHARS_MAX: usize = 1_000;

/// A clause in its written form, cut at its numbers, its names and the words that may be others.
pub(super) fn clause(text: &str) -> BuilderNode {
    match BuilderNode::clause(text) {
        BuilderNode::Clause(fields) if text.len() <= CLAUSE_CHARS_MAX => {
            BuilderNode::Clause(with_choices(fields))
        }
        node => node,
    }
}

fn with_choices(fields: Vec<BuilderField>) -> Vec<BuilderField> {
    let written: Vec<String> = fields.iter().map(BuilderField::as_written).collect();
    let mut cut = Vec::with_capacity(fields.len());
    for (at, field) in fields.into_iter().enumerate() {
        let BuilderField::Words(words) = field else {
            cut.push(field);
            continue;
        };
        let (before, behind) = (written[..at].concat(), written[at + 1..].concat());
        let mut rest = 0;
        let mut from = 0;
        while let Some((start, word, family)) = next_word(&words, from) {
            let end = start + word.len();
            from = end;
            let reads = |it: &&&str| {
                let (left, right) = (&words[..start], &words[end..]);
                **it != word && parse(&format!("{before}{left}{it}{right}{behind}")).is_ok()
            };
            let others: Vec<String> =
                family.iter().filter(reads).map(|it| (*it).to_owned()).collect();
            if others.is_empty() {
                continue;
            }
            if rest < start {
                cut.push(BuilderField::Words(words[rest..start].to_owned()));
            }
            cut.push(BuilderField::Choice { word: word.to_owned(), others });
            rest = end;
        }
        if rest < words.len() {
            cut.push(BuilderField::Words(words[rest..].to_owned()));
        }
    }
    cut
}

/// The first word of a family in `words` after `from`, the longest of those that begin there.
fn next_word(words: &str, from: usize) -> Option<(usize, &'static str, &'static [&'static str])> {
    let is_edge = |c: Option<char>| c.is_none_or(|it| !it.is_alphanumeric());
    let found = FAMILIES.iter().flat_map(|family| {
        family.iter().filter_map(move |word| {
            let mut places = words[from..].match_indices(word).map(|(at, _)| from + at);
            let start = places.find(|start| {
                is_edge(words[..*start].chars().next_back())
                    && is_edge(words[start + word.len()..].chars().next())
            })?;
            Some((start, *word, *family))
        })
    });
    found.min_by_key(|(start, word, _)| (*start, std::cmp::Reverse(word.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::segment::CLAUSE_IDEAS;

    /// The clause with its choices as `word|other|other`.
    fn shown(text: &str) -> String {
        let BuilderNode::Clause(fields) = clause(text) else { panic!("a group") };
        let show = |it: &BuilderField| match it {
            BuilderField::Choice { word, others } => format!("<{word}|{}>", others.join("|")),
            other => other.as_written(),
        };
        fields.iter().map(show).collect()
    }

    #[test]
    fn a_word_may_be_one_of_its_family_where_the_clause_still_reads() {
        insta::assert_snapshot!(
            CLAUSE_IDEAS.map(shown).join("\n"),
            @r#"
            <ordered|cancelled an order|got a refund|started a checkout> <at least|at most|exactly|less than|more than> 1 time in the last 30 <days|hours>
            <ordered|cancelled an order|got a refund|started a checkout> 0 times in the last 90 <days|hours>
            spent <at least|at most|exactly|less than|more than> 100.00 EUR in the last 365 <days|hours>
            last order was <at least|less than|more than> 60 <days|hours> ago
            last order is worth <at least|at most|exactly|less than|more than> 25.00 EUR
            <viewed|bought|added to cart|clicked a link to|reviewed> a product <related to|better than> <their last order|any order of theirs> since their last order
            <clicked a link to|bought|viewed|added to cart|reviewed> a product <better than|related to> <their last order|any order of theirs> since their last order
            <viewed|bought|added to cart|clicked a link to|reviewed> a product <in category|of kind|of brand|tagged|named> "Kettles" <at least|at most|exactly|less than|more than> 2 times in the last 14 <days|hours>
            <added to cart|bought|viewed|clicked a link to|reviewed> a product in the last 7 <days|hours>
            <opened|was sent|received|clicked|complained about> an email 0 times in the last 90 <days|hours>
            country is "PT"
            has consent for marketing
            "#
        );
    }

    #[test]
    fn a_name_is_never_a_choice() {
        let BuilderNode::Clause(fields) = clause("country is \"is at least\"") else { panic!() };
        assert_eq!(fields.last(), Some(&BuilderField::Name("is at least".to_owned())));
    }

    #[test]
    fn a_clause_with_choices_is_the_same_clause() {
        for idea in CLAUSE_IDEAS {
            let BuilderNode::Clause(fields) = clause(idea) else { panic!("a group") };
            let written: String = fields.iter().map(BuilderField::as_written).collect();
            assert_eq!(written, idea);
        }
    }
}
