//! `aftercart import`: a shop's past, from files.

use aftercart_engine::ImportProgress;
use anyhow::{Result, bail};

use crate::{
    cli::{Common, ImportCommand, ImportOrdersArgs, OrdersFormat},
    output::{Output, count},
    shop,
};

pub fn run(common: &Common, command: &ImportCommand) -> Result<()> {
    match command {
        ImportCommand::Orders(args) => orders(common, args),
    }
}

fn orders(common: &Common, args: &ImportOrdersArgs) -> Result<()> {
    let output = Output::new(common);
    let shop = shop::open(common, true)?;
    if shop.engine.sample_note()?.is_some() {
        bail!(
            "the store at `{}` holds the sample shop, which `demo --fresh` empties; name another \
             place for your own orders with --store",
            shop.shown_place()
        );
    }
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
    let imported = match args.format {
        OrdersFormat::OnlineRetail => {
            shop.engine.import_online_retail(&args.files, shop.now(), on_progress)?
        }
    };
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
    output.hint("\nTry next: aftercart recommend product CODE, aftercart flow replay upsell-cross-sell --from DATE --to DATE");
    Ok(())
}
