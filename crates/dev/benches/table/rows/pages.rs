//! The update page of a center and the static bundle, at 500 requests a second.

use std::time::Duration;

use crate::Setting;
use crate::demo::Demo;
use crate::http::{Requests, get, send};
use crate::table::{Line, time};
use tlog::hash::sha256;

pub(crate) fn measure(_: &Setting) -> Result<Vec<Line>, String> {
    let demo = Demo::of_environment()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let file = std::fs::read(demo.file("eighth")).map_err(|error| error.to_string())?;
    let digest = sha256(&file).to_hex();
    let mut lines = Vec::new();
    for (what, path) in [
        (
            "update page",
            format!("/u/{}", digest.get(..16).unwrap_or_default()),
        ),
        ("static bundle", format!("/bundle/{digest}.jsonl")),
    ] {
        let requests = Requests::Again(get(demo.center, &path), SECONDS * A_SECOND);
        let every = Duration::from_secs(1) / A_SECOND as u32;
        let sent = runtime.block_on(send(
            demo.center,
            requests,
            CONNECTIONS,
            Some(every),
            &[200],
        ));
        let latencies = sent.map_err(|error| format!("{what}: {error}"))?;
        lines.push(Line::new(
            &format!("{what}, {A_SECOND} requests/s"),
            format!(
                "p50 {}, p99 {}",
                time(latencies.percentile(50)),
                time(latencies.percentile(99))
            ),
            None,
            String::new(),
            "p99 ≤ 20 ms",
        ));
    }
    Ok(lines)
}

const SECONDS: u64 = 10;
const A_SECOND: u64 = 500;
const CONNECTIONS: usize = 16;
