//! `vitrine key`: a publisher's key, made and shown.

use evidence::canonical::Json;
use evidence::key::PublicKey;

use crate::cli::{Key, KeyFormat, KeyNew, KeyShow, KeyVerb};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::key_file;
use crate::printer::Printer;

pub(super) fn run(arguments: &Key, printer: &Printer) -> Result<ExitCode, Failure> {
    match &arguments.verb {
        KeyVerb::New(arguments) => new(arguments, printer),
        KeyVerb::Show(arguments) => show(arguments, printer),
    }
}

fn new(arguments: &KeyNew, printer: &Printer) -> Result<ExitCode, Failure> {
    let secret = key_file::draw()?;
    key_file::write(&arguments.out, &secret)?;
    let key = PublicKey::of(&secret);
    if arguments.json {
        printer.json(&json(&key))?;
    } else {
        printer.answer(&both(&key))?;
        printer.hint("keep the file where only you can read it, and a copy offline; what was published with it stays bound to it");
    }
    Ok(ExitCode::Yes)
}

fn show(arguments: &KeyShow, printer: &Printer) -> Result<ExitCode, Failure> {
    let key = key_file::read_public(&arguments.file)?;
    match arguments.format {
        None => printer.answer(&both(&key))?,
        Some(KeyFormat::Id) => printer.answer(&key.id().to_string())?,
        Some(KeyFormat::Json) => printer.json(&json(&key))?,
        Some(KeyFormat::Pem) => printer.answer(&key.to_pem())?,
        Some(KeyFormat::Policy) => printer.answer(&key.to_policy_text())?,
    }
    Ok(ExitCode::Yes)
}

fn both(key: &PublicKey) -> String {
    format!("id      {}\npolicy  {}", key.id(), key.to_policy_text())
}

fn json(key: &PublicKey) -> Json {
    Json::object([
        ("id", Json::text(key.id())),
        ("pem", key.to_pem().into()),
        ("policy", key.to_policy_text().into()),
        ("schema", "key-v1".into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_holds_every_form() {
        let key = PublicKey::of(&p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap());
        let pem = key.to_pem().replace('\n', "\\n");
        let (id, policy) = (key.id(), key.to_policy_text());
        assert_eq!(
            json(&key).to_string(),
            format!(r#"{{"id":"{id}","pem":"{pem}","policy":"{policy}","schema":"key-v1"}}"#)
        );
    }
}
