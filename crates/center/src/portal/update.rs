//! Page 4, one update (`portal.md` §10): answer; checks beside the label; missing; quorum; timeline; command; conclude.
//!
//! It is judged in `evidence` and worded there; this page adds when, by which policy, and how to repeat it without us.

use askama::Template;
use serde::Serialize;

use super::frame::{Crumb, Frame, Place, Shell};
use super::html::Html;
use super::link;
use super::number;
use super::part::answer::Answer;
use super::part::checks::{self, CheckRow};
use super::part::command::{self, shell_word};
use super::part::conclude::Conclude;
use super::part::digest;
use super::part::label::Label;
use super::part::missing::{self, Missing};
use super::part::quorum::Quorum;
use super::part::said::Audience;
use super::part::timeline::{self, EntryRef, TimelineItem};
use super::text::{Value, filters, plain, say, t};
use super::time::Time;
use super::word::Word;

/// What the page of an update shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UpdateView {
    /// Its id: 16 hex digits of `sha256`.
    pub id: String,
    /// Digest of the file.
    pub sha256: String,
    /// Name of the file, as the publisher wrote it.
    pub file: String,
    /// Size of the file in bytes.
    pub size: u64,
    /// Publisher.
    pub publisher: String,
    /// Product.
    pub product: String,
    /// Version.
    pub version: String,
    /// Serial on its line.
    pub serial: u64,
    /// Kind: `software`, `detection-rules`, `configuration`, `other`.
    pub kind: String,
    /// Channel.
    pub channel: String,
    /// Platform.
    pub platform: String,
    /// Whom it is offered to.
    pub audience: Audience,
    /// Log time, or the time of the entry while there is none.
    pub released: Time,
    /// Its entry.
    pub entry: EntryRef,
    /// Other files of the same statement.
    pub other_files: Vec<FileRef>,

    /// The verdict.
    pub word: Word,
    /// The verdict's sentence, in the words of `evidence`.
    pub answer: String,
    /// What to do, in the words of `evidence`; `None` where nothing is to be done.
    pub hint: Option<String>,
    /// When and by what it was judged.
    pub basis: Basis,
    /// The checks, in the words of `evidence`.
    pub checks: Vec<CheckRow>,
    /// What is missing.
    pub missing: Vec<Missing>,
    /// Who signed the checkpoint that covers the entry; `None` while there is no checkpoint.
    pub quorum: Option<Quorum>,
    /// How the evidence grew, newest last.
    pub timeline: Vec<TimelineItem>,
    /// Files to take away.
    pub files: Files,
}

/// A file beside the one of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileRef {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// Id of its page.
    pub id: String,
}

/// When and by what an update was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Basis {
    /// When.
    pub judged_at: Time,
    /// Name of the policy.
    pub policy: String,
    /// Its serial.
    pub policy_serial: u64,
}

/// Files to take away; `None` where this center does not serve them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Files {
    /// The evidence bundle.
    pub bundle: Option<FileLink>,
    /// The trust policy used here.
    pub policy: Option<FileLink>,
    /// The checks as `vitrine verify` prints them.
    pub checks_text: Option<FileLink>,
}

/// A file with its size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileLink {
    /// Its address.
    pub href: String,
    /// Its size in bytes, if known.
    pub size: Option<u64>,
}

/// The page as HTML.
pub fn render(frame: &Frame, view: &UpdateView) -> String {
    let product = link::with_query(link::UPDATES, &[("product", &view.product)]);
    let crumbs = vec![
        Crumb::to(Html::text(t("nav.updates")), link::UPDATES),
        Crumb::to(Html::foreign(&view.product), product),
        Crumb::here(Html::foreign(&view.version)),
    ];
    let title = plain(
        "update.title",
        &[
            ("file", Value::Foreign(&view.file)),
            ("word", Value::Plain(view.word.word())),
        ],
    );
    let shell = Shell::new(frame, title)
        .at(Place::Updates)
        .crumbs(crumbs)
        .scripts(&["copy.js"]);
    Html::template(&Page { shell, view }).to_string()
}

/// Names under which the commands of this page keep the two files.
pub(crate) fn bundle_name(file: &str) -> String {
    plain("update.bundle-name", &[("file", Value::Plain(file))])
}

#[derive(Template)]
#[template(path = "update.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a UpdateView,
}

impl Page<'_> {
    fn answer(&self) -> Html {
        let (view, frame) = (self.view, self.shell.frame);
        let judged = say(
            "update.judged",
            &[
                ("time", Value::Time(view.basis.judged_at)),
                ("policy", Value::Foreign(&view.basis.policy)),
                ("serial", Value::Number(view.basis.policy_serial)),
                ("center", Value::Foreign(&frame.center)),
            ],
        );
        let mut basis: Vec<Html> = view
            .hint
            .iter()
            .map(|hint| Html::heading(hint, &view.file))
            .collect();
        basis.push(judged);
        Answer {
            mark: view.word.mark(),
            word: view.word.word(),
            sentence: Html::heading(&view.answer, &view.file),
            basis,
        }
        .html()
    }

    fn checks(&self) -> Html {
        checks::checks(&self.view.checks, self.shell.frame.open_all)
    }

    fn label(&self) -> Html {
        let (view, all) = (self.view, self.shell.frame.open_all);
        let mut rows = vec![
            (t("update.sha256"), vec![digest::digest(&view.sha256, all)]),
            (t("update.released"), vec![view.released.html()]),
            (t("update.entry"), vec![view.entry.html()]),
            (
                t("update.line"),
                vec![say(
                    "update.line-is",
                    &[
                        ("kind", Value::Foreign(&view.kind)),
                        ("channel", Value::Foreign(&view.channel)),
                        ("platform", Value::Foreign(&view.platform)),
                        ("serial", Value::Number(view.serial)),
                    ],
                )],
            ),
            (t("update.given-to"), vec![view.audience.html()]),
        ];
        if !view.other_files.is_empty() {
            rows.push((
                t("update.other-files"),
                view.other_files.iter().map(other_file).collect(),
            ));
        }
        let files = self.files();
        if !files.is_empty() {
            rows.push((t("update.files"), files));
        }
        Label {
            title: say(
                "updates.name",
                &[
                    ("product", Value::Foreign(&view.product)),
                    ("version", Value::Foreign(&view.version)),
                ],
            ),
            under: say(
                "update.file-of",
                &[
                    ("file", Value::Foreign(&view.file)),
                    ("size", Value::Plain(&number::bytes(view.size))),
                    ("publisher", Value::Foreign(&view.publisher)),
                ],
            ),
            rows,
        }
        .html()
    }

    fn files(&self) -> Vec<Html> {
        let files = &self.view.files;
        let mut links = Vec::new();
        for (file, label) in [
            (&files.bundle, t("update.bundle")),
            (&files.policy, t("update.policy")),
            (&files.checks_text, t("update.checks-text")),
        ] {
            let Some(file) = file else { continue };
            let link = Html::link(&file.href, &Html::text(label));
            links.push(match file.size {
                Some(size) => say(
                    "update.file-size",
                    &[
                        ("file", Value::Html(&link)),
                        ("size", Value::Plain(&number::bytes(size))),
                    ],
                ),
                None => link,
            });
        }
        links
    }

    fn missing(&self) -> Html {
        missing::missing(
            t("missing.title"),
            t("missing.nothing"),
            &self.view.missing,
            self.shell.frame.now,
        )
    }

    fn timeline(&self) -> Html {
        timeline::timeline(&self.view.timeline)
    }

    fn command(&self) -> Html {
        let lines = plain(
            "update.command",
            &[
                ("file", Value::Plain(&shell_word(&self.view.file))),
                (
                    "bundle",
                    Value::Plain(&shell_word(&bundle_name(&self.view.file))),
                ),
            ],
        );
        command::command(t("command.name"), &lines)
    }

    fn command_files(&self) -> Option<Html> {
        let (bundle, policy) = (
            self.view.files.bundle.as_ref()?,
            self.view.files.policy.as_ref()?,
        );
        Some(say(
            "update.command-files",
            &[
                (
                    "bundle",
                    Value::Html(&Html::link(
                        &bundle.href,
                        &Html::text(t("update.command-bundle")),
                    )),
                ),
                (
                    "policy",
                    Value::Html(&Html::link(
                        &policy.href,
                        &Html::text(t("update.command-policy")),
                    )),
                ),
                ("name", Value::Code(&bundle_name(&self.view.file))),
            ],
        ))
    }

    fn exit_code(&self) -> Html {
        say(
            "update.exit-code",
            &[("code", Value::Number(u64::from(self.view.word.exit_code())))],
        )
    }

    fn conclude(&self) -> Html {
        Conclude::from_update(self.view.word, &self.view.checks, &self.view.audience).html()
    }
}

fn other_file(file: &FileRef) -> Html {
    let link = Html::link(&link::update(&file.id), &Html::foreign(&file.name));
    say(
        "update.file-size",
        &[
            ("file", Value::Html(&link)),
            ("size", Value::Plain(&number::bytes(file.size))),
        ],
    )
}
