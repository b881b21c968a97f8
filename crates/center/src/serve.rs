//! `vitrine-center serve`: all loops of a node, from the first socket to the last answered request.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::door::Door;
use crate::http::problem::chain;
use crate::node::Shared;
use crate::source::Bytes;
use crate::{follow, indexer, router, worker};

/// Serves until `shutdown` ends, then answers what has begun and closes the log. Calls `ready` with the address once
/// requests are taken.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    node: Shared,
    ready: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let listener = TcpListener::bind(&node.config.listen)
        .await
        .map_err(|error| ServeError::Bind {
            listen: node.config.listen.clone(),
            kind: error.kind(),
        })?;
    let address = listener
        .local_addr()
        .map_err(|error| ServeError::Serve(error.kind()))?;
    let (stop, stopped) = watch::channel(false);
    if let Some(own) = &node.log {
        let size = own.log.reader().size();
        let door = Door::start(node.clone(), own.origin.clone(), own.log.appender(), size).await?;
        node.open_door(door);
        tokio::spawn(node.clone().allow_appends());
    }
    let mut loops = tokio::task::JoinSet::new();
    for source in &node.sources {
        loops.spawn(indexer::run(node.clone(), source.clone(), stopped.clone()));
    }
    for followed in &node.config.follow {
        let Some(source) = node.source(followed.keys.origin()) else {
            continue;
        };
        if let Bytes::Copy(replica) = &source.bytes {
            loops.spawn(follow::run(
                node.clone(),
                followed.clone(),
                replica.clone(),
                stopped.clone(),
            ));
        }
    }
    loops.spawn(worker::run(node.clone(), stopped.clone()));
    loops.spawn(housekeep(node.clone(), stopped));
    let app = router::router(node.clone()).into_make_service_with_connect_info::<SocketAddr>();
    ready(address);
    let (closing, closed) = watch::channel(false);
    let mut until = closed.clone();
    let server = axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            let _ = until.wait_for(|closed| *closed).await;
        })
        .into_future();
    let mut server = std::pin::pin!(server);
    let mut shutdown = std::pin::pin!(shutdown);
    let served = tokio::select! {
        served = &mut server => Some(served),
        () = &mut shutdown => None,
    };
    let served = match served {
        Some(served) => served,
        None => {
            tracing::info!("closing: no new connections, open requests are answered");
            let _ = closing.send(true);
            // A reader that never hangs up must not keep the node from closing.
            tokio::time::timeout(LAST_ANSWERS, &mut server)
                .await
                .unwrap_or(Ok(()))
        }
    };
    let _ = stop.send(true);
    while loops.join_next().await.is_some() {}
    node.database.close().await;
    served.map_err(|error| ServeError::Serve(error.kind()))
}

/// Small chores: admissions read again, forgotten uploads swept away.
async fn housekeep(node: Shared, mut stop: watch::Receiver<bool>) {
    let mut round = 0_u64;
    loop {
        tokio::select! {
            () = tokio::time::sleep(CHORES) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        node.refresh_admissions().await;
        if round.is_multiple_of(SWEEP_EVERY) {
            match node
                .blobs
                .sweep(node.now(), node.config.limits.upload_seconds)
                .await
            {
                Ok(swept) if swept.files > 0 => {
                    tracing::info!(
                        files = swept.files,
                        bytes = swept.bytes,
                        "unfinished uploads removed"
                    );
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(error = %chain(&error), "uploads not swept"),
            }
        }
        if let Some(own) = &node.log {
            // Outbox rows stay until a public checkpoint covers them (F13), then they may go.
            let public = own.log.reader().latest().map_or(0, |latest| latest.size);
            if let Err(error) = node.database.trim_outbox(&own.origin, public).await {
                tracing::warn!(error = %chain(&error), "outbox not trimmed");
            }
        }
        round += 1;
    }
}

/// Why serving ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be had.
    #[error("cannot listen on {listen}: {kind}")]
    Bind {
        /// The address.
        listen: String,
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// What was accepted and what the log holds do not fit together.
    #[error("the door cannot be opened")]
    Door(#[from] store::outbox::OutboxError),
    /// The socket failed.
    #[error("serving failed: {0}")]
    Serve(std::io::ErrorKind),
}

impl ServeError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Bind { .. } => {
                "stop the other program on that port, or change `listen` in node.toml"
            }
            Self::Door(cause) => cause.hint(),
            Self::Serve(_) => "look at the log lines above, then start the node again",
        }
    }
}

const LAST_ANSWERS: Duration = Duration::from_secs(20);
const CHORES: Duration = Duration::from_secs(3);

/// Every 100 rounds of chores: five minutes.
const SWEEP_EVERY: u64 = 100;
