//! What filters do to text: escaping, stripping, cutting.

/// Appends `text` with what HTML reads as markup escaped.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        out.push_str(escaped);
        plain = at + 1;
    }
    out.push_str(&text[plain..]);
}

pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    push_escaped(&mut out, text);
    out
}

/// Escapes what is not escaped already.
pub(crate) fn escaped_once(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        push_escaped(&mut out, &rest[..at]);
        let len = entity_len(&rest[at..]);
        match len {
            0 => out.push_str("&amp;"),
            _ => out.push_str(&rest[at..at + len]),
        }
        rest = &rest[at + len.max(1)..];
    }
    push_escaped(&mut out, rest);
    out
}

/// How long the entity is that begins here, such as `&amp;` or `&#39;`; 0 if none does.
fn entity_len(text: &str) -> usize {
    /// The longest name in HTML, `CounterClockwiseContourIntegral`, has 31 letters.
    const NAME_MAX: usize = 31;
    let body = &text.as_bytes()[1..];
    let (prefix, is_inside): (usize, fn(&u8) -> bool) = match body {
        [b'#', b'x' | b'X', ..] => (2, u8::is_ascii_hexdigit),
        [b'#', ..] => (1, u8::is_ascii_digit),
        _ => (0, u8::is_ascii_alphanumeric),
    };
    let name = body[prefix..].iter().take(NAME_MAX + 1).take_while(|it| is_inside(it)).count();
    let is_whole = (1..=NAME_MAX).contains(&name) && body.get(prefix + name) == Some(&b';');
    if is_whole { 1 + prefix + name + 1 } else { 0 }
}

/// Takes out tags, comments, scripts and styles. It makes no text safe; escaping does.
pub(crate) fn without_html(text: &str) -> String {
    const WHOLE: [(&str, &str); 3] =
        [("<script", "</script>"), ("<style", "</style>"), ("<!--", "-->")];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Once a closing mark is missing from the rest it is missing for good; remembering that keeps
    // a text of a hundred thousand `<script` linear.
    let mut is_missing = [false; 4];
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let mut end = None;
        for (index, (open, close)) in WHOLE.iter().enumerate() {
            let is_open = rest.get(..open.len()).is_some_and(|it| it.eq_ignore_ascii_case(open));
            if is_open && !is_missing[index] {
                end = find_ignoring_case(rest, close).map(|at| at + close.len());
                is_missing[index] = end.is_none();
            }
            if end.is_some() {
                break;
            }
        }
        if end.is_none() && !is_missing[3] {
            end = rest.find('>').map(|at| at + 1);
            is_missing[3] = end.is_none();
        }
        match end {
            Some(end) => rest = &rest[end..],
            None => {
                out.push('<');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn find_ignoring_case(text: &str, what: &str) -> Option<usize> {
    text.as_bytes().windows(what.len()).position(|it| it.eq_ignore_ascii_case(what.as_bytes()))
}

pub(crate) fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect(),
        None => String::new(),
    }
}

/// The text if it has at most `len_max` characters, else its beginning and `end` in so many.
pub(crate) fn truncated(text: &str, len_max: usize, end: &str) -> String {
    if text.chars().nth(len_max).is_none() {
        return text.to_owned();
    }
    let kept = len_max.saturating_sub(end.chars().count());
    text.chars().take(kept).chain(end.chars()).collect()
}

/// The text if it has at most `words_max` words, else so many and `end`.
pub(crate) fn truncated_words(text: &str, words_max: usize, end: &str) -> String {
    let words_max = words_max.max(1);
    let mut words = text.split_whitespace();
    let kept: Vec<&str> = words.by_ref().take(words_max).collect();
    match words.next() {
        None => text.to_owned(),
        Some(_) => kept.join(" ") + end,
    }
}

pub(crate) fn url_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                for digit in [byte >> 4, byte & 15] {
                    let digit = char::from_digit(digit.into(), 16).expect("four bits");
                    out.push(digit.to_ascii_uppercase());
                }
            }
        }
    }
    out
}

/// `None` if what comes out is no text.
pub(crate) fn url_decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (b'+', ..) => {
                out.push(b' ');
                at += 1;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_again_changes_only_what_was_not_escaped() {
        assert_eq!(escaped_once("1 < 2 &amp; 3"), "1 &lt; 2 &amp; 3");
        assert_eq!(escaped_once("a & b; &#39;&#x27;&nope"), "a &amp; b; &#39;&#x27;&amp;nope");
        assert_eq!(escaped_once("&"), "&amp;", "the mark alone");
    }

    #[test]
    fn what_never_closes_is_text() {
        assert_eq!(without_html("a <b>b</b> < c"), "a b < c");
        assert_eq!(without_html("<SCRIPT>x</Script>y<!-- z"), "y<!-- z");
        assert_eq!(without_html(&"<script".repeat(50_000)).len(), 350_000, "in linear time");
    }

    #[test]
    fn addresses_survive_encoding() {
        assert_eq!(url_decoded(&url_encoded("a b&c=ü/%")).as_deref(), Some("a b&c=ü/%"));
        assert_eq!(url_decoded("100%"), Some("100%".to_owned()), "a lone mark");
        assert_eq!(url_decoded("%ff"), None, "no text");
    }
}
