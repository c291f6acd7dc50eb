//! The last look before the final dot, with the real engine, our own SMTP client and a mail server
//! that lets things happen in between.

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use aftercart_deliver::{SmtpSettings, SmtpTransport};
use aftercart_engine::{Clock, Engine, StandingClock, Token, segment_api::Call};
use aftercart_model::{FlowId, Message, MessageState, Timestamp, Topic};
use aftercart_testing::{
    clock::NOW,
    sink::{Answer, SinkStage, SmtpSink, Visit},
};
use jiff::SignedDuration;
use tempfile::TempDir;

use crate::ready_shop;

const ZONE: &str = "Europe/Lisbon";

/// A shop with one email planned for Ana, due now.
struct Planned {
    engine: Arc<Engine>,
    clock: Arc<StandingClock>,
    _folder: TempDir,
}

impl Planned {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for a test");
        let engine = ready_shop::open(folder.path(), ZONE);
        ready_shop::fill(&engine, NOW);
        let flow = FlowId::new(ready_shop::FLOW).expect("a slug");
        engine.launch_flow(&flow, NOW).expect("launched");
        ready_shop::record(&engine, Call::Identify, &ready_shop::customer("ana"), NOW);
        ready_shop::record(&engine, Call::Track, &ready_shop::order("ana", "1001"), NOW);
        let planned = Self { engine, clock: Arc::new(StandingClock::at(NOW)), _folder: folder };
        assert_eq!(planned.message().state, MessageState::Planned);
        planned
    }

    fn message(&self) -> Message {
        ready_shop::messages(&self.engine).remove(0)
    }

    /// A transport to `sink`.
    fn transport(sink: &SmtpSink) -> SmtpTransport {
        SmtpTransport::new(SmtpSettings::new("127.0.0.1", sink.port(), "mail.box.example"))
            .expect("good settings")
    }

    fn deliver(&self, transport: &mut SmtpTransport) {
        block_on(self.engine.deliver_due(transport, &*self.clock, 100)).expect("a round");
    }

    fn later(&self, by: SignedDuration) -> Timestamp {
        let now = self.clock.now() + by;
        self.clock.set(now);
        now
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// What a shop or a customer does while the email is on its way.
type Deed = fn(&Engine);

fn buy(engine: &Engine) {
    ready_shop::record(engine, Call::Track, &ready_shop::order("ana", "1002"), NOW);
}

fn unsubscribe(engine: &Engine) {
    let customer = engine.find_customer("ana").expect("a customer");
    let token = Token::Unsubscribe { customer, topic: Topic::Marketing, message: None };
    assert!(engine.unsubscribe(&engine.keys().sign(&token), NOW).expect("done"));
}

fn complain(engine: &Engine) {
    let message = ready_shop::messages(engine)[0].id;
    engine.record_complaint(message, NOW).expect("done");
}

fn pause(engine: &Engine) {
    let flow = FlowId::new(ready_shop::FLOW).expect("a slug");
    engine.pause_flow(&flow, NOW).expect("done");
}

/// A server at which `deed` is done, once, when the talk has come to `stage`.
fn sink_with(planned: &Planned, stage: SinkStage, deed: Deed) -> SmtpSink {
    let (engine, once) = (Arc::clone(&planned.engine), Mutex::new(Some(deed)));
    SmtpSink::start_with(move |visit| {
        if visit.stage == stage
            && let Some(deed) = once.lock().expect("no panic").take()
        {
            deed(&engine);
        }
        Answer::Usual
    })
}

#[test]
fn what_happens_before_the_dot_stops_it() {
    let deeds: [(&str, Deed, MessageState); 4] = [
        ("a purchase", buy, MessageState::Cancelled),
        ("unsubscribing", unsubscribe, MessageState::Cancelled),
        ("a complaint", complain, MessageState::Cancelled),
        ("a pause", pause, MessageState::Deferred),
    ];
    for (what, deed, state) in deeds {
        // The answers to all three come in one go; the body follows them.
        for stage in [SinkStage::MailFrom, SinkStage::RcptTo, SinkStage::Data] {
            let planned = Planned::new();
            let sink = sink_with(&planned, stage, deed);
            let mut transport = Planned::transport(&sink);
            planned.deliver(&mut transport);
            let message = planned.message();
            assert_eq!(message.state, state, "{what} at {stage:?}: {:?}", message.reason);
            assert!(message.reason.is_some(), "{what}: it says why");
            drop(transport);
            let log = sink.finish();
            assert_eq!((log.dots, log.letters.len()), (0, 0), "{what} at {stage:?}");
            assert_eq!(log.unfinished.len(), 1, "{what}: the body was on its way");
        }
    }
}

#[test]
fn without_a_deed_the_dot_is_written_once() {
    let planned = Planned::new();
    let sink = SmtpSink::start();
    let mut transport = Planned::transport(&sink);
    for _ in 0..3 {
        planned.deliver(&mut transport);
        planned.later(SignedDuration::from_hours(1));
    }
    assert_eq!(planned.message().state, MessageState::Sent);
    drop(transport);
    assert_eq!(sink.finish().dots, 1);
}

#[test]
fn a_purchase_while_the_body_is_read_comes_before_the_claim_or_after_it() {
    for _ in 0..20 {
        let planned = Planned::new();
        let sink = sink_with(&planned, SinkStage::Body, buy);
        let mut transport = Planned::transport(&sink);
        planned.deliver(&mut transport);
        drop(transport);
        let (state, dots) = (planned.message().state, sink.finish().dots);
        // Whoever was first in the store was first; both agree on who that was.
        let expected = if state == MessageState::Cancelled { 0 } else { 1 };
        assert_eq!(dots, expected, "{state:?}");
        assert!(matches!(state, MessageState::Cancelled | MessageState::Sent), "{state:?}");
    }
}

#[test]
fn a_lost_answer_is_a_doubt_and_never_a_second_dot() {
    for answer in [Answer::KeepAndHangUp, Answer::HangUp] {
        let planned = Planned::new();
        let sink = SmtpSink::start_with(move |visit: &Visit| match visit.stage {
            SinkStage::Dot => answer.clone(),
            _ => Answer::Usual,
        });
        let mut transport = Planned::transport(&sink);
        planned.deliver(&mut transport);
        assert_eq!(planned.message().state, MessageState::InDoubt);
        for hours in [1, 12, 24, 24 * 7] {
            let now = planned.later(SignedDuration::from_hours(hours));
            planned.deliver(&mut transport);
            planned.engine.close_doubts(now).expect("a look");
            assert_eq!(sink.log().dots, 1, "after {hours} more hours");
        }
        let message = planned.message();
        assert_eq!(message.state, MessageState::Sent);
        assert!(message.reason.expect("why").contains("presumed"), "and it says so");
        drop(transport);
        assert_eq!(sink.finish().dots, 1);
    }
}

#[test]
fn a_retry_looks_again() {
    let planned = Planned::new();
    let sink = SmtpSink::start_with(|visit| match (visit.stage, visit.connection) {
        (SinkStage::RcptTo, 0) => Answer::reply("451 4.7.1 come again"),
        _ => Answer::Usual,
    });
    let mut transport = Planned::transport(&sink);
    planned.deliver(&mut transport);
    assert_eq!(planned.message().state, MessageState::Deferred);
    buy(&planned.engine);
    drop(transport);
    let mut transport = Planned::transport(&sink);
    planned.later(SignedDuration::from_hours(1));
    planned.deliver(&mut transport);
    let states: Vec<_> = ready_shop::messages(&planned.engine).iter().map(|it| it.state).collect();
    let expected = [MessageState::Cancelled, MessageState::Sent];
    assert_eq!(states, expected, "bought while the server let us wait; the new order has its own");
    drop(transport);
    let log = sink.finish();
    assert_eq!((log.dots, log.letters.len()), (1, 1), "the new order's own");
}

#[test]
fn a_sender_that_dies_after_the_dot_leaves_a_doubt() {
    let planned = Planned::new();
    let sink = SmtpSink::start_with(|visit| match visit.stage {
        SinkStage::Dot => Answer::KeepInSilence,
        _ => Answer::Usual,
    });
    let mut transport = Planned::transport(&sink);
    block_on(async {
        let delivering = planned.engine.deliver_due(&mut transport, &*planned.clock, 100);
        let dot = async {
            while sink.log().dots == 0 {
                tokio::task::yield_now().await;
            }
        };
        // Dropped where it stands, as by the end of its process.
        tokio::select! {
            _ = delivering => panic!("nobody answers"),
            seen = tokio::time::timeout(Duration::from_secs(30), dot) => seen.expect("in time"),
        }
    });
    drop(transport);
    assert_eq!(planned.message().state, MessageState::Claimed, "all that the store knows");
    assert_eq!(planned.engine.recover(planned.clock.now()).expect("a look"), 1);
    assert_eq!(planned.message().state, MessageState::InDoubt);
    let mut transport = Planned::transport(&sink);
    planned.later(SignedDuration::from_hours(2));
    planned.deliver(&mut transport);
    drop(transport);
    let log = sink.finish();
    assert_eq!((log.dots, log.connections), (1, 1), "and nothing is sent again");
}
