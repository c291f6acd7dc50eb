//! `aftercart events`: what arrives, as lines.
//!
//! It reads the store, so it shows what any server on it took; what is refused stands there within a
//! second or two of its answer.

use std::{
    io::{self, Write},
    time::Duration,
};

use aftercart_engine::{
    ArrivalLine, ArrivalPlace, ArrivalsBefore, ArrivalsPage, ArrivedAs, Engine,
};
use anyhow::Result;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::{
    cli::{Common, EventsCommand, EventsTailArgs, TailOutcome},
    output::Output,
    shop,
};

/// How often the store is asked for more.
const POLL_EVERY: Duration = Duration::from_millis(500);
/// Lines read at once. What comes faster than pages of these can be read is read in the next round.
const PAGE: u32 = 500;
/// Pages read in one round, so that it ends; beyond these the older lines are left out.
const PAGES_MAX: u32 = 20;

pub fn run(common: &Common, command: &EventsCommand) -> Result<()> {
    match command {
        EventsCommand::Tail(args) => tail(common, args),
    }
}

fn tail(common: &Common, args: &EventsTailArgs) -> Result<()> {
    let output = Output::new(common);
    let shop = shop::open(common)?;
    let engine = &shop.engine;
    let zone = engine.shop().zone();
    let outcome = args.outcome.map(asked);
    let mut seen = engine.newest_arrivals()?;
    let mut lines = newest(engine, seen, args.limit, outcome)?;
    if lines.is_empty() && !args.follow {
        output.hint("Nothing has arrived yet; `aftercart serve` says where events are sent to.");
    }
    loop {
        lines.reverse();
        if !print(&lines, &zone, common.json)? || !args.follow {
            return Ok(());
        }
        // Ctrl-C ends the process, as it ends any that writes no store.
        // Parking may end early, and then it looks once more than it need have.
        std::thread::park_timeout(POLL_EVERY);
        let now = engine.newest_arrivals()?;
        lines = if now == seen { Vec::new() } else { between(engine, seen, now, outcome)? };
        seen = now;
    }
}

fn asked(outcome: TailOutcome) -> ArrivedAs {
    match outcome {
        TailOutcome::Accepted => ArrivedAs::Accepted,
        TailOutcome::Duplicate => ArrivedAs::Duplicate,
        TailOutcome::Rejected => ArrivedAs::Rejected,
        TailOutcome::Ignored => ArrivedAs::Ignored,
    }
}

/// The newest `limit` lines before `before`, newest first.
fn newest(
    engine: &Engine,
    mut before: ArrivalsBefore,
    limit: u32,
    outcome: Option<ArrivedAs>,
) -> Result<Vec<ArrivalLine>> {
    let limit = usize::try_from(limit)?;
    let mut found = Vec::new();
    for _ in 0..PAGES_MAX {
        let ArrivalsPage { lines, older } = engine.view_arrivals(before, PAGE, outcome)?;
        found.extend(lines);
        match older {
            Some(older) if found.len() < limit => before = older,
            _ => break,
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// What came after `seen` and before `before`, newest first.
fn between(
    engine: &Engine,
    seen: ArrivalsBefore,
    mut before: ArrivalsBefore,
    outcome: Option<ArrivedAs>,
) -> Result<Vec<ArrivalLine>> {
    let mut found = Vec::new();
    for _ in 0..PAGES_MAX {
        let ArrivalsPage { lines, older } = engine.view_arrivals(before, PAGE, outcome)?;
        found.extend(lines.into_iter().filter(|it| !seen.is_after(it.place)));
        match older {
            Some(older) if seen.log < older.log || seen.beside < older.beside => before = older,
            _ => break,
        }
    }
    Ok(found)
}

/// An arrival as `--json` writes it, one a line. Instants are in the shop's zone.
#[derive(Serialize)]
struct TailLine<'a> {
    at: String,
    source: &'a str,
    event: &'a str,
    key: &'a str,
    customer: Option<String>,
    outcome: ArrivedAs,
    status: u16,
    reason: Option<&'a str>,
    /// Its place in the log; of what is not in it, none.
    seq: Option<u64>,
}

/// Writes `lines`; `false` if nobody reads any more.
fn print(lines: &[ArrivalLine], zone: &TimeZone, is_json: bool) -> Result<bool> {
    let mut text = String::new();
    for line in lines {
        let written = match is_json {
            true => json(line, zone)?,
            false => written(line, zone),
        };
        text.push_str(&written);
        text.push('\n');
    }
    let mut stdout = io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(err) if err.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => other.map(|()| true).map_err(Into::into),
    }
}

fn json(line: &ArrivalLine, zone: &TimeZone) -> Result<String> {
    let at = line.at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string();
    Ok(serde_json::to_string(&TailLine {
        at,
        source: &line.source,
        event: &line.name,
        key: &line.key,
        customer: line.customer.map(|it| it.to_string()),
        outcome: line.outcome,
        status: line.status,
        reason: Some(line.reason.as_str()).filter(|it| !it.is_empty()),
        seq: match line.place {
            ArrivalPlace::Log(seq) => Some(seq),
            ArrivalPlace::Beside(_) => None,
        },
    })?)
}

/// `2026-03-02 12:00:00  segment      order placed            513        accepted`.
fn written(line: &ArrivalLine, zone: &TimeZone) -> String {
    let at = line.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let name = if line.name.is_empty() { "–" } else { line.name.as_str() };
    let customer = line.customer.map_or_else(|| "–".to_owned(), |it| it.to_string());
    let outcome = line.outcome.name();
    let mut text = format!("{at}  {:<12} {name:<24} {customer:<10} {outcome}", line.source);
    if line.outcome == ArrivedAs::Rejected {
        text.push_str(&format!(" {}", line.status));
    }
    if !line.reason.is_empty() {
        text.push_str(&format!(": {}", line.reason));
    }
    text
}

#[cfg(test)]
mod tests {
    use aftercart_engine::store::{Arrival, ArrivalOutcome, Store};
    use aftercart_model::{CustomerId, Timestamp};
    use insta::assert_snapshot;

    use super::*;

    const NOON: Timestamp = Timestamp::constant(1_783_000_800, 0); // 2026-07-02T14:00:00Z

    fn line(outcome: ArrivedAs) -> ArrivalLine {
        ArrivalLine {
            place: ArrivalPlace::Log(7),
            at: NOON,
            source: "segment".to_owned(),
            name: "order placed".to_owned(),
            key: "order:1001".to_owned(),
            customer: Some(CustomerId(513)),
            outcome,
            status: 200,
            reason: String::new(),
        }
    }

    fn refused() -> ArrivalLine {
        ArrivalLine {
            place: ArrivalPlace::Beside(3),
            customer: None,
            name: String::new(),
            status: 400,
            reason: "`event` is missing; give it".to_owned(),
            ..line(ArrivedAs::Rejected)
        }
    }

    #[test]
    fn each_arrival_is_followed_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().to_str().unwrap()).unwrap();
        let engine = Engine::open(store, None).unwrap();
        let arrive = |count: u32| {
            for n in 0..count {
                let outcome = match n % 2 {
                    0 => ArrivalOutcome::Rejected,
                    _ => ArrivalOutcome::Duplicate,
                };
                let (source, name, key) = ("segment".to_owned(), String::new(), n.to_string());
                let (status, reason) = (400, String::new());
                let at = NOON;
                engine.record_arrival(Arrival { at, source, name, key, outcome, status, reason });
            }
            engine.keep_arrivals().unwrap();
            engine.newest_arrivals().unwrap()
        };
        let first = arrive(3);
        assert_eq!(newest(&engine, first, 20, None).unwrap().len(), 3);
        assert_eq!(newest(&engine, first, 2, None).unwrap().len(), 2, "the limit");
        let second = arrive(900);
        assert_eq!(newest(&engine, first, 20, None).unwrap().len(), 3, "what came since is new");
        assert_eq!(between(&engine, first, second, None).unwrap().len(), 900, "over two pages");
        let rejected = Some(ArrivedAs::Rejected);
        assert_eq!(between(&engine, first, second, rejected).unwrap().len(), 450);
        assert_eq!(between(&engine, second, second, None).unwrap(), []);
    }

    #[test]
    fn a_line_says_when_what_and_why_in_the_zone_of_the_shop() {
        let zone = TimeZone::get("Europe/Lisbon").unwrap();
        assert_snapshot!(
            written(&line(ArrivedAs::Accepted), &zone),
            @"2026-07-02 15:00:00  segment      order placed             513        accepted"
        );
        assert_snapshot!(
            written(&refused(), &zone),
            @"2026-07-02 15:00:00  segment      –                        –          rejected 400: `event` is missing; give it"
        );
        assert_snapshot!(
            json(&line(ArrivedAs::Accepted), &zone).unwrap(),
            @r#"{"at":"2026-07-02T15:00:00.000+01:00","source":"segment","event":"order placed","key":"order:1001","customer":"513","outcome":"accepted","status":200,"reason":null,"seq":7}"#
        );
        assert_snapshot!(
            json(&refused(), &zone).unwrap(),
            @r#"{"at":"2026-07-02T15:00:00.000+01:00","source":"segment","event":"","key":"order:1001","customer":null,"outcome":"rejected","status":400,"reason":"`event` is missing; give it","seq":null}"#
        );
    }
}
