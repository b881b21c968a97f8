//! The demo that `./dev bench` keeps running meanwhile: one publisher, three centers, eight updates of one line.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the demo is.
pub(crate) struct Demo {
    /// Its folder: policy, keys, files.
    pub(crate) folder: PathBuf,
    /// The publisher's node.
    pub(crate) publisher: SocketAddr,
    /// A center's node.
    pub(crate) center: SocketAddr,
    /// Process of the publisher's node.
    publisher_process: u32,
}

impl Demo {
    /// What `./dev bench` says in the environment.
    pub(crate) fn of_environment() -> Result<Self, String> {
        let text = |name: &str| {
            env::var(name).map_err(|_| format!("{name} is not set; `./dev bench` sets it"))
        };
        let parse = |text: String| text.parse().map_err(|_| format!("{text} is no address"));
        Ok(Self {
            folder: text("VITRINE_DEMO")?.into(),
            publisher: parse(text("VITRINE_PUBLISHER")?)?,
            center: parse(text("VITRINE_CENTER")?)?,
            publisher_process: text("VITRINE_PUBLISHER_PROCESS")?
                .parse()
                .map_err(|_| "no process id".to_owned())?,
        })
    }

    /// A file of the demo.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// CPU time that the publisher's node has used, in the kernel's ticks of 10 ms.
    pub(crate) fn publisher_cpu(&self) -> Result<Duration, String> {
        cpu(Path::new(&format!("/proc/{}/stat", self.publisher_process)))
    }
}

fn cpu(path: &Path) -> Result<Duration, String> {
    let stat = fs::read_to_string(path).map_err(|error| error.to_string())?;
    // The name, in brackets, may hold anything; fields 14 and 15 are user and system time.
    let fields: Vec<&str> = stat
        .rsplit(") ")
        .next()
        .unwrap_or_default()
        .split(' ')
        .collect();
    let ticks = |field: usize| {
        fields
            .get(field - 3)
            .and_then(|ticks| ticks.parse::<u64>().ok())
    };
    let ticks = ticks(14)
        .zip(ticks(15))
        .ok_or("a line of /proc has another form")?;
    Ok(Duration::from_millis(10 * (ticks.0 + ticks.1)))
}
