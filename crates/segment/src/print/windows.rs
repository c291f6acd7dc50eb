//! How stretches of time are written.

use std::fmt::{self, Display, Formatter};

use crate::{Age, Calendar, CalendarUnit, Span, SpanRange, Window};

/// With a blank before it, or nothing at all.
impl Display for Window {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ever => Ok(()),
            Self::Last(span) => write!(f, " in the last {span}"),
            Self::Ago(range) => write!(f, " between {range} ago"),
            Self::Calendar(calendar) => write!(f, " {calendar}"),
            Self::On(date) => write!(f, " on {date}"),
            Self::Since(date) => write!(f, " since {date}"),
            Self::Before(date) => write!(f, " before {date}"),
            Self::Between(range) => write!(f, " between {} and {}", range.from(), range.to()),
            Self::After(anchor) => write!(f, " since {anchor}"),
            Self::Until(anchor) => write!(f, " before {anchor}"),
            Self::SinceEntry => f.write_str(" since entering the flow"),
        }
    }
}

impl Display for Calendar {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.unit, self.is_last) {
            (CalendarUnit::Day, false) => f.write_str("today"),
            (CalendarUnit::Day, true) => f.write_str("yesterday"),
            (unit, false) => write!(f, "this {unit}"),
            (unit, true) => write!(f, "last {unit}"),
        }
    }
}

impl Display for CalendarUnit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        })
    }
}

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let unit = if self.is_days() { "day" } else { "hour" };
        write!(f, "{} {unit}{}", self.count(), if self.count() == 1 { "" } else { "s" })
    }
}

impl Display for SpanRange {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (near, far) = (self.near(), self.far());
        match near.is_days() == far.is_days() {
            true => write!(f, "{} and {far}", near.count()),
            false => write!(f, "{near} and {far}"),
        }
    }
}

impl Display for Age {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(span) => write!(f, "at least {span}"),
            Self::LessThan(span) => write!(f, "less than {span}"),
        }
    }
}
