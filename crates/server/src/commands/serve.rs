//! `aftercart serve`: the console, the API and the public pages, and the work that comes due.

use std::{
    net::{IpAddr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use aftercart_deliver::{
    Credentials, Letter, Look, Outcome, SmtpSettings, SmtpTransport, Transport,
};
use aftercart_engine::{Clock, Engine};
use aftercart_web::{App, Doors, Mail, Metrics, Turns, metrics_router, router};
use anyhow::{Context, Result, bail};
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::{
    cli::{Common, ServeArgs},
    config::{Config, LISTEN_DEFAULT, SmtpConfig},
    output::Output,
    shop::{self, Opened},
};

/// How often due work is looked for. Waits are in hours and days; a second is soon enough.
const ROUND_EVERY: Duration = Duration::from_secs(1);
/// How long requests under way may take to end.
const DRAIN_MAX: Duration = Duration::from_secs(30);

pub fn run(common: &Common, args: &ServeArgs) -> Result<()> {
    let output = Output::new(common);
    let shop = open(common, args.create)?;
    let doubts = shop.engine.recover(shop.now())?;
    if doubts > 0 {
        output.hint(format!(
            "{doubts} messages are in doubt: the last run ended between the dot and the answer. \
             They are not sent again."
        ));
    }
    // Bound before it is told, so that the address is the one that answers, whatever port was free.
    let listener = bind(listen_at(args.listen, &shop.config)?)?;
    let listen = listener.local_addr()?;
    let write_key = shop.engine.write_key(shop.config.api.write_key.as_deref())?;
    output.say(format!("Console      http://{listen}/"))?;
    output.say(format!("Event API    http://{listen}/v1/batch, write key {write_key}"))?;
    for (name, platform, path) in [
        ("Shopify", &shop.config.shopify, "shopify"),
        ("WooCommerce", &shop.config.woocommerce, "woocommerce"),
    ] {
        if !platform.webhook_secrets.is_empty() {
            output.say(format!("{name:<12} http://{listen}/webhooks/{path}"))?;
        }
    }
    match &shop.config.mail.smtp {
        Some(smtp) => output.say(format!("Mail         by {}:{}", smtp.host, smtp.port))?,
        None => output.say("Mail         is caught in the inbox; nothing leaves this machine")?,
    }
    hint_of_old_links(output, &shop, listen);
    serve_on(shop, listener, true)
}

/// A store that is not there is made for a shop that the configuration describes, or on demand: a
/// path mistyped on the command line would otherwise be an empty shop that takes orders.
fn open(common: &Common, creates: bool) -> Result<Opened> {
    let config = Config::read(common.config.as_deref())?;
    let place = shop::place(common, &config);
    let is_described = config.shop.is_some() && common.store.is_none();
    if !creates && !is_described && !shop::is_there(&place)? {
        bail!(
            "there is no store at `{place}`; make one with `aftercart demo` or `aftercart import`, \
             an empty one with `aftercart serve --create`, or name another with --store"
        );
    }
    shop::open_at(place, config)
}

/// Emails caught in the inbox link to where they were written for; where nobody listens there, a
/// reader of one should not have to find out why.
pub fn hint_of_old_links(output: Output, shop: &Opened, listen: SocketAddr) {
    let told = &shop.engine.shop().public_url;
    if let (None, Some(old)) = (&shop.config.mail.smtp, left_address(told, listen)) {
        output.hint(format!(
            "Links in emails lead to {told}, and this is http://{listen}; to follow them, start \
             with --listen {old}"
        ));
    }
}

/// The address on this machine that `public_url` names, if whoever listens at `listen` does not
/// answer there.
fn left_address(public_url: &str, listen: SocketAddr) -> Option<SocketAddr> {
    let old: SocketAddr = public_url.strip_prefix("http://")?.parse().ok()?;
    let is_answered = old == listen || old.port() == listen.port() && listen.ip().is_unspecified();
    (old.ip().is_loopback() && !is_answered).then_some(old)
}

pub fn listen_at(flag: Option<SocketAddr>, config: &Config) -> Result<SocketAddr> {
    match flag.or(config.listen) {
        Some(listen) => Ok(listen),
        None => LISTEN_DEFAULT.parse().context("the default address"),
    }
}

fn bind(listen: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(listen).with_context(|| {
        format!("cannot listen on {listen}; choose another address with --listen")
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn bind_metrics(listen: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(listen).with_context(|| {
        format!("cannot listen on {listen} for metrics; choose another `metrics.listen`")
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves until the process is told to end; then takes nothing new, begins no hand-over, and lets
/// what is under way finish.
pub fn serve(shop: Opened, listen: SocketAddr, works: bool) -> Result<()> {
    serve_on(shop, bind(listen)?, works)
}

fn serve_on(shop: Opened, listener: TcpListener, works: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mail = match (&shop.config.mail.smtp, works) {
        (Some(_), true) => Mail::Leaves,
        _ => Mail::IsCaught,
    };
    let app = App {
        engine: Arc::clone(&shop.engine),
        clock: Arc::clone(&shop.clock),
        write_key: shop.engine.write_key(shop.config.api.write_key.as_deref())?,
        mail,
        is_sample: shop.engine.sample_note()?.is_some(),
        listen: listener.local_addr()?,
        turns: shop.config.api.waiting_max.map_or_else(Turns::default, Turns::with_room_for),
        doors: Arc::new(doors(&shop)),
        metrics: Metrics::default(),
    };
    let metrics = shop.config.metrics.listen.map(bind_metrics).transpose()?;
    let relay = match &shop.config.mail.smtp {
        Some(_) if !shop.engine.is_set_up() => bail!(
            "mail is to leave by `mail.smtp`, and the shop has no sender and no postal address; add \
             [shop] to the configuration"
        ),
        Some(smtp) => Some(relay(smtp, &shop.engine.shop().public_url)?),
        None => None,
    };
    let (stop, stopped) = watch::channel(false);
    let worker = works.then(|| {
        let (engine, clock) = (Arc::clone(&shop.engine), Arc::clone(&shop.clock));
        let stopped = stopped.clone();
        std::thread::spawn(move || work(&engine, &clock, relay, stopped))
    });
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::spawn(async move {
            told_to_end().await;
            let _ = stop.send(true);
        });
        if let Some(listener) = metrics {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            info!("metrics at http://{}/metrics", listener.local_addr()?);
            let told = ending(stopped.clone());
            tokio::spawn(aftercart_web::serve(listener, metrics_router(app.clone()), told));
        }
        let (told, out_of_patience) = (ending(stopped.clone()), ending(stopped));
        tokio::select! {
            () = aftercart_web::serve(listener, router(app), told) => {}
            () = async { out_of_patience.await; tokio::time::sleep(DRAIN_MAX).await } => {
                warn!("some requests did not end in {} s and are cut off", DRAIN_MAX.as_secs());
            }
        }
        anyhow::Ok(())
    })?;
    if let Some(worker) = worker {
        worker.join().expect("the worker does not panic");
    }
    Ok(())
}

/// The doors for events, with the secrets that the configuration has.
fn doors(shop: &Opened) -> Doors {
    let mut doors = Doors::of(&shop.engine);
    doors.limits = shop.config.api.limits();
    doors.shopify_secrets.clone_from(&shop.config.shopify.webhook_secrets);
    doors.woocommerce_secrets.clone_from(&shop.config.woocommerce.webhook_secrets);
    doors
}

async fn ending(mut stopped: watch::Receiver<bool>) {
    // An error means that nobody can tell any more: the end is near.
    let _ = stopped.wait_for(|it| *it).await;
}

/// The relay that carries the mail, greeted by the name under which customers reach this server.
fn relay(smtp: &SmtpConfig, public_url: &str) -> Result<SmtpTransport> {
    let settings = SmtpSettings {
        credentials: (smtp.username.clone().zip(smtp.password.clone()))
            .map(|(user, password)| Credentials { user, password }),
        ..SmtpSettings::new(&smtp.host, smtp.port, hello_name(public_url))
    };
    SmtpTransport::new(settings).context("config: `mail.smtp`")
}

/// The host of an address as EHLO wants it: addresses without a name stand in brackets (RFC 5321
/// §4.1.3).
fn hello_name(public_url: &str) -> String {
    let authority = public_url.split("://").last().unwrap_or_default();
    let authority = authority.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|it| it.is_ascii_digit()) => host,
        _ => authority,
    };
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => format!("[{address}]"),
        Ok(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
        Err(_) => host.to_owned(),
    }
}

/// Ctrl-C, or the service manager's SIGTERM.
async fn told_to_end() {
    let mut terminate =
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(signal) => signal,
            Err(err) => {
                error!("cannot listen for SIGTERM: {err}");
                return std::future::pending().await;
            }
        };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// The sender's thread: rounds of due work until told to stop. A failed round is logged and tried
/// again; nothing it did is lost.
fn work(
    engine: &Arc<Engine>,
    clock: &Arc<dyn Clock>,
    relay: Option<SmtpTransport>,
    mut stopped: watch::Receiver<bool>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => {
            error!("no mail is sent: the sender cannot start: {err}");
            return;
        }
    };
    runtime.block_on(async {
        match relay {
            Some(relay) => rounds(engine, clock, relay, &mut stopped).await,
            None => rounds(engine, clock, engine.catching_inbox(clock), &mut stopped).await,
        }
    });
}

async fn rounds<T: Transport>(
    engine: &Engine,
    clock: &Arc<dyn Clock>,
    transport: T,
    stopped: &mut watch::Receiver<bool>,
) {
    let mut transport = UntilTheEnd { transport, stopped: stopped.clone() };
    while !*stopped.borrow() {
        match engine.work(&mut transport, &**clock).await {
            Ok(done) if !done.is_idle() => info!(
                advanced = done.advanced,
                sent = done.delivery.sent,
                deferred = done.delivery.deferred,
                dropped = done.delivery.dropped,
                "worked"
            ),
            Ok(_) => {}
            Err(err) => error!("a round of work failed and is tried again: {err:#}"),
        }
        tokio::select! {
            () = tokio::time::sleep(ROUND_EVERY) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// Begins no hand-over once the process was told to end; one under way is finished.
struct UntilTheEnd<T> {
    transport: T,
    stopped: watch::Receiver<bool>,
}

impl<T: Transport> Transport for UntilTheEnd<T> {
    async fn hand_over<F, L>(&mut self, letter: &Letter, last_look: F) -> Outcome
    where
        F: FnOnce() -> L + Send,
        L: Future<Output = Look> + Send,
    {
        if *self.stopped.borrow() {
            return Outcome::Stopped { reason: "the server is ending".to_owned() };
        }
        self.transport.hand_over(letter, last_look).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_where_nobody_listens_are_noticed() {
        let left = |url: &str, listen: &str| left_address(url, listen.parse().unwrap()).is_some();
        assert!(left("http://127.0.0.1:7878", "127.0.0.1:8000"));
        assert!(!left("http://127.0.0.1:7878", "127.0.0.1:7878"));
        assert!(!left("http://127.0.0.1:7878", "0.0.0.0:7878"), "every address of this machine");
        assert!(left("http://[::1]:7878", "127.0.0.1:7878"));
        assert!(!left("https://mail.tarnandember.example", "127.0.0.1:7878"), "behind a proxy");
    }

    #[test]
    fn a_relay_is_greeted_by_the_name_customers_know() {
        for (url, name) in [
            ("https://mail.tarnandember.example", "mail.tarnandember.example"),
            ("https://mail.tarnandember.example:8443", "mail.tarnandember.example"),
            ("http://127.0.0.1:7878", "[127.0.0.1]"),
            ("http://[::1]:7878", "[IPv6:::1]"),
            ("http://[::1]", "[IPv6:::1]"),
            ("http://localhost:7878", "localhost"),
        ] {
            assert_eq!(hello_name(url), name, "{url}");
        }
    }
}
