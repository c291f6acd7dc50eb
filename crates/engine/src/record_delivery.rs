//! A delivery of a platform's webhook: what it tells goes into the log once, however often it comes.
//!
//! Two things are told apart. The *delivery* has a name of the platform's and a body: the same again
//! is passed over whole, and the same name with another body is refused, since one of the two is a
//! lie. The *events* it tells have natural keys, so that an order told by a webhook, a backfill and a
//! file is one order; that one of them is known, or was told otherwise before, is no fault of the
//! delivery, which is taken.
//!
//! Deliveries are remembered for [`REMEMBERED`] and their events for ever, so one that comes again
//! after that is read once more and tells nothing new.

use aftercart_ingest::Incoming;
use aftercart_model::Timestamp;
use aftercart_store::Remembered;
use anyhow::Result;
use aws_lc_rs::digest::{SHA256, digest};
use jiff::SignedDuration;

use crate::{Engine, Occasion, Recorded};

/// For how long a delivery is remembered: 400 days, as the promise of idempotence has it. The
/// platforms send again for hours, WooCommerce's scheduled actions for days.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 400);
/// Deliveries forgotten in one commit, so that what comes in meanwhile does not wait for long.
const FORGOTTEN_TOGETHER: u32 = 1_000;
/// Commits of one round of forgetting. Rounds come hourly, so 14 million a month are kept up with.
const FORGETTING_COMMITS_MAX: u32 = 20;

/// The longest name of a delivery that is kept as it is; the platforms' have 40 characters.
const KEY_CHARS_MAX: usize = 200;

/// What a platform delivered, as far as it makes one delivery the same as another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The platform, as in the keys of its events: `shopify`, `woocommerce`.
    pub source: &'static str,
    /// What the platform names the delivery by.
    pub key: String,
    /// SHA-256 of the body, byte for byte.
    pub body_hash: [u8; 32],
}

impl Delivery {
    /// A key that is longer than keys may be is known by its hash.
    pub fn of(source: &'static str, key: String, body: &[u8]) -> Self {
        let body_hash = hash(body);
        let is_long = KEY_CHARS_MAX < key.chars().count() || key.contains('\0');
        let key = if is_long { format!("hash/{}", hex(&hash(key.as_bytes()))) } else { key };
        Self { source, key, body_hash }
    }

    /// The name of a delivery that the platform gave none: what it says.
    pub fn key_of_body(body: &[u8]) -> String {
        format!("body/{}", hex(&hash(body)))
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().expect("a SHA-256 hash has 32 bytes")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Taken; one answer for each of its events, in their order.
    New(Vec<Recorded>),
    /// It was taken before, and nothing happened again.
    Duplicate,
    /// A delivery of this name was taken with another body; this one is refused.
    Conflict,
}

impl Engine {
    /// Takes a delivery with all it tells, or nothing of it, in one durable commit.
    pub fn record_delivery(
        &self,
        delivery: &Delivery,
        events: &[Incoming],
        now: Timestamp,
    ) -> Result<Delivered> {
        let Delivery { source, key, body_hash } = delivery;
        self.write_events(|tx, seen| match tx.remember_delivery(source, key, body_hash, now)? {
            Remembered::Duplicate => Ok(Delivered::Duplicate),
            Remembered::Conflict => Ok(Delivered::Conflict),
            Remembered::New => {
                let record = |event| self.record(tx, seen, event, Occasion::Live, now);
                Ok(Delivered::New(events.iter().map(record).collect::<Result<_>>()?))
            }
        })
    }

    /// Forgets deliveries that are remembered for long enough, as many as one round may; how many.
    pub(crate) fn forget_deliveries(&self, now: Timestamp) -> Result<u64> {
        let Ok(before) = now.checked_sub(REMEMBERED) else { return Ok(0) };
        let mut forgotten = 0;
        for _ in 0..FORGETTING_COMMITS_MAX {
            let gone = self.store().write(|tx| tx.forget_deliveries(before, FORGOTTEN_TOGETHER))?;
            forgotten += gone;
            if gone < u64::from(FORGOTTEN_TOGETHER) {
                break;
            }
        }
        Ok(forgotten)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aftercart_model::EventKey;

    use super::*;
    use crate::scenarios::Scene;

    fn delivery(key: &str, body: &[u8]) -> Delivery {
        Delivery::of("shopify", key.to_owned(), body)
    }

    #[test]
    fn a_delivery_is_taken_whole_and_once() {
        let mut scene = Scene::new();
        scene.join("ana");
        let now = scene.now();
        let orders =
            ["1001", "1002"].map(|it| scene.order_event("ana", it, &["dripper"], now)).to_vec();
        let engine = Arc::clone(&scene.engine);
        let take = |key: &str, body: &[u8], events: &[Incoming]| {
            engine.record_delivery(&delivery(key, body), events, now)
        };
        let Delivered::New(recorded) = take("d1", b"one", &orders[..1]).unwrap() else {
            panic!("it is new");
        };
        assert!(matches!(recorded[..], [Recorded::New { .. }]), "{recorded:?}");
        assert_eq!(take("d1", b"one", &orders[..1]).unwrap(), Delivered::Duplicate);
        assert_eq!(take("d1", b"two", &orders[1..]).unwrap(), Delivered::Conflict);
        let kept = scene.engine.store().read(|tx| tx.event_by_key(&orders[1].key)).unwrap();
        assert_eq!(kept, None, "nothing of what is refused");

        // One of its events is known and one was told otherwise: it is taken all the same.
        let mut otherwise = scene.order_event("ana", "1003", &["kettle"], now);
        otherwise.key = orders[0].key.clone();
        let events = [orders[0].clone(), otherwise, orders[1].clone()];
        let Delivered::New(recorded) = take("d2", b"three", &events).unwrap() else {
            panic!("it is new");
        };
        let is_expected = matches!(
            recorded[..],
            [Recorded::Duplicate { .. }, Recorded::Conflict { .. }, Recorded::New { .. }]
        );
        assert!(is_expected, "{recorded:?}");
    }

    #[test]
    fn a_delivery_is_forgotten_after_its_time_and_its_events_are_not() {
        let mut scene = Scene::new();
        scene.join("ana");
        let order = scene.order_event("ana", "1001", &["dripper"], scene.now());
        let engine = Arc::clone(&scene.engine);
        let take = |scene: &Scene, key: &str, events: &[Incoming]| {
            engine.record_delivery(&delivery(key, b"one"), events, scene.now()).unwrap()
        };
        assert!(matches!(take(&scene, "d1", std::slice::from_ref(&order)), Delivered::New(_)));
        scene.skip(REMEMBERED);
        take(&scene, "d2", &[]);
        scene.work();
        assert_eq!(take(&scene, "d1", &[]), Delivered::Duplicate, "400 days and no longer");
        scene.skip(SignedDuration::from_hours(1));
        scene.work();
        assert_eq!(take(&scene, "d2", &[]), Delivered::Duplicate, "not as old yet");
        let Delivered::New(recorded) = take(&scene, "d1", &[order]) else {
            panic!("it is forgotten");
        };
        assert!(matches!(recorded[..], [Recorded::Duplicate { .. }]), "{recorded:?}");
    }

    #[test]
    fn forgetting_goes_in_rounds_that_end() {
        let scene = Scene::new();
        let many = FORGOTTEN_TOGETHER * FORGETTING_COMMITS_MAX + 1;
        let remember = |tx: &mut aftercart_store::Tx<'_>| {
            for it in 0..many {
                tx.remember_delivery("shopify", &it.to_string(), &[0; 32], scene.now())?;
            }
            Ok(())
        };
        scene.engine.store().write(remember).unwrap();
        let later = scene.now() + REMEMBERED + SignedDuration::from_secs(1);
        assert_eq!(scene.engine.forget_deliveries(scene.now()).unwrap(), 0);
        assert_eq!(scene.engine.forget_deliveries(later).unwrap(), u64::from(many) - 1);
        assert_eq!(scene.engine.forget_deliveries(later).unwrap(), 1);
    }

    #[test]
    fn a_delivery_that_fails_is_not_remembered() {
        let mut scene = Scene::new();
        scene.join("ana");
        let now = scene.now();
        let good = scene.order_event("ana", "1001", &["dripper"], now);
        let mut bad = scene.order_event("ana", "1002", &["dripper"], now);
        bad.key = EventKey { source: "shopify".to_owned(), key: "no store keeps \0".to_owned() };
        let failing = [good.clone(), bad];
        let delivered = delivery("d1", b"one");
        assert!(scene.engine.record_delivery(&delivered, &failing, now).is_err());
        let kept = scene.engine.store().read(|tx| tx.event_by_key(&good.key)).unwrap();
        assert_eq!(kept, None, "whole or not at all");
        let again = scene.engine.record_delivery(&delivered, &[good], now).unwrap();
        assert!(matches!(again, Delivered::New(_)), "{again:?}");
    }

    #[test]
    fn a_long_name_is_kept_as_its_hash() {
        let long = |end: char| delivery(&format!("{}{end}", "x".repeat(300)), b"").key;
        assert!(long('a').chars().count() <= KEY_CHARS_MAX);
        assert_ne!(long('a'), long('b'));
        assert_eq!(delivery("orders/create/1", b"").key, "orders/create/1");
    }
}
