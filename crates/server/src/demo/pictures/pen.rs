//! What all drawings share: materials, grounds, shadows, and how a drawing becomes a picture.
//!
//! Every object is drawn in one frame of 744 by 744 with its foot on [`BASE`], so that a scene can
//! set any of them down anywhere at any size. Light comes from the upper left: a material is a
//! gradient from its lit side to its shaded one.

/// The frame an object is drawn in.
pub const FRAME: f64 = 744.0;

/// Where objects stand in their frame.
pub const BASE: f64 = 606.0;

/// Where wall and table meet, as a share of the height.
const HORIZON: f64 = 0.75;

/// The colour of the wall and table behind an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    Sand,
    Honey,
    Sage,
    Clay,
    Stone,
    Rose,
}

impl Ground {
    /// Top and foot of the wall, and the table.
    fn colours(self) -> [&'static str; 3] {
        match self {
            Self::Sand => ["#F4EBDE", "#E8DAC6", "#E3D2BB"],
            Self::Honey => ["#F7ECD2", "#EEDFB5", "#E9D8A5"],
            Self::Sage => ["#E3E9DD", "#D3DCCA", "#C8D3BD"],
            Self::Clay => ["#F4DFD3", "#E9C9B6", "#E1BAA3"],
            Self::Stone => ["#EAEAE8", "#DADDD9", "#CED4CE"],
            Self::Rose => ["#F5E4DF", "#EBCFC8", "#E4C2BA"],
        }
    }
}

/// Name, lit side, middle, shaded side.
const MATERIALS: &[[&str; 4]] = &[
    ["black", "#4A514A", "#2B2F2A", "#191C18"],
    ["steel", "#E3DED5", "#B9B2A7", "#827B70"],
    ["bright", "#F4F2EE", "#CFCBC4", "#97928A"],
    ["ceramic", "#FCF8F0", "#F0E8DB", "#CDBEAA"],
    ["walnut", "#BC8450", "#A56D3C", "#7F4E26"],
    ["oak", "#E0BC8A", "#CDA46D", "#A77D4B"],
    ["ember", "#CB7543", "#AE5A2C", "#85401E"],
    ["copper", "#EDB48F", "#C98458", "#8E5130"],
    ["green", "#5D7157", "#3E513C", "#273628"],
    ["slate", "#6D8093", "#475B6E", "#2B3B4A"],
    ["honey", "#E9C36B", "#CF9F43", "#9E7323"],
    ["plum", "#9A5B80", "#773C5E", "#4E2139"],
    ["kraft", "#DDC19A", "#C9A87D", "#A08259"],
    ["linen", "#EFE5D3", "#DDCFB7", "#B9A88B"],
    ["smoke", "#8B837A", "#665F57", "#433D37"],
    ["iron", "#565450", "#35332F", "#1E1C1A"],
    ["sea", "#A9C3BE", "#7FA29C", "#52746E"],
    ["sky", "#DCE8EE", "#B9CEDA", "#8AA5B5"],
];

/// Wood of grips and knobs where a stroke needs one plain colour.
pub const WALNUT: &str = "#A96F3D";
/// The near black of kettles and grinders as one plain colour.
pub const BLACK: &str = "#252924";
/// Coffee seen through glass, and its surface.
pub const COFFEE: &str = "#6B4531";
pub const COFFEE_TOP: &str = "#8A583B";
pub const COFFEE_DARK: &str = "#5A3020";

/// The whole SVG of a picture: `content` on `ground`.
pub fn svg(ground: Ground, width: u32, height: u32, content: &str) -> String {
    let [top, foot, table] = ground.colours();
    let horizon = f64::from(height) * HORIZON;
    let floor = f64::from(height) - horizon;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"><defs><linearGradient id="wall" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{top}"/><stop offset="1" stop-color="{foot}"/></linearGradient><linearGradient id="table" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{table}" stop-opacity=".38"/><stop offset="1" stop-color="{table}" stop-opacity=".9"/></linearGradient>{materials}</defs><rect width="{width}" height="{height}" fill="url(#wall)"/><rect y="{horizon}" width="{width}" height="{floor}" fill="url(#table)"/>{content}</svg>"##,
        materials = materials(),
    )
}

/// Each material lit from the left, and as `…-v` from above.
fn materials() -> String {
    let mut defs = String::new();
    for [name, lit, middle, shade] in MATERIALS {
        for (suffix, end) in [("", r#"x2="1" y2="0""#), ("-v", r#"x2="0" y2="1""#)] {
            defs.push_str(&format!(
                r##"<linearGradient id="{name}{suffix}" x1="0" y1="0" {end}><stop offset="0" stop-color="{lit}"/><stop offset=".45" stop-color="{middle}"/><stop offset="1" stop-color="{shade}"/></linearGradient>"##
            ));
        }
    }
    defs
}

/// The soft shadow of something standing on [`BASE`] around `x`, half as wide as `half`.
pub fn shadow(x: f64, half: f64) -> String {
    let height = 9.0 + half / 22.0;
    format!(
        r##"<ellipse cx="{wide_x}" cy="609" rx="{wide}" ry="{height}" fill="#4A3520" opacity=".16"/><ellipse cx="{x}" cy="607" rx="{half}" ry="{low}" fill="#3A2815" opacity=".22"/>"##,
        wide_x = x + half * 0.06,
        wide = half * 1.12,
        low = height * 0.62,
    )
}

/// `object` from its own frame, its middle at `x` and its foot at `y`, at `scale`.
pub fn place(object: &str, x: f64, y: f64, scale: f64) -> String {
    format!(
        r#"<g transform="translate({dx} {dy}) scale({scale})">{object}</g>"#,
        dx = x - FRAME / 2.0 * scale,
        dy = y - BASE * scale,
    )
}

/// A soft streak of light along `d`.
pub fn shine(d: &str, width: f64) -> String {
    format!(
        r##"<path d="{d}" fill="none" stroke="#FFF" stroke-opacity=".26" stroke-width="{width}" stroke-linecap="round"/>"##
    )
}

/// A pale disc on the wall that lifts what stands before it.
pub fn disc(x: f64, y: f64, radius: f64) -> String {
    format!(r##"<circle cx="{x}" cy="{y}" r="{radius}" fill="#FFF" opacity=".2"/>"##)
}

/// Two or three curls of steam rising from `x`, `y`.
pub fn steam(x: f64, y: f64) -> String {
    let curl = |dx: f64, height: f64, opacity: f64| {
        format!(
            r##"<path d="M {x0} {y} c -22 {a} 24 {b} 2 {c}" fill="none" stroke="#FFF" stroke-opacity="{opacity}" stroke-width="9" stroke-linecap="round"/>"##,
            x0 = x + dx,
            a = -height / 3.0,
            b = -height * 0.66,
            c = -height,
        )
    };
    curl(-24.0, 74.0, 0.5) + &curl(20.0, 96.0, 0.38)
}

/// `text` of digits, `.`, `:` and blanks in seven segments, `height` high, from `x`, `y`.
///
/// Drawn as lines, so that no font is needed to draw a shop.
pub fn digits(text: &str, x: f64, y: f64, height: f64, colour: &str) -> String {
    let (width, half) = (height * 0.52, height / 2.0);
    let mut at = x;
    let mut d = String::new();
    for c in text.chars() {
        // Segments as in a pocket calculator: top, upper right, lower right, foot, lower left,
        // upper left, middle.
        let lit: &[u8] = match c {
            '0' => &[0, 1, 2, 3, 4, 5],
            '1' => &[1, 2],
            '2' => &[0, 1, 6, 4, 3],
            '3' => &[0, 1, 6, 2, 3],
            '4' => &[5, 6, 1, 2],
            '5' => &[0, 5, 6, 2, 3],
            '6' => &[0, 5, 6, 4, 3, 2],
            '7' => &[0, 1, 2],
            '8' => &[0, 1, 2, 3, 4, 5, 6],
            '9' => &[0, 1, 2, 3, 5, 6],
            '.' => {
                d.push_str(&format!("M {at} {foot} h 0.1 ", foot = y + height));
                at += height * 0.26;
                continue;
            }
            ':' => {
                let (up, down) = (y + height * 0.3, y + height * 0.75);
                d.push_str(&format!("M {at} {up} v 0.1 M {at} {down} v 0.1 "));
                at += height * 0.26;
                continue;
            }
            _ => {
                at += height * 0.5;
                continue;
            }
        };
        for segment in lit {
            let (sx, sy, move_to) = match segment {
                0 => (at, y, format!("h {width}")),
                1 => (at + width, y, format!("v {half}")),
                2 => (at + width, y + half, format!("v {half}")),
                3 => (at, y + height, format!("h {width}")),
                4 => (at, y + half, format!("v {half}")),
                5 => (at, y, format!("v {half}")),
                _ => (at, y + half, format!("h {width}")),
            };
            d.push_str(&format!("M {sx} {sy} {move_to} "));
        }
        at += width + height * 0.34;
    }
    format!(
        r#"<path d="{d}" fill="none" stroke="{colour}" stroke-width="{stroke}" stroke-linecap="round"/>"#,
        stroke = height * 0.15,
    )
}
