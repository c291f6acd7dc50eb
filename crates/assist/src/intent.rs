//! What the sentence asks for as a whole: each wish once, with the words that said it.

use std::ops::Range;

use aftercart_email::Role;
use aftercart_flow::{ReEntry, Wait};
use aftercart_model::{CouponOffer, Currency};
use jiff::civil;
use serde::{Deserialize, Serialize};

use crate::{
    Tone,
    clauses::Meaning,
    entities::Entity,
    read::{Read, Reading},
    timing,
};

/// What a chip is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// The words that ask, and ask for nothing in particular.
    Request,
    Goal,
    Include,
    Emails,
    Sequence,
    Within,
    Waits,
    Starts,
    Audience,
    Bought,
    InTheLast,
    NotSince,
    NotFor,
    Orders,
    Spent,
    Viewed,
    Recommend,
    Discount,
    CouponValid,
    At,
    Leaves,
    Again,
    HoldOut,
    Tone,
}

/// An operator's answer to a chip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub slot: Slot,
    pub value: String,
}

/// Why a sentence with choices gives no proposal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviseError {
    #[error(transparent)]
    NotUnderstood(Box<crate::NotUnderstood>),
    #[error("`{}` cannot be chosen there; write it like `{example}`", .choice.value)]
    Choice { choice: Choice, example: String },
}

/// A wish and the tokens that said it; none if an operator chose it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said<T> {
    pub(crate) value: T,
    pub(crate) tokens: Vec<Range<usize>>,
}

/// The time of day at which emails go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendTime {
    At(civil::Time),
    AsOrdered,
}

/// The stretch within which something was bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    Days(u32),
    Ever,
}

/// An email named in the sentence, and which one it is to be if that was said.
pub(crate) type Mention = (Role, Option<u32>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Intent {
    /// Where it asks without saying for what.
    pub(crate) request: Vec<Range<usize>>,
    pub(crate) goal: Option<Said<&'static str>>,
    pub(crate) include: Option<Said<Vec<&'static str>>>,
    pub(crate) emails: Option<Said<u32>>,
    pub(crate) sequence: Option<Said<Vec<Mention>>>,
    pub(crate) within: Option<Said<u32>>,
    pub(crate) waits: Option<Said<Vec<u32>>>,
    pub(crate) starts: Option<Said<()>>,
    pub(crate) bought: Option<Said<Vec<Entity>>>,
    pub(crate) in_the_last: Option<Said<Since>>,
    pub(crate) not_since: Option<Said<()>>,
    pub(crate) not_for: Option<Said<u32>>,
    pub(crate) orders: Option<Said<OrderCount>>,
    pub(crate) spent: Option<Said<i64>>,
    pub(crate) viewed: Option<Said<Vec<Entity>>>,
    pub(crate) viewed_related: Option<Said<Related>>,
    pub(crate) recommend: Option<Said<Vec<Entity>>>,
    pub(crate) recommend_related: Option<Said<Related>>,
    pub(crate) discount: Option<Said<CouponOffer>>,
    pub(crate) no_discount: Option<Said<()>>,
    pub(crate) coupon_days: Option<Said<u32>>,
    pub(crate) at: Option<Said<SendTime>>,
    pub(crate) leaves: Option<Said<()>>,
    pub(crate) again: Option<Said<ReEntry>>,
    pub(crate) hold_out: Option<Said<u32>>,
    pub(crate) tone: Option<Said<Tone>>,
    /// Said a second time and otherwise than the first: the tokens, and what stands already.
    pub(crate) conflicts: Vec<(Range<usize>, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderCount {
    AtLeast(u32),
    OnlyOne,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Related {
    pub(crate) related: bool,
    pub(crate) better: bool,
}

impl Intent {
    pub(crate) fn of(reading: &Reading, currency: Currency) -> Self {
        let mut intent = Self::default();
        for read in &reading.meanings {
            intent.take(read, currency);
        }
        intent
    }

    /// Whether it says anything about whom the emails go to.
    pub(crate) fn names_audience(&self) -> bool {
        self.bought.is_some()
            || self.in_the_last.is_some()
            || self.not_since.is_some()
            || self.not_for.is_some()
            || self.orders.is_some()
            || self.spent.is_some()
            || self.viewed.is_some()
            || self.viewed_related.is_some()
    }

    fn take(&mut self, read: &Read, currency: Currency) {
        let at = &read.tokens;
        let conflicts = &mut self.conflicts;
        match read.meaning.clone() {
            Meaning::Goal(goal) => say(&mut self.goal, goal, at, conflicts, |it| it.to_string()),
            Meaning::Include(parts) => extend(&mut self.include, parts, at),
            Meaning::Request | Meaning::ForShop => self.request.push(at.clone()),
            Meaning::Emails(count) => {
                say(&mut self.emails, count, at, conflicts, |it| format!("{it} emails"));
            }
            Meaning::Email { role, place } => extend(&mut self.sequence, vec![(role, place)], at),
            Meaning::Within(days) => {
                say(&mut self.within, days, at, conflicts, |it| format!("within {it} days"));
            }
            Meaning::Waits(waits) => {
                say(&mut self.waits, waits, at, conflicts, |it| timing::in_words(it));
            }
            Meaning::Apart(days) => {
                say(&mut self.waits, vec![days; 4], at, conflicts, |it| timing::in_words(it));
            }
            Meaning::AfterOrder => say(&mut self.starts, (), at, conflicts, |()| String::new()),
            Meaning::Bought { what, days } => {
                extend(&mut self.bought, what, at);
                if let Some(days) = days {
                    self.window(days, at);
                }
            }
            Meaning::Recent => extend(&mut self.bought, vec![], at),
            Meaning::Window(days) => self.window(days, at),
            Meaning::NotSince => say(&mut self.not_since, (), at, conflicts, |()| String::new()),
            Meaning::NotFor(days) => {
                say(&mut self.not_for, days, at, conflicts, |it| format!("{it} days"));
            }
            Meaning::OrdersMin(count) => {
                say(&mut self.orders, OrderCount::AtLeast(count), at, conflicts, |it| {
                    it.in_words()
                });
            }
            Meaning::FirstOrder => {
                say(&mut self.orders, OrderCount::OnlyOne, at, conflicts, |it| it.in_words());
            }
            Meaning::SpentMin(minor) => {
                say(&mut self.spent, minor, at, conflicts, |it| currency.format(*it));
            }
            Meaning::ViewedRelated { related, better } => {
                let value = Related { related, better };
                say(&mut self.viewed_related, value, at, conflicts, |it| it.in_words().to_owned());
            }
            Meaning::Viewed(what) => extend(&mut self.viewed, what, at),
            Meaning::Recommend(what) => extend(&mut self.recommend, what, at),
            Meaning::RecommendRelated { related, better } => {
                let value = Related { related, better };
                say(&mut self.recommend_related, value, at, conflicts, |it| {
                    it.in_words().to_owned()
                });
            }
            Meaning::Discount { offer, email, days } => {
                say(&mut self.discount, offer, at, conflicts, |it| offer_words(*it, currency));
                extend(&mut self.sequence, vec![(Role::Discount, email)], at);
                if let Some(days) = days {
                    let conflicts = &mut self.conflicts;
                    say(&mut self.coupon_days, days, at, conflicts, |it| format!("{it} days"));
                }
            }
            Meaning::NoDiscount => {
                say(&mut self.no_discount, (), at, conflicts, |()| String::new())
            }
            Meaning::CouponDays(days) => {
                say(&mut self.coupon_days, days, at, conflicts, |it| format!("{it} days"));
            }
            Meaning::HoldOut(percent) => {
                say(&mut self.hold_out, percent, at, conflicts, |it| format!("{it}%"));
            }
            Meaning::Tone(tone) => {
                say(&mut self.tone, tone, at, conflicts, |it| it.name().to_owned());
            }
            Meaning::SendAt(time) => {
                say(&mut self.at, SendTime::At(time), at, conflicts, |it| it.in_words());
            }
            Meaning::Again(re_entry) => {
                say(&mut self.again, re_entry, at, conflicts, |it| re_entry_words(*it));
            }
            Meaning::Leaves => say(&mut self.leaves, (), at, conflicts, |()| String::new()),
        }
    }

    fn window(&mut self, days: u32, at: &Range<usize>) {
        say(&mut self.in_the_last, Since::Days(days), at, &mut self.conflicts, |it| it.in_words());
    }

    /// Takes an operator's answers; the last one for a slot holds.
    pub(crate) fn choose(&mut self, choices: &[Choice]) -> Result<(), ReviseError> {
        for choice in choices {
            self.choose_one(choice).ok_or_else(|| ReviseError::Choice {
                choice: choice.clone(),
                example: example_of(choice.slot).to_owned(),
            })?;
        }
        Ok(())
    }

    fn choose_one(&mut self, choice: &Choice) -> Option<()> {
        let value = choice.value.trim().to_lowercase();
        let number = || value.trim_end_matches('%').split(' ').next()?.parse::<u32>().ok();
        match choice.slot {
            Slot::Waits => {
                let days = value.strip_suffix("days").or_else(|| value.strip_suffix("day"))?;
                let waits: Option<Vec<u32>> =
                    days.split(',').map(|it| it.trim().parse().ok()).collect();
                self.waits = Some(chosen(waits?));
            }
            Slot::At if value == AS_ORDERED => self.at = Some(chosen(SendTime::AsOrdered)),
            Slot::At => {
                let time = value.split(' ').next()?;
                let (hour, minute) = time.split_once(':')?;
                let time = civil::Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()?;
                self.at = Some(chosen(SendTime::At(time)));
            }
            Slot::CouponValid => self.coupon_days = Some(chosen(number()?)),
            Slot::HoldOut => self.hold_out = Some(chosen(number()?)),
            Slot::InTheLast if value == "ever" => self.in_the_last = Some(chosen(Since::Ever)),
            Slot::InTheLast => self.in_the_last = Some(chosen(Since::Days(number()?))),
            Slot::Discount => {
                let percent = u8::try_from(number()?).ok()?;
                value.contains('%').then_some(())?;
                self.discount = Some(chosen(CouponOffer::Percent(percent)));
            }
            Slot::Tone => {
                let tone = Tone::ALL.into_iter().find(|it| it.name() == value)?;
                self.tone = Some(chosen(tone));
            }
            Slot::Again => {
                let re_entry = match value.as_str() {
                    "never" => ReEntry::Never,
                    "always" => ReEntry::Always,
                    _ => match value.trim_start_matches("after ").parse().ok()? {
                        Wait::Days(days) => ReEntry::AfterDays(days),
                        Wait::Hours(_) => return None,
                    },
                };
                self.again = Some(chosen(re_entry));
            }
            _ => return None,
        }
        Some(())
    }
}

pub(crate) const AS_ORDERED: &str = "the hour they ordered";

fn example_of(slot: Slot) -> &'static str {
    match slot {
        Slot::Waits => "2, 3, 3, 2 days",
        Slot::At => "10:00 their time",
        Slot::CouponValid => "5 days",
        Slot::HoldOut | Slot::Discount => "10%",
        Slot::InTheLast => "30 days",
        Slot::Tone => "friendly",
        Slot::Again => "after 30 days",
        _ => "another sentence",
    }
}

fn chosen<T>(value: T) -> Said<T> {
    Said { value, tokens: vec![] }
}

/// The first to say something is heard; who says it again otherwise is told so.
fn say<T: PartialEq>(
    slot: &mut Option<Said<T>>,
    value: T,
    at: &Range<usize>,
    conflicts: &mut Vec<(Range<usize>, String)>,
    in_words: impl Fn(&T) -> String,
) {
    match slot {
        None => *slot = Some(Said { value, tokens: vec![at.clone()] }),
        Some(said) if said.value == value => said.tokens.push(at.clone()),
        Some(said) => conflicts.push((at.clone(), in_words(&said.value))),
    }
}

fn extend<T: PartialEq>(slot: &mut Option<Said<Vec<T>>>, more: Vec<T>, at: &Range<usize>) {
    let said = slot.get_or_insert_with(|| Said { value: vec![], tokens: vec![] });
    for it in more {
        if !said.value.contains(&it) {
            said.value.push(it);
        }
    }
    said.tokens.push(at.clone());
}

impl OrderCount {
    pub(crate) fn in_words(self) -> String {
        match self {
            Self::AtLeast(1) => "at least 1".to_owned(),
            Self::AtLeast(count) => format!("{count} or more"),
            Self::OnlyOne => "only 1 so far".to_owned(),
        }
    }
}

impl Related {
    pub(crate) fn in_words(self) -> &'static str {
        match (self.related, self.better) {
            (true, true) => "related or better products",
            (false, true) => "better products",
            _ => "related products",
        }
    }
}

impl SendTime {
    pub(crate) fn in_words(self) -> String {
        match self {
            Self::At(time) => format!("{} their time", time.strftime("%H:%M")),
            Self::AsOrdered => AS_ORDERED.to_owned(),
        }
    }
}

impl Since {
    pub(crate) fn in_words(self) -> String {
        match self {
            Self::Days(days) => Wait::Days(days).in_words(),
            Self::Ever => "ever".to_owned(),
        }
    }
}

pub(crate) fn offer_words(offer: CouponOffer, currency: Currency) -> String {
    match offer {
        CouponOffer::Percent(percent) => format!("{percent}%"),
        CouponOffer::AmountMinor(minor) => currency.format(minor),
    }
}

pub(crate) fn re_entry_words(re_entry: ReEntry) -> String {
    match re_entry {
        ReEntry::Never => "never".to_owned(),
        ReEntry::Always => "always".to_owned(),
        ReEntry::AfterDays(days) => format!("after {}", Wait::Days(days)),
    }
}
