//! Whose an event is, and who turns out to be one with whom.
//!
//! Identifiers are of two strengths. An external id and an address are a person's; a browser and a
//! cart are things that people share or pass on. Two customers that one event names are merged unless
//! the shop itself tells them apart, by an external id of each that one source gave. A thing merges
//! somebody known by things alone into whoever it is named with. Between two people who are known, a
//! cart merges if one of them has no external id: a guest who pays with another address in the same
//! checkout. A browser never does, and neither does a cart that is named with nothing but a browser.
//!
//! Where two are not merged the event is its surest identifier's customer's, and an identifier in
//! contest leads to whoever was first named together with it, whichever was told first.

use jiff::Timestamp;

use crate::{CustomerId, EmailAddress, ExternalId, Identifier};

/// The most members of one customer: every question about them asks each. A person has a few
/// addresses and some dozens of browsers; what ties more together is a mistake of the source.
pub const MEMBERS_MAX: usize = 64;

/// What is known of an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownIdentifier {
    pub customer: CustomerId,
    /// The earliest event that named it together with another of the customer's; `None` if none
    /// did.
    pub tied_at: Option<Timestamp>,
}

/// An identifier that an event names, with whom it leads to so far.
#[derive(Clone, Debug)]
pub struct Named<'a> {
    pub identifier: &'a Identifier,
    pub known: Option<KnownIdentifier>,
    /// All that leads to the customer it leads to; empty if it leads to nobody.
    pub with: Vec<Identifier>,
    /// How many members that customer has.
    pub member_count: usize,
}

/// Whose an event is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meeting {
    /// Customers who are one from now on, pair by pair.
    pub merges: Vec<(CustomerId, CustomerId)>,
    /// One of the members of the customer whose event it is; `None` if none of theirs is known yet.
    pub customer: Option<CustomerId>,
    /// The places of the identifiers that are the customer's.
    pub theirs: Vec<usize>,
    /// The places of those that are in contest with another customer.
    pub contested: Vec<usize>,
    /// Whether two were not merged for [`MEMBERS_MAX`] alone.
    pub is_too_many: bool,
}

/// Somebody an identifier leads to, known before or by the identifier alone.
#[derive(Default)]
struct Party<'a> {
    customers: Vec<CustomerId>,
    member_count: usize,
    external: Vec<&'a ExternalId>,
    has_email: bool,
}

impl<'a> Party<'a> {
    fn of(named: &'a Named<'_>) -> Self {
        let mut party = Self {
            customers: named.known.iter().map(|it| it.customer).collect(),
            member_count: named.member_count,
            ..Self::default()
        };
        for identifier in named.with.iter().chain([named.identifier]) {
            match identifier {
                Identifier::External(id) => party.external.push(id),
                Identifier::Email(_) => party.has_email = true,
                Identifier::Visitor(_) | Identifier::Cart(_) => {}
            }
        }
        party
    }

    fn is_person(&self) -> bool {
        !self.external.is_empty() || self.has_email
    }

    fn join(&mut self, other: Self) {
        self.customers.extend(other.customers);
        self.member_count += other.member_count;
        self.external.extend(other.external);
        self.has_email |= other.has_email;
    }

    /// Whether a source that has ids of both gave them none in common.
    fn is_told_apart_from(&self, other: &Self) -> bool {
        self.external.iter().any(|one| {
            let is_of_source = |it: &&&ExternalId| it.source == one.source;
            let mine = || self.external.iter().filter(is_of_source);
            let mut theirs = other.external.iter().filter(is_of_source).peekable();
            theirs.peek().is_some() && !theirs.any(|it| mine().any(|own| own == it))
        })
    }

    /// Whether the two are one person, for all that an event says; `is_by_browser` if nothing but a
    /// browser says so.
    fn is_one_with(&self, other: &Self, is_by_browser: bool) -> bool {
        let are_both_people = self.is_person() && other.is_person();
        !(self.is_told_apart_from(other) || are_both_people && is_by_browser)
    }
}

/// Whose an event is that names these identifiers, the surest first, and who is one from then on.
/// `is_certain`: the source says that all of them are one person's.
pub fn meet(named: &[Named<'_>], is_certain: bool) -> Meeting {
    let mut meeting = Meeting::default();
    let Some((surest, others)) = named.split_first() else { return meeting };
    let mut subject = Party::of(surest);
    let mut is_by_browser = is_visitor(surest.identifier);
    meeting.theirs.push(0);
    for (place, it) in others.iter().enumerate().map(|(index, it)| (index + 1, it)) {
        let other = Party::of(it);
        let is_browser = is_by_browser || is_visitor(it.identifier);
        let one = subject.customers.first().copied();
        let another = other.customers.first().copied();
        let is_known_already = another.is_some_and(|it| subject.customers.contains(&it));
        if !is_known_already {
            let is_two = one.is_some() && another.is_some();
            let is_too_many = is_two && subject.member_count + other.member_count > MEMBERS_MAX;
            if !(is_certain || subject.is_one_with(&other, is_browser)) || is_too_many {
                meeting.is_too_many |= is_too_many;
                meeting.contested.push(place);
                continue;
            }
            if let (Some(one), Some(another)) = (one, another) {
                meeting.merges.push((one, another));
            }
            subject.join(other);
        }
        is_by_browser = is_by_browser && is_visitor(it.identifier);
        meeting.theirs.push(place);
    }
    meeting.customer = subject.customers.first().copied();
    meeting
}

fn is_visitor(identifier: &Identifier) -> bool {
    matches!(identifier, Identifier::Visitor(_))
}

/// Since when an identifier is tied to the others of its customer, after an event at `at` named it;
/// `is_tied` if it did so together with another.
pub fn tied(before: Option<KnownIdentifier>, is_tied: bool, at: Timestamp) -> Option<Timestamp> {
    let tied_before = before.and_then(|it| it.tied_at);
    if is_tied { Some(tied_before.map_or(at, |it| it.min(at))) } else { tied_before }
}

/// Whether an identifier that another customer has goes over to the one with whom an event at `at`
/// names it: it is whose it was first. An external id is who somebody is, not what they have, and
/// stays.
pub fn goes_over(identifier: &Identifier, before: KnownIdentifier, at: Timestamp) -> bool {
    !matches!(identifier, Identifier::External(_)) && before.tied_at.is_some_and(|it| at < it)
}

/// Which of a customer's addresses mail goes to: the one that was tied last; of several at one
/// instant, the last by the alphabet. Where nothing was tied, `now` stays.
pub fn address_of<'a>(
    claimed: &'a [(EmailAddress, Option<Timestamp>)],
    now: Option<&EmailAddress>,
) -> Option<&'a EmailAddress> {
    let rank = |it: &&'a (EmailAddress, Option<Timestamp>)| {
        let stays = it.1.is_none() && now == Some(&it.0);
        (it.1, stays, &it.0)
    };
    claimed.iter().max_by_key(rank).map(|it| &it.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

    fn identifier(text: &str) -> Identifier {
        match text.split_once(':').expect("kind and value") {
            ("email", name) => {
                Identifier::Email(EmailAddress::new(&format!("{name}@mail.example")).unwrap())
            }
            ("visitor", id) => Identifier::Visitor(id.to_owned()),
            ("cart", id) => Identifier::Cart(id.to_owned()),
            ("shopify", id) => Identifier::external("shopify", id),
            (_, id) => Identifier::external("shop", id),
        }
    }

    /// What becomes of an event that names these: each identifier with the customer it leads to (0:
    /// nobody) and what else leads there.
    fn told(named: &[(&str, i64, &str)]) -> String {
        let identifiers: Vec<Identifier> = named.iter().map(|it| identifier(it.0)).collect();
        let party = |(identifier, (_, customer, with)): (_, &(&str, i64, &str))| Named {
            identifier,
            known: (*customer != 0)
                .then_some(KnownIdentifier { customer: CustomerId(*customer), tied_at: None }),
            with: with.split_whitespace().map(self::identifier).collect(),
            member_count: usize::from(*customer != 0),
        };
        let named: Vec<Named<'_>> = identifiers.iter().zip(named).map(party).collect();
        let met = meet(&named, false);
        let merges: Vec<String> =
            met.merges.iter().map(|(one, other)| format!("{}+{}", one.0, other.0)).collect();
        let whose = met.customer.map_or("nobody yet".to_owned(), |it| it.0.to_string());
        format!("{whose}; {}; contested {:?}", merges.join(" "), met.contested)
    }

    #[test]
    fn ids_of_two_sources_tell_nobody_apart() {
        let with = |other: &str| told(&[("shop:7", 1, ""), ("email:ana", 2, other)]);
        assert_eq!(with("shopify:9"), "1; 1+2; contested []", "another platform's");
        assert_eq!(with("shop:8"), "1; ; contested [1]", "another of the same");
        assert_eq!(with("shop:8 shop:7"), "1; 1+2; contested []", "one in common");
        assert_eq!(with("shopify:9 shop:8"), "1; ; contested [1]", "one source suffices");
        assert_eq!(told(&[("shop:7", 0, ""), ("email:ana", 2, "shopify:9")]), "2; ; contested []");
    }

    #[test]
    fn things_merge_fewer_than_names_do() {
        let ana_and = |thing, with| told(&[("email:ana", 1, ""), (thing, 2, with)]);
        assert_eq!(ana_and("visitor:v", ""), "1; 1+2; contested []", "known by a browser alone");
        assert_eq!(ana_and("visitor:v", "email:ben"), "1; ; contested [1]", "a shared browser");
        assert_eq!(ana_and("cart:t", "email:ben"), "1; 1+2; contested []", "one checkout");
        let by_browser = told(&[("visitor:v", 1, "email:ana"), ("cart:t", 2, "email:ben")]);
        assert_eq!(by_browser, "1; ; contested [1]", "a cart named with a browser alone");
        let accounts = told(&[("shop:7", 1, ""), ("cart:t", 2, "email:ben shop:8")]);
        assert_eq!(accounts, "1; ; contested [1]", "two accounts");
    }

    #[test]
    fn whom_one_event_merges_is_asked_no_more() {
        let both = told(&[("email:ana", 3, ""), ("cart:t", 1, ""), ("cart:u", 1, "cart:t")]);
        assert_eq!(both, "3; 3+1; contested []");
        let three = told(&[("email:ana", 3, ""), ("cart:t", 1, ""), ("visitor:v", 2, "")]);
        assert_eq!(three, "3; 3+1 3+2; contested []");
    }

    #[test]
    fn a_thing_in_contest_is_whose_it_was_first() {
        let hour = jiff::SignedDuration::from_hours(1);
        let known = |tied_at| KnownIdentifier { customer: CustomerId(1), tied_at };
        let goes = |text: &str, tied_at| goes_over(&identifier(text), known(tied_at), NOON);
        assert!(goes("visitor:v", Some(NOON + hour)));
        assert!(!goes("visitor:v", Some(NOON)), "of one instant the first told");
        assert!(!goes("visitor:v", Some(NOON - hour)));
        assert!(!goes("visitor:v", None), "theirs alone");
        assert!(!goes("shop:7", Some(NOON + hour)), "an id is who they are");
    }
}
