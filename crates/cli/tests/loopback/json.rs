//! `--json`: whole objects, each schema once. A changed snapshot is a changed promise: it needs a new schema version, or
//! a member that older readers may pass over.

use expect_test::expect_file;

use crate::kit::{FROM, Key, NOW, Place};
use crate::node::Node;

#[test]
fn every_schema_is_as_promised() {
    let (place, node) = (Place::new(), Node::start());
    let url = node.url();
    let vkey = Key::log().text();
    let published = place.run(&format!(
        "publish app.deb --node {url} --key release-1.key --version 4.2.0 --from {FROM} --publisher acme \
         --product acme-shield --platform linux-x86_64 --policy policy.toml --bundle b.jsonl --json"
    ));
    expect_file!["json/published-v1.json"].assert_eq(&published.out());
    let verdict = place.run(&format!(
        "verify app.deb --bundle b.jsonl --policy policy.toml --now {NOW} --json"
    ));
    expect_file!["json/verdict-v1.json"].assert_eq(&verdict.out());
    let line = place.run("bundle show b.jsonl --json");
    expect_file!["json/bundle-line-v1.json"].assert_eq(&line.out());
    let log = place.run(&format!("log show {url} --policy policy.toml --json"));
    expect_file!["json/log-v1.json"].assert_eq(&log.out());
    let entry = place.run(&format!("log entry {url} 0 --vkey {vkey} --json"));
    expect_file!["json/log-entry-v1.json"].assert_eq(&entry.out());
    let fsck = place.run(&format!("log fsck {url} --json"));
    expect_file!["json/log-fsck-v1.json"].assert_eq(&fsck.out());
}
