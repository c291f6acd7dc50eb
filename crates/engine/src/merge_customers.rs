//! Finding out that two customers are one: whose an event is, and what follows where it names two.
//!
//! Identifiers are of two strengths. An external id and an address are a person's; a browser and a
//! cart are things that people share or pass on. Two customers that one event names are merged unless
//! the shop itself tells them apart, by an external id of each. A thing merges somebody known by
//! things alone into whoever it is named with. Between two people who are known, a cart merges if one
//! of them has no external id: a guest who pays with another address in the same checkout. A browser
//! never does, and neither does a cart that is known by a browser alone.
//!
//! Where two are not merged the event is its surest identifier's customer's, and an identifier in
//! contest leads to whoever was first named together with it, whichever was told first.

use aftercart_ingest::{Incoming, IncomingBody};
use aftercart_model::{
    Customer, CustomerId, EventBody, Identifier, Suppression, SuppressionReason, Timestamp,
};
use aftercart_store::{KnownIdentifier, MEMBERS_MAX, Tx};
use anyhow::Result;
use tracing::warn;

use crate::{
    Engine,
    record_events::{Occasion, know},
};

/// Whose an event is, and whom it showed to be the same customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Met {
    pub customer: CustomerId,
    /// The customers that are members of `customer` from now on.
    pub merged: Vec<CustomerId>,
    /// Whether something is known to have happened to them before this event did.
    pub is_known_since: bool,
}

/// Somebody an identifier leads to, known to the store or by the identifier alone.
#[derive(Clone, Copy, Default)]
struct Party {
    customer: Option<CustomerId>,
    has_external: bool,
    has_email: bool,
}

impl Party {
    fn by(identifier: &Identifier) -> Self {
        let has_external = matches!(identifier, Identifier::External(_));
        let has_email = matches!(identifier, Identifier::Email(_));
        Self { customer: None, has_external, has_email }
    }

    fn is_person(self) -> bool {
        self.has_external || self.has_email
    }

    fn with(self, other: Self) -> Self {
        Self {
            customer: self.customer.or(other.customer),
            has_external: self.has_external || other.has_external,
            has_email: self.has_email || other.has_email,
        }
    }
}

/// Whether two parties that one event names are one person; `is_by_browser` if nothing but a browser
/// says so.
fn is_one_person(one: Party, other: Party, is_by_browser: bool) -> bool {
    let is_told_apart = one.has_external && other.has_external;
    let are_both_people = one.is_person() && other.is_person();
    !(is_told_apart || are_both_people && is_by_browser)
}

/// Finds or makes the customer of an event, who is one with others from then on where it says so.
/// `None`: the event names nobody.
pub(crate) fn meet(tx: &mut Tx<'_>, event: &Incoming) -> Result<Option<Met>> {
    let (others, is_certain): (&[Identifier], bool) = match &event.body {
        IncomingBody::SamePerson { others } => (others, true),
        _ => (&[], false),
    };
    let mut identifiers = event.identifiers.iter().chain(others);
    let Some(surest) = identifiers.next() else { return Ok(None) };

    let known = tx.identifier(surest)?;
    if let Some(known) = known
        && is_nothing_new(tx, event, others, known)?
    {
        return Ok(Some(Met {
            customer: known.customer,
            merged: Vec::new(),
            is_known_since: is_tied(known, event),
        }));
    }
    let mut subject = party(tx, surest, known)?;
    let mut is_by_browser = is_visitor(surest);
    let (mut theirs, mut contested) = (vec![(surest, known)], Vec::new());
    let mut merged = Vec::new();
    for identifier in identifiers {
        let known = tx.identifier(identifier)?;
        let mut other = party(tx, identifier, known)?;
        let is_browser = is_by_browser || is_visitor(identifier);
        let is_known_already = other.customer.is_some() && other.customer == subject.customer;
        if !is_known_already {
            if !(is_certain || is_one_person(subject, other, is_browser)) {
                contested.push((identifier, known));
                continue;
            }
            if let (Some(one), Some(another)) = (subject.customer, other.customer) {
                if tx.members_of(one)?.len() + tx.members_of(another)?.len() > MEMBERS_MAX {
                    warn!(customer.id = one.0, "tied to more others than one person can be");
                    contested.push((identifier, known));
                    continue;
                }
                let root = tx.merge_customers(one, another)?;
                merged.push(if root == one { another } else { one });
                (subject.customer, other.customer) = (Some(root), Some(root));
            }
        }
        subject = subject.with(other);
        is_by_browser = is_by_browser && is_visitor(identifier);
        theirs.push((identifier, known));
    }
    let customer = match subject.customer {
        Some(customer) => {
            tie(tx, customer, &theirs, event.at)?;
            customer
        }
        None => newcomer(tx, &theirs, event.at)?,
    };
    for (identifier, known) in contested {
        contest(tx, customer, identifier, known, event.at)?;
    }
    Ok(Some(Met { customer, merged, is_known_since: false }))
}

/// Whether an event before this one, or at its instant, tied an identifier to its customer.
fn is_tied(known: KnownIdentifier, event: &Incoming) -> bool {
    known.tied_at.is_some_and(|tied_at| tied_at <= event.at)
}

/// Whether all that an event names was tied to one customer before: so it is with most events.
fn is_nothing_new(
    tx: &mut Tx<'_>,
    event: &Incoming,
    others: &[Identifier],
    surest: KnownIdentifier,
) -> Result<bool> {
    let mut further = event.identifiers[1..].iter().chain(others).peekable();
    if further.peek().is_some() && !is_tied(surest, event) {
        return Ok(false);
    }
    for identifier in further {
        match tx.identifier(identifier)? {
            Some(known) if known.customer == surest.customer && is_tied(known, event) => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

fn is_visitor(identifier: &Identifier) -> bool {
    matches!(identifier, Identifier::Visitor(_))
}

fn party(
    tx: &mut Tx<'_>,
    identifier: &Identifier,
    known: Option<KnownIdentifier>,
) -> Result<Party> {
    let mut party = Party::by(identifier);
    let Some(known) = known else { return Ok(party) };
    // An external id was named by the event before, and an address too: the rest is not asked.
    for (other, _) in tx.identifiers_of(known.customer)? {
        party = party.with(Party::by(&other));
    }
    Ok(Party { customer: Some(known.customer), ..party })
}

/// Makes a customer of identifiers that lead to nobody.
fn newcomer(
    tx: &mut Tx<'_>,
    theirs: &[(&Identifier, Option<KnownIdentifier>)],
    at: Timestamp,
) -> Result<CustomerId> {
    let addresses = theirs.iter().filter_map(|(it, _)| match it {
        Identifier::Email(address) => Some(address),
        _ => None,
    });
    // Of several tied at one instant mail goes to the last by the alphabet.
    let customer = tx.create_customer(addresses.max(), at)?;
    let tied_at = (theirs.len() > 1).then_some(at);
    for (identifier, _) in theirs {
        tx.save_identifier(identifier, &KnownIdentifier { customer, tied_at })?;
    }
    Ok(customer)
}

/// Lets identifiers that one event named lead to `customer`, tied to each other since `at` or before.
fn tie(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    theirs: &[(&Identifier, Option<KnownIdentifier>)],
    at: Timestamp,
) -> Result<()> {
    let is_tied = theirs.len() > 1;
    let (mut is_address_told, mut is_told) = (false, false);
    for (identifier, before) in theirs {
        let tied_before = before.and_then(|it| it.tied_at);
        let tied_at =
            if is_tied { Some(tied_before.map_or(at, |it| it.min(at))) } else { tied_before };
        let known = KnownIdentifier { customer, tied_at };
        if *before != Some(known) {
            tx.save_identifier(identifier, &known)?;
            is_address_told |= matches!(identifier, Identifier::Email(_));
            is_told |= before.is_some();
        }
    }
    if is_address_told {
        tx.settle_address(customer)?;
    }
    // An identifier nobody knew has said nothing yet.
    if is_told { tx.settle_consents(customer) } else { Ok(()) }
}

/// Two customers name one identifier: it is that one's who named it first.
fn contest(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    identifier: &Identifier,
    known: Option<KnownIdentifier>,
    at: Timestamp,
) -> Result<()> {
    let Some(before) = known else { return Ok(()) };
    // An external id is who somebody is, not what they have.
    if matches!(identifier, Identifier::External(_)) || before.tied_at.is_none_or(|it| it <= at) {
        return Ok(());
    }
    tx.save_identifier(identifier, &KnownIdentifier { customer, tied_at: Some(at) })?;
    for concerned in [before.customer, customer] {
        tx.settle_address(concerned)?;
        tx.settle_consents(concerned)?;
    }
    Ok(())
}

/// What bars mail to a customer: at their address any reason, at another of theirs that they said no
/// themselves.
pub(crate) fn bar_of(tx: &mut Tx<'_>, customer: &Customer) -> Result<Option<Suppression>> {
    let Some(address) = &customer.email else { return Ok(None) };
    if let Some(bar) = tx.suppression_of(address)? {
        return Ok(Some(bar));
    }
    for (identifier, _) in tx.identifiers_of(customer.id)? {
        let Identifier::Email(other) = identifier else { continue };
        let bar = tx.suppression_of(&other)?;
        let is_own_word = |it: &Suppression| {
            use SuppressionReason::{Complaint, Erased, Unsubscribe};
            matches!(it.reason, Unsubscribe | Complaint | Erased)
        };
        if let Some(bar) = bar.filter(is_own_word) {
            return Ok(Some(bar));
        }
    }
    Ok(None)
}

impl Engine {
    /// After two or more customers became one: tells the log, gathers what is known of them, and asks
    /// all they are in whether it goes on. An order of one ends what another is in. Nobody is enrolled
    /// by a merge but where an order moves them on.
    pub(crate) fn follow_merge(
        &self,
        tx: &mut Tx<'_>,
        met: &Met,
        at: Timestamp,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<()> {
        let root = met.customer;
        if met.merged.is_empty() {
            return Ok(());
        }
        for other in &met.merged {
            let body = EventBody::Merged { other: *other };
            self.note(tx, format!("merge/{root}/{other}"), root, at, body)?;
        }
        if let Some(mut customer) = tx.customer(root)? {
            for event in tx.events_of(root)? {
                know(&mut customer, &event.body);
            }
            tx.save_customer(&customer)?;
        }
        if occasion == Occasion::History {
            return Ok(()); // The next look finds what the history says.
        }
        for enrolment in tx.active_enrolments_of(root)? {
            self.advance(tx, enrolment.id, now, 0)?;
        }
        for order in tx.orders_of(root)? {
            self.redirect_moves(tx, root, &order, now)?;
            for entered in tx.enrolments_of(root)? {
                if entered.trigger_order.as_ref() == Some(&order.id) {
                    let flow = self.flow_version(tx, &entered.flow, entered.flow_version)?;
                    self.take_back_later_entries(tx, &flow, &order, root, now)?;
                }
            }
        }
        Ok(())
    }
}
