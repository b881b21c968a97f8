//! HTTP/1.1 on a listening socket, with the limits that a public service needs, until told to stop.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Listens on `address`; port 0 picks a free one.
///
/// # Errors
/// [`BindFailed`].
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindFailed> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => BindFailed::InUse { address },
            kind => BindFailed::Io { address, kind },
        })
}

/// Serves `router` until `shutdown` returns. Then nothing new is accepted, requests under way are answered, and
/// connections that do not end within ten seconds are dropped.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut shutdown = pin!(shutdown);
    loop {
        // A slot first: connections beyond the limit wait in the system's queue and cost us nothing.
        let accepted = async {
            (
                Arc::clone(&slots).acquire_owned().await,
                listener.accept().await,
            )
        };
        let accepted = tokio::select! {
            accepted = accepted => accepted,
            () = &mut shutdown => break,
        };
        let (Ok(slot), Ok((stream, _))) = accepted else {
            // A connection that broke while it waited, or no more file descriptors: the next may go better.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let connection = connection(stream, router.clone());
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(slot);
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("connections that did not end in time are dropped");
    }
}

/// Why a socket does not listen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindFailed {
    /// Another process listens there.
    #[error("another process listens on {address}")]
    InUse {
        /// The address.
        address: SocketAddr,
    },
    /// Anything else.
    #[error("cannot listen on {address}: {kind}")]
    Io {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        kind: io::ErrorKind,
    },
}

impl BindFailed {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "stop the other process, or choose another address",
            Self::Io { .. } => "choose an address of this machine and a port above 1023",
        }
    }
}

type Connection = http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>>;

fn connection(stream: TcpStream, router: Router) -> Connection {
    // Small answers, so waiting to fill a packet only adds delay.
    let _ = stream.set_nodelay(true);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
}

/// A connection costs about 20 kB, so at most 80 MB.
const MAX_CONNECTIONS: usize = 4096;

/// How long a kept-alive connection may be idle, and how long the head of a request may take.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

const GRACE: Duration = Duration::from_secs(10);
