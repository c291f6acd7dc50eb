//! A parsed template: its tree, its errors, and what it asks of the data.

use std::{ops::Range, sync::Arc};

use crate::{
    RenderError, RenderOptions, Value,
    expression::{Expression, Filtered, Path, Root, Step, Test},
    parse, render,
};

/// How long a template may be.
pub const TEMPLATE_BYTES_MAX: usize = 1 << 20;

/// How deep blocks may nest: deeper than any email, and far from the end of the stack.
pub const TEMPLATE_DEPTH_MAX: usize = 50;

/// A template, parsed once to be rendered many times.
#[derive(Clone, Debug)]
pub struct Template {
    pub(crate) source: Arc<str>,
    pub(crate) nodes: Vec<Node>,
}

/// Why a text is not a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}; {remedy}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub problem: String,
    pub remedy: String,
}

/// A path a template reads from its data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variable {
    /// Such as `customer.given_name` or, for the items of an array, `products[].name`.
    pub path: String,
    /// Where it stands, from 1.
    pub line: usize,
    pub column: usize,
}

impl Template {
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        let nodes = parse::nodes(source).map_err(|fault| fault.place(source))?;
        Ok(Self { source: source.into(), nodes })
    }

    /// Fills the template from `data`, an object whose keys are the variables.
    pub fn render(&self, data: &Value, options: &RenderOptions) -> Result<String, RenderError> {
        render::render(self, data, options)
    }

    /// What the template reads from its data, in the order it stands. What the template names
    /// itself is not listed; an item of a loop is listed as `[]` of what is looped over.
    pub fn variables(&self) -> Vec<Variable> {
        let mut reader = Reader { names: Vec::new(), found: Vec::new() };
        reader.nodes(&self.nodes);
        let place = |(path, offset)| {
            let (line, column) = line_and_column(&self.source, offset);
            Variable { path, line, column }
        };
        reader.found.into_iter().map(place).collect()
    }
}

/// What went wrong at a place given in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub offset: usize,
    pub problem: String,
    pub remedy: String,
}

impl Fault {
    pub fn new(offset: usize, problem: String, remedy: String) -> Self {
        Self { offset, problem, remedy }
    }

    fn place(self, source: &str) -> ParseError {
        let (line, column) = line_and_column(source, self.offset);
        ParseError { line, column, problem: self.problem, remedy: self.remedy }
    }
}

pub(crate) fn line_and_column(source: &str, offset: usize) -> (usize, usize) {
    let before = &source[..source.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |it| it + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// A piece of a template.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// Bytes of the source.
    Text(Range<usize>),
    Output {
        value: Filtered,
        offset: usize,
    },
    Assign {
        name: Arc<str>,
        value: Filtered,
        offset: usize,
    },
    Capture {
        name: Arc<str>,
        body: Vec<Node>,
        offset: usize,
    },
    If {
        branches: Vec<Branch>,
        offset: usize,
    },
    Case {
        subject: Expression,
        arms: Vec<Arm>,
        offset: usize,
    },
    For(Box<Loop>),
    TableRow(Box<Loop>),
    Break {
        offset: usize,
    },
    Continue {
        offset: usize,
    },
    Increment {
        name: Arc<str>,
        by: i64,
        offset: usize,
    },
    Cycle {
        group: Group,
        items: Vec<Expression>,
        offset: usize,
    },
    IfChanged {
        body: Vec<Node>,
        offset: usize,
    },
    /// The tags of a `liquid` tag.
    Lines {
        body: Vec<Node>,
        offset: usize,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Branch {
    /// `None` for `else`.
    pub test: Option<Test>,
    /// `unless`.
    pub is_negated: bool,
    pub body: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(crate) struct Arm {
    /// `None` for `else`.
    pub values: Option<Vec<Expression>>,
    pub body: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(crate) struct Loop {
    pub name: Arc<str>,
    pub items: Expression,
    /// `item-products`: names the loop for `forloop.name` and `offset: continue`.
    pub label: Arc<str>,
    pub limit: Option<Expression>,
    pub offset: Option<LoopOffset>,
    /// Of `tablerow`.
    pub columns: Option<Expression>,
    pub is_reversed: bool,
    pub body: Vec<Node>,
    pub otherwise: Vec<Node>,
    pub place: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum LoopOffset {
    Value(Expression),
    /// Where the last loop of this label stopped.
    Continue,
}

/// Which cycles turn together.
#[derive(Clone, Debug)]
pub(crate) enum Group {
    Named(Expression),
    /// Those with the same items, as they are written.
    Items(Arc<str>),
}

/// Walks a tree for what it reads.
struct Reader {
    /// What the template itself names here: a loop's item with its path, or another name.
    names: Vec<(Arc<str>, Option<String>)>,
    found: Vec<(String, usize)>,
}

impl Reader {
    fn nodes(&mut self, nodes: &[Node]) {
        nodes.iter().for_each(|it| self.node(it));
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Text(_) | Node::Break { .. } | Node::Continue { .. } => {}
            Node::Output { value, .. } => self.filtered(value),
            Node::Assign { name, value, .. } => {
                self.filtered(value);
                self.names.push((name.clone(), None));
            }
            Node::Capture { name, body, .. } => {
                self.nodes(body);
                self.names.push((name.clone(), None));
            }
            Node::If { branches, .. } => {
                for branch in branches {
                    branch.test.iter().for_each(|it| self.test(it));
                    self.nodes(&branch.body);
                }
            }
            Node::Case { subject, arms, .. } => {
                self.expression(subject);
                for arm in arms {
                    arm.values.iter().flatten().for_each(|it| self.expression(it));
                    self.nodes(&arm.body);
                }
            }
            Node::For(it) => self.looped(it, "forloop"),
            Node::TableRow(it) => self.looped(it, "tablerowloop"),
            Node::Increment { name, .. } => self.names.push((name.clone(), None)),
            Node::Cycle { group, items, .. } => {
                if let Group::Named(name) = group {
                    self.expression(name);
                }
                items.iter().for_each(|it| self.expression(it));
            }
            Node::IfChanged { body, .. } | Node::Lines { body, .. } => self.nodes(body),
        }
    }

    fn looped(&mut self, it: &Loop, state: &str) {
        self.expression(&it.items);
        it.limit.iter().chain(&it.columns).for_each(|it| self.expression(it));
        if let Some(LoopOffset::Value(offset)) = &it.offset {
            self.expression(offset);
        }
        let item = match &it.items {
            Expression::Path(path) => self.path_of(path).map(|it| format!("{it}[]")),
            _ => None,
        };
        let outside = self.names.len();
        self.names.push((it.name.clone(), item));
        self.names.push((state.into(), None));
        self.nodes(&it.body);
        // The loop's own names end with it; what it assigned stays.
        self.names.drain(outside..outside + 2);
        self.nodes(&it.otherwise);
    }

    fn test(&mut self, test: &Test) {
        for comparison in std::iter::once(&test.first).chain(test.rest.iter().map(|it| &it.1)) {
            self.expression(&comparison.left);
            comparison.right.iter().for_each(|(_, it)| self.expression(it));
        }
    }

    fn filtered(&mut self, filtered: &Filtered) {
        self.expression(&filtered.value);
        for filter in &filtered.filters {
            filter.arguments.iter().for_each(|it| self.expression(it));
            filter.named.iter().for_each(|(_, it)| self.expression(it));
        }
    }

    fn expression(&mut self, expression: &Expression) {
        match expression {
            Expression::Literal(_) => {}
            Expression::Range(ends) => {
                self.expression(&ends.0);
                self.expression(&ends.1);
            }
            Expression::Path(path) => {
                if let Root::Dynamic(inner) = &path.root {
                    self.expression(inner);
                }
                for step in &path.steps {
                    if let Step::Index(inner) = step {
                        self.expression(inner);
                    }
                }
                if let Some(text) = self.path_of(path) {
                    self.found.push((text, path.offset));
                }
            }
        }
    }

    /// The path into the data; `None` if it leads to what the template named itself.
    fn path_of(&self, path: &Path) -> Option<String> {
        let Root::Name(name) = &path.root else { return None };
        let mut text = match self.names.iter().rev().find(|(it, _)| it == name) {
            Some((_, item)) => item.clone()?,
            None => name.to_string(),
        };
        for step in &path.steps {
            match step {
                Step::Dot(name) => {
                    text.push('.');
                    text.push_str(name);
                }
                Step::Index(Expression::Literal(Value::Str(name))) => {
                    text.push('.');
                    text.push_str(name);
                }
                Step::Index(_) => text.push_str("[]"),
            }
        }
        Some(text)
    }
}
