//! Orders and what became of them.

use proptest::{collection::vec, prelude::*};

use super::*;

pub fn an_order_id_is_taken_once_across_sources(store: &Store) {
    let customer = new_customer(store);
    let first = order("#1001", Some(customer), 0, 2);
    assert!(write(store, |tx| place(tx, &first)));
    let again = Order { total_minor: 1, ..order("#1001", None, 9, 1) };
    assert!(!write(store, |tx| tx.insert_order(77, &again)), "another source's word of it");
    assert_eq!(read(store, |tx| tx.order(&first.id)), Some(first));
    assert_eq!(read(store, |tx| tx.count_orders()), 1);
}

pub fn orders_come_back_with_their_lines(store: &Store) {
    let customer = new_customer(store);
    // Around the numbers of lines that one statement takes.
    for lines in [0, 1, 3, 4, 5, 15, 16, 39] {
        let id = format!("#{lines}");
        let coupon = Some("NEXT10".to_owned());
        let placed = Order { coupon, ..order(&id, Some(customer), i64::from(lines), lines) };
        write(store, |tx| place(tx, &placed));
        assert_eq!(read(store, |tx| tx.order(&placed.id)), Some(placed), "{lines} lines");
    }
    write(store, |tx| place(tx, &order("guest", None, 3, 4)));
    assert_eq!(read(store, |tx| tx.order(&order_id("guest"))).unwrap().lines.len(), 4);
    let lines: Vec<usize> =
        read(store, |tx| tx.orders_of(customer)).iter().map(|it| it.lines.len()).collect();
    assert_eq!(lines, [0, 1, 3, 4, 5, 15, 16, 39], "by time, guests' left out");
    assert_eq!(read(store, |tx| tx.order(&order_id("none"))), None);
}

pub fn the_trigger_order_is_told_from_the_next_by_its_id(store: &Store) {
    let customer = new_customer(store);
    let trigger = order_id("#1");
    write(store, |tx| place(tx, &order("#1", Some(customer), 0, 1)));
    let head = read(store, |tx| tx.log_head());
    let next = |after| {
        let found = read(store, |tx| tx.first_order_after(customer, after, Some(&trigger)));
        found.map(|it| it.id.to_string())
    };
    let since = |seq| {
        let found = read(store, |tx| tx.order_since_seq(customer, seq, Some(&trigger)));
        found.map(|it| it.to_string())
    };
    assert_eq!(next(NOON), None, "the trigger's own order is not the next");
    assert_eq!(since(0), None);
    let any = read(store, |tx| tx.first_order_after(customer, NOON, None));
    assert_eq!(any.unwrap().id, trigger, "unless it is not left out");
    assert_eq!(read(store, |tx| tx.order_since_seq(customer, 0, None)), Some(trigger.clone()));

    // Placed in one order, accepted in another.
    write(store, |tx| place(tx, &order("#3", Some(customer), 20, 1)));
    write(store, |tx| place(tx, &order("#2", Some(customer), 10, 1)));
    write(store, |tx| place(tx, &order("#9", None, 5, 1)));
    assert_eq!(next(NOON).as_deref(), Some("#2"), "by when they were placed");
    assert_eq!(next(at(10)).as_deref(), Some("#2"), "at one instant the greater id came later");
    let before = read(store, |tx| tx.first_order_after(customer, at(10), Some(&order_id("#2"))));
    assert_eq!(before.unwrap().id.as_str(), "#3");
    let tied = read(store, |tx| tx.first_order_after(customer, at(10), Some(&order_id("#21"))));
    assert_eq!(tied.unwrap().id.as_str(), "#3", "the lesser id came before");
    assert_eq!(next(at(11)).as_deref(), Some("#3"));
    assert_eq!(since(head).as_deref(), Some("#3"), "by when they were accepted");
    assert_eq!(since(head + 1).as_deref(), Some("#2"));
    assert_eq!(since(head + 2), None, "a guest's order is nobody's");

    assert!(write(store, |tx| tx.cancel_order(&order_id("#2"), at(30))));
    assert_eq!(next(NOON).as_deref(), Some("#2"), "a cancelled order was accepted all the same");
    assert_eq!(since(head + 1).as_deref(), Some("#2"));
}

pub fn a_guest_order_is_named_once(store: &Store) {
    let (ana, tomas) = (new_customer(store), new_customer(store));
    let guests = order("guest", None, 5, 4);
    write(store, |tx| place(tx, &guests));
    let head = read(store, |tx| tx.log_head());
    let name = |customer, id: &str| {
        let named = placed(&order(id, Some(customer), 5, 4), &format!("{id} named"));
        write(store, |tx| {
            tx.append_event(&named)?;
            let seq = tx.log_head()?;
            tx.name_guest(&order_id(id), customer, seq)
        })
    };
    assert!(name(ana, "guest"));
    let named = Order { customer: Some(ana), ..guests };
    assert_eq!(read(store, |tx| tx.order(&named.id)), Some(named.clone()), "lines and all");
    assert_eq!(read(store, |tx| tx.orders_of(ana)), [named]);
    let since = |seq| read(store, |tx| tx.order_since_seq(ana, seq, None));
    assert_eq!(since(head), Some(order_id("guest")), "theirs since they were named");
    assert!(!name(tomas, "guest"), "it has a customer");
    assert!(!name(tomas, "none"));
    assert_eq!(read(store, |tx| tx.sums_hold()), Vec::<String>::new());
    assert!(write(store, |tx| tx.refund_order(&order_id("guest"), 50)), "found where it is now");
}

#[derive(Clone, Debug)]
enum Arrival {
    Placed,
    Cancelled(i64),
    Refunded(i64),
    /// The second of the word, and the total it tells.
    Revised(i64, i64),
}

fn word(seconds: i64, total_minor: i64) -> OrderWord {
    let product = ProductId(u32::try_from(total_minor).unwrap());
    let lines = vec![OrderLine { product, quantity: 1, amount_minor: total_minor }];
    OrderWord { at: at(seconds), placed_at: Some(at(seconds)), lines, total_minor, coupon: None }
}

pub fn what_became_of_an_order_is_independent_of_arrival(store: &Store) {
    let change = prop_oneof![
        (0_i64..9).prop_map(Arrival::Cancelled),
        (1_i64..900).prop_map(Arrival::Refunded),
        (-3_i64..3, 0_i64..3).prop_map(|(at, total)| Arrival::Revised(at, total)),
    ];
    let arrivals = vec(change, 0..5).prop_flat_map(|mut changes| {
        changes.push(Arrival::Placed);
        (Just(changes.clone()).prop_shuffle(), Just(changes).prop_shuffle())
    });
    let count = std::cell::Cell::new(0);
    law(arrivals, |(one, other)| {
        let orders = [one.clone(), other].map(|arrivals| {
            count.set(count.get() + 1);
            let placed = order(&format!("#{}", count.get()), None, 0, 1);
            write(store, |tx| {
                let mut is_known = false;
                for arrival in arrivals {
                    match arrival {
                        Arrival::Placed => is_known = place(tx, &placed)?,
                        Arrival::Cancelled(seconds) => {
                            assert_eq!(tx.cancel_order(&placed.id, at(seconds))?, is_known);
                        }
                        Arrival::Refunded(amount) => {
                            assert_eq!(tx.refund_order(&placed.id, amount)?, is_known);
                        }
                        Arrival::Revised(seconds, total) => {
                            let word = word(seconds, total);
                            assert_eq!(tx.revise_order(&placed.id, &word)?, is_known);
                        }
                    }
                }
                let kept = tx.order(&placed.id)?.unwrap();
                let content = (kept.placed_at, kept.total_minor, kept.lines);
                Ok((kept.refunded_minor, kept.cancelled_at, content))
            })
        });
        prop_assert_eq!(&orders[0], &orders[1]);
        let refunded: i64 =
            one.iter().map(|it| if let Arrival::Refunded(amount) = it { *amount } else { 0 }).sum();
        let cancelled = one.iter().filter_map(|it| match it {
            Arrival::Cancelled(seconds) => Some(at(*seconds)),
            _ => None,
        });
        let (kept_refunded, kept_cancelled, (placed_at, total, _)) = &orders[0];
        let kept = (*kept_refunded, *kept_cancelled);
        prop_assert_eq!(kept, (refunded, cancelled.min()), "all of it, the first cancel");
        let words = one.iter().filter_map(|it| match it {
            Arrival::Revised(seconds, total) => Some((*seconds, *total)),
            _ => None,
        });
        let earliest = words.clone().map(|(seconds, _)| seconds).min().unwrap_or(0).min(0);
        prop_assert_eq!(*placed_at, at(earliest), "when it was placed first");
        if let Some((_, newest)) = words.filter(|(seconds, _)| *seconds > 0).max() {
            prop_assert_eq!(*total, newest, "the newest word");
        }
        Ok(())
    });
}

pub fn orders_are_scanned_by_time(store: &Store) {
    let customer = new_customer(store);
    let placed = [
        order("#3", Some(customer), 10, 2),
        order("#1", None, 20, 0),
        order("#2", Some(customer), 10, 9),
    ];
    for order in &placed {
        write(store, |tx| place(tx, order));
    }
    let mut scanned = Vec::new();
    read(store, |tx| {
        tx.scan_orders(&mut |order| {
            scanned.push(order);
            Ok(())
        })
    });
    let [three, one, two] = placed;
    assert_eq!(scanned, [two, three, one]);
    let stopped = store.read(|tx| tx.scan_orders(&mut |_| anyhow::bail!("enough")));
    assert_eq!(stopped.unwrap_err().to_string(), "enough", "the caller's error comes back");
}

pub fn buyers_are_customers_not_orders(store: &Store) {
    let (ana, tomas) = (new_customer(store), new_customer(store));
    write(store, |tx| {
        place(tx, &order("#1", Some(ana), 0, 2))?;
        place(tx, &order("#2", Some(ana), 1, 1))?;
        place(tx, &order("#3", Some(tomas), 2, 1))?;
        place(tx, &order("#4", Some(tomas), 3, 3))?;
        place(tx, &order("#5", None, 4, 3))?;
        tx.cancel_order(&order_id("#4"), at(9))
    });
    let buyers = read(store, |tx| tx.buyers_of_products());
    assert_eq!(
        buyers,
        [(ProductId(0), 2), (ProductId(1), 1)],
        "each once, guests and cancelled orders left out"
    );
}
