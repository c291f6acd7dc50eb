//! The sample shop Tarn & Ember: what it sells, who buys there, what happened so far, and how its
//! customers will behave.
//!
//! All of it follows from one seed: the same seed and start give the same shop, byte for byte.
//! Nothing here touches a store or a clock; values go out in the words of `model`, with products
//! named by the shop's own codes, and the caller feeds them in by the door every shop uses.
//!
//! What would have happened without any email (the *baseline*) is drawn beforehand and never
//! changes. What an email adds is drawn apart from it, so that the true effect is known exactly.

pub mod behaviour;
pub mod catalogue;
mod chance;
mod history;
mod people;
pub mod pictures;
mod reviews;
pub mod simulation;

use aftercart_model::{Currency, EmailAddress, OrderId, Product, Shop, Timestamp};

pub use behaviour::{Answer, Behaviour, CausedOrder, GivenReview, MessageFacts, Truth};
pub use people::{Purse, SampleCustomer, Style, Taste};
pub use pictures::Picture;
pub use reviews::{SampleReview, SampleStory};

use chance::Chance;

/// How many customers the shop has once its simulated days are over.
pub const CUSTOMER_COUNT: usize = 5_000;

/// How many days of history lie before the start.
pub const HISTORY_DAYS: i64 = 730;

/// What to build.
#[derive(Clone, Copy, Debug)]
pub struct SampleSettings<'a> {
    pub seed: u64,
    /// The first instant of the simulation; best a midnight in Lisbon.
    pub starts_at: Timestamp,
    /// How many days will be simulated.
    pub days: u32,
    /// Where the server is reached: base of links and pictures.
    pub public_url: &'a str,
}

/// A line of a sample order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleLine {
    pub code: &'static str,
    pub quantity: u32,
    /// What was paid for the whole line.
    pub amount_minor: i64,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SampleBody {
    /// The customer became known, and gave the consents they have.
    Joined,
    Viewed {
        code: &'static str,
    },
    Ordered {
        order: OrderId,
        lines: Vec<SampleLine>,
        total_minor: i64,
    },
    Cancelled {
        order: OrderId,
    },
    Refunded {
        order: OrderId,
        lines: Vec<SampleLine>,
        amount_minor: i64,
    },
}

/// Something that happened to a customer (by their place in [`SampleShop::customers`]), or to a
/// guest nobody can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleEvent {
    pub customer: Option<usize>,
    pub at: Timestamp,
    pub body: SampleBody,
}

/// The sample shop as it stands at the start of the simulation.
#[derive(Clone, Debug)]
pub struct SampleShop {
    pub shop: Shop,
    pub products: Vec<Product>,
    /// Everybody, also those who join during the simulated days; in the order of joining.
    pub customers: Vec<SampleCustomer>,
    /// What happened before the start, by time.
    pub events: Vec<SampleEvent>,
    pub reviews: Vec<SampleReview>,
    pub stories: &'static [SampleStory],
    settings: Fixed,
    future: Vec<SampleEvent>,
}

#[derive(Clone, Copy, Debug)]
struct Fixed {
    chance: Chance,
    starts_at: Timestamp,
    days: u32,
}

impl SampleShop {
    /// Builds the shop without its pictures; those are [`pictures::pictures`], which takes longer
    /// and needs no seed.
    pub fn new(settings: &SampleSettings<'_>) -> Self {
        let chance = Chance { seed: settings.seed };
        let shop = shop(settings.public_url);
        let joined = history::joined_days(CUSTOMER_COUNT, i64::from(settings.days));
        let mut customers = people::people(chance, &joined, settings.starts_at);
        let days = i64::from(settings.days);
        let mut events = history::live(chance, &customers, settings.starts_at, days);
        let reviews = history::review(chance, &mut customers, &events, settings.starts_at);
        let past = events.partition_point(|it| it.at < settings.starts_at);
        let future = events.split_off(past);
        let products = catalogue::products(&shop.url);
        let fixed = Fixed { chance, starts_at: settings.starts_at, days: settings.days };
        let stories = reviews::STORIES;
        Self { shop, products, customers, events, reviews, stories, settings: fixed, future }
    }

    /// How the customers behave from the start on.
    pub fn behaviour(&self) -> Behaviour {
        let Fixed { chance, starts_at, days } = self.settings;
        Behaviour::new(chance, &self.customers, self.future.clone(), starts_at, days)
    }
}

fn shop(public_url: &str) -> Shop {
    Shop {
        name: "Tarn & Ember".to_owned(),
        url: "https://tarnandember.example".to_owned(),
        currency: Currency::EUR,
        time_zone: "Europe/Lisbon".to_owned(),
        locale: "en-GB".to_owned(),
        postal_address: "Tarn & Ember Lda, Rua do Moinho 14, 1200-275 Lisboa, Portugal".to_owned(),
        sender: EmailAddress::new("hello@tarnandember.example").expect("an address"),
        sender_name: "Tarn & Ember".to_owned(),
        public_url: public_url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, BTreeSet},
        sync::LazyLock,
    };

    use aftercart_model::{ConsentState, Rating, ReviewState, Topic};
    use jiff::SignedDuration;

    use super::*;

    /// 2026-01-16T00:00:00Z, a midnight in Lisbon.
    pub(super) const START: Timestamp = Timestamp::constant(1_768_521_600, 0);

    pub(super) fn sample(seed: u64) -> SampleShop {
        let public_url = "http://localhost:8025";
        SampleShop::new(&SampleSettings { seed, starts_at: START, days: 60, public_url })
    }

    /// Most questions are about one and the same shop.
    static FIRST: LazyLock<SampleShop> = LazyLock::new(|| sample(1));

    /// How many of `events` there are of each kind.
    fn counts(events: &[SampleEvent]) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for event in events {
            let kind = match event.body {
                SampleBody::Joined => "joined",
                SampleBody::Viewed { .. } => "viewed",
                SampleBody::Ordered { .. } => "ordered",
                SampleBody::Cancelled { .. } => "cancelled",
                SampleBody::Refunded { .. } => "refunded",
            };
            *counts.entry(kind).or_default() += 1;
        }
        counts
    }

    #[test]
    fn the_same_seed_gives_the_same_shop() {
        let print = |shop: &SampleShop| {
            let (events, reviews) = (&shop.events, &shop.reviews);
            let people: Vec<_> = shop
                .customers
                .iter()
                .map(|it| (it.email.as_str(), &it.name.given, it.created_at, &it.time_zone))
                .collect();
            format!("{people:?}{events:?}{reviews:?}{:?}{:?}", shop.products, shop.future)
        };
        let first = print(&sample(7));
        assert!(first == print(&sample(7)), "the same seed");
        assert!(first != print(&sample(8)), "another seed");
    }

    #[test]
    fn the_shop_is_as_large_as_it_says() {
        let shop = &*FIRST;
        assert_eq!(shop.customers.len(), CUSTOMER_COUNT);
        let past = counts(&shop.events);
        assert!((18_500..21_500).contains(&past["ordered"]), "about 20,000 orders: {past:?}");
        assert!((50_000..90_000).contains(&past["viewed"]), "{past:?}");
        assert!((200..500).contains(&past["cancelled"]), "{past:?}");
        assert!((250..650).contains(&past["refunded"]), "{past:?}");
        let future = counts(&shop.future);
        assert_eq!(past["joined"] + future["joined"], CUSTOMER_COUNT, "everybody joins once");
        assert!((2_600..4_200).contains(&future["ordered"]), "{future:?}");
        let first = shop.events.first().unwrap().at;
        let years = SignedDuration::from_hours(24 * (HISTORY_DAYS + 2));
        assert!(START - years < first && shop.events.last().unwrap().at < START);
        assert!(shop.events.is_sorted_by_key(|it| it.at));
    }

    #[test]
    fn people_are_of_many_places_and_minds() {
        let shop = &*FIRST;
        let share = |f: &dyn Fn(&SampleCustomer) -> bool| {
            shop.customers.iter().filter(|it| f(it)).count() as f64 / CUSTOMER_COUNT as f64
        };
        let agrees = |it: &SampleCustomer| {
            let said = |c: &&aftercart_model::Consent| c.topic == Topic::Marketing;
            it.consents.iter().find(said).is_some_and(|c| c.state == ConsentState::Agreed)
        };
        assert!((0.83..0.87).contains(&share(&agrees)), "85 in 100 agreed to offers");
        assert!((0.005..0.03).contains(&share(&|it| it.consents.is_empty())), "a few said nothing");
        assert!((0.004..0.02).contains(&share(&|it| it.is_bouncing)));
        assert!((0.20..0.24).contains(&share(&|it| it.taste.is_opened_by_machine)));
        let zones: BTreeSet<_> =
            shop.customers.iter().filter_map(|it| it.time_zone.clone()).collect();
        for zone in [
            "Europe/Lisbon",
            "Europe/Berlin",
            "Europe/London",
            "America/New_York",
            "America/Sao_Paulo",
            "Australia/Sydney",
            "Asia/Tokyo",
        ] {
            assert!(zones.contains(zone), "{zone}");
        }
        let addresses: BTreeSet<_> = shop.customers.iter().map(|it| it.email.as_str()).collect();
        assert_eq!(addresses.len(), CUSTOMER_COUNT, "no address twice");
        assert!(addresses.iter().all(|it| it.ends_with(".example")), "none that could exist");
        assert!(shop.customers.iter().any(|it| !it.name.given.is_ascii()), "accents");
        assert!(shop.customers.iter().any(|it| it.name.given.is_empty()), "some give no name");
        let ana =
            shop.customers.iter().filter(|it| it.email.as_str() == "ana.ribeiro@mail.example");
        assert_eq!(ana.count(), 1);
    }

    #[test]
    fn orders_add_up_and_name_what_exists() {
        let shop = &*FIRST;
        let mut orders = BTreeMap::new();
        for event in shop.events.iter().chain(&shop.future) {
            match &event.body {
                SampleBody::Ordered { order, lines, total_minor } => {
                    assert!(!lines.is_empty() && lines.iter().all(|it| it.quantity > 0));
                    assert_eq!(lines.iter().map(|it| it.amount_minor).sum::<i64>(), *total_minor);
                    let codes: BTreeSet<_> = lines.iter().map(|it| it.code).collect();
                    assert_eq!(codes.len(), lines.len(), "one line a product");
                    assert!(codes.iter().all(|it| catalogue::index_of(it).is_some()));
                    let known = orders.insert(order.clone(), (event.at, *total_minor));
                    assert!(known.is_none(), "order {order} twice");
                    if let Some(customer) = event.customer {
                        assert!(shop.customers[customer].created_at < event.at);
                    }
                }
                SampleBody::Cancelled { order } => assert!(orders[order].0 < event.at),
                SampleBody::Refunded { order, amount_minor, .. } => {
                    let (at, total) = orders[order];
                    assert!(at < event.at && (1..=total).contains(amount_minor));
                }
                SampleBody::Joined | SampleBody::Viewed { .. } => {}
            }
        }
    }

    #[test]
    fn a_year_has_its_seasons() {
        let shop = &*FIRST;
        let mut months = [0_u32; 12];
        for event in &shop.events {
            if let SampleBody::Ordered { .. } = event.body {
                let month = jiff::tz::TimeZone::UTC.to_datetime(event.at).month();
                months[usize::from(month.unsigned_abs()) - 1] += 1;
            }
        }
        assert!(months[11] > months[7] * 3 / 2, "December beats August: {months:?}");
    }

    /// Customers who bought `a`, `b` and both, before the start.
    fn bought_together(shop: &SampleShop, a: &str, b: &str) -> (f64, f64, f64) {
        let mut of: BTreeMap<usize, (bool, bool)> = BTreeMap::new();
        for event in &shop.events {
            if let (Some(customer), SampleBody::Ordered { lines, .. }) =
                (event.customer, &event.body)
            {
                let entry = of.entry(customer).or_default();
                entry.0 |= lines.iter().any(|it| it.code == a);
                entry.1 |= lines.iter().any(|it| it.code == b);
            }
        }
        let count = |f: fn(&&(bool, bool)) -> bool| of.values().filter(f).count() as f64;
        let all = of.len() as f64;
        let (both, with_a, with_b) = (count(|it| it.0 && it.1), count(|it| it.0), count(|it| it.1));
        (both, both * all / (with_a * with_b), with_a)
    }

    #[test]
    fn what_goes_together_is_bought_together() {
        let shop = &*FIRST;
        for (a, b, customers_min) in [
            ("CM-02", "KT-02", 150.0),
            ("CM-02", "FC-01", 250.0),
            ("CM-13", "ST-06", 30.0),
            ("KI-02", "KI-08", 60.0),
            ("KT-02", "ST-02", 80.0),
        ] {
            let (both, times_chance, _) = bought_together(shop, a, b);
            assert!(both >= customers_min, "{a} and {b}: {both} customers");
            assert!(times_chance > 1.4, "{a} and {b}: {times_chance} times chance");
        }
        let (_, times_chance, _) = bought_together(shop, "CM-14", "KI-02");
        assert!(times_chance < 1.4, "nothing ties a machine to a skillet: {times_chance}");
    }

    #[test]
    fn what_is_used_up_is_bought_again() {
        let shop = &*FIRST;
        let mut times: BTreeMap<usize, u32> = BTreeMap::new();
        for event in &shop.events {
            if let (Some(customer), SampleBody::Ordered { lines, .. }) =
                (event.customer, &event.body)
                && lines.iter().any(|it| it.code == "FC-01")
            {
                *times.entry(customer).or_default() += 1;
            }
        }
        let again = times.values().filter(|&&it| it >= 2).count();
        assert!(again * 4 > times.len(), "{again} of {} bought papers again", times.len());
    }

    #[test]
    fn reviews_are_true_to_the_pictures() {
        let shop = &*FIRST;
        let mut ratings: BTreeMap<&str, Rating> = BTreeMap::new();
        for review in &shop.reviews {
            ratings.entry(review.code).or_default().add(review.rating);
            assert!(review.bought_at < review.at && review.at < START);
            assert!(!review.author.is_empty());
        }
        assert_eq!(ratings["KT-02"].counts, [0, 1, 2, 7, 54]);
        assert_eq!(ratings["KT-02"].mean_tenths(), Some(48));
        let saying = |beginning: &str| {
            shop.reviews.iter().find(|it| it.text.starts_with(beginning)).expect(beginning)
        };
        assert_eq!(saying("I thought my beans were dull.").author, "Mireille G.");
        assert_eq!(saying("Slow to boil on induction.").rating, 4);
        let heavy = saying("Heavier than I expected");
        assert_eq!((heavy.author.as_str(), heavy.rating), ("Tomás R.", 5));
        let bought = jiff::tz::TimeZone::UTC.to_datetime(heavy.bought_at);
        assert_eq!(bought.month(), 1, "as the picture says");
        let writer = &shop.customers[heavy.customer.unwrap()];
        assert!(writer.email.as_str().starts_with("tomas.ramalho"), "the customer is renamed too");
        assert!(shop.reviews.len() > 600, "{}", shop.reviews.len());
        assert!(shop.reviews.iter().filter(|it| it.rating <= 2).count() > 20);
        let waiting: Vec<u8> = shop
            .reviews
            .iter()
            .filter(|it| it.state == ReviewState::Pending)
            .map(|it| it.rating)
            .collect();
        assert_eq!(waiting.len(), 3);
        let mut texts = BTreeSet::new();
        for review in shop.reviews.iter().filter(|it| !it.text.is_empty()) {
            assert!(texts.insert(&review.text), "two people say `{}`", review.text);
        }
        assert!(texts.len() > 120, "{}", texts.len());
    }
}
