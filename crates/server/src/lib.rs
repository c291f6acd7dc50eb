//! The binary `aftercart`: commands, configuration, the demo shop.
//!
//! A command reads its arguments, calls the engine and prints; it decides nothing.

mod cli;
mod commands;
mod config;
pub mod demo;
mod output;
mod shop;

use std::{
    ffi::OsString,
    io::{self, IsTerminal},
    process::ExitCode,
};

use anyhow::Result;
use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, LogFormat};

/// Runs one command line; the first argument is the program's name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(err) => {
            // Help and version are results, all else is the caller's mistake.
            if err.use_stderr() {
                // The line was not understood, so its words are looked at.
                let is_json = args.iter().take_while(|it| *it != "--").any(|it| it == "--json");
                tell_error(&cli::mistake(&err), is_json);
            } else {
                // Nobody is left to tell if standard output is gone.
                let _ = err.print();
            }
            return ExitCode::from(u8::try_from(err.exit_code()).unwrap_or(2));
        }
    };
    start_log(&cli);
    match dispatch(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            tell_error(&format!("{err:#}"), cli.common.json);
            ExitCode::FAILURE
        }
    }
}

fn tell_error(message: &str, is_json: bool) {
    if is_json {
        eprintln!("{}", serde_json::json!({ "error": { "message": message } }));
    } else {
        eprintln!("error: {message}");
    }
}

fn dispatch(cli: &Cli) -> Result<()> {
    let common = &cli.common;
    match &cli.command {
        Command::Demo(args) => commands::demo::run(common, args),
        Command::Serve(args) => commands::serve::run(common, args),
        Command::Backfill(command) => commands::backfill::run(common, command),
        Command::Import(command) => commands::import::run(common, command),
        Command::Events(command) => commands::events::run(common, command),
        Command::Segment(command) => commands::segment::run(common, command),
        Command::List(command) => commands::list::run(common, command),
        Command::Customer(command) => commands::customer::run(common, command),
        Command::Recommend(command) => commands::recommend::run(common, command),
        Command::Flow(command) => commands::flow::run(common, command),
        Command::Email(command) => commands::email::run(common, command),
        Command::Report(args) => commands::report::run(common, args),
        Command::Assist(args) => commands::assist::run(common, args),
        Command::Bench(args) => commands::bench::run(common, args),
    }
}

/// Logs go to standard error; `AFTERCART_LOG` sets what is said, `warn` if it is not set.
fn start_log(cli: &Cli) {
    let level = if matches!(cli.command, Command::Serve(_)) { "info" } else { "warn" };
    let filter = EnvFilter::try_from_env("AFTERCART_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // A second start in one process, as in tests, keeps the first log.
    let _ = match cli.log_format {
        // Colours are for a terminal; in a file they are noise.
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).without_time().try_init(),
        LogFormat::Json => log.json().with_span_list(false).try_init(),
    };
}
