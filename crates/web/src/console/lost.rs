//! The customers behind a leak of a report.

use maud::{Markup, html};

use super::{Head, customers, customers::CustomerRow, head};
use crate::{
    component::{Button, Empty, Paging, empty, pager},
    format,
    icon::Icon,
    layout::{Layout, Place},
};

#[derive(Clone, Debug)]
pub struct LostPage {
    pub flow_id: String,
    pub flow_name: String,
    /// `Offer: opened, not clicked`.
    pub what: String,
    pub total: u64,
    pub rows: Vec<CustomerRow>,
    pub paging: Paging,
}

impl LostPage {
    pub fn sample() -> Self {
        let customers = customers::CustomersPage::sample();
        Self {
            flow_id: "upsell-cross-sell".to_owned(),
            flow_name: "Upsell after an order".to_owned(),
            what: "Offer: opened, not clicked".to_owned(),
            total: 3_027,
            rows: customers.rows,
            paging: customers.paging,
        }
    }

    pub fn render(&self, layout: &Layout) -> Markup {
        let report = format!("/reports/{}", self.flow_id);
        let body = html! {
            (head(&Head {
                crumbs: &[("Reports", "/reports"), (&self.flow_name, &report)],
                title: &self.what,
                text: html! {
                    (format::counted(self.total, "customer", "customers"))
                    ", each once, over all the time the flow has run."
                },
                actions: html! { (Button::plain("Back to the report").icon(Icon::Chart).link(&report)) },
                ..Head::default()
            }))
            section.card aria-label=(self.what) {
                @if self.rows.is_empty() {
                    (empty(&Empty {
                        icon: Icon::People,
                        title: "Nobody here",
                        text: "No customer was lost at this step in this way.",
                        action: None,
                        alternative: Some(("Back to the report", &report)),
                    }))
                } @else {
                    (customers::table(&self.rows, layout))
                    (pager(&self.paging))
                }
            }
        };
        layout.page(&self.what, Some(Place::Reports), &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    #[test]
    fn the_page_says_whom_the_step_lost() {
        let html = LostPage::sample().render(&Layout::sample()).into_string();
        check(&html);
        let text = visible_text(&html);
        assert!(text.contains("Offer: opened, not clicked"), "{text}");
        assert!(text.contains("3,027 customers, each once"), "{text}");
        assert!(text.contains("Hana Sato"), "{text}");
    }
}
