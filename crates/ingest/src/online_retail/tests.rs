//! The two committed example files, which hold every case once, and the real files where they are.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use aftercart_model::Identifier;
use insta::assert_snapshot;

use super::*;
use crate::{IncomingBody, IncomingLine};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/online-retail").join(name)
}

/// Both readings.
fn read(
    paths: &[PathBuf],
    on_progress: &mut dyn FnMut(Progress),
    on_item: &mut dyn FnMut(Incoming) -> Result<()>,
) -> Result<Summary> {
    let survey = survey(paths, on_progress)?;
    super::read(&survey, on_progress, on_item)
}

fn read_all(paths: &[PathBuf]) -> (Summary, Vec<Incoming>) {
    let mut items = Vec::new();
    let summary = read(paths, &mut |_| {}, &mut |item| {
        items.push(item);
        Ok(())
    });
    (summary.unwrap(), items)
}

/// One line for each item, as a person would tell it.
fn told(item: &Incoming) -> String {
    let who = match item.identifiers.as_slice() {
        [Identifier::External(it)] => it.id.as_str(),
        [] => "a guest",
        _ => "?",
    };
    let lines = |lines: &[IncomingLine]| {
        let line = |it: &IncomingLine| {
            let name = it.product.name.as_deref().unwrap_or("-");
            let price = it.product.price_minor.unwrap_or(0);
            format!(
                "{} x {} `{name}` at {price} = {}",
                it.quantity, it.product.code, it.amount_minor
            )
        };
        lines.iter().map(line).collect::<Vec<_>>().join("; ")
    };
    let what = match &item.body {
        IncomingBody::OrderPlaced { lines: it, total_minor, .. } => {
            format!("paid {total_minor} for {}", lines(it))
        }
        IncomingBody::OrderRefunded { lines: it, amount_minor, .. } => {
            format!("got back {amount_minor} for {}", lines(it))
        }
        other => format!("{other:?}"),
    };
    format!("{} {} {who} {what}", item.key.key, item.at)
}

#[test]
fn every_case_of_the_example_becomes_what_it_is() {
    let (_, items) = read_all(&[example("first.csv"), example("second.csv")]);
    let told: Vec<String> = items.iter().map(told).collect();
    assert_snapshot!(told.join("\n"), @r"
    order:100001 2010-06-01T08:30:00Z 20001 paid 2615 for 6 x 10001 `RED MUG, LARGE` at 275 = 1530; 2 x 10002A `BLUE MUG` at 295 = 590; 1 x 10003 `FREE LEAFLET` at 0 = 0
    order:100002 2010-06-01T09:00:00Z a guest paid 579 for 1 x 10001 `RED MUG, LARGE` at 275 = 579
    refund:C100003 2010-06-02T10:00:00Z 20001 got back 610 for 2 x 10001 `RED MUG, LARGE` at 275 = 510
    order:100010 2010-06-04T11:00:00Z 20002 paid 296 for 1 x 10002A `BLUE MUG` at 295 = 295
    order:100012 2010-10-31T00:30:00Z 20003 paid 375 for 3 x 10004 `-` at 125 = 375
    order:100014 2010-12-01T09:00:00Z 20003 paid 2550 for 2 x 10001 `RED MUG, LARGE` at 275 = 550
    ");
}

#[test]
fn every_line_of_the_example_is_in_one_count() {
    let (mut summary, _) = read_all(&[example("second.csv"), example("first.csv")]);
    let folder = example("").display().to_string();
    for text in summary.files.iter_mut().map(|it| &mut it.path).chain(&mut summary.unreadable) {
        *text = text.replace(&folder, "");
    }
    assert!(summary.adds_up());
    assert_eq!(summary.lines_read, 24);
    assert_snapshot!(summary.to_string(), @r"
    first.csv                                                      20
    second.csv                                                      4
    lines read                                                     24

    taken
      products in orders                                            6           £39.19
      products given with orders                                    1            £0.00
      postage, discounts and the like in orders                     3           £24.96
      products in refunds                                           1           −£5.10
      postage, discounts and the like in refunds                    1           −£1.00
      in all                                                       12

    skipped
      invoice stands in another file as well                        2            £3.75
      stock correction, nobody's and without a price                2            £0.00
      order of services alone, no product in it                     1          £373.57
      nothing was paid, or paid back, in all                        1            £0.00
      refund without a customer                                     1           −£5.79
      entry of the books: fees, adjustments, samples                1           £15.00
      bad debt                                                      1         −£500.00
      test product                                                  1           £22.50
      a return within an order, or a sale within a refund           1           −£2.55
      row cannot be read                                            1            £0.00
      in all                                                       12

    found
      orders                                                        5           £64.15
        of guests                                                   1
      refunds                                                       1            £6.10
      customers                                                     3
      products                                                      4
      from 2010-06-01T08:30:00Z to 2010-12-01T09:00:00Z
    cannot read `first.csv` line 21: `Quantity` is `lots`; write a whole number
    ");
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["skipped"]["duplicate"]["lines"], 2);
    assert_eq!(json["taken"]["order_product"]["amount_minor"], 3_919);
}

#[test]
fn facts_are_the_newest_row_s() {
    let survey = survey(&[example("second.csv"), example("first.csv")], &mut |_| {}).unwrap();
    let home = |customer| survey.facts().home(customer);
    assert_eq!(home("20001"), (Some("United Kingdom"), Some("Europe/London")));
    assert_eq!(home("20002"), (Some("EIRE"), Some("Europe/Dublin")));
    assert_eq!(home("20003"), (Some("France"), Some("Europe/Paris")), "unspecified before");
    assert_eq!(home("20004"), (None, None));
}

/// A file of these rows behind a header.
fn file_of(rows: &[u8]) -> tempfile::NamedTempFile {
    let header = b"Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), [&header[..], rows].concat()).unwrap();
    file
}

#[test]
fn a_stray_quote_is_counted_and_swallows_nothing() {
    let file = file_of(
        b"1,MUG1,\"RED MUG,1,2010-06-01 09:00:00,1.00,5,France\n\
          2,MUG1,RED MUG,1,2010-06-01 09:01:00,1.00,5,France\n\
          2,CUP1,\"CUP, \"\"BIG\"\"\",2,2010-06-01 09:01:00,2.00,5,France\n\
          3,MUG1,RED MUG,1,2010-06-01 09:02:00,1.00,\"6,France\n",
    );
    let (summary, items) = read_all(&[file.path().to_owned()]);
    assert!(summary.adds_up());
    assert_eq!((summary.lines_read, summary.orders, items.len()), (4, 1, 1));
    assert_eq!(summary.order_total_minor, 500, "both lines of the second invoice");
    assert_eq!(summary.skipped[&SkipReason::Unreadable].lines, 2);
    let told = summary.unreadable.join("\n").replace(&file.path().display().to_string(), "it.csv");
    assert_snapshot!(told, @r#"
    `it.csv` line 2: a quote is opened and not closed in its row; close it, or write "" for a quote within a value
    `it.csv` line 5: a quote is opened and not closed in its row; close it, or write "" for a quote within a value
    "#);
}

#[test]
fn rows_that_are_not_utf_8_are_counted_as_decoded() {
    let file = file_of(b"1,MUG1,CAF\xc9 MUG,1,2010-06-01 09:00:00,1.00,5,France\n");
    let (summary, items) = read_all(&[file.path().to_owned()]);
    assert_eq!((summary.decoded, summary.orders), (1, 1));
    assert!(told(&items[0]).contains("`CAFÉ MUG`"), "{}", told(&items[0]));
    assert!(summary.to_string().contains("1 row is not UTF-8 and read as Windows-1252"));
}

#[test]
fn rows_beyond_the_first_few_that_cannot_be_read_are_counted() {
    let row = b"1,MUG1,MUG,lots,2010-06-01 09:00:00,1.00,5,France\n";
    let (summary, _) = read_all(&[file_of(&row.repeat(13)).path().to_owned()]);
    assert_eq!(summary.unreadable.len(), 10);
    assert!(summary.to_string().ends_with("and 3 more that cannot be read\n"));
}

#[test]
fn the_order_of_the_files_makes_no_difference() {
    let (one, two) = (example("first.csv"), example("second.csv"));
    assert_eq!(read_all(&[one.clone(), two.clone()]), read_all(&[two.clone(), one.clone()]));
    let (summary, items) = read_all(&[one.clone(), one.clone(), two.clone(), two.clone()]);
    assert_eq!(items, read_all(&[one, two]).1, "nor does giving one twice");
    assert!(summary.adds_up());
}

#[test]
fn an_invoice_cut_in_two_is_taken_where_more_of_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, rows: &[&str]| {
        let header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country";
        let path = folder.path().join(name);
        std::fs::write(&path, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
        path
    };
    let rows = [
        "1,MUG1,MUG,1,2010-06-01 09:00:00,1.00,5,France",
        "1,CUP1,CUP,1,2010-06-01 09:00:00,2.00,5,France",
    ];
    let (cut, whole) = (write("cut.csv", &rows[..1]), write("whole.csv", &rows));
    for paths in [[cut.clone(), whole.clone()], [whole, cut]] {
        let (summary, _) = read_all(&paths);
        assert_eq!((summary.orders, summary.order_total_minor), (1, 300));
        assert_eq!(summary.skipped[&SkipReason::Duplicate].lines, 1);
    }
}

#[test]
fn an_item_that_is_refused_ends_the_reading() {
    let mut count = 0;
    let result = read(&[example("first.csv")], &mut |_| {}, &mut |_| {
        count += 1;
        anyhow::bail!("the store is full")
    });
    assert_eq!(result.unwrap_err().to_string(), "the store is full");
    assert_eq!(count, 1);
}

#[test]
fn progress_ends_at_the_end() {
    let mut seen = Vec::new();
    let paths = [example("first.csv"), example("second.csv")];
    read(&paths, &mut |progress| seen.push(progress), &mut |_| Ok(())).unwrap();
    let last = seen.last().unwrap();
    assert_eq!((last.stage, last.lines_done, last.lines_total), (ReadStage::Orders, 24, Some(24)));
    assert_eq!(last.bytes_done, last.bytes_total);
    assert!(seen.is_sorted_by_key(|it| it.bytes_done), "it never goes back");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = read(&[example("none.csv")], &mut |_| {}, &mut |_| Ok(())).unwrap_err();
    assert!(error.to_string().ends_with("none.csv`"), "{error}");
}

/// The files of the data set, unless this machine does not have them.
fn real_files(test: &str) -> Option<[PathBuf; 2]> {
    #[allow(clippy::disallowed_methods, reason = "where a test's data lies is not configuration")]
    let given = std::env::var_os("AFTERCART_TEST_DATA").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = given.unwrap_or_else(beside).join("online-retail-ii");
    let files = ["online_retail_ii_2009-2010.csv.zst", "online_retail_2010-12_to_2011-05.csv.zst"];
    let paths = files.map(|it| folder.join(it));
    if paths.iter().all(|it| it.is_file()) {
        return Some(paths);
    }
    println!("SKIPPED {test}: no `{}`", folder.display());
    None
}

/// Lines and pence of every count, in the order of their names.
fn counts<K: Copy>(tallies: &BTreeMap<K, Tally>) -> Vec<(K, u64, i64)> {
    tallies.iter().map(|(name, tally)| (*name, tally.lines, tally.amount_minor)).collect()
}

fn sum_minor(summary: &Summary) -> i64 {
    summary.taken.values().chain(summary.skipped.values()).map(|it| it.amount_minor).sum()
}

/// The figures of the data's own description, and of a second reading of it written in Python.
#[test]
fn the_real_files_come_out_as_they_are_described() {
    let Some([first, second]) = real_files("the_real_files_come_out_as_they_are_described") else {
        return;
    };
    let summary_of = |paths: &[PathBuf]| read(paths, &mut |_| {}, &mut |_| Ok(())).unwrap();

    let alone = summary_of(std::slice::from_ref(&first));
    assert_eq!(alone.lines_read, 525_461);
    // 9,539,484.63 in the description; each of 14 lines of a tenth of a penny is rounded by itself.
    assert_eq!(sum_minor(&alone), 953_948_462);
    assert_eq!(alone.skipped[&SkipReason::BadDebt], Tally { lines: 3, amount_minor: -13_655_202 });
    assert!(!alone.skipped.contains_key(&SkipReason::Unreadable));

    let alone = summary_of(std::slice::from_ref(&second));
    assert_eq!((alone.lines_read, sum_minor(&alone)), (209_029, 370_682_764));

    let both = summary_of(&[second, first]);
    use {LineUse::*, SkipReason::*};
    assert!(both.adds_up());
    assert_eq!(
        counts(&both.taken),
        [
            (OrderProduct, 690_282, 1_333_694_068),
            (OrderGift, 39, 0),
            (OrderService, 2_780, 26_013_244),
            (RefundProduct, 12_549, -40_782_016),
            (RefundService, 543, -27_918_086),
        ]
    );
    assert_eq!(
        counts(&both.skipped),
        [
            (Duplicate, 22_523, 37_748_845),
            (StockCorrection, 4_757, 0),
            (WithoutProduct, 362, 30_385_201),
            (NothingPaid, 1, 0),
            (RefundOfNobody, 529, -23_774_620),
            (BooksEntry, 105, 2_899_442),
            (BadDebt, 3, -13_655_202),
            (TestProduct, 17, 20_350),
        ]
    );
    assert_eq!(both.lines_read, 525_461 + 209_029);
    assert_eq!(both.lines_read - both.skipped[&Duplicate].lines, 711_967, "each line once");
    assert_eq!(
        (both.orders, both.orders_of_guests, both.order_total_minor),
        (27_810, 2_254, 1_359_707_312)
    );
    assert_eq!((both.refunds, both.refund_total_minor), (5_796, 68_700_102));
    assert_eq!((both.customers, both.products), (4_975, 4_305));
    assert_eq!(both.first_at.unwrap().to_string(), "2009-12-01T07:45:00Z");
    assert_eq!(both.last_at.unwrap().to_string(), "2011-05-31T14:53:00Z", "summer time");
}

/// Both files whole are the first up to where the second begins, and then the second.
#[test]
fn overlapping_files_are_one_history() {
    let Some([first, second]) = real_files("overlapping_files_are_one_history") else { return };
    let text = zstd::decode_all(std::fs::File::open(&first).unwrap()).unwrap();
    let text = String::from_utf8(text).unwrap();
    // The date is the only column of that form.
    let is_before = |line: &&str| !line.contains(",2010-12-");
    let cut: Vec<&str> = text.lines().filter(is_before).collect();
    assert_eq!(cut.len(), 502_938 + 1, "and the header");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.csv");
    std::fs::write(&path, cut.join("\n")).unwrap();

    let whole = read_hashed(&[first, second.clone()]);
    let joined = read_hashed(&[path, second]);
    assert_eq!(whole.0 - joined.0, 22_523, "lines read");
    assert_eq!(whole.1, joined.1, "the same orders, refunds and customers");
}

/// Lines read, and the keys, times and totals handed over, sorted.
fn read_hashed(paths: &[PathBuf]) -> (u64, Vec<String>) {
    let mut items = Vec::new();
    let summary = read(paths, &mut |_| {}, &mut |item| {
        let amounts = match item.body {
            IncomingBody::OrderPlaced { total_minor: amount, lines, .. }
            | IncomingBody::OrderRefunded { amount_minor: amount, lines, .. } => {
                format!("{amount} {}", lines.len())
            }
            _ => String::new(),
        };
        items.push(format!("{} {} {:?} {amounts}", item.key.key, item.at, item.identifiers));
        Ok(())
    });
    items.sort();
    (summary.unwrap().lines_read, items)
}
