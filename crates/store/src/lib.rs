//! The transactional database: the only crate that knows SQL, embedded or PostgreSQL.
//!
//! It keeps what was decided elsewhere and decides nothing: whether a customer is in a segment,
//! what a flow does next and whether a message may go are not asked here. Everything goes through a
//! transaction, [`Tx`], whose methods each answer one question or make one change, in domain types.
//!
//! There is one writer at a time on a store, on PostgreSQL too: see [`Store::write`]. The calls
//! block; from asynchronous code they belong on a thread that may.

mod arrivals;
mod connection;
mod consent;
mod coupons;
mod customers;
mod deliveries;
mod dialect;
mod enrolments;
mod erasure;
mod events;
mod fact_changes;
mod flows;
mod letters;
mod lists;
mod messages;
mod orders;
mod postgres;
mod products;
mod readers;
mod reports;
mod requests;
mod reviews;
mod schema;
mod segments;
mod settings;
mod shop_rules;
mod sqlite;
mod templates;
mod tx;
mod value;
mod writer;
mod yardstick;

#[cfg(test)]
mod conformance;

use std::{fmt, path::Path, sync::Arc};

pub use aftercart_model::identity::{KnownIdentifier, MEMBERS_MAX};
pub use arrivals::{ARRIVALS_MAX, Arrival, ArrivalOutcome};
pub use deliveries::Remembered;
pub use enrolments::{EnrolmentsAsked, StepCount};
pub use erasure::ErasedRows;
pub use events::{Appended, LogLine, NewEvent};
pub use flows::{FlowState, StoredFlow};
pub use letters::{Letter, LetterHead};
pub use lists::StoredList;
pub use messages::{NewMessage, ShownProducts};
pub use requests::{Request, RequestKind};
pub use segments::{KeptSegment, Standing, StoredSegment};
pub use shop_rules::StoredRules;
pub use templates::StoredProposal;
pub use tx::Tx;
pub use writer::CommitCounts;
pub use yardstick::{PLAIN_ROWS, insert_plainly};

use connection::Place;
use readers::Readers;
use writer::Writer;

pub type Result<T> = anyhow::Result<T>;

/// The shop's store. A clone is another handle on the same one.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    place: Place,
    bucket_key: [u8; 16],
    writer: Writer,
    readers: Readers,
}

impl Store {
    /// Opens the store at `url`, a folder or `postgres://…`; creates it where there is none and
    /// migrates it where this program is newer. Refuses a store that a newer program wrote.
    pub fn open(url: &str) -> Result<Self> {
        Self::open_at(Place::at(url), None)
    }

    /// As [`Store::open`]; a store created by this call spreads its customers by `bucket_key`, so
    /// that the same events give the same ids again.
    pub fn open_with_bucket_key(url: &str, bucket_key: [u8; 16]) -> Result<Self> {
        Self::open_at(Place::at(url), Some(bucket_key))
    }

    fn open_at(place: Place, bucket_key: Option<[u8; 16]>) -> Result<Self> {
        let mut connection = place.open_writer()?;
        schema::migrate(&mut connection, schema::MIGRATIONS)?;
        let bucket_key = settings::ensure_bucket_key(&mut connection, bucket_key)?;
        let writer = Writer::new(connection, place.queue()?, bucket_key);
        let readers = Readers::new(place.clone());
        Ok(Self(Arc::new(Inner { place, bucket_key, writer, readers })))
    }

    /// Whether a store stands at `url` already.
    pub fn exists(url: &str) -> bool {
        // A server that cannot be reached will say so when the store is opened.
        Place::at(url).exists().unwrap_or(false)
    }

    /// Answers questions from one consistent view.
    pub fn read<T>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        if self.0.writer.is_held_here() {
            return self.0.writer.read(f);
        }
        let mut reader = self.0.readers.take()?;
        f(&mut Tx::for_read(reader.connection(), &self.0.bucket_key))
    }

    /// Whether what this thread reads next may be taken back, see [`Store::in_one_commit`]. To be asked
    /// before the reading begins.
    pub fn is_held_here(&self) -> bool {
        self.0.writer.is_held_here()
    }

    /// Makes a change, all of it or nothing. `Ok` means that it is on stable storage; an error or a
    /// panic of `f` takes back this change alone.
    ///
    /// One change runs at a time and sees all before it, so what `f` asks cannot become untrue
    /// before it is committed. Changes that wait for one another are committed as one group.
    pub fn write<T>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.0.writer.write(f)
    }

    /// As [`Store::write`], but `Ok` does not wait for the disk: a failure of the machine may take the
    /// change back, and then all that came after it too. The next [`Store::write`] makes it durable.
    /// For long work that keeps in each change how far it has come.
    pub fn write_relaxed<T>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.0.writer.write_relaxed(f)
    }

    /// Runs long work that changes much all over the store, such as an import, with about 150 MB more
    /// memory for it.
    pub fn with_room<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.0.writer.with_room(work)
    }

    /// Whether somebody waits to make a change, in this program or another; who makes a long one had
    /// better end it then.
    pub fn is_awaited(&self) -> bool {
        self.0.writer.is_awaited()
    }

    /// Commits everything that `work` changes on this thread as one, when it is over. Within it,
    /// `write` returns before its change is durable and `read` sees it; so nothing that `work` learns
    /// may be told to anybody outside before this returns. For a simulation, whose world is inside.
    pub fn in_one_commit<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.0.writer.hold(work)
    }

    /// Takes what was deleted out of the write-ahead log too, which keeps it until it is written over.
    /// `false`: somebody reads or writes just now; ask again. PostgreSQL does it by itself, in time.
    pub fn wipe_traces(&self) -> Result<bool> {
        self.folder().map_or(Ok(true), sqlite::empty_log)
    }

    /// How many commits and changes there were since it was opened here.
    pub fn commit_counts(&self) -> CommitCounts {
        self.0.writer.counts()
    }

    /// The folder of an embedded store, where the archive and other files have their place too.
    pub fn folder(&self) -> Option<&Path> {
        match &self.0.place {
            Place::Folder(folder) => Some(folder),
            Place::Server(_) => None,
        }
    }
}

/// The place of a server is not shown: it may hold a password.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.folder() {
            Some(folder) => write!(f, "Store({})", folder.display()),
            None => f.write_str("Store(postgres://…)"),
        }
    }
}
