//! Products: the catalogue, and what goes with each, with the evidence in numbers.

use maud::{Markup, html};

use super::{Head, head};
use crate::{
    component::{
        Button, Empty, Paging, Tone, Total, badge, badge_state, empty, note, pager, picture,
        search_field,
    },
    format,
    icon::{Icon, icon},
    layout::{Layout, Place},
};

#[derive(Clone, Debug)]
pub struct ProductsPage {
    pub query: String,
    pub total: Total,
    pub rows: Vec<ProductRow>,
    pub paging: Paging,
    /// The selected product.
    pub panel: Option<ProductPanel>,
}

#[derive(Clone, Debug)]
pub struct ProductRow {
    /// In the address: `?product=7`.
    pub id: String,
    pub code: String,
    pub name: String,
    pub category: String,
    pub picture: Option<String>,
    pub price_minor: i64,
    /// `None` if the shop does not count them.
    pub stock: Option<i64>,
    pub is_active: bool,
    /// Customers who bought it.
    pub buyers: Option<u64>,
    /// The best of what goes with it.
    pub goes_with: Option<RelatedProduct>,
}

#[derive(Clone, Debug)]
pub struct RelatedProduct {
    pub id: String,
    pub name: String,
    pub picture: Option<String>,
    pub price_minor: i64,
    /// Customers who bought both, or moved up.
    pub customers: u64,
    /// How many times more than by chance; `None` where chance does not come into it.
    pub times_chance: Option<f64>,
    /// Whether orders speak for it; else a rule alone does.
    pub is_learned: bool,
    /// The shop's rules that changed where it stands.
    pub changes: Vec<ChangeByRule>,
}

/// What a rule did to a product beside another.
#[derive(Clone, Debug)]
pub struct ChangeByRule {
    /// `Comes first`.
    pub what: String,
    /// The rule's name.
    pub rule: String,
}

#[derive(Clone, Debug)]
pub struct ProductPanel {
    pub id: String,
    pub code: String,
    pub name: String,
    pub summary: String,
    pub picture: Option<String>,
    pub price_minor: i64,
    pub stock: Option<i64>,
    pub shop_href: Option<String>,
    /// After how long people buy it again, in words.
    pub bought_again: Option<String>,
    pub complements: Vec<RelatedProduct>,
    pub upgrades: Vec<RelatedProduct>,
    /// What rules keep from standing among them.
    pub held_back: Vec<RelatedProduct>,
    /// Names of the rules that ask for it, with what they do.
    pub rules: Vec<(String, String)>,
    /// Why a change was not made.
    pub refused: Option<String>,
}

impl ProductsPage {
    pub fn sample() -> Self {
        let related =
            |id: &str, name: &str, file: &str, price_minor, customers, times| RelatedProduct {
                id: id.to_owned(),
                name: name.to_owned(),
                picture: Some(format!("/pictures/{file}.svg")),
                price_minor,
                customers,
                times_chance: Some(times),
                is_learned: true,
                changes: Vec::new(),
            };
        let by_rule = |what: &str, rule: &str| {
            vec![ChangeByRule { what: what.to_owned(), rule: rule.to_owned() }]
        };
        let row =
            |id: &str, name: &str, category: &str, file: &str, price_minor, stock, buyers, with| {
                ProductRow {
                    id: id.to_owned(),
                    code: format!("TE-{id}"),
                    name: name.to_owned(),
                    category: category.to_owned(),
                    picture: Some(format!("/pictures/{file}.svg")),
                    price_minor,
                    stock: Some(stock),
                    is_active: true,
                    buyers: Some(buyers),
                    goes_with: with,
                }
            };
        let kettle = related("7", "Gooseneck kettle 0.9 l", "kettle", 8_900, 212, 3.4);
        let grinder = related("11", "Hand grinder", "grinder", 11_900, 148, 2.6);
        let scale = related("14", "Brew scale", "scale", 5_900, 131, 2.1);
        let dripper = related("3", "Ceramic dripper No. 2", "dripper", 3_400, 212, 3.4);
        Self {
            query: String::new(),
            total: Total::Exactly(86),
            rows: vec![
                row(
                    "3",
                    "Ceramic dripper No. 2",
                    "Coffee makers",
                    "dripper",
                    3_400,
                    118,
                    1_402,
                    Some(kettle.clone()),
                ),
                row(
                    "7",
                    "Gooseneck kettle 0.9 l",
                    "Kettles",
                    "kettle",
                    8_900,
                    23,
                    644,
                    Some(dripper),
                ),
                row(
                    "11",
                    "Hand grinder",
                    "Grinders",
                    "grinder",
                    11_900,
                    41,
                    512,
                    Some(related("3", "Ceramic dripper No. 2", "dripper", 3_400, 148, 2.6)),
                ),
                row(
                    "14",
                    "Brew scale",
                    "Scales",
                    "scale",
                    5_900,
                    0,
                    377,
                    Some(related("7", "Gooseneck kettle 0.9 l", "kettle", 8_900, 121, 3.0)),
                ),
                ProductRow {
                    picture: None,
                    ..row("21", "Linen apron", "Kitchen", "apron", 4_200, 64, 18, None)
                },
            ],
            paging: Paging { newer: None, older: Some("?after=21".to_owned()) },
            panel: Some(ProductPanel {
                id: "3".to_owned(),
                code: "TE-3".to_owned(),
                name: "Ceramic dripper No. 2".to_owned(),
                summary: "Two cups, slow and clear. Fired in Caldas da Rainha.".to_owned(),
                picture: Some("/pictures/dripper.svg".to_owned()),
                price_minor: 3_400,
                stock: Some(118),
                shop_href: Some("https://tarnandember.example/dripper".to_owned()),
                bought_again: None,
                complements: vec![
                    RelatedProduct { changes: by_rule("Comes first", "Scales first"), ..scale },
                    kettle,
                    grinder,
                    RelatedProduct {
                        is_learned: false,
                        times_chance: None,
                        changes: by_rule("Always shown", "Always show TE-21 with TE-3"),
                        ..related("21", "Linen apron", "apron", 4_200, 0, 1.0)
                    },
                ],
                upgrades: vec![RelatedProduct {
                    times_chance: None,
                    ..related("5", "Copper dripper No. 2", "dripper", 6_400, 37, 1.0)
                }],
                held_back: vec![RelatedProduct {
                    changes: by_rule("Never shown", "Nothing on clearance"),
                    ..related("33", "Paper filters, last year's", "filters", 350, 96, 2.2)
                }],
                rules: vec![(
                    "Always show TE-21 with TE-3".to_owned(),
                    "always show: TE-21, after TE-3, as cross-sell".to_owned(),
                )],
                refused: None,
            }),
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let body = html! {
            (head(&Head {
                title: "Products",
                text: html! {
                    (self.total.text("product", "products"))
                    " in the catalogue, and what goes with each."
                },
                actions: Button::plain("Rules").icon(Icon::List).link("/products/rules"),
                ..Head::default()
            }))
            @if self.total.is_zero() {
                section.card aria-label="Products" {
                    (empty(&Empty {
                        icon: Icon::Box,
                        title: "No products yet",
                        text: "Products come with the first order. From orders the shop learns what \
                               goes with what.",
                        action: Some(("Go home", "/")),
                        alternative: None,
                    }))
                }
            } @else {
                div.beside.alone[self.panel.is_none()].products.with-panel[self.panel.is_some()] {
                    (self.list(layout))
                    @if let Some(panel) = &self.panel { (self.panel(panel, layout)) }
                }
            }
        };
        layout.page("Products", Some(Place::Products), &body)
    }

    fn list(&self, layout: &Layout) -> Markup {
        html! {
            section.card.map aria-label="Catalogue" {
                form.finder action="/products" role="search" {
                    (search_field("Name, code or category", &self.query))
                    (Button::plain("Search").submit())
                    @if !self.query.is_empty() { (Button::quiet("Show all").link("/products")) }
                }
                @if self.rows.is_empty() {
                    (empty(&Empty {
                        icon: Icon::Search,
                        title: "No product found",
                        text: "The search takes the beginning of a word in a name, a code or a \
                               category.",
                        action: None,
                        alternative: Some(("Show all", "/products")),
                    }))
                } @else {
                    (self.table(layout))
                    (pager(&self.paging))
                }
            }
        }
    }

    fn table(&self, layout: &Layout) -> Markup {
        let selected = self.panel.as_ref().map(|it| it.id.as_str());
        html! {
            table.rows.products {
                thead {
                    tr {
                        th scope="col" { "Product" }
                        th.number scope="col" { "Price" }
                        th.wide.number scope="col" { "Stock" }
                        th.wide.number scope="col" { "Buyers" }
                        th.mid scope="col" { "Goes with" }
                        th.number scope="col" { "Against chance" }
                    }
                }
                tbody {
                    @for row in &self.rows {
                        tr.selected[selected == Some(row.id.as_str())] {
                            th scope="row" {
                                span.person {
                                    (picture(row.picture.as_deref(), "thumb"))
                                    span {
                                        a.row-link href=(self.href(&row.id)) { (row.name) }
                                        span.under {
                                            @if !row.category.is_empty() { (row.category) ", " }
                                            (row.code)
                                        }
                                    }
                                }
                            }
                            td.number { (layout.currency.format(row.price_minor)) }
                            td.wide.number { (stock(row.stock, row.is_active)) }
                            td.wide.number { (format::count_or_dash(row.buyers)) }
                            @match &row.goes_with {
                                Some(it) => {
                                    td.mid { (it.name) span.under { (bought_together(it)) } }
                                    td.number {
                                        (it.times_chance.map_or_else(
                                            || format::NOTHING.to_owned(), format::times))
                                    }
                                }
                                None => {
                                    td.mid { (format::NOTHING) span.under { "too few orders to tell" } }
                                    td.number { (format::NOTHING) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn href(&self, id: &str) -> String {
        if self.query.is_empty() {
            format!("/products?product={id}")
        } else {
            format!("/products?q={}&product={id}", encoded(&self.query))
        }
    }

    fn panel(&self, it: &ProductPanel, layout: &Layout) -> Markup {
        html! {
            aside.panel.card aria-label=(it.name) {
                div.panel-head {
                    h2 { (it.name) }
                    a.button.quiet.alone data-close href="/products" aria-label="Close the product" {
                        (icon(Icon::Close))
                    }
                }
                @if let Some(why) = &it.refused {
                    div.panel-part { (note(Tone::Bad, Icon::Warn, &html! { p role="alert" { (why) } })) }
                }
                div.panel-part {
                    (picture(it.picture.as_deref(), "large"))
                    @if !it.summary.is_empty() { p.hint { (it.summary) } }
                    dl.facts {
                        div { dt { "Price" } dd { (layout.currency.format(it.price_minor)) } }
                        div { dt { "Code" } dd { (it.code) } }
                        div { dt { "Stock" } dd { (stock(it.stock, true)) } }
                    }
                    @if let Some(words) = &it.bought_again { p.hint { (words) "." } }
                    @if let Some(href) = &it.shop_href {
                        (Button::plain("See it in the shop").small().icon(Icon::Up).link(href))
                    }
                }
                (self.related("Goes with it", &it.complements, Some((&it.id, "cross_sell")), layout))
                (always_form(it))
                (self.related("A step up from it", &it.upgrades, Some((&it.id, "upsell")), layout))
                @if !it.held_back.is_empty() {
                    (self.related("Never shown with it", &it.held_back, None, layout))
                }
                (rules_about(it))
            }
        }
    }

    /// `of`: beside which product, and in which relation, so that each can be pinned or banned there.
    fn related(
        &self,
        title: &str,
        products: &[RelatedProduct],
        of: Option<(&str, &str)>,
        layout: &Layout,
    ) -> Markup {
        html! {
            div.panel-part.ruled.recommended {
                h3 { (title) }
                @if products.is_empty() { p.hint { "Too few orders to tell." } }
                ul {
                    @for it in products {
                        li {
                            (picture(it.picture.as_deref(), "thumb"))
                            div.words {
                                p { a.row-link href=(self.href(&it.id)) { (it.name) } }
                                p.hint {
                                    (bought_together(it))
                                    @if let Some(times) = it.times_chance {
                                        ", " (format::times(times)) " chance"
                                    }
                                }
                                @for change in &it.changes {
                                    p.by-rule { (change.what) ", by the rule “" (change.rule) "”" }
                                }
                                @if let Some((beside, relation)) = of {
                                    (rule_buttons(it, beside, relation))
                                }
                            }
                            span.price { (format::money_tick(layout.currency, it.price_minor as f64)) }
                        }
                    }
                }
            }
        }
    }
}

/// Pins a product beside another or bans it from there.
fn rule_buttons(it: &RelatedProduct, beside: &str, relation: &str) -> Markup {
    let is_pinned = it.changes.iter().any(|it| it.what == PINNED);
    html! {
        form.rule-buttons method="post" action=(format!("/products/{beside}/rules")) {
            input type="hidden" name="shown" value=(it.id);
            input type="hidden" name="relation" value=(relation);
            @if !is_pinned { (Button::quiet("Pin").small().submit_as("do", "pin")) }
            (Button::quiet("Never show").small().submit_as("do", "never"))
        }
    }
}

/// What is said of a product that is pinned.
pub const PINNED: &str = "Comes first";

fn always_form(it: &ProductPanel) -> Markup {
    html! {
        form.panel-part.always method="post" action=(format!("/products/{}/rules", it.id)) {
            input type="hidden" name="relation" value="cross_sell";
            label.label for="always-code" { "Always show with it" }
            div.one-line {
                input.field id="always-code" name="code" required maxlength="200"
                    autocomplete="off" placeholder="Code of a product";
                (Button::plain("Add").small().submit_as("do", "always"))
            }
        }
    }
}

fn rules_about(it: &ProductPanel) -> Markup {
    html! {
        div.panel-part.ruled {
            h3 { "Rules about it" }
            @if it.rules.is_empty() {
                p.hint { "None: the orders alone decide where it is shown." }
            }
            @for (name, told) in &it.rules {
                form.rule-about method="post" action="/products/rules/remove" {
                    input type="hidden" name="name" value=(name);
                    input type="hidden" name="product" value=(it.id);
                    div.words { p { (name) } p.hint { (told) } }
                    (Button::quiet("Remove").small().submit())
                }
            }
            form method="post" action=(format!("/products/{}/rules", it.id)) {
                (Button::plain("Never show it anywhere").small().icon(Icon::Ban)
                    .submit_as("do", "never_anywhere"))
            }
        }
    }
}

fn bought_together(it: &RelatedProduct) -> String {
    if !it.is_learned {
        return "No order speaks for it yet".to_owned();
    }
    let verb = if it.times_chance.is_some() { "bought both" } else { "moved up" };
    format!("{} {verb}", format::count(it.customers))
}

fn stock(units: Option<i64>, is_active: bool) -> Markup {
    match units {
        _ if !is_active => badge(Tone::Neutral, "Not for sale"),
        Some(units) if units <= 0 => badge_state(Tone::Warn, "Out of stock"),
        Some(units) => html! { (format::count(units.unsigned_abs())) },
        None => html! { (format::NOTHING) },
    }
}

/// A text as part of an address.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    fn text_of(page: &ProductsPage) -> String {
        let html = page.render(&Layout::sample()).into_string();
        check(&html);
        visible_text(&html)
    }

    #[test]
    fn each_product_stands_beside_what_goes_with_it() {
        insta::assert_snapshot!(text_of(&ProductsPage::sample()));
    }

    #[test]
    fn a_product_beside_another_can_be_pinned_there_and_banned() {
        let html = ProductsPage::sample().render(&Layout::sample()).into_string();
        assert_eq!(html.matches("value=\"never\"").count(), 5, "each that is shown");
        assert_eq!(html.matches("value=\"pin\"").count(), 4, "but the one that is pinned");
        assert!(html.contains("action=\"/products/3/rules\""));
        let mut page = ProductsPage::sample();
        let why = Some("Rule `a`: pins <TE-7>".to_owned());
        page.panel.as_mut().unwrap().refused = why;
        assert!(text_of(&page).contains("pins <TE-7>"));
    }

    #[test]
    fn what_is_bought_again_says_after_how_long() {
        let mut page = ProductsPage::sample();
        let words = "Bought again by 41 customers, after about 6 weeks".to_owned();
        page.panel.as_mut().unwrap().bought_again = Some(words);
        assert!(text_of(&page).contains("Bought again by 41 customers, after about 6 weeks."));
    }

    #[test]
    fn an_empty_catalogue_says_where_products_come_from() {
        let page = ProductsPage {
            total: Total::Exactly(0),
            rows: Vec::new(),
            panel: None,
            ..ProductsPage::sample()
        };
        assert!(text_of(&page).contains("No products yet"));
    }

    #[test]
    fn a_search_stays_in_the_address_of_its_results() {
        let page = ProductsPage { query: "tea & co".to_owned(), ..ProductsPage::sample() };
        let html = page.render(&Layout::sample()).into_string();
        assert!(html.contains("/products?q=tea%20%26%20co&amp;product=7"));
    }
}
