//! A public page with nothing but a message: not found, expired, failed.

use maud::{Markup, html};

use super::PublicLayout;
use crate::component::web_address;

#[derive(Clone, Debug)]
pub struct MessagePage {
    pub title: String,
    pub text: String,
}

impl MessagePage {
    pub fn sample() -> Self {
        Self::not_found()
    }

    pub fn not_found() -> Self {
        Self {
            title: "This link leads nowhere".to_owned(),
            text:
                "It may have been cut in two by your mail program. Open it from the email again, \
                   or write to us and we do it for you."
                    .to_owned(),
        }
    }

    pub fn failed() -> Self {
        Self {
            title: "This did not work".to_owned(),
            text: "Something failed on our side, and nothing was changed. Try again in a minute; \
                   the link stays good."
                .to_owned(),
        }
    }

    pub fn render(&self, layout: &PublicLayout) -> Markup {
        layout.page(
            &self.title,
            false,
            &html! {
                h1 { (self.title) }
                p { (self.text) }
                p.quiet { a href=(web_address(&layout.shop_url)) { "Go to the shop" } }
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    #[test]
    fn a_dead_link_says_what_to_do() {
        for page in [MessagePage::not_found(), MessagePage::failed()] {
            let html = page.render(&PublicLayout::sample()).into_string();
            check(&html);
            assert!(visible_text(&html).contains("Go to the shop"));
        }
    }
}
