//! The shop's rules with what each does, and their versions.

use aftercart_engine::{RulesVersion, RulesView, recommend::RuleEffect};

use crate::console::{
    ProductRulesPage,
    product_rules::{RuleRow, VersionRow},
};

pub fn page(
    view: &RulesView,
    versions: &[RulesVersion],
    refused: Option<String>,
) -> ProductRulesPage {
    let row = |it: &aftercart_engine::RuleShown| RuleRow {
        name: it.name.clone(),
        told: it.told.clone(),
        products: it.products as u64,
        lists_changed: match it.rule.effect {
            RuleEffect::NeverAgain { .. } => None,
            _ => Some(it.lists_changed as u64),
        },
        notes: it.notes.clone(),
    };
    let version = |it: &RulesVersion| VersionRow {
        version: it.version,
        at: it.at,
        changed_by: it.changed_by.clone(),
        rules: it.rules as u64,
    };
    ProductRulesPage {
        rows: view.rules.iter().map(row).collect(),
        of_products: view.of_products as u64,
        versions: versions.iter().map(version).collect(),
        is_trained: view.is_trained,
        refused,
    }
}
