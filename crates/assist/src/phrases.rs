//! The phrase bank: what each of the four emails is about, what it asks for, and how a tone changes
//! the words it ships with.
//!
//! No phrase holds a number, a price, a code or a date; those are merge tags.

use aftercart_email::{Block, Document, Need, Role, Saying, Words};
use serde::{Deserialize, Serialize};

/// The four, in their order.
pub(crate) const SEQUENCE: [Role; 4] =
    [Role::Offer, Role::Discount, Role::SocialProof, Role::Nudge];

/// How the emails speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// As a shopkeeper who remembers the order. The one emails ship with.
    Friendly,
    /// Less of everything.
    Brief,
    /// Reserved and exact.
    Elegant,
}

impl Tone {
    pub const ALL: [Self; 3] = [Self::Friendly, Self::Brief, Self::Elegant];

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        match word {
            "friendly" | "warm" | "kind" | "personal" | "casual" | "relaxed" => {
                Some(Self::Friendly)
            }
            "short" | "brief" | "plain" | "simple" | "concise" | "calm" => Some(Self::Brief),
            "elegant" | "refined" | "formal" | "professional" | "understated" => {
                Some(Self::Elegant)
            }
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Friendly => "friendly",
            Self::Brief => "brief",
            Self::Elegant => "elegant",
        }
    }
}

pub(crate) fn title(role: Role) -> &'static str {
    match role {
        Role::Offer => "Offer",
        Role::Discount => "Discount",
        Role::SocialProof => "Social proof",
        Role::Nudge => "Nudge",
        Role::Feedback => "Feedback",
    }
}

pub(crate) fn template(role: Role) -> &'static str {
    match role {
        Role::Offer => "offer",
        Role::Discount => "discount",
        Role::SocialProof => "social-proof",
        Role::Nudge => "nudge",
        Role::Feedback => "feedback",
    }
}

pub(crate) fn theme(role: Role) -> &'static str {
    match role {
        Role::Offer => "What goes with their order, or one step up from it, and how it is used",
        Role::Discount => "A limited-time coupon for it, and what it is worth again",
        Role::SocialProof => "Reviews, ratings and short true stories about it",
        Role::Nudge => "A short reminder of the offer, on the day the coupon ends",
        Role::Feedback => "How do they like what they bought?",
    }
}

pub(crate) fn call_to_action(role: Role) -> &'static str {
    match role {
        Role::Offer => "See the product",
        Role::Discount => "Use my coupon",
        Role::SocialProof => "See the product they wrote about",
        Role::Nudge => "Get it before the coupon ends",
        Role::Feedback => "Rate it",
    }
}

/// What the email needs to be whole.
pub(crate) fn needs(role: Role) -> &'static str {
    match role {
        Role::Offer => "3 products, 1 picture of the set",
        Role::Discount => "Coupon from a pool",
        Role::SocialProof => "Approved reviews",
        Role::Nudge => "Coupon reminder",
        Role::Feedback => "Links to rate",
    }
}

/// `document` in another tone.
pub(crate) fn in_tone(mut document: Document, tone: Tone) -> Document {
    match tone {
        Tone::Friendly => document,
        Tone::Brief => {
            document.subject = without_names(document.subject);
            document.blocks.retain(|it| !is_extra(it));
            document
        }
        Tone::Elegant => {
            document.subject = elegant_subject(document.role, without_names(document.subject));
            document
        }
    }
}

/// Left out where less is wanted: nothing that the email's one job needs.
fn is_extra(block: &Block) -> bool {
    let is_story = matches!(
        block,
        Block::GoTogether(_) | Block::Products(_) | Block::Story(_) | Block::Divider(_)
    );
    is_story || block.show_if().contains(&Need::More)
}

fn without_names(words: Words) -> Words {
    let unnamed = words.0.into_iter().filter(|it| !it.when.contains(&Need::GivenName));
    Words(unnamed.collect())
}

fn elegant_subject(role: Role, shipped: Words) -> Words {
    let say = |when: &[Need], text: &str| Saying { when: when.to_vec(), say: text.to_owned() };
    let first = match role {
        Role::Offer => vec![
            say(&[Need::OrderNoun], "Chosen to accompany your {{ order.noun }}"),
            say(&[], "Chosen to accompany your order"),
        ],
        Role::SocialProof => vec![
            say(
                &[Need::Reviews, Need::ProofNoun],
                "What owners say of the {{ proof.product.noun }}",
            ),
            say(&[Need::Reviews], "In the words of our customers"),
        ],
        Role::Discount => vec![say(&[], "With our thanks: {{ coupon.offer }} off")],
        Role::Nudge | Role::Feedback => vec![],
    };
    // Nothing after words that always hold would ever be said.
    let is_enough = first.last().is_some_and(|it| it.when.is_empty());
    let rest = if is_enough { Vec::new() } else { shipped.0 };
    Words(first.into_iter().chain(rest).collect())
}

/// What all four emails say; free of numbers.
pub(crate) const MESSAGE: &str =
    "You chose well; here is what makes it better, from people who remember your order";

pub(crate) fn objectives(goal: Option<&str>) -> Vec<String> {
    let all = [
        "A second order soon after the first",
        "A higher order value through products one step up",
        "Add-ons that go with what was bought",
    ];
    let chosen: &[usize] = match goal {
        Some("upsell") => &[0, 1],
        Some("cross-sell") => &[0, 2],
        _ => &[0, 1, 2],
    };
    chosen.iter().map(|it| all[*it].to_owned()).collect()
}

/// Phrases offered for what was not understood.
pub(crate) const VOCABULARY: &[&str] = &[
    "keep it friendly",
    "keep it short",
    "keep it elegant",
    "in a professional tone",
    "10% off",
    "10% off in the second",
    "a limited-time coupon",
    "valid for 5 days",
    "in the last 30 days",
    "bought in the last month",
    "haven't come back",
    "haven't ordered for 60 days",
    "over ten days",
    "over two weeks",
    "after 2, 3, 3 and 2 days",
    "at 10:00 their time",
    "in the morning",
    "hold out 10%",
    "again after 30 days",
    "stop when they buy",
    "repeat customers",
    "first-time customers",
    "ordered at least 2 times",
    "spent more than",
    "viewed related products",
    "viewed premium products",
    "recommend related products",
    "offer",
    "discount",
    "reviews",
    "social proof",
    "a last nudge",
    "upsell and cross-sell",
];
