//! The words, numbers, names and marks of a text, each with its place.

use std::ops::Range;

use super::ParseConditionError;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    Word,
    /// Digits, a point and digits, a minus before them.
    Number,
    /// A civil day: `2026-11-27`.
    Date,
    Text(String),
    Open,
    Close,
    Comma,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub range: Range<usize>,
    /// Characters before it on its line.
    pub column: usize,
    pub is_first_of_line: bool,
}

pub(super) fn tokenise(text: &str) -> Result<Vec<Token>, ParseConditionError> {
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
            _ if is_date(&text[start..]) => {
                chars.nth(DATE_LEN - 1);
                column += DATE_LEN;
                TokenKind::Date
            }
            _ if c.is_ascii_digit() || (c == '-' && begins_with_digit(&text[start + 1..])) => {
                chars.next();
                column += 1;
                let is_inside = |it: char| it.is_ascii_digit() || it == '.';
                while chars.next_if(|&(_, it)| is_inside(it)).is_some() {
                    column += 1;
                }
                TokenKind::Number
            }
            '%' => {
                chars.next();
                column += 1;
                TokenKind::Word
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

/// Bytes of `2026-11-27`.
const DATE_LEN: usize = 10;

fn is_date(text: &str) -> bool {
    let Some(date) = text.as_bytes().get(..DATE_LEN) else { return false };
    let is_of_form = |(index, byte): (usize, &u8)| match index {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    date.iter().enumerate().all(is_of_form) && !begins_with_digit(&text[DATE_LEN..])
}

fn begins_with_digit(text: &str) -> bool {
    text.bytes().next().is_some_and(|it| it.is_ascii_digit())
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

pub(super) struct Place {
    pub line: usize,
    pub column: usize,
    pub range: Range<usize>,
}

impl Place {
    pub fn of(text: &str, range: Range<usize>) -> Self {
        let before = &text[..range.start];
        let line_start = before.rfind('\n').map_or(0, |it| it + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            range,
        }
    }

    pub fn error(self, problem: String, remedy: String) -> ParseConditionError {
        let Self { line, column, range } = self;
        ParseConditionError { line, column, range, problem, remedy, expected: Vec::new() }
    }
}
