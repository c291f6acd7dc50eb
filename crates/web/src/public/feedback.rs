//! Feedback: a rating and a few words about what was bought.

use maud::{Markup, html};

use super::PublicLayout;
use crate::component::web_address;

/// The longest text a review may have.
pub const REVIEW_LENGTH_MAX: usize = 4_000;

#[derive(Clone, Debug)]
pub struct FeedbackPage {
    pub product_name: String,
    pub product_picture: Option<String>,
    pub action: String,
    /// The star that was clicked in the email, or what was chosen before an error.
    pub rating: Option<u8>,
    pub text: String,
    /// What is wrong with what was sent, in words that say how to mend it.
    pub error: Option<String>,
}

impl FeedbackPage {
    pub fn sample() -> Self {
        Self {
            product_name: "Gooseneck kettle 0.9 l".to_owned(),
            product_picture: Some("/pictures/kettle.svg".to_owned()),
            action: "/f/k3v7q2x4".to_owned(),
            rating: Some(5),
            text: String::new(),
            error: None,
        }
    }

    pub fn render(&self, layout: &PublicLayout) -> Markup {
        let words = ["Poor", "Not so good", "All right", "Good", "Very good"];
        let error_id = self.error.as_ref().map(|_| "rating-error");
        layout.page("How is it?", false, &html! {
            @if let Some(picture) = &self.product_picture {
                img.product src=(web_address(picture)) alt="" width="120" height="120";
            }
            h1 { "How is the " (self.product_name) "?" }
            form method="post" action=(self.action) {
                fieldset.stars aria-describedby=[error_id] {
                    legend { "Your rating" }
                    @for (stars, word) in (1_u8..).zip(words) {
                        label {
                            input type="radio" name="rating" value=(stars) required
                                checked[self.rating == Some(stars)];
                            span { span.star aria-hidden="true" { "★" } b { (stars) } " " (word) }
                        }
                    }
                }
                @if let Some(error) = &self.error {
                    p.error id="rating-error" role="alert" { (error) }
                }
                label.text {
                    span { "What should others know? " span.quiet { "You may leave it empty." } }
                    textarea name="text" rows="5" maxlength=(REVIEW_LENGTH_MAX) { (self.text) }
                }
                p.quiet {
                    "We show it with your given name and initial once we have read it, word for word."
                }
                button type="submit" { "Send my review" }
            }
        })
    }
}

#[derive(Clone, Debug)]
pub struct ThanksPage {
    pub product_name: String,
}

impl ThanksPage {
    pub fn sample() -> Self {
        Self { product_name: "Gooseneck kettle 0.9 l".to_owned() }
    }

    pub fn render(&self, layout: &PublicLayout) -> Markup {
        layout.page(
            "Thank you",
            false,
            &html! {
                h1 { "Thank you" }
                p { "Your review of the " (self.product_name) " is with us. We read every one." }
                p.quiet { a href=(web_address(&layout.shop_url)) { "Back to the shop" } }
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    #[test]
    fn a_rating_is_five_radio_buttons_with_words() {
        let html = FeedbackPage::sample().render(&PublicLayout::sample()).into_string();
        check(&html);
        assert_eq!(html.matches("type=\"radio\"").count(), 5);
        assert!(html.contains("value=\"5\" required checked"), "the star of the email is kept");
    }

    #[test]
    fn an_error_keeps_what_was_written() {
        let page = FeedbackPage {
            rating: None,
            text: "Pours <b>well</b>".to_owned(),
            error: Some("choose one to five stars".to_owned()),
            ..FeedbackPage::sample()
        };
        let html = page.render(&PublicLayout::sample()).into_string();
        check(&html);
        assert!(html.contains("Pours &lt;b&gt;well&lt;/b&gt;"));
        assert!(visible_text(&html).contains("choose one to five stars"));
    }

    #[test]
    fn thanks_are_said_once() {
        let html = ThanksPage::sample().render(&PublicLayout::sample()).into_string();
        check(&html);
        assert!(visible_text(&html).contains("We read every one."));
    }
}
