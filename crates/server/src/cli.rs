//! The command line: what `aftercart` understands.
//!
//! The forms of these commands stay as they are: scripts rest on them.

use std::{net::SocketAddr, path::PathBuf};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    error::{ContextKind, ErrorKind},
};
use jiff::civil::{Date, date};

const ABOUT: &str = "The email engine for what happens after an order: offers, reminders and \
reviews that stop the moment the customer buys again. One binary, one store, nothing else to run.";

/// The commands by use; a list in the order of the alphabet says nothing.
const HELP: &str = "\
{before-help}{about}

{usage-heading} {usage}

See it at work:
  demo       Fill a store with the sample shop, live through 60 days of it, show the console

Your own shop:
  import     Read customers, products, orders, events and reviews from files
  backfill   Fetch the past from WooCommerce or Shopify
  serve      Run the engine: console, event API, public pages, and the work that comes due

Ask:
  events     What arrives, and what became of it
  segment    Which customers meet a condition, and the conditions you keep
  recommend  What goes with a product, and what a customer would be shown
  report     What a flow's emails did

Customers:
  customer   Hand out or erase what is kept of somebody, see who asked for it
  list       Customers gathered by hand or from a file

Campaigns:
  assist     From a sentence to a proposal
  flow       Check, launch, pause and replay flows
  email      Render and check emails

And:
  bench      Measure speed beside what the machine can do at all
  help       Show this, or the help of a command

Options:
{options}{after-help}";

const EXAMPLES: &str = "\
Examples:
  aftercart demo
  aftercart import orders orders.csv --dry-run --store ./my-shop
  aftercart serve --store ./my-shop
  aftercart segment count 'ordered at least 2 times in the last 90 days'
  aftercart flow replay upsell-cross-sell --from 2011-03-01 --to 2011-05-31";

/// What `aftercart` was asked.
#[derive(Debug, Parser)]
#[command(
    name = "aftercart",
    version,
    about = ABOUT,
    long_about = ABOUT,
    help_template = HELP,
    after_help = EXAMPLES,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    /// How the log is written to standard error; AFTERCART_LOG sets what is said, such as `debug`
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line for people
    Text,
    /// One JSON object a line, with its instant and the request it is about
    Json,
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
    /// Fetch a shop's past from its platform; it teaches and counts, and triggers nothing
    #[command(subcommand)]
    Backfill(BackfillCommand),
    /// What arrives, and what became of it
    #[command(subcommand)]
    Events(EventsCommand),
    /// Ask which customers meet a condition, and keep conditions as segments
    #[command(subcommand)]
    Segment(SegmentCommand),
    /// Customers gathered by hand or from a file
    ///
    /// To be on a list says nothing about what somebody agreed to, and nobody is made by being put on
    /// one.
    #[command(subcommand)]
    List(ListCommand),
    /// What goes with a product, and what a customer would be shown
    #[command(subcommand)]
    Recommend(RecommendCommand),
    /// Hand out or erase what is kept of somebody, see who asked for it
    #[command(subcommand)]
    Customer(CustomerCommand),
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
    #[arg(long, value_name = "ADDR", value_parser = read_address)]
    pub listen: Option<SocketAddr>,
    /// Stop after the simulation, without the console
    #[arg(long)]
    pub no_serve: bool,
    /// How many days to live through
    #[arg(long, default_value_t = 60, value_parser = number::<u32, 1, 365>, allow_negative_numbers = true)]
    pub days: u32,
    /// Another seed gives another shop, and other luck with who is held out
    #[arg(long, default_value_t = 2)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen [default: 127.0.0.1:7878]
    #[arg(long, value_name = "ADDR", value_parser = read_address)]
    pub listen: Option<SocketAddr>,
    /// Make an empty store if there is none; a shop described in the configuration needs no word
    #[arg(long)]
    pub create: bool,
}

#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Customers, and what they agreed to as far as the file says so
    Customers(ImportFilesArgs),
    /// The catalogue
    Products(ImportFilesArgs),
    /// Past orders; they teach and count, and trigger nothing
    Orders(ImportFilesArgs),
    /// Past events: CSV, or NDJSON in the form of Segment's libraries
    Events(ImportFilesArgs),
    /// Reviews of products
    Reviews(ImportFilesArgs),
    /// The mappings of columns that are kept for the next file of the same shape
    Mappings,
}

#[derive(Debug, Args)]
pub struct ImportFilesArgs {
    /// CSV or NDJSON files: plain, gzip or zstd
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Whose export it is [default: told by the header]
    #[arg(long)]
    pub format: Option<FileFormat>,
    /// Show what each column becomes and what the first rows come to, and store nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What a column becomes: 'Column=field', 'Column=-' to pass it over; may be said again
    #[arg(long, value_name = "COLUMN=FIELD")]
    pub map: Vec<String>,
    /// A YAML file of such pairs, as `Column: field`
    #[arg(long, value_name = "FILE.yaml")]
    pub mapping: Option<PathBuf>,
    /// Where refused rows are written [default: the file's name with .rejects.csv, in this folder]
    #[arg(long, value_name = "FILE.csv")]
    pub rejects: Option<PathBuf>,
    /// Whether 01/03/2026 is 1 March (dmy) or 3 January (mdy)
    #[arg(long, value_name = "ORDER")]
    pub date_order: Option<DayOrder>,
    /// The zone of times that name none [default: the shop's]
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// The most rows of a file
    #[arg(long, value_name = "ROWS", default_value_t = 100_000_000)]
    pub rows_max: u64,
    /// The most bytes of a file, unpacked
    #[arg(long, value_name = "BYTES", default_value_t = 20_000_000_000)]
    pub bytes_max: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// Orders: Online Retail and Online Retail II, as UCI publishes them
    OnlineRetail,
    /// Reviews: Judge.me
    Judgeme,
    /// Reviews: Loox
    Loox,
    /// Reviews: Yotpo
    Yotpo,
    /// Products, customers, orders: Shopify
    Shopify,
    /// Products: WooCommerce
    Woocommerce,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DayOrder {
    Dmy,
    Mdy,
}

#[derive(Debug, Subcommand)]
pub enum BackfillCommand {
    /// Products, customers and orders by the REST API
    ///
    /// The key of the REST API (WooCommerce, Settings, Advanced, REST API), which must be allowed to
    /// read, is taken from the environment: AFTERCART_WOOCOMMERCE_KEY and
    /// AFTERCART_WOOCOMMERCE_SECRET.
    Woocommerce(BackfillWoocommerceArgs),
    /// Products, customers and orders by bulk operations of the Admin API
    ///
    /// The access token of an app that may read products, customers and all orders is taken from the
    /// environment: AFTERCART_SHOPIFY_TOKEN. Without the scope `read_all_orders` Shopify gives the
    /// orders of the last 60 days.
    Shopify(BackfillShopifyArgs),
}

#[derive(Debug, Args)]
pub struct BackfillWoocommerceArgs {
    /// The shop's address, such as https://shop.example
    #[arg(long)]
    pub url: String,
    #[command(flatten)]
    pub options: BackfillOptions,
}

#[derive(Debug, Args)]
pub struct BackfillShopifyArgs {
    /// The shop's own domain, such as example.myshopify.com
    #[arg(long, value_name = "DOMAIN")]
    pub shop: String,
    #[command(flatten)]
    pub options: BackfillOptions,
}

#[derive(Debug, Args)]
pub struct BackfillOptions {
    /// Only orders placed on this day or later; products and customers are read whole
    #[arg(long, value_name = "DATE", value_parser = read_date)]
    pub since: Option<Date>,
    /// Where the refused are written [default: woocommerce.rejects.csv or shopify.rejects.csv]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// The newest arrivals, a line each: accepted, known already, refused, passed over
    Tail(EventsTailArgs),
}

#[derive(Debug, Args)]
pub struct EventsTailArgs {
    /// Go on with what arrives from now on, until Ctrl-C
    #[arg(long)]
    pub follow: bool,
    /// Only what became this
    #[arg(long)]
    pub outcome: Option<TailOutcome>,
    /// At most so many lines to begin with
    #[arg(long, default_value_t = 20, value_parser = number::<u32, 1, 10_000>, allow_negative_numbers = true)]
    pub limit: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TailOutcome {
    /// In the log
    Accepted,
    /// It had come before
    Duplicate,
    /// Refused, with the reason
    Rejected,
    /// Taken, and nothing is kept of it
    Ignored,
}

#[derive(Debug, Subcommand)]
pub enum SegmentCommand {
    /// How many customers meet the condition, and what each clause leaves
    Count(SegmentArgs),
    /// Who they are; without a condition, the segments there are
    List(SegmentListArgs),
    /// Keep a condition under a name, or change the one that is kept
    ///
    /// Where a flow starts from the segment, whoever meets the new condition is in it from then on and
    /// has not entered it.
    Save(SegmentSaveArgs),
    /// Delete a segment that no flow starts from
    Delete(SegmentDeleteArgs),
    /// Write everybody in it to a file
    Export(SegmentExportArgs),
    /// How many customers are in each two of them, and in one alone
    Overlap(SegmentOverlapArgs),
    /// Why a customer is in it or not, clause by clause, and until when
    Why(SegmentWhyArgs),
}

#[derive(Debug, Args)]
pub struct SegmentSaveArgs {
    /// The segment's id, such as good-customers
    pub segment: String,
    /// The condition in words
    pub condition: String,
    /// What people call it [default: as before, else the id in words]
    #[arg(long)]
    pub name: Option<String>,
}

#[derive(Debug, Args)]
pub struct SegmentDeleteArgs {
    /// The segment's id
    pub segment: String,
}

#[derive(Debug, Args)]
pub struct SegmentExportArgs {
    #[command(flatten)]
    pub ask: SegmentArgs,
    /// The form of the file [default: by the file's ending, else csv]
    #[arg(long = "as", value_name = "FORM")]
    pub form: Option<ExportForm>,
    /// Where to write it; only you may read the file [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
    /// For spreadsheets; what they would run as a formula begins with an apostrophe
    Csv,
    /// One JSON object a line
    Ndjson,
    /// For DuckDB, Spark and their like; what was spent is a decimal
    Parquet,
}

#[derive(Debug, Args)]
pub struct SegmentOverlapArgs {
    /// Conditions in words, or names of stored segments
    #[arg(required = true, num_args = 2..)]
    pub conditions: Vec<String>,
    /// Ask as of this day's end instead of now
    #[arg(long, value_name = "DATE", value_parser = read_date)]
    pub as_of: Option<Date>,
}

#[derive(Debug, Args)]
pub struct SegmentWhyArgs {
    #[command(flatten)]
    pub ask: SegmentArgs,
    /// The shop's id of the customer, an email address, or our number
    pub customer: String,
}

#[derive(Debug, Subcommand)]
pub enum ListCommand {
    /// Make an empty list
    Create(ListCreateArgs),
    /// Put customers on a list
    Add(ListChangeArgs),
    /// Take customers off a list
    Remove(ListChangeArgs),
    /// Who is on a list; without a name, the lists there are
    Show(ListShowArgs),
    /// Delete a list; the customers on it stay
    Delete(ListNameArgs),
}

#[derive(Debug, Args)]
pub struct ListCreateArgs {
    /// What people call it, such as VIP
    pub name: String,
}

#[derive(Debug, Args)]
pub struct ListNameArgs {
    /// The list's name or id
    pub list: String,
}

#[derive(Debug, Args)]
pub struct ListChangeArgs {
    /// The list's name or id
    pub list: String,
    /// Email addresses or the shop's ids of customers
    #[arg(required_unless_present = "file")]
    pub customers: Vec<String>,
    /// A CSV file with a column of addresses or ids, or one of them a line
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ListShowArgs {
    /// The list's name or id
    pub list: Option<String>,
    /// At most so many customers
    #[arg(long, default_value_t = 20, value_parser = number::<usize, 1, 10_000_000>, allow_negative_numbers = true)]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct SegmentArgs {
    /// The condition in words, or the name of a stored segment
    pub condition: String,
    /// Ask as of this day's end instead of now
    #[arg(long, value_name = "DATE", value_parser = read_date)]
    pub as_of: Option<Date>,
}

#[derive(Debug, Args)]
pub struct SegmentListArgs {
    /// The condition in words, or the name of a stored segment
    pub condition: Option<String>,
    /// Ask as of this day's end instead of now
    #[arg(long, value_name = "DATE", value_parser = read_date)]
    pub as_of: Option<Date>,
    /// At most so many customers
    #[arg(long, default_value_t = 20, value_parser = number::<usize, 1, 10_000_000>, allow_negative_numbers = true)]
    pub limit: usize,
}

#[derive(Debug, Subcommand)]
pub enum RecommendCommand {
    /// What goes with a product and what is the better version of it
    Product(RecommendProductArgs),
    /// What a customer would be shown after the last order
    Customer(RecommendCustomerArgs),
    /// The shop's own rules: pin, boost, never show, always show with, never again within days
    #[command(subcommand)]
    Rules(RulesCommand),
    /// How good the recommendations are, replayed on the shop's own past
    ///
    /// Takes every customer right after an order, ranks for them with nothing but what was known that
    /// morning, and compares the list with what they bought next and had never bought.
    Eval(RecommendEvalArgs),
    /// What would have been recommended in the cases of a file, as `…,rank,product`
    ///
    /// The file has the columns `customer,as_of`, or `basket,product` for what is missing from
    /// baskets. Of everybody what was sold before the day of a case is known, of its customer what
    /// they had bought by `as_of`.
    Predict(RecommendPredictArgs),
}

#[derive(Debug, Args)]
pub struct RecommendEvalArgs {
    /// The first day to judge [default: 91 days before the last]
    #[arg(long, value_name = "DAY")]
    pub since: Option<Date>,
    /// The day after the last; orders from then on are not looked at [default: after the newest]
    #[arg(long, value_name = "DAY")]
    pub until: Option<Date>,
}

#[derive(Debug, Args)]
pub struct RecommendPredictArgs {
    /// A CSV file with the columns `customer,as_of` or `basket,product`
    #[arg(long, value_name = "FILE.csv")]
    pub cases: PathBuf,
    /// What a customer's list is to hold
    #[arg(long = "as", value_enum, default_value_t = PredictForm::CrossSell)]
    pub form: PredictForm,
    /// For baskets: what was sold before this day is known
    #[arg(long, value_name = "DAY")]
    pub before: Option<Date>,
    /// Where to write them [default: standard output]
    #[arg(long, value_name = "FILE.csv")]
    pub out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PredictForm {
    /// What they add next and never had
    CrossSell,
    /// Better versions of what they just bought
    Upsell,
    /// The next order, what they had before among it
    NextOrder,
}

#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// The rules that hold, with how many products each is about and how many lists it changes
    List,
    /// What a file would change, and nothing is changed
    Plan(RulesFileArgs),
    /// Make a file's rules the ones that hold; those it does not have go
    Apply(RulesFileArgs),
    /// Write the rules as a file
    Export(RulesExportArgs),
    /// The newest versions: since when they hold, and where they were changed
    Versions,
}

#[derive(Debug, Args)]
pub struct RulesFileArgs {
    /// A YAML file of rules; docs/reference/recommendation-rules.md says what it may have
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub struct RulesExportArgs {
    /// A version before the one that holds
    #[arg(long, value_name = "NUMBER")]
    pub version: Option<u32>,
    /// Where to write them [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct RecommendProductArgs {
    /// The shop's code of the product
    pub code: String,
    #[arg(long, default_value_t = 10, value_parser = number::<u16, 1, 50>, allow_negative_numbers = true)]
    pub limit: u16,
}

#[derive(Debug, Args)]
pub struct RecommendCustomerArgs {
    /// The shop's id of the customer, or an email address
    pub customer: String,
    #[arg(long, default_value_t = 4, value_parser = number::<u16, 1, 50>, allow_negative_numbers = true)]
    pub limit: u16,
}

#[derive(Debug, Subcommand)]
pub enum CustomerCommand {
    /// Write everything that is kept of a customer as one JSON document
    ///
    /// What they asked a platform for is noted as done.
    Export(CustomerExportArgs),
    /// Erase a customer for ever: from the store, the log, what waits to be sent
    ///
    /// Orders stay, as sales of nobody's. Their addresses stay barred, by a mark that cannot be read
    /// back. Says what will go and asks; without a terminal it needs --yes.
    Erase(CustomerEraseArgs),
    /// Let an address be imported and mailed again whose owner was erased and has come back
    Lift(CustomerLiftArgs),
    /// What people asked a platform for and somebody here is to do
    Requests(CustomerRequestsArgs),
}

/// How a customer may be named, in the help of the commands that take one.
const CUSTOMER_HELP: &str = "An email address, the shop's id, a visitor's id or a cart's token; \
    `external:7` says which of these";

#[derive(Debug, Args)]
pub struct CustomerExportArgs {
    #[arg(help = CUSTOMER_HELP)]
    pub customer: String,
    /// Where to write it; only you may read the file [default: standard output]
    #[arg(long, value_name = "FILE.json")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CustomerEraseArgs {
    #[arg(help = CUSTOMER_HELP)]
    pub customer: String,
    /// Erase without asking
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct CustomerLiftArgs {
    /// The email address
    pub address: String,
}

#[derive(Debug, Args)]
pub struct CustomerRequestsArgs {
    /// Close the request of this number, which was dealt with in another way
    #[arg(long, value_name = "NUMBER")]
    pub close: Option<u64>,
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
    /// Try customers again who were stuck in a flow and set aside
    Retry(FlowNameArgs),
}

#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The flow's id
    pub flow: String,
    /// The first day, in the shop's time zone
    #[arg(long, value_name = "DATE", value_parser = read_date)]
    pub from: Date,
    /// The last day, included
    #[arg(long, value_name = "DATE", value_parser = read_date)]
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
    /// Lines of the file whose import is measured, or of the orders that recommendations learn from
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    pub lines: u64,
    /// Customers of the shop whose segments are measured
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(10..=100_000_000))]
    pub customers: u64,
    /// Events of the shop whose segments are measured
    #[arg(long, default_value_t = 20_000_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000_000))]
    pub events: u64,
    /// Keep the archive of the shop whose segments are measured in this folder, as Parquet
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
    /// Learn recommendations from `history.csv` and `products.csv` of this folder, not from generated
    /// orders
    #[arg(long, value_name = "DIR")]
    pub history: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchPart {
    Import,
    Intake,
    Replay,
    Render,
    /// What recommendations take to learn and to answer: only when it is named
    Recommend,
    /// A shop of its own size, which takes minutes to make: only when it is named
    Segments,
}

fn read_address(text: &str) -> Result<SocketAddr, String> {
    let remedy = "not an address and a port; write them such as 127.0.0.1:7878";
    text.parse().map_err(|_| remedy.to_owned())
}

/// A whole number from `MIN` to `MAX`.
fn number<T: TryFrom<u64>, const MIN: u64, const MAX: u64>(text: &str) -> Result<T, String> {
    let number = text.parse::<u64>().ok().filter(|it| (MIN..=MAX).contains(it));
    let number = number.and_then(|it| T::try_from(it).ok());
    number.ok_or_else(|| format!("out of reach; choose a whole number from {MIN} to {MAX}"))
}

/// Years a shop may ask about. Beyond them a digit was mistyped.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2999;

/// A day as `2011-02-28`, and nothing else: a day before its month would be read as another.
fn read_date(text: &str) -> Result<Date, String> {
    let remedy = || "write year, month and day, such as 2011-02-28".to_owned();
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return Err(format!("not a date; {}", remedy()));
    };
    let number = |part: &str, digits: usize| -> Option<i16> {
        let is_number = part.len() == digits && part.bytes().all(|it| it.is_ascii_digit());
        is_number.then(|| part.parse().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
    else {
        return Err(format!("not a date; {}", remedy()));
    };
    if !YEARS.contains(&year) {
        return Err(format!("a year out of reach; choose {} to {}", YEARS.start(), YEARS.end()));
    }
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return Err(format!("not a date; {}", remedy()));
    }
    let first = date(year, i8::try_from(month).expect("at most 12"), 1);
    if i16::from(first.days_in_month()) < day {
        return Err(format!("not a date; write it as {}", first.last_of_month()));
    }
    Ok(date(year, first.month(), i8::try_from(day).expect("at most 31")))
}

/// What is wrong with a command line: one text without colours, which is also what `--json` tells.
pub fn mistake(err: &clap::Error) -> String {
    let context = |kind| err.get(kind).map(ToString::to_string);
    let reason = std::error::Error::source(err).map(ToString::to_string);
    if let (ErrorKind::ValueValidation, Some(option), Some(value), Some(reason)) =
        (err.kind(), context(ContextKind::InvalidArg), context(ContextKind::InvalidValue), reason)
    {
        let option = option.split(' ').next().unwrap_or_default();
        return format!("`{option}` is `{value}`: {reason}");
    }
    let text = err.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    // The way a command is written says how to mend it; that there is help does not.
    let text = text.split("\n\nFor more information").next().unwrap_or_default();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use insta::assert_snapshot;

    use super::*;

    fn refused(line: &[&str]) -> String {
        mistake(&Cli::try_parse_from([&["aftercart"], line].concat()).unwrap_err())
    }

    #[test]
    fn every_command_is_in_the_help() {
        let command = Cli::command();
        for it in command.get_subcommands() {
            assert!(HELP.contains(&format!("\n  {} ", it.get_name())), "{}", it.get_name());
        }
    }

    #[test]
    fn dates_are_read_in_one_form() {
        assert_eq!(read_date("2012-02-29"), Ok(date(2012, 2, 29)));
        let replay = |from: &str| {
            refused(&["flow", "replay", "x", &format!("--from={from}"), "--to", "2011-03-01"])
        };
        assert_snapshot!(replay("2011-02-30"), @"`--from` is `2011-02-30`: not a date; write it as 2011-02-28");
        assert_snapshot!(replay("30.2.2011"), @"`--from` is `30.2.2011`: not a date; write year, month and day, such as 2011-02-28");
        assert_snapshot!(replay("2011-13-01"), @"`--from` is `2011-13-01`: not a date; write year, month and day, such as 2011-02-28");
        assert_snapshot!(replay("-2011-01-01"), @"`--from` is `-2011-01-01`: not a date; write year, month and day, such as 2011-02-28");
        assert_snapshot!(replay("9999-01-01"), @"`--from` is `9999-01-01`: a year out of reach; choose 1900 to 2999");
        assert_snapshot!(replay("2011-0é-1"), @"`--from` is `2011-0é-1`: not a date; write year, month and day, such as 2011-02-28");
    }

    #[test]
    fn mistakes_say_what_where_and_how_to_mend() {
        assert_snapshot!(refused(&["demo", "--days", "400"]), @"`--days` is `400`: out of reach; choose a whole number from 1 to 365");
        assert_snapshot!(refused(&["serve", "--listen", "localhost"]), @"`--listen` is `localhost`: not an address and a port; write them such as 127.0.0.1:7878");
        let list = |limit: &str| refused(&["segment", "list", "x", "--limit", limit]);
        for limit in ["0", "-1", "many", "99999999999999999999", "🎉"] {
            let told = list(limit);
            let meant = format!(
                "`--limit` is `{limit}`: out of reach; choose a whole number from 1 to 10000000"
            );
            assert_eq!(told, meant);
        }
        assert_snapshot!(refused(&["repot"]), @r"
        unrecognized subcommand 'repot'

          tip: some similar subcommands exist: 'import', 'report'

        Usage: aftercart [OPTIONS] <COMMAND>
        ");
        assert_snapshot!(refused(&["report"]), @r"
        the following required arguments were not provided:
          <FLOW>

        Usage: aftercart report <FLOW>
        ");
    }

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
