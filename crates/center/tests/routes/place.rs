//! A portal to ask without a socket: router and node, publisher and policy, and three witnesses where a test wants them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{Method, Request, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use center::config::Config;
use center::door::Door;
use center::follow;
use center::indexer;
use center::node::{Node, Shared};
use center::router;
use evidence::entry::Entry;
use evidence::envelope::Envelope;
use evidence::key::PublicKey;
use evidence::kind::Update;
use p256::ecdsa::SigningKey;
use store::blob_rows::NewBlob;
use tempfile::TempDir;
use tlog::checkpoint::LogKeys;
use tlog::hash::{Hash, sha256};
use tlog::key::KeyName;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tower::ServiceExt;
use witness::keys::{KeyFile, Owner};
use witness::router::{Prefix, Prefixes};
use witness::service::{Settings, Witness, WitnessedLog};

use crate::kit::{self, ORIGIN, TestNode, secret, statements};
use crate::markup;

/// Who witnesses the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Witnesses {
    Nobody,
    /// Three operators with two keys each; two of them are a quorum.
    Three,
}

/// A portal with its log and publisher.
pub(crate) struct Portal {
    pub(crate) node: Shared,
    _folder: TempDir,
    router: Router,
    runtime: Runtime,
    /// Names of operators, and whether each is away.
    witnesses: Away,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The text of the first element of this name.
    pub(crate) fn element(&self, name: &str) -> String {
        markup::text_of(&markup::read(&self.text), name)
    }

    /// The rows of checks as text: word, name, sentence.
    pub(crate) fn check_rows(&self) -> Vec<String> {
        let pieces = markup::read(&self.text);
        let mut rows: Vec<String> = Vec::new();
        let mut open: Option<(String, usize)> = None;
        for piece in &pieces {
            let is_row = piece.attribute("class") == Some("row");
            match (&mut open, piece) {
                (None, markup::Piece::Open { name, .. }) if is_row => {
                    open = Some((name.clone(), 1))
                }
                (Some((name, depth)), markup::Piece::Open { name: other, .. }) if name == other => {
                    *depth += 1
                }
                (Some((name, depth)), markup::Piece::Close(other)) if name == other => {
                    *depth -= 1;
                    if *depth == 0 {
                        open = None;
                    }
                }
                (Some(_), markup::Piece::Text(text)) => {
                    rows.last_mut().unwrap().push_str(text);
                    continue;
                }
                _ => {}
            }
            if is_row {
                rows.push(String::new());
            }
        }
        rows.into_iter()
            .map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }
}

impl Portal {
    pub(crate) fn start() -> Self {
        Self::with(Witnesses::Nobody, "")
    }

    /// A portal whose `[portal]` table ends in `more`.
    pub(crate) fn with(witnesses: Witnesses, more: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let runtime = runtime();
        let name = KeyName::new(ORIGIN).unwrap();
        let log = KeyFile::generate(&name, Owner::Log).unwrap();
        log.save(&folder.path().join("log.keys")).unwrap();
        let (served, asked, counted) = match witnesses {
            Witnesses::Nobody => (
                BTreeMap::new(),
                "quorum none\n".to_owned(),
                "quorum none\n".to_owned(),
            ),
            Witnesses::Three => runtime.block_on(three(&folder, &log)),
        };
        std::fs::write(
            folder.path().join("policy.toml"),
            kit::policy(&log.vkeys(), &counted),
        )
        .unwrap();
        let config = format!(
            "{}[portal]\npolicy = \"policy.toml\"\n{more}\n",
            config(ORIGIN, &asked)
        );
        std::fs::write(folder.path().join("node.toml"), config).unwrap();
        let (node, router) = runtime.block_on(open(&folder));
        let portal = Self {
            node,
            _folder: folder,
            router,
            runtime,
            witnesses: served,
        };
        portal.admit("acme", &secret(1));
        portal
    }

    /// A portal with an empty log of its own that follows the log of `publisher`, and has copied `size` entries of it.
    pub(crate) fn following(publisher: &TestNode, size: u64) -> Self {
        let folder = TempDir::new().unwrap();
        let runtime = runtime();
        let name = KeyName::new(OWN_ORIGIN).unwrap();
        let log = KeyFile::generate(&name, Owner::Log).unwrap();
        log.save(&folder.path().join("log.keys")).unwrap();
        let vkeys = publisher.node.log.as_ref().unwrap().keys.keys();
        std::fs::write(
            folder.path().join("policy.toml"),
            kit::policy(vkeys, "quorum none\n"),
        )
        .unwrap();
        let keys: Vec<String> = vkeys.iter().map(|vkey| format!("\"{vkey}\"")).collect();
        let config = format!(
            "{}[[follow]]\nurl = \"{}\"\nkeys = [{}]\nwitnesses = \"quorum none\\n\"\n\
             [portal]\npolicy = \"policy.toml\"\n",
            config(OWN_ORIGIN, "quorum none\n"),
            publisher.url,
            keys.join(", ")
        );
        std::fs::write(folder.path().join("node.toml"), config).unwrap();
        let (node, router) = runtime.block_on(open(&folder));
        let (followed, source) = (
            node.config.follow[0].clone(),
            node.source(ORIGIN).unwrap().clone(),
        );
        let center::source::Bytes::Copy(replica) = source.bytes.clone() else {
            panic!("a followed log is a copy")
        };
        runtime.block_on(async {
            let (stop, stopped) = tokio::sync::watch::channel(false);
            let following = tokio::spawn(follow::run(node.clone(), followed, replica, stopped));
            while source.public_size() < size {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            stop.send(true).unwrap();
            following.await.unwrap();
        });
        let portal = Self {
            node,
            _folder: folder,
            router,
            runtime,
            witnesses: Away::new(),
        };
        portal.follow();
        portal
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn admit(&self, party: &str, key: &SigningKey) {
        self.block_on(async {
            let mut admissions = (*self.node.admissions()).clone();
            admissions
                .add(party, &PublicKey::of(key), 1, 10_000)
                .unwrap();
            admissions.save(&self.node.database).await.unwrap();
            self.node.refresh_admissions().await;
        });
    }

    /// Publishes an update through the door and lets the views follow.
    pub(crate) fn publish(&self, update: &Update) -> Hash {
        let payload = kit::payload(update);
        self.publish_payload(&payload);
        sha256(&payload)
    }

    pub(crate) fn publish_payload(&self, payload: &[u8]) {
        let envelope = Envelope::sign(payload.to_vec(), &secret(1));
        let answer = self.ask(
            Method::POST,
            &statements(&secret(1)),
            &[],
            envelope.to_bytes(),
        );
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        self.follow();
    }

    /// Appends what the door would never take: a log of others may hold it. Without its body it is withheld.
    pub(crate) fn append(&self, payload: &[u8], key: &SigningKey, with_body: bool) {
        let envelope = Envelope::sign(payload.to_vec(), key);
        let entry = Entry::of(&envelope, &PublicKey::of(key));
        self.append_entry(payload, &entry.to_bytes(), with_body);
    }

    pub(crate) fn append_entry(&self, payload: &[u8], entry: &[u8], with_body: bool) {
        let text = String::from_utf8(payload.to_vec()).unwrap();
        let blob = NewBlob::Body {
            text,
            withheld: false,
        };
        let own = self.node.log.as_ref().unwrap();
        self.block_on(async {
            if with_body {
                self.node
                    .database
                    .record_blobs(&[blob], self.node.now())
                    .await
                    .unwrap();
            }
            let mut ticket = own.log.appender().append(entry).unwrap();
            let index = ticket.durable().await.unwrap();
            let mut progress = own.log.reader().progress();
            progress
                .wait_for(|progress| progress.public.is_some_and(|size| size > index))
                .await
                .unwrap();
        });
        self.follow();
    }

    /// What the indexer's loop does.
    pub(crate) fn follow(&self) {
        self.block_on(async {
            for source in &self.node.sources {
                indexer::catch_up(&self.node, source).await.unwrap();
            }
        });
    }

    /// From now on this witness does not answer.
    pub(crate) fn stop_witness(&mut self, name: &str) {
        self.witnesses[name].store(true, Ordering::Release);
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub(crate) fn get_with(&self, path: &str, headers: &[(header::HeaderName, &str)]) -> Answer {
        self.ask(Method::GET, path, headers, Vec::new())
    }

    pub(crate) fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(header::HeaderName, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        self.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, 1 << 24).await.unwrap();
            let text = String::from_utf8_lossy(&body).into_owned();
            Answer {
                status: parts.status,
                headers: parts.headers,
                text,
            }
        })
    }
}

/// Origin of the own log of a portal that follows another.
pub(crate) const OWN_ORIGIN: &str = "center-test.example/v1";

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Everything but the portal.
fn config(origin: &str, witnesses: &str) -> String {
    format!(
        "name = \"Center Test\"\noperator = \"Example CERT\"\nregion = \"Europe\"\njurisdiction = \"NL\"\n\
         listen = \"127.0.0.1:0\"\nurl = \"https://center.example\"\ndata = \"data\"\n\
         [log]\norigin = \"{origin}\"\nkeys = \"log.keys\"\nwitnesses = '''\n{witnesses}'''\n"
    )
}

/// Opens the node in `folder` and lets it take entries.
pub(crate) async fn open(folder: &TempDir) -> (Shared, Router) {
    let config = Config::read(&folder.path().join("node.toml")).unwrap();
    let node = Node::open(config).await.unwrap();
    let own = node.log.as_ref().unwrap();
    let size = own.log.reader().size();
    let door = Door::start(node.clone(), own.origin.clone(), own.log.appender(), size)
        .await
        .unwrap();
    node.open_door(door);
    node.clone().allow_appends().await;
    let peer = SocketAddr::from(([127, 0, 0, 1], 9));
    let router = router::router(node.clone()).layer(MockConnectInfo(peer));
    (node, router)
}

/// The id in the address of a file's page.
pub(crate) fn id(digest: Hash) -> String {
    digest.to_hex()[..16].to_owned()
}

/// The address of an update's page.
pub(crate) fn page(update: &Update) -> String {
    format!("/u/{}", id(kit::file_digest(update)))
}

type Away = BTreeMap<&'static str, Arc<AtomicBool>>;

/// Three witnesses on loopback; the text that the log asks by, and the same without addresses.
async fn three(folder: &TempDir, log: &KeyFile) -> (Away, String, String) {
    let (mut served, mut asked, mut counted) = (BTreeMap::new(), String::new(), String::new());
    for name in ["europe", "asia", "americas"] {
        let key_name = KeyName::new(&format!("center-{name}.example/w")).unwrap();
        let keys = KeyFile::generate(&key_name, Owner::Cosigner).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for (kind, vkey) in ["e", "m"].iter().zip(keys.vkeys()) {
            writeln!(asked, "witness {name}-{kind} {vkey} http://{address}").unwrap();
            writeln!(counted, "witness {name}-{kind} {vkey}").unwrap();
        }
        let log_keys = LogKeys::new(ORIGIN, log.vkeys()).unwrap();
        let settings = Settings {
            directory: folder.path().join(name),
            keys,
            logs: vec![WitnessedLog {
                keys: log_keys,
                requests_per_day: None,
            }],
            clock: witness::clock::Clock::system(),
            faults: Default::default(),
        };
        let witness = Arc::new(Witness::open(settings).unwrap());
        let prefixes = Prefixes {
            submission: Prefix::default(),
            monitoring: Prefix::new("/monitor").unwrap(),
        };
        let away = Arc::new(AtomicBool::new(false));
        served.insert(name, Arc::clone(&away));
        let gate = from_fn(move |request, next: Next| {
            let is_away = away.load(Ordering::Acquire);
            async move {
                match is_away {
                    true => StatusCode::SERVICE_UNAVAILABLE.into_response(),
                    false => next.run(request).await,
                }
            }
        });
        let router = witness::router::router(witness, &prefixes).layer(gate);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    }
    for text in [&mut asked, &mut counted] {
        for name in ["europe", "asia", "americas"] {
            writeln!(text, "group {name} any {name}-e {name}-m").unwrap();
        }
        text.push_str("group three 2 europe asia americas\nquorum three\n");
    }
    (served, asked, counted)
}
