//! `vitrine-witness`: what was typed, done. Answers go to standard output, everything else to standard error.

mod cli;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, Parser};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use witness::clock::Clock;
use witness::config::{Config, ConfigRefused, LogFormat};
use witness::exit;
use witness::journal::AppendFailed;
use witness::journal::disk::Faults;
use witness::keys::{KeyFile, KeysRefused};
use witness::router::router;
use witness::serve::{self, BindFailed};
use witness::service::{OpenRefused, Settings, Witness};

use crate::cli::{Cli, KeyVerb, Topic, Verb};

fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| error.exit());
    match run(cli.verb) {
        Ok(()) => ExitCode::from(exit::YES),
        Err(failure) => {
            failure.print();
            ExitCode::from(failure.code())
        }
    }
}

fn run(verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Help { topic: None } => say(&Cli::command().render_long_help().to_string()),
        Verb::Help {
            topic: Some(Topic::ExitCodes),
        } => {
            let lines = exit::TABLE
                .iter()
                .map(|(code, meaning)| format!("{code:>3}  {meaning}\n"));
            say(&lines.collect::<String>())
        }
        Verb::Key(KeyVerb::New { name, out, owner }) => {
            let unusable = Failure::keys(&out);
            let keys = KeyFile::generate(&name, owner.into()).map_err(&unusable)?;
            keys.save(&out).map_err(unusable)?;
            say(&vkeys(&keys))
        }
        Verb::Key(KeyVerb::Show { file }) => {
            say(&vkeys(&KeyFile::load(&file).map_err(Failure::keys(&file))?))
        }
        Verb::Serve { config } => serve(&config),
    }
}

fn serve(path: &Path) -> Result<(), Failure> {
    let config = Config::load(path)?;
    start_logging(config.log_format);
    let logs = config.all_logs()?;
    for (origin, reason) in &logs.passed_over {
        tracing::warn!(%origin, %reason, "a listed log is not witnessed");
    }
    let keys = KeyFile::load(&config.keys).map_err(Failure::keys(&config.keys))?;
    let count = logs.taken.len();
    let witness = Witness::open(Settings {
        directory: config.data.clone(),
        keys,
        logs: logs.taken,
        clock: Clock::system(),
        faults: Faults::none(),
    })?;
    let witness = Arc::new(witness);
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::System(error.kind()))?;
    runtime.block_on(async {
        let listener = serve::bind(config.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::System(error.kind()))?;
        let mut terminate =
            signal(SignalKind::terminate()).map_err(|error| Failure::System(error.kind()))?;
        let mut interrupt =
            signal(SignalKind::interrupt()).map_err(|error| Failure::System(error.kind()))?;
        tracing::info!(%address, logs = count, "witnessing");
        say(&format!("listening on http://{address}\n"))?;
        let shutdown = async {
            tokio::select! {
                _ = terminate.recv() => tracing::info!("stopping on SIGTERM"),
                _ = interrupt.recv() => tracing::info!("stopping on SIGINT"),
                // A witness that cannot store must not look alive to those who count on it.
                _ = witness.stopped() => {}
            }
        };
        serve::serve(
            listener,
            router(Arc::clone(&witness), &config.prefixes),
            shutdown,
        )
        .await;
        witness
            .failure()
            .map_or(Ok(()), |failed| Err(Failure::Stopped(failed)))
    })
    // The last `Witness` goes here, and waits until what was accepted is durable.
}

fn start_logging(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    match format {
        LogFormat::Json => lines.json().init(),
        LogFormat::Text => lines.with_target(false).with_ansi(colour).init(),
    }
}

fn vkeys(keys: &KeyFile) -> String {
    keys.vkeys()
        .iter()
        .map(|vkey| format!("{vkey}\n"))
        .collect()
}

fn say(text: &str) -> Result<(), Failure> {
    match io::stdout()
        .write_all(text.as_bytes())
        .and_then(|()| io::stdout().flush())
    {
        // Whoever read has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::System(error.kind()))
        }
        _ => Ok(()),
    }
}

/// Why the program ends without success.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot listen")]
    Bind(#[from] BindFailed),
    #[error("configuration is refused")]
    Config(#[from] ConfigRefused),
    #[error("key file {} cannot be used", path.display())]
    Keys {
        path: PathBuf,
        #[source]
        cause: KeysRefused,
    },
    #[error("witness does not start")]
    Open(#[from] OpenRefused),
    #[error("witness stopped by itself")]
    Stopped(#[source] AppendFailed),
    #[error("system refused: {0}")]
    System(io::ErrorKind),
}

impl Failure {
    fn keys(path: &Path) -> impl Fn(KeysRefused) -> Self {
        let path = path.to_owned();
        move |cause| Self::Keys {
            path: path.clone(),
            cause,
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Keys { .. } => exit::WRONG_USE,
            Self::Open(OpenRefused::Journal(_)) => exit::UNAVAILABLE,
            Self::Open(_) => exit::WRONG_USE,
            Self::Bind(_) | Self::Stopped(_) | Self::System(_) => exit::UNAVAILABLE,
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Bind(cause) => cause.hint(),
            Self::Config(cause) => cause.hint(),
            Self::Keys { cause, .. } => cause.hint(),
            Self::Open(cause) => cause.hint(),
            Self::Stopped(cause) => cause.hint(),
            Self::System(_) => "check the limits of the process and try again",
        }
    }

    fn print(&self) {
        let mut text = format!("error: {self}");
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        // Nobody reads standard error any more: the exit code says it too.
        let _ = writeln!(io::stderr(), "{text}\nhint: {}", self.hint());
    }
}
