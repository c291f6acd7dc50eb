//! Counts over the whole store, and whether its sums hold.

use aftercart_model::{MessageId, MessageState, OrderId};

use crate::{
    Result,
    tx::{Counter, Tx},
    value::values,
};

/// A statement that counts what must not be, and what it would mean.
struct Invariant {
    sql: &'static str,
    broken: &'static str,
}

const INVARIANTS: &[Invariant] = &[
    Invariant {
        sql: "SELECT count(*) FROM (SELECT 1 FROM enrolments GROUP BY flow, trigger_key \
              HAVING count(*) > 1) t",
        broken: "trigger keys enrolled more than once in one flow",
    },
    Invariant {
        sql: "SELECT count(*) FROM enrolments e LEFT JOIN enrolment_keys k \
              ON k.flow = e.flow AND k.trigger_key = e.trigger_key \
              WHERE k.enrolment IS NULL OR k.enrolment <> e.id",
        broken: "enrolments are not the one their trigger key leads to",
    },
    Invariant {
        sql: "SELECT count(*) FROM (SELECT 1 FROM messages GROUP BY enrolment, step \
              HAVING count(*) > 1) t",
        broken: "steps of an enrolment have more than one message",
    },
    Invariant {
        sql: "SELECT count(*) FROM messages m LEFT JOIN enrolments e \
              ON e.bucket = m.bucket AND e.id = m.enrolment \
              WHERE e.id IS NULL OR e.customer <> m.customer OR e.flow <> m.flow",
        broken: "messages belong to no enrolment of their customer and flow",
    },
    Invariant {
        sql: "SELECT count(*) FROM messages m JOIN enrolments e \
              ON e.bucket = m.bucket AND e.id = m.enrolment WHERE e.is_held_out = 1",
        broken: "messages were planned for customers held out",
    },
    Invariant {
        sql: "SELECT count(*) FROM message_changes \
              WHERE from_state IN ('sent', 'bounced', 'cancelled', 'expired')",
        broken: "messages were changed after they had ended",
    },
    Invariant {
        sql: "SELECT count(*) FROM message_changes c LEFT JOIN message_changes b \
              ON b.bucket = c.bucket AND b.message = c.message AND b.revision = c.revision - 1 \
              WHERE c.revision > 0 AND (b.to_state IS NULL OR b.to_state <> c.from_state)",
        broken: "changes of messages do not begin where the one before ended",
    },
    Invariant {
        sql: "SELECT count(*) FROM messages m LEFT JOIN message_changes c \
              ON c.bucket = m.bucket AND c.message = m.id AND c.revision = m.revision \
              WHERE c.to_state IS NULL OR c.to_state <> m.state",
        broken: "messages stand in a state that no recorded change led to",
    },
    Invariant {
        sql: "SELECT count(*) FROM messages m WHERE (try_at IS NOT NULL) \
              <> (state IN ('planned', 'deferred')) AND NOT (try_at IS NULL AND EXISTS \
              (SELECT 1 FROM flows f WHERE f.id = m.flow AND f.state = 'paused'))",
        broken: "messages are to be tried though not open, or open and never to be tried",
    },
    Invariant {
        sql: "SELECT count(*) FROM enrolments WHERE position = 'exited' AND wake_at IS NOT NULL",
        broken: "enrolments are to be woken after they ended",
    },
    Invariant {
        sql: "SELECT count(*) FROM orders o LEFT JOIN order_ids i ON i.id = o.id \
              WHERE i.seq IS NULL OR i.seq <> o.seq",
        broken: "orders are not the one their id leads to",
    },
    Invariant {
        sql: "SELECT count(*) FROM coupons WHERE (state = 'reserved' AND customer IS NULL) \
              OR (state = 'redeemed' AND order_id IS NULL)",
        broken: "coupons are reserved for nobody or redeemed in no order",
    },
];

impl Tx<'_> {
    /// How many messages stand in each state.
    pub fn state_counts(&mut self) -> Result<Vec<(MessageState, u64)>> {
        let sql = "SELECT state, count(*) FROM messages GROUP BY state ORDER BY state";
        let mut counts = self.all(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        counts.sort();
        Ok(counts)
    }

    /// How many messages were ever created, by the audit.
    pub fn count_created(&mut self) -> Result<u64> {
        self.one("SELECT count(*) FROM message_changes WHERE revision = 0", &[])
    }

    /// Whether the store agrees with itself: each sum that does not hold, as a sentence.
    pub fn sums_hold(&mut self) -> Result<Vec<String>> {
        let mut broken = Vec::new();
        let created = self.count_created()?;
        let standing: u64 = self.state_counts()?.iter().map(|(_, count)| count).sum();
        if created != standing {
            broken.push(format!("{created} messages were created and {standing} stand in a state"));
        }
        let head = self.newest(Counter::Log)?;
        let events: u64 = self.one("SELECT count(*) FROM events", &[])?;
        let keys: u64 = self.one("SELECT count(*) FROM event_keys", &[])?;
        if events != keys || head < events {
            broken.push(format!(
                "the log holds {events} events under {keys} keys and its head is {head}"
            ));
        }
        for Invariant { sql, broken: what } in INVARIANTS {
            let count: u64 = self.one(sql, &[])?;
            if count > 0 {
                broken.push(format!("{what}: {count}"));
            }
        }
        Ok(broken)
    }

    /// Marketing messages of which an attempt was claimed after a purchase had been accepted that
    /// was placed after the enrolment's trigger: each with that order. There must be none.
    pub fn claims_after_purchase(&mut self, limit: u32) -> Result<Vec<(MessageId, OrderId)>> {
        let sql = "SELECT m.id, o.id FROM messages m \
                   JOIN message_changes c ON c.bucket = m.bucket AND c.message = m.id \
                   JOIN enrolments e ON e.bucket = m.bucket AND e.id = m.enrolment \
                   JOIN order_ids i ON i.id = e.trigger_order \
                   JOIN orders t ON t.bucket = i.bucket AND t.seq = i.seq \
                   JOIN orders o ON o.bucket = m.bucket AND o.customer = m.customer \
                   WHERE c.to_state = 'claimed' AND m.class = 'marketing' \
                   AND m.topic = 'marketing' AND o.seq <= c.log_head \
                   AND (o.placed_at, o.id) > (t.placed_at, t.id) ORDER BY m.id, o.seq LIMIT ?1";
        self.all(sql, values![limit], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}
