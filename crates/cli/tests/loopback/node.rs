//! A node in test code: log, blobs and statements in memory, honest unless a test tells it otherwise.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use evidence::bundle::{self, BundleLine, Place as EntryPlace};
use evidence::entry::Entry;
use evidence::envelope::Envelope;
use evidence::key::PublicKey;
use evidence::kind::Kind;
use evidence::statement::Statement;
use tlog::checkpoint::Checkpoint;
use tlog::hash::{Hash, leaf_hash, sha256};
use tlog::proof::{ProofPlan, Tiles};
use tlog::proof_file::ProofFile;
use tlog::tile::{self, EntryTile, Tile};
use tlog::tree::Edge;

use crate::kit::{Key, ORIGIN, note, release_key};
use crate::server::{Exchange, Server};

/// A running node.
pub(crate) struct Node {
    server: Server,
    state: Arc<Mutex<State>>,
}

/// What the node holds, and how it misbehaves.
#[derive(Default)]
pub(crate) struct State {
    blobs: BTreeMap<Hash, Vec<u8>>,
    partial: BTreeMap<Hash, Vec<u8>>,
    signed: Vec<(Envelope, PublicKey)>,
    edge: Edge,
    tiles: Tiles,
    /// How many witnesses cosign.
    pub(crate) witnesses: usize,
    /// Uploads that break off after so many bytes, in order.
    pub(crate) cuts: VecDeque<usize>,
    /// Requests in their order.
    pub(crate) asked: Vec<String>,
    /// Answers a post with this refusal: status, code, message, hint.
    pub(crate) refusal: Option<(u16, &'static str, &'static str, &'static str)>,
    /// Changes an answer to a post before it is sent.
    pub(crate) lie: Option<fn(String) -> String>,
    /// Answers every upload with this status.
    pub(crate) upload_status: Option<u16>,
}

impl Node {
    /// A node whose log three witnesses cosign.
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(State {
            witnesses: 3,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        let server = Server::start(move |exchange| {
            let mut state = shared.lock().unwrap();
            state
                .asked
                .push(format!("{} {}", exchange.method, exchange.path));
            state.route(exchange);
        });
        Self { server, state }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Requests so far that begin like this.
    pub(crate) fn count(&self, beginning: &str) -> usize {
        self.state()
            .asked
            .iter()
            .filter(|asked| asked.starts_with(beginning))
            .count()
    }
}

impl State {
    fn route(&mut self, exchange: &mut Exchange) {
        let path = exchange.path.clone();
        let path = path.trim_start_matches('/');
        if let Some(hex) = path.strip_prefix("api/v1/blobs/sha256/") {
            // Uploads bring their permission; the node of these tests admits everyone.
            let digest = Hash::from_hex(hex.split('?').next().unwrap_or_default()).unwrap();
            match exchange.method.as_str() {
                "HEAD" => self.head(exchange, digest),
                "PUT" => self.put(exchange, digest),
                _ => match self.blobs.get(&digest) {
                    Some(bytes) => exchange.answer(200, &[], bytes),
                    None => exchange.refuse(404, "not-found", "nothing here", ""),
                },
            }
        } else if let Some(hex) = path.strip_prefix("api/v1/lines/") {
            self.line(exchange, Hash::from_hex(hex).unwrap());
        } else if path.starts_with("api/v1/statements?") {
            self.post(exchange);
        } else if let Some(hex) = path
            .strip_prefix("bundle/")
            .and_then(|name| name.strip_suffix(".jsonl"))
        {
            match self.bundle(Hash::from_hex(hex).unwrap()) {
                Some(bytes) => exchange.answer(200, &[], &bytes),
                None => exchange.refuse(404, "not-logged", "nothing is logged about it", ""),
            }
        } else if path == "checkpoint" {
            let note = self.note();
            exchange.answer(200, &[], note.as_bytes());
        } else if let Some(tile) = Tile::from_path(path) {
            self.tile(exchange, tile);
        } else if let Some(tile) = EntryTile::from_path(path) {
            self.entries(exchange, tile);
        } else {
            exchange.refuse(404, "not-found", "nothing here", "");
        }
    }

    fn head(&self, exchange: &mut Exchange, digest: Hash) {
        if self.blobs.contains_key(&digest) {
            return exchange.answer(200, &[], b"");
        }
        let offset = self.partial.get(&digest).map_or(0, Vec::len);
        exchange.answer(404, &[("upload-offset", offset.to_string())], b"");
    }

    fn put(&mut self, exchange: &mut Exchange, digest: Hash) {
        if let Some(status) = self.upload_status {
            return exchange.refuse(status, "disk-full", "the disk is full", "");
        }
        let offset = exchange.number("upload-offset").unwrap_or(0);
        let total = exchange.number("upload-length").unwrap();
        let held = self.partial.entry(digest).or_default();
        if offset != held.len() {
            let at = held.len().to_string();
            return exchange.answer(409, &[("upload-offset", at)], b"{}");
        }
        if let Some(cut) = self.cuts.pop_front() {
            held.extend(exchange.body(cut));
            // The connection ends here: the rest never arrives.
            return;
        }
        held.extend(exchange.body(usize::MAX));
        if held.len() < total {
            let at = held.len().to_string();
            return exchange.answer(202, &[("upload-offset", at)], b"");
        }
        let bytes = self.partial.remove(&digest).unwrap();
        if sha256(&bytes) != digest {
            return exchange.refuse(422, "wrong-digest", "the bytes have another digest", "");
        }
        self.blobs.insert(digest, bytes);
        exchange.answer(201, &[], b"");
    }

    fn line(&self, exchange: &mut Exchange, line: Hash) {
        let newest = self.signed.iter().rev().find_map(|(envelope, _)| {
            let statement = Statement::parse(envelope.payload()).ok()?;
            match statement.kind() {
                Kind::Update(update) if update.line.id() == line => {
                    Some((update.serial, statement.id()))
                }
                _ => None,
            }
        });
        match newest {
            Some((serial, statement)) => exchange.json(
                200,
                &format!(r#"{{"index":0,"line":"{line}","origin":"{ORIGIN}","serial":{serial},"state":"offered","statement":"{statement}"}}"#),
            ),
            None => exchange.refuse(404, "not-found", "nothing here", ""),
        }
    }

    fn post(&mut self, exchange: &mut Exchange) {
        let body = exchange.body(usize::MAX);
        if let Some((status, code, message, hint)) = self.refusal {
            return exchange.refuse(status, code, message, hint);
        }
        let envelope = Envelope::parse(&body).unwrap();
        let keys = [1, 2, 3].map(|number| PublicKey::of(&release_key(number)));
        let key = *keys
            .iter()
            .find(|key| envelope.verify(key).is_ok())
            .unwrap();
        let known = self
            .signed
            .iter()
            .position(|(other, by)| *other == envelope && *by == key);
        let (status, index) = match known {
            Some(index) => (200, index),
            None => (201, self.append(envelope.clone(), key)),
        };
        let leaf = leaf_hash(&Entry::of(&envelope, &key).to_bytes());
        let durable = exchange.path.ends_with("wait=durable");
        let (status, more) = if durable {
            (status, r#""witnessed":false"#.to_owned())
        } else if self.witnesses < 2 {
            (
                202,
                format!(r#""have":{},"need":2,"witnessed":false"#, self.witnesses),
            )
        } else {
            let proof = self.proof(index).to_text().replace('\n', "\\n");
            (status, format!(r#""proof":"{proof}","witnessed":true"#))
        };
        let answer = format!(
            r#"{{"index":{index},"key":"{}","leaf":"{leaf}","origin":"{ORIGIN}",{more},"statement":"{}"}}"#,
            key.id(),
            envelope.statement()
        );
        exchange.json(status, &self.lie.map_or(answer.clone(), |lie| lie(answer)));
    }

    pub(crate) fn append(&mut self, envelope: Envelope, key: PublicKey) -> usize {
        let mut finished = Vec::new();
        self.edge.push(
            leaf_hash(&Entry::of(&envelope, &key).to_bytes()),
            &mut finished,
        );
        self.tiles.extend(finished);
        self.blobs
            .insert(envelope.statement(), envelope.payload().to_vec());
        self.signed.push((envelope, key));
        self.signed.len() - 1
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::new(ORIGIN, self.edge.size(), self.edge.root()).unwrap()
    }

    pub(crate) fn note(&self) -> String {
        note(&self.checkpoint(), self.witnesses)
    }

    fn all_tiles(&self) -> Tiles {
        let mut tiles = self.tiles.clone();
        tiles.extend(
            self.edge
                .partial_tiles()
                .map(|(tile, hashes)| (tile, hashes.to_vec())),
        );
        tiles
    }

    fn hashes(&self, index: usize) -> Vec<Hash> {
        let plan = ProofPlan::inclusion(index as u64, self.edge.size()).unwrap();
        plan.finish(&self.all_tiles()).unwrap()
    }

    fn proof(&self, index: usize) -> ProofFile {
        ProofFile {
            extra: None,
            index: index as u64,
            hashes: self.hashes(index),
            checkpoint: self.note(),
        }
    }

    pub(crate) fn bundle(&self, digest: Hash) -> Option<Vec<u8>> {
        let lines: Vec<_> = (0..)
            .zip(&self.signed)
            .filter(|(_, (envelope, _))| {
                Statement::parse(envelope.payload())
                    .unwrap()
                    .is_about(digest)
            })
            .map(|(index, (envelope, key))| {
                let place = EntryPlace {
                    log_id: tlog::signer::Signer::vkey(&Key::log()).full_id(),
                    index: index as u64,
                    hashes: self.hashes(index),
                    checkpoint: self.note(),
                };
                BundleLine::new(envelope.clone(), Entry::of(envelope, key), place).unwrap()
            })
            .collect();
        (!lines.is_empty()).then(|| bundle::write(&lines))
    }

    fn tile(&self, exchange: &mut Exchange, tile: Tile) {
        match self.all_tiles().get(&tile) {
            Some(hashes) => exchange.answer(200, &[], &tile::to_bytes(hashes)),
            None => exchange.answer(404, &[], b""),
        }
    }

    fn entries(&self, exchange: &mut Exchange, wanted: EntryTile) {
        let from = wanted.index as usize * 256;
        let mut bytes = Vec::new();
        for (envelope, key) in self
            .signed
            .iter()
            .skip(from)
            .take(usize::from(wanted.width))
        {
            tile::push_entry(&mut bytes, &Entry::of(envelope, key).to_bytes()).unwrap();
        }
        exchange.answer(200, &[], &bytes);
    }
}
