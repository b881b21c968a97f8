//! A load generator for loopback: keep-alive connections, requests at fixed moments.
//!
//! A latency counts from the moment at which the request was due, not from the moment at which a busy connection got to
//! it: otherwise a server that stands still for a second would lose one request and not five hundred.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::clock::Durations;

/// What to send, whole; the same again and again, or one after the other.
pub(crate) enum Requests {
    /// The same one, as often as said.
    Again(Vec<u8>, u64),
    /// Each once.
    Each(Vec<Vec<u8>>),
}

impl Requests {
    fn count(&self) -> u64 {
        match self {
            Self::Again(_, count) => *count,
            Self::Each(all) => all.len() as u64,
        }
    }

    fn number(&self, number: u64) -> Option<&[u8]> {
        match self {
            Self::Again(request, count) => (number < *count).then_some(request),
            Self::Each(all) => all.get(number as usize).map(Vec::as_slice),
        }
    }
}

/// A `GET` that keeps the connection.
pub(crate) fn get(address: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes()
}

/// A `POST` of JSON that keeps the connection.
pub(crate) fn post(address: SocketAddr, path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Sends all requests over `connections`: `every` apart, or as fast as answers come. Fails at the first answer whose status
/// is none of `good`.
pub(crate) async fn send(
    address: SocketAddr,
    requests: Requests,
    connections: usize,
    every: Option<Duration>,
    good: &'static [u16],
) -> Result<Durations, String> {
    let requests = Arc::new(requests);
    let next = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
            tokio::spawn(async move {
                one_connection(address, &requests, &next, start, every, good).await
            })
        })
        .collect();
    let mut all = Vec::with_capacity(requests.count() as usize);
    for task in tasks {
        all.extend(task.await.map_err(|error| error.to_string())??);
    }
    Ok(Durations::new(all))
}

async fn one_connection(
    address: SocketAddr,
    requests: &Requests,
    next: &AtomicU64,
    start: Instant,
    every: Option<Duration>,
    good: &[u16],
) -> Result<Vec<Duration>, String> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(|error| error.to_string())?;
    stream
        .set_nodelay(true)
        .map_err(|error| error.to_string())?;
    let mut stream = BufReader::new(stream);
    let mut latencies = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = requests.number(number) else {
            return Ok(latencies);
        };
        let due = match every {
            Some(pause) => start + pause.mul_f64(number as f64),
            None => Instant::now(),
        };
        tokio::time::sleep_until(due.into()).await;
        stream
            .get_mut()
            .write_all(request)
            .await
            .map_err(|error| error.to_string())?;
        let (status, body) = answer(&mut stream)
            .await
            .map_err(|error| error.to_string())?;
        if !good.contains(&status) {
            return Err(format!(
                "status {status}: {}",
                String::from_utf8_lossy(&body).trim()
            ));
        }
        latencies.push(due.elapsed());
    }
}

/// Status and body of one answer, which must tell its length.
async fn answer(stream: &mut BufReader<TcpStream>) -> std::io::Result<(u16, Vec<u8>)> {
    let malformed = || {
        std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            "not an HTTP answer with a length",
        )
    };
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(malformed)?;
    let mut length = None;
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok();
        }
    }
    let mut body = vec![0; length.ok_or_else(malformed)?];
    stream.read_exact(&mut body).await?;
    Ok((status, body))
}
