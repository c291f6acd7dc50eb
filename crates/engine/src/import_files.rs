//! Customers, products, orders, events and reviews from plain files.
//!
//! A file is planned first: what its columns are, as guessed, as kept from the last file of that
//! shape, as corrected. Then its rows go in by the same door as everything else, as history that
//! triggers nothing, in transactions of a few thousand. What a row says has a key of its own, so the
//! same row in whatever file is told once.
//!
//! How far an import has come is kept in the very transaction that stores the rows, so a transaction
//! need not wait for the disk before the next begins; the last of an import does, for all of them. An
//! import that was killed and is run again passes over what was dealt with, without asking the store
//! for each row, as long as the file still begins with the very same rows; where it does not, it
//! begins at the first.

use std::{
    collections::{BTreeMap, HashMap},
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
};

use aftercart_ingest::{
    Incoming, IncomingBody, ProductRef,
    files::{
        self, Bounds, Column, DateOrder, FileReader, Form, Format, HANDLE_PREFIX, Kind, Look,
        Mapping, NAME_PREFIX, Reading, Refusal, SourceRow, Unit,
    },
};
use aftercart_model::{Shop, Timestamp};
use aftercart_store::Tx;
use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{
    Engine,
    erase_customer::{ADDRESS_ERASED, names_erased},
    record_events::{Occasion, Recorded, Seen},
};

/// Units read together. Whoever waits to change the store waits for one batch, a few hundredths of
/// a second.
const BATCH_UNITS: usize = 1_000;

/// Bytes of rows read together, so that long rows do not pile up.
const BATCH_BYTES: usize = 4 << 20;

/// How many batches are read ahead of the one that is stored.
const BATCHES_AHEAD: usize = 2;

/// Units in one transaction, if nobody waits for its end. Each order changes pages of customers all
/// over the indexes, and of a page that many orders change only the last state is written. Tests cut
/// imports short between two of them.
const TRANSACTION_UNITS: usize = if cfg!(test) { 5_000 } else { 50_000 };

/// Refused units that wait for the end of their transaction before they are told.
const REFUSED_WAITING_MAX: usize = 1_000;

/// The most reasons that are counted apart; a file with more is refused for thousands of them.
const REASONS_MAX: usize = 100;

/// Of each reason so many lines are named.
const LINES_NAMED: usize = 5;

/// The most mappings and unfinished imports that are kept; the oldest go.
const KEPT_MAX: usize = 200;

/// Values of a column that a plan shows.
const SAMPLES_SHOWN: usize = 3;

/// The longest value a plan shows.
const SAMPLE_CHARS: usize = 24;

/// Columns that stand before a refused row: its line and the reason.
const REFUSED_COLUMNS: usize = 2;

/// Why what is known is not changed.
const OTHERWISE: &str = "it was told otherwise before, and stays as it was told first";
const ORDER_OTHERWISE: &str = "it was told otherwise before, and stays as it was told first; give \
    `updated_at` for what has changed since (lines of one order must stand together)";

/// Names of settings in the store.
const MAPPINGS: &str = "import-mappings";
const PROGRESS: &str = "import-progress";

/// What somebody who imports a file may say about it.
#[derive(Clone, Debug, Default)]
pub struct FileChoices {
    /// Told by the header where it is not said.
    pub format: Option<Format>,
    /// Corrections of the mapping: column and field.
    pub mapping: BTreeMap<String, String>,
    /// The same as `Column=field`, each after the others.
    pub maps: Vec<String>,
    /// An IANA zone; the shop's where it is not said.
    pub zone: Option<String>,
    pub date_order: Option<DateOrder>,
    pub bounds: Bounds,
}

/// Where the mapping of a plan comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MappingOrigin {
    /// The names of the columns.
    Guessed,
    /// The last file of this shape.
    Kept,
}

/// A file that was looked at and can be imported.
#[derive(Clone, Debug)]
pub struct FilePlan {
    path: PathBuf,
    look: Look,
    mapping: Mapping,
    origin: MappingOrigin,
    reading: Reading,
    bounds: Bounds,
}

/// A plan as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FilePlanShown {
    pub file: String,
    pub kind: Kind,
    pub format: Option<Format>,
    /// `csv` or `json`.
    pub form: &'static str,
    pub delimiter: Option<&'static str>,
    pub mapping: MappingOrigin,
    pub columns: Vec<ColumnShown>,
    /// How many of the first rows would be taken and refused.
    pub sample_taken: u64,
    pub sample_refused: u64,
    pub reasons: Vec<RefusedFor>,
    /// What is missing for an import, if anything.
    pub problem: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnShown {
    pub column: String,
    /// The field, or the format whose own it is; `None` is passed over.
    pub field: Option<String>,
    pub samples: Vec<String>,
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileProgress {
    pub rows_done: u64,
    /// Of the file as it lies on the disk.
    pub bytes_done: u64,
    pub bytes_total: u64,
}

/// A row that was refused, as it is written down for whoever mends it.
pub struct RefusedRow<'a> {
    pub line: u64,
    pub reason: String,
    /// The names of the file's columns; empty for a file of objects.
    pub header: &'a [String],
    /// Its values, or all of it as one where it cannot be cut.
    pub values: Vec<String>,
}

/// Rows refused for one reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RefusedFor {
    pub reason: String,
    pub rows: u64,
    /// The first of them.
    pub lines: Vec<u64>,
}

/// What an import of a file did. Every row is taken, known or refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileImported {
    pub file: String,
    pub kind: Kind,
    pub format: Option<Format>,
    pub rows: u64,
    /// Rows of which something was new.
    pub taken: u64,
    /// Rows of which everything was known already.
    pub known: u64,
    /// Of those known, the rows that an earlier import of this file dealt with before it was ended.
    pub passed_over: u64,
    pub refused: u64,
    pub reasons: Vec<RefusedFor>,
    /// Rows that were not UTF-8 and were read as Windows-1252.
    pub decoded: u64,
    /// Events that are new to the store.
    pub events: u64,
}

/// A mapping that is kept for files of its shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptMapping {
    /// The names of the columns, sorted.
    pub header: Vec<String>,
    pub mapping: Mapping,
    /// The file it was last used for.
    pub file: String,
    pub used_at: Timestamp,
}

/// How far an unfinished import has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Checkpoint {
    units: u64,
    /// What [`FileReader::trail`] was then.
    trail: u64,
    at: Timestamp,
}

impl FilePlan {
    /// Looks at a file and says how it would be imported into `shop`, which keeps the mappings
    /// `kept`. No store is needed to find that a file cannot be read.
    pub fn of(
        kind: Kind,
        path: &Path,
        choices: &FileChoices,
        (shop, kept): (&Shop, &[KeptMapping]),
        now: Timestamp,
    ) -> Result<Self> {
        let FileChoices { format, bounds, date_order, .. } = choices;
        let look = files::look(path, *bounds)?;
        if let Some(format) = format.filter(|it| !it.is_of(kind)) {
            bail!("`{format}` is no format of {kind}; leave --format out, or import another kind");
        }
        let shape = shape(&look.header);
        let kept = kept.iter().find(|it| {
            it.mapping.kind == kind
                && it.header == shape
                && format.is_none_or(|format| it.mapping.format == Some(format))
        });
        let (mut mapping, origin) = match (kept, format) {
            (Some(kept), _) => (in_order(kept.mapping.clone(), &look.header), MappingOrigin::Kept),
            (None, Some(format)) => {
                (Mapping::guess_in(kind, &look.header, Some(*format)), MappingOrigin::Guessed)
            }
            (None, None) => (Mapping::guess(kind, &look.header), MappingOrigin::Guessed),
        };
        mapping.correct_all(&choices.mapping)?;
        choices.maps.iter().try_for_each(|it| mapping.correct(it))?;
        let zone = match &choices.zone {
            Some(name) => TimeZone::get(name).ok().with_context(|| {
                format!("there is no zone `{name}`; write it as `Europe/Lisbon`")
            })?,
            None => shop.zone(),
        };
        let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let currency = shop.currency;
        let (date_order, shop_domain) = (*date_order, shop.domain().to_owned());
        let reading = Reading { currency, zone, date_order, file_name, shop_domain, now };
        let path = path.to_owned();
        Ok(Self { path, look, mapping, origin, reading, bounds: *bounds })
    }

    pub fn kind(&self) -> Kind {
        self.mapping.kind
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn file_name(&self) -> &str {
        &self.reading.file_name
    }

    /// Whether it can be imported so; an error says what is missing.
    pub fn check(&self) -> Result<()> {
        let shown = self.path.display();
        self.reader().map(drop).with_context(|| format!("cannot import `{shown}`"))
    }

    fn reader(&self) -> Result<FileReader<'_>> {
        FileReader::open(&self.path, &self.look, &self.mapping, &self.reading, self.bounds)
    }

    fn bytes_total(&self) -> u64 {
        self.look.bytes
    }

    /// The same for the same beginning and length read in the same way.
    fn checkpoint_key(&self) -> String {
        let mapping = serde_json::to_string(&self.mapping).expect("a mapping is JSON");
        let Reading { currency, zone, date_order, .. } = &self.reading;
        let zone = zone.iana_name().unwrap_or_default();
        let told =
            format!("{:x} {mapping} {currency} {zone} {date_order:?}", self.look.fingerprint);
        format!("{:016x}", files::hash(told.as_bytes()))
    }

    /// What the import would do with the first rows, without doing it.
    pub fn show(&self) -> FilePlanShown {
        let is_segment = self.kind() == Kind::Events && self.look.form == Form::Json;
        let column = |(at, column): (usize, &Column)| {
            let mut samples: Vec<String> = Vec::new();
            for value in self.look.samples.iter().filter_map(|it| it.get(at)) {
                if !value.is_empty() && samples.len() < SAMPLES_SHOWN && !samples.contains(value) {
                    samples.push(value.clone());
                }
            }
            let shorten = |it: &String| match it.char_indices().nth(SAMPLE_CHARS) {
                Some((end, _)) => format!("{}…", it[..end].replace('\n', " ")),
                None => it.replace('\n', " "),
            };
            let field = match self.mapping.format.filter(|it| it.reads_itself()) {
                Some(format) => Some(format.name().to_owned()),
                None if is_segment => Some("segment".to_owned()),
                None => column.target.clone(),
            };
            let samples = samples.iter().map(shorten).collect();
            ColumnShown { column: column.name.clone(), field, samples }
        };
        let (form, delimiter) = match self.look.form {
            Form::Csv(delimiter) => ("csv", Some(delimiter.name())),
            Form::Json => ("json", None),
        };
        let mut shown = FilePlanShown {
            file: self.path.display().to_string(),
            kind: self.kind(),
            format: self.mapping.format,
            form,
            delimiter,
            mapping: self.origin,
            columns: self.mapping.columns.iter().enumerate().map(column).collect(),
            sample_taken: 0,
            sample_refused: 0,
            reasons: Vec::new(),
            problem: None,
        };
        if let Err(why) = self.try_first_rows(&mut shown) {
            shown.problem = Some(format!("{why:#}"));
        }
        shown
    }

    fn try_first_rows(&self, shown: &mut FilePlanShown) -> Result<()> {
        let mut reader = self.reader()?;
        let mut reasons = Reasons::default();
        let rows_max = self.look.samples.len() as u64;
        while let Some(unit) = reader.next_unit()? {
            let rows = unit.rows.len() as u64;
            match &unit.outcome {
                Ok(_) => shown.sample_taken += rows,
                Err(refused) => {
                    shown.sample_refused += rows;
                    reasons.count(&refused.refusal, &unit.rows);
                }
            }
            if rows_max <= shown.sample_taken + shown.sample_refused {
                break;
            }
        }
        shown.reasons = reasons.listed();
        Ok(())
    }
}

impl Engine {
    /// Looks at a file and says how it would be imported.
    pub fn plan_file(
        &self,
        kind: Kind,
        path: &Path,
        choices: &FileChoices,
        now: Timestamp,
    ) -> Result<FilePlan> {
        FilePlan::of(kind, path, choices, (self.shop(), &self.file_mappings()?), now)
    }

    /// Imports a file that was planned. What is refused is handed to `on_refused`, whose error ends
    /// the import; what was stored before stays.
    pub fn import_file(
        &self,
        plan: &FilePlan,
        on_progress: &mut dyn FnMut(FileProgress),
        on_refused: &mut dyn FnMut(&RefusedRow<'_>) -> Result<()>,
    ) -> Result<FileImported> {
        let shown = plan.path.display();
        let in_file = || format!("cannot import `{shown}`");
        let checkpoint_key = plan.checkpoint_key();
        let kept = self.store().read(checkpoints)?.remove(&checkpoint_key);
        let mut import = FileImport {
            engine: self,
            plan,
            checkpoint_key,
            catalogue: None,
            seen: Seen::default(),
            reasons: Reasons::default(),
            on_refused,
            imported: FileImported {
                file: shown.to_string(),
                kind: plan.kind(),
                format: plan.mapping.format,
                rows: 0,
                taken: 0,
                known: 0,
                passed_over: 0,
                refused: 0,
                reasons: Vec::new(),
                decoded: 0,
                events: 0,
            },
        };
        // One thread reads ahead while this one stores: reading is a third of the work.
        let (sender, batches) = mpsc::sync_channel(BATCHES_AHEAD);
        let read_and_store = || {
            thread::scope(|scope| {
                let reading = scope.spawn(move || read_batches(plan, kept.as_ref(), &sender));
                let stored = batches.iter().try_for_each(|batch| {
                    on_progress(import.store(batch, &batches)?);
                    Ok(())
                });
                drop(batches);
                // Nobody takes batches any more: if storing failed, reading ends at its next batch.
                let read = reading.join().unwrap_or_else(|panic| resume_unwind(panic));
                stored.and_then(|()| read.with_context(in_file))
            })
        };
        self.store().with_room(read_and_store)?;
        import.finish()?;
        self.forget_known();
        Ok(FileImported { reasons: import.reasons.listed(), ..import.imported })
    }

    /// The mappings that are kept, the last used first.
    pub fn file_mappings(&self) -> Result<Vec<KeptMapping>> {
        self.store().read(file_mappings)
    }
}

fn file_mappings(tx: &mut Tx<'_>) -> Result<Vec<KeptMapping>> {
    match tx.setting(MAPPINGS)? {
        Some(text) => serde_json::from_str(&text).context("the mappings of files that are kept"),
        None => Ok(Vec::new()),
    }
}

/// The set of a header's names.
fn shape(header: &[String]) -> Vec<String> {
    let mut names = header.to_vec();
    names.sort();
    names
}

/// A mapping of the same columns in another order, in the order of `header`.
fn in_order(mapping: Mapping, header: &[String]) -> Mapping {
    let mut left = mapping.columns;
    let column = |name: &String| {
        let at = left.iter().position(|it| it.name == *name);
        at.map(|at| left.remove(at)).unwrap_or(Column { name: name.clone(), target: None })
    };
    Mapping { columns: header.iter().map(column).collect(), ..mapping }
}

struct FileImport<'a> {
    engine: &'a Engine,
    plan: &'a FilePlan,
    checkpoint_key: String,
    /// By what reviews find products; read when the first review comes.
    catalogue: Option<Catalogue>,
    seen: Seen,
    reasons: Reasons,
    on_refused: &'a mut dyn FnMut(&RefusedRow<'_>) -> Result<()>,
    imported: FileImported,
}

/// What is read together.
struct Batch {
    units: Vec<Unit>,
    /// Of the units, so many in front were dealt with by an earlier import of this file.
    passed_over: usize,
    /// Where the file was read to, and the rows that were not UTF-8 up to there.
    checkpoint: Checkpoint,
    progress: FileProgress,
    rows_decoded: u64,
}

/// Reads a file to its end, or to where it cannot be read, what was read before it included.
fn read_batches(
    plan: &FilePlan,
    kept: Option<&Checkpoint>,
    batches: &mpsc::SyncSender<Batch>,
) -> Result<()> {
    let done_before = units_done_before(plan, kept)?;
    let mut reader = plan.reader()?;
    let mut units_read = 0;
    loop {
        let (mut units, mut bytes, mut passed_over) = (Vec::new(), 0, 0);
        let outcome = loop {
            if BATCH_UNITS <= units.len() || BATCH_BYTES <= bytes {
                break Ok(true);
            }
            let unit = match reader.next_unit() {
                Ok(Some(unit)) => unit,
                Ok(None) => break Ok(false),
                Err(why) => break Err(why),
            };
            units_read += 1;
            passed_over += usize::from(units_read <= done_before);
            bytes += unit.rows.iter().map(|it| it.text.len()).sum::<usize>();
            units.push(unit);
        };
        let batch = Batch {
            units,
            passed_over,
            checkpoint: Checkpoint {
                units: units_read,
                trail: reader.trail(),
                at: plan.reading.now,
            },
            progress: FileProgress {
                rows_done: reader.rows_read(),
                bytes_done: reader.bytes_done(),
                bytes_total: plan.bytes_total(),
            },
            rows_decoded: reader.rows_decoded(),
        };
        let is_taken = batches.send(batch).is_ok();
        if !(outcome? && is_taken) {
            return Ok(());
        }
    }
}

/// How many units the last import of this file dealt with before it was ended; none if the file does
/// not begin with the same rows any more.
fn units_done_before(plan: &FilePlan, kept: Option<&Checkpoint>) -> Result<u64> {
    let Some(checkpoint) = kept else { return Ok(0) };
    let mut reader = plan.reader()?;
    for _ in 0..checkpoint.units {
        if reader.next_unit()?.is_none() {
            return Ok(0);
        }
    }
    Ok(if reader.trail() == checkpoint.trail { checkpoint.units } else { 0 })
}

/// What is told of a transaction once it is committed.
#[derive(Default)]
struct Told {
    units: usize,
    taken: u64,
    known: u64,
    passed_over: u64,
    events: u64,
    refused: Vec<RefusedUnit>,
    /// `None` while nothing was asked of the store.
    checkpoint: Option<Checkpoint>,
    progress: FileProgress,
    rows_decoded: u64,
}

struct RefusedUnit {
    rows: Vec<SourceRow>,
    /// The one that is wrong, where it is not all of them.
    line: Option<u64>,
    why: Refusal,
}

/// What became of a unit.
enum Outcome {
    Taken { events: u64 },
    Known,
    Refused(Refusal),
}

impl FileImport<'_> {
    /// Stores what was read, and with it how far, in one transaction: `batch` and those that follow
    /// and are there already, as long as nobody else waits.
    fn store(&mut self, batch: Batch, batches: &mpsc::Receiver<Batch>) -> Result<FileProgress> {
        if self.plan.kind() == Kind::Reviews && self.catalogue.is_none() {
            self.catalogue = Some(self.engine.store().read(Catalogue::read)?);
        }
        let mut seen = std::mem::take(&mut self.seen);
        let store = self.engine.store();
        let told = store.write_relaxed(|tx| {
            let mut told = self.store_batch(tx, &mut seen, batch, Told::default())?;
            while told.units < TRANSACTION_UNITS
                && told.refused.len() < REFUSED_WAITING_MAX
                && !store.is_awaited()
                && let Ok(batch) = batches.try_recv()
            {
                told = self.store_batch(tx, &mut seen, batch, told)?;
            }
            if let Some(checkpoint) = told.checkpoint.take() {
                keep_checkpoint(tx, &self.checkpoint_key, Some(checkpoint))?;
            }
            Ok(told)
        })?;
        self.seen = seen;
        let imported = &mut self.imported;
        imported.rows = told.progress.rows_done;
        imported.decoded = told.rows_decoded;
        imported.taken += told.taken;
        imported.known += told.known;
        imported.passed_over += told.passed_over;
        imported.events += told.events;
        for it in told.refused {
            self.refuse(&it.rows, it.line, &it.why)?;
        }
        Ok(told.progress)
    }

    fn store_batch(
        &self,
        tx: &mut Tx<'_>,
        seen: &mut Seen,
        batch: Batch,
        mut told: Told,
    ) -> Result<Told> {
        told.units += batch.units.len();
        let mut is_asked = false;
        for (index, Unit { rows, outcome }) in batch.units.into_iter().enumerate() {
            let count = rows.len() as u64;
            let (line, why) = match outcome {
                Err(refused) => (Some(refused.line), refused.refusal),
                Ok(_) if index < batch.passed_over => {
                    told.known += count;
                    told.passed_over += count;
                    continue;
                }
                Ok(events) => {
                    is_asked = true;
                    match self.record_unit(tx, seen, &events)? {
                        Outcome::Taken { events } => {
                            told.taken += count;
                            told.events += events;
                            continue;
                        }
                        Outcome::Known => {
                            told.known += count;
                            continue;
                        }
                        Outcome::Refused(why) => (None, why),
                    }
                }
            };
            told.refused.push(RefusedUnit { rows, line, why });
        }
        if is_asked {
            told.checkpoint = Some(batch.checkpoint);
        }
        told.progress = batch.progress;
        told.rows_decoded = batch.rows_decoded;
        Ok(told)
    }

    fn refuse(&mut self, rows: &[SourceRow], line: Option<u64>, why: &Refusal) -> Result<()> {
        self.imported.refused += rows.len() as u64;
        self.reasons.count(why, rows);
        let look = &self.plan.look;
        let header: &[String] = if look.form == Form::Json { &[] } else { &look.header };
        let names = if look.is_refused_rows { &header[REFUSED_COLUMNS..] } else { header };
        for row in rows {
            let reason = match line {
                Some(line) if line != row.line && rows.len() > 1 => {
                    format!("line {line} of the same order is refused: {why}")
                }
                _ => why.to_string(),
            };
            let mut values = files::cut(look.form, row, header.len());
            if look.is_refused_rows && values.len() == header.len() {
                // The line and the reason of the import that refused it first.
                values.drain(..REFUSED_COLUMNS);
            }
            (self.on_refused)(&RefusedRow { line: row.line, reason, header: names, values })?;
        }
        Ok(())
    }

    fn record_unit(
        &self,
        tx: &mut Tx<'_>,
        seen: &mut Seen,
        events: &[Incoming],
    ) -> Result<Outcome> {
        if names_erased(tx, events)? {
            return Ok(Outcome::Refused(Refusal::new(ADDRESS_ERASED)));
        }
        let (mut new, mut is_told_otherwise) = (0, false);
        for event in events {
            let found = match &self.catalogue {
                Some(catalogue) => match catalogue.find(tx, event)? {
                    Ok(found) => found,
                    Err(why) => return Ok(Outcome::Refused(why)),
                },
                None => None,
            };
            let event = found.as_ref().unwrap_or(event);
            let now = self.plan.reading.now;
            match self.engine.record(tx, seen, event, Occasion::History, now)? {
                Recorded::New { .. } => new += 1,
                Recorded::Duplicate { .. } => {}
                // Of one consent on one day the ledger keeps what was told first.
                Recorded::Conflict { .. } => {
                    is_told_otherwise |= !matches!(event.body, IncomingBody::ConsentGiven { .. });
                }
            }
        }
        let is_revision = |it: &Incoming| matches!(it.body, IncomingBody::OrderRevised { .. });
        Ok(if new > 0 {
            Outcome::Taken { events: new }
        } else if is_told_otherwise && !events.iter().any(is_revision) {
            let is_order = self.plan.kind() == Kind::Orders;
            Outcome::Refused(Refusal::new(if is_order { ORDER_OTHERWISE } else { OTHERWISE }))
        } else {
            Outcome::Known
        })
    }

    /// The file is done with: nothing is left to go on with, and the next one like it is read alike.
    fn finish(&self) -> Result<()> {
        let FileImported { taken, known, .. } = self.imported;
        let mapping = &self.plan.mapping;
        let header = shape(&self.plan.look.header);
        let is_segment = mapping.kind == Kind::Events && self.plan.look.form == Form::Json;
        self.engine.store().write(|tx| {
            keep_checkpoint(tx, &self.checkpoint_key, None)?;
            if taken + known == 0 || is_segment {
                return Ok(());
            }
            let mut kept = file_mappings(tx)?;
            kept.retain(|it| it.mapping.kind != mapping.kind || it.header != header);
            let file = self.plan.reading.file_name.clone();
            let used_at = self.plan.reading.now;
            kept.insert(0, KeptMapping { header, mapping: mapping.clone(), file, used_at });
            kept.truncate(KEPT_MAX);
            tx.set_setting(MAPPINGS, &serde_json::to_string(&kept)?)
        })
    }
}

fn checkpoints(tx: &mut Tx<'_>) -> Result<BTreeMap<String, Checkpoint>> {
    match tx.setting(PROGRESS)? {
        Some(text) => serde_json::from_str(&text).context("how far imports had come"),
        None => Ok(BTreeMap::new()),
    }
}

fn keep_checkpoint(tx: &mut Tx<'_>, key: &str, checkpoint: Option<Checkpoint>) -> Result<()> {
    let mut kept = checkpoints(tx)?;
    match checkpoint {
        Some(checkpoint) => kept.insert(key.to_owned(), checkpoint),
        None => kept.remove(key),
    };
    while KEPT_MAX < kept.len() {
        let oldest = kept.iter().min_by_key(|(_, it)| it.at).map(|(key, _)| key.clone());
        kept.remove(&oldest.expect("more than none"));
    }
    tx.set_setting(PROGRESS, &serde_json::to_string(&kept)?)
}

/// Products by what reviews call them.
struct Catalogue {
    /// The code by the last part of the product's address.
    by_handle: HashMap<String, String>,
    /// The code by the name in small letters; `None` where two products have it.
    by_name: HashMap<String, Option<String>>,
}

impl Catalogue {
    fn read(tx: &mut Tx<'_>) -> Result<Self> {
        let (mut by_handle, mut by_name) = (HashMap::new(), HashMap::new());
        for product in tx.products()? {
            if let Some(handle) = files::handle_of(&product.url) {
                by_handle.insert(handle.to_lowercase(), product.code.clone());
            }
            by_name
                .entry(product.name.to_lowercase())
                .and_modify(|it| *it = None)
                .or_insert(Some(product.code));
        }
        Ok(Self { by_handle, by_name })
    }

    /// The event about the product that is meant, if it names one in another way than by its code.
    fn find(&self, tx: &mut Tx<'_>, event: &Incoming) -> Result<Result<Option<Incoming>, Refusal>> {
        let IncomingBody::ProductReviewed { product, rating, text, details } = &event.body else {
            return Ok(Ok(None));
        };
        for code in [Some(&product.code), product.code_also.as_ref()].into_iter().flatten() {
            if let Some(known) = tx.product_by_code(code)? {
                return Ok(Ok(Some(about(event, &known.code, *rating, text, details))));
            }
            let found = match (code.strip_prefix(HANDLE_PREFIX), code.strip_prefix(NAME_PREFIX)) {
                (Some(handle), _) => self.by_handle.get(&handle.to_lowercase()).cloned(),
                (_, Some(name)) => self.by_name.get(&name.to_lowercase()).cloned().flatten(),
                _ => None,
            };
            if let Some(code) = found {
                return Ok(Ok(Some(about(event, &code, *rating, text, details))));
            }
        }
        let by_name = product.name.as_ref().and_then(|it| self.by_name.get(&it.to_lowercase()));
        if let Some(Some(code)) = by_name {
            return Ok(Ok(Some(about(event, code, *rating, text, details))));
        }
        Ok(Err(Refusal::new(
            "the shop has no product of this id, handle, SKU or name; import the products first",
        )))
    }
}

fn about(
    event: &Incoming,
    code: &str,
    rating: u8,
    text: &str,
    details: &aftercart_model::ReviewDetails,
) -> Incoming {
    let product = Arc::new(ProductRef::of_code(code));
    let (text, details) = (text.to_owned(), details.clone());
    let body = IncomingBody::ProductReviewed { product, rating, text, details };
    Incoming { body, ..event.clone() }
}

/// Refused rows by reason.
#[derive(Default)]
struct Reasons(BTreeMap<String, (u64, Vec<u64>)>);

impl Reasons {
    fn count(&mut self, why: &Refusal, rows: &[SourceRow]) {
        let is_known = self.0.contains_key(&why.reason);
        let reason = match is_known || self.0.len() < REASONS_MAX {
            true => why.reason.clone(),
            false => "other reasons".to_owned(),
        };
        let (count, lines) = self.0.entry(reason).or_default();
        *count += rows.len() as u64;
        let room = LINES_NAMED.saturating_sub(lines.len());
        lines.extend(rows.iter().map(|it| it.line).take(room));
    }

    /// The most frequent first.
    fn listed(&self) -> Vec<RefusedFor> {
        let refused_for = |(reason, (rows, lines)): (&String, &(u64, Vec<u64>))| RefusedFor {
            reason: reason.clone(),
            rows: *rows,
            lines: lines.clone(),
        };
        let mut listed: Vec<RefusedFor> = self.0.iter().map(refused_for).collect();
        listed.sort_by_key(|it| std::cmp::Reverse(it.rows));
        listed
    }
}

#[cfg(test)]
mod tests;
