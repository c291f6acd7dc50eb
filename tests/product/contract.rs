//! The API against its own document: schemathesis sends whatever the document allows and forbids, and
//! finds no answer that the document does not have.

use std::process::Command;

use crate::{
    serving::{Server, write_config},
    support::{Place, tools},
};

/// Requests for each operation in one round.
const EXAMPLES_MAX: &str = "20";
/// What the whole takes, in seconds: the last phase goes on with more examples until then.
const SECONDS: &str = "90";

/// Fewer would mean that it found nothing to ask.
const CASES_MIN: u32 = 500;

#[test]
fn schemathesis_finds_no_answer_that_is_not_documented() {
    let name = "schemathesis_finds_no_answer_that_is_not_documented";
    let Some(schemathesis) = tools(name, "pypi/bin/schemathesis") else { return };
    let place = Place::new();
    // One platform's door is open and the other's closed, so that both are asked.
    write_config(&place, "Europe/Lisbon", "[shopify]\nwebhook_secrets = [\"a secret\"]\n");
    let server = Server::start(&place);
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,\
                  response_headers_conformance,response_schema_conformance,unsupported_method,\
                  allow_header_conformance,ignored_auth";
    let output = Command::new(schemathesis)
        .arg("run")
        .arg(format!("http://{}/openapi.json", server.address))
        .args(["--auth", "the key:", "--generation-deterministic"])
        // One worker: Python 3.11 fails to parse by two threads at once now and then, and schemathesis
        // with it (github.com/python/cpython/issues/106905).
        .args(["--max-examples", EXAMPLES_MAX, "--workers", "1"])
        .args(["--phases", "examples,coverage,fuzzing", "--max-time", SECONDS])
        .args(["--checks", checks, "--request-timeout", "30", "--continue-on-failure"])
        .args(["--suppress-health-check", "all", "--warnings", "off", "--no-color"])
        .current_dir(place.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let cases = said.split(" generated").next().and_then(|it| it.split_whitespace().last());
    let cases: u32 = cases.and_then(|it| it.parse().ok()).expect("it says how many it tried");
    assert!(CASES_MIN <= cases, "only {cases} requests: {said}");
    server.end();
}
