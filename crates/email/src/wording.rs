//! How names, amounts, dates and numbers are written in an email.
//!
//! Small rules in English; a shop's language is the document's, which is written by the shop.

use aftercart_model::{CouponOffer, Currency};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Weekday},
    tz::TimeZone,
};

/// A noun longer than this would burst a button.
const NOUN_CHARS_MAX: usize = 18;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Written with a capital wherever they stand, in names that come in capitals only.
const PROPER: [&str; 43] = [
    "alice",
    "america",
    "american",
    "aztec",
    "bavarian",
    "bertie",
    "britain",
    "british",
    "calcutta",
    "charlotte",
    "chinese",
    "christmas",
    "cornish",
    "danish",
    "dutch",
    "easter",
    "edwardian",
    "england",
    "english",
    "europe",
    "france",
    "french",
    "georgian",
    "german",
    "hollywood",
    "indian",
    "italian",
    "japanese",
    "london",
    "madras",
    "mexican",
    "moroccan",
    "paris",
    "persian",
    "poppy's",
    "russian",
    "scandinavian",
    "scottish",
    "spanish",
    "swiss",
    "turkish",
    "valentine",
    "victorian",
];

/// Written in capitals even where the rest is not.
const ACRONYMS: [&str; 13] =
    ["3D", "BBQ", "CD", "DIY", "DVD", "EU", "FM", "LED", "TV", "UK", "USA", "USB", "XL"];

/// A product's name fit to be read: blanks tidied, a stray comma at the end gone, and a name in
/// capitals only written as a sentence. A name with any small letter keeps the shop's own.
///
/// `WHITE HANGING HEART T-LIGHT HOLDER` is `White hanging heart T-light holder`.
pub fn display_name(name: &str) -> String {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ").replace(" ,", ",");
    let name = name.trim_end_matches([',', ';', '.', ' ']);
    if is_shouted(name) { first_upper(&lowered(name)) } else { name.to_owned() }
}

/// The name in the middle of a sentence: what stands before a comma, without size and number, as
/// `filters` for `Filters, 200, unbleached` and `copper dripper` for `Copper dripper No. 2`.
///
/// It starts small where it is plainly a sentence itself (`Gooseneck kettle`, a name in capitals
/// only, or the very word for its `kind`), and keeps its capital where it might be a name of its own
/// (`AeroPress`, `Oxford Shirt`, `French press`).
pub fn name_in_sentence(name: &str, kind: &str) -> String {
    let whole = display_name(name);
    let shown = whole.split_once(',').map_or(whole.as_str(), |(first, _)| first.trim_end());
    let shown = without_number(split_size(shown).0);
    let first = shown.split([' ', '-']).next().unwrap_or_default();
    let is_title = |word: &str| word.starts_with(char::is_uppercase);
    let is_one_word = !shown.contains(' ');
    let keeps = is_kept(first)
        || first.chars().skip(1).any(char::is_uppercase)
        || is_one_word && shown.to_lowercase() != kind.trim().to_lowercase()
        || shown.split(' ').skip(1).any(is_title) && !is_shouted(name);
    if keeps { shown.to_owned() } else { first_lower(shown) }
}

/// `Ceramic dripper No. 2` without its `No. 2`.
fn without_number(name: &str) -> &str {
    let is_number = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    match name.rsplit_once(' ').filter(|(_, last)| is_number(last)) {
        Some((rest, _)) => {
            rest.strip_suffix(" No.").or_else(|| rest.strip_suffix(" no.")).unwrap_or(name)
        }
        None => name,
    }
}

fn is_shouted(name: &str) -> bool {
    name.chars().any(char::is_alphabetic) && !name.chars().any(char::is_lowercase)
}

fn is_kept(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    PROPER.binary_search(&bare.to_lowercase().as_str()).is_ok()
        || ACRONYMS.binary_search(&bare.to_uppercase().as_str()).is_ok()
}

fn lowered(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    for (index, word) in name.split(' ').enumerate() {
        if index > 0 {
            shown.push(' ');
        }
        let low = word.to_lowercase();
        let bare = low.trim_matches(|c: char| !c.is_alphanumeric());
        if ACRONYMS.binary_search(&bare.to_uppercase().as_str()).is_ok() {
            shown.push_str(word);
        } else if PROPER.binary_search(&bare).is_ok() {
            shown.push_str(&first_upper(&low));
        } else if word.chars().nth(1) == Some('-') && word.chars().count() > 2 {
            // "T-light" is named after the letter.
            shown.push_str(&first_upper(&low));
        } else {
            shown.push_str(&low);
        }
    }
    shown
}

fn first_upper(text: &str) -> String {
    change_first_letter(text, |c| c.to_uppercase().collect())
}

fn first_lower(text: &str) -> String {
    change_first_letter(text, |c| c.to_lowercase().collect())
}

fn change_first_letter(text: &str, change: impl Fn(char) -> String) -> String {
    match text.char_indices().find(|(_, c)| c.is_alphanumeric()) {
        Some((at, c)) => format!("{}{}{}", &text[..at], change(c), &text[at + c.len_utf8()..]),
        None => text.to_owned(),
    }
}

/// `Gooseneck kettle 0.9 l` is `Gooseneck kettle` and `0.9 l`; nothing where the name has no size
/// at its end.
pub fn split_size(name: &str) -> (&str, &str) {
    const UNITS: [&str; 12] =
        ["cl", "cm", "cups", "g", "kg", "l", "lb", "m", "ml", "mm", "oz", "pcs"];
    let is_number = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_digit() || ".,x×".contains(c))
    };
    let Some((rest, last)) = name.rsplit_once(' ') else { return (name, "") };
    let digits = last.trim_end_matches(|c: char| c.is_alphabetic());
    if is_number(digits) && UNITS.contains(&&last[digits.len()..]) {
        return (rest.trim_end_matches(','), last);
    }
    match rest.rsplit_once(' ') {
        Some((start, number)) if is_number(number) && UNITS.contains(&last) => {
            (start.trim_end_matches(','), &name[start.len() + 1..])
        }
        _ => (name, ""),
    }
}

/// A product's kind as a noun of a sentence, or nothing if it would not read well.
pub fn noun(kind: &str) -> String {
    let kind = kind.trim();
    let is_good = kind.chars().count() <= NOUN_CHARS_MAX
        && kind.chars().all(|c| c.is_alphabetic() || c == ' ' || c == '-');
    if is_good { kind.to_lowercase() } else { String::new() }
}

/// `€25`, `€25.50`: no cents where there are none.
pub fn amount(currency: Currency, minor: i64) -> String {
    let scale = 10_i64.pow(currency.digits());
    if minor % scale == 0 { currency.format_whole(minor) } else { currency.format(minor) }
}

/// What a coupon takes off: `10%`, `€5`.
pub fn offer(offer: CouponOffer, currency: Currency) -> String {
    match offer {
        CouponOffer::Percent(percent) => format!("{percent}%"),
        CouponOffer::AmountMinor(minor) => amount(currency, minor),
    }
}

/// `9 March`
pub fn date(at: Timestamp, zone: &TimeZone) -> String {
    let date = at.to_zoned(zone.clone()).date();
    format!("{} {}", date.day(), month(date))
}

/// The same of something past, with its year once the month alone could mean a later one:
/// `28 March 2025` in March 2026.
pub fn past_date(at: Timestamp, zone: &TimeZone, now: Timestamp) -> String {
    let (then, today) = (at.to_zoned(zone.clone()).date(), now.to_zoned(zone.clone()).date());
    let year =
        if months_between(then, today) < 12 { String::new() } else { format!(" {}", then.year()) };
    format!("{}{year}", date(at, zone))
}

/// `Lisbon time`, of a zone that is named after a place; nothing of any other.
pub(crate) fn zone_name(zone: &TimeZone) -> String {
    let place = zone.iana_name().and_then(|it| it.rsplit_once('/')).filter(|it| it.0 != "Etc");
    place.map_or_else(String::new, |(_, place)| format!("{} time", place.replace('_', " ")))
}

/// `Kettle, bought in January`: the line under a review; the year is said once it is not this one.
pub fn bought_line(
    noun: &str,
    bought_at: Option<Timestamp>,
    zone: &TimeZone,
    now: Timestamp,
) -> String {
    let noun = first_upper(noun);
    let Some(at) = bought_at else { return noun };
    let (date, today) = (at.to_zoned(zone.clone()).date(), now.to_zoned(zone.clone()).date());
    // "In March" said in March means the one that is not over yet, so last year's needs its year.
    let is_lately = months_between(date, today) < 12;
    let year = if is_lately { String::new() } else { format!(" {}", date.year()) };
    let when = format!("bought in {}{year}", month(date));
    if noun.is_empty() { first_upper(&when) } else { format!("{noun}, {when}") }
}

/// Whole months on the calendar, whatever the days.
fn months_between(from: Date, to: Date) -> i32 {
    i32::from(to.year() - from.year()) * 12 + i32::from(to.month()) - i32::from(from.month())
}

fn month(date: Date) -> &'static str {
    MONTHS[usize::from(date.month().unsigned_abs()) - 1]
}

pub fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

pub(crate) fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

/// How long something lasts that ends `days` civil days from today and `left` from now: `five days`.
pub(crate) fn span_of_days(days: i64, left: SignedDuration) -> String {
    match days {
        0 => match left.as_hours() {
            0 | 1 => "one hour".to_owned(),
            hours => format!("{} hours", number(hours)),
        },
        1 => "one day".to_owned(),
        days => format!("{} days", number(days)),
    }
}

/// Numbers up to twelve in words, as a letter would have them.
pub fn number(n: i64) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    let word = usize::try_from(n).ok().and_then(|it| WORDS.get(it));
    word.map_or_else(|| n.to_string(), |it| (*it).to_owned())
}

/// The beginning of `text` in at most `chars_max` characters, and whether anything was left out.
/// It ends with a sentence if one ends in the second half, else with a word; what is left out is
/// marked with `…`.
pub fn excerpt(text: &str, chars_max: usize) -> (String, bool) {
    let text = text.trim();
    if text.chars().count() <= chars_max {
        return (text.to_owned(), false);
    }
    let room = chars_max.saturating_sub(2);
    let end = text.char_indices().nth(room).map_or(text.len(), |(at, _)| at);
    let head = &text[..end];
    let sentence = head.rfind(['.', '!', '?']).filter(|at| *at * 2 >= end);
    let shown = match sentence {
        Some(at) => format!("{} …", &head[..=at]),
        None => format!("{} …", head.rsplit_once(' ').map_or(head, |(words, _)| words)),
    };
    (shown, true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shouted_names_become_sentences() {
        let cases = [
            ("WHITE HANGING HEART T-LIGHT HOLDER", "White hanging heart T-light holder"),
            ("SET/5 RED RETROSPOT LID GLASS BOWLS", "Set/5 red retrospot lid glass bowls"),
            ("VICTORIAN GLASS HANGING T-LIGHT", "Victorian glass hanging T-light"),
            ("PACK OF 6 CHRISTMAS CARDS", "Pack of 6 Christmas cards"),
            ("USB OFFICE MIRROR BALL", "USB office mirror ball"),
            ("RED WOOLLY HOTTIE WHITE HEART.", "Red woolly hottie white heart"),
            ("FELTCRAFT  CUSHION , OWL ", "Feltcraft cushion, owl"),
            ("\"ASSORTED FLOWER COLOUR \"LEIS\"", "\"Assorted flower colour \"leis\""),
            ("3D CHRISTMAS STAMPS", "3D Christmas stamps"),
            ("Gooseneck kettle 0.9 l", "Gooseneck kettle 0.9 l"),
            ("AeroPress Go", "AeroPress Go"),
            ("12345", "12345"),
            ("", ""),
        ];
        for (name, shown) in cases {
            assert_eq!(display_name(name), shown);
        }
    }

    #[test]
    fn a_name_starts_small_where_it_is_plainly_a_sentence() {
        let cases = [
            ("Gooseneck kettle 0.9 l", "gooseneck kettle"),
            ("WHITE HANGING HEART T-LIGHT HOLDER", "white hanging heart T-light holder"),
            ("VICTORIAN GLASS HANGING T-LIGHT", "Victorian glass hanging T-light"),
            ("Oxford Shirt", "Oxford Shirt"),
            ("AeroPress filters", "AeroPress filters"),
            ("Chemex", "Chemex"),
            ("French press", "French press"),
            ("USB OFFICE MIRROR BALL", "USB office mirror ball"),
        ];
        for (name, shown) in cases {
            assert_eq!(name_in_sentence(name, ""), shown);
        }
        assert_eq!(name_in_sentence("Tamper 58 mm", "tamper"), "tamper", "its kind, no name");
        assert_eq!(name_in_sentence("Chemex 6 cups", "carafe"), "Chemex");
    }

    #[test]
    fn a_name_in_a_sentence_has_neither_size_nor_number_nor_variant() {
        let cases = [
            ("Filters, 100", "filters", "filters"),
            ("Filters, 200, unbleached", "filters", "filters"),
            ("Carafe filters, 100", "carafe filters", "carafe filters"),
            ("Linen towels, 2", "towels", "linen towels"),
            ("Espresso cups, hand-thrown, 2", "cups", "espresso cups"),
            ("Moka pot, 6 cups", "moka pot", "moka pot"),
            ("Machine cleaner, 40 tablets", "cleaner", "machine cleaner"),
            ("Gooseneck kettle 1.2 l, steel", "kettle", "gooseneck kettle"),
            ("Copper dripper No. 2", "dripper", "copper dripper"),
            ("House roast, 1 kg", "coffee", "house roast"),
            ("Ethiopia Guji, 250 g", "coffee", "Ethiopia Guji"),
            ("FELTCRAFT CUSHION , OWL ", "", "feltcraft cushion"),
            ("Studio 54", "", "studio 54"),
            ("Chanel No. 5 soap", "", "Chanel No. 5 soap"),
            ("", "", ""),
            (", ,", "", ""),
        ];
        for (name, kind, shown) in cases {
            assert_eq!(name_in_sentence(name, kind), shown, "{name}");
        }
    }

    #[test]
    fn a_date_of_last_year_has_its_year() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-03-15T12:00:00Z");
        let date = |text: &str| past_date(at(text), &TimeZone::UTC, now);
        assert_eq!(date("2026-03-09T12:00:00Z"), "9 March");
        assert_eq!(date("2025-04-09T12:00:00Z"), "9 April");
        assert_eq!(date("2025-03-28T12:00:00Z"), "28 March 2025");
    }

    #[test]
    fn a_zone_is_named_after_its_place() {
        let name = |zone: &str| zone_name(&TimeZone::get(zone).unwrap());
        assert_eq!(name("Europe/Lisbon"), "Lisbon time");
        assert_eq!(name("America/New_York"), "New York time");
        assert_eq!(name("America/Argentina/Ushuaia"), "Ushuaia time");
        assert_eq!(name("UTC"), "", "no place");
    }

    #[test]
    fn a_size_at_the_end_is_told_from_the_name() {
        assert_eq!(split_size("Gooseneck kettle 0.9 l"), ("Gooseneck kettle", "0.9 l"));
        assert_eq!(split_size("House blend 250g"), ("House blend", "250g"));
        assert_eq!(split_size("Espresso roast, 1 kg"), ("Espresso roast", "1 kg"), "no comma left");
        assert_eq!(split_size("Brew scale"), ("Brew scale", ""), "no size");
        assert_eq!(split_size("Studio 54"), ("Studio 54", ""), "a number alone is no size");
        assert_eq!(split_size("5 l"), ("5 l", ""), "a size alone is the name");
    }

    #[test]
    fn the_line_under_a_review_says_what_and_when() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let line = |noun, bought: &str| {
            bought_line(noun, Some(at(bought)), &TimeZone::UTC, at("2026-03-15T12:00:00Z"))
        };
        assert_eq!(line("kettle", "2026-01-10T12:00:00Z"), "Kettle, bought in January");
        assert_eq!(line("kettle", "2025-11-10T12:00:00Z"), "Kettle, bought in November");
        assert_eq!(line("kettle", "2025-03-10T12:00:00Z"), "Kettle, bought in March 2025");
        assert_eq!(line("", "2026-01-10T12:00:00Z"), "Bought in January", "no word for it");
    }

    #[test]
    fn excerpts_end_with_a_sentence_or_a_word() {
        let text = "It is heavy. It pours well. I would buy it again, and again, and again.";
        assert_eq!(excerpt(text, 200), (text.to_owned(), false));
        assert_eq!(excerpt(text, 35), ("It is heavy. It pours well. …".to_owned(), true));
        assert_eq!(excerpt("One long sentence without end", 18), ("One long …".to_owned(), true));
    }

    proptest! {
        #[test]
        fn an_excerpt_keeps_its_length(text in "\\PC{0,80}", max in 4_usize..60) {
            prop_assert!(excerpt(&text, max).0.chars().count() <= max);
        }

        #[test]
        fn a_name_is_tidied_once(name in "\\PC{0,40}") {
            let shown = display_name(&name);
            prop_assert_eq!(display_name(&shown), shown);
        }
    }

    #[test]
    fn word_lists_are_sorted_for_the_search() {
        assert!(PROPER.is_sorted() && ACRONYMS.is_sorted());
    }
}
