//! What can be typed, and what it means. One definition for help and parsing.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use tlog::key::KeyName;
use witness::keys::Owner;

/// Cosign the checkpoints of transparency logs
#[derive(Debug, Parser)]
#[command(name = "vitrine-witness", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Show help, or one of its topics
    Help {
        /// The topic
        topic: Option<Topic>,
    },
    /// Make and show key files
    #[command(subcommand)]
    Key(KeyVerb),
    /// Serve logs and monitors until SIGTERM or SIGINT
    Serve {
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyVerb {
    /// Make a key file with an Ed25519 and an ML-DSA-44 key, and print the vkeys
    New {
        /// Name under which the keys sign
        #[arg(long, value_parser = name)]
        name: KeyName,
        /// Where to write the private keys; never overwritten
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Whose keys
        #[arg(long, value_enum, default_value_t = OwnerName::Cosigner)]
        owner: OwnerName,
    },
    /// Print the vkeys of a key file
    Show {
        /// The key file
        file: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Topic {
    /// What the exit codes mean
    ExitCodes,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum OwnerName {
    /// A witness or a mirror (types 04 and 06)
    Cosigner,
    /// A log (types 01 and 06)
    Log,
}

impl From<OwnerName> for Owner {
    fn from(name: OwnerName) -> Self {
        match name {
            OwnerName::Cosigner => Self::Cosigner,
            OwnerName::Log => Self::Log,
        }
    }
}

fn name(text: &str) -> Result<KeyName, &'static str> {
    KeyName::new(text).ok_or("a key's name is not empty and has no space, control character or `+`")
}
