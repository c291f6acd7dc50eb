//! `aftercart segment`: which customers meet a condition, and the conditions that are kept.

use std::io::{BufWriter, Write};

use aftercart_engine::{ExportFormat, Overlap, SegmentCount, SegmentListing, SegmentWhy};
use aftercart_model::{SegmentId, Timestamp};
use anyhow::{Context, Result, bail};
use clap::ValueEnum as _;
use jiff::{SignedDuration, ToSpan, civil::Date, tz::TimeZone};
use serde::Serialize;

use super::customer::private_file;
use crate::{
    cli::{
        Common, ExportForm, SegmentArgs, SegmentCommand, SegmentDeleteArgs, SegmentExportArgs,
        SegmentListArgs, SegmentOverlapArgs, SegmentSaveArgs, SegmentWhyArgs,
    },
    output::{Output, Table, count, customers as customers_of},
    shop::{self, Opened},
};

/// A log whose newest event is older than this explains an empty answer to "in the last 30 days".
const STALE: SignedDuration = SignedDuration::from_hours(24 * 30);

pub fn run(common: &Common, command: &SegmentCommand) -> Result<()> {
    let output = Output::new(common);
    let shop = shop::open(common)?;
    match command {
        SegmentCommand::Count(args) => count_members(output, &shop, args),
        SegmentCommand::List(args) => match &args.condition {
            Some(condition) => list(output, &shop, condition, args),
            None => list_segments(output, &shop, args),
        },
        SegmentCommand::Save(args) => save(output, &shop, args),
        SegmentCommand::Delete(args) => delete(output, &shop, args),
        SegmentCommand::Export(args) => export(output, &shop, args),
        SegmentCommand::Overlap(args) => overlap(output, &shop, args),
        SegmentCommand::Why(args) => why(output, &shop, args),
    }
}

fn list_segments(output: Output, shop: &Opened, args: &SegmentListArgs) -> Result<()> {
    let segments = shop.engine.list_segments(as_of(shop, args.as_of)?)?;
    output.result(&segments, || {
        let mut table = Table::new(&["segment", " customers", "used by", "name"]);
        for it in &segments {
            table.row([
                it.id.to_string(),
                it.customers.map(count).unwrap_or_else(|| "–".to_owned()),
                used_by(it),
                it.name.clone(),
            ]);
        }
        table.to_string()
    })
}

fn used_by(it: &SegmentListing) -> String {
    it.used_by.iter().map(|it| it.flow.as_str()).collect::<Vec<_>>().join(", ")
}

#[derive(Serialize)]
struct Saved {
    segment: SegmentId,
    name: String,
    condition: String,
    customers: u64,
}

fn save(output: Output, shop: &Opened, args: &SegmentSaveArgs) -> Result<()> {
    let id = SegmentId::new(args.segment.clone())?;
    let condition = shop.engine.read_condition(&args.condition)?;
    let now = shop.now();
    let saved = shop.engine.save_segment(&id, args.name.as_deref(), &condition, now)?;
    let counted = shop.engine.count_segment(&condition, now)?;
    let customers = counted.customers;
    let saved = Saved { segment: id, name: saved.name, condition: saved.condition, customers };
    output.result(&saved, || {
        format!("Kept as `{}`: {} now", saved.segment, customers_of(saved.customers))
    })?;
    for finding in &counted.findings {
        output.hint(format!("\nCheck: {finding}"));
    }
    Ok(())
}

#[derive(Serialize)]
struct Deleted {
    deleted: SegmentId,
}

fn delete(output: Output, shop: &Opened, args: &SegmentDeleteArgs) -> Result<()> {
    let id = SegmentId::new(args.segment.clone())?;
    shop.engine.delete_segment(&id)?;
    let deleted = Deleted { deleted: id };
    output.result(&deleted, || format!("Segment `{}` is deleted", deleted.deleted))
}

#[derive(Serialize)]
struct Exported {
    file: String,
    customers: u64,
}

fn export(output: Output, shop: &Opened, args: &SegmentExportArgs) -> Result<()> {
    let condition = shop.engine.condition(&args.ask.condition)?;
    let now = as_of(shop, args.ask.as_of)?;
    let ending = args.out.as_ref().and_then(|it| it.extension()?.to_str());
    let by_ending = ending.and_then(|it| ExportForm::from_str(it, true).ok());
    let format = match args.form.or(by_ending).unwrap_or(ExportForm::Csv) {
        ExportForm::Csv => ExportFormat::Csv,
        ExportForm::Ndjson => ExportFormat::Ndjson,
        ExportForm::Parquet => ExportFormat::Parquet,
    };
    let Some(file) = &args.out else {
        // The members are the result, asked for as JSON or not.
        let mut out = BufWriter::new(std::io::stdout());
        return match shop.engine.export_segment(&condition, format, now, &mut out) {
            Err(err) if is_broken_pipe(&err) => Ok(()),
            other => other.map(drop),
        };
    };
    let out = private_file(file);
    let out = out.with_context(|| format!("cannot write `{}`", file.display()))?;
    let mut out = BufWriter::new(out);
    let customers = shop.engine.export_segment(&condition, format, now, &mut out)?;
    out.flush().with_context(|| format!("cannot write `{}`", file.display()))?;
    let exported = Exported { file: file.display().to_string(), customers };
    output.result(&exported, || format!("{}: {}", exported.file, customers_of(customers)))
}

fn is_broken_pipe(err: &anyhow::Error) -> bool {
    let is_it = |it: &std::io::Error| it.kind() == std::io::ErrorKind::BrokenPipe;
    err.chain().any(|it| it.downcast_ref().is_some_and(is_it))
}

fn overlap(output: Output, shop: &Opened, args: &SegmentOverlapArgs) -> Result<()> {
    let now = as_of(shop, args.as_of)?;
    let overlaps = shop.engine.overlap_segments(&args.conditions, now)?;
    output.result(&overlaps, || {
        let mut table = Table::new(&["one", "other", " in both", " only in one", " only in other"]);
        for Overlap { one, other, both, only_one, only_other } in &overlaps {
            table.row([
                shortened(one, 40),
                shortened(other, 40),
                count(*both),
                count(*only_one),
                count(*only_other),
            ]);
        }
        table.to_string()
    })
}

fn why(output: Output, shop: &Opened, args: &SegmentWhyArgs) -> Result<()> {
    let condition = shop.engine.condition(&args.ask.condition)?;
    let now = as_of(shop, args.ask.as_of)?;
    let why = shop.engine.explain_segment(&condition, &args.customer, now)?;
    if why.customer.is_none() {
        bail!(
            "there is no customer `{}`; give the shop's id, an email address or our number",
            args.customer
        );
    }
    output.result(&why, || told(&why, &shop.engine.shop().zone()))
}

fn told(why: &SegmentWhy, zone: &TimeZone) -> String {
    let mut text =
        format!("{} is {}\n\n", why.name, if why.is_met { "in it" } else { "not in it" });
    for it in &why.clauses {
        let mark = if it.is_met { "yes" } else { "no " };
        let indent = "  ".repeat(it.depth as usize);
        let clause = it.clause.split_whitespace().collect::<Vec<_>>().join(" ");
        text.push_str(&format!("{indent}{mark} {clause}"));
        if !it.found.is_empty() {
            text.push_str(&format!(": {}", it.found));
        }
        text.push('\n');
    }
    match why.until {
        Some(until) => {
            let until = until.to_zoned(zone.clone()).strftime("%-d %B %Y at %H:%M");
            text.push_str(&format!("\nUntil {until}, if nothing happens\n"));
        }
        None => text.push_str("\nTime alone does not change this\n"),
    }
    text
}

fn count_members(output: Output, shop: &Opened, args: &SegmentArgs) -> Result<()> {
    let condition = shop.engine.condition(&args.condition)?;
    let as_of = as_of(shop, args.as_of)?;
    let counted = shop.engine.count_segment(&condition, as_of)?;
    output.result(&counted, || describe(&counted))?;
    for finding in &counted.findings {
        output.hint(format!("\nCheck: {finding}"));
    }
    hint_if_stale(output, shop, counted.newest_event_at, as_of);
    Ok(())
}

fn describe(counted: &SegmentCount) -> String {
    let mut text = format!(
        "{} of {}\n\n{}\n\n",
        count(counted.customers),
        customers_of(counted.of_customers),
        counted.condition.trim_end()
    );
    if counted.clauses.len() > 1 {
        let mut table = Table::new(&["what each clause leaves", " left", " removed"]);
        table.row(["all customers".to_owned(), count(counted.of_customers), String::new()]);
        for clause in &counted.clauses {
            let one_line = clause.clause.split_whitespace().collect::<Vec<_>>().join(" ");
            let removed = if clause.removed == 0 {
                "0".to_owned()
            } else {
                format!("−{}", count(clause.removed))
            };
            table.row([shortened(&one_line, 72), count(clause.left), removed]);
        }
        text.push_str(&format!("{table}\n"));
    }
    text.push_str(&format!(
        "{} can be mailed; {} never agreed or withdrew, {} are suppressed, {} have no address\n",
        count(counted.mailable),
        count(counted.without_consent),
        count(counted.suppressed),
        count(counted.without_address),
    ));
    text
}

fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars_max - 1).collect();
    format!("{kept}…")
}

fn list(output: Output, shop: &Opened, condition: &str, args: &SegmentListArgs) -> Result<()> {
    let condition = shop.engine.condition(condition)?;
    let as_of = as_of(shop, args.as_of)?;
    let members = shop.engine.list_segment(&condition, args.limit, as_of)?;
    let (currency, zone) = (shop.engine.shop().currency, shop.engine.shop().zone());
    output.result(&members, || {
        let heads = ["customer", "name", "country", "last order", "on", " worth"];
        let mut table = Table::new(&heads);
        for member in &members {
            let on = member.last_order_at.map(|at| zone.to_datetime(at).date().to_string());
            table.row([
                member.id.clone(),
                member.name.clone(),
                member.country.clone().unwrap_or_default(),
                member.last_order.as_ref().map(ToString::to_string).unwrap_or_default(),
                on.unwrap_or_default(),
                member.last_order_minor.map(|it| currency.format(it)).unwrap_or_default(),
            ]);
        }
        table.to_string()
    })?;
    if members.len() == args.limit {
        output.hint(format!("These are the first {}; ask for more with --limit.", args.limit));
    }
    if members.is_empty() {
        let counted = shop.engine.count_segment(&condition, as_of)?;
        output
            .hint("Nobody meets this condition; `segment count` shows which clause removes whom.");
        hint_if_stale(output, shop, counted.newest_event_at, as_of);
    }
    Ok(())
}

/// The end of the day that was asked for, in the shop's zone; else now.
fn as_of(shop: &Opened, day: Option<Date>) -> Result<Timestamp> {
    let Some(day) = day else { return Ok(shop.now()) };
    let after = day.saturating_add(1.day()).to_datetime(jiff::civil::Time::midnight());
    let zone = shop.engine.shop().zone();
    zone.to_ambiguous_timestamp(after).compatible().context("--as-of is outside the calendar")
}

fn hint_if_stale(output: Output, shop: &Opened, newest: Option<Timestamp>, as_of: Timestamp) {
    if let Some(newest) = newest.filter(|it| STALE < as_of.duration_since(*it)) {
        let day = shop.engine.shop().zone().to_datetime(newest).date();
        output.hint(format!(
            "\nThe newest event in this store is of {day}; to ask as of that day: --as-of {day}"
        ));
    }
}
