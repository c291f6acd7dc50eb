//! What Tarn & Ember sells, what goes with what, and what its emails say about both.
//!
//! Data, with the few functions that read it. The weights in [`GOES_WITH`] are what the simulated
//! customers follow; the recommendations never see them, they have to learn them from the orders.

use aftercart_model::{Product, ProductId};

/// A product as it stands in the table below.
struct Entry {
    code: &'static str,
    name: &'static str,
    kind: &'static str,
    price_minor: i64,
    summary: &'static str,
    benefits: [&'static str; 3],
    picture_text: &'static str,
    tags: &'static [&'static str],
    lasts_days: Option<u32>,
    stock: i64,
}

/// An entry that is neither used up nor scarce.
#[expect(clippy::too_many_arguments, reason = "a row of the table below, in its columns' order")]
const fn entry(
    code: &'static str,
    name: &'static str,
    kind: &'static str,
    price_minor: i64,
    summary: &'static str,
    benefits: [&'static str; 3],
    picture_text: &'static str,
    tags: &'static [&'static str],
) -> Entry {
    Entry {
        code,
        name,
        kind,
        price_minor,
        summary,
        benefits,
        picture_text,
        tags,
        lasts_days: None,
        stock: 400,
    }
}

impl Entry {
    const fn lasting(mut self, days: u32) -> Self {
        self.lasts_days = Some(days);
        self.stock = 3_000;
        self
    }

    const fn stocked(mut self, units: i64) -> Self {
        self.stock = units;
        self
    }
}

pub const COFFEE_MAKERS: &str = "Coffee makers";
pub const KETTLES: &str = "Kettles";
pub const GRINDERS: &str = "Grinders";
pub const SCALES_AND_TOOLS: &str = "Scales and tools";
pub const FILTERS_AND_CARE: &str = "Filters and care";
pub const COFFEE: &str = "Coffee";
pub const CUPS_AND_GLASSES: &str = "Cups and glasses";
pub const KITCHEN: &str = "Kitchen";

/// The shop's categories in the order of its menu, with the two letters their codes begin with.
pub const CATEGORIES: [(&str, &str); 8] = [
    ("CM", COFFEE_MAKERS),
    ("KT", KETTLES),
    ("GR", GRINDERS),
    ("ST", SCALES_AND_TOOLS),
    ("FC", FILTERS_AND_CARE),
    ("CF", COFFEE),
    ("CG", CUPS_AND_GLASSES),
    ("KI", KITCHEN),
];

#[rustfmt::skip] // One product reads as one block of five lines.
static ENTRIES: &[Entry] = &[
    entry("CM-01", "Plastic dripper No. 2", "dripper", 1_600,
        "The honest first dripper, light enough for a rucksack.",
        ["Warms at once", "Survives a fall", "Takes No. 2 papers"],
        "Smoke-grey plastic dripper on a glass server of coffee", &["pour-over"]),
    entry("CM-02", "Ceramic dripper No. 2", "dripper", 3_400,
        "Thick stoneware that holds its warmth to the last drop.",
        ["Holds heat through the pour", "Twelve deep ribs", "Glazed in Caldas da Rainha"],
        "White ceramic dripper on a glass server of coffee", &["pour-over", "gift"]),
    entry("CM-03", "Glass dripper No. 2", "dripper", 4_400,
        "See the whole brew, from bloom to last drop.",
        ["Clear borosilicate glass", "Walnut collar stays cool", "Nothing to taste but coffee"],
        "Glass dripper with walnut collar on a server", &["pour-over"]),
    entry("CM-04", "Copper dripper No. 2", "dripper", 6_900,
        "Beaten copper that warms in one breath.",
        ["Heats evenly all round", "Tinned inside by hand", "Ages as a good pan does"],
        "Copper dripper on a glass server of coffee", &["pour-over", "gift"]),
    entry("CM-05", "Glass server 0.6 l", "server", 2_800,
        "Two mugs, kept in sight and poured without a drip.",
        ["Marked at 200, 400 and 600 ml", "Steel lid, walnut knob", "Fits every No. 2 dripper"],
        "Round glass server half full of coffee", &["pour-over"]),
    entry("CM-06", "Hourglass carafe 0.9 l", "carafe", 5_400,
        "One piece of glass for six clear cups.",
        ["Brews and serves in one", "Wooden collar, leather tie", "No part that can break off"],
        "Hourglass carafe with wooden collar and paper filter", &["pour-over", "gift"]),
    entry("CM-07", "French press for one", "press", 2_900,
        "A third of a litre: one generous mug.",
        ["One large mug", "Steel frame", "Parts sold singly"],
        "Small French press with steel frame", &["press"]),
    entry("CM-08", "French press", "press", 3_900,
        "One litre, four minutes, nothing to learn.",
        ["A litre for the table", "Double mesh, little silt", "Parts sold singly"],
        "Tall French press with walnut knob", &["press", "gift"]),
    entry("CM-09", "French press, steel", "press", 6_900,
        "Double walls keep the second cup as hot as the first.",
        ["Hot for two hours", "Cannot shatter", "Brushed steel inside and out"],
        "Brushed steel French press", &["press"]),
    entry("CM-10", "Moka pot, 3 cups", "moka pot", 3_200,
        "Eight sides, one valve, a kitchen full of smell.",
        ["Three small strong cups", "Gas and electric", "Seals sold for ever"],
        "Small eight-sided moka pot", &["moka"]),
    entry("CM-11", "Moka pot, 6 cups", "moka pot", 4_500,
        "The same pot for a fuller table.",
        ["Six small strong cups", "Gas, electric and induction", "Seals sold for ever"],
        "Large eight-sided moka pot", &["moka"]),
    entry("CM-12", "Cold brew bottle", "cold brew bottle", 3_600,
        "In the fridge at night, ready at noon.",
        ["A litre by morning", "Fits the door of the fridge", "Fine steel sieve"],
        "Tall glass bottle of cold brew with green stopper", &["cold brew", "summer"]),
    entry("CM-13", "Espresso machine", "espresso machine", 44_900,
        "Hot in six minutes, and mended by anyone with a spanner.",
        ["Steady nine bar", "Warm in six minutes", "Every part can be bought"],
        "Steel espresso machine pulling a shot into a cup", &["espresso"]).stocked(60),
    entry("CM-14", "Espresso machine, two boilers", "espresso machine", 89_900,
        "Pull and steam at once, at the degree you set.",
        ["Holds to half a degree", "Steam while you pull", "Quiet rotary pump"],
        "Green espresso machine with two gauges", &["espresso"]).stocked(24),

    entry("KT-01", "Stovetop kettle 1.5 l", "kettle", 4_500,
        "Boils fast, whistles softly, lasts.",
        ["Boils a litre in five minutes", "Walnut grip over the top", "Gas, electric and induction"],
        "Round green stovetop kettle with walnut grip", &["tea"]),
    entry("KT-02", "Gooseneck kettle 0.9 l", "kettle", 8_900,
        "The thin, slow pour that makes a dripper worth having.",
        ["Pours as thin as a pencil", "Holds 93 °C for six minutes", "Gas, electric and induction"],
        "Gooseneck kettle 0.9 l, matt black", &["pour-over", "gift"]).stocked(900),
    entry("KT-03", "Gooseneck kettle 1.2 l, steel", "kettle", 10_900,
        "The same spout, a third more water, bare steel.",
        ["Fills the hourglass carafe", "Brushed steel, no coating", "Gas, electric and induction"],
        "Gooseneck kettle 1.2 l, brushed steel", &["pour-over"]),
    entry("KT-04", "Electric gooseneck 0.9 l", "kettle", 14_900,
        "Set the degree, press once, pour.",
        ["To the degree, 40 to 100", "Boils in four minutes", "Walnut on the handle"],
        "Black electric gooseneck kettle on its base", &["pour-over"]),
    entry("KT-05", "Electric gooseneck, keep warm", "kettle", 19_900,
        "Holds your degree for an hour and times the pour.",
        ["Holds a degree for an hour", "Timer in the base", "Cream enamel, walnut dial"],
        "Cream electric gooseneck kettle with walnut dial", &["pour-over"]).stocked(120),

    entry("GR-01", "Travel grinder", "grinder", 6_900,
        "Fits the sleeve of your bag and grinds for one.",
        ["Twenty grams at a time", "Crank folds away", "Steel burrs"],
        "Slim cream travel grinder with folding crank", &["travel"]),
    entry("GR-02", "Hand grinder", "grinder", 11_900,
        "38 steps, from espresso to press",
        ["Grind just before you pour", "Even grounds, less bitter", "Turns easily on two bearings"],
        "Black hand grinder with walnut knob", &["pour-over", "gift"]).stocked(700),
    entry("GR-03", "Hand grinder, fine thread", "grinder", 18_900,
        "90 steps, for those who hear the difference.",
        ["90 steps, each audible", "Stepless for espresso", "Copper ring, oak knob"],
        "Green hand grinder with copper ring", &["espresso"]),
    entry("GR-04", "Electric grinder", "grinder", 17_900,
        "Thirty grams in ten seconds, quieter than the kettle.",
        ["Thirty grams in ten seconds", "Forty steps", "Hardly any waste"],
        "Black electric grinder with beans in its hopper", &["filter"]),
    entry("GR-05", "Single-dose grinder", "grinder", 32_900,
        "What goes in comes out: to a tenth of a gram.",
        ["Keeps back under 0.1 g", "64 mm flat burrs", "From espresso to press"],
        "Cream single-dose grinder with wooden lid", &["espresso"]).stocked(80),

    entry("ST-01", "Kitchen scale", "scale", 2_900,
        "To the gram, up to five kilos.",
        ["Five kilos, to the gram", "Steel plate lifts off", "Batteries for two years"],
        "Cream kitchen scale with steel plate", &["kitchen"]),
    entry("ST-02", "Brew scale", "scale", 5_900,
        "Weighs and times in one place",
        ["The same cup twice", "A tenth of a gram", "Starts with the pour"],
        "Flat black brew scale showing weight and time", &["pour-over", "gift"]).stocked(700),
    entry("ST-03", "Espresso scale", "scale", 9_900,
        "Small enough for the drip tray, quick enough for a shot.",
        ["Fits under the spout", "Answers at once", "Splashes do not matter"],
        "Small steel scale with a cup of espresso", &["espresso"]),
    entry("ST-04", "Kettle thermometer", "thermometer", 1_900,
        "Clips to any kettle and shows when to pour.",
        ["Reads in four seconds", "Clips to any rim", "No batteries"],
        "Dial thermometer with a long steel probe", &["pour-over"]),
    entry("ST-05", "Folding thermometer", "thermometer", 3_400,
        "For water, milk, bread and roast.",
        ["Reads in one second", "Folds into a pocket", "Magnet on the back"],
        "Orange folding thermometer with display", &["kitchen"]),
    entry("ST-06", "Tamper 58 mm", "tamper", 3_900,
        "Heavy steel, warm wood, a level bed.",
        ["480 grams of steel", "Walnut handle", "Fits every 58 mm basket"],
        "Steel tamper with walnut handle", &["espresso", "gift"]),
    entry("ST-07", "Levelling tamper 58 mm", "tamper", 6_900,
        "Cannot tilt, so no shot runs down one side.",
        ["Level every time", "Set the depth once", "Same press, whoever presses"],
        "Black levelling tamper with steel base", &["espresso"]),
    entry("ST-08", "Milk jug 0.35 l", "jug", 2_400,
        "A narrow spout for one flat white.",
        ["Spout drawn thin", "Marked inside", "For one or two cups"],
        "Small steel milk jug", &["espresso"]),
    entry("ST-09", "Milk jug 0.6 l", "jug", 3_200,
        "The same spout for the whole table.",
        ["For three or four cups", "Spout drawn thin", "Thick base, slower heat"],
        "Large steel milk jug", &["espresso"]),
    entry("ST-10", "Walnut scoop", "scoop", 1_400,
        "Ten grams, level, every time.",
        ["Ten grams level", "Turned from one piece", "Hangs on a nail"],
        "Walnut scoop full of ground coffee", &["gift"]),
    entry("ST-11", "Knock box", "knock box", 3_400,
        "One knock, and the sink stays clean.",
        ["Rubber foot, no noise", "Bar comes out to wash", "Holds twelve pucks"],
        "Black knock box with wooden bar", &["espresso"]),

    entry("FC-01", "Filters, 100", "filters", 850,
        "White No. 2 papers that taste of nothing.",
        ["No taste of paper", "Seams that hold", "A hundred brews"],
        "Stack of white cone paper filters", &["pour-over"]).lasting(60),
    entry("FC-02", "Filters, 200, unbleached", "filters", 1_500,
        "The brown ones, twice as many.",
        ["Unbleached", "Two hundred brews", "Composts in weeks"],
        "Stack of brown cone paper filters", &["pour-over"]).lasting(120),
    entry("FC-03", "Carafe filters, 100", "carafe filters", 1_100,
        "Thick squares for the hourglass carafe.",
        ["Clear cup, no silt", "Folded to a square", "A hundred brews"],
        "Stack of folded white carafe filters", &["pour-over"]).lasting(75),
    entry("FC-04", "Descaler, 6 sachets", "descaler", 1_200,
        "Six sachets, half a year of clean water.",
        ["Citric acid only", "One sachet a month", "Kettles and machines"],
        "Pale blue pouch of descaler with a drop", &["care"]).lasting(180),
    entry("FC-05", "Machine cleaner, 40 tablets", "cleaner", 1_600,
        "One tablet a week keeps old oil out of new shots.",
        ["One tablet a week", "Rinses without a trace", "Safe for seals"],
        "White jar of cleaning tablets with green lid", &["care", "espresso"]).lasting(160),
    entry("FC-06", "Burr brush", "brush", 900,
        "Stiff bristles for burrs and corners.",
        ["Reaches every corner", "Boar bristle", "Beech, oiled"],
        "Wooden brush with copper ferrule", &["care"]),

    entry("CF-01", "House roast, 250 g", "coffee", 1_150,
        "Hazelnut, cocoa, no edges.",
        ["Roasted on Tuesdays", "For filter and press", "Brazil and Colombia"],
        "Rust-coloured bag of coffee with a bean", &["beans"]).lasting(18),
    entry("CF-02", "Espresso roast, 250 g", "coffee", 1_250,
        "Dark chocolate and a long finish.",
        ["Roasted on Tuesdays", "Thick under milk", "Brazil and India"],
        "Dark slate bag of coffee with a cup", &["beans", "espresso"]).lasting(18),
    entry("CF-03", "Ethiopia Guji, 250 g", "coffee", 1_550,
        "Peach, jasmine, black tea.",
        ["Washed, 2,100 metres", "Bright and floral", "Best as filter"],
        "Honey-coloured bag of coffee with a sun", &["beans", "single origin"]).lasting(18),
    entry("CF-04", "Colombia Huila, 250 g", "coffee", 1_400,
        "Red apple and brown sugar.",
        ["From eleven small farms", "Sweet and round", "Filter or espresso"],
        "Green bag of coffee with a mountain", &["beans", "single origin"]).lasting(18),
    entry("CF-05", "Decaf, 250 g", "coffee", 1_300,
        "All of the evening, none of the night.",
        ["Washed in mountain water", "Tastes of coffee", "Filter or espresso"],
        "Plum bag of coffee with a moon", &["beans", "decaf"]).lasting(24),
    entry("CF-06", "House roast, 1 kg", "coffee", 3_900,
        "The house roast for those who know.",
        ["Four bags for the price of three", "Zip that closes", "For filter and press"],
        "Large rust-coloured bag of coffee with a clip", &["beans"]).lasting(60),
    entry("CF-07", "Espresso roast, 1 kg", "coffee", 4_200,
        "The espresso roast for busy mornings.",
        ["About 55 double shots", "Zip that closes", "Thick under milk"],
        "Large slate bag of coffee with a clip", &["beans", "espresso"]).lasting(60),
    entry("CF-08", "Panama Geisha, 100 g", "coffee", 2_600,
        "Bergamot and honey, four cups of it.",
        ["Two hundred jars a year", "Light roast", "Best as filter"],
        "Glass jar of rare coffee beans with cork", &["beans", "gift"]).lasting(14).stocked(900),
    entry("CF-09", "Coffee tin 0.5 kg", "tin", 2_800,
        "Keeps half a kilo from air and light.",
        ["Walnut lid seals tight", "Half a kilo", "Easy to fill"],
        "Dark green coffee tin with walnut lid", &["gift"]),

    entry("CG-01", "Stoneware mug 0.3 l", "mug", 1_800,
        "Bare clay below, glaze above, no two alike.",
        ["Three decilitres", "Dishwasher safe", "No two alike"],
        "Cream stoneware mug with bare clay foot", &["gift"]),
    entry("CG-02", "Porcelain mug 0.25 l", "mug", 2_600,
        "Thin at the lip, gold at the rim.",
        ["Thin lip", "Gold line by hand", "Light as an egg"],
        "White porcelain mug with gold rim", &["gift"]),
    entry("CG-03", "Espresso cups, 2", "cups", 2_200,
        "Thick walls, so that a small cup stays hot.",
        ["Stay hot to the end", "Two, with saucers", "Stack four high"],
        "Two white espresso cups on saucers", &["espresso", "gift"]),
    entry("CG-04", "Espresso cups, hand-thrown, 2", "cups", 3_800,
        "Two glazes from one wheel.",
        ["Thrown in Óbidos", "Two glazes", "Fit a steady thumb"],
        "Two hand-thrown espresso cups, blue and rust", &["espresso", "gift"]),
    entry("CG-05", "Cappuccino cups, 2", "cups", 2_800,
        "Wide enough for a leaf on the foam.",
        ["1.8 decilitres", "Wide and shallow", "Two, with saucers"],
        "Two pale green cappuccino cups with milk foam", &["espresso"]),
    entry("CG-06", "Double-wall glasses, 2", "glasses", 2_900,
        "Hot inside, cool outside, nothing on the table.",
        ["No ring on the table", "Hot or iced", "Blown by mouth"],
        "Two double-wall glasses of coffee with milk", &["cold brew", "gift"]),
    entry("CG-07", "Travel cup 0.4 l", "travel cup", 3_200,
        "Leaves the house with you and does not leak.",
        ["Does not leak", "Hot for three hours", "Opens with one hand"],
        "Blue travel cup with cork band", &["travel"]),

    entry("KI-01", "Carbon-steel pan 26 cm", "skillet", 4_900,
        "As light as a pan for searing can be.",
        ["Half the weight of iron", "Hot in a minute", "Every stove and the oven"],
        "Blue-grey carbon-steel pan", &["kitchen"]),
    entry("KI-02", "Cast-iron skillet", "skillet", 7_400,
        "The one pan that gets better each year.",
        ["Seasoned, ready to use", "Every stove and the oven", "For your children too"],
        "Black cast-iron skillet", &["kitchen", "gift"]),
    entry("KI-03", "Cast-iron skillet, enamelled", "skillet", 12_900,
        "Iron that minds neither lemon nor soap.",
        ["Takes wine and lemon", "Nothing to season", "28 cm for four"],
        "Rust-red enamelled skillet, cream inside", &["kitchen"]),
    entry("KI-04", "Casserole 4 l", "casserole", 16_900,
        "For Sundays, and for what Sunday leaves over.",
        ["Four litres, six plates", "Lid bastes by itself", "Enamelled twice"],
        "Green enamelled casserole with brass knob", &["kitchen", "gift"]).stocked(140),
    entry("KI-05", "Saucepan 1.5 l", "saucepan", 5_900,
        "Thick base, long handle, clean pour.",
        ["Pours from both sides", "Thick base, even heat", "Walnut stays cool"],
        "Steel saucepan with walnut handle", &["kitchen"]),
    entry("KI-06", "Linen apron", "apron", 4_800,
        "Heavy washed linen with a pocket for a towel.",
        ["Crosses at the back", "Washes soft", "One size, long ties"],
        "Natural linen apron on a hook", &["kitchen", "gift"]),
    entry("KI-07", "Waxed apron", "apron", 7_900,
        "Waxed cotton and leather, for sparks and splashes.",
        ["Wipes clean", "Leather ties", "Brass rivets"],
        "Dark green waxed apron with leather ties", &["kitchen"]),
    entry("KI-08", "Walnut board", "board", 5_200,
        "One plank, oiled, with a hole to hang it by.",
        ["Kind to knives", "One plank, no glue", "Oiled and ready"],
        "Walnut board with handle", &["kitchen", "gift"]),
    entry("KI-09", "Walnut board, large", "board", 8_400,
        "Room for a loaf, a groove for a roast.",
        ["45 by 35 cm", "Groove for juice", "Feet on one side"],
        "Large walnut board with juice groove", &["kitchen"]),
    entry("KI-10", "Linen towels, 2", "towels", 1_900,
        "They dry glass without a trace.",
        ["No lint on glass", "Two, with loops", "Softer each wash"],
        "Two folded linen towels with stripes", &["kitchen", "gift"]),
    entry("KI-11", "Board oil", "oil", 1_400,
        "Linseed and beeswax for boards and handles.",
        ["Linseed and beeswax", "Dry overnight", "Safe for food"],
        "Amber bottle of board oil", &["care", "kitchen"]).lasting(150),
    entry("KI-12", "Cook's knife 20 cm", "knife", 9_500,
        "Thin behind the edge and easy to sharpen.",
        ["Carbon steel core", "Keeps its edge", "Walnut handle"],
        "Cook's knife with walnut handle", &["kitchen", "gift"]),
];

/// The products, numbered in the order of the table; pictures are named as in [`picture_name`].
pub fn products(shop_url: &str) -> Vec<Product> {
    let product = |(index, entry): (usize, &Entry)| {
        let id = ProductId(u32::try_from(index).expect("a catalogue of a few dozen"));
        Product {
            category: category_of(entry.code).to_owned(),
            kind: entry.kind.to_owned(),
            tags: entry.tags.iter().map(|&it| it.to_owned()).collect(),
            summary: entry.summary.to_owned(),
            benefits: entry.benefits.iter().map(|&it| it.to_owned()).collect(),
            // Of what a customer pays, 45 % went to the maker.
            cost_minor: Some(entry.price_minor * 45 / 100),
            url: format!("{shop_url}/products/{}", slug(entry.name)),
            picture: picture_name(entry.code),
            picture_text: entry.picture_text.to_owned(),
            stock: Some(entry.stock),
            lasts_days: entry.lasts_days,
            ..Product::bare(id, entry.code, entry.name, entry.price_minor)
        }
    };
    ENTRIES.iter().enumerate().map(product).collect()
}

/// How many products there are; their numbers run from 0.
pub fn product_count() -> usize {
    ENTRIES.len()
}

/// The place of `code` in the catalogue.
pub fn index_of(code: &str) -> Option<usize> {
    ENTRIES.iter().position(|it| it.code == code)
}

pub(super) fn code_at(index: usize) -> &'static str {
    ENTRIES[index].code
}

pub(super) fn price_at(index: usize) -> i64 {
    ENTRIES[index].price_minor
}

pub(super) fn kind_at(index: usize) -> &'static str {
    ENTRIES[index].kind
}

pub(super) fn lasts_days_at(index: usize) -> Option<u32> {
    ENTRIES[index].lasts_days
}

/// All codes in the order of the catalogue.
pub fn codes() -> impl Iterator<Item = &'static str> {
    ENTRIES.iter().map(|it| it.code)
}

/// The file name of the picture of the product `code`: `gooseneck-kettle-0-9-l.png`.
///
/// # Panics
///
/// If there is no such product.
pub fn picture_name(code: &str) -> String {
    let index = index_of(code).expect("a code of this catalogue");
    format!("{}.png", slug(ENTRIES[index].name))
}

/// The category a code's first two letters stand for.
pub(super) fn category_of(code: &str) -> &'static str {
    let letters = &code[..2];
    CATEGORIES.iter().find(|it| it.0 == letters).expect("codes begin with a category").1
}

/// `Gooseneck kettle 0.9 l` as `gooseneck-kettle-0-9-l`.
fn slug(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let dashed: String = name.replace('\'', "").chars().map(plain).collect();
    dashed.split('-').filter(|it| !it.is_empty()).collect::<Vec<_>>().join("-")
}

/// What those who have the first product like to add, with how strongly.
#[rustfmt::skip] // A table: one anchor a line.
pub const GOES_WITH: &[(&str, &[(&str, u32)])] = &[
    ("CM-01", &[("FC-01", 60), ("KT-02", 26), ("CF-01", 30), ("GR-01", 16), ("CM-05", 14), ("ST-02", 10)]),
    ("CM-02", &[("FC-01", 60), ("KT-02", 44), ("GR-02", 26), ("ST-02", 22), ("CF-01", 26), ("CM-05", 18), ("CG-01", 10), ("CF-03", 12)]),
    ("CM-03", &[("FC-01", 54), ("KT-02", 34), ("GR-02", 26), ("ST-02", 22), ("CF-03", 24), ("CM-05", 16), ("CG-02", 10)]),
    ("CM-04", &[("FC-02", 46), ("KT-03", 26), ("KT-02", 22), ("GR-03", 18), ("ST-02", 22), ("CF-08", 18), ("CG-02", 14)]),
    ("CM-05", &[("CM-02", 18), ("CG-01", 16), ("FC-01", 24), ("CF-01", 14)]),
    ("CM-06", &[("FC-03", 66), ("KT-03", 34), ("GR-02", 22), ("ST-02", 18), ("CF-04", 20), ("CG-06", 12)]),
    ("CM-07", &[("CF-01", 34), ("GR-01", 20), ("CG-01", 22), ("KT-01", 12), ("CG-07", 10)]),
    ("CM-08", &[("CF-01", 34), ("GR-02", 24), ("KT-01", 20), ("CG-01", 24), ("ST-10", 14), ("CF-06", 12)]),
    ("CM-09", &[("CF-06", 26), ("GR-04", 18), ("CG-07", 18), ("ST-10", 12), ("KT-01", 12)]),
    ("CM-10", &[("CF-02", 36), ("CG-03", 24), ("GR-02", 16), ("ST-08", 12)]),
    ("CM-11", &[("CF-02", 36), ("CG-03", 24), ("GR-04", 14), ("ST-09", 12), ("CF-07", 14)]),
    ("CM-12", &[("CG-06", 30), ("CF-01", 24), ("CF-06", 18), ("GR-04", 10)]),
    ("CM-13", &[("ST-06", 34), ("GR-04", 24), ("CF-02", 38), ("ST-08", 30), ("CG-03", 24), ("FC-05", 26), ("ST-11", 18), ("ST-03", 14), ("FC-04", 16)]),
    ("CM-14", &[("GR-05", 36), ("ST-07", 34), ("CF-07", 36), ("ST-09", 22), ("ST-03", 26), ("CG-04", 20), ("FC-05", 30), ("ST-11", 20)]),
    ("KT-01", &[("CM-08", 16), ("CG-01", 18), ("FC-04", 16), ("ST-04", 10)]),
    ("KT-02", &[("CM-02", 26), ("ST-02", 24), ("GR-02", 20), ("FC-01", 26), ("ST-04", 22), ("CF-03", 14)]),
    ("KT-03", &[("CM-06", 26), ("FC-03", 22), ("ST-02", 22), ("ST-04", 22), ("GR-02", 16)]),
    ("KT-04", &[("ST-02", 26), ("CM-02", 16), ("FC-04", 24), ("GR-04", 16), ("CF-03", 14)]),
    ("KT-05", &[("ST-02", 26), ("CM-04", 16), ("FC-04", 26), ("GR-05", 14), ("CF-08", 14)]),
    ("GR-01", &[("CG-07", 26), ("CM-01", 16), ("CF-01", 26), ("FC-06", 18)]),
    ("GR-02", &[("CF-01", 30), ("FC-06", 28), ("ST-02", 24), ("CM-02", 18), ("KT-02", 18), ("CF-03", 18)]),
    ("GR-03", &[("FC-06", 26), ("CF-03", 24), ("ST-03", 18), ("CF-08", 16)]),
    ("GR-04", &[("CF-06", 30), ("FC-06", 26), ("CF-09", 20), ("ST-10", 12)]),
    ("GR-05", &[("ST-03", 28), ("CF-07", 28), ("FC-06", 22), ("ST-07", 16), ("CF-08", 12)]),
    ("ST-01", &[("KI-08", 12), ("ST-05", 14)]),
    ("ST-02", &[("KT-02", 20), ("CM-02", 16), ("GR-02", 18), ("FC-01", 18), ("ST-04", 14)]),
    ("ST-03", &[("ST-06", 20), ("CF-02", 18), ("CG-03", 16)]),
    ("ST-04", &[("KT-02", 16), ("CF-03", 10)]),
    ("ST-05", &[("KI-02", 14), ("KI-04", 12), ("ST-08", 12)]),
    ("ST-06", &[("ST-11", 28), ("ST-08", 22), ("CF-02", 20), ("FC-05", 14)]),
    ("ST-07", &[("ST-11", 26), ("ST-03", 22), ("CF-07", 18)]),
    ("ST-08", &[("CG-05", 30), ("ST-05", 14), ("CF-02", 14)]),
    ("ST-09", &[("CG-05", 32), ("ST-05", 14), ("CF-07", 14)]),
    ("ST-11", &[("FC-05", 20), ("ST-06", 14)]),
    ("CF-01", &[("CF-09", 12), ("ST-10", 9), ("FC-01", 12)]),
    ("CF-02", &[("CG-03", 12), ("CF-09", 9)]),
    ("CF-03", &[("CG-02", 10), ("CF-04", 12), ("CF-08", 8)]),
    ("CF-04", &[("CF-03", 14), ("CG-01", 8)]),
    ("CF-06", &[("CF-09", 26), ("ST-10", 14)]),
    ("CF-07", &[("CF-09", 24), ("FC-05", 12)]),
    ("CF-08", &[("CG-02", 18), ("ST-02", 8)]),
    ("CG-01", &[("CF-01", 14), ("KI-10", 10)]),
    ("CG-03", &[("CF-02", 16), ("CG-05", 14)]),
    ("CG-05", &[("ST-08", 18), ("CG-03", 14)]),
    ("KI-01", &[("KI-08", 16), ("KI-12", 16), ("KI-10", 12)]),
    ("KI-02", &[("KI-08", 26), ("KI-10", 18), ("KI-12", 20), ("KI-06", 16), ("KI-11", 10), ("ST-05", 10)]),
    ("KI-03", &[("KI-04", 20), ("KI-09", 16), ("KI-06", 14), ("KI-12", 14)]),
    ("KI-04", &[("KI-10", 20), ("KI-05", 16), ("ST-05", 14), ("KI-03", 12)]),
    ("KI-05", &[("KI-10", 14), ("KI-04", 10), ("ST-01", 10)]),
    ("KI-06", &[("KI-10", 28), ("KI-08", 16), ("CG-01", 10)]),
    ("KI-07", &[("KI-12", 18), ("KI-02", 14), ("KI-10", 14)]),
    ("KI-08", &[("KI-11", 44), ("KI-12", 26), ("KI-10", 14)]),
    ("KI-09", &[("KI-11", 44), ("KI-12", 28)]),
    ("KI-12", &[("KI-08", 30), ("KI-11", 16), ("KI-07", 10)]),
];

/// One of the three small pictures under "How they go together".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TogetherStep {
    pub verb: &'static str,
    /// What to do, read right after the verb.
    pub text: &'static str,
    /// The product whose picture stands above.
    pub code: &'static str,
}

/// What an email says of a main product for somebody who bought an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Together {
    /// The kind of what was bought.
    pub anchor_kind: &'static str,
    /// The kind of the product offered first; empty where the words fit any.
    pub main_kind: &'static str,
    pub heading: &'static str,
    pub sentence: &'static str,
    pub steps: [TogetherStep; 3],
    /// The name of the picture at the top.
    pub scene: &'static str,
    pub scene_text: &'static str,
}

const fn step(verb: &'static str, text: &'static str, code: &'static str) -> TogetherStep {
    TogetherStep { verb, text, code }
}

const POUR: [TogetherStep; 3] = [
    step("Rinse", "the filter, warm the glass", "FC-01"),
    step("Bloom", "40 g of water, 30 seconds", "KT-02"),
    step("Pour", "in slow circles to 250 g", "CM-02"),
];
const CARAFE: [TogetherStep; 3] = [
    step("Fold", "three layers to the spout", "FC-03"),
    step("Bloom", "80 g of water, 45 seconds", "KT-03"),
    step("Pour", "in rounds to 600 g", "CM-06"),
];
const PRESS: [TogetherStep; 3] = [
    step("Grind", "30 g, as coarse as salt", "GR-02"),
    step("Steep", "half a litre, four minutes", "CM-08"),
    step("Press", "slowly, pour at once", "CG-01"),
];
const MOKA: [TogetherStep; 3] = [
    step("Fill", "with hot water to the valve", "KT-01"),
    step("Heap", "fine grounds, do not press", "CF-02"),
    step("Lift", "off when it turns blond", "CM-11"),
];
const SHOT: [TogetherStep; 3] = [
    step("Grind", "18 g, as fine as flour", "GR-04"),
    step("Tamp", "once, level and firm", "ST-06"),
    step("Pull", "36 g in 28 seconds", "CM-13"),
];
const MILK: [TogetherStep; 3] = [
    step("Pull", "a shot, 36 g", "CM-13"),
    step("Steam", "to 60 °C, then swirl", "ST-08"),
    step("Pour", "low and slow, a leaf", "CG-05"),
];
const COLD: [TogetherStep; 3] = [
    step("Grind", "80 g, coarse", "GR-04"),
    step("Wait", "twelve hours in the cold", "CM-12"),
    step("Pour", "over ice, with milk", "CG-06"),
];
const BEANS: [TogetherStep; 3] = [
    step("Keep", "them from air and light", "CF-09"),
    step("Weigh", "18 g for a large cup", "ST-02"),
    step("Grind", "just before you pour", "GR-02"),
];
const SEAR: [TogetherStep; 3] = [
    step("Heat", "slowly, five minutes", "KI-02"),
    step("Rest", "what you cooked on wood", "KI-08"),
    step("Slice", "thin, across the grain", "KI-12"),
];
const BRAISE: [TogetherStep; 3] = [
    step("Brown", "in small lots, hot", "KI-03"),
    step("Braise", "three hours, lid on", "KI-04"),
    step("Carve", "on a board with a groove", "KI-09"),
];
const WOOD: [TogetherStep; 3] = [
    step("Wash", "by hand, dry upright", "KI-10"),
    step("Oil", "once a month, thinly", "KI-11"),
    step("Cut", "on one side, serve on both", "KI-08"),
];
const MORNING: [TogetherStep; 3] = [
    step("Grind", "what one cup needs", "GR-02"),
    step("Brew", "while the house sleeps", "CM-02"),
    step("Sit", "down with it", "CG-01"),
];

const SCENE_POUR: (&str, &str) =
    ("scene-pour.png", "Kettle pouring into the Ceramic dripper, a bag of coffee beside it");
const SCENE_PRESS: (&str, &str) =
    ("scene-press.png", "French press, two mugs and a grinder on a table");
const SCENE_ESPRESSO: (&str, &str) =
    ("scene-espresso.png", "Espresso machine with tamper, milk jug and cups");
const SCENE_COFFEE: (&str, &str) =
    ("scene-coffee.png", "Three bags of coffee, a grinder and a mug");
const SCENE_KITCHEN: (&str, &str) =
    ("scene-kitchen.png", "Cast-iron skillet with walnut board, oil and towels");
const SCENE_COLD: (&str, &str) =
    ("scene-cold.png", "Cold brew bottle with two glasses and a bag of coffee");
const SCENE_MORNING: (&str, &str) = ("scene-morning.png", "Steaming mug beside a bag of coffee");

/// One row of [`TOGETHER`].
const fn say(
    kinds: (&'static str, &'static str),
    heading: &'static str,
    sentence: &'static str,
    steps: [TogetherStep; 3],
    scene: (&'static str, &'static str),
) -> Together {
    Together {
        anchor_kind: kinds.0,
        main_kind: kinds.1,
        heading,
        sentence,
        steps,
        scene: scene.0,
        scene_text: scene.1,
    }
}

#[rustfmt::skip] // Two or three lines a row: kinds and heading, sentence, steps and scene.
static TOGETHER: &[Together] = &[
    say(("dripper", "kettle"), "Your dripper deserves a steady hand",
        "The last thing between you and a really even cup is the pour, so here is the kettle most people pair with it.",
        POUR, SCENE_POUR),
    say(("dripper", "grinder"), "Your dripper likes it freshly ground",
        "Ground coffee is at its best for a quarter of an hour, so here is the grinder most people pair with it.",
        POUR, SCENE_POUR),
    say(("dripper", "scale"), "Your dripper can do that cup again",
        "A good cup is luck until you can repeat it, so here is the scale most people pair with it.",
        POUR, SCENE_POUR),
    say(("dripper", ""), "Your dripper deserves good company",
        "It makes a better cup with the right things around it, and these are the ones people choose.",
        POUR, SCENE_POUR),
    say(("carafe", "kettle"), "Your carafe deserves a slower pour",
        "Six cups need a spout that does not hurry, so here is the kettle most people pair with it.",
        CARAFE, SCENE_POUR),
    say(("carafe", ""), "Your carafe deserves good company",
        "It makes six clear cups on its own, and six better ones with these beside it.",
        CARAFE, SCENE_POUR),
    say(("server", ""), "A server worth filling",
        "It keeps what you brew, so here is what people like to brew into it.", POUR, SCENE_POUR),
    say(("press", "grinder"), "Your press wants an even grind",
        "Silt comes from uneven grounds, so here is the grinder most people pair with it.",
        PRESS, SCENE_PRESS),
    say(("press", ""), "Four minutes, made better",
        "The press asks for little, and repays these three more than most.", PRESS, SCENE_PRESS),
    say(("moka pot", ""), "Small pot, large difference",
        "The pot does the work; what you put into it and pour it into does the rest.",
        MOKA, SCENE_COFFEE),
    say(("cold brew bottle", ""), "For when the bottle is ready",
        "Twelve hours of waiting deserve a good glass and a good roast.", COLD, SCENE_COLD),
    say(("espresso machine", "grinder"), "The half of good coffee you do not see",
        "A machine is as good as what is ground for it, so here is the grinder most people pair with it.",
        SHOT, SCENE_ESPRESSO),
    say(("espresso machine", "jug"), "Your machine has a second talent",
        "The steam is waiting, so here is the jug most people pair with it.", MILK, SCENE_ESPRESSO),
    say(("espresso machine", ""), "The half of good coffee you do not see",
        "The machine makes the pressure; these make the shot.", SHOT, SCENE_ESPRESSO),
    say(("kettle", "dripper"), "A pour like that needs a dripper",
        "Your kettle can pour as thin as a pencil, so here is the dripper most people pour into.",
        POUR, SCENE_POUR),
    say(("kettle", ""), "Your kettle is ready for more",
        "It pours well; here is what people like to have under the spout.", POUR, SCENE_POUR),
    say(("grinder", "coffee"), "Something worth grinding",
        "A good grinder shows what a bean can do, so here are the beans people put into it.",
        BEANS, SCENE_COFFEE),
    say(("grinder", ""), "Your grinder has done its part",
        "The grounds are even now; here is what makes the rest of the cup as good.",
        BEANS, SCENE_COFFEE),
    say(("scale", ""), "The same cup, every morning",
        "You can measure it now; here is what people like to put on the scale.", POUR, SCENE_POUR),
    say(("tamper", ""), "A level bed, a better shot",
        "The tamper is in hand; these are what people keep beside it.", SHOT, SCENE_ESPRESSO),
    say(("jug", "cups"), "Milk this good wants a wide cup",
        "A leaf needs room, so here are the cups most people pour into.", MILK, SCENE_ESPRESSO),
    say(("jug", ""), "Milk this good wants company",
        "The jug is ready; these are what people keep beside it.", MILK, SCENE_ESPRESSO),
    say(("filters", ""), "You have the papers, here is the rest",
        "A hundred brews are ahead of you, and these make each of them a little better.",
        POUR, SCENE_POUR),
    say(("carafe filters", ""), "You have the papers, here is the rest",
        "A hundred brews are ahead of you, and these make each of them a little better.",
        CARAFE, SCENE_POUR),
    say(("coffee", "grinder"), "Those beans are worth grinding late",
        "Half of what you paid for is gone in a quarter of an hour, so here is the grinder people choose.",
        BEANS, SCENE_COFFEE),
    say(("coffee", ""), "Good beans, kept and brewed well",
        "The roast is ours, the cup is yours; here is what people put between them.",
        BEANS, SCENE_COFFEE),
    say(("mug", ""), "Something good to fill it with",
        "The mug is ready when you are; here is what people like in it and beside it.",
        MORNING, SCENE_MORNING),
    say(("cups", ""), "Something good to fill them with",
        "Small cups ask for a strong start; here is what people make it with.", SHOT, SCENE_ESPRESSO),
    say(("glasses", ""), "For long, cold, slow afternoons",
        "The glasses are ready; here is what people pour into them.", COLD, SCENE_COLD),
    say(("skillet", "board"), "What the skillet sears, the board serves",
        "Meat rests best on wood, so here is the board most people put beside it.",
        SEAR, SCENE_KITCHEN),
    say(("skillet", ""), "Your skillet, and what it likes beside it",
        "It will outlast most things in the kitchen; these are the ones that keep up.",
        SEAR, SCENE_KITCHEN),
    say(("casserole", ""), "For the Sundays ahead",
        "The pot takes care of itself; here is what people lay beside it.", BRAISE, SCENE_KITCHEN),
    say(("saucepan", ""), "The small pot's larger friends",
        "You will reach for it every day; these are what people reach for next.",
        BRAISE, SCENE_KITCHEN),
    say(("apron", ""), "Dressed for it, now cook",
        "The apron is on; here is what people like to have in their hands.", SEAR, SCENE_KITCHEN),
    say(("board", "oil"), "A board drinks once a month",
        "Wood stays whole when it is fed, so here is the oil most people keep beside it.",
        WOOD, SCENE_KITCHEN),
    say(("board", ""), "Good wood, well kept",
        "It is kind to knives and likes a little care; here is what people keep beside it.",
        WOOD, SCENE_KITCHEN),
    say(("knife", ""), "A sharp edge likes soft wood",
        "The knife keeps its edge longest in this company.", SEAR, SCENE_KITCHEN),
];

/// What stands in for an anchor of any other kind.
static TOGETHER_OTHERWISE: Together = say(
    ("", ""),
    "Good things keep good company",
    "Here is what people like to have beside what you chose.",
    MORNING,
    SCENE_MORNING,
);

/// The words for `main_kind` offered to somebody who bought `anchor_kind`.
pub fn together(anchor_kind: &str, main_kind: &str) -> &'static Together {
    let for_anchor = || TOGETHER.iter().filter(|it| it.anchor_kind == anchor_kind);
    for_anchor()
        .find(|it| it.main_kind == main_kind)
        .or_else(|| for_anchor().find(|it| it.main_kind.is_empty()))
        .unwrap_or(&TOGETHER_OTHERWISE)
}

/// Every row that [`together`] can give.
pub fn all_together() -> impl Iterator<Item = &'static Together> {
    TOGETHER.iter().chain([&TOGETHER_OTHERWISE])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_product_is_complete() {
        let products = products("https://tarnandember.example");
        assert!((58..=70).contains(&products.len()), "about 60");
        let mut codes = BTreeSet::new();
        let mut pictures = BTreeSet::new();
        for (index, product) in products.iter().enumerate() {
            assert_eq!(product.id.index(), index, "numbered in order");
            assert!(codes.insert(product.code.clone()), "{} twice", product.code);
            assert!(pictures.insert(product.picture.clone()), "{} twice", product.picture);
            let words = product.picture_text.split_whitespace().count();
            assert!((2..=12).contains(&words), "{}: {}", product.code, product.picture_text);
            assert_eq!(product.benefits.len(), 3, "{}", product.code);
            assert!(product.benefits.iter().all(|it| it.chars().count() <= 34), "{}", product.code);
            assert!(product.summary.chars().count() <= 62, "{}: {}", product.code, product.summary);
            assert!(product.is_in_stock() && product.price_minor > 0, "{}", product.code);
        }
        let categories: BTreeSet<_> = products.iter().map(|it| it.category.as_str()).collect();
        assert_eq!(categories.len(), 8);
    }

    #[test]
    fn the_pictured_products_are_as_pictured() {
        let products = products("https://tarnandember.example");
        let of = |name: &str| products.iter().find(|it| it.name == name).expect(name).price_minor;
        assert_eq!(of("Ceramic dripper No. 2"), 3_400);
        assert_eq!(of("Gooseneck kettle 0.9 l"), 8_900);
        assert_eq!(of("Hand grinder"), 11_900);
        assert_eq!(of("Brew scale"), 5_900);
        assert_eq!(of("Filters, 100"), 850);
        assert_eq!(of("French press"), 3_900);
        assert_eq!(of("Cast-iron skillet"), 7_400);
        assert!(
            ["Espresso machine", "Linen apron", "Walnut board"].map(of).iter().all(|&it| it > 0)
        );
        let kettle = products.iter().find(|it| it.code == "KT-02").unwrap();
        assert_eq!(kettle.url, "https://tarnandember.example/products/gooseneck-kettle-0-9-l");
        assert_eq!(kettle.picture, "gooseneck-kettle-0-9-l.png");
    }

    /// How many better versions of `code` there are: its kind, 1.1 to 2.5 times its price.
    fn steps_up(products: &[Product], code: &str) -> usize {
        let from = products.iter().find(|it| it.code == code).unwrap();
        let is_step = |it: &&Product| {
            let (low, high) = (from.price_minor * 11 / 10, from.price_minor * 25 / 10);
            it.kind == from.kind && (low..=high).contains(&it.price_minor)
        };
        products.iter().filter(is_step).count()
    }

    #[test]
    fn kinds_are_ladders() {
        let products = products("");
        for (code, at_least) in [
            ("CM-02", 2),
            ("CM-08", 1),
            ("CM-13", 1),
            ("KT-02", 3),
            ("GR-02", 2),
            ("ST-02", 1),
            ("FC-01", 1),
            ("CF-01", 3),
            ("CG-03", 2),
            ("KI-02", 1),
            ("KI-08", 1),
            ("CM-10", 1),
        ] {
            assert!(steps_up(&products, code) >= at_least, "{code} has no better version");
        }
        let with_a_step = products.iter().filter(|it| steps_up(&products, &it.code) > 0).count();
        assert!(with_a_step >= 24, "{with_a_step} things have a better version");
    }

    #[test]
    fn what_goes_together_exists() {
        for (anchor, others) in GOES_WITH {
            assert!(index_of(anchor).is_some(), "{anchor}");
            for (other, weight) in *others {
                assert!(index_of(other).is_some() && anchor != other, "{anchor} and {other}");
                assert!((1..=100).contains(weight), "{anchor} and {other}");
            }
        }
        let kinds: BTreeSet<_> = (0..product_count()).map(kind_at).collect();
        for row in all_together() {
            assert!(row.anchor_kind.is_empty() || kinds.contains(row.anchor_kind), "{row:?}");
            assert!(row.main_kind.is_empty() || kinds.contains(row.main_kind), "{row:?}");
            assert!(row.steps.iter().all(|it| index_of(it.code).is_some()), "{row:?}");
            assert!(row.heading.chars().count() <= 42, "two lines at most: {}", row.heading);
            assert!(row.scene_text.split_whitespace().count() <= 12, "{}", row.scene_text);
        }
    }

    #[test]
    fn words_are_found_from_the_special_to_the_general() {
        assert_eq!(together("dripper", "kettle").heading, "Your dripper deserves a steady hand");
        assert_eq!(together("dripper", "mug").heading, "Your dripper deserves good company");
        assert_eq!(together("travel cup", "mug").heading, "Good things keep good company");
    }

    #[test]
    fn consumables_say_how_long_they_last() {
        let lasting = (0..product_count()).filter(|&it| lasts_days_at(it).is_some()).count();
        assert!(lasting >= 12, "papers, coffee, care");
    }
}
