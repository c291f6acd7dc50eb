//! Email documents: blocks and merge tags to MJML, HTML and text.
//!
//! A [`Document`] is compiled once with a [`Brand`] into a [`Program`]; for each customer only the
//! template language runs, over the [`EmailData`] the caller filled. Nothing here knows which
//! products to recommend, whether the email may go, or how it leaves; it makes it.
//!
//! The way of a word: an operator's text with its merge tags is rendered first, as plain text, into
//! a list of words. The HTML then prints those as it prints everything else: escaped. So no text of
//! a customer, a product or an operator is ever read as HTML or as a template a second time.

mod brand;
mod data;
mod document;
mod lint;
mod mjml;
mod need;
mod program;
mod sample;
mod style;
mod text;
mod token;
mod view;
pub mod wording;

pub use brand::{Band, Brand, CONTRAST_MIN, Colour, ColourError, FontStack, LogoPicture, Palette};
pub use data::{
    BarView, CouponView, CustomerView, EmailData, Links, OrderView, PairView, ProductView,
    RatingView, Relation, ReviewView, ShopView, StarsView, StepView, StoryView,
};
pub use document::{
    Align, BLOCKS_MAX, BUTTON_CHARS_MAX, BandBlock, Block, ButtonBlock, ButtonWidth, CouponBlock,
    CouponLineBlock, DividerBlock, Document, DocumentError, FooterBlock, GoTogetherBlock,
    HeadingBlock, HeadingLevel, HeroBlock, Link, LogoBlock, PictureBlock, PictureOf, PriceBlock,
    PriceKind, ProductBlock, ProductLayout, ProductLine, ProductsBlock, ProductsShown, QuoteBlock,
    RatingBlock, RatingRequestBlock, ReviewsBlock, Role, SUBJECT_CHARS_MAX, Saying, StoryBlock,
    TermsBlock, TextBlock, TextSize, Words, shipped,
};
pub use lint::{Finding, FindingLevel, lint};
pub use need::Need;
pub use program::{CompileError, HTML_BYTES_MAX, Program, RenderError, Rendered, compile};
