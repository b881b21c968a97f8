//! A real node on loopback, in a folder of its own, with a log that needs no witnesses.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a kit for tests, of which each file uses a part"
)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use center::config::Config;
use center::node::{Node, Shared};
use center::serve;
use evidence::envelope::Envelope;
use evidence::key::PublicKey;
use evidence::kind::Update;
use evidence::kind::update::{
    Actions, Activation, Audience, Class, Consent, File, Predecessor, Role, State,
};
use evidence::line::{Line, LineKind, Word};
use evidence::name::Name;
use evidence::statement::Subject;
use evidence::time::{self, Time};
use evidence::upload;
use p256::ecdsa::SigningKey;
use tempfile::TempDir;
use tlog::hash::{Hash, sha256};
use tlog::key::{KeyName, Vkey};
use tokio::sync::oneshot;
use witness::keys::{KeyFile, Owner};

/// A running node.
pub(crate) struct TestNode {
    pub(crate) folder: TempDir,
    pub(crate) node: Shared,
    pub(crate) url: String,
    runtime: Option<tokio::runtime::Runtime>,
    stop: Option<oneshot::Sender<()>>,
    served: Mutex<mpsc::Receiver<()>>,
    agent: ureq::Agent,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Status, and the code of the problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        let code = self.json()["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        (self.status, code)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

impl TestNode {
    /// A node with this text after the least configuration of a log.
    pub(crate) fn start(more: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let name = KeyName::new(ORIGIN).unwrap();
        KeyFile::generate(&name, Owner::Log)
            .unwrap()
            .save(&folder.path().join("log.keys"))
            .unwrap();
        let text = format!(
            "name = \"Center Test\"\noperator = \"Example CERT\"\nlisten = \"127.0.0.1:0\"\nurl = \"http://127.0.0.1:1\"\n\
             data = \"data\"\n{more}\n[log]\norigin = \"{ORIGIN}\"\nkeys = \"log.keys\"\nwitnesses = \"quorum none\\n\"\n"
        );
        std::fs::write(folder.path().join("node.toml"), text).unwrap();
        Self::open(folder)
    }

    /// Stops the node in order and starts it again in the same folder.
    pub(crate) fn restart(mut self) -> Self {
        self.close();
        let folder = std::mem::replace(&mut self.folder, TempDir::new().unwrap());
        drop(self);
        Self::open(folder)
    }

    /// Stops the node, lets `change` change its folder, and answers why it does not start again.
    pub(crate) fn refuses_to_start(mut self, change: impl FnOnce(&Path)) -> String {
        self.close();
        let folder = std::mem::replace(&mut self.folder, TempDir::new().unwrap());
        drop(self);
        change(folder.path());
        let config = Config::read(&folder.path().join("node.toml")).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let served = runtime.block_on(async {
            let node = Node::open(config).await.unwrap();
            serve::serve(node, |_| (), async {}).await
        });
        center::http::problem::chain(&served.unwrap_err())
    }

    /// A node with the configuration that stands in the folder.
    pub(crate) fn open(folder: TempDir) -> Self {
        let config = Config::read(&folder.path().join("node.toml")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let node = runtime.block_on(Node::open(config)).unwrap();
        let (ready, address) = mpsc::channel::<SocketAddr>();
        let (stop, stopped) = oneshot::channel();
        let (done, served) = mpsc::channel();
        let serving = serve::serve(
            node.clone(),
            move |address| ready.send(address).unwrap(),
            async {
                let _ = stopped.await;
            },
        );
        runtime.spawn(async move {
            serving.await.unwrap();
            let _ = done.send(());
        });
        let address = address.recv_timeout(Duration::from_secs(20)).unwrap();
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(20)))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        let node = Self {
            folder,
            node,
            url: format!("http://{address}"),
            runtime: Some(runtime),
            stop: Some(stop),
            served: Mutex::new(served),
            agent: config.into(),
        };
        node.until("readyz", |node| node.get("/readyz").status == 200);
        node
    }

    fn close(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
            let _ = self
                .served
                .lock()
                .unwrap()
                .recv_timeout(Duration::from_secs(30));
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The node's configuration with its true address, for a process beside it.
    pub(crate) fn config_for_others(&self) -> std::path::PathBuf {
        let text = std::fs::read_to_string(self.path().join("node.toml")).unwrap();
        let path = self.path().join("others.toml");
        std::fs::write(&path, text.replace("http://127.0.0.1:1", &self.url)).unwrap();
        path
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.as_ref().unwrap().block_on(future)
    }

    pub(crate) fn admit(&self, party: &str, key: &SigningKey, quota: u64) {
        self.block_on(async {
            let mut admissions = (*self.node.admissions()).clone();
            admissions
                .add(party, &PublicKey::of(key), 1, quota)
                .unwrap();
            admissions.save(&self.node.database).await.unwrap();
            self.node.refresh_admissions().await;
        });
    }

    /// For a request with headers of its own.
    pub(crate) fn agent(&self) -> &ureq::Agent {
        &self.agent
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        answer(
            self.agent
                .get(format!("{}{path}", self.url))
                .call()
                .unwrap(),
        )
    }

    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Answer {
        answer(
            self.agent
                .post(format!("{}{path}", self.url))
                .send(body)
                .unwrap(),
        )
    }

    pub(crate) fn patch(&self, path: &str) -> Answer {
        answer(
            self.agent
                .patch(format!("{}{path}", self.url))
                .send_empty()
                .unwrap(),
        )
    }

    pub(crate) fn put(&self, path: &str, headers: &[(&str, String)], body: &[u8]) -> Answer {
        let mut request = self.agent.put(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        answer(request.send(body).unwrap())
    }

    /// The address under which key 1 may upload.
    pub(crate) fn blob(digest: Hash) -> String {
        format!(
            "/api/v1/blobs/sha256/{digest}?{}",
            upload::parameters(&secret(1), digest)
        )
    }

    pub(crate) fn head(&self, path: &str) -> Answer {
        answer(
            self.agent
                .head(format!("{}{path}", self.url))
                .call()
                .unwrap(),
        )
    }

    /// Posts an envelope with the key that signed it.
    pub(crate) fn enter(&self, payload: &[u8], key: &SigningKey) -> Answer {
        let envelope = Envelope::sign(payload.to_vec(), key);
        self.post(&statements(key), &envelope.to_bytes())
    }

    /// Waits until something is so; names it when it never is.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "{what} did not come"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for TestNode {
    fn drop(&mut self) {
        self.close();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| {
        (
            name.to_string(),
            value.to_str().unwrap_or_default().to_owned(),
        )
    });
    Answer {
        status: response.status().as_u16(),
        headers: headers.collect(),
        body: response
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_vec()
            .unwrap(),
    }
}

/// The address for statements signed by this key.
pub(crate) fn statements(key: &SigningKey) -> String {
    format!("/api/v1/statements?key={}", PublicKey::of(key).id())
}

pub(crate) fn secret(number: u8) -> SigningKey {
    SigningKey::from_slice(&sha256(&[number]).0).unwrap()
}

pub(crate) fn word(text: &str) -> Word {
    Word::parse(text).unwrap()
}

/// An update of `acme` on `channel`.
pub(crate) fn update(channel: &str, serial: u64, predecessor: Option<(u64, Hash)>) -> Update {
    Update {
        line: Line {
            publisher: word("acme"),
            product: word("acme-shield"),
            kind: LineKind::Software,
            channel: word(channel),
            platform: word("any"),
        },
        version: format!("4.2.{serial}").into(),
        serial,
        predecessor: predecessor.map(|(serial, statement)| Predecessor { serial, statement }),
        files: vec![File {
            name: Name::parse(&format!("app-{serial}.deb")).unwrap(),
            size: 5,
            role: Role::Full,
        }],
        source: None,
        recipe: None,
        sbom: Vec::new(),
        notes: None,
        rules: None,
        requires: Vec::new(),
        actions: Actions {
            class: Class::Fix,
            consent: Consent::Contract,
        },
        audience: Audience::Everyone,
        activation: Activation {
            from: Time::from_seconds(1_790_000_000),
            until: None,
        },
        state: State::Offered,
        returns_to: None,
        supersedes: Vec::new(),
    }
}

pub(crate) fn payload(update: &Update) -> Vec<u8> {
    let name = update.files[0].name.clone();
    let digest = file_digest(update);
    update
        .to_statement_bytes(&[Subject::file(name, digest)])
        .unwrap_or_else(|refusal| panic!("{refusal}"))
}

pub(crate) fn file_digest(update: &Update) -> Hash {
    sha256(format!("file {} {}", update.line.channel.as_str(), update.serial).as_bytes())
}

/// A policy that believes `acme` and its log, which stands under these keys and this quorum.
pub(crate) fn policy(vkeys: &[Vkey], witnesses: &str) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let expires = Time::from_seconds(i64::try_from(now).unwrap()) + time::Duration::from_days(30);
    let keys: Vec<String> = vkeys.iter().map(|vkey| format!("\"{vkey}\"")).collect();
    let release = PublicKey::of(&secret(1)).to_policy_text();
    format!(
        r#"policy = 1
name = "test"
serial = 7
expires = "{expires}"

[[line]]
publisher = "acme"
product = "acme-shield"
kinds = ["software"]
channels = ["stable", "beta"]
platforms = ["any"]

[witnesses]
w = '''
{witnesses}'''

[log]
"{ORIGIN}" = {{ keys = [{}], witnesses = "w" }}

[publisher.acme]
operator = "Acme"
jurisdiction = "NL"
log = "{ORIGIN}"
keys = ["{release}"]
threshold = 1

[require.software]
when = {{ publisher = "acme", kind = "software" }}
published = true
"#,
        keys.join(", ")
    )
}

pub(crate) const ORIGIN: &str = "log.acme.example/v1";
