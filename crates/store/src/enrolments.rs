//! Enrolments and when each is to be woken.

use aftercart_model::{
    CustomerId, Enrolment, EnrolmentId, ExitReason, FlowId, NewEnrolment, Position, ProductId,
    StepId, Timestamp,
};
use anyhow::{Context as _, bail};

use crate::{
    Result,
    tx::{Counter, Tx},
    value::{FromValue, Row, Value, values},
};

/// How many enrolments of a flow stand at a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepCount {
    /// `None` for those who never came to one, such as customers held out.
    pub step: Option<StepId>,
    /// `ready`, `waiting` or `exited`.
    pub position: &'static str,
    /// Of those who exited.
    pub reason: Option<ExitReason>,
    pub count: u64,
}

/// Which of a flow's enrolments are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrolmentsAsked {
    All,
    Active,
    Bought,
    Completed,
    HeldOut,
    /// Left for any other reason.
    Left,
}

impl EnrolmentsAsked {
    fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Active => "active",
            Self::Bought => "purchase",
            Self::Completed => "completed",
            Self::HeldOut => "held_out",
            Self::Left => "left",
        }
    }
}

macro_rules! select_enrolments {
    ($rest:literal) => {
        concat!(
            "SELECT id, customer, flow, flow_version, trigger_key, trigger_order, position, step, \
             position_at, reason, is_held_out, entered_at, products, coupon, revision \
             FROM enrolments ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Enrols a customer. `None`: this trigger key has enrolled in this flow already, whenever and
    /// whomever that was.
    pub fn enrol(&mut self, new: &NewEnrolment) -> Result<Option<EnrolmentId>> {
        let serial = self.newest(Counter::Enrolment)? + 1;
        let id = EnrolmentId::in_bucket(serial, new.customer.bucket());
        let sql = "INSERT INTO enrolment_keys (flow, trigger_key, enrolment) VALUES (?1, ?2, ?3) \
                   ON CONFLICT DO NOTHING";
        if self.execute(sql, values![&new.flow, &new.trigger_key, id])? == 0 {
            return Ok(None);
        }
        self.next(Counter::Enrolment)?;

        let wake_at = match &new.position {
            Position::Ready { .. } => Some(new.entered_at),
            Position::Waiting { until, .. } => Some(*until),
            Position::Exited { .. } => None,
        };
        let place = Place::of(&new.position);
        let sql = "INSERT INTO enrolments (bucket, id, customer, flow, flow_version, trigger_key, \
                   trigger_order, position, step, position_at, reason, is_held_out, entered_at, \
                   products, revision, wake_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, '[]', 0, ?14)";
        self.execute(
            sql,
            values![
                id.bucket().0,
                id,
                new.customer,
                &new.flow,
                new.flow_version,
                &new.trigger_key,
                new.trigger_order.as_ref(),
                place.position,
                place.step,
                place.at,
                place.reason,
                new.is_held_out,
                new.entered_at,
                wake_at,
            ],
        )?;
        Ok(Some(id))
    }

    pub fn enrolment(&mut self, id: EnrolmentId) -> Result<Option<Enrolment>> {
        let sql = select_enrolments!("WHERE bucket = ?1 AND id = ?2");
        self.first(sql, values![id.bucket().0, id], read_enrolment)
    }

    /// A customer's enrolments in the order in which they began.
    pub fn enrolments_of(&mut self, customer: CustomerId) -> Result<Vec<Enrolment>> {
        let sql = select_enrolments!("WHERE bucket = ?1 AND customer = ?2 ORDER BY id");
        self.enrolments_of_members(customer, sql)
    }

    pub fn active_enrolments_of(&mut self, customer: CustomerId) -> Result<Vec<Enrolment>> {
        let sql = select_enrolments!(
            "WHERE bucket = ?1 AND customer = ?2 AND position <> 'exited' ORDER BY id"
        );
        self.enrolments_of_members(customer, sql)
    }

    pub fn count_active_enrolments(&mut self) -> Result<u64> {
        self.one("SELECT count(*) FROM enrolments WHERE position <> 'exited'", &[])
    }

    /// Those of a customer's enrolments for which a message was planned.
    pub fn enrolments_acted_on(&mut self, customer: CustomerId) -> Result<Vec<EnrolmentId>> {
        let sql = "SELECT DISTINCT enrolment FROM messages WHERE bucket = ?1 AND customer = ?2";
        self.of_members(customer, |tx, member| {
            tx.all(sql, values![member.bucket().0, member], |row| row.get(0))
        })
    }

    fn enrolments_of_members(
        &mut self,
        customer: CustomerId,
        sql: &'static str,
    ) -> Result<Vec<Enrolment>> {
        let mut found = self.of_members(customer, |tx, member| {
            tx.all(sql, values![member.bucket().0, member], read_enrolment)
        })?;
        found.sort_by_key(|it| it.id);
        Ok(found)
    }

    /// Takes back an enrolment as if it had never been, so that its trigger key may enrol again.
    /// `false`: a message was planned for it, so it was; nothing is changed.
    pub fn take_back_enrolment(&mut self, id: EnrolmentId) -> Result<bool> {
        let sql = "DELETE FROM enrolments WHERE bucket = ?1 AND id = ?2 AND NOT EXISTS \
                   (SELECT 1 FROM messages m WHERE m.bucket = ?1 AND m.enrolment = ?2) \
                   RETURNING flow, trigger_key";
        let key: Option<(FlowId, String)> =
            self.first(sql, values![id.bucket().0, id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let Some((flow, trigger_key)) = key else { return Ok(false) };
        let sql = "DELETE FROM enrolment_keys WHERE flow = ?1 AND trigger_key = ?2";
        self.execute(sql, values![&flow, &trigger_key])?;
        Ok(true)
    }

    /// When a customer last entered a flow.
    pub fn latest_entry(
        &mut self,
        flow: &FlowId,
        customer: CustomerId,
    ) -> Result<Option<Timestamp>> {
        let sql = "SELECT max(entered_at) FROM enrolments \
                   WHERE bucket = ?1 AND customer = ?2 AND flow = ?3";
        let latest = self.of_members(customer, |tx, member| {
            tx.all(sql, values![member.bucket().0, member, flow], |row| row.get(0))
        })?;
        Ok(latest.into_iter().max().flatten())
    }

    /// Enrolments to be woken by `now`, the longest overdue first.
    pub fn due_enrolments(&mut self, now: Timestamp, limit: u32) -> Result<Vec<EnrolmentId>> {
        let sql = "SELECT id FROM enrolments WHERE wake_at <= ?1 ORDER BY wake_at, id LIMIT ?2";
        self.all(sql, values![now, limit], |row| row.get(0))
    }

    /// When there is something to do next: an enrolment to wake, a message to try, or a customer to
    /// ask whether time alone brought them into a segment or out of it.
    pub fn next_wake(&mut self) -> Result<Option<Timestamp>> {
        let of_enrolments = "SELECT wake_at FROM enrolments WHERE wake_at IS NOT NULL \
                             ORDER BY wake_at LIMIT 1";
        let of_messages = "SELECT try_at FROM messages WHERE try_at IS NOT NULL \
                           ORDER BY try_at LIMIT 1";
        let enrolment = self.first(of_enrolments, &[], |row| row.get(0))?;
        let of_standings = "SELECT due_at FROM standings WHERE due_at IS NOT NULL \
                            AND segment IN (SELECT segment FROM kept_segments) \
                            ORDER BY due_at LIMIT 1";
        let message = self.first(of_messages, &[], |row| row.get(0))?;
        let standing = self.first(of_standings, &[], |row| row.get(0))?;
        Ok([enrolment, message, standing].into_iter().flatten().min())
    }

    /// Keeps what became of an enrolment, if nothing else has changed it since `enrolment` was
    /// read; its stored revision is then one higher. `false`: it has; read it again.
    pub fn save_enrolment(
        &mut self,
        enrolment: &Enrolment,
        wake_at: Option<Timestamp>,
    ) -> Result<bool> {
        let place = Place::of(&enrolment.position);
        let sql = "UPDATE enrolments SET position = ?4, step = ?5, position_at = ?6, \
                   reason = ?7, products = ?8, coupon = ?9, wake_at = ?10, set_aside = 0, \
                   revision = revision + 1 WHERE bucket = ?1 AND id = ?2 AND revision = ?3";
        let changed = self.execute(
            sql,
            values![
                enrolment.id.bucket().0,
                enrolment.id,
                enrolment.revision,
                place.position,
                place.step,
                place.at,
                place.reason,
                &product_list(&enrolment.products),
                enrolment.coupon.as_deref(),
                wake_at,
            ],
        )?;
        Ok(changed == 1)
    }

    /// Moves when an enrolment is woken, and nothing else of it.
    pub fn set_wake(&mut self, id: EnrolmentId, wake_at: Option<Timestamp>) -> Result<()> {
        let sql = "UPDATE enrolments SET wake_at = ?3 WHERE bucket = ?1 AND id = ?2";
        if self.execute(sql, values![id.bucket().0, id, wake_at])? == 0 {
            bail!("enrolment {id} is not in the store");
        }
        Ok(())
    }

    /// Counts that an enrolment could not be moved; how often it could not since it last was.
    pub fn count_enrolment_set_aside(&mut self, id: EnrolmentId) -> Result<u32> {
        let sql = "UPDATE enrolments SET set_aside = set_aside + 1 WHERE bucket = ?1 AND id = ?2 \
                   RETURNING set_aside";
        let times = self.first(sql, values![id.bucket().0, id], |row| row.get(0))?;
        times.with_context(|| format!("enrolment {id} is not in the store"))
    }

    /// How many enrolments of each flow could not be moved and are not tried again.
    pub fn enrolments_set_aside(&mut self) -> Result<Vec<(FlowId, u64)>> {
        let sql = "SELECT flow, count(*) FROM enrolments \
                   WHERE set_aside > 0 AND wake_at IS NULL AND position <> 'exited' \
                   GROUP BY flow ORDER BY flow";
        self.all(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Lets those of a flow be tried again from `wake_at` on; how many they are.
    pub fn wake_set_aside(&mut self, flow: &FlowId, wake_at: Timestamp) -> Result<u64> {
        let sql = "UPDATE enrolments SET set_aside = 0, wake_at = ?2 WHERE flow = ?1 \
                   AND set_aside > 0 AND wake_at IS NULL AND position <> 'exited'";
        self.execute(sql, values![flow, wake_at])
    }

    /// A flow's enrolments before `before`, newest first.
    pub fn enrolments_page(
        &mut self,
        flow: &FlowId,
        before: Option<EnrolmentId>,
        limit: u32,
    ) -> Result<Vec<Enrolment>> {
        let sql = select_enrolments!("WHERE flow = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3");
        let before = before.map_or(Value::Int(i64::MAX), Value::from);
        self.all(sql, &[flow.into(), before, limit.into()], read_enrolment)
    }

    /// As [`Tx::enrolments_page`], of some of them: those `asked` for and, with `step`, those for
    /// whom a message of that step was planned.
    pub fn enrolments_page_of(
        &mut self,
        flow: &FlowId,
        asked: EnrolmentsAsked,
        step: Option<&StepId>,
        before: Option<EnrolmentId>,
        limit: u32,
    ) -> Result<Vec<Enrolment>> {
        let sql = select_enrolments!(
            "WHERE flow = ?1 AND id < ?2 AND (?3 = 'all' OR reason = ?3 \
             OR (?3 = 'active' AND position <> 'exited') \
             OR (?3 = 'left' AND reason NOT IN ('purchase', 'completed', 'held_out'))) \
             AND (?4 = '' OR EXISTS (SELECT 1 FROM messages m \
             WHERE m.bucket = enrolments.bucket AND m.enrolment = enrolments.id AND m.step = ?4)) \
             ORDER BY id DESC LIMIT ?5"
        );
        let before = before.map_or(Value::Int(i64::MAX), Value::from);
        // No step's id is empty.
        let step = step.map_or("", StepId::as_str);
        let values = [flow.into(), before, asked.word().into(), step.into(), limit.into()];
        self.all(sql, &values, read_enrolment)
    }

    /// All enrolments, or those of one flow, in the order in which they began; each by the root.
    pub fn scan_enrolments(
        &mut self,
        flow: Option<&FlowId>,
        f: &mut dyn FnMut(Enrolment) -> Result<()>,
    ) -> Result<()> {
        let merged = self.merged_customers()?;
        let f = &mut |mut it: Enrolment| {
            it.customer = *merged.get(&it.customer).unwrap_or(&it.customer);
            f(it)
        };
        match flow {
            Some(flow) => {
                let sql = select_enrolments!("WHERE flow = ?1 ORDER BY id");
                self.scan(sql, values![flow], read_enrolment, f)
            }
            None => self.scan(select_enrolments!("ORDER BY id"), &[], read_enrolment, f),
        }
    }

    /// When the first of those who wait at a step of a flow is to go on.
    pub fn first_wait_over(&mut self, flow: &FlowId, step: &StepId) -> Result<Option<Timestamp>> {
        let sql = "SELECT min(position_at) FROM enrolments \
                   WHERE flow = ?1 AND position = 'waiting' AND step = ?2";
        self.one(sql, values![flow, step])
    }

    /// How many waits of a flow were over by `now` and have not gone on, by step: those of a flow that
    /// is paused.
    pub fn overdue_waits(&mut self, flow: &FlowId, now: Timestamp) -> Result<Vec<(StepId, u64)>> {
        let sql = "SELECT step, count(*) FROM enrolments \
                   WHERE flow = ?1 AND position = 'waiting' AND position_at <= ?2 \
                   GROUP BY step ORDER BY step";
        self.all(sql, values![flow, now], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Where a flow's enrolments stand.
    pub fn step_counts(&mut self, flow: &FlowId) -> Result<Vec<StepCount>> {
        let sql = "SELECT step, position, reason, count(*) FROM enrolments WHERE flow = ?1 \
                   GROUP BY position, step, reason ORDER BY position, step, reason";
        self.all(sql, values![flow], |row| {
            let position: String = row.get(1)?;
            Ok(StepCount {
                step: row.get(0)?,
                position: position_word(&position)?,
                reason: row.get(2)?,
                count: row.get(3)?,
            })
        })
    }
}

const READY: &str = "ready";
const WAITING: &str = "waiting";
const EXITED: &str = "exited";

fn position_word(stored: &str) -> Result<&'static str> {
    match stored {
        READY => Ok(READY),
        WAITING => Ok(WAITING),
        EXITED => Ok(EXITED),
        other => bail!("the store holds `{other}`, which is no position of an enrolment"),
    }
}

/// A position as columns.
struct Place<'a> {
    position: &'static str,
    step: Option<&'a StepId>,
    /// Until when it waits, or when it exited.
    at: Option<Timestamp>,
    reason: Option<ExitReason>,
}

impl<'a> Place<'a> {
    fn of(position: &'a Position) -> Self {
        let (word, at, reason) = match position {
            Position::Ready { .. } => (READY, None, None),
            Position::Waiting { until, .. } => (WAITING, Some(*until), None),
            Position::Exited { at, reason, .. } => (EXITED, Some(*at), Some(*reason)),
        };
        Self { position: word, step: position.step(), at, reason }
    }
}

fn read_enrolment(row: &Row<'_>) -> Result<Enrolment> {
    let mut cells = row.cells();
    let (id, customer, flow, flow_version) =
        (cells.take()?, cells.take()?, cells.take()?, cells.take()?);
    let (trigger_key, trigger_order) = (cells.take()?, cells.take()?);
    let word: String = cells.take()?;
    let step: Option<StepId> = cells.take()?;
    let at: Option<Timestamp> = cells.take()?;
    let reason: Option<ExitReason> = cells.take()?;
    let position = match (position_word(&word)?, step, at, reason) {
        (READY, Some(step), ..) => Position::Ready { step },
        (WAITING, Some(step), Some(until), _) => Position::Waiting { step, until },
        (EXITED, step, Some(at), Some(reason)) => Position::Exited { at, reason, step },
        _ => bail!("the position of enrolment {id} is incomplete"),
    };
    Ok(Enrolment {
        id,
        customer,
        flow,
        flow_version,
        trigger_key,
        trigger_order,
        position,
        is_held_out: cells.take()?,
        entered_at: cells.take()?,
        products: cells.take::<ProductList>()?.0,
        coupon: cells.take()?,
        revision: cells.take()?,
    })
}

/// Products in one column: `[3,14,15]`.
pub(crate) struct ProductList(pub Vec<ProductId>);

pub(crate) fn product_list(products: &[ProductId]) -> String {
    serde_json::to_string(products).expect("numbers can be written")
}

impl FromValue for ProductList {
    fn from_value(value: Value<'_>) -> Result<Self> {
        let text = String::from_value(value)?;
        serde_json::from_str(&text).map(Self).context("a list of products cannot be read")
    }
}
