//! Preferences: what a customer gets, topic by topic.

use maud::{Markup, html};

use super::PublicLayout;

#[derive(Clone, Debug)]
pub struct PreferencesPage {
    pub address_hint: String,
    pub action: String,
    pub topics: Vec<TopicChoice>,
    pub is_saved: bool,
}

#[derive(Clone, Debug)]
pub struct TopicChoice {
    /// The value in the form: `marketing`.
    pub id: String,
    pub name: String,
    pub text: String,
    pub is_on: bool,
}

impl PreferencesPage {
    pub fn sample() -> Self {
        let topic = |id: &str, name: &str, text: &str, is_on| TopicChoice {
            id: id.to_owned(),
            name: name.to_owned(),
            text: text.to_owned(),
            is_on,
        };
        Self {
            address_hint: "a…@mail.example".to_owned(),
            action: "/p/k3v7q2x4".to_owned(),
            topics: vec![
                topic("marketing", "Offers and news", "What goes with what you bought", true),
                topic("feedback", "Requests for a review", "One question after an order", false),
            ],
            is_saved: false,
        }
    }

    pub fn render(&self, layout: &PublicLayout) -> Markup {
        layout.page("What you get", false, &html! {
            h1 { "What you get from us" }
            @if self.is_saved { p.done role="status" { "Saved. It holds from now on." } }
            p { "For " b { (self.address_hint) } ". Letters about your orders always come." }
            form method="post" action=(self.action) {
                fieldset {
                    legend { "Emails" }
                    @for topic in &self.topics {
                        label.topic {
                            input type="checkbox" name="topic" value=(topic.id) checked[topic.is_on];
                            span { b { (topic.name) } span { (topic.text) } }
                        }
                    }
                }
                div.pair {
                    button type="submit" { "Save my choice" }
                    button.plain type="submit" name="none" value="1" { "Nothing at all" }
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    #[test]
    fn each_topic_is_a_choice_of_its_own() {
        let html = PreferencesPage::sample().render(&PublicLayout::sample()).into_string();
        check(&html);
        assert_eq!(html.matches("type=\"checkbox\"").count(), 2);
        assert_eq!(html.matches(" checked").count(), 1);
        let saved = PreferencesPage { is_saved: true, ..PreferencesPage::sample() };
        let text = visible_text(&saved.render(&PublicLayout::sample()).into_string());
        assert!(text.contains("Saved."));
    }
}
