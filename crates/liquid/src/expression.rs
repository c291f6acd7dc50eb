//! What stands inside `{{ }}` and after a tag's name: literals, paths, ranges, filters, tests.
//!
//! A hand-written scanner and descent without regular expressions. `and` and `or` group from the
//! right, as Liquid has it, and are kept as a flat list, so that a long chain is no deep tree.

use std::sync::Arc;

use crate::{Value, filters::FilterName, template::Fault};

/// How deep brackets may nest inside one expression.
const BRACKET_DEPTH_MAX: usize = 16;

#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Literal(Value),
    Path(Path),
    Range(Box<(Expression, Expression)>),
}

#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub root: Root,
    pub steps: Vec<Step>,
    /// Where it stands in the template.
    pub offset: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Root {
    Name(Arc<str>),
    /// `[name]`: the variable that `name` names.
    Dynamic(Box<Expression>),
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// `.name`, where `first`, `last` and `size` have a meaning of their own.
    Dot(Arc<str>),
    Index(Expression),
}

/// An expression with its filters.
#[derive(Clone, Debug)]
pub(crate) struct Filtered {
    pub value: Expression,
    pub filters: Vec<Filter>,
}

#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub name: FilterName,
    pub arguments: Vec<Expression>,
    pub named: Vec<(Arc<str>, Expression)>,
}

/// A chain of comparisons, to be answered from its end.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub first: Comparison,
    pub rest: Vec<(Joint, Comparison)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joint {
    And,
    Or,
}

#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    pub left: Expression,
    pub right: Option<(Operator, Expression)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Token<'s> {
    Name(&'s str),
    Int(i64),
    Float(f64),
    Text(&'s str),
    Operator(Operator),
    Dot,
    Dots,
    OpenBracket,
    CloseBracket,
    Open,
    Close,
    Comma,
    Colon,
    Pipe,
    End,
}

/// Reads the tokens of one expression.
pub(crate) struct Scanner<'s> {
    source: &'s str,
    /// Where `source` stands in the template.
    base: usize,
    at: usize,
    token: Token<'s>,
    token_start: usize,
    token_end_before: usize,
    depth: usize,
}

impl<'s> Scanner<'s> {
    pub fn new(source: &'s str, base: usize) -> Result<Self, Fault> {
        let mut it = Self {
            source,
            base,
            at: 0,
            token: Token::End,
            token_start: 0,
            token_end_before: 0,
            depth: 0,
        };
        it.advance()?;
        Ok(it)
    }

    pub fn peek(&self) -> Token<'s> {
        self.token
    }

    /// Where the token at hand stands in the template.
    pub fn offset(&self) -> usize {
        self.base + self.token_start
    }

    /// Steps over the token at hand and gives it.
    pub fn next(&mut self) -> Result<Token<'s>, Fault> {
        let token = self.token;
        self.advance()?;
        Ok(token)
    }

    pub fn eat(&mut self, token: Token<'_>) -> Result<bool, Fault> {
        let is_there = self.token == token;
        if is_there {
            self.advance()?;
        }
        Ok(is_there)
    }

    pub fn expect(&mut self, token: Token<'_>, what: &str) -> Result<(), Fault> {
        if self.eat(token)? { Ok(()) } else { Err(self.unexpected(what)) }
    }

    pub fn end(&self) -> Result<(), Fault> {
        if self.token == Token::End { Ok(()) } else { Err(self.unexpected("nothing more")) }
    }

    /// What the source says from `start` (see [`Scanner::position`]) to the last token read.
    pub fn slice_from(&self, start: usize) -> &'s str {
        &self.source[start..self.token_end_before.max(start)]
    }

    pub fn position(&self) -> usize {
        self.token_start
    }

    pub fn unexpected(&self, expected: &str) -> Fault {
        let found = &self.source[self.token_start..self.at];
        let problem = match self.token {
            Token::End => "it breaks off".to_owned(),
            _ => format!("`{found}` does not fit here"),
        };
        Fault::new(self.offset(), problem, format!("write {expected}"))
    }

    fn advance(&mut self) -> Result<(), Fault> {
        self.token_end_before = self.at;
        let bytes = self.source.as_bytes();
        while bytes.get(self.at).is_some_and(|it| it.is_ascii_whitespace() || *it == 0x0b) {
            self.at += 1;
        }
        self.token_start = self.at;
        let Some(&first) = bytes.get(self.at) else {
            self.token = Token::End;
            return Ok(());
        };
        let second = bytes.get(self.at + 1).copied();
        let (token, len) = match (first, second) {
            (b'.', Some(b'.')) => (Token::Dots, 2),
            (b'.', _) => (Token::Dot, 1),
            (b'[', _) => (Token::OpenBracket, 1),
            (b']', _) => (Token::CloseBracket, 1),
            (b'(', _) => (Token::Open, 1),
            (b')', _) => (Token::Close, 1),
            (b',', _) => (Token::Comma, 1),
            (b':', _) => (Token::Colon, 1),
            (b'|', _) => (Token::Pipe, 1),
            (b'=', Some(b'=')) => (Token::Operator(Operator::Equal), 2),
            (b'!', Some(b'=')) | (b'<', Some(b'>')) => (Token::Operator(Operator::NotEqual), 2),
            (b'<', Some(b'=')) => (Token::Operator(Operator::LessOrEqual), 2),
            (b'>', Some(b'=')) => (Token::Operator(Operator::GreaterOrEqual), 2),
            (b'<', _) => (Token::Operator(Operator::Less), 1),
            (b'>', _) => (Token::Operator(Operator::Greater), 1),
            (b'"' | b'\'', _) => self.text(first)?,
            (b'0'..=b'9', _) => self.number(),
            (b'-', Some(b'0'..=b'9')) => self.number(),
            (b'a'..=b'z' | b'A'..=b'Z' | b'_', _) => self.name(),
            _ => {
                let c = self.source[self.at..].chars().next().expect("a byte was there");
                let problem = format!("`{c}` means nothing here");
                return Err(Fault::new(self.offset(), problem, "remove it".to_owned()));
            }
        };
        self.token = token;
        self.at += len;
        Ok(())
    }

    fn text(&self, mark: u8) -> Result<(Token<'s>, usize), Fault> {
        let rest = &self.source[self.at + 1..];
        match rest.bytes().position(|it| it == mark) {
            Some(len) => Ok((Token::Text(&rest[..len]), len + 2)),
            None => {
                let remedy = format!("close it with `{}`", char::from(mark));
                Err(Fault::new(self.offset(), "this text never ends".to_owned(), remedy))
            }
        }
    }

    fn number(&self) -> (Token<'s>, usize) {
        let rest = &self.source[self.at..];
        let digits =
            |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count() + from;
        let whole = digits(1);
        let point = rest[whole..].starts_with('.');
        let end = if point { digits(whole + 1) } else { whole };
        if point && end > whole + 1 {
            return (Token::Float(rest[..end].parse().expect("digits around a point")), end);
        }
        let token = match rest[..whole].parse() {
            Ok(number) => Token::Int(number),
            Err(_) => Token::Float(rest[..whole].parse().expect("digits")),
        };
        (token, whole)
    }

    fn name(&self) -> (Token<'s>, usize) {
        let rest = &self.source[self.at..];
        let is_inside = |it: &u8| it.is_ascii_alphanumeric() || *it == b'_' || *it == b'-';
        let mut len = rest.bytes().take_while(is_inside).count();
        if rest[len..].starts_with('?') {
            len += 1;
        }
        match &rest[..len] {
            "contains" => (Token::Operator(Operator::Contains), len),
            name => (Token::Name(name), len),
        }
    }
}

pub(crate) fn expression(scanner: &mut Scanner<'_>) -> Result<Expression, Fault> {
    scanner.depth += 1;
    if scanner.depth > BRACKET_DEPTH_MAX {
        let remedy = format!("assign the inner ones; {BRACKET_DEPTH_MAX} levels are read at most");
        return Err(Fault::new(scanner.offset(), "brackets nest too deep".to_owned(), remedy));
    }
    let expression = primary(scanner);
    scanner.depth -= 1;
    expression
}

fn primary(scanner: &mut Scanner<'_>) -> Result<Expression, Fault> {
    let offset = scanner.offset();
    match scanner.peek() {
        Token::Int(number) => {
            scanner.next()?;
            Ok(Expression::Literal(Value::Int(number)))
        }
        Token::Float(number) => {
            scanner.next()?;
            Ok(Expression::Literal(Value::Float(number)))
        }
        Token::Text(text) => {
            scanner.next()?;
            Ok(Expression::Literal(Value::from(text)))
        }
        Token::Open => {
            scanner.next()?;
            let from = expression(scanner)?;
            scanner.expect(Token::Dots, "`..` and the end of the range")?;
            let to = expression(scanner)?;
            scanner.expect(Token::Close, "`)`")?;
            Ok(Expression::Range(Box::new((from, to))))
        }
        Token::OpenBracket => {
            scanner.next()?;
            let inner = expression(scanner)?;
            scanner.expect(Token::CloseBracket, "`]`")?;
            let root = match inner {
                Expression::Literal(Value::Str(name)) => Root::Name(name),
                inner => Root::Dynamic(Box::new(inner)),
            };
            Ok(Expression::Path(Path { root, steps: steps(scanner)?, offset }))
        }
        Token::Name(name) => {
            scanner.next()?;
            let steps = steps(scanner)?;
            let literal = match name {
                "nil" | "null" => Some(Value::Nil),
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                "empty" => Some(Value::Empty),
                "blank" => Some(Value::Blank),
                _ => None,
            };
            match literal.filter(|_| steps.is_empty()) {
                Some(value) => Ok(Expression::Literal(value)),
                None => Ok(Expression::Path(Path { root: Root::Name(name.into()), steps, offset })),
            }
        }
        _ => Err(scanner.unexpected("a variable, a text in quotes or a number")),
    }
}

fn steps(scanner: &mut Scanner<'_>) -> Result<Vec<Step>, Fault> {
    let mut steps = Vec::new();
    loop {
        if scanner.eat(Token::Dot)? {
            match scanner.peek() {
                Token::Name(name) => steps.push(Step::Dot(name.into())),
                // A property may be called as the operator is.
                Token::Operator(Operator::Contains) => steps.push(Step::Dot("contains".into())),
                _ => return Err(scanner.unexpected("a name after the point")),
            }
            scanner.next()?;
        } else if scanner.eat(Token::OpenBracket)? {
            steps.push(Step::Index(expression(scanner)?));
            scanner.expect(Token::CloseBracket, "`]`")?;
        } else {
            return Ok(steps);
        }
    }
}

/// An expression with its filters, to the end of the source; nothing at all is nil.
pub(crate) fn filtered(scanner: &mut Scanner<'_>) -> Result<Filtered, Fault> {
    if scanner.peek() == Token::End {
        return Ok(Filtered { value: Expression::Literal(Value::Nil), filters: Vec::new() });
    }
    let value = expression(scanner)?;
    let mut filters = Vec::new();
    while scanner.eat(Token::Pipe)? {
        filters.push(filter(scanner)?);
    }
    scanner.end()?;
    Ok(Filtered { value, filters })
}

fn filter(scanner: &mut Scanner<'_>) -> Result<Filter, Fault> {
    let offset = scanner.offset();
    let Token::Name(name) = scanner.peek() else {
        return Err(scanner.unexpected("the name of a filter"));
    };
    let Some(filter_name) = FilterName::from_text(name) else {
        let remedy = "see the list of filters in the reference".to_owned();
        return Err(Fault::new(offset, format!("there is no filter `{name}`"), remedy));
    };
    scanner.next()?;
    let mut filter = Filter { name: filter_name, arguments: Vec::new(), named: Vec::new() };
    if scanner.eat(Token::Colon)? {
        loop {
            let argument = expression(scanner)?;
            if scanner.eat(Token::Colon)? {
                let Expression::Path(Path { root: Root::Name(name), .. }) = argument else {
                    return Err(scanner.unexpected("a name before the colon"));
                };
                filter.named.push((name, expression(scanner)?));
            } else {
                filter.arguments.push(argument);
            }
            if !scanner.eat(Token::Comma)? || matches!(scanner.peek(), Token::End | Token::Pipe) {
                break;
            }
        }
    }
    let allowed = filter_name.arguments();
    if !allowed.contains(&filter.arguments.len()) {
        let count = filter.arguments.len();
        let problem = format!("filter `{name}` has {count} arguments");
        let remedy = match (allowed.start(), allowed.end()) {
            (0, 0) => "it takes none".to_owned(),
            (from, to) if from == to => format!("it takes {from}"),
            (from, to) => format!("it takes {from} to {to}"),
        };
        return Err(Fault::new(offset, problem, remedy));
    }
    Ok(filter)
}

/// A test, to the end of the source.
pub(crate) fn test(scanner: &mut Scanner<'_>) -> Result<Test, Fault> {
    let first = comparison(scanner)?;
    let mut rest = Vec::new();
    loop {
        let joint = match scanner.peek() {
            Token::Name("and") => Joint::And,
            Token::Name("or") => Joint::Or,
            _ => break,
        };
        scanner.next()?;
        rest.push((joint, comparison(scanner)?));
    }
    if scanner.peek() != Token::End {
        return Err(scanner.unexpected("`and`, `or` or an operator such as `==`"));
    }
    Ok(Test { first, rest })
}

fn comparison(scanner: &mut Scanner<'_>) -> Result<Comparison, Fault> {
    let left = expression(scanner)?;
    let Token::Operator(operator) = scanner.peek() else {
        return Ok(Comparison { left, right: None });
    };
    scanner.next()?;
    Ok(Comparison { left, right: Some((operator, expression(scanner)?)) })
}
