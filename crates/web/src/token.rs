//! The colours of the console, once, for light and dark; no other colour stands in its style sheet.
//!
//! They are a table rather than lines of CSS so that the ratios the design promises are computed in
//! a test from the very values that are served, and so that dark is written once though two
//! selectors need it.

use std::fmt::Write;

/// A custom property with its value in light and in dark.
pub struct Token {
    pub name: &'static str,
    pub light: &'static str,
    pub dark: &'static str,
}

const fn token(name: &'static str, light: &'static str, dark: &'static str) -> Token {
    Token { name, light, dark }
}

pub const TOKENS: [Token; 29] = [
    token("paper", "#F7F4EF", "#151210"),
    token("surface", "#FFFEFC", "#1D1916"),
    token("sunken", "#F0ECE5", "#110E0C"),
    token("tint", "#F0ECE5", "#27221E"),
    token("hover", "#F3EFE8", "#241F1B"),
    token("line", "#E6E0D7", "#2E2823"),
    token("line-2", "#D3CBBF", "#453D36"),
    token("field", "#938879", "#7D7267"),
    token("ink", "#221D18", "#F3EEE7"),
    token("ink-2", "#574F46", "#C0B6AA"),
    token("ink-3", "#71685D", "#9C9185"),
    token("accent", "#7A2E5D", "#D891BD"),
    token("accent-hover", "#64234B", "#E5A9CE"),
    token("on-accent", "#FFFFFF", "#24101C"),
    token("accent-text", "#7A2E5D", "#E2A5CB"),
    token("accent-soft", "#F6EAF1", "#35202D"),
    token("accent-line", "#DFC1D2", "#5C3A50"),
    token("good", "#1E6A45", "#7CC79D"),
    token("good-soft", "#E4F0E8", "#182B20"),
    token("warn", "#845400", "#E3B35C"),
    token("warn-soft", "#FAEFD8", "#30260F"),
    token("bad", "#B0261C", "#F29A8E"),
    token("bad-soft", "#FBE9E6", "#371C18"),
    token("on-bad", "#FFFFFF", "#2A0F0B"),
    token("info", "#2A5D8A", "#8FBDE3"),
    token("info-soft", "#E6EEF5", "#182734"),
    token("series-2", "#938879", "#8A8074"),
    token("series-1-soft", "#C99AB5", "#7C4E6A"),
    token("shade", "rgb(52 40 28)", "rgb(0 0 0 / 0)"),
];

/// The style rules that define the tokens for every setting of the theme.
pub fn css() -> String {
    let of = |pick: fn(&Token) -> &'static str| {
        TOKENS.iter().fold(String::new(), |mut rules, token| {
            write!(rules, "--{}:{};", token.name, pick(token)).expect("a string takes any text");
            rules
        })
    };
    let (light, dark) = (of(|it| it.light), of(|it| it.dark));
    format!(
        ":root{{color-scheme:light;{light}}}\n\
         :root[data-theme=dark]{{color-scheme:dark;{dark}}}\n\
         @media (prefers-color-scheme:dark){{\
         :root[data-theme=system]{{color-scheme:dark;{dark}}}}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as WCAG 2.2 defines it.
    fn luminance(hex: &str) -> f64 {
        let channel = |at: usize| {
            let value = u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            let value = f64::from(value) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    /// The contrast of `text` on `ground`, in light and in dark.
    fn contrast(text: &str, ground: &str) -> [f64; 2] {
        let find = |name: &str| TOKENS.iter().find(|it| it.name == name).expect("a token");
        let (text, ground) = (find(text), find(ground));
        let ratio = |a: &str, b: &str| {
            let (a, b) = (luminance(a), luminance(b));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        [ratio(text.light, ground.light), ratio(text.dark, ground.dark)]
    }

    #[test]
    fn text_is_readable_on_every_ground_it_stands_on() {
        let pairs = [
            ("ink", "surface"),
            ("ink-2", "surface"),
            ("ink-3", "surface"),
            ("ink-3", "paper"),
            ("ink-3", "sunken"),
            ("on-accent", "accent"),
            ("accent-text", "surface"),
            ("accent-text", "accent-soft"),
            ("good", "surface"),
            ("good", "good-soft"),
            ("warn", "surface"),
            ("warn", "warn-soft"),
            ("bad", "surface"),
            ("bad", "bad-soft"),
            ("on-bad", "bad"),
            ("info", "info-soft"),
            ("ink-2", "tint"),
            ("ink", "hover"),
        ];
        for (text, ground) in pairs {
            for ratio in contrast(text, ground) {
                assert!(ratio >= 4.5, "{text} on {ground} is {ratio:.2}");
            }
        }
    }

    #[test]
    fn borders_of_fields_and_marks_of_charts_can_be_seen() {
        for (mark, ground) in [("field", "surface"), ("series-2", "surface"), ("accent", "sunken")]
        {
            for ratio in contrast(mark, ground) {
                assert!(ratio >= 3.0, "{mark} on {ground} is {ratio:.2}");
            }
        }
    }

    #[test]
    fn the_style_sheet_itself_names_no_colour() {
        let sheet = include_str!("../assets/console.css");
        let is_hex =
            |word: &str| word.len() >= 3 && word.chars().take(3).all(|c| c.is_ascii_hexdigit());
        let hexes: Vec<&str> = sheet.split('#').skip(1).filter(|it| is_hex(it)).collect();
        assert!(hexes.is_empty(), "colours beside the tokens: {hexes:?}");
        assert!(!sheet.contains("rgb("), "colours beside the tokens");
    }
}
