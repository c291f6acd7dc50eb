//! The binary `aftercart`: commands, configuration, the demo shop.
//!
//! A command reads its arguments, calls the engine and prints; it decides nothing.

mod cli;
mod commands;
mod config;
pub mod demo;
mod output;
mod shop;

use std::{ffi::OsString, process::ExitCode};

use anyhow::Result;
use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command};

/// Runs one command line; the first argument is the program's name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(err) => {
            // Help and version are results, all else is the caller's mistake.
            let _ = err.print();
            return ExitCode::from(u8::try_from(err.exit_code()).unwrap_or(2));
        }
    };
    start_log(&cli);
    match dispatch(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            if cli.common.json {
                eprintln!("{}", serde_json::json!({ "error": { "message": format!("{err:#}") } }));
            } else {
                eprintln!("error: {err:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: &Cli) -> Result<()> {
    let common = &cli.common;
    match &cli.command {
        Command::Demo(args) => commands::demo::run(common, args),
        Command::Serve(args) => commands::serve::run(common, args),
        Command::Import(command) => commands::import::run(common, command),
        Command::Segment(command) => commands::segment::run(common, command),
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
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process, as in tests, keeps the first log.
    let _ = log.without_time().try_init();
}
