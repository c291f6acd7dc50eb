//! What a condition is asked of: one customer's history and facts, and what the shop knows of its
//! products.

use std::collections::BTreeSet;

use aftercart_model::{Product, ProductId, Topic};
use jiff::tz::TimeZone;

use crate::History;

/// Whom a condition is asked about, and what must be known to answer.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub history: History<'a>,
    pub customer: &'a CustomerFacts,
    pub catalogue: &'a Catalogue,
    pub relations: &'a Relations,
    /// The customer's zone, else the shop's.
    pub zone: &'a TimeZone,
}

/// What conditions ask about a customer beside the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerFacts {
    pub has_email: bool,
    /// As the platform gave it.
    pub country: Option<String>,
    /// The topics the customer has agreed to and not withdrawn from.
    pub agreed: BTreeSet<Topic>,
    pub is_suppressed: bool,
}

/// What conditions ask about products: category, kind, tags, name, code, price, by product id.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    products: Vec<Option<Entry>>,
}

#[derive(Clone, Debug)]
struct Entry {
    name: String,
    price_minor: i64,
    // The rest is folded with `fold`, so that a comparison is one of bytes.
    name_folded: String,
    code: String,
    category: String,
    kind: String,
    tags: Vec<String>,
}

impl Catalogue {
    pub fn new(products: &[Product]) -> Self {
        let len = products.iter().map(|it| it.id.index() + 1).max().unwrap_or(0);
        let mut entries = vec![None; len];
        for product in products {
            entries[product.id.index()] = Some(Entry {
                name: product.name.clone(),
                price_minor: product.price_minor,
                name_folded: fold(&product.name),
                code: fold(&product.code),
                category: fold(&product.category),
                kind: fold(&product.kind),
                tags: product.tags.iter().map(|it| fold(it)).collect(),
            });
        }
        Self { products: entries }
    }

    pub fn name(&self, product: ProductId) -> Option<&str> {
        self.entry(product).map(|it| it.name.as_str())
    }

    fn entry(&self, product: ProductId) -> Option<&Entry> {
        self.products.get(product.index())?.as_ref()
    }

    pub(crate) fn price_minor(&self, product: ProductId) -> Option<i64> {
        self.entry(product).map(|it| it.price_minor)
    }

    // Below, `folded` is a text that went through `fold`.

    pub(crate) fn is_in_category(&self, product: ProductId, folded: &str) -> bool {
        self.entry(product).is_some_and(|it| it.category == folded)
    }

    pub(crate) fn is_of_kind(&self, product: ProductId, folded: &str) -> bool {
        self.entry(product).is_some_and(|it| it.kind == folded)
    }

    pub(crate) fn is_tagged(&self, product: ProductId, folded: &str) -> bool {
        self.entry(product).is_some_and(|it| it.tags.iter().any(|tag| tag == folded))
    }

    pub(crate) fn is_named(&self, product: ProductId, folded: &str) -> bool {
        self.entry(product).is_some_and(|it| it.name_folded == folded)
    }

    pub(crate) fn has_in_name(&self, product: ProductId, folded: &str) -> bool {
        self.entry(product).is_some_and(|it| it.name_folded.contains(folded))
    }

    pub(crate) fn is_coded(&self, product: ProductId, folded: &str) -> bool {
        self.entry(product).is_some_and(|it| it.code == folded)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = ProductId> {
        (0..).zip(&self.products).filter(|(_, it)| it.is_some()).map(|(id, _)| ProductId(id))
    }
}

/// Case and blanks around do not tell two names apart.
pub(crate) fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// What goes with a product and what betters it.
#[derive(Clone, Debug, Default)]
pub struct Relations {
    complements: Vec<Vec<ProductId>>,
    upgrades: Vec<Vec<ProductId>>,
}

impl Relations {
    /// `complements[p]` are the products that go with product `p`, `upgrades[p]` those that are its
    /// better versions; in any order.
    pub fn new(complements: Vec<Vec<ProductId>>, upgrades: Vec<Vec<ProductId>>) -> Self {
        let sorted = |mut lists: Vec<Vec<ProductId>>| {
            lists.iter_mut().for_each(|it| it.sort_unstable());
            lists
        };
        Self { complements: sorted(complements), upgrades: sorted(upgrades) }
    }

    pub fn goes_with(&self, product: ProductId, anchor: ProductId) -> bool {
        is_listed(&self.complements, anchor, product)
    }

    pub fn betters(&self, product: ProductId, anchor: ProductId) -> bool {
        is_listed(&self.upgrades, anchor, product)
    }
}

fn is_listed(lists: &[Vec<ProductId>], anchor: ProductId, product: ProductId) -> bool {
    lists.get(anchor.index()).is_some_and(|it| it.binary_search(&product).is_ok())
}
