//! The catalogue as its page shows it: each product beside what goes with it best.

use aftercart_model::{Product, ProductId};
use aftercart_recommend::{Evidence, Neighbour, Neighbours, RuleChange, RuleRelation};
use anyhow::Result;

use crate::{BoughtAgain, Engine, Known, RuleTold};

/// Products a page shows.
pub const PRODUCTS_PAGE: usize = 50;
/// Related products shown beside one.
const RELATED_MAX: usize = 5;

#[derive(Clone, Debug)]
pub struct ProductsView {
    /// Of the whole catalogue.
    pub total: u64,
    pub products: Vec<ProductLine>,
    /// Where the next page begins.
    pub older: Option<ProductId>,
}

#[derive(Clone, Debug)]
pub struct ProductLine {
    pub product: Product,
    /// Customers who bought it, as of when the recommendations were learned.
    pub buyers: u64,
    pub goes_with: Option<ProductRelation>,
}

/// A product that stands in a relation to another.
#[derive(Clone, Debug)]
pub struct ProductRelation {
    pub product: Product,
    pub customers: u64,
    /// How many times more than by chance; `None` of a better version.
    pub times_chance: Option<f64>,
    /// Whether orders speak for it; else a rule alone does.
    pub is_learned: bool,
    /// The shop's rules that changed where it stands.
    pub changes: Vec<RuleChange>,
}

/// One product with everything that stands in a relation to it.
#[derive(Clone, Debug)]
pub struct ProductView {
    pub product: Product,
    /// `None` of what people do not buy again after some time.
    pub bought_again: Option<BoughtAgain>,
    pub complements: Vec<ProductRelation>,
    pub upgrades: Vec<ProductRelation>,
    /// What would stand among those if a rule did not keep it back.
    pub held_back: Vec<ProductRelation>,
    /// The rules that ask for it, as what is shown or as what was bought.
    pub rules: Vec<RuleTold>,
}

impl Engine {
    /// Products after `after` of which a word begins with `search`, in the order they were first
    /// seen.
    pub fn view_products(&self, search: &str, after: Option<ProductId>) -> Result<ProductsView> {
        let known = self.known()?;
        let buyers = known.buyers(|| self.store().read(|tx| tx.buyers_of_products()))?;
        let wanted = search.trim().to_lowercase();
        let found = known.products.iter().filter(|it| {
            after.is_none_or(|after| after < it.id) && (wanted.is_empty() || has_word(it, &wanted))
        });
        let mut page: Vec<&Product> = found.take(PRODUCTS_PAGE + 1).collect();
        let has_more = page.len() > PRODUCTS_PAGE;
        page.truncate(PRODUCTS_PAGE);
        let older = page.last().filter(|_| has_more).map(|it| it.id);
        let line = |product: &&Product| ProductLine {
            product: (*product).clone(),
            buyers: buyers.get(&product.id).copied().unwrap_or(0),
            goes_with: relations(
                &known,
                &beside(&known, product.id, RuleRelation::CrossSell).shown,
                1,
            )
            .pop(),
        };
        let products = page.iter().map(line).collect();
        Ok(ProductsView { total: known.products.len() as u64, products, older })
    }

    pub fn view_product(&self, id: ProductId) -> Result<Option<ProductView>> {
        let known = self.known()?;
        let Some(product) = known.product(id) else { return Ok(None) };
        let cross_sell = beside(&known, id, RuleRelation::CrossSell);
        let upsell = beside(&known, id, RuleRelation::Upsell);
        let mut held_back = relations(&known, &cross_sell.held_back, RELATED_MAX);
        held_back.extend(relations(&known, &upsell.held_back, RELATED_MAX));
        let asks_for_it = known.rules.document.rules.iter().filter(|it| {
            [&it.shown, &it.bought].iter().any(|by| !by.is_empty() && by.matches(product))
        });
        let currency = self.shop().currency;
        let told =
            asks_for_it.map(|it| RuleTold { name: it.name.clone(), told: it.in_words(currency) });
        Ok(Some(ProductView {
            product: product.clone(),
            bought_again: known.bought_again(id),
            complements: relations(&known, &cross_sell.shown, RELATED_MAX),
            upgrades: relations(&known, &upsell.shown, RELATED_MAX),
            held_back,
            rules: told.collect(),
        }))
    }
}

/// Whether a word of the name, the code or the category begins so.
fn has_word(product: &Product, wanted: &str) -> bool {
    [&product.name, &product.code, &product.category].into_iter().any(|text| {
        let text = text.to_lowercase();
        text.starts_with(wanted)
            || text.match_indices(wanted).any(|(at, _)| {
                text[..at].chars().next_back().is_some_and(|before| !before.is_alphanumeric())
            })
    })
}

fn beside(known: &Known, id: ProductId, relation: RuleRelation) -> Neighbours {
    let model = known.model.as_ref();
    model.map(|it| known.rules.bound.neighbours(it, id, relation, RELATED_MAX)).unwrap_or_default()
}

fn relations(known: &Known, beside: &[Neighbour], count: usize) -> Vec<ProductRelation> {
    let of = |it: &Neighbour| {
        let evidence = it.recommendation.evidence;
        Some(ProductRelation {
            product: known.product(it.recommendation.product)?.clone(),
            customers: evidence.customers().into(),
            times_chance: evidence.times_chance(),
            is_learned: evidence != Evidence::Chosen,
            changes: it.changes.clone(),
        })
    };
    beside.iter().filter_map(of).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_finds_how_words_begin() {
        let product = Product {
            category: "Coffee makers".to_owned(),
            ..Product::bare(ProductId(0), "CM-01", "Ceramic dripper No. 2", 3_400)
        };
        for wanted in ["cera", "dripper", "cm-01", "01", "makers", "ceramic dri"] {
            assert!(has_word(&product, wanted), "{wanted}");
        }
        for wanted in ["ripper", "m-01", "offee", "kettle"] {
            assert!(!has_word(&product, wanted), "{wanted}");
        }
    }
}
