//! The first page: what needs a person, what happened lately, what it came to.

use std::collections::BTreeMap;

use aftercart_insight::{Answer, MessageRow, Window, attribute, report};
use aftercart_model::{
    CouponState, EventKind, FlowId, MessageState, PoolId, ReviewState, StepId, Timestamp,
};
use aftercart_store::{FlowState, RequestKind};
use anyhow::Result;
use jiff::{ToSpan, civil::Date};

use crate::{
    Engine, FlowListing, FlowReport,
    flow_view::next_email,
    report_flow::{ATTRIBUTION_DAYS, Rows},
};

/// Events of the log that are looked through for what was sent today.
const SENT_TODAY_EVENTS_MAX: u32 = 50_000;
/// Approved reviews a product needs for an email of what buyers say.
const REVIEWS_ENOUGH: usize = 3;
/// Customers looked at for whether the shop's pages send what people view.
const CUSTOMERS_SAMPLED: u32 = 200;
/// A pool with codes for fewer days than this needs a person.
const POOL_DAYS_MIN: u64 = 7;
const WEEK_DAYS: i64 = 7;

/// Something that waits for an operator.
#[derive(Clone, Debug, PartialEq)]
pub enum NeedsPerson {
    PoolRunsOut {
        pool: PoolId,
        left: u64,
        a_day: u64,
    },
    /// With how many of them give 1, 2, 3, 4 and 5 stars.
    ReviewsWait {
        count: u64,
        stars: [u64; 5],
    },
    InDoubt {
        count: u64,
    },
    FlowPaused {
        flow: FlowId,
        name: String,
    },
    /// Customers whose enrolments could not be moved, again and again.
    SetAside {
        flow: FlowId,
        name: String,
        count: u64,
    },
    /// An email loses more readers than its neighbours, beyond chance; shares of 1.
    LosesReaders {
        flow: FlowId,
        step: StepId,
        title: String,
        share: f64,
        elsewhere: (f64, f64),
    },
    /// Customers asked for what is kept of them.
    ExportsAsked {
        count: u64,
    },
    /// The platform asks that the whole shop be erased.
    ShopErasureAsked,
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
    /// Customers delivered at least one: what the customers below are a part of.
    pub customers_delivered: u64,
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

/// How far a shop is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetupFacts {
    pub products: u64,
    /// Products with enough approved reviews for an email of what buyers say.
    pub products_reviewed: u64,
    pub has_learned: bool,
    pub has_flow_live: bool,
    /// Whether the shop's pages tell what people look at.
    pub has_views: bool,
}

pub struct HomeView {
    /// Worst first.
    pub needs: Vec<NeedsPerson>,
    pub setup: SetupFacts,
    pub week: WeekFigures,
    pub flows: Vec<FlowListing>,
    pub customers: u64,
    pub orders: u64,
    /// When the next email of a live flow is due.
    pub next_due: Option<Timestamp>,
}

impl Engine {
    pub fn view_home(&self, now: Timestamp) -> Result<HomeView> {
        let flows = self.list_flows(now)?;
        let zone = self.shop().zone();
        let today = zone.to_datetime(now).date();
        let last_day = today.saturating_sub(1.day());
        let first_day = today.saturating_sub(WEEK_DAYS.days());
        let setup = self.setup_facts(&flows)?;
        let mut view = self.store().read(|tx| {
            let mut week = WeekFigures {
                first_day,
                last_day,
                orders: 0,
                entered: 0,
                sent: 0,
                delivered: 0,
                customers_delivered: 0,
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
            let mut by_day: BTreeMap<Date, i64> = BTreeMap::new();
            for offset in 0..WEEK_DAYS {
                by_day.insert(first_day.saturating_add(offset.days()), 0);
            }
            tx.scan_orders(&mut |order| {
                week.orders += u64::from(order.is_purchase() && in_week(order.placed_at));
                Ok(())
            })?;
            let mut sent: Vec<MessageRow> = Vec::new();
            for flow in &flows {
                let rows = Rows::scan(tx, &flow.id)?;
                week.entered +=
                    rows.enrolments.iter().filter(|it| in_week(it.entered_at)).count() as u64;
                sent.extend(rows.messages.iter().filter(|it| in_week(it.sent_at)).cloned());
                let window = Window::days(ATTRIBUTION_DAYS);
                for credit in attribute(&rows.messages, &rows.orders, window) {
                    if in_week(credit.placed_at) {
                        *by_day.entry(day(credit.placed_at)).or_default() += credit.net_minor;
                        week.credited_orders += 1;
                        week.credited_minor += credit.net_minor;
                        week.refunds_minor += credit.gross_minor - credit.net_minor;
                    }
                }
            }
            // Of all flows together: whoever opened emails of two of them is one customer.
            let figures = report(&sent, &[], &[]).total;
            week.sent = figures.sent;
            week.delivered = figures.delivered;
            week.customers_delivered = figures.customers_delivered;
            week.opened = figures.opened;
            week.machine_opened = figures.machine_opened;
            week.clicked = figures.clicked;
            week.machine_clicked = figures.machine_clicked;
            week.unsubscribed = figures.unsubscribed;
            week.complained = figures.complained;
            let mut next_due: Option<Timestamp> = None;
            for listing in flows.iter().filter(|it| it.state == FlowState::Live) {
                // One that cannot be read was told of when it was listed.
                let Ok(flow) = self.flow_version(tx, &listing.id, listing.version) else {
                    continue;
                };
                let next = next_email(tx, &flow)?;
                next_due = [next_due, next].into_iter().flatten().min();
            }
            week.credited_by_day = by_day.into_iter().collect();
            Ok(HomeView {
                needs: Vec::new(),
                setup,
                week,
                flows: Vec::new(),
                customers: tx.count_customers()?,
                orders: tx.count_orders()?,
                next_due,
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
            // The law gives a month for these, and a platform less.
            for (kind, count) in tx.count_open_requests()? {
                needs.push(match kind {
                    RequestKind::EraseShop => NeedsPerson::ShopErasureAsked,
                    RequestKind::Export => NeedsPerson::ExportsAsked { count },
                });
            }
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
            for (flow, count) in tx.enrolments_set_aside()? {
                let listed = flows.iter().find(|it| it.id == flow);
                let name = listed.map_or_else(|| flow.to_string(), |it| it.name.clone());
                needs.push(NeedsPerson::SetAside { flow, name, count });
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
            for flow in flows.iter().filter(|it| it.state == FlowState::Live) {
                needs.extend(flow.report.as_ref().and_then(loses_readers));
            }
            let count = tx.count_reviews(ReviewState::Pending)?;
            if count > 0 {
                let mut stars = [0; 5];
                tx.scan_reviews(&mut |it| {
                    let place = usize::from(it.rating.clamp(1, 5)) - 1;
                    stars[place] += u64::from(it.state == ReviewState::Pending);
                    Ok(())
                })?;
                needs.push(NeedsPerson::ReviewsWait { count, stars });
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

    fn setup_facts(&self, flows: &[FlowListing]) -> Result<SetupFacts> {
        let known = self.known()?;
        let is_reviewed = |it: &&aftercart_model::Product| {
            known.reviews.get(&it.id).is_some_and(|it| it.len() >= REVIEWS_ENOUGH)
        };
        Ok(SetupFacts {
            products: known.products.len() as u64,
            products_reviewed: known.products.iter().filter(is_reviewed).count() as u64,
            has_learned: known.model.is_some(),
            has_flow_live: flows.iter().any(|it| it.state == FlowState::Live),
            has_views: self.has_views()?,
        })
    }

    /// Whether a product was ever viewed by one of the newest customers.
    fn has_views(&self) -> Result<bool> {
        self.store().read(|tx| {
            for customer in tx.newest_customers(None, CUSTOMERS_SAMPLED)? {
                let kinds = (EventKind::ProductViewed, EventKind::ProductViewed);
                if !tx.events_page_of_kinds(customer.id, kinds, None, 1)?.is_empty() {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    /// Emails handed over since midnight in the shop's zone.
    pub fn sent_today(&self, now: Timestamp) -> Result<u64> {
        let zone = self.shop().zone();
        let today = zone.to_datetime(now).date();
        let midnight =
            zone.to_ambiguous_timestamp(today.to_datetime(jiff::civil::Time::midnight()));
        let midnight = midnight.compatible()?;
        self.store().read(|tx| {
            tx.count_newest_events(EventKind::MessageSent, midnight, SENT_TODAY_EVENTS_MAX)
        })
    }
}

impl HomeView {
    /// The report that says most about what the emails earn: of the flow with most customers past
    /// the horizon on both sides.
    pub fn compared(&self) -> Option<&FlowReport> {
        let reports = self.flows.iter().filter_map(|it| it.report.as_ref());
        let answered = reports.filter(|it| it.lift.answer != Answer::NoHoldout);
        answered.max_by_key(|it| it.lift.held_out.customers)
    }
}

fn loses_readers(report: &FlowReport) -> Option<NeedsPerson> {
    let (worst, elsewhere) = report.unusual_loss()?;
    Some(NeedsPerson::LosesReaders {
        flow: report.flow.clone(),
        step: worst.step.clone(),
        title: worst.title.clone(),
        share: worst.figures.unsubscribe_rate(aftercart_insight::Base::Delivered)?,
        elsewhere,
    })
}
