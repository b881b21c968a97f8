//! A tiny HTTP/1.1 server: one thread a connection, one exchange each. The handler decides how far it reads and what it
//! writes, so that it can also be slow, cut off or wrong.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A server that lives as long as this value.
pub(crate) struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server on a free port.
    pub(crate) fn start(handler: impl Fn(&mut Exchange) + Send + Sync + 'static) -> Self {
        Self::with(|stream| Box::new(stream), handler)
    }

    /// The same behind TLS, with the certificate of `testdata/tls`.
    pub(crate) fn start_tls(handler: impl Fn(&mut Exchange) + Send + Sync + 'static) -> Self {
        let config = tls();
        let wrap = move |stream| -> Box<dyn Stream> {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            Box::new(StreamOwned::new(connection, stream))
        };
        Self::with(wrap, handler)
    }

    fn with(
        wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + 'static,
        handler: impl Fn(&mut Exchange) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let handler = Arc::new(handler);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), handler) = (stream, Arc::clone(&handler)) else {
                    continue;
                };
                let stream = wrap(stream);
                thread::spawn(move || {
                    if let Some(mut exchange) = Exchange::read(stream) {
                        handler(&mut exchange);
                    }
                });
            }
        });
        Self {
            address,
            stop,
            thread: Some(thread),
        }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// A connection, encrypted or not.
pub(crate) trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

fn tls() -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = CertificateDer::from_pem_slice(include_bytes!("../../testdata/tls/server.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../testdata/tls/server.key"));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain.unwrap()], key.unwrap())
        .unwrap();
    Arc::new(config)
}

/// A request whose head was read.
pub(crate) struct Exchange {
    stream: BufReader<Box<dyn Stream>>,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    headers: Vec<(String, String)>,
}

impl Exchange {
    fn read(stream: Box<dyn Stream>) -> Option<Self> {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        Some(Self {
            stream,
            method,
            path,
            headers,
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.header(name)?.parse().ok()
    }

    /// Reads at most `most` bytes of the body, after saying that it may come.
    pub(crate) fn body(&mut self, most: usize) -> Vec<u8> {
        if self.header("expect").is_some() {
            self.raw(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        let length = self.number("content-length").unwrap_or(0).min(most);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        body
    }

    pub(crate) fn answer(&mut self, status: u16, headers: &[(&str, String)], body: &[u8]) {
        let length = body.len();
        let head = head(status, headers, length);
        self.raw(head.as_bytes());
        if self.method != "HEAD" {
            self.raw(body);
        }
    }

    pub(crate) fn json(&mut self, status: u16, body: &str) {
        self.answer(
            status,
            &[("content-type", "application/json".into())],
            body.as_bytes(),
        );
    }

    /// A refusal in the form of a node.
    pub(crate) fn refuse(&mut self, status: u16, code: &str, message: &str, hint: &str) {
        let body = format!(
            r#"{{"error":{{"code":"{code}","hint":"{hint}","id":"r-1","message":"{message}","pointer":"/predicate/serial"}}}}"#
        );
        self.json(status, &body);
    }

    /// Writes bytes as they are; a client that has gone takes none.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        let stream = self.stream.get_mut();
        drop(stream.write_all(bytes).and_then(|()| stream.flush()));
    }

    /// Waits until the client gives up.
    pub(crate) fn wait_for_the_end(&mut self) {
        drop(self.stream.read(&mut [0; 1]));
    }
}

/// The head of an answer with a body of that length.
pub(crate) fn head(status: u16, headers: &[(&str, String)], length: usize) -> String {
    let mut head =
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head
}
