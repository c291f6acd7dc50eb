//! All that is decided about customers, folded over what is told of them, one thing after the other.
//!
//! It keeps in memory what the store keeps in tables, and decides nothing: whose an event is
//! ([`identity`]), what of many words holds ([`told`]), which enrolments follow
//! ([`follow`](crate::follow())) and where each stands ([`entry`], [`advance`]) is decided by the
//! functions that the engine asks. So it is what an engine on a store is held to, and cheap enough to
//! be asked for every order of arrival.
//!
//! Everything is told at one moment, and nobody is held out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use aftercart_model::{
    Consent, ConsentState, Customer, CustomerId, CustomerName, EmailAddress, EnrolmentId,
    EventBody, FlowId, Identifier, OrderId, Position, Suppression, SuppressionReason, Topic,
    identity::{self, KnownIdentifier, Named, address_of, goes_over, tied},
    told::{OrderTold, OrderWord, SaidUnder, consents_told, know_all},
};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    Begun, Change, Effect, Entry, EntryFacts, Facts, Flow, Known, Passage, advance, ending, entry,
    follow,
};

/// Changes lead to changes: a move to another flow, which may let in nobody again. Three rounds are
/// the most that was seen.
const ROUNDS_MAX: usize = 8;

/// Something that is told.
#[derive(Clone, Debug)]
pub enum Told {
    Event {
        /// The surest first.
        named: Vec<Identifier>,
        /// Whom the source says to be the same person, whatever else is known.
        same_person: Vec<Identifier>,
        at: Timestamp,
        body: EventBody,
    },
    Barred(Suppression),
}

/// What is known after what was told so far.
#[derive(Clone)]
pub struct Fold<'a> {
    flows: Vec<&'a Flow>,
    now: Timestamp,
    identifiers: BTreeMap<Identifier, KnownIdentifier>,
    /// Of every customer, the one they turned out to be.
    roots: BTreeMap<CustomerId, CustomerId>,
    addresses: BTreeMap<CustomerId, EmailAddress>,
    events: Vec<(CustomerId, Timestamp, EventBody)>,
    orders: BTreeMap<OrderId, (Option<CustomerId>, OrderTold)>,
    ledger: Vec<(CustomerId, Identifier, Consent)>,
    bars: Vec<Suppression>,
    enrolments: Vec<Enrolled<'a>>,
}

#[derive(Clone)]
struct Enrolled<'a> {
    id: EnrolmentId,
    customer: CustomerId,
    flow: &'a Flow,
    order: Option<OrderId>,
    position: Position,
}

impl<'a> Fold<'a> {
    /// A shop of which nothing was told, whose `flows` are live.
    pub fn new(flows: Vec<&'a Flow>, now: Timestamp) -> Self {
        Self {
            flows,
            now,
            identifiers: BTreeMap::new(),
            roots: BTreeMap::new(),
            addresses: BTreeMap::new(),
            events: Vec::new(),
            orders: BTreeMap::new(),
            ledger: Vec::new(),
            bars: Vec::new(),
            enrolments: Vec::new(),
        }
    }

    pub fn hear(&mut self, told: &Told) {
        let Told::Event { named, same_person, at, body } = told else {
            return self.hear_bar(told);
        };
        let customer = self.meet(named, same_person, *at);
        let placed = self.hear_order(customer, *at, body);
        let Some(customer) = customer else { return };
        if let (EventBody::ConsentGiven { consent }, Some(under)) = (body, named.first()) {
            self.ledger.push((customer, under.clone(), consent.clone()));
        }
        self.events.push((customer, *at, body.clone()));
        match placed {
            Some((whose, order)) => {
                self.settle(customer, None);
                self.settle(self.root(whose), Some(&order));
            }
            None => self.settle(customer, None),
        }
    }

    fn hear_bar(&mut self, told: &Told) {
        let Told::Barred(bar) = told else { return };
        self.bars.push(bar.clone());
        let known = self.identifiers.get(&Identifier::Email(bar.address.clone()));
        if let Some(customer) = known.map(|it| it.customer) {
            self.settle(customer, None);
        }
    }

    fn meet(
        &mut self,
        named: &[Identifier],
        same_person: &[Identifier],
        at: Timestamp,
    ) -> Option<CustomerId> {
        let all: Vec<&Identifier> = named.iter().chain(same_person).collect();
        let party = |identifier: &&'_ Identifier| {
            let known = self.identifiers.get(*identifier).copied();
            let whose = known.map(|it| it.customer);
            let leads = |it: &(&Identifier, &KnownIdentifier)| Some(it.1.customer) == whose;
            let with = self.identifiers.iter().filter(leads).map(|it| it.0.clone()).collect();
            let is_member = |it: &&CustomerId| Some(**it) == whose;
            let member_count = self.roots.values().filter(is_member).count();
            (known, with, member_count)
        };
        let parties: Vec<Named<'_>> = all
            .iter()
            .map(|identifier| {
                let (known, with, member_count) = party(identifier);
                Named { identifier, known, with, member_count }
            })
            .collect();
        all.first()?;
        let met = identity::meet(&parties, !same_person.is_empty());
        let before: Vec<Option<KnownIdentifier>> = parties.iter().map(|it| it.known).collect();
        for (one, other) in &met.merges {
            self.merge(*one, *other);
        }
        let customer = match met.customer {
            Some(customer) => self.roots[&customer],
            None => self.create(),
        };
        let is_tied = met.theirs.len() > 1;
        for place in &met.theirs {
            let tied_at = tied(before[*place], is_tied, at);
            self.identifiers.insert(all[*place].clone(), KnownIdentifier { customer, tied_at });
        }
        for place in met.contested {
            if before[place].is_some_and(|it| goes_over(all[place], it, at)) {
                let known = KnownIdentifier { customer, tied_at: Some(at) };
                self.identifiers.insert(all[place].clone(), known);
            }
        }
        let roots: BTreeSet<CustomerId> = self.roots.values().copied().collect();
        roots.into_iter().for_each(|it| self.settle_address(it));
        Some(customer)
    }

    fn create(&mut self) -> CustomerId {
        let id = CustomerId(self.roots.len() as i64 + 1);
        self.roots.insert(id, id);
        id
    }

    fn merge(&mut self, one: CustomerId, other: CustomerId) {
        let (one, other) = (self.roots[&one], self.roots[&other]);
        let (root, gone) = (one.min(other), one.max(other));
        self.roots.values_mut().filter(|it| **it == gone).for_each(|it| *it = root);
        let leads = self.identifiers.values_mut().filter(|it| it.customer == gone);
        leads.for_each(|it| it.customer = root);
    }

    fn settle_address(&mut self, customer: CustomerId) {
        let claimed = |(identifier, known): (&Identifier, &KnownIdentifier)| match identifier {
            Identifier::Email(address) if known.customer == customer => {
                Some((address.clone(), known.tied_at))
            }
            _ => None,
        };
        let claimed: Vec<_> = self.identifiers.iter().filter_map(claimed).collect();
        match address_of(&claimed, self.addresses.get(&customer)) {
            Some(address) => self.addresses.insert(customer, address.clone()),
            None => self.addresses.remove(&customer),
        };
    }

    /// Keeps what an event says of an order; the order and whose it is, if this tells that it was
    /// placed.
    fn hear_order(
        &mut self,
        customer: Option<CustomerId>,
        at: Timestamp,
        body: &EventBody,
    ) -> Option<(CustomerId, OrderId)> {
        match body {
            EventBody::OrderPlaced { order, lines, total_minor, coupon } => {
                let (lines, coupon) = (lines.clone(), coupon.clone());
                let total_minor = *total_minor;
                let word = OrderWord { at, placed_at: Some(at), lines, total_minor, coupon };
                let (whose, told) = self.orders.entry(order.clone()).or_default();
                told.hear(word);
                *whose = whose.or(customer);
                whose.map(|it| (it, order.clone()))
            }
            EventBody::OrderRevised { order, placed_at, lines, total_minor, coupon } => {
                let (lines, coupon) = (lines.clone(), coupon.clone());
                let (placed_at, total_minor) = (*placed_at, *total_minor);
                let word = OrderWord { at, placed_at, lines, total_minor, coupon };
                self.orders.entry(order.clone()).or_default().1.hear(word);
                None
            }
            EventBody::OrderCancelled { order } => {
                self.orders.entry(order.clone()).or_default().1.hear_cancelled(at);
                None
            }
            EventBody::OrderRefunded { order: Some(order), amount_minor, .. } => {
                self.orders.entry(order.clone()).or_default().1.hear_refund(*amount_minor);
                None
            }
            _ => None,
        }
    }

    fn root(&self, of: CustomerId) -> CustomerId {
        self.roots[&of]
    }

    fn placed_at(&self, order: &OrderId) -> Option<Timestamp> {
        let (_, told) = self.orders.get(order)?;
        told.word.as_ref()?.placed_at
    }

    fn consents_of(&self, customer: CustomerId) -> BTreeMap<Topic, Consent> {
        let mut said: BTreeMap<&Identifier, SaidUnder> = BTreeMap::new();
        for (whose, under, consent) in &self.ledger {
            if self.root(*whose) == customer {
                let leads = self.identifiers.get(under).filter(|it| it.customer == customer);
                let tied_at = leads.and_then(|it| it.tied_at);
                let of = said.entry(under).or_insert(SaidUnder { tied_at, said: Vec::new() });
                of.said.push(consent.clone());
            }
        }
        consents_told(&said.into_values().collect::<Vec<_>>())
    }

    fn known(&self, customer: CustomerId) -> Known {
        let placed = |(id, (whose, told)): (&OrderId, &(Option<CustomerId>, OrderTold))| {
            let is_theirs = whose.is_some_and(|it| self.root(it) == customer);
            let placed_at = told.word.as_ref().and_then(|it| it.placed_at);
            placed_at.filter(|_| is_theirs).map(|it| (it, id.clone()))
        };
        let mut orders: Vec<_> = self.orders.iter().filter_map(placed).collect();
        orders.sort();
        let own = self.ledger.iter().filter(|it| self.root(it.0) == customer).map(|it| &it.2);
        let is_no = |it: &&Consent| it.state == ConsentState::Withdrawn;
        let refusals = own.filter(is_no).map(|it| (it.topic, it.at)).collect();
        let consents = self.consents_of(customer);
        let refused = consents.values().filter(is_no).map(|it| it.topic).collect();
        Known { orders, refusals, refused, barred_at: self.barred_at(customer) }
    }

    fn barred_at(&self, customer: CustomerId) -> Option<Timestamp> {
        let address = self.addresses.get(&customer)?;
        let bars = |bar: &&Suppression| {
            let known = self.identifiers.get(&Identifier::Email(bar.address.clone()));
            let is_own_word =
                matches!(bar.reason, SuppressionReason::Unsubscribe | SuppressionReason::Complaint);
            known.is_some_and(|it| it.customer == customer)
                && (is_own_word || bar.address == *address)
        };
        self.bars.iter().filter(bars).map(|it| it.at).min()
    }

    /// Lets follow what follows for a customer after something was told.
    fn settle(&mut self, customer: CustomerId, told: Option<&OrderId>) {
        for _ in 0..ROUNDS_MAX {
            let known = self.known(customer);
            let theirs = self.enrolments.iter().filter(|it| self.root(it.customer) == customer);
            let passages: Vec<Passage<'_>> = theirs.map(|it| self.passage(it)).collect();
            let changes = follow(&self.flows, &known, &passages, told, self.now, &mut |_, _| true);
            if changes.is_empty() {
                return;
            }
            for change in changes {
                match change {
                    Change::TakeBack(id) => self.enrolments.retain(|it| it.id != id),
                    Change::End { enrolment, .. } => self.advance(enrolment, &known),
                    Change::Enrol { flow, order } => self.enrol(customer, &flow, order, &known),
                }
            }
        }
    }

    fn begun(&self, order: Option<&OrderId>) -> Begun {
        let at = order.and_then(|it| self.placed_at(it)).unwrap_or(self.now);
        Begun { at, order: order.cloned() }
    }

    fn passage(&self, it: &Enrolled<'a>) -> Passage<'a> {
        let reason = match &it.position {
            Position::Exited { reason, .. } => Some(*reason),
            _ => None,
        };
        Passage {
            id: it.id,
            flow: it.flow,
            begun: self.begun(it.order.as_ref()),
            entered_at: self.now,
            reason,
            is_acted_on: false,
        }
    }

    fn enrol(&mut self, customer: CustomerId, flow: &FlowId, order: OrderId, known: &Known) {
        let Some(flow) = self.flows.iter().copied().find(|it| it.id() == flow) else { return };
        let is_it =
            |it: &Enrolled<'_>| it.flow.id() == flow.id() && it.order.as_ref() == Some(&order);
        let facts = EntryFacts {
            customer,
            at: self.now,
            is_key_used: self.enrolments.iter().any(is_it),
            last_entered_at: None,
            is_filter_met: true,
            is_in_audience: true,
        };
        let Entry::Enrol { position, .. } = entry(flow, &facts, &[0; 16]) else { return };
        let newest = self.enrolments.iter().map(|it| it.id.0).max().unwrap_or_default();
        let id = EnrolmentId(newest + 1);
        self.enrolments.push(Enrolled { id, customer, flow, order: Some(order), position });
        self.advance(id, known);
    }

    fn advance(&mut self, id: EnrolmentId, known: &Known) {
        let Some(index) = self.enrolments.iter().position(|it| it.id == id) else { return };
        let it = self.enrolments[index].clone();
        let ending = ending(it.flow, &self.begun(it.order.as_ref()), known);
        let facts = Facts {
            zone: TimeZone::UTC,
            entered_at: self.now,
            trigger_order: it.order.clone(),
            bought: ending.as_ref().and_then(|it| it.order.clone()),
            is_reviewed: false,
            is_in_audience: true,
            stop: ending.as_ref().and_then(crate::Ending::stop),
            is_met: &|_| false,
        };
        let moved = advance(it.flow, &it.position, &facts, self.now);
        self.enrolments[index].position = moved.to;
        for effect in moved.effects {
            if let Effect::MoveToFlow { flow, trigger_order: Some(order) } = effect {
                self.enrol(self.root(it.customer), &flow, order, known);
            }
        }
    }

    /// What is known, in words that do not name customers by their numbers.
    pub fn in_words(&self) -> String {
        let roots: BTreeSet<CustomerId> = self.roots.values().copied().collect();
        let mut told: Vec<String> =
            roots.into_iter().map(|it| self.customer_in_words(it)).collect();
        told.sort();
        told.join("\n")
    }

    fn customer_in_words(&self, root: CustomerId) -> String {
        let is_theirs = |it: CustomerId| self.root(it) == root;
        let told = self.events.iter().filter(|it| is_theirs(it.0)).map(|it| (it.1, &it.2));
        let mut customer = Customer {
            id: CustomerId(0),
            email: self.addresses.get(&root).cloned(),
            name: CustomerName::default(),
            time_zone: None,
            country: None,
            locale: None,
            created_at: told.clone().map(|it| it.0).min().unwrap_or(self.now),
            attributes: BTreeMap::new(),
        };
        know_all(&mut customer, told);
        let leads: Vec<(Identifier, Option<Timestamp>)> = self
            .identifiers
            .iter()
            .filter(|it| it.1.customer == root)
            .map(|(identifier, known)| (identifier.clone(), known.tied_at))
            .collect();
        let orders = self.orders.iter().filter_map(|(id, (whose, told))| {
            let word = told.word.as_ref().filter(|_| whose.is_some_and(is_theirs))?;
            Some((id, word, told))
        });
        let mut words = customer_words(&customer, &leads, self.consents_of(root).values());
        for (id, word, told) in orders {
            let OrderWord { placed_at, lines, total_minor, .. } = word;
            let placed_at = placed_at.expect("an order that has arrived was placed");
            words.push_str(&order_words(
                id,
                placed_at,
                lines.len(),
                *total_minor,
                told.refunded_minor,
                told.cancelled_at,
            ));
        }
        let barred = self.barred_at(root).is_some();
        let _ = writeln!(words, "barred: {barred}");
        let mut paths: Vec<String> = self
            .enrolments
            .iter()
            .filter(|it| is_theirs(it.customer))
            .map(|it| enrolment_words(it.flow.id(), it.order.as_ref(), &it.position))
            .collect();
        paths.sort();
        words + &paths.concat()
    }
}

/// A customer on a few lines.
pub fn customer_words<'c>(
    customer: &Customer,
    leads: &[(Identifier, Option<Timestamp>)],
    consents: impl Iterator<Item = &'c Consent>,
) -> String {
    let Customer { email, name, time_zone, country, locale, created_at, attributes, .. } = customer;
    let address = email.as_ref().map_or("no address", EmailAddress::as_str);
    let zone = time_zone.as_deref().unwrap_or("-");
    let (country, locale) = (country.as_deref(), locale.as_deref());
    let mut words = format!(
        "customer {} {}, {address}, {zone}, {country:?}, {locale:?}, {attributes:?}, since \
         {created_at}\n",
        name.given, name.family
    );
    let lead = |(identifier, tied_at): &(Identifier, Option<Timestamp>)| {
        let by = match identifier {
            Identifier::Email(address) => format!("email {}", address.as_str()),
            Identifier::External(it) => format!("{} {}", it.source, it.id),
            Identifier::Visitor(id) => format!("visitor {id}"),
            Identifier::Cart(token) => format!("cart {token}"),
        };
        format!("known by {by}, tied {tied_at:?}\n")
    };
    let mut leads: Vec<String> = leads.iter().map(lead).collect();
    leads.sort();
    words.push_str(&leads.concat());
    let said = |it: &Consent| format!("{:?} {:?} {} at {}\n", it.topic, it.state, it.at, it.source);
    let mut consents: Vec<String> = consents.map(said).collect();
    consents.sort();
    words.push_str(&consents.concat());
    words
}

/// An order on one line.
pub fn order_words(
    id: &OrderId,
    placed_at: Timestamp,
    line_count: usize,
    total_minor: i64,
    refunded_minor: i64,
    cancelled_at: Option<Timestamp>,
) -> String {
    format!(
        "order {id} placed {placed_at}, {line_count} lines, {total_minor}, refunded \
         {refunded_minor}, cancelled {cancelled_at:?}\n"
    )
}

/// An enrolment on one line.
pub fn enrolment_words(flow: &FlowId, order: Option<&OrderId>, position: &Position) -> String {
    let place = match position {
        Position::Ready { step } => format!("ready for {step}"),
        Position::Waiting { step, until } => format!("{step} until {until}"),
        Position::Exited { reason, .. } => format!("left, {reason:?}"),
    };
    format!("{flow} {}: {place}\n", order.map_or("-", OrderId::as_str))
}
