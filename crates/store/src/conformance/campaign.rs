//! Enrolments, messages and the catching inbox.

use super::*;
use crate::{EnrolmentsAsked, FlowState, Letter, value::values};

pub fn a_trigger_key_enrols_once(store: &Store) {
    let (ana, tomas) = (new_customer(store), new_customer(store));
    let enrol = |new: &NewEnrolment| write(store, |tx| tx.enrol(new));
    let first = enrol(&enrolment(ana, "#1", waiting("wait-1", 60))).unwrap();
    assert_eq!(first.bucket(), ana.bucket(), "it stands in the customer's bucket");
    assert_eq!(enrol(&enrolment(ana, "#1", waiting("wait-1", 60))), None);
    assert_eq!(enrol(&enrolment(tomas, "#1", waiting("wait-1", 60))), None, "whoever it is");
    let feedback = FlowId::new("feedback").unwrap();
    let elsewhere =
        NewEnrolment { flow: feedback.clone(), ..enrolment(ana, "#1", waiting("w", 1)) };
    assert!(enrol(&elsewhere).is_some(), "keys are each flow's own");
    assert!(enrol(&enrolment(ana, "#2", waiting("wait-1", 60))).is_some());

    let exited = Position::Exited { at: at(9), reason: ExitReason::Purchase, step: None };
    write(store, |tx| {
        let mut enrolment = tx.enrolment(first)?.unwrap();
        enrolment.position = exited;
        tx.save_enrolment(&enrolment, None)
    });
    assert_eq!(enrol(&enrolment(ana, "#1", waiting("wait-1", 60))), None, "for ever");
    assert_eq!(read(store, |tx| tx.enrolments_of(ana)).len(), 3);
    assert_eq!(read(store, |tx| tx.active_enrolments_of(ana)).len(), 2);
    assert_eq!(read(store, |tx| tx.latest_entry(&feedback, ana)), Some(NOON));
    assert_eq!(read(store, |tx| tx.latest_entry(&feedback, tomas)), None);
}

pub fn an_enrolment_comes_back_as_saved(store: &Store) {
    let customer = new_customer(store);
    let positions = [
        Position::Ready { step: step_id("offer") },
        waiting("wait-2", 77),
        Position::Exited { at: at(5), reason: ExitReason::HeldOut, step: None },
        Position::Exited { at: at(5), reason: ExitReason::Purchase, step: Some(step_id("nudge")) },
    ];
    for (position, number) in positions.into_iter().zip(0_u32..) {
        let new = NewEnrolment {
            is_held_out: number == 2,
            ..enrolment(customer, &format!("#{number}"), position)
        };
        let id = write(store, |tx| tx.enrol(&new)).unwrap();
        let expected = Enrolment {
            id,
            customer,
            flow: new.flow,
            flow_version: 1,
            trigger_key: new.trigger_key,
            trigger_order: new.trigger_order,
            position: new.position,
            is_held_out: new.is_held_out,
            entered_at: NOON,
            products: Vec::new(),
            coupon: None,
            revision: 0,
        };
        assert_eq!(read(store, |tx| tx.enrolment(id)), Some(expected.clone()));
        let changed = Enrolment {
            position: waiting("nudge", 500),
            products: vec![ProductId(4), ProductId(2)],
            coupon: Some("NEXT10-AB".to_owned()),
            ..expected
        };
        assert!(write(store, |tx| tx.save_enrolment(&changed, Some(at(500)))));
        let found = read(store, |tx| tx.enrolment(id)).unwrap();
        assert_eq!(found, Enrolment { revision: 1, ..changed });
    }
    let page = |before| {
        let page = read(store, |tx| tx.enrolments_page(&flow_id(), before, 3));
        page.iter().map(|it| it.trigger_key.clone()).collect::<Vec<_>>()
    };
    assert_eq!(page(None), ["#3", "#2", "#1"]);
    let newest = read(store, |tx| tx.enrolments_page(&flow_id(), None, 3));
    assert_eq!(page(Some(newest[2].id)), ["#0"]);
    let mut scanned = Vec::new();
    for flow in [None, Some(flow_id()), Some(FlowId::new("feedback").unwrap())] {
        let mut count = 0;
        read(store, |tx| {
            tx.scan_enrolments(flow.as_ref(), &mut |_| {
                count += 1;
                Ok(())
            })
        });
        scanned.push(count);
    }
    assert_eq!(scanned, [4, 4, 0], "all, of the flow, of another");
}

pub fn a_page_of_enrolments_can_be_of_some(store: &Store) {
    let customer = new_customer(store);
    let exited = |reason| Position::Exited { at: at(1), reason, step: None };
    let positions = [
        waiting("wait-1", 60),
        exited(ExitReason::Purchase),
        exited(ExitReason::Completed),
        exited(ExitReason::HeldOut),
        exited(ExitReason::Unsubscribed),
        exited(ExitReason::Suppressed),
    ];
    let ids: Vec<EnrolmentId> = positions
        .into_iter()
        .zip(0..)
        .map(|(position, n)| {
            let new = enrolment(customer, &format!("#{n}"), position);
            write(store, |tx| tx.enrol(&new)).unwrap()
        })
        .collect();
    write(store, |tx| {
        tx.plan_message(&message(customer, ids[1], "offer"))?;
        tx.plan_message(&message(customer, ids[4], "offer"))
    });
    let page = |asked, step: Option<&str>, before| -> Vec<EnrolmentId> {
        let step = step.map(step_id);
        let flow = flow_id();
        let page = read(store, |tx| tx.enrolments_page_of(&flow, asked, step.as_ref(), before, 9));
        page.into_iter().map(|it| it.id).collect()
    };
    assert_eq!(page(EnrolmentsAsked::All, None, None).len(), 6);
    assert_eq!(page(EnrolmentsAsked::Active, None, None), [ids[0]]);
    assert_eq!(page(EnrolmentsAsked::Bought, None, None), [ids[1]]);
    assert_eq!(page(EnrolmentsAsked::Completed, None, None), [ids[2]]);
    assert_eq!(page(EnrolmentsAsked::HeldOut, None, None), [ids[3]]);
    assert_eq!(page(EnrolmentsAsked::Left, None, None), [ids[5], ids[4]], "newest first");
    assert_eq!(page(EnrolmentsAsked::Left, None, Some(ids[5])), [ids[4]], "the next page");
    assert_eq!(page(EnrolmentsAsked::All, Some("offer"), None), [ids[4], ids[1]]);
    assert_eq!(page(EnrolmentsAsked::Bought, Some("offer"), None), [ids[1]]);
    assert_eq!(page(EnrolmentsAsked::All, Some("nudge"), None), Vec::<EnrolmentId>::new());
}

pub fn a_stale_enrolment_is_not_saved(store: &Store) {
    let (_, id, _) = planned(store, "#1");
    let seen = read(store, |tx| tx.enrolment(id)).unwrap();
    assert!(write(store, |tx| tx.save_enrolment(&seen, Some(at(1)))));
    let stale = Enrolment { position: waiting("nudge", 9), ..seen };
    assert!(!write(store, |tx| tx.save_enrolment(&stale, Some(at(2)))), "seen before the change");
    assert_eq!(read(store, |tx| tx.enrolment(id)).unwrap().position, waiting("offer", 60));
    let mut missing = stale;
    missing.id = EnrolmentId(missing.id.0 + 256);
    assert!(!write(store, |tx| tx.save_enrolment(&missing, None)), "there is none");
}

pub fn an_enrolment_is_taken_back_unless_it_has_a_message(store: &Store) {
    let (_, acted_on, _) = planned(store, "#1");
    let take_back = |id| write(store, |tx| tx.take_back_enrolment(id));
    assert!(!take_back(acted_on), "a message was planned");
    assert!(read(store, |tx| tx.enrolment(acted_on)).is_some());

    let customer = new_customer(store);
    let enrol = || write(store, |tx| tx.enrol(&enrolment(customer, "#2", waiting("a", 9))));
    let one = enrol().unwrap();
    assert_eq!(enrol(), None);
    assert!(take_back(one));
    assert!(!take_back(one), "it is gone");
    assert_eq!(read(store, |tx| tx.enrolments_of(customer)), []);
    assert_eq!(read(store, |tx| tx.due_enrolments(at(99), 9)), [acted_on], "nobody to wake");
    assert!(enrol().is_some_and(|it| it != one), "the key may enrol again");
    assert_eq!(read(store, |tx| tx.sums_hold()), Vec::<String>::new());
}

pub fn open_messages_of_a_paused_flow_sleep(store: &Store) {
    let (_, _, id) = planned(store, "#1");
    let due = || read(store, |tx| tx.due_messages(at(999), 9));
    let set = |state| write(store, |tx| tx.set_flow_state(&flow_id(), state, at(1)));
    let overdue = |seconds| read(store, |tx| tx.count_overdue_messages(&flow_id(), at(seconds)));
    write(store, |tx| tx.save_flow(&flow_id(), "one", NOON));
    set(FlowState::Live);
    set(FlowState::Paused);
    assert_eq!(due(), [id], "looked at once more, so that it says why it is held back");
    assert!(move_message(store, id, MessageState::Deferred));
    assert_eq!(due(), [], "and then it sleeps");
    assert_eq!((overdue(59), overdue(60)), (0, 1));
    let open = read(store, |tx| tx.open_messages_of_flow(&flow_id()));
    assert_eq!(open.iter().map(|it| it.id).collect::<Vec<_>>(), [id]);
    assert_eq!(read(store, |tx| tx.sums_hold()), Vec::<String>::new());
    set(FlowState::Live);
    assert_eq!(due(), [id]);
    assert_eq!(read(store, |tx| tx.due_messages(at(59), 9)), [], "not before it was due");
    assert!(move_message(store, id, MessageState::Cancelled));
    assert_eq!(read(store, |tx| tx.open_messages_of_flow(&flow_id())), []);
    assert_eq!(overdue(60), 0);
}

pub fn what_is_set_aside_is_counted(store: &Store) {
    let (_, _, id) = planned(store, "#1");
    let (_, _, other) = planned(store, "#2");
    let count = |id| write(store, |tx| tx.count_set_aside(id));
    assert_eq!([count(id), count(id), count(other), count(id)], [1, 2, 1, 3]);
    assert!(store.write(|tx| tx.count_set_aside(MessageId(other.0 + 2_560))).is_err());
}

pub fn enrolments_wake_in_order(store: &Store) {
    let customer = new_customer(store);
    let enrol = |key: &str, position| {
        write(store, |tx| tx.enrol(&enrolment(customer, key, position))).unwrap()
    };
    assert_eq!(read(store, |tx| tx.next_wake()), None);
    let late = enrol("#1", waiting("a", 300));
    let ready = enrol("#2", Position::Ready { step: step_id("a") });
    let soon = enrol("#3", waiting("a", 100));
    enrol("#4", Position::Exited { at: NOON, reason: ExitReason::HeldOut, step: None });
    let due = |seconds, limit| read(store, |tx| tx.due_enrolments(at(seconds), limit));
    assert_eq!(due(-1, 9), [], "nothing yet");
    assert_eq!(due(0, 9), [ready], "ready: at once");
    assert_eq!(due(300, 9), [ready, soon, late], "the longest overdue first");
    assert_eq!(due(300, 2), [ready, soon]);
    assert_eq!(read(store, |tx| tx.next_wake()), Some(NOON));

    let over = |step| read(store, |tx| tx.first_wait_over(&flow_id(), &step_id(step)));
    assert_eq!(over("a"), Some(at(100)), "the soonest");
    assert_eq!(over("b"), None, "nobody waits there");
    let overdue = |seconds| read(store, |tx| tx.overdue_waits(&flow_id(), at(seconds)));
    assert_eq!(overdue(99), [], "every wait goes on");
    assert_eq!(overdue(300), [(step_id("a"), 2)], "those that are ready wait for nothing");

    write(store, |tx| tx.set_wake(ready, None));
    write(store, |tx| tx.set_wake(late, Some(at(50))));
    assert_eq!(due(300, 9), [late, soon]);
    assert_eq!(read(store, |tx| tx.next_wake()), Some(at(50)));
    write(store, |tx| {
        tx.plan_message(&NewMessage { due_at: at(7), ..message(customer, late, "a") })
    });
    assert_eq!(read(store, |tx| tx.next_wake()), Some(at(7)), "messages wake too");
    assert!(store.write(|tx| tx.set_wake(EnrolmentId(256), None)).is_err());
}

pub fn steps_are_counted(store: &Store) {
    let customer = new_customer(store);
    let exited =
        |reason, step: Option<&str>| Position::Exited { at: NOON, reason, step: step.map(step_id) };
    for (key, position) in [
        ("#1", waiting("wait-1", 1)),
        ("#2", waiting("wait-1", 2)),
        ("#3", Position::Ready { step: step_id("offer") }),
        ("#4", exited(ExitReason::Purchase, Some("wait-1"))),
        ("#5", exited(ExitReason::HeldOut, None)),
        ("#6", exited(ExitReason::HeldOut, None)),
    ] {
        write(store, |tx| tx.enrol(&enrolment(customer, key, position)));
    }
    let counts = read(store, |tx| tx.step_counts(&flow_id()));
    let mut told: Vec<_> = counts
        .iter()
        .map(|it| (it.step.as_ref().map(StepId::as_str), it.position, it.reason, it.count))
        .collect();
    told.sort_by_key(|it| (it.1, it.0));
    assert_eq!(
        told,
        [
            (None, "exited", Some(ExitReason::HeldOut), 2),
            (Some("wait-1"), "exited", Some(ExitReason::Purchase), 1),
            (Some("offer"), "ready", None, 1),
            (Some("wait-1"), "waiting", None, 2),
        ]
    );
}

pub fn a_step_has_one_message(store: &Store) {
    let (customer, enrolment, id) = planned(store, "#1");
    let again = message(customer, enrolment, "offer");
    assert_eq!(write(store, |tx| tx.plan_message(&again)), None);
    let next = write(store, |tx| tx.plan_message(&message(customer, enrolment, "discount")));
    assert_eq!(next.unwrap().bucket(), customer.bucket());
    let found = read(store, |tx| tx.message(id)).unwrap();
    let expected = Message {
        id,
        customer,
        enrolment,
        flow: again.flow,
        flow_version: 1,
        step: again.step,
        template: again.template,
        template_version: 2,
        class: MessageClass::Marketing,
        topic: Topic::Marketing,
        state: MessageState::Planned,
        planned_at: NOON,
        due_at: at(60),
        expires_at: at(3_600),
        claimed_at: None,
        sent_at: None,
        attempts: 0,
        subject: None,
        products: again.products,
        coupon: again.coupon,
        reason: None,
        revision: 0,
    };
    assert_eq!(found, expected);
    assert_eq!(read(store, |tx| tx.messages_of(customer)).len(), 2);
    assert_eq!(read(store, |tx| tx.count_created()), 2);
}

pub fn a_message_changes_by_compare_and_set(store: &Store) {
    let (_, _, id) = planned(store, "#1");
    let seen = read(store, |tx| tx.message(id)).unwrap();
    let deferred = Message {
        state: MessageState::Deferred,
        due_at: at(900),
        expires_at: at(9_000),
        attempts: 1,
        subject: Some("Goes with your kettle".to_owned()),
        products: vec![ProductId(8)],
        coupon: None,
        reason: Some("quiet hours until 08:00".to_owned()),
        ..seen.clone()
    };
    assert!(write(store, |tx| tx.save_message(&deferred)));
    let found = read(store, |tx| tx.message(id)).unwrap();
    assert_eq!(found, Message { revision: 1, ..deferred.clone() });
    assert!(!write(store, |tx| tx.save_message(&deferred)), "seen before the change");
    let changes: u64 = read(store, |tx| tx.one("SELECT count(*) FROM message_changes", values![]));
    assert_eq!(changes, 2, "what was refused is not in the audit");

    let due = |seconds| read(store, |tx| tx.due_messages(at(seconds), 9));
    assert_eq!((due(899), due(900)), (vec![], vec![id]), "deferred messages are due again");
    assert!(move_message(store, id, MessageState::Ready));
    assert_eq!(due(9_999), [], "in a sender's hands");
    assert_eq!(read(store, |tx| tx.sums_hold()), Vec::<String>::new());
}

pub fn ended_messages_never_change(store: &Store) {
    for (end, key) in [
        (MessageState::Sent, "#1"),
        (MessageState::Bounced, "#2"),
        (MessageState::Cancelled, "#3"),
        (MessageState::Expired, "#4"),
    ] {
        let (_, _, id) = planned(store, key);
        assert!(move_message(store, id, MessageState::Claimed));
        assert!(move_message(store, id, end));
        for state in MessageState::ALL {
            assert!(!move_message(store, id, state), "{end:?} to {state:?}");
        }
        assert_eq!(read(store, |tx| tx.message(id)).unwrap().state, end);
    }
    let (_, _, doubtful) = planned(store, "#5");
    assert!(move_message(store, doubtful, MessageState::Claimed));
    assert!(move_message(store, doubtful, MessageState::InDoubt));
    assert!(move_message(store, doubtful, MessageState::Sent), "a doubt can be resolved");
    assert_eq!(read(store, |tx| tx.sums_hold()), Vec::<String>::new());
}

pub fn open_messages_are_those_not_handed_over(store: &Store) {
    let (customer, enrolment, first) = planned(store, "#1");
    let mut ids = vec![first];
    for step in ["a", "b", "c", "d", "e"] {
        let new = message(customer, enrolment, step);
        ids.push(write(store, |tx| tx.plan_message(&new)).unwrap());
    }
    for (id, state) in ids[1..].iter().zip([
        MessageState::Ready,
        MessageState::Deferred,
        MessageState::Claimed,
        MessageState::InDoubt,
        MessageState::Cancelled,
    ]) {
        move_message(store, *id, state);
    }
    let open = read(store, |tx| tx.open_messages_of_enrolment(enrolment));
    let open: Vec<MessageId> = open.iter().map(|it| it.id).collect();
    assert_eq!(open, ids[..3], "planned, ready, deferred");
}

pub fn the_frequency_cap_sees_what_may_have_been_sent(store: &Store) {
    let (customer, enrolment, claimed) = planned(store, "#1");
    let plan = |step: &str, class| {
        let new = NewMessage { class, ..message(customer, enrolment, step) };
        write(store, |tx| tx.plan_message(&new)).unwrap()
    };
    let sent = plan("a", MessageClass::Marketing);
    let doubtful = plan("b", MessageClass::Marketing);
    let receipt = plan("c", MessageClass::Transactional);
    plan("d", MessageClass::Marketing);
    for id in [claimed, sent, doubtful, receipt] {
        move_message(store, id, MessageState::Claimed);
    }
    move_message(store, sent, MessageState::Sent);
    move_message(store, receipt, MessageState::Sent);
    move_message(store, doubtful, MessageState::InDoubt);
    let since = |seconds| read(store, |tx| tx.hand_overs_since(customer, at(seconds)));
    assert_eq!(since(0), [at(100), at(100), at(101)], "claimed, in doubt, sent");
    assert_eq!(since(101), [at(101)]);
    assert_eq!(since(102), []);
    let shown = |seconds| read(store, |tx| tx.products_shown_since(customer, at(seconds)));
    let instants: Vec<_> = shown(0).iter().map(|it| it.at).collect();
    assert_eq!(instants, [at(100), at(100), at(101), at(101)], "of whatever class");
    let wanted = read(store, |tx| tx.message(sent)).unwrap();
    let found = shown(101).into_iter().find(|it| it.at == at(101)).unwrap();
    assert_eq!((found.products, found.enrolment), (wanted.products, wanted.enrolment));
    assert_eq!(shown(102), []);
}

pub fn stale_claims_are_found(store: &Store) {
    let (_, _, id) = planned(store, "#1");
    planned(store, "#2");
    move_message(store, id, MessageState::Claimed);
    let stale = |seconds| read(store, |tx| tx.stale_claims(at(seconds), 9));
    assert_eq!((stale(100), stale(101)), (vec![], vec![id]));
    move_message(store, id, MessageState::InDoubt);
    assert_eq!(stale(999), [], "it was dealt with");
}

pub fn doubts_are_found_by_age(store: &Store) {
    let (_, _, id) = planned(store, "#1");
    let (_, _, sent) = planned(store, "#2");
    let doubts = |seconds| read(store, |tx| tx.doubts_until(at(seconds), 9));
    move_message(store, id, MessageState::Claimed);
    move_message(store, sent, MessageState::Claimed);
    assert_eq!(doubts(999), [], "only claimed");
    move_message(store, id, MessageState::InDoubt);
    move_message(store, sent, MessageState::Sent);
    assert_eq!((doubts(99), doubts(100)), (vec![], vec![id]));
    move_message(store, id, MessageState::Sent);
    assert_eq!(doubts(999), [], "it is none any more");
}

pub fn touches_are_kept_apart(store: &Store) {
    let (_, _, id) = planned(store, "#1");
    let (_, _, untouched) = planned(store, "#2");
    assert_eq!(read(store, |tx| tx.touches(id)), Touches::default());
    write(store, |tx| tx.touch_message(id, &mut |it| it.opened_at = Some(at(5))));
    write(store, |tx| {
        tx.touch_message(id, &mut |it| {
            it.opened_at = it.opened_at.or(Some(at(6)));
            it.clicked_at = Some(at(7));
            it.last_clicked_at = Some(at(8));
            it.delivered_at = Some(at(1));
            it.machine_opened_at = Some(at(2));
            it.machine_clicked_at = Some(at(3));
            it.bounced_at = Some(at(4));
            it.unsubscribed_at = Some(at(9));
            it.complained_at = Some(at(10));
        })
    });
    let expected = Touches {
        delivered_at: Some(at(1)),
        opened_at: Some(at(5)),
        machine_opened_at: Some(at(2)),
        clicked_at: Some(at(7)),
        last_clicked_at: Some(at(8)),
        machine_clicked_at: Some(at(3)),
        bounced_at: Some(at(4)),
        unsubscribed_at: Some(at(9)),
        complained_at: Some(at(10)),
    };
    assert_eq!(read(store, |tx| tx.touches(id)), expected);
    assert_eq!(read(store, |tx| tx.message(id)).unwrap().revision, 0, "the message is as it was");
    let mut scanned = Vec::new();
    for flow in [None, Some(flow_id()), Some(FlowId::new("feedback").unwrap())] {
        read(store, |tx| {
            tx.scan_messages(flow.as_ref(), &mut |message, touches| {
                scanned.push((message.id, touches));
                Ok(())
            })
        });
    }
    let all = [(id, expected), (untouched, Touches::default())];
    assert_eq!(scanned, [all, all].concat(), "all, of the flow, of another");
}

fn letter(message: Option<MessageId>, name: &str, subject: &str) -> Letter {
    Letter {
        message,
        to: address(name),
        to_name: format!("{name} Ribeiro"),
        subject: subject.to_owned(),
        at: NOON,
        raw: format!("Subject: {subject}\r\n\r\n{}", "<td>kettle</td>".repeat(500)).into_bytes(),
    }
}

pub fn letters_are_kept_whole(store: &Store) {
    let (_, _, message) = planned(store, "#1");
    let first = letter(Some(message), "ana", "Goes with your kettle");
    let empty = Letter { raw: Vec::new(), ..letter(None, "ana", "Nothing") };
    let id = write(store, |tx| tx.keep_letter(&first));
    let second = write(store, |tx| tx.keep_letter(&empty));
    let (head, raw) = read(store, |tx| tx.letter(id)).unwrap();
    assert_eq!((raw.len() as u64, &raw), (head.bytes, &first.raw));
    assert_eq!((head.message, head.to, head.subject), (first.message, first.to, first.subject));
    let packed: u64 =
        read(store, |tx| tx.one("SELECT max(length(packed)) FROM letters", values![]));
    assert!(packed < head.bytes / 10, "a letter is mostly repetition: {packed} bytes");
    assert_eq!(read(store, |tx| tx.letter(second)).unwrap().1, b"");
    assert_eq!(read(store, |tx| tx.letter_of_message(message)), Some(id));
    let (_, _, unsent) = planned(store, "#2");
    assert_eq!(read(store, |tx| tx.letter_of_message(unsent)), None);
    assert_eq!(read(store, |tx| tx.letter(id + 2_560)), None);
    assert_eq!(read(store, |tx| tx.count_letters()), 2);
}

pub fn letters_are_found(store: &Store) {
    const NONE: [i64; 0] = [];
    let (_, _, message) = planned(store, "#1");
    let keep = |letter: &Letter| write(store, |tx| tx.keep_letter(letter));
    let ana = keep(&letter(Some(message), "ana", "10% off your KETTLE Ünder way"));
    let tomas = keep(&letter(None, "tomas_r", "How was the kettle?"));
    let anton = keep(&letter(None, "anton", "Thank you"));
    let zoe = Letter { to_name: "Wim de Vries".to_owned(), ..letter(Some(message), "zoe", "Hi") };
    let zoe = keep(&zoe);
    let found = |before, search: &str| -> Vec<i64> {
        let page = read(store, |tx| tx.letters_page(before, search, 2));
        page.into_iter().map(|it| it.id).collect()
    };
    assert_eq!(found(None, ""), [zoe, anton], "newest first");
    assert_eq!(found(Some(anton), ""), [tomas, ana], "the next page");
    assert_eq!(found(None, "WIM"), [zoe], "how a name begins, in any case");
    assert_eq!(found(Some(tomas), ""), [ana]);
    assert_eq!(found(None, "AN"), [anton, ana], "how an address begins");
    assert_eq!(found(None, "kettle"), [tomas, ana], "part of a subject, in any case");
    assert_eq!(found(None, "ünder"), [ana]);
    assert_eq!(found(None, "10%"), [ana]);
    assert_eq!(found(None, "0_o"), NONE, "no character means any other");
    assert_eq!(found(None, "mail.example"), NONE, "not the middle of an address");
    let of_step = |step: &str, search: &str| -> Vec<i64> {
        let page = read(store, |tx| tx.letters_page_of_step(&step_id(step), None, search, 9));
        page.into_iter().map(|it| it.id).collect()
    };
    assert_eq!(of_step("offer", ""), [zoe, ana]);
    assert_eq!(of_step("offer", "wim"), [zoe]);
    assert_eq!(of_step("offer", "tomas"), NONE);
    assert_eq!(of_step("nudge", ""), NONE);
}

pub fn the_newest_letter_of_a_step_is_found(store: &Store) {
    let (_, _, first) = planned(store, "#1");
    let (_, _, second) = planned(store, "#2");
    let keep =
        |message, to: &str| write(store, |tx| tx.keep_letter(&letter(Some(message), to, "Hello")));
    keep(first, "ana");
    let newest = keep(second, "tomas");
    let of = |flow: &str, step: &str| {
        let (flow, step) = (FlowId::new(flow).unwrap(), step_id(step));
        read(store, |tx| tx.newest_letter_of_step(&flow, &step)).map(|it| it.id)
    };
    assert_eq!(of("upsell-cross-sell", "offer"), Some(newest));
    assert_eq!(of("upsell-cross-sell", "nudge"), None, "another step");
    assert_eq!(of("feedback", "offer"), None, "the same step of another flow");
    assert_eq!(read(store, |tx| tx.count_letters_to(9)), 2);
    assert_eq!(read(store, |tx| tx.count_letters_to(1)), 1, "counted no further");
}

pub fn the_sums_of_a_campaign_hold(store: &Store) {
    for number in 0..18_usize {
        let (_, _, id) = planned(store, &format!("#{number}"));
        let state = MessageState::ALL[number % 9];
        if matches!(state, MessageState::Sent | MessageState::Bounced | MessageState::InDoubt) {
            move_message(store, id, MessageState::Claimed);
        }
        if state != MessageState::Planned {
            assert!(move_message(store, id, state));
        }
    }
    let states = state_map(store);
    assert!(MessageState::ALL.iter().all(|state| states[state] == 2));
    assert_eq!(read(store, |tx| tx.count_created()), 18);
    assert_eq!(read(store, |tx| tx.sums_hold()), Vec::<String>::new());
}

pub fn broken_sums_are_told(store: &Store) {
    let (_, _, id) = planned(store, "#1");
    let (bucket, key) = (id.bucket().0, id);
    let mend = [
        (
            "UPDATE messages SET state = 'sent' WHERE id = ?1",
            "UPDATE messages SET state = 'planned' WHERE id = ?1",
        ),
        (
            "UPDATE message_changes SET revision = 1 WHERE message = ?1",
            "UPDATE message_changes SET revision = 0 WHERE message = ?1",
        ),
        (
            "UPDATE enrolments SET is_held_out = 1 WHERE customer = \
             (SELECT customer FROM messages WHERE id = ?1)",
            "UPDATE enrolments SET is_held_out = 0 WHERE customer = \
             (SELECT customer FROM messages WHERE id = ?1)",
        ),
    ];
    let mut told = Vec::new();
    for (spoil, mend) in mend {
        write(store, |tx| tx.execute(spoil, values![key]));
        told.extend(read(store, |tx| tx.sums_hold()));
        write(store, |tx| tx.execute(mend, values![key]));
        assert_eq!(read(store, |tx| tx.sums_hold()), Vec::<String>::new());
    }
    let sql = "INSERT INTO message_changes \
               (bucket, message, revision, from_state, to_state, attempts, log_head) \
               VALUES (?1, ?2, 1, 'sent', 'planned', 0, 0)";
    write(store, |tx| tx.execute(sql, values![bucket, key]));
    told.extend(read(store, |tx| tx.sums_hold()));
    insta::allow_duplicates! {
        insta::assert_snapshot!(told.join("\n"), @"
        messages stand in a state that no recorded change led to: 1
        messages are to be tried though not open, or open and never to be tried: 1
        0 messages were created and 1 stand in a state
        changes of messages do not begin where the one before ended: 1
        messages stand in a state that no recorded change led to: 1
        messages were planned for customers held out: 1
        messages were changed after they had ended: 1
        changes of messages do not begin where the one before ended: 1
        ");
    }
}

pub fn a_claim_after_a_purchase_is_told(store: &Store) {
    let claims = || read(store, |tx| tx.claims_after_purchase(9));
    // The next order is accepted before one claim and after the other.
    for (trigger, next, is_bought_first) in [("#1", "#2", false), ("#3", "#4", true)] {
        let (customer, message) = write(store, |tx| {
            let customer = tx.create_customer(None, NOON)?;
            place(tx, &order(trigger, Some(customer), 0, 1))?;
            let enrolment = tx.enrol(&enrolment(customer, trigger, waiting("w", 60)))?.unwrap();
            Ok((customer, tx.plan_message(&message(customer, enrolment, "offer"))?.unwrap()))
        });
        let buy = || write(store, |tx| place(tx, &order(next, Some(customer), 50, 1)));
        if is_bought_first {
            buy();
        }
        move_message(store, message, MessageState::Claimed);
        if is_bought_first {
            assert_eq!(claims(), [(message, order_id(next))]);
        } else {
            buy();
            assert_eq!(claims(), [], "bought after the claim: it could not be known");
        }
    }
}
