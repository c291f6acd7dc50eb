//! What people asked a platform for, which an operator is to do.

use aftercart_model::{CustomerId, Timestamp};

use crate::{
    Result,
    tx::Tx,
    value::{Row, values},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// A copy of what is kept of a customer.
    Export,
    /// That the whole shop is erased.
    EraseShop,
}

/// A request, as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The place in the log of the event that passed it on.
    pub seq: u64,
    pub kind: RequestKind,
    /// Of an export, who asks.
    pub customer: Option<CustomerId>,
    pub at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

impl Tx<'_> {
    pub fn add_request(
        &mut self,
        seq: u64,
        kind: RequestKind,
        customer: Option<CustomerId>,
        at: Timestamp,
    ) -> Result<()> {
        let sql = "INSERT INTO requests (seq, kind, customer, at) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT DO NOTHING";
        self.execute(sql, values![seq, kind, customer, at]).map(drop)
    }

    /// Requests that nobody has closed, the longest waiting first; each by the root.
    pub fn open_requests(&mut self, limit: u32) -> Result<Vec<Request>> {
        let sql = "SELECT seq, kind, customer, at, closed_at FROM requests \
                   WHERE closed_at IS NULL ORDER BY seq LIMIT ?1";
        let mut open = self.all(sql, values![limit], read_request)?;
        for request in &mut open {
            request.customer = request.customer.map(|it| self.root_of(it)).transpose()?;
        }
        Ok(open)
    }

    /// Every request of a customer, closed ones too.
    pub fn requests_of(&mut self, customer: CustomerId) -> Result<Vec<Request>> {
        let sql = "SELECT seq, kind, customer, at, closed_at FROM requests \
                   WHERE customer = ?1 ORDER BY seq";
        self.of_members(customer, |tx, member| tx.all(sql, values![member], read_request))
    }

    /// How many requests of each kind are open.
    pub fn count_open_requests(&mut self) -> Result<Vec<(RequestKind, u64)>> {
        let sql = "SELECT kind, count(*) FROM requests WHERE closed_at IS NULL \
                   GROUP BY kind ORDER BY kind";
        self.all(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Closes a request. `false`: it is closed already, or there is none.
    pub fn close_request(&mut self, seq: u64, at: Timestamp) -> Result<bool> {
        let sql = "UPDATE requests SET closed_at = ?2 WHERE seq = ?1 AND closed_at IS NULL";
        Ok(self.execute(sql, values![seq, at])? == 1)
    }
}

fn read_request(row: &Row<'_>) -> Result<Request> {
    let mut cells = row.cells();
    Ok(Request {
        seq: cells.take()?,
        kind: cells.take()?,
        customer: cells.take()?,
        at: cells.take()?,
        closed_at: cells.take()?,
    })
}
