//! The readers of a store: a few connections, each a consistent view while it is used.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::{
    Result,
    connection::{Connection, Place},
};

/// The most that read at once; more wait. PostgreSQL's own limit is 100 for all nodes together.
const READERS_MAX: usize = 16;

pub(crate) struct Readers {
    place: Place,
    pool: Mutex<Pool>,
    is_freed: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Connection>,
    busy: usize,
}

/// A connection in a transaction that reads; put back when it goes out of use.
pub(crate) struct Reader<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

impl Readers {
    pub fn new(place: Place) -> Self {
        Self { place, pool: Mutex::default(), is_freed: Condvar::new() }
    }

    pub fn take(&self) -> Result<Reader<'_>> {
        let mut pool = self.lock();
        while pool.busy >= READERS_MAX {
            pool = self.is_freed.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
        pool.busy += 1;
        let idle = pool.idle.pop();
        drop(pool);

        // From here on the place in the pool is given back whatever happens.
        let mut reader = Reader { readers: self, connection: idle };
        let connection = match reader.connection.take() {
            Some(connection) => connection,
            None => self.place.open_reader()?,
        };
        reader.connection.insert(connection).begin_read()?;
        Ok(reader)
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader<'_> {
    pub fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("present until dropped")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        // A connection that cannot end its transaction is not worth keeping.
        let ended = |mut it: Connection| it.rollback().is_ok().then_some(it);
        let kept = self.connection.take().and_then(ended);
        let mut pool = self.readers.lock();
        pool.busy -= 1;
        pool.idle.extend(kept);
        drop(pool);
        self.readers.is_freed.notify_one();
    }
}
