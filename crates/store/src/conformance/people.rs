//! Customers, identifiers, consent and suppression.

use proptest::{collection::vec, prelude::*};

use super::*;

pub fn an_identifier_leads_to_one_customer(store: &Store) {
    let (ana, tomas) = (new_customer(store), new_customer(store));
    let visitor = Identifier::Visitor("v1".to_owned());
    let external = Identifier::External("v1".to_owned());
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
            let id = tx.create_customer(NOON)?;
            let mut customer = tx.customer(id)?.unwrap();
            customer.name = CustomerName { given: given.to_owned(), family: family.to_owned() };
            customer.email = Some(address(email));
            tx.save_customer(&customer)?;
            tx.add_identifier(id, &Identifier::External(code.to_owned()))?;
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
                let customer = tx.create_customer(NOON)?;
                for (seconds, agreed) in words {
                    let state = if agreed { ConsentState::Agreed } else { ConsentState::Withdrawn };
                    let (topic, at) = (Topic::Marketing, at(seconds));
                    tx.save_consent(customer, &Consent::new(topic, state, at, "checkout"))?;
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
