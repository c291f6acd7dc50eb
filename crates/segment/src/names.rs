//! Texts that rows of a history speak of, each written once and known to the rows by a number.
//!
//! Names of events the shop makes up, names of their properties, texts of properties, and which
//! email a message was. Whoever owns the rows owns the names; a [`History`](crate::History) leads
//! to them, so that the words of a condition are looked up once, not compared row by row.

use std::collections::HashMap;

use aftercart_model::{EmailName, FlowId, StepId};

use crate::facts::fold;

/// Stands in a column for no name.
pub const NO_NAME: u32 = u32::MAX;

/// A longer text is kept to its first so many bytes: it would hardly be written in a condition.
pub const NAME_BYTES_MAX: usize = 500;

/// A text, by its number in [`Names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameId(pub u32);

/// An email of a flow, by its number in [`Names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailId(pub u32);

/// What a property of an event says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PropertyValue {
    Text(NameId),
    Number(f64),
    Truth(bool),
}

/// The texts and their numbers.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// `None` for a number whose text is forgotten, to be given out again.
    texts: Vec<Option<Box<str>>>,
    /// By folded text, since that is how conditions ask.
    ids: HashMap<Box<str>, Vec<NameId>>,
    free: Vec<NameId>,
    emails: Vec<EmailName>,
    email_ids: HashMap<EmailName, EmailId>,
}

impl Names {
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of a text, given to it now if it has none.
    pub fn intern(&mut self, text: &str) -> NameId {
        let text = cut(text);
        if let Some(id) = self.find(text) {
            return id;
        }
        let id = self.free.pop().unwrap_or_else(|| {
            self.texts.push(None);
            NameId(number(self.texts.len() - 1))
        });
        self.set(id, text);
        id
    }

    /// Gives a text the number it had when it was written to a file.
    pub fn restore(&mut self, id: NameId, text: &str) {
        while self.texts.len() <= id.0 as usize {
            self.free.push(NameId(number(self.texts.len())));
            self.texts.push(None);
        }
        self.free.retain(|it| *it != id);
        self.set(id, text);
    }

    fn set(&mut self, id: NameId, text: &str) {
        self.texts[id.0 as usize] = Some(text.into());
        self.ids.entry(fold(text).into()).or_default().push(id);
    }

    /// The number of exactly this text.
    pub fn find(&self, text: &str) -> Option<NameId> {
        let text = cut(text);
        self.alike(text).iter().copied().find(|it| self.text(*it) == text)
    }

    /// The numbers of all texts that differ from this one in case and blanks around alone.
    pub fn alike(&self, text: &str) -> &[NameId] {
        self.ids.get(fold(cut(text)).as_str()).map_or(&[], Vec::as_slice)
    }

    /// Empty for a number that stands for nothing.
    pub fn text(&self, id: NameId) -> &str {
        self.texts.get(id.0 as usize).and_then(Option::as_deref).unwrap_or_default()
    }

    /// All texts, by number.
    pub fn texts(&self) -> impl Iterator<Item = (NameId, &str)> {
        (0..).zip(&self.texts).filter_map(|(id, text)| Some((NameId(id), text.as_deref()?)))
    }

    /// One more than the highest number given to a text.
    pub fn texts_end(&self) -> u32 {
        number(self.texts.len())
    }

    /// Forgets the texts for which `is_kept` says no.
    pub fn retain(&mut self, is_kept: impl Fn(NameId) -> bool) {
        for (id, slot) in (0..).map(NameId).zip(&mut self.texts) {
            if slot.is_some() && !is_kept(id) {
                *slot = None;
                self.free.push(id);
            }
        }
        let texts = &self.texts;
        self.ids.retain(|_, ids| {
            ids.retain(|it| texts[it.0 as usize].is_some());
            !ids.is_empty()
        });
    }

    /// The number of an email, given to it now if it has none. There are as many as the shop's flows
    /// have steps, and none is ever forgotten.
    pub fn intern_email(&mut self, flow: &FlowId, step: &StepId) -> EmailId {
        let email = EmailName { flow: flow.clone(), step: step.clone() };
        if let Some(id) = self.email_ids.get(&email) {
            return *id;
        }
        let id = EmailId(number(self.emails.len()));
        self.emails.push(email.clone());
        self.email_ids.insert(email, id);
        id
    }

    pub fn email(&self, id: EmailId) -> Option<&EmailName> {
        self.emails.get(id.0 as usize)
    }

    /// All emails that rows speak of.
    pub fn emails(&self) -> impl Iterator<Item = (EmailId, &EmailName)> {
        (0..).map(EmailId).zip(&self.emails)
    }

    /// Bytes of memory, near enough.
    pub fn bytes(&self) -> usize {
        // A text stands here twice: as it is and folded.
        let texts: usize = self.texts.iter().flatten().map(|it| 2 * it.len() + 64).sum();
        texts + size_of_val(self.texts.as_slice()) + self.emails.len() * 2 * 64
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).ok().filter(|it| *it < 1 << 30).expect("fewer than a billion names")
}

fn cut(text: &str) -> &str {
    if text.len() <= NAME_BYTES_MAX {
        return text;
    }
    let ends = (0..=NAME_BYTES_MAX).rev();
    ends.into_iter().find(|&it| text.is_char_boundary(it)).map_or("", |it| &text[..it])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number() {
        let mut names = Names::new();
        let (red, blue) = (names.intern("Red"), names.intern("blue"));
        assert_ne!(red, blue);
        assert_eq!(names.intern("Red"), red);
        assert_eq!((names.find("Red"), names.find("red")), (Some(red), None), "as it was written");
        let lower = names.intern("red ");
        assert_eq!(names.alike("RED"), [red, lower], "conditions do not ask for case");
        assert_eq!(names.text(blue), "blue");
        assert_eq!(names.text(NameId(99)), "");
    }

    #[test]
    fn a_forgotten_text_is_nowhere_and_its_number_serves_again() {
        let mut names = Names::new();
        let (ana, red) = (names.intern("Ana"), names.intern("red"));
        names.retain(|it| it == red);
        assert_eq!((names.find("Ana"), names.text(ana)), (None, ""));
        assert!(!format!("{names:?}").contains("na"), "not folded either");
        assert_eq!(names.intern("green"), ana);
        assert_eq!(names.find("red"), Some(red));
    }

    #[test]
    fn names_come_back_with_their_numbers() {
        let mut names = Names::new();
        names.restore(NameId(2), "two");
        names.restore(NameId(0), "zero");
        assert_eq!(names.intern("one"), NameId(1), "what stands between is free");
        let all: Vec<_> = names.texts().map(|(id, text)| (id.0, text)).collect();
        assert_eq!(all, [(0, "zero"), (1, "one"), (2, "two")]);
        assert_eq!(names.texts_end(), 3);
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        let mut names = Names::new();
        let long = "ä".repeat(300);
        let id = names.intern(&long);
        assert_eq!(names.text(id).len(), 500);
        assert_eq!(names.find(&long), Some(id));
        let id = names.intern(&format!("x{long}"));
        assert_eq!(names.text(id).len(), 499, "not within one");
    }

    #[test]
    fn an_email_has_one_number() {
        let mut names = Names::new();
        let flow = FlowId::new("upsell").unwrap();
        let [offer, last] = ["offer", "last"].map(|it| StepId::new(it).unwrap());
        let id = names.intern_email(&flow, &offer);
        assert_eq!(names.intern_email(&flow, &offer), id);
        assert_ne!(names.intern_email(&flow, &last), id);
        assert_eq!(names.email(id), Some(&EmailName { flow, step: offer }));
        assert_eq!(names.emails().count(), 2);
    }
}
