//! Products, pictures, reviews, coupons, and the shop's documents.

use super::*;
use crate::FlowState;

pub fn products_are_numbered_densely(store: &Store) {
    let kettle = Product {
        category: "Kettles".to_owned(),
        tags: vec!["steel".to_owned(), "gift".to_owned()],
        benefits: vec!["pours \"slowly\"".to_owned()],
        cost_minor: Some(4_000),
        stock: Some(3),
        lasts_days: Some(90),
        ..Product::bare(ProductId(99), "K1", "Kettle", 8_900)
    };
    let beans = Product::bare(ProductId(99), "B1", "Beans", 1_450);
    let save = |product: &Product| write(store, |tx| tx.save_product(product));
    assert_eq!(save(&kettle), ProductId(0));
    assert_eq!(save(&beans), ProductId(1));
    let dearer = Product { price_minor: 9_200, is_active: false, ..kettle.clone() };
    assert_eq!(save(&dearer), ProductId(0), "a known code keeps its number");
    assert_eq!(save(&Product::bare(ProductId(0), "B2", "More beans", 1)), ProductId(2));
    write(store, |tx| tx.set_stock(ProductId(0), None));

    let products = read(store, |tx| tx.products());
    assert_eq!(products[0], Product { id: ProductId(0), stock: None, ..dearer });
    assert_eq!(products[1], Product { id: ProductId(1), ..beans });
    assert!(products.iter().zip(0..).all(|(it, index)| it.id == ProductId(index)));
    let found = read(store, |tx| tx.product_by_code("B1")).unwrap();
    assert_eq!(found, products[1]);
    assert_eq!(read(store, |tx| tx.product_by_code("X")), None);
    assert!(store.write(|tx| tx.set_stock(ProductId(9), Some(1))).is_err(), "an unknown product");
}

pub fn of_a_product_the_newest_word_holds(store: &Store) {
    let said = |name: &str, stock| ProductFacts {
        name: Some(name.to_owned()),
        stock: Some(stock),
        ..ProductFacts::default()
    };
    let words = [(2, said("Kettle", Some(3))), (1, said("Old kettle", None))];
    let priced = ProductFacts { price_minor: Some(8_900), ..ProductFacts::default() };
    let kept = [[0, 1, 2], [1, 2, 0], [2, 0, 1]].map(|order| {
        write(store, |tx| {
            let code = format!("K{order:?}");
            let id = tx.save_product(&Product::bare(ProductId(0), &code, "?", 0))?;
            for index in order {
                match words.get(index) {
                    Some((seconds, facts)) => tx.tell_product(id, at(*seconds), facts)?,
                    None => tx.tell_product(id, at(0), &priced)?,
                }
            }
            let product = tx.product_by_code(&code)?.unwrap();
            Ok((product.name, product.stock, product.price_minor))
        })
    });
    assert_eq!(kept[0], ("Kettle".to_owned(), Some(3), 8_900), "what is not said stays");
    assert!(kept.iter().all(|it| *it == kept[0]), "{kept:?}");
}

pub fn stock_is_summed_once_all_of_it_was_counted(store: &Store) {
    let codes: Vec<String> = ["SKU-1", "inventory:7", "inventory:8"].map(str::to_owned).into();
    let id = write(store, |tx| {
        let id = tx.save_product(&Product::bare(ProductId(0), "P1", "Kettle", 0))?;
        tx.save_product(&Product::bare(ProductId(0), "inventory:9", "Beans", 0))?;
        tx.add_product_codes(id, &codes)?;
        tx.add_product_codes(id, &["inventory:9".to_owned()])?;
        tx.tell_product(id, at(5), &ProductFacts { stock: Some(Some(9)), ..Default::default() })?;
        Ok(id)
    });
    let stock = || read(store, |tx| tx.product_by_code("SKU-1")).unwrap().stock;
    let count = |code: &str, place: &str, seconds, units| {
        write(store, |tx| tx.count_stock(id, code, place, at(seconds), units));
        stock()
    };
    assert_eq!(count("inventory:7", "Lisbon", 9, 4), Some(9), "a part says nothing of the whole");
    assert_eq!(count("inventory:8", "Lisbon", 4, 1), Some(5));
    assert_eq!(count("inventory:8", "Porto", 4, 2), Some(7), "over all places");
    assert_eq!(count("inventory:7", "Lisbon", 8, 100), Some(7), "an older count");
    assert_eq!(count("inventory:7", "Lisbon", 9, 3), Some(6), "of one instant the smaller");
    let facts = ProductFacts { stock: Some(Some(50)), ..ProductFacts::default() };
    write(store, |tx| tx.tell_product(id, at(10), &facts));
    assert_eq!(stock(), Some(50), "the catalogue's newer word");
    let other = read(store, |tx| tx.product_by_code("inventory:9")).unwrap();
    assert_eq!(other.name, "Beans", "a code stays with the product it is the own code of");
}

pub fn pictures_and_settings_are_kept(store: &Store) {
    let bytes: Vec<u8> = (0..=255).collect();
    write(store, |tx| {
        tx.save_picture("kettle.png", "image/gif", b"old")?;
        tx.save_picture("kettle.png", "image/png", &bytes)?;
        tx.set_setting("shop", "{}")?;
        tx.set_setting("shop", "{\"name\":\"Tarn & Ember\"}")
    });
    let picture = read(store, |tx| tx.picture("kettle.png"));
    assert_eq!(picture, Some(("image/png".to_owned(), bytes)));
    assert_eq!(read(store, |tx| tx.picture("x.png")), None);
    let setting = read(store, |tx| tx.setting("shop"));
    assert_eq!(setting.as_deref(), Some("{\"name\":\"Tarn & Ember\"}"));
    assert_eq!(read(store, |tx| tx.setting("x")), None);
}

pub fn old_versions_of_blobs_go(store: &Store) {
    for version in 1..=5_u8 {
        let saved = write(store, |tx| tx.save_blob("model", &[version], at(version.into())));
        assert_eq!(saved, u32::from(version));
    }
    assert_eq!(read(store, |tx| tx.blob("model")), Some((5, at(5), vec![5])));
    assert_eq!(read(store, |tx| tx.blob("x")), None);
    let count: u64 = read(store, |tx| tx.one("SELECT count(*) FROM blobs", &[]));
    assert_eq!(count, 3, "a few to go back to, not all of history");
}

pub fn reviews_count_as_ratings_in_any_state(store: &Store) {
    let customer = new_customer(store);
    let review = |product, rating, seconds, state| Review {
        id: 0,
        product: ProductId(product),
        customer: Some(customer),
        rating,
        text: "Pours like a dream.".to_owned(),
        author: "Ana R.".to_owned(),
        bought_at: Some(NOON),
        at: at(seconds),
        state,
    };
    let first = review(1, 5, 10, ReviewState::Approved);
    let ids = [
        write(store, |tx| tx.add_review(&first)),
        write(store, |tx| tx.add_review(&review(1, 4, 20, ReviewState::Declined))),
        write(store, |tx| tx.add_review(&review(1, 5, 30, ReviewState::Pending))),
        write(store, |tx| tx.add_review(&review(0, 1, 5, ReviewState::Pending))),
    ];
    let of_product = read(store, |tx| tx.reviews_of(ProductId(1)));
    let order: Vec<i64> = of_product.iter().map(|it| it.id).collect();
    assert_eq!(order, [ids[2], ids[1], ids[0]], "newest first");
    assert_eq!(of_product[2], Review { id: ids[0], ..first });
    let ratings = read(store, |tx| tx.ratings());
    let rating = |counts| Rating { counts };
    let expected =
        [(ProductId(0), rating([1, 0, 0, 0, 0])), (ProductId(1), rating([0, 0, 0, 1, 2]))];
    assert_eq!(ratings, expected);

    let pending = || read(store, |tx| tx.count_reviews(ReviewState::Pending));
    assert_eq!(pending(), 2);
    write(store, |tx| tx.set_review_state(ids[3], ReviewState::Approved));
    assert_eq!(pending(), 1);
    assert!(store.write(|tx| tx.set_review_state(ids[3] + 256, ReviewState::Pending)).is_err());
    let wild = review(1, 6, 0, ReviewState::Pending);
    assert!(store.write(|tx| tx.add_review(&wild)).is_err(), "six of five stars");
    let mut scanned = Vec::new();
    read(store, |tx| {
        tx.scan_reviews(&mut |it| {
            scanned.push(it.id);
            Ok(())
        })
    });
    assert_eq!(scanned, ids);
}

pub fn coupons_are_reserved_once(store: &Store) {
    let (ana, tomas) = (new_customer(store), new_customer(store));
    let pool = PoolId::new("next10").unwrap();
    let coupon = |code: &str, offer| Coupon {
        pool: pool.clone(),
        code: code.to_owned(),
        offer,
        order_minor_min: 2_000,
        state: CouponState::Free,
        customer: None,
        expires_at: None,
    };
    let coupons =
        [coupon("Z-1", CouponOffer::Percent(10)), coupon("A-2", CouponOffer::AmountMinor(500))];
    assert_eq!(write(store, |tx| tx.add_coupons(&coupons)), 2);
    assert_eq!(write(store, |tx| tx.add_coupons(&coupons[..1])), 0, "known already");
    assert_eq!(read(store, |tx| tx.free_coupons(&pool)), 2);

    let reserve = |customer| write(store, |tx| tx.reserve_coupon(&pool, customer, at(500)));
    let reserved = |coupon: &Coupon, customer| Coupon {
        state: CouponState::Reserved,
        customer: Some(customer),
        expires_at: Some(at(500)),
        ..coupon.clone()
    };
    assert_eq!(reserve(ana), Some(reserved(&coupons[0], ana)), "in the order they were added");
    assert_eq!(reserve(tomas), Some(reserved(&coupons[1], tomas)));
    assert_eq!(reserve(ana), None, "none is left");

    let redeem = |order: &str| write(store, |tx| tx.redeem_coupon("Z-1", &order_id(order)));
    assert!(redeem("#1"));
    assert!(redeem("#1"), "the same order says so again");
    assert!(!redeem("#2"), "no other order may");
    assert!(!write(store, |tx| tx.redeem_coupon("none", &order_id("#1"))));
    let counts = read(store, |tx| tx.coupon_counts());
    let expected =
        [(pool.clone(), CouponState::Redeemed, 1), (pool.clone(), CouponState::Reserved, 1)];
    assert_eq!(counts, expected);
    let expire = |seconds| write(store, |tx| tx.expire_coupons(at(seconds)));
    assert_eq!(read(store, |tx| tx.first_coupon_end()), Some(at(500)));
    assert_eq!(expire(499), 0, "alive to its last moment");
    assert_eq!(expire(500), 1, "the redeemed one stays redeemed");
    assert_eq!(read(store, |tx| tx.first_coupon_end()), None);
    assert_eq!(read(store, |tx| tx.coupon("A-2")).unwrap().state, CouponState::Expired);
    assert!(write(store, |tx| tx.redeem_coupon("A-2", &order_id("#3"))), "an order told late");
    let redeemed = read(store, |tx| tx.coupon("Z-1")).unwrap();
    assert_eq!((redeemed.state, redeemed.customer), (CouponState::Redeemed, Some(ana)));
}

pub fn flows_keep_their_versions(store: &Store) {
    let id = flow_id();
    let save =
        |document: &str, seconds| write(store, |tx| tx.save_flow(&id, document, at(seconds)));
    assert_eq!(save("one", 1), 1);
    assert_eq!(save("one", 2), 1, "nothing changed");
    assert_eq!(save("two", 3), 2);
    let newest = || read(store, |tx| tx.flow(&id)).unwrap();
    assert_eq!((newest().document.as_str(), newest().created_at), ("two", at(3)));
    assert_eq!((newest().state, newest().live_since), (FlowState::Draft, None));
    let first = read(store, |tx| tx.flow_version(&id, 1)).unwrap();
    assert_eq!((first.document.as_str(), first.version, first.created_at), ("one", 1, at(1)));
    assert_eq!(read(store, |tx| tx.flow_version(&id, 3)), None);

    let set = |state, seconds| write(store, |tx| tx.set_flow_state(&id, state, at(seconds)));
    set(FlowState::Live, 10);
    set(FlowState::Paused, 20);
    set(FlowState::Live, 30);
    assert_eq!(newest().live_since, Some(at(10)), "a pause does not count as an end");
    set(FlowState::Stopped, 40);
    assert_eq!(newest().live_since, None);
    set(FlowState::Live, 50);
    assert_eq!(newest().live_since, Some(at(50)));

    let other = FlowId::new("feedback").unwrap();
    write(store, |tx| tx.save_flow(&other, "ask", NOON));
    let flows = read(store, |tx| tx.flows());
    let named: Vec<(&str, u32)> = flows.iter().map(|it| (it.id.as_str(), it.version)).collect();
    assert_eq!(named, [("feedback", 1), ("upsell-cross-sell", 2)]);
    let unknown = FlowId::new("x").unwrap();
    let why = store.write(|tx| tx.set_flow_state(&unknown, FlowState::Live, NOON)).unwrap_err();
    assert_eq!(why.to_string(), "flow `x` is not in the store; save it first");
}

pub fn templates_keep_their_versions(store: &Store) {
    let id = TemplateId::new("offer").unwrap();
    let save = |document: &str| write(store, |tx| tx.save_template(&id, document, NOON));
    assert_eq!((save("one"), save("one"), save("two")), (1, 1, 2));
    write(store, |tx| tx.save_template(&TemplateId::new("nudge").unwrap(), "n", NOON));
    let version = |number| read(store, |tx| tx.template(&id, number));
    assert_eq!(version(None), Some((2, "two".to_owned())));
    assert_eq!(version(Some(1)), Some((1, "one".to_owned())));
    assert_eq!(version(Some(7)), None);
    let all = read(store, |tx| tx.templates());
    let named: Vec<(&str, u32, &str)> =
        all.iter().map(|(id, version, document)| (id.as_str(), *version, &**document)).collect();
    assert_eq!(named, [("nudge", 1, "n"), ("offer", 2, "two")]);
}

pub fn proposals_are_kept_with_their_state(store: &Store) {
    let save = |sentence: &str| write(store, |tx| tx.save_proposal(sentence, "{}", NOON));
    let (one, two) = (save("win them back"), save("sell filters"));
    write(store, |tx| tx.set_proposal_state(one, "accepted"));
    let proposals = read(store, |tx| tx.proposals());
    let told: Vec<(i64, &str)> = proposals.iter().map(|it| (it.id, &*it.state)).collect();
    assert_eq!(told, [(two, "open"), (one, "accepted")], "newest first");
    let found = read(store, |tx| tx.proposal(two)).unwrap();
    assert_eq!((&*found.sentence, &*found.document), ("sell filters", "{}"));
    assert_eq!(read(store, |tx| tx.proposal(two + 1)), None);
    assert!(store.write(|tx| tx.set_proposal_state(two + 1, "accepted")).is_err());
}

pub fn rules_keep_their_versions(store: &Store) {
    assert_eq!(read(store, |tx| tx.shop_rules(None)), None);
    assert_eq!(read(store, |tx| tx.shop_rules_version()), 0);
    let save = |document: &str, by: &str| write(store, |tx| tx.save_shop_rules(document, NOON, by));
    assert_eq!((save("one", "console"), save("one", "command line"), save("two", "x")), (1, 1, 2));
    let version = |number| read(store, |tx| tx.shop_rules(number)).map(|it| it.document);
    assert_eq!(version(None).as_deref(), Some("two"));
    assert_eq!(version(Some(1)).as_deref(), Some("one"));
    assert_eq!(version(Some(7)), None);
    assert_eq!(read(store, |tx| tx.shop_rules_version()), 2);
    let all = read(store, |tx| tx.shop_rules_versions(5));
    let told: Vec<(u32, &str)> = all.iter().map(|it| (it.version, &*it.changed_by)).collect();
    assert_eq!(told, [(2, "x"), (1, "console")], "newest first");
    assert_eq!(read(store, |tx| tx.shop_rules_versions(1)).len(), 1);
}
