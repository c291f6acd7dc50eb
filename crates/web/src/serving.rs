//! Connections: as many as there is room for, each with bounds on how long it may dawdle.
//!
//! `axum::serve` sets no time for the head of a request, so that a few thousand connections that send
//! a byte now and then would keep everybody else out.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tower::ServiceExt as _;
use tracing::{debug, warn};

/// How long the head of a request may take, and how long a connection may rest between two.
const HEAD_PATIENCE: Duration = Duration::from_secs(15);
/// Connections at one time. Beyond it they wait in the system's queue.
const CONNECTIONS_MAX: usize = 4_096;
/// How long to wait after a connection could not be taken: the machine is out of files.
const BREATH: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `told` is over; then takes no more connections, and returns
/// when what is under way is done.
pub async fn serve(listener: TcpListener, router: Router, told: impl Future<Output = ()>) {
    serve_within(listener, router, told, HEAD_PATIENCE).await;
}

async fn serve_within(
    listener: TcpListener,
    router: Router,
    told: impl Future<Output = ()>,
    head_patience: Duration,
) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head_patience);
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    tokio::pin!(told);
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await.expect("nobody closes it");
            (accept(&listener).await, place)
        };
        let ((stream, peer), place) = tokio::select! {
            next = next => next,
            () = &mut told => break,
        };
        // Answers are small and written at once; waiting for more to send with them costs 40 ms.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(tower::service_fn({
            let router = router.clone();
            move |request: Request<hyper::body::Incoming>| {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
                let router = router.clone();
                router.oneshot(request)
            }
        }));
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _place = place;
            if let Err(err) = connection.await {
                debug!("a connection ended: {err}");
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(err) => {
                warn!("a connection could not be taken: {err}");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::oneshot,
    };

    use super::*;
    use crate::served::block_on;

    #[test]
    fn a_head_that_never_ends_is_cut_off_and_others_are_served() {
        block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let router = Router::new().route("/", get(|| async { "served" }));
            let (end, ended) = oneshot::channel::<()>();
            let told = async { ended.await.unwrap_or_default() };
            let serving = serve_within(listener, router, told, Duration::from_millis(50));
            let visits = async {
                let mut slow = TcpStream::connect(address).await.unwrap();
                slow.write_all(b"GET / HTTP/1.1\r\nHost: a").await.unwrap();
                let mut quick = TcpStream::connect(address).await.unwrap();
                let request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
                quick.write_all(request).await.unwrap();
                let mut answer = String::new();
                quick.read_to_string(&mut answer).await.unwrap();
                assert!(answer.ends_with("served"), "{answer}");
                let mut rest = String::new();
                // Closed by the other side, with or without a word.
                let _ = slow.read_to_string(&mut rest).await;
                assert!(!rest.contains("served"), "{rest}");
                end.send(()).unwrap();
            };
            tokio::join!(serving, visits);
        });
    }
}
