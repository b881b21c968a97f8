//! The texts of the demo, as pure functions: configuration, policies, the root of trust for outside clients.

use std::fmt::Write as _;
use std::net::SocketAddr;

use tlog::encoding::encode;
use tlog::key::{Algorithm, Vkey};

/// One node of the demo: a publisher, or a center.
pub(crate) struct Place {
    /// Folder, group in the quorum, and middle part of the names: `europe`.
    pub(crate) name: &'static str,
    /// On pages.
    pub(crate) title: &'static str,
    /// On pages, and counted by the policy's `independent`.
    pub(crate) operator: &'static str,
    pub(crate) region: &'static str,
    pub(crate) jurisdiction: &'static str,
    pub(crate) address: SocketAddr,
    /// Of the node's own log: Ed25519 and ML-DSA-44.
    pub(crate) log_keys: Vec<Vkey>,
    /// Of the node as a witness: both kinds; empty for the publisher.
    pub(crate) witness_keys: Vec<Vkey>,
}

impl Place {
    /// Where the node answers.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn origin(&self) -> &str {
        self.log_keys.first().map_or("", |key| key.name().as_str())
    }
}

/// Witness, group and quorum lines: two of the three centers, each by either of its two keys.
///
/// With addresses for a log that asks them, without for a customer who only verifies.
pub(crate) fn quorum(places: &[Place], with_addresses: bool) -> String {
    let mut witnesses = String::new();
    let mut groups = String::new();
    let mut names = Vec::new();
    for place in centers(places) {
        let address = if with_addresses {
            format!(" {}/witness", place.url())
        } else {
            String::new()
        };
        let mut members = String::new();
        for key in &place.witness_keys {
            // Two keys of one operator are one vote, hence the group.
            let member = format!(
                "{}-{}",
                place.name,
                if key.algorithm() == Algorithm::MlDsa44 {
                    "m"
                } else {
                    "e"
                }
            );
            line(
                &mut witnesses,
                format_args!("witness {member} {key}{address}"),
            );
            write!(members, " {member}").expect("a string takes everything");
        }
        line(
            &mut groups,
            format_args!("group {} any{members}", place.name),
        );
        names.push(place.name);
    }
    line(
        &mut groups,
        format_args!("group centers 2 {}", names.join(" ")),
    );
    format!("{witnesses}{groups}quorum centers\n")
}

/// The C2SP policy of one log for tools that know nothing of updates.
pub(crate) fn witness_policy(publisher: &Place, places: &[Place]) -> String {
    let logs: String = publisher
        .log_keys
        .iter()
        .map(|key| format!("log {key} {}\n", publisher.url()))
        .collect();
    format!("{logs}{}", quorum(places, true))
}

/// `node.toml`. The publisher's node has a log and a portal; a center also witnesses all logs and follows the publisher.
pub(crate) fn node(place: &Place, publisher: &Place, places: &[Place]) -> String {
    let quorum = quorum(places, true);
    let mut text = format!(
        "name = \"{}\"\noperator = \"{}\"\nregion = \"{}\"\njurisdiction = \"{}\"\nlisten = \"{}\"\nurl = \"{}\"\n\
         data = \"data\"\n\n[log]\norigin = \"{}\"\nkeys = \"log.keys\"\nwitnesses = '''\n{quorum}'''\n\n\
         [portal]\npolicy = \"../../policy.toml\"\n\n\
         # On loopback everyone has one address.\n[limits]\nrequests-per-second = 1000000\nburst = 1000000\n",
        place.title,
        place.operator,
        place.region,
        place.jurisdiction,
        place.address,
        place.url(),
        place.origin(),
    );
    // A node knows its own name; of the others its operator says it.
    for center in centers(places).filter(|center| center.name != place.name) {
        line(
            &mut text,
            format_args!(
                "\n[[portal.center]]\nwitness = \"{}\"\nname = \"{}\"\noperator = \"{}\"\njurisdiction = \"{}\"\n\
                 log = \"{}\"\nportal = \"{}\"",
                center.name,
                center.title,
                center.operator,
                center.jurisdiction,
                center.origin(),
                center.url(),
            ),
        );
    }
    if place.witness_keys.is_empty() {
        return text;
    }
    text.push_str("\n[witness]\nkeys = \"witness.keys\"\n");
    for log in places {
        let keys = quoted(&log.log_keys);
        line(
            &mut text,
            format_args!("\n[[witness.log]]\nkeys = [{keys}]\nper-day = 100000"),
        );
    }
    let keys = quoted(&publisher.log_keys);
    let url = publisher.url();
    line(
        &mut text,
        format_args!(
            "\n[[follow]]\nurl = \"{url}\"\nkeys = [{keys}]\nwitnesses = '''\n{quorum}'''"
        ),
    );
    text
}

/// The customer's trust policy, not sealed yet.
pub(crate) fn policy(publisher: &Place, places: &[Place], key: &str, expires: &str) -> String {
    let origin = publisher.origin();
    format!(
        "# What a customer of the demo believes. Sealed by `vitrine policy seal`.\n\
         policy = 1\nname = \"demo-customer\"\nserial = 1\nexpires = \"{expires}\"\nclock-skew = \"PT5M\"\n\n\
         [[line]]\npublisher = \"{PUBLISHER}\"\nproduct = \"{PRODUCT}\"\nkinds = [\"software\"]\n\
         channels = [\"stable\"]\nplatforms = [\"{}\", \"any\"]\n\n\
         [witnesses]\ncenters = '''\n{}'''\n\n\
         [log]\n\"{origin}\" = {{ keys = [{}], witnesses = \"centers\" }}\n\n\
         [publisher.{PUBLISHER}]\noperator = \"{}\"\njurisdiction = \"{}\"\nlog = \"{origin}\"\nkeys = [\"{key}\"]\n\
         threshold = 1\n\n\
         [require.software]\nwhen = {{ publisher = \"{PUBLISHER}\", kind = \"software\" }}\npublished = true\n",
        platform(),
        quorum(places, false),
        quoted(&publisher.log_keys),
        publisher.operator,
        publisher.jurisdiction,
    )
}

/// Sigstore's trusted root for the publisher's log: its Ed25519 key under the full 32 bytes of its id (tlog.md §4).
pub(crate) fn trusted_root(publisher: &Place, since: &str) -> String {
    let logs: Vec<_> = publisher
        .log_keys
        .iter()
        .filter(|key| key.algorithm() == Algorithm::Ed25519)
        .map(|key| {
            let spki = [SPKI_ED25519, key.public_key()].concat();
            serde_json::json!({
                "baseUrl": format!("https://{}", key.name().as_str()),
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": encode(&spki), "keyDetails": "PKIX_ED25519", "validFor": { "start": since },
                },
                "logId": { "keyId": encode(&key.full_id().0) },
            })
        })
        .collect();
    let root = serde_json::json!({
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": logs,
        "certificateAuthorities": [],
        "ctlogs": [],
        "timestampAuthorities": [],
    });
    format!("{root:#}\n")
}

/// The platform word of this machine's line.
pub(crate) fn platform() -> String {
    format!("linux-{}", std::env::consts::ARCH)
}

/// The places that witness.
fn centers(places: &[Place]) -> impl Iterator<Item = &Place> {
    places.iter().filter(|place| !place.witness_keys.is_empty())
}

fn quoted(keys: &[Vkey]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
    keys.join(", ")
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes everything");
}

/// Publisher and product of the demo's line.
pub(crate) const PUBLISHER: &str = "vitrine";
pub(crate) const PRODUCT: &str = "vitrine";
/// SubjectPublicKeyInfo of an Ed25519 key up to the key (RFC 8410, section 4).
const SPKI_ED25519: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

#[cfg(test)]
mod tests {
    use super::*;
    use tlog::key::KeyName;
    use tlog::policy::{Policy, Witnesses};

    fn key(name: &str, algorithm: Algorithm, seed: u8) -> Vkey {
        let name = KeyName::new(name).unwrap();
        // Any 1,312 bytes are an ML-DSA-44 key; for Ed25519 one is looked for, since half of all strings are no point.
        (0..=255)
            .find_map(|byte| {
                let mut bytes = vec![seed; algorithm.key_length()];
                bytes[0] = byte;
                Vkey::new(name.clone(), algorithm, &bytes).ok()
            })
            .unwrap()
    }

    fn places() -> Vec<Place> {
        let place = |name: &'static str, port: u16, is_center: bool| Place {
            name,
            title: name,
            operator: name,
            region: name,
            jurisdiction: "NL",
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            log_keys: [Algorithm::Ed25519, Algorithm::MlDsa44]
                .map(|algorithm| key(&format!("{name}.example/v1"), algorithm, port as u8))
                .into(),
            witness_keys: [Algorithm::Ed25519Cosignature, Algorithm::MlDsa44]
                .into_iter()
                .filter(|_| is_center)
                .map(|algorithm| key(&format!("{name}.example/w"), algorithm, port as u8 + 100))
                .collect(),
        };
        vec![
            place("log", 1, false),
            place("europe", 2, true),
            place("asia", 3, true),
            place("americas", 4, true),
        ]
    }

    #[test]
    fn the_witness_policy_is_one_and_wants_two_of_three_centers() {
        let places = places();
        let policy = Policy::parse(witness_policy(&places[0], &places).as_bytes()).unwrap();
        assert_eq!(policy.logs().len(), 2);
        assert_eq!(policy.witnesses().witnesses().len(), 6);
        let met = |centers: &[&str]| {
            policy.witnesses().met_by(|witness| {
                let name = witness.name.to_string();
                centers.iter().any(|center| name.starts_with(center))
            })
        };
        assert!(met(&["asia", "europe"]));
        assert!(!met(&["asia"]), "two keys of one center are one vote");
    }

    #[test]
    fn a_customer_is_given_no_address_to_ask() {
        let text = quorum(&places(), false);
        let witnesses = Witnesses::parse(text.as_bytes()).unwrap();
        assert!(
            witnesses
                .witnesses()
                .iter()
                .all(|witness| witness.url.is_none())
        );
    }

    #[test]
    fn a_node_names_the_centers_beside_itself_with_their_addresses() {
        let places = places();
        let named = |place: &Place| -> Vec<(String, String)> {
            let text = node(place, &places[0], &places);
            let centers = text
                .split("\n[[")
                .filter_map(|part| part.strip_prefix("portal.center]]"));
            let word = |center: &str, name: &str| {
                let line = center.lines().find(|line| line.starts_with(name)).unwrap();
                line.split('"').nth(1).unwrap().to_owned()
            };
            centers
                .map(|center| (word(center, "witness"), word(center, "portal")))
                .collect()
        };
        let pair = |name: &str, port: u16| (name.to_owned(), format!("http://127.0.0.1:{port}"));
        let (europe, asia, americas) = (pair("europe", 2), pair("asia", 3), pair("americas", 4));
        assert_eq!(named(&places[0]), [europe.clone(), asia, americas.clone()]);
        assert_eq!(named(&places[2]), [europe, americas]);
    }

    #[test]
    fn the_trusted_root_names_the_ed25519_key_alone() {
        let places = places();
        let root: serde_json::Value =
            serde_json::from_str(&trusted_root(&places[0], "2026-01-01T00:00:00Z")).unwrap();
        assert_eq!(root["tlogs"].as_array().unwrap().len(), 1);
        assert_eq!(root["tlogs"][0]["baseUrl"], "https://log.example/v1");
        let id =
            tlog::encoding::decode(root["tlogs"][0]["logId"]["keyId"].as_str().unwrap()).unwrap();
        assert_eq!(id[..4], places[0].log_keys[0].id().0);
        assert_eq!(id.len(), 32);
    }
}
