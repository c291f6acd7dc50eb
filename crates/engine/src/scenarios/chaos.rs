//! Whatever customers, servers and power cuts do, in whatever order: the promises hold, and
//! everything comes to an end.
//!
//! What may be mailed is judged here by a second, plain account of what was said and bought, which
//! shares nothing with the engine.

use aftercart_deliver::Stage;
use aftercart_model::BounceClass;
use aftercart_testing::memory::lost_acknowledgement;
use proptest::{collection::vec, prelude::*};

use super::*;
use crate::Overdue;

const NAMES: [&str; 3] = ["ana", "ben", "cleo"];

#[derive(Clone, Debug)]
enum Act {
    /// An order placed so many hours ago and told now.
    Order(usize, i64),
    Cancel(usize),
    View(usize),
    Say(usize, Topic, ConsentState),
    Review(usize),
    Complain(usize),
    SellOut(usize),
    Pause,
    Resume(u8),
    /// Something that was told before is told again.
    Repeat(usize),
    /// Hours go by, and the next letters meet these fates.
    Pass(i64, Vec<u8>),
}

fn act() -> impl Strategy<Value = Act> {
    let who = 0..NAMES.len();
    let topic = prop_oneof![Just(Topic::Marketing), Just(Topic::Feedback)];
    let state = prop_oneof![3 => Just(ConsentState::Agreed), 1 => Just(ConsentState::Withdrawn)];
    prop_oneof![
        5 => (who.clone(), prop_oneof![3 => Just(0), 1 => 1_i64..60])
            .prop_map(|(who, ago)| Act::Order(who, ago)),
        1 => who.clone().prop_map(Act::Cancel),
        2 => who.clone().prop_map(Act::View),
        3 => (who.clone(), topic, state).prop_map(|(who, topic, state)| Act::Say(who, topic, state)),
        1 => who.clone().prop_map(Act::Review),
        1 => who.prop_map(Act::Complain),
        1 => (1..PRODUCTS.len()).prop_map(Act::SellOut),
        1 => Just(Act::Pause),
        1 => (0_u8..3).prop_map(Act::Resume),
        2 => (0_usize..100).prop_map(Act::Repeat),
        8 => (1_i64..100, vec(0_u8..11, 0..4)).prop_map(|(hours, fates)| Act::Pass(hours, fates)),
    ]
}

fn fate(code: u8) -> Fate {
    let not_now = |stage, retry_after| {
        let reply = "451 not now".to_owned();
        Outcome::Deferred { stage, reply, retry_after }
    };
    let answered = |outcome| Fate::Answered { outcome, is_kept: false };
    let refused_for_good = |class| {
        let reply = "550 no".to_owned();
        Fate::Refused(Outcome::Bounced { class, reply })
    };
    match code {
        0 => Fate::Refused(not_now(Stage::RcptTo, None)),
        1 => answered(not_now(Stage::Dot, None)),
        2 => answered(not_now(Stage::LastLook, Some(std::time::Duration::ZERO))),
        3 => lost_acknowledgement(true),
        4 => lost_acknowledgement(false),
        5 => Fate::CrashBeforeLook,
        6 => Fate::CrashAfterLook,
        7 => Fate::CrashAfterDot,
        8 => refused_for_good(BounceClass::Hard),
        9 => refused_for_good(BounceClass::Policy),
        _ => Fate::Taken,
    }
}

/// What a plain observer knows of a customer.
#[derive(Default)]
struct Observed {
    agreed: Vec<Topic>,
    /// Orders with when they were placed, and whether they were cancelled.
    orders: Vec<(OrderId, Timestamp, bool)>,
}

struct Chaos {
    scene: Scene,
    observed: [Observed; 3],
    told: Vec<Incoming>,
    is_paused: bool,
    letters_judged: usize,
}

impl Chaos {
    fn new() -> Self {
        let mut scene = Scene::new();
        for name in NAMES {
            scene.join(name);
        }
        let agreed = || vec![Topic::Marketing, Topic::Feedback];
        let observed = [(); 3].map(|()| Observed { agreed: agreed(), orders: Vec::new() });
        Self { scene, observed, told: Vec::new(), is_paused: false, letters_judged: 0 }
    }

    fn tell(&mut self, event: Incoming) {
        assert!(matches!(self.scene.record(&event), Recorded::New { .. }));
        self.told.push(event);
    }

    fn play(&mut self, act: &Act) {
        // No two things happen at the same instant.
        self.scene.skip(SignedDuration::from_secs(90));
        let now = self.scene.now();
        match act {
            Act::Order(who, ago) => {
                let order = format!("1-{}", self.told.len());
                let placed_at = now - hours(*ago) - SignedDuration::from_secs(1);
                let codes = [PRODUCTS[self.told.len() % PRODUCTS.len()].0];
                let event = self.scene.order_event(NAMES[*who], &order, &codes, placed_at);
                self.observed[*who].orders.push((order_id(&order), placed_at, false));
                self.tell(event);
            }
            Act::Cancel(who) => {
                let Some((order, _, is_cancelled)) = self.observed[*who].orders.last_mut() else {
                    return;
                };
                *is_cancelled = true;
                let body = IncomingBody::OrderCancelled { order: order.clone() };
                let event = self.scene.event(NAMES[*who], body);
                self.tell(event);
            }
            Act::View(who) => self.scene.view(NAMES[*who], "kettle"),
            Act::Say(who, topic, state) => {
                let agreed = &mut self.observed[*who].agreed;
                agreed.retain(|it| it != topic);
                if *state == ConsentState::Agreed {
                    agreed.push(*topic);
                }
                let event = self.scene.consent_event(NAMES[*who], *topic, *state);
                self.tell(event);
            }
            Act::Review(who) => {
                let (customer, product) = (self.scene.customer(NAMES[*who]), ProductId(0));
                self.scene.engine.record_review(customer, product, 4, "", now).unwrap();
            }
            Act::Complain(who) => {
                let messages = self.scene.messages(NAMES[*who]);
                if let Some(message) = messages.iter().find(|it| it.sent_at.is_some()) {
                    self.scene.engine.record_complaint(message.id, now).unwrap();
                }
            }
            Act::SellOut(product) => self.scene.sell_out(PRODUCTS[*product].0),
            Act::Pause if !self.is_paused => {
                self.scene.engine.pause_flow(&flow_id(UPSELL), now).unwrap();
                self.is_paused = true;
            }
            Act::Resume(overdue) if self.is_paused => {
                let overdue = [Overdue::Send, Overdue::Shift, Overdue::Skip][usize::from(*overdue)];
                self.scene.engine.resume_flow_as(&flow_id(UPSELL), overdue, now).unwrap();
                self.is_paused = false;
            }
            Act::Pause | Act::Resume(_) => {}
            Act::Repeat(which) => {
                if let Some(event) = self.told.get(which % self.told.len().max(1)) {
                    let again = self.scene.record(event);
                    assert!(matches!(again, Recorded::Duplicate { .. }), "{again:?}");
                }
            }
            Act::Pass(span, fates) => self.pass(hours(*span), fates),
        }
    }

    /// Lives on, over every crash.
    fn pass(&mut self, span: SignedDuration, fates: &[u8]) {
        let end = self.scene.now() + span;
        self.scene.meet(fates.iter().map(|it| fate(*it)));
        loop {
            let left = end.duration_since(self.scene.now());
            let lived = catch_unwind(AssertUnwindSafe(|| self.scene.live(left)));
            self.judge();
            match lived {
                Ok(()) => return,
                Err(panic) if panic.is::<Crash>() => drop(self.scene.restart()),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    }

    /// Holds the letters since the last time against what was said and bought before them.
    fn judge(&mut self) {
        let letters = self.scene.letters();
        for letter in &letters[self.letters_judged..] {
            let id = letter.message.expect("our own letters");
            let store = self.scene.engine.store();
            let message = store.read(|tx| tx.message(id)).unwrap().unwrap();
            let is_theirs = |name: &&str| self.scene.customer(name) == message.customer;
            let observed = &self.observed[NAMES.iter().position(is_theirs).unwrap()];
            let enrolment = store.read(|tx| tx.enrolment(message.enrolment)).unwrap().unwrap();
            let trigger = enrolment.trigger_order.unwrap();
            let sent_at = message.claimed_at.unwrap();

            assert!(observed.agreed.contains(&message.topic), "no consent: {message:?}");
            let order = observed.orders.iter().find(|it| it.0 == trigger).unwrap();
            assert!(!order.2, "about a cancelled order: {message:?}");
            if message.topic == Topic::Marketing {
                assert!(!self.is_paused, "paused: {message:?}");
                let later = observed.orders.iter().find(|it| it.0 != trigger && it.1 >= order.1);
                assert_eq!(later, None, "bought since: {message:?}");
            }
            let bar = store.read(|tx| tx.suppression_of(&letter.to)).unwrap();
            assert!(bar.is_none_or(|it| it.at >= sent_at), "suppressed: {message:?}");
            let hour = TimeZone::get("Europe/Lisbon").unwrap().to_datetime(sent_at).hour();
            assert!((8..20).contains(&hour), "in the night: {message:?}");
            let earlier = |span: SignedDuration| {
                let messages = store.read(|tx| tx.messages_of(message.customer)).unwrap();
                let gone = letters.iter().filter_map(|it| it.message).filter(|it| *it != id);
                let at: Vec<Timestamp> = gone
                    .filter_map(|it| messages.iter().find(|of| of.id == it)?.claimed_at)
                    .collect();
                let since = sent_at - span;
                at.into_iter().filter(|it| since < *it && *it <= sent_at).count()
            };
            assert_eq!(earlier(hours(24)), 0, "two within a day: {message:?}");
            assert!(earlier(days(7)) < 3, "four within a week: {message:?}");
        }
        self.letters_judged = letters.len();
    }

    /// Lets everything that has begun come to its end.
    fn end(&mut self) {
        self.play(&Act::Resume(0));
        self.pass(days(45), &[]);
        assert_eq!(self.scene.engine.store().read(|tx| tx.next_wake()).unwrap(), None);
        for name in NAMES {
            let open = self.scene.messages(name).into_iter().find(|it| !it.state.is_terminal());
            assert_eq!(open, None);
            let active = self.scene.enrolments(name).into_iter().find(|it| it.position.is_active());
            assert_eq!(active, None);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_promises_hold_whatever_happens(acts in vec(act(), 1..40)) {
        let mut chaos = Chaos::new();
        for act in &acts {
            chaos.play(act);
        }
        chaos.end();
        chaos.scene.holds();
    }
}
