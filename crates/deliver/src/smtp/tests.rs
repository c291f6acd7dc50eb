//! The transport against a server that fails at every stage in every way.
//!
//! Two kinds of server: one on a port of this machine for what crosses a network, and one in memory
//! where the test's time stands still until everybody waits, for what takes time.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use aftercart_model::{BounceClass, EmailAddress};
use aftercart_testing::sink::{
    Answer, EXTENSIONS, MemorySink, SinkLog, SinkStage, SmtpSink, Visit,
};
use insta::assert_snapshot;
use tokio::task::yield_now;

use super::*;

fn letter_of(raw: &str) -> Letter {
    Letter {
        message: None,
        to_name: "Ana".to_owned(),
        subject: "hi".to_owned(),
        from: EmailAddress::new("bounce+1@shop.example").unwrap(),
        to: EmailAddress::new("ana@mail.example").unwrap(),
        message_id: "<1@shop.example>".to_owned(),
        raw: raw.as_bytes().to_vec(),
    }
}

fn letter() -> Letter {
    letter_of("Subject: hi\r\n\r\n.a line with a dot\r\n..two\r\nend\r\n")
}

fn transport(port: u16) -> SmtpTransport {
    SmtpTransport::new(SmtpSettings::new("127.0.0.1", port, "shop.example")).unwrap()
}

/// What comes of one letter, and how often the look was asked for.
async fn hand_over(transport: &mut SmtpTransport) -> (Outcome, usize) {
    let looks = AtomicUsize::new(0);
    let last_look = || async {
        looks.fetch_add(1, Ordering::Relaxed);
        Look::go()
    };
    let outcome = transport.hand_over(&letter(), last_look).await;
    (outcome, looks.into_inner())
}

/// What comes of one letter if the server does `answer` at `stage`.
async fn meet(extensions: &[&str], stage: SinkStage, answer: Answer) -> (Outcome, usize, SinkLog) {
    let script = move |visit: &Visit| match visit.stage == stage {
        true => answer.clone(),
        false => Answer::Usual,
    };
    let sink = SmtpSink::start_offering(extensions, script);
    let mut settings = SmtpSettings::new("127.0.0.1", sink.port(), "shop.example");
    let (user, password) = ("shop".to_owned(), "secret".to_owned());
    settings.credentials = Some(Credentials { user, password });
    let mut transport = SmtpTransport::new(settings).unwrap();
    let (outcome, looks) = hand_over(&mut transport).await;
    drop(transport);
    (outcome, looks, sink.finish())
}

/// Our name for the sink's stage.
fn named(stage: SinkStage) -> Stage {
    match stage {
        SinkStage::Greeting => Stage::Greeting,
        SinkStage::Hello => Stage::Hello,
        SinkStage::Auth => Stage::Auth,
        SinkStage::MailFrom | SinkStage::Reset | SinkStage::Quit => Stage::MailFrom,
        SinkStage::RcptTo => Stage::RcptTo,
        SinkStage::Data => Stage::Data,
        SinkStage::Body => Stage::Body,
        SinkStage::Dot => Stage::Dot,
    }
}

const PLAIN: [&str; 1] = ["AUTH PLAIN"];

#[tokio::test]
async fn a_letter_arrives_as_it_was_written() {
    for extensions in [&EXTENSIONS[..], &[]] {
        let sink = SmtpSink::start_offering(extensions, |_| Answer::Usual);
        let mut transport = transport(sink.port());
        for _ in 0..3 {
            let (outcome, looks) = hand_over(&mut transport).await;
            assert_eq!(outcome, Outcome::Sent { reply: "250 2.0.0 kept".to_owned() });
            assert_eq!(looks, 1);
        }
        transport.close().await;
        let log = sink.finish();
        assert_eq!((log.connections, log.dots, log.unfinished.len()), (1, 3, 0), "one for all");
        let resets = log.commands.iter().filter(|it| *it == "RSET").count();
        assert_eq!(resets, 2, "before each but the first");
        assert_eq!(log.commands.last().unwrap(), "QUIT");
        for kept in log.letters {
            assert_eq!(kept.raw, letter().raw);
            assert_eq!(kept.from, "bounce+1@shop.example");
            assert_eq!(kept.to, ["ana@mail.example"]);
        }
    }
}

#[tokio::test]
async fn a_refusal_for_now_is_tried_again_whatever_its_stage() {
    for extensions in [&EXTENSIONS[..], &PLAIN] {
        for stage in SinkStage::REFUSABLE {
            for reply in ["451 4.3.0 later", "421 4.3.2 closing"] {
                let (outcome, looks, log) = meet(extensions, stage, Answer::reply(reply)).await;
                let reply = reply.to_owned();
                let expected = Outcome::Deferred { stage: named(stage), reply, retry_after: None };
                assert_eq!(outcome, expected, "{stage:?} {extensions:?}");
                let at_dot = usize::from(stage == SinkStage::Dot);
                assert_eq!((looks, log.dots, log.letters.len()), (at_dot, at_dot, 0), "{stage:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_for_good_bounces_unless_it_is_about_us() {
    for extensions in [&EXTENSIONS[..], &PLAIN] {
        for stage in SinkStage::REFUSABLE {
            let reply = "554 5.1.1 no";
            let (outcome, looks, log) = meet(extensions, stage, Answer::reply(reply)).await;
            let reply = reply.to_owned();
            let expected = match stage {
                SinkStage::Greeting | SinkStage::Hello | SinkStage::Auth => {
                    Outcome::Deferred { stage: named(stage), reply, retry_after: None }
                }
                SinkStage::MailFrom => Outcome::Bounced { class: BounceClass::Policy, reply },
                _ => Outcome::Bounced { class: BounceClass::Hard, reply },
            };
            // A server that does not know EHLO is asked with HELO, which offers no AUTH.
            match (stage, &outcome) {
                (SinkStage::Hello, Outcome::Deferred { stage: Stage::Hello, .. }) => {}
                _ => assert_eq!(outcome, expected, "{stage:?} {extensions:?}"),
            }
            let at_dot = usize::from(stage == SinkStage::Dot);
            assert_eq!((looks, log.dots, log.letters.len()), (at_dot, at_dot, 0), "{stage:?}");
        }
    }
}

#[tokio::test]
async fn before_the_dot_every_break_is_a_definite_no() {
    let breaks = [
        Answer::HangUp,
        Answer::Bytes(b"what?\r\n".to_vec()),
        Answer::Bytes(vec![b'2'; 1 << 20]),
        Answer::Bytes(b"250-first\r\n451 other\r\n".to_vec()),
    ];
    for extensions in [&EXTENSIONS[..], &PLAIN] {
        for stage in SinkStage::REFUSABLE.into_iter().filter(|it| *it != SinkStage::Dot) {
            for answer in breaks.clone() {
                let (outcome, looks, log) = meet(extensions, stage, answer).await;
                let Outcome::Deferred { stage: at, .. } = outcome else {
                    panic!("{stage:?}: {outcome:?}");
                };
                assert!(at <= named(stage), "{stage:?}: said to be at {at:?}");
                assert_eq!((looks, log.dots), (0, 0), "{stage:?}: nobody looked, no dot");
            }
        }
    }
}

#[tokio::test]
async fn after_the_dot_every_break_is_in_doubt() {
    let breaks = [
        (Answer::KeepAndHangUp, 1),
        (Answer::HangUp, 0),
        (Answer::Bytes(b"fine\r\n".to_vec()), 0),
        (Answer::Bytes(b"250-and then".to_vec()), 0),
        (Answer::Bytes(vec![b'2'; 1 << 20]), 0),
        (Answer::reply("354 go on"), 0),
    ];
    for (answer, kept) in breaks {
        let told = format!("{:.60}", format!("{answer:?}"));
        let sink_hangs_up = matches!(&answer, Answer::Bytes(bytes) if bytes.ends_with(b"then"));
        let (outcome, looks, log) = if sink_hangs_up {
            half_an_answer().await
        } else {
            meet(&EXTENSIONS, SinkStage::Dot, answer).await
        };
        assert!(
            matches!(outcome, Outcome::InDoubt { stage: Stage::Dot, .. }),
            "{told}: {outcome:?}"
        );
        assert_eq!((looks, log.dots, log.letters.len()), (1, 1, kept), "{told}");
    }
}

/// The server stops in the middle of its answer to the dot; its end is heard when it goes away.
async fn half_an_answer() -> (Outcome, usize, SinkLog) {
    let (reader, mut writer) = tokio::io::duplex(1 << 16);
    let sink = MemorySink::new(|visit| match visit.stage {
        SinkStage::Dot => Answer::Bytes(b"250-and then".to_vec()),
        _ => Answer::Usual,
    });
    let mut transport = over_memory([reader]);
    let served = sink.clone();
    let both = tokio::spawn(async move {
        let (_, outcome) = tokio::join!(
            async {
                tokio::select! {
                    () = served.serve(&mut writer) => {}
                    () = dotted(&served) => {}
                }
                drop(writer);
            },
            hand_over(&mut transport)
        );
        outcome
    });
    let (outcome, looks) = both.await.unwrap();
    (outcome, looks, sink.log())
}

/// Waits until a dot was seen and everybody else had a turn after it.
async fn dotted(sink: &MemorySink) {
    while sink.log().dots == 0 {
        yield_now().await;
    }
    for _ in 0..10 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_stop_leaves_the_server_without_a_dot() {
    for extensions in [&EXTENSIONS[..], &[]] {
        let sink = SmtpSink::start_offering(extensions, |_| Answer::Usual);
        let mut transport = transport(sink.port());
        let stop = || async { Look::stop("bought meanwhile") };
        let outcome = transport.hand_over(&letter(), stop).await;
        assert_eq!(outcome, Outcome::Stopped { reason: "bought meanwhile".to_owned() });
        let (outcome, _) = hand_over(&mut transport).await;
        assert!(matches!(outcome, Outcome::Sent { .. }), "the next letter goes its way");
        drop(transport);
        let log = sink.finish();
        assert_eq!((log.dots, log.letters.len()), (1, 1), "the next letter's alone");
        assert_eq!(log.connections, 2, "the first was dropped");
        let stuffed = "Subject: hi\r\n\r\n..a line with a dot\r\n...two\r\nend\r\n";
        assert_eq!(log.unfinished, [stuffed.as_bytes()], "all was there but the dot");
    }
}

#[tokio::test]
async fn the_look_comes_after_the_body_is_out() {
    let sink = MemorySink::new(|_| Answer::Usual);
    let body_seen = Arc::new(Mutex::new(None));
    let (near, far) = tokio::io::duplex(1 << 16);
    let mut transport = over_memory([near]);
    let server = tokio::spawn({
        let sink = sink.clone();
        async move { sink.serve(far).await }
    });
    let seen = Arc::clone(&body_seen);
    let look = || async move {
        for _ in 0..10 {
            yield_now().await;
        }
        *seen.lock().unwrap() = Some(sink.log());
        Look::stop("only looking")
    };
    transport.hand_over(&letter(), look).await;
    server.await.unwrap();
    let log = body_seen.lock().unwrap().take().unwrap();
    assert!(log.commands.contains(&"DATA".to_owned()), "DATA was taken before the look");
    assert_eq!(log.dots, 0);
}

#[tokio::test]
async fn a_connection_that_was_closed_in_between_is_opened_again() {
    for answer in [Answer::HangUp, Answer::reply("421 idle too long"), Answer::reply("502 no")] {
        for extensions in [&EXTENSIONS[..], &[]] {
            let answer = answer.clone();
            let script = move |visit: &Visit| match visit.stage {
                SinkStage::Reset => answer.clone(),
                _ => Answer::Usual,
            };
            let sink = SmtpSink::start_offering(extensions, script);
            let mut transport = transport(sink.port());
            for _ in 0..3 {
                let (outcome, looks) = hand_over(&mut transport).await;
                assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome:?}");
                assert_eq!(looks, 1, "one look for one letter");
            }
            drop(transport);
            let log = sink.finish();
            assert_eq!((log.connections, log.dots), (3, 3));
        }
    }
}

#[tokio::test]
async fn a_connection_is_kept_after_a_refusal_and_given_up_after_enough_letters() {
    let sink = SmtpSink::start_with(|visit| match (visit.stage, visit.letters_before) {
        (SinkStage::RcptTo, 1) if visit.connection == 0 => Answer::reply("450 4.2.0 busy"),
        _ => Answer::Usual,
    });
    let mut settings = SmtpSettings::new("localhost", sink.port(), "shop.example");
    settings.letters_per_connection_max = 3;
    let mut transport = SmtpTransport::new(settings).unwrap();
    let mut outcomes = Vec::new();
    for _ in 0..5 {
        outcomes.push(matches!(hand_over(&mut transport).await.0, Outcome::Sent { .. }));
    }
    drop(transport);
    assert_eq!(outcomes, [true, false, false, true, true]);
    assert_eq!(sink.finish().connections, 2, "three letters and two");
}

#[tokio::test]
async fn a_server_that_waits_for_a_refused_letter_is_left_without_a_dot() {
    let sink = SmtpSink::start_with(|visit| match visit.stage {
        SinkStage::RcptTo => Answer::reply("550 5.1.1 nobody"),
        SinkStage::Data => Answer::reply("354 go on all the same"),
        _ => Answer::Usual,
    });
    let mut transport = transport(sink.port());
    for _ in 0..2 {
        let (outcome, looks) = hand_over(&mut transport).await;
        let reply = "550 5.1.1 nobody".to_owned();
        assert_eq!(outcome, Outcome::Bounced { class: BounceClass::Hard, reply });
        assert_eq!(looks, 0);
    }
    drop(transport);
    let log = sink.finish();
    assert_eq!((log.connections, log.dots), (2, 0), "a fresh connection each time");
}

#[tokio::test]
async fn signing_in_takes_what_the_server_offers() {
    let sign_in = async |extensions: &[&str]| {
        let (outcome, _, log) = meet(extensions, SinkStage::Quit, Answer::Usual).await;
        let from = log.commands.iter().position(|it| it.starts_with("AUTH"));
        let to = log.commands.iter().position(|it| it.starts_with("MAIL"));
        let talk = from.zip(to).map(|(from, to)| log.commands[from..to].join(", "));
        (matches!(outcome, Outcome::Sent { .. }), talk.unwrap_or_default())
    };
    let plain = "AUTH PLAIN AHNob3AAc2VjcmV0".to_owned();
    assert_eq!(sign_in(&["AUTH LOGIN PLAIN"]).await, (true, plain.clone()));
    assert_eq!(sign_in(&["AUTH=PLAIN"]).await, (true, plain), "the old form");
    assert_eq!(sign_in(&["AUTH LOGIN"]).await, (true, "AUTH LOGIN, c2hvcA==, c2VjcmV0".to_owned()));
    assert_eq!(sign_in(&["AUTH GSSAPI"]).await, (false, String::new()), "none we know");
}

#[tokio::test]
async fn the_envelope_says_what_the_server_must_know() {
    let mail_command = async |extensions: &[&str], letter: Letter| {
        let sink = SmtpSink::start_offering(extensions, |_| Answer::Usual);
        let mut transport = transport(sink.port());
        let outcome = transport.hand_over(&letter, || async { Look::go() }).await;
        drop(transport);
        let log = sink.finish();
        let mail = log.commands.into_iter().find(|it| it.starts_with("MAIL"));
        (outcome, mail.unwrap_or_default())
    };
    let (_, mail) = mail_command(&["SIZE 100", "8BITMIME"], letter()).await;
    assert_eq!(mail, format!("MAIL FROM:<bounce+1@shop.example> SIZE={}", letter().raw.len()));
    let (_, mail) = mail_command(&["8BITMIME"], letter_of("Subject: ü\r\n\r\n")).await;
    assert_eq!(mail, "MAIL FROM:<bounce+1@shop.example> BODY=8BITMIME");
    let to = EmailAddress::new("ünï@mail.example").unwrap();
    let (_, mail) = mail_command(&["SMTPUTF8"], Letter { to: to.clone(), ..letter() }).await;
    assert_eq!(mail, "MAIL FROM:<bounce+1@shop.example> SMTPUTF8");
    let (outcome, mail) = mail_command(&[], Letter { to, ..letter() }).await;
    assert_eq!(mail, "", "nothing is tried");
    let reply = "the mail server takes no address with letters beyond ASCII".to_owned();
    assert_eq!(outcome, Outcome::Bounced { class: BounceClass::Policy, reply });
}

#[tokio::test]
async fn a_server_that_knows_no_ehlo_is_greeted_the_old_way() {
    let sink = SmtpSink::start_with(|visit| match visit.command.starts_with("EHLO") {
        true => Answer::reply("500 what"),
        false => Answer::Usual,
    });
    let mut transport = transport(sink.port());
    assert!(matches!(hand_over(&mut transport).await.0, Outcome::Sent { .. }));
}

#[tokio::test]
async fn a_server_that_is_not_there_defers() {
    let sink = SmtpSink::start();
    let port = sink.port();
    drop(sink);
    let (outcome, looks) = hand_over(&mut transport(port)).await;
    assert!(matches!(outcome, Outcome::Deferred { stage: Stage::Connect, .. }), "{outcome:?}");
    assert_eq!(looks, 0);
}

#[test]
fn settings_that_lose_mail_or_show_it_are_refused() {
    let refused = |change: fn(&mut SmtpSettings)| {
        let mut settings = SmtpSettings::new("relay.example", 587, "shop.example");
        settings.is_unencrypted_allowed = true;
        change(&mut settings);
        SmtpTransport::new(settings).map(|_| ()).unwrap_err().to_string()
    };
    assert_snapshot!(refused(|it| it.is_unencrypted_allowed = false), @"mail server `relay.example` is not on this machine and TLS is not supported yet; use a relay on this machine, or allow unencrypted mail if the way there is safe");
    assert_snapshot!(refused(|it| it.hello_name = "shop\r\nRSET".to_owned()), @r"
    `shop
    RSET` is no host name to greet a mail server with; give this machine's public name
    ");
    assert_snapshot!(refused(|it| it.timeouts.dot = Duration::from_secs(30)), @"the time-out after the final dot is 30 s; give 600 or more, or letters that were taken are counted as lost");
    for host in ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]"] {
        assert!(SmtpTransport::new(SmtpSettings::new(host, 25, "x")).is_ok(), "{host}");
    }
    for host in ["localhost.example", "10.0.0.1", "0.0.0.0", ""] {
        assert!(SmtpTransport::new(SmtpSettings::new(host, 25, "x")).is_err(), "{host}");
    }
}

/// A transport whose connections are these streams, one after the other, and then none.
fn over_memory(streams: impl IntoIterator<Item = tokio::io::DuplexStream>) -> SmtpTransport {
    let streams: Mutex<Vec<_>> = Mutex::new(streams.into_iter().collect());
    let dial = move || -> Dialling {
        let next = streams.lock().unwrap().pop();
        Box::pin(async move {
            match next {
                Some(stream) => Ok(Box::new(stream) as Box<dyn Stream>),
                None => Err(std::io::ErrorKind::ConnectionRefused.into()),
            }
        })
    };
    let settings = SmtpSettings::new("memory", 25, "shop.example");
    SmtpTransport::with_dial(settings, Box::new(dial)).unwrap()
}

/// What comes of one letter in memory with `look`, how long it took by the clock that only moves
/// when everybody waits, and what the server saw.
async fn in_memory<L>(
    extensions: &[&str],
    script: impl Fn(&Visit) -> Answer + Send + Sync + 'static,
    look: impl FnOnce() -> L + Send,
) -> (Outcome, Duration, SinkLog)
where
    L: Future<Output = Look> + Send,
{
    let sink = MemorySink::offering(extensions, script);
    let (near, far) = tokio::io::duplex(1 << 16);
    let mut transport = over_memory([near]);
    let server = tokio::spawn({
        let sink = sink.clone();
        async move { sink.serve(far).await }
    });
    let began = Instant::now();
    let outcome = transport.hand_over(&letter(), look).await;
    let took = began.elapsed();
    drop(transport);
    server.await.unwrap();
    (outcome, took, sink.log())
}

#[tokio::test(start_paused = true)]
async fn silence_is_waited_for_as_long_as_its_stage_allows() {
    let stages = [
        (SinkStage::Greeting, 60),
        (SinkStage::Hello, 60),
        (SinkStage::MailFrom, 60),
        (SinkStage::RcptTo, 60),
        (SinkStage::Data, 120),
        (SinkStage::Dot, 600),
    ];
    for (stage, seconds) in stages {
        let script = move |visit: &Visit| match visit.stage == stage {
            true => Answer::Silence,
            false => Answer::Usual,
        };
        let (outcome, took, log) = in_memory(&[], script, || async { Look::go() }).await;
        assert_eq!(took.as_secs(), seconds, "{stage:?}");
        match outcome {
            Outcome::InDoubt { stage: Stage::Dot, .. } => assert_eq!(stage, SinkStage::Dot),
            Outcome::Deferred { stage: at, .. } => assert_eq!(at, named(stage)),
            other => panic!("{stage:?}: {other:?}"),
        }
        assert_eq!(log.dots, usize::from(stage == SinkStage::Dot), "{stage:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_older_than_two_seconds_never_becomes_a_dot() {
    let after = async |age: Duration| {
        let look = || async move {
            let claimed_at = Instant::now();
            tokio::time::advance(age).await;
            Look::Go { claimed_at }
        };
        let (outcome, _, log) = in_memory(&EXTENSIONS, |_| Answer::Usual, look).await;
        (outcome, log.dots)
    };
    let sent = Outcome::Sent { reply: "250 2.0.0 kept".to_owned() };
    assert_eq!(after(Duration::from_millis(1_999)).await, (sent, 1));
    let late = Outcome::Deferred {
        stage: Stage::LastLook,
        reply: "the last look was more than 2 s ago".to_owned(),
        retry_after: Some(Duration::ZERO),
    };
    assert_eq!(after(Duration::from_millis(2_001)).await, (late, 0));
}

#[tokio::test(start_paused = true)]
async fn a_dot_that_does_not_get_through_in_time_is_not_written_at_all() {
    // The way to the server holds exactly the letter's body and the server reads no further.
    let body = body::stuffed(&letter().raw);
    let (near, mut far) = tokio::io::duplex(body.len());
    let mut transport = over_memory([near]);
    let server = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut heard = vec![0; 1_000];
        far.write_all(b"220 x\r\n").await.unwrap();
        for answer in ["250 x\r\n", "250 x\r\n", "250 x\r\n", "354 x\r\n"] {
            let _ = far.read(&mut heard).await.unwrap();
            far.write_all(answer.as_bytes()).await.unwrap();
        }
        far
    });
    let outcome = transport.hand_over(&letter(), || async { Look::go() }).await;
    assert_eq!(outcome, claim_too_old());
    drop(transport);
    let mut rest = Vec::new();
    let mut far = server.await.unwrap();
    tokio::io::AsyncReadExt::read_to_end(&mut far, &mut rest).await.unwrap();
    assert_eq!(rest, body, "the body and not a byte of the dot");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_speaks_or_goes_during_the_look_gets_no_dot() {
    for answer in [Answer::reply("421 going down"), Answer::reply("250 fine"), Answer::HangUp] {
        let told = format!("{answer:?}");
        let script = move |visit: &Visit| match visit.stage {
            SinkStage::Body => answer.clone(),
            _ => Answer::Usual,
        };
        let look = || async {
            for _ in 0..10 {
                yield_now().await;
            }
            Look::go()
        };
        let (outcome, _, log) = in_memory(&EXTENSIONS, script, look).await;
        assert!(
            matches!(outcome, Outcome::Deferred { stage: Stage::Body, .. }),
            "{told}: {outcome:?}"
        );
        assert_eq!((log.dots, log.letters.len()), (0, 0), "{told}");
    }
}
