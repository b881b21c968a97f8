//! Writes every page of the portal, in every state of the fixtures, with the files that the pages need.
//!
//! `cargo run -p center --example portal_gallery -- DIR`, then serve DIR and look at the pages beside the intended pictures.

use std::io;
use std::path::PathBuf;

use center::portal::asset;

#[path = "../tests/portal/fixtures/mod.rs"]
mod fixtures;

fn main() -> io::Result<()> {
    let Some(directory) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "name a directory to write to",
        ));
    };
    std::fs::create_dir_all(directory.join("assets"))?;
    for address in asset::addresses() {
        if let Some(asset) = asset::asset(address) {
            std::fs::write(directory.join(address.trim_start_matches('/')), asset.bytes)?;
        }
    }
    for (open_all, suffix) in [(false, ""), (true, "-open")] {
        for page in fixtures::pages(open_all) {
            std::fs::write(
                directory.join(format!("{}{suffix}.html", page.name)),
                page.html,
            )?;
            std::fs::write(
                directory.join(format!("{}{suffix}.json", page.name)),
                page.json,
            )?;
        }
    }
    Ok(())
}
