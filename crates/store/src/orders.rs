//! Orders with their lines, as a projection of the log.

use std::{ops::ControlFlow, sync::LazyLock};

use aftercart_model::{
    CustomerId, Order, OrderId, OrderLine, ProductId, Timestamp,
    told::{OrderWord, first_told},
};
use anyhow::Context as _;

use crate::{
    Result,
    tx::{Tx, bucket_of},
    value::{Row, Value, values},
};

macro_rules! select_orders {
    ($rest:literal) => {
        concat!(
            "SELECT o.seq, o.id, o.customer, o.placed_at, o.total_minor, o.coupon, \
             o.refunded_minor, o.cancelled_at, l.product, l.quantity, l.amount_minor \
             FROM orders o LEFT JOIN order_lines l \
             ON l.bucket = o.bucket AND l.order_seq = o.seq ",
            $rest
        )
    };
}

const LINE_COLUMNS: usize = 6;
/// Lines are inserted several to a statement, as many as fit: on PostgreSQL a statement is a round
/// trip.
const LINES_TOGETHER: [usize; 3] = [16, 4, 1];
static INSERT_LINES: LazyLock<[String; 3]> = LazyLock::new(|| LINES_TOGETHER.map(insert_lines));

fn insert_lines(lines: usize) -> String {
    let places = |line| {
        let first = line * LINE_COLUMNS + 1;
        let places: Vec<String> =
            (first..first + LINE_COLUMNS).map(|place| format!("?{place}")).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..lines).map(places).collect();
    format!(
        "INSERT INTO order_lines (bucket, order_seq, position, product, quantity, amount_minor) \
         VALUES {}",
        rows.join(", ")
    )
}

impl Tx<'_> {
    /// Keeps an order that the event `seq` placed. `false`: an order of that id is known already,
    /// from this source or another, and nothing was changed.
    ///
    /// What was said about the order before it arrived is applied to it.
    pub fn insert_order(&mut self, seq: u64, order: &Order) -> Result<bool> {
        let bucket = bucket_of(order.customer);
        let sql = "INSERT INTO order_ids (id, bucket, seq) VALUES (?1, ?2, ?3) \
                   ON CONFLICT DO NOTHING";
        if self.execute(sql, values![&order.id, bucket, seq])? == 0 {
            return Ok(false);
        }
        let early = self.take_early(&order.id)?;
        let refunded_minor = order.refunded_minor + early.refunded_minor;
        let cancelled_at = first_told(order.cancelled_at, early.cancelled_at);
        let sql = "INSERT INTO orders (bucket, seq, id, customer, placed_at, total_minor, coupon, \
                   refunded_minor, cancelled_at, content_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?5)";
        self.execute(
            sql,
            values![
                bucket,
                seq,
                &order.id,
                order.customer,
                order.placed_at,
                order.total_minor,
                order.coupon.as_deref(),
                refunded_minor,
                cancelled_at,
            ],
        )?;
        self.insert_lines(bucket, seq, &order.lines)?;
        if let Some(word) = early.word {
            self.revise_order(&order.id, &word)?;
        }
        Ok(true)
    }

    /// Hears a word on what an order consists of: it counts if it holds over what is known, whichever
    /// came first. `false`: the order has not arrived yet; the word is kept until it does.
    pub fn revise_order(&mut self, id: &OrderId, word: &OrderWord) -> Result<bool> {
        let sql = "SELECT o.bucket, o.seq, o.content_at FROM order_ids i \
                   JOIN orders o ON o.bucket = i.bucket AND o.seq = i.seq WHERE i.id = ?1";
        let place =
            self.first(sql, values![id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let Some((bucket, seq, content_at)): Option<(u8, u64, Timestamp)> = place else {
            let mut early = self.take_early(id)?;
            early.hear(word.clone());
            self.keep_early(id, &early)?;
            return Ok(false);
        };
        let order = self.order(id)?.context("an order's id leads to no order")?;
        let known = OrderWord {
            at: content_at,
            placed_at: Some(order.placed_at),
            lines: order.lines,
            total_minor: order.total_minor,
            coupon: order.coupon,
        };
        let placed_at = first_told(known.placed_at, word.placed_at);
        let holds = if word.holds_over(&known) { word } else { &known };
        let sql = "UPDATE orders SET placed_at = ?3, total_minor = ?4, coupon = ?5, \
                   content_at = ?6 WHERE bucket = ?1 AND seq = ?2";
        let OrderWord { at, total_minor, coupon, .. } = holds;
        self.execute(sql, values![bucket, seq, placed_at, *total_minor, coupon.as_deref(), *at])?;
        if holds.lines != known.lines {
            let sql = "DELETE FROM order_lines WHERE bucket = ?1 AND order_seq = ?2";
            self.execute(sql, values![bucket, seq])?;
            self.insert_lines(bucket, seq, &holds.lines)?;
        }
        Ok(true)
    }

    fn insert_lines(&mut self, bucket: u8, seq: u64, lines: &[OrderLine]) -> Result<()> {
        let cells = |(position, line): (usize, &OrderLine)| -> [Value<'static>; LINE_COLUMNS] {
            [
                bucket.into(),
                seq.into(),
                (position as u64).into(),
                line.product.into(),
                line.quantity.into(),
                line.amount_minor.into(),
            ]
        };
        let mut numbered = lines.iter().enumerate();
        for (together, sql) in LINES_TOGETHER.into_iter().zip(&*INSERT_LINES) {
            while numbered.len() >= together {
                let mut values = [Value::Null; LINE_COLUMNS * LINES_TOGETHER[0]];
                let values = &mut values[..LINE_COLUMNS * together];
                for (slot, line) in values.chunks_exact_mut(LINE_COLUMNS).zip(&mut numbered) {
                    slot.copy_from_slice(&cells(line));
                }
                self.execute(sql, values)?;
            }
        }
        Ok(())
    }

    pub fn order(&mut self, id: &OrderId) -> Result<Option<Order>> {
        let sql = select_orders!(
            "JOIN order_ids i ON i.bucket = o.bucket AND i.seq = o.seq \
             WHERE i.id = ?1 ORDER BY l.position"
        );
        Ok(self.orders_with_lines(sql, values![id])?.pop())
    }

    /// A customer's orders by when they were placed, cancelled ones too.
    pub fn orders_of(&mut self, customer: CustomerId) -> Result<Vec<Order>> {
        let sql = select_orders!(
            "WHERE o.bucket = ?1 AND o.customer = ?2 ORDER BY o.placed_at, o.id, l.position"
        );
        let mut orders = self.of_members(customer, |tx, member| {
            tx.orders_with_lines(sql, values![member.bucket().0, member])
        })?;
        orders.sort_by(|a, b| (a.placed_at, &a.id).cmp(&(b.placed_at, &b.id)));
        Ok(orders)
    }

    /// A customer's first order placed after the order `other_than`, which was placed at `after`; of
    /// orders placed at one instant the one with the greater id came later, whichever was told
    /// first. Without `other_than`, the first placed at `after` or later. One that was cancelled
    /// since counts: it was accepted, and what followed from it does not depend on which of the two
    /// was told first.
    pub fn first_order_after(
        &mut self,
        customer: CustomerId,
        after: Timestamp,
        other_than: Option<&OrderId>,
    ) -> Result<Option<Order>> {
        let sql = "SELECT placed_at, id FROM orders \
                   WHERE bucket = ?1 AND customer = ?2 AND placed_at >= ?3 \
                   AND (placed_at > ?3 OR id > ?4) AND id <> ?4 ORDER BY placed_at, id LIMIT 1";
        // No order's id is empty.
        let other_than = other_than.map_or("", OrderId::as_str);
        let mut firsts: Vec<(Timestamp, OrderId)> = self.of_members(customer, |tx, member| {
            let values = values![member.bucket().0, member, after, other_than];
            tx.all(sql, values, |row| Ok((row.get(0)?, row.get(1)?)))
        })?;
        firsts.sort();
        firsts.first().map_or(Ok(None), |(_, id)| self.order(id))
    }

    /// A customer's first order accepted after the place `after_seq` of the log, `other_than` left
    /// out. One that was cancelled since counts: it was accepted.
    pub fn order_since_seq(
        &mut self,
        customer: CustomerId,
        after_seq: u64,
        other_than: Option<&OrderId>,
    ) -> Result<Option<OrderId>> {
        let sql = "SELECT seq, id FROM orders WHERE bucket = ?1 AND customer = ?2 AND seq > ?3 \
                   AND id <> ?4 ORDER BY seq LIMIT 1";
        let other_than = other_than.map_or("", OrderId::as_str);
        let firsts: Vec<(u64, OrderId)> = self.of_members(customer, |tx, member| {
            let values = values![member.bucket().0, member, after_seq, other_than];
            tx.all(sql, values, |row| Ok((row.get(0)?, row.get(1)?)))
        })?;
        Ok(firsts.into_iter().min().map(|(_, id)| id))
    }

    /// Gives a guest's order to the customer it turned out to be of; the event `seq` said so, and
    /// from there on it counts as theirs. `false`: it has a customer, or is unknown.
    pub fn name_guest(&mut self, id: &OrderId, customer: CustomerId, seq: u64) -> Result<bool> {
        let sql = "SELECT o.bucket, o.seq FROM order_ids i \
                   JOIN orders o ON o.bucket = i.bucket AND o.seq = i.seq \
                   WHERE i.id = ?1 AND o.customer IS NULL";
        let place = self.first(sql, values![id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let Some((old_bucket, old_seq)): Option<(u8, u64)> = place else { return Ok(false) };
        let bucket = customer.bucket().0;
        let sql = "UPDATE orders SET bucket = ?3, seq = ?4, customer = ?5 \
                   WHERE bucket = ?1 AND seq = ?2";
        self.execute(sql, values![old_bucket, old_seq, bucket, seq, customer])?;
        let sql = "UPDATE order_lines SET bucket = ?3, order_seq = ?4 \
                   WHERE bucket = ?1 AND order_seq = ?2";
        self.execute(sql, values![old_bucket, old_seq, bucket, seq])?;
        let sql = "UPDATE order_ids SET bucket = ?2, seq = ?3 WHERE id = ?1";
        self.execute(sql, values![id, bucket, seq])?;
        Ok(true)
    }

    /// Cancels an order; of several times the first is kept. `false`: the order has not arrived
    /// yet; it will be cancelled when it does.
    pub fn cancel_order(&mut self, id: &OrderId, at: Timestamp) -> Result<bool> {
        self.change_order(id, 0, Some(at))
    }

    /// Adds to what was paid back. `false`: the order has not arrived yet; it will be added when it
    /// does.
    pub fn refund_order(&mut self, id: &OrderId, amount_minor: i64) -> Result<bool> {
        self.change_order(id, amount_minor, None)
    }

    fn change_order(
        &mut self,
        id: &OrderId,
        refund_minor: i64,
        cancelled_at: Option<Timestamp>,
    ) -> Result<bool> {
        let sql = "UPDATE orders SET refunded_minor = refunded_minor + ?2, \
                   cancelled_at = CASE WHEN cancelled_at <= CAST(?3 AS BIGINT) THEN cancelled_at \
                   ELSE coalesce(CAST(?3 AS BIGINT), cancelled_at) END \
                   WHERE (bucket, seq) = (SELECT bucket, seq FROM order_ids WHERE id = ?1)";
        if self.execute(sql, values![id, refund_minor, cancelled_at])? == 1 {
            return Ok(true);
        }
        let mut early = self.take_early(id)?;
        early.refunded_minor += refund_minor;
        early.cancelled_at = first_told(early.cancelled_at, cancelled_at);
        self.keep_early(id, &early)?;
        Ok(false)
    }

    /// What was said about an order that had not arrived; it is forgotten here.
    fn take_early(&mut self, id: &OrderId) -> Result<Early> {
        let sql = "DELETE FROM early_order_changes WHERE id = ?1 \
                   RETURNING refunded_minor, cancelled_at, word";
        let read = |row: &Row<'_>| {
            let word: Option<String> = row.get(2)?;
            let word = word.map(|it| serde_json::from_str(&it)).transpose();
            let word = word.context("an early word on an order cannot be read")?;
            Ok(Early { refunded_minor: row.get(0)?, cancelled_at: row.get(1)?, word })
        };
        Ok(self.first(sql, values![id], read)?.unwrap_or_default())
    }

    fn keep_early(&mut self, id: &OrderId, early: &Early) -> Result<()> {
        let word = early.word.as_ref().map(serde_json::to_string).transpose()?;
        let sql = "INSERT INTO early_order_changes (id, refunded_minor, cancelled_at, word) \
                   VALUES (?1, ?2, ?3, ?4)";
        let values = values![id, early.refunded_minor, early.cancelled_at, word.as_deref()];
        self.execute(sql, values).map(drop)
    }

    /// All orders with their lines, by when they were placed and then by id.
    pub fn scan_orders(&mut self, f: &mut dyn FnMut(Order) -> Result<()>) -> Result<()> {
        let sql = select_orders!("ORDER BY o.placed_at, o.id, l.position");
        let merged = self.merged_customers()?;
        self.for_each_order(sql, &[], &mut |mut order| {
            order.customer = order.customer.map(|it| *merged.get(&it).unwrap_or(&it));
            f(order)
        })
    }

    pub fn count_orders(&mut self) -> Result<u64> {
        self.one("SELECT count(*) FROM order_ids", &[])
    }

    /// How many customers bought each product; an order cancelled since bought nothing. Reads every
    /// order, so the answer is to be kept.
    pub fn buyers_of_products(&mut self) -> Result<Vec<(ProductId, u64)>> {
        let sql = "SELECT l.product, count(DISTINCT coalesce(c.merged_into, o.customer)) \
                   FROM orders o \
                   JOIN order_lines l ON l.bucket = o.bucket AND l.order_seq = o.seq \
                   LEFT JOIN customers c ON c.bucket = o.bucket AND c.id = o.customer \
                   WHERE o.cancelled_at IS NULL AND o.customer IS NOT NULL \
                   GROUP BY l.product ORDER BY l.product";
        self.all(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn orders_with_lines(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Order>> {
        let mut orders = Vec::new();
        self.for_each_order(sql, values, &mut |order| {
            orders.push(order);
            Ok(())
        })?;
        Ok(orders)
    }

    /// Puts the rows of one order, one for each line, together again.
    fn for_each_order(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        f: &mut dyn FnMut(Order) -> Result<()>,
    ) -> Result<()> {
        let mut open: Option<(u64, Order)> = None;
        self.for_each(sql, values, &mut |row| {
            let seq: u64 = row.get(0)?;
            if open.as_ref().is_none_or(|(open_seq, _)| *open_seq != seq)
                && let Some((_, done)) = open.replace((seq, read_order(row)?))
            {
                f(done)?;
            }
            let (_, order) = open.as_mut().expect("opened above");
            order.lines.extend(read_line(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        open.map_or(Ok(()), |(_, last)| f(last))
    }
}

/// What was said about an order before it arrived.
#[derive(Default)]
struct Early {
    refunded_minor: i64,
    cancelled_at: Option<Timestamp>,
    word: Option<OrderWord>,
}

impl Early {
    fn hear(&mut self, mut word: OrderWord) {
        let Some(known) = self.word.take() else {
            self.word = Some(word);
            return;
        };
        let placed_at = first_told(known.placed_at, word.placed_at);
        if known.holds_over(&word) {
            word = known;
        }
        self.word = Some(OrderWord { placed_at, ..word });
    }
}

fn read_order(row: &Row<'_>) -> Result<Order> {
    Ok(Order {
        id: row.get(1)?,
        customer: row.get(2)?,
        placed_at: row.get(3)?,
        lines: Vec::new(),
        total_minor: row.get(4)?,
        coupon: row.get(5)?,
        refunded_minor: row.get(6)?,
        cancelled_at: row.get(7)?,
    })
}

/// `None` in the one row of an order without lines.
fn read_line(row: &Row<'_>) -> Result<Option<OrderLine>> {
    let Some(product) = row.get(8)? else { return Ok(None) };
    Ok(Some(OrderLine { product, quantity: row.get(9)?, amount_minor: row.get(10)? }))
}
