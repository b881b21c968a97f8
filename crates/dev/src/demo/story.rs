//! The story of the demo, told from top to bottom in [`tell`].
//!
//! Each step runs the shipped programs as anyone would, prints what they answered, and checks word and exit code. The
//! argument lists stand in the step that uses them, so that this file can be read as a script.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tlog::key::Vkey;

use crate::demo::archive;
use crate::demo::interrupt::Interrupt;
use crate::demo::nodes::{Fleet, free_address};
use crate::demo::texts::{self, PRODUCT, PUBLISHER, Place};
use crate::failure::Failure;
use crate::process::not_started;
use crate::{process, project, say};

/// The programs that the demo runs.
#[derive(Clone)]
pub(crate) struct Programs {
    vitrine: PathBuf,
    center: PathBuf,
}

impl Programs {
    /// Those that cargo built into `folder`.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self {
            vitrine: folder.join("vitrine"),
            center: folder.join("vitrine-center"),
        }
    }
}

/// What is running when the story has been told.
pub(crate) struct Demo {
    programs: Programs,
    folder: PathBuf,
    places: Vec<Place>,
    pub(crate) fleet: Fleet,
}

/// Tells the whole story in `folder`, which is empty, and leaves the nodes running.
pub(crate) fn tell(
    programs: &Programs,
    folder: &Path,
    interrupt: &Interrupt,
) -> Result<Demo, Failure> {
    let at = |name: &str| folder.join(name);

    say::step("keys of a publisher and three centers");
    let release_key = at(RELEASE_KEY);
    let mut key = Command::new(&programs.vitrine);
    ask(
        "release key",
        key.args(["key", "new", "--out"]).arg(&release_key),
        YES,
    )?;
    let places = PLACES
        .iter()
        .map(|draft| make_keys(programs, folder, draft))
        .collect::<Result<Vec<_>, _>>()?;
    let mut demo = Demo {
        programs: programs.clone(),
        folder: folder.to_owned(),
        places,
        fleet: Fleet::default(),
    };

    say::step("what each of them, and a customer, believes");
    demo.write_beliefs(&release_key)?;
    let mut admit = Command::new(&programs.center);
    admit
        .args(["publisher", "add", PUBLISHER, "--key"])
        .arg(at("publisher-key.pem"))
        .args(["--quota", "1000000"]);
    ask(
        "publisher",
        admit
            .arg("--config")
            .arg(configuration(folder, demo.publisher().name)),
        YES,
    )?;

    say::step("starting one publisher and three centers");
    for draft in &PLACES {
        demo.start(draft.name)?;
    }
    for draft in &PLACES {
        demo.wait_ready(draft.name, interrupt)?;
    }
    for portal in demo.portals() {
        say::note(&format!("{:<10} {}", portal.name, portal.url));
    }

    say::step("publishing this project's own source and program");
    let source = at(SOURCE_ARCHIVE);
    say::note(&format!(
        "the source is {}",
        archive::write(&project::root(), &source)?
    ));
    let program = at("vitrine");
    fs::copy(&programs.vitrine, &program).map_err(Failure::file(&program))?;
    // A log that has just started waits for its witnesses; asked again, the command goes on where it stopped.
    let published = patiently(interrupt, || {
        demo.publish(&[&source, &program], VERSION, YES)
    })?;
    say::answer(published.trim_end());
    demo.fleet.check_alive()?;

    say::step("verifying it as a customer, without any server");
    let artifact = at("artifact");
    fs::copy(&program, &artifact).map_err(Failure::file(&artifact))?;
    let bundle = at("artifact.bundle.jsonl");
    // The log answers first; bundles and pages are made from it afterwards.
    patiently(interrupt, || demo.fetch_bundle(&artifact, &bundle, YES))?;
    say::answer(demo.verify(&artifact, &bundle, ACCEPTED)?.trim_end());

    say::step("the same with one byte changed: no log holds such a file, now");
    let flipped = at("artifact-with-one-byte-changed");
    let position = archive::flip_one_byte(&artifact, &flipped)?;
    say::note(&format!("byte {position} differs in one bit"));
    say::answer(demo.verify(&flipped, &bundle, UNDECIDED)?.trim_end());

    say::step("the whole update as a folder, and the same folder with the changed file");
    let update = demo.copied("update", &source, &program)?;
    say::answer(demo.verify_all(&update, &bundle, ACCEPTED)?.trim_end());
    let changed = demo.copied("update-with-one-byte-changed", &source, &flipped)?;
    say::answer(demo.verify_all(&changed, &bundle, REFUSED)?.trim_end());
    Ok(demo)
}

/// A portal to look at.
pub(crate) struct Portal {
    pub(crate) name: &'static str,
    pub(crate) url: String,
}

impl Demo {
    /// All portals, the publisher's first.
    pub(crate) fn portals(&self) -> Vec<Portal> {
        self.places
            .iter()
            .map(|place| Portal {
                name: place.name,
                url: place.url(),
            })
            .collect()
    }

    /// Publishes files as the next update of the demo's line.
    pub(crate) fn publish(
        &self,
        files: &[&Path],
        version: &str,
        expected: Expected,
    ) -> Result<String, Failure> {
        let mut publish = Command::new(&self.programs.vitrine);
        publish
            .arg("publish")
            .args(files)
            .args(["--publisher", PUBLISHER, "--product", PRODUCT]);
        publish.args([
            "--kind",
            "software",
            "--channel",
            "stable",
            "--platform",
            &texts::platform(),
        ]);
        publish.args(["--version", version, "--class", "feature"]);
        publish
            .arg("--key")
            .arg(self.folder.join(RELEASE_KEY))
            .args(["--node", &self.publisher().url()]);
        ask("publish", &mut publish, expected)
    }

    /// Fetches the bundle of a file from the publisher's node.
    pub(crate) fn fetch_bundle(
        &self,
        file: &Path,
        to: &Path,
        expected: Expected,
    ) -> Result<String, Failure> {
        let mut fetch = Command::new(&self.programs.vitrine);
        fetch
            .arg("bundle")
            .arg(file)
            .args(["--node", &self.publisher().url(), "--out"])
            .arg(to);
        ask("bundle", &mut fetch, expected)
    }

    /// Verifies a file with a bundle and the customer's policy; no server takes part.
    pub(crate) fn verify(
        &self,
        file: &Path,
        bundle: &Path,
        expected: Expected,
    ) -> Result<String, Failure> {
        let mut verify = Command::new(&self.programs.vitrine);
        verify
            .args(["verify", "--bundle"])
            .arg(bundle)
            .arg("--policy")
            .arg(self.folder.join(POLICY))
            .arg(file);
        ask("verify", &mut verify, expected)
    }

    /// A folder with the two files of the update, under their own names.
    fn copied(&self, name: &str, source: &Path, program: &Path) -> Result<PathBuf, Failure> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
        for (from, to) in [(source, SOURCE_ARCHIVE), (program, "vitrine")] {
            let to = folder.join(to);
            fs::copy(from, &to).map_err(Failure::file(&to))?;
        }
        Ok(folder)
    }

    /// Verifies all files of a folder as one update, offline.
    fn verify_all(
        &self,
        folder: &Path,
        bundle: &Path,
        expected: Expected,
    ) -> Result<String, Failure> {
        let mut verify = Command::new(&self.programs.vitrine);
        verify.args(["verify", "--bundle"]).arg(bundle);
        verify.arg("--policy").arg(self.folder.join(POLICY));
        ask("verify", verify.arg("--all").arg(folder), expected)
    }

    /// Verifies a file with what the publisher's node has to say about it now.
    pub(crate) fn verify_online(&self, file: &Path, expected: Expected) -> Result<String, Failure> {
        let mut verify = Command::new(&self.programs.vitrine);
        verify
            .args(["verify", "--node", &self.publisher().url(), "--policy"])
            .arg(self.folder.join(POLICY))
            .arg(file);
        ask("verify", &mut verify, expected)
    }

    /// Starts a node, for the first time or again.
    pub(crate) fn start(&mut self, name: &'static str) -> Result<(), Failure> {
        let mut serve = Command::new(&self.programs.center);
        serve
            .args(["serve", "--config"])
            .arg(configuration(&self.folder, name));
        self.fleet.start(
            name,
            &mut serve,
            &node_folder(&self.folder, name).join("log.txt"),
        )
    }

    /// Waits until a started node says that it is ready.
    pub(crate) fn wait_ready(&mut self, name: &str, interrupt: &Interrupt) -> Result<(), Failure> {
        match self.address(name) {
            Some(address) => self.fleet.wait_ready(name, address, "/readyz", interrupt),
            None => Ok(()),
        }
    }

    /// Where a node answers.
    pub(crate) fn address(&self, name: &str) -> Option<SocketAddr> {
        self.places
            .iter()
            .find(|place| place.name == name)
            .map(|place| place.address)
    }

    /// Where everything of the demo is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn publisher(&self) -> &Place {
        self.places
            .first()
            .expect("the table of places is not empty, and each became one")
    }

    /// The files that say whom the nodes and a customer believe.
    fn write_beliefs(&self, release_key: &Path) -> Result<(), Failure> {
        let (publisher, places) = (self.publisher(), &self.places);
        let at = |name: &str| self.folder.join(name);
        let public_key = |format: &str| {
            let mut show = Command::new(&self.programs.vitrine);
            ask(
                "release key",
                show.args(["key", "show"])
                    .arg(release_key)
                    .args(["--format", format]),
                YES,
            )
        };
        write(&at("publisher-key.pem"), &public_key("pem")?)?;
        let policy = texts::policy(
            publisher,
            places,
            public_key("policy")?.trim(),
            &day("+1 year")?,
        );
        write(&at(POLICY), &policy)?;
        let mut seal = Command::new(&self.programs.vitrine);
        ask("policy", seal.args(["policy", "seal"]).arg(at(POLICY)), YES)?;
        write(
            &at("witness-policy.txt"),
            &texts::witness_policy(publisher, places),
        )?;
        write(
            &at("trusted-root.json"),
            &texts::trusted_root(publisher, &day("-1 day")?),
        )?;
        write(
            &at("log.vkey"),
            &publisher
                .log_keys
                .iter()
                .map(|key| format!("{key}\n"))
                .collect::<String>(),
        )?;
        for place in places {
            write(
                &configuration(&self.folder, place.name),
                &texts::node(place, publisher, places),
            )?;
        }
        Ok(())
    }
}

/// Makes the node's folder with its keys, and chooses its port.
fn make_keys(programs: &Programs, folder: &Path, draft: &Draft) -> Result<Place, Failure> {
    let node = node_folder(folder, draft.name);
    fs::create_dir_all(&node).map_err(Failure::file(&node))?;
    let new = |kind: &str, name: &str, file: &str| {
        let mut key = Command::new(&programs.center);
        key.args(["key", "new", kind, name, "--out"])
            .arg(node.join(file));
        ask(&format!("keys of {name}"), &mut key, YES)?
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| {
                line.parse::<Vkey>().map_err(|error| Failure::Answer {
                    step: format!("keys of {name}"),
                    said: format!(
                        "`vitrine-center key new` printed a line that is no vkey ({error}): {line}"
                    ),
                })
            })
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(Place {
        name: draft.name,
        title: draft.title,
        operator: draft.operator,
        region: draft.region,
        jurisdiction: draft.jurisdiction,
        address: free_address(draft.port).map_err(Failure::file(Path::new("127.0.0.1")))?,
        log_keys: new("--log", draft.origin, "log.keys")?,
        witness_keys: draft.witness.map_or(Ok(Vec::new()), |name| {
            new("--witness", name, "witness.keys")
        })?,
    })
}

/// Runs a command, checks how it ends and what its answer begins with, and gives what it wrote to standard output.
fn ask(step: &str, command: &mut Command, expected: Expected) -> Result<String, Failure> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| not_started(command, source))?;
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    let fits = |(code, word): &(i32, &str)| {
        output.status.code() == Some(*code) && answer.starts_with(word)
    };
    if expected.iter().any(fits) {
        return Ok(answer);
    }
    let wanted: Vec<String> = expected
        .iter()
        .map(|(code, word)| format!("{word} (code {code})"))
        .collect();
    let line: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .collect();
    let typed = line
        .iter()
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ");
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(Failure::Answer {
        step: step.to_owned(),
        said: format!(
            "expected {}, got {}\n$ {typed}\n{answer}{errors}",
            wanted.join(" or "),
            output.status
        ),
    })
}

/// Asks again and again until the answer is as expected, or [`PATIENCE`] is over.
pub(crate) fn patiently(
    interrupt: &Interrupt,
    mut attempt: impl FnMut() -> Result<String, Failure>,
) -> Result<String, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        interrupt.check()?;
        match attempt() {
            Err(Failure::Answer { .. }) if Instant::now() < deadline => thread::sleep(ASK_EVERY),
            outcome => return outcome,
        }
    }
}

fn node_folder(folder: &Path, name: &str) -> PathBuf {
    folder.join("nodes").join(name)
}

fn configuration(folder: &Path, name: &str) -> PathBuf {
    node_folder(folder, name).join("node.toml")
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(Failure::file(path))
}

/// Midnight of the day that lies `offset` from now, in the one form of times.
fn day(offset: &str) -> Result<String, Failure> {
    let mut date = Command::new("date");
    date.args(["--utc", "--date", offset, "+%Y-%m-%dT00:00:00Z"]);
    let text = process::read(&mut date)?.ok_or_else(|| Failure::Steps {
        steps: vec!["date".to_owned()],
    })?;
    Ok(text.trim().to_owned())
}

/// A place before it has keys and a port.
struct Draft {
    name: &'static str,
    title: &'static str,
    operator: &'static str,
    region: &'static str,
    jurisdiction: &'static str,
    origin: &'static str,
    witness: Option<&'static str>,
    /// Taken if it is free; else any.
    port: u16,
}

/// The publisher first.
const PLACES: [Draft; 4] = [
    Draft {
        name: "publisher",
        title: "Vitrine, the publisher's node",
        operator: "Vitrine Project",
        region: "Europe",
        jurisdiction: "DE",
        origin: "log.vitrine.example/v1",
        witness: None,
        port: 4100,
    },
    Draft {
        name: "europe",
        title: "Center Europe",
        operator: "Stichting Example",
        region: "Europe",
        jurisdiction: "NL",
        origin: "center-europe.example/v1",
        witness: Some("center-europe.example/w"),
        port: 4101,
    },
    Draft {
        name: "asia",
        title: "Center Asia",
        operator: "Example Pte",
        region: "Asia",
        jurisdiction: "SG",
        origin: "center-asia.example/v1",
        witness: Some("center-asia.example/w"),
        port: 4102,
    },
    Draft {
        name: "americas",
        title: "Center Americas",
        operator: "Example Institute",
        region: "Americas",
        jurisdiction: "US",
        origin: "center-americas.example/v1",
        witness: Some("center-americas.example/w"),
        port: 4103,
    },
];

/// How a program may end, and what its answer must then begin with.
pub(crate) type Expected = &'static [(i32, &'static str)];
pub(crate) const YES: Expected = &[(0, "")];
pub(crate) const ACCEPTED: Expected = &[(0, "accepted")];
pub(crate) const UNDECIDED: Expected = &[(3, "undecided")];
pub(crate) const NOT_YET: Expected = &[(3, "")];
const REFUSED: Expected = &[(1, "refused")];

/// Far beyond what either takes, also on a machine under heavy load.
const PATIENCE: Duration = Duration::from_secs(20);
const ASK_EVERY: Duration = Duration::from_millis(50);

const RELEASE_KEY: &str = "publisher.key";
const POLICY: &str = "policy.toml";
const VERSION: &str = env!("CARGO_PKG_VERSION");
const SOURCE_ARCHIVE: &str = concat!("vitrine-", env!("CARGO_PKG_VERSION"), ".tar.gz");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_another_word_or_code_is_told_with_the_command_and_its_output() {
        let said = |script: &str, expected| {
            let mut shell = Command::new("sh");
            ask("verify", shell.args(["-c", script]), expected)
                .map_err(|failure| failure.to_string())
        };
        assert_eq!(
            said("echo accepted: it", ACCEPTED).unwrap(),
            "accepted: it\n"
        );
        for script in [
            "echo refused: it",
            "echo accepted: it; exit 3",
            "kill -9 $$",
        ] {
            let failure = said(script, ACCEPTED).unwrap_err();
            assert!(
                failure.contains("expected accepted (code 0)") && failure.contains(script),
                "{failure}"
            );
        }
    }

    #[test]
    fn a_day_has_the_form_of_a_time() {
        let day = day("+1 year").unwrap();
        assert_eq!((day.len(), &day[10..]), (20, "T00:00:00Z"));
    }
}
