//! What conditions ask about products.
//!
//! Every word of the catalogue has a number, so that a product is compared with a condition's words
//! by numbers: the words are looked up once.

use std::collections::HashMap;

use aftercart_model::{Product, ProductId};
use jiff::Timestamp;

use crate::facts::fold;

/// Category, kind, brand, tags, name, code and price of products, by product id.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    products: Vec<Option<Entry>>,
    words: HashMap<String, WordId>,
    /// By number, as the first product that has the word spells it.
    spellings: Vec<Box<str>>,
}

/// A word of the catalogue, folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct WordId(u32);

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    name: String,
    pub price_minor: i64,
    pub name_folded: String,
    pub name_word: WordId,
    pub code: WordId,
    pub category: WordId,
    pub kind: WordId,
    pub brand: WordId,
    pub tags: Vec<WordId>,
}

impl Catalogue {
    pub fn new(products: &[Product]) -> Self {
        let len = products.iter().map(|it| it.id.index() + 1).max().unwrap_or(0);
        let mut catalogue = Self { products: vec![None; len], ..Self::default() };
        for product in products {
            let entry = Entry {
                name: product.name.clone(),
                price_minor: product.price_minor,
                name_word: catalogue.number(&product.name),
                name_folded: fold(&product.name),
                code: catalogue.number(&product.code),
                category: catalogue.number(&product.category),
                kind: catalogue.number(&product.kind),
                brand: catalogue.number(&product.brand),
                tags: product.tags.iter().map(|it| catalogue.number(it)).collect(),
            };
            catalogue.products[product.id.index()] = Some(entry);
        }
        catalogue
    }

    fn number(&mut self, word: &str) -> WordId {
        let next = WordId(u32::try_from(self.words.len()).expect("fewer than 4 billion words"));
        *self.words.entry(fold(word)).or_insert_with(|| {
            self.spellings.push(word.trim().into());
            next
        })
    }

    pub fn name(&self, product: ProductId) -> Option<&str> {
        self.entry(product).map(|it| it.name.as_str())
    }

    /// The number of a folded word, if a product has it.
    pub(crate) fn word(&self, folded: &str) -> Option<WordId> {
        self.words.get(folded).copied()
    }

    #[inline]
    pub(crate) fn entry(&self, product: ProductId) -> Option<&Entry> {
        self.products.get(product.index())?.as_ref()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.products.iter().flatten()
    }

    /// One more than the greatest product id.
    pub(crate) fn ids_end(&self) -> usize {
        self.products.len()
    }

    /// A word back from its number, as the shop spells it.
    pub(crate) fn spelling(&self, word: WordId) -> &str {
        &self.spellings[word.0 as usize]
    }
}

/// What goes with a product and what betters it, and after how long it is bought again.
#[derive(Clone, Debug, Default)]
pub struct Relations {
    complements: Lists,
    upgrades: Lists,
    /// By product, in days.
    intervals: Vec<Option<u32>>,
    intervals_learned_at: Option<Timestamp>,
}

/// Of each product a list of others.
#[derive(Clone, Debug, Default)]
struct Lists {
    /// Ascending.
    products: Vec<Vec<ProductId>>,
    /// Of each list a bit for each product, the same one for many: most that are not listed are known
    /// by it, without a look into the list.
    marks: Vec<u64>,
}

impl Relations {
    /// `complements[p]` are the products that go with product `p`, `upgrades[p]` those that are its
    /// better versions; in any order.
    pub fn new(complements: Vec<Vec<ProductId>>, upgrades: Vec<Vec<ProductId>>) -> Self {
        Self {
            complements: Lists::new(complements),
            upgrades: Lists::new(upgrades),
            ..Self::default()
        }
    }

    /// With the days after which each product is bought again, by product; `None` of one that is not.
    #[must_use]
    pub fn with_intervals(self, days: Vec<Option<u32>>, learned_at: Timestamp) -> Self {
        Self { intervals: days, intervals_learned_at: Some(learned_at), ..self }
    }

    /// After how many days people buy the product again.
    pub fn interval_days(&self, product: ProductId) -> Option<u32> {
        self.intervals.get(product.index()).copied().flatten()
    }

    /// Whether any product is bought again after some time.
    pub fn has_intervals(&self) -> bool {
        self.intervals.iter().any(Option::is_some)
    }

    /// Up to when orders taught the intervals.
    pub fn intervals_learned_at(&self) -> Option<Timestamp> {
        self.intervals_learned_at
    }

    pub fn goes_with(&self, product: ProductId, anchor: ProductId) -> bool {
        self.complements.has(anchor, product)
    }

    pub fn betters(&self, product: ProductId, anchor: ProductId) -> bool {
        self.upgrades.has(anchor, product)
    }
}

impl Lists {
    fn new(mut products: Vec<Vec<ProductId>>) -> Self {
        products.iter_mut().for_each(|it| it.sort_unstable());
        let marks = |list: &Vec<ProductId>| list.iter().fold(0, |marks, it| marks | mark(*it));
        Self { marks: products.iter().map(marks).collect(), products }
    }

    #[inline]
    fn has(&self, anchor: ProductId, product: ProductId) -> bool {
        let is_marked = self.marks.get(anchor.index()).is_some_and(|it| it & mark(product) != 0);
        is_marked && self.products[anchor.index()].binary_search(&product).is_ok()
    }
}

fn mark(product: ProductId) -> u64 {
    1 << (product.0 % 64)
}
