//! Opaque tokens: what MJML must carry without looking at it.
//!
//! Liquid tags and our own pieces of HTML are exchanged for a word of letters and digits before the
//! MJML engine runs, and put back afterwards. So no parser but the template language ever reads a
//! tag, and no loop can be moved out of its table.

const OPEN: &str = "ZQ";
const CLOSE: &str = "QZ";

#[derive(Default)]
pub(crate) struct Tokens {
    held: Vec<String>,
}

impl Tokens {
    /// A token that stands for `text`, fit for an attribute or a text of MJML.
    pub fn hold(&mut self, text: impl Into<String>) -> String {
        self.held.push(text.into());
        format!("{OPEN}{:04}{CLOSE}", self.held.len() - 1)
    }

    /// `text` with every token exchanged for what it stands for, tokens inside those too.
    pub fn restore(&self, text: &str) -> String {
        let mut whole = String::with_capacity(text.len() * 2);
        self.restore_into(text, &mut whole);
        whole
    }

    fn restore_into(&self, text: &str, whole: &mut String) {
        let mut rest = text;
        while let Some(at) = rest.find(OPEN) {
            whole.push_str(&rest[..at]);
            let after = &rest[at + OPEN.len()..];
            match self.held_at(after) {
                Some((held, length)) => {
                    self.restore_into(held, whole);
                    rest = &after[length..];
                }
                None => {
                    whole.push_str(OPEN);
                    rest = after;
                }
            }
        }
        whole.push_str(rest);
    }

    fn held_at(&self, after: &str) -> Option<(&str, usize)> {
        let end = after.find(CLOSE)?;
        let index: usize = after[..end].parse().ok()?;
        Some((self.held.get(index)?, end + CLOSE.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_comes_back_unchanged() {
        let mut tokens = Tokens::default();
        let inner = tokens.hold("{{ a | b: \"<&>\" }}");
        let outer = tokens.hold(format!("<td>{inner}</td>"));
        let text = format!("<x y=\"{inner}\">{outer}</x> ZQ ZQxQZ ZQ9999QZ");
        let whole =
            "<x y=\"{{ a | b: \"<&>\" }}\"><td>{{ a | b: \"<&>\" }}</td></x> ZQ ZQxQZ ZQ9999QZ";
        assert_eq!(tokens.restore(&text), whole);
    }
}
