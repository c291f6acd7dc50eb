//! Segments, who is in them, and lists.

use super::*;
use crate::{KeptSegment, Standing, StoredList, StoredSegment};

fn segment(id: &str, name: &str, condition: &str) -> StoredSegment {
    let (name, condition) = (name.to_owned(), condition.to_owned());
    StoredSegment { id: SegmentId::new(id).unwrap(), name, condition }
}

fn kept(id: &SegmentId, seconds: i64) -> KeptSegment {
    KeptSegment { id: id.clone(), condition: "ordered".to_owned(), since: at(seconds) }
}

fn standing(is_member: bool, since: i64, due: Option<i64>) -> Standing {
    Standing { is_member, since: at(since), due_at: due.map(at) }
}

pub fn a_segment_is_saved_renamed_and_deleted(store: &Store) {
    let first = segment("buyers", "Buyers", "ordered at least 1 time");
    let second = segment("buyers", "Good buyers", "ordered at least 2 times");
    let other = segment("all", "All", "everyone");
    write(store, |tx| {
        tx.save_segment(&first, NOON)?;
        tx.save_segment(&second, at(1))?;
        tx.save_segment(&other, NOON)
    });
    assert_eq!(read(store, |tx| tx.segments()), [other.clone(), second.clone()]);
    assert_eq!(read(store, |tx| tx.segment(&second.id)), Some(second.clone()));
    write(store, |tx| {
        tx.keep_segment(&kept(&second.id, 2))?;
        tx.set_standing(CustomerId(257), &second.id, Some(&standing(true, 2, None)))?;
        tx.note_size(&second.id, "2026-03-01", 1)
    });
    assert!(write(store, |tx| tx.delete_segment(&second.id)));
    assert!(!write(store, |tx| tx.delete_segment(&second.id)), "gone already");
    assert_eq!(read(store, |tx| tx.segments()), [other]);
    assert_eq!(read(store, |tx| tx.members(&second.id)), []);
    assert_eq!(read(store, |tx| tx.sizes(&second.id, "")), []);
    assert!(read(store, |tx| tx.kept_segments()).is_empty());
    let why = store.write(|tx| tx.keep_segment(&kept(&second.id, 2))).unwrap_err();
    assert_eq!(why.to_string(), "segment `buyers` is not in the store; save it first");
}

pub fn standings_are_of_kept_segments(store: &Store) {
    let (buyers, lost) =
        (segment("buyers", "Buyers", "ordered"), segment("lost", "Lost", "nobody"));
    let [ana, tom] = [new_customer(store), new_customer(store)];
    write(store, |tx| {
        assert!(tx.kept_segments()?.is_empty());
        for it in [&lost, &buyers] {
            tx.save_segment(it, NOON)?;
            tx.keep_segment(&kept(&it.id, 5))?;
        }
        assert_eq!(tx.kept_segments()?.len(), 2, "read anew after a change");
        tx.set_standing(ana, &buyers.id, Some(&standing(true, 5, None)))?;
        tx.set_standing(ana, &lost.id, Some(&standing(false, 5, Some(90))))?;
        tx.set_standing(tom, &buyers.id, Some(&standing(true, 6, Some(80))))?;
        tx.set_standing(tom, &buyers.id, Some(&standing(true, 6, Some(70))))
    });
    let known: Vec<KeptSegment> = read(store, |tx| tx.kept_segments().map(|it| it.to_vec()));
    assert_eq!(known, [kept(&buyers.id, 5), kept(&lost.id, 5)]);
    let mut both = [ana, tom];
    both.sort_unstable();
    assert_eq!(read(store, |tx| tx.members(&buyers.id)), both);
    assert_eq!(read(store, |tx| tx.count_members(&buyers.id)), 2);
    assert_eq!(read(store, |tx| tx.members(&lost.id)), [], "due, and not in it");
    assert_eq!(
        read(store, |tx| tx.standings_of(ana)),
        [
            (buyers.id.clone(), standing(true, 5, None)),
            (lost.id.clone(), standing(false, 5, Some(90))),
        ]
    );
    assert_eq!(read(store, |tx| tx.standings(&lost.id)), [(ana, standing(false, 5, Some(90)))]);
    write(store, |tx| tx.set_standing(tom, &buyers.id, None));
    assert_eq!(read(store, |tx| tx.members(&buyers.id)), [ana]);
    let root = write(store, |tx| tx.merge_customers(tom, ana));
    let gone = if root == tom { ana } else { tom };
    assert_eq!(read(store, |tx| tx.standings_of(gone)), [], "a member has no standing of its own");
    write(store, |tx| tx.stop_keeping(&buyers.id));
    assert_eq!(read(store, |tx| tx.members(&buyers.id)), []);
    assert_eq!(read(store, |tx| tx.kept_segments()).len(), 1);
}

pub fn who_is_due_is_told_in_order(store: &Store) {
    let (one, two) = (SegmentId::new("one").unwrap(), SegmentId::new("two").unwrap());
    let [ana, tom, eve] = [257, 514, 771].map(CustomerId);
    write(store, |tx| {
        for id in ["one", "two"] {
            let it = segment(id, id, "ordered");
            tx.save_segment(&it, NOON)?;
            tx.keep_segment(&kept(&it.id, 0))?;
        }
        tx.set_standing(ana, &SegmentId::new("old")?, Some(&standing(true, 0, Some(1))))?;
        tx.set_standing(ana, &one, Some(&standing(true, 0, Some(30))))?;
        tx.set_standing(ana, &two, Some(&standing(true, 0, Some(31))))?;
        tx.set_standing(tom, &one, Some(&standing(false, 0, Some(20))))?;
        tx.set_standing(eve, &one, Some(&standing(true, 0, None)))
    });
    let due = |seconds, limit| read(store, |tx| tx.due_standings(at(seconds), limit));
    assert_eq!(due(19, 9), []);
    assert_eq!(due(20, 9), [tom]);
    assert_eq!(due(99, 9), [tom, ana]);
    assert_eq!(due(99, 1), [tom]);
    assert_eq!(read(store, |tx| tx.next_wake()), Some(at(20)), "of no segment that is not kept");
    assert_eq!(write(store, |tx| tx.forget_due_standings(at(20))), 2);
    assert_eq!(due(99, 9), [ana]);
}

pub fn the_size_of_a_day_is_told_once(store: &Store) {
    let buyers = segment("buyers", "Buyers", "ordered");
    write(store, |tx| {
        tx.save_segment(&buyers, NOON)?;
        tx.note_size(&buyers.id, "2026-02-28", 4)?;
        tx.note_size(&buyers.id, "2026-03-01", 5)?;
        tx.note_size(&buyers.id, "2026-03-01", 6)?;
        tx.note_size(&buyers.id, "2025-12-31", 1)
    });
    let sizes = read(store, |tx| tx.sizes(&buyers.id, "2026-01-01"));
    assert_eq!(sizes, [("2026-02-28".to_owned(), 4), ("2026-03-01".to_owned(), 6)]);
}

pub fn lists_hold_whole_customers(store: &Store) {
    let list = |id: &str, name: &str| StoredList {
        id: ListId::new(id).unwrap(),
        name: name.to_owned(),
        created_at: NOON,
    };
    let (vip, press) = (list("vip", "VIP"), list("press", "Press"));
    let [ana, tom, eve] = [(); 3].map(|()| new_customer(store));
    let why = store.write(|tx| tx.add_to_list(&vip.id, ana, NOON)).unwrap_err();
    assert_eq!(why.to_string(), "list `vip` is not in the store; create it first");
    write(store, |tx| {
        tx.save_list(&list("vip", "vip"))?;
        tx.save_list(&StoredList { created_at: at(9), ..vip.clone() })?;
        tx.save_list(&press)?;
        assert!(tx.add_to_list(&vip.id, ana, at(1))?);
        assert!(!tx.add_to_list(&vip.id, ana, at(2))?, "on it already");
        assert!(tx.add_to_list(&vip.id, tom, at(3))?);
        assert!(tx.add_to_list(&press.id, tom, at(3))?);
        assert!(tx.add_to_list(&vip.id, eve, at(4))?);
        Ok(())
    });
    assert_eq!(read(store, |tx| tx.lists()), [press.clone(), vip.clone()], "named anew");
    assert_eq!(
        read(store, |tx| tx.list_members(&vip.id)),
        [(ana, at(1)), (tom, at(3)), (eve, at(4))]
    );
    let mut told = Vec::new();
    read(store, |tx| {
        tx.scan_list_members(&mut |list, customer| {
            told.push((list, customer));
            Ok(())
        })
    });
    assert_eq!((told.len(), &told[0]), (4, &(press.id.clone(), tom)));

    let root = write(store, |tx| tx.merge_customers(ana, tom));
    assert_eq!(read(store, |tx| tx.list_members(&vip.id)), [(root, at(1)), (eve, at(4))]);
    assert_eq!(read(store, |tx| tx.lists_of(root)), [press.clone(), vip.clone()]);
    assert!(!write(store, |tx| tx.add_to_list(&vip.id, tom, at(5))), "on it as one with the other");
    assert!(write(store, |tx| tx.remove_from_list(&vip.id, root)));
    assert!(!write(store, |tx| tx.remove_from_list(&vip.id, root)));
    assert_eq!(read(store, |tx| tx.list_members(&vip.id)), [(eve, at(4))]);
    assert!(write(store, |tx| tx.delete_list(&vip.id)));
    assert!(!write(store, |tx| tx.delete_list(&vip.id)));
    assert_eq!(read(store, |tx| tx.lists_of(eve)), []);
}
