//! `aftercart recommend eval` and `recommend predict`: how good the recommendations are on the shop's
//! own past, and what they would have said in given cases.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write},
    path::Path,
};

use aftercart_engine::{
    CustomerCase, ModelInUse, OfflineMeasured, Predicted, RecommendEval,
    recommend::{Chosen, ModelCheck},
};
use aftercart_model::Timestamp;
use anyhow::{Context, Result, bail};
use jiff::{civil::DateTime, tz::TimeZone};

use crate::{
    cli::{Common, PredictForm, RecommendEvalArgs, RecommendPredictArgs},
    output::{Output, Table, count},
    shop::{self, Opened},
};

pub fn eval(common: &Common, args: &RecommendEvalArgs) -> Result<()> {
    let output = Output::new(common);
    let shop = shop::open(common)?;
    let zone = shop.engine.shop().zone();
    let midnight = |day: Option<jiff::civil::Date>| -> Result<Option<Timestamp>> {
        day.map(|it| {
            Ok(it.to_zoned(zone.clone()).context("a day outside the calendar")?.timestamp())
        })
        .transpose()
    };
    let bar = output.bar("customers after an order", 0);
    let mut progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let found = shop.engine.evaluate_recommendations(
        midnight(args.since)?,
        midnight(args.until)?,
        &mut progress,
    )?;
    bar.finish_and_clear();
    output.result(&found, || describe(&found, &zone))
}

fn describe(found: &RecommendEval, zone: &TimeZone) -> String {
    let day = |at: Timestamp| zone.to_datetime(at).date();
    let mut table = Table::new(&[
        "ranked by",
        " recall@4",
        " recall@10",
        " NDCG@10",
        " hit@10",
        " coverage@10",
    ]);
    let cell = |it: &OfflineMeasured| format!("{:.3} ({:.3}–{:.3})", it.mean, it.low, it.high);
    for row in &found.rows {
        table.row([
            row.name.to_owned(),
            cell(&row.score.recall_at_4),
            cell(&row.score.recall_at_10),
            cell(&row.score.ndcg_at_10),
            cell(&row.score.hit_at_10),
            format!("{:.2}", row.score.coverage_at_10),
        ]);
    }
    let in_use = match &found.in_use {
        Some(it) => describe_in_use(it, day(it.trained_at)),
        None => "No model is in use yet; the first round of work learns one.\n".to_owned(),
    };
    format!(
        "{} times a customer ordered from {} on and came back before {} for something new.\n\
         Each list was made with what was known that morning; in brackets, where 95 of 100 draws \
         of customers lie.\n\n{table}\n{in_use}",
        count(found.cases as u64),
        day(found.start),
        day(found.end),
    )
}

/// How the model that answers now did before it was used.
fn describe_in_use(it: &ModelInUse, learned_on: jiff::civil::Date) -> String {
    let version = format!("In use is version {}, learned on {learned_on}.", it.version);
    let Some(ModelCheck { orders, learned, links, before, chosen }) = it.check else {
        return format!(
            "{version} There were too few orders to hold back some and judge it by them.\n"
        );
    };
    let percent = |it: f64| format!("{:.1} %", it * 100.0);
    let ends = match (chosen, before) {
        (Chosen::Learned, _) => "It was taken into use.".to_owned(),
        (Chosen::Links, _) => "The trees were worse than links alone, and are not used.".to_owned(),
        (Chosen::Before, Some(it)) => format!(
            "On {} orders that neither had seen its trees reached {} and those in use {}, which \
             were kept.",
            count(u64::from(it.orders)),
            percent(it.learned),
            percent(it.before),
        ),
        (Chosen::Before, None) => "The trees in use were kept.".to_owned(),
    };
    format!(
        "{version} On {} orders held back, what the customer added stood above what they passed over \
         in {} of pairs, and by links alone in {} (50 % is chance). {ends}\n",
        count(u64::from(orders)),
        percent(learned),
        percent(links),
    )
}

pub fn predict(common: &Common, args: &RecommendPredictArgs) -> Result<()> {
    let output = Output::new(common);
    let shop = shop::open(common)?;
    let named = args.cases.display();
    let mut reader =
        csv::Reader::from_path(&args.cases).with_context(|| format!("{named} cannot be read"))?;
    let head: Vec<String> = reader
        .headers()
        .with_context(|| format!("the first line of {named} cannot be read"))?
        .iter()
        .map(str::to_owned)
        .collect();
    let column = |name: &str| head.iter().position(|it| it.trim() == name);
    match (column("customer"), column("as_of"), column("basket"), column("product")) {
        (Some(customer), Some(as_of), ..) => {
            let cases = customer_cases(&mut reader, customer, as_of, &shop)?;
            let bar = output.bar("cases", cases.len() as u64);
            let lists =
                shop.engine.predict_customers(&cases, predicted(args.form), &mut |done, _| {
                    bar.set_position(done)
                })?;
            bar.finish_and_clear();
            let keys: Vec<Vec<String>> = cases.into_iter().map(|it| it.key).collect();
            write_lists(args.out.as_deref(), &["customer", "as_of"], &keys, &lists)
        }
        (_, _, Some(basket), Some(product)) => {
            let before = args.before.with_context(|| {
                format!(
                    "{named} has baskets, without times: say with --before up to which day may be \
                         known, as in --before 2011-03-01"
                )
            })?;
            let zone = shop.engine.shop().zone();
            let before = before.to_zoned(zone).context("--before is outside the calendar")?;
            let baskets = baskets(&mut reader, basket, product)?;
            let (keys, products): (Vec<_>, Vec<_>) =
                baskets.into_iter().map(|(key, products)| (vec![key], products)).unzip();
            let lists = shop.engine.predict_baskets(&products, before.timestamp())?;
            write_lists(args.out.as_deref(), &["basket"], &keys, &lists)
        }
        _ => bail!(
            "{named} has the columns `{}`; cases have `customer,as_of` or `basket,product`",
            head.join(",")
        ),
    }
}

fn predicted(form: PredictForm) -> Predicted {
    match form {
        PredictForm::CrossSell => Predicted::CrossSell,
        PredictForm::Upsell => Predicted::Upsell,
        PredictForm::NextOrder => Predicted::NextOrder,
    }
}

fn customer_cases(
    reader: &mut csv::Reader<File>,
    customer: usize,
    as_of: usize,
    shop: &Opened,
) -> Result<Vec<CustomerCase>> {
    let zone = shop.engine.shop().zone();
    let mut cases = Vec::new();
    for row in reader.records() {
        let row = row.context("a line of the cases cannot be read")?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |at: usize| row.get(at).unwrap_or("").trim().to_owned();
        let written = cell(as_of);
        let at = moment(&written, &zone).with_context(|| {
            format!("line {line}: `{written}` is no moment; write it as 2011-03-01T08:35:00")
        })?;
        let customer = cell(customer);
        cases.push(CustomerCase { key: vec![customer.clone(), written], customer, as_of: at });
    }
    Ok(cases)
}

/// With its own zone, else in the shop's.
fn moment(written: &str, zone: &TimeZone) -> Result<Timestamp> {
    if let Ok(at) = written.parse::<Timestamp>() {
        return Ok(at);
    }
    let civil: DateTime = written.parse()?;
    Ok(civil.to_zoned(zone.clone())?.timestamp())
}

fn baskets(
    reader: &mut csv::Reader<File>,
    basket: usize,
    product: usize,
) -> Result<BTreeMap<String, Vec<String>>> {
    let mut baskets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in reader.records() {
        let row = row.context("a line of the cases cannot be read")?;
        let cell = |at: usize| row.get(at).unwrap_or("").trim().to_owned();
        baskets.entry(cell(basket)).or_default().push(cell(product));
    }
    Ok(baskets)
}

fn write_lists(
    out: Option<&Path>,
    key: &[&str],
    keys: &[Vec<String>],
    lists: &[Vec<String>],
) -> Result<()> {
    let target: Box<dyn Write> = match out {
        Some(path) => {
            let failed = || format!("{} cannot be written", path.display());
            Box::new(File::create(path).with_context(failed)?)
        }
        None => Box::new(io::stdout().lock()),
    };
    let mut writer = csv::Writer::from_writer(target);
    writer.write_record(key.iter().chain(&["rank", "product"]))?;
    for (key, list) in keys.iter().zip(lists) {
        for (rank, product) in (1..).zip(list) {
            let rank: i32 = rank;
            let cells = key.iter().map(String::as_str);
            writer.write_record(cells.chain([rank.to_string().as_str(), product]))?;
        }
    }
    writer.flush().context("the lists cannot be written")
}
