//! Opening the store that a command names, and the clock it goes by.

use std::sync::Arc;

use aftercart_engine::{Clock, Engine, StandingClock, SystemClock, store::Store};
use aftercart_model::Timestamp;
use anyhow::{Context, Result, bail};

use crate::{
    cli::Common,
    config::{Config, STORE_DEFAULT},
};

/// A store opened for a command.
pub struct Opened {
    pub engine: Arc<Engine>,
    pub clock: Arc<dyn Clock>,
    pub config: Config,
    /// Where the store is, as it was named.
    pub place: String,
}

impl Opened {
    /// Where the store is, as it may be shown: without the password an address may hold.
    pub fn shown_place(&self) -> String {
        shown(&self.place)
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Where the store is: the flag, else the configuration, else the default.
pub fn place(common: &Common, config: &Config) -> String {
    let named = common.store.clone().or_else(|| config.store.clone());
    named.unwrap_or_else(|| STORE_DEFAULT.to_owned())
}

/// A place without the user and password of an address.
pub fn shown(place: &str) -> String {
    match place.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://…@{host}"),
            None => place.to_owned(),
        },
        None => place.to_owned(),
    }
}

/// Opens the store, which must be there already.
pub fn open(common: &Common) -> Result<Opened> {
    let config = Config::read(common.config.as_deref())?;
    let place = place(common, &config);
    if !is_there(&place)? {
        bail!(
            "there is no store at `{place}`; make one with `aftercart demo` or `aftercart import`, \
             or name another with --store"
        );
    }
    open_at(place, config)
}

/// Whether there is a store to open. A database server that cannot be reached says so itself, when
/// it is opened.
pub fn is_there(place: &str) -> Result<bool> {
    if !place.contains("://") {
        return Ok(Store::exists(place));
    }
    if !place.starts_with("postgres://") && !place.starts_with("postgresql://") {
        bail!("`{}` is no store; give a folder or a postgres:// address", shown(place));
    }
    Ok(true)
}

/// Opens the store at `place`, and makes it if it is not there.
pub fn open_at(place: String, config: Config) -> Result<Opened> {
    let store = Store::open(&place)
        .with_context(|| format!("cannot open the store `{}`", shown(&place)))?;
    let shop = config.shop.as_ref().map(|it| it.shop());
    let engine = Arc::new(Engine::open(store, shop)?);
    if let Some(folder) = &config.archive {
        engine.keep_archive_in(folder);
    }
    let clock = clock_of(&engine)?;
    Ok(Opened { engine, clock, config, place })
}

/// A sample shop's clock stands where its simulation ended; any other shop's is the machine's.
pub fn clock_of(engine: &Engine) -> Result<Arc<dyn Clock>> {
    Ok(match engine.standing_clock()? {
        Some(now) => Arc::new(StandingClock::at(now)),
        None => Arc::new(SystemClock),
    })
}
