//! One sprite of outlines on a grid of 16 units, drawn with `currentColor`.
//!
//! An icon is decoration: it is hidden from screen readers, and what it means is said by a word
//! beside it or by the label of the button it stands in alone.

use std::fmt::Write;

use maud::{Markup, html};

use crate::asset;

macro_rules! icons {
    ($($name:ident $id:literal $shape:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Icon { $($name,)* }

        impl Icon {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            fn shape(self) -> &'static str {
                match self { $(Self::$name => $shape,)* }
            }
        }
    };
}

icons! {
    Home "home" r#"<path d="M2.5 7 8 2.5 13.5 7v6.5H9.8V9.6H6.2v3.9H2.5z"/>"#,
    Assistant "assistant" r#"<path d="M8 1.9C8.6 5.8 10.2 7.4 14.1 8c-3.9.6-5.5 2.2-6.1 6.1C7.4 10.2 5.8 8.6 1.9 8 5.8 7.4 7.4 5.8 8 1.9z"/>"#,
    Flow "flow" r#"<circle cx="8" cy="3.5" r="1.7"/><circle cx="3.6" cy="12.5" r="1.7"/><circle cx="12.4" cy="12.5" r="1.7"/><path d="M8 5.2v2.9M3.6 10.8V9.9c0-1.1.7-1.8 1.8-1.8h5.2c1.1 0 1.8.7 1.8 1.8v.9"/>"#,
    Mail "mail" r#"<rect x="2" y="3.3" width="12" height="9.4" rx="1.6"/><path d="M2.4 4.8 8 8.9l5.6-4.1"/>"#,
    Segment "segment" r#"<path d="M2 4.2h12M4.4 8h7.2M6.6 11.8h2.8"/>"#,
    Chart "chart" r#"<path d="M2 13.4h12M4.2 10.8V7.4M8 10.8V3M11.8 10.8V5.4"/>"#,
    People "people" r#"<circle cx="6" cy="5.3" r="2.4"/><path d="M1.8 13.3c.3-2.6 1.9-4 4.2-4s3.9 1.4 4.2 4M10.6 3.1a2.3 2.3 0 0 1 0 4.4M12 9.6c1.3.5 2.1 1.8 2.3 3.7"/>"#,
    Box "box" r#"<path d="M8 1.9l5.4 3v6.2L8 14.1l-5.4-3V4.9zM2.8 5 8 7.9 13.2 5M8 7.9v6"/>"#,
    Coupon "coupon" r#"<path d="M2 4.3h12v2.2a1.55 1.55 0 0 0 0 3v2.2H2V9.5a1.55 1.55 0 0 0 0-3zM9.6 5.4v1M9.6 7.5v1M9.6 9.6v1"/>"#,
    Star "star" r#"<path d="M8 1.9l1.9 3.9 4.2.6-3.1 3 .8 4.3L8 11.6l-3.8 2.1.8-4.3-3.1-3 4.2-.6z"/>"#,
    Inbox "inbox" r#"<path d="M2.2 9.2 4 3.2h8l1.8 6v3.6H2.2zM2.2 9.2h3.4c.2 1.4 1.1 2 2.4 2s2.2-.6 2.4-2h3.4"/>"#,
    Search "search" r#"<circle cx="7" cy="7" r="4.3"/><path d="M10.2 10.2l3.4 3.4"/>"#,
    Menu "menu" r#"<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/>"#,
    Close "close" r#"<path d="M4 4l8 8M12 4l-8 8"/>"#,
    Down "down" r#"<path d="M4.5 6.4 8 9.9l3.5-3.5"/>"#,
    Right "right" r#"<path d="M6.4 4.5 9.9 8l-3.5 3.5"/>"#,
    Left "left" r#"<path d="M9.6 4.5 6.1 8l3.5 3.5"/>"#,
    Check "check" r#"<path d="M3 8.5l3.3 3.3L13 4.9"/>"#,
    Warn "warn" r#"<path d="M8 2.5l6.1 10.7H1.9zM8 6.5v3M8 11.3v.1"/>"#,
    Info "info" r#"<circle cx="8" cy="8" r="6.1"/><path d="M8 7.4v3.6M8 5v.1"/>"#,
    Help "help" r#"<circle cx="8" cy="8" r="6.1"/><path d="M6.2 6.4a1.85 1.85 0 1 1 2.6 1.7c-.6.3-.8.6-.8 1.2M8 11.3v.1"/>"#,
    Clock "clock" r#"<circle cx="8" cy="8" r="6.1"/><path d="M8 4.6V8l2.3 1.5"/>"#,
    Bag "bag" r#"<path d="M3.2 5.4h9.6l.6 8.1H2.6zM5.6 7.2V4.6a2.4 2.4 0 0 1 4.8 0v2.6"/>"#,
    Split "split" r#"<path d="M8 2.4v4.4M8 6.8l-4.4 6M8 6.8l4.4 6"/>"#,
    Exit "exit" r#"<path d="M9.2 3H3.3v10h5.9M6.6 8h6.9M11.1 5.5 13.6 8l-2.5 2.5"/>"#,
    Ban "ban" r#"<circle cx="8" cy="8" r="5.9"/><path d="M3.9 3.9l8.2 8.2"/>"#,
    Eye "eye" r#"<path d="M1.6 8C3 5.2 5.2 3.8 8 3.8S13 5.2 14.4 8C13 10.8 10.8 12.2 8 12.2S3 10.8 1.6 8z"/><circle cx="8" cy="8" r="2"/>"#,
    Cursor "cursor" r#"<path d="M3.5 2.9l9 3.9-3.9 1.5-1.5 4z"/>"#,
    Pencil "pencil" r#"<path d="M2.9 13.1l.6-2.8 7.4-7.4 2.2 2.2-7.4 7.4z"/>"#,
    Pause "pause" r#"<path d="M6 3.6v8.8M10 3.6v8.8"/>"#,
    Play "play" r#"<path d="M5 3.3 12.2 8 5 12.7z"/>"#,
    More "more" r#"<path d="M3.5 8h.1M8 8h.1M12.5 8h.1" stroke-width="2"/>"#,
    Undo "undo" r#"<path d="M5.6 3.4 2.8 6.2 5.6 9M3 6.2h6.4a3.5 3.5 0 0 1 0 7H6.4"/>"#,
    Phone "phone" r#"<rect x="4.6" y="1.9" width="6.8" height="12.2" rx="1.6"/><path d="M7.2 12.1h1.6"/>"#,
    Desktop "desktop" r#"<rect x="1.9" y="2.9" width="12.2" height="8.1" rx="1.4"/><path d="M5.6 13.5h4.8M8 11v2.5"/>"#,
    Plus "plus" r#"<path d="M8 3.2v9.6M3.2 8h9.6"/>"#,
    Text "text" r#"<path d="M3 4.4V3h10v1.4M8 3v10M6.4 13h3.2"/>"#,
    List "list" r#"<path d="M5.6 4h8M5.6 8h8M5.6 12h8M2.5 4h.1M2.5 8h.1M2.5 12h.1"/>"#,
    Code "code" r#"<path d="M5.6 4.4 2.4 8l3.2 3.6M10.4 4.4 13.6 8l-3.2 3.6"/>"#,
    Cart "cart" r#"<path d="M1.8 2.8h1.7l1.6 7.3h7l1.5-5.2H4"/><circle cx="6.1" cy="12.8" r=".9"/><circle cx="11.2" cy="12.8" r=".9"/>"#,
    Download "download" r#"<path d="M8 2.6v7.2M5 7l3 3 3-3M2.8 13.2h10.4"/>"#,
    Up "up" r#"<path d="M3 12.6 12.6 3M6.2 3h6.4v6.4"/>"#,
}

/// The icon in text: 16 by 16, decorative.
pub fn icon(icon: Icon) -> Markup {
    let href = format!("{}#{}", asset::sprite().path, icon.id());
    html! {
        svg.icon width="16" height="16" aria-hidden="true" focusable="false" {
            use href=(href) {}
        }
    }
}

/// The whole sprite, as served.
pub fn sprite_svg() -> String {
    let mut svg = String::from(r#"<svg xmlns="http://www.w3.org/2000/svg">"#);
    for icon in Icon::ALL {
        let (id, shape) = (icon.id(), icon.shape());
        write!(
            svg,
            r#"<symbol id="{id}" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round">{shape}</symbol>"#
        )
        .expect("a string takes any text");
    }
    svg.push_str("</svg>");
    svg
}

/// The mark of the product: a cup seen from above, with what comes after beside it.
pub fn mark() -> Markup {
    html! {
        svg.mark width="30" height="30" viewBox="0 0 30 30" aria-hidden="true" focusable="false" {
            rect.mark-ground width="30" height="30" rx="8" {}
            path.mark-ring d="M8.7 14.3A6.4 6.4 0 1 1 15.8 21.3" {}
            circle.mark-dot cx="10.5" cy="19.6" r="1.7" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_stands_once_in_the_sprite() {
        let svg = sprite_svg();
        for icon in Icon::ALL {
            let symbol = format!("id=\"{}\"", icon.id());
            assert_eq!(svg.matches(&symbol).count(), 1, "{symbol}");
        }
    }
}
