//! The shop's pictures, drawn by our own code: a square for each product, and composed scenes.
//!
//! A drawing is text (SVG) made by plain functions and turned into pixels without fonts, files or
//! chance, so that the same shop has the same pictures everywhere.

mod brewers;
mod coffee;
mod cups;
mod espresso;
mod grinders;
mod kettles;
mod kitchen;
mod pen;
mod scenes;
mod tools;

use std::thread;

use brewers::DripperOf;
use coffee::Mark;
use pen::{BLACK, Ground, WALNUT};
use resvg::{tiny_skia, usvg};

use super::catalogue;

/// How wide and high a product's picture is: three times what an email shows.
pub const SQUARE: u32 = 744;

/// A picture ready to be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// File name, such as `gooseneck-kettle-0-9-l.png` or `scene-pour.png`.
    pub name: String,
    pub width: u32,
    pub height: u32,
    pub png: Vec<u8>,
}

/// A picture still to be rendered.
struct Drawing {
    name: String,
    width: u32,
    height: u32,
    svg: String,
}

/// Every picture of the shop: products in the order of the catalogue, then scenes.
pub fn pictures() -> Vec<Picture> {
    let drawings: Vec<Drawing> = product_drawings().chain(scene_drawings()).collect();
    let workers = thread::available_parallelism().map_or(1, |it| it.get()).min(drawings.len());
    let share = drawings.len().div_ceil(workers);
    thread::scope(|scope| {
        let rendering: Vec<_> = drawings
            .chunks(share)
            .map(|part| scope.spawn(|| part.iter().map(render).collect::<Vec<_>>()))
            .collect();
        let done = |it: thread::ScopedJoinHandle<'_, Vec<Picture>>| {
            it.join().expect("rendering our own drawings does not panic")
        };
        rendering.into_iter().flat_map(done).collect()
    })
}

fn product_drawings() -> impl Iterator<Item = Drawing> {
    catalogue::codes().map(|code| {
        let (ground, object) = product(code);
        Drawing {
            name: catalogue::picture_name(code),
            width: SQUARE,
            height: SQUARE,
            svg: pen::svg(ground, SQUARE, SQUARE, &object),
        }
    })
}

fn scene_drawings() -> impl Iterator<Item = Drawing> {
    scenes::all().into_iter().map(|scene| Drawing {
        name: scene.name.to_owned(),
        width: scene.width,
        height: scene.height,
        svg: pen::svg(scene.ground, scene.width, scene.height, &scene.content),
    })
}

fn render(drawing: &Drawing) -> Picture {
    let tree = usvg::Tree::from_str(&drawing.svg, &usvg::Options::default())
        .expect("our own drawings are sound SVG");
    let mut pixels = tiny_skia::Pixmap::new(drawing.width, drawing.height).expect("not empty");
    resvg::render(&tree, tiny_skia::Transform::identity(), &mut pixels.as_mut());
    let png = encode(&pixels);
    let (name, width, height) = (drawing.name.clone(), drawing.width, drawing.height);
    Picture { name, width, height, png }
}

/// As PNG without the alpha channel: every picture has a ground, so none shows through.
fn encode(pixels: &tiny_skia::Pixmap) -> Vec<u8> {
    let rgb: Vec<u8> = pixels.data().chunks_exact(4).flat_map(|it| [it[0], it[1], it[2]]).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header().expect("writing to memory");
    writer.write_image_data(&rgb).expect("as many bytes as the header says");
    writer.finish().expect("writing to memory");
    bytes
}

/// Ground and object of the product `code`.
#[rustfmt::skip] // A table: one product a line.
fn product(code: &str) -> (Ground, String) {
    use Ground::{Clay, Honey, Rose, Sage, Sand, Stone};
    match code {
        "CM-01" => (Stone, brewers::dripper(DripperOf::Plastic)),
        "CM-02" => (Clay, brewers::dripper(DripperOf::Ceramic)),
        "CM-03" => (Sage, brewers::dripper(DripperOf::Glass)),
        "CM-04" => (Rose, brewers::dripper(DripperOf::Copper)),
        "CM-05" => (Honey, brewers::server_alone()),
        "CM-06" => (Sage, brewers::hourglass()),
        "CM-07" => (Rose, brewers::press(false)),
        "CM-08" => (Honey, brewers::press(true)),
        "CM-09" => (Sage, brewers::steel_press()),
        "CM-10" => (Clay, brewers::moka(false)),
        "CM-11" => (Stone, brewers::moka(true)),
        "CM-12" => (Honey, brewers::cold_brew_bottle()),
        "CM-13" => (Sage, espresso::machine()),
        "CM-14" => (Sand, espresso::dual_boiler()),
        "KT-01" => (Rose, kettles::stovetop("green")),
        "KT-02" => (Honey, kettles::gooseneck("black", BLACK, WALNUT)),
        "KT-03" => (Sage, kettles::gooseneck("steel", "#9A9388", BLACK)),
        "KT-04" => (Stone, kettles::electric("black", BLACK, "93", false)),
        "KT-05" => (Clay, kettles::electric("ceramic", "#DCCFBB", "96", true)),
        "GR-01" => (Sage, grinders::travel()),
        "GR-02" => (Rose, grinders::hand("black", "steel", "walnut")),
        "GR-03" => (Honey, grinders::hand("green", "copper", "oak")),
        "GR-04" => (Clay, grinders::electric()),
        "GR-05" => (Stone, grinders::single_dose()),
        "ST-01" => (Sage, tools::kitchen_scale()),
        "ST-02" => (Rose, tools::brew_scale()),
        "ST-03" => (Honey, tools::espresso_scale()),
        "ST-04" => (Clay, tools::dial_thermometer()),
        "ST-05" => (Stone, tools::digital_thermometer()),
        "ST-06" => (Sage, espresso::tamper()),
        "ST-07" => (Sand, espresso::levelling_tamper()),
        "ST-08" => (Rose, espresso::milk_jug(false)),
        "ST-09" => (Sage, espresso::milk_jug(true)),
        "ST-10" => (Honey, tools::scoop()),
        "ST-11" => (Stone, espresso::knock_box()),
        "FC-01" => (Sage, tools::cone_filters("#FFFBF3", "#DACBB2", false)),
        "FC-02" => (Clay, tools::cone_filters("#D8BC93", "#A98A5F", true)),
        "FC-03" => (Stone, tools::square_filters()),
        "FC-04" => (Sand, tools::descaler()),
        "FC-05" => (Rose, tools::tablets()),
        "FC-06" => (Sage, tools::brush()),
        "CF-01" => (Clay, coffee::bag("ember", Mark::Bean)),
        "CF-02" => (Stone, coffee::bag("slate", Mark::Cup)),
        "CF-03" => (Sage, coffee::bag("honey", Mark::Sun)),
        "CF-04" => (Honey, coffee::bag("green", Mark::Mountain)),
        "CF-05" => (Rose, coffee::bag("plum", Mark::Moon)),
        "CF-06" => (Sand, coffee::large_bag("ember", Mark::Bean)),
        "CF-07" => (Sage, coffee::large_bag("slate", Mark::Cup)),
        "CF-08" => (Rose, coffee::jar()),
        "CF-09" => (Sand, coffee::tin()),
        "CG-01" => (Clay, cups::stoneware_mug()),
        "CG-02" => (Rose, cups::porcelain_mug()),
        "CG-03" => (Sage, cups::espresso_cups()),
        "CG-04" => (Honey, cups::thrown_cups()),
        "CG-05" => (Clay, cups::cappuccino_cups()),
        "CG-06" => (Stone, cups::double_wall_glasses()),
        "CG-07" => (Honey, cups::travel_cup()),
        "KI-01" => (Sand, kitchen::carbon_pan()),
        "KI-02" => (Honey, kitchen::skillet()),
        "KI-03" => (Sage, kitchen::enamelled_skillet()),
        "KI-04" => (Clay, kitchen::casserole()),
        "KI-05" => (Rose, kitchen::saucepan()),
        "KI-06" => (Sage, kitchen::apron("linen", "#C9B999", "#A8966F")),
        "KI-07" => (Clay, kitchen::apron("green", "#8A5730", "#C7B98E")),
        "KI-08" => (Sand, kitchen::board(false)),
        "KI-09" => (Sage, kitchen::board(true)),
        "KI-10" => (Rose, kitchen::towels()),
        "KI-11" => (Sage, kitchen::oil()),
        "KI-12" => (Clay, kitchen::knife()),
        unknown => unreachable!("product `{unknown}` has no drawing; the tests draw every one"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Small enough that an email's three or four pictures load on a phone.
    const BYTES_MAX: usize = 120_000;

    #[test]
    fn every_picture_decodes_with_its_size() {
        let pictures = pictures();
        for picture in &pictures {
            let pixels = tiny_skia::Pixmap::decode_png(&picture.png).expect("a sound PNG");
            assert_eq!((pixels.width(), pixels.height()), (picture.width, picture.height));
            assert!(picture.png.len() <= BYTES_MAX, "{}: {}", picture.name, picture.png.len());
            let colours: BTreeSet<_> = pixels.data().chunks_exact(4).step_by(7).collect();
            assert!(colours.len() > 100, "{} shows next to nothing", picture.name);
        }
        let names: BTreeSet<_> = pictures.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names.len(), pictures.len(), "no name twice");
        for code in catalogue::codes() {
            assert!(names.contains(catalogue::picture_name(code).as_str()), "{code}");
        }
        for row in catalogue::all_together() {
            assert!(names.contains(row.scene), "{}", row.scene);
        }
    }

    #[test]
    fn a_picture_is_the_same_each_time() {
        let drawing = || product_drawings().nth(15).expect("the kettle");
        assert_eq!(drawing().name, "gooseneck-kettle-0-9-l.png");
        assert_eq!(render(&drawing()), render(&drawing()));
    }
}
