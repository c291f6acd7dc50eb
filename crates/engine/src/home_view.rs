//! The first page: what needs a person, what happened lately, what it came to.

use std::collections::BTreeMap;

use aftercart_insight::{Window, attribute};
use aftercart_model::{
    CouponState, EventBody, FlowId, MessageState, PoolId, ReviewState, Timestamp,
};
use aftercart_store::FlowState;
use anyhow::Result;
use jiff::{ToSpan, civil::Date};

use crate::{
    Engine, FlowListing,
    report_flow::{ATTRIBUTION_DAYS, Rows},
};

/// A pool with codes for fewer days than this needs a person.
const POOL_DAYS_MIN: u64 = 7;
const WEEK_DAYS: i64 = 7;

/// Something that waits for an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NeedsPerson {
    PoolRunsOut { pool: PoolId, left: u64, a_day: u64 },
    ReviewsWait { count: u64 },
    InDoubt { count: u64 },
    FlowPaused { flow: FlowId, name: String },
    NothingLearned,
    NoFlowLive,
}

/// The last seven whole days, in the shop's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeekFigures {
    pub first_day: Date,
    pub last_day: Date,
    pub orders: u64,
    pub entered: u64,
    pub sent: u64,
    pub delivered: u64,
    pub opened: u64,
    pub machine_opened: u64,
    pub clicked: u64,
    pub machine_clicked: u64,
    pub unsubscribed: u64,
    pub complained: u64,
    /// Credited to emails, net of refunds, by the day of the order.
    pub credited_by_day: Vec<(Date, i64)>,
    pub credited_orders: u64,
    pub credited_minor: i64,
    pub refunds_minor: i64,
}

pub struct HomeView {
    pub needs: Vec<NeedsPerson>,
    pub week: WeekFigures,
    pub flows: Vec<FlowListing>,
    pub customers: u64,
    pub orders: u64,
    pub letters: u64,
    pub sent_today: u64,
    pub next_due: Option<Timestamp>,
}

impl Engine {
    pub fn view_home(&self, now: Timestamp) -> Result<HomeView> {
        let flows = self.list_flows(now)?;
        let zone = self.shop().zone();
        let today = zone.to_datetime(now).date();
        let last_day = today.saturating_sub(1.day());
        let first_day = today.saturating_sub(WEEK_DAYS.days());
        let mut view = self.store().read(|tx| {
            let mut week = WeekFigures {
                first_day,
                last_day,
                orders: 0,
                entered: 0,
                sent: 0,
                delivered: 0,
                opened: 0,
                machine_opened: 0,
                clicked: 0,
                machine_clicked: 0,
                unsubscribed: 0,
                complained: 0,
                credited_by_day: Vec::new(),
                credited_orders: 0,
                credited_minor: 0,
                refunds_minor: 0,
            };
            let day = |at: Timestamp| zone.to_datetime(at).date();
            let in_week = |at: Timestamp| (first_day..=last_day).contains(&day(at));
            let mut sent_today = 0;
            let mut by_day: BTreeMap<Date, i64> = BTreeMap::new();
            for offset in 0..WEEK_DAYS {
                by_day.insert(first_day.saturating_add(offset.days()), 0);
            }
            for flow in &flows {
                let rows = Rows::scan(tx, &flow.id)?;
                week.entered +=
                    rows.enrolments.iter().filter(|it| in_week(it.entered_at)).count() as u64;
                sent_today +=
                    rows.messages.iter().filter(|it| day(it.sent_at) == today).count() as u64;
                for message in rows.messages.iter().filter(|it| in_week(it.sent_at)) {
                    let touches = message.touches;
                    let is = |at: Option<Timestamp>| u64::from(at.is_some());
                    week.sent += 1;
                    week.delivered += u64::from(touches.bounced_at.is_none());
                    week.opened += is(touches.opened_at);
                    week.machine_opened += is(touches.machine_opened_at);
                    week.clicked += is(touches.clicked_at);
                    week.machine_clicked += is(touches.machine_clicked_at);
                    week.unsubscribed += is(touches.unsubscribed_at);
                    week.complained += is(touches.complained_at);
                }
                let window = Window::days(ATTRIBUTION_DAYS);
                for credit in attribute(&rows.messages, &rows.orders, window) {
                    if in_week(credit.placed_at) {
                        *by_day.entry(day(credit.placed_at)).or_default() += credit.net_minor;
                        week.credited_orders += 1;
                        week.credited_minor += credit.net_minor;
                        week.refunds_minor += credit.gross_minor - credit.net_minor;
                    }
                }
                if week.orders == 0 {
                    let orders = rows.orders.iter().filter(|it| in_week(it.placed_at));
                    week.orders = orders.count() as u64;
                }
            }
            week.credited_by_day = by_day.into_iter().collect();
            Ok(HomeView {
                needs: Vec::new(),
                week,
                flows: Vec::new(),
                customers: tx.count_customers()?,
                orders: tx.count_orders()?,
                letters: tx.count_letters()?,
                sent_today,
                next_due: tx.next_wake()?,
            })
        })?;
        view.needs = self.needs(&flows, &view)?;
        view.flows = flows;
        Ok(view)
    }

    /// Worst first.
    fn needs(&self, flows: &[FlowListing], view: &HomeView) -> Result<Vec<NeedsPerson>> {
        let mut needs = Vec::new();
        self.store().read(|tx| {
            let mut pools: BTreeMap<PoolId, (u64, u64)> = BTreeMap::new();
            for (pool, state, count) in tx.coupon_counts()? {
                let (free, used) = pools.entry(pool).or_default();
                *if state == CouponState::Free { free } else { used } += count;
            }
            for (pool, (left, used)) in pools {
                let a_day = self.coupons_a_day(used, flows);
                if a_day > 0 && left < a_day * POOL_DAYS_MIN {
                    needs.push(NeedsPerson::PoolRunsOut { pool, left, a_day });
                }
            }
            for flow in flows.iter().filter(|it| it.state == FlowState::Paused) {
                let (flow, name) = (flow.id.clone(), flow.name.clone());
                needs.push(NeedsPerson::FlowPaused { flow, name });
            }
            let doubts = tx.state_counts()?;
            let doubts = doubts.iter().find(|(state, _)| *state == MessageState::InDoubt);
            if let Some((_, count)) = doubts.filter(|(_, count)| *count > 0) {
                needs.push(NeedsPerson::InDoubt { count: *count });
            }
            let count = tx.count_reviews(ReviewState::Pending)?;
            if count > 0 {
                needs.push(NeedsPerson::ReviewsWait { count });
            }
            Ok(())
        })?;
        if view.orders > 0 && self.known()?.model.is_none() {
            needs.push(NeedsPerson::NothingLearned);
        }
        if view.orders > 0 && !flows.iter().any(|it| it.state == FlowState::Live) {
            needs.push(NeedsPerson::NoFlowLive);
        }
        Ok(needs)
    }

    /// Codes handed out a day since the first flow went live.
    fn coupons_a_day(&self, used: u64, flows: &[FlowListing]) -> u64 {
        let reports = flows.iter().filter_map(|it| it.report.as_ref());
        let days = reports
            .filter_map(|it| Some(it.to.duration_since(it.from?).as_hours() / 24))
            .max()
            .unwrap_or(0);
        u64::try_from(days).ok().filter(|it| *it > 0).map_or(used, |days| used.div_ceil(days))
    }

    /// How many events of one kind stand in a customer's log; for the setup list.
    pub fn has_views(&self) -> Result<bool> {
        self.store().read(|tx| {
            let mut found = false;
            for customer in tx.customers_page(None, 200)? {
                let events = tx.events_of(customer.id)?;
                if events.iter().any(|it| matches!(it.body, EventBody::ProductViewed { .. })) {
                    found = true;
                    break;
                }
            }
            Ok(found)
        })
    }
}
