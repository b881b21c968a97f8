//! `serve` and `worker`: run until the process is told to end.

use std::io::Write;

use center::config::Config;
use center::node::Node;
use center::{serve, worker};

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

/// Works off jobs, without a socket. The own log belongs to `serve`, so this process must not open it.
pub(crate) async fn work(mut config: Config) -> Result<(), Failure> {
    config.log = None;
    config.witness = None;
    let node = Node::open(config).await?;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        ended().await;
        let _ = stop.send(true);
    });
    worker::run(node, stopped).await;
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
