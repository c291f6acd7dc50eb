//! The lifetime models against the published analysis of CDNOW's customers.
//!
//! The data is not part of this repository. It is looked for where `AFTERCART_TEST_DATA` says, else
//! in `shared/data` beside the checkout; without it the test says that it was skipped.

use std::{
    fs,
    path::{Path, PathBuf},
};

use aftercart_insight::{BgNbd, GammaGamma, OrderSummary};

#[test]
fn the_fit_of_cdnow_is_the_published_one() {
    let Some(customers) = cdnow("the_fit_of_cdnow_is_the_published_one") else { return };
    assert_eq!(customers.len(), 2_357);
    let model = BgNbd::fit(&customers).unwrap();
    for (found, expected) in
        [(model.r, 0.243), (model.alpha / 7.0, 4.414), (model.a, 0.793), (model.b, 2.426)]
    {
        assert!((found - expected).abs() < 6e-4, "{found} is not {expected}");
    }
    // The paper's is of weeks, and the density of a repeat in days is a seventh of that in weeks.
    let repeats: f64 = customers.iter().map(|it| f64::from(it.repeats)).sum();
    let likelihood: f64 = customers.iter().map(|it| model.log_likelihood(it)).sum();
    assert!((likelihood + repeats * 7.0_f64.ln() + 9_582.4).abs() < 0.05, "{likelihood}");
    let value = GammaGamma::fit(&customers).unwrap();
    for (found, expected) in [(value.p, 6.25), (value.q, 3.74), (value.v, 15.44)] {
        assert!((found - expected).abs() < 0.01, "{found} is not {expected}");
    }
}

/// The sample of 2,357 customers as the authors publish it (`cdnow_customers_summary_with_
/// transactions.csv` of the Python package `lifetimes`), with the weeks turned into days.
fn cdnow(test: &str) -> Option<Vec<OrderSummary>> {
    // Tests have no configuration to read this from, and where the data lies is the machine's.
    #[allow(clippy::disallowed_methods)]
    let given = std::env::var_os("AFTERCART_TEST_DATA").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = given.unwrap_or_else(beside).join("cdnow");
    let Ok(text) = fs::read_to_string(folder.join("cdnow_customers_summary_with_transactions.csv"))
    else {
        println!("SKIPPED {test}: no `{}`", folder.display());
        return None;
    };
    let customer = |line: &str| {
        let figures: Vec<f64> = line.split(',').map(|it| it.trim().parse().unwrap()).collect();
        let [_, repeats, last_weeks, age_weeks, mean_value] = figures[..] else { panic!("{line}") };
        let (last_days, age_days) = (7.0 * last_weeks, 7.0 * age_weeks);
        OrderSummary { repeats: repeats as u32, last_days, age_days, mean_value }
    };
    Some(text.lines().skip(1).map(customer).collect())
}
