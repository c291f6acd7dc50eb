//! What one email is filled from: a customer, an order, the products it speaks of, a coupon.
//!
//! Every value is ready to be read by a person: prices, dates and names are already texts, made by
//! the helpers in [`crate::wording`]. A missing value is an empty text or `None`, and the blocks
//! that would show it go away. [`EmailData::sample`] is the sample shop of the design's pictures.
//!
//! Customers and catalogues bring texts that nobody checked. Fields are plain so that they are easy
//! to fill; what is serialised for the templates is cleaned on the way out: a control character
//! becomes a blank, and an address that is not plain `http` or `https` becomes nothing.

use std::fmt;

use aftercart_model::{Coupon, Currency, Product, Rating};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Serialize, Serializer};

use crate::wording;

/// All that a document's merge tags can name.
#[derive(Clone, Default, Serialize)]
pub struct EmailData {
    pub customer: CustomerView,
    pub order: OrderView,
    /// What the email recommends; the first is the main product.
    pub products: Vec<ProductView>,
    /// The shop's own words on how the main product goes with what was bought; each may be empty.
    pub pair: PairView,
    /// How the things are used together: shown when there are three.
    pub steps: Vec<StepView>,
    pub coupon: Option<CouponView>,
    /// Approved reviews of any of `products`, best first.
    pub reviews: Vec<ReviewView>,
    pub story: Option<StoryView>,
    pub shop: ShopView,
    pub links: Links,
}

/// Names stay out of logs and panics.
impl fmt::Debug for EmailData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailData({} products)", self.products.len())
    }
}

#[derive(Clone, Default, Serialize)]
pub struct CustomerView {
    #[serde(serialize_with = "text")]
    pub given_name: String,
}

/// The order the email follows up, seen through its main product.
#[derive(Clone, Default, Serialize)]
pub struct OrderView {
    /// When it was placed, in the customer's zone: `9 March`.
    #[serde(serialize_with = "text")]
    pub date: String,
    /// What was bought: `Ceramic dripper`.
    #[serde(serialize_with = "text")]
    pub name: String,
    /// The same in the middle of a sentence, after "the" or "your", without size and number.
    #[serde(serialize_with = "text")]
    pub name_in_sentence: String,
    /// What kind of thing it is: `dripper`.
    #[serde(serialize_with = "text")]
    pub noun: String,
    #[serde(serialize_with = "link")]
    pub picture: String,
    #[serde(serialize_with = "text")]
    pub picture_text: String,
}

impl OrderView {
    /// The order of `product`, placed at `placed_at`, for a customer in `zone`.
    pub fn new(product: &Product, placed_at: Timestamp, zone: &TimeZone) -> Self {
        Self {
            date: wording::date(placed_at, zone),
            name: wording::display_name(&product.name),
            name_in_sentence: wording::name_in_sentence(&product.name, &product.kind),
            noun: wording::noun(&product.kind),
            picture: product.picture.clone(),
            picture_text: product.picture_text.clone(),
        }
    }
}

/// Why a product is in the email.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Customers who have what was bought have this too.
    GoesWith,
    /// A better version of what was bought.
    StepUp,
    /// They bought it before, and it is time for it again or soon will be.
    DueAgain,
    /// One of the products the shop sells most.
    BestSeller,
    /// Suits the customer, for what they bought before this order or for no reason to be told.
    #[default]
    Picked,
}

#[derive(Clone, Default, Serialize)]
pub struct ProductView {
    /// `Gooseneck kettle 0.9 l`
    #[serde(serialize_with = "text")]
    pub name: String,
    /// Without its size: `Gooseneck kettle`.
    #[serde(serialize_with = "text")]
    pub short_name: String,
    /// The size that `short_name` leaves out: `0.9 l`.
    #[serde(serialize_with = "text")]
    pub size: String,
    /// The name in the middle of a sentence, without size and number: `gooseneck kettle`.
    #[serde(serialize_with = "text")]
    pub name_in_sentence: String,
    /// What kind of thing it is: `kettle`.
    #[serde(serialize_with = "text")]
    pub noun: String,
    /// Its page in the shop, already tracked and, where the shop allows it, with the coupon in it.
    #[serde(serialize_with = "link")]
    pub url: String,
    #[serde(serialize_with = "link")]
    pub picture: String,
    /// What the picture shows, in at most 12 words.
    #[serde(serialize_with = "text")]
    pub picture_text: String,
    /// One line: `38 steps, from espresso to press`.
    #[serde(serialize_with = "text")]
    pub summary: String,
    /// One line on what it does for what was bought: `Grind just before you pour`.
    #[serde(serialize_with = "text")]
    pub reason: String,
    /// Two or three sentences.
    #[serde(serialize_with = "text")]
    pub description: String,
    /// Each of a few words; three are shown.
    #[serde(serialize_with = "texts")]
    pub benefits: Vec<String>,
    /// `€89.00`
    #[serde(serialize_with = "text")]
    pub price: String,
    /// With the coupon taken off: `€80.10`. Empty without one.
    #[serde(serialize_with = "text")]
    pub price_now: String,
    pub rating: Option<RatingView>,
    pub relation: Relation,
    /// The customer looked at it since the order.
    pub was_viewed: bool,
}

impl ProductView {
    /// What is known of `product`. The caller adds the tracked address, relation and rating.
    pub fn new(product: &Product, currency: Currency) -> Self {
        let name = wording::display_name(&product.name);
        let (short_name, size) = wording::split_size(&name);
        Self {
            short_name: short_name.to_owned(),
            size: size.to_owned(),
            name_in_sentence: wording::name_in_sentence(&product.name, &product.kind),
            noun: wording::noun(&product.kind),
            url: product.url.clone(),
            picture: product.picture.clone(),
            picture_text: product.picture_text.clone(),
            summary: product.summary.clone(),
            benefits: product.benefits.clone(),
            price: currency.format(product.price_minor),
            name,
            ..Self::default()
        }
    }

    /// Adds the price with the coupon, if it makes it less for who buys this product alone: below
    /// the coupon's least order nobody would be given that price.
    pub fn with_coupon(mut self, product: &Product, coupon: &Coupon, currency: Currency) -> Self {
        let now = coupon.offer.price_after(product.price_minor);
        if now < product.price_minor && product.price_minor >= coupon.order_minor_min {
            self.price_now = currency.format(now);
        }
        self
    }
}

/// How a product is rated by those who bought it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RatingView {
    /// `4.8`
    pub mean: String,
    /// The mean in whole stars.
    pub stars: StarsView,
    pub count: u32,
    /// From five stars down to one.
    pub bars: Vec<BarView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BarView {
    pub stars: u8,
    pub count: u32,
    /// Share of all ratings, in whole percent; at least 1 where there is one.
    pub percent: u32,
    pub rest: u32,
}

impl RatingView {
    /// `None` while nobody rated it.
    pub fn new(rating: &Rating) -> Option<Self> {
        let tenths = rating.mean_tenths()?;
        let count = rating.count();
        let bar = |stars: u8| {
            let given = rating.counts[usize::from(stars) - 1];
            let percent = ((given * 100 + count / 2) / count).max(u32::from(given > 0));
            BarView { stars, count: given, percent, rest: 100 - percent }
        };
        Some(Self {
            mean: format!("{}.{}", tenths / 10, tenths % 10),
            stars: StarsView::new(((tenths + 5) / 10) as u8),
            count,
            bars: (1..=5).rev().map(bar).collect(),
        })
    }
}

/// Stars as they are drawn and as they are read aloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StarsView {
    /// `★★★★`
    pub lit: String,
    /// `★`
    pub unlit: String,
    /// `4 of 5 stars`
    pub text: String,
}

impl StarsView {
    /// `stars` of five; what is out of range counts as the nearest that is not.
    pub fn new(stars: u8) -> Self {
        let stars = stars.clamp(1, 5);
        let draw = |count: u8| "★".repeat(usize::from(count));
        Self { lit: draw(stars), unlit: draw(5 - stars), text: format!("{stars} of 5 stars") }
    }
}

/// The shop's own words on two products that go together.
#[derive(Clone, Default, Serialize)]
pub struct PairView {
    /// `Your dripper deserves a steady hand`
    #[serde(serialize_with = "text")]
    pub heading: String,
    /// One sentence on why, starting with a capital.
    #[serde(serialize_with = "text")]
    pub lead: String,
    /// A fact for the inbox line: `The pour is half the cup`.
    #[serde(serialize_with = "text")]
    pub fact: String,
    /// The two used together, wide: for the top of an email.
    #[serde(serialize_with = "link")]
    pub scene: String,
    #[serde(serialize_with = "text")]
    pub scene_text: String,
    /// The two side by side.
    #[serde(serialize_with = "link")]
    pub picture: String,
    #[serde(serialize_with = "text")]
    pub picture_text: String,
}

/// One step of how things are used together.
#[derive(Clone, Default, Serialize)]
pub struct StepView {
    #[serde(serialize_with = "link")]
    pub picture: String,
    #[serde(serialize_with = "text")]
    pub picture_text: String,
    /// `Rinse`
    #[serde(serialize_with = "text")]
    pub verb: String,
    /// `the filter, warm the glass`
    #[serde(serialize_with = "text")]
    pub what: String,
}

/// A coupon as the customer reads of it, at the moment of sending.
#[derive(Clone, Default, Serialize)]
pub struct CouponView {
    #[serde(serialize_with = "text")]
    pub code: String,
    /// What it takes off: `10%`, `€5`.
    #[serde(serialize_with = "text")]
    pub offer: String,
    /// What it is good for, after "off": `the products above`.
    #[serde(serialize_with = "text")]
    pub covers: String,
    /// How long it still works: `five days`.
    #[serde(serialize_with = "text")]
    pub lives_for: String,
    /// The one way to say its end, after "until": `midnight on Monday 23 March`.
    #[serde(serialize_with = "text")]
    pub ends_at: String,
    /// Where that clock stands: `Lisbon time`. Empty where the zone has no place in its name.
    #[serde(serialize_with = "text")]
    pub ends_zone: String,
    /// Its last day: `Monday 23 March`.
    #[serde(serialize_with = "text")]
    pub ends_on: String,
    /// `Monday`
    #[serde(serialize_with = "text")]
    pub ends_weekday: String,
    /// Its last minute on that day: `23:59`.
    #[serde(serialize_with = "text")]
    pub ends_time: String,
    /// The same in words where there is a word: `midnight`.
    #[serde(serialize_with = "text")]
    pub ends_hour: String,
    /// As seen from now, after "ends": `tonight`, `today`, `tomorrow`, `on Monday`.
    #[serde(serialize_with = "text")]
    pub ends_when: String,
    /// As seen from now, before a time: `today`, `tomorrow`, `Monday 23 March`.
    #[serde(serialize_with = "text")]
    pub ends_day: String,
    /// Orders below this do not get it: `€25`. Empty if there is no such line.
    #[serde(serialize_with = "text")]
    pub order_min: String,
    /// It cannot be used with another code.
    pub is_alone: bool,
    /// The links of the email carry it, so that nobody has to type it.
    pub is_in_links: bool,
}

impl CouponView {
    /// The coupon as read at `now` in `zone`. `None` once it has ended, or if it never ends: an
    /// email that names an end must have one.
    pub fn new(
        coupon: &Coupon,
        currency: Currency,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Option<Self> {
        let expires_at = coupon.expires_at.filter(|it| *it > now)?;
        // The last moment it works: "until midnight" belongs to the day that ends there.
        let last = (expires_at - SignedDuration::from_secs(1)).to_zoned(zone.clone());
        let today = now.to_zoned(zone.clone());
        let days = wording::days_between(today.date(), last.date());
        let weekday = wording::weekday(last.weekday());
        let on = format!("{weekday} {}", wording::date(last.timestamp(), zone));
        let order_min = match coupon.order_minor_min {
            ..=0 => String::new(),
            minor => wording::amount(currency, minor),
        };
        let time = format!("{:02}:{:02}", last.hour(), last.minute());
        let hour = if time == "23:59" { "midnight".to_owned() } else { time.clone() };
        Some(Self {
            code: coupon.code.clone(),
            offer: wording::offer(coupon.offer, currency),
            covers: "your next order".to_owned(),
            lives_for: wording::span_of_days(days, last.timestamp().duration_since(now)),
            ends_weekday: weekday.to_owned(),
            ends_at: format!("{hour} on {on}"),
            ends_zone: wording::zone_name(zone),
            ends_hour: hour,
            ends_when: match days {
                0 if last.hour() >= 18 => "tonight".to_owned(),
                0 => "today".to_owned(),
                1 => "tomorrow".to_owned(),
                2..=6 => format!("on {weekday}"),
                _ => format!("on {}", wording::date(last.timestamp(), zone)),
            },
            ends_day: match days {
                0 => "today".to_owned(),
                1 => "tomorrow".to_owned(),
                _ => on.clone(),
            },
            ends_on: on,
            ends_time: time,
            order_min,
            is_alone: false,
            is_in_links: false,
        })
    }
}

/// An approved review, verbatim or a marked excerpt of it.
#[derive(Clone, Default, Serialize)]
pub struct ReviewView {
    /// Which of [`EmailData::products`] it is about.
    pub product: usize,
    /// 1 to 5.
    pub rating: u8,
    #[serde(serialize_with = "text")]
    pub text: String,
    /// Given name and initial: `Tomás R.`
    #[serde(serialize_with = "text")]
    pub author: String,
    /// What they bought and when: `Kettle, bought in January`.
    #[serde(serialize_with = "text")]
    pub bought: String,
}

/// A short true story of a buyer who agreed to have it shown.
#[derive(Clone, Default, Serialize)]
pub struct StoryView {
    #[serde(serialize_with = "text")]
    pub heading: String,
    #[serde(serialize_with = "text")]
    pub quote: String,
    #[serde(serialize_with = "link")]
    pub picture: String,
    #[serde(serialize_with = "text")]
    pub picture_text: String,
}

#[derive(Clone, Default, Serialize)]
pub struct ShopView {
    #[serde(serialize_with = "text")]
    pub name: String,
    /// Company and postal address, on one line.
    #[serde(serialize_with = "text")]
    pub postal_address: String,
}

/// Addresses the engine made for this one message.
#[derive(Clone, Default, Serialize)]
pub struct Links {
    #[serde(serialize_with = "link")]
    pub unsubscribe: String,
    /// Where the customer chooses what to get.
    #[serde(serialize_with = "link")]
    pub preferences: String,
    /// The email as a web page.
    #[serde(serialize_with = "link")]
    pub browser: String,
    /// The picture that tells of an open. Empty: none.
    #[serde(serialize_with = "link")]
    pub pixel: String,
    /// The shop itself.
    #[serde(serialize_with = "link")]
    pub shop: String,
    /// Where one, two, three, four and five stars lead; empty unless the email asks for a rating.
    #[serde(serialize_with = "links")]
    pub ratings: Vec<String>,
}

/// A text without control characters: no line break of a customer's name ever splits a line of
/// ours, least of all the subject.
pub(crate) fn cleaned(value: &str) -> String {
    let blank =
        |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    value.chars().map(blank).collect::<String>().trim().to_owned()
}

/// Whether `value` is a plain web address, safe behind a click.
pub(crate) fn is_web_address(value: &str) -> bool {
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"\"'<>\\`{}".contains(c);
    rest.is_some_and(|it| !it.is_empty() && it.chars().all(is_plain))
}

pub(crate) fn text<S: Serializer>(value: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let value = cleaned(value);
    if value.is_empty() { serializer.serialize_none() } else { serializer.serialize_str(&value) }
}

fn texts<S: Serializer>(values: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    let values: Vec<String> =
        values.iter().map(|it| cleaned(it)).filter(|it| !it.is_empty()).collect();
    if values.is_empty() { serializer.serialize_none() } else { values.serialize(serializer) }
}

fn link<S: Serializer>(value: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if is_web_address(value) {
        serializer.serialize_str(value)
    } else {
        serializer.serialize_none()
    }
}

fn links<S: Serializer>(values: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    let is_good = !values.is_empty() && values.iter().all(|it| is_web_address(it));
    if is_good { values.serialize(serializer) } else { serializer.serialize_none() }
}

#[cfg(test)]
mod tests {
    use aftercart_model::CouponOffer;
    use jiff::civil::date;

    use super::*;

    fn coupon(expires_at: Option<Timestamp>) -> Coupon {
        Coupon {
            pool: aftercart_model::PoolId::new("next10").unwrap(),
            code: "NEXT-7F3K".to_owned(),
            offer: CouponOffer::Percent(10),
            order_minor_min: 2_500,
            state: aftercart_model::CouponState::Reserved,
            customer: None,
            expires_at,
        }
    }

    /// How a coupon that ends at midnight after 23 March reads on a day of March.
    fn read_on(day: i8, hour: i8) -> CouponView {
        let zone = TimeZone::get("Europe/Lisbon").unwrap();
        let end = date(2026, 3, 24).at(0, 0, 0, 0).to_zoned(zone.clone()).unwrap().timestamp();
        let now = date(2026, 3, day).at(hour, 0, 0, 0).to_zoned(zone.clone()).unwrap().timestamp();
        CouponView::new(&coupon(Some(end)), Currency::EUR, &zone, now).unwrap()
    }

    #[test]
    fn a_coupon_says_until_when_as_seen_from_today() {
        let view = read_on(18, 10);
        assert_eq!(view.ends_at, "midnight on Monday 23 March");
        assert_eq!(view.ends_zone, "Lisbon time");
        assert_eq!(view.ends_on, "Monday 23 March");
        assert_eq!((view.ends_hour.as_str(), view.ends_time.as_str()), ("midnight", "23:59"));
        assert_eq!(view.lives_for, "five days");
        assert_eq!(view.ends_when, "on Monday");
        assert_eq!(read_on(22, 10).ends_when, "tomorrow");
        assert_eq!(read_on(23, 10).ends_when, "tonight");
        assert_eq!(read_on(23, 10).ends_day, "today");
        assert_eq!(view.order_min, "€25", "no empty cents");
    }

    #[test]
    fn a_dead_or_endless_coupon_is_not_spoken_of() {
        let now = Timestamp::constant(1_774_000_000, 0);
        let of = |at| CouponView::new(&coupon(at), Currency::EUR, &TimeZone::UTC, now);
        assert!(of(Some(now)).is_none(), "ends this very moment");
        assert!(of(None).is_none(), "has no end to name");
    }

    #[test]
    fn no_price_is_shown_that_nobody_would_be_given() {
        let product = |minor| Product::bare(aftercart_model::ProductId(0), "1", "Filters", minor);
        let price_now = |minor| {
            let view = ProductView::new(&product(minor), Currency::EUR);
            view.with_coupon(&product(minor), &coupon(None), Currency::EUR).price_now
        };
        assert_eq!(price_now(8_900), "€80.10");
        assert_eq!(price_now(2_500), "€22.50", "just enough");
        assert_eq!(price_now(850), "", "alone it is below the least order");
    }

    #[test]
    fn bars_show_each_rating() {
        let view = RatingView::new(&Rating { counts: [0, 1, 2, 7, 54] }).unwrap();
        let percent: Vec<u32> = view.bars.iter().map(|it| it.percent).collect();
        assert_eq!(percent, [84, 11, 3, 2, 0]);
        let few = RatingView::new(&Rating { counts: [1, 0, 0, 0, 999] }).unwrap();
        assert_eq!(few.bars[4].percent, 1, "one rating is seen");
        assert_eq!((view.mean.as_str(), view.stars.text.as_str()), ("4.8", "5 of 5 stars"));
    }

    #[test]
    fn only_web_addresses_stand_behind_a_click() {
        assert!(is_web_address("https://shop.example/a?b=c&d=%20#e"));
        assert!(is_web_address("http://127.0.0.1:8080/x"));
        assert!(!is_web_address("javascript:alert(1)"));
        assert!(!is_web_address("https://"), "no host");
        assert!(!is_web_address("https://x\" onclick=\"y"), "a quote");
        assert!(!is_web_address("data:text/html,x"));
    }

    #[test]
    fn logs_never_show_a_name() {
        assert_eq!(format!("{:?}", EmailData::sample()), "EmailData(3 products)");
    }
}
