//! Before a customer is erased: what goes, what stays, and that there is no way back.

use maud::{Markup, html};

use super::{Head, head};
use crate::{
    component::{Button, Tone, card_head, note},
    icon::Icon,
    layout::{Layout, Place},
};

#[derive(Clone, Debug)]
pub struct ErasePage {
    pub id: String,
    pub name: String,
    /// What ends first: `1 enrolment ends`. Empty if nothing is under way.
    pub ends: Vec<String>,
    /// `12 events of the log`.
    pub goes: Vec<String>,
    pub stays: Vec<String>,
}

impl ErasePage {
    pub fn sample() -> Self {
        let words = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect();
        Self {
            id: "513".to_owned(),
            name: "Ana Ribeiro".to_owned(),
            ends: words(&["1 enrolment ends", "1 planned email is cancelled"]),
            goes: words(&[
                "Their name, 2 addresses and what else they are known by",
                "What 41 events of the log say",
                "The subjects and letters of 3 emails",
                "What they wrote in 1 review",
            ]),
            stays: words(&[
                "2 orders, as sales of nobody's: totals and recommendations hold",
                "The stars of their reviews",
                "A mark, which cannot be read back, that their addresses are not mailed again",
            ]),
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let customer = format!("/customers/{}", self.id);
        let title = format!("Erase {}?", self.name);
        let list = |texts: &[String]| html! { ul { @for it in texts { li { (it) } } } };
        let body = html! {
            (head(&Head {
                crumbs: &[("Customers", "/customers"), (&self.name, &customer)],
                title: &title,
                text: html! { "For somebody who asks to be forgotten. It cannot be undone." },
                ..Head::default()
            }))
            section.card.padded.launch {
                (card_head("What happens", "at once"))
                dl.terms {
                    @if !self.ends.is_empty() {
                        div { dt { "Ends" } dd { (list(&self.ends)) } }
                    }
                    div { dt { "Goes" } dd { (list(&self.goes)) } }
                    div { dt { "Stays" } dd { (list(&self.stays)) } }
                }
                (note(Tone::Warn, Icon::Warn, &html! {
                    b { "Not in here: " }
                    "your platform, your mail server and your backups know them still. A backup \
                     brings them back if it is restored; erase them again then."
                }))
                div.actions {
                    a.button.plain href=(customer) autofocus { span { "Keep them" } }
                    form method="post" action=(format!("{customer}/erase")) {
                        (Button::danger("Erase for ever").icon(Icon::Ban).submit())
                    }
                }
            }
        };
        layout.page(&title, Some(Place::Customers), &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    #[test]
    fn the_question_says_what_goes_and_what_stays() {
        let html = ErasePage::sample().render(&Layout::sample()).into_string();
        check(&html);
        insta::assert_snapshot!(visible_text(&html));
    }

    #[test]
    fn nothing_under_way_is_not_said_to_end() {
        let page = ErasePage { ends: Vec::new(), ..ErasePage::sample() };
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        assert!(!visible_text(&html).contains("Ends"));
    }
}
