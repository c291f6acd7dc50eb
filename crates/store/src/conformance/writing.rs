//! Changes: whole or not at all, durable, grouped, one at a time.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use anyhow::bail;

use super::*;
use crate::{Appended, connection::Place, schema, value::values};

fn keys(store: &Store) -> Vec<String> {
    let mut keys = Vec::new();
    read(store, |tx| {
        tx.scan_events(0, &mut |event| {
            keys.push(event.key.key);
            Ok(())
        })
    });
    keys
}

fn append(tx: &mut Tx<'_>, key: &str) -> Result<u64> {
    match tx.append_event(&viewed("test", key, None, 0))? {
        Appended::New { seq } => Ok(seq),
        other => bail!("{other:?}"),
    }
}

pub fn a_failed_change_leaves_nothing(store: &Store) {
    let failed: Result<()> = store.write(|tx| {
        append(tx, "a")?;
        tx.create_customer(None, NOON)?;
        tx.set_setting("x", "y")?;
        bail!("changed my mind")
    });
    assert_eq!(failed.unwrap_err().to_string(), "changed my mind");
    assert_eq!((keys(store).len(), read(store, |tx| tx.count_customers())), (0, 0));
    assert_eq!(write(store, |tx| append(tx, "b")), 1, "no place in the log is left empty");
    let customer = new_customer(store);
    assert_eq!(customer, CustomerId::new(1, &KEY), "nor a number of a customer");
}

pub fn a_panic_takes_back_its_change_alone(store: &Store) {
    write(store, |tx| append(tx, "a"));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _: Result<()> = store.write(|tx| {
            append(tx, "b")?;
            panic!("a bug in a use case");
        });
    }));
    assert!(panicked.is_err(), "the panic goes on to the caller");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _: Result<()> = store.read(|_| panic!("a bug in a page"));
    }));
    assert!(panicked.is_err());
    assert_eq!(write(store, |tx| append(tx, "c")), 2, "the store goes on");
    assert_eq!(keys(store), ["a", "c"]);
}

pub fn an_ignored_failure_fails_the_change(store: &Store) {
    let change = store.write(|tx| {
        append(tx, "a")?;
        drop(tx.execute("INSERT INTO settings (name, value) VALUES ('x', NULL)", &[]));
        Ok(())
    });
    let why = change.unwrap_err();
    assert_eq!(why.to_string(), "a statement of the change failed and was ignored");
    let change: Result<()> = store.write(|tx| {
        drop(tx.execute("INSERT INTO settings (name, value) VALUES ('x', NULL)", &[]));
        append(tx, "b").map(drop)
    });
    let why = change.unwrap_err();
    assert_eq!(why.to_string(), "an earlier statement of this transaction failed");
    assert_eq!(keys(store), Vec::<String>::new());
    write(store, |tx| append(tx, "c"));
    assert_eq!(keys(store), ["c"]);
}

pub fn a_reading_changes_nothing(store: &Store) {
    let why = store.read(|tx| tx.set_setting("x", "y")).unwrap_err();
    insta::allow_duplicates! {
        insta::assert_snapshot!(
            why, @"a change of the store was asked for within a reading of it"
        );
    }
}

pub fn a_reading_sees_one_moment(store: &Store) {
    write(store, |tx| append(tx, "a"));
    read(store, |tx| {
        assert_eq!(tx.log_head()?, 1);
        write(store, |tx| append(tx, "b"));
        let events: u64 = tx.one("SELECT count(*) FROM events", &[])?;
        assert_eq!(events, 1, "what is written meanwhile is of another moment");
        Ok(())
    });
    assert_eq!(keys(store).len(), 2);
}

pub fn a_change_within_a_change_is_refused(store: &Store) {
    let inner = write(store, |_| Ok(store.write(|_| Ok(()))));
    let why = inner.unwrap_err();
    insta::allow_duplicates! {
        insta::assert_snapshot!(
            why,
            @"a change of the store was asked for within a change of it; it would wait for ever"
        );
    }
}

type Change<'a> = dyn Fn(&mut Tx<'_>) -> Result<()> + Sync + 'a;

/// Runs `changes`, each in a thread of its own, all waiting while the first is under way; so they
/// form one group. Returns how each ended and how many commits that took.
fn as_one_group(store: &Store, changes: &[&Change<'_>]) -> (Vec<bool>, u64) {
    let writer = &store.0.writer;
    let before = writer.counts().commits;
    let has_begun = Barrier::new(2);
    let outcomes = thread::scope(|scope| {
        let (first, others) = changes.split_first().unwrap();
        let held = scope.spawn(|| {
            store.write(|tx| {
                has_begun.wait();
                while writer.waiting() < others.len() {
                    thread::yield_now();
                }
                first(tx)
            })
        });
        has_begun.wait();
        let others: Vec<_> =
            others.iter().map(|change| scope.spawn(move || store.write(change))).collect();
        let is_ok = |it: thread::ScopedJoinHandle<'_, Result<()>>| matches!(it.join(), Ok(Ok(())));
        [held].into_iter().chain(others).map(is_ok).collect()
    });
    (outcomes, writer.counts().commits - before)
}

pub fn waiting_changes_are_committed_as_one(store: &Store) {
    let good = |key: &'static str| move |tx: &mut Tx<'_>| append(tx, key).map(drop);
    let bad = |tx: &mut Tx<'_>| {
        append(tx, "bad")?;
        bail!("taken back alone")
    };
    let worse = |tx: &mut Tx<'_>| -> Result<()> {
        append(tx, "worse")?;
        panic!("taken back alone, too")
    };
    let changes: [&Change<'_>; 6] = [&good("a"), &good("b"), &bad, &good("c"), &worse, &good("d")];
    let (outcomes, commits) = as_one_group(store, &changes);
    assert_eq!(outcomes, [true, true, false, true, false, true]);
    assert_eq!(commits, 1, "one wait for the disk for all of them");
    let mut kept = keys(store);
    kept.sort();
    assert_eq!(kept, ["a", "b", "c", "d"]);
    assert_eq!(read(store, |tx| tx.log_head()), 4, "no place in the log is left empty");

    // The first of a group is taken back whole, and the others begin anew.
    let (outcomes, commits) = as_one_group(store, &[&bad, &good("e"), &good("f")]);
    assert_eq!((outcomes, commits), (vec![false, true, true], 1));
    // The last of a group fails, and commits the others none the less.
    let (outcomes, commits) = as_one_group(store, &[&good("g"), &worse]);
    assert_eq!((outcomes, commits), (vec![true, false], 1));
    // A source met for the first time in a change that was taken back is met again.
    let stray = viewed("stray", "i", None, 0);
    let met = |tx: &mut Tx<'_>| {
        tx.append_event(&stray)?;
        bail!("taken back alone")
    };
    assert_eq!(as_one_group(store, &[&good("h"), &met]).0, [true, false]);
    write(store, |tx| tx.append_event(&stray));
    assert!(read(store, |tx| tx.event_by_key(&stray.key)).is_some());
    assert_eq!(keys(store).len(), 9);
    assert_eq!(read(store, |tx| tx.sums_hold()), Vec::<String>::new());
}

pub fn a_failed_commit_fails_its_whole_group(store: &Store) {
    write(store, |tx| {
        tx.execute("CREATE TABLE above (id BIGINT NOT NULL PRIMARY KEY)", &[])?;
        let sql = "CREATE TABLE below (id BIGINT NOT NULL REFERENCES above (id) \
                   DEFERRABLE INITIALLY DEFERRED)";
        tx.execute(sql, &[])
    });
    let good = |tx: &mut Tx<'_>| append(tx, "a").map(drop);
    // Noticed by the database at the commit and not before.
    let orphan = |tx: &mut Tx<'_>| tx.execute("INSERT INTO below VALUES (1)", &[]).map(drop);
    let (outcomes, commits) = as_one_group(store, &[&good, &orphan]);
    assert_eq!((outcomes, commits), (vec![false, false], 0), "nobody is told that it is durable");
    assert_eq!(keys(store), Vec::<String>::new());
    assert_eq!(write(store, |tx| append(tx, "b")), 1, "the store goes on");
}

/// Writes from many threads, some of whose changes fail; returns the keys that were kept.
fn write_from_threads(store: &Store, name: &str, threads: u32, changes: u32) -> Vec<String> {
    let kept = std::sync::Mutex::new(Vec::new());
    thread::scope(|scope| {
        for thread in 0..threads {
            let kept = &kept;
            scope.spawn(move || {
                for number in 0..changes {
                    let key = format!("{name} {thread} {number}");
                    let change = catch_unwind(AssertUnwindSafe(|| {
                        store.write(|tx| {
                            append(tx, &key)?;
                            match (thread + number) % 7 {
                                3 => bail!("taken back"),
                                5 => panic!("taken back"),
                                _ => Ok(()),
                            }
                        })
                    }));
                    // No other failure may come of writing side by side.
                    match (change, (thread + number) % 7) {
                        (Ok(Err(why)), 3) => assert_eq!(why.to_string(), "taken back"),
                        (Err(_), 5) => {}
                        (Ok(Ok(())), it) if it != 3 && it != 5 => kept.lock().unwrap().push(key),
                        (Ok(Err(why)), _) => panic!("change {key}: {why:#}"),
                        _ => panic!("change {key} went well or panicked on its own"),
                    }
                }
            });
        }
    });
    kept.into_inner().unwrap()
}

pub fn many_threads_write_at_once(store: &Store) {
    let mut kept = write_from_threads(store, "one", 12, 20);
    let seen = AtomicU64::new(0);
    read(store, |tx| {
        tx.scan_events(0, &mut |event| {
            assert_eq!(event.seq, seen.fetch_add(1, Ordering::SeqCst) + 1, "without a gap");
            Ok(())
        })
    });
    // What was told to be durable is there for whoever opens a copy of the files as they are now.
    let copy = tempfile::tempdir().unwrap();
    let mut found = match store.folder() {
        Some(folder) => {
            for file in std::fs::read_dir(folder).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
            }
            std::fs::remove_file(copy.path().join("aftercart.db-shm")).unwrap();
            keys(&Store::open(copy.path().to_str().unwrap()).unwrap())
        }
        None => keys(store),
    };
    found.sort();
    kept.sort();
    assert_eq!(found, kept);
    assert_eq!(read(store, |tx| tx.sums_hold()), Vec::<String>::new());
}

fn url_of(store: &Store) -> String {
    match &store.0.place {
        Place::Folder(folder) => folder.to_str().unwrap().to_owned(),
        Place::Server(url) => url.clone(),
    }
}

pub fn two_programs_write_in_turns(store: &Store) {
    // Another handle of the same place is as far apart as another program.
    let other = Store::open(&url_of(store)).unwrap();
    let mut kept = thread::scope(|scope| {
        let one = scope.spawn(|| write_from_threads(store, "one", 4, 15));
        let two = scope.spawn(|| write_from_threads(&other, "two", 4, 15));
        [one.join().unwrap(), two.join().unwrap()].concat()
    });
    let mut found = keys(store);
    assert_eq!(found, keys(&other));
    assert_eq!(read(store, |tx| tx.log_head()), found.len() as u64, "no place was given twice");
    found.sort();
    kept.sort();
    assert_eq!(found, kept);
}

pub fn a_store_is_opened_again(store: &Store) {
    let url = url_of(store);
    assert!(Store::exists(&url));
    let customer = new_customer(store);
    let other_key = [9; 16];
    let again = Store::open_with_bucket_key(&url, other_key).unwrap();
    assert_eq!(read(&again, |tx| tx.customer(customer)).unwrap().id, customer);
    let next = new_customer(&again);
    assert_eq!(next, CustomerId::new(2, &KEY), "the key of its creation is kept");
}

pub fn a_broken_migration_leaves_the_store_at_the_one_before(store: &Store) {
    let numbered = |number, sql| schema::Migration { number, name: "more", sql, postgres: "" };
    let first = schema::MIGRATIONS.last().unwrap().number;
    let second = numbered(first + 1, "CREATE TABLE second (a TEXT) PLAIN");
    let broken = numbered(first + 2, "CREATE TABLE third (a TEXT) PLAIN; CREATE TABL fourth");
    let mended = numbered(first + 2, "CREATE TABLE third (a TEXT) PLAIN");
    let mut connection = Place::at(&url_of(store)).open_writer().unwrap();
    let mut migrate = |more: [schema::Migration; 2]| {
        let outcome = schema::migrate(&mut connection, &[schema::MIGRATIONS, &more].concat());
        let stored = schema::stored_number(&mut connection).unwrap();
        let mut has = |name: &str| connection.has_table(name).unwrap();
        (outcome.map_err(|why| why.to_string()), stored, ["second", "third"].map(&mut has))
    };
    let why = format!("cannot migrate the store to schema {}, more", first + 2);
    assert_eq!(migrate([second, broken]), (Err(why), first + 1, [true, false]));
    assert_eq!(
        migrate([second, mended]),
        (Ok(()), first + 2, [true, true]),
        "it goes on from there"
    );
    assert_eq!(migrate([second, mended]), (Ok(()), first + 2, [true, true]), "nothing is left");
}

pub fn an_older_program_refuses_a_newer_store(store: &Store) {
    let newest = schema::MIGRATIONS.last().unwrap().number;
    let sql = "INSERT INTO migrations (number, name) VALUES (?1, 'from the future')";
    write(store, |tx| tx.execute(sql, values![newest + 1]));
    let why = Store::open(&url_of(store)).unwrap_err().to_string();
    let expected = format!(
        "the store has schema {} and this program knows schemas up to {newest}; start the newer \
         program that wrote it, or restore a backup",
        newest + 1
    );
    assert_eq!(why, expected);
}
