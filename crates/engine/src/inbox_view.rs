//! The mail that was caught, as a mail program shows it.
//!
//! What is shown of a letter is harmless: its links lead nowhere and its counting picture is taken
//! out, so that reading somebody's mail never counts as their open, click or unsubscribing.

use aftercart_model::{CustomerId, FlowId, Message, StepId};
use aftercart_store::{LetterHead, Tx};
use anyhow::Result;

use crate::{Engine, Total, mime::LetterContent};

/// Letters a page of the inbox shows; each is opened for the line after its subject.
pub const LETTERS_PAGE: u32 = 30;
/// What an inbox shows after the subject.
const PREHEADER_CHARS_MAX: usize = 120;

/// A page of the inbox, newest first.
#[derive(Clone, Debug)]
pub struct InboxView {
    pub total: Total,
    pub letters: Vec<LetterLine>,
    /// Where the next page begins.
    pub older: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct LetterLine {
    pub head: LetterHead,
    pub preheader: String,
    /// Which email of its flow it is; `None` of a test letter.
    pub step_title: Option<String>,
}

/// One letter, opened.
#[derive(Clone, Debug)]
pub struct LetterView {
    pub head: LetterHead,
    pub headers: Vec<(String, String)>,
    pub text: String,
    /// Without links that do anything.
    pub html: String,
    pub cause: Option<LetterCause>,
}

/// The message a letter is of.
#[derive(Clone, Debug)]
pub struct LetterCause {
    pub customer: CustomerId,
    pub flow: FlowId,
    pub flow_name: String,
    pub step: StepId,
    pub step_title: String,
}

impl LetterView {
    /// The value of a header, empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

impl Engine {
    /// Letters before `before` whose name, address or subject has `search`.
    pub fn view_inbox(&self, search: &str, before: Option<i64>) -> Result<InboxView> {
        self.store().read(|tx| {
            let heads = tx.letters_page(before, search, LETTERS_PAGE)?;
            let is_full = heads.len() == LETTERS_PAGE as usize;
            let older = heads.last().filter(|_| is_full).map(|it| it.id);
            let mut letters = Vec::with_capacity(heads.len());
            for head in heads {
                let step_title = self.cause_of(tx, &head)?.map(|it| it.step_title);
                let preheader = match tx.letter(head.id)? {
                    Some((_, raw)) => preheader(&LetterContent::read(&raw).html),
                    None => String::new(),
                };
                letters.push(LetterLine { head, preheader, step_title });
            }
            let total = Total::counted(|max| tx.count_letters_to(max))?;
            Ok(InboxView { total, letters, older })
        })
    }

    pub fn view_letter(&self, id: i64) -> Result<Option<LetterView>> {
        self.store().read(|tx| {
            let Some((head, raw)) = tx.letter(id)? else { return Ok(None) };
            let content = LetterContent::read(&raw);
            let html = harmless(&content.html, &self.shop().public_url);
            let cause = self.cause_of(tx, &head)?;
            let (headers, text) = (content.headers, content.text);
            Ok(Some(LetterView { head, headers, text, html, cause }))
        })
    }

    fn cause_of(&self, tx: &mut Tx<'_>, head: &LetterHead) -> Result<Option<LetterCause>> {
        let Some(id) = head.message else { return Ok(None) };
        let Some(message) = tx.message(id)? else { return Ok(None) };
        let flow = self.flow_version(tx, &message.flow, message.flow_version)?;
        let Message { customer, flow: id, step, .. } = message;
        let step_title = flow.step(&step).map_or_else(|| step.to_string(), |it| it.title());
        let flow_name = flow.name().to_owned();
        Ok(Some(LetterCause { customer, flow: id, flow_name, step, step_title }))
    }
}

/// The hidden words at the top of an email, which an inbox shows after the subject.
fn preheader(html: &str) -> String {
    let body = html.find("<body").map_or(html, |at| &html[at..]);
    let Some(hidden) = body.find("display:none") else { return String::new() };
    let inside = body[hidden..].split_once('>').map_or("", |(_, rest)| rest);
    let words = inside.split_once('<').map_or(inside, |(words, _)| words);
    let is_fill = |c: char| matches!(c, '\u{34f}' | '\u{200c}' | '\u{a0}');
    let words: String =
        unescaped(words).chars().map(|c| if is_fill(c) { ' ' } else { c }).collect();
    words
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(PREHEADER_CHARS_MAX)
        .collect()
}

/// The characters that our own emails write as entities.
fn unescaped(html: &str) -> String {
    [
        ("&#847;", "\u{34f}"),
        ("&zwnj;", "\u{200c}"),
        ("&nbsp;", "\u{a0}"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(html.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

/// The HTML of a letter to be looked at by an operator: links of ours lead nowhere, the picture that
/// counts opens is empty, and the shop's own pictures come from wherever the console is read.
fn harmless(html: &str, public_url: &str) -> String {
    let ours = format!("\"{public_url}/");
    let mut still = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(&ours) {
        let (before, link) = (&rest[..at], &rest[at + ours.len()..]);
        let end = link.find('"').unwrap_or(link.len());
        let (path, after) = (&link[..end], link.get(end + 1..).unwrap_or(""));
        still.push_str(before);
        if path.starts_with("pictures/") {
            still.push_str(&format!("\"/{path}\""));
        } else if before.ends_with("src=") {
            still.push_str("\"data:,\"");
        } else {
            still.push_str("\"#\"");
        }
        rest = after;
    }
    still.push_str(rest);
    // What stands outside of quoted attributes, such as a background in a style.
    still.replace(&format!("{public_url}/pictures/"), "/pictures/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_a_letter_counts_nothing() {
        let html = "<a href=\"https://mail.shop.example/c/abc\">See</a>\
                    <a href=\"https://mail.shop.example/u/def\">Unsubscribe</a>\
                    <img src=\"https://mail.shop.example/o/ghi\">\
                    <img src=\"https://mail.shop.example/pictures/kettle.png\">\
                    <td style=\"background:url(https://mail.shop.example/pictures/scene.png)\">\
                    <a href=\"https://else.example/\">Else</a>";
        let still = harmless(html, "https://mail.shop.example");
        assert_eq!(
            still,
            "<a href=\"#\">See</a><a href=\"#\">Unsubscribe</a><img src=\"data:,\">\
             <img src=\"/pictures/kettle.png\">\
             <td style=\"background:url(/pictures/scene.png)\">\
             <a href=\"https://else.example/\">Else</a>"
        );
    }

    #[test]
    fn a_link_without_an_end_is_cut_off() {
        assert_eq!(
            harmless("<a href=\"https://m.example/c/abc", "https://m.example"),
            "<a href=\"#\""
        );
    }

    #[test]
    fn the_words_after_the_subject_are_found() {
        let html = "<html><head><title>x</title></head><body style=\"x\">\
                    <div style=\"display:none;font-size:1px\">The pour is half the cup &amp; \
                    more&#847;&zwnj;&nbsp;&#847;&zwnj;&nbsp;</div><p>Hello</p></body>";
        assert_eq!(preheader(html), "The pour is half the cup & more");
        assert_eq!(preheader("<p>none</p>"), "");
    }
}
