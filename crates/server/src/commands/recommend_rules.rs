//! `aftercart recommend rules`: the shop's own rules, as a list and as a file.

use std::{fmt::Write as _, fs, path::Path};

use aftercart_engine::{
    RuleTold, RulesChanged, RulesPlan, RulesVersion, RulesView, recommend::RuleEffect,
};
use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::{
    cli::{Common, RulesCommand, RulesExportArgs, RulesFileArgs},
    output::{Output, Table, count},
    shop::{self, Opened},
};

/// More than as many rules as there may be, with thousands of codes.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Where a change was made, as the versions tell it.
const HERE: &str = "command line";

pub fn run(common: &Common, command: &RulesCommand) -> Result<()> {
    let output = Output::new(common);
    let shop = shop::open(common)?;
    match command {
        RulesCommand::List => list(output, &shop),
        RulesCommand::Plan(args) => plan(output, &shop, args),
        RulesCommand::Apply(args) => apply(output, &shop, args),
        RulesCommand::Export(args) => export(output, &shop, args),
        RulesCommand::Versions => versions(output, &shop),
    }
}

fn list(output: Output, shop: &Opened) -> Result<()> {
    let view = shop.engine.view_shop_rules()?;
    output.result(&view, || described(&view))?;
    if view.rules.is_empty() {
        output.hint(
            "`aftercart recommend rules apply FILE` makes a file's rules the ones that hold.",
        );
    }
    if !view.is_trained {
        output.hint("Nothing has been learned from orders yet, so no rule changes a list.");
    }
    Ok(())
}

fn described(view: &RulesView) -> String {
    if view.rules.is_empty() {
        return "There are no rules: the orders alone decide.\n".to_owned();
    }
    let mut table = Table::new(&["rule", " products", " lists changed", "what it does"]);
    for it in &view.rules {
        table.row([
            it.name.clone(),
            count(it.products as u64),
            match it.rule.effect {
                // It differs by customer.
                RuleEffect::NeverAgain { .. } => "–".to_owned(),
                _ => count(it.lists_changed as u64),
            },
            it.told.clone(),
        ]);
    }
    let mut text = table.to_string();
    let notes = view.rules.iter().flat_map(|it| it.notes.iter().map(move |note| (&it.name, note)));
    for (index, (name, note)) in notes.enumerate() {
        text.push_str(if index == 0 { "\n" } else { "" });
        let _ = writeln!(text, "rule `{name}`: {note}");
    }
    text
}

fn read(file: &Path) -> Result<String> {
    let what = || format!("cannot read `{}`", file.display());
    let bytes = fs::metadata(file).with_context(what)?.len();
    ensure!(
        bytes <= FILE_BYTES_MAX,
        "`{}` has {bytes} bytes; a file of rules has at most {FILE_BYTES_MAX}",
        file.display()
    );
    fs::read_to_string(file).with_context(what)
}

fn plan(output: Output, shop: &Opened, args: &RulesFileArgs) -> Result<()> {
    let plan = shop.engine.plan_shop_rules(&read(&args.file)?)?;
    output.result(&plan, || planned(&plan))
}

fn apply(output: Output, shop: &Opened, args: &RulesFileArgs) -> Result<()> {
    let applied = shop.engine.apply_shop_rules(&read(&args.file)?, HERE, shop.now())?;
    output.result(&applied, || {
        let RulesChanged { version, plan } = &applied;
        if *version == plan.compared_with {
            return format!("Version {version} holds already\n");
        }
        format!("{}\nVersion {version} holds from now on\n", planned(plan))
    })
}

fn planned(plan: &RulesPlan) -> String {
    let mut text = String::new();
    let line = |text: &mut String, mark: char, it: &RuleTold| {
        let _ = writeln!(text, "{mark} {}: {}", it.name, it.told);
    };
    for it in &plan.added {
        line(&mut text, '+', it);
    }
    for (before, after) in &plan.changed {
        line(&mut text, '-', before);
        line(&mut text, '+', after);
    }
    for it in &plan.removed {
        line(&mut text, '-', it);
    }
    if plan.is_reordered {
        text.push_str("~ asked in another order\n");
    }
    if plan.is_nothing() {
        text.push_str("Nothing changes\n");
    }
    let _ = writeln!(
        text,
        "\n{} added, {} changed, {} removed, {} as they are; beside {} of {} products the first \
         four look otherwise",
        plan.added.len(),
        plan.changed.len(),
        plan.removed.len(),
        plan.same,
        count(plan.lists_changed as u64),
        count(plan.of_products as u64),
    );
    for note in &plan.notes {
        let _ = writeln!(text, "Check: {note}");
    }
    text
}

#[derive(Serialize)]
struct Exported {
    file: String,
}

fn export(output: Output, shop: &Opened, args: &RulesExportArgs) -> Result<()> {
    let document = shop.engine.shop_rules_document(args.version)?;
    match &args.out {
        Some(file) => {
            let place = file.display().to_string();
            fs::write(file, document).with_context(|| format!("cannot write `{place}`"))?;
            output.result(&Exported { file: place.clone() }, || place.clone())
        }
        // The file is the result; as JSON it is one text.
        None => output.result(&document, || document.clone()),
    }
}

fn versions(output: Output, shop: &Opened) -> Result<()> {
    let versions = shop.engine.list_shop_rules_versions()?;
    let zone = shop.engine.shop().zone();
    output.result(&versions, || {
        let mut table = Table::new(&[" version", " rules", "since", "changed by"]);
        for RulesVersion { version, at, changed_by, rules } in &versions {
            let at = zone.to_datetime(*at).strftime("%Y-%m-%d %H:%M").to_string();
            table.row([version.to_string(), rules.to_string(), at, changed_by.clone()]);
        }
        table.to_string()
    })
}
