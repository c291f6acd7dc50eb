//! Signed tokens for links in emails: what they carry cannot be changed, and one made for one
//! purpose is refused for another.
//!
//! A token is `base64url(purpose byte, payload, first 16 bytes of HMAC-SHA256)`. Each purpose has its
//! own key, derived from the store's secret by HMAC with a label, so that a leaked or broken link of
//! one kind says nothing about the others. 128 bits of tag stop guessing (RFC 2104 §5). Links
//! carry no address: a customer is named by number only.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    hmac::{self, HMAC_SHA256},
    rand,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use aftercart_model::{CustomerId, MessageId, ProductId, Topic};

const TAG_BYTES: usize = 16;
/// Longer than any link we write; a longer token is refused unread.
const TOKEN_LENGTH_MAX: usize = 4_096;

/// Whether two secrets are the same, in a time that does not tell how much of them is.
pub fn are_same_secrets(given: &str, expected: &str) -> bool {
    verify_slices_are_equal(given.as_bytes(), expected.as_bytes()).is_ok()
}

/// What a link in an email carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Token {
    /// The open pixel of a message.
    Open { message: MessageId },
    /// A link of a message: where it leads, and which product it shows.
    Click { message: MessageId, product: Option<ProductId>, url: String },
    /// One-click unsubscribe, from a topic, by way of a message.
    Unsubscribe { customer: CustomerId, topic: Topic, message: Option<MessageId> },
    /// The page on which a customer chooses what to get.
    Preferences { customer: CustomerId },
    /// See the message in a browser.
    Browser { message: MessageId },
    /// Rate a product bought.
    Feedback { customer: CustomerId, product: ProductId, message: Option<MessageId> },
}

impl Token {
    fn purpose(&self) -> Purpose {
        match self {
            Self::Open { .. } => Purpose::Open,
            Self::Click { .. } => Purpose::Click,
            Self::Unsubscribe { .. } => Purpose::Unsubscribe,
            Self::Preferences { .. } => Purpose::Preferences,
            Self::Browser { .. } => Purpose::Browser,
            Self::Feedback { .. } => Purpose::Feedback,
        }
    }
}

/// What a token may be used for; also its first byte, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Purpose {
    Open = 1,
    Click = 2,
    Unsubscribe = 3,
    Preferences = 4,
    Browser = 5,
    Feedback = 6,
}

const PURPOSES: [(Purpose, &str); 6] = [
    (Purpose::Open, "open"),
    (Purpose::Click, "click"),
    (Purpose::Unsubscribe, "unsubscribe"),
    (Purpose::Preferences, "preferences"),
    (Purpose::Browser, "browser"),
    (Purpose::Feedback, "feedback"),
];

/// The keys of one store.
pub struct Keys {
    by_purpose: Vec<hmac::Key>,
    holdout: [u8; 16],
    message_id: hmac::Key,
    draws: hmac::Key,
}

impl Keys {
    /// `secret` as [`Keys::draw_secret`] made it.
    pub fn derive(secret: &str) -> Self {
        let root = hmac::Key::new(HMAC_SHA256, secret.as_bytes());
        let derive = |label: &str| hmac::sign(&root, label.as_bytes());
        let key = |label: &str| hmac::Key::new(HMAC_SHA256, derive(label).as_ref());
        let mut holdout = [0; 16];
        holdout.copy_from_slice(&derive("holdout").as_ref()[..16]);
        Self {
            by_purpose: PURPOSES.iter().map(|(_, label)| key(&format!("link {label}"))).collect(),
            holdout,
            message_id: key("message id"),
            draws: key("draws"),
        }
    }

    /// A fresh 256-bit secret as text.
    pub fn draw_secret() -> String {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).expect("the system has randomness");
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The key of the draws that must come out the same each time: holdouts and random splits.
    pub fn holdout(&self) -> &[u8; 16] {
        &self.holdout
    }

    /// The left side of a message's `Message-ID`: 160 bits that say nothing about the message, in
    /// hexadecimal, which every mail system keeps as it is.
    pub fn message_id(&self, message: MessageId) -> String {
        let tag = hmac::sign(&self.message_id, &message.0.to_be_bytes());
        tag.as_ref()[..20].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// 32 bytes that follow from `label` and that nobody outside can tell beforehand.
    pub fn draw(&self, label: &str) -> [u8; 32] {
        let tag = hmac::sign(&self.draws, label.as_bytes());
        tag.as_ref().try_into().expect("a SHA-256 tag has 32 bytes")
    }

    pub fn sign(&self, token: &Token) -> String {
        let purpose = token.purpose();
        let mut bytes = vec![purpose as u8];
        bytes = postcard::to_extend(token, bytes).expect("a token is plain data");
        let tag = self.tag(purpose, &bytes);
        bytes.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The token, or `None` if it was not signed by this store for its purpose.
    pub fn read(&self, text: &str) -> Option<Token> {
        if text.len() > TOKEN_LENGTH_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signed, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        let (first, payload) = signed.split_first()?;
        let (purpose, _) = PURPOSES.iter().find(|(purpose, _)| *purpose as u8 == *first)?;
        verify_slices_are_equal(&self.tag(*purpose, signed), tag).ok()?;
        let token: Token = postcard::from_bytes(payload).ok()?;
        (token.purpose() == *purpose).then_some(token)
    }

    fn tag(&self, purpose: Purpose, signed: &[u8]) -> [u8; TAG_BYTES] {
        let key = &self.by_purpose[purpose as usize - 1];
        let tag = hmac::sign(key, signed);
        tag.as_ref()[..TAG_BYTES].try_into().expect("a SHA-256 tag has 32 bytes")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn samples() -> Vec<Token> {
        let (message, customer, product) = (MessageId(513), CustomerId(257), ProductId(7));
        let url = "https://shop.example/kettle?a=1".to_owned();
        vec![
            Token::Open { message },
            Token::Click { message, product: Some(product), url },
            Token::Unsubscribe { customer, topic: Topic::Marketing, message: None },
            Token::Preferences { customer },
            Token::Browser { message },
            Token::Feedback { customer, product, message: Some(message) },
        ]
    }

    #[test]
    fn a_signed_token_reads_back() {
        let keys = Keys::derive("one");
        for token in samples() {
            assert_eq!(keys.read(&keys.sign(&token)), Some(token));
        }
    }

    #[test]
    fn another_store_refuses_it() {
        let (ours, theirs) = (Keys::derive("one"), Keys::derive("two"));
        for token in samples() {
            assert_eq!(theirs.read(&ours.sign(&token)), None);
        }
    }

    #[test]
    fn a_token_of_one_purpose_is_refused_for_another() {
        let keys = Keys::derive("one");
        let open = URL_SAFE_NO_PAD.decode(keys.sign(&samples()[0])).unwrap();
        let mut relabelled = open.clone();
        relabelled[0] = Purpose::Unsubscribe as u8;
        assert_eq!(keys.read(&URL_SAFE_NO_PAD.encode(relabelled)), None);
    }

    #[test]
    fn secrets_differ_from_store_to_store() {
        assert_ne!(Keys::draw_secret(), Keys::draw_secret());
    }

    proptest! {
        #[test]
        fn one_changed_bit_is_refused(which in 0_usize..6, at: prop::sample::Index, bit in 0_u8..8) {
            let keys = Keys::derive("one");
            let token = &samples()[which];
            let mut bytes = URL_SAFE_NO_PAD.decode(keys.sign(token)).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(keys.read(&URL_SAFE_NO_PAD.encode(bytes)), None);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            prop_assert_eq!(Keys::derive("one").read(&text), None);
        }
    }
}
