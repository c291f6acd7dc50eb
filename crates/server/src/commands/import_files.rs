//! `aftercart import customers|products|orders|events|reviews`: plain files, by a mapping of their
//! columns that is shown, corrected and kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
};

use aftercart_engine::{
    Clock as _, Engine, FileChoices, FileImported, FilePlan, FilePlanShown, MappingOrigin,
    RefusedFor, RefusedRow, SystemClock,
    files::{self, Bounds, DateOrder, Format, Kind},
};
use aftercart_model::Shop;
use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::{
    cli::{Common, DayOrder, FileFormat, ImportFilesArgs},
    commands::import::not_the_sample,
    config::Config,
    output::{Output, Table, count},
    shop::{self, Opened},
};

/// The largest file of a mapping.
const MAPPING_BYTES_MAX: u64 = 1 << 20;

/// What an import of one file came to, as it is printed.
#[derive(Serialize)]
struct Done {
    #[serde(flatten)]
    imported: FileImported,
    /// Where the refused rows are.
    rejects: Option<PathBuf>,
}

pub fn run(common: &Common, kind: Kind, args: &ImportFilesArgs) -> Result<()> {
    let output = Output::new(common);
    let choices = choices(args)?;
    let rejects = rejects_of(args)?;
    let config = Config::read(common.config.as_deref())?;
    let place = shop::place(common, &config);
    let found = match shop::is_there(&place)? {
        true => Some(shop::open_at(place.clone(), config.clone())?),
        false => None,
    };
    if args.dry_run {
        return dry_run(output, kind, args, &choices, (found, &config));
    }
    let opened = match found {
        Some(opened) => not_the_sample(opened)?,
        None => {
            // Files that cannot be read leave no empty store behind.
            let shop = shop_to_be(&config);
            for file in &args.files {
                FilePlan::of(kind, file, &choices, (&shop, &[]), SystemClock.now())?.check()?;
            }
            shop::open_at(place, config)?
        }
    };
    let engine = &opened.engine;
    let mut plans = Vec::new();
    for file in &args.files {
        let plan = engine.plan_file(kind, file, &choices, opened.now())?;
        plan.check()?;
        plans.push(plan);
    }
    let mut done = Vec::new();
    for (plan, rejects) in plans.iter().zip(&rejects) {
        done.push(import(output, engine, plan, rejects)?);
    }
    let taken: u64 = done.iter().map(|it| it.imported.taken).sum();
    let known: u64 = done.iter().map(|it| it.imported.known).sum();
    if kind == Kind::Orders && taken > 0 {
        let spinner = output.spinner("Learning what goes together");
        engine.train_recommendations(opened.now())?;
        spinner.finish_and_clear();
    }
    output.result(&done, || done.iter().map(describe).collect())?;
    if taken + known == 0 {
        bail!("nothing went in; look at the reasons, and at --dry-run");
    }
    if done.iter().any(|it| it.imported.refused > 0) {
        output.hint(
            "\nCorrect the refused rows in their file and import that; what went in is told once.",
        );
    }
    Ok(())
}

/// `aftercart import mappings`.
pub fn mappings(common: &Common) -> Result<()> {
    let output = Output::new(common);
    let opened = shop::open(common)?;
    let kept = opened.engine.file_mappings()?;
    output.result(&kept, || {
        if kept.is_empty() {
            return "no mapping is kept yet; an import keeps one".to_owned();
        }
        let mut text = String::new();
        for it in &kept {
            let used_at = it.used_at.strftime("%Y-%m-%d");
            let _ = writeln!(text, "{} like {}, last used {used_at}", it.mapping.kind, it.file);
            for column in &it.mapping.columns {
                let target = column.target.as_deref().unwrap_or("-");
                let _ = writeln!(text, "  {}: {target}", column.name);
            }
        }
        text
    })
}

fn choices(args: &ImportFilesArgs) -> Result<FileChoices> {
    let mapping = match &args.mapping {
        Some(path) => mapping_file(path)?,
        None => BTreeMap::new(),
    };
    let format = match args.format {
        None => None,
        Some(FileFormat::OnlineRetail) => bail!("`online-retail` is a format of orders"),
        Some(FileFormat::Judgeme) => Some(Format::Judgeme),
        Some(FileFormat::Loox) => Some(Format::Loox),
        Some(FileFormat::Yotpo) => Some(Format::Yotpo),
        Some(FileFormat::Shopify) => Some(Format::Shopify),
        Some(FileFormat::Woocommerce) => Some(Format::Woocommerce),
    };
    let date_order = args.date_order.map(|it| match it {
        DayOrder::Dmy => DateOrder::DayMonthYear,
        DayOrder::Mdy => DateOrder::MonthDayYear,
    });
    let ImportFilesArgs { rows_max, bytes_max, .. } = *args;
    let bounds = Bounds { rows_max, bytes_max, ..Bounds::default() };
    let (maps, zone) = (args.map.clone(), args.zone.clone());
    Ok(FileChoices { format, mapping, maps, zone, date_order, bounds })
}

fn mapping_file(path: &Path) -> Result<BTreeMap<String, String>> {
    let shown = path.display();
    let size = std::fs::metadata(path).with_context(|| format!("cannot read `{shown}`"))?.len();
    if MAPPING_BYTES_MAX < size {
        bail!("`{shown}` is no mapping: it has more than {MAPPING_BYTES_MAX} bytes");
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))?;
    serde_saphyr::from_str(&text)
        .with_context(|| format!("`{shown}` is no mapping; write `Column: field` to a line"))
}

/// Where the refused rows of each file go.
fn rejects_of(args: &ImportFilesArgs) -> Result<Vec<PathBuf>> {
    if args.rejects.is_some() && args.files.len() > 1 {
        bail!("--rejects names one file and there are several to import; import them one by one");
    }
    let mut seen = BTreeSet::new();
    let of = |file: &PathBuf| -> Result<PathBuf> {
        let rejects = args.rejects.clone().unwrap_or_else(|| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            PathBuf::from(format!("{name}.rejects.csv"))
        });
        if !seen.insert(rejects.clone()) {
            let shown = rejects.display();
            bail!("two files would write to `{shown}`; import them one by one, with --rejects");
        }
        Ok(rejects)
    };
    args.files.iter().map(of).collect()
}

/// The shop that a store would be made for.
fn shop_to_be(config: &Config) -> Shop {
    config.shop.as_ref().map_or_else(aftercart_engine::nameless_shop, |it| it.shop())
}

fn dry_run(
    output: Output,
    kind: Kind,
    args: &ImportFilesArgs,
    choices: &FileChoices,
    (found, config): (Option<Opened>, &Config),
) -> Result<()> {
    let mut shown = Vec::new();
    for file in &args.files {
        let plan = match &found {
            Some(opened) => opened.engine.plan_file(kind, file, choices, opened.now())?,
            None => {
                let now = SystemClock.now();
                FilePlan::of(kind, file, choices, (&shop_to_be(config), &[]), now)?
            }
        };
        shown.push(plan.show());
    }
    output.result(&shown, || shown.iter().map(describe_plan).collect::<Vec<_>>().join("\n"))?;
    match shown.iter().find_map(|it| it.problem.clone()) {
        Some(problem) => bail!("it cannot be imported so: {problem}"),
        None => Ok(()),
    }
}

fn describe_plan(plan: &FilePlanShown) -> String {
    let mut text = format!("{}: {}", plan.file, plan.kind);
    if let Some(format) = plan.format {
        let _ = write!(text, ", as {format} exports them");
    }
    let _ = match plan.delimiter {
        Some(delimiter) => writeln!(text, ", CSV with a {delimiter} between values"),
        None => writeln!(text, ", one JSON object to a line"),
    };
    if plan.mapping == MappingOrigin::Kept {
        text.push_str("mapped as the last file of this shape\n");
    }
    text.push('\n');
    let mut table = Table::new(&["column", "field", "samples"]);
    for it in &plan.columns {
        let field = it.field.clone().unwrap_or_else(|| "(passed over)".to_owned());
        table.row([it.column.clone(), field, it.samples.join(" | ")]);
    }
    text.push_str(&table.to_string());
    if plan.problem.is_none() {
        let (taken, refused) = (count(plan.sample_taken), count(plan.sample_refused));
        let _ =
            writeln!(text, "\nof the first rows {taken} would go in, {refused} would be refused");
    }
    describe_reasons(&mut text, &plan.reasons);
    text
}

fn describe(done: &Done) -> String {
    let it = &done.imported;
    let mut text = format!("{}: {} rows of {}", it.file, count(it.rows), it.kind);
    if let Some(format) = it.format {
        let _ = write!(text, ", as {format} exports them");
    }
    let _ =
        write!(text, "\n  taken    {:>12}\n  known    {:>12}", count(it.taken), count(it.known));
    if it.passed_over > 0 {
        let passed_over = count(it.passed_over);
        let _ = write!(text, "  ({passed_over} by an earlier import that was cut short)");
    }
    let _ = write!(text, "\n  refused  {:>12}", count(it.refused));
    if let Some(rejects) = &done.rejects {
        let _ = write!(text, "  written to {}", rejects.display());
    }
    text.push('\n');
    if it.decoded > 0 {
        let decoded = count(it.decoded);
        let _ = writeln!(text, "  {decoded} rows were not UTF-8 and were read as Windows-1252");
    }
    describe_reasons(&mut text, &it.reasons);
    text
}

fn describe_reasons(text: &mut String, reasons: &[RefusedFor]) {
    for it in reasons {
        let mut lines: Vec<String> = it.lines.iter().map(u64::to_string).collect();
        if (lines.len() as u64) < it.rows {
            lines.push("…".to_owned());
        }
        let word = if it.rows == 1 { "line" } else { "lines" };
        let (rows, lines) = (count(it.rows), lines.join(", "));
        let _ = writeln!(text, "  {rows:>8}  {} ({word} {lines})", it.reason);
    }
}

fn import(output: Output, engine: &Engine, plan: &FilePlan, rejects: &Path) -> Result<Done> {
    let bar = output.bar("Importing", 1);
    bar.set_message(plan.kind().name());
    let mut written = Rejects { path: rejects, writer: None };
    let imported = engine.import_file(
        plan,
        &mut |at| {
            bar.set_length(at.bytes_total);
            bar.set_position(at.bytes_done.min(at.bytes_total));
        },
        &mut |row| written.write(row),
    )?;
    bar.finish_and_clear();
    let rejects = written.finish()?;
    Ok(Done { imported, rejects })
}

/// The file of refused rows, made when the first one comes.
struct Rejects<'a> {
    path: &'a Path,
    writer: Option<csv::Writer<BufWriter<File>>>,
}

impl Rejects<'_> {
    fn write(&mut self, row: &RefusedRow<'_>) -> Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let shown = self.path.display();
                let file =
                    File::create(self.path).with_context(|| format!("cannot write `{shown}`"))?;
                let mut writer =
                    csv::WriterBuilder::new().flexible(true).from_writer(BufWriter::new(file));
                let names: Vec<&str> = match row.header {
                    [] => vec!["row"],
                    names => names.iter().map(String::as_str).collect(),
                };
                let header = ["line", "reason"].into_iter().chain(names);
                writer.write_record(header.map(files::escape_formula))?;
                self.writer.insert(writer)
            }
        };
        let first = [row.line.to_string(), files::escape_formula(&row.reason)];
        let values = row.values.iter().map(|it| files::escape_formula(it));
        writer.write_record(first.into_iter().chain(values))?;
        Ok(())
    }

    fn finish(self) -> Result<Option<PathBuf>> {
        let Some(mut writer) = self.writer else { return Ok(None) };
        writer.flush().with_context(|| format!("cannot write `{}`", self.path.display()))?;
        Ok(Some(self.path.to_owned()))
    }
}
