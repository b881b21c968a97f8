//! Statements over HTTP: the signature is checked, the statement passes the door, the entry is durable before the answer.

use std::fs;

use evidence::envelope::Envelope;
use evidence::key::PublicKey;
use p256::pkcs8::DecodePrivateKey;
use tlog::hash::{Hash, sha256};

use crate::Setting;
use crate::clock::{Sample, once};
use crate::demo::Demo;
use crate::http::{Requests, post, send};
use crate::table::{Line, count};

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Line>, String> {
    let demo = Demo::of_environment()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let pem = fs::read_to_string(demo.file("publisher.key")).map_err(|error| error.to_string())?;
    let secret = p256::SecretKey::from_pkcs8_pem(&pem).map_err(|error| error.to_string())?;
    let secret = p256::ecdsa::SigningKey::from(secret);
    let path = format!(
        "/api/v1/statements?key={}&wait=durable",
        PublicKey::of(&secret).id()
    );

    let mut lines = Vec::new();
    let mut first = 0;
    for connections in CONNECTIONS {
        let mut samples = Vec::new();
        for _ in 0..ROUNDS {
            // Each statement is about a file of its own and opens a line of its own.
            let numbers = first..first + STATEMENTS;
            first += STATEMENTS;
            let requests: Vec<Vec<u8>> = numbers
                .map(|number| {
                    let bytes = format!("file {number}").into_bytes();
                    let update = update(number, sha256(&bytes), bytes.len());
                    let envelope = Envelope::sign(update.into_bytes(), &secret);
                    post(demo.publisher, &path, &envelope.to_bytes())
                })
                .collect();
            crate::quiet::wait(crate::say);
            let cpu = demo.publisher_cpu()?;
            let requests = Requests::Each(requests);
            let (sample, sent) = once(STATEMENTS, || {
                runtime.block_on(send(demo.publisher, requests, connections, None, &[201]))
            });
            sent?;
            // Of the node, not of this process, which signs and sends; with the views and bundles that come later.
            crate::quiet::wait(crate::say);
            let cpu = demo.publisher_cpu()? - cpu;
            samples.push(Sample { cpu, ..sample });
        }
        let sample = Sample::median(samples).ok_or("nothing was measured")?;
        let share = 100.0 * sample.rate() / setting.floors.p256.rate();
        lines.push(Line::new(
            &format!(
                "statements over HTTP, each the first of a line, checked, durable, {connections} connections; CPU with views and bundles"
            ),
            format!("{}/s, {share:.0} % of the floor", count(sample.rate())),
            Some(sample.cpu_each()),
            format!(
                "P-256 checks of one core {}/s",
                count(setting.floors.p256.rate())
            ),
            "≥ 70 % of the floor",
        ));
    }
    Ok(lines)
}

/// An update in its canonical spelling: first of the line of product `bench-NUMBER`.
fn update(number: u64, digest: Hash, size: usize) -> String {
    format!(
        "{{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{{\
         \"actions\":{{\"class\":\"feature\",\"consent\":\"contract\"}},\
         \"activation\":{{\"from\":\"2026-01-01T00:00:00Z\"}},\"audience\":{{\"kind\":\"everyone\"}},\
         \"channel\":\"stable\",\"files\":[{{\"name\":\"app\",\"role\":\"full\",\"size\":{size}}}],\
         \"kind\":\"software\",\"platform\":\"any\",\"product\":\"bench-{number}\",\"publisher\":\"vitrine\",\
         \"serial\":1,\"state\":\"offered\",\"version\":\"1\"}},\"predicateType\":\"urn:vitrine:update:v1\",\
         \"subject\":[{{\"digest\":{{\"sha256\":\"{digest}\"}},\"name\":\"app\"}}]}}"
    )
}

const STATEMENTS: u64 = 4_000;
const ROUNDS: usize = 3;
/// A few senders wait for each other's group; many keep the next group full while one is written.
const CONNECTIONS: [usize; 2] = [64, 256];
