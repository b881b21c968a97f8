//! What can be typed: the one definition from which help, completions, manual pages and
//! `docs/reference/cli.md` are made.
//!
//! The first line of each description is a command to the program, without a full stop.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use evidence::kind::update::{Class, Consent, Requirement, SbomFormat};
use evidence::line::{LineKind, Word};
use evidence::time::Time;
use tlog::hash::Hash;
use tlog::key::Vkey;

use crate::url::BaseUrl;
use crate::value;

/// Check that an update is the one that everyone else was given, and publish updates that can be checked
#[derive(Debug, Parser)]
#[command(
    name = "vitrine",
    version,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// How the program prints.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputOptions {
    /// Colour the words on terminals, always, or never; NO_COLOR is obeyed
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(crate) color: Colour,
    /// Print the answer and errors, and nothing else
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Show no progress; it is shown on a terminal alone, after a second
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
}

/// When words are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    Always,
    Auto,
    Never,
}

/// How long a server may take.
#[derive(Debug, Args)]
pub(crate) struct NetworkOptions {
    /// Leave a server that sends nothing, or less than 1 KiB a second, for this long
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = value::patience)]
    pub(crate) patience: Duration,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Bundle(Bundle),
    Completions(Completions),
    Help(Help),
    Key(Key),
    Log(Log),
    Manual(Manual),
    Policy(Policy),
    Publish(Box<Publish>),
    Verify(Box<Verify>),
}

/// Fetch the evidence about a file, or show what a bundle holds
///
/// A bundle is evidence as a file: `vitrine verify --bundle` judges by it without any network. It can be carried on a
/// disk, and clients of Sigstore read it too.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
#[command(subcommand_negates_reqs = true)]
pub(crate) struct Bundle {
    #[command(subcommand)]
    pub(crate) verb: Option<BundleVerb>,
    /// The file, or its SHA-256 in 64 hexadecimal digits
    #[arg(required = true, value_name = "DIGEST|FILE")]
    pub(crate) about: Option<String>,
    /// Ask this node
    #[arg(long, required = true, value_name = "URL")]
    pub(crate) node: Option<BaseUrl>,
    /// Write the bundle to this file, not to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) network: NetworkOptions,
}

/// What else is done with bundles.
#[derive(Debug, Subcommand)]
pub(crate) enum BundleVerb {
    Show(BundleShow),
}

/// List the lines of a bundle, without judging them
///
/// Nothing is verified here: a line shows what it says of itself. `vitrine verify` judges.
#[derive(Debug, Args)]
pub(crate) struct BundleShow {
    /// The bundle, JSON lines or the same as gzip
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Print one JSON object for each line
    #[arg(long)]
    pub(crate) json: bool,
    /// Print whole digests
    #[arg(long)]
    pub(crate) full: bool,
}

/// Print a completion script for a shell
///
/// For bash: `vitrine completions bash > ~/.local/share/bash-completion/completions/vitrine`
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Explain a command or the exit codes
#[derive(Debug, Args)]
pub(crate) struct Help {
    /// A command, such as `log fsck`, or `exit-codes`
    #[arg(value_name = "TOPIC")]
    pub(crate) topic: Vec<String>,
}

/// Make or show a publisher's key
#[derive(Debug, Args)]
pub(crate) struct Key {
    #[command(subcommand)]
    pub(crate) verb: KeyVerb,
}

/// What is done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyVerb {
    New(KeyNew),
    Show(KeyShow),
}

/// Draw a new key and write it to a file
///
/// The file holds a P-256 key as PKCS#8 PEM and is readable by its owner alone. A file that exists is left as it is.
#[derive(Debug, Args)]
pub(crate) struct KeyNew {
    /// Write the key to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show the public half of a key
#[derive(Debug, Args)]
pub(crate) struct KeyShow {
    /// A file with the private or the public key
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Print this form alone
    #[arg(long, value_enum)]
    pub(crate) format: Option<KeyFormat>,
}

/// A form of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyFormat {
    /// The key id, 64 hexadecimal digits
    Id,
    /// One JSON object with all forms
    Json,
    /// The public key as PEM, for other tools
    Pem,
    /// The text that stands in a trust policy
    Policy,
}

/// Look at a log, and check it
///
/// LOG is the address of a node, or a folder that holds a copy: the files `checkpoint` and `tile/…` of C2SP tlog-tiles.
#[derive(Debug, Args)]
pub(crate) struct Log {
    #[command(subcommand)]
    pub(crate) verb: LogVerb,
}

/// What is done with logs.
#[derive(Debug, Subcommand)]
pub(crate) enum LogVerb {
    Entry(LogEntry),
    Fsck(LogFsck),
    Show(LogShow),
}

/// Where a log is, and by which keys it is checked.
#[derive(Debug, Args)]
pub(crate) struct LogOptions {
    /// The log, as an address or a folder
    #[arg(value_name = "LOG", value_parser = value::log)]
    pub(crate) log: value::LogPlace,
    /// Check the log's signature by this key, and not by those of the policy; all that are given must have signed
    #[arg(long, value_name = "VKEY")]
    pub(crate) vkey: Vec<Vkey>,
    /// Take keys and witnesses from this trust policy, or from a C2SP policy text
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) network: NetworkOptions,
    /// Print JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show the newest checkpoint of a log, and who signed it
#[derive(Debug, Args)]
pub(crate) struct LogShow {
    #[command(flatten)]
    pub(crate) options: LogOptions,
}

/// Show one entry, and prove that it is in the log
#[derive(Debug, Args)]
pub(crate) struct LogEntry {
    #[command(flatten)]
    pub(crate) options: LogOptions,
    /// Index of the entry, from 0
    #[arg(value_name = "INDEX")]
    pub(crate) index: u64,
    /// Write the C2SP proof to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) proof: Option<PathBuf>,
}

/// Recompute a whole log and name everything that does not fit
///
/// Every entry is hashed, every tile compared, the root computed anew, the signatures checked. Ends with 1 where something
/// is damaged, with 10 where the log signed two trees of one size.
#[derive(Debug, Args)]
pub(crate) struct LogFsck {
    #[command(flatten)]
    pub(crate) options: LogOptions,
    /// Check that the log still holds what this checkpoint promised
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Vec<PathBuf>,
    /// Where evidence of misbehaviour is written
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) evidence: PathBuf,
}

/// Write the manual pages
#[derive(Debug, Args)]
pub(crate) struct Manual {
    /// Write all pages into this folder; without it, print the main one
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// Print the reference as Markdown
    #[arg(long, hide = true, conflicts_with = "folder")]
    pub(crate) reference: bool,
}

/// Work on a trust policy
#[derive(Debug, Args)]
pub(crate) struct Policy {
    #[command(subcommand)]
    pub(crate) verb: PolicyVerb,
}

/// What is done with policies.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyVerb {
    Seal(PolicySeal),
}

/// Write a policy's own digest into its text
///
/// A sealed policy is refused when any byte of it has changed, even one in a comment. The text is checked first.
#[derive(Debug, Args)]
pub(crate) struct PolicySeal {
    /// The policy, which is replaced
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Check at this time instead of now
    #[arg(long, value_name = "TIME", value_parser = value::time)]
    pub(crate) now: Option<Time>,
}

/// Publish files as the next update of a line
///
/// The files are hashed, a statement about them is signed with the key, what the node lacks is uploaded, and the node
/// logs the statement. Run again, the command goes on where it stopped; a finished one changes nothing.
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The files of the update
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Publish to this node
    #[arg(long, value_name = "URL")]
    pub(crate) node: BaseUrl,
    /// Sign with this key, as `vitrine key new` writes it
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// Version for people
    #[arg(long = "version", value_name = "TEXT")]
    pub(crate) version: String,
    /// Check the node's answer by the keys and witnesses of this trust policy
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// What to wait for: the witnesses, or only that the entry is durable
    #[arg(long, value_enum, default_value_t = WaitFor::Witnesses, value_name = "WHAT")]
    pub(crate) wait: WaitFor,
    /// Write the evidence as a bundle to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
    /// Print the statement that would be signed, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) network: NetworkOptions,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    // A heading holds for everything behind it, so the groups that have one stand last.
    #[command(flatten)]
    pub(crate) line: LineOptions,
    #[command(flatten)]
    pub(crate) statement: StatementOptions,
}

/// The line to which an update belongs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Line")]
pub(crate) struct LineOptions {
    /// Who publishes
    #[arg(long, value_name = "WORD")]
    pub(crate) publisher: Word,
    /// What is published
    #[arg(long, value_name = "WORD")]
    pub(crate) product: Word,
    /// What sort of thing it is
    #[arg(long, value_name = "KIND", default_value = "software", value_parser = value::kind())]
    pub(crate) kind: LineKind,
    /// The channel
    #[arg(long, value_name = "WORD", default_value = "stable")]
    pub(crate) channel: Word,
    /// The platform, or any
    #[arg(long, value_name = "WORD", default_value = "any")]
    pub(crate) platform: Word,
}

/// What else an update says of itself.
#[derive(Debug, Args)]
#[command(next_help_heading = "Statement")]
pub(crate) struct StatementOptions {
    /// Serial on the line [default: the next one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) serial: Option<u64>,
    /// What sort of change it is
    #[arg(long, value_name = "CLASS", default_value = "fix", value_parser = value::class())]
    pub(crate) class: Class,
    /// What the customer must have agreed to
    #[arg(long, value_name = "CONSENT", default_value = "contract", value_parser = value::consent())]
    pub(crate) consent: Consent,
    /// May be installed from then on [default: now]
    #[arg(long, value_name = "TIME", value_parser = value::time)]
    pub(crate) from: Option<Time>,
    /// May be installed until then
    #[arg(long, value_name = "TIME", value_parser = value::time)]
    pub(crate) until: Option<Time>,
    /// Root of the source snapshot
    #[arg(long, value_name = "HEX", value_parser = value::digest)]
    pub(crate) source: Option<Hash>,
    /// Recipe that builds the files, uploaded beside them
    #[arg(long, value_name = "FILE")]
    pub(crate) recipe: Option<PathBuf>,
    /// Release notes, uploaded beside the files
    #[arg(long, value_name = "FILE")]
    pub(crate) notes: Option<PathBuf>,
    /// Bill of materials as spdx=FILE or cyclonedx=FILE, uploaded beside the files
    #[arg(long, value_name = "FORMAT=FILE", value_parser = value::sbom)]
    pub(crate) sbom: Vec<(SbomFormat, PathBuf)>,
    /// Other line that must have reached a serial, as KIND:PRODUCT:MIN or KIND:PRODUCT:MIN:MAX
    #[arg(long, value_name = "REQUIREMENT", value_parser = value::requirement)]
    pub(crate) requires: Vec<Requirement>,
}

/// What `publish` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WaitFor {
    /// The entry is on the log's disk; the witnesses follow
    Durable,
    /// A quorum of witnesses has cosigned
    Witnesses,
}

/// Judge whether files are what everyone else was given
///
/// The answer is accepted, refused or undecided, with every check behind it. With bundles and a policy as files no network
/// is needed.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The files; with --all the files of one update, or a folder of them
    #[arg(required_unless_present = "digest", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Judge the file of this SHA-256 without having it
    #[arg(long, value_name = "HEX", value_parser = value::digest, conflicts_with_all = ["files", "all"])]
    pub(crate) digest: Option<Hash>,
    /// Judge by the evidence in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Vec<PathBuf>,
    /// Fetch evidence from this node
    #[arg(long, value_name = "URL")]
    pub(crate) node: Vec<BaseUrl>,
    /// Judge by this trust policy
    #[arg(long, value_name = "FILE", default_value = "/etc/vitrine/policy.toml")]
    pub(crate) policy: PathBuf,
    /// Remember in this file what was seen, so that nothing older is accepted later
    #[arg(long, value_name = "FILE", conflicts_with = "no_state")]
    pub(crate) state: Option<PathBuf>,
    /// Remember nothing, on purpose; the same as giving no --state
    #[arg(long)]
    pub(crate) no_state: bool,
    /// The channel, where a file stands on several
    #[arg(long, value_name = "WORD")]
    pub(crate) channel: Option<Word>,
    /// Judge all files together: they must be the files of one update, all of them and no others
    #[arg(long)]
    pub(crate) all: bool,
    /// Judge at this time instead of now
    #[arg(long, value_name = "TIME", value_parser = value::time)]
    pub(crate) now: Option<Time>,
    /// Stop at files larger than this
    #[arg(long, value_name = "BYTES", default_value = "4294967296")]
    pub(crate) max_size: u64,
    /// Where evidence of misbehaviour is written
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) evidence: PathBuf,
    #[command(flatten)]
    pub(crate) network: NetworkOptions,
    /// Print one JSON object for each answer
    #[arg(long)]
    pub(crate) json: bool,
    /// Tell for each check which line of the policy asks for it, and what counted
    #[arg(long)]
    pub(crate) explain: bool,
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::*;

    #[test]
    fn the_definition_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_is_described_without_a_full_stop() {
        each(&Cli::command(), &mut |command| {
            let about = command
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                !about.is_empty() && !about.ends_with('.'),
                "{}",
                command.get_name()
            );
            for argument in command.get_arguments() {
                let help = argument
                    .get_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                let named = format!("{} {}", command.get_name(), argument.get_id());
                assert!(!help.is_empty() && !help.ends_with('.'), "{named}");
            }
        });
    }

    fn each(command: &Command, check: &mut impl FnMut(&Command)) {
        check(command);
        for inner in command.get_subcommands() {
            each(inner, check);
        }
    }
}
