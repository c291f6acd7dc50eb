//! Before a flow goes live: whom it will enrol, what it will send them, and whether that leaves.

use maud::{Markup, html};

use super::{Head, head};
use crate::{
    component::{Button, Tone, card_head, note},
    icon::Icon,
    layout::{Layout, MailState, Place},
};

#[derive(Clone, Debug)]
pub struct LaunchPage {
    pub id: String,
    pub name: String,
    /// `Four emails over 10 days to people who have just bought.`
    pub summary: String,
    /// Each way in: `Whoever orders from now on`.
    pub who: Vec<String>,
    /// How many that was lately, if past orders can tell.
    pub lately: Option<String>,
    /// What they would get, in its order: `Offer, after 2 days`.
    pub emails: Vec<String>,
    pub holdout_percent: u8,
    /// What else begins with it.
    pub also: Vec<String>,
    /// Why it cannot be launched as it is.
    pub refused: Vec<String>,
}

impl LaunchPage {
    pub fn sample() -> Self {
        let words = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect();
        Self {
            id: "upsell-cross-sell".to_owned(),
            name: "Upsell after an order".to_owned(),
            summary: "Four emails over 10 days to people who have just bought. Leaves the moment \
                      they buy again."
                .to_owned(),
            who: words(&["Whoever orders from now on; past orders enrol nobody"]),
            lately: Some(
                "In the last 60 days 8,642 would have entered, about 144 a day".to_owned(),
            ),
            emails: words(&[
                "Offer, after 2 days",
                "Discount, after 5 days",
                "Social proof, after 8 days",
                "Nudge, after 10 days",
            ]),
            holdout_percent: 10,
            also: words(&[
                "The flow Feedback goes live with it, for those whom a purchase moves on",
            ]),
            refused: Vec::new(),
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let flow = format!("/flows/{}", self.id);
        let title = format!("Launch {}?", self.name);
        let body = html! {
            (head(&Head {
                crumbs: &[("Flows", "/flows"), (&self.name, &flow)],
                title: &title,
                text: html! { (self.summary) },
                ..Head::default()
            }))
            section.card.padded.launch {
                (card_head("What begins", "nothing has been sent yet"))
                dl.terms {
                    div {
                        dt { "Who enters" }
                        dd {
                            @for who in &self.who { p { (who) "." } }
                            @if let Some(lately) = &self.lately { p.hint { (lately) "." } }
                        }
                    }
                    div {
                        dt { "What they get" }
                        dd { ol { @for email in &self.emails { li { (email) } } } }
                    }
                    div {
                        dt { "Held out" }
                        dd { (self.holdout()) }
                    }
                    div {
                        dt { "Where mail goes" }
                        dd { (where_to(layout.mail)) }
                    }
                    @if !self.also.is_empty() {
                        div {
                            dt { "With it" }
                            dd { @for it in &self.also { p { (it) "." } } }
                        }
                    }
                }
                @if !self.refused.is_empty() {
                    (note(Tone::Bad, Icon::Warn, &html! {
                        b { "It cannot be launched as it is." }
                        @for why in &self.refused { p { (why) } }
                    }))
                }
                div.actions {
                    a.button.plain href=(flow) autofocus { span { "Keep it as a draft" } }
                    @if self.refused.is_empty() {
                        form method="post" action=(format!("{flow}/launch")) {
                            (Button::primary("Launch the flow").icon(Icon::Flow).submit())
                        }
                    }
                }
            }
        };
        layout.page(&title, Some(Place::Flows), &body)
    }

    fn holdout(&self) -> Markup {
        html! {
            @match self.holdout_percent {
                0 => {
                    p { "Nobody." }
                    p.hint { "What the emails earn beyond doing nothing can then not be told." }
                }
                percent => {
                    p { (percent) "% of those who enter, by lot: they get no email." }
                    p.hint { "The comparison with them tells what the emails earn." }
                }
            }
        }
    }
}

fn where_to(mail: MailState) -> Markup {
    html! {
        @match mail {
            MailState::Sending { .. } => p { b { "To the customers." } " Every email really leaves." },
            MailState::Catching { .. } => {
                p { "Into the inbox: every email is caught there, and nothing leaves this machine." }
            }
            MailState::Paused => p { "Nowhere for now: mail is paused." },
            MailState::Fenced => p { "Nowhere for now: this store is fenced." },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    fn html_of(page: &LaunchPage, mail: MailState) -> String {
        let layout = Layout { mail, ..Layout::sample() };
        let html = page.render(&layout).into_string();
        check(&html);
        html
    }

    #[test]
    fn the_question_names_the_effect() {
        let html = html_of(&LaunchPage::sample(), MailState::Sending { today: 0 });
        insta::assert_snapshot!(visible_text(&html));
    }

    #[test]
    fn caught_mail_is_said_not_to_leave() {
        let html = html_of(&LaunchPage::sample(), MailState::Catching { today: 0 });
        assert!(visible_text(&html).contains("nothing leaves this machine"));
        assert!(!html.contains("really leaves"));
    }

    #[test]
    fn what_cannot_be_launched_has_no_button() {
        let refused = vec!["step `offer`: there is no template `offr`".to_owned()];
        let page = LaunchPage { refused, ..LaunchPage::sample() };
        let html = html_of(&page, MailState::Sending { today: 0 });
        assert!(html.contains("there is no template"), "says why");
        assert!(!html.contains("method=\"post\" action=\"/flows/upsell-cross-sell/launch\""));
    }
}
