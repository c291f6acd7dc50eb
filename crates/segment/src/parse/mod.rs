//! Reading the written form.
//!
//! A hand-written descent over words. Every phrase that was tried at the furthest word reached is
//! remembered, so that an error names the place, what could stand there and, where a word is almost
//! right, the word that was meant.
//!
//! A group's parts stand in parentheses, separated by commas, or on lines of their own indented
//! deeper than the group; a line indented deeper than a part goes on with that part.

mod clauses;
mod deeds;
mod tokens;
mod values;
mod windows;

use std::ops::Range;

use aftercart_model::Currency;

use self::tokens::{Place, Token, TokenKind, tokenise};
use crate::Condition;

/// How long a condition's text may be.
pub const TEXT_BYTES_MAX: usize = 65_536;

/// How deep groups may nest: deeper than anyone writes, and far from the end of the stack.
pub const DEPTH_MAX: usize = 32;

/// How many clauses and groups a condition may have.
pub const CONDITIONS_MAX: usize = 500;

/// How many choices an error lists before it only names the nearest.
const CHOICES_SHOWN_MAX: usize = 6;

/// What joins and turns conditions: the last things an error proposes.
const JOINING: [&str; 8] =
    ["customers who", "not", "everyone", "nobody", "any of", "all of", "none of", "then within"];

/// Why a text is not a condition. Shown to the person who writes the segment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}; {remedy}")]
pub struct ParseConditionError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The bytes of the text that are wrong; empty at its end.
    pub range: Range<usize>,
    pub problem: String,
    pub remedy: String,
    /// What could stand there, for completion.
    pub expected: Vec<String>,
}

/// Reads a condition, on one line or over indented lines.
pub fn parse(text: &str) -> Result<Condition, ParseConditionError> {
    read(text, None)
}

/// Reads a condition for a shop that counts in `currency`: an amount in another one is an error, since
/// amounts are compared as they are.
pub fn parse_in(text: &str, currency: Currency) -> Result<Condition, ParseConditionError> {
    read(text, Some(currency))
}

fn read(text: &str, currency: Option<Currency>) -> Result<Condition, ParseConditionError> {
    if text.len() > TEXT_BYTES_MAX {
        let start = text.floor_char_boundary(TEXT_BYTES_MAX);
        let place = Place::of(text, start..start);
        let remedy = format!("shorten it to {TEXT_BYTES_MAX} bytes");
        return Err(place.error("the condition is too long".to_owned(), remedy));
    }
    let tokens = tokenise(text)?;
    let mut parser = Parser {
        text,
        tokens,
        currency,
        at: 0,
        indent: 0,
        item_start: 0,
        depth: 0,
        conditions: 0,
        furthest: 0,
        expected: Vec::new(),
    };
    parser.eat("customers who");
    parser.item_start = parser.at;
    let condition = parser.chain()?;
    match parser.at < parser.tokens.len() {
        true => Err(parser.error()),
        false => Ok(condition),
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    /// What the shop counts in; `None` for any.
    currency: Option<Currency>,
    at: usize,
    /// A line that begins left of this column, or at it, ends the item being read. Columns here
    /// count from 1; 0 is no limit.
    indent: usize,
    /// The item's own first token, which may stand at the limit.
    item_start: usize,
    depth: usize,
    conditions: usize,
    furthest: usize,
    /// What was tried at `furthest`.
    expected: Vec<String>,
}

type Parsed<T> = Result<T, ParseConditionError>;

impl Parser<'_> {
    /// `a and b and c`, or `a or b or c`, or one alone.
    fn chain(&mut self) -> Parsed<Condition> {
        let first = self.unit()?;
        let word = match () {
            () if self.eat("and") => "and",
            () if self.eat("or") => "or",
            () => return Ok(first),
        };
        let mut parts = vec![first, self.unit()?];
        while self.eat(word) {
            parts.push(self.unit()?);
        }
        let other = if word == "and" { "or" } else { "and" };
        if self.is_word(other) {
            let problem = "`and` and `or` stand side by side".to_owned();
            let remedy = "put what belongs together in `any of (…)` or `all of (…)`".to_owned();
            return Err(self.place().error(problem, remedy));
        }
        Ok(if word == "and" { Condition::All(parts) } else { Condition::Any(parts) })
    }

    fn unit(&mut self) -> Parsed<Condition> {
        self.conditions += 1;
        if self.conditions > CONDITIONS_MAX {
            let remedy = format!("split the segment; {CONDITIONS_MAX} are read at most");
            return Err(self.place().error("there are too many conditions".to_owned(), remedy));
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let remedy = format!("unfold some; {DEPTH_MAX} levels are read at most");
            return Err(self.place().error("groups nest too deep".to_owned(), remedy));
        }
        let condition = self.unit_inside();
        self.depth -= 1;
        condition
    }

    fn unit_inside(&mut self) -> Parsed<Condition> {
        if self.eat("not") {
            return Ok(Condition::Not(Box::new(self.unit()?)));
        }
        if self.eat("everyone") {
            return Ok(Condition::All(Vec::new()));
        }
        if self.eat("nobody") {
            return Ok(Condition::Any(Vec::new()));
        }
        for (head, group) in [
            ("any of", Condition::Any as fn(Vec<Condition>) -> Condition),
            ("all of", Condition::All),
            ("none of", Condition::NoneOf),
        ] {
            if self.eat(head) {
                return Ok(group(self.group()?));
            }
        }
        if self.is_kind(&TokenKind::Open) {
            let mut parts = self.group()?;
            return match parts.pop() {
                Some(one) if parts.is_empty() => Ok(one),
                _ => {
                    let problem = "parentheses alone hold one condition".to_owned();
                    let remedy = "write `any of` or `all of` before them".to_owned();
                    Err(self.place_at(self.at - 1).error(problem, remedy))
                }
            };
        }
        self.clause()
    }

    /// The parts of a group, in parentheses or as a block.
    fn group(&mut self) -> Parsed<Vec<Condition>> {
        if !self.is_kind(&TokenKind::Open) {
            return self.block();
        }
        self.at += 1;
        // Inside parentheses lines mean nothing.
        let outer = std::mem::replace(&mut self.indent, 0);
        let mut parts = Vec::new();
        if !self.eat_kind(&TokenKind::Close, "`)`") {
            loop {
                parts.push(self.chain()?);
                if self.eat_kind(&TokenKind::Close, "`)`") {
                    break;
                }
                if !self.eat_kind(&TokenKind::Comma, "`,`") {
                    return Err(self.error());
                }
            }
        }
        self.indent = outer;
        Ok(parts)
    }

    fn block(&mut self) -> Parsed<Vec<Condition>> {
        // The line on which the group's head stands; its parts must stand deeper.
        let head_line = self.tokens[..self.at].iter().rev().find(|it| it.is_first_of_line);
        let outer_column = head_line.map_or(0, |it| it.column);
        let first = self.tokens.get(self.at).filter(|it| it.is_first_of_line).cloned();
        let Some(first) = first else {
            self.expect("`(` and conditions, or conditions on lines of their own");
            return Err(self.error());
        };
        if first.column <= outer_column || self.peek().is_none() {
            let problem = "nothing belongs to the group above".to_owned();
            let remedy = "indent its conditions deeper than its own line".to_owned();
            return Err(self.place().error(problem, remedy));
        }
        let outer = (self.indent, self.item_start);
        self.indent = first.column + 1;
        let mut parts = Vec::new();
        while let Some(token) = self.tokens.get(self.at)
            && token.is_first_of_line
            && token.column == first.column
        {
            self.item_start = self.at;
            parts.push(self.chain()?);
        }
        (self.indent, self.item_start) = outer;
        Ok(parts)
    }

    /// The next token, unless it belongs to what stands around this item.
    fn peek(&self) -> Option<&Token> {
        self.peek_at(self.at)
    }

    fn peek_at(&self, at: usize) -> Option<&Token> {
        let token = self.tokens.get(at)?;
        let is_beyond = token.is_first_of_line
            && self.indent > 0
            && token.column < self.indent
            && at != self.item_start;
        (!is_beyond).then_some(token)
    }

    fn peek_number(&self) -> Option<&str> {
        let token = self.peek().filter(|it| it.kind == TokenKind::Number)?;
        Some(&self.text[token.range.clone()])
    }

    fn is_kind(&self, kind: &TokenKind) -> bool {
        self.peek().is_some_and(|it| it.kind == *kind)
    }

    fn eat_kind(&mut self, kind: &TokenKind, name: &str) -> bool {
        let is_there = self.is_kind(kind);
        if is_there {
            self.at += 1;
        } else {
            self.expect(name);
        }
        is_there
    }

    fn is_word(&self, word: &str) -> bool {
        self.is_word_at(self.at, word)
    }

    fn is_word_at(&self, at: usize, word: &str) -> bool {
        self.peek_at(at).is_some_and(|it| {
            it.kind == TokenKind::Word && self.text[it.range.clone()].eq_ignore_ascii_case(word)
        })
    }

    /// Steps over `phrase` if it stands here, whole; else remembers that it could have.
    fn eat(&mut self, phrase: &str) -> bool {
        let start = self.at;
        let mut rest = phrase;
        loop {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            if !self.is_word(word) {
                self.expect(&format!("`{rest}`"));
                self.at = start;
                return false;
            }
            self.at += 1;
            if after.is_empty() {
                return true;
            }
            rest = after;
        }
    }

    /// Steps over one of the phrases that are understood and not proposed.
    fn eat_synonym(&mut self, phrases: &[&str]) -> bool {
        let found = phrases.iter().find_map(|phrase| {
            let words = phrase.split(' ').count();
            let is_there =
                (self.at..).zip(phrase.split(' ')).all(|(at, word)| self.is_word_at(at, word));
            is_there.then_some(words)
        });
        self.at += found.unwrap_or(0);
        found.is_some()
    }

    /// Steps over a unit in either number; an error proposes the plural.
    fn eat_unit(&mut self, plural: &str, singular: &str) -> bool {
        let is_singular = self.is_word(singular);
        if is_singular {
            self.at += 1;
        }
        is_singular || self.eat(plural)
    }

    fn expect(&mut self, what: &str) {
        self.expect_at(self.at, what);
    }

    fn expect_at(&mut self, at: usize, what: &str) {
        if at > self.furthest {
            self.furthest = at;
            self.expected.clear();
        }
        if at == self.furthest && !self.expected.iter().any(|it| it == what) {
            self.expected.push(what.to_owned());
        }
    }

    fn place(&self) -> Place {
        self.place_at(self.at)
    }

    fn place_at(&self, token: usize) -> Place {
        let end = self.text.trim_end().len();
        let range = self.tokens.get(token).map_or(end..end, |it| it.range.clone());
        Place::of(self.text, range)
    }

    /// An error that already says how to mend it, after a semicolon.
    fn refuse(&self, token: usize, error: &str) -> ParseConditionError {
        let (problem, remedy) = error.split_once("; ").unwrap_or((error, "write another"));
        self.place_at(token).error(problem.to_owned(), remedy.to_owned())
    }

    /// What went wrong at the furthest word reached.
    fn error(&self) -> ParseConditionError {
        let place = self.place_at(self.furthest);
        let found = &self.text[place.range.clone()];
        let problem = match found {
            "" => "the condition breaks off".to_owned(),
            _ => format!("`{found}` does not fit here"),
        };
        // What most conditions begin with comes before what joins and turns them.
        let mut expected = self.expected.clone();
        expected.sort_by_key(|it| JOINING.contains(&it.trim_matches('`')));
        let nearest = expected.iter().min_by_key(|it| distance_to(found, it));
        let nearest = nearest.filter(|it| distance_to(found, it) <= found.chars().count() / 3);
        let remedy = match (nearest, expected.as_slice()) {
            (Some(nearest), _) if !found.is_empty() => format!("did you mean {nearest}?"),
            (_, [one]) => format!("write {one}"),
            (_, choices) if choices.len() <= CHOICES_SHOWN_MAX => {
                format!("write one of {}", choices.join(", "))
            }
            (_, choices) => format!("write one of {}, …", choices[..CHOICES_SHOWN_MAX].join(", ")),
        };
        ParseConditionError { expected, ..place.error(problem, remedy) }
    }
}

/// How many letters must change to make `found` the first word of `choice`.
fn distance_to(found: &str, choice: &str) -> usize {
    let word = choice.trim_matches('`').split(' ').next().unwrap_or_default();
    distance(&found.to_lowercase(), &word.to_lowercase())
}

/// How many letters must be put in, left out, changed or swapped with the next to make one word the
/// other (optimal string alignment).
pub(crate) fn distance(found: &str, word: &str) -> usize {
    let [found, word] = [found, word].map(|it| it.chars().collect::<Vec<char>>());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=word.len()).collect();
    for row in 0..found.len() {
        let mut here = vec![row + 1];
        for column in 0..word.len() {
            let is_other = found[row] != word[column];
            let changed = above[column] + usize::from(is_other);
            let mut least = changed.min(above[column + 1] + 1).min(here[column] + 1);
            let is_swap = row > 0
                && column > 0
                && found[row] == word[column - 1]
                && found[row - 1] == word[column];
            if is_swap {
                least = least.min(before[column - 1] + 1);
            }
            here.push(least);
        }
        before = std::mem::replace(&mut above, here);
    }
    above[word.len()]
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    /// What a text means, in the form it is printed.
    fn read(text: &str) -> String {
        parse(text).map_or_else(|error| format!("error: {error}"), |it| it.to_string())
    }

    #[test]
    fn conditions_are_read_as_people_write_them() {
        assert_eq!(read("ORDERED Twice"), "ordered exactly 2 times");
        assert_eq!(read("ordered never in the last 7 days"), "ordered 0 times in the last 7 days");
        assert_eq!(read("viewed a product at least 1 time"), "viewed a product");
        assert_eq!(
            read("opened an email in the last 30 days at least twice"),
            "opened an email at least 2 times in the last 30 days",
            "the count may stand behind the window"
        );
        assert_eq!(
            read("clicked a product tagged “for kettles”"),
            "clicked a link to a product tagged \"for kettles\"",
            "typographic quotes"
        );
        assert_eq!(read("spent at least 25 eur"), "spent at least 25.00 EUR");
        assert_eq!(read("spent at most 1500 JPY"), "spent at most 1500 JPY");
        assert_eq!(
            read("country is \"PT\" or has an email address"),
            "any of (country is \"PT\", has an email address)",
            "`or` before no name joins conditions"
        );
        assert_eq!(
            read("(ordered once or ordered twice) and is suppressed"),
            "any of (ordered exactly 1 time, ordered exactly 2 times) and is suppressed"
        );
        assert_eq!(read("not not everyone"), "not not everyone");
        assert_eq!(read("none of ()"), "none of ()");
    }

    #[test]
    fn lines_group_by_their_indentation() {
        let page = "customers who\n  ordered at least 1 time\n  and any of\n    \
            viewed a product related to\n      their last order\n    all of\n      \
            is suppressed\n      has an email address\n    opened an email\n  \
            and country is \"PT\"\n";
        let line = "ordered at least 1 time and any of (viewed a product related to their last \
            order, is suppressed and has an email address, opened an email) and country is \"PT\"";
        assert_eq!(read(page), line);
        assert_eq!(read(&page.replace('\n', "\r\n")), line, "as Windows ends lines");
        assert_eq!(
            read("any of\n\tis suppressed\n\thas an email address"),
            read("any of (is suppressed, has an email address)")
        );
    }

    #[test]
    fn errors_say_where_and_how_to_mend_the_condition() {
        assert_snapshot!(read(""), @"error: line 1, column 1: the condition breaks off; write one of `ordered`, `bought`, `viewed`, `added to cart`, `reviewed`, `started a checkout`, …");
        assert_snapshot!(read("orderd at least 1 time"), @"error: line 1, column 1: `orderd` does not fit here; did you mean `ordered`?");
        assert_snapshot!(read("ordered at leest 1 time"), @"error: line 1, column 12: `leest` does not fit here; did you mean `least`?");
        assert_snapshot!(read("ordered at least 1 time in the lst 30 days"), @"error: line 1, column 32: `lst` does not fit here; did you mean `last`?");
        assert_snapshot!(read("ordered at least 1 time in the last 30 weeks"), @"ordered at least 1 time in the last 210 days");
        assert_snapshot!(read("ordered at least 0 times"), @"error: line 1, column 9: at least 0 times is true of every customer; ask for 1 or more");
        assert_snapshot!(read("ordered at least 1 time in the last 900 days"), @"error: line 1, column 37: 900 days is out of reach; choose 1 to 730");
        assert_snapshot!(read("ordered once and is suppressed or has an email address"), @"error: line 1, column 32: `and` and `or` stand side by side; put what belongs together in `any of (…)` or `all of (…)`");
        assert_snapshot!(read("any of (is suppressed, has an email address"), @"error: line 1, column 44: the condition breaks off; write one of `and`, `or`, `)`, `,`");
        assert_snapshot!(read("any of is suppressed"), @"error: line 1, column 8: `is` does not fit here; write `(` and conditions, or conditions on lines of their own");
        assert_snapshot!(read("any of\nis suppressed"), @"error: line 2, column 1: nothing belongs to the group above; indent its conditions deeper than its own line");
        assert_snapshot!(read("all of (is suppressed,)"), @"error: line 1, column 23: `)` does not fit here; write one of `ordered`, `bought`, `viewed`, `added to cart`, `reviewed`, `started a checkout`, …");
        assert_snapshot!(read("(is suppressed, everyone)"), @"error: line 1, column 25: parentheses alone hold one condition; write `any of` or `all of` before them");
        assert_snapshot!(read("bought a product in category Kettles"), @"error: line 1, column 30: `Kettles` does not fit here; write a name in double quotes");
        assert_snapshot!(read("bought a product named \"Kettle"), @r#"error: line 1, column 24: this name never ends; close it with `"`"#);
        assert_snapshot!(read("bought a product named \" \""), @"error: line 1, column 24: a name is empty; write it or leave it out");
        assert_snapshot!(read("spent at least 25.005 EUR"), @"error: line 1, column 16: `25.005` is not an amount of EUR; write it with 2 digits after the point");
        assert_snapshot!(read("spent at least €25"), @"error: line 1, column 16: `€` means nothing here; remove it, or put names in double quotes");
        assert_snapshot!(read("spent at least 25"), @"error: line 1, column 18: the condition breaks off; write a currency such as `EUR`");
        assert_snapshot!(read("last order was at most 3 days ago"), @"error: line 1, column 16: `at most` leaves open whether the last day counts; write `less than`");
        assert_snapshot!(read("is suppressed is suppressed"), @"error: line 1, column 15: `is` does not fit here; write one of `by`, `and`, `or`");
        assert_snapshot!(read("is suppressed\n  and ärger"), @"error: line 2, column 7: `ärger` does not fit here; write one of `ordered`, `bought`, `viewed`, `added to cart`, `reviewed`, `started a checkout`, …");
        assert_snapshot!(read("ordered at least 99999999999 times"), @"error: line 1, column 18: `99999999999` is not a whole number from 0 to 4294967295; choose one that is");
        assert_snapshot!(read(&"not ".repeat(10_000)), @"error: line 1, column 129: groups nest too deep; unfold some; 32 levels are read at most");
        assert_snapshot!(read(&format!("{}everyone", "any of (".repeat(5_000))), @"error: line 1, column 257: groups nest too deep; unfold some; 32 levels are read at most");
        assert_snapshot!(read(&vec!["everyone"; 600].join(" and ")), @"error: line 1, column 6501: there are too many conditions; split the segment; 500 are read at most");
        assert_snapshot!(read(&" ".repeat(70_000)), @"error: line 1, column 65537: the condition is too long; shorten it to 65536 bytes");
    }

    #[test]
    fn there_is_more_than_one_way_to_say_a_thing() {
        let same = [
            ("did not order in the last 30 days", "ordered 0 times in the last 30 days"),
            ("did not view any product", "viewed a product 0 times"),
            ("ordered more than 2 times", "ordered at least 3 times"),
            ("ordered fewer than 2 times", "ordered at most 1 time"),
            ("viewed a product in the past 2 weeks", "viewed a product in the last 14 days"),
            ("first ordered less than 1 year ago", "first order was less than 365 days ago"),
            ("last order was more than 3 days ago", "last order was at least 3 days ago"),
            ("viewed a product since they last ordered", "viewed a product since their last order"),
            (
                "viewed a product after their first order",
                "viewed a product since their first order",
            ),
            ("spent over 5 EUR ever", "spent more than 5.00 EUR"),
            (
                "bought a product where category is \"A\" and price is under 5 EUR and vendor is not \"B\"",
                "bought a product in category \"A\" priced less than 5.00 EUR not of brand \"B\"",
            ),
            (
                "bought a product in category \"A\" and made by \"B\" and ordered once",
                "bought a product in category \"A\" of brand \"B\" and ordered exactly 1 time",
            ),
            (
                "did \"Quiz\" where property \"score\" is 7 and \"level\" is one of \"a\" or \"b\" and ordered twice",
                "did \"Quiz\" where \"score\" is exactly 7 and \"level\" is \"a\" or \"b\" and ordered exactly 2 times",
            ),
            (
                "did \"Quiz\" (where \"score\" is not 7) twice",
                "did \"Quiz\" exactly 2 times where \"score\" is other than 7",
            ),
            (
                "viewed a product where name contains \"pan\" and then within 2 days ordered where amount is at least 5 EUR",
                "viewed a product with \"pan\" in its name and then within 2 days ordered (where amount is at least 5.00 EUR)",
            ),
            (
                "product \"Linen apron\" is due again within the next 7 days",
                "a product named \"Linen apron\" is due again within 7 days",
            ),
            (
                "any product tagged \"new\" and of kind \"apron\" is due again and ordered once",
                "a product tagged \"new\" of kind \"apron\" is due again and ordered exactly 1 time",
            ),
            ("chance to be gone is above 50%", "chance to be gone is more than 50 %"),
            (
                "is suppressed by a bounce or complaint or ordered once",
                "any of (is suppressed by bounce or complaint, ordered exactly 1 time)",
            ),
            (
                "is expected to order at least once in the next 90 days",
                "is expected to order at least 1 time in the next 90 days",
            ),
        ];
        for (said, printed) in same {
            assert_eq!(read(said), printed);
        }
    }

    #[test]
    fn errors_of_the_newer_grammar_offer_what_is_near() {
        let errors = [
            "viewed a product between 60 and 30 days ago",
            "viewed a product between 30 and days ago",
            "viewed a product between 2026-03-01 and 2026-03-01",
            "viewed a product on 2026-02-30",
            "viewed a product this wek",
            "viewed a product in the last 2 months",
            "viewed a product since their lst order",
            "viewed a product since they last",
            "viewed a product and then within 7 days did not",
            "viewed a product and than within 7 days ordered",
            "did Quiz",
            "did \"Quiz\" were \"score\" is 7",
            "did \"Quiz\" where score is 7",
            "did \"Quiz\" where \"score\" is at laest 7",
            "did \"Quiz\" where \"score\" is at least 1.2345678",
            "did \"Quiz\" where \"score\" is",
            "totl \"score\" of \"Quiz\" is 7",
            "total score of \"Quiz\" is 7",
            "largest amount when they orderd is 7 EUR",
            "country was \"PT\"",
            "has consent for marketing by duble opt-in",
            "is suppressed by bonce",
            "is in sgment \"upsell\"",
            "recency score is 9999999999",
            "is expected to ordr once in the next 3 days",
            "chance to be gone is at least 60",
            "a product is overdue",
            "a product is due again in 7 days",
            "opened email offer",
            "last viewed a product at most 3 days ago",
            "ordered less than 0 times",
            "ordered at least -1 times",
            "ordered 2.5 times",
            "viewed a product in the last -3 days",
            "spent at least -5 EUR",
            "spent at least 99999999999999999999 EUR",
            "spent at least 10000000001 EUR",
            "spent at least 5.5 JPY",
            "has consent for marketing by opt-in or soft opt-in",
            "has consent for marketing by opt-in or by soft opt-in",
            "attribute \"plan\" is one of \"gold\", \"silver\"",
            "any of (country is \"PT\", \"ES\")",
        ]
        .map(read);
        assert_snapshot!(errors.join("\n"), @r#"
            error: line 1, column 26: between 60 days and 30 days ago is no time at all; write the shorter span first
            error: line 1, column 33: `days` does not fit here; write a number
            error: line 1, column 26: between 2026-03-01 and 2026-03-01 is no time at all; write the earlier day first
            error: line 1, column 21: `2026-02-30` is in no calendar; write year, month and day
            error: line 1, column 23: `wek` does not fit here; did you mean `week`?
            error: line 1, column 32: months differ in length; write days, or `this month`, `last month`
            error: line 1, column 30: `lst` does not fit here; did you mean `last order`?
            error: line 1, column 33: the condition breaks off; write one of `ordered`, `bought`, `viewed`, `added to cart`, `reviewed`, `started a checkout`, …
            error: line 1, column 48: the condition breaks off; write one of `order`, `buy`, `view`, `add to cart`, `review`, `start a checkout`, …
            error: line 1, column 22: `than` does not fit here; did you mean `then within`?
            error: line 1, column 5: `Quiz` does not fit here; write a name in double quotes
            error: line 1, column 12: `were` does not fit here; did you mean `where`?
            error: line 1, column 18: `score` does not fit here; write one of `quantity is`, `amount is`, `rating is`, `coupon`, the name of a property in double quotes
            error: line 1, column 32: `laest` does not fit here; did you mean `least`?
            error: line 1, column 38: `1.2345678` is not a number; write at most six digits after the point
            error: line 1, column 28: the condition breaks off; write one of `set`, `not set`, `true`, `false`, `one of`, a name in double quotes, …
            error: line 1, column 1: `totl` does not fit here; did you mean `total`?
            error: line 1, column 7: `score` does not fit here; write one of `amount`, `quantity`, `rating`, the name of a property in double quotes
            error: line 1, column 26: `orderd` does not fit here; did you mean `ordered`?
            error: line 1, column 9: `was` does not fit here; write `is`
            error: line 1, column 30: `duble` does not fit here; did you mean `double opt-in`?
            error: line 1, column 18: `bonce` does not fit here; did you mean `bounce`?
            error: line 1, column 7: `sgment` does not fit here; did you mean `segment`?
            error: line 1, column 18: `9999999999` is out of reach; choose -1000000000 to 1000000000
            error: line 1, column 16: `ordr` does not fit here; did you mean `order`?
            error: line 1, column 33: the condition breaks off; write `%`
            error: line 1, column 14: `overdue` does not fit here; write `due again`
            error: line 1, column 24: `in` does not fit here; write one of `within`, `and`, `or`
            error: line 1, column 14: `offer` does not fit here; write a name in double quotes
            error: line 1, column 23: `at most` leaves open whether the last day counts; write `less than`
            error: line 1, column 9: less than 0 times is true of nobody; ask for 1 or more
            error: line 1, column 18: `-1` is not a whole number from 0 to 4294967295; choose one that is
            error: line 1, column 9: `2.5` is not a whole number from 0 to 4294967295; choose one that is
            error: line 1, column 30: `-3` is not a whole number from 1 to 4294967295; choose one that is
            error: line 1, column 16: -5 EUR is out of reach; choose 0 to 10000000000
            error: line 1, column 16: 99999999999999999999 EUR is out of reach; choose 0 to 10000000000
            error: line 1, column 16: 10000000001 EUR is out of reach; choose 0 to 10000000000
            error: line 1, column 16: `5.5` is not an amount of JPY; write it without a point
            error: line 1, column 37: a clause asks for one way of consent; write `or` and the whole clause again
            error: line 1, column 37: a clause asks for one way of consent; write `or` and the whole clause again
            error: line 1, column 34: a comma does not join names; write `or` between them
            error: line 1, column 24: a comma does not join names; write `or` between them
        "#);
    }

    #[test]
    fn an_amount_in_another_currency_is_refused_for_a_shop() {
        let texts = [
            "spent at least 90 USD",
            "not bought a product priced at most 9 usd",
            "largest amount when they ordered is 7 USD",
            "is expected to spend at least 7 USD in the next 3 days",
        ];
        for text in texts {
            let error = parse_in(text, Currency::EUR).unwrap_err();
            assert!(text[error.range.clone()].eq_ignore_ascii_case("usd"), "{error}");
            let problem = "this shop counts in EUR, not USD; write the amount in EUR";
            assert!(error.to_string().ends_with(problem), "{error}");
            assert!(parse(text).is_ok() && parse_in(text, Currency::new("USD").unwrap()).is_ok());
        }
        assert!(parse_in("spent at least 90 eur", Currency::EUR).is_ok());
    }

    #[test]
    fn an_error_names_the_bytes_and_what_could_stand_there() {
        let error = parse("has consent for märketing").unwrap_err();
        assert_eq!(error.range, 16..26);
        assert_eq!(error.expected, ["`marketing`", "`feedback`"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(any of|not|ordered|once|in the last|[0-9]{1,11}|            days|[(),\"]|\n *|and|or|a product|named|spent|at least|EUR|\\PC){0,12}") {
            let error = parse(&text).err();
            prop_assert!(error.is_none_or(|it| text.get(it.range).is_some()), "a range of the text");
        }
    }
}
