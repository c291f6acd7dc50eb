//! `aftercart import`: a shop's past, from files.

use aftercart_engine::{ImportProgress, files::Kind, survey_online_retail};
use anyhow::{Result, bail};

use crate::{
    cli::{Common, FileFormat, ImportCommand, ImportFilesArgs},
    commands::import_files,
    config::Config,
    output::{Output, count},
    shop::{self, Opened},
};

pub fn run(common: &Common, command: &ImportCommand) -> Result<()> {
    let (kind, args) = match command {
        ImportCommand::Customers(args) => (Kind::Customers, args),
        ImportCommand::Products(args) => (Kind::Products, args),
        ImportCommand::Orders(args) => (Kind::Orders, args),
        ImportCommand::Events(args) => (Kind::Events, args),
        ImportCommand::Reviews(args) => (Kind::Reviews, args),
        ImportCommand::Mappings => return import_files::mappings(common),
    };
    match (kind, args.format) {
        (Kind::Orders, Some(FileFormat::OnlineRetail)) => online_retail(common, args),
        _ => import_files::run(common, kind, args),
    }
}

fn online_retail(common: &Common, args: &ImportFilesArgs) -> Result<()> {
    if args.dry_run || args.mapping.is_some() || !args.map.is_empty() {
        bail!("the columns of `online-retail` are fixed; leave --format out to map them");
    }
    let output = Output::new(common);
    let config = Config::read(common.config.as_deref())?;
    let place = shop::place(common, &config);
    let found = match shop::is_there(&place)? {
        true => Some(not_the_sample(shop::open_at(place.clone(), config.clone())?)?),
        false => None,
    };
    let bar = output.bar("Looking the files through", 1);
    let mut stage = 0;
    let on_progress = &mut |at: ImportProgress| match at {
        ImportProgress::Survey { bytes_done, bytes_total } => {
            bar.set_length(bytes_total);
            bar.set_position(bytes_done);
        }
        ImportProgress::Lines { lines_done, lines_total } => {
            if stage == 0 {
                stage = 1;
                bar.reset();
                bar.set_message("Importing order lines");
            }
            bar.set_length(lines_total);
            bar.set_position(lines_done);
        }
        ImportProgress::Training => bar.set_message("Learning what goes together"),
    };
    let survey = survey_online_retail(&args.files, on_progress)?;
    // Files that cannot be read leave no empty store behind.
    let shop = match found {
        Some(shop) => shop,
        None => shop::open_at(place, config)?,
    };
    let imported = shop.engine.import_online_retail(survey, shop.now(), on_progress)?;
    bar.finish_and_clear();
    output.result(&imported, || {
        format!(
            "{}\nnew to the store: {} events; known already: {}\nlearned what goes together from \
             the orders of {} customers and guests\n",
            imported.read,
            count(imported.new),
            count(imported.known),
            count(u64::from(imported.learned_from_customers)),
        )
    })?;
    if imported.told_otherwise > 0 {
        output.hint(format!(
            "\n{} orders and refunds are in the store with other lines, from an earlier import, and \
             stay as they are. If their invoices were cut in two, import all files at once into a \
             new store.",
            count(imported.told_otherwise)
        ));
    }
    output.hint("\nTry next: aftercart recommend product CODE, aftercart flow replay upsell-cross-sell --from DATE --to DATE");
    Ok(())
}

pub(crate) fn not_the_sample(shop: Opened) -> Result<Opened> {
    if shop.engine.sample_note()?.is_some() {
        bail!(
            "the store at `{}` holds the sample shop, which `demo --fresh` empties; name another \
             place for your own orders with --store",
            shop.shown_place()
        );
    }
    Ok(shop)
}
