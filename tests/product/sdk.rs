//! Other people's libraries as they come from their registries, pointed at us: what they send is in
//! the log.
//!
//! `./test` installs them into the cache folder; where one is not there its test is counted as
//! skipped, by name. They are told our address and our key and nothing else.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use aftercart_model::{ConsentState, EmailAddress, Event, EventBody, Identifier};

use crate::{
    ready_shop,
    serving::{Server, write_config},
    support::{Place, tools},
};

const ZONE: &str = "Europe/Lisbon";
const KEY: &str = "the key";

/// The folder of a library for Node, or `None`, said so under the test's name.
fn node_modules(test: &str, library: &str) -> Option<PathBuf> {
    let modules = tools(test, "npm/node_modules")?;
    let version = Command::new("node").arg("--version").output().ok();
    let version = version.and_then(|it| String::from_utf8(it.stdout).ok()).unwrap_or_default();
    let major = version.trim().trim_start_matches('v').split('.').next().unwrap_or_default();
    if !major.parse().is_ok_and(|it: u32| it >= NODE_MAJOR_MIN) {
        println!("SKIPPED {test}: node is missing or older than {NODE_MAJOR_MIN}");
        return None;
    }
    if !modules.join(library).is_dir() {
        println!(
            "SKIPPED {test}: no {library} in the cache folder; ./test installs it where it can"
        );
        return None;
    }
    Some(modules)
}

/// What Segment's library for Node asks for.
const NODE_MAJOR_MIN: u32 = 20;

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/product/sdk").join(name)
}

/// A library's script, run against a server of its own; the events it left, by their keys.
fn sent_by(command: &mut Command, more: &[&str]) -> (BTreeMap<String, Event>, Checks) {
    let place = Place::new();
    write_config(&place, ZONE, "");
    let server = Server::start(&place);
    let address = format!("http://{}", server.address);
    let output = command.args([address.as_str(), KEY]).args(more).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    server.end();
    let engine = ready_shop::open(place.path(), ZONE);
    let mut events = BTreeMap::new();
    let mut take = |event: Event| {
        events.insert(event.key.key.clone(), event);
        Ok(())
    };
    engine.store().read(|tx| tx.scan_events(0, &mut take)).expect("readable");
    (events, Checks { _place: place, engine })
}

struct Checks {
    _place: Place,
    engine: std::sync::Arc<aftercart_engine::Engine>,
}

impl Checks {
    /// The seven calls of a library are in the log under the ids it gave, of one customer.
    fn hold(&self, events: &BTreeMap<String, Event>, prefix: &str, calls: &[&str]) {
        let names: Vec<&String> = events.keys().collect();
        let email = EmailAddress::new(&format!("{prefix}@mail.example")).expect("an address");
        let email = Identifier::Email(email);
        let find = |tx: &mut aftercart_engine::store::Tx<'_>| tx.customer_by_identifier(&email);
        let customer = self.engine.store().read(find).expect("readable");
        let customer = customer.expect("the address is known");
        for call in calls {
            let event = events.get(&format!("{prefix}-{call}"));
            let event = event.unwrap_or_else(|| panic!("{call} is not among {names:?}"));
            assert_eq!(event.customer, Some(customer), "{call}");
        }
        let order = &events[&format!("{prefix}-order")].body;
        let EventBody::OrderPlaced { order, total_minor, lines, .. } = order else {
            panic!("no order: {order:?}");
        };
        assert_eq!(order.as_str(), format!("{prefix}-1001"));
        assert!(*total_minor >= 2_000 && lines.len() == 1, "{total_minor} for {lines:?}");
        let custom = &events[&format!("{prefix}-custom")].body;
        let EventBody::Custom { name, properties } = custom else { panic!("{custom:?}") };
        assert_eq!((name.as_str(), &properties["seats"]), ("Class Booked", &2.into()));
        assert_eq!(self.engine.check_promises().expect("a look"), []);
    }

    fn has_agreed(&self, user: &str) -> bool {
        let customer = self.engine.find_customer(user).expect("known");
        let consents = self.engine.store().read(|tx| tx.consents_of(customer)).expect("readable");
        consents.iter().any(|it| it.state == ConsentState::Agreed)
    }
}

const CALLS: [&str; 7] = ["identify", "order", "custom", "page", "screen", "group", "alias"];

#[test]
fn segments_library_for_node_works_unmodified() {
    let name = "segments_library_for_node_works_unmodified";
    let Some(modules) = node_modules(name, "@segment/analytics-node") else { return };
    let mut command = Command::new("node");
    command.arg(script("segment_node.cjs")).env("NODE_PATH", modules);
    let (events, checks) = sent_by(&mut command, &[]);
    checks.hold(&events, "node", &CALLS);
    assert!(checks.has_agreed("node-1"));
}

#[test]
fn dittofeeds_library_for_node_works_unmodified() {
    let name = "dittofeeds_library_for_node_works_unmodified";
    let Some(modules) = node_modules(name, "@dittofeed/sdk-node") else { return };
    let mut command = Command::new("node");
    command.arg(script("dittofeed_node.cjs")).env("NODE_PATH", modules);
    let (events, checks) = sent_by(&mut command, &[]);
    // It has no group and no alias.
    checks.hold(&events, "ditto", &CALLS[..5]);
    assert!(!checks.has_agreed("ditto-1"), "nobody said so");
}

#[test]
fn segments_library_for_python_works_unmodified() {
    let name = "segments_library_for_python_works_unmodified";
    let Some(python) = tools(name, "pypi/bin/python") else { return };
    let imported = Command::new(&python).args(["-c", "import segment.analytics"]).output();
    if !imported.is_ok_and(|it| it.status.success()) {
        println!("SKIPPED {name}: segment-analytics-python is not installed in the cache folder");
        return;
    }
    for packing in ["plain", "gzip"] {
        let mut command = Command::new(&python);
        command.arg(script("segment_python.py"));
        let (events, checks) = sent_by(&mut command, &[packing]);
        checks.hold(&events, packing, &CALLS);
        assert!(checks.has_agreed(&format!("{packing}-1")));
    }
}
