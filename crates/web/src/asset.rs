//! Style sheets, modules and the sprite, served from memory under names that carry their content.
//!
//! A name changes with its content, so browsers may keep every file for a year and a page never
//! meets the style sheet of another version.

use std::sync::LazyLock;

use crate::{icon, token};

/// A file the pages refer to.
pub struct Asset {
    /// Where it is served, such as `/assets/console.0f3a….css`.
    pub path: String,
    pub content_type: &'static str,
    pub body: String,
}

impl Asset {
    fn new(stem: &str, extension: &str, content_type: &'static str, body: String) -> Self {
        let path = format!("/assets/{stem}.{:016x}.{extension}", fnv1a(body.as_bytes()));
        Self { path, content_type, body }
    }
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

static CONSOLE_CSS: LazyLock<Asset> = LazyLock::new(|| {
    let sheet = include_str!("../assets/console.css");
    Asset::new("console", "css", CSS, format!("{}{sheet}", token::css()))
});
static PUBLIC_CSS: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("public", "css", CSS, include_str!("../assets/public.css").to_owned())
});
static KEYS: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("keys", "js", SCRIPT, include_str!("../assets/keys.js").to_owned())
});
static FORMS: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("forms", "js", SCRIPT, include_str!("../assets/forms.js").to_owned())
});
static LIVE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("live", "js", SCRIPT, include_str!("../assets/live.js").to_owned())
});
static SEGMENT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("segment", "js", SCRIPT, include_str!("../assets/segment.js").to_owned())
});
static SPRITE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icons", "svg", SVG, icon::sprite_svg()));
static FAVICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("mark", "svg", SVG, include_str!("../assets/mark.svg").to_owned()));

pub fn console_css() -> &'static Asset {
    &CONSOLE_CSS
}

pub fn public_css() -> &'static Asset {
    &PUBLIC_CSS
}

pub fn sprite() -> &'static Asset {
    &SPRITE
}

pub fn favicon() -> &'static Asset {
    &FAVICON
}

/// The modules of the console, in the order in which pages load them.
pub fn modules() -> [&'static Asset; 4] {
    [&KEYS, &FORMS, &LIVE, &SEGMENT]
}

pub fn all() -> [&'static Asset; 8] {
    [&CONSOLE_CSS, &PUBLIC_CSS, &KEYS, &FORMS, &LIVE, &SEGMENT, &SPRITE, &FAVICON]
}

/// The file served at `path`, if its content is still the present one.
pub fn find(path: &str) -> Option<&'static Asset> {
    all().into_iter().find(|it| it.path == path)
}

/// FNV-1a, 64 bits: the content is our own, so nobody gains by making two files collide.
fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_changes_with_its_content() {
        let of = |body: &str| Asset::new("x", "css", CSS, body.to_owned()).path;
        assert_eq!(of("a{}"), of("a{}"));
        assert_ne!(of("a{}"), of("b{}"));
    }

    #[test]
    fn every_file_is_found_at_its_path_and_nowhere_else() {
        for asset in all() {
            assert!(find(&asset.path).is_some_and(|it| it.body == asset.body));
        }
        assert!(find("/assets/console.css").is_none(), "a name without its content");
    }

    #[test]
    fn modules_write_no_markup() {
        for module in modules() {
            for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("]
            {
                assert!(!module.body.contains(word), "{} uses {word}", module.path);
            }
        }
    }
}
