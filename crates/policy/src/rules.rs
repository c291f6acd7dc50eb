//! The shop's rules: how many emails within which time, at which hours, how late at most.
//!
//! Quiet hours are civil time where the customer is. Their borders follow RFC 5545: a time that a
//! clock change skips is taken after the gap, one that it repeats is taken the first time.

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Sizes beyond which a rule is surely a slip of the pen.
const CAP_COUNT_MAX: u32 = 100;
const CAP_HOURS_MAX: u32 = 24 * 90;
const LATENESS_HOURS_MAX: u32 = 24 * 14;

/// Rounds of pushing behind caps and quiet hours. Each cap moves a time at most once for each email
/// sent, quiet hours once for each of those; a shop never comes near.
const PUSHES_MAX: usize = 10_000;

/// At most `count` emails within any `hours` hours, counted when they are handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    pub count: u32,
    pub hours: u32,
}

/// Local hours without mail, from `from` until just before `until`; over midnight if `until` is
/// the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    pub from: civil::Time,
    pub until: civil::Time,
}

/// What the shop asks of every marketing message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    pub caps: Vec<Cap>,
    pub quiet_hours: Option<QuietHours>,
    /// How long after the first moment it was allowed a message is still worth sending.
    pub lateness_hours_max: u32,
}

/// Why rules cannot be used. The text is shown to the person editing the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    #[error("a frequency cap of {count} emails is out of reach; choose 1 to {CAP_COUNT_MAX}")]
    CapCount { count: u32 },
    #[error("a frequency cap over {hours} hours is out of reach; choose 1 to {CAP_HOURS_MAX}")]
    CapHours { hours: u32 },
    #[error("quiet hours from {from} until {until} leave less than an hour for mail; shorten them")]
    QuietAllDay { from: civil::Time, until: civil::Time },
    #[error("a lateness of {hours} hours is out of reach; choose 1 to {LATENESS_HOURS_MAX}")]
    Lateness { hours: u32 },
}

impl Default for Rules {
    /// One email in 24 hours and 3 in 7 days, none from 20:00 to 08:00, none 12 hours late.
    fn default() -> Self {
        Self {
            caps: vec![Cap { count: 1, hours: 24 }, Cap { count: 3, hours: 7 * 24 }],
            quiet_hours: Some(QuietHours {
                from: civil::time(20, 0, 0, 0),
                until: civil::time(8, 0, 0, 0),
            }),
            lateness_hours_max: 12,
        }
    }
}

impl Rules {
    pub fn check(&self) -> Result<(), RulesError> {
        for cap in &self.caps {
            if !(1..=CAP_COUNT_MAX).contains(&cap.count) {
                return Err(RulesError::CapCount { count: cap.count });
            }
            if !(1..=CAP_HOURS_MAX).contains(&cap.hours) {
                return Err(RulesError::CapHours { hours: cap.hours });
            }
        }
        if let Some(quiet) = &self.quiet_hours
            && quiet.open_minutes() < 60
        {
            return Err(RulesError::QuietAllDay { from: quiet.from, until: quiet.until });
        }
        if !(1..=LATENESS_HOURS_MAX).contains(&self.lateness_hours_max) {
            return Err(RulesError::Lateness { hours: self.lateness_hours_max });
        }
        Ok(())
    }

    /// When a message planned at `planned_at` is no longer worth sending: the lateness, counted
    /// from the first moment outside quiet hours, since waiting for the morning is not late.
    pub fn expires_at(&self, planned_at: Timestamp, zone: &TimeZone) -> Timestamp {
        let allowed = self.first_allowed(&[], zone, planned_at);
        let lateness = SignedDuration::from_hours(i64::from(self.lateness_hours_max));
        allowed.checked_add(lateness).unwrap_or(Timestamp::MAX)
    }

    /// The first instant from `at` on that no cap and no quiet hours forbid.
    pub fn first_allowed(
        &self,
        sent_at: &[Timestamp],
        zone: &TimeZone,
        mut at: Timestamp,
    ) -> Timestamp {
        for _ in 0..PUSHES_MAX {
            let capped = self.caps.iter().filter_map(|cap| cap.blocks_until(sent_at, at)).max();
            let quiet = self.quiet_hours.as_ref().and_then(|it| it.end_after(at, zone));
            match capped.max(quiet) {
                Some(until) => at = until,
                None => break,
            }
        }
        at
    }
}

impl Cap {
    /// `24 hours`, `7 days`.
    pub fn span(&self) -> String {
        match self.hours {
            hours if hours > 24 && hours.is_multiple_of(24) => format!("{} days", hours / 24),
            1 => "1 hour".to_owned(),
            hours => format!("{hours} hours"),
        }
    }

    /// How many of `sent_at` count against an email handed over at `at`. What was sent after `at`
    /// counts too: a clock that was set back must not let more through.
    pub fn counted(&self, sent_at: &[Timestamp], at: Timestamp) -> usize {
        sent_at.iter().filter(|&&sent| at.duration_since(sent) < self.window()).count()
    }

    /// Until when the cap forbids an email at `at`, if it does.
    pub(crate) fn blocks_until(&self, sent_at: &[Timestamp], at: Timestamp) -> Option<Timestamp> {
        let count = self.count as usize;
        if self.counted(sent_at, at) < count {
            return None;
        }
        let mut latest_first = sent_at.to_vec();
        latest_first.sort_unstable_by(|a, b| b.cmp(a));
        let Some(opens) = count.checked_sub(1).and_then(|it| latest_first.get(it)) else {
            return Some(Timestamp::MAX); // A cap of nothing never opens.
        };
        Some(opens.checked_add(self.window()).unwrap_or(Timestamp::MAX))
    }

    fn window(&self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.hours))
    }
}

impl QuietHours {
    pub fn is_quiet(&self, at: Timestamp, zone: &TimeZone) -> bool {
        self.contains(zone.to_datetime(at).time())
    }

    fn contains(&self, time: civil::Time) -> bool {
        if self.from <= self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }

    /// When the quiet hours around `at` are over; `None` outside of them.
    pub(crate) fn end_after(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if !self.is_quiet(at, zone) {
            return None;
        }
        let today = zone.to_datetime(at).date();
        for days in 0..4 {
            let Ok(date) = today.checked_add(jiff::Span::new().days(days)) else { break };
            let ambiguous = zone.to_ambiguous_timestamp(date.to_datetime(self.until));
            // The second pass through a repeated hour has its end at the later occurrence.
            let ends = [ambiguous.compatible(), ambiguous.later()];
            let found = ends.into_iter().flatten().find(|&it| it > at && !self.is_quiet(it, zone));
            if found.is_some() {
                return found;
            }
        }
        Some(Timestamp::MAX)
    }

    fn open_minutes(&self) -> i64 {
        let minutes = |time: civil::Time| i64::from(time.hour()) * 60 + i64::from(time.minute());
        let quiet = minutes(self.until) - minutes(self.from);
        24 * 60 - if self.from <= self.until { quiet } else { quiet + 24 * 60 }
    }
}
