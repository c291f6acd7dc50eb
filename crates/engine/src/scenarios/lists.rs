//! Lists, and segments as things: saved, compared, exported, explained.

use aftercart_model::SegmentId;
use aftercart_segment::parse;
use parquet::{
    file::{reader::FileReader as _, serialized_reader::SerializedFileReader},
    record::Row,
};

use super::*;
use crate::{ExportFormat, SegmentAsked, SegmentChange};

fn id(text: &str) -> SegmentId {
    SegmentId::new(text).unwrap()
}

/// Ana ordered a dripper and looked at a kettle, Tom ordered beans; both today.
fn shop() -> Scene {
    let mut scene = Scene::new();
    for name in ["ana", "tom"] {
        scene.join(name);
    }
    scene.order("ana", "1001", &["dripper"]);
    scene.order("tom", "1002", &["beans"]);
    scene.skip(hours(1));
    scene.view("ana", "kettle");
    scene
}

#[test]
fn a_list_takes_those_who_are_known_and_makes_nobody() {
    let scene = shop();
    let (engine, now) = (&scene.engine, scene.now());
    let list = engine.create_list(" VIP 2026 ", now).unwrap();
    assert_eq!(list.as_str(), "vip-2026");
    let why = engine.create_list("vip_2026", now).unwrap_err().to_string();
    assert!(why.starts_with("there is a list `vip-2026` already"), "{why}");
    let before = engine.store().read(|tx| tx.count_customers()).unwrap();
    let words = ["ana@mail.example", "nobody@mail.example", "ANA@mail.example"].map(str::to_owned);
    let changed = engine.add_to_list(&list, &words, now).unwrap();
    assert_eq!((changed.changed, changed.unchanged), (1, 1));
    assert_eq!(changed.unknown, ["nobody@mail.example"]);
    assert_eq!(engine.store().read(|tx| tx.count_customers()).unwrap(), before);
    let shown = engine.show_list(&list, 9).unwrap();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].email.as_deref(), Some("ana@mail.example"));
    assert_eq!(engine.find_list("vip 2026").unwrap().id, list);
    let why = engine.find_list("press").unwrap_err().to_string();
    assert_eq!(why, "there is no list `press`; those there are: vip-2026");
    let changed = engine.remove_from_list(&list, &words[..1], now).unwrap();
    assert_eq!((changed.changed, changed.unchanged), (1, 0));
    let rule = parse("is on list \"vip 2026\"").unwrap();
    engine.save_segment(&id("vips"), None, &rule, now).unwrap();
    let why = engine.delete_list(&list, now).unwrap_err().to_string();
    assert!(why.starts_with("segment `vips` asks for list `vip-2026`; change"), "{why}");
    engine.delete_segment(&id("vips")).unwrap();
    engine.delete_list(&list, now).unwrap();
    assert_eq!(engine.list_lists().unwrap(), []);
}

#[test]
fn a_segment_that_starts_a_flow_is_not_deleted() {
    let scene = shop();
    let (engine, now) = (&scene.engine, scene.now());
    let why = engine.delete_segment(&id("upsell")).unwrap_err().to_string();
    assert_eq!(
        why,
        "segment `upsell` starts the flow `upsell-cross-sell`; take it out of the flow's triggers, \
         then delete it"
    );
    let rule = parse("ordered at least 1 time").unwrap();
    let saved = engine.save_segment(&id("good-buyers"), None, &rule, now).unwrap();
    assert_eq!(saved.name, "Good buyers");
    engine.rename_segment(&id("good-buyers"), "Buyers", now).unwrap();
    let listed = engine.list_segments(now).unwrap();
    let listed: Vec<(&str, &str, Option<u64>, usize)> = listed
        .iter()
        .map(|it| (it.id.as_str(), &*it.name, it.customers, it.used_by.len()))
        .collect();
    let upsell = "Bought, looking again, not bought again";
    assert_eq!(listed, [("good-buyers", "Buyers", Some(22), 0), ("upsell", upsell, Some(1), 1)]);
    let rule = parse("is in segment \"buyers\" and country is \"PT\"").unwrap();
    engine.save_segment(&id("portuguese"), None, &rule, now).unwrap();
    let why = engine.delete_segment(&id("good-buyers")).unwrap_err().to_string();
    assert_eq!(
        why,
        "segment `portuguese` asks for segment `good-buyers`; change that first, then delete the \
         segment"
    );
    let circle = parse("not is in segment \"portuguese\"").unwrap();
    let why = engine.save_segment(&id("good-buyers"), None, &circle, now).unwrap_err().to_string();
    assert_eq!(
        why,
        "segment `good-buyers` would ask for itself by way of segment `portuguese`; take \"is in \
         segment\" out of one of them"
    );
    assert!(engine.save_segment(&id("portuguese"), None, &circle, now).is_err(), "by itself");
    let why = engine.condition("good-buyer").unwrap_err().to_string();
    assert!(why.starts_with("there is no segment `good-buyer`; "), "{why}");
    engine.delete_segment(&id("portuguese")).unwrap();
    engine.delete_segment(&id("good-buyers")).unwrap();
    let why = engine.delete_segment(&id("good-buyers")).unwrap_err().to_string();
    assert!(why.starts_with("there is no segment `good-buyers`"), "{why}");
}

#[test]
fn saving_another_rule_starts_nothing() {
    let mut scene = shop();
    scene.join("eve");
    scene.view("eve", "mug");
    let rule = parse("viewed a product at least 1 time").unwrap();
    scene.engine.save_segment(&id("upsell"), None, &rule, scene.now()).unwrap();
    let members = scene.engine.store().read(|tx| tx.members(&id("upsell"))).unwrap();
    let mut both = vec![scene.customer("ana"), scene.customer("eve")];
    both.sort_unstable();
    assert_eq!(members, both, "taken up at once");
    assert_eq!(scene.path("eve"), "", "and has not entered");
}

/// What is kept of everybody is compared with what is stored whenever it is asked for, in all tests.
#[test]
fn what_is_counted_and_then_taken_back_is_not_kept() {
    let mut scene = shop();
    let rule = parse("has an email address").unwrap();
    let before = scene.engine.count_segment(&rule, scene.now()).unwrap();
    let failed: anyhow::Result<()> = scene.engine.store().in_one_commit(|| {
        let (address, now) = (address("new"), scene.now());
        scene.engine.store().write(|tx| tx.create_customer(Some(&address), now).map(drop))?;
        let within = scene.engine.count_segment(&rule, scene.now())?;
        assert_eq!(within.of_customers, before.of_customers + 1);
        anyhow::bail!("no")
    });
    assert!(failed.is_err());
    scene.join("lena");
    let after = scene.engine.count_segment(&rule, scene.now()).unwrap();
    assert_eq!(after.customers, before.customers + 1);
}

#[test]
fn the_page_of_a_segment_is_of_one_pass() {
    let scene = shop();
    let (engine, now) = (&scene.engine, scene.now());
    let rule = parse("ordered at least 1 time in the last 7 days").unwrap();
    engine.save_segment(&id("fresh"), None, &rule, now).unwrap();
    let ask = |draft: Option<&str>, why: Option<&str>| {
        let asked = SegmentAsked {
            id: Some(id("fresh")),
            draft: draft.map(str::to_owned),
            draw: 0,
            why: why.map(str::to_owned),
            compares: false,
        };
        engine.view_segment(&asked, now).unwrap().unwrap()
    };
    let view = ask(None, None);
    assert_eq!(view.count.as_ref().unwrap().customers, 2);
    assert_eq!((view.drawn.len(), view.change), (2, None));
    let (other, overlap) = &view.overlaps[0];
    assert_eq!((other.as_str(), overlap.both, overlap.only_one), ("upsell", 1, 1));

    let draft = "ordered at least 1 time and viewed a product at least 1 time";
    let view = ask(Some(draft), Some("tom@mail.example"));
    let count = view.count.unwrap();
    assert_eq!(count.customers, 1);
    let left: Vec<(u64, u64)> = count.clauses.iter().map(|it| (it.left, it.removed)).collect();
    assert_eq!(left, [(22, 0), (1, 21)]);
    assert_eq!(view.change, Some(SegmentChange { join: 0, leave: 1 }));
    let why = view.why.unwrap();
    let told: Vec<(bool, &str)> = why.clauses.iter().map(|it| (it.is_met, &*it.found)).collect();
    assert_eq!((why.is_met, told[1]), (false, (false, "never")));
    assert!(told[0].0 && told[0].1.starts_with("an order of €14.50"), "{told:?}");

    let broken = ask(Some("ordered at lest 1 time"), Some("nobody@mail.example"));
    assert!(broken.fault.is_some());
    assert_eq!(broken.count.unwrap().customers, 2, "the stored condition is still asked");
    assert_eq!(broken.why.unwrap().customer, None);
    let unknown = SegmentAsked { id: Some(id("nowhere")), ..SegmentAsked::default() };
    assert!(engine.view_segment(&unknown, now).unwrap().is_none());
    let empty = engine.view_segment(&SegmentAsked::default(), now).unwrap().unwrap();
    assert!(empty.count.is_none() && empty.condition.is_none(), "nothing is asked yet");
}

#[test]
fn a_segment_is_handed_over_as_csv_as_ndjson_and_as_parquet() {
    let mut scene = shop();
    let formula = scene.identify_event("=2+5", None);
    let mut formula = formula;
    formula.identifiers = vec![Identifier::Email(address("tom"))];
    scene.record(&formula);
    let rule = parse("ordered at least 1 time in the last 7 days").unwrap();
    let export = |format| {
        let mut bytes = Vec::new();
        let count = scene.engine.export_segment(&rule, format, scene.now(), &mut bytes).unwrap();
        (count, bytes)
    };
    let text = |format| {
        let (count, bytes) = export(format);
        (count, String::from_utf8(bytes).unwrap())
    };
    let (count, csv) = text(ExportFormat::Csv);
    let rows: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!((count, rows.len()), (2, 4), "heads, two rows, the end");
    assert!(rows[0].starts_with("\"id\",\"email\",\"given_name\""));
    let tom = rows.iter().find(|it| it.contains("tom@mail.example")).unwrap();
    assert!(tom.contains("\"'=2+5\""), "{tom}");
    assert!(tom.contains("\"yes\",\"no\",\"1\",\"14.50\",\"1002\""), "{tom}");
    let (_, lines) = text(ExportFormat::Ndjson);
    let rows: Vec<serde_json::Value> =
        lines.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let tom = rows.iter().find(|it| it["email"] == "tom@mail.example").unwrap();
    assert_eq!((&tom["given_name"], &tom["spent"]), (&"=2+5".into(), &"14.50".into()));
    let (count, file) = export(ExportFormat::Parquet);
    let file = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
    let rows: Vec<Row> = file.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    let told = |row: &Row| row.to_string();
    assert_eq!((count, rows.len()), (2, 2));
    let tom = rows.iter().map(told).find(|it| it.contains("tom@mail.example")).unwrap();
    assert!(tom.contains("given_name: \"=2+5\"") && tom.contains("spent: 14.50"), "{tom}");
}

#[test]
fn segments_are_compared_in_pairs() {
    let scene = shop();
    let words = ["upsell", "ordered at least 1 time", "country is \"PT\""].map(str::to_owned);
    let found = scene.engine.overlap_segments(&words, scene.now()).unwrap();
    let found: Vec<(u64, u64, u64)> =
        found.iter().map(|it| (it.both, it.only_one, it.only_other)).collect();
    assert_eq!(found, [(1, 0, 21), (0, 1, 0), (0, 22, 0)]);
    let why = scene.engine.overlap_segments(&words[..1], scene.now()).unwrap_err().to_string();
    assert_eq!(why, "1 segments cannot be compared; name 2 to 20");
    let words = ["upsell", "upsel", "ordered once"].map(str::to_owned);
    let why = scene.engine.overlap_segments(&words, scene.now()).unwrap_err();
    assert!(
        format!("{why:#}").starts_with("2 of 3, `upsel`: there is no segment `upsel`;"),
        "{why:#}"
    );
}

#[test]
fn an_amount_in_another_currency_is_neither_counted_nor_saved() {
    let scene = shop();
    let (engine, now) = (&scene.engine, scene.now());
    let dollars = "spent at least 90 USD";
    let says_so = |err: anyhow::Error| {
        let why = format!("{err:#}");
        assert!(
            why.ends_with("this shop counts in EUR, not USD; write the amount in EUR"),
            "{why}"
        );
    };
    says_so(engine.condition(dollars).unwrap_err());
    let rule = parse(dollars).unwrap();
    says_so(engine.count_segment(&rule, now).unwrap_err());
    says_so(engine.list_segment(&rule, 9, now).unwrap_err());
    says_so(engine.export_segment(&rule, ExportFormat::Csv, now, &mut Vec::new()).unwrap_err());
    says_so(engine.save_segment(&id("rich"), None, &rule, now).unwrap_err());
    let words = [dollars, "upsell"].map(str::to_owned);
    says_so(engine.overlap_segments(&words, now).unwrap_err());
    let draft = Some(dollars.to_owned());
    let asked = SegmentAsked { draft, ..SegmentAsked::default() };
    let view = engine.view_segment(&asked, now).unwrap().unwrap();
    assert!(view.count.is_none() && view.fault.unwrap().range == (18..21), "the page points at it");
    assert!(engine.condition("spent at least 90 EUR").is_ok());
}

#[test]
fn a_new_name_closes_no_circle() {
    let scene = shop();
    let (engine, now) = (&scene.engine, scene.now());
    let [one, other] =
        ["is in segment \"best\"", "is in segment \"one\""].map(|it| parse(it).unwrap());
    engine.save_segment(&id("one"), None, &one, now).unwrap();
    engine.save_segment(&id("other"), None, &other, now).unwrap();
    let why = engine.rename_segment(&id("other"), "Best", now).unwrap_err().to_string();
    assert_eq!(
        why,
        "segment `other` would ask for itself by way of segment `one`; take \"is in segment\" out of \
         one of them"
    );
    engine.rename_segment(&id("other"), "Better", now).unwrap();
}

#[test]
fn customers_are_named_alike_wherever_they_are_named() {
    let scene = shop();
    let (engine, now) = (&scene.engine, scene.now());
    let list = engine.create_list("VIP", now).unwrap();
    let number = scene.customer("ana").to_string();
    let rule = parse("is on list \"VIP\"").unwrap();
    for named in [number.clone(), format!(" {number} "), "ana@mail.example".to_owned()] {
        let changed = engine.add_to_list(&list, std::slice::from_ref(&named), now).unwrap();
        assert_eq!((changed.changed, changed.unknown.len()), (1, 0), "{named}");
        assert!(engine.explain_segment(&rule, &named, now).unwrap().is_met, "{named}");
        engine.remove_from_list(&list, &[named], now).unwrap();
    }
    let nobody = "999999".to_owned();
    let changed = engine.add_to_list(&list, std::slice::from_ref(&nobody), now).unwrap();
    assert_eq!(changed.unknown, [nobody], "a number of nobody's");
}

#[test]
fn what_nobody_has_is_found_when_it_is_asked_for() {
    let scene = shop();
    let found = |words: &str| {
        let rule = parse(words).unwrap();
        scene.engine.count_segment(&rule, scene.now()).unwrap().findings.join("\n")
    };
    let says = |words: &str, what: &str| {
        let found = found(words);
        assert!(found.ends_with(what), "{words}: {found}");
    };
    says("opened an email of flow \"upsell-cross-sel\"", "did you mean `upsell-cross-sell`?");
    says("country is \"Portugal\"", "no customer has the country `Portugal`; check the spelling");
    says("time zone is \"Europe/Lisbn\"", "did you mean `Europe/Lisbon`?");
    says("did \"Quiz\"", "no event was ever sent as `Quiz`; check the spelling");
    says("attribute \"plan\" is set", "no customer has the attribute `plan`; check the spelling");
    assert_eq!(found("opened an email of flow \"upsell-cross-sell\""), "");
}
