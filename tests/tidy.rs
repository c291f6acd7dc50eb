//! Keeps the house style honest: arrows between crates, purity, a doc for every module, one word
//! for one thing.
//!
//! Each rule is a function that returns what breaks it, so that the message says where and how to
//! mend; a last test shows the rules bad examples, so that none of them is a rule that cannot fail.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

const PURE: [&str; 8] =
    ["model", "segment", "recommend", "liquid", "email", "flow", "policy", "insight"];

/// Which crate may use which others of ours. What is not here is a wrong arrow.
const ARROWS: [(&str, &[&str]); 17] = [
    ("model", &[]),
    ("liquid", &[]),
    ("segment", &["insight", "model"]),
    ("recommend", &["insight", "model"]),
    ("policy", &["model"]),
    ("insight", &["model"]),
    ("email", &["liquid", "model"]),
    ("flow", &["model", "segment"]),
    ("store", &["model"]),
    ("archive", &["model", "segment"]),
    ("ingest", &["model"]),
    ("deliver", &["model"]),
    ("assist", &["email", "flow", "model", "segment"]),
    (
        "engine",
        &[
            "archive",
            "assist",
            "deliver",
            "email",
            "flow",
            "ingest",
            "insight",
            "model",
            "policy",
            "recommend",
            "segment",
            "store",
        ],
    ),
    ("web", &["engine", "model"]),
    (
        "server",
        &[
            "archive",
            "assist",
            "deliver",
            "email",
            "engine",
            "flow",
            "ingest",
            "insight",
            "model",
            "policy",
            "recommend",
            "segment",
            "store",
            "web",
        ],
    ),
    ("testing", &["deliver", "engine", "ingest", "model", "server", "store"]),
];

/// What a pure crate may not name, and why.
const IMPURE: [(&str, &str); 11] = [
    ("std::fs", "reading and writing is for the edge"),
    ("std::net", "reading and writing is for the edge"),
    ("std::process", "reading and writing is for the edge"),
    ("std::env", "configuration is read once, in `server`"),
    ("std::time::SystemTime", "take `now` as an argument"),
    ("std::time::Instant", "take `now` as an argument"),
    ("Timestamp::now(", "take `now` as an argument"),
    ("Zoned::now(", "take `now` as an argument"),
    ("println!(", "return text; the edge prints it"),
    ("std::thread", "the caller decides about threads"),
    ("thread_rng", "take a seed as an argument"),
];

/// Other products' words, as parts of names of types, functions, columns and routes.
const FOREIGN_WORDS: [(&str, &str); 20] = [
    ("tenant", "shop"),
    ("subscriber", "customer"),
    ("journey", "flow"),
    ("workflow", "flow"),
    ("automation", "flow"),
    ("canvas", "flow"),
    ("cohort", "segment"),
    ("blocklist", "suppression"),
    ("voucher", "coupon"),
    ("promo", "coupon"),
    ("testimonial", "review"),
    ("messenger", "provider"),
    ("eligibility", "verdict"),
    ("lookback", "attribution window"),
    ("uplift", "lift"),
    ("smart_sending", "frequency cap"),
    ("smartsending", "frequency cap"),
    ("do_not_disturb", "quiet hours"),
    ("control_group", "holdout"),
    ("controlgroup", "holdout"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn collect(folder: &Path, endings: &[&str], into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.map(|it| it.expect("readable").path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && name != ".git" && name != "aftercart-data" {
                collect(&path, endings, into);
            }
        } else if endings.iter().any(|it| name.ends_with(it)) {
            into.push(path);
        }
    }
}

/// Files of the checkout with one of `endings`, as (path from the root, text).
fn files(endings: &[&str]) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    collect(&root(), endings, &mut paths);
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root()).expect("below the root").display().to_string();
        (name, fs::read_to_string(path).expect("readable text"))
    };
    paths.into_iter().map(read).collect()
}

/// The part of a source file that ships: everything before its tests.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]").next().expect("split gives at least one part")
}

fn wrong_arrows(manifest: &str, name: &str) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let Some(allowed) = allowed.get(name) else {
        return vec![format!("crate `{name}` is not in the house; put it into ARROWS on purpose")];
    };
    let ours = manifest
        .split("[dependencies]")
        .nth(1)
        .unwrap_or_default()
        .split("\n[")
        .next()
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.strip_prefix("aftercart-"))
        .filter_map(|rest| rest.split(['.', ' ', '=']).next());
    ours.filter(|used| !allowed.contains(used))
        .map(|used| format!("`{name}` uses `{used}`; dependencies point inwards only"))
        .collect()
}

fn impurities(path: &str, text: &str) -> Vec<String> {
    let code = shipped(text).lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut found = Vec::new();
    for (line, code) in code.enumerate() {
        for (word, why) in IMPURE {
            if code.contains(word) {
                found.push(format!("{path}: line {} of code: `{word}`: {why}", line + 1));
            }
        }
    }
    found
}

fn lacks_module_doc(text: &str) -> bool {
    !text.lines().next().unwrap_or_default().starts_with("//!")
}

/// Names that a line declares: types, functions, fields, tables, columns, routes.
fn declared(line: &str) -> Option<String> {
    let line = line.trim_start();
    let words = ["struct ", "enum ", "trait ", "fn ", "type ", "CREATE TABLE ", ".route(\""];
    let at = words.iter().find_map(|word| line.find(word).map(|at| at + word.len()))?;
    Some(line[at..].split(['(', '{', '<', '"', ';', '=']).next()?.to_lowercase())
}

fn foreign_words(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some(name) = declared(line) else { continue };
        for (word, ours) in FOREIGN_WORDS {
            if name.contains(word) {
                let at = number + 1;
                found.push(format!("{path}:{at}: `{}`: our word is {ours}", name.trim()));
            }
        }
    }
    found
}

fn unfinished(path: &str, text: &str) -> Vec<String> {
    let marks = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("dbg", "!("),
        concat!("#[ign", "ore"),
        concat!("thread::sl", "eep"),
    ];
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)))
        .map(|(number, line)| format!("{path}:{}: {}", number + 1, line.trim()))
        .collect()
}

fn machine_paths(path: &str, text: &str) -> Vec<String> {
    let marks = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)))
        .map(|(number, line)| format!("{path}:{}: {}", number + 1, line.trim()))
        .collect()
}

#[track_caller]
fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

fn sources() -> Vec<(String, String)> {
    files(&[".rs"])
}

#[test]
fn dependencies_point_inwards() {
    let mut found = Vec::new();
    for (path, text) in files(&["Cargo.toml"]) {
        if let Some(name) =
            path.strip_prefix("crates/").and_then(|it| it.strip_suffix("/Cargo.toml"))
        {
            found.extend(wrong_arrows(&text, name));
        }
    }
    assert_none(&found);
}

#[test]
fn pure_crates_read_no_clock_and_touch_nothing() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        if PURE.iter().any(|name| path.starts_with(&format!("crates/{name}/src/"))) {
            found.extend(impurities(&path, &text));
        }
    }
    assert_none(&found);
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = sources().into_iter().filter(|(_, text)| lacks_module_doc(text));
    assert_none(&silent.map(|(path, _)| format!("{path}: begin with `//!`")).collect::<Vec<_>>());
}

#[test]
fn names_are_our_own_words() {
    // The rule's own bad examples are not names of ours.
    let texts = files(&[".rs", ".sql"]).into_iter().filter(|(path, _)| path != "tests/tidy.rs");
    let found: Vec<String> = texts.flat_map(|(path, text)| foreign_words(&path, &text)).collect();
    assert_none(&found);
}

#[test]
fn nothing_is_left_unfinished() {
    let found: Vec<String> =
        sources().iter().flat_map(|(path, text)| unfinished(path, text)).collect();
    assert_none(&found);
}

#[test]
fn no_path_of_a_machine_is_committed() {
    let texts = files(&[".rs", ".md", ".toml", ".yaml", ".sql", ".js", ".css", "run", "test"]);
    let found: Vec<String> =
        texts.iter().flat_map(|(path, text)| machine_paths(path, text)).collect();
    assert_none(&found);
}

#[test]
fn the_tree_of_crates_is_the_designs() {
    let mut names: Vec<String> = fs::read_dir(root().join("crates"))
        .expect("crates/")
        .map(|it| it.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let mut designed: Vec<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    designed.sort_unstable();
    assert_eq!(names, designed);
}

#[test]
fn these_rules_can_fail() {
    assert!(!wrong_arrows("[dependencies]\naftercart-store.workspace = true\n", "flow").is_empty());
    assert!(!wrong_arrows("[dependencies]\n", "warehouse").is_empty(), "a crate outside the house");
    assert!(wrong_arrows("[dependencies]\naftercart-model.workspace = true\n", "flow").is_empty());
    assert!(!impurities("x.rs", "let now = Timestamp::now();").is_empty());
    assert!(impurities("x.rs", "// std::fs in a comment").is_empty());
    assert!(lacks_module_doc("use std::fs;"));
    assert!(!foreign_words("x.rs", "pub struct JourneyStep {").is_empty());
    assert!(!foreign_words("x.sql", "CREATE TABLE subscribers (").is_empty());
    assert!(foreign_words("x.rs", "let journey = 1; // read in an import").is_empty());
    assert!(!unfinished("x.rs", concat!("todo", "!()")).is_empty());
    assert!(!machine_paths("x.md", concat!("see /wo", "rk/main")).is_empty());
}
