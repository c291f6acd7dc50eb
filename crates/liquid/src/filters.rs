//! The filters, one function for each family.
//!
//! What works through text or items is charged for before the work, and what is built before it is
//! built: a filter that doubles its input, in a row, is stopped by its size and not by memory.

use std::{cmp::Ordering, collections::BTreeSet, ops::RangeInclusive, sync::Arc};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};

use crate::{
    Escape, Value,
    arithmetic::Number,
    date,
    render::{Budget, Trouble, pairs, property},
    text,
};

macro_rules! filters {
    ($($variant:ident $name:literal $least:literal $most:literal,)*) => {
        /// A filter that exists.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum FilterName { $($variant,)* }

        impl FilterName {
            pub fn from_text(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How many arguments without a name it takes.
            pub fn arguments(self) -> RangeInclusive<usize> {
                match self { $(Self::$variant => $least..=$most,)* }
            }
        }
    };
}

filters! {
    Abs "abs" 0 0,
    Append "append" 1 1,
    AtLeast "at_least" 1 1,
    AtMost "at_most" 1 1,
    Base64Decode "base64_decode" 0 0,
    Base64Encode "base64_encode" 0 0,
    Base64UrlSafeDecode "base64_url_safe_decode" 0 0,
    Base64UrlSafeEncode "base64_url_safe_encode" 0 0,
    Capitalize "capitalize" 0 0,
    Ceil "ceil" 0 0,
    Compact "compact" 0 1,
    Concat "concat" 1 1,
    Date "date" 1 1,
    Default "default" 0 1,
    DividedBy "divided_by" 1 1,
    Downcase "downcase" 0 0,
    Escape "escape" 0 0,
    EscapeOnce "escape_once" 0 0,
    Find "find" 1 2,
    FindIndex "find_index" 1 2,
    First "first" 0 0,
    Floor "floor" 0 0,
    H "h" 0 0,
    Has "has" 1 2,
    Join "join" 0 1,
    Last "last" 0 0,
    Lstrip "lstrip" 0 0,
    Map "map" 1 1,
    Minus "minus" 1 1,
    Modulo "modulo" 1 1,
    NewlineToBr "newline_to_br" 0 0,
    Plus "plus" 1 1,
    Prepend "prepend" 1 1,
    Raw "raw" 0 0,
    Reject "reject" 1 2,
    Remove "remove" 1 1,
    RemoveFirst "remove_first" 1 1,
    RemoveLast "remove_last" 1 1,
    Replace "replace" 1 2,
    ReplaceFirst "replace_first" 1 2,
    ReplaceLast "replace_last" 2 2,
    Reverse "reverse" 0 0,
    Round "round" 0 1,
    Rstrip "rstrip" 0 0,
    Safe "safe" 0 0,
    Size "size" 0 0,
    Slice "slice" 1 2,
    Sort "sort" 0 1,
    SortNatural "sort_natural" 0 1,
    Split "split" 1 1,
    Strip "strip" 0 0,
    StripHtml "strip_html" 0 0,
    StripNewlines "strip_newlines" 0 0,
    Sum "sum" 0 1,
    Times "times" 1 1,
    Truncate "truncate" 0 2,
    Truncatewords "truncatewords" 0 2,
    Uniq "uniq" 0 1,
    Upcase "upcase" 0 0,
    UrlDecode "url_decode" 0 0,
    UrlEncode "url_encode" 0 0,
    Where "where" 1 2,
}

type Done<T> = Result<T, Trouble>;

/// Each mark of a pattern may be widened to hundreds of characters, so its length is bounded first.
const DATE_PATTERN_BYTES_MAX: usize = 256;

/// Runs a filter. The number of `arguments` was checked when the template was read.
pub(crate) fn apply(
    name: FilterName,
    input: Value,
    arguments: &[Value],
    named: &[(&str, Value)],
    budget: &mut Budget,
) -> Done<Value> {
    use FilterName as F;
    let argument = |index: usize| arguments.get(index).unwrap_or(&Value::Nil);
    let number = |index: usize| Number::of(argument(index));
    let it = Number::of(&input);
    Ok(match name {
        F::Abs => it.abs().into(),
        F::Plus => it.plus(number(0)).into(),
        F::Minus => it.minus(number(0)).into(),
        F::Times => it.times(number(0)).into(),
        F::DividedBy | F::Modulo => {
            if number(0).is_zero() {
                let problem = format!("`{}` divides by zero", name.text());
                return Err(Trouble::wrong(problem, "ask before whether it is zero"));
            }
            let is_division = name == F::DividedBy;
            if is_division { it.divided_by(number(0)) } else { it.modulo(number(0)) }.into()
        }
        F::AtLeast => if it.as_f64() < number(0).as_f64() { number(0) } else { it }.into(),
        F::AtMost => if it.as_f64() > number(0).as_f64() { number(0) } else { it }.into(),
        F::Ceil => it.ceil().into(),
        F::Floor => it.floor().into(),
        F::Round => {
            let digits = match number(0) {
                Number::Int(digits) => digits,
                Number::Float(digits) => digits as i64,
            };
            it.round(digits).into()
        }
        F::Default => default(input, argument(0), named),
        F::Size => match &input {
            // Not `input.size`, which a property of that name would answer.
            Value::Object(object) => Value::Int(object.len() as i64),
            _ => match property(&input, "size").into_owned() {
                Value::Nil => Value::Int(0),
                size => size,
            },
        },
        F::First | F::Last => property_of_array(&input, name.text()),
        F::Date => {
            let pattern = text_of(argument(0), budget)?;
            if pattern.len() > DATE_PATTERN_BYTES_MAX {
                let problem = "the pattern of `date` is too long";
                let remedy = format!("shorten it to {DATE_PATTERN_BYTES_MAX} bytes");
                return Err(Trouble::wrong(problem, remedy));
            }
            let written = match pattern.is_empty() {
                true => None,
                false => date::formatted(&input, &pattern),
            };
            budget.build(written.as_ref().map_or(0, String::len))?;
            written.map_or(input, Value::from)
        }
        F::Raw | F::Safe => Value::Markup(shared_text(&input, budget)?),
        F::Base64Decode | F::Base64UrlSafeDecode => base64_decoded(name, &input, budget)?,
        F::Join
        | F::Concat
        | F::Compact
        | F::Map
        | F::Reverse
        | F::Sort
        | F::SortNatural
        | F::Uniq
        | F::Sum
        | F::Where
        | F::Reject
        | F::Find
        | F::FindIndex
        | F::Has => of_array(name, input, arguments, budget)?,
        F::Slice => slice(&input, arguments, budget)?,
        _ => of_text(name, &input, arguments, budget)?,
    })
}

fn default(input: Value, other: &Value, named: &[(&str, Value)]) -> Value {
    let allows_false = named.iter().any(|(name, it)| *name == "allow_false" && it.is_truthy());
    let is_missing = match input {
        Value::Bool(false) => !allows_false,
        Value::Nil => true,
        _ => input.is_empty(),
    };
    if is_missing { other.clone() } else { input }
}

fn property_of_array(input: &Value, name: &str) -> Value {
    match input {
        Value::Array(_) | Value::Range(..) => property(input, name).into_owned(),
        Value::Object(_) if name == "first" => pairs(input).first().cloned().unwrap_or(Value::Nil),
        _ => Value::Nil,
    }
}

/// The value as it prints, charged for.
fn text_of(value: &Value, budget: &mut Budget) -> Done<String> {
    budget.work(if matches!(value, Value::Range(..)) { 0 } else { value.weight() })?;
    let mut out = String::new();
    value.print(&mut out);
    Ok(out)
}

fn shared_text(value: &Value, budget: &mut Budget) -> Done<Arc<str>> {
    match value {
        Value::Str(text) | Value::Markup(text) => Ok(text.clone()),
        _ => Ok(text_of(value, budget)?.into()),
    }
}

/// A whole number, as the filters want it that count.
fn whole(value: &Value, filter: FilterName) -> Done<i64> {
    let number = match value {
        Value::Int(number) => Some(*number),
        _ => value.as_str().and_then(|it| it.trim().parse().ok()),
    };
    number.ok_or_else(|| {
        let problem = format!("`{}` is not given a whole number", filter.text());
        Trouble::wrong(problem, "give it one")
    })
}

fn of_text(
    name: FilterName,
    input: &Value,
    arguments: &[Value],
    budget: &mut Budget,
) -> Done<Value> {
    use FilterName as F;
    let it = shared_text(input, budget)?;
    let argument = |index: usize| arguments.get(index).unwrap_or(&Value::Nil);
    let is_html = budget.escape == Escape::Html;
    // Whatever is made below is at most about so long; what can grow is checked on its own.
    budget.build(it.len())?;
    let markup = |text: String| match is_html {
        true => Value::Markup(text.into()),
        false => Value::from(text),
    };
    Ok(match name {
        F::Upcase => Value::from(it.to_uppercase()),
        F::Downcase => Value::from(it.to_lowercase()),
        F::Capitalize => Value::from(text::capitalized(&it)),
        F::Strip => Value::from(it.trim()),
        F::Lstrip => Value::from(it.trim_start()),
        F::Rstrip => Value::from(it.trim_end()),
        F::StripNewlines => Value::from(it.replace("\r\n", "").replace(['\n', '\r'], "")),
        F::StripHtml => Value::from(text::without_html(&it)),
        F::Escape | F::H => {
            budget.build(it.len().saturating_mul(5))?;
            markup(text::escaped(&it))
        }
        F::EscapeOnce => {
            budget.build(it.len().saturating_mul(5))?;
            markup(text::escaped_once(&it))
        }
        F::NewlineToBr => {
            budget.build(it.len().saturating_mul(6))?;
            let is_markup = !is_html || matches!(input, Value::Markup(_));
            let safe = if is_markup { it.to_string() } else { text::escaped(&it) };
            markup(safe.replace("\r\n", "\n").replace('\n', "<br />\n"))
        }
        F::UrlEncode => {
            budget.build(it.len().saturating_mul(3))?;
            Value::from(text::url_encoded(&it))
        }
        F::UrlDecode => match text::url_decoded(&it) {
            Some(text) => Value::from(text),
            None => return Err(Trouble::wrong("`url_decode` gives no text", "leave it out")),
        },
        F::Base64Encode => {
            budget.build(it.len().saturating_mul(2))?;
            Value::from(STANDARD.encode(&*it))
        }
        F::Base64UrlSafeEncode => {
            budget.build(it.len().saturating_mul(2))?;
            Value::from(URL_SAFE.encode(&*it))
        }
        F::Append | F::Prepend => {
            let other = shared_text(argument(0), budget)?;
            budget.build(other.len())?;
            let (a, b) = if name == F::Append { (&it, &other) } else { (&other, &it) };
            Value::from([&**a, &**b].concat())
        }
        F::Remove | F::RemoveFirst | F::RemoveLast => {
            let what = shared_text(argument(0), budget)?;
            Value::from(replaced(name, &it, &what, "", budget)?)
        }
        F::Replace | F::ReplaceFirst | F::ReplaceLast => {
            let what = shared_text(argument(0), budget)?;
            let by = shared_text(argument(1), budget)?;
            Value::from(replaced(name, &it, &what, &by, budget)?)
        }
        F::Truncate => {
            let length = match arguments.first() {
                Some(length) => whole(length, name)?,
                None => 50,
            };
            let end = match arguments.get(1) {
                Some(end) => shared_text(end, budget)?,
                None => "...".into(),
            };
            budget.build(end.len())?;
            Value::from(text::truncated(&it, usize::try_from(length).unwrap_or(0), &end))
        }
        F::Truncatewords => {
            let count = match arguments.first() {
                Some(count) => whole(count, name)?,
                None => 15,
            };
            let end = match arguments.get(1) {
                Some(end) => shared_text(end, budget)?,
                None => "...".into(),
            };
            budget.build(end.len())?;
            Value::from(text::truncated_words(&it, usize::try_from(count).unwrap_or(0), &end))
        }
        F::Split => split(&it, &shared_text(argument(0), budget)?, budget)?,
        _ => unreachable!("`apply` sends the others elsewhere"),
    })
}

fn replaced(name: FilterName, it: &str, what: &str, by: &str, budget: &mut Budget) -> Done<String> {
    use FilterName as F;
    let is_all = matches!(name, F::Replace | F::Remove);
    let times = if is_all { it.matches(what).count() } else { 1 };
    budget.build(by.len().saturating_mul(times))?;
    let place = match name {
        F::ReplaceLast | F::RemoveLast => it.rfind(what),
        F::ReplaceFirst | F::RemoveFirst => it.find(what),
        _ => return Ok(it.replace(what, by)),
    };
    Ok(match place {
        Some(at) => [&it[..at], by, &it[at + what.len()..]].concat(),
        None => it.to_owned(),
    })
}

fn split(it: &str, mark: &str, budget: &mut Budget) -> Done<Value> {
    let parts: Vec<&str> = match mark {
        // As many pieces as characters: charged before they are gathered.
        "" => {
            budget.build(it.len().saturating_mul(16))?;
            it.split("").filter(|part| !part.is_empty()).collect()
        }
        " " => it.split_ascii_whitespace().collect(),
        _ => it.split(mark).collect(),
    };
    budget.build(parts.len().saturating_mul(16))?;
    let len = parts.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
    Ok(Value::array(parts[..len].iter().map(|&part| Value::from(part))))
}

fn base64_decoded(name: FilterName, input: &Value, budget: &mut Budget) -> Done<Value> {
    let wrong = || {
        let problem = format!("`{}` is not given Base64 of a text", name.text());
        Trouble::wrong(problem, "leave it out or correct what it is given")
    };
    if matches!(input, Value::Nil) {
        return Ok(Value::from(""));
    }
    let text = input.as_str().ok_or_else(wrong)?;
    budget.build(text.len())?;
    let engine = if name == FilterName::Base64Decode { STANDARD } else { URL_SAFE };
    let bytes = engine.decode(text).map_err(|_| wrong())?;
    String::from_utf8(bytes).map(Value::from).map_err(|_| wrong())
}

fn slice(input: &Value, arguments: &[Value], budget: &mut Budget) -> Done<Value> {
    let start = whole(&arguments[0], FilterName::Slice)?;
    let count = match arguments.get(1) {
        None | Some(Value::Nil) => 1,
        Some(count) => whole(count, FilterName::Slice)?,
    };
    let Ok(count) = usize::try_from(count) else { return Ok(Value::from("")) };
    let range = |len: usize| {
        let start = match usize::try_from(start) {
            Ok(start) => start,
            Err(_) => {
                let back = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
                len.checked_sub(back)?
            }
        };
        (start <= len).then(|| start..start.saturating_add(count).min(len))
    };
    if let Value::Array(items) = input {
        let part = range(items.len()).map_or(&[][..], |it| &items[it]);
        budget.build(part.len().saturating_mul(16))?;
        return Ok(Value::array(part.iter().cloned()));
    }
    let text = shared_text(input, budget)?;
    budget.build(text.len())?;
    let part = range(text.chars().count());
    Ok(Value::from(part.map_or_else(String::new, |it| {
        text.chars().skip(it.start).take(it.end - it.start).collect()
    })))
}

/// The input as a flat array: nothing of nil, one item of what is no array.
fn items_of(input: &Value, budget: &mut Budget) -> Done<Vec<Value>> {
    fn flatten(value: &Value, items: &mut Vec<Value>) {
        match value {
            Value::Array(inner) => inner.iter().for_each(|it| flatten(it, items)),
            _ => items.push(value.clone()),
        }
    }
    budget.build(match input {
        Value::Str(_) | Value::Markup(_) => 16,
        _ => input.weight(),
    })?;
    let mut items = Vec::new();
    match input {
        Value::Nil | Value::Empty | Value::Blank => {}
        Value::Range(from, to) => items.extend((*from..=*to).map(Value::Int)),
        _ => flatten(input, &mut items),
    }
    Ok(items)
}

fn of_array(
    name: FilterName,
    input: Value,
    arguments: &[Value],
    budget: &mut Budget,
) -> Done<Value> {
    use FilterName as F;
    let mut items = items_of(&input, budget)?;
    let key = match arguments.first() {
        None | Some(Value::Nil) => None,
        Some(key) => Some(shared_text(key, budget)?),
    };
    Ok(match name {
        F::Join => {
            let between = if arguments.is_empty() { " ".into() } else { key.unwrap_or("".into()) };
            let mut out = String::new();
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    budget.build(between.len())?;
                    out.push_str(&between);
                }
                item.print(&mut out);
            }
            Value::from(out)
        }
        F::Concat => {
            if !matches!(arguments[0], Value::Array(_) | Value::Range(..)) {
                return Err(Trouble::wrong("`concat` is not given an array", "give it one"));
            }
            items.extend(items_of(&arguments[0], budget)?);
            Value::array(items)
        }
        F::Compact => {
            let is_kept = |it: &Value| match &key {
                Some(key) => !matches!(*property(it, key), Value::Nil),
                None => !matches!(it, Value::Nil),
            };
            items.retain(is_kept);
            Value::array(items)
        }
        F::Map => Value::array(mapped(items, key.as_deref())?),
        F::Reverse => {
            items.reverse();
            Value::array(items)
        }
        F::Sort | F::SortNatural => sorted(name, items, key.as_deref(), budget)?,
        F::Uniq => {
            let mut seen = BTreeSet::new();
            items.retain(|it| {
                let value = key.as_deref().map_or(it.clone(), |key| property(it, key).into_owned());
                seen.insert(identity(&value))
            });
            Value::array(items)
        }
        F::Sum => sum(&items, key.as_deref())?,
        _ => picked(name, items, arguments)?,
    })
}

fn mapped(items: Vec<Value>, key: Option<&str>) -> Done<Vec<Value>> {
    items
        .iter()
        .map(|it| match (it, key) {
            (Value::Object(_), Some(key)) => Ok(property(it, key).into_owned()),
            (Value::Object(_), None) => Ok(Value::Nil),
            _ => Err(Trouble::wrong("`map` meets an item without properties", "map objects only")),
        })
        .collect()
}

/// A text that two equal values share and others do not.
fn identity(value: &Value) -> String {
    let mut text = String::new();
    text.push(match value {
        Value::Str(_) | Value::Markup(_) => 's',
        Value::Array(_) => 'a',
        Value::Object(_) => 'o',
        Value::Nil | Value::Empty | Value::Blank => 'n',
        _ => 'v',
    });
    value.print(&mut text);
    text
}

fn sorted(
    name: FilterName,
    items: Vec<Value>,
    key: Option<&str>,
    budget: &mut Budget,
) -> Done<Value> {
    let is_natural = name == FilterName::SortNatural;
    let mut keyed: Vec<(Value, Value)> = Vec::with_capacity(items.len());
    for item in items {
        let by = key.map_or_else(|| item.clone(), |key| property(&item, key).into_owned());
        let by = match by {
            Value::Nil => Value::Nil,
            by if is_natural => Value::from(text_of(&by, budget)?.to_lowercase()),
            by => by,
        };
        keyed.push((by, item));
    }
    // Only what can be compared with the first can be compared with each other.
    let rank = |it: &Value| match it {
        Value::Nil => Some(0),
        Value::Int(_) | Value::Float(_) => Some(1),
        _ => it.as_str().map(|_| 2),
    };
    let mut ranks = keyed.iter().map(|(by, _)| rank(by)).filter(|it| *it != Some(0));
    if let Some(first) = ranks.next()
        && (first.is_none() && keyed.len() > 1 || ranks.any(|it| it != first))
    {
        let problem = "`sort` meets items that cannot be compared";
        return Err(Trouble::wrong(problem, "sort texts or numbers, or name a property"));
    }
    keyed.sort_by(|(a, _), (b, _)| match (a, b) {
        (Value::Nil, Value::Nil) => Ordering::Equal,
        (Value::Nil, _) => Ordering::Greater,
        (_, Value::Nil) => Ordering::Less,
        _ => match (a.as_str(), b.as_str()) {
            (Some(a), Some(b)) => a.cmp(b),
            _ => Number::of(a).as_f64().total_cmp(&Number::of(b).as_f64()),
        },
    });
    Ok(Value::array(keyed.into_iter().map(|(_, item)| item)))
}

fn sum(items: &[Value], key: Option<&str>) -> Done<Value> {
    let mut sum = Number::Int(0);
    for item in items {
        let value = match (key, item) {
            (None, _) => Number::of(item),
            (Some(key), Value::Object(_)) => Number::of(&property(item, key)),
            (Some(_), Value::Nil) => Number::Int(0),
            (Some(_), _) => {
                let problem = "`sum` meets an item without properties";
                return Err(Trouble::wrong(problem, "leave the property out"));
            }
        };
        sum = sum.plus(value);
    }
    Ok(sum.into())
}

/// The filters that ask each item for a property, true or equal to a value.
fn picked(name: FilterName, items: Vec<Value>, arguments: &[Value]) -> Done<Value> {
    use FilterName as F;
    let (key, wanted) = (&arguments[0], arguments.get(1).filter(|it| !matches!(it, Value::Nil)));
    let mut kept = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        // Of what has no properties at all Liquid asks nothing more.
        let Some(found) = asked(&item, key, name)? else { return Ok(Value::Nil) };
        let is_it = wanted.map_or(found.is_truthy(), |wanted| found == *wanted);
        match name {
            F::Find if is_it => return Ok(item),
            F::FindIndex if is_it => return Ok(Value::Int(index as i64)),
            F::Has if is_it => return Ok(Value::Bool(true)),
            F::Where if is_it => kept.push(item),
            F::Reject if !is_it => kept.push(item),
            _ => {}
        }
    }
    Ok(match name {
        F::Where | F::Reject => Value::array(kept),
        F::Has => Value::Bool(false),
        _ => Value::Nil,
    })
}

/// `item[key]`: of a text, the key itself if it is part of it; `None` if it cannot be asked.
fn asked(item: &Value, key: &Value, filter: FilterName) -> Done<Option<Value>> {
    let nothing_or = |value: Option<Value>| Some(value.unwrap_or(Value::Nil));
    Ok(match (item, key) {
        (Value::Object(object), _) => {
            nothing_or(key.as_str().and_then(|it| object.get(it)).cloned())
        }
        (Value::Int(item), Value::Int(key)) => {
            // A bit of the number, as in Ruby; 0 and 1 are both true.
            Some(Value::Int(item.checked_shr(u32::try_from(*key).unwrap_or(0)).unwrap_or(0) & 1))
        }
        (Value::Int(_) | Value::Float(_), Value::Str(_) | Value::Markup(_)) => {
            let problem = format!("`{}` meets a number without properties", filter.text());
            return Err(Trouble::wrong(problem, "give it objects"));
        }
        _ => match (item.as_str(), key.as_str()) {
            (Some(text), Some(part)) => nothing_or(text.contains(part).then(|| Value::from(part))),
            _ => None,
        },
    })
}
