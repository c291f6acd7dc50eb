//! Counts over the whole store, and whether its sums hold.

use aftercart_model::{
    CustomerId, EventBody, EventKind, MessageId, MessageState, OrderId, identity::MEMBERS_MAX,
};

use crate::{
    Result,
    tx::{Counter, Tx},
};

/// An attempt that was claimed when an order stood in the log.
struct Claimed {
    message: MessageId,
    order: OrderId,
    /// Under whom each of the two is stored.
    members: [CustomerId; 2],
    log_head: u64,
}

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
    /// was placed after the enrolment's trigger: each with that order. There must be none. The order
    /// of another member counts from when the two were found to be one.
    pub fn claims_after_purchase(&mut self, limit: u32) -> Result<Vec<(MessageId, OrderId)>> {
        let sql = "SELECT m.id, o.id, m.customer, o.customer, c.log_head FROM messages m \
                   JOIN message_changes c ON c.bucket = m.bucket AND c.message = m.id \
                   JOIN enrolments e ON e.bucket = m.bucket AND e.id = m.enrolment \
                   JOIN order_ids i ON i.id = e.trigger_order \
                   JOIN orders t ON t.bucket = i.bucket AND t.seq = i.seq \
                   JOIN customers h ON h.bucket = m.bucket AND h.id = m.customer \
                   JOIN customers b ON b.id = h.id OR b.id = h.merged_into \
                   OR b.merged_into = coalesce(h.merged_into, h.id) \
                   JOIN orders o ON o.bucket = b.bucket AND o.customer = b.id \
                   WHERE c.to_state = 'claimed' AND m.class = 'marketing' \
                   AND m.topic = 'marketing' AND o.seq <= c.log_head \
                   AND (o.placed_at, o.id) > (t.placed_at, t.id) ORDER BY m.id, o.seq";
        let claims: Vec<Claimed> = self.all(sql, &[], |row| {
            Ok(Claimed {
                message: row.get(0)?,
                order: row.get(1)?,
                members: [row.get(2)?, row.get(3)?],
                log_head: row.get(4)?,
            })
        })?;
        let mut found = Vec::new();
        for Claimed { message, order, members: [one, other], log_head } in claims {
            if found.len() < limit as usize && self.were_one(one, other, log_head)? {
                found.push((message, order));
            }
        }
        Ok(found)
    }

    /// Whether the log told by the place `log_head` that two members are one.
    fn were_one(&mut self, one: CustomerId, other: CustomerId, log_head: u64) -> Result<bool> {
        if one == other {
            return Ok(true);
        }
        // By what it says, not by who is one now: several merges may lie between the two.
        let merged = (EventKind::Merged, EventKind::Merged);
        let told = self.events_page_of_kinds(one, merged, None, MEMBERS_MAX as u32)?;
        let mut together = vec![one];
        let mut pairs: Vec<(CustomerId, CustomerId)> = told
            .iter()
            .filter(|it| it.seq <= log_head)
            .filter_map(|it| match (&it.body, it.customer) {
                (EventBody::Merged { other }, Some(root)) => Some((root, *other)),
                _ => None,
            })
            .collect();
        loop {
            let touches = |it: &(CustomerId, CustomerId)| {
                together.contains(&it.0) || together.contains(&it.1)
            };
            let Some(place) = pairs.iter().position(touches) else { break };
            let (root, gone) = pairs.swap_remove(place);
            together.extend([root, gone]);
        }
        Ok(together.contains(&other))
    }
}
