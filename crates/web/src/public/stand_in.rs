//! Where a product of the sample shop would open: the shop is made up, its pages are nowhere.

use maud::{Markup, html};

use super::PublicLayout;
use crate::component::web_address;

#[derive(Clone, Debug)]
pub struct StandInPage {
    /// `None` for the front page of the shop.
    pub product_name: Option<String>,
    pub product_picture: Option<String>,
}

impl StandInPage {
    pub fn sample() -> Self {
        Self {
            product_name: Some("Gooseneck kettle 0.9 l".to_owned()),
            product_picture: Some("/pictures/kettle.svg".to_owned()),
        }
    }

    pub fn render(&self, layout: &PublicLayout) -> Markup {
        let name = self.product_name.as_deref().unwrap_or(&layout.shop_name);
        layout.page(
            name,
            false,
            &html! {
                @if let Some(picture) = &self.product_picture {
                    img.product src=(web_address(picture)) alt="" width="240" height="240";
                }
                h1 { (name) }
                @if self.product_name.is_some() {
                    p { "This is where the shop's page of " b { (name) } " would open." }
                } @else {
                    p { "This is where the front page of the shop would open." }
                }
                p.quiet { (layout.shop_name) " is a sample shop. Your click was counted as it would be for yours." }
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, visible_text};

    #[test]
    fn it_says_what_would_open() {
        let html = StandInPage::sample().render(&PublicLayout::sample()).into_string();
        check(&html);
        let text = visible_text(&html);
        assert!(text.contains("the shop's page of Gooseneck kettle 0.9 l would open"), "{text}");
        let front = StandInPage { product_name: None, product_picture: None };
        let html = front.render(&PublicLayout::sample()).into_string();
        check(&html);
        assert!(visible_text(&html).contains("front page of the shop"));
    }
}
