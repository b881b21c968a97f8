//! Durable appends (tlog.md §5): many at once, one alone, and `fsck` over what they left.

use std::time::Instant;

use store::log::{Scope, fsck};

use crate::Setting;
use crate::clock::{Durations, Sample, once};
use crate::log::{append, entry, keys, nobody, open};
use crate::table::{Line, count, time};

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Line>, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .build()
        .map_err(|error| error.to_string())?;
    let folder = setting.folder.path().join("log");
    let log = open(&folder)?;
    let appender = log.appender();

    let mut samples = Vec::new();
    for first in [0, ENTRIES, 2 * ENTRIES] {
        let (sample, done) = once(ENTRIES, || {
            runtime.block_on(append(&appender, first, first + ENTRIES, GROUP, CALLERS))
        });
        done?;
        samples.push(sample);
    }
    let many = Sample::median(samples).ok_or("nothing was measured")?;
    let all = 3 * ENTRIES;

    let mut lone = Vec::new();
    for number in 0..LONE {
        let start = Instant::now();
        let mut ticket = appender
            .append(&entry(all + number))
            .map_err(|error| error.to_string())?;
        runtime
            .block_on(ticket.durable())
            .map_err(|error| error.to_string())?;
        lone.push(start.elapsed());
    }
    let lone = Durations::new(lone);
    drop(log);

    let (checked, report) = once(all + LONE, || {
        fsck(&folder, &keys()?, &nobody(), Scope::Whole).map_err(|error| error.to_string())
    });
    let report = report?;
    if !report.is_clean() || report.size != all + LONE {
        return Err(format!(
            "fsck found {} of {} entries and {:?}",
            report.size,
            all + LONE,
            report.findings
        ));
    }

    let syncs = &setting.floors.syncs;
    let sync = format!(
        "sync p50 {}, p99 {}",
        time(syncs.percentile(50)),
        time(syncs.percentile(99))
    );
    let leaf = format!("leaf hash {}", time(setting.floors.leaf_hashes.cpu_each()));
    Ok(vec![
        Line::new(
            &format!("durable appends, 256-byte entries, {CALLERS} callers of {GROUP}"),
            format!("{}/s", count(many.rate())),
            Some(many.cpu_each()),
            leaf.clone(),
            "≥ 100,000/s, ≤ 2 µs CPU",
        ),
        Line::new(
            "one lone append, durable",
            format!(
                "p50 {}, p99 {}",
                time(lone.percentile(50)),
                time(lone.percentile(99))
            ),
            None,
            sync,
            "p99 under 3 syncs",
        ),
        Line::new(
            "`fsck`, every byte of log and tiles",
            format!("{} entries/s", count(checked.rate())),
            Some(checked.cpu_each()),
            leaf,
            "≥ 1,000,000/s",
        ),
    ])
}

const ENTRIES: u64 = 1 << 19;
const GROUP: u64 = 1024;
const CALLERS: u64 = 8;
const LONE: u64 = 500;
