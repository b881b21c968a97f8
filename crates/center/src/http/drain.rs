//! Reading away what a refused sender still sends, within reason: a connection that is closed under a sender loses the
//! answer that says why.

use std::time::Duration;

use axum::body::BodyDataStream;
use futures_util::StreamExt;

/// Reads and drops at most 64 KiB, for at most a second. Larger bodies ask first (`Expect: 100-continue`).
pub(super) async fn drain(body: &mut BodyDataStream) {
    let read = async {
        let mut left = MOST;
        while let Some(Ok(piece)) = body.next().await {
            match left.checked_sub(piece.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), read).await;
}

const MOST: usize = 64 * 1024;
