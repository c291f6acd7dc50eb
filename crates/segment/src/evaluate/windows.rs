//! Which rows of a history a window holds, and when rows enter and leave it.

use std::ops::Range;

use jiff::{civil::Date, tz::TimeZone};

use super::{BoundWindow, Evaluator};
use crate::{Calendar, Window, history::timestamp};

impl Evaluator<'_> {
    /// The rows of the history within a window; `None` where there is no such time.
    pub(crate) fn range(&self, window: &BoundWindow<'_>) -> Option<Range<usize>> {
        let len = self.history.len();
        Some(match window {
            BoundWindow::SinceLastOrder => self.lines_of(self.last_order()?).end..len,
            BoundWindow::After(pick, deed) => self.lines_of(self.pick(deed, *pick)?).end..len,
            BoundWindow::Until(pick, deed) => 0..self.pick(deed, *pick)?,
            BoundWindow::Plain(Window::SinceEntry) => {
                // What happens at the instant of the entry is the cause of it as often as not.
                self.history.place_at(self.subject.entered_at?.as_millisecond())..len
            }
            BoundWindow::Plain(window) => {
                let (start_ms, end_ms) = self.bounds_ms(window);
                let start = start_ms.map_or(0, |it| self.history.place_from(it));
                let end = end_ms.map_or(len, |it| self.history.place_from(it));
                start.min(end)..end
            }
        })
    }

    /// The first instant of a window that asks of no deed, and the first one past it.
    fn bounds_ms(&self, window: &Window) -> (Option<i64>, Option<i64>) {
        let zone = self.subject.zone;
        let ago = |ms: i64| self.ago_ms(ms);
        match window {
            Window::Ever | Window::After(_) | Window::Until(_) | Window::SinceEntry => (None, None),
            Window::Last(span) => (Some(ago(span.as_ms())), None),
            Window::Ago(range) => (Some(ago(range.far().as_ms())), Some(ago(range.near().as_ms()))),
            Window::Calendar(calendar) => {
                let (from, to) = calendar.days(self.today());
                (Some(start_of_day(from, zone)), Some(start_of_day(to, zone)))
            }
            Window::On(date) => {
                (Some(start_of_day(*date, zone)), Some(start_of_day(next_day(*date), zone)))
            }
            Window::Since(date) => (Some(start_of_day(*date, zone)), None),
            Window::Before(date) => (None, Some(start_of_day(*date, zone))),
            Window::Between(range) => {
                (Some(start_of_day(range.from(), zone)), Some(start_of_day(range.to(), zone)))
            }
        }
    }

    /// The first instant of the last so many milliseconds: an event exactly as old as a span has left
    /// it; one millisecond younger has not.
    pub(super) fn ago_ms(&self, ms: i64) -> i64 {
        self.now_ms.saturating_sub(ms).saturating_add(1)
    }

    fn today(&self) -> Date {
        self.date_of(self.now_ms)
    }

    fn date_of(&self, at_ms: i64) -> Date {
        timestamp(at_ms).to_zoned(self.subject.zone.clone()).date()
    }

    /// When a row of this instant enters a window that moves with now, and when it leaves it; `None`
    /// for windows that stand still.
    pub(crate) fn stay_ms(&self, window: &BoundWindow<'_>, at_ms: i64) -> Option<(i64, i64)> {
        let BoundWindow::Plain(window) = window else { return None };
        match window {
            Window::Last(span) => Some((at_ms, at_ms.saturating_add(span.as_ms()))),
            Window::Ago(range) => Some((
                at_ms.saturating_add(range.near().as_ms()),
                at_ms.saturating_add(range.far().as_ms()),
            )),
            Window::Calendar(calendar) => {
                let first = calendar.unit.first_day(self.date_of(at_ms));
                let step =
                    |count| start_of_day(calendar.unit.step(first, count), self.subject.zone);
                Some(if calendar.is_last { (step(1), step(2)) } else { (at_ms, step(1)) })
            }
            Window::Ever
            | Window::On(_)
            | Window::Since(_)
            | Window::Before(_)
            | Window::Between(_)
            | Window::After(_)
            | Window::Until(_)
            | Window::SinceEntry => None,
        }
    }
}

impl Calendar {
    /// The first day and the first one past the end, as of `today`.
    fn days(self, today: Date) -> (Date, Date) {
        let first = self.unit.first_day(today);
        match self.is_last {
            true => (self.unit.step(first, -1), first),
            false => (first, self.unit.step(first, 1)),
        }
    }
}

impl BoundWindow<'_> {
    /// The age below which rows are in a window that is open to now; `None` for any other.
    pub(crate) fn within_ms(&self) -> Option<i64> {
        match self {
            Self::Plain(Window::Ever) => Some(i64::MAX),
            Self::Plain(Window::Last(span)) => Some(span.as_ms()),
            _ => None,
        }
    }
}

fn next_day(date: Date) -> Date {
    date.tomorrow().unwrap_or(date)
}

/// The first instant of a civil day: midnight, or where clocks pass over it what comes next.
pub(crate) fn start_of_day(date: Date, zone: &TimeZone) -> i64 {
    match date.to_zoned(zone.clone()).and_then(|it| it.start_of_day()) {
        Ok(start) => start.timestamp().as_millisecond(),
        // Beyond the years that can be told.
        Err(_) if date < Date::ZERO => i64::MIN,
        Err(_) => i64::MAX,
    }
}
