//! Reading the written form.
//!
//! A hand-written descent over words. Every phrase that was tried at the furthest word reached is
//! remembered, so that an error names the place, what could stand there and, where a word is almost
//! right, the word that was meant.
//!
//! A group's parts stand in parentheses, separated by commas, or on lines of their own indented
//! deeper than the group; a line indented deeper than a part goes on with that part.

use std::ops::Range;

use aftercart_model::{Currency, Topic};

use crate::{
    Amount, AmountBound, Condition, Count, Deed, OrderAge, OrderPick, ProductTest, Span, Window,
    Words, WorthOf,
};

/// How long a condition's text may be.
pub const TEXT_BYTES_MAX: usize = 65_536;

/// How deep groups may nest: deeper than anyone writes, and far from the end of the stack.
pub const DEPTH_MAX: usize = 32;

/// How many clauses and groups a condition may have.
pub const CONDITIONS_MAX: usize = 500;

/// How many choices an error lists before it only names the nearest.
const CHOICES_SHOWN_MAX: usize = 6;

/// What joins and turns conditions: the last things an error proposes.
const JOINING: [&str; 7] =
    ["customers who", "not", "everyone", "nobody", "any of", "all of", "none of"];

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

#[derive(Clone, Debug, PartialEq)]
enum TokenKind {
    Word,
    /// Digits, grouping commas removed, with what follows the point.
    Number,
    Text(String),
    Open,
    Close,
    Comma,
}

#[derive(Clone, Debug)]
struct Token {
    kind: TokenKind,
    range: Range<usize>,
    /// Characters before it on its line.
    column: usize,
    is_first_of_line: bool,
}

fn tokenise(text: &str) -> Result<Vec<Token>, ParseConditionError> {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    let (mut column, mut is_first_of_line) = (0_usize, true);
    while let Some(&(start, c)) = chars.peek() {
        if c.is_whitespace() {
            chars.next();
            column += 1;
            if c == '\n' {
                (column, is_first_of_line) = (0, true);
            }
            continue;
        }
        let token_column = column;
        let kind = match c {
            '(' | ')' | ',' => {
                chars.next();
                column += 1;
                match c {
                    '(' => TokenKind::Open,
                    ')' => TokenKind::Close,
                    _ => TokenKind::Comma,
                }
            }
            '"' | '“' | '”' => {
                chars.next();
                column += 1;
                TokenKind::Text(quoted(text, start, &mut chars, &mut column)?)
            }
            _ if c.is_ascii_digit() => {
                let is_inside = |it: char| it.is_ascii_digit() || it == '.';
                while chars.next_if(|&(_, it)| is_inside(it)).is_some() {
                    column += 1;
                }
                TokenKind::Number
            }
            _ if c.is_alphanumeric() => {
                let is_inside = |it: char| it.is_alphanumeric() || it == '-' || it == '\'';
                while chars.next_if(|&(_, it)| is_inside(it)).is_some() {
                    column += 1;
                }
                TokenKind::Word
            }
            _ => {
                let place = Place::of(text, start..start + c.len_utf8());
                let remedy = "remove it, or put names in double quotes".to_owned();
                return Err(place.error(format!("`{c}` means nothing here"), remedy));
            }
        };
        let end = chars.peek().map_or(text.len(), |&(end, _)| end);
        tokens.push(Token { kind, range: start..end, column: token_column, is_first_of_line });
        is_first_of_line = false;
    }
    Ok(tokens)
}

/// The rest of a quoted name, as far as its closing mark.
fn quoted(
    text: &str,
    start: usize,
    chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>,
    column: &mut usize,
) -> Result<String, ParseConditionError> {
    // Typographic quotes come in pairs; a name may hold those it was not opened with.
    let close = if text[start..].starts_with('"') { '"' } else { '”' };
    let mut name = String::new();
    while let Some((_, c)) = chars.next() {
        *column += 1;
        match c {
            _ if c == close => return Ok(name),
            '\\' => {
                let escaped = chars.next().map(|(_, it)| it);
                *column += 1;
                match escaped {
                    Some('n') => name.push('\n'),
                    Some(it) => name.push(it),
                    None => break,
                }
            }
            '\n' => break,
            _ => name.push(c),
        }
    }
    let end = text[start..].find('\n').map_or(text.len(), |it| start + it);
    let place = Place::of(text, start..end);
    Err(place.error("this name never ends".to_owned(), "close it with `\"`".to_owned()))
}

struct Place {
    line: usize,
    column: usize,
    range: Range<usize>,
}

impl Place {
    fn of(text: &str, range: Range<usize>) -> Self {
        let before = &text[..range.start];
        let line_start = before.rfind('\n').map_or(0, |it| it + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            range,
        }
    }

    fn error(self, problem: String, remedy: String) -> ParseConditionError {
        let Self { line, column, range } = self;
        ParseConditionError { line, column, range, problem, remedy, expected: Vec::new() }
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
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

    fn clause(&mut self) -> Parsed<Condition> {
        if self.eat("ordered") {
            return self.did(Deed::Ordered);
        }
        for (head, deed) in [
            ("bought", Deed::Bought as fn(ProductTest) -> Deed),
            ("viewed", Deed::Viewed),
            ("added to cart", Deed::AddedToCart),
            ("reviewed", Deed::Reviewed),
        ] {
            if self.eat(head) {
                let test = self.product_test()?;
                return self.did(deed(test));
            }
        }
        for (head, deed) in [
            ("started a checkout", Deed::StartedCheckout),
            ("was sent an email", Deed::WasSentEmail),
            ("opened an email", Deed::OpenedEmail),
            ("clicked an email", Deed::ClickedEmail),
        ] {
            if self.eat(head) {
                return self.did(deed);
            }
        }
        if self.eat("clicked") {
            // "clicked a product" is how it is said; "a link to" is how it is printed.
            self.eat("a link to");
            let test = self.product_test()?;
            return self.did(Deed::Clicked(test));
        }
        if self.eat("spent") {
            let bound = self.bound()?;
            return Ok(Condition::Spent { bound, window: self.window()? });
        }
        for (head, pick) in [("last order", OrderPick::Last), ("first order", OrderPick::First)] {
            if self.eat(head) {
                return self.order(pick);
            }
        }
        if self.eat("average order is worth") {
            return Ok(Condition::Worth { of: WorthOf::Average, bound: self.bound()? });
        }
        if self.eat("country is") {
            return Ok(Condition::CountryIs(self.words()?));
        }
        if self.eat("has consent for marketing") {
            return Ok(Condition::AgreedTo(Topic::Marketing));
        }
        if self.eat("has consent for feedback") {
            return Ok(Condition::AgreedTo(Topic::Feedback));
        }
        if self.eat("has an email address") {
            return Ok(Condition::HasEmail);
        }
        if self.eat("is suppressed") {
            return Ok(Condition::IsSuppressed);
        }
        Err(self.error())
    }

    fn did(&mut self, deed: Deed) -> Parsed<Condition> {
        let mut count = self.count()?;
        let mut window = self.window()?;
        if count.is_none() && window != Window::Ever {
            // "ordered in the last 30 days at least 2 times" is as good English.
            count = self.count()?;
        }
        if window == Window::Ever {
            window = self.window()?;
        }
        Ok(Condition::Did { deed, count: count.unwrap_or(Count::at_least(1)), window })
    }

    fn order(&mut self, pick: OrderPick) -> Parsed<Condition> {
        if self.eat("is worth") {
            return Ok(Condition::Worth { of: WorthOf::Order(pick), bound: self.bound()? });
        }
        if !self.eat("was") {
            return Err(self.error());
        }
        let age: fn(Span) -> OrderAge = match () {
            () if self.eat("at least") => OrderAge::AtLeast,
            () if self.eat("less than") => OrderAge::LessThan,
            () if self.eat("at most") => {
                let error = "`at most` leaves open whether the last day counts; write `less than`";
                return Err(self.refuse(self.at - 2, error));
            }
            () => return Err(self.error()),
        };
        let age = age(self.span()?);
        if self.eat("ago") { Ok(Condition::Ordered { pick, age }) } else { Err(self.error()) }
    }

    fn product_test(&mut self) -> Parsed<ProductTest> {
        if !self.eat("a product") && !self.eat("any product") {
            return Err(self.error());
        }
        if self.eat("related to their last order") {
            return Ok(ProductTest::Related);
        }
        if self.eat("better than their last order") {
            return Ok(ProductTest::Better);
        }
        for (head, test) in [
            ("in category", ProductTest::InCategory as fn(Words) -> ProductTest),
            ("of kind", ProductTest::OfKind),
            ("tagged", ProductTest::Tagged),
            ("named", ProductTest::Named),
            ("coded", ProductTest::Coded),
        ] {
            if self.eat(head) {
                return Ok(test(self.words()?));
            }
        }
        if self.eat("with") {
            let words = self.words()?;
            let is_whole = self.eat("in its name");
            return if is_whole { Ok(ProductTest::NameHas(words)) } else { Err(self.error()) };
        }
        if self.eat("priced") {
            return Ok(ProductTest::Priced(self.bound()?));
        }
        Ok(ProductTest::Any)
    }

    fn count(&mut self) -> Parsed<Option<Count>> {
        let start = self.at;
        let count = if self.eat("at least") {
            let count = self.times()?;
            let Ok(count) = count.try_into() else {
                let problem = "at least 0 times is true of every customer".to_owned();
                return Err(self.place_at(start).error(problem, "ask for 1 or more".to_owned()));
            };
            Count::AtLeast(count)
        } else if self.eat("at most") {
            Count::AtMost(self.times()?)
        } else if self.eat("exactly") || self.is_times() {
            Count::Exactly(self.times()?)
        } else {
            return Ok(None);
        };
        Ok(Some(count))
    }

    fn is_times(&self) -> bool {
        let is_word = ["once", "twice", "never"].iter().any(|it| self.is_word(it));
        is_word || self.peek_number().is_some()
    }

    fn times(&mut self) -> Parsed<u32> {
        for (word, count) in [("once", 1), ("twice", 2), ("never", 0)] {
            if self.is_word(word) {
                self.at += 1;
                return Ok(count);
            }
        }
        let count = self.number()?;
        if self.eat_unit("times", "time") { Ok(count) } else { Err(self.error()) }
    }

    fn window(&mut self) -> Parsed<Window> {
        if self.eat("in the last") {
            return Ok(Window::Last(self.span()?));
        }
        if self.eat("since their last order") {
            return Ok(Window::SinceLastOrder);
        }
        Ok(Window::Ever)
    }

    fn span(&mut self) -> Parsed<Span> {
        let start = self.at;
        let count = self.number()?;
        let span = match () {
            () if self.eat_unit("days", "day") => Span::days(count),
            () if self.eat_unit("hours", "hour") => Span::hours(count),
            () => return Err(self.error()),
        };
        span.map_err(|error| self.refuse(start, &error.to_string()))
    }

    fn bound(&mut self) -> Parsed<AmountBound> {
        let bound: fn(Amount) -> AmountBound = match () {
            () if self.eat("at least") => AmountBound::AtLeast,
            () if self.eat("at most") => AmountBound::AtMost,
            () => return Err(self.error()),
        };
        Ok(bound(self.amount()?))
    }

    fn amount(&mut self) -> Parsed<Amount> {
        let start = self.at;
        let Some(digits) = self.peek_number().map(str::to_owned) else {
            self.expect("an amount such as `25.00 EUR`");
            return Err(self.error());
        };
        self.at += 1;
        let code = self.peek().filter(|it| it.kind == TokenKind::Word);
        let code = code.map(|it| self.text[it.range.clone()].to_ascii_uppercase());
        let Some(currency) = code.and_then(|it| Currency::new(&it).ok()) else {
            self.expect("a currency such as `EUR`");
            return Err(self.error());
        };
        self.at += 1;
        let Some(minor) = minor_units(&digits, currency) else {
            let count = currency.digits();
            let fault = format!("`{digits}` is not an amount of {currency}; write it with {count}");
            return Err(self.refuse(start, &format!("{fault} digits after the point")));
        };
        Amount::new(minor, currency).map_err(|error| self.refuse(start, &error.to_string()))
    }

    fn words(&mut self) -> Parsed<Words> {
        let mut names = Vec::new();
        let start = self.at;
        loop {
            let Some(Token { kind: TokenKind::Text(name), .. }) = self.peek() else {
                self.expect("a name in double quotes");
                return Err(self.error());
            };
            names.push(name.clone());
            self.at += 1;
            // `or` goes on with names only before another name; else it joins conditions.
            let next = self.tokens.get(self.at + 1);
            let is_name = matches!(next, Some(Token { kind: TokenKind::Text(_), .. }));
            if !(is_name && self.eat("or")) {
                break;
            }
        }
        Words::new(names).map_err(|error| self.refuse(start, &error.to_string()))
    }

    fn number(&mut self) -> Parsed<u32> {
        let Some(digits) = self.peek_number() else {
            self.expect("a number");
            return Err(self.error());
        };
        let Ok(number) = digits.parse() else {
            let error = format!("`{digits}` is not a whole number in reach; choose a smaller one");
            return Err(self.refuse(self.at, &error));
        };
        self.at += 1;
        Ok(number)
    }

    /// The next token, unless it belongs to what stands around this item.
    fn peek(&self) -> Option<&Token> {
        let token = self.tokens.get(self.at)?;
        let is_beyond = token.is_first_of_line
            && self.indent > 0
            && token.column < self.indent
            && self.at != self.item_start;
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
        self.peek().is_some_and(|it| {
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

    /// Steps over a unit in either number; an error proposes the plural.
    fn eat_unit(&mut self, plural: &str, singular: &str) -> bool {
        let is_singular = self.is_word(singular);
        if is_singular {
            self.at += 1;
        }
        is_singular || self.eat(plural)
    }

    fn expect(&mut self, what: &str) {
        if self.at > self.furthest {
            self.furthest = self.at;
            self.expected.clear();
        }
        if self.at == self.furthest && !self.expected.iter().any(|it| it == what) {
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

fn minor_units(digits: &str, currency: Currency) -> Option<i64> {
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let width = currency.digits() as usize;
    if rest.len() > width || (digits.contains('.') && rest.is_empty()) {
        return None;
    }
    format!("{whole}{rest:0<width$}").parse().ok()
}

/// How many letters must change to make `found` the first word of `choice`.
fn distance_to(found: &str, choice: &str) -> usize {
    let word = choice.trim_matches('`').split(' ').next().unwrap_or_default();
    let (found, word) = (found.to_lowercase(), word.to_lowercase());
    let word: Vec<char> = word.chars().collect();
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (index, c) in found.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, &w) in word.iter().enumerate() {
            let change = diagonal + usize::from(c != w);
            diagonal = row[column + 1];
            row[column + 1] = change.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[word.len()]
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
        assert_snapshot!(read("ordered at least 1 time in the last 30 weeks"), @"error: line 1, column 40: `weeks` does not fit here; write one of `days`, `hours`");
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
        assert_snapshot!(read("is suppressed is suppressed"), @"error: line 1, column 15: `is` does not fit here; write one of `and`, `or`");
        assert_snapshot!(read("is suppressed\n  and ärger"), @"error: line 2, column 7: `ärger` does not fit here; write one of `ordered`, `bought`, `viewed`, `added to cart`, `reviewed`, `started a checkout`, …");
        assert_snapshot!(read("ordered at least 99999999999 times"), @"error: line 1, column 18: `99999999999` is not a whole number in reach; choose a smaller one");
        assert_snapshot!(read(&"not ".repeat(10_000)), @"error: line 1, column 129: groups nest too deep; unfold some; 32 levels are read at most");
        assert_snapshot!(read(&format!("{}everyone", "any of (".repeat(5_000))), @"error: line 1, column 257: groups nest too deep; unfold some; 32 levels are read at most");
        assert_snapshot!(read(&vec!["everyone"; 600].join(" and ")), @"error: line 1, column 6501: there are too many conditions; split the segment; 500 are read at most");
        assert_snapshot!(read(&" ".repeat(70_000)), @"error: line 1, column 65537: the condition is too long; shorten it to 65536 bytes");
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
