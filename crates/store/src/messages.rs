//! Messages, the audit of their changes, and what came back about them.

use aftercart_model::{
    CustomerId, EnrolmentId, FlowId, Message, MessageClass, MessageId, MessageState, ProductId,
    StepId, TemplateId, Timestamp, Topic, Touches,
};
use anyhow::Context as _;

use crate::{
    Result,
    enrolments::{ProductList, product_list},
    tx::{Counter, Tx},
    value::{Cells, Row, values},
};

/// A message as it is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    pub customer: CustomerId,
    pub enrolment: EnrolmentId,
    pub flow: FlowId,
    pub flow_version: u32,
    pub step: StepId,
    pub template: TemplateId,
    pub template_version: u32,
    pub class: MessageClass,
    pub topic: Topic,
    pub planned_at: Timestamp,
    pub due_at: Timestamp,
    pub expires_at: Timestamp,
    pub subject: Option<String>,
    pub products: Vec<ProductId>,
    pub coupon: Option<String>,
}

/// What one message showed a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownProducts {
    pub enrolment: EnrolmentId,
    pub at: Timestamp,
    pub products: Vec<ProductId>,
}

macro_rules! message_columns {
    () => {
        "m.id, m.customer, m.enrolment, m.flow, m.flow_version, m.step, m.template, \
         m.template_version, m.class, m.topic, m.state, m.planned_at, m.due_at, m.expires_at, \
         m.claimed_at, m.sent_at, m.attempts, m.subject, m.products, m.coupon, m.reason, \
         m.revision"
    };
}

macro_rules! touch_columns {
    () => {
        "t.delivered_at, t.opened_at, t.machine_opened_at, t.clicked_at, t.last_clicked_at, \
         t.machine_clicked_at, t.bounced_at, t.unsubscribed_at, t.complained_at"
    };
}

macro_rules! select_messages {
    ($rest:literal) => {
        concat!("SELECT ", message_columns!(), " FROM messages m ", $rest)
    };
}

macro_rules! select_messages_with_touches {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            message_columns!(),
            ", ",
            touch_columns!(),
            " FROM messages m \
             LEFT JOIN touches t ON t.bucket = m.bucket AND t.message = m.id ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Plans a message. `None`: the enrolment has one for this step already.
    pub fn plan_message(&mut self, new: &NewMessage) -> Result<Option<MessageId>> {
        let bucket = new.customer.bucket();
        let id = MessageId::in_bucket(self.newest(Counter::Message)? + 1, bucket);
        let sql = "INSERT INTO messages (bucket, id, customer, enrolment, flow, flow_version, \
                   step, template, template_version, class, topic, state, planned_at, due_at, \
                   expires_at, attempts, subject, products, coupon, revision, set_aside, try_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 0, \
                   ?16, ?17, ?18, 0, 0, ?14) ON CONFLICT DO NOTHING";
        let planned = self.execute(
            sql,
            values![
                bucket.0,
                id,
                new.customer,
                new.enrolment,
                &new.flow,
                new.flow_version,
                &new.step,
                &new.template,
                new.template_version,
                new.class,
                new.topic,
                MessageState::Planned,
                new.planned_at,
                new.due_at,
                new.expires_at,
                new.subject.as_deref(),
                &product_list(&new.products),
                new.coupon.as_deref(),
            ],
        )?;
        if planned == 0 {
            return Ok(None);
        }
        self.next(Counter::Message)?;
        let log_head = self.newest(Counter::Log)?;
        let sql = "INSERT INTO message_changes \
                   (bucket, message, revision, to_state, attempts, log_head) \
                   VALUES (?1, ?2, 0, ?3, 0, ?4)";
        self.execute(sql, values![bucket.0, id, MessageState::Planned, log_head])?;
        Ok(Some(id))
    }

    pub fn message(&mut self, id: MessageId) -> Result<Option<Message>> {
        let sql = select_messages!("WHERE m.bucket = ?1 AND m.id = ?2");
        self.first(sql, values![id.bucket().0, id], |row| read_message(&mut row.cells()))
    }

    /// Keeps what became of a message, if nothing else has changed it since `message` was read and
    /// it had not ended; its stored revision is then one higher, and the change stands in the
    /// audit. `false`: it has; read it again.
    ///
    /// An open one whose flow is paused is not to be tried until the flow is resumed.
    pub fn save_message(&mut self, message: &Message) -> Result<bool> {
        let (bucket, id) = (message.id.bucket().0, message.id);
        let log_head = self.newest(Counter::Log)?;
        let sql = "INSERT INTO message_changes \
                   (bucket, message, revision, from_state, to_state, attempts, reason, log_head) \
                   SELECT bucket, id, revision + 1, state, ?4, ?5, ?6, ?7 FROM messages \
                   WHERE bucket = ?1 AND id = ?2 AND revision = ?3 \
                   AND state NOT IN ('sent', 'bounced', 'cancelled', 'expired')";
        let reason = message.reason.as_deref();
        let audited = self.execute(
            sql,
            values![
                bucket,
                id,
                message.revision,
                message.state,
                message.attempts,
                reason,
                log_head,
            ],
        )?;
        if audited == 0 {
            return Ok(false);
        }
        let try_at = match message.state {
            MessageState::Planned | MessageState::Deferred => Some(message.due_at),
            _ => None,
        };
        let sql = "UPDATE messages SET state = ?3, due_at = ?4, expires_at = ?5, claimed_at = ?6, \
                   sent_at = ?7, attempts = ?8, subject = ?9, products = ?10, coupon = ?11, \
                   reason = ?12, try_at = CASE WHEN EXISTS (SELECT 1 FROM flows f \
                   WHERE f.id = messages.flow AND f.state = 'paused') THEN NULL \
                   ELSE CAST(?13 AS BIGINT) END, revision = revision + 1 \
                   WHERE bucket = ?1 AND id = ?2";
        self.execute(
            sql,
            values![
                bucket,
                id,
                message.state,
                message.due_at,
                message.expires_at,
                message.claimed_at,
                message.sent_at,
                message.attempts,
                message.subject.as_deref(),
                &product_list(&message.products),
                message.coupon.as_deref(),
                reason,
                try_at,
            ],
        )?;
        Ok(true)
    }

    /// Planned and deferred messages to be tried by `now`, the longest overdue first.
    pub fn due_messages(&mut self, now: Timestamp, limit: u32) -> Result<Vec<MessageId>> {
        let sql = "SELECT id FROM messages WHERE try_at <= ?1 ORDER BY try_at, id LIMIT ?2";
        self.all(sql, values![now, limit], |row| row.get(0))
    }

    /// A customer's messages in the order in which they were planned.
    pub fn messages_of(&mut self, customer: CustomerId) -> Result<Vec<Message>> {
        let sql = select_messages!("WHERE m.bucket = ?1 AND m.customer = ?2 ORDER BY m.id");
        let mut messages = self.of_members(customer, |tx, member| {
            tx.all(sql, values![member.bucket().0, member], |row| read_message(&mut row.cells()))
        })?;
        messages.sort_by_key(|it| it.id);
        Ok(messages)
    }

    /// An enrolment's messages that can still be held back: neither ended nor in a server's hands.
    pub fn open_messages_of_enrolment(&mut self, enrolment: EnrolmentId) -> Result<Vec<Message>> {
        let sql = select_messages!(
            "WHERE m.bucket = ?1 AND m.enrolment = ?2 \
             AND m.state IN ('planned', 'ready', 'deferred') ORDER BY m.id"
        );
        let values = values![enrolment.bucket().0, enrolment];
        self.all(sql, values, |row| read_message(&mut row.cells()))
    }

    /// A flow's messages that can still be held back, in the order of planning.
    pub fn open_messages_of_flow(&mut self, flow: &FlowId) -> Result<Vec<Message>> {
        let sql = select_messages!(
            "WHERE m.flow = ?1 AND m.state IN ('planned', 'ready', 'deferred') ORDER BY m.id"
        );
        self.all(sql, values![flow], |row| read_message(&mut row.cells()))
    }

    /// How many messages of a flow were to be tried by `now` and are open still.
    pub fn count_overdue_messages(&mut self, flow: &FlowId, now: Timestamp) -> Result<u64> {
        let sql = "SELECT count(*) FROM messages \
                   WHERE flow = ?1 AND state IN ('planned', 'deferred') AND due_at <= ?2";
        self.one(sql, values![flow, now])
    }

    /// Counts that a message could not be made or looked at, and returns how often that was.
    pub fn count_set_aside(&mut self, id: MessageId) -> Result<u32> {
        let sql = "UPDATE messages SET set_aside = set_aside + 1 WHERE bucket = ?1 AND id = ?2 \
                   RETURNING set_aside";
        let times = self.first(sql, values![id.bucket().0, id], |row| row.get(0))?;
        times.with_context(|| format!("message {id} is not in the store"))
    }

    /// When marketing messages were handed over to a customer since `since`, or may have been.
    pub fn hand_overs_since(
        &mut self,
        customer: CustomerId,
        since: Timestamp,
    ) -> Result<Vec<Timestamp>> {
        let sql = "SELECT coalesce(sent_at, claimed_at, due_at) FROM messages \
                   WHERE bucket = ?1 AND customer = ?2 AND class = 'marketing' \
                   AND state IN ('sent', 'claimed', 'in_doubt') \
                   AND coalesce(sent_at, claimed_at, due_at) >= ?3 ORDER BY 1";
        let mut instants = self.of_members(customer, |tx, member| {
            tx.all(sql, values![member.bucket().0, member, since], |row| row.get(0))
        })?;
        instants.sort();
        Ok(instants)
    }

    /// What messages handed over to a customer since `since`, or that may have been, showed them; the
    /// earliest first.
    pub fn products_shown_since(
        &mut self,
        customer: CustomerId,
        since: Timestamp,
    ) -> Result<Vec<ShownProducts>> {
        let sql = "SELECT enrolment, coalesce(sent_at, claimed_at, due_at), products FROM messages \
                   WHERE bucket = ?1 AND customer = ?2 \
                   AND state IN ('sent', 'claimed', 'in_doubt') \
                   AND coalesce(sent_at, claimed_at, due_at) >= ?3 ORDER BY 2, id";
        let mut shown = self.of_members(customer, |tx, member| {
            tx.all(sql, values![member.bucket().0, member, since], |row| {
                let (enrolment, at) = (row.get(0)?, row.get(1)?);
                Ok(ShownProducts { enrolment, at, products: row.get::<ProductList>(2)?.0 })
            })
        })?;
        shown.sort_by_key(|it| it.at);
        Ok(shown)
    }

    /// Messages claimed before `before` of which nothing was heard since.
    pub fn stale_claims(&mut self, before: Timestamp, limit: u32) -> Result<Vec<MessageId>> {
        let sql = "SELECT id FROM messages WHERE state = 'claimed' AND claimed_at < ?1 \
                   ORDER BY claimed_at, id LIMIT ?2";
        self.all(sql, values![before, limit], |row| row.get(0))
    }

    /// Messages that may have arrived, claimed by `by`, or planned if it is not known when.
    pub fn doubts_until(&mut self, by: Timestamp, limit: u32) -> Result<Vec<MessageId>> {
        let sql = "SELECT id FROM messages \
                   WHERE state = 'in_doubt' AND coalesce(claimed_at, planned_at) <= ?1 \
                   ORDER BY id LIMIT ?2";
        self.all(sql, values![by, limit], |row| row.get(0))
    }

    /// Changes what came back about a message. It may come at any time, so it is kept apart from
    /// the message and changes no revision.
    pub fn touch_message(&mut self, id: MessageId, f: &mut dyn FnMut(&mut Touches)) -> Result<()> {
        let before = self.touches(id)?;
        let mut after = before;
        f(&mut after);
        if after == before {
            return Ok(());
        }
        let sql = "INSERT INTO touches (bucket, message, delivered_at, opened_at, \
                   machine_opened_at, clicked_at, last_clicked_at, machine_clicked_at, \
                   bounced_at, unsubscribed_at, complained_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
                   ON CONFLICT (bucket, message) DO UPDATE SET \
                   delivered_at = excluded.delivered_at, opened_at = excluded.opened_at, \
                   machine_opened_at = excluded.machine_opened_at, \
                   clicked_at = excluded.clicked_at, \
                   last_clicked_at = excluded.last_clicked_at, \
                   machine_clicked_at = excluded.machine_clicked_at, \
                   bounced_at = excluded.bounced_at, \
                   unsubscribed_at = excluded.unsubscribed_at, \
                   complained_at = excluded.complained_at";
        self.execute(
            sql,
            values![
                id.bucket().0,
                id,
                after.delivered_at,
                after.opened_at,
                after.machine_opened_at,
                after.clicked_at,
                after.last_clicked_at,
                after.machine_clicked_at,
                after.bounced_at,
                after.unsubscribed_at,
                after.complained_at,
            ],
        )
        .map(drop)
    }

    pub fn touches(&mut self, id: MessageId) -> Result<Touches> {
        let sql = concat!(
            "SELECT ",
            touch_columns!(),
            " FROM touches t WHERE t.bucket = ?1 AND t.message = ?2"
        );
        let found =
            self.first(sql, values![id.bucket().0, id], |row| read_touches(&mut row.cells()))?;
        Ok(found.unwrap_or_default())
    }

    /// All messages, or those of one flow, with what came back, in the order of planning; each by the
    /// root.
    pub fn scan_messages(
        &mut self,
        flow: Option<&FlowId>,
        f: &mut dyn FnMut(Message, Touches) -> Result<()>,
    ) -> Result<()> {
        let read = |row: &Row<'_>| {
            let mut cells = row.cells();
            Ok((read_message(&mut cells)?, read_touches(&mut cells)?))
        };
        let merged = self.merged_customers()?;
        let f = &mut |(mut message, touches): (Message, Touches)| {
            message.customer = *merged.get(&message.customer).unwrap_or(&message.customer);
            f(message, touches)
        };
        match flow {
            Some(flow) => {
                let sql = select_messages_with_touches!("WHERE m.flow = ?1 ORDER BY m.id");
                self.scan(sql, values![flow], read, f)
            }
            None => self.scan(select_messages_with_touches!("ORDER BY m.id"), &[], read, f),
        }
    }
}

fn read_message(cells: &mut Cells<'_>) -> Result<Message> {
    Ok(Message {
        id: cells.take()?,
        customer: cells.take()?,
        enrolment: cells.take()?,
        flow: cells.take()?,
        flow_version: cells.take()?,
        step: cells.take()?,
        template: cells.take()?,
        template_version: cells.take()?,
        class: cells.take()?,
        topic: cells.take()?,
        state: cells.take()?,
        planned_at: cells.take()?,
        due_at: cells.take()?,
        expires_at: cells.take()?,
        claimed_at: cells.take()?,
        sent_at: cells.take()?,
        attempts: cells.take()?,
        subject: cells.take()?,
        products: cells.take::<ProductList>()?.0,
        coupon: cells.take()?,
        reason: cells.take()?,
        revision: cells.take()?,
    })
}

fn read_touches(cells: &mut Cells<'_>) -> Result<Touches> {
    Ok(Touches {
        delivered_at: cells.take()?,
        opened_at: cells.take()?,
        machine_opened_at: cells.take()?,
        clicked_at: cells.take()?,
        last_clicked_at: cells.take()?,
        machine_clicked_at: cells.take()?,
        bounced_at: cells.take()?,
        unsubscribed_at: cells.take()?,
        complained_at: cells.take()?,
    })
}
