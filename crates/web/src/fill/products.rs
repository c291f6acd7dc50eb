//! The catalogue, and the selected product with what goes with it.

use aftercart_engine::{
    ProductLine, ProductRelation, ProductView, ProductsView,
    recommend::{RuleChange, RuleEffect},
};

use super::picture;
use crate::{
    component::{Paging, Total},
    console::{
        ProductsPage,
        products::{ChangeByRule, PINNED, ProductPanel, ProductRow, RelatedProduct, encoded},
    },
};

pub fn page(
    view: &ProductsView,
    selected: Option<&ProductView>,
    query: &str,
    is_first: bool,
    is_sample: bool,
) -> ProductsPage {
    let base = if query.is_empty() {
        "/products?".to_owned()
    } else {
        format!("/products?q={}&", encoded(query))
    };
    ProductsPage {
        query: query.to_owned(),
        total: Total::Exactly(view.total),
        rows: view.products.iter().map(row).collect(),
        paging: Paging {
            newer: (!is_first).then(|| base.trim_end_matches(['?', '&']).to_owned()),
            older: view.older.map(|it| format!("{base}after={}", it.0)),
        },
        panel: selected.map(|it| panel(it, is_sample)),
    }
}

fn row(it: &ProductLine) -> ProductRow {
    let product = &it.product;
    ProductRow {
        id: product.id.0.to_string(),
        code: product.code.clone(),
        name: product.name.clone(),
        category: product.category.clone(),
        picture: picture(&product.picture),
        price_minor: product.price_minor,
        stock: product.stock,
        is_active: product.is_active,
        buyers: Some(it.buyers),
        goes_with: it.goes_with.as_ref().map(related),
    }
}

fn panel(it: &ProductView, is_sample: bool) -> ProductPanel {
    let product = &it.product;
    ProductPanel {
        id: product.id.0.to_string(),
        code: product.code.clone(),
        name: product.name.clone(),
        summary: product.summary.clone(),
        picture: picture(&product.picture),
        price_minor: product.price_minor,
        stock: product.stock,
        shop_href: if is_sample {
            // A made-up shop has no pages but the one that stands for them.
            Some(format!("/shop/{}", encoded(&product.code)))
        } else {
            (!product.url.is_empty()).then(|| product.url.clone())
        },
        bought_again: it.bought_again.as_ref().map(|it| it.in_words()),
        complements: it.complements.iter().map(related).collect(),
        upgrades: it.upgrades.iter().map(related).collect(),
        held_back: it.held_back.iter().map(related).collect(),
        rules: it.rules.iter().map(|it| (it.name.clone(), it.told.clone())).collect(),
        refused: None,
    }
}

fn related(it: &ProductRelation) -> RelatedProduct {
    RelatedProduct {
        id: it.product.id.0.to_string(),
        name: it.product.name.clone(),
        picture: picture(&it.product.picture),
        price_minor: it.product.price_minor,
        customers: it.customers,
        times_chance: it.times_chance,
        is_learned: it.is_learned,
        changes: it.changes.iter().map(change).collect(),
    }
}

fn change(it: &RuleChange) -> ChangeByRule {
    let what = match it.effect {
        RuleEffect::Pin => PINNED.to_owned(),
        RuleEffect::Boost(by) => format!("Counts {by} times"),
        RuleEffect::NeverShow => "Never shown".to_owned(),
        RuleEffect::AlwaysShow => "Always shown".to_owned(),
        RuleEffect::NeverAgain { days } => format!("Not again within {days} days"),
    };
    ChangeByRule { what, rule: it.rule.clone() }
}
