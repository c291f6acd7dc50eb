//! What the console shows when a page does not exist, a form is refused, or our own side failed.

use maud::{Markup, html};

use super::{Head, head};
use crate::{component::Button, icon::Icon, layout::Layout};

#[derive(Clone, Debug)]
pub struct MissingPage {
    pub title: String,
    /// What was wrong, where, and how to mend it.
    pub text: String,
}

impl MissingPage {
    pub fn sample() -> Self {
        Self::not_found()
    }

    pub fn not_found() -> Self {
        Self {
            title: "There is no such page".to_owned(),
            text: "The address leads nowhere; it may have been mistyped, or what stood here was \
                   erased."
                .to_owned(),
        }
    }

    pub fn failed() -> Self {
        Self {
            title: "This page cannot be shown now".to_owned(),
            text: "Something failed on our side and was written to the log. Nothing you did was \
                   lost; try again in a moment."
                .to_owned(),
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let body = html! {
            (head(&Head { title: &self.title, text: html! { (self.text) }, ..Head::default() }))
            (Button::plain("Go home").icon(Icon::Home).link("/"))
        };
        layout.page(&self.title, None, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    #[test]
    fn a_dead_end_says_where_to_go() {
        for page in [MissingPage::not_found(), MissingPage::failed()] {
            let html = page.render(&Layout::sample()).into_string();
            check(&html);
            assert!(visible_text(&html).contains("Go home"));
        }
    }
}
