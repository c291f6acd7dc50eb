//! What the templates of one email see: the data, and what was chosen from it.
//!
//! All choosing happens here, in code, so that a template only prints: which product the reviews
//! are about, which review opens the email, which two stand side by side.

use serde::Serialize;

use crate::{
    CouponView, CustomerView, EmailData, Links, OrderView, PairView, ProductView, ReviewView,
    ShopView, StarsView, StepView, StoryView,
    data::{cleaned, is_web_address, text},
    wording,
};

/// More small products than these are not shown.
const MORE_MAX: usize = 3;
/// How many steps the block has room for.
const STEPS: usize = 3;
/// A quote in large letters longer than this is no longer read.
const QUOTE_CHARS_MAX: usize = 110;
const REVIEW_CHARS_MAX: usize = 180;
const NO_BREAK: &str = "\u{a0}";
/// Only a review of at least this opens an email.
const QUOTE_RATING_MIN: u8 = 4;

/// A document's merge tags name these fields.
#[derive(Serialize)]
pub(crate) struct View<'a> {
    pub customer: &'a CustomerView,
    pub order: &'a OrderView,
    pub products: &'a [ProductView],
    /// The first product.
    pub main: Option<&'a ProductView>,
    /// The two after it.
    pub more: &'a [ProductView],
    pub pair: &'a PairView,
    pub steps: &'a [StepView],
    pub coupon: Option<&'a CouponView>,
    pub proof: Option<Proof<'a>>,
    pub story: Option<&'a StoryView>,
    pub shop: &'a ShopView,
    pub links: &'a Links,
}

/// What buyers say: all of it about one product.
#[derive(Serialize)]
pub(crate) struct Proof<'a> {
    pub product: &'a ProductView,
    /// The one that opens the email.
    pub quote: Option<Quoted<'a>>,
    /// At most two others, with different marks where there are such.
    pub reviews: Vec<Quoted<'a>>,
}

/// A review as it is shown.
#[derive(Clone, Serialize)]
pub(crate) struct Quoted<'a> {
    pub stars: StarsView,
    pub text: String,
    pub is_excerpt: bool,
    #[serde(serialize_with = "text")]
    pub author: &'a str,
    #[serde(serialize_with = "text")]
    pub bought: &'a str,
}

impl<'a> View<'a> {
    /// `data` as [`prepared`] left it.
    pub fn new(data: &'a EmailData) -> Self {
        let products = data.products.as_slice();
        let more = products.get(1..).unwrap_or_default();
        Self {
            customer: &data.customer,
            order: &data.order,
            products,
            main: products.first(),
            more: &more[..more.len().min(MORE_MAX)],
            pair: &data.pair,
            steps: if data.steps.len() >= STEPS { &data.steps[..STEPS] } else { &[] },
            coupon: data.coupon.as_ref(),
            proof: Proof::choose(products, &data.reviews),
            story: data.story.as_ref(),
            shop: &data.shop,
            links: &data.links,
        }
    }

    pub fn main(&self) -> Option<&'a ProductView> {
        self.main
    }
}

/// A copy of `data` in which what cannot be shown is gone and each picture says what it shows.
pub(crate) fn prepared(data: &EmailData) -> EmailData {
    let mut data = data.clone();
    let drop_bad = |address: &mut String| {
        if !is_web_address(address) {
            address.clear();
        }
    };
    let has_coupon = data.coupon.is_some();
    for product in &mut data.products {
        if !has_coupon {
            product.price_now.clear();
        }
        product.name = unbroken(&product.name);
        product.size = product.size.replace(' ', NO_BREAK);
        drop_bad(&mut product.picture);
        product.benefits.retain(|it| !cleaned(it).is_empty());
        if cleaned(&product.picture_text).is_empty() {
            product.picture_text = product.name.clone();
        }
    }
    drop_bad(&mut data.order.picture);
    if cleaned(&data.order.picture_text).is_empty() {
        data.order.picture_text = data.order.name.clone();
    }
    drop_bad(&mut data.pair.scene);
    drop_bad(&mut data.pair.picture);
    for step in &mut data.steps {
        drop_bad(&mut step.picture);
        if cleaned(&step.picture_text).is_empty() {
            step.picture_text = step.verb.clone();
        }
    }
    if let Some(story) = &mut data.story {
        drop_bad(&mut story.picture);
    }
    data.links.ratings.retain(|it| is_web_address(it));
    data
}

/// A number stays on the line of its unit.
fn unbroken(name: &str) -> String {
    match wording::split_size(name) {
        (_, "") => name.to_owned(),
        (short, size) => format!("{short} {}", size.replace(' ', NO_BREAK)),
    }
}

impl<'a> Proof<'a> {
    /// Reviews of the first product that has any; else the first product with a rating; else the
    /// main product, of which nobody has said anything yet.
    fn choose(products: &'a [ProductView], reviews: &'a [ReviewView]) -> Option<Self> {
        let of = |index: usize| {
            let is_shown =
                move |it: &&ReviewView| it.product == index && !cleaned(&it.text).is_empty();
            reviews.iter().filter(is_shown).collect::<Vec<_>>()
        };
        let reviewed = (0..products.len()).find(|&it| !of(it).is_empty());
        let index = reviewed
            .or_else(|| products.iter().position(|it| it.rating.is_some()))
            .unwrap_or_default();
        let mut rest = of(index);
        let quote = opening(&rest).map(|at| rest.remove(at));
        let first = (!rest.is_empty()).then(|| rest.remove(0));
        let other = rest.iter().position(|it| first.is_some_and(|first| it.rating != first.rating));
        let second = (!rest.is_empty()).then(|| rest.remove(other.unwrap_or_default()));
        let shown = |it: &'a ReviewView| Quoted::new(it, REVIEW_CHARS_MAX);
        Some(Self {
            product: products.get(index)?,
            quote: quote.map(|it| Quoted::new(it, QUOTE_CHARS_MAX)),
            reviews: [first, second].into_iter().flatten().map(shown).collect(),
        })
    }

    pub fn has_reviews(&self) -> bool {
        self.quote.is_some() || !self.reviews.is_empty()
    }
}

/// The review to open with: the first good one that fits whole, else the first good one.
fn opening(reviews: &[&ReviewView]) -> Option<usize> {
    let is_good = |it: &&ReviewView| it.rating >= QUOTE_RATING_MIN;
    let is_short = |it: &&ReviewView| it.text.trim().chars().count() <= QUOTE_CHARS_MAX;
    let whole = reviews.iter().position(|it| is_good(it) && is_short(it));
    whole.or_else(|| reviews.iter().position(is_good))
}

impl<'a> Quoted<'a> {
    fn new(review: &'a ReviewView, chars_max: usize) -> Self {
        let stars = StarsView::new(review.rating);
        let (text, is_excerpt) = wording::excerpt(&cleaned(&review.text), chars_max);
        // The block brings its own quotation marks.
        let text = text.trim_matches(['"', '“', '”']).to_owned();
        let (author, bought) = (review.author.as_str(), review.bought.as_str());
        Self { stars, text, is_excerpt, author, bought }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review(product: usize, rating: u8, text: &str) -> ReviewView {
        ReviewView { product, rating, text: text.to_owned(), ..ReviewView::default() }
    }

    /// Which product, the opening quote and the texts of the two reviews shown.
    fn chosen(reviews: &[ReviewView]) -> (usize, Option<String>, Vec<String>) {
        let product = |name: &str| ProductView { name: name.to_owned(), ..ProductView::default() };
        let products = [product("0"), product("1")];
        let proof = Proof::choose(&products, reviews).unwrap();
        let texts = proof.reviews.iter().map(|it| it.text.clone()).collect();
        (proof.product.name.parse().unwrap(), proof.quote.map(|it| it.text), texts)
    }

    #[test]
    fn reviews_of_another_product_stand_in() {
        assert_eq!(chosen(&[]), (0, None, vec![]), "nobody said anything");
        assert_eq!(chosen(&[review(1, 5, "good")]).0, 1, "only the second has one");
        assert_eq!(chosen(&[review(1, 5, "a"), review(0, 4, "b")]).0, 0, "the main one first");
        assert_eq!(chosen(&[review(0, 5, " "), review(1, 4, "b")]).0, 1, "a rating without words");
        assert_eq!(chosen(&[review(7, 5, "lost")]).1, None, "of a product not in the email");
    }

    #[test]
    fn the_two_reviews_have_different_marks() {
        let all = [review(0, 5, "a"), review(0, 5, "b"), review(0, 5, "c"), review(0, 4, "d")];
        assert_eq!(chosen(&all), (0, Some("a".into()), vec!["b".into(), "d".into()]));
        let weak = [review(0, 3, "a"), review(0, 2, "b")];
        assert_eq!(chosen(&weak), (0, None, vec!["a".into(), "b".into()]), "none to open with");
    }

    #[test]
    fn a_long_opening_is_marked_as_an_excerpt() {
        let (_, quote, _) = chosen(&[review(0, 5, &"word ".repeat(60))]);
        assert!(quote.unwrap().ends_with('…'));
        let both = [review(0, 5, &"word ".repeat(60)), review(0, 4, "Short.")];
        assert_eq!(chosen(&both).1.unwrap(), "Short.", "one that fits whole is preferred");
    }
}
