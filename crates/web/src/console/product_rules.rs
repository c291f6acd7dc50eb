//! The shop's own rules for recommendations: each with what it does now, and the versions there were.

use aftercart_model::Timestamp;
use maud::{Markup, html};

use super::{Head, head};
use crate::{
    component::{Button, Empty, Tone, card_head, empty, note},
    format,
    icon::{Icon, icon},
    layout::{Layout, Place},
};

#[derive(Clone, Debug)]
pub struct ProductRulesPage {
    pub rows: Vec<RuleRow>,
    pub of_products: u64,
    /// The newest first.
    pub versions: Vec<VersionRow>,
    /// Whether recommendations were learned yet.
    pub is_trained: bool,
    /// Why a change was not made.
    pub refused: Option<String>,
}

#[derive(Clone, Debug)]
pub struct RuleRow {
    pub name: String,
    /// What it does, in words.
    pub told: String,
    /// Products it is about.
    pub products: u64,
    /// Products beside which the first places look otherwise because of it; `None` of a rule that asks
    /// what each customer was shown.
    pub lists_changed: Option<u64>,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct VersionRow {
    pub version: u32,
    pub at: Timestamp,
    pub changed_by: String,
    pub rules: u64,
}

impl ProductRulesPage {
    pub fn sample() -> Self {
        let row = |name: &str, told: &str, products, lists_changed| RuleRow {
            name: name.to_owned(),
            told: told.to_owned(),
            products,
            lists_changed: Some(lists_changed),
            notes: Vec::new(),
        };
        let version = |version, at: &str, changed_by: &str, rules| VersionRow {
            version,
            at: at.parse().expect("a fixed instant"),
            changed_by: changed_by.to_owned(),
            rules,
        };
        Self {
            rows: vec![
                row(
                    "Always show TE-21 with TE-3",
                    "always show: TE-21, after TE-3, as cross-sell",
                    1,
                    1,
                ),
                row("Nothing on clearance", "never show: category Clearance", 11, 38),
                row("Our own brand", "boost by 1.5: brand Tarn & Ember", 24, 51),
                RuleRow {
                    notes: vec![
                        "no product is like what it shows; it does nothing as the catalogue is now"
                            .to_owned(),
                    ],
                    ..row("Winter", "pin: tag winter, stock 5 or more", 0, 0)
                },
                RuleRow {
                    lists_changed: None,
                    ..row("Once a month", "never again within 30 days", 86, 0)
                },
            ],
            of_products: 86,
            versions: vec![
                version(3, "2026-03-16T09:12:00Z", "console", 5),
                version(2, "2026-03-11T16:40:00Z", "command line", 4),
                version(1, "2026-03-11T16:31:00Z", "command line", 2),
            ],
            is_trained: true,
            refused: None,
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let body = html! {
            (head(&Head {
                crumbs: &[("Products", "/products")],
                title: "Rules",
                text: html! {
                    "Your own word on what is recommended. Nothing sold out, bought already or without \
                     a picture is shown, whatever a rule says."
                },
                ..Head::default()
            }))
            @if let Some(why) = &self.refused {
                (note(Tone::Bad, Icon::Warn, &html! { p role="alert" { (why) } }))
            }
            @if !self.is_trained {
                (note(Tone::Warn, Icon::Info, &html! {
                    "Nothing has been learned from orders yet, so no rule changes anything."
                }))
            }
            section.card aria-label="Rules" {
                @if self.rows.is_empty() {
                    (empty(&Empty {
                        icon: Icon::List,
                        title: "No rules: the orders alone decide",
                        text: "Open a product to pin what goes with it, to never show it, or to always \
                               show something with it. Whole categories, tags, prices, stock and \
                               margins take a file: aftercart recommend rules apply FILE.",
                        action: Some(("Choose a product", "/products")),
                        alternative: None,
                    }))
                } @else { (self.table()) }
            }
            @if !self.versions.is_empty() {
                section.card aria-label="Versions" {
                    (card_head("Versions", "the newest holds"))
                    ul.list-rows {
                        @for it in &self.versions {
                            li {
                                span {
                                    "Version " (it.version) " "
                                    span.under {
                                        (layout.calendar.moment_short(it.at)) ", " (it.changed_by)
                                    }
                                }
                                span.number { (format::counted(it.rules, "rule", "rules")) }
                            }
                        }
                    }
                }
            }
        };
        layout.page("Rules", Some(Place::Products), &body)
    }

    fn table(&self) -> Markup {
        html! {
            table.rows.rules {
                thead {
                    tr {
                        th scope="col" { "Rule" }
                        th.number scope="col" { "Products" }
                        th.wide.number scope="col" { "Lists changed" }
                        th scope="col" aria-label="Change" {}
                    }
                }
                tbody {
                    @for row in &self.rows {
                        tr {
                            th scope="row" {
                                (row.name)
                                span.under { (row.told) }
                                @for it in &row.notes {
                                    span.under.unusual { (icon(Icon::Warn)) " " (it) }
                                }
                            }
                            td.number { (format::count(row.products)) }
                            td.wide.number {
                                (format::count_or_dash(row.lists_changed))
                                span.under {
                                    @match row.lists_changed {
                                        Some(_) => { "of " (format::count(self.of_products)) }
                                        None => "differs by customer",
                                    }
                                }
                            }
                            td.number {
                                form method="post" action="/products/rules/remove" {
                                    input type="hidden" name="name" value=(row.name);
                                    (Button::plain("Remove").small().submit())
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    fn text_of(page: &ProductRulesPage) -> String {
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        visible_text(&html)
    }

    #[test]
    fn each_rule_stands_with_what_it_does_now() {
        insta::assert_snapshot!(text_of(&ProductRulesPage::sample()));
    }

    #[test]
    fn a_shop_without_rules_is_told_how_to_make_one() {
        let page = ProductRulesPage {
            rows: Vec::new(),
            versions: Vec::new(),
            is_trained: false,
            ..ProductRulesPage::sample()
        };
        let text = text_of(&page);
        assert!(text.contains("No rules: the orders alone decide"), "{text}");
        assert!(text.contains("Nothing has been learned"), "{text}");
    }

    #[test]
    fn a_name_stays_text() {
        let mut page = ProductRulesPage::sample();
        page.rows[0].name = "<b>first</b>\"".to_owned();
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        assert!(!html.contains("<b>first"));
    }
}
