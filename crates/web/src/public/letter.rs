//! An email seen in the browser.

use maud::{Markup, html};

use super::PublicLayout;

#[derive(Clone, Debug)]
pub struct LetterPage {
    pub subject: String,
    /// Where the email's HTML is served under its own policy.
    pub letter_src: String,
}

impl LetterPage {
    pub fn sample() -> Self {
        Self {
            subject: "To go with your ceramic dripper, Ana".to_owned(),
            letter_src: "/b/k3v7q2x4/html".to_owned(),
        }
    }

    /// The frame is sandboxed but may open the links its reader follows in a page of their own.
    pub fn render(&self, layout: &PublicLayout) -> Markup {
        layout.page(
            &self.subject,
            true,
            &html! {
                h1.quiet { (self.subject) }
                iframe src=(self.letter_src) title=(self.subject)
                    sandbox="allow-popups allow-popups-to-escape-sandbox" {}
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn the_email_runs_nothing() {
        let html = LetterPage::sample().render(&PublicLayout::sample()).into_string();
        check(&html);
        assert!(!html.contains("allow-scripts") && !html.contains("allow-same-origin"));
    }
}
