//! What conditions ask of every customer beside what they did, kept in memory between questions.
//!
//! Reading a million customers takes seconds; what changed since the last question most often takes
//! milliseconds. The store says whose facts changed, whichever program changed them. Customers of whom
//! the same is known share it, so that most take a few bytes each.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use aftercart_archive::Candidate;
use aftercart_model::{Customer, CustomerId, ListId};
use aftercart_segment::{Consents, CustomerFacts};
use aftercart_store::Tx;
use anyhow::Result;
use jiff::tz::TimeZone;

use crate::{
    Engine,
    advance_enrolments::{customer_facts, facts_of},
};

/// With more customers than this to be read anew, everybody is: to read one alone takes some twenty
/// times as long as to read one of all.
const READ_ANEW_MAX: usize = 5_000;

/// Facts that nobody shares any more are let go when they are this share of all.
const LEFT_OVER_SHARE: usize = 2;

/// Everybody, with what a history does not hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Everybody {
    /// In ascending order.
    customers: Vec<Kept>,
    /// Each of the facts once.
    shared: HashSet<Arc<CustomerFacts>>,
    zones: HashMap<String, TimeZone>,
    /// The newest change of facts it knows of.
    through: u64,
}

/// A customer, a root.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    id: CustomerId,
    facts: Arc<CustomerFacts>,
    /// `None`: the shop's.
    zone: Option<TimeZone>,
}

impl Everybody {
    fn read(tx: &mut Tx<'_>) -> Result<Self> {
        let mut everybody = Self { through: tx.facts_head()?, ..Self::default() };
        let mut consents: HashMap<CustomerId, Consents> = HashMap::new();
        tx.scan_consents(&mut |customer, consent| {
            consents.entry(customer).or_default().hear(&consent);
            Ok(())
        })?;
        let mut barred = tx.barred_customers()?;
        let mut lists = lists_of_everybody(tx)?;
        tx.scan_customers(&mut |customer| {
            let (id, zone) = (customer.id, everybody.zone(&customer));
            let consents = consents.remove(&id).unwrap_or_default();
            let bars = barred.remove(&id).unwrap_or_default();
            let lists = lists.remove(&id).unwrap_or_default();
            let facts = everybody.share(facts_of(customer, consents, bars, lists));
            everybody.customers.push(Kept { id, facts, zone });
            Ok(())
        })?;
        everybody.customers.sort_by_key(|it| it.id);
        everybody.customers.shrink_to_fit();
        Ok(everybody)
    }

    /// Reads anew those whose facts changed since.
    fn refresh(&mut self, tx: &mut Tx<'_>, changed: &[CustomerId], head: u64) -> Result<()> {
        let mut fresh: Vec<(CustomerId, Option<Kept>)> = Vec::with_capacity(changed.len());
        for id in changed {
            // Of a member the root comes, which has changed too.
            let customer = tx.customer(*id)?.filter(|it| it.id == *id);
            let kept = customer.map(|customer| {
                let facts = self.share(customer_facts(tx, &customer)?);
                Ok::<_, anyhow::Error>(Kept { id: *id, facts, zone: self.zone(&customer) })
            });
            fresh.push((*id, kept.transpose()?));
        }
        let place = |of: &[Kept], id: CustomerId| of.binary_search_by_key(&id, |it| it.id);
        let mut newcomers = Vec::new();
        let mut gone = HashSet::new();
        for (id, kept) in fresh {
            match (place(&self.customers, id), kept) {
                (Ok(at), Some(kept)) => self.customers[at] = kept,
                (Ok(_), None) => {
                    gone.insert(id);
                }
                (Err(_), Some(kept)) => newcomers.push(kept),
                (Err(_), None) => {}
            }
        }
        if !gone.is_empty() {
            self.customers.retain(|it| !gone.contains(&it.id));
        }
        if !newcomers.is_empty() {
            self.customers.append(&mut newcomers);
            self.customers.sort_by_key(|it| it.id);
        }
        if self.shared.len() > LEFT_OVER_SHARE * self.customers.len() {
            self.shared.retain(|it| Arc::strong_count(it) > 1);
        }
        self.through = head;
        Ok(())
    }

    /// The facts, as one with those of others of whom the same is known.
    fn share(&mut self, facts: CustomerFacts) -> Arc<CustomerFacts> {
        if let Some(known) = self.shared.get(&facts) {
            return Arc::clone(known);
        }
        let facts = Arc::new(facts);
        self.shared.insert(Arc::clone(&facts));
        facts
    }

    fn zone(&mut self, customer: &Customer) -> Option<TimeZone> {
        let name = customer.time_zone.as_ref()?;
        if let Some(zone) = self.zones.get(name) {
            return Some(zone.clone());
        }
        let zone = TimeZone::get(name).ok()?;
        self.zones.insert(name.clone(), zone.clone());
        Some(zone)
    }

    pub fn len(&self) -> usize {
        self.customers.len()
    }

    /// In ascending order.
    pub fn candidates<'a>(&'a self, shop_zone: &'a TimeZone) -> Vec<Candidate<'a>> {
        let candidate = |it: &'a Kept| Candidate {
            customer: it.id,
            facts: &it.facts,
            zone: it.zone.as_ref().unwrap_or(shop_zone),
        };
        self.customers.iter().map(candidate).collect()
    }

    /// What is known of customers, each of the facts once.
    pub fn all_facts(&self) -> impl Iterator<Item = &CustomerFacts> {
        self.shared.iter().filter(|it| Arc::strong_count(it) > 1).map(|it| &**it)
    }

    pub fn facts(&self, customer: CustomerId) -> Option<&CustomerFacts> {
        let at = self.customers.binary_search_by_key(&customer, |it| it.id).ok()?;
        Some(&self.customers[at].facts)
    }
}

/// The names and ids of the lists that each customer is on.
fn lists_of_everybody(tx: &mut Tx<'_>) -> Result<HashMap<CustomerId, BTreeSet<String>>> {
    let names: HashMap<ListId, String> =
        tx.lists()?.into_iter().map(|it| (it.id, it.name)).collect();
    let merged = tx.merged_customers()?;
    let mut lists: HashMap<CustomerId, BTreeSet<String>> = HashMap::new();
    tx.scan_list_members(&mut |list, customer| {
        let root = merged.get(&customer).copied().unwrap_or(customer);
        let own = lists.entry(root).or_default();
        own.extend(names.get(&list).cloned());
        own.insert(list.to_string());
        Ok(())
    })?;
    Ok(lists)
}

impl Engine {
    /// Reads everybody anew at the next question: nothing of who was erased stays in memory.
    pub(crate) fn forget_everybody(&self) {
        *self.everybody.lock().expect("no panic while held") = None;
    }

    /// Everybody as of the transaction. What is read while this thread holds the commit may be taken
    /// back, and the numbers of its changes be given out again: it is not kept.
    pub(crate) fn everybody(&self, tx: &mut Tx<'_>, is_held: bool) -> Result<Arc<Everybody>> {
        if is_held {
            return Ok(Arc::new(Everybody::read(tx)?));
        }
        let head = tx.facts_head()?;
        let mut kept = self.everybody.lock().expect("no panic while held");
        let everybody = match kept.take() {
            Some(everybody) if everybody.through == head => everybody,
            Some(mut everybody) if everybody.through < head => {
                match tx.facts_changed(everybody.through, READ_ANEW_MAX)? {
                    Some(changed) => {
                        Arc::make_mut(&mut everybody).refresh(tx, &changed, head)?;
                        everybody
                    }
                    None => Arc::new(Everybody::read(tx)?),
                }
            }
            // Another question, begun later, was quicker.
            _ => Arc::new(Everybody::read(tx)?),
        };
        #[cfg(test)]
        assert_eq!(everybody.customers, Everybody::read(tx)?.customers, "kept as it is stored");
        *kept = Some(Arc::clone(&everybody));
        Ok(everybody)
    }
}
