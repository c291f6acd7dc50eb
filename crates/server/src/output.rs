//! What commands print: results on standard output, progress and hints on standard error.
//!
//! With `--json` the result is one JSON document and nothing else; with `--quiet` there is neither
//! progress nor hint. A reader that goes away (`| head`) is no error.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    time::Duration,
};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::cli::Common;

#[derive(Clone, Copy, Debug)]
pub struct Output {
    is_json: bool,
    is_quiet: bool,
}

impl Output {
    pub fn new(common: &Common) -> Self {
        Self { is_json: common.json, is_quiet: common.quiet }
    }

    /// Says nothing beside the result.
    pub fn silent() -> Self {
        Self { is_json: false, is_quiet: true }
    }

    /// The result: as JSON if asked for, else as `text` writes it.
    pub fn result<T: Serialize>(self, value: &T, text: impl FnOnce() -> String) -> Result<()> {
        let mut printed = if self.is_json { serde_json::to_string_pretty(value)? } else { text() };
        if !printed.ends_with('\n') {
            printed.push('\n');
        }
        to_stdout(&printed)
    }

    /// A remark that helps a person and disturbs a script.
    pub fn hint(self, text: impl fmt::Display) {
        if !self.is_quiet && !self.is_json {
            // Nobody is left to tell if standard error is gone.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Text for people, on standard output.
    pub fn say(self, text: impl fmt::Display) -> Result<()> {
        if self.is_quiet || self.is_json { Ok(()) } else { to_stdout(&format!("{text}\n")) }
    }

    /// A bar of `total` units with an estimate of the time left; invisible where nobody looks.
    pub fn bar(self, name: &'static str, total: u64) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(total), self.target());
        let template =
            "{msg:<28} [{bar:28}] {human_pos:>9} of {human_len:<9} {elapsed:>4}, {eta} left";
        let style = ProgressStyle::with_template(template).expect("a good template");
        bar.set_style(style.progress_chars("=> "));
        bar.set_message(name);
        bar
    }

    /// Work of unknown length.
    pub fn spinner(self, name: &'static str) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(None, self.target());
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}").expect("good");
        bar.set_style(style);
        bar.set_message(name);
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    fn target(self) -> ProgressDrawTarget {
        if self.is_quiet || self.is_json || !io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        }
    }
}

fn to_stdout(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(err) if err.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// A table for people: columns as wide as their widest cell, numbers to the right.
pub struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Heads that begin with a blank are of columns set to the right.
    pub fn new(heads: &[&'static str]) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new() }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width_of = |text: &str| text.chars().count();
        let mut widths: Vec<usize> = self.heads.iter().map(|it| width_of(it.trim())).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(width_of(cell));
            }
        }
        let mut line = |cells: Vec<&str>| {
            let mut text = String::new();
            for ((cell, width), head) in cells.iter().zip(&widths).zip(&self.heads) {
                let pad = " ".repeat(width - width_of(cell));
                if head.starts_with(' ') {
                    text.push_str(&format!("{pad}{cell}  "));
                } else {
                    text.push_str(&format!("{cell}{pad}  "));
                }
            }
            writeln!(f, "{}", text.trim_end())
        };
        line(self.heads.iter().map(|it| it.trim()).collect())?;
        for row in &self.rows {
            line(row.iter().map(String::as_str).collect())?;
        }
        Ok(())
    }
}

/// `1234567` as `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 customer`, `1,234 customers`.
pub fn customers(number: u64) -> String {
    format!("{} {}", count(number), if number == 1 { "customer" } else { "customers" })
}

/// A share as `4.5%`; `–` of nothing.
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |it| format!("{:.1}%", it * 100.0))
}

/// A small share as `0.48%`.
pub fn fine_percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |it| format!("{:.2}%", it * 100.0))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_table_sets_numbers_to_the_right() {
        let mut table = Table::new(&["email", " sent"]);
        table.row(["offer".to_owned(), "1,204".to_owned()]);
        table.row(["social proof".to_owned(), "97".to_owned()]);
        assert_snapshot!(table.to_string(), @r"
        email          sent
        offer         1,204
        social proof     97
        ");
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
    }
}
