//! Filling a template.
//!
//! Every node, every turn of a loop and every stretch of text a filter works through costs steps;
//! everything printed or built counts in bytes. So a hostile template ends, soon and small.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use crate::{
    Template, Value,
    arithmetic::Number,
    expression::{Comparison, Expression, Filtered, Joint, Operator, Path, Root, Step, Test},
    filters,
    template::{Arm, Branch, Group, Loop, LoopOffset, Node, line_and_column},
    text,
    value::range_len,
};

/// What a template prints is part of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escape {
    /// Plain text: printed as it is.
    #[default]
    None,
    /// HTML, as content or in a quoted attribute.
    Html,
}

/// The most a render may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nodes, turns of loops, and pieces of 64 bytes that filters work through.
    pub steps: u64,
    /// What is printed. Values that filters build may take four times as much in all.
    pub output_bytes: usize,
    /// Blocks within blocks.
    pub depth: usize,
}

impl Default for Limits {
    /// A long email takes 2,000 steps and 50 KB.
    fn default() -> Self {
        Self { steps: 50_000, output_bytes: 512 * 1_024, depth: 50 }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RenderOptions {
    pub escape: Escape,
    pub limits: Limits,
}

/// Why a template could not be filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    #[error("line {line}, column {column}: {problem}; {remedy}")]
    Wrong { line: usize, column: usize, problem: String, remedy: String },
    #[error("line {line}, column {column}: rendering takes more than {max} {what}; simplify it")]
    OverLimit { line: usize, column: usize, what: &'static str, max: u64 },
}

/// Why a step failed, without its place.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    Wrong { problem: String, remedy: String },
    OverLimit { what: &'static str, max: u64 },
}

impl Trouble {
    pub fn wrong(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Wrong { problem: problem.into(), remedy: remedy.into() }
    }
}

/// What is left of the limits.
pub(crate) struct Budget {
    pub escape: Escape,
    limits: Limits,
    steps_left: u64,
    built_left: usize,
}

/// So many bytes of text are worked through in the time of one step.
const BYTES_PER_STEP: usize = 64;

/// Values built by filters and captures may take so many times the bytes of the output in all.
const BUILT_SHARE: usize = 4;

impl Budget {
    fn new(options: &RenderOptions) -> Self {
        let limits = options.limits;
        Self {
            escape: options.escape,
            limits,
            steps_left: limits.steps,
            built_left: limits.output_bytes.saturating_mul(BUILT_SHARE),
        }
    }

    pub fn step(&mut self) -> Result<(), Trouble> {
        self.steps(1)
    }

    fn steps(&mut self, count: u64) -> Result<(), Trouble> {
        match self.steps_left.checked_sub(count) {
            Some(left) => {
                self.steps_left = left;
                Ok(())
            }
            None => Err(Trouble::OverLimit { what: "steps", max: self.limits.steps }),
        }
    }

    /// Before so many bytes are looked at.
    pub fn work(&mut self, bytes: usize) -> Result<(), Trouble> {
        self.steps((bytes / BYTES_PER_STEP) as u64)
    }

    /// Before a value of so many bytes is made.
    pub fn build(&mut self, bytes: usize) -> Result<(), Trouble> {
        match self.built_left.checked_sub(bytes) {
            Some(left) => {
                self.built_left = left;
                self.work(bytes)
            }
            None => {
                let max = self.limits.output_bytes.saturating_mul(BUILT_SHARE) as u64;
                Err(Trouble::OverLimit { what: "bytes of values", max })
            }
        }
    }
}

pub(crate) fn render(
    template: &Template,
    data: &Value,
    options: &RenderOptions,
) -> Result<String, RenderError> {
    let mut renderer = Renderer {
        source: &template.source,
        data,
        budget: Budget::new(options),
        out: String::with_capacity(template.source.len().min(options.limits.output_bytes)),
        held_bytes: 0,
        depth: 0,
        frames: Vec::new(),
        locals: BTreeMap::new(),
        counters: BTreeMap::new(),
        stops: BTreeMap::new(),
        cycles: BTreeMap::new(),
        unchanged: None,
        at: 0,
    };
    match renderer.nodes(&template.nodes) {
        Ok(_) => Ok(renderer.out),
        Err(trouble) => {
            let (line, column) = line_and_column(&template.source, renderer.at);
            Err(match trouble {
                Trouble::Wrong { problem, remedy } => {
                    RenderError::Wrong { line, column, problem, remedy }
                }
                Trouble::OverLimit { what, max } => {
                    RenderError::OverLimit { line, column, what, max }
                }
            })
        }
    }
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

/// One turn of a loop, seen from inside.
struct Frame<'t> {
    name: &'t Arc<str>,
    item: Value,
    label: &'t Arc<str>,
    index: usize,
    len: usize,
    /// Of `tablerow`; 0 for `for`.
    columns: usize,
}

type Done<T> = Result<T, Trouble>;

struct Renderer<'t> {
    source: &'t str,
    data: &'t Value,
    budget: Budget,
    out: String,
    /// What stands in outer outputs while one is captured.
    held_bytes: usize,
    depth: usize,
    frames: Vec<Frame<'t>>,
    locals: BTreeMap<Arc<str>, Value>,
    counters: BTreeMap<Arc<str>, Value>,
    /// Where each loop stopped, for `offset: continue`.
    stops: BTreeMap<&'t Arc<str>, usize>,
    cycles: BTreeMap<String, usize>,
    /// What the last `ifchanged` printed.
    unchanged: Option<String>,
    /// The node being rendered, for errors.
    at: usize,
}

impl<'t> Renderer<'t> {
    fn nodes(&mut self, nodes: &'t [Node]) -> Done<Flow> {
        self.depth += 1;
        if self.depth > self.budget.limits.depth {
            let max = self.budget.limits.depth as u64;
            return Err(Trouble::OverLimit { what: "levels of blocks", max });
        }
        for node in nodes {
            let flow = self.node(node)?;
            if flow != Flow::Next {
                self.depth -= 1;
                return Ok(flow);
            }
        }
        self.depth -= 1;
        Ok(Flow::Next)
    }

    fn node(&mut self, node: &'t Node) -> Done<Flow> {
        self.budget.step()?;
        match node {
            Node::Text(range) => {
                self.out.push_str(&self.source[range.clone()]);
                self.check_output()?;
            }
            Node::Output { value, offset } => {
                self.at = *offset;
                self.output(value)?;
            }
            Node::Assign { name, value, offset } => {
                self.at = *offset;
                let value = self.filtered(value)?;
                self.assign(name, value);
            }
            Node::Capture { name, body, offset } => {
                self.at = *offset;
                let (flow, text) = self.captured(body)?;
                self.budget.build(text.len())?;
                let value = match self.budget.escape {
                    Escape::None => Value::from(text),
                    Escape::Html => Value::Markup(text.into()),
                };
                self.assign(name, value);
                return Ok(flow);
            }
            Node::If { branches, offset } => {
                self.at = *offset;
                return self.branches(branches);
            }
            Node::Case { subject, arms, offset } => {
                self.at = *offset;
                return self.arms(subject, arms);
            }
            Node::For(it) => return self.for_loop(it),
            Node::TableRow(it) => return self.table_row(it),
            Node::Break { offset } => {
                self.at = *offset;
                return Ok(Flow::Break);
            }
            Node::Continue { offset } => {
                self.at = *offset;
                return Ok(Flow::Continue);
            }
            Node::Increment { name, by, offset } => {
                self.at = *offset;
                self.increment(name, *by)?;
            }
            Node::Cycle { group, items, offset } => {
                self.at = *offset;
                self.cycle(group, items)?;
            }
            Node::IfChanged { body, offset } => {
                self.at = *offset;
                let (flow, text) = self.captured(body)?;
                if self.unchanged.as_ref() != Some(&text) {
                    self.out.push_str(&text);
                    self.unchanged = Some(text);
                    self.check_output()?;
                }
                return Ok(flow);
            }
            Node::Lines { body, offset } => {
                self.at = *offset;
                return self.nodes(body);
            }
        }
        Ok(Flow::Next)
    }

    fn output(&mut self, filtered: &'t Filtered) -> Done<()> {
        // Most outputs are a path to a text, and that is copied once, straight from the data.
        if filtered.filters.is_empty() {
            let mut out = std::mem::take(&mut self.out);
            let pushed = self.evaluate(&filtered.value).map(|it| self.push(&mut out, &it));
            self.out = out;
            pushed?;
        } else {
            let value = self.filtered(filtered)?;
            let mut out = std::mem::take(&mut self.out);
            self.push(&mut out, &value);
            self.out = out;
        }
        self.check_output()
    }

    fn push(&self, out: &mut String, value: &Value) {
        match (self.budget.escape, value) {
            (Escape::Html, Value::Str(it)) => text::push_escaped(out, it),
            (Escape::Html, Value::Array(_) | Value::Object(_)) => {
                let mut plain = String::new();
                value.print(&mut plain);
                text::push_escaped(out, &plain);
            }
            _ => value.print(out),
        }
    }

    fn check_output(&mut self) -> Done<()> {
        let max = self.budget.limits.output_bytes;
        match self.held_bytes + self.out.len() > max {
            true => Err(Trouble::OverLimit { what: "bytes of output", max: max as u64 }),
            false => Ok(()),
        }
    }

    fn captured(&mut self, body: &'t [Node]) -> Done<(Flow, String)> {
        let outer = std::mem::take(&mut self.out);
        self.held_bytes += outer.len();
        let flow = self.nodes(body);
        self.held_bytes -= outer.len();
        let text = std::mem::replace(&mut self.out, outer);
        Ok((flow?, text))
    }

    fn assign(&mut self, name: &Arc<str>, value: Value) {
        self.locals.insert(name.clone(), value);
    }

    fn branches(&mut self, branches: &'t [Branch]) -> Done<Flow> {
        for branch in branches {
            let is_met = match &branch.test {
                Some(test) => self.test(test)? != branch.is_negated,
                None => true,
            };
            if is_met {
                return self.nodes(&branch.body);
            }
        }
        Ok(Flow::Next)
    }

    fn arms(&mut self, subject: &'t Expression, arms: &'t [Arm]) -> Done<Flow> {
        let subject = self.evaluate(subject)?.into_owned();
        let mut is_met = false;
        for arm in arms {
            // Liquid runs an arm once for each of its values that is equal.
            let turns = match &arm.values {
                None => usize::from(!is_met),
                Some(values) => {
                    let mut equal = 0;
                    for value in values {
                        let value = self.evaluate(value)?.into_owned();
                        self.budget.work(comparing_weight(&value, &subject))?;
                        equal += usize::from(value == subject);
                    }
                    is_met |= equal > 0;
                    equal
                }
            };
            for _ in 0..turns {
                let flow = self.nodes(&arm.body)?;
                if flow != Flow::Next {
                    return Ok(flow);
                }
            }
        }
        Ok(Flow::Next)
    }

    fn for_loop(&mut self, it: &'t Loop) -> Done<Flow> {
        self.at = it.place;
        let items = self.items(it)?;
        if items.len() == 0 {
            return self.nodes(&it.otherwise);
        }
        for index in 0..items.len() {
            self.budget.step()?;
            self.enter(it, &items, index, 0);
            let flow = self.nodes(&it.body)?;
            self.frames.pop();
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::Next)
    }

    fn table_row(&mut self, it: &'t Loop) -> Done<Flow> {
        self.at = it.place;
        let items = self.items(it)?;
        let len = items.len();
        let columns = match &it.columns {
            Some(columns) => self.count(columns)?.unwrap_or(len),
            None => len,
        };
        let columns = columns.max(1);
        self.out.push_str("<tr class=\"row1\">\n");
        for index in 0..len {
            self.budget.step()?;
            let (row, column) = (index / columns, index % columns);
            if column == 0 && row > 0 {
                self.out.push_str(&format!("</tr>\n<tr class=\"row{}\">", row + 1));
            }
            self.out.push_str(&format!("<td class=\"col{}\">", column + 1));
            self.enter(it, &items, index, columns);
            let flow = self.nodes(&it.body)?;
            self.frames.pop();
            self.out.push_str("</td>");
            self.check_output()?;
            if flow == Flow::Break {
                break;
            }
        }
        self.out.push_str("</tr>\n");
        self.check_output()?;
        Ok(Flow::Next)
    }

    fn enter(&mut self, it: &'t Loop, items: &Items, index: usize, columns: usize) {
        self.frames.push(Frame {
            name: &it.name,
            item: items.get(index),
            label: &it.label,
            index,
            len: items.len(),
            columns,
        });
    }

    /// What a loop runs over, cut and turned as it asks.
    fn items(&mut self, it: &'t Loop) -> Done<Items> {
        let all = match self.evaluate(&it.items)?.into_owned() {
            Value::Array(items) => Source::Array(items),
            Value::Range(from, to) => Source::Range(from, to),
            value @ Value::Object(_) => {
                self.budget.build(value.weight())?;
                Source::Array(pairs(&value))
            }
            value if value.as_str().is_some_and(|it| !it.is_empty()) => {
                Source::Array(Arc::new([value]))
            }
            _ => Source::Array(Arc::new([])),
        };
        let from = match &it.offset {
            None => 0,
            Some(LoopOffset::Continue) => self.stops.get(&it.label).copied().unwrap_or(0),
            Some(LoopOffset::Value(value)) => self.count(value)?.unwrap_or(0),
        };
        let limit = match &it.limit {
            Some(limit) => self.count(limit)?.unwrap_or(usize::MAX),
            None => usize::MAX,
        };
        let start = from.min(all.len());
        let end = start.saturating_add(limit).min(all.len());
        self.stops.insert(&it.label, end.max(from));
        Ok(Items { all, start, end, is_reversed: it.is_reversed })
    }

    /// A number of things; `None` for nil.
    fn count(&mut self, expression: &'t Expression) -> Done<Option<usize>> {
        let value = self.evaluate(expression)?;
        let count = match &*value {
            Value::Nil => return Ok(None),
            Value::Int(count) => Some(*count),
            Value::Float(count) => Some(*count as i64),
            value => value.as_str().and_then(|it| it.trim().parse().ok()),
        };
        match count {
            Some(count) => Ok(Some(usize::try_from(count).unwrap_or(0))),
            None => Err(Trouble::wrong("a loop is told to count by no number", "give it one")),
        }
    }

    fn increment(&mut self, name: &Arc<str>, by: i64) -> Done<()> {
        let counter = self.counters.entry(name.clone()).or_insert(Value::Int(0));
        let before = Number::of(counter);
        let after = before.plus(Number::Int(by));
        *counter = after.into();
        // `increment` prints what was, `decrement` what is.
        let printed: Value = if by > 0 { before } else { after }.into();
        printed.print(&mut self.out);
        self.check_output()
    }

    fn cycle(&mut self, group: &'t Group, items: &'t [Expression]) -> Done<()> {
        let mut key = String::new();
        match group {
            Group::Named(name) => {
                key.push('=');
                let weight = self.evaluate(name)?.weight();
                self.budget.work(weight)?;
                self.evaluate(name)?.print(&mut key);
            }
            Group::Items(items) => key.push_str(items),
        }
        let turn = self.cycles.get(&key).copied().unwrap_or(0);
        let next = if turn + 1 < items.len() { turn + 1 } else { 0 };
        self.cycles.insert(key, next);
        if let Some(item) = items.get(turn) {
            let mut out = std::mem::take(&mut self.out);
            let pushed = self.evaluate(item).map(|it| self.push(&mut out, &it));
            self.out = out;
            pushed?;
        }
        self.check_output()
    }

    fn test(&mut self, test: &'t Test) -> Done<bool> {
        // Grouped from the right, so what is settled by its left side is settled as a whole.
        let mut is_met = self.comparison(&test.first)?;
        for (joint, comparison) in &test.rest {
            self.budget.step()?;
            match (joint, is_met) {
                (Joint::And, false) => return Ok(false),
                (Joint::Or, true) => return Ok(true),
                _ => is_met = self.comparison(comparison)?,
            }
        }
        Ok(is_met)
    }

    fn comparison(&mut self, it: &'t Comparison) -> Done<bool> {
        let Some((operator, right)) = &it.right else {
            return Ok(self.evaluate(&it.left)?.is_truthy());
        };
        let (weight, answer) = {
            let left = self.evaluate(&it.left)?;
            let right = self.evaluate(right)?;
            let weight = match operator {
                Operator::Contains => left.weight().saturating_add(right.weight()),
                _ => comparing_weight(&left, &right),
            };
            // Charged before the work where it is long, after it where it is a glance.
            if weight > self.budget.steps_left as usize * BYTES_PER_STEP {
                (weight, Ok(false))
            } else {
                (weight, compare(&left, *operator, &right))
            }
        };
        self.budget.work(weight)?;
        answer
    }

    fn filtered(&mut self, filtered: &'t Filtered) -> Done<Value> {
        let mut value = self.evaluate(&filtered.value)?.into_owned();
        for filter in &filtered.filters {
            self.budget.step()?;
            let mut arguments = Vec::with_capacity(filter.arguments.len());
            for argument in &filter.arguments {
                arguments.push(self.evaluate(argument)?.into_owned());
            }
            let mut named = Vec::with_capacity(filter.named.len());
            for (name, argument) in &filter.named {
                named.push((&**name, self.evaluate(argument)?.into_owned()));
            }
            value = filters::apply(filter.name, value, &arguments, &named, &mut self.budget)?;
        }
        Ok(value)
    }

    fn evaluate(&self, expression: &'t Expression) -> Done<Cow<'_, Value>> {
        match expression {
            Expression::Literal(value) => Ok(Cow::Borrowed(value)),
            Expression::Path(path) => self.path(path),
            Expression::Range(ends) => {
                let end = |it: &Value| match Number::of(it) {
                    Number::Int(number) => number,
                    Number::Float(number) => number as i64,
                };
                let from = end(&*self.evaluate(&ends.0)?);
                let to = end(&*self.evaluate(&ends.1)?);
                Ok(Cow::Owned(Value::Range(from, to)))
            }
        }
    }

    fn path(&self, path: &'t Path) -> Done<Cow<'_, Value>> {
        let mut value = match &path.root {
            Root::Name(name) => match self.variable(name) {
                Some(value) => Cow::Borrowed(value),
                None => match &**name {
                    "forloop" => return self.loop_state(&path.steps, self.frames.len(), false),
                    "tablerowloop" => return self.loop_state(&path.steps, self.frames.len(), true),
                    _ => return Ok(Cow::Owned(Value::Nil)),
                },
            },
            Root::Dynamic(name) => {
                let name = self.evaluate(name)?;
                let found = name.as_str().and_then(|it| self.variable(it));
                found.map_or(Cow::Owned(Value::Nil), Cow::Borrowed)
            }
        };
        for step in &path.steps {
            value = match value {
                Cow::Borrowed(value) => self.child(value, step)?,
                Cow::Owned(value) => Cow::Owned(self.child(&value, step)?.into_owned()),
            };
        }
        Ok(value)
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        let frame = self.frames.iter().rev().find(|it| &**it.name == name);
        if let Some(frame) = frame {
            return Some(&frame.item);
        }
        if let Some(value) = self.locals.get(name).or_else(|| self.counters.get(name)) {
            return Some(value);
        }
        match self.data {
            Value::Object(object) => object.get(name),
            _ => None,
        }
    }

    fn child<'v>(&'v self, value: &'v Value, step: &'t Step) -> Done<Cow<'v, Value>> {
        match step {
            Step::Dot(name) => Ok(property(value, name)),
            Step::Index(index) => {
                let index = self.evaluate(index)?;
                Ok(match (value, &*index) {
                    (Value::Array(items), Value::Int(index)) => item(items, *index),
                    (Value::Object(object), index) => {
                        let found = match index.as_str() {
                            Some(key) => object.get(key),
                            None => {
                                let mut key = String::new();
                                index.print(&mut key);
                                object.get(&key)
                            }
                        };
                        found.map_or(Cow::Owned(Value::Nil), Cow::Borrowed)
                    }
                    _ => Cow::Owned(Value::Nil),
                })
            }
        }
    }

    /// `forloop` or `tablerowloop` and what follows it, of the innermost such loop below `below`.
    fn loop_state(&self, steps: &'t [Step], below: usize, is_table: bool) -> Done<Cow<'_, Value>> {
        let nil = Ok(Cow::Owned(Value::Nil));
        let is_it = |it: &Frame<'_>| (it.columns > 0) == is_table;
        let Some(place) = self.frames[..below].iter().rposition(is_it) else { return nil };
        let frame = &self.frames[place];
        let (name, rest) = match steps {
            [] => return Ok(Cow::Owned(frame.as_value())),
            [Step::Dot(name), rest @ ..] => (name.to_string(), rest),
            [Step::Index(name), rest @ ..] => {
                let name = self.evaluate(name)?;
                (name.as_str().unwrap_or_default().to_owned(), rest)
            }
        };
        if name == "parentloop" && !is_table {
            return self.loop_state(rest, place, false);
        }
        match rest {
            [] => Ok(Cow::Owned(frame.property(&name))),
            _ => nil,
        }
    }
}

impl Frame<'_> {
    fn property(&self, name: &str) -> Value {
        let int = |it: usize| Value::Int(i64::try_from(it).unwrap_or(i64::MAX));
        let (index, len, columns) = (self.index, self.len, self.columns);
        match name {
            "index" => int(index + 1),
            "index0" => int(index),
            "rindex" => int(len - index),
            "rindex0" => int(len - index - 1),
            "first" => Value::Bool(index == 0),
            "last" => Value::Bool(index + 1 == len),
            "length" => int(len),
            "name" if columns == 0 => Value::Str(self.label.clone()),
            "row" if columns > 0 => int(index / columns + 1),
            "col" if columns > 0 => int(index % columns + 1),
            "col0" if columns > 0 => int(index % columns),
            "col_first" if columns > 0 => Value::Bool(index % columns == 0),
            "col_last" if columns > 0 => {
                Value::Bool(index % columns + 1 == columns || index + 1 == len)
            }
            _ => Value::Nil,
        }
    }

    fn as_value(&self) -> Value {
        let names = ["name", "length", "index", "index0", "rindex", "rindex0", "first", "last"];
        Value::object(names.map(|it| (it, self.property(it))))
    }
}

enum Source {
    Array(Arc<[Value]>),
    Range(i64, i64),
}

impl Source {
    fn len(&self) -> usize {
        match self {
            Self::Array(items) => items.len(),
            Self::Range(from, to) => range_len(*from, *to),
        }
    }
}

/// The items of a loop that it runs over.
struct Items {
    all: Source,
    start: usize,
    end: usize,
    is_reversed: bool,
}

impl Items {
    fn len(&self) -> usize {
        self.end - self.start
    }

    fn get(&self, index: usize) -> Value {
        let place = if self.is_reversed { self.end - 1 - index } else { self.start + index };
        match &self.all {
            Source::Array(items) => items[place].clone(),
            Source::Range(from, _) => Value::Int(from.wrapping_add_unsigned(place as u64)),
        }
    }
}

/// An object as an array of keys and values.
pub(crate) fn pairs(value: &Value) -> Arc<[Value]> {
    let Value::Object(object) = value else { return Arc::new([]) };
    let pair = |(key, value): (&Arc<str>, &Value)| {
        Value::Array(Arc::new([Value::Str(key.clone()), value.clone()]))
    };
    object.iter().map(pair).collect()
}

fn item(items: &[Value], index: i64) -> Cow<'_, Value> {
    let place = match usize::try_from(index) {
        Ok(place) => Some(place),
        Err(_) => {
            let back = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
            items.len().checked_sub(back)
        }
    };
    place.and_then(|it| items.get(it)).map_or(Cow::Owned(Value::Nil), Cow::Borrowed)
}

/// `value.name`. `first`, `last` and `size` are of every value that has parts.
pub(crate) fn property<'v>(value: &'v Value, name: &str) -> Cow<'v, Value> {
    let int = |it: usize| Cow::Owned(Value::Int(i64::try_from(it).unwrap_or(i64::MAX)));
    let nil = Cow::Owned(Value::Nil);
    match (value, name) {
        (Value::Object(object), _) => match (object.get(name), name) {
            (Some(value), _) => Cow::Borrowed(value),
            (None, "size") => int(object.len()),
            (None, "first") => pairs(value).first().cloned().map_or(nil, Cow::Owned),
            _ => nil,
        },
        (Value::Array(items), "first") => item(items, 0),
        (Value::Array(items), "last") => item(items, -1),
        (Value::Array(items), "size") => int(items.len()),
        (Value::Range(from, to), "first") if from <= to => Cow::Owned(Value::Int(*from)),
        (Value::Range(from, to), "last") if from <= to => Cow::Owned(Value::Int(*to)),
        (Value::Range(from, to), "size") => int(range_len(*from, *to)),
        _ => match (value.as_str(), name) {
            (Some(text), "size") => int(text.chars().count()),
            _ => nil,
        },
    }
}

fn comparing_weight(left: &Value, right: &Value) -> usize {
    let has_parts = |it: &Value| matches!(it, Value::Array(_) | Value::Object(_));
    match (has_parts(left) && has_parts(right), left.as_str(), right.as_str()) {
        (true, ..) => left.weight(),
        (_, Some(left), Some(right)) => left.len().min(right.len()),
        _ => 0,
    }
}

fn compare(left: &Value, operator: Operator, right: &Value) -> Done<bool> {
    let ordering = match operator {
        Operator::Equal => return Ok(left == right),
        Operator::NotEqual => return Ok(left != right),
        Operator::Contains => return Ok(contains(left, right)),
        _ => match (left, right) {
            (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
            (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
                Number::of(left).as_f64().partial_cmp(&Number::of(right).as_f64())
            }
            _ => match (left.as_str(), right.as_str()) {
                (Some(a), Some(b)) => Some(a.cmp(b)),
                (Some(_), None) if is_number(right) => return Err(cannot_compare()),
                (None, Some(_)) if is_number(left) => return Err(cannot_compare()),
                _ => None,
            },
        },
    };
    Ok(ordering.is_some_and(|it| match operator {
        Operator::Less => it.is_lt(),
        Operator::LessOrEqual => it.is_le(),
        Operator::Greater => it.is_gt(),
        _ => it.is_ge(),
    }))
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_))
}

fn cannot_compare() -> Trouble {
    Trouble::wrong("a text is compared with a number", "make it a number with `plus: 0`")
}

fn contains(left: &Value, right: &Value) -> bool {
    if !right.is_truthy() {
        return false;
    }
    match left {
        Value::Array(items) => items.iter().any(|it| it == right),
        Value::Object(object) => right.as_str().is_some_and(|it| object.get(it).is_some()),
        _ => left.as_str().is_some_and(|text| {
            let mut part = String::new();
            right.print(&mut part);
            text.contains(&part)
        }),
    }
}
