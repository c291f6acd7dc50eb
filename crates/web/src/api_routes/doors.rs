//! What stands before the engine where events come in: who may come, how often, and whether there is
//! room to keep what they bring.
//!
//! All three are asked before a body is taken, and each refusal says when to come again. Time is
//! monotonic here and not the shop's: a clock that is set back, or one that stands in the demo, must
//! not close a door.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use aftercart_engine::Engine;

use crate::api::ApiError;

/// Requests a second that one write key may make. Far beyond what a shop sends; it keeps a library
/// that resends in a loop from taking all turns.
const RATE_PER_SECOND: u32 = 20_000;
/// Requests at once after a rest.
const RATE_BURST: u32 = 40_000;

/// How long a body may take to arrive: the largest, over a slow line.
const BODY_PATIENCE: Duration = Duration::from_secs(20);
/// How long an event may wait for its commit; Segment's libraries give up after 10 seconds.
const EVENT_PATIENCE: Duration = Duration::from_secs(8);
/// The same for a webhook. Shopify wants its answer soon and sends again what got a 503, so it is
/// better told to come again than left waiting.
const WEBHOOK_PATIENCE: Duration = Duration::from_millis(900);

/// The space that stays free on the store's file system: this many parts of a hundred, and no less
/// than so many bytes. What was accepted before must still find room for what follows from it.
const RESERVE_PERCENT: u64 = 5;
const RESERVE_BYTES_MIN: u64 = 64 << 20;

/// How long an answer about the space holds: asking costs a call of the system.
const SPACE_HOLDS: Duration = Duration::from_secs(1);

/// When a sender may come again after there was no room.
const ROOM_WAIT: Duration = Duration::from_secs(30);

/// Room on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    pub free_bytes: u64,
    pub total_bytes: u64,
}

impl Space {
    /// Whether the reserve is touched.
    pub fn is_short(self) -> bool {
        self.free_bytes < (self.total_bytes / 100 * RESERVE_PERCENT).max(RESERVE_BYTES_MIN)
    }
}

/// How much and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub rate_per_second: u32,
    pub rate_burst: u32,
    pub body_patience: Duration,
    pub event_patience: Duration,
    pub webhook_patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rate_per_second: RATE_PER_SECOND,
            rate_burst: RATE_BURST,
            body_patience: BODY_PATIENCE,
            event_patience: EVENT_PATIENCE,
            webhook_patience: WEBHOOK_PATIENCE,
        }
    }
}

type Monotonic = Box<dyn Fn() -> Duration + Send + Sync>;
/// `None` where there is no file system of ours: the store is a server.
type Probe = Box<dyn Fn() -> Option<Space> + Send + Sync>;

/// The doors of one shop.
pub struct Doors {
    /// Secrets that Shopify signs with; none closes the door.
    pub shopify_secrets: Vec<String>,
    /// Secrets that WooCommerce signs with; none closes the door.
    pub woocommerce_secrets: Vec<String>,
    pub limits: Limits,
    monotonic: Monotonic,
    probe: Probe,
    bucket: Mutex<Option<Bucket>>,
    space: Mutex<Option<(Duration, Option<Space>)>>,
}

/// A token bucket: what is left, and when that was reckoned.
#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Duration,
}

impl Doors {
    /// The doors of a shop whose store is `engine`'s; no platform has a key yet.
    pub fn of(engine: &Engine) -> Self {
        let folder = engine.store().folder().map(PathBuf::from);
        let begin = Instant::now();
        Self::with(move || begin.elapsed(), move || space_of(folder.as_ref()?))
    }

    /// Doors with a clock and a view of the disk of their own.
    pub fn with(
        monotonic: impl Fn() -> Duration + Send + Sync + 'static,
        probe: impl Fn() -> Option<Space> + Send + Sync + 'static,
    ) -> Self {
        Self {
            shopify_secrets: Vec::new(),
            woocommerce_secrets: Vec::new(),
            limits: Limits::default(),
            monotonic: Box::new(monotonic),
            probe: Box::new(probe),
            bucket: Mutex::new(None),
            space: Mutex::new(None),
        }
    }

    /// Whether a request of a known sender may go on.
    pub fn admit(&self) -> Result<(), ApiError> {
        self.admit_rate()?;
        self.admit_room()
    }

    /// Takes one token, or says when there will be one.
    fn admit_rate(&self) -> Result<(), ApiError> {
        let Limits { rate_per_second, rate_burst, .. } = self.limits;
        let (rate, burst) = (f64::from(rate_per_second), f64::from(rate_burst));
        let now = (self.monotonic)();
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let Bucket { tokens, at } = bucket.unwrap_or(Bucket { tokens: burst, at: now });
        let tokens = (tokens + now.saturating_sub(at).as_secs_f64() * rate).min(burst);
        let is_admitted = tokens >= 1.0;
        let left = if is_admitted { tokens - 1.0 } else { tokens };
        *bucket = Some(Bucket { tokens: left, at: now });
        if is_admitted {
            return Ok(());
        }
        Err(ApiError::too_many(Duration::from_secs_f64((1.0 - tokens) / rate)))
    }

    /// Refuses while the reserve of the disk is touched.
    pub fn admit_room(&self) -> Result<(), ApiError> {
        match self.space_now() {
            Some(space) if space.is_short() => Err(ApiError::no_room(ROOM_WAIT)),
            _ => Ok(()),
        }
    }

    /// What there is, as of a second ago at most.
    pub(crate) fn space_now(&self) -> Option<Space> {
        let now = (self.monotonic)();
        let mut known = self.space.lock().unwrap_or_else(PoisonError::into_inner);
        match *known {
            Some((at, space)) if now.saturating_sub(at) < SPACE_HOLDS => space,
            _ => {
                let space = (self.probe)();
                *known = Some((now, space));
                space
            }
        }
    }
}

/// What the file system of `folder` has. A system that does not say is taken at its best: the store
/// itself refuses what it cannot write.
fn space_of(folder: &PathBuf) -> Option<Space> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    Some(Space { free_bytes: bytes(stat.f_bavail), total_bytes: bytes(stat.f_blocks) })
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    };

    use axum::http::StatusCode;

    use super::*;

    const GIB: u64 = 1 << 30;

    /// Doors whose time and disk the test sets, and how often the disk was looked at.
    fn doors() -> (Doors, Arc<AtomicU64>, Arc<AtomicU64>, Arc<AtomicUsize>) {
        let millis = Arc::new(AtomicU64::new(0));
        let free = Arc::new(AtomicU64::new(50 * GIB));
        let looks = Arc::new(AtomicUsize::new(0));
        let (time, disk, looked) = (Arc::clone(&millis), Arc::clone(&free), Arc::clone(&looks));
        let doors = Doors::with(
            move || Duration::from_millis(time.load(Ordering::SeqCst)),
            move || {
                looked.fetch_add(1, Ordering::SeqCst);
                let free_bytes = disk.load(Ordering::SeqCst);
                Some(Space { free_bytes, total_bytes: 100 * GIB })
            },
        );
        (doors, millis, free, looks)
    }

    #[test]
    fn the_reserve_is_the_larger_of_the_two() {
        let is_short = |free_bytes, total_bytes| Space { free_bytes, total_bytes }.is_short();
        assert!(!is_short(5 * GIB, 100 * GIB), "5 % is enough");
        assert!(is_short(5 * GIB - 1, 100 * GIB));
        assert!(!is_short(64 << 20, GIB / 2), "64 MB of a small disk");
        assert!(is_short((64 << 20) - 1, GIB / 2));
    }

    #[test]
    fn a_full_disk_closes_the_door_and_room_opens_it() {
        let (doors, millis, free, looks) = doors();
        assert_eq!(doors.admit(), Ok(()));
        free.store(GIB, Ordering::SeqCst);
        assert_eq!(doors.admit(), Ok(()), "what was seen within the second holds");
        millis.store(1_000, Ordering::SeqCst);
        let refused = doors.admit().unwrap_err();
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.retry_after, Some(ROOM_WAIT));
        free.store(50 * GIB, Ordering::SeqCst);
        millis.store(2_000, Ordering::SeqCst);
        assert_eq!(doors.admit(), Ok(()), "by itself");
        for _ in 0..100 {
            doors.admit().unwrap();
        }
        assert_eq!(looks.load(Ordering::SeqCst), 3, "once a second at most");
    }

    #[test]
    fn more_than_the_rate_is_told_to_come_again() {
        let (mut doors, millis, ..) = doors();
        doors.limits = Limits { rate_per_second: 2, rate_burst: 3, ..Limits::default() };
        for _ in 0..3 {
            assert_eq!(doors.admit(), Ok(()), "a burst");
        }
        let refused = doors.admit().unwrap_err();
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.retry_after, Some(Duration::from_millis(500)));
        millis.store(500, Ordering::SeqCst);
        assert_eq!(doors.admit(), Ok(()), "half a second later there is one");
        assert!(doors.admit().is_err(), "and no more");
        millis.store(3_600_000, Ordering::SeqCst);
        let admitted = (0..10).filter(|_| doors.admit().is_ok()).count();
        assert_eq!(admitted, 3, "a rest saves up a burst and no more");
    }
}
