//! Tables and laws of the verdict.

use aftercart_model::{Consent, OrderId, SuppressionReason, Topic};
use insta::assert_snapshot;
use jiff::{civil, tz::TimeZone};
use proptest::{collection::vec, option, prelude::*};

use super::*;

/// 2026-03-17T14:00:00Z, a Tuesday afternoon in Lisbon.
const NOW: Timestamp = Timestamp::constant(1_773_756_000, 0);

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn consent(state: ConsentState, topic: Topic) -> Fact<Option<Consent>> {
    Fact::Known(Some(Consent::new(topic, state, NOW - hours(240), "checkout")))
}

/// Nothing against it.
fn open() -> Gate {
    Gate {
        class: MessageClass::Marketing,
        topic: Topic::Marketing,
        consent: consent(ConsentState::Agreed, Topic::Marketing),
        suppression: Fact::Known(None),
        bought_since: Fact::Known(None),
        is_paused: Fact::Known(false),
        sent_at: Fact::Known(vec![]),
        zone: zone("Europe/Lisbon"),
        expires_at: NOW + hours(240),
        is_in_audience: Fact::Known(true),
        is_in_stock: Fact::Known(true),
    }
}

fn told_at(gate: &Gate, now: Timestamp) -> String {
    match verdict(gate, &Rules::default(), now) {
        Verdict::Send => "send".to_owned(),
        Verdict::Drop { reason } => format!("drop: {reason}"),
        Verdict::DeferUntil { at, reason } => {
            format!("defer until {}: {reason}", gate.zone.to_datetime(at).strftime("%a %H:%M"))
        }
    }
}

fn told(gate: &Gate) -> String {
    told_at(gate, NOW)
}

#[test]
fn what_bars_a_message_for_good_drops_it() {
    let order = OrderId::new("1002").unwrap();
    assert_eq!(told(&open()), "send");
    let bounced = Fact::Known(Some(SuppressionReason::Bounce));
    assert_snapshot!(told(&Gate { suppression: bounced, ..open() }), @"drop: suppressed: the mailbox does not exist");
    assert_snapshot!(told(&Gate { consent: Fact::Known(None), ..open() }), @"drop: no consent: never agreed to offers and news");
    let withdrawn = consent(ConsentState::Withdrawn, Topic::Marketing);
    assert_snapshot!(told(&Gate { consent: withdrawn, ..open() }), @"drop: consent withdrawn: no longer wants offers and news");
    let elsewhere = consent(ConsentState::Agreed, Topic::Feedback);
    assert_snapshot!(told(&Gate { consent: elsewhere, ..open() }), @"drop: no consent: never agreed to offers and news");
    assert_snapshot!(told(&Gate { bought_since: Fact::Known(Some(order)), ..open() }), @"drop: bought again: order 1002");
    assert_snapshot!(told(&Gate { is_in_audience: Fact::Known(false), ..open() }), @"drop: no longer in the audience of the flow");
    assert_snapshot!(told(&Gate { is_in_stock: Fact::Known(false), ..open() }), @"drop: out of stock: nothing left to recommend");
    assert_snapshot!(told(&Gate { expires_at: NOW, ..open() }), @"drop: too late: the time to send it is over");
}

#[test]
fn what_passes_by_itself_defers_it() {
    let sent = |ages: &[i64]| Gate {
        sent_at: Fact::Known(ages.iter().map(|it| NOW - hours(*it)).collect()),
        ..open()
    };
    assert_eq!(told(&sent(&[24, 72])), "send", "two in 7 days, none in 24 hours");
    assert_snapshot!(told(&sent(&[23])), @"defer until Tue 15:00: frequency cap: 1 email was already sent within 24 hours");
    assert_snapshot!(told(&sent(&[30, 80, 160])), @"defer until Wed 08:00: frequency cap: 3 emails were already sent within 7 days");
    assert_eq!(told(&sent(&[30, 80, 168])), "send", "one is exactly 7 days old");
    assert_snapshot!(told(&sent(&[18])), @"defer until Wed 08:00: frequency cap: 1 email was already sent within 24 hours");
    assert_snapshot!(told(&Gate { is_paused: Fact::Known(true), ..open() }), @"defer until Tue 14:15: paused: the flow waits for an operator");
    let frozen = Gate { is_paused: Fact::Known(true), expires_at: NOW - hours(1), ..open() };
    assert_snapshot!(told(&frozen), @"defer until Tue 14:15: paused: the flow waits for an operator");
    let soon = Gate { expires_at: NOW + hours(1), ..sent(&[1]) };
    assert_snapshot!(told(&soon), @"drop: frequency cap: 1 email was already sent within 24 hours");
}

#[test]
fn quiet_hours_are_where_the_customer_is() {
    assert_snapshot!(told(&Gate { zone: zone("Asia/Tokyo"), ..open() }), @"defer until Wed 08:00: quiet hours where the customer is");
    assert_snapshot!(told(&Gate { zone: zone("Pacific/Auckland"), ..open() }), @"defer until Wed 08:00: quiet hours where the customer is");
    let at = |name: &str, local: &str| {
        let gate = Gate { zone: zone(name), expires_at: Timestamp::MAX, ..open() };
        let local: civil::DateTime = local.parse().unwrap();
        told_at(&gate, gate.zone.to_timestamp(local).unwrap())
    };
    assert_eq!(at("Europe/Lisbon", "2026-03-17T19:59"), "send");
    assert_snapshot!(at("Europe/Lisbon", "2026-03-17T20:00"), @"defer until Wed 08:00: quiet hours where the customer is");
    assert_eq!(at("Europe/Lisbon", "2026-03-18T08:00"), "send");
    assert_snapshot!(at("Europe/Lisbon", "2026-03-28T23:00"), @"defer until Sun 08:00: quiet hours where the customer is");
}

#[test]
fn borders_of_quiet_hours_mind_the_change_of_clocks() {
    let berlin = zone("Europe/Berlin");
    let quiet = QuietHours { from: civil::time(22, 0, 0, 0), until: civil::time(2, 30, 0, 0) };
    let ends = |local: &str| {
        let zoned: jiff::Zoned = local.parse().unwrap();
        let end = quiet.end_after(zoned.timestamp(), &berlin)?;
        Some(end.to_zoned(berlin.clone()).strftime("%d %H:%M %:z").to_string())
    };
    let gap = ends("2026-03-29T01:00+01:00[Europe/Berlin]");
    assert_eq!(gap.as_deref(), Some("29 03:30 +02:00"), "02:30 is skipped");
    let first = ends("2026-10-25T01:00+02:00[Europe/Berlin]");
    assert_eq!(first.as_deref(), Some("25 02:30 +02:00"), "02:30 comes twice");
    let again = ends("2026-10-25T02:10+01:00[Europe/Berlin]");
    assert_eq!(again.as_deref(), Some("25 02:30 +01:00"), "quiet again before the second");
    assert_eq!(ends("2026-10-25T12:00+01:00[Europe/Berlin]"), None);
}

#[test]
fn nothing_goes_unchecked() {
    let unknowns = [
        Gate { consent: Fact::Unknown, ..open() },
        Gate { suppression: Fact::Unknown, ..open() },
        Gate { bought_since: Fact::Unknown, ..open() },
        Gate { sent_at: Fact::Unknown, ..open() },
        Gate { is_in_audience: Fact::Unknown, ..open() },
        Gate { is_in_stock: Fact::Unknown, ..open() },
        Gate { is_paused: Fact::Unknown, ..open() },
    ];
    for gate in &unknowns {
        assert!(told(gate).starts_with("defer until Tue 14:15"), "{}", told(gate));
    }
    assert_snapshot!(told(&unknowns[1]), @"defer until Tue 14:15: could not be checked: suppression; nothing goes unchecked");
    let over = Gate { expires_at: NOW + hours(0) + RECHECK_AFTER, ..unknowns[0].clone() };
    assert_snapshot!(told(&over), @"drop: could not be checked: consent; nothing goes unchecked");
    let barred =
        Gate { suppression: Fact::Known(Some(SuppressionReason::ByHand)), ..unknowns[0].clone() };
    assert_snapshot!(told(&barred), @"drop: suppressed: barred by an operator");
}

#[test]
fn a_receipt_goes_at_night_but_not_to_a_dead_mailbox() {
    let receipt = Gate {
        class: MessageClass::Transactional,
        consent: Fact::Known(None),
        sent_at: Fact::Known(vec![NOW]),
        zone: zone("Asia/Tokyo"),
        ..open()
    };
    assert_eq!(told(&receipt), "send");
    let bounced = Fact::Known(Some(SuppressionReason::Bounce));
    assert_snapshot!(told(&Gate { suppression: bounced, ..receipt }), @"drop: suppressed: the mailbox does not exist");
}

#[test]
fn gates_show_their_values() {
    let page = |gate: &Gate| -> String {
        let line = |it: GateAnswer| {
            format!("{} {}: {}\n", if it.is_passed { "+" } else { "-" }, it.name, it.value)
        };
        gates(gate, &Rules::default(), NOW).into_iter().map(line).collect()
    };
    assert_snapshot!(page(&open()), @"
    + consent: since 7 March
    + suppression: none
    + not bought again: no order since
    + frequency cap: 0 of 1 in 24 hours
    + frequency cap: 0 of 3 in 7 days
    + audience: still in
    + quiet hours: 20:00 to 08:00
    + stock: in stock
    + flow running: live
    + in time: until 27 March, 14:00
    ");
    let shut = Gate {
        consent: consent(ConsentState::Withdrawn, Topic::Marketing),
        suppression: Fact::Known(Some(SuppressionReason::Complaint)),
        bought_since: Fact::Known(Some(OrderId::new("1002").unwrap())),
        is_paused: Fact::Known(true),
        sent_at: Fact::Known(vec![NOW - hours(30), NOW - hours(2), NOW - hours(60)]),
        zone: zone("Asia/Tokyo"),
        expires_at: NOW,
        is_in_audience: Fact::Unknown,
        is_in_stock: Fact::Known(false),
        ..open()
    };
    assert_snapshot!(page(&shut), @"
    - consent: withdrawn on 7 March
    - suppression: reported an email as spam
    - not bought again: order 1002
    - frequency cap: 1 of 1 in 24 hours
    - frequency cap: 3 of 3 in 7 days
    - audience: could not be read
    - quiet hours: 20:00 to 08:00
    - stock: sold out
    - flow running: paused
    - in time: until 17 March, 23:00
    ");
}

#[test]
fn lateness_is_counted_from_the_morning() {
    let rules = Rules::default();
    let lisbon = zone("Europe/Lisbon");
    let expires = |local: &str| {
        let at = lisbon.to_timestamp(local.parse::<civil::DateTime>().unwrap()).unwrap();
        lisbon.to_datetime(rules.expires_at(at, &lisbon)).to_string()
    };
    assert_eq!(expires("2026-03-17T14:00"), "2026-03-18T02:00:00", "12 hours");
    assert_eq!(expires("2026-03-17T22:00"), "2026-03-18T20:00:00", "12 hours from 08:00");
}

#[test]
fn rules_out_of_reach_are_refused() {
    let refused = |rules: Rules| rules.check().unwrap_err().to_string();
    assert_eq!(Rules::default().check(), Ok(()));
    let cap = |count, hours| Rules { caps: vec![Cap { count, hours }], ..Rules::default() };
    assert_snapshot!(refused(cap(0, 24)), @"a frequency cap of 0 emails is out of reach; choose 1 to 100");
    assert_snapshot!(refused(cap(1, 0)), @"a frequency cap over 0 hours is out of reach; choose 1 to 2160");
    let quiet = QuietHours { from: civil::time(8, 30, 0, 0), until: civil::time(8, 0, 0, 0) };
    assert_snapshot!(refused(Rules { quiet_hours: Some(quiet), ..Rules::default() }), @"quiet hours from 08:30:00 until 08:00:00 leave less than an hour for mail; shorten them");
    assert_snapshot!(refused(Rules { lateness_hours_max: 0, ..Rules::default() }), @"a lateness of 0 hours is out of reach; choose 1 to 336");
}

fn fact<T: std::fmt::Debug + Clone>(
    it: impl Strategy<Value = T>,
) -> impl Strategy<Value = Fact<T>> {
    option::weighted(0.85, it).prop_map(|it| it.map_or(Fact::Unknown, Fact::Known))
}

fn any_gate() -> impl Strategy<Value = Gate> {
    let consents = prop_oneof![
        Just(None),
        (any::<bool>(), any::<bool>()).prop_map(|(agreed, marketing)| {
            let state = if agreed { ConsentState::Agreed } else { ConsentState::Withdrawn };
            let topic = if marketing { Topic::Marketing } else { Topic::Feedback };
            Some(Consent::new(topic, state, NOW, "test"))
        }),
    ];
    let suppressions =
        prop_oneof![4 => Just(None), 1 => Just(Some(SuppressionReason::Unsubscribe))];
    let orders = prop_oneof![4 => Just(None), 1 => Just(Some(OrderId::new("1002").unwrap()))];
    let zones = prop::sample::select(vec!["Europe/Lisbon", "Asia/Kathmandu", "America/Denver"]);
    let yes = || prop::bool::weighted(0.9);
    let sent_at = vec((-400_i64..24).prop_map(|it| NOW + hours(it)), 0..6);
    (
        fact(consents),
        fact(suppressions),
        fact(orders),
        fact(yes().prop_map(|it| !it)),
        fact(sent_at),
        zones,
        -10_i64..300,
        fact(yes()),
        fact(yes()),
    )
        .prop_map(
            |(consent, suppression, bought_since, is_paused, sent_at, name, expires, a, b)| Gate {
                consent,
                suppression,
                bought_since,
                is_paused,
                sent_at,
                zone: zone(name),
                expires_at: NOW + hours(expires),
                is_in_audience: a,
                is_in_stock: b,
                ..open()
            },
        )
}

proptest! {
    #[test]
    fn nobody_barred_is_ever_sent_to(gate in any_gate(), minutes in 0_i64..3_000) {
        let now = NOW + SignedDuration::from_mins(minutes);
        let rules = Rules::default();
        let answer = verdict(&gate, &rules, now);
        let agreed = matches!(&gate.consent, Fact::Known(Some(it))
            if it.state == ConsentState::Agreed && it.topic == gate.topic);
        let is_clean = gate.suppression == Fact::Known(None)
            && gate.bought_since == Fact::Known(None)
            && gate.is_in_audience == Fact::Known(true)
            && gate.is_in_stock == Fact::Known(true)
            && gate.is_paused == Fact::Known(false)
            && gate.sent_at.known().is_some();
        let is_sent = answer == Verdict::Send;
        prop_assert!(!is_sent || (agreed && is_clean && now < gate.expires_at));
        if gate.is_paused == Fact::Known(true) {
            let too_late = Verdict::Drop { reason: Reason::TooLate };
            prop_assert!(answer != too_late, "what is frozen does not grow old");
        }
        let all_passed = gates(&gate, &rules, now).iter().all(|it| it.is_passed);
        prop_assert_eq!(is_sent, all_passed, "the page says what the verdict does");
        if let Verdict::DeferUntil { at, .. } = answer {
            let is_frozen = gate.is_paused == Fact::Known(true);
            prop_assert!(now < at && (at < gate.expires_at || is_frozen));
            prop_assert!(!rules.quiet_hours.unwrap().is_quiet(at, &gate.zone));
        }
    }

    #[test]
    fn no_window_ever_holds_more_than_its_cap(
        gaps in vec(0_i64..60, 1..60), name in prop::sample::select(vec![
            "Europe/Lisbon", "America/New_York", "Australia/Lord_Howe",
        ]),
    ) {
        let rules = Rules::default();
        let mut sent: Vec<Timestamp> = Vec::new();
        let mut now = NOW;
        for gap in gaps {
            now += hours(gap);
            let gate = Gate {
                sent_at: Fact::Known(sent.clone()),
                zone: zone(name),
                expires_at: now + hours(24 * 20),
                ..open()
            };
            // A message is asked about until it goes, as the sender does.
            let sent_at = match verdict(&gate, &rules, now) {
                Verdict::Send => now,
                Verdict::DeferUntil { at, .. } => {
                    prop_assert_eq!(verdict(&gate, &rules, at), Verdict::Send);
                    at
                }
                Verdict::Drop { reason } => return Err(TestCaseError::fail(reason.to_string())),
            };
            prop_assert!(!rules.quiet_hours.unwrap().is_quiet(sent_at, &gate.zone));
            sent.push(sent_at);
            now = now.max(sent_at);
        }
        for cap in &rules.caps {
            for first in &sent {
                let window = *first..*first + hours(cap.hours.into());
                let count = sent.iter().filter(|it| window.contains(it)).count();
                prop_assert!(count <= cap.count as usize, "{count} within {}", cap.span());
            }
        }
    }
}
