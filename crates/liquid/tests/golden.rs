//! Runs the public conformance cases for Liquid, where they are at hand. It reads a file, and so it
//! stands outside the crate, which touches nothing.

use std::path::PathBuf;

use aftercart_liquid::{RenderOptions, Template, Value};
use serde::Deserialize;

/// The share reached. What is missing are `include` and `render`, for there are no partial templates
/// here, and one case that another contradicts.
const PASSED_PERCENT_MIN: f64 = 96.6;

#[derive(Deserialize)]
struct Suite {
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    template: String,
    #[serde(default)]
    data: Value,
    result: Option<String>,
    #[serde(default)]
    results: Vec<String>,
    #[serde(default)]
    invalid: bool,
}

fn suite() -> Option<Suite> {
    // The test data lies beside the checkout, or where the one who runs the tests says; neither is
    // configuration of the product.
    #[allow(clippy::disallowed_methods)]
    let chosen = std::env::var_os("AFTERCART_TEST_DATA").map(PathBuf::from);
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = chosen.unwrap_or_else(beside).join("golden-liquid/golden_liquid.json");
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).expect("the suite has its known form"))
}

fn passes(case: &Case) -> Result<(), String> {
    let rendered =
        Template::parse(&case.template).map_err(|error| error.to_string()).and_then(|it| {
            it.render(&case.data, &RenderOptions::default()).map_err(|error| error.to_string())
        });
    match rendered {
        Ok(text) if case.invalid => Err(format!("wanted an error, got {text:?}")),
        Err(_) if case.invalid => Ok(()),
        Ok(text) if case.result.iter().chain(&case.results).any(|it| *it == text) => Ok(()),
        Ok(text) => Err(format!("wanted {:?}{:?}, got {text:?}", case.result, case.results)),
        Err(error) => {
            Err(format!("wanted {:?}{:?}, got error: {error}", case.result, case.results))
        }
    }
}

#[test]
fn the_language_agrees_with_the_reference() {
    let Some(suite) = suite() else {
        println!("SKIPPED the_language_agrees_with_the_reference: golden-liquid is not at hand");
        return;
    };
    let mut failed = 0;
    for case in &suite.tests {
        if let Err(fault) = passes(case) {
            failed += 1;
            println!("{}: {fault}", case.name);
        }
    }
    let count = suite.tests.len();
    let percent = (count - failed) as f64 * 100.0 / count as f64;
    assert!(count > 1_000, "the suite is whole");
    assert!(percent >= PASSED_PERCENT_MIN, "{percent:.1} % of {count} cases passed");
}
