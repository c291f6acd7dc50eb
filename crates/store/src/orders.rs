//! Orders with their lines, as a projection of the log.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use aftercart_model::{
    CustomerId, EventKind, Order, OrderId, OrderLine, ProductId, Timestamp,
    told::{OrderTold, OrderWord, first_told},
};
use anyhow::Context as _;

use crate::{
    Result,
    tx::{Tx, bucket_of},
    value::{Row, values},
};

macro_rules! select_orders {
    ($rest:literal) => {
        concat!(
            "SELECT o.id, o.customer, o.placed_at, o.total_minor, o.coupon, o.refunded_minor, \
             o.cancelled_at, o.lines FROM orders o ",
            $rest
        )
    };
}

/// Of a member's orders: `?1` is the bucket, `?2` the member, `?3` [`PLACED`]. They are found by the
/// events that placed them, so that an order needs no index of its own by customer. `CROSS` keeps
/// SQLite from asking the orders first.
macro_rules! of_member {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM events e CROSS JOIN orders o WHERE e.bucket = ?1 AND e.customer = ?2 \
             AND e.kind = ?3 AND o.bucket = e.bucket AND o.seq = e.seq ",
            $rest
        )
    };
}

const PLACED: u8 = EventKind::OrderPlaced as u8;

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
                   refunded_minor, cancelled_at, content_at, lines) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?5, ?10)";
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
                &*write_lines(&order.lines),
            ],
        )?;
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
        let OrderWord { at, placed_at, total_minor, coupon, lines } = known.together(word.clone());
        let sql = "UPDATE orders SET placed_at = ?3, total_minor = ?4, coupon = ?5, \
                   content_at = ?6, lines = ?7 WHERE bucket = ?1 AND seq = ?2";
        let (lines, coupon) = (write_lines(&lines), coupon.as_deref());
        let values = values![bucket, seq, placed_at, total_minor, coupon, at, &*lines];
        self.execute(sql, values)?;
        Ok(true)
    }

    pub fn order(&mut self, id: &OrderId) -> Result<Option<Order>> {
        let sql = select_orders!(
            "JOIN order_ids i ON i.bucket = o.bucket AND i.seq = o.seq \
             WHERE i.id = ?1"
        );
        self.first(sql, values![id], read_order)
    }

    /// A customer's orders by when they were placed, cancelled ones too.
    pub fn orders_of(&mut self, customer: CustomerId) -> Result<Vec<Order>> {
        let sql = of_member!(
            "o.id, o.customer, o.placed_at, o.total_minor, o.coupon, o.refunded_minor, \
             o.cancelled_at, o.lines",
            ""
        );
        let mut orders = self.of_members(customer, |tx, member| {
            tx.all(sql, values![member.bucket().0, member, PLACED], read_order)
        })?;
        orders.sort_by(|a, b| (a.placed_at, &a.id).cmp(&(b.placed_at, &b.id)));
        Ok(orders)
    }

    /// When a customer's orders were placed, in that order and then by id; cancelled ones too.
    pub fn orders_placed(&mut self, customer: CustomerId) -> Result<Vec<(Timestamp, OrderId)>> {
        let sql = of_member!("o.placed_at, o.id", "");
        let mut placed: Vec<(Timestamp, OrderId)> = self.of_members(customer, |tx, member| {
            let values = values![member.bucket().0, member, PLACED];
            tx.all(sql, values, |row| Ok((row.get(0)?, row.get(1)?)))
        })?;
        placed.sort();
        Ok(placed)
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
        let sql = of_member!(
            "o.placed_at, o.id",
            "AND o.placed_at >= ?4 AND (o.placed_at > ?4 OR o.id > ?5) AND o.id <> ?5 \
             ORDER BY o.placed_at, o.id LIMIT 1"
        );
        // No order's id is empty.
        let other_than = other_than.map_or("", OrderId::as_str);
        let mut firsts: Vec<(Timestamp, OrderId)> = self.of_members(customer, |tx, member| {
            let values = values![member.bucket().0, member, PLACED, after, other_than];
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
        let sql = of_member!("o.seq, o.id", "AND e.seq > ?4 AND o.id <> ?5 ORDER BY o.seq LIMIT 1");
        let other_than = other_than.map_or("", OrderId::as_str);
        let firsts: Vec<(u64, OrderId)> = self.of_members(customer, |tx, member| {
            let values = values![member.bucket().0, member, PLACED, after_seq, other_than];
            tx.all(sql, values, |row| Ok((row.get(0)?, row.get(1)?)))
        })?;
        Ok(firsts.into_iter().min().map(|(_, id)| id))
    }

    /// Gives a guest's order to the customer it turned out to be of; the event `seq`, which placed it
    /// again in their name, said so, and from there on it counts as theirs. `false`: it has a customer, or is unknown.
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
        early.hear_refund(refund_minor);
        if let Some(at) = cancelled_at {
            early.hear_cancelled(at);
        }
        self.keep_early(id, &early)?;
        Ok(false)
    }

    /// What was said about an order that had not arrived; it is forgotten here.
    fn take_early(&mut self, id: &OrderId) -> Result<OrderTold> {
        let sql = "SELECT refunded_minor, cancelled_at, word FROM early_order_changes \
                   WHERE id = ?1";
        let read = |row: &Row<'_>| {
            let word: Option<String> = row.get(2)?;
            let word = word.map(|it| serde_json::from_str(&it)).transpose();
            let word = word.context("an early word on an order cannot be read")?;
            Ok(OrderTold { refunded_minor: row.get(0)?, cancelled_at: row.get(1)?, word })
        };
        let Some(early) = self.first(sql, values![id], read)? else {
            return Ok(OrderTold::default());
        };
        self.execute("DELETE FROM early_order_changes WHERE id = ?1", values![id])?;
        Ok(early)
    }

    fn keep_early(&mut self, id: &OrderId, early: &OrderTold) -> Result<()> {
        let word = early.word.as_ref().map(serde_json::to_string).transpose()?;
        let sql = "INSERT INTO early_order_changes (id, refunded_minor, cancelled_at, word) \
                   VALUES (?1, ?2, ?3, ?4)";
        let values = values![id, early.refunded_minor, early.cancelled_at, word.as_deref()];
        self.execute(sql, values).map(drop)
    }

    /// All orders with their lines, by when they were placed and then by id.
    pub fn scan_orders(&mut self, f: &mut dyn FnMut(Order) -> Result<()>) -> Result<()> {
        let sql = select_orders!("ORDER BY o.placed_at, o.id");
        let merged = self.merged_customers()?;
        self.scan(sql, &[], read_order, &mut |mut order| {
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
        let merged = self.merged_customers()?;
        let mut buyers: BTreeMap<ProductId, u64> = BTreeMap::new();
        // One customer's orders stand together, but those of members stand with each.
        let mut of_one: (Option<CustomerId>, BTreeSet<ProductId>) = (None, BTreeSet::new());
        let mut of_merged: BTreeMap<CustomerId, BTreeSet<ProductId>> = BTreeMap::new();
        let roots: BTreeSet<CustomerId> = merged.values().copied().collect();
        let sql = "SELECT customer, lines FROM orders \
                   WHERE customer IS NOT NULL AND cancelled_at IS NULL ORDER BY customer";
        let read = |row: &Row<'_>| Ok((row.get(0)?, read_lines(row.get(1)?)?));
        self.scan(sql, &[], read, &mut |(customer, lines): (CustomerId, Vec<OrderLine>)| {
            let root = *merged.get(&customer).unwrap_or(&customer);
            let products = if roots.contains(&root) {
                of_merged.entry(root).or_default()
            } else {
                if of_one.0 != Some(root) {
                    of_one = (Some(root), BTreeSet::new());
                }
                &mut of_one.1
            };
            for line in lines {
                if products.insert(line.product) {
                    *buyers.entry(line.product).or_default() += 1;
                }
            }
            Ok(())
        })?;
        Ok(buyers.into_iter().collect())
    }
}

fn read_order(row: &Row<'_>) -> Result<Order> {
    let mut cells = row.cells();
    Ok(Order {
        id: cells.take()?,
        customer: cells.take()?,
        placed_at: cells.take()?,
        total_minor: cells.take()?,
        coupon: cells.take()?,
        refunded_minor: cells.take()?,
        cancelled_at: cells.take()?,
        lines: read_lines(cells.take()?)?,
    })
}

/// Lines as they stand beside their order: `[[product, quantity, amount], …]`. An order is read and
/// written whole, so a row for each line would only cost.
fn write_lines(lines: &[OrderLine]) -> String {
    let mut text = "[".to_owned();
    for it in lines {
        let comma = if text.len() > 1 { "," } else { "" };
        write!(text, "{comma}[{},{},{}]", it.product.0, it.quantity, it.amount_minor)
            .expect("a text takes all");
    }
    text.push(']');
    text
}

fn read_lines(text: String) -> Result<Vec<OrderLine>> {
    let cells: Vec<(u32, u32, i64)> =
        serde_json::from_str(&text).context("the lines of an order cannot be read")?;
    let line = |(product, quantity, amount_minor)| OrderLine {
        product: ProductId(product),
        quantity,
        amount_minor,
    };
    Ok(cells.into_iter().map(line).collect())
}
