//! `aftercart flow`: check, launch, pause, retry and replay.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use aftercart_engine::ReplaySource;
use aftercart_flow::{Flow, Replay, lint};
use aftercart_model::{CustomerId, FlowId};
use anyhow::{Context, Result};
use serde::Serialize;

use crate::{
    cli::{Common, FlowCommand, FlowLintArgs, FlowNameArgs, ReplayArgs},
    output::{Output, Table, count},
    shop,
};

pub fn run(common: &Common, command: &FlowCommand) -> Result<()> {
    match command {
        FlowCommand::Replay(args) => replay(common, args),
        FlowCommand::Lint(args) => lint_flow(common, args),
        FlowCommand::Launch(args) => launch(common, args),
        FlowCommand::Pause(args) => pause(common, args),
        FlowCommand::Retry(args) => retry(common, args),
    }
}

#[derive(Serialize)]
struct Replayed {
    source: ReplaySource,
    #[serde(flatten)]
    replay: Replay,
}

fn replay(common: &Common, args: &ReplayArgs) -> Result<()> {
    let output = Output::new(common);
    let shop = shop::open(common)?;
    let id = FlowId::new(&*args.flow)?;
    let spinner = output.spinner("Replaying");
    let (source, replay) = shop.engine.replay_flow(&id, args.from, args.to)?;
    spinner.finish_and_clear();
    let ids: Vec<CustomerId> = replay.traces.iter().map(|it| it.customer).collect();
    let names = shop.engine.shop_ids(&ids)?;
    let names: BTreeMap<CustomerId, String> = ids.into_iter().zip(names).collect();
    let replayed = Replayed { source, replay };
    output.result(&replayed, || {
        let mut text = String::new();
        let which = match &replayed.source {
            ReplaySource::Shipped => "as shipped".to_owned(),
            ReplaySource::Stored { version } => format!("version {version}"),
        };
        let _ = writeln!(text, "{} ({which}), {} to {}\n", id, args.from, args.to);
        text.push_str(&describe(&replayed.replay, &names));
        text
    })?;
    if replayed.replay.orders == 0
        && let Some(newest) = shop.engine.store().read(|tx| tx.newest_event_at())?
    {
        let day = shop.engine.shop().zone().to_datetime(newest).date();
        output.hint(format!(
            "\nNo order was placed in this time; the newest event in this store is of {day}"
        ));
    }
    Ok(())
}

fn describe(replay: &Replay, names: &BTreeMap<CustomerId, String>) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} orders of {} customers in this time: {} enrolled, {} of them held out by lot",
        count(replay.orders),
        count(replay.customers),
        count(replay.enrolled),
        count(replay.held_out),
    );
    let _ = writeln!(
        text,
        "{} of the orders did not enrol: their customers had been in the flow lately",
        count(replay.refused),
    );
    let _ = writeln!(
        text,
        "{} emails; {} left by ordering again, {} otherwise, {} went through, {} are still in it\n",
        count(replay.messages),
        count(replay.left_by_purchase),
        count(replay.left_otherwise),
        count(replay.completed),
        count(replay.still_in),
    );
    let mut table =
        Table::new(&["step", " emails", " ordered again", " left otherwise", " still in"]);
    let blank_if_none = |it: u64| if it == 0 { "·".to_owned() } else { count(it) };
    for step in &replay.steps {
        table.row([
            step.title.clone(),
            blank_if_none(step.messages),
            blank_if_none(step.left_by_purchase),
            blank_if_none(step.left_otherwise),
            blank_if_none(step.still_in),
        ]);
    }
    let _ = writeln!(text, "{table}");
    let _ = writeln!(text, "{} of these enrolments, drawn by lot:", replay.traces.len());
    for trace in &replay.traces {
        let name = names.get(&trace.customer).map_or("", String::as_str);
        let _ = writeln!(text, "\n  customer {name}, order {}", trace.trigger_order);
        for line in &trace.lines {
            let _ = writeln!(text, "    {}  {}", line.local, line.text);
        }
    }
    let _ = writeln!(text, "\nTaken as given:");
    for assumption in &replay.assumptions {
        let _ = writeln!(text, "  - {assumption}");
    }
    text
}

#[derive(Serialize)]
struct LintResult {
    flow: FlowId,
    findings: Vec<aftercart_flow::Finding>,
}

fn lint_flow(common: &Common, args: &FlowLintArgs) -> Result<()> {
    let output = Output::new(common);
    let document = if Path::new(&args.flow).is_file() {
        std::fs::read_to_string(&args.flow)
            .with_context(|| format!("cannot read `{}`", args.flow))?
    } else {
        let id = FlowId::new(&*args.flow)?;
        shop::open(common)?.engine.flow_document(&id)?
    };
    let flow = Flow::parse(&document)?;
    let findings = lint(&flow);
    let result = LintResult { flow: flow.id().clone(), findings };
    output.result(&result, || {
        if result.findings.is_empty() {
            return format!("{}: nothing to mend", result.flow);
        }
        let place = |it: &aftercart_flow::Finding| match &it.step {
            Some(step) => format!("{}: step `{step}`: {}", result.flow, it.text),
            None => format!("{}: {}", result.flow, it.text),
        };
        let lines = result.findings.iter().map(place);
        lines.collect::<Vec<_>>().join("\n")
    })?;
    let refused = result.findings.iter().any(|it| it.level == aftercart_flow::Level::Refused);
    anyhow::ensure!(!refused, "flow `{}` cannot be launched as it is", result.flow);
    Ok(())
}

fn launch(common: &Common, args: &FlowNameArgs) -> Result<()> {
    let shop = shop::open(common)?;
    let id = FlowId::new(&*args.flow)?;
    shop.engine.launch_campaign(&id, shop.now())?;
    let state = serde_json::json!({ "flow": id, "state": "live" });
    Output::new(common).result(&state, || {
        format!("{id} is live: it enrols customers who order from now on, and mails them")
    })
}

fn retry(common: &Common, args: &FlowNameArgs) -> Result<()> {
    let shop = shop::open(common)?;
    let id = FlowId::new(&*args.flow)?;
    let customers = shop.engine.retry_set_aside(&id, shop.now())?;
    let retried = serde_json::json!({ "flow": id, "customers": customers });
    Output::new(common).result(&retried, || match customers {
        0 => format!("nobody is stuck in {id}"),
        _ => format!("{} stuck in {id} are tried again", count(customers)),
    })
}

fn pause(common: &Common, args: &FlowNameArgs) -> Result<()> {
    let shop = shop::open(common)?;
    let id = FlowId::new(&*args.flow)?;
    shop.engine.pause_flow(&id, shop.now())?;
    let state = serde_json::json!({ "flow": id, "state": "paused" });
    Output::new(common).result(&state, || {
        format!("{id} is paused: nobody is enrolled or mailed until `aftercart flow launch {id}`")
    })
}
