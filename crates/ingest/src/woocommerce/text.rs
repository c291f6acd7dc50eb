//! Texts of WordPress are HTML, names too: `Ship Your Idea &ndash; Black`. Ours are plain.

/// What is shown of a description.
const SUMMARY_CHARS_MAX: usize = 200;

/// `html` without tags and entities, on one line.
pub fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        text.push_str(before);
        let is_tag = tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c));
        match tag.find('>') {
            Some(end) if is_tag => {
                // A tag may stand between two words.
                text.push(' ');
                rest = &tag[end + 1..];
            }
            _ => {
                text.push('<');
                rest = &tag[1..];
            }
        }
    }
    text.push_str(rest);
    let decoded = html_escape::decode_html_entities(&text);
    decoded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The beginning of a description as one line, cut between two words.
pub fn summary(html: &str) -> String {
    let text = plain(html);
    if text.chars().count() <= SUMMARY_CHARS_MAX {
        return text;
    }
    let cut: String = text.chars().take(SUMMARY_CHARS_MAX).collect();
    let end = cut.rfind(' ').unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end_matches(|c: char| c.is_ascii_punctuation()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn html_becomes_a_line() {
        assert_eq!(plain("Ship Your Idea &ndash; Color: Black"), "Ship Your Idea – Color: Black");
        assert_eq!(plain("<p>One.</p>\n<p>Two&nbsp;&amp; three.</p>\n"), "One. Two & three.");
        assert_eq!(plain("Mug &#8211; 5 < 6 &lt;b&gt;"), "Mug – 5 < 6 <b>", "no tag of its own");
        assert_eq!(plain("<!-- wp:paragraph --><a href='x'>Cup</a>"), "Cup");
        assert_eq!(plain("a <b"), "a <b", "a tag that never ends is text");
    }

    #[test]
    fn a_long_description_is_cut_between_words() {
        let cut = summary(&"glazed by hand, ".repeat(30));
        assert!(cut.ends_with("by hand…") || cut.ends_with("glazed…"), "{cut}");
        assert!(cut.chars().count() <= SUMMARY_CHARS_MAX + 1);
        assert_eq!(summary("<p>Short.</p>"), "Short.");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(html in "(?s).{0,300}") {
            prop_assert!(!plain(&html).contains('\n'));
            prop_assert!(summary(&html).chars().count() <= SUMMARY_CHARS_MAX + 1);
        }
    }
}
