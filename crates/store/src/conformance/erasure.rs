//! Who was erased, and what is left.

use super::*;
use crate::{
    Arrival, ArrivalOutcome, Letter, Remembered, RequestKind, Standing, StoredList, StoredSegment,
    dialect::Dialect, value::values,
};

/// Texts that lead to the customer or speak of them; none may be anywhere afterwards.
const CANARIES: [&str; 16] = [
    "quillfeather@canary.example",
    "zebedee@canary.example",
    "Zebedee",
    "quillfeather",
    "ext-canary-90210",
    "visitor-canary-1",
    "cart-canary-2",
    "Marmalade Lane",
    "203.0.113.77",
    "wording canary",
    "subject canary",
    "body canary",
    "review canary",
    "author canary",
    "reply canary",
    "key-canary-5",
];

/// Every text and every run of bytes in every table, with where it stands; letters unpacked too.
fn everything(store: &Store) -> Vec<(String, Vec<u8>)> {
    read(store, |tx| {
        let columns = match tx.dialect() {
            Dialect::Sqlite => {
                "SELECT m.name, c.name, lower(c.type) FROM sqlite_master m, pragma_table_info(m.name) c \
                 WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
            }
            Dialect::Postgres => {
                "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), CAST(data_type AS TEXT) \
                 FROM information_schema.columns WHERE table_schema = current_schema()"
            }
        };
        let columns: Vec<(String, String, String)> =
            tx.all(columns, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        assert!(columns.len() > 100, "all tables are seen");
        let mut found = Vec::new();
        for (table, column, kind) in columns {
            let is_text = kind == "text";
            if !is_text && kind != "blob" && kind != "bytea" {
                continue;
            }
            let sql = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL");
            let cells: Vec<Vec<u8>> = tx.all(Box::leak(sql.into_boxed_str()), &[], |row| {
                if is_text { Ok(row.get::<String>(0)?.into_bytes()) } else { row.get(0) }
            })?;
            for cell in cells {
                if let Ok(unpacked) = zstd::bulk::decompress(&cell, 1 << 20) {
                    found.push((format!("{table}.{column}, unpacked"), unpacked));
                }
                found.push((format!("{table}.{column}"), cell));
            }
        }
        Ok(found)
    })
}

/// Where each canary stands.
fn found(store: &Store) -> BTreeMap<&'static str, Vec<String>> {
    let all = everything(store);
    let holds = |cell: &[u8], canary: &str| {
        let text = String::from_utf8_lossy(cell).to_lowercase();
        text.contains(&canary.to_lowercase())
    };
    let places = |canary: &'static str| {
        let places = all.iter().filter(|(_, cell)| holds(cell, canary));
        (canary, places.map(|(place, _)| place.clone()).collect::<Vec<_>>())
    };
    CANARIES.into_iter().map(places).filter(|(_, places)| !places.is_empty()).collect()
}

fn email(text: &str) -> Identifier {
    Identifier::Email(EmailAddress::new(text).unwrap())
}

fn event(key: &str, customer: CustomerId, body: EventBody) -> NewEvent {
    NewEvent { body, ..viewed("shop", key, Some(customer), 0) }
}

/// Somebody of two members, with something in every table that can hold something of theirs.
fn plant(store: &Store) -> (CustomerId, MessageId) {
    let (customer, enrolment, message_id) = planned(store, "9001");
    write(store, |tx| {
        let other = tx.create_customer(None, NOON)?;
        tx.append_event(&event(
            "key-canary-5/other",
            other,
            EventBody::ProductReviewed {
                product: ProductId(7),
                rating: 5,
                text: "review canary".to_owned(),
                details: ReviewDetails {
                    author: Some("author canary".to_owned()),
                    ..ReviewDetails::default()
                },
            },
        ))?;
        tx.add_identifier(other, &email("zebedee@canary.example"))?;
        tx.add_identifier(other, &Identifier::Cart("cart-canary-2".to_owned()))?;
        for identifier in [
            email("quillfeather@canary.example"),
            Identifier::external("shop", "ext-canary-90210"),
            Identifier::Visitor("visitor-canary-1".to_owned()),
        ] {
            tx.add_identifier(customer, &identifier)?;
        }
        let mut known = tx.customer(customer)?.unwrap();
        known.name = CustomerName { given: "Zebedee".into(), family: "Quillfeather".into() };
        known.attributes.insert("street".to_owned(), "4 Marmalade Lane".into());
        tx.save_customer(&known)?;
        let root = tx.merge_customers(customer, other)?;
        assert_eq!(root, customer);
        let mut consent =
            Consent::new(Topic::Marketing, ConsentState::Agreed, NOON, "key-canary-5 form");
        consent.wording = Some("wording canary".to_owned());
        consent.ip = Some("203.0.113.77".to_owned());
        tx.add_consent(customer, &email("quillfeather@canary.example"), &consent)?;
        tx.append_event(&event("key-canary-5", customer, EventBody::ConsentGiven { consent }))?;
        let properties = [("to".to_owned(), "4 Marmalade Lane".into())].into_iter().collect();
        let body = EventBody::Custom { name: "Gift".to_owned(), properties };
        tx.append_event(&event("gift", customer, body))?;
        place(tx, &order("9001", Some(customer), 0, 2))?;
        tx.add_review(&Review {
            id: 0,
            product: ProductId(7),
            customer: Some(other),
            rating: 5,
            text: "review canary".to_owned(),
            author: "author canary".to_owned(),
            bought_at: Some(NOON),
            at: NOON,
            state: ReviewState::Approved,
        })?;
        let pool = PoolId::new("next10")?;
        tx.add_coupons(&[Coupon {
            pool: pool.clone(),
            code: "NEXT10-AB".to_owned(),
            offer: CouponOffer::Percent(10),
            order_minor_min: 0,
            state: CouponState::Free,
            customer: None,
            expires_at: None,
        }])?;
        tx.reserve_coupon(&pool, customer, at(99))?;
        let mut message = tx.message(message_id)?.unwrap();
        message.state = MessageState::Cancelled;
        message.subject = Some("subject canary".to_owned());
        message.reason = Some("reply canary".to_owned());
        tx.save_message(&message)?;
        for (message, to) in
            [(Some(message_id), "quillfeather@canary.example"), (None, "zebedee@canary.example")]
        {
            tx.keep_letter(&Letter {
                message,
                to: EmailAddress::new(to)?,
                to_name: "Zebedee Quillfeather".to_owned(),
                subject: "subject canary".to_owned(),
                at: NOON,
                raw: b"Dear Zebedee: body canary".to_vec(),
            })?;
        }
        let mut enrolment = tx.enrolment(enrolment)?.unwrap();
        enrolment.position = Position::Exited { at: at(9), reason: ExitReason::Erased, step: None };
        tx.save_enrolment(&enrolment, None)?;
        let address = EmailAddress::new("zebedee@canary.example")?;
        tx.suppress(&Suppression { address, reason: SuppressionReason::Complaint, at: NOON })?;
        let segment = SegmentId::new("buyers")?;
        let (name, condition) = ("Buyers".to_owned(), "ordered".to_owned());
        tx.save_segment(&StoredSegment { id: segment.clone(), name, condition }, NOON)?;
        let standing = Standing { is_member: true, since: NOON, due_at: Some(at(7)) };
        tx.set_standing(customer, &segment, Some(&standing))?;
        let list = ListId::new("vip")?;
        tx.save_list(&StoredList { id: list.clone(), name: "VIP".to_owned(), created_at: NOON })?;
        tx.add_to_list(&list, customer, NOON)?;
        tx.keep_arrivals(&[Arrival {
            at: NOON,
            source: "shop".to_owned(),
            name: "track".to_owned(),
            key: "customer:ext-canary-90210/facts".to_owned(),
            outcome: ArrivalOutcome::Duplicate,
            status: 200,
            reason: String::new(),
        }])?;
        tx.add_request(1, RequestKind::Export, Some(other), NOON)
    });
    (customer, message_id)
}

pub fn no_table_names_whoever_was_erased(store: &Store) {
    let (customer, message_id) = plant(store);
    let planted = found(store);
    for canary in CANARIES {
        assert!(planted.contains_key(canary), "{canary} was planted");
    }
    let members = read(store, |tx| tx.members_of(customer).map(|it| it.to_vec()));
    let rows = write(store, |tx| tx.erase_customer(customer, at(10)));
    assert_eq!(found(store), BTreeMap::new());
    assert_eq!((rows.members, rows.addresses, rows.letters, rows.reviews), (2, 2, 2, 1));
    assert_eq!((rows.orders, rows.messages), (1, 1));
    assert_eq!(read(store, |tx| tx.sums_hold()), [""; 0]);

    for member in members {
        assert!(read(store, |tx| tx.is_erased(member)));
        assert_eq!(read(store, |tx| tx.customer(member)), None);
        assert_eq!(read(store, |tx| tx.events_of(member)), []);
        assert_eq!(read(store, |tx| tx.orders_of(member)), []);
    }
    let segment = SegmentId::new("buyers").unwrap();
    assert_eq!(read(store, |tx| tx.members(&segment)), []);
    assert_eq!(read(store, |tx| tx.due_standings(at(99), 9)), []);
    assert_eq!(read(store, |tx| tx.list_members(&ListId::new("vip")?)), []);
    assert_eq!(read(store, |tx| tx.open_requests(9)), []);
    // What sums and recommendations rest on.
    let sold = read(store, |tx| tx.order(&order_id("9001"))).unwrap();
    assert_eq!(sold, order("9001", None, 0, 2));
    assert_eq!(read(store, |tx| tx.ratings())[0].1.counts, [0, 0, 0, 0, 1]);
    let message = read(store, |tx| tx.message(message_id)).unwrap();
    assert_eq!((message.state, message.subject), (MessageState::Cancelled, None));
    let why = store.write(|tx| tx.erase_customer(customer, at(11))).unwrap_err().to_string();
    assert_eq!(why, format!("customer {customer} is not in the store"));
}

pub fn what_others_did_stands(store: &Store) {
    let (customer, _) = plant(store);
    let (tomas, _, message) = planned(store, "9002");
    write(store, |tx| {
        tx.add_identifier(tomas, &email("tomas@mail.example"))?;
        // An id that the erased one's is a part of, and a key that names it as a part.
        tx.append_event(&event("customer:ext-canary-902101", tomas, EventBody::ExportAsked))?;
        place(tx, &order("9002", Some(tomas), 5, 1)).map(drop)
    });
    let state = || {
        read(store, |tx| {
            Ok((
                tx.customer(tomas)?,
                tx.events_of(tomas)?,
                tx.orders_of(tomas)?,
                tx.message(message)?,
                tx.enrolments_of(tomas)?,
            ))
        })
    };
    let before = state();
    write(store, |tx| tx.erase_customer(customer, at(10)));
    assert_eq!(state(), before);
    assert!(!read(store, |tx| tx.is_erased(tomas)));
    let everybody = read(store, |tx| tx.count_customers());
    assert_eq!(everybody, 1);
    let log = read(store, |tx| {
        let mut log = Vec::new();
        tx.scan_events(0, &mut |it| {
            log.push((it.seq, it.customer, it.body.kind()));
            Ok(())
        })?;
        Ok(log)
    });
    let seqs: Vec<u64> = log.iter().map(|it| it.0).collect();
    assert_eq!(seqs, (1..=log.len() as u64).collect::<Vec<_>>(), "no place of the log is lost");
    let nobody: Vec<EventKind> = log.iter().filter(|it| it.1.is_none()).map(|it| it.2).collect();
    let erased = EventKind::Erased;
    assert_eq!(nobody, [erased, erased, erased, EventKind::OrderPlaced]);
}

pub fn an_erased_address_stays_barred_until_it_is_lifted(store: &Store) {
    let (customer, _) = plant(store);
    let [asked, complained] = ["quillfeather@canary.example", "zebedee@canary.example"]
        .map(|it| EmailAddress::new(it).unwrap());
    let never = address("tomas");
    write(store, |tx| tx.erase_customer(customer, at(10)));
    let erased_at = |address| read(store, |tx| tx.address_erased_at(address));
    assert_eq!(erased_at(&asked), Some(at(10)));
    assert_eq!(erased_at(&never), None);
    let hashes = read(store, |tx| {
        tx.all("SELECT hash FROM erased_addresses", &[], |row| row.get::<Vec<u8>>(0))
    });
    assert!(hashes.iter().all(|it| it.len() == 16), "nothing but hashes");

    // Nothing bars them by name, until they come back.
    let bar = |address| read(store, |tx| tx.suppression_of(address)).map(|it| it.reason);
    assert_eq!((bar(&asked), bar(&complained)), (None, None));
    write(store, |tx| {
        let back = tx.create_customer(None, at(20))?;
        tx.add_identifier(back, &Identifier::Email(asked.clone()))?;
        let known = crate::KnownIdentifier { customer: back, tied_at: Some(at(20)) };
        tx.save_identifier(&Identifier::Email(complained.clone()), &known)
    });
    assert_eq!(bar(&asked), Some(SuppressionReason::Erased));
    assert_eq!(bar(&complained), Some(SuppressionReason::Complaint), "what barred them before");

    let lift = |address| write(store, |tx| tx.lift_erased(address));
    assert!(lift(&asked) && lift(&complained) && !lift(&never));
    assert_eq!(bar(&asked), None);
    assert_eq!(
        bar(&complained),
        Some(SuppressionReason::Complaint),
        "an operator cannot lift that"
    );
    assert_eq!((erased_at(&asked), erased_at(&complained)), (None, None));
    assert!(!lift(&asked), "once");
}

pub fn what_was_erased_is_known_when_it_is_told_again(store: &Store) {
    let (customer, _) = plant(store);
    let key = |key: &str| EventKey { source: "shop".to_owned(), key: key.to_owned() };
    let erased = |it: &str| write(store, |tx| tx.erased_event(&key(it)));
    assert_eq!(erased("key-canary-5"), None);
    let seq = read(store, |tx| tx.event_by_key(&key("key-canary-5"))).unwrap().seq;
    write(store, |tx| tx.erase_customer(customer, at(10)));
    assert_eq!(erased("key-canary-5"), Some(seq));
    assert_eq!(erased("never told"), None);
    let is_known = |order: &str| read(store, |tx| tx.is_order_erased(&order_id(order)));
    assert!(is_known("9001") && !is_known("9002"));
    let delivered = |tx: &mut Tx<'_>| tx.remember_delivery("shop", "d1", &[1; 32], NOON);
    assert_eq!(write(store, delivered), Remembered::New);
    assert_eq!(write(store, delivered), Remembered::Duplicate, "beside them all goes on");
}

pub fn requests_wait_until_they_are_closed(store: &Store) {
    let (ana, other) = (new_customer(store), new_customer(store));
    write(store, |tx| {
        tx.merge_customers(ana, other)?;
        tx.add_request(7, RequestKind::Export, Some(other), NOON)?;
        tx.add_request(7, RequestKind::Export, Some(other), NOON)?;
        tx.add_request(9, RequestKind::EraseShop, None, at(1))
    });
    let open = || read(store, |tx| tx.open_requests(9));
    let listed: Vec<_> = open().iter().map(|it| (it.seq, it.customer)).collect();
    assert_eq!(listed, [(7, Some(ana)), (9, None)], "by the root, once");
    let counts = read(store, |tx| tx.count_open_requests());
    assert_eq!(counts, [(RequestKind::EraseShop, 1), (RequestKind::Export, 1)]);
    let close = |seq| write(store, |tx| tx.close_request(seq, at(5)));
    assert!(close(7) && !close(7) && !close(8));
    assert_eq!(open().len(), 1);
    let closed = read(store, |tx| tx.requests_of(ana));
    assert_eq!(closed[0].closed_at, Some(at(5)));
    let none: Vec<i64> = read(store, |tx| {
        tx.all("SELECT seq FROM requests WHERE customer = ?1", values![ana], |row| row.get(0))
    });
    assert_eq!(none, [0; 0], "it stands under the member that asked");
}
