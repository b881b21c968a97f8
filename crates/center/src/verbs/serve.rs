//! `serve` and `worker`: run until the process is told to end.

use std::io::Write;

use center::config::{Config, Followed};
use center::node::Node;
use center::source::Bytes;
use center::{follow, serve, worker};
use tlog::checkpoint::LogKeys;
use witness::exit;
use witness::keys::KeyFile;

use crate::failure::Failure;

/// Serves; prints one line on stdout when requests are taken.
pub(crate) async fn serve(config: Config) -> Result<(), Failure> {
    let node = Node::open(config).await?;
    let scheme = node.config.url.clone();
    let announce = |address| {
        // Who started us may have gone away: that is no reason not to serve.
        let _ = writeln!(std::io::stdout(), "ready http://{address}");
        tracing::info!(%address, url = scheme, "ready");
    };
    Ok(serve::serve(node.clone(), announce, ended()).await?)
}

/// Works off jobs, without a socket. The own log belongs to `serve`; a worker reads it as everyone does, over HTTP and
/// verified, into a copy of its own that goes when it ends.
pub(crate) async fn work(mut config: Config) -> Result<(), Failure> {
    config.copies = config.data.join(format!("worker-{}", std::process::id()));
    if let Some(role) = config.log.take() {
        let keys = LogKeys::new(&role.origin, KeyFile::load(&role.keys)?.vkeys())
            .map_err(|error| Failure::new(exit::WRONG_USE, error.to_string(), error.hint()))?;
        config.follow.push(Followed {
            url: config.url.clone(),
            keys,
            witnesses: role.witnesses,
        });
    }
    config.witness = None;
    let copies = config.copies.clone();
    let node = Node::open(config).await?;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        ended().await;
        let _ = stop.send(true);
    });
    let mut loops = tokio::task::JoinSet::new();
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
    worker::run(node, stopped).await;
    while loops.join_next().await.is_some() {}
    // Derived, and only ours: what stays after a crash may be deleted.
    let _ = std::fs::remove_dir_all(copies);
    Ok(())
}

/// SIGINT or SIGTERM.
async fn ended() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
