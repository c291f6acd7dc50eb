//! How fast everybody is asked, beside a loop written by hand over the same columns.
//!
//! The shop is generated (see `generate`) and its events stand in an archive; the answers are counted
//! both ways and must be the same. `scripts/segments_beside.py` runs other programs on the same data.

use std::{
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use aftercart_archive::{Archive, Candidate};
use aftercart_engine::{Engine, store::Store};
use aftercart_model::CustomerId;
use aftercart_segment::{
    Asking, BoundSet, Condition, ConditionIndex, CustomerFacts, History, HistoryBuffer, Shop,
    Subject, UPSELL_SEGMENT, evaluate, parse,
};
use anyhow::{Context, Result, ensure};
use jiff::tz::TimeZone;
use serde::Serialize;

use super::RUNS;
use crate::{
    cli::BenchArgs,
    output::{Output, Table, count},
};

mod by_hand;
mod generate;

use generate::World;

/// What is asked in one pass.
const QUESTIONS: [&str; 3] = [
    UPSELL_SEGMENT,
    "ordered at least 3 times in the last 365 days and spent at least 200 EUR in the last 365 days",
    "opened an email 0 times in the last 90 days",
];
const MANY: usize = 100;
const LIVE: usize = 1_000;
/// Customers asked one by one.
const SINGLES: usize = 10_000;
/// Events in the log of the store whose archive is made anew.
const LOG_EVENTS: u64 = 2_000_000;

#[derive(Serialize)]
struct Line {
    what: &'static str,
    figure: f64,
    unit: &'static str,
    /// The figure that we hold ourselves to.
    wanted: &'static str,
    note: String,
    /// Of a bulk question, its milliseconds and how many meet each condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    ms: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<usize>,
}

impl Line {
    fn new(
        what: &'static str,
        figure: f64,
        unit: &'static str,
        wanted: &'static str,
        note: String,
    ) -> Self {
        Self { what, figure, unit, wanted, note, ms: None, members: Vec::new() }
    }
}

pub fn run(output: Output, args: &BenchArgs) -> Result<()> {
    let world = generate::world();
    let customers = generate::customers(args.customers);
    let bar = output.bar("Generating a shop", args.customers);
    let archive = generate::archive(&customers, args.events, &mut |done| bar.set_position(done));
    bar.finish_and_clear();
    let spinner = output.spinner("Asking everybody");
    let asked = Asked::new(&archive, &world, &customers);
    let mut lines = vec![memory(&archive, args.events)];
    lines.extend(asked.three_questions()?);
    lines.push(asked.many_questions()?);
    lines.extend(asked.one_customer(args)?);
    lines.push(asked.live_segments(args)?);
    spinner.finish_and_clear();
    let spinner = output.spinner("Saving and opening the archive");
    if let Some(folder) = &args.export {
        generate::export(folder, &world, args.customers)?;
    }
    lines.extend(files(archive, args.export.as_deref())?);
    spinner.finish_and_clear();
    let spinner = output.spinner("Making an archive of a log");
    lines.push(rebuild(&customers, args)?);
    spinner.finish_and_clear();
    output.result(&lines, || describe(&lines, args))
}

fn describe(lines: &[Line], args: &BenchArgs) -> String {
    let mut table = Table::new(&["what", " figure", "", "wanted", "note"]);
    for it in lines {
        let digits = if it.figure < 100.0 { 2 } else { 0 };
        let figure = format!("{:.digits$}", it.figure);
        table.row([
            it.what.to_owned(),
            figure,
            it.unit.to_owned(),
            it.wanted.to_owned(),
            it.note.clone(),
        ]);
    }
    let (customers, events) = (count(args.customers), count(args.events));
    format!("{table}\n{customers} customers, {events} events over two years\n")
}

fn memory(archive: &Archive, events: u64) -> Line {
    let bytes = archive.sealed_bytes();
    let note = format!("{} rows, {} MB", count(archive.rows() as u64), bytes / 1_000_000);
    let figure = bytes as f64 / events as f64;
    Line::new("memory", figure, "bytes an event", "at most 16", note)
}

/// Everybody, and what there is to ask them by.
struct Asked<'a> {
    archive: &'a Archive,
    world: &'a World,
    customers: &'a [CustomerId],
    facts: CustomerFacts,
    zone: TimeZone,
}

impl<'a> Asked<'a> {
    fn new(archive: &'a Archive, world: &'a World, customers: &'a [CustomerId]) -> Self {
        let facts = CustomerFacts { has_email: true, ..CustomerFacts::default() };
        Self { archive, world, customers, facts, zone: TimeZone::UTC }
    }

    fn subject<'b>(&'b self, history: History<'b>) -> Subject<'b> {
        Subject::new(history, &self.facts, &self.zone, self.shop())
    }

    fn shop(&self) -> Shop<'a> {
        Shop::new(&self.world.catalogue, &self.world.relations)
    }

    fn count(&self, conditions: &[&Condition]) -> (Duration, Vec<usize>) {
        let candidate =
            |it: &CustomerId| Candidate { customer: *it, facts: &self.facts, zone: &self.zone };
        let candidates: Vec<Candidate<'_>> = self.customers.iter().map(candidate).collect();
        let mut counts = Vec::new();
        let took = best(|| {
            let now = generate::now();
            counts = self.archive.count(conditions, &candidates, self.shop(), now);
        });
        (took, counts)
    }

    fn three_questions(&self) -> Result<Vec<Line>> {
        let conditions = QUESTIONS.map(parse).into_iter().collect::<Result<Vec<_>, _>>()?;
        let (ours, counts) = self.count(&conditions.iter().collect::<Vec<_>>());
        let mut by_hand = [0; 3];
        let hand =
            best(|| by_hand = by_hand::count(self.archive, self.customers.len(), self.world));
        ensure!(counts == by_hand, "we count {counts:?}, the loop by hand {by_hand:?}");
        let note = format!(
            "{:.1} ms; by hand {:.1} ms; {} members",
            millis(ours),
            millis(hand),
            counts.iter().map(|it| count(*it as u64)).collect::<Vec<_>>().join(", "),
        );
        let ratio = ours.as_secs_f64() / hand.as_secs_f64();
        let what = "three conditions in one pass";
        let line = Line::new(what, ratio, "times the loop by hand", "at most 2", note);
        let mut lines = vec![Line { ms: Some(millis(ours)), members: counts, ..line }];
        let names = ["upsell alone", "three orders alone", "no open alone"];
        for (what, condition) in names.into_iter().zip(&conditions) {
            let (took, counts) = self.count(&[condition]);
            let note = format!("{} members", count(counts[0] as u64));
            let wanted = if what == "upsell alone" { "under 300" } else { "" };
            lines.push(Line::new(what, millis(took), "ms", wanted, note));
        }
        Ok(lines)
    }

    fn many_questions(&self) -> Result<Line> {
        let texts: Vec<String> = (0..MANY).map(question).collect();
        let conditions = texts.iter().map(|it| parse(it)).collect::<Result<Vec<_>, _>>()?;
        let (all, counts) = self.count(&conditions.iter().collect::<Vec<_>>());
        let alone: Vec<Duration> =
            (0..10).map(|it| self.count(&[&conditions[it * 11]]).0).collect();
        let one = alone.iter().sum::<Duration>() / 10;
        let note = format!(
            "{:.0} ms; one of them {:.1} ms; {} members together",
            millis(all),
            millis(one),
            count(counts.iter().sum::<usize>() as u64)
        );
        let ratio = all.as_secs_f64() / one.as_secs_f64();
        Ok(Line::new("100 segments in one pass", ratio, "times one", "at most 10", note))
    }

    /// What has to be asked again when one customer does one thing, and asking it.
    fn live_segments(&self, args: &BenchArgs) -> Result<Line> {
        let texts: Vec<String> = (0..LIVE).map(question).collect();
        let conditions = texts.iter().map(|it| parse(it)).collect::<Result<Vec<_>, _>>()?;
        let Shop { catalogue, segments, .. } = self.shop();
        let index = ConditionIndex::new(&conditions, catalogue, segments);
        let names = self.archive.names();
        let bound = BoundSet::new(&conditions, catalogue, names, segments);
        let step = (self.customers.len() / SINGLES).max(1);
        let mut news = Vec::new();
        for index in (0..self.customers.len()).step_by(step) {
            let customer = self.customers[index];
            let mut last = None;
            let (customers, events) = (args.customers, args.events);
            generate::each_event(customer, index as u64, customers, events, &mut |it| {
                last = Some(it);
            });
            news.extend(last.map(|it| (customer, it)));
        }
        let mut asking = Asking::new(&bound, generate::now());
        let mut questions = 0;
        // Of each event the best of the runs, so that the longest is not one that had to wait for
        // another program.
        let mut took = vec![Duration::MAX; news.len()];
        for _ in 0..RUNS {
            questions = 0;
            for ((customer, event), took) in news.iter().zip(&mut took) {
                let begin = Instant::now();
                let touched = index.touched_by(&event.body);
                let history = self.archive.history_of(*customer).unwrap_or_default();
                let mut asked = asking.of([self.subject(history)]);
                for condition in &touched {
                    black_box(asked.met(*condition).len());
                }
                *took = begin.elapsed().min(*took);
                questions += touched.len();
            }
        }
        let micros = |took: Duration| took.as_secs_f64() * 1e6;
        let longest = took.iter().max().copied().unwrap_or_default();
        let mean = micros(took.iter().sum()) / took.len() as f64;
        let note = format!(
            "the longest of {} events, each asking {} of them again; the mean {mean:.1} µs",
            count(news.len() as u64),
            questions / news.len(),
        );
        let what = "1,000 live segments after one event";
        Ok(Line::new(what, micros(longest), "µs", "under 1000", note))
    }

    /// The upsell segment's condition, of customers one by one: over the archive, and over the events
    /// as the store gives them.
    fn one_customer(&self, args: &BenchArgs) -> Result<Vec<Line>> {
        let condition = parse(UPSELL_SEGMENT)?;
        let step = (self.customers.len() / SINGLES).max(1);
        let some: Vec<usize> = (0..self.customers.len()).step_by(step).collect();
        let archived = best(|| {
            for index in &some {
                let history = self.archive.history_of(self.customers[*index]).unwrap_or_default();
                black_box(evaluate(&condition, &self.subject(history), generate::now()));
            }
        });
        let mut own = Vec::new();
        for index in &some {
            let mut events = Vec::new();
            generate::each_event(
                self.customers[*index],
                *index as u64,
                args.customers,
                args.events,
                &mut |it| events.push(it),
            );
            own.push(events);
        }
        let told = best(|| {
            for events in &own {
                let buffer = HistoryBuffer::of(events);
                let subject = self.subject(buffer.as_history());
                black_box(evaluate(&condition, &subject, generate::now()));
            }
        });
        let micros = |took: Duration| took.as_secs_f64() * 1e6 / some.len() as f64;
        let note =
            format!("the mean of {}; of events just read {:.1} µs", some.len(), micros(told));
        Ok(vec![Line::new("one customer", micros(archived), "µs", "under 20", note)])
    }
}

/// The `index`-th of many questions of all sorts.
fn question(index: usize) -> String {
    let days = 30 + index * 7 % 330;
    let times = 1 + index % 4;
    let every = |what: &str| if times == 1 { what.to_owned() } else { format!("{what}s") };
    let often = format!("at least {times} {}", every("time"));
    match index % 10 {
        0 => format!("ordered {often} in the last {days} days"),
        1 => format!("viewed a product {often} in the last {days} days"),
        2 => format!("spent at least {} EUR in the last {days} days", 10 * (1 + index)),
        3 => format!("opened an email 0 times in the last {days} days"),
        4 => format!("bought a product in category \"Kettles\" {often}"),
        5 => format!("last order was at least {days} days ago"),
        6 => format!("clicked an email {often} and ordered 0 times in the last {days} days"),
        7 => format!("started a checkout {often} since their last order"),
        8 => format!("average order is worth at least {} EUR", 5 * (1 + index)),
        _ => format!(
            "viewed a product in category \"Cups\" in the last {days} days and not \
             bought a product in category \"Cups\""
        ),
    }
}

/// The archive in files: written, and opened as a start does.
fn files(mut archive: Archive, export: Option<&Path>) -> Result<Vec<Line>> {
    let folder = tempfile::tempdir()?;
    let folder = export.unwrap_or(folder.path());
    let begin = Instant::now();
    let written = archive.snapshot().save(folder, "bench")?;
    let saved = begin.elapsed();
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    let rows = archive.rows();
    drop(archive);
    let mut opened = Duration::MAX;
    for _ in 0..RUNS {
        let begin = Instant::now();
        let again = Archive::open(folder, |_, _| Ok(true))?.context("an archive just saved")?;
        opened = opened.min(begin.elapsed());
        ensure!(again.rows() == rows, "{} rows of {rows} came back", again.rows());
    }
    let note = format!(
        "{written} files of {} MB together, written in {:.1} s",
        bytes / 1_000_000,
        saved.as_secs_f64()
    );
    let seconds = opened.as_secs_f64();
    Ok(vec![Line::new("start with a warm archive", seconds, "s", "under 3", note)])
}

/// The archive of the log of a real store.
fn rebuild(customers: &[CustomerId], args: &BenchArgs) -> Result<Line> {
    let folder = tempfile::tempdir()?;
    let place = folder.path().join("store");
    let store = Store::open(place.to_str().context("a plain path")?)?;
    let events = LOG_EVENTS.min(args.events);
    generate::fill_store(&store, customers, args.events, events)?;
    let engine = Engine::open(store, None)?;
    let mut rows = 0;
    let mut took = Duration::MAX;
    for _ in 0..RUNS {
        let begin = Instant::now();
        rows = engine.archive_of_log()?.rows();
        took = took.min(begin.elapsed());
    }
    let note = format!(
        "{} events of an embedded store, {} rows, in {:.2} s",
        count(events),
        count(rows as u64),
        took.as_secs_f64()
    );
    let per_second = events as f64 / took.as_secs_f64();
    Ok(Line::new("archive of a log", per_second, "events a second", "at least 1000000", note))
}

fn best(mut run: impl FnMut()) -> Duration {
    (0..RUNS)
        .map(|_| {
            let begin = Instant::now();
            run();
            begin.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}
