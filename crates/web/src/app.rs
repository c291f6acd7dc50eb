//! What every handler stands on: the engine, a clock, and the one way to ask the engine something.
//!
//! The store blocks, so it is asked on threads made for that, and never by more than so many at a
//! time: beyond it a request is told to come again, rather than waiting for ever or filling memory.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use aftercart_engine::{Clock, Engine};
use aftercart_model::Timestamp;
use anyhow::anyhow;
use axum::{Router, middleware};
use tokio::sync::{Semaphore, TryAcquireError};
use tracing::{error, warn};

use crate::{
    api_routes::{self, Doors},
    console_routes,
    metrics::{self, Metrics},
    public_routes, request_id, routes, security,
};

/// Questions asked of the store at one time. Writers share commits, so more would only wait.
const ASKED_MAX: usize = 64;
/// Requests that may wait for their turn. Beyond it the wait would be longer than senders wait.
const WAITING_MAX: usize = 1_024;

/// One shop, as the handlers know it.
#[derive(Clone)]
pub struct App {
    pub engine: Arc<Engine>,
    pub clock: Arc<dyn Clock>,
    /// What senders of events name themselves with.
    pub write_key: String,
    pub mail: Mail,
    /// A made-up shop, whose product pages exist nowhere else.
    pub is_sample: bool,
    /// Where this server is reached.
    pub listen: SocketAddr,
    pub turns: Turns,
    /// What stands before events.
    pub doors: Arc<Doors>,
    pub metrics: Metrics,
}

/// Where mail goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mail {
    /// To the people it is for.
    Leaves,
    /// Into the inbox; nothing leaves this machine.
    IsCaught,
}

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("too many requests at once; come again in a moment")]
    Busy,
    #[error("no answer of the store in time; come again in a moment")]
    Late,
    #[error("{0:#}")]
    Failed(anyhow::Error),
}

impl AskError {
    /// Says in the log what failed; `what` did not come about.
    pub fn log(&self, what: &str) {
        match self {
            Self::Busy | Self::Late => warn!("{what} was put off: {self}"),
            Self::Failed(err) => error!("{what} failed: {err:#}"),
        }
    }
}

/// The turns of those who want to ask the engine.
#[derive(Clone)]
pub struct Turns {
    places: usize,
    waiting: Arc<Semaphore>,
    asked: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        Self::with_room_for(WAITING_MAX)
    }
}

impl Turns {
    /// As by default, with another number of requests that may wait for their turn.
    pub fn with_room_for(waiting_max: usize) -> Self {
        Self::new(ASKED_MAX, waiting_max)
    }

    pub fn new(asked_max: usize, waiting_max: usize) -> Self {
        let places = asked_max + waiting_max;
        let waiting = Arc::new(Semaphore::new(places));
        Self { places, waiting, asked: Arc::new(Semaphore::new(asked_max)) }
    }

    /// How many ask the store or wait for their turn to.
    pub fn in_use(&self) -> usize {
        self.places.saturating_sub(self.waiting.available_permits())
    }
}

impl App {
    /// As [`App::ask`], for no longer than `patience`: then what waits for its turn is not begun any
    /// more, and of what was begun nobody will hear.
    pub async fn ask_within<T: Send + 'static>(
        &self,
        patience: Duration,
        f: impl FnOnce(&Engine, Timestamp) -> anyhow::Result<T> + Send + 'static,
    ) -> Result<T, AskError> {
        tokio::time::timeout(patience, self.ask(f)).await.unwrap_or(Err(AskError::Late))
    }

    /// Asks the engine, on a thread where it may block. What was begun is done to its end even if
    /// nobody waits for the answer any more.
    pub async fn ask<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Engine, Timestamp) -> anyhow::Result<T> + Send + 'static,
    ) -> Result<T, AskError> {
        let place = Arc::clone(&self.turns.waiting).try_acquire_owned();
        let place = place.map_err(|err| match err {
            TryAcquireError::NoPermits => AskError::Busy,
            TryAcquireError::Closed => unreachable!("nobody closes it"),
        })?;
        let turn = Arc::clone(&self.turns.asked).acquire_owned().await;
        let turn = turn.expect("nobody closes it");
        let (engine, now) = (Arc::clone(&self.engine), self.clock.now());
        // What the log says on that thread belongs to the request, too.
        let span = tracing::Span::current();
        let answer = tokio::task::spawn_blocking(move || {
            let _kept = (place, turn);
            span.in_scope(|| f(&engine, now))
        });
        match answer.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(err)) => Err(AskError::Failed(err)),
            Err(err) => Err(AskError::Failed(anyhow!(err).context("the engine panicked"))),
        }
    }
}

/// Everything that is served, for `into_make_service_with_connect_info::<SocketAddr>()`.
pub fn router(app: App) -> Router {
    let console = routes::console().merge(console_routes::routes());
    let console = console.layer(middleware::from_fn_with_state(app.listen, security::guard_local));
    Router::new()
        .merge(console)
        .merge(public_routes::routes())
        .merge(api_routes::routes())
        .merge(routes::assets())
        .fallback(public_routes::answer_unknown)
        .layer(middleware::from_fn_with_state(app.metrics.clone(), metrics::measure))
        .layer(middleware::from_fn(request_id::name_request))
        .with_state(app)
}
