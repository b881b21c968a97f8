//! `vitrine-center`: one node of Vitrine. The verbs stand in `verbs/`, everything else in the library.

mod failure;
mod verbs;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use center::config::Config;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use witness::exit;
use witness::keys::Owner;

use crate::failure::Failure;

/// Run a transparency center: log, witness and portal in one program
#[derive(Debug, Parser)]
#[command(name = "vitrine-center", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// Form of the program's own log, on stderr
    #[arg(long, global = true, value_enum, default_value = "text")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LogFormat {
    /// One JSON object a line
    Json,
    /// Lines for people
    Text,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run all roles that the configuration names
    Serve(WithConfig),
    /// Work off jobs without serving
    Worker(WithConfig),
    /// Bring the database to this program's schema
    Migrate(WithConfig),
    /// Recheck log, blobs and views; the node must not run
    Fsck(WithConfig),
    /// Make the views again from logs and bodies
    RebuildViews(WithConfig),
    /// Make and show keys of the node's log and witness
    #[command(subcommand)]
    Key(KeyVerb),
    /// Say who may bring updates to this node
    #[command(subcommand)]
    Publisher(PublisherVerb),
}

#[derive(Debug, Args)]
struct WithConfig {
    /// Configuration of the node
    #[arg(long, value_name = "FILE", default_value = "node.toml")]
    config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum KeyVerb {
    /// Make both keys of a log or of a witness, and print their vkeys
    New {
        /// Origin of the log whose keys these are
        #[arg(
            long,
            value_name = "ORIGIN",
            conflicts_with = "witness",
            required_unless_present = "witness"
        )]
        log: Option<String>,
        /// Name of the witness whose keys these are
        #[arg(long, value_name = "NAME")]
        witness: Option<String>,
        /// Where to write the private keys; an existing file is never overwritten
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Print the vkeys of a key file
    Show {
        /// File of private keys
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum PublisherVerb {
    /// Admit a publisher's release key
    Add {
        /// The word that stands in the publisher's lines
        name: String,
        /// The key, as p256:… or as a PEM file
        #[arg(long, value_name = "KEY")]
        key: String,
        /// How many of the publisher's keys make an offer
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
        threshold: u32,
        /// Statements a day
        #[arg(long, default_value_t = 10_000)]
        quota: u64,
        #[command(flatten)]
        config: WithConfig,
    },
    /// List who is admitted
    List(WithConfig),
    /// End the admission of a key
    Remove {
        /// The publisher
        name: String,
        /// Id of the key, 64 hexadecimal digits
        key: String,
        #[command(flatten)]
        config: WithConfig,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(cli.log_format);
    let result = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(run(cli.verb)),
        Err(error) => Err(Failure::new(
            exit::OUR_BUG,
            format!("no threads: {error}"),
            "free some memory",
        )),
    };
    match result {
        Ok(lines) => {
            for line in lines {
                // A reader that has gone away has what it wanted.
                let _ = writeln!(std::io::stdout(), "{line}");
            }
            ExitCode::from(exit::YES)
        }
        Err(failure) => {
            let _ = writeln!(
                std::io::stderr(),
                "error: {}\n\nhint: {}",
                failure.message,
                failure.hint
            );
            ExitCode::from(failure.code)
        }
    }
}

async fn run(verb: Verb) -> Result<Vec<String>, Failure> {
    let read = |with: &WithConfig| Config::read(&with.config);
    match verb {
        Verb::Serve(with) => verbs::serve::serve(read(&with)?).await.map(|()| Vec::new()),
        Verb::Worker(with) => verbs::serve::work(read(&with)?).await.map(|()| Vec::new()),
        Verb::Migrate(with) => verbs::views::migrate(&read(&with)?).await,
        Verb::Fsck(with) => verbs::check::check(read(&with)?).await,
        Verb::RebuildViews(with) => verbs::views::rebuild(read(&with)?).await,
        Verb::Key(KeyVerb::New {
            log: Some(origin),
            out,
            ..
        }) => verbs::key::new(&origin, Owner::Log, &out),
        Verb::Key(KeyVerb::New { witness, out, .. }) => {
            verbs::key::new(&witness.unwrap_or_default(), Owner::Cosigner, &out)
        }
        Verb::Key(KeyVerb::Show { file }) => verbs::key::show(&file),
        Verb::Publisher(PublisherVerb::Add {
            name,
            key,
            threshold,
            quota,
            config,
        }) => verbs::publisher::add(&read(&config)?, &name, &key, threshold, quota).await,
        Verb::Publisher(PublisherVerb::List(with)) => verbs::publisher::list(&read(&with)?).await,
        Verb::Publisher(PublisherVerb::Remove { name, key, config }) => {
            verbs::publisher::remove(&read(&config)?, &name, &key).await
        }
    }
}

/// The program's log goes to stderr; `RUST_LOG` chooses what of it.
fn start_log(format: LogFormat) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Json => log.json().init(),
        LogFormat::Text => log.with_ansi(false).init(),
    }
}
