//! An email as an operator writes it: an inbox line and a column of blocks.
//!
//! A document holds words with merge tags and nothing that is true of one customer only; numbers,
//! prices, codes and dates come from [`crate::EmailData`]. Where the words depend on what is known,
//! several stand beside each other with the needs they hang on, and the first that holds is used.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Need;

/// A phone shows about so many characters of a subject.
pub const SUBJECT_CHARS_MAX: usize = 44;
/// A button with more wraps on a phone.
pub const BUTTON_CHARS_MAX: usize = 28;
/// A document needs few blocks; a file with more was not written by hand.
pub const BLOCKS_MAX: usize = 60;

/// What an email is for in its sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Offer,
    Discount,
    SocialProof,
    Nudge,
    Feedback,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub role: Role,
    /// Without these the email has nothing to say and is not made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    pub subject: Words,
    /// What the inbox shows after the subject; adds a fact.
    pub preheader: Words,
    pub blocks: Vec<Block>,
}

/// A text with merge tags, or several of which the first is used whose needs hold and which fits
/// where it stands. If none of them fits, the last one that holds is cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(pub Vec<Saying>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saying {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Need>,
    pub say: String,
}

impl Words {
    /// The same words whatever is known.
    pub fn always(text: impl Into<String>) -> Self {
        Self(vec![Saying { when: Vec::new(), say: text.into() }])
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|it| it.say.trim().is_empty())
    }
}

impl From<&str> for Words {
    fn from(text: &str) -> Self {
        Self::always(text)
    }
}

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [only] if only.when.is_empty() => serializer.serialize_str(&only.say),
            sayings => sayings.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> serde::de::Visitor<'de> for Either {
            type Value = Words;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, or a list of `when` and `say`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Words, E> {
                Ok(Words::always(text))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<Words, A::Error> {
                let mut sayings = Vec::new();
                while let Some(saying) = seq.next_element()? {
                    sayings.push(saying);
                }
                Ok(Words(sayings))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// A piece of an email. Each goes away by itself when the data it shows is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    Logo(LogoBlock),
    /// The scene of the two products in use, as wide as the email.
    Hero(HeroBlock),
    /// The pair's picture or the main product's, within the margins.
    Picture(PictureBlock),
    Heading(HeadingBlock),
    Text(TextBlock),
    Button(ButtonBlock),
    Product(ProductBlock),
    /// The products after the main one.
    Products(ProductsBlock),
    GoTogether(GoTogetherBlock),
    /// A full band of colour with a large number.
    Band(BandBlock),
    Coupon(CouponBlock),
    /// The code within one line.
    CouponLine(CouponLineBlock),
    Price(PriceBlock),
    Rating(RatingBlock),
    Reviews(ReviewsBlock),
    /// The opening review on a full band of colour.
    Quote(QuoteBlock),
    Story(StoryBlock),
    Divider(DividerBlock),
    Terms(TermsBlock),
    /// One to five stars to tap.
    RatingRequest(RatingRequestBlock),
    Footer(FooterBlock),
}

macro_rules! blocks {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(default, deny_unknown_fields)]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $type,)*
                /// Shown only if all of these hold.
                #[serde(skip_serializing_if = "Vec::is_empty")]
                pub show_if: Vec<Need>,
            }
        )*
    };
}

blocks! {
    LogoBlock {}
    HeroBlock {}
    PictureBlock {
        #[serde(skip_serializing_if = "is_default")]
        of: PictureOf,
    }
    HeadingBlock {
        text: Words,
        #[serde(skip_serializing_if = "is_default")]
        level: HeadingLevel,
        #[serde(skip_serializing_if = "is_default")]
        align: Align,
    }
    TextBlock {
        text: Words,
        #[serde(skip_serializing_if = "is_default")]
        size: TextSize,
        #[serde(skip_serializing_if = "is_default")]
        align: Align,
    }
    ButtonBlock {
        text: Words,
        #[serde(skip_serializing_if = "is_default")]
        link: Link,
        #[serde(skip_serializing_if = "is_default")]
        width: ButtonWidth,
    }
    ProductBlock {
        #[serde(skip_serializing_if = "is_default")]
        layout: ProductLayout,
        #[serde(skip_serializing_if = "is_default")]
        price: PriceKind,
    }
    ProductsBlock {
        /// What stands under each name, if the product has it; else the other one.
        #[serde(skip_serializing_if = "is_default")]
        line: ProductLine,
        #[serde(skip_serializing_if = "is_default")]
        price: PriceKind,
        /// How many are shown at most; a third stands below the pair.
        #[serde(skip_serializing_if = "is_default")]
        shows: ProductsShown,
    }
    GoTogetherBlock { heading: Words, }
    BandBlock { above: Words, number: Words, below: Words, }
    CouponBlock { label: Words, note: Words, }
    CouponLineBlock { before: Words, after: Words, }
    PriceBlock {
        #[serde(skip_serializing_if = "is_default")]
        price: PriceKind,
        #[serde(skip_serializing_if = "is_default")]
        align: Align,
    }
    RatingBlock { note: Words, }
    ReviewsBlock {}
    QuoteBlock {}
    StoryBlock {}
    DividerBlock {}
    TermsBlock { text: Words, }
    RatingRequestBlock {
        /// What one star means.
        low: Words,
        /// What five stars mean.
        high: Words,
    }
    FooterBlock {
        /// Why the customer gets this.
        why: Words,
    }
}

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { #[default] $first:ident, $($other:ident),* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(rename_all = "snake_case")]
            pub enum $name { #[default] $first, $($other),* }
        )*
    };
}

choices! {
    PictureOf { #[default] Pair, Main }
    ProductsShown { #[default] Two, Three }
    HeadingLevel { #[default] First, Second }
    TextSize { #[default] Body, Small }
    Align { #[default] Centre, Left }
    /// Where a button leads.
    Link { #[default] Main, Proof, Shop }
    ButtonWidth { #[default] Auto, Full }
    /// The picture beside the words, or above them.
    ProductLayout { #[default] Beside, Card }
    /// The price alone, or struck through with the coupon's price after it.
    PriceKind { #[default] Full, Reduced }
    ProductLine { #[default] Summary, Reason }
}

impl ProductsShown {
    pub fn most(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Three => 3,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Why a text is not a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("cannot read the email: {0}")]
    Unreadable(String),
    #[error("the email has {0} blocks; keep {BLOCKS_MAX} or fewer")]
    TooManyBlocks(usize),
}

impl Document {
    pub fn parse(yaml: &str) -> Result<Self, DocumentError> {
        let document: Self = serde_saphyr::from_str(yaml)
            .map_err(|error| DocumentError::Unreadable(error.to_string()))?;
        match document.blocks.len() {
            0..=BLOCKS_MAX => Ok(document),
            blocks => Err(DocumentError::TooManyBlocks(blocks)),
        }
    }

    pub fn to_yaml(&self) -> String {
        serde_saphyr::to_string(self).expect("a document is plain data")
    }

    /// Every text an operator wrote, with the name of where it stands, for editors and checks.
    pub fn strings(&self) -> Vec<(String, &str)> {
        let mut places =
            vec![("subject".to_owned(), &self.subject), ("preheader".to_owned(), &self.preheader)];
        for (index, block) in self.blocks.iter().enumerate() {
            for (field, words) in block.words() {
                places.push((format!("block {} ({}), `{field}`", index + 1, block.name()), words));
            }
        }
        let sayings = places.iter().flat_map(|(place, words)| {
            words.0.iter().map(move |it| (place.clone(), it.say.as_str()))
        });
        sayings.collect()
    }
}

impl Block {
    /// As it is written in a file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Logo(_) => "logo",
            Self::Hero(_) => "hero",
            Self::Picture(_) => "picture",
            Self::Heading(_) => "heading",
            Self::Text(_) => "text",
            Self::Button(_) => "button",
            Self::Product(_) => "product",
            Self::Products(_) => "products",
            Self::GoTogether(_) => "go_together",
            Self::Band(_) => "band",
            Self::Coupon(_) => "coupon",
            Self::CouponLine(_) => "coupon_line",
            Self::Price(_) => "price",
            Self::Rating(_) => "rating",
            Self::Reviews(_) => "reviews",
            Self::Quote(_) => "quote",
            Self::Story(_) => "story",
            Self::Divider(_) => "divider",
            Self::Terms(_) => "terms",
            Self::RatingRequest(_) => "rating_request",
            Self::Footer(_) => "footer",
        }
    }

    /// What the document asks for beyond what the block needs by itself.
    pub fn show_if(&self) -> &[Need] {
        match self {
            Self::Logo(it) => &it.show_if,
            Self::Hero(it) => &it.show_if,
            Self::Picture(it) => &it.show_if,
            Self::Heading(it) => &it.show_if,
            Self::Text(it) => &it.show_if,
            Self::Button(it) => &it.show_if,
            Self::Product(it) => &it.show_if,
            Self::Products(it) => &it.show_if,
            Self::GoTogether(it) => &it.show_if,
            Self::Band(it) => &it.show_if,
            Self::Coupon(it) => &it.show_if,
            Self::CouponLine(it) => &it.show_if,
            Self::Price(it) => &it.show_if,
            Self::Rating(it) => &it.show_if,
            Self::Reviews(it) => &it.show_if,
            Self::Quote(it) => &it.show_if,
            Self::Story(it) => &it.show_if,
            Self::Divider(it) => &it.show_if,
            Self::Terms(it) => &it.show_if,
            Self::RatingRequest(it) => &it.show_if,
            Self::Footer(it) => &it.show_if,
        }
    }

    /// What must be known for the block to have anything to show.
    pub fn needs(&self) -> &'static [Need] {
        match self {
            Self::Hero(_) => &[Need::Scene],
            Self::Picture(PictureBlock { of: PictureOf::Pair, .. }) => &[Need::PairPicture],
            Self::Picture(PictureBlock { of: PictureOf::Main, .. }) => &[Need::Picture],
            Self::Product(_) | Self::Price(_) => &[Need::Product],
            Self::Products(_) => &[Need::More],
            Self::GoTogether(_) => &[Need::Steps],
            Self::Band(_) | Self::Coupon(_) | Self::CouponLine(_) | Self::Terms(_) => {
                &[Need::Coupon]
            }
            Self::Rating(_) => &[Need::Rating],
            Self::Reviews(_) => &[Need::Reviews],
            Self::Quote(_) => &[Need::Quote],
            Self::Story(_) => &[Need::Story],
            Self::RatingRequest(_) => &[Need::RatingLinks],
            Self::Logo(_)
            | Self::Heading(_)
            | Self::Text(_)
            | Self::Button(_)
            | Self::Divider(_)
            | Self::Footer(_) => &[],
        }
    }

    /// Its texts, by the name of their field, always in the same order.
    pub fn words(&self) -> Vec<(&'static str, &Words)> {
        match self {
            Self::Heading(it) => vec![("text", &it.text)],
            Self::Text(it) => vec![("text", &it.text)],
            Self::Button(it) => vec![("text", &it.text)],
            Self::GoTogether(it) => vec![("heading", &it.heading)],
            Self::Band(it) => {
                vec![("above", &it.above), ("number", &it.number), ("below", &it.below)]
            }
            Self::Coupon(it) => vec![("label", &it.label), ("note", &it.note)],
            Self::CouponLine(it) => vec![("before", &it.before), ("after", &it.after)],
            Self::Rating(it) => vec![("note", &it.note)],
            Self::Terms(it) => vec![("text", &it.text)],
            Self::RatingRequest(it) => vec![("low", &it.low), ("high", &it.high)],
            Self::Footer(it) => vec![("why", &it.why)],
            Self::Logo(_)
            | Self::Hero(_)
            | Self::Picture(_)
            | Self::Product(_)
            | Self::Products(_)
            | Self::Price(_)
            | Self::Reviews(_)
            | Self::Quote(_)
            | Self::Story(_)
            | Self::Divider(_) => Vec::new(),
        }
    }

    /// How many characters its words may have before others are tried; only a button is tight.
    pub(crate) fn chars_max(&self) -> usize {
        if matches!(self, Self::Button(_)) { BUTTON_CHARS_MAX } else { usize::MAX }
    }
}

/// The documents the product ships with, by name.
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    &[
        ("offer", include_str!("../templates/offer.yaml")),
        ("discount", include_str!("../templates/discount.yaml")),
        ("social-proof", include_str!("../templates/social-proof.yaml")),
        ("nudge", include_str!("../templates/nudge.yaml")),
        ("feedback", include_str!("../templates/feedback.yaml")),
    ]
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn shipped_documents_survive_a_round_trip() {
        for (name, yaml) in shipped() {
            let document = Document::parse(yaml).unwrap_or_else(|err| panic!("{name}: {err}"));
            assert_eq!(Document::parse(&document.to_yaml()), Ok(document), "{name}");
        }
    }

    /// `text` without its tags.
    fn untagged(text: &str) -> String {
        let mut whole = text.to_owned();
        for (open, close) in [("{{", "}}"), ("{%", "%}")] {
            while let Some(start) = whole.find(open) {
                let end = whole[start..].find(close).map(|it| start + it + close.len());
                whole.replace_range(start..end.expect("a tag that closes"), "");
            }
        }
        whole
    }

    #[test]
    fn shipped_words_hold_no_number() {
        for (name, yaml) in shipped() {
            for (place, text) in Document::parse(yaml).unwrap().strings() {
                let is_free = |c: char| !c.is_ascii_digit() && !"%€£$".contains(c);
                assert!(untagged(text).chars().all(is_free), "{name}, {place}: {text}");
            }
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_refused_with_its_place() {
        let refused = |yaml: &str| match Document::parse(yaml).unwrap_err() {
            DocumentError::Unreadable(text) => text.lines().next().unwrap_or_default().to_owned(),
            other => other.to_string(),
        };
        let head = "role: offer\nsubject: Hello\npreheader: There\n";
        assert_snapshot!(refused(&format!("{head}blocks:\n- headline: {{}}\n")), @"error: line 5 column 3: unknown variant `headline`, expected one of logo, hero, picture, heading, text, button, product, products, go_together, band, coupon, coupon_line, price, rating, reviews, quote, story, divider, terms, rating_request, footer");
        assert_snapshot!(refused(&format!("{head}blocks:\n- heading: {{txt: A}}\n")), @"error: line 5 column 13: unknown field `txt`, expected one of text, level, align, show_if");
        assert_snapshot!(refused(&format!("{head}blocks:\n- text: {{show_if: [money]}}\n")), @"error: line 5 column 20: unknown variant `money`, expected one of given_name, order_name, order_noun, order_picture, product, noun, goes_with, step_up, due_again, best_seller, viewed, picture, summary, description, benefits, price_now, more, pair_heading, pair_lead, pair_fact, pair_picture, only_main_picture, scene, steps, coupon, no_coupon, coupon_in_links, reviews, no_reviews, quote, no_quote, rating, proof_noun, story, rating_links");
    }
}
