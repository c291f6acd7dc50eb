//! `aftercart customer export|erase|lift|requests`: what the law gives people a right to.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::Path,
};

use aftercart_engine::{CustomerExport, Erasure, ErasureShown, Named, RequestLine};
use aftercart_model::{CustomerId, EmailAddress, Timestamp};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::json;

use crate::{
    cli::{
        Common, CustomerCommand, CustomerEraseArgs, CustomerExportArgs, CustomerLiftArgs,
        CustomerRequestsArgs,
    },
    output::{Output, Table, count},
    shop::{self, Opened},
};

pub fn run(common: &Common, command: &CustomerCommand) -> Result<()> {
    let opened = shop::open(common)?;
    let output = Output::new(common);
    match command {
        CustomerCommand::Export(args) => export(output, &opened, args),
        CustomerCommand::Erase(args) => erase(output, &opened, args, common.json),
        CustomerCommand::Lift(args) => lift(output, &opened, args),
        CustomerCommand::Requests(args) => requests(output, &opened, args),
    }
}

/// What an export wrote, where it went to a file.
#[derive(Serialize)]
struct Exported<'a> {
    file: &'a Path,
    events: usize,
    orders: usize,
    messages: usize,
    requests_closed: u64,
}

fn export(output: Output, opened: &Opened, args: &CustomerExportArgs) -> Result<()> {
    let engine = &opened.engine;
    let id = match engine.identify(&args.customer)? {
        Named::Customer(id) => id,
        Named::Erased { at } => bail!("{}; nothing of them is left", erased_on(opened, at)),
    };
    let export = engine.export_customer(id, opened.now())?;
    let export = export.context("the customer was erased just now; nothing of them is left")?;
    let document = serde_json::to_string_pretty(&export)?;
    match &args.out {
        Some(file) => write_private(file, &document)?,
        // The document is the result, asked for as JSON or not.
        None => output.result(&export, || document)?,
    }
    let requests_closed = engine.close_exports_of(id, opened.now())?;
    if let Some(file) = &args.out {
        let CustomerExport { events, orders, messages, .. } = &export;
        let (events, orders, messages) = (events.len(), orders.len(), messages.len());
        let exported = Exported { file, events, orders, messages, requests_closed };
        output.result(&exported, || {
            format!(
                "{}: {}, {}, {}",
                file.display(),
                counted(events as u64, "event"),
                counted(orders as u64, "order"),
                counted(messages as u64, "email")
            )
        })?;
    }
    if requests_closed > 0 {
        output.hint("What they asked for is noted as done.");
    }
    Ok(())
}

/// Writes a file that nobody else may read.
fn write_private(file: &Path, text: &str) -> Result<()> {
    let written = private_file(file).and_then(|mut it| it.write_all(text.as_bytes()));
    written.with_context(|| format!("cannot write `{}`", file.display()))
}

/// A file that nobody else may read, emptied if it was there.
pub(super) fn private_file(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

fn erase(output: Output, opened: &Opened, args: &CustomerEraseArgs, is_json: bool) -> Result<()> {
    let id = match opened.engine.identify(&args.customer)? {
        Named::Customer(id) => id,
        Named::Erased { at } => {
            let told = json!({ "erased_before": at });
            return output.result(&told, || {
                format!("{}; there is nothing left to do", erased_on(opened, at))
            });
        }
    };
    let shown = opened.engine.show_erasure(id)?;
    let shown = shown.context("the customer was erased just now; there is nothing left to do")?;
    if !args.yes {
        let asks = io::stdin().is_terminal() && io::stderr().is_terminal() && !is_json;
        if !asks {
            bail!(
                "nothing was erased: {}; say --yes to erase them without being asked",
                one_line(&shown)
            );
        }
        if !is_confirmed(&shown)? {
            bail!("nothing was erased");
        }
    }
    let erased = opened.engine.erase_customer(id, opened.now())?;
    output.result(&erased, || describe(&erased))?;
    output.hint(
        "Your platform, your mail server and your backups know them still; a backup that is restored \
         brings them back.",
    );
    Ok(())
}

/// Says what will go, and reads the answer. Nothing but a yes is one.
fn is_confirmed(shown: &ErasureShown) -> Result<bool> {
    let mut asked = io::stderr().lock();
    write!(asked, "{}\nErase {} for ever? [y/N] ", what_goes(shown), shown.name)?;
    asked.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn what_goes(shown: &ErasureShown) -> String {
    let mut text = format!("{}\n", shown.name);
    let mut line = |what: &str, number: u64| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  {:>8}  {what}", count(number));
    };
    line("identifiers go, addresses among them, with name and attributes", shown.identifiers);
    line("events of the log are emptied", shown.events);
    line("emails lose subject and letter", shown.messages);
    line("reviews lose text and author; the stars stay", shown.reviews);
    line("enrolments end", shown.enrolments_open);
    line("planned emails are cancelled", shown.messages_open);
    line("orders stay, as sales of nobody's", shown.orders);
    line("addresses stay barred, by a mark that cannot be read back", shown.addresses);
    text
}

fn one_line(shown: &ErasureShown) -> String {
    let ErasureShown { events, orders, messages, .. } = shown;
    format!(
        "customer {} has {}, {} and {}",
        shown.customer,
        counted(*events, "event"),
        counted(*orders, "order"),
        counted(*messages, "email")
    )
}

fn describe(erased: &Erasure) -> String {
    let mut text = format!("customer {} is erased\n\n", erased.customer);
    let mut table = Table::new(&["what", " how many"]);
    for (what, number) in [
        ("events emptied", erased.events),
        ("enrolments ended", erased.enrolments_ended),
        ("planned emails cancelled", erased.messages_cancelled),
        ("letters deleted", erased.letters),
        ("reviews emptied", erased.reviews),
        ("orders kept as sales of nobody's", erased.orders_kept),
        ("addresses barred", erased.addresses),
    ] {
        table.row([what.to_owned(), count(number)]);
    }
    text.push_str(&table.to_string());
    text
}

fn lift(output: Output, opened: &Opened, args: &CustomerLiftArgs) -> Result<()> {
    let address: EmailAddress =
        EmailAddress::new(&args.address).with_context(|| format!("`{}`", args.address))?;
    if !opened.engine.lift_erasure(&address)? {
        bail!(
            "nobody with the address `{}` was erased; there is nothing to lift",
            address.as_str()
        );
    }
    let bar = opened.engine.store().read(|tx| tx.suppression_of(&address))?;
    let told = json!({ "lifted": true, "suppressed_still": bar.as_ref().map(|it| it.reason) });
    output.result(&told, || match bar {
        None => "lifted: the address can be imported and mailed again".to_owned(),
        Some(_) => {
            "lifted: the address can be imported again; it had been barred before for another \
                    reason, and is not mailed"
                .to_owned()
        }
    })
}

fn requests(output: Output, opened: &Opened, args: &CustomerRequestsArgs) -> Result<()> {
    if let Some(number) = args.close {
        opened.engine.close_request(number, opened.now())?;
        return output
            .result(&json!({ "closed": number }), || format!("request {number} is closed"));
    }
    let open = opened.engine.list_requests()?;
    output.result(&open, || listed(opened, &open))?;
    let wants = |asks: &str| open.iter().any(|it| it.asks == asks);
    if wants("export") {
        output.hint(
            "\nAnswer with `aftercart customer export`, which notes it as done; the law gives a month.",
        );
    }
    if wants("erase_shop") {
        output.hint(
            "\nThe app was taken out of the shop. If you are done with it, stop Aftercart and delete \
             its store and your backups; if the app is in the shop again, close the request.",
        );
    }
    Ok(())
}

fn listed(opened: &Opened, open: &[RequestLine]) -> String {
    if open.is_empty() {
        return "nobody waits for anything".to_owned();
    }
    let mut table = Table::new(&[" number", "since", "asks for", "who"]);
    for it in open {
        let asks = match it.asks {
            "export" => "what is kept of them",
            _ => "the whole shop to be erased",
        };
        let who = it.name.clone().or_else(|| it.customer.map(number)).unwrap_or_default();
        table.row([it.number.to_string(), day(opened, it.at), asks.to_owned(), who]);
    }
    table.to_string()
}

/// `1 order`, `2 orders`.
fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

fn number(id: CustomerId) -> String {
    format!("customer {id}")
}

fn erased_on(opened: &Opened, at: Timestamp) -> String {
    format!("whoever had this address was erased on {}", day(opened, at))
}

fn day(opened: &Opened, at: Timestamp) -> String {
    opened.engine.shop().zone().to_datetime(at).date().to_string()
}
