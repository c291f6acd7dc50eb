//! The command line: what `aftercart` understands.
//!
//! The forms of these commands stay as they are: scripts rest on them.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

/// The email engine for what happens after an order.
#[derive(Debug, Parser)]
#[command(name = "aftercart", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Where the data is: a folder, or a postgres:// address [default: ./aftercart-data]
    #[arg(long, global = true, value_name = "PATH-OR-URL")]
    pub store: Option<String>,
    /// The configuration file (TOML)
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Print results and errors only: no progress, no hints
    #[arg(long, global = true)]
    pub quiet: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fill a store with the sample shop, live through 60 days of it, and show the console
    Demo(DemoArgs),
    /// Run the engine: console, API, public pages, and the work that comes due
    Serve(ServeArgs),
    /// Read a shop's data from files
    #[command(subcommand)]
    Import(ImportCommand),
    /// Ask which customers meet a condition
    #[command(subcommand)]
    Segment(SegmentCommand),
    /// What goes with a product, and what a customer would be shown
    #[command(subcommand)]
    Recommend(RecommendCommand),
    /// Check, launch and replay flows
    #[command(subcommand)]
    Flow(FlowCommand),
    /// Render and check emails
    #[command(subcommand)]
    Email(EmailCommand),
    /// What a flow's emails did
    Report(ReportArgs),
    /// From a sentence to a proposal
    Assist(AssistArgs),
    /// Measure speed beside what the machine can do at all
    Bench(BenchArgs),
}

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Begin again: empties the store first, if it holds a sample shop
    #[arg(long)]
    pub fresh: bool,
    /// Where the console listens [default: 127.0.0.1:7878]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Stop after the simulation, without the console
    #[arg(long)]
    pub no_serve: bool,
    /// How many days to live through
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub days: u32,
    /// Another seed gives another shop, and other luck with who is held out
    #[arg(long, default_value_t = 2)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen [default: 127.0.0.1:7878]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Past orders; they teach and count, and trigger nothing
    Orders(ImportOrdersArgs),
}

#[derive(Debug, Args)]
pub struct ImportOrdersArgs {
    /// CSV files, plain or zstd
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    #[arg(long)]
    pub format: OrdersFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum OrdersFormat {
    /// Online Retail and Online Retail II, as UCI publishes them
    OnlineRetail,
}

#[derive(Debug, Subcommand)]
pub enum SegmentCommand {
    /// How many customers meet the condition, and what each clause leaves
    Count(SegmentArgs),
    /// Who they are
    List(SegmentListArgs),
}

#[derive(Debug, Args)]
pub struct SegmentArgs {
    /// The condition in words, or the name of a stored segment
    pub condition: String,
    /// Ask as of this day's end instead of now
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Date>,
}

#[derive(Debug, Args)]
pub struct SegmentListArgs {
    #[command(flatten)]
    pub ask: SegmentArgs,
    /// At most so many customers
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
}

#[derive(Debug, Subcommand)]
pub enum RecommendCommand {
    /// What goes with a product and what is the better version of it
    Product(RecommendProductArgs),
    /// What a customer would be shown after the last order
    Customer(RecommendCustomerArgs),
}

#[derive(Debug, Args)]
pub struct RecommendProductArgs {
    /// The shop's code of the product
    pub code: String,
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=50))]
    pub limit: u16,
}

#[derive(Debug, Args)]
pub struct RecommendCustomerArgs {
    /// The shop's id of the customer, or an email address
    pub customer: String,
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=50))]
    pub limit: u16,
}

#[derive(Debug, Subcommand)]
pub enum FlowCommand {
    /// Run a flow over the shop's past orders: who would have got what, and who would have left
    Replay(ReplayArgs),
    /// Check a flow, stored or in a file
    Lint(FlowLintArgs),
    /// Let a flow enrol and mail
    Launch(FlowNameArgs),
    /// Stop enrolling and mailing until it is resumed
    Pause(FlowNameArgs),
}

#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The flow's id
    pub flow: String,
    /// The first day, in the shop's time zone
    #[arg(long, value_name = "DATE")]
    pub from: Date,
    /// The last day, included
    #[arg(long, value_name = "DATE")]
    pub to: Date,
}

#[derive(Debug, Args)]
pub struct FlowLintArgs {
    /// The flow's id, or a YAML file
    pub flow: String,
}

#[derive(Debug, Args)]
pub struct FlowNameArgs {
    /// The flow's id
    pub flow: String,
}

#[derive(Debug, Subcommand)]
pub enum EmailCommand {
    /// Write the email a real customer would get
    Render(EmailRenderArgs),
    /// Check an email, stored or in a file
    Lint(EmailLintArgs),
}

#[derive(Debug, Args)]
pub struct EmailRenderArgs {
    /// The template's id: offer, discount, social-proof, nudge, feedback
    pub template: String,
    /// The shop's id of the customer, or an email address
    #[arg(long, value_name = "ID")]
    pub customer: String,
    /// Where to write the HTML; the text part goes beside it, as .txt
    #[arg(long, value_name = "FILE.html")]
    pub out: PathBuf,
}

#[derive(Debug, Args)]
pub struct EmailLintArgs {
    /// The template's id, or a YAML file
    pub template: String,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The flow's id
    pub flow: String,
}

#[derive(Debug, Args)]
pub struct AssistArgs {
    /// What you want, in your own words
    pub sentence: String,
    /// Keep the proposal's segment, emails and flow as drafts
    #[arg(long)]
    pub apply: bool,
}

#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Only this part
    pub part: Option<BenchPart>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchPart {
    Import,
    Replay,
    Render,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn common_options_stand_before_or_after_the_command() {
        let read = |line: &str| Cli::try_parse_from(line.split(' ')).unwrap().common;
        assert!(read("aftercart --json report upsell-cross-sell").json);
        assert_eq!(read("aftercart demo --store ./x --quiet").store.as_deref(), Some("./x"));
    }
}
