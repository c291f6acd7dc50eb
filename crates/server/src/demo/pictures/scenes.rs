//! Composed pictures: the tops of emails, and two things side by side.

use super::{
    Ground, SQUARE, brewers,
    brewers::DripperOf,
    coffee,
    coffee::Mark,
    cups, espresso, grinders, kettles, kitchen,
    pen::{BLACK, WALNUT, disc, place, steam},
};

/// A composed picture before it is rendered.
pub struct Scene {
    pub name: &'static str,
    pub ground: Ground,
    pub width: u32,
    pub height: u32,
    pub content: String,
}

/// Tops of emails are 600 by 360 on a desk, twice that for sharp screens.
const WIDE: (u32, u32) = (1_200, 720);
/// Two things side by side, 512 by 341, twice that.
const PAIR: (u32, u32) = (1_020, 680);

pub fn all() -> Vec<Scene> {
    let wide = |name, ground, content| scene(name, ground, WIDE, content);
    let pair = |name, ground, content| scene(name, ground, PAIR, content);
    vec![
        wide("scene-pour.png", Ground::Sand, pour()),
        wide("scene-press.png", Ground::Honey, press()),
        wide("scene-espresso.png", Ground::Sage, machine()),
        wide("scene-coffee.png", Ground::Clay, beans()),
        wide("scene-kitchen.png", Ground::Sand, searing()),
        wide("scene-cold.png", Ground::Stone, cold()),
        wide("scene-morning.png", Ground::Clay, morning(600.0, 640.0)),
        pair("pair-kettle-dripper.png", Ground::Sand, kettle_and_dripper()),
        pair("pair-grinder-press.png", Ground::Sage, grinder_and_press()),
        pair("pair-machine-grinder.png", Ground::Clay, machine_and_grinder()),
        pair("pair-skillet-board.png", Ground::Honey, skillet_and_board()),
        scene("story-morning.png", Ground::Clay, (SQUARE, SQUARE), morning(352.0, 610.0)),
    ]
}

fn scene(name: &'static str, ground: Ground, size: (u32, u32), content: String) -> Scene {
    Scene { name, ground, width: size.0, height: size.1, content }
}

/// The kettle pours into the dripper; a mug waits, a bag stands by.
fn pour() -> String {
    let kettle = kettles::gooseneck_bare("black", BLACK, WALNUT);
    let dripper = place(&brewers::dripper(DripperOf::Ceramic), 746.0, 640.0, 0.84);
    let bag = place(&coffee::bag("ember", Mark::Bean), 1_064.0, 632.0, 0.66);
    let mug = place(&cups::mug("ceramic", "#DED2C0"), 330.0, 640.0, 0.42);
    format!(
        r##"{disc}{mug}{bag}{dripper}
        <path d="M 722 226 C 732 240 734 262 734 292" fill="none" stroke="#FFF" stroke-opacity=".92" stroke-width="7" stroke-linecap="round"/>
        <g transform="translate(722 222) rotate(30) scale(-.72 .72) translate(-64 -240)">{kettle}</g>"##,
        disc = disc(920.0, 260.0, 290.0),
    )
}

fn press() -> String {
    disc(500.0, 300.0, 260.0)
        + &place(&grinders::hand("black", "steel", "walnut"), 250.0, 630.0, 0.78)
        + &place(&brewers::press(true), 580.0, 640.0, 0.98)
        + &place(&cups::warm_mug(), 860.0, 646.0, 0.56)
        + &place(&cups::mug("sea", "#93B3AD"), 1_040.0, 626.0, 0.48)
}

fn machine() -> String {
    disc(560.0, 300.0, 290.0)
        + &place(&espresso::milk_jug(true), 200.0, 640.0, 0.56)
        + &place(&espresso::machine(), 560.0, 636.0, 1.06)
        + &place(&espresso::tamper(), 866.0, 632.0, 0.42)
        + &place(&cups::espresso_cups(), 1_022.0, 656.0, 0.5)
}

fn beans() -> String {
    disc(640.0, 300.0, 280.0)
        + &place(&coffee::bag("honey", Mark::Sun), 250.0, 622.0, 0.82)
        + &place(&coffee::bag("green", Mark::Mountain), 740.0, 622.0, 0.82)
        + &place(&coffee::bag("ember", Mark::Bean), 496.0, 644.0, 0.98)
        + &place(&grinders::hand("black", "steel", "walnut"), 950.0, 632.0, 0.8)
        + &place(&cups::mug("ceramic", "#E0D3BF"), 1_100.0, 656.0, 0.4)
}

fn searing() -> String {
    disc(660.0, 290.0, 270.0)
        + &place(&kitchen::board(false), 240.0, 616.0, 0.92)
        + &place(&kitchen::oil(), 424.0, 622.0, 0.6)
        + &place(&kitchen::towels(), 1_050.0, 616.0, 0.44)
        + &place(&kitchen::skillet(), 800.0, 652.0, 0.98)
}

fn cold() -> String {
    disc(560.0, 300.0, 270.0)
        + &place(&coffee::bag("ember", Mark::Bean), 250.0, 622.0, 0.74)
        + &place(&brewers::cold_brew_bottle(), 530.0, 644.0, 1.08)
        + &place(&cups::double_wall_glasses(), 860.0, 650.0, 0.76)
}

/// A steaming mug beside a bag, around `x` on a table at `y`.
fn morning(x: f64, y: f64) -> String {
    disc(x + 30.0, y - 310.0, 262.0)
        + &place(&coffee::bag("ember", Mark::Bean), x + 200.0, y - 14.0, 0.96)
        + &place(&cups::warm_mug(), x - 130.0, y + 16.0, 0.8)
}

fn kettle_and_dripper() -> String {
    disc(510.0, 270.0, 230.0)
        + &place(&kettles::gooseneck("black", BLACK, WALNUT), 340.0, 594.0, 0.86)
        + &place(&brewers::dripper(DripperOf::Ceramic), 780.0, 600.0, 0.8)
}

fn grinder_and_press() -> String {
    disc(510.0, 270.0, 230.0)
        + &place(&grinders::hand("black", "steel", "walnut"), 330.0, 596.0, 0.92)
        + &place(&brewers::press(true), 720.0, 602.0, 0.94)
}

fn machine_and_grinder() -> String {
    disc(480.0, 270.0, 230.0)
        + &place(&espresso::machine(), 370.0, 596.0, 0.96)
        + &place(&grinders::electric(), 800.0, 602.0, 0.9)
}

fn skillet_and_board() -> String {
    disc(520.0, 270.0, 230.0)
        + &place(&kitchen::board(false), 280.0, 588.0, 0.9)
        + &place(&kitchen::skillet(), 690.0, 604.0, 0.86)
        + &steam(640.0, 440.0)
}
