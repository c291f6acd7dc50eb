//! Finding out that two customers are one: whose an event is, and what follows where it names two.
//!
//! Who is one with whom is decided by [`identity`], from what an event names and what is known of it;
//! here it is read and carried out.

use aftercart_ingest::{Incoming, IncomingBody};
use aftercart_model::{
    Customer, CustomerId, EventBody, Identifier, Suppression, SuppressionReason, Timestamp,
    identity::{self, KnownIdentifier, Named, goes_over, tied},
    told::know_all,
};
use aftercart_store::Tx;
use anyhow::Result;
use tracing::warn;

use crate::{Engine, record_events::Occasion};

/// Whose an event is, and whom it showed to be the same customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Met {
    pub customer: CustomerId,
    /// The customers that are members of `customer` from now on.
    pub merged: Vec<CustomerId>,
    /// Whether the event told more of whom an identifier leads to.
    pub is_news: bool,
    /// Whether something is known to have happened to them before this event did.
    pub is_known_since: bool,
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
            is_news: false,
            is_known_since: is_tied(known, event),
        }));
    }
    let named = named(tx, surest, known, identifiers)?;
    let meeting = identity::meet(&named, is_certain);
    let mut merged = Vec::new();
    for (one, other) in &meeting.merges {
        let (one, other) = (tx.root_of(*one)?, tx.root_of(*other)?);
        let root = tx.merge_customers(one, other)?;
        merged.push(if root == one { other } else { one });
    }
    let of_place = |place: &usize| (named[*place].identifier, named[*place].known);
    let theirs: Vec<_> = meeting.theirs.iter().map(of_place).collect();
    let (customer, is_news) = match meeting.customer {
        Some(customer) => {
            let customer = tx.root_of(customer)?;
            (customer, tie(tx, customer, &theirs, event.at)?)
        }
        None => (newcomer(tx, &theirs, event.at)?, false),
    };
    if meeting.is_too_many {
        warn!(customer.id = customer.0, "tied to more others than one person can be");
    }
    for (identifier, known) in meeting.contested.iter().map(of_place) {
        contest(tx, customer, identifier, known, event.at)?;
    }
    Ok(Some(Met { customer, merged, is_news, is_known_since: false }))
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

/// What is known of the identifiers an event names.
fn named<'a>(
    tx: &mut Tx<'_>,
    surest: &'a Identifier,
    known: Option<KnownIdentifier>,
    others: impl Iterator<Item = &'a Identifier>,
) -> Result<Vec<Named<'a>>> {
    let mut named = vec![Named { identifier: surest, known, with: Vec::new(), member_count: 0 }];
    for identifier in others {
        let known = tx.identifier(identifier)?;
        named.push(Named { identifier, known, with: Vec::new(), member_count: 0 });
    }
    let first = named.iter().find_map(|it| it.known).map(|it| it.customer);
    let is_other = |it: &Named<'_>| it.known.is_some_and(|it| Some(it.customer) != first);
    let are_two = named.iter().any(is_other);
    let is_unknown = named.iter().any(|it| it.known.is_none());
    // Most events name one customer by what is known of them: nobody else is met.
    for it in named.iter_mut().filter(|_| are_two || is_unknown) {
        let Some(known) = it.known else { continue };
        let leads = tx.identifiers_of(known.customer)?;
        it.with = leads.into_iter().map(|(other, _)| other).collect();
        if are_two {
            it.member_count = tx.members_of(known.customer)?.len();
        }
    }
    Ok(named)
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

/// Lets identifiers that one event named lead to `customer`, tied to each other since `at` or before;
/// `false` if they did so already.
fn tie(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    theirs: &[(&Identifier, Option<KnownIdentifier>)],
    at: Timestamp,
) -> Result<bool> {
    let is_tied = theirs.len() > 1;
    let (mut is_address_told, mut is_told) = (false, false);
    for (identifier, before) in theirs {
        let known = KnownIdentifier { customer, tied_at: tied(*before, is_tied, at) };
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
    if is_told {
        tx.settle_consents(customer)?;
    }
    let is_anybody_known = theirs.iter().any(|it| it.1.is_some());
    Ok(is_told || is_address_told && is_anybody_known)
}

/// Two customers name one identifier: it is that one's who named it first.
fn contest(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    identifier: &Identifier,
    known: Option<KnownIdentifier>,
    at: Timestamp,
) -> Result<()> {
    let Some(before) = known.filter(|it| goes_over(identifier, *it, at)) else { return Ok(()) };
    tx.save_identifier(identifier, &KnownIdentifier { customer, tied_at: Some(at) })?;
    for concerned in [before.customer, customer] {
        tx.settle_address(concerned)?;
        tx.settle_consents(concerned)?;
    }
    Ok(())
}

/// What bars mail to a customer.
pub(crate) fn bar_of(tx: &mut Tx<'_>, customer: &Customer) -> Result<Option<Suppression>> {
    Ok(bars_of(tx, customer)?.into_iter().next())
}

/// All that bars mail to a customer, as [`Tx::barred_customers`] tells of everybody: at their address
/// any reason, and that first, at another of theirs that they said no themselves.
pub(crate) fn bars_of(tx: &mut Tx<'_>, customer: &Customer) -> Result<Vec<Suppression>> {
    let Some(address) = &customer.email else { return Ok(Vec::new()) };
    let mut bars: Vec<Suppression> = tx.suppression_of(address)?.into_iter().collect();
    for (identifier, _) in tx.identifiers_of(customer.id)? {
        let Identifier::Email(other) = identifier else { continue };
        if other != *address {
            bars.extend(tx.suppression_of(&other)?.filter(is_own_word));
        }
    }
    Ok(bars)
}

/// Whether a customer is barred by their own word, which holds at whichever of their addresses it was
/// said, and not by what became of one mailbox.
fn is_own_word(bar: &Suppression) -> bool {
    use SuppressionReason::{Complaint, Erased, Unsubscribe};
    matches!(bar.reason, Unsubscribe | Complaint | Erased)
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
            // The address may be another one, and with it what bars them; so may what they agree to.
            return match occasion {
                Occasion::Live if met.is_news => self.follow_words(tx, root, now),
                _ => Ok(()),
            };
        }
        for other in &met.merged {
            let body = EventBody::Merged { other: *other };
            self.note(tx, format!("merge/{root}/{other}"), root, at, body)?;
        }
        if let Some(mut customer) = tx.customer(root)? {
            let told = tx.events_of(root)?;
            know_all(&mut customer, told.iter().map(|it| (it.at, &it.body)));
            tx.save_customer(&customer)?;
        }
        if occasion == Occasion::History {
            return Ok(()); // The next look finds what the history says.
        }
        self.follow_words(tx, root, now)
    }
}
