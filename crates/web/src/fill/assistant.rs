//! A sentence, what it was taken to mean, and what it would do.

use aftercart_engine::{
    ProposedAudience, SegmentMember,
    assist::{Chip, NotUnderstood, Proposal},
    flow::Replay,
    slot_name,
};
use aftercart_model::{CouponOffer, Timestamp};
use jiff::SignedDuration;

use super::{first_upper, in_words, picture};
use crate::{
    Layout,
    component::{Choice, Part, Phrase},
    console::{
        AssistantPage,
        assistant::{
            AssistantOutcome, AssumedChip, CheckLine, PlanTimeline, PlannedEmail, ProposalView,
            ReplayFigures, SentenceSpan, SpanKind, UnclearWords, Who,
        },
    },
    format,
};

const REPLAY_DAYS: i64 = 60;

/// What the page shows of a proposal; two parts may be missing by themselves.
pub struct Read {
    pub proposal: Proposal,
    /// The slots that the operator chose, by name.
    pub chosen: Vec<String>,
    pub who: Result<ProposedAudience, ()>,
    pub replay: Result<Replay, ()>,
    pub findings: Vec<String>,
    pub pictures: Vec<String>,
}

pub fn empty(examples: Vec<String>) -> AssistantPage {
    AssistantPage { sentence: String::new(), examples, outcome: AssistantOutcome::Nothing }
}

pub fn not_understood(
    sentence: &str,
    examples: Vec<String>,
    refusal: &NotUnderstood,
) -> AssistantPage {
    let reason = "Nothing in this says who is mailed or what is offered. Sentences near it that \
                  would work stand below.";
    AssistantPage {
        sentence: sentence.to_owned(),
        examples,
        outcome: AssistantOutcome::NotUnderstood {
            reason: reason.to_owned(),
            nearest: refusal.nearest.clone(),
        },
    }
}

/// A choice that cannot be made.
pub fn refused(sentence: &str, examples: Vec<String>, words: &str) -> AssistantPage {
    AssistantPage {
        sentence: sentence.to_owned(),
        examples,
        outcome: AssistantOutcome::NotUnderstood {
            reason: format!("{}.", first_upper(words)),
            nearest: Vec::new(),
        },
    }
}

pub fn proposed(sentence: &str, here: &str, read: &Read, layout: &Layout) -> AssistantPage {
    AssistantPage {
        sentence: sentence.to_owned(),
        examples: Vec::new(),
        outcome: AssistantOutcome::Proposed(Box::new(view(sentence, here, read, layout))),
    }
}

fn view(sentence: &str, here: &str, read: &Read, layout: &Layout) -> ProposalView {
    let proposal = &read.proposal;
    let campaign = &proposal.campaign;
    // What was chosen stays where it can be chosen otherwise.
    let is_chosen = |it: &&Chip| it.places.is_empty() && read.chosen.contains(&slot_name(it.slot));
    let stated = proposal.understood.iter().filter(|it| !is_chosen(it));
    let assumed = proposal.understood.iter().filter(is_chosen);
    let assumed = assumed.chain(&proposal.assumed).chain(&proposal.open);
    let emails = campaign.emails.len();
    let pools = usize::from(campaign.flow.coupon().is_some());
    let mut parts = vec![
        "1 flow".to_owned(),
        "1 segment".to_owned(),
        format::counted(emails as u64, "email", "emails"),
    ];
    if pools > 0 {
        parts.push("1 coupon pool".to_owned());
    }
    ProposalView {
        spans: spans(sentence, proposal),
        understood: stated.map(|it| (it.key.clone(), it.value.clone())).collect(),
        assumed: assumed.map(assumed_chip).collect(),
        not_understood: proposal
            .not_understood
            .iter()
            .map(|it| UnclearWords { text: it.text.clone(), meant: nearer(sentence, it) })
            .collect(),
        title: campaign.name.clone(),
        parts: parts.join(", "),
        span: format!(
            "{}, {}",
            first_upper(&in_words(campaign.plan.days as usize, "day", "days")),
            in_words(emails, "email", "emails")
        ),
        timeline: timeline(proposal),
        emails: planned_emails(proposal, &read.pictures),
        who: match &read.who {
            Ok(it) => Part::Ready(who(it, layout)),
            Err(()) => missing("Who would get it cannot be counted now.", here),
        },
        replay: match &read.replay {
            Ok(it) => Part::Ready(replay(it, layout)),
            Err(()) => missing("The last 60 days cannot be replayed now.", here),
        },
        checks: checks(read),
        accept_action: "/assistant/accept".to_owned(),
    }
}

fn missing<T>(what: &str, here: &str) -> Part<T> {
    Part::Missing { what: what.to_owned(), href: here.to_owned() }
}

/// The sentence in pieces: what was understood, what was not, and what holds them together.
fn spans(sentence: &str, proposal: &Proposal) -> Vec<SentenceSpan> {
    let chips = proposal.understood.iter().flat_map(|it| &it.places);
    let unmet = proposal.unmet.iter().flat_map(|it| &it.places);
    let stated = chips.chain(unmet).map(|it| (it.start, it.end, SpanKind::Understood));
    let unclear =
        proposal.not_understood.iter().map(|it| (it.start, it.end, SpanKind::NotUnderstood));
    let mut places: Vec<(usize, usize, SpanKind)> = stated.chain(unclear).collect();
    places.sort_by_key(|(start, end, _)| (*start, *end));
    let mut spans = Vec::new();
    let mut done = 0;
    let mut push = |from: usize, to: usize, kind| {
        if let Some(text) = sentence.get(from..to).filter(|it| !it.is_empty()) {
            spans.push(SentenceSpan { text: text.to_owned(), kind });
        }
    };
    for (start, end, kind) in places {
        let start = start.max(done);
        if end <= start {
            continue;
        }
        push(done, start, SpanKind::Filler);
        push(start, end, kind);
        done = end;
    }
    push(done, sentence.len(), SpanKind::Filler);
    spans
}

fn assumed_chip(it: &Chip) -> AssumedChip {
    let mut options = vec![Choice::new(&it.value, &it.value, true)];
    let others = it.alternatives.iter().filter(|other| **other != it.value);
    options.extend(others.map(|other| Choice::new(other, other, false)));
    AssumedChip { key: it.key.clone(), name: slot_name(it.slot), options }
}

/// The sentence with what was perhaps meant in the place of what was not understood.
fn nearer(sentence: &str, it: &aftercart_engine::assist::Span) -> Vec<(String, String)> {
    let (Some(before), Some(after)) = (sentence.get(..it.start), sentence.get(it.end..)) else {
        return Vec::new();
    };
    it.near.iter().map(|near| (near.clone(), format!("{before}{near}{after}"))).collect()
}

fn timeline(proposal: &Proposal) -> PlanTimeline {
    let plan = &proposal.campaign.plan;
    let flow = &proposal.campaign.flow;
    let names_coupon: Vec<bool> = flow.sends().map(|(_, send)| send.coupon).collect();
    let first = plan.emails.iter().zip(&names_coupon).find(|(_, names)| **names);
    PlanTimeline {
        emails: plan.emails.iter().map(|it| (it.title.clone(), it.day)).collect(),
        coupon_days: flow
            .coupon()
            .zip(first)
            .map(|(terms, (email, _))| (email.day, email.day + terms.lives_days)),
        end_day: plan.days + plan.watch_days,
    }
}

fn planned_emails(proposal: &Proposal, pictures: &[String]) -> Vec<PlannedEmail> {
    let campaign = &proposal.campaign;
    let offer = campaign.flow.coupon().map(|it| match it.offer {
        CouponOffer::Percent(percent) => format!("{percent}%"),
        CouponOffer::AmountMinor(_) => "the discount".to_owned(),
    });
    let planned = campaign.plan.emails.iter().zip(&campaign.emails);
    planned
        .enumerate()
        .map(|(at, (plan, email))| {
            // The plainest of the subjects: for a customer of whom nothing is known.
            let plainest = email.document.subject.0.last().map_or("", |it| it.say.as_str());
            let subject = match &offer {
                Some(offer) => plainest.replace("{{ coupon.offer }}", offer),
                None => plainest.to_owned(),
            };
            PlannedEmail {
                day: plan.day,
                role: plan.title.clone(),
                subject: first_upper(&subject),
                text: plan.theme.clone(),
                needs: plan.needs.clone(),
                picture: pictures.get(at).and_then(|it| picture(it)),
            }
        })
        .collect()
}

fn who(it: &ProposedAudience, layout: &Layout) -> Who {
    let count = &it.count;
    let share = format::percent_of(count.customers, count.of_customers);
    let steps = count.clauses.iter().enumerate().map(|(index, clause)| {
        let removed = i64::try_from(clause.removed).unwrap_or(i64::MAX);
        if index == 0 {
            (first_upper(&clause.clause), i64::try_from(clause.left).unwrap_or(i64::MAX))
        } else {
            (format!("less those without: {}", clause.clause), -removed)
        }
    });
    let cannot = [
        ("no consent", count.without_consent),
        ("suppressed", count.suppressed),
        ("no address", count.without_address),
    ];
    let cannot = cannot
        .iter()
        .filter(|(_, number)| *number > 0)
        .map(|(words, number)| format!("{words} {}", format::count(*number)));
    let cannot: Vec<String> = cannot.collect();
    Who {
        matching: count.customers,
        pace: format!("match now, {share} of all"),
        steps: steps.collect(),
        can_be_mailed: count.mailable,
        cannot: if cannot.is_empty() { "all of them".to_owned() } else { cannot.join(", ") },
        examples: it.examples.iter().map(|it| example(it, layout)).collect(),
    }
}

fn example(it: &SegmentMember, layout: &Layout) -> (String, String, String) {
    let name = match (it.name.as_str(), &it.email) {
        ("", Some(address)) => address.clone(),
        ("", None) => format!("Customer {}", it.id),
        (name, _) => name.to_owned(),
    };
    let detail = match (it.last_order_at, it.last_order_minor) {
        (Some(at), Some(minor)) => {
            format!("{} on {}", layout.currency.format(minor), layout.calendar.day_short(at))
        }
        _ => "no order yet".to_owned(),
    };
    (name, detail, format!("/customers/{}", it.customer))
}

fn replay(it: &Replay, layout: &Layout) -> ReplayFigures {
    let a_day = |number: u64| number as f64 / REPLAY_DAYS as f64;
    let until: Timestamp = layout.calendar.now;
    ReplayFigures {
        from: until - SignedDuration::from_hours(24 * REPLAY_DAYS),
        until,
        entered: it.enrolled,
        in_the_flow: it.enrolled - it.held_out,
        held_out: it.held_out,
        emails: it.messages,
        emails_a_day: a_day(it.messages),
        emails_a_day_max: None,
        left_by_ordering: it.left_by_purchase,
        coupons: it.coupons,
        coupons_a_day: a_day(it.coupons),
    }
}

fn checks(read: &Read) -> Vec<CheckLine> {
    let plan = &read.proposal.campaign.plan;
    let mut checks = Vec::new();
    let unmet = read.proposal.unmet.iter().map(|it| it.text.as_str());
    for text in unmet.chain(read.findings.iter().map(String::as_str)) {
        checks.push(CheckLine { is_passed: false, text: Phrase::new(first_upper(text)) });
    }
    let mut pass =
        |text: String| checks.push(CheckLine { is_passed: true, text: Phrase::new(text) });
    if read.findings.is_empty() {
        let emails = first_upper(&in_words(plan.emails.len(), "email", "emails"));
        pass(format!("{emails} pass their checks"));
    }
    pass(format!(
        "Every way through it ends within {}",
        format::counted(u64::from(plan.days + plan.watch_days), "day", "days")
    ));
    pass("Every price, code and date is filled in for each customer".to_owned());
    if read.proposal.campaign.flow.coupon().is_some() {
        pass("Codes are made at launch if the pool has none".to_owned());
    }
    checks
}
