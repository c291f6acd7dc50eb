//! `aftercart segment`: which customers meet a condition.

use aftercart_engine::SegmentCount;
use aftercart_model::Timestamp;
use anyhow::{Context, Result};
use jiff::{SignedDuration, ToSpan};

use crate::{
    cli::{Common, SegmentArgs, SegmentCommand, SegmentListArgs},
    output::{Output, Table, count},
    shop::{self, Opened},
};

/// A log whose newest event is older than this explains an empty answer to "in the last 30 days".
const STALE: SignedDuration = SignedDuration::from_hours(24 * 30);

pub fn run(common: &Common, command: &SegmentCommand) -> Result<()> {
    match command {
        SegmentCommand::Count(args) => count_members(common, args),
        SegmentCommand::List(args) => list(common, args),
    }
}

fn count_members(common: &Common, args: &SegmentArgs) -> Result<()> {
    let output = Output::new(common);
    let shop = shop::open(common)?;
    let condition = shop.engine.condition(&args.condition)?;
    let as_of = as_of(&shop, args)?;
    let counted = shop.engine.count_segment(&condition, as_of)?;
    output.result(&counted, || describe(&counted))?;
    for finding in &counted.findings {
        output.hint(format!("\nCheck: {finding}"));
    }
    hint_if_stale(output, &shop, counted.newest_event_at, as_of);
    Ok(())
}

fn describe(counted: &SegmentCount) -> String {
    let mut text = format!(
        "{} of {} customers\n\n{}\n\n",
        count(counted.customers),
        count(counted.of_customers),
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

fn list(common: &Common, args: &SegmentListArgs) -> Result<()> {
    let output = Output::new(common);
    let shop = shop::open(common)?;
    let condition = shop.engine.condition(&args.ask.condition)?;
    let as_of = as_of(&shop, &args.ask)?;
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
        hint_if_stale(output, &shop, counted.newest_event_at, as_of);
    }
    Ok(())
}

/// The end of the day that was asked for, in the shop's zone; else now.
fn as_of(shop: &Opened, args: &SegmentArgs) -> Result<Timestamp> {
    let Some(day) = args.as_of else { return Ok(shop.now()) };
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
