//! Customers, identifiers, consent and suppression.

use proptest::{collection::vec, prelude::*};

use anyhow::{Context as _, bail};

use super::*;
use crate::{KnownIdentifier, StoredList};

pub fn an_identifier_leads_to_one_customer(store: &Store) {
    let (ana, tomas) = (new_customer(store), new_customer(store));
    let visitor = Identifier::Visitor("v1".to_owned());
    let external = Identifier::external("shop", "v1");
    write(store, |tx| {
        tx.add_identifier(ana, &visitor)?;
        tx.add_identifier(ana, &visitor)?;
        tx.add_identifier(tomas, &external)
    });
    let leads = |identifier: &Identifier| read(store, |tx| tx.customer_by_identifier(identifier));
    assert_eq!(leads(&visitor), Some(ana));
    assert_eq!(leads(&external), Some(tomas), "the same text of another kind");
    assert_eq!(leads(&Identifier::Email(address("ana"))), None);

    let why = store.write(|tx| tx.add_identifier(tomas, &visitor)).unwrap_err();
    let expected = format!(
        "an identifier of customer {tomas} leads to customer {ana} already; merge the two first"
    );
    assert_eq!(why.to_string(), expected);
    assert_eq!(leads(&visitor), Some(ana), "it stays where it was");
}

/// What a customer did, one number for each.
fn live(tx: &mut Tx<'_>, customer: CustomerId, whose: &str, n: i64) -> Result<()> {
    tx.append_event(&viewed("shop", &format!("{whose}-{n}"), Some(customer), n % 3))?;
    place(tx, &order(&format!("{whose}-{n}"), Some(customer), 10 * (n % 4), 2))?;
    let entered = enrolment(customer, &format!("{whose}-{n}"), waiting("offer", n));
    let entered_at = at(n);
    let id = tx.enrol(&NewEnrolment { entered_at, ..entered })?.unwrap();
    let id = tx.plan_message(&message(customer, id, "offer"))?.unwrap();
    let mut planned = tx.message(id)?.unwrap();
    planned.state = MessageState::Claimed;
    planned.claimed_at = Some(at(100 - n));
    tx.save_message(&planned)?;
    Ok(())
}

/// All that is read of a customer, in words that do not say which member it is stored under.
fn told(tx: &mut Tx<'_>, customer: CustomerId, whose: &str) -> Result<Vec<String>> {
    let mut told = Vec::new();
    let event = |it: Event| format!("{} {:?} {:?}", it.key.key, it.at, it.body.kind());
    told.extend(tx.events_of(customer)?.into_iter().map(event));
    let mut before = None;
    loop {
        let page = tx.events_page(customer, before, 3)?;
        let Some(last) = page.last() else { break };
        before = Some((last.at, last.seq));
        told.extend(page.into_iter().map(event));
    }
    let kinds = (EventKind::OrderPlaced, EventKind::OrderPlaced);
    told.extend(tx.events_page_of_kinds(customer, kinds, None, 2)?.into_iter().map(event));
    for bought in tx.orders_of(customer)? {
        let next = tx.first_order_after(customer, bought.placed_at, Some(&bought.id))?;
        told.push(format!("{} {:?} then {:?}", bought.id, bought.placed_at, next.map(|it| it.id)));
    }
    let since = tx.log_head()?.saturating_sub(2);
    told.push(format!("{:?}", tx.order_since_seq(customer, since, None)?));
    let enrolled = |it: Enrolment| format!("{} {:?}", it.trigger_key, it.entered_at);
    told.extend(tx.enrolments_of(customer)?.into_iter().map(enrolled));
    told.extend(tx.active_enrolments_of(customer)?.into_iter().map(enrolled));
    told.push(format!("{:?}", tx.latest_entry(&flow_id(), customer)?));
    for message in tx.messages_of(customer)? {
        let enrolment = tx.enrolment(message.enrolment)?.unwrap();
        told.push(format!("{} {:?}", enrolment.trigger_key, message.claimed_at));
    }
    told.push(format!("{:?}", tx.hand_overs_since(customer, at(95))?));
    let shown = tx.products_shown_since(customer, at(95))?;
    told.extend(shown.into_iter().map(|it| format!("{:?} {:?}", it.at, it.products)));
    told.push(format!("{:?}", tx.consents_of(customer)?));
    Ok(told.into_iter().map(|it| it.replace(whose, "x")).collect())
}

pub fn merged_customers_read_as_one(store: &Store) {
    let count = std::cell::Cell::new(0);
    law(vec(0_usize..3, 1..9), |whose| {
        count.set(count.get() + 1);
        let (single, merged) = (format!("s{}-", count.get()), format!("m{}-", count.get()));
        let (one, members) = write(store, |tx| {
            let one = tx.create_customer(None, NOON)?;
            let members = [(); 3].map(|()| tx.create_customer(None, NOON).unwrap());
            Ok((one, members))
        });
        let as_merged = write(store, |tx| {
            for (n, member) in (0..).zip(&whose) {
                live(tx, members[*member], &merged, n)?;
            }
            tx.merge_customers(members[2], members[1])?;
            tx.merge_customers(members[0], members[2])?;
            told(tx, members[1], &merged)
        });
        let expected = write(store, |tx| {
            for (n, _) in (0..).zip(&whose) {
                live(tx, one, &single, n)?;
            }
            told(tx, one, &single)
        });
        prop_assert_eq!(as_merged, expected);
        Ok(())
    });
    assert_eq!(read(store, |tx| tx.sums_hold()), Vec::<String>::new());
}

pub fn merges_form_a_chain_with_one_root(store: &Store) {
    let members: Vec<CustomerId> = (0..4).map(|_| new_customer(store)).collect();
    let visitor = |n: usize| Identifier::Visitor(n.to_string());
    write(store, |tx| {
        for (n, member) in members.iter().enumerate() {
            tx.add_identifier(*member, &visitor(n))?;
        }
        let mut known = tx.customer(members[2])?.unwrap();
        known.name.given = "Ana".to_owned();
        known.created_at = at(-60);
        tx.save_customer(&known)?;
        let bought = order("#1", Some(members[3]), 0, 1);
        place(tx, &bought)?;
        tx.add_review(&Review {
            id: 0,
            product: ProductId(0),
            customer: Some(members[3]),
            rating: 5,
            text: String::new(),
            author: String::new(),
            bought_at: None,
            at: NOON,
            state: ReviewState::Approved,
        })?;
        assert_eq!(tx.merge_customers(members[3], members[2])?, members[2]);
        assert_eq!(tx.merge_customers(members[1], members[0])?, members[0]);
        assert_eq!(tx.merge_customers(members[3], members[1])?, members[0]);
        assert_eq!(tx.merge_customers(members[0], members[3])?, members[0], "one already");
        Ok(())
    });
    read(store, |tx| {
        for (n, member) in members.iter().enumerate() {
            assert_eq!(tx.root_of(*member)?, members[0]);
            assert_eq!(*tx.members_of(*member)?, members[..]);
            assert_eq!(tx.customer_by_identifier(&visitor(n))?, Some(members[0]));
            let customer = tx.customer(*member)?.unwrap();
            assert_eq!((customer.id, &*customer.name.given), (members[0], "Ana"));
            assert_eq!(customer.created_at, at(-60), "the earliest");
        }
        assert_eq!(tx.identifiers_of(members[3])?.len(), 4);
        assert_eq!(tx.orders_of(members[0])?[0].customer, Some(members[3]), "never re-keyed");
        let page: Vec<CustomerId> = tx.customers_page(None, 9)?.iter().map(|it| it.id).collect();
        assert_eq!(page, [members[0]]);
        assert_eq!((tx.count_customers()?, tx.count_customers_to(9)?), (1, 1));
        assert_eq!(tx.find_customers("ana", 9)?.len(), 1);
        assert_eq!(tx.find_customers("#1", 9)?[0].id, members[0]);
        let mut buyers = Vec::new();
        tx.scan_orders(&mut |it| {
            buyers.push(it.customer);
            Ok(())
        })?;
        assert_eq!(buyers, [Some(members[0])], "questions about everybody name the root");
        assert_eq!(tx.reviews_of(ProductId(0))?[0].customer, Some(members[0]));
        assert_eq!(tx.buyers_of_products()?, [(ProductId(0), 1)]);
        Ok(())
    });
}

pub fn a_customer_has_so_many_members(store: &Store) {
    let why = store.write(|tx| {
        let first = tx.create_customer(None, NOON)?;
        for _ in 1..crate::MEMBERS_MAX {
            let other = tx.create_customer(None, NOON)?;
            tx.merge_customers(first, other)?;
        }
        assert_eq!(tx.members_of(first)?.len(), crate::MEMBERS_MAX);
        let other = tx.create_customer(None, NOON)?;
        tx.merge_customers(first, other)
    });
    let why = why.unwrap_err().to_string();
    assert!(why.ends_with("would be 65 customers in one; at most 64 can be"), "{why}");
}

pub fn a_merge_keeps_the_stricter_word(store: &Store) {
    use ConsentState::{Agreed, Withdrawn};
    let cases = [
        (Some((Withdrawn, 1)), Some((Agreed, 5)), Some(Withdrawn)),
        (Some((Agreed, 5)), Some((Withdrawn, 1)), Some(Withdrawn)),
        (None, Some((Agreed, 1)), Some(Agreed)),
        (Some((Agreed, 1)), Some((Agreed, 2)), Some(Agreed)),
        (None, None, None),
    ];
    for (one, other, expected) in cases {
        let said = write(store, |tx| {
            let customers = [tx.create_customer(None, NOON)?, tx.create_customer(None, NOON)?];
            for (customer, said) in customers.into_iter().zip([one, other]) {
                if let Some((state, seconds)) = said {
                    let word = Consent::new(Topic::Marketing, state, at(seconds), "checkout");
                    let under = Identifier::external("shop", customer.to_string());
                    tx.add_consent(customer, &under, &word)?;
                }
            }
            tx.merge_customers(customers[0], customers[1])?;
            tx.consents_of(customers[1])
        });
        assert_eq!(said.first().map(|it| it.state), expected, "{one:?} and {other:?}");
    }
}

pub fn the_ledger_keeps_every_word_and_settles_what_holds(store: &Store) {
    let (ana, guest) = (new_customer(store), new_customer(store));
    let email = |name: &str| Identifier::Email(address(name));
    let word = |state, seconds| Consent {
        basis: ConsentBasis::DoubleOptIn,
        wording: Some("Send me offers".to_owned()),
        ip: Some("192.0.2.7".to_owned()),
        ..Consent::new(Topic::Marketing, state, at(seconds), "checkout")
    };
    let (no, yes) = (word(ConsentState::Withdrawn, 1), word(ConsentState::Agreed, 5));
    let holds = |tx: &mut Tx<'_>| -> Result<ConsentState> { Ok(tx.consents_of(ana)?[0].state) };
    write(store, |tx| {
        tx.add_identifier(ana, &email("ana"))?;
        tx.add_identifier(guest, &email("guest"))?;
        tx.add_consent(ana, &email("ana"), &no)?;
        tx.add_consent(guest, &email("guest"), &yes)?;
        tx.add_consent(guest, &email("guest"), &yes)?;
        tx.merge_customers(ana, guest)?;
        assert_eq!(holds(tx)?, ConsentState::Withdrawn, "a merge adds no consent");
        for (tied_at, expected) in [(9, ConsentState::Withdrawn), (0, ConsentState::Agreed)] {
            for name in ["ana", "guest"] {
                let known = KnownIdentifier { customer: ana, tied_at: Some(at(tied_at)) };
                tx.save_identifier(&email(name), &known)?;
            }
            tx.settle_consents(guest)?;
            assert_eq!(holds(tx)?, expected, "tied at {tied_at}");
        }
        let ledger = tx.consent_entries_of(guest)?;
        assert_eq!(ledger, [(email("guest"), yes.clone()), (email("ana"), no.clone())]);
        Ok(())
    });
}

pub fn mail_goes_to_the_address_tied_last(store: &Store) {
    let (ana, guest) = (new_customer(store), new_customer(store));
    let email = |name: &str| Identifier::Email(address(name));
    let mail_to = |tx: &mut Tx<'_>| -> Result<Option<EmailAddress>> {
        Ok(tx.customer(guest)?.unwrap().email)
    };
    write(store, |tx| {
        tx.add_identifier(ana, &email("ana"))?;
        tx.add_identifier(guest, &email("other"))?;
        tx.merge_customers(ana, guest)?;
        assert_eq!(mail_to(tx)?, Some(address("ana")), "nothing was tied: as it was");
        for (name, tied_at, expected) in
            [("other", 1, "other"), ("ana", 0, "other"), ("third", 1, "third"), ("ana", 2, "ana")]
        {
            let known = KnownIdentifier { customer: ana, tied_at: Some(at(tied_at)) };
            tx.save_identifier(&email(name), &known)?;
            tx.settle_address(ana)?;
            assert_eq!(mail_to(tx)?, Some(address(expected)), "{name} at {tied_at}");
        }
        let elsewhere =
            KnownIdentifier { customer: tx.create_customer(None, NOON)?, tied_at: None };
        tx.save_identifier(&email("ana"), &elsewhere)?;
        tx.settle_address(ana)?;
        assert_eq!(mail_to(tx)?, Some(address("third")), "`ana` leads elsewhere now");
        Ok(())
    });
}

pub fn a_customer_comes_back_as_saved(store: &Store) {
    let id = new_customer(store);
    let mut customer = read(store, |tx| tx.customer(id)).unwrap();
    assert_eq!((customer.email.clone(), customer.created_at), (None, NOON));

    write(store, |tx| tx.add_identifier(id, &Identifier::Email(address("ana"))));
    customer.email = Some(address("ana"));
    assert_eq!(read(store, |tx| tx.customer(id)).unwrap(), customer, "the first address is theirs");
    write(store, |tx| tx.add_identifier(id, &Identifier::Email(address("ana.second"))));
    assert_eq!(read(store, |tx| tx.customer(id)).unwrap(), customer, "and stays when more come");

    customer.email = Some(address("ana.third"));
    customer.name = CustomerName { given: "Ana".to_owned(), family: "Ribeiro".to_owned() };
    customer.time_zone = Some("Europe/Lisbon".to_owned());
    customer.country = Some("Portugal".to_owned());
    customer.locale = Some("pt-PT".to_owned());
    customer.attributes.insert("tier".to_owned(), serde_json::json!({"name": "gold"}));
    write(store, |tx| tx.save_customer(&customer));
    assert_eq!(read(store, |tx| tx.customer(id)).unwrap(), customer);
    let third = Identifier::Email(address("ana.third"));
    assert_eq!(read(store, |tx| tx.customer_by_identifier(&third)), Some(id));

    let nobody = CustomerId(id.0 + 256 * 1_000);
    assert_eq!(read(store, |tx| tx.customer(nobody)), None);
    let why = store.write(|tx| tx.save_customer(&Customer { id: nobody, ..customer.clone() }));
    assert!(why.is_err(), "saving nobody is an error, not silence");
}

pub fn customers_are_found_by_how_things_begin(store: &Store) {
    let person = |given: &str, family: &str, email: &str, code: &str| {
        write(store, |tx| {
            let id = tx.create_customer(None, NOON)?;
            let mut customer = tx.customer(id)?.unwrap();
            customer.name = CustomerName { given: given.to_owned(), family: family.to_owned() };
            customer.email = Some(address(email));
            tx.save_customer(&customer)?;
            tx.add_identifier(id, &Identifier::external("shop", code))?;
            Ok(id)
        })
    };
    let ana = person("Ana", "Ribeiro", "a.ribeiro", "C-17");
    let anabel = person("Anabel", "Ösch", "anabel", "C-170");
    let tomas = person("Tomás", "Ananda", "tomas_r", "D-1");
    write(store, |tx| place(tx, &order("#1001", Some(tomas), 0, 1)));

    let found = |beginning: &str, limit| -> Vec<CustomerId> {
        let customers = read(store, |tx| tx.find_customers(beginning, limit));
        customers.into_iter().map(|it| it.id).collect()
    };
    assert_eq!(found("anab", 9), [anabel], "an address or a name");
    assert_eq!(found("ANA RIB", 9), [ana], "a whole name, in any case");
    assert_eq!(found("ösch", 9), [anabel], "a family name");
    assert_eq!(found("ana", 9), [anabel, ana, tomas], "addresses, names, family names; each once");
    assert_eq!(found("ana", 2), [anabel, ana], "no more than asked for");
    assert_eq!(found("C-17", 9), [ana, anabel], "external ids");
    assert_eq!(found(" #10 ", 9), [tomas], "order ids, blanks aside");
    assert_eq!(found("tomas%", 9), [], "no character means any other");
    assert_eq!(found("zoe", 9), []);
    assert_eq!(found("", 2), [ana, anabel], "nothing asked: the first customers");
}

pub fn the_newest_customers_come_first(store: &Store) {
    let created: Vec<CustomerId> = (0..5).map(|_| new_customer(store)).collect();
    let page = |before| -> Vec<CustomerId> {
        let page = read(store, |tx| tx.newest_customers(before, 3));
        page.into_iter().map(|it| it.id).collect()
    };
    assert_eq!(page(None), [created[4], created[3], created[2]]);
    assert_eq!(page(Some(created[2])), [created[1], created[0]], "the next page");
    assert_eq!(read(store, |tx| tx.count_customers_to(9)), 5);
    assert_eq!(read(store, |tx| tx.count_customers_to(3)), 3, "counted no further");
}

pub fn customers_come_in_the_order_they_were_seen(store: &Store) {
    let created: Vec<CustomerId> = (0..20).map(|_| new_customer(store)).collect();
    let mut paged = Vec::new();
    while let page = read(store, |tx| tx.customers_page(paged.last().copied(), 7))
        && !page.is_empty()
    {
        paged.extend(page.into_iter().map(|it| it.id));
    }
    assert_eq!(paged, created);
    let mut scanned = Vec::new();
    read(store, |tx| {
        tx.scan_customers(&mut |customer| {
            scanned.push(customer.id);
            Ok(())
        })
    });
    assert_eq!(scanned, created);
    assert_eq!(read(store, |tx| tx.count_customers()), 20);
    write(store, |tx| tx.lock_customer(created[3]));
}

pub fn ids_depend_on_the_bucket_key_alone(store: &Store) {
    let created: Vec<CustomerId> = (0..5).map(|_| new_customer(store)).collect();
    let expected: Vec<CustomerId> = (1..=5).map(|serial| CustomerId::new(serial, &KEY)).collect();
    assert_eq!(created, expected);
}

pub fn the_latest_word_on_a_topic_counts_in_any_order(store: &Store) {
    let word = (0_i64..4, any::<bool>());
    let words = vec(word, 1..7).prop_flat_map(|it| (Just(it.clone()), Just(it).prop_shuffle()));
    law(words, |(one, other)| {
        let kept = [one.clone(), other].map(|words| {
            write(store, |tx| {
                let customer = tx.create_customer(None, NOON)?;
                for (seconds, agreed) in words {
                    let state = if agreed { ConsentState::Agreed } else { ConsentState::Withdrawn };
                    let (topic, at) = (Topic::Marketing, at(seconds));
                    let under = Identifier::external("shop", customer.to_string());
                    let word = Consent::new(topic, state, at, "checkout");
                    tx.add_consent(customer, &under, &word)?;
                }
                tx.consents_of(customer)
            })
        });
        prop_assert_eq!(&kept[0], &kept[1]);
        let latest = one.iter().map(|(seconds, _)| *seconds).max().unwrap();
        let agreed = one.iter().all(|(seconds, agreed)| *seconds < latest || *agreed);
        prop_assert_eq!(kept[0].len(), 1);
        prop_assert_eq!(kept[0][0].at, at(latest));
        prop_assert_eq!(kept[0][0].state == ConsentState::Agreed, agreed, "a withdrawal wins ties");
        Ok(())
    });
}

pub fn a_suppression_is_never_weakened_in_any_order(store: &Store) {
    let reason = prop_oneof![
        Just(SuppressionReason::Bounce),
        Just(SuppressionReason::ByHand),
        Just(SuppressionReason::Unsubscribe),
        Just(SuppressionReason::Complaint),
    ];
    let bars = vec((0_i64..4, reason), 1..7)
        .prop_flat_map(|it| (Just(it.clone()), Just(it).prop_shuffle()));
    let count = std::cell::Cell::new(0);
    law(bars, |(one, other)| {
        let kept = [one.clone(), other].map(|bars| {
            count.set(count.get() + 1);
            let address = address(&format!("person{}", count.get()));
            write(store, |tx| {
                for (seconds, reason) in bars {
                    let address = address.clone();
                    tx.suppress(&Suppression { address, reason, at: at(seconds) })?;
                }
                let kept = tx.suppression_of(&address)?.unwrap();
                Ok((kept.reason, kept.at))
            })
        });
        prop_assert_eq!(kept[0], kept[1]);
        let complained = one.iter().any(|(_, it)| *it == SuppressionReason::Complaint);
        prop_assert_eq!(kept[0].0 == SuppressionReason::Complaint, complained);
        Ok(())
    });
    assert_eq!(read(store, |tx| tx.count_suppressions()), count.get());
    assert_eq!(read(store, |tx| tx.suppression_of(&address("nobody"))), None);
}

pub fn a_text_with_nul_is_refused(store: &Store) {
    let customer = new_customer(store);
    let visitor = Identifier::Visitor("a\0b".to_owned());
    let why = store.write(|tx| tx.add_identifier(customer, &visitor)).unwrap_err();
    insta::allow_duplicates! {
        insta::assert_snapshot!(
            why, @"a text has a NUL character, which cannot be stored; leave it out"
        );
    }
}

pub fn whose_facts_changed_is_told(store: &Store) {
    let (ana, tomas) = (new_customer(store), new_customer(store));
    let head = || read(store, |tx| tx.facts_head());
    let changed = |after| read(store, |tx| tx.facts_changed(after, 9));
    let begin = head();
    assert_eq!(changed(begin), Some(vec![]));
    write(store, |tx| tx.append_event(&viewed("shop", "1", Some(ana), 0)).map(drop));
    assert_eq!(head(), begin, "what somebody does is no fact");

    write(store, |tx| tx.add_identifier(ana, &Identifier::Email(address("ana"))));
    assert_eq!(changed(begin), Some(vec![ana]));
    let before = head();
    let bar = Suppression { address: address("ana"), reason: SuppressionReason::Bounce, at: NOON };
    write(store, |tx| tx.suppress(&bar));
    assert_eq!(changed(before), Some(vec![ana]), "whose address it is");
    let before = head();
    let failed: Result<()> = store.write(|tx| {
        let customer = read_customer(tx, tomas)?;
        tx.save_customer(&customer)?;
        bail!("no")
    });
    assert!(failed.is_err());
    assert_eq!(head(), before, "what was taken back");
    write(store, |tx| {
        let customer = read_customer(tx, tomas)?;
        tx.save_customer(&customer)
    });
    assert_eq!(changed(before), Some(vec![tomas]));
    let before = head();
    write(store, |tx| tx.merge_customers(ana, tomas).map(drop));
    let mut both = [ana, tomas];
    both.sort();
    assert_eq!(changed(before), Some(both.to_vec()));
    assert_eq!(read(store, |tx| tx.facts_changed(before, 1)), None, "more than asked for");
    let list = StoredList { id: ListId::new("vip").unwrap(), name: "VIP".into(), created_at: NOON };
    write(store, |tx| tx.save_list(&list));
    assert_eq!(changed(before), None, "everybody's");
}

fn read_customer(tx: &mut Tx<'_>, id: CustomerId) -> Result<Customer> {
    tx.customer(id)?.context("nobody")
}
