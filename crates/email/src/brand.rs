//! The brand: a shop's look in email, by day and by night.
//!
//! Colours are checked when they are read, so that what stands in a style sheet is always a colour;
//! whether a pair can be told apart is for [`crate::lint`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// The least contrast of a text and its ground (WCAG 2.2, 1.4.3).
pub const CONTRAST_MIN: f64 = 4.5;

/// An opaque sRGB colour, written `#RRGGBB`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour([u8; 3]);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a colour; write it as `#RRGGBB`")]
pub struct ColourError(String);

impl Colour {
    /// `0x2F3A2D` is `#2F3A2D`.
    pub const fn rgb(hex: u32) -> Self {
        Self([(hex >> 16) as u8, (hex >> 8) as u8, hex as u8])
    }

    /// How well the two can be told apart, from 1 to 21 (WCAG 2.2).
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(self) -> f64 {
        let channel = |value: u8| {
            let share = f64::from(value) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(channel);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl TryFrom<String> for Colour {
    type Error = ColourError;

    fn try_from(text: String) -> Result<Self, ColourError> {
        let digits = text.strip_prefix('#').filter(|it| it.len() == 6);
        let value = digits
            .filter(|it| it.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|it| u32::from_str_radix(it, 16).ok());
        value.map(Self::rgb).ok_or(ColourError(text))
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02X}{green:02X}{blue:02X}")
    }
}

impl fmt::Debug for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Font families in a style sheet's own form, such as `Georgia, 'Times New Roman', serif`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FontStack(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a list of fonts; write names with commas between them")]
pub struct FontStackError(String);

impl FontStack {
    pub fn new(text: &str) -> Result<Self, FontStackError> {
        // The attribute it stands in is quoted with `"`.
        let text = text.trim().replace('"', "'");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || " ,'-".contains(c);
        let is_good = !text.is_empty()
            && text.chars().all(is_plain)
            && text.matches('\'').count().is_multiple_of(2);
        if is_good { Ok(Self(text)) } else { Err(FontStackError(text)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FontStack {
    type Error = FontStackError;

    fn try_from(text: String) -> Result<Self, FontStackError> {
        Self::new(&text)
    }
}

impl From<FontStack> for String {
    fn from(fonts: FontStack) -> Self {
        fonts.0
    }
}

/// Colours by what they are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Palette {
    /// Behind everything.
    pub page: Colour,
    /// Behind logo and footer.
    pub edge: Colour,
    /// Behind a product or a story.
    pub card: Colour,
    /// Behind the coupon.
    pub coupon: Colour,
    pub text: Colour,
    pub body: Colour,
    pub quiet: Colour,
    pub rule: Colour,
    pub button: Colour,
    pub button_text: Colour,
    /// Stars, bars, the coupon's dashes.
    pub accent: Colour,
    /// A price with the coupon taken off.
    pub price: Colour,
    /// The letters of the logo.
    pub logo: Colour,
}

/// A coloured band keeps its ground by day and by night.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    pub ground: Colour,
    pub text: Colour,
    /// Stars on it.
    pub accent: Colour,
}

/// A logo drawn by the shop; without one its name is set in letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogoPicture {
    pub url: String,
    /// For dark grounds.
    pub dark_url: String,
    /// At 40 high or less.
    pub width: u32,
}

/// A shop's look in email.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// The shop's name as the logo has it; an `&` standing alone is set in the accent.
    pub logo_text: String,
    #[serde(default)]
    pub logo_picture: Option<LogoPicture>,
    pub heading_font: FontStack,
    pub body_font: FontStack,
    pub code_font: FontStack,
    pub light: Palette,
    pub dark: Palette,
    /// Behind the number of a discount.
    pub discount_band: Band,
    /// Behind an opening quote.
    pub quote_band: Band,
    /// Behind a picture that is not shown.
    pub picture_ground: Colour,
}

impl Brand {
    /// The look of the sample shop, and of every shop until it chooses its own.
    pub fn sample() -> Self {
        Self::named("Tarn & Ember")
    }

    /// The sample look under another name.
    pub fn named(shop: &str) -> Self {
        let fonts = |text| FontStack::new(text).expect("a plain list of fonts");
        Self {
            logo_text: shop.to_owned(),
            logo_picture: None,
            heading_font: fonts("Georgia, 'Times New Roman', serif"),
            body_font: fonts(
                "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
            ),
            code_font: fonts(
                "'SF Mono', SFMono-Regular, Menlo, Consolas, 'Courier New', monospace",
            ),
            light: Palette {
                page: Colour::rgb(0xFFFFFF),
                edge: Colour::rgb(0xFBF5EA),
                card: Colour::rgb(0xFBF5EA),
                coupon: Colour::rgb(0xFFFFFF),
                text: Colour::rgb(0x2B2620),
                body: Colour::rgb(0x4A433A),
                quiet: Colour::rgb(0x6B6157),
                rule: Colour::rgb(0xE8DDCB),
                button: Colour::rgb(0x2F3A2D),
                button_text: Colour::rgb(0xFFFFFF),
                accent: Colour::rgb(0xB35C2D),
                price: Colour::rgb(0x9A4A20),
                logo: Colour::rgb(0x2F3A2D),
            },
            dark: Palette {
                page: Colour::rgb(0x1C1814),
                edge: Colour::rgb(0x15120E),
                card: Colour::rgb(0x2A241C),
                coupon: Colour::rgb(0x2A241C),
                text: Colour::rgb(0xF3ECE1),
                body: Colour::rgb(0xD2C8BA),
                quiet: Colour::rgb(0xB0A596),
                rule: Colour::rgb(0x3D352A),
                button: Colour::rgb(0xDDE6D8),
                button_text: Colour::rgb(0x1D241B),
                accent: Colour::rgb(0xD98A58),
                price: Colour::rgb(0xF0A878),
                logo: Colour::rgb(0xDDE6D8),
            },
            discount_band: Band {
                ground: Colour::rgb(0xB35C2D),
                text: Colour::rgb(0xFFFFFF),
                accent: Colour::rgb(0xFFFFFF),
            },
            quote_band: Band {
                ground: Colour::rgb(0x2F3A2D),
                text: Colour::rgb(0xFFFFFF),
                accent: Colour::rgb(0xF0A878),
            },
            picture_ground: Colour::rgb(0xEFE6D8),
        }
    }

    /// Every text with its ground, named as the brand page names them.
    pub fn pairs(&self) -> Vec<(&'static str, Colour, Colour)> {
        let mut pairs = vec![
            ("discount band", self.discount_band.text, self.discount_band.ground),
            ("quote band", self.quote_band.text, self.quote_band.ground),
            ("picture text", self.light.body, self.picture_ground),
        ];
        for (palette, names) in [(&self.light, LIGHT_PAIRS), (&self.dark, DARK_PAIRS)] {
            let of = [
                (palette.text, palette.page),
                (palette.body, palette.page),
                (palette.quiet, palette.page),
                (palette.quiet, palette.edge),
                (palette.quiet, palette.coupon),
                (palette.text, palette.card),
                (palette.price, palette.page),
                (palette.price, palette.card),
                (palette.button_text, palette.button),
                (palette.logo, palette.edge),
            ];
            pairs.extend(
                names.into_iter().zip(of).map(|(name, (text, ground))| (name, text, ground)),
            );
        }
        pairs
    }
}

const LIGHT_PAIRS: [&str; 10] = [
    "text on the page",
    "body on the page",
    "quiet on the page",
    "quiet on the footer",
    "quiet on the coupon",
    "text on a card",
    "price on the page",
    "price on a card",
    "button",
    "logo",
];
const DARK_PAIRS: [&str; 10] = [
    "text on the dark page",
    "body on the dark page",
    "quiet on the dark page",
    "quiet on the dark footer",
    "quiet on the dark coupon",
    "text on a dark card",
    "price on the dark page",
    "price on a dark card",
    "dark button",
    "dark logo",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_brand_can_be_read() {
        for (name, text, ground) in Brand::sample().pairs() {
            let contrast = text.contrast(ground);
            assert!(contrast >= CONTRAST_MIN, "{name}: {text} on {ground} is {contrast:.1}");
        }
    }

    #[test]
    fn contrast_is_as_the_design_measured_it() {
        let brand = Brand::sample();
        let near = |a: Colour, b: Colour, is: f64| (a.contrast(b) - is).abs() < 0.1;
        assert!(near(brand.light.body, brand.light.page, 9.7));
        assert!(near(brand.light.button_text, brand.light.button, 11.9));
        assert!(near(brand.dark.text, brand.dark.page, 15.0));
    }

    #[test]
    fn nothing_but_colours_and_fonts_enters_a_style() {
        let colour = |text: &str| Colour::try_from(text.to_owned());
        assert_eq!(colour("#2f3a2d").unwrap(), Colour::rgb(0x2F3A2D));
        assert!(colour("red").is_err());
        assert!(colour("#2F3A2D;background:url(x)").is_err());
        assert!(colour("#+12345").is_err());
        assert!(FontStack::new("Georgia, \"Times New Roman\", serif").is_ok());
        assert!(FontStack::new("x; color: red").is_err());
        assert!(FontStack::new("'Georgia").is_err(), "a quote left open");
    }
}
