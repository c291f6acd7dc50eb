//! The countries of the data and a time zone for each: where most people of the country live.
//!
//! Names are the data's own. A name that is no one country (`European Community`, `Unspecified`) has
//! no zone, and neither has a name that is not here: such customers live by the shop's clock.

/// Country as the data names it, and its IANA zone.
pub const COUNTRIES: [(&str, Option<&str>); 43] = [
    ("Australia", Some("Australia/Sydney")),
    ("Austria", Some("Europe/Vienna")),
    ("Bahrain", Some("Asia/Bahrain")),
    ("Belgium", Some("Europe/Brussels")),
    ("Bermuda", Some("Atlantic/Bermuda")),
    ("Brazil", Some("America/Sao_Paulo")),
    ("Canada", Some("America/Toronto")),
    ("Channel Islands", Some("Europe/Jersey")),
    ("Cyprus", Some("Asia/Nicosia")),
    ("Czech Republic", Some("Europe/Prague")),
    ("Denmark", Some("Europe/Copenhagen")),
    ("EIRE", Some("Europe/Dublin")),
    ("European Community", None),
    ("Finland", Some("Europe/Helsinki")),
    ("France", Some("Europe/Paris")),
    ("Germany", Some("Europe/Berlin")),
    ("Greece", Some("Europe/Athens")),
    ("Hong Kong", Some("Asia/Hong_Kong")),
    ("Iceland", Some("Atlantic/Reykjavik")),
    ("Israel", Some("Asia/Jerusalem")),
    ("Italy", Some("Europe/Rome")),
    ("Japan", Some("Asia/Tokyo")),
    ("Korea", Some("Asia/Seoul")),
    ("Lebanon", Some("Asia/Beirut")),
    ("Lithuania", Some("Europe/Vilnius")),
    ("Malta", Some("Europe/Malta")),
    ("Netherlands", Some("Europe/Amsterdam")),
    ("Nigeria", Some("Africa/Lagos")),
    ("Norway", Some("Europe/Oslo")),
    ("Poland", Some("Europe/Warsaw")),
    ("Portugal", Some("Europe/Lisbon")),
    ("RSA", Some("Africa/Johannesburg")),
    ("Saudi Arabia", Some("Asia/Riyadh")),
    ("Singapore", Some("Asia/Singapore")),
    ("Spain", Some("Europe/Madrid")),
    ("Sweden", Some("Europe/Stockholm")),
    ("Switzerland", Some("Europe/Zurich")),
    ("Thailand", Some("Asia/Bangkok")),
    ("USA", Some("America/New_York")),
    ("United Arab Emirates", Some("Asia/Dubai")),
    ("United Kingdom", Some("Europe/London")),
    ("Unspecified", None),
    ("West Indies", Some("America/Port_of_Spain")),
];

/// The zone of `country`, if it is one country and known here.
pub fn zone_of(country: &str) -> Option<&'static str> {
    let at = COUNTRIES.binary_search_by(|it| it.0.cmp(country)).ok()?;
    COUNTRIES[at].1
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn every_zone_is_one() {
        for (country, zone) in COUNTRIES {
            let is_known = zone.is_none_or(|it| TimeZone::get(it).is_ok());
            assert!(is_known, "{country}: {zone:?}");
        }
    }

    #[test]
    fn every_country_is_found() {
        assert!(COUNTRIES.is_sorted_by(|a, b| a.0 < b.0), "the search needs them in order");
        assert_eq!(zone_of("EIRE"), Some("Europe/Dublin"));
        assert_eq!(zone_of("Unspecified"), None);
        assert_eq!(zone_of("Atlantis"), None);
    }
}
