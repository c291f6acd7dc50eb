//! `aftercart bench`: how fast, beside what the machine can do at all.
//!
//! Each part runs a yardstick on the same data in the same run: machines are noisy, a ratio is less
//! so. Every figure is the best of several runs, since noise only ever slows.

use std::{
    fmt::Write as _,
    fs::File,
    io::{BufReader, BufWriter, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use aftercart_email::{Brand, Document, EmailData, compile, shipped};
use aftercart_engine::{Engine, FileChoices, files::Kind, store::Store, survey_online_retail};
use aftercart_flow::{Flow, ReplayCustomer, ReplayOptions, UPSELL_CROSS_SELL, replay};
use aftercart_model::{CustomerId, OrderId, Timestamp};
use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, tz::TimeZone};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::{
    cli::{BenchArgs, BenchPart, Common},
    output::{Output, Table, count},
};

mod intake;
mod recommend;
mod segments;

const RUNS: usize = 3;
const IMPORT_LINES: usize = 300_000;
const REPLAY_CUSTOMERS: i64 = 50_000;
const RENDERS: usize = 2_000;
/// An instant for generated data; nothing rests on which.
const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0); // 2026-03-01T12:00:00Z

#[derive(Serialize)]
struct Figure {
    what: &'static str,
    per_second: f64,
    unit: &'static str,
    yardstick: &'static str,
    yardstick_per_second: f64,
    /// Ours over the yardstick.
    ratio: f64,
    note: String,
}

pub fn run(common: &Common, args: &BenchArgs) -> Result<()> {
    let output = Output::new(common);
    match args.part {
        Some(BenchPart::Segments) => return segments::run(output, args),
        Some(BenchPart::Recommend) => return recommend::run(output, args),
        _ => {}
    }
    let mut figures = Vec::new();
    let is_wanted = |part| args.part.is_none_or(|it| it == part);
    if is_wanted(BenchPart::Import) {
        figures.push(import(output)?);
        figures.push(import_file(output, args.lines)?);
    }
    if is_wanted(BenchPart::Intake) {
        figures.extend(intake::run(output)?);
    }
    if is_wanted(BenchPart::Replay) {
        figures.push(replay_flow(output)?);
    }
    if is_wanted(BenchPart::Render) {
        figures.push(render(output)?);
    }
    output.result(&figures, || describe(&figures))
}

fn describe(figures: &[Figure]) -> String {
    let mut table = Table::new(&["what", " per second", "", "yardstick", " per second", " ratio"]);
    for it in figures {
        table.row([
            it.what.to_owned(),
            count(it.per_second as u64),
            it.unit.to_owned(),
            it.yardstick.to_owned(),
            count(it.yardstick_per_second as u64),
            format!("{:.2}", it.ratio),
        ]);
    }
    let mut text = table.to_string();
    let mut told = "";
    for it in figures.iter().filter(|it| std::mem::replace(&mut told, &it.note) != it.note) {
        let _ = write!(text, "\n{}: {}", it.what, it.note);
    }
    text
}

fn figure(
    what: &'static str,
    unit: &'static str,
    units: usize,
    ours: Duration,
    yardstick: (&'static str, Duration),
    note: String,
) -> Figure {
    let per_second = units as f64 / ours.as_secs_f64();
    let yardstick_per_second = units as f64 / yardstick.1.as_secs_f64();
    Figure {
        what,
        per_second,
        unit,
        yardstick: yardstick.0,
        yardstick_per_second,
        ratio: per_second / yardstick_per_second,
        note,
    }
}

/// The best of several runs.
fn best(mut run: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let begin = Instant::now();
        run()?;
        best = best.min(begin.elapsed());
    }
    Ok(best)
}

/// Order lines into a fresh embedded store, beside the CSV library reading the same file.
fn import(output: Output) -> Result<Figure> {
    let spinner = output.spinner("Import of order lines");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("lines.csv");
    write_lines(&file)?;
    let read_alone = best(|| {
        let mut reader = csv::Reader::from_reader(BufReader::new(File::open(&file)?));
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record)? {}
        Ok(())
    })?;
    let mut stores = 0;
    let ours = best(|| {
        stores += 1;
        let place = folder.path().join(format!("store-{stores}"));
        let store = Store::open(place.to_str().context("a plain path")?)?;
        let engine = Engine::open(store, None)?;
        let survey = survey_online_retail(std::slice::from_ref(&file), &mut |_| {})?;
        engine.import_online_retail(survey, NOW, &mut |_| {})?;
        Ok(())
    })?;
    spinner.finish_and_clear();
    let note = format!(
        "{} generated order lines into a fresh embedded store, recommendations learned",
        count(IMPORT_LINES as u64)
    );
    Ok(figure("import", "lines", IMPORT_LINES, ours, ("CSV library alone", read_alone), note))
}

/// Order lines of a plain file into a fresh embedded store, beside the CSV library reading the same
/// file, and what memory was held on the way. Once, since it is long.
fn import_file(output: Output, lines: u64) -> Result<Figure> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("orders.csv");
    let spinner = output.spinner("Writing order lines");
    write_orders(&file, lines)?;
    let begin = Instant::now();
    let mut reader = csv::Reader::from_reader(BufReader::new(File::open(&file)?));
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {}
    let read_alone = begin.elapsed();
    spinner.finish_and_clear();

    let bar = output.bar("Import of a plain file", lines);
    let place = folder.path().join("store");
    let store = Store::open(place.to_str().context("a plain path")?)?;
    let engine = Engine::open(store, None)?;
    let begin = Instant::now();
    let plan = engine.plan_file(Kind::Orders, &file, &FileChoices::default(), NOW)?;
    let mut early = None;
    let imported = engine.import_file(
        &plan,
        &mut |at| {
            bar.set_position(at.rows_done);
            if early.is_none() && lines <= at.rows_done * 10 {
                early = memory_bytes("VmRSS");
            }
        },
        &mut |row| bail!("line {} was refused: {}", row.line, row.reason),
    )?;
    let ours = begin.elapsed();
    let late = memory_bytes("VmRSS");
    bar.finish_and_clear();
    let megabytes = |bytes: Option<u64>| match bytes {
        Some(bytes) => format!("{} MB", bytes / 1_000_000),
        None => "unknown here".to_owned(),
    };
    let note = format!(
        "{} generated lines of {} orders into a fresh embedded store in {:.1} s; resident memory \
         {} after a tenth, {} at the end",
        count(imported.taken),
        count(imported.events),
        ours.as_secs_f64(),
        megabytes(early),
        megabytes(late)
    );
    let lines = usize::try_from(lines)?;
    let yardstick = ("CSV library alone", read_alone);
    Ok(figure("import of a file", "lines", lines, ours, yardstick, note))
}

/// What the system holds in memory for this process, now (`VmRSS`) or at most so far (`VmHWM`); `None`
/// where it does not say (it is Linux that does: proc_pid_status(5)).
fn memory_bytes(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix(field)?.strip_prefix(':'))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024)
}

/// Orders of one to five lines, by customers who come back.
fn write_orders(path: &Path, lines: u64) -> Result<()> {
    let mut draw = ChaCha8Rng::seed_from_u64(3);
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "order_id,placed_at,customer_id,email,sku,product_name,quantity,unit_price")?;
    let begin = NOW - SignedDuration::from_hours(24 * 730);
    let customers = (lines / 10).max(1);
    let (mut written, mut order) = (0, 0_u64);
    while written < lines {
        order += 1;
        let at = begin + SignedDuration::from_secs(i64::try_from(order)? * 15);
        let customer = draw.random_range(0..customers);
        for _ in 0..draw.random_range(1..6).min(lines - written) {
            // The square favours low numbers: some products sell much more than others.
            let product = (draw.random::<f64>().powi(2) * 4_000.0) as u32;
            writeln!(
                file,
                "{},{at},{customer},customer{customer}@mail.example,P{product},Product number \
                 {product},{},{}.{:02}",
                1_000_000 + order,
                draw.random_range(1..4),
                draw.random_range(5..60),
                draw.random_range(0..100),
            )?;
            written += 1;
        }
    }
    file.flush()?;
    Ok(())
}

fn write_lines(path: &Path) -> Result<()> {
    let mut draw = ChaCha8Rng::seed_from_u64(1);
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country")?;
    let begin = jiff::civil::date(2010, 1, 1).at(9, 0, 0, 0);
    for line in 0..IMPORT_LINES {
        let invoice = line / 20;
        let at = begin + SignedDuration::from_mins(30 * invoice as i64);
        // The square favours low numbers: some products sell much more than others.
        let product = (draw.random::<f64>().powi(2) * 4_000.0) as u32;
        writeln!(
            file,
            "{},{},PRODUCT NUMBER {product},{},{},{}.{:02},{},United Kingdom",
            400_000 + invoice,
            10_000 + product,
            draw.random_range(1..12),
            at.strftime("%Y-%m-%d %H:%M:%S"),
            draw.random_range(1..20),
            draw.random_range(0..100),
            12_000 + invoice % 4_000,
        )?;
    }
    file.flush()?;
    Ok(())
}

/// A year of orders through the shipped flow, beside a plain pass over the same orders.
fn replay_flow(output: Output) -> Result<Figure> {
    let spinner = output.spinner("Replay of a flow");
    let flow = Flow::parse(UPSELL_CROSS_SELL)?;
    let customers = year_of_orders()?;
    let begin = NOW - SignedDuration::from_hours(24 * 365);
    let options = ReplayOptions { holdout_key: [7; 16], traces_max: 10, zone: TimeZone::UTC };
    let mut enrolled = 0;
    let ours = best(|| {
        enrolled = replay(&flow, customers.iter().cloned(), begin, NOW, &options).enrolled;
        Ok(())
    })?;
    let plain = best(|| {
        let orders = customers.iter().cloned().flat_map(|it| it.orders);
        std::hint::black_box(orders.filter(|(at, _)| begin <= *at && *at < NOW).count());
        Ok(())
    })?;
    spinner.finish_and_clear();
    let note = format!(
        "a year of {} customers, {} enrolments",
        count(customers.len() as u64),
        count(enrolled)
    );
    Ok(figure(
        "replay",
        "customers",
        customers.len(),
        ours,
        ("a pass over the orders", plain),
        note,
    ))
}

fn year_of_orders() -> Result<Vec<ReplayCustomer>> {
    let mut draw = ChaCha8Rng::seed_from_u64(2);
    let zones = ["Europe/Lisbon", "America/New_York", "Asia/Tokyo"].map(TimeZone::get);
    let mut customers = Vec::new();
    for id in 0..REPLAY_CUSTOMERS {
        let mut orders = Vec::new();
        for order in 0..draw.random_range(1..6) {
            let ago = SignedDuration::from_mins(draw.random_range(1..60 * 24 * 365));
            orders.push((NOW - ago, OrderId::new(format!("{id}-{order}"))?));
        }
        let zone = zones[id as usize % zones.len()].as_ref().ok().cloned();
        let zone = zone.unwrap_or(TimeZone::UTC);
        customers.push(ReplayCustomer { id: CustomerId(id << 8), zone, orders });
    }
    Ok(customers)
}

/// The four emails for one customer, compiled before, beside copying the bytes that come out.
fn render(output: Output) -> Result<Figure> {
    let spinner = output.spinner("Rendering of emails");
    let data = EmailData::sample();
    let mut programs = Vec::new();
    for (id, document) in shipped() {
        let document = Document::parse(document).with_context(|| format!("template {id}"))?;
        programs.push(compile(&document, &Brand::sample())?);
    }
    let mut bytes = 0;
    let ours = best(|| {
        bytes = 0;
        for index in 0..RENDERS {
            let rendered = programs[index % programs.len()].render(&data)?;
            bytes += rendered.html.len() + rendered.text.len();
        }
        Ok(())
    })?;
    let one = programs[0].render(&data)?.html;
    let copied = best(|| {
        for _ in 0..RENDERS {
            std::hint::black_box(one.clone());
        }
        Ok(())
    })?;
    spinner.finish_and_clear();
    let micros = ours.as_secs_f64() * 1e6 / RENDERS as f64;
    let note = format!(
        "HTML and text of the shipped emails in turn, {micros:.0} µs and {:.1} KB each",
        bytes as f64 / RENDERS as f64 / 1_000.0
    );
    Ok(figure("render", "emails", RENDERS, ours, ("copying the HTML", copied), note))
}
