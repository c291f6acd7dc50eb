//! The inbox, and the letter that is open in it.

use aftercart_engine::{InboxView, LetterLine, LetterView};

use super::total;
use crate::{
    component::Paging,
    console::{
        InboxPage,
        inbox::{Letter, LetterRow, LetterView as Shown},
        products::encoded,
    },
};

pub fn page(
    view: &InboxView,
    letter: Option<&LetterView>,
    query: &str,
    is_first: bool,
    shown: Shown,
) -> InboxPage {
    let base = if query.is_empty() {
        "/inbox?".to_owned()
    } else {
        format!("/inbox?q={}&", encoded(query))
    };
    InboxPage {
        query: query.to_owned(),
        total: total(view.total),
        rows: view.letters.iter().map(row).collect(),
        paging: Paging {
            newer: (!is_first).then(|| base.trim_end_matches(['?', '&']).to_owned()),
            older: view.older.map(|it| format!("{base}before={it}")),
        },
        letter: letter.map(open),
        view: shown,
    }
}

fn row(it: &LetterLine) -> LetterRow {
    let head = &it.head;
    LetterRow {
        id: head.id.to_string(),
        to_name: if head.to_name.is_empty() {
            head.to.as_str().to_owned()
        } else {
            head.to_name.clone()
        },
        subject: head.subject.clone(),
        preheader: it.preheader.clone(),
        step: it.step_title.clone().unwrap_or_else(|| "Test".to_owned()),
        at: head.at,
    }
}

fn open(it: &LetterView) -> Letter {
    let (head, cause) = (&it.head, it.cause.as_ref());
    Letter {
        id: head.id.to_string(),
        subject: head.subject.clone(),
        from: it.header("from").to_owned(),
        to_name: head.to_name.clone(),
        to_address: head.to.as_str().to_owned(),
        customer_href: cause.map(|it| format!("/customers/{}", it.customer)),
        step: cause.map_or_else(
            || "a test".to_owned(),
            |it| format!("{} of {}", it.step_title, it.flow_name),
        ),
        step_href: cause.map(|it| format!("/flows/{}?step={}", it.flow, it.step)),
        at: head.at,
        bytes: head.bytes,
        text: it.text.clone(),
        headers: it.headers.clone(),
    }
}
