//! `aftercart backfill woocommerce|shopify`: a shop's past, from its platform.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use aftercart_engine::{BackfillProgress, Backfilled, RefusedItem};
use aftercart_ingest::backfill::{
    Egress, Platform, Secret, ShopifyHistory, WooCommerceHistory, check_address,
};
use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::{
    cli::{BackfillCommand, BackfillOptions, Common},
    commands::import::not_the_sample,
    config::{Config, of_environment},
    output::{Output, count},
    shop::{self, Opened},
};

/// Environment variables with what a platform lets in by. They are never given on the command line,
/// where other users of the machine could see them.
const WOOCOMMERCE_KEY: &str = "AFTERCART_WOOCOMMERCE_KEY";
const WOOCOMMERCE_SECRET: &str = "AFTERCART_WOOCOMMERCE_SECRET";
const SHOPIFY_TOKEN: &str = "AFTERCART_SHOPIFY_TOKEN";

/// What a backfill came to, as it is printed.
#[derive(Serialize)]
struct Done {
    #[serde(flatten)]
    sum: Backfilled,
    /// Where the refused are written down.
    rejects: Option<PathBuf>,
    /// Customers with orders that the recommendations learned from.
    learned_from_customers: Option<u32>,
}

pub fn run(common: &Common, command: &BackfillCommand) -> Result<()> {
    let config = Config::read(common.config.as_deref())?;
    match command {
        BackfillCommand::Woocommerce(args) => {
            check_address(&args.url)?;
            let (key, secret) = (secret(WOOCOMMERCE_KEY)?, secret(WOOCOMMERCE_SECRET)?);
            let history = |opened: &Opened| -> Result<Box<dyn Platform>> {
                let at = (opened.now(), opened.engine.shop().currency);
                let since = args.options.since;
                let history =
                    WooCommerceHistory::new(egress(), &args.url, (&key, &secret), since, at)?;
                Ok(Box::new(history))
            };
            backfill(common, config, &args.options, "woocommerce", &history)
        }
        BackfillCommand::Shopify(args) => {
            let token = secret(SHOPIFY_TOKEN)?;
            let history = |opened: &Opened| -> Result<Box<dyn Platform>> {
                let at = (opened.now(), opened.engine.shop().currency);
                let (token, since) = (token.clone(), args.options.since);
                let history = ShopifyHistory::new(egress(), &args.shop, token, since, at)?;
                Ok(Box::new(history))
            };
            backfill(common, config, &args.options, "shopify", &history)
        }
    }
}

fn backfill(
    common: &Common,
    config: Config,
    options: &BackfillOptions,
    platform: &str,
    history: &dyn Fn(&Opened) -> Result<Box<dyn Platform>>,
) -> Result<()> {
    let output = Output::new(common);
    let place = shop::place(common, &config);
    let opened = not_the_sample(shop::open_at(place, config)?)?;
    let mut history = history(&opened)?;
    let path = options.rejects.clone();
    let path = path.unwrap_or_else(|| PathBuf::from(format!("{platform}.rejects.csv")));
    let appends = opened.engine.is_backfill_begun(history.as_ref())?;
    let mut rejects = Rejects { path: &path, appends, writer: None };
    let bar = output.bar("Asking the shop", 1);
    let on_progress = &mut |at: &BackfillProgress| {
        bar.set_message(at.list);
        bar.set_length(at.total.unwrap_or(at.done));
        bar.set_position(at.done);
    };
    let on_refused = &mut |it: &RefusedItem<'_>| rejects.write(it.place, it.reason);
    let sum = opened.engine.backfill(history.as_mut(), opened.now(), on_progress, on_refused);
    bar.finish_and_clear();
    let has_rejects = rejects.writer.is_some();
    let sum = sum?;
    let learned_from_customers = if sum.events > 0 {
        let spinner = output.spinner("Learning what goes together");
        let learned = opened.engine.train_recommendations(opened.now())?;
        spinner.finish_and_clear();
        Some(learned)
    } else {
        None
    };
    let done = Done { sum, rejects: has_rejects.then_some(path), learned_from_customers };
    output.result(&done, || describe(&done))?;
    if done.sum.taken + done.sum.known == 0 && done.sum.refused > 0 {
        bail!("nothing went in; look at the reasons");
    }
    output.hint("\nIt can be run again at any time: what is known is told once.");
    Ok(())
}

fn describe(done: &Done) -> String {
    let it = &done.sum;
    let mut text = String::new();
    for (list, read) in &it.read {
        let _ = writeln!(text, "{list:<12} {:>12}", count(*read));
    }
    if it.is_resumed {
        text.push_str("(with what an earlier run had read before it ended)\n");
    }
    let _ = writeln!(text, "  taken      {:>12}  ({} events)", count(it.taken), count(it.events));
    let _ = writeln!(text, "  known      {:>12}", count(it.known));
    let _ = writeln!(
        text,
        "  passed over{:>12}  (nothing to keep, such as unpaid orders)",
        count(it.ignored)
    );
    let _ = write!(text, "  refused    {:>12}", count(it.refused));
    if let Some(rejects) = &done.rejects {
        let _ = write!(text, "  written to {}", rejects.display());
    }
    text.push('\n');
    for (reason, items) in &it.reasons {
        let _ = writeln!(text, "  {:>8}  {reason}", count(*items));
    }
    if let Some(learned) = done.learned_from_customers {
        let learned = count(u64::from(learned));
        let _ = writeln!(text, "learned what goes together from {learned} customers and guests");
    }
    text
}

/// The file of what was refused; made when there is something to write.
struct Rejects<'a> {
    path: &'a Path,
    /// Whether an earlier run of the same backfill may have written to it.
    appends: bool,
    writer: Option<csv::Writer<File>>,
}

impl Rejects<'_> {
    /// Written through at once: what is refused is not asked for again when the backfill goes on.
    fn write(&mut self, place: &str, reason: &str) -> Result<()> {
        let cannot = || format!("cannot write `{}`", self.path.display());
        if self.writer.is_none() {
            let file = open(self.path, self.appends).with_context(cannot)?;
            let is_new = file.metadata().with_context(cannot)?.len() == 0;
            let mut writer = csv::Writer::from_writer(file);
            if is_new {
                writer.write_record(["what", "reason"]).with_context(cannot)?;
            }
            self.writer = Some(writer);
        }
        let writer = self.writer.as_mut().expect("just made");
        writer.write_record([place, reason]).with_context(cannot)?;
        writer.flush().with_context(cannot)
    }
}

fn open(path: &Path, appends: bool) -> std::io::Result<File> {
    OpenOptions::new().create(true).write(true).append(appends).truncate(!appends).open(path)
}

fn secret(name: &str) -> Result<Secret> {
    match of_environment(name)? {
        Some(text) => Ok(Secret::new(text.trim())),
        None => bail!("the environment variable `{name}` is not set; give the shop's key by it"),
    }
}

/// A client that waits by the machine's clock.
fn egress() -> Egress {
    Egress::new(|wait: Duration| {
        let until = Instant::now() + wait;
        // Parking may end early.
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if left.is_zero() {
                break;
            }
            std::thread::park_timeout(left);
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_backfill_is_told() {
        let sum = Backfilled {
            read: BTreeMap::from([("orders".to_owned(), 5_000), ("products".to_owned(), 50)]),
            taken: 4_656,
            known: 0,
            ignored: 384,
            refused: 10,
            reasons: BTreeMap::from([("`total` is missing; give it".to_owned(), 10)]),
            events: 18_474,
            is_resumed: true,
        };
        let rejects = Some(PathBuf::from("woocommerce.rejects.csv"));
        let done = Done { sum, rejects, learned_from_customers: Some(998) };
        assert_snapshot!(describe(&done), @r"
        orders              5,000
        products               50
        (with what an earlier run had read before it ended)
          taken             4,656  (18,474 events)
          known                 0
          passed over         384  (nothing to keep, such as unpaid orders)
          refused              10  written to woocommerce.rejects.csv
                10  `total` is missing; give it
        learned what goes together from 998 customers and guests
        ");
    }

    #[test]
    fn the_refused_of_a_run_that_was_killed_stay_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects.csv");
        let written = |appends: bool, place: &str| {
            let mut rejects = Rejects { path: &path, appends, writer: None };
            rejects.write(place, "no, thanks").unwrap();
            // A killed run drops nothing in order.
            std::mem::forget(rejects);
            std::fs::read_to_string(&path).unwrap()
        };
        assert_eq!(written(false, "order 1"), "what,reason\norder 1,\"no, thanks\"\n");
        assert!(written(true, "order 2").starts_with("what,reason\norder 1,"));
        assert_eq!(written(false, "order 3"), "what,reason\norder 3,\"no, thanks\"\n", "anew");
    }
}
