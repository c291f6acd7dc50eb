//! The page `docs/reference/conditions.md`: every operator with what it means, and for each a
//! customer of whom an example holds and one of whom it does not.
//!
//! The examples are data, so that a test can ask each of them and see that no part of the language
//! is without one.

mod operators;
pub(crate) mod sample;
mod words;

use std::fmt::Write as _;

use self::{operators::sections, sample::Sample};

/// What belongs together on the page.
struct Section {
    title: &'static str,
    about: &'static str,
    operators: Vec<Operator>,
}

struct Operator {
    /// How it is written, what varies in capitals.
    form: &'static str,
    meaning: &'static str,
    examples: Vec<Example>,
}

struct Example {
    condition: &'static str,
    holds: Sample,
    fails: Sample,
}

const HEAD: &str = "\
# Conditions

What segments, trigger filters, audiences, splits and exit criteria ask of a customer. Written from the table in `crates/segment/src/reference/operators.rs` by `cargo run -p aftercart-segment --example conditions`; a test holds this page to it and asks every example.

A condition is written as below, on one line or over indented lines. Case and line breaks do not matter, names stand in double quotes and are compared without regard to case and to blanks around them, and `\"A\" or \"B\"` will do wherever a name may stand. An error names the word and the nearest that fits.

The same conditions have a JSON form, for programs: `aftercart_segment::schema` gives its JSON schema.

Every window is half-open: what is exactly as old as `the last 30 days` has left it. Days of a span are 24 hours; a week is 7 of them and a year 365. Days of the calendar are civil days in the customer's time zone, else the shop's, and weeks begin on Monday. Events that are yet to come, by the clock of whoever sent them, are waited for.

In the examples now is Sunday, 1 March 2026, 12:00, in UTC. The shop sells a Ceramic dripper, a Stovetop kettle that goes with it, a Gooseneck kettle that is a better version of both, and a Linen apron. Drippers are bought again after 20 days, and aprons after 30.
";

/// The page as it is to be committed.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    for section in sections() {
        let _ = write!(page, "\n## {}\n\n{}\n", section.title, section.about);
        for operator in section.operators {
            let _ = write!(page, "\n### `{}`\n\n{}\n", operator.form, operator.meaning);
            for example in operator.examples {
                let _ = write!(
                    page,
                    "\n```text\n{}\n```\n\n- holds of a customer who {}\n- does not hold of one who {}\n",
                    example.condition,
                    words::of(&example.holds),
                    words::of(&example.fails),
                );
            }
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::{Condition, evaluate, parse, reference::sample::NOW, schema};

    #[test]
    fn the_committed_reference_is_the_written_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/conditions.md");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == reference(),
            "write it again: cargo run -q -p aftercart-segment --example conditions > \
             docs/reference/conditions.md"
        );
    }

    fn examples() -> impl Iterator<Item = (Condition, Example)> {
        let operators = sections().into_iter().flat_map(|it| it.operators);
        operators.flat_map(|it| it.examples).map(|it| {
            let condition = parse(it.condition);
            (condition.unwrap_or_else(|error| panic!("{}: {error}", it.condition)), it)
        })
    }

    #[test]
    fn every_example_holds_and_fails_as_it_says() {
        for (condition, example) in examples() {
            let is_met = |it: &Sample| it.ask(|subject| evaluate(&condition, subject, NOW));
            assert!(is_met(&example.holds), "holds: {}", example.condition);
            assert!(!is_met(&example.fails), "fails: {}", example.condition);
        }
    }

    #[test]
    fn examples_are_written_as_conditions_are_printed() {
        for (condition, example) in examples() {
            assert_eq!(condition.to_string(), example.condition);
        }
    }

    /// The words of the JSON form: keys of objects and texts that stand for themselves.
    fn words_of(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                into.extend(fields.keys().cloned());
                fields.values().for_each(|it| words_of(it, into));
            }
            Value::Array(items) => items.iter().for_each(|it| words_of(it, into)),
            Value::String(text) => {
                into.insert(text.clone());
            }
            _ => {}
        }
    }

    /// The words that the schema allows: names of properties, constants and choices.
    fn allowed(schema: &Value, into: &mut BTreeSet<String>) {
        match schema {
            Value::Object(fields) => {
                for (key, value) in fields {
                    match (key.as_str(), value) {
                        ("properties", Value::Object(properties)) => {
                            into.extend(properties.keys().cloned());
                        }
                        ("enum", Value::Array(choices)) => {
                            into.extend(
                                choices.iter().filter_map(Value::as_str).map(str::to_owned),
                            );
                        }
                        ("const", Value::String(text)) => {
                            into.insert(text.clone());
                        }
                        _ => {}
                    }
                    allowed(value, into);
                }
            }
            Value::Array(items) => items.iter().for_each(|it| allowed(it, into)),
            _ => {}
        }
    }

    #[test]
    fn no_part_of_the_language_is_without_an_example() {
        let (mut words, mut seen) = (BTreeSet::new(), BTreeSet::new());
        allowed(&serde_json::to_value(schema()).unwrap(), &mut words);
        examples().for_each(|(condition, _)| words_of(&condition.to_json(), &mut seen));
        let missing: Vec<&String> = words.difference(&seen).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(words.len() > 100, "the schema was read");
    }
}
