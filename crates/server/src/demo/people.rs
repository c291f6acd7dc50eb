//! The sample shop's customers: names, places, consent and tastes.

use std::collections::BTreeSet;

use aftercart_model::{Consent, ConsentState, CustomerName, EmailAddress, Topic};
use jiff::{Timestamp, tz::TimeZone};

use super::chance::{Chance, Purpose, Stream};

/// How somebody makes their coffee, or that they come for the kitchen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Style {
    PourOver,
    Espresso,
    Press,
    Moka,
    Cold,
    Kitchen,
}

/// How much somebody likes to spend on a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purse {
    Careful,
    Middling,
    Generous,
}

/// What drives a customer's simulated behaviour; the shop cannot see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Taste {
    pub style: Style,
    pub purse: Purse,
    /// How readily they order, around 1.
    pub eagerness: f64,
    /// How readily they open mail, around 1.
    pub engagement: f64,
    /// The chance that what is used up is bought here again.
    pub loyalty: f64,
    /// Whether their mail program opens every message by itself.
    pub is_opened_by_machine: bool,
}

/// A customer of the sample shop.
#[derive(Clone, Debug)]
pub struct SampleCustomer {
    /// The platform's own number: `c-00001`.
    pub external_id: String,
    pub email: EmailAddress,
    pub name: CustomerName,
    /// `None` where the shop does not know it.
    pub time_zone: Option<String>,
    pub country: String,
    pub locale: String,
    /// A quarter of an hour before the first order.
    pub created_at: Timestamp,
    /// What they said at the checkout. Some never agreed to anything.
    pub consents: Vec<Consent>,
    /// Their mailbox does not exist.
    pub is_bouncing: bool,
    pub taste: Taste,
    pub(super) zone: TimeZone,
    /// Days from the start of the simulation to the first order; negative in the past.
    pub(super) joined_day: i64,
}

/// Where customers come from: share, country, locale, zones, given names, family names.
struct Land {
    share: u32,
    country: &'static str,
    locale: &'static str,
    zones: &'static [&'static str],
    given: &'static [&'static str],
    family: &'static [&'static str],
}

#[rustfmt::skip] // Names read as lists.
static LANDS: &[Land] = &[
    Land { share: 30, country: "PT", locale: "pt-PT", zones: &["Europe/Lisbon", "Europe/Lisbon", "Europe/Lisbon", "Atlantic/Madeira"],
        given: &["Ana", "João", "Maria", "Tomás", "Joana", "Inês", "Rui", "Catarina", "Miguel", "Sofia", "Tiago", "Beatriz", "Duarte", "Leonor", "Gonçalo", "Matilde", "Nuno", "Teresa", "Vasco", "Margarida", "Lourenço", "Carolina", "André", "Helena"],
        family: &["Silva", "Santos", "Ferreira", "Pereira", "Oliveira", "Costa", "Rodrigues", "Martins", "Sousa", "Fernandes", "Gonçalves", "Gomes", "Lopes", "Marques", "Almeida", "Ribeiro", "Pinto", "Carvalho", "Teixeira", "Moreira", "Correia", "Mendes", "Nunes", "Simões", "Conceição", "Magalhães"] },
    Land { share: 18, country: "DE", locale: "de-DE", zones: &["Europe/Berlin"],
        given: &["Jonas", "Lena", "Felix", "Mia", "Paul", "Hannah", "Lukas", "Jürgen", "Katrin", "Björn", "Anke", "Maximilian", "Sabine", "Moritz", "Frieda", "Käthe", "Emil", "Greta", "Sören", "Ulrike"],
        family: &["Keller", "Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Wagner", "Becker", "Hoffmann", "Schäfer", "Koch", "Bauer", "Richter", "Wolf", "Schröder", "Neumann", "Krüger", "Hartmann", "Lange", "Böhm", "Vogel", "Jäger"] },
    Land { share: 14, country: "GB", locale: "en-GB", zones: &["Europe/London"],
        given: &["Priya", "Oliver", "Amelia", "George", "Isla", "Harry", "Freya", "Arjun", "Niamh", "Callum", "Zara", "Rhys", "Imogen", "Kwame", "Poppy", "Alasdair", "Aisha", "Ewan", "Harriet", "Owen"],
        family: &["Nair", "Smith", "Jones", "Taylor", "Patel", "Brown", "Williams", "Evans", "Khan", "Thomas", "O’Connor", "Hughes", "Edwards", "Okafor", "MacLeod", "Clarke", "Begum", "Fraser", "Whitaker", "Ashworth"] },
    Land { share: 8, country: "FR", locale: "fr-FR", zones: &["Europe/Paris"],
        given: &["Mireille", "Camille", "Louis", "Chloé", "Hugo", "Élodie", "Jules", "Zoé", "François", "Anaïs", "Théo", "Léa", "Benoît", "Margaux", "Gaël"],
        family: &["Martin", "Bernard", "Dubois", "Lefèvre", "Moreau", "Girard", "Fournier", "Mercier", "Dupont", "Rousseau", "Blanchard", "Guérin", "Chevalier", "Noël"] },
    Land { share: 6, country: "ES", locale: "es-ES", zones: &["Europe/Madrid"],
        given: &["Lucía", "Mateo", "Sofía", "Álvaro", "Carmen", "Íñigo", "Elena", "Javier", "Nuria", "Pablo", "Begoña", "Andrés"],
        family: &["García", "Fernández", "González", "Rodríguez", "López", "Martínez", "Sánchez", "Pérez", "Muñoz", "Ibáñez", "Núñez", "Castaño"] },
    Land { share: 5, country: "SE", locale: "sv-SE", zones: &["Europe/Stockholm"],
        given: &["Ingrid", "Erik", "Astrid", "Åsa", "Lars", "Linnéa", "Björn", "Maja", "Göran", "Elsa"],
        family: &["Lindqvist", "Andersson", "Johansson", "Nyström", "Bergström", "Åkesson", "Öberg", "Holm", "Sjögren", "Ek"] },
    Land { share: 5, country: "US", locale: "en-US", zones: &["America/New_York", "America/New_York", "America/Chicago", "America/Los_Angeles"],
        given: &["Emma", "Liam", "Ava", "Noah", "Maya", "Ethan", "Grace", "Diego", "Hannah", "Marcus", "Naomi", "Caleb"],
        family: &["Johnson", "Miller", "Davis", "Garcia", "Nguyen", "Anderson", "Kowalski", "Rivera", "Bennett", "Cohen", "Washington", "Park"] },
    Land { share: 5, country: "BR", locale: "pt-BR", zones: &["America/Sao_Paulo"],
        given: &["Larissa", "Thiago", "Júlia", "Rafael", "Camila", "Luís", "Bruna", "Antônio", "Letícia", "Caio", "Débora", "Otávio"],
        family: &["Souza", "Araújo", "Barbosa", "Cardoso", "Nascimento", "Rocha", "Freitas", "Assunção", "Vieira", "Monteiro", "Brandão", "Peixoto"] },
    Land { share: 3, country: "AU", locale: "en-AU", zones: &["Australia/Sydney"],
        given: &["Matilda", "Jack", "Ruby", "Angus", "Sienna", "Lachlan", "Tahlia", "Darcy"],
        family: &["Nguyen", "Wilson", "Campbell", "Murray", "Papadopoulos", "Kelly", "Burgess", "Tran"] },
    Land { share: 3, country: "JP", locale: "ja-JP", zones: &["Asia/Tokyo"],
        given: &["Yuki", "Haruto", "Sakura", "Ren", "Aoi", "Kaito", "Yūna", "Sōta"],
        family: &["Satō", "Suzuki", "Takahashi", "Tanaka", "Itō", "Watanabe", "Nakamura", "Kobayashi"] },
    Land { share: 3, country: "PL", locale: "pl-PL", zones: &["Europe/Warsaw"],
        given: &["Zofia", "Jakub", "Małgorzata", "Michał", "Agnieszka", "Łukasz", "Kasia", "Paweł"],
        family: &["Nowak", "Wójcik", "Kowalczyk", "Kamiński", "Zieliński", "Dąbrowska", "Król", "Wróbel"] },
];

/// Mail domains; `.example` leads nowhere by definition (RFC 2606).
const DOMAINS: &[(&str, u32)] =
    &[("mail.example", 62), ("post.example", 16), ("inbox.example", 12), ("correio.example", 10)];

/// Customers the pictures of the console show, with the day of their first order.
pub(super) struct Familiar {
    pub given: &'static str,
    pub family: &'static str,
    pub joined_day: i64,
    pub clock: (i8, i8),
    pub codes: &'static [&'static str],
}

pub(super) const FAMILIARS: &[Familiar] = &[
    Familiar { given: "Priya", family: "Nair", joined_day: 43, clock: (20, 18), codes: &["CM-08"] },
    Familiar {
        given: "Jonas",
        family: "Keller",
        joined_day: 45,
        clock: (12, 41),
        codes: &["CM-13"],
    },
    Familiar {
        given: "Ana",
        family: "Ribeiro",
        joined_day: 52,
        clock: (14, 6),
        codes: &["CM-02", "FC-01"],
    },
];

/// Customers in the order in which they join; `joined_days` ascend.
pub(super) fn people(chance: Chance, joined_days: &[i64], start: Timestamp) -> Vec<SampleCustomer> {
    let mut addresses = BTreeSet::new();
    let is_joining = |it: &&Familiar| joined_days.last().is_some_and(|&day| it.joined_day <= day);
    let familiar_at = |index: usize, it: &&Familiar| {
        joined_days.partition_point(|&day| day < it.joined_day) == index
    };
    let mut people = Vec::with_capacity(joined_days.len());
    for (index, &joined_day) in joined_days.iter().enumerate() {
        let familiar = FAMILIARS.iter().filter(is_joining).find(|it| familiar_at(index, it));
        let mut stream = chance.stream(Purpose::Person, index, 0);
        people.push(person(&mut stream, index, joined_day, familiar, start, &mut addresses));
    }
    people
}

fn person(
    stream: &mut Stream,
    index: usize,
    joined_day: i64,
    familiar: Option<&Familiar>,
    start: Timestamp,
    addresses: &mut BTreeSet<String>,
) -> SampleCustomer {
    let shares: Vec<(&Land, u32)> = LANDS.iter().map(|it| (it, it.share)).collect();
    let drawn = stream.weighted(&shares).expect("lands have shares");
    let (given, mut family) = (stream.pick(drawn.given), stream.pick(drawn.family));
    while FAMILIARS.iter().any(|it| (it.given, it.family) == (given, family)) {
        // The faces of the pictures are single.
        family = stream.pick(drawn.family);
    }
    let (land, given, family) = match familiar {
        Some(it) => {
            let home = LANDS.iter().find(|land| land.given.contains(&it.given));
            (home.expect("a familiar face has a home"), it.given, it.family)
        }
        None => (drawn, given, family),
    };
    let zone_name = if familiar.is_some() { land.zones[0] } else { stream.pick(land.zones) };
    // Where a machine has no time zones, everybody lives by UTC.
    let zone = TimeZone::get(zone_name).unwrap_or(TimeZone::UTC);
    let domain = stream.weighted(DOMAINS).expect("domains have shares");
    let domain = if familiar.is_some() { DOMAINS[0].0 } else { domain };
    let is_zone_known = stream.is(0.97) || familiar.is_some();
    let says_name = stream.is(0.985) || familiar.is_some();
    let clock = familiar.map_or_else(|| waking_clock(stream), |it| it.clock);
    let first_order_at = at_clock(start, joined_day, clock, &zone);
    let created_at = first_order_at - jiff::SignedDuration::from_mins(15);
    let consents = consents(stream, familiar.is_some(), created_at);
    let taste = Taste {
        style: stream.weighted(STYLES).expect("styles have shares"),
        purse: stream.weighted(PURSES).expect("purses have shares"),
        eagerness: stream.quantile(&[0.2, 0.55, 0.75, 0.9, 1.05, 1.25, 1.6, 2.6]),
        engagement: 0.35 + 1.3 * stream.share(),
        loyalty: 0.1 + 0.8 * stream.share(),
        is_opened_by_machine: stream.is(0.22),
    };
    let is_bouncing = stream.is(0.011) && familiar.is_none();
    SampleCustomer {
        external_id: format!("c-{:05}", index + 1),
        email: address(given, family, domain, addresses),
        name: if says_name {
            CustomerName { given: given.to_owned(), family: family.to_owned() }
        } else {
            CustomerName::default()
        },
        time_zone: is_zone_known.then(|| zone_name.to_owned()),
        country: land.country.to_owned(),
        locale: land.locale.to_owned(),
        created_at,
        consents,
        is_bouncing,
        taste,
        zone,
        joined_day,
    }
}

const STYLES: &[(Style, u32)] = &[
    (Style::PourOver, 40),
    (Style::Espresso, 17),
    (Style::Press, 14),
    (Style::Moka, 9),
    (Style::Cold, 4),
    (Style::Kitchen, 16),
];

const PURSES: &[(Purse, u32)] =
    &[(Purse::Careful, 36), (Purse::Middling, 44), (Purse::Generous, 20)];

/// 85 in 100 agree to offers at the checkout; a few agreed and took it back, the rest never said.
fn consents(stream: &mut Stream, is_sure: bool, at: Timestamp) -> Vec<Consent> {
    let consent = |topic, state| Consent::new(topic, state, at, "checkout");
    let share = stream.share();
    let says_feedback = stream.is(0.9) || is_sure;
    let marketing = if share < 0.85 || is_sure {
        Some(consent(Topic::Marketing, ConsentState::Agreed))
    } else if share < 0.88 {
        Some(consent(Topic::Marketing, ConsentState::Withdrawn))
    } else {
        None
    };
    let feedback = says_feedback.then(|| consent(Topic::Feedback, ConsentState::Agreed));
    marketing.into_iter().chain(feedback).collect()
}

/// `joão.conceição` as an address most servers take, made single by a number.
fn address(given: &str, family: &str, domain: &str, taken: &mut BTreeSet<String>) -> EmailAddress {
    let name = format!("{}.{}", plain(given), plain(family));
    let first = format!("{name}@{domain}");
    let numbered = (2..).map(|n| format!("{name}{n}@{domain}"));
    let free = std::iter::once(first).chain(numbered).find(|it| !taken.contains(it));
    let free = free.expect("numbers do not run out");
    taken.insert(free.clone());
    EmailAddress::new(&free).expect("letters, a dot and a domain")
}

/// Gives the customer at `index` another name, and the address and country that go with it.
pub(super) fn rename(customers: &mut [SampleCustomer], index: usize, given: &str, family: &str) {
    let mut taken: BTreeSet<String> =
        customers.iter().map(|it| it.email.as_str().to_owned()).collect();
    let customer = &mut customers[index];
    customer.email = address(given, family, DOMAINS[0].0, &mut taken);
    customer.name = CustomerName { given: given.to_owned(), family: family.to_owned() };
    if let Some(land) = LANDS.iter().find(|it| it.given.contains(&given)) {
        customer.country = land.country.to_owned();
        customer.locale = land.locale.to_owned();
    }
}

/// Lower case without accents.
fn plain(name: &str) -> String {
    let letter = |c: char| match c {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' | 'ą' => "a",
        'ç' | 'ć' => "c",
        'é' | 'è' | 'ê' | 'ë' | 'ę' => "e",
        'í' | 'î' | 'ï' => "i",
        'ñ' | 'ń' => "n",
        'ó' | 'ô' | 'õ' | 'ö' | 'ō' => "o",
        'ú' | 'ü' | 'ū' => "u",
        'ł' => "l",
        'ś' => "s",
        'ź' | 'ż' => "z",
        _ => "",
    };
    let mut text = String::new();
    for c in name.to_lowercase().chars() {
        match c {
            'a'..='z' => text.push(c),
            _ => text.push_str(letter(c)),
        }
    }
    text
}

/// Hour and minute at which people shop: never at night, mostly at noon and in the evening.
pub(super) fn waking_clock(stream: &mut Stream) -> (i8, i8) {
    #[rustfmt::skip]
    const HOURS: &[(i8, u32)] = &[
        (7, 3), (8, 5), (9, 6), (10, 7), (11, 7), (12, 9), (13, 9), (14, 7), (15, 6), (16, 6),
        (17, 7), (18, 8), (19, 10), (20, 13), (21, 13), (22, 8),
    ];
    let hour = stream.weighted(HOURS).expect("hours have weights");
    let minute = i8::try_from(stream.between(0, 59)).expect("below 60");
    (hour, minute)
}

/// The instant at which it is `clock` in `zone`, `day` days after the date of `start`.
pub(super) fn at_clock(start: Timestamp, day: i64, clock: (i8, i8), zone: &TimeZone) -> Timestamp {
    let first = TimeZone::UTC.to_datetime(start).date();
    let date = first.saturating_add(jiff::Span::new().days(day));
    let civil = date.at(clock.0, clock.1, 0, 0);
    zone.to_timestamp(civil).expect("within a few years of the start")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_addresses() {
        let mut taken = BTreeSet::new();
        let mut of =
            |given, family| address(given, family, "mail.example", &mut taken).as_str().to_owned();
        assert_eq!(of("João", "Conceição"), "joao.conceicao@mail.example");
        assert_eq!(of("João", "Conceição"), "joao.conceicao2@mail.example", "the second one");
        assert_eq!(of("Niamh", "O’Connor"), "niamh.oconnor@mail.example");
        assert_eq!(of("Sōta", "Satō"), "sota.sato@mail.example");
        assert_eq!(of("Małgorzata", "Dąbrowska"), "malgorzata.dabrowska@mail.example");
    }

    #[test]
    fn no_name_loses_a_letter_in_its_address() {
        for land in LANDS {
            for name in land.given.iter().chain(land.family) {
                let letters = name.chars().filter(|c| c.is_alphabetic()).count();
                assert_eq!(plain(name).len(), letters, "{name}");
            }
        }
    }
}
