//! The archive's files: a start opens them and reads the rest from the log, and they are never
//! believed against it.

use std::{fs, path::PathBuf};

use super::*;

/// Another process on the same store, with the archive's files in a folder of their own.
fn start(scene: &Scene, folder: &TempDir) -> Engine {
    let engine = Engine::open(scene.engine.store().clone(), None).unwrap();
    engine.keep_archive_in(folder.path());
    engine
}

/// How many ordered in the scene; what came before it is older.
fn buyers(scene: &Scene, engine: &Engine) -> u64 {
    let condition = engine.condition("ordered at least 1 time in the last 24 hours").unwrap();
    engine.count_segment(&condition, scene.now()).unwrap().customers
}

/// The files of blocks, by name.
fn blocks(folder: &TempDir) -> Vec<PathBuf> {
    let files = fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().path());
    let mut blocks: Vec<_> = files.filter(|it| it.to_string_lossy().contains("block-")).collect();
    blocks.sort();
    blocks
}

#[test]
fn a_start_reads_the_files_and_then_the_log() {
    let mut scene = Scene::new();
    let folder = tempfile::tempdir().unwrap();
    scene.join("ana");
    scene.order("ana", "1001", &["kettle"]);
    let first = start(&scene, &folder);
    assert!(!first.keep_archive().unwrap(), "too little to be worth a file");
    assert!(first.keep_archive_if_behind_by(1).unwrap());
    assert!(!first.keep_archive_if_behind_by(1).unwrap(), "nothing new");
    scene.join("ben");
    scene.order("ben", "1002", &["kettle"]);
    let next = start(&scene, &folder);
    let opened = next.warm_archive().unwrap().through();
    let head = next.store().read(|tx| tx.log_head()).unwrap();
    assert!(0 < opened && opened < head, "opened, and behind the log");
    assert_eq!(buyers(&scene, &next), 2);
    assert_eq!(next.archive.lock().unwrap().through(), head);
}

#[test]
fn files_that_are_damaged_or_of_another_log_are_made_anew() {
    let mut scene = Scene::new();
    let folder = tempfile::tempdir().unwrap();
    scene.join("ana");
    scene.order("ana", "1001", &["kettle"]);
    start(&scene, &folder).keep_archive_if_behind_by(1).unwrap();
    fs::write(&blocks(&folder)[0], "no Parquet").unwrap();
    let next = start(&scene, &folder);
    assert_eq!(next.warm_archive().unwrap().through(), 0, "nothing of it is used");
    assert_eq!(buyers(&scene, &next), 1);
    assert!(next.keep_archive().unwrap(), "what nobody can read is replaced");
    assert_eq!(buyers(&scene, &start(&scene, &folder)), 1);

    let mut other = Scene::starting("2026-06-01T12:00:00Z");
    for name in ["ana", "ben", "cleo"] {
        other.join(name);
    }
    let next = start(&other, &folder);
    assert_eq!(buyers(&other, &next), 0, "nobody of the other shop's");
}

#[test]
fn the_erased_are_gone_from_the_files() {
    let mut scene = Scene::new();
    let folder = tempfile::tempdir().unwrap();
    let ana = scene.join("ana");
    scene.order("ana", "1001", &["kettle"]);
    let engine = start(&scene, &folder);
    engine.keep_archive_if_behind_by(1).unwrap();
    let before = blocks(&folder);
    scene.engine.erase_customer(ana, scene.now()).unwrap();
    // A process that begins after the erasure knows of it by the log alone.
    assert!(start(&scene, &folder).keep_archive().unwrap());
    assert!(before.iter().all(|it| !it.exists()), "with every block that told of her");
    assert_eq!(blocks(&folder).len(), 1, "what is told of the others");
    assert!(engine.keep_archive().unwrap(), "the process from before too");
}

#[test]
fn a_log_read_on_all_cores_gives_the_same_archive() {
    let mut scene = Scene::new();
    for name in ["ana", "ben", "cleo"] {
        scene.join(name);
        scene.order(name, name, &["kettle", "dripper"]);
        scene.view(name, "kettle");
    }
    scene.live(days(5));
    let read = scene.engine.archive_of_log().unwrap();
    buyers(&scene, &scene.engine);
    let appended = scene.engine.archive.lock().unwrap();
    assert_eq!((read.through(), read.rows()), (appended.through(), appended.rows()));
    for name in ["ana", "ben", "cleo"] {
        let customer = scene.customer(name);
        let rows = |archive: &aftercart_archive::Archive| -> Vec<_> {
            let history = archive.history_of(customer).unwrap();
            let email = |it| history.email(it).and_then(|it| history.names().email(it)).cloned();
            (0..history.len())
                .map(|it| (history.time_ms(it), history.kind(it), history.amount(it), email(it)))
                .collect()
        };
        assert_eq!(rows(&read), rows(&appended));
        assert!(rows(&read).iter().any(|it| it.3.is_some()), "emails are known");
    }
}
