//! From text to the tree: tags, blocks, white space.
//!
//! The text is scanned on demand, because what stands in `raw` and `doc` need not be Liquid. A
//! block in which nothing can print (white space, assignments, comments) is emptied of its white
//! space, as Liquid has it.

use std::{ops::Range, sync::Arc};

use crate::{
    expression::{self, Expression, Scanner, Token},
    template::{
        Arm, Branch, Fault, Group, Loop, LoopOffset, Node, TEMPLATE_BYTES_MAX, TEMPLATE_DEPTH_MAX,
    },
};

pub(crate) fn nodes(source: &str) -> Result<Vec<Node>, Fault> {
    if source.len() > TEMPLATE_BYTES_MAX {
        let remedy = format!("shorten it to {TEMPLATE_BYTES_MAX} bytes");
        return Err(Fault::new(0, "the template is too long".to_owned(), remedy));
    }
    let mut parser = Parser { pieces: Pieces::of_text(source), depth: 0 };
    let (nodes, end) = parser.body(&[])?;
    debug_assert!(end.is_none(), "only a block's own tags end a body");
    Ok(nodes)
}

/// A tag or a stretch of text.
#[derive(Clone, Copy, Debug)]
enum Piece<'s> {
    Text { start: usize, end: usize },
    Output { inside: &'s str, offset: usize },
    Tag(Tag<'s>),
}

#[derive(Clone, Copy, Debug)]
struct Tag<'s> {
    name: &'s str,
    rest: &'s str,
    /// Of the name.
    offset: usize,
    rest_offset: usize,
}

/// Where tags come from: the template, or the lines of a `liquid` tag.
struct Pieces<'s> {
    source: &'s str,
    at: usize,
    /// Text up to here is already trimmed away.
    end: usize,
    /// The next text loses its leading white space.
    trims_next: bool,
    /// One tag a line.
    is_lines: bool,
}

impl<'s> Pieces<'s> {
    fn of_text(source: &'s str) -> Self {
        Self { source, at: 0, end: source.len(), trims_next: false, is_lines: false }
    }

    fn of_lines(source: &'s str, range: Range<usize>) -> Self {
        Self { source, at: range.start, end: range.end, trims_next: false, is_lines: true }
    }

    fn next(&mut self) -> Result<Option<Piece<'s>>, Fault> {
        if self.is_lines { self.next_line() } else { self.next_piece() }
    }

    fn next_line(&mut self) -> Result<Option<Piece<'s>>, Fault> {
        while self.at < self.end {
            let rest = &self.source[self.at..self.end];
            let len = rest.find('\n').unwrap_or(rest.len());
            let line = Range { start: self.at, end: self.at + len };
            self.at = (line.end + 1).min(self.end);
            if !self.source[line.clone()].trim().is_empty() {
                return Ok(Some(Piece::Tag(self.tag(line)?)));
            }
        }
        Ok(None)
    }

    fn next_piece(&mut self) -> Result<Option<Piece<'s>>, Fault> {
        if self.at >= self.end {
            return Ok(None);
        }
        let rest = &self.source[self.at..self.end];
        let open = opening(rest);
        let text_len = open.unwrap_or(rest.len());
        if text_len > 0 {
            let (mut start, mut end) = (self.at, self.at + text_len);
            self.at = end;
            if std::mem::take(&mut self.trims_next) {
                start = end - self.source[start..end].trim_start_matches(is_space).len();
            }
            if self.source[end..].starts_with("{{-") || self.source[end..].starts_with("{%-") {
                end = start + self.source[start..end].trim_end_matches(is_space).len();
            }
            if start == end {
                return self.next_piece_after_text();
            }
            return Ok(Some(Piece::Text { start, end }));
        }
        self.next_piece_after_text()
    }

    fn next_piece_after_text(&mut self) -> Result<Option<Piece<'s>>, Fault> {
        if self.at >= self.end {
            return Ok(None);
        }
        let start = self.at;
        let is_output = self.source[start..].starts_with("{{");
        let close = if is_output { "}}" } else { "%}" };
        let Some(len) = self.source[start + 2..self.end].find(close) else {
            let open = &self.source[start..start + 2];
            let problem = format!("`{open}` is never closed");
            return Err(Fault::new(start, problem, format!("close it with `{close}`")));
        };
        let inside = self.inside(start + 2..start + 2 + len);
        self.at = start + 2 + len + 2;
        if is_output {
            let offset = inside.start;
            return Ok(Some(Piece::Output { inside: &self.source[inside], offset }));
        }
        Ok(Some(Piece::Tag(self.tag(inside)?)))
    }

    /// What stands between the marks, without the hyphens that trim white space.
    fn inside(&mut self, range: Range<usize>) -> Range<usize> {
        let text = &self.source[range.clone()];
        let start = range.start + usize::from(text.starts_with('-'));
        self.trims_next = text.len() > 1 && text.ends_with('-');
        let end = range.end - usize::from(self.trims_next);
        start..end
    }

    fn tag(&self, inside: Range<usize>) -> Result<Tag<'s>, Fault> {
        let text = &self.source[inside.clone()];
        let name_start = inside.end - text.trim_start_matches(is_space).len();
        let text = &self.source[name_start..inside.end];
        let is_inside = |it: &u8| it.is_ascii_alphanumeric() || *it == b'_';
        let name_len = match text.as_bytes().first() {
            Some(b'#') => 1,
            _ => text.bytes().take_while(is_inside).count(),
        };
        if name_len == 0 {
            let problem = "a tag has no name".to_owned();
            let remedy = "write one, such as `if`, or remove the tag".to_owned();
            return Err(Fault::new(name_start, problem, remedy));
        }
        Ok(Tag {
            name: &text[..name_len],
            rest: &text[name_len..],
            offset: name_start,
            rest_offset: name_start + name_len,
        })
    }

    /// The text as far as `{% close %}`, which is stepped over.
    fn raw_until(&mut self, close: &str, tag: &Tag<'_>) -> Result<Range<usize>, Fault> {
        let mut from = self.at;
        while let Some(len) = self.source[from..self.end].find("{%") {
            let start = from + len;
            let after = self.source[start + 2..self.end].strip_prefix('-');
            let after = after.unwrap_or(&self.source[start + 2..self.end]);
            let after = after.trim_start_matches(is_space);
            if let Some(after) = after.strip_prefix(close) {
                let after = after.trim_start_matches(is_space);
                let trims = after.starts_with("-%}");
                if trims || after.starts_with("%}") {
                    let mut body = self.at..start;
                    if std::mem::replace(&mut self.trims_next, trims) {
                        let text = &self.source[body.clone()];
                        body.start = body.end - text.trim_start_matches(is_space).len();
                    }
                    if self.source[start..].starts_with("{%-") {
                        let text = &self.source[body.clone()];
                        body.end = body.start + text.trim_end_matches(is_space).len();
                    }
                    self.at = self.end - after.len() + if trims { 3 } else { 2 };
                    return Ok(body);
                }
            }
            from = start + 2;
        }
        Err(unclosed(tag, close))
    }
}

fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}' || c == '\0'
}

/// Where the next `{{` or `{%` stands.
fn opening(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(len) = bytes[from..].iter().position(|&it| it == b'{') {
        let at = from + len;
        if matches!(bytes.get(at + 1), Some(b'{' | b'%')) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn unclosed(tag: &Tag<'_>, close: &str) -> Fault {
    let problem = format!("`{}` is never closed", tag.name);
    Fault::new(tag.offset, problem, format!("close it with `{{% {close} %}}`"))
}

struct Parser<'s> {
    pieces: Pieces<'s>,
    depth: usize,
}

type Parsed<T> = Result<T, Fault>;

impl<'s> Parser<'s> {
    /// Nodes as far as one of the tags `ends`, which is given too, or as far as the end.
    fn body(&mut self, ends: &[&str]) -> Parsed<(Vec<Node>, Option<Tag<'s>>)> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next()? {
            match piece {
                Piece::Text { start, end } => nodes.push(Node::Text(start..end)),
                Piece::Output { inside, offset } => {
                    let value = expression::filtered(&mut Scanner::new(inside, offset)?)?;
                    nodes.push(Node::Output { value, offset });
                }
                Piece::Tag(tag) if ends.contains(&tag.name) => return Ok((nodes, Some(tag))),
                Piece::Tag(tag) => nodes.extend(self.tag(tag)?),
            }
        }
        Ok((nodes, None))
    }

    /// A body that must end with one of the tags.
    fn closed_body(&mut self, tag: &Tag<'_>, ends: &[&str]) -> Parsed<(Vec<Node>, Tag<'s>)> {
        let (nodes, end) = self.body(ends)?;
        let close = ends.last().expect("a block has an end");
        Ok((nodes, end.ok_or_else(|| unclosed(tag, close))?))
    }

    fn tag(&mut self, tag: Tag<'s>) -> Parsed<Option<Node>> {
        self.depth += 1;
        if self.depth > TEMPLATE_DEPTH_MAX {
            let remedy = format!("unfold some; {TEMPLATE_DEPTH_MAX} levels are read at most");
            return Err(Fault::new(tag.offset, "blocks nest too deep".to_owned(), remedy));
        }
        let node = self.tag_inside(tag);
        self.depth -= 1;
        node
    }

    fn tag_inside(&mut self, tag: Tag<'s>) -> Parsed<Option<Node>> {
        let offset = tag.offset;
        Ok(Some(match tag.name {
            "if" => self.if_tag(tag, false)?,
            "unless" => self.if_tag(tag, true)?,
            "case" => self.case_tag(tag)?,
            "for" => Node::For(self.loop_tag(tag, false)?),
            "tablerow" => Node::TableRow(self.loop_tag(tag, true)?),
            "assign" => assign_tag(&tag)?,
            "capture" => self.capture_tag(tag)?,
            "echo" => {
                let value = expression::filtered(&mut scanner(&tag)?)?;
                Node::Output { value, offset }
            }
            "increment" => Node::Increment { name: counter_name(&tag)?, by: 1, offset },
            "decrement" => Node::Increment { name: counter_name(&tag)?, by: -1, offset },
            "break" => Node::Break { offset },
            "continue" => Node::Continue { offset },
            "cycle" => cycle_tag(&tag)?,
            "ifchanged" => {
                let (body, _) = self.closed_body(&tag, &["endifchanged"])?;
                Node::IfChanged { body, offset }
            }
            "liquid" => self.liquid_tag(tag)?,
            "raw" => {
                let body = self.pieces.raw_until("endraw", &tag)?;
                Node::Text(body)
            }
            "comment" => {
                self.skip_comment(&tag)?;
                return Ok(None);
            }
            "doc" => {
                scanner(&tag)?.end()?;
                self.pieces.raw_until("enddoc", &tag)?;
                return Ok(None);
            }
            "#" => {
                inline_comment(&tag)?;
                return Ok(None);
            }
            name => {
                let problem = match name {
                    "else" | "elsif" | "when" => format!("`{name}` stands outside its block"),
                    _ if name.starts_with("end") => format!("`{name}` closes nothing"),
                    _ => format!("there is no tag `{name}`"),
                };
                let remedy = "remove it or correct its name".to_owned();
                return Err(Fault::new(offset, problem, remedy));
            }
        }))
    }

    fn if_tag(&mut self, tag: Tag<'s>, is_unless: bool) -> Parsed<Node> {
        let ends = ["elsif", "else", if is_unless { "endunless" } else { "endif" }];
        let mut branches = Vec::new();
        let mut head = tag;
        let mut is_negated = is_unless;
        let mut has_else = false;
        loop {
            let test = match head.name {
                "else" => None,
                _ => Some(expression::test(&mut scanner(&head)?)?),
            };
            let (body, end) = self.closed_body(&tag, &ends)?;
            // What follows the first `else` can never be reached.
            if !has_else {
                has_else = test.is_none();
                branches.push(Branch { test, is_negated, body });
            }
            if end.name != "else" && end.name != "elsif" {
                break;
            }
            (head, is_negated) = (end, false);
        }
        let source = self.pieces.source;
        if branches.iter().all(|it| is_silent(source, &it.body)) {
            branches.iter_mut().for_each(|it| remove_text(&mut it.body));
        }
        Ok(Node::If { branches, offset: tag.offset })
    }

    fn case_tag(&mut self, tag: Tag<'s>) -> Parsed<Node> {
        let mut scanner_of_tag = scanner(&tag)?;
        let subject = expression::expression(&mut scanner_of_tag)?;
        scanner_of_tag.end()?;
        let ends = ["when", "else", "endcase"];
        // What stands before the first arm is never printed.
        let (_, mut head) = self.closed_body(&tag, &ends)?;
        let mut arms = Vec::new();
        while head.name != "endcase" {
            let values = if head.name == "when" { Some(when_values(&head)?) } else { None };
            let (body, end) = self.closed_body(&tag, &ends)?;
            arms.push(Arm { values, body });
            head = end;
        }
        let source = self.pieces.source;
        if arms.iter().all(|it| is_silent(source, &it.body)) {
            arms.iter_mut().for_each(|it| remove_text(&mut it.body));
        }
        Ok(Node::Case { subject, arms, offset: tag.offset })
    }

    fn loop_tag(&mut self, tag: Tag<'s>, is_table: bool) -> Parsed<Box<Loop>> {
        let mut it = loop_head(&tag, is_table)?;
        let close = if is_table { "endtablerow" } else { "endfor" };
        let (body, mut end) = self.closed_body(&tag, &["else", close])?;
        it.body = body;
        while end.name == "else" {
            (it.otherwise, end) = self.closed_body(&tag, &["else", close])?;
        }
        let source = self.pieces.source;
        if !is_table && is_silent(source, &it.body) && is_silent(source, &it.otherwise) {
            remove_text(&mut it.body);
            remove_text(&mut it.otherwise);
        }
        Ok(Box::new(it))
    }

    fn capture_tag(&mut self, tag: Tag<'s>) -> Parsed<Node> {
        let rest = tag.rest.trim_matches(is_space);
        let unquoted = rest.trim_matches(['\'', '"']);
        let name = plain_name(unquoted).filter(|it| it.len() == unquoted.len());
        let Some(name) = name else { return Err(no_name(&tag)) };
        let (body, _) = self.closed_body(&tag, &["endcapture"])?;
        Ok(Node::Capture { name: name.into(), body, offset: tag.offset })
    }

    fn liquid_tag(&mut self, tag: Tag<'s>) -> Parsed<Node> {
        let range = tag.rest_offset..tag.rest_offset + tag.rest.len();
        let lines = Pieces::of_lines(self.pieces.source, range);
        let outside = std::mem::replace(&mut self.pieces, lines);
        let body = self.body(&[]);
        self.pieces = outside;
        Ok(Node::Lines { body: body?.0, offset: tag.offset })
    }

    /// Steps over a comment, in which other comments and `raw` may stand.
    fn skip_comment(&mut self, tag: &Tag<'_>) -> Parsed<()> {
        let mut open = 1_usize;
        loop {
            let inside = match self.pieces.is_lines {
                true => self.pieces.next(),
                false => self.next_tag_in_comment(),
            };
            match inside? {
                None => return Err(unclosed(tag, "endcomment")),
                Some(Piece::Tag(it)) => match it.name {
                    "comment" => open += 1,
                    "endcomment" if open == 1 => return Ok(()),
                    "endcomment" => open -= 1,
                    "raw" if !self.pieces.is_lines => {
                        self.pieces.raw_until("endraw", &it)?;
                    }
                    _ => {}
                },
                Some(_) => {}
            }
        }
    }

    /// The next tag, whatever its name; what is no tag is passed over.
    fn next_tag_in_comment(&mut self) -> Parsed<Option<Piece<'s>>> {
        let pieces = &mut self.pieces;
        while let Some(len) = pieces.source[pieces.at..pieces.end].find("{%") {
            pieces.at += len;
            let start = pieces.at + 2;
            let Some(len) = pieces.source[start..pieces.end].find("%}") else { return Ok(None) };
            let inside = pieces.inside(start..start + len);
            pieces.at = start + len + 2;
            // A tag without a name is as good as text here.
            if let Ok(tag) = pieces.tag(inside) {
                return Ok(Some(Piece::Tag(tag)));
            }
        }
        Ok(None)
    }
}

fn scanner<'s>(tag: &Tag<'s>) -> Parsed<Scanner<'s>> {
    Scanner::new(tag.rest, tag.rest_offset)
}

fn assign_tag(tag: &Tag<'_>) -> Parsed<Node> {
    let text = tag.rest.trim_start_matches(is_space);
    let name = plain_name(text).ok_or_else(|| no_name(tag))?;
    let after = text[name.len()..].trim_start_matches(is_space);
    let Some(value) = after.strip_prefix('=') else {
        let offset = tag.rest_offset + tag.rest.len() - after.len();
        let remedy = "write `=` and a value after the name".to_owned();
        return Err(Fault::new(offset, "`assign` has no value".to_owned(), remedy));
    };
    let offset = tag.rest_offset + tag.rest.len() - value.len();
    let value = expression::filtered(&mut Scanner::new(value, offset)?)?;
    Ok(Node::Assign { name: name.into(), value, offset: tag.offset })
}

fn counter_name(tag: &Tag<'_>) -> Parsed<Arc<str>> {
    let rest = tag.rest.trim_matches(is_space);
    let name = plain_name(rest).filter(|it| it.len() == rest.len());
    name.map(Into::into).ok_or_else(|| no_name(tag))
}

/// The name a tag gives a value. It may begin with a digit, though no expression can then read it.
fn plain_name(text: &str) -> Option<&str> {
    let is_inside = |it: &u8| it.is_ascii_alphanumeric() || *it == b'_' || *it == b'-';
    let len = text.bytes().take_while(is_inside).count();
    (len > 0 && !text.starts_with('-')).then(|| &text[..len])
}

fn no_name(tag: &Tag<'_>) -> Fault {
    let problem = format!("`{}` has no name it can use", tag.name);
    let remedy = "write one of letters, digits, `_` and `-`".to_owned();
    Fault::new(tag.rest_offset, problem, remedy)
}

fn when_values(tag: &Tag<'_>) -> Parsed<Vec<Expression>> {
    let mut scanner = scanner(tag)?;
    let mut values = vec![expression::expression(&mut scanner)?];
    loop {
        match scanner.peek() {
            Token::Comma | Token::Name("or") => {
                scanner.next()?;
                values.push(expression::expression(&mut scanner)?);
            }
            Token::End => return Ok(values),
            _ => return Err(scanner.unexpected("`or`, `,` or nothing more")),
        }
    }
}

fn loop_head(tag: &Tag<'_>, is_table: bool) -> Parsed<Loop> {
    let mut scanner = scanner(tag)?;
    let Token::Name(name) = scanner.peek() else {
        return Err(scanner.unexpected("a name for the item"));
    };
    scanner.next()?;
    scanner.expect(Token::Name("in"), "`in`")?;
    let start = scanner.position();
    let items = expression::expression(&mut scanner)?;
    let label = format!("{name}-{}", scanner.slice_from(start)).into();
    let mut it = Loop {
        name: name.into(),
        items,
        label,
        limit: None,
        offset: None,
        columns: None,
        is_reversed: false,
        body: Vec::new(),
        otherwise: Vec::new(),
        place: tag.offset,
    };
    loop {
        scanner.eat(Token::Comma)?;
        match scanner.peek() {
            Token::Name("reversed") => {
                scanner.next()?;
                it.is_reversed = true;
            }
            Token::Name("limit") => it.limit = Some(loop_value(&mut scanner)?),
            Token::Name("cols") if is_table => it.columns = Some(loop_value(&mut scanner)?),
            Token::Name("offset") => {
                scanner.next()?;
                scanner.expect(Token::Colon, "`:`")?;
                it.offset = Some(match scanner.eat(Token::Name("continue"))? {
                    true => LoopOffset::Continue,
                    false => LoopOffset::Value(expression::expression(&mut scanner)?),
                });
            }
            Token::End => return Ok(it),
            _ => return Err(scanner.unexpected("`limit:`, `offset:`, `reversed` or nothing more")),
        }
    }
}

fn loop_value(scanner: &mut Scanner<'_>) -> Parsed<Expression> {
    scanner.next()?;
    scanner.expect(Token::Colon, "`:`")?;
    expression::expression(scanner)
}

fn cycle_tag(tag: &Tag<'_>) -> Parsed<Node> {
    let mut scanner = scanner(tag)?;
    let first = expression::expression(&mut scanner)?;
    let mut items = Vec::new();
    let group = match scanner.eat(Token::Colon)? {
        true => Group::Named(first),
        false => {
            items.push(first);
            Group::Items(tag.rest.trim_matches(is_space).into())
        }
    };
    if !items.is_empty() && !scanner.eat(Token::Comma)? {
        scanner.end()?;
    }
    while scanner.peek() != Token::End {
        items.push(expression::expression(&mut scanner)?);
        if !scanner.eat(Token::Comma)? {
            scanner.end()?;
        }
    }
    Ok(Node::Cycle { group, items, offset: tag.offset })
}

fn inline_comment(tag: &Tag<'_>) -> Parsed<()> {
    let mut offset = tag.rest_offset;
    for (index, line) in tag.rest.split('\n').enumerate() {
        let text = line.trim_matches(is_space);
        if index > 0 && !text.is_empty() && !text.starts_with('#') {
            let problem = "a line of the comment has no `#`".to_owned();
            return Err(Fault::new(offset, problem, "begin each line with `#`".to_owned()));
        }
        offset += line.len() + 1;
    }
    Ok(())
}

/// Whether nothing in it prints more than white space.
fn is_silent(source: &str, nodes: &[Node]) -> bool {
    let is_bare = |nodes: &[Node]| is_silent(source, nodes);
    nodes.iter().all(|node| match node {
        Node::Text(range) => source[range.clone()].trim_matches(is_space).is_empty(),
        Node::Assign { .. } | Node::Capture { .. } => true,
        Node::If { branches, .. } => branches.iter().all(|it| is_bare(&it.body)),
        Node::Case { arms, .. } => arms.iter().all(|it| is_bare(&it.body)),
        Node::For(it) => is_bare(&it.body) && is_bare(&it.otherwise),
        _ => false,
    })
}

fn remove_text(nodes: &mut Vec<Node>) {
    nodes.retain(|it| !matches!(it, Node::Text(_)));
}
