//! The pages customers see: unsubscribe, preferences, an email in the browser, feedback.
//!
//! They look like the shop, not like the console; they load one small style sheet and nothing else,
//! need no script and no cookie, and work for ever. A `GET` changes nothing: mail software fetches
//! every address it finds in an email.

mod feedback;
mod letter;
mod message;
mod preferences;
mod stand_in;
mod unsubscribe;

pub use feedback::{FeedbackPage, REVIEW_LENGTH_MAX, ThanksPage};
pub use letter::LetterPage;
pub use message::MessagePage;
pub use preferences::{PreferencesPage, TopicChoice};
pub use stand_in::StandInPage;
pub use unsubscribe::{UnsubscribePage, UnsubscribedPage};

use maud::{DOCTYPE, Markup, html};

use crate::asset;

/// What every public page says about the shop.
#[derive(Clone, Debug)]
pub struct PublicLayout {
    pub shop_name: String,
    pub shop_url: String,
    /// Company and postal address, as in the emails.
    pub postal_address: String,
}

impl PublicLayout {
    pub fn sample() -> Self {
        Self {
            shop_name: "Tarn & Ember".to_owned(),
            shop_url: "https://tarnandember.example".to_owned(),
            postal_address: "Tarn & Ember Lda, Rua do Moinho 14, 1200-275 Lisboa, Portugal"
                .to_owned(),
        }
    }

    /// The whole document; `is_wide` for an email that is shown in it.
    fn page(&self, title: &str, is_wide: bool, body: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    meta name="referrer" content="no-referrer";
                    title { (title) " · " (self.shop_name) }
                    link rel="stylesheet" href=(asset::public_css().path);
                }
                body {
                    header {
                        a.logo href=(crate::component::web_address(&self.shop_url)) { (self.shop_name) }
                    }
                    main.wide[is_wide] { (body) }
                    footer { p { (self.postal_address) } }
                }
            }
        }
    }
}
