//! Reading stretches of time.

use jiff::civil::Date;

use super::{Parsed, Parser, TokenKind};
use crate::{Age, Anchor, Calendar, CalendarUnit, DateRange, Deed, Pick, Span, SpanRange, Window};

/// Days of a year that is said as a span.
const DAYS_OF_YEAR: u32 = 365;

impl Parser<'_> {
    /// A window; `Ever` where none is written.
    pub(super) fn window(&mut self) -> Parsed<Window> {
        if self.eat("in the last") || self.eat_synonym(&["in the past", "within the last"]) {
            return Ok(Window::Last(self.span()?));
        }
        if self.eat("between") {
            return self.between();
        }
        if let Some(calendar) = self.calendar() {
            return Ok(Window::Calendar(calendar));
        }
        if self.eat("on") {
            return Ok(Window::On(self.date()?));
        }
        if self.eat("since") || self.eat_synonym(&["after"]) {
            if self.eat("entering the flow") {
                return Ok(Window::SinceEntry);
            }
            return Ok(match self.anchor()? {
                Some(anchor) => Window::After(anchor),
                None => Window::Since(self.date()?),
            });
        }
        if self.eat("before") {
            return Ok(match self.anchor()? {
                Some(anchor) => Window::Until(anchor),
                None => Window::Before(self.date()?),
            });
        }
        self.eat_synonym(&["ever"]);
        Ok(Window::Ever)
    }

    fn between(&mut self) -> Parsed<Window> {
        let start = self.at;
        if self.is_date() {
            let from = self.date()?;
            if !self.eat("and") {
                return Err(self.error());
            }
            let range = DateRange::new(from, self.date()?);
            return range.map(Window::Between).map_err(|it| self.refuse(start, &it.to_string()));
        }
        self.expect("a day such as `2026-11-27`");
        let near = self.number(1)?;
        let unit = self.span_unit();
        if !self.eat("and") {
            return Err(self.error());
        }
        let far_start = self.at;
        let far = self.number(1)?;
        let Some(far_unit) = self.span_unit() else { return Err(self.error()) };
        if !self.eat("ago") {
            return Err(self.error());
        }
        let near = self.span_of(start, near, unit.unwrap_or(far_unit))?;
        let far = self.span_of(far_start, far, far_unit)?;
        let range = SpanRange::new(near, far);
        range.map(Window::Ago).map_err(|error| self.refuse(start, &error.to_string()))
    }

    fn calendar(&mut self) -> Option<Calendar> {
        for (head, is_last) in [("this", false), ("last", true)] {
            for unit in CalendarUnit::ALL {
                let calendar = Calendar { unit, is_last };
                let phrase = calendar.to_string();
                let is_there = match unit {
                    CalendarUnit::Day => self.eat(&phrase),
                    _ => self.eat(&format!("{head} {unit}")),
                };
                if is_there {
                    return Some(calendar);
                }
            }
        }
        None
    }

    /// `their last order`, `they first viewed a product`; `None` where neither begins here.
    fn anchor(&mut self) -> Parsed<Option<Anchor>> {
        for pick in [Pick::Last, Pick::First] {
            if self.eat(&format!("their {pick} order")) {
                let mut deed = Deed::ordered();
                self.filters_inside(&mut deed)?;
                return Ok(Some(Anchor { pick, deed: Box::new(deed) }));
            }
            if self.eat(&format!("they {pick}")) {
                let Some(act) = self.act(true)? else { return Err(self.error()) };
                let mut deed = Deed::from(act);
                self.filters_inside(&mut deed)?;
                return Ok(Some(Anchor { pick, deed: Box::new(deed) }));
            }
        }
        Ok(None)
    }

    /// `at least 30 days ago`.
    pub(super) fn age(&mut self) -> Parsed<Age> {
        let age: fn(Span) -> Age = match () {
            () if self.eat("at least") || self.eat_synonym(&["more than"]) => Age::AtLeast,
            () if self.eat("less than") || self.eat_synonym(&["within the last"]) => Age::LessThan,
            () if self.eat("at most") => {
                let error = "`at most` leaves open whether the last day counts; write `less than`";
                return Err(self.refuse(self.at - 2, error));
            }
            () => return Err(self.error()),
        };
        let age = age(self.span()?);
        if self.eat("ago") { Ok(age) } else { Err(self.error()) }
    }

    pub(super) fn span(&mut self) -> Parsed<Span> {
        let start = self.at;
        let count = self.number(1)?;
        match self.span_unit() {
            Some(unit) => self.span_of(start, count, unit),
            None => Err(self.error()),
        }
    }

    fn span_unit(&mut self) -> Option<SpanUnit> {
        let units = [
            ("days", "day", SpanUnit::Days),
            ("hours", "hour", SpanUnit::Hours),
            ("weeks", "week", SpanUnit::Weeks),
            ("years", "year", SpanUnit::Years),
        ];
        for (plural, singular, unit) in units {
            if self.eat_unit(plural, singular) {
                return Some(unit);
            }
        }
        let is_month = self.is_word("months") || self.is_word("month");
        is_month.then(|| {
            self.at += 1;
            SpanUnit::Months
        })
    }

    fn span_of(&self, start: usize, count: u32, unit: SpanUnit) -> Parsed<Span> {
        let span = match unit {
            SpanUnit::Days => Span::days(count),
            SpanUnit::Hours => Span::hours(count),
            SpanUnit::Weeks => Span::days(count.saturating_mul(7)),
            SpanUnit::Years => Span::days(count.saturating_mul(DAYS_OF_YEAR)),
            SpanUnit::Months => {
                let error = "months differ in length; write days, or `this month`, `last month`";
                return Err(self.refuse(start + 1, error));
            }
        };
        span.map_err(|error| self.refuse(start, &error.to_string()))
    }

    fn is_date(&self) -> bool {
        self.peek().is_some_and(|it| it.kind == TokenKind::Date)
    }

    fn date(&mut self) -> Parsed<Date> {
        if !self.is_date() {
            self.expect("a day such as `2026-11-27`");
            return Err(self.error());
        }
        let text = &self.text[self.tokens[self.at].range.clone()];
        let Ok(date) = text.parse() else {
            let error = format!("`{text}` is in no calendar; write year, month and day");
            return Err(self.refuse(self.at, &error));
        };
        self.at += 1;
        Ok(date)
    }
}

#[derive(Clone, Copy)]
enum SpanUnit {
    Days,
    Hours,
    Weeks,
    Years,
    /// Understood, and refused.
    Months,
}
