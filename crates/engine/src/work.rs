//! One round of everything that is due: waits that are over, messages to hand over, segments to
//! follow, who is due to buy again, models to fit, doubts to close, coupons to let go, old deliveries of webhooks to forget.
//!
//! The server calls it every second, the simulation at each of its moments; doing it twice does
//! nothing twice.

use aftercart_deliver::Transport;
use aftercart_model::Timestamp;
use anyhow::Result;
use jiff::SignedDuration;
use serde::Serialize;
use tracing::warn;

use crate::{Clock, DeliverySummary, Engine};

/// Messages tried in one round, so that a round ends.
const MESSAGES_PER_ROUND: u32 = 500;
/// How often everybody is asked what the segments in use ask.
const SEGMENTS_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// How soon after it everybody is asked again if history was imported since.
const SEGMENTS_AFTER_HISTORY: SignedDuration = SignedDuration::from_mins(10);
/// Nightly chores begin so long after midnight in the shop, when hardly anybody orders.
const NIGHT_BEGINS: SignedDuration = SignedDuration::from_hours(3);
/// How often doubts of a day are looked for.
const DOUBTS_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How often deliveries of webhooks that are too old are forgotten.
const FORGETTING_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How often the archive's files are looked after.
const ARCHIVING_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// How often the recommendations are learned anew.
const TRAINING_EVERY: SignedDuration = SignedDuration::from_hours(24 * 7);

const SEGMENTS_AT: &str = "segments-refreshed-at";
const DUE_ON: &str = "due-again-followed-on";
const FITTED_ON: &str = "shop-model-fitted-on";
/// Set while history was imported since everybody was asked last.
pub(crate) const HISTORY_IS_NEW: &str = "history-is-new";
const DOUBTS_AT: &str = "doubts-closed-at";
const FORGOTTEN_AT: &str = "deliveries-forgotten-at";
const ARCHIVED_AT: &str = "archive-kept-at";
const REFRESHED_ON: &str = "recommendations-refreshed-on";
const TRAINED_AT: &str = "recommendations-trained-at";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WorkDone {
    pub advanced: u64,
    pub entered_by_segment: u64,
    pub entered_as_due: u64,
    pub delivery: DeliverySummary,
}

impl WorkDone {
    pub fn is_idle(&self) -> bool {
        *self == Self::default()
    }
}

impl Engine {
    /// Does what is due now.
    pub async fn work<T: Transport>(
        &self,
        transport: &mut T,
        clock: &dyn Clock,
    ) -> Result<WorkDone> {
        let now = clock.now();
        let mut done = WorkDone::default();
        if let Err(err) = self.keep_arrivals() {
            // They were answered; what is due is not to wait for them.
            warn!("what arrived of late cannot be shown: {err:#}");
        }
        if let Err(err) = self.follow_erasures() {
            warn!("what another process erased is not forgotten here yet: {err:#}");
        }
        if let Err(err) = self.follow_shop_rules() {
            warn!("rules changed by another process do not hold here yet: {err:#}");
        }
        if self.is_time_for(ARCHIVED_AT, ARCHIVING_EVERY, now)?
            && let Err(err) = self.keep_archive()
        {
            // Nothing rests on the files.
            warn!("the archive cannot be written: {err:#}");
        }
        // What the last days say is learned every night, everything else once a week.
        let is_night = self.is_new_night(REFRESHED_ON, now)?;
        let is_time = self.is_time_for(TRAINED_AT, TRAINING_EVERY, now)?;
        if is_time || self.known()?.model.is_none() {
            self.train_recommendations(now)?;
        } else if is_night {
            self.refresh_recommendations(now)?;
        }
        if self.is_new_night(FITTED_ON, now)? {
            self.fit_shop_model(now)?;
        }
        if self.is_time_for(SEGMENTS_AT, SEGMENTS_EVERY, now)? || self.is_history_new(now)? {
            done.entered_by_segment = self.refresh_segments(now)?;
        }
        match self.follow_log(now) {
            Ok(entered) => done.entered_by_segment += entered,
            // What does not rest on segments goes on.
            Err(err) => warn!("segments cannot follow the log: {err:#}"),
        }
        done.entered_by_segment += self.follow_time(now)?;
        if self.is_new_night(DUE_ON, now)? {
            done.entered_as_due = self.follow_due(now)?;
        }
        if self.is_time_for(DOUBTS_AT, DOUBTS_EVERY, now)? {
            self.close_doubts(now)?;
        }
        if self.is_time_for(FORGOTTEN_AT, FORGETTING_EVERY, now)? {
            self.forget_deliveries(now)?;
        }
        self.expire_coupons(now)?;
        done.advanced = self.advance_due(now)?;
        loop {
            let delivered = self.deliver_due(transport, clock, MESSAGES_PER_ROUND).await?;
            done.delivery.add(delivered);
            if delivered.tried() < u64::from(MESSAGES_PER_ROUND) {
                return Ok(done);
            }
        }
    }

    /// Whether a chore was last done long enough ago; notes that it is done now.
    fn is_time_for(&self, name: &str, every: SignedDuration, now: Timestamp) -> Result<bool> {
        let last = self.store().read(|tx| tx.setting(name))?;
        let last: Option<Timestamp> = last.and_then(|it| it.parse().ok());
        if last.is_some_and(|it| now.duration_since(it) < every) {
            return Ok(false);
        }
        self.store().write(|tx| tx.set_setting(name, &now.to_string()))?;
        Ok(true)
    }

    /// Whether a nightly chore is still to be done in the night that began last, on the shop's clock;
    /// notes that it is done now.
    fn is_new_night(&self, name: &str, now: Timestamp) -> Result<bool> {
        let night = self.shop().zone().to_datetime(now - NIGHT_BEGINS).date().to_string();
        if self.store().read(|tx| tx.setting(name))?.as_deref() == Some(&night) {
            return Ok(false);
        }
        self.store().write(|tx| tx.set_setting(name, &night))?;
        Ok(true)
    }

    /// Whether history was imported that nobody was asked about yet; not while more of it may be on
    /// its way.
    fn is_history_new(&self, now: Timestamp) -> Result<bool> {
        let is_new = self.store().read(|tx| tx.setting(HISTORY_IS_NEW))?;
        Ok(is_new.is_some_and(|it| !it.is_empty())
            && self.is_time_for(SEGMENTS_AT, SEGMENTS_AFTER_HISTORY, now)?)
    }
}
