//! Unsubscribing: a page with one button, and the page that says it is done.

use maud::{Markup, html};

use super::PublicLayout;

/// Shown for a `GET`; only the button's `POST` unsubscribes.
#[derive(Clone, Debug)]
pub struct UnsubscribePage {
    /// The address with most of it hidden: `a…@mail.example`.
    pub address_hint: String,
    /// What the email was about: `offers and news`.
    pub topic: String,
    /// Where the button posts to.
    pub action: String,
    pub preferences_href: String,
}

impl UnsubscribePage {
    pub fn sample() -> Self {
        Self {
            address_hint: "a…@mail.example".to_owned(),
            topic: "offers and news".to_owned(),
            action: "/u/k3v7q2x4".to_owned(),
            preferences_href: "/p/k3v7q2x4".to_owned(),
        }
    }

    pub fn render(&self, layout: &PublicLayout) -> Markup {
        layout.page("Unsubscribe", false, &html! {
            h1 { "Stop these emails?" }
            p {
                (layout.shop_name) " will send no more " (self.topic) " to " b { (self.address_hint) }
                ". Letters about your orders still come."
            }
            form method="post" action=(self.action) {
                button type="submit" { "Unsubscribe" }
            }
            p.quiet { a href=(self.preferences_href) { "Choose what you get instead" } }
        })
    }
}

#[derive(Clone, Debug)]
pub struct UnsubscribedPage {
    pub address_hint: String,
    pub topic: String,
    /// Where changing one's mind posts to.
    pub undo_action: String,
    pub preferences_href: String,
    /// They just changed their mind.
    pub is_undone: bool,
}

impl UnsubscribedPage {
    pub fn sample() -> Self {
        Self {
            address_hint: "a…@mail.example".to_owned(),
            topic: "offers and news".to_owned(),
            undo_action: "/u/k3v7q2x4/undo".to_owned(),
            preferences_href: "/p/k3v7q2x4".to_owned(),
            is_undone: false,
        }
    }

    pub fn render(&self, layout: &PublicLayout) -> Markup {
        if self.is_undone {
            return layout.page("Welcome back", false, &html! {
                h1 { "You get our emails again" }
                p { "The next one to " b { (self.address_hint) } " comes when there is something for you." }
                p.quiet { a href=(self.preferences_href) { "Choose what you get" } }
            });
        }
        layout.page(
            "Unsubscribed",
            false,
            &html! {
                h1 { "You are unsubscribed" }
                p {
                    "From now on " (layout.shop_name) " sends no " (self.topic) " to "
                    b { (self.address_hint) } "."
                }
                form method="post" action=(self.undo_action) {
                    button.plain type="submit" { "Send me emails again" }
                }
                p.quiet { a href=(self.preferences_href) { "Choose what you get" } }
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    #[test]
    fn the_first_page_only_asks() {
        let html = UnsubscribePage::sample().render(&PublicLayout::sample()).into_string();
        check(&html);
        assert_eq!(html.matches("<form").count(), 1);
        assert!(html.contains("method=\"post\" action=\"/u/k3v7q2x4\""));
        assert!(!html.contains("<img") && !html.contains("<script"), "nothing loads, nothing acts");
    }

    #[test]
    fn the_second_says_it_is_done_and_offers_the_way_back() {
        let page = UnsubscribedPage::sample();
        let html = page.render(&PublicLayout::sample()).into_string();
        check(&html);
        let text = visible_text(&html);
        assert!(text.contains("You are unsubscribed") && text.contains("Send me emails again"));
        let undone = UnsubscribedPage { is_undone: true, ..page };
        let text = visible_text(&undone.render(&PublicLayout::sample()).into_string());
        assert!(text.contains("You get our emails again"));
    }
}
