//! The first sentence of a description, as plain text.
//!
//! Descriptions are HTML of whatever editor; only enough of it is understood to leave no markup in a
//! line of an email, where it is escaped once more.

/// The longest summary.
pub const SUMMARY_CHARS_MAX: usize = 200;

/// How much of a description is read. The first sentence stands at its beginning.
const HTML_BYTES_MAX: usize = 20_000;

/// Elements whose text is nothing a reader sees.
const UNSEEN: [&str; 4] = ["script", "style", "template", "noscript"];

/// The first sentence of `html`, at most [`SUMMARY_CHARS_MAX`] characters long; `None` if it says
/// nothing.
pub fn summary(html: &str) -> Option<String> {
    let text = plain(html);
    let sentence = first_sentence(&text);
    if sentence.is_empty() { None } else { Some(shortened(sentence)) }
}

/// The text of `html` on one line.
fn plain(html: &str) -> String {
    let mut end = html.len().min(HTML_BYTES_MAX);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    let mut rest = &html[..end];
    let mut text = String::new();
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("<!--") {
            rest = rest.split_once("-->").map_or("", |it| it.1);
            continue;
        }
        if !rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
            // "3 < 4" is no tag.
            text.push('<');
            rest = &rest[1..];
            continue;
        }
        let Some((tag, after)) = rest.split_once('>') else {
            rest = "";
            break;
        };
        rest = after;
        let name = tag[1..].split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if UNSEEN.iter().any(|it| name.eq_ignore_ascii_case(it)) {
            let close = format!("</{}", name.to_ascii_lowercase());
            let at = rest.to_ascii_lowercase().find(&close);
            rest = at.map_or("", |at| &rest[at..]);
        }
        if !is_inline(tag) {
            text.push(' ');
        }
    }
    text.push_str(rest);
    html_escape::decode_html_entities(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a tag stands within a word or a line rather than between two.
fn is_inline(tag: &str) -> bool {
    let name = tag.trim_start_matches(['<', '/']);
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let inline = ["a", "abbr", "b", "em", "font", "i", "mark", "s", "small", "span", "strong", "u"];
    inline.iter().any(|it| name.eq_ignore_ascii_case(it))
}

/// Up to and with the first full stop, exclamation or question mark that a blank or the end follows.
fn first_sentence(text: &str) -> &str {
    let mut before = None;
    for (at, c) in text.char_indices() {
        if c == ' ' && matches!(before, Some('.' | '!' | '?')) {
            return text[..at].trim();
        }
        before = Some(c);
    }
    text.trim()
}

/// Cut at the end of a word, with a mark that there was more.
fn shortened(text: &str) -> String {
    if text.chars().count() <= SUMMARY_CHARS_MAX {
        return text.to_owned();
    }
    let head: String = text.chars().take(SUMMARY_CHARS_MAX - 1).collect();
    let cut = head.rfind(' ').filter(|at| head.len() / 2 < *at).unwrap_or(head.len());
    format!("{}…", head[..cut].trim_end_matches([' ', ',', ';', ':']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(html: &str) -> String {
        summary(html).unwrap_or_default()
    }

    #[test]
    fn the_first_sentence_is_told_without_markup() {
        assert_eq!(of("<p>Slow, even pour. Made in Porto.</p>"), "Slow, even pour.");
        assert_eq!(of("An example T-Shirt"), "An example T-Shirt", "no markup at all");
        assert_eq!(of("<h6>Care</h6><p>Wash <b>by</b> hand</p>"), "Care Wash by hand");
        assert_eq!(of("un<b>believ</b>able"), "unbelievable", "a tag within a word");
        assert_eq!(of("Caf&eacute; &amp; bar&nbsp;&#8212; 3 &lt; 4"), "Café & bar — 3 < 4");
        assert_eq!(of("3 < 4 &unknown; & so on"), "3 < 4 &unknown; & so on", "no tag, no name");
        assert_eq!(of("<style>p{}</style><script>x('<p>')</script>Seen"), "Seen");
        assert_eq!(of("<!-- Hidden. --><p>Seen.</p>"), "Seen.");
        assert_eq!(of("Only 2.5 kg!"), "Only 2.5 kg!", "a point within a number ends nothing");
    }

    #[test]
    fn what_says_nothing_is_no_summary() {
        for html in ["", "<p>&nbsp;</p>", "<p", "<script>all of it"] {
            assert_eq!(summary(html), None, "{html}");
        }
    }

    #[test]
    fn a_long_sentence_ends_with_a_word() {
        let long = of(&"word ".repeat(100));
        assert!(long.chars().count() <= SUMMARY_CHARS_MAX && long.ends_with("word…"), "{long}");
        assert_eq!(of(&"x".repeat(500)).chars().count(), SUMMARY_CHARS_MAX);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(html in "[<>&;/!a-c é.-]{0,60}") {
            if let Some(text) = summary(&html) {
                prop_assert!(!text.is_empty() && text.chars().count() <= SUMMARY_CHARS_MAX);
            }
        }
    }
}
