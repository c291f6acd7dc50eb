//! The same commands on a few hundred lines of our own, for machines without the real data.

use std::fmt::Write as _;

use crate::support::Place;

/// Sixty customers, of whom half buy the kettle `10001`; most of those then the filters `10002` that
/// go with it, a few move up to the kettle `10003`; everybody buys some tea towel. One order a day from 1 January 2011 on, a cancellation, a
/// guest, a line of postage.
fn lines() -> String {
    let mut csv = String::from(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n",
    );
    let mut invoice = 500_000;
    let mut line = |customer: u32, code: &str, name: &str, price: &str, day: u32, hour: u32| {
        invoice += 1;
        let (month, day) = (1 + day / 28, 1 + day % 28);
        let _ = writeln!(
            csv,
            "{invoice},{code},{name},1,2011-{month:02}-{day:02} {hour:02}:00:00,{price},{customer},United Kingdom"
        );
    };
    for customer in 0..60 {
        let id = 20_000 + customer;
        let has_kettle = customer % 2 == 0;
        if has_kettle {
            line(id, "10001", "STEEL KETTLE", "20.00", customer, 9);
        }
        if has_kettle && customer % 8 != 0 {
            line(id, "10002", "PAPER FILTERS", "4.00", customer + 1, 10);
        }
        if customer % 5 == 0 && has_kettle {
            line(id, "10003", "COPPER KETTLE", "40.00", customer + 20, 11);
        }
        line(id, &format!("{}", 10_010 + customer % 20), "TEA TOWEL", "6.00", customer + 40, 12);
    }
    csv.push_str("C500999,10001,STEEL KETTLE,-1,2011-02-20 09:00:00,20.00,20002,United Kingdom\n");
    csv.push_str("501000,10002,PAPER FILTERS,2,2011-02-21 09:00:00,4.00,,France\n");
    csv.push_str("501000,POST,POSTAGE,1,2011-02-21 09:00:00,5.00,,France\n");
    csv
}

fn imported() -> Place {
    let place = Place::new();
    std::fs::write(place.path().join("lines.csv"), lines()).expect("a file");
    let imported = place.ask_json(&["import", "orders", "lines.csv", "--format", "online-retail"]);
    assert_eq!(imported["read"]["refunds"], 1);
    assert_eq!(imported["read"]["orders_of_guests"], 1);
    assert_eq!(imported["read"]["customers"], 60);
    place
}

#[test]
fn what_goes_with_what_is_learned_from_few_orders() {
    let place = imported();
    let advice = place.ask_json(&["recommend", "product", "10001"]);
    assert_eq!(advice["goes_with"][0]["code"], "10002", "{advice}");
    assert_eq!(advice["better_versions"][0]["code"], "10003", "{advice}");
    assert_eq!(advice["better_versions"][0]["price_ratio"], 2.0);
}

#[test]
fn a_condition_is_counted_and_its_members_listed() {
    let place = imported();
    let bought = r#"bought a product coded "10003""#;
    let said = place.run(&["segment", "count", bought, "--json"]);
    let counted: serde_json::Value =
        serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.err));
    assert_eq!(counted["customers"], 6, "every tenth of sixty");
    assert_eq!(counted["of_customers"], 60);
    assert_eq!(counted["without_address"], 6, "this format has no addresses");
    let listed = place.ask_json(&["segment", "list", bought, "--limit", "100"]);
    let ids: Vec<&str> =
        listed.as_array().unwrap().iter().filter_map(|it| it["id"].as_str()).collect();
    assert!(ids.contains(&"20010") && !ids.contains(&"20001"), "{ids:?}");
}

#[test]
fn a_replay_is_the_same_on_every_store() {
    let replay =
        ["flow", "replay", "upsell-cross-sell", "--from", "2011-01-01", "--to", "2011-04-30"];
    let (one, two) = (imported(), imported());
    assert_eq!(one.ask(&replay), two.ask(&replay), "as long as the flow was never live");
    let replayed = one.ask_json(&replay);
    assert!(replayed["left_by_purchase"].as_u64().unwrap() > 0, "filters come a day later");
}

#[test]
fn an_email_is_written_for_a_customer() {
    let place = imported();
    let written =
        place.ask_json(&["email", "render", "nudge", "--customer", "20002", "--out", "n.html"]);
    assert!(written["subject"].as_str().unwrap().chars().count() <= 60, "{written}");
    let html = std::fs::read_to_string(place.path().join("n.html")).unwrap();
    assert!(html.contains("<html") && !html.contains("{{"), "filled and whole");
}

#[test]
fn launching_a_flow_is_said_and_kept() {
    let place = imported();
    assert!(place.ask(&["flow", "launch", "upsell-cross-sell"]).contains("is live"));
    assert_eq!(place.ask_json(&["report", "upsell-cross-sell"])["was_live"], true);
    assert!(place.ask(&["flow", "pause", "upsell-cross-sell"]).contains("is paused"));
    assert!(place.ask(&["flow", "lint", "upsell-cross-sell"]).contains("upsell-cross-sell"));
}

#[test]
fn the_shops_own_rules_are_planned_applied_and_told() {
    let place = imported();
    let rules = "# Kettles first.\nrules:\n  - name: copper first\n    relation: upsell\n    \
                 bought: {products: ['10001']}\n    shown: {products: ['10003']}\n    effect: pin\n  \
                 - name: no filters\n    shown: {products: ['10002']}\n    effect: never show\n";
    std::fs::write(place.path().join("rules.yaml"), rules).expect("a file");
    let plan = place.ask_json(&["recommend", "rules", "plan", "rules.yaml"]);
    assert_eq!(plan["added"].as_array().map(Vec::len), Some(2), "{plan}");
    let none = place.ask_json(&["recommend", "rules", "list"]);
    assert_eq!(none["rules"], serde_json::json!([]), "a plan changes nothing");

    let applied = place.ask_json(&["recommend", "rules", "apply", "rules.yaml"]);
    assert_eq!(applied["version"], 1, "{applied}");
    assert_eq!(place.ask(&["recommend", "rules", "export"]), rules, "remarks and all");
    let list = place.ask_json(&["recommend", "rules", "list"]);
    assert_eq!(list["rules"][1]["told"], "never show: 10002", "{list}");
    assert_eq!(list["version"]["changed_by"], "command line");

    let advice = place.ask_json(&["recommend", "product", "10001"]);
    assert_eq!(advice["never_shown"][0]["code"], "10002", "{advice}");
    assert_eq!(advice["never_shown"][0]["changed_by"][0]["rule"], "no filters");
    assert_eq!(advice["better_versions"][0]["changed_by"][0]["effect"], "pin");
    let shown = place.ask(&["recommend", "product", "10001"]);
    assert!(shown.contains("never show (no filters)"), "{shown}");

    std::fs::write(place.path().join("rules.yaml"), rules.replace("10003", "1003"))
        .expect("a file");
    let refused = place.refused(&["recommend", "rules", "apply", "rules.yaml"]);
    assert!(refused.contains("`1003`") && refused.contains("did you mean"), "{refused}");
    let versions = place.ask_json(&["recommend", "rules", "versions"]);
    assert_eq!(versions.as_array().map(Vec::len), Some(1), "what is refused changes nothing");
}

#[test]
fn what_would_have_been_recommended_is_written_for_cases() {
    let place = imported();
    let write = |name: &str, text: &str| {
        std::fs::write(place.path().join(name), text).expect("a file");
    };
    write("cases.csv", "customer,as_of\n20002,2011-03-20T08:00:00\n20004,2011-03-21T08:00:00\n");
    let written = place.ask(&["recommend", "predict", "--cases", "cases.csv"]);
    let rows: Vec<Vec<&str>> = written.lines().map(|it| it.split(',').collect()).collect();
    assert_eq!(rows[0], ["customer", "as_of", "rank", "product"]);
    let of = |customer: &str| -> Vec<[&str; 2]> {
        rows.iter().filter(|it| it[0] == customer).map(|it| [it[2], it[3]]).collect()
    };
    assert!(of("20002").len() == 10 && of("20002")[9][0] == "10", "{written}");
    assert!(of("20002").iter().all(|it| !["10001", "10002", "10012"].contains(&it[1])), "bought");
    assert!(of("20004").iter().any(|it| it[1] == "10003"), "{written}");

    let upsell = place.ask(&["recommend", "predict", "--cases", "cases.csv", "--as", "upsell"]);
    assert_eq!(upsell, "customer,as_of,rank,product\n", "neither had just bought anything");
    write("then.csv", "customer,as_of\n20042,2011-02-15T09:00:00\n");
    let upsell = place.ask(&["recommend", "predict", "--cases", "then.csv", "--as", "upsell"]);
    assert_eq!(upsell.lines().nth(1), Some("20042,2011-02-15T09:00:00,1,10003"), "{upsell}");
    // On the day after the first kettle nobody had seen the copper one.
    write("early.csv", "customer,as_of\n20000,2011-01-01T09:00:00\n");
    let early = place.ask(&["recommend", "predict", "--cases", "early.csv", "--as", "upsell"]);
    assert_eq!(early.lines().count(), 1, "{early}");

    write("baskets.csv", "basket,product\nb,10001\n");
    let missing = ["recommend", "predict", "--cases", "baskets.csv", "--before", "2011-06-01"];
    assert!(place.ask(&missing).starts_with("basket,rank,product\n"));
    write("wrong.csv", "who,when\n1,2\n");
    let refused = place.refused(&["recommend", "predict", "--cases", "wrong.csv"]);
    assert!(refused.contains("`who,when`; cases have `customer,as_of`"), "{refused}");
    write("late.csv", "customer,as_of\n20000,someday\n");
    let refused = place.refused(&["recommend", "predict", "--cases", "late.csv"]);
    assert!(refused.contains("line 2: `someday` is no moment"), "{refused}");
    write("nobody.csv", "customer,as_of\nnobody,2011-03-20T08:00:00\n");
    let refused = place.refused(&["recommend", "predict", "--cases", "nobody.csv"]);
    assert!(refused.contains("there is no customer `nobody`"), "{refused}");
}

#[test]
fn how_good_recommendations_are_is_said_beside_what_sells_best() {
    let place = imported();
    let evaluated =
        place.ask_json(&["recommend", "eval", "--since", "2011-01-20", "--until", "2011-05-01"]);
    assert!(evaluated["cases"].as_u64() >= Some(30), "{evaluated}");
    let score = |row: usize| evaluated["rows"][row]["score"]["hit_at_10"]["mean"].as_f64().unwrap();
    assert!(score(0) > 0.0 && (0.0..=1.0).contains(&score(1)), "{evaluated}");
    let refused = place.refused(&["recommend", "eval", "--since", "2011-04-10"]);
    assert!(refused.contains("Give a longer time with --since"), "{refused}");
}
